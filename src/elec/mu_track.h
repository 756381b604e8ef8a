/* The chemical potential of a fixed number of electrons, step by step, where
   the number is known only by evaluating it: N(mu) = target.

   The first mu of a step is predicted from the last ones; the next follow the
   slope dN/dmu, which is carried from step to step and replaced by each secant,
   inside a bracket once there is one. */

#ifndef ADELE_MU_TRACK_H
#define ADELE_MU_TRACK_H

#include <stdbool.h>
#include <stdint.h>

enum { MU_TRACK_HISTORY = 4 };

enum mu_track_state {
    MU_TRACK_DONE,  /* mu holds (or jumps of the number leave < 100 tol) */
    MU_TRACK_AGAIN, /* evaluate at mu */
    MU_TRACK_LOST   /* no mu gives that number */
};

struct mu_track {
    /* Carried from step to step. */
    double
        history[MU_TRACK_HISTORY]; /* best mu of the last steps, newest first */
    int nhistory;
    double accepted; /* mu that the last step was evaluated at */
    double slope;    /* dN/dmu; 0: not known */
    bool again; /* the next step may be the last one once more: try its mu */
    /* Of the present step. */
    double mu, miss; /* where to evaluate; the last number minus the target */
    double target, tol;
    int passes;
    double last_mu, last_miss, low, high; /* of the bracket */
    double step;                          /* longest */
};

/* Sets mu.  guess: for the first step of all.  tol: of the number. */
void mu_track_begin(struct mu_track *t, double target, double tol,
                    double guess);
/* The number at mu; MU_TRACK_AGAIN sets the next mu. */
enum mu_track_state mu_track_next(struct mu_track *t, double number);

/* Instead of a further evaluation: this mu is known to hold. */
void mu_track_accept(struct mu_track *t, double mu);

#endif

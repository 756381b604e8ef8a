/* One pass of pair_style pole: the Green's functions at all poles for one mu,
   the number of electrons that they give near it, and the search for the mu
   of a wanted number.

   Errors at fixed number.  The poles and the refitted weights are off by e(x)
   at a level x, |e| <= eps.  mu makes up for the sum of these over the levels,
   |sum e| <= nsite eps, and what mu does falls on a site in its share of
   dN/dmu, which the same Green's functions tell:

       |error of n_i| <= eps + share |sum e|,  share = max_i (dn_i/dmu)/(dN/dmu)
   <= 1,

   and on a bond no more, f'(H) being definite.  So eps must be tol/(1 + share
   nsite): the factor below the line, rounded up to a power of ten, is how
   strict the poles are. */

#ifndef ADELE_POLE_PASS_H
#define ADELE_POLE_PASS_H

#include "elec/pole_density.h"
#include "elec/tile_memory.h"

struct pole_pass {
    struct pole_density *p;
    struct terms *t;
    const struct pole_request *ask;
    double mu;
    struct pole_part all; /* the traces of G when all sites are at one mu */
    const struct pole_part *part;
    int npart;
};

/* `expected`: shift of mu, in T, that the refitted weights should serve for;
   below 0: the extra poles of the last pass. */
int pole_pass_run(struct pole_pass *s, double mu, double expected);
/* N at mu + d T, and the error of the weights. */
double pole_pass_number(const struct pole_pass *s, double d, double *error);
/* 1 + share nsite at mu + d T, an upper bound, when the number is off by
   `off`. */
double pole_pass_amplification(const struct pole_pass *s, double d, double off);

/* Passes until mu + *shift T has the wanted number and the error is at most
   tol, or at fixed mu one pass. */
int pole_pass_find_mu(struct pole_pass *s, double *shift);

#endif

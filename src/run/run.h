/* The time loop and everything that happens at given steps. */

#ifndef ADELE_RUN_H
#define ADELE_RUN_H

#include "core/context.h"

struct run_options {
    int64_t steps;
    bool pre, post;
    bool has_start, has_stop;
    int64_t start, stop; /* for ramps (fix langevin, adapt) */
};

/* Sets everything up (forces of the present configuration, fixes, output at
   the first step).  After it the context can step. */
int run_prepare(struct adele *ctx, const struct run_options *o);
/* Integrates o->steps steps and finishes (fixes, dumps, summary). */
int run_steps(struct adele *ctx, const struct run_options *o);

/* minimize: see styles/command/minimize.c. */
struct minimize_options {
    double etol, ftol;
    int64_t maxiter, maxeval;
};
int run_minimize(struct adele *ctx, const struct minimize_options *o);

/* Sets step and, when not NULL, time; outputs are scheduled anew. */
int run_reset_step(struct adele *ctx, int64_t step, const double *time);

/* rerun: outputs of the present configuration at ctx->step as if a run had
   arrived there. */
int run_visit(struct adele *ctx, bool first);
/* Its end: what run_finish does, and the summary. */
int run_visit_end(struct adele *ctx, int64_t visited, bool post);
int run_finish(struct adele *ctx);

/* `timer`: seconds that the steps of later runs may take together (< 0: no
   limit), looked at every so many steps; how much the summary tells. */
enum run_detail {
    RUN_DETAIL_OFF,
    RUN_DETAIL_LOOP,
    RUN_DETAIL_NORMAL,
    RUN_DETAIL_FULL
};
struct run_timer {
    double timeout;
    int64_t every;
    int detail;
};
int run_timer_get(struct adele *ctx, struct run_timer *t);
/* `anew` starts the clock again and lets halted runs step. */
int run_timer_set(struct adele *ctx, const struct run_timer *t, bool anew);
/* Seconds left before the timeout, or a negative number without one. */
double run_time_left(const struct adele *ctx);

/* The fraction of a ramp: (step - begin)/(end - begin) in [0, 1]. */
double run_fraction(const struct adele *ctx);

/* What outputs at `step` need of the forces. */
unsigned run_need(struct adele *ctx, int64_t step);

#endif

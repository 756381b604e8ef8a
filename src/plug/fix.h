/* Fixes: what acts during a run.  The order of a step is

       initial_integrate of all fixes, forces, post_force, final_integrate,
       thermostat, then step += 1 is already done, end_of_step.

   `thermostat` comes after the last half kick whatever the order of fixes. */

#ifndef ADELE_FIX_H
#define ADELE_FIX_H

#include "plug/style.h"

struct fix {
    struct instance head;
    struct outputs out;
    int64_t every; /* end_of_step is called at multiples of this step; 0: every
                      step that next_step names, or each step without it */
    bool integrates; /* moves the sites of its group */
};

struct fix_style {
    struct style style;
    int (*setup)(struct adele *ctx, struct fix *f); /* before a run, forces known */
    int (*prepare)(struct adele *ctx, struct fix *f); /* before a run, before forces */
    int (*initial_integrate)(struct adele *ctx, struct fix *f);
    int (*post_force)(struct adele *ctx, struct fix *f); /* also in minimize */
    int (*final_integrate)(struct adele *ctx, struct fix *f);
    int (*thermostat)(struct adele *ctx, struct fix *f);
    int (*end_of_step)(struct adele *ctx, struct fix *f);
    int (*finish)(struct adele *ctx, struct fix *f); /* after a run */
    /* NEED_ bits of the forces at a coming step (its number), default none. */
    unsigned (*need)(struct adele *ctx, struct fix *f, int64_t step);
    /* Energy this fix adds to `pe` when fix_modify energy is on (addforce). */
    int (*energy)(struct adele *ctx, struct fix *f, double *energy);
    /* `fix_modify ID key value ..`: the words after the ID, NULL = none. */
    const struct arg *modify;
    /* Outputs f_ID: bring that shape of f->out up to date. */
    int (*scalar)(struct adele *ctx, struct fix *f);
    int (*vector)(struct adele *ctx, struct fix *f);
    int (*array)(struct adele *ctx, struct fix *f);
    int (*site)(struct adele *ctx, struct fix *f);
};

struct fix *fix_find(const struct adele *ctx, const char *id);

#endif

/* Optimisers (styles/optimizer): one update of the parameters from a gradient.

   Parameters and state are double precision whatever the networks compute in.
   State goes through save and load of the style, so that an interrupted
   training continues bit for bit. */

#ifndef ADELE_OPTIMIZER_H
#define ADELE_OPTIMIZER_H

#include "plug/style.h"

struct optimizer {
    struct instance head;
    double rate;   /* as given; schedules and decay live in the trainer */
    int64_t nparam;
    bool whole;    /* wants the loss of the whole data a step (L-BFGS) */
};

/* Loss and gradient at other parameters, for line searches. */
typedef int optimizer_loss(void *data, const double *param, double *loss,
                           double *gradient);

struct optimizer_style {
    struct style style;
    int (*setup)(struct adele *ctx, struct optimizer *o, int64_t nparam);
    /* param [nparam] changed in place; `rate` after the schedule; `loss` only
       for styles with `whole`. */
    int (*step)(struct adele *ctx, struct optimizer *o, double rate,
                const double *gradient, double *param, optimizer_loss *loss,
                void *data);
};

#endif

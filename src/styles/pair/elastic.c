/* The elastic forces of the model alone, without electrons: for preparing
   lattices and for the cost of everything that is not electronic.

       F = -dE_elastic/dq;   pe = E_elastic

       pair_style elastic */

#include "plug/pair.h"

static int elastic_init(struct adele *ctx, void *self)
{
    struct pair *p = self;
    (void)ctx;
    p->gives = NEED_FORCE | NEED_ENERGY;
    p->gradient = true;
    return 0;
}

static int elastic_setup(struct adele *ctx, struct pair *p)
{
    for (int axis = 0; axis < 3; axis++)
        p->halo[axis] = ctx->model->halo[axis];
    return 0;
}

static int elastic_compute(struct adele *ctx, struct pair *p, unsigned need,
                           struct pair_result *r)
{
    (void)p;
    r->electronic = 0;
    return pair_complete(ctx, need, r);
}

const struct pair_style pair_elastic = {
    .style = {STYLE_HEAD(pair, "elastic", struct pair),
              .summary = "elastic forces of the model, no electrons",
              .init = elastic_init},
    .setup = elastic_setup,
    .compute = elastic_compute};

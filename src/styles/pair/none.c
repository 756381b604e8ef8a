/* No forces: the lattice moves freely, its energy is zero.

       pair_style none */

#include "plug/pair.h"

static int none_init(struct adele *ctx, void *self)
{
    struct pair *p = self;
    (void)ctx;
    p->gives = NEED_FORCE | NEED_ENERGY;
    p->gradient = true;
    return 0;
}

static int none_compute(struct adele *ctx, struct pair *p, unsigned need,
                        struct pair_result *r)
{
    (void)p;
    r->elastic = r->electronic = 0;
    if (need & NEED_FORCE) {
        for (int c = 0; c < ctx->model->ncomp; c++)
            field_fill(r->force, c, 0);
    }
    return 0;
}

const struct pair_style pair_none = {
    .style = {STYLE_HEAD(pair, "none", struct pair), .summary = "no forces",
              .init = none_init},
    .compute = none_compute};

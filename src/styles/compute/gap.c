/* Gap between the highest occupied and the lowest empty electronic level:

       gap = e_(M+1) - e_M,

   M = F N at fixed filling, N/2 at midgap, the number of levels below mu at
   fixed mu.  Unit: energy.  Without a level on one side the gap is nan.

       compute gap all gap [using ed] */

#include <math.h>

#include "plug/compute.h"
#include "plug/using.h"

struct gap {
    struct compute compute;
    struct using using;
};

static const struct arg args[] = {USING_ARG(struct gap, using), {0}};

static const struct output outputs[] = {
    {OUT_SCALAR, "", "gap", "energy", false,
     "lowest empty minus highest "
     "occupied level"},
    {OUT_VECTOR, "[1]", "homo", "energy", false, "highest occupied level"},
    {OUT_VECTOR, "[2]", "lumo", "energy", false, "lowest empty level"},
    {0}};

static int gap_init(struct adele *ctx, void *self)
{
    const struct compute *c = self;
    int status = need_model(ctx);
    if (status || c->head.group == 0)
        return status;
    return err_deck(ctx, NULL,
                    "compute gap: levels belong to the whole "
                    "lattice, use the group `all`");
}

static void gap_fini(struct adele *ctx, void *self)
{
    struct gap *g = self;
    (void)ctx;
    using_fini(&g->using);
    outputs_fini(&g->compute.out);
}

static unsigned gap_need(struct adele *ctx, struct compute *c)
{
    (void)ctx;
    return using_need(&((struct gap *)c)->using, NEED_SPECTRUM);
}

static int64_t occupied(const struct electrons *el, const double *e, int64_t n)
{
    if (el->mode == ELECTRONS_FILLING)
        return (int64_t)round(el->filling * (double)n);
    if (el->mode == ELECTRONS_MIDGAP)
        return n / 2;
    int64_t m = 0;
    while (m < n && e[m] <= el->mu)
        m++;
    return m;
}

static int gap_vector(struct adele *ctx, struct compute *c)
{
    struct gap *g = (struct gap *)c;
    const struct pair_result *r;
    int status = outputs_vector(ctx, &c->out, 2);
    if (!status)
        status = using_require(ctx, &g->using, NEED_SPECTRUM, &r);
    if (status)
        return status;
    int64_t m = occupied(&ctx->electrons, r->level, r->nlevel);
    c->out.vector[0] = m > 0 ? r->level[m - 1] : NAN;
    c->out.vector[1] = m < r->nlevel ? r->level[m] : NAN;
    return 0;
}

static int gap_scalar(struct adele *ctx, struct compute *c)
{
    int status = compute_evaluate(ctx, c, OUT_VECTOR);
    if (!status)
        c->out.scalar = c->out.vector[1] - c->out.vector[0];
    return status;
}

const struct compute_style compute_gap = {
    .style = {STYLE_HEAD(compute, "gap", struct gap),
              .summary = "gap between occupied and empty levels", .args = args,
              .outputs = outputs, .init = gap_init, .fini = gap_fini},
    .need = gap_need,
    .scalar = gap_scalar,
    .vector = gap_vector};

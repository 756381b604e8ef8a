/* What the members of a committee of learned forces disagree by: at each site

       sqrt(sum_m |F_m - <F>|^2 / (M - 1))

   over the M potentials of pair_style ml, in units of force.  The scalar is
   the largest of the group, the vector that and the root mean square.

       compute dev all ml/deviation [using ml A.yaml B.yaml] */

#include <math.h>

#include "base/sum.h"
#include "plug/compute.h"
#include "plug/using.h"

struct ml_deviation {
    struct compute compute;
    struct using using;
};

static const struct arg args[] = {USING_ARG(struct ml_deviation, using), {0}};

static const struct output outputs[] = {
    {OUT_SCALAR, "", "max", "energy/length", false, "largest deviation"},
    {OUT_VECTOR, "[1]", "max", "energy/length", false, "largest deviation"},
    {OUT_VECTOR, "[2]", "rms", "energy/length", false,
     "root mean square of the deviations"},
    {OUT_SITE, "", "deviation", "energy/length", false,
     "deviation at the site, 0 outside the group"},
    {0}};

static int init(struct adele *ctx, void *self)
{
    (void)self;
    return need_model(ctx);
}

static void fini(struct adele *ctx, void *self)
{
    struct ml_deviation *d = self;

    (void)ctx;
    using_fini(&d->using);
    outputs_fini(&d->compute.out);
}

static unsigned need(struct adele *ctx, struct compute *c)
{
    (void)ctx;
    return using_need(&((struct ml_deviation *)c)->using, NEED_DEVIATION);
}

static int site(struct adele *ctx, struct compute *c)
{
    const struct pair_result *r;
    int status = outputs_site(ctx, &c->out, 1);

    if (!status)
        status = using_require(ctx, &((struct ml_deviation *)c)->using,
                               NEED_DEVIATION, &r);
    if (status)
        return status;
    for (int64_t i = 0; i < ctx->lat->nlocal; i++)
        c->out.site[i] = r->deviation[i];
    compute_mask(ctx, c, c->out.site);
    return 0;
}

static int vector(struct adele *ctx, struct compute *c)
{
    int64_t n = ctx->lat->nlocal;
    int64_t count = groups_count(&ctx->groups, c->head.group);
    int status = outputs_vector(ctx, &c->out, 2);

    if (!status)
        status = compute_evaluate(ctx, c, OUT_SITE);
    if (status)
        return status;
    c->out.vector[0] = 0;
    for (int64_t i = 0; i < n; i++)
        c->out.vector[0] = fmax(c->out.vector[0], c->out.site[i]);
    c->out.vector[1] =
        count ? sqrt(sum_squares(c->out.site, n) / (double)count) : NAN;
    return 0;
}

static int scalar(struct adele *ctx, struct compute *c)
{
    int status = compute_evaluate(ctx, c, OUT_VECTOR);

    if (!status)
        c->out.scalar = c->out.vector[0];
    return status;
}

const struct compute_style compute_ml_deviation = {
    .style = {STYLE_HEAD(compute, "ml/deviation", struct ml_deviation),
              .summary = "what a committee of learned forces disagrees by",
              .args = args, .outputs = outputs, .init = init, .fini = fini},
    .need = need,
    .scalar = scalar,
    .vector = vector,
    .site = site};

/* Electron density n_i = <c+_i c_i> of each site, between 0 and 1, and the
   number of electrons in a group.

       compute n all density                                                 */

#include <string.h>

#include "base/sum.h"
#include "plug/compute.h"
#include "plug/pair.h"

static const struct output outputs[] = {
    {OUT_SCALAR, "", "number", "", true, "number of electrons in the group"},
    {OUT_VECTOR, "[1]", "mean", "", false, "mean density of the group"},
    {OUT_VECTOR, "[2]", "variance", "", false, "mean square deviation from it"},
    {OUT_SITE, "", "n", "", false, "density of each site, 0 outside the group"},
    {0}};

static void fini(struct adele *ctx, void *self)
{
    (void)ctx;
    outputs_fini(&((struct compute *)self)->out);
}

static unsigned need(struct adele *ctx, struct compute *c)
{
    (void)ctx;
    (void)c;
    return NEED_DENSITY;
}

static int site(struct adele *ctx, struct compute *c)
{
    int status = outputs_site(ctx, &c->out, 1);
    if (status)
        return status;
    int64_t n = ctx->lat->nlocal;
    memcpy(c->out.site, ctx->forces->n, (size_t)n * sizeof(double));
    compute_mask(ctx, c, c->out.site);
    return ADELE_OK;
}

static int scalar(struct adele *ctx, struct compute *c)
{
    int status = compute_evaluate(ctx, c, OUT_SITE);
    if (!status)
        c->out.scalar = sum_array(c->out.site, ctx->lat->nlocal);
    return status;
}

struct deviation {
    const struct adele *ctx;
    const struct compute *c;
    double mean;
};

static double squares(const void *data, int64_t begin, int64_t end)
{
    const struct deviation *d = data;
    double sum = 0;
    for (int64_t i = begin; i < end; i++) {
        double x = d->c->out.site[i] - d->mean;
        if (groups_has(&d->ctx->groups, d->c->head.group, i))
            sum += x * x;
    }
    return sum;
}

static int vector(struct adele *ctx, struct compute *c)
{
    int status = compute_evaluate(ctx, c, OUT_SCALAR);
    if (!status)
        status = outputs_vector(ctx, &c->out, 2);
    if (status)
        return status;
    double n = (double)groups_count(&ctx->groups, c->head.group);
    struct deviation d = {ctx, c, n > 0 ? c->out.scalar / n : 0};
    c->out.vector[0] = d.mean;
    c->out.vector[1] =
        n > 0 ? sum_chunks(ctx->lat->nlocal, squares, &d) / n : 0;
    return ADELE_OK;
}

const struct compute_style compute_density = {
    .style = {STYLE_HEAD(compute, "density", struct compute),
              .summary = "electron density", .outputs = outputs, .fini = fini},
    .need = need,
    .scalar = scalar,
    .vector = vector,
    .site = site,
};

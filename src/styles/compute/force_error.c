/* Difference between the forces of the running style and those of another one
   on the same configuration, d = F - F_STYLE over all components of the sites
   of a group:

       rms = sqrt(<d^2>),  mean = <|d|>,  max = max |d|,
       R^2 = 1 - <d^2>/<(F_STYLE - <F_STYLE>)^2>,

   and the length of d at each site.  Unit: force.

       compute e all force/error ed */

#include <math.h>

#include "base/sum.h"
#include "plug/compute.h"
#include "plug/using.h"

struct force_error {
    struct compute compute;
    struct using other;
};

static const struct arg args[] = {
    {ARG_STYLE, "STYLE args", AT(struct force_error, other.pair),
     .style_kind = "pair",
     .doc = "force style to compare with, and its arguments"},
    {0}};

static const struct output outputs[] = {
    {OUT_SCALAR, "", "rms", "force", false, "root mean square difference"},
    {OUT_VECTOR, "[1]", "rms", "force", false, "root mean square difference"},
    {OUT_VECTOR, "[2]", "mean", "force", false, "mean absolute difference"},
    {OUT_VECTOR, "[3]", "max", "force", false, "largest absolute difference"},
    {OUT_VECTOR, "[4]", "R2", "", false,
     "1 - mean square difference over the variance of the forces of STYLE"},
    {OUT_SITE, "", "error", "force", false,
     "length of the difference at each site, 0 outside the group"},
    {0}};

static int force_error_init(struct adele *ctx, void *self)
{
    (void)self;
    return need_model(ctx);
}

static void force_error_fini(struct adele *ctx, void *self)
{
    struct force_error *e = self;

    (void)ctx;
    using_fini(&e->other);
    outputs_fini(&e->compute.out);
}

static unsigned force_error_need(struct adele *ctx, struct compute *c)
{
    (void)ctx;
    (void)c;
    return NEED_FORCE;
}

/* One component at a time; adds up over them. */
struct sums {
    const struct adele *ctx;
    int group;
    const double *f, *other;
    double shift;
};

static double squares(const void *data, int64_t begin, int64_t end)
{
    const struct sums *s = data;
    double sum = 0;

    for (int64_t i = begin; i < end; i++) {
        double d = s->f[i] - s->other[i];

        if (groups_has(&s->ctx->groups, s->group, i))
            sum += d * d;
    }
    return sum;
}

static double sizes(const void *data, int64_t begin, int64_t end)
{
    const struct sums *s = data;
    double sum = 0;

    for (int64_t i = begin; i < end; i++) {
        if (groups_has(&s->ctx->groups, s->group, i))
            sum += fabs(s->f[i] - s->other[i]);
    }
    return sum;
}

static double totals(const void *data, int64_t begin, int64_t end)
{
    const struct sums *s = data;
    double sum = 0;

    for (int64_t i = begin; i < end; i++) {
        if (groups_has(&s->ctx->groups, s->group, i))
            sum += s->other[i];
    }
    return sum;
}

static double variances(const void *data, int64_t begin, int64_t end)
{
    const struct sums *s = data;
    double sum = 0;

    for (int64_t i = begin; i < end; i++) {
        double d = s->other[i] - s->shift;

        if (groups_has(&s->ctx->groups, s->group, i))
            sum += d * d;
    }
    return sum;
}

static double largest(const struct sums *s, int64_t n)
{
    double most = 0;

    for (int64_t i = 0; i < n; i++) {
        double d = fabs(s->f[i] - s->other[i]);

        if (groups_has(&s->ctx->groups, s->group, i) && !(d <= most))
            most = d;
    }
    return most;
}

/* Forces of both styles, [component][site]: the others' after the running
   one's. */
static int gather(struct adele *ctx, struct force_error *e, double **f,
                  double **other)
{
    int64_t n = ctx->lat->nlocal;
    int ncomp = ctx->model->ncomp;
    const struct pair_result *r;
    int status = outputs_array(ctx, &e->compute.out, 2 * ncomp, n);

    if (!status)
        status = using_require(ctx, &e->other, NEED_FORCE, &r);
    if (status)
        return status;
    *f = e->compute.out.array;
    *other = *f + ncomp * n;
    for (int k = 0; k < ncomp; k++) {
        field_gather(ctx->forces->force, k, *f + k * n);
        field_gather(r->force, k, *other + k * n);
    }
    return 0;
}

static int force_error_vector(struct adele *ctx, struct compute *c)
{
    struct force_error *e = (struct force_error *)c;
    struct sums s = {.ctx = ctx, .group = c->head.group};
    double *f, *other, square = 0, size = 0, total = 0, variance = 0, most = 0;
    int64_t n = ctx->lat->nlocal;
    int ncomp = ctx->model->ncomp;
    double count = (double)groups_count(&ctx->groups, s.group) * ncomp;
    int status = outputs_vector(ctx, &c->out, 4);

    if (!status)
        status = gather(ctx, e, &f, &other);
    if (status)
        return status;
    for (int k = 0; k < ncomp; k++) {
        s.f = f + k * n;
        s.other = other + k * n;
        square += sum_chunks(n, squares, &s);
        size += sum_chunks(n, sizes, &s);
        total += sum_chunks(n, totals, &s);
        most = fmax(most, largest(&s, n));
    }
    s.shift = total / count;
    for (int k = 0; k < ncomp; k++) {
        s.other = other + k * n;
        variance += sum_chunks(n, variances, &s);
    }
    c->out.vector[0] = sqrt(square / count);
    c->out.vector[1] = size / count;
    c->out.vector[2] = most;
    c->out.vector[3] = 1 - square / variance;
    return 0;
}

static int force_error_scalar(struct adele *ctx, struct compute *c)
{
    int status = compute_evaluate(ctx, c, OUT_VECTOR);

    if (!status)
        c->out.scalar = c->out.vector[0];
    return status;
}

static int force_error_site(struct adele *ctx, struct compute *c)
{
    struct force_error *e = (struct force_error *)c;
    int64_t n = ctx->lat->nlocal;
    double *f, *other;
    int status = outputs_site(ctx, &c->out, 1);

    if (!status)
        status = gather(ctx, e, &f, &other);
    if (status)
        return status;
    for (int64_t i = 0; i < n; i++) {
        double sum = 0;

        for (int k = 0; k < ctx->model->ncomp; k++) {
            double d = f[k * n + i] - other[k * n + i];

            sum += d * d;
        }
        c->out.site[i] = sqrt(sum);
    }
    compute_mask(ctx, c, c->out.site);
    return 0;
}

const struct compute_style compute_force_error = {
    .style = {STYLE_HEAD(compute, "force/error", struct force_error),
              .summary = "force difference to another force style",
              .args = args, .outputs = outputs, .init = force_error_init,
              .fini = force_error_fini},
    .need = force_error_need,
    .scalar = force_error_scalar,
    .vector = force_error_vector,
    .site = force_error_site};

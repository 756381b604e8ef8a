/* The charge-density-wave order parameter of each site,

       phi_i = (x_i - (1/z_i) sum_nn x_j) exp(i Q.r_i),

   x the density n_i or any per-site quantity, z_i the number of neighbours the
   site has (fewer at open boundaries; phi_i = 0 without any), Q the wave
   vector of the lattice's two-sublattice order, or the user's [Cheng2023].
   With a wave vector of the user's the real part is taken site by site.

       compute phi all cdw
       compute psi all cdw of q q pi 0                                       */

#include <math.h>

#include "base/mem.h"
#include "base/sum.h"
#include "core/order.h"
#include "plug/column.h"
#include "plug/compute.h"

struct cdw {
    struct compute base;
    struct arg_list of, wave;
    struct column column;
    struct order order;
    double *x, *imag; /* [nlocal] */
};

static const struct arg args[] = {
    {ARG_LIST, "of", AT(struct cdw, of), .key = true, .def = "n",
     .bounded = true, .min = 1, .max = 1, .syntax = "COLUMN",
     .doc = "the quantity: n, q, another column, c_ID, f_ID or v_name"},
    {ARG_LIST, "q", AT(struct cdw, wave), .key = true, .bounded = true,
     .min = 1, .max = 3, .syntax = "KX [KY [KZ]]", .unit = "1/length",
     .doc = "Cartesian wave vector; by default that of the lattice's "
            "two-sublattice order"},
    {0}};

static const struct output outputs[] = {
    {OUT_SCALAR, "", "mean", "", false, "mean of phi over the group"},
    {OUT_VECTOR, "[1]", "mean", "", false, "mean of phi"},
    {OUT_VECTOR, "[2]", "absolute", "", false, "mean of |phi|"},
    {OUT_VECTOR, "[3]", "square", "", false, "mean of phi^2"},
    {OUT_VECTOR, "[4]", "imaginary", "", false,
     "mean of the imaginary part, 0 for the lattice's own order"},
    {OUT_SITE, "", "phi", "", false, "phi of each site, 0 outside the group"},
    {0}};

static void warn_of_misfit(struct adele *ctx)
{
    const struct lattice *lat = ctx->lat;
    for (int a = 0; a < lat->shape.dim; a++) {
        double turns = lat->n[a] * lat->shape.wave[a];
        if (lat->periodic[a] && lat->n[a] > 1 && turns != floor(turns))
            log_warning(&ctx->log,
                        "compute cdw: the order alternates along axis %d, but "
                        "its %d cells are periodic: there is a seam",
                        a + 1, lat->n[a]);
    }
}

static int read_wave(struct adele *ctx, struct cdw *s, double q[3])
{
    if (s->wave.n)
        return compute_wave(ctx, &s->wave, q);
    if (ctx->lat->shape.ordered) {
        warn_of_misfit(ctx);
        return ADELE_OK;
    }
    return err_deck(ctx, NULL,
                    "compute cdw: the %s lattice has no two-sublattice order; "
                    "give a wave vector, for example `q 4*pi/3 0`",
                    ctx->lat->shape.name);
}

static int init(struct adele *ctx, void *self)
{
    struct cdw *s = self;
    double q[3] = {0, 0, 0};
    int status = need_lattice(ctx);
    if (!status)
        status = read_wave(ctx, s, q);
    if (!status)
        status = compute_column(ctx, &s->of.word[0], &s->column);
    if (status)
        return status;
    s->base.fresh = compute_input_fresh(ctx, &s->column);
    size_t n = (size_t)ctx->lat->nlocal;
    s->x = mem_alloc(n, sizeof *s->x);
    s->imag = mem_alloc(n, sizeof *s->imag);
    if (!s->x || !s->imag ||
        order_init(&s->order, ctx->lat, s->wave.n ? q : NULL))
        return err_memory(ctx, "compute cdw", 60.0 * (double)n);
    return ADELE_OK;
}

static void fini(struct adele *ctx, void *self)
{
    (void)ctx;
    struct cdw *s = self;
    column_free(&s->column);
    order_fini(&s->order);
    mem_free(s->x);
    mem_free(s->imag);
    outputs_fini(&s->base.out);
}

static unsigned need(struct adele *ctx, struct compute *c)
{
    return column_need(ctx, &((struct cdw *)c)->column);
}

static int site(struct adele *ctx, struct compute *c)
{
    struct cdw *s = (struct cdw *)c;
    int status = outputs_site(ctx, &c->out, 1);
    if (!status)
        status = column_get(ctx, &s->column, s->x);
    if (status)
        return status;
    order_parameter(&s->order, s->x, c->out.site, s->imag);
    compute_mask(ctx, c, c->out.site);
    compute_mask(ctx, c, s->imag);
    return ADELE_OK;
}

static double absolutes(const void *data, int64_t begin, int64_t end)
{
    const double *phi = data;
    double sum = 0;
    for (int64_t i = begin; i < end; i++)
        sum += fabs(phi[i]);
    return sum;
}

static int vector(struct adele *ctx, struct compute *c)
{
    const struct cdw *s = (const struct cdw *)c;
    int status = compute_evaluate(ctx, c, OUT_SITE);
    if (!status)
        status = outputs_vector(ctx, &c->out, 4);
    if (status)
        return status;
    int64_t n = ctx->lat->nlocal,
            members = groups_count(&ctx->groups, c->head.group);
    double scale = members ? 1 / (double)members : 0;
    c->out.vector[0] = scale * sum_array(c->out.site, n);
    c->out.vector[1] = scale * sum_chunks(n, absolutes, c->out.site);
    c->out.vector[2] = scale * sum_squares(c->out.site, n);
    c->out.vector[3] = scale * sum_array(s->imag, n);
    return ADELE_OK;
}

static int scalar(struct adele *ctx, struct compute *c)
{
    int status = compute_evaluate(ctx, c, OUT_VECTOR);
    if (!status)
        c->out.scalar = c->out.vector[0];
    return status;
}

const struct compute_style compute_cdw = {
    .style = {STYLE_HEAD(compute, "cdw", struct cdw),
              .summary = "charge-density-wave order parameter",
              .cite = "Cheng2023", .args = args, .outputs = outputs,
              .init = init, .fini = fini},
    .need = need,
    .scalar = scalar,
    .vector = vector,
    .site = site,
};

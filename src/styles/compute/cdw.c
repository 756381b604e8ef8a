/* The order parameter of each site.  Of densities, or of any per-site quantity
   x, the charge density wave [Cheng2023]

       phi_i = (x_i - (1/z_i) sum_nn x_j) exp(i Q.r_i),

   z_i the number of neighbours the site has (fewer at open boundaries; phi_i =
   0 without any), Q the wave vector of the lattice's two-sublattice order, or
   the user's: then the real part is taken site by site.  Of a model whose
   displacements order, their staggered vector [Jang2025]

       m_i = u_i exp(i Q.r_i).

       compute phi all cdw
       compute psi all cdw of q q pi 0                                       */

#include <math.h>

#include "base/mem.h"
#include "base/parallel.h"
#include "base/sum.h"
#include "plug/compute.h"
#include "plug/order_input.h"

struct cdw {
    struct compute base;
    struct arg_list of, wave;
    struct order_input in;
    double *imag; /* [nlocal] */
};

static const struct arg args[] = {
    {ARG_LIST, "of", AT(struct cdw, of), .key = true, .bounded = true, .min = 1,
     .max = 1, .syntax = "COLUMN",
     .doc = "the quantity: n, q, another column, c_ID, f_ID or v_name; by "
            "default what orders in the model"},
    {ARG_LIST, "q", AT(struct cdw, wave), .key = true, .bounded = true,
     .min = 1, .max = 3, .syntax = "KX [KY [KZ]]", .unit = "1/length",
     .doc = "Cartesian wave vector; by default that of the lattice's "
            "two-sublattice order"},
    {0}};

static const struct output outputs[] = {
    {OUT_SCALAR, "", "mean", "", false, "[1] of the vector"},
    {OUT_VECTOR, "[1]", "mean", "", false,
     "mean of phi over the group; of a vector m the length of its mean"},
    {OUT_VECTOR, "[2]", "absolute", "", false, "mean of |phi| or |m|"},
    {OUT_VECTOR, "[3]", "square", "", false, "mean of phi^2 or |m|^2"},
    {OUT_VECTOR, "[4]", "imaginary", "", false,
     "mean of the imaginary part, 0 for the lattice's own order; of a vector "
     "[3+a] is the mean of its component a"},
    {OUT_SITE, "", "phi", "", false,
     "phi of each site, 0 outside the group; of a vector with nc components "
     "columns 1 .. nc are m, then |m|, then the state (+x 1, +y 2, -x 3, -y "
     "4, none 0)"},
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

static int site_columns(const struct cdw *s)
{
    return s->in.ncomp > 1 ? s->in.ncomp + 2 : 1;
}

static int init(struct adele *ctx, void *self)
{
    struct cdw *s = self;
    double q[3] = {0, 0, 0};
    int status = need_lattice(ctx);
    if (!status)
        status = read_wave(ctx, s, q);
    if (!status)
        status = order_input_init(ctx, &s->in, "compute cdw", &s->of,
                                  s->wave.n ? q : NULL);
    if (status)
        return status;
    s->base.fresh = s->in.fresh;
    s->base.out.nsite_col = site_columns(s);
    s->imag = mem_alloc((size_t)ctx->lat->nlocal, sizeof *s->imag);
    return s->imag
               ? ADELE_OK
               : err_memory(ctx, "compute cdw", 8.0 * (double)ctx->lat->nlocal);
}

static void fini(struct adele *ctx, void *self)
{
    (void)ctx;
    struct cdw *s = self;
    order_input_fini(&s->in);
    mem_free(s->imag);
    outputs_fini(&s->base.out);
}

static unsigned need(struct adele *ctx, struct compute *c)
{
    return order_input_need(ctx, &((struct cdw *)c)->in);
}

/* The length and the state of each site, behind the components m. */
static void lengths_and_states(double *m, int ncomp, int64_t n)
{
    double *length = m + ncomp * n, *state = length + n;
#pragma omp parallel for schedule(static) if (n >= PARALLEL_MIN)
    for (int64_t i = 0; i < n; i++) {
        double square = 0;
        for (int c = 0; c < ncomp; c++)
            square += m[c * n + i] * m[c * n + i];
        length[i] = sqrt(square);
        state[i] = order_state(m, ncomp, n, i);
    }
}

static int site(struct adele *ctx, struct compute *c)
{
    struct cdw *s = (struct cdw *)c;
    int ncomp = s->in.ncomp;
    int64_t n = ctx->lat->nlocal;
    int status = outputs_site(ctx, &c->out, site_columns(s));
    if (!status)
        status = order_input_get(ctx, &s->in, c->out.site, s->imag);
    if (status)
        return status;
    for (int k = 0; k < ncomp; k++)
        compute_mask(ctx, c, c->out.site + k * n);
    compute_mask(ctx, c, s->imag);
    if (ncomp > 1)
        lengths_and_states(c->out.site, ncomp, n);
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

static void scalar_means(const struct cdw *s, int64_t n, double scale,
                         double *out)
{
    const double *phi = s->base.out.site;
    out[0] = scale * sum_array(phi, n);
    out[1] = scale * sum_chunks(n, absolutes, phi);
    out[2] = scale * sum_squares(phi, n);
    out[3] = scale * sum_array(s->imag, n);
}

static void vector_means(const struct cdw *s, int64_t n, double scale,
                         double *out)
{
    const double *m = s->base.out.site;
    int ncomp = s->in.ncomp;
    double square = 0;
    for (int c = 0; c < ncomp; c++) {
        out[3 + c] = scale * sum_array(m + c * n, n);
        square += out[3 + c] * out[3 + c];
    }
    out[0] = sqrt(square);
    out[1] = scale * sum_array(m + ncomp * n, n);
    out[2] = scale * sum_squares(m + ncomp * n, n);
}

static int vector(struct adele *ctx, struct compute *c)
{
    const struct cdw *s = (const struct cdw *)c;
    int ncomp = s->in.ncomp;
    int status = compute_evaluate(ctx, c, OUT_SITE);
    if (!status)
        status = outputs_vector(ctx, &c->out, ncomp > 1 ? 3 + ncomp : 4);
    if (status)
        return status;
    int64_t n = ctx->lat->nlocal,
            members = groups_count(&ctx->groups, c->head.group);
    double scale = members ? 1 / (double)members : 0;
    (ncomp > 1 ? vector_means : scalar_means)(s, n, scale, c->out.vector);
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
              .summary = "order parameter of the charge density wave or of the "
                         "displacements",
              .cite = "Cheng2023 Jang2025", .args = args, .outputs = outputs,
              .init = init, .fini = fini},
    .need = need,
    .scalar = scalar,
    .vector = vector,
    .site = site,
};

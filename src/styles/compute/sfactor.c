/* Structure factor of a per-site quantity x, or of a vector of several: the sum
   over its components of

       S(k) = |(1/N) sum_i s_i (x_i - xbar) exp(i k.r_i)|^2,

   on the wave vectors k = sum_a (m_a/n_a) b_a of the lattice, and the length
   of its order around the wave vector Q,

       1/L = sum_k S(k) |k - Q| / sum_k S(k),

   |k - Q| the shortest of all images of k [Cheng2023].  N sites and the mean
   xbar are those of the group.  s_i = 1, except on lattices whose order
   alternates between the sublattices of a cell (honeycomb): there it is the
   sign of the sublattice, so that S(Q) is the square of the order parameter;
   `stagger no` takes it out.  One Fourier transform of each sublattice
   (FFTW); k is the image closest to Q.

       compute S all sfactor density
       compute P all sfactor q window 1.0 profile 40                         */

#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "base/parallel.h"
#include "base/sum.h"
#include "core/order.h"
#include "la/fourier.h"
#include "plug/column.h"
#include "plug/compute.h"
#include "plug/model.h"

struct sfactor {
    struct compute base;
    struct arg_list of, wave;
    double window; /* 0: none */
    int64_t nbin;  /* 0: no profile */
    bool stagger;

    struct column column[MODEL_COMPONENT_MAX]; /* [of.n] */
    struct fourier fourier;
    double complex *amplitude; /* [nbasis][nwave], only when nbasis > 1 */
    double *x;                 /* [nlocal] */
    double *s;                 /* [ncell] S(k), m_0 fastest */
    double *distance;          /* [ncell] |k - Q| */
    double *part;              /* [2][nrow] sums of rows */
    double sq;                 /* S(Q) */
    double noise;              /* sum of S that rounding can make */
    uint64_t stamp;            /* of s and sq */

    double recip[3][3]; /* b_a in rows */
    double q[3];        /* Q = sum_a q[a] b_a */
    bool orthogonal;
    int64_t at_q; /* index of Q in s, -1: not on the grid */
    int64_t ncell;
};

static const struct arg args[] = {
    {ARG_LIST, "COLUMN", AT(struct sfactor, of), .bounded = true, .min = 1,
     .max = MODEL_COMPONENT_MAX, .syntax = "COLUMN ...",
     .doc = "the quantity, or the components of a vector: density (or n), q, "
            "other columns, c_ID, f_ID or v_name"},
    {ARG_LIST, "q", AT(struct sfactor, wave), .key = true, .bounded = true,
     .min = 1, .max = 3, .syntax = "KX [KY [KZ]]", .unit = "1/length",
     .doc = "Cartesian wave vector Q; by default that of the lattice's "
            "two-sublattice order"},
    {ARG_NUMBER, "window", AT(struct sfactor, window), .key = true,
     .positive = true, .unit = "1/length",
     .doc = "only |k - Q| up to this counts in L, in the total and in the "
            "profile; by default all k"},
    {ARG_INT, "profile", AT(struct sfactor, nbin), .key = true, .bounded = true,
     .min = 1, .max = 1e6,
     .doc = "the array is the mean of S over that many rings around Q"},
    {ARG_BOOL, "stagger", AT(struct sfactor, stagger), .key = true,
     .def = "yes", .doc = "take the signs of the sublattices into the sum"},
    {0}};

static const struct output outputs[] = {
    {OUT_VECTOR, "[1]", "S(Q)", "", false, "structure factor at Q"},
    {OUT_VECTOR, "[2]", "L", "length", false,
     "length of the order; inf for perfect order, 0 for a uniform field"},
    {OUT_VECTOR, "[3]", "total", "", false, "sum of S over k"},
    {OUT_ARRAY, "[k][1]", "kx", "1/length", false,
     "x component of k (with profile: mean |k - Q| of the ring)"},
    {OUT_ARRAY, "[k][2]", "ky", "1/length", false,
     "y component of k (with profile: mean S)"},
    {OUT_ARRAY, "[k][3]", "kz", "1/length", false,
     "z component of k (with profile: number of k)"},
    {OUT_ARRAY, "[k][4]", "S", "", false, "structure factor (no profile)"},
    {OUT_ARRAY, "[k][5]", "|k-Q|", "1/length", false,
     "distance from Q (no profile)"},
    {0}};

/* The image of k nearest to Q: shift[] in reciprocal vectors from Q, and its
   length. */
static double nearest_image(const struct sfactor *s, const int m[3],
                            double shift[3])
{
    const int *n = s->fourier.n;
    double base[3], best = INFINITY;
    int reach[3];
    for (int a = 0; a < 3; a++) {
        double d = (double)m[a] / n[a] - s->q[a];
        base[a] = d - floor(d + 0.5 + 1e-12);
        reach[a] = s->orthogonal || n[a] == 1 ? 0 : 1;
    }
    for (int i = -reach[0]; i <= reach[0]; i++)
        for (int j = -reach[1]; j <= reach[1]; j++)
            for (int k = -reach[2]; k <= reach[2]; k++) {
                double d[3] = {base[0] + i, base[1] + j, base[2] + k};
                double square = 0;
                for (int c = 0; c < 3; c++) {
                    double x = d[0] * s->recip[0][c] + d[1] * s->recip[1][c] +
                               d[2] * s->recip[2][c];
                    square += x * x;
                }
                /* of equal images the first is kept, rounding or not */
                if (square >= best * (1 - 1e-12))
                    continue;
                best = square;
                for (int c = 0; c < 3; c++)
                    shift[c] = d[c];
            }
    return sqrt(best);
}

/* Cartesian k of the grid point. */
static double wave_vector(const struct sfactor *s, const int m[3], double k[3])
{
    double shift[3] = {0, 0, 0};
    double distance = nearest_image(s, m, shift);
    for (int c = 0; c < 3; c++) {
        k[c] = 0;
        for (int a = 0; a < 3; a++)
            k[c] += (s->q[a] + shift[a]) * s->recip[a][c];
    }
    return distance;
}

static void fill_distances(struct sfactor *s)
{
    const int *n = s->fourier.n;
    int64_t nrow = (int64_t)n[1] * n[2];
#pragma omp parallel for schedule(static) if (s->ncell >= PARALLEL_MIN)
    for (int64_t row = 0; row < nrow; row++)
        for (int i = 0; i < n[0]; i++) {
            int m[3] = {i, (int)(row % n[1]), (int)(row / n[1])};
            double shift[3];
            s->distance[row * n[0] + i] = nearest_image(s, m, shift);
        }
}

static int read_q(struct adele *ctx, struct sfactor *s)
{
    const struct lattice *lat = ctx->lat;
    double q[3];
    if (!s->wave.n && !lat->shape.ordered)
        return err_deck(ctx, NULL,
                        "compute sfactor: the %s lattice has no two-sublattice "
                        "order; give a wave vector, for example `q 4*pi/3 0`",
                        lat->shape.name);
    if (!s->wave.n)
        order_wave(lat, q);
    else if (compute_wave(ctx, &s->wave, q))
        return ctx->error.status;

    s->at_q = 0;
    for (int a = 2; a >= 0; a--) {
        const double *v = lat->shape.a[a];
        s->q[a] = (q[0] * v[0] + q[1] * v[1] + q[2] * v[2]) / (2 * M_PI);
        if (lat->n[a] == 1 && lat->shape.nbasis == 1)
            s->q[a] = 0; /* nothing can vary along this axis */
        double m = s->q[a] * lat->n[a], whole = floor(m + 0.5);
        if (fabs(m - whole) > 1e-9)
            s->at_q = -1;
        if (s->at_q >= 0)
            s->at_q = s->at_q * lat->n[a] +
                      (int64_t)(whole - lat->n[a] * floor(whole / lat->n[a]));
    }
    return ADELE_OK;
}

static int allocate(struct adele *ctx, struct sfactor *s)
{
    const struct lattice *lat = ctx->lat;
    int nbasis = lat->shape.nbasis;
    int64_t nrow = (int64_t)lat->n[1] * lat->n[2];
    s->ncell = nrow * lat->n[0];
    bool ok = fourier_init(&s->fourier, lat->n) == 0;
    s->x = mem_alloc((size_t)lat->nlocal, sizeof *s->x);
    s->s = mem_alloc((size_t)s->ncell, sizeof *s->s);
    s->distance = mem_alloc((size_t)s->ncell, sizeof *s->distance);
    s->part = mem_alloc(2 * (size_t)nrow, sizeof *s->part);
    if (nbasis > 1)
        s->amplitude = mem_alloc((size_t)(nbasis * s->fourier.nwave),
                                 sizeof *s->amplitude);
    if (ok && s->x && s->s && s->distance && s->part &&
        (nbasis == 1 || s->amplitude))
        return ADELE_OK;
    return err_memory(ctx, "compute sfactor",
                      40.0 * (double)s->ncell + 24.0 * (double)lat->nsite);
}

static int init(struct adele *ctx, void *self)
{
    struct sfactor *s = self;
    int status = need_lattice(ctx);
    for (int k = 0; !status && k < s->of.n; k++) {
        status = compute_column(ctx, &s->of.word[k], &s->column[k]);
        if (!status && compute_input_fresh(ctx, &s->column[k]))
            s->base.fresh = true;
    }
    if (!status)
        status = read_q(ctx, s);
    if (!status)
        status = allocate(ctx, s);
    if (status)
        return status;
    lattice_reciprocal(ctx->lat, s->recip);
    s->orthogonal = true;
    for (int a = 0; a < 3; a++)
        for (int c = 0; c < 3; c++)
            if (a != c && ctx->lat->shape.a[a][c] != 0)
                s->orthogonal = false;
    fill_distances(s);
    return ADELE_OK;
}

static void fini(struct adele *ctx, void *self)
{
    (void)ctx;
    struct sfactor *s = self;
    for (int k = 0; k < MODEL_COMPONENT_MAX; k++)
        column_free(&s->column[k]);
    fourier_fini(&s->fourier);
    mem_free(s->amplitude);
    mem_free(s->x);
    mem_free(s->s);
    mem_free(s->distance);
    mem_free(s->part);
    outputs_fini(&s->base.out);
}

static unsigned need(struct adele *ctx, struct compute *c)
{
    const struct sfactor *s = (const struct sfactor *)c;
    unsigned need = 0;
    for (int k = 0; k < s->of.n; k++)
        need |= column_need(ctx, &s->column[k]);
    return need;
}

/* x = s_i (x_i - xbar) in the group, 0 outside; N is returned. */
static double subtract_mean(const struct adele *ctx, struct sfactor *s)
{
    const struct lattice_shape *shape = &ctx->lat->shape;
    int group = s->base.head.group;
    int64_t n = ctx->lat->nlocal;
    double members = (double)groups_count(&ctx->groups, group);
    compute_mask(ctx, &s->base, s->x);
    double mean = members > 0 ? sum_array(s->x, n) / members : 0;
    s->noise += members > 0 ? 1e-28 * sum_squares(s->x, n) / members : 0;
#pragma omp parallel for schedule(static) if (n >= PARALLEL_MIN)
    for (int64_t i = 0; i < n; i++) {
        double sign = s->stagger ? shape->sign[i % shape->nbasis] : 1;
        s->x[i] = sign * (s->x[i] - mean);
    }
    compute_mask(ctx, &s->base, s->x);
    return members;
}

static void transform(struct sfactor *s, int nbasis)
{
    for (int b = 0; b < nbasis; b++) {
#pragma omp parallel for schedule(static) if (s->ncell >= PARALLEL_MIN)
        for (int64_t c = 0; c < s->ncell; c++)
            s->fourier.real[c] = s->x[c * nbasis + b];
        fourier_forward(&s->fourier);
        for (int64_t k = 0; nbasis > 1 && k < s->fourier.nwave; k++)
            s->amplitude[b * s->fourier.nwave + k] = s->fourier.wave[k];
    }
}

/* |sum_b exp(-i k.tau_b) A_b(k)|^2 at a grid point. */
static double intensity(const struct sfactor *s,
                        const struct lattice_shape *shape, const int m[3])
{
    const struct fourier *f = &s->fourier;
    double complex sum = 0;
    double k[3];
    if (shape->nbasis == 1) {
        sum = fourier_at(f, f->wave, m[0], m[1], m[2]);
    } else {
        wave_vector(s, m, k);
        for (int b = 0; b < shape->nbasis; b++) {
            const double *r = shape->basis[b];
            double phase = k[0] * r[0] + k[1] * r[1] + k[2] * r[2];
            sum += (cos(phase) - I * sin(phase)) *
                   fourier_at(f, s->amplitude + b * f->nwave, m[0], m[1], m[2]);
        }
    }
    return creal(sum) * creal(sum) + cimag(sum) * cimag(sum);
}

/* S(Q) for a Q between the grid points. */
static double at_wave(const struct adele *ctx, const struct sfactor *s,
                      double members)
{
    double q[3], sum[2] = {0, 0};
    for (int c = 0; c < 3; c++)
        q[c] = s->q[0] * s->recip[0][c] + s->q[1] * s->recip[1][c] +
               s->q[2] * s->recip[2][c];
    for (int64_t i = 0; i < ctx->lat->nlocal; i++) {
        double r[3];
        lattice_position(ctx->lat, i, r);
        double phase = q[0] * r[0] + q[1] * r[1] + q[2] * r[2];
        sum[0] += s->x[i] * cos(phase);
        sum[1] += s->x[i] * sin(phase);
    }
    return members > 0
               ? (sum[0] * sum[0] + sum[1] * sum[1]) / (members * members)
               : 0;
}

/* Adds the part of the component in s->x. */
static void add_component(struct adele *ctx, struct sfactor *s)
{
    const struct lattice_shape *shape = &ctx->lat->shape;
    const int *n = s->fourier.n;
    double members = subtract_mean(ctx, s);
    double scale = members > 0 ? 1 / (members * members) : 0;
    transform(s, shape->nbasis);

    int64_t nrow = (int64_t)n[1] * n[2];
#pragma omp parallel for schedule(static) if (s->ncell >= PARALLEL_MIN)
    for (int64_t row = 0; row < nrow; row++)
        for (int i = 0; i < n[0]; i++) {
            int m[3] = {i, (int)(row % n[1]), (int)(row / n[1])};
            s->s[row * n[0] + i] += scale * intensity(s, shape, m);
        }
    if (s->at_q < 0)
        s->sq += at_wave(ctx, s, members);
}

/* Brings s->s and s->sq up to date. */
static int spectrum(struct adele *ctx, struct sfactor *s)
{
    uint64_t stamp = adele_stamp(ctx);
    if (!s->base.fresh && stamp && s->stamp == stamp)
        return ADELE_OK;
    s->stamp = 0;
    s->sq = s->noise = 0;
    memset(s->s, 0, (size_t)s->ncell * sizeof *s->s);
    for (int k = 0; k < s->of.n; k++) {
        int status = column_get(ctx, &s->column[k], s->x);
        if (status)
            return status;
        add_component(ctx, s);
    }
    if (s->at_q >= 0)
        s->sq = s->s[s->at_q];
    s->stamp = stamp;
    return ADELE_OK;
}

/* sum_k S |k - Q| and sum_k S inside the window. */
static void moments(const struct sfactor *s, double *first, double *total)
{
    const int *n = s->fourier.n;
    int64_t nrow = (int64_t)n[1] * n[2];
    double limit = s->window > 0 ? s->window : INFINITY;
#pragma omp parallel for schedule(static) if (s->ncell >= PARALLEL_MIN)
    for (int64_t row = 0; row < nrow; row++) {
        double sum = 0, weighted = 0;
        for (int64_t k = row * n[0]; k < (row + 1) * n[0]; k++) {
            if (s->distance[k] > limit)
                continue;
            sum += s->s[k];
            weighted += s->s[k] * s->distance[k];
        }
        s->part[row] = weighted;
        s->part[nrow + row] = sum;
    }
    *first = sum_array(s->part, nrow);
    *total = sum_array(s->part + nrow, nrow);
}

static int vector(struct adele *ctx, struct compute *c)
{
    struct sfactor *s = (struct sfactor *)c;
    int status = spectrum(ctx, s);
    if (!status)
        status = outputs_vector(ctx, &c->out, 3);
    if (status)
        return status;
    double first, total;
    moments(s, &first, &total);
    c->out.vector[0] = s->sq;
    /* what rounding leaves of a uniform field, and beside a perfect peak */
    if (total <= s->noise)
        c->out.vector[1] = 0;
    else
        c->out.vector[1] = first <= 1e-20 * total ? INFINITY : total / first;
    c->out.vector[2] = total;
    return ADELE_OK;
}

static int whole_map(struct adele *ctx, struct sfactor *s)
{
    const int *n = s->fourier.n;
    int status = outputs_array(ctx, &s->base.out, s->ncell, 5);
    if (status)
        return status;
    int64_t nrow = (int64_t)n[1] * n[2];
#pragma omp parallel for schedule(static) if (s->ncell >= PARALLEL_MIN)
    for (int64_t row = 0; row < nrow; row++)
        for (int i = 0; i < n[0]; i++) {
            int m[3] = {i, (int)(row % n[1]), (int)(row / n[1])};
            int64_t k = row * n[0] + i;
            double *out = s->base.out.array + 5 * k;
            out[4] = wave_vector(s, m, out);
            out[3] = s->s[k];
        }
    return ADELE_OK;
}

static int profile(struct adele *ctx, struct sfactor *s)
{
    int status = outputs_array(ctx, &s->base.out, s->nbin, 3);
    if (status)
        return status;
    double *row = s->base.out.array, limit = s->window;
    for (int64_t j = 0; j < 3 * s->nbin; j++)
        row[j] = 0;
    for (int64_t k = 0; !(s->window > 0) && k < s->ncell; k++)
        limit = fmax(limit, s->distance[k]);
    double width = limit > 0 ? limit / (double)s->nbin : 1;

    for (int64_t k = 0; k < s->ncell; k++) {
        if (s->distance[k] > limit)
            continue;
        int64_t j = (int64_t)(s->distance[k] / width);
        double *ring = row + 3 * (j < s->nbin ? j : s->nbin - 1);
        ring[0] += s->distance[k];
        ring[1] += s->s[k];
        ring[2] += 1;
    }
    for (int64_t j = 0; j < s->nbin; j++) {
        double *ring = row + 3 * j;
        bool empty = !(ring[2] > 0);
        ring[0] = empty ? width * ((double)j + 0.5) : ring[0] / ring[2];
        ring[1] = empty ? 0 : ring[1] / ring[2];
    }
    return ADELE_OK;
}

static int array(struct adele *ctx, struct compute *c)
{
    struct sfactor *s = (struct sfactor *)c;
    int status = spectrum(ctx, s);
    if (status)
        return status;
    return s->nbin ? profile(ctx, s) : whole_map(ctx, s);
}

const struct compute_style compute_sfactor = {
    .style = {STYLE_HEAD(compute, "sfactor", struct sfactor),
              .summary = "structure factor and length of the order",
              .cite = "Cheng2023", .args = args, .outputs = outputs,
              .init = init, .fini = fini},
    .need = need,
    .vector = vector,
    .array = array,
};

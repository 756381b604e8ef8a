/* Correlation function of a per-site quantity x, or of a vector of several,

       C(r) = <x_0 . x_r>,

   the mean of x_i x_j over all pairs of sites of the group that are r apart:
   along the lattice vectors (pairs of one sublattice), or around a circle
   (sphere), in rings of a given width whose first is centred at r = 0.
   `connected yes` takes the mean of x off first, `normalize yes` divides by
   <x^2>.  Sums over pairs are inverse Fourier transforms of products of
   spectra (FFTW), open axes padded with zeros to twice their length; r is the
   nearest image along periodic axes.

       compute C all correlation q
       compute R all correlation c_phi along radial width 0.5 max 20
       compute M all correlation c_m[1] c_m[2] along radial                  */

#include <math.h>

#include "base/mem.h"
#include "base/parallel.h"
#include "base/sum.h"
#include "la/fourier.h"
#include "plug/column.h"
#include "plug/compute.h"
#include "plug/model.h"

enum along { ALONG_AXES, ALONG_A1, ALONG_A2, ALONG_A3, ALONG_RADIAL };
static const char *const along_names[] = {"axes", "a1",     "a2",
                                          "a3",   "radial", NULL};

enum { ROWS_MAX = 10000000 };

struct correlation {
    struct compute base;
    struct arg_list of;
    int along;
    bool connected, normalize;
    double max;   /* 0: default */
    double width; /* of a ring */

    struct column column[MODEL_COMPONENT_MAX]; /* [of.n] */
    struct fourier fourier;
    double complex *spectrum; /* [nbasis][nwave] */
    double *x;                /* [nlocal] */
    double *distance;         /* [nreal] |r| of a pair of sublattices */
    int pair;                 /* that pair, b*nbasis + b'; -1: none yet */
    int64_t nrow;
};

static const struct arg args[] = {
    {ARG_LIST, "COLUMN", AT(struct correlation, of), .bounded = true, .min = 1,
     .max = MODEL_COMPONENT_MAX, .syntax = "COLUMN ...",
     .doc = "the quantity, or the components of a vector: q, density (or n), "
            "other columns, c_ID, f_ID or v_name"},
    {ARG_CHOICE, "along", AT(struct correlation, along), .key = true,
     .def = "axes", .choice = along_names,
     .doc = "mean over the lattice vectors, one of them, or rings"},
    {ARG_BOOL, "connected", AT(struct correlation, connected), .key = true,
     .def = "no", .doc = "subtract the mean of the group first"},
    {ARG_BOOL, "normalize", AT(struct correlation, normalize), .key = true,
     .def = "no", .doc = "divide by <x^2>, so that C(0) = 1"},
    {ARG_NUMBER, "max", AT(struct correlation, max), .key = true,
     .positive = true, .unit = "length",
     .doc = "largest r; by default half of a periodic length, all of an open "
            "one, and the shortest of these for rings"},
    {ARG_NUMBER, "width", AT(struct correlation, width), .key = true,
     .positive = true, .def = "1.0", .unit = "length",
     .doc = "width of the rings"},
    {0}};

static const struct output outputs[] = {
    {OUT_ARRAY, "[i][1]", "r", "length", false,
     "distance (the mean of a ring)"},
    {OUT_ARRAY, "[i][2]", "C", "", false, "correlation"},
    {OUT_ARRAY, "[i][3]", "count", "", true,
     "number of ordered pairs that it is the mean of"},
    {0}};

/* The longest way along an axis, in cells. */
static int reach(const struct lattice *lat, int axis)
{
    return lat->periodic[axis] ? lat->n[axis] / 2 : lat->n[axis] - 1;
}

static double vector_length(const struct lattice *lat, int axis)
{
    const double *a = lat->shape.a[axis];
    return sqrt(a[0] * a[0] + a[1] * a[1] + a[2] * a[2]);
}

static bool uses_axis(const struct correlation *s, int axis)
{
    return s->along == ALONG_AXES || s->along == ALONG_A1 + axis;
}

static int64_t count_rows(const struct correlation *s,
                          const struct lattice *lat)
{
    double longest = 0, shortest = INFINITY;
    int cells = 0;
    for (int a = 0; a < lat->shape.dim; a++) {
        double half = lat->periodic[a] ? 0.5 * lat->n[a] : lat->n[a] - 1;
        longest += lat->n[a] * vector_length(lat, a);
        if (lat->n[a] > 1)
            shortest = fmin(shortest, half * vector_length(lat, a));
        if (uses_axis(s, a) && reach(lat, a) > cells)
            cells = reach(lat, a);
    }
    double max = s->max > 0 ? fmin(s->max, longest) : shortest;
    if (!isfinite(max))
        max = 0; /* one cell */
    if (s->along == ALONG_RADIAL)
        return (int64_t)floor(fmin(max / s->width + 1e-9, 1e9)) + 1;
    if (s->max > 0 && s->max < cells * vector_length(lat, 0))
        cells = (int)(s->max / vector_length(lat, 0) + 1e-9);
    return cells + 1;
}

static int init(struct adele *ctx, void *self)
{
    struct correlation *s = self;
    const struct lattice *lat = ctx->lat;
    s->pair = -1;
    int status = need_lattice(ctx);
    for (int k = 0; !status && k < s->of.n; k++) {
        status = compute_column(ctx, &s->of.word[k], &s->column[k]);
        if (!status && compute_input_fresh(ctx, &s->column[k]))
            s->base.fresh = true;
    }
    if (status)
        return status;
    if (s->along >= ALONG_A1 && s->along <= ALONG_A3 &&
        s->along - ALONG_A1 >= lat->shape.dim)
        return err_deck(ctx, NULL,
                        "compute correlation: the %s lattice has no lattice "
                        "vector %s",
                        lat->shape.name, along_names[s->along]);
    s->nrow = count_rows(s, lat);
    if (s->nrow > ROWS_MAX)
        return err_deck(ctx, NULL,
                        "compute correlation: rings of width %g up to the "
                        "largest distance are more than %d; choose a larger "
                        "width or a smaller max",
                        s->width, ROWS_MAX);

    int n[3];
    for (int a = 0; a < 3; a++) {
        bool pad = !lat->periodic[a] && lat->n[a] > 1;
        if (pad && lat->n[a] > INT32_MAX / 2)
            return err_memory(ctx, "compute correlation", 16.0 * lat->n[a]);
        n[a] = pad ? 2 * lat->n[a] : lat->n[a];
    }
    bool ok = fourier_init(&s->fourier, n) == 0;
    size_t nbasis = (size_t)lat->shape.nbasis;
    s->x = mem_alloc((size_t)lat->nlocal, sizeof *s->x);
    if (ok) {
        s->spectrum =
            mem_alloc(nbasis * (size_t)s->fourier.nwave, sizeof *s->spectrum);
        s->distance = mem_alloc((size_t)s->fourier.nreal, sizeof *s->distance);
    }
    if (ok && s->x && s->spectrum && s->distance)
        return ADELE_OK;
    return err_memory(ctx, "compute correlation",
                      8.0 * (3 + (double)nbasis) * n[0] * n[1] * n[2]);
}

static void fini(struct adele *ctx, void *self)
{
    (void)ctx;
    struct correlation *s = self;
    for (int k = 0; k < MODEL_COMPONENT_MAX; k++)
        column_free(&s->column[k]);
    fourier_fini(&s->fourier);
    mem_free(s->spectrum);
    mem_free(s->x);
    mem_free(s->distance);
    outputs_fini(&s->base.out);
}

static unsigned need(struct adele *ctx, struct compute *c)
{
    const struct correlation *s = (const struct correlation *)c;
    unsigned need = 0;
    for (int k = 0; k < s->of.n; k++)
        need |= column_need(ctx, &s->column[k]);
    return need;
}

/* The spectra of s->x, one for each sublattice. */
static void transform(struct correlation *s, const struct lattice *lat)
{
    struct fourier *f = &s->fourier;
    int nbasis = lat->shape.nbasis;
    int64_t nrow = (int64_t)f->n[1] * f->n[2];
    for (int b = 0; b < nbasis; b++) {
#pragma omp parallel for schedule(static) if (f->nreal >= PARALLEL_MIN)
        for (int64_t row = 0; row < nrow; row++) {
            int64_t y = row % f->n[1], z = row / f->n[1];
            bool inside = y < lat->n[1] && z < lat->n[2];
            int64_t first = (z * lat->n[1] + y) * lat->n[0];
            for (int x = 0; x < f->n[0]; x++)
                f->real[row * f->n[0] + x] =
                    inside && x < lat->n[0] ? s->x[(first + x) * nbasis + b]
                                            : 0;
        }
        fourier_forward(f);
        for (int64_t k = 0; k < f->nwave; k++)
            s->spectrum[b * f->nwave + k] = f->wave[k];
    }
}

/* fourier.real[d] = sum over cells R of x_b(R) x_to(R + d); b < 0: summed over
   pairs of equal sublattices. */
static void correlate(struct correlation *s, int nbasis, int b, int to)
{
    struct fourier *f = &s->fourier;
    double scale = 1 / (double)f->nreal;
#pragma omp parallel for schedule(static) if (f->nwave >= PARALLEL_MIN)
    for (int64_t k = 0; k < f->nwave; k++) {
        double complex sum = 0;
        for (int i = b < 0 ? 0 : b; i < (b < 0 ? nbasis : b + 1); i++) {
            int j = b < 0 ? i : to;
            sum += conj(s->spectrum[i * f->nwave + k]) *
                   s->spectrum[j * f->nwave + k];
        }
        f->wave[k] = scale * sum;
    }
    fourier_backward(f);
}

/* fourier.real[d] = how many pairs there are, when the group is `all`. */
static void count_all(struct correlation *s, const struct lattice *lat,
                      int times)
{
    struct fourier *f = &s->fourier;
    int64_t nrow = (int64_t)f->n[1] * f->n[2];
#pragma omp parallel for schedule(static) if (f->nreal >= PARALLEL_MIN)
    for (int64_t row = 0; row < nrow; row++)
        for (int x = 0; x < f->n[0]; x++) {
            int d[3] = {x, (int)(row % f->n[1]), (int)(row / f->n[1])};
            double pairs = times;
            for (int a = 0; a < 3; a++) {
                int far = d[a] <= f->n[a] / 2 ? d[a] : f->n[a] - d[a];
                bool open = f->n[a] != lat->n[a];
                pairs *= open ? lat->n[a] - far : lat->n[a];
            }
            f->real[row * f->n[0] + x] = pairs;
        }
}

/* |r| of cell offset d, from sublattice b to `to`: the nearest image. */
static double pair_distance(const struct correlation *s,
                            const struct lattice *lat, const int d[3], int b,
                            int to)
{
    const struct lattice_shape *shape = &lat->shape;
    double base[3], best = INFINITY;
    int cell[3], wrap[3];
    for (int a = 0; a < 3; a++) {
        bool around = lat->periodic[a] && lat->n[a] > 1;
        cell[a] = d[a] <= s->fourier.n[a] / 2 ? d[a] : d[a] - s->fourier.n[a];
        wrap[a] = around ? 1 : 0;
    }
    for (int c = 0; c < 3; c++)
        base[c] = cell[0] * shape->a[0][c] + cell[1] * shape->a[1][c] +
                  cell[2] * shape->a[2][c] + shape->basis[to][c] -
                  shape->basis[b][c];
    for (int i = -wrap[0]; i <= wrap[0]; i++)
        for (int j = -wrap[1]; j <= wrap[1]; j++)
            for (int k = -wrap[2]; k <= wrap[2]; k++) {
                double square = 0;
                for (int c = 0; c < 3; c++) {
                    double x = base[c] + i * lat->n[0] * shape->a[0][c] +
                               j * lat->n[1] * shape->a[1][c] +
                               k * lat->n[2] * shape->a[2][c];
                    square += x * x;
                }
                best = fmin(best, square);
            }
    return sqrt(best);
}

static void fill_distances(struct correlation *s, const struct lattice *lat,
                           int b, int to)
{
    const int *n = s->fourier.n;
    int pair = b * lat->shape.nbasis + to;
    if (s->pair == pair)
        return;
    s->pair = pair;
    int64_t nrow = (int64_t)n[1] * n[2];
#pragma omp parallel for schedule(static) if (s->fourier.nreal >= PARALLEL_MIN)
    for (int64_t row = 0; row < nrow; row++)
        for (int x = 0; x < n[0]; x++) {
            int d[3] = {x, (int)(row % n[1]), (int)(row / n[1])};
            s->distance[row * n[0] + x] = pair_distance(s, lat, d, b, to);
        }
}

/* Adds fourier.real to rings: column 1 of the table for x, columns 0 and 2 for
   counts, which are whole numbers. */
static void add_rings(const struct correlation *s, double *table, bool counts)
{
    for (int64_t d = 0; d < s->fourier.nreal; d++) {
        double ring = floor(s->distance[d] / s->width + 0.5 + 1e-9);
        if (ring >= (double)s->nrow)
            continue;
        double *row = table + 3 * (int64_t)ring;
        if (!counts) {
            row[1] += s->fourier.real[d];
            continue;
        }
        double pairs = floor(s->fourier.real[d] + 0.5);
        row[0] += pairs * s->distance[d];
        row[2] += pairs;
    }
}

static void add_axes(const struct correlation *s, const struct lattice *lat,
                     double *table, bool counts)
{
    const int *n = s->fourier.n;
    const int64_t stride[3] = {1, n[0], (int64_t)n[0] * n[1]};
    bool origin = false;
    for (int a = 0; a < 3; a++) {
        if (a >= lat->shape.dim || !uses_axis(s, a))
            continue;
        for (int m = origin ? 1 : 0; m <= reach(lat, a) && m < s->nrow; m++) {
            double *row = table + 3 * m, value = s->fourier.real[m * stride[a]];
            if (counts) {
                row[0] += floor(value + 0.5) * m * vector_length(lat, a);
                row[2] += floor(value + 0.5);
            } else {
                row[1] += value;
            }
        }
        origin = true;
    }
}

/* Adds the pair sums of what transform() took, or, with all_counts, the
   numbers of pairs of all sites. */
static void add_pairs(struct correlation *s, const struct lattice *lat,
                      double *table, bool counts, bool all_counts)
{
    int nbasis = lat->shape.nbasis;
    if (s->along != ALONG_RADIAL) {
        if (all_counts)
            count_all(s, lat, nbasis);
        else
            correlate(s, nbasis, -1, -1);
        add_axes(s, lat, table, counts);
        return;
    }
    for (int b = 0; b < nbasis; b++)
        for (int to = 0; to < nbasis; to++) {
            if (all_counts)
                count_all(s, lat, 1);
            else
                correlate(s, nbasis, b, to);
            fill_distances(s, lat, b, to);
            add_rings(s, table, counts);
        }
}

/* Component k of the input, its mean taken off; *square += <x^2>. */
static int prepare(struct adele *ctx, struct correlation *s, int k,
                   double *square)
{
    int64_t n = ctx->lat->nlocal;
    int status = column_get(ctx, &s->column[k], s->x);
    if (status)
        return status;
    double members = (double)groups_count(&ctx->groups, s->base.head.group);
    compute_mask(ctx, &s->base, s->x);
    if (s->connected && members > 0) {
        double mean = sum_array(s->x, n) / members;
        for (int64_t i = 0; i < n; i++)
            s->x[i] -= mean;
        compute_mask(ctx, &s->base, s->x);
    }
    *square += members > 0 ? sum_squares(s->x, n) / members : 0;
    return ADELE_OK;
}

static int array(struct adele *ctx, struct compute *c)
{
    struct correlation *s = (struct correlation *)c;
    const struct lattice *lat = ctx->lat;
    double square = 0;
    int status = outputs_array(ctx, &c->out, s->nrow, 3);
    if (status)
        return status;
    double *table = c->out.array;
    for (int64_t k = 0; k < 3 * s->nrow; k++)
        table[k] = 0;
    for (int k = 0; k < s->of.n; k++) {
        if ((status = prepare(ctx, s, k, &square)))
            return status;
        transform(s, lat);
        add_pairs(s, lat, table, false, false);
    }
    bool all = c->head.group == 0;
    if (!all) {
        for (int64_t i = 0; i < lat->nlocal; i++)
            s->x[i] = 1;
        compute_mask(ctx, c, s->x);
        transform(s, lat);
    }
    add_pairs(s, lat, table, true, all);

    double unit = s->normalize && square > 0 ? square : 1;
    for (int64_t k = 0; k < s->nrow; k++) {
        double *row = table + 3 * k, pairs = row[2];
        row[0] = pairs > 0 ? row[0] / pairs : (double)k * s->width;
        row[1] = pairs > 0 ? row[1] / (pairs * unit) : 0;
    }
    return ADELE_OK;
}

const struct compute_style compute_correlation = {
    .style = {STYLE_HEAD(compute, "correlation", struct correlation),
              .summary = "correlation function", .args = args,
              .outputs = outputs, .init = init, .fini = fini},
    .need = need,
    .array = array,
};

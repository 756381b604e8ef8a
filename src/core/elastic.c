/* Harmonic energies over rows: see core/elastic.h. */

#include "core/elastic.h"

#include <lapacke.h>
#include <math.h>

#include "base/mem.h"
#include "base/parallel.h"
#include "base/sum.h"

enum { ROW_PIECE = 512, OPEN_MAX = 500 };

int elastic_reserve(struct elastic *e, const struct lattice *lat, int ncomp)
{
    int64_t rows =
        (int64_t)lat->local[1] * lat->local[2] * lat->shape.nbasis * ncomp;
    if (e->nrow == rows)
        return 0;
    double *p = mem_resize(e->row_energy, (size_t)rows, sizeof *p);
    if (!p)
        return -1;
    e->row_energy = p;
    e->nrow = rows;
    return 0;
}

void elastic_fini(struct elastic *e)
{
    mem_free(e->row_energy);
    e->row_energy = NULL;
    e->nrow = 0;
}

static void row_start(const double *restrict q, double *restrict f, int n,
                      double k)
{
#pragma omp simd
    for (int x = 0; x < n; x++)
        f[x] = -k * q[x];
}

/* The same with the first two neighbours: one pass over f less. */
static void row_start_two(const double *restrict q, const double *restrict a,
                          const double *restrict b, double *restrict f, int n,
                          double k, double kappa)
{
#pragma omp simd
    for (int x = 0; x < n; x++)
        f[x] = -k * q[x] - kappa * (a[x] + b[x]);
}

static void row_one(const double *restrict a, double *restrict f, int n,
                    double kappa)
{
#pragma omp simd
    for (int x = 0; x < n; x++)
        f[x] -= kappa * a[x];
}

static void row_two(const double *restrict a, const double *restrict b,
                    double *restrict f, int n, double kappa)
{
#pragma omp simd
    for (int x = 0; x < n; x++)
        f[x] -= kappa * (a[x] + b[x]);
}

static double row_product(const double *restrict q, const double *restrict f,
                          int n)
{
    double sum = 0;
#pragma omp simd reduction(+ : sum)
    for (int x = 0; x < n; x++)
        sum += q[x] * f[x];
    return sum;
}

/* A spring to one neighbour; past the end of an open axis there is none. */
struct spring {
    ptrdiff_t offset;
    int cell; /* along the row: -1, 0, 1 */
};

struct row {
    const double *q;
    double *f; /* NULL: not asked for */
    int length, n;
    const ptrdiff_t *offset; /* [n], to the neighbours */
    int nspring;
    struct spring spring[2];
    bool periodic; /* along the row */
    bool energy;
};

static void row_spring(const double *restrict q, const double *restrict a,
                       double *restrict f, int first, int end, double spring)
{
#pragma omp simd
    for (int x = first; x < end; x++)
        f[x] += spring * (a[x] - q[x]);
}

/* Sites x .. x + n - 1 of the row. */
static void add_springs(const struct row *r, int x, int n, double *f,
                        double spring)
{
    for (int j = 0; j < r->nspring; j++) {
        const struct spring *s = &r->spring[j];
        bool ends = s->cell != 0 && !r->periodic;
        int first = ends && s->cell < 0 && x == 0;
        int end = n - (ends && s->cell > 0 && x + n == r->length);
        row_spring(r->q + x, r->q + x + s->offset, f, first, end, spring);
    }
}

/* Forces by pieces that stay in the first cache, and E = -sum q f / 2. */
static double row_elastic(const struct row *r, double k, double kappa,
                          double spring)
{
    double scratch[ROW_PIECE], energy = 0;
    for (int x = 0; x < r->length; x += ROW_PIECE) {
        int n = r->length - x < ROW_PIECE ? r->length - x : ROW_PIECE, j;
        const double *q = r->q + x;
        double *f = r->f ? r->f + x : scratch;
        if (r->n < 2)
            row_start(q, f, n, k);
        else
            row_start_two(q, q + r->offset[0], q + r->offset[1], f, n, k,
                          kappa);
        for (j = r->n < 2 ? 0 : 2; j + 2 <= r->n; j += 2)
            row_two(q + r->offset[j], q + r->offset[j + 1], f, n, kappa);
        if (j < r->n)
            row_one(q + r->offset[j], f, n, kappa);
        add_springs(r, x, n, f, spring);
        if (r->energy)
            energy -= 0.5 * row_product(q, f, n);
    }
    return energy;
}

static int stencil_offsets(const struct field *q, int b, ptrdiff_t *offset)
{
    const struct stencil *s = &q->lat->nearest;
    for (int j = 0; j < s->n[b]; j++) {
        const struct stencil_site *to = &s->site[b][j];
        offset[j] = (to->to - b) * q->stride_basis;
        for (int axis = 0; axis < 3; axis++)
            offset[j] += to->cell[axis] * q->stride[axis];
    }
    return s->n[b];
}

/* The springs of the sites of a row. */
static void row_springs(const struct field *q, int64_t row, int axis,
                        struct row *r)
{
    const struct lattice *lat = q->lat;
    int64_t y = row % lat->local[1], z = row / lat->local[1];
    int64_t at = axis == 1 ? y : z;
    bool open = axis == 1 ? !lat->periodic[1] : axis == 2 && !lat->periodic[2];
    r->nspring = 0;
    r->periodic = lat->periodic[0];
    if (lat->n[axis] == 1)
        return;
    for (int way = -1; way <= 1; way += 2) {
        int64_t to = at + way;
        if (open && (to < 0 || to >= lat->n[axis]))
            continue;
        r->spring[r->nspring++] =
            (struct spring){way * q->stride[axis], axis == 0 ? way : 0};
    }
}

static void sublattice_rows(struct elastic *e, const struct field *q,
                            const double *from, double *to,
                            const struct field *force, const struct row *all,
                            int axis, double *row_energy)
{
    int64_t rows = field_nrow(q);
#pragma omp parallel for schedule(static) if (q->lat->nlocal >= PARALLEL_MIN)
    for (int64_t k = 0; k < rows; k++) {
        struct row row = *all;
        row.q = from + field_row(q, k);
        row.f = to ? to + field_row(force, k) : NULL;
        if (e->spring != 0)
            row_springs(q, k, axis, &row);
        row_energy[k] = row_elastic(&row, e->k, e->kappa, e->spring);
    }
}

void elastic_component(struct elastic *e, struct field *q, int comp, int axis,
                       struct field *force, bool energy)
{
    int nb = q->lat->shape.nbasis;
    int64_t rows = field_nrow(q);
    for (int b = 0; b < nb; b++) {
        ptrdiff_t offset[ELASTIC_NEIGHBOUR_MAX];
        struct row all = {.length = q->lat->local[0],
                          .n = stencil_offsets(q, b, offset),
                          .offset = offset,
                          .energy = energy};
        const double *from = field_halo(q, comp, b);
        double *to = force ? field_write(force, comp, b) : NULL;
        sublattice_rows(e, q, from, to, force, &all, axis,
                        e->row_energy + (comp * nb + b) * rows);
    }
}

double elastic_energy(const struct elastic *e)
{
    return sum_array(e->row_energy, e->nrow);
}

/* Smallest eigenvalue of one axis alone: hopping c, d on the diagonal for each
   bond of a site. */
static double axis_minimum(int n, bool periodic, double c, double d)
{
    if (n == 1)
        return 0;
    int half = n / 2; /* the wave number next to pi */
    if (periodic)
        return 2 * d + 2 * c * cos(c < 0 ? 0 : 2 * M_PI * half / n);
    double diagonal[OPEN_MAX], off[OPEN_MAX], w[OPEN_MAX];
    lapack_int m, nsplit, block[OPEN_MAX], split[OPEN_MAX];
    n = n < OPEN_MAX ? n : OPEN_MAX;
    for (int i = 0; i < n; i++) {
        diagonal[i] = i == 0 || i == n - 1 ? d : 2 * d;
        off[i] = c;
    }
    LAPACKE_dstebz('I', 'E', n, 0, 0, 1, 1, 0, diagonal, off, &m, &nsplit, w,
                   block, split);
    return w[0];
}

double elastic_minimum(const struct elastic *e, const struct lattice *lat,
                       int axis)
{
    double least = e->k;
    if (e->spring == 0)
        return lattice_elastic_minimum(lat, e->k, e->kappa);
    for (int i = 0; i < lat->shape.dim; i++) {
        double s = i == axis ? e->spring : 0;
        least += axis_minimum(lat->n[i], lat->periodic[i], e->kappa - s, s);
    }
    return least;
}

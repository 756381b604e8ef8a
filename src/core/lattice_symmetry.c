/* The point group of a lattice and what is left of it in a finite one.

   An operation x -> m x + t in fractional coordinates is kept when m is an
   integer matrix that preserves the metric, m^T G m = G with G_ij = a_i . a_j,
   and the translation t carries the set of sites to itself.  For each m all
   such t are taken, modulo lattice vectors; the lattice vector is then chosen
   so that all operations share a fixed point when there is one (a site of a
   Bravais lattice, the hexagon centre of the honeycomb), so that they form a
   group by composition and not only up to translations.

   Polar axes leave the operations whose row of m is that of the identity, so
   that a cell's coordinate along them stays what it is.

   A finite lattice with boundaries keeps an operation when m carries the
   periods n_j a_j to periods and, after a translation, every open axis to its
   own range of cells. */

#include "core/lattice_symmetry.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "base/parallel.h"

/* Fractional coordinates and metrics are of order one; so is this far above
   rounding and far below any fraction that a lattice has. */
static const double SAME = 1e-6;

enum { CANDIDATE_MAX = 64, REACH = 4 };

struct point_group {
    struct lattice *lat;
    double metric[3][3];
    double inverse[3][3];               /* of the matrix of columns a_j */
    double basis[LATTICE_BASIS_MAX][3]; /* fractional */
    double (*translation)[3];           /* t of each operation */
    int capacity;
};

/* Integer vectors whose length is that of a_axis: where a_axis can go. */
static int candidates(const struct point_group *g, int axis,
                      int out[CANDIDATE_MAX][3])
{
    int n = 0, dim = g->lat->shape.dim, range[3] = {0}, v[3];
    for (int i = 0; i < dim; i++)
        range[i] = REACH;
    for (v[2] = -range[2]; v[2] <= range[2]; v[2]++)
        for (v[1] = -range[1]; v[1] <= range[1]; v[1]++)
            for (v[0] = -range[0]; v[0] <= range[0]; v[0]++) {
                double square = 0;
                for (int i = 0; i < 3; i++)
                    for (int j = 0; j < 3; j++)
                        square += v[i] * g->metric[i][j] * v[j];
                if (fabs(square - g->metric[axis][axis]) < SAME &&
                    n < CANDIDATE_MAX)
                    memcpy(out[n++], v, sizeof v);
            }
    return n;
}

static bool preserves_metric(const struct point_group *g, int m[3][3])
{
    for (int a = 0; a < 3; a++)
        for (int b = 0; b <= a; b++) {
            double product = 0;
            for (int i = 0; i < 3; i++)
                for (int j = 0; j < 3; j++)
                    product += m[i][a] * g->metric[i][j] * m[j][b];
            if (fabs(product - g->metric[a][b]) > SAME)
                return false;
        }
    return true;
}

static void apply(int m[3][3], const double x[3], double out[3])
{
    for (int i = 0; i < 3; i++)
        out[i] = m[i][0] * x[0] + m[i][1] * x[1] + m[i][2] * x[2];
}

/* Whether x is an integer vector; *out gets it. */
static bool integral(const double x[3], int out[3])
{
    for (int i = 0; i < 3; i++) {
        double nearest = round(x[i]);
        if (fabs(x[i] - nearest) > SAME)
            return false;
        out[i] = (int)nearest;
    }
    return true;
}

/* Where each sublattice goes under m x + t; false when one meets no site. */
static bool map_sublattices(const struct point_group *g, struct lattice_op *op,
                            const double t[3])
{
    int nbasis = g->lat->shape.nbasis;
    for (int b = 0; b < nbasis; b++) {
        double image[3];
        apply(op->m, g->basis[b], image);
        int to = 0;
        for (; to < nbasis; to++) {
            double gap[3];
            for (int i = 0; i < 3; i++)
                gap[i] = image[i] + t[i] - g->basis[to][i];
            if (integral(gap, op->shift[b]))
                break;
        }
        if (to == nbasis)
            return false;
        op->to[b] = to;
    }
    return true;
}

/* Cartesian matrix R = C m C^-1 with C the columns a_j. */
static void cartesian(const struct point_group *g, struct lattice_op *op)
{
    for (int x = 0; x < 3; x++)
        for (int y = 0; y < 3; y++) {
            double sum = 0;
            for (int i = 0; i < 3; i++)
                for (int j = 0; j < 3; j++)
                    sum +=
                        g->lat->shape.a[i][x] * op->m[i][j] * g->inverse[j][y];
            op->r[x][y] = sum;
        }
}

static int append(struct point_group *g, const struct lattice_op *op,
                  const double t[3])
{
    struct lattice *lat = g->lat;
    if (lat->nop == g->capacity) {
        int more = 2 * g->capacity + 16;
        void *ops = mem_resize(lat->op, (size_t)more, sizeof *lat->op);
        if (!ops)
            return -1;
        lat->op = ops;
        void *ts =
            mem_resize(g->translation, (size_t)more, sizeof *g->translation);
        if (!ts)
            return -1;
        g->translation = ts;
        g->capacity = more;
    }
    memcpy(g->translation[lat->nop], t, sizeof g->translation[0]);
    lat->op[lat->nop++] = *op;
    return 0;
}

/* All operations with the rotation m: sublattice 0 may go to any other. */
static int add_rotation(struct point_group *g, int m[3][3])
{
    struct lattice_op op = {0};
    memcpy(op.m, m, sizeof op.m);
    cartesian(g, &op);
    for (int to = 0; to < g->lat->shape.nbasis; to++) {
        double image[3], t[3];
        apply(op.m, g->basis[0], image);
        for (int i = 0; i < 3; i++)
            t[i] = g->basis[to][i] - image[i];
        if (map_sublattices(g, &op, t) && append(g, &op, t))
            return -1;
    }
    return 0;
}

/* Whether every operation leaves x where it is up to a lattice vector, which
   is then taken into the shifts when `commit`. */
static bool fixes(struct point_group *g, const double x[3], bool commit)
{
    struct lattice *lat = g->lat;
    for (int k = 0; k < lat->nop; k++) {
        struct lattice_op *op = &lat->op[k];
        double image[3], gap[3];
        int vector[3];
        apply(op->m, x, image);
        for (int i = 0; i < 3; i++)
            gap[i] = x[i] - image[i] - g->translation[k][i];
        if (!integral(gap, vector))
            return false;
        for (int b = 0; commit && b < lat->shape.nbasis; b++)
            for (int i = 0; i < 3; i++)
                op->shift[b][i] += vector[i];
    }
    return true;
}

static bool is_inversion(const struct lattice *lat, const struct lattice_op *op)
{
    for (int i = 0; i < lat->shape.dim; i++)
        for (int j = 0; j < lat->shape.dim; j++)
            if (op->m[i][j] != (i == j ? -1 : 0))
                return false;
    return true;
}

/* Moves all operations to a common fixed point: site 0, or one of the points
   (t + L)/2 that the inversion leaves in place.  Without one they stay as
   they are. */
static void choose_centre(struct point_group *g)
{
    struct lattice *lat = g->lat;
    if (fixes(g, g->basis[0], false)) {
        fixes(g, g->basis[0], true);
        return;
    }
    for (int k = 0; k < lat->nop; k++) {
        if (!is_inversion(lat, &lat->op[k]))
            continue;
        for (int corner = 0; corner < 1 << lat->shape.dim; corner++) {
            double x[3];
            for (int i = 0; i < 3; i++)
                x[i] = (g->translation[k][i] + (corner >> i & 1)) / 2;
            if (fixes(g, x, false)) {
                fixes(g, x, true);
                return;
            }
        }
    }
}

static void describe(struct point_group *g)
{
    const struct lattice *lat = g->lat;
    double b[3][3];
    lattice_reciprocal(lat, b);
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 3; j++) {
            g->inverse[i][j] = b[i][j] / (2 * M_PI);
            for (int x = 0; x < 3; x++)
                g->metric[i][j] += lat->shape.a[i][x] * lat->shape.a[j][x];
        }
    for (int s = 0; s < lat->shape.nbasis; s++)
        for (int i = 0; i < 3; i++)
            for (int x = 0; x < 3; x++)
                g->basis[s][i] += g->inverse[i][x] * lat->shape.basis[s][x];
}

bool lattice_op_keeps(const struct lattice_op *op, const bool polar[3])
{
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 3; j++)
            if (polar[i] && op->m[i][j] != (i == j))
                return false;
    return true;
}

static void drop_others(struct lattice *lat)
{
    int n = 0;
    for (int k = 0; k < lat->nop; k++)
        if (lattice_op_keeps(&lat->op[k], lat->shape.polar))
            lat->op[n++] = lat->op[k];
    lat->nop = n;
}

int lattice_symmetry(struct lattice *lat)
{
    struct point_group g = {.lat = lat};
    describe(&g);
    int image[3][CANDIDATE_MAX][3], n[3], status = 0;
    for (int j = 0; j < 3; j++) {
        n[j] = j < lat->shape.dim ? candidates(&g, j, image[j]) : 1;
        for (int i = 0; j >= lat->shape.dim && i < 3; i++)
            image[j][0][i] = i == j;
    }
    for (int p = 0; p < n[0] * n[1] * n[2] && !status; p++) {
        int pick[3] = {p % n[0], p / n[0] % n[1], p / n[0] / n[1]}, m[3][3];
        for (int j = 0; j < 3; j++)
            for (int i = 0; i < 3; i++)
                m[i][j] = image[j][pick[j]][i];
        if (preserves_metric(&g, m))
            status = add_rotation(&g, m);
    }
    if (!status) {
        choose_centre(&g);
        drop_others(lat);
    }
    mem_free(g.translation);
    return status;
}

/* An axis of one cell has no bonds and no ends. */
static bool is_open(const struct lattice *lat, int axis)
{
    return !lat->periodic[axis] && lat->n[axis] > 1;
}

/* Whether m maps the periods to periods and never across an open end. */
static bool keeps_periods(const struct lattice *lat,
                          const struct lattice_op *op)
{
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 3; j++) {
            if (is_open(lat, j) || op->m[i][j] == 0)
                continue;
            if (is_open(lat, i))
                return false;
            if ((int64_t)op->m[i][j] * lat->n[j] % lat->n[i] != 0)
                return false;
        }
    return true;
}

/* The translation that puts the image of every open axis on its cells. */
static bool open_translation(const struct lattice *lat,
                             const struct lattice_op *op, int64_t move[3])
{
    for (int i = 0; i < 3; i++) {
        move[i] = 0;
        if (!is_open(lat, i))
            continue;
        int64_t low = 0, high = 0;
        for (int j = 0; j < 3; j++) {
            int64_t end = (int64_t)op->m[i][j] * (lat->n[j] - 1);
            *(end < 0 ? &low : &high) += end;
        }
        if (high - low != lat->n[i] - 1)
            return false;
        for (int b = 1; b < lat->shape.nbasis; b++)
            if (op->shift[b][i] != op->shift[0][i])
                return false;
        move[i] = -low - op->shift[0][i];
    }
    return true;
}

bool lattice_permutation(const struct lattice *lat, const struct lattice_op *op,
                         int64_t *image)
{
    int64_t move[3];
    if (!keeps_periods(lat, op) || !open_translation(lat, op, move))
        return false;
#pragma omp parallel for schedule(static) if (lat->nsite >= PARALLEL_MIN)
    for (int64_t site = 0; site < lat->nsite; site++) {
        int cell[3], to[3], b;
        lattice_cell(lat, site, cell, &b);
        for (int i = 0; i < 3; i++) {
            int64_t c = op->shift[b][i] + move[i], n = lat->n[i];
            for (int j = 0; j < 3; j++)
                c += (int64_t)op->m[i][j] * cell[j];
            to[i] = (int)((c % n + n) % n);
        }
        image[site] = lattice_site(lat, to, op->to[b]);
    }
    return true;
}

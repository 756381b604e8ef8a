/* Lattice geometry: sites, stencils of neighbours by distance, reciprocal
   vectors.

   The position of sublattice b in cell c is  r = sum_j c_j a_j + basis_b.
   Everything is derived from the shape; no lattice is known by name.  A
   stencil is the set of sites of the infinite lattice at a distance in
   (rmin, rmax], with equal distances within EQUAL of each other, less those
   offsets that run along an axis of length one. */

#include "core/lattice.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "core/lattice_symmetry.h"

/* Two distances closer than this are one shell: far above rounding, far below
   the spacing of shells within any reach that fits in memory. */
static const double EQUAL = 1e-8;

/* More cells than this in one stencil are a mistake of the caller. */
static const double CELLS_MAX = 1e9;

static double dot(const double a[3], const double b[3])
{
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

static void cross(const double a[3], const double b[3], double out[3])
{
    for (int i = 0; i < 3; i++) {
        int j = (i + 1) % 3, k = (i + 2) % 3;
        out[i] = a[j] * b[k] - a[k] * b[j];
    }
}

void lattice_reciprocal(const struct lattice *lat, double b[3][3])
{
    const double(*a)[3] = lat->shape.a;
    for (int i = 0; i < 3; i++) {
        cross(a[(i + 1) % 3], a[(i + 2) % 3], b[i]);
        double scale = 2 * M_PI / dot(a[i], b[i]);
        for (int x = 0; x < 3; x++)
            b[i][x] *= scale;
    }
}

/* The Cartesian vector from sublattice `from` to sublattice `to` of the cell
   at that offset. */
static void separation(const struct lattice_shape *shape, const int cell[3],
                       int from, int to, double r[3])
{
    for (int x = 0; x < 3; x++) {
        r[x] = shape->basis[to][x] - shape->basis[from][x];
        for (int j = 0; j < 3; j++)
            r[x] += cell[j] * shape->a[j][x];
    }
}

/* The widest cell offsets that a separation of length r can have, from
   |c_i| = |v . b_i| / 2 pi <= |v| |b_i| / 2 pi.  -1: too many. */
static int cell_range(const struct lattice *lat, const bool active[3], double r,
                      int range[3])
{
    const struct lattice_shape *shape = &lat->shape;
    double spread = 0, b[3][3], cells = 1;
    for (int i = 0; i < shape->nbasis; i++)
        spread = fmax(spread, sqrt(dot(shape->basis[i], shape->basis[i])));
    lattice_reciprocal(lat, b);
    for (int i = 0; i < 3; i++) {
        double length = sqrt(dot(b[i], b[i])) / (2 * M_PI);
        double most = active[i] ? floor((r + 2 * spread) * length + EQUAL) : 0;
        cells *= 2 * most + 1;
        if (!(cells <= CELLS_MAX))
            return -1;
        range[i] = (int)most;
    }
    return 0;
}

/* The shortest distance above rmin in the infinite lattice, 0 for none. */
static double shell_above(const struct lattice *lat, double rmin)
{
    const struct lattice_shape *shape = &lat->shape;
    bool active[3];
    int range[3], c[3];
    double reach = rmin, best = 0;
    for (int i = 0; i < 3; i++) {
        active[i] = i < shape->dim;
        if (active[i])
            reach = fmax(reach, rmin + sqrt(dot(shape->a[i], shape->a[i])));
    }
    if (cell_range(lat, active, reach, range))
        return 0;
    for (c[2] = -range[2]; c[2] <= range[2]; c[2]++)
        for (c[1] = -range[1]; c[1] <= range[1]; c[1]++)
            for (c[0] = -range[0]; c[0] <= range[0]; c[0]++)
                for (int p = 0; p < shape->nbasis * shape->nbasis; p++) {
                    double r[3];
                    separation(shape, c, p / shape->nbasis, p % shape->nbasis,
                               r);
                    double d = sqrt(dot(r, r));
                    if (d > rmin + EQUAL && (best == 0 || d < best))
                        best = d;
                }
    return best;
}

/* Nearest first, then by azimuth from the x axis, then by height.  Compared
   on a grid, so that rounding cannot change the order. */
static int nearer(const void *pa, const void *pb)
{
    const double *r[2] = {((const struct stencil_site *)pa)->r,
                          ((const struct stencil_site *)pb)->r};
    long long key[2][3];
    for (int k = 0; k < 2; k++) {
        key[k][0] = llround(sqrt(dot(r[k], r[k])) / EQUAL);
        key[k][1] = llround(atan2(r[k][1], r[k][0]) / EQUAL);
        if (key[k][1] < 0)
            key[k][1] += llround(2 * M_PI / EQUAL);
        key[k][2] = llround(r[k][2] / EQUAL);
    }
    for (int i = 0; i < 3; i++)
        if (key[0][i] != key[1][i])
            return key[0][i] < key[1][i] ? -1 : 1;
    return 0;
}

/* Visits the neighbours of sublattice b; returns how many, written to `site`
   unless it is NULL. */
static int64_t stencil_collect(const struct lattice *lat, int b, double rmin,
                               double rmax, const int range[3],
                               struct stencil_site *site)
{
    const struct lattice_shape *shape = &lat->shape;
    int64_t n = 0;
    struct stencil_site s = {0};
    int *c = s.cell;
    for (c[2] = -range[2]; c[2] <= range[2]; c[2]++)
        for (c[1] = -range[1]; c[1] <= range[1]; c[1]++)
            for (c[0] = -range[0]; c[0] <= range[0]; c[0]++)
                for (s.to = 0; s.to < shape->nbasis; s.to++) {
                    separation(shape, c, b, s.to, s.r);
                    double d = sqrt(dot(s.r, s.r));
                    if (d <= rmin + EQUAL || d > rmax + EQUAL)
                        continue;
                    if (site)
                        site[n] = s;
                    n++;
                }
    return n;
}

int lattice_stencil(const struct lattice *lat, double rmin, double rmax,
                    struct stencil *out)
{
    *out = (struct stencil){0};
    bool active[3];
    int range[3];
    for (int i = 0; i < 3; i++)
        active[i] = i < lat->shape.dim && lat->n[i] > 1;
    if (cell_range(lat, active, rmax, range))
        return -1;
    for (int b = 0; b < lat->shape.nbasis; b++) {
        int64_t n = stencil_collect(lat, b, rmin, rmax, range, NULL);
        out->site[b] = mem_alloc((size_t)n, sizeof *out->site[b]);
        if (!out->site[b]) {
            stencil_free(out);
            return -1;
        }
        out->n[b] = (int)n;
        stencil_collect(lat, b, rmin, rmax, range, out->site[b]);
        qsort(out->site[b], (size_t)n, sizeof *out->site[b], nearer);
        for (int64_t k = 0; k < n; k++)
            for (int i = 0; i < 3; i++)
                if (abs(out->site[b][k].cell[i]) > out->reach[i])
                    out->reach[i] = abs(out->site[b][k].cell[i]);
    }
    return 0;
}

void stencil_free(struct stencil *s)
{
    for (int b = 0; b < LATTICE_BASIS_MAX; b++)
        mem_free(s->site[b]);
    *s = (struct stencil){0};
}

static int shells_new(struct lattice *lat)
{
    double first = shell_above(lat, 0), second = shell_above(lat, first);
    if (lattice_stencil(lat, 0, first, &lat->nearest))
        return -1;
    return lattice_stencil(lat, first, second, &lat->second);
}

struct lattice *lattice_new(const struct lattice_shape *shape, const int n[3],
                            const bool periodic[3], const char **why)
{
    static const double SITES_MAX = 4611686018427387904.0; /* 2^62 */
    double nsite = shape->nbasis;
    for (int i = 0; i < 3; i++) {
        if (n[i] < 1) {
            *why = "every length must be at least 1";
            return NULL;
        }
        nsite *= n[i];
    }
    if (nsite >= SITES_MAX) {
        *why = "the lattice has more than 2^62 sites";
        return NULL;
    }
    *why = "not enough memory for the lattice";
    struct lattice *lat = mem_zalloc(1, sizeof *lat);
    if (!lat)
        return NULL;
    lat->shape = *shape;
    lat->nsite = shape->nbasis;
    for (int i = 0; i < 3; i++) {
        lat->n[i] = i < shape->dim ? n[i] : 1;
        lat->periodic[i] = i < shape->dim ? periodic[i] : true;
        lat->local[i] = lat->n[i];
        lat->nsite *= lat->n[i];
    }
    lat->nlocal = lat->nsite;
    if (shells_new(lat) || lattice_symmetry(lat)) {
        lattice_free(lat);
        return NULL;
    }
    return lat;
}

void lattice_free(struct lattice *lat)
{
    if (!lat)
        return;
    stencil_free(&lat->nearest);
    stencil_free(&lat->second);
    mem_free(lat->op);
    mem_free(lat);
}

void lattice_cell(const struct lattice *lat, int64_t site, int cell[3], int *b)
{
    *b = (int)(site % lat->shape.nbasis);
    site /= lat->shape.nbasis;
    cell[0] = (int)(site % lat->n[0]);
    site /= lat->n[0];
    cell[1] = (int)(site % lat->n[1]);
    cell[2] = (int)(site / lat->n[1]);
}

int64_t lattice_site(const struct lattice *lat, const int cell[3], int b)
{
    int64_t row = (int64_t)cell[2] * lat->n[1] + cell[1];
    return (row * lat->n[0] + cell[0]) * lat->shape.nbasis + b;
}

int64_t lattice_neighbour(const struct lattice *lat, const int cell[3],
                          const int offset[3], int b, int wrap[3])
{
    int to[3], crossed[3];
    for (int i = 0; i < 3; i++) {
        int64_t n = lat->n[i], c = (int64_t)cell[i] + offset[i];
        int64_t times = c >= 0 ? c / n : -((n - 1 - c) / n);
        if (times && !lat->periodic[i])
            return -1;
        crossed[i] = (int)times;
        to[i] = (int)(c - times * n);
    }
    if (wrap)
        memcpy(wrap, crossed, sizeof crossed);
    return lattice_site(lat, to, b);
}

void lattice_position(const struct lattice *lat, int64_t site, double r[3])
{
    int cell[3], b;
    lattice_cell(lat, site, cell, &b);
    for (int x = 0; x < 3; x++) {
        r[x] = lat->shape.basis[b][x];
        for (int j = 0; j < 3; j++)
            r[x] += cell[j] * lat->shape.a[j][x];
    }
}

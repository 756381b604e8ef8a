/* The electronic Hamiltonian as data: see elec/terms.h. */

#include "elec/terms.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "base/parallel.h"
#include "core/lattice.h"

enum { SWEEPS = 5 };

int terms_init(struct terms *t, int64_t nsite)
{
    *t = (struct terms){.nsite = nsite};
    t->onsite = mem_zalloc((size_t)nsite, sizeof(double));
    t->row = mem_zalloc(2 * (size_t)nsite, sizeof(double));
    if (t->onsite && t->row)
        return 0;
    terms_fini(t);
    return -1;
}

void terms_fini(struct terms *t)
{
    mem_free(t->bond);
    mem_free(t->hopping);
    mem_free(t->onsite);
    mem_free(t->row);
    *t = (struct terms){0};
}

/* Of the two directions of a bond: to a later sublattice, or on the same one
   forward along the slowest axis that it crosses. */
static bool is_forward(const struct stencil_site *s, int from)
{
    if (s->to != from)
        return s->to > from;
    for (int axis = 2; axis >= 0; axis--) {
        if (s->cell[axis] != 0)
            return s->cell[axis] > 0;
    }
    return false;
}

static int reserve(struct terms *t, int64_t more)
{
    if (t->nbond + more <= t->capacity)
        return 0;
    int64_t capacity = t->nbond + more + t->capacity / 2 + 64;
    struct bond *bond = mem_resize(t->bond, (size_t)capacity, sizeof *bond);
    if (!bond)
        return -1;
    t->bond = bond;
    t->capacity = capacity;
    return 0;
}

int terms_add_stencil(struct terms *t, const struct lattice *lat,
                      const struct stencil *s, int kind)
{
    for (int64_t i = 0; i < lat->nsite; i++) {
        int cell[3], b;
        lattice_cell(lat, i, cell, &b);
        if (reserve(t, s->n[b]) != 0)
            return -1;
        for (int k = 0; k < s->n[b]; k++) {
            const struct stencil_site *to = &s->site[b][k];
            if (!is_forward(to, b))
                continue;
            int64_t j = lattice_neighbour(lat, cell, to->cell, to->to, NULL);
            if (j < 0)
                continue;
            struct bond bond = {.i = i, .j = j, .kind = (int8_t)kind};
            for (int axis = 0; axis < 3; axis++)
                bond.cell[axis] = (int8_t)to->cell[axis];
            t->bond[t->nbond++] = bond;
        }
    }
    return 0;
}

int terms_finish(struct terms *t)
{
    t->hopping = mem_zalloc((size_t)t->nbond, sizeof(double));
    return t->hopping ? 0 : -1;
}

void terms_dense(const struct terms *t, double *h)
{
    int64_t n = t->nsite;
#pragma omp parallel for schedule(static) if (n * n >= 8 * PARALLEL_MIN)
    for (int64_t i = 0; i < n; i++) {
        memset(h + i * n, 0, (size_t)n * sizeof *h);
        h[i * n + i] = t->onsite[i];
    }
    for (int64_t k = 0; k < t->nbond; k++) {
        const struct bond *b = &t->bond[k];
        h[b->i * n + b->j] += t->hopping[k];
        h[b->j * n + b->i] += t->hopping[k];
    }
}

/* row [i] = sum over the bonds of i of |h| v_j. */
static void add_neighbours(const struct terms *t, const double *v, double *row)
{
    memset(row, 0, (size_t)t->nsite * sizeof *row);
    for (int64_t k = 0; k < t->nbond; k++) {
        int64_t i = t->bond[k].i, j = t->bond[k].j;
        double h = fabs(t->hopping[k]);

        row[i] += h * v[j];
        row[j] += h * v[i];
    }
}

/* The largest eigenvalue of sign * H is at most that of M = sign * E + |h|,
   which is at most max (M v)_i / v_i for any v > 0 (Collatz).  v = 1 is
   Gershgorin's bound B; Jacobi's sweeps towards v = (B - M)^-1 1 tighten it. */
static double upper_bound(const struct terms *t, double sign)
{
    double *row = t->row, *v = row + t->nsite, bound = INFINITY, largest = 0;

    for (int64_t i = 0; i < t->nsite; i++)
        v[i] = 1;
    for (int sweep = 0;; sweep++) {
        double found = -INFINITY;

        add_neighbours(t, v, row);
        for (int64_t i = 0; i < t->nsite; i++) {
            found = fmax(found, sign * t->onsite[i] + row[i] / v[i]);
            largest = sweep ? largest : fmax(largest, row[i]);
        }
        bound = fmin(bound, found);
        if (sweep == SWEEPS || !(largest > 0))
            return bound;
        for (int64_t i = 0; i < t->nsite; i++)
            v[i] = (0.1 * largest + row[i]) /
                   (bound - sign * t->onsite[i] + 1e-6 * largest);
    }
}

void terms_bounds(const struct terms *t, double *lo, double *hi)
{
    double slack;

    *hi = upper_bound(t, 1);
    *lo = -upper_bound(t, -1);
    slack = 1e-13 * fmax(fabs(*lo), fabs(*hi));
    *hi += slack;
    *lo -= slack;
}

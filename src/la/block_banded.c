/* Green's functions of layers by a banded factorisation with row pivots, one z
   after another: the way out where the recursion of la/block.h is unstable.

   Site after site, layer by layer, M has entries up to two layers apart. */

#include <complex.h>
#include <string.h>

#include <lapacke.h>

#include "base/mem.h"
#include "la/block.h"

enum { CHUNK = 64 };

struct band {
    int n, width; /* diagonals above and below */
    int lead;     /* rows of the storage */
    double complex *a, *b;
    int *order;
};

static void band_free(struct band *m)
{
    mem_free(m->a);
    mem_free(m->b);
    mem_free(m->order);
}

static int band_make(const struct block_chain *c, int columns, struct band *m)
{
    int64_t width = 1;

    for (int k = 0; k < c->nlayer; k++) {
        int64_t end = k + 2 < c->nlayer ? c->first[k + 2] : c->n;

        if (end - c->first[k] > width)
            width = end - c->first[k];
    }
    *m = (struct band){.n = (int)c->n, .width = (int)width - 1};
    m->lead = 3 * m->width + 1;
    m->a = mem_alloc((size_t)m->lead * (size_t)m->n, sizeof *m->a);
    m->b = mem_alloc((size_t)m->n * (size_t)columns, sizeof *m->b);
    m->order = mem_alloc((size_t)m->n, sizeof *m->order);
    if (m->a && m->b && m->order)
        return 0;
    band_free(m);
    return -1;
}

static double complex *band_at(const struct band *m, int64_t i, int64_t j)
{
    return &m->a[2 * m->width + i - j + j * m->lead];
}

static int band_factor(const struct block_chain *c,
                       const struct block_matrix *m, double complex z,
                       struct band *to)
{
    memset(to->a, 0, (size_t)to->lead * (size_t)to->n * sizeof *to->a);
    for (int64_t i = 0; i < c->n; i++) {
        int64_t site = c->site[i];

        *band_at(to, i, i) = z - m->onsite[site] + I * m->broadening[site];
    }
    for (int k = 0; k < c->nlayer; k++) {
        for (int64_t e = c->first_within[k]; e < block_entries_end(c, k); e++) {
            const struct block_entry *b = &c->entry[e];
            int64_t i = c->first[k] + b->row;
            int64_t j = c->first[k + (e >= c->first_next[k])] + b->column;

            *band_at(to, i, j) -= m->hopping[b->edge];
            *band_at(to, j, i) -= m->hopping[b->edge];
        }
    }
    return LAPACKE_zgbtrf(LAPACK_COL_MAJOR, to->n, to->n, to->width, to->width,
                          to->a, to->lead, to->order);
}

/* Columns first .. first + count - 1 of the inverse into b. */
static void band_columns(const struct band *m, int64_t first, int count)
{
    memset(m->b, 0, (size_t)m->n * (size_t)count * sizeof *m->b);
    for (int k = 0; k < count; k++)
        m->b[(first + k) + (int64_t)k * m->n] = 1;
    LAPACKE_zgbtrs(LAPACK_COL_MAJOR, 'N', m->n, m->width, m->width, count, m->a,
                   m->lead, m->order, m->b, m->n);
}

static void put(struct lanes *to, int l, double complex g)
{
    to->re[l] = creal(g);
    to->im[l] = cimag(g);
}

static void take_columns(const struct block_chain *c, const struct band *m,
                         int l, struct lanes *column)
{
    int roots = (int)c->first[1];

    for (int a = 0; a < roots; a += CHUNK) {
        int count = roots - a < CHUNK ? roots - a : CHUNK;

        band_columns(m, a, count);
        for (int k = 0; k < count; k++)
            for (int64_t i = 0; i < c->n; i++)
                put(&column[i * roots + a + k], l, m->b[i + k * c->n]);
    }
}

/* Diagonal and edges whose column is among the `count` in b. */
static void take_entries(const struct block_chain *c, const struct band *m,
                         int64_t first, int count, int l,
                         const struct block_result *r)
{
    for (int k = 0; k < count; k++)
        put(&r->diagonal[c->site[first + k]], l,
            m->b[first + k + (int64_t)k * m->n]);
    for (int k = 0; k < c->nlayer; k++) {
        for (int64_t e = c->first_within[k]; e < block_entries_end(c, k); e++) {
            const struct block_entry *b = &c->entry[e];
            int64_t i = c->first[k] + b->row - first;
            int64_t j = c->first[k + (e >= c->first_next[k])] + b->column;

            if (i >= 0 && i < count)
                put(&r->edge[b->edge], l, m->b[j + i * m->n]);
        }
    }
}

int block_solve_banded(const struct block_chain *c,
                       const struct block_matrix *m, const double re[LANES],
                       const double im[LANES], unsigned lanes,
                       const struct block_result *r)
{
    struct band band;
    int status = 0;

    if (band_make(c, CHUNK, &band))
        return -1;
    for (int l = 0; l < LANES && !status; l++) {
        if (!(lanes >> l & 1))
            continue;
        if (band_factor(c, m, re[l] + I * im[l], &band)) {
            status = -2;
            break;
        }
        if (r->column)
            take_columns(c, &band, l, r->column);
        for (int64_t i = 0; r->diagonal && i < c->n; i += CHUNK) {
            int count = c->n - i < CHUNK ? (int)(c->n - i) : CHUNK;

            band_columns(&band, i, count);
            take_entries(c, &band, i, count, l, r);
        }
    }
    band_free(&band);
    return status;
}

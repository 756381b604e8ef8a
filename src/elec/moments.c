/* Moments of local densities of states over a lattice: see elec/moments.h. */

#include "elec/moments.h"

#include <math.h>

#include "base/parallel.h"
#include "elec/moments_kernel.h"

enum { SLAB_MIN = 8 }; /* rows of a slab, at least */

/* Cells along an axis that one application of h spreads over. */
static int step_of(const struct moments *m, int axis)
{
    if (axis >= m->dim)
        return 0;
    return m->dim == 1 && m->t2 != 0 ? 2 : 1;
}

void moments_init(struct moments *m)
{
    int step[2] = {step_of(m, 0), step_of(m, 1)};
    int second = m->dim == 1 ? 2 : 4;
    m->nwindow = 0;
    for (int k = 0; k <= m->reach; k++) {
        struct moments_window *w = &m->window[k];
        for (int a = 0; a < 2; a++)
            w->radius[a] = k * step[a];
        /* the border: two steps, and second neighbours of the chain */
        int rows = 2 * (w->radius[1] + 2 * step[1]) + 1;
        w->line = 2 * (w->radius[0] + 2 * step[0] + (m->dim == 1)) + 1;
        w->size = rows * w->line;
        w->origin = w->size / 2;
        w->first = m->nwindow;
        m->nwindow += w->size;
    }
    for (int a = 0; a < 3; a++)
        m->halo[a] = a < 2 ? m->window[m->reach].radius[a] : 0;
    if (m->width == 0)
        m->width = 1.1 * (2 * m->dim * fabs(m->t) + second * fabs(m->t2));
}

int moments_count(const struct moments *m)
{
    return 2 * m->reach - 1;
}

static const struct moments_kernel *kernel_of(const struct moments *m)
{
    return m->single ? &moments_kernel_single : &moments_kernel_double;
}

/* The sites from i on that lie in one row, up to end. */
static struct moments_piece piece_at(const struct lattice *lat, int64_t i,
                                     int64_t end)
{
    int nx = lat->local[0];
    struct moments_piece p = {(int)(i % nx), (int)(i / nx), 0};
    p.n = end - i < nx - p.x ? (int)(end - i) : nx - p.x;
    return p;
}

void moments_rows(const struct moments *m, const struct field *u, int64_t begin,
                  int64_t end, double *x)
{
    int count = moments_count(m);
    for (int64_t i = begin; i < end;) {
        struct moments_piece p = piece_at(u->lat, i, end);
        kernel_of(m)->rows(m, u, p, x + (i - begin) * count);
        i += p.n;
    }
}

void moments_tangent(const struct moments *m, const struct field *u,
                     const struct field *du, int64_t begin, int64_t end,
                     double *dx)
{
    int count = moments_count(m);
    for (int64_t i = begin; i < end;) {
        struct moments_piece p = piece_at(u->lat, i, end);
        kernel_of(m)->tangent(m, u, du, p, dx + (i - begin) * count);
        i += p.n;
    }
}

/* Slabs of the longest-strided axis: those of one parity write to cells apart
   from each other. */
static void slab_back(const struct moments *m, const struct field *u,
                      int64_t begin, int64_t end, const double *dx,
                      struct field *out)
{
    for (int64_t i = begin; i < end;) {
        struct moments_piece p = piece_at(u->lat, i, end);
        kernel_of(m)->backward(m, u, dx + i * moments_count(m), p, out);
        i += p.n;
    }
}

int moments_backward(const struct moments *m, const struct field *u,
                     const double *dx, double *gradient)
{
    const struct lattice *lat = u->lat;
    int axis = lat->local[1] > 1, thick = 2 * m->halo[axis];
    int64_t plane = axis ? lat->local[0] : 1;
    uint64_t clock = 0;
    struct field *out = field_new(lat, m->dim, &clock);
    if (!out || field_widen(out, m->halo)) {
        field_free(out);
        return -1;
    }
    thick = thick > SLAB_MIN ? thick : SLAB_MIN;
    int n = lat->local[axis] / thick;
    n = n ? n : 1;
    for (int parity = 0; parity < 2; parity++) {
#pragma omp parallel for schedule(static) if (lat->nlocal >= PARALLEL_MIN / 32)
        for (int k = parity; k < n; k += 2)
            slab_back(m, u, k * thick * plane,
                      k + 1 == n ? lat->nlocal : (k + 1) * thick * plane, dx,
                      out);
    }
    field_fold(out);
    for (int c = 0; c < m->dim; c++)
        field_gather(out, c, gradient + c * lat->nlocal);
    field_free(out);
    return 0;
}

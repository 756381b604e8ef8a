/* The displacement itself: feature c of site i is u_i^c, a number for each
   component of the model, in units of the displacement.  For networks that
   know the lattice themselves (conv).

       descriptor: {style: field}                                            */

#include <string.h>

#include "base/parallel.h"
#include "plug/descriptor.h"

static int setup(struct adele *ctx, struct descriptor *d,
                 const struct lattice_shape *shape, int ncomp, bool vector)
{
    (void)ctx, (void)shape;
    d->nfeature = ncomp;
    d->rank = vector;
    d->smooth = true;
    return 0;
}

/* One number a cell: rows of cells as they lie. */
static void rows_plain(const struct field *q, int64_t begin, int64_t end,
                       double *x)
{
    int nx = q->lat->local[0];
    const double *from = field_read(q, 0, 0);
    while (begin < end) {
        int64_t row = begin / nx, at = begin % nx;
        int64_t n = end - begin < nx - at ? end - begin : nx - at;
        memcpy(x, from + field_row(q, row) + at, (size_t)n * sizeof *x);
        x += n;
        begin += n;
    }
}

static void rows(const struct descriptor *d, const struct field *q,
                 int64_t begin, int64_t end, double *x)
{
    int nx = q->lat->local[0], nb = q->lat->shape.nbasis;
    if (nb == 1 && d->nfeature == 1) {
        rows_plain(q, begin, end, x);
        return;
    }
    for (int64_t i = begin; i < end; i++) {
        int64_t cell = i / nb;
        ptrdiff_t at = field_row(q, cell / nx) + cell % nx;
        for (int c = 0; c < d->nfeature; c++)
            *x++ = field_read(q, c, (int)(i % nb))[at];
    }
}

static void tangent(const struct descriptor *d, const struct field *q,
                    const struct field *dq, int64_t begin, int64_t end,
                    double *dx)
{
    (void)q;
    rows(d, dq, begin, end, dx);
}

static int backward(struct adele *ctx, const struct descriptor *d,
                    const struct field *q, const double *dx, double *gradient)
{
    int64_t n = q->lat->nlocal;
    int nf = d->nfeature;
    (void)ctx;
#pragma omp parallel for schedule(static) if (n >= PARALLEL_MIN)
    for (int64_t i = 0; i < n; i++)
        for (int c = 0; c < nf; c++)
            gradient[c * n + i] = dx[i * nf + c];
    return 0;
}

const struct descriptor_style descriptor_field = {
    .style = {STYLE_HEAD(descriptor, "field", struct descriptor),
              .summary = "the displacement of the site"},
    .setup = setup,
    .rows = rows,
    .tangent = tangent,
    .backward = backward};

/* Padded fields and their halo exchange.

   The border of an axis is filled from the cells that the axis already owns,
   x first, then whole padded rows along y, then whole padded planes along z,
   so that edges and corners come right without a case of their own.  Border
   cell c of a periodic axis of n cells holds cell c mod n, which is right for
   any width; beyond an open end it holds zero. */

#include "core/field.h"

#include <string.h>

#include "base/mem.h"
#include "base/parallel.h"

static int layout(struct field *f)
{
    const struct lattice *lat = f->lat;
    ptrdiff_t width[3];
    for (int i = 0; i < 3; i++)
        width[i] = lat->local[i] + 2 * (ptrdiff_t)f->halo[i];
    f->stride[0] = 1;
    f->stride[1] = width[0];
    if (__builtin_mul_overflow(width[0], width[1], &f->stride[2]) ||
        __builtin_mul_overflow(f->stride[2], width[2], &f->stride_basis) ||
        __builtin_mul_overflow(f->stride_basis, lat->shape.nbasis,
                               &f->stride_comp) ||
        __builtin_mul_overflow(f->stride_comp, f->ncomp, &f->size))
        return -1;
    f->origin = 0;
    for (int i = 0; i < 3; i++)
        f->origin += f->halo[i] * f->stride[i];
    f->data = mem_zalloc(f->size, sizeof *f->data);
    return f->data ? 0 : -1;
}

struct field *field_new(const struct lattice *lat, int ncomp, uint64_t *clock)
{
    struct field *f = mem_zalloc(1, sizeof *f);
    if (!f)
        return NULL;
    f->lat = lat;
    f->ncomp = ncomp;
    f->clock = clock;
    if (layout(f)) {
        mem_free(f);
        return NULL;
    }
    f->tag = f->halo_tag = ++*clock;
    return f;
}

void field_free(struct field *f)
{
    if (!f)
        return;
    mem_free(f->data);
    mem_free(f);
}

/* The offset in data of cell (0,0,0) of a (component, sublattice). */
static ptrdiff_t block(const struct field *f, int comp, int basis)
{
    return comp * f->stride_comp + basis * f->stride_basis + f->origin;
}

int64_t field_nrow(const struct field *f)
{
    return (int64_t)f->lat->local[1] * f->lat->local[2];
}

ptrdiff_t field_row(const struct field *f, int64_t row)
{
    int64_t y = row % f->lat->local[1], z = row / f->lat->local[1];
    return z * f->stride[2] + y * f->stride[1];
}

/* One (component, sublattice) of all local cells; the shapes may differ in
   their borders only. */
static void copy_block(struct field *to, ptrdiff_t at, const struct field *from,
                       ptrdiff_t from_at)
{
    size_t bytes = (size_t)to->lat->local[0] * sizeof *to->data;
    int64_t nrow = field_nrow(to);
#pragma omp parallel for schedule(static) if (to->size > PARALLEL_MIN)
    for (int64_t row = 0; row < nrow; row++)
        memcpy(to->data + at + field_row(to, row),
               from->data + from_at + field_row(from, row), bytes);
}

static void copy_all(struct field *to, const struct field *from)
{
    for (int c = 0; c < to->ncomp; c++)
        for (int b = 0; b < to->lat->shape.nbasis; b++)
            copy_block(to, block(to, c, b), from, block(from, c, b));
}

int field_widen(struct field *f, const int halo[3])
{
    struct field wide = *f;
    bool wider = false;
    for (int i = 0; i < 3; i++) {
        if (f->lat->n[i] == 1 || halo[i] <= f->halo[i])
            continue;
        wide.halo[i] = halo[i];
        wider = true;
    }
    if (!wider)
        return 0;
    if (layout(&wide))
        return -1;
    copy_all(&wide, f);
    mem_free(f->data);
    *f = wide;
    f->halo_tag = 0;
    return 0;
}

double *field_write(struct field *f, int comp, int basis)
{
    f->tag = ++*f->clock;
    return f->data + block(f, comp, basis);
}

const double *field_read(const struct field *f, int comp, int basis)
{
    return f->data + block(f, comp, basis);
}

const double *field_halo(struct field *f, int comp, int basis)
{
    if (f->halo_tag != f->tag)
        field_exchange(f);
    return f->data + block(f, comp, basis);
}

/* Where border cell c of an axis comes from. */
static int64_t wrapped(int64_t c, int64_t n)
{
    int64_t rest = c % n;
    return rest < 0 ? rest + n : rest;
}

/* Border of x of the row of local cells at `row`. */
static void exchange_x(const struct field *f, double *row)
{
    int n = f->lat->local[0], h = f->halo[0];
    if (!f->lat->periodic[0]) {
        memset(row - h, 0, (size_t)h * sizeof *row);
        memset(row + n, 0, (size_t)h * sizeof *row);
        return;
    }
    for (int i = 1; i <= h; i++) {
        row[-i] = row[wrapped(-i, n)];
        row[n - 1 + i] = row[(i - 1) % n];
    }
}

/* Border of y or z: `line` is cell 0 of that axis and `length` doubles of it
   are contiguous. */
static void exchange_lines(const struct field *f, int axis, double *line,
                           size_t length)
{
    int n = f->lat->local[axis], h = f->halo[axis];
    ptrdiff_t stride = f->stride[axis];
    for (int k = 0; k < 2 * h; k++) {
        int64_t c = k < h ? k - h : n + k - h;
        double *to = line + c * stride;
        if (f->lat->periodic[axis])
            memcpy(to, line + wrapped(c, n) * stride, length * sizeof *to);
        else
            memset(to, 0, length * sizeof *to);
    }
}

/* The three stages over one (component, sublattice). */
static void exchange_block(struct field *f, double *origin)
{
    int64_t nrow = field_nrow(f);
    int nz = f->lat->local[2], hx = f->halo[0];
    bool threads = f->size > PARALLEL_MIN;
    if (hx) {
#pragma omp parallel for schedule(static) if (threads)
        for (int64_t row = 0; row < nrow; row++)
            exchange_x(f, origin + field_row(f, row));
    }
    if (f->halo[1]) {
#pragma omp parallel for schedule(static) if (threads && nz > 1)
        for (int z = 0; z < nz; z++)
            exchange_lines(f, 1, origin + z * f->stride[2] - hx,
                           (size_t)f->stride[1]);
    }
    if (f->halo[2])
        exchange_lines(f, 2, origin - hx - f->halo[1] * f->stride[1],
                       (size_t)f->stride[2]);
}

void field_exchange(struct field *f)
{
    for (int c = 0; c < f->ncomp; c++)
        for (int b = 0; b < f->lat->shape.nbasis; b++)
            exchange_block(f, f->data + block(f, c, b));
    f->halo_tag = f->tag;
}

/* Adds line c of an axis of n cells to the cell that it repeats; lines beyond
   an open end are dropped. */
static void fold_line(const struct lattice *lat, int axis, double *line, int c,
                      ptrdiff_t stride, ptrdiff_t length)
{
    int n = lat->local[axis], to = (c % n + n) % n;
    if (!lat->periodic[axis])
        return;
    for (ptrdiff_t i = 0; i < length; i++)
        line[to * stride + i] += line[c * stride + i];
}

void field_fold(struct field *f)
{
    const struct lattice *lat = f->lat;
    int hx = f->halo[0], hy = f->halo[1];
    /* z, then y, then x */
    for (int k = 0; k < f->ncomp * lat->shape.nbasis; k++) {
        double *cell = f->data + f->origin +
                       k / lat->shape.nbasis * f->stride_comp +
                       k % lat->shape.nbasis * f->stride_basis;
        for (int axis = 2; axis >= 0; axis--) {
            int n = lat->local[axis], h = f->halo[axis];
            int64_t nline = axis == 2   ? 1
                            : axis == 1 ? lat->local[2]
                                        : field_nrow(f);
            ptrdiff_t back = axis == 2   ? hx + hy * f->stride[1]
                             : axis == 1 ? hx
                                         : 0;
            ptrdiff_t length = axis ? f->stride[axis] : 1;
            for (int64_t line = 0; line < nline; line++) {
                ptrdiff_t at =
                    axis == 0 ? field_row(f, line) : line * f->stride[2];
                for (int c = -h; c < n + h; c++)
                    if (c < 0 || c >= n)
                        fold_line(lat, axis, cell + at - back, c,
                                  f->stride[axis], length);
            }
        }
    }
}

/* Between a row of cells and every step-th entry of a dense row. */
static void copy_strided(double *restrict to, int to_step,
                         const double *restrict from, int from_step, int n)
{
    if (to_step == 1 && from_step == 1)
        memcpy(to, from, (size_t)n * sizeof *to);
    else
        for (ptrdiff_t x = 0; x < n; x++)
            to[x * to_step] = from[x * from_step];
}

void field_gather(const struct field *f, int comp, double *out)
{
    int nx = f->lat->local[0], nb = f->lat->shape.nbasis;
    int64_t nrow = field_nrow(f);
#pragma omp parallel for schedule(static) if (f->size > PARALLEL_MIN)
    for (int64_t row = 0; row < nrow; row++)
        for (int b = 0; b < nb; b++)
            copy_strided(out + row * nx * nb + b, nb,
                         field_read(f, comp, b) + field_row(f, row), 1, nx);
}

void field_scatter(struct field *f, int comp, const double *in)
{
    int nx = f->lat->local[0], nb = f->lat->shape.nbasis;
    int64_t nrow = field_nrow(f);
    for (int b = 0; b < nb; b++) {
        double *to = field_write(f, comp, b);
#pragma omp parallel for schedule(static) if (f->size > PARALLEL_MIN)
        for (int64_t row = 0; row < nrow; row++)
            copy_strided(to + field_row(f, row), 1, in + row * nx * nb + b, nb,
                         nx);
    }
}

void field_fill(struct field *f, int comp, double value)
{
    int nx = f->lat->local[0];
    int64_t nrow = field_nrow(f);
    for (int b = 0; b < f->lat->shape.nbasis; b++) {
        double *to = field_write(f, comp, b);
#pragma omp parallel for schedule(static) if (f->size > PARALLEL_MIN)
        for (int64_t row = 0; row < nrow; row++)
            for (int x = 0; x < nx; x++)
                to[field_row(f, row) + x] = value;
    }
}

int field_copy(struct field *to, const struct field *from)
{
    if (to->lat != from->lat || to->ncomp != from->ncomp)
        return -1;
    to->tag = ++*to->clock;
    copy_all(to, from);
    return 0;
}

/* out = the sum of n rows, 1 to 5, from left to right; the first may be out
   itself.  One loop for each n, and the pragma, are what make the compiler
   use vectors at -O2. */
static void sum_rows(double *out, const double *const in[5], int n, int nx)
{
    const double *a = in[0], *b = in[1], *c = in[2], *d = in[3], *e = in[4];
    switch (n) {
    case 1:
        memmove(out, a, (size_t)nx * sizeof *out);
        break;
    case 2:
#pragma omp simd
        for (int x = 0; x < nx; x++)
            out[x] = a[x] + b[x];
        break;
    case 3:
#pragma omp simd
        for (int x = 0; x < nx; x++)
            out[x] = a[x] + b[x] + c[x];
        break;
    case 4:
#pragma omp simd
        for (int x = 0; x < nx; x++)
            out[x] = a[x] + b[x] + c[x] + d[x];
        break;
    case 5:
#pragma omp simd
        for (int x = 0; x < nx; x++)
            out[x] = a[x] + b[x] + c[x] + d[x] + e[x];
        break;
    }
}

/* One row of the sum for sublattice b; `origin` is cell (0,0,0) of sublattice
   0 of f.  Five rows at a time, so that the row of out stays in cache
   between the passes. */
static void sum_stencil(const struct field *f, const double *origin,
                        int64_t row, const struct stencil *s, int b,
                        double *out)
{
    int nx = f->lat->local[0], n = s->n[b], done = 0;
    if (n == 0)
        memset(out, 0, (size_t)nx * sizeof *out);
    origin += field_row(f, row);
    while (done < n) {
        const double *in[5] = {out};
        int count = done > 0;
        for (; count < 5 && done < n; count++) {
            const struct stencil_site *j = &s->site[b][done++];
            in[count] = origin + j->to * f->stride_basis + j->cell[0] +
                        j->cell[1] * f->stride[1] + j->cell[2] * f->stride[2];
        }
        sum_rows(out, in, count, nx);
    }
}

void field_neighbour_sum(struct field *f, int comp, const struct stencil *s,
                         struct field *out, int out_comp)
{
    const double *origin = field_halo(f, comp, 0);
    int64_t nrow = field_nrow(f);
    for (int b = 0; b < f->lat->shape.nbasis; b++) {
        double *to = field_write(out, out_comp, b);
#pragma omp parallel for schedule(static) if (f->size > PARALLEL_MIN)
        for (int64_t row = 0; row < nrow; row++)
            sum_stencil(f, origin, row, s, b, to + field_row(out, row));
    }
}

/* Whether the offset stays on the lattice along that axis. */
static bool exists(const struct lattice *lat, int axis, int cell, int offset)
{
    int c = lat->lo[axis] + cell + offset;
    return lat->periodic[axis] || (c >= 0 && c < lat->n[axis]);
}

void field_neighbour_count(const struct lattice *lat, const struct stencil *s,
                           int *count)
{
    int nx = lat->local[0], ny = lat->local[1], nb = lat->shape.nbasis;
    int64_t nrow = (int64_t)ny * lat->local[2];
#pragma omp parallel for schedule(static) if (lat->nlocal > PARALLEL_MIN)
    for (int64_t row = 0; row < nrow; row++) {
        int y = (int)(row % ny), z = (int)(row / ny);
        int *out = count + row * nx * nb;
        memset(out, 0, (size_t)nx * (size_t)nb * sizeof *out);
        for (int b = 0; b < nb; b++)
            for (int k = 0; k < s->n[b]; k++) {
                const int *offset = s->site[b][k].cell;
                if (!exists(lat, 1, y, offset[1]) ||
                    !exists(lat, 2, z, offset[2]))
                    continue;
                for (int x = 0; x < nx; x++)
                    out[x * nb + b] += exists(lat, 0, x, offset[0]);
            }
    }
}

size_t field_bytes(const struct field *f)
{
    return f->size * sizeof *f->data;
}

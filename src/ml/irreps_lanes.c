/* Loads of neighbours, products with small matrices: see ml/irreps_lanes.h. */

#include "ml/irreps_lanes.h"

#include <string.h>

/* A register: the compiler splits wider vectors badly. */
#if defined __AVX512F__
enum { WIDE = 8 };
#elif defined __AVX__
enum { WIDE = 4 };
#else
enum { WIDE = 2 };
#endif

typedef double wide __attribute__((vector_size(WIDE * sizeof(double))));

struct block block_at(const struct lattice *lat, int basis, int64_t cell,
                      int64_t end)
{
    struct block b = {.basis = basis};
    int nx = lat->local[0], ny = lat->local[1];
    int64_t line = cell / nx;
    int x = (int)(cell % nx), y = (int)(line % ny), z = (int)(line / ny);
    b.site = cell * lat->shape.nbasis + basis;
    b.n = end - cell < LANES ? (int)(end - cell) : LANES;
    b.row = x + b.n <= nx;
    for (int l = 0; l < b.n; l++) {
        b.x[l] = x;
        b.y[l] = y;
        b.z[l] = z;
        if (++x < nx)
            continue;
        x = 0;
        if (++y < ny)
            continue;
        y = 0;
        z++;
    }
    return b;
}

static inline ptrdiff_t place(const struct field *q, const struct block *b,
                              int l)
{
    return b->x[l] + b->y[l] * q->stride[1] + b->z[l] * q->stride[2];
}

/* The address of a tap of cell (0,0,0); NULL when it lies beside a lattice of
   one cell along some axis, which has no neighbours there. */
static double *tap_origin(const struct field *q, const struct irreps_tap *t)
{
    ptrdiff_t at =
        t->comp * q->stride_comp + t->to * q->stride_basis + q->origin;
    for (int i = 0; i < 3; i++) {
        if (t->cell[i] != 0 && q->lat->n[i] == 1)
            return NULL;
        at += t->cell[i] * q->stride[i];
    }
    return q->data + at;
}

static void load(const struct block *b, const struct field *q,
                 const struct irreps_tap *t, double *out)
{
    const double *from = tap_origin(q, t);
    for (int l = from ? b->n : 0; l < LANES; l++)
        out[l] = 0;
    if (!from)
        return;
    if (b->row)
        memcpy(out, from + place(q, b, 0), (size_t)b->n * sizeof *out);
    else
        for (int l = 0; l < b->n; l++)
            out[l] = from[place(q, b, l)];
}

/* The transpose of load. */
static void add_back(const struct block *b, struct field *q,
                     const struct irreps_tap *t, const double *in)
{
    double *to = tap_origin(q, t);
    if (!to)
        return;
    for (int l = 0; l < b->n; l++)
        to[place(q, b, l)] += in[l];
}

static inline __attribute__((always_inline)) void put(lanes *out, int at,
                                                      bool add, wide a, wide b)
{
    wide *to = (wide *)&out[0][at];
    to[0] = add ? to[0] + a : a;
    to[1] = add ? to[1] + b : b;
}

/* out (+)= w [nrow][n] in, in tiles of four rows by two registers. */
static void product(const double *w, ptrdiff_t step, int nrow, int n,
                    const lanes *in, lanes *out, bool add)
{
    for (int i = 0; i < nrow; i += 4) {
        int m = nrow - i < 4 ? nrow - i : 4;
        const double *r0 = w + i * step, *r1 = m > 1 ? r0 + step : r0;
        const double *r2 = m > 2 ? r1 + step : r0;
        const double *r3 = m > 3 ? r2 + step : r0;
        for (int v = 0; v < LANES; v += 2 * WIDE) {
            wide a0 = {0}, a1 = {0}, a2 = {0}, a3 = {0};
            wide b0 = {0}, b1 = {0}, b2 = {0}, b3 = {0};
            for (int k = 0; k < n; k++) {
                const wide *x = (const wide *)&in[k][v];
                a0 += r0[k] * x[0];
                b0 += r0[k] * x[1];
                a1 += r1[k] * x[0];
                b1 += r1[k] * x[1];
                a2 += r2[k] * x[0];
                b2 += r2[k] * x[1];
                a3 += r3[k] * x[0];
                b3 += r3[k] * x[1];
            }
            put(out + i, v, add, a0, b0);
            if (m > 1)
                put(out + i + 1, v, add, a1, b1);
            if (m > 2)
                put(out + i + 2, v, add, a2, b2);
            if (m > 3)
                put(out + i + 3, v, add, a3, b3);
        }
    }
}

/* The linear forms at the sites of the block; `q` is room for the taps. */
void lanes_evaluate(const struct irreps_forms *f, const struct block *b,
                    const struct field *q, lanes *room, lanes *out)
{
    for (int first = 0; first < f->n; first += IRREPS_ORBIT_MAX) {
        int n = f->n - first;
        if (n > IRREPS_ORBIT_MAX)
            n = IRREPS_ORBIT_MAX;
        for (int k = 0; k < n; k++)
            load(b, q, &f->tap[b->basis][first + k], room[k]);
        product(f->matrix[b->basis] + first, f->n, f->nrow, n,
                (const lanes *)room, out, first > 0);
    }
}

/* The transpose: out += forms^T in. */
void lanes_evaluate_back(const struct irreps_forms *f, const struct block *b,
                         const lanes *in, lanes *room, struct field *out)
{
    for (int first = 0; first < f->n; first += IRREPS_ORBIT_MAX) {
        int n = f->n - first;
        if (n > IRREPS_ORBIT_MAX)
            n = IRREPS_ORBIT_MAX;
        product(f->transpose[b->basis] + (ptrdiff_t)first * f->nrow, f->nrow, n,
                f->nrow, in, room, false);
        for (int k = 0; k < n; k++)
            add_back(b, out, &f->tap[b->basis][first + k], room[k]);
    }
}

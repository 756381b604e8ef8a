/* Body of the vector kernels of ml/gemm.h, for one kind of number.

   The file that includes it defines

       NUMBER     float or double
       LANES      numbers in a vector
       TILE_1, TILE_2, TILE_3  rows of a tile that is 1, 2, 3 vectors wide: as
                  many sums as registers allow
       MULTIPLY_ADD(a, b, c)   a b + c of vectors, rounded once: as a compiler
                  does not promise to contract each sum alike, it is named
       HALF_MULTIPLY_ADD  of vectors of half the length; where LANES is 16,
       QUARTER_MULTIPLY_ADD
       HOLD(x)    nothing, but x is in a register: else compilers read a panel
                  again in every row, and loads take longer than sums
       PRESENT(v) bits of the lanes of v that are not zero
       MAKE(x)    x with a suffix of its own
       KERNEL, KERNEL_NAME, KERNEL_PRECISION  the table at the end

   Weights are packed in panels of 2 vectors, the last of 1 to 3, and where the
   last vector would be half empty, or more, one of a part of a vector;
   [k][width], filled with zeros.  A tile multiplies some rows of x, read where
   they are, by a panel; while the rows of a block go by, a cut of the panel
   stays in the first-level cache and the block of x in the second.

   Every element is sum over p of a chain of fused multiply-adds, cut at places
   that depend on k (m in the outer product) alone: its bits do not depend on
   where in a tile it falls.  Tiles at the lower edge begin earlier and compute
   some rows that they do not store. */

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define VECTOR MAKE(vector)
#define LOOSE MAKE(loose)
typedef NUMBER VECTOR __attribute__((vector_size(LANES * sizeof(NUMBER))));
typedef NUMBER LOOSE __attribute__((vector_size(LANES * sizeof(NUMBER)),
                                    aligned(sizeof(NUMBER)), may_alias));

/* Where a tile goes. */
#define TARGET MAKE(target)
#define INLINE static inline __attribute__((always_inline))
struct TARGET {
    NUMBER *y;
    ptrdiff_t row;
    int columns, skip; /* of the panel; rows above that are not stored */
    const NUMBER *bias;
    int add;
};

/* Vectors of the next panel when so many columns are left. */
static int MAKE(panel)(int columns)
{
    int vectors = (columns + LANES - 1) / LANES;

    return vectors == 1 || vectors == 3 ? vectors : 2;
}

/* The last vector of each row, of which only some columns are there. */
static void MAKE(store_some)(int rows, int first, const VECTOR *last,
                             const struct TARGET *t)
{
    for (int i = t->skip; i < rows; i++) {
        for (int j = first; j < t->columns; j++) {
            NUMBER *y = t->y + i * t->row + j, v = last[i][j - first];

            if (t->bias)
                v += t->bias[j];
            *y = t->add ? v + *y : v;
        }
    }
}

/* The first `full` vectors of each row. */
INLINE void MAKE(store_full)(int rows, int full, VECTOR (*sum)[3],
                             const struct TARGET *t)
{
    VECTOR bias[3] = {{0}};

    if (t->bias)
        for (int j = 0; j < full; j++)
            bias[j] = *(const LOOSE *)(t->bias + j * LANES);
    for (int i = 0; i < rows; i++) {
        NUMBER *y = t->y + i * t->row;

        if (i < t->skip)
            continue;
        for (int j = 0; j < full; j++) {
            VECTOR v = sum[i][j];

            if (t->bias)
                v += bias[j];
            if (t->add)
                v += *(LOOSE *)(y + j * LANES);
            *(LOOSE *)(y + j * LANES) = v;
        }
    }
}

INLINE void MAKE(store)(int rows, int vectors, VECTOR (*sum)[3],
                        const struct TARGET *t)
{
    VECTOR last[TILE_1];

    if (t->columns == vectors * LANES) {
        MAKE(store_full)(rows, vectors, sum, t);
        return;
    }
    MAKE(store_full)(rows, vectors - 1, sum, t);
    for (int i = 0; i < rows; i++)
        last[i] = sum[i][vectors - 1];
    MAKE(store_some)(rows, (vectors - 1) * LANES, last, t);
}

/* rows and vectors are constant wherever this is inlined, and one of the
   strides of a is 1. */
INLINE void MAKE(tile)(int rows, int vectors, int k, const NUMBER *a,
                       ptrdiff_t a_row, ptrdiff_t a_column, const NUMBER *b,
                       ptrdiff_t b_row, const struct TARGET *t)
{
    VECTOR sum[TILE_1][3];

    /* An initializer would clear the whole array in memory. */
    for (int i = 0; i < rows; i++)
        for (int j = 0; j < vectors; j++)
            sum[i][j] = (VECTOR){0};
    for (int p = 0; p < k; p++) {
        VECTOR v[3];

        for (int j = 0; j < vectors; j++)
            v[j] = *(const LOOSE *)(b + j * LANES);
        for (int j = 0; j < vectors; j++)
            HOLD(v[j]);
        for (int i = 0; i < rows; i++) {
            VECTOR s = a[i * a_row] - (VECTOR){0};

            for (int j = 0; j < vectors; j++)
                sum[i][j] = MULTIPLY_ADD(s, v[j], sum[i][j]);
        }
        a += a_column;
        b += b_row;
    }
    MAKE(store)(rows, vectors, sum, t);
}

/* A column of tiles over the m rows of a. */
INLINE void MAKE(strip)(int rows, int vectors, int m, int k, const NUMBER *a,
                        ptrdiff_t a_row, ptrdiff_t a_column, const NUMBER *b,
                        ptrdiff_t b_row, const struct TARGET *target)
{
    struct TARGET t = *target;

    if (m < rows) {
        for (int i = 0; i < m; i++, t.y += t.row)
            MAKE(tile)
        (1, vectors, k, a + i * a_row, a_row, a_column, b, b_row, &t);
        return;
    }
    for (int i = 0; i < m; i += rows) {
        int from = i + rows <= m ? i : m - rows;

        t.y = target->y + from * t.row;
        t.skip = i - from;
        MAKE(tile)
        (rows, vectors, k, a + from * a_row, a_row, a_column, b, b_row, &t);
    }
}

/* So few columns would leave most of a vector empty. */
static int MAKE(narrow)(int n)
{
    return n <= 4 && 2 * n <= LANES;
}

/* Of long sums, then, the sum over p is taken in vectors, and the weights of a
   column lie in sequence. */
static int MAKE(along)(int k, int n)
{
    return MAKE(narrow)(n) && k > 64;
}

#define WIDTH (LANES / 2)
#define PART_MULTIPLY_ADD HALF_MULTIPLY_ADD
#define FEW(x) MAKE(x##_half)
#include "ml/gemm_few.h"
#ifdef QUARTER_MULTIPLY_ADD
#define WIDTH (LANES / 4)
#define PART_MULTIPLY_ADD QUARTER_MULTIPLY_ADD
#define FEW(x) MAKE(x##_quarter)
#include "ml/gemm_few.h"
#endif

/* Width of what is left of n columns behind whole vectors; 0: nothing, or more
   than half a vector, which is filled then. */
static int MAKE(part)(int n)
{
    int left = n % LANES;

    if (left == 0 || left > LANES / 2)
        return 0;
#ifdef QUARTER_MULTIPLY_ADD
    if (left <= LANES / 4)
        return LANES / 4;
#endif
    return LANES / 2;
}

static int MAKE(rounded)(int n)
{
    return (n + LANES - 1) / LANES * LANES;
}

static size_t MAKE(packed_size)(int k, int n)
{
    int part = MAKE(part)(n);

    if (MAKE(along)(k, n))
        return (size_t)MAKE(rounded)(k) * (size_t)n;
    return (size_t)k *
           (size_t)(part ? n / LANES * LANES + part : MAKE(rounded)(n));
}

/* The last vector of a row ends where the row ends; what the one before has, it
   multiplies by zero. */
static void MAKE(pack_along)(int k, int n, const NUMBER *w, ptrdiff_t row,
                             ptrdiff_t column, NUMBER *to)
{
    int full = k / LANES * LANES, last = k - LANES;

    for (int j = 0; j < n; j++) {
        for (int p = 0; p < full; p++)
            *to++ = w[p * row + j * column];
        for (int p = last; p < k && full < k; p++)
            *to++ = p < full ? 0 : w[p * row + j * column];
    }
}

static void MAKE(pack)(int k, int n, const void *w_, ptrdiff_t row,
                       ptrdiff_t column, void *packed)
{
    const NUMBER *w = w_;
    NUMBER *to = packed;
    int part = MAKE(part)(n), whole = part ? n / LANES * LANES : n;

    if (MAKE(along)(k, n)) {
        MAKE(pack_along)(k, n, w, row, column, to);
        return;
    }
    for (int j0 = 0, width; j0 < n; j0 += width) {
        width = j0 < whole ? MAKE(panel)(whole - j0) * LANES : part;
        for (int p = 0; p < k; p++)
            for (int j = 0; j < width; j++)
                *to++ = j0 + j < n ? w[p * row + (j0 + j) * column] : 0;
    }
}

/* Sum of the numbers of a vector, by halves. */
INLINE NUMBER MAKE(total)(const VECTOR *v)
{
    NUMBER s[LANES];

    *(LOOSE *)s = *v;
    for (int half = LANES / 2; half > 0; half /= 2)
        for (int i = 0; i < half; i++)
            s[i] += s[i + half];
    return s[0];
}

/* rows x columns elements, columns and most rows constant when inlined. */
INLINE void MAKE(dots)(int rows, int columns, int k, const NUMBER *x,
                       ptrdiff_t x_row, const NUMBER *w, const NUMBER *bias,
                       int add, NUMBER *y, ptrdiff_t y_row)
{
    VECTOR sum[8][4];
    int full = k / LANES * LANES, length = MAKE(rounded)(k);

    for (int i = 0; i < rows; i++)
        for (int j = 0; j < columns; j++)
            sum[i][j] = (VECTOR){0};
    for (int p = 0; p < full; p += LANES)
        for (int i = 0; i < rows; i++)
            for (int j = 0; j < columns; j++)
                sum[i][j] = MULTIPLY_ADD(*(const LOOSE *)(x + i * x_row + p),
                                         *(const LOOSE *)(w + j * length + p),
                                         sum[i][j]);
    for (int i = 0; i < rows && full < k; i++) {
        NUMBER copy[LANES] = {0};
        const NUMBER *last = x + i * x_row + k - LANES;

        if (full == 0) {
            memcpy(copy + LANES - k, x + i * x_row, (size_t)k * sizeof *x);
            last = copy;
        }
        for (int j = 0; j < columns; j++)
            sum[i][j] = MULTIPLY_ADD(*(const LOOSE *)last,
                                     *(const LOOSE *)(w + j * length + full),
                                     sum[i][j]);
    }
    for (int i = 0; i < rows; i++) {
        for (int j = 0; j < columns; j++) {
            NUMBER v = MAKE(total)(&sum[i][j]), *to = y + i * y_row + j;

            if (bias)
                v += bias[j];
            *to = add ? v + *to : v;
        }
    }
}

INLINE void MAKE(dots_of)(int columns, int m, int k, const NUMBER *x,
                          ptrdiff_t x_row, const NUMBER *w, const NUMBER *bias,
                          int add, NUMBER *y, ptrdiff_t y_row)
{
    enum { ROWS = 4 };
    int i = 0;

    for (; i + ROWS <= m; i += ROWS)
        MAKE(dots)
    (ROWS, columns, k, x + i * x_row, x_row, w, bias, add, y + i * y_row,
     y_row);
    for (; i < m; i++)
        MAKE(dots)
    (1, columns, k, x + i * x_row, x_row, w, bias, add, y + i * y_row, y_row);
}

static void MAKE(packed_along)(int m, int k, int n, const NUMBER *x,
                               ptrdiff_t x_row, const NUMBER *w,
                               const NUMBER *bias, int add, NUMBER *y,
                               ptrdiff_t y_row)
{
    if (n == 1)
        MAKE(dots_of)(1, m, k, x, x_row, w, bias, add, y, y_row);
    else if (n == 2)
        MAKE(dots_of)(2, m, k, x, x_row, w, bias, add, y, y_row);
    else if (n == 3)
        MAKE(dots_of)(3, m, k, x, x_row, w, bias, add, y, y_row);
    else
        MAKE(dots_of)(4, m, k, x, x_row, w, bias, add, y, y_row);
}

/* Length of the pieces in which a sum of k terms is taken. */
static int MAKE(piece)(int k, int most)
{
    int pieces = (k + most - 1) / most;

    return pieces > 1 ? (k + pieces - 1) / pieces : k;
}

static void MAKE(rows)(int m, int k, const NUMBER *x, ptrdiff_t x_row,
                       const NUMBER *b, int width, const struct TARGET *t)
{
    if (width == LANES)
        MAKE(strip)(TILE_1, 1, m, k, x, x_row, 1, b, width, t);
    else if (width == 2 * LANES)
        MAKE(strip)(TILE_2, 2, m, k, x, x_row, 1, b, width, t);
    else if (width == 3 * LANES)
        MAKE(strip)(TILE_3, 3, m, k, x, x_row, 1, b, width, t);
#ifdef QUARTER_MULTIPLY_ADD
    else if (width == LANES / 4)
        MAKE(rows_quarter)(m, k, x, x_row, b, t);
#endif
    else
        MAKE(rows_half)(m, k, x, x_row, b, t);
}

static void MAKE(packed)(int m, int k, int n, const void *x_, ptrdiff_t x_row,
                         const void *packed, const void *bias, int accumulate,
                         void *y_, ptrdiff_t y_row)
{
    const NUMBER *x = x_;
    int piece = MAKE(piece)(k, GEMM_PIECE), block;
    int part = MAKE(part)(n), whole = part ? n / LANES * LANES : n;

    if (MAKE(along)(k, n)) {
        MAKE(packed_along)
        (m, k, n, x, x_row, packed, bias, accumulate, y_, y_row);
        return;
    }
    for (int i0 = 0; i0 < m; i0 += block) {
        /* A short rest is joined to the last block. */
        block = m - i0 < GEMM_BLOCK + GEMM_BLOCK / 2 ? m - i0 : GEMM_BLOCK;
        int k0 = 0;
        do {
            int length = k - k0 < piece ? k - k0 : piece, width;
            const NUMBER *b = packed;

            for (int j0 = 0; j0 < n; j0 += width) {
                width = j0 < whole ? MAKE(panel)(whole - j0) * LANES : part;
                struct TARGET t = {
                    .y = (NUMBER *)y_ + i0 * y_row + j0,
                    .row = y_row,
                    .columns = n - j0 < width ? n - j0 : width,
                    .bias = bias && k0 == 0 ? (const NUMBER *)bias + j0 : NULL,
                    .add = accumulate || k0 > 0,
                };

                MAKE(rows)
                (block, length, x + i0 * x_row + k0, x_row,
                 b + (ptrdiff_t)k0 * width, width, &t);
                b += (ptrdiff_t)k * width;
            }
            k0 += length;
        } while (k0 < k);
    }
}

static void MAKE(columns)(int m, int k, const NUMBER *x, ptrdiff_t x_row,
                          const NUMBER *b, ptrdiff_t b_row, int vectors,
                          const struct TARGET *t)
{
    if (vectors == 1)
        MAKE(strip)(TILE_1, 1, k, m, x, 1, x_row, b, b_row, t);
    else if (vectors == 2)
        MAKE(strip)(TILE_2, 2, k, m, x, 1, x_row, b, b_row, t);
    else
        MAKE(strip)(TILE_3, 3, k, m, x, 1, x_row, b, b_row, t);
}

/* A panel of d, rows one after the other. */
static void MAKE(panel_of)(int m, int columns, int width, const NUMBER *d,
                           ptrdiff_t d_row, NUMBER *to)
{
    if (columns < width)
        memset(to, 0, (size_t)(m * width) * sizeof *to);
    for (int i = 0; i < m; i++)
        memcpy(to + i * width, d + i * d_row, (size_t)columns * sizeof *to);
}

/* As [n][k], the rows of which fill vectors. */
static void MAKE(outer_narrow)(int m, int k, int n, const NUMBER *x,
                               ptrdiff_t x_row, const NUMBER *d,
                               ptrdiff_t d_row, int add, NUMBER *w,
                               ptrdiff_t w_row)
{
    NUMBER copy[GEMM_PIECE * 3 * LANES], part[4 * 3 * LANES];

    for (int p0 = 0, vectors; p0 < k; p0 += vectors * LANES) {
        vectors = MAKE(panel)(k - p0);
        int width = vectors * LANES;
        int columns = k - p0 < width ? k - p0 : width;
        struct TARGET t = {.y = part, .row = width, .columns = width};

        if (columns < width)
            MAKE(panel_of)(m, columns, width, x + p0, x_row, copy);
        MAKE(columns)
        (m, n, d, d_row, columns < width ? copy : x + p0,
         columns < width ? width : x_row, vectors, &t);
        for (int p = 0; p < columns; p++) {
            for (int j = 0; j < n; j++) {
                NUMBER *to = w + (p0 + p) * w_row + j, v = part[j * width + p];

                *to = add ? v + *to : v;
            }
        }
    }
}

static void MAKE(outer)(int m, int k, int n, const void *x_, ptrdiff_t x_row,
                        const void *d_, ptrdiff_t d_row, int accumulate,
                        void *w_, ptrdiff_t w_row)
{
    const NUMBER *x = x_;
    NUMBER copy[GEMM_PIECE * 3 * LANES];
    int piece = MAKE(piece)(m, GEMM_PIECE), i0 = 0;

    do {
        int length = m - i0 < piece ? m - i0 : piece, vectors;

        if (MAKE(narrow)(n))
            MAKE(outer_narrow)
        (length, k, n, x + i0 * x_row, x_row, (const NUMBER *)d_ + i0 * d_row,
         d_row, accumulate || i0 > 0, w_, w_row);
        for (int j0 = 0; j0 < n && !MAKE(narrow)(n); j0 += vectors * LANES) {
            vectors = MAKE(panel)(n - j0);
            int width = vectors * LANES;
            struct TARGET t = {
                .y = (NUMBER *)w_ + j0,
                .row = w_row,
                .columns = n - j0 < width ? n - j0 : width,
                .add = accumulate || i0 > 0,
            };
            const NUMBER *d = (const NUMBER *)d_ + i0 * d_row + j0;

            if (t.columns < width || d_row > width) {
                MAKE(panel_of)(length, t.columns, width, d, d_row, copy);
                d = copy;
            }
            MAKE(columns)
            (length, k, x + i0 * x_row, x_row, d, width, vectors, &t);
        }
        i0 += length;
    } while (i0 < m);
}

#include "ml/gemm_skip.h"

const struct gemm KERNEL = {
    .name = KERNEL_NAME,
    .precision = KERNEL_PRECISION,
    .packed_size = MAKE(packed_size),
    .pack = MAKE(pack),
    .packed = MAKE(packed),
    .outer = MAKE(outer),
    .skips = MAKE(skips),
    .skip_pack = MAKE(skip_pack),
    .skip_packed = MAKE(skip_packed),
    .skip_outer = MAKE(skip_outer),
};

#undef VECTOR
#undef LOOSE
#undef TARGET
#undef INLINE
#undef NUMBER
#undef LANES
#undef MULTIPLY_ADD
#undef HALF_MULTIPLY_ADD
#undef QUARTER_MULTIPLY_ADD
#undef PRESENT
#undef MAKE
#undef KERNEL
#undef KERNEL_PRECISION

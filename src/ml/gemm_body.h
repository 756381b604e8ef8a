/* Body of the vector kernels of ml/gemm.h, for one kind of number.

   The file that includes it defines

       NUMBER     float or double
       LANES      numbers in a vector
       TILE_1, TILE_2, TILE_3  rows of a tile that is 1, 2, 3 vectors wide: as
                  many sums as registers allow
       MULTIPLY_ADD(a, b, c)   a b + c of vectors, rounded once: as a compiler
                  does not promise to contract each sum alike, it is named
       MAKE(x)    x with a suffix of its own
       KERNEL, KERNEL_NAME, KERNEL_PRECISION  the table at the end

   Weights are packed in panels of 2 vectors, the last of 1 to 3; [k][width],
   filled with zeros.  A tile multiplies some rows of x, read where they are,
   by a panel; while the rows of a block go by, a cut of the panel stays in the
   first-level cache and the block of x in the second.

   Every element is sum over p of a chain of fused multiply-adds, cut at places
   that depend on k (m in the outer product) alone: its bits do not depend on
   where in a tile it falls.  Tiles at the lower edge begin earlier and compute
   some rows that they do not store. */

#include <string.h>

#define VECTOR MAKE(vector)
#define LOOSE MAKE(loose)
typedef NUMBER VECTOR __attribute__((vector_size(LANES * sizeof(NUMBER))));
typedef NUMBER LOOSE __attribute__((vector_size(LANES * sizeof(NUMBER)),
                                    aligned(sizeof(NUMBER)), may_alias));

/* Where a tile goes. */
#define TARGET MAKE(target)
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

static inline __attribute__((always_inline)) void MAKE(store)(
    int rows, int vectors, VECTOR (*sum)[3], const struct TARGET *t)
{
    if (t->columns == vectors * LANES) {
        VECTOR bias[3] = {{0}};

        if (t->bias)
            for (int j = 0; j < vectors; j++)
                bias[j] = *(const LOOSE *)(t->bias + j * LANES);
        for (int i = 0; i < rows; i++) {
            NUMBER *y = t->y + i * t->row;

            if (i < t->skip)
                continue;
            for (int j = 0; j < vectors; j++) {
                VECTOR v = sum[i][j];

                if (t->bias)
                    v += bias[j];
                if (t->add)
                    v += *(LOOSE *)(y + j * LANES);
                *(LOOSE *)(y + j * LANES) = v;
            }
        }
        return;
    }
    NUMBER part[TILE_1 * 3 * LANES];
    for (int i = 0; i < rows; i++)
        for (int j = 0; j < vectors; j++)
            *(LOOSE *)(part + (i * vectors + j) * LANES) = sum[i][j];
    for (int i = t->skip; i < rows; i++) {
        for (int j = 0; j < t->columns; j++) {
            NUMBER *y = t->y + i * t->row + j,
                   v = part[i * vectors * LANES + j];

            if (t->bias)
                v += t->bias[j];
            *y = t->add ? *y + v : v;
        }
    }
}

/* rows and vectors are constant wherever this is inlined, and one of the
   strides of a is 1. */
static inline __attribute__((always_inline)) void MAKE(tile)(
    int rows, int vectors, int k, const NUMBER *a, ptrdiff_t a_row,
    ptrdiff_t a_column, const NUMBER *b, ptrdiff_t b_row,
    const struct TARGET *t)
{
    VECTOR sum[TILE_1][3] = {{{0}}};

    for (int p = 0; p < k; p++) {
        VECTOR v[3];

        for (int j = 0; j < vectors; j++)
            v[j] = *(const LOOSE *)(b + j * LANES);
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
static inline __attribute__((always_inline)) void MAKE(strip)(
    int rows, int vectors, int m, int k, const NUMBER *a, ptrdiff_t a_row,
    ptrdiff_t a_column, const NUMBER *b, ptrdiff_t b_row,
    const struct TARGET *target)
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

static size_t MAKE(packed_size)(int k, int n)
{
    return (size_t)k * (size_t)((n + LANES - 1) / LANES * LANES);
}

static void MAKE(pack)(int k, int n, const void *w_, ptrdiff_t row,
                       ptrdiff_t column, void *packed)
{
    const NUMBER *w = w_;
    NUMBER *to = packed;

    for (int j0 = 0, width; j0 < n; j0 += width) {
        width = MAKE(panel)(n - j0) * LANES;
        for (int p = 0; p < k; p++)
            for (int j = 0; j < width; j++)
                *to++ = j0 + j < n ? w[p * row + (j0 + j) * column] : 0;
    }
}

/* Length of the pieces in which a sum of k terms is taken. */
static int MAKE(piece)(int k, int most)
{
    int pieces = (k + most - 1) / most;

    return pieces > 1 ? (k + pieces - 1) / pieces : k;
}

static void MAKE(rows)(int m, int k, const NUMBER *x, ptrdiff_t x_row,
                       const NUMBER *b, int vectors, const struct TARGET *t)
{
    ptrdiff_t width = vectors * LANES;

    if (vectors == 1)
        MAKE(strip)(TILE_1, 1, m, k, x, x_row, 1, b, width, t);
    else if (vectors == 2)
        MAKE(strip)(TILE_2, 2, m, k, x, x_row, 1, b, width, t);
    else
        MAKE(strip)(TILE_3, 3, m, k, x, x_row, 1, b, width, t);
}

static void MAKE(packed)(int m, int k, int n, const void *x_, ptrdiff_t x_row,
                         const void *packed, const void *bias, int accumulate,
                         void *y_, ptrdiff_t y_row)
{
    const NUMBER *x = x_;
    int piece = MAKE(piece)(k, GEMM_PIECE), block;

    for (int i0 = 0; i0 < m; i0 += block) {
        /* A short rest is joined to the last block. */
        block = m - i0 < GEMM_BLOCK + GEMM_BLOCK / 2 ? m - i0 : GEMM_BLOCK;
        int k0 = 0;
        do {
            int length = k - k0 < piece ? k - k0 : piece, vectors;
            const NUMBER *b = packed;

            for (int j0 = 0; j0 < n; j0 += vectors * LANES) {
                vectors = MAKE(panel)(n - j0);
                int width = vectors * LANES;
                struct TARGET t = {
                    .y = (NUMBER *)y_ + i0 * y_row + j0,
                    .row = y_row,
                    .columns = n - j0 < width ? n - j0 : width,
                    .bias = bias && k0 == 0 ? (const NUMBER *)bias + j0 : NULL,
                    .add = accumulate || k0 > 0,
                };

                MAKE(rows)
                (block, length, x + i0 * x_row + k0, x_row,
                 b + (ptrdiff_t)k0 * width, vectors, &t);
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

static void MAKE(outer)(int m, int k, int n, const void *x_, ptrdiff_t x_row,
                        const void *d_, ptrdiff_t d_row, int accumulate,
                        void *w_, ptrdiff_t w_row)
{
    const NUMBER *x = x_;
    NUMBER copy[GEMM_PIECE * 3 * LANES];
    int piece = MAKE(piece)(m, GEMM_PIECE), i0 = 0;

    do {
        int length = m - i0 < piece ? m - i0 : piece, vectors;

        for (int j0 = 0; j0 < n; j0 += vectors * LANES) {
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

const struct gemm KERNEL = {KERNEL_NAME, KERNEL_PRECISION, MAKE(packed_size),
                            MAKE(pack),  MAKE(packed),     MAKE(outer)};

#undef VECTOR
#undef LOOSE
#undef TARGET
#undef NUMBER
#undef LANES
#undef MULTIPLY_ADD
#undef MAKE
#undef KERNEL
#undef KERNEL_PRECISION

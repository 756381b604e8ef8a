/* Products that leave out the zeros of x: what follows a ReLU, and the
   adjoints that pass it backward.  Part of ml/gemm_body.h, whose names it
   uses.

   A row of sums stays in registers while the numbers of a row of x that are
   not zero are met one after the other, each with a row of weights.  So that
   these come out of the first-level cache, k is taken in cuts of at most
   SKIP_CUT and columns in chunks of at most SKIP_WIDE vectors; between cuts
   the sums of some rows wait in the second.

   Pieces of k, and of m in the outer product, are those of the whole products
   and a term that is left out is zero: with finite numbers the bits are the
   same, and callers may choose by the numbers that they find. */

/* Names that the formatter knows for calls. */
#define CUTS MAKE(cuts)
#define MEET MAKE(meet)
#define PUT MAKE(put)
#define ROW_OF_SUMS MAKE(row_of_sums)
#define PART_OF_ROWS MAKE(part_of_rows)

enum { MAKE(SKIP_WIDE) = 8, MAKE(SKIP_LEAST) = 4, MAKE(SKIP_CUT) = 64 };
enum { MAKE(SKIP_ROWS) = 48, MAKE(SKIP_CUTS) = (GEMM_PIECE + 63) / 64 };

/* What a comparison of vectors gives. */
typedef __typeof__(__builtin_choose_expr(sizeof(NUMBER) == 4, (int32_t)0,
                                         (int64_t)0)) MAKE(whole);
typedef MAKE(whole) MAKE(test)
    __attribute__((vector_size(LANES * sizeof(NUMBER))));

static bool MAKE(skips)(int k, int n)
{
    return n % LANES == 0 && n >= MAKE(SKIP_LEAST) * LANES && k % LANES == 0;
}

/* Columns of the chunk at j0. */
static int MAKE(chunk)(int n, int j0)
{
    int most = MAKE(SKIP_WIDE) * LANES;

    return n - j0 < most ? n - j0 : most;
}

static void MAKE(skip_pack)(int k, int n, const void *w_, ptrdiff_t row,
                            ptrdiff_t column, void *packed)
{
    const NUMBER *w = w_;
    NUMBER *to = packed;

    for (int j0 = 0, width; j0 < n; j0 += width) {
        width = MAKE(chunk)(n, j0);
        for (int p = 0; p < k; p++)
            for (int j = 0; j < width; j++)
                *to++ = w[p * row + (j0 + j) * column];
    }
}

/* Bits of the first n <= 64 numbers of x that are not zero. */
INLINE uint64_t MAKE(present)(int n, const NUMBER *x)
{
    uint64_t bits = 0;
    int p = 0;

    for (; p + LANES <= n; p += LANES)
        bits |= (uint64_t)PRESENT(*(const LOOSE *)(x + p)) << p;
    for (; p < n; p++)
        bits |= (uint64_t)(x[p] != 0) << p;
    return bits;
}

/* sum += x(p) b(p, :) over the bits p of `bits`. */
INLINE void MEET(int vectors, uint64_t bits, const NUMBER *x, ptrdiff_t x_row,
                 const NUMBER *b, ptrdiff_t b_row, VECTOR *sum)
{
    while (bits) {
        int p = __builtin_ctzll(bits);
        VECTOR s = x[p * x_row] - (VECTOR){0};
        const NUMBER *w = b + p * b_row;

        bits &= bits - 1;
        for (int j = 0; j < vectors; j++)
            sum[j] = MULTIPLY_ADD(s, *(const LOOSE *)(w + j * LANES), sum[j]);
    }
}

/* y of a row from its sums. */
INLINE void PUT(int vectors, const VECTOR *sum, const NUMBER *bias, int add,
                NUMBER *y)
{
    for (int j = 0; j < vectors; j++) {
        VECTOR v = sum[j];

        if (bias)
            v += *(const LOOSE *)(bias + j * LANES);
        if (add)
            v += *(LOOSE *)(y + j * LANES);
        *(LOOSE *)(y + j * LANES) = v;
    }
}

struct CUTS { /* rows of x in a piece of k, and their bits */
    int rows, length, count;
    const NUMBER *x;
    ptrdiff_t x_row;
    uint64_t bits[MAKE(SKIP_ROWS)][MAKE(SKIP_CUTS)];
};

static void MAKE(find)(struct CUTS *c)
{
    int cut = MAKE(SKIP_CUT);

    c->count = (c->length + cut - 1) / cut;
    for (int i = 0; i < c->rows; i++) {
        for (int q = 0; q < c->count; q++) {
            int p = q * cut, left = c->length - p;

            c->bits[i][q] =
                MAKE(present)(left < cut ? left : cut, c->x + i * c->x_row + p);
        }
    }
}

INLINE void MAKE(skip_chunk)(int vectors, const struct CUTS *c, const NUMBER *b,
                             const struct TARGET *t)
{
    VECTOR waiting[MAKE(SKIP_ROWS)][MAKE(SKIP_WIDE)];
    ptrdiff_t width = vectors * LANES;

    for (int q = 0; q < c->count; q++) {
        const NUMBER *w = b + q * MAKE(SKIP_CUT) * width;

        for (int i = 0; i < c->rows; i++) {
            VECTOR sum[MAKE(SKIP_WIDE)];

            for (int j = 0; j < vectors; j++)
                sum[j] = q ? waiting[i][j] : (VECTOR){0};
            MEET(vectors, c->bits[i][q],
                 c->x + i * c->x_row + q * MAKE(SKIP_CUT), 1, w, width, sum);
            if (q + 1 < c->count)
                for (int j = 0; j < vectors; j++)
                    waiting[i][j] = sum[j];
            else
                PUT(vectors, sum, t->bias, t->add, t->y + i * t->row);
        }
    }
}

/* With as many vectors as the compiler has a function for. */
static void MAKE(skip_columns)(const struct CUTS *c, const NUMBER *b,
                               const struct TARGET *t)
{
    switch (t->columns / LANES) {
    case 1:
        MAKE(skip_chunk)(1, c, b, t);
        break;
    case 2:
        MAKE(skip_chunk)(2, c, b, t);
        break;
    case 3:
        MAKE(skip_chunk)(3, c, b, t);
        break;
    case 4:
        MAKE(skip_chunk)(4, c, b, t);
        break;
    case 5:
        MAKE(skip_chunk)(5, c, b, t);
        break;
    case 6:
        MAKE(skip_chunk)(6, c, b, t);
        break;
    case 7:
        MAKE(skip_chunk)(7, c, b, t);
        break;
    default:
        MAKE(skip_chunk)(8, c, b, t);
    }
}

static void MAKE(skip_packed)(int m, int k, int n, const void *x_,
                              ptrdiff_t x_row, const void *packed,
                              const void *bias, int accumulate, void *y_,
                              ptrdiff_t y_row)
{
    int piece = MAKE(piece)(k, GEMM_PIECE);
    struct CUTS c = {.x_row = x_row};

    for (int i0 = 0; i0 < m; i0 += c.rows) {
        c.rows = m - i0 < MAKE(SKIP_ROWS) ? m - i0 : MAKE(SKIP_ROWS);
        for (int k0 = 0; k0 < k; k0 += piece) {
            const NUMBER *b = packed;

            c.length = k - k0 < piece ? k - k0 : piece;
            c.x = (const NUMBER *)x_ + i0 * x_row + k0;
            MAKE(find)(&c);
            for (int j0 = 0, width; j0 < n; j0 += width) {
                width = MAKE(chunk)(n, j0);
                struct TARGET t = {
                    .y = (NUMBER *)y_ + i0 * y_row + j0,
                    .row = y_row,
                    .columns = width,
                    .bias = bias && k0 == 0 ? (const NUMBER *)bias + j0 : NULL,
                    .add = accumulate || k0 > 0,
                };

                MAKE(skip_columns)(&c, b + (ptrdiff_t)k0 * width, &t);
                b += (ptrdiff_t)k * width;
            }
        }
    }
}

enum { MAKE(SKIP_WORDS) = GEMM_PIECE / 32 };

/* bits [word][lane]: rows of x where a column is not zero. */
static void MAKE(find_rows)(int m, const NUMBER *x, ptrdiff_t x_row,
                            MAKE(test) * bits)
{
    for (int first = 0; first < m; first += 32) {
        int rows = m - first < 32 ? m - first : 32;
        MAKE(test) word = {0};

        for (int i = 0; i < rows; i++) {
            VECTOR v = *(const LOOSE *)(x + (first + i) * x_row);

            word |= (MAKE(test))(v != (VECTOR){0}) &
                    ((MAKE(test)){0} + (MAKE(whole))(1U << i));
        }
        bits[first / 32] = word;
    }
}

INLINE void ROW_OF_SUMS(int vectors, int m, const MAKE(test) * bits, int lane,
                        const NUMBER *x, ptrdiff_t x_row, const NUMBER *d,
                        ptrdiff_t d_row, int add, NUMBER *w)
{
    VECTOR sum[MAKE(SKIP_WIDE)];

    for (int j = 0; j < vectors; j++)
        sum[j] = (VECTOR){0};
    for (int first = 0; first < m; first += 32)
        MEET(vectors, (uint32_t)bits[first / 32][lane], x + first * x_row,
             x_row, d + first * d_row, d_row, sum);
    PUT(vectors, sum, NULL, add, w);
}

static void PART_OF_ROWS(int m, int k, int n, const NUMBER *x, ptrdiff_t x_row,
                         const NUMBER *d, ptrdiff_t d_row, int add, NUMBER *w,
                         ptrdiff_t w_row)
{
    MAKE(test) bits[MAKE(SKIP_WORDS)];
    enum { WIDE = MAKE(SKIP_WIDE) * LANES };

    for (int p0 = 0; p0 < k; p0 += LANES) {
        MAKE(find_rows)(m, x + p0, x_row, bits);
        for (int lane = 0; lane < LANES; lane++) {
            const NUMBER *column = x + p0 + lane;
            NUMBER *to = w + (p0 + lane) * w_row;
            int j = 0;

            for (; j + WIDE <= n; j += WIDE)
                ROW_OF_SUMS(MAKE(SKIP_WIDE), m, bits, lane, column, x_row,
                            d + j, d_row, add, to + j);
            for (; j + 4 * LANES <= n; j += 4 * LANES)
                ROW_OF_SUMS(4, m, bits, lane, column, x_row, d + j, d_row, add,
                            to + j);
            for (; j < n; j += LANES)
                ROW_OF_SUMS(1, m, bits, lane, column, x_row, d + j, d_row, add,
                            to + j);
        }
    }
}

static void MAKE(skip_outer)(int m, int k, int n, const void *x,
                             ptrdiff_t x_row, const void *d, ptrdiff_t d_row,
                             int accumulate, void *w, ptrdiff_t w_row)
{
    int piece = MAKE(piece)(m, GEMM_PIECE);

    for (int i0 = 0; i0 < m; i0 += piece)
        PART_OF_ROWS(m - i0 < piece ? m - i0 : piece, k, n,
                     (const NUMBER *)x + i0 * x_row, x_row,
                     (const NUMBER *)d + i0 * d_row, d_row,
                     accumulate || i0 > 0, w, w_row);
}

#undef CUTS
#undef MEET
#undef PUT
#undef ROW_OF_SUMS
#undef PART_OF_ROWS

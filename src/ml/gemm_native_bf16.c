/* Products whose factors are bfloat16 on processors that multiply such pairs
   (AVX512_BF16): vdpbf16ps adds two products at once to sums in single
   precision, twice the rate of single.

   Weights are packed as panels of two vectors of 16 columns, each column a
   pair (w(2 p), w(2 p + 1)); rows are rounded, ties to even, as they are read,
   PIECE of k at once.  The last of an odd k pairs with zero.  Numbers below
   1e-38 count as zero.  Gradients of weights are those of single precision.

   Every element is a chain over p cut at places that depend on k alone. */

#include "ml/gemm_kernel.h"

#ifdef __x86_64__

#include <immintrin.h>
#include <stdint.h>
#include <string.h>

enum { LANES = 16, TILE = 12, PIECE = 256, PAIRS = PIECE / 2, ROWS = 96 };

static int pairs_of(int k)
{
    return (k + 1) / 2;
}

static int vectors_of(int n)
{
    return (n + LANES - 1) / LANES;
}

/* Numbers of four bytes: pairs. */
static size_t packed_size(int k, int n)
{
    return (size_t)pairs_of(k) * (size_t)(vectors_of(n) * LANES);
}

/* Sixteen numbers, rounded. */
static __m256i rounded(__m512 x)
{
    return (__m256i)_mm512_cvtneps_pbh(x);
}

static uint32_t pair_of(float low, float high)
{
    __m256i both =
        rounded(_mm512_castps128_ps512(_mm_setr_ps(low, high, 0, 0)));

    return (uint32_t)_mm_cvtsi128_si32(_mm256_castsi256_si128(both));
}

static void pack(int k, int n, const void *w_, ptrdiff_t row, ptrdiff_t column,
                 void *packed)
{
    const float *w = w_;
    uint32_t *to = packed;

    for (int j0 = 0, width; j0 < n; j0 += width) {
        width = n - j0 > LANES ? 2 * LANES : LANES;
        for (int p = 0; p < k; p += 2)
            for (int j = j0; j < j0 + width; j++) {
                const float *at = w + p * row + j * column;

                *to++ = j >= n ? 0 : pair_of(at[0], p + 1 < k ? at[row] : 0);
            }
    }
}

/* Rows of x in pairs, [rows][PAIRS], and zero to the end of the last tile;
   length of the piece. */
static void read_rows(int rows, int length, const float *x, ptrdiff_t x_row,
                      uint32_t (*to)[PAIRS])
{
    for (int i = 0; i < rows; i++, x += x_row) {
        char *out = (char *)to[i];
        int p = 0;

        for (; p + LANES <= length; p += LANES)
            _mm256_storeu_si256((__m256i *)(void *)(out + 2 * p),
                                rounded(_mm512_loadu_ps(x + p)));
        if (p < length) {
            __mmask16 some = (__mmask16)((1U << (length - p)) - 1);

            _mm256_storeu_si256((__m256i *)(void *)(out + 2 * p),
                                rounded(_mm512_maskz_loadu_ps(some, x + p)));
        }
    }
    for (int i = rows; i % TILE; i++)
        memset(to[i], 0, sizeof to[i]);
}

struct target {
    float *y;
    ptrdiff_t row;
    int rows, columns;
    const float *bias;
    int add;
};

static inline __attribute__((always_inline)) void tile(
    int vectors, int pairs, const uint32_t (*x)[PAIRS], const uint32_t *w,
    const struct target *t)
{
    __m512 sum[TILE][2];

    for (int i = 0; i < TILE; i++)
        for (int j = 0; j < vectors; j++)
            sum[i][j] = _mm512_setzero_ps();
    for (int p = 0; p < pairs; p++, w += vectors * LANES) {
        __m512bh v[2];

        for (int j = 0; j < vectors; j++) {
            v[j] = (__m512bh)_mm512_loadu_si512(w + j * LANES);
            __asm__("" : "+v"(v[j]));
        }
        for (int i = 0; i < TILE; i++) {
            __m512bh s = (__m512bh)_mm512_set1_epi32((int)x[i][p]);

            for (int j = 0; j < vectors; j++)
                sum[i][j] = _mm512_dpbf16_ps(sum[i][j], s, v[j]);
        }
    }
    for (int i = 0; i < t->rows; i++) {
        for (int j = 0; j < vectors; j++) {
            int left = t->columns - j * LANES;
            __mmask16 some =
                left >= LANES ? 0xffff : (__mmask16)((1U << left) - 1);
            float *y = t->y + i * t->row + j * LANES;
            __m512 v = sum[i][j];

            if (t->bias)
                v += _mm512_maskz_loadu_ps(some, t->bias + j * LANES);
            if (t->add)
                v += _mm512_maskz_loadu_ps(some, y);
            _mm512_mask_storeu_ps(y, some, v);
        }
    }
}

/* One panel on a block of rows. */
static void panel(int vectors, int rows, int pairs, const uint32_t (*x)[PAIRS],
                  const uint32_t *w, const struct target *target)
{
    struct target t = *target;

    for (int i = 0; i < rows; i += TILE, t.y += TILE * t.row) {
        t.rows = rows - i < TILE ? rows - i : TILE;
        if (vectors == 2)
            tile(2, pairs, x + i, w, &t);
        else
            tile(1, pairs, x + i, w, &t);
    }
}

static void packed(int m, int k, int n, const void *x_, ptrdiff_t x_row,
                   const void *packed_, const void *bias_, int accumulate,
                   void *y_, ptrdiff_t y_row)
{
    uint32_t pair[ROWS + TILE][PAIRS];
    const float *x = x_, *bias = bias_;

    for (int i0 = 0; i0 < m; i0 += ROWS) {
        int rows = m - i0 < ROWS ? m - i0 : ROWS, k0 = 0;

        do {
            int length = k - k0 < PIECE ? k - k0 : PIECE, vectors;
            const uint32_t *w = packed_;

            read_rows(rows, length, x + i0 * x_row + k0, x_row, pair);
            for (int j0 = 0; j0 < n; j0 += vectors * LANES) {
                vectors = n - j0 > LANES ? 2 : 1;
                struct target t = {
                    .y = (float *)y_ + i0 * y_row + j0,
                    .row = y_row,
                    .columns = n - j0,
                    .bias = bias && k0 == 0 ? bias + j0 : NULL,
                    .add = accumulate || k0 > 0,
                };

                panel(vectors, rows, pairs_of(length),
                      (const uint32_t(*)[PAIRS])pair,
                      w + (ptrdiff_t)(k0 / 2) * vectors * LANES, &t);
                w += (ptrdiff_t)pairs_of(k) * vectors * LANES;
            }
            k0 += length;
        } while (k0 < k);
    }
}

static void outer(int m, int k, int n, const void *x, ptrdiff_t x_row,
                  const void *d, ptrdiff_t d_row, int accumulate, void *w,
                  ptrdiff_t w_row)
{
    gemm_avx512_single.outer(m, k, n, x, x_row, d, d_row, accumulate, w, w_row);
}

const struct gemm gemm_native_bf16 = {.name = "avx512_bf16",
                                      .precision = PRECISION_BF16,
                                      .packed_size = packed_size,
                                      .pack = pack,
                                      .packed = packed,
                                      .outer = outer};

#endif

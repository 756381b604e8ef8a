/* Products whose factors are rounded to bfloat16 (8 bits of mantissa, ties to
   even) and summed in single precision: what processors with such multipliers
   compute, by the kernels of single precision.  Products of two bfloat16
   numbers are exact in single, so only the order of the sum differs.

   It shows what the rounding does to a result on processors that have none
   (gemm_native_bf16.c is for those that do); it is not faster.  Numbers in
   memory are single.  Weights are rounded when they are packed, piece by piece
   of k, rows as they are read.  Gradients are those of single precision. */

#include <stdint.h>
#include <string.h>

#include "ml/gemm_kernel.h"

enum { PIECE = 256, ROWS = 48 };

/* nan stays nan: the highest bit of its mantissa is set. */
static float rounded(float x)
{
    uint32_t bits;

    memcpy(&bits, &x, sizeof bits);
    if (x != x)
        bits |= 0x400000u;
    else
        bits += 0x7fffu + ((bits >> 16) & 1u);
    bits &= 0xffff0000u;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static int piece_of(int k, int k0)
{
    return k - k0 < PIECE ? k - k0 : PIECE;
}

static size_t packed_size(const struct gemm *single, int k, int n)
{
    size_t size = 0;

    for (int k0 = 0; k0 < k; k0 += PIECE)
        size += single->packed_size(piece_of(k, k0), n);
    return size;
}

static void pack(const struct gemm *single, int k, int n, const float *w,
                 ptrdiff_t row, ptrdiff_t column, float *packed)
{
    for (int k0 = 0; k0 < k; k0 += PIECE) {
        int length = piece_of(k, k0);
        size_t size = single->packed_size(length, n);

        single->pack(length, n, w + k0 * row, row, column, packed);
        for (size_t i = 0; i < size; i++)
            packed[i] = rounded(packed[i]);
        packed += size;
    }
}

static void packed(const struct gemm *single, int m, int k, int n,
                   const float *x, ptrdiff_t x_row, const float *w,
                   const float *bias, int accumulate, float *y, ptrdiff_t y_row)
{
    float copy[ROWS * PIECE];

    for (int i0 = 0; i0 < m; i0 += ROWS) {
        int rows = m - i0 < ROWS ? m - i0 : ROWS, k0 = 0;
        const float *piece = w;

        do {
            int length = piece_of(k, k0);

            for (int i = 0; i < rows; i++)
                for (int p = 0; p < length; p++)
                    copy[i * length + p] =
                        rounded(x[(i0 + i) * x_row + k0 + p]);
            single->packed(rows, length, n, copy, length, piece,
                           k0 ? NULL : bias, accumulate || k0, y + i0 * y_row,
                           y_row);
            piece += single->packed_size(length, n);
            k0 += length;
        } while (k0 < k);
    }
}

/* One for each kernel of single precision. */
#define DEFINE_BF16(kernel)                                                    \
    static size_t packed_size_##kernel(int k, int n)                           \
    {                                                                          \
        return packed_size(&gemm_##kernel##_single, k, n);                     \
    }                                                                          \
                                                                               \
    static void pack_##kernel(int k, int n, const void *w, ptrdiff_t row,      \
                              ptrdiff_t column, void *to)                      \
    {                                                                          \
        pack(&gemm_##kernel##_single, k, n, w, row, column, to);               \
    }                                                                          \
                                                                               \
    static void packed_##kernel(                                               \
        int m, int k, int n, const void *x, ptrdiff_t x_row, const void *w,    \
        const void *bias, int accumulate, void *y, ptrdiff_t y_row)            \
    {                                                                          \
        packed(&gemm_##kernel##_single, m, k, n, x, x_row, w, bias,            \
               accumulate, y, y_row);                                          \
    }                                                                          \
                                                                               \
    static void outer_##kernel(                                                \
        int m, int k, int n, const void *x, ptrdiff_t x_row, const void *d,    \
        ptrdiff_t d_row, int accumulate, void *w, ptrdiff_t w_row)             \
    {                                                                          \
        gemm_##kernel##_single.outer(m, k, n, x, x_row, d, d_row, accumulate,  \
                                     w, w_row);                                \
    }                                                                          \
                                                                               \
    const struct gemm gemm_##kernel##_bf16 = {.name = #kernel,                 \
                                              .precision = PRECISION_BF16,     \
                                              .packed_size =                   \
                                                  packed_size_##kernel,        \
                                              .pack = pack_##kernel,           \
                                              .packed = packed_##kernel,       \
                                              .outer = outer_##kernel}

DEFINE_BF16(plain);
#ifdef __x86_64__
DEFINE_BF16(avx2);
DEFINE_BF16(avx512);
#endif

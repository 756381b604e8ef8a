/* Matrix products by plain loops: the reference of the other kernels, and what
   runs on any processor.  Packed weights are [k][n] in rows.  See ml/gemm.h. */

#include "ml/gemm_kernel.h"

static size_t packed_size(int k, int n)
{
    return (size_t)k * (size_t)n;
}

static bool skips(int k, int n)
{
    return k > 0 && n > 0;
}

#define DEFINE_PLAIN(kind, number, precision_)                                 \
    static void pack_##kind(int k, int n, const void *w_, ptrdiff_t row,       \
                            ptrdiff_t column, void *packed)                    \
    {                                                                          \
        const number *w = w_;                                                  \
        number *to = packed;                                                   \
                                                                               \
        for (int p = 0; p < k; p++)                                            \
            for (int j = 0; j < n; j++)                                        \
                *to++ = w[p * row + j * column];                               \
    }                                                                          \
                                                                               \
    /* What is left out is a zero times a number: the sums are the same. */    \
    static inline void product_##kind(                                         \
        bool skip, int m, int k, int n, const number *x, ptrdiff_t x_row,      \
        const number *w, const number *bias, int accumulate, number *y,        \
        ptrdiff_t y_row)                                                       \
    {                                                                          \
        for (int i = 0; i < m; i++) {                                          \
            for (int j = 0; j < n; j++) {                                      \
                number sum = bias ? bias[j] : 0;                               \
                                                                               \
                for (int p = 0; p < k; p++)                                    \
                    if (!skip || x[i * x_row + p] != 0)                        \
                        sum += x[i * x_row + p] * w[(ptrdiff_t)p * n + j];     \
                y[i * y_row + j] = accumulate ? y[i * y_row + j] + sum : sum;  \
            }                                                                  \
        }                                                                      \
    }                                                                          \
                                                                               \
    static inline void gradient_##kind(                                        \
        bool skip, int m, int k, int n, const number *x, ptrdiff_t x_row,      \
        const number *d, ptrdiff_t d_row, int accumulate, number *w,           \
        ptrdiff_t w_row)                                                       \
    {                                                                          \
        for (int p = 0; p < k; p++) {                                          \
            for (int j = 0; j < n; j++) {                                      \
                number sum = 0;                                                \
                                                                               \
                for (int i = 0; i < m; i++)                                    \
                    if (!skip || x[i * x_row + p] != 0)                        \
                        sum += x[i * x_row + p] * d[i * d_row + j];            \
                w[p * w_row + j] = accumulate ? w[p * w_row + j] + sum : sum;  \
            }                                                                  \
        }                                                                      \
    }                                                                          \
                                                                               \
    static void packed_##kind(int m, int k, int n, const void *x,              \
                              ptrdiff_t x_row, const void *packed,             \
                              const void *bias, int accumulate, void *y,       \
                              ptrdiff_t y_row)                                 \
    {                                                                          \
        product_##kind(false, m, k, n, x, x_row, packed, bias, accumulate, y,  \
                       y_row);                                                 \
    }                                                                          \
                                                                               \
    static void skip_packed_##kind(int m, int k, int n, const void *x,         \
                                   ptrdiff_t x_row, const void *packed,        \
                                   const void *bias, int accumulate, void *y,  \
                                   ptrdiff_t y_row)                            \
    {                                                                          \
        product_##kind(true, m, k, n, x, x_row, packed, bias, accumulate, y,   \
                       y_row);                                                 \
    }                                                                          \
                                                                               \
    static void outer_##kind(int m, int k, int n, const void *x,               \
                             ptrdiff_t x_row, const void *d, ptrdiff_t d_row,  \
                             int accumulate, void *w, ptrdiff_t w_row)         \
    {                                                                          \
        gradient_##kind(false, m, k, n, x, x_row, d, d_row, accumulate, w,     \
                        w_row);                                                \
    }                                                                          \
                                                                               \
    static void skip_outer_##kind(                                             \
        int m, int k, int n, const void *x, ptrdiff_t x_row, const void *d,    \
        ptrdiff_t d_row, int accumulate, void *w, ptrdiff_t w_row)             \
    {                                                                          \
        gradient_##kind(true, m, k, n, x, x_row, d, d_row, accumulate, w,      \
                        w_row);                                                \
    }                                                                          \
                                                                               \
    const struct gemm gemm_plain_##kind = {.name = "plain",                    \
                                           .precision = precision_,            \
                                           .packed_size = packed_size,         \
                                           .pack = pack_##kind,                \
                                           .packed = packed_##kind,            \
                                           .outer = outer_##kind,              \
                                           .skips = skips,                     \
                                           .skip_pack = pack_##kind,           \
                                           .skip_packed = skip_packed_##kind,  \
                                           .skip_outer = skip_outer_##kind}

DEFINE_PLAIN(single, float, PRECISION_SINGLE);
DEFINE_PLAIN(double, double, PRECISION_DOUBLE);

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
    static void packed_##kind(int m, int k, int n, const void *x_,             \
                              ptrdiff_t x_row, const void *packed,             \
                              const void *bias_, int accumulate, void *y_,     \
                              ptrdiff_t y_row)                                 \
    {                                                                          \
        const number *x = x_, *w = packed, *bias = bias_;                      \
        number *y = y_;                                                        \
                                                                               \
        for (int i = 0; i < m; i++) {                                          \
            for (int j = 0; j < n; j++) {                                      \
                number sum = bias ? bias[j] : 0;                               \
                                                                               \
                for (int p = 0; p < k; p++)                                    \
                    sum += x[i * x_row + p] * w[(ptrdiff_t)p * n + j];         \
                y[i * y_row + j] = accumulate ? y[i * y_row + j] + sum : sum;  \
            }                                                                  \
        }                                                                      \
    }                                                                          \
                                                                               \
    static void outer_##kind(int m, int k, int n, const void *x_,              \
                             ptrdiff_t x_row, const void *d_, ptrdiff_t d_row, \
                             int accumulate, void *w_, ptrdiff_t w_row)        \
    {                                                                          \
        const number *x = x_, *d = d_;                                         \
        number *w = w_;                                                        \
                                                                               \
        for (int p = 0; p < k; p++) {                                          \
            for (int j = 0; j < n; j++) {                                      \
                number sum = 0;                                                \
                                                                               \
                for (int i = 0; i < m; i++)                                    \
                    sum += x[i * x_row + p] * d[i * d_row + j];                \
                w[p * w_row + j] = accumulate ? w[p * w_row + j] + sum : sum;  \
            }                                                                  \
        }                                                                      \
    }                                                                          \
                                                                               \
    static void skip_packed_##kind(int m, int k, int n, const void *x_,        \
                                   ptrdiff_t x_row, const void *packed,        \
                                   const void *bias_, int accumulate,          \
                                   void *y_, ptrdiff_t y_row)                  \
    {                                                                          \
        const number *x = x_, *w = packed, *bias = bias_;                      \
        number *y = y_;                                                        \
                                                                               \
        for (int i = 0; i < m; i++) {                                          \
            for (int j = 0; j < n; j++) {                                      \
                number sum = bias ? bias[j] : 0;                               \
                                                                               \
                for (int p = 0; p < k; p++)                                    \
                    if (x[i * x_row + p] != 0)                                 \
                        sum += x[i * x_row + p] * w[(ptrdiff_t)p * n + j];     \
                y[i * y_row + j] = accumulate ? y[i * y_row + j] + sum : sum;  \
            }                                                                  \
        }                                                                      \
    }                                                                          \
                                                                               \
    static void skip_outer_##kind(                                             \
        int m, int k, int n, const void *x_, ptrdiff_t x_row, const void *d_,  \
        ptrdiff_t d_row, int accumulate, void *w_, ptrdiff_t w_row)            \
    {                                                                          \
        const number *x = x_, *d = d_;                                         \
        number *w = w_;                                                        \
                                                                               \
        for (int p = 0; p < k; p++) {                                          \
            for (int j = 0; j < n; j++) {                                      \
                number sum = 0;                                                \
                                                                               \
                for (int i = 0; i < m; i++)                                    \
                    if (x[i * x_row + p] != 0)                                 \
                        sum += x[i * x_row + p] * d[i * d_row + j];            \
                w[p * w_row + j] = accumulate ? w[p * w_row + j] + sum : sum;  \
            }                                                                  \
        }                                                                      \
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

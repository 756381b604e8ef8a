/* What a kernel of ml/gemm.h brings; the kernels of one set share a file. */

#ifndef ADELE_GEMM_KERNEL_H
#define ADELE_GEMM_KERNEL_H

#include "ml/gemm.h"

struct gemm {
    const char *name;
    enum precision precision;
    size_t (*packed_size)(int k, int n);
    void (*pack)(int k, int n, const void *w, ptrdiff_t row, ptrdiff_t column,
                 void *packed);
    void (*packed)(int m, int k, int n, const void *x, ptrdiff_t x_row,
                   const void *packed, const void *bias, int accumulate,
                   void *y, ptrdiff_t y_row);
    void (*outer)(int m, int k, int n, const void *x, ptrdiff_t x_row,
                  const void *d, ptrdiff_t d_row, int accumulate, void *w,
                  ptrdiff_t w_row);
    /* NULL: no product leaves out zeros. */
    bool (*skips)(int k, int n);
    void (*skip_pack)(int k, int n, const void *w, ptrdiff_t row,
                      ptrdiff_t column, void *packed);
    void (*skip_packed)(int m, int k, int n, const void *x, ptrdiff_t x_row,
                        const void *packed, const void *bias, int accumulate,
                        void *y, ptrdiff_t y_row);
    void (*skip_outer)(int m, int k, int n, const void *x, ptrdiff_t x_row,
                       const void *d, ptrdiff_t d_row, int accumulate, void *w,
                       ptrdiff_t w_row);
};

extern const struct gemm gemm_plain_single, gemm_plain_double, gemm_plain_bf16;
#ifdef __x86_64__
extern const struct gemm gemm_avx2_single, gemm_avx2_double, gemm_avx2_bf16;
extern const struct gemm gemm_avx512_single, gemm_avx512_double,
    gemm_avx512_bf16, gemm_native_bf16;
#endif

#endif

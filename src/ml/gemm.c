/* The kernels there are, and which of them this processor runs: see ml/gemm.h.
   The fastest comes first. */

#include "ml/gemm.h"

#include <string.h>

#include "ml/gemm_kernel.h"

static const struct gemm *const kernel_table[] = {
#ifdef __x86_64__
    &gemm_native_bf16,  &gemm_avx512_single, &gemm_avx512_double,
    &gemm_avx512_bf16,  &gemm_avx2_single,   &gemm_avx2_double,
    &gemm_avx2_bf16,
#endif
    &gemm_plain_single, &gemm_plain_double,  &gemm_plain_bf16,
};

static int processor_has(const char *name)
{
#ifdef __x86_64__
    if (!strcmp(name, "avx512_bf16"))
        return processor_has("avx512") && __builtin_cpu_supports("avx512bf16");
    if (!strcmp(name, "avx512"))
        return processor_has("avx2") && __builtin_cpu_supports("avx512f") &&
               __builtin_cpu_supports("avx512vl") &&
               __builtin_cpu_supports("avx512dq");
    if (!strcmp(name, "avx2"))
        return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
#endif
    return !strcmp(name, "plain");
}

const struct gemm *gemm_select(enum precision precision, const char *name)
{
    size_t count = sizeof kernel_table / sizeof *kernel_table;

    for (size_t i = 0; i < count; i++) {
        const struct gemm *kernel = kernel_table[i];

        if (kernel->precision == precision &&
            (!name || !strcmp(name, kernel->name)) &&
            processor_has(kernel->name))
            return kernel;
    }
    return NULL;
}

bool gemm_multiplies_bf16(void)
{
    return processor_has("avx512_bf16");
}

const char *gemm_name(const struct gemm *kernel)
{
    return kernel->name;
}

size_t gemm_number(enum precision precision)
{
    return precision == PRECISION_DOUBLE ? sizeof(double) : sizeof(float);
}

size_t gemm_packed_size(const struct gemm *kernel, int k, int n)
{
    return kernel->packed_size(k, n);
}

void gemm_pack(const struct gemm *kernel, int k, int n, const void *w,
               ptrdiff_t row, ptrdiff_t column, void *packed)
{
    kernel->pack(k, n, w, row, column, packed);
}

void gemm_packed(const struct gemm *kernel, int m, int k, int n, const void *x,
                 ptrdiff_t x_row, const void *packed, const void *bias,
                 int accumulate, void *y, ptrdiff_t y_row)
{
    kernel->packed(m, k, n, x, x_row, packed, bias, accumulate, y, y_row);
}

void gemm_outer(const struct gemm *kernel, int m, int k, int n, const void *x,
                ptrdiff_t x_row, const void *d, ptrdiff_t d_row, int accumulate,
                void *w, ptrdiff_t w_row)
{
    kernel->outer(m, k, n, x, x_row, d, d_row, accumulate, w, w_row);
}

bool gemm_skips(const struct gemm *kernel, int k, int n)
{
    return kernel->skips && kernel->skips(k, n);
}

void gemm_skip_pack(const struct gemm *kernel, int k, int n, const void *w,
                    ptrdiff_t row, ptrdiff_t column, void *packed)
{
    kernel->skip_pack(k, n, w, row, column, packed);
}

void gemm_skip_packed(const struct gemm *kernel, int m, int k, int n,
                      const void *x, ptrdiff_t x_row, const void *packed,
                      const void *bias, int accumulate, void *y,
                      ptrdiff_t y_row)
{
    kernel->skip_packed(m, k, n, x, x_row, packed, bias, accumulate, y, y_row);
}

void gemm_skip_outer(const struct gemm *kernel, int m, int k, int n,
                     const void *x, ptrdiff_t x_row, const void *d,
                     ptrdiff_t d_row, int accumulate, void *w, ptrdiff_t w_row)
{
    kernel->skip_outer(m, k, n, x, x_row, d, d_row, accumulate, w, w_row);
}

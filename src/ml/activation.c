/* Names and selection of activation functions: see ml/activation.h. */

#include "ml/activation.h"

#include "ml/activation_kernel.h"

const char *const activation_name[] = {"linear", "relu",    "silu",
                                       "tanh",   "sigmoid", NULL};

bool activation_smooth(enum activation kind)
{
    return kind != ACTIVATION_RELU;
}

static activation_map *best(enum precision precision)
{
    int twice = precision == PRECISION_DOUBLE;

#ifdef __x86_64__
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq"))
        return twice ? activation_avx512_double : activation_avx512_single;
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
        return twice ? activation_avx2_double : activation_avx2_single;
#endif
    return twice ? activation_plain_double : activation_plain_single;
}

void activation_value(enum activation kind, enum precision precision, size_t n,
                      const void *z, void *y)
{
    best(precision)(kind, 0, n, z, NULL, NULL, y);
}

void activation_slope(enum activation kind, enum precision precision, size_t n,
                      const void *z, void *d)
{
    best(precision)(kind, 1, n, z, NULL, NULL, d);
}

void activation_curvature(enum activation kind, enum precision precision,
                          size_t n, const void *z, const void *a, const void *b,
                          void *d)
{
    best(precision)(kind, 2, n, z, a, b, d);
}

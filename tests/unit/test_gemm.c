/* Products with packed weights: every kernel of this processor against a triple
   loop in long double, for sizes around the edges of tiles and blocks, with
   strides, overlapping rows, bias and accumulation, nothing written outside;
   bits that do not depend on how rows or columns are cut.

   A sum of k products in any order is off by at most about k rounding errors of
   the sum of their magnitudes; the tests allow k + 4. */

#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/rng.h"
#include "ml/gemm.h"

static const char *const kernel_name[] = {"plain", "avx2", "avx512"};
enum { KERNELS = sizeof kernel_name / sizeof *kernel_name };

enum { GUARD = 7 };
static const double sentinel = -12345;

/* An array of numbers of one precision. */
struct array {
    enum precision precision;
    size_t n;
    void *at;
};

static double get(const struct array *a, ptrdiff_t i)
{
    return a->precision == PRECISION_DOUBLE ? ((double *)a->at)[i]
                                            : ((float *)a->at)[i];
}

static void set(struct array *a, ptrdiff_t i, double value)
{
    if (a->precision == PRECISION_DOUBLE)
        ((double *)a->at)[i] = value;
    else
        ((float *)a->at)[i] = (float)value;
}

static void *place(const struct array *a, ptrdiff_t i)
{
    return (char *)a->at + i * (ptrdiff_t)gemm_number(a->precision);
}

/* Random numbers in (-1, 1); so large an offset that a stray number shows. */
static struct array array_new(enum precision precision, size_t n, uint64_t seed)
{
    struct array a = {precision, n, mem_alloc(n, gemm_number(precision))};

    assert_non_null(a.at);
    for (size_t i = 0; i < n; i++) {
        struct rng_key key = {.seed = seed, .purpose = 0};
        set(&a, (ptrdiff_t)i, 2 * rng_uniform(key, i, 0) - 1);
    }
    return a;
}

static struct array array_copy(const struct array *a)
{
    struct array b = {a->precision, a->n,
                      mem_alloc(a->n, gemm_number(a->precision))};

    assert_non_null(b.at);
    memcpy(b.at, a->at, a->n * gemm_number(a->precision));
    return b;
}

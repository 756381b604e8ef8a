/* Products with packed weights: every kernel of this processor against a triple
   loop in long double, for sizes around the edges of tiles and blocks, with
   strides, overlapping rows, bias and accumulation, nothing written outside;
   bits that do not depend on how rows or columns are cut, nor on whether zeros
   are left out.

   A sum of k products in any order is off by at most about k rounding errors of
   the sum of their magnitudes, plus those of bias and old value: k + 3. */

#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/rng.h"
#include "ml/gemm.h"
#include "ml/gemm_kernel.h"

/* The vector code with vectors of 64 bytes and the tiles of AVX-512, which the
   compiler splits into what this processor has. */
#ifdef __GNUC__
#pragma GCC diagnostic ignored "-Wpsabi"
#endif
enum {
    TILE_1 = 12,
    TILE_2 = 12,
    TILE_3 = 8,
    GEMM_PIECE = 256,
    GEMM_BLOCK = 96
};
#define HOLD(x) (void)(x)
static unsigned present_float(const void *v)
{
    unsigned bits = 0;

    for (int i = 0; i < 16; i++)
        bits |= (unsigned)(((const float *)v)[i] != 0) << i;
    return bits;
}

static unsigned present_double(const void *v)
{
    unsigned bits = 0;

    for (int i = 0; i < 8; i++)
        bits |= (unsigned)(((const double *)v)[i] != 0) << i;
    return bits;
}
#define KERNEL_NAME "wide"

#define NUMBER float
#define LANES 16
#define MULTIPLY_ADD(a, b, c) ((a) * (b) + (c))
#define HALF_MULTIPLY_ADD MULTIPLY_ADD
#define QUARTER_MULTIPLY_ADD MULTIPLY_ADD
#define PRESENT(v) present_float(&(v))
#define MAKE(x) x##_wide_single
#define KERNEL wide_single
#define KERNEL_PRECISION PRECISION_SINGLE
#include "ml/gemm_body.h"

#define NUMBER double
#define LANES 8
#define MULTIPLY_ADD(a, b, c) ((a) * (b) + (c))
#define HALF_MULTIPLY_ADD MULTIPLY_ADD
#define PRESENT(v) present_double(&(v))
#define MAKE(x) x##_wide_double
#define KERNEL wide_double
#define KERNEL_PRECISION PRECISION_DOUBLE
#include "ml/gemm_body.h"

static const char *const kernel_name[] = {"plain", "avx2", "avx512", "wide",
                                          "avx512_bf16"};
enum { KERNELS = sizeof kernel_name / sizeof *kernel_name };

/* NULL when this processor has no such kernel. */
static const struct gemm *kernel_of(enum precision precision, int q)
{
    if (!strcmp(kernel_name[q], "wide"))
        return precision == PRECISION_DOUBLE ? &wide_double : &wide_single;
    return gemm_select(precision, kernel_name[q]);
}

static const int some_m[] = {1, 2, 5, 6, 7, 11, 12, 13, 25, 97, 150};
static const int some_k[] = {1, 2, 3, 5, 12, 13, 45, 64, 255, 256, 257, 300};
static const int some_n[] = {1,  2,  3,  4,  5,  7,  8,  9,  12, 15,
                             16, 17, 20, 23, 24, 25, 33, 40, 47, 49};
enum {
    MS = sizeof some_m / sizeof *some_m,
    KS = sizeof some_k / sizeof *some_k,
    NS = sizeof some_n / sizeof *some_n
};

struct array {
    enum precision precision;
    size_t n;
    void *at;
};

static double get(const struct array *a, ptrdiff_t i)
{
    return a->precision == PRECISION_DOUBLE ? ((double *)a->at)[i]
                                            : (double)((float *)a->at)[i];
}

static void *place(const struct array *a, ptrdiff_t i)
{
    return (char *)a->at + i * (ptrdiff_t)gemm_number(a->precision);
}

/* Random numbers in (-1, 1). */
static struct array array_new(enum precision precision, size_t n, uint64_t seed)
{
    struct array a = {precision, n, mem_alloc(n, gemm_number(precision))};
    struct rng_key key = {.seed = seed};

    assert_non_null(a.at);
    for (size_t i = 0; i < n; i++) {
        double value = 2 * rng_uniform(key, i) - 1;

        if (precision == PRECISION_DOUBLE)
            ((double *)a.at)[i] = value;
        else
            ((float *)a.at)[i] = (float)value;
    }
    return a;
}

static struct array array_copy(const struct array *from)
{
    struct array a = *from;

    a.at = mem_alloc(a.n, gemm_number(a.precision));
    assert_non_null(a.at);
    memcpy(a.at, from->at, a.n * gemm_number(a.precision));
    return a;
}

/* One product: y = a b + bias + old y, where a(i, p) and b(p, j) are found by
   strides; bias NULL: none. */
struct product {
    int m, k, n, accumulate;
    ptrdiff_t a_row, a_column, b_row, b_column, y_row;
    const struct array *a, *b, *bias;
};

static void expect_product(const struct product *t, const struct array *old,
                           const struct array *y)
{
    double eps = y->precision == PRECISION_DOUBLE ? DBL_EPSILON : FLT_EPSILON;
    ptrdiff_t size = (ptrdiff_t)y->n;

    for (ptrdiff_t at = 0; at < size; at++) {
        ptrdiff_t i = at / t->y_row, j = at % t->y_row;
        long double sum = 0, magnitude = 0;

        if (i >= t->m || j >= t->n) {
            if (get(y, at) != get(old, at))
                fail_msg("written outside: row %td column %td", i, j);
            continue;
        }
        if (t->accumulate)
            sum = get(old, at);
        if (t->bias)
            sum += get(t->bias, j);
        magnitude = fabsl(sum) + 1;
        for (int p = 0; p < t->k; p++) {
            long double term =
                (long double)get(t->a, i * t->a_row + p * t->a_column) *
                get(t->b, p * t->b_row + j * t->b_column);

            sum += term;
            magnitude += fabsl(term);
        }
        if (!(fabsl(get(y, at) - sum) <= (t->k + 3) * eps * magnitude))
            fail_msg("m %d k %d n %d row %td column %td: %.9g, expected %.9g",
                     t->m, t->k, t->n, i, j, get(y, at), (double)sum);
    }
}

/* Options are spread over the sizes by a counter. */
static void try_packed(enum precision precision, int m, int k, int n,
                       unsigned options)
{
    int overlap = options % 3 == 1 && k > 1;
    ptrdiff_t x_row = overlap ? (k + 2) / 3 : k + (options % 3 == 2 ? 5 : 0);
    int transposed = options / 3 % 2;
    ptrdiff_t y_row = n + (options / 6 % 2 ? 3 : 0);
    struct array x = array_new(precision, (size_t)((m - 1) * x_row + k), 1);
    struct array w = array_new(precision, (size_t)(k * n), 2);
    struct array bias = array_new(precision, (size_t)n, 3);
    struct array old = array_new(precision, (size_t)(m * y_row + 9), 4);
    struct product t = {.m = m,
                        .k = k,
                        .n = n,
                        .accumulate = options / 12 % 2,
                        .a_row = x_row,
                        .a_column = 1,
                        .b_row = transposed ? 1 : n,
                        .b_column = transposed ? k : 1,
                        .y_row = y_row,
                        .a = &x,
                        .b = &w,
                        .bias = options / 24 % 2 ? &bias : NULL};

    for (int q = 0; q < KERNELS; q++) {
        const struct gemm *kernel = kernel_of(precision, q);

        if (!kernel)
            continue;
        struct array y = array_copy(&old);
        struct array packed =
            array_new(precision, gemm_packed_size(kernel, k, n), 5);
        gemm_pack(kernel, k, n, w.at, t.b_row, t.b_column, packed.at);
        gemm_packed(kernel, m, k, n, x.at, x_row, packed.at,
                    t.bias ? bias.at : NULL, t.accumulate, y.at, y_row);
        expect_product(&t, &old, &y);
        mem_free(packed.at);
        mem_free(y.at);
    }
    mem_free(x.at);
    mem_free(w.at);
    mem_free(bias.at);
    mem_free(old.at);
}

static void try_outer(enum precision precision, int m, int k, int n,
                      unsigned options)
{
    int overlap = options % 3 == 1 && k > 1;
    ptrdiff_t x_row = overlap ? (k + 2) / 3 : k + (options % 3 == 2 ? 5 : 0);
    ptrdiff_t d_row = n + (options / 3 % 2 ? 3 : 0);
    ptrdiff_t w_row = n + (options / 6 % 2 ? 4 : 0);
    struct array x = array_new(precision, (size_t)((m - 1) * x_row + k), 1);
    struct array d = array_new(precision, (size_t)((m - 1) * d_row + n), 2);
    struct array old = array_new(precision, (size_t)(k * w_row + 9), 3);
    struct product t = {.m = k,
                        .k = m,
                        .n = n,
                        .accumulate = options / 12 % 2,
                        .a_row = 1,
                        .a_column = x_row,
                        .b_row = d_row,
                        .b_column = 1,
                        .y_row = w_row,
                        .a = &x,
                        .b = &d};

    for (int q = 0; q < KERNELS; q++) {
        const struct gemm *kernel = kernel_of(precision, q);

        if (!kernel)
            continue;
        struct array w = array_copy(&old);
        gemm_outer(kernel, m, k, n, x.at, x_row, d.at, d_row, t.accumulate,
                   w.at, w_row);
        expect_product(&t, &old, &w);
        mem_free(w.at);
    }
    mem_free(x.at);
    mem_free(d.at);
    mem_free(old.at);
}

static void all_sizes(void (*try)(enum precision, int, int, int, unsigned))
{
    unsigned options = 0;

    for (int a = 0; a < MS; a++)
        for (int b = 0; b < KS; b++)
            for (int c = 0; c < NS; c++) {
                /* The reference is slow; large() has large ones. */
                if (some_m[a] * some_k[b] * some_n[c] > 120000)
                    continue;
                enum precision precision =
                    (a + b + c) % 2 ? PRECISION_SINGLE : PRECISION_DOUBLE;

                try(precision, some_m[a], some_k[b], some_n[c], options++);
            }
}

static void packed_is_the_product(void **state)
{
    (void)state;
    all_sizes(try_packed);
}

static void outer_is_the_product(void **state)
{
    (void)state;
    all_sizes(try_outer);
}

/* The published network's layers and those of a wide convolution, whole. */
static void large(void **state)
{
    static const int shape[][3] = {
        {230, 45, 512}, {230, 512, 256}, {110, 300, 64}, {600, 9, 7}};

    (void)state;
    for (unsigned i = 0; i < 4; i++) {
        const int *s = shape[i];

        try_packed(PRECISION_SINGLE, s[0], s[1], s[2], 24 + 12 * (i % 2));
        try_outer(PRECISION_SINGLE, s[0], s[1], s[2], 12 * (i % 2));
    }
}

/* No terms: y is bias, plus old value. */
static void empty_sum(void **state)
{
    (void)state;
    for (int q = 0; q < KERNELS; q++) {
        const struct gemm *kernel = kernel_of(PRECISION_DOUBLE, q);
        double bias[3] = {1, 2, 3}, y[6] = {10, 10, 10, 10, 10, 10};
        double none[64] = {0};

        if (!kernel)
            continue;
        gemm_packed(kernel, 2, 0, 3, none, 0, none, bias, 0, y, 3);
        assert_memory_equal(y, ((double[]){1, 2, 3, 1, 2, 3}), sizeof y);
        gemm_packed(kernel, 2, 0, 3, none, 0, none, bias, 1, y, 3);
        assert_memory_equal(y, ((double[]){2, 4, 6, 2, 4, 6}), sizeof y);
        gemm_outer(kernel, 0, 2, 3, none, 2, none, 3, 1, y, 3);
        assert_memory_equal(y, ((double[]){2, 4, 6, 2, 4, 6}), sizeof y);
        gemm_outer(kernel, 0, 2, 3, none, 2, none, 3, 0, y, 3);
        assert_memory_equal(y, ((double[6]){0}), sizeof y);
    }
}

/* Rows one at a time, in threes and all together. */
static void cut_rows(const struct gemm *kernel, enum precision precision, int k,
                     int n)
{
    enum { M = 131 };
    size_t number = gemm_number(precision);
    struct array x = array_new(precision, (size_t)M * (size_t)k, 1);
    struct array w = array_new(precision, (size_t)(k * n), 2);
    struct array bias = array_new(precision, (size_t)n, 3);
    struct array packed =
        array_new(precision, gemm_packed_size(kernel, k, n), 5);
    struct array y[2];

    for (int i = 0; i < 2; i++)
        y[i] = array_new(precision, (size_t)(M * n), 4);
    gemm_pack(kernel, k, n, w.at, n, 1, packed.at);
    gemm_packed(kernel, M, k, n, x.at, k, packed.at, bias.at, 1, y[0].at, n);
    for (int i = 0, step = 1; i < M; i += step, step = step % 17 + 3) {
        int rows = i + step < M ? step : M - i;

        gemm_packed(kernel, rows, k, n, place(&x, i * k), k, packed.at, bias.at,
                    1, place(&y[1], i * n), n);
    }
    assert_memory_equal(y[0].at, y[1].at, (size_t)(M * n) * number);
    for (int i = 0; i < 2; i++)
        mem_free(y[i].at);
    mem_free(x.at);
    mem_free(w.at);
    mem_free(bias.at);
    mem_free(packed.at);
}

/* Rows and columns of the gradient cut in unequal parts. */
static void cut_gradient(const struct gemm *kernel, enum precision precision,
                         int k, int n)
{
    enum { M = 300 };
    size_t number = gemm_number(precision);
    struct array x = array_new(precision, (size_t)(M * k), 1);
    struct array d = array_new(precision, (size_t)(M * n), 2);
    struct array w[2];

    for (int i = 0; i < 2; i++)
        w[i] = array_new(precision, (size_t)(k * n), 4);
    gemm_outer(kernel, M, k, n, x.at, k, d.at, n, 1, w[0].at, n);
    for (int p = 0, rows; p < k; p += rows) {
        rows = p + 5 < k ? 5 : k - p;
        for (int j = 0, columns; j < n; j += columns) {
            columns = j + 11 < n ? 11 : n - j;
            gemm_outer(kernel, M, rows, columns, place(&x, p), k, place(&d, j),
                       n, 1, place(&w[1], p * n + j), n);
        }
    }
    assert_memory_equal(w[0].at, w[1].at, (size_t)(k * n) * number);
    for (int i = 0; i < 2; i++)
        mem_free(w[i].at);
    mem_free(x.at);
    mem_free(d.at);
}

static void bits_do_not_depend_on_the_cut(void **state)
{
    static const int size[][2] = {{45, 40},  {300, 17}, {13, 9}, {48, 16},
                                  {96, 24},  {16, 1},   {33, 2}, {72, 48},
                                  {288, 32}, {7, 3},    {1, 4}};

    (void)state;
    for (int q = 0; q < KERNELS; q++)
        for (int precision = 0; precision < 2; precision++) {
            const struct gemm *kernel = kernel_of((enum precision)precision, q);

            for (size_t i = 0; kernel && i < sizeof size / sizeof *size; i++) {
                cut_rows(kernel, (enum precision)precision, size[i][0],
                         size[i][1]);
                cut_gradient(kernel, (enum precision)precision, size[i][0],
                             size[i][1]);
            }
        }
}

/* --- products that leave out zeros --------------------------------------- */

/* Random numbers of which a share is zero, whole rows and columns among
   them; some zeros are negative. */
static struct array array_sparse(enum precision precision, int m, int k,
                                 double zeros)
{
    struct array a = array_new(precision, (size_t)(m * k), 6);
    struct rng_key key = {.seed = 7};

    for (int i = 0; i < m * k; i++) {
        bool row = zeros > 0 && (i / k % 7 == 3 || i % k % 11 == 5);
        double sign = i % 5 ? 1 : -1;

        if (!row && rng_uniform(key, (uint64_t)i) >= zeros)
            continue;
        if (precision == PRECISION_DOUBLE)
            ((double *)a.at)[i] = sign * 0.0;
        else
            ((float *)a.at)[i] = (float)(sign * 0.0);
    }
    return a;
}

/* Both with rows of y farther apart than n; nothing else is written. */
static void try_skip_product(const struct gemm *kernel, int m, int k, int n,
                             double zeros, bool add)
{
    enum precision precision = kernel->precision;
    ptrdiff_t y_row = n + 5;
    struct array x = array_sparse(precision, m, k, zeros);
    struct array w = array_new(precision, (size_t)(k * n), 2);
    struct array bias = array_new(precision, (size_t)n, 3), y[2];
    struct array packed =
        array_new(precision, gemm_packed_size(kernel, k, n), 5);
    struct array skip = array_new(precision, (size_t)(k * n), 5);

    for (int i = 0; i < 2; i++)
        y[i] = array_new(precision, (size_t)(m * y_row), 4);
    gemm_pack(kernel, k, n, w.at, n, 1, packed.at);
    gemm_skip_pack(kernel, k, n, w.at, n, 1, skip.at);
    gemm_packed(kernel, m, k, n, x.at, k, packed.at, add ? NULL : bias.at, add,
                y[0].at, y_row);
    gemm_skip_packed(kernel, m, k, n, x.at, k, skip.at, add ? NULL : bias.at,
                     add, y[1].at, y_row);
    assert_memory_equal(y[0].at, y[1].at, y[0].n * gemm_number(precision));
    for (int i = 0; i < 2; i++)
        mem_free(y[i].at);
    mem_free(x.at);
    mem_free(w.at);
    mem_free(bias.at);
    mem_free(packed.at);
    mem_free(skip.at);
}

static void try_skip_outer(const struct gemm *kernel, int m, int k, int n,
                           double zeros, bool add)
{
    enum precision precision = kernel->precision;
    ptrdiff_t w_row = n + 5;
    struct array x = array_sparse(precision, m, k, zeros);
    struct array d = array_new(precision, (size_t)(m * n), 2), w[2];

    for (int i = 0; i < 2; i++)
        w[i] = array_new(precision, (size_t)(k * w_row), 4);
    gemm_outer(kernel, m, k, n, x.at, k, d.at, n, add, w[0].at, w_row);
    gemm_skip_outer(kernel, m, k, n, x.at, k, d.at, n, add, w[1].at, w_row);
    assert_memory_equal(w[0].at, w[1].at, w[0].n * gemm_number(precision));
    for (int i = 0; i < 2; i++)
        mem_free(w[i].at);
    mem_free(x.at);
    mem_free(d.at);
}

/* A term that is left out is zero, and the others are added in the same
   order: the bits of whole products, which the tests above know. */
static void zeros_left_out_are_not_missed(void **state)
{
    static const int size[][3] = {
        {1, 16, 64},    {7, 64, 64},    {47, 48, 192},
        {49, 512, 256}, {97, 256, 512}, {300, 64, 128},
        {257, 80, 80},  {33, 272, 320}, {530, 32, 96}};
    static const double zeros[] = {0, 0.5, 0.9, 1};
    int tried = 0;

    (void)state;
    for (int q = 0; q < KERNELS; q++)
        for (int precision = 0; precision < 2; precision++) {
            const struct gemm *kernel = kernel_of((enum precision)precision, q);

            for (size_t i = 0; kernel && i < sizeof size / sizeof *size; i++) {
                const int *s = size[i];

                if (!gemm_skips(kernel, s[1], s[2]))
                    continue;
                for (int z = 0; z < 4; z++) {
                    try_skip_product(kernel, s[0], s[1], s[2], zeros[z], z & 1);
                    try_skip_outer(kernel, s[0], s[1], s[2], zeros[z], z & 1);
                    tried++;
                }
            }
        }
    /* The plain and the wide kernels, on any processor. */
    assert_true(tried >= 100);
    assert_false(gemm_skips(gemm_select(PRECISION_BF16, NULL), 64, 64));
}

/* Eight digits, ties to even. */
static struct array array_bf16(const struct array *from)
{
    struct array a = array_copy(from);

    for (size_t i = 0; i < a.n; i++) {
        int exponent;
        double digits = frexp(get(from, (ptrdiff_t)i), &exponent);

        ((float *)a.at)[i] =
            (float)ldexp(nearbyint(ldexp(digits, 8)), exponent - 8);
    }
    return a;
}

static void try_bf16(int m, int k, int n)
{
    struct array x = array_new(PRECISION_BF16, (size_t)(m * k), 1);
    struct array w = array_new(PRECISION_BF16, (size_t)(k * n), 2);
    struct array bias = array_new(PRECISION_BF16, (size_t)n, 3);
    struct array old = array_new(PRECISION_BF16, (size_t)(m * n), 4);
    ((float *)x.at)[0] = 1 + 0x1p-8F; /* a tie */
    struct array rx = array_bf16(&x), rw = array_bf16(&w);
    struct product t = {.m = m,
                        .k = k,
                        .n = n,
                        .accumulate = 1,
                        .a_row = k,
                        .a_column = 1,
                        .b_row = n,
                        .b_column = 1,
                        .y_row = n,
                        .a = &rx,
                        .b = &rw,
                        .bias = &bias};

    for (int q = 0; q < KERNELS; q++) {
        const struct gemm *kernel = gemm_select(PRECISION_BF16, kernel_name[q]);

        if (!kernel)
            continue;
        struct array y = array_copy(&old);
        struct array packed =
            array_new(PRECISION_BF16, gemm_packed_size(kernel, k, n), 5);
        gemm_pack(kernel, k, n, w.at, n, 1, packed.at);
        gemm_packed(kernel, m, k, n, x.at, k, packed.at, bias.at, 1, y.at, n);
        expect_product(&t, &old, &y);
        mem_free(packed.at);
        mem_free(y.at);
        cut_rows(kernel, PRECISION_BF16, k, n);
        cut_gradient(kernel, PRECISION_BF16, k, n);
    }
    mem_free(x.at);
    mem_free(w.at);
    mem_free(rx.at);
    mem_free(rw.at);
    mem_free(bias.at);
    mem_free(old.at);
}

static void bf16_rounds_both_factors(void **state)
{
    (void)state;
    assert_non_null(gemm_select(PRECISION_BF16, NULL));
    assert_true(gemm_multiplies_bf16() ==
                (gemm_select(PRECISION_BF16, "avx512_bf16") != NULL));
    try_bf16(7, 1, 1);
    try_bf16(230, 512, 256);
    try_bf16(60, 45, 40);
    try_bf16(110, 256, 2);
    try_bf16(50, 300, 17);
    try_bf16(13, 600, 8);
}

static void selection(void **state)
{
    (void)state;
    assert_null(gemm_select(PRECISION_SINGLE, "abacus"));
    assert_string_equal(gemm_name(gemm_select(PRECISION_DOUBLE, "plain")),
                        "plain");
    assert_non_null(gemm_select(PRECISION_SINGLE, NULL));
    assert_int_equal(gemm_number(PRECISION_SINGLE), 4);
    assert_int_equal(gemm_number(PRECISION_BF16), 4);
    assert_int_equal(gemm_number(PRECISION_DOUBLE), 8);
#ifdef __AVX2__
    assert_string_not_equal(gemm_name(gemm_select(PRECISION_SINGLE, NULL)),
                            "plain");
#endif
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(packed_is_the_product),
        cmocka_unit_test(outer_is_the_product),
        cmocka_unit_test(large),
        cmocka_unit_test(empty_sum),
        cmocka_unit_test(bits_do_not_depend_on_the_cut),
        cmocka_unit_test(zeros_left_out_are_not_missed),
        cmocka_unit_test(bf16_rounds_both_factors),
        cmocka_unit_test(selection),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

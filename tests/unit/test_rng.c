/* Random numbers: the bits are Random123's Philox, the normals are accurate,
   independent of how they are asked for, and distributed as they should be.

   Every statistic below has a known mean and variance; the bound is 6 sigma
   of it, so that a sound generator fails once in 5e8 seeds, and the wrong law
   named in each test lies far outside. */

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <Random123/philox.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"

enum { SIGMA = 6, N = 1 << 20 };

static struct rng_key key_of(uint32_t seed)
{
    return (struct rng_key){.seed = seed, .purpose = RNG_LANGEVIN};
}

static uint64_t philox_word(struct rng_key key, uint64_t index)
{
    philox4x32_ctr_t counter = {{(uint32_t)key.tick, (uint32_t)(key.tick >> 32),
                                 (uint32_t)(index >> 1),
                                 (uint32_t)(index >> 33)}};
    philox4x32_key_t k = {
        {key.seed, (uint32_t)key.purpose << 16 | key.component}};
    philox4x32_ctr_t r = philox4x32(counter, k);
    int w = 2 * (int)(index & 1);
    return (uint64_t)r.v[w + 1] << 32 | r.v[w];
}

/* Keys and indices that use every bit of key and counter. */
static const struct {
    struct rng_key key;
    uint64_t index;
} sample[] = {
    {{0, 0, 0, 0}, 0},
    {{0, 0, 0, 0}, 1},
    {{4711, 3, 1, 1}, 12345},
    {{0xFFFFFFFF, 0xFFFF, 0xFFFF, UINT64_MAX}, UINT64_MAX},
    {{0x80000001, 64, 2, (uint64_t)1 << 63 | 5}, (uint64_t)1 << 40 | 77},
    {{1, 1, 1, (uint64_t)1 << 32}, (uint64_t)1 << 33},
};

static void bits_are_those_of_random123(void **state)
{
    (void)state;
    for (size_t s = 0; s < sizeof sample / sizeof *sample; s++)
        for (uint64_t k = 0; k < 300; k++) {
            uint64_t index = sample[s].index + k;
            uint64_t word = philox_word(sample[s].key, index);
            double expected = ((double)(word >> 12) + 0.5) * 0x1p-52;
            assert_true(rng_uniform(sample[s].key, index) == expected);
        }
}

/* sin(2 pi u) and cos(2 pi u) in long double: the angle is reduced exactly
   before it is multiplied by pi. */
static long double exact_normal(long double u, long double v, bool odd)
{
    const long double pi = 3.14159265358979323846264338327950288L;
    long double q = floorl(4 * v + 0.5L), r = (4 * v - q) * pi / 2;
    int turn = (int)q & 3;
    long double c[4] = {cosl(r), -sinl(r), -cosl(r), sinl(r)};
    return sqrtl(-2 * logl(u)) * c[odd ? (turn + 3) & 3 : turn];
}

/* Half a unit each from the square root, the product, and the two functions'
   own errors of at most 2 units, halved for the logarithm by the root: below
   4 units in the last place. */
static void normals_are_accurate(void **state)
{
    (void)state;
    double worst = 0;
    for (size_t s = 0; s < sizeof sample / sizeof *sample; s++)
        for (uint64_t k = 0; k < 20000; k++) {
            struct rng_key key = sample[s].key;
            uint64_t index = sample[s].index + k;
            double u = rng_uniform(key, index & ~(uint64_t)1);
            double v = rng_uniform(key, index | 1);
            double x = rng_normal(key, index);
            long double exact = exact_normal(u, v, index & 1);
            double unit = nextafter(fabs(x), INFINITY) - fabs(x);
            worst = fmax(worst, (double)fabsl(x - exact) / unit);
        }
    assert_true(worst > 0);
    assert_true(worst < 4);
}

typedef void rng_rows(struct rng_key key, uint64_t first, uint64_t stride,
                      double *out, int64_t n);
typedef double rng_single(struct rng_key key, uint64_t index);

static void compare_rows(rng_rows *rows, rng_single *single)
{
    double out[700];
    const uint64_t strides[] = {1, 2, 3, 0, 8, (uint64_t)1 << 33};
    const int64_t lengths[] = {0, 1, 2, 3, 63, 64, 65, 127, 128, 129, 600};
    for (size_t s = 0; s < sizeof sample / sizeof *sample; s++)
        for (size_t a = 0; a < sizeof strides / sizeof *strides; a++)
            for (size_t b = 0; b < sizeof lengths / sizeof *lengths; b++) {
                int64_t n = lengths[b];
                out[n] = 42;
                rows(sample[s].key, sample[s].index, strides[a], out, n);
                assert_true(out[n] == 42); /* nothing beyond the end */
                for (int64_t k = 0; k < n; k++) {
                    uint64_t index = sample[s].index + (uint64_t)k * strides[a];
                    double x = single(sample[s].key, index);
                    assert_memory_equal(&x, &out[k], sizeof x);
                }
            }
}

static void rows_equal_single_calls_bit_for_bit(void **state)
{
    (void)state;
    compare_rows(rng_uniforms, rng_uniform);
    compare_rows(rng_normals, rng_normal);
}

static void chunks_do_not_change_the_bits(void **state)
{
    (void)state;
    static double whole[10007], parts[10007];
    const int64_t n = 10007;
    struct rng_key key = key_of(99);
    rng_normals(key, 5, 1, whole, n);
    for (int64_t chunk = 1; chunk < 400; chunk = chunk * 3 + 1) {
#pragma omp parallel for num_threads(2)
        for (int64_t begin = 0; begin < n; begin += chunk)
            rng_normals(key, 5 + (uint64_t)begin, 1, parts + begin,
                        n - begin < chunk ? n - begin : chunk);
        assert_memory_equal(whole, parts, sizeof whole);
    }
}

/* Every part of the key matters: no two streams share a number. */
static void keys_give_different_streams(void **state)
{
    (void)state;
    struct rng_key base = {7, 3, 0, 100};
    struct rng_key other[] = {{8, 3, 0, 100},
                              {7, 4, 0, 100},
                              {7, 3, 1, 100},
                              {7, 3, 0, 101},
                              {7, 3, 0, 100 + ((uint64_t)1 << 32)}};
    for (size_t k = 0; k < sizeof other / sizeof *other; k++)
        for (uint64_t i = 0; i < 100; i++)
            assert_true(rng_uniform(base, i) != rng_uniform(other[k], i));
}

static double *numbers(rng_rows *rows, uint32_t seed)
{
    double *x = malloc(N * sizeof *x);
    assert_non_null(x);
    rows(key_of(seed), 0, 1, x, N);
    return x;
}

/* Moments k = 1..6 of a standard normal: E x^k = (k-1)!! for even k, 0 for odd;
   the variance of x^k is E x^2k - (E x^k)^2.  Excludes a variance wrong by
   1 % (7 sigma of <x^2>) and a flat or two-valued law (fourth moment). */
static void moments_of_normals(void **state)
{
    (void)state;
    static const double moment[] = {1, 0,   1, 0,   3, 0,    15,
                                    0, 105, 0, 945, 0, 10395};
    double *x = numbers(rng_normals, 2024), sum[7] = {0};
    for (int i = 0; i < N; i++) {
        double power = 1;
        for (int k = 1; k <= 6; k++)
            sum[k] += power *= x[i];
    }
    for (int k = 1; k <= 6; k++) {
        double sigma = sqrt((moment[2 * k] - moment[k] * moment[k]) / N);
        assert_true(fabs(sum[k] / N - moment[k]) < SIGMA * sigma);
        assert_true(sum[k] != 0);
    }
    free(x);
}

static void moments_of_uniforms(void **state)
{
    (void)state;
    double *u = numbers(rng_uniforms, 11), sum[7] = {0};
    for (int i = 0; i < N; i++) {
        assert_true(u[i] > 0 && u[i] < 1);
        double power = 1;
        for (int k = 1; k <= 6; k++)
            sum[k] += power *= u[i];
    }
    for (int k = 1; k <= 6; k++) {
        double mean = 1.0 / (k + 1);
        double sigma = sqrt((1.0 / (2 * k + 1) - mean * mean) / N);
        assert_true(fabs(sum[k] / N - mean) < SIGMA * sigma);
    }
    free(u);
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double normal_cdf(double x)
{
    return 0.5 * erfc(-x * M_SQRT1_2);
}

static double uniform_cdf(double u)
{
    return u;
}

/* Kolmogorov-Smirnov: P(sqrt(N) D > t) = 2 exp(-2 t^2) for large t; a chance
   of 2e-9 (6 sigma, both sides) is t = 3.2.  A normal of variance 1.01 has
   D = 0.0012 and t = 1.2: shape, not variance, is what this test sees best;
   a logistic law of the same variance (D = 0.02) gives t = 23. */
static void check_ks(double *x, double (*cdf)(double))
{
    double d = 0;
    qsort(x, N, sizeof *x, ascending);
    for (int i = 0; i < N; i++) {
        double f = cdf(x[i]);
        d = fmax(d, fmax(f - (double)i / N, (double)(i + 1) / N - f));
    }
    assert_true(d * sqrt(N) < 3.2);
    assert_true(d * sqrt(N) > 0.1); /* too even is not random either */
    free(x);
}

static void kolmogorov_smirnov(void **state)
{
    (void)state;
    check_ks(numbers(rng_normals, 5), normal_cdf);
    check_ks(numbers(rng_uniforms, 6), uniform_cdf);
}

/* <x y> of independent normals is 0 with sigma 1/sqrt(N), and so is
   <(x^2-1)(y^2-1)>/2.  Partners of a Box-Muller pair share the radius: the
   second sees a wrong transform. */
static void check_independent(const double *x, const double *y, int n)
{
    double linear = 0, square = 0;
    for (int i = 0; i < n; i++) {
        linear += x[i] * y[i];
        square += (x[i] * x[i] - 1) * (y[i] * y[i] - 1) / 2;
    }
    assert_true(fabs(linear) < SIGMA * sqrt(n));
    assert_true(fabs(square) < SIGMA * sqrt(n));
}

static void neighbouring_numbers_are_independent(void **state)
{
    (void)state;
    double *x = numbers(rng_normals, 77);
    for (int shift = 1; shift <= 4; shift++)
        check_independent(x, x + shift, N - shift);
    check_independent(x, x + 2048, N - 2048); /* rows of a large lattice */
    free(x);
}

/* Seeds, ticks, components and purposes that differ by one: what decks use. */
static void neighbouring_keys_are_independent(void **state)
{
    (void)state;
    const struct rng_key base = {1, RNG_LANGEVIN, 0, 0};
    const struct rng_key next[] = {{2, RNG_LANGEVIN, 0, 0},
                                   {1, RNG_BROWNIAN, 0, 0},
                                   {1, RNG_LANGEVIN, 1, 0},
                                   {1, RNG_LANGEVIN, 0, 1}};
    const int n = 1 << 18;
    double *x = malloc((size_t)n * sizeof *x),
           *y = malloc((size_t)n * sizeof *y);
    assert_non_null(x);
    assert_non_null(y);
    rng_normals(base, 0, 1, x, n);
    for (size_t k = 0; k < sizeof next / sizeof *next; k++) {
        rng_normals(next[k], 0, 1, y, n);
        check_independent(x, y, n);
    }
    /* One site through time. */
    struct rng_key key = base;
    for (int i = 0; i < n; i++) {
        key.tick = (uint64_t)i;
        x[i] = rng_normal(key, 12);
    }
    check_independent(x, x + 1, n - 1);
    free(x);
    free(y);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bits_are_those_of_random123),
        cmocka_unit_test(normals_are_accurate),
        cmocka_unit_test(rows_equal_single_calls_bit_for_bit),
        cmocka_unit_test(chunks_do_not_change_the_bits),
        cmocka_unit_test(keys_give_different_streams),
        cmocka_unit_test(moments_of_normals),
        cmocka_unit_test(moments_of_uniforms),
        cmocka_unit_test(kolmogorov_smirnov),
        cmocka_unit_test(neighbouring_numbers_are_independent),
        cmocka_unit_test(neighbouring_keys_are_independent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

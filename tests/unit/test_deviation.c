/* Statistics of errors against their definitions in two passes. */

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/deviation.h"
#include "base/rng.h"
#include "close.h"

enum { N = 10007, PARTS = 3 };

static void definitions(void **state)
{
    (void)state;
    static double exact[N], predicted[N];
    static const int64_t end[PARTS] = {1, 5000, N};
    struct deviation_sums s = {0}, part[PARTS] = {{0}}, merged = {0};
    double d = 0, square = 0, size = 0, largest = 0, mean = 0, variance = 0;
    struct rng_key key = {.seed = 3, .purpose = RNG_VARIABLE};
    /* A mean of 1000 times the spread: what naive sums of squares lose. */
    for (int i = 0; i < N; i++) {
        exact[i] = 1000 + rng_normal(key, (uint64_t)i);
        predicted[i] =
            exact[i] + 0.1 * rng_normal(key, (uint64_t)(N + i)) + 0.02;
        mean += exact[i] / N;
    }
    for (int i = 0; i < N; i++) {
        double e = predicted[i] - exact[i];
        d += e / N;
        square += e * e / N;
        size += fabs(e) / N;
        largest = fmax(largest, fabs(e));
        variance += (exact[i] - mean) * (exact[i] - mean) / N;
    }
    for (int k = 0; k < PARTS; k++) {
        int64_t from = k ? end[k - 1] : 0;
        deviation_add(&s, predicted + from, exact + from, end[k] - from);
        deviation_add(&part[k], predicted + from, exact + from, end[k] - from);
        deviation_merge(&merged, &part[k]);
    }
    struct deviation both[2] = {deviation_of(&s), deviation_of(&merged)};
    for (int k = 0; k < 2; k++) {
        assert_int_equal(both[k].n, N);
        assert_close(both[k].rmse, sqrt(square), 1e-12);
        assert_close(both[k].mae, size, 1e-12);
        assert_close(both[k].max, largest, 0);
        assert_close(both[k].mean, d, 1e-12);
        assert_close(both[k].sigma, sqrt(square - d * d), 1e-12);
        assert_close(both[k].r2, 1 - square / variance, 1e-10);
    }
}

static void empty(void **state)
{
    (void)state;
    struct deviation_sums s = {0};
    const double one = 2;
    assert_true(isnan(deviation_of(&s).rmse));
    deviation_add(&s, &one, &one, 0);
    assert_int_equal(deviation_of(&s).n, 0);
    deviation_add(&s, &one, &one, 1);
    assert_true(deviation_of(&s).rmse == 0 && isnan(deviation_of(&s).r2));
    const double bad = NAN;
    deviation_add(&s, &bad, &one, 1);
    assert_true(isnan(deviation_of(&s).max));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(definitions),
                                       cmocka_unit_test(empty)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

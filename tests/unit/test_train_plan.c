/* train: rates, averages and orders in closed form. */

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "plug/trainer_plan.h"

#include "close.h"

static void test_rates(void **state)
{
    (void)state;
    struct train_schedule s = {SCHEDULE_COSINE, 0.1, 0.02, 10, 0.5};
    /* Ten steps up to 1, then half a cosine down to `final` at the last. */
    for (int k = 0; k < 10; k++)
        assert_close(plan_rate(&s, k, 100, 1), (k + 1) / 10.0, 1e-15);
    assert_close(plan_rate(&s, 10, 100, 1), 1, 1e-15);
    assert_close(plan_rate(&s, 99, 100, 1), 0.02, 1e-15);
    for (int k = 10; k < 100; k++) {
        double x = (k - 10) / 89.0;
        assert_close(plan_rate(&s, k, 100, 1),
                     0.02 + 0.98 * pow(cos(M_PI * x / 2), 2), 1e-14);
    }
    s.style = SCHEDULE_CONSTANT;
    assert_close(plan_rate(&s, 4, 100, 1), 0.5, 1e-15);
    assert_close(plan_rate(&s, 50, 100, 1), 1, 0);
    s.style = SCHEDULE_PLATEAU;
    assert_close(plan_rate(&s, 50, 100, 0.25), 0.25, 0);
    assert_close(plan_rate(&s, 50, 100, 0.001), 0.02, 0);
}

/* A single step is a whole training. */
static void test_short(void **state)
{
    (void)state;
    struct train_schedule s = {SCHEDULE_COSINE, 0, 0.1, 10, 0.5};
    assert_close(plan_rate(&s, 0, 1, 1), 1, 0);
    assert_close(plan_rate(&s, 0, 2, 1), 1, 0);
    assert_close(plan_rate(&s, 1, 2, 1), 0.1, 1e-15);
}

/* The history's weight grows to what was asked for and never passes it. */
static void test_average(void **state)
{
    (void)state;
    assert_close(plan_average(0.99, 0), 0.1, 1e-15);
    assert_close(plan_average(0.99, 90), 0.91, 1e-15);
    assert_close(plan_average(0.99, 100000), 0.99, 0);
    assert_close(plan_average(0, 5), 0, 0);
}

/* Orders are permutations, others for other epochs and purposes, the same
   again; the mean of position times index is that of independent ones:
   ((n-1)/2)^2 with standard deviation (n^2-1)/(12 sqrt(n-1)). */
static void test_shuffle(void **state)
{
    (void)state;
    enum { N = 1000 };
    int64_t a[N], b[N];
    bool seen[N] = {false};
    plan_shuffle(7, TRAIN_ORDER, 3, a, N);
    for (int k = 0; k < N; k++) {
        assert_true(a[k] >= 0 && a[k] < N && !seen[a[k]]);
        seen[a[k]] = true;
    }
    plan_shuffle(7, TRAIN_ORDER, 3, b, N);
    assert_memory_equal(a, b, sizeof a);
    plan_shuffle(7, TRAIN_ORDER, 4, b, N);
    assert_memory_not_equal(a, b, sizeof a);
    plan_shuffle(7, TRAIN_SPLIT, 3, b, N);
    assert_memory_not_equal(a, b, sizeof a);
    double sum = 0;
    for (int k = 0; k < N; k++)
        sum += (double)k * (double)a[k] / N;
    double sigma = (N * (double)N - 1) / (12 * sqrt(N - 1.0));
    assert_close(sum, (N - 1) * (N - 1) / 4.0, 4 * sigma);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rates), cmocka_unit_test(test_short),
        cmocka_unit_test(test_average), cmocka_unit_test(test_shuffle)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

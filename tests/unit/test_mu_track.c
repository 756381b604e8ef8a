/* The root of N(mu) = target, followed from step to step. */

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "elec/mu_track.h"

static int solve(struct mu_track *t, double (*number)(double mu, double x),
                 double x, double target, double tol)
{
    enum mu_track_state state;
    mu_track_begin(t, target, tol, 0);
    do
        state = mu_track_next(t, number(t->mu, x));
    while (state == MU_TRACK_AGAIN);
    assert_int_equal(state, MU_TRACK_DONE);
    assert_true(fabs(number(t->mu, x) - target) <= tol);
    return t->passes;
}

/* 100 levels at x + k/10: a smooth band that moves. */
static double band(double mu, double x)
{
    double sum = 0;
    for (int k = 0; k < 100; k++)
        sum += 1 / (1 + exp((k * 0.1 - 5 + x - mu) / 0.1));
    return sum;
}

/* Two narrow bands with a gap of 10: flat to e^-50 between them. */
static double gapped(double mu, double x)
{
    return 50 / (1 + exp((-5 + x - mu) / 0.1)) +
           50 / (1 + exp((5 + x - mu) / 0.1));
}

static double falling(double mu, double x)
{
    return x - mu;
}

static double bounded(double mu, double x)
{
    return x * tanh(mu);
}

static void smooth_path(void **state)
{
    (void)state;
    struct mu_track t = {0};
    int passes = 0;
    for (int step = 0; step < 1000; step++)
        passes += solve(&t, band, sin(0.01 * step), 40, 1e-4);
    /* The third difference of the path is 1e-6, the slope 10: one pass. */
    assert_true(passes < 1100);
}

/* Steps of a random path of size 1e-3 miss by 1e-2 each; the carried slope
   brings that to 1e-4 in one more pass. */
static void rough_path(void **state)
{
    (void)state;
    struct mu_track t = {0};
    double x = 0;
    unsigned seed = 1;
    int passes = 0;
    for (int step = 0; step < 1000; step++) {
        seed = seed * 1664525u + 1013904223u;
        x += 1e-3 * ((double)(seed >> 8) / (1 << 24) - 0.5);
        passes += solve(&t, band, x, 37.3, 1e-4);
    }
    assert_true(passes > 1500 && passes <= 2050);
}

static void across_a_gap(void **state)
{
    (void)state;
    for (double target = 10; target < 100; target += 9.5) {
        struct mu_track t = {0};
        assert_true(solve(&t, gapped, 3, target, 1e-6) < 60);
        assert_true(solve(&t, gapped, -3, target, 1e-6) < 60);
    }
}

/* The same configuration asked for again: its mu, in one pass, and the path
   that follows is the same. */
static void again(void **state)
{
    (void)state;
    struct mu_track t = {0};
    for (int step = 0; step < 6; step++)
        solve(&t, band, 0.1 * step, 40, 1e-6);
    struct mu_track copy = t;
    copy.again = true;
    assert_int_equal(solve(&copy, band, 0.5, 40, 1e-6), 1);
    assert_true(copy.mu == t.mu);
    for (int step = 6; step < 12; step++) {
        solve(&t, band, 0.1 * step, 40, 1e-6);
        solve(&copy, band, 0.1 * step, 40, 1e-6);
        assert_true(copy.mu == t.mu && copy.slope == t.slope);
    }
}

/* A number that jumps over the target, or back over it: accepted where the jump
   is small. */
static void jumps(void **state)
{
    (void)state;
    static const double height[] = {2e-5, -2e-5, 1e-3};
    for (int k = 0; k < 3; k++) {
        struct mu_track t = {0};
        enum mu_track_state at;
        mu_track_begin(&t, 10, 1e-6, 0);
        do
            at = mu_track_next(&t, 10 + (t.mu < 0.7 ? -0.4 : 0.6) * height[k] +
                                       1e-4 * (t.mu - 0.7));
        while (at == MU_TRACK_AGAIN);
        assert_int_equal(at, k < 2 ? MU_TRACK_DONE : MU_TRACK_LOST);
        assert_true(k == 2 || (fabs(t.miss) <= 1e-4 && t.passes <= 100));
    }
}

static void lost(void **state)
{
    (void)state;
    static double (*const number[])(double, double) = {falling, bounded};
    for (int k = 0; k < 2; k++) {
        struct mu_track t = {0};
        enum mu_track_state at;
        mu_track_begin(&t, 10, 1e-6, 0);
        do
            at = mu_track_next(&t, number[k](t.mu, 9));
        while (at == MU_TRACK_AGAIN);
        assert_int_equal(at, MU_TRACK_LOST);
        assert_true(t.passes <= 100);
    }
    struct mu_track t = {0};
    mu_track_begin(&t, 1, 1e-6, 0);
    assert_int_equal(mu_track_next(&t, NAN), MU_TRACK_LOST);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(smooth_path),  cmocka_unit_test(rough_path),
        cmocka_unit_test(across_a_gap), cmocka_unit_test(again),
        cmocka_unit_test(jumps),        cmocka_unit_test(lost)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

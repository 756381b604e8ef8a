/* Fermi statistics: the chemical potential of many spectra, closed forms, the
   limits T = 0, N = 0 and N = n. */

#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/rng.h"
#include "elec/fermi.h"

enum { LEVELS_MAX = 64, SPECTRA = 100000 };

static double uniform(uint64_t tick, uint64_t k)
{
    struct rng_key key = {.seed = 11, .purpose = RNG_VARIABLE, .tick = tick};
    return rng_uniform(key, k);
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Spectrum number `tick` of n levels within a bandwidth: smooth, with blocks of
   equal levels, split by a wide gap, all equal, or of a few tight bunches. */
static void make_levels(uint64_t tick, int n, double width, double *e)
{
    int kind = (int)(tick % 5);
    for (int k = 0; k < n; k++) {
        double u = uniform(tick, (uint64_t)k + 10);
        if (kind == 1)
            u = floor(4 * u) / 4;
        else if (kind == 2)
            u = u < 0.5 ? 0.2 * u : 1 - 0.2 * u;
        else if (kind == 3)
            u = 0.7;
        else if (kind == 4)
            u = floor(5 * u) / 5 + 1e-9 * u;
        e[k] = width * (u - 0.5) + 3 * (uniform(tick, 1) - 0.5);
    }
    qsort(e, (size_t)n, sizeof *e, ascending);
}

/* N from the occupations in extended precision: the error of the check is
   n * 2^-64, far below the tolerance. */
static double number_error(const double *f, int n, double number)
{
    long double sum = 0;
    for (int k = 0; k < n; k++)
        sum += f[k];
    return (double)fabsl(sum - number);
}

/* |<N> - N| <= 1e-12 max(N, 1), with one rounding of each occupation (n
   DBL_EPSILON / 2) on top, for 10^5 spectra with bandwidth/T from 10^-3 to
   10^5 and T from 10^-5 to 10, every other N a whole number. */
static void number_holds(void **state)
{
    double e[LEVELS_MAX], f[LEVELS_MAX];
    (void)state;
    for (uint64_t s = 0; s < SPECTRA; s++) {
        int n = 1 + (int)(uniform(s, 0) * LEVELS_MAX);
        double temp = pow(10, -5 + 6 * uniform(s, 2));
        double width = temp * pow(10, -3 + 8 * uniform(s, 3));
        double number = uniform(s, 4) * n;
        if (s % 2)
            number = floor(uniform(s, 4) * (n + 1));
        make_levels(s, n, width, e);
        struct fermi out;
        assert_int_equal(
            fermi_solve(e, n, temp, FERMI_FIXED_NUMBER, number, f, &out), 0);
        double tolerance = 1e-12 * fmax(number, 1) + n * DBL_EPSILON;
        if (!(number_error(f, n, number) <= tolerance))
            fail_msg("spectrum %d: N = %.17g of %d levels is off by %.3g at "
                     "T = %g",
                     (int)s, number, n, number_error(f, n, number), temp);
        assert_true(isfinite(out.mu) && isfinite(out.omega) &&
                    isfinite(out.band) && out.entropy >= 0);
        assert_true(fabs(out.number - number) <= tolerance);
        for (int k = 1; k < n; k++)
            assert_true(f[k] >= 0 && f[k] <= f[k - 1] && f[k - 1] <= 1);
    }
}

static void number_holds_at_zero(void **state)
{
    double e[LEVELS_MAX], f[LEVELS_MAX];
    (void)state;
    for (uint64_t s = 0; s < 2000; s++) {
        int n = 1 + (int)(uniform(s, 0) * LEVELS_MAX);
        double number = floor(uniform(s, 4) * (n + 1));
        make_levels(s, n, 8, e);
        struct fermi out;
        assert_int_equal(
            fermi_solve(e, n, 0, FERMI_FIXED_NUMBER, number, f, &out), 0);
        assert_true(number_error(f, n, number) <= 1e-12 * fmax(number, 1));
        for (int k = 0; k < n; k++) {
            assert_true(e[k] >= out.mu - 1e-9 || f[k] == 1);
            assert_true(e[k] <= out.mu + 1e-9 || f[k] == 0);
        }
    }
}

/* Two levels +-D and one electron: mu = 0 by symmetry, F = -T ln 4 cosh^2 ..:
   Omega = -2 T ln(2 cosh(D/2T)), band = -D tanh(D/2T). */
static void two_levels(void **state)
{
    (void)state;
    for (double temp = 0.02; temp < 20; temp *= 1.7) {
        double e[2] = {-1, 1}, f[2];
        struct fermi out;
        assert_int_equal(
            fermi_solve(e, 2, temp, FERMI_FIXED_NUMBER, 1, f, &out), 0);
        double x = 0.5 / temp;
        double omega = -2 * temp * (x + log1p(exp(-2 * x)));
        assert_true(fabs(out.mu) <= 1e-12 * fmax(1, temp));
        assert_true(fabs(out.band + tanh(x)) <= 1e-14);
        assert_true(fabs(out.omega - omega) <= 1e-14 * fabs(omega));
        assert_true(fabs(out.entropy - (out.band - out.omega) / temp) <=
                    1e-14 * (1 + fabs(omega) / temp));
    }
}

/* g1 levels at 0, g2 at D, filled with g1 electrons: where both tails are
   exponentials, mu = D/2 + (T/2) ln(g1/g2); a flat gap has it as its middle. */
static void flat_gap_middle(void **state)
{
    double e[9] = {0, 0, 0, 0, 0, 0, 0, 5, 5}, f[9];
    (void)state;
    for (double temp = 0.2; temp > 1e-4; temp *= 0.7) {
        struct fermi out;
        assert_int_equal(
            fermi_solve(e, 9, temp, FERMI_FIXED_NUMBER, 7, f, &out), 0);
        double mu = 2.5 + 0.5 * temp * log(7.0 / 2.0);
        double tail = exp(-2.5 / temp); /* relative error of the exponentials */
        assert_true(fabs(out.mu - mu) <= temp * (4 * tail + 1e-5));
        if (temp < 0.08) {
            assert_true(out.flat_lo < out.mu && out.mu < out.flat_hi);
            assert_true(fabs(0.5 * (out.flat_lo + out.flat_hi) - out.mu) <=
                        1e-14);
            /* The edges: 7 exp(-(mu - 0)/T) = 7e-12. */
            assert_true(fabs(out.flat_lo - temp * log(1e12)) <= 1e-5 * temp);
        } else if (temp > 0.1) {
            assert_true(out.flat_lo == out.flat_hi);
        }
    }
}

/* A thousandfold level far from 0 at a temperature where mu itself has too few
   digits: f must be N/n to 1e-12 all the same. */
static void degenerate_far_level(void **state)
{
    enum { N = 1000 };
    static double e[N], f[N];
    (void)state;
    for (int k = 0; k < N; k++)
        e[k] = 1e6;
    struct fermi out;
    assert_int_equal(fermi_solve(e, N, 1e-9, FERMI_FIXED_NUMBER, 300, f, &out),
                     0);
    for (int k = 0; k < N; k++)
        assert_true(fabs(f[k] - 0.3) <= 1e-12);
}

static void empty_and_full(void **state)
{
    const double temps[] = {0, 1e-6, 0.1, 10};
    double e[3] = {-1, 0.5, 2}, f[3];
    (void)state;
    for (int i = 0; i < 4; i++) {
        for (int number = 0; number <= 3; number += 3) {
            struct fermi out;
            assert_int_equal(fermi_solve(e, 3, temps[i], FERMI_FIXED_NUMBER,
                                         number, f, &out),
                             0);
            assert_true(isfinite(out.mu));
            for (int k = 0; k < 3; k++)
                assert_true(fabs(f[k] - number / 3.0) <= 1e-12);
            /* Free energy of no electrons 0, of all the trace. */
            double free = out.omega + out.mu * number;
            assert_true(fabs(free - 0.5 * number) <=
                        1e-11 * (1 + fabs(out.mu)));
        }
    }
}

/* T = 0: an open shell is filled evenly, a level at a fixed mu half. */
static void open_shell(void **state)
{
    double e[6] = {-2, 1, 1 + 1e-14, 1, 1, 3}, f[6];
    (void)state;
    struct fermi out;
    e[3] = e[4] = 1 + 2e-14;
    assert_int_equal(fermi_solve(e, 6, 0, FERMI_FIXED_NUMBER, 2, f, &out), 0);
    assert_true(out.open_shell && fabs(out.mu - 1) < 1e-12);
    for (int k = 1; k <= 4; k++)
        assert_true(f[k] == 0.25);
    assert_true(fabs(out.omega + 3) < 1e-12 && fabs(out.band + 1) < 1e-12);
    assert_int_equal(fermi_solve(e, 6, 0, FERMI_FIXED_NUMBER, 5, f, &out), 0);
    assert_true(!out.open_shell && fabs(out.mu - 2) < 1e-12 && f[4] == 1);
    assert_int_equal(fermi_solve(e, 6, 0, FERMI_FIXED_MU, 1, f, &out), 0);
    assert_true(out.open_shell && f[0] == 1 && f[2] == 0.5 && f[5] == 0);
}

/* T -> 0 is continuous: T = 1e-4 equals T = 0 where the gap is 1. */
static void zero_is_the_limit(void **state)
{
    double e[4] = {-1, -0.5, 0.5, 0.7}, cold[4], ground[4];
    struct fermi a, b;
    (void)state;
    for (int mode = 0; mode < 3; mode++) {
        double target = mode == FERMI_FIXED_MU ? 0.1 : 2;
        assert_int_equal(
            fermi_solve(e, 4, 1e-4, (enum fermi_mode)mode, target, cold, &a),
            0);
        assert_int_equal(
            fermi_solve(e, 4, 0, (enum fermi_mode)mode, target, ground, &b), 0);
        for (int k = 0; k < 4; k++)
            assert_true(cold[k] == ground[k]);
        assert_true(fabs(a.omega + a.mu * a.number - b.omega -
                         b.mu * b.number) <= 1e-14);
        assert_true(fabs(a.entropy) <= 1e-14 && b.entropy == 0);
    }
}

static void midgap(void **state)
{
    double e[4] = {-1, -0.5, 0.7, 3}, f[4];
    struct fermi out;
    (void)state;
    assert_int_equal(fermi_solve(e, 4, 0.3, FERMI_MIDGAP, 0, f, &out), 0);
    assert_true(fabs(out.mu - 0.1) <= 1e-15);
    double number = 0;
    for (int k = 0; k < 4; k++)
        number += 1 / (exp((e[k] - 0.1) / 0.3) + 1);
    assert_true(fabs(out.number - number) <= 1e-14);
    assert_int_equal(fermi_solve(e, 3, 0.3, FERMI_MIDGAP, 0, f, &out), -1);
}

/* dOmega/dmu = -N and S = -dOmega/dT by central differences, whose error is
   h^2/6 times a third derivative below n/T^2, plus rounding eps |Omega| / h. */
static void derivatives(void **state)
{
    enum { N = 20 };
    double e[N], f[N], h = 1e-5;
    struct fermi at, up, down;
    (void)state;
    make_levels(5, N, 4, e);
    double temp = 0.3, mu = 0.2,
           tolerance = N * h * h / (temp * temp) + 1e-15 * 40 / h;
    fermi_solve(e, N, temp, FERMI_FIXED_MU, mu, f, &at);
    fermi_solve(e, N, temp, FERMI_FIXED_MU, mu + h, f, &up);
    fermi_solve(e, N, temp, FERMI_FIXED_MU, mu - h, f, &down);
    assert_true(fabs((up.omega - down.omega) / (2 * h) + at.number) <=
                tolerance);
    assert_true(at.number > 1 && at.number < N - 1);
    fermi_solve(e, N, temp + h, FERMI_FIXED_MU, mu, f, &up);
    fermi_solve(e, N, temp - h, FERMI_FIXED_MU, mu, f, &down);
    assert_true(fabs((up.omega - down.omega) / (2 * h) + at.entropy) <=
                tolerance / temp);
    assert_true(at.entropy > 0.1);
}

static void refusals(void **state)
{
    double e[2] = {0, 1}, f[2];
    struct fermi out;
    (void)state;
    assert_int_equal(fermi_solve(e, 2, 1, FERMI_FIXED_NUMBER, -1, f, &out), -1);
    assert_int_equal(fermi_solve(e, 2, 1, FERMI_FIXED_NUMBER, 2.1, f, &out),
                     -1);
    assert_int_equal(fermi_solve(e, 2, 1, FERMI_FIXED_NUMBER, NAN, f, &out),
                     -1);
    assert_int_equal(fermi_solve(e, 2, -1, FERMI_FIXED_NUMBER, 1, f, &out), -1);
    assert_int_equal(fermi_solve(e, 0, 1, FERMI_FIXED_NUMBER, 0, f, &out), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(number_holds),
                                       cmocka_unit_test(number_holds_at_zero),
                                       cmocka_unit_test(two_levels),
                                       cmocka_unit_test(flat_gap_middle),
                                       cmocka_unit_test(degenerate_far_level),
                                       cmocka_unit_test(empty_and_full),
                                       cmocka_unit_test(open_shell),
                                       cmocka_unit_test(zero_is_the_limit),
                                       cmocka_unit_test(midgap),
                                       cmocka_unit_test(derivatives),
                                       cmocka_unit_test(refusals)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

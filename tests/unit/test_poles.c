/* Poles of the Fermi function: their error is a bound, all of them lie on the
   imaginary axis with positive residues, they are as few as published, and
   the weights at a shifted chemical potential keep the error they state. */

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <time.h>

#include <cmocka.h>

#include "elec/fermi.h"
#include "la/pole_shift.h"
#include "sim.h"

static const double range[] = {0.3, 1, 4.2, 10, 30, 100, 333, 1e3, 1e4, 1e5};
static const double tolerance[] = {1e-2, 1e-4, 1e-6, 1e-8, 1e-10, 1e-12};
enum {
    RANGES = sizeof range / sizeof *range,
    TOLERANCES = sizeof tolerance / sizeof *tolerance,
    SAMPLES = 20000
};

/* x in [-bound, bound], half of them evenly in ln |x|, half in x. */
static double sample(double bound, int k)
{
    double u = sim_random(71, k);

    if (k % 2)
        return u * bound;
    return (u > 0 ? 1 : -1) * bound * exp(-12 * fabs(sim_random(72, k)));
}

/* Extremes of the error are 2n + 2 smooth waves; 100 points an octave miss
   their tops by less than 1 %.  1e-15: rounding of the sum. */
static void error_is_a_bound(void **state)
{
    (void)state;
    for (int i = 0; i < RANGES; i++) {
        for (int j = 0; j < TOLERANCES; j++) {
            struct poles p;
            double worst = 0;

            assert_int_equal(poles_fit(range[i], tolerance[j], &p), 0);
            assert_true(p.error <= tolerance[j] && p.bound >= range[i]);
            for (int k = 0; k < SAMPLES; k++) {
                double x = sample(range[i], k);

                worst =
                    fmax(worst, fabs(poles_value(&p, x) - fermi_function(x)));
            }
            if (!(worst <= 1.01 * p.error + 1e-15))
                fail_msg("X = %g, tol %g: error %g, stated %g", range[i],
                         tolerance[j], worst, p.error);
            /* Not a bound far from the truth either. */
            if (p.bound == range[i])
                assert_true(worst > 0.5 * p.error);
        }
    }
}

/* Without the linear term: as good on the range, 1/2 at infinity, and at most
   one pole more. */
static void decaying_error_is_a_bound(void **state)
{
    (void)state;
    for (int i = 0; i < RANGES; i++) {
        for (int j = 0; j < TOLERANCES; j++) {
            struct poles p, with;
            double worst = 0;

            assert_int_equal(poles_fit(range[i], tolerance[j], &with), 0);
            assert_int_equal(poles_fit_decaying(range[i], tolerance[j], &p), 0);
            assert_true(p.error <= tolerance[j] && p.bound >= range[i]);
            assert_true(p.linear == 0 && p.n <= with.n + 1);
            for (int k = 0; k < p.n; k++)
                assert_true(p.a[k] > 0 && p.s[k] > (k ? p.s[k - 1] : 0));
            for (int k = 0; k < SAMPLES; k++) {
                double x = sample(range[i], k);

                worst =
                    fmax(worst, fabs(poles_value(&p, x) - fermi_function(x)));
            }
            assert_true(worst <= 1.01 * p.error + 1e-15);
            /* xsum a/(x^2 + s^2) falls as 1/x. */
            assert_true(fabs(poles_value(&p, 1e9 * range[i]) - 0.5) < 1e-3);
        }
    }
}

static void poles_lie_on_the_axis(void **state)
{
    (void)state;
    for (int i = 0; i < RANGES; i++) {
        for (int j = 0; j < TOLERANCES; j++) {
            struct poles p;

            assert_int_equal(poles_fit(range[i], tolerance[j], &p), 0);
            assert_true(p.n >= 1 && p.n <= POLES_MAX && p.linear > 0);
            for (int k = 0; k < p.n; k++) {
                assert_true(isfinite(p.s[k]) && p.a[k] > 0);
                assert_true(p.s[k] > (k ? p.s[k - 1] : 0));
            }
            /* The first is the first pole of f itself. */
            assert_true(fabs(p.s[0] - M_PI) < 0.7);
        }
    }
}

/* Published counts of AAA fits in x^2. */
static void no_more_poles_than_published(void **state)
{
    (void)state;
    static const struct {
        double bound, tol;
        int n;
    } table[] = {
        {100, 3e-8, 7}, {100, 1e-10, 9}, {400, 1e-10, 14}, {100, 5e-14, 11}};

    for (size_t k = 0; k < sizeof table / sizeof *table; k++) {
        struct poles p;

        assert_int_equal(poles_fit(table[k].bound, table[k].tol, &p), 0);
        assert_true(p.n <= table[k].n);
    }
    /* A looser tolerance or a shorter range never needs more. */
    for (int i = 0; i < RANGES; i++) {
        int last = 0;

        for (int j = 0; j < TOLERANCES; j++) {
            struct poles p;

            assert_int_equal(poles_fit(range[i], tolerance[j], &p), 0);
            assert_true(p.n >= last);
            last = p.n;
        }
    }
}

static double seconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Beyond double precision: says so, soon, with what was reached. */
static void out_of_reach(void **state)
{
    (void)state;
    struct poles p;
    double begin = seconds();

    assert_int_equal(poles_fit(1e3, 1e-18, &p), -1);
    assert_true(p.error > 1e-18 && p.error < 1e-12);
    assert_true(seconds() - begin < 5);
    assert_int_equal(poles_fit(0, 1e-8, &p), -2);
    assert_int_equal(poles_fit(NAN, 1e-8, &p), -2);
    assert_int_equal(poles_fit(1e8, 1e-8, &p), -2);
    assert_int_equal(poles_fit(100, 0, &p), -2);
}

/* f(x - d) - f(x) from the same poles, at random x: within 2 % of the error
   stated, rounding 1e-15 times the sum of |weights| aside. */
static void check_shift(const struct pole_shift *s, double shift,
                        double *stated)
{
    struct shift_weights w;
    double worst = 0, size;

    *stated = pole_shift_weights(s, shift, &w);
    size = fabs(w.constant) + fabs(w.linear) * 333;
    for (int k = 0; k < s->n; k++)
        size += (fabs(w.alpha[k]) + fabs(w.beta[k])) / s->s[k];
    for (int k = 0; k < SAMPLES; k++) {
        double x = sample(333, k), sum = w.linear * x + w.constant;
        double wanted =
            -expm1(-shift) * fermi_function(-x) * fermi_function(x - shift);

        for (int l = 0; l < s->n; l++)
            sum += (w.alpha[l] * x + w.beta[l] * s->s[l]) /
                   (x * x + s->s[l] * s->s[l]);
        worst = fmax(worst, fabs(sum - wanted));
    }
    if (!(worst <= 1.02 * *stated + 1e-15 * size))
        fail_msg("%d poles, shift %g: error %g, stated %g", s->n, shift, worst,
                 *stated);
    /* Rounding of the Green's functions is not blown up either. */
    assert_true(size * 1e-15 < 1e-2 * *stated + 1e-13);
}

/* The more poles, the farther: the shifts that eight or fewer reach at 1e-8. */
static void shifted_weights_keep_their_error(void **state)
{
    (void)state;
    static const double shift[] = {1e-6, -1e-3, 0.1, -0.7, 2};
    static const double reach[9] = {0,   2e-4, 1e-3, 7e-3, 0.03,
                                    0.1, 0.12, 0.3,  0.35};
    struct pole_shift s;
    struct poles p;
    double stated;

    assert_int_equal(poles_fit(333, 1e-8, &p), 0);
    for (int extra = 1; extra <= 8; extra++) {
        assert_int_equal(pole_shift_init(&s, &p, extra), 0);
        for (int j = 0; j < 5; j++) {
            check_shift(&s, shift[j], &stated);
            /* Of use at all: far smaller than the difference itself. */
            assert_true(stated < 1e-2 * fabs(shift[j]));
        }
        check_shift(&s, reach[extra], &stated);
        if (stated > 1e-8)
            fail_msg("%d extra poles: error %g at %g", extra, stated,
                     reach[extra]);
        pole_shift_fini(&s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(error_is_a_bound),
        cmocka_unit_test(decaying_error_is_a_bound),
        cmocka_unit_test(poles_lie_on_the_axis),
        cmocka_unit_test(no_more_poles_than_published),
        cmocka_unit_test(out_of_reach),
        cmocka_unit_test(shifted_weights_keep_their_error)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

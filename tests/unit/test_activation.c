/* Activation functions: every kernel of this processor against libm in long
   double, slopes and curvatures against differences of values, limits at
   infinity, symmetry, and bits that do not depend on the cut.

   Values are within 3 units of the last place (four roundings of half a unit,
   one of them in the exponential, and its polynomial) above the smallest normal
   number; derivatives within 4 units of their largest magnitude, about 1, as
   they pass through zero. */

#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"
#include "close.h"
#include "ml/activation.h"
#include "ml/activation_kernel.h"

enum { N = 20000 };

static activation_map *const single_map[] = {activation_plain_single,
#ifdef __x86_64__
                                             activation_avx2_single,
                                             activation_avx512_single
#endif
};
static activation_map *const double_map[] = {activation_plain_double,
#ifdef __x86_64__
                                             activation_avx2_double,
                                             activation_avx512_double
#endif
};
static const char *const map_name[] = {"plain", "avx2", "avx512"};
enum { MAPS = sizeof single_map / sizeof *single_map };

/* Logistic function, one minus it, and their product, without cancellation. */
static long double formula(enum activation kind, int order, long double z)
{
    long double e = expl(-fabsl(z)), cosh = coshl(z), tanh = tanhl(z);
    long double s = z > 0 ? 1 / (1 + e) : e / (1 + e);
    long double other = z > 0 ? e / (1 + e) : 1 / (1 + e), p = s * other;

    switch (kind) {
    case ACTIVATION_LINEAR:
        return order == 0 ? z : order == 1;
    case ACTIVATION_RELU:
        return order == 0 ? fmaxl(z, 0) : order == 1 && z > 0;
    case ACTIVATION_SILU:
        return order == 0   ? z * s
               : order == 1 ? s + z * p
                            : p * (2 + z * (other - s));
    case ACTIVATION_TANH:
        return order == 0   ? tanh
               : order == 1 ? 1 / (cosh * cosh)
                            : -2 * tanh / (cosh * cosh);
    default:
        return order == 0 ? s : order == 1 ? p : p * (other - s);
    }
}

/* Everything from 1e-6 to where nothing happens any more, both signs. */
static double argument(int i)
{
    struct rng_key key = {.seed = 1};
    double u = rng_uniform(key, (uint64_t)i), size = 0;

    switch (i % 3) {
    case 0:
        size = 20 * u;
        break;
    case 1:
        size = 86 * u;
        break;
    default:
        size = exp(-14 * u);
    }
    return i & 1 ? size : -size;
}

static void expect(const char *name, enum activation kind, int order, double z,
                   double found, double eps, double least)
{
    double exact = (double)formula(kind, order, z);
    double room = order ? 4 * eps : 3 * eps * fabs(exact) + least;

    if (!(fabs(found - exact) <= room))
        fail_msg("%s %s order %d at %.9g: %.17g, expected %.17g", name,
                 activation_name[kind], order, z, found, exact);
}

static void values_and_derivatives(void **state)
{
    static float z1[N], a1[N], d1[N];
    static double z2[N], a2[N], d2[N];

    (void)state;
    for (int i = 0; i < N; i++) {
        z2[i] = argument(i);
        z1[i] = (float)z2[i];
        a1[i] = (float)(a2[i] = 1);
    }
    for (int q = 0; q < MAPS; q++) {
        if (!gemm_select(PRECISION_SINGLE, map_name[q]))
            continue;
        for (int kind = 0; kind < ACTIVATION_KINDS; kind++)
            for (int order = 0; order < 3; order++) {
                enum activation f = (enum activation)kind;

                memcpy(d1, a1, sizeof d1);
                memcpy(d2, a2, sizeof d2);
                single_map[q](f, order, N, z1, a1, a1, d1);
                double_map[q](f, order, N, z2, a2, a2, d2);
                for (int i = 0; i < N; i++) {
                    expect(map_name[q], f, order, z1[i], d1[i], FLT_EPSILON,
                           FLT_MIN);
                    expect(map_name[q], f, order, z2[i], d2[i], DBL_EPSILON,
                           DBL_MIN);
                }
            }
    }
}

/* Slopes multiply what is there; curvatures multiply two arrays. */
static void derivatives_are_those_of_the_values(void **state)
{
    enum { POINTS = 1001 };
    const double h = 1e-4;

    (void)state;
    for (int kind = 0; kind < ACTIVATION_KINDS; kind++) {
        enum activation f = (enum activation)kind;
        double z[POINTS], up[POINTS], down[POINTS], slope[POINTS];
        double slope_up[POINTS], slope_down[POINTS], curvature[POINTS];
        double a[POINTS], b[POINTS];

        for (int i = 0; i < POINTS; i++) {
            z[i] = (i - 499.7) / 50;
            up[i] = z[i] + h;
            down[i] = z[i] - h;
            slope[i] = slope_up[i] = slope_down[i] = 3;
            a[i] = 2 + 0.01 * i;
            b[i] = 1.5;
        }
        activation_slope(f, PRECISION_DOUBLE, POINTS, z, slope);
        activation_slope(f, PRECISION_DOUBLE, POINTS, up, slope_up);
        activation_slope(f, PRECISION_DOUBLE, POINTS, down, slope_down);
        activation_curvature(f, PRECISION_DOUBLE, POINTS, z, a, b, curvature);
        activation_value(f, PRECISION_DOUBLE, POINTS, up, up);
        activation_value(f, PRECISION_DOUBLE, POINTS, down, down);
        for (int i = 0; i < POINTS; i++) {
            /* h^2/6 times a third derivative of at most 2, and rounding/h;
               relu's kink lies between two points. */
            assert_close(slope[i], 3 * (up[i] - down[i]) / (2 * h), 2e-8);
            assert_close(curvature[i],
                         a[i] * b[i] * (slope_up[i] - slope_down[i]) / (6 * h),
                         a[i] * b[i] * 2e-8);
        }
    }
}

/* At inf and far beyond overflow of the exponential. */
static void limits(void **state)
{
    static const double far[] = {90, 800, 1e30, INFINITY};
    double kink[4] = {-2, -0.0, 0.0, 3}, ones[4] = {1, 1, 1, 1};

    (void)state;
    for (int i = 0; i < 4; i++)
        for (int twice = 0; twice < 2; twice++)
            for (int kind = ACTIVATION_RELU; kind < ACTIVATION_KINDS; kind++) {
                enum activation f = (enum activation)kind;
                enum precision precision =
                    twice ? PRECISION_DOUBLE : PRECISION_SINGLE;
                double last = f == ACTIVATION_RELU || f == ACTIVATION_SILU
                                  ? (double)far[i]
                                  : 1;
                double first = f == ACTIVATION_TANH ? -1 : 0;
                double slope = f == ACTIVATION_RELU || f == ACTIVATION_SILU;
                double z[2] = {-far[i], far[i]}, y[3][2] = {{0}, {1, 1}};
                double one[2] = {1, 1};
                float z1[2] = {(float)z[0], (float)z[1]};
                float y1[3][2] = {{0}, {1, 1}}, one1[2] = {1, 1};

                activation_value(f, precision, 2, twice ? (void *)z : z1,
                                 twice ? (void *)y[0] : y1[0]);
                activation_slope(f, precision, 2, twice ? (void *)z : z1,
                                 twice ? (void *)y[1] : y1[1]);
                activation_curvature(f, precision, 2, twice ? (void *)z : z1,
                                     twice ? (void *)one : one1,
                                     twice ? (void *)one : one1,
                                     twice ? (void *)y[2] : y1[2]);
                for (int k = 0; k < 6 && !twice; k++)
                    y[k / 2][k % 2] = (double)y1[k / 2][k % 2];
                assert_close(y[0][0], first, 1e-37);
                if (y[0][1] != last && y[0][1] != (double)(float)last)
                    fail_msg("%s(%g) = %g", activation_name[f], far[i],
                             y[0][1]);
                assert_close(y[1][0], 0, 1e-33);
                assert_close(y[1][1], slope, 1e-33);
                assert_close(y[2][0], 0, 1e-33);
                assert_close(y[2][1], 0, 1e-33);
            }
    activation_slope(ACTIVATION_RELU, PRECISION_DOUBLE, 4, kink, ones);
    assert_memory_equal(ones, ((double[]){0, 0, 0, 1}), sizeof ones);
}

static void nan_stays(void **state)
{
    (void)state;
    for (int kind = 0; kind < ACTIVATION_KINDS; kind++) {
        float z = NAN;
        double twice = NAN;

        activation_value((enum activation)kind, PRECISION_SINGLE, 1, &z, &z);
        activation_value((enum activation)kind, PRECISION_DOUBLE, 1, &twice,
                         &twice);
        assert_true(isnan(z));
        assert_true(isnan(twice));
    }
}

static void tanh_is_odd(void **state)
{
    static float z1[N], m1[N];
    static double z2[N], m2[N];

    (void)state;
    for (int i = 0; i < N; i++) {
        z2[i] = argument(i);
        z1[i] = (float)z2[i];
        m1[i] = -z1[i];
        m2[i] = -z2[i];
    }
    activation_value(ACTIVATION_TANH, PRECISION_SINGLE, N, z1, z1);
    activation_value(ACTIVATION_TANH, PRECISION_SINGLE, N, m1, m1);
    activation_value(ACTIVATION_TANH, PRECISION_DOUBLE, N, z2, z2);
    activation_value(ACTIVATION_TANH, PRECISION_DOUBLE, N, m2, m2);
    for (int i = 0; i < N; i++) {
        assert_true(z1[i] == -m1[i]);
        assert_true(z2[i] == -m2[i]);
    }
    /* And keeps the smallest numbers. */
    z1[0] = 1e-40F;
    z2[0] = 1e-310;
    activation_value(ACTIVATION_TANH, PRECISION_SINGLE, 1, z1, z1);
    activation_value(ACTIVATION_TANH, PRECISION_DOUBLE, 1, z2, z2);
    assert_true(z1[0] == 1e-40F);
    assert_true(z2[0] == 1e-310);
}

/* One at a time and all together; nothing beyond the end. */
static void bits_do_not_depend_on_the_cut(void **state)
{
    enum { LENGTH = 61 };

    (void)state;
    for (int kind = 0; kind < ACTIVATION_KINDS; kind++)
        for (int order = 0; order < 3; order++) {
            float z[LENGTH], a[LENGTH], whole[LENGTH + 1], cut[LENGTH + 1];

            for (int i = 0; i < LENGTH; i++) {
                z[i] = (float)argument(i);
                a[i] = (float)argument(i + LENGTH);
                whole[i] = cut[i] = (float)argument(i + 2 * LENGTH);
            }
            whole[LENGTH] = cut[LENGTH] = -7;
            for (int q = 0; q < MAPS; q++) {
                enum activation f = (enum activation)kind;

                if (!gemm_select(PRECISION_SINGLE, map_name[q]))
                    continue;
                single_map[q](f, order, LENGTH, z, a, z, whole);
                for (size_t i = 0, n; i < LENGTH; i += n) {
                    n = i % 4 + 1 < LENGTH - i ? i % 4 + 1 : LENGTH - i;
                    single_map[q](f, order, n, z + i, a + i, z + i, cut + i);
                }
                assert_memory_equal(whole, cut, sizeof whole);
                assert_true(whole[LENGTH] == -7);
            }
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_and_derivatives),
        cmocka_unit_test(derivatives_are_those_of_the_values),
        cmocka_unit_test(limits),
        cmocka_unit_test(nan_stays),
        cmocka_unit_test(tanh_is_odd),
        cmocka_unit_test(bits_do_not_depend_on_the_cut),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Rules that know resonances, against integrals in closed form.

   Integrands are sums of products 1/((x - z_k)(x - z_l*)) as G 2 Gamma G+ has
   them, of lines some nodes apart and narrower than their distance: those of
   Gauss are off by tenths, rules with the poles by what the fit leaves. */

#include <complex.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "elec/negf_rule.h"

enum { N = RULE_NODES };

static double number(unsigned *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return *seed / 4294967296.0;
}

static double sum(const double *weight, const double *f)
{
    double s = 0;

    for (int j = 0; j < N; j++)
        s += weight[j] * f[j];
    return s;
}

static double left(const struct rule *r, const double *f)
{
    double s = 0;

    for (int k = 0; k < r->nnull; k++)
        s += pow(sum(r->null[k], f), 2);
    return sqrt(s);
}

/* Gauss is exact to degree 63; its null rules see what is beyond degree 27. */
static void polynomials(void **state)
{
    (void)state;
    struct rule_nodes n;
    struct rule r;
    double f[N];

    rule_nodes_init(&n);
    rule_polynomial(&n, &r);
    for (int d = 0; d < 64; d++) {
        for (int j = 0; j < N; j++)
            f[j] = pow(n.x[j], d);
        assert_true(fabs(sum(r.weight, f) - (d % 2 ? 0 : 2.0 / (d + 1))) <
                    1e-13);
        if (d < RULE_FITTED)
            assert_true(left(&r, f) < 1e-13);
    }
    assert_true(left(&r, f) > 1e-4);
}

/* Lines at z inside of [-1.4, 1.4] and their closed integral. */
struct lines {
    int m;
    double complex z[16], a[16], g[RULE_SAMPLES][16];
};

static double complex draw_one(unsigned *seed)
{
    double re = number(seed) - 0.5, im = number(seed) - 0.5;

    return re + im * I;
}

static struct lines draw(int m, double width, unsigned seed)
{
    struct lines l = {.m = m};

    for (int k = 0; k < m; k++) {
        double at = (k + 0.2 + 0.6 * number(&seed)) / m;

        l.z[k] = -1.4 + 2.8 * at - width * (1 + number(&seed)) * I;
        l.a[k] = width * draw_one(&seed);
        for (int s = 0; s < RULE_SAMPLES; s++)
            l.g[s][k] = draw_one(&seed);
    }
    return l;
}

static double value(const struct lines *l, double x)
{
    double complex g = 0.1 * cexp(0.3 * I * x);

    for (int k = 0; k < l->m; k++)
        g += l->a[k] / (x - l->z[k]);
    return creal(g * conj(g));
}

/* By many short pieces of Gauss. */
static double integral(const struct lines *l, const struct rule_nodes *n)
{
    enum { PIECES = 2000 };
    double s = 0;

    for (int p = 0; p < PIECES; p++)
        for (int j = 0; j < N; j++)
            s += n->weight[j] / PIECES *
                 value(l, -1 + (2 * p + 1 + n->x[j]) / PIECES);
    return s;
}

static void resonances(void **state)
{
    (void)state;
    struct rule_nodes n;
    double missed = 0;

    rule_nodes_init(&n);
    for (unsigned seed = 1; seed <= 20; seed++) {
        struct lines l = draw(6, 0.02, seed);
        double complex g[RULE_SAMPLES][N];
        double f[N], exact = integral(&l, &n), error, estimate;
        struct rule r;

        for (int j = 0; j < N; j++) {
            f[j] = value(&l, n.x[j]);
            for (int s = 0; s < RULE_SAMPLES; s++) {
                g[s][j] = 1 + n.x[j];
                for (int k = 0; k < l.m; k++)
                    g[s][j] += l.g[s][k] / (n.x[j] - l.z[k]);
            }
        }
        assert_int_equal(rule_rational(&n, g, 6, 0.01, &r), 0);
        error = fabs(sum(r.weight, f) - exact);
        estimate = 3 * r.amplification * r.amplification * left(&r, f);
        if (error > 1e-9 * exact || error > estimate + 1e-10 * exact)
            fail_msg("seed %u: %g of %g, estimated %g", seed, error, exact,
                     estimate);
        rule_polynomial(&n, &r);
        missed = fmax(missed, fabs(sum(r.weight, f) - exact) / exact);
    }
    assert_true(missed > 0.05); /* of Gauss: these lines are not easy */
}

/* More lines than poles are fitted: that shows in the estimate. */
static void too_many(void **state)
{
    (void)state;
    struct rule_nodes n;

    rule_nodes_init(&n);
    for (unsigned seed = 1; seed <= 20; seed++) {
        struct lines l = draw(16, 0.02, seed);
        double complex g[RULE_SAMPLES][N];
        double f[N], exact = integral(&l, &n);
        struct rule r;

        for (int j = 0; j < N; j++) {
            f[j] = value(&l, n.x[j]);
            for (int s = 0; s < RULE_SAMPLES; s++) {
                g[s][j] = 1;
                for (int k = 0; k < l.m; k++)
                    g[s][j] += l.g[s][k] / (n.x[j] - l.z[k]);
            }
        }
        assert_int_equal(rule_rational(&n, g, 4, 0.01, &r), 0);
        assert_true(3 * r.amplification * r.amplification * left(&r, f) >
                    fabs(sum(r.weight, f) - exact));
        assert_true(left(&r, f) > 1e-6 * exact);
    }
}

/* Functions without poles, and none at all. */
static void nothing_there(void **state)
{
    (void)state;
    struct rule_nodes n;
    struct rule r;
    double complex g[RULE_SAMPLES][N] = {{0}};
    double f[N];

    rule_nodes_init(&n);
    assert_int_equal(rule_rational(&n, g, 4, 0.01, &r), -1);
    for (int s = 0; s < RULE_SAMPLES; s++)
        for (int j = 0; j < N; j++)
            g[s][j] = s + n.x[j] * I;
    for (int j = 0; j < N; j++)
        f[j] = exp(n.x[j]);
    assert_int_equal(rule_rational(&n, g, 4, 0.01, &r), 0);
    assert_true(fabs(sum(r.weight, f) - 2 * sinh(1)) < 1e-9);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(polynomials), cmocka_unit_test(resonances),
        cmocka_unit_test(too_many), cmocka_unit_test(nothing_there)};

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}

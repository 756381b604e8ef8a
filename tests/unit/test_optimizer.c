/* optimizer adam, optimizer lbfgs: closed forms, convergence, and states that
   are continued. */

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "adele.h"
#include "plug/optimizer.h"
#include "plug/registry.h"

#include "close.h"
#include "sim.h"

enum { N = 12 };

static struct optimizer *make(struct adele *sim, const char *text, int64_t n)
{
    struct line *line = line_new("(test)", 1, text);
    struct words words;
    struct where bad;
    const char *why;
    assert_int_equal(words_split(line, &words, &bad, &why), 0);
    struct optimizer *o =
        (struct optimizer *)instance_new(sim, "optimizer", &words, NULL, NULL);
    words_free(&words);
    line_release(line);
    assert_non_null(o);
    const struct optimizer_style *style =
        (const struct optimizer_style *)o->head.style;
    assert_int_equal(style->setup(sim, o, n), 0);
    return o;
}

static void step(struct adele *sim, struct optimizer *o, const double *gradient,
                 double *p, optimizer_loss *loss, void *data)
{
    const struct optimizer_style *style =
        (const struct optimizer_style *)o->head.style;
    assert_int_equal(style->step(sim, o, o->rate, gradient, p, loss, data), 0);
}

/* With one gradient for ever, both means are it: p = -s rate g/(|g| + epsilon)
   after s steps. */
static void test_adam_constant(void **state)
{
    (void)state;
    struct adele *sim = sim_new("%s", "");
    struct optimizer *o = make(sim, "adam rate 0.01 epsilon 0.5", 3);
    double p[3] = {1, 1, 1};
    const double g[3] = {2, -0.25, 1e3};
    for (int s = 0; s < 7; s++)
        step(sim, o, g, p, NULL, NULL);
    /* m, v and p are sums of 7 terms, corrected by 1 - 0.999^7 = 0.007: 7
       roundings, enlarged 150 times. */
    for (int k = 0; k < 3; k++)
        assert_close(p[k], 1 - 0.07 * g[k] / (fabs(g[k]) + 0.5), 1e-13);
    instance_free(sim, &o->head);
    sim_free(sim);
}

/* L = sum w_k (p_k - k)^2 /2 with w from 1 to 1000, coupled along the chain. */
static int quadratic(void *data, const double *p, double *loss, double *g)
{
    int *calls = data;
    ++*calls;
    *loss = 0;
    memset(g, 0, N * sizeof *g);
    for (int k = 0; k < N; k++) {
        double w = pow(10, 3.0 * k / (N - 1)), d = p[k] - k;
        *loss += 0.5 * w * d * d;
        g[k] += w * d;
        if (k == 0)
            continue;
        double e = d - (p[k - 1] - (k - 1));
        *loss += 5 * e * e;
        g[k] += 10 * e;
        g[k - 1] -= 10 * e;
    }
    return 0;
}

/* The valley of Rosenbrock: minimum 0 at (1, .., 1). */
static int valley(void *data, const double *p, double *loss, double *g)
{
    int *calls = data;
    ++*calls;
    *loss = 0;
    memset(g, 0, N * sizeof *g);
    for (int k = 0; k + 1 < N; k++) {
        double a = p[k + 1] - p[k] * p[k], b = 1 - p[k];
        *loss += 100 * a * a + b * b;
        g[k + 1] += 200 * a;
        g[k] += -400 * a * p[k] - 2 * b;
    }
    return 0;
}

/* A quadratic of N variables ends, in exact arithmetic with exact searches, in
   N steps; with inexact ones 40 give all digits (condition 1e3: parameters to
   sqrt(eps) times that at worst, here far better as the gradient is exact). */
static void test_lbfgs_quadratic(void **state)
{
    (void)state;
    struct adele *sim = sim_new("%s", "");
    struct optimizer *o = make(sim, "lbfgs", N);
    double p[N] = {0};
    int calls = 0;
    assert_true(o->whole);
    for (int s = 0; s < 40; s++)
        step(sim, o, NULL, p, quadratic, &calls);
    for (int k = 0; k < N; k++)
        assert_close(p[k], k, 1e-9);
    assert_true(calls < 40 * 3);
    instance_free(sim, &o->head);
    sim_free(sim);
}

/* Each step lowers the loss, and the curved valley is followed to its end. */
static void test_lbfgs_valley(void **state)
{
    (void)state;
    struct adele *sim = sim_new("%s", "");
    struct optimizer *o = make(sim, "lbfgs memory 8", N);
    double p[N] = {0}, g[N], before, loss;
    int calls = 0;
    p[0] = -1.2;
    valley(&calls, p, &before, g);
    for (int s = 0; s < 150; s++) {
        step(sim, o, NULL, p, valley, &calls);
        valley(&calls, p, &loss, g);
        assert_true(loss <= before);
        before = loss;
    }
    for (int k = 0; k < N; k++)
        assert_close(p[k], 1, 1e-7);
    instance_free(sim, &o->head);
    sim_free(sim);
}

/* Saved in the middle and loaded into another instance: the same bits. */
static void continued(const char *text)
{
    struct adele *sim = sim_new("%s", "");
    struct optimizer *a = make(sim, text, N), *b = make(sim, text, N);
    double p[N] = {0}, q[N], g[N], loss;
    int calls = 0;
    struct blob blob = {0};
    for (int s = 0; s < 20; s++) {
        if (s == 7) {
            memcpy(q, p, sizeof q);
            assert_int_equal(a->head.style->save(sim, a, &blob), 0);
            assert_int_equal(b->head.style->load(sim, b, &blob), 0);
            assert_int_equal(blob.at, blob.length);
        }
        valley(&calls, p, &loss, g);
        step(sim, a, g, p, valley, &calls);
        if (s < 7)
            continue;
        valley(&calls, q, &loss, g);
        step(sim, b, g, q, valley, &calls);
        assert_memory_equal(p, q, sizeof p);
    }
    blob.length -= 8;
    blob.at = 0;
    assert_int_not_equal(b->head.style->load(sim, b, &blob), 0);
    error_clear(sim);
    blob_free(&blob);
    instance_free(sim, &a->head);
    instance_free(sim, &b->head);
    sim_free(sim);
}

static void test_continued(void **state)
{
    (void)state;
    continued("adam rate 0.01");
    continued("lbfgs memory 3");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_adam_constant),
        cmocka_unit_test(test_lbfgs_quadratic),
        cmocka_unit_test(test_lbfgs_valley),
        cmocka_unit_test(test_continued),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The network engine: bits for any number of threads and images, single
   against double precision, default arguments, start values and memory. */

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "close.h"
#include "net_sample.h"

extern const struct lattice_style lattice_chain, lattice_square,
    lattice_honeycomb, lattice_cubic;

static const struct net_trial small = {&lattice_square, {5, 4, 1}, 0, 0};

/* dy NULL stands for ones, an input of NULL for the last one. */
static void test_defaults(void **state)
{
    struct net_sample s;

    (void)state;
    net_sample_make(&s, &small, DESIGN_ORBITS);
    int64_t n = s.net.nparam, ny = s.rows * s.out;
    struct net_run *r =
        net_sample_run(&s, NET_IMAGES, PRECISION_DOUBLE, true, 1);
    double *a = mem_zalloc((size_t)n, sizeof *a);
    double *b = mem_zalloc((size_t)n, sizeof *b);
    double *one = mem_alloc((size_t)ny, sizeof *one);
    double *y = mem_alloc((size_t)ny, sizeof *y);

    for (int64_t k = 0; k < ny; k++)
        one[k] = 1;
    memcpy(y, net_sample_forward(r, s.x, s.in), (size_t)ny * sizeof *y);
    net_backward(r, NULL, a, NULL);
    assert_memory_equal(net_forward(r, NULL, NULL), y, (size_t)ny * sizeof *y);
    net_backward(r, one, b, NULL);
    assert_memory_equal(a, b, (size_t)n * sizeof *a);
    net_tangent(r, s.x);
    net_tangent_backward(r, NULL, a);
    net_tangent_backward(r, one, b);
    assert_memory_equal(a, b, (size_t)n * sizeof *a);
    net_run_free(r);
    mem_free(a);
    mem_free(b);
    mem_free(one);
    mem_free(y);
    net_sample_free(&s);
}

/* --- bits ------------------------------------------------------------------
 */

struct outcome {
    double *y, *dx, *grad, *ydot, *bent;
};

static double *copy(const double *v, int64_t n)
{
    double *c = mem_alloc((size_t)n, sizeof *c);

    memcpy(c, v, (size_t)n * sizeof *c);
    return c;
}

static struct outcome outcome(const struct net_sample *s, int nthread)
{
    struct net_run *r =
        net_sample_run(s, NET_IMAGES, PRECISION_DOUBLE, true, nthread);
    struct outcome o = {
        .y = copy(net_sample_forward(r, s->x, s->in), s->rows * s->out)};
    double *dy = net_noise(s->rows * s->out, 3),
           *xdot = net_noise(s->rows * s->in, 7);

    o.dx = net_noise(s->rows * s->in, 8);
    o.grad = mem_zalloc((size_t)s->net.nparam, sizeof *o.grad);
    o.bent = mem_zalloc((size_t)s->net.nparam, sizeof *o.bent);
    net_backward(r, dy, o.grad, o.dx);
    o.ydot = copy(net_tangent(r, xdot), s->rows * s->out);
    net_tangent_backward(r, dy, o.bent);
    mem_free(dy);
    mem_free(xdot);
    net_run_free(r);
    return o;
}

static void outcome_free(struct outcome *o)
{
    mem_free(o->y);
    mem_free(o->dx);
    mem_free(o->grad);
    mem_free(o->ydot);
    mem_free(o->bent);
}

/* Lattices with more rows than a thread takes at once. */
static void test_threads(void **state)
{
    static const struct net_trial large[] = {
        {&lattice_square, {60, 53, 1}, 1, 0},
        {&lattice_honeycomb, {21, 20, 1}, 0, 0},
        {&lattice_cubic, {9, 8, 10}, 4, 0},
        {&lattice_chain, {1501, 1, 1}, 0, 0}};

    (void)state;
    for (size_t t = 0; t < sizeof large / sizeof *large; t++) {
        for (int d = 0; d < NET_DESIGNS; d++) {
            struct net_sample s;
            struct outcome one, many;

            net_sample_make(&s, &large[t], d);
            size_t y = (size_t)(s.rows * s.out) * sizeof(double);
            size_t x = (size_t)(s.rows * s.in) * sizeof(double);
            size_t p = (size_t)s.net.nparam * sizeof(double);

            one = outcome(&s, 1);
            for (int n = 2; n < 4; n++) {
                many = outcome(&s, n);
                assert_memory_equal(one.y, many.y, y);
                assert_memory_equal(one.dx, many.dx, x);
                assert_memory_equal(one.grad, many.grad, p);
                assert_memory_equal(one.ydot, many.ydot, y);
                assert_memory_equal(one.bent, many.bent, p);
                outcome_free(&many);
            }
            outcome_free(&one);
            net_sample_free(&s);
        }
    }
}

/* Images do not know of each other. */
static void check_images(const struct net_sample *s)
{
    struct net_run *both =
        net_sample_run(s, NET_IMAGES, PRECISION_DOUBLE, true, 2);
    struct net_run *alone = net_sample_run(s, 1, PRECISION_DOUBLE, true, 1);
    int64_t nx = s->lat->nsite * s->in, ny = s->lat->nsite * s->out;
    double *dy = net_noise(NET_IMAGES * ny, 3),
           *dx = net_noise(NET_IMAGES * nx, 5);
    double *part = net_noise(nx, 5);
    const double *y = net_sample_forward(both, s->x, s->in);

    net_backward(both, dy, NULL, dx);
    for (int image = 0; image < NET_IMAGES; image++) {
        const double *z = net_sample_forward(alone, s->x + image * nx, s->in);

        assert_memory_equal(y + image * ny, z, (size_t)ny * sizeof *y);
        net_backward(alone, dy + image * ny, NULL, part);
        assert_memory_equal(dx + image * nx, part, (size_t)nx * sizeof *y);
    }
    net_run_free(both);
    net_run_free(alone);
    mem_free(dy);
    mem_free(dx);
    mem_free(part);
}

static void test_images(void **state)
{
    (void)state;
    net_for_all(check_images);
}

/* Rounding of singles, 6e-8, in sums of a few hundred terms. */
static void check_single(const struct net_sample *s)
{
    struct net_run *fine =
        net_sample_run(s, NET_IMAGES, PRECISION_DOUBLE, true, 1);
    struct net_run *coarse =
        net_sample_run(s, NET_IMAGES, PRECISION_SINGLE, true, 2);
    struct net_source src = {s->x, s->in, PRECISION_SINGLE};
    int64_t np = s->net.nparam, ny = s->rows * s->out;
    const double *y = net_sample_forward(fine, s->x, s->in);
    const float *z = net_forward(coarse, net_sample_rows, &src);
    double *grad = mem_zalloc((size_t)np, sizeof *grad), size = 1;
    float *rough = mem_zalloc((size_t)np, sizeof *rough);

    for (int64_t k = 0; k < ny; k++)
        assert_close((double)z[k], y[k], 2e-5 * (1 + fabs(y[k])));
    net_backward(fine, NULL, grad, NULL);
    net_backward(coarse, NULL, rough, NULL);
    for (int64_t k = 0; k < np; k++)
        size = fmax(size, fabs(grad[k]));
    for (int64_t k = 0; k < np; k++)
        assert_close((double)rough[k], grad[k], 1e-4 * size);
    mem_free(grad);
    mem_free(rough);
    net_run_free(fine);
    net_run_free(coarse);
}

static void test_single(void **state)
{
    (void)state;
    net_for_all(check_single);
}

/* --- start and size ---------------------------------------------------------
 */

/* A deep perceptron keeps the mean square of its channels, and the start
   depends on the seed. */
static void test_start(void **state)
{
    static const struct net_trial wide = {&lattice_square, {40, 40, 1}, 0, 0};
    struct net_sample s = {.lat = net_lattice(&wide), .in = 64, .out = 64};
    double *other;

    (void)state;
    for (int l = 0; l < 6; l++)
        net_append(&s.net, NET_DENSE, 64, 64, -1, true,
                   l % 2 ? ACTIVATION_SILU : ACTIVATION_TANH, -1);
    net_append(&s.net, NET_DENSE, 64, 64, -1, true, ACTIVATION_LINEAR, -1);
    assert_int_equal(net_finish(&s.net), 0);
    s.rows = s.lat->nsite;
    s.param = net_noise(s.net.nparam, 1);
    s.x = net_noise(s.rows * 64, 2);
    net_initialise(&s.net, 1, s.param);
    for (int o = 0; o < 64; o++)
        assert_true(s.param[64 * 64 + o] == 0);
    struct net_run *r = net_sample_run(&s, 1, PRECISION_DOUBLE, false, 1);
    const double *y = net_sample_forward(r, s.x, 64);
    double square = net_dot(s.rows * 64, y, y) / (double)(s.rows * 64);

    /* It would fall to 1e-3 if each activation took its part; its logarithm
       scatters by sqrt(2/64) a layer. */
    assert_true(square > 0.25 && square < 4);
    other = net_noise(s.net.nparam, 1);
    net_initialise(&s.net, 2, other);
    assert_true(other[0] != s.param[0]);
    mem_free(other);
    net_run_free(r);
    net_sample_free(&s);
}

/* Sums over shells grow with what their sites have in common; counted as
   independent, five layers of 3 x 3 sites would give 100. */
static void test_start_shells(void **state)
{
    static const struct net_trial wide = {&lattice_square, {40, 40, 1}, 0, 0};
    double square = 0;

    (void)state;
    for (uint64_t seed = 1; seed < 5; seed++) {
        struct net_sample s = {.lat = net_lattice(&wide), .in = 1, .out = 32};
        int near = net_shells(&s.net, &s.lat->shape, 1.5, true);

        for (int l = 0; l < 5; l++)
            net_append(&s.net, NET_DENSE, l ? 32 : 1, 32, near, true,
                       ACTIVATION_SILU, -1);
        assert_int_equal(net_finish(&s.net), 0);
        s.rows = s.lat->nsite;
        s.param = net_noise(s.net.nparam, 1);
        s.x = net_noise(s.rows, 2);
        net_initialise(&s.net, seed, s.param);
        struct net_run *r = net_sample_run(&s, 1, PRECISION_DOUBLE, false, 1);
        const double *y = net_sample_forward(r, s.x, 1);

        square += net_dot(s.rows * 32, y, y) / (double)(s.rows * 32) / 4;
        net_run_free(r);
        net_sample_free(&s);
    }
    assert_true(square > 0.1 && square < 10);
}

/* Without derivatives a deep network needs the memory of two layers. */
static void test_memory(void **state)
{
    static const struct net_trial large = {
        &lattice_square, {100, 100, 1}, 0, 0};
    struct net_sample s = {.lat = net_lattice(&large)};
    int near = net_shells(&s.net, &s.lat->shape, 1.1, true);

    (void)state;
    net_append(&s.net, NET_DENSE, 1, 16, near, true, ACTIVATION_RELU, -1);
    for (int l = 0; l < 10; l++)
        net_append(&s.net, NET_DENSE, 16, 16, near, true, ACTIVATION_RELU, -1);
    net_append(&s.net, NET_DENSE, 16, 1, near, true, ACTIVATION_LINEAR, -1);
    assert_int_equal(net_finish(&s.net), 0);
    struct net_run *r =
        net_run_new(&s.net, s.lat, 1, PRECISION_SINGLE, false, NULL, 1);
    size_t layer_bytes = 102 * 102 * 16 * sizeof(float);

    assert_non_null(r);
    assert_true(net_run_bytes(r) < 3 * layer_bytes);
    assert_close(net_work(&s.net), 2. * 16 + 10 * 2 * 256. + 32, 0);
    assert_int_equal(s.net.reach[0], 12);
    assert_null(net_run_new(&s.net, s.lat, 1, PRECISION_SINGLE, false,
                            "no such kernel", 1));
    net_run_free(r);
    net_sample_free(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults), cmocka_unit_test(test_threads),
        cmocka_unit_test(test_images),   cmocka_unit_test(test_single),
        cmocka_unit_test(test_start),    cmocka_unit_test(test_start_shells),
        cmocka_unit_test(test_memory)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}

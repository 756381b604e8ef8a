/* The network engine: values against a plain reference that walks neighbours
   with lattice_neighbour, derivatives against central differences. */

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

/* --- the plain reference ------------------------------------------------- */

static double weight(const struct net_layer *l, const double *param, int64_t w)
{
    double value = 0;

    if (!l->tie)
        return param[l->first + w];
    for (int64_t e = l->tie->first[w]; e < l->tie->first[w + 1]; e++)
        value += l->tie->factor[e] * param[l->first + l->tie->index[e]];
    return value;
}

static double function(enum activation f, double z)
{
    switch (f) {
    case ACTIVATION_RELU:
        return z > 0 ? z : 0;
    case ACTIVATION_SILU:
        return z / (1 + exp(-z));
    case ACTIVATION_TANH:
        return tanh(z);
    case ACTIVATION_SIGMOID:
        return 1 / (1 + exp(-z));
    default:
        return z;
    }
}

/* sum [nslot][in] of one site */
static void sums(const struct net *net, const struct lattice *lat,
                 const struct net_layer *l, const double *h, int64_t site,
                 double *sum)
{
    const struct net_stencil *s =
        l->stencil < 0 ? NULL : &net->stencil[l->stencil];
    int cell[3], b;

    memset(sum, 0, sizeof *sum * (size_t)(net_slots(net, l) * l->in));
    lattice_cell(lat, site, cell, &b);
    for (int k = 0; k < (s ? s->n[b] : 1); k++) {
        struct net_tap tap = s ? s->tap[b][k] : (struct net_tap){.to = b};
        int64_t from = lattice_neighbour(lat, cell, tap.cell, tap.to, NULL);
        bool absent = from < 0;

        for (int i = 0; i < 3; i++)
            absent = absent || (lat->n[i] == 1 && tap.cell[i]);
        for (int c = 0; c < l->in && !absent; c++)
            sum[tap.slot * l->in + c] += h[from * l->in + c];
    }
}

/* One image; returns h of the last layer, to be freed. */
static double *reference(const struct net *net, const struct lattice *lat,
                         const double *param, const double *x)
{
    double **h = mem_zalloc((size_t)net->nlayer + 1, sizeof *h);
    size_t first = (size_t)(lat->nsite * net->layer[0].in);
    double *y;

    h[0] = mem_alloc(first, sizeof **h);
    memcpy(h[0], x, first * sizeof *x);
    for (int k = 0; k < net->nlayer; k++) {
        const struct net_layer *l = &net->layer[k];
        int slots = net_slots(net, l);
        bool deep = l->kind == NET_DEPTHWISE;
        double *sum = mem_alloc((size_t)(slots * l->in), sizeof *sum);

        h[k + 1] = mem_alloc((size_t)(lat->nsite * l->out), sizeof **h);
        for (int64_t i = 0; i < lat->nsite; i++) {
            sums(net, lat, l, h[k], i, sum);
            for (int o = 0; o < l->out; o++) {
                int64_t bias = net_weights(net, l) - l->out;
                double z = l->bias ? weight(l, param, bias + o) : 0;

                for (int p = 0; p < slots * l->in; p++) {
                    if (deep && p % l->in != o)
                        continue;
                    z += sum[p] * weight(l, param, deep ? p : p * l->out + o);
                }
                z = function(l->activation, z);
                if (l->add >= 0)
                    z += h[l->add][i * l->out + o];
                h[k + 1][i * l->out + o] = z;
            }
        }
        mem_free(sum);
    }
    y = h[net->nlayer];
    for (int k = 0; k < net->nlayer; k++)
        mem_free(h[k]);
    mem_free(h);
    return y;
}

/* --- values --------------------------------------------------------------- */

/* Sums of a few hundred terms of order one: 1e-12. */
static void check_value(const struct net_sample *s)
{
    for (int keep = 0; keep < 2; keep++) {
        struct net_run *r =
            net_sample_run(s, NET_IMAGES, PRECISION_DOUBLE, keep, 2);
        const double *y = net_sample_forward(r, s->x, s->in);
        double size = 0;

        for (int image = 0; image < NET_IMAGES; image++) {
            int64_t at = image * s->lat->nsite;
            double *want =
                reference(&s->net, s->lat, s->param, s->x + at * s->in);

            for (int64_t k = 0; k < s->lat->nsite * s->out; k++) {
                assert_close(y[at * s->out + k], want[k],
                             1e-12 * (1 + fabs(want[k])));
                size += fabs(want[k]);
            }
            mem_free(want);
        }
        assert_true(size > 0);
        net_run_free(r);
    }
}

static void test_value(void **state)
{
    (void)state;
    net_for_all(check_value);
}

/* --- derivatives -----------------------------------------------------------
 */

struct point { /* where L = sum r y is differentiated */
    const struct net_sample *s;
    struct net_run *r;
    const double *weight;
    const double *xdot; /* not NULL: L = sum r ydot along it */
    double *param, *x;
};

static double loss(const struct point *p)
{
    int64_t n = p->s->rows * p->s->out;
    const double *y;

    net_run_param(p->r, p->param);
    y = net_sample_forward(p->r, p->x, p->s->in);
    if (p->xdot)
        y = net_tangent(p->r, p->xdot);
    return net_dot(n, p->weight, y);
}

/* Central difference of L when value[k] += step direction[k]. */
static double slope(struct point *p, double *value, const double *direction,
                    int64_t n)
{
    const double h = 3e-6;
    double *old = mem_alloc((size_t)n, sizeof *old), up, down;

    memcpy(old, value, (size_t)n * sizeof *old);
    for (int64_t k = 0; k < n; k++)
        value[k] = old[k] + h * direction[k];
    up = loss(p);
    for (int64_t k = 0; k < n; k++)
        value[k] = old[k] - h * direction[k];
    down = loss(p);
    memcpy(value, old, (size_t)n * sizeof *old);
    mem_free(old);
    return (up - down) / (2 * h);
}

/* Difference against derivative along random directions and along single
   entries: h^2 times third derivatives and rounding 1e-16 L/h, below 1e-8 of
   the derivative along a random direction. */
static void compare(struct point *p, double *value, const double *gradient,
                    int64_t n)
{
    double size = 1 + sqrt(net_dot(n, gradient, gradient));

    for (int k = 0; k < 6; k++) {
        double *direction = net_noise(n, (uint16_t)(20 + k));

        for (int64_t e = 0; k > 1 && e < n; e++)
            direction[e] = e == (k * 7919) % n;
        assert_close(slope(p, value, direction, n),
                     net_dot(n, gradient, direction), 2e-7 * size);
        mem_free(direction);
    }
}

static void check_backward(const struct net_sample *s)
{
    int64_t nx = s->rows * s->in, np = s->net.nparam;
    double *param = mem_alloc((size_t)np, sizeof *param);
    double *x = mem_alloc((size_t)nx, sizeof *x);
    double *dy = net_noise(s->rows * s->out, 3), *grad = net_noise(np, 4);
    double *dx = net_noise(nx, 5), *before = net_noise(np, 4);
    struct point p = {.s = s, .weight = dy, .param = param, .x = x};

    memcpy(param, s->param, (size_t)np * sizeof *param);
    memcpy(x, s->x, (size_t)nx * sizeof *x);
    p.r = net_sample_run(s, NET_IMAGES, PRECISION_DOUBLE, true, 2);
    loss(&p);
    net_backward(p.r, dy, grad, dx);
    for (int64_t k = 0; k < np; k++)
        grad[k] -= before[k];
    compare(&p, param, grad, np);
    compare(&p, x, dx, nx);
    net_run_free(p.r);
    mem_free(param);
    mem_free(x);
    mem_free(dy);
    mem_free(grad);
    mem_free(dx);
    mem_free(before);
}

static void test_backward(void **state)
{
    (void)state;
    net_for_all(check_backward);
}

static void check_tangent(const struct net_sample *s)
{
    int64_t nx = s->rows * s->in, np = s->net.nparam;
    double *param = mem_alloc((size_t)np, sizeof *param);
    double *x = mem_alloc((size_t)nx, sizeof *x);
    double *dydot = net_noise(s->rows * s->out, 6), *grad = net_noise(np, 4);
    double *xdot = net_noise(nx, 7), *before = net_noise(np, 4), along;
    struct point p = {.s = s, .weight = dydot, .param = param, .x = x};

    memcpy(param, s->param, (size_t)np * sizeof *param);
    memcpy(x, s->x, (size_t)nx * sizeof *x);
    p.r = net_sample_run(s, NET_IMAGES, PRECISION_DOUBLE, true, 2);
    along = slope(&p, x, xdot, nx);
    p.xdot = xdot;
    assert_close(loss(&p), along, 1e-7 * (1 + fabs(along)));
    net_tangent_backward(p.r, dydot, grad);
    for (int64_t k = 0; k < np; k++)
        grad[k] -= before[k];
    compare(&p, param, grad, np);
    net_run_free(p.r);
    mem_free(param);
    mem_free(x);
    mem_free(dydot);
    mem_free(grad);
    mem_free(xdot);
    mem_free(before);
}

static void test_tangent(void **state)
{
    (void)state;
    net_for_all(check_tangent);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_value),
                                       cmocka_unit_test(test_backward),
                                       cmocka_unit_test(test_tangent)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}

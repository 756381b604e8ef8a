/* Networks of random shape for the tests of the engine. */

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/rng.h"
#include "net_sample.h"

extern const struct lattice_style lattice_chain, lattice_square,
    lattice_triangular, lattice_honeycomb, lattice_cubic;

static const struct net_trial trials[] = {
    {&lattice_square, {5, 4, 1}, 0, 0},
    {&lattice_square, {5, 4, 1}, 2, 0},
    {&lattice_square, {2, 7, 1}, 0, 0},
    {&lattice_square, {1, 6, 1}, 1, 0},
    {&lattice_square, {1, 1, 1}, 0, 0},
    {&lattice_chain, {1, 1, 1}, 1, 0},
    {&lattice_chain, {2, 1, 1}, 1, 0},
    {&lattice_chain, {9, 1, 1}, 0, 0},
    {&lattice_triangular, {4, 3, 1}, 0, 0},
    {&lattice_triangular, {3, 5, 1}, 1, 0},
    {&lattice_honeycomb, {3, 4, 1}, 0, 0},
    {&lattice_honeycomb, {1, 3, 1}, 2, 0},
    {&lattice_honeycomb, {2, 2, 1}, 3, 0},
    {&lattice_cubic, {3, 2, 4}, 0, 0},
    {&lattice_cubic, {2, 3, 3}, 5, 0}};
enum { NTRIAL = sizeof trials / sizeof *trials };

double net_draw(uint16_t stream, uint64_t index)
{
    struct rng_key key = {
        .seed = 77, .purpose = RNG_PLUGIN, .component = stream};

    return rng_normal(key, index);
}

struct lattice *net_lattice(const struct net_trial *t)
{
    bool periodic[3];
    const char *why;

    struct lattice_shape shape = t->lattice->shape;
    for (int i = 0; i < 3; i++) {
        periodic[i] = !(t->open >> i & 1);
        shape.polar[i] = t->polar >> i & 1;
    }
    struct lattice *lat = lattice_new(&shape, t->n, periodic, &why);
    assert_non_null(lat);
    return lat;
}

/* The site itself, then all neighbours up to a distance of 1.8: a slot a
   shell, or each its own. */
int net_shells(struct net *net, const struct lattice_shape *shape,
               double radius, bool shells)
{
    int n[3] = {9, 9, 9};
    bool periodic[3] = {true, true, true};
    const char *why;
    struct lattice *big = lattice_new(shape, n, periodic, &why);
    struct stencil s;
    struct net_stencil out = {0};

    assert_non_null(big);
    assert_int_equal(lattice_stencil(big, 0, radius, &s), 0);
    for (int b = 0; b < shape->nbasis; b++) {
        double last = 0;
        int slot = 0;

        out.n[b] = s.n[b] + 1;
        out.tap[b] = mem_zalloc((size_t)out.n[b], sizeof *out.tap[b]);
        out.tap[b][0] = (struct net_tap){.slot = 0, .to = b};
        for (int k = 0; k < s.n[b]; k++) {
            const struct stencil_site *site = &s.site[b][k];
            double r = sqrt(site->r[0] * site->r[0] + site->r[1] * site->r[1] +
                            site->r[2] * site->r[2]);
            struct net_tap *tap = &out.tap[b][k + 1];

            if (!shells || r > last + 1e-6)
                slot++;
            last = r;
            *tap = (struct net_tap){.slot = slot, .to = site->to};
            memcpy(tap->cell, site->cell, sizeof tap->cell);
        }
        out.nslot = slot + 1;
    }
    memcpy(out.reach, s.reach, sizeof out.reach);
    stencil_free(&s);
    lattice_free(big);
    return net_add_stencil(net, &out);
}

void net_append(struct net *net, enum net_kind kind, int in, int out,
                int stencil, bool bias, enum activation f, int add)
{
    struct net_layer l = {.kind = kind,
                          .in = in,
                          .out = out,
                          .stencil = stencil,
                          .bias = bias,
                          .activation = f,
                          .add = add};

    assert_int_equal(net_add_layer(net, &l), 0);
}

/* Every weight a sum of up to two parameters; the bias row its own. */
static void tie(struct net *net, int l)
{
    struct net_layer *at = &net->layer[l];
    int64_t n = net_weights(net, at), bias = at->bias ? at->out : 0, e = 0;
    int64_t shared = (n - bias) / 2 + 1;
    struct net_tie *t = mem_zalloc(1, sizeof *t);

    t->first = mem_alloc((size_t)n + 1, sizeof *t->first);
    t->index = mem_alloc((size_t)n * 2, sizeof *t->index);
    t->factor = mem_alloc((size_t)n * 2, sizeof *t->factor);
    t->nparam = shared + bias;
    for (int64_t w = 0; w < n; w++) {
        int64_t terms = w < n - bias ? w % 3 : 1;

        t->first[w] = e;
        for (int64_t k = 0; k < terms; k++, e++) {
            t->index[e] = (int32_t)(w < n - bias ? (w * 7 + k * 3) % shared
                                                 : shared + w - (n - bias));
            t->factor[e] = w < n - bias ? net_draw(9, (uint64_t)e) : 1;
        }
    }
    t->first[n] = e;
    at->tie = t;
}

static void design(struct net *net, const struct lattice_shape *shape,
                   int which)
{
    int near, far;

    *net = (struct net){0};
    switch (which) {
    case DESIGN_SITEWISE:
        net_append(net, NET_DENSE, 5, 9, -1, true, ACTIVATION_SILU, -1);
        net_append(net, NET_DENSE, 9, 9, -1, true, ACTIVATION_RELU, 1);
        net_append(net, NET_DENSE, 9, 6, -1, false, ACTIVATION_RELU, -1);
        net_append(net, NET_DENSE, 6, 3, -1, true, ACTIVATION_SIGMOID, -1);
        break;
    case DESIGN_ORBITS:
        far = net_shells(net, shape, 1.8, true);
        near = net_shells(net, shape, 1.1, true);
        net_append(net, NET_DENSE, 2, 6, far, true, ACTIVATION_TANH, -1);
        net_append(net, NET_DENSE, 6, 6, near, true, ACTIVATION_SILU, 1);
        net_append(net, NET_DENSE, 6, 8, -1, true, ACTIVATION_SILU, -1);
        net_append(net, NET_DENSE, 8, 6, -1, false, ACTIVATION_TANH, 1);
        net_append(net, NET_DENSE, 6, 6, far, true, ACTIVATION_RELU, 4);
        net_append(net, NET_DENSE, 6, 2, -1, true, ACTIVATION_LINEAR, -1);
        break;
    case DESIGN_SITES:
        far = net_shells(net, shape, 1.8, false);
        near = net_shells(net, shape, 1.1, false);
        net_append(net, NET_DENSE, 3, 17, near, true, ACTIVATION_SILU, -1);
        net_append(net, NET_DENSE, 17, 16, far, true, ACTIVATION_RELU, -1);
        net_append(net, NET_DENSE, 16, 16, near, true, ACTIVATION_TANH, 2);
        net_append(net, NET_DENSE, 16, 1, near, false, ACTIVATION_LINEAR, -1);
        break;
    case DESIGN_DEPTHWISE:
        far = net_shells(net, shape, 1.8, false);
        near = net_shells(net, shape, 1.1, true);
        net_append(net, NET_DEPTHWISE, 4, 4, near, true, ACTIVATION_LINEAR, -1);
        net_append(net, NET_DENSE, 4, 16, -1, true, ACTIVATION_SILU, -1);
        net_append(net, NET_DEPTHWISE, 16, 16, far, false, ACTIVATION_TANH, 2);
        net_append(net, NET_DEPTHWISE, 16, 16, -1, true, ACTIVATION_SILU, 2);
        net_append(net, NET_DENSE, 16, 1, -1, true, ACTIVATION_LINEAR, -1);
        break;
    case DESIGN_TIED:
        near = net_shells(net, shape, 1.1, false);
        net_append(net, NET_DENSE, 3, 5, near, true, ACTIVATION_TANH, -1);
        net_append(net, NET_DENSE, 5, 5, -1, true, ACTIVATION_LINEAR, -1);
        net_append(net, NET_DEPTHWISE, 5, 5, near, true, ACTIVATION_SIGMOID,
                   -1);
        net_append(net, NET_DENSE, 5, 3, near, false, ACTIVATION_SILU, 0);
        for (int l = 0; l < 4; l++)
            tie(net, l);
        break;
    case DESIGN_ZEROS:
        net_append(net, NET_DENSE, 2, 48, -1, true, ACTIVATION_RELU, -1);
        net_append(net, NET_DENSE, 48, 40, -1, true, ACTIVATION_RELU, -1);
        net_append(net, NET_DENSE, 40, 32, -1, true, ACTIVATION_RELU, -1);
        net_append(net, NET_DENSE, 32, 1, -1, true, ACTIVATION_LINEAR, -1);
        break;
    default:
        far = net_shells(net, shape, 1.8, false);
        net_append(net, NET_DENSE, 1, 4, far, true, ACTIVATION_SILU, -1);
        net_append(net, NET_DENSE, 4, 1, far, true, ACTIVATION_LINEAR, 0);
    }
    assert_int_equal(net_finish(net), 0);
}

void net_sample_make(struct net_sample *s, const struct net_trial *t, int which)
{
    *s = (struct net_sample){.lat = net_lattice(t)};
    design(&s->net, &t->lattice->shape, which);
    s->rows = NET_IMAGES * s->lat->nsite;
    s->in = s->net.layer[0].in;
    s->out = s->net.layer[s->net.nlayer - 1].out;
    s->param = mem_alloc((size_t)s->net.nparam, sizeof *s->param);
    net_initialise(&s->net, 5, s->param);
    for (int64_t k = 0; k < s->net.nparam; k++)
        s->param[k] += 0.1 * net_draw(1, (uint64_t)k);
    for (int l = 0; which == DESIGN_ZEROS && l < s->net.nlayer - 1; l++) {
        const struct net_layer *layer = &s->net.layer[l];

        for (int o = 1; o <= layer->out; o++)
            s->param[layer->first + layer->nparam - o] -= 0.7;
    }
    s->x = mem_alloc((size_t)(s->rows * s->in), sizeof *s->x);
    for (int64_t k = 0; k < s->rows * s->in; k++)
        s->x[k] = net_draw(2, (uint64_t)k);
}

void net_sample_free(struct net_sample *s)
{
    mem_free(s->param);
    mem_free(s->x);
    net_fini(&s->net);
    lattice_free(s->lat);
}

void net_sample_rows(void *data, int64_t begin, int64_t end, void *x)
{
    const struct net_source *s = data;
    float *single = x;

    for (int64_t k = 0; k < (end - begin) * s->in; k++) {
        if (s->precision == PRECISION_SINGLE)
            single[k] = (float)s->x[begin * s->in + k];
        else
            ((double *)x)[k] = s->x[begin * s->in + k];
    }
}

struct net_run *net_sample_run(const struct net_sample *s, int nimage,
                               enum precision precision, bool keep, int nthread)
{
    struct net_run *r =
        net_run_new(&s->net, s->lat, nimage, precision, keep, NULL, nthread);
    float *param = mem_alloc((size_t)s->net.nparam, sizeof *param);

    assert_non_null(r);
    assert_true(net_run_bytes(r) > 0);
    for (int64_t k = 0; k < s->net.nparam; k++)
        param[k] = (float)s->param[k];
    net_run_param(r, precision == PRECISION_SINGLE ? (void *)param
                                                   : (void *)s->param);
    mem_free(param);
    return r;
}

const double *net_sample_forward(struct net_run *r, const double *x, int in)
{
    struct net_source src = {x, in, PRECISION_DOUBLE};

    return net_forward(r, net_sample_rows, &src);
}

double *net_noise(int64_t n, uint16_t stream)
{
    double *v = mem_alloc((size_t)n, sizeof *v);

    assert_non_null(v);
    for (int64_t k = 0; k < n; k++)
        v[k] = net_draw(stream, (uint64_t)k);
    return v;
}

double net_dot(int64_t n, const double *a, const double *b)
{
    double sum = 0;

    for (int64_t k = 0; k < n; k++)
        sum += a[k] * b[k];
    return sum;
}

void net_for_all(void (*check)(const struct net_sample *s))
{
    for (int t = 0; t < NTRIAL; t++) {
        for (int d = 0; d < NET_DESIGNS; d++) {
            struct net_sample s;

            net_sample_make(&s, &trials[t], d);
            check(&s);
            net_sample_free(&s);
        }
    }
}

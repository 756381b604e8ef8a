/* The network engine against values and derivatives of PyTorch, kept in
   tests/data/net_*.yaml and made by tests/data/net_torch.py. */

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
#include "yaml_node.h"

extern const struct lattice_style lattice_square;

/* 9 slots: the 3 x 3 sites, x fastest; 3 slots: the orbits. */
static int square_stencil(struct net *net, int nslot)
{
    struct net_stencil s = {.nslot = nslot, .n = {9}, .reach = {1, 1, 0}};

    s.tap[0] = mem_zalloc(9, sizeof *s.tap[0]);
    for (int k = 0; k < 9; k++) {
        int x = k % 3 - 1, y = k / 3 - 1;

        s.tap[0][k] = (struct net_tap){.slot = nslot == 9 ? k : x * x + y * y,
                                       .cell = {x, y, 0}};
    }
    return net_add_stencil(net, &s);
}

static enum activation activation_of(const char *name)
{
    int k = 0;

    while (activation_name[k] && strcmp(activation_name[k], name))
        k++;
    assert_non_null(activation_name[k]);
    return (enum activation)k;
}

static void read_layers(struct net *net, struct node layers)
{
    for (int k = 0; k < node_count(layers); k++) {
        struct node l = node_item(layers, k);
        int slots = (int)node_integer(node_get(l, "slots"), 0);
        int stencil = slots > 1 ? square_stencil(net, slots) : -1;

        net_append(net, NET_DENSE, (int)node_integer(node_get(l, "in"), 0),
                   (int)node_integer(node_get(l, "out"), 0), stencil, true,
                   activation_of(node_text(node_get(l, "activation"), "")),
                   (int)node_integer(node_get(l, "add"), 0));
    }
    assert_int_equal(net_finish(net), 0);
}

static double *read_array(struct node root, const char *key, int64_t n)
{
    struct node list = node_get(root, key);
    double *v = mem_alloc((size_t)n, sizeof *v);

    assert_int_equal(node_count(list), n);
    for (int k = 0; k < n; k++)
        v[k] = node_number(node_item(list, k), NAN);
    return v;
}

/* Both sum some hundred numbers in double precision. */
static void compare(struct node root, const char *key, const double *have,
                    int64_t n)
{
    double *want = read_array(root, key, n), size = 0;

    for (int64_t k = 0; k < n; k++)
        size = fmax(size, fabs(want[k]));
    assert_true(size > 0.01);
    for (int64_t k = 0; k < n; k++) {
        if (!(fabs(have[k] - want[k]) <= 1e-13 * size))
            fail_msg("%s[%d] = %.17g, expected %.17g", key, (int)k, have[k],
                     want[k]);
    }
    mem_free(want);
}

static void check(const char *path)
{
    struct yaml_file file;
    char why[256];
    struct net_sample s = {0};

    if (yaml_file_read(path, &file, why))
        fail_msg("%s: %s", path, why);
    struct node root = yaml_root(&file, 0), size = node_get(root, "size");
    struct net_trial t = {&lattice_square, {1, 1, 1}, 0, 0};

    t.n[0] = (int)node_integer(node_item(size, 0), 0);
    t.n[1] = (int)node_integer(node_item(size, 1), 0);
    s.lat = net_lattice(&t);
    read_layers(&s.net, node_get(root, "layers"));
    s.rows = s.lat->nsite;
    s.in = s.net.layer[0].in;
    s.out = s.net.layer[s.net.nlayer - 1].out;
    s.param = read_array(root, "param", s.net.nparam);
    s.x = read_array(root, "x", s.rows * s.in);

    struct net_run *r = net_sample_run(&s, 1, PRECISION_DOUBLE, true, 1);
    double *grad = mem_zalloc((size_t)s.net.nparam, sizeof *grad);
    double *dx = mem_alloc((size_t)(s.rows * s.in), sizeof *dx);
    double *dy = read_array(root, "dy", s.rows * s.out);
    double *xdot = read_array(root, "xdot", s.rows * s.in);
    double *dydot = read_array(root, "dydot", s.rows * s.out);

    compare(root, "y", net_sample_forward(r, s.x, s.in), s.rows * s.out);
    net_backward(r, dy, grad, dx);
    compare(root, "grad", grad, s.net.nparam);
    compare(root, "dx", dx, s.rows * s.in);
    compare(root, "ydot", net_tangent(r, xdot), s.rows * s.out);
    memset(grad, 0, (size_t)s.net.nparam * sizeof *grad);
    net_tangent_backward(r, dydot, grad);
    compare(root, "bent", grad, s.net.nparam);
    mem_free(grad);
    mem_free(dx);
    mem_free(dy);
    mem_free(xdot);
    mem_free(dydot);
    net_run_free(r);
    net_sample_free(&s);
    yaml_file_free(&file);
}

static void test_mlp(void **state)
{
    (void)state;
    check("tests/data/net_mlp.yaml");
}

static void test_conv(void **state)
{
    (void)state;
    check("tests/data/net_conv.yaml");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_mlp),
                                       cmocka_unit_test(test_conv)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Group convolutions that read vectors and give vectors or scalars, as network
   conv builds them, against values and derivatives of PyTorch, kept in
   tests/data/net_vector.yaml and made by tests/data/net_vector.py. */

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "adele.h"
#include "base/mem.h"
#include "ml/equivariant.h"
#include "net_sample.h"
#include "plug/network.h"
#include "plug/registry.h"
#include "potentials.h"
#include "yaml_node.h"

extern const struct lattice_style lattice_square;

enum { ORDER = 8, CELLS = 9, DIM = 2 };

/* Where the file's operations and cells stand here. */
struct places {
    int op[ORDER], cell[CELLS], width;
};

static double *read_array(struct node root, const char *key, int64_t n)
{
    struct node list = node_get(root, key);
    double *v = mem_alloc((size_t)n, sizeof *v);

    assert_int_equal(node_count(list), n);
    for (int k = 0; k < n; k++)
        v[k] = node_number(node_item(list, k), NAN);
    return v;
}

static void find_places(struct node root, struct places *p)
{
    struct node ops = node_get(root, "ops"), cells = node_get(root, "cells");
    struct equivariant e;
    struct equivariant_sites s;
    const char *why;

    assert_int_equal(
        equivariant_init(&e, &lattice_square.shape, true, true, &why), 0);
    assert_int_equal(equivariant_sites(&e, 1.5, &s), 0);
    assert_int_equal(e.order, ORDER);
    assert_int_equal(s.n, CELLS);
    p->width = (int)node_integer(node_get(root, "width"), 0);
    for (int k = 0; k < ORDER; k++) {
        struct node m = node_item(ops, k);
        p->op[k] = -1;
        for (int g = 0; g < ORDER; g++) {
            bool same = true;
            for (int i = 0; i < 4; i++)
                same = same && e.op[g].m[i / 2][i % 2] ==
                                   node_integer(node_item(m, i), 9);
            if (same)
                p->op[k] = g;
        }
        assert_true(p->op[k] >= 0);
    }
    for (int k = 0; k < CELLS; k++) {
        struct node c = node_item(cells, k);
        p->cell[k] = -1;
        for (int i = 0; i < CELLS; i++) {
            if (s.site[i].cell[0] == node_integer(node_item(c, 0), 9) &&
                s.site[i].cell[1] == node_integer(node_item(c, 1), 9))
                p->cell[k] = i;
        }
        assert_true(p->cell[k] >= 0);
    }
    equivariant_sites_fini(&s);
    equivariant_fini(&e);
}

/* to[k]: the engine's number of parameter k of the file. */
static int64_t number_parameters(const struct places *p, int64_t *to)
{
    int w = p->width;
    int64_t n = 0, first = 0;

    for (int k = 0; k < CELLS; k++)
        for (int l = 0; l < DIM; l++)
            for (int o = 0; o < w; o++)
                to[n++] = (p->cell[k] * DIM + l) * w + o;
    first = CELLS * DIM * w;
    for (int o = 0; o < w; o++)
        to[n++] = first + o;
    first += w;
    for (int k = 0; k < CELLS; k++)
        for (int c = 0; c < w; c++)
            for (int h = 0; h < ORDER; h++)
                for (int o = 0; o < w; o++)
                    to[n++] =
                        first +
                        (p->cell[k] * w * ORDER + c * ORDER + p->op[h]) * w + o;
    return n;
}

/* Sums of some hundred terms in double precision. */
static void compare(struct node root, const char *key, const double *have,
                    const int64_t *at, int64_t n)
{
    double *want = read_array(root, key, n), size = 0;

    for (int64_t k = 0; k < n; k++)
        size = fmax(size, fabs(want[k]));
    assert_true(size > 0.01);
    for (int64_t k = 0; k < n; k++) {
        double x = have[at ? at[k] : k];
        if (!(fabs(x - want[k]) <= 1e-13 * size))
            fail_msg("%s[%d] = %.17g, expected %.17g", key, (int)k, x, want[k]);
    }
    mem_free(want);
}

static void build(struct adele *sim, struct net *net, int nout, int rank)
{
    struct words words =
        words_of("conv channels 16 16 radius 1.5 equivariance group "
                 "activation tanh");
    struct network *n =
        (struct network *)instance_new(sim, "network", &words, NULL, NULL);
    assert_non_null(n);
    const struct network_style *style = (const void *)n->head.style;
    if (style->build(sim, n, &lattice_square.shape, DIM, 1, nout, rank, net))
        fail_msg("%s", adele_error(sim));
    instance_free(sim, &n->head);
    words_free(&words);
}

static void evaluate(struct net_sample *s, struct node root, const int64_t *at)
{
    struct net_run *r = net_sample_run(s, 1, PRECISION_DOUBLE, true, 1);
    int64_t n = s->net.nparam;
    double *grad = mem_zalloc((size_t)n, sizeof *grad);
    double *dx = mem_alloc((size_t)(s->rows * s->in), sizeof *dx);
    double *dy = read_array(root, "dy", s->rows * s->out);
    double *xdot = read_array(root, "xdot", s->rows * s->in);
    double *dydot = read_array(root, "dydot", s->rows * s->out);

    compare(root, "y", net_sample_forward(r, s->x, s->in), NULL,
            s->rows * s->out);
    net_backward(r, dy, grad, dx);
    compare(root, "grad", grad, at, n);
    compare(root, "dx", dx, NULL, s->rows * s->in);
    compare(root, "ydot", net_tangent(r, xdot), NULL, s->rows * s->out);
    memset(grad, 0, (size_t)n * sizeof *grad);
    net_tangent_backward(r, dydot, grad);
    compare(root, "bent", grad, at, n);
    mem_free(grad);
    mem_free(dx);
    mem_free(dy);
    mem_free(xdot);
    mem_free(dydot);
    net_run_free(r);
}

static void check(const char *which, int nout, int rank)
{
    struct yaml_file file;
    char why[256];
    struct net_sample s = {0};
    struct places places;
    struct adele *sim = adele_new(NULL, NULL);

    if (yaml_file_read("tests/data/net_vector.yaml", &file, why))
        fail_msg("%s", why);
    struct node root = yaml_root(&file, 0), size = node_get(root, "size");
    struct node values = node_get(root, which);
    struct net_trial t = {&lattice_square, {1, 1, 1}, 0, 0};
    t.n[0] = (int)node_integer(node_item(size, 0), 0);
    t.n[1] = (int)node_integer(node_item(size, 1), 0);
    find_places(root, &places);
    s.lat = net_lattice(&t);
    build(sim, &s.net, nout, rank);
    s.rows = s.lat->nsite;
    s.in = DIM;
    s.out = nout;
    int64_t n = s.net.nparam, *at = mem_alloc((size_t)n, sizeof *at);
    for (int64_t k = number_parameters(&places, at); k < n; k++)
        at[k] = k;
    double *param = read_array(values, "param", n);
    s.param = mem_zalloc((size_t)n, sizeof *s.param);
    for (int64_t k = 0; k < n; k++)
        s.param[at[k]] = param[k];
    s.x = read_array(values, "x", s.rows * s.in);
    evaluate(&s, values, at);
    mem_free(param);
    mem_free(at);
    net_sample_free(&s);
    yaml_file_free(&file);
    adele_free(sim);
}

static void vectors_to_vectors(void **state)
{
    (void)state;
    check("vector", 2, 1);
}

static void vectors_to_energies(void **state)
{
    (void)state;
    check("scalar", 1, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(vectors_to_vectors),
                                       cmocka_unit_test(vectors_to_energies)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}

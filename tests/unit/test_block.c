/* Green's functions by the recursion over layers against dense inversion:
   columns of the roots, diagonal and edges, on lattices with open and periodic
   axes, with roots anywhere, with sites that no path reaches, self edges and
   double edges.

   1e-12 of the largest |G|, which the issue of stability asks for: with pivots
   where the columns fail their own test, also at energies that a layer alone
   has as an eigenvalue, where a recursion without them divides by zero. */

#include <complex.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <lapacke.h>

#include "base/mem.h"
#include "la/block.h"
#include "sim.h"

enum { MOST = 64, EDGES = 4 * MOST };

struct sample {
    int n, nedge, nroot;
    int64_t edge[EDGES][2], root[MOST];
    double onsite[MOST], broadening[MOST], hopping[EDGES];
};

static void join(struct sample *s, int i, int j, double h)
{
    s->edge[s->nedge][0] = i;
    s->edge[s->nedge][1] = j;
    s->hopping[s->nedge++] = h;
}

/* A strip lx x ly, rolled up along y. */
static void make_strip(struct sample *s, int lx, int ly, uint32_t stream,
                       double disorder)
{
    *s = (struct sample){.n = lx * ly};
    for (int i = 0; i < s->n; i++) {
        int x = i % lx, y = i / lx;

        s->onsite[i] = disorder * sim_random(stream, i);
        if (x + 1 < lx)
            join(s, i + 1, i,
                 -1 + 0.3 * disorder * sim_random(stream, 100 + i));
        if (ly > 1)
            join(s, i, (y + 1) % ly * lx + x,
                 -1 + 0.3 * disorder * sim_random(stream, 200 + i));
    }
}

static void dense_inverse(const struct sample *s, double complex z,
                          double complex *g)
{
    int n = s->n, order[MOST];

    memset(g, 0, (size_t)(n * n) * sizeof *g);
    for (int i = 0; i < n; i++)
        g[i * n + i] = z - s->onsite[i] + I * s->broadening[i];
    for (int e = 0; e < s->nedge; e++) {
        g[s->edge[e][0] * n + s->edge[e][1]] -= s->hopping[e];
        g[s->edge[e][1] * n + s->edge[e][0]] -= s->hopping[e];
    }
    assert_int_equal(LAPACKE_zgetrf(LAPACK_ROW_MAJOR, n, n, g, n, order), 0);
    assert_int_equal(LAPACKE_zgetri(LAPACK_ROW_MAJOR, n, g, n, order), 0);
}

static double complex lane(const struct lanes *a, int l)
{
    return a->re[l] + I * a->im[l];
}

/* The largest deviation over the largest |G|; *again as block_solve. */
static double deviation(const struct sample *s, const double *re,
                        const double *im, int *again)
{
    struct block_chain *c =
        block_chain_new(s->n, s->nedge, s->edge, s->nroot, s->root);
    static double complex g[MOST * MOST];
    double worst = 0, largest = 0;

    assert_non_null(c);
    struct lanes *room = mem_alloc(block_room(c), sizeof *room);
    struct block_result r = {mem_alloc((size_t)(s->n * s->nroot), sizeof *room),
                             mem_alloc((size_t)s->n, sizeof *room),
                             mem_alloc((size_t)s->nedge, sizeof *room)};
    struct block_matrix m = {s->onsite, s->broadening, s->hopping, 0};

    assert_int_equal(block_solve(c, &m, re, im, room, &r, again), 0);
    for (int l = 0; l < LANES; l++) {
        dense_inverse(s, re[l] + I * im[l], g);
        for (int i = 0; i < s->n * s->n; i++)
            largest = fmax(largest, cabs(g[i]));
        for (int i = 0; i < s->n; i++) {
            for (int a = 0; a < s->nroot; a++)
                worst = fmax(worst, cabs(lane(&r.column[i * s->nroot + a], l) -
                                         g[c->site[i] * s->n + c->site[a]]));
            worst =
                fmax(worst, cabs(lane(&r.diagonal[i], l) - g[i * s->n + i]));
        }
        for (int e = 0; e < s->nedge; e++)
            worst = fmax(worst, cabs(lane(&r.edge[e], l) -
                                     g[s->edge[e][0] * s->n + s->edge[e][1]]));
    }
    mem_free(room);
    mem_free(r.column);
    mem_free(r.diagonal);
    mem_free(r.edge);
    block_chain_free(c);
    return worst / largest;
}

static void lead_on_column(struct sample *s, int lx, double gamma, double bath)
{
    s->nroot = 0;
    for (int i = 0; i < s->n; i++) {
        s->broadening[i] = bath + (i % lx == 0 || i % lx == lx - 1) * gamma;
        if (i % lx == 0)
            s->root[s->nroot++] = i;
    }
}

static void recursion_is_the_inverse(void **state)
{
    (void)state;
    for (int k = 0; k < 40; k++) {
        struct sample s;
        int lx = 1 + k % 9, ly = 1 + k % 6, again = 0;
        double re[LANES], im[LANES];

        make_strip(&s, lx, ly, (uint32_t)k, 2);
        lead_on_column(&s, lx, 1, k % 2 ? 1e-3 : 0.1);
        for (int l = 0; l < LANES; l++) {
            re[l] = 4 * sim_random(900, 4 * k + l);
            im[l] = k % 3 ? 0 : fabs(sim_random(901, 4 * k + l));
        }
        assert_true(deviation(&s, re, im, &again) < 1e-12);
    }
}

/* A root in the middle, sites apart from all others, a bond of a site with
   itself, two bonds between the same sites. */
static void any_graph(void **state)
{
    (void)state;
    struct sample s;
    double re[LANES] = {-1, 0.3, 0.7, 2}, im[LANES] = {0, 0, 0.4, 1};
    int again = 0;

    make_strip(&s, 7, 5, 3, 1);
    s.n = 40; /* 35 .. 39: one pair, three alone */
    join(&s, 36, 38, 0.5);
    join(&s, 4, 4, 0.25);
    join(&s, 9, 10, -0.4);
    join(&s, 0, 6, 0.3);
    for (int i = 0; i < s.n; i++)
        s.broadening[i] = 0.01;
    s.nroot = 3;
    s.root[0] = 17;
    s.root[1] = 3;
    s.root[2] = 30;
    s.broadening[17] = 1;
    assert_true(deviation(&s, re, im, &again) < 1e-12);
    s.nroot = s.n;
    for (int i = 0; i < s.n; i++)
        s.root[i] = i;
    assert_true(deviation(&s, re, im, &again) < 1e-12);
}

/* A clean strip without bath: E = 0 and +-2 are levels of single layers, whose
   inverse without pivots does not exist. */
static void levels_of_a_layer(void **state)
{
    (void)state;
    struct sample s;
    double re[LANES] = {0, 2, -2, 1}, im[LANES] = {0};
    int again = 0;

    make_strip(&s, 8, 4, 3, 0);
    lead_on_column(&s, 8, 1, 0);
    for (int i = 7; i < s.n; i += 8)
        s.broadening[i] = 0;
    s.onsite[3] += 0.5; /* else a mode of the strip is decoupled */
    s.onsite[13] -= 0.25;
    assert_true(deviation(&s, re, im, &again) < 1e-12);
    assert_true(again > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(recursion_is_the_inverse),
        cmocka_unit_test(any_graph),
        cmocka_unit_test(levels_of_a_layer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

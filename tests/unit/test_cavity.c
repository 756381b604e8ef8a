/* descriptor cavity: its densities are exact on trees and on clusters that are
   the whole lattice, better with each larger cluster elsewhere; symmetric. */

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>

#include <cmocka.h>

#include "base/mem.h"
#include "close.h"
#include "elec/cavity.h"
#include "plug/descriptor.h"
#include "plug/pair.h"
#include "plug/registry.h"
#include "sim.h"

static const double G = 3.5, TEMP = 0.1, TOL = 1e-10;

static struct adele *disordered(const char *lattice, double amplitude)
{
    return sim_new("%s\nmodel holstein t 1 g 3.5 k 1 kappa 0 mass 1\n"
                   "electrons mu 0 temp 0.1\n"
                   "displace all uniform -%g %g 4711\npair_style ed",
                   lattice, amplitude, amplitude);
}

/* All columns of all sites; free. */
static double *densities_in(struct adele *sim, int iterations, double radius,
                            bool single, double cut, int nthread, int *columns)
{
    struct field *q = sim->state.displacement;
    struct cavity c;
    struct poles poles;
    assert_int_equal(cavity_init(&c, sim->lat, 1, iterations, radius), 0);
    assert_int_equal(field_widen(q, c.halo), 0);
    field_exchange(q);
    assert_int_equal(poles_fit(cavity_bound(&c, q, -G, 0, TEMP), TOL, &poles),
                     0);
    *columns = cavity_columns(&c);
    double *out = mem_alloc((size_t)(sim->lat->nsite * *columns), sizeof *out);
    assert_non_null(out);
    struct cavity_work *w = cavity_work_new(&c, sim->lat, single);
    struct cavity_electrons e = {-G, 0, TEMP, &poles, cut};
    assert_non_null(w);
    /* The second call finds the memory of the first. */
    for (int k = 0; k < 2; k++)
        assert_int_equal(
            cavity_densities(w, q, &e, nthread, *columns, out, *columns), 0);
    cavity_work_free(w);
    cavity_fini(&c);
    return out;
}

static double *densities(struct adele *sim, int iterations, double radius,
                         int nthread, int *columns)
{
    return densities_in(sim, iterations, radius, false, 0, nthread, columns);
}

static const double *exact(struct adele *sim)
{
    assert_int_equal(forces_require(sim, NEED_DENSITY), 0);
    return sim->forces->n;
}

/* Root-mean-square error of the cluster's density. */
static double error(struct adele *sim, int iterations, double radius)
{
    int columns;
    double *out = densities(sim, iterations, radius, 1, &columns), sum = 0;
    const double *n = exact(sim);
    for (int64_t i = 0; i < sim->lat->nsite; i++)
        sum += pow(out[i * columns + columns - 2] + 0.5 - n[i], 2);
    mem_free(out);
    return sqrt(sum / (double)sim->lat->nsite);
}

/* An open chain is a tree: exact once the shells reach its ends.  The bound is
   that of the poles, for densities and not their sum. */
static void test_tree(void **state)
{
    (void)state;
    struct adele *sim = disordered("boundary f p p\nlattice chain 9", 1);
    assert_true(error(sim, 8, 0) < TOL);
    assert_true(error(sim, 3, 0) > 100 * TOL);
    assert_true(error(sim, 3, 4) < TOL);
    sim_free(sim);
}

/* The middle of an open 5 x 5 square with a cluster of 5 x 5. */
static void test_whole_cluster(void **state)
{
    (void)state;
    struct adele *sim = disordered("boundary f f p\nlattice square 5 5", 0.5);
    for (int iterations = 0; iterations < 3; iterations++) {
        int columns;
        double *out = densities(sim, iterations, 2.9, 1, &columns);
        assert_close(out[12 * columns + columns - 2] + 0.5, exact(sim)[12],
                     TOL);
        mem_free(out);
    }
    sim_free(sim);
}

static void test_larger_clusters(void **state)
{
    static const struct {
        const char *lattice;
        double radius[3];
    } kind[] = {{"lattice square 12 10", {0, 1.5, 2.3}},
                {"boundary f p p\nlattice square 9 12", {0, 1.5, 2.3}},
                {"lattice triangular 9 8", {0, 1.1, 2.1}},
                {"lattice honeycomb 7 6", {0, 1.2, 2.1}},
                {"lattice cubic 6 5 4", {0, 1.5, 2.1}}};
    (void)state;
    for (size_t k = 0; k < sizeof kind / sizeof *kind; k++) {
        struct adele *sim = disordered(kind[k].lattice, 2.5);
        double e[3];
        for (int r = 0; r < 3; r++)
            e[r] = error(sim, 3, kind[k].radius[r]);
        print_message("# %-40s %.2e %.2e %.2e\n", kind[k].lattice, e[0], e[1],
                      e[2]);
        assert_true(e[0] < 0.05);
        assert_true(e[1] < 0.9 * e[0]);
        assert_true(e[2] < 0.95 * e[1]);
        sim_free(sim);
    }
}

/* Bits do not depend on threads; boxes leave no seam: a translated lattice of
   several boxes gives the translated densities. */
static void test_boxes_and_threads(void **state)
{
    (void)state;
    enum { L = 131 };
    struct adele *sim = disordered("lattice square 131 70", 2);
    int64_t n = sim->lat->nsite;
    int columns;
    double *q = mem_alloc((size_t)n, 8), *moved = mem_alloc((size_t)n, 8);
    double *a = densities(sim, 2, 1.5, 1, &columns);
    double *b = densities(sim, 2, 1.5, 3, &columns);
    assert_memory_equal(a, b, (size_t)(n * columns) * sizeof *a);
    mem_free(b);
    field_gather(sim->state.displacement, 0, q);
    for (int64_t i = 0; i < n; i++)
        moved[(i / L + 5) % 70 * L + (i % L + 17) % L] = q[i];
    sim_set(sim, 0, moved);
    b = densities(sim, 2, 1.5, 2, &columns);
    for (int64_t i = 0; i < n; i++)
        for (int k = 0; k < columns; k++)
            assert_close(
                b[((i / L + 5) % 70 * L + (i % L + 17) % L) * columns + k],
                a[i * columns + k], 1e-11);
    mem_free(a);
    mem_free(b);
    mem_free(q);
    mem_free(moved);
    sim_free(sim);
}

/* e -> -e with mu = 0 exchanges electrons and holes on bipartite lattices. */
static void test_particle_hole(void **state)
{
    (void)state;
    struct adele *sim = disordered("boundary p f p\nlattice square 8 7", 1.5);
    int64_t n = sim->lat->nsite;
    int columns;
    double *a = densities(sim, 3, 1.5, 1, &columns), *q = mem_alloc(56, 8);
    field_gather(sim->state.displacement, 0, q);
    for (int64_t i = 0; i < n; i++)
        q[i] = -q[i];
    sim_set(sim, 0, q);
    double *b = densities(sim, 3, 1.5, 1, &columns);
    for (int64_t i = 0; i < n; i++)
        for (int k = 0; k < columns; k++)
            assert_close(b[i * columns + k],
                         (k == columns - 1 ? 1 : -1) * a[i * columns + k],
                         1e-12);
    mem_free(a);
    mem_free(b);
    mem_free(q);
    sim_free(sim);
}

/* Densities turn with the lattice. */
static void test_point_group(void **state)
{
    (void)state;
    struct text deck = {0};
    for (int k = 0; sim_lattice(k, &deck); k++) {
        struct adele *sim = disordered(deck.s, 1);
        int64_t n = sim->lat->nsite, *image = mem_alloc((size_t)n, 8);
        double *q = mem_alloc((size_t)n, 8), *turned = mem_alloc((size_t)n, 8);
        int columns;
        double *a = densities(sim, 2, 1.5, 1, &columns);
        field_gather(sim->state.displacement, 0, q);
        for (int op = 0; op < sim->lat->nop; op += 3) {
            if (!lattice_permutation(sim->lat, &sim->lat->op[op], image))
                continue;
            for (int64_t i = 0; i < n; i++)
                turned[image[i]] = q[i];
            sim_set(sim, 0, turned);
            double *b = densities(sim, 2, 1.5, 1, &columns);
            for (int64_t i = 0; i < n * columns; i++)
                assert_close(b[image[i / columns] * columns + i % columns],
                             a[i], 1e-11);
            mem_free(b);
        }
        mem_free(a);
        mem_free(q);
        mem_free(turned);
        mem_free(image);
        sim_free(sim);
        text_clear(&deck);
    }
    text_free(&deck);
}

/* Single precision: a density is a sum over poles of numbers of order 1, each
   good to some units of 6e-8. */
static void test_single(void **state)
{
    static const char *const lattice[] = {
        "lattice square 11 6", "boundary f p p\nlattice square 7 70",
        "lattice honeycomb 5 4", "boundary f p p\nlattice cubic 3 4 5"};
    (void)state;
    for (size_t l = 0; l < sizeof lattice / sizeof *lattice; l++) {
        struct adele *sim = disordered(lattice[l], 2);
        int columns;
        double *a = densities(sim, 3, 1.5, 1, &columns);
        double *b = densities_in(sim, 3, 1.5, true, 0, 2, &columns);
        double *c = densities_in(sim, 3, 1.5, true, 0, 1, &columns);
        size_t n = (size_t)(sim->lat->nsite * columns);
        for (size_t i = 0; i < n; i++)
            assert_close(b[i], a[i], 2e-6 * (1 + fabs(a[i])));
        assert_memory_equal(b, c, n * sizeof *b);
        mem_free(a);
        mem_free(b);
        mem_free(c);
        sim_free(sim);
    }
}

/* Smaller clusters at far poles: off by no more than `cut` at each pole, and
   the less the smaller it is; 0 leaves everything as it is. */
static void test_cut(void **state)
{
    (void)state;
    struct adele *sim = disordered("lattice square 12 10", 0.5);
    int columns;
    double *all = densities(sim, 3, 2.3, 1, &columns), last = 1;
    for (double cut = 1e-2; cut > 5e-6; cut /= 10) {
        double *some = densities_in(sim, 3, 2.3, false, cut, 1, &columns);
        double most = 0;
        for (int64_t i = 0; i < sim->lat->nsite; i++)
            most = fmax(most, fabs(some[i * columns + columns - 2] -
                                   all[i * columns + columns - 2]));
        print_message("# cut %.0e: %.2e\n", cut, most);
        assert_true(most > 0 && most < last);
        assert_true(most < POLES_MAX * cut);
        last = most / 2;
        mem_free(some);
    }
    mem_free(all);
    sim_free(sim);
}

static struct descriptor *descriptor_of(struct adele *sim, const char *text)
{
    struct line *line = line_new("(test)", 1, text);
    struct words words = {0};
    struct where bad;
    const char *why;
    assert_non_null(line);
    assert_int_equal(words_split(line, &words, &bad, &why), 0);
    struct instance *d = instance_new(sim, "descriptor", &words, NULL, NULL);
    words_free(&words);
    line_release(line);
    assert_non_null(d);
    return (struct descriptor *)d;
}

/* The descriptor's rows: v, tanh(v/w), then the columns without the last; two
   calls at once and one alone give the same bits.  Poles of both are good to
   TOL. */
static void test_features(void **state)
{
    enum { COLUMNS = 5, NF = COLUMNS + 3 };
    (void)state;
    struct adele *sim = disordered("lattice square 9 8", 2);
    struct descriptor *d = descriptor_of(
        sim, "cavity iterations 2 radius 1.5 widths 0.1 0.8 tol 1e-10 cut 0 "
             "precision double");
    const struct descriptor_style *style = (const void *)d->head.style;
    int64_t n = sim->lat->nsite;
    int columns;
    double *a = densities(sim, 2, 1.5, 1, &columns), *q = mem_alloc(72, 8);
    double *x[3];
    assert_int_equal(columns, COLUMNS + 1);
    assert_int_equal(style->setup(sim, d, &sim->lat->shape, 1, false), 0);
    assert_int_equal(d->nfeature, NF);
    assert_int_equal(d->base, NF);
    field_gather(sim->state.displacement, 0, q);
    for (int k = 0; k < 3; k++)
        assert_non_null(x[k] = mem_alloc((size_t)(n * NF), sizeof **x));
    int failed = 0;
#pragma omp parallel for num_threads(3) schedule(static, 1) reduction(+ : failed)
    for (int k = 0; k < 3; k++)
        failed += style->whole(d, sim->state.displacement, 1, x[k]) != 0;
    assert_int_equal(failed, 0);
    assert_memory_equal(x[0], x[1], (size_t)(n * NF) * sizeof **x);
    assert_memory_equal(x[0], x[2], (size_t)(n * NF) * sizeof **x);
    for (int64_t i = 0; i < n; i++) {
        const double *row = x[0] + i * NF;
        assert_true(row[0] == q[i]);
        assert_close(row[1], tanh(q[i] / 0.1), 1e-15);
        assert_close(row[2], tanh(q[i] / 0.8), 1e-15);
        for (int k = 0; k < COLUMNS; k++)
            assert_close(row[3 + k], a[i * columns + k], 2 * TOL);
    }
    for (int k = 0; k < 3; k++)
        mem_free(x[k]);
    mem_free(a);
    mem_free(q);
    instance_free(sim, &d->head);
    sim_free(sim);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tree),
        cmocka_unit_test(test_whole_cluster),
        cmocka_unit_test(test_larger_clusters),
        cmocka_unit_test(test_boxes_and_threads),
        cmocka_unit_test(test_particle_hole),
        cmocka_unit_test(test_point_group),
        cmocka_unit_test(test_single),
        cmocka_unit_test(test_cut),
        cmocka_unit_test(test_features),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

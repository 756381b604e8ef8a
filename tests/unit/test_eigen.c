/* The dense solver, the density matrix built from it, and the Hamiltonian of
   bonds that is given to it. */

#include <math.h>
#include <omp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <lapacke.h>

#include "elec/terms.h"
#include "la/blas.h"
#include "la/eigen.h"
#include "sim.h"

/* Not a multiple of any block length. */
enum { N = 301 };

static double matrix_entry(int64_t i, int64_t j)
{
    return sim_random(31, i < j ? i * N + j : j * N + i);
}

static void fill(struct eigen *s)
{
    for (int64_t i = 0; i < s->n; i++)
        for (int64_t j = 0; j < s->n; j++)
            s->matrix[i * s->n + j] = matrix_entry(i, j);
}

static struct eigen solved(bool vectors)
{
    struct eigen s = {0};
    assert_int_equal(eigen_reserve(&s, N, vectors), 0);
    fill(&s);
    assert_int_equal(eigen_solve(&s, vectors, 2), 0);
    return s;
}

/* With f_k = (e_k - e_1)/(e_N - e_1) the density matrix is (H - e_1)/(e_N -
   e_1). Rounding: N units of the spectral radius, 1e-13. */
static void density_matrix_of_the_levels(void **state)
{
    (void)state;
    struct eigen s = solved(true);
    double f[N], n[N], lo = s.value[0], width = s.value[N - 1] - lo;
    int64_t *pair = calloc((size_t)N * 4, sizeof *pair);
    double *rho = calloc((size_t)N * 2, sizeof *rho);
    assert_true(pair && rho && width > 1);
    for (int64_t k = 0; k < N; k++) {
        f[k] = (s.value[k] - lo) / width;
        pair[4 * k] = k;
        pair[4 * k + 1] = (7 * k + 3) % N;
        pair[4 * k + 2] = pair[4 * k + 3] = k;
    }
    eigen_density(s.matrix, N, f, n);
    eigen_pairs(s.matrix, N, f, 2 * N, pair, rho);
    for (int64_t i = 0; i < N; i++) {
        assert_true(fabs(n[i] - (matrix_entry(i, i) - lo) / width) <= 1e-13);
        int64_t j = (7 * i + 3) % N;
        double h = matrix_entry(i, j) - (i == j ? lo : 0);
        assert_true(fabs(rho[2 * i] - h / width) <= 1e-13);
        assert_true(fabs(rho[2 * i + 1] - n[i]) <= 1e-14);
    }
    free(pair);
    free(rho);
    eigen_free(&s);
}

/* Nearly all levels full: the holes are subtracted, the same density as summing
   the electrons; the same bits with 1 and 4 threads. */
static void holes(void **state)
{
    (void)state;
    struct eigen s = solved(true);
    double f[N], n[2][N], rho[2][2];
    int64_t pair[4] = {5, 90, 8, 8};
    for (int k = 0; k < N; k++)
        f[k] = k < N - 3 ? 1 : k < N - 1 ? 0.3 : 1e-310;
    int before = omp_get_max_threads();
    for (int k = 0; k < 2; k++) {
        omp_set_num_threads(1 + 3 * k);
        eigen_density(s.matrix, N, f, n[k]);
        eigen_pairs(s.matrix, N, f, 2, pair, rho[k]);
    }
    omp_set_num_threads(before);
    assert_memory_equal(n[0], n[1], sizeof n[0]);
    assert_memory_equal(rho[0], rho[1], sizeof rho[0]);
    for (int i = 0; i < N; i++) {
        double sum = 0;
        for (int k = 0; k < N; k++)
            sum += f[k] * s.matrix[k * N + i] * s.matrix[k * N + i];
        assert_true(fabs(sum - n[0][i]) <= 1e-13);
    }
    double sum = 0;
    for (int k = 0; k < N; k++)
        sum += f[k] * s.matrix[k * N + 5] * s.matrix[k * N + 90];
    assert_true(fabs(sum - rho[0][0]) <= 1e-13 && fabs(sum) > 1e-4);
    assert_true(fabs(n[0][8] - rho[0][1]) <= 1e-14);
    eigen_free(&s);
}

/* Eigenvalues alone equal those with vectors to N rounding units; their sum is
   the trace. */
static void values_alone(void **state)
{
    (void)state;
    struct eigen a = solved(true), b = solved(false);
    double sum = 0, trace = 0;
    for (int k = 0; k < N; k++) {
        assert_true(fabs(a.value[k] - b.value[k]) <= 1e-12);
        sum += b.value[k];
        trace += matrix_entry(k, k);
    }
    assert_true(fabs(sum - trace) <= 1e-11);
    /* Growing from the small workspace to the large one. */
    assert_int_equal(eigen_reserve(&b, N, true), 0);
    fill(&b);
    assert_int_equal(eigen_solve(&b, true, 1), 0);
    assert_true(fabs(a.value[0] - b.value[0]) <= 1e-12);
    eigen_free(&a);
    eigen_free(&b);
}

static void sizes(void **state)
{
    (void)state;
    struct eigen s = {0};
    assert_int_equal(eigen_reserve(&s, 0, true), 0);
    assert_int_equal(eigen_solve(&s, true, 1), 0);
    assert_int_equal(eigen_reserve(&s, 1, true), 0);
    s.matrix[0] = -2.5;
    assert_int_equal(eigen_solve(&s, true, 1), 0);
    assert_true(s.value[0] == -2.5 && fabs(s.matrix[0]) == 1);
    assert_int_equal(eigen_reserve(&s, EIGEN_MAX + 1, true), -1);
    assert_true(s.n == 0 && s.matrix == NULL);
    /* 24 n^2 bytes. */
    assert_true(fabs(eigen_bytes(1e6, true) / 24e12 - 1) < 1e-4);
    eigen_free(&s);
}

/* The threads of the library are as before after a solve, and one inside a
   parallel region. */
static void library_threads(void **state)
{
    (void)state;
    blas_threads(1);
    struct eigen s = solved(true);
    assert_int_equal(blas_threads(1), 1);
    int inside = 0;
#pragma omp parallel num_threads(2)
    {
#pragma omp single
        {
            blas_threads(2);
            inside = blas_threads(1);
        }
    }
    assert_int_equal(inside, 1);
    eigen_free(&s);
}

/* Each pair of neighbours once, but both bonds across an axis of length 2: the
   hops of the bonds fill the dense matrix like the stencil's. */
static void bonds_of_lattices(void **state)
{
    (void)state;
    for (int k = 0;; k++) {
        struct text lattice = {0};
        if (!sim_lattice(k, &lattice))
            break;
        struct adele *sim = sim_new("%s", lattice.s);
        const struct lattice *lat = sim->lat;
        int64_t n = lat->nsite;
        struct terms t;
        assert_int_equal(terms_init(&t, n), 0);
        assert_int_equal(terms_add_stencil(&t, lat, &lat->nearest, 0), 0);
        assert_int_equal(terms_add_stencil(&t, lat, &lat->second, 1), 0);
        assert_int_equal(terms_finish(&t), 0);
        for (int64_t b = 0; b < t.nbond; b++)
            t.hopping[b] = t.bond[b].kind ? 0.25 : 1;
        for (int64_t i = 0; i < n; i++)
            t.onsite[i] = 3;
        double *h = calloc((size_t)(n * n), sizeof *h);
        double *wanted = calloc((size_t)(n * n), sizeof *h);
        assert_true(h && wanted);
        terms_dense(&t, h);
        for (int64_t i = 0; i < n; i++) {
            int cell[3], b;
            lattice_cell(lat, i, cell, &b);
            wanted[i * n + i] += 3;
            for (int shell = 0; shell < 2; shell++) {
                const struct stencil *s = shell ? &lat->second : &lat->nearest;
                for (int m = 0; m < s->n[b]; m++) {
                    int64_t j = lattice_neighbour(lat, cell, s->site[b][m].cell,
                                                  s->site[b][m].to, NULL);
                    if (j >= 0)
                        wanted[i * n + j] += shell ? 0.25 : 1;
                }
            }
        }
        assert_memory_equal(h, wanted, (size_t)(n * n) * sizeof *h);
        free(h);
        free(wanted);
        terms_fini(&t);
        sim_free(sim);
        text_free(&lattice);
    }
}

/* Gershgorin's discs give -0.9 .. 5.4 for this chain, whose edges are at
   -0.76 and 4.25; theirs is the bound of a chain of equal sites. */
static void bounds(void **state)
{
    (void)state;
    struct adele *sim = sim_new("lattice chain 6");
    struct terms t;
    double lo, hi, h[36], level[6];

    assert_int_equal(terms_init(&t, 6), 0);
    assert_int_equal(terms_add_stencil(&t, sim->lat, &sim->lat->nearest, 0), 0);
    assert_int_equal(terms_finish(&t), 0);
    assert_int_equal(t.nbond, 6);
    for (int b = 0; b < 6; b++) {
        t.hopping[b] = b % 2 ? 0.7 : -0.7;
        t.onsite[b] = 0.5;
    }
    terms_bounds(&t, &lo, &hi);
    assert_true(fabs(lo + 0.9) <= 1e-12 && fabs(hi - 1.9) <= 1e-12);
    t.onsite[3] = 4;
    terms_bounds(&t, &lo, &hi);
    terms_dense(&t, h);
    assert_int_equal(LAPACKE_dsyev(LAPACK_ROW_MAJOR, 'N', 'U', 6, h, 6, level),
                     0);
    assert_true(lo <= level[0] && lo >= -0.9 - 1e-12);
    assert_true(hi >= level[5] && hi <= level[5] + 0.1);
    memset(t.hopping, 0, 6 * sizeof *t.hopping);
    terms_bounds(&t, &lo, &hi);
    assert_true(fabs(lo - 0.5) <= 1e-12 && fabs(hi - 4) <= 1e-12);
    terms_fini(&t);
    sim_free(sim);
}

/* Never inside the spectrum, for any configuration. */
static void bounds_are_bounds(void **state)
{
    (void)state;
    for (int k = 0;; k++) {
        struct text lattice = {0};
        struct adele *sim;
        struct terms t;
        double lo, hi, *h, *level;
        lapack_int n;

        if (!sim_lattice(k, &lattice))
            break;
        sim = sim_new("%s", lattice.s);
        n = (lapack_int)sim->lat->nsite;
        assert_int_equal(terms_init(&t, n), 0);
        assert_int_equal(terms_add_stencil(&t, sim->lat, &sim->lat->nearest, 0),
                         0);
        assert_int_equal(terms_finish(&t), 0);
        for (int64_t b = 0; b < t.nbond; b++)
            t.hopping[b] = sim_random(71, b);
        for (int i = 0; i < n; i++)
            t.onsite[i] = pow(10, k % 4 - 2) * sim_random(72, i);
        h = calloc((size_t)(n * n), sizeof *h);
        level = calloc((size_t)n, sizeof *level);
        assert_true(h && level);
        terms_dense(&t, h);
        assert_int_equal(
            LAPACKE_dsyev(LAPACK_ROW_MAJOR, 'N', 'U', n, h, n, level), 0);
        terms_bounds(&t, &lo, &hi);
        if (!(lo <= level[0] && hi >= level[n - 1]))
            fail_msg("%s%.17g .. %.17g not within %.17g .. %.17g", lattice.s,
                     level[0], level[n - 1], lo, hi);
        free(h);
        free(level);
        terms_fini(&t);
        sim_free(sim);
        text_free(&lattice);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(density_matrix_of_the_levels),
        cmocka_unit_test(holes),
        cmocka_unit_test(values_alone),
        cmocka_unit_test(sizes),
        cmocka_unit_test(library_threads),
        cmocka_unit_test(bonds_of_lattices),
        cmocka_unit_test(bounds),
        cmocka_unit_test(bounds_are_bounds)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

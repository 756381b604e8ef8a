/* pair_style cavity: exact on trees and within its cluster, fixed filling by
   the chemical potential, an estimate of its error, what it refuses. */

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "adele.h"
#include "base/mem.h"
#include "base/sum.h"
#include "close.h"
#include "plug/pair.h"
#include "sim.h"

static struct adele *make(const char *lattice, const char *electrons,
                          double amplitude)
{
    return sim_new("%s\nmodel holstein t 1 g 3.5 k 1 kappa 0.1 mass 1\n"
                   "electrons %s temp 0.1\n"
                   "displace all uniform -%g %g 4711",
                   lattice, electrons, amplitude, amplitude);
}

/* Forces and mu of a style; free. */
static double *forces_of(struct adele *sim, const char *style, double *mu)
{
    double *f = mem_alloc((size_t)sim->lat->nsite, sizeof *f);
    assert_non_null(f);
    sim_run(sim, "pair_style %s", style);
    if (forces_require(sim, NEED_FORCE | NEED_DENSITY | NEED_MU))
        fail_msg("%s", adele_error(sim));
    field_gather(sim->forces->force, 0, f);
    *mu = sim->forces->mu;
    return f;
}

static double distance(const double *a, const double *b, int64_t n)
{
    double most = 0;
    for (int64_t i = 0; i < n; i++)
        most = fmax(most, isfinite(a[i]) ? fabs(a[i] - b[i]) : INFINITY);
    return most;
}

/* Largest difference of a force from the exact one. */
static double error(struct adele *sim, const char *style, double *mu)
{
    double exact;
    double *a = forces_of(sim, "ed", &exact);
    double *b = forces_of(sim, style, mu);
    double most = distance(a, b, sim->lat->nsite);
    *mu -= exact;
    mem_free(a);
    mem_free(b);
    return most;
}

/* An open chain is a tree; on-site energies and mu are seen.  tol bounds the
   error of a density, g = 3.5 times that of a force. */
static void exact_on_a_chain(void **state)
{
    static const char *const electrons[] = {"mu 0.3", "filling 0.3"};
    (void)state;
    for (int k = 0; k < 2; k++) {
        struct adele *sim =
            make("boundary f p p\nlattice chain 9", electrons[k], 1);
        double mu;
        sim_run(sim, "set all onsite 0.4");
        assert_true(error(sim,
                          "cavity iterations 8 radius 0 tol 1e-10 cut 0 "
                          "precision double",
                          &mu) < 1e-5);
        assert_true(fabs(mu) < 1e-4);
        if (k == 0)
            assert_true(error(sim,
                              "cavity iterations 8 radius 0 tol 1e-10 "
                              "cut 0 precision double",
                              &mu) < 4e-10);
        assert_true(error(sim, "cavity iterations 1 radius 0", &mu) > 1e-4);
        sim_free(sim);
    }
}

/* The number of electrons is kept to 1e-6 a site, and larger clusters are
   better, on every kind of lattice. */
static void fixed_filling(void **state)
{
    static const char *const lattice[] = {
        "lattice square 12 10", "lattice triangular 9 8",
        "lattice honeycomb 7 6", "boundary f p p\nlattice cubic 5 4 4"};
    (void)state;
    for (size_t l = 0; l < sizeof lattice / sizeof *lattice; l++) {
        struct adele *sim = make(lattice[l], "filling 0.4", 3);
        double n = (double)sim->lat->nsite, mu;
        double tree = error(sim, "cavity radius 0", &mu);
        double cluster = error(sim, "cavity radius 2.1", &mu);
        print_message("# %s: tree %.2g, cluster %.2g\n", lattice[l], tree,
                      cluster);
        assert_true(cluster < 0.7 * tree);
        assert_true(cluster < 0.5);
        assert_true(fabs(sum_array(sim->forces->n, sim->lat->nsite) - 0.4 * n) <
                    1.01e-6 * n);
        sim_free(sim);
    }
}

/* The estimate is of the order of the largest error of a density. */
static void estimate_follows_the_error(void **state)
{
    (void)state;
    for (double amplitude = 1; amplitude < 5; amplitude *= 2) {
        struct adele *sim = make("lattice square 12 12", "mu 0", amplitude);
        double mu, most = error(sim, "cavity tol 1e-7 cut 1e-6", &mu) / 3.5;
        assert_int_equal(forces_require(sim, NEED_ERROR), 0);
        print_message("# amplitude %g: error %.2g, estimate %.2g\n", amplitude,
                      most, sim->forces->error);
        assert_true(sim->forces->error > 0.3 * most);
        assert_true(sim->forces->error < 30 * most);
        sim_free(sim);
    }
}

/* Threads leave the bits alone. */
static void the_same_bits(void **state)
{
    (void)state;
    struct adele *sim = make("lattice square 70 66", "filling 0.45", 2);
    double mu[2];
    double *a = forces_of(sim, "cavity", &mu[0]);
    sim->nthread = 3;
    double *b = forces_of(sim, "cavity", &mu[1]);
    assert_memory_equal(a, b, (size_t)sim->lat->nsite * sizeof *a);
    assert_true(mu[0] == mu[1]);
    mem_free(a);
    mem_free(b);
    sim_free(sim);
}

/* A changed hopping, temperature or g is seen. */
static void parameters_change(void **state)
{
    (void)state;
    struct adele *sim = make("lattice square 8 8", "mu 0", 3);
    double mu;
    double *a = forces_of(sim, "cavity", &mu);
    sim_run(sim, "model holstein t 0.5 g 3 k 1 kappa 0.1 mass 1");
    assert_int_equal(forces_require(sim, NEED_FORCE), 0);
    double *b = mem_alloc(64, sizeof *b);
    field_gather(sim->forces->force, 0, b);
    double *c = forces_of(sim, "ed", &mu);
    assert_true(distance(a, c, 64) > 0.1);
    assert_true(distance(b, c, 64) < 0.05);
    mem_free(a);
    mem_free(b);
    mem_free(c);
    sim_free(sim);
}

/* No energy, and no gradient of one. */
static void what_it_gives(void **state)
{
    (void)state;
    struct adele *sim = make("lattice square 6 6", "mu 0", 1);
    double mu;
    mem_free(forces_of(sim, "cavity", &mu));
    assert_int_equal(forces_gives(sim),
                     NEED_FORCE | NEED_DENSITY | NEED_MU | NEED_ERROR);
    assert_false(sim->pair->gradient);
    sim_free(sim);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exact_on_a_chain),
        cmocka_unit_test(fixed_filling),
        cmocka_unit_test(estimate_follows_the_error),
        cmocka_unit_test(the_same_bits),
        cmocka_unit_test(parameters_change),
        cmocka_unit_test(what_it_gives),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* pair_style pole tile .. skip D: D = 0 skips nothing; tiles in which nothing
   moved are skipped and their densities follow mu to tol; what skipping adds to
   the error of a density stays below g D/(4T) at fixed mu and below twice that
   at fixed filling, is proportional to D, and the bound is reached by isolated
   sites; moves add up; changed parameters make all tiles new; neither threads
   nor restarts matter. */

#include <math.h>
#include <omp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "adele.h"
#include "bond_model.h"
#include "plug/pair.h"
#include "folder.h"
#include "sim.h"

enum { SITES_MOST = 2000 };
static const double tol = 1e-6;

static void densities(struct adele *sim, double *n)
{
    if (forces_require(sim, NEED_DENSITY | NEED_MU))
        fail_msg("%s", adele_error(sim));
    assert_true(sim->lat->nsite <= SITES_MOST);
    memcpy(n, sim->forces->n, (size_t)sim->lat->nsite * sizeof *n);
}

static double distance(const double *a, const double *b, int64_t n)
{
    double worst = 0;

    for (int64_t i = 0; i < n; i++)
        worst = fmax(worst, isfinite(a[i]) ? fabs(a[i] - b[i]) : INFINITY);
    return worst;
}

/* Every displacement by at most `most`, a third of them by all of it, towards
   0, so that the spectrum does not outgrow the poles. */
static void move(struct adele *sim, double most)
{
    double q[SITES_MOST];
    int64_t n = sim->lat->nsite;

    field_gather(sim->state.displacement, 0, q);
    for (int64_t i = 0; i < n; i++)
        q[i] -= copysign(i % 3 ? most * fabs(sim_random(5, i)) : most, q[i]);
    sim_set(sim, 0, q);
}

/* --- What is skipped. --- */

/* Mean number of tiles solved a solution, of the last run in the log. */
static double tiles_solved(void)
{
    char path[512], *text = calloc(1, 100000), *at, *last = NULL;
    double value = NAN;
    FILE *f;

    snprintf(path, sizeof path, "%s/log", folder);
    f = fopen(path, "r");
    assert_non_null(f);
    assert_non_null(text);
    assert_true(fread(text, 1, 99999, f) > 0);
    fclose(f);
    for (at = text; (at = strstr(at, "pair_style pole: ")); at++)
        if (strstr(at, "tiles solved a solution") &&
            strstr(at, "tiles solved a solution") < strchr(at, '\n'))
            last = at;
    if (last)
        value = strtod(last + strlen("pair_style pole: "), NULL);
    free(text);
    return value;
}

static struct adele *half_frozen(const char *skip)
{
    return sim_new("log %s/log\nlattice square 48 24\n"
                   "model holstein t 1 g 1 kappa 0.18\n"
                   "electrons filling 0.5 temp 0.1\n"
                   "displace all wave 3.14159265358979 3.14159265358979 1\n"
                   "displace all gaussian 0.1 4711\n"
                   "region r block 0 23 INF INF INF INF\n"
                   "group left region r\n"
                   "pair_style pole tol %g tile 6 buffer 4 %s\n"
                   "fix m left nve\ntimestep 0.1\n",
                   folder, tol, skip);
}

/* 8 x 4 tiles.  The buffers of the columns of tiles next to the moving half
   reach into it: 2 of 4 frozen columns stay. */
static void a_frozen_half_is_skipped(void **state)
{
    static const char *const skip[] = {"", "skip 1e-9", "skip 100"};
    double n[3][SITES_MOST], mu[3];
    (void)state;

    for (int k = 0; k < 3; k++) {
        struct adele *sim = half_frozen(skip[k]);

        sim_run(sim, "run 9");
        densities(sim, n[k]);
        mu[k] = sim->forces->mu;
        sim_free(sim);
        if (k == 0)
            assert_true(isnan(tiles_solved()));
        /* All 32 at the first of 10 solutions. */
        if (k == 1)
            assert_true(fabs(tiles_solved() - (32 + 9 * 24) / 10.0) < 1e-9);
        if (k == 2)
            assert_true(fabs(tiles_solved() - 3.2) < 1e-9);
    }
    /* The trajectories differ by what 9 steps of 0.1 make of errors of a force
       of 2 tol. */
    assert_true(distance(n[0], n[1], 1152) < 4 * tol);
    assert_true(distance(n[0], n[2], 1152) > 1e-3);
    assert_true(fabs(mu[0] - mu[1]) < 1e-3);
}

static void zero_skips_nothing(void **state)
{
    double n[2][SITES_MOST];
    (void)state;

    for (int k = 0; k < 2; k++) {
        struct adele *sim = half_frozen(k ? "skip 0" : "");

        sim_run(sim, "run 3");
        densities(sim, n[k]);
        sim_free(sim);
    }
    assert_memory_equal(n[0], n[1], 1152 * sizeof(double));
}

/* Twice 0.7 D is more than D. */
static void moves_add_up(void **state)
{
    double kept[SITES_MOST], still[SITES_MOST], anew[SITES_MOST];
    struct adele *sim = half_frozen("skip 0.01");
    (void)state;

    sim_run(sim, "unfix m");
    densities(sim, kept);
    move(sim, 0.007);
    densities(sim, still);
    move(sim, 0.007);
    densities(sim, anew);
    assert_true(distance(kept, still, 1152) < 2 * tol);
    assert_true(distance(kept, anew, 1152) > 1e-3);
    sim_free(sim);
}

/* --- The error. --- */

static const char *const lattices[] = {
    "lattice square 30 31", "boundary f\nlattice chain 300",
    "boundary p f\nlattice honeycomb 20 19", "lattice triangular 24 25",
    "lattice cubic 12 11 10"};

/* Against the same tiles solved for the moved configuration. */
static double skip_error(const char *lattice, const char *electrons, double g,
                         double amplitude, double most)
{
    double kept[SITES_MOST], n[SITES_MOST], error;
    struct adele *sim = sim_new("%s\nmodel holstein t 1 g %g\nelectrons %s\n"
                                "pair_style pole tol %g tile 4 buffer 2 "
                                "skip %.17g\n",
                                lattice, g, electrons, tol, 1.01 * most);

    sim_randomise(sim, amplitude, 9);
    /* At a guess of mu, then at mu, which may ask for other poles. */
    densities(sim, kept);
    move(sim, 0);
    densities(sim, kept);
    move(sim, most);
    densities(sim, kept);
    sim_run(sim, "pair_style pole tol %g tile 4 buffer 2", tol);
    densities(sim, n);
    error = distance(kept, n, sim->lat->nsite);
    sim_free(sim);
    return error;
}

static void error_stays_below_the_bound(void **state)
{
    static const double temp[] = {0.05, 0.3, 1};
    (void)state;

    for (int k = 0; k < 15; k++) {
        bool fixed = k % 2;
        double t = temp[k % 3], g = 1.5, most = 0.02, bound, error[2];
        char electrons[64];

        snprintf(electrons, sizeof electrons, "%s temp %g",
                 fixed ? "mu 0.2" : "filling 0.4", t);
        bound = g * most / (4 * t) * (fixed ? 1 : 2);
        for (int j = 0; j < 2; j++) {
            error[j] = skip_error(lattices[k / 3], electrons, g, 1,
                                  j ? 0.1 * most : most);
            if (!(error[j] <= (j ? 0.1 : 1) * bound + 4 * tol))
                fail_msg("%s %s: %g, bound %g", lattices[k / 3], electrons,
                         error[j], bound);
        }
        /* Proportional, up to curvature (g D/T = 0.6 at most) and tol. */
        assert_true(error[0] > 20 * tol);
        if (!(error[0] / error[1] > 5 && error[0] / error[1] < 20))
            fail_msg("%s %s: %g and %g", lattices[k / 3], electrons, error[0],
                     error[1]);
    }
}

/* Sites whose level is mu, on their own: df/de = -1/(4T). */
static void isolated_sites_reach_the_bound(void **state)
{
    double kept[SITES_MOST], n[SITES_MOST], error;
    struct adele *sim = sim_new("lattice square 12 12\n"
                                "model holstein t 1e-6 g 1\n"
                                "electrons mu 0 temp 0.1\n"
                                "pair_style pole tol 1e-8 tile 4 buffer 1 "
                                "skip 0.00101\n");
    (void)state;
    densities(sim, kept);
    move(sim, 0.001);
    densities(sim, kept);
    sim_run(sim, "pair_style pole tol 1e-8");
    densities(sim, n);
    error = distance(kept, n, 144);
    assert_true(error <= 0.001 / 0.4 + 2e-8);
    assert_true(error > 0.99 * 0.001 / 0.4);
    sim_free(sim);
}

/* A uniform displacement moves mu and nothing else: densities of skipped tiles
   follow to tol. */
static void densities_follow_mu(void **state)
{
    double n[2][SITES_MOST], q[SITES_MOST], mu[2];
    struct adele *sim = sim_new("lattice square 24 24\n"
                                "model holstein t 1 g 1\n"
                                "electrons filling 0.4 temp 0.2\n"
                                "pair_style pole tol %g tile 6 buffer 4 "
                                "skip 1e-9\n",
                                tol);
    (void)state;
    sim_randomise(sim, 1, 3);
    field_gather(sim->state.displacement, 0, q);
    /* Half of the lattice is lifted; the other half sees another mu. */
    for (int k = 0; k < 2; k++) {
        densities(sim, n[k]);
        mu[k] = sim->forces->mu;
        for (int i = 0; i < 288; i++)
            q[i] += 0.02;
        sim_set(sim, 0, q);
    }
    assert_true(fabs(mu[0] - mu[1]) > 5e-3);
    for (int i = 0; i < 288; i++)
        q[i] -= 0.02;
    sim_set(sim, 0, q);
    sim_run(sim, "pair_style pole tol %g tile 6 buffer 4", tol);
    densities(sim, n[0]);
    assert_true(distance(n[0], n[1], 576) < 3 * tol);
    sim_free(sim);
}

static void bonds_too(void **state)
{
    struct adele *sim = sim_new("lattice square 25 24");
    double *rho, n[SITES_MOST];
    int64_t nbond;
    (void)state;

    test_bond_register(sim);
    sim_run(sim, "model test/bond\nelectrons filling 0.4 temp 0.3\n"
                 "pair_style pole tol 1e-6 tile 6 buffer 5 skip 0.01");
    sim_randomise(sim, 0.3, 4);
    densities(sim, n);
    move(sim, 0.001);
    /* Bonds are asked for only now: all tiles once more as they were. */
    assert_int_equal(forces_require(sim, NEED_BOND | NEED_FORCE), 0);
    nbond = sim->forces->nbond;
    rho = calloc((size_t)nbond, sizeof *rho);
    assert_non_null(rho);
    memcpy(rho, sim->forces->rho, (size_t)nbond * sizeof *rho);
    sim_run(sim, "pair_style pole tol 1e-6 tile 6 buffer 5");
    assert_int_equal(forces_require(sim, NEED_BOND | NEED_FORCE), 0);
    /* A row of H holds 12 bonds, each changed by at most 2 a D, a = 0.3. */
    assert_true(distance(rho, sim->forces->rho, nbond) <
                12 * 0.6 * 0.001 / (2 * 0.3) + 4e-6);
    assert_true(distance(rho, sim->forces->rho, nbond) > 1e-5);
    free(rho);
    sim_free(sim);
}

/* The estimate sees it. */
static void estimate_includes_it(void **state)
{
    struct adele *sim = half_frozen("skip 0.05");
    double before;
    (void)state;

    assert_int_equal(forces_require(sim, NEED_ERROR | NEED_DENSITY), 0);
    before = sim->forces->error;
    move(sim, 0.03);
    assert_int_equal(forces_require(sim, NEED_ERROR | NEED_DENSITY), 0);
    /* A row of H changes by 0.03. */
    assert_true(sim->forces->error < 0.03 / (2 * 0.1) + before);
    assert_true(sim->forces->error > 10 * before);
    sim_free(sim);
}

/* --- Never stale, always the same bits. --- */

static void parameters_make_tiles_new(void **state)
{
    static const char *const change[] = {"electrons filling 0.5 temp 0.2",
                                         "electrons mu 0.3 temp 0.1",
                                         "set all onsite v_w"};
    double n[SITES_MOST], fresh[SITES_MOST];
    (void)state;

    for (size_t k = 0; k < sizeof change / sizeof *change; k++) {
        struct adele *sim = half_frozen("skip 1");

        densities(sim, n);
        sim_run(sim, "variable w atom 0.5*ix/47\n%s", change[k]);
        densities(sim, n);
        sim_run(sim, "pair_style pole tol %g tile 6 buffer 4", tol);
        densities(sim, fresh);
        /* At fixed filling mu makes up for an error of the number of N tol,
           with few levels near it. */
        if (!(distance(n, fresh, 1152) < (k == 1 ? 2 : 100) * tol))
            fail_msg("%s: %g", change[k], distance(n, fresh, 1152));
        sim_free(sim);
    }
}

static void quenched(int threads, double *q)
{
    struct adele *sim;

    omp_set_num_threads(threads);
    sim = half_frozen("skip 0.004");
    sim_run(sim, "run 12");
    field_gather(sim->state.displacement, 0, q);
    sim_free(sim);
}

static const char again[] = "pair_style pole tol 1e-6 tile 6 buffer 4 skip "
                            "0.004\nfix m left nve\ntimestep 0.1";

static void threads_and_restarts_keep_the_bits(void **state)
{
    double one[SITES_MOST], two[SITES_MOST], rest[SITES_MOST];
    int before = omp_get_max_threads();
    struct adele *sim;
    (void)state;

    quenched(1, one);
    /* Some are skipped, some are not. */
    assert_true(tiles_solved() > 8 && tiles_solved() < 31);
    quenched(2, two);
    omp_set_num_threads(before);
    assert_memory_equal(one, two, 1152 * sizeof(double));
    for (int steps = 1; steps < 12; steps += 6) {
        sim = half_frozen("skip 0.004");
        sim_run(sim,
                "thermo_style custom step pairerr\nthermo 1\n"
                "run %d\nwrite_restart %s/r",
                steps, folder);
        sim_free(sim);
        sim = sim_new("read_restart %s/r\n%s", folder, again);
        sim_run(sim, "run %d", 12 - steps);
        field_gather(sim->state.displacement, 0, rest);
        sim_free(sim);
        assert_memory_equal(one, rest, 1152 * sizeof(double));
    }
    /* Under other electrons nothing is taken over. */
    sim = sim_new("read_restart %s/r\n%s\nelectrons filling 0.5 temp 0.4",
                  folder, again);
    densities(sim, rest);
    sim_run(sim, "pair_style pole tol 1e-6 tile 6 buffer 4");
    densities(sim, two);
    assert_true(distance(rest, two, 1152) < 4e-6);
    sim_free(sim);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_frozen_half_is_skipped),
        cmocka_unit_test(zero_skips_nothing),
        cmocka_unit_test(moves_add_up),
        cmocka_unit_test(error_stays_below_the_bound),
        cmocka_unit_test(isolated_sites_reach_the_bound),
        cmocka_unit_test(densities_follow_mu),
        cmocka_unit_test(bonds_too),
        cmocka_unit_test(estimate_includes_it),
        cmocka_unit_test(parameters_make_tiles_new),
        cmocka_unit_test(threads_and_restarts_keep_the_bits),
    };
    return cmocka_run_group_tests(tests, folder_make, folder_drop);
}

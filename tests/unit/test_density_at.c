/* Densities at further chemical potentials: those of exact diagonalisation at
   that fixed mu, on every lattice, near and far, within the bound that comes
   with them; by passes only where the refitted weights do not serve; without a
   trace in the trajectory; as datasets hold them.

   Tolerance: the bound itself, 1.1 tol at most, plus 1e-12 for the rounding of
   a few hundred sites. */

#include <math.h>
#include <omp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "adele.h"
#include "plug/dataset.h"
#include "plug/pair.h"
#include "folder.h"
#include "sim.h"

enum { NMU = 6, SITES_MOST = 4096 };

static void densities(struct adele *sim, const double *mu, int nmu, double *n,
                      double *error)
{
    if (pair_density_at(sim, sim->pair, mu, nmu, n, error))
        fail_msg("%s", adele_error(sim));
}

/* Of the present configuration by the style `pair` at fixed mu. */
static void solved_at(struct adele *sim, const char *pair, double mu,
                      double temp, double *n)
{
    sim_run(sim, "electrons mu %.17g temp %g\npair_style %s", mu, temp, pair);
    if (forces_require(sim, NEED_DENSITY))
        fail_msg("%s", adele_error(sim));
    memcpy(n, sim->forces->n, (size_t)sim->lat->nsite * sizeof *n);
}

static double distance(const double *a, const double *b, int64_t n)
{
    double worst = 0;

    for (int64_t i = 0; i < n; i++)
        worst = fmax(worst, isfinite(a[i]) ? fabs(a[i] - b[i]) : INFINITY);
    return worst;
}

static void every_lattice(void **state)
{
    static const double temp[] = {0.02, 0.1, 0.5, 2};
    static const double width[] = {2.5, 1e-4};
    static double n[NMU * SITES_MOST], direct[SITES_MOST];
    double mu[NMU], error[NMU];
    (void)state;

    for (int k = 0;; k += 2) {
        double tol = k % 3 ? 1e-8 : 1e-5, t = temp[k / 2 % 4];
        struct text deck = {0};
        struct adele *sim;
        int64_t sites;

        if (!sim_lattice(k, &deck))
            break;
        sim = sim_new("%smodel holstein t 1 g 1.5\nelectrons %s temp %g\n"
                      "pair_style pole tol %g\n",
                      deck.s, k % 4 ? "filling 0.4" : "mu -0.3", t, tol);
        sites = sim->lat->nsite;
        assert_true(sites < SITES_MOST);
        sim_randomise(sim, 2, (uint32_t)k);
        assert_int_equal(forces_require(sim, NEED_MU), 0);
        /* Not in order. */
        for (int j = 0; j < NMU; j++)
            mu[j] = sim->forces->mu +
                    width[k / 2 % 2] * (2.0 * (j * 5 % NMU) / (NMU - 1) - 1);
        densities(sim, mu, NMU, n, error);
        for (int j = 0; j < NMU; j++) {
            double off;

            assert_true(error[j] > 0 && error[j] <= 1.1 * tol);
            solved_at(sim, "ed", mu[j], t, direct);
            off = distance(n + j * sites, direct, sites);
            if (!(off <= error[j] + 1e-12))
                fail_msg("%s temp %g, mu %g: %g, bound %g", deck.s, t, mu[j],
                         off, error[j]);
        }
        sim_free(sim);
        text_free(&deck);
    }
}

/* ed occupies the same levels anew: rounding only. */
static void ed_agrees_with_itself(void **state)
{
    static const double mu[3] = {-1.5, 0.1, 2};
    double n[3 * 42], direct[42], error[3];
    (void)state;

    for (int k = 0; k < 3; k++) {
        struct adele *sim = sim_new("lattice honeycomb 7 3\n"
                                    "model holstein t 1 g 1.5\n"
                                    "electrons filling 0.5 temp %g\n"
                                    "pair_style ed\n",
                                    0.3 * k);
        sim_randomise(sim, 1.5, 3);
        densities(sim, mu, 3, n, error);
        solved_at(sim, "ed", mu[k], 0.3 * k, direct);
        assert_true(distance(n + 42 * k, direct, 42) < 1e-13);
        assert_true(distance(n, n + 84, 42) > 0.1);
        sim_free(sim);
    }
}

/* Tiles: as tiles solved at that mu. */
static void tiles_agree_with_themselves(void **state)
{
    static const char style[] = "pole tol 1e-9 tile 6 buffer 4";
    static double n[2 * 23 * 24], direct[23 * 24];
    double mu[2] = {-1, 0.4}, error[2];
    struct adele *sim = sim_new("lattice square 23 24\n"
                                "model holstein t 1 g 1.5\n"
                                "electrons filling 0.5 temp 0.2\n"
                                "pair_style %s\n",
                                style);
    (void)state;
    sim_randomise(sim, 1.5, 3);
    densities(sim, mu, 2, n, error);
    for (int k = 0; k < 2; k++) {
        solved_at(sim, style, mu[k], 0.2, direct);
        assert_true(distance(n + 552 * k, direct, 552) < 2e-9);
    }
    assert_true(distance(n, direct, 552) > 0.1);
    sim_free(sim);
}

static const char quench[] =
    "lattice square 9 8\nmodel holstein t 1 g 2 kappa 0.18\n"
    "electrons filling 0.4 temp 0.1\ndisplace all gaussian 1.0 4711\n"
    "timestep 0.05\npair_style pole\nfix move all nve\n";

static void final_displacement(const char *more, int threads, double *q)
{
    struct adele *sim;

    omp_set_num_threads(threads);
    sim = sim_new("%s%srun 7\n", quench, more);
    field_gather(sim->state.displacement, 0, q);
    sim_free(sim);
}

/* What is written leaves the trajectory, and neither depends on threads. */
static void writing_changes_nothing(void **state)
{
    double without[72], with[72], n[2][NMU * 72], error[NMU], mu[NMU];
    char more[600];
    int before = omp_get_max_threads();

    (void)state;
    final_displacement("", 2, without);
    snprintf(more, sizeof more, "dump d all dataset 2 %s/w.h5 mu -8 8 9\n",
             folder);
    final_displacement(more, 1, with);
    assert_memory_equal(with, without, sizeof with);
    for (int k = 0; k < NMU; k++)
        mu[k] = 0.03 * k * k - 0.3;
    for (int threads = 1; threads <= 2; threads++) {
        struct adele *sim;

        omp_set_num_threads(threads);
        sim = sim_new("%s", quench);
        densities(sim, mu, NMU, n[threads - 1], error);
        sim_free(sim);
    }
    omp_set_num_threads(before);
    assert_memory_equal(n[0], n[1], sizeof n[0]);
    assert_true(n[0][0] > 0 && n[0][0] < 1);
}

static char *read_log(void)
{
    char path[512], *text = calloc(1, 100000);
    FILE *f;

    snprintf(path, sizeof path, "%s/p.log", folder);
    f = fopen(path, "r");
    assert_non_null(f);
    assert_non_null(text);
    fread(text, 1, 99999, f);
    fclose(f);
    return text;
}

/* The log counts passes: none where the last solution's Green's functions
   serve. */
static void refits_take_no_pass(void **state)
{
    static const struct {
        const char *grid;
        bool passes;
    } at[] = {{"around 2e-4 5", false}, {"around 2 5", true}};
    (void)state;
    for (int k = 0; k < 2; k++) {
        struct adele *sim = sim_new("log %s/p.log\n%s", folder, quench);
        char *log;

        sim_run(sim, "dump d all dataset 1 %s/p.h5 mu %s\nrun 3", folder,
                at[k].grid);
        sim_free(sim);
        log = read_log();
        assert_non_null(strstr(log, "passes a solution"));
        assert_true(at[k].passes == (strstr(log, "further passes") != NULL));
        free(log);
    }
}

/* Through the file: frames, grids, densities, appended frames. */
static void datasets_hold_them(void **state)
{
    struct adele *sim = sim_new("%s", quench);
    double mu[5], n[72], direct[5 * 72], error[5];
    char path[512];
    struct where where = {0};
    struct dataset *set;

    (void)state;
    snprintf(path, sizeof path, "%s/d.h5", folder);
    sim_run(sim, "dump d all dataset 2 %s q mu around 1.5 5\nrun 4", path);
    sim_free(sim);
    sim = sim_new("%s", quench);
    sim_run(sim,
            "dump d all dataset 4 %s q mu around 1.5 5\n"
            "dump_modify d append yes\nrun 4",
            path);
    set = dataset_open(sim, path, &where);
    assert_non_null(set);
    assert_int_equal(dataset_frames(set), 5);
    assert_int_equal(dataset_nmu(set), 5);
    for (int frame = 2; frame < 5; frame += 2) {
        assert_int_equal(dataset_mu_grid(sim, set, frame, mu), 0);
        assert_true(fabs(mu[2] - sim->forces->mu) < 1e-14);
        assert_true(fabs(mu[4] - mu[0] - 3) < 1e-14);
        densities(sim, mu, 5, direct, error);
        for (int k = 0; k < 5; k++) {
            assert_int_equal(dataset_density_at(sim, set, frame, k, n), 0);
            assert_true(distance(n, direct + 72 * k, 72) < 1e-13);
        }
        assert_true(distance(direct, direct + 72 * 4, 72) > 0.1);
    }
    dataset_close(NULL, set);
    sim_free(sim);
}

/* A file without them, one with others, a style that has none. */
static void refused(void **state)
{
    static const struct {
        const char *deck, *why;
    } wrong[] = {
        {"write_dump all dataset %s/r.h5 q mu -1 1 4 modify append yes",
         "mu is missing there and -1 1 4 here"},
        {"write_dump all dataset %s/s.h5 q mu -1 1 4 modify append yes",
         "mu is -1 1 3 there and -1 1 4 here"},
        {"write_dump all dataset %s/s.h5 q modify append yes",
         "mu is -1 1 3 there and not wanted here"},
        {"write_dump all dataset %s/t.h5 q mu 1 1 4",
         "dump dataset: mu: 1 is not above the lower end"},
        {"write_dump all dataset %s/t.h5 q mu around 0 4",
         "dump dataset: mu around 0: the width must be above 0"},
        {"write_dump all dataset %s/t.h5 q mu around 1 1",
         "dump dataset: mu needs 2 to 10000 values, not 1"},
        {"pair_style kpm\nwrite_dump all dataset %s/t.h5 q mu -1 1 4",
         "pair_style kpm does not give densities at several chemical "
         "potentials; use pair_style ed"}};
    struct adele *sim = sim_new("%s", quench);

    (void)state;
    sim_run(sim,
            "write_dump all dataset %s/r.h5 q\n"
            "write_dump all dataset %s/s.h5 q mu -1 1 3",
            folder, folder);
    for (size_t k = 0; k < sizeof wrong / sizeof *wrong; k++) {
        char line[700];

        snprintf(line, sizeof line, wrong[k].deck, folder);
        assert_int_not_equal(adele_command(sim, line), 0);
        if (!strstr(adele_error(sim), wrong[k].why))
            fail_msg("%s", adele_error(sim));
        error_clear(sim);
    }
    sim_free(sim);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_lattice),
        cmocka_unit_test(ed_agrees_with_itself),
        cmocka_unit_test(tiles_agree_with_themselves),
        cmocka_unit_test(writing_changes_nothing),
        cmocka_unit_test(refits_take_no_pass),
        cmocka_unit_test(datasets_hold_them),
        cmocka_unit_test(refused),
    };
    return cmocka_run_group_tests(tests, folder_make, folder_drop);
}

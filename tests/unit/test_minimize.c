/* minimize reaches the minima that are known in closed form, holds frozen
   sites, counts the energy of fixes, and says why it stopped. */

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "adele.h"
#include "plug/pair.h"
#include "sim.h"

enum { NX = 6, NY = 6, N = NX * NY };

/* With |F| <= ftol a minimum is missed by at most ftol/(smallest curvature)
   in q and by half that times ftol in energy. */
static const double ftol = 1e-9;

static double value(struct adele *sim, const char *formula)
{
    double x;

    if (adele_evaluate(sim, formula, &x))
        fail_msg("%s", adele_error(sim));
    return x;
}

static void test_elastic_minimum_is_zero(void **state)
{
    struct text deck = {0};

    (void)state;
    for (int k = 0; sim_lattice(k, &deck); k++, text_clear(&deck)) {
        struct adele *sim =
            sim_new("%smodel holstein t 1 g 1 k 1.0 kappa 0.05 mass 1\n"
                    "pair_style elastic\ndisplace all uniform -1 1 5\n",
                    deck.s);
        double before = value(sim, "pe"), q[64];
        double curvature = 1.0 - 12 * 0.05;

        sim_run(sim, "minimize 0 %g 1000 10000", ftol);
        assert_true(before > 0.01);
        assert_true(value(sim, "pe") <= 0.5 * ftol * ftol / curvature);
        assert_true(adele_sites(sim) <= 128);
        if (adele_sites(sim) <= 64) {
            assert_int_equal(adele_gather(sim, "q", q), 0);
            for (int i = 0; i < adele_sites(sim); i++)
                assert_true(fabs(q[i]) <= ftol / curvature);
        }
        sim_free(sim);
    }
    text_free(&deck);
}

static struct adele *checkerboard(double t)
{
    return sim_new("lattice square %d %d\n"
                   "model holstein t %g g 3.5 k 1.0 kappa 0.18 mass 1\n"
                   "electrons mu 0.0 temp 0.01\n"
                   "pair_style ed\n"
                   "displace all wave pi pi 1.0\n"
                   "displace all gaussian 0.05 3\n",
                   NX, NY, t);
}

static void check_checkerboard(struct adele *sim, double q0, double energy)
{
    double q[N], curvature = 1.0 - 4 * 0.18;

    assert_int_equal(adele_gather(sim, "q", q), 0);
    for (int i = 0; i < N; i++) {
        double sign = (i % NX + i / NX) % 2 ? -1 : 1;

        assert_true(fabs(sign * q[i] - q0) <= 10 * ftol / curvature);
    }
    assert_true(fabs(value(sim, "pe") - energy) <= 1e-12 * fabs(energy));
}

/* Without hopping every site has its own electron or none: q = g/(2 (k - 4
   kappa)), E = -N g^2/(8 (k - 4 kappa)); thermal corrections are exp(-219). */
static void test_atomic_limit(void **state)
{
    struct adele *sim = checkerboard(0.0);
    double stiff = 1.0 - 4 * 0.18;

    (void)state;
    sim_run(sim, "minimize 0 %g 1000 10000", ftol);
    check_checkerboard(sim, 3.5 / 2 / stiff, -N * 3.5 * 3.5 / 8 / stiff);
    sim_free(sim);
}

/* Bands +-sqrt(eps_k^2 + g^2 q^2) at mu = 0: the derivative of the energy a
   site, and the energy, of a checkerboard of amplitude q; the lower band is
   full since the gap is far above the temperature. */
static double slope(double q, double *energy)
{
    double g = 3.5, stiff = 1.0 - 4 * 0.18;
    double e = 0.5 * stiff * q * q, d = stiff * q;

    for (int x = 0; x < NX; x++)
        for (int y = 0; y < NY; y++) {
            double eps = -2 * (cos(2 * M_PI * x / NX) + cos(2 * M_PI * y / NY));
            double level = sqrt(eps * eps + g * g * q * q);

            e -= 0.5 * level / N;
            d -= 0.5 * g * g * q / level / N;
        }
    *energy = N * e;
    return d;
}

static void test_band_checkerboard(void **state)
{
    struct adele *sim = checkerboard(1.0);
    double lo = 1, hi = 7, energy;

    (void)state;
    for (int i = 0; i < 100; i++) {
        double mid = 0.5 * (lo + hi);

        if (slope(mid, &energy) < 0)
            lo = mid;
        else
            hi = mid;
    }
    sim_run(sim, "minimize 0 %g 1000 10000", ftol);
    check_checkerboard(sim, 0.5 * (lo + hi), energy);
    sim_free(sim);
}

/* A held site of an open chain: k q_i + kappa (q_{i-1} + q_{i+1}) = 0 beyond
   it, so q decays as the ratio r of k r + kappa (1 + r^2) = 0 away from the
   ends. */
static void test_frozen_site_stays(void **state)
{
    struct adele *sim =
        sim_new("boundary f\nlattice chain 41\n"
                "model holstein t 1 g 1 k 1.0 kappa 0.2 mass 1\n"
                "pair_style elastic\ngroup held id 21\n"
                "fix hold held freeze\nset held q 1.25\n");
    double q[41], r = (-1.0 + sqrt(1 - 4 * 0.2 * 0.2)) / (2 * 0.2);

    (void)state;
    sim_run(sim, "minimize 0 %g 1000 10000", ftol);
    assert_int_equal(adele_gather(sim, "q", q), 0);
    assert_true(q[20] == 1.25);
    /* the ends are felt as r^40 = 1e-27 */
    for (int i = 0; i < 10; i++)
        assert_true(fabs(q[20 + i] - 1.25 * pow(r, i)) <= 10 * ftol);
    sim_free(sim);
}

/* A constant force f on each site: q = f/k, and with its energy counted
   E = -N f^2/2k. */
static void test_energy_of_fixes_counts(void **state)
{
    struct adele *sim =
        sim_new("lattice square 4 4\n"
                "model holstein t 1 g 1 k 2.0 kappa 0.0 mass 1\n"
                "pair_style elastic\nfix push all addforce 0.6\n"
                "fix_modify push energy yes\n");
    double q[16];

    (void)state;
    sim_run(sim, "minimize 0 %g 1000 10000", ftol);
    assert_int_equal(adele_gather(sim, "q", q), 0);
    for (int i = 0; i < 16; i++)
        assert_true(fabs(q[i] - 0.3) <= ftol);
    assert_true(fabs(value(sim, "pe") + 16 * 0.36 / 4) < 1e-13);
    sim_free(sim);
}

/* What it prints. */

static struct text printed;

static void keep(void *user, const char *text)
{
    (void)user;
    text_add(&printed, text);
}

static void assert_stops_for(const char *arguments, const char *why)
{
    struct adele *sim = adele_new(keep, NULL);
    struct text deck = {0};

    text_clear(&printed);
    text_addf(&deck,
              "lattice square 4 4\n"
              "model holstein t 1 g 2 k 1.0 kappa 0.1 mass 1\n"
              "electrons mu 0 temp 0.1\npair_style ed\n"
              "displace all uniform -1 1 5\nminimize %s\n",
              arguments);
    if (adele_command(sim, deck.s))
        fail_msg("%s", adele_error(sim));
    text_clear(&deck);
    text_addf(&deck, "Stopping criterion = %s\n", why);
    if (!strstr(printed.s, deck.s))
        fail_msg("expected %s in\n%s", deck.s, printed.s);
    text_free(&deck);
    adele_free(sim);
}

static void test_stopping_criteria(void **state)
{
    (void)state;
    assert_stops_for("1e-3 0 1000 10000", "energy tolerance");
    assert_stops_for("0 1e-3 1000 10000", "force tolerance");
    assert_stops_for("0 0 3 10000", "max iterations");
    assert_stops_for("0 0 1000 5", "max force evaluations");
    assert_stops_for("0 1e-18 1000 10000", "linesearch alpha is zero");
    text_free(&printed);
}

/* `time` and the noise stay, each line search is a step. */
static void test_steps_and_time(void **state)
{
    struct adele *sim =
        sim_new("lattice square 4 4\n"
                "model holstein t 1 g 2 k 1.0 kappa 0.1 mass 1\n"
                "pair_style elastic\nfix m all nve\n"
                "displace all uniform -1 1 5\nrun 3\nminimize 0 0 4 1000\n");

    (void)state;
    assert_int_equal(sim->step, 7);
    assert_int_equal(sim->tick, 3);
    assert_true(sim->time == 3 * 0.01);
    sim_free(sim);
}

/* The energy falls in each iteration. */
static void test_energy_never_rises(void **state)
{
    struct adele *sim =
        sim_new("lattice honeycomb 3 3\n"
                "model holstein t 1 g 2.5 k 1.0 kappa 0.1 mass 1\n"
                "electrons filling 0.5 temp 0.2\npair_style ed\n"
                "displace all uniform -2 2 8\n");
    double last = value(sim, "pe");

    (void)state;
    for (int i = 0; i < 12; i++) {
        double now;

        sim_run(sim, "minimize 0 0 1 100");
        now = value(sim, "pe");
        assert_true(now <= last);
        last = now;
    }
    sim_free(sim);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_elastic_minimum_is_zero),
        cmocka_unit_test(test_atomic_limit),
        cmocka_unit_test(test_band_checkerboard),
        cmocka_unit_test(test_frozen_site_stays),
        cmocka_unit_test(test_energy_of_fixes_counts),
        cmocka_unit_test(test_stopping_criteria),
        cmocka_unit_test(test_steps_and_time),
        cmocka_unit_test(test_energy_never_rises),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

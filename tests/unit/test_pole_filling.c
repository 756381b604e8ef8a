/* pair_style pole at fixed filling: densities, bond densities and forces agree
   with exact diagonalisation to tol, and so does the number of electrons at the
   chemical potential found, in every case: also where few levels lie within T
   of mu, which then make up for the errors of all the others.

   Random sizes, boundaries, fillings, temperatures 0.02 to 2, displacements up
   to 20 and tolerances, on every lattice; forces of sites and of bonds.
   Besides tol, 2e-12 times the largest entry is allowed for rounding of both.
   Poles that are fitted to tol alone miss it in each of these tests. */

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "adele.h"
#include "bond_model.h"
#include "elec/fermi.h"
#include "plug/pair.h"
#include "sim.h"

static const double rounding = 2e-12;

struct answer {
    double *n, *rho, *force;
    double mu, energy;
};

static double *copy_of(const double *from, int64_t n)
{
    double *to = calloc((size_t)n + 1, sizeof *to);

    assert_non_null(to);
    for (int64_t i = 0; i < n; i++)
        to[i] = from[i];
    return to;
}

static struct answer ask(struct adele *sim, unsigned more)
{
    struct answer a = {0};
    const struct pair_result *r;

    if (forces_require(sim, NEED_FORCE | NEED_DENSITY | NEED_BOND | NEED_MU |
                                NEED_ENERGY | more))
        fail_msg("%s", adele_error(sim));
    r = sim->forces;
    a.n = copy_of(r->n, sim->lat->nsite);
    a.rho = copy_of(r->rho, r->nbond);
    a.force = calloc((size_t)sim->lat->nsite, sizeof(double));
    assert_non_null(a.force);
    field_gather(r->force, 0, a.force);
    a.mu = r->mu;
    a.energy = pair_energy(r);
    return a;
}

static void forget(struct answer *a)
{
    free(a->n);
    free(a->rho);
    free(a->force);
}

static double largest(const double *a, const double *b, int64_t n)
{
    double worst = 0;

    for (int64_t i = 0; i < n; i++)
        worst = fmax(worst,
                     isfinite(a[i]) ? fabs(a[i] - (b ? b[i] : 0)) : INFINITY);
    return worst;
}

/* Of the levels at mu: their number, and the most that they are away, in T. */
static double number_at(const struct pair_result *r, double mu, double temp,
                        double *range)
{
    double sum = 0;

    *range = 0;
    for (int64_t k = 0; k < r->nlevel; k++) {
        sum += fermi_function((r->level[k] - mu) / temp);
        *range = fmax(*range, fabs(r->level[k] - mu) / temp);
    }
    return sum;
}

/* The largest error over tol. */
static double check(struct adele *sim, double tol, double temp,
                    const char *what)
{
    int64_t nsite = sim->lat->nsite;
    struct answer pole, ed;
    double n, rho, force, size, range, number, energy, bound;

    sim_run(sim, "pair_style pole tol %g", tol);
    pole = ask(sim, NEED_ERROR);
    bound = sim->forces->error;
    sim_run(sim, "pair_style ed");
    ed = ask(sim, NEED_SPECTRUM);
    size = 1 + largest(ed.force, NULL, nsite);
    n = largest(pole.n, ed.n, nsite);
    rho = largest(pole.rho, ed.rho, sim->forces->nbond);
    force = largest(pole.force, ed.force, nsite);
    number = number_at(sim->forces, pole.mu, temp, &range) -
             number_at(sim->forces, ed.mu, temp, &range);
    energy = fabs(pole.energy - ed.energy) / (double)nsite;
    if (!(n <= tol + rounding && rho <= tol + rounding &&
          fmax(n, rho) <= bound + rounding && bound <= tol &&
          force <= tol + rounding * size &&
          fabs(number) <= tol + 1e-14 * (double)nsite &&
          energy <= 1.5 * tol * range * temp + rounding * size))
        fail_msg("%s, temp %g, tol %g: off by %.2g in n, %.2g in bonds, %.2g "
                 "in forces, %.2g in the number, %.2g in the energy; bound "
                 "%.2g",
                 what, temp, tol, n, rho, force, number, energy, bound);
    forget(&pole);
    forget(&ed);
    return fmax(n, force) / tol;
}

/* Uniform in (0, 1). */
static double uniform(uint32_t stream, int64_t k)
{
    return 0.5 + 0.5 * sim_random(stream, k);
}

static double log_uniform(double lo, double hi, uint32_t stream, int64_t k)
{
    return lo * pow(hi / lo, uniform(stream, k));
}

/* As in quenches at low temperature, where isolated levels are common. */
static void small_squares(void **state)
{
    enum { CASES = 200 };
    double closest = 0;
    (void)state;

    for (int k = 0; k < CASES; k++) {
        int length = 4 + 2 * (k % 5);
        double temp = k / 5 % 2 ? 0.1 : 0.02;
        double filling = k % 3 ? 0.5 : 0.1 + 0.8 * uniform(71, k);
        struct adele *sim = sim_new("lattice square %d %d\n"
                                    "model holstein t 1 g 3.5 kappa 0.18\n"
                                    "electrons filling %g temp %g\n",
                                    length, length, filling, temp);

        sim_randomise(sim, log_uniform(0.3, 10, 72, k), (uint32_t)k);
        closest = fmax(closest, check(sim, 1e-8, temp, "square"));
        sim_free(sim);
    }
    /* The tolerance is used. */
    assert_true(closest > 0.01);
}

static void every_lattice(void **state)
{
    int k;
    (void)state;

    for (k = 0;; k++) {
        struct text deck = {0};
        double temp = log_uniform(0.02, 2, 73, k);
        double tol = log_uniform(1e-9, 1e-5, 74, k);
        struct adele *sim;

        if (!sim_lattice(k, &deck))
            break;
        sim = sim_new("%smodel holstein t 1 g %g kappa 0.05\n"
                      "electrons filling %g temp %g\n",
                      deck.s, log_uniform(0.5, 4, 75, k),
                      0.05 + 0.9 * uniform(76, k), temp);
        sim_randomise(sim, log_uniform(0.1, 20, 77, k), (uint32_t)k);
        check(sim, tol, temp, deck.s);
        sim_free(sim);
        text_free(&deck);
    }
    assert_true(k > 50);
}

static void bond_forces(void **state)
{
    (void)state;
    for (int k = 0;; k += 2) {
        struct text deck = {0};
        double temp = log_uniform(0.02, 1, 78, k);
        struct adele *sim;

        if (!sim_lattice(k, &deck))
            break;
        sim = sim_new("%s", deck.s);
        test_bond_register(sim);
        sim_run(sim, "model test/bond\nelectrons filling %g temp %g",
                0.1 + 0.8 * uniform(79, k), temp);
        sim_randomise(sim, log_uniform(0.1, 5, 80, k), (uint32_t)k);
        check(sim, log_uniform(1e-9, 1e-5, 81, k), temp, deck.s);
        sim_free(sim);
        text_free(&deck);
    }
}

/* On more sites the share of a site in dN/dmu is measured: a half-filled level
   in the gap of many others, which takes all of it, and a metal.  Against a
   tolerance a hundred times smaller. */
static void many_sites(void **state)
{
    enum { LENGTH = 4400 };
    static double q[LENGTH];
    (void)state;

    for (int k = 0; k < 2; k++) {
        struct adele *sim = sim_new("lattice chain %d\n"
                                    "model holstein t 0.2 g 1 kappa 0\n"
                                    "electrons filling %.17g temp %g\n",
                                    LENGTH, 0.5 + 0.5 / LENGTH, k ? 0.5 : 0.02);
        struct answer loose, tight;
        double bound;

        for (int i = 0; i < LENGTH; i++)
            q[i] = k ? 0 : i == 1000 ? 0.03 : i % 2 ? 2 : -2;
        sim_set(sim, 0, q);
        sim_run(sim, "pair_style pole tol 1e-7");
        loose = ask(sim, NEED_ERROR);
        bound = sim->forces->error;
        assert_true(bound <= 1e-7);
        sim_run(sim, "pair_style pole tol 1e-9");
        tight = ask(sim, NEED_ERROR);
        assert_true(sim->forces->error <= 1e-9);
        assert_true(largest(loose.n, tight.n, LENGTH) <= bound + 1e-9);
        if (k == 0)
            assert_true(fabs(tight.n[1000] - 0.5) < 0.1);
        forget(&loose);
        forget(&tight);
        sim_free(sim);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(small_squares),
        cmocka_unit_test(every_lattice),
        cmocka_unit_test(bond_forces),
        cmocka_unit_test(many_sites),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* pair_style pole: the error it states is a bound, for densities and bond
   densities, in many random cases and for domain walls and localised
   distortions on every lattice; and its forces are the differences of its free
   energy.

   The bound is that at the chemical potential found, so exact diagonalisation
   is asked at that mu.  1e-12: rounding of both. */

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "adele.h"
#include "bond_model.h"
#include "plug/pair.h"
#include "sim.h"

static double distance(const double *a, const double *b, int64_t n)
{
    double worst = 0;

    for (int64_t i = 0; i < n; i++)
        worst = fmax(worst, isfinite(a[i]) ? fabs(a[i] - b[i]) : INFINITY);
    return worst;
}

static double *copy_of(const double *from, int64_t n)
{
    double *to = calloc((size_t)n + 1, sizeof *to);

    assert_non_null(to);
    if (n > 0)
        memcpy(to, from, (size_t)n * sizeof *to);
    return to;
}

static void require(struct adele *sim, unsigned need)
{
    if (forces_require(sim, need))
        fail_msg("%s", adele_error(sim));
}

/* The stated error over the true one. */
static double check_bound(struct adele *sim, double tol, double temp,
                          const char *what)
{
    unsigned need = NEED_DENSITY | NEED_BOND | NEED_MU;
    int64_t nsite = sim->lat->nsite, nbond;
    double *n, *rho, bound, error;

    sim_run(sim, "pair_style pole tol %g", tol);
    require(sim, need | NEED_ERROR);
    bound = sim->forces->error;
    nbond = sim->forces->nbond;
    n = copy_of(sim->forces->n, nsite);
    rho = copy_of(sim->forces->rho, nbond);
    assert_true(bound > 0 && bound <= 1.1 * tol);
    sim_run(sim, "electrons mu %.17g temp %g\npair_style ed", sim->forces->mu,
            temp);
    require(sim, need);
    error = fmax(distance(n, sim->forces->n, nsite),
                 distance(rho, sim->forces->rho, nbond));
    if (!(error <= bound + 1e-12))
        fail_msg("%s, tol %g: error %.3g, bound %.3g", what, tol, error, bound);
    free(n);
    free(rho);
    return bound / fmax(error, 1e-13);
}

static void random_cases(void **state)
{
    enum { CASES = 150 };
    double closest = INFINITY;
    (void)state;

    for (int k = 0; k < CASES; k++) {
        double u = 0.5 + 0.5 * sim_random(61, k), v = sim_random(62, k);
        double temp = 0.02 * pow(100, u), tol = pow(10, -6 + 4 * v);
        double size = 0.1 * pow(200, 0.5 + 0.5 * sim_random(63, k));
        int nx = 1 + (int)(8 * fabs(sim_random(64, k)));
        int ny = 1 + (int)(8 * fabs(sim_random(65, k)));
        struct adele *sim =
            sim_new("boundary %s\nlattice square %d %d\n"
                    "model holstein t 1 g 1.5\n"
                    "electrons %s %g temp %g\n",
                    k % 2 ? "p p" : "f p", nx, ny, k % 3 ? "filling" : "mu",
                    k % 3 ? 0.5 + 0.45 * sim_random(66, k) : 3 * v, temp);

        sim_randomise(sim, size, (uint32_t)k);
        closest = fmin(closest, check_bound(sim, tol, temp, "random"));
        sim_free(sim);
    }
    /* Not a bound far from the truth. */
    assert_true(closest < 3);
}

/* A domain wall at the middle of the sites, and one distorted site. */
static void walls_and_polarons(void **state)
{
    static const double temp[] = {0.02, 0.1, 0.5, 2};
    (void)state;

    for (int k = 0;; k += 2) {
        struct text deck = {0};
        struct adele *sim;
        double q[200];
        int64_t n;

        if (!sim_lattice(k, &deck))
            break;
        sim = sim_new("%smodel holstein t 1 g 1.5\n"
                      "electrons filling %g temp %g\n",
                      deck.s, k % 3 ? 0.5 : 0.3, temp[k / 2 % 4]);
        n = sim->lat->nsite;
        assert_true(n <= 200);
        for (int64_t i = 0; i < n; i++) {
            double sign = i % 2 ? -1 : 1;

            q[i] = k % 4 ? 3 * sign * tanh(0.7 * ((double)i - 0.5 * (double)n))
                         : (i == n / 2 ? 20 : 0.01 * sign);
        }
        sim_set(sim, 0, q);
        check_bound(sim, 1e-8, temp[k / 2 % 4], deck.s);
        sim_free(sim);
        text_free(&deck);
    }
}

/* --- Forces are differences of the free energy. --- */

static double energy_at(struct adele *sim, const double *q, const double *dir,
                        double step)
{
    int64_t n = sim->lat->nsite;
    double *moved = copy_of(q, n);

    for (int64_t i = 0; i < n; i++)
        moved[i] += step * dir[i];
    sim_set(sim, 0, moved);
    free(moved);
    require(sim, NEED_ENERGY);
    return pair_energy(sim->forces);
}

/* Richardson's extrapolation of central differences, error h^4 times a fifth
   derivative of g^5/T^4 or less: 1e-6 for h = 0.004, T = 0.3. */
static double slope(struct adele *sim, const double *q, const double *dir)
{
    double h = 0.004, d[2];

    for (int k = 0; k < 2; k++, h *= 2)
        d[k] =
            (energy_at(sim, q, dir, h) - energy_at(sim, q, dir, -h)) / (2 * h);
    return (4 * d[0] - d[1]) / 3;
}

static void check_slope(struct adele *sim, const char *what)
{
    int64_t n = sim->lat->nsite;
    double *q = calloc((size_t)n, sizeof *q), *f = calloc((size_t)n, sizeof *f);
    double *dir = calloc((size_t)n, sizeof *dir), along = 0, found;

    assert_true(q && f && dir);
    field_gather(sim->state.displacement, 0, q);
    require(sim, NEED_FORCE);
    field_gather(sim->forces->force, 0, f);
    for (int64_t i = 0; i < n; i++) {
        dir[i] = sim_random(88, i);
        along += f[i] * dir[i];
    }
    found = -slope(sim, q, dir);
    if (!(fabs(found - along) <= 2e-6 * (double)n))
        fail_msg("%s: force %.10g, difference %.10g", what, along, found);
    free(q);
    free(f);
    free(dir);
}

static void forces_are_differences(void **state)
{
    (void)state;
    for (int k = 0;; k += 3) {
        struct text deck = {0};
        struct adele *sim;

        if (!sim_lattice(k, &deck))
            break;
        sim = sim_new("%s", deck.s);
        if (k % 2)
            test_bond_register(sim);
        sim_run(sim, "%s\nelectrons %s temp 0.3\npair_style pole tol 1e-10",
                k % 2 ? "model test/bond" : "model holstein t 1 g 1 kappa 0.1",
                k % 4 < 2 ? "filling 0.4" : "mu -0.3");
        sim_randomise(sim, k % 2 ? 0.3 : 1, (uint32_t)k);
        check_slope(sim, deck.s);
        sim_free(sim);
        text_free(&deck);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_cases),
        cmocka_unit_test(walls_and_polarons),
        cmocka_unit_test(forces_are_differences),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* pair_style kpm against exact diagonalisation: its error falls exponentially
   with the order at the rate of the nearest pole of the Fermi function, on
   every lattice and mix of boundaries, for densities, bond densities, energies
   and the chemical potential; a radius that covers the lattice changes nothing,
   a smaller one less the larger it is; the same bits with 1 and 2 threads. */

#include <math.h>
#include <omp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "adele.h"
#include "bond_model.h"
#include "elec/kpm_density.h"
#include "plug/pair.h"
#include "sim.h"

static const unsigned everything = NEED_FORCE | NEED_ENERGY | NEED_DENSITY |
                                   NEED_BOND | NEED_MU | NEED_ENTROPY;

static double *copy_of(const double *from, int64_t n)
{
    double *to = calloc((size_t)n + 1, sizeof *to);

    assert_non_null(to);
    if (n)
        memcpy(to, from, (size_t)n * sizeof *to);
    return to;
}

static double distance(const double *a, const double *b, int64_t n)
{
    double worst = 0;

    for (int64_t i = 0; i < n; i++)
        worst = fmax(worst, isfinite(a[i]) ? fabs(a[i] - b[i]) : INFINITY);
    return worst;
}

struct errors {
    double n, rho, force, energy, mu;
};

static void gather_force(struct adele *sim, double *f)
{
    for (int c = 0; c < sim->model->ncomp; c++)
        field_gather(sim->forces->force, c, f + c * sim->lat->nsite);
}

static struct errors compare(struct adele *sim, const char *style)
{
    struct errors e;
    double *n, *rho, *f, *g, energy, mu;
    int64_t nsite = sim->lat->nsite, nbond, size = nsite * sim->model->ncomp;

    f = calloc((size_t)size * 2, sizeof *f);
    assert_non_null(f);
    g = f + size;
    sim_run(sim, "pair_style ed");
    assert_int_equal(forces_require(sim, everything), 0);
    nbond = sim->forces->nbond;
    n = copy_of(sim->forces->n, nsite);
    rho = copy_of(sim->forces->rho, nbond);
    gather_force(sim, f);
    energy = pair_energy(sim->forces);
    mu = sim->forces->mu;
    sim_run(sim, "pair_style %s", style);
    if (forces_require(sim, everything))
        fail_msg("%s", adele_error(sim));
    gather_force(sim, g);
    e.n = distance(sim->forces->n, n, nsite);
    e.rho = distance(sim->forces->rho, rho, nbond);
    e.force = distance(g, f, size);
    e.energy = fabs(pair_energy(sim->forces) - energy) / (double)nsite;
    e.mu = fabs(sim->forces->mu - mu);
    free(n);
    free(rho);
    free(f);
    return e;
}

/* At T = 0.5, spectra of half width 30 at most: asinh(pi/60) = 0.052 an order,
   so 700 leave 1e-16 of the coefficients, summed 2e-15; rounding of 700 steps
   of the recursion 1e-13; at fixed filling times the number of sites over those
   within T of mu. */
static void every_lattice(void **state)
{
    (void)state;
    static const char *const model[] = {"holstein t 1 g 1.5 kappa 0.05",
                                        "test/bond a 0.3 k 1",
                                        "ssh t 1 alpha 1.5 t2 0.2"};
    int count = 0;

    for (int k = 0;; k++) {
        struct text deck = {0};
        struct adele *sim;

        if (!sim_lattice(k, &deck))
            break;
        sim = sim_new("%s", deck.s);
        test_bond_register(sim);
        if (sim_try(sim, "model %s", model[k % 3])) {
            struct errors e;

            sim_run(sim, "electrons %s temp 0.5",
                    k % 4 ? "filling 0.37" : "mu 0.4");
            sim_randomise(sim, 0.5, (uint32_t)k);
            e = compare(sim, "kpm order 700");
            if (!(e.n < 1e-11 && e.rho < 1e-11 && e.force < 1e-10 &&
                  e.energy < 1e-11 && e.mu < 1e-10))
                fail_msg("%sn off by %.3g, bonds %.3g, forces %.3g, energy "
                         "%.3g, mu %.3g",
                         deck.s, e.n, e.rho, e.force, e.energy, e.mu);
            count++;
        }
        sim_free(sim);
        text_free(&deck);
    }
    assert_true(count > 50);
}

/* Between orders 40 and 160 the error falls as exp(-M r), r = asinh(pi T/a),
   within a factor 10 for what multiplies the exponential. */
static void error_falls_exponentially(void **state)
{
    (void)state;
    struct adele *sim =
        sim_new("lattice square 10 8\nmodel holstein t 1 g 1.5\n"
                "electrons filling 0.4 temp 0.2\n");
    struct terms t = {0};
    double lo, hi, rate;
    struct errors few, many, chosen;

    sim_randomise(sim, 1.5, 3);
    assert_int_equal(pair_terms(sim, &t), 0);
    terms_bounds(&t, &lo, &hi);
    terms_fini(&t);
    rate = asinh(M_PI * 0.2 / (0.5 * (hi - lo)));
    few = compare(sim, "kpm order 40");
    many = compare(sim, "kpm order 160");
    assert_true(few.n > 1e-5 && few.n < 0.1);
    assert_true(many.n < 10 * few.n * exp(-120 * rate));
    assert_true(many.n > 0.01 * few.n * exp(-120 * rate));
    chosen = compare(sim, "kpm");
    assert_true(chosen.n < 1e-5 && chosen.n > 1e-9 && chosen.rho < 1e-5);
    assert_int_equal(kpm_order(1, 10, 1e-6),
                     2 + (int)ceil(log(1e6) / asinh(10 * M_PI)));
    sim_free(sim);
}

/* Ordered, so that the density matrix decays: each two bonds gain a factor. */
static void radius_converges(void **state)
{
    (void)state;
    struct adele *sim = sim_new("lattice square 14 14\nmodel holstein t 1 g 4\n"
                                "electrons filling 0.5 temp 0.2\n");
    double q[196], last = 1;
    struct errors whole;
    char style[64];

    for (int i = 0; i < 196; i++)
        q[i] = (i % 14 + i / 14) % 2 ? -1 : 1;
    sim_set(sim, 0, q);
    whole = compare(sim, "kpm order 300");
    for (int radius = 1; radius <= 7; radius += 2) {
        struct errors e;

        snprintf(style, sizeof style, "kpm order 300 radius %d", radius);
        e = compare(sim, style);
        assert_true(e.n > 2 * whole.n && e.n < 0.5 * last);
        last = e.n;
    }
    assert_true(compare(sim, "kpm order 300 radius 28").n == whole.n);
    sim_free(sim);
}

static double *densities(int threads)
{
    struct adele *sim;
    double *n;

    omp_set_num_threads(threads);
    sim = sim_new("lattice square 15 13\nmodel holstein t 1 g 1.5\n"
                  "electrons filling 0.4 temp 0.2\n"
                  "pair_style kpm order 100 radius 5\n");
    sim_randomise(sim, 1, 3);
    assert_int_equal(forces_require(sim, everything), 0);
    n = calloc(195 + 390, sizeof *n);
    assert_non_null(n);
    memcpy(n, sim->forces->n, 195 * sizeof *n);
    memcpy(n + 195, sim->forces->rho, 390 * sizeof *n);
    sim_free(sim);
    return n;
}

static void threads_do_not_matter(void **state)
{
    (void)state;
    double *one = densities(1), *two = densities(2);

    assert_memory_equal(one, two, (195 + 390) * sizeof *one);
    free(one);
    free(two);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_lattice),
        cmocka_unit_test(error_falls_exponentially),
        cmocka_unit_test(radius_converges),
        cmocka_unit_test(threads_do_not_matter)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

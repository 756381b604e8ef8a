/* fix brownian against the laws of its discrete-time processes.

   With kappa = 0 and no electrons every site is an oscillator of its own: one
   configuration of N = 512 x 512 sites gives N independent samples, and the
   standard error of a variance is sqrt(2/N) = 0.28 % of it.  From q = 0 the
   variance approaches its limit as (1 - k dt/gamma)^(2n). */

#include <math.h>
#include <omp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "simulation.h"

enum { L = 512, N = L * L };
static const double sigma_variance = 0.00276214; /* sqrt(2/N) */

static struct adele *oscillators(const char *pair)
{
    struct adele *sim = simulation(
        "boundary p p\nlattice square 512 512\n"
        "model holstein t 0 g 0 k 1.6 kappa 0 mass 1\nthermo 100000000");

    simulate(sim, "pair_style %s", pair);
    return sim;
}

static double variance(struct adele *sim)
{
    double *q = simulated_column(sim, "q"), x = mean_square(q, N);

    free(q);
    return x;
}

static double kurtosis(struct adele *sim)
{
    double *q = simulated_column(sim, "q"), second = mean_square(q, N);
    double x = mean_fourth(q, N) / (second * second);

    free(q);
    return x;
}

/* <q^2> with k dt/gamma = 0.5 after n steps. */
static double equilibrium(const char *options, int n)
{
    struct adele *sim = oscillators("elastic");
    double q2;

    simulate(sim,
             "timestep 0.125\n"
             "fix move all brownian 0.3 17 gamma_t 0.4 %s\nrun %d",
             options, n);
    q2 = variance(sim);
    adele_free(sim);
    return q2;
}

/* Euler: T/[k(1 - k dt/2 gamma)], 4/3 of T/k here; wrong: 5 % in the
   temperature, and the law of continuous time. */
static void euler_law(void **state)
{
    const double law = 0.3 / 1.6 / 0.75;
    double q2 = equilibrium("", 15);

    (void)state;
    assert_law(q2, law, 1.05 * law, sigma_variance * law);
    assert_law(q2, law, 0.3 / 1.6, sigma_variance * law);
    q2 = equilibrium("rng uniform", 15);
    assert_law(q2, law, 1.05 * law, sigma_variance * law);
}

/* lm: T/k exactly; wrong: 5 %, and Euler's 4/3. */
static void lm_law(void **state)
{
    const double law = 0.3 / 1.6;
    double q2 = equilibrium("scheme lm", 15);

    (void)state;
    assert_law(q2, law, 1.05 * law, sigma_variance * law);
    assert_law(q2, law, law / 0.75, sigma_variance * law);
    q2 = equilibrium("scheme lm rng uniform", 15);
    assert_law(q2, law, 1.05 * law, sigma_variance * law);
}

/* <q^2> = 2 D t with D = T/gamma at two gamma; wrong: 5 %, and D ~ gamma. */
static void free_diffusion(void **state)
{
    const double gamma[2] = {0.25, 1.5};

    (void)state;
    for (int i = 0; i < 2; i++) {
        struct adele *sim = oscillators("none");
        double law = 2 * 0.3 / gamma[i] * 1.25,
               wrong = 2 * 0.3 * gamma[i] * 1.25;
        double q2;

        simulate(sim,
                 "timestep 0.125\n"
                 "fix move all brownian 0.3 5 gamma_t %.17g\nrun 10",
                 gamma[i]);
        q2 = variance(sim);
        assert_law(q2, law, 1.05 * law, sigma_variance * law);
        assert_law(q2, law, wrong, sigma_variance * law);
        adele_free(sim);
    }
}

/* lm in free motion: 2 D (n - 1/2) dt, half a step less than Euler. */
static void lm_free_diffusion(void **state)
{
    struct adele *sim = oscillators("none");
    double d = 0.3 / 0.25, law;

    (void)state;
    simulate(sim, "timestep 0.125\n"
                  "fix move all brownian 0.3 5 gamma_t 0.25 scheme lm\nrun 1");
    law = 2 * d * 0.5 * 0.125;
    assert_law(variance(sim), law, 2 * law, sigma_variance * law);
    simulate(sim, "run 3");
    law = 2 * d * 3.5 * 0.125;
    assert_law(variance(sim), law, 2 * d * 4 * 0.125, sigma_variance * law);
    adele_free(sim);
}

/* One free step shows the distribution: fourth moment 3 or 9/5 of the second
   squared (standard errors sqrt(24/N), and for uniform numbers
   sqrt(0.27/N)), and no uniform number beyond sqrt(3). */
static void distributions(void **state)
{
    struct adele *sim = oscillators("none");
    double *q;

    (void)state;
    simulate(sim, "timestep 0.5\nfix move all brownian 1 9 gamma_t 1\nrun 1");
    assert_law(kurtosis(sim), 3, 1.8, sqrt(24.0 / N));
    simulate(sim, "displace all value 0\nset all q 0\n"
                  "fix move all brownian 1 9 gamma_t 1 rng uniform\nrun 1");
    assert_law(kurtosis(sim), 1.8, 3, sqrt(0.27 / N));
    q = simulated_column(sim, "q");
    for (int i = 0; i < N; i++)
        assert_true(fabs(q[i]) <= sqrt(3.0));
    free(q);
    adele_free(sim);
}

/* Without noise q falls by (1 - k dt/gamma) a step: to rounding. */
static void without_noise(void **state)
{
    struct adele *sim = oscillators("elastic");
    double *q;

    (void)state;
    simulate(sim, "timestep 0.125\nset all q 2\n"
                  "fix move all brownian 0.3 5 gamma_t 0.4 rng none\nrun 3");
    q = simulated_column(sim, "q");
    for (int i = 0; i < N; i++)
        assert_true(fabs(q[i] - 0.25) < 1e-15);
    free(q);
    adele_free(sim);
}

static double *trajectory(const char *fix, int threads)
{
    struct adele *sim;
    double *q;

    omp_set_num_threads(threads);
    sim = simulation("boundary p f\nlattice honeycomb 165 133\n"
                     "model holstein g 0 k 1 kappa 0.1\npair_style elastic\n"
                     "displace all uniform -1 1 4\ntimestep 0.1\n");
    simulate(sim, "%s\nrun 20", fix);
    q = simulated_column(sim, "q");
    adele_free(sim);
    omp_set_num_threads(1);
    return q;
}

static void any_number_of_threads(void **state)
{
    const char *fix = "fix m all brownian 1 3 gamma_t 1 scheme lm";
    double *a = trajectory(fix, 1), *b = trajectory(fix, 2);

    (void)state;
    assert_memory_equal(a, b, 2 * 165 * 133 * sizeof *a);
    free(a);
    free(b);
}

/* A run in two pieces is the run in one, for the scheme with two noises, too.
 */
static void pieces(void **state)
{
    const char *one = "fix m all brownian 1 3 gamma_t 1 scheme lm";
    const char *two = "fix m all brownian 1 3 gamma_t 1 scheme lm\nrun 7\n"
                      "unfix m\nfix m all brownian 1 3 gamma_t 1 scheme lm";
    double *a, *b;
    struct adele *sim;

    (void)state;
    a = trajectory(one, 1);
    sim = simulation("boundary p f\nlattice honeycomb 165 133\n"
                     "model holstein g 0 k 1 kappa 0.1\npair_style elastic\n"
                     "displace all uniform -1 1 4\ntimestep 0.1\n");
    simulate(sim, "%s\nrun 13", two);
    b = simulated_column(sim, "q");
    assert_memory_equal(a, b, 2 * 165 * 133 * sizeof *a);
    adele_free(sim);
    free(a);
    free(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(euler_law),
        cmocka_unit_test(lm_law),
        cmocka_unit_test(free_diffusion),
        cmocka_unit_test(lm_free_diffusion),
        cmocka_unit_test(distributions),
        cmocka_unit_test(without_noise),
        cmocka_unit_test(any_number_of_threads),
        cmocka_unit_test(pieces),
    };

    omp_set_num_threads(1);
    return cmocka_run_group_tests(tests, NULL, NULL);
}

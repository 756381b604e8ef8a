/* fix langevin with fix nve against the laws of the discrete-time process.

   With kappa = 0 and no electrons every site is an oscillator of its own, so
   one configuration of N sites is N independent samples: the standard error of
   a variance is sqrt(2/N) of it (0.28 % for 512 x 512).  A run of
   12 relaxation times forgets the start to exp(-12) = 6e-6. */

#include <math.h>
#include <omp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "simulation.h"

enum { L = 512, N = L * L };
static const double sigma_variance = 0.00276214; /* sqrt(2/N) */

static struct adele *oscillators(double k, double mass)
{
    struct adele *sim = simulation("boundary p p\nlattice square 512 512");

    simulate(sim, "model holstein t 0 g 0 k %.17g kappa 0 mass %.17g", k, mass);
    simulate(sim, "pair_style elastic\nthermo 100000000\nfix move all nve");
    return sim;
}

static double q_variance(struct adele *sim)
{
    double *q = simulated_column(sim, "q"), x = mean_square(q, N);

    free(q);
    return x;
}

static double v_variance(struct adele *sim)
{
    double *v = simulated_column(sim, "vq"), x = mean_square(v, N);

    free(v);
    return x;
}

/* <q^2> at time step dt of oscillators at T = 0.3, k = 1.7, m = 2.5. */
static double equilibrium_q(double dt, double *v2)
{
    struct adele *sim = oscillators(1.7, 2.5);
    double q2;

    simulate(sim,
             "fix bath all langevin 0.3 0.3 1.5 %d\ntimestep %.17g\n"
             "run %d",
             (int)(1000 * dt), dt, (int)ceil(24 / dt));
    q2 = q_variance(sim);
    *v2 = v_variance(sim);
    adele_free(sim);
    return q2;
}

/* <q^2> = T/[k(1 - omega^2 dt^2/4)], <v^2> = T/m at three time steps; wrong:
   5 % in temperature, and at the large step the law of continuous time.  Then
   q extrapolates to equipartition. */
static void discrete_time_laws(void **state)
{
    const double T = 0.3, k = 1.7, m = 2.5, dt[3] = {1.0, 0.5, 0.25};
    double q2[3], v2;

    (void)state;
    for (int i = 0; i < 3; i++) {
        double law = T / (k * (1 - k / m * dt[i] * dt[i] / 4));

        q2[i] = equilibrium_q(dt[i], &v2);
        assert_law(q2[i], law, 1.05 * law, sigma_variance * law);
        assert_law(v2, T / m, 1.05 * T / m, sigma_variance * T / m);
        if (i == 0)
            assert_law(q2[0], law, T / k, sigma_variance * law);
    }
    {
        /* even in dt: two extrapolations, remainder 2e-4 of T/k; the noise
           of the three runs adds up to 1.45 sigma. */
        double limit = (64 * q2[2] - 20 * q2[1] + q2[0]) / 45;

        assert_law(limit, T / k, 1.05 * T / k, 1.5 * sigma_variance * T / k);
    }
}

/* Without forces v is an Ornstein-Uhlenbeck process:
   <v(0) v(t)> = T/m exp(-t/damp) at any step.  Wrong: the first order in
   dt/damp, which is 1/(1 + dt/damp) (implicit), and no decay at all. */
static void velocity_correlation(void **state)
{
    struct adele *sim = oscillators(1, 2);
    double *v0, *v1, law = 0.25 * exp(-1.0), found;

    (void)state;
    simulate(sim, "pair_style none\nfix bath all langevin 0.5 0.5 0.7 11\n"
                  "timestep 0.7\nrun 20");
    v0 = simulated_column(sim, "vq");
    simulate(sim, "run 1");
    v1 = simulated_column(sim, "vq");
    found = mean_product(v0, v1, N);
    /* the variance of v0 v1 is <v0^2><v1^2> + <v0 v1>^2 */
    assert_law(found, law, 0.125, sqrt((0.0625 + law * law) / N));
    simulate(sim, "run 2");
    free(v1);
    v1 = simulated_column(sim, "vq");
    law = 0.25 * exp(-3.0);
    assert_law(mean_product(v0, v1, N), law, 0.03125,
               sqrt((0.0625 + law * law) / N));
    free(v0);
    free(v1);
    adele_free(sim);
}

/* dt = 50 damp: each step draws velocities anew, with <v^2> = T/m and nothing
   left of the old ones.  Wrong: noise of the first order, 2 dt/damp T/m. */
static void huge_step(void **state)
{
    struct adele *sim = oscillators(1, 0.5);
    double *before, *after;

    (void)state;
    simulate(sim, "pair_style none\nvelocity all set 100\n"
                  "fix bath all langevin 0.2 0.2 0.1 3\ntimestep 5\nrun 1");
    before = simulated_column(sim, "vq");
    assert_law(mean_square(before, N), 0.4, 0.42, 0.4 * sigma_variance);
    simulate(sim, "run 1");
    after = simulated_column(sim, "vq");
    /* the normal distribution: <v^4>/<v^2>^2 = 3, error sqrt(24/N) */
    assert_law(mean_fourth(after, N) / pow(mean_square(after, N), 2), 3, 1.8,
               sqrt(24.0 / N));
    assert_law(mean_product(before, after, N), 0, 0.4, 0.4 / sqrt(N));
    free(before);
    free(after);
    adele_free(sim);
}

/* Linear ramp Tstart -> Tstop.  With huge dt/damp the velocities have the
   temperature of the present step: half-way, the mean. */
static void ramp(void **state)
{
    struct adele *sim = oscillators(1, 1);

    (void)state;
    simulate(sim, "pair_style none\nfix bath all langevin 1 3 0.01 77\n"
                  "timestep 1\nrun 10 start 0 stop 20");
    assert_law(v_variance(sim), 2, 2.1, 2 * sigma_variance);
    simulate(sim, "run 10 start 0 stop 20");
    assert_law(v_variance(sim), 3, 2, 3 * sigma_variance);
    simulate(sim, "variable T equal 4+step-20\n"
                  "fix bath all langevin v_T 0 0.01 77\nrun 2");
    assert_law(v_variance(sim), 6, 4, 6 * sigma_variance);
    adele_free(sim);
}

/* A temperature for each site: hot left half, cold right half. */
static void temperature_of_sites(void **state)
{
    struct adele *sim = oscillators(1, 1);
    double *v, left = 0, right = 0;

    (void)state;
    simulate(sim, "pair_style none\nvariable T atom 1+2*(x<256)\n"
                  "fix bath all langevin v_T 0 0.01 5\ntimestep 1\nrun 1");
    v = simulated_column(sim, "vq");
    for (int i = 0; i < N; i++)
        *(i % L < L / 2 ? &left : &right) += v[i] * v[i] / (N / 2);
    assert_law(left, 3, 2, 3 * sqrt(4.0 / N));
    assert_law(right, 1, 2, sqrt(4.0 / N));
    free(v);
    adele_free(sim);
}

/* A group has the bath, the other sites keep their velocity to the last bit,
   and a site of the group has the noise that it has when all have the bath. */
static void group_only(void **state)
{
    const char *deck = "boundary p p\nlattice honeycomb 16 8\n"
                       "model holstein g 0\npair_style none\n"
                       "region r block 0 5\ngroup part region r\n"
                       "velocity all set 7\nfix move all nve\ntimestep 0.5\n";
    struct adele *a = simulation(deck), *b = simulation(deck);
    double *va, *vb;
    int same = 0, kept = 0;

    (void)state;
    simulate(a, "fix bath part langevin 1 1 2 8\nrun 3");
    simulate(b, "fix bath all langevin 1 1 2 8\nrun 3");
    va = simulated_column(a, "vq");
    vb = simulated_column(b, "vq");
    for (int64_t i = 0; i < adele_sites(a); i++) {
        same += va[i] == vb[i];
        kept += va[i] == 7;
        assert_true(va[i] == vb[i] || va[i] == 7);
    }
    assert_int_equal(same, simulated(a, "count(part)"));
    assert_int_equal(same + kept, adele_sites(a));
    assert_true(same > 20 && kept > 20);
    free(va);
    free(vb);
    adele_free(a);
    adele_free(b);
}

static double *trajectory(const char *fixes, int threads)
{
    struct adele *sim;
    double *q;

    omp_set_num_threads(threads);
    sim = simulation("boundary p f\nlattice square 165 133\n"
                     "model holstein g 0 k 1 kappa 0.18\npair_style elastic\n"
                     "displace all uniform -1 1 4\ntimestep 0.1\n");
    simulate(sim, "%s\nrun 20", fixes);
    q = simulated_column(sim, "q");
    adele_free(sim);
    omp_set_num_threads(1);
    return q;
}

/* The thermostat acts after the last half kick whatever the order. */
static void order_of_fixes(void **state)
{
    double *a =
        trajectory("fix move all nve\nfix bath all langevin 1 1 2 8", 1);
    double *b =
        trajectory("fix bath all langevin 1 1 2 8\nfix move all nve", 1);
    double *c =
        trajectory("fix move all nve\nfix bath all langevin 1 1 2 9", 1);

    (void)state;
    assert_memory_equal(a, b, 165 * 133 * sizeof *a);
    assert_memory_not_equal(a, c, 165 * 133 * sizeof *a);
    free(a);
    free(b);
    free(c);
}

/* Kicks and thermostats in one sweep (temperature a number) or one after the
   other (a variable, which may read the velocities). */
static void together_or_not(void **state)
{
    double *a =
        trajectory("fix move all nve\nfix bath all langevin 1 1 2 8", 1);
    double *b = trajectory("variable T equal 1\nfix move all nve\n"
                           "fix bath all langevin v_T 0 2 8",
                           1);

    (void)state;
    assert_memory_equal(a, b, 165 * 133 * sizeof *a);
    free(a);
    free(b);
}

static void any_number_of_threads(void **state)
{
    const char *fixes =
        "fix move all nve\nfix bath all langevin 1 1 2 8 tally yes";
    double *a = trajectory(fixes, 1), *b = trajectory(fixes, 2);
    double *c = trajectory(fixes, 7);

    (void)state;
    assert_memory_equal(a, b, 165 * 133 * sizeof *a);
    assert_memory_equal(a, c, 165 * 133 * sizeof *a);
    free(a);
    free(b);
    free(c);
}

/* etotal + f_bath is conserved while etotal grows from 0 to 2 N T/2: without
   forces to rounding (N summed squares of order 1, relative 1e-12 at the
   least), with forces like nve, to order dt^2. */
static void bath_energy(void **state)
{
    struct adele *sim = simulation(
        "boundary p p\nlattice square 32 32\nmodel holstein g 0 mass 2\n"
        "pair_style none\nfix move all nve\ntimestep 0.05\n"
        "fix bath all langevin 1 1 2 8 tally yes\nrun 100");
    double etotal = simulated(sim, "etotal"), before;

    (void)state;
    assert_true(etotal > 300);
    assert_true(fabs(etotal + simulated(sim, "f_bath")) < 1e-11 * etotal);
    simulate(sim, "pair_style elastic\nrun 0");
    before = simulated(sim, "etotal+f_bath");
    simulate(sim, "run 200");
    /* nve errors are of second order: omega^2 dt^2/8 = 3e-4 of the energy */
    assert_true(simulated(sim, "pe") > 100);
    assert_true(fabs(simulated(sim, "etotal+f_bath") - before) < 0.6);
    simulate(sim, "fix_modify bath energy yes");
    assert_true(fabs(simulated(sim, "etotal") - before) < 0.6);
    simulate(sim, "fix bath all langevin 1 1 2 8\nrun 0");
    simulate_fails(sim, "print $(f_bath)", "tally yes");
    adele_free(sim);
}

/* A step that fails in a later thermostat is undone, the exchanged energy of
   the earlier one with it: f_ID is that of the last complete step, to the
   bit. */
static void failed_step(void **state)
{
    static const char deck[] =
        "boundary p p\nlattice square 6 6\n"
        "model holstein t 0 g 0 k 1 kappa 0 mass 1\npair_style elastic\n"
        "variable T equal 1-2*(step>4)\nfix move all nve\n"
        "fix bath all langevin 1 1 2 7 tally yes\n"
        "fix other all langevin v_T 1 2 8\ntimestep 0.1";
    struct adele *sim = simulation(deck), *whole = simulation(deck);

    (void)state;
    simulate_fails(sim, "run 20", "at step 5");
    simulate(whole, "run 4");
    assert_true(simulated(whole, "f_bath") != 0);
    assert_true(simulated(sim, "f_bath") == simulated(whole, "f_bath"));
    assert_true(simulated(sim, "ke") == simulated(whole, "ke"));
    adele_free(sim);
    adele_free(whole);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(discrete_time_laws),
        cmocka_unit_test(velocity_correlation),
        cmocka_unit_test(huge_step),
        cmocka_unit_test(ramp),
        cmocka_unit_test(temperature_of_sites),
        cmocka_unit_test(group_only),
        cmocka_unit_test(order_of_fixes),
        cmocka_unit_test(together_or_not),
        cmocka_unit_test(any_number_of_threads),
        cmocka_unit_test(bath_energy),
        cmocka_unit_test(failed_step),
    };

    omp_set_num_threads(1);
    return cmocka_run_group_tests(tests, NULL, NULL);
}

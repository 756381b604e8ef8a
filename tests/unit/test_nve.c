/* fix nve: velocity Verlet against what its shadow Hamiltonian says. */

#include <math.h>
#include <omp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "core/context.h"
#include "plug/pair.h"
#include "plug/registry.h"
#include "simulation.h"

static const char *const lattice =
    "boundary p p\nlattice square 4 4\n"
    "model holstein t 1 g 1.5 k 1 kappa 0.18 mass 1\n"
    "electrons filling 0.5 temp 0.2\ndisplace all uniform -1 1 12\n"
    "velocity all create 0.3 5\nthermo 100000000\nfix move all nve";

/* Root mean square of E(t) - E(0) at t = 0.4, 0.8 .. 4. */
static double energy_error(const char *pair, double dt)
{
    struct adele *sim = simulation(lattice);
    int steps = (int)lround(0.4 / dt);
    double start, sum = 0;

    simulate(sim, "pair_style %s\ntimestep %.17g\nrun 0", pair, dt);
    start = simulated(sim, "etotal");
    for (int i = 0; i < 10; i++) {
        double error;

        simulate(sim, "run %d", steps);
        error = simulated(sim, "etotal") - start;
        sum += error * error;
    }
    adele_free(sim);
    return sqrt(sum / 10);
}

/* A style that can be used without arguments and says that its force is a
   gradient. */
static bool conservative(const char *name)
{
    struct adele *sim = simulation(lattice);
    struct text command = {0};
    bool answer;

    text_addf(&command, "pair_style %s", name);
    answer = adele_command(sim, command.s) == 0 && sim->pair->gradient;
    text_free(&command);
    adele_free(sim);
    return answer;
}

/* The energy error is a dt^2 + b dt^4, so each halving of dt divides it by 4.
   b dt^2/a is of order omega^2 dt^2 < 1.8 * 0.01 at the largest step.  Wrong:
   the first order (factor 2) of a method with a misplaced half kick, and no
   error at all. */
static void error_falls_as_dt_squared(void **state)
{
    const char *names[256];
    int n = registry_names("pair", names, 256), found = 0;

    (void)state;
    for (int i = 0; i < n; i++) {
        double error[4];

        if (!conservative(names[i]))
            continue;
        for (int h = 0; h < 4; h++)
            error[h] = energy_error(names[i], 0.1 / (1 << h));
        if (error[0] == 0) /* no forces: nothing can be wrong */
            continue;
        found++;
        for (int h = 0; h < 3; h++) {
            double ratio = error[h] / error[h + 1];

            if (!(fabs(ratio - 4) < 0.2 / (1 << 2 * h) + 0.02))
                fail_msg("pair_style %s: error %g at dt = %g, %g at half of "
                         "it",
                         names[i], error[h], 0.1 / (1 << h), error[h + 1]);
        }
    }
    assert_true(found >= 2); /* elastic and ed */
}

/* One oscillator: q_n = A cos(n Omega dt), cos(Omega dt) = 1 - omega^2 dt^2/2
   exactly.  100 steps of rounding: 1e-13.  Wrong: cos(omega t), off by 0.5. */
static void discrete_frequency(void **state)
{
    struct adele *sim = simulation(
        "boundary p p\nlattice square 3 3\n"
        "model holstein g 0 k 2 kappa 0 mass 0.5\npair_style elastic\n"
        "set all q 1.5\nfix move all nve\ntimestep 0.4\nrun 100");
    double *q = simulated_column(sim, "q");
    double angle = acos(1 - 4 * 0.16 / 2);

    (void)state;
    for (int i = 0; i < 9; i++)
        assert_true(fabs(q[i] - 1.5 * cos(100 * angle)) < 1e-12);
    free(q);
    adele_free(sim);
}

/* Back with reversed velocities: to rounding, 2000 steps of stable modes. */
static void reversible(void **state)
{
    struct adele *sim = simulation(lattice);
    double *q, *back;

    (void)state;
    q = simulated_column(sim, "q");
    simulate(sim, "pair_style elastic\ntimestep 0.2\nrun 1000\n"
                  "variable minus atom -vq\nset all vq v_minus\nrun 1000");
    back = simulated_column(sim, "q");
    for (int i = 0; i < 16; i++)
        assert_true(fabs(back[i] - q[i]) < 1e-11);
    free(q);
    free(back);
    adele_free(sim);
}

/* Sites out of the group stay to the last bit; those in it move as free ones
   do.  Widths around the length of a stretch and one row. */
static void group_only(void **state)
{
    const char *const decks[] = {"boundary p\nlattice chain 2500",
                                 "boundary p\nlattice chain 1024",
                                 "boundary p p\nlattice square 1 7",
                                 "boundary p p\nlattice honeycomb 5 3"};

    (void)state;
    for (int d = 0; d < 4; d++) {
        struct adele *sim = simulation(decks[d]);
        double *q, *v;
        int moved = 0;

        simulate(sim, "model holstein g 0\npair_style none\n"
                      "variable odd atom id%%2\ngroup odd variable v_odd\n"
                      "velocity all set 3\nfix move odd nve\ntimestep 0.25\n"
                      "run 4");
        q = simulated_column(sim, "q");
        v = simulated_column(sim, "vq");
        for (int64_t i = 0; i < adele_sites(sim); i++) {
            assert_true(q[i] == (i % 2 ? 0 : 3));
            assert_true(v[i] == 3);
            moved += q[i] == 3;
        }
        assert_int_equal(moved, (adele_sites(sim) + 1) / 2);
        free(q);
        free(v);
        adele_free(sim);
    }
}

static double *trajectory(int threads)
{
    struct adele *sim;
    double *q;

    omp_set_num_threads(threads);
    sim = simulation("boundary p f p\nlattice cubic 29 25 14\n"
                     "model holstein g 0 k 1 kappa 0.1\npair_style elastic\n"
                     "displace all uniform -1 1 4\nfix m all nve\n"
                     "timestep 0.3\nrun 50");
    q = simulated_column(sim, "q");
    adele_free(sim);
    omp_set_num_threads(1);
    return q;
}

static void any_number_of_threads(void **state)
{
    double *a = trajectory(1), *b = trajectory(2);

    (void)state;
    assert_memory_equal(a, b, 29 * 25 * 14 * sizeof *a);
    free(a);
    free(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(error_falls_as_dt_squared),
        cmocka_unit_test(discrete_frequency),
        cmocka_unit_test(reversible),
        cmocka_unit_test(group_only),
        cmocka_unit_test(any_number_of_threads),
    };

    omp_set_num_threads(1);
    return cmocka_run_group_tests(tests, NULL, NULL);
}

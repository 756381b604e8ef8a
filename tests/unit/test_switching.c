/* A biased insulator switches under learned forces as under exact ones: same
   start, same noise, the shipped potential of the device against pair_style
   negf.

   The front stands where the staggered distortion of a column has lost half its
   bulk value 2.4.  Thermal sites amplify what the forces differ by (0.015 rms,
   potentials/README.md), so that distortions agree to some hundredths, and the
   front to a column, a tenth of the way that it goes. */

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "adele.h"
#include "simulation.h"

enum { LX = 40, LY = 12, SITES = LX * LY };

static struct adele *device(double bias, const char *style)
{
    struct adele *sim =
        simulation("boundary f p\nlattice square 40 12\n"
                   "model holstein t 1.0 g -1.5 k 1.0 kappa 0.18 mass 1.0\n"
                   "lead R right gamma 1.0 mu 0.0 temp 0.1\n"
                   "lead B all gamma 0.001 mu 0.0 temp 0.1\n"
                   "displace all wave pi pi 2.67857\n"
                   "fix move all brownian 0.1 12 gamma_t 0.2\ntimestep 0.1\n"
                   "thermo 1000");
    simulate(sim, "lead L left gamma 1.0 mu %g temp 0.1\npair_style %s", bias,
             style);
    return sim;
}

/* Columns from the left that have melted, at least by half. */
static int front(const double *q)
{
    int columns = 0;
    for (int x = 0; x < LX; x++) {
        double order = 0;
        for (int y = 0; y < LY; y++)
            order += ((x + y) % 2 ? -1 : 1) * q[y * LX + x] / LY;
        columns += fabs(order) < 1.2;
    }
    return columns;
}

static double difference(const double *a, const double *b)
{
    double sum = 0;
    for (int i = 0; i < SITES; i++)
        sum += (a[i] - b[i]) * (a[i] - b[i]);
    return sqrt(sum / SITES);
}

/* The front at the end of `steps`; every 20 steps both runs are compared. */
static int compare(double bias, int steps)
{
    struct adele *exact = device(bias, "negf tol 1e-4");
    struct adele *learned = device(bias, "ml potentials/holstein_device.yaml");
    int at = 0;
    for (int k = 0; k <= steps; k += 20) {
        simulate(exact, "run %d upto post no", k);
        simulate(learned, "run %d upto post no", k);
        double *q = simulated_column(exact, "q");
        double *p = simulated_column(learned, "q");
        at = front(q);
        if (abs(front(p) - at) > 1 || difference(p, q) > 0.25)
            fail_msg("bias %g, step %d: %d and %d columns, %g", bias, k, at,
                     front(p), difference(p, q));
        free(p);
        free(q);
    }
    adele_free(exact);
    adele_free(learned);
    return at;
}

static void the_front_sweeps_at_2_5(void **state)
{
    (void)state;
    assert_true(compare(2.5, 120) >= 8);
}

static void the_insulator_holds_at_2(void **state)
{
    (void)state;
    assert_true(compare(2.0, 60) <= 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_front_sweeps_at_2_5),
        cmocka_unit_test(the_insulator_holds_at_2)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

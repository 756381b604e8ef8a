/* The published device, 40 x 30 at a bias of 2.5 [Fan2026], with the saturated
   wave q = +-2.67857.

   On the published grid, 4000 energies on [-10, 10], with the bath of the end
   columns at the filling of their electrode, the densities of the end columns
   are the published ones in all their digits.  Converged, with the bath at mu =
   0 everywhere, those of an independent calculation.  Slow: 4000 Green's
   functions of 1200 sites. */

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "plug/pair.h"
#include "sim.h"

#define DEVICE                                                                 \
    "boundary f p\nlattice square 40 30\n"                                     \
    "model holstein t 1.0 g -1.5 k 1.0 kappa 0.18\n"                           \
    "displace all wave 3.14159265358979 3.14159265358979 2.67857\n"

static double density(struct adele *sim, int x, int y)
{
    return sim->forces->n[y * 40 + x];
}

static void published_end_columns(void **state)
{
    (void)state;
    struct adele *sim =
        sim_new(DEVICE "region in block 0.5 38.5 EDGE EDGE EDGE EDGE\n"
                       "group inside region in\n"
                       "lead L left gamma 1.001 mu 2.5 temp 0.1\n"
                       "lead R right gamma 1.001 mu 0 temp 0.1\n"
                       "lead B inside gamma 0.001 mu 0 temp 0.1\n"
                       "pair_style negf quadrature midpoint -10 10 4000\n");

    sim->nthread = 2;
    assert_int_equal(forces_require(sim, NEED_DENSITY), 0);
    for (int y = 0; y < 30; y += 7) {
        bool even = y % 2 == 0;

        assert_true(fabs(density(sim, 0, y) - (even ? 0.164723 : 0.867872)) <
                    1e-6);
        assert_true(fabs(density(sim, 39, y) - (even ? 0.842217 : 0.0797545)) <
                    1e-6);
    }
    sim_free(sim);
}

static void converged_device(void **state)
{
    (void)state;
    struct adele *sim = sim_new(DEVICE "lead L left gamma 1 mu 2.5 temp 0.1\n"
                                       "lead R right gamma 1 mu 0 temp 0.1\n"
                                       "lead B all gamma 0.001 mu 0 temp 0.1\n"
                                       "pair_style negf tol 1e-7\n");

    sim->nthread = 2;
    assert_int_equal(forces_require(sim, NEED_DENSITY), 0);
    for (int y = 0; y < 30; y += 7) {
        bool even = y % 2 == 0;

        assert_true(fabs(density(sim, 0, y) - (even ? 0.188020 : 0.922493)) <
                    6e-7);
        assert_true(fabs(density(sim, 39, y) - (even ? 0.896863 : 0.103137)) <
                    6e-7);
        assert_true(fabs(density(sim, 20, y) - (even ? 0.045177 : 0.954823)) <
                    6e-7);
    }
    sim_free(sim);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(published_end_columns),
        cmocka_unit_test(converged_device),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

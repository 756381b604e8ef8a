/* Fixes freeze, addforce, adapt, and the list of fixes. */

#include <math.h>
#include <omp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "core/context.h"
#include "plug/fix.h"
#include "plug/pair.h"
#include "simulation.h"

static struct adele *chain(void)
{
    return simulation("boundary p\nlattice chain 12\n"
                      "model holstein t 1 g 1.2 k 1 kappa 0.3 mass 1\n"
                      "electrons filling 0.5 temp 0.2\npair_style elastic\n"
                      "thermo 100000000\ntimestep 0.05");
}

/* Frozen sites stay while nve, langevin or brownian act on all, in any order;
   their neighbours feel them. */
static void freeze_holds(void **state)
{
    const char *const motion[] = {
        "fix move all nve\nfix bath all langevin 1 1 1 5\nfix hold left freeze",
        "fix hold left freeze\nfix bath all langevin 1 1 1 5\nfix move all nve",
        "fix hold left freeze\nfix move all brownian 1 7 gamma_t 1",
        "fix move all brownian 1 7 gamma_t 1 scheme lm\nfix hold left freeze"};

    (void)state;
    for (int m = 0; m < 4; m++) {
        struct adele *sim = chain();
        double *before, *after, *v, *f;

        simulate(sim,
                 "displace all uniform -1 1 3\nvelocity all create 1 8\n"
                 "region r block 0 3\ngroup left region r\n%s",
                 motion[m]);
        before = simulated_column(sim, "q");
        simulate(sim, "run 50");
        after = simulated_column(sim, "q");
        v = simulated_column(sim, "vq");
        f = simulated_column(sim, "fq");
        for (int i = 0; i < 12; i++) {
            if (i < 4)
                assert_true(after[i] == before[i] && v[i] == 0 && f[i] == 0);
            else
                assert_true(fabs(after[i] - before[i]) > 1e-6 && f[i] != 0);
        }
        free(before);
        free(after);
        free(v);
        free(f);
        adele_free(sim);
    }
}

/* f_ID[1] of freeze is the force that would act: that of a run without it. */
static void freeze_force(void **state)
{
    struct adele *sim = chain();
    double *f, sum = 0;

    (void)state;
    simulate(sim, "displace all uniform -1 1 3\nregion r block 0 3\n"
                  "group left region r\nrun 0");
    f = simulated_column(sim, "fq");
    for (int i = 0; i < 4; i++)
        sum += f[i];
    free(f);
    simulate(sim, "fix hold left freeze\nrun 0");
    assert_true(fabs(sum) > 0.01);
    assert_true(fabs(simulated(sim, "f_hold[1]") - sum) < 1e-14);
    adele_free(sim);
}

/* A constant force F shifts the minimum of k q^2/2 + kappa sum q q' to
   q = F/(k + 2 kappa) on a chain; with its energy in pe the minimum is
   -N F^2/(2 (k + 2 kappa)).  Minimised to forces of 1e-10. */
static void addforce_equilibrium(void **state)
{
    struct adele *sim = chain();
    double *q, law = 0.4 / 1.6;

    (void)state;
    simulate(sim, "displace all uniform -1 1 3\nfix push all addforce 0.4\n"
                  "fix_modify push energy yes\n"
                  "minimize 0 1e-10 10000 100000");
    q = simulated_column(sim, "q");
    for (int i = 0; i < 12; i++)
        assert_true(fabs(q[i] - law) < 1e-9);
    free(q);
    assert_true(fabs(simulated(sim, "pe") + 12 * 0.4 * law / 2) < 1e-12);
    assert_true(fabs(simulated(sim, "f_push") + 12 * 0.4 * law) < 1e-9);
    assert_true(fabs(simulated(sim, "f_push[1]") + 12 * 0.4) < 1e-9);
    simulate(sim, "fix_modify push energy no\nrun 0");
    assert_true(fabs(simulated(sim, "pe") - 12 * 0.4 * law / 2) < 1e-8);
    adele_free(sim);
}

/* Energy with a force that depends on q through a per-site variable, with its
   own energy: etotal is conserved to the order of nve, omega^2 dt^2/8 of 3.6,
   or 1e-4.  Wrong: -F q, twice the energy of a linear force, off by 1. */
static void addforce_energy(void **state)
{
    struct adele *sim = chain();
    double before;

    (void)state;
    simulate(sim, "displace all uniform -1 1 3\nvariable f atom -0.5*q\n"
                  "variable e atom 0.25*q*q\nfix move all nve\n"
                  "fix spring all addforce v_f energy v_e\n"
                  "fix_modify spring energy yes\ntimestep 0.01\nrun 0");
    before = simulated(sim, "etotal");
    assert_true(simulated(sim, "f_spring") > 0.3);
    simulate(sim, "run 100");
    assert_true(simulated(sim, "ke") > 0.1);
    assert_true(fabs(simulated(sim, "etotal") - before) < 1e-3);
    simulate(sim, "fix spring all addforce v_f every 1000000\nrun 1");
    assert_true(simulated(sim, "f_spring") == 0);
    adele_free(sim);
}

/* Adding a force twice would show: run 0 twice gives the same forces. */
static void addforce_once(void **state)
{
    struct adele *sim = chain();
    double *f;

    (void)state;
    simulate(sim, "set all q 1\nvariable x equal 0.5\n"
                  "fix push all addforce v_x\nrun 0\nrun 0\nrun 0");
    f = simulated_column(sim, "fq");
    for (int i = 0; i < 12; i++)
        assert_true(fabs(f[i] - (0.5 - 1.6)) < 1e-15);
    free(f);
    simulate_fails(sim, "fix two all addforce 1 2", "expected 1 force");
    adele_free(sim);
}

/* The forces of a step are those of the parameters at that step; afterwards
   the first values come back. */
static void adapt_parameters(void **state)
{
    struct adele *sim = chain();
    double *f;

    (void)state;
    simulate(sim, "set all q 1\nvariable k equal 2+step\nvariable c equal 0\n"
                  "fix ramp all adapt 1 k v_k kappa v_c\nrun 5");
    f = simulated_column(sim, "fq");
    for (int i = 0; i < 12; i++)
        assert_true(fabs(f[i] + 7) < 1e-14);
    free(f);
    simulate(sim, "unfix ramp\nset all q 1\nvariable five equal 5\n"
                  "variable s equal 0.5*step\n"
                  "fix ramp all adapt 1 k v_s reset yes\nrun 5");
    f = simulated_column(sim, "fq");
    for (int i = 0; i < 12; i++)
        assert_true(fabs(f[i] + 7) < 1e-14);
    free(f);
    simulate(sim, "variable s equal 3\nfix ramp all adapt 0 k v_s scale yes\n"
                  "run 0\nrun 0");
    f = simulated_column(sim, "fq");
    assert_true(fabs(f[0] + 21) < 1e-13);
    free(f);
    adele_free(sim);
}

/* Every 4 steps only; electrons, too. */
static void adapt_electrons(void **state)
{
    struct adele *sim = chain();

    (void)state;
    simulate(sim, "pair_style ed\nvariable T equal 0.1+0.01*step\n"
                  "fix cool all adapt 4 temp v_T\nrun 7");
    assert_true(fabs(sim->electrons.temp - 0.14) < 1e-15);
    simulate(sim, "run 1");
    assert_true(fabs(sim->electrons.temp - 0.18) < 1e-15);
    simulate(sim, "unfix cool");
    simulate_fails(sim, "fix a all adapt 1 mu v_T", "electrons mu");
    simulate_fails(sim, "fix a all adapt 1 kapa v_T", "'kappa'");
    simulate_fails(sim, "fix a all adapt 1 t", "adapt");
    simulate(sim, "variable bad equal 2-step\nfix a all adapt 1 filling v_bad");
    simulate_fails(sim, "run 1", "filling cannot become");
    simulate(sim, "unfix a\nrun 1");
    adele_free(sim);
}

/* A wave of forces with a zero mass is refused, the old mass stays. */
static void adapt_mass(void **state)
{
    struct adele *sim = chain();

    (void)state;
    simulate(sim, "variable m equal 0\nfix a all adapt 1 mass v_m");
    simulate_fails(sim, "run 1", "mass cannot become 0");
    simulate(sim, "unfix a\nfix move all nve\nset all q 1\nrun 1");
    adele_free(sim);
}

static unsigned need_of(struct adele *sim, const char *fix, int64_t step)
{
    struct fix *f;

    simulate(sim, "fix a all %s", fix);
    f = sim->fixes.item[0];
    return ((const struct fix_style *)f->head.style)->need(sim, f, step);
}

/* A fix says at which steps its variables read the energy, so that the one
   solve of that step gives it. */
static void needs(void **state)
{
    const struct {
        const char *fix;
        int64_t step;
        unsigned mask;
    } want[] = {{"langevin v_e 0 1 5", 3, NEED_ENERGY},
                {"langevin 1 1 1 5", 3, 0},
                {"brownian v_e 5 gamma_t 1", 3, NEED_ENERGY},
                {"addforce v_e", 3, NEED_ENERGY},
                {"addforce 0 energy v_s", 3, NEED_FORCE},
                {"halt 5 v_e > 9", 10, NEED_ENERGY},
                {"halt 5 v_e > 9", 11, 0},
                {"print 5 \"${e}\"", 10, NEED_ENERGY},
                {"print 5 \"${e}\"", 11, 0},
                {"print 5 \"none\"", 10, 0}};

    (void)state;
    for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
        struct adele *sim = chain();
        unsigned mask;

        simulate(sim, "variable e equal pe\nvariable s atom fq");
        mask = need_of(sim, want[i].fix, want[i].step);
        if (mask != want[i].mask)
            fail_msg("fix %s needs %x at step %d", want[i].fix, mask,
                     (int)want[i].step);
        adele_free(sim);
    }
}

static void list_of_fixes(void **state)
{
    struct adele *sim = chain();

    (void)state;
    simulate(sim, "region r block 0 3\ngroup left region r\n"
                  "fix a all nve\nfix b all langevin 1 1 1 1\n"
                  "fix a all nve");
    assert_int_equal(sim->fixes.n, 2);
    assert_string_equal(sim->fixes.item[0]->head.id, "a");
    simulate_fails(sim, "fix a all freeze", "exists with style nve");
    simulate_fails(sim, "fix a left nve", "exists for group all");
    simulate_fails(sim, "fix c-d all nve", "letters, digits and underscores");
    simulate_fails(sim, "fix c all nvee", "did you mean 'nve'");
    simulate_fails(sim, "fix c all langevin 1 -1 1 1", "Tstop (number >= 0)");
    simulate_fails(sim, "fix c all langevin -1 1 1 1", "Tstart");
    simulate_fails(sim, "fix c all langevin 1 1 0 1", "damp (number > 0)");
    simulate_fails(sim, "fix c all langevin 1 1 1 0", "seed");
    simulate_fails(sim, "fix c all langevin v_no 1 1 1", "no");
    simulate_fails(sim, "fix c all brownian 1 5", "gamma_t must be given");
    simulate_fails(sim, "unfix bb", "unknown fix 'bb'");
    simulate_fails(sim, "fix_modify a energy yes", "no options");
    assert_int_equal(sim->fixes.n, 2);
    simulate(sim, "unfix a\nunfix b");
    assert_int_equal(sim->fixes.n, 0);
    adele_free(sim);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(freeze_holds),
        cmocka_unit_test(freeze_force),
        cmocka_unit_test(addforce_equilibrium),
        cmocka_unit_test(addforce_energy),
        cmocka_unit_test(addforce_once),
        cmocka_unit_test(adapt_parameters),
        cmocka_unit_test(adapt_electrons),
        cmocka_unit_test(adapt_mass),
        cmocka_unit_test(needs),
        cmocka_unit_test(list_of_fixes),
    };

    omp_set_num_threads(1);
    return cmocka_run_group_tests(tests, NULL, NULL);
}

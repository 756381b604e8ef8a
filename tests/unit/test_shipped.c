/* The Holstein potentials that come with adele: made at 40x40, they are as good
   on other sizes, and what they predict turns with the lattice. */

#include <glob.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "adele.h"
#include "base/mem.h"
#include "core/lattice.h"
#include "plug/pair.h"
#include "plug/potential.h"
#include "sim.h"

/* At the electrons that the file was made for, mu = 0 when it serves all. */
static struct adele *start(const char *file, const char *cells, int seed)
{
    struct adele *sim =
        sim_new("lattice square %s\nmodel holstein t 1 g 3.5 k 1 kappa 0.18\n"
                "electrons mu 0 temp 0.1\n",
                cells);
    static const struct where here = {0};
    struct potential *p = potential_load(sim, file, &here);
    assert_non_null(p);
    if (p->mu == POTENTIAL_MU_NONE)
        sim_run(sim, "electrons %s %.17g temp 0.1",
                p->origin.electrons == ELECTRONS_MU ? "mu" : "filling",
                p->origin.electrons_value);
    potential_free(sim, p);
    sim_run(sim,
            "displace all uniform -1 1 %d\npair_style ml %s precision double "
            "extrapolation ignore\ncompute e all force/error pole tol 1e-6",
            seed, file);
    return sim;
}

/* Root mean square error over a few starts of quenches. */
static double error(const char *file, const char *cells, int starts)
{
    double squares = 0, rms;
    for (int k = 0; k < starts; k++) {
        struct adele *sim = start(file, cells, 71 + k);
        assert_int_equal(adele_evaluate(sim, "c_e", &rms), 0);
        squares += rms * rms / starts;
        sim_free(sim);
    }
    return sqrt(squares);
}

/* The same law on every size.  Errors of 2000 sites and more, with their long
   tails, are known to a third; those of a potential that does not see mu
   follow the mu of the start, too. */
static void check_sizes(const char *file)
{
    double usual = error(file, "40 40", 2);
    double small = error(file, "20 30", 4), large = error(file, "100 100", 1);
    print_message("%s: 40x40 %.4f, 20x30 %.4f, 100x100 %.4f\n", file, usual,
                  small, large);
    assert_true(usual > 1e-4 && usual < 0.3);
    assert_true(small < 2 * usual && large < 2 * usual);
}

/* Single precision of the densities of clusters, else rounding. */
static void check_turns(const char *file)
{
    struct adele *sim = start(file, "12 12", 5);
    int64_t n = sim->lat->nsite, *image = mem_alloc((size_t)n, sizeof *image);
    double q[144], turned[144], f[144], g[144], worst = 0;
    int checked = 0;
    assert_int_equal(forces_require(sim, NEED_FORCE), 0);
    field_gather(sim->state.displacement, 0, q);
    field_gather(sim->forces->force, 0, f);
    for (int op = 0; op < sim->lat->nop; op++) {
        if (!lattice_permutation(sim->lat, &sim->lat->op[op], image))
            continue;
        for (int i = 0; i < n; i++)
            turned[image[i]] = q[i];
        sim_set(sim, 0, turned);
        assert_int_equal(forces_require(sim, NEED_FORCE), 0);
        field_gather(sim->forces->force, 0, g);
        for (int i = 0; i < n; i++)
            worst = fmax(worst, fabs(g[image[i]] - f[i]));
        checked++;
    }
    print_message("%s: turned, %.1e\n", file, worst);
    assert_int_equal(checked, 8);
    assert_true(worst < (strstr(file, "conv") ? 1e-4 : 1e-12));
    mem_free(image);
    sim_free(sim);
}

static void each(void (*check)(const char *file))
{
    glob_t found;
    assert_int_equal(glob("potentials/holstein_square_*.yaml", 0, NULL, &found),
                     0);
    for (size_t k = 0; k < found.gl_pathc; k++)
        check(found.gl_pathv[k]);
    globfree(&found);
}

static void sizes(void **state)
{
    (void)state;
    each(check_sizes);
}

static void turns(void **state)
{
    (void)state;
    each(check_turns);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(sizes),
                                       cmocka_unit_test(turns)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

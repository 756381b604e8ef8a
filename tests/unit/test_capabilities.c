/* What a force style says of itself after its set-up: parts that it gives,
   whether its forces are a gradient, and how far it reaches.  Later parts of
   the program (several ranks, choice of a style) rely on it. */

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "plug/pair.h"
#include "sim.h"

/* The elastic force of a site is made of its own distortion and those of its
   nearest neighbours, one cell away along each axis of the lattice. */
static void elastic_reaches_the_nearest_neighbours(void **state)
{
    (void)state;
    static const struct {
        const char *lattice;
        int halo[3];
    } sample[] = {{"chain 6", {1, 0, 0}},
                  {"square 6 6", {1, 1, 0}},
                  {"triangular 6 6", {1, 1, 0}},
                  {"honeycomb 6 6", {1, 1, 0}},
                  {"cubic 4 4 4", {1, 1, 1}}};
    for (size_t k = 0; k < sizeof sample / sizeof *sample; k++) {
        struct adele *sim = sim_new("lattice %s\n"
                                    "model holstein g 1 kappa 0.1\n"
                                    "pair_style elastic",
                                    sample[k].lattice);
        assert_int_equal(forces_require(sim, NEED_FORCE), 0);
        assert_memory_equal(sim->pair->halo, sample[k].halo,
                            sizeof sample[k].halo);
        assert_false(sim->pair->global);
        assert_true(sim->pair->gradient);
        assert_int_equal(forces_gives(sim), NEED_FORCE | NEED_ENERGY);
        sim_free(sim);
    }
}

/* Diagonalising takes the whole lattice and gives every part. */
static void ed_is_global_and_whole(void **state)
{
    (void)state;
    struct adele *sim = sim_new("lattice square 4 4\n"
                                "model holstein g 1\n"
                                "electrons mu 0 temp 0.1\n"
                                "pair_style ed");
    assert_int_equal(forces_require(sim, NEED_FORCE), 0);
    unsigned all = NEED_FORCE | NEED_ENERGY | NEED_DENSITY | NEED_BOND |
                   NEED_MU | NEED_SPECTRUM | NEED_ENTROPY;
    assert_int_equal(forces_gives(sim) & all, all);
    assert_true(sim->pair->global);
    assert_true(sim->pair->gradient);
    sim_free(sim);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(elastic_reaches_the_nearest_neighbours),
        cmocka_unit_test(ed_is_global_and_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* A setting evaluates a model as the deck would, and leaves the deck's
   simulation alone. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "adele.h"
#include "plug/pair.h"
#include "plug/setting.h"
#include "sim.h"

enum { SITES = 24 };

static struct potential_number number[] = {{(char[]){"t"}, 1},
                                           {(char[]){"g"}, 1.7},
                                           {(char[]){"k"}, 1.1},
                                           {(char[]){"kappa"}, 0.1},
                                           {(char[]){"mass"}, 2}};

static struct potential_origin origin(const char *model)
{
    return (struct potential_origin){.lattice = (char *)"honeycomb",
                                     .model = (char *)model,
                                     .parameter = number,
                                     .nparameter = 5,
                                     .electrons = ELECTRONS_MU,
                                     .electrons_value = 0.3,
                                     .temp = 0.2};
}

/* Elastic force and energy of the same displacement, bit for bit. */
static void same_model(void **state)
{
    (void)state;
    struct adele *deck = sim_new("boundary p f\nlattice honeycomb 4 3\nmodel "
                                 "holstein g 1.7 k 1.1 kappa 0.1 mass 2\n"
                                 "pair_style elastic\n");
    struct potential_origin from = origin("holstein");
    uint64_t clock = 0;
    double q[SITES], f[SITES], g[SITES], energy;
    sim_randomise(deck, 1, 3);
    assert_int_equal(forces_require(deck, NEED_FORCE | NEED_ENERGY), 0);
    field_gather(deck->forces->force, 0, f);
    field_gather(deck->state.displacement, 0, q);

    struct adele *s = setting_new(deck, &from, deck->lat, NULL);
    assert_non_null(s);
    struct field *mine = field_new(deck->lat, 1, &clock);
    struct field *force = field_new(deck->lat, 1, &clock);
    field_scatter(mine, 0, q);
    assert_int_equal(setting_place(s, mine), 0);
    const struct model_style *style =
        (const struct model_style *)s->model->head.style;
    assert_int_equal(style->elastic(s, s->model, force, &energy), 0);
    field_gather(force, 0, g);
    assert_memory_equal(f, g, sizeof f);
    assert_true(energy == deck->forces->elastic && energy != 0);
    assert_true(s->electrons.temp == 0.2 && s->electrons.mu == 0.3);
    assert_true(deck->electrons.mode == ELECTRONS_NONE);
    setting_free(s);
    field_free(mine);
    field_free(force);
    sim_free(deck);
}

static void unknown_model(void **state)
{
    (void)state;
    struct adele *deck = sim_new("lattice square 4 4\n");
    struct potential_origin from = origin("holstien");
    assert_null(setting_new(deck, &from, deck->lat, NULL));
    assert_non_null(strstr(adele_error(deck), "did you mean 'holstein'?"));
    sim_free(deck);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(same_model),
                                       cmocka_unit_test(unknown_model)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

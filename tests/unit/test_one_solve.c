/* One solve of the electrons a step: whoever reads a result at a step says so
   beforehand, so that the one call of the force style gives everything.  The
   force style here is `ed` with its calls counted; a consumer that forgets to
   say what it needs costs a second call. */

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "plug/pair.h"
#include "plug/registry.h"
#include "sim.h"

static const struct pair_style *ed;
static struct pair_style counted;
enum { CALLS_MAX = 16 };
static int calls;
static unsigned need_of[CALLS_MAX]; /* what each call was asked for */

static int count(struct adele *ctx, struct pair *p, unsigned need,
                 struct pair_result *r)
{
    if (calls < CALLS_MAX)
        need_of[calls] = need;
    calls++;
    return ed->compute(ctx, p, need, r);
}

static struct adele *new_simulation(const char *consumer)
{
    struct adele *sim = sim_new("lattice square 4 4\n"
                                "model holstein g 1.5 kappa 0.1\n"
                                "electrons filling 0.5 temp 0.2\n"
                                "displace all uniform -1 1 7\n");
    if (!ed) {
        ed = (const struct pair_style *)registry_find(sim, "pair", "ed");
        counted = *ed;
        counted.style.name = "test/counted";
        counted.compute = count;
        assert_int_equal(registry_add(sim, &counted.style, NULL), 0);
    }
    sim_run(sim, "pair_style test/counted\n"
                 "fix move all nve\n"
                 "timestep 0.01\n"
                 "thermo_style custom step\n"
                 "thermo 1\n");
    sim_run(sim, "%s", consumer);
    calls = 0;
    return sim;
}

static void one_call_a_step(void **state)
{
    (void)state;
    static const struct {
        const char *deck;
        unsigned need;
    } consumer[] = {
        {"variable e equal entropy\nfix 1 all halt 1 v_e > 1e9", NEED_ENTROPY},
        {"variable e equal band\nfix 1 all print 1 \"${e}\" screen no",
         NEED_ENTROPY},
        {"compute d all dos -5 5 10\nthermo_style custom step c_d[1][2]",
         NEED_SPECTRUM},
        {"compute g all gap\nthermo_style custom step c_g", NEED_SPECTRUM},
        {"compute f all force/error elastic\nthermo_style custom step c_f",
         NEED_FORCE},
        {"compute n all density\nthermo_style custom step c_n", NEED_DENSITY},
        {"compute e all pe\nthermo_style custom step c_e", NEED_ENERGY},
        {"thermo_style custom step pe mu entropy",
         NEED_ENERGY | NEED_MU | NEED_ENTROPY},
    };
    for (size_t k = 0; k < sizeof consumer / sizeof *consumer; k++) {
        struct adele *sim = new_simulation(consumer[k].deck);
        sim_run(sim, "run 3");
        if (calls != 4)
            fail_msg("%d calls for 3 steps and the start with\n%s", calls,
                     consumer[k].deck);
        for (int step = 0; step < 4; step++)
            assert_int_equal(need_of[step] & consumer[k].need,
                             consumer[k].need);
        sim_free(sim);
    }
}

/* What is read at every other step is asked for at every other step only. */
static void nothing_that_nobody_reads(void **state)
{
    (void)state;
    struct adele *sim =
        new_simulation("thermo_style custom step entropy\nthermo 2");
    sim_run(sim, "run 4");
    assert_int_equal(calls, 5);
    for (int step = 0; step < 5; step++)
        assert_int_equal(!!(need_of[step] & NEED_ENTROPY), step % 2 == 0);
    sim_free(sim);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_call_a_step),
        cmocka_unit_test(nothing_that_nobody_reads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

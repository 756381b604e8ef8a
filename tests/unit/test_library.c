/* adele as a library: the calls of adele.h, errors that leave the context
   usable, two simulations in one process. */

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "adele.h"

static const char deck[] = "lattice square 4 6\n"
                           "model holstein t 1 g 2 k 1 kappa 0.1 mass 1\n"
                           "electrons filling 0.5 temp 0.3\n"
                           "displace all uniform -1 1 7\n"
                           "pair_style ed\n"
                           "fix move all nve\n"
                           "timestep 0.05\n";

enum { SITES = 24 };

struct printed {
    char text[100000];
    size_t length;
};

static void collect(void *user, const char *text)
{
    struct printed *p = user;
    size_t n = strlen(text);

    if (p->length + n < sizeof p->text) {
        memcpy(p->text + p->length, text, n + 1);
        p->length += n;
    }
}

/* Everything goes through the callback; nothing reaches stdout. */
static void prints_through_the_callback(void **state)
{
    static struct printed p;
    struct adele *sim = adele_new(collect, &p);

    (void)state;
    assert_non_null(sim);
    assert_int_equal(adele_command(sim, deck), 0);
    assert_int_equal(adele_command(sim, "thermo 1\nrun 2"), 0);
    assert_non_null(strstr(p.text, "Step"));
    assert_non_null(strstr(p.text, "Loop time of"));
    adele_free(sim);
}

/* Energy is conserved by velocity Verlet to O(dt^2), and the force is the
   change of energy with the displacement. */
static void moves_and_measures(void **state)
{
    struct adele *sim = adele_new(NULL, NULL);
    double q[SITES], f[SITES], up, down;
    const double h = 1e-4;

    (void)state;
    assert_int_equal(adele_command(sim, deck), 0);
    assert_int_equal(adele_sites(sim), SITES);
    assert_int_equal(adele_command(sim, "run 0"), 0);
    assert_int_equal(adele_gather(sim, "q", q), 0);
    assert_int_equal(adele_gather(sim, "fq", f), 0);
    q[5] += h;
    assert_int_equal(adele_scatter(sim, "q", q), 0);
    assert_int_equal(adele_evaluate(sim, "pe", &up), 0);
    q[5] -= 2 * h;
    assert_int_equal(adele_scatter(sim, "q", q), 0);
    assert_int_equal(adele_evaluate(sim, "pe", &down), 0);
    /* Third derivatives are of order g^3/T^2 ~ 100: error ~ 100 h^2 / 6. */
    assert_true(fabs(f[5]) > 1e-3);
    assert_true(fabs((down - up) / (2 * h) - f[5]) < 1e-5);
    adele_free(sim);
}

/* Each error is reported with its place; the next command works. */
static void survives_errors(void **state)
{
    struct adele *sim = adele_new(NULL, NULL);
    double x[SITES], y;

    (void)state;
    assert_int_equal(adele_command(sim, "fix a all nve"), 1);
    assert_non_null(strstr(adele_error(sim), "needs a lattice"));
    assert_int_equal(adele_gather(sim, "q", x), 1);
    assert_int_equal(adele_command(sim, deck), 0);
    assert_string_equal(adele_error(sim), "");
    assert_int_equal(adele_command(sim, "fix b all langevn 1 1 1 1"), 1);
    assert_non_null(strstr(adele_error(sim), "did you mean 'langevin'"));
    assert_int_equal(adele_gather(sim, "qq", x), 1);
    assert_int_equal(adele_scatter(sim, "fq", x), 1);
    assert_int_equal(adele_evaluate(sim, "1/0", &y), 1);
    assert_int_equal(adele_file(sim, "no/such/deck"), 1);
    assert_int_equal(adele_command(sim, "timestep 1e9\nrun 50"), 2);
    assert_non_null(strstr(adele_error(sim), "blew up"));
    assert_int_equal(adele_command(sim, "timestep 0.05\nset all q 0.1\n"
                                        "set all vq 0\nrun 3"),
                     0);
    assert_int_equal(adele_evaluate(sim, "2*step", &y), 0);
    assert_true(y >= 6);
    adele_free(sim);
}

/* Two simulations in turn give the bits that each gives alone. */
static void two_live_side_by_side(void **state)
{
    struct adele *a = adele_new(NULL, NULL), *b = adele_new(NULL, NULL),
                 *alone = adele_new(NULL, NULL);
    double qa[SITES], q1[SITES];

    (void)state;
    assert_int_equal(adele_command(a, deck), 0);
    assert_int_equal(adele_command(b, "lattice chain 10\nmodel holstein g 1\n"
                                      "pair_style elastic\nfix m all nve\n"
                                      "displace all value 1"),
                     0);
    for (int k = 0; k < 5; k++) {
        assert_int_equal(adele_command(a, "run 2"), 0);
        assert_int_equal(adele_command(b, "run 3"), 0);
    }
    assert_int_equal(adele_command(alone, deck), 0);
    assert_int_equal(adele_command(alone, "run 10"), 0);
    assert_int_equal(adele_gather(a, "q", qa), 0);
    assert_int_equal(adele_gather(alone, "q", q1), 0);
    assert_memory_equal(qa, q1, sizeof qa);
    assert_int_equal(adele_sites(b), 10);
    adele_free(a);
    adele_free(b);
    adele_free(alone);
}

/* An interrupt ends the run after the present step, and only the run. */
struct stopper {
    struct adele *sim;
    int lines;
};

static void stop_at_third_line(void *user, const char *text)
{
    struct stopper *s = user;

    if (strncmp(text, "Step", 4) == 0 || s->lines)
        s->lines++;
    if (s->lines == 4)
        adele_interrupt(s->sim, 2);
}

static void interrupts_a_run(void **state)
{
    struct stopper s = {NULL, 0};
    struct adele *sim = adele_new(stop_at_third_line, &s);
    double step;

    (void)state;
    s.sim = sim;
    assert_int_equal(adele_command(sim, deck), 0);
    assert_int_equal(adele_command(sim, "thermo 1\nrun 100000"), 3);
    assert_int_equal(adele_evaluate(sim, "step", &step), 0);
    assert_true(step >= 1 && step < 100);
    assert_int_equal(adele_command(sim, "run 1"), 0);
    adele_free(sim);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(prints_through_the_callback),
        cmocka_unit_test(moves_and_measures),
        cmocka_unit_test(survives_errors),
        cmocka_unit_test(two_live_side_by_side),
        cmocka_unit_test(interrupts_a_run),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

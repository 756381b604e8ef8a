/* validate: errors of a potential that is wrong by a known function, in every
   table and file; what it refuses. */

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "adele.h"
#include "base/deviation.h"
#include "close.h"
#include "folder.h"
#include "plug/pair.h"
#include "potentials.h"
#include "sim.h"

enum { SITES = 30, FRAMES = 4 };
static char captured[60000];

static const char deck[] = "lattice square 6 5\nmodel holstein t 0 g 1.5 k 1 "
                           "kappa 0.1\nelectrons filling 0.4 temp 0.5\n";

static void capture(void *user, const char *text)
{
    (void)user;
    size_t n = strlen(captured);
    if (n + strlen(text) < sizeof captured)
        strcpy(captured + n, text);
}

/* n = 1/(1 + exp(-factor g v/T)) without hopping: exact for factor 1. */
static void save_atomic(struct adele *sim, double factor, enum potential_mu mu)
{
    struct potential *p = potential_random(
        sim, "field", "mlp widths 1 activation sigmoid", TARGET_DENSITY, mu, 1);
    p->in_shift[0] = p->out_shift[0] = 0;
    p->in_scale[0] = p->out_scale[0] = 1;
    p->param[0] = factor * 1.5 / 0.5;
    p->param[1] = 0;
    p->param[2] = 1;
    p->param[3] = 0;
    p->precision = PRECISION_DOUBLE;
    assert_int_equal(potential_save(sim, p, "p.yaml"), 0);
    potential_free(sim, p);
}

/* Frames at times 0, 1, 2, 3 by the exact solver. */
static int make_data(void **state)
{
    if (folder_enter(state))
        return -1;
    struct adele *sim = sim_new("%s", deck);
    sim_run(sim, "displace all uniform -1 1 3\npair_style ed\nfix m all nve\n"
                 "dump d all dataset 10 data.h5 q n fq\ntimestep 0.1\nrun 30");
    sim_free(sim);
    return 0;
}

static struct adele *captured_sim(void)
{
    captured[0] = 0;
    struct adele *sim = adele_new(capture, NULL);
    assert_non_null(sim);
    sim_run(sim, "log none\n%s", deck);
    return sim;
}

/* A row of the tables: the numbers behind its name. */
static int row(const char *name, double value[8])
{
    char start_of_line[32];
    int n = 0, used;
    snprintf(start_of_line, sizeof start_of_line, "\n%s ", name);
    const char *s = strstr(captured, start_of_line);
    if (!s)
        return 0;
    s += strlen(start_of_line);
    while (n < 8 && *s != '\n' && sscanf(s, "%lf%n", &value[n], &used) == 1) {
        s += used;
        n++;
        while (*s == ' ')
            s++;
    }
    return n;
}

static double sum_of_column(const char *path, int column, int *rows)
{
    char line[256];
    double sum = 0;
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    assert_non_null(fgets(line, sizeof line, f));
    for (*rows = 0; fgets(line, sizeof line, f); ++*rows) {
        char *s = line;
        for (int k = 0; k < column; k++)
            s = strchr(s, ',') + 1;
        sum += atof(s);
    }
    fclose(f);
    return sum;
}

/* The wrong densities are known, so are all errors. */
static void known_errors(void **state)
{
    (void)state;
    struct adele *sim = captured_sim();
    struct deviation_sums density = {0}, force = {0};
    double v[8];
    int rows;
    save_atomic(sim, 1.2, POTENTIAL_MU_SHIFT);
    sim_run(sim, "pair_style ed");
    for (int frame = 0; frame < FRAMES; frame++) {
        double q[SITES], n[SITES], wrong[SITES], f[SITES], g[SITES];
        sim_run(sim, "read_dump data.h5 %d q", 10 * frame);
        assert_int_equal(
            forces_require(sim, NEED_FORCE | NEED_DENSITY | NEED_MU), 0);
        field_gather(sim->state.displacement, 0, q);
        field_gather(sim->forces->force, 0, f);
        memcpy(n, sim->forces->n, sizeof n);
        for (int i = 0; i < SITES; i++) {
            double x = 1.5 * q[i] + sim->forces->mu;
            wrong[i] = 1 / (1 + exp(-1.2 * x / 0.5));
            g[i] = f[i] + 1.5 * (wrong[i] - n[i]);
        }
        deviation_add(&density, wrong, n, SITES);
        deviation_add(&force, g, f, SITES);
    }
    captured[0] = 0;
    sim_run(sim, "validate p.yaml data.h5 precision double times 0.5 1.5");
    struct deviation want[2] = {deviation_of(&density), deviation_of(&force)};
    for (int k = 0; k < 2; k++) {
        assert_int_equal(row(k ? "force" : "density", v), 7);
        assert_true(v[0] == FRAMES * SITES);
        const double wanted[] = {want[k].rmse, want[k].mae, want[k].max,
                                 want[k].sigma};
        for (int c = 0; c < 4; c++) /* four digits are printed */
            assert_close(v[c + 1], wanted[c], 6e-4 * wanted[c]);
        assert_close(v[6], want[k].r2, 1e-6);
    }
    assert_true(want[0].rmse > 0.01);
    assert_int_equal(row("number", v), 6);
    assert_true(v[0] == FRAMES && v[1] > 1e-5);
    assert_true(sum_of_column("p.errors.csv", 2, &rows) == FRAMES * SITES);
    assert_true(sum_of_column("p.times.csv", 2, &rows) == FRAMES && rows == 3);
    sum_of_column("p.parity.csv", 0, &rows);
    assert_int_equal(rows, FRAMES * SITES);
    assert_int_equal(access("p.parity.png", R_OK), 0);
    sim_free(sim);
}

/* The exact function: nothing but rounding and the solver's mu; and with the
   wrong one, `solve` keeps the number. */
static void exact_and_solved(void **state)
{
    (void)state;
    struct adele *sim = captured_sim();
    double v[8];
    save_atomic(sim, 1, POTENTIAL_MU_SHIFT);
    captured[0] = 0;
    sim_run(sim, "validate p.yaml data.h5 precision double prefix none");
    assert_int_equal(row("density", v), 7);
    assert_true(v[1] < 1e-9 && v[3] < 1e-8 && v[6] == 1);
    save_atomic(sim, 1.2, POTENTIAL_MU_SHIFT);
    captured[0] = 0;
    sim_run(sim, "validate p.yaml data.h5 precision double prefix none solve "
                 "yes every 2");
    assert_int_equal(row("number", v), 6);
    assert_true(v[0] == 2 && v[3] <= 1e-6);
    assert_int_equal(row("density", v), 7);
    assert_true(v[1] > 0.005);
    sim_free(sim);
}

/* Without hopping n = f(g q + mu) and dn/dmu = n (1 - n)/T: what a potential
   that does not see mu misses, over two starts with another mu each. */
static void floor_of_blind(void **state)
{
    (void)state;
    enum { STARTS = 3 };
    double mu[STARTS], mean = 0, variance = 0, square = 0, v[8];
    for (int k = 0; k < STARTS; k++) {
        struct adele *sim = sim_new("%s", deck);
        sim_run(sim,
                "displace all uniform -1 1 %d\npair_style ed\ndump d all "
                "dataset 10 seed%d.h5 q n fq mu around 0.05 2\nfix m all "
                "nve\ntimestep 0.1\nrun 10",
                3 + k, k);
        sim_run(sim, "undump d\nread_dump seed%d.h5 0 q", k);
        assert_int_equal(forces_require(sim, NEED_DENSITY | NEED_MU), 0);
        mu[k] = sim->forces->mu;
        mean += mu[k] / STARTS;
        for (int i = 0; i < SITES; i++) {
            double n = sim->forces->n[i], slope = n * (1 - n) / 0.5;
            square += slope * slope / (SITES * STARTS);
        }
        sim_free(sim);
    }
    for (int k = 0; k < STARTS; k++)
        variance += (mu[k] - mean) * (mu[k] - mean) / (STARTS - 1);
    double want = 1.5 * sqrt(variance * square);
    assert_true(want > 0.01);
    struct adele *sim = captured_sim();
    save_atomic(sim, 1, POTENTIAL_MU_NONE);
    captured[0] = 0;
    sim_run(sim, "validate p.yaml seed0.h5 seed1.h5 seed2.h5 times 0.5 1");
    assert_int_equal(row("0", v), 8);
    assert_true(v[1] == STARTS);
    assert_close(v[6], sqrt(variance), 6e-4 * sqrt(variance));
    /* (0.05/T)^2/6 of dn/dmu from the difference quotient, four digits */
    assert_close(v[7], want, 3e-3 * want);
    int rows;
    assert_true(fabs(sum_of_column("p.times.csv", 9, &rows)) > want);
    assert_int_equal(rows, 2);
    /* One trajectory, or no densities at other mu: no such column. */
    captured[0] = 0;
    sim_run(sim, "validate p.yaml seed0.h5 prefix none times 0.5 1");
    assert_int_equal(row("0", v), 6);
    captured[0] = 0;
    sim_run(sim, "validate p.yaml data.h5 prefix none times 0.5 1");
    assert_int_equal(row("0", v), 6);
    sim_free(sim);
}

static void fails(struct adele *sim, const char *command, const char *part)
{
    assert_int_not_equal(adele_command(sim, command), 0);
    if (!strstr(adele_error(sim), part))
        fail_msg("'%s' is not in:\n%s", part, adele_error(sim));
    error_clear(sim);
}

static void refusals(void **state)
{
    (void)state;
    struct adele *sim = captured_sim();
    sim_run(sim, "electrons filling 0.4 temp 0.6");
    save_atomic(sim, 1, POTENTIAL_MU_SHIFT);
    fails(sim, "validate p.yaml data.h5", "0.6");
    sim_run(sim, "validate p.yaml data.h5 force yes prefix none");
    sim_run(sim, "electrons filling 0.3 temp 0.5");
    save_atomic(sim, 1, POTENTIAL_MU_SHIFT);
    sim_run(sim, "validate p.yaml data.h5 prefix none");
    save_atomic(sim, 1, POTENTIAL_MU_NONE);
    fails(sim, "validate p.yaml data.h5", "0.3");
    sim_run(sim, "model holstein t 0 g 1.4 k 1 kappa 0.1");
    save_atomic(sim, 1, POTENTIAL_MU_SHIFT);
    fails(sim, "validate p.yaml data.h5", "1.4");
    fails(sim, "validate nothing.yaml data.h5", "no potential 'nothing.yaml'");
    fails(sim, "validate p.yaml nothing.h5", "nothing.h5");
    fails(sim, "validate p.yaml data.h5 force yes times 2 1",
          "times must rise, 1 follows 2");
    /* Without a lattice and a model of its own. */
    save_atomic(sim, 1, POTENTIAL_MU_SHIFT);
    sim_run(sim, "clear\nvalidate p.yaml data.h5 force yes prefix none");
    sim_free(sim);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_errors), cmocka_unit_test(exact_and_solved),
        cmocka_unit_test(floor_of_blind), cmocka_unit_test(refusals)};
    return cmocka_run_group_tests(tests, make_data, folder_leave);
}

/* The time loop as a library user sees it: what a failed or interrupted run
   leaves, forces of large lattices, and that the printed tables can be read
   and add up. */

#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "adele.h"
#include "base/mem.h"
#include "process.h"
#include "run/run.h"
#include "sim.h"
#include "yaml_node.h"

static struct text printed;
static struct adele *to_interrupt;

static void keep(void *user, const char *text)
{
    (void)user;
    text_add(&printed, text);
}

static void command(struct adele *sim, const char *text, int status)
{
    int found = adele_command(sim, text);

    if (found != status)
        fail_msg("status %d of: %s\n%s", found, text, adele_error(sim));
}

static struct adele *printing(void (*print)(void *user, const char *text))
{
    struct adele *sim = adele_new(print, NULL);

    assert_non_null(sim);
    text_clear(&printed);
    return sim;
}

static const char square[] = "lattice square 6 4\n"
                             "model holstein t 1 g 1.5 k 1.0 kappa 0.1 mass 1\n"
                             "electrons filling 0.5 temp 0.1\n"
                             "displace all uniform -1 1 3\n"
                             "timestep 0.05\n";

/* A formula that fails within step 6: the state is that after step 5. */
static void test_failed_step_leaves_the_last(void **state)
{
    struct adele *sim = sim_new("%spair_style ed\nfix m all nve\n"
                                "variable f equal 0.1/(step-6)\n"
                                "fix a all addforce v_f\n",
                                square);
    struct adele *five = sim_new("%spair_style ed\nfix m all nve\n"
                                 "variable f equal 0.1/(step-6)\n"
                                 "fix a all addforce v_f\nrun 5\n",
                                 square);
    double q[24], v[24], q5[24], v5[24], pe, pe5;

    (void)state;
    command(sim, "run 10", 2);
    assert_non_null(strstr(adele_error(sim), "division by zero"));
    assert_int_equal(sim->step, 5);
    assert_int_equal(sim->tick, 5);
    assert_true(sim->time == 5 * 0.05);
    assert_int_equal(adele_gather(sim, "q", q), 0);
    assert_int_equal(adele_gather(sim, "vq", v), 0);
    assert_int_equal(adele_gather(five, "q", q5), 0);
    assert_int_equal(adele_gather(five, "vq", v5), 0);
    assert_memory_equal(q, q5, sizeof q);
    assert_memory_equal(v, v5, sizeof v);
    assert_int_equal(adele_evaluate(sim, "pe", &pe), 0);
    assert_int_equal(adele_evaluate(five, "pe", &pe5), 0);
    /* levels found with and without vectors differ by roundings */
    assert_true(fabs(pe - pe5) <= 1e-13 * fabs(pe5));
    command(sim, "unfix a\nrun 3", 0);
    assert_int_equal(sim->step, 8);
    sim_free(sim);
    sim_free(five);
}

static void test_blow_up_names_the_site(void **state)
{
    struct adele *sim = sim_new("lattice chain 5\n"
                                "model holstein g 0 k 1 kappa 0 mass 1\n"
                                "pair_style elastic\nfix m all nve\n"
                                "group g id 4\nset g q 1.0\ntimestep 1e10\n");
    double q[5];

    (void)state;
    command(sim, "run 100", 2);
    assert_non_null(strstr(adele_error(sim), "q of site 4 became"));
    assert_int_equal(adele_gather(sim, "q", q), 0);
    for (int i = 0; i < 5; i++)
        assert_true(isfinite(q[i]));
    assert_true(sim->step > 0 && sim->step < 20);
    command(sim, "set all q 0.5\nvelocity all zero\ntimestep 0.1\nrun 5", 0);
    sim_free(sim);
}

static void interrupt_at_two(void *user, const char *text)
{
    keep(user, text);
    if (to_interrupt && strncmp(text, "2 ", 2) == 0) {
        adele_interrupt(to_interrupt, SIGINT);
        to_interrupt = NULL;
    }
}

static void test_interrupted_run(void **state)
{
    struct adele *sim = printing(interrupt_at_two);

    (void)state;
    to_interrupt = sim;
    command(sim, square, 0);
    command(sim,
            "pair_style elastic\nfix m all nve\nthermo 1\n"
            "run 1000000\nprint 'not reached'",
            3);
    assert_int_equal(sim->step, 2);
    assert_false(sim->running);
    assert_null(strstr(printed.s, "not reached"));
    assert_non_null(strstr(printed.s, "for 2 steps with 24 sites"));
    command(sim, "thermo 0\nrun 5", 0);
    assert_int_equal(sim->step, 7);
    adele_free(sim);
}

/* Large lattices exchange force fields instead of copying: a fix that changes
   no force asks for the copy, and the bits are the same. */
static void test_large_lattices(void **state)
{
    static const char deck[] =
        "lattice chain 300000\nmodel holstein g 0 k 1 kappa 0.1 mass 1\n"
        "displace all uniform -1 1 3\npair_style elastic\nfix m all nve\n";
    struct adele *a = sim_new("%s", deck);
    struct adele *b = sim_new("%sfix none all addforce 0\n", deck);
    size_t n = 300000;
    double *x = malloc(2 * n * sizeof *x), *y = malloc(2 * n * sizeof *y);
    double fa, fb;

    (void)state;
    assert_non_null(x);
    assert_non_null(y);
    sim_run(a, "run 3\nrun 2\nrun 2 pre no");
    sim_run(b, "run 3\nrun 2\nrun 2 pre no");
    assert_int_equal(adele_gather(a, "q", x), 0);
    assert_int_equal(adele_gather(b, "q", y), 0);
    assert_memory_equal(x, y, n * sizeof *x);
    assert_int_equal(adele_gather(a, "vq", x), 0);
    assert_int_equal(adele_gather(b, "vq", y), 0);
    assert_memory_equal(x, y, n * sizeof *x);
    assert_int_equal(adele_gather(a, "fq", x), 0);
    assert_int_equal(adele_gather(b, "fq", y), 0);
    for (size_t i = 0; i < n; i++)
        assert_true(x[i] == y[i]);
    assert_int_equal(adele_evaluate(a, "fmax", &fa), 0);
    assert_int_equal(adele_evaluate(b, "fmax", &fb), 0);
    assert_true(fa == fb && fa > 0.5);
    free(x);
    free(y);
    sim_free(a);
    sim_free(b);
}

/* The printed YAML is YAML, with the numbers of the run. */
static void test_yaml_table(void **state)
{
    struct adele *sim = printing(keep);
    char *folder = folder_new(), path[512], why[256];
    struct yaml_file file;
    struct node root, data;
    char *begin, *end;
    FILE *f;

    (void)state;
    command(sim, square, 0);
    command(sim,
            "pair_style elastic\nfix m all nve\nthermo 2\n"
            "variable nothing equal 0/0.0+1\n"
            "thermo_style custom step time pe mu\n"
            "thermo_modify line yaml\nrun 4\n",
            0);
    begin = strstr(printed.s, "---\n");
    assert_non_null(begin);
    end = strstr(begin, "...\n");
    assert_non_null(end);
    snprintf(path, sizeof path, "%s/t.yaml", folder);
    f = fopen(path, "w");
    assert_non_null(f);
    fwrite(begin, 1, (size_t)(end + 4 - begin), f);
    fclose(f);
    if (yaml_file_read(path, &file, why))
        fail_msg("%s", why);
    root = yaml_root(&file, 0);
    data = node_get(root, "data");
    assert_int_equal(node_count(node_get(root, "keywords")), 4);
    assert_string_equal(node_text(node_item(node_get(root, "keywords"), 2), ""),
                        "PotEng");
    assert_int_equal(node_count(data), 3);
    assert_true(node_number(node_item(node_item(data, 1), 0), NAN) == 2);
    assert_true(node_number(node_item(node_item(data, 1), 1), NAN) == 0.1);
    assert_string_equal(node_text(node_item(node_item(data, 2), 3), ""),
                        ".nan");
    yaml_file_free(&file);
    adele_free(sim);
    folder_remove(folder);
}

/* Five rounded shares of one total. */
static void test_timing_adds_up(void **state)
{
    static const char *const rows[] = {"\nPair ", "\nModify ", "\nComm ",
                                       "\nOutput ", "\nOther "};
    struct adele *sim = printing(keep);
    double sum = 0, parts = 0, seconds = 0, loop = 0;

    (void)state;
    command(sim, square, 0);
    command(sim, "pair_style ed\nfix m all nve\nthermo 1\nrun 20\n", 0);
    for (int i = 0; i < 5; i++) {
        const char *row = strstr(printed.s, rows[i]);
        double t, share;

        assert_non_null(row);
        assert_int_equal(sscanf(strchr(row, '|'),
                                "| %lf | %*f | %*f | %*f | "
                                "%lf",
                                &t, &share),
                         2);
        sum += share;
        seconds += t;
        if (i == 0)
            parts = t;
    }
    assert_true(fabs(sum - 100) <= 5 * 0.005 + 1e-9);
    assert_int_equal(
        sscanf(strstr(printed.s, "Loop time of"), "Loop time of %lf", &loop),
        1);
    /* six digits of the one, five of each of the others */
    assert_true(fabs(seconds - loop) <= 1e-4 * loop);
    for (const char *row = strstr(printed.s, "\nPair ");
         (row = strchr(row + 1, '\n'));) {
        double t;

        if (row[1] != ' ')
            break;
        assert_int_equal(sscanf(strchr(row, '|'), "| %lf", &t), 1);
        parts -= t;
    }
    assert_true(parts > -1e-4 * seconds);
    adele_free(sim);
}

/* Nothing that was running stays when a set-up fails, and what the deck asks
   wrongly is the deck's error. */
static void test_failed_set_up(void **state)
{
    struct adele *sim = sim_new("%spair_style elastic\nfix m all nve\n"
                                "thermo_style custom step c_none\n",
                                square);

    (void)state;
    command(sim, "run 5", 1);
    assert_false(sim->running);
    assert_int_equal(sim->step, 0);
    command(sim, "thermo_style one\nrun 5", 0);
    assert_int_equal(sim->step, 5);
    sim_free(sim);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_failed_step_leaves_the_last),
        cmocka_unit_test(test_blow_up_names_the_site),
        cmocka_unit_test(test_interrupted_run),
        cmocka_unit_test(test_large_lattices),
        cmocka_unit_test(test_yaml_table),
        cmocka_unit_test(test_timing_adds_up),
        cmocka_unit_test(test_failed_set_up),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);

    text_free(&printed);
    return failed;
}

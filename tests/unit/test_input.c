/* The input as a library sees it: texts of several lines, the context after
   an error, commands inside commands. */

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "adele.h"
#include "base/text.h"
#include "expr/variable.h"
#include "input/input.h"
#include "sim.h"

static void collect(void *user, const char *text)
{
    text_add(user, text);
}

static void texts_of_several_lines(void **state)
{
    (void)state;
    struct text out = {0};
    struct adele *sim = adele_new(collect, &out);
    assert_int_equal(adele_command(sim, "variable i loop 3\n"
                                        "label top\n"
                                        "print \"i=$i\"\n"
                                        "next i\n"
                                        "jump SELF top\n"
                                        "print \"\"\"two\nlines\"\"\"\n"),
                     0);
    assert_string_equal(out.s, "i=1\ni=2\ni=3\ntwo\nlines\n");
    adele_free(sim);
    text_free(&out);
}

/* After each error: the message, the place, no command running, and the
   context works. */
static void usable_after_errors(void **state)
{
    (void)state;
    static const char *const p[][2] = {
        {"runn 5", "ERROR: (command):1:1: unknown command 'runn'"},
        {"print \"a\"\n  print ${no}",
         "ERROR: (command):2:9: unknown variable"},
        {"if 1 then \"if 1 then 'echo x'\"",
         "ERROR: (command):1:28: unknown kind of echo 'x'"},
        {"jump SELF nowhere", "there is no `label nowhere` in (command)"},
        {"include /nonexistent", "cannot read the deck '/nonexistent'"},
        {"print \"", "quote is not closed"},
        {"variable x equal 1/0\nprint ${x}", "variable x: division by zero"},
        {"quit -1", "expected an exit status from 0 to 255"}};
    struct adele *sim = sim_new(" ");
    for (size_t k = 0; k < sizeof p / sizeof *p; k++) {
        assert_int_equal(adele_command(sim, p[k][0]), ADELE_EDECK);
        if (!strstr(adele_error(sim), p[k][1]))
            fail_msg("%s\nexpected '%s' in\n%s", p[k][0], p[k][1],
                     adele_error(sim));
        assert_null(sim->command);
        sim_run(sim, "variable n equal %zu", k);
        double n;
        assert_int_equal(adele_evaluate(sim, "v_n", &n), 0);
        assert_true(n == (double)k);
    }
    sim_free(sim);
}

static void quit_is_no_error(void **state)
{
    (void)state;
    struct adele *sim = sim_new("variable a index 1\nquit 4\nbogus");
    assert_int_equal(sim->quit_status, 4);
    assert_true(variable_exists(sim, "a"));
    sim_run(sim, "variable b index 1");
    sim_free(sim);
}

/* Two simulations hold a conversation each; nothing is shared. */
static void two_simulations(void **state)
{
    (void)state;
    struct adele *a = sim_new("variable x index 1\nlattice chain 4");
    struct adele *b = sim_new("variable x index 2\nlattice chain 6");
    double value;
    assert_int_equal(adele_evaluate(a, "v_x*10+sites", &value), 0);
    assert_true(value == 14);
    assert_int_equal(adele_evaluate(b, "v_x*10+sites", &value), 0);
    assert_true(value == 26);
    sim_free(a);
    assert_int_equal(adele_evaluate(b, "v_x", &value), 0);
    assert_true(value == 2);
    sim_free(b);
}

/* An interrupt between commands stops the text, not the context. */
static void interrupt_stops_a_text(void **state)
{
    (void)state;
    struct adele *sim = sim_new("variable x equal 1");
    sim->interrupt = 2;
    assert_int_equal(input_text(sim, "variable x equal 2\n", "(test)"),
                     ADELE_EINTERRUPT);
    sim->interrupt = 0;
    double value;
    assert_int_equal(adele_evaluate(sim, "v_x", &value), 0);
    assert_true(value == 1);
    sim_free(sim);
}

/* Every control command has a usage; its names are unique and sorted. */
static void control_table(void **state)
{
    (void)state;
    int n;
    const char *const *names = input_control_names(&n);
    assert_true(n >= 13);
    for (int k = 0; k < n; k++) {
        const char *usage = input_control_help(names[k]);
        assert_non_null(usage);
        assert_int_equal(strncmp(usage, names[k], strlen(names[k])), 0);
        assert_true(k == 0 || strcmp(names[k - 1], names[k]) < 0);
    }
    assert_null(input_control_help("run"));
}

/* Random lines of the language's own characters: an error or not, never a
   crash; the sanitizer build looks closer. */
static void noise(void **state)
{
    (void)state;
    static const char *const piece[] = {"print ",   "variable x equal ",
                                        "if ",      "then ",
                                        "\"",       "'",
                                        "\"\"\"",   "$",
                                        "${x}",     "$(",
                                        ")",        "(",
                                        "[",        "]",
                                        "&\n",      "\n",
                                        "#",        "v_x",
                                        "c_y[",     "1",
                                        "2.5e",     "+",
                                        "-",        "^",
                                        "==",       "||",
                                        " ",        "label a\n",
                                        "next x\n", "sqrt(",
                                        ",",        "%",
                                        "!",        "elif ",
                                        "else ",    "q[",
                                        "max(",     ":%d",
                                        "}",        "{",
                                        "\t"};
    enum { NPIECE = sizeof piece / sizeof *piece, ROUNDS = 20000 };
    struct adele *sim = sim_new("lattice chain 3\n"
                                "model holstein t 1 g 1 k 1 mass 1");
    for (uint32_t k = 0; k < ROUNDS; k++) {
        struct text t = {0};
        for (int64_t j = 0; j < 12; j++) {
            double u = 0.5 * (sim_random(k, j) + 1);
            text_add(&t, piece[(int)(u * NPIECE)]);
        }
        int status = adele_command(sim, t.s);
        if (status)
            assert_true(strlen(adele_error(sim)) > 0);
        assert_null(sim->command);
        text_free(&t);
    }
    sim_free(sim);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_of_several_lines),
        cmocka_unit_test(usable_after_errors),
        cmocka_unit_test(quit_is_no_error),
        cmocka_unit_test(two_simulations),
        cmocka_unit_test(interrupt_stops_a_text),
        cmocka_unit_test(control_table),
        cmocka_unit_test(noise),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

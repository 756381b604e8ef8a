/* Variables: what each style is worth, redefinition, -var, next, circles. */

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "adele.h"
#include "base/file.h"
#include "base/mem.h"
#include "expr/variable.h"
#include "process.h"
#include "sim.h"

static void assert_text(struct adele *sim, const char *name,
                        const char *expected)
{
    struct text t = {0};
    if (variable_string(sim, name, NULL, &t))
        fail_msg("%s: %s", name, adele_error(sim));
    assert_string_equal(t.s ? t.s : "", expected);
    text_free(&t);
}

static void assert_fails(struct adele *sim, const char *deck,
                         const char *expected)
{
    if (!adele_command(sim, deck))
        fail_msg("accepted: %s", deck);
    if (!strstr(adele_error(sim), expected))
        fail_msg("%s\nexpected '%s' in\n%s", deck, expected, adele_error(sim));
}

static void text_of_each_style(void **state)
{
    (void)state;
    setenv("ADELE_TEST_WORD", "from outside", 1);
    struct adele *sim = sim_new("variable i index one two three\n"
                                "variable l loop 3\n"
                                "variable m loop 5 7\n"
                                "variable p loop 8 110 pad\n"
                                "variable w world here\n"
                                "variable u universe a b\n"
                                "variable v uloop 4\n"
                                "variable s string \"two words\"\n"
                                "variable g getenv ADELE_TEST_WORD\n"
                                "variable none getenv ADELE_TEST_NOTHING\n"
                                "variable e equal 2/3\n"
                                "variable k equal 4/2\n"
                                "variable f format e %%.3f\n"
                                "variable z format k %%04d\n"
                                "variable x internal 2.5\n"
                                "variable t timer\n"
                                "variable vec vector [1,2.5]\n");
    assert_text(sim, "i", "one");
    assert_text(sim, "l", "1");
    assert_text(sim, "m", "5");
    assert_text(sim, "p", "008");
    assert_text(sim, "w", "here");
    assert_text(sim, "u", "a");
    assert_text(sim, "v", "1");
    assert_text(sim, "s", "two words");
    assert_text(sim, "g", "from outside");
    assert_text(sim, "none", "");
    assert_text(sim, "e", "0.666666666666667"); /* 15 digits */
    assert_text(sim, "k", "2");                 /* no decimal point */
    assert_text(sim, "f", "0.667");
    assert_text(sim, "z", "0002");
    assert_text(sim, "x", "2.5");
    assert_text(sim, "vec", "[1,2.5]");
    setenv("ADELE_TEST_WORD", "later", 1); /* read when it is used */
    assert_text(sim, "g", "later");
    assert_int_equal(variable_set_internal(sim, "x", -1e300), 0);
    assert_text(sim, "x", "-1e+300");
    double seconds = 0;
    assert_int_equal(variable_scalar(sim, "t", NULL, &seconds), 0);
    assert_true(seconds > 0);
    sim_free(sim);
}

static void integers_have_no_point(void **state)
{
    (void)state;
    static const char *const p[][2] = {
        {"1e6", "1000000"},    {"123456789012345", "123456789012345"},
        {"1e15", "1e+15"},     {"-3", "-3"},
        {"0.1+0.2", "0.3"},    {"1/3", "0.333333333333333"},
        {"2^10", "1024"},      {"1e-5", "1e-05"},
        {"100000*3", "300000"}};
    struct adele *sim = sim_new(" ");
    for (size_t k = 0; k < sizeof p / sizeof *p; k++) {
        sim_run(sim, "variable x equal %s", p[k][0]);
        assert_text(sim, "x", p[k][1]);
    }
    sim_free(sim);
}

/* The first definition of a list stays; the last of everything else. */
static void second_definitions(void **state)
{
    (void)state;
    struct adele *sim = sim_new("variable i index a b\nvariable i index c\n"
                                "variable l loop 2\nvariable l loop 5 9\n"
                                "variable u universe a\nvariable u universe z\n"
                                "variable w world a\nvariable w world z\n"
                                "variable o uloop 3\nvariable o uloop 9\n"
                                "variable s string a\nvariable s string b\n"
                                "variable e equal 1\nvariable e equal 2\n"
                                "variable n internal 1\nvariable n internal 2\n"
                                "variable v vector 1\nvariable v vector 2\n");
    assert_text(sim, "i", "a");
    assert_text(sim, "l", "1");
    assert_text(sim, "u", "a");
    assert_text(sim, "w", "a");
    assert_text(sim, "o", "1");
    assert_text(sim, "s", "b");
    assert_text(sim, "e", "2");
    assert_text(sim, "n", "2");
    assert_text(sim, "v", "[2]");
    assert_fails(sim, "variable i equal 3",
                 "variable i exists with style index");
    assert_text(sim, "i", "a");
    sim_run(sim, "variable i delete\nvariable i equal 3\nvariable no delete");
    assert_text(sim, "i", "3");
    assert_false(variable_exists(sim, "no"));
    sim_free(sim);
}

static void override(void **state)
{
    (void)state;
    struct adele *sim = sim_new(" ");
    assert_int_equal(
        variable_override(sim, "T", 2, (const char *const[]){"0.1", "0.2"}), 0);
    sim_run(sim, "variable T index 7\nvariable free index 1");
    assert_text(sim, "T", "0.1");
    sim_run(sim, "next T");
    assert_text(sim, "T", "0.2");
    assert_fails(sim, "variable T equal 3",
                 "variable T was set by -var, which overrides an index "
                 "variable; the deck defines it with style equal");
    assert_int_not_equal(
        variable_override(sim, "a-b", 1, (const char *const[]){"1"}), 0);
    sim_free(sim);
}

static void next_goes_through(void **state)
{
    (void)state;
    struct adele *sim = sim_new("variable i index a b c\n"
                                "variable j index x y z\n"
                                "variable l loop 2 3\n"
                                "next i j\n");
    assert_text(sim, "i", "b");
    assert_text(sim, "j", "y");
    sim_run(sim, "next l");
    assert_text(sim, "l", "3");
    sim_run(sim, "next l");
    assert_false(variable_exists(sim, "l")); /* exhausted: gone */
    sim_run(sim, "variable l loop 9\nnext i j\nnext i j");
    assert_text(sim, "l", "1");
    assert_false(variable_exists(sim, "i") || variable_exists(sim, "j"));
    sim_run(sim, "variable k index a\nvariable l delete\nvariable l loop 3");
    assert_fails(sim, "next k l",
                 "must have one style, found k (index) and l "
                 "(loop)");
    assert_text(sim, "k", "a");
    assert_text(sim, "l", "1");
    assert_fails(sim, "next l l", "l is named twice");
    sim_free(sim);
}

static void lines_of_a_file(void **state)
{
    (void)state;
    char *folder = folder_new(), path[1024];
    snprintf(path, sizeof path, "%s/list", folder);
    int error;
    struct file *f = file_open(path, FILE_WRITE, &error);
    file_printf(f, "# head\n\n  first line # why\r\n3.5\n4\nlast");
    assert_int_equal(file_close(f), 0);
    struct adele *sim = sim_new("variable f file %s", path);
    assert_text(sim, "f", "first line");
    double value;
    sim_run(sim, "next f\nvariable a equal next(f)*10");
    assert_int_equal(variable_scalar(sim, "a", NULL, &value), 0);
    assert_true(value == 35);
    assert_int_equal(variable_scalar(sim, "a", NULL, &value), 0);
    assert_true(value == 40);
    assert_text(sim, "f", "last");
    assert_fails(sim, "print $(next(f))", "expected a number, found 'last'");
    sim_run(sim, "next f");
    assert_false(variable_exists(sim, "f"));
    sim_free(sim);
    folder_remove(folder);
}

static void circles(void **state)
{
    (void)state;
    struct adele *sim = sim_new("variable a equal v_b+1\n"
                                "variable b equal 2*v_c\n"
                                "variable c equal v_a\n"
                                "variable v vector v_w\n"
                                "variable w vector v_v*2\n"
                                "variable d equal v_d\n");
    assert_fails(sim, "print ${a}", "variable a: circular reference");
    assert_fails(sim, "print ${d}", "variable d: circular reference");
    assert_fails(sim, "print $(sum(v_v))", "variable v: circular reference");
    sim_run(sim, "variable f format a %%.2f");
    assert_fails(sim, "print ${f}", "circular reference");
    sim_run(sim, "variable c equal 5"); /* the circle is gone, nothing sticks */
    assert_text(sim, "a", "11");
    assert_text(sim, "f", "11.00");
    sim_free(sim);
}

/* The error of a formula names the innermost variable and its line. */
static void errors_name_the_variable(void **state)
{
    (void)state;
    struct adele *sim = sim_new(" ");
    assert_fails(sim,
                 "variable a equal 1/v_b\nvariable b equal 0\n"
                 "variable c equal v_a\nprint ${c}",
                 "(command):1:19: variable a: division by zero\n"
                 "  variable a equal 1/v_b\n"
                 "                    ^\n");
    assert_fails(sim,
                 "variable s string word\nvariable t equal v_s+1\n"
                 "print ${t}",
                 "variable s: expected a number, found 'word'");
    sim_free(sim);
}

/* A chain of 900 variables and 20000 variables in the table. */
static void many_variables(void **state)
{
    (void)state;
    struct adele *sim = sim_new("variable c0 equal 1");
    for (int k = 1; k < 900; k++)
        sim_run(sim, "variable c%d equal v_c%d+1", k, k - 1);
    assert_text(sim, "c899", "900");
    for (int k = 900; k < 1200; k++)
        sim_run(sim, "variable c%d equal v_c%d+1", k, k - 1);
    assert_fails(sim, "print ${c1199}", "nested more than 1000 deep");
    for (int k = 0; k < 20000; k++)
        sim_run(sim, "variable n%d index %d", k, k);
    assert_text(sim, "n0", "0");
    assert_text(sim, "n12345", "12345");
    assert_text(sim, "n19999", "19999");
    struct text t = {0};
    variables_describe(sim, &t);
    assert_non_null(strstr(t.s, "n19999"));
    assert_non_null(strstr(t.s, "v_c898+1"));
    text_free(&t);
    sim_free(sim);
}

static void refused(void **state)
{
    (void)state;
    static const char *const p[][2] = {
        {"variable a-b index 1",
         "letters, digits and underscores, found 'a-b'"},
        {"variable x indx 1",
         "unknown variable style 'indx'; did you mean 'index'?"},
        {"variable x index", "expected `index VALUE ..`, found nothing more"},
        {"variable x loop", "expected `loop N [pad] or loop N1 N2 [pad]`"},
        {"variable x loop a", "expected a loop bound"},
        {"variable x loop -1", "expected a loop bound"},
        {"variable x loop 1 2 3", "found '3' as well"},
        {"variable x loop 99999999999999999999", "expected a loop bound"},
        {"variable x uloop 1 2", "found '2' as well"},
        {"variable x loop 0", "a loop from 1 to 0 has no values"},
        {"variable x world a b", "one value for the one partition"},
        {"variable x string a b", "found 'b' as well"},
        {"variable x file /nonexistent/file", "cannot read"},
        {"variable x file /dev/null", "has no line with a value"},
        {"variable x format", "expected `format VARIABLE %FORMAT`"},
        {"variable x format nope %.3f", "unknown variable 'nope'"},
        {"variable x format nope %s", "a format ends with one of e f g d i x"},
        {"variable x format nope %.3f%.3f", "one conversion and nothing else"},
        {"variable x format nope %.99999999f",
         "precision must be at most 1000"},
        {"variable x equal 1+", "found its end"},
        {"variable x equal 1 + 2", "put a formula with blanks in quotes"},
        {"variable x equal", "expected `equal FORMULA`, found nothing more"},
        {"variable x timer 3", "found '3' as well"},
        {"variable x internal a", "expected a number, found 'a'"},
        {"variable x internal nan", "expected a number, found 'nan'"},
        {"variable x delete now", "'now' is left over"},
        {"variable x python f", "unknown variable style 'python'"},
        {"next nope", "unknown variable 'nope'"},
        {"next", "expected `next NAME ..`"}};
    struct adele *sim = sim_new(" ");
    for (size_t k = 0; k < sizeof p / sizeof *p; k++) {
        assert_fails(sim, p[k][0], p[k][1]);
        assert_false(variable_exists(sim, "x"));
    }
    sim_run(sim, "variable s string a\nvariable x equal 5");
    assert_fails(sim, "next s", "found s (string)");
    assert_fails(sim, "variable x equal 1+", "found its end");
    assert_text(sim, "x", "5"); /* a failed redefinition changes nothing */
    sim_free(sim);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_of_each_style),
        cmocka_unit_test(integers_have_no_point),
        cmocka_unit_test(second_definitions),
        cmocka_unit_test(override),
        cmocka_unit_test(next_goes_through),
        cmocka_unit_test(lines_of_a_file),
        cmocka_unit_test(circles),
        cmocka_unit_test(errors_name_the_variable),
        cmocka_unit_test(many_variables),
        cmocka_unit_test(refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

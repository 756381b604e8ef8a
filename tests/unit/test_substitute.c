/* Joining and substitution: the text that a command reads, and the place in
   the file that each of its characters leads back to. */

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "adele.h"
#include "base/mem.h"
#include "expr/number.h"
#include "expr/substitute.h"
#include "sim.h"

static struct adele *sample(void)
{
    return sim_new("variable x index 5\n"
                   "variable name string value\n"
                   "variable long string \"two words\"\n"
                   "variable a1 index ONE\n"
                   "variable i index 1\n"
                   "variable third equal 1/3\n");
}

static struct line *substituted(struct adele *sim, const char *raw)
{
    struct line *line = line_new("in.test", 1, raw);
    assert_non_null(line);
    error_clear(sim);
    if (substitute_line(sim, line))
        fail_msg("%s: %s", raw, adele_error(sim));
    return line;
}

static void reads(void **state)
{
    (void)state;
    static const char *const p[][2] = {
        {"run 100", "run 100"},
        {"run $x", "run 5"},
        {"run ${x}00", "run 500"},
        {"run $x$x", "run 55"},
        {"run $x_", "run 5_"},
        {"dump ${name}.$x.txt", "dump value.5.txt"},
        {"print ${long}", "print two words"},
        {"run $(2*3)", "run 6"},
        {"run $( 2 * (3 + 1) )", "run 8"},
        {"print $(1/3)", "print 0.33333333333333331483"},
        {"print ${third}", "print 0.333333333333333"},
        {"print $(1/3:%.3f)", "print 0.333"},
        {"print $(1/3:%10.2e)|", "print   3.33e-01|"},
        {"print $(v_x^2:%04d)", "print 0025"},
        {"print ${a${i}}", "print ONE"},
        {"print $($x+1)", "print 6"},
        {"print $(${x}*$(1+1))", "print 10"},
        /* nothing inside quotes */
        {"print \"$x\"", "print \"$x\""},
        {"print '$x' $x", "print '$x' 5"},
        {"print \"\"\"$x \"$x\" \"\"\" $x", "print \"\"\"$x \"$x\" \"\"\" 5"},
        /* a quote inside a word is a plain character */
        {"print don't $x", "print don't 5"},
        {"print a\"$x\"", "print a\"5\""},
        /* comments */
        {"run 100 # $nope", "run 100 "},
        {"# all of it", ""},
        {"run 100# glued", "run 100"},
        {"print \"# kept\" # not", "print \"# kept\" "},
        {"print ${long}#5", "print two words"},
        /* continuation */
        {"run &\n100", "run 100"},
        {"run 1&\n00", "run 100"},
        {"run &  \n  &\n 100", "run    100"},
        {"run &\r\n100\r", "run 100"},
        {"print \"a &\nb\"", "print \"a b\""},
        {"run $&\nx", "run 5"},
        {"# a comment &\nrun 100", ""},
        {"run 100 # why &\n 200", "run 100 "},
        {"print \"\"\"a\nb\"\"\"", "print \"\"\"a\nb\"\"\""},
        {"print \"\"\"a &\nb\"\"\"", "print \"\"\"a b\"\"\""},
        {"print \"\"\"a\r\nb\"\"\"", "print \"\"\"a\nb\"\"\""},
        {"print \"\"\"# a\n# b\"\"\"", "print \"\"\"# a\n# b\"\"\""}};
    struct adele *sim = sample();
    for (size_t k = 0; k < sizeof p / sizeof *p; k++) {
        struct line *line = substituted(sim, p[k][0]);
        assert_string_equal(line->text, p[k][1]);
        line_release(line);
    }
    sim_free(sim);
}

/* Characters of the file lead to themselves, those of a value to its $. */
static void origins(void **state)
{
    (void)state;
    struct adele *sim = sample();
    struct line *line = substituted(sim, "a ${name} &\n  $x b");
    assert_string_equal(line->text, "a value   5 b");
    static const size_t expected[] = {0, 1,  2,  2,  2,  2,  2,
                                      9, 12, 13, 14, 16, 17, 18};
    for (size_t k = 0; k < sizeof expected / sizeof *expected; k++)
        assert_int_equal(line->origin[k], expected[k]);
    assert_true(line->substituted);
    line_release(line);
    line = substituted(sim, "plain & \n text");
    assert_false(line->substituted);
    line_release(line);
    sim_free(sim);
}

static void quoted_texts(void **state)
{
    (void)state;
    static const char *const p[][2] = {{"x=$x", "x=5"},
                                       {"'$x' \"${name}\"", "'5' \"value\""},
                                       {"$(v_x*2) # kept", "10 # kept"},
                                       {"", ""},
                                       {"no dollar", "no dollar"}};
    struct adele *sim = sample();
    for (size_t k = 0; k < sizeof p / sizeof *p; k++) {
        struct text out = {0};
        assert_int_equal(substitute_text(sim, p[k][0], NULL, &out), 0);
        assert_string_equal(out.s, p[k][1]);
        text_free(&out);
    }
    sim_free(sim);
}

static void faults(void **state)
{
    (void)state;
    static const struct {
        const char *raw, *error;
    } p[] = {
        {"run $nope", "in.test:1:5: unknown variable 'n': $nope means ${n} "
                      "followed by 'ope'; write ${nope} for the variable "
                      "'nope'\n"},
        {"run $n", "in.test:1:5: unknown variable 'n'"},
        {"run ${nam}", "in.test:1:5: unknown variable 'nam'; did you mean "
                       "'name'?\n"},
        {"run ${x", "in.test:1:5: ${ without its closing }\n"},
        {"run $(1+(2)", "in.test:1:5: $( without its closing )\n"},
        {"run $", "in.test:1:5: expected a variable after $"},
        {"run $ x", "in.test:1:5: expected a variable after $"},
        {"run ${}", "in.test:1:5: expected a variable name inside ${}"},
        {"run $()", "in.test:1:7: expected a formula, found nothing"},
        {"run $(1/0)", "in.test:1:8: division by zero\n"
                       "  run $(1/0)\n"
                       "         ^\n"},
        {"run &\n  $(2 + foo)", "in.test:2:9: unknown name 'foo'"},
        {"run $(1/($x-5))", "in.test:1:8: division by zero\n"
                            "  run $(1/($x-5))\n"
                            "         ^\n"
                            "  which reads: 1/(5-5)\n"},
        {"run $(1:%s)", "in.test:1:9: format '%s': a format ends with one of"},
        {"run $(1:%d%d)", "one conversion and nothing else"}};
    struct adele *sim = sample();
    for (size_t k = 0; k < sizeof p / sizeof *p; k++) {
        struct line *line = line_new("in.test", 1, p[k].raw);
        error_clear(sim);
        assert_int_not_equal(substitute_line(sim, line), 0);
        if (!strstr(adele_error(sim), p[k].error))
            fail_msg("%s\nexpected '%s' in\n%s", p[k].raw, p[k].error,
                     adele_error(sim));
        line_release(line);
    }
    sim_free(sim);
}

/* Lines of a megabyte, and brackets nested 10^4 deep (refused, not fatal). */
static void no_limits(void **state)
{
    (void)state;
    enum { N = 200000 };
    struct adele *sim = sample();
    struct text raw = {0};
    text_add(&raw, "print ");
    for (int k = 0; k < N; k++)
        text_add(&raw, "${x} ");
    struct line *line = substituted(sim, raw.s);
    assert_int_equal(strlen(line->text), 6 + 2 * N);
    line_release(line);
    text_clear(&raw);
    for (int k = 0; k < 10000; k++)
        text_add(&raw, "$(");
    text_add(&raw, "1");
    for (int k = 0; k < 10000; k++)
        text_addc(&raw, ')');
    line = line_new("in.test", 1, raw.s);
    error_clear(sim);
    assert_int_not_equal(substitute_line(sim, line), 0);
    assert_non_null(strstr(adele_error(sim), "nested more than 200 deep"));
    line_release(line);
    text_free(&raw);
    sim_free(sim);
}

static void formats(void **state)
{
    (void)state;
    static const struct {
        const char *format;
        double value;
        const char *text;
    } p[] = {{"%.3f", 2.0 / 3, "0.667"},
             {"%g", 1e10, "1e+10"},
             {"%12.4e", -1, " -1.0000e+00"},
             {"%-6.1f", 1, "1.0   "},
             {"%+d", 3, "+3"},
             {"%06d", 42, "000042"},
             {"%d", 2.6, "3"},
             {"%i", -2.6, "-3"},
             {"%x", 255, "ff"},
             {"%d", 1e300, "1e+300"},
             {"%.20g", 0.1, "0.10000000000000000555"}};
    for (size_t k = 0; k < sizeof p / sizeof *p; k++) {
        struct text out = {0};
        assert_null(number_format_fault(p[k].format));
        number_print(&out, p[k].format, p[k].value);
        assert_string_equal(out.s, p[k].text);
        text_free(&out);
    }
    static const char *const bad[] = {
        "",      "f",  "%",   "%s",   "%n",     "%5",   "%ld",     "%f ",
        "%.f.f", "%%", "%*d", "%1$f", "%1001f", "%hhd", "%.2000g", "% s"};
    for (size_t k = 0; k < sizeof bad / sizeof *bad; k++)
        assert_non_null(number_format_fault(bad[k]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads),        cmocka_unit_test(origins),
        cmocka_unit_test(quoted_texts), cmocka_unit_test(faults),
        cmocka_unit_test(no_limits),    cmocka_unit_test(formats),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

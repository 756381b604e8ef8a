/* Strings, numbers and nearest words. */

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

static void strings_grow(void **state)
{
    (void)state;
    struct text t = {0};
    for (int k = 0; k < 10000; k++)
        text_addf(&t, "%d,", k % 10);
    assert_false(t.failed);
    assert_int_equal(t.length, 20000);
    assert_int_equal(strlen(t.s), 20000);
    assert_memory_equal(t.s + 19990, "5,6,7,8,9,", 10);
    text_clear(&t);
    assert_string_equal(t.s, "");
    text_add(&t, "ab");
    text_addc(&t, 'c');
    text_addn(&t, "defg", 2);
    text_add(&t, "");
    assert_string_equal(t.s, "abcde");
    text_free(&t);
    assert_null(t.s);
    text_add(&t, "");
    assert_string_equal(t.s, ""); /* even nothing gives a string */
    text_free(&t);
}

static void numbers_are_whole_words(void **state)
{
    (void)state;
    static const struct {
        const char *s;
        double v;
    } good[] = {{"1", 1},         {"-2.5e3", -2500},
                {"+.5", 0.5},     {"3.", 3},
                {"1E-2", 0.01},   {"007", 7},
                {"1e308", 1e308}, {"1e-400", 0},
                {"-0", 0},        {"4.9e-324", 4.9e-324}};
    static const char *const bad[] = {
        "",     " 1",    "1 ",  "1x",  "nan",   "inf",    "-inf", "infinity",
        "0x10", "1e",    "e5",  ".",   "+",     "-",      "1e+",  "1e309",
        "--1",  "1.2.3", "1,5", "1d5", "1_000", "NaN(1)", "\t1",  "1e99999"};
    for (size_t k = 0; k < sizeof good / sizeof *good; k++) {
        double v = 42;
        assert_true(text_number(good[k].s, &v));
        assert_true(v == good[k].v);
    }
    for (size_t k = 0; k < sizeof bad / sizeof *bad; k++) {
        double v = 42;
        assert_false(text_number(bad[k], &v));
        assert_true(v == 42); /* untouched */
    }
}

static void integers_do_not_overflow(void **state)
{
    (void)state;
    int64_t v;
    assert_true(text_integer("9223372036854775807", &v) && v == INT64_MAX);
    assert_true(text_integer("-9223372036854775808", &v) && v == INT64_MIN);
    assert_true(text_integer("+12", &v) && v == 12);
    v = 42;
    static const char *const bad[] = {
        "9223372036854775808", "", "-", "1.0", "1e3", " 1", "1 ", "0x1", "--1"};
    for (size_t k = 0; k < sizeof bad / sizeof *bad; k++)
        assert_false(text_integer(bad[k], &v));
    assert_int_equal(v, 42);
}

static void slips_find_their_word(void **state)
{
    (void)state;
    static const char *const name[] = {"langevin", "nve",   "brownian",
                                       "ave/time", "print", "halt"};
    const size_t n = sizeof name / sizeof *name;
    assert_string_equal(text_nearest("langevn", name, n), "langevin");
    assert_string_equal(text_nearest("lnagevin", name, n), "langevin");
    assert_string_equal(text_nearest("Langevin", name, n), "langevin");
    assert_string_equal(text_nearest("nev", name, n), "nve");
    assert_string_equal(text_nearest("ave_time", name, n), "ave/time");
    assert_string_equal(text_nearest("prnt", name, n), "print");
    assert_null(text_nearest("thermostat", name, n));
    assert_null(text_nearest("x", name, n));
    assert_null(text_nearest("", name, n));
    assert_null(text_nearest("nve", name, 0));
    char longest[200];
    memset(longest, 'a', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    assert_null(text_nearest(longest, name, n));
    /* One letter may be anything: no guess. */
    static const char *const one[] = {"a", "b"};
    assert_null(text_nearest("c", one, 2));
}

static void sizes_and_times_read_well(void **state)
{
    (void)state;
    char b[16], c[24];
    assert_string_equal(text_bytes(b, 0), "0 bytes");
    assert_string_equal(text_bytes(b, 640), "640 bytes");
    assert_string_equal(text_bytes(b, 1536), "1.5 KiB");
    assert_string_equal(text_bytes(b, 12.0 * 1024 * 1024), "12 MiB");
    assert_string_equal(text_bytes(b, 1.5 * 1024 * 1024 * 1024), "1.5 GiB");
    assert_string_equal(text_bytes(b, 8e12), "7.3 TiB");
    assert_string_equal(text_bytes(b, 1024 * 1024 - 1), "1 MiB");
    assert_true(strlen(text_bytes(b, 1e300)) < 16);
    assert_string_equal(text_clock(c, 0), "0:00:00");
    assert_string_equal(text_clock(c, 59.6), "0:01:00");
    assert_string_equal(text_clock(c, 3725), "1:02:05");
    assert_string_equal(text_clock(c, 360000), "100:00:00");
    assert_string_equal(text_clock(c, -5), "0:00:00");
    assert_string_equal(text_clock(c, NAN), "-:--:--");
    assert_true(strlen(text_clock(c, 9e14)) < 24);
    assert_string_equal(text_clock(c, INFINITY), "-:--:--");
}

static void numbers_read_back(void **state)
{
    const double number[] = {0,    0.1,    -2.5,  1.0 / 3,  2.67857142857142857,
                             1e22, 5e-324, -1e-7, 0.1 + 0.2};
    const char *shortest[] = {"0", "0.1", "-2.5"};
    (void)state;
    for (size_t i = 0; i < sizeof number / sizeof *number; i++) {
        struct text t = {0};
        text_add_number(&t, number[i]);
        assert_true(strtod(t.s, NULL) == number[i]);
        if (i < 3)
            assert_string_equal(t.s, shortest[i]);
        text_free(&t);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(strings_grow),
        cmocka_unit_test(numbers_are_whole_words),
        cmocka_unit_test(integers_do_not_overflow),
        cmocka_unit_test(slips_find_their_word),
        cmocka_unit_test(numbers_read_back),
        cmocka_unit_test(sizes_and_times_read_well),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Words of a line, their quotes and their places. */

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/words.h"

static struct words split(const char *text)
{
    struct words w;
    struct where bad;
    const char *why;
    struct line *line = line_new("in.test", 7, text);
    assert_non_null(line);
    assert_int_equal(words_split(line, &w, &bad, &why), 0);
    line_release(line); /* the words keep it */
    return w;
}

static void assert_words(const char *text, int n, const char *const *expected,
                         const char *quotes)
{
    struct words w = split(text);
    assert_int_equal(w.n, n);
    for (int k = 0; k < n; k++) {
        assert_string_equal(w.word[k].text, expected[k]);
        assert_int_equal(w.word[k].quote, quotes[k] == '.' ? 0 : quotes[k]);
    }
    words_free(&w);
}

static void blanks_separate(void **state)
{
    (void)state;
    assert_words("", 0, NULL, "");
    assert_words(" \t \r\n", 0, NULL, "");
    assert_words("  fix\t1 all\v nve \r\n", 4,
                 (const char *[]){"fix", "1", "all", "nve"}, "....");
}

static void quotes_are_removed(void **state)
{
    (void)state;
    assert_words(
        "print \"a  b\" 'c \"d\"' \"\"\"e \"f\" 'g'\nh\"\"\" ''", 5,
        (const char *[]){"print", "a  b", "c \"d\"", "e \"f\" 'g'\nh", ""},
        ".\"'3'");
    assert_words("don't a\"b", 2, (const char *[]){"don't", "a\"b"}, "..");
    assert_words("\"\" x", 2, (const char *[]){"", "x"}, "\".");
}

static void bad_quotes_are_told(void **state)
{
    (void)state;
    static const struct {
        const char *text, *why;
        size_t column, length;
    } bad_line[] = {
        {"print \"abc", "quote is not closed", 6, 4},
        {"print 'abc\" x", "quote is not closed", 6, 7},
        {"a \"\"\"b\"\" c", "triple quote is not closed", 2, 8},
        {"print \"abc\"def x", "closing quote must be followed by a blank", 6,
         5},
        {"\"", "quote is not closed", 0, 1},
    };
    for (size_t k = 0; k < sizeof bad_line / sizeof *bad_line; k++) {
        struct words w;
        struct where bad;
        const char *why;
        struct line *line = line_new("in.test", 1, bad_line[k].text);
        size_t before = mem_held();
        assert_int_equal(words_split(line, &w, &bad, &why), -1);
        assert_int_equal(mem_held(), before);
        assert_string_equal(why, bad_line[k].why);
        assert_ptr_equal(bad.line, line);
        assert_int_equal(bad.column, bad_line[k].column);
        assert_int_equal(bad.length, bad_line[k].length);
        assert_int_equal(w.n, 0);
        assert_int_equal(line->references, 1);
        line_release(line);
    }
}

/* The stretch of a word in the text is the word itself, quotes left out, so
   that an error inside a quoted formula can be pointed at. */
static void places_are_the_inside_of_words(void **state)
{
    (void)state;
    struct words w = split("if \"v_x > 2\" then 'jump SELF' \"\"");
    static const size_t column[] = {0, 4, 13, 19, 30};
    for (int k = 0; k < 4; k++) {
        struct where at = w.word[k].where;
        assert_int_equal(at.column, column[k]);
        assert_int_equal(at.length, strlen(w.word[k].text));
        assert_memory_equal(w.line->text + at.column, w.word[k].text,
                            at.length);
    }
    assert_int_equal(w.word[4].where.column, column[4]);
    assert_int_equal(w.word[4].where.length, 2);
    words_free(&w);
}

static void assert_place(struct line *line, size_t column, long row, size_t col)
{
    long r;
    size_t c;
    where_physical(&(struct where){line, column, 1}, &r, &c);
    assert_int_equal(r, row);
    assert_int_equal(c, col);
}

/* Joined from two physical lines, with a substituted value: every character
   is traced back to the line and column of the file. */
static void places_go_back_to_the_file(void **state)
{
    (void)state;
    struct line *line = line_new("in.test", 10, "fix 1 &\n  all $x nve\n");
    const char *joined = "fix 1   all 123 nve";
    const size_t origin[] = {0,  1,  2,  3,  4,  5,  8,  9,  10, 11,
                             12, 13, 14, 14, 14, 16, 17, 18, 19, 20};
    mem_free(line->text);
    mem_free(line->origin);
    line->text = mem_strdup(joined);
    line->origin = mem_alloc(sizeof origin, 1);
    memcpy(line->origin, origin, sizeof origin);
    assert_place(line, 0, 10, 1);
    assert_place(line, 4, 10, 5);
    assert_place(line, 8, 11, 3);   /* all */
    assert_place(line, 12, 11, 7);  /* 1 of 123: the $ */
    assert_place(line, 14, 11, 7);  /* 3 of 123: the same */
    assert_place(line, 16, 11, 10); /* nve */
    assert_place(line, 19, 11, 13); /* the end */
    assert_place(line, 999, 11, 13);
    line_release(line);
    assert_place(NULL, 3, 0, 0);
}

static void lines_are_counted(void **state)
{
    (void)state;
    size_t before = mem_held();
    struct words w = split("a b c");
    struct where kept = where_hold(w.word[1].where);
    struct words tail = words_from(&w, 1), none = words_from(&w, 9);
    assert_int_equal(tail.n, 2);
    assert_string_equal(tail.word[0].text, "b");
    assert_int_equal(none.n, 0);
    words_free(&w);
    assert_int_equal(kept.line->references, 1);
    assert_string_equal(kept.line->file, "in.test");
    where_release(&kept);
    assert_null(kept.line);
    where_release(&kept); /* nothing left to release */
    assert_int_equal(mem_held(), before);
}

static void long_lines_have_no_limit(void **state)
{
    (void)state;
    enum { WORDS = 100000 };
    char *text = malloc(WORDS * 3 + 1);
    assert_non_null(text);
    for (int k = 0; k < WORDS; k++)
        memcpy(text + 3 * k, "ab ", 4);
    struct words w = split(text);
    assert_int_equal(w.n, WORDS);
    assert_int_equal(w.word[WORDS - 1].where.column, 3 * (WORDS - 1));
    words_free(&w);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blanks_separate),
        cmocka_unit_test(quotes_are_removed),
        cmocka_unit_test(bad_quotes_are_told),
        cmocka_unit_test(places_are_the_inside_of_words),
        cmocka_unit_test(places_go_back_to_the_file),
        cmocka_unit_test(lines_are_counted),
        cmocka_unit_test(long_lines_have_no_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Argument tables: what they accept, what they say, what they release. */

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "adele.h"
#include "base/mem.h"
#include "plug/args.h"
#include "plug/registry.h"
#include "plug/value.h"

struct sample {
    struct instance head;
    double x;
    int64_t n;
    struct value t;
    bool tally, verbose;
    char *file;
    struct arg_list columns;
    struct arg_numbers range;
    int mode, scheme;
    double lo, hi, sigma;
};

static const struct arg uniform_args[] = {
    {ARG_NUMBER, "LO", AT(struct sample, lo), .doc = "least"},
    {ARG_NUMBER, "HI", AT(struct sample, hi), .doc = "most"},
    {0}};
static const struct arg gaussian_args[] = {
    {ARG_NUMBER, "SIGMA", AT(struct sample, sigma), .nonnegative = true}, {0}};
static const struct arg_case modes[] = {{"uniform", uniform_args, "flat"},
                                        {"gaussian", gaussian_args, "normal"},
                                        {0}};
static const char *const schemes[] = {"euler", "lm", NULL};

static const struct arg table[] = {
    {ARG_ONEOF, "KIND", AT(struct sample, mode), .cases = modes},
    {ARG_NUMBER, "x", AT(struct sample, x), .positive = true},
    {ARG_INT, "n", AT(struct sample, n), .bounded = true, .min = 0, .max = 10},
    {ARG_VALUE, "T", AT(struct sample, t), .def = "0.5"},
    {ARG_BOOL, "tally", AT(struct sample, tally), .key = true, .def = "no"},
    {ARG_FLAG, "verbose", AT(struct sample, verbose), .key = true},
    {ARG_FILE, "file", AT(struct sample, file), .key = true},
    {ARG_LIST, "columns", AT(struct sample, columns), .key = true},
    {ARG_NUMBERS, "range", AT(struct sample, range), .key = true, .count = 2},
    {ARG_CHOICE, "scheme", AT(struct sample, scheme), .key = true,
     .choice = schemes, .def = "lm"},
    {0}};

/* Parses one line of text into s; the error stays in the context. */
static int parse(struct adele *ctx, const char *text, struct sample *s)
{
    struct line *line = line_new("in.test", 7, text);
    struct words words = {0};
    struct where bad;
    const char *why;
    int status;

    error_clear(ctx);
    memset(s, 0, sizeof *s);
    assert_int_equal(words_split(line, &words, &bad, &why), 0);
    status = args_parse(ctx, table, "sample", &words, s);
    words_free(&words);
    line_release(line);
    return status;
}

static void accepts_all_kinds(void **state)
{
    struct adele *ctx = *state;
    struct sample s;

    assert_int_equal(parse(ctx,
                           "uniform -1 2.5 3e-2 7 v_ramp tally yes verbose "
                           "file out.txt columns id q c_phi range -1 1 "
                           "scheme euler",
                           &s),
                     0);
    assert_int_equal(s.mode, 0);
    assert_true(s.lo == -1 && s.hi == 2.5 && s.x == 3e-2 && s.n == 7);
    assert_true(s.t.is_reference);
    assert_string_equal(s.t.ref.name, "ramp");
    assert_true(s.tally && s.verbose && s.scheme == 0);
    assert_string_equal(s.file, "out.txt");
    assert_int_equal(s.columns.n, 3);
    assert_string_equal(s.columns.word[2].text, "c_phi");
    assert_true(s.range.n == 2 && s.range.value[0] == -1);
    args_free(ctx, table, &s);
}

static void applies_defaults(void **state)
{
    struct adele *ctx = *state;
    struct sample s;

    assert_int_equal(parse(ctx, "gaussian 0.1 1 0", &s), 0);
    assert_true(!s.t.is_reference && s.t.number == 0.5);
    assert_true(!s.tally && !s.verbose && s.scheme == 1);
    args_free(ctx, table, &s);
    /* An optional positional gives way to a keyword. */
    assert_int_equal(parse(ctx, "gaussian 0.1 1 0 tally on", &s), 0);
    assert_true(s.t.number == 0.5 && s.tally);
    args_free(ctx, table, &s);
}

static void reads_pi(void **state)
{
    struct adele *ctx = *state;
    struct sample s;

    assert_int_equal(parse(ctx, "uniform -2*pi/3 pi/2 pi 1", &s), 0);
    assert_true(fabs(s.lo + 2 * M_PI / 3) < 1e-15);
    assert_true(fabs(s.hi - M_PI / 2) < 1e-15 && s.x == M_PI);
    args_free(ctx, table, &s);
}

static void words_its_errors(void **state)
{
    static const struct {
        const char *text, *message;
        size_t column;
    } cases[] = {
        {"uniform -1 2 -3 7", "sample: expected x (number > 0), found '-3'",
         14},
        {"uniform -1 2 nan 7", "sample: expected x (number > 0), found 'nan'",
         14},
        {"uniform -1 2 1e999 7",
         "sample: expected x (number > 0), found '1e999'", 14},
        {"uniform -1 2 1 11",
         "sample: expected n (integer from 0 to 10), found '11'", 16},
        {"uniform -1 2 1 2.5",
         "sample: expected n (integer from 0 to 10), found '2.5'", 16},
        {"uniform -1 2 1",
         "sample: expected n (integer from 0 to 10), found the end of the "
         "command",
         14},
        {"unifrm -1 2 1",
         "sample: unknown KIND 'unifrm'; did you mean 'uniform'?", 1},
        {"flat", "sample: expected KIND (uniform|gaussian), found 'flat'", 1},
        {"gaussian 0 1 1 2 taly yes",
         "sample: unknown keyword 'taly'; did you mean 'tally'?", 18},
        {"gaussian 0 1 1 2 99",
         "sample: unexpected '99'; keywords here: tally, verbose, file, "
         "columns, range, scheme",
         18},
        {"gaussian 0 1 1 tally maybe",
         "sample: expected tally (yes or no), found 'maybe'", 22},
        {"gaussian 0 1 1 tally yes tally no", "sample: tally is given twice",
         26},
        {"gaussian 0 1 1 scheme heun",
         "sample: expected scheme (euler|lm), found 'heun'", 23},
        {"gaussian 0 1 1 range 1",
         "sample: expected range (numbers), found the end of the command", 22},
        {"gaussian 0 1 1 hot",
         "sample: expected T (number, v_name, c_ID or f_ID), found 'hot'", 16},
    };
    struct adele *ctx = *state;

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct sample s;
        long number;
        size_t column;

        assert_int_equal(parse(ctx, cases[i].text, &s), ADELE_EDECK);
        assert_string_equal(ctx->error.message, cases[i].message);
        where_physical(&ctx->error.where, &number, &column);
        assert_int_equal(number, 7);
        assert_int_equal(column, cases[i].column);
        args_free(ctx, table, &s);
    }
    error_clear(ctx);
}

static void prints_usage(void **state)
{
    struct text t = {0};

    (void)state;
    args_syntax(table, &t);
    assert_string_equal(
        t.s, "{uniform LO HI | gaussian SIGMA} x n [T] [tally yes|no] "
             "[verbose] [file FILE] [columns word ...] [range X1 X2] "
             "[scheme euler|lm]");
    text_free(&t);
}

/* Each registered style can be explained and carries the right head. */
static void registry_is_whole(void **state)
{
    const char *kinds[32], *names[256];
    int nkind = registry_kinds(kinds, 32), total = 0;

    (void)state;
    for (int k = 0; k < nkind; k++) {
        int n = registry_names(kinds[k], names, 256);

        for (int i = 0; i < n; i++, total++) {
            const struct style *s = registry_find(NULL, kinds[k], names[i]);
            struct text t = {0};

            assert_non_null(s);
            assert_int_equal(s->abi, ADELE_ABI);
            assert_string_equal(s->kind, kinds[k]);
            assert_non_null(s->summary);
            assert_true(s->instance_size >= sizeof(struct instance));
            assert_true((s->save == NULL) == (s->load == NULL));
            style_help(s, &t);
            assert_non_null(strstr(t.s, s->name));
            text_free(&t);
            if (i > 0)
                assert_true(strcmp(names[i - 1], names[i]) < 0);
        }
    }
    assert_true(total > 40);
}

static void refuses_foreign_plugins(void **state)
{
    struct adele *ctx = *state;
    const struct style *nve = registry_find(ctx, "fix", "nve");
    struct style wrong = *nve;

    wrong.abi = ADELE_ABI + 1;
    assert_int_equal(registry_add(ctx, &wrong, NULL), ADELE_EDECK);
    assert_non_null(strstr(ctx->error.message, "interface 2"));
    error_clear(ctx);
    wrong = *nve;
    wrong.size -= 8;
    assert_int_equal(registry_add(ctx, &wrong, NULL), ADELE_EDECK);
    assert_non_null(strstr(ctx->error.message, "bytes"));
    error_clear(ctx);
    wrong = *nve;
    assert_int_equal(registry_add(ctx, &wrong, NULL), ADELE_EDECK);
    assert_string_equal(ctx->error.message,
                        "there is already a fix style 'nve'");
    error_clear(ctx);
}

static int new_context(void **state)
{
    *state = adele_new(NULL, NULL);
    return *state ? 0 : -1;
}

static int free_context(void **state)
{
    adele_free(*state);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(accepts_all_kinds),
        cmocka_unit_test(applies_defaults),
        cmocka_unit_test(reads_pi),
        cmocka_unit_test(words_its_errors),
        cmocka_unit_test(prints_usage),
        cmocka_unit_test(registry_is_whole),
        cmocka_unit_test(refuses_foreign_plugins),
    };

    return cmocka_run_group_tests(tests, new_context, free_context);
}

/* YAML configurations: values, words with places, and what is refused. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "adele.h"
#include "base/mem.h"
#include "plug/config.h"

#include "close.h"
#include "sim.h"

/* The whole message of the pending error. */
static void assert_message(struct adele *sim, const char *expected)
{
    struct text message = {0};
    error_format(sim, &message);
    assert_string_equal(message.s ? message.s : "", expected);
    text_free(&message);
    error_clear(sim);
}

static void refused(const char *text, const char *expected)
{
    struct adele *sim = sim_new("%s", "");
    assert_null(config_parse(sim, text, "train.yaml"));
    assert_message(sim, expected);
    sim_free(sim);
}

static void test_values(void **state)
{
    (void)state;
    static const char *const names[] = {"a", "b", NULL};
    struct adele *sim = sim_new("%s", "");
    struct config *c = config_parse(sim,
                                    "x: -1.5e-3\nn: 12\nflag: yes\nname: two "
                                    "words # no\nlist: [1, 2.5,\n  3]\n"
                                    "inner: {a: 1}\nkind: b\n",
                                    "t.yaml");
    assert_non_null(c);
    const struct config_node *root = config_root(c), *inner;
    double x, list[3];
    int64_t n;
    bool flag;
    const char *name;
    int kind;
    assert_int_equal(config_number(sim, root, "x", &x), 0);
    assert_close(x, -1.5e-3, 0);
    assert_int_equal(config_integer(sim, root, "n", &n), 0);
    assert_int_equal(n, 12);
    assert_int_equal(config_bool(sim, root, "flag", &flag), 0);
    assert_true(flag);
    assert_int_equal(config_text(sim, root, "name", &name), 0);
    assert_string_equal(name, "two words");
    assert_int_equal(config_numbers(sim, root, "list", list, 3), 0);
    assert_close(list[0] + 10 * list[1] + 100 * list[2], 326, 0);
    assert_int_equal(config_choice(sim, root, "kind", names, &kind), 0);
    assert_int_equal(kind, 1);
    assert_int_equal(config_need(sim, root, "inner", CONFIG_MAP, &inner), 0);
    assert_null(config_find(inner, "b"));
    config_free(c);
    sim_free(sim);
}

static void test_wrong_values(void **state)
{
    (void)state;
    struct adele *sim = sim_new("%s", "");
    struct config *c = config_parse(sim,
                                    "rate: fast\nlist:\n  - 1\n  - two\n"
                                    "inner: {epoch: 5}\n",
                                    "t.yaml");
    static const char *const names[] = {"epochs", "batch", NULL};
    const struct config_node *root = config_root(c);
    double x[3];
    config_number(sim, root, "rate", x);
    assert_message(sim, "ERROR: t.yaml:1:7: rate: expected a number, found "
                        "'fast'\n  rate: fast\n        ^~~~\n");
    config_numbers(sim, root, "list", x, 3);
    assert_message(sim, "ERROR: t.yaml:3:3: list: expected 3 numbers, found 2\n"
                        "    - 1\n    ^\n");
    config_numbers(sim, root, "list", x, 2);
    assert_message(sim, "ERROR: t.yaml:4:5: list: expected numbers, found "
                        "'two'\n    - two\n      ^~~\n");
    config_number(sim, root, "list", x);
    assert_message(sim, "ERROR: t.yaml:3:3: list: expected a value, found a "
                        "list\n    - 1\n    ^\n");
    config_number(sim, root, "seed", x);
    assert_message(sim, "ERROR: t.yaml:1:1: seed is missing\n  rate: fast\n"
                        "  ^\n");
    config_known(sim, config_find(root, "inner"), "train", names);
    assert_message(sim,
                   "ERROR: t.yaml:5:9: train: unknown key 'epoch'; did you "
                   "mean 'epochs'?\n  inner: {epoch: 5}\n"
                   "          ^~~~~\n");
    config_free(c);
    sim_free(sim);
}

static void test_refused(void **state)
{
    (void)state;
    refused("a: 1\nb: 2\na: 3\n",
            "ERROR: train.yaml:3:1: a is given twice\n  a: 3\n  ^\n");
    refused("a: &x 1\nb: *x\n",
            "ERROR: train.yaml:2:4: aliases are not read here: write the value "
            "out\n  b: *x\n     ^~\n");
    refused("a: [1, 2\nb: 3\n",
            "ERROR: train.yaml:2:2: not valid YAML: did not find expected ',' "
            "or ']' while parsing a flow sequence\n  b: 3\n   ^\n");
    refused("- 1\n- 2\n", "ERROR: train.yaml:1:1: expected keys and values, "
                          "as in `epochs: 500`\n  - 1\n  ^\n");
    refused("", "ERROR: train.yaml:1:1: expected keys and values, as in "
                "`epochs: 500`\n");
    refused("a: 1\nb: \xff\n", "ERROR: train.yaml:2:4: not a text file in "
                               "UTF-8: invalid leading UTF-8 octet\n  b: \xff\n"
                               "     ^\n");
}

/* A column counts bytes of the file although YAML counts characters. */
static void test_columns_of_utf8(void **state)
{
    (void)state;
    refused("n: [\xc3\xa9, {k: 1, k: 2}]\n",
            "ERROR: train.yaml:1:16: k is given twice\n"
            "  n: [\xc3\xa9, {k: 1, k: 2}]\n                ^\n");
}

static void test_words(void **state)
{
    (void)state;
    static const char *const text[] = {"mlp",  "widths",     "512", "256",
                                       "bias", "activation", "relu"};
    static const char quote[] = {0, 0, '"', '"', 0, 0, '"'};
    struct adele *sim = sim_new("%s", "");
    struct config *c = config_parse(
        sim,
        "network: {widths: [512, 256], style: mlp, bias: , activation: relu}\n"
        "descriptor: field\n",
        "t.yaml");
    struct words words;
    const struct config_node *root = config_root(c);
    assert_int_equal(
        config_words(sim, config_find(root, "network"), NULL, &words), 0);
    assert_int_equal(words.n, 7);
    for (int k = 0; k < 7; k++) {
        assert_string_equal(words.word[k].text, text[k]);
        assert_int_equal(words.word[k].quote, quote[k]);
    }
    assert_int_equal(words.word[2].where.column, 19);
    assert_int_equal(words.word[2].where.length, 3);
    struct text flow = {0};
    config_flow(&words, &flow);
    assert_string_equal(flow.s, "{style: mlp, widths: [512, 256], bias:, "
                                "activation: relu}");
    words_free(&words);
    assert_int_equal(
        config_words(sim, config_find(root, "descriptor"), NULL, &words), 0);
    assert_int_equal(words.n, 1);
    text_clear(&flow);
    config_flow(&words, &flow);
    assert_string_equal(flow.s, "field");
    words_free(&words);
    text_free(&flow);
    config_free(c);
    sim_free(sim);
}

/* What config_scalar writes is read back as the same text. */
static void test_scalar_round_trip(void **state)
{
    (void)state;
    static const char *const text[] = {
        "plain",       "two words", "-1.5e-3", "a: b",        "a #b",
        "#b",          "",          " x ",     "say \"x\"",   "line\nline",
        "back\\slash", "[a]",       "yes",     "caf\xc3\xa9", "a,b",
        "- x",         "null",      "x:",      "'q'",         "~"};
    struct adele *sim = sim_new("%s", "");
    for (size_t k = 0; k < sizeof text / sizeof *text; k++) {
        struct text t = {0};
        const char *got;
        text_add(&t, "list: [");
        config_scalar(text[k], &t);
        text_add(&t, "]\nkey: ");
        config_scalar(text[k], &t);
        text_add(&t, "\n");
        struct config *c = config_parse(sim, t.s, "t.yaml");
        assert_non_null(c);
        assert_int_equal(config_text(sim, config_root(c), "key", &got), 0);
        assert_string_equal(got, text[k]);
        assert_string_equal(config_find(config_root(c), "list")->item[0].text,
                            text[k]);
        config_free(c);
        text_free(&t);
    }
    sim_free(sim);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_wrong_values),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_columns_of_utf8),
        cmocka_unit_test(test_words),
        cmocka_unit_test(test_scalar_round_trip),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

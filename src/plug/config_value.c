/* Values of configuration trees, typed and as words: config.h. */

#include <string.h>

#include "base/mem.h"
#include "plug/config.h"

static const char *const kind_name[] = {"a value", "a list", "a map"};

const struct config_node *config_find(const struct config_node *map,
                                      const char *key)
{
    if (!map || map->kind != CONFIG_MAP)
        return NULL;
    for (int k = 0; k < map->n; k++) {
        if (!strcmp(map->key[k].text, key))
            return &map->item[k];
    }
    return NULL;
}

static bool listed(const char *const *names, const char *name)
{
    for (; names && *names; names++) {
        if (!strcmp(*names, name))
            return true;
    }
    return false;
}

int config_known(struct adele *ctx, const struct config_node *map,
                 const char *what, const char *const *names)
{
    size_t n = 0;
    while (names[n])
        n++;
    for (int k = 0; k < map->n; k++) {
        const struct word *key = &map->key[k];
        if (listed(names, key->text))
            continue;
        const char *near = text_nearest(key->text, names, n);
        struct text known = {0};
        if (near)
            text_addf(&known, "; did you mean '%s'?", near);
        else
            for (size_t i = 0; i < n; i++)
                text_addf(&known, "%s%s", i ? ", " : "; known: ", names[i]);
        err_deck(ctx, &key->where, "%s: unknown key '%s'%s", what, key->text,
                 known.s ? known.s : "");
        text_free(&known);
        return ctx->error.status;
    }
    return 0;
}

int config_need(struct adele *ctx, const struct config_node *map,
                const char *key, enum config_kind kind,
                const struct config_node **value)
{
    *value = config_find(map, key);
    if (!*value)
        return err_deck(ctx, &map->where, "%s is missing", key);
    if ((*value)->kind != kind)
        return err_deck(ctx, &(*value)->where, "%s: expected %s, found %s", key,
                        kind_name[kind], kind_name[(*value)->kind]);
    return 0;
}

int config_text(struct adele *ctx, const struct config_node *map,
                const char *key, const char **value)
{
    const struct config_node *node;
    if (config_need(ctx, map, key, CONFIG_SCALAR, &node))
        return ctx->error.status;
    *value = node->text;
    return 0;
}

static int fail_value(struct adele *ctx, const struct config_node *node,
                      const char *key, const char *wanted)
{
    return err_deck(ctx, &node->where, "%s: expected %s, found '%s'", key,
                    wanted, node->text ? node->text : kind_name[node->kind]);
}

int config_number(struct adele *ctx, const struct config_node *map,
                  const char *key, double *value)
{
    const struct config_node *node;
    if (config_need(ctx, map, key, CONFIG_SCALAR, &node))
        return ctx->error.status;
    return text_number(node->text, value)
               ? 0
               : fail_value(ctx, node, key, "a number");
}

int config_integer(struct adele *ctx, const struct config_node *map,
                   const char *key, int64_t *value)
{
    const struct config_node *node;
    if (config_need(ctx, map, key, CONFIG_SCALAR, &node))
        return ctx->error.status;
    return text_integer(node->text, value)
               ? 0
               : fail_value(ctx, node, key, "an integer");
}

int config_bool(struct adele *ctx, const struct config_node *map,
                const char *key, bool *value)
{
    static const char *const name[] = {"no", "yes",   "off",
                                       "on", "false", "true"};
    const struct config_node *node;
    if (config_need(ctx, map, key, CONFIG_SCALAR, &node))
        return ctx->error.status;
    for (int k = 0; k < 6; k++) {
        if (!strcmp(node->text, name[k])) {
            *value = k % 2;
            return 0;
        }
    }
    return fail_value(ctx, node, key, "yes or no");
}

int config_choice(struct adele *ctx, const struct config_node *map,
                  const char *key, const char *const *names, int *value)
{
    const struct config_node *node;
    struct text wanted = {0};
    if (config_need(ctx, map, key, CONFIG_SCALAR, &node))
        return ctx->error.status;
    for (int k = 0; names[k]; k++) {
        if (!strcmp(node->text, names[k])) {
            *value = k;
            text_free(&wanted);
            return 0;
        }
        text_addf(&wanted, "%s%s", k ? "|" : "", names[k]);
    }
    fail_value(ctx, node, key, wanted.s ? wanted.s : "another word");
    text_free(&wanted);
    return ctx->error.status;
}

int config_numbers(struct adele *ctx, const struct config_node *map,
                   const char *key, double *value, int n)
{
    const struct config_node *node;
    if (config_need(ctx, map, key, CONFIG_LIST, &node))
        return ctx->error.status;
    if (node->n != n)
        return err_deck(ctx, &node->where, "%s: expected %d numbers, found %d",
                        key, n, node->n);
    for (int k = 0; k < n; k++) {
        const struct config_node *item = &node->item[k];
        if (item->kind != CONFIG_SCALAR || !text_number(item->text, &value[k]))
            return fail_value(ctx, item, key, "numbers");
    }
    return 0;
}

/* Words. */

static int add_word(struct adele *ctx, struct words *out, const char *text,
                    struct where where, char quote)
{
    struct word *grown =
        mem_resize(out->word, (size_t)out->n + 1, sizeof *grown);
    if (!grown)
        return err_memory(ctx, "words", (double)out->n * sizeof *grown);
    out->word = grown;
    grown[out->n] = (struct word){mem_strdup(text), quote, where};
    if (!grown[out->n].text)
        return err_memory(ctx, "words", (double)strlen(text));
    out->n++;
    return 0;
}

static int add_value(struct adele *ctx, const char *key,
                     const struct config_node *value, struct words *out)
{
    if (value->kind == CONFIG_MAP)
        return err_deck(ctx, &value->where,
                        "%s: expected a value or a list, found a map", key);
    if (value->kind == CONFIG_SCALAR)
        return value->text[0] || value->quoted
                   ? add_word(ctx, out, value->text, value->where, '"')
                   : 0;
    for (int k = 0; k < value->n; k++) {
        if (value->item[k].kind != CONFIG_SCALAR)
            return err_deck(ctx, &value->item[k].where,
                            "%s: expected plain values in the list, found %s",
                            key, kind_name[value->item[k].kind]);
        if (add_word(ctx, out, value->item[k].text, value->item[k].where, '"'))
            return ctx->error.status;
    }
    return 0;
}

static int add_words(struct adele *ctx, const struct config_node *value,
                     const char *const *skip, struct words *out)
{
    const struct config_node *style = config_find(value, "style");
    if (style && !listed(skip, "style")) {
        if (style->kind != CONFIG_SCALAR)
            return err_deck(ctx, &style->where,
                            "style: expected a name, found %s",
                            kind_name[style->kind]);
        if (add_word(ctx, out, style->text, style->where, 0))
            return ctx->error.status;
    }
    for (int k = 0; k < value->n; k++) {
        const struct word *key = &value->key[k];
        if (listed(skip, key->text) || &value->item[k] == style)
            continue;
        if (add_word(ctx, out, key->text, key->where, 0) ||
            add_value(ctx, key->text, &value->item[k], out))
            return ctx->error.status;
    }
    return 0;
}

int config_words(struct adele *ctx, const struct config_node *value,
                 const char *const *skip, struct words *out)
{
    *out = (struct words){.line = line_hold(value->where.line)};
    int status;
    if (value->kind == CONFIG_SCALAR)
        status = add_word(ctx, out, value->text, value->where, 0);
    else if (value->kind == CONFIG_LIST)
        status = err_deck(ctx, &value->where,
                          "expected a map such as {style: NAME, key: value}, "
                          "found a list");
    else
        status = add_words(ctx, value, skip, out);
    if (status)
        words_free(out);
    return status;
}

/* Writing. */

static bool plain(const char *s)
{
    static const char *const odd[] = {"null", "Null",  "NULL", "~",
                                      "true", "false", NULL};
    size_t n = strlen(s);
    if (n == 0 || listed(odd, s) || strchr("-?:,[]{}#&*!|>'\"%@` .+", s[0]))
        return false;
    for (size_t k = 0; k < n; k++) {
        if ((unsigned char)s[k] < ' ' || strchr(",[]{}\"\\", s[k]))
            return false;
        if ((s[k] == ':' && (s[k + 1] == ' ' || !s[k + 1])) ||
            (s[k] == ' ' && (s[k + 1] == '#' || !s[k + 1])))
            return false;
    }
    return true;
}

void config_scalar(const char *s, struct text *out)
{
    double number;
    if (plain(s) || text_number(s, &number)) {
        text_add(out, s);
        return;
    }
    text_addc(out, '"');
    for (; *s; s++) {
        if (*s == '\n')
            text_add(out, "\\n");
        else if ((unsigned char)*s < ' ')
            text_addf(out, "\\x%02x", (unsigned)*s);
        else if (*s == '"' || *s == '\\')
            text_addf(out, "\\%c", *s);
        else
            text_addc(out, *s);
    }
    text_addc(out, '"');
}

void config_flow(const struct words *words, struct text *out)
{
    if (words->n == 0)
        return;
    if (words->n == 1) {
        config_scalar(words->word[0].text, out);
        return;
    }
    text_add(out, "{style: ");
    config_scalar(words->word[0].text, out);
    for (int k = 1; k < words->n;) {
        text_add(out, ", ");
        config_scalar(words->word[k++].text, out);
        text_addc(out, ':');
        int n = 0;
        while (k + n < words->n && words->word[k + n].quote)
            n++;
        text_add(out, n > 1 ? " [" : n ? " " : "");
        for (int i = 0; i < n; i++) {
            if (i)
                text_add(out, ", ");
            config_scalar(words->word[k + i].text, out);
        }
        text_add(out, n > 1 ? "]" : "");
        k += n;
    }
    text_addc(out, '}');
}

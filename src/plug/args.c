/* Filling an instance from words by its argument table.

   The parser keeps the tables whose keywords are admissible: the style's own
   and those of the cases chosen so far, innermost last.  Positional entries
   are taken in order; an optional one is skipped when the words end or a
   keyword stands in its place; then keywords come in any order. */

#include "plug/args.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "plug/registry.h"
#include "plug/value.h"

enum { TABLE_MAX = 8, SEEN_MAX = 64 };

struct parser {
    struct adele *ctx;
    const char *what;
    const struct words *words;
    int at;
    char *self;
    const struct arg *table[TABLE_MAX];
    int ntable;
    const struct arg *seen[SEEN_MAX]; /* keywords given */
    int nseen;
    bool defaults; /* words come from a default, not from the deck */
};

static int take(struct parser *p, const struct arg *a);

static void *slot(const struct parser *p, const struct arg *a)
{
    return p->self + a->offset;
}

static const struct word *next_word(const struct parser *p)
{
    return p->at < p->words->n ? &p->words->word[p->at] : NULL;
}

static const struct arg *find_keyword(const struct parser *p,
                                      const struct word *w)
{
    if (w->quote)
        return NULL;
    for (int t = p->ntable - 1; t >= 0; t--) {
        for (const struct arg *a = p->table[t]; a->kind; a++) {
            if (a->key && strcmp(a->name, w->text) == 0)
                return a;
        }
    }
    return NULL;
}

/* max 0 with min >= 0: no upper bound. */
static bool has_no_upper(const struct arg *a)
{
    return a->max == 0 && a->min >= 0;
}

/* "what: expected NAME (range), ..." in one phrase. */
static void describe(const struct arg *a, struct text *out)
{
    static const char *const noun[] = {
        [ARG_INT] = "integer",     [ARG_NUMBER] = "number",
        [ARG_BOOL] = "yes or no",  [ARG_WORD] = "word",
        [ARG_FILE] = "file name",  [ARG_VALUE] = "number, v_name, c_ID or f_ID",
        [ARG_GROUP] = "group",     [ARG_LIST] = "list",
        [ARG_NUMBERS] = "numbers", [ARG_STYLE] = "style"};

    text_addf(out, "%s", a->name);
    if (a->kind == ARG_CHOICE) {
        text_add(out, " (");
        for (int i = 0; a->choice[i]; i++)
            text_addf(out, "%s%s", i ? "|" : "", a->choice[i]);
        text_add(out, ")");
        return;
    }
    if (a->kind == ARG_ONEOF) {
        text_add(out, " (");
        for (int i = 0; a->cases[i].name; i++)
            text_addf(out, "%s%s", i ? "|" : "", a->cases[i].name);
        text_add(out, ")");
        return;
    }
    if (a->kind == ARG_LIST && a->bounded && a->max == 1) {
        if (a->key && a->syntax)
            text_addf(out, " %s", a->syntax);
        return; /* one word: its name says all */
    }
    if ((size_t)a->kind < sizeof noun / sizeof *noun && noun[a->kind])
        text_addf(out, " (%s", noun[a->kind]);
    else
        return;
    if (a->positive)
        text_add(out, " > 0");
    else if (a->nonnegative)
        text_add(out, " >= 0");
    else if (a->bounded && a->kind != ARG_LIST && has_no_upper(a))
        text_addf(out, " >= %.10g", a->min);
    else if (a->bounded && a->kind != ARG_LIST)
        text_addf(out, " from %.10g to %.10g", a->min, a->max);
    text_add(out, ")");
}

static int fail_expected(struct parser *p, const struct arg *a,
                         const struct word *found)
{
    struct text expected = {0};
    struct where end = {0};
    int status;

    describe(a, &expected);
    if (found) {
        status =
            err_deck(p->ctx, &found->where, "%s: expected %s, found '%s'",
                     p->what, expected.s ? expected.s : a->name, found->text);
    } else {
        if (p->words->n > 0 && p->at > 0)
            end = p->words->word[p->at - 1].where;
        status = err_deck(p->ctx, end.line ? &end : NULL,
                          "%s: expected %s, found the end of the command",
                          p->what, expected.s ? expected.s : a->name);
    }
    text_free(&expected);
    return status;
}

static bool in_range(const struct arg *a, double x)
{
    if (a->positive && !(x > 0))
        return false;
    if (a->nonnegative && !(x >= 0))
        return false;
    if (!a->bounded)
        return true;
    return x >= a->min && (x <= a->max || has_no_upper(a));
}

/* [-][A*]pi[/B]: the wave vectors of this field. */
static bool pi_number(const char *s, double *value)
{
    char head[32], tail[32];
    double factor = 1, divisor = 1;
    const char *pi;
    size_t before;

    if (*s == '-') {
        factor = -1;
        s++;
    }
    pi = strstr(s, "pi");
    if (!pi)
        return false;
    before = (size_t)(pi - s);
    if (before) {
        double a;

        if (before < 2 || before >= sizeof head || pi[-1] != '*')
            return false;
        memcpy(head, s, before - 1);
        head[before - 1] = 0;
        if (!text_number(head, &a))
            return false;
        factor *= a;
    }
    if (pi[2]) {
        if (pi[2] != '/' || strlen(pi + 3) >= sizeof tail ||
            !text_number(strcpy(tail, pi + 3), &divisor) || divisor == 0)
            return false;
    }
    *value = factor * M_PI / divisor;
    return true;
}

static bool word_number(const struct word *w, double *value)
{
    return text_number(w->text, value) || pi_number(w->text, value);
}

int arg_number(struct adele *ctx, const struct word *w, const char *what,
               double *value)
{
    if (word_number(w, value))
        return 0;
    return err_deck(ctx, &w->where, "expected %s (number), found '%s'", what,
                    w->text);
}

int arg_integer(struct adele *ctx, const struct word *w, const char *what,
                int64_t *value)
{
    if (text_integer(w->text, value))
        return 0;
    return err_deck(ctx, &w->where, "expected %s (integer), found '%s'", what,
                    w->text);
}

/* Entries of one word each: 0, or an error recorded. */

static int take_integer(struct parser *p, const struct arg *a,
                        const struct word *w)
{
    int64_t v;

    if (!text_integer(w->text, &v) || !in_range(a, (double)v))
        return fail_expected(p, a, w);
    *(int64_t *)slot(p, a) = v;
    return 0;
}

static int take_number(struct parser *p, const struct arg *a,
                       const struct word *w)
{
    double v;

    if (!word_number(w, &v) || !in_range(a, v))
        return fail_expected(p, a, w);
    *(double *)slot(p, a) = v;
    return 0;
}

static int take_bool(struct parser *p, const struct arg *a,
                     const struct word *w)
{
    static const char *const yes[] = {"yes", "on", "true"};
    static const char *const no[] = {"no", "off", "false"};

    for (int i = 0; i < 3; i++) {
        if (strcmp(w->text, yes[i]) == 0 || strcmp(w->text, no[i]) == 0) {
            *(bool *)slot(p, a) = strcmp(w->text, yes[i]) == 0;
            return 0;
        }
    }
    return fail_expected(p, a, w);
}

static int take_word(struct parser *p, const struct arg *a,
                     const struct word *w)
{
    char **s = slot(p, a);

    mem_free(*s);
    *s = mem_strdup(w->text);
    return *s ? 0 : err_memory(p->ctx, "a word", (double)strlen(w->text));
}

static int take_choice(struct parser *p, const struct arg *a,
                       const struct word *w)
{
    int n = 0;

    for (; a->choice[n]; n++) {
        if (strcmp(w->text, a->choice[n]) == 0) {
            *(int *)slot(p, a) = n;
            return 0;
        }
    }
    return fail_expected(p, a, w);
}

static int take_value(struct parser *p, const struct arg *a,
                      const struct word *w)
{
    struct value *v = slot(p, a);

    value_free(v);
    if (word_number(w, &v->number)) {
        v->is_reference = false;
        return in_range(a, v->number) ? 0 : fail_expected(p, a, w);
    }
    if (strncmp(w->text, "v_", 2) && strncmp(w->text, "c_", 2) &&
        strncmp(w->text, "f_", 2))
        return fail_expected(p, a, w);
    return value_parse(p->ctx, w, v);
}

static int take_group(struct parser *p, const struct arg *a,
                      const struct word *w)
{
    const struct groups *g = &p->ctx->groups;
    int index = strcmp(w->text, "all") ? groups_find(g, w->text) : 0;
    const char *names[GROUP_MAX];
    size_t n = 0;

    if (index >= 0) {
        *(int *)slot(p, a) = index;
        return 0;
    }
    for (int i = 0; i < GROUP_MAX; i++) {
        if (g->name[i])
            names[n++] = g->name[i];
    }
    return err_unknown(p->ctx, &w->where, "group", w->text, names, n);
}

static int take_one(struct parser *p, const struct arg *a)
{
    const struct word *w = next_word(p);
    int status;

    if (!w)
        return fail_expected(p, a, NULL);
    switch (a->kind) {
    case ARG_INT:
        status = take_integer(p, a, w);
        break;
    case ARG_NUMBER:
        status = take_number(p, a, w);
        break;
    case ARG_BOOL:
        status = take_bool(p, a, w);
        break;
    case ARG_CHOICE:
        status = take_choice(p, a, w);
        break;
    case ARG_VALUE:
        status = take_value(p, a, w);
        break;
    case ARG_GROUP:
        status = take_group(p, a, w);
        break;
    default:
        status = take_word(p, a, w);
        break;
    }
    p->at++;
    return status;
}

/* Entries of several words. */

static int list_append(struct parser *p, struct arg_list *list,
                       const struct word *w)
{
    struct word *grown =
        mem_resize(list->word, (size_t)list->n + 1, sizeof *grown);
    struct word *copy;

    if (!grown)
        return err_memory(p->ctx, "a list", (double)list->n * sizeof *grown);
    list->word = grown;
    copy = &list->word[list->n];
    *copy = *w;
    copy->text = mem_strdup(w->text);
    if (!copy->text)
        return err_memory(p->ctx, "a list", (double)strlen(w->text));
    copy->where = where_hold(w->where);
    list->n++;
    return 0;
}

static void list_free(struct arg_list *list)
{
    for (int i = 0; i < list->n; i++) {
        mem_free(list->word[i].text);
        where_release(&list->word[i].where);
    }
    mem_free(list->word);
    *list = (struct arg_list){0};
}

static int take_list(struct parser *p, const struct arg *a)
{
    struct arg_list *list = slot(p, a);
    double least = a->bounded ? a->min : a->kind == ARG_REST ? 0 : 1;
    int before;

    if (!a->repeat)
        list_free(list);
    before = list->n;
    while (next_word(p)) {
        /* the words that must be there are taken even when they read like a
           keyword: `cdw of q` has a keyword q as well */
        if (a->kind == ARG_LIST && list->n - before >= least &&
            find_keyword(p, next_word(p)))
            break;
        if (a->bounded && a->max > 0 && list->n - before >= (int)a->max)
            break;
        if (list_append(p, list, next_word(p)))
            return p->ctx->error.status;
        p->at++;
    }
    if (list->n - before < least)
        return fail_expected(p, a, next_word(p));
    return 0;
}

static int take_numbers(struct parser *p, const struct arg *a)
{
    struct arg_numbers *list = slot(p, a);
    double *value = mem_alloc((size_t)a->count, sizeof *value);

    if (!value)
        return err_memory(p->ctx, "a list", a->count * sizeof *value);
    mem_free(list->value);
    list->value = value;
    list->n = a->count;
    for (int i = 0; i < a->count; i++) {
        const struct word *w = next_word(p);

        if (!w || !word_number(w, &value[i]) || !in_range(a, value[i]))
            return fail_expected(p, a, w);
        p->at++;
    }
    return 0;
}

static int take_style(struct parser *p, const struct arg *a)
{
    struct words rest = words_from(p->words, p->at);
    struct instance **nested = slot(p, a);

    if (rest.n == 0)
        return fail_expected(p, a, NULL);
    if (*nested)
        instance_free(p->ctx, *nested);
    *nested = instance_new(p->ctx, a->style_kind, &rest, NULL, NULL);
    p->at = p->words->n;
    return *nested ? 0 : p->ctx->error.status;
}

static int take_positional(struct parser *p, const struct arg *table);
static int apply_default(struct parser *p, const struct arg *a);

static int take_oneof(struct parser *p, const struct arg *a)
{
    const struct word *w = next_word(p);

    if (!w)
        return fail_expected(p, a, NULL);
    for (int i = 0; a->cases[i].name; i++) {
        if (strcmp(w->text, a->cases[i].name))
            continue;
        *(int *)slot(p, a) = i;
        p->at++;
        return a->cases[i].args ? take_positional(p, a->cases[i].args) : 0;
    }
    {
        const char *names[SEEN_MAX];
        size_t n = 0;

        for (; a->cases[n].name && n < SEEN_MAX; n++)
            names[n] = a->cases[n].name;
        if (text_nearest(w->text, names, n))
            return err_deck(p->ctx, &w->where,
                            "%s: unknown %s '%s'; did you mean '%s'?", p->what,
                            a->name, w->text, text_nearest(w->text, names, n));
    }
    return fail_expected(p, a, w);
}

static int take(struct parser *p, const struct arg *a)
{
    if (a->given)
        *(bool *)(void *)(p->self + a->given) = !p->defaults;
    switch (a->kind) {
    case ARG_FLAG:
        *(bool *)slot(p, a) = true;
        return 0;
    case ARG_LIST:
    case ARG_REST:
        return take_list(p, a);
    case ARG_NUMBERS:
        return take_numbers(p, a);
    case ARG_ONEOF:
        return take_oneof(p, a);
    case ARG_STYLE:
        return take_style(p, a);
    default:
        return take_one(p, a);
    }
}

/* The positional entries of a table, whose keywords become admissible. */
static int take_positional(struct parser *p, const struct arg *table)
{
    if (p->ntable == TABLE_MAX)
        return err_deck(p->ctx, NULL, "%s: argument tables nested too deeply",
                        p->what);
    p->table[p->ntable++] = table;
    for (const struct arg *a = table; a->kind; a++) {
        const struct word *w = next_word(p);

        if (a->key)
            continue;
        if (a->def && (!w || find_keyword(p, w))) {
            if (apply_default(p, a))
                return p->ctx->error.status;
            continue;
        }
        if (take(p, a))
            return p->ctx->error.status;
    }
    return 0;
}

static bool seen(const struct parser *p, const struct arg *a)
{
    for (int i = 0; i < p->nseen; i++) {
        if (p->seen[i] == a)
            return true;
    }
    return false;
}

static int fail_left_over(struct parser *p, const struct word *w)
{
    const char *names[4 * SEEN_MAX];
    size_t n = 0;
    const char *near;
    struct text known = {0};
    int status;

    for (int t = 0; t < p->ntable; t++) {
        for (const struct arg *a = p->table[t]; a->kind; a++) {
            if (a->key && n < sizeof names / sizeof *names)
                names[n++] = a->name;
        }
    }
    near = text_nearest(w->text, names, n);
    for (size_t i = 0; i < n; i++)
        text_addf(&known, "%s%s", i ? ", " : "", names[i]);
    if (near)
        status = err_deck(p->ctx, &w->where,
                          "%s: unknown keyword '%s'; did you mean '%s'?",
                          p->what, w->text, near);
    else if (n)
        status = err_deck(p->ctx, &w->where,
                          "%s: unexpected '%s'; keywords here: %s", p->what,
                          w->text, known.s ? known.s : "");
    else
        status = err_deck(p->ctx, &w->where,
                          "%s: unexpected '%s', nothing more was expected",
                          p->what, w->text);
    text_free(&known);
    return status;
}

static int take_keywords(struct parser *p)
{
    const struct word *w;

    while ((w = next_word(p))) {
        const struct arg *a = find_keyword(p, w);

        if (!a)
            return fail_left_over(p, w);
        if (seen(p, a) && !a->repeat)
            return err_deck(p->ctx, &w->where, "%s: %s is given twice", p->what,
                            a->name);
        if (!seen(p, a) && p->nseen < SEEN_MAX)
            p->seen[p->nseen++] = a;
        p->at++;
        if (take(p, a))
            return p->ctx->error.status;
    }
    return 0;
}

/* The default is deck text and goes the same way as the user's words. */
static int apply_default(struct parser *p, const struct arg *a)
{
    struct line *line = line_new("(default)", 1, a->def);
    struct words words = {0};
    struct parser inner = *p;
    struct where bad;
    const char *why;
    int status;

    if (!line)
        return err_memory(p->ctx, "a default", 0);
    if (words_split(line, &words, &bad, &why)) {
        line_release(line);
        return err_memory(p->ctx, "a default", 0);
    }
    inner.words = &words;
    inner.at = 0;
    inner.defaults = true;
    status = take(&inner, a);
    words_free(&words);
    line_release(line);
    return status;
}

static int keyword_defaults(struct parser *p)
{
    for (int t = 0; t < p->ntable; t++) {
        for (const struct arg *a = p->table[t]; a->kind; a++) {
            if (!a->key || seen(p, a))
                continue;
            if (a->required)
                return err_deck(p->ctx, NULL, "%s: %s must be given", p->what,
                                a->name);
            if (a->def && apply_default(p, a))
                return p->ctx->error.status;
        }
    }
    return 0;
}

int args_parse(struct adele *ctx, const struct arg *table, const char *what,
               const struct words *words, void *self)
{
    static const struct arg none[] = {{0}};
    struct parser p = {.ctx = ctx, .what = what, .words = words, .self = self};

    if (take_positional(&p, table ? table : none) || take_keywords(&p))
        return ctx->error.status;
    return keyword_defaults(&p);
}

void args_free(struct adele *ctx, const struct arg *table, void *self)
{
    for (const struct arg *a = table; a && a->kind; a++) {
        void *at = (char *)self + a->offset;

        switch (a->kind) {
        case ARG_WORD:
        case ARG_FILE:
            mem_free(*(char **)at);
            *(char **)at = NULL;
            break;
        case ARG_VALUE:
            value_free(at);
            break;
        case ARG_LIST:
        case ARG_REST:
            list_free(at);
            break;
        case ARG_NUMBERS:
            mem_free(((struct arg_numbers *)at)->value);
            *(struct arg_numbers *)at = (struct arg_numbers){0};
            break;
        case ARG_ONEOF: /* only the chosen case: cases may share storage */
            args_free(ctx, a->cases[*(int *)at].args, self);
            break;
        case ARG_STYLE:
            if (*(struct instance **)at)
                instance_free(ctx, *(struct instance **)at);
            *(struct instance **)at = NULL;
            break;
        default:
            break;
        }
    }
}

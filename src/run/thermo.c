/* thermo, thermo_style, thermo_modify: what the table of a run shows.

   The commands only note what is asked for; names are looked up when a run
   begins, since computes and fixes may come after thermo_style.
   deck: thermo_style custom step time temp pe c_S[1] */

#include "run/thermo.h"

#include <ctype.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "expr/variable.h"
#include "plug/value.h"
#include "run/table.h"

static void free_settings(struct thermo_setting **setting, int *n)
{
    for (int i = 0; i < *n; i++) {
        mem_free((*setting)[i].column);
        mem_free((*setting)[i].text);
        where_release(&(*setting)[i].where);
    }
    mem_free(*setting);
    *setting = NULL;
    *n = 0;
}

void table_free_columns(struct thermo_column **column, int *n)
{
    for (int i = 0; i < *n; i++) {
        mem_free((*column)[i].word);
        where_release(&(*column)[i].where);
        if (!(*column)[i].key)
            reference_free(&(*column)[i].ref);
    }
    mem_free(*column);
    *column = NULL;
    *n = 0;
}

int thermo_new(struct adele *ctx)
{
    ctx->thermo = mem_zalloc(1, sizeof *ctx->thermo);
    return ctx->thermo
               ? 0
               : err_memory(ctx, "the thermo table", sizeof *ctx->thermo);
}

void thermo_free(struct adele *ctx)
{
    struct thermo *t = ctx->thermo;

    if (!t)
        return;
    if (t->by_variable)
        reference_free(&t->every_at);
    table_free_columns(&t->column, &t->ncolumn);
    table_free_columns(&t->shown, &t->nshown);
    free_settings(&t->setting, &t->nsetting);
    mem_free(t);
    ctx->thermo = NULL;
}

static int missing(struct adele *ctx, const struct words *words, int at,
                   const char *what)
{
    const struct where *place = NULL;

    if (at > 0 && at <= words->n)
        place = &words->word[at - 1].where;
    return err_deck(ctx, place, "expected %s, found the end of the command",
                    what);
}

static int left_over(struct adele *ctx, const struct words *words, int at)
{
    if (words->n <= at)
        return 0;
    return err_deck(ctx, &words->word[at].where,
                    "unexpected '%s', nothing more was expected",
                    words->word[at].text);
}

int thermo_every(struct adele *ctx, const struct words *words)
{
    struct thermo *t = ctx->thermo;
    struct reference ref = {0};
    const struct word *w;
    bool by_variable;
    int64_t every = 0;

    if (words->n < 1)
        return missing(ctx, words, 0, "a number of steps or v_name");
    if (left_over(ctx, words, 1))
        return ctx->error.status;
    w = &words->word[0];
    by_variable = strncmp(w->text, "v_", 2) == 0;
    if (by_variable) {
        if (reference_parse(ctx, w, false, &ref))
            return ctx->error.status;
    } else if (!text_integer(w->text, &every) || every < 0) {
        return err_deck(ctx, &w->where,
                        "expected N (integer >= 0) or v_name, found '%s'",
                        w->text);
    }
    if (t->by_variable)
        reference_free(&t->every_at);
    t->by_variable = by_variable;
    t->every_at = ref;
    t->every = every;
    return 0;
}

/* Splits "c_ID[*]" into its name; false for other words. */
static bool is_wild(const struct word *w)
{
    size_t n = strlen(w->text);

    return n > 5 && strchr("cfv", w->text[0]) && w->text[1] == '_' &&
           strcmp(w->text + n - 3, "[*]") == 0;
}

static int unknown_column(struct adele *ctx, const struct word *w)
{
    int n;
    const char *const *names = keyword_names(&n);
    const char *near = text_nearest(w->text, names, (size_t)n);

    if (near)
        return err_deck(ctx, &w->where,
                        "unknown thermo column '%s'; did you mean '%s'?",
                        w->text, near);
    return err_deck(ctx, &w->where,
                    "unknown thermo column '%s'; expected a thermo keyword, "
                    "c_ID, f_ID or v_name",
                    w->text);
}

static int fill_column(struct adele *ctx, struct thermo_column *c,
                       const struct word *w)
{
    struct word head = *w;
    int status;

    c->word = mem_strdup(w->text);
    if (!c->word)
        return err_memory(ctx, "a thermo column", (double)strlen(w->text));
    c->key = keyword_find(w->text);
    if (c->key)
        return 0;
    if (!strchr("cfv", w->text[0]) || w->text[1] != '_')
        return unknown_column(ctx, w);
    c->wild = is_wild(w);
    if (!c->wild)
        return reference_parse(ctx, w, false, &c->ref);
    head.text = mem_strndup(w->text, strlen(w->text) - 3);
    if (!head.text)
        return err_memory(ctx, "a thermo column", (double)strlen(w->text));
    status = reference_parse(ctx, &head, false, &c->ref);
    mem_free(head.text);
    return status;
}

int table_add_column(struct adele *ctx, struct thermo_column **column, int *n,
                     const struct word *w)
{
    struct thermo_column *grown =
        mem_resize(*column, (size_t)*n + 1, sizeof *grown);
    int status;

    if (!grown)
        return err_memory(ctx, "the thermo table",
                          ((double)*n + 1) * sizeof *grown);
    *column = grown;
    memset(&grown[*n], 0, sizeof *grown);
    status = fill_column(ctx, &grown[*n], w);
    if (status) {
        mem_free(grown[*n].word);
        return status;
    }
    grown[*n].where = where_hold(w->where);
    ++*n;
    return 0;
}

/* The table as a style gives it: everything that thermo_modify set is gone. */
static void commit_style(struct thermo *t, enum thermo_kind kind,
                         struct thermo_column *column, int n)
{
    table_free_columns(&t->column, &t->ncolumn);
    table_free_columns(&t->shown, &t->nshown);
    free_settings(&t->setting, &t->nsetting);
    t->column = column;
    t->ncolumn = n;
    t->kind = kind;
    t->form = kind == THERMO_MULTI  ? FORM_MULTI
              : kind == THERMO_YAML ? FORM_YAML
                                    : FORM_ONE;
    t->norm = t->flush = t->unavailable_is_error = false;
}

int thermo_style(struct adele *ctx, const struct words *words)
{
    static const char *const kinds[] = {"one", "multi", "yaml", "custom"};
    struct thermo_column *column = NULL;
    int n = 0, kind = 0;

    if (words->n < 1)
        return missing(ctx, words, 0, "one, multi, yaml or custom");
    while (kind < 4 && strcmp(words->word[0].text, kinds[kind]))
        kind++;
    if (kind == 4)
        return err_unknown(ctx, &words->word[0].where, "thermo style",
                           words->word[0].text, kinds, 4);
    if (kind != THERMO_CUSTOM && left_over(ctx, words, 1))
        return ctx->error.status;
    if (kind == THERMO_CUSTOM && words->n < 2)
        return missing(ctx, words, 1, "columns");
    for (int i = 1; i < words->n; i++) {
        if (table_add_column(ctx, &column, &n, &words->word[i])) {
            table_free_columns(&column, &n);
            return ctx->error.status;
        }
    }
    commit_style(ctx->thermo, (enum thermo_kind)kind, column, n);
    return 0;
}

bool table_format_is_good(const char *format, bool *integer)
{
    const char *p = strchr(format, '%');
    size_t digits;

    if (!p)
        return false;
    p++;
    p += strspn(p, "-+ #0");
    digits = strspn(p, "0123456789");
    if (digits > 2)
        return false;
    p += digits;
    if (*p == '.') {
        p++;
        digits = strspn(p, "0123456789");
        if (digits > 2)
            return false;
        p += digits;
    }
    if (!*p || !strchr("dieEfFgGaA", *p))
        return false;
    *integer = *p == 'd' || *p == 'i';
    return strlen(format) < 128 && !strchr(p, '%');
}

static int check_format(struct adele *ctx, const struct word *w)
{
    bool integer;

    if (table_format_is_good(w->text, &integer))
        return 0;
    return err_deck(ctx, &w->where,
                    "expected a format with one number such as %%15.8g or "
                    "%%10d, found '%s'",
                    w->text);
}

/* Later settings are found first, so an addition replaces. */
static int add_setting(struct adele *ctx, struct thermo_setting **list, int *n,
                       bool is_format, const char *column, const char *text,
                       struct where where)
{
    struct thermo_setting *grown =
        mem_resize(*list, (size_t)*n + 1, sizeof *grown);

    if (!grown)
        return err_memory(ctx, "thermo_modify", sizeof *grown);
    *list = grown;
    grown[*n] = (struct thermo_setting){.is_format = is_format,
                                        .column = mem_strdup(column),
                                        .text = mem_strdup(text),
                                        .where = where_hold(where)};
    ++*n;
    if (!grown[*n - 1].column || !grown[*n - 1].text)
        return err_memory(ctx, "thermo_modify", 64);
    return 0;
}

/* What thermo_modify changes, until all of it is known to be right. */
struct change {
    enum thermo_form form;
    bool norm, flush, unavailable_is_error, drop_formats, drop_names;
    struct thermo_setting *setting;
    int nsetting;
};

/* `format line "..."`: one format a column, separated by blanks. */
static int format_line(struct adele *ctx, struct change *c,
                       const struct word *w)
{
    char *copy = mem_strdup(w->text), *rest = copy, *one;
    int column = 0, status = copy ? 0 : err_memory(ctx, "a format", 64);

    while (!status && (one = strtok_r(rest, " \t", &rest))) {
        struct word part = {.text = one, .where = w->where};
        char number[16];

        snprintf(number, sizeof number, "%d", ++column);
        status = check_format(ctx, &part);
        if (!status)
            status = add_setting(ctx, &c->setting, &c->nsetting, true, number,
                                 one, w->where);
    }
    mem_free(copy);
    return status;
}

/* format line S | none | int S | float S | N S | WORD S: *at is behind
   `format`. */
static int modify_format(struct adele *ctx, const struct words *words, int *at,
                         struct change *c)
{
    const struct word *w;

    if (*at >= words->n)
        return missing(ctx, words, *at,
                       "line, int, float, none, a column or its number");
    w = &words->word[(*at)++];
    if (strcmp(w->text, "none") == 0) {
        c->drop_formats = true;
        return 0;
    }
    if (*at >= words->n)
        return missing(ctx, words, *at, "a format such as %15.8g");
    if (strcmp(w->text, "line") == 0)
        return format_line(ctx, c, &words->word[(*at)++]);
    if (check_format(ctx, &words->word[*at]))
        return ctx->error.status;
    return add_setting(ctx, &c->setting, &c->nsetting, true, w->text,
                       words->word[(*at)++].text, w->where);
}

static int modify_colname(struct adele *ctx, const struct words *words, int *at,
                          struct change *c)
{
    const struct word *w;

    if (*at >= words->n)
        return missing(ctx, words, *at, "a column, its number, or default");
    w = &words->word[(*at)++];
    if (strcmp(w->text, "default") == 0) {
        c->drop_names = true;
        return 0;
    }
    if (*at >= words->n)
        return missing(ctx, words, *at, "the heading of the column");
    if (!words->word[*at].text[0] || strpbrk(words->word[*at].text, " \t\n"))
        return err_deck(ctx, &words->word[*at].where,
                        "expected a heading of one word, found '%s'",
                        words->word[*at].text);
    return add_setting(ctx, &c->setting, &c->nsetting, false, w->text,
                       words->word[(*at)++].text, w->where);
}

static int choose(struct adele *ctx, const struct words *words, int *at,
                  const char *const *choice, int n, int *out)
{
    const char *key = words->word[*at - 1].text;
    struct text list = {0};
    int status;

    for (int i = 0; i < n && *at < words->n; i++) {
        if (strcmp(words->word[*at].text, choice[i]) == 0) {
            *out = i;
            ++*at;
            return 0;
        }
    }
    for (int i = 0; i < n; i++)
        text_addf(&list, "%s%s", i ? "|" : "", choice[i]);
    status = *at < words->n
                 ? err_deck(ctx, &words->word[*at].where,
                            "expected %s (%s), found '%s'", key,
                            list.s ? list.s : "", words->word[*at].text)
                 : missing(ctx, words, *at, list.s ? list.s : "a value");
    text_free(&list);
    return status;
}

static int modify_one(struct adele *ctx, const struct words *words, int *at,
                      struct change *c)
{
    static const char *const keys[] = {"line",   "norm",        "flush",
                                       "format", "unavailable", "colname"};
    static const char *const lines[] = {"one", "multi", "yaml"};
    static const char *const switches[] = {"no", "yes"};
    static const char *const unavailable[] = {"nan", "error"};
    const struct word *w = &words->word[(*at)++];
    int k = 0, v = 0, status = 0;

    while (k < 6 && strcmp(w->text, keys[k]))
        k++;
    switch (k) {
    case 0:
        status = choose(ctx, words, at, lines, 3, &v);
        c->form = status ? c->form : (enum thermo_form)v;
        return status;
    case 1:
        status = choose(ctx, words, at, switches, 2, &v);
        c->norm = v;
        return status;
    case 2:
        status = choose(ctx, words, at, switches, 2, &v);
        c->flush = v;
        return status;
    case 3:
        return modify_format(ctx, words, at, c);
    case 4:
        status = choose(ctx, words, at, unavailable, 2, &v);
        c->unavailable_is_error = v;
        return status;
    case 5:
        return modify_colname(ctx, words, at, c);
    default:
        return err_unknown(ctx, &w->where, "keyword of thermo_modify", w->text,
                           keys, 6);
    }
}

/* Old settings of a sort that `format none`, `colname default` drop. */
static void drop_settings(struct thermo *t, bool formats)
{
    int kept = 0;

    for (int i = 0; i < t->nsetting; i++) {
        struct thermo_setting *s = &t->setting[i];

        if (s->is_format != formats) {
            t->setting[kept++] = *s;
            continue;
        }
        mem_free(s->column);
        mem_free(s->text);
        where_release(&s->where);
    }
    t->nsetting = kept;
}

static int commit_change(struct adele *ctx, struct change *c)
{
    struct thermo *t = ctx->thermo;
    size_t n = (size_t)(t->nsetting + c->nsetting);
    struct thermo_setting *all = mem_resize(t->setting, n, sizeof *all);

    if (!all)
        return err_memory(ctx, "thermo_modify", (double)n * sizeof *all);
    t->setting = all;
    if (c->drop_formats)
        drop_settings(t, true);
    if (c->drop_names)
        drop_settings(t, false);
    for (int i = 0; i < c->nsetting; i++)
        t->setting[t->nsetting++] = c->setting[i];
    mem_free(c->setting);
    c->setting = NULL;
    c->nsetting = 0;
    t->form = c->form;
    t->norm = c->norm;
    t->flush = c->flush;
    t->unavailable_is_error = c->unavailable_is_error;
    return 0;
}

int thermo_modify(struct adele *ctx, const struct words *words)
{
    const struct thermo *t = ctx->thermo;
    struct change c = {.form = t->form,
                       .norm = t->norm,
                       .flush = t->flush,
                       .unavailable_is_error = t->unavailable_is_error};
    int at = 0, status = 0;

    if (words->n == 0)
        return missing(ctx, words, 0,
                       "line, norm, flush, format, unavailable or colname");
    while (!status && at < words->n)
        status = modify_one(ctx, words, &at, &c);
    if (!status)
        status = commit_change(ctx, &c);
    free_settings(&c.setting, &c.nsetting);
    return status;
}

bool thermo_is_due(struct adele *ctx)
{
    const struct thermo *t = ctx->thermo;

    return t->every > 0 && ctx->step % t->every == 0;
}

int64_t thermo_next(struct adele *ctx)
{
    const struct thermo *t = ctx->thermo;
    double next;

    if (!t->by_variable)
        return t->every > 0 && ctx->step <= INT64_MAX - t->every
                   ? (ctx->step / t->every + 1) * t->every
                   : INT64_MAX;
    if (reference_scalar(ctx, &t->every_at, &next))
        return -1;
    if (!(next > (double)ctx->step)) {
        err_run_at(ctx, &t->every_at.where,
                   "the variable of `thermo` must name a step after %lld, it "
                   "gave %.15g",
                   (long long)ctx->step, next);
        return -1;
    }
    return next < 9e18 ? (int64_t)next : INT64_MAX;
}

/* Definition of variables: `variable NAME STYLE ..` and -var.

   A definition is built completely before it replaces the old one, so that an
   error leaves the table as it was.  Formulas are parsed when they are
   defined: a slip in one shows at its own line, not at its first use. */

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/timer.h"
#include "expr/number.h"
#include "expr/variable_table.h"

const struct variable_kind variable_kinds[VARIABLE_STYLES] = {
    [VARIABLE_INDEX] = {"index", true, true, "index VALUE .."},
    [VARIABLE_LOOP] = {"loop", true, true, "loop N [pad] or loop N1 N2 [pad]"},
    [VARIABLE_WORLD] = {"world", true, false, "world VALUE"},
    [VARIABLE_UNIVERSE] = {"universe", true, true, "universe VALUE .."},
    [VARIABLE_ULOOP] = {"uloop", true, true, "uloop N [pad]"},
    [VARIABLE_STRING] = {"string", false, false, "string TEXT"},
    [VARIABLE_GETENV] = {"getenv", false, false, "getenv NAME"},
    [VARIABLE_FILE] = {"file", true, true, "file PATH"},
    [VARIABLE_FORMAT] = {"format", false, false, "format VARIABLE %FORMAT"},
    [VARIABLE_EQUAL] = {"equal", false, false, "equal FORMULA"},
    [VARIABLE_VECTOR] = {"vector", false, false, "vector FORMULA"},
    [VARIABLE_ATOM] = {"atom", false, false, "atom FORMULA"},
    [VARIABLE_TIMER] = {"timer", false, false, "timer"},
    [VARIABLE_INTERNAL] = {"internal", false, false, "internal NUMBER"},
};

static int no_memory(struct adele *ctx)
{
    return err_memory(ctx, "a variable", 64);
}

static int add_text(struct adele *ctx, struct variable *v, const char *s,
                    size_t n)
{
    if ((v->ntext & (v->ntext - 1)) == 0) {
        size_t wanted = v->ntext ? 2 * (size_t)v->ntext : 1;
        char **p = mem_resize(v->text, wanted, sizeof *p);
        if (!p)
            return no_memory(ctx);
        v->text = p;
    }
    char *copy = mem_strndup(s, n);
    if (!copy)
        return no_memory(ctx);
    v->text[v->ntext++] = copy;
    return ADELE_OK;
}

/* One definition being read: w[0] is the name, w[1] the style. */
struct definition {
    struct adele *ctx;
    const struct words *w;
    struct variable *v;
    const struct variable_kind *kind;
};

static int fail_count(const struct definition *d, int at)
{
    const struct words *w = d->w;
    if (at < w->n && w->n > 3 && strstr(d->kind->usage, "FORMULA"))
        return err_deck(d->ctx, &w->word[at].where,
                        "variable %s: expected one formula after '%s', found "
                        "'%s' as well; put a formula with blanks in quotes",
                        d->v->name, d->kind->name, w->word[at].text);
    if (at < w->n)
        return err_deck(d->ctx, &w->word[at].where,
                        "variable %s: expected `%s`, found '%s' as well",
                        d->v->name, d->kind->usage, w->word[at].text);
    return err_deck(d->ctx, &w->word[w->n - 1].where,
                    "variable %s: expected `%s`, found nothing more",
                    d->v->name, d->kind->usage);
}

/* Exactly n words after the style. */
static int need_words(const struct definition *d, int n)
{
    return d->w->n == n + 2 ? ADELE_OK
                            : fail_count(d, d->w->n > n + 2 ? n + 2 : d->w->n);
}

static int define_list(const struct definition *d)
{
    if (d->w->n < 3)
        return fail_count(d, d->w->n);
    for (int k = 2; k < d->w->n; k++) {
        const char *s = d->w->word[k].text;
        int status = add_text(d->ctx, d->v, s, strlen(s));
        if (status)
            return status;
    }
    return ADELE_OK;
}

static int define_world(const struct definition *d)
{
    if (d->w->n > 3)
        return err_deck(d->ctx, &d->w->word[3].where,
                        "variable %s: expected one value for the one partition "
                        "of this run, found %d",
                        d->v->name, d->w->n - 2);
    return define_list(d);
}

static int loop_bound(const struct definition *d, int k, int64_t *value)
{
    const struct word *w = &d->w->word[k];
    if (text_integer(w->text, value) && *value >= 0 && *value < INT64_MAX)
        return ADELE_OK;
    return err_deck(d->ctx, &w->where,
                    "variable %s: expected a loop bound (whole number, not "
                    "negative), found '%s'",
                    d->v->name, w->text);
}

static int define_loop(const struct definition *d)
{
    const struct words *w = d->w;
    struct variable *v = d->v;
    int n = w->n;
    bool pad = n > 3 && !strcmp(w->word[n - 1].text, "pad");
    int most = v->style == VARIABLE_ULOOP ? 1 : 2, numbers = n - 2 - pad;
    if (numbers < 1 || numbers > most)
        return fail_count(d, numbers < 1 ? n : 2 + most);
    v->first = 1;
    int status = numbers == 2 ? loop_bound(d, 2, &v->first) : ADELE_OK;
    if (!status)
        status = loop_bound(d, 1 + numbers, &v->last);
    if (status)
        return status;
    if (v->first > v->last)
        return err_deck(d->ctx, &w->word[2].where,
                        "variable %s: a loop from %lld to %lld has no values",
                        v->name, (long long)v->first, (long long)v->last);
    v->at = v->first;
    char digits[24];
    v->pad =
        pad ? snprintf(digits, sizeof digits, "%lld", (long long)v->last) : 0;
    return ADELE_OK;
}

static int define_string(const struct definition *d)
{
    int status = need_words(d, 1);
    return status ? status : define_list(d);
}

/* A line without comment and surrounding blanks; false when nothing stays. */
static bool trim_line(const char **s, size_t *n)
{
    const char *comment = memchr(*s, '#', *n);
    if (comment)
        *n = (size_t)(comment - *s);
    while (*n && isspace((unsigned char)**s))
        ++*s, --*n;
    while (*n && isspace((unsigned char)(*s)[*n - 1]))
        --*n;
    return *n > 0;
}

static int define_file(const struct definition *d)
{
    int status = need_words(d, 1), error = 0;
    if (status)
        return status;
    const struct word *w = &d->w->word[2];
    size_t size;
    char *all = file_read_all(w->text, &size, &error);
    if (!all)
        return err_deck(d->ctx, &w->where, "variable %s: cannot read '%s': %s",
                        d->v->name, w->text, strerror(error));
    for (const char *s = all, *end = all + size; s < end && !status;) {
        const char *newline = memchr(s, '\n', (size_t)(end - s)), *from = s;
        size_t n = newline ? (size_t)(newline - s) : (size_t)(end - s);
        s = newline ? newline + 1 : end;
        if (trim_line(&from, &n))
            status = add_text(d->ctx, d->v, from, n);
    }
    mem_free(all);
    if (!status && !d->v->ntext)
        return err_deck(d->ctx, &w->where,
                        "variable %s: '%s' has no line with a value",
                        d->v->name, w->text);
    return status;
}

static int define_format(const struct definition *d)
{
    int status = need_words(d, 2);
    if (status)
        return status;
    const struct word *w = &d->w->word[3];
    const char *fault = number_format_fault(w->text);
    if (fault)
        return err_deck(d->ctx, &w->where, "variable %s: format '%s': %s",
                        d->v->name, w->text, fault);
    if (!variable_need_one(d->ctx, d->w->word[2].text, &d->w->word[2].where))
        return d->ctx->error.status;
    return define_list(d);
}

static int define_formula(const struct definition *d)
{
    int status = need_words(d, 1);
    if (status)
        return status;
    const struct word *w = &d->w->word[2];
    d->v->source = mem_strdup(w->text);
    if (!d->v->source)
        return no_memory(d->ctx);
    d->v->formula = formula_new(d->ctx, w->text, &w->where);
    return d->v->formula ? ADELE_OK : d->ctx->error.status;
}

static int define_timer(const struct definition *d)
{
    d->v->number = wall_time();
    return need_words(d, 0);
}

static int define_internal(const struct definition *d)
{
    int status = need_words(d, 1);
    if (status)
        return status;
    const struct word *w = &d->w->word[2];
    return text_number(w->text, &d->v->number)
               ? ADELE_OK
               : err_deck(d->ctx, &w->where,
                          "variable %s: expected a number, found '%s'",
                          d->v->name, w->text);
}

static int (*const define[VARIABLE_STYLES])(const struct definition *) = {
    [VARIABLE_INDEX] = define_list,     [VARIABLE_LOOP] = define_loop,
    [VARIABLE_WORLD] = define_world,    [VARIABLE_UNIVERSE] = define_list,
    [VARIABLE_ULOOP] = define_loop,     [VARIABLE_STRING] = define_string,
    [VARIABLE_GETENV] = define_string,  [VARIABLE_FILE] = define_file,
    [VARIABLE_FORMAT] = define_format,  [VARIABLE_EQUAL] = define_formula,
    [VARIABLE_VECTOR] = define_formula, [VARIABLE_ATOM] = define_formula,
    [VARIABLE_TIMER] = define_timer,    [VARIABLE_INTERNAL] = define_internal,
};

static int check_name(struct adele *ctx, const struct word *w)
{
    const char *s = w->text;
    while (isalnum((unsigned char)*s) || *s == '_')
        s++;
    if (*s || s == w->text)
        return err_deck(ctx, &w->where,
                        "expected a variable name of letters, digits and "
                        "underscores, found '%s'",
                        w->text);
    return ADELE_OK;
}

static int find_style(struct adele *ctx, const struct word *w)
{
    const char *names[VARIABLE_STYLES + 1];
    for (int k = 0; k < VARIABLE_STYLES; k++) {
        names[k] = variable_kinds[k].name;
        if (!strcmp(names[k], w->text))
            return k;
    }
    names[VARIABLE_STYLES] = "delete";
    err_unknown(ctx, &w->where, "variable style", w->text, names,
                VARIABLE_STYLES + 1);
    return -1;
}

/* What an existing variable says to a second definition: 1 to ignore it. */
static int check_second(struct adele *ctx, const struct variable *old,
                        enum variable_style style, const struct words *w)
{
    if (old->busy)
        return err_deck(ctx, &w->word[0].where,
                        "variable %s is being evaluated", old->name);
    if (old->style == style)
        return variable_kinds[style].keep ? 1 : ADELE_OK;
    if (old->overridden)
        return err_deck(ctx, &w->word[1].where,
                        "variable %s was set by -var, which overrides an index "
                        "variable; the deck defines it with style %s",
                        old->name, variable_kinds[style].name);
    return err_deck(ctx, &w->word[1].where,
                    "variable %s exists with style %s; `variable %s delete` it "
                    "before it gets the style %s",
                    old->name, variable_kinds[old->style].name, old->name,
                    variable_kinds[style].name);
}

static struct variable *variable_new(struct adele *ctx, const char *name,
                                     enum variable_style style)
{
    struct variable *v = mem_zalloc(1, sizeof *v);
    if (v)
        v->name = mem_strdup(name);
    if (!v || !v->name) {
        variable_free(v);
        no_memory(ctx);
        return NULL;
    }
    v->style = style;
    return v;
}

int variable_define(struct adele *ctx, const struct words *words)
{
    if (words->n < 2)
        return err_deck(
            ctx, words->n ? &words->word[0].where : NULL,
            "variable: expected NAME STYLE .., see `help variable`");
    const struct word *name = &words->word[0];
    int status = check_name(ctx, name);
    if (status)
        return status;
    struct variable *old = variable_find(ctx, name->text);
    if (!strcmp(words->word[1].text, "delete")) {
        if (words->n > 2)
            return err_deck(ctx, &words->word[2].where,
                            "variable %s delete: '%s' is left over", name->text,
                            words->word[2].text);
        if (old)
            variable_remove(ctx, old);
        return ADELE_OK;
    }
    int style = find_style(ctx, &words->word[1]);
    if (style < 0)
        return ctx->error.status;
    status = old ? check_second(ctx, old, (enum variable_style)style, words)
                 : ADELE_OK;
    if (status)
        return status == 1 && !ctx->error.status ? ADELE_OK : status;
    struct variable *v =
        variable_new(ctx, name->text, (enum variable_style)style);
    if (!v)
        return ctx->error.status;
    v->where = where_hold(name->where);
    struct definition d = {ctx, words, v, &variable_kinds[style]};
    status = define[style](&d);
    if (!status)
        return variable_commit(ctx, v, old);
    variable_free(v);
    return status;
}

int variable_override(struct adele *ctx, const char *name, int n,
                      const char *const *values)
{
    struct variable *v = variable_new(ctx, name, VARIABLE_INDEX);
    if (!v)
        return ctx->error.status;
    struct word word = {.text = v->name};
    int status = check_name(ctx, &word);
    v->overridden = true;
    for (int k = 0; k < n && !status; k++)
        status = add_text(ctx, v, values[k], strlen(values[k]));
    if (!status)
        return variable_commit(ctx, v, variable_find(ctx, name));
    variable_free(v);
    return status;
}

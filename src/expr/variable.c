/* The variable table, next and delete; see variable.h.

   A hash table, with the order of definition kept beside it. */

#include "expr/variable.h"

#include <string.h>

#include "base/mem.h"
#include "expr/variable_table.h"

static size_t hash(const char *s)
{
    size_t h = 1469598103934665603u;
    while (*s)
        h = (h ^ (unsigned char)*s++) * 1099511628211u;
    return h;
}

static struct variable **bucket_of(struct variables *t, const char *name)
{
    return &t->bucket[hash(name) & (t->nbucket - 1)];
}

int variables_new(struct adele *ctx)
{
    struct variables *t = mem_zalloc(1, sizeof *t);
    if (t) {
        t->nbucket = 64;
        t->bucket = mem_zalloc(t->nbucket, sizeof(struct variable *));
    }
    if (!t || !t->bucket) {
        mem_free(t);
        return err_memory(ctx, "the variables", 512);
    }
    ctx->variables = t;
    return ADELE_OK;
}

void variable_free(struct variable *v)
{
    if (!v)
        return;
    for (int64_t k = 0; k < v->ntext; k++)
        mem_free(v->text[k]);
    mem_free(v->text);
    mem_free(v->name);
    mem_free(v->source);
    mem_free(v->value);
    formula_free(v->formula);
    where_release(&v->where);
    mem_free(v);
}

void variables_free(struct adele *ctx)
{
    struct variables *t = ctx->variables;
    if (!t)
        return;
    for (int k = 0; k < t->n; k++)
        variable_free(t->item[k]);
    mem_free(t->item);
    mem_free(t->bucket);
    mem_free(t);
    ctx->variables = NULL;
}

struct variable *variable_find(const struct adele *ctx, const char *name)
{
    if (!ctx->variables)
        return NULL;
    struct variable *v = *bucket_of(ctx->variables, name);
    while (v && strcmp(v->name, name))
        v = v->next_in_bucket;
    return v;
}

bool variable_exists(const struct adele *ctx, const char *name)
{
    return variable_find(ctx, name) != NULL;
}

struct variable *variable_need_one(struct adele *ctx, const char *name,
                                   const struct where *where)
{
    struct variable *v = variable_find(ctx, name);
    if (v)
        return v;
    const struct variables *t = ctx->variables;
    const char **names = mem_alloc((size_t)t->n, sizeof *names);
    const char *near = NULL;
    for (int k = 0; names && k < t->n; k++)
        names[k] = t->item[k]->name;
    if (names)
        near = text_nearest(name, names, (size_t)t->n);
    err_deck(ctx, where, "unknown variable '%s'%s%s%s", name,
             near ? "; did you mean '" : "", near ? near : "",
             near ? "'?" : "");
    mem_free(names);
    return NULL;
}

int variable_require(struct adele *ctx, const char *name,
                     const struct where *where)
{
    return variable_need_one(ctx, name, where) ? ADELE_OK : ctx->error.status;
}

static int grow(struct adele *ctx, struct variables *t)
{
    if (t->n == t->capacity) {
        int wanted = t->capacity ? 2 * t->capacity : 16;
        void *p =
            mem_resize(t->item, (size_t)wanted, sizeof(struct variable *));
        if (!p)
            return err_memory(ctx, "the variables", 8.0 * wanted);
        t->item = p;
        t->capacity = wanted;
    }
    if ((size_t)t->n < t->nbucket)
        return ADELE_OK;
    struct variable **more =
        mem_zalloc(2 * t->nbucket, sizeof(struct variable *));
    if (!more)
        return err_memory(ctx, "the variables", 16.0 * (double)t->nbucket);
    mem_free(t->bucket);
    t->bucket = more;
    t->nbucket *= 2;
    for (int k = 0; k < t->n; k++) {
        struct variable **b = bucket_of(t, t->item[k]->name);
        t->item[k]->next_in_bucket = *b;
        *b = t->item[k];
    }
    return ADELE_OK;
}

static void unchain(struct variables *t, struct variable *v)
{
    struct variable **p = bucket_of(t, v->name);
    while (*p != v)
        p = &(*p)->next_in_bucket;
    *p = v->next_in_bucket;
}

void variable_remove(struct adele *ctx, struct variable *v)
{
    struct variables *t = ctx->variables;
    int k = 0;
    while (t->item[k] != v)
        k++;
    unchain(t, v);
    memmove(&t->item[k], &t->item[k + 1],
            (size_t)(t->n - k - 1) * sizeof(struct variable *));
    t->n--;
    variable_free(v);
}

int variable_commit(struct adele *ctx, struct variable *v, struct variable *old)
{
    struct variables *t = ctx->variables;
    int k = 0;
    if (!old && grow(ctx, t)) {
        variable_free(v);
        return ctx->error.status;
    }
    if (old) {
        while (t->item[k] != old)
            k++;
        unchain(t, old);
        variable_free(old);
    } else {
        k = t->n++;
    }
    t->item[k] = v;
    struct variable **b = bucket_of(t, v->name);
    v->next_in_bucket = *b;
    *b = v;
    return ADELE_OK;
}

/* ---- next ---- */

/* Whether the variable went past its last value. */
static bool advance(struct variable *v)
{
    bool loop = v->style == VARIABLE_LOOP || v->style == VARIABLE_ULOOP;
    v->at++;
    return v->at > (loop ? v->last : v->ntext - 1);
}

static int check_next(struct adele *ctx, const struct words *words)
{
    if (!words->n)
        return err_deck(ctx, NULL, "next: expected the name of a variable");
    const struct variable *first = NULL;
    for (int k = 0; k < words->n; k++) {
        const struct word *w = &words->word[k];
        const struct variable *v = variable_need_one(ctx, w->text, &w->where);
        if (!v)
            return ctx->error.status;
        if (!variable_kinds[v->style].steps)
            return err_deck(ctx, &w->where,
                            "next: expected an index, loop, universe, uloop or "
                            "file variable, found %s (%s)",
                            w->text, variable_kinds[v->style].name);
        for (int j = 0; j < k; j++)
            if (!strcmp(words->word[j].text, w->text))
                return err_deck(ctx, &w->where, "next: %s is named twice",
                                w->text);
        if (first && first->style != v->style)
            return err_deck(ctx, &w->where,
                            "next: the variables must have one style, found %s "
                            "(%s) and %s (%s)",
                            first->name, variable_kinds[first->style].name,
                            v->name, variable_kinds[v->style].name);
        first = v;
    }
    return ADELE_OK;
}

int variable_next(struct adele *ctx, const struct words *words, bool *exhausted)
{
    *exhausted = false;
    int status = check_next(ctx, words);
    for (int k = 0; k < words->n && !status; k++) {
        struct variable *v = variable_find(ctx, words->word[k].text);
        if (advance(v)) {
            *exhausted = true;
            variable_remove(ctx, v);
        }
    }
    return status;
}

int variable_next_line(struct adele *ctx, const char *name,
                       const struct where *where, double *out)
{
    struct variable *v = variable_need_one(ctx, name, where);
    if (!v)
        return ctx->error.status;
    if (v->style != VARIABLE_FILE)
        return err_deck(ctx, where,
                        "next(%s): expected a file variable, found style %s",
                        name, variable_kinds[v->style].name);
    if (v->at >= v->ntext)
        return err_deck(ctx, where, "next(%s): the file has no more lines",
                        name);
    if (!text_number(v->text[v->at], out))
        return err_deck(ctx, where, "next(%s): expected a number, found '%s'",
                        name, v->text[v->at]);
    v->at++;
    return ADELE_OK;
}

/* The values that the averaging fixes read; see average.h. */

#include "plug/average.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "plug/compute.h"
#include "plug/fix.h"
#include "plug/pair.h"

enum { EXPANSION_MAX = 100000 };

static bool is_reference(const char *s)
{
    return (s[0] == 'c' || s[0] == 'f' || s[0] == 'v') && s[1] == '_';
}

static int append(struct adele *ctx, struct arg_list *list, const char *text,
                  const struct word *model)
{
    struct word *grown =
        mem_resize(list->word, (size_t)list->n + 1, sizeof *grown);
    char *copy = mem_strdup(text);
    if (grown)
        list->word = grown;
    if (!grown || !copy) {
        mem_free(copy);
        return err_memory(ctx, "a list of values", 64.0 * list->n);
    }
    list->word[list->n++] = (struct word){
        .text = copy, .quote = model->quote, .where = where_hold(model->where)};
    return ADELE_OK;
}

/* How far the index of c_ID[*] goes: entries of the vector, or columns of the
   array or per-site array when whole columns are meant. */
static int count_entries(struct adele *ctx, const struct word *w,
                         const char *id, enum shape shape, int64_t *n)
{
    struct outputs *out = NULL;
    int status = ADELE_OK;
    if (w->text[0] == 'c') {
        struct compute *c = compute_find(ctx, id);
        if (c && shape != OUT_SITE)
            status = compute_evaluate(
                ctx, c, shape == OUT_SCALAR ? OUT_VECTOR : OUT_ARRAY);
        else if (c)
            status = compute_evaluate(ctx, c, OUT_SITE);
        out = c ? &c->out : NULL;
    } else if (w->text[0] == 'f') {
        struct fix *f = fix_find(ctx, id);
        out = f ? &f->out : NULL;
    }
    if (status)
        return status;
    if (!out)
        return err_deck(ctx, &w->where, "there is no %s '%s'",
                        w->text[0] == 'c' ? "compute" : "fix", id);
    *n = shape == OUT_SCALAR   ? out->nvector
         : shape == OUT_VECTOR ? out->ncol
                               : out->nsite_col;
    return ADELE_OK;
}

/* The number between two places; `otherwise` when nothing stands there. */
static bool read_index(const char *from, const char *to, int64_t otherwise,
                       int64_t *index)
{
    char digits[20] = "";
    size_t n = (size_t)(to - from);
    *index = otherwise;
    if (n == 0)
        return true;
    if (n >= sizeof digits)
        return false;
    memcpy(digits, from, n);
    return text_integer(digits, index) && *index > 0;
}

/* Appends c_ID[first] .. c_ID[last]. */
static int append_range(struct adele *ctx, const struct word *w,
                        const char *open, int64_t first, int64_t last,
                        struct arg_list *out)
{
    if (last < first || last - first >= EXPANSION_MAX)
        return err_deck(ctx, &w->where,
                        "'%s' stands for no entries so far; give both ends, as "
                        "in [1*3]",
                        w->text);
    int status = ADELE_OK;
    for (int64_t k = first; !status && k <= last; k++) {
        struct text t = {0};
        text_addn(&t, w->text, (size_t)(open - w->text));
        text_addf(&t, "[%lld]", (long long)k);
        status = t.failed ? err_memory(ctx, "a list of values", 64)
                          : append(ctx, out, t.s, w);
        text_free(&t);
    }
    return status;
}

/* c_ID[2*4] -> c_ID[2], c_ID[3], c_ID[4]; open ends reach 1 and the last. */
static int expand_word(struct adele *ctx, const struct word *w,
                       enum shape shape, struct arg_list *out)
{
    const char *open = strchr(w->text, '['), *star = strchr(w->text, '*');
    const char *close = open ? strchr(open, ']') : NULL;
    if (!is_reference(w->text) || w->text[0] == 'v' || !open || !star ||
        !close || star < open || star > close || close[1])
        return append(ctx, out, w->text, w);

    int64_t first, last;
    if (!read_index(open + 1, star, 1, &first) ||
        !read_index(star + 1, close, 0, &last))
        return err_deck(ctx, &w->where,
                        "expected a range such as [*], [2*] or [2*4], found "
                        "'%s'",
                        w->text);
    if (last == 0) {
        char *id = mem_strndup(w->text + 2, (size_t)(open - w->text) - 2);
        int status = id ? count_entries(ctx, w, id, shape, &last)
                        : err_memory(ctx, "a list of values", 64);
        mem_free(id);
        if (status)
            return status;
    }
    return append_range(ctx, w, open, first, last, out);
}

int average_expand(struct adele *ctx, const struct arg_list *words,
                   enum shape shape, struct arg_list *out)
{
    *out = (struct arg_list){0};
    for (int i = 0; i < words->n; i++) {
        int status = expand_word(ctx, &words->word[i], shape, out);
        if (!status)
            continue;
        average_words_free(out);
        return status;
    }
    return ADELE_OK;
}

void average_words_free(struct arg_list *words)
{
    for (int i = 0; i < words->n; i++) {
        mem_free(words->word[i].text);
        where_release(&words->word[i].where);
    }
    mem_free(words->word);
    *words = (struct arg_list){0};
}

int average_inputs_parse(struct adele *ctx, const struct arg_list *words,
                         enum shape shape, struct average_inputs *out)
{
    struct arg_list list;
    int status = average_expand(ctx, words, shape, &list);
    if (status)
        return status;
    out->ref = mem_zalloc((size_t)list.n, sizeof *out->ref);
    out->name = mem_zalloc((size_t)list.n, sizeof *out->name);
    if (!out->ref || !out->name) {
        average_words_free(&list);
        return err_memory(ctx, "a list of values", 128.0 * list.n);
    }
    for (int i = 0; !status && i < list.n; i++) {
        const struct word *w = &list.word[i];
        out->n++;
        status = reference_parse(ctx, w, true, &out->ref[i]);
        if (!status && !(out->name[i] = mem_strdup(w->text)))
            status = err_memory(ctx, "a list of values", 64);
        if (!status)
            status = reference_check(ctx, &out->ref[i], (unsigned)shape);
    }
    average_words_free(&list);
    return status;
}

void average_inputs_free(struct average_inputs *in)
{
    for (int i = 0; i < in->n; i++) {
        reference_free(&in->ref[i]);
        mem_free(in->name[i]);
    }
    mem_free(in->ref);
    mem_free(in->name);
    *in = (struct average_inputs){0};
}

unsigned average_inputs_need(struct adele *ctx, const struct average_inputs *in)
{
    unsigned bits = 0;
    for (int i = 0; i < in->n; i++)
        bits |= reference_need(ctx, &in->ref[i]);
    return bits;
}

int average_available(struct adele *ctx, const char *name, unsigned need,
                      const struct where *where)
{
    unsigned missing = ctx->pair ? need & ~forces_gives(ctx) : 0;
    const char *why = missing & NEED_ENERGY ? ctx->pair->why : NULL;

    if (!missing)
        return ADELE_OK;
    return err_deck(ctx, where->line ? where : NULL,
                    "pair_style %s does not give what %s is made from%s%s",
                    ctx->pair->head.style->name, name, why ? "; " : "",
                    why ? why : "");
}

int average_inputs_check(struct adele *ctx, const struct average_inputs *in)
{
    for (int i = 0; i < in->n; i++) {
        const struct reference *r = &in->ref[i];
        int status = average_available(ctx, in->name[i], reference_need(ctx, r),
                                       &r->where);
        if (status)
            return status;
    }
    return ADELE_OK;
}

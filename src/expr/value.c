/* References c_ID, f_ID, v_name and thermo keywords: see plug/value.h.

   With one index c_ID[i] is element i of a vector, column i of an array (a
   vector) or of a multi-column per-site quantity, or the value at site i of a
   single-column one; with two, an element of an array, or site i column j. */

#include "plug/value.h"

#include <ctype.h>
#include <string.h>

#include "base/mem.h"
#include "expr/formula_ops.h"
#include "expr/keyword.h"
#include "expr/variable.h"
#include "plug/args.h"
#include "plug/compute.h"
#include "plug/fix.h"
#include "plug/pair.h"

/* ---- form ---- */

static int bad_form(struct adele *ctx, const struct word *w)
{
    return err_deck(ctx, &w->where,
                    "expected c_ID, c_ID[i], c_ID[i][j], f_ID.. or v_name, "
                    "found '%s'",
                    w->text);
}

/* "[i]" at *s: 0 and the index, or -1. */
static int parse_index(const char **s, int64_t *index)
{
    size_t n = strspn(*s + 1, "0123456789");
    struct text digits = {0};
    text_addn(&digits, *s + 1, n);
    bool good = n > 0 && (*s)[n + 1] == ']' && !digits.failed &&
                text_integer(digits.s, index) && *index > 0;
    text_free(&digits);
    *s += n + 2;
    return good ? 0 : -1;
}

static size_t name_length(const char *s)
{
    size_t n = 0;
    while (isalnum((unsigned char)s[n]) || s[n] == '_')
        n++;
    return n;
}

int reference_parse(struct adele *ctx, const struct word *w, bool keywords,
                    struct reference *out)
{
    const char *s = w->text;
    bool prefixed = s[0] && strchr("cfv", s[0]) && s[1] == '_';
    *out = (struct reference){0};
    if (!prefixed) {
        if (!keywords || !keyword_find(s))
            return bad_form(ctx, w);
        out->kind = REF_KEYWORD;
        out->name = mem_strdup(s);
    } else {
        size_t n = name_length(s + 2);
        out->kind = (enum reference_kind)s[0];
        out->name = mem_strndup(s + 2, n);
        s += 2 + n;
        bool good = n > 0;
        while (good && *s == '[' && out->nindex < 2)
            good = parse_index(&s, &out->index[out->nindex++]) == 0;
        if (!good || *s) {
            mem_free(out->name);
            *out = (struct reference){0};
            return bad_form(ctx, w);
        }
    }
    if (!out->name)
        return err_memory(ctx, "a reference", 64);
    out->where = where_hold(w->where);
    return ADELE_OK;
}

void reference_free(struct reference *r)
{
    mem_free(r->name);
    where_release(&r->where);
    *r = (struct reference){0};
}

int value_parse(struct adele *ctx, const struct word *w, struct value *out)
{
    *out = (struct value){0};
    if (text_number(w->text, &out->number))
        return ADELE_OK;
    if (w->text[0] && strchr("cfv", w->text[0]) && w->text[1] == '_') {
        int status = reference_parse(ctx, w, false, &out->ref);
        out->is_reference = !status;
        return status;
    }
    return err_deck(ctx, &w->where,
                    "expected a number or a reference (v_name, c_ID, f_ID), "
                    "found '%s'",
                    w->text);
}

void value_free(struct value *v)
{
    reference_free(&v->ref);
    *v = (struct value){0};
}

/* ---- what is behind a name ---- */

/* A compute or a fix, seen through what both have. */
struct producer {
    struct compute *compute; /* one of the two */
    struct fix *fix;
    struct outputs *out;
    const struct style *style;
    unsigned shapes;
};

static struct producer producer_of(const struct adele *ctx,
                                   const struct reference *r)
{
    struct producer p = {0};
    if (r->kind == REF_COMPUTE)
        p.compute = compute_find(ctx, r->name);
    if (r->kind == REF_FIX)
        p.fix = fix_find(ctx, r->name);
    if (p.compute) {
        p.out = &p.compute->out;
        p.style = p.compute->head.style;
        p.shapes = compute_shapes(p.compute);
    } else if (p.fix) {
        p.out = &p.fix->out;
        p.style = p.fix->head.style;
        p.shapes = fix_shapes(p.fix);
    }
    return p;
}

/* Whether the per-site output has several columns: its entries in the output
   table then carry an index, unless the instance knows how many it has. */
static bool many_columns(const struct producer *p)
{
    if (p->out->nsite_col > 0)
        return p->out->nsite_col > 1;
    for (const struct output *o = p->style->outputs; o && o->name; o++)
        if (o->shape == OUT_SITE && o->index && *o->index)
            return true;
    return false;
}

/* The shapes of a producer after `nindex` indices. */
static unsigned indexed_shapes(unsigned all, bool columns, int nindex)
{
    if (nindex == 0)
        return columns ? all & ~(unsigned)OUT_SITE : all;
    unsigned shapes = 0;
    if (nindex == 1) {
        if ((all & OUT_VECTOR) || ((all & OUT_SITE) && !columns))
            shapes |= OUT_SCALAR;
        if (all & OUT_ARRAY)
            shapes |= OUT_VECTOR;
        if ((all & OUT_SITE) && columns)
            shapes |= OUT_SITE;
        return shapes;
    }
    return (all & OUT_ARRAY) || ((all & OUT_SITE) && columns) ? OUT_SCALAR : 0;
}

unsigned reference_shapes(struct adele *ctx, const struct reference *r)
{
    if (r->kind == REF_KEYWORD)
        return keyword_find(r->name) ? OUT_SCALAR : 0;
    if (r->kind == REF_VARIABLE)
        return r->nindex > 1 ? 0
                             : indexed_shapes(variable_shapes(ctx, r->name),
                                              false, r->nindex);
    struct producer p = producer_of(ctx, r);
    return p.style ? indexed_shapes(p.shapes, many_columns(&p), r->nindex) : 0;
}

static void written(const struct reference *r, struct text *out)
{
    if (r->kind != REF_KEYWORD)
        text_addf(out, "%c_", r->kind);
    text_add(out, r->name);
    for (int k = 0; k < r->nindex; k++)
        text_addf(out, "[%lld]", (long long)r->index[k]);
}

/* An error about a reference, at its place when that is known. */
#define FAIL(ctx, r, ...)                                                      \
    formula_fail(ctx, (r)->where.line ? &(r)->where : NULL, __VA_ARGS__)

static int unknown(struct adele *ctx, const struct reference *r)
{
    bool compute = r->kind == REF_COMPUTE;
    int n = compute ? ctx->computes.n : ctx->fixes.n;
    const char **names = mem_alloc((size_t)n, sizeof *names);
    const char *near = NULL;
    for (int k = 0; names && k < n; k++)
        names[k] = compute ? ctx->computes.item[k]->head.id
                           : ctx->fixes.item[k]->head.id;
    if (names)
        near = text_nearest(r->name, names, (size_t)n);
    int status = near ? FAIL(ctx, r, "unknown %s '%s'; did you mean '%s'?",
                             compute ? "compute" : "fix", r->name, near)
                      : FAIL(ctx, r, "unknown %s '%s'",
                             compute ? "compute" : "fix", r->name);
    mem_free(names);
    return status;
}

static int exists(struct adele *ctx, const struct reference *r)
{
    const struct where *w = r->where.line ? &r->where : NULL;
    if (r->kind == REF_VARIABLE)
        return variable_require(ctx, r->name, w);
    if (r->kind == REF_KEYWORD)
        return keyword_find(r->name)
                   ? ADELE_OK
                   : FAIL(ctx, r, "unknown thermo keyword '%s'", r->name);
    return producer_of(ctx, r).style ? ADELE_OK : unknown(ctx, r);
}

/* "a number, a vector": what there is. */
static void list_shapes(unsigned shapes, struct text *out)
{
    static const struct {
        unsigned bit;
        const char *name;
    } table[] = {{OUT_SCALAR, "a number"},
                 {OUT_VECTOR, "a vector"},
                 {OUT_ARRAY, "an array"},
                 {OUT_SITE, "a per-site quantity"}};
    const char *between = "";
    for (size_t k = 0; k < sizeof table / sizeof *table; k++) {
        if (!(shapes & table[k].bit))
            continue;
        text_addf(out, "%s%s", between, table[k].name);
        between = " or ";
    }
    text_add(out, shapes ? "" : "nothing");
}

int reference_check(struct adele *ctx, const struct reference *r,
                    unsigned shapes)
{
    int status = exists(ctx, r);
    if (status)
        return status;
    unsigned offer = reference_shapes(ctx, r);
    if (offer & shapes)
        return ADELE_OK;
    struct reference bare = {.kind = r->kind, .name = r->name};
    struct text name = {0}, have = {0}, want = {0};
    written(r, &name);
    bool indices = !offer && r->nindex;
    struct producer p = producer_of(ctx, r);
    bool column = !r->nindex && (shapes & OUT_SITE) && p.style &&
                  (p.shapes & OUT_SITE) && many_columns(&p);
    list_shapes(indices ? reference_shapes(ctx, &bare) : offer, &have);
    list_shapes(shapes, &want);
    if (indices)
        status = FAIL(ctx, r, "%s does not exist: %c_%s is %s", name.s, r->kind,
                      r->name, have.s);
    else
        status = FAIL(ctx, r, "%s is %s; expected %s%s%s%s", name.s, have.s,
                      want.s, column ? ": one of its columns, " : "",
                      column ? name.s : "", column ? "[1]" : "");
    text_free(&name);
    text_free(&have);
    text_free(&want);
    return status;
}

/* ---- reading ---- */

static int evaluate(struct adele *ctx, const struct reference *r,
                    const struct producer *p, enum shape shape)
{
    if (!p->out) {
        unknown(ctx, r);
        return ADELE_EDECK;
    }
    return p->compute ? compute_evaluate(ctx, p->compute, shape)
                      : fix_evaluate(ctx, p->fix, shape);
}

static int out_of_range(struct adele *ctx, const struct reference *r, int k,
                        const char *what, int64_t n)
{
    struct text name = {0};
    written(r, &name);
    int status =
        FAIL(ctx, r, "%s: index %lld is out of range, there %s %lld %s%s",
             name.s ? name.s : r->name, (long long)r->index[k],
             n == 1 ? "is" : "are", (long long)n, what, n == 1 ? "" : "s");
    text_free(&name);
    return status;
}

static int element(struct adele *ctx, const struct reference *r,
                   const double *v, int64_t n, const char *what, double *out)
{
    if (r->index[0] > n)
        return out_of_range(ctx, r, 0, what, n);
    *out = v[r->index[0] - 1];
    return ADELE_OK;
}

static int variable_element(struct adele *ctx, const struct reference *r,
                            const struct where *w, double *out)
{
    const double *v;
    int64_t n;
    bool site = variable_shapes(ctx, r->name) == OUT_SITE;
    int status = site ? variable_site(ctx, r->name, w, &v)
                      : variable_vector(ctx, r->name, w, &v, &n);
    if (status)
        return status;
    return element(ctx, r, v, site ? ctx->lat->nlocal : n,
                   site ? "site" : "element", out);
}

/* One number out of a vector, an array or a per-site quantity. */
static int producer_element(struct adele *ctx, const struct reference *r,
                            const struct producer *p, double *out)
{
    struct outputs *o = p->out;
    int status;
    if (r->nindex == 1 && (p->shapes & OUT_VECTOR)) {
        status = evaluate(ctx, r, p, OUT_VECTOR);
        return status ? status
                      : element(ctx, r, o->vector, o->nvector, "element", out);
    }
    if (r->nindex == 2 && (p->shapes & OUT_ARRAY)) {
        status = evaluate(ctx, r, p, OUT_ARRAY);
        if (status)
            return status;
        if (r->index[0] > o->nrow)
            return out_of_range(ctx, r, 0, "row", o->nrow);
        if (r->index[1] > o->ncol)
            return out_of_range(ctx, r, 1, "column", o->ncol);
        *out = o->array[(r->index[0] - 1) * o->ncol + r->index[1] - 1];
        return ADELE_OK;
    }
    status = evaluate(ctx, r, p, OUT_SITE);
    if (status)
        return status;
    int64_t n = ctx->lat->nlocal, column = r->nindex == 2 ? r->index[1] : 1;
    if (column > o->nsite_col)
        return out_of_range(ctx, r, 1, "column", o->nsite_col);
    return element(ctx, r, o->site + (column - 1) * n, n, "site", out);
}

int reference_scalar(struct adele *ctx, const struct reference *r, double *out)
{
    int status = reference_check(ctx, r, OUT_SCALAR);
    if (status)
        return status;
    const struct where *w = r->where.line ? &r->where : NULL;
    if (r->kind == REF_KEYWORD)
        return keyword_find(r->name)->get(ctx, out);
    if (r->kind == REF_VARIABLE)
        return r->nindex ? variable_element(ctx, r, w, out)
                         : variable_scalar(ctx, r->name, w, out);
    struct producer p = producer_of(ctx, r);
    if (r->nindex)
        return producer_element(ctx, r, &p, out);
    status = evaluate(ctx, r, &p, OUT_SCALAR);
    if (!status)
        *out = p.out->scalar;
    return status;
}

int value_get(struct adele *ctx, const struct value *v, double *out)
{
    *out = v->number;
    return v->is_reference ? reference_scalar(ctx, &v->ref, out) : ADELE_OK;
}

/* Column j of an array as a vector, in a transposed copy beside the array, so
   that several columns can be held at once. */
static int array_column(struct adele *ctx, const struct reference *r,
                        struct outputs *o, const double **v, int64_t *n)
{
    if (r->index[0] > o->ncol)
        return out_of_range(ctx, r, 0, "column", o->ncol);
    int64_t cells = o->nrow * o->ncol;
    if (cells != o->ncolumn) {
        double *grown = mem_resize(o->column, (size_t)cells, sizeof *grown);
        if (!grown)
            return err_memory(ctx, "the columns of an array",
                              8.0 * (double)cells);
        o->column = grown;
        o->ncolumn = cells;
    }
    double *column = o->column + (r->index[0] - 1) * o->nrow;
    for (int64_t k = 0; k < o->nrow; k++)
        column[k] = o->array[k * o->ncol + r->index[0] - 1];
    *v = column;
    *n = o->nrow;
    return ADELE_OK;
}

int reference_vector(struct adele *ctx, const struct reference *r,
                     const double **v, int64_t *n)
{
    int status = reference_check(ctx, r, OUT_VECTOR);
    if (status)
        return status;
    if (r->kind == REF_VARIABLE)
        return variable_vector(ctx, r->name, r->where.line ? &r->where : NULL,
                               v, n);
    struct producer p = producer_of(ctx, r);
    status = evaluate(ctx, r, &p, r->nindex ? OUT_ARRAY : OUT_VECTOR);
    if (status)
        return status;
    if (r->nindex)
        return array_column(ctx, r, p.out, v, n);
    *v = p.out->vector;
    *n = p.out->nvector;
    return ADELE_OK;
}

int reference_array(struct adele *ctx, const struct reference *r,
                    const double **a, int64_t *nrow, int64_t *ncol)
{
    int status = reference_check(ctx, r, OUT_ARRAY);
    if (status)
        return status;
    struct producer p = producer_of(ctx, r);
    status = evaluate(ctx, r, &p, OUT_ARRAY);
    if (status)
        return status;
    *a = p.out->array;
    *nrow = p.out->nrow;
    *ncol = p.out->ncol;
    return ADELE_OK;
}

int reference_site(struct adele *ctx, const struct reference *r,
                   const double **site)
{
    int status = reference_check(ctx, r, OUT_SITE);
    if (status)
        return status;
    if (r->kind == REF_VARIABLE)
        return variable_site(ctx, r->name, r->where.line ? &r->where : NULL,
                             site);
    struct producer p = producer_of(ctx, r);
    status = evaluate(ctx, r, &p, OUT_SITE);
    if (status)
        return status;
    int64_t column = r->nindex ? r->index[0] : 1;
    if (column > p.out->nsite_col)
        return out_of_range(ctx, r, 0, "column", p.out->nsite_col);
    *site = p.out->site + (column - 1) * ctx->lat->nlocal;
    return ADELE_OK;
}

/* ---- needs ---- */

unsigned reference_need(struct adele *ctx, const struct reference *r)
{
    if (r->kind == REF_KEYWORD) {
        const struct keyword *k = keyword_find(r->name);
        return k ? k->need : 0;
    }
    if (r->kind == REF_VARIABLE)
        return variable_need(ctx, r->name);
    struct compute *c = producer_of(ctx, r).compute;
    const struct compute_style *style =
        c ? (const struct compute_style *)c->head.style : NULL;
    return style && style->need ? style->need(ctx, c) : 0;
}

unsigned value_need(struct adele *ctx, const struct value *v)
{
    return v->is_reference ? reference_need(ctx, &v->ref) : 0;
}

/* What variables are worth: text, numbers, vectors, per-site values. */

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "expr/formula_ops.h"
#include "expr/number.h"
#include "expr/variable_table.h"
#include "plug/style.h"

/* Variables inside variables: more than anybody nests, less than the stack
   holds. */
enum { DEPTH_MAX = 1000 };

uint64_t variable_draw(struct adele *ctx)
{
    struct variables *t = ctx->variables;
    if (t->tick != ctx->tick) {
        t->tick = ctx->tick;
        t->ndraw = 0;
    }
    return t->ndraw++;
}

/* An error inside a formula is told with the name of its variable; inside
   others, with the innermost. */
static void name_error(struct adele *ctx, const struct variable *v)
{
    static const char mark[] = "variable ";
    char *message = ctx->error.message;
    if (!message || !strncmp(message, mark, strlen(mark)))
        return;
    struct text t = {0};
    text_addf(&t, "%s%s: %s", mark, v->name, message);
    if (t.failed) {
        text_free(&t);
        return;
    }
    mem_free(message);
    ctx->error.message = t.s;
}

/* Marks v as being evaluated.  The place is the use, not the definition. */
static int enter(struct adele *ctx, struct variable *v,
                 const struct where *where)
{
    struct variables *t = ctx->variables;
    if (v->busy)
        return formula_fail(ctx, where,
                            "variable %s: circular reference, its value needs "
                            "its own value",
                            v->name);
    if (t->depth == DEPTH_MAX)
        return formula_fail(ctx, where,
                            "variable %s: variables nested more than %d deep",
                            v->name, DEPTH_MAX);
    v->busy = true;
    t->depth++;
    return ADELE_OK;
}

static int leave(struct adele *ctx, struct variable *v, int status)
{
    v->busy = false;
    ctx->variables->depth--;
    if (status && ctx->error.status)
        name_error(ctx, v);
    return status;
}

static int fail_style(struct adele *ctx, const struct variable *v,
                      const struct where *where, const char *wanted)
{
    const char *hint =
        v->style == VARIABLE_VECTOR ? "; one element of it is v_NAME[i]"
        : v->style == VARIABLE_ATOM ? "; one site of it is v_NAME[id]"
                                    : "";
    return formula_fail(ctx, where, "variable %s has style %s; expected %s%s",
                        v->name, variable_kinds[v->style].name, wanted, hint);
}

static int evaluate_equal(struct adele *ctx, struct variable *v,
                          const struct where *where, double *out)
{
    int status = enter(ctx, v, where);
    if (status)
        return status;
    return leave(ctx, v, formula_scalar(ctx, v->formula, out));
}

static int format_text(struct adele *ctx, struct variable *v,
                       const struct where *where, struct text *out)
{
    double value = 0;
    int status = enter(ctx, v, where);
    if (status)
        return status;
    status = leave(ctx, v, variable_scalar(ctx, v->text[0], where, &value));
    if (!status)
        number_print(out, v->text[1], value);
    return status;
}

static void vector_text(const struct variable *v, struct text *out)
{
    for (int64_t k = 0; k < v->n; k++)
        text_addf(out, "%c%.15g", k ? ',' : '[', v->value[k]);
    text_add(out, v->n ? "]" : "[]");
}

int variable_string(struct adele *ctx, const char *name,
                    const struct where *where, struct text *out)
{
    struct variable *v = variable_need_one(ctx, name, where);
    double value;
    const double *array;
    int64_t n;
    int status;
    if (!v)
        return ctx->error.status;
    switch (v->style) {
    case VARIABLE_LOOP:
    case VARIABLE_ULOOP:
        text_addf(out, "%0*lld", v->pad, (long long)v->at);
        return ADELE_OK;
    case VARIABLE_GETENV: {
        const char *s = getenv(v->text[0]);
        text_add(out, s ? s : "");
        return ADELE_OK;
    }
    case VARIABLE_FORMAT:
        return format_text(ctx, v, where, out);
    case VARIABLE_EQUAL:
        status = evaluate_equal(ctx, v, where, &value);
        if (!status)
            text_addf(out, "%.15g", value);
        return status;
    case VARIABLE_VECTOR:
        status = variable_vector(ctx, name, where, &array, &n);
        if (!status)
            vector_text(v, out);
        return status;
    case VARIABLE_ATOM:
        return fail_style(ctx, v, where,
                          "a variable that is one word or number");
    case VARIABLE_TIMER:
    case VARIABLE_INTERNAL:
        text_addf(out, "%.15g", v->number);
        return ADELE_OK;
    default:
        if (v->at >= v->ntext)
            return formula_fail(
                ctx, where, "variable %s: the file has no more lines", v->name);
        text_add(out, v->text[v->at]);
        return ADELE_OK;
    }
}

int variable_scalar(struct adele *ctx, const char *name,
                    const struct where *where, double *out)
{
    struct variable *v = variable_need_one(ctx, name, where);
    if (!v)
        return ctx->error.status;
    if (v->style == VARIABLE_EQUAL)
        return evaluate_equal(ctx, v, where, out);
    if (v->style == VARIABLE_VECTOR || v->style == VARIABLE_ATOM)
        return fail_style(ctx, v, where, "one number");
    struct text t = {0};
    int status = variable_string(ctx, name, where, &t);
    if (!status && t.failed)
        status = err_memory(ctx, "a variable", 64);
    if (!status && !text_number(t.s ? t.s : "", out))
        status = formula_fail(ctx, where,
                              "variable %s: expected a number, found '%s'",
                              name, t.s ? t.s : "");
    text_free(&t);
    return status;
}

int variable_vector(struct adele *ctx, const char *name,
                    const struct where *where, const double **out, int64_t *n)
{
    struct variable *v = variable_need_one(ctx, name, where);
    if (!v)
        return ctx->error.status;
    if (v->style != VARIABLE_VECTOR)
        return fail_style(ctx, v, where, "a vector");
    int status = enter(ctx, v, where);
    if (status)
        return status;
    double *value = NULL;
    status = leave(ctx, v, formula_vector(ctx, v->formula, &value, n));
    if (status)
        return status;
    mem_free(v->value);
    v->value = value;
    v->n = *n;
    *out = value;
    return ADELE_OK;
}

int variable_site(struct adele *ctx, const char *name,
                  const struct where *where, const double **site)
{
    struct variable *v = variable_need_one(ctx, name, where);
    if (!v)
        return ctx->error.status;
    if (v->style != VARIABLE_ATOM)
        return fail_style(ctx, v, where, "one value for each site");
    int status = enter(ctx, v, where);
    if (status)
        return status;
    int64_t n = ctx->lat ? ctx->lat->nlocal : 0;
    if (v->n != n || !v->value) {
        mem_free(v->value);
        v->value = mem_alloc((size_t)n, sizeof *v->value);
        v->n = n;
        if (!v->value)
            status = err_memory(ctx, "a per-site variable", 8.0 * (double)n);
    }
    if (!status)
        status = formula_site(ctx, v->formula, v->value);
    *site = v->value;
    return leave(ctx, v, status);
}

unsigned variable_shapes(struct adele *ctx, const char *name)
{
    const struct variable *v = variable_find(ctx, name);
    if (!v)
        return 0;
    return v->style == VARIABLE_VECTOR ? OUT_VECTOR
           : v->style == VARIABLE_ATOM ? OUT_SITE
                                       : OUT_SCALAR;
}

unsigned variable_need(struct adele *ctx, const char *name)
{
    struct variable *v = variable_find(ctx, name);
    if (!v || v->busy || ctx->variables->depth == DEPTH_MAX)
        return 0;
    if (v->style == VARIABLE_FORMAT)
        return variable_need(ctx, v->text[0]);
    if (!v->formula)
        return 0;
    v->busy = true;
    ctx->variables->depth++;
    unsigned need = formula_need(ctx, v->formula);
    v->busy = false;
    ctx->variables->depth--;
    return need;
}

int variable_set_internal(struct adele *ctx, const char *name, double value)
{
    struct variable *v = variable_need_one(ctx, name, NULL);
    if (!v)
        return ctx->error.status;
    if (v->style != VARIABLE_INTERNAL)
        return fail_style(ctx, v, NULL, "style internal");
    v->number = value;
    return ADELE_OK;
}

void variables_describe(struct adele *ctx, struct text *out)
{
    const struct variables *t = ctx->variables;
    for (int k = 0; t && k < t->n; k++) {
        const struct variable *v = t->item[k];
        text_addf(out, "Variable[%3d]: %-10s,  style = %-10s,  def =", k + 1,
                  v->name, variable_kinds[v->style].name);
        for (int64_t j = 0; j < v->ntext; j++)
            text_addf(out, " %s", v->text[j]);
        if (v->source)
            text_addf(out, " %s", v->source);
        else if (v->style == VARIABLE_LOOP || v->style == VARIABLE_ULOOP)
            text_addf(out, " %lld %lld", (long long)v->first,
                      (long long)v->last);
        else if (!v->ntext)
            text_addf(out, " %.15g", v->number);
        text_addc(out, '\n');
    }
}

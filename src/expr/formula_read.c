/* The operations of formulas that read values of the simulation, and the
   choice among the shapes that a name offers. */

#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "expr/formula_machine.h"
#include "expr/formula_words.h"
#include "expr/keyword.h"
#include "expr/variable.h"
#include "plug/model.h"

static int copy_array(struct machine *m, enum item_shape shape, const double *v,
                      int64_t n, struct item *out)
{
    *out = (struct item){
        .shape = shape, .v = mem_alloc((size_t)n, sizeof(double)), .n = n};
    if (!out->v)
        return machine_no_memory(m, n);
    if (n)
        memcpy(out->v, v, (size_t)n * sizeof *v);
    return ADELE_OK;
}

/* The shape to read, of those on offer; 0 when none fits. */
static unsigned choose_shape(const struct machine *m, enum prefer prefer,
                             unsigned offer)
{
    static const unsigned order[][3] = {
        {OUT_SCALAR, 0, 0},                  /* a number */
        {OUT_VECTOR, OUT_SCALAR, 0},         /* a vector formula */
        {OUT_SITE, OUT_SCALAR, 0},           /* a per-site formula */
        {OUT_VECTOR, OUT_SITE, OUT_SCALAR}}; /* inside a reduction */
    size_t row = prefer == PREFER_VECTOR   ? 3
                 : prefer == PREFER_SCALAR ? 0
                                           : (size_t)m->mode;
    for (int k = 0; k < 3; k++)
        if (offer & order[row][k])
            return order[row][k];
    return 0;
}

static int wrong_shape(struct machine *m, const struct op *op, unsigned offer)
{
    const char *s = m->f->text + op->at;
    int n = (int)op->length;
    if (offer & OUT_ARRAY)
        return machine_fail(m, op,
                            "%.*s is an array; one number of it is %.*s[i][j]",
                            n, s, n, s);
    if ((offer & OUT_VECTOR) && op->n)
        return machine_fail(m, op,
                            "%.*s is a column, a vector; one number of it is "
                            "%c_%s[i][..], or reduce it, as in max(%.*s)",
                            n, s, op->kind, op->name, n, s);
    if (offer & OUT_VECTOR)
        return machine_fail(m, op,
                            "%.*s is a vector; one number of it is %.*s[i], "
                            "or reduce it, as in max(%.*s)",
                            n, s, n, s, n, s);
    return machine_fail(m, op,
                        "%.*s is a per-site quantity; one site's value is "
                        "%.*s[id], or reduce it, as in sum(%.*s)",
                        n, s, n, s, n, s);
}

static int read_reference(struct machine *m, const struct op *op,
                          const struct reference *r, struct item *out)
{
    unsigned offer = reference_shapes(m->ctx, r);
    if (!offer)
        return reference_check(m->ctx, r, ~0u)
                   ? m->ctx->error.status
                   : machine_fail(m, op, "no such value");
    const double *v = NULL;
    int64_t n = 0;
    int status;
    switch (choose_shape(m, op->prefer, offer)) {
    case OUT_SCALAR:
        return reference_scalar(m->ctx, r, &out->s);
    case OUT_VECTOR:
        status = reference_vector(m->ctx, r, &v, &n);
        return status ? status : copy_array(m, ITEM_VECTOR, v, n, out);
    case OUT_SITE:
        status = reference_site(m->ctx, r, &v);
        return status ? status
                      : copy_array(m, ITEM_SITE, v, m->ctx->lat->nlocal, out);
    default:
        return wrong_shape(m, op, offer);
    }
}

/* Index number k of an op, from the stack: a whole number from 1. */
static int take_index(struct machine *m, const struct op *op, int k,
                      int64_t *index)
{
    struct item *it = &m->f->stack[m->top - op->n + k];
    if (it->shape != ITEM_SCALAR)
        return machine_fail(m, op, "an index must be a number, found %s",
                            item_shape_name(it->shape));
    if (it->s != floor(it->s) || it->s < 1 || it->s > 9e15)
        return machine_fail(
            m, op, "an index must be a whole number from 1, found %.15g",
            it->s);
    *index = (int64_t)it->s;
    return ADELE_OK;
}

static int check_finite(struct machine *m, const struct op *op,
                        const struct item *it)
{
    const char *s = m->f->text + op->at;
    int n = (int)op->length;
    if (it->shape == ITEM_SCALAR)
        return isfinite(it->s) ? ADELE_OK
                               : machine_fail(m, op, "%.*s is %g", n, s, it->s);
    for (int64_t k = 0; k < it->n; k++)
        if (!isfinite(it->v[k]))
            return machine_fail(m, op, "%.*s is %g at %s %lld", n, s, it->v[k],
                                it->shape == ITEM_SITE ? "site" : "element",
                                (long long)k + 1);
    return ADELE_OK;
}

int machine_reference(struct machine *m, const struct op *op)
{
    struct reference r = {.kind = op->kind,
                          .name = op->name,
                          .nindex = op->n,
                          .where = machine_where(m, op)};
    for (int k = 0; k < op->n; k++) {
        int status = take_index(m, op, k, &r.index[k]);
        if (status)
            return status;
    }
    struct item out = {0};
    int status = read_reference(m, op, &r, &out);
    if (!status)
        status = check_finite(m, op, &out);
    if (status) {
        item_drop(&out);
        return status;
    }
    machine_drop(m, op);
    machine_push(m, out);
    return ADELE_OK;
}

static int unknown_name(struct machine *m, const struct op *op)
{
    const char *names[256];
    int n = 0, count;
    const char *const *keywords = keyword_names(&count);
    for (int k = 0; k < count && n < 128; k++)
        names[n++] = keywords[k];
    const struct model *model = m->ctx->model;
    for (int c = 0; model && c < model->ncomp; c++) {
        names[n++] = model->component[c].displacement;
        names[n++] = model->component[c].velocity;
        names[n++] = model->component[c].force;
    }
    n += function_names(names + n, 256 - n);
    const char *near = text_nearest(op->name, names, (size_t)n);
    if (variable_exists(m->ctx, op->name))
        return machine_fail(
            m, op, "unknown name '%s' in a formula; the variable is v_%s",
            op->name, op->name);
    if (near)
        return machine_fail(
            m, op, "unknown name '%s' in a formula; did you mean '%s'?",
            op->name, near);
    return machine_fail(
        m, op,
        "unknown name '%s' in a formula%s: expected a thermo keyword, "
        "a site quantity, or v_name, c_ID, f_ID",
        op->name, m->ctx->lat ? "" : " (there is no lattice yet)");
}

/* A thermo keyword, or a per-site quantity and perhaps one site of it. */
int machine_name(struct machine *m, const struct op *op)
{
    struct item out = {0};
    const struct keyword *key = op->n ? NULL : keyword_find(op->name);
    if (key) {
        int status = key->get(m->ctx, &out.s);
        if (!status)
            status = check_finite(m, op, &out);
        if (!status)
            machine_push(m, out);
        return status;
    }
    struct where w = machine_where(m, op);
    int64_t index = 0;
    int status = op->n ? take_index(m, op, 0, &index) : ADELE_OK;
    if (status)
        return status;
    status = words_column(m->ctx, op->name, &w, &out.v);
    if (status)
        return m->ctx->error.status ? m->ctx->error.status
                                    : unknown_name(m, op);
    out.shape = ITEM_SITE;
    out.n = m->ctx->lat->nlocal;
    if (op->n) {
        if (index > out.n)
            status = machine_fail(m, op,
                                  "there is no site %lld: the lattice has %lld",
                                  (long long)index, (long long)out.n);
        else
            out.s = out.v[index - 1];
        double s = out.s;
        item_drop(&out);
        out.s = s;
        if (!status)
            machine_drop(m, op);
    } else if (!choose_shape(m, op->prefer, OUT_SITE)) {
        item_drop(&out);
        status = wrong_shape(m, op, OUT_SITE);
    }
    if (!status)
        machine_push(m, out);
    return status;
}

/* ---- functions of names ---- */

static char *trim(char *s)
{
    s += strspn(s, " \t");
    size_t n = strlen(s);
    while (n && strchr(" \t", s[n - 1]))
        s[--n] = '\0';
    return s;
}

int machine_words(struct machine *m, const struct op *op)
{
    const struct function *g = op->function;
    struct words_call call = {.name = g->name, .where = machine_where(m, op)};
    char *copy = mem_strdup(op->name), *rest = copy;
    if (!copy)
        return machine_no_memory(m, 1);
    int n = 0;
    for (char *piece; (piece = strsep(&rest, ","));) {
        if (n < FUNCTION_ARGS_MAX)
            call.arg[n] = trim(piece);
        n++;
    }
    call.n = n;
    struct item out = {0};
    int status = ADELE_OK;
    if (n < g->least || n > g->most || !*call.arg[0])
        status = machine_fail(m, op, "expected %s%s", g->name,
                              strchr(g->usage, '('));
    if (!status)
        status = g->words(m->ctx, &call, &out);
    mem_free(copy);
    if (!status && out.shape == ITEM_SITE &&
        !choose_shape(m, op->prefer, OUT_SITE)) {
        item_drop(&out);
        status = wrong_shape(m, op, OUT_SITE);
    }
    if (!status)
        machine_push(m, out);
    return status;
}

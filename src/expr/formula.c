/* Evaluation of formulas: a stack machine over scalars, vectors and per-site
   arrays.

   Numbers spread over arrays; two arrays must be of one kind and length.  A
   reference that has several shapes gives the one that the formula as a whole
   is evaluated to (scalar, vector or per-site), a vector inside a reduction,
   a scalar inside [ ].  An operation whose result is not finite is an error:
   nan never spreads silently into a run. */

#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "base/parallel.h"
#include "base/rng.h"
#include "expr/formula_ops.h"
#include "expr/formula_words.h"
#include "expr/keyword.h"
#include "expr/variable.h"
#include "plug/pair.h"

struct machine {
    struct adele *ctx;
    struct formula *f;
    enum item_shape mode;
    int64_t random_length; /* vector mode, second pass; 0: draw one number */
    int top;
};

int formula_fail(struct adele *ctx, const struct where *where,
                 const char *format, ...)
{
    struct text message = {0};
    va_list ap;
    va_start(ap, format);
    text_vaddf(&message, format, ap);
    va_end(ap);
    const char *s = message.s ? message.s : "";
    const struct where *place = where && where->line ? where : NULL;
    int status = ctx->running ? err_run_at(ctx, place, "%s", s)
                              : err_deck(ctx, place, "%s", s);
    text_free(&message);
    return status;
}

static struct where op_where(const struct machine *m, const struct op *op)
{
    return formula_where(m->f, op->at, op->length);
}

#define FAIL(m, op, ...)                                                       \
    formula_fail((m)->ctx, &(struct where[]){op_where(m, op)}[0], __VA_ARGS__)

static int no_memory(struct machine *m, int64_t n)
{
    return err_memory(m->ctx, "a formula", 8.0 * (double)n);
}

static void item_drop(struct item *it)
{
    mem_free(it->v);
    *it = (struct item){0};
}

static void push(struct machine *m, struct item it)
{
    m->f->stack[m->top++] = it;
}

static const char *shape_name(enum item_shape shape)
{
    static const char *const names[] = {"a number", "a vector",
                                        "a per-site quantity"};
    return names[shape];
}

/* ---- references ---- */

static int copy_array(struct machine *m, enum item_shape shape, const double *v,
                      int64_t n, struct item *out)
{
    *out = (struct item){
        .shape = shape, .v = mem_alloc((size_t)n, sizeof(double)), .n = n};
    if (!out->v)
        return no_memory(m, n);
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
    struct where w = op_where(m, op);
    const char *s = m->f->text + op->at;
    int n = (int)op->length;
    if (offer & OUT_ARRAY)
        return formula_fail(m->ctx, &w,
                            "%.*s is an array; one number of it is %.*s[i][j]",
                            n, s, n, s);
    if (offer & OUT_VECTOR)
        return formula_fail(m->ctx, &w,
                            "%.*s is a vector; one number of it is %.*s[i], "
                            "or reduce it, as in max(%.*s)",
                            n, s, n, s, n, s);
    return formula_fail(m->ctx, &w,
                        "%.*s is a per-site quantity; one site's value is "
                        "%.*s[id], or reduce it, as in sum(%.*s)",
                        n, s, n, s, n, s);
}

static int read_reference(struct machine *m, const struct op *op,
                          const struct reference *r, struct item *out)
{
    unsigned offer = reference_shapes(m->ctx, r);
    if (!offer)
        return reference_check(m->ctx, r, ~0u) ? m->ctx->error.status
                                               : FAIL(m, op, "no such value");
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
        return FAIL(m, op, "an index must be a number, found %s",
                    shape_name(it->shape));
    if (it->s != floor(it->s) || it->s < 1 || it->s > 9e15)
        return FAIL(m, op,
                    "an index must be a whole number from 1, found %.15g",
                    it->s);
    *index = (int64_t)it->s;
    return ADELE_OK;
}

static void drop_arguments(struct machine *m, const struct op *op)
{
    for (int k = 0; k < op->n; k++)
        item_drop(&m->f->stack[--m->top]);
}

static int check_finite(struct machine *m, const struct op *op,
                        const struct item *it)
{
    const char *s = m->f->text + op->at;
    int n = (int)op->length;
    if (it->shape == ITEM_SCALAR)
        return isfinite(it->s) ? ADELE_OK
                               : FAIL(m, op, "%.*s is %g", n, s, it->s);
    for (int64_t k = 0; k < it->n; k++)
        if (!isfinite(it->v[k]))
            return FAIL(m, op, "%.*s is %g at %s %lld", n, s, it->v[k],
                        it->shape == ITEM_SITE ? "site" : "element",
                        (long long)k + 1);
    return ADELE_OK;
}

static int run_reference(struct machine *m, const struct op *op)
{
    struct reference r = {.kind = op->kind,
                          .name = op->name,
                          .nindex = op->n,
                          .where = op_where(m, op)};
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
    drop_arguments(m, op);
    push(m, out);
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
        return FAIL(m, op,
                    "unknown name '%s' in a formula; the variable is v_%s",
                    op->name, op->name);
    if (near)
        return FAIL(m, op, "unknown name '%s' in a formula; did you mean '%s'?",
                    op->name, near);
    return FAIL(m, op,
                "unknown name '%s' in a formula%s: expected a thermo keyword, "
                "a site quantity, or v_name, c_ID, f_ID",
                op->name, m->ctx->lat ? "" : " (there is no lattice yet)");
}

/* A thermo keyword, or a per-site quantity and perhaps one site of it. */
static int run_name(struct machine *m, const struct op *op)
{
    struct item out = {0};
    const struct keyword *key = op->n ? NULL : keyword_find(op->name);
    if (key) {
        int status = key->get(m->ctx, &out.s);
        if (!status)
            status = check_finite(m, op, &out);
        if (!status)
            push(m, out);
        return status;
    }
    struct where w = op_where(m, op);
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
            status = FAIL(m, op, "there is no site %lld: the lattice has %lld",
                          (long long)index, (long long)out.n);
        else
            out.s = out.v[index - 1];
        double s = out.s;
        item_drop(&out);
        out.s = s;
        if (!status)
            drop_arguments(m, op);
    } else if (!choose_shape(m, op->prefer, OUT_SITE)) {
        item_drop(&out);
        status = wrong_shape(m, op, OUT_SITE);
    }
    if (!status)
        push(m, out);
    return status;
}

/* ---- functions ---- */

/* The common shape and length of the n arguments. */
static int common_shape(struct machine *m, const struct op *op,
                        struct item *shape)
{
    const struct item *arg = &m->f->stack[m->top - op->n];
    *shape = (struct item){0};
    for (int k = 0; k < op->n; k++) {
        if (arg[k].shape == ITEM_SCALAR)
            continue;
        if (shape->shape == ITEM_SCALAR) {
            shape->shape = arg[k].shape;
            shape->n = arg[k].n;
        } else if (shape->shape != arg[k].shape) {
            return FAIL(m, op, "'%s' of %s and %s", op->function->name,
                        shape_name(shape->shape), shape_name(arg[k].shape));
        } else if (shape->n != arg[k].n) {
            return FAIL(m, op, "'%s' of vectors of %lld and %lld elements",
                        op->function->name, (long long)shape->n,
                        (long long)arg[k].n);
        }
    }
    return ADELE_OK;
}

/* Element i of all arguments through the function. */
static const char *map_element(const struct machine *m, const struct op *op,
                               int64_t i, double *out)
{
    const struct item *it = &m->f->stack[m->top - op->n];
    double few[FUNCTION_ARGS_MAX], *arg = few;
    if (op->n > FUNCTION_ARGS_MAX)
        arg = mem_alloc((size_t)op->n, sizeof *arg);
    if (!arg)
        return "out of memory";
    for (int k = 0; k < op->n; k++)
        arg[k] = it[k].v ? it[k].v[i] : it[k].s;
    const char *fault = op->function->map(m->ctx, arg, op->n, out);
    if (!fault && !isfinite(*out))
        fault = "the result is too large for a number";
    if (arg != few)
        mem_free(arg);
    return fault;
}

static int map_arrays(struct machine *m, const struct op *op, struct item *out)
{
    int64_t n = out->n, bad = INT64_MAX;
    out->v = mem_alloc((size_t)n, sizeof *out->v);
    if (!out->v)
        return no_memory(m, n);
#pragma omp parallel for schedule(static)                                      \
    reduction(min                                                              \
              : bad) if (n >= PARALLEL_MIN)
    for (int64_t i = 0; i < n; i++)
        if (map_element(m, op, i, &out->v[i]) && i < bad)
            bad = i;
    if (bad == INT64_MAX)
        return ADELE_OK;
    double ignored;
    return FAIL(m, op, "%s, at %s %lld", map_element(m, op, bad, &ignored),
                out->shape == ITEM_SITE ? "site" : "element",
                (long long)bad + 1);
}

static int run_map(struct machine *m, const struct op *op)
{
    struct item out;
    int status = common_shape(m, op, &out);
    if (status)
        return status;
    if (out.shape == ITEM_SCALAR) {
        const char *fault = map_element(m, op, 0, &out.s);
        status = fault ? FAIL(m, op, "%s", fault) : ADELE_OK;
    } else {
        status = map_arrays(m, op, &out);
    }
    if (status) {
        item_drop(&out);
        return status;
    }
    drop_arguments(m, op);
    push(m, out);
    return ADELE_OK;
}

static int run_reduce(struct machine *m, const struct op *op)
{
    const struct item *arg = &m->f->stack[m->top - 1];
    const double *v = arg->shape == ITEM_SCALAR ? &arg->s : arg->v;
    int64_t n = arg->shape == ITEM_SCALAR ? 1 : arg->n;
    struct item out = {0};
    const char *fault = op->function->reduce(v, n, &out.s);
    if (!fault && !isfinite(out.s))
        fault = "the result is too large for a number";
    if (fault)
        return FAIL(m, op, "%s", fault);
    drop_arguments(m, op);
    push(m, out);
    return ADELE_OK;
}

/* random(lo,hi,seed), normal(mean,sigma,seed): one number, or one for each
   site of a per-site formula or element of a vector formula. */
static int run_random(struct machine *m, const struct op *op)
{
    const struct item *arg = &m->f->stack[m->top - 3];
    for (int k = 0; k < 3; k++)
        if (arg[k].shape != ITEM_SCALAR)
            return FAIL(m, op, "the arguments of %s are numbers",
                        op->function->usage);
    double a = arg[0].s, b = arg[1].s, seed = arg[2].s;
    bool normal = op->function->normal;
    if (seed != floor(seed) || seed < 1 || seed > 4294967295.0)
        return FAIL(m, op,
                    "the seed must be a whole number from 1 to "
                    "4294967295, found %.15g",
                    seed);
    if (normal && b < 0)
        return FAIL(m, op, "sigma must not be negative, found %.15g", b);
    uint64_t draw = variable_draw(m->ctx);
    struct rng_key key = {.seed = (uint32_t)seed,
                          .purpose = RNG_VARIABLE,
                          .component = (uint16_t)draw,
                          .tick =
                              (uint64_t)m->ctx->tick + ((draw >> 16) << 48)};
    struct item out = {0};
    int64_t n = op->prefer != PREFER_MODE             ? 0
                : m->mode == ITEM_SITE && m->ctx->lat ? m->ctx->lat->nlocal
                                                      : m->random_length;
    if (n > 0) {
        out = (struct item){.shape = m->mode,
                            .v = mem_alloc((size_t)n, sizeof(double)),
                            .n = n};
        if (!out.v)
            return no_memory(m, n);
        (normal ? rng_normals : rng_uniforms)(key, 0, 1, out.v, n);
        for (int64_t i = 0; i < n; i++)
            out.v[i] = normal ? a + b * out.v[i] : a + (b - a) * out.v[i];
    } else {
        double x = normal ? rng_normal(key, 0) : rng_uniform(key, 0);
        out.s = normal ? a + b * x : a + (b - a) * x;
    }
    drop_arguments(m, op);
    push(m, out);
    return ADELE_OK;
}

static int run_list(struct machine *m, const struct op *op)
{
    struct item out = {.shape = ITEM_VECTOR,
                       .v = mem_alloc((size_t)op->n, sizeof(double)),
                       .n = op->n};
    if (!out.v)
        return no_memory(m, op->n);
    for (int k = 0; k < op->n; k++) {
        const struct item *it = &m->f->stack[m->top - op->n + k];
        if (it->shape != ITEM_SCALAR) {
            item_drop(&out);
            return FAIL(m, op, "the elements of [..] are numbers, found %s",
                        shape_name(it->shape));
        }
        out.v[k] = it->s;
    }
    drop_arguments(m, op);
    push(m, out);
    return ADELE_OK;
}

static char *trim(char *s)
{
    s += strspn(s, " \t");
    size_t n = strlen(s);
    while (n && strchr(" \t", s[n - 1]))
        s[--n] = '\0';
    return s;
}

static int run_words(struct machine *m, const struct op *op)
{
    const struct function *g = op->function;
    struct words_call call = {.name = g->name, .where = op_where(m, op)};
    char *copy = mem_strdup(op->name), *rest = copy;
    if (!copy)
        return no_memory(m, 1);
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
        status = FAIL(m, op, "expected %s%s", g->name, strchr(g->usage, '('));
    if (!status)
        status = g->words(m->ctx, &call, &out);
    mem_free(copy);
    if (!status && out.shape == ITEM_SITE &&
        !choose_shape(m, op->prefer, OUT_SITE)) {
        item_drop(&out);
        status = wrong_shape(m, op, OUT_SITE);
    }
    if (!status)
        push(m, out);
    return status;
}

static int run_call(struct machine *m, const struct op *op)
{
    switch (op->function->kind) {
    case FUNCTION_REDUCE:
        return run_reduce(m, op);
    case FUNCTION_EITHER:
        return op->n == 1 ? run_reduce(m, op) : run_map(m, op);
    case FUNCTION_RANDOM:
        return run_random(m, op);
    default:
        return run_map(m, op);
    }
}

static int run_op(struct machine *m, const struct op *op)
{
    switch (op->code) {
    case OP_NUMBER:
        push(m, (struct item){.s = op->number});
        return ADELE_OK;
    case OP_NAME:
        return run_name(m, op);
    case OP_REFERENCE:
        return run_reference(m, op);
    case OP_LIST:
        return run_list(m, op);
    case OP_WORDS:
        return run_words(m, op);
    default:
        return run_call(m, op);
    }
}

static int evaluate(struct machine *m, struct item *out)
{
    int status = ADELE_OK;
    m->top = 0;
    for (int k = 0; k < m->f->n && !status; k++)
        status = run_op(m, &m->f->op[k]);
    if (status) {
        while (m->top > 0)
            item_drop(&m->f->stack[--m->top]);
        return status;
    }
    *out = m->f->stack[0];
    m->f->stack[0] = (struct item){0};
    return ADELE_OK;
}

static int fail_result(struct adele *ctx, struct formula *f, struct item *it,
                       const char *wanted)
{
    struct where w = formula_where(f, 0, strlen(f->text));
    enum item_shape shape = it->shape;
    item_drop(it);
    return formula_fail(ctx, &w, "the formula gives %s; expected %s",
                        shape_name(shape), wanted);
}

int formula_scalar(struct adele *ctx, struct formula *f, double *out)
{
    struct machine m = {.ctx = ctx, .f = f, .mode = ITEM_SCALAR};
    struct item it;
    int status = evaluate(&m, &it);
    if (status)
        return status;
    if (it.shape != ITEM_SCALAR)
        return fail_result(ctx, f, &it, "a number");
    *out = it.s;
    return ADELE_OK;
}

int formula_vector(struct adele *ctx, struct formula *f, double **out,
                   int64_t *n)
{
    struct machine m = {.ctx = ctx, .f = f, .mode = ITEM_VECTOR};
    struct item it;
    int status = evaluate(&m, &it);
    /* The length is known only now: once more, with a draw per element. */
    if (!status && f->random && it.shape == ITEM_VECTOR) {
        m.random_length = it.n;
        item_drop(&it);
        status = evaluate(&m, &it);
    }
    if (status)
        return status;
    if (it.shape == ITEM_SITE)
        return fail_result(ctx, f, &it, "a vector");
    if (it.shape == ITEM_SCALAR) {
        it.n = 1;
        it.v = mem_alloc(1, sizeof *it.v);
        if (!it.v)
            return no_memory(&m, 1);
        it.v[0] = it.s;
    }
    *out = it.v;
    *n = it.n;
    return ADELE_OK;
}

int formula_site(struct adele *ctx, struct formula *f, double *out)
{
    struct machine m = {.ctx = ctx, .f = f, .mode = ITEM_SITE};
    struct item it;
    int status = need_lattice(ctx);
    if (!status)
        status = evaluate(&m, &it);
    if (status)
        return status;
    if (it.shape == ITEM_VECTOR)
        return fail_result(ctx, f, &it, "one value for each site");
    for (int64_t i = 0; i < ctx->lat->nlocal; i++)
        out[i] = it.v ? it.v[i] : it.s;
    item_drop(&it);
    return ADELE_OK;
}

static unsigned column_bits(struct adele *ctx, const char *name)
{
    int which;
    if (!strcmp(name, "n"))
        return NEED_DENSITY;
    return ctx->model && model_component(ctx->model, name, &which) >= 0 &&
                   which == 2
               ? NEED_FORCE
               : 0;
}

unsigned formula_need(struct adele *ctx, const struct formula *f)
{
    unsigned need = 0;
    for (int k = 0; k < f->n; k++) {
        const struct op *op = &f->op[k];
        const struct keyword *key =
            op->code == OP_NAME && !op->n ? keyword_find(op->name) : NULL;
        if (key)
            need |= key->need;
        else if (op->code == OP_NAME)
            need |= column_bits(ctx, op->name);
        if (op->code != OP_REFERENCE)
            continue;
        struct reference r = {.kind = op->kind, .name = op->name};
        need |= reference_need(ctx, &r);
    }
    return need;
}

/* What the formula as a whole is: the widest of its parts, reductions and
   indices being numbers. */
unsigned formula_shapes(struct adele *ctx, const struct formula *f)
{
    unsigned shape = OUT_SCALAR;
    for (int k = 0; k < f->n; k++) {
        const struct op *op = &f->op[k];
        if (op->prefer != PREFER_MODE)
            continue;
        struct reference r = {
            .kind = op->kind, .name = op->name, .nindex = op->n};
        unsigned offer = OUT_SCALAR;
        if (op->code == OP_REFERENCE)
            offer = reference_shapes(ctx, &r);
        else if (op->code == OP_LIST)
            offer = OUT_VECTOR;
        else if (op->code == OP_NAME && !op->n && !keyword_find(op->name))
            offer = OUT_SITE;
        if (!(offer & OUT_SCALAR))
            shape = offer;
    }
    return shape;
}

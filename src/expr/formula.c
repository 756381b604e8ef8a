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
#include "core/sites.h"
#include "expr/formula_machine.h"
#include "expr/keyword.h"
#include "expr/variable.h"
#include "plug/pair.h"

static int fail(struct adele *ctx, const struct where *where,
                const char *format, va_list ap)
{
    struct text message = {0};
    text_vaddf(&message, format, ap);
    const char *s = message.s ? message.s : "";
    const struct where *place = where && where->line ? where : NULL;
    int status = ctx->running ? err_run_at(ctx, place, "%s", s)
                              : err_deck(ctx, place, "%s", s);
    text_free(&message);
    return status;
}

int formula_fail(struct adele *ctx, const struct where *where,
                 const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    int status = fail(ctx, where, format, ap);
    va_end(ap);
    return status;
}

int machine_fail(const struct machine *m, const struct op *op,
                 const char *format, ...)
{
    struct where where = machine_where(m, op);
    va_list ap;
    va_start(ap, format);
    int status = fail(m->ctx, &where, format, ap);
    va_end(ap);
    return status;
}

struct where machine_where(const struct machine *m, const struct op *op)
{
    return formula_where(m->f, op->at, op->length);
}

int machine_no_memory(struct machine *m, int64_t n)
{
    return err_memory(m->ctx, "a formula", 8.0 * (double)n);
}

void item_drop(struct item *it)
{
    mem_free(it->v);
    *it = (struct item){0};
}

void machine_push(struct machine *m, struct item it)
{
    m->f->stack[m->top++] = it;
}

const char *item_shape_name(enum item_shape shape)
{
    static const char *const names[] = {"a number", "a vector",
                                        "a per-site quantity"};
    return names[shape];
}

void machine_drop(struct machine *m, const struct op *op)
{
    for (int k = 0; k < op->n; k++)
        item_drop(&m->f->stack[--m->top]);
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
            return machine_fail(m, op, "'%s' of %s and %s", op->function->name,
                                item_shape_name(shape->shape),
                                item_shape_name(arg[k].shape));
        } else if (shape->n != arg[k].n) {
            return machine_fail(
                m, op, "'%s' of vectors of %lld and %lld elements",
                op->function->name, (long long)shape->n, (long long)arg[k].n);
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
        return machine_no_memory(m, n);
#pragma omp parallel for schedule(static)                                      \
    reduction(min                                                              \
              : bad) if (n >= PARALLEL_MIN)
    for (int64_t i = 0; i < n; i++)
        if (map_element(m, op, i, out->v + i) && i < bad)
            bad = i;
    if (bad == INT64_MAX)
        return ADELE_OK;
    double ignored;
    return machine_fail(
        m, op, "%s, at %s %lld", map_element(m, op, bad, &ignored),
        out->shape == ITEM_SITE ? "site" : "element", (long long)bad + 1);
}

static int run_map(struct machine *m, const struct op *op)
{
    struct item out;
    int status = common_shape(m, op, &out);
    if (status)
        return status;
    if (out.shape == ITEM_SCALAR) {
        const char *fault = map_element(m, op, 0, &out.s);
        status = fault ? machine_fail(m, op, "%s", fault) : ADELE_OK;
    } else {
        status = map_arrays(m, op, &out);
    }
    if (status) {
        item_drop(&out);
        return status;
    }
    machine_drop(m, op);
    machine_push(m, out);
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
        return machine_fail(m, op, "%s", fault);
    machine_drop(m, op);
    machine_push(m, out);
    return ADELE_OK;
}

static int check_random(struct machine *m, const struct op *op)
{
    const struct item *arg = &m->f->stack[m->top - 3];
    double seed = arg[2].s;
    for (int k = 0; k < 3; k++)
        if (arg[k].shape != ITEM_SCALAR)
            return machine_fail(m, op, "the arguments of %s are numbers",
                                op->function->usage);
    if (seed != floor(seed) || seed < 1 || seed > 4294967295.0)
        return machine_fail(m, op,
                            "the seed must be a whole number from 1 to "
                            "4294967295, found %.15g",
                            seed);
    if (op->function->normal && arg[1].s < 0)
        return machine_fail(m, op, "sigma must not be negative, found %.15g",
                            arg[1].s);
    return ADELE_OK;
}

/* The stream of this draw: no two draws of a tick have the same. */
static struct rng_key next_key(struct machine *m, double seed)
{
    uint64_t draw = variable_draw(m->ctx);
    return (struct rng_key){.seed = (uint32_t)seed,
                            .purpose = RNG_VARIABLE,
                            .component = (uint16_t)draw,
                            .tick =
                                (uint64_t)m->ctx->tick + ((draw >> 16) << 48)};
}

/* random(lo,hi,seed), normal(mean,sigma,seed): one number, or one for each
   site of a per-site formula or element of a vector formula. */
static int run_random(struct machine *m, const struct op *op)
{
    const struct item *arg = &m->f->stack[m->top - 3];
    bool normal = op->function->normal;
    int status = check_random(m, op);
    if (status)
        return status;
    double base = arg[0].s, width = normal ? arg[1].s : arg[1].s - arg[0].s;
    struct rng_key key = next_key(m, arg[2].s);
    bool site = op->prefer == PREFER_MODE && m->mode == ITEM_SITE;
    int64_t n = site                        ? m->ctx->lat->nlocal
                : op->prefer == PREFER_MODE ? m->random_length
                                            : 0;
    struct item out = {0};
    if (n > 0) {
        out = (struct item){.shape = m->mode,
                            .v = mem_alloc((size_t)n, sizeof(double)),
                            .n = n};
        if (!out.v)
            return machine_no_memory(m, n);
        if (site)
            sites_random(m->ctx->lat, key, normal, out.v);
        else
            (normal ? rng_normals : rng_uniforms)(key, 0, 1, out.v, n);
    }
    out.s = base + width * (normal ? rng_normal(key, 0) : rng_uniform(key, 0));
    for (int64_t i = 0; i < n; i++)
        out.v[i] = base + width * out.v[i];
    machine_drop(m, op);
    machine_push(m, out);
    return ADELE_OK;
}

static int run_list(struct machine *m, const struct op *op)
{
    struct item out = {.shape = ITEM_VECTOR,
                       .v = mem_alloc((size_t)op->n, sizeof(double)),
                       .n = op->n};
    if (!out.v)
        return machine_no_memory(m, op->n);
    for (int k = 0; k < op->n; k++) {
        const struct item *it = &m->f->stack[m->top - op->n + k];
        if (it->shape != ITEM_SCALAR) {
            item_drop(&out);
            return machine_fail(m, op,
                                "the elements of [..] are numbers, found %s",
                                item_shape_name(it->shape));
        }
        out.v[k] = it->s;
    }
    machine_drop(m, op);
    machine_push(m, out);
    return ADELE_OK;
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
        machine_push(m, (struct item){.s = op->number});
        return ADELE_OK;
    case OP_NAME:
        return machine_name(m, op);
    case OP_REFERENCE:
        return machine_reference(m, op);
    case OP_LIST:
        return run_list(m, op);
    case OP_WORDS:
        return machine_words(m, op);
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
                        item_shape_name(shape), wanted);
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
            return machine_no_memory(&m, 1);
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

/* Formula text into postfix operations.

   Operator precedence with explicit stacks (operators and open brackets), so
   that nesting is limited by memory and not by the C stack.  Precedences are
   those of LAMMPS: unary - ! 8, ^ 7, * / % 6, + - 5, < <= > >= 4, == != 3,
   && 2, || |^ 1; every binary operator is left-associative. */

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "expr/formula_ops.h"
#include "expr/keyword.h"

enum bracket { BRACKET_GROUP, BRACKET_CALL, BRACKET_INDEX, BRACKET_LIST };

struct frame {
    enum bracket kind;
    size_t at;     /* of the opening bracket */
    int operators; /* the operator stack's height when it opened */
    int commas;
    enum prefer prefer;
    int scope;
    const struct function *function; /* BRACKET_CALL */
    struct op target;                /* BRACKET_INDEX: what is indexed */
};

struct pending {
    const struct operator* operator;
    size_t at;
};

struct parser {
    struct adele *ctx;
    struct formula *f;
    const char *s;
    size_t at;
    bool want_operand;
    struct frame *frame;
    int nframe, cframe;
    struct pending *pending;
    int npending, cpending;
    int scopes;
};

struct where formula_where(const struct formula *f, size_t at, size_t length)
{
    return (struct where){f->where.line, f->where.column + at, length};
}

static int fail(struct parser *p, size_t at, size_t length, const char *format,
                ...) __attribute__((format(printf, 4, 5)));
static int fail(struct parser *p, size_t at, size_t length, const char *format,
                ...)
{
    struct text message = {0};
    struct where w = formula_where(p->f, at, length ? length : 1);
    va_list ap;
    va_start(ap, format);
    text_vaddf(&message, format, ap);
    va_end(ap);
    formula_fail(p->ctx, &w, "%s", message.s ? message.s : "");
    text_free(&message);
    return p->ctx->error.status;
}

static int no_memory(struct parser *p)
{
    return err_memory(p->ctx, "a formula", (double)strlen(p->s));
}

/* Room for one more element of an array of the parser. */
static void *room(void *array, int n, int *capacity, size_t size)
{
    if (n < *capacity)
        return array;
    int wanted = *capacity ? 2 * *capacity : 8;
    void *grown = mem_resize(array, (size_t)wanted, size);
    if (grown)
        *capacity = wanted;
    return grown;
}

static int emit(struct parser *p, struct op op)
{
    struct formula *f = p->f;
    struct op *grown = room(f->op, f->n, &f->capacity, sizeof *grown);
    if (!grown) {
        mem_free(op.name);
        return no_memory(p);
    }
    f->op = grown;
    f->op[f->n++] = op;
    return ADELE_OK;
}

static int push_frame(struct parser *p, struct frame frame)
{
    struct frame *grown = room(p->frame, p->nframe, &p->cframe, sizeof *grown);
    if (!grown) {
        mem_free(frame.target.name);
        return no_memory(p);
    }
    p->frame = grown;
    p->frame[p->nframe++] = frame;
    p->want_operand = true;
    return ADELE_OK;
}

static int push_operator(struct parser *p, const struct operator* operator)
{
    struct pending *grown =
        room(p->pending, p->npending, &p->cpending, sizeof *grown);
    if (!grown)
        return no_memory(p);
    p->pending = grown;
    p->pending[p->npending++] = (struct pending){operator, p->at };
    p->at += strlen(operator->name);
    p->want_operand = true;
    return ADELE_OK;
}

static int base_of(const struct parser *p)
{
    return p->nframe ? p->frame[p->nframe - 1].operators : 0;
}

/* Emits the waiting operators that bind at least as tightly. */
static int reduce_operators(struct parser *p, int precedence)
{
    while (p->npending > base_of(p)) {
        const struct pending *top = &p->pending[p->npending - 1];
        const struct operator* o = top->operator;
        if (o->precedence < precedence)
            break;
        struct op op = {.code = OP_CALL,
                        .n = o->function.least,
                        .at = top->at,
                        .length = strlen(o->name),
                        .function = &o->function};
        p->npending--;
        if (emit(p, op))
            return p->ctx->error.status;
    }
    return ADELE_OK;
}

static bool is_name_char(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

static size_t name_length(const char *s)
{
    size_t n = 0;
    while (is_name_char(s[n]))
        n++;
    return n;
}

/* What stands at p->at, for messages: a word, or one character. */
static int fail_here(struct parser *p, const char *expected)
{
    const char *s = p->s + p->at;
    size_t n = name_length(s);
    if (!*s)
        return fail(p, p->at, 1, "formula: expected %s, found its end",
                    expected);
    if (*s == '$')
        return fail(p, p->at, 1,
                    "formula: $ inside quotes is not substituted here; "
                    "write v_name to read a variable");
    n = n ? n : 1;
    return fail(p, p->at, n, "formula: expected %s, found '%.*s'", expected,
                (int)n, s);
}

static int number(struct parser *p)
{
    const char *s = p->s + p->at;
    size_t n = strspn(s, "0123456789.");
    if (s[n] == 'e' || s[n] == 'E') {
        size_t sign = s[n + 1] == '+' || s[n + 1] == '-';
        size_t digits = strspn(s + n + 1 + sign, "0123456789");
        if (digits)
            n += 1 + sign + digits;
    }
    struct text t = {0};
    text_addn(&t, s, n);
    char *end = NULL;
    double value = t.failed ? 0 : strtod(t.s, &end);
    bool whole = end && *end == '\0';
    text_free(&t);
    if (!whole || is_name_char(s[n]))
        return fail(p, p->at, n + name_length(s + n),
                    "formula: '%.*s' is not a number",
                    (int)(n + name_length(s + n)), s);
    if (!isfinite(value))
        return fail(p, p->at, n, "formula: %.*s is too large for a number",
                    (int)n, s);
    struct op op = {
        .code = OP_NUMBER, .at = p->at, .length = n, .number = value};
    p->at += n;
    p->want_operand = false;
    return emit(p, op);
}

static bool constant(const char *name, double *value)
{
    static const struct {
        const char *name;
        double value;
    } table[] = {{"PI", M_PI}, {"yes", 1}, {"on", 1},   {"true", 1},
                 {"no", 0},    {"off", 0}, {"false", 0}};
    for (size_t k = 0; k < sizeof table / sizeof *table; k++) {
        if (!strcmp(name, table[k].name)) {
            *value = table[k].value;
            return true;
        }
    }
    if (strcmp(name, "version"))
        return false;
    *value = strtod(ADELE_VERSION, NULL);
    return true;
}

static void enclosing(const struct parser *p, enum prefer *prefer, int *scope)
{
    *prefer = p->nframe ? p->frame[p->nframe - 1].prefer : PREFER_MODE;
    *scope = p->nframe ? p->frame[p->nframe - 1].scope : 0;
}

static int unknown_function(struct parser *p, const char *name, size_t n)
{
    const char *names[128];
    int count = function_names(names, 128);
    struct where w = formula_where(p->f, p->at, n);
    const char *near = text_nearest(name, names, (size_t)count);
    return near ? formula_fail(p->ctx, &w,
                               "unknown function '%s'; did you mean '%s'?",
                               name, near)
                : formula_fail(p->ctx, &w,
                               "unknown function '%s'; `help variable` lists "
                               "them",
                               name);
}

/* Names between brackets, kept as text until they are used. */
static int words_function(struct parser *p, const struct function *function,
                          size_t n)
{
    const char *open = p->s + p->at + n + 1;
    const char *close = strchr(open, ')');
    if (!close)
        return fail(p, p->at + n, 1, "formula: ( without its )");
    struct op op = {.code = OP_WORDS,
                    .at = p->at,
                    .length = (size_t)(close - p->s) + 1 - p->at,
                    .name = mem_strndup(open, (size_t)(close - open)),
                    .function = function};
    if (!op.name)
        return no_memory(p);
    enclosing(p, &op.prefer, &op.scope);
    p->at = (size_t)(close - p->s) + 1;
    p->want_operand = false;
    return emit(p, op);
}

static int open_call(struct parser *p, const char *name, size_t n)
{
    const struct function *function = function_find(name);
    if (!function)
        return unknown_function(p, name, n);
    if (function->kind == FUNCTION_WORDS)
        return words_function(p, function, n);
    struct frame frame = {.kind = BRACKET_CALL,
                          .at = p->at,
                          .operators = p->npending,
                          .function = function};
    enclosing(p, &frame.prefer, &frame.scope);
    if (function->kind == FUNCTION_REDUCE) {
        frame.prefer = PREFER_VECTOR;
        frame.scope = ++p->scopes;
    } else if (function->kind == FUNCTION_EITHER) {
        frame.scope = ++p->scopes; /* decided when it closes */
    }
    p->f->random |= function->kind == FUNCTION_RANDOM;
    p->at += n + 1;
    return push_frame(p, frame);
}

static int open_index(struct parser *p, struct op target)
{
    if (target.n == 2 || (target.code == OP_NAME && target.n == 1)) {
        int status = fail(p, p->at, 1, "formula: too many indices");
        mem_free(target.name);
        return status;
    }
    struct frame frame = {.kind = BRACKET_INDEX,
                          .at = p->at,
                          .operators = p->npending,
                          .prefer = PREFER_SCALAR,
                          .scope = ++p->scopes,
                          .target = target};
    p->at++;
    return push_frame(p, frame);
}

/* A reference or name after its text and perhaps some indices. */
static int finish_target(struct parser *p, struct op target)
{
    if (p->s[p->at] == '[')
        return open_index(p, target);
    enclosing(p, &target.prefer, &target.scope);
    target.length = p->at - target.at;
    p->want_operand = false;
    return emit(p, target);
}

static int identifier(struct parser *p)
{
    const char *s = p->s + p->at;
    size_t n = name_length(s), skip = 0;
    bool reference = n >= 2 && s[1] == '_' && strchr("cfv", s[0]);
    if (reference && n == 2)
        return fail(p, p->at, 2, "formula: expected a name after %.2s", s);
    skip = reference ? 2 : 0;
    char *name = mem_strndup(s + skip, n - skip);
    if (!name)
        return no_memory(p);
    struct op op = {.code = reference ? OP_REFERENCE : OP_NAME,
                    .at = p->at,
                    .kind = (enum reference_kind)s[0],
                    .name = name};
    if (!reference && s[n] == '(') {
        int status = open_call(p, name, n);
        mem_free(name);
        return status;
    }
    if (!reference && s[n] != '[' && constant(name, &op.number)) {
        mem_free(name);
        op.name = NULL;
        op.code = OP_NUMBER;
    }
    p->at += n;
    return finish_target(p, op);
}

static int operand(struct parser *p)
{
    char c = p->s[p->at];
    if (isdigit((unsigned char)c) || c == '.')
        return number(p);
    if (isalpha((unsigned char)c) || c == '_')
        return identifier(p);
    if (c == '-')
        return push_operator(p, &operator_negate);
    if (c == '!' && p->s[p->at + 1] != '=')
        return push_operator(p, &operator_not);
    if (c != '(' && c != '[')
        return fail_here(p, "a number, a name or (");
    struct frame frame = {.kind = c == '(' ? BRACKET_GROUP : BRACKET_LIST,
                          .at = p->at,
                          .operators = p->npending};
    enclosing(p, &frame.prefer, &frame.scope);
    if (c == '[') {
        frame.prefer = PREFER_SCALAR;
        frame.scope = ++p->scopes;
    }
    p->at++;
    return push_frame(p, frame);
}

/* min(v) and max(v) of one argument reduce: its references prefer vectors. */
static void prefer_vectors(struct parser *p, int scope)
{
    for (int k = p->f->n - 1; k >= 0; k--)
        if (p->f->op[k].scope == scope)
            p->f->op[k].prefer = PREFER_VECTOR;
}

static int close_call(struct parser *p, struct frame frame)
{
    const struct function *g = frame.function;
    int n = frame.commas + 1;
    if (n < g->least || (g->most >= 0 && n > g->most))
        return fail(p, frame.at, p->at + 1 - frame.at,
                    "formula: %s takes %d argument%s, found %d", g->usage,
                    g->least, g->least == 1 ? "" : "s", n);
    if (g->kind == FUNCTION_EITHER && n == 1)
        prefer_vectors(p, frame.scope);
    struct op op = {.code = OP_CALL,
                    .n = n,
                    .at = frame.at,
                    .length = p->at + 1 - frame.at,
                    .function = g};
    enclosing(p, &op.prefer, &op.scope);
    return emit(p, op);
}

static int close_bracket(struct parser *p)
{
    char c = p->s[p->at];
    struct frame *top = p->nframe ? &p->frame[p->nframe - 1] : NULL;
    bool square =
        top && (top->kind == BRACKET_INDEX || top->kind == BRACKET_LIST);
    if (!top || square != (c == ']'))
        return fail(p, p->at, 1, "formula: %c without its %c", c,
                    c == ')' ? '(' : '[');
    if (reduce_operators(p, 0))
        return p->ctx->error.status;
    struct frame frame = *top;
    frame.target.n++;
    p->nframe--;
    p->want_operand = false;
    int status = ADELE_OK;
    if (frame.kind == BRACKET_CALL)
        status = close_call(p, frame);
    if (frame.kind == BRACKET_LIST) {
        struct op op = {.code = OP_LIST,
                        .n = frame.commas + 1,
                        .at = frame.at,
                        .length = p->at + 1 - frame.at};
        status = emit(p, op);
    }
    p->at++;
    if (frame.kind == BRACKET_INDEX)
        status = finish_target(p, frame.target);
    return status;
}

static int comma(struct parser *p)
{
    struct frame *top = p->nframe ? &p->frame[p->nframe - 1] : NULL;
    if (!top || (top->kind != BRACKET_CALL && top->kind != BRACKET_LIST))
        return fail(p, p->at, 1,
                    "formula: a comma stands only between the arguments "
                    "of a function");
    if (reduce_operators(p, 0))
        return p->ctx->error.status;
    top->commas++;
    p->at++;
    p->want_operand = true;
    return ADELE_OK;
}

static int operation(struct parser *p)
{
    char c = p->s[p->at];
    if (c == ')' || c == ']')
        return close_bracket(p);
    if (c == ',')
        return comma(p);
    const struct operator* o = operator_at(p->s + p->at);
    if (!o) {
        if (c == '=')
            return fail(p, p->at, 1,
                        "formula: expected an operator, found '='; "
                        "equality is written ==");
        return fail_here(p, "an operator");
    }
    if (reduce_operators(p, o->precedence))
        return p->ctx->error.status;
    return push_operator(p, o);
}

static int parse(struct parser *p)
{
    p->want_operand = true;
    for (;;) {
        p->at += strspn(p->s + p->at, " \t\r\n");
        if (!p->s[p->at])
            break;
        if (p->want_operand ? operand(p) : operation(p))
            return p->ctx->error.status;
    }
    if (p->want_operand && !p->f->n && !p->nframe && !p->npending)
        return fail(p, 0, 1, "expected a formula, found nothing");
    if (p->want_operand)
        return fail_here(p, "a number, a name or (");
    if (p->nframe) {
        size_t at = p->frame[p->nframe - 1].at;
        size_t skip = name_length(p->s + at);
        bool square = p->s[at + skip] == '[';
        return fail(p, at + skip, 1, "formula: %c without its %c",
                    square ? '[' : '(', square ? ']' : ')');
    }
    return reduce_operators(p, 0);
}

struct formula *formula_new(struct adele *ctx, const char *text,
                            const struct where *where)
{
    struct formula *f = mem_zalloc(1, sizeof *f);
    if (f)
        f->text = mem_strdup(text);
    if (!f || !f->text) {
        formula_free(f);
        err_memory(ctx, "a formula", (double)strlen(text));
        return NULL;
    }
    if (where)
        f->where = where_hold(*where);
    struct parser p = {.ctx = ctx, .f = f, .s = f->text};
    int status = parse(&p);
    for (int k = 0; k < p.nframe; k++)
        mem_free(p.frame[k].target.name);
    mem_free(p.frame);
    mem_free(p.pending);
    if (!status && !(f->stack = mem_zalloc((size_t)f->n, sizeof *f->stack)))
        status = err_memory(ctx, "a formula", (double)strlen(text));
    if (!status)
        return f;
    formula_free(f);
    return NULL;
}

void formula_free(struct formula *f)
{
    if (!f)
        return;
    for (int k = 0; k < f->n; k++)
        mem_free(f->op[k].name);
    mem_free(f->op);
    mem_free(f->stack);
    mem_free(f->text);
    where_release(&f->where);
    mem_free(f);
}

/* The inside of a formula: operations in postfix order, and the tables of
   functions and operators.  Private to formula*.c. */

#ifndef ADELE_FORMULA_OPS_H
#define ADELE_FORMULA_OPS_H

#include "expr/formula.h"
#include "plug/value.h"

enum { FUNCTION_ARGS_MAX = 6 };

/* Which shape of a reference is wanted where several exist. */
enum prefer {
    PREFER_MODE,   /* what the whole formula is evaluated to */
    PREFER_SCALAR, /* inside [ ] */
    PREFER_VECTOR  /* inside a reduction */
};

/* A value on the evaluation stack; v is owned. */
enum item_shape { ITEM_SCALAR, ITEM_VECTOR, ITEM_SITE };
struct item {
    enum item_shape shape;
    double s;
    double *v; /* [n] */
    int64_t n;
};

enum function_kind {
    FUNCTION_MAP,    /* numbers to a number, element by element */
    FUNCTION_REDUCE, /* one vector to a number */
    FUNCTION_EITHER, /* min, max: reduces one vector, maps several numbers */
    FUNCTION_RANDOM,
    FUNCTION_WORDS /* names, not formulas, between the brackets */
};

struct words_call;
struct function {
    const char *name;
    enum function_kind kind;
    int least, most; /* arguments; most -1: any number */
    bool normal;     /* FUNCTION_RANDOM: which distribution */
    /* NULL, or a constant sentence that says what is wrong. */
    const char *(*map)(const struct adele *ctx, const double *arg, int n,
                       double *out);
    const char *(*reduce)(const double *v, int64_t n, double *out);
    int (*words)(struct adele *ctx, const struct words_call *call,
                 struct item *out);
    const char *usage; /* "atan2(y,x)" */
};

const struct function *function_find(const char *name);
int function_names(const char **names, int capacity);

struct operator
{
    const char *name;
    int precedence; /* higher binds tighter; unary 8 */
    struct function function;
};
/* The longest operator that s begins with, or NULL. */
const struct operator* operator_at(const char *s);
extern const struct operator operator_negate, operator_not;

enum op_code {
    OP_NUMBER,
    OP_NAME,      /* keyword or per-site quantity, nindex 0 or 1 */
    OP_REFERENCE, /* c_ f_ v_, nindex 0 to 2 */
    OP_LIST,      /* [a,b,c] */
    OP_CALL,      /* function or operator */
    OP_WORDS
};

struct op {
    enum op_code code;
    enum prefer prefer;
    int scope; /* brackets that decided `prefer`, while parsing */
    int n;     /* arguments or indices taken from the stack */
    size_t at, length;
    double number;
    enum reference_kind kind;
    char *name; /* owned; the words of OP_WORDS */
    const struct function *function;
};

struct formula {
    char *text;
    struct where where; /* of text[0] */
    struct op *op;
    int n, capacity;
    struct item *stack; /* [n] */
    bool random;        /* holds a random function */
};

/* The arguments of a FUNCTION_WORDS, cut at commas and trimmed. */
struct words_call {
    const char *name;
    char *arg[FUNCTION_ARGS_MAX];
    int n;
    struct where where;
};

struct where formula_where(const struct formula *f, size_t at, size_t length);
/* Deck error, or run error while a run is going on. */
int formula_fail(struct adele *ctx, const struct where *where,
                 const char *format, ...) __attribute__((format(printf, 3, 4)));

#endif

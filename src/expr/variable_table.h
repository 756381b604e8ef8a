/* The variable table.  Private to variable*.c. */

#ifndef ADELE_VARIABLE_TABLE_H
#define ADELE_VARIABLE_TABLE_H

#include "expr/formula.h"
#include "expr/variable.h"

enum variable_style {
    VARIABLE_INDEX,
    VARIABLE_LOOP,
    VARIABLE_WORLD,
    VARIABLE_UNIVERSE,
    VARIABLE_ULOOP,
    VARIABLE_STRING,
    VARIABLE_GETENV,
    VARIABLE_FILE,
    VARIABLE_FORMAT,
    VARIABLE_EQUAL,
    VARIABLE_VECTOR,
    VARIABLE_ATOM,
    VARIABLE_TIMER,
    VARIABLE_INTERNAL,
    VARIABLE_STYLES
};

struct variable {
    char *name;
    enum variable_style style;
    bool overridden; /* set by -var: the deck cannot redefine it */
    bool busy;       /* being evaluated: guards against circles */
    /* index, world, universe: the values; string: its one; getenv: the name
       of the environment's; format: variable and format; file: its lines */
    char **text;
    int64_t ntext;
    int64_t at, first, last; /* index into text, or the number of a loop */
    int pad;                 /* loop: digits, 0 for none */
    double number;           /* internal, timer */
    struct formula *formula; /* equal, vector, atom */
    char *source;            /* of the formula, for listing */
    double *value;           /* vector, atom: the last evaluation [n] */
    int64_t n;
    struct where where; /* of the definition */
    struct variable *next_in_bucket;
};

struct variables {
    struct variable **item; /* in order of definition */
    int n, capacity;
    struct variable **bucket;
    size_t nbucket; /* a power of two */
    int depth;      /* variables being evaluated, one inside another */
    int64_t tick;   /* of the random draws counted in ndraw */
    uint64_t ndraw;
};

struct variable_kind {
    const char *name;
    bool keep;  /* a second definition is ignored */
    bool steps; /* may stand in `next` */
    const char *usage;
};
extern const struct variable_kind variable_kinds[VARIABLE_STYLES];

struct variable *variable_find(const struct adele *ctx, const char *name);
/* As find, with an error that names the nearest. */
struct variable *variable_need_one(struct adele *ctx, const char *name,
                                   const struct where *where);
void variable_remove(struct adele *ctx, struct variable *v);
void variable_free(struct variable *v); /* one that is in no table */
/* Takes v over, in the place of `old` unless that is NULL. */
int variable_commit(struct adele *ctx, struct variable *v,
                    struct variable *old);

#endif

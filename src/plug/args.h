/* Argument tables: the only parser of style arguments.

   A table is an array of struct arg ended by {0}.  Positional entries come
   first, in order; keyword entries may follow in any order.  args_parse fills
   the instance at the given offsets, words every error with the place of the
   word, and applies defaults; args_syntax and args_help print the usage from the same
   table, and the Syntax section of each page is checked against it.

       static const struct arg args[] = {
           {ARG_VALUE, "Tstart", AT(struct langevin, t_start), .min = 0,
            .unit = "energy", .doc = "temperature at the start of the run"},
           {ARG_NUMBER, "damp", AT(struct langevin, damp), .above = ABOVE(0),
            .unit = "time", .doc = "relaxation time of the velocities"},
           {ARG_BOOL, "tally", AT(struct langevin, tally), .key = true,
            .def = "no", .doc = "count the energy exchanged"},
           {0}};                                                             */

#ifndef ADELE_ARGS_H
#define ADELE_ARGS_H

#include "base/words.h"
#include "plug/style.h"

enum arg_kind {
    ARG_END = 0,
    ARG_INT,    /* int64_t */
    ARG_NUMBER, /* double, finite */
    ARG_BOOL,   /* bool: yes/no, on/off, true/false */
    ARG_FLAG,   /* bool: the bare keyword sets it */
    ARG_WORD,   /* char *, owned by the instance */
    ARG_FILE,   /* char *, a path, owned */
    ARG_CHOICE, /* int: index into .choice */
    ARG_VALUE,  /* struct value: number or v_ c_ f_ reference, plug/value.h */
    ARG_GROUP,  /* int: group index */
    ARG_LIST,   /* struct arg_list: words up to the next keyword of the table;
                   .min, .max: how many (default at least 1); the first .min
                   may read like a keyword */
    ARG_NUMBERS, /* struct arg_numbers: exactly .count numbers */
    ARG_ONEOF,  /* int: index into .cases, each with a table for what follows */
    ARG_STYLE,  /* struct instance *: a nested style of .style_kind, takes all
                   that is left */
    ARG_REST    /* struct arg_list: all that is left, for init to read */
};

struct arg_list {
    struct word *word; /* [n], owned copies with places */
    int n;
};

struct arg_numbers {
    double *value; /* [n], owned */
    int n;
};

struct arg_case {
    const char *name; /* ended by NULL */
    const struct arg *args;
    const char *doc;
};

struct arg {
    enum arg_kind kind;
    const char *name; /* shown in the syntax; the keyword itself when .key */
    size_t offset;    /* in the instance */
    bool key;         /* a keyword entry, always optional unless .required */
    bool required;    /* a keyword that must be given */
    bool repeat;      /* ARG_LIST keyword that may come again and appends */
    const char *def;  /* default as deck text; a positional with one may be
                         left out; NULL for a keyword: stays zero */
    double min, max;  /* inclusive bounds when .bounded */
    bool bounded;     /* min and max hold (max 0 with min >= 0: no upper) */
    bool positive;    /* > 0 */
    bool nonnegative; /* >= 0 */
    int count;        /* ARG_NUMBERS */
    const char *const *choice;      /* ARG_CHOICE, ended by NULL */
    const struct arg_case *cases;   /* ARG_ONEOF */
    const char *style_kind;         /* ARG_STYLE */
    size_t given; /* offset of a bool that tells whether it was given; 0 none */
    const char *syntax; /* what usage lines show for the words of a list */
    const char *unit;
    const char *doc;
};

#define AT(type, member) offsetof(type, member)

/* Fills `self` from the words.  `what` names the command in messages ("fix
   langevin").  Left-over words are errors.  On error the instance holds what
   args_free must release. */
int args_parse(struct adele *ctx, const struct arg *table, const char *what,
               const struct words *words, void *self);
void args_free(struct adele *ctx, const struct arg *table, void *self);

/* "Tstart Tstop damp seed [tally yes|no]" appended to out. */
void args_syntax(const struct arg *table, struct text *out);
/* A line an argument: name, kind, unit, default, meaning. */
void args_help(const struct arg *table, struct text *out);

/* Single words, for the styles that read an ARG_LIST or ARG_REST in init:
   the same rules and wording. */
int arg_number(struct adele *ctx, const struct word *w, const char *what,
               double *value);
int arg_integer(struct adele *ctx, const struct word *w, const char *what,
                int64_t *value);

#endif

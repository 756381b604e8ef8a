/* The columns and settings of the thermo table.  Private to run/. */

#ifndef ADELE_TABLE_H
#define ADELE_TABLE_H

#include "expr/keyword.h"
#include "plug/value.h"

enum thermo_kind { THERMO_ONE, THERMO_MULTI, THERMO_YAML, THERMO_CUSTOM };
enum thermo_form { FORM_ONE, FORM_MULTI, FORM_YAML };

struct thermo_column {
    char *word;                /* as written: "c_S[1]" */
    const struct keyword *key; /* a keyword, or NULL: a reference */
    struct reference ref;
    struct where where;
    bool wild;           /* c_ID[*]: stands for all elements until expanded */
    bool available;      /* the force style gives what it needs */
    const void *warned;  /* force style that was warned of */
    const char *heading; /* thermo_modify colname, or the usual one */
    const char *format;  /* thermo_modify format, or NULL */
    int width;           /* of heading and numbers */
};

/* One `colname` or `format` of thermo_modify. */
struct thermo_setting {
    bool is_format;
    char *column; /* a word, a number, "int", "float" */
    char *text;
    struct where where;
};

struct thermo {
    int64_t every; /* 0: first and last step only */
    bool by_variable;
    struct reference every_at;

    enum thermo_kind kind;
    struct thermo_column
        *column; /* [ncolumn] as given, empty for the default */
    int ncolumn;
    struct thermo_column *shown; /* [nshown] of the present run */
    int nshown;

    enum thermo_form form;
    bool norm, flush, unavailable_is_error;
    struct thermo_setting *setting; /* [nsetting], later ones win */
    int nsetting;
    bool document; /* a YAML document is open */
};

/* Empties a list of columns. */
void table_free_columns(struct thermo_column **column, int *n);
/* Appends one column by its word; 0 or a recorded error. */
int table_add_column(struct adele *ctx, struct thermo_column **column, int *n,
                     const struct word *w);
/* Whether `format` has one conversion that prints a number; *integer tells
   which sort. */
bool table_format_is_good(const char *format, bool *integer);

#endif

/* Numbers that may be references, read at each use.

   v_name, c_ID, c_ID[i], c_ID[i][j], f_ID.. and thermo keywords name values
   of the running simulation.  They are resolved by name at every use, so a
   removed compute gives an error, never a stale pointer.  Declared here for
   the styles; variables and formulas behind them are provided by expr/. */

#ifndef ADELE_VALUE_H
#define ADELE_VALUE_H

#include "base/words.h"
#include "core/context.h"

enum reference_kind {
    REF_COMPUTE = 'c',
    REF_FIX = 'f',
    REF_VARIABLE = 'v',
    REF_KEYWORD = 'k' /* thermo keyword */
};

struct reference {
    enum reference_kind kind;
    char *name;
    int nindex;
    int64_t index[2]; /* from 1, as written */
    struct where where;
};

struct value {
    bool is_reference;
    double number;
    struct reference ref;
};

/* 0, or a recorded error at the word.  `keywords` allows thermo keywords.
   Parsing only reads the form; whether the name exists is checked by
   reference_check at set-up and again at each use. */
int reference_parse(struct adele *ctx, const struct word *w, bool keywords,
                    struct reference *out);
void reference_free(struct reference *r);
int value_parse(struct adele *ctx, const struct word *w, struct value *out);
void value_free(struct value *v);

/* Reading.  Each returns 0 or records an error at the place of the reference.
   Vectors and per-site arrays stay valid until the next evaluation of the same
   producer.  site: [nlocal], site order. */
int value_get(struct adele *ctx, const struct value *v, double *out);
/* out [nlocal], site order: a per-site reference as it is, anything else the
   same number everywhere.  Values that are not finite are an error. */
int value_sites(struct adele *ctx, const struct value *v, double *out);
int reference_scalar(struct adele *ctx, const struct reference *r, double *out);
int reference_vector(struct adele *ctx, const struct reference *r,
                     const double **v, int64_t *n);
/* c_ID of an array: all of it; c_ID[j] of an array as a vector: column j. */
int reference_array(struct adele *ctx, const struct reference *r,
                    const double **a, int64_t *nrow, int64_t *ncol);
int reference_site(struct adele *ctx, const struct reference *r,
                   const double **site);

/* Which shapes (enum shape bits) the reference can give with its indices,
   0 with a recorded error when the name does not exist. */
int reference_check(struct adele *ctx, const struct reference *r,
                    unsigned shapes);
unsigned reference_shapes(struct adele *ctx, const struct reference *r);

/* What the force evaluation must give so that this can be read: NEED_ bits of
   plug/pair.h. */
unsigned reference_need(struct adele *ctx, const struct reference *r);
unsigned value_need(struct adele *ctx, const struct value *v);

#endif

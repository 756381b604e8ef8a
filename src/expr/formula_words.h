/* Functions of names in formulas: groups, regions, questions about the
   context.  Private to formula*.c. */

#ifndef ADELE_FORMULA_WORDS_H
#define ADELE_FORMULA_WORDS_H

#include "expr/formula_ops.h"

int words_count(struct adele *ctx, const struct words_call *call,
                struct item *out);
int words_kinetic(struct adele *ctx, const struct words_call *call,
                  struct item *out);
int words_gmask(struct adele *ctx, const struct words_call *call,
                struct item *out);
int words_rmask(struct adele *ctx, const struct words_call *call,
                struct item *out);
int words_grmask(struct adele *ctx, const struct words_call *call,
                 struct item *out);
int words_next(struct adele *ctx, const struct words_call *call,
               struct item *out);
int words_is_file(struct adele *ctx, const struct words_call *call,
                  struct item *out);
int words_is_defined(struct adele *ctx, const struct words_call *call,
                     struct item *out);
int words_is_available(struct adele *ctx, const struct words_call *call,
                       struct item *out);
int words_setting(struct adele *ctx, const struct words_call *call,
                  struct item *out);

/* A per-site quantity by its column name as a fresh array of nlocal; 1 when
   there is no such column (nothing recorded). */
int words_column(struct adele *ctx, const char *name, const struct where *where,
                 double **out);

#endif

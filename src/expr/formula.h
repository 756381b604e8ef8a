/* Formulas with LAMMPS's precedence: - !, ^, * / %, + -, < <= > >=, == !=,
   &&, || |^; all binary operators left-associative.

   A formula is compiled to a tree at each evaluation of its text or once by
   its owner; references inside are read when it is evaluated. */

#ifndef ADELE_FORMULA_H
#define ADELE_FORMULA_H

#include "base/words.h"
#include "core/context.h"

struct formula;

/* NULL with a recorded error that points into `where` (the place of text). */
struct formula *formula_new(struct adele *ctx, const char *text,
                            const struct where *where);
void formula_free(struct formula *f);

int formula_scalar(struct adele *ctx, struct formula *f, double *out);
int formula_vector(struct adele *ctx, struct formula *f, double **out,
                   int64_t *n); /* *out is the caller's (mem_free) */
int formula_site(struct adele *ctx, struct formula *f, double *out);
unsigned formula_need(struct adele *ctx, const struct formula *f);

/* The condition of `if`: a formula, or a comparison of two words as strings. */
int formula_condition(struct adele *ctx, const char *text,
                      const struct where *where, bool *out);

#endif

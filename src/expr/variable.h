/* Variables of the deck: index, loop, string, getenv, file, format, equal,
   vector, atom, internal, world, universe, uloop, timer.

   The table hangs from ctx->variables.  A second definition of an index, loop,
   world, universe, uloop variable is ignored, which is how `-var` overrides a
   deck; equal, vector, atom, string, format, timer are replaced. */

#ifndef ADELE_VARIABLE_H
#define ADELE_VARIABLE_H

#include "base/words.h"
#include "core/context.h"

int variables_new(
    struct adele *ctx); /* creates ctx->variables; 0 or memory error */
void variables_free(struct adele *ctx);

/* `variable NAME STYLE ..` (words[0] is NAME), `variable NAME delete`. */
int variable_define(struct adele *ctx, const struct words *words);
/* -var NAME value..: an index variable that the deck cannot redefine. */
int variable_override(struct adele *ctx, const char *name, int n,
                      const char *const *values);
/* `next NAME..`: *exhausted when the end was reached (the variables are then
   deleted, as in LAMMPS). */
int variable_next(struct adele *ctx, const struct words *words,
                  bool *exhausted);
bool variable_exists(const struct adele *ctx, const char *name);
/* 0, or an error that names the nearest variable. */
int variable_require(struct adele *ctx, const char *name,
                     const struct where *where);

/* The string behind ${name}: equal-style values with %.15g.  Appended. */
int variable_string(struct adele *ctx, const char *name,
                    const struct where *where, struct text *out);
/* Values of equal, vector and atom variables (string-like ones as a number). */
int variable_scalar(struct adele *ctx, const char *name,
                    const struct where *where, double *out);
int variable_vector(struct adele *ctx, const char *name,
                    const struct where *where, const double **out, int64_t *n);
int variable_site(struct adele *ctx, const char *name,
                  const struct where *where, const double **site);
unsigned variable_shapes(struct adele *ctx, const char *name); /* 0: unknown */
unsigned variable_need(struct adele *ctx, const char *name);   /* NEED_ bits */
/* next(NAME) in a formula: the present line of a file variable as a number,
   after which the variable stands at the following line. */
int variable_next_line(struct adele *ctx, const char *name,
                       const struct where *where, double *out);
/* The number of random draws so far at the present tick, and one more: part
   of the key of random() and normal() in formulas. */
uint64_t variable_draw(struct adele *ctx);
/* `internal` variables are set by commands and fixes. */
int variable_set_internal(struct adele *ctx, const char *name, double value);
/* For `info variables` and restart-free listing. */
void variables_describe(struct adele *ctx, struct text *out);

#endif

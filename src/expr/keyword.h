/* Thermo keywords: named scalars of the running simulation, for thermo
   columns and formulas. */

#ifndef ADELE_KEYWORD_H
#define ADELE_KEYWORD_H

#include "core/context.h"

struct keyword {
    const char *name, *unit, *doc;
    bool integer;   /* printed as %ld */
    bool extensive; /* divided by sites under thermo_modify norm yes */
    unsigned need;  /* NEED_ bits */
    int (*get)(struct adele *ctx, double *out);
};

const struct keyword *keyword_find(const char *name);
const char *const *keyword_names(int *n);

#endif

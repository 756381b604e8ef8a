/* Per-site quantities by name: the columns of dumps, colours of pictures,
   inputs of per-site computes.

   id, type (sublattice from 1), ix iy iz (cell), x y z (Cartesian), the
   model's components (q vq fq), n (density), onsite, c_ID, c_ID[i], f_ID,
   f_ID[i], v_name. */

#ifndef ADELE_COLUMN_H
#define ADELE_COLUMN_H

#include "plug/value.h"

struct column {
    char *name; /* as written */
    int what;   /* private */
    int index;
    bool integer; /* printed as %d */
    struct reference ref;
};

int column_parse(struct adele *ctx, const struct word *w, struct column *out);
void column_free(struct column *c);
/* out [nlocal], site order. */
int column_get(struct adele *ctx, const struct column *c, double *out);
unsigned column_need(struct adele *ctx, const struct column *c);

#endif

/* What `set` and `read_data` assign by name: the model's displacements and
   velocities, and the on-site energies. */

#ifndef ADELE_TARGET_H
#define ADELE_TARGET_H

#include "base/words.h"
#include "core/context.h"

struct target {
    struct field *field;
    int comp;
    bool onsite;
};

/* The target that the word names, or a recorded error.  On-site energies that
   do not exist yet are made, and are dropped or committed by the caller. */
int target_find(struct adele *ctx, const struct word *w, struct target *out);
void target_drop(struct adele *ctx, struct target *t);
/* Assigns value[i] to the sites of the group; cannot fail. */
void target_commit(struct adele *ctx, struct target *t, int group,
                   const double *value);

#endif

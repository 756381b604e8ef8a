/* Restart files (HDF5): boundary, lattice, model, electrons, groups, state,
   step, tick, time, and the saved state of fixes, pair style and dumps by ID
   and style.  Written under a temporary name and renamed. */

#ifndef ADELE_RESTART_H
#define ADELE_RESTART_H

#include "core/context.h"

/* `*` in a path stands for the step; on reading, for the latest there is. */
int restart_write(struct adele *ctx, const char *path);
/* Boundary, lattice, model and electrons of the moment as deck text. */
void restart_setup(const struct adele *ctx, struct text *out);
/* Only before `lattice`.  After an error the context is as before. */
int restart_read(struct adele *ctx, const char *path);
/* A fix or pair style made after read_restart gets back what was saved for the
   same ID and style; called by the commands that make them. */
struct instance;
int restart_hand_back(struct adele *ctx, struct instance *self);
/* `restart N F1 [F2]`, `restart 0`: timed writing (one name gets the step,
   two take turns); next step of it. */
int restart_schedule(struct adele *ctx, int64_t every, const char *path1,
                     const char *path2);
int64_t restart_next(const struct adele *ctx);
int restart_due(struct adele *ctx); /* write now, as scheduled */
void restart_free(struct adele *ctx);

#endif

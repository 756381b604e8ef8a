/* A setting: a lattice, a model and electrons apart from the running
   simulation, with a context of its own.  Training and validation evaluate
   models and potentials in it, on configurations from files.

   It prints nothing, solves nothing and cannot run. */

#ifndef ADELE_SETTING_H
#define ADELE_SETTING_H

#include "plug/potential.h"

/* The model and electrons of `origin` on `lat` (borrowed).  NULL with an error
   at `where` in ctx. */
struct adele *setting_new(struct adele *ctx,
                          const struct potential_origin *origin,
                          struct lattice *lat, const struct where *where);
void setting_free(struct adele *s); /* NULL is allowed */

/* The leads of the origin get these mu, [nlead]. */
void setting_leads(struct adele *s, const double *mu);
/* The configuration: borrowed, its border widened for the model. */
int setting_place(struct adele *s, struct field *q);

/* An error of the setting becomes one of ctx, at `where` (NULL: where it
   arose); returns its status (0: there was none). */
int setting_error(struct adele *ctx, struct adele *s,
                  const struct where *where);

#endif

/* Dense per-site arrays: random numbers keyed by site, and assigning them to
   the sites of a group in a field. */

#ifndef ADELE_SITES_H
#define ADELE_SITES_H

#include "base/rng.h"
#include "core/field.h"
#include "core/group.h"

/* out[i] = the number of the key's stream at the site's global index, for the
   local sites in site order: uniform in (0, 1), or standard normal. */
void sites_random(const struct lattice *lat, struct rng_key key, bool normal,
                  double *out);

/* Assigns value[i] (or adds it, when `add`) to that component of the local
   sites that are in the group. */
void sites_assign(struct field *f, int comp, const struct groups *g, int group,
                  const double *value, bool add);

/* The first index of a value that is nan or infinite, -1 when all are
   finite. */
int64_t sites_not_finite(const double *value, int64_t n);

#endif

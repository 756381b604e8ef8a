/* Densities, electronic forces and energies of a model from what potentials
   predict.

   Of a model with one component whose electronic force is the same linear
   function of the density at each site, F = at_zero + slope n, either follows
   from the other (holstein: at_zero = -g/2, slope = g).  Other models have
   densities only with target density, else forces only. */

#ifndef ADELE_POTENTIAL_FORCE_H
#define ADELE_POTENTIAL_FORCE_H

#include "plug/potential.h"

struct density_map {
    bool linear; /* the numbers below hold */
    double at_zero, slope;
};

/* Of the model of ctx on its lattice. */
int density_map_find(struct adele *ctx, struct density_map *out);

/* Whether this potential gives densities; else it gives electronic forces. */
bool potential_gives_density(const struct potential *p,
                             const struct density_map *map);

/* One prediction of one potential for the configuration of ctx. */
struct potential_sites {
    double *value; /* [nsite] densities, or [ncomp][nsite] electronic forces */
    double
        energy; /* electronic: Omega; without mu what pe holds of electrons */
    int64_t outside; /* sites outside the training range */
};

/* elastic: the elastic force of ctx's configuration, read by target force
   only (NULL otherwise).  scratch: [nsite] for target energy, else NULL. */
int potential_sites(struct adele *ctx, struct potential_run *r,
                    const struct potential *p, const struct density_map *map,
                    double mu, const struct field *elastic, double *scratch,
                    struct potential_sites *out);

/* Doubles that `value` needs. */
int64_t potential_sites_length(const struct adele *ctx,
                               const struct potential *p,
                               const struct density_map *map);

#endif

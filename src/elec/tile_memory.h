/* What each tile was last solved with, so that tiles in which little moved
   need not be solved again.

   Of every tile: the mu of its Green's functions; displacement, on-site
   energies and hoppings of core and buffer at that time; the traces over the
   core.  Tiles solved at the same mu make one part of the electron number. */

#ifndef ADELE_TILE_MEMORY_H
#define ADELE_TILE_MEMORY_H

#include <stdbool.h>

#include "elec/tile_density.h"
#include "la/poles.h"

enum { TRACES_MAX = POLES_MAX + 8 };

/* Sums over sites whose Green's functions are those at mu. */
struct pole_part {
    double mu, sites, onsite;
    double re[TRACES_MAX], im[TRACES_MAX]; /* of G */
};

struct tile_memory {
    int64_t ntile;
    int ncomp;
    int64_t nstate, *first;  /* [ntile + 1] of each tile in state */
    double *state;           /* of a tile: mu (nan: never solved), displacements
                                [ncomp][site], on-site energies [site], hoppings [edge],
                                of core and buffer */
    bool *present;           /* its Green's functions are in the result */
    struct pole_part *trace; /* [ntile] over each core */
    struct pole_part *part;  /* [npart <= ntile] tiles with the same mu */
    int npart;
    int *part_of_tile, *tile_of_site, *tile_of_edge;
    double *onsite, *hopping; /* [nsite], [nedge] that the entries belong to */
    struct tile_job *job;     /* [ntile], scratch */
};

/* NULL when memory is short. */
struct tile_memory *tile_memory_new(const struct tile_set *s, int ncomp,
                                    int64_t nsite, int64_t nedge);
void tile_memory_free(struct tile_memory *m);
/* Nothing is known of any tile. */
void tile_memory_forget(struct tile_memory *m);
/* A state saved before; false when it does not fit. */
bool tile_memory_restore(struct tile_memory *m, const double *state, int64_t n);

/* Solves, at mu, the tiles in which a displacement moved by more than `skip`
   or whose Green's functions are farther than `reach` from `wanted`; those that
   are known but not in the result, once more as they were.  Results and traces
   of all tiles are complete then.  *solved: how many were solved at mu.  As
   tile_set_solve. */
struct tile_memory_request {
    const double *onsite, *hopping;
    const double *displacement; /* [ncomp][nsite] */
    int64_t nsite;
    double skip, mu, wanted, reach;
    int nshift;
    const double *im;
    bool want_edges;
    int nthread;
};
int tile_memory_solve(struct tile_memory *m, struct tile_set *s,
                      const struct tile_memory_request *q,
                      struct selinv_result *r, int64_t *solved);

#endif

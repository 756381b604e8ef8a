/* The tiles of elec/tile_density.h as its two files see them. */

#ifndef ADELE_TILE_SET_H
#define ADELE_TILE_SET_H

#include "elec/tile_density.h"

struct tile_shape {
    int size[3];
    bool periodic[3];
    int64_t nsite, nedge;
    int64_t (*edge)[2]; /* local sites, ascending */
    struct selinv *selinv;
};

/* Cells lo .. lo + n - 1 of the core and of the region around it, along each
   axis; lo may be negative where it wraps. */
struct tile_box {
    int lo[3], n[3];
};

struct tile {
    struct tile_box core, region;
    int shape;
    int64_t *site, *edge;           /* of the lattice, by local number */
    int64_t nsite, nedge;           /* of the core */
    int64_t *core_site, *core_edge; /* local numbers */
    int64_t first_site, first_edge; /* in compact results */
};

struct tile_set {
    bool compact;
    int64_t nsite, nedge;   /* of the results */
    int64_t *sites, *edges; /* compact only */
    int64_t ntile;
    struct tile *tile;
    int nshape;
    struct tile_shape *shape;
    int64_t most_sites, most_edges;
    size_t most_room;
    int nroom; /* threads that have a workspace */
    struct lanes *room;
    double *value;
};

#endif

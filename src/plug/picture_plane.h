/* The plane of a picture: which site is nearest to a point of it. */

#ifndef ADELE_PICTURE_PLANE_H
#define ADELE_PICTURE_PLANE_H

#include "core/lattice.h"

enum { PLANE_REACH = 2 }; /* cells searched on each side */

struct plane {
    const struct lattice *lat;
    int axis[2];          /* cell axes that span it; axis[1] -1: a chain */
    int n[2];             /* cells along them */
    int normal;           /* axis cut through, -1 if none */
    int64_t cell;         /* along it */
    double a[2][2];       /* lattice vectors in the plane, rows */
    double inverse[2][2]; /* (x, y) -> cell coordinates */
    double basis[LATTICE_BASIS_MAX][2];
    double lo[2], hi[2];                     /* all Voronoi cells lie within */
    double shift[LATTICE_BASIS_MAX * 25][2]; /* candidates around a cell */
    int reach[LATTICE_BASIS_MAX * 25][3];    /* their cell offset, sublattice */
    int ncandidate;
    bool rectangular; /* the cells fill lo .. hi */
    bool wrapped;     /* a tilted lattice, periodic along axis[0]: drawn as the
                         rectangle that shows every site once */
};

/* A 3D lattice is cut along `axis` at `cell`.  rows > 0: that many rows of a
   chain, one above the other. */
void plane_init(struct plane *p, const struct lattice *lat, int axis,
                int64_t cell, int rows);
/* The site at the point, -1 where none is; of a chain row*nsite + site. */
int64_t plane_site(const struct plane *p, double x, double y);

#endif

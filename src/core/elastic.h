/* Harmonic energy of one component q of the displacement:

       E = sum_i k q_i^2/2 + kappa sum_<ij> q_i q_j
           + (spring/2) sum_<ij>, along one axis (q_i - q_j)^2

   over the nearest-neighbour bonds <ij>.  The springs lie on the bonds whose
   cell offset is along that axis; they need one site a cell and bonds along
   the axes (chain, square, cubic).

   One pass over the rows of a field, no index wrapped; forces and energy are
   the same bits with and without each other and for any number of threads. */

#ifndef ADELE_ELASTIC_H
#define ADELE_ELASTIC_H

#include "core/field.h"

enum { ELASTIC_NEIGHBOUR_MAX = 32 };

struct elastic {
    double k, kappa, spring;
    double *row_energy; /* [component][sublattice][row] */
    int64_t nrow;
};

/* Room for ncomp components; 0 or -1 (memory).  Start from {0}. */
int elastic_reserve(struct elastic *e, const struct lattice *lat, int ncomp);
void elastic_fini(struct elastic *e);

/* Component `comp` of the displacement q, whose border reaches the nearest
   neighbours: force (may be NULL) = -dE/dq, and, when `energy`, its rows'
   energies.  axis: of the springs; not read when spring = 0. */
void elastic_component(struct elastic *e, struct field *q, int comp, int axis,
                       struct field *force, bool energy);
/* The energy of all components, from the rows. */
double elastic_energy(const struct elastic *e);

/* The smallest eigenvalue of the matrix of E: see lattice_elastic_minimum.
   With springs along an open axis of more than 500 sites, of 500. */
double elastic_minimum(const struct elastic *e, const struct lattice *lat,
                       int axis);

#endif

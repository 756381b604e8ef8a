/* The point group of a lattice site and its real irreducible representations,
   from the matrices of the operations alone.

   The operations that leave the site where it is act on functions on the
   neighbourhood, (T(g) u)(g r) = R(g) u(r), with R(g) = 1 for scalars.  Any
   such space is a sum of irreducible ones, in which u has coefficients f [dim]
   that turn by the same matrices D(g) wherever they occur:

       f(T(g) u) = D(g) f(u)

   so that products of coefficients of one irrep from different places are
   invariants.  The matrices depend on the shape of the lattice only, to
   rounding: numbers made with them may be kept in files. */

#ifndef ADELE_SYMMETRY_H
#define ADELE_SYMMETRY_H

#include "core/lattice.h"

enum { SYMMETRY_DIM_MAX = 3 };

struct symmetry_irrep {
    int dim;        /* 1, 2 or 3 */
    double *matrix; /* [order][dim][dim], orthogonal, D(gh) = D(g) D(h) */
    double generic[SYMMETRY_DIM_MAX]; /* as symmetry.generic, under D(g) */
};

struct symmetry {
    int order, dim;        /* of the group, of the lattice */
    struct lattice_op *op; /* [order], identity first; a neighbour at cell
                              offset c on sublattice b goes to offset
                              m c + shift[b] on to[b] */
    int *product;          /* [order][order]: index of op[i] op[j] */
    int *inverse;          /* [order] */
    double generic[3];     /* unit vector, as far as possible from its images
                              R(g) v: the middle of a sector of the group */
    int nirrep;
    struct symmetry_irrep *irrep; /* [nirrep], the trivial one first, then by
                                     dimension */
};

/* The group of a site of sublattice b.  0, or -1 with *why: memory, or a group
   with irreps of complex type, which have no real matrices of the size of
   their character (a rotation without mirrors). */
int symmetry_init(struct symmetry *s, const struct lattice *lat, int b,
                  const char **why);
void symmetry_fini(struct symmetry *s);

/* Reduces the representation rep [order][n][n] (orthogonal matrices): the
   orthonormal rows of basis [n][n], of which row k turns as component
   component[k] of irrep irrep[k], in groups of the dimension of the irrep.  0
   or -1 (memory, or not a representation of the group). */
int symmetry_reduce(const struct symmetry *s, int n, const double *rep,
                    double *basis, int *irrep, int *component);

#endif

/* Neighbourhoods of lattice sites in terms of irreducible representations.

   The field within `cutoff` of a site is cut into orbits, sites that the point
   group carries into each other.  On each orbit it is expanded in orthonormal
   functions that turn by the irreps r of the group (ml/symmetry.h),

       f_rk = sum_j w_rk(j) u_j,      k counts the copies of r

   of which f_rk -> D_r(g) f_rk when the neighbourhood is turned by g.  Turning
   them back by a frame, a mean of group elements that is carried along,

       x_rk = M_r f_rk,      M_r -> M_r D_r(g)^-1

   makes them invariant.  The frame is read off block averages in caps about
   the images g v of a generic direction v (the middle of a sector),

       A_g = sum_j h(g^-1 r_j) s_j u_j / sum_j h(r_j),
       h(r) = exp(8 (cos(angle of v and r) - 1) - r/reference), r <= reference

   with s_j = 1 or the sign of the lattice's order relative to the centre.
   Vectors take the component along g v.  Then

       sharp   M_r = D_r(g)^-1 of the g that carries the reference
               sum_g D_r(g) A_g of this irrep into its fixed sector
       frame   M_r = D_r(g)^-1 of the g with the largest A_g, for all irreps
       smooth  M_r = sum_g p_g D_r(g)^-1, p = softmax(A/width); and after all
               x the amplitudes sqrt(|f_rk|^2 + width^2) - width, r not trivial

   The number of x is that of sites within the cutoff times components. */

#ifndef ADELE_IRREPS_H
#define ADELE_IRREPS_H

#include "core/field.h"
#include "ml/symmetry.h"

enum irreps_phase { IRREPS_SHARP, IRREPS_FRAME, IRREPS_SMOOTH };

/* A component of the field on a neighbour. */
struct irreps_tap {
    int cell[3], to, comp;
};

/* Linear forms of the field near a site of each sublattice:
   row i is sum_k matrix[b][i*n + k] u(tap[b][k]). */
struct irreps_forms {
    int n, nrow;
    struct irreps_tap *tap[LATTICE_BASIS_MAX];
    double *matrix[LATTICE_BASIS_MAX];    /* [nrow][n] */
    double *transpose[LATTICE_BASIS_MAX]; /* [n][nrow] */
};

/* A copy of an irrep in an orbit: rows row .. row + dim - 1. */
struct irreps_copy {
    int irrep, row;
    int amplitude; /* feature of its amplitude; -1: none */
};

struct irreps_orbit {
    struct irreps_forms forms; /* n = nrow */
    int first;                 /* feature of row 0 */
    int ncopy;
    struct irreps_copy *copy;
};

struct irreps_wish {
    int ncomp;
    bool vector; /* components turn as a vector; ncomp is the dimension */
    double cutoff, reference;
    bool staggered; /* s_j as the lattice's order, else 1 */
    enum irreps_phase phase;
    double width; /* of smooth, in units of the field */
};

struct irreps {
    struct symmetry group; /* of sublattice 0; the others are carried to it */
    int nbasis, ncomp;
    enum irreps_phase phase;
    double width;
    int norbit, nfeature;
    struct irreps_orbit *orbit;
    struct irreps_forms caps; /* A_g in rows */
    double **axis; /* [nirrep][order][dim]: D_r(g) v_r, NULL: not needed */
    int *at;       /* [nirrep]: place of M_r among all matrices */
    int halo[3];   /* cells */
};

/* Largest orders of what follows from a point group of at most 48. */
enum { IRREPS_ORDER_MAX = 48, IRREPS_ORBIT_MAX = 144 };

/* 0, or -1 with *why: memory or what this lattice or reference does not admit.
 */
int irreps_init(struct irreps *p, const struct lattice_shape *shape,
                const struct irreps_wish *wish, const char **why);
void irreps_fini(struct irreps *p);

/* The features of sites begin .. end-1, x [end - begin][nfeature], and their
   change along dq.  The border of the fields is filled and at least halo. */
void irreps_rows(const struct irreps *p, const struct field *q, int64_t begin,
                 int64_t end, double *x);
void irreps_tangent(const struct irreps *p, const struct field *q,
                    const struct field *dq, int64_t begin, int64_t end,
                    double *dx);

/* gradient [ncomp][nlocal] = (dx/dq)^T dx for dx [nlocal][nfeature].  Threads
   cut the lattice into slabs that do not depend on their number.  0 or -1
   (memory). */
int irreps_backward(const struct irreps *p, const struct field *q,
                    const double *dx, double *gradient);

#endif

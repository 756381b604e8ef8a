/* Lattice geometry: cells, sublattices, neighbour stencils, point group.

   A lattice is n[0] x n[1] x n[2] primitive cells (n = 1 beyond `dim`) with
   nbasis sites each.  The site at cell (x, y, z), sublattice b has the
   site-ordered index  ((z*n[1] + y)*n[0] + x)*nbasis + b  and the id index+1;
   this order is the one of every dense per-site array and every file.

   A stencil lists, for each sublattice, the neighbours as a cell offset and a
   target sublattice, nearest first and both directions of each bond.  Offsets
   along an axis of length 1 are left out: such an axis has no bonds.  At
   length 2 both bonds to the one neighbour stay.

   Kernels walk fields with a stencil and never wrap an index: field.h. */

#ifndef ADELE_LATTICE_H
#define ADELE_LATTICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { LATTICE_BASIS_MAX = 8 };

/* What a lattice style is: see styles/lattice. */
struct lattice_shape {
    const char *name;
    int dim, nbasis;
    double a[3][3];                        /* primitive vectors, rows, Cartesian */
    double basis[LATTICE_BASIS_MAX][3];    /* site positions, Cartesian */
    /* Order parameter: phi_i = (n_i - mean of neighbours) sign_b exp(iQ.cell)
       with Q = 2 pi wave; `ordered` false where no such pattern exists. */
    bool ordered;
    double wave[3];
    int sign[LATTICE_BASIS_MAX];
    /* Axes along which the two directions differ, as between electrodes: the
       point group keeps the operations that leave the cell's coordinate along
       each of them as it is (that is, its reciprocal vector). */
    bool polar[3];
};

struct stencil_site {
    int cell[3]; /* offset of the neighbour's cell */
    int to;      /* its sublattice */
    double r[3]; /* Cartesian displacement to it */
};

struct stencil {
    int n[LATTICE_BASIS_MAX]; /* neighbours of each sublattice */
    struct stencil_site *site[LATTICE_BASIS_MAX];
    int reach[3]; /* largest |cell offset| along each axis: the halo needed */
};

/* One point-group operation about sublattice site 0 or a symmetry centre:
   cell c of sublattice b goes to  m c + shift[b]  of sublattice to[b];
   vectors turn with r (Cartesian). */
struct lattice_op {
    int m[3][3];
    int to[LATTICE_BASIS_MAX];
    int shift[LATTICE_BASIS_MAX][3];
    double r[3][3];
};

struct lattice {
    struct lattice_shape shape;
    int n[3];         /* cells along each axis, whole lattice */
    bool periodic[3]; /* true beyond dim */
    int64_t nsite;
    /* The part of this rank: cells lo .. lo + local - 1. */
    int lo[3], local[3];
    int64_t nlocal; /* sites of this rank */
    struct stencil nearest, second; /* first and second shell by distance */
    struct lattice_op *op; /* of the infinite lattice, less shape.polar */
    int nop;
};

/* A lattice of that shape; NULL with *why (a constant sentence) when sizes
   overflow 2^62 sites or memory is short. */
struct lattice *lattice_new(const struct lattice_shape *shape, const int n[3],
                            const bool periodic[3], const char **why);
void lattice_free(struct lattice *lat);

/* The stencil of all sites at a distance in (rmin, rmax] (Cartesian),
   nearest first, then by angle.  0 or -1 (memory). */
int lattice_stencil(const struct lattice *lat, double rmin, double rmax,
                    struct stencil *out);
void stencil_free(struct stencil *s);

/* Site index <-> cell and sublattice (global). */
void lattice_cell(const struct lattice *lat, int64_t site, int cell[3], int *b);
int64_t lattice_site(const struct lattice *lat, const int cell[3], int b);

/* The site reached from cell + offset on sublattice b, wrapped; -1 when it
   lies beyond an open boundary.  *wrap (may be NULL) gets the lattice vector
   crossed, in units of n.  For set-up and tests, not for kernels. */
int64_t lattice_neighbour(const struct lattice *lat, const int cell[3],
                          const int offset[3], int b, int wrap[3]);

/* Cartesian position of a site (global index). */
void lattice_position(const struct lattice *lat, int64_t site, double r[3]);

/* The permutation of all sites by operation `op` if the finite lattice with
   its boundaries has that symmetry: image[i] is where site i goes.  false:
   not a symmetry. */
bool lattice_permutation(const struct lattice *lat, const struct lattice_op *op,
                         int64_t *image);

/* Reciprocal vectors b_i with a_i . b_j = 2 pi delta_ij, in rows. */
void lattice_reciprocal(const struct lattice *lat, double b[3][3]);

/* The smallest eigenvalue of k + kappa * A over the lattice, A the nearest-
   neighbour adjacency: exact when periodic; with an open axis the infinite
   length is taken along it, a lower bound. */
double lattice_elastic_minimum(const struct lattice *lat, double k,
                               double kappa);

#endif

/* Small complex matrices in batches of four.

   One element holds the same entry of four matrices, real parts then
   imaginary parts: 64 bytes, a cache line.  Arithmetic on elements is then
   plain vector arithmetic without shuffles, at full speed for any matrix size
   and any stride, which is what the many small fronts of a nested dissection
   need: the four matrices are four shifts of one Hamiltonian. */

#ifndef ADELE_LANES_H
#define ADELE_LANES_H

#include <stddef.h>

enum { LANES = 4, LANES_BLOCK = 3 };

typedef double lane_vector __attribute__((vector_size(LANES * 8)));

struct lanes {
    lane_vector re, im;
};

/* A matrix view: element (i, j) at [i*row + j*column]. */
struct lane_matrix {
    struct lanes *at;
    ptrdiff_t row, column;
};

enum lane_mode {
    LANES_SET,      /* c = a b */
    LANES_NEGATIVE, /* c = -a b */
    LANES_SUBTRACT  /* c -= a b */
};

/* c [m][n] from a [m][k] and b [k][n].  `lower`: only i >= j is computed
   (m = n), for results that are known to be symmetric.  Large products are
   split into OpenMP tasks; the bits do not depend on that. */
void lanes_product(enum lane_mode mode, int m, int n, int k,
                   struct lane_matrix a, struct lane_matrix b,
                   struct lane_matrix c, int lower);

/* c [n][n], lower triangle, = base - a [n][k] b [k][n]. */
void lanes_difference(int n, int k, struct lane_matrix base,
                      struct lane_matrix a, struct lane_matrix b,
                      struct lane_matrix c);

/* c [m][n] = -a b with a [m][m] symmetric, of which the lower triangle is read
   and the blocks of LANES_BLOCK on the diagonal, both triangles of them. */
void lanes_symmetric_product(int m, int n, struct lane_matrix a,
                             struct lane_matrix b, struct lane_matrix c);

/* The inverse of a symmetric matrix [n][n], in place, from its lower triangle
   to both, without pivoting: fit for matrices whose imaginary part is definite.
   `work` has room for (n+2)^2/2 elements.  The n pivots are written to pivot
   [n]: their product is the determinant. */
void lanes_invert(int n, struct lane_matrix a, struct lanes *work,
                  struct lanes *pivot);

/* Copies the lower triangle of a symmetric matrix to the upper one. */
void lanes_mirror(int n, struct lane_matrix a);

#endif

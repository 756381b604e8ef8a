/* Dense real symmetric eigenproblems and the density matrix of a filled
   spectrum.

   H v_k = e_k v_k by LAPACK's divide and conquer (dsyevd), with the workspace
   kept from call to call;  rho_ij = sum_k f_k v_ik v_jk. */

#ifndef ADELE_EIGEN_H
#define ADELE_EIGEN_H

#include <stdbool.h>
#include <stdint.h>

struct eigen {
    int64_t n;
    double *matrix; /* [n][n]; in: one triangle of H at least, both allowed;
                       out: row k is the eigenvector v_k */
    double *value;  /* [n] ascending */
    double *work;   /* [nwork] */
    int *iwork;     /* [niwork] */
    int nwork, niwork;
};

/* The largest n that the 32-bit workspace sizes of LAPACK admit. */
enum { EIGEN_MAX = 32766 };

/* Room for n x n (n <= EIGEN_MAX), kept when it is there already.  `vectors`
   false takes the smaller workspace.  0, or -1 (memory or n too large), then
   the solver is empty.  Start from {0}. */
int eigen_reserve(struct eigen *s, int64_t n, bool vectors);
void eigen_free(struct eigen *s);

/* Eigenvalues, and eigenvectors if asked; without them `matrix` is destroyed.
   The matrix must be finite.  The bits depend on `nthread` (the BLAS sums in
   another order).  0, or LAPACK's info > 0: not converged. */
int eigen_solve(struct eigen *s, bool vectors, int nthread);

/* Bytes that eigen_reserve takes, and a rough time of one solve in seconds
   (with vectors 9 n^3 operations at 35 GF/s a thread). */
double eigen_bytes(double n, bool vectors);
double eigen_seconds(double n, bool vectors, int nthread);

/* density[i] = sum_k f_k v_ik^2 for all i, from the eigenvectors v [n][n] in
   rows; f [n] in [0, 1].  Levels with f < 1e-300 are left out, or, when fewer
   are not full, 1 - sum_k (1 - f_k) v_ik^2 is taken.  Threaded over sites; the
   bits do not depend on the threads. */
void eigen_density(const double *v, int64_t n, const double *f,
                   double *density);

/* rho[b] = sum_k f_k v_ik v_jk for the pairs i = pair[2b], j = pair[2b+1]. */
void eigen_pairs(const double *v, int64_t n, const double *f, int64_t npair,
                 const int64_t *pair, double *rho);

#endif

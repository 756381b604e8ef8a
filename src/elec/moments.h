/* Moments of the local density of states of electrons whose hopping changes
   with the length of bonds (model ssh), in Chebyshev polynomials:

       mu_n(i) = <i| T_n(h) |i>,   h = (H - centre)/width,   n = 2 .. 2 reach.

   H has hoppings -t + alpha (u^a_{i+a} - u^a_i) along the axes a of a chain or
   a square lattice and -t2 between second neighbours; T_1 is the same
   everywhere.  With the vectors v_k = T_k(h)|i>, which live on the cells within
   k steps of i,

       v_0 = |i>,  v_1 = h v_0,  v_(k+1) = 2 h v_k - v_(k-1),
       mu_2k = 2 <v_k|v_k> - 1,  mu_(2k+1) = 2 <v_k|v_(k+1)> - mu_1,

   so mu_n depends on the bonds within n/2 steps, exactly.  An analytic function
   f of H has f_ii = c_0 + sum c_n mu_n(i): energies and densities of gapped
   electrons follow from few moments [Weisse2006].  The moments are invariant
   under the point group and under uniform displacements, and polynomials of the
   displacement.  Periodic lattices are unfolded: walks around them do not
   count as closed. */

#ifndef ADELE_MOMENTS_H
#define ADELE_MOMENTS_H

#include "core/field.h"

enum { MOMENTS_REACH = 8 }; /* at most */

/* Cells that T_k spreads over, in an array [y][x] with a border of zeros. */
struct moments_window {
    int radius[2], line;
    int origin, size; /* of the cell itself; numbers, from `first` on */
    int first;
};

struct moments {
    int dim, reach;
    double t, t2, alpha, centre, width;
    bool single; /* the arithmetic */
    struct moments_window window[MOMENTS_REACH + 1];
    int nwindow; /* numbers of all windows */
    int halo[3]; /* of the displacement */
};

/* From dim, reach, t, t2: windows and halo; width, if it is 0, becomes 1.1
   times the largest energy of the lattice without distortion. */
void moments_init(struct moments *m);
/* Features of a site. */
int moments_count(const struct moments *m);

/* mu_2 .. of sites begin .. end-1, x [end - begin][count], and their change
   along du.  Fields: [dim] components with their border. */
void moments_rows(const struct moments *m, const struct field *u, int64_t begin,
                  int64_t end, double *x);
void moments_tangent(const struct moments *m, const struct field *u,
                     const struct field *du, int64_t begin, int64_t end,
                     double *dx);
/* gradient [dim][nlocal] = (dx/du)^T dx for dx [nlocal][count].  Threads cut
   the lattice into slabs that do not depend on their number.  0 or -1
   (memory). */
int moments_backward(const struct moments *m, const struct field *u,
                     const double *dx, double *gradient);

#endif

/* Densities and free energies from a Chebyshev expansion of the Fermi function
   (kernel polynomial method without a kernel).

       h = (H - b)/a in [-1, 1],  f(H) = sum_{m<M} c_m T_m(h),
       c_m = (2 - delta_m0)/K sum_k f(x_k) cos(m t_k),  t_k = pi (k + 1/2)/K,
       x_k = a cos t_k + b,

   with the exact moments <i|T_m(h)|i> of every site, from vectors T_m |i> for
   m <= M/2 since 2 T_m T_n = T_{m+n} + T_{m-n}.  Any function of the spectrum
   has the trace 1/K sum_k F(x_k) g_k, g_k = sum_m (2 - delta_m0) cos(m t_k)
   sum_i <i|T_m|i>, so mu and the free energies take no further vectors; bond
   densities take another M.  Eight columns are worked on at a time; with
   `radius` they live on the sites that so many bonds lead to. */

#ifndef ADELE_KPM_DENSITY_H
#define ADELE_KPM_DENSITY_H

#include <stdbool.h>

#include "elec/terms.h"

struct kpm_density {
    int64_t *start, *to, *of_bond; /* adjacency: rows of sites, both ways */
    uint64_t bond_tag;
    double *moment; /* [nsite][order] */
    double *weight; /* [points] g_k, then [points] x_k */
    double *cosine; /* [4 points] cos(pi j/2K) */
    double *c;      /* [order] */
    int order, points;
    int64_t nsite;
    double centre, half; /* b, a */
};

struct kpm_request {
    int order, radius; /* radius 0: none */
    double temp;
    bool fixed_number;
    double target; /* number or mu */
    bool want_bonds;
    int nthread;
};

struct kpm_solution {
    double mu, number, omega, band; /* omega without the model's constant */
};

/* The order at which the coefficients of the Fermi function have fallen to
   `error`: its poles next to the axis are at mu +- i pi T. */
int kpm_order(double half_width, double temp, double error);

/* n [nsite]; rho [nbond] when asked for.  0, or -1 when memory is short. */
int kpm_density_solve(struct kpm_density *p, const struct terms *t,
                      const struct kpm_request *ask, double *n, double *rho,
                      struct kpm_solution *out);
void kpm_density_fini(struct kpm_density *p);

#endif

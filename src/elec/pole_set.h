/* Sets of poles for the ladder of bounds 2^(rung/4), and what Green's functions
   at these poles add up to:

       n_ij(mu + d T) = sum_k [re_k Re + im_k Im] G_ij(k) T
                        + linear x_ij + constant delta_ij,

   for d = 0 with the weights of la/poles.h, else with la/pole_shift.h added. */

#ifndef ADELE_POLE_SET_H
#define ADELE_POLE_SET_H

#include "elec/pole_density.h"

/* The rung that covers |x| <= bound, and its set for entries to tol, made when
   it is not there; the one in use by the last solution stays.  Poles that
   double precision ends before tol is reached do when they are good to p->worst.
   POLE_OK, POLE_TOLERANCE or POLE_MEMORY. */
int pole_set_rung(double bound);
int pole_set_at(struct pole_density *p, int rung, double tol,
                enum pole_extra extra, struct pole_set **out);
/* Makes room for shifts of mu.  POLE_OK or POLE_MEMORY. */
int pole_set_extend(struct pole_set *s);
/* The largest error of refitted weights that is let pass. */
double pole_set_slack(const struct pole_set *s);
/* The shifts mu + i T s_k of the first n poles, extra ones included. */
void pole_set_shifts(const struct pole_set *s, double mu, double temp, int n,
                     double *re, double *im);

struct density_weights {
    double re[POLES_MAX + 8], im[POLES_MAX + 8], linear, constant;
    int n;
};

/* At the shift d; *error: of the refitted weights, 0 for d = 0. */
struct density_weights pole_set_weights(const struct pole_set *s, double d,
                                        double *error);
/* The derivative by d, of error *error. */
struct density_weights pole_set_slope(const struct pole_set *s, double d,
                                      double *error);
/* sum_k [re_k Re + im_k Im] G(k), of entry i of an array [batch][stride] in
   which the poles begin at place `first`. */
double pole_set_sum(const struct density_weights *w, const struct lanes *g,
                    int64_t stride, int first, int64_t i);
/* The densities of all sites; mu is that of the Green's functions. */
void pole_set_sites(const struct pole_density *p,
                    const struct density_weights *w,
                    const struct lanes *diagonal, int first, double temp,
                    double mu, double *n);

static inline double lane_part(const struct lanes *g, int l, bool imaginary)
{
    return imaginary ? g->im[l] : g->re[l];
}

#endif

/* Tiles that are not solved again while nothing in them or their buffers moved
   by more than `skip`.

   Green's functions of a tile stay those of an earlier configuration and an
   earlier mu.  Its densities at the present mu come from them with refitted
   weights, to tol, as long as that mu is within the reach of the weights;
   so what skipping adds to the error comes from the displacements alone: f has
   a derivative whose Fourier transform has one sign, hence for symmetric A, B
   |f(A) - f(B)| <= |A - B|/4 as norms, and the density matrix is off by at most
   dH/(4T), dH the largest row sum of what changed in H; twice that at fixed
   number, since mu follows by at most dH.

   Passes are made at multiples of half a reach, so that there are few different
   mu.  The poles stay while they serve. */

#ifndef ADELE_POLE_SKIP_H
#define ADELE_POLE_SKIP_H

#include "elec/pole_density.h"

/* A pass: solves what must be solved for the chemical potential `wanted`; *at
   is where.  lo, hi: bounds of the spectrum. */
int pole_skip_pass(struct pole_density *p, const struct pole_request *ask,
                   double lo, double hi, double wanted, double *at);
/* The weights of all parts for the present mu, then values of single entries;
   rho of an edge. */
int pole_skip_weigh(struct pole_density *p, double temp, double mu);
double pole_skip_site(const struct pole_density *p, double temp, int64_t site);
double pole_skip_edge(const struct pole_density *p, double temp, int64_t edge);
void pole_skip_free(struct pole_density *p);

#endif

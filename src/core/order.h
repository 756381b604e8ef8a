/* The staggered order parameter of a per-site quantity x,

       phi_i = (x_i - (1/z_i) sum_nn x_j) exp(i Q.r_i),

   z_i the number of neighbours that site i has (fewer at open boundaries);
   phi_i = 0 where there are none.  Without a wave vector of the user's the
   exponential is the lattice's own sign, sign_b (-1)^(2 wave.cell): real, and
   exactly +1 or -1. */

#ifndef ADELE_ORDER_H
#define ADELE_ORDER_H

#include "core/field.h"

struct order {
    const struct lattice *lat;
    struct field *value, *sum; /* x and its neighbour sums */
    int *count;                /* [nlocal] z_i */
    double *re, *im;           /* [nlocal] exp(iQ.r); im NULL when it is real */
    double *deviation;         /* [nlocal] x_i - mean of the neighbours */
    uint64_t clock;
};

/* q: Cartesian wave vector, NULL for the lattice's own.  0 or -1 (memory). */
int order_init(struct order *o, const struct lattice *lat, const double q[3]);
void order_fini(struct order *o); /* also of a zeroed struct */

/* x [nlocal] to phi [nlocal], real part; imag too when not NULL (zeros when
   the order parameter is real). */
void order_parameter(struct order *o, const double *x, double *phi,
                     double *imag);

/* out_i = x_i times the real part of exp(iQ.r_i): without subtraction. */
void order_stagger(const struct order *o, const double *x, double *out);

/* exp(iQ.r) of the lattice's own order at the local site: +1 or -1. */
double order_sign(const struct lattice *lat, const int cell[3], int b);

/* Cartesian wave vector of the lattice's own order. */
void order_wave(const struct lattice *lat, double q[3]);

#endif

/* The Fermi function at a shifted chemical potential from the same poles.

       f(x - d) - f(x) = sum_k [alpha_k Re + beta_k Im] 1/(x - i s_k)
                         + linear x + constant + e(x),  |x| <= bound.

   Real and imaginary parts of the Green's functions at the poles of f, with a
   few poles more where the thermal step lives (s near pi), span the shifted
   function well enough for small d; the error grows as |d|.  So one set of
   factorisations answers for every mu near the one they were made at. */

#ifndef ADELE_POLE_SHIFT_H
#define ADELE_POLE_SHIFT_H

#include "la/poles.h"

enum { SHIFT_ROWS = 601 };

/* The even or the odd functions on x >= 0, n + 1 columns. */
struct shift_half {
    int rank;
    double *basis, *solve; /* projection; weights from projection */
    double *matrix;        /* [columns][rows] unweighted, scaled columns */
    double *scale;         /* [columns] */
};

struct pole_shift {
    int n;                   /* poles with the extra ones */
    double s[POLES_MAX + 8]; /* the fit's first, then the extra ones */
    double *x, *tail;        /* grid; exp(-x) */
    struct shift_half even, odd;
};

/* `extra` poles (0 .. 8) besides those of the fit.  0 or -1 (memory). */
int pole_shift_init(struct pole_shift *p, const struct poles *fit, int extra);
void pole_shift_fini(struct pole_shift *p);

struct shift_weights {
    double alpha[POLES_MAX + 8], beta[POLES_MAX + 8], linear, constant;
};

/* The weights for the shift d; returns the largest |e(x)| on the grid. */
double pole_shift_weights(const struct pole_shift *p, double d,
                          struct shift_weights *w);

/* The same for the derivative of f(x - d) by d, f (1 - f). */
double pole_shift_slope(const struct pole_shift *p, double d,
                        struct shift_weights *w);

#endif

/* Fermi statistics of a given spectrum: occupations, chemical potential,
   free energies.  k_B = 1, T >= 0; at T = 0 a level at mu holds the fraction
   that the particle number asks for. */

#ifndef ADELE_FERMI_H
#define ADELE_FERMI_H

#include <stdint.h>

/* 1/(exp(x) + 1) without overflow, and ln(1 + exp(-x)). */
double fermi_function(double x);
double fermi_log(double x);

enum fermi_mode { FERMI_FIXED_MU, FERMI_FIXED_NUMBER, FERMI_MIDGAP };

struct fermi {
    double mu;
    double number;  /* <N> */
    double band;    /* sum e f */
    double omega;   /* -T sum ln(1 + exp(-(e-mu)/T)) */
    double entropy; /* (band - mu N - omega)/T, summed without cancellation */
    double flat_lo, flat_hi; /* flat interval around mu at fixed number: where
                                N(mu) is constant to 1e-12 N; equal if none */
    int open_shell; /* T = 0: the level at mu is partly filled */
};

/* Occupations f[n] of the ascending levels e[n], and the sums.
   mode FIXED_MU: `target` is mu.  FIXED_NUMBER: `target` is N in [0, n]; the
   solution is bracketed and holds |<N> - N| <= 1e-12 max(N, 1); in a flat gap mu
   is the middle.  MIDGAP: half-way between levels n/2 and n/2 + 1 (n even).
   Returns 0, or -1 when target is out of range (or n odd for MIDGAP). */
int fermi_solve(const double *e, int64_t n, double temp, enum fermi_mode mode,
                double target, double *f, struct fermi *out);

#endif

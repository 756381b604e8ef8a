/* Rational approximation of the Fermi function by poles on the imaginary axis.

       f(x) = 1/(exp(x) + 1) = 1/2 - x [c + sum_k a_k/(x^2 + s_k^2)] + e(x),
       |e(x)| <= error for |x| <= bound,  x = (E - mu)/T.

   tanh(x/2)/(2x) is a Stieltjes function of y = x^2, so its rational
   interpolants of type (n, n) on y > 0 have simple poles on the negative axis
   with positive residues: all s_k real, all a_k > 0.  2n+1 points near the
   zeros of the best error make one within a factor 2 of the best, and Remez'
   exchange does the rest. */

#ifndef ADELE_POLES_H
#define ADELE_POLES_H

enum { POLES_MAX = 40 };

struct poles {
    int n;
    double bound;  /* X */
    double error;  /* largest |e(x)| found on a dense grid of [0, X] */
    double linear; /* c > 0 */
    double s[POLES_MAX], a[POLES_MAX]; /* s ascending */
};

/* The fewest poles with error <= tol on |x| <= bound.  Returns 0; -1 when tol
   is below what is reached for this bound (out->error then holds the best);
   -2 for arguments out of range (bound <= 0 or above 1e7, tol <= 0) or
   memory. */
int poles_fit(double bound, double tol, struct poles *out);

/* The same without the linear term, c = 0: f is still followed to tol on the
   range, and beyond it the approximation tends to 1/2, so that integrals over
   a spectrum with tails exist. */
int poles_fit_decaying(double bound, double tol, struct poles *out);

/* The approximation at x, and the largest error on a grid of `points` points
   an octave of 1 + x. */
double poles_value(const struct poles *p, double x);
double poles_error(const struct poles *p, int points);

#endif

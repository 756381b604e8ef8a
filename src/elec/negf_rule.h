/* Quadrature rules that know resonances.

   Between neighbouring energies the integrands of a window are rational
   functions of E with the poles of G and their conjugates: lines as narrow as
   the weakest broadening, and as many as there are states.  Polynomials take
   some twenty nodes a line to follow them.  A rule that is exact for
   1/(E - z), 1/(E - z*) of the poles z nearby and for polynomials of low
   degree takes three or four.

   The nodes x are those of Gauss on [-1, 1].  G itself has poles only below
   the axis.  Of some sums g_s of its entries a common denominator q(x) of
   degree m is found by least squares: q g_s is to be a polynomial of degree
   m + 5 (the smallest singular vector in discrete Legendre polynomials).  Its
   roots are the poles; broadening bounds their imaginary parts from above, so
   that none can come too near.

   The rule integrates the fit, by least squares in the nodes, of m poles and
   polynomials, and has `nnull` null rules: weights orthogonal to the fitted
   functions, whose sums are the parts of an integrand that were not fitted. */

#ifndef ADELE_NEGF_RULE_H
#define ADELE_NEGF_RULE_H

#include <complex.h>

enum {
    RULE_NODES = 32,
    RULE_FITTED = 28, /* functions */
    RULE_NULL = RULE_NODES - RULE_FITTED,
    RULE_POLES = 11, /* at most */
    RULE_SAMPLES = 6 /* functions g_s */
};

struct rule_nodes {
    double x[RULE_NODES], weight[RULE_NODES];
    double legendre[RULE_NODES][RULE_NODES]; /* [x][k] w^(1/2) p_k(x) */
};

struct rule {
    double weight[RULE_NODES];
    double null[RULE_NODES][RULE_NODES]; /* [nnull][x] */
    int nnull;
    double amplification; /* of errors of the integrand, at least 2^(1/2) */
};

void rule_nodes_init(struct rule_nodes *n);

/* The rule without poles, that of Gauss. */
void rule_polynomial(const struct rule_nodes *n, struct rule *r);

/* With m poles, from g [RULE_SAMPLES][RULE_NODES]; no pole lies nearer to the
   axis than `least`.  0, or -1 where there is none. */
int rule_rational(const struct rule_nodes *n,
                  double complex g[RULE_SAMPLES][RULE_NODES], int m,
                  double least, struct rule *r);

#endif

/* Electrons between reservoirs: nonequilibrium Green's functions of one
   configuration [Fan2026].

   Leads a couple their sites with Gamma_a to wide bands at mu_a, T_a:

       G(E) = (E - H + i sum Gamma)^-1,   A = -2 Im G = sum_a F_a,
       F_a = G 2 Gamma_a G+,   n = sum_a Int dE/2pi F_a f_a.

   With the leads of one mu and T as the reference R,

       n = Int dE/2pi A f_R + sum_a Int dE/2pi F_a (f_a - f_R):

   the first part from poles on the imaginary axis, tails included; the others
   by adaptive quadrature of windows (elec/negf_window.c), or all in closed form
   from the eigenvalues of H - i sum Gamma (elec/negf_closed.c).  Currents
   follow from the same windows.  doc/theory/negf.md derives all of it. */

#ifndef ADELE_NEGF_H
#define ADELE_NEGF_H

#include <stdbool.h>
#include <stdint.h>

#include "elec/terms.h"
#include "la/block.h"
#include "la/poles.h"

struct negf_lead {
    int64_t nsite;
    int64_t *site; /* [nsite] ascending */
    double gamma, mu, temp;
};

enum negf_method { NEGF_AUTO, NEGF_CLOSED, NEGF_RECURSION };

/* Systems up to this size are solved in closed form by NEGF_AUTO. */
enum { NEGF_SMALL = 64 };

struct negf_request {
    const struct negf_lead *lead;
    int nlead;
    double tol; /* of a density */
    enum negf_method method;
    bool midpoint; /* a fixed grid instead of poles and windows */
    double lo, hi;
    int64_t points;
    bool want_bonds;   /* rho and flow */
    bool bonds_decide; /* their error counts, too */
    bool want_split;
    int nthread;
};

enum {
    NEGF_OK,
    NEGF_MEMORY,
    NEGF_TOLERANCE, /* out of reach of poles */
    NEGF_SINGULAR,
    NEGF_DEFECTIVE /* H - i Gamma has no good basis of eigenvectors */
};

/* The window of a lead: Int dE/2pi (f_a - f_R) of F_ii by site, of A_ii by site
   of the lead, of F_ij by bond; `all` holds them one after another. */
struct negf_window {
    int64_t size;
    double *all;   /* [size] */
    double *error; /* [size], estimated */
    double beyond; /* |f_a - f_R| at both ends: an F_ii has no more outside */
    double *f, *a, *re, *im; /* in `all`; re and im NULL without bonds */
    double *start, *next;    /* [nstart], [nnext] ends of intervals: of this
                                configuration, of the one after it */
    int nstart, nnext;
};

struct negf {
    int nlead;
    int64_t nsite, nbond;
    struct block_chain **chain; /* [nlead], NULL until needed */
    int64_t (*edge)[2];         /* [nbond] */
    int64_t *same;              /* [nbond] the first bond of the same sites */
    double *joined;             /* [nbond] sum of their hoppings */
    uint64_t bond_tag;
    double *broadening;         /* [nsite] sum of Gamma */
    bool *reference;            /* [nlead] */
    struct negf_window *window; /* [nlead] */
    struct poles poles[4];      /* kept by rung */
    int rung[4], next_pole;
    double fit_tol;
    uint64_t solved; /* terms.tag of the last call, for `start` */

    /* The solution. */
    double *n, *rho, *flow; /* [nsite], [nbond] <c+_i c_j>, current i -> j */
    double *n0, *rho0;      /* of the reference alone */
    double *injection;      /* [nlead][nsite] from each lead into a site */
    double *current, *current_error; /* [nlead][nlead] from a to b */
    double error;                    /* of a density, estimated */
    double split;     /* difference of two splittings on the leads */
    double condition; /* of the eigenvectors (closed form), else 0 */
    bool converged, bonds;
    bool closed;
    int64_t energies, again; /* Green's functions, made twice */
    int npole;
};

/* 0 or NEGF_.. ; the solution holds for these terms afterwards. */
int negf_solve(struct negf *s, struct terms *t, const struct negf_request *q);
void negf_fini(struct negf *s);

/* Terminal current out of a lead: the sum over its sites of the injection. */
double negf_terminal(const struct negf *s, int lead);

/* The parts of negf_solve.  Each returns 0 or NEGF_.. */
int negf_closed(struct negf *s, const struct terms *t,
                const struct negf_request *q);
int negf_equilibrium(struct negf *s, struct terms *t,
                     const struct negf_request *q, double mu, double temp,
                     double *n, double *rho);
int negf_window_solve(struct negf *s, const struct terms *t,
                      const struct negf_request *q, int lead);
int negf_midpoint(struct negf *s, const struct terms *t,
                  const struct negf_request *q);
struct block_chain *negf_chain(struct negf *s, const struct negf_request *q,
                               int lead);
/* The lead whose layers serve for the whole Green's function. */
int negf_main_lead(const struct negf *s, const struct negf_request *q);
/* mu and T of the reference. */
const struct negf_lead *negf_reference(const struct negf *s,
                                       const struct negf_request *q);

/* F_ii, A_aa, F_ij of four energies, in the order of a window. */
void negf_values(const struct block_chain *c, const struct negf *s,
                 const struct negf_lead *lead, const struct lanes *column,
                 bool bonds, lane_vector *value);

/* Spectral functions of leads at energies e [ne], without a solution:
   T_ab [ne], and -Im G_ii/pi [ne][nsite]. */
int negf_transmission(const struct terms *t, const struct negf_lead *lead,
                      int nlead, int a, int b, const double *e, int64_t ne,
                      int nthread, double *out);
int negf_ldos(const struct terms *t, const struct negf_lead *lead, int nlead,
              const double *e, int64_t ne, int nthread, double *out);

#endif

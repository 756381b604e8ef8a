/* Density matrix and free energy from poles and selected inversion.

       n_ij = delta_ij/2 - c x_ij - sum_k a_k Re G_ij(k),  x = (H - mu)/T,
       G(k) = (x - i s_k)^-1,
       Omega/T = tr x/2 - c tr x^2/2 - sum_k a_k Re ln det(x - i s_k) + N C,

   C such that one level at x = 0 gives -ln 2.  At fixed number, mu is found
   from the traces of the same G with the weights of la/pole_shift.h; when the
   shift is so large that these weights miss the tolerance, a further pass is
   made at the new mu.  mu is predicted from the last configurations.

   With tiles (elec/tile_density.h) the Green's functions are those of small
   parts of the lattice, and there is no Omega. */

#ifndef ADELE_POLE_DENSITY_H
#define ADELE_POLE_DENSITY_H

#include <stdbool.h>

#include "elec/terms.h"
#include "elec/tile_density.h"
#include "la/pole_shift.h"
#include "la/selinv.h"

struct lattice;
struct tile_memory;
struct density_weights;

enum { POLE_HISTORY = 6, POLE_SETS = 16 };

/* Poles besides those of the fit, for shifts of mu: at tol 1e-8 the first serve
   up to about 0.005 T, the second up to 0.1 T. */
enum pole_extra { POLE_FEW, POLE_SOME, POLE_MANY };

/* Poles for one rung of the ladder of bounds, 2^(rung/4). */
struct pole_set {
    int rung; /* INT_MIN: empty */
    double tol;
    enum pole_extra extra;
    struct poles fit;
    struct pole_shift shift; /* .n = 0 before it is first needed */
};

struct pole_density {
    double tol, worst; /* of the last request */
    struct pole_set set[POLE_SETS];
    int next_set;
    struct pole_set *used; /* by the last solution */

    int tile, buffer;      /* cells of a core, around it; tile 0: global */
    struct selinv *selinv; /* one of these two */
    struct tile_set *tiles;
    struct tile_set *probe[2]; /* some tiles with larger buffers */

    struct tile_memory
        *memory; /* of elec/pole_skip.h, while tiles are skipped */
    struct density_weights *weights; /* of its parts */
    double *kept;                    /* its state in a restart file [nkept] */
    int64_t nkept;
    int rung;     /* that its Green's functions were made with */
    double reach; /* of the weights, units of T */
    int64_t tiles_solved;
    struct selinv_result green;
    int64_t nsite, nedge;
    int64_t (*edge)[2];
    int64_t *edge_of_bond; /* [nbond]; -1: i = j */
    double *hopping;       /* [nedge] */
    double *onsite;        /* [nsite] */
    uint64_t bond_tag;

    double shift;            /* of mu in the last solution, units of T */
    double reference;        /* mu of the factorisations of the last solution */
    enum pole_extra extra;   /* of its set of poles */
    int strict, next_strict; /* tol 10^-strict, of this and the next solution */
    double amplification;    /* of the error of the number, 1 + share nsite */
    double bound;            /* of the error of an entry, without buffers */
    bool again; /* the last configuration once more: at its reference */
    double
        history[POLE_HISTORY]; /* mu of the last configurations, newest first */
    int nhistory;
    int64_t passes, solutions;
    int64_t refits;     /* solutions with other poles than the one before */
    double jump;        /* what these may have moved Omega by, a site */
    double last_fit[2]; /* error and bound of the last solution's poles */
    int64_t further;    /* passes for densities at other mu */
    double shift_error; /* of the refitted weights last used */
};

struct pole_request {
    double tol;   /* largest error of an entry of the density matrix */
    double worst; /* .. where double precision reaches no further */
    double temp;
    bool fixed_number;
    double target; /* number or mu */
    bool want_bonds, want_energy;
    double skip; /* tiles: displacements that do not matter; 0: none */
    const double *displacement; /* [ncomp][nsite], with skip */
    int ncomp;
    int nthread;
};

struct pole_solution {
    double mu, number, omega, band; /* omega without the model's constant */
};

enum pole_status {
    POLE_OK = 0,
    POLE_MEMORY = -1,
    POLE_TOLERANCE = -2, /* no set of poles reaches tol for this bound */
    POLE_PIVOT = -3,
    POLE_NUMBER = -4, /* no chemical potential found */
    POLE_REACH = -5   /* hoppings are longer than the buffer */
};

/* n [nsite]; rho [nbond] when asked for. */
int pole_density_solve(struct pole_density *p, struct terms *t,
                       const struct lattice *lat,
                       const struct pole_request *ask, double *n, double *rho,
                       struct pole_solution *out);
/* The densities n [nmu][nsite] at other chemical potentials of the last
   solution's configuration: from its Green's functions where they serve to
   tol, else by further passes, counted in `further`.  error [nmu]: the bound of
   each, without that of the buffers of tiles. */
int pole_density_at(struct pole_density *p, struct terms *t, double temp,
                    const double *mu, int nmu, int nthread, double *n,
                    double *error);

/* What the buffer leaves out, of the last solution: the largest difference of
   an entry of the density matrix on some tiles when they are solved again with
   the buffers + PROBE_STEP and + 2 PROBE_STEP, continued as a geometric
   series; or, when the second difference is so large that the inverse square
   of the buffer describes it, as a power. */
enum { PROBE_STEP = 4, PROBE_TILES = 4 };
struct locality {
    double error;
    double ratio;   /* of the differences */
    bool converged; /* false: algebraic decay */
};
int pole_density_locality(struct pole_density *p, const struct terms *t,
                          const struct lattice *lat,
                          const struct pole_request *ask, struct locality *out);
/* With skip: all tiles are solved anew next time. */
void pole_density_forget(struct pole_density *p);
/* Other buffers from the next solution on. */
void pole_density_rebuffer(struct pole_density *p, int buffer);
void pole_density_fini(struct pole_density *p);

#endif

/* Densities by the cavity method: the lattice seen as a tree outside of a small
   cluster around each site, and exactly inside.

   For a Hamiltonian with on-site energies e_i and one hopping -t between
   nearest neighbours, the Green's function of a site with the neighbour j
   taken away obeys on a tree [AbouChacra1973]

       G_i\j(z) = 1/(z - e_i - t^2 sum over l != j of G_l\i(z)),

   started from 1/(z - e) and iterated.  These embed the cluster C of all sites
   within a radius of i:

       M_ab = (z - e_a - t^2 sum over l outside C of G_l\a) delta_ab + t_ab,
       G_i = (M^-1)_ii,

   by elimination from the outside to the centre, in an order found once.  All walks
   inside the cluster, around every loop of it, are in G_i; radius 0 is the
   tree.  Densities are sums over the poles of the Fermi function (la/poles.h).
   The cost is linear in the sites.  The error is small where on-site energies of
   neighbours differ by more than t; the result is odd under e -> -e on
   bipartite lattices.

   Walks around loops matter only at the poles near the axis: far from it they
   fall as (t/s_k T)^length.  So each pole has the smallest cluster, and the fewest
   iterations, that differ there from the largest by no more than `cut` in a
   density of the uniform lattice, at the worst of its energies. */

#ifndef ADELE_CAVITY_H
#define ADELE_CAVITY_H

#include "core/field.h"
#include "la/poles.h"

enum {
    CAVITY_TAPS = 8,       /* nearest neighbours of a site, at most */
    CAVITY_ITERATIONS = 8, /* at most */
    CAVITY_SITES = 64,     /* of a cluster, at most */
    CAVITY_SLOTS = 600,    /* entries of the matrix that are not zero, ever */
    CAVITY_LEVELS = 8      /* cluster sizes to choose from, the tree included */
};

/* Slots of constants; the diagonal entries follow, then all others. */
enum { CAVITY_ZERO, CAVITY_HOP, CAVITY_DIAGONAL };

/* Takes one site out of the cluster's matrix:
   target = source - slot[i] slot[j]/pivot, for j <= i. */
struct cavity_step {
    int pivot;   /* slot of its diagonal entry */
    int n;       /* sites coupled to it then */
    bool plain;  /* all by the hopping: one number for all targets */
    int *slot;   /* [n] slots of the couplings */
    int *source; /* [n (n+1)/2] */
    int *target; /* [n (n+1)/2] */
};

struct cavity_cluster {
    int nsite; /* the site itself comes first */
    int to[CAVITY_SITES], cell[CAVITY_SITES][3];
    unsigned inside[CAVITY_SITES]; /* bit t: the neighbour behind tap t is in */
    struct cavity_step *step;      /* [nsite - 1] */
    double work;                   /* flops, about */
};

struct cavity {
    int iterations;
    double hopping;
    int nbasis, halo[3];
    int ntap[LATTICE_BASIS_MAX];
    struct {
        int cell[3], to, opposite;
    } tap[LATTICE_BASIS_MAX][CAVITY_TAPS];
    int nlevel; /* clusters by size; 0: the tree, the last: all of the radius */
    double radius[CAVITY_LEVELS];
    struct cavity_cluster cluster[CAVITY_LEVELS][LATTICE_BASIS_MAX];
};

/* Columns of the densities, all minus 1/2: without hopping; trees of 1 ..
   iterations + 1 shells; the cluster; last, the derivative of the tree density
   by the site's own energy, times -1. */
static inline int cavity_columns(const struct cavity *c)
{
    return c->iterations + 4;
}

/* For the infinite lattice of that shape, without the axes of length 1, with
   clusters of the sites at most `radius` away.  0; -1 memory; -2 more
   than CAVITY_TAPS neighbours; -3 clusters of more than CAVITY_SITES. */
int cavity_init(struct cavity *c, const struct lattice *lat, double hopping,
                int iterations, double radius);
void cavity_fini(struct cavity *c);

/* What a call needs besides the geometry; keeps its memory from call to call.
   `single`: computed in single precision, to 1e-6.  c must live as long; for
   lattices of the sizes of lat.  NULL: memory. */
struct cavity_work;
struct cavity_work *cavity_work_new(const struct cavity *c,
                                    const struct lattice *lat, bool single);
void cavity_work_free(struct cavity_work *w);

/* Poles by rung of the bound, 2^(rung/2), so that they last; start from {0}. */
enum { CAVITY_POLES = 4 };
struct cavity_poles {
    struct {
        int rung;
        struct poles fit;
    } set[CAVITY_POLES];
    int next;
};

/* Poles that hold up to `bound`, of those fitted before where there are; NULL:
   tol is out of reach. */
const struct poles *cavity_poles(struct cavity_poles *p, double bound,
                                 double tol);

/* On-site energies scale*q + shift; poles fitted for a bound that holds. */
struct cavity_electrons {
    double scale, shift, temp;
    const struct poles *poles;
    double cut; /* 0: the largest cluster at all poles */
};

/* out [nlocal] rows of `row` numbers, of which the first `columns` <=
   cavity_columns are set; q with a border of at least c->halo, filled.  Bits do not depend on
   nthread.  0 or -1 (memory). */
int cavity_densities(struct cavity_work *w, const struct field *q,
                     const struct cavity_electrons *e, int nthread, int columns,
                     double *out, int row);

/* A bound of |E|/T for these on-site energies. */
double cavity_bound(const struct cavity *c, const struct field *q,
                    double scale, double shift, double temp);

#endif

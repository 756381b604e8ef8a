/* Green's functions of a large lattice from overlapping tiles, O(N).

   The lattice is cut into cores of about `core` cells along each axis.  Each
   core is solved with an open buffer of `buffer` cells around it, cut at open
   boundaries of the lattice; of the result only the entries of the core are
   kept, those of an edge by its first site.  Where core and buffers reach
   around a periodic axis the whole axis is taken, which is exact along it.
   Entries of the density matrix fall off with the distance, exponentially
   where there is a gap or a temperature: so does the error with the buffer
   [Kohn1996].

   Tiles of one shape share the symbolic work.  Bits do not depend on the
   number of threads. */

#ifndef ADELE_TILE_DENSITY_H
#define ADELE_TILE_DENSITY_H

#include "elec/terms.h"
#include "la/selinv.h"

struct lattice;
struct tile_set;

/* The graph of the whole lattice: bonds between the same two sites are one
   edge, its first site the lower one. */
struct tile_lattice {
    const struct lattice *lat;
    const struct terms *terms;
    const int64_t (*edge)[2];
    const int64_t *edge_of_bond; /* -1: a site with itself */
    int64_t nedge;
};

/* The farthest cell that a bond reaches along any axis: buffers are at least
   so wide. */
int tile_lattice_reach(const struct tile_lattice *g);

/* All tiles of a lattice; NULL when memory is short. */
struct tile_set *tile_set_new(const struct tile_lattice *g, int core,
                              int buffer);
/* `count` cores of a set (fewer when there are not so many), evenly chosen,
   with another buffer. */
struct tile_set *tile_set_sample(const struct tile_set *s,
                                 const struct tile_lattice *g, int count,
                                 int buffer);
void tile_set_free(struct tile_set *s);

int64_t tile_set_count(const struct tile_set *s);
int tile_set_shapes(const struct tile_set *s);
/* Bytes held, the numerical workspace of nthread threads included. */
double tile_set_bytes(const struct tile_set *s, int nthread);

/* The sites and edges of the cores: entry i of the results belongs to site
   (edge) at[i].  NULL for a full set, whose results are in the order of the
   lattice. */
const int64_t *tile_set_sites(const struct tile_set *s, int64_t *n);
const int64_t *tile_set_edges(const struct tile_set *s, int64_t *n);

/* As selinv_solve.  Edges are left out unless want_edges. */
int tile_set_solve(struct tile_set *s, const double *onsite,
                   const double *hopping, int nshift, const double *re,
                   const double *im, bool want_edges, int nthread,
                   struct selinv_result *r);

/* Only some tiles of a full set, each at its own mu (shifts mu + i im[k]) with
   its own numbers, in the order of the tile's sites and edges.  The room in r
   must be there; entries of other tiles are left as they are. */
struct tile_job {
    int64_t tile;
    double mu;
    const double *onsite, *hopping;
};
int tile_set_solve_jobs(struct tile_set *s, const struct tile_job *job,
                        int64_t njob, int nshift, const double *im,
                        bool want_edges, int nthread, struct selinv_result *r);

#endif

/* Selected inversion of H - z on a lattice graph for several shifts z at once.

       G(z) = (H - z)^-1,  H real symmetric, Im z != 0:

   its diagonal, its entries on every edge, and ln det(H - z), by nested
   dissection with dense fronts [George1973, Lin2009].  The imaginary part of
   H - z is a multiple of the unit matrix, so that of every Schur complement is
   definite and bounded away from zero: no pivot can vanish, none is sought.
   Each front inverts its own block P = A11^-1, passes A22 - X A21' to its
   parent, X = A21 P, and on the way down

       G_BS = -G_BB X,   G_SS = P - X' G_BS.

   Shifts are worked on four at a time (la/lanes.h); fronts, batches and the
   products inside large fronts run as OpenMP tasks.  Bits depend neither on
   the number of threads nor on which shifts share a batch. */

#ifndef ADELE_SELINV_H
#define ADELE_SELINV_H

#include "la/dissection.h"
#include "la/lanes.h"

struct selinv;

/* The symbolic work; NULL when memory is short. */
struct selinv *selinv_new(const struct dissection_graph *g);
void selinv_free(struct selinv *s);

/* Multiply-adds of one shift, and bytes held while `nshift` shifts are solved
   by `nthread` threads. */
double selinv_work(const struct selinv *s);
double selinv_bytes(const struct selinv *s, int nshift, int nthread);

/* Results of nshift shifts in batches of LANES:
   diagonal [batch][site], edge [batch][edge], in the order of the graph. */
struct selinv_result {
    int nshift;
    int64_t nsite, nedge; /* of the arrays */
    struct lanes *diagonal, *edge;
    double *logdet_re, *logdet_im; /* [nshift], when asked for */
};

/* onsite [n], hopping [nedge]; shift k is re[k] + i im[k].  want_logdet fills
   logdet.  0; -1 memory; -2 a pivot was not finite. */
int selinv_solve(struct selinv *s, const double *onsite, const double *hopping,
                 int nshift, const double *re, const double *im,
                 bool want_logdet, int nthread, struct selinv_result *r);

/* One batch of shifts, 4 batch .. 4 batch + 3, without logarithms, with a
   workspace of selinv_room elements; results [site], [edge].  For many small
   systems side by side; in a final task it stays in the calling thread. */
size_t selinv_room(const struct selinv *s);
void selinv_batch(const struct selinv *s, const double *onsite,
                  const double *hopping, int nshift, const double *re,
                  const double *im, int batch, struct lanes *room,
                  struct lanes *diagonal, struct lanes *edge);

/* Room for the results of nshift shifts, kept when it fits.  0 or -1. */
int selinv_result_reserve(struct selinv_result *r, int64_t nsite, int64_t nedge,
                          int nshift, bool want_logdet);
void selinv_result_free(struct selinv_result *r);

#endif

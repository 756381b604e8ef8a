/* Networks on a lattice: layers of channels on every site.

   Layer l turns h_l [site][in] into h_(l+1) [site][out]:

       s(i, slot, c) = sum of h_l(j, c) over the sites j of that slot's taps
       z(i, o) = bias(o) + sum over slot, c of s(i, slot, c) W(slot, c, o)
       h_(l+1) = f(z) (+ the input of an earlier layer)

   A layer without a stencil has one slot, the site itself, and a network of
   such layers is a multilayer perceptron on per-site features.  Slots that sum
   over orbits of the point group, or weights tied by it, make a network
   equivariant.  Beyond an open boundary all channels are zero.

   struct net says what the network is (no numbers).  Parameters are one array
   [nparam] of the precision in use.  struct net_run is the workspace for one
   lattice size: forward and, beside each other, the derivatives

       backward:         grad += dL/dparameter, dx = dL/dx, given dy = dL/dy
       tangent:          ydot = (dy/dx) xdot
       tangent_backward: grad += d(sum of dydot * ydot)/dparameter

   the last for energy networks, whose loss contains dE/dx.  Threads cut rows
   and columns; bits do not depend on their number. */

#ifndef ADELE_NET_H
#define ADELE_NET_H

#include <stdbool.h>
#include <stdint.h>

#include "core/lattice.h"
#include "ml/activation.h"

struct net_tap {
    int slot, cell[3], to; /* cell offset and sublattice, as struct stencil_site */
};

struct net_stencil {
    int nslot;
    int n[LATTICE_BASIS_MAX]; /* taps of each sublattice */
    struct net_tap *tap[LATTICE_BASIS_MAX];
    int reach[3];
};

/* Weights as combinations of parameters: weight w (of [(nslot*in) (+ 1 with
   bias)][out], the bias row last) is the sum over e in first[w] .. first[w+1]-1
   of factor[e] * parameter[index[e]]. */
struct net_tie {
    int64_t *first; /* [weights + 1] */
    int32_t *index;
    double *factor;
    int64_t nparam;
};

enum net_kind {
    NET_DENSE,
    NET_DEPTHWISE /* W(slot, c, o) = 0 unless c = o; in = out; W is [nslot][in] */
};

struct net_layer {
    enum net_kind kind;
    int in, out;
    int stencil; /* index into net->stencil; -1: the site itself */
    bool bias;
    enum activation activation;
    int add; /* -1, or l': the input of layer l' <= this is added (same width) */
    struct net_tie *tie; /* NULL: every weight a parameter of its own */
    int64_t first, nparam; /* in the array of parameters: set by net_finish */
};

struct net {
    int nlayer, nstencil;
    struct net_layer *layer;
    struct net_stencil *stencil;
    int64_t nparam;
    int reach[3]; /* receptive field, cells: the sum over layers */
    bool smooth;  /* all activations have continuous derivatives */
};

/* Builders for styles: append, then finish.  0 or -1 (memory).  Taps and ties
   are taken over, also on failure (blocks of base/mem.h).  Taps of an axis of
   length one are left out later, when the lattice is known. */
int net_add_stencil(struct net *net, const struct net_stencil *s); /* index */
int net_add_layer(struct net *net, const struct net_layer *layer);
int net_finish(struct net *net); /* offsets, nparam, reach */
void net_fini(struct net *net);
void net_tie_free(struct net_tie *tie);
/* Slots and weights (bias row included) of a layer. */
int net_slots(const struct net *net, const struct net_layer *layer);
int64_t net_weights(const struct net *net, const struct net_layer *layer);
/* Multiply-adds a site in a forward pass. */
double net_work(const struct net *net);

/* Component of RNG_TRAINING that start values use. */
enum { NET_RNG_START = 1 };

/* Variance-preserving start: weights gaussian with variance gain/(inputs of the
   layer) by a counter-based generator, biases zero. */
void net_initialise(const struct net *net, uint64_t seed, double *param);

/* Workspace for `nimage` configurations of one lattice.  `keep`: what the
   derivatives need is kept (training, forces of energy networks); without it
   memory is that of the widest layers.  kernel: NULL for the best of this
   processor; nthread 0: as many as OpenMP gives.  net, and the shape and
   lengths of lat, must outlive the run.  NULL: memory, or no such kernel. */
struct net_run;
struct net_run *net_run_new(const struct net *net, const struct lattice *lat,
                            int nimage, enum precision precision, bool keep,
                            const char *kernel, int nthread);
void net_run_free(struct net_run *run);
size_t net_run_bytes(const struct net_run *run);
/* New parameter values [nparam] in the run's precision: packs the weights. */
void net_run_param(struct net_run *run, const void *param);

/* Fills rows begin .. end-1 of the input, x [end - begin][in of layer 0] in the
   run's precision; rows are image*nsite + site, site order.  Called from many
   threads at once. */
typedef void net_rows(void *data, int64_t begin, int64_t end, void *x);

/* The output rows [nimage*nsite][nout]; valid until the next call.  NULL input
   (with keep): once more with the input of the last call. */
const void *net_forward(struct net_run *run, net_rows *input, void *data);
/* After net_forward with keep.  grad [nparam] or NULL; dx [rows][in] or NULL.
   dy NULL: all ones. */
void net_backward(struct net_run *run, const void *dy, void *grad, void *dx);
/* After net_forward with keep: xdot [rows][in]; the tangent output
   [rows][nout].  NULL: memory (the first call allocates). */
const void *net_tangent(struct net_run *run, const void *xdot);
/* After net_tangent.  dydot NULL: all ones. */
void net_tangent_backward(struct net_run *run, const void *dydot, void *grad);

#endif

/* Networks (styles/network): from arguments to layers.  The arithmetic is
   ml/net.h; a style only says which layers there are. */

#ifndef ADELE_NETWORK_H
#define ADELE_NETWORK_H

#include "ml/net.h"
#include "plug/style.h"

struct network {
    struct instance head;
};

struct network_style {
    struct style style;
    /* Appends the layers that turn nin channels into nout and calls
       net_finish.  The transformation of input and output channels under the
       point group: 0 scalars, 1 vectors (nin, nout multiples of dim). */
    int (*build)(struct adele *ctx, struct network *n,
                 const struct lattice_shape *shape, int nin, int in_rank,
                 int nout, int out_rank, struct net *net);
};

#endif

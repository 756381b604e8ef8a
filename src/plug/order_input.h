/* The order parameter of the model, or of a quantity that the user names, as
   computes take it in.

   A quantity x has the one component
       phi_i = (x_i - (1/z_i) sum_nn x_j) exp(i Q.r_i)    (core/order.h).
   Without one the model says what orders: its densities, phi of n, or its
   displacements, one component for each of theirs,
       m_i = u_i exp(i Q.r_i).

   The states of an order of nc components: 1 .. nc where that component is the
   largest and positive, nc + 1 .. 2 nc where it is the largest and negative,
   0 where all vanish (of two components +x, +y, -x, -y). */

#ifndef ADELE_ORDER_INPUT_H
#define ADELE_ORDER_INPUT_H

#include "core/order.h"
#include "plug/args.h"
#include "plug/column.h"
#include "plug/model.h"

struct order_input {
    struct column column[MODEL_COMPONENT_MAX];
    int ncomp;
    bool displaced; /* by the displacements: no neighbours are subtracted */
    bool own;       /* the model's own */
    bool fresh;     /* changes without a new stamp: see plug/compute.h */
    struct order order;
    double *x; /* [nlocal] */
};

/* `of`: empty or the column of the user; q: the user's wave vector or NULL.
   `what` begins messages ("compute cdw").  fini also of a zeroed struct and
   after an error. */
int order_input_init(struct adele *ctx, struct order_input *in,
                     const char *what, const struct arg_list *of,
                     const double q[3]);
void order_input_fini(struct order_input *in);
unsigned order_input_need(struct adele *ctx, const struct order_input *in);
/* m [ncomp][nlocal]; imag [nlocal], of the one component, may be NULL. */
int order_input_get(struct adele *ctx, struct order_input *in, double *m,
                    double *imag);

/* The state of site i of m [ncomp][n]. */
int order_state(const double *m, int ncomp, int64_t n, int64_t i);

#endif

/* Stencils and tied weights that make a layer equivariant under the operations
   that leave a site where it is, and under those that exchange sublattices.

   Channels of a site form a fibre:

       scalars   invariant
       vectors   [vector][axis], turn by the Cartesian matrix R
       copies    [channel][g], one copy for each operation g, permuted:
                 T(s) takes copy g to copy s g

   A layer z(i) = sum over offsets of M(offset) h(i + offset) commutes with all
   operations when M(s offset) = D(s) M(offset) D(s)^T, D the fibres' matrices;
   so M of copy g follows from that of the identity, which is free.  Between
   scalars this leaves one weight an orbit of offsets, and sums over orbits as
   slots.

   Site i of sublattice b sees the stencil of sublattice 0 turned by an
   operation that takes 0 to b (its section); its scalars and copies are those
   in the turned frame, vectors stay Cartesian. */

#ifndef ADELE_EQUIVARIANT_H
#define ADELE_EQUIVARIANT_H

#include "ml/net.h"

enum fibre { FIBRE_SCALAR, FIBRE_VECTOR, FIBRE_COPIES };

struct equivariant {
    struct lattice *lat; /* of that shape, small */
    int order;
    struct lattice_op *op; /* [order] of site 0, identity first */
    int *quotient;         /* [order][order]: op[g]^-1 op[h] */
    struct lattice_op section[LATTICE_BASIS_MAX];
};

/* Sites around a site of sublattice 0, itself first, then by distance. */
struct equivariant_sites {
    int n;
    struct stencil_site *site;
    int *image; /* [order][n] where an operation takes a site */
    int *orbit; /* [n], counted from 0, the site itself 0 */
    int norbit;
};

/* `group` false: the identity alone.  `copies`: fibres of copies or vectors
   will be used.  0, or -1 with *why. */
int equivariant_init(struct equivariant *e, const struct lattice_shape *shape,
                     bool group, bool copies, const char **why);
void equivariant_fini(struct equivariant *e);

/* Sites within a Cartesian distance (0: the site alone).  0 or -1 (memory). */
int equivariant_sites(const struct equivariant *e, double radius,
                      struct equivariant_sites *s);
void equivariant_sites_fini(struct equivariant_sites *s);

/* A slot an orbit, or a slot a site; `split`: slots of their own for each
   sublattice, [sublattice][site], as vectors on several of them need. */
enum equivariant_slots { SLOTS_ORBIT, SLOTS_SITE, SLOTS_SPLIT };
int equivariant_stencil(const struct equivariant *e,
                        const struct equivariant_sites *s,
                        enum equivariant_slots slots, struct net_stencil *out);

/* The ties of a layer that reads the slots of sites (SLOTS_SITE, SLOTS_SPLIT);
   channels as in the layer.  One of the fibres must be copies.  NULL:
   memory. */
struct net_tie *equivariant_tie(const struct equivariant *e,
                                const struct equivariant_sites *s, bool split,
                                const struct net_layer *layer, enum fibre in,
                                enum fibre out);

#endif

/* Triangular lattice, a_1 = (1, 0), a_2 = (1/2, sqrt(3)/2); six neighbours at
   distance 1, point group C6v (order 12).

   No two-sublattice pattern exists on it, so the order parameter is undefined
   unless a wave vector is given.

       lattice triangular L1 L2                                              */

#include "plug/lattice_style.h"

#define SQRT3 1.7320508075688772935

static const struct arg args[] = {LATTICE_LENGTH(0, "L1", "sites along a_1"),
                                  LATTICE_LENGTH(1, "L2", "sites along a_2"),
                                  {0}};

const struct lattice_style lattice_triangular = {
    .style = {STYLE_HEAD(lattice, "triangular", struct lattice_size),
              .summary = "triangular lattice of L1 by L2 sites", .args = args},
    .shape = {.name = "triangular",
              .dim = 2,
              .nbasis = 1,
              .a = {{1, 0, 0}, {0.5, SQRT3 / 2, 0}, {0, 0, 1}},
              .ordered = false,
              .sign = {1}}};

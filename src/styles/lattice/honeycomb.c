/* Honeycomb lattice: two sites in each cell of a_1 = (1, 0),
   a_2 = (1/2, sqrt(3)/2), sublattice B at (a_1 + a_2)/3 from A.  The lattice
   constant is |a_1| = 1, the bond length 1/sqrt(3); three neighbours, all on
   the other sublattice; point group C6v about the hexagon centre (order 12).

   Order parameter: the sign of the sublattice, Q = 0.

       lattice honeycomb L1 L2                                               */

#include "plug/lattice_style.h"

#define SQRT3 1.7320508075688772935

static const struct arg args[] = {LATTICE_LENGTH(0, "L1", "cells along a_1"),
                                  LATTICE_LENGTH(1, "L2", "cells along a_2"),
                                  {0}};

const struct lattice_style lattice_honeycomb = {
    .style = {STYLE_HEAD(lattice, "honeycomb", struct lattice_size),
              .summary = "honeycomb lattice of L1 by L2 cells of two sites",
              .args = args},
    .shape = {.name = "honeycomb",
              .dim = 2,
              .nbasis = 2,
              .a = {{1, 0, 0}, {0.5, SQRT3 / 2, 0}, {0, 0, 1}},
              .basis = {{0, 0, 0}, {0.5, SQRT3 / 6, 0}},
              .ordered = true,
              .wave = {0, 0, 0},
              .sign = {1, -1}}};

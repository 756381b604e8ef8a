/* Square lattice, a_1 = (1, 0), a_2 = (0, 1); four neighbours, point group
   C4v (order 8).

   Order parameter: checkerboard, Q = (pi, pi) [Cheng2023].

       lattice square Lx Ly                                                  */

#include "plug/lattice_style.h"

static const struct arg args[] = {LATTICE_LENGTH(0, "Lx", "sites along x"),
                                  LATTICE_LENGTH(1, "Ly", "sites along y"),
                                  {0}};

const struct lattice_style lattice_square = {
    .style = {STYLE_HEAD(lattice, "square", struct lattice_size),
              .summary = "square lattice of Lx by Ly sites", .args = args},
    .shape = {.name = "square",
              .dim = 2,
              .nbasis = 1,
              .a = {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}},
              .ordered = true,
              .wave = {0.5, 0.5, 0},
              .sign = {1}}};

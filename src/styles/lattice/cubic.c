/* Simple cubic lattice; six neighbours, point group Oh (order 48).

   Order parameter: Q = (pi, pi, pi).

       lattice cubic Lx Ly Lz                                                */

#include "plug/lattice_style.h"

static const struct arg args[] = {LATTICE_LENGTH(0, "Lx", "sites along x"),
                                  LATTICE_LENGTH(1, "Ly", "sites along y"),
                                  LATTICE_LENGTH(2, "Lz", "sites along z"),
                                  {0}};

const struct lattice_style lattice_cubic = {
    .style = {STYLE_HEAD(lattice, "cubic", struct lattice_size),
              .summary = "simple cubic lattice of Lx by Ly by Lz sites",
              .args = args},
    .shape = {.name = "cubic",
              .dim = 3,
              .nbasis = 1,
              .a = {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}},
              .ordered = true,
              .wave = {0.5, 0.5, 0.5},
              .sign = {1}}};

/* Chain of sites one lattice constant apart along x; two neighbours, point
   group C2 (identity and inversion).

   Order parameter: period two, Q = pi.

       lattice chain L                                                       */

#include "plug/lattice_style.h"

static const struct arg args[] = {LATTICE_LENGTH(0, "L", "sites along x"), {0}};

const struct lattice_style lattice_chain = {
    .style = {STYLE_HEAD(lattice, "chain", struct lattice_size),
              .summary = "chain of L sites", .args = args},
    .shape = {.name = "chain",
              .dim = 1,
              .nbasis = 1,
              .a = {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}},
              .ordered = true,
              .wave = {0.5, 0, 0},
              .sign = {1}}};

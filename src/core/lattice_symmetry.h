/* The point group of a lattice, found from its shape. */

#ifndef ADELE_LATTICE_SYMMETRY_H
#define ADELE_LATTICE_SYMMETRY_H

#include "core/lattice.h"

/* Fills lat->op and lat->nop; 0 or -1 (memory). */
int lattice_symmetry(struct lattice *lat);

/* Whether an operation keeps the directions of these axes: see
   lattice_shape.polar. */
bool lattice_op_keeps(const struct lattice_op *op, const bool polar[3]);

#endif

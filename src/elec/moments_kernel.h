/* The kernels of the moments: sites of one row of cells, a register of them at
   a time.  See elec/moments.h. */

#ifndef ADELE_MOMENTS_KERNEL_H
#define ADELE_MOMENTS_KERNEL_H

#include "elec/moments.h"

/* n sites from cell (x, y) on, all in that row. */
struct moments_piece {
    int x, y, n;
};

struct moments_kernel {
    void (*rows)(const struct moments *m, const struct field *u,
                 struct moments_piece p, double *x);
    void (*tangent)(const struct moments *m, const struct field *u,
                    const struct field *du, struct moments_piece p, double *dx);
    /* out += the gradient, on cells and border. */
    void (*backward)(const struct moments *m, const struct field *u,
                     const double *dx, struct moments_piece p,
                     struct field *out);
};

extern const struct moments_kernel moments_kernel_single, moments_kernel_double;

/* Room for the largest windows, and for the hoppings around a register of
   sites; a chain with second neighbours reaches twice as far. */
enum {
    MOMENTS_WINDOWS = 1800,
    MOMENTS_TILE = (2 * MOMENTS_REACH + 3) * (2 * MOMENTS_REACH + 3 + 16) * 2
};

#endif

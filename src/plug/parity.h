/* Parity plot: predicted against exact values, as a picture and as points.

   All points are counted on a grid of the exact range; of them every k-th, at
   most PARITY_POINTS, is kept for the table. */

#ifndef ADELE_PARITY_H
#define ADELE_PARITY_H

#include "core/context.h"

enum { PARITY_POINTS = 20000, PARITY_GRID = 200 };

struct parity {
    double lo, hi; /* of both axes */
    int64_t stride, seen, npoint;
    double *point;  /* [npoint][2]: exact, predicted */
    int64_t *count; /* [PARITY_GRID][PARITY_GRID], row: predicted */
};

/* For `total` points with exact values from lo to hi.  parity_fini is due in
   every case. */
int parity_init(struct adele *ctx, struct parity *p, double lo, double hi,
                int64_t total);
void parity_fini(struct parity *p);
void parity_add(struct parity *p, const double *exact, const double *predicted,
                int64_t n);
/* The picture with the name of the quantity, and the points as CSV. */
int parity_png(struct adele *ctx, const struct parity *p, const char *quantity,
               const char *path);
int parity_csv(struct adele *ctx, const struct parity *p, const char *path);

#endif

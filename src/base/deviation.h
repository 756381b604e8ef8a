/* How far predictions are from exact values, over any number of arrays:

       rmse  = sqrt(<d^2>)          mae = <|d|>      max = max |d|
       sigma = sqrt(<d^2> - <d>^2)  d = predicted - exact
       R^2   = 1 - <d^2>/(<exact^2> - <exact>^2)

   Sums go by fixed chunks, array after array: bits do not depend on threads. */

#ifndef ADELE_DEVIATION_H
#define ADELE_DEVIATION_H

#include <stdint.h>

/* Start from {0}. */
struct deviation_sums {
    int64_t n;
    double shift; /* first exact value: keeps the variance accurate */
    double d, square, size, largest, exact, exact_square;
};

struct deviation {
    int64_t n;
    double rmse, mae, max, sigma, mean, r2; /* nan without values */
};

void deviation_add(struct deviation_sums *s, const double *predicted,
                   const double *exact, int64_t n);
/* a += b, for totals over bins. */
void deviation_merge(struct deviation_sums *a, const struct deviation_sums *b);
struct deviation deviation_of(const struct deviation_sums *s);

#endif

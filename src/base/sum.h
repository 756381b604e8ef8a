/* Sums whose bits do not depend on the number of threads.

   The index range is cut into chunks of a fixed length; each chunk is summed
   by one thread in order, and the partial sums are added in order. */

#ifndef ADELE_SUM_H
#define ADELE_SUM_H

#include <stdint.h>

enum { SUM_CHUNK = 4096 };

double sum_array(const double *a, int64_t n);
double sum_squares(const double *a, int64_t n);
double sum_product(const double *a, const double *b, int64_t n);

/* The general form: `part` returns the sum over [begin, end). */
double sum_chunks(int64_t n, double (*part)(const void *data, int64_t begin,
                                            int64_t end),
                  const void *data);

#endif

/* Sums in a fixed order: see sum.h.  Inside a chunk eight running sums, added
   pairwise at the end, hide the latency of the addition and keep the rounding
   error near sqrt(n/8) ulp. */

#include "base/sum.h"

#include <omp.h>
#include <stdbool.h>

enum { LANES = 8, ROUND = 256 };

static double fold(const double s[LANES])
{
    return ((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7]));
}

double sum_chunks(int64_t n,
                  double (*part)(const void *data, int64_t begin, int64_t end),
                  const void *data)
{
    double total = 0, partial[ROUND] = {0};
    int64_t nchunk = n / SUM_CHUNK + (n % SUM_CHUNK != 0);
    for (int64_t first = 0; first < nchunk; first += ROUND) {
        int count = nchunk - first < ROUND ? (int)(nchunk - first) : ROUND;
        bool threaded = count > 4 && !omp_in_parallel();
#pragma omp parallel for schedule(static) if (threaded)
        for (int c = 0; c < count; c++) {
            int64_t begin = (first + c) * SUM_CHUNK;
            int64_t end = n - begin < SUM_CHUNK ? n : begin + SUM_CHUNK;
            partial[c] = part(data, begin, end);
        }
        for (int c = 0; c < count; c++)
            total += partial[c];
    }
    return total;
}

struct pair_of_arrays {
    const double *a, *b;
};

static double part_array(const void *data, int64_t begin, int64_t end)
{
    const double *a = data;
    double s[LANES] = {0};
    int64_t i = begin;
    for (; i + LANES <= end; i += LANES)
#pragma omp simd
        for (int k = 0; k < LANES; k++)
            s[k] += a[i + k];
    for (int k = 0; i < end; i++, k++)
        s[k] += a[i];
    return fold(s);
}

static double part_product(const void *data, int64_t begin, int64_t end)
{
    const double *a = ((const struct pair_of_arrays *)data)->a;
    const double *b = ((const struct pair_of_arrays *)data)->b;
    double s[LANES] = {0};
    int64_t i = begin;
    for (; i + LANES <= end; i += LANES)
#pragma omp simd
        for (int k = 0; k < LANES; k++)
            s[k] += a[i + k] * b[i + k];
    for (int k = 0; i < end; i++, k++)
        s[k] += a[i] * b[i];
    return fold(s);
}

double sum_array(const double *a, int64_t n)
{
    return sum_chunks(n, part_array, a);
}

double sum_product(const double *a, const double *b, int64_t n)
{
    return sum_chunks(n, part_product, &(struct pair_of_arrays){a, b});
}

double sum_squares(const double *a, int64_t n)
{
    return sum_product(a, a, n);
}

/* Thread count of the BLAS library: see la/blas.h. */

#include "la/blas.h"

#include <cblas.h>
#include <omp.h>
#include <stdlib.h>

/* The user's limit, which the library itself drops at the first call below. */
static int most_threads(int n)
{
    const char *limit = getenv("OPENBLAS_NUM_THREADS");
    int most = limit ? atoi(limit) : 0;
    return most > 0 && n > most ? most : n;
}

int blas_threads(int n)
{
    int before = openblas_get_num_threads();
    openblas_set_num_threads(omp_in_parallel() || n < 1 ? 1 : most_threads(n));
    return before;
}

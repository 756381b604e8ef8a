/* Thread count of the BLAS library: see la/blas.h. */

#include "la/blas.h"

#include <cblas.h>
#include <omp.h>

int blas_threads(int n)
{
    int before = openblas_get_num_threads();
    openblas_set_num_threads(omp_in_parallel() || n < 1 ? 1 : n);
    return before;
}

/* Who supplies the dense linear algebra: OpenBLAS, and neither the reference
   LAPACK (dsyevd ten times slower) nor libgslcblas (matrix products twenty
   times slower), whatever the `alternatives` of the system say. */

#define _GNU_SOURCE
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <cblas.h>
#include <dlfcn.h>
#include <gsl/gsl_cdf.h>
#include <lapacke.h>
#include <string.h>

#include "close.h"

/* What the dynamic linker finds first is what every caller in this process
   gets, liblapacke included. */
static void assert_from_openblas(const char *symbol)
{
    void *address = dlsym(RTLD_DEFAULT, symbol);
    Dl_info info;
    assert_non_null(address);
    assert_true(dladdr(address, &info));
    if (!strstr(info.dli_fname, "openblas"))
        fail_msg("%s comes from %s", symbol, info.dli_fname);
}

static void dense_kernels_come_from_openblas(void **state)
{
    (void)state;
    assert_from_openblas("dsyevd_");
    assert_from_openblas("dsyevr_");
    assert_from_openblas("zgetrf_");
    assert_from_openblas("cblas_sgemm");
    assert_from_openblas("cblas_dgemm");
    assert_from_openblas("dgemm_");
}

/* [2 1; 1 2] has eigenvalues 1 and 3: the whole chain works. */
static void lapacke_solves(void **state)
{
    (void)state;
    double a[] = {2, 1, 1, 2}, w[2];
    assert_int_equal(LAPACKE_dsyevd(LAPACK_ROW_MAJOR, 'V', 'U', 2, a, 2, w), 0);
    assert_close(w[0], 1, 1e-14);
    assert_close(w[1], 3, 1e-14);
    double c[4], b[] = {1, 2, 3, 4};
    cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, 2, 2, 2, 1, b, 2, b,
                2, 0, c, 2);
    assert_close(c[0], 7, 0);
    assert_close(c[3], 22, 0);
    assert_close(gsl_cdf_ugaussian_P(0), 0.5, 1e-15);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dense_kernels_come_from_openblas),
        cmocka_unit_test(lapacke_solves),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

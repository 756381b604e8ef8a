/* Matrix products for processors with AVX2 and FMA: sixteen registers of 32
   bytes, twelve of them sums.  See ml/gemm_body.h. */

#include "ml/gemm_kernel.h"

#ifdef __x86_64__

#include <immintrin.h>

enum { TILE_1 = 12, TILE_2 = 6, TILE_3 = 4, GEMM_PIECE = 256, GEMM_BLOCK = 96 };
#define HOLD(x) __asm__("" : "+x"(x))
#define KERNEL_NAME "avx2"

#define NUMBER float
#define LANES 8
#define MULTIPLY_ADD(a, b, c) _mm256_fmadd_ps(a, b, c)
#define HALF_MULTIPLY_ADD(a, b, c) _mm_fmadd_ps(a, b, c)
#define PRESENT(v)                                                             \
    (unsigned)_mm256_movemask_ps(                                              \
        _mm256_cmp_ps(v, _mm256_setzero_ps(), _CMP_NEQ_UQ))
#define MAKE(x) x##_single
#define KERNEL gemm_avx2_single
#define KERNEL_PRECISION PRECISION_SINGLE
#include "ml/gemm_body.h"

#define NUMBER double
#define LANES 4
#define MULTIPLY_ADD(a, b, c) _mm256_fmadd_pd(a, b, c)
#define HALF_MULTIPLY_ADD(a, b, c) _mm_fmadd_pd(a, b, c)
#define PRESENT(v)                                                             \
    (unsigned)_mm256_movemask_pd(                                              \
        _mm256_cmp_pd(v, _mm256_setzero_pd(), _CMP_NEQ_UQ))
#define MAKE(x) x##_double
#define KERNEL gemm_avx2_double
#define KERNEL_PRECISION PRECISION_DOUBLE
#include "ml/gemm_body.h"

#endif

/* Matrix products for processors with AVX-512: thirty-two registers of 64
   bytes, up to twenty-four of them sums.  See ml/gemm_body.h. */

#include "ml/gemm_kernel.h"

#ifdef __x86_64__

#include <immintrin.h>

enum {
    TILE_1 = 12,
    TILE_2 = 12,
    TILE_3 = 8,
    GEMM_PIECE = 256,
    GEMM_BLOCK = 96
};
#define HOLD(x) __asm__("" : "+v"(x))
#define KERNEL_NAME "avx512"

#define NUMBER float
#define LANES 16
#define MULTIPLY_ADD(a, b, c) _mm512_fmadd_ps(a, b, c)
#define HALF_MULTIPLY_ADD(a, b, c) _mm256_fmadd_ps(a, b, c)
#define QUARTER_MULTIPLY_ADD(a, b, c) _mm_fmadd_ps(a, b, c)
#define PRESENT(v) _mm512_cmp_ps_mask(v, _mm512_setzero_ps(), _CMP_NEQ_UQ)
#define MAKE(x) x##_single
#define KERNEL gemm_avx512_single
#define KERNEL_PRECISION PRECISION_SINGLE
#include "ml/gemm_body.h"

#define NUMBER double
#define LANES 8
#define MULTIPLY_ADD(a, b, c) _mm512_fmadd_pd(a, b, c)
#define HALF_MULTIPLY_ADD(a, b, c) _mm256_fmadd_pd(a, b, c)
#define PRESENT(v) _mm512_cmp_pd_mask(v, _mm512_setzero_pd(), _CMP_NEQ_UQ)
#define MAKE(x) x##_double
#define KERNEL gemm_avx512_double
#define KERNEL_PRECISION PRECISION_DOUBLE
#include "ml/gemm_body.h"

#endif

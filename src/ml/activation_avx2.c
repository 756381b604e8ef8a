/* Activation functions for processors with AVX2 and FMA.  See
   ml/activation_body.h. */

#include "ml/activation_kernel.h"

#ifdef __x86_64__

#include <immintrin.h>
#include <stdint.h>

#define NUMBER float
#define WHOLE uint32_t
#define LANES 8
#define DIGITS 24
#define MULTIPLY_ADD(a, b, c) _mm256_fmadd_ps(a, b, c)
#define MAKE(x) x##_single
#define MAP activation_avx2_single
#include "ml/activation_body.h"

#define NUMBER double
#define WHOLE uint64_t
#define LANES 4
#define DIGITS 53
#define MULTIPLY_ADD(a, b, c) _mm256_fmadd_pd(a, b, c)
#define MAKE(x) x##_double
#define MAP activation_avx2_double
#include "ml/activation_body.h"

#endif

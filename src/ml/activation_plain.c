/* Activation functions in vectors of 16 bytes, which a compiler turns into
   whatever a processor has.  See ml/activation_body.h. */

#include <stdint.h>

#include "ml/activation_kernel.h"

#define NUMBER float
#define WHOLE uint32_t
#define LANES 4
#define DIGITS 24
#define MULTIPLY_ADD(a, b, c) ((a) * (b) + (c))
#define MAKE(x) x##_single
#define MAP activation_plain_single
#include "ml/activation_body.h"

#define NUMBER double
#define WHOLE uint64_t
#define LANES 2
#define DIGITS 53
#define MULTIPLY_ADD(a, b, c) ((a) * (b) + (c))
#define MAKE(x) x##_double
#define MAP activation_plain_double
#include "ml/activation_body.h"

/* Moments in double precision: see elec/moments_body.h. */

#include "elec/moments_kernel.h"

#define NUMBER double
#define KERNEL moments_kernel_double
#include "elec/moments_body.h"

/* Moments in single precision: see elec/moments_body.h. */

#include "elec/moments_kernel.h"

#define NUMBER float
#define KERNEL moments_kernel_single
#include "elec/moments_body.h"

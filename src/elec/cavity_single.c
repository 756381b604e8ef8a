/* The cavity method in single precision: see elec/cavity_body.h. */

#include "elec/cavity_parts.h"

#define NUMBER float
#define BEYOND 1e15F
#define KERNEL cavity_kernel_single
#include "elec/cavity_body.h"

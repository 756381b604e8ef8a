/* The cavity method in double precision: see elec/cavity_body.h. */

#include "elec/cavity_parts.h"

#define NUMBER double
#define BEYOND 1e30
#define KERNEL cavity_kernel_double
#include "elec/cavity_body.h"

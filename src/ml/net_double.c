/* Array kernels of the network engine in double precision: net_body.h. */

#define real double
#define KERNELS net_kernels_double
#include "ml/net_body.h"

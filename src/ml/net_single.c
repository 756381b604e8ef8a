/* Array kernels of the network engine in single precision: net_body.h. */

#define real float
#define KERNELS net_kernels_single
#include "ml/net_body.h"

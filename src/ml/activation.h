/* Activation functions of networks with their first two derivatives, over
   arrays: in vector code, the same bits for any cut of the array.

       relu  max(z, 0)              silu  z/(1 + exp(-z))
       tanh  tanh(z)                sigmoid 1/(1 + exp(-z))
       linear z                                                            */

#ifndef ADELE_ACTIVATION_H
#define ADELE_ACTIVATION_H

#include <stdbool.h>
#include <stddef.h>

#include "ml/gemm.h"

enum activation {
    ACTIVATION_LINEAR,
    ACTIVATION_RELU,
    ACTIVATION_SILU,
    ACTIVATION_TANH,
    ACTIVATION_SIGMOID,
    ACTIVATION_KINDS
};

extern const char *const activation_name[]; /* ended by NULL */
bool activation_smooth(enum activation kind); /* has a continuous derivative */

/* y = f(z); y may be z. */
void activation_value(enum activation kind, enum precision precision, size_t n,
                      const void *z, void *y);
/* d *= f'(z). */
void activation_slope(enum activation kind, enum precision precision, size_t n,
                      const void *z, void *d);
/* d = a b f''(z): how the slope along a direction changes with z. */
void activation_curvature(enum activation kind, enum precision precision,
                          size_t n, const void *z, const void *a,
                          const void *b, void *d);

#endif

/* Vector code of ml/activation.h for one kind of processor. */

#ifndef ADELE_ACTIVATION_KERNEL_H
#define ADELE_ACTIVATION_KERNEL_H

#include "ml/activation.h"

/* order 0: d = f(z);  1: d *= f'(z);  2: d = a b f''(z). */
typedef void activation_map(enum activation kind, int order, size_t n,
                            const void *z, const void *a, const void *b,
                            void *d);

activation_map activation_plain_single, activation_plain_double;
#ifdef __x86_64__
activation_map activation_avx2_single, activation_avx2_double;
activation_map activation_avx512_single, activation_avx512_double;
#endif

#endif

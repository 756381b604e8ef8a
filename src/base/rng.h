/* Counter-based random numbers (Philox4x32-10, [Salmon2011], Random123).

   A number is a pure function of its key: no generator state exists, so a
   trajectory depends neither on threads nor on the order of evaluation, and
   a restart needs only the tick.  One Philox block serves the two sites of a
   pair (index >> 1), so that no bits are thrown away.

   key    seed (32 bits, the user's), purpose and component
   counter  tick (64 bits), index >> 1 (64 bits) */

#ifndef ADELE_RNG_H
#define ADELE_RNG_H

#include <stdint.h>

enum rng_purpose { /* one number each for ever: they are part of a trajectory */
    RNG_DISPLACE = 1,
    RNG_VELOCITY = 2,
    RNG_LANGEVIN = 3,
    RNG_BROWNIAN = 4,
    RNG_VARIABLE = 5,
    RNG_DISORDER = 6,
    RNG_TRAINING = 7,
    RNG_PLUGIN = 64
};

struct rng_key {
    uint32_t seed;
    uint16_t purpose;
    uint16_t component;
    uint64_t tick;
};

/* 53-bit uniform in the open interval (0, 1), and standard normal (Box-Muller
   of the pair's block), of entry `index` of the stream. */
double rng_uniform(struct rng_key key, uint64_t index);
double rng_normal(struct rng_key key, uint64_t index);

/* out[k] = the same of indices first + k*stride, k < n; equal bit for bit to
   single calls.  stride 1 is the vectorised path. */
void rng_uniforms(struct rng_key key, uint64_t first, uint64_t stride,
                  double *out, int64_t n);
void rng_normals(struct rng_key key, uint64_t first, uint64_t stride,
                 double *out, int64_t n);

#endif

/* Counter-based random numbers: see rng.h. */

#include "base/rng.h"

#include <Random123/philox.h>
#include <math.h>
#include <string.h>

/* (k + 1/2) 2^-52 of the upper 52 bits: exact, never 0 or 1. */
static double unit(uint32_t lo, uint32_t hi)
{
    uint64_t bits = ((uint64_t)hi << 32 | lo) >> 12;
    return ((double)bits + 0.5) * 0x1p-52;
}

static void block(struct rng_key key, uint64_t pair, double u[2])
{
    philox4x32_ctr_t c = {{(uint32_t)key.tick, (uint32_t)(key.tick >> 32),
                           (uint32_t)pair, (uint32_t)(pair >> 32)}};
    philox4x32_key_t k = {
        {key.seed, (uint32_t)key.purpose << 16 | key.component}};
    philox4x32_ctr_t r = philox4x32(c, k);
    u[0] = unit(r.v[0], r.v[1]);
    u[1] = unit(r.v[2], r.v[3]);
}

double rng_uniform(struct rng_key key, uint64_t index)
{
    double u[2];
    block(key, index >> 1, u);
    return u[index & 1];
}

double rng_normal(struct rng_key key, uint64_t index)
{
    double u[2];
    block(key, index >> 1, u);
    double angle = 2 * M_PI * u[1];
    return sqrt(-2 * log(u[0])) * (index & 1 ? sin(angle) : cos(angle));
}

void rng_uniforms(struct rng_key key, uint64_t first, uint64_t stride,
                  double *out, int64_t n)
{
    for (int64_t k = 0; k < n; k++)
        out[k] = rng_uniform(key, first + (uint64_t)k * stride);
}

void rng_normals(struct rng_key key, uint64_t first, uint64_t stride,
                 double *out, int64_t n)
{
    for (int64_t k = 0; k < n; k++)
        out[k] = rng_normal(key, first + (uint64_t)k * stride);
}

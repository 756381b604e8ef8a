/* Counter-based random numbers: see rng.h.

   One arithmetic serves single numbers and whole rows: Philox4x32-10 rounds
   [Salmon2011] and polynomials in plain C, in loops over the pairs of a tile
   that the compiler turns into vector code.  Every operation is one that IEEE
   754 rounds the same way in any lane, and the build forbids contraction to
   fused operations, so a number does not depend on how it was asked for.

   Of a block (v0 v1 v2 v3) the words v1 v0 give the uniform of the even index
   of the pair, v3 v2 that of the odd one.  Normals by Box-Muller: with
   r = sqrt(-2 log u_even), even index r cos(2 pi u_odd), odd index
   r sin(2 pi u_odd).  Logarithm and sine are good to 2 ulp; the polynomials
   interpolate the functions at Chebyshev nodes, relative error below 1e-17
   of the result. */

#include "base/rng.h"

#include <math.h>
#include <string.h>

/* The four 32-bit words of a block stand each in a 64-bit lane: a product fills
   its lane, and no words have to change places. */
#ifdef __AVX2__
enum { LANES = 4 };
#else
enum { LANES = 2 };
#endif
typedef uint64_t lanes __attribute__((vector_size(8 * LANES)));
typedef int words __attribute__((vector_size(8 * LANES)));
enum { ROUNDS = 10, TILE = 64 }; /* a tile of pairs stays in cache */

struct block {
    _Alignas(8 * LANES) uint64_t even[TILE], odd[TILE]; /* 64 bits a number */
};

/* The products of the low words.  GCC does not see that the high words of a
   are of no matter, so it is told. */
static inline lanes multiply(lanes a, uint32_t b)
{
    lanes c = (lanes){0} + b;
#if defined(__AVX2__) && !defined(__clang__)
    return (lanes)__builtin_ia32_pmuludq256((words)a, (words)c);
#elif defined(__SSE2__) && !defined(__clang__)
    return (lanes)__builtin_ia32_pmuludq128((words)a, (words)c);
#else
    return (a & 0xFFFFFFFF) * c;
#endif
}

/* One round; high words of the lanes may hold rubbish. */
static inline void turn(lanes v[4], lanes k0, lanes k1)
{
    lanes p = multiply(v[0], 0xD2511F53), q = multiply(v[2], 0xCD9E8D57);
    v[0] = q >> 32 ^ v[1] ^ k0;
    v[1] = q;
    v[2] = p >> 32 ^ v[3] ^ k1;
    v[3] = p;
}

static inline void store(uint64_t *to, lanes low, lanes high)
{
    lanes word = high << 32 | (low & 0xFFFFFFFF);
    memcpy(to, &word, sizeof word);
}

/* Blocks of the pairs that indices first + k*step belong to, k < n, and of a
   few more.  Two vectors in turn hide the latency of the product. */
static void fill(struct block *restrict b, struct rng_key key, uint64_t first,
                 uint64_t step, int n)
{
    const lanes zero = {0};
    lanes k0[ROUNDS], k1[ROUNDS], pair = {0};
    for (uint32_t r = 0; r < ROUNDS; r++) {
        uint32_t purpose = (uint32_t)key.purpose << 16 | key.component;
        k0[r] = zero + (uint32_t)(key.seed + r * 0x9E3779B9);
        k1[r] = zero + (uint32_t)(purpose + r * 0xBB67AE85);
    }
    for (int k = 0; k < LANES; k++)
        pair[k] = first + (uint64_t)k * step;
    lanes next = pair + LANES * step;
    for (int i = 0; i < n; i += 2 * LANES) {
        lanes u[4] = {zero + key.tick, zero + (key.tick >> 32), pair >> 1,
                      pair >> 33};
        lanes v[4] = {u[0], u[1], next >> 1, next >> 33};
#pragma GCC unroll 10 /* a tenth less time than a loop */
        for (int r = 0; r < ROUNDS; r++) {
            turn(u, k0[r], k1[r]);
            turn(v, k0[r], k1[r]);
        }
        store(b->even + i, u[0], u[1]);
        store(b->odd + i, u[2], u[3]);
        store(b->even + i + LANES, v[0], v[1]);
        store(b->odd + i + LANES, v[2], v[3]);
        pair += 2 * LANES * step;
        next += 2 * LANES * step;
    }
}

static inline double from_bits(uint64_t bits)
{
    double x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static inline uint64_t to_bits(double x)
{
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

/* (k + 1/2) 2^-52, k the upper 52 bits: exact, never 0 or 1.  The bits are
   put behind the exponent of 1 <= x < 2. */
static inline double unit(uint64_t word)
{
    return from_bits(0x3FF0000000000000 | word >> 12) - (1 - 0x1p-53);
}

/* a b + c, fused where the processor does that as one operation. */
static inline double muladd(double a, double b, double c)
{
#ifdef __FMA__
    return __builtin_fma(a, b, c);
#else
    return a * b + c;
#endif
}

/* -2 log u of 2^-53 <= u < 1: u = 2^e m with sqrt(1/2) <= m < sqrt(2), and
   log m = 2 artanh s, s = (m - 1)/(m + 1).  The exponent becomes a double by
   the bits of 2^52 + e, which needs no integer conversion. */
static inline double radius_squared(double u)
{
    const uint64_t sqrt_half = 0x3FE6A09E667F3BCD, one = (uint64_t)1 << 52;
    uint64_t shifted = to_bits(u) - sqrt_half + 1024 * one;
    double e = from_bits(0x4330000000000000 | shifted >> 52) - (0x1p52 + 1024);
    double m = from_bits((shifted & (one - 1)) + sqrt_half);
    double s = (m - 1) / (m + 1), z = s * s;
    double p = -2 * 0.14616576421644387;
    p = muladd(p, z, -2 * 0.15331711346672997);
    p = muladd(p, z, -2 * 0.18182889433757515);
    p = muladd(p, z, -2 * 0.22222211130560726);
    p = muladd(p, z, -2 * 0.28571428626001427);
    p = muladd(p, z, -2 * 0.3999999999989945);
    p = muladd(p, z, -2 * 0.666666666666667);
    /* log 2 in two parts; e times the first is exact */
    double tail = muladd(s * z, p, e * (-2 * 5.497923018708371e-14));
    return muladd(e, -2 * 0x1.62e42fefa38p-1, muladd(-4, s, tail));
}

/* cos and sin of 2 pi u: u = (q + r)/4 with |r| <= 1/2, polynomials of the
   angle pi r/2, then exchange and signs by the quadrant q. */
static inline void circle(double u, double *c, double *s)
{
    const double round = 0x1.8p52;
    double x = 4 * u, shifted = x + round;
    uint64_t q = to_bits(shifted);
    double r = x - (shifted - round), z = r * r;
    double a = 5.633933781537854e-08;
    a = muladd(a, z, -3.59864335298231e-06);
    a = muladd(a, z, 0.0001604411507421909);
    a = muladd(a, z, -0.004681754132340976);
    a = muladd(a, z, 0.07969262624604301);
    a = muladd(a, z, -0.6459640975062443);
    a = a * z;
    a = muladd(r, 1.5707963267948966, r * a);
    double b = -6.329396344967424e-09;
    b = muladd(b, z, 4.710678405505227e-07);
    b = muladd(b, z, -2.5202039028029178e-05);
    b = muladd(b, z, 0.0009192602745468447);
    b = muladd(b, z, -0.020863480763340773);
    b = muladd(b, z, 0.2536695079010478);
    b = muladd(b, z, -1.2337005501361697);
    b = muladd(b, z, 1);
    uint64_t exchange = -(q & 1) & (to_bits(a) ^ to_bits(b));
    *c = from_bits(to_bits(b) ^ exchange ^ ((q + 1) & 2) << 62);
    *s = from_bits(to_bits(a) ^ exchange ^ (q & 2) << 62);
}

/* out[2i], out[2i + 1] = the numbers of pair i. */
typedef void make_pairs(const struct block *restrict b, double *restrict out,
                        int n);

static void uniform_pairs(const struct block *restrict b, double *restrict out,
                          int n)
{
#pragma omp simd
    for (int i = 0; i < n; i++) {
        out[2 * i] = unit(b->even[i]);
        out[2 * i + 1] = unit(b->odd[i]);
    }
}

static void normal_pairs(const struct block *restrict b, double *restrict out,
                         int n)
{
#pragma omp simd
    for (int i = 0; i < n; i++) {
        double c, s;
        double r = sqrt(radius_squared(unit(b->even[i])));
        circle(unit(b->odd[i]), &c, &s);
        out[2 * i] = r * c;
        out[2 * i + 1] = r * s;
    }
}

/* Indices some way apart: one number of each pair is used. */
static void scattered(struct rng_key key, uint64_t first, uint64_t stride,
                      double *out, int64_t n, make_pairs *make)
{
    struct block b;
    double both[2 * TILE];
    while (n > 0) {
        int count = n < TILE ? (int)n : TILE;
        fill(&b, key, first, stride, count);
        make(&b, both, count);
        for (int i = 0; i < count; i++)
            out[i] = both[2 * i + (int)((first + (uint64_t)i * stride) & 1)];
        first += (uint64_t)count * stride;
        out += count;
        n -= count;
    }
}

/* Neighbouring indices: both numbers of each pair are used. */
static void stream(struct rng_key key, uint64_t first, double *out, int64_t n,
                   make_pairs *make)
{
    struct block b;
    if (n > 0 && (first & 1)) {
        scattered(key, first++, 0, out++, 1, make);
        n--;
    }
    while (n >= 2) {
        int pairs = n < 2 * TILE ? (int)(n / 2) : TILE;
        fill(&b, key, first, 2, pairs);
        make(&b, out, pairs);
        first += 2 * (uint64_t)pairs;
        out += 2 * pairs;
        n -= 2 * pairs;
    }
    scattered(key, first, 0, out, n, make);
}

double rng_uniform(struct rng_key key, uint64_t index)
{
    double u;
    scattered(key, index, 0, &u, 1, uniform_pairs);
    return u;
}

double rng_normal(struct rng_key key, uint64_t index)
{
    double x;
    scattered(key, index, 0, &x, 1, normal_pairs);
    return x;
}

void rng_uniforms(struct rng_key key, uint64_t first, uint64_t stride,
                  double *out, int64_t n)
{
    if (stride == 1)
        stream(key, first, out, n, uniform_pairs);
    else
        scattered(key, first, stride, out, n, uniform_pairs);
}

void rng_normals(struct rng_key key, uint64_t first, uint64_t stride,
                 double *out, int64_t n)
{
    if (stride == 1)
        stream(key, first, out, n, normal_pairs);
    else
        scattered(key, first, stride, out, n, normal_pairs);
}

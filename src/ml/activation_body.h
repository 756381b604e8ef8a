/* Body of the vector code of ml/activation.h, for one kind of number.

   The file that includes it defines NUMBER, WHOLE (unsigned integer of the same
   size), LANES, MULTIPLY_ADD and MAKE as for ml/gemm_body.h, DIGITS (24 or 53)
   and MAP, the name of the function.

   exp(x) = 2^n exp(r), n = x/ln 2 rounded, |r| <= ln(2)/2, and exp(r) - 1 =
   r + r^2 q(r), q interpolated at the Chebyshev nodes: 8e-9 off in single,
   1.3e-17 in double.  All functions are written with exponentials of negative
   numbers, or with exp(x) - 1 of a positive one, so that nothing overflows and
   no digits cancel; exponentials below the smallest normal number are zero.
   nan stays nan.

   The last, incomplete vector goes through a copy and the same instructions:
   bits do not depend on where the array is cut. */

#include <string.h>

#define VECTOR MAKE(vector)
#define LOOSE MAKE(loose)
#define BITS MAKE(bits)
typedef NUMBER VECTOR __attribute__((vector_size(LANES * sizeof(NUMBER))));
typedef NUMBER LOOSE __attribute__((vector_size(LANES * sizeof(NUMBER)),
                                    aligned(sizeof(NUMBER)), may_alias));
/* What a comparison gives is signed; it converts. */
typedef WHOLE BITS __attribute__((vector_size(LANES * sizeof(NUMBER))));
#define INLINE static inline __attribute__((always_inline))

INLINE VECTOR MAKE(same)(NUMBER x)
{
    return x - (VECTOR){0};
}

/* test: all ones or all zeros in each lane. */
INLINE VECTOR MAKE(choose)(BITS test, VECTOR yes, VECTOR no)
{
    return (VECTOR)((test & (BITS)yes) | (~test & (BITS)no));
}

INLINE VECTOR MAKE(zero_where)(BITS test, VECTOR x)
{
    return (VECTOR)(~test & (BITS)x);
}

INLINE BITS MAKE(sign)(VECTOR x)
{
    return (BITS)x & (BITS)MAKE(same)((NUMBER)-0.0);
}

INLINE VECTOR MAKE(magnitude)(VECTOR x)
{
    return (VECTOR)((BITS)x & ~(BITS)MAKE(same)((NUMBER)-0.0));
}

#if DIGITS == 24
#define EXP_LEAST ((NUMBER)-87.0)
#define TANH_MOST ((NUMBER)40)
#else
#define EXP_LEAST ((NUMBER)-708.0)
#define TANH_MOST ((NUMBER)300)
#endif

/* exp(r) - 1 and 2^n. */
INLINE VECTOR MAKE(reduced)(VECTOR x, VECTOR *power)
{
#if DIGITS == 24
    static const NUMBER q[] = {0x1p-1F, 0x1.5554dcp-3F, 0x1.555518p-5F,
                               0x1.120be2p-7F, 0x1.6d117cp-10F};
    const NUMBER ln2_high = 0x1.62e4p-1F, ln2_low = 0x1.7f7d1cp-20F;
#else
    static const NUMBER q[] = {0x1.0000000000001p-1,  0x1.5555555555556p-3,
                               0x1.5555555553d37p-5,  0x1.11111111109a6p-7,
                               0x1.6c16c1789d1d7p-10, 0x1.a01a01a7cebcdp-13,
                               0x1.a019b8ca26fcfp-16, 0x1.71de0d85293b8p-19,
                               0x1.2891d4ffbb0f9p-22, 0x1.af390ba7e6f47p-26};
    const NUMBER ln2_high = 0x1.62e42fefap-1, ln2_low = 0x1.cf79abc9e3b3ap-40;
#endif
    enum { Q = sizeof q / sizeof *q };
    /* Added, it leaves n in the lowest bits. */
    const NUMBER shift = (NUMBER)1.5 * ((WHOLE)1 << (DIGITS - 1));
    VECTOR t = MULTIPLY_ADD(x, MAKE(same)((NUMBER)1.4426950408889634),
                            MAKE(same)(shift));
    VECTOR n = t - shift;
    VECTOR r = MULTIPLY_ADD(n, MAKE(same)(-ln2_high), x);
    VECTOR sum = MAKE(same)(q[Q - 1]);

    r = MULTIPLY_ADD(n, MAKE(same)(-ln2_low), r);
    for (int i = Q - 2; i >= 0; i--)
        sum = MULTIPLY_ADD(sum, r, MAKE(same)(q[i]));
    *power = (VECTOR)(((BITS)t << (DIGITS - 1)) + (BITS)MAKE(same)(1));
    return MULTIPLY_ADD(r * r, sum, r);
}

/* x <= 0. */
INLINE VECTOR MAKE(exp_negative)(VECTOR x)
{
    VECTOR power, e = MAKE(reduced)(x, &power);

    return MAKE(zero_where)(x < EXP_LEAST, MULTIPLY_ADD(e, power, power));
}

/* exp(2 |z|) - 1; |z| counts up to where tanh has long been 1. */
INLINE VECTOR MAKE(exp_twice)(VECTOR z)
{
    VECTOR a = MAKE(magnitude)(z), most = MAKE(same)(TANH_MOST), power, e;

    a = MAKE(choose)(a > most, most, a);
    e = MAKE(reduced)(a + a, &power);
    return MULTIPLY_ADD(e, power, power - (NUMBER)1);
}

/* With e = exp(-|z|): s = 1/(1 + exp(-z)) and its slope s (1 - s). */
INLINE VECTOR MAKE(sigmoid)(VECTOR z, VECTOR *slope, VECTOR *difference)
{
    VECTOR e = MAKE(exp_negative)(-MAKE(magnitude)(z));
    VECTOR one = MAKE(same)(1), r = one / (one + e);
    VECTOR d = (e - one) * r;

    *slope = e * r * r;
    *difference = (VECTOR)((BITS)d ^ MAKE(sign)(z)); /* (1 - s) - s */
    return MAKE(choose)(z < 0, e * r, r);
}

/* f, f' or f'' at z. */
INLINE VECTOR MAKE(at)(enum activation kind, int order, VECTOR z)
{
    VECTOR one = MAKE(same)(1), s, slope, difference, u, r;
    /* Where the exponential is zero; z times it could be inf times zero. */
    BITS far = MAKE(magnitude)(z) > -EXP_LEAST;

    switch (kind) {
    case ACTIVATION_RELU:
        return order ? (VECTOR)((z > 0) & (BITS)one)
                     : MAKE(zero_where)(z < 0, z);
    case ACTIVATION_SILU:
        s = MAKE(sigmoid)(z, &slope, &difference);
        if (order == 0)
            return MAKE(zero_where)(far & (z < 0), z * s);
        if (order == 1)
            return s + MAKE(zero_where)(far, z * slope);
        return MAKE(zero_where)(far, slope * ((NUMBER)2 + z * difference));
    case ACTIVATION_SIGMOID:
        s = MAKE(sigmoid)(z, &slope, &difference);
        return order == 0 ? s : order == 1 ? slope : slope * difference;
    case ACTIVATION_TANH:
        u = MAKE(exp_twice)(z);
        r = one / (u + (NUMBER)2);
        slope = (u + one) * (NUMBER)4 * r * r;
        if (order == 1)
            return slope;
        s = order ? (NUMBER)-2 * (u * r) * slope : u / (u + (NUMBER)2);
        return (VECTOR)((BITS)s ^ MAKE(sign)(z));
    default:
        return z;
    }
}

INLINE void MAKE(part)(enum activation kind, int order, size_t n,
                       const NUMBER *z, const NUMBER *a, const NUMBER *b,
                       NUMBER *d)
{
    for (size_t i = 0; i < n; i += LANES) {
        VECTOR f = MAKE(at)(kind, order, *(const LOOSE *)(z + i));

        if (order == 1)
            f *= *(const LOOSE *)(d + i);
        if (order == 2)
            f *= *(const LOOSE *)(a + i) * *(const LOOSE *)(b + i);
        *(LOOSE *)(d + i) = f;
    }
}

INLINE void MAKE(whole)(enum activation kind, int order, size_t n,
                        const NUMBER *z, const NUMBER *a, const NUMBER *b,
                        NUMBER *d)
{
    size_t rest = n % LANES, full = n - rest, bytes = rest * sizeof(NUMBER);
    NUMBER part[4][LANES] = {{0}};

    MAKE(part)(kind, order, full, z, a, b, d);
    if (!rest)
        return;
    memcpy(part[0], z + full, bytes);
    if (order == 2) {
        memcpy(part[1], a + full, bytes);
        memcpy(part[2], b + full, bytes);
    } else {
        memcpy(part[3], d + full, bytes);
    }
    MAKE(part)(kind, order, LANES, part[0], part[1], part[2], part[3]);
    memcpy(d + full, part[3], bytes);
}

/* One copy of the loop for each function and order. */
INLINE void MAKE(orders)(enum activation kind, int order, size_t n,
                         const NUMBER *z, const NUMBER *a, const NUMBER *b,
                         NUMBER *d)
{
    if (order == 0)
        MAKE(whole)(kind, 0, n, z, a, b, d);
    else if (order == 1)
        MAKE(whole)(kind, 1, n, z, a, b, d);
    else
        MAKE(whole)(kind, 2, n, z, a, b, d);
}

void MAP(enum activation kind, int order, size_t n, const void *z,
         const void *a, const void *b, void *d)
{
    if (order == 2 && (kind == ACTIVATION_LINEAR || kind == ACTIVATION_RELU)) {
        memset(d, 0, n * sizeof(NUMBER));
        return;
    }
    switch (kind) {
    case ACTIVATION_RELU:
        MAKE(orders)(ACTIVATION_RELU, order, n, z, a, b, d);
        break;
    case ACTIVATION_SILU:
        MAKE(orders)(ACTIVATION_SILU, order, n, z, a, b, d);
        break;
    case ACTIVATION_TANH:
        MAKE(orders)(ACTIVATION_TANH, order, n, z, a, b, d);
        break;
    case ACTIVATION_SIGMOID:
        MAKE(orders)(ACTIVATION_SIGMOID, order, n, z, a, b, d);
        break;
    default:
        if (order == 0 && d != z)
            memmove(d, z, n * sizeof(NUMBER));
    }
}

#undef VECTOR
#undef LOOSE
#undef BITS
#undef INLINE
#undef EXP_LEAST
#undef TANH_MOST
#undef NUMBER
#undef WHOLE
#undef LANES
#undef DIGITS
#undef MULTIPLY_ADD
#undef MAKE
#undef MAP

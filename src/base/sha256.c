/* SHA-256: eight 32-bit words of state, blocks of 64 bytes, the message padded
   with a one bit, zeros and its length in bits [FIPS180].  The constants are
   the fractional parts of square and cube roots of the first primes; they are
   computed, not copied. */

#include "base/sha256.h"

#include <errno.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"

enum { BLOCK = 64, ROUNDS = 64 };

struct sha256 {
    uint32_t state[8], constant[ROUNDS];
    unsigned char block[BLOCK];
    size_t held;
    uint64_t length; /* bytes so far */
};

/* The first 32 bits of the fraction of p^(1/root). */
static uint32_t fraction(unsigned p, int root)
{
    long double r = root == 2 ? sqrtl(p) : cbrtl(p);
    return (uint32_t)(uint64_t)(r * 4294967296.0L);
}

static void sha256_init(struct sha256 *s)
{
    int n = 0;
    *s = (struct sha256){0};
    for (unsigned p = 2; n < ROUNDS; p++) {
        unsigned d = 2;
        while (d * d <= p && p % d)
            d++;
        if (d * d <= p)
            continue;
        if (n < 8)
            s->state[n] = fraction(p, 2);
        s->constant[n++] = fraction(p, 3);
    }
}

static uint32_t turn(uint32_t x, int n)
{
    return x >> n | x << (32 - n);
}

static void compress(struct sha256 *s, const unsigned char *block)
{
    uint32_t w[ROUNDS], h[8];
    for (int t = 0; t < 16; t++)
        w[t] = (uint32_t)block[4 * t] << 24 | (uint32_t)block[4 * t + 1] << 16 |
               (uint32_t)block[4 * t + 2] << 8 | block[4 * t + 3];
    for (int t = 16; t < ROUNDS; t++) {
        uint32_t a = w[t - 15], b = w[t - 2];
        w[t] = w[t - 16] + (turn(a, 7) ^ turn(a, 18) ^ a >> 3) + w[t - 7] +
               (turn(b, 17) ^ turn(b, 19) ^ b >> 10);
    }
    memcpy(h, s->state, sizeof h);
    for (int t = 0; t < ROUNDS; t++) {
        uint32_t e = h[4], a = h[0];
        uint32_t one = h[7] + (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) +
                       ((e & h[5]) ^ (~e & h[6])) + s->constant[t] + w[t];
        uint32_t two = (turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) +
                       ((a & h[1]) ^ (a & h[2]) ^ (h[1] & h[2]));
        memmove(h + 1, h, 7 * sizeof *h);
        h[4] += one;
        h[0] = one + two;
    }
    for (int k = 0; k < 8; k++)
        s->state[k] += h[k];
}

static void add(struct sha256 *s, const unsigned char *bytes, size_t n)
{
    s->length += n;
    while (n > 0) {
        size_t piece = BLOCK - s->held < n ? BLOCK - s->held : n;
        memcpy(s->block + s->held, bytes, piece);
        s->held += piece;
        bytes += piece;
        n -= piece;
        if (s->held == BLOCK) {
            compress(s, s->block);
            s->held = 0;
        }
    }
}

static void finish(struct sha256 *s, char hex[SHA256_TEXT])
{
    static const unsigned char pad[BLOCK] = {0x80};
    uint64_t bits = 8 * s->length;
    unsigned char tail[8];
    for (int k = 0; k < 8; k++)
        tail[k] = (unsigned char)(bits >> (56 - 8 * k));
    add(s, pad, s->held < 56 ? 56 - s->held : 120 - s->held);
    add(s, tail, sizeof tail);
    for (int k = 0; k < 8; k++)
        snprintf(hex + 8 * k, 9, "%08x", (unsigned)s->state[k]);
}

void sha256_bytes(const void *bytes, size_t n, char hex[SHA256_TEXT])
{
    struct sha256 s;
    sha256_init(&s);
    add(&s, bytes, n);
    finish(&s, hex);
}

int sha256_file(const char *path, char hex[SHA256_TEXT])
{
    enum { PIECE = 1 << 20 };
    struct sha256 s;
    size_t n;
    errno = 0;
    FILE *f = fopen(path, "rb");
    unsigned char *piece = mem_alloc(PIECE, 1);
    int status = !f ? errno : !piece ? ENOMEM : 0;
    sha256_init(&s);
    while (!status && (n = fread(piece, 1, PIECE, f)) > 0)
        add(&s, piece, n);
    if (!status && ferror(f))
        status = errno ? errno : EIO;
    if (f)
        fclose(f);
    mem_free(piece);
    finish(&s, hex);
    return status;
}

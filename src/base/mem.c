/* Checked allocation: see mem.h.  Each block is preceded by one cache line
   that holds its size, so that the count of held bytes is exact. */

#include "base/mem.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { LINE = 64 };

static atomic_size_t held, peak;

static void count_add(size_t n)
{
    size_t now = atomic_fetch_add(&held, n) + n;
    size_t most = atomic_load(&peak);
    while (now > most && !atomic_compare_exchange_weak(&peak, &most, now))
        ;
}

static size_t size_of(const void *p)
{
    size_t n;
    memcpy(&n, (const char *)p - LINE, sizeof n);
    return n;
}

void *mem_alloc(size_t n, size_t size)
{
    size_t bytes, total;
    if (__builtin_mul_overflow(n, size, &bytes) ||
        __builtin_add_overflow(bytes, (size_t)LINE, &total) ||
        total > PTRDIFF_MAX)
        return NULL;
    void *block;
    if (posix_memalign(&block, LINE, total))
        return NULL;
    memcpy(block, &bytes, sizeof bytes);
    count_add(bytes);
    return (char *)block + LINE;
}

void *mem_zalloc(size_t n, size_t size)
{
    void *p = mem_alloc(n, size);
    if (p)
        memset(p, 0, n * size);
    return p;
}

void *mem_resize(void *p, size_t n, size_t size)
{
    void *q = mem_alloc(n, size);
    if (!q || !p)
        return q;
    size_t old = size_of(p), now = n * size;
    memcpy(q, p, old < now ? old : now);
    mem_free(p);
    return q;
}

char *mem_strndup(const char *s, size_t n)
{
    if (!s)
        return NULL;
    n = strnlen(s, n);
    if (n == SIZE_MAX)
        return NULL;
    char *copy = mem_alloc(n + 1, 1);
    if (!copy)
        return NULL;
    memcpy(copy, s, n);
    copy[n] = '\0';
    return copy;
}

char *mem_strdup(const char *s)
{
    return s ? mem_strndup(s, strlen(s)) : NULL;
}

void mem_free(void *p)
{
    if (!p)
        return;
    atomic_fetch_sub(&held, size_of(p));
    free((char *)p - LINE);
}

size_t mem_held(void)
{
    return atomic_load(&held);
}

size_t mem_peak(void)
{
    return atomic_load(&peak);
}

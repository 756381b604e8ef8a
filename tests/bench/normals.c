/* Normal random numbers against copying as many doubles from memory to memory,
   one thread each: 8 bytes read, 8 written.  The goal is 5 ns a number where a
   core copies one in 0.6 ns. */

#include "bench.h"

#include <string.h>

#include "base/rng.h"

enum { ROW = 2048, ROWS = 2048, ROUNDS = 7 };

struct bench {
    double *from, *to; /* [ROW * ROWS] */
};

static void normals(void *data)
{
    struct bench *b = data;
    struct rng_key key = {.seed = 1, .purpose = RNG_LANGEVIN};
    for (int r = 0; r < ROWS; r++)
        rng_normals(key, (uint64_t)r * ROW, 1, b->to + (size_t)r * ROW, ROW);
}

static void copy(void *data)
{
    struct bench *b = data;
    memcpy(b->to, b->from, sizeof(double) * ROW * ROWS);
}

int main(void)
{
    struct bench b = {.from = malloc(sizeof(double) * ROW * ROWS),
                      .to = malloc(sizeof(double) * ROW * ROWS)};
    if (!b.from || !b.to)
        return 2;
    memset(b.from, 1, sizeof(double) * ROW * ROWS);
    double t, u;
    bench_pair(normals, copy, &b, ROUNDS, &t, &u);
    int status =
        bench_report("normal numbers / memcpy, one thread", t / u, 8);
    free(b.from);
    free(b.to);
    return status;
}

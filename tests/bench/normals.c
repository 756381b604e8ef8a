/* Normal random numbers against copying as many doubles from memory to memory,
   one thread each: 8 bytes read, 8 written.  The goal is 5 ns a number where a
   core copies one in 0.6 ns. */

#include "bench.h"

#include <string.h>

#include "base/rng.h"

enum { ROW = 2048, ROWS = 2048, ROUNDS = 7 };

static double from[ROW * ROWS], to[ROW * ROWS];

static void normals(void *data)
{
    (void)data;
    struct rng_key key = {.seed = 1, .purpose = RNG_LANGEVIN};
    for (int r = 0; r < ROWS; r++)
        rng_normals(key, (uint64_t)r * ROW, 1, to + (size_t)r * ROW, ROW);
}

static void copy(void *data)
{
    (void)data;
    memcpy(to, from, sizeof to);
}

int main(void)
{
    memset(from, 1, sizeof from);
    memset(to, 1, sizeof to);
    double t, u;
    bench_pair(normals, copy, NULL, ROUNDS, &t, &u);
    return bench_report("normal numbers / memcpy, one thread", t / u, 8);
}

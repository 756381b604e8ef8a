/* A step of elastic + nve + langevin on 2048x2048 against the time in which
   the machine copies the bytes that a step must touch: q, v and f of each
   site read once and written once, 48 bytes. */

#include "bench.h"

#include <stdint.h>

enum { L = 2048, STEPS = 100, ROUNDS = 6 };

struct bench {
    struct adele *sim;
    double *from, *to; /* [3 L L] */
};

static void run(void *data)
{
    bench_command(((struct bench *)data)->sim, "run 100 pre no post no");
}

static void copy(void *data)
{
    struct bench *b = data;
    const double *restrict from = b->from;
    double *restrict to = b->to;
    for (int k = 0; k < STEPS; k++) {
#pragma omp parallel for simd schedule(static)
        for (int64_t i = 0; i < (int64_t)3 * L * L; i++)
            to[i] = from[i];
        double *swap = b->from;
        b->from = b->to;
        b->to = swap;
        from = b->from;
        to = b->to;
    }
}

static double *filled(void)
{
    double *a = malloc(sizeof(double) * 3 * L * L);
    if (!a)
        exit(2);
#pragma omp parallel for schedule(static)
    for (int64_t i = 0; i < (int64_t)3 * L * L; i++)
        a[i] = (double)i;
    return a;
}

int main(void)
{
    struct bench b = {.from = filled(), .to = filled()};
    b.sim = bench_new("lattice square 2048 2048\n"
                      "model holstein t 1 g 1 k 1 kappa 0.18 mass 1\n"
                      "displace all uniform -1 1 4711\n"
                      "pair_style elastic\n"
                      "fix move all nve\n"
                      "fix bath all langevin 0.1 0.1 11.1 90210\n"
                      "thermo 1000000\n"
                      "timestep 0.022\n"
                      "run 2\n");
    double t, u;
    bench_pair(run, copy, &b, ROUNDS, &t, &u);
    int status = bench_report("step of 2048x2048, elastic nve langevin / copy",
                              t / u, 3);
    adele_free(b.sim);
    free(b.from);
    free(b.to);
    return status;
}

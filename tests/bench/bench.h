/* What the benchmarks share: the shortest of several times, and the report as
   a ratio.  A ratio compares two things timed alternately in one process, so
   that a busy machine slows both. */

#ifndef BENCH_H
#define BENCH_H

#include <stdio.h>
#include <stdlib.h>

#include "adele.h"
#include "base/timer.h"

/* The shortest time of `work(data)` and of `other(data)`, taken in turn. */
static inline void bench_pair(void (*work)(void *), void (*other)(void *),
                              void *data, int rounds, double *t, double *u)
{
    *t = *u = 1e300;
    for (int k = 0; k < rounds; k++) {
        double begin = wall_time();
        work(data);
        double middle = wall_time();
        other(data);
        double end = wall_time();
        if (middle - begin < *t)
            *t = middle - begin;
        if (end - middle < *u)
            *u = end - middle;
    }
}

/* One line; the status is 1 when the goal is missed. */
static inline int bench_report(const char *what, double ratio, double goal)
{
    printf("%-58s %8.3g  (goal %.4g%s)\n", what, ratio, goal,
           ratio <= goal ? "" : ", MISSED");
    return ratio > goal;
}

static inline struct adele *bench_new(const char *deck)
{
    struct adele *sim = adele_new(NULL, NULL);
    if (!sim || adele_command(sim, deck)) {
        fprintf(stderr, "%s", sim ? adele_error(sim) : "out of memory\n");
        exit(2);
    }
    return sim;
}

static inline void bench_command(struct adele *sim, const char *text)
{
    if (adele_command(sim, text)) {
        fprintf(stderr, "%s", adele_error(sim));
        exit(2);
    }
}

#endif

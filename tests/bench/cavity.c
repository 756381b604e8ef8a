/* What the cavity method leaves to a network: errors of the force along a quench
   at mu = 0 for trees and clusters (doc/descriptor/cavity.md), and what they cost
   against exact forces. */

#include <math.h>

#include "base/mem.h"
#include "bench.h"
#include "elec/cavity.h"
#include "plug/pair.h"

static const double G = 3.5, TEMP = 0.1;
static const double radius[] = {0, 1.5, 2.3};
static const char *const name[] = {"tree", "3 x 3", "21 sites"};
enum { KINDS = 3, ITERATIONS = 2 };

/* Error of the force, root mean square; the time it took. */
static double cluster_error(struct adele *sim, double r, double *seconds)
{
    struct field *q = sim->state.displacement;
    int64_t n = sim->lat->nsite;
    struct cavity c;
    struct poles poles;
    double sum = 0;
    if (cavity_init(&c, sim->lat, 1, ITERATIONS, r) ||
        field_widen(q, c.halo) ||
        poles_fit(cavity_bound(&c, q, -G, 0, TEMP), 1e-7, &poles))
        exit(1);
    field_exchange(q);
    int columns = cavity_columns(&c);
    double *out = mem_alloc((size_t)(n * columns), sizeof *out);
    double begin = wall_time();
    if (!out || cavity_densities(&c, q, -G, 0, TEMP, &poles, sim->nthread, out))
        exit(1);
    *seconds = wall_time() - begin;
    for (int64_t i = 0; i < n; i++)
        sum += pow(out[i * columns + columns - 2] + 0.5 - sim->forces->n[i], 2);
    mem_free(out);
    cavity_fini(&c);
    return G * sqrt(sum / (double)n);
}

int main(void)
{
    static const int step[] = {0, 30, 50, 80, 300};
    struct adele *sim = bench_new("lattice square 40 40\n"
                                  "model holstein t 1 g 3.5 k 1 kappa 0.18\n"
                                  "electrons mu 0 temp 0.1\n"
                                  "displace all uniform -1 1 4711\n"
                                  "pair_style pole tol 1e-8\n"
                                  "fix move all nve\n"
                                  "fix bath all langevin 0.1 0.1 11.1 1\n"
                                  "thermo 1000\ntimestep 0.022\n");
    double pole = 0, seconds[KINDS] = {0}, last = 0;
    int status = 0;
    for (size_t s = 0; s < sizeof step / sizeof *step; s++) {
        char run[64];
        snprintf(run, sizeof run, "run %d upto post no", step[s]);
        bench_command(sim, run);
        double begin = wall_time();
        adele_touch_parameters(sim);
        if (forces_require(sim, NEED_DENSITY))
            return 1;
        pole = wall_time() - begin;
        printf("force error without a network, step %3d:", step[s]);
        for (int k = 0; k < KINDS; k++)
            printf("  %s %.4f", name[k],
                   last = cluster_error(sim, radius[k], &seconds[k]));
        putchar('\n');
    }
    for (int k = 0; k < KINDS; k++) {
        char what[64];
        snprintf(what, sizeof what, "cavity, %s / pole at 40x40", name[k]);
        status |= bench_report(what, seconds[k] / pole, 1);
    }
    adele_free(sim);
    return status || !(last < 0.05);
}

/* What the cavity method leaves to a network: errors of the force along a
   quench at mu = 0 for trees and clusters (doc/descriptor/cavity.md), what they
   cost against exact forces, and what the descriptor costs of the time that the
   published network would take at the rate of sgemm. */

#include <cblas.h>
#include <math.h>
#include <time.h>

#include "base/mem.h"
#include "bench.h"
#include "elec/cavity.h"
#include "plug/pair.h"

static const double G = 3.5, TEMP = 0.1;
static const struct {
    const char *name;
    double radius, cut, tol;
    bool single;
    double goal; /* of the published network's time */
} kind[] = {{"tree", 0, 0, 1e-7, false, 0.1},
            {"3 x 3", 1.5, 0, 1e-7, false, 0.2},
            {"21 sites", 2.3, 0, 1e-7, false, 0.4},
            {"tree, single", 0, 1e-3, 1e-5, true, 0.02},
            {"3 x 3, single", 1.5, 1e-3, 1e-5, true, 0.04},
            {"21 sites, single", 2.3, 1e-3, 1e-5, true, 0.06},
            {"37 sites, single", 3.3, 1e-3, 1e-5, true, 0.1}};
enum { KINDS = sizeof kind / sizeof *kind, ITERATIONS = 2, REPEAT = 7 };

/* Multiplications and additions a site of 45x512x256x64x16x1. */
static const double published =
    2 * (45 * 512 + 512 * 256 + 256 * 64 + 64 * 16 + 16.0);

/* Seconds of all cores: on a busy machine, wall time would count the others. */
static double core_time(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* Densities of the cluster; seconds, the least of some calls. */
static double *cluster_densities(struct adele *sim, int k, double *seconds)
{
    struct field *q = sim->state.displacement;
    struct cavity c;
    struct poles poles;
    if (cavity_init(&c, sim->lat, 1, ITERATIONS, kind[k].radius) ||
        field_widen(q, c.halo) ||
        poles_fit(cavity_bound(&c, q, -G, 0, TEMP), kind[k].tol, &poles))
        exit(1);
    field_exchange(q);
    int columns = cavity_columns(&c);
    int64_t n = sim->lat->nsite;
    double *out = mem_alloc((size_t)(n * columns), sizeof *out);
    struct cavity_work *w = cavity_work_new(&c, sim->lat, kind[k].single);
    struct cavity_electrons e = {-G, 0, TEMP, &poles, kind[k].cut};
    *seconds = 1e300;
    for (int r = 0; r < REPEAT; r++) {
        double begin = core_time();
        if (!out || !w ||
            cavity_densities(w, q, &e, sim->nthread, columns, out, columns))
            exit(1);
        *seconds = fmin(*seconds, core_time() - begin);
    }
    for (int64_t i = 0; i < n; i++)
        out[i] = out[i * columns + columns - 2] + 0.5;
    cavity_work_free(w);
    cavity_fini(&c);
    return out;
}

/* Error of the force, root mean square; the time it took. */
static double cluster_error(struct adele *sim, int k, double *seconds)
{
    double *n = cluster_densities(sim, k, seconds), sum = 0;
    for (int64_t i = 0; i < sim->lat->nsite; i++)
        sum += pow(n[i] - sim->forces->n[i], 2);
    mem_free(n);
    return G * sqrt(sum / (double)sim->lat->nsite);
}

/* Operations a second of sgemm, of the layer that weighs most. */
static double sgemm_rate(void)
{
    enum { ROWS = 1600, IN = 512, OUT = 256 };
    float *x = mem_zalloc(ROWS * IN, sizeof *x), *w = mem_zalloc(IN * OUT, 4),
          *y = mem_zalloc(ROWS * OUT, sizeof *y);
    double least = 1e300;
    if (!x || !w || !y)
        exit(1);
    for (int r = 0; r < REPEAT; r++) {
        double begin = core_time();
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, ROWS, OUT, IN, 1,
                    x, IN, w, OUT, 0, y, OUT);
        least = fmin(least, core_time() - begin);
    }
    mem_free(x);
    mem_free(w);
    mem_free(y);
    return 2.0 * ROWS * IN * OUT / least;
}

static int speed(struct adele *sim, const char *size, double pole)
{
    double seconds[KINDS], n = (double)sim->lat->nsite;
    double network = published / sgemm_rate();
    int status = 0;
    printf("the published network by sgemm alone: %.3g us a site and core\n",
           1e6 * network);
    for (int k = 0; k < KINDS; k++) {
        char what[80];
        mem_free(cluster_densities(sim, k, &seconds[k]));
        printf("cavity, %s, %s: %.3g us a site and core\n", kind[k].name, size,
               1e6 * seconds[k] / n);
        snprintf(what, sizeof what, "  / published network");
        status |= bench_report(what, seconds[k] / n / network, kind[k].goal);
        if (pole > 0)
            status |= bench_report("  / pole", seconds[k] / pole, 1);
    }
    return status;
}

static struct adele *quench(int side)
{
    char deck[1000];
    snprintf(deck, sizeof deck,
             "lattice square %d %d\n"
             "model holstein t 1 g 3.5 k 1 kappa 0.18\n"
             "electrons mu 0 temp 0.1\n"
             "displace all uniform -1 1 4711\n"
             "pair_style pole tol 1e-8\n"
             "fix move all nve\n"
             "fix bath all langevin 0.1 0.1 11.1 1\n"
             "thermo 1000\ntimestep 0.022\n",
             side, side);
    return bench_new(deck);
}

int main(void)
{
    static const int step[] = {0, 30, 50, 80, 300};
    struct adele *sim = quench(40);
    double pole = 0, seconds, last = 0;
    int status = 0;
    for (size_t s = 0; s < sizeof step / sizeof *step; s++) {
        char run[64];
        snprintf(run, sizeof run, "run %d upto post no", step[s]);
        bench_command(sim, run);
        double begin = core_time();
        adele_touch_parameters(sim);
        if (forces_require(sim, NEED_DENSITY))
            return 1;
        pole = core_time() - begin;
        printf("force error without a network, step %3d:", step[s]);
        for (int k = 0; k < KINDS; k++)
            printf("  %s %.4f", kind[k].name,
                   last = cluster_error(sim, k, &seconds));
        putchar('\n');
    }
    status |= speed(sim, "40 x 40", pole);
    adele_free(sim);
    sim = quench(400);
    bench_command(sim, "displace all wave pi pi 2.5");
    status |= speed(sim, "400 x 400", 0);
    adele_free(sim);
    return status || !(last < 0.05);
}

/* The shipped compact potential: whole steps of the dynamics at 200 x 200
   against the published network (45x512x256x64x16x1) at the rate of sgemm,
   which it cannot exceed; the share of the network and its descriptor in a run;
   growth of time with the lattice, to 4096 x 4096 where the memory is there,
   and bytes a site. */

#include <cblas.h>
#include <math.h>
#include <omp.h>
#include <unistd.h>

#include "base/mem.h"
#include "bench.h"
#include "core/context.h"
#include "la/blas.h"

enum { SQUARE = 512, ROUNDS = 5, MOST_BYTES = 256 };
static const char conv[] = "holstein_square_conv",
                  fast[] = "holstein_square_conv_fast",
                  mlp[] = "holstein_square_mu0_mlp";
static const double published = 45 * 512 + 512 * 256 + 256 * 64 + 64 * 16 + 16;

struct bench {
    struct adele *sim;
    int steps;
    float *a, *b, *c;
};

static void steps(void *data)
{
    struct bench *b = data;
    char run[64];
    snprintf(run, sizeof run, "run %d pre no post no", b->steps);
    bench_command(b->sim, run);
}

static void yardstick(void *data)
{
    struct bench *b = data;
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, SQUARE, SQUARE,
                SQUARE, 1, b->a, SQUARE, b->b, SQUARE, 0, b->c, SQUARE);
}

/* Steps of the late state of a quench, prepared with the potential itself. */
static void open_quench(struct bench *b, const char *file, int length, int warm,
                        const char *electrons)
{
    char deck[1024];
    snprintf(deck, sizeof deck,
             "lattice square %d %d\n"
             "model holstein t 1 g 3.5 k 1 kappa 0.18 mass 1\n"
             "electrons %s temp 0.1\ndisplace all uniform -1 1 7\n"
             "pair_style ml potentials/%s.yaml\n"
             "fix move all nve\nfix bath all langevin 0.1 0.1 11.1 7\n"
             "thermo 100000\ntimestep 0.022\nrun %d post no\n",
             length, length, electrons, file, warm);
    b->sim = bench_new(deck);
}

/* Seconds of a site-step. */
static double site_step(struct bench *b, int length, double *madd)
{
    double t, u;
    bench_pair(steps, yardstick, b, length > 1000 ? 2 : ROUNDS, &t, &u);
    *madd = u / ((double)SQUARE * SQUARE * SQUARE);
    return t / b->steps / ((double)length * length);
}

/* Exponent of N in the time of a step from 200x200 on. */
static int growth(struct bench *b, int length, double t200)
{
    double sites = (double)length * length, madd, t;
    double there =
        (double)sysconf(_SC_AVPHYS_PAGES) * (double)sysconf(_SC_PAGESIZE);
    char what[96];
    int bad;

    if (there < 1.2 * MOST_BYTES * sites) {
        printf("  %dx%d: SKIPPED, %.1f GiB of memory are not there\n", length,
               length, MOST_BYTES * sites / (1 << 30));
        return 0;
    }
    open_quench(b, conv, length, 1, "mu 0");
    t = site_step(b, length, &madd);
    snprintf(what, sizeof what,
             "  exponent of N from 200x200 to %dx%d (%.3g Msite-steps/s)",
             length, length, 1e-6 / t);
    bad = bench_report(what, 1 + log(t / t200) / log(sites / 40000), 1.1);
    snprintf(what, sizeof what, "  bytes a site at %dx%d", length, length);
    bad |= bench_report(what, (double)mem_held() / sites, MOST_BYTES);
    adele_free(b->sim);
    return bad;
}

/* Beside the published network as it runs here, zeros left out. */
static int compare(struct bench *b, double t200)
{
    double madd, net, t;
    char what[96];

    open_quench(b, mlp, 200, 20, "mu 0");
    net = site_step(b, 200, &madd);
    adele_free(b->sim);
    printf("%-58s %8.3g\n",
           "  step at mu = 0 / step of the published net as it runs",
           t200 / net);
    open_quench(b, fast, 200, 100, "mu 0");
    t = site_step(b, 200, &madd);
    adele_free(b->sim);
    snprintf(what, sizeof what,
             "  the fast one (%.3g Msite-steps/s) / the same", 1e-6 / t);
    return bench_report(what, t / net, 0.1);
}

int main(void)
{
    struct bench b = {.steps = 20};
    static const int large[] = {1000, 2048, 4096};
    double t200, madd, pair, begin;
    int bad = 0;
    char what[96];

    b.a = mem_zalloc((size_t)3 * SQUARE * SQUARE, sizeof *b.a);
    if (!b.a)
        return 2;
    b.b = b.a + SQUARE * SQUARE;
    b.c = b.b + SQUARE * SQUARE;
    blas_threads(omp_get_max_threads());
    open_quench(&b, conv, 200, 100, "mu 0");
    t200 = site_step(&b, 200, &madd);
    snprintf(what, sizeof what,
             "step at mu = 0, 200x200 (%.3g Msite-steps/s) / published net",
             1e-6 / t200);
    bad |= bench_report(what, t200 / (published * madd), 0.1);
    begin = wall_time();
    steps(&b);
    pair = b.sim->timers.spent[TASK_DESCRIPTOR] +
           b.sim->timers.spent[TASK_NETWORK]; /* of this run */
    bad |= bench_report("  1 / share of descriptor and network in the run",
                        (wall_time() - begin) / pair, 1 / 0.85);
    adele_free(b.sim);
    open_quench(&b, conv, 200, 100, "filling 0.5");
    bad |= bench_report("  step at filling 0.5 / step at mu = 0",
                        site_step(&b, 200, &madd) / t200, 2.2);
    adele_free(b.sim);
    bad |= compare(&b, t200);
    b.steps = 3;
    for (int k = 0; k < 3; k++)
        bad |= growth(&b, large[k], t200);
    mem_free(b.a);
    return bad;
}

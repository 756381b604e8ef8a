/* The shipped potential of the Peierls model: whole steps of the dynamics at
   300 x 300 in site-steps a second (goal: a million), against products of
   matrices at the rate of sgemm, and the share of potential and its descriptor.
 */

#include <cblas.h>
#include <math.h>
#include <omp.h>

#include "base/mem.h"
#include "bench.h"
#include "core/context.h"
#include "la/blas.h"

enum { SQUARE = 512, ROUNDS = 5, LENGTH = 300, STEPS = 10 };

struct bench {
    struct adele *sim;
    float *a, *b, *c;
};

static void steps(void *data)
{
    struct bench *b = data;
    char run[64];
    snprintf(run, sizeof run, "run %d pre no post no", STEPS);
    bench_command(b->sim, run);
}

static void yardstick(void *data)
{
    struct bench *b = data;
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, SQUARE, SQUARE,
                SQUARE, 1, b->a, SQUARE, b->b, SQUARE, 0, b->c, SQUARE);
}

/* A quench from small displacements, prepared with the potential itself. */
static struct adele *open_quench(const char *precision)
{
    char deck[1024];
    snprintf(deck, sizeof deck,
             "lattice square %d %d\n"
             "model ssh t 2.5 t2 0.5 alpha 4 k 30 kappa 4 mass 1\n"
             "electrons filling 0.5 temp 1e-3\n"
             "displace all gaussian 0.03 7\n"
             "pair_style ml potentials/peierls_square_conv.yaml precision %s "
             "extrapolation ignore\n"
             "fix move all nve\nfix bath all langevin 1e-3 1e-3 1 7\n"
             "thermo 100000\ntimestep 0.01\nrun 5 post no\n",
             LENGTH, LENGTH, precision);
    return bench_new(deck);
}

int main(void)
{
    static const char *const precision[] = {"single", "double"};
    struct bench b;
    double t, u, sites = (double)LENGTH * LENGTH;
    int bad = 0;
    char what[96];

    b.a = mem_zalloc((size_t)3 * SQUARE * SQUARE, sizeof *b.a);
    if (!b.a)
        return 2;
    b.b = b.a + SQUARE * SQUARE;
    b.c = b.b + SQUARE * SQUARE;
    blas_threads(omp_get_max_threads());
    for (int k = 0; k < 2; k++) {
        b.sim = open_quench(precision[k]);
        bench_pair(steps, yardstick, &b, ROUNDS, &t, &u);
        t /= STEPS * sites;
        snprintf(what, sizeof what,
                 "Peierls step, %s (%.3g Msite-steps/s) / 1e-6 s", precision[k],
                 1e-6 / t);
        bad |= bench_report(what, t / 1e-6, k ? 2 : 1);
        snprintf(what, sizeof what, "  / a thousand multiply-adds of sgemm");
        bad |= bench_report(what,
                            t / (1e3 * u / ((double)SQUARE * SQUARE * SQUARE)),
                            k ? 200 : 100);
        adele_free(b.sim);
    }
    mem_free(b.a);
    return bad;
}

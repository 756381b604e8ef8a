/* A driven device of 40 x 30 sites at a bias of 2.5: one converged solution
   (tol 1e-6, nothing carried from an earlier one) against inverting the dense
   matrix at each of the 4000 energies of the published grid [Fan2026]; then a
   step of devices that switch under noise, some steps after the start, with the
   intervals that the step before left.

   INVERSIONS of these are timed, the rest are taken to last as long; neither
   products with Gamma nor sums are counted for them.  Both use two threads. */

#include "bench.h"

#include <complex.h>

#include <lapacke.h>

#include "base/mem.h"
#include "elec/terms.h"
#include "la/blas.h"
#include "plug/pair.h"

enum { SITES = 1200, GRID = 4000, INVERSIONS = 3, THREADS = 2, ROUNDS = 3 };

struct device {
    struct adele *sim;
    const char *state; /* deck text that makes the configuration */
    struct terms terms;
    double complex *g;
    int *order;
};

static void converge(void *data)
{
    struct device *d = data;

    bench_command(d->sim, "pair_style negf tol 1e-6\n");
    if (forces_require(d->sim, NEED_FORCE)) {
        fprintf(stderr, "%s", adele_error(d->sim));
        exit(2);
    }
}

static void invert(void *data)
{
    struct device *d = data;
    int before = blas_threads(THREADS);

    for (int k = 0; k < INVERSIONS; k++) {
        double e = -0.3 + 0.4 * k;

        for (int64_t i = 0; i < SITES * SITES; i++)
            d->g[i] = 0;
        for (int64_t i = 0; i < SITES; i++)
            d->g[i * SITES + i] = e - d->terms.onsite[i] +
                                  I * (0.001 + (i % 40 == 0 || i % 40 == 39));
        for (int64_t b = 0; b < d->terms.nbond; b++) {
            int64_t i = d->terms.bond[b].i, j = d->terms.bond[b].j;

            d->g[i * SITES + j] -= d->terms.hopping[b];
            d->g[j * SITES + i] -= d->terms.hopping[b];
        }
        LAPACKE_zgetrf(LAPACK_ROW_MAJOR, SITES, SITES, d->g, SITES, d->order);
        LAPACKE_zgetri(LAPACK_ROW_MAJOR, SITES, d->g, SITES, d->order);
    }
    blas_threads(before);
}

static void step(void *data)
{
    struct device *d = data;

    bench_command(d->sim, "run 1 pre no post no\n");
}

static int compare(const char *what, const char *state, bool running,
                   int rounds, double seconds)
{
    struct device d = {
        .sim =
            bench_new("boundary f p\nlattice square 40 30\n"
                      "model holstein t 1.0 g -1.5 k 1.0 kappa 0.18 mass 1.0\n"
                      "lead L left gamma 1.0 mu 2.5 temp 0.1\n"
                      "lead R right gamma 1.0 mu 0.0 temp 0.1\n"
                      "lead B all gamma 0.001 mu 0.0 temp 0.1\n"),
        .g = mem_alloc((size_t)SITES * SITES, sizeof *d.g),
        .order = mem_alloc(SITES, sizeof *d.order)};
    char text[96];
    double own, dense;
    int missed;

    if (!d.g || !d.order)
        exit(2);
    d.sim->nthread = THREADS;
    bench_command(d.sim, state);
    if (pair_terms(d.sim, &d.terms))
        exit(2);
    bench_pair(running ? step : converge, invert, &d, rounds, &own, &dense);
    dense *= (double)GRID / INVERSIONS;
    snprintf(text, sizeof text, "%s: one solution / 4000 inversions", what);
    missed = bench_report(text, own / dense, 0.02);
    snprintf(text, sizeof text, "%s: one solution / %g s", what, seconds);
    missed |= bench_report(text, own / seconds, 1);
    terms_fini(&d.terms);
    mem_free(d.g);
    mem_free(d.order);
    adele_free(d.sim);
    return missed;
}

static int running(int columns, int steps, double seconds)
{
    char state[512], what[64];

    snprintf(state, sizeof state,
             "displace all wave pi pi 2.67857\nthermo 100000\n"
             "fix move all brownian 0.1 11 gamma_t 0.2\ntimestep 0.1\n"
             "pair_style ml potentials/holstein_device.yaml\n"
             "run %d post no\npair_style negf tol 1e-6\nrun 1 post no\n",
             steps);
    snprintf(what, sizeof what, "%d columns molten", columns);
    return compare(what, state, true, ROUNDS, seconds);
}

int main(void)
{
    int missed = compare("insulator", "displace all wave pi pi 2.67857\n",
                         false, ROUNDS, 1);

    missed |= running(6, 50, 1);
    missed |= running(20, 220, 1);
    /* Localised states with lines of the width of the bath, from nothing. */
    missed |=
        compare("disordered", "displace all uniform -1.5 1.5 3\n", false, 1, 5);
    return missed;
}

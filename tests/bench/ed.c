/* A full exact step at 40x40 against the bare LAPACKE_dsyevd call on the same
   matrix with the same threads: what everything else costs on top. */

#include "bench.h"

#include <lapacke.h>
#include <omp.h>
#include <string.h>

#include "la/blas.h"

enum { L = 40, N = L * L, ROUNDS = 4 };

struct bench {
    struct adele *sim;
    double *q, *h, *matrix, *level;
};

static void step(void *data)
{
    bench_command(((struct bench *)data)->sim, "run 1 pre no post no");
}

static void bare(void *data)
{
    struct bench *b = data;
    int before = blas_threads(omp_get_max_threads());
    memcpy(b->matrix, b->h, sizeof(double) * N * N);
    if (LAPACKE_dsyevd(LAPACK_COL_MAJOR, 'V', 'L', N, b->matrix, N, b->level))
        exit(2);
    blas_threads(before);
}

/* H = -t between neighbours on the torus, -g q on the diagonal. */
static void fill(struct bench *b)
{
    for (int i = 0; i < N; i++) {
        int x = i % L, y = i / L;
        int right = y * L + (x + 1) % L, up = (y + 1) % L * L + x;
        b->h[i * N + right] = b->h[right * N + i] = -1;
        b->h[i * N + up] = b->h[up * N + i] = -1;
        b->h[i * N + i] = -3.5 * b->q[i];
    }
}

int main(void)
{
    struct bench b = {.q = calloc(N, 8),
                      .h = calloc((size_t)N * N, 8),
                      .matrix = calloc((size_t)N * N, 8),
                      .level = calloc(N, 8)};
    if (!b.q || !b.h || !b.matrix || !b.level)
        return 2;
    b.sim = bench_new("lattice square 40 40\n"
                      "model holstein t 1 g 3.5 k 1 kappa 0.18 mass 1\n"
                      "electrons filling 0.5 temp 0.1\n"
                      "displace all uniform -1 1 4711\n"
                      "pair_style ed\n"
                      "fix move all nve\n"
                      "fix bath all langevin 0.1 0.1 11.1 90210\n"
                      "thermo 1000\n"
                      "timestep 0.022\n"
                      "run 2\n");
    if (adele_gather(b.sim, "q", b.q))
        return 2;
    fill(&b);
    double t, u;
    bench_pair(step, bare, &b, ROUNDS, &t, &u);
    int status = bench_report("ed step at 40x40 / bare dsyevd", t / u, 1.10);
    adele_free(b.sim);
    free(b.q);
    free(b.h);
    free(b.matrix);
    free(b.level);
    return status;
}

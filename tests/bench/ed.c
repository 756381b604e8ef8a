/* A full exact step at 40x40 against the bare LAPACKE_dsyevd call on the same
   matrix with the same threads: what everything else costs on top. */

#include "bench.h"

#include <lapacke.h>
#include <omp.h>
#include <string.h>

#include "la/blas.h"

enum { L = 40, N = L * L, ROUNDS = 5 };

static double q[N], h[N * N], matrix[N * N], level[N];

static void step(void *data)
{
    bench_command(data, "run 1 pre no post no");
}

static void bare(void *data)
{
    (void)data;
    int before = blas_threads(omp_get_max_threads());
    memcpy(matrix, h, sizeof h);
    if (LAPACKE_dsyevd(LAPACK_COL_MAJOR, 'V', 'L', N, matrix, N, level))
        exit(2);
    blas_threads(before);
}

/* H = -t between neighbours on the torus, -g q on the diagonal. */
static void fill(void)
{
    for (int i = 0; i < N; i++) {
        int x = i % L, y = i / L;
        int right = y * L + (x + 1) % L, up = (y + 1) % L * L + x;
        h[i * N + right] = h[right * N + i] = -1;
        h[i * N + up] = h[up * N + i] = -1;
        h[i * N + i] = -3.5 * q[i];
    }
}

int main(void)
{
    struct adele *sim = bench_new("lattice square 40 40\n"
                                  "model holstein t 1 g 3.5 k 1 kappa 0.18\n"
                                  "electrons filling 0.5 temp 0.1\n"
                                  "displace all uniform -1 1 4711\n"
                                  "pair_style ed\n"
                                  "fix move all nve\n"
                                  "fix bath all langevin 0.1 0.1 11.1 90210\n"
                                  "thermo 1000\n"
                                  "timestep 0.022\n"
                                  "run 2\n");
    if (adele_gather(sim, "q", q))
        return 2;
    fill();
    double t, u;
    bench_pair(step, bare, sim, ROUNDS, &t, &u);
    adele_free(sim);
    return bench_report("ed step at 40x40 / bare dsyevd", t / u, 1.10);
}

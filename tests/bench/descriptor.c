/* The 45 features of the square lattice within sqrt(13) against the matrix
   products of the published network on them, 45x512x256x64x16x1, at 40x40
   [Cheng2023]: what share of an evaluation the descriptor may cost. */

#include "bench.h"

#include <cblas.h>
#include <stdint.h>

#include "ml/irreps.h"
#include "plug/lattice_style.h"

extern const struct lattice_style lattice_square;

enum { L = 40, N = L * L, PIECE = 64, ROUNDS = 60 };
static const int width[] = {45, 512, 256, 64, 16, 1};

struct bench {
    struct irreps irreps;
    struct field *q;
    double *x;          /* [N][45] */
    float *h[6], *w[5]; /* [N][width], [width][width] */
};

static void features(void *data)
{
    struct bench *b = data;
#pragma omp parallel for schedule(static)
    for (int64_t i = 0; i < N; i += PIECE)
        irreps_rows(&b->irreps, b->q, i, i + PIECE,
                    b->x + i * b->irreps.nfeature);
}

static void products(void *data)
{
    struct bench *b = data;
    for (int l = 0; l < 5; l++)
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, N, width[l + 1],
                    width[l], 1, b->h[l], width[l], b->w[l], width[l + 1], 0,
                    b->h[l + 1], width[l + 1]);
}

static float *filled(size_t n)
{
    float *a = malloc(n * sizeof *a);
    if (!a)
        exit(2);
    for (size_t i = 0; i < n; i++)
        a[i] = (float)(i % 7) * 0.1f - 0.3f;
    return a;
}

static void start(struct bench *b, struct lattice *lat, uint64_t *clock)
{
    struct irreps_wish wish = {
        .ncomp = 1, .cutoff = 3.606, .reference = 3.606, .staggered = true};
    const char *why;
    b->q = field_new(lat, 1, clock);
    b->x = malloc(sizeof *b->x * N * 45);
    if (!b->q || !b->x || irreps_init(&b->irreps, &lat->shape, &wish, &why) ||
        b->irreps.nfeature != 45 || field_widen(b->q, b->irreps.halo))
        exit(2);
    double *u = field_write(b->q, 0, 0);
    for (int y = 0; y < L; y++)
        for (int x = 0; x < L; x++)
            u[y * b->q->stride[1] + x] = (x * 37 + y * 59) % 41 * 0.1 - 2;
    field_exchange(b->q);
    for (int l = 0; l < 6; l++)
        b->h[l] = filled((size_t)N * (size_t)width[l]);
    for (int l = 0; l < 5; l++)
        b->w[l] = filled((size_t)width[l] * (size_t)width[l + 1]);
}

int main(void)
{
    static const int n[3] = {L, L, 1};
    static const bool periodic[3] = {true, true, true};
    const char *why;
    uint64_t clock = 0;
    struct bench b = {0};
    struct lattice *lat = lattice_new(&lattice_square.shape, n, periodic, &why);
    if (!lat)
        return 2;
    start(&b, lat, &clock);
    double t, u;
    bench_pair(features, products, &b, ROUNDS, &t, &u);
    int status = bench_report(
        "45 features a site / products of the published network", t / u, 0.1);
    for (int l = 0; l < 6; l++)
        free(b.h[l]);
    for (int l = 0; l < 5; l++)
        free(b.w[l]);
    free(b.x);
    field_free(b.q);
    irreps_fini(&b.irreps);
    lattice_free(lat);
    return status;
}

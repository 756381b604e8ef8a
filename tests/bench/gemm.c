/* Products of networks against OpenBLAS's sgemm of large square matrices: time
   for a multiply-add over its time for one, both on all threads.

   The published network (45x512x256x64x16x1, relu) forward, its gradients and
   the adjoints of its inputs, in blocks of rows as the network engine takes
   them; and the products of convolutions, 200 rows at a time, whose other side
   stays in the cache. */

#include "bench.h"

#include <cblas.h>
#include <omp.h>

#include "base/mem.h"
#include "la/blas.h"
#include "ml/activation.h"

enum { LAYERS = 5, BLOCK = 200, SQUARE = 512, ROUNDS = 20, WIDEST = 512 };
static const int width[LAYERS + 1] = {45, 512, 256, 64, 16, 1};

struct bench {
    const struct gemm *gemm;
    int rows, k, n;
    float *h[LAYERS + 1], *packed[LAYERS], *transposed[LAYERS],
        *gradient[LAYERS], *bias;
    float *a, *b, *c; /* of the yardstick */
};

static float *numbers(size_t n)
{
    float *p = mem_alloc(n, sizeof *p);

    if (!p) {
        fprintf(stderr, "out of memory\n");
        exit(2);
    }
    for (size_t i = 0; i < n; i++)
        p[i] = (float)((i * 37 % 101) / 5000.0 - 0.01);
    return p;
}

static void yardstick(void *data)
{
    struct bench *b = data;

    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, SQUARE, SQUARE,
                SQUARE, 1, b->a, SQUARE, b->b, SQUARE, 0, b->c, SQUARE);
}

static double work(int l)
{
    return (double)width[l] * width[l + 1];
}

static void forward(void *data)
{
    struct bench *b = data;

#pragma omp parallel for schedule(dynamic)
    for (int i = 0; i < b->rows; i += BLOCK)
        for (int l = 0; l < LAYERS; l++) {
            float *x = b->h[l] + (ptrdiff_t)i * width[l];
            float *y = b->h[l + 1] + (ptrdiff_t)i * width[l + 1];

            gemm_packed(b->gemm, BLOCK, width[l], width[l + 1], x, width[l],
                        b->packed[l], b->bias, 0, y, width[l + 1]);
            if (l + 1 < LAYERS)
                activation_value(ACTIVATION_RELU, PRECISION_SINGLE,
                                 (size_t)(BLOCK * width[l + 1]), y, y);
        }
}

/* Gradients of the weights: columns cut over threads, all rows. */
static void gradients(void *data)
{
    struct bench *b = data;

    for (int l = 0; l < LAYERS; l++) {
        int in = width[l], out = width[l + 1], cut = out >= 32 ? out / 2 : out;

#pragma omp parallel for schedule(static)
        for (int j = 0; j < out; j += cut)
            gemm_outer(b->gemm, b->rows, in, cut, b->h[l], in, b->h[l + 1] + j,
                       out, 0, b->gradient[l] + j, out);
    }
}

/* d [rows][in] = d [rows][out] W^T. */
static void adjoints(void *data)
{
    struct bench *b = data;

#pragma omp parallel for schedule(dynamic)
    for (int i = 0; i < b->rows; i += BLOCK)
        for (int l = LAYERS - 1; l > 0; l--)
            gemm_packed(b->gemm, BLOCK, width[l + 1], width[l],
                        b->h[l + 1] + (ptrdiff_t)i * width[l + 1], width[l + 1],
                        b->transposed[l], NULL, 0,
                        b->h[l] + (ptrdiff_t)i * width[l], width[l]);
}

static void convolution(void *data)
{
    struct bench *b = data;

#pragma omp parallel for schedule(static)
    for (int i = 0; i < 64; i++)
        gemm_packed(
            b->gemm, BLOCK, b->k, b->n, b->h[1] + (ptrdiff_t)i * 8 * WIDEST,
            b->k / 3, b->packed[1], NULL, 1,
            b->h[2] + (ptrdiff_t)omp_get_thread_num() * BLOCK * 64, b->n);
}

static void convolution_gradient(void *data)
{
    struct bench *b = data;

#pragma omp parallel for schedule(static)
    for (int i = 0; i < 64; i++)
        gemm_outer(b->gemm, BLOCK, b->k, b->n,
                   b->h[1] + (ptrdiff_t)i * 8 * WIDEST, b->k / 3,
                   b->h[2] + (ptrdiff_t)omp_get_thread_num() * BLOCK * 64, b->n,
                   1, b->gradient[omp_get_thread_num()], b->n);
}

static void fill(struct bench *b, int most)
{
    b->a = numbers(SQUARE * SQUARE);
    b->b = numbers(SQUARE * SQUARE);
    b->c = numbers(SQUARE * SQUARE);
    b->bias = numbers(WIDEST);
    for (int l = 0; l <= LAYERS; l++)
        b->h[l] = numbers((size_t)most * (size_t)width[l]);
    for (int l = 0; l < LAYERS; l++) {
        float *w = numbers((size_t)(width[l] * width[l + 1]));

        b->packed[l] =
            numbers(gemm_packed_size(b->gemm, width[l], width[l + 1]));
        b->transposed[l] =
            numbers(gemm_packed_size(b->gemm, width[l + 1], width[l]));
        b->gradient[l] = numbers((size_t)WIDEST * WIDEST);
        gemm_pack(b->gemm, width[l], width[l + 1], w, width[l + 1], 1,
                  b->packed[l]);
        gemm_pack(b->gemm, width[l + 1], width[l], w, 1, width[l + 1],
                  b->transposed[l]);
        mem_free(w);
    }
}

static int compare(struct bench *b, const char *what, void (*product)(void *),
                   double madds, double goal)
{
    double t, u, square = (double)SQUARE * SQUARE * SQUARE;

    bench_pair(product, yardstick, b, b->rows > 10000 ? ROUNDS / 4 : ROUNDS, &t,
               &u);
    return bench_report(what, (t / madds) / (u / square), goal);
}

static int convolutions(struct bench *b)
{
    static const int ks[] = {48, 72, 96, 144, 288}, ns[] = {16, 24, 32, 48};
    int bad = 0;

    for (int i = 0; i < 5; i++)
        for (int j = 0; j < 4; j++) {
            char what[80];
            double madds;

            b->k = ks[i];
            b->n = ns[j];
            madds = 64.0 * BLOCK * b->k * b->n;
            snprintf(what, sizeof what, "convolution k %d n %d / sgemm", b->k,
                     b->n);
            bad |= compare(b, what, convolution, madds, 1 / 0.85);
            snprintf(what, sizeof what, "  its gradient / sgemm");
            if (omp_get_max_threads() <= LAYERS)
                bad |= compare(b, what, convolution_gradient, madds, 1 / 0.80);
        }
    return bad;
}

int main(void)
{
    struct bench b = {.gemm = gemm_select(PRECISION_SINGLE, NULL)};
    double all = 0, back = 0;
    int bad = 0;

    blas_threads(omp_get_max_threads());
    fill(&b, 40000);
    for (int l = 0; l < LAYERS; l++) {
        all += work(l);
        back += l ? work(l) : 0;
    }
    for (int k = 0; k < 2; k++) {
        char what[80];

        b.rows = k ? 40000 : 1600;
        snprintf(what, sizeof what, "published network, %d rows / sgemm",
                 b.rows);
        bad |= compare(&b, what, forward, b.rows * all, 1 / 0.85);
        bad |= compare(&b, "  adjoints / sgemm", adjoints, b.rows * back,
                       1 / 0.80);
        bad |= compare(&b, "  gradients / sgemm", gradients, b.rows * all,
                       1 / 0.80);
    }
    b.rows = 0;
    return bad | convolutions(&b);
}

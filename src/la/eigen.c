/* Dense symmetric eigensolver and density matrix: see la/eigen.h. */

#include "la/eigen.h"

#include <lapacke.h>

#include "base/mem.h"
#include "base/parallel.h"
#include "la/blas.h"

enum { SITE_BLOCK = 256, PAIR_BLOCK = 512 };

/* Smaller matrices are solved faster by one thread. */
enum { THREAD_MIN = 160 };

/* Occupations below this add nothing to any double. */
static const double EMPTY = 1e-300;

static double work_count(double n, bool vectors)
{
    return vectors ? 1 + 6 * n + 2 * n * n : 1 + 2 * n;
}

/* The blocked reduction of LAPACK wants more than the minimum when only
   eigenvalues are asked for. */
static int work_query(int64_t n, bool vectors, int *nwork, int *niwork)
{
    double w;
    int iw;
    int info = LAPACKE_dsyevd_work(LAPACK_COL_MAJOR, vectors ? 'V' : 'N', 'L',
                                   (lapack_int)n, NULL, (lapack_int)n, NULL, &w,
                                   -1, &iw, -1);
    double least = work_count((double)n, vectors);
    *nwork = (int)(info == 0 && w > least && w < 2e9 ? w : least);
    *niwork = vectors ? 3 + 5 * (int)n : 1;
    return info;
}

int eigen_reserve(struct eigen *s, int64_t n, bool vectors)
{
    if (n < 0 || n > EIGEN_MAX) {
        eigen_free(s);
        return -1;
    }
    int nwork = 0, niwork = 0;
    if (s->n == n && s->nwork >= work_count((double)n, vectors) &&
        s->niwork >= (vectors ? 3 + 5 * n : 1))
        return 0;
    if (n > 0 && work_query(n, vectors, &nwork, &niwork) != 0)
        return -1;
    eigen_free(s);
    s->matrix = mem_alloc((size_t)n * (size_t)n, sizeof(double));
    s->value = mem_alloc((size_t)n, sizeof(double));
    s->work = mem_alloc((size_t)nwork, sizeof(double));
    s->iwork = mem_alloc((size_t)niwork, sizeof(int));
    if (!s->matrix || !s->value || !s->work || !s->iwork) {
        eigen_free(s);
        return -1;
    }
    s->n = n;
    s->nwork = nwork;
    s->niwork = niwork;
    return 0;
}

void eigen_free(struct eigen *s)
{
    mem_free(s->matrix);
    mem_free(s->value);
    mem_free(s->work);
    mem_free(s->iwork);
    *s = (struct eigen){0};
}

int eigen_solve(struct eigen *s, bool vectors, int nthread)
{
    if (s->n == 0)
        return 0;
    int before = blas_threads(s->n < THREAD_MIN ? 1 : nthread);
    int info = LAPACKE_dsyevd_work(
        LAPACK_COL_MAJOR, vectors ? 'V' : 'N', 'L', (lapack_int)s->n, s->matrix,
        (lapack_int)s->n, s->value, s->work, s->nwork, s->iwork, s->niwork);
    blas_threads(before);
    return info;
}

double eigen_bytes(double n, bool vectors)
{
    return 8 * (n * n + n + work_count(n, vectors)) +
           4 * (vectors ? 3 + 5 * n : 1);
}

double eigen_seconds(double n, bool vectors, int nthread)
{
    double operations = (vectors ? 9.0 : 4.0 / 3) * n * n * n;
    return operations / ((vectors ? 35e9 : 12e9) * (nthread < 1 ? 1 : nthread));
}

/* Whether fewer levels have holes than have electrons. */
static bool holes_are_fewer(const double *f, int64_t n)
{
    int64_t filled = 0, open = 0;
    for (int64_t k = 0; k < n; k++) {
        filled += f[k] >= EMPTY;
        open += 1 - f[k] >= EMPTY;
    }
    return open < filled;
}

static void density_block(const double *v, int64_t n, const double *f,
                          bool holes, int64_t begin, int64_t end,
                          double *density)
{
    for (int64_t i = begin; i < end; i++)
        density[i] = 0;
    for (int64_t k = 0; k < n; k++) {
        double weight = holes ? 1 - f[k] : f[k];
        if (weight < EMPTY)
            continue;
        const double *row = v + k * n;
        for (int64_t i = begin; i < end; i++)
            density[i] += weight * row[i] * row[i];
    }
    if (!holes)
        return;
    for (int64_t i = begin; i < end; i++)
        density[i] = 1 - density[i];
}

void eigen_density(const double *v, int64_t n, const double *f, double *density)
{
    bool holes = holes_are_fewer(f, n);
#pragma omp parallel for schedule(static) if (n * n >= 8 * PARALLEL_MIN)
    for (int64_t begin = 0; begin < n; begin += SITE_BLOCK)
        density_block(v, n, f, holes, begin,
                      begin + SITE_BLOCK < n ? begin + SITE_BLOCK : n, density);
}

static void pairs_block(const double *v, int64_t n, const double *f, bool holes,
                        const int64_t *pair, int64_t count, double *rho)
{
    for (int64_t b = 0; b < count; b++)
        rho[b] = 0;
    for (int64_t k = 0; k < n; k++) {
        double weight = holes ? f[k] - 1 : f[k];
        if (weight < EMPTY && weight > -EMPTY)
            continue;
        const double *row = v + k * n;
        for (int64_t b = 0; b < count; b++)
            rho[b] += weight * row[pair[2 * b]] * row[pair[2 * b + 1]];
    }
    if (!holes)
        return;
    for (int64_t b = 0; b < count; b++)
        rho[b] += pair[2 * b] == pair[2 * b + 1];
}

void eigen_pairs(const double *v, int64_t n, const double *f, int64_t npair,
                 const int64_t *pair, double *rho)
{
    bool holes = holes_are_fewer(f, n);
#pragma omp parallel for schedule(static) if (n * npair >= 8 * PARALLEL_MIN)
    for (int64_t begin = 0; begin < npair; begin += PAIR_BLOCK)
        pairs_block(v, n, f, holes, pair + 2 * begin,
                    npair - begin < PAIR_BLOCK ? npair - begin : PAIR_BLOCK,
                    rho + begin);
}

/* Rules with poles: see elec/negf_rule.h.

   Matrices and workspace stand on the stack: the matrix-vector product of
   OpenBLAS 0.3.21 for AVX-512 (zgemv_n) reads past the end of its operands when
   the rows are two more than a multiple of four, which at the end of the heap
   is a segmentation fault. */

#include "elec/negf_rule.h"

#include <math.h>
#include <string.h>

#include <gsl/gsl_integration.h>
#include <lapacke.h>

enum {
    N = RULE_NODES,
    BACKGROUND = 5,
    WIDTH = RULE_POLES + 1,
    LEAD = RULE_SAMPLES * N,
    WORK = 2048
};

/* Poles that do not count, columns that add nothing, the least distance. */
static const double FAR = 30, RANK = 1e-11, LEAST = 1e-6;

void rule_nodes_init(struct rule_nodes *n)
{
    gsl_integration_glfixed_table *t = gsl_integration_glfixed_table_alloc(N);

    for (size_t j = 0; j < N; j++) {
        double root;

        gsl_integration_glfixed_point(-1, 1, j, &n->x[j], &n->weight[j], t);
        root = sqrt(n->weight[j]);
        n->legendre[j][0] = root * sqrt(0.5);
        n->legendre[j][1] = root * sqrt(1.5) * n->x[j];
        for (int k = 1; k + 1 < N; k++) {
            double a = k / sqrt(4.0 * k * k - 1);
            double b = (k + 1) / sqrt(4.0 * (k + 1) * (k + 1) - 1);

            n->legendre[j][k + 1] =
                (n->x[j] * n->legendre[j][k] - a * n->legendre[j][k - 1]) / b;
        }
    }
    gsl_integration_glfixed_table_free(t);
}

void rule_polynomial(const struct rule_nodes *n, struct rule *r)
{
    memcpy(r->weight, n->weight, sizeof r->weight);
    r->nnull = RULE_NULL;
    r->amplification = sqrt(2.0);
    for (int k = 0; k < RULE_NULL; k++)
        for (int j = 0; j < N; j++)
            r->null[k][j] =
                sqrt(n->weight[j]) * n->legendre[j][RULE_FITTED + k];
}

/* q g_s has no part above degree m + BACKGROUND: q [m + 1] in Legendre
   polynomials. */
static int denominator(const struct rule_nodes *n,
                       double complex g[RULE_SAMPLES][N], int m,
                       double complex *q)
{
    double complex a[LEAD * WIDTH], u[1], vt[WIDTH * WIDTH], work[WORK];
    double sigma[WIDTH], rwork[5 * WIDTH];
    int first = m + BACKGROUND + 1, rows = 0;

    for (int s = 0; s < RULE_SAMPLES; s++) {
        double norm = 0;

        for (int j = 0; j < N; j++)
            norm += n->weight[j] * (creal(g[s][j]) * creal(g[s][j]) +
                                    cimag(g[s][j]) * cimag(g[s][j]));
        if (!(norm > 0) || !isfinite(norm))
            continue;
        norm = 1 / sqrt(norm);
        for (int k = first; k < N; k++, rows++)
            for (int l = 0; l <= m; l++) {
                double complex sum = 0;

                for (int j = 0; j < N; j++)
                    sum += n->legendre[j][k] * n->legendre[j][l] * g[s][j];
                a[l * LEAD + rows] = norm * sum;
            }
    }
    if (rows < m + 1)
        return -1;
    if (LAPACKE_zgesvd_work(LAPACK_COL_MAJOR, 'N', 'A', rows, m + 1, a, LEAD,
                            sigma, u, 1, vt, WIDTH, work, WORK, rwork))
        return -1;
    for (int l = 0; l <= m; l++)
        q[l] = conj(vt[l * WIDTH + m]);
    return 0;
}

/* Eigenvalues of x in Legendre polynomials modulo q. */
static int roots(const double complex *q, int m, double complex *z)
{
    double complex a[RULE_POLES * RULE_POLES] = {0}, none[1], work[WORK];
    double rwork[2 * RULE_POLES];
    double complex lead = q[m];

    if (cabs(lead) < 1e-14)
        lead = 1e-14;
    for (int k = 0; k + 1 < m; k++) {
        double b = (k + 1) / sqrt(4.0 * (k + 1) * (k + 1) - 1);

        a[k * m + k + 1] = a[(k + 1) * m + k] = b;
    }
    for (int l = 0; l < m; l++)
        a[(m - 1) * m + l] -= m / sqrt(4.0 * m * m - 1) * q[l] / lead;
    return LAPACKE_zgeev_work(LAPACK_COL_MAJOR, 'N', 'N', m, a, m, z, none, 1,
                              none, 1, work, WORK, rwork)
               ? -1
               : 0;
}

/* Columns of unit length of the fitted functions, b [RULE_FITTED][N], and
   their integrals. */
static void functions(const struct rule_nodes *n, const double complex *z,
                      int m, double *b, double *integral)
{
    int column = 0;

    for (int k = 0; k < m; k++) {
        double complex whole = clog(1 - z[k]) - clog(-1 - z[k]);
        double re = 0, im = 0;

        for (int j = 0; j < N; j++) {
            double complex v = sqrt(n->weight[j]) / (n->x[j] - z[k]);

            b[column * N + j] = creal(v);
            b[(column + 1) * N + j] = cimag(v);
            re += creal(v) * creal(v);
            im += cimag(v) * cimag(v);
        }
        re = 1 / sqrt(re);
        im = 1 / sqrt(im);
        for (int j = 0; j < N; j++) {
            b[column * N + j] *= re;
            b[(column + 1) * N + j] *= im;
        }
        integral[column] = creal(whole) * re;
        integral[column + 1] = cimag(whole) * im;
        column += 2;
    }
    for (int k = 0; column < RULE_FITTED; k++, column++) {
        for (int j = 0; j < N; j++)
            b[column * N + j] = n->legendre[j][k];
        integral[column] = k ? 0 : sqrt(2.0);
    }
}

/* With B P = Q R: weights Q R^-T P^T c, and what Q adds to B. */
static int fit(const struct rule_nodes *n, double *b, const double *integral,
               struct rule *r)
{
    double tau[RULE_FITTED], y[N] = {0}, q[N * N] = {0}, work[WORK];
    double norm = 0;
    lapack_int pivot[RULE_FITTED] = {0};
    int rank = 0;

    if (LAPACKE_dgeqp3_work(LAPACK_COL_MAJOR, N, RULE_FITTED, b, N, pivot, tau,
                            work, WORK))
        return -1;
    while (rank < RULE_FITTED && fabs(b[rank * N + rank]) > RANK * fabs(b[0]))
        rank++;
    for (int i = 0; i < rank; i++) {
        double v = integral[pivot[i] - 1];

        for (int k = 0; k < i; k++)
            v -= b[i * N + k] * y[k];
        y[i] = v / b[i * N + i];
        norm += y[i] * y[i];
    }
    memcpy(q, b, N * RULE_FITTED * sizeof *q);
    if (LAPACKE_dorgqr_work(LAPACK_COL_MAJOR, N, N, RULE_FITTED, q, N, tau,
                            work, WORK))
        return -1;
    for (int j = 0; j < N; j++) {
        double root = sqrt(n->weight[j]), w = 0;

        for (int k = 0; k < rank; k++)
            w += q[k * N + j] * y[k];
        r->weight[j] = root * w;
        for (int k = rank; k < N; k++)
            r->null[k - rank][j] = root * q[k * N + j];
    }
    r->nnull = N - rank;
    r->amplification = sqrt(norm);
    return isfinite(norm) ? 0 : -1;
}

int rule_rational(const struct rule_nodes *n,
                  double complex g[RULE_SAMPLES][RULE_NODES], int m,
                  double least, struct rule *r)
{
    double complex q[RULE_POLES + 1], z[RULE_POLES];
    double b[N * RULE_FITTED], integral[RULE_FITTED];
    int kept = 0;

    if (denominator(n, g, m, q) || roots(q, m, z))
        return -1;
    for (int k = 0; k < m; k++) {
        double im = fmin(cimag(z[k]), -fmax(least, LEAST));

        if (cabs(z[k]) < FAR)
            z[kept++] = creal(z[k]) + im * I;
    }
    functions(n, z, kept, b, integral);
    return fit(n, b, integral, r);
}

/* Refitted weights at a shifted chemical potential: see la/pole_shift.h.

   The difference f(x - d) - f(x) = (1 - exp(-d)) (1 - f(x)) f(x - d) is fitted
   by weighted least squares.  The row weights are those that make the error of
   the derivative -f'(x), the limit of small d, as level as Lawson's iteration
   can; they are fixed, so that a shift costs one product with a stored
   matrix. */

#include "la/pole_shift.h"

#include <math.h>
#include <string.h>

#include <lapacke.h>

#include "base/mem.h"
#include "la/blas.h"

enum { ROWS = 1201, LAWSON_ROUNDS = 8 };

/* Places of least error, found by random search for shifts of 0.004 (up to
   three poles) and 0.03, at bounds of 128 to 256 and tol 1e-6 to 1e-10.  Those
   next to each other and to pi stand for the higher poles of derivatives. */
static const double extra_pole[9][8] = {
    {0},
    {3.1249},
    {3.5171, 3.2734},
    {3.1420, 4.1936, 8.2666},
    {2.1116, 3.2453, 3.0587, 8.5945},
    {2.1767, 3.0248, 3.9171, 8.5817, 3.0440},
    {2.0832, 3.0580, 3.2681, 7.6237, 4.7682, 6.3085},
    {2.6306, 4.0006, 2.8501, 6.5354, 4.9668, 6.6125, 2.8784},
    {4.3212, 3.0997, 3.3174, 10.3512, 3.7795, 11.2157, 3.6153, 6.2518}};

static double fermi(double x)
{
    double y = exp(-fabs(x));

    return x > 0 ? y / (1 + y) : 1 / (1 + y);
}

static void fill_matrix(struct pole_shift *p)
{
    for (int i = 0; i < p->rows; i++) {
        double x = p->x[i];

        for (int k = 0; k < p->n; k++) {
            double d = 1 / (x * x + p->s[k] * p->s[k]);

            p->matrix[k * p->rows + i] = x * d;
            p->matrix[(p->n + k) * p->rows + i] = p->s[k] * d;
        }
        p->matrix[2 * p->n * p->rows + i] = x;
        p->matrix[(2 * p->n + 1) * p->rows + i] = 1;
    }
}

/* Scales the columns to length 1; the scales go to the end of `solve`. */
static void scale_columns(struct pole_shift *p, double *scale)
{
    for (int k = 0; k < p->columns; k++) {
        double *a = p->matrix + k * p->rows, square = 0;

        for (int i = 0; i < p->rows; i++)
            square += a[i] * a[i];
        scale[k] = 1 / sqrt(square);
        for (int i = 0; i < p->rows; i++)
            a[i] *= scale[k];
    }
}

/* The pseudo-inverse of the matrix with rows weighted by sqrt(weight):
   `basis` [rows][rank] holds the weighted left singular vectors, `solve`
   [columns][rank] takes their products to column weights. */
static int factorise(struct pole_shift *p, const double *weight, double *a,
                     double *u, double *sv, double *vt)
{
    int rows = p->rows, columns = p->columns;

    for (int k = 0; k < columns; k++)
        for (int i = 0; i < rows; i++)
            a[k * rows + i] = p->matrix[k * rows + i] * sqrt(weight[i]);
    if (LAPACKE_dgesdd(LAPACK_COL_MAJOR, 'S', rows, columns, a, rows, sv, u,
                       rows, vt, columns))
        return -1;
    p->rank = 0;
    while (p->rank < columns && sv[p->rank] > 1e-13 * sv[0])
        p->rank++;
    for (int r = 0; r < p->rank; r++) {
        for (int i = 0; i < rows; i++)
            p->basis[r * rows + i] = u[r * rows + i] * sqrt(weight[i]);
        for (int k = 0; k < columns; k++)
            p->solve[r * columns + k] = vt[k * columns + r] / sv[r];
    }
    return 0;
}

/* Least-squares column weights of a target. */
static void fit_target(const struct pole_shift *p, const double *target,
                       double *column)
{
    memset(column, 0, (size_t)p->columns * sizeof *column);
    for (int r = 0; r < p->rank; r++) {
        const double *b = p->basis + r * p->rows;
        double sum = 0;

        for (int i = 0; i < p->rows; i++)
            sum += b[i] * target[i];
        for (int k = 0; k < p->columns; k++)
            column[k] += sum * p->solve[r * p->columns + k];
    }
}

/* What the weights leave of the target, in its place; the largest of it. */
static double leave(const struct pole_shift *p, double *target,
                    const double *column)
{
    double worst = 0;

    for (int k = 0; k < p->columns; k++)
        for (int i = 0; i < p->rows; i++)
            target[i] -= column[k] * p->matrix[k * p->rows + i];
    for (int i = 0; i < p->rows; i++)
        worst = fmax(worst, fabs(target[i]));
    return worst;
}

static int level(struct pole_shift *p, double *work)
{
    int rows = p->rows, columns = p->columns;
    double *weight = work, *target = weight + rows, *a = target + rows;
    double *u = a + rows * columns, *sv = u + rows * columns,
           *vt = sv + columns;
    double *column = vt + columns * columns;

    for (int i = 0; i < rows; i++)
        weight[i] = 1.0 / rows;
    for (int round = 0;; round++) {
        double total = 0;

        if (factorise(p, weight, a, u, sv, vt))
            return -1;
        if (round == LAWSON_ROUNDS)
            return 0;
        for (int i = 0; i < rows; i++)
            target[i] = fermi(p->x[i]) * (1 - fermi(p->x[i]));
        fit_target(p, target, column);
        leave(p, target, column);
        for (int i = 0; i < rows; i++) {
            weight[i] *= fabs(target[i]) + 1e-14;
            total += weight[i];
        }
        for (int i = 0; i < rows; i++)
            weight[i] = weight[i] / total + 1e-8 / rows;
    }
}

int pole_shift_init(struct pole_shift *p, const struct poles *fit, int extra)
{
    size_t rows = ROWS, columns;
    double *work;
    int status;

    *p = (struct pole_shift){.n = fit->n + extra, .rows = ROWS};
    p->columns = 2 * p->n + 2;
    columns = (size_t)p->columns;
    memcpy(p->s, fit->s, (size_t)fit->n * sizeof *p->s);
    for (int k = 0; k < extra; k++)
        p->s[fit->n + k] = extra_pole[extra][k];
    p->x = mem_alloc(rows, sizeof *p->x);
    p->tail = mem_alloc(rows, sizeof *p->tail);
    p->matrix = mem_alloc(rows * columns, sizeof *p->matrix);
    p->basis = mem_alloc(rows * columns, sizeof *p->basis);
    p->solve = mem_alloc(columns * (columns + 1), sizeof *p->solve);
    work = mem_alloc(2 * rows + 2 * rows * columns + columns * columns +
                         2 * columns,
                     sizeof *work);
    status =
        p->x && p->tail && p->matrix && p->basis && p->solve && work ? 0 : -1;
    if (!status) {
        double end = asinh(0.5 * fit->bound);
        /* Tall, small matrices: threads would only wait for each other. */
        int threads = blas_threads(1);

        for (int i = 0; i < p->rows; i++) {
            p->x[i] = 2 * sinh(end * (2.0 * i / (p->rows - 1) - 1));
            p->tail[i] = exp(-fabs(p->x[i]));
        }
        fill_matrix(p);
        scale_columns(p, p->solve + columns * columns);
        status = level(p, work);
        blas_threads(threads);
    }
    mem_free(work);
    if (status)
        pole_shift_fini(p);
    return status;
}

void pole_shift_fini(struct pole_shift *p)
{
    mem_free(p->x);
    mem_free(p->tail);
    mem_free(p->matrix);
    mem_free(p->basis);
    mem_free(p->solve);
    *p = (struct pole_shift){0};
}

/* f(x - d) - f(x) on the grid, and its weights. */
static void solve(const struct pole_shift *p, double d, double *target,
                  double *column)
{
    double step = -expm1(-d), shrink = exp(-d);

    for (int i = 0; i < p->rows; i++) {
        double y = p->tail[i], a = p->x[i] > 0 ? 1 : y;
        double b = p->x[i] > 0 ? y / (y + shrink) : 1 / (1 + y * shrink);

        target[i] = step * a / (1 + y) * b;
    }
    fit_target(p, target, column);
}

static void unscale(const struct pole_shift *p, const double *column,
                    struct shift_weights *w)
{
    const double *scale = p->solve + p->columns * p->columns;

    for (int k = 0; k < p->n; k++) {
        w->alpha[k] = column[k] * scale[k];
        w->beta[k] = column[p->n + k] * scale[p->n + k];
    }
    w->linear = column[2 * p->n] * scale[2 * p->n];
    w->constant = column[2 * p->n + 1] * scale[2 * p->n + 1];
}

double pole_shift_weights(const struct pole_shift *p, double d,
                          struct shift_weights *w)
{
    double target[ROWS], column[2 * (POLES_MAX + 8) + 2];

    solve(p, d, target, column);
    unscale(p, column, w);
    return leave(p, target, column);
}

double pole_shift_slope(const struct pole_shift *p, double d,
                        struct shift_weights *w)
{
    double target[ROWS], column[2 * (POLES_MAX + 8) + 2];

    for (int i = 0; i < p->rows; i++)
        target[i] = fermi(p->x[i] - d) * fermi(d - p->x[i]);
    fit_target(p, target, column);
    unscale(p, column, w);
    return leave(p, target, column);
}

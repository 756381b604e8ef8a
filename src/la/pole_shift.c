/* Refitted weights at a shifted chemical potential: see la/pole_shift.h.

   The difference f(x - d) - f(x) = (1 - exp(-d)) (1 - f(x)) f(x - d) is fitted
   by weighted least squares.  The row weights are those that make the error of
   the derivative -f'(x), the limit of small d, as level as Lawson's iteration
   can; they are fixed, so that a shift costs one product with a stored
   matrix.

   Re 1/(x - i s) and x are odd in x, Im 1/(x - i s) and 1 even, and -f' is
   even: the problem falls into two halves, on x >= 0, and only the even one has
   anything to do with the iteration. */

#include "la/pole_shift.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include <lapacke.h>

#include "base/mem.h"
#include "la/blas.h"

enum { LAWSON_ROUNDS = 8, SHIFT_COLUMNS = POLES_MAX + 9 };

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

/* Columns, n poles and one more, of length 1. */
static void fill_matrix(const struct pole_shift *p, struct shift_half *h,
                        bool odd)
{
    for (int k = 0; k <= p->n; k++) {
        double *a = h->matrix + k * SHIFT_ROWS, square = 0;

        for (int i = 0; i < SHIFT_ROWS; i++) {
            double x = p->x[i], s = k < p->n ? p->s[k] : 0;

            if (k == p->n)
                a[i] = odd ? x : 1;
            else
                a[i] = (odd ? x : s) / (x * x + s * s);
            square += a[i] * a[i];
        }
        h->scale[k] = 1 / sqrt(square);
        for (int i = 0; i < SHIFT_ROWS; i++)
            a[i] *= h->scale[k];
    }
}

/* The pseudo-inverse of the matrix with rows weighted by sqrt(weight):
   `basis` [rank][rows] holds the weighted left singular vectors, `solve`
   [rank][columns] takes their products to column weights. */
static int factorise(struct shift_half *h, int columns, const double *weight,
                     double *work)
{
    double *root = work, *a = root + SHIFT_ROWS, *u = a + SHIFT_ROWS * columns;
    double *sv = u + SHIFT_ROWS * columns, *vt = sv + columns;

    for (int i = 0; i < SHIFT_ROWS; i++)
        root[i] = sqrt(weight[i]);
    for (int k = 0; k < columns; k++)
        for (int i = 0; i < SHIFT_ROWS; i++)
            a[k * SHIFT_ROWS + i] = h->matrix[k * SHIFT_ROWS + i] * root[i];
    if (LAPACKE_dgesdd(LAPACK_COL_MAJOR, 'S', SHIFT_ROWS, columns, a,
                       SHIFT_ROWS, sv, u, SHIFT_ROWS, vt, columns))
        return -1;
    h->rank = 0;
    while (h->rank < columns && sv[h->rank] > 1e-13 * sv[0])
        h->rank++;
    for (int r = 0; r < h->rank; r++) {
        for (int i = 0; i < SHIFT_ROWS; i++)
            h->basis[r * SHIFT_ROWS + i] = u[r * SHIFT_ROWS + i] * root[i];
        for (int k = 0; k < columns; k++)
            h->solve[r * columns + k] = vt[k * columns + r] / sv[r];
    }
    return 0;
}

/* Least-squares column weights of a target, which keeps what they leave. */
static void fit_target(const struct shift_half *h, int columns, double *target,
                       double *column)
{
    memset(column, 0, (size_t)columns * sizeof *column);
    for (int r = 0; r < h->rank; r++) {
        const double *b = h->basis + r * SHIFT_ROWS;
        double sum = 0;

        for (int i = 0; i < SHIFT_ROWS; i++)
            sum += b[i] * target[i];
        for (int k = 0; k < columns; k++)
            column[k] += sum * h->solve[r * columns + k];
    }
    for (int k = 0; k < columns; k++)
        for (int i = 0; i < SHIFT_ROWS; i++)
            target[i] -= column[k] * h->matrix[k * SHIFT_ROWS + i];
}

static int level(struct pole_shift *p, double *weight, double *work)
{
    double target[SHIFT_ROWS], column[SHIFT_COLUMNS];
    int columns = p->n + 1;

    /* Of the rows at x and -x. */
    for (int i = 0; i < SHIFT_ROWS; i++)
        weight[i] = i ? 2 : 1;
    for (int round = 0; round < LAWSON_ROUNDS; round++) {
        double total = 0;

        if (factorise(&p->even, columns, weight, work))
            return -1;
        for (int i = 0; i < SHIFT_ROWS; i++)
            target[i] = fermi(p->x[i]) * (1 - fermi(p->x[i]));
        fit_target(&p->even, columns, target, column);
        for (int i = 0; i < SHIFT_ROWS; i++) {
            weight[i] *= fabs(target[i]) + 1e-14;
            total += weight[i];
        }
        for (int i = 0; i < SHIFT_ROWS; i++)
            weight[i] = weight[i] / total + (i ? 1e-8 : 0.5e-8) / SHIFT_ROWS;
    }
    return factorise(&p->even, columns, weight, work) ||
           factorise(&p->odd, columns, weight, work);
}

int pole_shift_init(struct pole_shift *p, const struct poles *fit, int extra)
{
    size_t rows = SHIFT_ROWS, columns;
    struct shift_half *half[2] = {&p->even, &p->odd};
    double *work;
    int status = 0;

    *p = (struct pole_shift){.n = fit->n + extra};
    columns = (size_t)p->n + 1;
    memcpy(p->s, fit->s, (size_t)fit->n * sizeof *p->s);
    for (int k = 0; k < extra; k++)
        p->s[fit->n + k] = extra_pole[extra][k];
    p->x = mem_alloc(2 * rows, sizeof *p->x);
    work =
        mem_alloc(2 * rows + 2 * rows * columns + columns * columns + columns,
                  sizeof *work);
    for (int i = 0; i < 2; i++) {
        half[i]->matrix =
            mem_alloc(2 * rows * columns, sizeof *half[i]->matrix);
        half[i]->solve =
            mem_alloc(columns * (columns + 1), sizeof *half[i]->solve);
        if (!half[i]->matrix || !half[i]->solve)
            status = -1;
        else {
            half[i]->basis = half[i]->matrix + rows * columns;
            half[i]->scale = half[i]->solve + columns * columns;
        }
    }
    if (!p->x || !work)
        status = -1;
    if (!status) {
        double end = asinh(0.5 * fit->bound);
        /* Tall, small matrices: threads would only wait for each other. */
        int threads = blas_threads(1);

        p->tail = p->x + rows;
        for (int i = 0; i < SHIFT_ROWS; i++) {
            p->x[i] = 2 * sinh(end * i / (SHIFT_ROWS - 1));
            p->tail[i] = exp(-p->x[i]);
        }
        fill_matrix(p, &p->even, false);
        fill_matrix(p, &p->odd, true);
        status = level(p, work, work + rows) ? -1 : 0;
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
    mem_free(p->even.matrix);
    mem_free(p->even.solve);
    mem_free(p->odd.matrix);
    mem_free(p->odd.solve);
    *p = (struct pole_shift){0};
}

/* Weights of a target whose values at x and at -x are given, these in place of
   its even and odd parts; the largest error. */
static double fit_both(const struct pole_shift *p, double *at_x,
                       double *at_minus_x, struct shift_weights *w)
{
    double even[SHIFT_COLUMNS], odd[SHIFT_COLUMNS], worst = 0;
    int n = p->n;

    for (int i = 0; i < SHIFT_ROWS; i++) {
        double a = at_x[i], b = at_minus_x[i];

        at_x[i] = 0.5 * (a + b);
        at_minus_x[i] = 0.5 * (a - b);
    }
    fit_target(&p->even, n + 1, at_x, even);
    fit_target(&p->odd, n + 1, at_minus_x, odd);
    for (int k = 0; k < n; k++) {
        w->alpha[k] = odd[k] * p->odd.scale[k];
        w->beta[k] = even[k] * p->even.scale[k];
    }
    w->linear = odd[n] * p->odd.scale[n];
    w->constant = even[n] * p->even.scale[n];
    for (int i = 0; i < SHIFT_ROWS; i++)
        worst = fmax(worst, fabs(at_x[i]) + fabs(at_minus_x[i]));
    return worst;
}

double pole_shift_weights(const struct pole_shift *p, double d,
                          struct shift_weights *w)
{
    double a[SHIFT_ROWS], b[SHIFT_ROWS], step = -expm1(-d), shrink = exp(-d);

    /* step (1 - f(x)) f(x - d), with y = exp(-x) */
    for (int i = 0; i < SHIFT_ROWS; i++) {
        double y = p->tail[i];

        a[i] = step / (1 + y) * y / (y + shrink);
        b[i] = step * y / (1 + y) / (1 + y * shrink);
    }
    return fit_both(p, a, b, w);
}

double pole_shift_slope(const struct pole_shift *p, double d,
                        struct shift_weights *w)
{
    double a[SHIFT_ROWS], b[SHIFT_ROWS];

    for (int i = 0; i < SHIFT_ROWS; i++) {
        a[i] = fermi(p->x[i] - d) * fermi(d - p->x[i]);
        b[i] = fermi(p->x[i] + d) * fermi(-p->x[i] - d);
    }
    return fit_both(p, a, b, w);
}

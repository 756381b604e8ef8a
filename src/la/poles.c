/* Best rational approximation of the Fermi function: see la/poles.h.

   BRASIL [Hofreither2021]: interpolate F(y) = tanh(x/2)/(2x), y = x^2, by a
   rational function of type (n, n) in barycentric form, every second node a
   support point and the weights the null vector of the Loewner matrix of the
   others; then shrink the intervals where the error is large and stretch those
   where it is small, until all are equal.  Intervals are measured in
   asinh(x/2), in which the nodes are spread about evenly.

   The poles and residues that follow from the barycentric weights lose digits
   when the range is long; Gauss-Newton steps on them in the partial-fraction
   form, with Lawson's weights, win these back. */

#include "la/poles.h"

#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include <gsl/gsl_linalg.h>
#include <lapacke.h>

#include "base/mem.h"

enum { NODE_MAX = 2 * POLES_MAX + 1, SAMPLES = 20, ROUNDS = 80,
       GRID = 30, LAWSON = 20 };

/* Error ratio of the intervals at which the nodes count as settled. */
static const double LEVELLED = 1.02;

struct barycentric {
    int n;                               /* n + 1 support points */
    double y[POLES_MAX + 1], f[POLES_MAX + 1], w[POLES_MAX + 1];
};

static double target(double x)
{
    if (x < 1e-3)
        return 0.25 - x * x / 48;
    return tanh(0.5 * x) / (2 * x);
}

static double barycentric_value(const struct barycentric *b, double y)
{
    double num = 0, den = 0;

    for (int j = 0; j <= b->n; j++) {
        double d = y - b->y[j];

        if (d == 0)
            return b->f[j];
        num += b->w[j] / d * b->f[j];
        den += b->w[j] / d;
    }
    return num / den;
}

/* The weights: the vector that the Loewner matrix of the other nodes sends to
   zero.  One-sided Jacobi keeps small weights accurate. */
static int interpolate(const double *node, struct barycentric *b)
{
    int n = b->n, m = n + 1, status;
    gsl_matrix *loewner = gsl_matrix_calloc((size_t)m, (size_t)m);
    gsl_matrix *v = gsl_matrix_alloc((size_t)m, (size_t)m);
    gsl_vector *sv = gsl_vector_alloc((size_t)m);

    if (!loewner || !v || !sv) {
        gsl_matrix_free(loewner);
        gsl_matrix_free(v);
        gsl_vector_free(sv);
        return -2;
    }
    for (int j = 0; j < m; j++) {
        b->y[j] = node[2 * j] * node[2 * j];
        b->f[j] = target(node[2 * j]);
    }
    for (int i = 0; i < n; i++) {
        double x = node[2 * i + 1], f = target(x);

        for (int j = 0; j < m; j++)
            gsl_matrix_set(loewner, (size_t)i, (size_t)j,
                           (f - b->f[j]) / (x * x - b->y[j]));
    }
    status = gsl_linalg_SV_decomp_jacobi(loewner, v, sv);
    for (int j = 0; j < m; j++)
        b->w[j] = gsl_matrix_get(v, (size_t)j, (size_t)n);
    gsl_matrix_free(loewner);
    gsl_matrix_free(v);
    gsl_vector_free(sv);
    return status ? -2 : 0;
}

/* The largest error between the ends of an interval in q = asinh(x/2); the
   right end itself counts. */
static double interval_error(const struct barycentric *b, double lo, double hi)
{
    double worst = 0;

    for (int k = 1; k <= SAMPLES; k++) {
        double x = 2 * sinh(lo + (hi - lo) * k / SAMPLES);
        double e = fabs(x * (target(x) - barycentric_value(b, x * x)));

        if (!(e <= worst)) /* a nan counts as worst */
            worst = e;
    }
    return worst;
}

/* New interval lengths from the errors, within a factor that keeps the map
   contracting. */
static void move_nodes(double *q, const double *error, int n, int round)
{
    double mean = 0, total = 0, length[NODE_MAX + 1], end = q[n];
    double power = 0.05 + 0.1 * fmin(1, round / 50.0);

    for (int i = 0; i < n; i++)
        mean += log(fmax(error[i], DBL_EPSILON)) / n;
    for (int i = 0; i < n; i++) {
        double excess = log(fmax(error[i], DBL_EPSILON)) - mean;

        length[i] = (q[i + 1] - q[i]) *
                    exp(fmin(0.22, fmax(-0.22, -power * excess)));
        total += length[i];
    }
    for (int i = 0; i < n; i++)
        q[i + 1] = q[i] + length[i] * end / total;
    q[n] = end;
}

/* Nodes in q[1..2n+1] with q[0] = 0 and q[2n+2] = asinh(bound/2). */
static int level_errors(struct barycentric *b, double bound)
{
    int nodes = 2 * b->n + 1;
    double q[NODE_MAX + 2], x[NODE_MAX], error[NODE_MAX + 1];
    struct barycentric best = *b;
    double least = INFINITY;

    for (int i = 0; i <= nodes + 1; i++)
        q[i] = asinh(0.5 * bound) *
               (1 - cos(M_PI * fmax(0, i - 0.3) / (nodes + 0.7))) / 2;
    for (int round = 0; round < ROUNDS; round++) {
        double low = INFINITY, high = 0;
        int status;

        for (int i = 0; i < nodes; i++)
            x[i] = 2 * sinh(q[i + 1]);
        status = interpolate(x, b);
        if (status)
            return status;
        for (int i = 0; i <= nodes; i++) {
            error[i] = interval_error(b, q[i], q[i + 1]);
            low = fmin(low, error[i]);
            if (!(error[i] <= high)) /* a nan too */
                high = error[i];
        }
        if (!isfinite(high))
            break;
        if (high < least) {
            least = high;
            best = *b;
        }
        if (high < LEVELLED * low || high < 2 * DBL_EPSILON)
            break;
        move_nodes(q, error, nodes + 1, round);
    }
    *b = best;
    return isfinite(least) ? 0 : -1;
}

static double denominator(const struct barycentric *b, double y)
{
    double den = 0;

    for (int j = 0; j <= b->n; j++)
        den += b->w[j] / (y - b->y[j]);
    return den;
}

/* The root of the denominator in y = -exp(u), u in [lo, hi]. */
static double bisect(const struct barycentric *b, double lo, double hi)
{
    double at_lo = denominator(b, -exp(lo));

    for (int i = 0; i < 200; i++) {
        double mid = 0.5 * (lo + hi), at = denominator(b, -exp(mid));

        if (mid <= lo || mid >= hi)
            break;
        if ((at > 0) == (at_lo > 0))
            lo = mid;
        else
            hi = mid;
    }
    return 0.5 * (lo + hi);
}

static void add_pole(const struct barycentric *b, double y, struct poles *p)
{
    double num = 0, slope = 0;

    for (int j = 0; j <= b->n; j++) {
        double d = y - b->y[j];

        num += b->w[j] / d * b->f[j];
        slope -= b->w[j] / (d * d);
    }
    p->s[p->n] = sqrt(-y);
    p->a[p->n] = num / slope;
    p->n++;
}

/* Poles and residues: all lie on y < 0, beyond the first pole of tanh at
   -pi^2, so sign changes on a logarithmic grid find them. */
static int partial_fractions(const struct barycentric *b, double bound,
                             struct poles *p)
{
    const double step = 0.01;
    double end = 2 * log(bound) + 25, u = log(M_PI * M_PI) - 0.5;
    double before = denominator(b, -exp(u)), sum = 0, weighted = 0;

    p->n = 0;
    for (; u < end && p->n < b->n; u += step) {
        double after = denominator(b, -exp(u + step));

        if ((after > 0) != (before > 0))
            add_pole(b, -exp(bisect(b, u, u + step)), p);
        before = after;
    }
    for (int j = 0; j <= b->n; j++) {
        sum += b->w[j];
        weighted += b->w[j] * b->f[j];
    }
    p->linear = weighted / sum;
    return p->n == b->n && isfinite(p->linear) ? 0 : -1;
}

double poles_value(const struct poles *p, double x)
{
    double sum = p->linear;

    for (int k = 0; k < p->n; k++)
        sum += p->a[k] / (x * x + p->s[k] * p->s[k]);
    return 0.5 - x * sum;
}

double poles_error(const struct poles *p, int points)
{
    double end = log1p(p->bound), step = M_LN2 / points, worst = 0;

    for (double u = 0;; u += step) {
        double x = u < end ? expm1(u) : p->bound;
        /* f - 1/2 = -tanh(x/2)/2, without its rounding near 1. */
        double e = fabs(poles_value(p, x) - 0.5 + 0.5 * tanh(0.5 * x));

        if (!(e <= worst))
            worst = e;
        if (u >= end)
            return worst;
    }
}

/* What is left to fit, and its derivatives by a_k, ln s_k and c: rows of the
   weighted least-squares problem, column by column. */
static void fill_columns(const struct poles *p, const double *x, int rows,
                         const double *weight, double *a, double *rhs)
{
    int n = p->n;

    for (int i = 0; i < rows; i++) {
        double w = sqrt(weight[i]), y = x[i] * x[i];

        for (int k = 0; k < n; k++) {
            double s2 = p->s[k] * p->s[k], d = 1 / (y + s2);

            a[k * rows + i] = w * x[i] * d;
            a[(n + k) * rows + i] = -w * x[i] * p->a[k] * d * d * 2 * s2;
        }
        a[2 * n * rows + i] = w * x[i];
        rhs[i] = w * (poles_value(p, x[i]) - 0.5 + 0.5 * tanh(0.5 * x[i]));
    }
}

/* One Gauss-Newton step.  Columns are scaled to length 1, since their sizes
   span many decades; directions that rounding hides are left alone. */
static int newton_step(struct poles *p, double *a, double *rhs, int rows)
{
    int n = p->n, columns = 2 * n + 1;
    double scale[2 * POLES_MAX + 1];
    lapack_int pivot[2 * POLES_MAX + 1] = {0}, rank;

    for (int k = 0; k < columns; k++) {
        double square = 0;

        for (int i = 0; i < rows; i++)
            square += a[k * rows + i] * a[k * rows + i];
        scale[k] = 1 / sqrt(square);
        for (int i = 0; i < rows; i++)
            a[k * rows + i] *= scale[k];
    }
    if (LAPACKE_dgelsy(LAPACK_COL_MAJOR, rows, columns, 1, a, rows, rhs, rows,
                       pivot, 1e-13, &rank))
        return -1;
    for (int k = 0; k < n; k++) {
        p->a[k] += rhs[k] * scale[k];
        p->s[k] *= exp(fmin(0.1, fmax(-0.1, rhs[n + k] * scale[n + k])));
    }
    p->linear += rhs[2 * n] * scale[2 * n];
    return 0;
}

/* Keeps the best of the given poles and those of each step. */
static int polish(struct poles *p)
{
    int rows = GRID * (p->n + 2);
    size_t n = (size_t)rows;
    double *x = mem_alloc(n * (size_t)(2 * p->n + 4), sizeof *x);
    double *weight = x + n, *rhs = weight + n, *a = rhs + n;
    struct poles best = *p;

    if (!x)
        return -2;
    for (int i = 0; i < rows; i++) {
        x[i] = 2 * sinh(asinh(0.5 * p->bound) * (i + 1) / rows);
        weight[i] = 1.0 / rows;
    }
    for (int round = 0; round < LAWSON; round++) {
        double total = 0;

        fill_columns(p, x, rows, weight, a, rhs);
        if (newton_step(p, a, rhs, rows))
            break;
        p->error = poles_error(p, 60);
        if (!isfinite(p->error))
            break;
        if (p->error < best.error)
            best = *p;
        if (round < 4)
            continue;
        for (int i = 0; i < rows; i++) {
            weight[i] *= fabs(poles_value(p, x[i]) - 0.5 +
                              0.5 * tanh(0.5 * x[i])) + 1e-18;
            total += weight[i];
        }
        for (int i = 0; i < rows; i++)
            weight[i] /= total;
    }
    mem_free(x);
    *p = best;
    return 0;
}

static int fit_with(int n, double bound, struct poles *out)
{
    struct barycentric b = {.n = n};
    int status = level_errors(&b, bound);

    out->bound = bound;
    out->error = INFINITY;
    if (!status)
        status = partial_fractions(&b, bound, out);
    if (status)
        return status;
    out->error = poles_error(out, 60);
    status = polish(out);
    out->error = poles_error(out, 400);
    return status;
}

/* Each pole gains about this factor. */
static double gain(double bound)
{
    return exp(M_PI * M_PI / fmax(1.5, log(0.3 * bound + 4)));
}

int poles_fit(double bound, double tol, struct poles *out)
{
    struct poles trial;
    double best = INFINITY;
    int n, least = 1;

    if (!(bound > 0 && bound <= 1e7) || !(tol > 0))
        return -2;
    n = (int)(log(1 / tol) / log(gain(bound)));
    n = n < 2 ? 2 : n > POLES_MAX - 2 ? POLES_MAX - 2 : n;
    /* Up until the tolerance is met, then down while it still is. */
    for (;; n++) {
        if (n > POLES_MAX) {
            out->error = best;
            return -1;
        }
        if (fit_with(n, bound, &trial) == -2)
            return -2;
        best = fmin(best, trial.error);
        if (trial.error <= tol)
            break;
        /* Rounding, not the number of poles, is the limit now. */
        if (trial.error > 4 * best || (n > least + 2 && trial.error > best)) {
            out->error = best;
            return -1;
        }
        least = n + 1;
    }
    *out = trial;
    while (out->n > least) {
        if (fit_with(out->n - 1, bound, &trial) == -2)
            return -2;
        if (!(trial.error <= tol))
            break;
        *out = trial;
    }
    return 0;
}

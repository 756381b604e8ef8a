/* Rational approximation of the Fermi function: see la/poles.h.

   Zeros x_i of the best error, its poles s_k and its linear term are nearly

       x_i = A sinh(g (i - b))/(1 + exp(-2 w)),  w = g (2n + 3/2 - i),
       s_k = A sinh(g (2k - 1/2 - b))/(1 - exp(-2 w)),  w = 2g (n + 1 - k),
       c = g/(pi X),  A = 4X exp(-g (2n + 3/2 - b)),  A g = 1.6,

   with m = 2n + 1 zeros (2n, and m + 1/2 for 2n + 3/2, without linear term),
   equal steps g of a variable that is linear at the thermal width, where s_k
   meets the Matsubara points (2k - 1) pi, logarithmic in between and quadratic
   at X; b = 0.1 and 1.6 are measured, as is the error, about
   2 exp(-pi^2/(2g)).  Newton's method in ln s, ln a, ln c takes the poles to
   interpolation at the x_i in a few steps.

   The functions of the fit depend on each other nearly as closely as they
   approximate f, so the linear algebra is done in long double. */

#include "la/poles.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "base/mem.h"

typedef long double real;

enum {
    NODES = 2 * POLES_MAX + 1,
    EXCHANGES = 5,
    STEPS = 12,
    SAMPLES = 16,
    STRETCHES = 4,
    ATTEMPTS = 6
};

static const real shift = 0.1L, thermal = 1.6L;

/* Unknowns ln s [n], ln a [n], ln c, and what follows from them. */
struct fit {
    int n, m; /* m = 2n + 1, or 2n without linear term */
    real bound;
    real log[NODES];
    real s2[POLES_MAX], a[POLES_MAX], c;
    real node[NODES + 2];   /* asinh(x/2): 0, the zeros, the bound */
    real peak[NODES + 1];   /* the same variable, where |e| is largest */
    real height[NODES + 1]; /* |e| there */
    real *matrix;           /* [m+1][m+1] */
};

static void expand(struct fit *f)
{
    for (int k = 0; k < f->n; k++) {
        f->s2[k] = expl(2 * f->log[k]);
        f->a[k] = expl(f->log[f->n + k]);
    }
    f->c = f->m > 2 * f->n ? expl(f->log[2 * f->n]) : 0;
}

static real position(real q)
{
    return 2 * sinhl(q);
}

/* f - approximation, the 1/2 taken out of both. */
static real error_at(const struct fit *f, real x)
{
    real y = expm1l(-x), sum = f->c, x2 = x * x;

    for (int k = 0; k < f->n; k++)
        sum += f->a[k] / (x2 + f->s2[k]);
    return x * sum + 0.5L * y / (2 + y);
}

/* Derivatives of the error by the unknowns. */
static void fill_row(const struct fit *f, real x, real *row)
{
    for (int k = 0; k < f->n; k++) {
        real d = 1 / (x * x + f->s2[k]);

        row[f->n + k] = x * f->a[k] * d;
        row[k] = -2 * f->s2[k] * d * row[f->n + k];
    }
    if (f->m > 2 * f->n)
        row[2 * f->n] = x * f->c;
}

static void swap_rows(real *a, real *b, int n)
{
    for (int j = 0; j < n; j++) {
        real t = a[j];

        a[j] = b[j];
        b[j] = t;
    }
}

/* b = a^-1 b by Gauss with row pivoting; false when a is singular. */
static bool solve_linear(int n, real *a, real *b)
{
    for (int k = 0; k < n; k++) {
        int p = k;

        for (int i = k + 1; i < n; i++)
            if (fabsl(a[i * n + k]) > fabsl(a[p * n + k]))
                p = i;
        if (!(fabsl(a[p * n + k]) > 0))
            return false;
        swap_rows(a + k * n, a + p * n, p == k ? 0 : n);
        swap_rows(b + k, b + p, p == k ? 0 : 1);
        for (int i = k + 1; i < n; i++) {
            real t = a[i * n + k] / a[k * n + k];

            for (int j = k + 1; j < n; j++)
                a[i * n + j] -= t * a[k * n + j];
            b[i] -= t * b[k];
        }
    }
    for (int k = n - 1; k >= 0; k--) {
        for (int j = k + 1; j < n; j++)
            b[k] -= a[k * n + j] * b[j];
        b[k] /= a[k * n + k];
    }
    return true;
}

/* Goes along a step, at most half an e-fold; returns its full length. */
static real advance(struct fit *f, const real *step, real *length)
{
    real largest = 0, part;

    for (int i = 0; i < f->m; i++)
        if (!(fabsl(step[i]) <= largest)) /* a nan too */
            largest = fabsl(step[i]);
    part = largest > 0.5L ? 0.5L / largest : 1;
    for (int i = 0; i < f->m; i++)
        f->log[i] += part * step[i];
    expand(f);
    *length = largest;
    return part;
}

/* Newton steps shrink until rounding stops them. */
static bool settled(real length, real before)
{
    return length < 1e-7L || (before < 1e-3L && length > 0.5L * before);
}

/* --- Interpolation at the nodes. --- */

/* The step g; ever smaller bounds end in equal steps of x, where it matters
   no more. */
static real node_step(int m, real bound)
{
    real k = m + 0.5L - shift, want = 0.25L * thermal / bound;
    real lo = 1 / k, hi = 50;

    if (expl(-1) * lo <= want)
        return lo;
    for (int i = 0; i < 60; i++) {
        real mid = 0.5L * (lo + hi);

        if (mid * expl(-mid * k) > want)
            lo = mid;
        else
            hi = mid;
    }
    return lo;
}

static real pole_guess(int m, real g, real scale, real k)
{
    real w = g * (m + 1 - 2 * k);
    real s = scale * sinhl(g * (2 * k - 0.5L - shift)) / (1 - expl(-2 * w));

    return fmaxl(s, (real)M_PI * (2 * k - 1));
}

static void guess(struct fit *f)
{
    const real pi = (real)M_PI, delta = 0.01L;
    int n = f->n, m = f->m;
    real g = node_step(m, f->bound);
    real scale = 4 * f->bound * expl(-g * (m + 0.5L - shift));

    f->node[0] = 0;
    f->node[m + 1] = asinhl(0.5L * f->bound);
    for (int i = 1; i <= m; i++) {
        real w = g * (m - i + 0.5L);

        f->node[i] =
            asinhl(0.5L * scale * sinhl(g * (i - shift)) / (1 + expl(-2 * w)));
    }
    /* Each pole stands for the Matsubara points, 2 pi apart with residue 2,
       of its interval of k. */
    for (int k = 0; k < n; k++) {
        real next = pole_guess(m, g, scale, k + 1 + delta);
        real last = pole_guess(m, g, scale, k + 1 - delta);

        f->log[k] = logl(pole_guess(m, g, scale, k + 1));
        f->log[n + k] = logl((next - last) / (2 * delta * pi));
    }
    if (m > 2 * n)
        f->log[2 * n] = logl(g / (pi * f->bound));
    expand(f);
}

static bool interpolate(struct fit *f)
{
    real step[NODES] = {0}, length, before = INFINITY;

    for (int round = 0; round < STEPS; round++) {
        for (int i = 0; i < f->m; i++) {
            real x = position(f->node[i + 1]);

            fill_row(f, x, f->matrix + i * f->m);
            step[i] = -error_at(f, x);
        }
        if (!solve_linear(f->m, f->matrix, step))
            return false;
        advance(f, step, &length);
        if (!isfinite(length))
            return false;
        if (settled(length, before))
            return true;
        before = length;
    }
    return false;
}

/* --- Remez' exchange. --- */

static void find_peaks(struct fit *f)
{
    for (int i = 0; i <= f->m; i++) {
        real lo = f->node[i], hi = f->node[i + 1];

        f->height[i] = 0;
        f->peak[i] = hi;
        for (int k = 1; k <= SAMPLES; k++) {
            real q = lo + (hi - lo) * k / SAMPLES;
            real e = fabsl(error_at(f, position(q)));

            if (e > f->height[i]) {
                f->height[i] = e;
                f->peak[i] = q;
            }
        }
    }
}

/* The poles with errors of one size at all peaks, signs alternating. */
static bool level_peaks(struct fit *f)
{
    int m = f->m, size = m + 1;
    real last = error_at(f, position(f->peak[m])) > 0 ? 1 : -1;
    real step[NODES + 1] = {0}, length, before = INFINITY, level = 0;

    for (int i = 0; i < size; i++)
        level += logl(f->height[i]) / size;
    level = expl(level);
    for (int round = 0; round < STEPS; round++) {
        for (int i = 0; i < size; i++) {
            real x = position(f->peak[i]);
            real wanted = ((m - i) % 2 ? -last : last) * level;

            fill_row(f, x, f->matrix + i * size);
            f->matrix[i * size + m] = -wanted;
            step[i] = wanted - error_at(f, x);
        }
        if (!solve_linear(size, f->matrix, step))
            return false;
        level *= expl(advance(f, step, &length) * step[m]);
        if (!isfinite(length) || !isfinite(level))
            return false;
        if (settled(length, before))
            return true;
        before = length;
    }
    return false;
}

/* The zeros between the peaks. */
static bool find_nodes(struct fit *f)
{
    for (int i = 0; i < f->m; i++) {
        real lo = f->peak[i], hi = f->peak[i + 1];
        bool sign = error_at(f, position(lo)) > 0;

        if ((error_at(f, position(hi)) > 0) == sign)
            return false;
        for (int k = 0; k < 20; k++) {
            real mid = 0.5L * (lo + hi);

            if ((error_at(f, position(mid)) > 0) == sign)
                lo = mid;
            else
                hi = mid;
        }
        f->node[i + 1] = lo;
    }
    return true;
}

/* --- In double precision. --- */

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

static void convert(const struct fit *f, struct poles *out)
{
    *out = (struct poles){
        .n = f->n, .bound = (double)f->bound, .linear = (double)f->c};
    for (int k = 0; k < f->n; k++) {
        out->s[k] = (double)sqrtl(f->s2[k]);
        out->a[k] = (double)f->a[k];
    }
    out->error = poles_error(out, 100);
}

/* Exchanges until the tolerance is met or nothing is gained any more. */
static void exchange(struct fit *f, double tol, struct poles *out)
{
    struct poles trial;

    out->error = INFINITY;
    guess(f);
    if (!interpolate(f))
        return;
    convert(f, out);
    for (int k = 0; k < EXCHANGES && out->error > tol; k++) {
        find_peaks(f);
        if (!level_peaks(f) || !find_nodes(f))
            return;
        convert(f, &trial);
        if (!(trial.error < out->error))
            return;
        *out = trial;
    }
}

/* On a short range one pole more may be better than long double can tell: a
   longer range then serves. */
static void fit_with(int n, int m, double bound, double tol, struct fit *f,
                     struct poles *out)
{
    struct poles trial;

    f->n = n;
    f->m = m;
    f->bound = bound;
    exchange(f, tol, out);
    for (int k = 0; bound < 40 && k < STRETCHES && !(out->error <= tol); k++) {
        f->bound *= 1.3L;
        exchange(f, tol, &trial);
        if (trial.error < out->error)
            *out = trial;
    }
}

/* The error of so many poles is about twice this. */
static double expected_error(int m, double bound)
{
    return exp(-0.5 * M_PI * M_PI / (double)node_step(m, bound));
}

static int fit_poles(double bound, double tol, int linear, struct poles *out)
{
    struct poles trial;
    struct fit f = {0};
    double range = fmax(bound, 1);
    int n = 1;

    if (!(bound > 0 && bound <= 1e7) || !(tol > 0))
        return -2;
    f.matrix = mem_alloc((NODES + 1) * (NODES + 1), sizeof *f.matrix);
    if (!f.matrix)
        return -2;
    while (n < POLES_MAX - ATTEMPTS && n < 0.3 * range &&
           expected_error(2 * n + linear, range) > fmax(tol, 1e-15))
        n++;
    fit_with(n, 2 * n + linear, range, tol, &f, out);
    for (int k = 1; k < ATTEMPTS && !(out->error <= tol); k++) {
        fit_with(n + k, 2 * (n + k) + linear, range, tol, &f, &trial);
        if (trial.error < out->error)
            *out = trial;
    }
    mem_free(f.matrix);
    if (out->error <= tol)
        out->error = poles_error(out, 400);
    return out->error <= tol ? 0 : -1;
}

int poles_fit(double bound, double tol, struct poles *out)
{
    return fit_poles(bound, tol, 1, out);
}

int poles_fit_decaying(double bound, double tol, struct poles *out)
{
    return fit_poles(bound, tol, 0, out);
}

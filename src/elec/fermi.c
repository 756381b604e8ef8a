/* Fermi statistics of a spectrum: see elec/fermi.h.

   x_k = (e_k - mu)/T,  f = 1/(exp(x) + 1),
   Omega = -T sum ln(1 + exp(-x)),  S = sum [ln(1 + exp(-|x|)) + |x| f(|x|)].

   The number of electrons is measured from the integer m = floor(N) as
   electrons above level m minus holes below it, so that exponentially small
   parts keep their digits; mu is solved for as the distance to a level next to
   it, since mu itself need not have enough digits when T is small. */

#include "elec/fermi.h"

#include <float.h>
#include <math.h>
#include <stdbool.h>

static const double NUMBER_TOLERANCE = 1e-12;

/* Electrons and holes are at most N + 1 each: a hundredth of the tolerance. */
static const double ROUNDING = 1e-14;

/* Levels closer than this times the largest |e| count as one at T = 0: the
   rounding of a dense eigensolver, with room. */
static const double DEGENERATE = 1e-11;

double fermi_function(double x)
{
    if (x > 0) {
        double y = exp(-x);
        return y / (1 + y);
    }
    return 1 / (1 + exp(x));
}

double fermi_log(double x)
{
    return x > 0 ? log1p(exp(-x)) : log1p(exp(x)) - x;
}

struct count {
    const double *e;
    int64_t n, m;
    double rest;      /* N - m */
    double reference; /* level that mu is measured from */
    double temp;
    double tolerance; /* 1e-12 max(N, 1) */
};

struct excess {
    double electrons, holes; /* in levels m .. n-1 and 0 .. m-1 */
    double value;            /* N(mu) - N */
    double slope;            /* dN/dmu */
};

static struct excess excess_at(const struct count *c, double shift)
{
    struct excess x = {0};
    double slope = 0;
    for (int64_t k = 0; k < c->m; k++) {
        double h = fermi_function((shift - (c->e[k] - c->reference)) / c->temp);
        x.holes += h;
        slope += h * (1 - h);
    }
    for (int64_t k = c->m; k < c->n; k++) {
        double f = fermi_function((c->e[k] - c->reference - shift) / c->temp);
        x.electrons += f;
        slope += f * (1 - f);
    }
    x.value = (x.electrons - c->rest) - x.holes;
    x.slope = slope / c->temp;
    return x;
}

/* The shift where N(mu) - N = goal, between lo and hi where the sign changes:
   Newton steps inside a bracket that every evaluation shrinks, halved whenever
   a step leaves it or fails to halve the residual. */
static double solve_bracketed(const struct count *c, double goal, double lo,
                              double hi)
{
    double shift = 0.5 * (lo + hi), last = INFINITY;
    for (int i = 0; i < 2100 && lo < hi; i++) {
        struct excess x = excess_at(c, shift);
        double r = x.value - goal;
        if (fabs(r) <= ROUNDING * (x.electrons + x.holes) + 1e-6 * fabs(goal))
            break;
        if (r < 0)
            lo = shift;
        else
            hi = shift;
        double next = shift - r / x.slope;
        if (!(next > lo && next < hi) || fabs(r) > 0.5 * last)
            next = 0.5 * (lo + hi);
        last = fabs(r);
        if (next <= lo || next >= hi)
            break;
        shift = next;
    }
    return shift;
}

static void occupy(const struct count *c, double shift, double *f,
                   struct fermi *out)
{
    double band = 0, logs = 0, entropy = 0;
    for (int64_t k = 0; k < c->n; k++) {
        double x = (c->e[k] - c->reference - shift) / c->temp, y = fabs(x);
        f[k] = fermi_function(x);
        band += c->e[k] * f[k];
        logs += fermi_log(x);
        entropy += log1p(exp(-y)) + (y < 800 ? y * fermi_function(y) : 0);
    }
    struct excess x = excess_at(c, shift);
    out->number = (double)c->m + (x.electrons - x.holes);
    out->band = band;
    out->omega = -c->temp * logs;
    out->entropy = entropy;
    out->mu = c->reference + shift;
}

/* N(mu) lies between n f(e_max - mu) and n f(e_min - mu), which brackets mu. */
static double solve_number(const struct count *c, double number,
                           struct fermi *out)
{
    double n = (double)c->n;
    double inside = number <= 0   ? 0.25 * c->tolerance
                    : number >= n ? n - 0.25 * c->tolerance
                                  : number;
    double centre = number >= n ? -log(0.25 * c->tolerance / n)
                                : log(inside / (n - inside));
    double lo = c->e[0] - c->reference + c->temp * centre;
    double hi = c->e[c->n - 1] - c->reference + c->temp * centre;
    double room = 4 * DBL_EPSILON * (fabs(lo) + fabs(hi)) + DBL_MIN;
    lo -= room;
    hi += room;
    double goal = number <= 0   ? 0.25 * c->tolerance
                  : number >= n ? -0.25 * c->tolerance
                                : 0;
    double shift = solve_bracketed(c, goal, lo, hi);
    out->flat_lo = out->flat_hi = c->reference + shift;
    struct excess x = excess_at(c, shift);
    bool flat = goal == 0 && c->rest == 0 && x.electrons <= c->tolerance &&
                x.holes <= c->tolerance;
    if (!flat)
        return shift;
    double bottom = c->e[c->m - 1] - c->reference;
    double top = c->e[c->m] - c->reference;
    bottom = solve_bracketed(c, -c->tolerance, bottom, shift);
    top = solve_bracketed(c, c->tolerance, shift, top);
    out->flat_lo = c->reference + bottom;
    out->flat_hi = c->reference + top;
    return 0.5 * (bottom + top);
}

/* T = 0: levels below mu are full, those at mu hold `share` each. */
static void fill_ground(const double *e, int64_t n, int64_t first, int64_t last,
                        double share, double *f, struct fermi *out)
{
    out->number = out->band = out->omega = out->entropy = 0;
    for (int64_t k = 0; k < n; k++) {
        f[k] = k < first ? 1 : k < last ? share : 0;
        out->number += f[k];
        out->band += f[k] * e[k];
        out->omega += f[k] * (e[k] - out->mu);
        if (f[k] > 0 && f[k] < 1)
            out->entropy -= f[k] * log(f[k]) + (1 - f[k]) * log1p(-f[k]);
    }
}

static double degenerate_width(const double *e, int64_t n)
{
    return DEGENERATE * fmax(fabs(e[0]), fabs(e[n - 1]));
}

static void ground_number(const double *e, int64_t n, double number, double *f,
                          struct fermi *out)
{
    double width = degenerate_width(e, n);
    int64_t m = (int64_t)number;
    bool integer = number == (double)m;
    if (integer && (m == 0 || m == n || e[m] - e[m - 1] > width)) {
        out->flat_lo = m > 0 ? e[m - 1] : e[0];
        out->flat_hi = m < n ? e[m] : e[n - 1];
        out->mu = 0.5 * (out->flat_lo + out->flat_hi);
        fill_ground(e, n, m, m, 0, f, out);
        return;
    }
    int64_t first = m, last = m + 1;
    while (first > 0 && e[first] - e[first - 1] <= width)
        first--;
    while (last < n && e[last] - e[last - 1] <= width)
        last++;
    out->mu = e[first] + 0.5 * (e[last - 1] - e[first]);
    out->flat_lo = out->flat_hi = out->mu;
    out->open_shell = 1;
    fill_ground(e, n, first, last,
                (number - (double)first) / (double)(last - first), f, out);
}

/* A level at mu is half full: the limit T -> 0. */
static void ground_mu(const double *e, int64_t n, double *f, struct fermi *out)
{
    double width = degenerate_width(e, n);
    int64_t first = 0;
    while (first < n && e[first] < out->mu - width)
        first++;
    int64_t last = first;
    while (last < n && e[last] <= out->mu + width)
        last++;
    out->open_shell = last > first;
    out->flat_lo = out->flat_hi = out->mu;
    fill_ground(e, n, first, last, 0.5, f, out);
}

/* 0.3 * 60 is to mean 18: products of decimal fractions are off by rounding. */
static double snap(double number)
{
    double whole = round(number);
    return fabs(number - whole) <= 1e-13 * fmax(number, 1) ? whole : number;
}

static int64_t level_below(const double *e, int64_t n, double mu)
{
    int64_t lo = 0, hi = n;
    while (lo < hi) {
        int64_t mid = lo + (hi - lo) / 2;
        if (e[mid] < mu)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

static struct count count_from(const double *e, int64_t n, double temp,
                               double number)
{
    int64_t m = (int64_t)number;
    return (struct count){.e = e,
                          .n = n,
                          .m = m,
                          .rest = number - (double)m,
                          .reference = e[m < n ? m : n - 1],
                          .temp = temp,
                          .tolerance = NUMBER_TOLERANCE * fmax(number, 1)};
}

int fermi_solve(const double *e, int64_t n, double temp, enum fermi_mode mode,
                double target, double *f, struct fermi *out)
{
    *out = (struct fermi){0};
    if (n < 1 || !(temp >= 0) || !isfinite(target))
        return -1;
    if (mode == FERMI_FIXED_NUMBER) {
        if (!(target >= 0 && target <= (double)n))
            return -1;
        double number = snap(target);
        if (temp == 0) {
            ground_number(e, n, number, f, out);
            return 0;
        }
        struct count c = count_from(e, n, temp, number);
        occupy(&c, solve_number(&c, number, out), f, out);
        return 0;
    }
    if (mode == FERMI_MIDGAP) {
        if (n % 2 != 0)
            return -1;
        target = e[n / 2 - 1] + 0.5 * (e[n / 2] - e[n / 2 - 1]);
    }
    out->mu = target;
    if (temp == 0) {
        ground_mu(e, n, f, out);
        return 0;
    }
    struct count c = count_from(e, n, temp, (double)level_below(e, n, target));
    c.reference = target;
    occupy(&c, 0, f, out);
    out->flat_lo = out->flat_hi = target;
    return 0;
}

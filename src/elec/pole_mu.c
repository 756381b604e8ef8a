/* The chemical potential from Green's functions: see elec/pole_pass.h. */

#include "elec/pole_pass.h"

#include <math.h>
#include <string.h>

#include <gsl/gsl_sort.h>

#include "base/mem.h"
#include "elec/fermi.h"
#include "elec/pole_set.h"

enum { PASSES_MAX = 200, FLAT_PASSES = 3, DESCENT_PASSES = 4 };

/* The largest shift of mu, in T, that one set of Green's functions is asked
   about: the refitted weights still point the right way there. */
static const double far = 2.0;
/* The weights of few extra poles point the right way up to here. */
static const double few_limit = 0.05;

/* --- Where the number is met. --- */

/* The shift in [-far, far] where N reaches the target, or the end of the range
   in its direction: bracketed regula falsi (Illinois). */
static double find_shift(const struct pole_pass *s, double slack)
{
    double error, f0 = pole_pass_number(s, 0, &error) - s->ask->target, d = 0;
    double lo, hi, flo, fhi;

    if (fabs(f0) <= slack)
        return 0;
    for (double reach = 1e-3;; reach *= 8) {
        double f;

        d = (f0 > 0 ? -1 : 1) * fmin(reach, far);
        f = pole_pass_number(s, d, &error) - s->ask->target;
        if (fabs(f) <= slack)
            return d;
        if ((f > 0) != (f0 > 0)) {
            lo = 0;
            hi = d;
            flo = f0;
            fhi = f;
            break;
        }
        if (reach >= far)
            return d;
    }
    for (int i = 0; i < 60; i++) {
        double f;

        d = (lo * fhi - hi * flo) / (fhi - flo);
        f = pole_pass_number(s, d, &error) - s->ask->target;
        if (fabs(f) <= slack)
            break;
        if ((f > 0) == (fhi > 0)) {
            hi = d;
            fhi = f;
            flo *= 0.5;
        } else {
            lo = hi;
            flo = fhi;
            hi = d;
            fhi = f;
        }
    }
    return d;
}

/* Sites on their own, smeared by the hopping: where to begin. */
static double first_guess(const struct pole_density *p, const struct terms *t,
                          const struct pole_request *ask)
{
    double *e = mem_alloc(2 * (size_t)t->nsite, sizeof *e), width = 0, mu = 0;
    struct fermi out;

    if (!e)
        return 0;
    memcpy(e, p->onsite, (size_t)t->nsite * sizeof *e);
    gsl_sort(e, 1, (size_t)t->nsite);
    for (int64_t k = 0; k < p->nedge; k++)
        width = fmax(width, fabs(p->hopping[k]));
    if (fermi_solve(e, t->nsite, fmax(ask->temp, width), FERMI_FIXED_NUMBER,
                    ask->target, e + t->nsite, &out) == 0)
        mu = out.mu;
    mem_free(e);
    return mu;
}

/* The next value of a series h, newest first, by the polynomial through the
   last `points` values. */
static double extrapolate(const double *h, int points)
{
    switch (points) {
    case 1:
        return h[0];
    case 2:
        return 2 * h[0] - h[1];
    case 3:
        return 3 * h[0] - 3 * h[1] + h[2];
    default:
        return 4 * h[0] - 6 * h[1] + 4 * h[2] - h[3];
    }
}

/* By the polynomial that would have done best for the last two values: noise
   favours low orders, a quiet lattice high ones. */
static int best_order(const struct pole_density *p)
{
    const double *h = p->history;
    int best = 1;
    double least = INFINITY;

    for (int points = 1; points <= 4 && points + 2 <= p->nhistory; points++) {
        double miss = hypot(h[0] - extrapolate(h + 1, points),
                            h[1] - extrapolate(h + 2, points));

        if (miss < least) {
            least = miss;
            best = points;
        }
    }
    return best;
}

/* The largest of its last misses; infinite while there are none. */
static double expected_miss(const struct pole_density *p)
{
    const double *h = p->history;
    int points = best_order(p), tests = p->nhistory - points;
    double worst = tests < 2 ? INFINITY : 0;

    for (int k = 0; k < tests && k < 3; k++)
        worst = fmax(worst, fabs(h[k] - extrapolate(h + k + 1, points)));
    return worst;
}

static double start_mu(struct pole_density *p, const struct terms *t,
                       const struct pole_request *ask)
{
    if (!ask->fixed_number)
        return ask->target;
    if (p->again)
        return p->reference;
    return p->nhistory ? extrapolate(p->history, best_order(p))
                       : first_guess(p, t, ask);
}

/* --- How strict the poles are. --- */

enum { STRICT_START = 3 };

/* Powers of ten up to nsite + 1. */
static int strict_for(const struct pole_density *p, double amplification)
{
    double most = fmin(amplification, 1 + (double)p->nsite);

    return (int)ceil(log10(fmax(most, 1)) - 1e-12);
}

static void start_strict(struct pole_density *p)
{
    if (p->again)
        return;
    p->strict = p->next_strict;
    if (p->nhistory == 0)
        p->strict = (int)fmin(strict_for(p, INFINITY), STRICT_START);
}

/* --- Passes. --- */

struct search {
    struct pole_pass *s;
    double lo, hi;   /* mu */
    double slack;    /* of the number */
    double expected; /* shift, in T */
};

/* Of mu, in T, from the prediction: with a margin, since a miss costs a pass.
   The same configuration again has the same poles. */
static double expected_shift(const struct pole_density *p, double temp)
{
    return p->again ? -1 : 2 * expected_miss(p) / temp;
}

/* What the number may be off by in the search: a twentieth of the error that
   the levels may add up to, and rounding. */
static double number_slack(const struct pole_pass *s)
{
    const struct pole_density *p = s->p;
    double n = (double)p->nsite,
           half = fmin(s->ask->target, n - s->ask->target);

    return fmax(0.05 * p->used->tol * fmax(1, half), 1e-15 * n);
}

/* Sets the bound of the error for the shift d, when the number that the Green's
   functions give is off by `off`, and the strictness that it asks for. */
static void find_bound(struct pole_pass *s, double d, double off)
{
    struct pole_density *p = s->p;
    double eps, sum;

    pole_pass_number(s, d, &p->shift_error);
    eps = p->used->fit.error + p->shift_error;
    p->bound = eps;
    if (p->tile)
        return;
    sum = off + eps * (double)p->nsite;
    p->amplification = pole_pass_amplification(s, d, sum);
    p->bound += sum * (p->amplification - 1) / (double)p->nsite;
}

/* Whether the last pass serves at the shift d. */
static bool serves(const struct pole_pass *s)
{
    const struct pole_density *p = s->p;

    if (p->tile)
        return p->shift_error <= pole_set_slack(p->used);
    /* Poles that are as good as they can be must do. */
    return p->bound <= p->tol || (p->used->fit.error > p->used->tol &&
                                  p->shift_error <= pole_set_slack(p->used));
}

/* The poles alone take more of the tolerance than they may. */
static bool too_loose(const struct pole_density *p)
{
    return !p->tile && p->used->fit.error <= p->used->tol &&
           p->used->fit.error * p->amplification > 0.8 * p->tol &&
           p->strict < strict_for(p, p->amplification);
}

static double next_mu(struct search *f, double mu, double d, double excess,
                      int round)
{
    double temp = f->s->ask->temp;

    if (excess > 0)
        f->hi = mu;
    else
        f->lo = mu;
    /* In a gap d says which way, not how far. */
    mu += d * temp *
          (fabs(d) >= far || round >= FLAT_PASSES ? exp2(fmin(round, 12)) : 1);
    if (mu > f->lo && mu < f->hi)
        return mu;
    return isfinite(f->lo) && isfinite(f->hi) ? 0.5 * (f->lo + f->hi)
           : isfinite(f->lo)                  ? f->lo + temp
                                              : f->hi - temp;
}

/* What is left of the shift d after a pass at its end, from the error of the
   weights.  Those of few poles would mislead far away. */
static double next_shift(const struct pole_density *p, double d)
{
    if (fabs(d) >= few_limit && p->tile)
        return INFINITY;
    if (p->shift_error >= 1e-4 || fabs(d) >= far)
        return INFINITY;
    return p->tile ? 0 : 20 * p->amplification * p->shift_error;
}

/* In a gap the number misses its target by the error of the poles, whatever mu
   is.  Within the tolerance that is as good as any. */
static bool flat(const struct pole_pass *s, const struct search *f,
                 double excess, int round)
{
    return s->p->tile ? round >= FLAT_PASSES && fabs(excess) <= 20 * f->slack
                      : fabs(excess) <= 10 * f->slack;
}

/* A first guess that is off by many temperatures is mended at higher ones, from
   that of the hopping down: there the number is smooth over as much as is
   lacking, and a few poles serve. */
static int descend(struct pole_pass *s, double *mu)
{
    struct pole_density *p = s->p;
    struct pole_request ask = *s->ask;
    struct pole_pass coarse = {.p = p, .t = s->t, .ask = &ask};
    double tol = p->tol, width = 0;
    int strict = p->strict, status = 0;

    for (int64_t e = 0; e < p->nedge; e++)
        width = fmax(width, fabs(p->hopping[e]));
    ask.want_bonds = ask.want_energy = false;
    p->tol = fmax(tol, 1e-3);
    p->strict = 0;
    for (ask.temp = 0.5 * width; ask.temp > 2 * s->ask->temp && !status;
         ask.temp /= 4) {
        double d = far;

        for (int i = 0; i < DESCENT_PASSES && fabs(d) > 1; i++) {
            status = pole_pass_run(&coarse, *mu, INFINITY);
            if (status)
                break;
            d = find_shift(&coarse, number_slack(&coarse));
            *mu += d * ask.temp;
        }
    }
    p->tol = tol;
    p->strict = strict;
    return status;
}

int pole_pass_find_mu(struct pole_pass *s, double *shift)
{
    struct pole_density *p = s->p;
    const struct pole_request *ask = s->ask;
    struct search f = {.s = s, .lo = -INFINITY, .hi = INFINITY};
    double mu = start_mu(p, s->t, ask);

    f.expected = expected_shift(p, ask->temp);
    start_strict(p);
    *shift = 0;
    for (int i = 0; i < PASSES_MAX; i++) {
        double d, excess, error;
        int status = pole_pass_run(s, mu, f.expected);

        if (status || !ask->fixed_number) {
            p->shift_error = 0;
            p->bound = status ? 0 : p->used->fit.error;
            return status;
        }
        f.slack = number_slack(s);
        d = find_shift(s, f.slack);
        find_bound(s, d, f.slack);
        *shift = d;
        if (serves(s))
            break;
        excess = pole_pass_number(s, 0, &error) - ask->target;
        if (flat(s, &f, excess, i)) {
            *shift = (mu - s->mu) / ask->temp;
            find_bound(s, *shift, fabs(excess));
            if (serves(s))
                break;
        }
        if (i == PASSES_MAX - 1)
            return POLE_NUMBER;
        if (too_loose(p))
            p->strict = strict_for(p, 2 * p->amplification);
        f.expected = next_shift(p, d);
        mu = next_mu(&f, mu, d, excess, i);
        if (i == 0 && fabs(d) >= far && !p->nhistory && !p->again &&
            ask->skip == 0) {
            status = descend(s, &mu);
            if (status)
                return status;
        }
    }
    /* A factor 2 is left for the share to grow. */
    p->next_strict = strict_for(p, 2 * p->amplification);
    return POLE_OK;
}

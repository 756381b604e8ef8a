/* Chemical potentials from numbers of electrons: see elec/mu_track.h. */

#include "elec/mu_track.h"

#include <math.h>

static const int passes_max = 100;
static const double first_step = 0.25;  /* without a slope */
static const double longest_step = 1e3; /* of all passes together */
static const double rest_max = 1e-3;
/* Numbers that jump at some mu by more than tol, or are not smooth to tol, as
   approximations may be: what will do then, in units of tol, when low and high
   have come so near, or after so many passes. */
static const double jump_max = 100, nearest = 1e-9;
static const int patience = 60;

/* The last of h[0..], foretold by a polynomial through the n before it. */
static double foretell(const double *h, int n)
{
    if (n == 1)
        return h[0];
    if (n == 2)
        return 2 * h[0] - h[1];
    return 3 * (h[0] - h[1]) + h[2];
}

/* By the polynomial that would have foretold the last mu best: noise makes the
   lower ones better, a smooth path the higher ones. */
static double predict(const struct mu_track *t)
{
    const double *h = t->history;
    double best = INFINITY;
    int order = 1;

    for (int n = 1; n < t->nhistory; n++) {
        double error = fabs(h[0] - foretell(h + 1, n));

        if (error < best) {
            best = error;
            order = n;
        }
    }
    return foretell(h, order);
}

void mu_track_begin(struct mu_track *t, double target, double tol, double guess)
{
    t->target = target;
    t->tol = tol;
    t->passes = 0;
    t->low = -INFINITY;
    t->high = INFINITY;
    t->step = first_step;
    t->mu = t->nhistory == 0 ? guess : t->again ? t->accepted : predict(t);
}

static void remember(struct mu_track *t)
{
    double rest;

    /* The same configuration once more: nothing new. */
    if (t->again && t->passes == 1) {
        t->again = false;
        return;
    }
    t->again = false;
    t->accepted = t->mu;
    for (int k = MU_TRACK_HISTORY - 1; k > 0; k--)
        t->history[k] = t->history[k - 1];
    /* What is left of the miss would grow in the predictions; inside a gap the
       slope says nothing. */
    rest = t->slope > 0 ? t->miss / t->slope : 0;
    t->history[0] = t->mu - (fabs(rest) < rest_max ? rest : 0);
    if (t->nhistory < MU_TRACK_HISTORY)
        t->nhistory++;
}

static void find_slope(struct mu_track *t)
{
    double slope = (t->miss - t->last_miss) / (t->mu - t->last_mu);

    if (t->passes > 1 && isfinite(slope) && slope > 0)
        t->slope = slope;
}

/* Towards the root, at most `step` further than before, which doubles until a
   bracket is found. */
static double propose(struct mu_track *t)
{
    bool bracket = isfinite(t->low) && isfinite(t->high);
    double change =
        t->slope > 0 ? -t->miss / t->slope : -copysign(t->step, t->miss);

    if (!bracket && fabs(change) > t->step) {
        change = copysign(t->step, change);
        t->step *= 2;
    } else if (t->slope <= 0) {
        t->step *= 2;
    }
    double mu = t->mu + change;
    if (bracket && (!(mu > t->low && mu < t->high) || t->passes % 4 == 0))
        mu = 0.5 * (t->low + t->high);
    return mu;
}

static bool stuck(const struct mu_track *t)
{
    return t->passes >= patience ||
           fabs(t->high - t->low) < nearest * (1 + fabs(t->mu));
}

enum mu_track_state mu_track_next(struct mu_track *t, double number)
{
    double mu = t->mu;

    t->passes++;
    t->miss = number - t->target;
    if (!isfinite(number))
        return MU_TRACK_LOST;
    find_slope(t);
    if (fabs(t->miss) <= t->tol) {
        remember(t);
        return MU_TRACK_DONE;
    }
    if (t->miss < 0)
        t->low = mu;
    else
        t->high = mu;
    if (stuck(t) && fabs(t->miss) <= jump_max * t->tol) {
        remember(t);
        return MU_TRACK_DONE;
    }
    t->mu = propose(t);
    t->last_mu = mu;
    t->last_miss = t->miss;
    if (t->passes >= passes_max || t->mu == mu || fabs(t->mu) > longest_step)
        return MU_TRACK_LOST;
    return MU_TRACK_AGAIN;
}

void mu_track_accept(struct mu_track *t, double mu)
{
    t->mu = mu;
    t->miss = 0;
    remember(t);
}

/* Green's functions at one mu and their number: see elec/pole_pass.h. */

#include "elec/pole_pass.h"

#include <math.h>

#include "base/mem.h"
#include "base/sum.h"
#include "elec/pole_set.h"
#include "elec/pole_skip.h"

/* Beyond this expected shift, in T, few extra poles are not considered: their
   weights would mislead. */
static const double few_limit = 0.05;

static void add_traces(struct pole_pass *s)
{
    const struct pole_density *p = s->p;

    s->all = (struct pole_part){.mu = s->mu,
                                .sites = (double)p->nsite,
                                .onsite = sum_array(p->onsite, p->nsite)};
    s->part = &s->all;
    s->npart = 1;
    for (int k = 0; k < p->green.nshift; k++) {
        const struct lanes *g =
            p->green.diagonal + (int64_t)(k / LANES) * p->nsite;
        double re = 0, im = 0;

        for (int64_t i = 0; i < p->nsite; i++) {
            re += lane_part(&g[i], k % LANES, false);
            im += lane_part(&g[i], k % LANES, true);
        }
        s->all.re[k] = re;
        s->all.im[k] = im;
    }
}

/* The tolerance of one entry that keeps that of all: some of it is left to what
   the search leaves of the number. */
static double strict_tol(const struct pole_pass *s)
{
    const struct pole_density *p = s->p;

    return s->ask->fixed_number && !p->tile
               ? 0.95 * p->tol / fmin(pow(10, p->strict), 1 + (double)p->nsite)
               : p->tol;
}

/* What the weights may be off by if the share of a site is as it was. */
static double slack_for(const struct pole_density *p)
{
    double set = pole_set_slack(p->used);

    if (p->tile || p->amplification == 0)
        return set;
    return fmax(set, 0.5 * p->tol / p->amplification - p->used->fit.error);
}

/* The poles for mu, with as few extra ones as cover the expected shift. */
static int choose_set(struct pole_pass *s, double mu, double expected)
{
    struct pole_density *p = s->p;
    struct shift_weights w;
    double lo, hi, temp = s->ask->temp, tol = strict_tol(s);
    int status, rung, extra = expected < 0 ? (int)p->extra : POLE_FEW;

    terms_bounds(s->t, &lo, &hi);
    rung = pole_set_rung(fmax(fabs(hi - mu), fabs(lo - mu)) / temp);
    if (expected > few_limit && s->ask->fixed_number)
        extra = isfinite(expected) ? POLE_SOME : POLE_MANY;
    for (;; extra++) {
        status = pole_set_at(p, rung, tol, (enum pole_extra)extra, &p->used);
        if (status || !s->ask->fixed_number)
            return status;
        if (pole_set_extend(p->used))
            return POLE_MEMORY;
        p->extra = (enum pole_extra)extra;
        if (extra == POLE_MANY || expected <= 0 ||
            pole_shift_weights(&p->used->shift, expected, &w) <= slack_for(p))
            return POLE_OK;
    }
}

static int run_all(struct pole_pass *s, double mu, double expected)
{
    struct pole_density *p = s->p;
    double temp = s->ask->temp;
    double re[POLES_MAX + 8], im[POLES_MAX + 8];
    int n, status = choose_set(s, mu, expected);

    if (status)
        return status;
    s->mu = mu;
    n = s->ask->fixed_number ? p->used->shift.n : p->used->fit.n;
    pole_set_shifts(p->used, mu, temp, n, re, im);
    status =
        p->tile ? tile_set_solve(p->tiles, p->onsite, p->hopping, n, re, im,
                                 s->ask->want_bonds, s->ask->nthread, &p->green)
                : selinv_solve(p->selinv, p->onsite, p->hopping, n, re, im,
                               s->ask->want_energy, s->ask->nthread, &p->green);
    if (status)
        return status == -1 ? POLE_MEMORY : POLE_PIVOT;
    add_traces(s);
    return POLE_OK;
}

/* Only the tiles that need it. */
static int run_some(struct pole_pass *s, double mu)
{
    struct pole_density *p = s->p;
    double lo, hi;
    int status;

    terms_bounds(s->t, &lo, &hi);
    status = pole_skip_pass(p, s->ask, lo, hi, mu, &s->mu);
    if (status)
        return status;
    s->part = p->memory->part;
    s->npart = p->memory->npart;
    return POLE_OK;
}

int pole_pass_run(struct pole_pass *s, double mu, double expected)
{
    s->p->passes++;
    return s->ask->skip > 0 ? run_some(s, mu) : run_all(s, mu, expected);
}

double pole_pass_number(const struct pole_pass *s, double d, double *error)
{
    double temp = s->ask->temp, n = 0;

    *error = 0;
    for (int i = 0; i < s->npart; i++) {
        const struct pole_part *part = &s->part[i];
        double trace_x = (part->onsite - part->sites * part->mu) / temp, e;
        struct density_weights w =
            pole_set_weights(s->p->used, d + (s->mu - part->mu) / temp, &e);

        for (int k = 0; k < w.n; k++)
            n += temp * (w.re[k] * part->re[k] + w.im[k] * part->im[k]);
        n += w.linear * trace_x + w.constant * part->sites;
        *error = fmax(*error, e);
    }
    return n;
}

double pole_pass_amplification(const struct pole_pass *s, double d, double off)
{
    const struct pole_density *p = s->p;
    struct density_weights w;
    double nsite = (double)p->nsite, error, sum = 0, largest = 0, moved;
    double *slope = mem_alloc((size_t)p->nsite, sizeof *slope);

    if (!slope)
        return 1 + nsite;
    w = pole_set_slope(p->used, d, &error);
    pole_set_sites(p, &w, p->green.diagonal, 0, s->ask->temp, s->mu, slope);
    for (int64_t i = 0; i < p->nsite; i++) {
        sum += slope[i];
        largest = fmax(largest, slope[i]);
    }
    mem_free(slope);
    sum -= nsite * error;
    moved = off / sum;
    /* Over a shift of mu by m T no slope changes by more than a factor e^m. */
    if (!(sum > 0 && moved < 0.2))
        return 1 + nsite;
    return 1 + nsite * fmin(1, exp(2 * moved) * (largest + error) / sum);
}

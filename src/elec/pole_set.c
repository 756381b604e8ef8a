/* Sets of poles and their sums: see elec/pole_set.h. */

#include "elec/pole_set.h"

#include <math.h>

enum { RUNG_MAX = 92 /* 8e6 */, EXTRA_MAX = 2 * LANES };

/* Fixed rungs make the poles a function of the configuration alone. */
int pole_set_rung(double bound)
{
    return (int)ceil(4 * log2(fmin(fmax(bound, 1.0), 1e9)));
}

/* Some of the tolerance is left to the shift of mu. */
static int fit(const struct pole_density *p, double bound, double tol,
               struct poles *out)
{
    double most = fmax(tol, p->worst), ask = 0.7 * tol;
    int status = poles_fit(bound, ask, out);

    while (status == -1 && ask < most) {
        ask = ask < tol ? tol : fmin(3 * ask, most);
        status = poles_fit(bound, ask, out);
    }
    return status == -1 ? POLE_TOLERANCE : status ? POLE_MEMORY : POLE_OK;
}

int pole_set_at(struct pole_density *p, int rung, double tol,
                enum pole_extra extra, struct pole_set **out)
{
    struct pole_set *s;
    int status;

    for (int i = 0; i < POLE_SETS; i++) {
        s = &p->set[i];
        if (s->fit.n && s->rung == rung && s->tol == tol && s->extra == extra) {
            *out = s;
            return POLE_OK;
        }
    }
    do
        s = &p->set[p->next_set++ % POLE_SETS];
    while (s == p->used && s->fit.n);
    pole_shift_fini(&s->shift);
    s->fit.n = 0;
    if (rung > RUNG_MAX)
        return POLE_TOLERANCE;
    status = fit(p, exp2(0.25 * rung), tol, &s->fit);
    if (status) {
        s->fit.n = 0;
        return status;
    }
    s->rung = rung;
    s->tol = tol;
    s->extra = extra;
    *out = s;
    return POLE_OK;
}

/* As many as fill the last batch, one batch more, or all there are. */
static int extra_poles(const struct pole_set *s)
{
    int fill = LANES - s->fit.n % LANES;

    return s->extra == POLE_FEW    ? fill
           : s->extra == POLE_SOME ? fill + LANES
                                   : EXTRA_MAX;
}

int pole_set_extend(struct pole_set *s)
{
    if (s->shift.n)
        return POLE_OK;
    return pole_shift_init(&s->shift, &s->fit, extra_poles(s)) ? POLE_MEMORY
                                                               : POLE_OK;
}

double pole_set_slack(const struct pole_set *s)
{
    return fmax(s->tol - s->fit.error, 0.1 * fmax(s->tol, s->fit.error));
}

void pole_set_shifts(const struct pole_set *s, double mu, double temp, int n,
                     double *re, double *im)
{
    for (int k = 0; k < n; k++) {
        re[k] = mu;
        im[k] = temp * (k < s->fit.n ? s->fit.s[k] : s->shift.s[k]);
    }
}

struct density_weights pole_set_weights(const struct pole_set *s, double d,
                                        double *error)
{
    const struct poles *f = &s->fit;
    struct density_weights out = {.n = f->n, .constant = 0.5};
    struct shift_weights w;

    *error = 0;
    for (int k = 0; k < f->n; k++)
        out.re[k] = -f->a[k];
    out.linear = -f->linear;
    if (d == 0)
        return out;
    *error = pole_shift_weights(&s->shift, d, &w);
    out.n = s->shift.n;
    for (int k = 0; k < out.n; k++) {
        out.re[k] += w.alpha[k];
        out.im[k] = w.beta[k];
    }
    out.linear += w.linear;
    out.constant += w.constant;
    return out;
}

struct density_weights pole_set_slope(const struct pole_set *s, double d,
                                      double *error)
{
    struct density_weights out = {.n = s->shift.n};
    struct shift_weights w;

    *error = pole_shift_slope(&s->shift, d, &w);
    for (int k = 0; k < out.n; k++) {
        out.re[k] = w.alpha[k];
        out.im[k] = w.beta[k];
    }
    out.linear = w.linear;
    out.constant = w.constant;
    return out;
}

double pole_set_sum(const struct density_weights *w, const struct lanes *g,
                    int64_t stride, int first, int64_t i)
{
    double sum = 0;

    for (int k = 0; k < w->n; k++) {
        int place = first + k;
        const struct lanes *at = g + (int64_t)(place / LANES) * stride + i;

        sum += w->re[k] * lane_part(at, place % LANES, false) +
               w->im[k] * lane_part(at, place % LANES, true);
    }
    return sum;
}

void pole_set_sites(const struct pole_density *p,
                    const struct density_weights *w,
                    const struct lanes *diagonal, int first, double temp,
                    double mu, double *n)
{
#pragma omp parallel for schedule(static) if (p->nsite > 4096)
    for (int64_t i = 0; i < p->nsite; i++)
        n[i] = w->constant + w->linear * (p->onsite[i] - mu) / temp +
               temp * pole_set_sum(w, diagonal, p->nsite, first, i);
}

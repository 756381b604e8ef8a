/* Density matrix from poles: see elec/pole_density.h. */

#include "elec/pole_density.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <gsl/gsl_sort.h>

#include "base/mem.h"
#include "base/sum.h"
#include "core/lattice.h"
#include "elec/fermi.h"
#include "elec/pole_graph.h"
#include "elec/pole_set.h"
#include "elec/pole_skip.h"
#include "elec/tile_memory.h"

enum { PASSES_MAX = 200, FLAT_PASSES = 3 };

/* The largest shift of mu, in T, that one set of Green's functions is asked
   about: the refitted weights still point the right way there. */
static const double far = 2.0;
/* Beyond this expected shift, in T, few extra poles are not considered. */
static const double few_limit = 0.05;

/* --- One pass: Green's functions at all poles for one mu. --- */

struct pass {
    struct pole_density *p;
    struct terms *t;
    const struct pole_request *ask;
    double mu;
    struct pole_part all; /* the traces of G when all sites are at one mu */
    const struct pole_part *part;
    int npart;
};

static void add_traces(struct pass *s)
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

/* The poles for mu, with few extra ones if these cover the expected shift. */
static int choose_set(struct pass *s, double mu, double expected)
{
    struct pole_density *p = s->p;
    struct shift_weights w;
    double lo, hi, temp = s->ask->temp;
    int status;

    terms_bounds(s->t, &lo, &hi);
    for (int few = 1; few >= 0; few--) {
        if (few && s->ask->fixed_number && expected > few_limit)
            continue;
        status = pole_set_at(
            p, pole_set_rung(fmax(fabs(hi - mu), fabs(lo - mu)) / temp), few,
            &p->used);
        if (status || !s->ask->fixed_number)
            return status;
        if (pole_set_extend(p->used))
            return POLE_MEMORY;
        p->few = few;
        if (expected == 0 ||
            pole_shift_weights(&p->used->shift, expected, &w) <=
                pole_set_slack(p, p->used))
            break;
    }
    return POLE_OK;
}

static int run_all(struct pass *s, double mu, double expected)
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
static int run_some(struct pass *s, double mu)
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

static int run_pass(struct pass *s, double mu, double expected)
{
    s->p->passes++;
    return s->ask->skip > 0 ? run_some(s, mu) : run_all(s, mu, expected);
}

/* N at mu + d T, and the error of the weights. */
static double number_at(const struct pass *s, double d, double *error)
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

/* --- The chemical potential. --- */

/* The shift in [-far, far] where N reaches the target, or the end of the range
   in its direction: bracketed regula falsi (Illinois). */
static double find_shift(const struct pass *s, double slack)
{
    double error, f0 = number_at(s, 0, &error) - s->ask->target, d = 0;
    double lo, hi, flo, fhi;

    if (fabs(f0) <= slack)
        return 0;
    for (double reach = 1e-3;; reach *= 8) {
        double f;

        d = (f0 > 0 ? -1 : 1) * fmin(reach, far);
        f = number_at(s, d, &error) - s->ask->target;
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
        f = number_at(s, d, &error) - s->ask->target;
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

static void remember(struct pole_density *p, double mu)
{
    memmove(p->history + 1, p->history,
            (POLE_HISTORY - 1) * sizeof *p->history);
    p->history[0] = mu;
    if (p->nhistory < POLE_HISTORY)
        p->nhistory++;
}

/* Of mu, in T, from the prediction: with a margin, since a miss costs a pass.
   The same configuration again has the same poles. */
static double expected_shift(const struct pole_density *p, double temp)
{
    if (p->again)
        return p->few ? 0 : INFINITY;
    return 2 * expected_miss(p) / temp;
}

/* Passes until the shift from the last one is covered by its weights. */
static int find_mu(struct pass *s, double *shift)
{
    struct pole_density *p = s->p;
    const struct pole_request *ask = s->ask;
    double mu = start_mu(p, s->t, ask), lo = -INFINITY, hi = INFINITY;
    double slack = 0.05 * p->tol *
                   fmax(1, fmin(ask->target, (double)p->nsite - ask->target));
    double expected = expected_shift(p, ask->temp);

    *shift = 0;
    for (int i = 0; i < PASSES_MAX; i++) {
        double d, excess, error;
        int status = run_pass(s, mu, expected);

        if (status || !ask->fixed_number)
            return status;
        d = find_shift(s, slack);
        number_at(s, d, &p->shift_error);
        if (p->shift_error <= pole_set_slack(p, p->used)) {
            *shift = d;
            return POLE_OK;
        }
        /* The weights of few poles would mislead far away. */
        expected = fabs(d) < few_limit && p->shift_error < 1e-4 ? 0 : INFINITY;
        excess = number_at(s, 0, &error) - ask->target;
        /* In a gap the number misses its target by the error of the poles,
           whatever mu is. */
        if (i >= FLAT_PASSES && fabs(excess) <= 20 * slack) {
            *shift = (mu - s->mu) / ask->temp;
            number_at(s, *shift, &p->shift_error);
            return POLE_OK;
        }
        if (excess > 0)
            hi = mu;
        else
            lo = mu;
        /* In a gap d says which way, not how far. */
        mu += d * ask->temp *
              (fabs(d) >= far || i >= FLAT_PASSES ? exp2(fmin(i, 12)) : 1);
        if (!(mu > lo && mu < hi))
            mu = isfinite(lo) && isfinite(hi) ? 0.5 * (lo + hi)
                 : isfinite(lo)               ? lo + ask->temp
                                              : hi - ask->temp;
    }
    return POLE_NUMBER;
}

/* --- Densities and energies. --- */

static void fill_sites(const struct pole_density *p, double temp, double mu,
                       const struct density_weights *w, double *n)
{
    if (!p->memory) {
        pole_set_sites(p, w, p->green.diagonal, 0, temp, mu, n);
        return;
    }
#pragma omp parallel for schedule(static) if (p->nsite > 4096)
    for (int64_t i = 0; i < p->nsite; i++)
        n[i] = pole_skip_site(p, temp, i);
}

static void fill_bonds(const struct pole_density *p, const struct terms *t,
                       double temp, const struct density_weights *w,
                       const double *n, double *rho)
{
#pragma omp parallel for schedule(static) if (p->nsite > 4096)
    for (int64_t b = 0; b < t->nbond; b++) {
        int64_t e = p->edge_of_bond[b];

        rho[b] = e < 0       ? n[t->bond[b].i]
                 : p->memory ? pole_skip_edge(p, temp, e)
                             : w->linear * p->hopping[e] / temp +
                                   temp * pole_set_sum(w, p->green.edge,
                                                       p->nedge, 0, e);
    }
}

/* Omega at the mu of the Green's functions. */
static double base_omega(const struct pass *s)
{
    const struct pole_density *p = s->p;
    const struct poles *f = &p->used->fit;
    double temp = s->ask->temp, n = (double)p->nsite, square = 0;
    double sum = 0.5 * (s->all.onsite - n * s->mu) / temp - n * M_LN2;

    for (int64_t i = 0; i < p->nsite; i++)
        square += (p->onsite[i] - s->mu) * (p->onsite[i] - s->mu);
    for (int64_t e = 0; e < p->nedge; e++)
        square += 2 * p->hopping[e] * p->hopping[e];
    sum -= 0.5 * f->linear * square / (temp * temp);
    /* ln det((H - mu)/T - i s) - n ln s, the logarithms of each size taken
       together so that large ones cancel early. */
    for (int k = 0; k < f->n; k++)
        sum -= f->a[k] * (p->green.logdet_re[k] - n * log(temp * f->s[k]));
    return temp * sum;
}

/* Omega(mu + d T) - Omega(mu) = -T int N: Gauss-Legendre with 4 points. */
static double shifted_omega(const struct pass *s, double d)
{
    static const double at[2] = {0.3399810435848563, 0.8611363115940526};
    static const double weight[2] = {0.6521451548625461, 0.3478548451374538};
    double sum = 0, error;

    for (int i = 0; i < 2; i++)
        sum += weight[i] * (number_at(s, 0.5 * d * (1 + at[i]), &error) +
                            number_at(s, 0.5 * d * (1 - at[i]), &error));
    return base_omega(s) - s->ask->temp * 0.5 * d * sum;
}

static double band_energy(const struct terms *t, const double *n,
                          const double *rho)
{
    double band = 0;

    for (int64_t i = 0; i < t->nsite; i++)
        band += t->onsite[i] * n[i];
    for (int64_t b = 0; b < t->nbond; b++)
        band += 2 * t->hopping[b] * rho[b];
    return band;
}

int pole_density_solve(struct pole_density *p, struct terms *t,
                       const struct lattice *lat,
                       const struct pole_request *ask, double *n, double *rho,
                       struct pole_solution *out)
{
    struct pass s = {.p = p, .t = t, .ask = ask};
    struct density_weights w;
    double d, error;
    int status = pole_graph_make(p, t, lat);

    if (status)
        return status;
    pole_graph_fill(p, t);
    status = find_mu(&s, &d);
    if (status)
        return status;
    p->reference = s.mu;
    p->shift = d;
    out->mu = s.mu + d * ask->temp;
    w = pole_set_weights(p->used, d, &error);
    if (p->memory && pole_skip_weigh(p, ask->temp, out->mu))
        return POLE_MEMORY;
    fill_sites(p, ask->temp, s.mu, &w, n);
    out->number = sum_array(n, p->nsite);
    if (ask->want_bonds)
        fill_bonds(p, t, ask->temp, &w, n, rho);
    if (ask->want_energy) {
        out->omega = d == 0 ? base_omega(&s) : shifted_omega(&s, d);
        out->band = band_energy(t, n, rho);
    }
    if (!p->again)
        remember(p, out->mu);
    p->again = false;
    p->solutions++;
    return POLE_OK;
}

/* --- What the buffers of tiles leave out. --- */

/* Sites or edges at[n] of the lattice, which come in this order in the Green's
   functions of both probes. */
struct sample {
    const int64_t *at;
    int64_t n;
    bool edges;
    const struct lanes *probe[2];
};

/* The largest differences of an entry of the density matrix between the tiles,
   the first probe and the second, whose Green's functions are at mu. */
static void differences(const struct pole_density *p, double temp, double mu,
                        const struct density_weights *w, const struct sample *s,
                        double largest[2])
{
    const struct lanes *full = s->edges ? p->green.edge : p->green.diagonal;
    int64_t stride = s->edges ? p->nedge : p->nsite;

    for (int64_t i = 0; i < s->n; i++) {
        int64_t k = s->at[i];
        double x = (s->edges ? p->hopping[k] : p->onsite[k] - mu) / temp;
        double base = w->linear * x + (s->edges ? 0 : w->constant), a;
        double b = base + temp * pole_set_sum(w, s->probe[0], s->n, 0, i);
        double c = base + temp * pole_set_sum(w, s->probe[1], s->n, 0, i);

        if (p->memory)
            a = s->edges ? pole_skip_edge(p, temp, k)
                         : pole_skip_site(p, temp, k);
        else
            a = base + temp * pole_set_sum(w, full, stride, 0, k);
        largest[0] = fmax(largest[0], fabs(a - b));
        largest[1] = fmax(largest[1], fabs(b - c));
    }
}

/* Below this, differences are rounding. */
static const double noise = 1e-14;

/* Of the differences of buffer^-power. */
static double power_ratio(double buffer, double power)
{
    double a = pow(buffer, -power), b = pow(buffer + PROBE_STEP, -power);
    double c = pow(buffer + 2 * PROBE_STEP, -power);

    return (b - c) / (a - b);
}

static void judge(double first, double second, int buffer, struct locality *out)
{
    double power = 2;

    out->ratio = first > noise ? second / first : 0;
    out->converged = out->ratio < power_ratio(buffer, power);
    if (out->converged) {
        out->error = first / (1 - out->ratio);
        return;
    }
    /* Slower than 1/sqrt(buffer) is no law that could be continued. */
    while (power > 0.5 && power_ratio(buffer, power) < out->ratio)
        power -= 0.125;
    out->error = first / (1 - pow(1 + (double)PROBE_STEP / buffer, -power));
}

int pole_density_locality(struct pole_density *p, const struct terms *t,
                          const struct lattice *lat,
                          const struct pole_request *ask, struct locality *out)
{
    struct selinv_result r[2] = {{0}, {0}};
    double re[POLES_MAX + 8], im[POLES_MAX + 8], largest[2] = {0, 0}, error;
    double shift = p->memory ? 0 : p->shift;
    double mu = p->reference + (p->shift - shift) * ask->temp;
    struct density_weights w = pole_set_weights(p->used, shift, &error);
    int status = pole_graph_probes(p, t, lat), n = p->green.nshift;
    bool edges = p->green.nedge > 0;

    *out = (struct locality){.converged = true};
    pole_set_shifts(p->used, mu, ask->temp, n, re, im);
    for (int i = 0; i < 2 && !status; i++) {
        status = tile_set_solve(p->probe[i], p->onsite, p->hopping, n, re, im,
                                edges, ask->nthread, &r[i]);
        status = status == -1 ? POLE_MEMORY : status ? POLE_PIVOT : POLE_OK;
    }
    for (int i = 0; i < 1 + edges && !status; i++) {
        struct sample s = {.edges = i > 0,
                           .probe = {i ? r[0].edge : r[0].diagonal,
                                     i ? r[1].edge : r[1].diagonal}};

        s.at = i ? tile_set_edges(p->probe[0], &s.n)
                 : tile_set_sites(p->probe[0], &s.n);
        differences(p, ask->temp, mu, &w, &s, largest);
    }
    if (!status)
        judge(largest[0], largest[1], p->buffer, out);
    selinv_result_free(&r[0]);
    selinv_result_free(&r[1]);
    return status;
}

void pole_density_fini(struct pole_density *p)
{
    pole_graph_free(p);
    mem_free(p->kept);
    for (int i = 0; i < POLE_SETS; i++)
        pole_shift_fini(&p->set[i].shift);
    *p = (struct pole_density){
        .tol = p->tol, .tile = p->tile, .buffer = p->buffer};
}

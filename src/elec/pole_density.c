/* Density matrix from poles: see elec/pole_density.h. */

#include "elec/pole_density.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/sum.h"
#include "core/lattice.h"
#include "elec/pole_graph.h"
#include "elec/pole_pass.h"
#include "elec/pole_set.h"
#include "elec/pole_skip.h"
#include "elec/tile_memory.h"

static void remember(struct pole_density *p, double mu)
{
    memmove(p->history + 1, p->history,
            (POLE_HISTORY - 1) * sizeof *p->history);
    p->history[0] = mu;
    if (p->nhistory < POLE_HISTORY)
        p->nhistory++;
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
static double base_omega(const struct pole_pass *s)
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
static double shifted_omega(const struct pole_pass *s, double d)
{
    static const double at[2] = {0.3399810435848563, 0.8611363115940526};
    static const double weight[2] = {0.6521451548625461, 0.3478548451374538};
    double sum = 0, error;

    for (int i = 0; i < 2; i++)
        sum += weight[i] * (pole_pass_number(s, 0.5 * d * (1 + at[i]), &error) +
                            pole_pass_number(s, 0.5 * d * (1 - at[i]), &error));
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

/* Other poles have another error, which Omega follows. */
static void count_refit(struct pole_density *p, double temp)
{
    const struct poles *f = &p->used->fit;
    double *last = p->last_fit;

    if (p->solutions && (f->error != last[0] || f->bound != last[1])) {
        p->refits++;
        p->jump =
            fmax(p->jump, temp * (f->error * f->bound + last[0] * last[1]));
    }
    last[0] = f->error;
    last[1] = f->bound;
}

int pole_density_solve(struct pole_density *p, struct terms *t,
                       const struct lattice *lat,
                       const struct pole_request *ask, double *n, double *rho,
                       struct pole_solution *out)
{
    struct pole_pass s = {.p = p, .t = t, .ask = ask};
    struct density_weights w;
    double d, error;
    int status = pole_graph_make(p, t, lat);

    if (status)
        return status;
    pole_graph_fill(p, t);
    p->tol = ask->tol;
    p->worst = ask->worst;
    status = pole_pass_find_mu(&s, &d);
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
    count_refit(p, ask->temp);
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
    *p = (struct pole_density){.tile = p->tile, .buffer = p->buffer};
}

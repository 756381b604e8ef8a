/* Tiles that are not solved again: see elec/pole_skip.h. */

#include "elec/pole_skip.h"

#include <limits.h>
#include <math.h>

#include "base/mem.h"
#include "elec/pole_set.h"
#include "elec/tile_memory.h"

/* A set is left when it is too small, or so much larger than needed. */
enum { RUNGS_LARGER = 2 };

/* The largest shift that the weights serve for. */
static double find_reach(const struct pole_set *s)
{
    struct shift_weights w;
    double lo = 1e-9, hi = 2, slack = pole_set_slack(s);

    for (int i = 0; i < 24; i++) {
        double d = sqrt(lo * hi);

        if (fmax(pole_shift_weights(&s->shift, d, &w),
                 pole_shift_weights(&s->shift, -d, &w)) <= slack)
            lo = d;
        else
            hi = d;
    }
    return lo;
}

static int choose_set(struct pole_density *p, const struct pole_request *ask,
                      double bound, bool same)
{
    struct pole_set *before = p->used;
    int status, rung = pole_set_rung(bound);

    if (p->rung > rung && p->rung <= rung + RUNGS_LARGER)
        rung = p->rung;
    if (same)
        rung = p->rung;
    status = pole_set_at(p, rung, p->tol, POLE_SOME, &p->used);
    if (!status && ask->fixed_number)
        status = pole_set_extend(p->used);
    if (status)
        return status;
    if (p->rung != rung)
        tile_memory_forget(p->memory);
    p->rung = rung;
    if (!ask->fixed_number)
        p->reach = 0;
    else if (p->used != before || p->reach == 0)
        p->reach = find_reach(p->used);
    return POLE_OK;
}

void pole_density_forget(struct pole_density *p)
{
    if (p->memory)
        tile_memory_forget(p->memory);
    mem_free(p->kept);
    p->kept = NULL;
    p->rung = INT_MIN;
}

/* The memory, with what a restart file held. */
static int make_memory(struct pole_density *p, const struct pole_request *ask)
{
    if (p->memory)
        return POLE_OK;
    p->memory = tile_memory_new(p->tiles, ask->ncomp, p->nsite, p->nedge);
    if (!p->memory)
        return POLE_MEMORY;
    if (!p->kept || !tile_memory_restore(p->memory, p->kept, p->nkept))
        pole_density_forget(p);
    mem_free(p->kept);
    p->kept = NULL;
    return POLE_OK;
}

int pole_skip_pass(struct pole_density *p, const struct pole_request *ask,
                   double lo, double hi, double wanted, double *at)
{
    double re[TRACES_MAX], im[TRACES_MAX], step;
    struct tile_memory_request q = {.onsite = p->onsite,
                                    .hopping = p->hopping,
                                    .displacement = ask->displacement,
                                    .nsite = p->nsite,
                                    .skip = ask->skip,
                                    .wanted = wanted,
                                    .im = im,
                                    .want_edges =
                                        ask->want_bonds || p->green.nedge > 0,
                                    .nthread = ask->nthread};
    int64_t solved;
    int status = make_memory(p, ask);
    /* The same configuration once more: what served then serves now. */
    bool same = p->again && p->rung != INT_MIN && wanted == p->reference;

    if (!status)
        status = choose_set(
            p, ask, fmax(fabs(hi - wanted), fabs(lo - wanted)) / ask->temp,
            same);
    if (status)
        return status;
    step = 0.5 * p->reach * ask->temp;
    q.nshift = ask->fixed_number ? p->used->shift.n : p->used->fit.n;
    q.mu = same || step == 0 ? wanted : step * rint(wanted / step);
    q.reach = same ? INFINITY : p->reach * ask->temp;
    *at = q.mu;
    pole_set_shifts(p->used, q.mu, ask->temp, q.nshift, re, im);
    status = tile_memory_solve(p->memory, p->tiles, &q, &p->green, &solved);
    p->tiles_solved += solved;
    return status ? status == -1 ? POLE_MEMORY : POLE_PIVOT : POLE_OK;
}

int pole_skip_weigh(struct pole_density *p, double temp, double mu)
{
    struct tile_memory *m = p->memory;
    struct density_weights *w =
        mem_resize(p->weights, (size_t)m->npart, sizeof *w);
    double error;

    if (!w)
        return POLE_MEMORY;
    p->weights = w;
    for (int i = 0; i < m->npart; i++)
        w[i] = pole_set_weights(p->used, (mu - m->part[i].mu) / temp, &error);
    return POLE_OK;
}

double pole_skip_site(const struct pole_density *p, double temp, int64_t site)
{
    const struct tile_memory *m = p->memory;
    int part = m->part_of_tile[m->tile_of_site[site]];
    const struct density_weights *w = &p->weights[part];

    return w->constant +
           w->linear * (m->onsite[site] - m->part[part].mu) / temp +
           temp * pole_set_sum(w, p->green.diagonal, p->nsite, 0, site);
}

double pole_skip_edge(const struct pole_density *p, double temp, int64_t edge)
{
    const struct tile_memory *m = p->memory;
    const struct density_weights *w =
        &p->weights[m->part_of_tile[m->tile_of_edge[edge]]];

    return w->linear * m->hopping[edge] / temp +
           temp * pole_set_sum(w, p->green.edge, p->nedge, 0, edge);
}

void pole_skip_free(struct pole_density *p)
{
    tile_memory_free(p->memory);
    mem_free(p->weights);
    p->memory = NULL;
    p->weights = NULL;
}

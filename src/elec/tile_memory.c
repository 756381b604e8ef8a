/* Tiles that are not solved again: see elec/tile_memory.h. */

#include "elec/tile_memory.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "elec/tile_set.h"

struct tile_memory *tile_memory_new(const struct tile_set *s, int ncomp,
                                    int64_t nsite, int64_t nedge)
{
    struct tile_memory *m = mem_zalloc(1, sizeof *m);
    size_t n = (size_t)s->ntile;

    if (!m)
        return NULL;
    m->ntile = s->ntile;
    m->ncomp = ncomp;
    m->first = mem_alloc(n + 1, sizeof *m->first);
    m->present = mem_zalloc(n, sizeof *m->present);
    m->trace = mem_alloc(n, sizeof *m->trace);
    m->part = mem_alloc(n, sizeof *m->part);
    m->part_of_tile = mem_alloc(n, sizeof *m->part_of_tile);
    m->job = mem_alloc(n, sizeof *m->job);
    m->tile_of_site = mem_alloc((size_t)nsite, sizeof *m->tile_of_site);
    m->tile_of_edge = mem_alloc((size_t)nedge, sizeof *m->tile_of_edge);
    m->onsite = mem_alloc((size_t)nsite, sizeof *m->onsite);
    m->hopping = mem_alloc((size_t)nedge, sizeof *m->hopping);
    if (m->first) {
        m->first[0] = 0;
        for (int64_t k = 0; k < s->ntile; k++) {
            const struct tile_shape *shape = &s->shape[s->tile[k].shape];

            m->first[k + 1] =
                m->first[k] + 1 + (ncomp + 1) * shape->nsite + shape->nedge;
        }
        m->nstate = m->first[s->ntile];
        m->state = mem_alloc((size_t)m->nstate, sizeof *m->state);
    }
    if (!m->state || !m->present || !m->trace || !m->part || !m->part_of_tile ||
        !m->job || !m->tile_of_site || !m->tile_of_edge || !m->onsite ||
        !m->hopping) {
        tile_memory_free(m);
        return NULL;
    }
    for (int64_t k = 0; k < s->ntile; k++) {
        const struct tile *t = &s->tile[k];

        for (int64_t i = 0; i < t->nsite; i++)
            m->tile_of_site[t->site[t->core_site[i]]] = (int)k;
        for (int64_t i = 0; i < t->nedge; i++)
            m->tile_of_edge[t->edge[t->core_edge[i]]] = (int)k;
    }
    tile_memory_forget(m);
    return m;
}

void tile_memory_free(struct tile_memory *m)
{
    if (!m)
        return;
    mem_free(m->first);
    mem_free(m->state);
    mem_free(m->present);
    mem_free(m->trace);
    mem_free(m->part);
    mem_free(m->part_of_tile);
    mem_free(m->job);
    mem_free(m->tile_of_site);
    mem_free(m->tile_of_edge);
    mem_free(m->onsite);
    mem_free(m->hopping);
    mem_free(m);
}

static double *mu_of(const struct tile_memory *m, int64_t tile)
{
    return m->state + m->first[tile];
}

void tile_memory_forget(struct tile_memory *m)
{
    for (int64_t k = 0; k < m->ntile; k++) {
        *mu_of(m, k) = NAN;
        m->present[k] = false;
    }
}

bool tile_memory_restore(struct tile_memory *m, const double *state, int64_t n)
{
    if (n != m->nstate)
        return false;
    memcpy(m->state, state, (size_t)n * sizeof *state);
    memset(m->present, 0, (size_t)m->ntile * sizeof *m->present);
    return true;
}

/* --- The numbers of a tile. --- */

struct numbers {
    double *displacement, *onsite, *hopping;
};

static struct numbers numbers_of(const struct tile_memory *m,
                                 const struct tile_set *s, int64_t tile)
{
    int64_t nsite = s->shape[s->tile[tile].shape].nsite;
    double *at = mu_of(m, tile) + 1;

    return (struct numbers){at, at + m->ncomp * nsite,
                            at + (m->ncomp + 1) * nsite};
}

static bool moved(const struct tile_memory *m, const struct tile_set *s,
                  const struct tile_memory_request *q, int64_t tile)
{
    const double *old = numbers_of(m, s, tile).displacement;
    const struct tile *t = &s->tile[tile];
    int64_t nsite = s->shape[t->shape].nsite;

    for (int c = 0; c < m->ncomp; c++)
        for (int64_t i = 0; i < nsite; i++)
            if (!(fabs(q->displacement[c * q->nsite + t->site[i]] -
                       old[c * nsite + i]) <= q->skip))
                return true;
    return false;
}

static void take(struct tile_memory *m, const struct tile_set *s,
                 const struct tile_memory_request *q, int64_t tile)
{
    struct numbers to = numbers_of(m, s, tile);
    const struct tile *t = &s->tile[tile];
    const struct tile_shape *shape = &s->shape[t->shape];

    *mu_of(m, tile) = q->mu;
    for (int c = 0; c < m->ncomp; c++)
        for (int64_t i = 0; i < shape->nsite; i++)
            to.displacement[c * shape->nsite + i] =
                q->displacement[c * q->nsite + t->site[i]];
    for (int64_t i = 0; i < shape->nsite; i++)
        to.onsite[i] = q->onsite[t->site[i]];
    for (int64_t k = 0; k < shape->nedge; k++)
        to.hopping[k] = q->hopping[t->edge[k]];
}

/* --- After a solution. --- */

static void spread(struct tile_memory *m, const struct tile_set *s,
                   int64_t tile)
{
    struct numbers from = numbers_of(m, s, tile);
    const struct tile *t = &s->tile[tile];

    for (int64_t i = 0; i < t->nsite; i++)
        m->onsite[t->site[t->core_site[i]]] = from.onsite[t->core_site[i]];
    for (int64_t i = 0; i < t->nedge; i++)
        m->hopping[t->edge[t->core_edge[i]]] = from.hopping[t->core_edge[i]];
}

static void find_trace(struct tile_memory *m, const struct tile_set *s,
                       const struct selinv_result *r, int64_t tile)
{
    const struct tile *t = &s->tile[tile];
    struct pole_part *p = &m->trace[tile];

    *p = (struct pole_part){.mu = *mu_of(m, tile), .sites = (double)t->nsite};
    for (int64_t i = 0; i < t->nsite; i++)
        p->onsite += m->onsite[t->site[t->core_site[i]]];
    for (int k = 0; k < r->nshift; k++) {
        const struct lanes *g = r->diagonal + (int64_t)(k / LANES) * r->nsite;

        for (int64_t i = 0; i < t->nsite; i++) {
            const struct lanes *at = &g[t->site[t->core_site[i]]];

            p->re[k] += at->re[k % LANES];
            p->im[k] += at->im[k % LANES];
        }
    }
}

/* In the order of the tiles, so that the sums have one order too. */
static void make_parts(struct tile_memory *m, int nshift)
{
    m->npart = 0;
    for (int64_t k = 0; k < m->ntile; k++) {
        const struct pole_part *from = &m->trace[k];
        int i = m->npart - 1;

        while (i >= 0 && m->part[i].mu != from->mu)
            i--;
        if (i < 0) {
            i = m->npart++;
            m->part[i] = (struct pole_part){.mu = from->mu};
        }
        m->part_of_tile[k] = i;
        m->part[i].sites += from->sites;
        m->part[i].onsite += from->onsite;
        for (int l = 0; l < nshift; l++) {
            m->part[i].re[l] += from->re[l];
            m->part[i].im[l] += from->im[l];
        }
    }
}

/* --- One pass. --- */

static int64_t list_jobs(struct tile_memory *m, const struct tile_set *s,
                         const struct tile_memory_request *q, int64_t *solved)
{
    int64_t njob = 0;

    *solved = 0;
    for (int64_t k = 0; k < m->ntile; k++) {
        struct numbers at = numbers_of(m, s, k);
        double mu = *mu_of(m, k);
        bool due = !(fabs(mu - q->wanted) <= q->reach) || moved(m, s, q, k);

        if (due) {
            take(m, s, q, k);
            ++*solved;
        }
        if (due || !m->present[k])
            m->job[njob++] = (struct tile_job){.tile = k,
                                               .mu = *mu_of(m, k),
                                               .onsite = at.onsite,
                                               .hopping = at.hopping};
    }
    return njob;
}

int tile_memory_solve(struct tile_memory *m, struct tile_set *s,
                      const struct tile_memory_request *q,
                      struct selinv_result *r, int64_t *solved)
{
    const struct lanes *diagonal = r->diagonal, *edge = r->edge;
    int64_t njob;
    int status;

    if (selinv_result_reserve(r, s->nsite, q->want_edges ? s->nedge : 0,
                              q->nshift, false))
        return -1;
    if (r->diagonal != diagonal || r->edge != edge)
        memset(m->present, 0, (size_t)m->ntile * sizeof *m->present);
    njob = list_jobs(m, s, q, solved);
    status = tile_set_solve_jobs(s, m->job, njob, q->nshift, q->im,
                                 q->want_edges, q->nthread, r);
    if (status) {
        tile_memory_forget(m);
        return status;
    }
#pragma omp parallel for schedule(static) num_threads(q->nthread)
    for (int64_t i = 0; i < njob; i++) {
        m->present[m->job[i].tile] = true;
        spread(m, s, m->job[i].tile);
        find_trace(m, s, r, m->job[i].tile);
    }
    make_parts(m, q->nshift);
    return 0;
}

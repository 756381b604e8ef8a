/* Green's functions from overlapping tiles: see elec/tile_density.h. */

#include "elec/tile_density.h"

#include <math.h>
#include <omp.h>

#include "base/mem.h"
#include "elec/tile_set.h"
#include "la/poles.h"

int64_t tile_set_count(const struct tile_set *s)
{
    return s->ntile;
}

int tile_set_shapes(const struct tile_set *s)
{
    return s->nshape;
}

const int64_t *tile_set_sites(const struct tile_set *s, int64_t *n)
{
    *n = s->nsite;
    return s->sites;
}

const int64_t *tile_set_edges(const struct tile_set *s, int64_t *n)
{
    *n = s->nedge;
    return s->edges;
}

/* Of one thread: results of a tile, then the fronts. */
static size_t room_size(const struct tile_set *s)
{
    return s->most_room + (size_t)(s->most_sites + s->most_edges);
}

double tile_set_bytes(const struct tile_set *s, int nthread)
{
    double bytes = nthread * (double)room_size(s) * sizeof(struct lanes);

    for (int64_t k = 0; k < s->ntile; k++) {
        const struct tile_shape *shape = &s->shape[s->tile[k].shape];

        bytes +=
            8.0 * (double)(shape->nsite + 2 * shape->nedge + s->tile[k].nsite);
    }
    return bytes;
}

static int reserve(struct tile_set *s, int nthread)
{
    size_t n = (size_t)nthread;

    if (s->nroom >= nthread)
        return 0;
    mem_free(s->room);
    mem_free(s->value);
    s->nroom = 0;
    s->room = mem_alloc(n * room_size(s), sizeof *s->room);
    s->value = mem_alloc(n * (size_t)(s->most_sites + s->most_edges),
                         sizeof *s->value);
    if (!s->room || !s->value)
        return -1;
    s->nroom = nthread;
    return 0;
}

struct request {
    const double *onsite, *hopping, *re, *im; /* of the lattice .. */
    const struct tile_job *job;               /* .. or of each tile */
    int nshift;
    bool want_edges;
    struct selinv_result *r;
};

static void solve_tile(struct tile_set *s, const struct request *q,
                       const struct tile *t, const struct tile_job *job,
                       int batch, int thread)
{
    const struct tile_shape *shape = &s->shape[t->shape];
    struct lanes *diagonal = s->room + (size_t)thread * room_size(s);
    struct lanes *edge = diagonal + s->most_sites;
    double *onsite = s->value + thread * (s->most_sites + s->most_edges);
    double *hopping = onsite + s->most_sites, same[POLES_MAX + 8];
    struct lanes *to = q->r->diagonal + batch * s->nsite;

    for (int64_t i = 0; !job && i < shape->nsite; i++)
        onsite[i] = q->onsite[t->site[i]];
    for (int64_t k = 0; !job && k < shape->nedge; k++)
        hopping[k] = q->hopping[t->edge[k]];
    for (int k = 0; job && k < q->nshift; k++)
        same[k] = job->mu;
    selinv_batch(shape->selinv, job ? job->onsite : onsite,
                 job ? job->hopping : hopping, q->nshift, job ? same : q->re,
                 q->im, batch, edge + s->most_edges, diagonal, edge);
    for (int64_t i = 0; i < t->nsite; i++) {
        int64_t local = t->core_site[i];

        to[s->compact ? t->first_site + i : t->site[local]] = diagonal[local];
    }
    to = q->r->edge + batch * s->nedge;
    for (int64_t i = 0; q->want_edges && i < t->nedge; i++) {
        int64_t local = t->core_edge[i];

        to[s->compact ? t->first_edge + i : t->edge[local]] = edge[local];
    }
}

static bool finite_result(const struct tile_set *s,
                          const struct lanes *diagonal)
{
    double sum = 0;

    for (int64_t i = 0; i < s->nsite; i++)
        for (int l = 0; l < LANES; l++)
            sum += fabs(diagonal[i].re[l]) + fabs(diagonal[i].im[l]);
    return isfinite(sum);
}

static int solve(struct tile_set *s, const struct request *q, int64_t count,
                 int nthread)
{
    int nbatch = (q->nshift + LANES - 1) / LANES;
    int64_t work = count * nbatch;

    if (nthread > work)
        nthread = (int)work;
    if (work == 0)
        return 0;
    if (reserve(s, nthread))
        return -1;
#pragma omp parallel for schedule(dynamic) num_threads(nthread)
    for (int64_t k = 0; k < work; k++) {
        const struct tile_job *job = q->job ? &q->job[k / nbatch] : NULL;
        int64_t tile = job ? job->tile : k / nbatch;
        int thread = omp_get_thread_num();

        /* final: what the fronts would share out runs in this thread. */
#pragma omp task final(1) if (0)
        solve_tile(s, q, &s->tile[tile], job, (int)(k % nbatch), thread);
    }
    for (int k = 0; k < nbatch; k++)
        if (!finite_result(s, q->r->diagonal + k * s->nsite))
            return -2;
    return 0;
}

int tile_set_solve(struct tile_set *s, const double *onsite,
                   const double *hopping, int nshift, const double *re,
                   const double *im, bool want_edges, int nthread,
                   struct selinv_result *r)
{
    struct request q = {.onsite = onsite,
                        .hopping = hopping,
                        .re = re,
                        .im = im,
                        .nshift = nshift,
                        .want_edges = want_edges,
                        .r = r};

    if (selinv_result_reserve(r, s->nsite, want_edges ? s->nedge : 0, nshift,
                              false))
        return -1;
    return solve(s, &q, s->ntile, nthread);
}

int tile_set_solve_jobs(struct tile_set *s, const struct tile_job *job,
                        int64_t njob, int nshift, const double *im,
                        bool want_edges, int nthread, struct selinv_result *r)
{
    struct request q = {.job = job,
                        .im = im,
                        .nshift = nshift,
                        .want_edges = want_edges,
                        .r = r};

    return solve(s, &q, njob, nthread);
}

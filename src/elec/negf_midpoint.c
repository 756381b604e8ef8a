/* Densities by the midpoint rule on a fixed grid of energies, as published
   [Fan2026]: no poles, no tails, all as good as the grid.

       n_ij = sum_E dE/2pi (A_ij f_R + sum_a F_a,ij (f_a - f_R)),

   which at each energy is sum_a F_a f_a, since A = sum_a F_a.  The whole grid
   is cut into pieces of a fixed size, whose sums are added in order, so that
   bits do not depend on threads. */

#include <math.h>
#include <omp.h>
#include <string.h>

#include "base/mem.h"
#include "elec/fermi.h"
#include "elec/negf.h"

enum { PIECE = 32 }; /* energies */

struct grid {
    struct negf *s;
    const struct terms *t;
    const struct negf_request *q;
    const struct negf_lead *reference;
    int main; /* lead whose layers serve for the whole Green's function */
    struct block_chain **chain; /* [nlead] */
    size_t room, columns, stride;
    struct lanes *work; /* [nthread][stride] */
    int64_t size;       /* n0, rho0, then the windows */
    int64_t piece;
};

static int64_t first_of_window(const struct grid *g, int lead)
{
    int64_t at = g->s->nsite + g->s->nbond;

    for (int a = 0; a < lead; a++)
        if (!g->s->reference[a])
            at += g->s->window[a].size;
    return at;
}

static double energy(const struct negf_request *q, int64_t k)
{
    return q->lo + (q->hi - q->lo) * ((double)k + 0.5) / (double)q->points;
}

static double filling(const struct negf_lead *l, double e)
{
    return fermi_function((e - l->mu) / l->temp);
}

static void add_reference(const struct grid *g, const double *weight,
                          const struct lanes *diagonal,
                          const struct lanes *edge, double *sum)
{
    for (int l = 0; l < LANES; l++) {
        for (int64_t i = 0; i < g->s->nsite; i++)
            sum[i] -= 2 * weight[l] * diagonal[i].im[l];
        for (int64_t b = 0; b < g->s->nbond; b++)
            sum[g->s->nsite + b] -= 2 * weight[l] * edge[b].im[l];
    }
}

static void add_window(const struct grid *g, int lead,
                       const struct lanes *column, const double *weight,
                       lane_vector *value, double *sum)
{
    negf_values(g->chain[lead], g->s, &g->q->lead[lead], column,
                g->q->want_bonds, value);
    for (int64_t i = 0; i < g->s->window[lead].size; i++)
        for (int l = 0; l < LANES; l++)
            sum[i] += weight[l] * value[i][l];
}

/* Four energies, those beyond the grid with weight 0. */
static int add_batch(const struct grid *g, int64_t first, struct lanes *work,
                     double *sum, int *again)
{
    const struct negf_request *q = g->q;
    struct block_matrix m = {g->t->onsite, g->s->broadening, g->t->hopping, 0};
    struct lanes *column = work + g->room, *diagonal = column + g->columns;
    struct lanes *edge = diagonal + g->s->nsite;
    double re[LANES], im[LANES] = {0}, weight[LANES];
    double step = (q->hi - q->lo) / (double)q->points / (2 * M_PI);
    int status = 0;

    for (int l = 0; l < LANES; l++) {
        int64_t k = first + l < q->points ? first + l : q->points - 1;

        re[l] = energy(q, k);
        weight[l] = first + l < q->points ? step : 0;
    }
    for (int a = 0; a < q->nlead && !status; a++) {
        bool window = !g->s->reference[a] && q->lead[a].gamma > 0;
        bool all = a == g->main;
        struct block_result r = {window ? column : NULL, all ? diagonal : NULL,
                                 all ? edge : NULL};
        double w[LANES];

        if (!window && !all)
            continue;
        status = block_solve(g->chain[a], &m, re, im, work, &r, again);
        for (int l = 0; l < LANES; l++)
            w[l] = weight[l] *
                   (filling(&q->lead[a], re[l]) - filling(g->reference, re[l]));
        if (!status && window)
            add_window(g, a, column, w, (lane_vector *)(edge + g->s->nbond),
                       sum + first_of_window(g, a));
        for (int l = 0; l < LANES; l++)
            w[l] = weight[l] * filling(g->reference, re[l]);
        if (!status && all)
            add_reference(g, w, diagonal, edge, sum);
    }
    return status == 0 ? 0 : status == -1 ? NEGF_MEMORY : NEGF_SINGULAR;
}

static int add_piece(const struct grid *g, int64_t piece, struct lanes *work,
                     double *sum, int *again)
{
    int64_t first = piece * PIECE, end = first + PIECE;
    int status = 0;

    memset(sum, 0, (size_t)g->size * sizeof *sum);
    for (int64_t k = first; k < end && k < g->q->points && !status; k += LANES)
        status = add_batch(g, k, work, sum, again);
    return status;
}

/* Pieces side by side, at most as many as threads, then their sums in order. */
static int add_all(const struct grid *g, double *sum, double *total)
{
    int64_t pieces = (g->q->points + PIECE - 1) / PIECE;
    int threads = g->q->nthread, status = 0, again = 0;

    memset(total, 0, (size_t)g->size * sizeof *total);
    for (int64_t first = 0; first < pieces && !status; first += threads) {
        int count = (int)(pieces - first < threads ? pieces - first : threads);

#pragma omp parallel for num_threads(threads) schedule(static, 1)              \
    reduction(+ : again)
        for (int k = 0; k < count; k++) {
            int failed =
                add_piece(g, first + k, g->work + (size_t)k * g->stride,
                          sum + k * g->size, &again);

            if (failed) {
#pragma omp critical
                status = failed;
            }
        }
        for (int k = 0; k < count && !status; k++)
            for (int64_t i = 0; i < g->size; i++)
                total[i] += sum[k * g->size + i];
    }
    g->s->again += again;
    g->s->energies += g->q->points;
    return status;
}

static void take(const struct grid *g, const double *total)
{
    struct negf *s = g->s;

    memcpy(s->n0, total, (size_t)s->nsite * sizeof *total);
    memcpy(s->rho0, total + s->nsite, (size_t)s->nbond * sizeof *total);
    for (int64_t b = 0; b < s->nbond; b++)
        if (s->edge[b][0] == s->edge[b][1])
            s->rho0[b] = s->n0[s->edge[b][0]];
    for (int a = 0; a < s->nlead; a++)
        if (!s->reference[a])
            memcpy(s->window[a].all, total + first_of_window(g, a),
                   (size_t)s->window[a].size * sizeof *total);
}

int negf_midpoint(struct negf *s, const struct terms *t,
                  const struct negf_request *q)
{
    struct grid g = {.s = s,
                     .t = t,
                     .q = q,
                     .reference = negf_reference(s, q),
                     .main = negf_main_lead(s, q),
                     .chain = s->chain};
    size_t threads = (size_t)q->nthread;
    double *sum, *total;
    int status = 0;

    for (int a = 0; a < q->nlead; a++) {
        struct block_chain *c = negf_chain(s, q, a);
        size_t columns = (size_t)s->nsite * (size_t)(c ? c->first[1] : 0);

        if (!c)
            return NEGF_MEMORY;
        g.room = block_room(c) > g.room ? block_room(c) : g.room;
        if (!s->reference[a] && columns > g.columns)
            g.columns = columns;
    }
    g.size = first_of_window(&g, q->nlead);
    g.stride =
        g.room + g.columns + (size_t)(s->nsite + s->nbond + (g.size + 1) / 2);
    g.work = mem_alloc(threads * g.stride, sizeof *g.work);
    sum = mem_alloc(threads * (size_t)g.size, sizeof *sum);
    total = mem_alloc((size_t)g.size, sizeof *total);
    if (g.work && sum && total)
        status = add_all(&g, sum, total);
    else
        status = NEGF_MEMORY;
    if (!status)
        take(&g, total);
    mem_free(g.work);
    mem_free(sum);
    mem_free(total);
    return status;
}

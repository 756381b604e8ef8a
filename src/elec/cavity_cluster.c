/* Clusters of the cavity method and the order in which their sites are taken
   out: see elec/cavity.h.

   A site whose couplings are all still the hopping costs one reciprocal and
   additions; the others a product for each pair of sites that they couple.  A
   few rules are tried, and the cheapest order is kept. */

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "elec/cavity_parts.h"

static bool at(const int a[3], const int b[3])
{
    return a[0] == b[0] && a[1] == b[1] && a[2] == b[2];
}

/* Which member of the cluster is behind a tap of member i; -1: none. */
static int member(const struct cavity *c, const struct cavity_cluster *k, int i,
                  int tap)
{
    int from = k->to[i], cell[3];
    for (int a = 0; a < 3; a++)
        cell[a] = k->cell[i][a] + c->tap[from][tap].cell[a];
    for (int j = 0; j < k->nsite; j++)
        if (k->to[j] == c->tap[from][tap].to && at(k->cell[j], cell))
            return j;
    return -1;
}

/* The matrix while sites are taken out: -1 where it is zero. */
struct elimination {
    int slot[CAVITY_SITES][CAVITY_SITES];
    bool set[CAVITY_SLOTS + CAVITY_SITES * CAVITY_SITES]; /* holds a number */
    bool gone[CAVITY_SITES];
    int nslot;
    double work;
};

enum rule { FEWEST, CHEAPEST, PLAIN_FIRST, RULES };

/* Sites coupled to i now; *plain: all by the hopping. */
static int coupled(const struct elimination *e, int n, int i, int *near,
                   bool *plain)
{
    int sum = 0;
    *plain = true;
    for (int j = 0; j < n; j++)
        if (j != i && !e->gone[j] && e->slot[i][j] >= 0) {
            near[sum++] = j;
            *plain = *plain && !e->set[e->slot[i][j]];
        }
    return sum;
}

static double cost(int n, bool plain)
{
    int pairs = n * (n + 1) / 2;
    return 10 + (plain ? 2 * pairs : 4 * (n + pairs));
}

/* The site to go next, the outermost of equals; never the centre. */
static int next_out(const struct elimination *e, int n, enum rule rule)
{
    int best = -1, near[CAVITY_SITES];
    double least = 0;
    for (int i = n - 1; i > 0; i--) {
        bool plain;
        int degree = coupled(e, n, i, near, &plain);
        double rank = rule == CHEAPEST      ? cost(degree, plain)
                      : rule == PLAIN_FIRST ? degree + (plain ? 0 : 1000)
                                            : degree;
        if (!e->gone[i] && (best < 0 || rank < least)) {
            best = i;
            least = rank;
        }
    }
    return best;
}

/* What a slot is read from: entries never written are the hopping. */
static int reading(const struct elimination *e, int slot)
{
    return e->set[slot] ? slot : CAVITY_HOP;
}

/* `step` NULL: only counts. */
static int take_out(struct elimination *e, int nsite, int out,
                    struct cavity_step *step)
{
    int near[CAVITY_SITES], m = 0;
    bool plain;
    int n = coupled(e, nsite, out, near, &plain);
    size_t pairs = (size_t)(n * (n + 1) / 2);
    e->work += cost(n, plain);
    if (step) {
        *step = (struct cavity_step){CAVITY_DIAGONAL + out,
                                     n,
                                     plain,
                                     mem_alloc((size_t)n, sizeof(int)),
                                     mem_alloc(pairs, sizeof(int)),
                                     mem_alloc(pairs, sizeof(int))};
        if (!step->slot || !step->source || !step->target)
            return -1;
    }
    for (int i = 0; i < n; i++) {
        if (step)
            step->slot[i] = reading(e, e->slot[out][near[i]]);
        for (int j = 0; j <= i; j++, m++) {
            int *s = &e->slot[near[i]][near[j]], source = CAVITY_ZERO;
            if (*s < 0)
                *s = e->slot[near[j]][near[i]] = e->nslot++;
            else
                source = reading(e, *s);
            e->set[*s] = true;
            if (step) {
                step->source[m] = source;
                step->target[m] = *s;
            }
        }
    }
    e->gone[out] = true;
    return 0;
}

/* The whole cluster by a rule, into k->step where that is there. */
static int order(const struct cavity *c, struct cavity_cluster *k,
                 enum rule rule, struct elimination *e)
{
    *e = (struct elimination){.nslot = CAVITY_DIAGONAL + k->nsite};
    for (int i = 0; i < k->nsite; i++)
        for (int j = 0; j < k->nsite; j++)
            e->slot[i][j] = i == j ? CAVITY_DIAGONAL + i : -1;
    for (int i = 0; i < k->nsite; i++)
        e->set[CAVITY_DIAGONAL + i] = true;
    for (int i = 0; i < k->nsite; i++)
        for (int t = 0; t < c->ntap[k->to[i]]; t++) {
            int j = member(c, k, i, t);
            if (j < 0)
                continue;
            k->inside[i] |= 1u << t;
            if (e->slot[i][j] < 0)
                e->slot[i][j] = e->slot[j][i] = e->nslot++;
        }
    int status = 0;
    for (int s = 0; !status && s < k->nsite - 1; s++)
        status = take_out(e, k->nsite, next_out(e, k->nsite, rule),
                          k->step ? &k->step[s] : NULL);
    return status;
}

static int cheapest_order(const struct cavity *c, struct cavity_cluster *k)
{
    struct elimination *e = mem_alloc(1, sizeof *e);
    enum rule best = FEWEST;
    int status = -1;
    if (!e)
        return -1;
    for (enum rule rule = 0; rule < RULES; rule++) {
        order(c, k, rule, e);
        if (e->nslot <= CAVITY_SLOTS && (k->work == 0 || e->work < k->work)) {
            k->work = e->work;
            best = rule;
        }
    }
    k->step = mem_zalloc((size_t)k->nsite, sizeof *k->step);
    if (k->step)
        status = order(c, k, best, e);
    if (!status && e->nslot > CAVITY_SLOTS)
        status = -3;
    mem_free(e);
    return status;
}

/* The site itself, then the first n - 1 of those around it. */
static int cluster(const struct cavity *c, const struct stencil *around, int b,
                   int n, struct cavity_cluster *k)
{
    k->nsite = n;
    k->to[0] = b;
    for (int i = 1; i < n; i++) {
        k->to[i] = around->site[b][i - 1].to;
        memcpy(k->cell[i], around->site[b][i - 1].cell, sizeof k->cell[0]);
    }
    return cheapest_order(c, k);
}

static double distance2(const struct stencil_site *s)
{
    return s->r[0] * s->r[0] + s->r[1] * s->r[1] + s->r[2] * s->r[2];
}

/* How many sites of a stencil lie at most r2 away, and the next distance. */
static int within(const struct stencil *s, int b, double r2, double *next)
{
    int n = 0;
    while (n < s->n[b] && distance2(&s->site[b][n]) < r2 + 1e-6)
        n++;
    if (n < s->n[b] && distance2(&s->site[b][n]) < *next)
        *next = distance2(&s->site[b][n]);
    return n;
}

/* One level for each distance; the largest replaces the last. */
static int levels(struct cavity *c, const struct stencil *around)
{
    int status = 0;
    double r2 = 0;
    while (!status && r2 < 1e30) {
        double next = 1e30;
        if (c->nlevel == CAVITY_LEVELS) {
            c->nlevel--;
            for (int b = 0; b < c->nbasis; b++)
                cavity_cluster_free(&c->cluster[c->nlevel][b]);
        }
        for (int b = 0; !status && b < c->nbasis; b++)
            status = cluster(c, around, b, 1 + within(around, b, r2, &next),
                             &c->cluster[c->nlevel][b]);
        c->radius[c->nlevel++] = sqrt(r2) + 1e-6;
        r2 = next;
    }
    return status;
}

int cavity_clusters(struct cavity *c, const struct lattice *lat, double radius)
{
    struct stencil around = {0};
    int status = 0;
    if (radius > 0 && lattice_stencil(lat, 0, radius, &around))
        return -1;
    for (int b = 0; b < c->nbasis; b++)
        if (around.n[b] >= CAVITY_SITES)
            status = -3;
    if (!status)
        status = levels(c, &around);
    stencil_free(&around);
    return status;
}

void cavity_cluster_free(struct cavity_cluster *k)
{
    for (int s = 0; k->step && s < k->nsite; s++) {
        mem_free(k->step[s].slot);
        mem_free(k->step[s].source);
        mem_free(k->step[s].target);
    }
    mem_free(k->step);
    *k = (struct cavity_cluster){0};
}

/* Stencils as constant offsets in padded arrays.

   The reverse stencil, from a site to those whose taps reach it, turns the
   adjoints of the sums into those of the summed channels without two threads
   writing one site. */

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "ml/net_run.h"

struct place { /* a tap where sorting wants it */
    int64_t offset;
    int slot;
};

static int by_slot(const void *a, const void *b)
{
    const struct place *p = a, *q = b;

    if (p->slot != q->slot)
        return p->slot < q->slot ? -1 : 1;
    return (p->offset > q->offset) - (p->offset < q->offset);
}

static int by_offset(const void *a, const void *b)
{
    const struct place *p = a, *q = b;

    return (p->offset > q->offset) - (p->offset < q->offset);
}

/* An axis of one cell has no bonds. */
static bool present(const struct net_tap *tap, const struct net_run *r)
{
    for (int i = 0; i < 3; i++) {
        if (r->n[i] == 1 && tap->cell[i] != 0)
            return false;
    }
    return true;
}

static int64_t tap_offset(const struct net_array *a, const struct net_tap *tap,
                          int from, int nbasis, int sign)
{
    int64_t cells = tap->cell[0];

    cells = cells * nbasis + tap->cell[1] * a->y + tap->cell[2] * a->z;
    return sign * (cells + tap->to - from);
}

/* The taps from sublattice b, sorted; their number.  out NULL: only that. */
static int collect(const struct net_stencil *s, const struct net_run *r,
                   const struct net_array *a, bool reverse, int b,
                   struct place *out)
{
    int n = 0;

    for (int from = 0; from < r->nbasis; from++) {
        for (int k = 0; k < s->n[from]; k++) {
            const struct net_tap *tap = &s->tap[from][k];

            if ((reverse ? tap->to : from) != b || !present(tap, r))
                continue;
            if (out)
                out[n] = (struct place){
                    tap_offset(a, tap, from, r->nbasis, reverse ? -1 : 1),
                    tap->slot};
            n++;
        }
    }
    if (out)
        qsort(out, (size_t)n, sizeof *out, by_slot);
    return n;
}

static void place_taps(struct net_gather *g, int b, const struct place *tap)
{
    int t = 0;

    for (int s = 0; s < g->nslot; s++) {
        g->first[b][s] = t;
        for (; t < g->ntap[b] && tap[t].slot == s; t++)
            g->offset[b][t] = tap[t].offset;
    }
    g->first[b][g->nslot] = t;
}

/* Single sites of a Bravais lattice in the order of memory; slots without
   a site last. */
static void make_direct(struct net_gather *g, struct place *tap)
{
    int n = g->ntap[0], last = n;

    for (int s = 0, t = 0; s < g->nslot; s++) {
        if (t < n && tap[t].slot == s)
            t++;
        else
            g->order[last++] = s;
    }
    qsort(tap, (size_t)n, sizeof *tap, by_offset);
    for (int p = 0; p < g->nslot; p++) {
        g->first[0][p] = p < n ? p : n;
        if (p >= n)
            continue;
        g->order[p] = tap[p].slot;
        g->offset[0][p] = tap[p].offset;
        if (p && tap[p].offset == tap[p - 1].offset + 1)
            g->run[g->nrun - 1].n++;
        else
            g->run[g->nrun++] = (struct net_run_slots){p, 1, tap[p].offset};
    }
    g->first[0][g->nslot] = n;
    g->direct = true;
}

static bool single_sites(const struct net_gather *g)
{
    for (int s = 0; s < g->nslot; s++) {
        if (g->first[0][s + 1] - g->first[0][s] > 1)
            return false;
    }
    return true;
}

int net_gather_init(struct net_gather *g, const struct net_stencil *s,
                    const struct net_run *r, bool reverse)
{
    struct net_array a;
    size_t nslot = (size_t)s->nslot;

    *g = (struct net_gather){.nslot = s->nslot};
    net_array_shape(&a, r, s, 1);
    g->order = mem_alloc(nslot, sizeof *g->order);
    g->run = mem_alloc(nslot, sizeof *g->run);
    if (!g->order || !g->run)
        return -1;
    for (int p = 0; p < s->nslot; p++)
        g->order[p] = p;
    for (int b = 0; b < r->nbasis; b++) {
        int n = collect(s, r, &a, reverse, b, NULL);
        struct place *tap = mem_alloc((size_t)n, sizeof *tap);

        g->ntap[b] = n;
        g->offset[b] = mem_alloc((size_t)n, sizeof *g->offset[b]);
        g->first[b] = mem_alloc(nslot + 1, sizeof *g->first[b]);
        if (!tap || !g->offset[b] || !g->first[b]) {
            mem_free(tap);
            return -1;
        }
        collect(s, r, &a, reverse, b, tap);
        place_taps(g, b, tap);
        if (r->nbasis == 1 && single_sites(g))
            make_direct(g, tap);
        mem_free(tap);
    }
    return 0;
}

void net_gather_fini(struct net_gather *g)
{
    mem_free(g->order);
    mem_free(g->run);
    for (int b = 0; b < LATTICE_BASIS_MAX; b++) {
        mem_free(g->offset[b]);
        mem_free(g->first[b]);
    }
    *g = (struct net_gather){0};
}

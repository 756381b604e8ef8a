/* The graph of pole_density: see elec/pole_graph.h. */

#include "elec/pole_graph.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "core/lattice.h"
#include "elec/pole_skip.h"

struct pair_of_sites {
    int64_t a, b, bond;
};

static int by_sites(const void *x, const void *y)
{
    const struct pair_of_sites *p = x, *q = y;

    if (p->a != q->a)
        return p->a < q->a ? -1 : 1;
    if (p->b != q->b)
        return p->b < q->b ? -1 : 1;
    return (p->bond > q->bond) - (p->bond < q->bond);
}

/* Bonds between the same two sites become one edge. */
static int merge_bonds(struct pole_density *p, const struct terms *t)
{
    struct pair_of_sites *list = mem_alloc((size_t)t->nbond, sizeof *list);

    p->edge = mem_alloc((size_t)t->nbond, sizeof *p->edge);
    p->edge_of_bond = mem_alloc((size_t)t->nbond, sizeof *p->edge_of_bond);
    p->hopping = mem_alloc((size_t)t->nbond, sizeof *p->hopping);
    p->onsite = mem_alloc((size_t)t->nsite, sizeof *p->onsite);
    if (!list || !p->edge || !p->edge_of_bond || !p->hopping || !p->onsite) {
        mem_free(list);
        return POLE_MEMORY;
    }
    for (int64_t k = 0; k < t->nbond; k++) {
        int64_t i = t->bond[k].i, j = t->bond[k].j;

        list[k] = (struct pair_of_sites){i < j ? i : j, i < j ? j : i, k};
    }
    qsort(list, (size_t)t->nbond, sizeof *list, by_sites);
    p->nedge = 0;
    for (int64_t k = 0; k < t->nbond; k++) {
        const struct pair_of_sites *l = &list[k];

        if (l->a == l->b) {
            p->edge_of_bond[l->bond] = -1;
            continue;
        }
        if (p->nedge == 0 || p->edge[p->nedge - 1][0] != l->a ||
            p->edge[p->nedge - 1][1] != l->b) {
            p->edge[p->nedge][0] = l->a;
            p->edge[p->nedge][1] = l->b;
            p->nedge++;
        }
        p->edge_of_bond[l->bond] = p->nedge - 1;
    }
    mem_free(list);
    return POLE_OK;
}

static void free_tiles(struct pole_density *p)
{
    pole_skip_free(p);
    tile_set_free(p->tiles);
    tile_set_free(p->probe[0]);
    tile_set_free(p->probe[1]);
    p->tiles = p->probe[0] = p->probe[1] = NULL;
}

void pole_graph_free(struct pole_density *p)
{
    free_tiles(p);
    selinv_free(p->selinv);
    selinv_result_free(&p->green);
    mem_free(p->edge);
    mem_free(p->edge_of_bond);
    mem_free(p->hopping);
    mem_free(p->onsite);
    p->selinv = NULL;
    p->edge = NULL;
    p->edge_of_bond = NULL;
    p->hopping = NULL;
    p->onsite = NULL;
    p->bond_tag = 0;
}

static struct tile_lattice tile_lattice(const struct pole_density *p,
                                        const struct terms *t,
                                        const struct lattice *lat)
{
    return (struct tile_lattice){.lat = lat,
                                 .terms = t,
                                 .edge = (const int64_t(*)[2])p->edge,
                                 .edge_of_bond = p->edge_of_bond,
                                 .nedge = p->nedge};
}

static int make_selinv(struct pole_density *p, const struct terms *t,
                       const struct lattice *lat)
{
    struct dissection_graph g = {.n = t->nsite};
    int(*cell)[3] = mem_alloc((size_t)t->nsite, sizeof *cell);

    if (!cell)
        return POLE_MEMORY;
    for (int64_t i = 0; i < t->nsite; i++) {
        int b;

        lattice_cell(lat, i, cell[i], &b);
    }
    for (int axis = 0; axis < 3; axis++) {
        g.size[axis] = lat->n[axis];
        g.periodic[axis] = lat->periodic[axis];
    }
    g.nedge = p->nedge;
    g.edge = (const int64_t(*)[2])p->edge;
    g.cell = (const int(*)[3])cell;
    p->selinv = selinv_new(&g);
    mem_free(cell);
    return p->selinv ? POLE_OK : POLE_MEMORY;
}

int pole_graph_make(struct pole_density *p, const struct terms *t,
                    const struct lattice *lat)
{
    int status = POLE_OK;

    if (!p->bond_tag || p->bond_tag != t->bond_tag) {
        pole_graph_free(p);
        p->nsite = t->nsite;
        status = merge_bonds(p, t);
        if (!status && !p->tile)
            status = make_selinv(p, t, lat);
    }
    if (!status && p->tile && !p->tiles) {
        struct tile_lattice g = tile_lattice(p, t, lat);

        if (tile_lattice_reach(&g) > p->buffer)
            return POLE_REACH;
        p->tiles = tile_set_new(&g, p->tile, p->buffer);
        status = p->tiles ? POLE_OK : POLE_MEMORY;
    }
    p->bond_tag = status ? 0 : t->bond_tag;
    return status;
}

/* A bond of a site with itself adds to its energy. */
void pole_graph_fill(struct pole_density *p, const struct terms *t)
{
    memcpy(p->onsite, t->onsite, (size_t)p->nsite * sizeof *p->onsite);
    memset(p->hopping, 0, (size_t)p->nedge * sizeof *p->hopping);
    for (int64_t b = 0; b < t->nbond; b++) {
        if (p->edge_of_bond[b] >= 0)
            p->hopping[p->edge_of_bond[b]] += t->hopping[b];
        else
            p->onsite[t->bond[b].i] += 2 * t->hopping[b];
    }
}

int pole_graph_probes(struct pole_density *p, const struct terms *t,
                      const struct lattice *lat)
{
    struct tile_lattice g = tile_lattice(p, t, lat);

    for (int i = 0; i < 2; i++)
        if (!p->probe[i])
            p->probe[i] = tile_set_sample(p->tiles, &g, PROBE_TILES,
                                          p->buffer + (i + 1) * PROBE_STEP);
    return p->probe[0] && p->probe[1] ? POLE_OK : POLE_MEMORY;
}

void pole_density_rebuffer(struct pole_density *p, int buffer)
{
    free_tiles(p);
    p->buffer = buffer;
}

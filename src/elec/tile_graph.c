/* Tiles of a lattice, their graphs and shapes: see elec/tile_density.h. */

#include <stdlib.h>

#include "base/mem.h"
#include "core/lattice.h"
#include "elec/tile_set.h"

/* --- Cutting the lattice. --- */

static int reach_along(const struct tile_lattice *g, int axis)
{
    int reach = 0;

    for (int64_t k = 0; k < g->terms->nbond; k++) {
        int r = abs(g->terms->bond[k].cell[axis]);

        reach = r > reach ? r : reach;
    }
    return reach;
}

int tile_lattice_reach(const struct tile_lattice *g)
{
    int reach = 0;

    for (int axis = 0; axis < 3; axis++) {
        int r = reach_along(g, axis);

        reach = r > reach ? r : reach;
    }
    return reach;
}

/* Whether n cells and their buffers take the whole axis. */
static bool takes_all(const struct lattice *lat, int axis, int n, int buffer,
                      int reach)
{
    double extent = n + 2.0 * buffer + (lat->periodic[axis] ? reach : 0);

    return extent >= lat->n[axis];
}

static void add_buffer(const struct lattice *lat, const int reach[3],
                       int buffer, struct tile *t)
{
    for (int axis = 0; axis < 3; axis++) {
        int lo = t->core.lo[axis] - buffer, n = t->core.n[axis] + 2 * buffer;
        int length = lat->n[axis];

        if (lat->periodic[axis] &&
            takes_all(lat, axis, t->core.n[axis], buffer, reach[axis])) {
            lo = 0;
            n = length;
        } else if (!lat->periodic[axis]) {
            int hi = lo + n < length ? lo + n : length;

            lo = lo > 0 ? lo : 0;
            n = hi - lo;
        }
        t->region.lo[axis] = lo;
        t->region.n[axis] = n;
    }
}

/* Cores differ by at most one cell along an axis. */
static int make_cores(struct tile_set *s, const struct lattice *lat,
                      const int reach[3], int core, int buffer)
{
    int count[3];

    for (int axis = 0; axis < 3; axis++) {
        int n = lat->n[axis];

        count[axis] =
            core >= n || takes_all(lat, axis, core, buffer, reach[axis])
                ? 1
                : (n + core - 1) / core;
    }
    s->ntile = (int64_t)count[0] * count[1] * count[2];
    s->tile = mem_zalloc((size_t)s->ntile, sizeof *s->tile);
    if (!s->tile)
        return -1;
    for (int64_t k = 0; k < s->ntile; k++) {
        struct tile *t = &s->tile[k];
        int at[3] = {(int)(k % count[0]), (int)(k / count[0] % count[1]),
                     (int)(k / count[0] / count[1])};

        for (int axis = 0; axis < 3; axis++) {
            int64_t n = lat->n[axis], c = count[axis];

            t->core.lo[axis] = (int)(n * at[axis] / c);
            t->core.n[axis] = (int)(n * (at[axis] + 1) / c) - t->core.lo[axis];
        }
        add_buffer(lat, reach, buffer, t);
    }
    return 0;
}

/* --- The graph of a tile. --- */

struct local_edge {
    int64_t a, b, edge;
};

struct builder {
    const struct tile_lattice *g;
    int64_t *start, *bond; /* bonds by first site */
    struct local_edge *list;
    int64_t capacity;
};

static int by_sites(const void *x, const void *y)
{
    const struct local_edge *p = x, *q = y;

    if (p->a != q->a)
        return p->a < q->a ? -1 : 1;
    return (p->b > q->b) - (p->b < q->b);
}

static int bonds_by_site(struct builder *b)
{
    const struct terms *t = b->g->terms;

    b->start = mem_zalloc((size_t)t->nsite + 2, sizeof *b->start);
    b->bond = mem_alloc((size_t)t->nbond, sizeof *b->bond);
    if (!b->start || !b->bond)
        return -1;
    for (int64_t k = 0; k < t->nbond; k++)
        b->start[t->bond[k].i + 2]++;
    for (int64_t i = 2; i < t->nsite + 2; i++)
        b->start[i] += b->start[i - 1];
    for (int64_t k = 0; k < t->nbond; k++)
        b->bond[b->start[t->bond[k].i + 1]++] = k;
    return 0;
}

static int wrapped(int x, int n)
{
    x %= n;
    return x < 0 ? x + n : x;
}

/* The local number of a cell of the region, or -1 outside it. */
static int64_t local_cell(const struct lattice *lat,
                          const struct tile_box *region, int cell[3])
{
    for (int axis = 0; axis < 3; axis++) {
        int n = region->n[axis];

        if (n == lat->n[axis] && lat->periodic[axis])
            cell[axis] = wrapped(cell[axis], n);
        if (cell[axis] < 0 || cell[axis] >= n)
            return -1;
    }
    return ((int64_t)cell[2] * region->n[1] + cell[1]) * region->n[0] + cell[0];
}

static int64_t box_cells(const struct tile_box *b)
{
    return (int64_t)b->n[0] * b->n[1] * b->n[2];
}

static void cell_of(const struct tile_box *b, int64_t k, int cell[3])
{
    cell[0] = (int)(k % b->n[0]);
    cell[1] = (int)(k / b->n[0] % b->n[1]);
    cell[2] = (int)(k / b->n[0] / b->n[1]);
}

static int find_sites(const struct lattice *lat, struct tile *t)
{
    int64_t cells = box_cells(&t->region);
    int nb = lat->shape.nbasis;

    t->site = mem_alloc((size_t)(cells * nb), sizeof *t->site);
    if (!t->site)
        return -1;
    for (int64_t k = 0; k < cells; k++) {
        int cell[3];

        cell_of(&t->region, k, cell);
        for (int axis = 0; axis < 3; axis++)
            cell[axis] = wrapped(t->region.lo[axis] + cell[axis], lat->n[axis]);
        for (int b = 0; b < nb; b++)
            t->site[k * nb + b] = lattice_site(lat, cell, b);
    }
    return 0;
}

/* All edges inside the region, ascending, each once; their number or -1. */
static int64_t find_edges(struct builder *b, const struct tile *t)
{
    const struct lattice *lat = b->g->lat;
    int nb = lat->shape.nbasis;
    int64_t n = box_cells(&t->region) * nb, count = 0, kept = 0;

    for (int64_t i = 0; i < n; i++) {
        int64_t site = t->site[i];

        for (int64_t k = b->start[site]; k < b->start[site + 1]; k++) {
            const struct bond *bond = &b->g->terms->bond[b->bond[k]];
            int64_t edge = b->g->edge_of_bond[b->bond[k]], j;
            int cell[3];

            cell_of(&t->region, i / nb, cell);
            for (int axis = 0; axis < 3; axis++)
                cell[axis] += bond->cell[axis];
            j = local_cell(lat, &t->region, cell);
            if (edge < 0 || j < 0)
                continue;
            j = j * nb + bond->j % nb;
            if (count == b->capacity) {
                int64_t wanted = 2 * b->capacity + 1024;
                void *grown =
                    mem_resize(b->list, (size_t)wanted, sizeof *b->list);

                if (!grown)
                    return -1;
                b->list = grown;
                b->capacity = wanted;
            }
            b->list[count++] =
                (struct local_edge){i < j ? i : j, i < j ? j : i, edge};
        }
    }
    qsort(b->list, (size_t)count, sizeof *b->list, by_sites);
    for (int64_t k = 0; k < count; k++)
        if (k == 0 || by_sites(&b->list[k], &b->list[k - 1]))
            b->list[kept++] = b->list[k];
    return kept;
}

static bool same_shape(const struct lattice *lat, const struct tile_shape *s,
                       const struct tile *t, const struct local_edge *list,
                       int64_t nedge)
{
    for (int axis = 0; axis < 3; axis++)
        if (s->size[axis] != t->region.n[axis])
            return false;
    if (s->nedge != nedge ||
        s->nsite != box_cells(&t->region) * lat->shape.nbasis)
        return false;
    for (int64_t k = 0; k < nedge; k++)
        if (s->edge[k][0] != list[k].a || s->edge[k][1] != list[k].b)
            return false;
    return true;
}

static int new_shape(struct tile_set *set, const struct builder *b,
                     const struct tile *t, int64_t nedge)
{
    const struct lattice *lat = b->g->lat;
    int nb = lat->shape.nbasis;
    struct tile_shape *grown = mem_resize(set->shape, (size_t)set->nshape + 1,
                                          sizeof *grown),
                      *s;
    struct dissection_graph graph;
    int(*cell)[3];

    if (!grown)
        return -1;
    set->shape = grown;
    s = &grown[set->nshape++];
    *s = (struct tile_shape){.nsite = box_cells(&t->region) * nb,
                             .nedge = nedge};
    s->edge = mem_alloc((size_t)nedge, sizeof *s->edge);
    cell = mem_alloc((size_t)s->nsite, sizeof *cell);
    if (s->edge && cell) {
        graph = (struct dissection_graph){.n = s->nsite, .nedge = nedge};
        for (int64_t k = 0; k < nedge; k++) {
            s->edge[k][0] = b->list[k].a;
            s->edge[k][1] = b->list[k].b;
        }
        for (int64_t i = 0; i < s->nsite; i++)
            cell_of(&t->region, i / nb, cell[i]);
        for (int axis = 0; axis < 3; axis++) {
            s->size[axis] = graph.size[axis] = t->region.n[axis];
            graph.periodic[axis] =
                lat->periodic[axis] && t->region.n[axis] == lat->n[axis];
        }
        graph.edge = (const int64_t(*)[2])s->edge;
        graph.cell = (const int(*)[3])cell;
        s->selinv = selinv_new(&graph);
    }
    mem_free(cell);
    return s->selinv ? 0 : -1;
}

static bool in_core(const struct tile *t, const struct lattice *lat,
                    int64_t site)
{
    int cell[3], b;

    lattice_cell(lat, site, cell, &b);
    for (int axis = 0; axis < 3; axis++)
        if (cell[axis] < t->core.lo[axis] ||
            cell[axis] >= t->core.lo[axis] + t->core.n[axis])
            return false;
    return true;
}

static int find_core(const struct builder *b, struct tile *t, int64_t nsite,
                     int64_t nedge)
{
    const struct lattice *lat = b->g->lat;

    t->edge = mem_alloc((size_t)nedge, sizeof *t->edge);
    t->core_edge = mem_alloc((size_t)nedge, sizeof *t->core_edge);
    t->core_site = mem_alloc((size_t)(box_cells(&t->core) * lat->shape.nbasis),
                             sizeof *t->core_site);
    if (!t->edge || !t->core_edge || !t->core_site)
        return -1;
    for (int64_t i = 0; i < nsite; i++)
        if (in_core(t, lat, t->site[i]))
            t->core_site[t->nsite++] = i;
    for (int64_t k = 0; k < nedge; k++) {
        t->edge[k] = b->list[k].edge;
        if (in_core(t, lat, b->g->edge[t->edge[k]][0]))
            t->core_edge[t->nedge++] = k;
    }
    return 0;
}

static int make_tile(struct tile_set *s, struct builder *b, struct tile *t)
{
    int64_t nedge, nsite = box_cells(&t->region) * b->g->lat->shape.nbasis;

    if (find_sites(b->g->lat, t))
        return -1;
    nedge = find_edges(b, t);
    if (nedge < 0 || find_core(b, t, nsite, nedge))
        return -1;
    for (t->shape = 0; t->shape < s->nshape; t->shape++)
        if (same_shape(b->g->lat, &s->shape[t->shape], t, b->list, nedge))
            break;
    if (t->shape == s->nshape && new_shape(s, b, t, nedge))
        return -1;
    t->first_site = s->nsite;
    t->first_edge = s->nedge;
    s->nsite += t->nsite;
    s->nedge += t->nedge;
    return 0;
}

static int make_tiles(struct tile_set *s, const struct tile_lattice *g)
{
    struct builder b = {.g = g};
    int status = bonds_by_site(&b);

    for (int64_t k = 0; k < s->ntile && !status; k++)
        status = make_tile(s, &b, &s->tile[k]);
    mem_free(b.start);
    mem_free(b.bond);
    mem_free(b.list);
    for (int i = 0; i < s->nshape && !status; i++) {
        size_t room = selinv_room(s->shape[i].selinv);

        if (s->shape[i].nsite > s->most_sites)
            s->most_sites = s->shape[i].nsite;
        if (s->shape[i].nedge > s->most_edges)
            s->most_edges = s->shape[i].nedge;
        if (room > s->most_room)
            s->most_room = room;
    }
    return status;
}

struct tile_set *tile_set_new(const struct tile_lattice *g, int core,
                              int buffer)
{
    struct tile_set *s = mem_zalloc(1, sizeof *s);
    int reach[3];

    for (int axis = 0; axis < 3; axis++)
        reach[axis] = reach_along(g, axis);
    if (s && (make_cores(s, g->lat, reach, core, buffer) || make_tiles(s, g))) {
        tile_set_free(s);
        return NULL;
    }
    return s;
}

static int list_cores(struct tile_set *s)
{
    s->sites = mem_alloc((size_t)s->nsite, sizeof *s->sites);
    s->edges = mem_alloc((size_t)s->nedge, sizeof *s->edges);
    if (!s->sites || !s->edges)
        return -1;
    for (int64_t k = 0; k < s->ntile; k++) {
        const struct tile *t = &s->tile[k];

        for (int64_t i = 0; i < t->nsite; i++)
            s->sites[t->first_site + i] = t->site[t->core_site[i]];
        for (int64_t i = 0; i < t->nedge; i++)
            s->edges[t->first_edge + i] = t->edge[t->core_edge[i]];
    }
    return 0;
}

struct tile_set *tile_set_sample(const struct tile_set *of,
                                 const struct tile_lattice *g, int count,
                                 int buffer)
{
    struct tile_set *s = mem_zalloc(1, sizeof *s);
    int reach[3];

    if (!s)
        return NULL;
    s->compact = true;
    s->ntile = of->ntile < count ? of->ntile : count;
    s->tile = mem_zalloc((size_t)s->ntile, sizeof *s->tile);
    for (int axis = 0; axis < 3; axis++)
        reach[axis] = reach_along(g, axis);
    for (int64_t k = 0; s->tile && k < s->ntile; k++) {
        s->tile[k].core =
            of->tile[(2 * k + 1) * of->ntile / (2 * s->ntile)].core;
        add_buffer(g->lat, reach, buffer, &s->tile[k]);
    }
    if (!s->tile || make_tiles(s, g) || list_cores(s)) {
        tile_set_free(s);
        return NULL;
    }
    return s;
}

void tile_set_free(struct tile_set *s)
{
    if (!s)
        return;
    for (int64_t k = 0; s->tile && k < s->ntile; k++) {
        mem_free(s->tile[k].site);
        mem_free(s->tile[k].edge);
        mem_free(s->tile[k].core_site);
        mem_free(s->tile[k].core_edge);
    }
    for (int i = 0; i < s->nshape; i++) {
        selinv_free(s->shape[i].selinv);
        mem_free(s->shape[i].edge);
    }
    mem_free(s->tile);
    mem_free(s->shape);
    mem_free(s->sites);
    mem_free(s->edges);
    mem_free(s->room);
    mem_free(s->value);
    mem_free(s);
}

/* The layers of a graph around some roots: see la/block.h. */

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "la/block.h"

/* Neighbours of all sites, one list after another. */
struct neighbours {
    int64_t *first, *to; /* [n + 1], [2 nedge] */
};

static int list_neighbours(int64_t n, int64_t nedge, const int64_t (*edge)[2],
                           struct neighbours *out)
{
    int64_t *at;

    out->first = mem_zalloc((size_t)n + 2, sizeof *out->first);
    out->to = mem_alloc(2 * (size_t)nedge, sizeof *out->to);
    if (!out->first || !out->to)
        return -1;
    at = out->first + 1; /* filled one place later, and moved into place */
    for (int64_t e = 0; e < nedge; e++) {
        at[edge[e][0] + 1]++;
        at[edge[e][1] + 1]++;
    }
    for (int64_t i = 0; i < n; i++)
        at[i + 1] += at[i];
    for (int64_t e = 0; e < nedge; e++) {
        out->to[at[edge[e][0]]++] = edge[e][1];
        out->to[at[edge[e][1]]++] = edge[e][0];
    }
    return 0;
}

static int by_number(const void *a, const void *b)
{
    const int64_t *x = a, *y = b;

    return (*x > *y) - (*x < *y);
}

/* Closes the layer that ends with site number `end`. */
static void close_layer(struct block_chain *c, int64_t end, int *layer)
{
    int64_t begin = c->first[c->nlayer];
    int n = (int)(end - begin);

    qsort(c->site + begin, (size_t)n, sizeof *c->site, by_number);
    for (int64_t i = begin; i < end; i++)
        layer[c->site[i]] = c->nlayer;
    c->first[++c->nlayer] = end;
    c->widest = n > c->widest ? n : c->widest;
    c->nkept += (int64_t)n * n;
}

/* layer [n]: -1 not reached, -2 in the layer that is being made. */
static void find_layers(struct block_chain *c, const struct neighbours *to,
                        int64_t nroot, const int64_t *root, int *layer)
{
    int64_t end = 0, fresh = 0;

    for (int64_t i = 0; i < c->n; i++)
        layer[i] = -1;
    for (int64_t i = 0; i < nroot; i++) {
        c->site[end++] = root[i];
        layer[root[i]] = -2;
    }
    while (end < c->n || c->first[c->nlayer] < end) {
        int64_t begin = c->first[c->nlayer];

        if (begin == end) { /* nothing was reached: another part */
            while (layer[fresh] != -1)
                fresh++;
            layer[fresh] = -2;
            c->site[end++] = fresh;
        }
        close_layer(c, end, layer);
        for (int64_t i = begin; i < c->first[c->nlayer]; i++)
            for (int64_t k = to->first[c->site[i]];
                 k < to->first[c->site[i] + 1]; k++)
                if (layer[to->to[k]] == -1) {
                    layer[to->to[k]] = -2;
                    c->site[end++] = to->to[k];
                }
    }
}

/* A sortable list of the edges: layer, then within before next. */
struct placed {
    int64_t key;
    struct block_entry entry;
};

static int by_key(const void *a, const void *b)
{
    const struct placed *x = a, *y = b;

    if (x->key != y->key)
        return x->key < y->key ? -1 : 1;
    return (x->entry.edge > y->entry.edge) - (x->entry.edge < y->entry.edge);
}

static int sort_entries(struct block_chain *c, const int64_t (*edge)[2],
                        const int *layer)
{
    struct placed *list = mem_alloc((size_t)c->nedge, sizeof *list);
    int *place = mem_alloc((size_t)c->n, sizeof *place);
    int64_t e = 0;

    if (!list || !place) {
        mem_free(list);
        mem_free(place);
        return -1;
    }
    for (int k = 0; k < c->nlayer; k++)
        for (int64_t i = c->first[k]; i < c->first[k + 1]; i++)
            place[c->site[i]] = (int)(i - c->first[k]);
    for (int64_t k = 0; k < c->nedge; k++) {
        int64_t i = edge[k][0], j = edge[k][1];
        bool within = layer[i] == layer[j];
        bool first = within ? place[i] >= place[j] : layer[i] < layer[j];
        int64_t row = first ? i : j, column = first ? j : i;

        list[k] = (struct placed){2 * layer[row] + !within,
                                  {place[row], place[column], k}};
    }
    qsort(list, (size_t)c->nedge, sizeof *list, by_key);
    for (int k = 0; k < c->nlayer; k++) {
        c->first_within[k] = e;
        while (e < c->nedge && list[e].key == 2 * k)
            e++;
        c->first_next[k] = e;
        while (e < c->nedge && list[e].key == 2 * k + 1)
            e++;
    }
    for (int64_t k = 0; k < c->nedge; k++)
        c->entry[k] = list[k].entry;
    mem_free(list);
    mem_free(place);
    return 0;
}

static int lay_out(struct block_chain *c, const int64_t (*edge)[2],
                   int64_t nroot, const int64_t *root)
{
    struct neighbours to = {0};
    int *layer = mem_alloc((size_t)c->n, sizeof *layer);
    int status = -1;

    if (layer && list_neighbours(c->n, c->nedge, edge, &to) == 0) {
        find_layers(c, &to, nroot, root, layer);
        c->first_within = mem_alloc((size_t)c->nlayer, sizeof(int64_t));
        c->first_next = mem_alloc((size_t)c->nlayer, sizeof(int64_t));
        if (c->first_within && c->first_next)
            status = sort_entries(c, edge, layer);
    }
    mem_free(to.first);
    mem_free(to.to);
    mem_free(layer);
    return status;
}

struct block_chain *block_chain_new(int64_t n, int64_t nedge,
                                    const int64_t (*edge)[2], int64_t nroot,
                                    const int64_t *root)
{
    struct block_chain *c = mem_zalloc(1, sizeof *c);

    if (!c)
        return NULL;
    c->n = n;
    c->nedge = nedge;
    c->site = mem_alloc((size_t)n, sizeof *c->site);
    c->first = mem_zalloc((size_t)n + 1, sizeof *c->first);
    c->entry = mem_alloc((size_t)nedge, sizeof *c->entry);
    if (!c->site || !c->first || !c->entry || nroot < 1 ||
        lay_out(c, edge, nroot, root)) {
        block_chain_free(c);
        return NULL;
    }
    return c;
}

/* Geometric nested dissection: see la/dissection.h. */

#include "la/dissection.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

/* A part of the sites while it is being cut. */
struct part {
    int64_t *site; /* into the permuted list */
    int64_t n;
    int lo[3], hi[3]; /* cells it may occupy: lo <= cell < hi */
    bool wrapped[3];  /* still joined across the periodic boundary */
};

struct builder {
    const struct dissection_graph *g;
    struct dissection *d;
    int64_t *start, *near, *near_edge; /* adjacency, rows of edges */
    int64_t *order;  /* elimination number of a site, -1 before */
    int64_t next;    /* elimination number to give */
    int64_t *mark;   /* scratch: front number that saw a site last */
    int *index;      /* scratch: position of a site in a front */
    signed char *side;
    int64_t *spare;  /* [n] for stable splitting */
    int64_t *border; /* [n] scratch */
    int leaf, capacity;
    bool failed;
};

static int64_t slab(const struct part *p, int axis)
{
    return p->n / (p->hi[axis] - p->lo[axis]);
}

/* The axis whose cut takes the fewest sites, or -1 when none can be cut. */
static int choose_axis(const struct builder *b, const struct part *p)
{
    int best = -1;
    int64_t least = INT64_MAX;

    for (int axis = 0; axis < 3; axis++) {
        int extent = p->hi[axis] - p->lo[axis], w = b->g->reach[axis];
        int layers = p->wrapped[axis] ? 2 * w : w;
        int64_t cost = slab(p, axis) * layers;

        if (extent < layers + 2)
            continue;
        /* On a tie the longer axis: its halves are rounder. */
        if (cost < least ||
            (cost == least && extent > p->hi[best] - p->lo[best])) {
            least = cost;
            best = axis;
        }
    }
    return best;
}

/* side: 0 first half, 1 second half, 2 cut. */
static void assign_sides(struct builder *b, const struct part *p, int axis)
{
    int lo = p->lo[axis], hi = p->hi[axis], w = b->g->reach[axis];
    int first = p->wrapped[axis] ? w : 0; /* layers at the start */
    int middle = lo + first + (hi - lo - first - w) / 2;

    for (int64_t i = 0; i < p->n; i++) {
        int c = b->g->cell[p->site[i]][axis];

        b->side[p->site[i]] = (char)(c < lo + first                    ? 2
                                     : c >= middle && c < middle + w ? 2
                                     : c < middle                    ? 0
                                                                     : 1);
    }
}

/* A site of the cut that touches only one half joins that half; the layers at
   the start of a wrapped axis only the first, since the second would stay
   joined around the boundary. */
static void thin_cut(struct builder *b, const struct part *p, int axis)
{
    int start = p->lo[axis] + (p->wrapped[axis] ? b->g->reach[axis] : 0);

    for (int64_t i = 0; i < p->n; i++) {
        int64_t s = p->site[i];
        bool touches[3] = {false, false, false};

        if (b->side[s] != 2)
            continue;
        for (int64_t k = b->start[s]; k < b->start[s + 1]; k++) {
            int64_t t = b->near[k];

            if (b->order[t] < 0 && b->side[t] >= 0)
                touches[(int)b->side[t]] = true;
        }
        if (touches[0] && !touches[1])
            b->side[s] = 0;
        else if (touches[1] && !touches[0] && b->g->cell[s][axis] >= start)
            b->side[s] = 1;
    }
}

/* Sites in the order side 0, side 1, cut; counts in n. */
static void split(struct builder *b, const struct part *p, int64_t n[3])
{
    int64_t at = 0;

    for (int side = 0; side < 3; side++) {
        n[side] = at;
        for (int64_t i = 0; i < p->n; i++) {
            if (b->side[p->site[i]] == side)
                b->spare[at++] = p->site[i];
        }
        n[side] = at - n[side];
    }
    memcpy(p->site, b->spare, (size_t)p->n * sizeof *p->site);
    for (int64_t i = 0; i < p->n; i++)
        b->side[p->site[i]] = -1;
}

static int new_front(struct builder *b, int depth)
{
    struct dissection *d = b->d;

    if (d->nfront == b->capacity) {
        int wanted = 2 * b->capacity + 64;
        struct front *grown =
            mem_resize(d->front, (size_t)wanted, sizeof *grown);

        if (!grown) {
            b->failed = true;
            return -1;
        }
        d->front = grown;
        b->capacity = wanted;
    }
    d->front[d->nfront] = (struct front){
        .parent = -1, .first_child = -1, .next_sibling = -1, .depth = depth};
    return d->nfront++;
}

/* Border: neighbours of the part outside it; they are eliminated later, so
   have no number yet.  `part` covers own sites and all descendants. */
static int64_t find_border(struct builder *b, const int64_t *part, int64_t n,
                           int front)
{
    int64_t count = 0;

    for (int64_t i = 0; i < n; i++)
        b->mark[part[i]] = front;
    for (int64_t i = 0; i < n; i++) {
        for (int64_t k = b->start[part[i]]; k < b->start[part[i] + 1]; k++) {
            int64_t t = b->near[k];

            if (b->mark[t] == front)
                continue;
            b->mark[t] = front;
            b->border[count++] = t;
        }
    }
    return count;
}

static void fill_front(struct builder *b, int f, const int64_t *own,
                       int64_t nown, const int64_t *part, int64_t npart)
{
    struct front *front = &b->d->front[f];
    int64_t nborder = find_border(b, part, npart, f);
    double s = (double)nown, r = (double)nborder;

    front->nown = (int)nown;
    front->nborder = (int)nborder;
    front->site = mem_alloc((size_t)(nown + nborder), sizeof *front->site);
    if (!front->site) {
        b->failed = true;
        return;
    }
    memcpy(front->site, own, (size_t)nown * sizeof *own);
    memcpy(front->site + nown, b->border, (size_t)nborder * sizeof *own);
    for (int64_t i = 0; i < nown; i++)
        b->order[own[i]] = b->next++;
    front->work = 0.5 * s * s * s + 1.5 * r * s * s + 1.5 * r * r * s;
    b->d->work += front->work;
}

/* Cuts a part; returns its front, with the children's linked below. */
static int cut(struct builder *b, const struct part *p, int depth)
{
    int axis = p->n <= b->leaf ? -1 : choose_axis(b, p);
    int64_t n[3] = {0, 0, p->n};
    int child[2] = {-1, -1}, f;

    if (axis >= 0) {
        assign_sides(b, p, axis);
        thin_cut(b, p, axis);
        split(b, p, n);
    }
    for (int side = 0; side < 2 && !b->failed; side++) {
        struct part half = *p;
        int w;

        if (n[side] == 0)
            continue;
        w = b->g->reach[axis];
        half.site = p->site + (side ? n[0] : 0);
        half.n = n[side];
        half.lo[axis] = half.hi[axis] = b->g->cell[half.site[0]][axis];
        for (int64_t i = 0; i < half.n; i++) {
            int c = b->g->cell[half.site[i]][axis];

            if (c < half.lo[axis])
                half.lo[axis] = c;
            if (c >= half.hi[axis])
                half.hi[axis] = c + 1;
        }
        if (w > 0)
            half.wrapped[axis] = false;
        child[side] = cut(b, &half, depth + 1);
    }
    f = new_front(b, depth);
    if (f < 0)
        return -1;
    fill_front(b, f, p->site + n[0] + n[1], n[2], p->site, p->n);
    for (int side = 0; side < 2; side++) {
        if (child[side] < 0)
            continue;
        b->d->front[child[side]].parent = f;
        b->d->front[child[side]].next_sibling = b->d->front[f].first_child;
        b->d->front[f].first_child = child[side];
    }
    return f;
}

static int build_adjacency(struct builder *b)
{
    const struct dissection_graph *g = b->g;

    for (int64_t e = 0; e < g->nedge; e++) {
        b->start[g->edge[e][0] + 1]++;
        b->start[g->edge[e][1] + 1]++;
    }
    for (int64_t i = 0; i < g->n; i++)
        b->start[i + 1] += b->start[i];
    for (int64_t e = 0; e < g->nedge; e++) {
        for (int end = 0; end < 2; end++) {
            int64_t s = g->edge[e][end], at = b->start[s] + b->mark[s]++;

            b->near[at] = g->edge[e][1 - end];
            b->near_edge[at] = e;
        }
    }
    for (int64_t i = 0; i < g->n; i++)
        b->mark[i] = -1;
    return 0;
}

/* Sorts the border by elimination number (insertion: nearly sorted lists of a
   few hundred). */
static int compare(const void *x, const void *y)
{
    int64_t a = *(const int64_t *)x, c = *(const int64_t *)y;

    return (a > c) - (a < c);
}

static void sort_border(struct builder *b, struct front *f)
{
    int64_t *border = f->site + f->nown;

    /* Sort the numbers, then turn them back into sites through spare. */
    for (int i = 0; i < f->nborder; i++) {
        int64_t number = b->order[border[i]];

        b->spare[number] = border[i];
        border[i] = number;
    }
    qsort(border, (size_t)f->nborder, sizeof *border, compare);
    for (int i = 0; i < f->nborder; i++)
        border[i] = b->spare[border[i]];
}

/* Index maps to the parent, and the matrix entries of each front. */
static int connect(struct builder *b, int number)
{
    struct front *f = &b->d->front[number];
    int total = f->nown + f->nborder;
    int64_t count = f->nown;

    for (int i = 0; i < total; i++) {
        b->index[f->site[i]] = i;
        b->mark[f->site[i]] = number;
    }
    for (int c = f->first_child; c >= 0; c = b->d->front[c].next_sibling) {
        struct front *child = &b->d->front[c];

        child->to_parent =
            mem_alloc((size_t)child->nborder, sizeof *child->to_parent);
        if (!child->to_parent)
            return -1;
        for (int i = 0; i < child->nborder; i++)
            child->to_parent[i] = b->index[child->site[child->nown + i]];
    }
    for (int i = 0; i < f->nown; i++)
        count += b->start[f->site[i] + 1] - b->start[f->site[i]];
    f->entry = mem_alloc((size_t)count, sizeof *f->entry);
    if (!f->entry)
        return -1;
    for (int i = 0; i < f->nown; i++) {
        int64_t s = f->site[i];

        f->entry[f->nentry++] = (struct front_entry){-1 - s, i, i};
        for (int64_t k = b->start[s]; k < b->start[s + 1]; k++) {
            int64_t t = b->near[k];

            /* Edges to sites eliminated before arrived there. */
            if (b->mark[t] == number && b->index[t] > i)
                f->entry[f->nentry++] = (struct front_entry){
                    b->near_edge[k], b->index[t], i};
        }
    }
    return 0;
}

static int build(struct builder *b)
{
    const struct dissection_graph *g = b->g;
    struct part whole = {.n = g->n};
    int64_t *list = mem_alloc((size_t)g->n, sizeof *list);

    if (!list)
        return -1;
    build_adjacency(b);
    for (int64_t i = 0; i < g->n; i++) {
        list[i] = i;
        b->order[i] = -1;
        b->side[i] = -1;
    }
    whole.site = list;
    for (int axis = 0; axis < 3; axis++) {
        whole.hi[axis] = g->size[axis];
        whole.wrapped[axis] = g->periodic[axis] && g->reach[axis] > 0;
    }
    b->d->root = cut(b, &whole, 0);
    mem_free(list);
    if (b->failed)
        return -1;
    for (int f = 0; f < b->d->nfront; f++)
        sort_border(b, &b->d->front[f]);
    for (int64_t i = 0; i < g->n; i++)
        b->mark[i] = -1;
    for (int f = 0; f < b->d->nfront; f++) {
        if (connect(b, f))
            return -1;
    }
    return 0;
}

int dissection_new(const struct dissection_graph *g, int leaf,
                   struct dissection *out)
{
    size_t n = (size_t)g->n, m = 2 * (size_t)g->nedge;
    struct builder b = {.g = g, .d = out, .leaf = leaf < 1 ? 1 : leaf};
    int status = -1;

    *out = (struct dissection){.root = -1};
    b.start = mem_zalloc(n + 1, sizeof *b.start);
    b.near = mem_alloc(m, sizeof *b.near);
    b.near_edge = mem_alloc(m, sizeof *b.near_edge);
    b.order = mem_alloc(n, sizeof *b.order);
    b.mark = mem_zalloc(n, sizeof *b.mark);
    b.index = mem_alloc(n, sizeof *b.index);
    b.side = mem_alloc(n, sizeof *b.side);
    b.spare = mem_alloc(n, sizeof *b.spare);
    b.border = mem_alloc(n, sizeof *b.border);
    if (b.start && b.near && b.near_edge && b.order && b.mark && b.index &&
        b.side && b.spare && b.border)
        status = build(&b);
    mem_free(b.start);
    mem_free(b.near);
    mem_free(b.near_edge);
    mem_free(b.order);
    mem_free(b.mark);
    mem_free(b.index);
    mem_free(b.side);
    mem_free(b.spare);
    mem_free(b.border);
    if (status)
        dissection_free(out);
    return status;
}

void dissection_free(struct dissection *d)
{
    for (int f = 0; f < d->nfront; f++) {
        mem_free(d->front[f].site);
        mem_free(d->front[f].to_parent);
        mem_free(d->front[f].entry);
    }
    mem_free(d->front);
    *d = (struct dissection){.root = -1};
}

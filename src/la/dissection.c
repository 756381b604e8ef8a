/* Geometric nested dissection: see la/dissection.h. */

#include "la/dissection.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "la/dissection_cut.h"

struct builder {
    const struct dissection_graph *g;
    struct dissection *d;
    struct cutter cut;
    int64_t *near_edge; /* of cut.near */
    int64_t *order;     /* elimination number of a site, -1 before */
    int64_t next;       /* elimination number to give */
    int64_t *mark;      /* scratch: front number that saw a site last */
    int *index;         /* scratch: position of a site in a front */
    int64_t *border;    /* [n] scratch */
    int capacity;
    bool failed;
};

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
        for (int64_t k = b->cut.start[part[i]]; k < b->cut.start[part[i] + 1];
             k++) {
            int64_t t = b->cut.near[k];

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
    front->work = front_work((double)nown, (double)nborder);
    b->d->work += front->work;
}

/* Cuts a part; returns its front, with the children's linked below. */
static int cut(struct builder *b, struct part *p, int depth)
{
    struct part half[2];
    int64_t n[3];
    int child[2] = {-1, -1}, f;

    cut_part(&b->cut, p, half, n);
    for (int side = 0; side < 2 && !b->failed; side++)
        if (n[side])
            child[side] = cut(b, &half[side], depth + 1);
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
        b->cut.start[g->edge[e][0] + 1]++;
        b->cut.start[g->edge[e][1] + 1]++;
    }
    for (int64_t i = 0; i < g->n; i++)
        b->cut.start[i + 1] += b->cut.start[i];
    for (int64_t e = 0; e < g->nedge; e++) {
        for (int end = 0; end < 2; end++) {
            int64_t s = g->edge[e][end], at = b->cut.start[s] + b->mark[s]++;

            b->cut.near[at] = g->edge[e][1 - end];
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

        b->cut.spare[number] = border[i];
        border[i] = number;
    }
    qsort(border, (size_t)f->nborder, sizeof *border, compare);
    for (int i = 0; i < f->nborder; i++)
        border[i] = b->cut.spare[border[i]];
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
        count += b->cut.start[f->site[i] + 1] - b->cut.start[f->site[i]];
    f->entry = mem_alloc((size_t)count, sizeof *f->entry);
    if (!f->entry)
        return -1;
    for (int i = 0; i < f->nown; i++) {
        int64_t s = f->site[i];

        f->entry[f->nentry++] = (struct front_entry){-1 - s, i, i};
        for (int64_t k = b->cut.start[s]; k < b->cut.start[s + 1]; k++) {
            int64_t t = b->cut.near[k];

            /* Edges to sites eliminated before arrived there. */
            if (b->mark[t] == number && b->index[t] > i)
                f->entry[f->nentry++] =
                    (struct front_entry){b->near_edge[k], b->index[t], i};
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
        memcpy(b->cut.at[i], g->cell[i], sizeof g->cell[i]);
        b->order[i] = -1;
        b->cut.side[i] = -1;
    }
    whole.site = list;
    for (int axis = 0; axis < 3; axis++)
        if (g->periodic[axis])
            whole.turn[whole.nturn++][axis] = g->size[axis];
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

static int allocate(struct builder *b, const struct dissection_graph *g)
{
    size_t n = (size_t)g->n, m = 2 * (size_t)g->nedge;
    struct cutter *c = &b->cut;

    memcpy(c->size, g->size, sizeof c->size);
    c->ncount = g->n;
    c->start = mem_zalloc(n + 1, sizeof *c->start);
    c->near = mem_alloc(m, sizeof *c->near);
    c->at = mem_alloc(n, sizeof *c->at);
    c->side = mem_alloc(n, sizeof *c->side);
    c->seen = mem_zalloc(n, sizeof *c->seen);
    c->stamp = 1;
    c->spare = mem_alloc(n, sizeof *c->spare);
    c->height = mem_alloc(n, sizeof *c->height);
    c->count = mem_alloc(n, sizeof *c->count);
    b->near_edge = mem_alloc(m, sizeof *b->near_edge);
    b->order = mem_alloc(n, sizeof *b->order);
    b->mark = mem_zalloc(n, sizeof *b->mark);
    b->index = mem_alloc(n, sizeof *b->index);
    b->border = mem_alloc(n, sizeof *b->border);
    return c->start && c->near && c->at && c->side && c->seen && c->spare &&
                   c->height && c->count && b->near_edge && b->order &&
                   b->mark && b->index && b->border
               ? 0
               : -1;
}

static void release(struct builder *b)
{
    mem_free(b->cut.start);
    mem_free(b->cut.near);
    mem_free(b->cut.at);
    mem_free(b->cut.side);
    mem_free(b->cut.seen);
    mem_free(b->cut.spare);
    mem_free(b->cut.height);
    mem_free(b->cut.count);
    mem_free(b->near_edge);
    mem_free(b->order);
    mem_free(b->mark);
    mem_free(b->index);
    mem_free(b->border);
}

int dissection_new(const struct dissection_graph *g, struct dissection *out)
{
    struct builder b = {.g = g, .d = out};
    int status;

    *out = (struct dissection){.root = -1};
    status = allocate(&b, g) || build(&b) ? -1 : 0;
    release(&b);
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

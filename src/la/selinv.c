/* Selected inversion by nested dissection: see la/selinv.h.

   Memory of one batch: P and X of every front stay from the way up to the way
   down; the square matrices of fronts live on stacks.  The tree is split at a
   fixed level into subtrees, each worked through by one task with a stack of
   its own; the few fronts above have places of their own. */

#include "la/selinv.h"

#include <complex.h>
#include <math.h>
#include <omp.h>
#include <string.h>

#include "base/mem.h"

enum {
    SPLIT_DEPTH = 4 /* fronts at this depth are the subtrees of tasks */
};

struct selinv {
    struct dissection tree;
    int64_t n, nedge;
    ptrdiff_t *kept; /* [nfront] where P, then X, of a front lie */
    ptrdiff_t nkept;
    ptrdiff_t *place; /* [nfront] of the square matrix of a front above the
                         split, or of the stack of a subtree's root */
    ptrdiff_t nplace;
    /* Workspace of the batches in flight, kept between calls: its pages cost
       more to get anew than the numbers in them. */
    int nbatch;
    struct lanes *room;
    double (*logdet)[2 * LANES];
};

/* Everything of one batch in flight. */
struct batch {
    const struct selinv *s;
    const double *onsite, *hopping;
    struct lanes shift;
    struct lanes *kept, *place;
    struct lanes *diagonal, *edge;
    bool want_logdet;
    double (*logdet)[2 * LANES]; /* [nfront], per front */
};

/* Odd leading dimensions keep columns out of each other's cache sets. */
static ptrdiff_t leading(int n)
{
    return n | 1;
}

static ptrdiff_t square(const struct front *f)
{
    int n = f->nown + f->nborder;

    /* On the way up: border block and A21, each with its own leading
       dimension. */
    return (n + 2) * leading(n);
}

/* Room for the inversion's workspace, or for the border's products. */
static ptrdiff_t scratch(const struct front *f)
{
    ptrdiff_t half = (f->nown + 2) * (ptrdiff_t)(f->nown + 2) / 2;

    return half + f->nown;
}

/* The stack that the subtree of a front needs: its own matrix, its scratch,
   and below it the children one after the other.  On the way up the children's
   border blocks must stay until the parent takes them: they are added to the
   parent's matrix at once, so one child at a time is on the stack. */
static ptrdiff_t stack_size(const struct selinv *s, int number)
{
    const struct front *f = &s->tree.front[number];
    ptrdiff_t deepest = scratch(f);

    for (int c = f->first_child; c >= 0; c = s->tree.front[c].next_sibling) {
        ptrdiff_t below = stack_size(s, c);

        if (below > deepest)
            deepest = below;
    }
    return square(f) + deepest;
}

static bool is_task(const struct front *f)
{
    return f->depth == SPLIT_DEPTH;
}

static int lay_out(struct selinv *s)
{
    size_t n = (size_t)s->tree.nfront;

    s->kept = mem_alloc(n, sizeof *s->kept);
    s->place = mem_alloc(n, sizeof *s->place);
    if (!s->kept || !s->place)
        return -1;
    for (int i = 0; i < s->tree.nfront; i++) {
        const struct front *f = &s->tree.front[i];

        s->kept[i] = s->nkept;
        s->nkept += (f->nown + f->nborder) * leading(f->nown);
        s->place[i] = s->nplace;
        if (f->depth < SPLIT_DEPTH)
            s->nplace += square(f) + scratch(f);
        else if (is_task(f))
            s->nplace += stack_size(s, i);
    }
    return 0;
}

struct selinv *selinv_new(const struct dissection_graph *g)
{
    struct selinv *s = mem_zalloc(1, sizeof *s);

    if (!s)
        return NULL;
    s->n = g->n;
    s->nedge = g->nedge;
    if (dissection_new(g, &s->tree) || lay_out(s)) {
        selinv_free(s);
        return NULL;
    }
    return s;
}

void selinv_free(struct selinv *s)
{
    if (!s)
        return;
    dissection_free(&s->tree);
    mem_free(s->kept);
    mem_free(s->place);
    mem_free(s->room);
    mem_free(s->logdet);
    mem_free(s);
}

double selinv_work(const struct selinv *s)
{
    return s->tree.work;
}

static int batches(int nshift)
{
    return (nshift + LANES - 1) / LANES;
}

static double batch_bytes(const struct selinv *s)
{
    return (double)(s->nkept + s->nplace) * sizeof(struct lanes) +
           (double)s->tree.nfront * 2 * LANES * sizeof(double);
}

double selinv_bytes(const struct selinv *s, int nshift)
{
    return batch_bytes(s) + (double)batches(nshift) *
                                (double)(s->n + s->nedge) *
                                sizeof(struct lanes);
}

static struct lane_matrix view(struct lanes *at, ptrdiff_t ld)
{
    return (struct lane_matrix){at, ld, 1};
}

static struct lane_matrix transposed(struct lane_matrix m)
{
    return (struct lane_matrix){m.at, m.column, m.row};
}

static struct lane_matrix below(struct lane_matrix m, int rows)
{
    m.at += rows * m.row;
    return m;
}

/* P [nown][nown] and X [nborder][nown] of a front. */
static struct lane_matrix kept_p(const struct batch *b, int number)
{
    int nown = b->s->tree.front[number].nown;

    return view(b->kept + b->s->kept[number], leading(nown));
}

static struct lane_matrix kept_x(const struct batch *b, int number)
{
    return below(kept_p(b, number), b->s->tree.front[number].nown);
}

/* Matrix entries of a front: own rows and columns in P (both triangles), rows
   of the border in a21. */
static void assemble(struct batch *b, int number, struct lane_matrix a21)
{
    const struct front *f = &b->s->tree.front[number];
    struct lane_matrix p = kept_p(b, number);

    memset(p.at, 0, (size_t)(f->nown * p.row) * sizeof *p.at);
    memset(a21.at, 0, (size_t)(f->nborder * a21.row) * sizeof *a21.at);
    for (int i = 0; i < f->nentry; i++) {
        const struct front_entry *e = &f->entry[i];

        if (e->edge < 0) {
            struct lanes *at = &p.at[e->row * (p.row + 1)];

            at->re = b->onsite[-1 - e->edge] - b->shift.re;
            at->im = -b->shift.im;
        } else if (e->row < f->nown) {
            p.at[e->row * p.row + e->column].re += b->hopping[e->edge];
            p.at[e->column * p.row + e->row].re += b->hopping[e->edge];
        } else {
            a21.at[(e->row - f->nown) * a21.row + e->column].re +=
                b->hopping[e->edge];
        }
    }
}

/* Adds an element of a child's border block to P (both triangles), A21 or the
   border block `rest` (lower triangle) of its parent; row >= column. */
static inline void add_element(const struct front *f, struct lane_matrix p,
                               struct lane_matrix a21, struct lane_matrix rest,
                               int row, int column, struct lanes v)
{
    struct lanes *at;

    if (row < f->nown) {
        at = &p.at[row * p.row + column];
        if (row != column) {
            struct lanes *other = &p.at[column * p.row + row];

            other->re += v.re;
            other->im += v.im;
        }
    } else if (column < f->nown) {
        at = &a21.at[(row - f->nown) * a21.row + column];
    } else {
        at = &rest.at[(row - f->nown) * rest.row + column - f->nown];
    }
    at->re += v.re;
    at->im += v.im;
}

/* Borders are in the order of elimination, so the map to the parent ascends
   and the lower triangle goes to the lower triangle. */
static void extend_add(struct batch *b, int child, struct lane_matrix u,
                       int parent, struct lane_matrix a21,
                       struct lane_matrix rest)
{
    const struct front *c = &b->s->tree.front[child];
    const struct front *f = &b->s->tree.front[parent];
    struct lane_matrix p = kept_p(b, parent);

    for (int i = 0; i < c->nborder; i++)
        for (int j = 0; j <= i; j++)
            add_element(f, p, a21, rest, c->to_parent[i], c->to_parent[j],
                        u.at[i * u.row + j]);
}

/* ln of the product of the pivots, by lane. */
static void add_logdet(struct batch *b, int number, const struct lanes *pivot)
{
    const struct front *f = &b->s->tree.front[number];
    double *sum = b->logdet[number];

    for (int l = 0; l < LANES; l++) {
        sum[2 * l] = sum[2 * l + 1] = 0;
        for (int i = 0; i < f->nown; i++) {
            double complex z = pivot[i].re[l] + I * pivot[i].im[l];
            double complex ln = clog(z);

            sum[2 * l] += creal(ln);
            sum[2 * l + 1] += cimag(ln);
        }
    }
}

static void up(struct batch *b, int number, struct lanes *stack);

static void children_up(struct batch *b, int number, struct lanes *stack,
                        struct lane_matrix a21, struct lane_matrix rest)
{
    const struct front *front = b->s->tree.front;
    const struct front *f = &front[number];

    for (int c = f->first_child; c >= 0; c = front[c].next_sibling) {
        if (f->depth >= SPLIT_DEPTH) {
            up(b, c, stack);
            extend_add(b, c, view(stack, leading(front[c].nborder)), number,
                       a21, rest);
        } else {
#pragma omp task firstprivate(c)
            up(b, c, b->place + b->s->place[c]);
        }
    }
    if (f->depth >= SPLIT_DEPTH)
        return;
#pragma omp taskwait
    for (int c = f->first_child; c >= 0; c = front[c].next_sibling)
        extend_add(b, c,
                   view(b->place + b->s->place[c], leading(front[c].nborder)),
                   number, a21, rest);
}

/* Leaves the border block, [nborder][nborder] lower, at the stack's start. */
static void up(struct batch *b, int number, struct lanes *stack)
{
    const struct front *f = &b->s->tree.front[number];
    struct lane_matrix rest = view(stack, leading(f->nborder));
    struct lane_matrix p = kept_p(b, number), x = kept_x(b, number);
    struct lanes *free_from = stack + square(f);
    struct lane_matrix a21 = view(stack + f->nborder * rest.row, p.row);
    bool leaf = f->first_child < 0;

    assemble(b, number, a21);
    if (!leaf) {
        memset(stack, 0, (size_t)(f->nborder * rest.row) * sizeof *stack);
        children_up(b, number, free_from, a21, rest);
    }
    lanes_invert(f->nown, p, free_from + f->nown, free_from);
    if (b->want_logdet)
        add_logdet(b, number, free_from);
    lanes_product(LANES_SET, f->nborder, f->nown, f->nown, a21, p, x, 0);
    lanes_product(leaf ? LANES_NEGATIVE : LANES_SUBTRACT, f->nborder,
                  f->nborder, f->nown, x, transposed(a21), rest, 1);
}

/* Writes the wanted entries of G (own columns) of a front. */
static void extract(struct batch *b, int number, struct lane_matrix g)
{
    const struct front *f = &b->s->tree.front[number];

    for (int i = 0; i < f->nentry; i++) {
        const struct front_entry *e = &f->entry[i];
        struct lanes v = g.at[e->row * g.row + e->column];

        if (e->edge < 0)
            b->diagonal[-1 - e->edge] = v;
        else
            b->edge[e->edge] = v;
    }
}

/* G of the border, both triangles, from the lower triangle of the parent's. */
static void gather_border(struct batch *b, int number, struct lane_matrix from,
                          struct lane_matrix to)
{
    const struct front *f = &b->s->tree.front[number];

    for (int i = 0; i < f->nborder; i++) {
        const struct lanes *row = from.at + f->to_parent[i] * from.row;

        for (int j = 0; j <= i; j++) {
            struct lanes v = row[f->to_parent[j]];

            to.at[i * to.row + j] = v;
            to.at[j * to.row + i] = v;
        }
    }
}

/* g: the square matrix of this front, border rows last; its lower triangle is
   what the children read. */
static void down(struct batch *b, int number, struct lane_matrix parent,
                 struct lanes *stack)
{
    const struct front *front = b->s->tree.front;
    const struct front *f = &front[number];
    int total = f->nown + f->nborder;
    struct lane_matrix g = view(stack, leading(total));
    struct lane_matrix p = kept_p(b, number), x = kept_x(b, number);
    struct lane_matrix g_bs = below(g, f->nown), g_bb = g_bs;

    g_bb.at += f->nown;
    for (int i = 0; i < f->nown; i++)
        memcpy(g.at + i * g.row, p.at + i * p.row,
               (size_t)f->nown * sizeof *g.at);
    if (f->nborder) {
        gather_border(b, number, parent, g_bb);
        lanes_product(LANES_NEGATIVE, f->nborder, f->nown, f->nborder, g_bb, x,
                      g_bs, 0);
        lanes_product(LANES_SUBTRACT, f->nown, f->nown, f->nborder,
                      transposed(x), g_bs, g, 1);
    }
    extract(b, number, g);
    for (int c = f->first_child; c >= 0; c = front[c].next_sibling) {
        if (f->depth >= SPLIT_DEPTH) {
            down(b, c, g, stack + square(f));
        } else {
#pragma omp task firstprivate(c, g)
            down(b, c, g, b->place + b->s->place[c]);
        }
    }
    if (f->depth < SPLIT_DEPTH) {
#pragma omp taskwait
    }
}

static void sum_logdet(const struct batch *b, int first,
                       struct selinv_result *r)
{
    for (int l = 0; l < LANES && first + l < r->nshift; l++) {
        r->logdet_re[first + l] = r->logdet_im[first + l] = 0;
        for (int i = 0; i < b->s->tree.nfront; i++) {
            r->logdet_re[first + l] += b->logdet[i][2 * l];
            r->logdet_im[first + l] += b->logdet[i][2 * l + 1];
        }
    }
}

static void solve_batch(struct batch *b)
{
    struct lane_matrix none = {0};
    int root = b->s->tree.root;

    up(b, root, b->place + b->s->place[root]);
    down(b, root, none, b->place + b->s->place[root]);
}

static bool finite_result(const struct selinv *s, const struct lanes *diagonal)
{
    double sum = 0;

    for (int64_t i = 0; i < s->n; i++)
        for (int l = 0; l < LANES; l++)
            sum += fabs(diagonal[i].re[l]) + fabs(diagonal[i].im[l]);
    return isfinite(sum);
}

int selinv_result_reserve(struct selinv_result *r, int64_t nsite, int64_t nedge,
                          int nshift, bool want_logdet)
{
    size_t count = (size_t)batches(nshift);

    if (r->diagonal && batches(r->nshift) == batches(nshift) &&
        r->nsite == nsite && r->nedge == nedge &&
        (r->logdet_re || !want_logdet)) {
        r->nshift = nshift;
        return 0;
    }
    selinv_result_free(r);
    r->nshift = nshift;
    r->nsite = nsite;
    r->nedge = nedge;
    r->diagonal = mem_alloc(count * (size_t)nsite, sizeof *r->diagonal);
    r->edge = mem_alloc(count * (size_t)nedge, sizeof *r->edge);
    r->logdet_re = mem_zalloc(count * LANES, sizeof *r->logdet_re);
    r->logdet_im = mem_zalloc(count * LANES, sizeof *r->logdet_im);
    return r->diagonal && r->edge && r->logdet_re && r->logdet_im ? 0 : -1;
}

static int reserve_room(struct selinv *s, int count)
{
    if (s->nbatch >= count)
        return 0;
    mem_free(s->room);
    mem_free(s->logdet);
    s->nbatch = 0;
    s->room = mem_alloc((size_t)(s->nkept + s->nplace) * (size_t)count,
                        sizeof *s->room);
    s->logdet =
        mem_alloc((size_t)s->tree.nfront * (size_t)count, sizeof *s->logdet);
    if (!s->room || !s->logdet)
        return -1;
    s->nbatch = count;
    return 0;
}

static void set_shifts(struct batch *b, int nshift, const double *re,
                       const double *im, int first)
{
    for (int l = 0; l < LANES; l++) {
        int at = first + l < nshift ? first + l : nshift - 1;

        b->shift.re[l] = re[at];
        b->shift.im[l] = im[at];
    }
}

size_t selinv_room(const struct selinv *s)
{
    return (size_t)(s->nkept + s->nplace);
}

void selinv_batch(const struct selinv *s, const double *onsite,
                  const double *hopping, int nshift, const double *re,
                  const double *im, int batch, struct lanes *room,
                  struct lanes *diagonal, struct lanes *edge)
{
    struct batch b = {.s = s,
                      .onsite = onsite,
                      .hopping = hopping,
                      .kept = room,
                      .place = room + s->nkept,
                      .diagonal = diagonal,
                      .edge = edge};

    set_shifts(&b, nshift, re, im, batch * LANES);
    solve_batch(&b);
}

int selinv_solve(struct selinv *s, const double *onsite, const double *hopping,
                 int nshift, const double *re, const double *im,
                 bool want_logdet, int nthread, struct selinv_result *r)
{
    int count = batches(nshift), status = 0;
    struct lanes *room;
    double(*logdet)[2 * LANES];

    if (selinv_result_reserve(r, s->n, s->nedge, nshift, want_logdet))
        return -1;
    if (reserve_room(s, count))
        return -1;
    room = s->room;
    logdet = s->logdet;
#pragma omp parallel num_threads(nthread)
#pragma omp single
    for (int k = 0; k < count; k++) {
#pragma omp task firstprivate(k)
        {
            struct batch b = {
                .s = s,
                .onsite = onsite,
                .hopping = hopping,
                .kept = room + k * (s->nkept + s->nplace),
                .place = room + k * (s->nkept + s->nplace) + s->nkept,
                .diagonal = r->diagonal + k * s->n,
                .edge = r->edge + k * s->nedge,
                .want_logdet = want_logdet,
                .logdet = logdet + (size_t)k * (size_t)s->tree.nfront};

            set_shifts(&b, nshift, re, im, k * LANES);
            solve_batch(&b);
            if (want_logdet)
                sum_logdet(&b, k * LANES, r);
        }
    }
    for (int k = 0; k < count && !status; k++)
        status = finite_result(s, r->diagonal + k * s->n) ? 0 : -2;
    return status;
}

void selinv_result_free(struct selinv_result *r)
{
    mem_free(r->diagonal);
    mem_free(r->edge);
    mem_free(r->logdet_re);
    mem_free(r->logdet_im);
    *r = (struct selinv_result){0};
}

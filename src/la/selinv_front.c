/* The numbers of a selected inversion: see la/selinv_front.h.

   Memory of one batch: P and X of every front stay from the way up to the way
   down.  The tree is split at a fixed level into subtrees, each worked through
   by one task on a stack that all tasks of a thread share, so that it stays in
   the cache: a tied task that waits lets its thread begin descendants only,
   which use no stack.  The few fronts above, and what subtrees leave for them,
   have places of their own. */

#include "la/selinv_front.h"

#include <math.h>
#include <omp.h>
#include <string.h>

#include "base/mem.h"

/* Odd leading dimensions keep columns out of each other's cache sets. */
static ptrdiff_t leading(int n)
{
    return n | 1;
}

static ptrdiff_t border_block(const struct front *f)
{
    return f->nborder * leading(f->nborder);
}

/* A21, before the inversion's workspace and the pivots. */
static ptrdiff_t lower_block(const struct front *f)
{
    return f->nborder * leading(f->nown);
}

static ptrdiff_t scratch(const struct front *f)
{
    ptrdiff_t half = (f->nown + 2) * (ptrdiff_t)(f->nown + 2) / 2;

    return half + f->nown;
}

/* On the way down: G of own and border sites. */
static ptrdiff_t square(const struct front *f)
{
    int n = f->nown + f->nborder;

    return n * leading(n);
}

static ptrdiff_t larger(ptrdiff_t a, ptrdiff_t b)
{
    return a > b ? a : b;
}

/* The stacks that the subtree of a front needs: its own matrix, above it the
   border blocks of the children done and what the next child needs, or its
   scratch. */
static ptrdiff_t stack_up(const struct selinv *s, int number)
{
    const struct front *front = s->tree.front;
    ptrdiff_t most = scratch(&front[number]), done = 0;

    for (int c = front[number].first_child; c >= 0; c = front[c].next_sibling) {
        done += border_block(&front[c]);
        most = larger(most, done + stack_up(s, c));
    }
    return lower_block(&front[number]) + most;
}

static ptrdiff_t stack_down(const struct selinv *s, int number)
{
    const struct front *front = s->tree.front;
    ptrdiff_t most = 0;

    for (int c = front[number].first_child; c >= 0; c = front[c].next_sibling)
        most = larger(most, stack_down(s, c));
    return square(&front[number]) + most;
}

/* --- Runs and pieces. --- */

static int64_t count_pieces(const struct selinv *s)
{
    int64_t n = 0;

    for (int f = 0; f < s->tree.nfront; f++)
        n += s->tree.front[f].nborder;
    return n;
}

static void find_pieces(struct selinv *s)
{
    int64_t n = 0;

    for (int k = 0; k < s->tree.nfront; k++) {
        const struct front *f = &s->tree.front[k];

        s->first_piece[k] = n;
        for (int i = 0; f->to_parent && i < f->nborder; i++) {
            int to = f->to_parent[i] - i;

            if (i == 0 || s->piece[n - 1].to != to)
                s->piece[n++] = (struct piece){i, i, to};
            s->piece[n - 1].end++;
        }
    }
    s->first_piece[s->tree.nfront] = n;
}

/* where[2][nown + nborder]: the place in the border of each child. */
static void find_places(const struct selinv *s, int number, int *where)
{
    const struct front *front = s->tree.front, *f = &front[number];
    int total = f->nown + f->nborder, k = 0;

    for (int i = 0; i < 2 * total; i++)
        where[i] = NOT_THERE;
    for (int c = f->first_child; c >= 0; c = front[c].next_sibling, k++)
        for (int i = 0; i < front[c].nborder; i++)
            where[k * total + front[c].to_parent[i]] = i;
}

static int find_runs(struct selinv *s)
{
    int64_t n = 0;
    int most = 0, *where;

    for (int k = 0; k < s->tree.nfront; k++) {
        const struct front *f = &s->tree.front[k];

        most = f->nown + f->nborder > most ? f->nown + f->nborder : most;
        n += f->nown + f->nborder;
    }
    s->run = mem_alloc((size_t)n, sizeof *s->run);
    where = mem_alloc(2 * (size_t)most, sizeof *where);
    n = 0;
    for (int k = 0; s->run && where && k < s->tree.nfront; k++) {
        const struct front *f = &s->tree.front[k];
        int total = f->nown + f->nborder;

        s->first_run[k] = n;
        find_places(s, k, where);
        for (int i = 0; i < total; i++) {
            struct run at = {i, i + 1, {NOT_THERE, NOT_THERE}}, *last;

            for (int c = 0; c < 2; c++)
                if (where[c * total + i] >= 0)
                    at.from[c] = where[c * total + i] - i;
            last = n > s->first_run[k] && i != f->nown ? &s->run[n - 1] : NULL;
            if (last && last->from[0] == at.from[0] &&
                last->from[1] == at.from[1])
                last->end++;
            else
                s->run[n++] = at;
        }
    }
    s->first_run[s->tree.nfront] = n;
    mem_free(where);
    return s->run && where ? 0 : -1;
}

int selinv_lay_out(struct selinv *s)
{
    size_t n = (size_t)s->tree.nfront;

    s->kept = mem_alloc(n, sizeof *s->kept);
    s->place = mem_alloc(n, sizeof *s->place);
    s->first_run = mem_alloc(n + 1, sizeof *s->first_run);
    s->first_piece = mem_alloc(n + 1, sizeof *s->first_piece);
    s->piece = mem_alloc((size_t)count_pieces(s), sizeof *s->piece);
    if (!s->kept || !s->place || !s->first_run || !s->first_piece || !s->piece)
        return -1;
    for (int i = 0; i < s->tree.nfront; i++) {
        const struct front *f = &s->tree.front[i];

        s->kept[i] = s->nkept;
        s->nkept += (f->nown + f->nborder) * leading(f->nown);
        s->place[i] = s->nplace;
        if (f->depth < SPLIT_DEPTH)
            s->nplace += larger(border_block(f) + lower_block(f) + scratch(f),
                                square(f));
        else if (f->depth == SPLIT_DEPTH) {
            s->nplace += border_block(f);
            s->nstack =
                larger(s->nstack, larger(stack_up(s, i), stack_down(s, i)));
        }
    }
    find_pieces(s);
    return find_runs(s);
}

/* --- Way up. --- */

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

/* By vectors: a structure would be copied in smaller pieces, whose stores the
   next loads would have to wait for. */
static inline void copy(struct lanes *to, const struct lanes *from)
{
    to->re = from->re;
    to->im = from->im;
}

/* to [n] = sum of the rows of the children that there are. */
static inline void gather(struct lanes *to, int n, const struct lanes *one,
                          const struct lanes *two)
{
    static const struct lanes zero;

    if (one && two) {
        for (int j = 0; j < n; j++) {
            to[j].re = one[j].re + two[j].re;
            to[j].im = one[j].im + two[j].im;
        }
        return;
    }
    one = one ? one : two;
    if (one)
        for (int j = 0; j < n; j++)
            copy(&to[j], &one[j]);
    else
        for (int j = 0; j < n; j++)
            copy(&to[j], &zero);
}

/* Row i, up to the diagonal, from the children's border blocks u. */
static void gather_row(const struct run *r, const struct run *end, int i,
                       const struct run *row, const struct lane_matrix u[2],
                       int nown, struct lanes *own, struct lanes *rest)
{
    const struct lanes *from[2] = {NULL, NULL};

    for (int c = 0; c < 2; c++)
        if (row->from[c] != NOT_THERE)
            from[c] = u[c].at + (i + row->from[c]) * u[c].row;
    for (; r < end && r->begin <= i; r++) {
        const struct lanes *at[2] = {NULL, NULL};
        int last = r->end <= i ? r->end : i + 1;
        struct lanes *to = r->begin < nown ? own + r->begin
                           : rest          ? rest + (r->begin - nown)
                                           : NULL;

        for (int c = 0; c < 2; c++)
            if (from[c] && r->from[c] != NOT_THERE)
                at[c] = from[c] + r->begin + r->from[c];
        if (to)
            gather(to, last - r->begin, at[0], at[1]);
    }
}

/* The front's matrix: own rows in P (lower triangle), border rows in a21 and
   rest (lower triangle; left alone in a leaf). */
static void assemble(struct batch *b, int number, const struct lane_matrix u[2],
                     struct lane_matrix a21, struct lane_matrix rest)
{
    const struct selinv *s = b->s;
    const struct front *f = &s->tree.front[number];
    const struct run *first = s->run + s->first_run[number];
    const struct run *end = s->run + s->first_run[number + 1];
    struct lane_matrix p = kept_p(b, number);
    bool leaf = f->first_child < 0;

    for (const struct run *r = first; r < end; r++) {
        for (int i = r->begin; i < r->end; i++) {
            int k = i - f->nown;

            gather_row(first, end, i, r, u, f->nown,
                       k < 0 ? p.at + i * p.row : a21.at + k * a21.row,
                       k < 0 || leaf ? NULL : rest.at + k * rest.row);
        }
    }
    for (int i = 0; i < f->nentry; i++) {
        const struct front_entry *e = &f->entry[i];

        if (e->edge < 0) {
            struct lanes *at = &p.at[e->row * (p.row + 1)];

            at->re += b->onsite[-1 - e->edge] - b->shift.re;
            at->im -= b->shift.im;
        } else if (e->row < f->nown) {
            p.at[e->row * p.row + e->column].re += b->hopping[e->edge];
        } else {
            a21.at[(e->row - f->nown) * a21.row + e->column].re +=
                b->hopping[e->edge];
        }
    }
}

/* ln of the product of the pivots, by lane: logarithms of eight at a time. */
static void add_logdet(struct batch *b, int number, const struct lanes *pivot)
{
    int n = b->s->tree.front[number].nown;
    double *sum = b->logdet[number];

    memset(sum, 0, 2 * LANES * sizeof *sum);
    for (int begin = 0; begin < n; begin += 8) {
        struct lanes z = pivot[begin];

        for (int i = begin + 1; i < n && i < begin + 8; i++)
            z = (struct lanes){z.re * pivot[i].re - z.im * pivot[i].im,
                               z.re * pivot[i].im + z.im * pivot[i].re};
        for (int l = 0; l < LANES; l++) {
            sum[2 * l] += log(hypot(z.re[l], z.im[l]));
            sum[2 * l + 1] += atan2(z.im[l], z.re[l]);
        }
    }
}

static struct lanes *own_stack(const struct batch *b)
{
    return b->stack + (b->shared ? 0 : omp_get_thread_num() * b->s->nstack);
}

static void up(struct batch *b, int number, struct lanes *out,
               struct lanes *stack);

/* A front above the split, or the root of a subtree. */
static void up_task(struct batch *b, int number)
{
    const struct front *f = &b->s->tree.front[number];
    struct lanes *place = b->place + b->s->place[number];

    up(b, number, place,
       f->depth < SPLIT_DEPTH ? place + border_block(f) : own_stack(b));
}

/* The border blocks of the children. */
static void children_up(struct batch *b, int number, struct lanes *stack,
                        struct lane_matrix u[2])
{
    const struct front *front = b->s->tree.front;
    const struct front *f = &front[number];
    int k = 0;

    for (int c = f->first_child; c >= 0; c = front[c].next_sibling, k++) {
        u[k] = view(stack, leading(front[c].nborder));
        if (f->depth >= SPLIT_DEPTH) {
            stack += border_block(&front[c]);
            up(b, c, u[k].at, stack);
        } else {
            u[k].at = b->place + b->s->place[c];
#pragma omp task firstprivate(c)
            up_task(b, c);
        }
    }
    if (f->depth < SPLIT_DEPTH) {
#pragma omp taskwait
    }
}

/* Leaves the border block, [nborder][nborder] lower, in out. */
static void up(struct batch *b, int number, struct lanes *out,
               struct lanes *stack)
{
    const struct front *f = &b->s->tree.front[number];
    struct lane_matrix rest = view(out, leading(f->nborder));
    struct lane_matrix p = kept_p(b, number), x = kept_x(b, number);
    struct lane_matrix a21 = view(stack, p.row);
    struct lane_matrix u[2] = {{0}, {0}};

    stack += lower_block(f);
    children_up(b, number, stack, u);
    assemble(b, number, u, a21, rest);
    lanes_invert(f->nown, p, stack + f->nown, stack);
    if (b->want_logdet)
        add_logdet(b, number, stack);
    /* P is symmetric: read along its rows. */
    lanes_product(LANES_SET, f->nborder, f->nown, f->nown, a21, transposed(p),
                  x, 0);
    lanes_product(f->first_child < 0 ? LANES_NEGATIVE : LANES_SUBTRACT,
                  f->nborder, f->nborder, f->nown, x, transposed(a21), rest, 1);
}

/* --- Way down. --- */

/* Writes the wanted entries of G (own columns) of a front. */
static void extract(struct batch *b, int number, struct lane_matrix g)
{
    const struct front *f = &b->s->tree.front[number];

    for (int i = 0; i < f->nentry; i++) {
        const struct front_entry *e = &f->entry[i];

        copy(e->edge < 0 ? &b->diagonal[-1 - e->edge] : &b->edge[e->edge],
             &g.at[e->row * g.row + e->column]);
    }
}

/* G of the border from the lower triangle of the parent's, in the form that
   lanes_symmetric_product reads. */
static void gather_border(struct batch *b, int number, struct lane_matrix from,
                          struct lane_matrix to)
{
    const struct selinv *s = b->s;
    const struct piece *first = s->piece + s->first_piece[number];
    const struct piece *end = s->piece + s->first_piece[number + 1];

    for (const struct piece *r = first; r < end; r++) {
        for (int i = r->begin; i < r->end; i++) {
            const struct lanes *row = from.at + (i + r->to) * from.row;
            struct lanes *at = to.at + i * to.row;

            for (const struct piece *c = first; c <= r; c++) {
                int last = c->end <= i ? c->end : i + 1;

                for (int j = c->begin; j < last; j++)
                    copy(&at[j], &row[j + c->to]);
            }
            for (int j = i - i % LANES_BLOCK; j < i; j++)
                copy(&to.at[j * to.row + i], &at[j]);
        }
    }
}

static void down(struct batch *b, int number, struct lane_matrix parent,
                 struct lanes *stack);

static void children_down(struct batch *b, int number, struct lane_matrix g,
                          struct lanes *stack)
{
    const struct front *front = b->s->tree.front;
    const struct front *f = &front[number];

    for (int c = f->first_child; c >= 0; c = front[c].next_sibling) {
        if (f->depth >= SPLIT_DEPTH) {
            down(b, c, g, stack + square(f));
        } else {
#pragma omp task firstprivate(c, g)
            down(b, c, g,
                 f->depth + 1 < SPLIT_DEPTH ? b->place + b->s->place[c]
                                            : own_stack(b));
        }
    }
    if (f->depth < SPLIT_DEPTH) {
#pragma omp taskwait
    }
}

/* Of the square matrix g of this front, border rows last, the children read the
   lower triangle. */
static void down(struct batch *b, int number, struct lane_matrix parent,
                 struct lanes *stack)
{
    const struct front *f = &b->s->tree.front[number];
    struct lane_matrix p = kept_p(b, number), x = kept_x(b, number), g = p;

    if (f->nborder) {
        struct lane_matrix g_bs, g_bb;

        g = view(stack, leading(f->nown + f->nborder));
        g_bb = g_bs = below(g, f->nown);
        g_bb.at += f->nown;
        gather_border(b, number, parent, g_bb);
        lanes_symmetric_product(f->nborder, f->nown, g_bb, x, g_bs);
        lanes_difference(f->nown, f->nborder, p, transposed(x), g_bs, g);
    }
    extract(b, number, g);
    children_down(b, number, g, stack);
}

void selinv_batch_solve(struct batch *b)
{
    struct lane_matrix none = {0};
    int root = b->s->tree.root;

    up_task(b, root);
    down(b, root, none, b->place + b->s->place[root]);
}

/* The layers and their recursion: see la/block.h. */

#include "la/block.h"

#include <string.h>

#include "base/mem.h"

void block_chain_free(struct block_chain *c)
{
    if (!c)
        return;
    mem_free(c->site);
    mem_free(c->first);
    mem_free(c->entry);
    mem_free(c->first_within);
    mem_free(c->first_next);
    mem_free(c);
}

static int width(const struct block_chain *c, int k)
{
    return (int)(c->first[k + 1] - c->first[k]);
}

double block_work(const struct block_chain *c)
{
    double work = 0, roots = width(c, 0);

    for (int k = 0; k < c->nlayer; k++) {
        double n = width(c, k);

        work += n * n * (n + roots);
    }
    return work;
}

size_t block_room(const struct block_chain *c)
{
    size_t w = (size_t)c->widest;

    return (size_t)c->nkept + 4 * w * w + (w + 2) * (w + 2) / 2 + 2 * w +
           (size_t)c->n;
}

/* One solution under way. */
struct solution {
    const struct block_chain *c;
    const struct block_matrix *m;
    struct lanes z;
    struct lanes *kept;               /* all g_k, layer after layer */
    struct lanes *t, *x, *own, *next; /* [widest][widest] */
    struct lanes *work, *pivot;       /* of lanes_invert */
    struct lanes *probe;              /* [n] */
};

static struct lane_matrix matrix(struct lanes *at, int columns)
{
    return (struct lane_matrix){at, columns, 1};
}

static struct lane_matrix transposed(struct lanes *at, int columns)
{
    return (struct lane_matrix){at, 1, columns};
}

/* The lower triangle of D_k. */
static void fill_layer(const struct solution *s, int k, struct lanes *a)
{
    const struct block_chain *c = s->c;
    int n = width(c, k);

    memset(a, 0, (size_t)n * (size_t)n * sizeof *a);
    for (int i = 0; i < n; i++) {
        int64_t site = c->site[c->first[k] + i];

        a[i * n + i].re = s->z.re - s->m->onsite[site];
        a[i * n + i].im = s->z.im + s->m->broadening[site];
    }
    for (int64_t e = c->first_within[k]; e < c->first_next[k]; e++) {
        const struct block_entry *b = &c->entry[e];
        double h = s->m->hopping[b->edge];

        a[b->row * n + b->column].re -= b->row == b->column ? 2 * h : h;
    }
}

static void add_scaled(struct lanes *to, const struct lanes *from, double f,
                       int n, ptrdiff_t to_step, ptrdiff_t from_step)
{
    for (int i = 0; i < n; i++) {
        to[i * to_step].re += f * from[i * from_step].re;
        to[i * to_step].im += f * from[i * from_step].im;
    }
}

/* x = g_k+1 C_k' [n_k+1][n_k]. */
static void multiply_up(const struct solution *s, int k, const struct lanes *g,
                        struct lanes *x)
{
    const struct block_chain *c = s->c;
    int n = width(c, k), up = width(c, k + 1);

    memset(x, 0, (size_t)n * (size_t)up * sizeof *x);
    for (int64_t e = c->first_next[k]; e < block_entries_end(c, k); e++) {
        const struct block_entry *b = &c->entry[e];

        add_scaled(x + b->row, g + b->column, -s->m->hopping[b->edge], up, n,
                   up);
    }
}

/* The lower triangle of a -= C_k x. */
static void take_up(const struct solution *s, int k, const struct lanes *x,
                    struct lanes *a)
{
    const struct block_chain *c = s->c;
    int n = width(c, k);

    for (int64_t e = c->first_next[k]; e < block_entries_end(c, k); e++) {
        const struct block_entry *b = &c->entry[e];

        add_scaled(a + b->row * n, x + b->column * n, s->m->hopping[b->edge],
                   b->row + 1, 1, 1);
    }
}

static void go_inwards(const struct solution *s)
{
    const struct block_chain *c = s->c;
    struct lanes *g = s->kept + c->nkept, *up = NULL;

    for (int k = c->nlayer - 1; k >= 0; k--) {
        int n = width(c, k);

        g -= n * n;
        fill_layer(s, k, g);
        if (up && c->first_next[k] < block_entries_end(c, k)) {
            multiply_up(s, k, up, s->x);
            take_up(s, k, s->x, g);
        }
        lanes_invert(n, matrix(g, n), s->work, s->pivot);
        up = g;
    }
}

/* t = C_k' a, a [n_k][columns]. */
static void spread(const struct solution *s, int k, const struct lanes *a,
                   int columns, struct lanes *t)
{
    const struct block_chain *c = s->c;

    memset(t, 0, (size_t)width(c, k + 1) * (size_t)columns * sizeof *t);
    for (int64_t e = c->first_next[k]; e < block_entries_end(c, k); e++) {
        const struct block_entry *b = &c->entry[e];

        add_scaled(t + b->column * columns, a + b->row * columns,
                   -s->m->hopping[b->edge], columns, 1, 1);
    }
}

static void fill_columns(const struct solution *s, struct lanes *column)
{
    const struct block_chain *c = s->c;
    int roots = width(c, 0);
    const struct lanes *g = s->kept;

    memcpy(column, g, (size_t)roots * (size_t)roots * sizeof *g);
    for (int k = 0; k + 1 < c->nlayer; k++) {
        int n = width(c, k), up = width(c, k + 1);
        struct lanes *from = column + c->first[k] * roots;
        struct lanes *to = column + c->first[k + 1] * roots;

        g += n * n;
        spread(s, k, from, roots, s->t);
        lanes_product(LANES_NEGATIVE, up, roots, up,
                      matrix((struct lanes *)g, up), matrix(s->t, roots),
                      matrix(to, roots), 0);
    }
}

/* The largest entry of M y - P, P = 1 on the roots: y is the sum of the columns
   with weights of alternating sign, P the weights. */
static lane_vector residual(const struct solution *s,
                            const struct lanes *column)
{
    const struct block_chain *c = s->c;
    int roots = width(c, 0);
    lane_vector worst = {0};
    struct lanes *y = s->probe, *own = s->own;

    for (int64_t i = 0; i < c->n; i++) {
        y[i] = (struct lanes){{0}, {0}};
        for (int a = 0; a < roots; a++) {
            y[i].re += (a & 1 ? -1.0 : 1.0) * column[i * roots + a].re;
            y[i].im += (a & 1 ? -1.0 : 1.0) * column[i * roots + a].im;
        }
    }
    memset(own, 0, (size_t)c->widest * sizeof *own);
    for (int k = 0; k < c->nlayer; k++) {
        struct lanes *next = s->next;
        const struct lanes *at = y + c->first[k];
        const struct lanes *up = y + c->first[k + 1];
        int n = width(c, k);

        memset(next, 0, (size_t)c->widest * sizeof *next);
        for (int i = 0; i < n; i++) {
            int64_t site = c->site[c->first[k] + i];
            lane_vector re = s->z.re - s->m->onsite[site];
            lane_vector im = s->z.im + s->m->broadening[site];

            own[i].re += re * at[i].re - im * at[i].im;
            own[i].im += re * at[i].im + im * at[i].re;
            if (k == 0)
                own[i].re -= i & 1 ? -1.0 : 1.0;
        }
        for (int64_t e = c->first_within[k]; e < c->first_next[k]; e++) {
            const struct block_entry *b = &c->entry[e];
            double h = -s->m->hopping[b->edge];

            add_scaled(own + b->row, at + b->column, h, 1, 1, 1);
            add_scaled(own + b->column, at + b->row, h, 1, 1, 1);
        }
        for (int64_t e = c->first_next[k]; e < block_entries_end(c, k); e++) {
            const struct block_entry *b = &c->entry[e];
            double h = -s->m->hopping[b->edge];

            add_scaled(own + b->row, up + b->column, h, 1, 1, 1);
            add_scaled(next + b->column, at + b->row, h, 1, 1, 1);
        }
        for (int i = 0; i < n; i++) {
            lane_vector size = own[i].re * own[i].re + own[i].im * own[i].im;

            /* A nan must stay. */
            for (int l = 0; l < LANES; l++)
                if (!(size[l] <= worst[l]))
                    worst[l] = size[l];
        }
        memcpy(own, next, (size_t)c->widest * sizeof *own);
    }
    return worst;
}

/* G_kk stands in s->own; the entries of the edges within the layer. */
static void keep_layer(const struct solution *s, int k,
                       const struct block_result *r)
{
    const struct block_chain *c = s->c;
    int n = width(c, k);

    for (int i = 0; i < n; i++)
        r->diagonal[c->site[c->first[k] + i]] = s->own[i * n + i];
    for (int64_t e = c->first_within[k]; e < c->first_next[k]; e++) {
        const struct block_entry *b = &c->entry[e];

        r->edge[b->edge] = s->own[b->row * n + b->column];
    }
}

static void fill_all(struct solution *s, const struct block_result *r)
{
    const struct block_chain *c = s->c;
    const struct lanes *g = s->kept;
    int n = width(c, 0);

    memcpy(s->own, g, (size_t)n * (size_t)n * sizeof *g);
    keep_layer(s, 0, r);
    for (int k = 0; k + 1 < c->nlayer; k++) {
        int up = width(c, k + 1);
        struct lanes *swap = s->own;

        g += n * n;
        memcpy(s->next, g, (size_t)up * (size_t)up * sizeof *g);
        if (c->first_next[k] < block_entries_end(c, k)) {
            multiply_up(s, k, g, s->x);
            lanes_product(LANES_NEGATIVE, up, n, n, matrix(s->x, n),
                          matrix(s->own, n), matrix(s->t, n), 0);
            lanes_product(LANES_SUBTRACT, up, up, n, matrix(s->t, n),
                          transposed(s->x, n), matrix(s->next, up), 1);
            lanes_mirror(up, matrix(s->next, up));
        }
        for (int64_t e = c->first_next[k]; e < block_entries_end(c, k); e++) {
            const struct block_entry *b = &c->entry[e];

            r->edge[b->edge] = s->t[b->column * n + b->row];
        }
        s->own = s->next;
        s->next = swap;
        n = up;
        keep_layer(s, k + 1, r);
    }
}

/* The square of the largest |y|, times that of a row sum of M. */
static lane_vector scale(const struct solution *s)
{
    const struct block_chain *c = s->c;
    lane_vector largest = {0}, diagonal = {0};

    for (int64_t i = 0; i < c->n; i++) {
        const struct lanes *y = &s->probe[i];
        lane_vector size = y->re * y->re + y->im * y->im;
        lane_vector d = s->z.re - s->m->onsite[i];

        d = d * d;
        for (int l = 0; l < LANES; l++) {
            largest[l] = size[l] > largest[l] ? size[l] : largest[l];
            diagonal[l] = d[l] > diagonal[l] ? d[l] : diagonal[l];
        }
    }
    return largest * (diagonal + 1.0);
}

/* The square of the error that is let pass. */
static double limit(const struct solution *s)
{
    double backward = s->m->backward > 0 ? s->m->backward : 1e-13;

    return backward * backward;
}

static unsigned bad_lanes(const struct solution *s, lane_vector worst,
                          lane_vector most)
{
    unsigned bad = 0;

    for (int l = 0; l < LANES; l++)
        if (!(worst[l] <= limit(s) * (most[l] + 1)))
            bad |= 1u << l;
    return bad;
}

static unsigned bad_columns(const struct solution *s,
                            const struct lanes *column)
{
    lane_vector worst = residual(s, column);

    return bad_lanes(s, worst, scale(s));
}

/* By the largest |(M G)_ii - 1|^2, from the diagonal and the edges. */
static unsigned bad_diagonal(const struct solution *s,
                             const struct block_result *r)
{
    const struct block_chain *c = s->c;
    lane_vector worst = {0}, most = {0};

    memset(s->probe, 0, (size_t)c->n * sizeof *s->probe);
    for (int k = 0; k < c->nlayer; k++) {
        for (int64_t e = c->first_within[k]; e < block_entries_end(c, k); e++) {
            const struct block_entry *b = &c->entry[e];
            bool next = e >= c->first_next[k];
            int64_t i = c->site[c->first[k] + b->row];
            int64_t j = c->site[c->first[k + next] + b->column];
            double h = -s->m->hopping[b->edge];

            add_scaled(&s->probe[i], &r->edge[b->edge], h, 1, 1, 1);
            add_scaled(&s->probe[j], &r->edge[b->edge], h, 1, 1, 1);
        }
    }
    for (int64_t i = 0; i < c->n; i++) {
        const struct lanes *g = &r->diagonal[i];
        lane_vector re = s->z.re - s->m->onsite[i];
        lane_vector im = s->z.im + s->m->broadening[i];
        lane_vector x = s->probe[i].re + re * g->re - im * g->im - 1.0;
        lane_vector y = s->probe[i].im + re * g->im + im * g->re;
        lane_vector size = x * x + y * y;
        lane_vector norm =
            (re * re + im * im + 1.0) * (g->re * g->re + g->im * g->im);

        for (int l = 0; l < LANES; l++) {
            if (!(size[l] <= worst[l])) /* a nan must stay */
                worst[l] = size[l];
            most[l] = norm[l] > most[l] ? norm[l] : most[l];
        }
    }
    return bad_lanes(s, worst, most);
}

int block_solve(const struct block_chain *c, const struct block_matrix *m,
                const double re[LANES], const double im[LANES],
                struct lanes *room, const struct block_result *r, int *again)
{
    size_t square = (size_t)c->widest * (size_t)c->widest;
    struct solution s = {.c = c, .m = m};
    unsigned bad = 0;

    for (int l = 0; l < LANES; l++) {
        s.z.re[l] = re[l];
        s.z.im[l] = im[l];
    }
    s.kept = room;
    s.t = s.kept + c->nkept;
    s.x = s.t + square;
    s.own = s.x + square;
    s.next = s.own + square;
    s.pivot = s.next + square;
    s.probe = s.pivot + 2 * c->widest;
    s.work = s.probe + c->n;
    go_inwards(&s);
    if (r->column) {
        fill_columns(&s, r->column);
        bad |= bad_columns(&s, r->column);
    }
    if (r->diagonal) {
        fill_all(&s, r);
        bad |= bad_diagonal(&s, r);
    }
    for (int l = 0; again && l < LANES; l++)
        *again += bad >> l & 1;
    return bad ? block_solve_banded(c, m, re, im, bad, r) : 0;
}

/* How a part of a graph is cut in two.

   The cells are layered along a direction with entries -1, 0, 1.  Sites on one
   side of a layer with a neighbour on the other are the cut, whatever the
   graph.  On the square lattice with nearest neighbours diagonal layers hold
   fewer sites for the area that they bound: parts become diamonds with sides of
   sqrt(n/2) sites instead of squares with sqrt(n), which more than halves the
   work.  With second neighbours the axes are best.  The choice is left to an
   estimate of the work of the fronts to come; diagonals go first, since what
   comes later has to be better.

   Periodic lattices: a direction that changes by g along some way around the
   lattice has layers modulo g, and the first cut takes two of them. */

#include "la/dissection_cut.h"

#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const int direction[13][3] = {
    {1, 1, 0},  {1, -1, 0}, {1, 0, 0}, {0, 1, 0},  {0, 0, 1},
    {1, 0, 1},  {1, 0, -1}, {0, 1, 1}, {0, 1, -1}, {1, 1, 1},
    {1, 1, -1}, {1, -1, 1}, {-1, 1, 1}};

enum {
    DIRECTIONS = 13,
    SMALL = 400, /* sites below which more places are tried */
    TRIES = 2    /* layers to each side of the middle, then */
};

double front_work(double s, double r)
{
    return 0.5 * s * s * s + 1.5 * r * s * s + 1.5 * r * r * s;
}

double front_cost(double s, double r)
{
    /* In multiply-adds; measured on lattices of 40 x 40. */
    double move = 15, call = 500;

    return front_work(s, r) + move * (s + r) * (s + r) + call;
}

/* Cost of a part that is cut on as a compact one would be. */
static double part_cost(double n, double r)
{
    double total = 0, parts = 1;

    while (n > 12) {
        double s = 0.7 * sqrt(n);

        total += parts * front_cost(s, r);
        n = 0.5 * (n - s);
        r = 0.5 * r + s;
        parts *= 2;
    }
    return total + parts * front_cost(n, r);
}

static int along(const int d[3], const int v[3])
{
    return d[0] * v[0] + d[1] * v[1] + d[2] * v[2];
}

/* Euclid's algorithm on the turns: afterwards only the last one changes the
   height, by the period that is returned (0: none does).  p has a turn. */
static int reduce_turns(struct part *p, const int d[3])
{
    int *last = p->turn[p->nturn - 1];

    for (int i = 0; i + 1 < p->nturn; i++) {
        int *v = p->turn[i];

        while (along(d, v)) {
            int times = along(d, last) / along(d, v);

            for (int k = 0; k < 3; k++) {
                int rest = last[k] - times * v[k];

                last[k] = v[k];
                v[k] = rest;
            }
        }
    }
    return abs(along(d, last));
}

static int modulo(int a, int m)
{
    return ((a % m) + m) % m;
}

/* A cut under consideration. */
struct trial {
    int direction, period;
    int begin, middle; /* heights: first half begin .. middle - 1 */
    bool second;       /* the cut is taken from the second half */
    double cost;
};

static int find_heights(struct cutter *c, const struct part *p, const int d[3],
                        int period, int *count)
{
    int lo = INT_MAX, hi = INT_MIN;

    for (int64_t i = 0; i < p->n; i++) {
        int h = along(d, c->at[p->site[i]]);

        h = period ? modulo(h, period) : h;
        c->height[i] = h;
        lo = h < lo ? h : lo;
        hi = h > hi ? h : hi;
    }
    *count = hi - lo + 1;
    return lo;
}

/* The height that halves the sites. */
static int find_middle(struct cutter *c, const struct part *p, int lo,
                       int count)
{
    int64_t below = 0;
    int h = 0;

    if (count > c->ncount)
        return lo + count / 2;
    memset(c->count, 0, (size_t)count * sizeof *c->count);
    for (int64_t i = 0; i < p->n; i++)
        c->count[c->height[i] - lo]++;
    while (h < count && 2 * (below + c->count[h]) <= p->n)
        below += c->count[h++];
    return lo + h;
}

static void assign_sides(struct cutter *c, const struct part *p,
                         const struct trial *t)
{
    signed char from = t->second;

    for (int64_t i = 0; i < p->n; i++) {
        int h = c->height[i];

        c->side[p->site[i]] = !(h >= t->begin && h < t->middle);
    }
    /* Sites of one half with a neighbour in the other. */
    for (int64_t i = 0; i < p->n; i++) {
        int64_t s = p->site[i];

        if (c->side[s] != from)
            continue;
        for (int64_t k = c->start[s]; k < c->start[s + 1]; k++) {
            if (c->side[c->near[k]] == 1 - from) {
                c->side[s] = 2;
                break;
            }
        }
    }
    /* Those without any left in their own go over. */
    for (int64_t i = 0; i < p->n; i++) {
        int64_t s = p->site[i];
        bool own = false;

        if (c->side[s] != 2)
            continue;
        for (int64_t k = c->start[s]; k < c->start[s + 1] && !own; k++)
            own = c->side[c->near[k]] == from;
        if (!own)
            c->side[s] = 1 - from;
    }
}

/* Sites of each side, and of the border of each half and of the part. */
static void count_sides(struct cutter *c, const struct part *p, int64_t n[3],
                        int64_t border[3])
{
    /* seen: stamp + 1 of the first half's border, + 2 of the second's, .. */
    int64_t stamp = c->stamp;

    c->stamp += 8;
    memset(n, 0, 3 * sizeof *n);
    memset(border, 0, 3 * sizeof *border);
    for (int64_t i = 0; i < p->n; i++) {
        int64_t s = p->site[i];
        signed char side = c->side[s], bit = (signed char)(1 << side);

        n[side]++;
        for (int64_t k = c->start[s]; k < c->start[s + 1]; k++) {
            int64_t t = c->near[k];
            int bits = c->seen[t] < stamp ? 0 : (int)(c->seen[t] - stamp);

            if (c->side[t] == side || (side == 2 && c->side[t] >= 0) ||
                bits & bit)
                continue;
            if (c->side[t] < 0 && !bits)
                border[2]++;
            c->seen[t] = stamp + (bits | bit);
            if (side < 2)
                border[side]++;
        }
    }
}

static void judge(struct cutter *c, const struct part *p, struct trial t,
                  struct trial *best)
{
    for (int second = 0; second < 2; second++) {
        int64_t n[3], border[3];

        t.second = second;
        assign_sides(c, p, &t);
        count_sides(c, p, n, border);
        if (!n[0] || !n[1])
            continue;
        t.cost = front_cost((double)n[2], (double)border[2]) +
                 part_cost((double)n[0], (double)border[0]) +
                 part_cost((double)n[1], (double)border[1]);
        if (t.cost < best->cost)
            *best = t;
    }
}

/* On lattices that are flat along an axis, directions differ without it. */
static bool is_idle(const struct cutter *c, const int d[3])
{
    for (int axis = 0; axis < 3; axis++)
        if (d[axis] && c->size[axis] < 2)
            return true;
    return false;
}

static void try_direction(struct cutter *c, const struct part *p, int number,
                          struct trial *best)
{
    const int *d = direction[number];
    struct part look = *p; /* turns grow when reduced for one after another */
    int period = p->nturn ? reduce_turns(&look, d) : 0, count;
    int lo = find_heights(c, p, d, period, &count);
    int middle = find_middle(c, p, lo, count);
    int tries = p->n < SMALL ? TRIES : 0;

    if (count < 2)
        return;
    for (int k = -tries; k <= tries; k++)
        if (middle + k > lo && middle + k < lo + count)
            judge(c, p,
                  (struct trial){.direction = number,
                                 .period = period,
                                 .begin = lo,
                                 .middle = middle + k},
                  best);
}

/* Cells of a part that was cut open lie in one period. */
static void unwrap(struct cutter *c, struct part *p, const struct trial *t)
{
    const int *d = direction[t->direction];
    const int *turn;
    int sign;

    if (!t->period)
        return;
    reduce_turns(p, d);
    turn = p->turn[p->nturn - 1];
    sign = along(d, turn) > 0 ? 1 : -1;
    for (int64_t i = 0; i < p->n; i++) {
        int *at = c->at[p->site[i]];
        int turns = sign * (along(d, at) - c->height[i]) / t->period;

        for (int k = 0; k < 3; k++)
            at[k] -= turns * turn[k];
    }
    p->nturn--;
}

static void split(struct cutter *c, const struct part *p, int64_t n[3])
{
    int64_t at = 0;

    for (int side = 0; side < 3; side++) {
        n[side] = at;
        for (int64_t i = 0; i < p->n; i++)
            if (c->side[p->site[i]] == side)
                c->spare[at++] = p->site[i];
        n[side] = at - n[side];
    }
    memcpy(p->site, c->spare, (size_t)p->n * sizeof *p->site);
}

void cut_part(struct cutter *c, struct part *p, struct part half[2],
              int64_t n[3])
{
    struct trial best = {.direction = -1, .cost = INFINITY};
    int64_t all[3] = {0}, border[3];
    int count;

    for (int64_t i = 0; i < p->n; i++)
        c->side[p->site[i]] = 2;
    count_sides(c, p, all, border);
    best.cost = front_cost((double)p->n, (double)border[2]);
    for (int k = 0; k < DIRECTIONS; k++)
        if (!is_idle(c, direction[k]))
            try_direction(c, p, k, &best);
    memcpy(n, all, sizeof all);
    if (best.direction >= 0) {
        const int *d = direction[best.direction];

        find_heights(c, p, d, best.period, &count);
        assign_sides(c, p, &best);
        unwrap(c, p, &best);
        split(c, p, n);
    }
    for (int64_t i = 0; i < p->n; i++)
        c->side[p->site[i]] = -1;
    half[0] = half[1] = *p;
    half[0].n = n[0];
    half[1].n = n[1];
    half[1].site = p->site + n[0];
}

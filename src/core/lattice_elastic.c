/* The smallest eigenvalue of k + kappa A, A the nearest-neighbour adjacency.

   On a periodic lattice A is block diagonal in the wave vector,
   A_bb'(p) = sum over bonds b -> b' of exp(i sum_j p_j c_j), with
   p_j = 2 pi l / n_j.  The minimum over the grid of p is found by branch and
   bound: by Weyl's inequality an eigenvalue moves by no more than the largest
   row sum of |A(p) - A(p')| <= sum_j |p_j - p'_j| slope_j, so a box of wave
   vectors whose centre lies higher than that above the best value found is
   left out.  Near a quadratic minimum that visits about sqrt(N) of the N wave
   vectors.

   An open axis is given the spectrum of infinite length: a fine grid, then
   repeated halving of the step around its best point.  Compression to a
   finite open length can only raise the minimum. */

#include "core/lattice.h"

#include <lapacke.h>
#include <math.h>
#include <stdlib.h>

/* Grid of an axis of infinite length: holds 0, pi, pi/2, 2 pi/3, 2 pi/5. */
enum { INFINITE_GRID = 840, REFINEMENTS = 40 };

struct search {
    const struct lattice *lat;
    double kappa;
    int64_t grid[3];
    double slope[3]; /* |kappa| max_b sum over bonds |c_j| */
    double slack;    /* differences below this are rounding */
    double best;
    double at[3]; /* phases of the best */
};

/* Smallest eigenvalue of kappa A at phases p. */
static double eigenvalue(const struct search *s, const double p[3])
{
    const struct stencil *nn = &s->lat->nearest;
    int nb = s->lat->shape.nbasis;
    lapack_complex_double a[LATTICE_BASIS_MAX * LATTICE_BASIS_MAX] = {0};
    double w[LATTICE_BASIS_MAX];
    for (int b = 0; b < nb; b++)
        for (int k = 0; k < nn->n[b]; k++) {
            const struct stencil_site *j = &nn->site[b][k];
            double phase =
                p[0] * j->cell[0] + p[1] * j->cell[1] + p[2] * j->cell[2];
            a[b * nb + j->to] += s->kappa * (cos(phase) + I * sin(phase));
        }
    if (nb == 1)
        return creal(a[0]);
    LAPACKE_zheev(LAPACK_ROW_MAJOR, 'N', 'U', nb, a, nb, w);
    return w[0];
}

/* The eigenvalue at p, kept when it is the lowest so far. */
static double visit(struct search *s, const double p[3])
{
    double value = eigenvalue(s, p);
    if (value >= s->best)
        return value;
    s->best = value;
    for (int i = 0; i < 3; i++)
        s->at[i] = p[i];
    return value;
}

/* All grid points low[j] .. low[j] + count[j] - 1. */
static void search_box(struct search *s, const int64_t low[3],
                       const int64_t count[3])
{
    double p[3], bound = 0, widest = 0;
    int split = -1;
    for (int i = 0; i < 3; i++) {
        double step = 2 * M_PI / (double)s->grid[i];
        int64_t half = count[i] / 2;
        p[i] = step * (double)(low[i] + half);
        double change = step * (double)half * s->slope[i];
        bound += change;
        if (count[i] > 1 && change >= widest) {
            widest = change;
            split = i;
        }
    }
    double value = visit(s, p);
    if (split < 0 || value - bound >= s->best - s->slack)
        return;
    int64_t half = count[split] / 2;
    int64_t lower[3] = {low[0], low[1], low[2]};
    int64_t part[3] = {count[0], count[1], count[2]};
    part[split] = half;
    search_box(s, lower, part);
    lower[split] += half;
    part[split] = count[split] - half;
    search_box(s, lower, part);
}

/* Good starting values make the bound bite at once: extrema lie at 0, pi and
   +-2 pi/3 on the lattices in use, or on the grid next to them. */
static void visit_likely(struct search *s)
{
    for (int corner = 0; corner < 7 * 7 * 7; corner++) {
        int sixths[3] = {corner % 7, corner / 7 % 7, corner / 49};
        double p[3];
        for (int i = 0; i < 3; i++) {
            int64_t l = s->grid[i] * sixths[i] / 6;
            p[i] = 2 * M_PI / (double)s->grid[i] * (double)l;
        }
        visit(s, p);
    }
}

/* Halves the step around the best point along the infinite axes. */
static void refine(struct search *s, const bool infinite[3])
{
    double step = 2 * M_PI / INFINITE_GRID;
    for (int pass = 0; pass < REFINEMENTS; pass++, step /= 2) {
        double from[3] = {s->at[0], s->at[1], s->at[2]};
        for (int c = 0; c < 27; c++) {
            int move[3] = {c % 3 - 1, c / 3 % 3 - 1, c / 9 - 1};
            double p[3];
            for (int i = 0; i < 3; i++)
                p[i] = from[i] + (infinite[i] ? step * move[i] : 0);
            visit(s, p);
        }
    }
}

static void set_slopes(struct search *s)
{
    const struct stencil *nn = &s->lat->nearest;
    double most = 0;
    for (int b = 0; b < s->lat->shape.nbasis; b++) {
        double sum[3] = {0};
        for (int k = 0; k < nn->n[b]; k++)
            for (int i = 0; i < 3; i++)
                sum[i] += fabs(s->kappa) * abs(nn->site[b][k].cell[i]);
        for (int i = 0; i < 3; i++)
            s->slope[i] = fmax(s->slope[i], sum[i]);
        most = fmax(most, fabs(s->kappa) * nn->n[b]);
    }
    s->slack = 1e-14 * most;
}

double lattice_elastic_minimum(const struct lattice *lat, double k,
                               double kappa)
{
    struct search s = {.lat = lat, .kappa = kappa, .best = HUGE_VAL};
    int64_t low[3] = {0};
    bool infinite[3], any = false;
    for (int i = 0; i < 3; i++) {
        infinite[i] = !lat->periodic[i] && lat->n[i] > 1;
        any = any || infinite[i];
        s.grid[i] = infinite[i] ? INFINITE_GRID : lat->n[i];
    }
    set_slopes(&s);
    visit_likely(&s);
    search_box(&s, low, s.grid);
    if (any)
        refine(&s, infinite);
    return k + s.best;
}

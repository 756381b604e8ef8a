/* The window of a lead, Int dE/2pi F_a (f_a - f_R), by adaptive quadrature.

   Intervals are measured by the Gauss-Kronrod pair of 7 and 15 points
   [Piessens1983], for all sites at once; F comes from the columns of G on the
   sites of the lead.  With d = |K - G| of an entry of size |K|, the error of
   the longer rule is taken as d min(1, 20 (d/|K|)^(1/2)).  Round after round
   the intervals of largest error are halved, as many as are needed to leave
   half of the tolerance; they end when the errors of each entry add up to less
   than the tolerance.  A resonance narrower than the distance of the nodes
   shows by its tails, which make K and G differ unless its weight is far below
   the rest.

   Outside the window |f_a - f_R| < 1e-3 tol.

   The intervals of one configuration are where the next one begins; those of
   little error are joined again.  Bits depend on them: they go to restart
   files, and a second call for the same configuration begins as the first.
   All sums go by the order of the intervals, whatever thread made them. */

#include <math.h>
#include <omp.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "elec/fermi.h"
#include "elec/negf.h"

enum { NODES = 15, BATCHES = 4, FIRST = 8, MOST = 20000, MERGE = 200 };

/* Of the tolerance: for the quadrature, for what lies outside, for the error of
   G, which the narrowest resonances enlarge by |H|/Gamma. */
static const double SHARE = 0.6, CUT_SHARE = 1e-3, BACKWARD_SHARE = 1e-6;

/* Abscissae >= 0 from the end inwards, with their weights in both rules. */
static const double abscissa[8] = {
    0.991455371120812639206854697526329, 0.949107912342758524526189684047851,
    0.864864423359769072789712788640926, 0.741531185599394439863864773280788,
    0.586087235467691130294144691693013, 0.405845151377397166906606412076961,
    0.207784955007898467600689403773245, 0.0};
static const double weight_k[8] = {
    0.022935322010529224963732008058970, 0.063092092629978553290700663189204,
    0.104790010322250183839876322541518, 0.140653259715525918745189590510238,
    0.169004726639267902826583426598550, 0.190350578064785409913256402421014,
    0.204432940075298892414161999234649, 0.209482141084727828012999174891714};
static const double weight_g[8] = {0, 0.129484966168869693270611432679082,
                                   0, 0.279705391489276667901467771423780,
                                   0, 0.381830050505118944950369775488975,
                                   0, 0.417959183673469387755102040816327};

struct leaf {
    double lo, hi;
    double worst;  /* the largest of error */
    double *value; /* [size] */
    float *error;  /* [size] */
};

struct quadrature {
    struct negf *s;
    const struct terms *t;
    const struct negf_request *q;
    const struct negf_lead *lead, *reference;
    const struct block_chain *c;
    bool bonds;
    int64_t size, deciding; /* entries, and those whose error counts */
    struct leaf *leaf;
    int n, capacity, fresh; /* leaves from `fresh` on are to be measured */
    size_t room;
    struct lanes *work; /* [nthread][room + columns] */
    double *sum;        /* [nthread][size] of the shorter rule */
    int64_t again;
    int status;
};

void negf_add(const struct block_chain *c, const struct negf *s,
              const struct negf_lead *lead, const struct lanes *column,
              bool bonds, double weight[2][LANES], double *sum[2])
{
    int64_t roots = lead->nsite;
    double full = 2 * lead->gamma;
    lane_vector w[2];

    for (int l = 0; l < LANES; l++) {
        w[0][l] = weight[0][l];
        w[1][l] = weight[1][l];
    }
#define ADD(index, value)                                                      \
    do {                                                                       \
        lane_vector v_ = (value);                                              \
        for (int k_ = 0; k_ < 2 && sum[k_]; k_++) {                            \
            lane_vector p_ = w[k_] * v_;                                       \
            sum[k_][index] += (p_[0] + p_[1]) + (p_[2] + p_[3]);               \
        }                                                                      \
    } while (0)
    for (int64_t i = 0; i < c->n; i++) {
        const struct lanes *g = column + i * roots;
        lane_vector f = {0};

        for (int64_t a = 0; a < roots; a++)
            f += g[a].re * g[a].re + g[a].im * g[a].im;
        ADD(c->site[i], full * f);
    }
    for (int64_t a = 0; a < roots; a++)
        ADD(c->n + a, -2.0 * column[a * roots + a].im);
    for (int k = 0; bonds && k < c->nlayer; k++) {
        for (int64_t e = c->first_within[k]; e < block_entries_end(c, k); e++) {
            const struct block_entry *b = &c->entry[e];
            int64_t at = c->first[k] + b->row;
            int64_t to = c->first[k + (e >= c->first_next[k])] + b->column;
            bool turned = s->edge[b->edge][0] != c->site[at];
            const struct lanes *gi = column + (turned ? to : at) * roots;
            const struct lanes *gj = column + (turned ? at : to) * roots;
            lane_vector re = {0}, im = {0};

            for (int64_t a = 0; a < roots; a++) {
                re += gi[a].re * gj[a].re + gi[a].im * gj[a].im;
                im += gi[a].im * gj[a].re - gi[a].re * gj[a].im;
            }
            ADD(c->n + roots + b->edge, full * re);
            ADD(c->n + roots + s->nbond + b->edge, full * im);
        }
    }
#undef ADD
}

static double difference(const struct quadrature *w, double e)
{
    return fermi_function((e - w->lead->mu) / w->lead->temp) -
           fermi_function((e - w->reference->mu) / w->reference->temp);
}

/* Node k of -1 .. 1 with its weights. */
static double node(int k, double *wk, double *wg)
{
    int i = k < 8 ? k : NODES - 1 - k;

    *wk = weight_k[i];
    *wg = weight_g[i];
    return k < 8 ? -abscissa[i] : abscissa[i];
}

static void set_errors(const struct quadrature *w, struct leaf *leaf,
                       const double *shorter)
{
    int64_t bond = w->s->nsite + w->lead->nsite, nb = w->s->nbond;

    leaf->worst = 0;
    for (int64_t i = 0; i < w->size; i++) {
        double d = fabs(leaf->value[i] - shorter[i]);
        double size = fabs(leaf->value[i]);

        if (i >= bond) { /* |F_ij| <= (F_ii F_jj)^(1/2) */
            int64_t b = (i - bond) % nb;

            size = sqrt(fabs(leaf->value[w->s->edge[b][0]] *
                             leaf->value[w->s->edge[b][1]]));
        }
        d *= fmin(1, 20 * sqrt(d / (size + 1e-300)));
        leaf->error[i] = (float)d;
        if (i < w->deciding && !(d <= leaf->worst))
            leaf->worst = d;
    }
}

static int measure(const struct quadrature *w, struct leaf *leaf, int thread,
                   int *again)
{
    struct block_matrix m = {
        w->t->onsite, w->s->broadening, w->t->hopping,
        fmin(1e-10, fmax(1e-13, BACKWARD_SHARE * w->q->tol))};
    struct lanes *room = w->work + (size_t)thread * w->room;
    struct lanes *column = room + block_room(w->c);
    double *shorter = w->sum + thread * w->size;
    double *sum[2] = {leaf->value, shorter};
    double mid = 0.5 * (leaf->lo + leaf->hi),
           half = 0.5 * (leaf->hi - leaf->lo);

    memset(leaf->value, 0, (size_t)w->size * sizeof *leaf->value);
    memset(shorter, 0, (size_t)w->size * sizeof *shorter);
    for (int b = 0; b < BATCHES; b++) {
        double re[LANES], im[LANES] = {0}, weight[2][LANES];
        struct block_result r = {column, NULL, NULL};

        for (int l = 0; l < LANES; l++) {
            int k = b * LANES + l;
            double wk, wg, x = node(k < NODES ? k : NODES - 1, &wk, &wg);
            double f;

            re[l] = mid + half * x;
            f = k < NODES ? half * difference(w, re[l]) / (2 * M_PI) : 0;
            weight[0][l] = wk * f;
            weight[1][l] = wg * f;
        }
        int status = block_solve(w->c, &m, re, im, room, &r, again);
        if (status)
            return status == -1 ? NEGF_MEMORY : NEGF_SINGULAR;
        negf_add(w->c, w->s, w->lead, column, w->bonds, weight, sum);
    }
    set_errors(w, leaf, shorter);
    return 0;
}

static void measure_all(struct quadrature *w)
{
    int again = 0, status = 0;

#pragma omp parallel num_threads(w->q->nthread) reduction(+ : again)
    {
        int thread = omp_get_thread_num();

#pragma omp for schedule(dynamic, 1)
        for (int k = w->fresh; k < w->n; k++) {
            int failed = measure(w, &w->leaf[k], thread, &again);

            if (failed) {
#pragma omp critical
                status = failed;
            }
        }
    }
    w->s->energies += (int64_t)(w->n - w->fresh) * NODES;
    w->again += again;
    w->fresh = w->n;
    w->status = status;
}

static int add_leaf(struct quadrature *w, double lo, double hi)
{
    struct leaf l = {lo, hi, 0, NULL, NULL};

    if (w->n == w->capacity) {
        int wanted = 2 * w->capacity + 32;
        struct leaf *grown = mem_resize(w->leaf, (size_t)wanted, sizeof *grown);

        if (!grown)
            return NEGF_MEMORY;
        w->leaf = grown;
        w->capacity = wanted;
    }
    l.value = mem_alloc((size_t)w->size, sizeof *l.value);
    l.error = mem_alloc((size_t)w->size, sizeof *l.error);
    w->leaf[w->n++] = l;
    return l.value && l.error ? 0 : NEGF_MEMORY;
}

static int by_error(const void *a, const void *b)
{
    const struct leaf *x = a, *y = b;

    if (x->worst != y->worst)
        return x->worst < y->worst ? -1 : 1;
    return (x->lo > y->lo) - (x->lo < y->lo);
}

static int by_energy(const void *a, const void *b)
{
    const struct leaf *x = a, *y = b;

    return (x->lo > y->lo) - (x->lo < y->lo);
}

/* The largest sum of the errors of one entry. */
static double total_error(const struct quadrature *w)
{
    double worst = 0;

    for (int64_t i = 0; i < w->deciding; i++) {
        double sum = 0;

        for (int k = 0; k < w->n; k++)
            sum += w->leaf[k].error[i];
        worst = fmax(worst, sum);
    }
    return worst;
}

/* Halves the leaves of largest error, such that those left have half of
   `wanted` together; they and their new halves are to be measured. */
static int refine(struct quadrature *w, double wanted)
{
    double rest = 0;
    int old = w->n, keep = 0, halved = 0;

    qsort(w->leaf, (size_t)w->n, sizeof *w->leaf, by_error);
    while (keep < w->n && rest + w->leaf[keep].worst <= 0.5 * wanted)
        rest += w->leaf[keep++].worst;
    w->fresh = keep;
    for (int k = keep; k < old; k++) {
        double lo = w->leaf[k].lo, hi = w->leaf[k].hi, mid = 0.5 * (lo + hi);

        if (hi - lo < 1e-12 * (1 + fabs(lo)))
            continue;
        if (add_leaf(w, mid, hi))
            return NEGF_MEMORY;
        w->leaf[k].hi = mid;
        halved++;
    }
    if (!halved)
        w->fresh = w->n;
    return 0;
}

static void window_ends(const struct quadrature *w, double *lo, double *hi)
{
    double far = -log(CUT_SHARE * w->q->tol);
    const struct negf_lead *a = w->lead, *r = w->reference;

    *lo = fmin(a->mu - far * a->temp, r->mu - far * r->temp);
    *hi = fmax(a->mu + far * a->temp, r->mu + far * r->temp);
}

/* The first intervals: those that the configuration before this one ended with
   as far as they lie in the window, or equal ones between the chemical
   potentials. */
static int first_leaves(struct quadrature *w, const struct negf_window *own)
{
    double lo, hi, cut[4];
    int n = 0, status = 0;

    window_ends(w, &lo, &hi);
    if (own->nstart > 1) {
        double at = lo;

        for (int k = 0; k < own->nstart && !status; k++) {
            double to = own->start[k];

            if (to <= at + 1e-9 * (hi - lo) || to >= hi - 1e-9 * (hi - lo))
                continue;
            status = add_leaf(w, at, to);
            at = to;
        }
        return status ? status : add_leaf(w, at, hi);
    }
    cut[n++] = lo;
    cut[n++] = fmin(w->lead->mu, w->reference->mu);
    if (w->lead->mu != w->reference->mu)
        cut[n++] = fmax(w->lead->mu, w->reference->mu);
    cut[n++] = hi;
    for (int k = 0; k + 1 < n; k++) {
        int pieces = (int)ceil(FIRST * (cut[k + 1] - cut[k]) / (hi - lo));

        for (int p = 0; p < pieces && !status; p++)
            status = add_leaf(w, cut[k] + (cut[k + 1] - cut[k]) * p / pieces,
                              p + 1 == pieces ? cut[k + 1]
                                              : cut[k] + (cut[k + 1] - cut[k]) *
                                                             (p + 1) / pieces);
    }
    return status;
}

/* Ends of the intervals to begin the next configuration with: neighbours of one
   length and little error become one. */
static int keep_ends(const struct quadrature *w, struct negf_window *own,
                     double wanted)
{
    double little = wanted / MERGE / w->n, lo, hi;
    double *end = mem_resize(own->next, (size_t)w->n + 1, sizeof *end);

    if (!end)
        return NEGF_MEMORY;
    window_ends(w, &lo, &hi);
    own->next = end;
    own->nnext = 0;
    end[own->nnext++] = w->leaf[0].lo;
    for (int k = 0; k < w->n; k++) {
        const struct leaf *a = &w->leaf[k], *b = a + 1;

        if (k + 1 < w->n && a->worst < little && b->worst < little &&
            fabs((a->hi - a->lo) - (b->hi - b->lo)) < 1e-6 * (a->hi - a->lo) &&
            b->hi - a->lo < (hi - lo) / (FIRST - 1))
            k++;
        end[own->nnext++] = w->leaf[k].hi;
    }
    return 0;
}

static void sum_up(const struct quadrature *w, struct negf_window *own)
{
    for (int k = 0; k < w->n; k++)
        for (int64_t i = 0; i < w->size; i++) {
            own->all[i] += w->leaf[k].value[i];
            own->error[i] += w->leaf[k].error[i];
        }
    own->beyond = fabs(difference(w, w->leaf[0].lo)) +
                  fabs(difference(w, w->leaf[w->n - 1].hi));
}

static int make_room(struct quadrature *w)
{
    size_t threads = (size_t)w->q->nthread;

    w->room = block_room(w->c) + (size_t)w->s->nsite * (size_t)w->lead->nsite;
    w->work = mem_alloc(threads * w->room, sizeof *w->work);
    w->sum = mem_alloc(threads * (size_t)w->size, sizeof *w->sum);
    return w->work && w->sum ? 0 : NEGF_MEMORY;
}

static void release(struct quadrature *w)
{
    for (int k = 0; k < w->n; k++) {
        mem_free(w->leaf[k].value);
        mem_free(w->leaf[k].error);
    }
    mem_free(w->leaf);
    mem_free(w->work);
    mem_free(w->sum);
}

static int integrate(struct quadrature *w, struct negf_window *own)
{
    double wanted = SHARE * w->q->tol;
    int status = first_leaves(w, own), windows = 0;

    for (int a = 0; a < w->s->nlead; a++)
        windows += !w->s->reference[a] && w->q->lead[a].gamma > 0;
    wanted /= windows;

    while (!status) {
        measure_all(w);
        status = w->status;
        if (status || total_error(w) <= wanted)
            break;
        status = w->n < MOST ? refine(w, wanted) : 0;
        if (!status && w->fresh == w->n) {
            w->s->converged = false;
            break;
        }
    }
    if (status)
        return status;
    qsort(w->leaf, (size_t)w->n, sizeof *w->leaf, by_energy);
    sum_up(w, own);
    return keep_ends(w, own, wanted);
}

int negf_window_solve(struct negf *s, const struct terms *t,
                      const struct negf_request *q, int lead)
{
    struct negf_window *own = &s->window[lead];
    struct quadrature w = {.s = s,
                           .t = t,
                           .q = q,
                           .lead = &q->lead[lead],
                           .reference = negf_reference(s, q),
                           .c = negf_chain(s, q, lead),
                           .bonds = q->want_bonds,
                           .size = own->size};
    int status;

    w.deciding = q->bonds_decide ? w.size : s->nsite + w.lead->nsite;
    status = w.c ? make_room(&w) : NEGF_MEMORY;
    if (!status)
        status = integrate(&w, own);
    s->again += w.again;
    release(&w);
    return status;
}

/* The window of a lead, Int dE/2pi F_a (f_a - f_R), by adaptive quadrature.

   Intervals are measured for all sites at once by rules of 32 nodes that fit
   the poles of G nearby (elec/negf_rule.h); F comes from the columns of G on
   the sites of the lead.  Of rules with 0, 4, 8 and 11 poles the one is taken
   whose null rules leave least.  The error of an entry is

       3 w^2 max(1, h/(15 Gamma)) |null rules|,

   w the norm of the rule's weights, which says how much it enlarges what was
   not fitted, h half the interval, Gamma the weakest broadening: nodes that lie
   some Gamma apart see but the tails of a resonance between them.  Against
   sums over 24 parts of each interval the factor 3 w^2 is that which covers all
   but a few.  Round after round the intervals of largest error are halved, as
   many as are needed to leave half of the tolerance; they end when the errors
   of each entry add up to less than the tolerance.

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
#include "elec/negf_rule.h"

enum {
    NODES = RULE_NODES,
    BATCHES = NODES / LANES,
    FIRST = 4,
    MOST = 20000,
    MERGE = 200
};

/* Of the tolerance: for the quadrature, for what lies outside, for the error of
   G, which the narrowest resonances enlarge by |H|/Gamma; for an interval that
   is not worth a look for poles, of what it may have. */
static const double SHARE = 0.6, CUT_SHARE = 1e-3, BACKWARD_SHARE = 1e-6;
static const double SMALL_SHARE = 0.02;

/* Of the error of an interval; and how many broadenings wide it sees all. */
static const double SAFETY = 3, CLEAR = 15, BLIND = 100;

struct leaf {
    double lo, hi;
    double worst;  /* the largest of error */
    double *value; /* [size] */
    float *error;  /* [size] */
};

/* What a thread works with. */
struct bench {
    struct lanes *work, *column;
    lane_vector *value; /* [BATCHES][size] F (f_a - f_R) h/2pi at the nodes */
    double complex g[RULE_SAMPLES][NODES];
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
    struct rule_nodes nodes;
    struct bench *bench; /* [nthread] */
    double enough;       /* error of an interval that needs no poles */
    double narrowest;    /* the weakest broadening */
    int64_t again;
    int status;
};

void negf_values(const struct block_chain *c, const struct negf *s,
                 const struct negf_lead *lead, const struct lanes *column,
                 bool bonds, lane_vector *value)
{
    int64_t roots = lead->nsite;
    double full = 2 * lead->gamma;

    for (int64_t i = 0; i < c->n; i++) {
        const struct lanes *g = column + i * roots;
        lane_vector f = {0};

        for (int64_t a = 0; a < roots; a++)
            f += g[a].re * g[a].re + g[a].im * g[a].im;
        value[c->site[i]] = full * f;
    }
    for (int64_t a = 0; a < roots; a++)
        value[c->n + a] = -2.0 * column[a * roots + a].im;
    if (!bonds)
        return;
    value += c->n + roots;
    memset(value, 0, 2 * (size_t)s->nbond * sizeof *value);
    for (int k = 0; k < c->nlayer; k++) {
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
            value[b->edge] += full * re;
            value[s->nbond + b->edge] += full * im;
        }
    }
}

static double difference(const struct quadrature *w, double e)
{
    return fermi_function((e - w->lead->mu) / w->lead->temp) -
           fermi_function((e - w->reference->mu) / w->reference->temp);
}

/* +1 or -1, from the bits of a number. */
static double sign_of(int64_t i, int k)
{
    uint64_t x = ((uint64_t)i + 1) * 0x9E3779B97F4A7C15u;

    return (x >> (40 + k)) & 1 ? 1.0 : -1.0;
}

/* g_s = sum_ia u_i v_a G_ia with signs u, v: pairs of three u and two v. */
static void sample(const struct quadrature *w, int batch, struct bench *room)
{
    enum { V = 2, U = RULE_SAMPLES / V };
    int64_t roots = w->lead->nsite;
    struct lanes sum[RULE_SAMPLES] = {{{0}, {0}}};

    for (int64_t i = 0; i < w->c->n; i++) {
        const struct lanes *g = room->column + i * roots;
        struct lanes even = {{0}, {0}}, odd = {{0}, {0}};

        for (int64_t a = 0; a < roots; a++) {
            struct lanes *to = a & 1 ? &odd : &even;

            to->re += g[a].re;
            to->im += g[a].im;
        }
        for (int k = 0; k < U; k++) {
            double u = sign_of(i, k);

            sum[k].re += u * (even.re + odd.re);
            sum[k].im += u * (even.im + odd.im);
            sum[U + k].re += u * (even.re - odd.re);
            sum[U + k].im += u * (even.im - odd.im);
        }
    }
    for (int s = 0; s < RULE_SAMPLES; s++)
        for (int l = 0; l < LANES; l++)
            room->g[s][batch * LANES + l] = sum[s].re[l] + sum[s].im[l] * I;
}

static int solve_nodes(const struct quadrature *w, const struct leaf *leaf,
                       struct bench *room, int *again)
{
    struct block_matrix m = {
        w->t->onsite, w->s->broadening, w->t->hopping,
        fmin(1e-10, fmax(1e-13, BACKWARD_SHARE * w->q->tol))};
    double mid = 0.5 * (leaf->lo + leaf->hi),
           half = 0.5 * (leaf->hi - leaf->lo);

    for (int b = 0; b < BATCHES; b++) {
        double re[LANES], im[LANES] = {0};
        lane_vector weight = {0}, *value = room->value + b * w->size;
        struct block_result r = {room->column, NULL, NULL};

        for (int l = 0; l < LANES; l++) {
            re[l] = mid + half * w->nodes.x[b * LANES + l];
            weight[l] = half * difference(w, re[l]) / (2 * M_PI);
        }
        int status = block_solve(w->c, &m, re, im, room->work, &r, again);
        if (status)
            return status == -1 ? NEGF_MEMORY : NEGF_SINGULAR;
        sample(w, b, room);
        negf_values(w->c, w->s, w->lead, room->column, w->bonds, value);
        for (int64_t i = 0; i < w->size; i++)
            value[i] *= weight;
    }
    return 0;
}

/* A weighted sum over the nodes of entry i. */
static double apply(const struct quadrature *w, const struct bench *room,
                    const double *weight, int64_t i)
{
    lane_vector sum = {0};

    for (int b = 0; b < BATCHES; b++) {
        lane_vector x;

        memcpy(&x, weight + b * LANES, sizeof x);
        sum += x * room->value[b * w->size + i];
    }
    return (sum[0] + sum[1]) + (sum[2] + sum[3]);
}

/* The error of entry i by a rule, in intervals of half length `half`. */
static double error_of(const struct quadrature *w, const struct bench *room,
                       const struct rule *r, double half, int64_t i)
{
    double sum = 0;

    for (int k = 0; k < r->nnull; k++) {
        double d = apply(w, room, r->null[k], i);

        sum += d * d;
    }
    return SAFETY * r->amplification * r->amplification *
           fmin(BLIND, fmax(1, half / (CLEAR * w->narrowest))) * sqrt(sum);
}

static double largest_error(const struct quadrature *w,
                            const struct bench *room, const struct rule *r,
                            double half)
{
    double worst = 0;

    for (int64_t i = 0; i < w->deciding; i++) {
        double d = error_of(w, room, r, half, i);

        if (!(d <= worst)) /* a nan must stay */
            worst = d;
    }
    return worst;
}

static int measure(const struct quadrature *w, struct leaf *leaf,
                   struct bench *room, int *again)
{
    static const int poles[] = {4, 8, RULE_POLES};
    struct rule rule[2];
    double half = 0.5 * (leaf->hi - leaf->lo);
    int best = 0, status = solve_nodes(w, leaf, room, again);

    if (status)
        return status;
    rule_polynomial(&w->nodes, &rule[0]);
    leaf->worst = largest_error(w, room, &rule[0], half);
    for (int k = 0; k < 3 && leaf->worst > w->enough; k++) {
        double worst;

        if (rule_rational(&w->nodes, room->g, poles[k], w->narrowest / half,
                          &rule[!best]))
            continue;
        worst = largest_error(w, room, &rule[!best], half);
        if (worst < leaf->worst) {
            leaf->worst = worst;
            best = !best;
        }
    }
    for (int64_t i = 0; i < w->size; i++) {
        leaf->value[i] = apply(w, room, rule[best].weight, i);
        leaf->error[i] = (float)error_of(w, room, &rule[best], half, i);
    }
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
            int failed = measure(w, &w->leaf[k], &w->bench[thread], &again);

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

    w->bench = mem_zalloc(threads, sizeof *w->bench);
    for (size_t k = 0; w->bench && k < threads; k++) {
        struct bench *b = &w->bench[k];

        b->work = mem_alloc(block_room(w->c), sizeof *b->work);
        b->column = mem_alloc((size_t)w->s->nsite * (size_t)w->lead->nsite,
                              sizeof *b->column);
        b->value = mem_alloc(BATCHES * (size_t)w->size, sizeof *b->value);
        if (!b->work || !b->column || !b->value)
            return NEGF_MEMORY;
    }
    return w->bench ? 0 : NEGF_MEMORY;
}

static void release(struct quadrature *w)
{
    for (int k = 0; w->bench && k < w->q->nthread; k++) {
        mem_free(w->bench[k].work);
        mem_free(w->bench[k].column);
        mem_free(w->bench[k].value);
    }
    mem_free(w->bench);
    for (int k = 0; k < w->n; k++) {
        mem_free(w->leaf[k].value);
        mem_free(w->leaf[k].error);
    }
    mem_free(w->leaf);
}

static int integrate(struct quadrature *w, struct negf_window *own)
{
    double wanted = SHARE * w->q->tol;
    int status = first_leaves(w, own), windows = 0;

    for (int a = 0; a < w->s->nlead; a++)
        windows += !w->s->reference[a] && w->q->lead[a].gamma > 0;
    wanted /= windows;
    w->enough = SMALL_SHARE * wanted / fmax(w->n, 1);

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
    rule_nodes_init(&w.nodes);
    w.narrowest = HUGE_VAL;
    for (int64_t i = 0; i < s->nsite; i++)
        w.narrowest = fmin(w.narrowest, s->broadening[i]);
    status = w.c ? make_room(&w) : NEGF_MEMORY;
    if (!status)
        status = integrate(&w, own);
    s->again += w.again;
    release(&w);
    return status;
}

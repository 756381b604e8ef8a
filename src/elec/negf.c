/* The solution from its parts: see elec/negf.h. */

#include "elec/negf.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "la/blas.h"

static void window_free(struct negf_window *w)
{
    mem_free(w->all);
    mem_free(w->error);
    mem_free(w->start);
    mem_free(w->next);
    *w = (struct negf_window){0};
}

static void free_leads(struct negf *s)
{
    for (int a = 0; a < s->nlead; a++) {
        block_chain_free(s->chain ? s->chain[a] : NULL);
        if (s->window)
            window_free(&s->window[a]);
    }
    mem_free(s->chain);
    mem_free(s->window);
    mem_free(s->reference);
    mem_free(s->injection);
    mem_free(s->current);
    mem_free(s->current_error);
    s->chain = NULL;
    s->window = NULL;
    s->reference = NULL;
    s->injection = s->current = s->current_error = NULL;
    s->nlead = 0;
}

void negf_fini(struct negf *s)
{
    free_leads(s);
    mem_free(s->edge);
    mem_free(s->same);
    mem_free(s->joined);
    mem_free(s->broadening);
    mem_free(s->n);
    mem_free(s->rho);
    mem_free(s->flow);
    mem_free(s->n0);
    mem_free(s->rho0);
    *s = (struct negf){0};
}

/* Room that depends on the leads.  Windows that were loaded stay. */
static int reserve_leads(struct negf *s, int nlead, int64_t nsite)
{
    size_t n = (size_t)nlead;

    if (s->nlead != nlead) {
        free_leads(s);
        s->nlead = nlead;
        s->window = mem_zalloc(n, sizeof *s->window);
    }
    if (s->chain)
        return 0;
    s->chain = mem_zalloc(n, sizeof(void *));
    s->reference = mem_zalloc(n, sizeof *s->reference);
    s->injection = mem_zalloc(n * (size_t)nsite, sizeof(double));
    s->current = mem_zalloc(n * n, sizeof(double));
    s->current_error = mem_zalloc(n * n, sizeof(double));
    return s->chain && s->window && s->reference && s->injection &&
                   s->current && s->current_error
               ? 0
               : NEGF_MEMORY;
}

static int resize(double **p, int64_t n)
{
    double *grown = mem_resize(*p, (size_t)n, sizeof *grown);

    if (!grown)
        return NEGF_MEMORY;
    *p = grown;
    return 0;
}

struct numbered_bond {
    int64_t a, b, number;
};

static int by_sites(const void *x, const void *y)
{
    const struct numbered_bond *p = x, *q = y;

    if (p->a != q->a)
        return p->a < q->a ? -1 : 1;
    if (p->b != q->b)
        return p->b < q->b ? -1 : 1;
    return (p->number > q->number) - (p->number < q->number);
}

/* Of each bond the first one that joins the same two sites. */
static int find_same(struct negf *s)
{
    struct numbered_bond *list = mem_alloc((size_t)s->nbond, sizeof *list);

    if (!list)
        return NEGF_MEMORY;
    for (int64_t k = 0; k < s->nbond; k++) {
        int64_t i = s->edge[k][0], j = s->edge[k][1];

        list[k] = (struct numbered_bond){i < j ? i : j, i < j ? j : i, k};
    }
    qsort(list, (size_t)s->nbond, sizeof *list, by_sites);
    for (int64_t k = 0; k < s->nbond; k++) {
        bool again =
            k > 0 && list[k].a == list[k - 1].a && list[k].b == list[k - 1].b;

        s->same[list[k].number] =
            again ? s->same[list[k - 1].number] : list[k].number;
    }
    mem_free(list);
    return 0;
}

static void join_hoppings(struct negf *s, const struct terms *t)
{
    memset(s->joined, 0, (size_t)s->nbond * sizeof *s->joined);
    for (int64_t b = 0; b < s->nbond; b++)
        s->joined[s->same[b]] += t->hopping[b];
    for (int64_t b = 0; b < s->nbond; b++)
        s->joined[b] = s->joined[s->same[b]];
}

static int reserve(struct negf *s, const struct terms *t,
                   const struct negf_request *q)
{
    int64_t n = t->nsite, bonds = t->nbond;

    if (s->bond_tag != t->bond_tag || s->nsite != n || s->nbond != bonds) {
        for (int a = 0; a < s->nlead && s->chain; a++) {
            block_chain_free(s->chain[a]);
            s->chain[a] = NULL;
        }
        mem_free(s->edge);
        mem_free(s->same);
        s->bond_tag = 0;
        s->edge = mem_alloc((size_t)bonds, sizeof *s->edge);
        s->same = mem_alloc((size_t)bonds, sizeof *s->same);
        if (!s->edge || !s->same || resize(&s->joined, bonds) ||
            resize(&s->broadening, n) || resize(&s->n, n) ||
            resize(&s->n0, n) || resize(&s->rho, bonds) ||
            resize(&s->rho0, bonds) || resize(&s->flow, bonds))
            return NEGF_MEMORY;
        for (int64_t b = 0; b < bonds; b++) {
            s->edge[b][0] = t->bond[b].i;
            s->edge[b][1] = t->bond[b].j;
        }
        s->nsite = n;
        s->nbond = bonds;
        if (find_same(s))
            return NEGF_MEMORY;
        s->bond_tag = t->bond_tag;
    }
    return reserve_leads(s, q->nlead, n);
}

static int reserve_window(struct negf_window *w, const struct negf *s,
                          const struct negf_lead *l, bool bonds)
{
    int64_t size = s->nsite + l->nsite + (bonds ? 2 * s->nbond : 0);

    if (w->size != size || !w->all) {
        w->size = 0;
        if (resize(&w->all, size) || resize(&w->error, size))
            return NEGF_MEMORY;
        w->size = size;
    }
    memset(w->all, 0, (size_t)size * sizeof *w->all);
    memset(w->error, 0, (size_t)size * sizeof *w->error);
    w->beyond = 0;
    w->f = w->all;
    w->a = w->f + s->nsite;
    w->re = bonds ? w->a + l->nsite : NULL;
    w->im = bonds ? w->re + s->nbond : NULL;
    return 0;
}

static bool same_filling(const struct negf_lead *a, const struct negf_lead *b)
{
    return a->mu == b->mu && a->temp == b->temp;
}

/* The reference is the filling that most sites of leads have: the others need
   a column of G for each of theirs. */
static void choose_reference(struct negf *s, const struct negf_request *q)
{
    int best = 0;
    int64_t most = -1;

    for (int a = 0; a < q->nlead; a++) {
        int64_t sites = 0;

        for (int b = 0; b < q->nlead; b++)
            if (q->lead[b].gamma > 0 && same_filling(&q->lead[a], &q->lead[b]))
                sites += q->lead[b].nsite;
        if (sites > most) {
            most = sites;
            best = a;
        }
    }
    for (int a = 0; a < q->nlead; a++)
        s->reference[a] = same_filling(&q->lead[a], &q->lead[best]);
}

const struct negf_lead *negf_reference(const struct negf *s,
                                       const struct negf_request *q)
{
    int a = 0;

    while (!s->reference[a])
        a++;
    return &q->lead[a];
}

int negf_main_lead(const struct negf *s, const struct negf_request *q)
{
    int best = 0;

    for (int a = 0; a < q->nlead; a++)
        if (!s->reference[a] && q->lead[a].gamma > 0)
            return a;
    for (int a = 1; a < q->nlead; a++)
        if (q->lead[a].nsite < q->lead[best].nsite)
            best = a;
    return best;
}

/* Whether the layers of a chain begin with these sites. */
static bool chain_fits(const struct block_chain *c, const int64_t *site,
                       int64_t n)
{
    return c->first[1] == n &&
           memcmp(c->site, site, (size_t)n * sizeof *site) == 0;
}

struct block_chain *negf_chain(struct negf *s, const struct negf_request *q,
                               int lead)
{
    const struct negf_lead *l = &q->lead[lead];
    int64_t roots = l->nsite;

    /* Without columns, layers from one site are narrower than all in one. */
    if (l->nsite == s->nsite && s->reference[lead])
        roots = 1;
    if (s->chain[lead] && !chain_fits(s->chain[lead], l->site, roots)) {
        block_chain_free(s->chain[lead]);
        s->chain[lead] = NULL;
    }
    if (!s->chain[lead])
        s->chain[lead] = block_chain_new(
            s->nsite, s->nbond, (const int64_t(*)[2])s->edge, roots, l->site);
    return s->chain[lead];
}

static void sum_broadening(struct negf *s, const struct negf_request *q)
{
    memset(s->broadening, 0, (size_t)s->nsite * sizeof *s->broadening);
    for (int a = 0; a < q->nlead; a++)
        for (int64_t k = 0; k < q->lead[a].nsite; k++)
            s->broadening[q->lead[a].site[k]] += q->lead[a].gamma;
}

/* Intervals begin anew from what the configuration before this one ended with;
   a second call for the same one begins as the first did. */
static void begin_windows(struct negf *s, const struct terms *t)
{
    if (s->solved == t->tag && t->tag)
        return;
    for (int a = 0; a < s->nlead; a++) {
        struct negf_window *w = &s->window[a];

        if (!w->next)
            continue;
        mem_free(w->start);
        w->start = w->next;
        w->nstart = w->nnext;
        w->next = NULL;
        w->nnext = 0;
    }
    s->solved = t->tag;
}

static void sum_densities(struct negf *s, const struct negf_request *q)
{
    memcpy(s->n, s->n0, (size_t)s->nsite * sizeof *s->n);
    for (int64_t b = 0; q->want_bonds && b < s->nbond; b++) {
        s->rho[b] = s->rho0[b];
        s->flow[b] = 0;
    }
    for (int a = 0; a < s->nlead; a++) {
        const struct negf_window *w = &s->window[a];

        for (int64_t i = 0; !s->reference[a] && i < s->nsite; i++)
            s->n[i] += w->f[i];
        for (int64_t b = 0; !s->reference[a] && q->want_bonds && b < s->nbond;
             b++) {
            s->rho[b] += w->re[b];
            s->flow[b] += w->im[b];
        }
    }
}

/* d<n_i>/dt from site j is -2 h_ij Im <c+_j c_i>. */
static void make_flow(struct negf *s, const struct terms *t)
{
    for (int64_t b = 0; b < s->nbond; b++)
        s->flow[b] =
            t->bond[b].i == t->bond[b].j ? 0 : 2 * t->hopping[b] * s->flow[b];
}

/* Lead a pours 2 Gamma_a (Int dE/2pi A_ii f_a - n_i) into site i. */
static void make_injection(struct negf *s, const struct negf_request *q)
{
    memset(s->injection, 0,
           (size_t)s->nlead * (size_t)s->nsite * sizeof *s->injection);
    for (int a = 0; a < s->nlead; a++) {
        const struct negf_lead *l = &q->lead[a];

        for (int64_t k = 0; k < l->nsite; k++) {
            int64_t i = l->site[k];
            double full = s->n0[i];

            if (!s->reference[a])
                full += s->window[a].a[k];
            s->injection[a * s->nsite + i] = 2 * l->gamma * (full - s->n[i]);
        }
    }
}

/* Int dE/2pi 4 Tr[Gamma_a G Gamma_b G+] (f_a - f_R), and its error. */
static double window_into(const struct negf *s, const struct negf_request *q,
                          int a, int b, double *error)
{
    const struct negf_lead *l = &q->lead[b];
    const struct negf_window *w = &s->window[a];
    double sum = 0;

    for (int64_t k = 0; !s->reference[a] && k < l->nsite; k++) {
        sum += 2 * l->gamma * w->f[l->site[k]];
        *error += 2 * l->gamma * w->error[l->site[k]];
    }
    /* Outside, each channel carries at most all electrons there. */
    if (!s->reference[a])
        *error += w->beyond / (2 * M_PI) *
                  fmin((double)l->nsite, (double)q->lead[a].nsite) *
                  fmax(q->lead[a].temp, negf_reference(s, q)->temp);
    return sum;
}

/* T_ab = T_ba, so the window of b serves for the part of f_b. */
static void make_currents(struct negf *s, const struct negf_request *q)
{
    for (int a = 0; a < s->nlead; a++)
        for (int b = 0; b < s->nlead; b++) {
            double error = 0, out = window_into(s, q, a, b, &error);
            double in = window_into(s, q, b, a, &error);

            s->current[a * s->nlead + b] = a == b ? 0 : out - in;
            s->current_error[a * s->nlead + b] = a == b ? 0 : error;
        }
}

double negf_terminal(const struct negf *s, int lead)
{
    double sum = 0;

    for (int64_t i = 0; i < s->nsite; i++)
        sum += s->injection[lead * s->nsite + i];
    return sum;
}

static void sum_errors(struct negf *s)
{
    double worst = 0;

    for (int64_t i = 0; i < s->nsite; i++) {
        double sum = 0;

        for (int a = 0; a < s->nlead; a++)
            if (!s->reference[a])
                sum += s->window[a].error[i] + s->window[a].beyond;
        worst = fmax(worst, sum);
    }
    s->error += worst;
}

/* Int dE/2pi A_ii (f_a - f_R) on the sites of each lead: from its window, and
   from poles at mu_a and at mu_R. */
static int compare_splittings(struct negf *s, struct terms *t,
                              const struct negf_request *q)
{
    double *n = mem_alloc((size_t)s->nsite, sizeof *n);
    int status = n ? 0 : NEGF_MEMORY;

    s->split = 0;
    for (int a = 0; a < s->nlead && !status; a++) {
        const struct negf_lead *l = &q->lead[a];

        if (s->reference[a] || l->gamma <= 0)
            continue;
        status = negf_equilibrium(s, t, q, l->mu, l->temp, n, NULL);
        for (int64_t k = 0; k < l->nsite && !status; k++)
            s->split = fmax(s->split, fabs(n[l->site[k]] - s->n0[l->site[k]] -
                                           s->window[a].a[k]));
    }
    mem_free(n);
    return status;
}

static int solve_recursion(struct negf *s, struct terms *t,
                           const struct negf_request *q)
{
    const struct negf_lead *r = negf_reference(s, q);
    int status;

    if (q->midpoint)
        return negf_midpoint(s, t, q);
    status = negf_equilibrium(s, t, q, r->mu, r->temp, s->n0,
                              q->want_bonds ? s->rho0 : NULL);
    for (int a = 0; a < s->nlead && !status; a++)
        if (!s->reference[a] && q->lead[a].gamma > 0)
            status = negf_window_solve(s, t, q, a);
    return status;
}

static int solve_parts(struct negf *s, struct terms *t,
                       const struct negf_request *q)
{
    bool small = t->nsite <= NEGF_SMALL && q->method == NEGF_AUTO;
    int status = NEGF_DEFECTIVE;

    s->closed = false;
    if (!q->midpoint && (small || q->method == NEGF_CLOSED)) {
        status = negf_closed(s, t, q);
        s->closed = status == NEGF_OK;
    }
    if (!s->closed && q->method != NEGF_CLOSED)
        status = solve_recursion(s, t, q);
    return status;
}

int negf_solve(struct negf *s, struct terms *t, const struct negf_request *q)
{
    int blas = blas_threads(1), status = reserve(s, t, q);

    if (!status) {
        choose_reference(s, q);
        sum_broadening(s, q);
        join_hoppings(s, t);
        begin_windows(s, t);
    }
    for (int a = 0; a < s->nlead && !status; a++)
        if (!s->reference[a])
            status =
                reserve_window(&s->window[a], s, &q->lead[a], q->want_bonds);
    s->error = s->split = s->condition = 0;
    s->energies = s->again = 0;
    s->npole = 0;
    s->converged = true;
    s->bonds = q->want_bonds;
    if (!status)
        status = solve_parts(s, t, q);
    if (!status) {
        sum_densities(s, q);
        if (q->want_bonds)
            make_flow(s, t);
        make_injection(s, q);
        make_currents(s, q);
        sum_errors(s);
        if (q->want_split && !s->closed && !q->midpoint)
            status = compare_splittings(s, t, q);
    }
    blas_threads(blas);
    return status;
}

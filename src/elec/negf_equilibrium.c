/* The part of the reference, from poles on the imaginary axis:

       Int dE/2pi A_ij f_R = delta_ij/2 + T sum_k a_k Re G_ij(mu + i s_k T).

   The approximation f~ follows f for |x| <= X and tends to 1/2 beyond, where

       A_ij = 2 Gamma_i delta_ij/w^2 + 2 (Gamma_i + Gamma_j) h_ij/w^3 + ..,

   w = E - mu, h = H - mu.  f - f~ is odd, so the first term cancels between
   both tails; the second is added by the integral of f - f~, which is known; of
   the next odd one at most Gamma |h|^3/(pi (X T)^4) is left. */

#include <math.h>
#include <omp.h>
#include <string.h>

#include "base/mem.h"
#include "elec/negf.h"

/* Shares of the tolerance. */
static const double FIT_SHARE = 0.1, TAIL_SHARE = 0.2;

/* Poles for a bound of at least X T, on a ladder of bounds so that they depend
   on the configuration alone and few sets serve. */
static const struct poles *find_poles(struct negf *s, double bound, double tol)
{
    int rung = (int)ceil(4 * log2(fmax(bound, 1)));
    int most = (int)(sizeof s->rung / sizeof *s->rung);
    struct poles *p;

    if (s->fit_tol != tol) {
        memset(s->poles, 0, sizeof s->poles);
        s->fit_tol = tol;
    }
    for (int k = 0; k < most; k++)
        if (s->poles[k].n && s->rung[k] == rung)
            return &s->poles[k];
    p = &s->poles[s->next_pole];
    s->rung[s->next_pole] = rung;
    s->next_pole = (s->next_pole + 1) % most;
    if (poles_fit_decaying(exp2(0.25 * rung), tol, p)) {
        p->n = 0;
        return NULL;
    }
    return p;
}

static double largest_broadening(const struct negf *s)
{
    double most = 0;

    for (int64_t i = 0; i < s->nsite; i++)
        most = fmax(most, s->broadening[i]);
    return most;
}

/* All poles: four Green's functions at a time. */
static int solve_poles(struct negf *s, const struct terms *t,
                       const struct negf_request *q,
                       const struct block_chain *c, const struct poles *p,
                       double mu, double temp, struct lanes *diagonal,
                       struct lanes *edge)
{
    struct block_matrix m = {t->onsite, s->broadening, t->hopping, 0};
    int batches = (p->n + LANES - 1) / LANES, status = 0, again = 0;
    size_t room = block_room(c);
    struct lanes *work = mem_alloc(room * (size_t)q->nthread, sizeof *work);

    if (!work)
        return NEGF_MEMORY;
#pragma omp parallel num_threads(q->nthread) reduction(+ : again)
    {
        int thread = omp_get_thread_num();

#pragma omp for schedule(dynamic, 1)
        for (int b = 0; b < batches; b++) {
            double re[LANES], im[LANES];
            struct block_result r = {NULL, diagonal + b * s->nsite,
                                     edge + b * s->nbond};
            int failed;

            for (int l = 0; l < LANES; l++) {
                int k = b * LANES + l < p->n ? b * LANES + l : p->n - 1;

                re[l] = mu;
                im[l] = temp * p->s[k];
            }
            failed = block_solve(c, &m, re, im, work + room * (size_t)thread,
                                 &r, &again);
            if (failed) {
#pragma omp critical
                status = failed == -1 ? NEGF_MEMORY : NEGF_SINGULAR;
            }
        }
    }
    mem_free(work);
    s->again += again;
    return status;
}

/* to [n] = base + T sum_k a_k Re g_k. */
static void weigh(const struct poles *p, double temp, const struct lanes *g,
                  int64_t n, double base, double *to)
{
    for (int64_t i = 0; i < n; i++) {
        double sum = 0;

        for (int k = 0; k < p->n; k++)
            sum += p->a[k] * g[k / LANES * n + i].re[k % LANES];
        to[i] = base + temp * sum;
    }
}

/* Int_X^inf (f - f~)/x^3 dx/pi, by the midpoint rule in ln x; f is 0 there. */
static double tail_integral(const struct poles *p)
{
    enum { STEPS = 2000 };
    double sum = 0, step = log(1e8) / STEPS;

    for (int k = 0; k < STEPS; k++) {
        double x = p->bound * exp(step * (k + 0.5));

        sum -= step * poles_value(p, x) / (x * x);
    }
    return sum / M_PI;
}

/* Adds 2 (Gamma_i + Gamma_j) h_ij c; s->joined are the hoppings of all bonds
   between the same two sites. */
static void add_tails(const struct negf *s, const struct terms *t, double c,
                      double mu, double *n, double *rho)
{
    for (int64_t b = 0; b < s->nbond; b++)
        if (s->edge[b][0] == s->edge[b][1])
            n[s->edge[b][0]] +=
                8 * s->broadening[s->edge[b][0]] * t->hopping[b] * c;
    for (int64_t i = 0; i < s->nsite; i++)
        n[i] += 4 * s->broadening[i] * (t->onsite[i] - mu) * c;
    for (int64_t b = 0; rho && b < s->nbond; b++)
        rho[b] +=
            2 * (s->broadening[s->edge[b][0]] + s->broadening[s->edge[b][1]]) *
            s->joined[b] * c;
}

int negf_equilibrium(struct negf *s, struct terms *t,
                     const struct negf_request *q, double mu, double temp,
                     double *n, double *rho)
{
    double lo, hi, reach, gamma = largest_broadening(s), range;
    const struct block_chain *c = negf_chain(s, q, negf_main_lead(s, q));
    const struct poles *p;
    struct lanes *diagonal, *edge;
    size_t batches;
    int status;

    if (!c)
        return NEGF_MEMORY;
    terms_bounds(t, &lo, &hi);
    reach = fmax(fabs(lo - mu), fabs(hi - mu));
    range = pow(gamma * pow(reach, 3) / (M_PI * TAIL_SHARE * q->tol), 0.25);
    range = fmax(range, 4 * (reach + gamma));
    p = find_poles(s, range / temp, FIT_SHARE * q->tol);
    if (!p)
        return NEGF_TOLERANCE;
    batches = (size_t)(p->n + LANES - 1) / LANES;
    diagonal = mem_alloc(batches * (size_t)s->nsite, sizeof *diagonal);
    edge = mem_alloc(batches * (size_t)s->nbond, sizeof *edge);
    status = diagonal && edge
                 ? solve_poles(s, t, q, c, p, mu, temp, diagonal, edge)
                 : NEGF_MEMORY;
    if (!status) {
        weigh(p, temp, diagonal, s->nsite, 0.5, n);
        if (rho)
            weigh(p, temp, edge, s->nbond, 0, rho);
        add_tails(s, t, tail_integral(p) / (temp * temp), mu, n, rho);
        for (int64_t b = 0; rho && b < s->nbond; b++)
            if (s->edge[b][0] == s->edge[b][1])
                rho[b] = n[s->edge[b][0]];
        s->npole = p->n;
        s->error = fmax(s->error, p->error + TAIL_SHARE * q->tol);
    }
    mem_free(diagonal);
    mem_free(edge);
    return status;
}

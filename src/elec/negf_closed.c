/* The closed form of a small system, from the eigenvalues e_k of K = H - i
   Gamma, all with Im e_k < 0, and K = V e W, W = V^-1:

       G(E) = sum_k V_k W_k/(E - e_k).

   With J(e) = Int dE f(E)/(E - e) = psi(1/2 + i (e - mu)/(2 pi T)) + ln T + C,
   C the same for all fillings, and J(e*) = J(e)*,

       Int dE/2pi A_ij f  = delta_ij/2 - Im sum_k V_ik W_kj J(e_k)/pi,
       Int dE/2pi F_a (f_a - f_R) = V Y V+,
       Y_kl = (W 2 Gamma_a W+)_kl (j_k - j_l*)/(2 pi (e_k - e_l*)),

   j the difference of J_a and J_R.  Everything is exact up to rounding times
   the condition of V; near a defect of K that grows without bound. */

#include <complex.h>
#include <float.h>
#include <math.h>
#include <string.h>

#include <cblas.h>
#include <gsl/gsl_errno.h>
#include <gsl/gsl_sf_psi.h>
#include <lapacke.h>

#include "base/mem.h"
#include "elec/negf.h"

/* At an exact defect rounding leaves eigenvectors of a condition near the
   inverse root of the unit of rounding, 7e7. */
static const double LARGEST_CONDITION = 1e7;

typedef double complex cplx;

struct closed {
    int n;
    cplx *e;      /* [n] */
    cplx *v, *w;  /* [n][n] row major */
    cplx *y, *vy; /* [n][n] */
    cplx *j;      /* [n] */
    int *order;
};

static void closed_free(struct closed *c)
{
    mem_free(c->e);
    mem_free(c->v);
    mem_free(c->w);
    mem_free(c->y);
    mem_free(c->vy);
    mem_free(c->j);
    mem_free(c->order);
}

static int closed_make(struct closed *c, int n)
{
    size_t square = (size_t)n * (size_t)n;

    c->n = n;
    c->e = mem_alloc((size_t)n, sizeof *c->e);
    c->j = mem_alloc((size_t)n, sizeof *c->j);
    c->order = mem_alloc((size_t)n, sizeof *c->order);
    c->v = mem_alloc(square, sizeof *c->v);
    c->w = mem_alloc(square, sizeof *c->w);
    c->y = mem_alloc(square, sizeof *c->y);
    c->vy = mem_alloc(square, sizeof *c->vy);
    return c->e && c->j && c->order && c->v && c->w && c->y && c->vy
               ? 0
               : NEGF_MEMORY;
}

static void fill(const struct negf *s, const struct terms *t, cplx *k)
{
    int64_t n = t->nsite;

    memset(k, 0, (size_t)(n * n) * sizeof *k);
    for (int64_t i = 0; i < n; i++)
        k[i * n + i] = t->onsite[i] - I * s->broadening[i];
    for (int64_t b = 0; b < t->nbond; b++) {
        k[t->bond[b].i * n + t->bond[b].j] += t->hopping[b];
        k[t->bond[b].j * n + t->bond[b].i] += t->hopping[b];
    }
}

static double norm(const cplx *a, int n)
{
    double sum = 0;

    for (int i = 0; i < n * n; i++)
        sum += creal(a[i] * conj(a[i]));
    return sqrt(sum);
}

static int diagonalise(struct negf *s, struct closed *c)
{
    int n = c->n;
    size_t square = (size_t)n * (size_t)n;

    if (LAPACKE_zgeev(LAPACK_ROW_MAJOR, 'N', 'V', n, c->y, n, c->e, NULL, n,
                      c->v, n))
        return NEGF_DEFECTIVE;
    memcpy(c->w, c->v, square * sizeof *c->w);
    if (LAPACKE_zgetrf(LAPACK_ROW_MAJOR, n, n, c->w, n, c->order) ||
        LAPACKE_zgetri(LAPACK_ROW_MAJOR, n, c->w, n, c->order))
        return NEGF_DEFECTIVE;
    s->condition = norm(c->v, n) * norm(c->w, n) / n;
    return s->condition < LARGEST_CONDITION ? 0 : NEGF_DEFECTIVE;
}

/* Sums of n terms of the size of the condition. */
static double rounding(const struct negf *s)
{
    return DBL_EPSILON * s->condition * (double)s->nsite;
}

/* J(e) - C. */
static cplx integral(cplx e, double mu, double temp)
{
    cplx z = 0.5 + I * (e - mu) / (2 * M_PI * temp);
    gsl_sf_result re, im;

    gsl_sf_complex_psi_e(creal(z), cimag(z), &re, &im);
    return re.val + I * im.val + log(temp);
}

/* -Im sum_k V_ik W_kj j_k/pi. */
static double entry(const struct closed *c, int64_t i, int64_t j)
{
    cplx sum = 0;

    for (int k = 0; k < c->n; k++)
        sum += c->v[i * c->n + k] * c->w[k * c->n + j] * c->j[k];
    return -cimag(sum) / M_PI;
}

static void reference_part(struct negf *s, const struct negf_request *q,
                           struct closed *c)
{
    const struct negf_lead *r = negf_reference(s, q);

    for (int k = 0; k < c->n; k++)
        c->j[k] = integral(c->e[k], r->mu, r->temp);
    for (int64_t i = 0; i < s->nsite; i++)
        s->n0[i] = 0.5 + entry(c, i, i);
    for (int64_t b = 0; q->want_bonds && b < s->nbond; b++) {
        int64_t i = s->edge[b][0], j = s->edge[b][1];

        s->rho0[b] = i == j ? s->n0[i] : entry(c, i, j);
    }
}

/* Y from j, and V Y. */
static void make_product(struct closed *c, const struct negf_lead *l)
{
    const cplx one = 1, zero = 0;
    int n = c->n;

    for (int k = 0; k < n; k++) {
        for (int m = 0; m < n; m++) {
            cplx sum = 0, d = c->e[k] - conj(c->e[m]);

            for (int64_t a = 0; a < l->nsite; a++)
                sum +=
                    c->w[k * n + l->site[a]] * conj(c->w[m * n + l->site[a]]);
            c->y[k * n + m] =
                cabs(d) > DBL_MIN
                    ? l->gamma / M_PI * sum * (c->j[k] - conj(c->j[m])) / d
                    : 0;
        }
    }
    cblas_zgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, n, n, n, &one, c->v,
                n, c->y, n, &zero, c->vy, n);
}

/* (V Y V+)_ij. */
static cplx product(const struct closed *c, int64_t i, int64_t j)
{
    cplx sum = 0;

    for (int k = 0; k < c->n; k++)
        sum += c->vy[i * c->n + k] * conj(c->v[j * c->n + k]);
    return sum;
}

static void window_part(struct negf *s, const struct negf_request *q,
                        struct closed *c, int lead)
{
    const struct negf_lead *l = &q->lead[lead], *r = negf_reference(s, q);
    struct negf_window *w = &s->window[lead];

    for (int k = 0; k < c->n; k++)
        c->j[k] = integral(c->e[k], l->mu, l->temp) -
                  integral(c->e[k], r->mu, r->temp);
    make_product(c, l);
    for (int64_t i = 0; i < s->nsite; i++)
        w->f[i] = creal(product(c, i, i));
    for (int64_t a = 0; a < l->nsite; a++)
        w->a[a] = entry(c, l->site[a], l->site[a]);
    for (int64_t b = 0; w->re && b < s->nbond; b++) {
        cplx f = product(c, s->edge[b][0], s->edge[b][1]);

        w->re[b] = creal(f);
        w->im[b] = cimag(f);
    }
}

int negf_closed(struct negf *s, const struct terms *t,
                const struct negf_request *q)
{
    struct closed c = {0};
    int status = closed_make(&c, (int)t->nsite);

    if (!status) {
        fill(s, t, c.y);
        status = diagonalise(s, &c);
    }
    if (!status && q->method == NEGF_AUTO && rounding(s) > q->tol)
        status = NEGF_DEFECTIVE;
    if (!status)
        reference_part(s, q, &c);
    for (int a = 0; a < s->nlead && !status; a++)
        if (!s->reference[a] && q->lead[a].gamma > 0)
            window_part(s, q, &c, a);
    if (!status)
        s->error = fmax(s->error, rounding(s));
    closed_free(&c);
    return status;
}

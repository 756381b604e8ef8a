/* Chebyshev expansion of the Fermi function: see elec/kpm_density.h. */

#include "elec/kpm_density.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "elec/fermi.h"

enum { WIDTH = 8 };

typedef double block_vector __attribute__((vector_size(WIDTH * 8)));

/* --- The graph. --- */

static int make_graph(struct kpm_density *p, const struct terms *t)
{
    size_t n = (size_t)t->nsite, m = 2 * (size_t)t->nbond;
    int64_t *at;

    if (p->start && p->bond_tag == t->bond_tag)
        return 0;
    kpm_density_fini(p);
    p->start = mem_zalloc(n + 1, sizeof *p->start);
    p->to = mem_alloc(m, sizeof *p->to);
    p->of_bond = mem_alloc(m, sizeof *p->of_bond);
    at = mem_alloc(n, sizeof *at);
    if (!p->start || !p->to || !p->of_bond || !at) {
        mem_free(at);
        return -1;
    }
    for (int64_t b = 0; b < t->nbond; b++) {
        p->start[t->bond[b].i + 1]++;
        p->start[t->bond[b].j + 1]++;
    }
    for (size_t i = 0; i < n; i++) {
        p->start[i + 1] += p->start[i];
        at[i] = p->start[i];
    }
    for (int64_t b = 0; b < t->nbond; b++) {
        for (int end = 0; end < 2; end++) {
            int64_t i = end ? t->bond[b].j : t->bond[b].i;

            p->to[at[i]] = end ? t->bond[b].i : t->bond[b].j;
            p->of_bond[at[i]++] = b;
        }
    }
    mem_free(at);
    p->bond_tag = t->bond_tag;
    p->nsite = t->nsite;
    return 0;
}

void kpm_density_fini(struct kpm_density *p)
{
    mem_free(p->start);
    mem_free(p->to);
    mem_free(p->of_bond);
    mem_free(p->moment);
    mem_free(p->weight);
    mem_free(p->cosine);
    mem_free(p->c);
    *p = (struct kpm_density){0};
}

static int reserve(struct kpm_density *p, int order)
{
    size_t m = (size_t)order, k = 2 * m;

    if (p->order == order)
        return 0;
    mem_free(p->moment);
    mem_free(p->weight);
    mem_free(p->cosine);
    mem_free(p->c);
    p->order = 0;
    p->moment = mem_alloc((size_t)p->nsite * m, sizeof *p->moment);
    p->weight = mem_alloc(2 * k, sizeof *p->weight);
    p->cosine = mem_alloc(4 * k, sizeof *p->cosine);
    p->c = mem_alloc(m, sizeof *p->c);
    if (!p->moment || !p->weight || !p->cosine || !p->c)
        return -1;
    p->order = order;
    p->points = 2 * order;
    for (int j = 0; j < 4 * p->points; j++)
        p->cosine[j] = cos(M_PI * j / (2.0 * p->points));
    return 0;
}

/* cos(m t_k). */
static double wave(const struct kpm_density *p, int m, int k)
{
    return p->cosine[(int64_t)m * (2 * k + 1) % (4 * p->points)];
}

/* --- Eight columns on the sites within reach of theirs. --- */

struct patch {
    const struct kpm_density *p;
    const struct terms *t;
    int64_t *site;       /* [n] local to global */
    int64_t *local;      /* [nsite] global to local; -1 outside */
    int64_t *start, *to; /* [n + 1], local */
    double *h;           /* scaled hopping, as `to` */
    double *diagonal;    /* [n] scaled */
    int64_t n;
    block_vector *v, *w; /* T_m, T_{m-1} */
};

static void patch_free(struct patch *s)
{
    mem_free(s->site);
    mem_free(s->local);
    mem_free(s->start);
    mem_free(s->to);
    mem_free(s->h);
    mem_free(s->diagonal);
    mem_free(s->v);
    mem_free(s->w);
}

static int patch_init(struct patch *s, const struct kpm_density *p,
                      const struct terms *t)
{
    size_t n = (size_t)p->nsite, m = 2 * (size_t)t->nbond;

    *s = (struct patch){.p = p, .t = t};
    s->site = mem_alloc(n, sizeof *s->site);
    s->local = mem_alloc(n, sizeof *s->local);
    s->start = mem_alloc(n + 1, sizeof *s->start);
    s->to = mem_alloc(m, sizeof *s->to);
    s->h = mem_alloc(m, sizeof *s->h);
    s->diagonal = mem_alloc(n, sizeof *s->diagonal);
    s->v = mem_alloc(n, sizeof *s->v);
    s->w = mem_alloc(n, sizeof *s->w);
    if (!s->site || !s->local || !s->start || !s->to || !s->h || !s->diagonal ||
        !s->v || !s->w)
        return -1;
    for (size_t i = 0; i < n; i++)
        s->local[i] = -1;
    return 0;
}

/* The sites that at most `radius` bonds lead to from first .. last - 1, which
   come first. */
static void collect_sites(struct patch *s, int64_t first, int64_t last,
                          int radius)
{
    int64_t begin = 0;

    for (int64_t i = 0; i < s->n; i++)
        s->local[s->site[i]] = -1;
    s->n = 0;
    for (int64_t i = first; i < last; i++) {
        s->local[i] = s->n;
        s->site[s->n++] = i;
    }
    for (int r = 0; (radius == 0 || r < radius) && begin < s->n; r++) {
        int64_t end = s->n;

        for (; begin < end; begin++) {
            int64_t i = s->site[begin];

            for (int64_t k = s->p->start[i]; k < s->p->start[i + 1]; k++) {
                int64_t j = s->p->to[k];

                if (s->local[j] >= 0)
                    continue;
                s->local[j] = s->n;
                s->site[s->n++] = j;
            }
        }
    }
}

static void fill_patch(struct patch *s)
{
    const struct kpm_density *p = s->p;
    int64_t at = 0;

    for (int64_t l = 0; l < s->n; l++) {
        int64_t i = s->site[l];

        s->start[l] = at;
        s->diagonal[l] = (s->t->onsite[i] - p->centre) / p->half;
        for (int64_t k = p->start[i]; k < p->start[i + 1]; k++) {
            int64_t j = s->local[p->to[k]];

            if (j < 0)
                continue;
            s->to[at] = j;
            s->h[at++] = s->t->hopping[p->of_bond[k]] / p->half;
        }
    }
    s->start[s->n] = at;
}

/* w = factor h v - w. */
static void step(struct patch *s, double factor)
{
    for (int64_t l = 0; l < s->n; l++) {
        block_vector sum = s->diagonal[l] * s->v[l];

        for (int64_t k = s->start[l]; k < s->start[l + 1]; k++)
            sum += s->h[k] * s->v[s->to[k]];
        s->w[l] = factor * sum - s->w[l];
    }
}

static void exchange(struct patch *s)
{
    block_vector *t = s->v;

    s->v = s->w;
    s->w = t;
}

/* v = T_1, w = T_0 of the columns first ... */
static void begin(struct patch *s, int columns)
{
    memset(s->w, 0, (size_t)s->n * sizeof *s->w);
    memset(s->v, 0, (size_t)s->n * sizeof *s->v);
    for (int l = 0; l < columns; l++)
        s->v[l][l] = 1;
    step(s, 1);
    exchange(s);
}

static void product(const block_vector *a, const block_vector *b, int64_t n,
                    block_vector *out)
{
    block_vector sum = {0};

    for (int64_t i = 0; i < n; i++)
        sum += a[i] * b[i];
    *out = sum;
}

/* Moments 2m - 1 and 2m of T_m and T_{m-1}. */
static void fill_moments(struct patch *s, int columns, double *moment)
{
    int order = s->p->order;
    double first[WIDTH];

    begin(s, columns);
    for (int l = 0; l < columns; l++)
        first[l] = s->v[l][l];
    for (int m = 1; 2 * m - 2 < order; m++) {
        block_vector even, odd;

        product(s->w, s->w, s->n, &even);
        product(s->v, s->w, s->n, &odd);
        for (int l = 0; l < columns; l++) {
            double *to = moment + (int64_t)l * order + 2 * m - 2;

            to[0] = m == 1 ? 1 : 2 * even[l] - 1;
            if (2 * m - 1 < order)
                to[1] = m == 1 ? first[l] : 2 * odd[l] - first[l];
        }
        step(s, 2);
        exchange(s);
    }
}

/* sum_m c_m <j|T_m|i> on the bonds that begin at a column's site. */
static void fill_bonds(struct patch *s, int64_t first, int columns, double *rho)
{
    const struct kpm_density *p = s->p;

    begin(s, columns);
    for (int m = 0; m < p->order; m++) {
        /* T_m is in w. */
        for (int l = 0; l < columns; l++) {
            int64_t i = first + l;

            for (int64_t k = p->start[i]; k < p->start[i + 1]; k++) {
                int64_t b = p->of_bond[k];

                if (s->t->bond[b].i != i ||
                    (k > p->start[i] && p->of_bond[k - 1] == b))
                    continue;
                if (m == 0)
                    rho[b] = 0;
                rho[b] += p->c[m] * s->w[s->local[p->to[k]]][l];
            }
        }
        step(s, 2);
        exchange(s);
    }
}

/* All columns, block by block; rho == NULL: the moments. */
static int sweep(struct kpm_density *p, const struct terms *t,
                 const struct kpm_request *ask, double *rho)
{
    int64_t nblock = (p->nsite + WIDTH - 1) / WIDTH;
    int failed = 0;

#pragma omp parallel num_threads(ask->nthread) reduction(| : failed)
    {
        struct patch s;

        failed = patch_init(&s, p, t) != 0;
#pragma omp for schedule(dynamic)
        for (int64_t k = 0; k < nblock; k++) {
            int64_t first = k * WIDTH, last = first + WIDTH;
            int columns;

            last = last < p->nsite ? last : p->nsite;
            columns = (int)(last - first);
            if (failed)
                continue;
            collect_sites(&s, first, last, ask->radius);
            fill_patch(&s);
            if (rho)
                fill_bonds(&s, first, columns, rho);
            else
                fill_moments(&s, columns, p->moment + first * p->order);
        }
        patch_free(&s);
    }
    return failed ? -1 : 0;
}

/* --- Functions of the spectrum. --- */

/* g_k and x_k from the sums of the moments over the sites. */
static void fill_weights(struct kpm_density *p)
{
    double *total = p->c;

    memset(total, 0, (size_t)p->order * sizeof *total);
    for (int64_t i = 0; i < p->nsite; i++)
        for (int m = 0; m < p->order; m++)
            total[m] += p->moment[i * p->order + m];
    for (int k = 0; k < p->points; k++) {
        double sum = total[0];

        for (int m = 1; m < p->order; m++)
            sum += 2 * total[m] * wave(p, m, k);
        p->weight[k] = sum / p->points;
        p->weight[p->points + k] = p->half * wave(p, 1, k) + p->centre;
    }
}

static double number_at(const struct kpm_density *p, double temp, double mu)
{
    const double *x = p->weight + p->points;
    double sum = 0;

    for (int k = 0; k < p->points; k++)
        sum += p->weight[k] * fermi_function((x[k] - mu) / temp);
    return sum;
}

static double find_mu(const struct kpm_density *p, double temp, double target)
{
    double lo = p->centre - p->half - 40 * temp;
    double hi = p->centre + p->half + 40 * temp;

    for (int i = 0; i < 100; i++) {
        double mid = 0.5 * (lo + hi);

        if (!(mid > lo && mid < hi))
            break;
        if (number_at(p, temp, mid) < target)
            lo = mid;
        else
            hi = mid;
    }
    return 0.5 * (lo + hi);
}

static void fill_coefficients(struct kpm_density *p, double temp, double mu)
{
    const double *x = p->weight + p->points;

    memset(p->c, 0, (size_t)p->order * sizeof *p->c);
    for (int k = 0; k < p->points; k++) {
        double f = fermi_function((x[k] - mu) / temp) / p->points;

        for (int m = 0; m < p->order; m++)
            p->c[m] += (m ? 2 : 1) * f * wave(p, m, k);
    }
}

static void fill_energies(const struct kpm_density *p, double temp,
                          struct kpm_solution *out)
{
    const double *x = p->weight + p->points;

    out->omega = out->band = 0;
    for (int k = 0; k < p->points; k++) {
        double y = (x[k] - out->mu) / temp;

        out->omega -= temp * p->weight[k] * fermi_log(y);
        out->band += p->weight[k] * x[k] * fermi_function(y);
    }
}

int kpm_order(double half_width, double temp, double error)
{
    /* |c_m| ~ q^m with q = pole of f in the plane of Chebyshev's ellipses. */
    double y = M_PI * temp / half_width;

    return 2 + (int)fmin(1e9, ceil(-log(error) / asinh(y)));
}

int kpm_density_solve(struct kpm_density *p, const struct terms *t,
                      const struct kpm_request *ask, double *n, double *rho,
                      struct kpm_solution *out)
{
    double lo, hi;

    if (make_graph(p, t) || reserve(p, ask->order))
        return -1;
    terms_bounds(t, &lo, &hi);
    p->centre = 0.5 * (lo + hi);
    p->half = fmax(0.5 * (hi - lo) * (1 + 1e-9), ask->temp);
    if (sweep(p, t, ask, NULL))
        return -1;
    fill_weights(p);
    out->mu =
        ask->fixed_number ? find_mu(p, ask->temp, ask->target) : ask->target;
    out->number = number_at(p, ask->temp, out->mu);
    fill_energies(p, ask->temp, out);
    fill_coefficients(p, ask->temp, out->mu);
    for (int64_t i = 0; i < p->nsite; i++) {
        n[i] = 0;
        for (int m = 0; m < p->order; m++)
            n[i] += p->c[m] * p->moment[i * p->order + m];
    }
    return ask->want_bonds ? sweep(p, t, ask, rho) : 0;
}

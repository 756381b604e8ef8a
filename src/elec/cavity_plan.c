/* Poles, and which cluster and how many iterations each of them takes: see
   elec/cavity.h.

   Tried on the uniform lattice, whose sites all have the same energy e, for e
   over the band: there walks of one length all add up. */

#include <complex.h>
#include <math.h>

#include "elec/cavity_parts.h"

enum { ENERGIES = 33 };

typedef double complex number;

struct messages {
    number g[LATTICE_BASIS_MAX][CAVITY_TAPS];
};

/* z - e less the messages of all neighbours but those of `without`. */
static number embedded(const struct cavity *c, const struct messages *m, int b,
                       unsigned without, number z)
{
    for (int t = 0; t < c->ntap[b]; t++)
        if (!(without >> t & 1))
            z -= c->hopping * c->hopping *
                 m->g[c->tap[b][t].to][c->tap[b][t].opposite];
    return z;
}

static void iterate(const struct cavity *c, number z, struct messages *m)
{
    struct messages old = *m;
    for (int b = 0; b < c->nbasis; b++)
        for (int t = 0; t < c->ntap[b]; t++)
            m->g[b][t] = 1 / embedded(c, &old, b, 1u << t, z);
}

static number centre(const struct cavity *c, const struct messages *m,
                     const struct cavity_cluster *k, number z)
{
    number a[CAVITY_SLOTS];
    a[CAVITY_ZERO] = 0;
    a[CAVITY_HOP] = c->hopping;
    for (int i = 0; i < k->nsite; i++)
        a[CAVITY_DIAGONAL + i] = embedded(c, m, k->to[i], k->inside[i], z);
    for (int s = 0; s < k->nsite - 1; s++) {
        const struct cavity_step *step = &k->step[s];
        const int *source = step->source, *target = step->target;
        for (int i = 0; i < step->n; i++) {
            number f = a[step->slot[i]] / a[step->pivot];
            for (int j = 0; j <= i; j++)
                a[*target++] = a[*source++] - f * a[step->slot[j]];
        }
    }
    return 1 / a[CAVITY_DIAGONAL];
}

/* The largest difference of each choice from the best one. */
struct misses {
    double level[CAVITY_LEVELS];
    double iterations[CAVITY_ITERATIONS + 1];
};

static void raise(double *most, number a, number b)
{
    *most = fmax(*most, fabs(creal(a) - creal(b)));
}

static void compare(const struct cavity *c, number z, struct misses *most)
{
    struct messages m[CAVITY_ITERATIONS + 1];
    int last = c->iterations;
    for (int b = 0; b < c->nbasis; b++)
        for (int t = 0; t < c->ntap[b]; t++)
            m[0].g[b][t] = 1 / z;
    for (int k = 0; k < last; k++) {
        m[k + 1] = m[k];
        iterate(c, z, &m[k + 1]);
    }
    for (int b = 0; b < c->nbasis; b++) {
        number best = centre(c, &m[last], &c->cluster[c->nlevel - 1][b], z);
        number tree = centre(c, &m[last], &c->cluster[0][b], z);
        for (int l = 0; l < c->nlevel; l++)
            raise(&most->level[l], centre(c, &m[last], &c->cluster[l][b], z),
                  best);
        for (int k = 0; k <= last; k++)
            raise(&most->iterations[k], centre(c, &m[k], &c->cluster[0][b], z),
                  tree);
    }
}

static int first_below(const double *miss, int last, double most)
{
    int k = 0;
    while (k < last && miss[k] > most)
        k++;
    return k;
}

void cavity_plan(const struct cavity *c, const struct cavity_electrons *e,
                 struct cavity_plan *plan)
{
    int taps = 0;
    for (int b = 0; b < c->nbasis; b++)
        taps = c->ntap[b] > taps ? c->ntap[b] : taps;
    double width = (taps + 1) * fabs(c->hopping);
    plan->n = e->poles->n;
    for (int k = 0; k < plan->n; k++) {
        double weight = plan->weight[k] = e->poles->a[k] * e->temp;
        plan->omega[k] = e->poles->s[k] * e->temp;
        plan->level[k] = c->nlevel - 1;
        plan->iterations[k] = c->iterations;
        if (!(e->cut > 0))
            continue;
        struct misses most = {{0}, {0}};
        for (int i = 0; i < ENERGIES; i++)
            compare(
                c, -width + 2 * width * i / (ENERGIES - 1) + plan->omega[k] * I,
                &most);
        plan->level[k] =
            first_below(most.level, c->nlevel - 1, e->cut / weight);
        plan->iterations[k] =
            first_below(most.iterations, c->iterations, e->cut / weight);
    }
}

const struct poles *cavity_poles(struct cavity_poles *p, double bound,
                                 double tol)
{
    int rung = (int)ceil(2 * log2(fmax(bound, 8)));
    for (int k = 0; k < CAVITY_POLES; k++)
        if (p->set[k].fit.n > 0 && p->set[k].rung == rung)
            return &p->set[k].fit;
    int k = p->next;
    if (poles_fit(exp2(0.5 * rung), tol, &p->set[k].fit))
        p->set[k].fit.n = 0;
    p->set[k].rung = rung;
    p->next = (k + 1) % CAVITY_POLES;
    return p->set[k].fit.n > 0 ? &p->set[k].fit : NULL;
}

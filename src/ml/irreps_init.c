/* Orbits, expansion functions and caps of a lattice: see ml/irreps.h.

   Everything is worked out about sublattice 0.  A site of sublattice b sees
   its neighbourhood through an operation that carries 0 to b, so that the same
   features mean the same on all sublattices. */

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "ml/irreps.h"

/* Above rounding, below any distance or weight that matters. */
static const double SAME = 1e-9;

/* Falls off over 1/sqrt(8) = 20 degrees: about a sector. */
static const double CAP = 8;

/* What the steps of irreps_init share. */
struct build {
    struct irreps *p;
    const struct irreps_wish *wish;
    struct lattice *lat;
    const char **why;
    struct stencil_site *site; /* the neighbourhood of the larger radius, the
                                  centre first */
    double *weight;            /* [nsite] s_j h(r_j), not normalised */
    int nsite;
    int *orbit_of; /* [nsite], ordered by distance */
    int norbit;
    const struct lattice_op *carry[LATTICE_BASIS_MAX]; /* from sublattice 0 */
};

static double length(const struct stencil_site *s)
{
    return sqrt(s->r[0] * s->r[0] + s->r[1] * s->r[1] + s->r[2] * s->r[2]);
}

static int fail(struct build *b, const char *why)
{
    *b->why = why;
    return -1;
}

static int find_sites(struct build *b)
{
    struct stencil s;
    double reach = fmax(b->wish->cutoff, b->wish->reference);
    if (lattice_stencil(b->lat, -1, reach, &s))
        return fail(b, "the neighbourhood has too many sites");
    b->nsite = s.n[0];
    b->site = mem_alloc((size_t)s.n[0], sizeof *b->site);
    if (b->site)
        memcpy(b->site, s.site[0], (size_t)s.n[0] * sizeof *b->site);
    stencil_free(&s);
    return b->site ? 0 : -1;
}

/* Where an operation carries a neighbour of the site it starts from. */
static void move_tap(const struct lattice_op *op, int from, const int cell[3],
                     int to, struct irreps_tap *out)
{
    for (int i = 0; i < 3; i++) {
        out->cell[i] = op->shift[to][i] - op->shift[from][i];
        for (int j = 0; j < 3; j++)
            out->cell[i] += op->m[i][j] * cell[j];
    }
    out->to = op->to[to];
}

/* The site that operation g carries site k to. */
static int image_of(const struct build *b, int g, int k)
{
    struct irreps_tap t;
    move_tap(&b->p->group.op[g], 0, b->site[k].cell, b->site[k].to, &t);
    for (int j = 0; j < b->nsite; j++)
        if (b->site[j].to == t.to &&
            !memcmp(b->site[j].cell, t.cell, sizeof t.cell))
            return j;
    return -1;
}

static int find_orbits(struct build *b)
{
    b->orbit_of = mem_alloc((size_t)b->nsite, sizeof *b->orbit_of);
    if (!b->orbit_of)
        return -1;
    memset(b->orbit_of, -1, (size_t)b->nsite * sizeof *b->orbit_of);
    for (int k = 0; k < b->nsite; k++) {
        if (b->orbit_of[k] >= 0)
            continue;
        for (int g = 0; g < b->p->group.order; g++) {
            int j = image_of(b, g, k);
            if (j < 0)
                return fail(b, "the neighbourhood is not that of its group");
            b->orbit_of[j] = b->norbit;
        }
        b->norbit++;
    }
    return 0;
}

/* An operation from sublattice 0 to each other one. */
static int find_carriers(struct build *b)
{
    for (int to = 0; to < b->p->nbasis; to++) {
        if (to == 0)
            b->carry[to] = &b->p->group.op[0];
        for (int k = 0; !b->carry[to] && k < b->lat->nop; k++)
            if (b->lat->op[k].to[0] == to)
                b->carry[to] = &b->lat->op[k];
        if (!b->carry[to])
            return fail(b, "the sublattices are not carried into each other by "
                           "symmetries of the lattice");
    }
    return 0;
}

/* How a component turns. */
static double turn(const struct build *b, const struct lattice_op *op, int to,
                   int from)
{
    return b->wish->vector ? op->r[to][from] : to == from;
}

static int forms_new(const struct build *b, struct irreps_forms *f, int n,
                     int nrow)
{
    size_t size = (size_t)n * (size_t)nrow;
    f->n = n;
    f->nrow = nrow;
    for (int s = 0; s < b->p->nbasis; s++) {
        f->tap[s] = mem_zalloc((size_t)n, sizeof *f->tap[s]);
        f->matrix[s] = mem_zalloc(size, sizeof *f->matrix[s]);
        f->transpose[s] = mem_zalloc(size, sizeof *f->transpose[s]);
        if (!f->tap[s] || !f->matrix[s] || !f->transpose[s])
            return -1;
    }
    return 0;
}

static void forms_free(struct irreps_forms *f)
{
    for (int s = 0; s < LATTICE_BASIS_MAX; s++) {
        mem_free(f->tap[s]);
        mem_free(f->matrix[s]);
        mem_free(f->transpose[s]);
    }
}

/* From taps and matrix of sublattice 0 those of all: the neighbourhood of b is
   that of 0 carried there, u(j) = R^T u(op j). */
static void spread(const struct build *b, struct irreps_forms *f)
{
    int nc = b->wish->ncomp;
    for (int s = 0; s < b->p->nbasis; s++) {
        const struct lattice_op *op = b->carry[s];
        for (int k = 0; k < f->n && s > 0; k++) {
            const struct irreps_tap *t = &f->tap[0][k];
            move_tap(op, 0, t->cell, t->to, &f->tap[s][k]);
            f->tap[s][k].comp = t->comp;
        }
        for (int i = 0; i < f->nrow; i++)
            for (int k = 0; k < f->n; k++) {
                double sum = 0;
                for (int c = 0; c < nc && s > 0; c++)
                    sum += f->matrix[0][i * f->n + k - k % nc + c] *
                           turn(b, op, k % nc, c);
                if (s > 0)
                    f->matrix[s][i * f->n + k] = sum;
                f->transpose[s][k * f->nrow + i] = f->matrix[s][i * f->n + k];
            }
        for (int k = 0; k < f->n; k++)
            for (int i = 0; i < 3; i++) {
                int reach = abs(f->tap[s][k].cell[i]);
                if (reach > b->p->halo[i])
                    b->p->halo[i] = reach;
            }
    }
}

static void set_taps(const struct build *b, struct irreps_forms *f, int k,
                     int site)
{
    for (int c = 0; c < b->wish->ncomp; c++) {
        struct irreps_tap *t = &f->tap[0][k + c];
        memcpy(t->cell, b->site[site].cell, sizeof t->cell);
        t->to = b->site[site].to;
        t->comp = c;
    }
}

/* The representation of the group on one orbit, [order][n][n]; `member` its
   sites. */
static void represent(const struct build *b, const int *member, int nmember,
                      double *rep)
{
    int nc = b->wish->ncomp, n = nmember * nc;
    for (int g = 0; g < b->p->group.order; g++)
        for (int k = 0; k < nmember; k++) {
            int image = image_of(b, g, member[k]), j = 0;
            while (member[j] != image)
                j++;
            for (int c = 0; c < nc; c++)
                for (int d = 0; d < nc; d++)
                    rep[((size_t)g * (size_t)n + (size_t)(j * nc + c)) *
                            (size_t)n +
                        (size_t)(k * nc + d)] =
                        turn(b, &b->p->group.op[g], c, d);
        }
}

static int expand_orbit(const struct build *b, struct irreps_orbit *o,
                        const int *member, int nmember)
{
    const struct symmetry *s = &b->p->group;
    int n = nmember * b->wish->ncomp, status = -1;
    int irrep[IRREPS_ORBIT_MAX], component[IRREPS_ORBIT_MAX];
    size_t square = (size_t)n * (size_t)n;
    double *rep = mem_zalloc((size_t)s->order * square, sizeof *rep);
    o->copy = mem_zalloc((size_t)n, sizeof *o->copy);
    if (rep && o->copy && !forms_new(b, &o->forms, n, n)) {
        represent(b, member, nmember, rep);
        status =
            symmetry_reduce(s, n, rep, o->forms.matrix[0], irrep, component);
    }
    mem_free(rep);
    for (int k = 0; !status && k < n; k++)
        if (component[k] == 0)
            o->copy[o->ncopy++] = (struct irreps_copy){
                .irrep = irrep[k], .row = k, .amplitude = -1};
    for (int k = 0; !status && k < nmember; k++)
        set_taps(b, &o->forms, k * b->wish->ncomp, member[k]);
    if (!status)
        spread(b, &o->forms);
    return status;
}

static int expand(struct build *b)
{
    struct irreps *p = b->p;
    p->orbit = mem_zalloc((size_t)b->norbit, sizeof *p->orbit);
    if (!p->orbit)
        return -1;
    for (int k = 0; k < b->norbit; k++) {
        int member[IRREPS_ORBIT_MAX], n = 0;
        double r = 0;
        for (int j = 0; j < b->nsite; j++)
            if (b->orbit_of[j] == k) {
                member[n++] = j;
                r = length(&b->site[j]);
            }
        if (r > b->wish->cutoff + SAME)
            continue;
        if (n * b->wish->ncomp > IRREPS_ORBIT_MAX)
            return fail(b, "the field has too many components");
        struct irreps_orbit *o = &p->orbit[p->norbit++];
        o->first = p->nfeature;
        p->nfeature += n * b->wish->ncomp;
        if (expand_orbit(b, o, member, n))
            return -1;
    }
    for (int k = 0; k < p->norbit && p->phase == IRREPS_SMOOTH; k++)
        for (int c = 0; c < p->orbit[k].ncopy; c++)
            if (p->orbit[k].copy[c].irrep > 0)
                p->orbit[k].copy[c].amplitude = p->nfeature++;
    return 0;
}

/* The order of the lattice at a site, relative to the centre. */
static double order_sign(const struct build *b, const struct stencil_site *s)
{
    const struct lattice_shape *shape = &b->lat->shape;
    double phase = 0;
    if (!b->wish->staggered)
        return 1;
    for (int i = 0; i < shape->dim; i++)
        phase += 2 * M_PI * shape->wave[i] * s->cell[i];
    return shape->sign[s->to] * shape->sign[0] * cos(phase);
}

/* h(r) s; the centre of a vector field counts in full, and not that of
   scalars, which says nothing of directions.  Sums over an orbit keep s
   invariant. */
static int weigh(struct build *b)
{
    const double *v = b->p->group.generic;
    double total = 0, reach = b->wish->reference;
    b->weight = mem_zalloc((size_t)b->nsite, sizeof *b->weight);
    if (!b->weight)
        return -1;
    for (int k = 0; k < b->nsite; k++) {
        const struct stencil_site *s = &b->site[k];
        double r = length(s), sign = 0, along = 0;
        if (r > reach + SAME || (r < SAME && !b->wish->vector))
            continue;
        for (int j = 0; j < b->nsite; j++)
            if (b->orbit_of[j] == b->orbit_of[k])
                sign += order_sign(b, &b->site[j]);
        for (int i = 0; i < 3; i++)
            along += v[i] * s->r[i];
        double h = r < SAME ? 1 : exp(CAP * (along / r - 1) - r / reach);
        b->weight[k] = fabs(sign) < SAME ? h : copysign(h, sign);
        total += h;
    }
    if (!(total > 0))
        return fail(b, "no neighbour lies within the reference radius, which "
                       "must at least be the distance of the nearest ones");
    for (int k = 0; k < b->nsite; k++)
        b->weight[k] /= total;
    return 0;
}

/* Row g of the caps: (T(g) h) with the direction R(g) v for vectors. */
static int build_caps(struct build *b)
{
    const struct symmetry *s = &b->p->group;
    struct irreps_forms *f = &b->p->caps;
    int nc = b->wish->ncomp, n = 0;
    for (int k = 0; k < b->nsite; k++)
        n += length(&b->site[k]) < b->wish->reference + SAME;
    if (forms_new(b, f, n * nc, s->order))
        return -1;
    for (int k = 0; k < n; k++) /* nearest first */
        set_taps(b, f, k * nc, k);
    for (int g = 0; g < s->order; g++)
        for (int k = 0; k < n; k++)
            for (int c = 0; c < nc; c++) {
                double along = !b->wish->vector;
                for (int d = 0; d < nc && b->wish->vector; d++)
                    along += s->op[g].r[c][d] * s->generic[d];
                f->matrix[0][g * f->n + image_of(b, g, k) * nc + c] =
                    b->weight[k] * along;
            }
    spread(b, f);
    return 0;
}

static bool row_differs(const double *a, const double *b, int n)
{
    for (int k = 0; k < n; k++)
        if (fabs(a[k] - b[k]) > SAME)
            return true;
    return false;
}

/* The caps must tell all operations apart, and for sharp phases hold every
   irrep that the features hold. */
static int check_caps(struct build *b)
{
    const struct irreps *p = b->p;
    const double *h = p->caps.matrix[0];
    int n = p->caps.n;
    for (int g = 1; g < p->group.order; g++)
        if (!row_differs(h, h + g * n, n))
            return fail(b, "the reference radius holds too few neighbours to "
                           "tell the operations of the point group apart");
    for (int r = 1; p->phase == IRREPS_SHARP && r < p->group.nirrep; r++) {
        int d = p->group.irrep[r].dim;
        double largest = 0;
        for (int e = 0; p->axis[r] && e < n * d; e++) {
            double sum = 0;
            for (int g = 0; g < p->group.order; g++)
                sum += p->axis[r][g * d + e / n] * h[g * n + e % n];
            largest = fmax(largest, fabs(sum));
        }
        if (p->axis[r] && largest < SAME)
            return fail(b, "the reference radius is too small: an irreducible "
                           "representation of the features does not occur "
                           "within it");
    }
    return 0;
}

/* The axes D_r(g) v_r of the irreps that occur, trivial left out. */
static int build_axes(struct build *b)
{
    struct irreps *p = b->p;
    const struct symmetry *s = &p->group;
    p->axis = mem_zalloc((size_t)s->nirrep, sizeof *p->axis);
    p->at = mem_zalloc((size_t)s->nirrep, sizeof *p->at);
    if (!p->axis || !p->at)
        return -1;
    for (int r = 0; r + 1 < s->nirrep; r++)
        p->at[r + 1] = p->at[r] + s->irrep[r].dim * s->irrep[r].dim;
    for (int k = 0; k < p->norbit; k++)
        for (int c = 0; c < p->orbit[k].ncopy; c++) {
            int r = p->orbit[k].copy[c].irrep, d = s->irrep[r].dim;
            if (r == 0 || p->axis[r])
                continue;
            p->axis[r] = mem_zalloc((size_t)(s->order * d), sizeof **p->axis);
            if (!p->axis[r])
                return -1;
            for (int i = 0; i < s->order * d; i++)
                for (int j = 0; j < d; j++)
                    p->axis[r][i] +=
                        s->irrep[r].matrix[i * d + j] * s->irrep[r].generic[j];
        }
    return 0;
}

/* Whether features turn at all: a window of the site alone, of scalars, does
   not, and needs no reference. */
static bool turns(const struct irreps *p)
{
    for (int r = 1; r < p->group.nirrep; r++)
        if (p->axis[r])
            return true;
    return false;
}

static int build_all(struct build *b)
{
    struct irreps *p = b->p;
    if (symmetry_init(&p->group, b->lat, 0, b->why) || find_sites(b) ||
        find_orbits(b) || find_carriers(b) || expand(b) || build_axes(b))
        return -1;
    if (!turns(p))
        return 0;
    return weigh(b) || build_caps(b) || check_caps(b) ? -1 : 0;
}

int irreps_init(struct irreps *p, const struct lattice_shape *shape,
                const struct irreps_wish *wish, const char **why)
{
    static const int n[3] = {2, 2, 2};
    static const bool periodic[3] = {true, true, true};
    struct build b = {.p = p, .wish = wish, .why = why};
    int status = -1;
    *p = (struct irreps){.nbasis = shape->nbasis,
                         .ncomp = wish->ncomp,
                         .phase = wish->phase,
                         .width = wish->width};
    b.lat = lattice_new(shape, n, periodic, why);
    if (b.lat) {
        *why = "not enough memory for the neighbourhood";
        status = build_all(&b);
    }
    mem_free(b.site);
    mem_free(b.weight);
    mem_free(b.orbit_of);
    lattice_free(b.lat);
    if (status)
        irreps_fini(p);
    return status;
}

void irreps_fini(struct irreps *p)
{
    for (int k = 0; k < p->norbit; k++) {
        forms_free(&p->orbit[k].forms);
        mem_free(p->orbit[k].copy);
    }
    for (int r = 0; p->axis && r < p->group.nirrep; r++)
        mem_free(p->axis[r]);
    mem_free(p->orbit);
    mem_free(p->axis);
    mem_free(p->at);
    forms_free(&p->caps);
    symmetry_fini(&p->group);
    *p = (struct irreps){0};
}

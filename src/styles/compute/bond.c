/* The bonds between nearest neighbours: their density rho_ij = <c+_i c_j>, or
   their hopping h_ij of H = sum_b h_b (c+_i c_j + h.c.), from each site i in
   each direction d of its bonds, every bond once (forward: on the square
   lattice d = 1 to i + x, 2 to i + y).  The order of bonds that alternate is
   seen in the staggered mean, <exp(iQ.r_i) rho_{i,i+d}>, with the wave vector Q
   of the lattice's two-sublattice order: 0 when they do not [Jang2025].

       compute b all bond
       compute h all bond of hopping                                         */

#include <math.h>

#include "base/mem.h"
#include "core/order.h"
#include "plug/compute.h"
#include "plug/model.h"
#include "plug/pair.h"

enum of { OF_RHO, OF_HOPPING };
static const char *const of_names[] = {"rho", "hopping", NULL};

/* Forward directions of one sublattice. */
struct forward {
    int n;
    const struct stencil_site *site[LATTICE_BASIS_MAX * 4];
};

struct bonds {
    struct compute base;
    int of;
    struct terms terms;
    struct forward forward[LATTICE_BASIS_MAX];
    int ndirection;
    int64_t *count; /* [ndirection] bonds of the group */
};

static const struct arg args[] = {
    {ARG_CHOICE, "of", AT(struct bonds, of), .key = true, .def = "rho",
     .choice = of_names, .doc = "bond density or hopping"},
    {0}};

static const struct output outputs[] = {
    {OUT_SCALAR, "", "mean", "", false, "mean over the bonds of the group"},
    {OUT_VECTOR, "[1]", "mean", "", false, "mean over the bonds"},
    {OUT_VECTOR, "[2]", "deviation", "", false,
     "standard deviation over the bonds"},
    {OUT_VECTOR, "[2+d]", "mean_d", "", false,
     "mean over the bonds of direction d"},
    {OUT_VECTOR, "[2+nd+d]", "staggered_d", "", false,
     "staggered mean of direction d, of nd (lattices with a two-sublattice "
     "order)"},
    {OUT_SITE, "[d]", "bond_d", "", false,
     "of the bond that leaves the site in direction d; 0 where there is none "
     "or "
     "an end is outside the group"},
    {0}};

/* As elec/terms.c takes the bonds. */
static bool is_forward(const struct stencil_site *s, int from)
{
    if (s->to != from)
        return s->to > from;
    for (int axis = 2; axis >= 0; axis--)
        if (s->cell[axis] != 0)
            return s->cell[axis] > 0;
    return false;
}

static int init(struct adele *ctx, void *self)
{
    struct bonds *s = self;
    int status = need_model(ctx);
    if (status)
        return status;
    const struct stencil *nn = &ctx->lat->nearest;
    for (int b = 0; b < ctx->lat->shape.nbasis; b++) {
        struct forward *f = &s->forward[b];
        for (int k = 0; k < nn->n[b]; k++)
            if (is_forward(&nn->site[b][k], b))
                f->site[f->n++] = &nn->site[b][k];
        s->ndirection = f->n > s->ndirection ? f->n : s->ndirection;
    }
    if (s->ndirection == 0)
        return err_deck(ctx, NULL,
                        "compute bond: a lattice of %d x %d x %d cells has no "
                        "bonds",
                        ctx->lat->n[0], ctx->lat->n[1], ctx->lat->n[2]);
    s->base.out.nsite_col = s->ndirection;
    s->count = mem_alloc((size_t)s->ndirection, sizeof *s->count);
    return s->count ? ADELE_OK : err_memory(ctx, "compute bond", 64);
}

static void fini(struct adele *ctx, void *self)
{
    struct bonds *s = self;
    (void)ctx;
    terms_fini(&s->terms);
    mem_free(s->count);
    outputs_fini(&s->base.out);
}

static unsigned need(struct adele *ctx, struct compute *c)
{
    (void)ctx;
    return ((struct bonds *)c)->of == OF_RHO ? NEED_BOND : 0;
}

/* The direction of a bond; -1 when it joins no nearest neighbours. */
static int direction(const struct bonds *s, int nbasis, const struct bond *bond)
{
    int from = (int)(bond->i % nbasis), to = (int)(bond->j % nbasis);
    const struct forward *f = &s->forward[from];
    for (int d = 0; d < f->n; d++) {
        const int *cell = f->site[d]->cell;
        if (f->site[d]->to == to && cell[0] == bond->cell[0] &&
            cell[1] == bond->cell[1] && cell[2] == bond->cell[2])
            return d;
    }
    return -1;
}

static int site(struct adele *ctx, struct compute *c)
{
    struct bonds *s = (struct bonds *)c;
    int64_t n = ctx->lat->nlocal;
    int status = outputs_site(ctx, &c->out, s->ndirection);
    if (!status)
        status = pair_terms(ctx, &s->terms);
    if (status)
        return status;
    for (int64_t k = 0; k < n * s->ndirection; k++)
        c->out.site[k] = 0;
    for (int d = 0; d < s->ndirection; d++)
        s->count[d] = 0;
    const double *value = s->of == OF_RHO ? ctx->forces->rho : s->terms.hopping;
    for (int64_t b = 0; b < s->terms.nbond; b++) {
        const struct bond *bond = &s->terms.bond[b];
        int d = direction(s, ctx->lat->shape.nbasis, bond);
        if (d < 0 || !groups_has(&ctx->groups, c->head.group, bond->i) ||
            !groups_has(&ctx->groups, c->head.group, bond->j))
            continue;
        c->out.site[d * n + bond->i] = value[b];
        s->count[d]++;
    }
    return ADELE_OK;
}

/* sum and staggered sum of direction d. */
static void sums(const struct adele *ctx, const struct bonds *s, int d,
                 double *plain, double *staggered)
{
    const struct lattice *lat = ctx->lat;
    const double *x = s->base.out.site + d * lat->nlocal;
    *plain = *staggered = 0;
    for (int64_t i = 0; i < lat->nlocal; i++) {
        int cell[3], b;
        lattice_cell(lat, i, cell, &b);
        *plain += x[i];
        if (lat->shape.ordered)
            *staggered += order_sign(lat, cell, b) * x[i];
    }
}

/* sum of (x - mean)^2 over the bonds; places without one hold x = 0. */
static double deviation(const struct bonds *s, int64_t n, double mean,
                        double bonds)
{
    double sum = 0;
    for (int64_t k = 0; k < n * s->ndirection; k++) {
        double x = s->base.out.site[k] - mean;
        sum += x * x;
    }
    sum -= mean * mean * ((double)(n * s->ndirection) - bonds);
    return bonds > 0 ? sqrt(fmax(sum, 0) / bonds) : 0;
}

static int vector(struct adele *ctx, struct compute *c)
{
    struct bonds *s = (struct bonds *)c;
    int nd = s->ndirection, staggered = ctx->lat->shape.ordered ? nd : 0;
    int status = compute_evaluate(ctx, c, OUT_SITE);
    if (!status)
        status = outputs_vector(ctx, &c->out, 2 + nd + staggered);
    if (status)
        return status;
    double *out = c->out.vector, total = 0, bonds = 0;
    for (int d = 0; d < nd; d++) {
        double plain, alternating, count = (double)s->count[d];
        sums(ctx, s, d, &plain, &alternating);
        total += plain;
        bonds += count;
        out[2 + d] = count > 0 ? plain / count : 0;
        if (staggered)
            out[2 + nd + d] = count > 0 ? alternating / count : 0;
    }
    out[0] = bonds > 0 ? total / bonds : 0;
    out[1] = deviation(s, ctx->lat->nlocal, out[0], bonds);
    return ADELE_OK;
}

static int scalar(struct adele *ctx, struct compute *c)
{
    int status = compute_evaluate(ctx, c, OUT_VECTOR);
    if (!status)
        c->out.scalar = c->out.vector[0];
    return status;
}

const struct compute_style compute_bond = {
    .style = {STYLE_HEAD(compute, "bond", struct bonds),
              .summary = "bond densities or hoppings, and their order",
              .cite = "Jang2025", .args = args, .outputs = outputs,
              .init = init, .fini = fini},
    .need = need,
    .scalar = scalar,
    .vector = vector,
    .site = site,
};

/* Domains of the sign of an order parameter phi: connected sets of sites of
   one sign on the graph of nearest neighbours, boundaries as the lattice has
   them, and the walls between them: bonds that join opposite signs (both bonds
   to one neighbour count where an axis is two cells long).  Sites with
   phi = 0 belong to no domain.  phi is the charge-density-wave order parameter
   of the density (compute cdw), or any per-site quantity.

       compute d all domain
       compute d all domain of c_phi                                         */

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "core/order.h"
#include "plug/column.h"
#include "plug/compute.h"

struct domain {
    struct compute base;
    struct arg_list of;

    struct column column;
    struct order order; /* of the density, unless `of` is given */
    double *x;          /* [nlocal] */
    struct field *id;   /* 1 + site where phi is not 0; signed as phi */
    int64_t *parent;    /* [nlocal] of the union-find forest; -1: no domain */
    double walls;       /* bonds between opposite signs */
    int64_t ndomain, largest, members, positive;
    uint64_t clock;
};

static const struct arg args[] = {
    {ARG_LIST, "of", AT(struct domain, of), .key = true, .bounded = true,
     .min = 1, .max = 1, .syntax = "COLUMN",
     .doc = "whose sign: q, another column, c_ID, f_ID or v_name; by default "
            "the order parameter of the density"},
    {0}};

static const struct output outputs[] = {
    {OUT_SCALAR, "", "domains", "", true, "number of domains"},
    {OUT_VECTOR, "[1]", "domains", "", true, "number of domains"},
    {OUT_VECTOR, "[2]", "walls", "bonds", true, "bonds between opposite signs"},
    {OUT_VECTOR, "[3]", "largest", "sites", true,
     "sites of the largest domain"},
    {OUT_VECTOR, "[4]", "mean", "sites", false, "mean size of a domain"},
    {OUT_VECTOR, "[5]", "positive", "", false,
     "fraction of the domains' sites that are positive"},
    {OUT_SITE, "", "label", "", false,
     "number of the domain from 1, in the order of its first site; 0 none"},
    {0}};

static int init(struct adele *ctx, void *self)
{
    struct domain *s = self;
    int status = need_lattice(ctx);
    bool own = s->of.n == 0;
    if (!status && own && !ctx->lat->shape.ordered)
        return err_deck(ctx, NULL,
                        "compute domain: the %s lattice has no two-sublattice "
                        "order; name a quantity with `of`",
                        ctx->lat->shape.name);
    char text[] = "density";
    struct word density = {.text = text};
    if (!status)
        status =
            compute_column(ctx, own ? &density : &s->of.word[0], &s->column);
    if (status)
        return status;
    s->base.fresh = compute_input_fresh(ctx, &s->column);
    size_t n = (size_t)ctx->lat->nlocal;
    s->x = mem_alloc(n, sizeof *s->x);
    s->parent = mem_alloc(n, sizeof *s->parent);
    s->id = field_new(ctx->lat, 1, &s->clock);
    if (!s->x || !s->parent || !s->id ||
        field_widen(s->id, ctx->lat->nearest.reach) ||
        (own && order_init(&s->order, ctx->lat, NULL)))
        return err_memory(ctx, "compute domain", 90.0 * (double)n);
    return ADELE_OK;
}

static void fini(struct adele *ctx, void *self)
{
    (void)ctx;
    struct domain *s = self;
    column_free(&s->column);
    order_fini(&s->order);
    field_free(s->id);
    mem_free(s->x);
    mem_free(s->parent);
    outputs_fini(&s->base.out);
}

static unsigned need(struct adele *ctx, struct compute *c)
{
    return column_need(ctx, &((struct domain *)c)->column);
}

static int64_t root(int64_t *parent, int64_t i)
{
    while (parent[i] != i) {
        parent[i] = parent[parent[i]]; /* halve the path */
        i = parent[i];
    }
    return i;
}

/* The smaller index becomes the root, so that a root is the first site. */
static void join(int64_t *parent, int64_t i, int64_t j)
{
    i = root(parent, i);
    j = root(parent, j);
    if (i < j)
        parent[j] = i;
    else
        parent[i] = j;
}

/* Signed ids into the field, the forest of single sites. */
static void plant(const struct adele *ctx, struct domain *s)
{
    int64_t n = ctx->lat->nlocal;
    for (int64_t i = 0; i < n; i++) {
        bool member = s->x[i] > 0 || s->x[i] < 0;
        double sign = s->x[i] > 0 ? 1 : -1;
        s->parent[i] = member ? i : -1;
        s->x[i] = member ? sign * (double)(i + 1) : 0;
    }
    field_scatter(s->id, 0, s->x);
}

/* One neighbour direction over one row: joins equal signs, returns how many
   bonds join opposite ones. */
static int64_t walk(struct domain *s, const double *here, const double *there,
                    int n)
{
    int64_t walls = 0;
    for (int x = 0; x < n; x++) {
        double product = here[x] * there[x];
        if (product > 0)
            join(s->parent, llabs((int64_t)here[x]) - 1,
                 llabs((int64_t)there[x]) - 1);
        else if (product < 0)
            walls++;
    }
    return walls;
}

/* Every bond is met from both ends. */
static double grow(const struct adele *ctx, struct domain *s)
{
    const struct lattice *lat = ctx->lat;
    int64_t walls = 0;
    for (int b = 0; b < lat->shape.nbasis; b++)
        for (int k = 0; k < lat->nearest.n[b]; k++) {
            const struct stencil_site *to = &lat->nearest.site[b][k];
            const double *here = field_halo(s->id, 0, b);
            const double *there = field_halo(s->id, 0, to->to);
            ptrdiff_t offset = 0;
            for (int a = 0; a < 3; a++)
                offset += to->cell[a] * s->id->stride[a];
            for (int64_t row = 0; row < field_nrow(s->id); row++) {
                ptrdiff_t at = field_row(s->id, row);
                walls += walk(s, here + at, there + at + offset, lat->local[0]);
            }
        }
    return 0.5 * (double)walls;
}

/* Labels in the order of the first site, sizes counted. */
static int label(struct adele *ctx, struct domain *s)
{
    int64_t n = ctx->lat->nlocal;
    double *out = s->base.out.site;
    int64_t *size = mem_zalloc((size_t)n, sizeof *size);
    if (!size)
        return err_memory(ctx, "compute domain", 8.0 * (double)n);
    s->ndomain = s->largest = s->members = s->positive = 0;
    for (int64_t i = 0; i < n; i++) {
        out[i] = 0;
        if (s->parent[i] < 0)
            continue;
        int64_t r = root(s->parent, i);
        out[i] = r == i ? (double)++s->ndomain : out[r];
        s->members++;
        s->positive += s->x[i] > 0;
        if (++size[r] > s->largest)
            s->largest = size[r];
    }
    mem_free(size);
    return ADELE_OK;
}

static int site(struct adele *ctx, struct compute *c)
{
    struct domain *s = (struct domain *)c;
    int status = outputs_site(ctx, &c->out, 1);
    if (!status)
        status = column_get(ctx, &s->column, s->x);
    if (status)
        return status;
    if (!s->of.n) {
        order_parameter(&s->order, s->x, c->out.site, NULL);
        memcpy(s->x, c->out.site, (size_t)ctx->lat->nlocal * sizeof *s->x);
    }
    compute_mask(ctx, c, s->x);
    plant(ctx, s);
    s->walls = grow(ctx, s);
    return label(ctx, s);
}

static int vector(struct adele *ctx, struct compute *c)
{
    struct domain *s = (struct domain *)c;
    int status = compute_evaluate(ctx, c, OUT_SITE);
    if (!status)
        status = outputs_vector(ctx, &c->out, 5);
    if (status)
        return status;
    double members = (double)s->members;
    c->out.vector[0] = (double)s->ndomain;
    c->out.vector[1] = s->walls;
    c->out.vector[2] = (double)s->largest;
    c->out.vector[3] = s->ndomain ? members / (double)s->ndomain : 0;
    c->out.vector[4] = s->members ? (double)s->positive / members : 0;
    return ADELE_OK;
}

static int scalar(struct adele *ctx, struct compute *c)
{
    int status = compute_evaluate(ctx, c, OUT_SITE);
    if (!status)
        c->out.scalar = (double)((struct domain *)c)->ndomain;
    return status;
}

const struct compute_style compute_domain = {
    .style = {STYLE_HEAD(compute, "domain", struct domain),
              .summary = "domains and walls of an order parameter",
              .args = args, .outputs = outputs, .init = init, .fini = fini},
    .need = need,
    .scalar = scalar,
    .vector = vector,
    .site = site,
};

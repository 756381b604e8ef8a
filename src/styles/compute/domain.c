/* Domains of an order parameter: connected sets of sites of one state on the
   graph of nearest neighbours, boundaries as the lattice has them, and the
   walls between them: bonds that join different states (both bonds to one
   neighbour count where an axis is two cells long).  The states of a scalar are
   its signs, those of a vector its directions +x, +y, -x, -y, by its largest
   component. Sites where it vanishes belong to no domain.  The order parameter
   is the model's own (compute cdw), or any per-site quantity.

       compute d all domain
       compute d all domain of c_phi                                         */

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "plug/compute.h"
#include "plug/order_input.h"

struct domain {
    struct compute base;
    struct arg_list of;

    struct column column;  /* `of` */
    struct order_input in; /* without it */
    int ncomp;
    double *m;          /* [ncomp][nlocal] */
    struct field *site; /* of two: 1 + site, and its state; 0 in no domain */
    int64_t *parent;    /* [nlocal] of the union-find forest; -1: no domain */
    double walls, opposite; /* bonds between states; between m and -m */
    int64_t ndomain, largest, members;
    int64_t population[2 * MODEL_COMPONENT_MAX];
    uint64_t clock;
};

enum { SITE, STATE };

static const struct arg args[] = {
    {ARG_LIST, "of", AT(struct domain, of), .key = true, .bounded = true,
     .min = 1, .max = 1, .syntax = "COLUMN",
     .doc = "whose sign: q, another column, c_ID, f_ID or v_name; by default "
            "the order parameter of the model"},
    {0}};

static const struct output outputs[] = {
    {OUT_SCALAR, "", "domains", "", true, "number of domains"},
    {OUT_VECTOR, "[1]", "domains", "", true, "number of domains"},
    {OUT_VECTOR, "[2]", "walls", "bonds", true,
     "bonds between different states"},
    {OUT_VECTOR, "[3]", "largest", "sites", true,
     "sites of the largest domain"},
    {OUT_VECTOR, "[4]", "mean", "sites", false, "mean size of a domain"},
    {OUT_VECTOR, "[5]", "positive", "", false,
     "fraction of the domains' sites that are positive; of a vector with nc "
     "components [4+k] is the fraction in state k (+x, +y, -x, -y)"},
    {OUT_VECTOR, "[5+2nc]", "opposite", "bonds", true,
     "of a vector: the walls between opposite states"},
    {OUT_SITE, "", "label", "", false,
     "number of the domain from 1, in the order of its first site; 0 none"},
    {0}};

static int read_input(struct adele *ctx, struct domain *s)
{
    int status;
    s->ncomp = 1;
    if (s->of.n) {
        status = compute_column(ctx, &s->of.word[0], &s->column);
        s->base.fresh = !status && compute_input_fresh(ctx, &s->column);
        return status;
    }
    if (!ctx->lat->shape.ordered)
        return err_deck(ctx, NULL,
                        "compute domain: the %s lattice has no two-sublattice "
                        "order; name a quantity with `of`",
                        ctx->lat->shape.name);
    status = order_input_init(ctx, &s->in, "compute domain", &s->of, NULL);
    if (status)
        return status;
    s->ncomp = s->in.ncomp;
    s->base.fresh = s->in.fresh;
    return ADELE_OK;
}

static int init(struct adele *ctx, void *self)
{
    struct domain *s = self;
    int status = need_lattice(ctx);
    if (!status)
        status = read_input(ctx, s);
    if (status)
        return status;
    size_t n = (size_t)ctx->lat->nlocal;
    s->m = mem_alloc(n * (size_t)s->ncomp, sizeof *s->m);
    s->parent = mem_alloc(n, sizeof *s->parent);
    s->site = field_new(ctx->lat, 2, &s->clock);
    if (!s->m || !s->parent || !s->site ||
        field_widen(s->site, ctx->lat->nearest.reach))
        return err_memory(ctx, "compute domain", 90.0 * (double)n);
    return ADELE_OK;
}

static void fini(struct adele *ctx, void *self)
{
    (void)ctx;
    struct domain *s = self;
    column_free(&s->column);
    order_input_fini(&s->in);
    field_free(s->site);
    mem_free(s->m);
    mem_free(s->parent);
    outputs_fini(&s->base.out);
}

static unsigned need(struct adele *ctx, struct compute *c)
{
    const struct domain *s = (const struct domain *)c;
    return s->of.n ? column_need(ctx, &s->column)
                   : order_input_need(ctx, &s->in);
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

/* Sites and states into the field, the forest of single sites; room for two
   dense arrays at `dense`. */
static void plant(const struct adele *ctx, struct domain *s, double *dense)
{
    int64_t n = ctx->lat->nlocal;
    double *state = dense + n;
    for (int64_t i = 0; i < n; i++) {
        int k = order_state(s->m, s->ncomp, n, i);
        s->parent[i] = k ? i : -1;
        dense[i] = k ? (double)(i + 1) : 0;
        state[i] = k;
    }
    field_scatter(s->site, SITE, dense);
    field_scatter(s->site, STATE, state);
}

/* One neighbour direction over one row of [SITE] and [STATE]: joins equal
   states, counts the bonds that join different and opposite ones. */
static void walk(struct domain *s, const double *const here[2],
                 const double *const there[2], int n, int64_t walls[2])
{
    for (int x = 0; x < n; x++) {
        int a = (int)here[STATE][x], b = (int)there[STATE][x];
        if (a == 0 || b == 0)
            continue;
        if (a == b)
            join(s->parent, (int64_t)here[SITE][x] - 1,
                 (int64_t)there[SITE][x] - 1);
        else
            walls[0]++;
        walls[1] += abs(a - b) == s->ncomp;
    }
}

/* Every bond is met from both ends. */
static void grow(const struct adele *ctx, struct domain *s)
{
    const struct lattice *lat = ctx->lat;
    int64_t walls[2] = {0, 0};
    for (int b = 0; b < lat->shape.nbasis; b++)
        for (int k = 0; k < lat->nearest.n[b]; k++) {
            const struct stencil_site *to = &lat->nearest.site[b][k];
            ptrdiff_t offset = (to->to - b) * s->site->stride_basis;
            for (int a = 0; a < 3; a++)
                offset += to->cell[a] * s->site->stride[a];
            for (int64_t row = 0; row < field_nrow(s->site); row++) {
                ptrdiff_t at = field_row(s->site, row);
                const double *here[2] = {field_halo(s->site, SITE, b) + at,
                                         field_halo(s->site, STATE, b) + at};
                const double *there[2] = {here[0] + offset, here[1] + offset};
                walk(s, here, there, lat->local[0], walls);
            }
        }
    s->walls = 0.5 * (double)walls[0];
    s->opposite = 0.5 * (double)walls[1];
}

/* Labels in the order of the first site, sizes counted. */
static int label(struct adele *ctx, struct domain *s)
{
    int64_t n = ctx->lat->nlocal;
    double *out = s->base.out.site;
    int64_t *size = mem_zalloc((size_t)n, sizeof *size);
    if (!size)
        return err_memory(ctx, "compute domain", 8.0 * (double)n);
    s->ndomain = s->largest = s->members = 0;
    memset(s->population, 0, sizeof s->population);
    for (int64_t i = 0; i < n; i++) {
        out[i] = 0;
        if (s->parent[i] < 0)
            continue;
        int64_t r = root(s->parent, i);
        out[i] = r == i ? (double)++s->ndomain : out[r];
        s->members++;
        s->population[order_state(s->m, s->ncomp, n, i) - 1]++;
        if (++size[r] > s->largest)
            s->largest = size[r];
    }
    mem_free(size);
    return ADELE_OK;
}

static int read_order(struct adele *ctx, struct domain *s)
{
    int64_t n = ctx->lat->nlocal;
    int status = s->of.n ? column_get(ctx, &s->column, s->m)
                         : order_input_get(ctx, &s->in, s->m, NULL);
    for (int c = 0; !status && c < s->ncomp; c++)
        compute_mask(ctx, &s->base, s->m + c * n);
    return status;
}

static int site(struct adele *ctx, struct compute *c)
{
    struct domain *s = (struct domain *)c;
    size_t n = (size_t)ctx->lat->nlocal;
    int status = outputs_site(ctx, &c->out, 1);
    if (!status)
        status = read_order(ctx, s);
    if (status)
        return status;
    double *dense = mem_alloc(n, 2 * sizeof *dense);
    if (!dense)
        return err_memory(ctx, "compute domain", 16.0 * (double)n);
    plant(ctx, s, dense);
    mem_free(dense);
    grow(ctx, s);
    return label(ctx, s);
}

static int vector(struct adele *ctx, struct compute *c)
{
    struct domain *s = (struct domain *)c;
    int states = s->ncomp > 1 ? 2 * s->ncomp : 1;
    int status = compute_evaluate(ctx, c, OUT_SITE);
    if (!status)
        status = outputs_vector(ctx, &c->out, 4 + states + (s->ncomp > 1));
    if (status)
        return status;
    double members = (double)s->members;
    c->out.vector[0] = (double)s->ndomain;
    c->out.vector[1] = s->walls;
    c->out.vector[2] = (double)s->largest;
    c->out.vector[3] = s->ndomain ? members / (double)s->ndomain : 0;
    for (int k = 0; k < states; k++)
        c->out.vector[4 + k] =
            s->members ? (double)s->population[k] / members : 0;
    if (s->ncomp > 1)
        c->out.vector[4 + states] = s->opposite;
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

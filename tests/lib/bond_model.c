/* Electrons coupled to the bonds: see bond_model.h. */

#include "bond_model.h"

#include <math.h>

#include "plug/args.h"
#include "plug/registry.h"

struct bond_model {
    struct model model;
    double a, k;
};

static const struct arg args[] = {{ARG_NUMBER, "a", AT(struct bond_model, a),
                                   .key = true, .def = "0.3",
                                   .doc = "coupling"},
                                  {ARG_NUMBER, "k", AT(struct bond_model, k),
                                   .key = true, .def = "1", .doc = "stiffness"},
                                  {0}};

static int init(struct adele *ctx, void *self)
{
    struct model *m = self;
    (void)ctx;
    m->ncomp = 1;
    m->component[0] = (struct component){"q", "vq", "fq"};
    m->mass = 1;
    m->use_bonds = true;
    return 0;
}

static int bonds(struct adele *ctx, struct model *m, struct terms *t)
{
    (void)m;
    if (terms_add_stencil(t, ctx->lat, &ctx->lat->nearest, 0) ||
        terms_add_stencil(t, ctx->lat, &ctx->lat->second, 1))
        return err_memory(ctx, "bonds", 0);
    return 0;
}

static int values(struct adele *ctx, struct model *m, struct terms *t)
{
    const struct bond_model *b = (const struct bond_model *)m;
    double *q = t->row;
    field_gather(ctx->state.displacement, 0, q);
    for (int64_t i = 0; i < t->nsite; i++)
        t->onsite[i] = 0;
    for (int64_t k = 0; k < t->nbond; k++)
        t->hopping[k] = -(1 + b->a * (q[t->bond[k].i] + q[t->bond[k].j]));
    t->constant = 0;
    return 0;
}

static int elastic(struct adele *ctx, struct model *m, struct field *force,
                   double *energy)
{
    const struct bond_model *b = (const struct bond_model *)m;
    const struct field *q = ctx->state.displacement;
    double sum = 0;
    for (int s = 0; s < ctx->lat->shape.nbasis; s++) {
        const double *from = field_read(q, 0, s);
        double *to = force ? field_write(force, 0, s) : NULL;
        for (int64_t r = 0; r < field_nrow(q); r++) {
            for (int x = 0; x < ctx->lat->local[0]; x++) {
                double u = from[field_row(q, r) + x];
                sum += 0.5 * b->k * u * u;
                if (to)
                    to[field_row(force, r) + x] = -b->k * u;
            }
        }
    }
    if (energy)
        *energy = sum;
    return 0;
}

static int electronic(struct adele *ctx, struct model *m, const double *n,
                      const double *rho, struct field *force)
{
    const struct bond_model *b = (const struct bond_model *)m;
    struct terms t;
    (void)n;
    if (terms_init(&t, ctx->lat->nsite) || bonds(ctx, m, &t))
        return err_memory(ctx, "bonds", 0);
    field_gather(force, 0, t.row);
    for (int64_t k = 0; k < t.nbond; k++) {
        t.row[t.bond[k].i] += 2 * b->a * rho[k];
        t.row[t.bond[k].j] += 2 * b->a * rho[k];
    }
    field_scatter(force, 0, t.row);
    terms_fini(&t);
    return 0;
}

/* Every bond of a site adds 2 a rho. */
static double force_scale(const struct adele *ctx, const struct model *m)
{
    const struct lattice *lat = ctx->lat;
    int most = 0;

    for (int b = 0; b < lat->shape.nbasis; b++) {
        int count = lat->nearest.n[b] + lat->second.n[b];

        most = count > most ? count : most;
    }
    return 2 * fabs(((const struct bond_model *)m)->a) * most;
}

const struct model_style test_bond_model = {
    .style = {STYLE_HEAD(model, "test/bond", struct bond_model),
              .summary = "electrons coupled to bonds", .args = args,
              .init = init},
    .bonds = bonds,
    .values = values,
    .elastic = elastic,
    .electronic = electronic,
    .force_scale = force_scale};

void test_bond_register(struct adele *sim)
{
    if (!registry_find(sim, "model", "test/bond"))
        registry_add(sim, &test_bond_model.style, NULL);
}

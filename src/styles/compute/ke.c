/* Kinetic energy of the lattice, sum of m v^2 / 2 over the sites of a group
   and all components; also site by site.  Unit: energy.

       compute ke all ke                                                     */

#include "core/kinetic.h"
#include "base/parallel.h"
#include "plug/compute.h"
#include "plug/model.h"

static const struct output outputs[] = {
    {OUT_SCALAR, "", "ke", "energy", true, "kinetic energy of the group"},
    {OUT_SITE, "", "ke", "energy", false,
     "kinetic energy of each site, 0 outside the group"},
    {0}};

static void fini(struct adele *ctx, void *self)
{
    (void)ctx;
    outputs_fini(&((struct compute *)self)->out);
}

/* out[site] += m v^2 / 2 of one component. */
static void add_component(const struct adele *ctx, int comp, int group,
                          double *out)
{
    const struct field *v = ctx->state.velocity;
    const struct groups *groups = &ctx->groups;
    double half = 0.5 * ctx->model->mass;
    int nbasis = ctx->lat->shape.nbasis, nx = ctx->lat->local[0];
    int64_t nrow = field_nrow(v);

#pragma omp parallel for schedule(static) if (v->lat->nlocal >= PARALLEL_MIN)
    for (int64_t row = 0; row < nrow; row++)
        for (int b = 0; b < nbasis; b++) {
            const double *p = field_read(v, comp, b) + field_row(v, row);
            for (int x = 0; x < nx; x++) {
                int64_t site = (row * nx + x) * nbasis + b;
                if (groups_has(groups, group, site))
                    out[site] += half * p[x] * p[x];
            }
        }
}

static int site(struct adele *ctx, struct compute *c)
{
    int status = need_model(ctx);
    if (!status)
        status = outputs_site(ctx, &c->out, 1);
    if (status)
        return status;
    for (int64_t i = 0; i < ctx->lat->nlocal; i++)
        c->out.site[i] = 0;
    for (int comp = 0; comp < ctx->model->ncomp; comp++)
        add_component(ctx, comp, c->head.group, c->out.site);
    return ADELE_OK;
}

static int scalar(struct adele *ctx, struct compute *c)
{
    int status = need_model(ctx);
    if (!status)
        status = kinetic_energy(ctx, c->head.group, ctx->model->mass,
                                &c->out.scalar);
    return status;
}

const struct compute_style compute_ke = {
    .style = {STYLE_HEAD(compute, "ke", struct compute),
              .summary = "kinetic energy of the lattice", .outputs = outputs,
              .fini = fini},
    .scalar = scalar,
    .site = site,
};

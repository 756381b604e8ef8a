/* Temperature of the lattice from its kinetic energy,

       T = sum m v^2 / (N ncomp),      k_B = 1,

   N sites in the group and ncomp components a site: N ncomp degrees of
   freedom, none taken off for a conserved momentum (there is none) or for
   frozen sites (leave those out of the group).

       compute T all temp                                                    */

#include "base/mem.h"
#include "base/sum.h"
#include "core/kinetic.h"
#include "plug/compute.h"
#include "plug/model.h"

struct temp {
    struct compute base;
    double *work; /* [nlocal] */
};

static const struct output outputs[] = {
    {OUT_SCALAR, "", "temp", "energy", false, "temperature of the group"},
    {OUT_VECTOR, "[c]", "temp", "energy", false,
     "temperature of each component of the model"},
    {0}};

static int init(struct adele *ctx, void *self)
{
    struct temp *t = self;
    int status = need_lattice(ctx);
    if (status)
        return status;
    size_t n = (size_t)ctx->lat->nlocal;
    t->work = mem_alloc(n, sizeof *t->work);
    return t->work ? ADELE_OK
                   : err_memory(ctx, "compute temp", 8.0 * (double)n);
}

static void fini(struct adele *ctx, void *self)
{
    (void)ctx;
    struct temp *t = self;
    mem_free(t->work);
    outputs_fini(&t->base.out);
}

/* sum v^2 over the sites of the group, one component. */
static double sum_velocity_squared(const struct adele *ctx,
                                   const struct temp *t, int comp)
{
    field_gather(ctx->state.velocity, comp, t->work);
    compute_mask(ctx, &t->base, t->work);
    return sum_squares(t->work, ctx->lat->nlocal);
}

static int vector(struct adele *ctx, struct compute *c)
{
    const struct temp *t = (const struct temp *)c;
    int status = need_model(ctx);
    if (!status)
        status = outputs_vector(ctx, &c->out, ctx->model->ncomp);
    if (status)
        return status;
    int64_t n = groups_count(&ctx->groups, c->head.group);
    for (int comp = 0; comp < ctx->model->ncomp; comp++) {
        double v2 = n ? sum_velocity_squared(ctx, t, comp) : 0;
        c->out.vector[comp] = n ? ctx->model->mass * v2 / (double)n : 0;
    }
    return ADELE_OK;
}

static int scalar(struct adele *ctx, struct compute *c)
{
    int status = need_model(ctx);
    if (!status)
        status = kinetic_temperature(ctx, c->head.group, ctx->model->mass,
                                     &c->out.scalar);
    return status;
}

const struct compute_style compute_temp = {
    .style = {STYLE_HEAD(compute, "temp", struct temp),
              .summary = "temperature of the lattice", .outputs = outputs,
              .init = init, .fini = fini},
    .scalar = scalar,
    .vector = vector,
};

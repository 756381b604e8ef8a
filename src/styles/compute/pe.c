/* Potential energy: the free energy whose negative gradient is the force,

       pe = elastic + Omega          at fixed chemical potential,
       pe = elastic + Omega + mu N   at fixed filling,

   plus the energies of fixes with `fix_modify ID energy yes`.  Unit: energy.

       compute pe all pe                                                     */

#include "plug/compute.h"
#include "plug/fix.h"
#include "plug/pair.h"

static const struct output outputs[] = {
    {OUT_SCALAR, "", "pe", "energy", true, "potential energy of all sites"},
    {OUT_VECTOR, "[1]", "elastic", "energy", true, "elastic part"},
    {OUT_VECTOR, "[2]", "electronic", "energy", true,
     "free energy of the electrons"},
    {OUT_VECTOR, "[3]", "fixes", "energy", true,
     "energy of the fixes that count in it"},
    {0}};

static int init(struct adele *ctx, void *self)
{
    const struct compute *c = self;
    if (!c->head.group)
        return ADELE_OK;
    return err_deck(ctx, NULL,
                    "compute pe: the energy of the electrons belongs to the "
                    "whole lattice, use the group `all`");
}

static void fini(struct adele *ctx, void *self)
{
    (void)ctx;
    outputs_fini(&((struct compute *)self)->out);
}

static unsigned need(struct adele *ctx, struct compute *c)
{
    (void)ctx;
    (void)c;
    return NEED_ENERGY;
}

static int vector(struct adele *ctx, struct compute *c)
{
    double fixes = 0;
    int status = outputs_vector(ctx, &c->out, 3);
    if (!status)
        status = fix_energy(ctx, &fixes);
    if (status)
        return status;
    c->out.vector[0] = ctx->forces->elastic;
    c->out.vector[1] = ctx->forces->electronic;
    c->out.vector[2] = fixes;
    return ADELE_OK;
}

static int scalar(struct adele *ctx, struct compute *c)
{
    int status = compute_evaluate(ctx, c, OUT_VECTOR);
    if (!status)
        c->out.scalar = pair_energy(ctx->forces) + c->out.vector[2];
    return status;
}

const struct compute_style compute_pe = {
    .style = {STYLE_HEAD(compute, "pe", struct compute),
              .summary = "potential energy", .outputs = outputs, .init = init,
              .fini = fini},
    .need = need,
    .scalar = scalar,
    .vector = vector,
};

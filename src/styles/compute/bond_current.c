/* Currents inside the device: along each bond, into each site from the leads,
   and through each cut between two layers along the first axis.

       J_ij = 2 h_ij Im <c+_j c_i>   from i to j, particles per time

   At each site of a steady state what comes from the leads leaves by the bonds.

       compute J all bond/current                                             */

#include <string.h>

#include "plug/compute.h"
#include "plug/pair.h"

struct bond_current {
    struct compute compute;
    struct terms terms;
};

static const struct output outputs[] = {
    {OUT_VECTOR, "[x]", "cut", "1/time", false,
     "current through the cut behind layer x, towards larger x"},
    {OUT_ARRAY, "[b][1]", "i", "", false, "id of the first site of bond b"},
    {OUT_ARRAY, "[b][2]", "j", "", false, "id of the second"},
    {OUT_ARRAY, "[b][3]", "current", "1/time", false, "from i to j"},
    {OUT_SITE, "", "injection", "1/time", false,
     "particles per time from all leads into the site"},
    {0}};

static int init(struct adele *ctx, void *self)
{
    const struct bond_current *c = self;

    if (need_model(ctx))
        return ctx->error.status;
    if (c->compute.head.group == 0)
        return 0;
    return err_deck(ctx, NULL,
                    "compute bond/current: bonds belong to the whole "
                    "lattice, use the group `all`");
}

static void fini(struct adele *ctx, void *self)
{
    struct bond_current *c = self;

    (void)ctx;
    terms_fini(&c->terms);
    outputs_fini(&c->compute.out);
}

static unsigned need(struct adele *ctx, struct compute *c)
{
    (void)ctx;
    (void)c;
    return NEED_CURRENT;
}

static int array(struct adele *ctx, struct compute *compute)
{
    struct bond_current *c = (struct bond_current *)compute;
    int status = pair_terms(ctx, &c->terms);

    if (!status)
        status = outputs_array(ctx, &compute->out, c->terms.nbond, 3);
    for (int64_t b = 0; !status && b < c->terms.nbond; b++) {
        double *row = compute->out.array + 3 * b;

        row[0] = (double)c->terms.bond[b].i + 1;
        row[1] = (double)c->terms.bond[b].j + 1;
        row[2] = ctx->forces->flow[b];
    }
    return status;
}

/* A bond that goes dx layers forward, around a periodic axis too, passes as
   many cuts. */
static int vector(struct adele *ctx, struct compute *compute)
{
    struct bond_current *c = (struct bond_current *)compute;
    int status = pair_terms(ctx, &c->terms), length = ctx->lat->n[0];

    if (!status)
        status = outputs_vector(ctx, &compute->out, length);
    if (status)
        return status;
    double *cut = compute->out.vector;
    memset(cut, 0, (size_t)length * sizeof *cut);
    for (int64_t b = 0; b < c->terms.nbond; b++) {
        const struct bond *bond = &c->terms.bond[b];
        int cell[3], basis;
        int8_t dx = bond->cell[0];

        lattice_cell(ctx->lat, bond->i, cell, &basis);
        for (int k = 0; k < dx; k++)
            cut[(cell[0] + k) % length] += ctx->forces->flow[b];
        for (int k = 1; k <= -dx; k++)
            cut[(cell[0] - k + length) % length] -= ctx->forces->flow[b];
    }
    return 0;
}

static int site(struct adele *ctx, struct compute *c)
{
    const struct pair_result *r = ctx->forces;
    int64_t n = ctx->lat->nlocal;

    if (outputs_site(ctx, &c->out, 1))
        return ctx->error.status;
    for (int64_t i = 0; i < n; i++) {
        c->out.site[i] = 0;
        for (int a = 0; a < r->nlead; a++)
            c->out.site[i] += r->injection[a * n + i];
    }
    return 0;
}

const struct compute_style compute_bond_current = {
    .style = {STYLE_HEAD(compute, "bond/current", struct bond_current),
              .summary = "currents along bonds, through cuts, into sites",
              .outputs = outputs, .init = init, .fini = fini},
    .need = need,
    .vector = vector,
    .array = array,
    .site = site};

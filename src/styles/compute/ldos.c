/* Local density of states at given energies with all leads coupled,

       rho_i(E) = -Im G_ii(E)/pi,

   which an electron on site i at energy E sees; its integral over E is 1.

       compute rho all ldos 0.0 2.54
       compute rho all ldos range -6 6 601                                    */

#include <math.h>

#include "base/mem.h"
#include "base/sum.h"
#include "elec/negf.h"
#include "plug/compute.h"
#include "plug/lead.h"
#include "plug/pair.h"

struct ldos {
    struct compute compute;
    struct arg_list energies;
    struct terms terms;
    double *e; /* [ne] */
    int64_t ne;
};

static const struct arg args[] = {
    {ARG_REST, "E", AT(struct ldos, energies), .bounded = true, .min = 1,
     .syntax = "{E .. | range LO HI N}",
     .doc = "energies, or N of them evenly from LO to HI"},
    {0}};

static const struct output outputs[] = {
    {OUT_SITE, "[k]", "ldos", "1/energy", false,
     "of each site at energy k, 0 outside the group"},
    {OUT_VECTOR, "[k]", "dos", "1/energy", true, "sum over the group"},
    {OUT_ARRAY, "[k][1]", "energy", "energy", false, "energy k"},
    {OUT_ARRAY, "[k][2]", "dos", "1/energy", true, "sum over the group there"},
    {0}};

static int init(struct adele *ctx, void *self)
{
    struct ldos *c = self;

    if (need_model(ctx))
        return ctx->error.status;
    return lead_energies(ctx, &c->energies, &c->e, &c->ne);
}

static void fini(struct adele *ctx, void *self)
{
    struct ldos *c = self;

    (void)ctx;
    mem_free(c->e);
    terms_fini(&c->terms);
    outputs_fini(&c->compute.out);
}

static int site(struct adele *ctx, struct compute *compute)
{
    struct ldos *c = (struct ldos *)compute;
    struct negf_lead *lead = NULL;
    int nlead = 0, status;

    if (ctx->leads.n == 0)
        return err_run_at(ctx, &compute->head.where,
                          "compute ldos needs leads, which give levels their "
                          "width; compute dos has the levels of isolated "
                          "electrons");
    status = leads_resolve(ctx, &lead, &nlead);
    if (!status)
        status = pair_terms(ctx, &c->terms);
    if (!status)
        status = outputs_site(ctx, &compute->out, (int)c->ne);
    if (!status)
        status = lead_error(ctx, "compute ldos",
                            negf_ldos(&c->terms, lead, nlead, c->e, c->ne,
                                      ctx->nthread, compute->out.site));
    leads_release(lead, nlead);
    for (int64_t k = 0; !status && k < c->ne; k++)
        compute_mask(ctx, compute, compute->out.site + k * ctx->lat->nlocal);
    return status;
}

static int vector(struct adele *ctx, struct compute *compute)
{
    struct ldos *c = (struct ldos *)compute;
    int64_t n = ctx->lat->nlocal;

    if (compute_evaluate(ctx, compute, OUT_SITE) ||
        outputs_vector(ctx, &compute->out, c->ne))
        return ctx->error.status;
    for (int64_t k = 0; k < c->ne; k++)
        compute->out.vector[k] = sum_array(compute->out.site + k * n, n);
    return 0;
}

static int array(struct adele *ctx, struct compute *compute)
{
    struct ldos *c = (struct ldos *)compute;

    return lead_energy_table(ctx, compute, c->e, c->ne);
}

const struct compute_style compute_ldos = {
    .style = {STYLE_HEAD(compute, "ldos", struct ldos),
              .summary = "local density of states between leads", .args = args,
              .outputs = outputs, .init = init, .fini = fini},
    .vector = vector,
    .array = array,
    .site = site};

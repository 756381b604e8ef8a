/* Transmission between two leads at given energies,

       T_AB(E) = 4 Tr[Gamma_A G(E) Gamma_B G(E)+],

   of the present configuration with all leads coupled.  It needs no forces.

       compute T all transmission L R 0.0 0.5 1.0
       compute T all transmission L R range -3 3 601                          */

#include <string.h>

#include "base/mem.h"
#include "elec/negf.h"
#include "plug/compute.h"
#include "plug/lead.h"
#include "plug/pair.h"

struct transmission {
    struct compute compute;
    struct arg_list from, to, energies;
    struct terms terms;
    double *e; /* [ne] */
    int64_t ne;
};

static const struct arg args[] = {
    {ARG_LIST, "A", AT(struct transmission, from), .bounded = true, .min = 1,
     .max = 1, .doc = "lead that particles leave"},
    {ARG_LIST, "B", AT(struct transmission, to), .bounded = true, .min = 1,
     .max = 1, .doc = "lead that they enter"},
    {ARG_REST, "E", AT(struct transmission, energies), .bounded = true,
     .min = 1, .syntax = "{E .. | range LO HI N}",
     .doc = "energies, or N of them evenly from LO to HI"},
    {0}};

static const struct output outputs[] = {
    {OUT_VECTOR, "[k]", "transmission", "", false, "at energy k"},
    {OUT_ARRAY, "[k][1]", "energy", "energy", false, "energy k"},
    {OUT_ARRAY, "[k][2]", "transmission", "", false, "there"},
    {0}};

static int check(struct adele *ctx, const struct word *w)
{
    return lead_find(ctx, w->text) ? 0 : lead_unknown(ctx, w);
}

static int init(struct adele *ctx, void *self)
{
    struct transmission *c = self;

    if (need_model(ctx) || check(ctx, &c->from.word[0]) ||
        check(ctx, &c->to.word[0]))
        return ctx->error.status;
    if (!strcmp(c->from.word[0].text, c->to.word[0].text))
        return err_deck(ctx, &c->to.word[0].where,
                        "compute transmission: expected another lead than %s",
                        c->from.word[0].text);
    if (c->compute.head.group != 0)
        return err_deck(ctx, NULL,
                        "compute transmission: it belongs to leads, "
                        "use the group `all`");
    return lead_energies(ctx, &c->energies, &c->e, &c->ne);
}

static void fini(struct adele *ctx, void *self)
{
    struct transmission *c = self;

    (void)ctx;
    mem_free(c->e);
    terms_fini(&c->terms);
    outputs_fini(&c->compute.out);
}

static int number(const struct adele *ctx, const char *id)
{
    int k = 0;

    while (k + 1 < ctx->leads.n && strcmp(ctx->leads.item[k]->id, id))
        k++;
    return k;
}

static int vector(struct adele *ctx, struct compute *compute)
{
    struct transmission *c = (struct transmission *)compute;
    const struct word *from = &c->from.word[0], *to = &c->to.word[0];
    struct negf_lead *lead = NULL;
    int nlead = 0, status = check(ctx, from);

    if (!status)
        status = check(ctx, to);
    if (!status)
        status = leads_resolve(ctx, &lead, &nlead);
    if (!status)
        status = pair_terms(ctx, &c->terms);
    if (!status)
        status = outputs_vector(ctx, &compute->out, c->ne);
    if (!status)
        status = lead_error(
            ctx, "compute transmission",
            negf_transmission(&c->terms, lead, nlead, number(ctx, from->text),
                              number(ctx, to->text), c->e, c->ne, ctx->nthread,
                              compute->out.vector));
    leads_release(lead, nlead);
    return status;
}

static int array(struct adele *ctx, struct compute *compute)
{
    struct transmission *c = (struct transmission *)compute;

    return lead_energy_table(ctx, compute, c->e, c->ne);
}

const struct compute_style compute_transmission = {
    .style = {STYLE_HEAD(compute, "transmission", struct transmission),
              .summary = "transmission between two leads", .args = args,
              .outputs = outputs, .init = init, .fini = fini},
    .vector = vector,
    .array = array};

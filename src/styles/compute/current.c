/* Currents between leads: particles per time, in units of t/hbar, that flow out
   of reservoir A into the device,

       A B:  Int dE/2pi 4 Tr[Gamma_A G Gamma_B G+] (f_A - f_B),
       A:    the sum over all others, baths included.

       compute I all current L R
       compute J all current L                                                */

#include <string.h>

#include "plug/compute.h"
#include "plug/lead.h"
#include "plug/pair.h"

struct current {
    struct compute compute;
    struct arg_list leads;
};

static const struct arg args[] = {
    {ARG_REST, "A", AT(struct current, leads), .bounded = true, .min = 1,
     .max = 2, .syntax = "A [B]",
     .doc = "lead that particles leave, lead that they enter"},
    {0}};

static const struct output outputs[] = {
    {OUT_SCALAR, "", "current", "1/time", false, "particles per time"},
    {OUT_VECTOR, "[1]", "current", "1/time", false, "the same"},
    {OUT_VECTOR, "[2]", "error", "1/time", false, "its estimated error"},
    {0}};

static int lead_number(struct adele *ctx, const struct word *w, int *k)
{
    for (*k = 0; *k < ctx->leads.n; ++*k)
        if (!strcmp(ctx->leads.item[*k]->id, w->text))
            return 0;
    return lead_unknown(ctx, w);
}

static int init(struct adele *ctx, void *self)
{
    const struct current *c = self;
    int k;

    if (need_model(ctx))
        return ctx->error.status;
    for (int i = 0; i < c->leads.n; i++)
        if (lead_number(ctx, &c->leads.word[i], &k))
            return ctx->error.status;
    if (c->leads.n > 2)
        return err_deck(ctx, &c->leads.word[2].where,
                        "compute current: expected one lead or two");
    if (c->leads.n == 2 &&
        !strcmp(c->leads.word[0].text, c->leads.word[1].text))
        return err_deck(ctx, &c->leads.word[1].where,
                        "compute current: expected another lead than %s; "
                        "without a second one it is the current to all others",
                        c->leads.word[0].text);
    if (c->compute.head.group != 0)
        return err_deck(ctx, NULL,
                        "compute current: currents belong to leads, use the "
                        "group `all`");
    return 0;
}

static void fini(struct adele *ctx, void *self)
{
    (void)ctx;
    outputs_fini(&((struct current *)self)->compute.out);
}

static unsigned need(struct adele *ctx, struct compute *c)
{
    (void)ctx;
    (void)c;
    return NEED_CURRENT;
}

static int vector(struct adele *ctx, struct compute *compute)
{
    struct current *c = (struct current *)compute;
    const struct pair_result *r = ctx->forces;
    int a, b = -1;

    if (lead_number(ctx, &c->leads.word[0], &a) ||
        (c->leads.n > 1 && lead_number(ctx, &c->leads.word[1], &b)) ||
        outputs_vector(ctx, &compute->out, 2))
        return ctx->error.status;
    double *out = compute->out.vector;

    out[0] = out[1] = 0;
    for (int k = 0; k < r->nlead; k++) {
        if (b >= 0 && k != b)
            continue;
        out[0] += r->current[a * r->nlead + k];
        out[1] += r->current_error[a * r->nlead + k];
    }
    return 0;
}

static int scalar(struct adele *ctx, struct compute *c)
{
    if (compute_evaluate(ctx, c, OUT_VECTOR))
        return ctx->error.status;
    c->out.scalar = c->out.vector[0];
    return 0;
}

const struct compute_style compute_current = {
    .style = {STYLE_HEAD(compute, "current", struct current),
              .summary = "current between leads", .cite = "Fan2026",
              .args = args, .outputs = outputs, .init = init, .fini = fini},
    .need = need,
    .scalar = scalar,
    .vector = vector};

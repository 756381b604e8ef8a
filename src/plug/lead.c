/* Leads; see plug/lead.h. */

#include "plug/lead.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "elec/negf.h"
#include "plug/args.h"
#include "plug/compute.h"

struct lead *lead_find(const struct adele *ctx, const char *id)
{
    for (int i = 0; i < ctx->leads.n; i++)
        if (strcmp(ctx->leads.item[i]->id, id) == 0)
            return ctx->leads.item[i];
    return NULL;
}

int lead_unknown(struct adele *ctx, const struct word *w)
{
    enum { LISTED = 64 };
    const char *names[LISTED];
    size_t n = 0;

    for (int i = 0; i < ctx->leads.n && n < LISTED; i++)
        names[n++] = ctx->leads.item[i]->id;
    return err_unknown(ctx, &w->where, "lead", w->text, names, n);
}

void lead_free(struct lead *l)
{
    if (!l)
        return;
    mem_free(l->id);
    value_free(&l->gamma);
    value_free(&l->mu);
    value_free(&l->temp);
    where_release(&l->where);
    mem_free(l);
}

void leads_free(struct adele *ctx)
{
    while (ctx->leads.n > 0)
        lead_free(ctx->leads.item[--ctx->leads.n]);
    mem_free(ctx->leads.item);
    ctx->leads.item = NULL;
    ctx->leads.capacity = 0;
}

bool lead_has(const struct adele *ctx, const struct lead *l, int64_t site)
{
    const struct lattice *lat = ctx->lat;
    int64_t x = site / lat->shape.nbasis % lat->local[0] + lat->lo[0];

    switch (l->place) {
    case LEAD_LEFT:
        return x == 0;
    case LEAD_RIGHT:
        return x == lat->n[0] - 1;
    default:
        return groups_has(&ctx->groups, l->group, site);
    }
}

const struct lead *lead_of_group(const struct adele *ctx, int group)
{
    for (int i = 0; i < ctx->leads.n; i++) {
        const struct lead *l = ctx->leads.item[i];

        if (l->place == LEAD_GROUP && l->group == group)
            return l;
    }
    return NULL;
}

const char *lead_place_name(const struct adele *ctx, const struct lead *l)
{
    if (l->place != LEAD_GROUP)
        return l->place == LEAD_LEFT ? "left" : "right";
    return l->group ? ctx->groups.name[l->group] : "all";
}

static bool is_bath(const struct lead *l)
{
    return l->place == LEAD_GROUP && l->group == 0;
}

static int check_overlap(struct adele *ctx, const struct lead *l,
                         const struct lead *other)
{
    for (int64_t i = 0; i < ctx->lat->nlocal; i++)
        if (lead_has(ctx, l, i) && lead_has(ctx, other, i))
            return err_deck(ctx, &l->where,
                            "lead %s: site %lld is one of lead %s already; two "
                            "electrodes must not share a site (a bath on the "
                            "group `all` may overlap them)",
                            l->id, (long long)i + 1, other->id);
    return 0;
}

static int check_sites(struct adele *ctx, const struct lead *l)
{
    for (int64_t i = 0; i < ctx->lat->nlocal; i++)
        if (lead_has(ctx, l, i))
            return 0;
    return err_deck(ctx, &l->where, "lead %s: the group %s holds no site",
                    l->id, lead_place_name(ctx, l));
}

int lead_check(struct adele *ctx, const struct lead *l, const struct lead *old)
{
    if (l->place != LEAD_GROUP && ctx->lat->periodic[0])
        return err_deck(ctx, &l->where,
                        "lead %s: a periodic axis has no %s end; make the "
                        "first axis open with `boundary f ..` before "
                        "`lattice`",
                        l->id, lead_place_name(ctx, l));
    if (check_sites(ctx, l))
        return ctx->error.status;
    for (int i = 0; i < ctx->leads.n; i++) {
        const struct lead *other = ctx->leads.item[i];

        if (other != old && !is_bath(l) && !is_bath(other) &&
            check_overlap(ctx, l, other))
            return ctx->error.status;
    }
    return 0;
}

static int read_one(struct adele *ctx, const struct lead *l,
                    const struct value *v, const char *name, bool zero,
                    double *out)
{
    if (value_get(ctx, v, out))
        return ctx->error.status;
    if (isfinite(*out) && (*out > 0 || (zero && *out == 0)))
        return 0;
    return err_run_at(ctx, v->is_reference ? &v->ref.where : &l->where,
                      "lead %s: %s is %.10g at step %lld; it must be %s", l->id,
                      name, *out, (long long)ctx->step,
                      zero ? "0 or more" : "above 0");
}

static int read_mu(struct adele *ctx, const struct lead *l, double *mu)
{
    if (l->mu_given) {
        if (value_get(ctx, &l->mu, mu))
            return ctx->error.status;
        if (isfinite(*mu))
            return 0;
        return err_run_at(ctx, &l->mu.ref.where,
                          "lead %s: mu is %.10g at step %lld", l->id, *mu,
                          (long long)ctx->step);
    }
    *mu = ctx->electrons.mu;
    if (ctx->electrons.mode == ELECTRONS_MU)
        return 0;
    return err_deck(ctx, &l->where,
                    "lead %s has no chemical potential: give mu M here, or "
                    "`electrons mu M temp T` for all leads",
                    l->id);
}

static int read_temp(struct adele *ctx, const struct lead *l, double *temp)
{
    if (l->temp_given)
        return read_one(ctx, l, &l->temp, "temp", false, temp);
    *temp = ctx->electrons.temp;
    if (ctx->electrons.mode != ELECTRONS_NONE && *temp > 0)
        return 0;
    return err_deck(ctx, &l->where,
                    "lead %s has no temperature above 0: give temp T here, or "
                    "`electrons mu M temp T` for all leads",
                    l->id);
}

static int update(struct adele *ctx, struct lead *l)
{
    double gamma, mu, temp;

    if (read_one(ctx, l, &l->gamma, "gamma", true, &gamma) ||
        read_mu(ctx, l, &mu) || read_temp(ctx, l, &temp))
        return ctx->error.status;
    if (l->now.known && gamma == l->now.gamma && mu == l->now.mu &&
        temp == l->now.temp)
        return 0;
    l->now.gamma = gamma;
    l->now.mu = mu;
    l->now.temp = temp;
    l->now.known = true;
    adele_touch_parameters(ctx);
    return 0;
}

int leads_update(struct adele *ctx)
{
    int status = 0;

    /* A formula that needs the forces comes back here. */
    if (ctx->reading_leads)
        return err_run_at(ctx, &ctx->leads.item[0]->where,
                          "the numbers of a lead depend on forces, which "
                          "depend on the lead; average over earlier steps, for "
                          "example with fix ave/time");
    ctx->reading_leads = true;
    for (int i = 0; i < ctx->leads.n && !status; i++)
        status = update(ctx, ctx->leads.item[i]);
    ctx->reading_leads = false;
    return status;
}

void leads_release(struct negf_lead *lead, int n)
{
    for (int a = 0; lead && a < n; a++)
        mem_free(lead[a].site);
    mem_free(lead);
}

static int resolve(struct adele *ctx, const struct lead *l,
                   struct negf_lead *out)
{
    int64_t n = ctx->lat->nlocal;

    *out = (struct negf_lead){
        .gamma = l->now.gamma, .mu = l->now.mu, .temp = l->now.temp};
    for (int64_t i = 0; i < n; i++)
        out->nsite += lead_has(ctx, l, i);
    out->site = mem_alloc((size_t)out->nsite, sizeof *out->site);
    if (!out->site)
        return err_memory(ctx, "a lead", 8.0 * (double)out->nsite);
    for (int64_t i = 0, k = 0; i < n; i++)
        if (lead_has(ctx, l, i))
            out->site[k++] = i;
    return 0;
}

int leads_resolve(struct adele *ctx, struct negf_lead **out, int *n)
{
    struct negf_lead *lead;
    int status = leads_update(ctx), count = ctx->leads.n;

    *out = NULL;
    *n = 0;
    if (status)
        return status;
    lead = mem_zalloc((size_t)count, sizeof *lead);
    if (!lead)
        return err_memory(ctx, "leads", 0);
    for (int a = 0; a < count && !status; a++)
        status = resolve(ctx, ctx->leads.item[a], &lead[a]);
    if (status) {
        leads_release(lead, count);
        return status;
    }
    *out = lead;
    *n = count;
    return 0;
}

/* "range LO HI N" */
static int read_range(struct adele *ctx, const struct arg_list *list,
                      double end[2], int64_t *n)
{
    const struct word *w = list->word;

    if (list->n != 4)
        return err_deck(ctx, &w->where,
                        "expected range LO HI N, found %d words after it",
                        list->n - 1);
    if (arg_number(ctx, &w[1], "LO", &end[0]) ||
        arg_number(ctx, &w[2], "HI", &end[1]) ||
        arg_integer(ctx, &w[3], "N", n))
        return ctx->error.status;
    if (*n >= 2 && *n <= 1000000 && end[1] > end[0])
        return 0;
    return err_deck(ctx, &w[3].where,
                    "expected 2 to 1000000 energies from LO up to HI");
}

int lead_energies(struct adele *ctx, const struct arg_list *list, double **e,
                  int64_t *ne)
{
    bool range = strcmp(list->word[0].text, "range") == 0;
    double end[2] = {0};

    *ne = list->n;
    if (range && read_range(ctx, list, end, ne))
        return ctx->error.status;
    *e = mem_alloc((size_t)*ne, sizeof **e);
    if (!*e)
        return err_memory(ctx, "energies", 8.0 * (double)*ne);
    for (int64_t k = 0; k < *ne; k++) {
        if (range)
            (*e)[k] =
                end[0] + (end[1] - end[0]) * (double)k / (double)(*ne - 1);
        else if (arg_number(ctx, &list->word[k], "an energy", &(*e)[k]))
            return ctx->error.status;
    }
    return 0;
}

int lead_energy_table(struct adele *ctx, struct compute *compute,
                      const double *e, int64_t ne)
{
    if (compute_evaluate(ctx, compute, OUT_VECTOR) ||
        outputs_array(ctx, &compute->out, ne, 2))
        return ctx->error.status;
    for (int64_t k = 0; k < ne; k++) {
        compute->out.array[2 * k] = e[k];
        compute->out.array[2 * k + 1] = compute->out.vector[k];
    }
    return 0;
}

int lead_error(struct adele *ctx, const char *what, int status)
{
    if (status == NEGF_OK)
        return 0;
    if (status == NEGF_MEMORY)
        return err_memory(ctx, what, 0);
    return err_run(
        ctx,
        "%s: a state without broadening lies at an energy asked "
        "for; give it a bath, for example: lead B all gamma 0.001 mu "
        "0 temp 0.1",
        what);
}

void leads_describe(const struct adele *ctx, struct text *out)
{
    for (int i = 0; i < ctx->leads.n; i++) {
        const struct lead *l = ctx->leads.item[i];
        const struct value *value[] = {&l->gamma, &l->mu, &l->temp};
        const double now[] = {l->now.gamma, l->now.mu, l->now.temp};
        const bool given[] = {true, l->mu_given, l->temp_given};
        static const char *const name[] = {"gamma", "mu", "temp"};

        text_addf(out, "lead %s %s", l->id, lead_place_name(ctx, l));
        for (int k = 0; k < 3; k++) {
            const struct value *v = value[k];

            if (!given[k])
                continue;
            text_addf(out, " %s ", name[k]);
            if (v->is_reference && !l->now.known)
                text_addf(out, "%c_%s", (char)v->ref.kind, v->ref.name);
            else
                text_add_number(out, v->is_reference ? now[k] : v->number);
        }
        text_addc(out, '\n');
    }
}

/* lead: a reservoir of electrons, coupled to an end of the lattice, to a group
   of sites, or weakly to all of them (a bath).

   The retarded self-energy is -i G on each of its sites, independent of energy
   (a wide band); the reservoir is filled to mu at temp.  A lead of the same ID
   takes the place of the one before.

       lead L left  gamma 1.0   mu 2.5 temp 0.1
       lead B all   gamma 0.001 mu v_bias                                     */

#include <ctype.h>
#include <string.h>

#include "base/mem.h"
#include "plug/command.h"
#include "plug/lead.h"

struct command {
    struct instance head;
    struct arg_list id, place;
    struct value gamma, mu, temp;
    bool mu_given, temp_given;
};

static const struct arg args[] = {
    {ARG_LIST, "ID", AT(struct command, id), .bounded = true, .min = 1,
     .max = 1, .doc = "name of the lead: letters, digits, underscores"},
    {ARG_LIST, "left|right|all|GROUP", AT(struct command, place),
     .bounded = true, .min = 1, .max = 1,
     .doc = "its sites: the first or last layer along the first axis, which "
            "must be open, all sites, or a group"},
    {ARG_VALUE, "gamma", AT(struct command, gamma), .key = true,
     .required = true, .nonnegative = true, .unit = "energy",
     .doc = "coupling: minus the imaginary part of the self-energy of a site"},
    {ARG_VALUE, "mu", AT(struct command, mu), .key = true,
     .given = AT(struct command, mu_given), .unit = "energy",
     .doc = "chemical potential (default: that of `electrons`)"},
    {ARG_VALUE, "temp", AT(struct command, temp), .key = true,
     .given = AT(struct command, temp_given), .positive = true,
     .unit = "energy", .doc = "temperature (default: that of `electrons`)"},
    {0}};

static int check_id(struct adele *ctx, const struct word *w)
{
    for (const char *s = w->text; *s; s++)
        if (!isalnum((unsigned char)*s) && *s != '_')
            return err_deck(ctx, &w->where,
                            "lead ID '%s': only letters, digits and "
                            "underscores are allowed",
                            w->text);
    return 0;
}

static int check_place(struct adele *ctx, const struct word *w, struct lead *l)
{
    const char *names[GROUP_MAX + 2];
    size_t n = 0;

    l->place = LEAD_GROUP;
    if (strcmp(w->text, "left") == 0 || strcmp(w->text, "right") == 0) {
        l->place = w->text[0] == 'l' ? LEAD_LEFT : LEAD_RIGHT;
        return 0;
    }
    l->group = groups_find(&ctx->groups, w->text);
    if (l->group >= 0)
        return 0;
    names[n++] = "left";
    names[n++] = "right";
    for (int i = 0; i < GROUP_MAX; i++)
        if (ctx->groups.name[i])
            names[n++] = ctx->groups.name[i];
    return err_unknown(ctx, &w->where, "group", w->text, names, n);
}

static int check_value(struct adele *ctx, const struct value *v)
{
    return v->is_reference ? reference_check(ctx, &v->ref, OUT_SCALAR) : 0;
}

/* The values change hands. */
static void take(struct command *c, struct lead *l)
{
    l->gamma = c->gamma;
    l->mu = c->mu;
    l->temp = c->temp;
    l->mu_given = c->mu_given;
    l->temp_given = c->temp_given;
    c->gamma = c->mu = c->temp = (struct value){0};
}

static int commit(struct adele *ctx, struct lead *l)
{
    for (int i = 0; i < ctx->leads.n; i++) {
        if (strcmp(ctx->leads.item[i]->id, l->id))
            continue;
        lead_free(ctx->leads.item[i]);
        ctx->leads.item[i] = l;
        return 0;
    }
    return LIST_ADD(ctx->leads, l)
               ? err_memory(ctx, "the list of leads", sizeof *l)
               : 0;
}

static int run(struct adele *ctx, void *self, const struct words *words)
{
    struct command *c = self;
    struct lead *l;
    int status;

    if (need_lattice(ctx) || check_id(ctx, &c->id.word[0]) ||
        check_value(ctx, &c->gamma) || check_value(ctx, &c->mu) ||
        check_value(ctx, &c->temp))
        return ctx->error.status;
    l = mem_zalloc(1, sizeof *l);
    if (l)
        l->id = mem_strdup(c->id.word[0].text);
    if (!l || !l->id) {
        lead_free(l);
        return err_memory(ctx, "a lead", sizeof *l);
    }
    l->where = where_hold(words->word[2].where);
    status = check_place(ctx, &c->place.word[0], l);
    if (!status)
        status = lead_check(ctx, l, lead_find(ctx, l->id));
    if (!status) {
        take(c, l);
        status = commit(ctx, l);
    }
    if (status) {
        lead_free(l);
        return status;
    }
    adele_touch_parameters(ctx);
    return 0;
}

const struct command_style command_lead = {
    .style = {STYLE_HEAD(command, "lead", struct command),
              .summary = "couple sites to a reservoir of electrons",
              .args = args},
    .run = run};

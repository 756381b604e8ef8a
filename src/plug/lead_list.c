/* Leads that files remember: see plug/lead_list.h. */

#include "plug/lead_list.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

static const double number_tolerance = 1e-12; /* of numbers that are the same */

struct lead_record *lead_list_add(struct lead_list *l, const char *id,
                                  const char *place)
{
    struct lead_record *grown =
        mem_resize(l->item, (size_t)l->n + 1, sizeof *grown);
    if (!grown)
        return NULL;
    l->item = grown;
    struct lead_record *r = &grown[l->n];
    *r = (struct lead_record){.id = mem_strdup(id), .place = mem_strdup(place)};
    l->n++;
    return r->id && r->place ? r : NULL;
}

void lead_list_free(struct lead_list *l)
{
    for (int k = 0; k < l->n; k++) {
        mem_free(l->item[k].id);
        mem_free(l->item[k].place);
    }
    mem_free(l->item);
    *l = (struct lead_list){0};
}

int lead_list_copy(const struct lead_list *from, struct lead_list *to)
{
    *to = (struct lead_list){0};
    for (int k = 0; k < from->n; k++) {
        const struct lead_record *f = &from->item[k];
        struct lead_record *r = lead_list_add(to, f->id, f->place);
        if (!r) {
            lead_list_free(to);
            return -1;
        }
        r->gamma = f->gamma;
        r->temp = f->temp;
        memcpy(r->mu, f->mu, sizeof r->mu);
    }
    return 0;
}

int lead_list_now(const struct adele *ctx, struct lead_list *out)
{
    *out = (struct lead_list){0};
    for (int k = 0; k < ctx->leads.n; k++) {
        const struct lead *l = ctx->leads.item[k];
        struct lead_record *r =
            lead_list_add(out, l->id, lead_place_name(ctx, l));
        if (!r) {
            lead_list_free(out);
            return -1;
        }
        r->gamma = l->now.gamma;
        r->temp = l->now.temp;
        r->mu[0] = r->mu[1] = l->now.mu;
    }
    return 0;
}

/* The group of that name; it is made when there is none. */
static int find_group(struct adele *ctx, const char *name)
{
    int group = strcmp(name, "all") ? groups_find(&ctx->groups, name) : 0;
    return group >= 0 ? group : groups_add(&ctx->groups, name);
}

int lead_list_place(struct adele *ctx, const struct lead_list *l)
{
    for (int k = 0; k < l->n; k++) {
        const struct lead_record *r = &l->item[k];
        struct lead *lead = mem_zalloc(1, sizeof *lead);
        if (!lead || LIST_ADD(ctx->leads, lead)) {
            mem_free(lead);
            return -1;
        }
        lead->id = mem_strdup(r->id);
        lead->place = !strcmp(r->place, "left")    ? LEAD_LEFT
                      : !strcmp(r->place, "right") ? LEAD_RIGHT
                                                   : LEAD_GROUP;
        if (lead->place == LEAD_GROUP)
            lead->group = find_group(ctx, r->place);
        if (!lead->id || lead->group < 0)
            return -1;
        lead->now.gamma = r->gamma;
        lead->now.temp = r->temp;
        lead->now.mu = 0.5 * (r->mu[0] + r->mu[1]);
        lead->now.known = true;
    }
    return 0;
}

/* How many before k are at its place. */
static int rank_of(const struct lead_list *l, int k)
{
    int n = 0;
    for (int j = 0; j < k; j++)
        n += !strcmp(l->item[j].place, l->item[k].place);
    return n;
}

/* The lead number `rank` at that place, or -1. */
static int at_place(const struct lead_list *l, const char *place, int rank)
{
    for (int k = 0; k < l->n; k++)
        if (!strcmp(l->item[k].place, place) && rank-- == 0)
            return k;
    return -1;
}

void lead_list_mu(const struct adele *ctx, const struct lead_list *l,
                  double *mu)
{
    for (int k = 0; k < l->n; k++) {
        int rank = rank_of(l, k);
        mu[k] = 0.5 * (l->item[k].mu[0] + l->item[k].mu[1]);
        for (int j = 0; j < ctx->leads.n; j++) {
            const struct lead *lead = ctx->leads.item[j];
            if (!strcmp(lead_place_name(ctx, lead), l->item[k].place) &&
                rank-- == 0) {
                mu[k] = lead->now.mu;
                break;
            }
        }
    }
}

static bool same(double a, double b)
{
    return fabs(a - b) <= number_tolerance * fmax(fabs(a), fabs(b));
}

/* "leads L left, R right", "no leads". */
static void names(const struct lead_list *l, struct text *out)
{
    text_add(out, l->n == 0 ? "no leads" : l->n > 1 ? "leads" : "lead");
    for (int k = 0; k < l->n; k++)
        text_addf(out, "%s %s %s", k ? "," : "", l->item[k].id,
                  l->item[k].place);
}

static bool number_differs(const struct lead_record *a,
                           const struct lead_record *b, const char *what,
                           const double *x, const double *y, int n,
                           struct text *in_a, struct text *in_b)
{
    const struct lead_record *r[] = {a, b};
    const double *value[] = {x, y};
    struct text *out[] = {in_a, in_b};
    bool equal = true;
    for (int k = 0; k < n; k++)
        equal = equal && same(x[k], y[k]);
    for (int side = 0; !equal && side < 2; side++) {
        const double *v = value[side];
        text_addf(out[side], "lead %s %s %s %.10g", r[side]->id, r[side]->place,
                  what, v[0]);
        if (n > 1 && v[0] != v[1])
            text_addf(out[side], " to %.10g", v[1]);
    }
    return !equal;
}

bool lead_list_differs(const struct lead_list *a, const struct lead_list *b,
                       bool order, bool mu, struct text *in_a,
                       struct text *in_b)
{
    bool all = a->n == b->n;
    for (int k = 0; all && k < a->n; k++) {
        int j = at_place(b, a->item[k].place, rank_of(a, k));
        all = j >= 0 && (!order || j == k);
    }
    if (!all) {
        names(a, in_a);
        names(b, in_b);
        return true;
    }
    for (int k = 0; k < a->n; k++) {
        const struct lead_record *l = &a->item[k];
        int j = at_place(b, l->place, rank_of(a, k));
        const struct lead_record *r = &b->item[j];
        if (number_differs(l, r, "gamma", &l->gamma, &r->gamma, 1, in_a,
                           in_b) ||
            number_differs(l, r, "temp", &l->temp, &r->temp, 1, in_a, in_b) ||
            (mu && number_differs(l, r, "mu", l->mu, r->mu, 2, in_a, in_b)))
            return true;
    }
    return false;
}

int lead_list_outside(const struct lead_list *made,
                      const struct lead_list *here, int *other)
{
    for (int k = 0; k < here->n; k++) {
        const double *mu = here->item[k].mu;
        int j = at_place(made, here->item[k].place, rank_of(here, k));
        if (j < 0 ||
            (mu[0] >= made->item[j].mu[0] && mu[1] <= made->item[j].mu[1]))
            continue;
        *other = j;
        return k;
    }
    return -1;
}

void lead_list_write(const struct lead_list *l, struct text *out)
{
    text_add(out, l->n ? "leads:\n" : "");
    for (int k = 0; k < l->n; k++) {
        const struct lead_record *r = &l->item[k];
        text_add(out, "  - {id: ");
        config_scalar(r->id, out);
        text_add(out, ", place: ");
        config_scalar(r->place, out);
        text_add(out, ", gamma: ");
        text_add_number(out, r->gamma);
        text_add(out, ", temp: ");
        text_add_number(out, r->temp);
        text_add(out, ", mu: [");
        text_add_number(out, r->mu[0]);
        text_add(out, ", ");
        text_add_number(out, r->mu[1]);
        text_add(out, "]}\n");
    }
}

int lead_list_read(struct adele *ctx, const struct config_node *root,
                   struct lead_list *out)
{
    const struct config_node *list;
    *out = (struct lead_list){0};
    if (!config_find(root, "leads"))
        return 0;
    if (config_need(ctx, root, "leads", CONFIG_LIST, &list))
        return ctx->error.status;
    for (int k = 0; k < list->n; k++) {
        const struct config_node *map = &list->item[k];
        const char *id, *place;
        if (map->kind != CONFIG_MAP)
            return err_deck(ctx, &map->where,
                            "leads: expected {id: L, place: left, ..}");
        if (config_text(ctx, map, "id", &id) ||
            config_text(ctx, map, "place", &place))
            return ctx->error.status;
        struct lead_record *r = lead_list_add(out, id, place);
        if (!r)
            return err_memory(ctx, "leads", 64);
        if (config_number(ctx, map, "gamma", &r->gamma) ||
            config_number(ctx, map, "temp", &r->temp) ||
            config_numbers(ctx, map, "mu", r->mu, 2))
            return ctx->error.status;
    }
    return 0;
}

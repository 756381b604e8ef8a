/* Restart files: what they hold.

   The set-up (boundary, lattice, model, electrons) is kept as deck commands
   with all digits, so a file is readable and no second parser exists.
   Displacements, velocities, disorder and groups are kept bit for bit by their
   names; fixes, force style, computes and dumps put what they carry from step
   to step into byte strings.

   datasets: setup, leads, run/step, run/tick, run/time, run/dt, run/base_step,
   run/base_time, groups/names, groups/mask, state/q, state/vq (the model's
   names), state/onsite, saved/KIND.ID.STYLE */

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "plug/args.h"
#include "plug/compute.h"
#include "plug/dump.h"
#include "plug/fix.h"
#include "plug/lead.h"
#include "plug/model.h"
#include "plug/pair.h"
#include "plug/value.h"
#include "run/restart.h"
#include "run/restart_file.h"
#include "run/schedule.h"

/* Deck text of the set-up. */

static void add_number_text(struct text *out, double v)
{
    text_addc(out, ' ');
    text_add_number(out, v);
}

static void add_value(struct text *out, const struct arg *a, const void *at)
{
    const struct value *v = at;

    switch (a->kind) {
    case ARG_INT:
        text_addf(out, " %lld", (long long)*(const int64_t *)at);
        break;
    case ARG_NUMBER:
        add_number_text(out, *(const double *)at);
        break;
    case ARG_BOOL:
        text_add(out, *(const bool *)at ? " yes" : " no");
        break;
    case ARG_WORD:
    case ARG_FILE:
        text_addf(out, " \"%s\"", *(char *const *)at);
        break;
    case ARG_CHOICE:
        text_addf(out, " %s", a->choice[*(const int *)at]);
        break;
    case ARG_VALUE:
        if (v->is_reference)
            text_addf(out, " %c_%s", (char)v->ref.kind, v->ref.name);
        else
            add_number_text(out, v->number);
        break;
    case ARG_NUMBERS: {
        const struct arg_numbers *list = at;

        for (int i = 0; i < list->n; i++)
            add_number_text(out, list->value[i]);
        break;
    }
    default:
        break;
    }
}

/* The arguments of an instance as they stand now. */
static void add_arguments(struct text *out, const struct instance *self)
{
    for (const struct arg *a = self->style->args; a && a->kind; a++) {
        const void *at = (const char *)self + a->offset;
        bool word = a->kind == ARG_WORD || a->kind == ARG_FILE;

        if (a->kind == ARG_FLAG) {
            if (*(const bool *)at)
                text_addf(out, " %s", a->name);
            continue;
        }
        if (word && !*(char *const *)at)
            continue;
        if (a->key)
            text_addf(out, " %s", a->name);
        add_value(out, a, at);
    }
}

void restart_setup(const struct adele *ctx, struct text *out)
{
    const struct lattice *lat = ctx->lat;
    const struct electrons *e = &ctx->electrons;

    text_add(out, "boundary");
    for (int k = 0; k < lat->shape.dim; k++)
        text_add(out, lat->periodic[k] ? " p" : " f");
    text_addf(out, "\nlattice %s", lat->shape.name);
    for (int k = 0; k < lat->shape.dim; k++)
        text_addf(out, " %d", lat->n[k]);
    text_addc(out, '\n');
    if (ctx->model) {
        text_addf(out, "model %s", ctx->model->head.style->name);
        add_arguments(out, &ctx->model->head);
        text_addc(out, '\n');
    }
    if (e->mode == ELECTRONS_NONE)
        return;
    text_add(out, "electrons");
    text_add(out, e->mode == ELECTRONS_FILLING ? " filling"
                  : e->mode == ELECTRONS_MU    ? " mu"
                                               : " midgap");
    if (e->mode != ELECTRONS_MIDGAP)
        add_number_text(out, e->mode == ELECTRONS_MU ? e->mu : e->filling);
    text_add(out, " temp");
    add_number_text(out, e->temp);
    text_addc(out, '\n');
}

/* Collecting.  Each returns 0, or -1 when memory is short. */

static int add_int(struct items *to, const char *name, int64_t v)
{
    return items_add(to, name, ITEM_INT, 1, &v) ? 0 : -1;
}

static int add_number(struct items *to, const char *name, double v)
{
    return items_add(to, name, ITEM_NUMBER, 1, &v) ? 0 : -1;
}

static int add_text(struct items *to, const char *name, struct text *t)
{
    int status = t->failed || !items_add(to, name, ITEM_BYTE, t->length, t->s);

    text_free(t);
    return status ? -1 : 0;
}

static int add_clock(const struct adele *ctx, struct items *to)
{
    const struct schedule *s = ctx->schedule;
    bool going = s && s->last_step == ctx->step && s->last_time == ctx->time &&
                 s->base_dt == ctx->dt;

    return add_int(to, "run/step", ctx->step) ||
                   add_int(to, "run/tick", ctx->tick) ||
                   add_number(to, "run/time", ctx->time) ||
                   add_number(to, "run/dt", ctx->dt) ||
                   add_int(to, "run/base_step",
                           going ? s->base_step : ctx->step) ||
                   add_number(to, "run/base_time",
                              going ? s->base_time : ctx->time)
               ? -1
               : 0;
}

static int add_groups(const struct adele *ctx, struct items *to)
{
    const struct groups *g = &ctx->groups;
    struct text names = {0};

    if (!g->mask)
        return 0;
    for (int i = 0; i < GROUP_MAX; i++)
        text_addf(&names, "%s\n", g->name[i] ? g->name[i] : "");
    if (add_text(to, "groups/names", &names))
        return -1;
    return items_add(to, "groups/mask", ITEM_MASK, (size_t)g->nlocal, g->mask)
               ? 0
               : -1;
}

static int add_field(struct items *to, const char *name, const struct field *f,
                     int comp)
{
    struct text path = {0};
    struct item *item = NULL;

    text_addf(&path, "state/%s", name);
    if (!path.failed)
        item = items_add(to, path.s, ITEM_NUMBER, (size_t)f->lat->nlocal, NULL);
    text_free(&path);
    if (!item)
        return -1;
    field_gather(f, comp, item->data);
    return 0;
}

static int add_state(const struct adele *ctx, struct items *to)
{
    const struct model *m = ctx->model;

    for (int c = 0; m && c < m->ncomp; c++) {
        const struct component *name = &m->component[c];

        if (add_field(to, name->displacement, ctx->state.displacement, c) ||
            add_field(to, name->velocity, ctx->state.velocity, c))
            return -1;
    }
    return ctx->state.onsite ? add_field(to, "onsite", ctx->state.onsite, 0)
                             : 0;
}

/* "saved/fix.bath.ave_time": a slash would make a folder. */
void restart_saved_name(const struct instance *self, struct text *out)
{
    size_t style;

    text_addf(out, "saved/%s.%s.", self->style->kind, self->id ? self->id : "");
    style = out->length;
    text_add(out, self->style->name);
    for (size_t i = style; !out->failed && i < out->length; i++) {
        if (out->s[i] == '/')
            out->s[i] = '_';
    }
}

static int add_instance(struct adele *ctx, struct items *to,
                        struct instance *self)
{
    struct blob blob = {0};
    struct text name = {0};
    int status = 0;

    if (!self->style->save)
        return 0;
    restart_saved_name(self, &name);
    if (self->style->save(ctx, self, &blob) || blob.failed || name.failed ||
        !items_add(to, name.s, ITEM_BYTE, blob.length, blob.byte))
        status = -1;
    text_free(&name);
    blob_free(&blob);
    return status;
}

static int add_instances(struct adele *ctx, struct items *to)
{
    if (ctx->pair && add_instance(ctx, to, &ctx->pair->head))
        return -1;
    for (int i = 0; i < ctx->fixes.n; i++) {
        if (add_instance(ctx, to, &ctx->fixes.item[i]->head))
            return -1;
    }
    for (int i = 0; i < ctx->computes.n; i++) {
        if (add_instance(ctx, to, &ctx->computes.item[i]->head))
            return -1;
    }
    for (int i = 0; i < ctx->dumps.n; i++) {
        if (add_instance(ctx, to, &ctx->dumps.item[i]->head))
            return -1;
    }
    return 0;
}

static int collect(struct adele *ctx, struct items *to)
{
    struct text setup = {0}, leads = {0};

    restart_setup(ctx, &setup);
    leads_describe(ctx, &leads);
    return add_text(to, "setup", &setup) ||
                   (leads.length && add_text(to, "leads", &leads)) ||
                   add_clock(ctx, to) || add_groups(ctx, to) ||
                   add_state(ctx, to) || add_instances(ctx, to)
               ? -1
               : 0;
}

/* `path` with every * replaced by the step. */
char *restart_path_of_step(const char *path, int64_t step)
{
    struct text t = {0};

    for (; *path; path++) {
        if (*path == '*')
            text_addf(&t, "%lld", (long long)step);
        else
            text_addc(&t, *path);
    }
    if (!t.failed && t.s)
        return t.s;
    text_free(&t);
    return NULL;
}

int restart_write(struct adele *ctx, const char *path)
{
    struct items items = {0};
    char *name;
    int status;

    if (need_lattice(ctx))
        return ctx->error.status;
    if (ctx->check_only)
        return 0;
    name = restart_path_of_step(path, ctx->step);
    if (!name || collect(ctx, &items))
        status = ctx->error.status ? ctx->error.status
                                   : err_memory(ctx, "a restart file",
                                                24.0 * (double)ctx->lat->nsite);
    else
        status = restart_file_write(ctx, name, &items);
    items_free(&items);
    mem_free(name);
    return status;
}

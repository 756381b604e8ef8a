/* set: assigns a distortion, velocity or on-site energy to the sites of a
   group.

       set all q 0.5
       set left q v_ramp
       set all onsite v_disorder                                             */

#include <string.h>

#include "base/mem.h"
#include "core/sites.h"
#include "plug/command.h"
#include "plug/model.h"
#include "plug/value.h"

struct set {
    struct instance head;
    int group;
    struct arg_list what;
    struct value value;
};

static const struct arg args[] = {
    {ARG_GROUP, "GROUP", AT(struct set, group), .doc = "the sites to set"},
    {ARG_LIST, "component", AT(struct set, what), .bounded = true, .min = 1,
     .max = 1,
     .doc = "displacement or velocity of the model (q, vq), or onsite"},
    {ARG_VALUE, "value", AT(struct set, value),
     .doc = "number, or a reference; a per-site one gives each site its own"},
    {0}};

static int unknown_component(struct adele *ctx, const struct word *w)
{
    const struct model *m = ctx->model;
    const char *names[2 * MODEL_COMPONENT_MAX + 1];
    size_t n = 0;
    for (int c = 0; c < m->ncomp; c++) {
        names[n++] = m->component[c].displacement;
        names[n++] = m->component[c].velocity;
    }
    names[n++] = "onsite";
    return err_unknown(ctx, &w->where, "component", w->text, names, n);
}

/* The field and component that the word names.  A field of on-site energies
   is made when there is none yet; it is then the caller's until committed. */
static int find_target(struct adele *ctx, const struct word *w,
                       struct field **f, int *comp)
{
    *comp = 0;
    if (strcmp(w->text, "onsite") == 0) {
        int status = need_lattice(ctx);
        *f = ctx->state.onsite;
        if (!status && !*f && !(*f = field_new(ctx->lat, 1, &ctx->clock)))
            status = err_memory(ctx, "on-site energies",
                                8.0 * (double)ctx->lat->nlocal);
        return status;
    }
    int status = need_model(ctx), which = 0;
    if (status)
        return status;
    *comp = model_component(ctx->model, w->text, &which);
    if (*comp < 0)
        return unknown_component(ctx, w);
    if (which == 2)
        return err_deck(ctx, &w->where,
                        "%s is a force: it follows from the configuration and "
                        "cannot be set; `fix addforce` adds one",
                        w->text);
    *f = which == 0 ? ctx->state.displacement : ctx->state.velocity;
    return 0;
}

static void commit(struct adele *ctx, const struct set *c, struct field *f,
                   int comp, const double *value, bool onsite)
{
    sites_assign(f, comp, &ctx->groups, c->group, value, false);
    if (!onsite)
        return;
    ctx->state.onsite = f;
    adele_touch_parameters(ctx);
}

static int run(struct adele *ctx, void *self, const struct words *words)
{
    const struct set *c = self;
    struct field *f = NULL;
    int comp;
    (void)words;
    int status = find_target(ctx, &c->what.word[0], &f, &comp);
    if (status)
        return status;
    bool onsite = f != ctx->state.displacement && f != ctx->state.velocity;
    double *value = mem_alloc((size_t)ctx->lat->nlocal, sizeof *value);
    status = value ? value_sites(ctx, &c->value, value)
                   : err_memory(ctx, "the values to set",
                                8.0 * (double)ctx->lat->nlocal);
    if (!status)
        commit(ctx, c, f, comp, value, onsite);
    else if (f != ctx->state.onsite && onsite)
        field_free(f);
    mem_free(value);
    return status;
}

const struct command_style command_set = {
    .style = {STYLE_HEAD(command, "set", struct set),
              .summary = "assign distortions, velocities or on-site energies",
              .args = args},
    .run = run};

/* What can be assigned by name; see plug/target.h. */

#include "plug/target.h"

#include <string.h>

#include "core/sites.h"
#include "plug/model.h"

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

static int find_onsite(struct adele *ctx, struct target *out)
{
    int status = need_lattice(ctx);
    if (status)
        return status;
    out->onsite = true;
    out->field = ctx->state.onsite;
    if (!out->field)
        out->field = field_new(ctx->lat, 1, &ctx->clock);
    return out->field ? 0
                      : err_memory(ctx, "on-site energies",
                                   8.0 * (double)ctx->lat->nlocal);
}

int target_find(struct adele *ctx, const struct word *w, struct target *out)
{
    *out = (struct target){0};
    if (strcmp(w->text, "onsite") == 0)
        return find_onsite(ctx, out);
    int status = need_model(ctx), which = 0;
    if (status)
        return status;
    out->comp = model_component(ctx->model, w->text, &which);
    if (out->comp < 0)
        return unknown_component(ctx, w);
    if (which == 2)
        return err_deck(ctx, &w->where,
                        "%s is a force: it follows from the configuration and "
                        "cannot be set; `fix addforce` adds one",
                        w->text);
    out->field = which == 0 ? ctx->state.displacement : ctx->state.velocity;
    return 0;
}

void target_drop(struct adele *ctx, struct target *t)
{
    if (t->onsite && t->field != ctx->state.onsite)
        field_free(t->field);
    *t = (struct target){0};
}

void target_commit(struct adele *ctx, struct target *t, int group,
                   const double *value)
{
    sites_assign(t->field, t->comp, &ctx->groups, group, value, false);
    if (!t->onsite)
        return;
    ctx->state.onsite = t->field;
    adele_touch_parameters(ctx);
}

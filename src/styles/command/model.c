/* model: the Hamiltonian of the simulation.

   The first `model` makes the distortions, velocities and forces, all zero.
   A later one of the same style replaces the parameters and keeps them.

       model holstein t 1.0 g 3.5 k 1.0 kappa 0.18 mass 1.0 */

#include "plug/model.h"

#include <string.h>

#include "plug/command.h"
#include "plug/registry.h"

struct model_command {
    struct instance head;
    struct instance *model;
};

static const struct arg args[] = {
    {ARG_STYLE, "STYLE args", AT(struct model_command, model),
     .style_kind = "model",
     .doc = "model and its parameters: help model lists them"},
    {0}};

static void state_free(struct state *s)
{
    field_free(s->displacement);
    field_free(s->velocity);
    field_free(s->force);
    *s = (struct state){0};
}

static int state_new(struct adele *ctx, const struct model *m, struct state *s)
{
    s->displacement = field_new(ctx->lat, m->ncomp, &ctx->clock);
    s->velocity = field_new(ctx->lat, m->ncomp, &ctx->clock);
    s->force = field_new(ctx->lat, m->ncomp, &ctx->clock);
    if (s->displacement && s->velocity && s->force)
        return 0;
    state_free(s);
    return err_memory(ctx, "distortions, velocities and forces",
                      24.0 * m->ncomp * (double)ctx->lat->nlocal);
}

static int make_state(struct adele *ctx, const struct model *m)
{
    struct state s = {0};
    int status = state_new(ctx, m, &s);
    if (status)
        return status;
    if (field_widen(s.displacement, m->halo)) {
        state_free(&s);
        return err_memory(ctx, "distortions", 8.0 * (double)ctx->lat->nlocal);
    }
    s.onsite = ctx->state.onsite;
    ctx->state = s;
    return 0;
}

static int run(struct adele *ctx, void *self, const struct words *words)
{
    struct model_command *c = self;
    struct model *m = (struct model *)c->model, *old = ctx->model;
    const struct model_style *style = (const struct model_style *)m->head.style;
    int status = need_lattice(ctx);
    if (status)
        return status;
    if (old && old->head.style != m->head.style)
        return err_deck(ctx, &words->word[0].where,
                        "the model is %s already and its state cannot become "
                        "that of %s; write `clear` first to start anew",
                        old->head.style->name, m->head.style->name);
    if (style->setup && (status = style->setup(ctx, m)))
        return status;
    if (old) {
        if (field_widen(ctx->state.displacement, m->halo))
            return err_memory(ctx, "distortions",
                              8.0 * (double)ctx->lat->nlocal);
    } else if ((status = make_state(ctx, m))) {
        return status;
    }
    c->model = NULL;
    ctx->model = m;
    m->tag = ++ctx->clock;
    adele_touch_parameters(ctx);
    if (old)
        instance_free(ctx, &old->head);
    return 0;
}

const struct command_style command_model = {
    .style = {STYLE_HEAD(command, "model", struct model_command),
              .summary = "choose the model and its parameters", .args = args},
    .run = run};

/* Training that goes on from a potential: its weights and scales are the first
   ones.  See plug/trainer_state.h. */

#include <math.h>
#include <string.h>

#include "plug/setting.h"
#include "plug/trainer_state.h"

static int fail(struct adele *ctx, const struct where *where, const char *what,
                const char *there, const char *here)
{
    return err_deck(ctx, where,
                    "train: start: the %s of the potential is %s, here it is "
                    "%s",
                    what, there, here);
}

static void polar_text(const struct potential *p, char out[8])
{
    int n = 0;
    for (int axis = 0; axis < 3; axis++)
        if (p->shape.polar[axis])
            out[n++] = "xyz"[axis];
    out[n] = 0;
    if (n == 0)
        memcpy(out, "none", 5);
}

static int check(struct adele *ctx, const struct trainer *t,
                 const struct potential *from, const struct where *where)
{
    const struct potential *p = t->p;
    if (from->target != p->target)
        return fail(ctx, where, "target", potential_target_name[from->target],
                    potential_target_name[p->target]);
    if (from->mu != p->mu)
        return fail(ctx, where, "mu", potential_mu_name[from->mu],
                    potential_mu_name[p->mu]);
    if (strcmp(from->descriptor_text, p->descriptor_text))
        return fail(ctx, where, "descriptor", from->descriptor_text,
                    p->descriptor_text);
    if (strcmp(from->network_text, p->network_text))
        return fail(ctx, where, "network", from->network_text, p->network_text);
    char there[8], here[8];
    polar_text(from, there);
    polar_text(p, here);
    if (strcmp(there, here))
        return fail(ctx, where, "polar axis", there, here);
    struct text position = {0}, own = {0};
    int status = 0;
    potential_position_text(&from->position, &position);
    potential_position_text(&p->position, &own);
    if (position.failed || own.failed)
        status = err_memory(ctx, "a potential", 64);
    else if (strcmp(position.s, own.s))
        status = fail(ctx, where, "position", position.s, own.s);
    text_free(&position);
    text_free(&own);
    return status ? status
                  : samples_match(ctx, &from->origin, t->c.start, &p->origin,
                                  t->samples->file[0], where);
}

static void take(struct trainer *t, const struct potential *from)
{
    struct potential *p = t->p;
    size_t in = (size_t)p->nin * sizeof(double);
    size_t out = (size_t)p->nout * sizeof(double);
    memcpy(p->in_shift, from->in_shift, in);
    memcpy(p->in_scale, from->in_scale, in);
    memcpy(p->linear, from->linear, in);
    memcpy(p->out_shift, from->out_shift, out);
    memcpy(p->out_scale, from->out_scale, out);
    memcpy(p->param, from->param, (size_t)p->net.nparam * sizeof(double));
    /* What it has seen is not forgotten at once. */
    for (int j = 0; j < p->nin; j++) {
        p->in_low[j] = fmin(p->in_low[j], from->in_low[j]);
        p->in_high[j] = fmax(p->in_high[j], from->in_high[j]);
    }
}

int trainer_start(struct adele *ctx, struct trainer *t)
{
    struct adele *setting = t->place[0].setting;
    const struct config_node *node =
        config_find(config_root(t->c.tree), "start");
    if (!t->c.start)
        return 0;
    struct potential *from = potential_load(setting, t->c.start, &node->where);
    if (!from)
        return setting_error(ctx, setting, NULL);
    int status = check(ctx, t, from, &node->where);
    if (!status)
        take(t, from);
    potential_free(setting, from);
    return status;
}

/* set: assigns a distortion, velocity or on-site energy to the sites of a
   group.

       set all q 0.5
       set left q v_ramp
       set all onsite v_disorder                                             */

#include "base/mem.h"
#include "plug/command.h"
#include "plug/target.h"
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

static int run(struct adele *ctx, void *self, const struct words *words)
{
    const struct set *c = self;
    struct target target;
    (void)words;
    int status = target_find(ctx, &c->what.word[0], &target);
    if (status)
        return status;
    double *value = mem_alloc((size_t)ctx->lat->nlocal, sizeof *value);
    status = value ? value_sites(ctx, &c->value, value)
                   : err_memory(ctx, "the values to set",
                                8.0 * (double)ctx->lat->nlocal);
    if (status)
        target_drop(ctx, &target);
    else
        target_commit(ctx, &target, c->group, value);
    mem_free(value);
    return status;
}

const struct command_style command_set = {
    .style = {STYLE_HEAD(command, "set", struct set),
              .summary = "assign distortions, velocities or on-site energies",
              .args = args},
    .run = run};

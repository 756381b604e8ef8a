/* timestep DT: the time that one step of `run` integrates. */

#include "plug/command.h"

struct timestep {
    struct instance head;
    double dt;
};

static const struct arg args[] = {{ARG_NUMBER, "DT", AT(struct timestep, dt),
                                   .positive = true, .unit = "time",
                                   .doc = "length of a step"},
                                  {0}};

static int run(struct adele *ctx, void *self, const struct words *words)
{
    const struct timestep *t = self;

    (void)words;
    ctx->dt = t->dt;
    return 0;
}

const struct command_style command_timestep = {
    .style = {STYLE_HEAD(command, "timestep", struct timestep),
              .summary = "set the length of a step", .args = args},
    .run = run};

/* reset_timestep N [time T]: sets the number of the present step.

   Noise goes by integrated steps, not by this number: a trajectory stays as it
   is.  Refused while a fix counts steps for its averages. */

#include "plug/command.h"
#include "run/run.h"

struct reset_timestep {
    struct instance head;
    int64_t step;
    double time;
    bool has_time;
};

static const struct arg args[] = {
    {ARG_INT, "N", AT(struct reset_timestep, step), .nonnegative = true,
     .unit = "steps", .doc = "number of the present step"},
    {ARG_NUMBER, "time", AT(struct reset_timestep, time), .key = true,
     .given = AT(struct reset_timestep, has_time), .unit = "time",
     .doc = "present time (default: unchanged)"},
    {0}};

static int run(struct adele *ctx, void *self, const struct words *words)
{
    const struct reset_timestep *c = self;

    (void)words;
    if (ctx->running)
        return err_deck(ctx, NULL,
                        "reset_timestep cannot change the step within a run");
    return run_reset_step(ctx, c->step, c->has_time ? &c->time : NULL);
}

const struct command_style command_reset_timestep = {
    .style = {STYLE_HEAD(command, "reset_timestep", struct reset_timestep),
              .summary = "set the number of the present step", .args = args},
    .run = run};

/* minimize etol ftol maxiter maxeval: to the nearest minimum of the energy.

       minimize 0 1e-10 1000 10000 */

#include "plug/command.h"
#include "run/run.h"

struct minimize {
    struct instance head;
    struct minimize_options o;
};

static const struct arg args[] = {
    {ARG_NUMBER, "etol", AT(struct minimize, o.etol), .nonnegative = true,
     .doc = "stop when the energy changes by less than this fraction"},
    {ARG_NUMBER, "ftol", AT(struct minimize, o.ftol), .nonnegative = true,
     .unit = "force", .doc = "stop when the 2-norm of all forces is below"},
    {ARG_INT, "maxiter", AT(struct minimize, o.maxiter), .nonnegative = true,
     .doc = "at most so many line searches"},
    {ARG_INT, "maxeval", AT(struct minimize, o.maxeval), .nonnegative = true,
     .doc = "at most so many force evaluations"},
    {0}};

static int run(struct adele *ctx, void *self, const struct words *words)
{
    const struct minimize *m = self;

    (void)words;
    if (ctx->running)
        return err_deck(ctx, NULL, "minimize cannot start within a run");
    return run_minimize(ctx, &m->o);
}

const struct command_style command_minimize = {
    .style = {STYLE_HEAD(command, "minimize", struct minimize),
              .summary = "relax the lattice to a minimum of the energy",
              .cite = "Polak1969", .args = args},
    .run = run};

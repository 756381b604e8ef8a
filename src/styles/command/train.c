/* train CONFIG.yaml: trains a potential from datasets.

   Lattice, model and electrons are those of the data; the running simulation
   is neither needed nor touched.  See plug/trainer.h. */

#include "plug/command.h"
#include "plug/trainer.h"

struct train {
    struct instance head;
    char *path;
};

static const struct arg args[] = {
    {ARG_FILE, "CONFIG.yaml", AT(struct train, path),
     .doc = "data, descriptor, network, optimiser and output"},
    {0}};

static int run(struct adele *ctx, void *self, const struct words *words)
{
    const struct train *command = self;
    int status;
    if (ctx->running)
        return err_deck(ctx, NULL, "train cannot start within a run");
    struct trainer *t = trainer_new(ctx, command->path, &words->word[1].where);
    if (!t)
        return ctx->error.status;
    status = ctx->check_only || ctx->skip_run ? 0 : trainer_run(ctx, t);
    trainer_free(ctx, t);
    return status;
}

const struct command_style command_train = {
    .style = {STYLE_HEAD(command, "train", struct train),
              .summary = "train a potential from datasets", .args = args},
    .run = run};

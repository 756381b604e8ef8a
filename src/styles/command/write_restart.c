/* write_restart FILE: a restart file of the present state. */

#include "plug/command.h"
#include "run/restart.h"

struct write_restart {
    struct instance head;
    char *file;
};

static const struct arg args[] = {{ARG_FILE, "FILE",
                                   AT(struct write_restart, file),
                                   .doc = "name; a * becomes the step"},
                                  {0}};

static int run(struct adele *ctx, void *self, const struct words *words)
{
    const struct write_restart *c = self;

    (void)words;
    return restart_write(ctx, c->file);
}

const struct command_style command_write_restart = {
    .style = {STYLE_HEAD(command, "write_restart", struct write_restart),
              .summary = "write the present state to a restart file",
              .args = args},
    .run = run};

/* read_restart FILE: boundary, lattice, model, electrons, groups, state, step,
   time and time step from a restart file.  Force style, fixes, computes, dumps
   and the table are given again. */

#include "plug/command.h"
#include "run/restart.h"

struct read_restart {
    struct instance head;
    char *file;
};

static const struct arg args[] = {
    {ARG_FILE, "FILE", AT(struct read_restart, file),
     .doc = "name; a * takes the file of the largest step"},
    {0}};

static int run(struct adele *ctx, void *self, const struct words *words)
{
    const struct read_restart *c = self;

    (void)words;
    return restart_read(ctx, c->file);
}

const struct command_style command_read_restart = {
    .style = {STYLE_HEAD(command, "read_restart", struct read_restart),
              .summary = "go on from a restart file", .args = args},
    .run = run};

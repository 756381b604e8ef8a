/* restart N FILE [FILE2]: restart files during runs.

   One name gets the step, at its * or behind it; two names take turns. */

#include "run/restart.h"

#include "plug/command.h"

struct restart {
    struct instance head;
    int64_t every;
    char *file, *file2;
};

static const struct arg args[] = {
    {ARG_INT, "N", AT(struct restart, every), .nonnegative = true,
     .unit = "steps", .doc = "a file every N steps; 0: none"},
    {ARG_FILE, "FILE", AT(struct restart, file), .def = "",
     .doc = "name; a * becomes the step, without one .STEP is appended"},
    {ARG_FILE, "FILE2", AT(struct restart, file2), .def = "",
     .doc = "with a second name both take turns and none gets the step"},
    {0}};

static int run(struct adele *ctx, void *self, const struct words *words)
{
    const struct restart *c = self;

    (void)words;
    if (c->every > 0 && !c->file[0])
        return err_deck(ctx, NULL,
                        "restart: expected FILE after N, found the end of the "
                        "command");
    if (c->every == 0 && c->file[0])
        return err_deck(ctx, NULL,
                        "restart: `restart 0` writes no files, found '%s'",
                        c->file);
    return restart_schedule(ctx, c->every, c->file,
                            c->file2[0] ? c->file2 : NULL);
}

const struct command_style command_restart = {
    .style = {STYLE_HEAD(command, "restart", struct restart),
              .summary = "write restart files during runs", .args = args},
    .run = run};

/* restart N FILE [FILE2]: restart files during runs.

   One name gets the step, at its * or behind it; two names take turns. */

#include "run/restart.h"

#include "plug/command.h"

struct restart {
    struct instance head;
    int64_t every;
    struct arg_list files;
};

static const struct arg args[] = {
    {ARG_INT, "N", AT(struct restart, every), .nonnegative = true,
     .unit = "steps", .doc = "a file every N steps; 0: none"},
    {ARG_LIST, "FILE", AT(struct restart, files), .syntax = "[FILE [FILE2]]",
     .bounded = true, .min = 0, .max = 2,
     .doc = "a * becomes the step, without one .STEP is appended; two names "
            "take turns and get no step"},
    {0}};

static int run(struct adele *ctx, void *self, const struct words *words)
{
    const struct restart *c = self;
    const struct word *file = c->files.word;
    int n = c->files.n;

    (void)words;
    if (c->every > 0 && n == 0)
        return err_deck(ctx, NULL,
                        "restart: expected FILE after N, found the end of the "
                        "command");
    if (c->every == 0 && n > 0)
        return err_deck(ctx, &file[0].where,
                        "restart: `restart 0` writes no files, found '%s'",
                        file[0].text);
    return restart_schedule(ctx, c->every, n > 0 ? file[0].text : NULL,
                            n > 1 ? file[1].text : NULL);
}

const struct command_style command_restart = {
    .style = {STYLE_HEAD(command, "restart", struct restart),
              .summary = "write restart files during runs", .args = args},
    .run = run};

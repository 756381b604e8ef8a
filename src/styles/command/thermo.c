/* thermo N|v_name: how often a line of the table is printed. */

#include "run/thermo.h"

#include "plug/command.h"

struct thermo_command {
    struct instance head;
    struct arg_list every;
};

static const struct arg args[] = {
    {ARG_REST, "N", AT(struct thermo_command, every), .bounded = true, .min = 1,
     .syntax = "N|v_name", .unit = "steps",
     .doc = "a line every N steps; 0: at the first and last step only; a "
            "variable gives the next step each time"},
    {0}};

static int run(struct adele *ctx, void *self, const struct words *words)
{
    struct thermo_command *c = self;
    struct words rest = {words->line, c->every.word, c->every.n};

    return thermo_every(ctx, &rest);
}

const struct command_style command_thermo = {
    .style = {STYLE_HEAD(command, "thermo", struct thermo_command),
              .summary = "say how often the table gets a line", .args = args},
    .run = run};

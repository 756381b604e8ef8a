/* thermo_modify keyword value ..: how the table is printed. */

#include "run/thermo.h"

#include "plug/command.h"

struct thermo_modify {
    struct instance head;
    struct arg_list words;
};

static const struct arg args[] = {
    {ARG_REST, "keyword", AT(struct thermo_modify, words),
     .syntax = "keyword value ..", .bounded = true, .min = 1,
     .doc = "line one|multi|yaml; norm yes|no; flush yes|no; unavailable "
            "nan|error; format line|int|float|N|COLUMN FORMAT, format none; "
            "colname N|COLUMN NAME, colname default"},
    {0}};

static int run(struct adele *ctx, void *self, const struct words *words)
{
    struct thermo_modify *c = self;
    struct words rest = {words->line, c->words.word, c->words.n};

    return thermo_modify(ctx, &rest);
}

const struct command_style command_thermo_modify = {
    .style = {STYLE_HEAD(command, "thermo_modify", struct thermo_modify),
              .summary = "change how the table is printed", .args = args},
    .run = run};

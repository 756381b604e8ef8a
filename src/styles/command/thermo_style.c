/* thermo_style one|multi|yaml|custom column ..: what the table shows. */

#include "run/thermo.h"

#include "plug/command.h"

struct thermo_style {
    struct instance head;
    struct arg_list words;
};

static const struct arg args[] = {
    {ARG_REST, "columns", AT(struct thermo_style, words),
     .syntax = "one|multi|yaml|custom column ..", .bounded = true, .min = 1,
     .doc = "one: the usual columns; multi: several lines a step; yaml: a "
            "YAML document; custom: keywords, c_ID, c_ID[i], f_ID, v_name"},
    {0}};

static int run(struct adele *ctx, void *self, const struct words *words)
{
    struct thermo_style *c = self;
    struct words rest = {words->line, c->words.word, c->words.n};

    return thermo_style(ctx, &rest);
}

const struct command_style command_thermo_style = {
    .style = {STYLE_HEAD(command, "thermo_style", struct thermo_style),
              .summary = "choose the columns of the table", .args = args},
    .run = run};

/* boundary: which axes of the lattice are periodic (p) or open (f).

   Stands before `lattice`; axes that are not named are periodic.

       boundary f p */

#include <string.h>

#include "plug/command.h"

struct boundary {
    struct instance head;
    struct arg_list axis;
};

static const struct arg args[] = {
    {ARG_LIST, "axis", AT(struct boundary, axis), .syntax = "p|f [p|f [p|f]]",
     .bounded = true, .min = 1, .max = 3,
     .doc = "one letter an axis: p periodic, f open"},
    {0}};

static int run(struct adele *ctx, void *self, const struct words *words)
{
    const struct boundary *c = self;
    bool periodic[3] = {true, true, true};
    for (int i = 0; i < c->axis.n; i++) {
        const struct word *w = &c->axis.word[i];
        if (strcmp(w->text, "p") && strcmp(w->text, "f"))
            return err_deck(ctx, &w->where,
                            "boundary: expected p (periodic) or f (open), "
                            "found '%s'",
                            w->text);
        periodic[i] = w->text[0] == 'p';
    }
    if (ctx->lat)
        return err_deck(ctx, &words->word[0].where,
                        "boundary must stand before `lattice`; write `clear` "
                        "first to start anew");
    memcpy(ctx->boundary_periodic, periodic, sizeof periodic);
    return 0;
}

const struct command_style command_boundary = {
    .style = {STYLE_HEAD(command, "boundary", struct boundary),
              .summary = "make the axes of the lattice periodic or open",
              .args = args},
    .run = run};

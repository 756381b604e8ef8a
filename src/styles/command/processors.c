/* processors: how the lattice is cut over processes.  A serial program has
   one, so `*` and 1 are all that it accepts.

       processors * * * */

#include <string.h>

#include "plug/command.h"

struct processors {
    struct instance head;
    struct arg_list cut;
};

static const struct arg args[] = {
    {ARG_LIST, "cut", AT(struct processors, cut), .syntax = "Px [Py [Pz]]",
     .bounded = true, .min = 1, .max = 3,
     .doc = "processes along each axis, * to choose"},
    {0}};

static int run(struct adele *ctx, void *self, const struct words *words)
{
    const struct processors *c = self;
    (void)words;
    for (int i = 0; i < c->cut.n; i++) {
        const struct word *w = &c->cut.word[i];
        int64_t n = 1;
        if (strcmp(w->text, "*") && (!text_integer(w->text, &n) || n < 1))
            return err_deck(ctx, &w->where,
                            "processors: expected * or an integer > 0, found "
                            "'%s'",
                            w->text);
        if (n > 1)
            return err_deck(ctx, &w->where,
                            "processors: this adele runs as one process and "
                            "cannot use %lld along axis %d; more need a "
                            "program built with MPI",
                            (long long)n, i + 1);
    }
    return 0;
}

const struct command_style command_processors = {
    .style = {STYLE_HEAD(command, "processors", struct processors),
              .summary = "cut the lattice over processes", .args = args},
    .run = run};

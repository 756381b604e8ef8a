/* uncompute ID: removes a compute.  What still names it (thermo columns,
   dumps, formulas) reports that it is gone at its next use. */

#include <string.h>

#include "plug/command.h"
#include "plug/compute.h"
#include "plug/registry.h"

struct command {
    struct instance head;
    struct arg_list id;
};

static const struct arg args[] = {{ARG_LIST, "ID", AT(struct command, id),
                                   .bounded = true, .min = 1, .max = 1,
                                   .doc = "name of the compute"},
                                  {0}};

enum { NAMES_SHOWN = 64 };

static int unknown(struct adele *ctx, const struct word *w)
{
    const char *names[NAMES_SHOWN];
    size_t n = 0;
    for (int k = 0; k < ctx->computes.n && n < NAMES_SHOWN; k++)
        names[n++] = ctx->computes.item[k]->head.id;
    return err_unknown(ctx, &w->where, "compute", w->text, names, n);
}

static int run(struct adele *ctx, void *self, const struct words *words)
{
    (void)words;
    const struct command *command = self;
    const struct word *id = &command->id.word[0];
    for (int k = 0; k < ctx->computes.n; k++) {
        struct compute *c = ctx->computes.item[k];
        if (strcmp(c->head.id, id->text))
            continue;
        LIST_REMOVE(ctx->computes, k);
        instance_free(ctx, &c->head);
        ctx->step_tag = ++ctx->clock; /* what was read from it is stale */
        return ADELE_OK;
    }
    return unknown(ctx, id);
}

const struct command_style command_uncompute = {
    .style = {STYLE_HEAD(command, "uncompute", struct command),
              .summary = "remove a measurement", .args = args},
    .run = run,
};

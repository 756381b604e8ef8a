/* unfix ID: removes a fix. */

#include <string.h>

#include "plug/command.h"
#include "plug/fix.h"
#include "plug/registry.h"

struct unfix {
    struct instance head;
    char *id;
};

static const struct arg args[] = {
    {ARG_WORD, "ID", AT(struct unfix, id), .doc = "name of the fix"}, {0}};

static int run(struct adele *ctx, void *self, const struct words *words)
{
    const struct unfix *s = self;

    for (int k = 0; k < ctx->fixes.n; k++) {
        struct fix *f = ctx->fixes.item[k];

        if (strcmp(f->head.id, s->id))
            continue;
        LIST_REMOVE(ctx->fixes, k);
        instance_free(ctx, &f->head);
        return 0;
    }
    return fix_unknown(ctx, &words->word[1]);
}

const struct command_style command_unfix = {
    .style = {STYLE_HEAD(command, "unfix", struct unfix),
              .summary = "remove a fix", .args = args},
    .run = run,
};

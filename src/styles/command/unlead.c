/* unlead ID: removes a lead. */

#include <string.h>

#include "plug/command.h"
#include "plug/lead.h"

struct unlead {
    struct instance head;
    char *id;
};

static const struct arg args[] = {
    {ARG_WORD, "ID", AT(struct unlead, id), .doc = "name of the lead"}, {0}};

static int run(struct adele *ctx, void *self, const struct words *words)
{
    const struct unlead *s = self;

    for (int k = 0; k < ctx->leads.n; k++) {
        struct lead *l = ctx->leads.item[k];

        if (strcmp(l->id, s->id))
            continue;
        LIST_REMOVE(ctx->leads, k);
        lead_free(l);
        adele_touch_parameters(ctx);
        return 0;
    }
    return lead_unknown(ctx, &words->word[1]);
}

const struct command_style command_unlead = {
    .style = {STYLE_HEAD(command, "unlead", struct unlead),
              .summary = "remove a lead", .args = args},
    .run = run,
};

/* undump ID ..: completes, closes and forgets dumps. */

#include "plug/command.h"
#include "plug/dump.h"

struct undump {
    struct instance head;
    struct arg_list id;
};

static const struct arg args[] = {{ARG_REST, "ID", AT(struct undump, id),
                                   .min = 1, .bounded = true,
                                   .doc = "names of dumps"},
                                  {0}};

static int check(struct adele *ctx, const struct arg_list *id)
{
    for (int k = 0; k < id->n; k++)
        if (!dump_find(ctx, id->word[k].text))
            return err_deck(ctx, &id->word[k].where,
                            "undump: there is no dump '%s'", id->word[k].text);
    return ADELE_OK;
}

static int forget(struct adele *ctx, const char *id)
{
    for (int k = 0; k < ctx->dumps.n; k++) {
        struct dump *d = ctx->dumps.item[k];
        if (d != dump_find(ctx, id))
            continue;
        LIST_REMOVE(ctx->dumps, k);
        return dump_free(ctx, d);
    }
    return ADELE_OK;
}

static int run(struct adele *ctx, void *self, const struct words *words)
{
    struct undump *c = self;
    (void)words;
    int status = check(ctx, &c->id);
    for (int k = 0; !status && k < c->id.n; k++)
        status = forget(ctx, c->id.word[k].text);
    return status;
}

const struct command_style command_undump = {
    .style = {STYLE_HEAD(command, "undump", struct undump),
              .summary = "complete and close dumps", .args = args},
    .run = run};

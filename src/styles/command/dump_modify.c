/* dump_modify ID KEYWORD VALUE ..: changes how a dump writes. */

#include "plug/command.h"
#include "plug/dump.h"

struct dump_modify {
    struct instance head;
    char *id;
    struct arg_list rest;
};

static const struct arg args[] = {
    {ARG_WORD, "ID", AT(struct dump_modify, id), .doc = "name of the dump"},
    {ARG_REST, "KEYWORD", AT(struct dump_modify, rest), .min = 1,
     .bounded = true, .syntax = "KEYWORD VALUE ...",
     .doc = "every N|v_name, delay N, append, first, flush yes|no, pad N, "
            "thresh COLUMN OP VALUE|none, and the keywords of the style"},
    {0}};

/* The dump of that name, or an error with the known names. */
static struct dump *named(struct adele *ctx, const struct dump_modify *c)
{
    struct dump *d = dump_find(ctx, c->id);
    if (d)
        return d;
    err_deck(ctx, NULL, "dump_modify: there is no dump '%s'%s", c->id,
             ctx->dumps.n ? "" : "; write `dump ID ..` before");
    return NULL;
}

static int run(struct adele *ctx, void *self, const struct words *words)
{
    struct dump_modify *c = self;
    (void)words;
    struct dump *d = named(ctx, c);
    if (!d)
        return ctx->error.status;
    struct words rest = {c->rest.word[0].where.line, c->rest.word, c->rest.n};
    return dump_modify(ctx, d, &rest);
}

const struct command_style command_dump_modify = {
    .style = {STYLE_HEAD(command, "dump_modify", struct dump_modify),
              .summary = "change how a dump writes", .args = args},
    .run = run};

/* dump ID GROUP STYLE N FILE ..: writes configurations during runs. */

#include <string.h>

#include "plug/command.h"
#include "plug/dump.h"
#include "plug/registry.h"

struct command_dump {
    struct instance head;
    char *id;
    int group;
    struct arg_list rest;
};

static const struct arg args[] = {
    {ARG_WORD, "ID", AT(struct command_dump, id), .doc = "name of the dump"},
    {ARG_GROUP, "GROUP", AT(struct command_dump, group),
     .doc = "sites to write"},
    {ARG_REST, "STYLE", AT(struct command_dump, rest), .min = 1,
     .bounded = true, .syntax = "STYLE N FILE ...",
     .doc = "dump style, steps between snapshots, file, and the style's own "
            "arguments (help dump)"},
    {0}};

static int run(struct adele *ctx, void *self, const struct words *words)
{
    struct command_dump *c = self;
    (void)words;
    if (dump_find(ctx, c->id))
        return err_deck(ctx, NULL,
                        "dump: there is a dump '%s' already; undump it first "
                        "or take another ID",
                        c->id);
    struct words rest = {c->rest.word[0].where.line, c->rest.word, c->rest.n};
    struct dump *d = dump_new(ctx, c->id, c->group, &rest);
    if (!d)
        return ctx->error.status;
    if (!LIST_ADD(ctx->dumps, d))
        return ADELE_OK;
    dump_free(ctx, d);
    return err_memory(ctx, "the list of dumps", 1024);
}

const struct command_style command_dump = {
    .style = {STYLE_HEAD(command, "dump", struct command_dump),
              .summary = "write configurations during runs", .args = args},
    .run = run};

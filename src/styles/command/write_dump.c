/* write_dump GROUP STYLE FILE .. [modify ..]: one snapshot, now. */

#include <string.h>

#include "base/mem.h"
#include "plug/command.h"
#include "plug/dump.h"

struct write_dump {
    struct instance head;
    int group;
    struct arg_list style, modify;
};

static const struct arg args[] = {
    {ARG_GROUP, "GROUP", AT(struct write_dump, group), .doc = "sites to write"},
    {ARG_LIST, "STYLE", AT(struct write_dump, style), .min = 2, .bounded = true,
     .syntax = "STYLE FILE ...",
     .doc = "dump style, file, and the style's own arguments (help dump)"},
    {ARG_REST, "modify", AT(struct write_dump, modify), .key = true,
     .syntax = "KEYWORD VALUE ...", .doc = "what follows goes to dump_modify"},
    {0}};

/* A dump of the words STYLE FILE .. with an N put in between. */
static struct dump *make(struct adele *ctx, const struct write_dump *c)
{
    int n = c->style.n + 1;
    struct word *word = mem_alloc((size_t)n, sizeof *word);
    char one[] = "1";
    if (!word) {
        err_memory(ctx, "write_dump", (double)n * sizeof *word);
        return NULL;
    }
    word[0] = word[1] = c->style.word[0];
    word[1].text = one;
    memcpy(word + 2, c->style.word + 1, (size_t)(n - 2) * sizeof *word);
    struct words words = {word[0].where.line, word, n};
    struct dump *d = dump_new(ctx, NULL, c->group, &words);
    mem_free(word);
    return d;
}

static int run(struct adele *ctx, void *self, const struct words *words)
{
    struct write_dump *c = self;
    (void)words;
    struct dump *d = make(ctx, c);
    if (!d)
        return ctx->error.status;
    int status = ADELE_OK;
    if (c->modify.n) {
        struct words rest = {c->modify.word[0].where.line, c->modify.word,
                             c->modify.n};
        status = dump_modify(ctx, d, &rest);
    }
    if (!status && !ctx->check_only)
        status = dump_snapshot(ctx, d);
    int closed = dump_free(ctx, d);
    return status ? status : closed;
}

const struct command_style command_write_dump = {
    .style = {STYLE_HEAD(command, "write_dump", struct write_dump),
              .summary = "write one snapshot now", .args = args},
    .run = run};

/* fix ID GROUP STYLE args: makes a fix, something that acts during runs.

   A fix of the same ID is replaced, in its place in the order, when style and
   group are the same, as in LAMMPS.  After read_restart a fix of the ID and
   style that was saved gets its state back. */

#include "plug/fix.h"

#include <ctype.h>
#include <string.h>

#include "base/mem.h"
#include "plug/command.h"
#include "plug/registry.h"
#include "run/restart.h"

struct fix_command {
    struct instance head;
    char *id;
    int group;
    struct arg_list rest;
};

static const struct arg args[] = {
    {ARG_WORD, "ID", AT(struct fix_command, id),
     .doc = "name of the fix: letters, digits, underscores"},
    {ARG_GROUP, "GROUP", AT(struct fix_command, group),
     .doc = "the sites that it acts on"},
    {ARG_REST, "STYLE args", AT(struct fix_command, rest), .bounded = true,
     .min = 1, .doc = "style of the fix and its arguments"},
    {0}};

static void name_it(void *self, void *data)
{
    struct fix *f = self;
    struct fix_command *c = data;

    f->head.id = c->id;
    f->head.group = c->group;
    c->id = NULL;
}

static int check_id(struct adele *ctx, const char *id)
{
    for (const char *p = id; *p; p++) {
        if (!isalnum((unsigned char)*p) && *p != '_')
            return err_deck(ctx, &ctx->command->word[1].where,
                            "fix: expected an ID of letters, digits and "
                            "underscores, found '%s'",
                            id);
    }
    return 0;
}

/* Where the fix of that ID stands, or -1. */
static int place_of(const struct adele *ctx, const char *id)
{
    for (int k = 0; k < ctx->fixes.n; k++) {
        if (strcmp(ctx->fixes.item[k]->head.id, id) == 0)
            return k;
    }
    return -1;
}

static int check_replace(struct adele *ctx, const struct fix_command *c,
                         const struct fix *old)
{
    const char *style = old->head.style->name;

    if (registry_find(ctx, "fix", c->rest.word[0].text) != old->head.style)
        return err_deck(ctx, &c->rest.word[0].where,
                        "fix %s exists with style %s; `unfix %s` it before "
                        "it gets another style",
                        c->id, style, c->id);
    if (c->group != old->head.group)
        return err_deck(ctx, &ctx->command->word[2].where,
                        "fix %s (%s) exists for group %s; `unfix %s` it "
                        "before it gets another group",
                        c->id, style, ctx->groups.name[old->head.group], c->id);
    return 0;
}

static int run(struct adele *ctx, void *self, const struct words *words)
{
    struct fix_command *c = self;
    struct words rest = {words->line, c->rest.word, c->rest.n};
    int at;
    struct fix *f;

    if (need_lattice(ctx) || check_id(ctx, c->id))
        return ctx->error.status;
    at = place_of(ctx, c->id);
    if (at >= 0 && check_replace(ctx, c, ctx->fixes.item[at]))
        return ctx->error.status;
    f = (struct fix *)(void *)instance_new(ctx, "fix", &rest, name_it, c);
    if (!f)
        return ctx->error.status;
    if (restart_hand_back(ctx, &f->head)) {
        instance_free(ctx, &f->head);
        return ctx->error.status;
    }
    if (at >= 0) {
        instance_free(ctx, &ctx->fixes.item[at]->head);
        ctx->fixes.item[at] = f;
        return 0;
    }
    if (LIST_ADD(ctx->fixes, f)) {
        instance_free(ctx, &f->head);
        return err_memory(ctx, "the list of fixes", sizeof(struct fix *));
    }
    return 0;
}

const struct command_style command_fix = {
    .style = {STYLE_HEAD(command, "fix", struct fix_command),
              .summary = "make a fix, something that acts during runs",
              .args = args},
    .run = run,
};

/* region: names a part of space for `group ID region R`; `region ID delete`
   removes it.

       region ID STYLE args [side in|out] */

#include "plug/region.h"

#include <ctype.h>
#include <string.h>

#include "base/mem.h"
#include "plug/command.h"
#include "plug/registry.h"

struct region_command {
    struct instance head;
    struct arg_list id;
    struct arg_list style;
};

static const struct arg args[] = {
    {ARG_LIST, "ID", AT(struct region_command, id), .bounded = true, .min = 1,
     .max = 1, .doc = "name of the region: letters, digits, underscores"},
    {ARG_REST, "STYLE", AT(struct region_command, style),
     .syntax = "{STYLE args | delete}", .bounded = true, .min = 1,
     .doc = "region style and its arguments: help region lists them"},
    {0}};

static void prepare(void *self, void *data)
{
    struct region *r = self;
    char **id = data;
    r->head.id = *id;
    *id = NULL;
}

static int region_delete(struct adele *ctx, const struct word *id)
{
    const struct region *user = region_user(ctx, id->text);
    if (user)
        return err_deck(ctx, &id->where,
                        "region '%s' is part of region '%s'; delete that first",
                        id->text, user->head.id);
    for (int i = 0; i < ctx->regions.n; i++) {
        struct region *r = ctx->regions.item[i];
        if (strcmp(r->head.id, id->text) != 0)
            continue;
        LIST_REMOVE(ctx->regions, i);
        instance_free(ctx, &r->head);
        return 0;
    }
    return region_unknown(ctx, id);
}

static int check_id(struct adele *ctx, const struct word *w)
{
    for (const char *s = w->text; *s; s++)
        if (!isalnum((unsigned char)*s) && *s != '_')
            return err_deck(ctx, &w->where,
                            "region ID '%s': only letters, digits and "
                            "underscores are allowed",
                            w->text);
    const struct region *r = region_find(ctx, w->text);
    if (!r)
        return 0;
    return err_deck(ctx, &w->where,
                    "there is a region '%s' already (%s); `region %s delete` "
                    "removes it",
                    w->text, r->head.style->name, w->text);
}

static int run(struct adele *ctx, void *self, const struct words *words)
{
    const struct region_command *c = self;
    const struct word *id = &c->id.word[0];
    if (c->style.n == 1 && strcmp(c->style.word[0].text, "delete") == 0)
        return region_delete(ctx, id);
    int status = check_id(ctx, id);
    if (status)
        return status;
    char *name = mem_strdup(id->text);
    if (!name)
        return err_memory(ctx, "the ID of a region", 64);
    struct words style = {words->line, c->style.word, c->style.n};
    struct instance *r = instance_new(ctx, "region", &style, prepare, &name);
    mem_free(name);
    if (!r)
        return ctx->error.status;
    if (LIST_ADD(ctx->regions, (struct region *)r)) {
        instance_free(ctx, r);
        return err_memory(ctx, "the list of regions", 64);
    }
    return 0;
}

const struct command_style command_region = {
    .style = {STYLE_HEAD(command, "region", struct region_command),
              .summary = "name a part of space", .args = args},
    .run = run};

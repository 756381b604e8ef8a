/* compute ID GROUP STYLE args: defines a measurement, read as c_ID, c_ID[i],
   c_ID[i][j] by thermo columns, formulas, dumps and averages. */

#include <ctype.h>
#include <string.h>

#include "base/mem.h"
#include "plug/command.h"
#include "plug/compute.h"
#include "plug/registry.h"

struct command {
    struct instance head;
    struct arg_list id;
    int group;
    struct arg_list style;
};

static const struct arg args[] = {
    {ARG_LIST, "ID", AT(struct command, id), .bounded = true, .min = 1,
     .max = 1, .doc = "name of the compute: letters, digits, underscores"},
    {ARG_GROUP, "GROUP", AT(struct command, group),
     .doc = "the sites that are measured"},
    {ARG_REST, "STYLE args", AT(struct command, style), .bounded = true,
     .min = 1, .syntax = "STYLE args",
     .doc = "compute style and its arguments"},
    {0}};

struct head {
    char *id;
    int group;
};

static void prepare(void *self, void *data)
{
    struct instance *c = self;
    struct head *head = data;
    c->id = head->id;
    c->group = head->group;
    head->id = NULL;
}

static int check_id(struct adele *ctx, const struct word *w)
{
    for (const char *s = w->text; *s; s++)
        if (!isalnum((unsigned char)*s) && *s != '_')
            return err_deck(ctx, &w->where,
                            "compute ID '%s': only letters, digits and "
                            "underscores are allowed",
                            w->text);
    const struct compute *c = compute_find(ctx, w->text);
    if (!c)
        return ADELE_OK;
    return err_deck(ctx, &w->where,
                    "there is a compute '%s' already (%s); `uncompute %s` "
                    "removes it",
                    w->text, c->head.style->name, w->text);
}

static int run(struct adele *ctx, void *self, const struct words *words)
{
    struct command *command = self;
    const struct word *id = &command->id.word[0];
    int status = need_lattice(ctx);
    if (!status)
        status = check_id(ctx, id);
    if (status)
        return status;

    struct head head = {mem_strdup(id->text), command->group};
    if (!head.id)
        return err_memory(ctx, "the ID of a compute", 64);
    struct words style = {words->line, command->style.word, command->style.n};
    struct instance *c = instance_new(ctx, "compute", &style, prepare, &head);
    mem_free(head.id);
    if (!c)
        return ctx->error.status;
    if (LIST_ADD(ctx->computes, (struct compute *)c)) {
        instance_free(ctx, c);
        return err_memory(ctx, "the list of computes", 64);
    }
    ctx->step_tag = ++ctx->clock; /* an ID that came back names another thing */
    return ADELE_OK;
}

const struct command_style command_compute = {
    .style = {STYLE_HEAD(command, "compute", struct command),
              .summary = "define a measurement", .args = args},
    .run = run,
};

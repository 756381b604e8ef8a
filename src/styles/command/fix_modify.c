/* fix_modify ID keyword value ..: changes options of a fix.

   The keywords are those of the style: see its page. */

#include "base/text.h"
#include "plug/command.h"
#include "plug/fix.h"

struct fix_modify {
    struct instance head;
    char *id;
    struct arg_list rest;
};

static const struct arg args[] = {
    {ARG_WORD, "ID", AT(struct fix_modify, id), .doc = "name of the fix"},
    {ARG_REST, "keyword value", AT(struct fix_modify, rest), .bounded = true,
     .min = 1, .doc = "options of its style, for example `energy yes`"},
    {0}};

static int run(struct adele *ctx, void *self, const struct words *words)
{
    struct fix_modify *s = self;
    struct words rest = {words->line, s->rest.word, s->rest.n};
    struct fix *f = fix_find(ctx, s->id);
    struct text what = {0};
    const struct arg *table;
    int status;

    if (!f)
        return fix_unknown(ctx, &words->word[1]);
    table = ((const struct fix_style *)f->head.style)->modify;
    if (!table)
        return err_deck(ctx, &s->rest.word[0].where,
                        "fix %s (%s) has no options to modify", s->id,
                        f->head.style->name);
    text_addf(&what, "fix_modify %s (%s)", s->id, f->head.style->name);
    status = args_parse(ctx, table, what.s ? what.s : "fix_modify", &rest, f);
    text_free(&what);
    return status;
}

const struct command_style command_fix_modify = {
    .style = {STYLE_HEAD(command, "fix_modify", struct fix_modify),
              .summary = "change options of a fix", .args = args},
    .run = run,
};

/* help: lists the commands and the styles of a kind, explains one of them.

   help                    all commands and kinds of styles
   help fix                the fixes (also `pair_style` for `pair`)
   help fix langevin       usage of one
   help run                usage of a command */

#include <string.h>

#include "expr/keyword.h"
#include "input/control.h"
#include "plug/registry.h"

enum { NAMES_MAX = 1024, COLUMNS = 78 };

static void list(struct text *out, const char *title, const char *const *names,
                 int n)
{
    size_t column = 4;
    text_addf(out, "%s:\n   ", title);
    for (int k = 0; k < n; k++) {
        size_t length = strlen(names[k]) + 1;
        if (column + length > COLUMNS) {
            text_add(out, "\n   ");
            column = 4;
        }
        text_addf(out, " %s", names[k]);
        column += length;
    }
    text_addc(out, '\n');
}

static void overview(struct text *out)
{
    const char *names[NAMES_MAX];
    int n = command_names(names, NAMES_MAX);
    list(out, "commands", names, n);
    n = registry_kinds(names, NAMES_MAX);
    list(out, "kinds of styles", names, n);
    text_add(out, "help NAME explains a command, help KIND lists its styles, "
                  "help KIND STYLE explains one;\nhelp thermo lists the thermo "
                  "keywords.\n");
}

static void explain_control(const struct control *c, struct text *out)
{
    text_addf(out, "%s\n\n    %s\n", c->usage, c->doc);
}

static void thermo_keywords(struct text *out)
{
    int n;
    const char *const *names = keyword_names(&n);
    text_add(out, "\nthermo keywords:\n");
    for (int k = 0; k < n; k++) {
        const struct keyword *key = keyword_find(names[k]);
        text_addf(out, "    %-12s %s%s%s%s\n", key->name, key->doc,
                  *key->unit ? " [" : "", key->unit, *key->unit ? "]" : "");
    }
}

/* "pair" and "pair_style" alike; NULL when it is no kind. */
static const char *kind_of(const char *word)
{
    const char *kinds[32];
    int n = registry_kinds(kinds, 32);
    for (int k = 0; k < n; k++) {
        size_t length = strlen(kinds[k]);
        if (!strncmp(word, kinds[k], length) &&
            (!word[length] || !strcmp(word + length, "_style")))
            return kinds[k];
    }
    return strcmp(word, "control") ? NULL : "control";
}

static void list_kind(struct adele *ctx, const char *kind, struct text *out)
{
    const char *names[NAMES_MAX];
    int n = registry_names(kind, names, NAMES_MAX);
    text_addf(out, "%s styles:\n", kind);
    for (int k = 0; k < n; k++) {
        const struct style *s = registry_find(ctx, kind, names[k]);
        text_addf(out, "  %-16s %s\n", names[k],
                  s && s->summary ? s->summary : "");
    }
}

static void list_controls(struct text *out)
{
    int n;
    const char *const *names = input_control_names(&n);
    text_add(out, "control commands:\n");
    for (int k = 0; k < n; k++)
        text_addf(out, "  %-16s %s\n", names[k], control_find(names[k])->doc);
}

static int explain_word(struct adele *ctx, const struct word *w,
                        struct text *out)
{
    const char *kind = kind_of(w->text), *names[NAMES_MAX];
    const struct style *command = registry_find(ctx, "command", w->text);
    const struct control *control = control_find(w->text);
    if (kind && command) {
        style_help(command, out);
        text_addc(out, '\n');
    }
    if (kind && !strcmp(kind, "control"))
        list_controls(out);
    else if (kind)
        list_kind(ctx, kind, out);
    else if (control)
        explain_control(control, out);
    else if (command)
        style_help(command, out);
    else if (!strcmp(w->text, "thermo_keywords"))
        thermo_keywords(out);
    else {
        int n = command_names(names, NAMES_MAX);
        n += registry_kinds(names + n, NAMES_MAX - n);
        return err_unknown(ctx, &w->where, "command or kind of style", w->text,
                           names, (size_t)n);
    }
    if (!strcmp(w->text, "thermo") || !strcmp(w->text, "thermo_style"))
        thermo_keywords(out);
    return ADELE_OK;
}

static int explain_style(struct adele *ctx, const struct words *w,
                         struct text *out)
{
    const char *kind = kind_of(w->word[1].text), *names[NAMES_MAX];
    const struct word *name = &w->word[2];
    if (!kind)
        return explain_word(ctx, &w->word[1], out)
                   ? ctx->error.status
                   : err_deck(ctx, &name->where,
                              "help: '%s' has no styles, found '%s'",
                              w->word[1].text, name->text);
    if (!strcmp(kind, "control")) {
        int n;
        const char *const *control = input_control_names(&n);
        if (!control_find(name->text))
            return err_unknown(ctx, &name->where, "control command", name->text,
                               control, (size_t)n);
        explain_control(control_find(name->text), out);
        return ADELE_OK;
    }
    const struct style *style = registry_find(ctx, kind, name->text);
    if (style) {
        style_help(style, out);
        return ADELE_OK;
    }
    struct text what = {0};
    int n = registry_names(kind, names, NAMES_MAX);
    text_addf(&what, "%s style", kind);
    int status = err_unknown(ctx, &name->where, what.s ? what.s : kind,
                             name->text, names, (size_t)n);
    text_free(&what);
    return status;
}

int control_help(struct adele *ctx, const struct words *w)
{
    struct text out = {0};
    int status = ADELE_OK;
    if (w->n == 1)
        overview(&out);
    else if (w->n == 2)
        status = explain_word(ctx, &w->word[1], &out);
    else
        status = explain_style(ctx, w, &out);
    if (!status && out.failed)
        status = err_memory(ctx, "the help", 1024);
    if (!status)
        log_write(&ctx->log, out.s);
    text_free(&out);
    return status;
}

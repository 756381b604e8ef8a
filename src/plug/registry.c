/* The styles of the program and their instances.

   Built-in styles come from the table that the build writes; `plugin load`
   adds more.  Plugins outlive the simulation that loaded them (a shared
   object cannot be unloaded while instances may exist), so their list is the
   process's, like the built-in table. */

#include "plug/registry.h"

#include <string.h>

#include "base/mem.h"
#include "plug/command.h"
#include "plug/compute.h"
#include "plug/descriptor.h"
#include "plug/dump.h"
#include "plug/fix.h"
#include "plug/lattice_style.h"
#include "plug/model.h"
#include "plug/network.h"
#include "plug/network.h"
#include "plug/optimizer.h"
#include "plug/pair.h"
#include "plug/region.h"
#include "plug/registry_table.h"

enum { PLUGIN_MAX = 256, NAME_MAX_STYLES = 1024 };

static const struct style *plugin[PLUGIN_MAX];
static int nplugin;

struct kind {
    const char *name, *usage; /* words before the arguments; %s: style name */
    uint32_t size;
};

static const struct kind kinds[] = {
    {"command", "%s", sizeof(struct command_style)},
    {"compute", "compute ID GROUP %s", sizeof(struct compute_style)},
    {"descriptor", "descriptor %s", sizeof(struct descriptor_style)},
    {"dump", "dump ID GROUP %s", sizeof(struct dump_style)},
    {"fix", "fix ID GROUP %s", sizeof(struct fix_style)},
    {"lattice", "lattice %s", sizeof(struct lattice_style)},
    {"model", "model %s", sizeof(struct model_style)},
    {"network", "network %s", sizeof(struct network_style)},
    {"optimizer", "optimizer %s", sizeof(struct optimizer_style)},
    {"network", "network %s", sizeof(struct network_style)},
    {"pair", "pair_style %s", sizeof(struct pair_style)},
    {"region", "region ID %s", sizeof(struct region_style)},
};
enum { NKIND = sizeof kinds / sizeof *kinds };

static const struct kind *kind_find(const char *name)
{
    for (int i = 0; i < NKIND; i++) {
        if (strcmp(kinds[i].name, name) == 0)
            return &kinds[i];
    }
    return NULL;
}

/* The k-th style of all, built-in first; NULL at the end. */
static const struct style *style_at(int k)
{
    int n = 0;

    while (registry_built_in[n] && n < k)
        n++;
    if (registry_built_in[n])
        return registry_built_in[n];
    return k - n < nplugin ? plugin[k - n] : NULL;
}

static const struct style *lookup(const char *kind, const char *name)
{
    const struct style *s;

    for (int k = 0; (s = style_at(k)); k++) {
        if (strcmp(s->kind, kind) == 0 && strcmp(s->name, name) == 0)
            return s;
    }
    return NULL;
}

const struct style *registry_find(const struct adele *ctx, const char *kind,
                                  const char *name)
{
    if (ctx && ctx->suffix) {
        struct text full = {0};
        const struct style *s = NULL;

        text_addf(&full, "%s/%s", name, ctx->suffix);
        if (!full.failed)
            s = lookup(kind, full.s);
        text_free(&full);
        if (s)
            return s;
    }
    return lookup(kind, name);
}

int registry_names(const char *kind, const char **names, int capacity)
{
    const struct style *s;
    int n = 0;

    for (int k = 0; (s = style_at(k)); k++) {
        int at = n;

        if (strcmp(s->kind, kind) || n == capacity)
            continue;
        for (; at > 0 && strcmp(names[at - 1], s->name) > 0; at--)
            names[at] = names[at - 1];
        names[at] = s->name;
        n++;
    }
    return n;
}

int registry_kinds(const char **names, int capacity)
{
    int n = NKIND < capacity ? NKIND : capacity;

    for (int i = 0; i < n; i++)
        names[i] = kinds[i].name;
    return n;
}

int registry_add(struct adele *ctx, const struct style *style,
                 const struct where *where)
{
    const struct kind *kind;

    if (style->abi != ADELE_ABI)
        return err_deck(ctx, where,
                        "plugin made for interface %u, this adele has "
                        "interface %u: compile it again with the installed "
                        "headers",
                        (unsigned)style->abi, (unsigned)ADELE_ABI);
    kind = kind_find(style->kind);
    if (!kind)
        return err_deck(ctx, where, "plugin %s is of the unknown kind '%s'",
                        style->name, style->kind);
    if (style->size != kind->size)
        return err_deck(ctx, where,
                        "plugin %s %s: its style struct has %u bytes, this "
                        "adele expects %u: compile it again with the "
                        "installed headers",
                        style->kind, style->name, (unsigned)style->size,
                        (unsigned)kind->size);
    if (lookup(style->kind, style->name))
        return err_deck(ctx, where, "there is already a %s style '%s'",
                        style->kind, style->name);
    if (nplugin == PLUGIN_MAX)
        return err_deck(ctx, where, "more than %d plugins", PLUGIN_MAX);
    plugin[nplugin++] = style;
    return 0;
}

static int fail_style(struct adele *ctx, const char *kind, const struct word *w)
{
    const char *names[NAME_MAX_STYLES];
    int n = registry_names(kind, names, NAME_MAX_STYLES);
    struct text what = {0};
    int status;

    text_addf(&what, strcmp(kind, "command") ? "%s style" : "%s", kind);
    status = err_unknown(ctx, &w->where, what.s ? what.s : kind, w->text, names,
                         (size_t)n);
    text_free(&what);
    return status;
}

/* The command as it reads, for info, restart files and provenance. */
static char *words_join(const struct words *words)
{
    struct text t = {0};

    for (int i = 0; i < words->n; i++)
        text_addf(&t, "%s%s", i ? " " : "", words->word[i].text);
    return t.failed ? (text_free(&t), NULL) : t.s;
}

struct instance *instance_new(struct adele *ctx, const char *kind,
                              const struct words *words,
                              void (*prepare)(void *self, void *data),
                              void *data)
{
    const struct word *name = words->n > 0 ? &words->word[0] : NULL;
    const struct style *style;
    struct words rest = words_from(words, 1);
    struct instance *self;
    struct text what = {0};

    if (!name) {
        err_deck(ctx, NULL, "expected a %s style", kind);
        return NULL;
    }
    style = registry_find(ctx, kind, name->text);
    if (!style) {
        fail_style(ctx, kind, name);
        return NULL;
    }
    self = mem_zalloc(1, style->instance_size);
    if (!self) {
        err_memory(ctx, style->name, (double)style->instance_size);
        return NULL;
    }
    self->style = style;
    self->where = where_hold(name->where);
    self->text = words_join(words);
    if (prepare)
        prepare(self, data);
    text_addf(&what, strcmp(kind, "command") ? "%s %s" : "%.0s%s", kind,
              style->name);
    if (args_parse(ctx, style->args, what.s ? what.s : kind, &rest, self) ||
        (style->init && style->init(ctx, self))) {
        instance_free(ctx, self);
        self = NULL;
    }
    text_free(&what);
    return self;
}

void instance_free(struct adele *ctx, struct instance *self)
{
    const struct style *style;

    if (!self)
        return;
    style = self->style;
    if (style->fini)
        style->fini(ctx, self);
    args_free(ctx, style->args, self);
    mem_free(self->id);
    mem_free(self->text);
    where_release(&self->where);
    mem_free(self);
}

void style_usage(const struct style *style, struct text *out)
{
    const struct kind *kind = kind_find(style->kind);
    const char *mark = kind ? strstr(kind->usage, "%s") : NULL;

    if (mark) {
        text_addn(out, kind->usage, (size_t)(mark - kind->usage));
        text_add(out, style->name);
        text_add(out, mark + 2);
    } else {
        text_add(out, style->name);
    }
    if (style->args && style->args->kind) {
        text_addc(out, ' ');
        args_syntax(style->args, out);
    }
}

/* Keywords that can be changed later. */
static void add_modify(const struct style *style, struct text *out)
{
    const struct arg *modify = NULL;

    if (strcmp(style->kind, "dump") == 0)
        modify = ((const struct dump_style *)style)->modify;
    else if (strcmp(style->kind, "fix") == 0)
        modify = ((const struct fix_style *)style)->modify;
    if (!modify || !modify->kind)
        return;
    text_addf(out, "\nOf %s_modify, besides the common keywords:\n",
              style->kind);
    args_help(modify, out);
}

void style_help(const struct style *style, struct text *out)
{
    static const struct {
        enum shape shape;
        const char *name;
    } shapes[] = {{OUT_SCALAR, "scalar"},
                  {OUT_VECTOR, "vector"},
                  {OUT_ARRAY, "array"},
                  {OUT_SITE, "per-site"}};

    style_usage(style, out);
    text_addf(out, "\n    %s\n", style->summary ? style->summary : "");
    if (style->args && style->args->kind) {
        text_add(out, "\nArguments:\n");
        args_help(style->args, out);
    }
    if (style->outputs && style->outputs->name)
        text_add(out, "\nOutputs:\n");
    for (const struct output *o = style->outputs; o && o->name; o++) {
        for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
            if (shapes[i].shape == o->shape)
                text_addf(out, "    %-8s %-8s %-14s", shapes[i].name, o->index,
                          o->name);
        }
        if (o->unit && o->unit[0])
            text_addf(out, " [%s]", o->unit);
        text_addf(out, "  %s%s\n", o->doc ? o->doc : "",
                  o->extensive ? " (extensive)" : "");
    }
    add_modify(style, out);
    if (style->cite)
        text_addf(out, "\nCite: %s\n", style->cite);
}

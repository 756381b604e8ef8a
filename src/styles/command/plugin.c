/* plugin load FILE.so: styles compiled by the user.

   The shared object exports `adele_plugin`, a NULL-ended table of styles, as
   tools/plugin.sh makes it from a style's source file.  Its interface number
   and struct sizes are compared with this program's before a style is
   accepted. */

#include <dlfcn.h>
#include <string.h>

#include "base/mem.h"
#include "plug/command.h"
#include "plug/registry.h"

struct plugin {
    struct instance head;
    int action;
    char *file;
};

/* dlopen searches system folders unless the name holds a slash. */
static void *open_object(const char *file)
{
    struct text path = {0};
    void *object;

    if (!strchr(file, '/'))
        text_add(&path, "./");
    text_add(&path, file);
    object = path.failed ? NULL : dlopen(path.s, RTLD_NOW | RTLD_LOCAL);
    text_free(&path);
    return object;
}

static int plugin_run(struct adele *ctx, void *self, const struct words *words)
{
    struct plugin *p = self;
    const struct where *where = &words->word[words->n - 1].where;
    void *object = open_object(p->file);
    const struct style *const *table;

    if (!object)
        return err_deck(ctx, where, "plugin: cannot load '%s': %s", p->file,
                        dlerror());
    table = dlsym(object, "adele_plugin");
    if (!table) {
        dlclose(object);
        return err_deck(ctx, where,
                        "plugin: '%s' has no table adele_plugin; make it with "
                        "tools/plugin.sh",
                        p->file);
    }
    for (int i = 0; table[i]; i++) {
        if (registry_add(ctx, table[i], where))
            return ctx->error.status;
        log_printf(&ctx->log, "plugin %s: %s style %s\n", p->file,
                   table[i]->kind, table[i]->name);
    }
    return 0;
}

static const struct arg load_args[] = {
    {ARG_FILE, "FILE", AT(struct plugin, file), .doc = "the shared object"},
    {0}};

static const struct arg_case actions[] = {
    {"load", load_args, "add the styles of a shared object"}, {0}};

static const struct arg args[] = {{ARG_ONEOF, "action",
                                   AT(struct plugin, action), .cases = actions,
                                   .doc = "what to do"},
                                  {0}};

const struct command_style command_plugin = {
    .style = {STYLE_HEAD(command, "plugin", struct plugin),
              .summary = "load styles that you compiled yourself",
              .args = args},
    .run = plugin_run,
};

/* info CATEGORY ..: what the simulation consists of at this moment. */

#include <string.h>

#include <fftw3.h>
#include <gsl/gsl_version.h>
#include <hdf5.h>

#include "base/mem.h"
#include "expr/variable.h"
#include "plug/command.h"
#include "plug/compute.h"
#include "plug/dump.h"
#include "plug/fix.h"
#include "plug/lead.h"
#include "plug/model.h"
#include "plug/pair.h"
#include "plug/region.h"
#include "plug/registry.h"
#include "run/restart.h"

struct info {
    struct instance head;
    struct arg_list words;
};

static const struct arg args[] = {
    {ARG_REST, "category", AT(struct info, words), .syntax = "category ..",
     .bounded = true, .min = 1,
     .doc =
         "system, groups, regions, leads, computes, fixes, dumps, variables, "
         "styles [KIND], memory, time, config, all"},
    {0}};

static void show_system(struct adele *ctx, struct text *out)
{
    struct text setup = {0};
    char *rest, *line;

    text_add(out, "System\n");
    if (ctx->lat)
        restart_setup(ctx, &setup);
    for (rest = setup.s; (line = strsep(&rest, "\n")) && *line;)
        text_addf(out, "  %s\n", line);
    text_free(&setup);
    if (ctx->pair)
        text_addf(out, "  pair_style %s\n", ctx->pair->head.text);
    if (ctx->lat)
        text_addf(out, "  %lld sites, ", (long long)ctx->lat->nsite);
    else
        text_add(out, "  no lattice yet, ");
    text_addf(out, "step %lld, time %.15g, timestep %.15g\n",
              (long long)ctx->step, ctx->time, ctx->dt);
}

static void show_groups(struct adele *ctx, struct text *out)
{
    text_add(out, "Groups\n");
    for (int i = 0; i < GROUP_MAX && ctx->lat; i++) {
        if (ctx->groups.name[i] || i == 0)
            text_addf(out, "  %s: %lld sites\n",
                      i ? ctx->groups.name[i] : "all",
                      (long long)groups_count(&ctx->groups, i));
    }
}

static void add_instance(const struct adele *ctx, const struct instance *self,
                         struct text *out)
{
    const char *group = self->group ? ctx->groups.name[self->group] : "all";

    text_addf(out, "  %s: %s, group %s\n", self->id, self->text,
              group ? group : "?");
}

#define SHOW_LIST(function, title, list)                                       \
    static void function(struct adele *ctx, struct text *out)                  \
    {                                                                          \
        text_add(out, title "\n");                                             \
        for (int i = 0; i < ctx->list.n; i++)                                  \
            add_instance(ctx, &ctx->list.item[i]->head, out);                  \
    }
SHOW_LIST(show_computes, "Computes", computes)
SHOW_LIST(show_fixes, "Fixes", fixes)

static void show_dumps(struct adele *ctx, struct text *out)
{
    text_add(out, "Dumps\n");
    for (int i = 0; i < ctx->dumps.n; i++) {
        const struct dump *d = ctx->dumps.item[i];

        add_instance(ctx, &d->head, out);
        text_addf(out, "    %lld snapshots in %s\n", (long long)d->written,
                  d->path);
    }
}

static void show_regions(struct adele *ctx, struct text *out)
{
    text_add(out, "Regions\n");
    for (int i = 0; i < ctx->regions.n; i++)
        text_addf(out, "  %s: %s\n", ctx->regions.item[i]->head.id,
                  ctx->regions.item[i]->head.text);
}

static void show_leads(struct adele *ctx, struct text *out)
{
    struct text all = {0};
    char *rest, *line;

    text_add(out, "Leads\n");
    leads_describe(ctx, &all);
    for (rest = all.s; (line = strsep(&rest, "\n")) && *line;)
        text_addf(out, "  %s\n", line);
    text_free(&all);
}

static void show_variables(struct adele *ctx, struct text *out)
{
    text_add(out, "Variables\n");
    variables_describe(ctx, out);
}

static void show_memory(struct adele *ctx, struct text *out)
{
    char held[16], peak[16];

    text_addf(out, "Memory\n  %s held, %s at most",
              text_bytes(held, (double)mem_held()),
              text_bytes(peak, (double)mem_peak()));
    if (ctx->lat)
        text_addf(out, ", %.0f bytes a site",
                  (double)mem_held() / (double)ctx->lat->nsite);
    text_addc(out, '\n');
}

static void show_time(struct adele *ctx, struct text *out)
{
    char clock[24];

    text_addf(out, "Time\n  %s since the start\n",
              text_clock(clock, wall_time() - ctx->start_wall));
}

static void show_config(struct adele *ctx, struct text *out)
{
    unsigned h5[3] = {0};

    H5get_libversion(&h5[0], &h5[1], &h5[2]);
    text_addf(out,
              "Configuration\n  adele %s, style interface %d, %d OpenMP "
              "threads\n  GSL %s, %s, HDF5 %u.%u.%u\n  compiler %s\n",
              ADELE_VERSION, ADELE_ABI, ctx->nthread, GSL_VERSION, fftw_version,
              h5[0], h5[1], h5[2], __VERSION__);
}

static const struct category {
    const char *name;
    void (*show)(struct adele *ctx, struct text *out);
} categories[] = {{"config", show_config},
                  {"system", show_system},
                  {"groups", show_groups},
                  {"regions", show_regions},
                  {"leads", show_leads},
                  {"computes", show_computes},
                  {"fixes", show_fixes},
                  {"dumps", show_dumps},
                  {"variables", show_variables},
                  {"memory", show_memory},
                  {"time", show_time}};
enum { NCATEGORY = sizeof categories / sizeof *categories, STYLE_MAX = 256 };

static void add_styles(const char *kind, struct text *out)
{
    const char *names[STYLE_MAX];
    int n = registry_names(kind, names, STYLE_MAX);

    text_addf(out, "  %s:", kind);
    for (int i = 0; i < n; i++)
        text_addf(out, " %s", names[i]);
    text_addc(out, '\n');
}

/* `styles`, or `styles KIND`: *at is behind the word. */
static void show_styles(const struct arg_list *words, int *at, struct text *out)
{
    const char *kinds[STYLE_MAX];
    int n = registry_kinds(kinds, STYLE_MAX);

    text_add(out, "Styles\n");
    for (int i = 0; i < n && *at < words->n; i++) {
        if (strcmp(words->word[*at].text, kinds[i]))
            continue;
        add_styles(kinds[i], out);
        ++*at;
        return;
    }
    for (int i = 0; i < n; i++)
        add_styles(kinds[i], out);
}

static int unknown(struct adele *ctx, const struct word *w)
{
    const char *names[NCATEGORY + 2];

    for (int i = 0; i < NCATEGORY; i++)
        names[i] = categories[i].name;
    names[NCATEGORY] = "styles";
    names[NCATEGORY + 1] = "all";
    return err_unknown(ctx, &w->where, "category of info", w->text, names,
                       NCATEGORY + 2);
}

static int show(struct adele *ctx, const struct arg_list *words, int *at,
                struct text *out)
{
    const struct word *w = &words->word[(*at)++];
    bool all = strcmp(w->text, "all") == 0;
    bool known = all;

    for (int i = 0; i < NCATEGORY; i++) {
        if (!all && strcmp(w->text, categories[i].name))
            continue;
        categories[i].show(ctx, out);
        known = true;
    }
    if (all || strcmp(w->text, "styles") == 0) {
        show_styles(words, at, out);
        known = true;
    }
    return known ? 0 : unknown(ctx, w);
}

static int run(struct adele *ctx, void *self, const struct words *words)
{
    const struct info *c = self;
    struct text out = {0};
    int status = 0;

    (void)words;
    for (int at = 0; at < c->words.n && !status;)
        status = show(ctx, &c->words, &at, &out);
    if (!status && out.failed)
        status = err_memory(ctx, "info", 0);
    if (!status && out.s)
        log_write(&ctx->log, out.s);
    text_free(&out);
    return status;
}

const struct command_style command_info = {
    .style = {STYLE_HEAD(command, "info", struct info),
              .summary = "list what the simulation consists of", .args = args},
    .run = run};

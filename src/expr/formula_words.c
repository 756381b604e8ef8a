/* Functions of names in formulas: see formula_words.h. */

#include "expr/formula_words.h"

#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "core/kinetic.h"
#include "expr/variable.h"
#include "plug/column.h"
#include "plug/compute.h"
#include "plug/dump.h"
#include "plug/fix.h"
#include "plug/model.h"
#include "plug/region.h"
#include "plug/registry.h"

static int group_of(struct adele *ctx, const struct words_call *call, int k,
                    int *group)
{
    *group = 0;
    if (!ctx->lat)
        return formula_fail(ctx, &call->where, "%s() needs a lattice",
                            call->name);
    *group = groups_find(&ctx->groups, call->arg[k]);
    if (*group >= 0)
        return ADELE_OK;
    const char *names[GROUP_MAX];
    size_t n = 0;
    for (int g = 0; g < GROUP_MAX; g++)
        if (ctx->groups.name[g])
            names[n++] = ctx->groups.name[g];
    return err_unknown(ctx, &call->where, "group", call->arg[k], names, n);
}

static const struct region *region_of(struct adele *ctx,
                                      const struct words_call *call, int k)
{
    const struct region *r = region_find(ctx, call->arg[k]);
    if (!ctx->lat)
        formula_fail(ctx, &call->where, "%s() needs a lattice", call->name);
    else if (!r)
        formula_fail(ctx, &call->where, "unknown region '%s'", call->arg[k]);
    return ctx->lat ? r : NULL;
}

int words_column(struct adele *ctx, const char *name, const struct where *where,
                 double **out)
{
    if (!ctx->lat || ctx->error.status)
        return 1;
    struct word word = {.text = mem_strdup(name), .where = *where};
    struct column column;
    int status = word.text ? column_parse(ctx, &word, &column) : 1;
    mem_free(word.text);
    if (status) {
        error_clear(ctx);
        return 1;
    }
    *out = mem_alloc((size_t)ctx->lat->nlocal, sizeof **out);
    status = *out ? column_get(ctx, &column, *out)
                  : err_memory(ctx, "a per-site formula",
                               8.0 * (double)ctx->lat->nlocal);
    column_free(&column);
    if (!status)
        return ADELE_OK;
    mem_free(*out);
    *out = NULL;
    return status == 1 ? ADELE_ERUN : status;
}

/* 1 for the sites in the group and the region (-1, NULL: no condition). */
static int mask(struct adele *ctx, const struct words_call *call, int group,
                const struct region *region, struct item *out)
{
    double *v = NULL;
    if (words_column(ctx, "id", &call->where, &v) || !v)
        return err_memory(ctx, "a per-site formula",
                          8.0 * (double)ctx->lat->nlocal);
    for (int64_t i = 0; i < ctx->lat->nlocal; i++) {
        double r[3];
        bool in = group < 0 || groups_has(&ctx->groups, group, i);
        if (in && region) {
            lattice_position(ctx->lat, (int64_t)v[i] - 1, r);
            in = region_contains(ctx, region, r);
        }
        v[i] = in;
    }
    *out = (struct item){.shape = ITEM_SITE, .v = v, .n = ctx->lat->nlocal};
    return ADELE_OK;
}

int words_gmask(struct adele *ctx, const struct words_call *call,
                struct item *out)
{
    int group = 0, status = group_of(ctx, call, 0, &group);
    return status ? status : mask(ctx, call, group, NULL, out);
}

int words_rmask(struct adele *ctx, const struct words_call *call,
                struct item *out)
{
    const struct region *r = region_of(ctx, call, 0);
    return r ? mask(ctx, call, -1, r, out) : ctx->error.status;
}

int words_grmask(struct adele *ctx, const struct words_call *call,
                 struct item *out)
{
    int group = 0, status = group_of(ctx, call, 0, &group);
    const struct region *r = status ? NULL : region_of(ctx, call, 1);
    return r ? mask(ctx, call, group, r, out) : ctx->error.status;
}

int words_count(struct adele *ctx, const struct words_call *call,
                struct item *out)
{
    int group = 0, status = group_of(ctx, call, 0, &group);
    if (status)
        return status;
    if (call->n == 1) {
        out->s = (double)groups_count(&ctx->groups, group);
        return ADELE_OK;
    }
    status = words_grmask(ctx, call, out);
    if (status)
        return status;
    double sum = 0;
    for (int64_t i = 0; i < out->n; i++)
        sum += out->v[i];
    mem_free(out->v);
    *out = (struct item){.shape = ITEM_SCALAR, .s = sum};
    return ADELE_OK;
}

int words_kinetic(struct adele *ctx, const struct words_call *call,
                  struct item *out)
{
    int group = 0, status = group_of(ctx, call, 0, &group);
    if (status || !ctx->model)
        return status;
    return kinetic_energy(ctx, group, ctx->model->mass, &out->s);
}

int words_next(struct adele *ctx, const struct words_call *call,
               struct item *out)
{
    return variable_next_line(ctx, call->arg[0], &call->where, &out->s);
}

int words_is_file(struct adele *ctx, const struct words_call *call,
                  struct item *out)
{
    (void)ctx;
    out->s = access(call->arg[0], R_OK) == 0;
    return ADELE_OK;
}

int words_is_defined(struct adele *ctx, const struct words_call *call,
                     struct item *out)
{
    static const char *const kinds[] = {"compute", "dump",   "fix",
                                        "group",   "region", "variable"};
    const char *kind = call->arg[0], *id = call->arg[1];
    if (!strcmp(kind, "compute"))
        out->s = compute_find(ctx, id) != NULL;
    else if (!strcmp(kind, "dump"))
        out->s = dump_find(ctx, id) != NULL;
    else if (!strcmp(kind, "fix"))
        out->s = fix_find(ctx, id) != NULL;
    else if (!strcmp(kind, "group"))
        out->s = groups_find(&ctx->groups, id) >= 0;
    else if (!strcmp(kind, "region"))
        out->s = region_find(ctx, id) != NULL;
    else if (!strcmp(kind, "variable"))
        out->s = variable_exists(ctx, id);
    else
        return err_unknown(ctx, &call->where, "category", kind, kinds,
                           sizeof kinds / sizeof *kinds);
    return ADELE_OK;
}

int words_is_available(struct adele *ctx, const struct words_call *call,
                       struct item *out)
{
    const char *kinds[16], *kind = call->arg[0];
    int n = registry_kinds(kinds, 16);
    for (int k = 0; k < n; k++) {
        if (strcmp(kinds[k], kind))
            continue;
        out->s = registry_find(ctx, kind, call->arg[1]) != NULL;
        return ADELE_OK;
    }
    return err_unknown(ctx, &call->where, "category", kind, kinds, (size_t)n);
}

int words_setting(struct adele *ctx, const struct words_call *call,
                  struct item *out)
{
    static const char *const names[] = {"box_exist", "dimension", "natoms",
                                        "nsites",    "nlocal",    "nthreads",
                                        "world_size"};
    const struct lattice *lat = ctx->lat;
    const double value[] = {lat != NULL,
                            lat ? lat->shape.dim : 0,
                            lat ? (double)lat->nsite : 0,
                            lat ? (double)lat->nsite : 0,
                            lat ? (double)lat->nlocal : 0,
                            ctx->nthread,
                            1};
    size_t n = sizeof names / sizeof *names;
    for (size_t k = 0; k < n; k++) {
        if (strcmp(names[k], call->arg[0]))
            continue;
        out->s = value[k];
        return ADELE_OK;
    }
    return err_unknown(ctx, &call->where, "setting", call->arg[0], names, n);
}

/* lattice: the sites of the simulation.

   A second `lattice` replaces the first as long as nothing stands on it.

       lattice square 40 40 */

#include <math.h>

#include "plug/command.h"
#include "plug/lattice_style.h"

struct lattice_command {
    struct instance head;
    struct instance *size;
};

static const struct arg args[] = {
    {ARG_STYLE, "STYLE", AT(struct lattice_command, size),
     .style_kind = "lattice", .syntax = "STYLE L ...",
     .doc = "lattice and its lengths: help lattice lists them"},
    {0}};

static int check_unused(struct adele *ctx)
{
    const char *user = NULL;
    if (ctx->model)
        user = "a model stands";
    else if (ctx->pair)
        user = "a force style stands";
    else if (ctx->leads.n > 0)
        user = "a lead stands";
    else if (ctx->computes.n > 0)
        user = "a compute stands";
    else if (ctx->fixes.n > 0)
        user = "a fix stands";
    else if (ctx->dumps.n > 0)
        user = "a dump stands";
    if (!user)
        return 0;
    return err_deck(ctx, NULL,
                    "the lattice cannot change any more: %s on it; write "
                    "`clear` first to start anew",
                    user);
}

static int check_boundary(struct adele *ctx, const struct lattice_shape *shape)
{
    for (int i = shape->dim; i < 3; i++) {
        if (ctx->boundary_periodic[i])
            continue;
        return err_deck(ctx, NULL,
                        "lattice %s has %d %s, but `boundary` makes axis %d "
                        "open (f); leave that letter out",
                        shape->name, shape->dim,
                        shape->dim == 1 ? "axis" : "axes", i + 1);
    }
    return 0;
}

/* The pattern of the order parameter does not close on a periodic axis that
   holds no whole number of its periods. */
static void warn_seam(struct adele *ctx, const struct lattice *lat)
{
    for (int i = 0; i < lat->shape.dim; i++) {
        double periods = lat->shape.wave[i] * lat->n[i];
        if (!lat->shape.ordered || !lat->periodic[i] || lat->n[i] == 1 ||
            fabs(periods - round(periods)) < 1e-9)
            continue;
        log_warning(&ctx->log,
                    "lattice %s: the periodic length %d along axis %d holds no "
                    "whole number of periods of the order pattern; phi of "
                    "compute cdw changes sign across a seam there",
                    lat->shape.name, lat->n[i], i + 1);
    }
}

static void report(struct adele *ctx, const struct lattice *lat)
{
    struct text size = {0}, ends = {0};
    for (int i = 0; i < lat->shape.dim; i++) {
        text_addf(&size, "%s%d", i ? " x " : "", lat->n[i]);
        text_addf(&ends, " %c", lat->periodic[i] ? 'p' : 'f');
    }
    if (!size.failed && !ends.failed)
        log_printf(&ctx->log, "Lattice %s %s, boundary%s: %lld sites\n",
                   lat->shape.name, size.s, ends.s, (long long)lat->nsite);
    text_free(&size);
    text_free(&ends);
}

static void commit(struct adele *ctx, struct lattice *lat,
                   const struct groups *groups)
{
    field_free(ctx->state.onsite);
    ctx->state.onsite = NULL;
    groups_fini(&ctx->groups);
    lattice_free(ctx->lat);
    ctx->lat = lat;
    ctx->groups = *groups;
    adele_touch_parameters(ctx);
}

static int run(struct adele *ctx, void *self, const struct words *words)
{
    const struct lattice_command *c = self;
    const struct lattice_size *size = (struct lattice_size *)c->size;
    const struct lattice_shape *shape =
        &((const struct lattice_style *)size->head.style)->shape;
    int status = check_unused(ctx), n[3];
    if (status || (status = check_boundary(ctx, shape)))
        return status;

    for (int i = 0; i < 3; i++)
        n[i] = i < shape->dim ? (int)size->n[i] : 1;
    const char *why = NULL;
    struct lattice *lat = lattice_new(shape, n, ctx->boundary_periodic, &why);
    if (!lat)
        return err_deck(ctx, &words->word[0].where, "lattice %s: %s",
                        shape->name, why);
    struct groups groups;
    if (groups_init(&groups, lat->nlocal)) {
        lattice_free(lat);
        return err_memory(ctx, "the groups", 64);
    }
    commit(ctx, lat, &groups);
    report(ctx, lat);
    warn_seam(ctx, lat);
    return 0;
}

const struct command_style command_lattice = {
    .style = {STYLE_HEAD(command, "lattice", struct lattice_command),
              .summary = "make the sites of the simulation", .args = args},
    .run = run};

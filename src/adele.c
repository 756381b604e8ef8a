/* The library: making, clearing and freeing a simulation, and the calls of
   adele.h. */

#include "adele.h"

#include <omp.h>
#include <string.h>

#include <gsl/gsl_errno.h>
#include <hdf5.h>

#include "base/mem.h"
#include "expr/formula.h"
#include "expr/variable.h"
#include "input/input.h"
#include "plug/column.h"
#include "plug/compute.h"
#include "plug/dump.h"
#include "plug/fix.h"
#include "plug/lead.h"
#include "plug/model.h"
#include "plug/pair.h"
#include "plug/region.h"
#include "plug/registry.h"
#include "run/restart.h"
#include "run/thermo.h"

static const double default_timestep = 0.01;

/* The values that a new or cleared simulation starts from. */
static void reset(struct adele *ctx)
{
    for (int k = 0; k < 3; k++)
        ctx->boundary_periodic[k] = true;
    ctx->electrons = (struct electrons){0};
    ctx->step = ctx->tick = 0;
    ctx->time = 0;
    ctx->dt = default_timestep;
    ctx->run_first = ctx->run_last = ctx->run_begin = ctx->run_end = 0;
    ctx->parameter_tag = ++ctx->clock;
    ctx->step_tag = ++ctx->clock;
}

struct adele *adele_new(void (*print)(void *user, const char *text), void *user)
{
    struct adele *ctx = mem_zalloc(1, sizeof *ctx);

    if (!ctx)
        return NULL;
    gsl_set_error_handler_off();
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
    ctx->log.print = print;
    ctx->log.user = user;
    ctx->log.echo_file = true;
    ctx->nthread = omp_get_max_threads();
    ctx->start_wall = wall_time();
    ctx->execute = input_text;
    reset(ctx);
    if (variables_new(ctx) || thermo_new(ctx) || input_new(ctx)) {
        adele_free(ctx);
        return NULL;
    }
    return ctx;
}

#define FREE_ALL(list)                                                         \
    do {                                                                       \
        while ((list).n > 0)                                                   \
            instance_free(ctx, &(list).item[--(list).n]->head);                \
        mem_free((list).item);                                                 \
        (list).item = NULL;                                                    \
        (list).capacity = 0;                                                   \
    } while (0)

/* In the order opposite to dependence: dumps and fixes may hold references to
   computes, everything stands on the lattice. */
static void release(struct adele *ctx)
{
    FREE_ALL(ctx->dumps);
    FREE_ALL(ctx->fixes);
    FREE_ALL(ctx->computes);
    FREE_ALL(ctx->regions);
    leads_free(ctx);
    if (ctx->pair)
        instance_free(ctx, &ctx->pair->head);
    ctx->pair = NULL;
    if (ctx->forces)
        pair_result_fini(ctx->forces);
    mem_free(ctx->forces);
    ctx->forces = NULL;
    if (ctx->model)
        instance_free(ctx, &ctx->model->head);
    ctx->model = NULL;
    field_free(ctx->state.displacement);
    field_free(ctx->state.velocity);
    field_free(ctx->state.force);
    field_free(ctx->state.onsite);
    ctx->state = (struct state){0};
    restart_free(ctx);
    groups_fini(&ctx->groups);
    lattice_free(ctx->lat);
    ctx->lat = NULL;
}

void adele_clear(struct adele *ctx)
{
    release(ctx);
    thermo_free(ctx);
    thermo_new(ctx);
    reset(ctx);
}

void adele_free(struct adele *ctx)
{
    if (!ctx)
        return;
    release(ctx);
    thermo_free(ctx);
    input_free(ctx);
    variables_free(ctx);
    error_clear(ctx);
    log_close(&ctx->log);
    mem_free(ctx->suffix);
    mem_free(ctx->error_text.s);
    mem_free(ctx);
}

/* `quit` ends a deck without being an error. */
static int outcome(int status)
{
    return status == ADELE_EQUIT ? 0 : status;
}

int adele_command(struct adele *ctx, const char *text)
{
    error_clear(ctx);
    ctx->interrupt = 0;
    return outcome(input_text(ctx, text, "(command)"));
}

int adele_file(struct adele *ctx, const char *path)
{
    error_clear(ctx);
    ctx->interrupt = 0;
    return outcome(input_file(ctx, path));
}

const char *adele_error(struct adele *ctx)
{
    text_clear(&ctx->error_text);
    error_format(ctx, &ctx->error_text);
    return ctx->error_text.s ? ctx->error_text.s : "";
}

int64_t adele_sites(const struct adele *ctx)
{
    return ctx->lat ? ctx->lat->nsite : 0;
}

/* One word that came through the C interface, so that names are checked and
   worded as in a deck. */
static int column_of(struct adele *ctx, const char *name, struct column *out)
{
    struct line *line = line_new("(library)", 1, name);
    struct word word = {.where = {.line = line, .length = strlen(name)}};
    int status;

    error_clear(ctx);
    if (need_model(ctx)) {
        line_release(line);
        return ctx->error.status;
    }
    word.text = mem_strdup(name);
    if (!line || !word.text)
        status = err_memory(ctx, "a column", 0);
    else
        status = column_parse(ctx, &word, out);
    mem_free(word.text);
    line_release(line);
    return status;
}

int adele_gather(struct adele *ctx, const char *name, double *out)
{
    struct column column = {0};
    int status = column_of(ctx, name, &column);

    if (!status)
        status = column_get(ctx, &column, out);
    column_free(&column);
    return status;
}

int adele_scatter(struct adele *ctx, const char *name, const double *in)
{
    struct field *field;
    int which, comp;

    error_clear(ctx);
    if (need_model(ctx))
        return ctx->error.status;
    comp = model_component(ctx->model, name, &which);
    if (comp < 0 || which > 1)
        return err_deck(ctx, NULL,
                        "'%s' is not a displacement or velocity of model %s",
                        name, ctx->model->head.style->name);
    field = which ? ctx->state.velocity : ctx->state.displacement;
    field_scatter(field, comp, in);
    return 0;
}

int adele_evaluate(struct adele *ctx, const char *formula, double *out)
{
    struct line *line = line_new("(library)", 1, formula);
    struct where where = {.line = line, .length = strlen(formula)};
    struct formula *f;
    int status;

    error_clear(ctx);
    f = formula_new(ctx, formula, &where);
    status = f ? formula_scalar(ctx, f, out) : ctx->error.status;
    formula_free(f);
    line_release(line);
    return status;
}

void adele_interrupt(struct adele *ctx, int signal)
{
    ctx->interrupt = signal;
}

const char *adele_version(void)
{
    return ADELE_VERSION;
}

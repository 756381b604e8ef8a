/* velocity: gives the sites of a group velocities.

       create  v_i = sqrt(T/m) xi_i, xi_i standard normal, a function of
               (seed, component, site); then the mean is taken off (zero yes)
               and all are scaled to 2 K / (sites x components) = T (exact
               yes), as LAMMPS does
       scale   scales the present velocities to that temperature
       set     assigns one value to each component, NULL leaves one as it is
       zero    v_i = 0

       velocity all create 0.1 4711                                          */

#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "base/sum.h"
#include "core/sites.h"
#include "plug/command.h"
#include "plug/model.h"
#include "plug/value.h"

struct velocity {
    struct instance head;
    int group, how;
    double temp;
    int64_t seed;
    bool zero, exact;
    struct arg_list value;
};

#define TEMP                                                                   \
    {                                                                          \
        ARG_NUMBER, "T", AT(struct velocity, temp),                            \
            .nonnegative = true, .unit = "energy",                             \
            .doc = "temperature, 2 K / (sites x components)"                   \
    }

static const struct arg create_args[] = {
    TEMP,
    {ARG_INT, "seed", AT(struct velocity, seed), .min = 1, .max = UINT32_MAX,
     .bounded = true, .doc = "of the random numbers"},
    {ARG_BOOL, "zero", AT(struct velocity, zero), .key = true, .def = "no",
     .doc = "take off the mean of each component"},
    {ARG_BOOL, "exact", AT(struct velocity, exact), .key = true, .def = "yes",
     .doc = "scale to T; no: Maxwell-Boltzmann as drawn"},
    {0}};
static const struct arg set_args[] = {
    {ARG_REST, "V", AT(struct velocity, value), .syntax = "V ...",
     .bounded = true, .min = 1, .unit = "distortion/time",
     .doc = "one for each component: number, reference, or NULL"},
    {0}};
static const struct arg scale_args[] = {TEMP, {0}};

enum { CREATE, SET, SCALE, ZERO };
static const struct arg_case cases[] = {
    {"create", create_args, "random, of a temperature"},
    {"set", set_args, "the same everywhere, or by a formula"},
    {"scale", scale_args, "the present ones, to a temperature"},
    {"zero", NULL, "at rest"},
    {0}};

static const struct arg args[] = {
    {ARG_GROUP, "GROUP", AT(struct velocity, group), .doc = "the sites"},
    {ARG_ONEOF, "style", AT(struct velocity, how), .cases = cases,
     .doc = "which velocities"},
    {0}};

/* Velocities [component][site] of the members, 0 elsewhere, so that plain
   sums are sums over the group. */
static void keep_members(const struct adele *ctx, int group, double *v)
{
    for (int64_t i = 0; i < ctx->lat->nlocal; i++)
        if (!groups_has(&ctx->groups, group, i))
            v[i] = 0;
}

static void take_off_mean(const struct adele *ctx, int group, double *v)
{
    int64_t n = ctx->lat->nlocal;
    double mean = sum_array(v, n) / (double)groups_count(&ctx->groups, group);
    for (int64_t i = 0; i < n; i++)
        v[i] -= mean;
    keep_members(ctx, group, v);
}

static void draw(const struct adele *ctx, const struct velocity *c, double *v)
{
    int64_t n = ctx->lat->nlocal;
    double sigma = sqrt(c->temp / ctx->model->mass);
    for (int k = 0; k < ctx->model->ncomp; k++, v += n) {
        struct rng_key key = {.seed = (uint32_t)c->seed,
                              .purpose = RNG_VELOCITY,
                              .component = (uint16_t)k};
        sites_random(ctx->lat, key, true, v);
        for (int64_t i = 0; i < n; i++)
            v[i] *= sigma;
        keep_members(ctx, c->group, v);
        if (c->zero)
            take_off_mean(ctx, c->group, v);
    }
}

/* v *= sqrt(T / T_now), T_now = m <v^2> over sites and components. */
static int scale(struct adele *ctx, const struct velocity *c, double *v)
{
    const struct model *m = ctx->model;
    int64_t n = ctx->lat->nlocal * m->ncomp;
    double sites = (double)groups_count(&ctx->groups, c->group);
    double now = m->mass * sum_squares(v, n) / (sites * m->ncomp);
    if (c->temp > 0 && !(now > 0))
        return err_deck(ctx, NULL,
                        "velocity: all velocities are zero and cannot be "
                        "scaled to temperature %g; `velocity .. create` makes "
                        "some",
                        c->temp);
    double factor = c->temp > 0 ? sqrt(c->temp / now) : 0;
    if (!(now < HUGE_VAL))
        factor = HUGE_VAL; /* found by check_finite */
    for (int64_t i = 0; i < n; i++)
        v[i] *= factor;
    return 0;
}

static int read_value(struct adele *ctx, const struct word *w, double *v)
{
    struct value value = {0};
    int status = value_parse(ctx, w, &value);
    if (!status)
        status = value_sites(ctx, &value, v);
    value_free(&value);
    return status;
}

static int read_values(struct adele *ctx, const struct velocity *c, double *v)
{
    int64_t n = ctx->lat->nlocal;
    int ncomp = ctx->model->ncomp, status = 0;
    if (c->value.n != ncomp)
        return err_deck(ctx, &c->value.word[c->value.n - 1].where,
                        "velocity set: model %s has %d component%s, found %d "
                        "value%s",
                        ctx->model->head.style->name, ncomp,
                        ncomp > 1 ? "s" : "", c->value.n,
                        c->value.n > 1 ? "s" : "");
    for (int k = 0; k < ncomp && !status; k++)
        if (strcmp(c->value.word[k].text, "NULL") != 0)
            status = read_value(ctx, &c->value.word[k], v + k * n);
    return status;
}

/* v holds the present velocities of the members. */
static int new_velocities(struct adele *ctx, const struct velocity *c,
                          double *v)
{
    size_t bytes = (size_t)(ctx->lat->nlocal * ctx->model->ncomp) * sizeof *v;
    switch (c->how) {
    case CREATE:
        draw(ctx, c, v);
        return c->exact ? scale(ctx, c, v) : 0;
    case SET:
        return read_values(ctx, c, v);
    case SCALE:
        return scale(ctx, c, v);
    default:
        memset(v, 0, bytes);
        return 0;
    }
}

/* Huge temperatures or tiny masses can overflow. */
static int check_finite(struct adele *ctx, const double *v)
{
    int64_t bad = sites_not_finite(v, ctx->lat->nlocal * ctx->model->ncomp);
    if (bad < 0)
        return 0;
    return err_deck(ctx, NULL,
                    "velocity: the numbers are too large: the velocity of site "
                    "%lld is not finite",
                    (long long)(bad % ctx->lat->nlocal) + 1);
}

static int run(struct adele *ctx, void *self, const struct words *words)
{
    const struct velocity *c = self;
    int status = need_model(ctx);
    (void)words;
    if (status)
        return status;
    if (groups_count(&ctx->groups, c->group) == 0)
        return err_deck(ctx, NULL, "velocity: group '%s' has no sites",
                        ctx->groups.name[c->group]);
    int64_t n = ctx->lat->nlocal;
    int ncomp = ctx->model->ncomp;
    double *v = mem_alloc((size_t)n, (size_t)ncomp * sizeof *v);
    if (!v)
        return err_memory(ctx, "velocities", 8.0 * (double)n * ncomp);
    for (int k = 0; k < ncomp; k++) {
        field_gather(ctx->state.velocity, k, v + k * n);
        keep_members(ctx, c->group, v + k * n);
    }
    status = new_velocities(ctx, c, v);
    if (!status)
        status = check_finite(ctx, v);
    for (int k = 0; k < ncomp && !status; k++)
        sites_assign(ctx->state.velocity, k, &ctx->groups, c->group, v + k * n,
                     false);
    mem_free(v);
    return status;
}

const struct command_style command_velocity = {
    .style = {STYLE_HEAD(command, "velocity", struct velocity),
              .summary = "give the sites velocities", .args = args},
    .run = run};

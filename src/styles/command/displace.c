/* displace: adds a pattern to the distortions of a group.

       uniform  x += lo + (hi - lo) u_i,   u_i uniform in (0, 1)
       gaussian x += sigma xi_i,           xi_i standard normal
       wave     x += A cos(K . r_i + P),   r_i Cartesian, K in radians per
                                           lattice constant
       value    x += V

   The random numbers are a function of (seed, component, site).

       displace all uniform -1.0 1.0 4711
       displace all wave pi pi 2.67857                                       */

#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "base/parallel.h"
#include "core/sites.h"
#include "plug/command.h"
#include "plug/model.h"
#include "plug/value.h"

struct displace {
    struct instance head;
    int group, how;
    double lo, hi, sigma, phase;
    int64_t seed;
    struct arg_list wave;
    struct value value;
    struct arg_list component;
    bool component_given;
};

#define SEED                                                                   \
    {                                                                          \
        ARG_INT, "seed", AT(struct displace, seed),                            \
            .min = 1, .max = UINT32_MAX, .bounded = true,                      \
            .doc = "of the random numbers"                                     \
    }

static const struct arg uniform_args[] = {
    {ARG_NUMBER, "lo", AT(struct displace, lo), .unit = "distortion",
     .doc = "smallest"},
    {ARG_NUMBER, "hi", AT(struct displace, hi), .unit = "distortion",
     .doc = "largest"},
    SEED,
    {0}};
static const struct arg gaussian_args[] = {
    {ARG_NUMBER, "sigma", AT(struct displace, sigma), .nonnegative = true,
     .unit = "distortion", .doc = "standard deviation"},
    SEED,
    {0}};
static const struct arg wave_args[] = {
    {ARG_LIST, "K A", AT(struct displace, wave), .syntax = "KX [KY [KZ]] A",
     .bounded = true, .min = 2, .unit = "radians per lattice constant",
     .doc = "wave numbers, one for each axis of the lattice, and amplitude"},
    {ARG_NUMBER, "phase", AT(struct displace, phase), .key = true, .def = "0",
     .unit = "radians", .doc = "phase at the origin"},
    {0}};
static const struct arg value_args[] = {
    {ARG_VALUE, "V", AT(struct displace, value), .unit = "distortion",
     .doc = "number, or a reference; a per-site one gives each site its own"},
    {0}};

enum { UNIFORM, GAUSSIAN, WAVE, VALUE };
static const struct arg_case cases[] = {
    {"uniform", uniform_args, "independent, uniform in (lo, hi)"},
    {"gaussian", gaussian_args, "independent, normal"},
    {"wave", wave_args, "A cos(K . r + phase)"},
    {"value", value_args, "the same everywhere, or by a formula"},
    {0}};

static const struct arg args[] = {
    {ARG_GROUP, "GROUP", AT(struct displace, group),
     .doc = "the sites to move"},
    {ARG_ONEOF, "style", AT(struct displace, how), .cases = cases,
     .doc = "the pattern"},
    {ARG_LIST, "component", AT(struct displace, component), .key = true,
     .bounded = true, .min = 1, .max = 1,
     .given = AT(struct displace, component_given),
     .doc = "component to move; by default all for uniform and gaussian, the "
            "first for wave and value"},
    {0}};

/* Components first .. last - 1. */
static int find_components(struct adele *ctx, const struct displace *c,
                           int *first, int *last)
{
    const struct model *m = ctx->model;
    *first = 0;
    *last = c->how == UNIFORM || c->how == GAUSSIAN ? m->ncomp : 1;
    if (!c->component_given)
        return 0;
    const struct word *w = &c->component.word[0];
    int which;
    *first = model_component(m, w->text, &which);
    *last = *first + 1;
    if (*first >= 0 && which == 0)
        return 0;
    const char *names[MODEL_COMPONENT_MAX];
    for (int k = 0; k < m->ncomp; k++)
        names[k] = m->component[k].displacement;
    return err_unknown(ctx, &w->where, "displacement", w->text, names,
                       (size_t)m->ncomp);
}

static int fill_random(struct adele *ctx, const struct displace *c, int comp,
                       double *x)
{
    struct rng_key key = {.seed = (uint32_t)c->seed,
                          .purpose = RNG_DISPLACE,
                          .component = (uint16_t)comp};
    double offset = c->how == UNIFORM ? c->lo : 0;
    double scale = c->how == UNIFORM ? c->hi - c->lo : c->sigma;
    sites_random(ctx->lat, key, c->how == GAUSSIAN, x);
    for (int64_t i = 0; i < ctx->lat->nlocal; i++)
        x[i] = offset + scale * x[i];
    return 0;
}

static bool looks_numeric(const char *s)
{
    double number;
    return text_number(s, &number) || strstr(s, "pi");
}

/* The words of `wave`: dim wave numbers and the amplitude. */
static int read_wave(struct adele *ctx, const struct displace *c, double k[3],
                     double *amplitude)
{
    static const char *const keywords[] = {"phase", "component"};
    int dim = ctx->lat->shape.dim;
    const struct word *w = c->wave.word;
    for (int i = 0; i < c->wave.n && i < dim; i++) {
        int status = arg_number(ctx, &w[i], "a wave number", &k[i]);
        if (status)
            return status;
    }
    if (c->wave.n > dim + 1 && !looks_numeric(w[dim + 1].text))
        return err_unknown(ctx, &w[dim + 1].where, "keyword", w[dim + 1].text,
                           keywords, 2);
    if (c->wave.n != dim + 1)
        return err_deck(ctx, &w[c->wave.n - 1].where,
                        "displace wave: a %s lattice takes %d wave number%s "
                        "and the amplitude, found %d words",
                        ctx->lat->shape.name, dim, dim > 1 ? "s" : "",
                        c->wave.n);
    return arg_number(ctx, &w[dim], "the amplitude", amplitude);
}

static int fill_wave(struct adele *ctx, const struct displace *c, double *x)
{
    double k[3] = {0}, amplitude = 0;
    int64_t nlocal = ctx->lat->nlocal;
    int status = read_wave(ctx, c, k, &amplitude);
    if (status)
        return status;
#pragma omp parallel for schedule(static) if (nlocal >= PARALLEL_MIN)
    for (int64_t i = 0; i < nlocal; i++) {
        double r[3];
        lattice_position(ctx->lat, i, r);
        x[i] =
            amplitude * cos(k[0] * r[0] + k[1] * r[1] + k[2] * r[2] + c->phase);
    }
    return 0;
}

static int fill(struct adele *ctx, const struct displace *c, int comp,
                double *x)
{
    if (c->how == WAVE)
        return fill_wave(ctx, c, x);
    if (c->how == VALUE)
        return value_sites(ctx, &c->value, x);
    return fill_random(ctx, c, comp, x);
}

/* Huge numbers in the deck can overflow: K . r, hi - lo. */
static int check_finite(struct adele *ctx, const double *x)
{
    int64_t bad = sites_not_finite(x, ctx->lat->nlocal);
    if (bad < 0)
        return 0;
    return err_deck(ctx, NULL,
                    "displace: the numbers are too large: the move of site "
                    "%lld is not finite",
                    (long long)bad + 1);
}

static int run(struct adele *ctx, void *self, const struct words *words)
{
    const struct displace *c = self;
    int first, last, status = need_model(ctx);
    if (status || (status = find_components(ctx, c, &first, &last)))
        return status;
    if (c->how == UNIFORM && c->lo > c->hi)
        return err_deck(ctx, &words->word[4].where,
                        "displace uniform: hi %g lies below lo %g", c->hi,
                        c->lo);
    int64_t n = ctx->lat->nlocal;
    double *x = mem_alloc((size_t)n, (size_t)(last - first) * sizeof *x);
    if (!x)
        return err_memory(ctx, "the pattern", 8.0 * (double)n * (last - first));
    for (int k = first; !status && k < last; k++) {
        status = fill(ctx, c, k, x + (k - first) * n);
        if (!status)
            status = check_finite(ctx, x + (k - first) * n);
    }
    for (int k = first; !status && k < last; k++)
        sites_assign(ctx->state.displacement, k, &ctx->groups, c->group,
                     x + (k - first) * n, true);
    mem_free(x);
    return status;
}

const struct command_style command_displace = {
    .style = {STYLE_HEAD(command, "displace", struct displace),
              .summary = "add a pattern to the distortions", .args = args},
    .run = run};

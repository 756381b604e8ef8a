/* fix brownian: overdamped motion, one move a step [Ermak1978, Leimkuhler2013]

       q <- q + F dt/gamma + sqrt(2 T dt/gamma) xi

   scheme euler: xi is the noise R_n of this step.  Order 1: a harmonic site
       has <q^2> = T/[k (1 - k dt/2 gamma)].
   scheme lm: xi = (R_{n-1} + R_n)/2, a sum over two steps.  Order 2: a
       harmonic site has <q^2> = T/k at any stable dt < 2 gamma/k.  R_{n-1} is
       computed again from its key, so nothing is carried from step to step;
       the first step takes the noise of the step before it like every other.

   The numbers R have mean 0 and variance 1: normal, or uniform in
   [-sqrt 3, sqrt 3].  Velocities are not touched.

       fix ID GROUP brownian T seed gamma_t G [rng gaussian|uniform|none]
                                              [scheme euler|lm]             */

#include <math.h>

#include "base/parallel.h"
#include "base/rng.h"
#include "plug/args.h"
#include "plug/fix.h"
#include "plug/pair.h"
#include "plug/value.h"

enum noise { GAUSSIAN, UNIFORM, NONE };
enum scheme { EULER, LM };

struct brownian {
    struct fix fix;
    struct value temp;
    int64_t seed;
    double gamma;
    int rng, scheme;
    bool warned;
};

static const char *const rng_names[] = {"gaussian", "uniform", "none", NULL};
static const char *const scheme_names[] = {"euler", "lm", NULL};

static const struct arg args[] = {
    {ARG_VALUE, "T", AT(struct brownian, temp), .nonnegative = true,
     .unit = "energy", .doc = "temperature; a variable is read at each step"},
    {ARG_INT, "seed", AT(struct brownian, seed), .bounded = true, .min = 1,
     .max = 4294967295.0, .doc = "seed of the noise"},
    {ARG_NUMBER, "gamma_t", AT(struct brownian, gamma), .key = true,
     .required = true, .positive = true, .unit = "energy time/length^2",
     .doc = "friction: force over velocity"},
    {ARG_CHOICE, "rng", AT(struct brownian, rng), .key = true,
     .def = "gaussian", .choice = rng_names,
     .doc = "distribution of the noise, of the same variance"},
    {ARG_CHOICE, "scheme", AT(struct brownian, scheme), .key = true,
     .def = "euler", .choice = scheme_names,
     .doc = "noise of one step, or averaged over two (exact for harmonic "
            "motion)"},
    {0}};

static int init(struct adele *ctx, void *self)
{
    struct brownian *s = self;

    s->fix.integrates = true;
    if (need_model(ctx))
        return ctx->error.status;
    if (s->temp.is_reference && reference_check(ctx, &s->temp.ref, OUT_SCALAR))
        return ctx->error.status;
    return 0;
}

static void fini(struct adele *ctx, void *self)
{
    (void)ctx;
    outputs_fini(&((struct brownian *)self)->fix.out);
}

static int temperature(struct adele *ctx, const struct brownian *s,
                       double *temp)
{
    if (value_get(ctx, &s->temp, temp))
        return ctx->error.status;
    if (*temp >= 0) /* false for nan, too */
        return 0;
    return err_run_at(ctx, &s->temp.ref.where,
                      "fix brownian: the temperature is %.10g at step %lld; it "
                      "must be 0 or more",
                      *temp, (long long)ctx->step);
}

static int setup(struct adele *ctx, struct fix *f)
{
    struct brownian *s = (struct brownian *)f;
    double temp;

    fix_warn_moved_twice(ctx, f);
    if (temperature(ctx, s, &temp))
        return ctx->error.status;
    fix_warn_electrons(ctx, f, temp, &s->warned);
    return 0;
}

/* xi[n] of the sites first, first + stride, ..: R of this tick. */
static void noise_of_tick(const struct brownian *s, struct rng_key key,
                          uint64_t first, uint64_t stride, double *xi, int n)
{
    const double width = sqrt(12.0);

    if (s->rng == GAUSSIAN) {
        rng_normals(key, first, stride, xi, n);
        return;
    }
    rng_uniforms(key, first, stride, xi, n);
    for (int i = 0; i < n; i++)
        xi[i] = width * (xi[i] - 0.5);
}

static void noise_of_step(const struct brownian *s, struct rng_key key,
                          const struct fix_stretch *at, int nbasis, double *xi)
{
    const uint64_t first = (uint64_t)at->noise, stride = (uint64_t)nbasis;
    double before[FIX_STRETCH];

    if (s->rng == NONE) {
        for (int i = 0; i < at->n; i++)
            xi[i] = 0;
        return;
    }
    noise_of_tick(s, key, first, stride, xi, at->n);
    if (s->scheme == EULER)
        return;
    key.tick--; /* wraps at 0: a tick that no step ever has */
    noise_of_tick(s, key, first, stride, before, at->n);
    for (int i = 0; i < at->n; i++)
        xi[i] = 0.5 * (before[i] + xi[i]);
}

static void drift(int n, double mobility, double noise, double *restrict q,
                  const double *restrict force, const double *restrict xi)
{
#pragma omp simd
    for (int i = 0; i < n; i++)
        q[i] += mobility * force[i] + noise * xi[i];
}

static void drift_some(const struct fix_sites *in, const struct fix_stretch *s,
                       int nbasis, double mobility, double noise, double *q,
                       const double *force, const double *xi)
{
    for (int i = 0; i < s->n; i++) {
        if (fix_acts(in, s->site + (int64_t)i * nbasis))
            q[i] += mobility * force[i] + noise * xi[i];
    }
}

static int initial_integrate(struct adele *ctx, struct fix *f)
{
    struct brownian *s = (struct brownian *)f;
    const struct fix_sites in = fix_sites(ctx, f);
    const struct lattice *lat = ctx->lat;
    const struct state *state = &ctx->state;
    const int64_t n = fix_stretches(lat);
    const int nb = lat->shape.nbasis;
    const double mobility = ctx->dt / s->gamma;
    double temp, noise;

    if (temperature(ctx, s, &temp))
        return ctx->error.status;
    noise = sqrt(2 * temp * mobility);
    for (int c = 0; c < ctx->model->ncomp; c++) {
        double *q = field_write(state->displacement, c, 0);
        const double *force = field_read(state->force, c, 0);
        const struct rng_key key = {.seed = (uint32_t)s->seed,
                                    .purpose = RNG_BROWNIAN,
                                    .component = (uint16_t)c,
                                    .tick = (uint64_t)ctx->tick};

#pragma omp parallel for schedule(static) if (lat->nlocal >= PARALLEL_MIN)
        for (int64_t k = 0; k < n; k++) {
            const struct fix_stretch at = fix_stretch(lat, k);
            double *qs = q + fix_at(state->displacement, &at);
            const double *fs = force + fix_at(state->force, &at);
            double xi[FIX_STRETCH];

            noise_of_step(s, key, &at, nb, xi);
            if (in.every)
                drift(at.n, mobility, noise, qs, fs, xi);
            else
                drift_some(&in, &at, nb, mobility, noise, qs, fs, xi);
        }
    }
    return 0;
}

static unsigned need(struct adele *ctx, struct fix *f, int64_t step)
{
    (void)step;
    return value_need(ctx, &((struct brownian *)f)->temp);
}

const struct fix_style fix_brownian = {
    .style = {STYLE_HEAD(fix, "brownian", struct brownian),
              .summary = "overdamped (Brownian) motion of the sites",
              .cite = "Ermak1978 Leimkuhler2013", .args = args, .init = init,
              .fini = fini},
    .setup = setup,
    .initial_integrate = initial_integrate,
    .need = need,
};

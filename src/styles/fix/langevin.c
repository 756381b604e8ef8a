/* fix langevin: a heat bath for velocities, the exact Ornstein-Uhlenbeck step
   after each step of a fix that moves sites [Uhlenbeck1930, Bussi2007]

       v <- v exp(-dt/damp) + sqrt((1 - exp(-2 dt/damp)) T/m) xi

   for any dt, with T from Tstart to Tstop in the course of the run, or Tstart
   a variable (one number or one a site).  damp = m/gamma is a time.  xi is a
   standard normal number of (seed, component, site, tick).

       fix ID GROUP langevin Tstart Tstop damp seed [tally yes|no]

   With tally, f_ID is the energy taken out of the lattice so far: etotal +
   f_ID is conserved. */

#include <math.h>

#include "base/mem.h"
#include "base/rng.h"
#include "plug/args.h"
#include "plug/fix.h"
#include "plug/pair.h"
#include "plug/value.h"
#include "run/run.h"

struct langevin {
    struct fix fix;
    struct value t_start;
    double t_stop, damp;
    int64_t seed;
    bool tally, warned;
    double given;  /* energy that the lattice has received so far */
    double before; /* .. up to the step before `tick` */
    int64_t tick;
    double *part; /* [component][stretch] of it, in this step; with tally */
    int64_t nstretch;
    /* of this step */
    struct fix_sites in;
    double decay, noise;
    const double *site; /* temperature of each, NULL: all the same */
    double *v[MODEL_COMPONENT_MAX];
};

static const struct arg args[] = {
    {ARG_VALUE, "Tstart", AT(struct langevin, t_start), .nonnegative = true,
     .unit = "energy",
     .doc = "temperature at the start of the run; a variable is the "
            "temperature now, and Tstop is not used"},
    {ARG_NUMBER, "Tstop", AT(struct langevin, t_stop), .nonnegative = true,
     .unit = "energy", .doc = "temperature at the end of the run"},
    {ARG_NUMBER, "damp", AT(struct langevin, damp), .positive = true,
     .unit = "time", .doc = "relaxation time of the velocities, mass/gamma"},
    {ARG_INT, "seed", AT(struct langevin, seed), .bounded = true, .min = 1,
     .max = 4294967295.0, .doc = "seed of the noise"},
    {ARG_BOOL, "tally", AT(struct langevin, tally), .key = true, .def = "no",
     .doc = "count the energy exchanged"},
    {0}};

static const struct arg modify[] = {{ARG_BOOL, "energy",
                                     AT(struct fix, in_energy), .key = true,
                                     .doc = "add f_ID to pe"},
                                    {0}};

static const struct output outputs[] = {
    {OUT_SCALAR, "", "bath_energy", "energy", true,
     "energy taken out of the lattice since the fix was made; with tally"},
    {0}};

static int init(struct adele *ctx, void *self)
{
    struct langevin *s = self;

    if (need_model(ctx))
        return ctx->error.status;
    if (s->t_start.is_reference &&
        reference_check(ctx, &s->t_start.ref, OUT_SCALAR | OUT_SITE))
        return ctx->error.status;
    s->fix.early = !s->t_start.is_reference;
    s->nstretch = fix_stretches(ctx->lat);
    if (!s->tally)
        return 0;
    s->part =
        mem_zalloc((size_t)(s->nstretch * ctx->model->ncomp), sizeof *s->part);
    if (!s->part)
        return err_memory(ctx, "fix langevin", 8.0 * (double)s->nstretch);
    return 0;
}

static void fini(struct adele *ctx, void *self)
{
    struct langevin *s = self;

    (void)ctx;
    mem_free(s->part);
    outputs_fini(&s->fix.out);
}

static int save(struct adele *ctx, void *self, struct blob *to)
{
    (void)ctx;
    blob_put_number(to, ((struct langevin *)self)->given);
    return 0;
}

static int load(struct adele *ctx, void *self, struct blob *from)
{
    (void)ctx;
    return blob_get_number(from, &((struct langevin *)self)->given);
}

/* One temperature for all sites, or *site for each. */
static int temperature(struct adele *ctx, struct langevin *s, double *temp,
                       const double **site)
{
    *site = NULL;
    if (!s->t_start.is_reference) {
        double a = run_fraction(ctx);

        *temp = s->t_start.number + a * (s->t_stop - s->t_start.number);
        return 0;
    }
    if (!(reference_shapes(ctx, &s->t_start.ref) & OUT_SCALAR))
        return reference_site(ctx, &s->t_start.ref, site);
    if (value_get(ctx, &s->t_start, temp))
        return ctx->error.status;
    if (*temp >= 0) /* false for nan, too */
        return 0;
    return err_run_at(ctx, &s->t_start.ref.where,
                      "fix langevin: the temperature is %.10g at step %lld; it "
                      "must be 0 or more",
                      *temp, (long long)ctx->step);
}

static int check_site_temperatures(struct adele *ctx, const struct langevin *s,
                                   const double *site)
{
    for (int64_t i = 0; site && i < ctx->lat->nlocal; i++) {
        if (!(site[i] >= 0))
            return err_run_at(ctx, &s->t_start.ref.where,
                              "fix langevin: the temperature of site %lld is "
                              "%.10g at step %lld; it must be 0 or more",
                              (long long)i + 1, site[i], (long long)ctx->step);
    }
    return 0;
}

static int setup(struct adele *ctx, struct fix *f)
{
    struct langevin *s = (struct langevin *)f;
    const double *site;
    double temp = 0;

    fix_warn_not_moved(ctx, f);
    if (temperature(ctx, s, &temp, &site) ||
        check_site_temperatures(ctx, s, site))
        return ctx->error.status;
    if (!site)
        fix_warn_electrons(ctx, f, temp, &s->warned);
    return 0;
}

/* v <- decay v + noise xi; returns the sum of the changes of v^2. */
static double mix(int n, double decay, double noise, double *restrict v,
                  const double *restrict xi)
{
    double change = 0;

#pragma omp simd reduction(+ : change)
    for (int i = 0; i < n; i++) {
        double next = decay * v[i] + noise * xi[i];

        change += next * next - v[i] * v[i];
        v[i] = next;
    }
    return change;
}

/* The same for some sites, or with a temperature a site: noise is that of
   temperature 1 then. */
static double mix_some(const struct fix_sites *in, const struct fix_stretch *s,
                       int nbasis, double decay, double noise,
                       const double *temp, double *v, const double *xi)
{
    double change = 0;

    for (int i = 0; i < s->n; i++) {
        const int64_t site = s->site + (int64_t)i * nbasis;
        double next;

        if (!fix_acts(in, site))
            continue;
        next = decay * v[i] + noise * (temp ? sqrt(temp[site]) : 1) * xi[i];
        change += next * next - v[i] * v[i];
        v[i] = next;
    }
    return change;
}

static int thermostat(struct adele *ctx, struct fix *f)
{
    struct langevin *s = (struct langevin *)f;
    double temp = 1;

    if (temperature(ctx, s, &temp, &s->site) ||
        check_site_temperatures(ctx, s, s->site))
        return ctx->error.status;
    s->in = fix_sites(ctx, f);
    s->decay = exp(-ctx->dt / s->damp);
    s->noise = sqrt(-expm1(-2 * ctx->dt / s->damp) * temp / ctx->model->mass);
    for (int c = 0; c < ctx->model->ncomp; c++)
        s->v[c] = field_write(ctx->state.velocity, c, 0);
    return 0;
}

static void thermostat_sweep(struct adele *ctx, struct fix *f, int c, int64_t k)
{
    const struct langevin *s = (const struct langevin *)f;
    const struct fix_stretch at = fix_stretch(ctx->lat, k);
    const int nb = ctx->lat->shape.nbasis;
    const struct rng_key key = {.seed = (uint32_t)s->seed,
                                .purpose = RNG_LANGEVIN,
                                .component = (uint16_t)c,
                                .tick = (uint64_t)ctx->tick};
    double *v = s->v[c] + fix_at(ctx->state.velocity, &at);
    double xi[FIX_STRETCH], change;

    rng_normals(key, (uint64_t)at.noise, (uint64_t)nb, xi, at.n);
    if (s->in.every && !s->site)
        change = mix(at.n, s->decay, s->noise, v, xi);
    else
        change = mix_some(&s->in, &at, nb, s->decay, s->noise, s->site, v, xi);
    if (s->part)
        s->part[c * s->nstretch + k] = change;
}

static void thermostat_end(struct adele *ctx, struct fix *f)
{
    struct langevin *s = (struct langevin *)f;

    s->before = s->given;
    s->tick = ctx->tick;
    for (int64_t k = 0; s->part && k < s->nstretch * ctx->model->ncomp; k++)
        s->given += 0.5 * ctx->model->mass * s->part[k];
}

static void undo_step(struct adele *ctx, struct fix *f)
{
    struct langevin *s = (struct langevin *)f;

    if (s->tick == ctx->tick + 1)
        s->given = s->before;
}

static unsigned need(struct adele *ctx, struct fix *f, int64_t step)
{
    (void)step;
    return value_need(ctx, &((struct langevin *)f)->t_start);
}

static int scalar(struct adele *ctx, struct fix *f)
{
    struct langevin *s = (struct langevin *)f;

    if (!s->tally)
        return err_run_at(ctx, &f->head.where,
                          "f_%s needs the energy exchanged: add `tally yes` "
                          "to this fix",
                          f->head.id);
    f->out.scalar = 0 - s->given; /* no -0 in tables */
    return 0;
}

static int energy(struct adele *ctx, struct fix *f, double *e)
{
    int status = scalar(ctx, f);

    *e = f->out.scalar;
    return status;
}

const struct fix_style fix_langevin = {
    .style = {STYLE_HEAD(fix, "langevin", struct langevin),
              .summary = "heat bath for the velocities, exact for any timestep",
              .cite = "Uhlenbeck1930 Bussi2007", .args = args,
              .outputs = outputs, .init = init, .fini = fini, .save = save,
              .load = load},
    .setup = setup,
    .thermostat = thermostat,
    .thermostat_sweep = thermostat_sweep,
    .thermostat_end = thermostat_end,
    .undo_step = undo_step,
    .need = need,
    .energy = energy,
    .modify = modify,
    .scalar = scalar,
};

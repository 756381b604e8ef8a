/* fix nve: velocity Verlet [Verlet1967, Swope1982].

       v <- v + F dt/2m,   q <- q + v dt          before the forces
       v <- v + F dt/2m                           after them

   Symplectic and reversible: the energy error stays bounded and falls as
   dt^2; a harmonic mode of frequency omega is stable for omega dt < 2.

       fix ID GROUP nve                                                     */

#include "base/parallel.h"
#include "plug/args.h"
#include "plug/fix.h"
#include "plug/pair.h"

struct nve {
    struct fix fix;
    /* of the second half of this step */
    struct fix_sites in;
    double half;
    double *v[MODEL_COMPONENT_MAX];
    const double *force[MODEL_COMPONENT_MAX];
};

static int init(struct adele *ctx, void *self)
{
    struct nve *s = self;

    s->fix.integrates = s->fix.inertial = true;
    return need_model(ctx);
}

static void fini(struct adele *ctx, void *self)
{
    struct nve *s = self;

    (void)ctx;
    outputs_fini(&s->fix.out);
}

static int prepare(struct adele *ctx, struct fix *f)
{
    fix_warn_moved_twice(ctx, f);
    return 0;
}

static void kick_drift(int n, double half, double dt, double *restrict q,
                       double *restrict v, const double *restrict force)
{
#pragma omp simd
    for (int i = 0; i < n; i++) {
        v[i] += half * force[i];
        q[i] += dt * v[i];
    }
}

static void kick(int n, double half, double *restrict v,
                 const double *restrict force)
{
#pragma omp simd
    for (int i = 0; i < n; i++)
        v[i] += half * force[i];
}

/* The same with q and v of the other sites left as they are. */
static void kick_drift_some(const struct fix_sites *in,
                            const struct fix_stretch *s, int nbasis,
                            double half, double dt, double *q, double *v,
                            const double *force)
{
    for (int i = 0; i < s->n; i++) {
        if (!fix_acts(in, s->site + (int64_t)i * nbasis))
            continue;
        v[i] += half * force[i];
        q[i] += dt * v[i];
    }
}

static void kick_some(const struct fix_sites *in, const struct fix_stretch *s,
                      int nbasis, double half, double *v, const double *force)
{
    for (int i = 0; i < s->n; i++) {
        if (fix_acts(in, s->site + (int64_t)i * nbasis))
            v[i] += half * force[i];
    }
}

static int initial_integrate(struct adele *ctx, struct fix *f)
{
    const struct fix_sites in = fix_sites(ctx, f);
    const struct lattice *lat = ctx->lat;
    const struct state *state = &ctx->state;
    const int64_t n = fix_stretches(lat);
    const double dt = ctx->dt, half = 0.5 * dt / ctx->model->mass;

    for (int c = 0; c < ctx->model->ncomp; c++) {
        double *q = field_write(state->displacement, c, 0);
        double *v = field_write(state->velocity, c, 0);
        const double *force = field_read(state->force, c, 0);

#pragma omp parallel for schedule(static) if (lat->nlocal >= PARALLEL_MIN)
        for (int64_t k = 0; k < n; k++) {
            const struct fix_stretch s = fix_stretch(lat, k);
            double *qs = q + fix_at(state->displacement, &s);
            double *vs = v + fix_at(state->velocity, &s);
            const double *fs = force + fix_at(state->force, &s);

            if (in.every)
                kick_drift(s.n, half, dt, qs, vs, fs);
            else
                kick_drift_some(&in, &s, lat->shape.nbasis, half, dt, qs, vs,
                                fs);
        }
    }
    return 0;
}

static int final_integrate(struct adele *ctx, struct fix *f)
{
    struct nve *s = (struct nve *)f;

    s->in = fix_sites(ctx, f);
    s->half = 0.5 * ctx->dt / ctx->model->mass;
    for (int c = 0; c < ctx->model->ncomp; c++) {
        s->v[c] = field_write(ctx->state.velocity, c, 0);
        s->force[c] = field_read(ctx->state.force, c, 0);
    }
    return 0;
}

static void final_sweep(struct adele *ctx, struct fix *f, int c, int64_t k)
{
    const struct nve *s = (const struct nve *)f;
    const struct fix_stretch at = fix_stretch(ctx->lat, k);
    double *v = s->v[c] + fix_at(ctx->state.velocity, &at);
    const double *force = s->force[c] + fix_at(ctx->state.force, &at);

    if (s->in.every)
        kick(at.n, s->half, v, force);
    else
        kick_some(&s->in, &at, ctx->lat->shape.nbasis, s->half, v, force);
}

const struct fix_style fix_nve = {
    .style = {STYLE_HEAD(fix, "nve", struct nve),
              .summary = "move sites by their forces, velocity Verlet",
              .cite = "Verlet1967 Swope1982", .init = init, .fini = fini},
    .prepare = prepare,
    .initial_integrate = initial_integrate,
    .final_integrate = final_integrate,
    .final_sweep = final_sweep,
};

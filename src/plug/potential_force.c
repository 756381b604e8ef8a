/* Densities, forces and energies from predictions: see plug/potential_force.h.
 */

#include "plug/potential_force.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "base/parallel.h"
#include "base/sum.h"

static const struct model_style *model_of(const struct adele *ctx)
{
    return (const struct model_style *)ctx->model->head.style;
}

/* The electronic force for n everywhere, into out [nsite]. */
static int uniform_force(struct adele *ctx, struct field *force, double n,
                         double *density, double *out)
{
    for (int64_t i = 0; i < ctx->lat->nlocal; i++)
        density[i] = n;
    field_fill(force, 0, 0);
    int status =
        model_of(ctx)->electronic(ctx, ctx->model, density, NULL, force);
    field_gather(force, 0, out);
    return status;
}

static bool is_uniform(const double *a, int64_t n)
{
    for (int64_t i = 1; i < n; i++) {
        if (a[i] != a[0])
            return false;
    }
    return true;
}

int density_map_find(struct adele *ctx, struct density_map *out)
{
    int64_t n = ctx->lat->nlocal;
    uint64_t clock = 0;
    int status = 0;

    *out = (struct density_map){0};
    if (ctx->model->ncomp != 1 || ctx->model->use_bonds)
        return 0;
    struct field *force = field_new(ctx->lat, 1, &clock);
    double *density = mem_alloc((size_t)n, 2 * sizeof *density);
    if (!force || !density)
        status = err_memory(ctx, "densities", 24.0 * (double)n);
    double *f = density ? density + n : NULL;
    for (int k = 0; !status && k < 2; k++) {
        status = uniform_force(ctx, force, k, density, f);
        out->linear = !status && (k == 0 || out->linear) && is_uniform(f, n);
        if (k == 0)
            out->at_zero = f[0];
        else
            out->slope = f[0] - out->at_zero;
    }
    out->linear = out->linear && out->slope != 0;
    field_free(force);
    mem_free(density);
    return status;
}

bool potential_gives_density(const struct potential *p,
                             const struct density_map *map)
{
    return p->target == TARGET_DENSITY || map->linear;
}

int64_t potential_sites_length(const struct adele *ctx,
                               const struct potential *p,
                               const struct density_map *map)
{
    return ctx->lat->nlocal * (potential_gives_density(p, map) ? 1 : p->ncomp);
}

/* value [nsite][ncomp] total forces -> [ncomp][nsite] electronic ones; in
   place for one component. */
static int subtract_elastic(struct adele *ctx, const struct potential *p,
                            const struct field *elastic, double *value)
{
    int64_t n = ctx->lat->nlocal;
    double *work = mem_alloc((size_t)n, (size_t)(p->ncomp + 1) * sizeof *work);

    if (!work)
        return err_memory(ctx, "forces", 8.0 * (double)n);
    memcpy(work, value, (size_t)(n * p->ncomp) * sizeof *work);
    for (int c = 0; c < p->ncomp; c++) {
        double *e = work + p->ncomp * n;

        field_gather(elastic, c, e);
        for (int64_t i = 0; i < n; i++)
            value[c * n + i] = work[i * p->ncomp + c] - e[i];
    }
    mem_free(work);
    return 0;
}

static void force_to_density(const struct density_map *map, double sign,
                             double *value, int64_t n)
{
#pragma omp parallel for schedule(static) if (n >= PARALLEL_MIN)
    for (int64_t i = 0; i < n; i++)
        value[i] = (sign * value[i] - map->at_zero) / map->slope;
}

/* What E of the displaced sites has too much of the model's constant:
   -at_zero*shift*(mu - onsite) at each site. */
static int add_constant(struct adele *ctx, const struct potential *p,
                        const struct density_map *map, double mu,
                        double *scratch, double *energy)
{
    double shift[MODEL_COMPONENT_MAX], total;
    int64_t n = ctx->lat->nlocal;

    if (p->mu != POTENTIAL_MU_SHIFT || !map->linear)
        return 0;
    if (model_of(ctx)->mu_shift(ctx, ctx->model, shift))
        return ctx->error.status;
    total = mu * (double)n;
    if (ctx->state.onsite) {
        field_gather(ctx->state.onsite, 0, scratch);
        total -= sum_array(scratch, n);
    }
    *energy += map->at_zero * shift[0] * total;
    return 0;
}

static int from_energy(struct adele *ctx, struct potential_run *r,
                       const struct potential *p, const struct density_map *map,
                       double mu, double *scratch, struct potential_sites *out)
{
    int64_t n = ctx->lat->nlocal;
    int status =
        potential_gradient(ctx, r, ctx->state.displacement, ctx->state.onsite,
                           mu, &out->energy, out->value, NULL, &out->outside);

    if (!status)
        status = add_constant(ctx, p, map, mu, scratch, &out->energy);
    if (status)
        return status;
    if (map->linear) {
        force_to_density(map, -1, out->value, n);
        return 0;
    }
    for (int64_t i = 0; i < n * p->ncomp; i++)
        out->value[i] = -out->value[i];
    return 0;
}

int potential_sites(struct adele *ctx, struct potential_run *r,
                    const struct potential *p, const struct density_map *map,
                    double mu, const struct field *elastic, double *scratch,
                    struct potential_sites *out)
{
    int status;

    out->energy = NAN;
    if (p->target == TARGET_ENERGY)
        return from_energy(ctx, r, p, map, mu, scratch, out);
    status =
        potential_predict(ctx, r, ctx->state.displacement, ctx->state.onsite,
                          mu, out->value, NULL, &out->outside);
    if (status || p->target == TARGET_DENSITY)
        return status;
    status = subtract_elastic(ctx, p, elastic, out->value);
    if (!status && map->linear)
        force_to_density(map, 1, out->value, ctx->lat->nlocal);
    return status;
}

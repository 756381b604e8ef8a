/* Kinetic energy and temperature: see kinetic.h. */

#include "core/kinetic.h"

#include "base/mem.h"
#include "base/parallel.h"
#include "base/sum.h"

/* The mask of the group's bit for the sites of a row, NULL: all of them. */
static const uint64_t *row_mask(const struct groups *g, int group,
                                int64_t first)
{
    return group == 0 || !g->mask ? NULL : g->mask + first;
}

/* sum v^2 of one component and sublattice over a row of n cells. */
static double row_squares(const double *v, const uint64_t *mask, uint64_t bit,
                          int n, int nbasis)
{
    double sum = 0;
    if (!mask)
        return sum_squares(v, n);
    for (int x = 0; x < n; x++)
        if (mask[(int64_t)x * nbasis] & bit)
            sum += v[x] * v[x];
    return sum;
}

int kinetic_energy(struct adele *ctx, int group, double mass, double *energy)
{
    const struct field *v = ctx->state.velocity;
    *energy = 0;
    if (!v)
        return ADELE_OK;
    const int n = v->lat->local[0], nbasis = v->lat->shape.nbasis;
    const int64_t nrow = field_nrow(v);
    double *part = mem_alloc((size_t)nrow, sizeof *part);
    if (!part)
        return err_memory(ctx, "the kinetic energy", 8.0 * (double)nrow);
#pragma omp parallel for schedule(static) if (v->lat->nlocal >= PARALLEL_MIN)
    for (int64_t r = 0; r < nrow; r++) {
        double sum = 0;
        for (int c = 0; c < v->ncomp; c++)
            for (int b = 0; b < nbasis; b++)
                sum += row_squares(
                    field_read(v, c, b) + field_row(v, r),
                    row_mask(&ctx->groups, group, r * n * nbasis + b),
                    UINT64_C(1) << group, n, nbasis);
        part[r] = sum;
    }
    *energy = 0.5 * mass * sum_array(part, nrow);
    mem_free(part);
    return ADELE_OK;
}

int64_t kinetic_freedom(const struct adele *ctx, int group)
{
    const struct field *v = ctx->state.velocity;
    if (!v)
        return 0;
    return groups_count(&ctx->groups, group) * v->ncomp;
}

int kinetic_temperature(struct adele *ctx, int group, double mass, double *temp)
{
    const int64_t freedom = kinetic_freedom(ctx, group);
    double energy;
    int status = kinetic_energy(ctx, group, mass, &energy);
    *temp = freedom > 0 && !status ? 2 * energy / (double)freedom : 0;
    return status;
}

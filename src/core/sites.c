/* Dense per-site arrays; see sites.h.

   The local cells of one row are consecutive in the global site order, so a
   row of random numbers is one vectorised call and depends on nothing but the
   sites' own indices. */

#include "core/sites.h"

#include <math.h>

#include "base/parallel.h"

void sites_random(const struct lattice *lat, struct rng_key key, bool normal,
                  double *out)
{
    int64_t length = (int64_t)lat->local[0] * lat->shape.nbasis;
    int64_t nrow = (int64_t)lat->local[1] * lat->local[2];
#pragma omp parallel for schedule(static) if (lat->nlocal >= PARALLEL_MIN)
    for (int64_t row = 0; row < nrow; row++) {
        int cell[3] = {lat->lo[0], lat->lo[1] + (int)(row % lat->local[1]),
                       lat->lo[2] + (int)(row / lat->local[1])};
        uint64_t first = (uint64_t)lattice_site(lat, cell, 0);
        (normal ? rng_normals : rng_uniforms)(key, first, 1, out + row * length,
                                              length);
    }
}

void sites_assign(struct field *f, int comp, const struct groups *g, int group,
                  const double *value, bool add)
{
    int nx = f->lat->local[0], nb = f->lat->shape.nbasis;
    int64_t nrow = field_nrow(f);
    for (int b = 0; b < nb; b++) {
        double *to = field_write(f, comp, b);
#pragma omp parallel for schedule(static) if (f->lat->nlocal >= PARALLEL_MIN)
        for (int64_t row = 0; row < nrow; row++) {
            double *cell = to + field_row(f, row);
            for (int x = 0; x < nx; x++) {
                int64_t site = (row * nx + x) * nb + b;
                if (groups_has(g, group, site))
                    cell[x] = add ? cell[x] + value[site] : value[site];
            }
        }
    }
}

int64_t sites_not_finite(const double *value, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        if (!isfinite(value[i]))
            return i;
    return -1;
}

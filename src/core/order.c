/* The staggered order parameter; see order.h. */

#include "core/order.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "base/parallel.h"

double order_sign(const struct lattice *lat, const int cell[3], int b)
{
    const struct lattice_shape *s = &lat->shape;
    double half_turns = 0;
    for (int a = 0; a < s->dim; a++)
        half_turns += 2 * s->wave[a] * cell[a];
    double rest = half_turns - 2 * floor(half_turns / 2);
    return rest < 0.5 || rest > 1.5 ? s->sign[b] : -s->sign[b];
}

void order_wave(const struct lattice *lat, double q[3])
{
    double g[3][3];
    lattice_reciprocal(lat, g);
    for (int k = 0; k < 3; k++) {
        q[k] = 0;
        for (int a = 0; a < lat->shape.dim; a++)
            q[k] += lat->shape.wave[a] * g[a][k];
    }
}

static void local_cell(const struct lattice *lat, int64_t index, int cell[3])
{
    cell[0] = lat->lo[0] + (int)(index % lat->local[0]);
    cell[1] = lat->lo[1] + (int)(index / lat->local[0] % lat->local[1]);
    cell[2] = lat->lo[2] + (int)(index / lat->local[0] / lat->local[1]);
}

static void fill_phases(struct order *o, const double *q)
{
    const struct lattice *lat = o->lat;
    int nbasis = lat->shape.nbasis;
    int64_t ncell = lat->nlocal / nbasis;

#pragma omp parallel for schedule(static) if (lat->nlocal >= PARALLEL_MIN)
    for (int64_t c = 0; c < ncell; c++) {
        int cell[3];
        local_cell(lat, c, cell);
        for (int b = 0; b < nbasis; b++) {
            int64_t i = c * nbasis + b;
            if (!q) {
                o->re[i] = order_sign(lat, cell, b);
                continue;
            }
            double r[3];
            lattice_position(lat, lattice_site(lat, cell, b), r);
            double phase = q[0] * r[0] + q[1] * r[1] + q[2] * r[2];
            o->re[i] = cos(phase);
            o->im[i] = sin(phase);
        }
    }
}

int order_init(struct order *o, const struct lattice *lat, const double q[3])
{
    size_t n = (size_t)lat->nlocal;
    *o = (struct order){.lat = lat};
    o->value = field_new(lat, 1, &o->clock);
    o->sum = field_new(lat, 1, &o->clock);
    o->count = mem_alloc(n, sizeof *o->count);
    o->re = mem_alloc(n, sizeof *o->re);
    o->deviation = mem_alloc(n, sizeof *o->deviation);
    if (q)
        o->im = mem_alloc(n, sizeof *o->im);
    if (!o->value || !o->sum || !o->count || !o->re || !o->deviation ||
        (q && !o->im) || field_widen(o->value, lat->nearest.reach)) {
        order_fini(o);
        return -1;
    }
    field_neighbour_count(lat, &lat->nearest, o->count);
    fill_phases(o, q);
    return 0;
}

void order_fini(struct order *o)
{
    field_free(o->value);
    field_free(o->sum);
    mem_free(o->count);
    mem_free(o->re);
    mem_free(o->im);
    mem_free(o->deviation);
    memset(o, 0, sizeof *o);
}

void order_parameter(struct order *o, const double *x, double *phi,
                     double *imag)
{
    int64_t n = o->lat->nlocal;
    field_scatter(o->value, 0, x);
    field_neighbour_sum(o->value, 0, &o->lat->nearest, o->sum, 0);
    field_gather(o->sum, 0, o->deviation);

#pragma omp parallel for schedule(static) if (n >= PARALLEL_MIN)
    for (int64_t i = 0; i < n; i++) {
        double d = o->count[i] ? x[i] - o->deviation[i] / o->count[i] : 0;
        o->deviation[i] = d;
        phi[i] = d * o->re[i];
    }
    if (!imag)
        return;
    for (int64_t i = 0; i < n; i++)
        imag[i] = o->im ? o->deviation[i] * o->im[i] : 0;
}

void order_stagger(const struct order *o, const double *x, double *out)
{
    int64_t n = o->lat->nlocal;
#pragma omp parallel for schedule(static) if (n >= PARALLEL_MIN)
    for (int64_t i = 0; i < n; i++)
        out[i] = x[i] * o->re[i];
}

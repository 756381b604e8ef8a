/* Features of neighbourhoods and their derivatives: see ml/irreps.h.

   Sites are worked on LANES at a time, one in each lane: taps are loaded
   into rows of lanes, expanded, turned by the frames of their sites, stored.
   Derivatives follow the same steps, forwards or back. */

#include <math.h>
#include <string.h>

#include "base/parallel.h"
#include "ml/irreps_lanes.h"

enum { SLAB_MIN = 8 };

/* One set of lanes a row.  The frame is M of all irreps, the choice p. */
struct frame {
    lanes a[IRREPS_ORDER_MAX], p[IRREPS_ORDER_MAX], m[IRREPS_ORDER_MAX];
};
struct stage {
    lanes q[IRREPS_ORBIT_MAX], f[IRREPS_ORBIT_MAX], x[IRREPS_ORBIT_MAX];
};

/* The operation whose row of score is the largest, the first of equals. */
static void largest(int n, const lanes *score, int *pick)
{
    for (int l = 0; l < LANES; l++) {
        double best = score[0][l];
        int at = 0;
        for (int g = 1; g < n; g++) {
            at = score[g][l] > best ? g : at;
            best = score[g][l] > best ? score[g][l] : best;
        }
        pick[l] = at;
    }
}

/* M_r = D_r(pick)^T */
static void set_frame(const struct irreps *p, int r, const int *pick, lanes *m)
{
    int d = p->group.irrep[r].dim;
    const double *matrix = p->group.irrep[r].matrix;
    for (int i = 0; i < d; i++)
        for (int j = 0; j < d; j++)
            for (int l = 0; l < LANES; l++)
                m[i * d + j][l] = matrix[(pick[l] * d + j) * d + i];
}

/* The first operation of either sign of a one-dimensional irrep, by the sign
   of the reference. */
static void pick_sign(int order, const double *axis, const lanes *reference,
                      int *pick)
{
    int minus = 0;
    while (minus + 1 < order && axis[minus] > 0)
        minus++;
    for (int l = 0; l < LANES; l++)
        pick[l] = reference[0][l] < 0 ? minus : 0;
}

/* The operation that carries the reference of irrep r to its sector. */
static void pick_sharp(const struct irreps *p, int r, const lanes *a, int *pick)
{
    int d = p->group.irrep[r].dim, order = p->group.order;
    const double *axis = p->axis[r];
    lanes reference[SYMMETRY_DIM_MAX] = {{0}}, score[IRREPS_ORDER_MAX];
    for (int g = 0; g < order; g++)
        for (int i = 0; i < d; i++)
            for (int l = 0; l < LANES; l++)
                reference[i][l] += axis[g * d + i] * a[g][l];
    if (d == 1) {
        pick_sign(order, axis, (const lanes *)reference, pick);
        return;
    }
    memset(score, 0, (size_t)order * sizeof *score);
    for (int g = 0; g < order; g++)
        for (int i = 0; i < d; i++)
            for (int l = 0; l < LANES; l++)
                score[g][l] += axis[g * d + i] * reference[i][l];
    largest(order, (const lanes *)score, pick);
}

/* p = softmax(a/width) */
static void soften(const struct irreps *p, struct frame *f)
{
    int order = p->group.order;
    for (int l = 0; l < LANES; l++) {
        double most = f->a[0][l], sum = 0;
        for (int g = 1; g < order; g++)
            most = fmax(most, f->a[g][l]);
        for (int g = 0; g < order; g++) {
            f->p[g][l] = exp((f->a[g][l] - most) / p->width);
            sum += f->p[g][l];
        }
        for (int g = 0; g < order; g++)
            f->p[g][l] /= sum;
    }
}

/* M_r = sum_g p_g D_r(g)^T, or its change. */
static void mix(const struct irreps *p, int r, const lanes *weight, lanes *m)
{
    int d = p->group.irrep[r].dim;
    const double *matrix = p->group.irrep[r].matrix;
    for (int i = 0; i < d; i++)
        for (int j = 0; j < d; j++) {
            for (int l = 0; l < LANES; l++)
                m[i * d + j][l] = 0;
            for (int g = 0; g < p->group.order; g++)
                for (int l = 0; l < LANES; l++)
                    m[i * d + j][l] +=
                        matrix[(g * d + j) * d + i] * weight[g][l];
        }
}

/* A, p and M of the sites of a block. */
static void find_frame(const struct irreps *p, const struct block *b,
                       const struct field *q, lanes *room, struct frame *f)
{
    int pick[LANES];
    if (p->caps.n == 0)
        return;
    lanes_evaluate(&p->caps, b, q, room, f->a);
    if (p->phase == IRREPS_FRAME)
        largest(p->group.order, (const lanes *)f->a, pick);
    else if (p->phase == IRREPS_SMOOTH)
        soften(p, f);
    for (int r = 1; r < p->group.nirrep; r++) {
        if (!p->axis[r])
            continue;
        if (p->phase == IRREPS_SHARP)
            pick_sharp(p, r, (const lanes *)f->a, pick);
        if (p->phase == IRREPS_SMOOTH)
            mix(p, r, (const lanes *)f->p, f->m + p->at[r]);
        else
            set_frame(p, r, pick, f->m + p->at[r]);
    }
}

/* out (+)= M in, or M^T in, for one copy of an irrep. */
static void turn(int d, const lanes *m, bool transposed, const lanes *in,
                 lanes *out, bool add)
{
    for (int i = 0; i < d; i++) {
        if (!add)
            memset(out[i], 0, sizeof out[i]);
        for (int j = 0; j < d; j++) {
            const double *w = m[transposed ? j * d + i : i * d + j];
            for (int l = 0; l < LANES; l++)
                out[i][l] += w[l] * in[j][l];
        }
    }
}

/* All copies of an orbit; trivial ones are copied (or left out when added). */
static void turn_orbit(const struct irreps *p, const struct irreps_orbit *o,
                       const struct frame *f, bool transposed, const lanes *in,
                       lanes *out, bool add)
{
    for (int c = 0; c < o->ncopy; c++) {
        int r = o->copy[c].irrep, row = o->copy[c].row;
        if (r > 0)
            turn(p->group.irrep[r].dim, f->m + p->at[r], transposed, in + row,
                 out + row, add);
        else if (!add)
            memcpy(out[row], in[row], sizeof *in);
    }
}

static double square(int d, const lanes *f, int l)
{
    double sum = 0;
    for (int i = 0; i < d; i++)
        sum += f[i][l] * f[i][l];
    return sum;
}

/* Lanes to the rows of features of their sites; x belongs to the first. */
static void store(const struct irreps *p, const struct block *b, int first,
                  int n, const lanes *in, double *x)
{
    ptrdiff_t step = (ptrdiff_t)p->nfeature * p->nbasis;
    for (int l = 0; l < b->n; l++)
        for (int k = 0; k < n; k++)
            x[l * step + first + k] = in[k][l];
}

static void fetch(const struct irreps *p, const struct block *b, int first,
                  int n, const double *x, lanes *out)
{
    ptrdiff_t step = (ptrdiff_t)p->nfeature * p->nbasis;
    for (int k = 0; k < n; k++)
        memset(out[k], 0, sizeof out[k]);
    for (int l = 0; l < b->n; l++)
        for (int k = 0; k < n; k++)
            out[k][l] = x[l * step + first + k];
}

/* sqrt(|f|^2 + width^2) - width without cancellation for small f. */
static void store_amplitudes(const struct irreps *p, const struct block *b,
                             const struct irreps_orbit *o, const lanes *f,
                             double *x)
{
    for (int c = 0; c < o->ncopy; c++) {
        int d = p->group.irrep[o->copy[c].irrep].dim;
        lanes out;
        if (o->copy[c].amplitude < 0)
            continue;
        for (int l = 0; l < b->n; l++) {
            double s = square(d, f + o->copy[c].row, l), w = p->width;
            out[l] = s / (sqrt(s + w * w) + w);
        }
        store(p, b, o->copy[c].amplitude, 1, (const lanes *)&out, x);
    }
}

static void block_rows(const struct irreps *p, const struct block *b,
                       const struct field *q, double *x)
{
    struct frame f;
    struct stage s;
    find_frame(p, b, q, s.q, &f);
    for (int k = 0; k < p->norbit; k++) {
        const struct irreps_orbit *o = &p->orbit[k];
        lanes_evaluate(&o->forms, b, q, s.q, s.f);
        turn_orbit(p, o, &f, false, (const lanes *)s.f, s.x, false);
        store(p, b, o->first, o->forms.n, (const lanes *)s.x, x);
        if (p->phase == IRREPS_SMOOTH)
            store_amplitudes(p, b, o, (const lanes *)s.f, x);
    }
}

/* Calls for all blocks of sites begin .. end-1, x at the first of each. */
static void for_blocks(
    const struct irreps *p, const struct field *q, const struct field *dq,
    int64_t begin, int64_t end, double *x,
    void (*call)(const struct irreps *p, const struct block *b,
                 const struct field *q, const struct field *dq, double *x))
{
    int nb = p->nbasis;
    for (int s = 0; s < nb; s++) {
        int64_t cell = (begin - s + nb - 1) / nb,
                stop = (end - s + nb - 1) / nb;
        for (; cell < stop; cell += LANES) {
            struct block b = block_at(q->lat, s, cell, stop);
            call(p, &b, q, dq, x + (b.site - begin) * p->nfeature);
        }
    }
}

static void rows_call(const struct irreps *p, const struct block *b,
                      const struct field *q, const struct field *dq, double *x)
{
    (void)dq;
    block_rows(p, b, q, x);
}

void irreps_rows(const struct irreps *p, const struct field *q, int64_t begin,
                 int64_t end, double *x)
{
    for_blocks(p, q, NULL, begin, end, x, rows_call);
}

/* dp = p (da - sum p da)/width for changes da of the caps; in place. */
static void soften_tangent(const struct irreps *p, const struct frame *f,
                           lanes *da)
{
    for (int l = 0; l < LANES; l++) {
        double mean = 0;
        for (int g = 0; g < p->group.order; g++)
            mean += f->p[g][l] * da[g][l];
        for (int g = 0; g < p->group.order; g++)
            da[g][l] = f->p[g][l] * (da[g][l] - mean) / p->width;
    }
}

/* The change of M, in df->m. */
static void frame_tangent(const struct irreps *p, const struct block *b,
                          const struct field *dq, const struct frame *f,
                          lanes *room, struct frame *df)
{
    lanes_evaluate(&p->caps, b, dq, room, df->a);
    soften_tangent(p, f, df->a);
    for (int r = 1; r < p->group.nirrep; r++)
        if (p->axis[r])
            mix(p, r, (const lanes *)df->a, df->m + p->at[r]);
}

static void amplitudes_tangent(const struct irreps *p, const struct block *b,
                               const struct irreps_orbit *o, const lanes *f,
                               const lanes *df, double *dx)
{
    for (int c = 0; c < o->ncopy; c++) {
        int d = p->group.irrep[o->copy[c].irrep].dim, row = o->copy[c].row;
        lanes out;
        if (o->copy[c].amplitude < 0)
            continue;
        for (int l = 0; l < b->n; l++) {
            double s = square(d, f + row, l), sum = 0;
            for (int i = 0; i < d; i++)
                sum += f[row + i][l] * df[row + i][l];
            out[l] = sum / sqrt(s + p->width * p->width);
        }
        store(p, b, o->copy[c].amplitude, 1, (const lanes *)&out, dx);
    }
}

static void tangent_call(const struct irreps *p, const struct block *b,
                         const struct field *q, const struct field *dq,
                         double *dx)
{
    struct frame f, df;
    struct stage s, ds;
    bool smooth = p->phase == IRREPS_SMOOTH && p->caps.n > 0;
    find_frame(p, b, q, s.q, &f);
    if (smooth)
        frame_tangent(p, b, dq, &f, s.q, &df);
    for (int k = 0; k < p->norbit; k++) {
        const struct irreps_orbit *o = &p->orbit[k];
        lanes_evaluate(&o->forms, b, dq, ds.q, ds.f);
        turn_orbit(p, o, &f, false, (const lanes *)ds.f, ds.x, false);
        if (smooth) {
            lanes_evaluate(&o->forms, b, q, s.q, s.f);
            turn_orbit(p, o, &df, false, (const lanes *)s.f, ds.x, true);
            amplitudes_tangent(p, b, o, (const lanes *)s.f, (const lanes *)ds.f,
                               dx);
        }
        store(p, b, o->first, o->forms.n, (const lanes *)ds.x, dx);
    }
}

void irreps_tangent(const struct irreps *p, const struct field *q,
                    const struct field *dq, int64_t begin, int64_t end,
                    double *dx)
{
    for_blocks(p, q, dq, begin, end, dx, tangent_call);
}

/* df += the amplitudes' part. */
static void amplitudes_back(const struct irreps *p, const struct block *b,
                            const struct irreps_orbit *o, const lanes *f,
                            const double *dx, lanes *df)
{
    for (int c = 0; c < o->ncopy; c++) {
        int d = p->group.irrep[o->copy[c].irrep].dim, row = o->copy[c].row;
        lanes in;
        if (o->copy[c].amplitude < 0)
            continue;
        fetch(p, b, o->copy[c].amplitude, 1, dx, &in);
        for (int l = 0; l < b->n; l++) {
            double s = square(d, f + row, l);
            double scale = in[l] / sqrt(s + p->width * p->width);
            for (int i = 0; i < d; i++)
                df[row + i][l] += scale * f[row + i][l];
        }
    }
}

/* dL/dM_r += x f^T of the copies of an orbit. */
static void frame_back(const struct irreps *p, const struct irreps_orbit *o,
                       const lanes *f, const lanes *dx, lanes *dm)
{
    for (int c = 0; c < o->ncopy; c++) {
        int r = o->copy[c].irrep, row = o->copy[c].row;
        int d = p->group.irrep[r].dim;
        for (int e = 0; r > 0 && e < d * d; e++)
            for (int l = 0; l < LANES; l++)
                dm[p->at[r] + e][l] += dx[row + e / d][l] * f[row + e % d][l];
    }
}

/* dL/dp_g = sum over r, i, j of dM_r,ij D_r(g)_ji */
static void choice_back(const struct irreps *p, const lanes *dm, lanes *dp)
{
    memset(dp, 0, (size_t)p->group.order * sizeof *dp);
    for (int r = 1; r < p->group.nirrep; r++) {
        int d = p->group.irrep[r].dim;
        const double *matrix = p->group.irrep[r].matrix;
        for (int e = 0; p->axis[r] && e < d * d; e++)
            for (int g = 0; g < p->group.order; g++) {
                double w = matrix[(g * d + e % d) * d + e / d];
                for (int l = 0; l < LANES; l++)
                    dp[g][l] += w * dm[p->at[r] + e][l];
            }
    }
}

static void block_back(const struct irreps *p, const struct block *b,
                       const struct field *q, const double *dx,
                       struct field *out)
{
    struct frame f;
    struct stage s, ds;
    lanes dm[IRREPS_ORDER_MAX], dp[IRREPS_ORDER_MAX];
    bool smooth = p->phase == IRREPS_SMOOTH && p->caps.n > 0;
    find_frame(p, b, q, s.q, &f);
    if (smooth)
        memset(dm, 0, (size_t)p->group.order * sizeof *dm);
    for (int k = 0; k < p->norbit; k++) {
        const struct irreps_orbit *o = &p->orbit[k];
        fetch(p, b, o->first, o->forms.n, dx, ds.x);
        turn_orbit(p, o, &f, true, (const lanes *)ds.x, ds.f, false);
        if (smooth) {
            lanes_evaluate(&o->forms, b, q, s.q, s.f);
            frame_back(p, o, (const lanes *)s.f, (const lanes *)ds.x, dm);
            amplitudes_back(p, b, o, (const lanes *)s.f, dx, ds.f);
        }
        lanes_evaluate_back(&o->forms, b, (const lanes *)ds.f, ds.q, out);
    }
    if (!smooth)
        return;
    choice_back(p, (const lanes *)dm, dp);
    soften_tangent(p, &f, dp);
    lanes_evaluate_back(&p->caps, b, (const lanes *)dp, s.q, out);
}

/* Cells of slab k of the longest outer axis.  Slabs of the same parity write
   to cells apart from each other. */
struct slabs {
    int n;
    int64_t plane, thick, planes;
};

static struct slabs slabs_of(const struct irreps *p, const struct lattice *lat)
{
    struct slabs s = {.plane = 1};
    int axis = 2;
    while (axis > 0 && lat->local[axis] == 1)
        axis--;
    for (int i = 0; i < axis; i++)
        s.plane *= lat->local[i];
    s.planes = lat->local[axis];
    s.thick = 2 * p->halo[axis] > SLAB_MIN ? 2 * p->halo[axis] : SLAB_MIN;
    s.n = (int)(s.planes / s.thick);
    if (s.n == 0)
        s.n = 1;
    return s;
}

static void slab_back(const struct irreps *p, const struct slabs *s, int k,
                      const struct field *q, const double *dx,
                      struct field *out)
{
    int64_t begin = k * s->thick * s->plane;
    int64_t end = (k + 1 == s->n ? s->planes : (k + 1) * s->thick) * s->plane;
    for (int basis = 0; basis < p->nbasis; basis++)
        for (int64_t cell = begin; cell < end; cell += LANES) {
            struct block b = block_at(q->lat, basis, cell, end);
            block_back(p, &b, q, dx + b.site * p->nfeature, out);
        }
}

int irreps_backward(const struct irreps *p, const struct field *q,
                    const double *dx, double *gradient)
{
    uint64_t clock = 0;
    struct field *out = field_new(q->lat, p->ncomp, &clock);
    if (!out || field_widen(out, p->halo)) {
        field_free(out);
        return -1;
    }
    struct slabs s = slabs_of(p, q->lat);
    for (int parity = 0; parity < 2; parity++) {
#pragma omp parallel for schedule(static) if (q->lat->nlocal * p->nfeature >=  \
                                              PARALLEL_MIN)
        for (int k = parity; k < s.n; k += 2)
            slab_back(p, &s, k, q, dx, out);
    }
    field_fold(out);
    for (int c = 0; c < p->ncomp; c++)
        field_gather(out, c, gradient + c * q->lat->nlocal);
    field_free(out);
    return 0;
}

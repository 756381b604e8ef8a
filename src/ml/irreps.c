/* Features of neighbourhoods and their derivatives: see ml/irreps.h.

   Sites are worked on LANES at a time, one in each lane: taps are loaded
   into rows of lanes, expanded, turned by the frames of their sites, stored.
   Derivatives follow the same steps, forwards or back. */

#include "ml/irreps.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "base/parallel.h"

enum { LANES = 16, WIDE = 8, SLAB_MIN = 8 };

typedef double wide __attribute__((vector_size(WIDE * sizeof(double))));
typedef double lanes[LANES] __attribute__((aligned(64)));

/* Up to LANES sites of one sublattice, of consecutive cells. */
struct block {
    const struct lattice *lat;
    int basis, n; /* sublattice, sites */
    int nwide;    /* vectors that hold them */
    int64_t site; /* the first */
    bool row;     /* all in one row of cells */
    int x[LANES];
    int64_t line[LANES]; /* row of cells of each */
};

/* One set of lanes a row.  The frame is M of all irreps, the choice p. */
struct frame {
    lanes a[IRREPS_ORDER_MAX], p[IRREPS_ORDER_MAX], m[IRREPS_ORDER_MAX];
};
struct stage {
    lanes q[IRREPS_ORBIT_MAX], f[IRREPS_ORBIT_MAX], x[IRREPS_ORBIT_MAX];
};

static struct block block_at(const struct lattice *lat, int basis, int64_t cell,
                             int64_t end)
{
    struct block b = {.lat = lat, .basis = basis};
    int nx = lat->local[0];
    int64_t line = cell / nx;
    int x = (int)(cell % nx);
    b.site = cell * lat->shape.nbasis + basis;
    b.n = end - cell < LANES ? (int)(end - cell) : LANES;
    b.nwide = (b.n + WIDE - 1) / WIDE;
    b.row = x + b.n <= nx;
    for (int l = 0; l < b.n; l++) {
        b.x[l] = x;
        b.line[l] = line;
        if (++x == nx) {
            x = 0;
            line++;
        }
    }
    return b;
}

/* The address of a tap of cell (0,0,0); NULL when it lies beside a lattice of
   one cell along some axis, which has no neighbours there. */
static double *tap_origin(const struct field *q, const struct irreps_tap *t)
{
    ptrdiff_t at =
        t->comp * q->stride_comp + t->to * q->stride_basis + q->origin;
    for (int i = 0; i < 3; i++) {
        if (t->cell[i] != 0 && q->lat->n[i] == 1)
            return NULL;
        at += t->cell[i] * q->stride[i];
    }
    return q->data + at;
}

static void load(const struct block *b, const struct field *q,
                 const struct irreps_tap *t, double *out)
{
    const double *from = tap_origin(q, t);
    for (int l = from ? b->n : 0; l < WIDE * b->nwide; l++)
        out[l] = 0;
    if (!from)
        return;
    if (b->row)
        memcpy(out, from + field_row(q, b->line[0]) + b->x[0],
               (size_t)b->n * sizeof *out);
    else
        for (int l = 0; l < b->n; l++)
            out[l] = from[field_row(q, b->line[l]) + b->x[l]];
}

/* The transpose of load. */
static void add_back(const struct block *b, struct field *q,
                     const struct irreps_tap *t, const double *in)
{
    double *to = tap_origin(q, t);
    if (!to)
        return;
    for (int l = 0; l < b->n; l++)
        to[field_row(q, b->line[l]) + b->x[l]] += in[l];
}

/* out (+)= w [nrow][n] in, four rows at a time. */
static void product(const double *w, ptrdiff_t step, int nrow, int n,
                    const lanes *in, lanes *out, int nwide, bool add)
{
    for (int v = 0; v < nwide; v++)
        for (int i = 0; i < nrow; i += 4) {
            int m = nrow - i < 4 ? nrow - i : 4;
            const double *r[4];
            wide sum[4] = {{0}, {0}, {0}, {0}};
            for (int k = 0; k < 4; k++)
                r[k] = w + (i + (k < m ? k : 0)) * step;
            for (int k = 0; k < n; k++) {
                wide x = *(const wide *)&in[k][v * WIDE];
                sum[0] += r[0][k] * x;
                sum[1] += r[1][k] * x;
                sum[2] += r[2][k] * x;
                sum[3] += r[3][k] * x;
            }
            for (int k = 0; k < m; k++) {
                wide *to = (wide *)&out[i + k][v * WIDE];
                *to = add ? *to + sum[k] : sum[k];
            }
        }
}

/* The linear forms at the sites of the block; `q` is room for the taps. */
static void evaluate(const struct irreps_forms *f, const struct block *b,
                     const struct field *q, lanes *room, lanes *out)
{
    for (int first = 0; first < f->n; first += IRREPS_ORBIT_MAX) {
        int n = f->n - first;
        if (n > IRREPS_ORBIT_MAX)
            n = IRREPS_ORBIT_MAX;
        for (int k = 0; k < n; k++)
            load(b, q, &f->tap[b->basis][first + k], room[k]);
        product(f->matrix[b->basis] + first, f->n, f->nrow, n,
                (const lanes *)room, out, b->nwide, first > 0);
    }
}

/* The transpose: out += forms^T in. */
static void evaluate_back(const struct irreps_forms *f, const struct block *b,
                          const lanes *in, lanes *room, struct field *out)
{
    for (int first = 0; first < f->n; first += IRREPS_ORBIT_MAX) {
        int n = f->n - first;
        if (n > IRREPS_ORBIT_MAX)
            n = IRREPS_ORBIT_MAX;
        product(f->transpose[b->basis] + (ptrdiff_t)first * f->nrow, f->nrow, n,
                f->nrow, in, room, b->nwide, false);
        for (int k = 0; k < n; k++)
            add_back(b, out, &f->tap[b->basis][first + k], room[k]);
    }
}

/* The operation whose row of score is the largest, the first of equals. */
static void largest(int n, const lanes *score, int nlane, int *pick)
{
    for (int l = 0; l < nlane; l++) {
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
static void set_frame(const struct irreps *p, int r, int nlane, const int *pick,
                      lanes *m)
{
    int d = p->group.irrep[r].dim;
    const double *matrix = p->group.irrep[r].matrix;
    for (int i = 0; i < d; i++)
        for (int j = 0; j < d; j++)
            for (int l = 0; l < nlane; l++)
                m[i * d + j][l] = matrix[(pick[l] * d + j) * d + i];
}

/* The operation that carries the reference of irrep r to its sector. */
static void pick_sharp(const struct irreps *p, int r, int nlane, const lanes *a,
                       int *pick)
{
    int d = p->group.irrep[r].dim, order = p->group.order;
    const double *axis = p->axis[r];
    lanes reference[SYMMETRY_DIM_MAX] = {{0}}, score[IRREPS_ORDER_MAX];
    for (int g = 0; g < order; g++)
        for (int i = 0; i < d; i++)
            for (int l = 0; l < nlane; l++)
                reference[i][l] += axis[g * d + i] * a[g][l];
    for (int g = 0; g < order; g++)
        for (int l = 0; l < nlane; l++) {
            double sum = 0;
            for (int i = 0; i < d; i++)
                sum += axis[g * d + i] * reference[i][l];
            score[g][l] = sum;
        }
    largest(order, (const lanes *)score, nlane, pick);
}

/* p = softmax(a/width) */
static void soften(const struct irreps *p, int nlane, struct frame *f)
{
    int order = p->group.order;
    for (int l = 0; l < nlane; l++) {
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
static void mix(const struct irreps *p, int r, int nlane, const lanes *weight,
                lanes *m)
{
    int d = p->group.irrep[r].dim;
    const double *matrix = p->group.irrep[r].matrix;
    for (int i = 0; i < d; i++)
        for (int j = 0; j < d; j++) {
            for (int l = 0; l < nlane; l++)
                m[i * d + j][l] = 0;
            for (int g = 0; g < p->group.order; g++)
                for (int l = 0; l < nlane; l++)
                    m[i * d + j][l] +=
                        matrix[(g * d + j) * d + i] * weight[g][l];
        }
}

/* A, p and M of the sites of a block. */
static void find_frame(const struct irreps *p, const struct block *b,
                       const struct field *q, lanes *room, struct frame *f)
{
    int nlane = WIDE * b->nwide, pick[LANES];
    if (p->caps.n == 0)
        return;
    evaluate(&p->caps, b, q, room, f->a);
    if (p->phase == IRREPS_FRAME)
        largest(p->group.order, (const lanes *)f->a, nlane, pick);
    else if (p->phase == IRREPS_SMOOTH)
        soften(p, nlane, f);
    for (int r = 1; r < p->group.nirrep; r++) {
        if (!p->axis[r])
            continue;
        if (p->phase == IRREPS_SHARP)
            pick_sharp(p, r, nlane, (const lanes *)f->a, pick);
        if (p->phase == IRREPS_SMOOTH)
            mix(p, r, nlane, (const lanes *)f->p, f->m + p->at[r]);
        else
            set_frame(p, r, nlane, pick, f->m + p->at[r]);
    }
}

/* out (+)= M in, or M^T in, for one copy of an irrep. */
static void turn(int d, const lanes *m, bool transposed, const lanes *in,
                 lanes *out, int nlane, bool add)
{
    for (int i = 0; i < d; i++) {
        if (!add)
            memset(out[i], 0, (size_t)nlane * sizeof out[i][0]);
        for (int j = 0; j < d; j++) {
            const double *w = m[transposed ? j * d + i : i * d + j];
            for (int l = 0; l < nlane; l++)
                out[i][l] += w[l] * in[j][l];
        }
    }
}

/* All copies of an orbit; trivial ones are copied (or left out when added). */
static void turn_orbit(const struct irreps *p, const struct irreps_orbit *o,
                       const struct frame *f, bool transposed, const lanes *in,
                       lanes *out, int nlane, bool add)
{
    for (int c = 0; c < o->ncopy; c++) {
        int r = o->copy[c].irrep, row = o->copy[c].row;
        if (r > 0)
            turn(p->group.irrep[r].dim, f->m + p->at[r], transposed, in + row,
                 out + row, nlane, add);
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
    int nlane = WIDE * b->nwide;
    find_frame(p, b, q, s.q, &f);
    for (int k = 0; k < p->norbit; k++) {
        const struct irreps_orbit *o = &p->orbit[k];
        evaluate(&o->forms, b, q, s.q, s.f);
        turn_orbit(p, o, &f, false, (const lanes *)s.f, s.x, nlane, false);
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
static void soften_tangent(const struct irreps *p, int nlane,
                           const struct frame *f, lanes *da)
{
    for (int l = 0; l < nlane; l++) {
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
    int nlane = WIDE * b->nwide;
    evaluate(&p->caps, b, dq, room, df->a);
    soften_tangent(p, nlane, f, df->a);
    for (int r = 1; r < p->group.nirrep; r++)
        if (p->axis[r])
            mix(p, r, nlane, (const lanes *)df->a, df->m + p->at[r]);
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
    int nlane = WIDE * b->nwide;
    bool smooth = p->phase == IRREPS_SMOOTH && p->caps.n > 0;
    find_frame(p, b, q, s.q, &f);
    if (smooth)
        frame_tangent(p, b, dq, &f, s.q, &df);
    for (int k = 0; k < p->norbit; k++) {
        const struct irreps_orbit *o = &p->orbit[k];
        evaluate(&o->forms, b, dq, ds.q, ds.f);
        turn_orbit(p, o, &f, false, (const lanes *)ds.f, ds.x, nlane, false);
        if (smooth) {
            evaluate(&o->forms, b, q, s.q, s.f);
            turn_orbit(p, o, &df, false, (const lanes *)s.f, ds.x, nlane, true);
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

/* dL/dp_g += sum over copies of x^T (dM/dp_g) f = sum dx_i D(g)_ji f_j */
static void choice_back(const struct irreps *p, const struct irreps_orbit *o,
                        const lanes *f, const lanes *dx, int nlane, lanes *dp)
{
    for (int c = 0; c < o->ncopy; c++) {
        int r = o->copy[c].irrep, row = o->copy[c].row;
        int d = p->group.irrep[r].dim;
        const double *matrix = p->group.irrep[r].matrix;
        for (int e = 0; r > 0 && e < d * d; e++) {
            const double *fj = f[row + e / d], *xi = dx[row + e % d];
            lanes both;
            for (int l = 0; l < nlane; l++)
                both[l] = fj[l] * xi[l];
            for (int g = 0; g < p->group.order; g++)
                for (int l = 0; l < nlane; l++)
                    dp[g][l] += matrix[g * d * d + e] * both[l];
        }
    }
}

static void block_back(const struct irreps *p, const struct block *b,
                       const struct field *q, const double *dx,
                       struct field *out)
{
    struct frame f;
    struct stage s, ds;
    lanes dp[IRREPS_ORDER_MAX];
    int nlane = WIDE * b->nwide;
    bool smooth = p->phase == IRREPS_SMOOTH && p->caps.n > 0;
    find_frame(p, b, q, s.q, &f);
    memset(dp, 0, sizeof dp);
    for (int k = 0; k < p->norbit; k++) {
        const struct irreps_orbit *o = &p->orbit[k];
        fetch(p, b, o->first, o->forms.n, dx, ds.x);
        turn_orbit(p, o, &f, true, (const lanes *)ds.x, ds.f, nlane, false);
        if (smooth) {
            evaluate(&o->forms, b, q, s.q, s.f);
            choice_back(p, o, (const lanes *)s.f, (const lanes *)ds.x, nlane,
                        dp);
            amplitudes_back(p, b, o, (const lanes *)s.f, dx, ds.f);
        }
        evaluate_back(&o->forms, b, (const lanes *)ds.f, ds.q, out);
    }
    if (!smooth)
        return;
    soften_tangent(p, nlane, &f, dp);
    evaluate_back(&p->caps, b, (const lanes *)dp, s.q, out);
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

/* Adds line c of an axis of n cells to the cell that it repeats; lines beyond
   an open end are dropped. */
static void fold_line(const struct lattice *lat, int axis, double *line, int c,
                      ptrdiff_t stride, ptrdiff_t length)
{
    int n = lat->local[axis], to = (c % n + n) % n;
    if (!lat->periodic[axis])
        return;
    for (ptrdiff_t i = 0; i < length; i++)
        line[to * stride + i] += line[c * stride + i];
}

/* The transpose of field_exchange: z, then y, then x. */
static void fold_border(struct field *f)
{
    const struct lattice *lat = f->lat;
    int hx = f->halo[0], hy = f->halo[1];
    for (int k = 0; k < f->ncomp * lat->shape.nbasis; k++) {
        double *cell = f->data + f->origin +
                       k / lat->shape.nbasis * f->stride_comp +
                       k % lat->shape.nbasis * f->stride_basis;
        for (int axis = 2; axis >= 0; axis--) {
            int n = lat->local[axis], h = f->halo[axis];
            int64_t nline = axis == 2   ? 1
                            : axis == 1 ? lat->local[2]
                                        : field_nrow(f);
            ptrdiff_t back = axis == 2   ? hx + hy * f->stride[1]
                             : axis == 1 ? hx
                                         : 0;
            ptrdiff_t length = axis ? f->stride[axis] : 1;
            for (int64_t line = 0; line < nline; line++) {
                ptrdiff_t at =
                    axis == 0 ? field_row(f, line) : line * f->stride[2];
                for (int c = -h; c < n + h; c++)
                    if (c < 0 || c >= n)
                        fold_line(lat, axis, cell + at - back, c,
                                  f->stride[axis], length);
            }
        }
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
    fold_border(out);
    for (int c = 0; c < p->ncomp; c++)
        field_gather(out, c, gradient + c * q->lat->nlocal);
    field_free(out);
    return 0;
}

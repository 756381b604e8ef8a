/* Potentials evaluated on a lattice.  See plug/potential.h.

   Features are made in double precision by blocks of rows, inside the
   network's own loop over rows: no array of all features exists. */

#include "plug/potential.h"

#include <omp.h>
#include <string.h>

#include "base/mem.h"
#include "base/parallel.h"
#include "base/sum.h"

enum { BLOCK = POTENTIAL_INPUT_MAX }; /* features on the stack of a thread */

static const struct descriptor_style *style_of(const struct potential *p)
{
    return (const struct descriptor_style *)p->descriptor->head.style;
}

/* to = from + shift*(mu - onsite), rows of all sites. */
static void add_shift(const struct field *q, const struct field *onsite,
                      int comp, double shift, double mu, struct field *v)
{
    int n = q->lat->local[0];
    int64_t nrow = field_nrow(q);

    for (int b = 0; b < q->lat->shape.nbasis; b++) {
        const double *from = field_read(q, comp, b);
        const double *w = onsite ? field_read(onsite, 0, b) : NULL;
        double *to = field_write(v, comp, b);

#pragma omp parallel for schedule(static) if (q->lat->nlocal >= PARALLEL_MIN)
        for (int64_t r = 0; r < nrow; r++) {
            const double *a = from + field_row(q, r);
            const double *e = w ? w + field_row(onsite, r) : NULL;
            double *c = to + field_row(v, r);

            for (int x = 0; x < n; x++)
                c[x] = a[x] + shift * (e ? mu - e[x] : mu);
        }
    }
}

static int get_shift(struct adele *ctx, const struct potential *p,
                     double *shift)
{
    const struct model_style *style =
        (const struct model_style *)ctx->model->head.style;

    if (p->mu == POTENTIAL_MU_SHIFT)
        return style->mu_shift(ctx, ctx->model, shift);
    memset(shift, 0, MODEL_COMPONENT_MAX * sizeof *shift);
    return 0;
}

int potential_displace(struct adele *ctx, const struct potential *p,
                       const struct field *q, const struct field *onsite,
                       double mu, struct field *v)
{
    double shift[MODEL_COMPONENT_MAX];

    if (get_shift(ctx, p, shift))
        return ctx->error.status;
    if (field_widen(v, p->descriptor->halo))
        return err_memory(ctx, "displacements with a border",
                          (double)field_bytes(v));
    for (int c = 0; c < p->ncomp; c++) {
        if (shift[c] == 0)
            add_shift(q, NULL, c, 0, 0, v);
        else
            add_shift(q, onsite, c, shift[c], mu, v);
    }
    field_exchange(v);
    return 0;
}

/* What channels are scaled by, of one row or of several in sequence. */
struct scales {
    int n;
    const double *shift, *inverse, *low, *high; /* [n] */
};

/* n channels of x; how many lie outside their range. */
static int scale(const struct scales *s, int begin, int n, const double *value,
                 enum precision precision, void *x)
{
    const double *shift = s->shift + begin, *inverse = s->inverse + begin;
    const double *low = s->low + begin, *high = s->high + begin;
    float *single = x;
    double *exact = x;
    int outside = 0;

#pragma omp simd reduction(+ : outside)
    for (int j = 0; j < n; j++)
        outside += !(value[j] >= low[j] && value[j] <= high[j]);
    if (precision == PRECISION_SINGLE) {
#pragma omp simd
        for (int j = 0; j < n; j++)
            single[j] = (float)((value[j] - shift[j]) * inverse[j]);
    } else {
#pragma omp simd
        for (int j = 0; j < n; j++)
            exact[j] = (value[j] - shift[j]) * inverse[j];
    }
    return outside;
}

/* Rows of which each has something outside. */
static int rows_outside(const struct scales *s, int nin, int64_t numbers,
                        const double *value)
{
    int rows = 0;

    for (int64_t k = 0; k < numbers; k += nin) {
        bool outside = false;

        for (int j = 0; j < nin; j++)
            outside |=
                !(value[k + j] >= s->low[j] && value[k + j] <= s->high[j]);
        rows += outside;
    }
    return rows;
}

enum { STRETCH = 64 }; /* numbers of short rows that are scaled in one go */

/* Rows of features with nothing behind them. */
static int64_t scale_stretches(const struct potential *p,
                               const struct scales *row, const double *feature,
                               int64_t rows, enum precision precision, void *x)
{
    double table[4][STRETCH];
    struct scales s = {STRETCH / p->nin * p->nin, table[0], table[1], table[2],
                       table[3]};
    int64_t outside = 0, numbers = rows * p->nin;
    size_t size = gemm_number(precision);

    for (int j = 0; j < s.n; j++) {
        table[0][j] = row->shift[j % p->nin];
        table[1][j] = row->inverse[j % p->nin];
        table[2][j] = row->low[j % p->nin];
        table[3][j] = row->high[j % p->nin];
    }
    for (int64_t at = 0; at < numbers; at += s.n) {
        int n = numbers - at < s.n ? (int)(numbers - at) : s.n;

        if (scale(&s, 0, n, feature + at, precision,
                  (char *)x + (size_t)at * size))
            outside += rows_outside(row, p->nin, n, feature + at);
    }
    return outside;
}

/* Each row of features followed by its row of `extra`. */
static int64_t scale_rows(const struct potential *p, const struct scales *row,
                          const double *feature, const double *extra,
                          int64_t rows, enum precision precision, void *x)
{
    int nfeature = p->descriptor->nfeature, nextra = p->nin - nfeature;
    size_t size = gemm_number(precision);
    char *to = x;
    int64_t outside = 0;

    for (int64_t k = 0; k < rows; k++, to += (size_t)p->nin * size) {
        int n = scale(row, 0, nfeature, feature + k * nfeature, precision, to);

        if (nextra)
            n += scale(row, nfeature, nextra, extra + k * nextra, precision,
                       to + (size_t)nfeature * size);
        outside += n > 0;
    }
    return outside;
}

int64_t potential_features(const struct potential *p,
                           const struct potential_input *in, int64_t begin,
                           int64_t end, enum precision precision, void *x)
{
    const struct descriptor *d = p->descriptor;
    double feature[BLOCK], inverse[BLOCK];
    const struct scales row = {p->nin, p->in_shift, inverse, p->in_low,
                               p->in_high};
    int64_t block = BLOCK / p->nin, outside = 0;
    size_t bytes = (size_t)p->nin * gemm_number(precision);
    int nextra = p->nin - d->nfeature;
    char *to = x;

    for (int j = 0; j < p->nin; j++)
        inverse[j] = 1 / p->in_scale[j];
    for (int64_t i = begin; i < end; i += block, to += (size_t)block * bytes) {
        int64_t n = i + block < end ? block : end - i;
        const double *from = in->whole ? in->whole + i * d->nfeature : feature;

        if (!in->whole)
            style_of(p)->rows(d, in->displacement, i, i + n, feature);
        for (int64_t k = 0; in->base && k < n; k++)
            in->base[i + k] = from[k * d->nfeature + d->base - 1];
        if (nextra || p->nin > STRETCH)
            outside += scale_rows(p, &row, from,
                                  nextra ? in->extra + i * nextra : NULL, n,
                                  precision, to);
        else
            outside += scale_stretches(p, &row, from, n, precision, to);
    }
    return outside;
}

struct potential_run {
    struct potential *p;
    const struct lattice *lat;
    enum precision precision; /* of numbers in memory */
    bool keep;
    struct net_run *net;
    uint64_t clock;
    struct field *v, *along; /* input; a constant direction: on demand */
    double *extra;           /* [nsite][potential_extra], or NULL: none */
    double *whole;           /* [nsite][nfeature]: struct potential_input */
    double *base;            /* [nsite] */
    double *linear;          /* [nsite]: of the energy, or NULL */
    double *part;            /* [nsite] energies of sites, gradients */
    void *rows;              /* [nsite][nin]: derivatives of the input */
    double *dfeature;        /* [nsite][nfeature] */
    /* Of the pass that is on. */
    struct potential_input input;
    int64_t outside;
    double seconds; /* that the first thread spent on features */
};

void potential_run_free(struct potential_run *r)
{
    if (!r)
        return;
    net_run_free(r->net);
    field_free(r->v);
    field_free(r->along);
    mem_free(r->extra);
    mem_free(r->whole);
    mem_free(r->base);
    mem_free(r->linear);
    mem_free(r->part);
    mem_free(r->rows);
    mem_free(r->dfeature);
    mem_free(r);
}

static int no_memory(struct adele *ctx, const struct potential_run *r)
{
    double bytes = r->net ? (double)net_run_bytes(r->net) : 0;

    return err_memory(ctx, "a network on the lattice", bytes);
}

int potential_run_update(struct adele *ctx, struct potential_run *r)
{
    int64_t n = r->p->net.nparam;
    float *single;

    if (r->precision == PRECISION_DOUBLE) {
        net_run_param(r->net, r->p->param);
        return 0;
    }
    single = mem_alloc((size_t)n, sizeof *single);
    if (!single)
        return no_memory(ctx, r);
    for (int64_t k = 0; k < n; k++)
        single[k] = (float)r->p->param[k];
    net_run_param(r->net, single);
    mem_free(single);
    return 0;
}

static int need_features(struct adele *ctx, struct potential_run *r)
{
    const struct descriptor *d = r->p->descriptor;
    size_t n = (size_t)r->lat->nlocal;
    bool whole = style_of(r->p)->whole != NULL;
    bool base = d->base > 0 && r->p->target == TARGET_DENSITY;

    int nextra = potential_extra(r->p);

    if (nextra) {
        r->extra = mem_zalloc(n * (size_t)nextra, sizeof *r->extra);
        if (!r->extra)
            return no_memory(ctx, r);
        potential_extra_fixed(r->p, r->lat, r->extra);
    }
    if (whole)
        r->whole = mem_alloc(n * (size_t)d->nfeature, sizeof *r->whole);
    if (base)
        r->base = mem_alloc(n, sizeof *r->base);
    return (whole && !r->whole) || (base && !r->base) ? no_memory(ctx, r) : 0;
}

struct potential_run *potential_run_new(struct adele *ctx, struct potential *p,
                                        const struct lattice *lat,
                                        enum precision precision, bool keep)
{
    struct potential_run *r = mem_zalloc(1, sizeof *r);

    if (!r) {
        err_memory(ctx, "a network on the lattice", sizeof *r);
        return NULL;
    }
    *r = (struct potential_run){
        .p = p,
        .lat = lat,
        .precision = precision == PRECISION_BF16 ? PRECISION_SINGLE : precision,
        .keep = keep};
    r->net = net_run_new(&p->net, lat, 1, precision, keep, NULL, ctx->nthread);
    r->v = field_new(lat, p->ncomp, &r->clock);
    if (!r->net || !r->v) {
        no_memory(ctx, r);
        potential_run_free(r);
        return NULL;
    }
    if (need_features(ctx, r) || potential_run_update(ctx, r)) {
        potential_run_free(r);
        return NULL;
    }
    return r;
}

/* Features of all sites, where the descriptor makes them at once. */
static int make_whole(struct adele *ctx, struct potential_run *r)
{
    enum task before = timers_enter(&ctx->timers, TASK_DESCRIPTOR);
    int status =
        style_of(r->p)->whole(r->p->descriptor, r->v, ctx->nthread, r->whole);

    timers_enter(&ctx->timers, before);
    return status ? no_memory(ctx, r) : 0;
}

static int set_input(struct adele *ctx, struct potential_run *r,
                     const struct field *q, const struct field *onsite,
                     double mu)
{
    int status = potential_displace(ctx, r->p, q, onsite, mu, r->v);

    potential_extra_mu(ctx, r->p, onsite, mu, r->lat->nlocal, r->extra);
    r->input = (struct potential_input){.displacement = r->v,
                                        .extra = r->extra,
                                        .whole = r->whole,
                                        .base = r->base};
    return !status && r->whole ? make_whole(ctx, r) : status;
}

void potential_linear(const struct potential *p, enum precision precision,
                      int64_t n, const void *x, double *out)
{
    const float *single = x;
    const double *exact = x;

    for (int64_t i = 0; i < n; i++) {
        out[i] = 0;
        for (int j = 0; j < p->nin; j++) {
            int64_t k = i * p->nin + j;
            out[i] +=
                p->linear[j] *
                (precision == PRECISION_SINGLE ? (double)single[k] : exact[k]);
        }
    }
}

static void give_rows(void *data, int64_t begin, int64_t end, void *x)
{
    struct potential_run *r = data;
    bool first = omp_get_thread_num() == 0;
    double start = first ? wall_time() : 0;
    int64_t outside =
        potential_features(r->p, &r->input, begin, end, r->precision, x);

    if (outside)
        __atomic_fetch_add(&r->outside, outside, __ATOMIC_RELAXED);
    if (r->linear)
        potential_linear(r->p, r->precision, end - begin, x, r->linear + begin);
    if (first)
        r->seconds += wall_time() - start;
}

/* A pass whose time is split between descriptor and network. */
static const void *forward(struct adele *ctx, struct potential_run *r)
{
    enum task before = timers_enter(&ctx->timers, TASK_NETWORK);
    const void *y;

    r->outside = 0;
    r->seconds = 0;
    y = net_forward(r->net, give_rows, r);
    timers_enter(&ctx->timers, before);
    ctx->timers.spent[TASK_NETWORK] -= r->seconds;
    ctx->timers.spent[TASK_DESCRIPTOR] += r->seconds;
    return y;
}

/* out = shift + scale*y, every nout-th number from `first` on. */
static void unscale_channel(const struct potential_run *r, const void *y,
                            int first, double scale, double shift, double *out)
{
    int nout = r->p->nout;
    int64_t n = r->lat->nlocal * nout;
    const float *single = y;
    const double *exact = y;

    if (r->precision == PRECISION_SINGLE) {
#pragma omp parallel for simd schedule(static) if (n >= PARALLEL_MIN)
        for (int64_t k = first; k < n; k += nout)
            out[k] = scale * (double)single[k] + shift;
    } else {
#pragma omp parallel for simd schedule(static) if (n >= PARALLEL_MIN)
        for (int64_t k = first; k < n; k += nout)
            out[k] = scale * exact[k] + shift;
    }
}

static void unscale(const struct potential_run *r, const void *y, bool shift,
                    double *out)
{
    for (int j = 0; j < r->p->nout; j++)
        unscale_channel(r, y, j, r->p->out_scale[j],
                        shift ? r->p->out_shift[j] : 0, out);
}

static int need_rows(struct adele *ctx, struct potential_run *r)
{
    if (!r->rows)
        r->rows = mem_alloc((size_t)r->lat->nlocal * (size_t)r->p->nin,
                            gemm_number(r->precision));
    return r->rows ? 0 : no_memory(ctx, r);
}

/* The direction of a change of mu. */
static int need_along(struct adele *ctx, struct potential_run *r)
{
    double shift[MODEL_COMPONENT_MAX];
    int status = get_shift(ctx, r->p, shift);

    if (status)
        return status;
    if (!r->along)
        r->along = field_new(r->lat, r->p->ncomp, &r->clock);
    if (!r->along || field_widen(r->along, r->p->descriptor->halo))
        return no_memory(ctx, r);
    for (int c = 0; c < r->p->ncomp; c++)
        field_fill(r->along, c, shift[c]);
    field_exchange(r->along);
    return 0;
}

static void tangent_rows(struct potential_run *r, int64_t begin, int64_t end)
{
    const struct potential *p = r->p;
    int nfeature = p->descriptor->nfeature;
    double block[BLOCK];
    float *single = r->rows;
    double *exact = r->rows;

    style_of(p)->tangent(p->descriptor, r->v, r->along, begin, end, block);
    for (int64_t i = begin; i < end; i++) {
        if (r->base)
            r->base[i] =
                block[(i - begin) * nfeature + p->descriptor->base - 1];
        for (int j = 0; j < p->nin; j++) {
            double d = j < nfeature ? block[(i - begin) * nfeature + j]
                                    : j < nfeature + p->nmu;
            int64_t k = i * p->nin + j;

            d /= p->in_scale[j];
            if (r->precision == PRECISION_SINGLE)
                single[k] = (float)d;
            else
                exact[k] = d;
        }
    }
}

/* One number a site: density. */
static void add_base(const struct potential_run *r, double *out)
{
    if (!r->base)
        return;
#pragma omp parallel for schedule(static) if (r->lat->nlocal >= PARALLEL_MIN)
    for (int64_t i = 0; i < r->lat->nlocal; i++)
        out[i] += r->base[i];
}

static int find_slope(struct adele *ctx, struct potential_run *r, double *slope)
{
    int64_t n = r->lat->nlocal, block = BLOCK / r->p->nin;
    enum task before;
    const void *ydot;

    if (r->p->mu == POTENTIAL_MU_NONE) {
        memset(slope, 0, (size_t)(n * r->p->nout) * sizeof *slope);
        return 0;
    }
    if (!style_of(r->p)->tangent)
        return err_run(ctx, "descriptor %s has no derivatives",
                       r->p->descriptor->head.style->name);
    if (need_rows(ctx, r) || need_along(ctx, r))
        return ctx->error.status;
    before = timers_enter(&ctx->timers, TASK_DESCRIPTOR);
#pragma omp parallel for schedule(static) if (n >= PARALLEL_MIN)
    for (int64_t i = 0; i < (n + block - 1) / block; i++) {
        int64_t end = (i + 1) * block;

        tangent_rows(r, i * block, end < n ? end : n);
    }
    timers_enter(&ctx->timers, TASK_NETWORK);
    ydot = net_tangent(r->net, r->rows);
    if (ydot) {
        unscale(r, ydot, false, slope);
        add_base(r, slope);
    }
    timers_enter(&ctx->timers, before);
    return ydot ? 0 : no_memory(ctx, r);
}

int potential_predict(struct adele *ctx, struct potential_run *r,
                      const struct field *q, const struct field *onsite,
                      double mu, double *out, double *slope, int64_t *outside)
{
    int status = set_input(ctx, r, q, onsite, mu);

    if (status)
        return status;
    unscale(r, forward(ctx, r), true, out);
    add_base(r, out);
    if (outside)
        *outside = r->outside;
    return slope ? find_slope(ctx, r, slope) : 0;
}

static int need_gradient(struct adele *ctx, struct potential_run *r)
{
    size_t n = (size_t)r->lat->nlocal;

    if (!r->part)
        r->part = mem_alloc(n, sizeof *r->part);
    if (!r->dfeature)
        r->dfeature = mem_alloc(n * (size_t)r->p->descriptor->nfeature,
                                sizeof *r->dfeature);
    if (r->p->target == TARGET_ENERGY && !r->linear)
        r->linear = mem_alloc(n, sizeof *r->linear);
    if (!r->part || !r->dfeature || !r->linear)
        return no_memory(ctx, r);
    return need_rows(ctx, r);
}

/* dE/dfeature from dE/dx, and the derivative by the channel of mu. */
static void unscale_gradient(struct potential_run *r, double *dmu)
{
    const struct potential *p = r->p;
    int nfeature = p->descriptor->nfeature;
    const float *single = r->rows;
    const double *exact = r->rows;

#pragma omp parallel for schedule(static) if (r->lat->nlocal >= PARALLEL_MIN)
    for (int64_t i = 0; i < r->lat->nlocal; i++) {
        if (dmu)
            dmu[i] = 0;
        for (int j = 0; j < p->nin; j++) {
            int64_t k = i * p->nin + j;
            double d =
                r->precision == PRECISION_SINGLE ? (double)single[k] : exact[k];
            d = (d + p->linear[j]) / p->in_scale[j];
            if (j < nfeature)
                r->dfeature[i * nfeature + j] = d;
            else if (dmu && j < nfeature + p->nmu)
                dmu[i] += d;
        }
    }
}

/* Energies are those of sites, y one number a site: dL/dy = out_scale. */
static void backward(struct potential_run *r)
{
    int64_t n = r->lat->nlocal;
    double scale = r->p->out_scale[0];
    float *single = (float *)(void *)r->part;

    for (int64_t i = 0; i < n; i++) {
        if (r->precision == PRECISION_SINGLE)
            single[i] = (float)scale;
        else
            r->part[i] = scale;
    }
    net_backward(r->net, r->part, NULL, r->rows);
}

/* With mu: shift, mu moves each site's displacement. */
static int shift_slope(struct adele *ctx, const struct potential_run *r,
                       const double *gradient, double *dmu)
{
    double shift[MODEL_COMPONENT_MAX];
    int64_t n = r->lat->nlocal;
    int status =
        r->p->mu == POTENTIAL_MU_INPUT ? 0 : get_shift(ctx, r->p, shift);

    if (status || r->p->mu == POTENTIAL_MU_INPUT)
        return status;
    for (int64_t i = 0; i < n; i++) {
        dmu[i] = 0;
        for (int c = 0; c < r->p->ncomp; c++)
            dmu[i] += shift[c] * gradient[c * n + i];
    }
    return 0;
}

int potential_gradient(struct adele *ctx, struct potential_run *r,
                       const struct field *q, const struct field *onsite,
                       double mu, double *energy, double *gradient, double *dmu,
                       int64_t *outside)
{
    enum task before;
    int status = set_input(ctx, r, q, onsite, mu);

    if (status || need_gradient(ctx, r))
        return ctx->error.status;
    unscale(r, forward(ctx, r), true, r->part);
    *energy = sum_array(r->part, r->lat->nlocal) +
              sum_array(r->linear, r->lat->nlocal);
    if (outside)
        *outside = r->outside;
    before = timers_enter(&ctx->timers, TASK_NETWORK);
    backward(r);
    timers_enter(&ctx->timers, TASK_DESCRIPTOR);
    unscale_gradient(r, dmu);
    status = style_of(r->p)->backward(ctx, r->p->descriptor, r->v, r->dfeature,
                                      gradient);
    timers_enter(&ctx->timers, before);
    return status || !dmu ? status : shift_slope(ctx, r, gradient, dmu);
}

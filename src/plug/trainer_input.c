/* What the network reads and shall give: features, scales, symmetry images.
   See plug/trainer_state.h. */

#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "base/parallel.h"
#include "plug/setting.h"
#include "plug/trainer_state.h"

enum { ROWS = 64 }; /* a thread's piece of features */

static int fail_memory(struct adele *ctx, double bytes)
{
    return err_memory(ctx, "the training", bytes);
}

int trainer_raw(struct adele *ctx, struct trainer *t, struct train_item *item,
                const struct field *q, const struct field *onsite,
                struct field *v)
{
    struct train_place *at = &t->place[item->place];
    const struct descriptor *d = t->p->descriptor;
    const struct descriptor_style *style =
        (const struct descriptor_style *)d->head.style;
    int64_t n = at->lat->nsite;
    double *raw = at->raw;
    struct field *u = v ? v : at->v;
    if (potential_displace(at->setting, t->p, q, onsite, item->s->mu, u))
        return setting_error(ctx, at->setting, NULL);
    if (style->whole)
        return style->whole(d, u, t->nthread, raw)
                   ? fail_memory(ctx, 8.0 * (double)n * d->nfeature)
                   : 0;
#pragma omp parallel for schedule(static) if (n * d->nfeature >= PARALLEL_MIN)
    for (int64_t i = 0; i < n; i += ROWS)
        style->rows(d, u, i, i + ROWS < n ? i + ROWS : n,
                    raw + i * d->nfeature);
    return 0;
}

/* Mean and spread of a number over the training, around its first value, so
   that no digits are lost. */
struct spread {
    double first, sum, squares, low, high;
    int64_t n;
};

static void spread_add(struct spread *s, double x)
{
    if (s->n == 0) {
        s->first = s->low = s->high = x;
    }
    double d = x - s->first;
    s->sum += d;
    s->squares += d * d;
    s->low = x < s->low ? x : s->low;
    s->high = x > s->high ? x : s->high;
    s->n++;
}

static double spread_mean(const struct spread *s)
{
    return s->n ? s->first + s->sum / (double)s->n : 0;
}

/* Standard deviation; 1 where nothing varies. */
static double spread_sigma(const struct spread *s)
{
    double n = (double)s->n, mean = s->n ? s->sum / n : 0;
    double variance = s->n ? s->squares / n - mean * mean : 0;
    double scale = fabs(s->first) + fabs(s->high) + fabs(s->low);
    return variance > 1e-24 * scale * scale ? sqrt(variance) : 1;
}

static double spread_rms(const struct spread *s)
{
    double n = (double)s->n, mean = spread_mean(s), sigma = spread_sigma(s);
    return n > 0 ? sqrt(mean * mean + sigma * sigma) : 1;
}

/* Targets less the descriptor's own approximation. */
static int subtract_base(struct adele *ctx, struct trainer *t,
                         struct train_items *set, struct train_item *item)
{
    const struct descriptor *d = t->p->descriptor;
    const struct train_place *at = &t->place[item->place];
    int64_t n = at->lat->nsite;
    double *target = mem_alloc((size_t)n, sizeof *target);
    if (!target || list_reserve(&set->block, set->nblock, &set->capacity)) {
        mem_free(target);
        return fail_memory(ctx, 8.0 * (double)n);
    }
    set->block[set->nblock++] = target;
    for (int64_t i = 0; i < n; i++)
        target[i] = item->target[i] - at->raw[i * d->nfeature + d->base - 1];
    item->target = target;
    return 0;
}

static void add_features(struct trainer *t, struct train_item *item,
                         struct spread *in)
{
    const struct train_place *at = &t->place[item->place];
    const struct potential *p = t->p;
    int nfeature = p->descriptor->nfeature;
    int64_t n = at->lat->nsite;
#pragma omp parallel for schedule(static) if (n * nfeature >= PARALLEL_MIN)
    for (int j = 0; j < nfeature; j++)
        for (int64_t i = 0; i < n; i++)
            spread_add(&in[j], at->raw[i * nfeature + j]);
    int nextra = p->nin - nfeature;
    setting_leads(at->setting, item->s->lead_mu);
    potential_extra_mu(at->setting, p, item->s->onsite, item->s->mu, n,
                       at->extra);
    for (int j = 0; j < nextra; j++)
        for (int64_t i = 0; i < n; i++)
            spread_add(&in[nfeature + j], at->extra[i * nextra + j]);
}

static void add_targets(const struct trainer *t, const struct train_item *item,
                        struct spread *out, struct spread *energy)
{
    int64_t n = t->place[item->place].lat->nsite;
    for (int c = 0; c < t->ncol; c++)
        for (int64_t i = 0; i < n; i++)
            spread_add(&out[c], item->target[c * n + i]);
    if (isfinite(item->energy))
        spread_add(energy, item->energy / (double)n);
}

/* Vectors keep their direction: no shift, one scale. */
static double common_rms(const struct spread *s, int n)
{
    double sum = 0;
    for (int k = 0; k < n; k++)
        sum += spread_rms(&s[k]) * spread_rms(&s[k]);
    return sqrt(sum / n);
}

/* Networks without a bias change the sign of their output with that of their
   input: shifts must leave that symmetry, the one of electrons and holes, as it
   is.  A sigmoid at the end gives densities themselves. */
static void respect_network(struct trainer *t)
{
    struct potential *p = t->p;
    const struct net *net = &p->net;
    bool density = t->c.target == TARGET_DENSITY, bias = false;
    for (int l = 0; l < net->nlayer; l++)
        bias = bias || net->layer[l].bias;
    for (int j = 0; !bias && j < p->descriptor->nfeature; j++)
        p->in_shift[j] = 0;
    for (int j = 0; !bias && j < p->nout; j++)
        p->out_shift[j] = density ? 0.5 : 0;
    if (density && !t->has_base &&
        net->layer[net->nlayer - 1].activation == ACTIVATION_SIGMOID) {
        p->out_shift[0] = 0;
        p->out_scale[0] = 1;
    }
}

static void set_scales(struct trainer *t, const struct spread *in,
                       const struct spread *out, const struct spread *energy)
{
    struct potential *p = t->p;
    int nfeature = p->descriptor->nfeature;
    bool vector_in = p->descriptor->rank > 0;
    double typical = 0;
    for (int j = 0; j < p->nin; j++) {
        bool turns = vector_in && j < nfeature;
        p->in_shift[j] = turns ? 0 : spread_mean(&in[j]);
        p->in_scale[j] =
            (turns ? common_rms(in, nfeature) : spread_sigma(&in[j])) /
            t->c.gain;
        p->in_low[j] = in[j].low;
        p->in_high[j] = in[j].high;
        typical += j < nfeature ? p->in_scale[j] / nfeature : 0;
    }
    bool vector_out = p->vector && t->c.target != TARGET_DENSITY;
    t->residual = vector_out || t->ncol > 1 ? common_rms(out, t->ncol)
                                            : spread_sigma(&out[0]);
    for (int j = 0; j < p->nout; j++) {
        p->out_shift[j] = vector_out ? 0 : spread_mean(&out[j]);
        p->out_scale[j] = t->residual;
    }
    if (t->c.target == TARGET_ENERGY) {
        p->out_shift[0] = spread_mean(energy);
        p->out_scale[0] = t->residual * typical;
    }
    respect_network(t);
}

/* The mean of the weights that the loss gives to sites. */
static void set_weights(struct trainer *t, const struct spread *out)
{
    double sum = 0;
    int64_t count = 0;
    t->weight_norm = 1;
    if (t->c.loss.weight == 0)
        return;
    for (int64_t k = 0; k < t->train.n; k++) {
        const struct train_item *item = &t->train.item[k];
        int64_t n = t->place[item->place].lat->nsite;
        for (int c = 0; c < t->ncol; c++)
            for (int64_t i = 0; i < n; i++)
                sum += fabs(item->target[c * n + i] - spread_mean(&out[c]));
        count += n * t->ncol;
    }
    t->weight_norm = 1 + t->c.loss.weight * sum / ((double)count * t->residual);
}

int trainer_scales(struct adele *ctx, struct trainer *t)
{
    struct spread *in = mem_zalloc((size_t)t->p->nin, sizeof *in);
    struct spread *out = mem_zalloc((size_t)t->ncol, sizeof *out);
    struct spread energy = {0};
    int status = in && out ? 0 : fail_memory(ctx, 64.0 * t->p->nin);
    for (int64_t k = 0; !status && k < t->train.n; k++) {
        struct train_item *item = &t->train.item[k];
        status = trainer_raw(ctx, t, item, item->s->q, item->s->onsite, NULL);
        if (!status && t->has_base)
            status = subtract_base(ctx, t, &t->train, item);
        if (status)
            break;
        add_features(t, item, in);
        add_targets(t, item, out, &energy);
    }
    for (int64_t k = 0; !status && t->has_base && k < t->valid.n; k++) {
        struct train_item *item = &t->valid.item[k];
        status = trainer_raw(ctx, t, item, item->s->q, item->s->onsite, NULL);
        if (!status)
            status = subtract_base(ctx, t, &t->valid, item);
    }
    if (!status) {
        set_scales(t, in, out, &energy);
        for (int c = 0; c < t->ncol; c++)
            t->target_mean[c] = spread_mean(&out[c]);
        set_weights(t, out);
    }
    mem_free(in);
    mem_free(out);
    return status;
}

/* Scaled features of what trainer_raw has made, and what stands behind. */
static void scale_features(struct trainer *t, const struct train_item *item,
                           const struct field *onsite, void *x)
{
    const struct train_place *at = &t->place[item->place];
    const struct potential *p = t->p;
    int nfeature = p->descriptor->nfeature, nin = p->nin;
    int64_t n = at->lat->nsite;
    const double *extra = at->extra;
    float *single = x;
    double *exact = x;
    setting_leads(at->setting, item->s->lead_mu);
    potential_extra_mu(at->setting, p, onsite, item->s->mu, n, at->extra);
#pragma omp parallel for schedule(static) if (n * nin >= PARALLEL_MIN)
    for (int64_t i = 0; i < n; i++) {
        for (int j = 0; j < nin; j++) {
            double raw = j < nfeature
                             ? at->raw[i * nfeature + j]
                             : extra[i * (nin - nfeature) + j - nfeature];
            double value = (raw - p->in_shift[j]) / p->in_scale[j];
            if (t->c.precision == PRECISION_SINGLE)
                single[i * nin + j] = (float)value;
            else
                exact[i * nin + j] = value;
        }
    }
}

static int keep_set(struct adele *ctx, struct trainer *t,
                    struct train_items *set, double *left)
{
    for (int64_t k = 0; k < set->n; k++) {
        struct train_item *item = &set->item[k];
        size_t numbers =
            (size_t)t->place[item->place].lat->nsite * (size_t)t->p->nin;
        double bytes = (double)numbers * (double)trainer_number(t);
        if (bytes > *left)
            continue;
        *left -= bytes;
        item->x = mem_alloc(numbers, trainer_number(t));
        if (!item->x)
            return fail_memory(ctx, bytes);
        if (trainer_raw(ctx, t, item, item->s->q, item->s->onsite, NULL))
            return ctx->error.status;
        scale_features(t, item, item->s->onsite, item->x);
    }
    return 0;
}

int trainer_keep(struct adele *ctx, struct trainer *t)
{
    double left = t->c.memory * 1073741824.0;
    if (keep_set(ctx, t, &t->valid, &left))
        return ctx->error.status;
    return t->c.augment ? 0 : keep_set(ctx, t, &t->train, &left);
}

/* Symmetry images: q'(image of i) = R q(i). */

static void turn_columns(const struct train_place *at, int op, bool vector,
                         int ncol, const double *from, double *to)
{
    int64_t n = at->lat->nsite;
    const int64_t *image = at->image + op * n;
    for (int64_t i = 0; i < n; i++) {
        for (int c = 0; c < ncol; c++) {
            double value = vector ? 0 : from[c * n + i];
            for (int b = 0; vector && b < ncol; b++)
                value += at->turn[op][c][b] * from[b * n + i];
            to[c * n + image[i]] = value;
        }
    }
}

static int turn_field(struct adele *ctx, struct train_place *at, int op,
                      bool vector, const struct field *from, struct field *to)
{
    size_t n = (size_t)at->lat->nsite, size = n * (size_t)from->ncomp;
    double *a = mem_alloc(2 * size, sizeof *a);
    if (!a)
        return fail_memory(ctx, 16.0 * (double)size);
    for (int c = 0; c < from->ncomp; c++)
        field_gather(from, c, a + (size_t)c * n);
    turn_columns(at, op, vector, from->ncomp, a, a + size);
    for (int c = 0; c < from->ncomp; c++)
        field_scatter(to, c, a + size + (size_t)c * n);
    mem_free(a);
    return 0;
}

int trainer_input(struct adele *ctx, struct trainer *t, struct train_item *item,
                  int k, int op, const void **x, const double **target)
{
    struct train_place *at = &t->place[item->place];
    const struct sample *s = item->s;
    const struct field *q = s->q, *onsite = s->onsite;
    size_t n = (size_t)at->lat->nsite;
    bool vector = t->p->vector && t->c.target != TARGET_DENSITY;
    struct field *v = at->kept[k]; /* NULL but for energy targets */
    *target = item->target;
    if (op >= 0) {
        double *turned = at->target + (size_t)k * n * (size_t)t->ncol;
        if (turn_field(ctx, at, op, t->p->vector, q, at->q) ||
            (onsite && turn_field(ctx, at, op, false, onsite, at->onsite)))
            return ctx->error.status;
        turn_columns(at, op, vector, t->ncol, item->target, turned);
        *target = turned;
        q = at->q;
        onsite = onsite ? at->onsite : NULL;
    }
    *x = item->x;
    if (item->x && op < 0)
        return v && potential_displace(at->setting, t->p, q, onsite, s->mu, v)
                   ? setting_error(ctx, at->setting, NULL)
                   : 0;
    char *made =
        (char *)at->x + (size_t)k * n * (size_t)t->p->nin * trainer_number(t);
    *x = made;
    if (trainer_raw(ctx, t, item, q, onsite, v))
        return ctx->error.status;
    scale_features(t, item, onsite, made);
    return 0;
}

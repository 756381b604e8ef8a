/* Loss and its gradient.  See plug/trainer_state.h.

   With r = (prediction - target)/residual over rows (sites) and columns, w the
   weights of sites and l the chosen function,

       L = mean of w l(r),   l = r^2, |r|, or r^2 up to delta and
                             2 delta |r| - delta^2 above

   Energy targets predict forces -dE/dq, r of these: with c = dL/d(dE/dq) held
   fixed, dL/dparameter is that of c.(dE/dq), a tangent pass along c and
   its backward pass. */

#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "base/parallel.h"
#include "plug/setting.h"
#include "plug/trainer_state.h"

enum { CHUNK = 2048, BLOCK = 64 };

static int fail_memory(struct adele *ctx, double bytes)
{
    return err_memory(ctx, "the training", bytes);
}

/* What a pass is about. */
struct pass {
    struct adele *ctx;
    struct trainer *t;
    struct train_place *at;
    int n; /* images that count, of at->nimage */
    const void **x;
    const double **target;
    double scale; /* of the mean: 1/(rows*columns) */
};

struct sums {
    double loss;
    struct train_error error;
};

static void error_add(struct train_error *to, const struct train_error *from)
{
    to->squares += from->squares;
    to->magnitudes += from->magnitudes;
    to->largest = fmax(to->largest, from->largest);
    to->target_sum += from->target_sum;
    to->target_squares += from->target_squares;
    to->count += from->count;
}

/* l(r), its derivative in *slope. */
static double loss_of(const struct train_loss *c, double r, double *slope)
{
    double delta = c->delta, size = fabs(r);
    if (c->style == LOSS_MSE || (c->style == LOSS_HUBER && size <= delta)) {
        *slope = 2 * r;
        return r * r;
    }
    double sign = r > 0 ? 1 : r < 0 ? -1 : 0;
    if (c->style == LOSS_MAE) {
        *slope = sign;
        return size;
    }
    *slope = 2 * delta * sign;
    return 2 * delta * size - delta * delta;
}

/* One entry: prediction against target; dL/dprediction. */
static double entry(const struct pass *p, int col, double predicted,
                    double target, struct sums *s)
{
    const struct trainer *t = p->t;
    double error = predicted - target, slope, w = 1;
    double deviation = target - t->target_mean[col];
    if (t->c.loss.weight > 0)
        w = (1 + t->c.loss.weight * fabs(deviation) / t->residual) /
            t->weight_norm;
    s->loss += w * loss_of(&t->c.loss, error / t->residual, &slope);
    s->error.squares += error * error;
    s->error.magnitudes += fabs(error);
    s->error.largest = fmax(s->error.largest, fabs(error));
    s->error.target_sum += deviation;
    s->error.target_squares += deviation * deviation;
    s->error.count++;
    return p->scale * w * slope / t->residual;
}

static double number(const struct pass *p, const void *a, int64_t k)
{
    return p->t->c.precision == PRECISION_SINGLE ? (double)((const float *)a)[k]
                                                 : ((const double *)a)[k];
}

static void put(const struct pass *p, void *a, int64_t k, double value)
{
    if (p->t->c.precision == PRECISION_SINGLE)
        ((float *)a)[k] = (float)value;
    else
        ((double *)a)[k] = value;
}

/* Rows begin .. end-1: sums, and dL/dy where d is not NULL. */
static void rows_loss(const struct pass *p, const void *y, int64_t begin,
                      int64_t end, void *d, struct sums *s)
{
    const struct potential *q = p->t->p;
    int64_t n = p->at->lat->nsite;
    for (int64_t r = begin; r < end; r++) {
        int64_t image = r / n, i = r % n;
        for (int c = 0; c < q->nout; c++) {
            int64_t k = r * q->nout + c;
            double value = q->out_shift[c] + q->out_scale[c] * number(p, y, k);
            double slope = entry(p, c, value, p->target[image][c * n + i], s);
            if (d)
                put(p, d, k, slope * q->out_scale[c]);
        }
    }
}

/* The images behind n of a batch that is not full take no part. */
static void clear_rest(const struct pass *p, void *d, int width)
{
    size_t row = (size_t)width * trainer_number(p->t);
    size_t used = (size_t)p->n * (size_t)p->at->lat->nsite;
    size_t all = (size_t)p->at->nimage * (size_t)p->at->lat->nsite;
    memset((char *)d + used * row, 0, (all - used) * row);
}

static int direct_loss(const struct pass *p, const void *y, struct sums *total)
{
    int64_t rows = p->n * p->at->lat->nsite;
    int64_t chunks = (rows + CHUNK - 1) / CHUNK;
    struct sums *part = mem_zalloc((size_t)chunks, sizeof *part);
    if (!part)
        return fail_memory(p->ctx, 64.0 * (double)chunks);
#pragma omp parallel for schedule(static) if (chunks > 1)
    for (int64_t k = 0; k < chunks; k++) {
        int64_t end = (k + 1) * CHUNK;
        rows_loss(p, y, k * CHUNK, end < rows ? end : rows, p->at->d, &part[k]);
    }
    for (int64_t k = 0; k < chunks; k++) {
        total->loss += part[k].loss;
        error_add(&total->error, &part[k].error);
    }
    mem_free(part);
    clear_rest(p, p->at->d, p->t->p->nout);
    return 0;
}

/* Energy targets. */

/* dE/dq of image k, from dE/dx in at->d. */
static int image_gradient(const struct pass *p, int k)
{
    struct train_place *at = p->at;
    const struct potential *q = p->t->p;
    const struct descriptor *d = q->descriptor;
    const struct descriptor_style *style =
        (const struct descriptor_style *)d->head.style;
    int64_t n = at->lat->nsite;
    for (int64_t i = 0; i < n; i++)
        for (int j = 0; j < d->nfeature; j++)
            at->raw[i * d->nfeature + j] =
                (number(p, at->d, (k * n + i) * q->nin + j) + q->linear[j]) /
                q->in_scale[j];
    style->backward(at->setting, d, at->kept[k], at->raw, at->gradient);
    return setting_error(p->ctx, at->setting, NULL);
}

/* From errors of the force of image k to the direction of its tangent. */
static int image_direction(const struct pass *p, int k, struct sums *s)
{
    struct train_place *at = p->at;
    const struct potential *q = p->t->p;
    const struct descriptor *d = q->descriptor;
    const struct descriptor_style *style =
        (const struct descriptor_style *)d->head.style;
    int64_t n = at->lat->nsite;
    for (int c = 0; c < q->ncomp; c++)
        for (int64_t i = 0; i < n; i++) {
            double *g = &at->gradient[c * n + i];
            *g = -entry(p, c, -*g, p->target[k][c * n + i], s);
        }
    if (field_widen(at->along, d->halo))
        return fail_memory(p->ctx, (double)field_bytes(at->along));
    for (int c = 0; c < q->ncomp; c++)
        field_scatter(at->along, c, at->gradient + c * n);
    field_exchange(at->along);
#pragma omp parallel for schedule(static) if (n * d->nfeature >= PARALLEL_MIN)
    for (int64_t i = 0; i < n; i += BLOCK)
        style->tangent(d, at->kept[k], at->along, i,
                       i + BLOCK < n ? i + BLOCK : n,
                       at->raw + i * d->nfeature);
    for (int64_t i = 0; i < n; i++)
        for (int j = 0; j < q->nin; j++)
            put(p, at->d, (k * n + i) * q->nin + j,
                j < d->nfeature ? at->raw[i * d->nfeature + j] / q->in_scale[j]
                                : 0);
    return 0;
}

/* dy = value[image] in all rows of an image, at the front of a buffer. */
static void fill_rows(const struct pass *p, const double *value, double one,
                      void *d)
{
    int64_t n = p->at->lat->nsite;
    for (int k = 0; k < p->n; k++)
        for (int64_t i = 0; i < n; i++)
            put(p, d, k * n + i, value ? value[k] : one);
    clear_rest(p, d, 1);
}

/* The linear part of the energy of image k; before at->x is used again. */
static double linear_energy(const struct pass *p, int k)
{
    const struct trainer *t = p->t;
    int64_t n = p->at->lat->nsite;
    double site, sum = 0;
    for (int64_t i = 0; i < n; i++) {
        const char *x = p->x[k];
        potential_linear(t->p, (enum precision)t->c.precision, 1,
                         x + (size_t)(i * t->p->nin) * trainer_number(t),
                         &site);
        sum += site;
    }
    return sum;
}

/* The loss of the energies a site, and its derivative. */
static void energy_loss(const struct pass *p, const void *y,
                        const struct train_item *const *item, struct sums *s,
                        void *narrow)
{
    const struct trainer *t = p->t;
    int64_t n = p->at->lat->nsite;
    double unit = t->p->out_scale[0], share = t->c.loss.energy / p->n;
    double *slope = p->at->slope;
    for (int k = 0; k < p->n; k++) {
        double e = 0, sum = 0;
        for (int64_t i = 0; i < n; i++)
            sum += number(p, y, k * n + i);
        if (isfinite(item[k]->energy))
            e = (t->p->out_shift[0] + linear_energy(p, k) / (double)n -
                 item[k]->energy / (double)n) /
                    unit +
                sum / (double)n;
        s->loss += share * e * e / p->scale;
        slope[k] = 2 * share * e / (double)n;
    }
    if (!narrow)
        return;
    fill_rows(p, slope, 0, p->at->d);
    net_backward(p->at->run, p->at->d, narrow, NULL);
}

static int gradient_loss(const struct pass *p, const void *y,
                         const struct train_item *const *item,
                         struct sums *total, void *narrow)
{
    struct train_place *at = p->at;
    double scale = p->t->p->out_scale[0];
    if (p->t->c.loss.energy > 0)
        energy_loss(p, y, item, total, narrow);
    void *ones = at->x; /* features made for this pass have been read */
    fill_rows(p, NULL, scale, ones);
    net_backward(at->run, ones, NULL, at->d);
    for (int k = 0; k < p->n; k++)
        if (image_gradient(p, k) || image_direction(p, k, total))
            return p->ctx->error.status;
    if (!narrow)
        return 0;
    clear_rest(p, at->d, p->t->p->nin);
    net_tangent(at->run, at->d);
    net_tangent_backward(at->run, ones, narrow);
    return 0;
}

/* Passes. */

static void give_rows(void *data, int64_t begin, int64_t end, void *x)
{
    const struct pass *p = data;
    int64_t n = p->at->lat->nsite;
    size_t row = (size_t)p->t->p->nin * trainer_number(p->t);
    char *to = x;
    while (begin < end) {
        int64_t image = begin / n, i = begin % n;
        int64_t count = n - i < end - begin ? n - i : end - begin;
        if (image < p->n)
            memcpy(to, (const char *)p->x[image] + (size_t)i * row,
                   (size_t)count * row);
        else
            memset(to, 0, (size_t)count * row);
        to += (size_t)count * row;
        begin += count;
    }
}

void trainer_touch(struct trainer *t, const double *param)
{
    float *single = t->narrow;
    if (t->c.precision == PRECISION_DOUBLE) {
        memcpy(t->narrow, param, (size_t)t->nparam * sizeof *param);
    } else {
#pragma omp parallel for simd schedule(static) if (t->nparam >= PARALLEL_MIN)
        for (int64_t k = 0; k < t->nparam; k++)
            single[k] = (float)param[k];
    }
    for (int k = 0; k < t->nplace; k++)
        t->place[k].stale = true;
}

static void add_gradient(const struct trainer *t, double *gradient)
{
    const float *single = t->narrow_gradient;
    const double *exact = t->narrow_gradient;
#pragma omp parallel for schedule(static) if (t->nparam >= PARALLEL_MIN)
    for (int64_t k = 0; k < t->nparam; k++)
        gradient[k] +=
            t->c.precision == PRECISION_SINGLE ? (double)single[k] : exact[k];
}

static const void *forward(const struct pass *p)
{
    if (p->at->stale)
        net_run_param(p->at->run, p->t->narrow);
    p->at->stale = false;
    return net_forward(p->at->run, give_rows, (void *)p);
}

static int run_pass(const struct pass *p, const struct train_item *const *item,
                    struct sums *total, double *gradient)
{
    struct trainer *t = p->t;
    void *narrow = gradient ? t->narrow_gradient : NULL;
    const void *y = forward(p);
    if (gradient)
        memset(narrow, 0, (size_t)t->nparam * trainer_number(t));
    int status = t->c.target == TARGET_ENERGY
                     ? gradient_loss(p, y, item, total, narrow)
                     : direct_loss(p, y, total);
    if (status || !gradient)
        return status;
    if (t->c.target != TARGET_ENERGY)
        net_backward(p->at->run, p->at->d, narrow, NULL);
    add_gradient(t, gradient);
    return 0;
}

int trainer_loss(struct adele *ctx, struct trainer *t, int place, int n,
                 const int64_t *which, const struct train_items *set,
                 const int *op, double share, double *loss,
                 struct train_error *error, double *gradient)
{
    struct train_place *at = &t->place[place];
    size_t room = (size_t)n * (sizeof(void *) + sizeof(double *) +
                               sizeof(struct train_item *));
    void *block = mem_alloc(room, 1);
    struct pass p = {.ctx = ctx, .t = t, .at = at, .n = n};
    struct sums total = {0};
    int status = block ? 0 : fail_memory(ctx, (double)room);
    if (status)
        return status;
    p.x = block;
    p.target = (const double **)(p.x + n);
    const struct train_item **item = (const struct train_item **)(p.target + n);
    p.scale = share / ((double)n * (double)at->lat->nsite * t->ncol);
    for (int k = 0; !status && k < n; k++) {
        item[k] = &set->item[which[k]];
        status = trainer_input(ctx, t, &set->item[which[k]], k, op ? op[k] : -1,
                               &p.x[k], &p.target[k]);
    }
    if (!status)
        status = run_pass(&p, item, &total, gradient);
    mem_free(block);
    if (loss)
        *loss += p.scale * total.loss;
    if (error)
        error_add(error, &total.error);
    return status;
}

int trainer_measure(struct adele *ctx, struct trainer *t,
                    const struct train_items *set, struct train_error *error)
{
    int64_t *which = mem_alloc((size_t)set->n, sizeof *which);
    int status = which ? 0 : fail_memory(ctx, 8.0 * (double)set->n);
    *error = (struct train_error){0};
    for (int place = 0; !status && place < t->nplace; place++) {
        int64_t n = 0, limit = t->place[place].nimage;
        for (int64_t k = 0; k < set->n; k++)
            if (set->item[k].place == place)
                which[n++] = k;
        for (int64_t k = 0; !status && k < n; k += limit)
            status = trainer_loss(ctx, t, place,
                                  (int)(k + limit < n ? limit : n - k),
                                  which + k, set, NULL, 1, NULL, error, NULL);
    }
    mem_free(which);
    return status;
}

int trainer_energy_shift(struct adele *ctx, struct trainer *t)
{
    double sum = 0;
    int64_t count = 0;
    for (int64_t j = 0; j < t->train.n; j++) {
        struct train_item *item = &t->train.item[j];
        struct train_place *at = &t->place[item->place];
        int64_t n = at->lat->nsite;
        const void *x;
        const double *target;
        struct pass p = {ctx, t, at, 1, &x, &target, 1};
        if (!isfinite(item->energy))
            continue;
        if (trainer_input(ctx, t, item, 0, -1, &x, &target))
            return ctx->error.status;
        const void *y = forward(&p);
        double e = 0;
        for (int64_t i = 0; i < n; i++)
            e += number(&p, y, i);
        sum += (item->energy - t->p->out_scale[0] * e - linear_energy(&p, 0)) /
               (double)n;
        count++;
    }
    if (count > 0)
        t->p->out_shift[0] = sum / (double)count;
    return 0;
}

double trainer_rmse(const struct trainer *t, const struct train_error *e)
{
    return e->count ? fabs(t->force_unit) * sqrt(e->squares / (double)e->count)
                    : NAN;
}

double trainer_mae(const struct trainer *t, const struct train_error *e)
{
    return e->count ? fabs(t->force_unit) * e->magnitudes / (double)e->count
                    : NAN;
}

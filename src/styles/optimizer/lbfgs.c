/* L-BFGS [Liu1989]: quasi-Newton steps on the loss of the whole data, for small
   networks.

   The direction is d = -H g, H made of the last `memory` pairs s = change of
   parameters, y = change of the gradient by the two-loop recursion, H_0 =
   (s.y)/(y.y) of the last pair.  The line search [Nocedal2006] brackets and
   then zooms by cubic interpolation until

       L(p + a d) <= L + 1e-4 a g.d      and      |g'.d| <= 0.9 |g.d|

   Pairs with s.y <= 1e-12 |s||y| are not kept.  A direction that leads uphill,
   or along which no step lowers the loss, restarts from the gradient.

       optimizer: {style: lbfgs, memory: 20}                                  */

#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "base/sum.h"
#include "plug/args.h"
#include "plug/optimizer.h"

struct lbfgs {
    struct optimizer optimizer;
    int64_t memory, trials;
    int64_t npair, newest;                /* pairs held; index of the last */
    double *s, *y;                        /* [memory][nparam] */
    double *rho, *alpha;                  /* [memory] */
    double *direction, *start, *gradient; /* [nparam]; gradient: at p */
    double *trial, *trial_gradient, *old; /* [nparam] of line searches */
    double loss;                          /* at the present parameters .. */
    bool known; /* .. when this is set, gradient too */
};

static const struct arg args[] = {
    {ARG_NUMBER, "rate", AT(struct lbfgs, optimizer.rate), .key = true,
     .def = "1", .positive = true,
     .doc = "first step tried along a direction; 1 is Newton's"},
    {ARG_INT, "memory", AT(struct lbfgs, memory), .key = true, .def = "20",
     .min = 1, .max = 1000, .bounded = true,
     .doc = "pairs of steps and gradient changes kept"},
    {ARG_INT, "trials", AT(struct lbfgs, trials), .key = true, .def = "20",
     .min = 2, .max = 1000, .bounded = true,
     .doc = "evaluations of a line search at most"},
    {0}};

static int init(struct adele *ctx, void *self)
{
    struct lbfgs *l = self;
    (void)ctx;
    l->optimizer.whole = true;
    return 0;
}

static void fini(struct adele *ctx, void *self)
{
    struct lbfgs *l = self;
    (void)ctx;
    mem_free(l->s);
    mem_free(l->y);
    mem_free(l->rho);
    mem_free(l->alpha);
    mem_free(l->direction);
    mem_free(l->start);
    mem_free(l->gradient);
    mem_free(l->trial);
    mem_free(l->trial_gradient);
    mem_free(l->old);
}

static int setup(struct adele *ctx, struct optimizer *o, int64_t nparam)
{
    struct lbfgs *l = (struct lbfgs *)o;
    size_t n = (size_t)nparam, m = (size_t)l->memory;
    o->nparam = nparam;
    l->s = mem_zalloc(n * m, sizeof *l->s);
    l->y = mem_zalloc(n * m, sizeof *l->y);
    l->rho = mem_zalloc(m, sizeof *l->rho);
    l->alpha = mem_zalloc(m, sizeof *l->alpha);
    l->direction = mem_zalloc(n, sizeof *l->direction);
    l->start = mem_zalloc(n, sizeof *l->start);
    l->gradient = mem_zalloc(n, sizeof *l->gradient);
    l->trial = mem_zalloc(n, sizeof *l->trial);
    l->trial_gradient = mem_zalloc(n, sizeof *l->trial);
    l->old = mem_zalloc(n, sizeof *l->old);
    return l->s && l->y && l->rho && l->alpha && l->direction && l->start &&
                   l->gradient && l->trial && l->trial_gradient && l->old
               ? 0
               : err_memory(ctx, "optimizer lbfgs",
                            16.0 * (double)nparam * (double)(l->memory + 2));
}

static void add(double *to, double a, const double *x, int64_t n)
{
#pragma omp parallel for simd schedule(static)
    for (int64_t k = 0; k < n; k++)
        to[k] += a * x[k];
}

/* direction = -H gradient. */
static void find_direction(struct lbfgs *l)
{
    int64_t n = l->optimizer.nparam, m = l->memory;
    double *d = l->direction;
    for (int64_t k = 0; k < n; k++)
        d[k] = -l->gradient[k];
    for (int64_t j = 0; j < l->npair; j++) {
        int64_t i = (l->newest - j + m) % m;
        l->alpha[i] = l->rho[i] * sum_product(l->s + i * n, d, n);
        add(d, -l->alpha[i], l->y + i * n, n);
    }
    if (l->npair > 0) {
        const double *y = l->y + l->newest * n;
        double scale = 1 / (l->rho[l->newest] * sum_squares(y, n));
        for (int64_t k = 0; k < n; k++)
            d[k] *= scale;
    }
    for (int64_t j = l->npair - 1; j >= 0; j--) {
        int64_t i = (l->newest - j + m) % m;
        double beta = l->rho[i] * sum_product(l->y + i * n, d, n);
        add(d, l->alpha[i] - beta, l->s + i * n, n);
    }
}

/* The pair of the step from `start`, with gradient `old`, to here. */
static void keep_pair(struct lbfgs *l, const double *param)
{
    int64_t n = l->optimizer.nparam;
    int64_t i = (l->newest + 1) % l->memory;
    double *s = l->s + i * n, *y = l->y + i * n;
    for (int64_t k = 0; k < n; k++) {
        s[k] = param[k] - l->start[k];
        y[k] = l->gradient[k] - l->old[k];
    }
    double sy = sum_product(s, y, n);
    if (!(sy > 1e-12 * sqrt(sum_squares(s, n) * sum_squares(y, n))))
        return;
    l->rho[i] = 1 / sy;
    l->newest = i;
    l->npair = l->npair < l->memory ? l->npair + 1 : l->memory;
}

/* A point of the line search: step, loss, slope. */
struct point {
    double a, loss, slope;
};

struct search {
    struct lbfgs *l;
    optimizer_loss *loss;
    void *data;
    struct point best; /* the lowest so far */
    int64_t evaluations;
};

/* l->gradient is that of the best point. */
static void take(struct search *s, const struct point *p)
{
    struct lbfgs *l = s->l;
    s->best = *p;
    memcpy(l->gradient, l->trial_gradient,
           (size_t)l->optimizer.nparam * sizeof *l->gradient);
}

static int evaluate(struct search *s, double a, struct point *p)
{
    struct lbfgs *l = s->l;
    int64_t n = l->optimizer.nparam;
    for (int64_t k = 0; k < n; k++)
        l->trial[k] = l->start[k] + a * l->direction[k];
    int status = s->loss(s->data, l->trial, &p->loss, l->trial_gradient);
    p->a = a;
    p->slope = sum_product(l->trial_gradient, l->direction, n);
    s->evaluations++;
    if (!status && isfinite(p->loss) && p->loss < s->best.loss)
        take(s, p);
    return status;
}

/* The minimum of the cubic through two points and their slopes, kept away from
   both ends. */
static double between(const struct point *p, const struct point *q)
{
    double width = q->a - p->a;
    double t = p->slope + q->slope - 3 * (q->loss - p->loss) / width;
    double root = t * t - p->slope * q->slope;
    double x = 0.5;
    if (isfinite(root) && root >= 0) {
        double u = copysign(sqrt(root), width);
        double bottom = q->slope - p->slope + 2 * u;
        if (bottom != 0)
            x = 1 - (q->slope + u - t) / bottom;
    }
    if (!isfinite(x))
        x = 0.5;
    x = x < 0.1 ? 0.1 : x > 0.9 ? 0.9 : x;
    return p->a + x * width;
}

/* A step that satisfies both conditions, or the lowest point found. */
static int find_step(struct search *s, const struct point *zero, double first)
{
    struct point low = *zero, high = {0}, p;
    bool bracketed = false;
    double a = first;
    while (s->evaluations < s->l->trials) {
        int status = evaluate(s, a, &p);
        if (status)
            return status;
        bool lower = p.loss <= zero->loss + 1e-4 * p.a * zero->slope;
        if (lower && fabs(p.slope) <= 0.9 * fabs(zero->slope)) {
            take(s, &p);
            return 0;
        }
        if (!lower || !isfinite(p.loss) || p.loss >= low.loss) {
            high = p;
            bracketed = true;
        } else {
            if (p.slope * (bracketed ? high.a - low.a : 1) >= 0) {
                high = low;
                bracketed = true;
            }
            low = p;
        }
        a = bracketed ? between(&low, &high) : 2 * p.a;
    }
    return 0;
}

/* Along the direction; *moved tells whether the loss fell. */
static int descend(struct lbfgs *l, double *param, double first,
                   optimizer_loss *loss, void *data, bool *moved)
{
    int64_t n = l->optimizer.nparam;
    struct point zero = {0, l->loss, sum_product(l->old, l->direction, n)};
    struct search s = {l, loss, data, zero, 0};
    *moved = false;
    if (!(zero.slope < 0))
        return 0;
    int status = find_step(&s, &zero, first);
    if (status || !(s.best.a > 0))
        return status;
    *moved = true;
    l->loss = s.best.loss;
    for (int64_t k = 0; k < n; k++)
        param[k] = l->start[k] + s.best.a * l->direction[k];
    return 0;
}

static int step(struct adele *ctx, struct optimizer *o, double rate,
                const double *gradient, double *param, optimizer_loss *loss,
                void *data)
{
    struct lbfgs *l = (struct lbfgs *)o;
    size_t bytes = (size_t)o->nparam * sizeof *param;
    bool moved = false;
    int status = 0;
    (void)ctx, (void)gradient;
    if (!l->known)
        status = loss(data, param, &l->loss, l->gradient);
    l->known = true;
    memcpy(l->old, l->gradient, bytes);
    memcpy(l->start, param, bytes);
    for (int tries = 0; !status && !moved && tries < 2; tries++) {
        l->npair = tries ? 0 : l->npair;
        find_direction(l);
        double length = sqrt(sum_squares(l->old, o->nparam));
        double first = l->npair ? rate : rate / fmax(length, 1);
        status = descend(l, param, first, loss, data, &moved);
    }
    if (moved)
        keep_pair(l, param);
    return status;
}

static int save(struct adele *ctx, void *self, struct blob *to)
{
    const struct lbfgs *l = self;
    int64_t n = l->optimizer.nparam;
    (void)ctx;
    blob_put_int(to, l->npair);
    blob_put_int(to, l->newest);
    blob_put_int(to, l->known);
    blob_put_number(to, l->loss);
    blob_put_numbers(to, l->rho, l->memory);
    blob_put_numbers(to, l->s, n * l->memory);
    blob_put_numbers(to, l->y, n * l->memory);
    blob_put_numbers(to, l->gradient, n);
    return 0;
}

static int load(struct adele *ctx, void *self, struct blob *from)
{
    struct lbfgs *l = self;
    int64_t n = l->optimizer.nparam, known;
    if (blob_get_int(from, &l->npair) || blob_get_int(from, &l->newest) ||
        blob_get_int(from, &known) || blob_get_number(from, &l->loss) ||
        blob_get_numbers(from, l->rho, l->memory) ||
        blob_get_numbers(from, l->s, n * l->memory) ||
        blob_get_numbers(from, l->y, n * l->memory) ||
        blob_get_numbers(from, l->gradient, n))
        return err_run(ctx, "optimizer lbfgs: its saved state is cut short");
    l->known = known != 0;
    return 0;
}

const struct optimizer_style optimizer_lbfgs = {
    .style = {STYLE_HEAD(optimizer, "lbfgs", struct lbfgs),
              .summary = "quasi-Newton steps on the whole data",
              .cite = "Liu1989 Nocedal2006", .args = args, .init = init,
              .fini = fini, .save = save, .load = load},
    .setup = setup,
    .step = step};

/* See plug/mu_floor.h. */

#include "plug/mu_floor.h"

#include <math.h>
#include <stdlib.h>

#include "base/mem.h"

/* A frame: its own mu and the mean square of dn/dmu there (nan: not known). */
struct frame {
    int64_t step;
    int file;
    double mu, response;
};

/* Mean square over sites of the difference quotient of two densities. */
static double response(const struct sample *a, const struct sample *b)
{
    int64_t n = a->q->lat->nlocal;
    double sum = 0;
    for (int64_t i = 0; i < n; i++) {
        double d = b->density[i] - a->density[i];
        sum += d * d;
    }
    return sum / (double)n / ((b->mu - a->mu) * (b->mu - a->mu));
}

/* The frame that begins at item[k], with its samples at other mu behind it. */
static struct frame read_frame(const struct samples *s, int64_t k)
{
    const struct sample *own = &s->item[k], *below = NULL, *above = NULL;
    for (int64_t j = k + 1; j < s->n && s->item[j].grid > 0; j++) {
        const struct sample *at = &s->item[j];
        if (!at->density)
            continue;
        if (at->mu < own->mu && (!below || at->mu > below->mu))
            below = at;
        if (at->mu > own->mu && (!above || at->mu < above->mu))
            above = at;
    }
    return (struct frame){own->step, own->file, own->mu,
                          below && above ? response(below, above) : NAN};
}

static int by_step(const void *a, const void *b)
{
    const struct frame *x = a, *y = b;
    if (x->step != y->step)
        return x->step < y->step ? -1 : 1;
    return (x->file > y->file) - (x->file < y->file);
}

static double variance_of_mu(const struct frame *f, int64_t n)
{
    double mean = 0, sum = 0;
    for (int64_t k = 0; k < n; k++)
        mean += f[k].mu / (double)n;
    for (int64_t k = 0; k < n; k++)
        sum += (f[k].mu - mean) * (f[k].mu - mean);
    return sum / (double)(n - 1);
}

/* Frames of one step, at least two: sums over frames of var(mu) and of
   var(mu) (dn/dmu)^2. */
static void add_step(const struct frame *f, int64_t n, double *variance,
                     double *square, int64_t *count)
{
    double v = variance_of_mu(f, n);
    for (int64_t k = 0; k < n; k++) {
        *variance += v;
        *square += v * f[k].response;
    }
    *count += n;
}

int mu_floor_find(struct adele *ctx, const struct samples *s, double slope,
                  double from, double until, struct mu_floor *out)
{
    double variance = 0, square = 0;
    int64_t n = 0, count = 0;
    struct frame *frame = mem_alloc((size_t)s->n, sizeof *frame);
    if (!frame)
        return err_memory(ctx, "frames", (double)s->n * sizeof *frame);
    for (int64_t k = 0; k < s->n; k++) {
        const struct sample *at = &s->item[k];
        if (at->grid == 0 && at->time > from && at->time <= until)
            frame[n++] = read_frame(s, k);
    }
    qsort(frame, (size_t)n, sizeof *frame, by_step);
    for (int64_t first = 0, k = 1; k <= n; k++) {
        if (k < n && frame[k].step == frame[first].step)
            continue;
        if (k - first > 1)
            add_step(frame + first, k - first, &variance, &square, &count);
        first = k;
    }
    mem_free(frame);
    out->spread = count ? sqrt(variance / (double)count) : NAN;
    out->floor = count ? fabs(slope) * sqrt(square / (double)count) : NAN;
    return 0;
}

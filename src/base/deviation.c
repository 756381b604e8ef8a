/* Statistics of errors: see base/deviation.h. */

#include "base/deviation.h"

#include <math.h>

#include "base/sum.h"

struct pair_of_arrays {
    const double *predicted, *exact;
    double shift;
};

static double sum_d(const void *data, int64_t begin, int64_t end)
{
    const struct pair_of_arrays *a = data;
    double sum = 0;

    for (int64_t i = begin; i < end; i++)
        sum += a->predicted[i] - a->exact[i];
    return sum;
}

static double sum_square(const void *data, int64_t begin, int64_t end)
{
    const struct pair_of_arrays *a = data;
    double sum = 0;

    for (int64_t i = begin; i < end; i++) {
        double d = a->predicted[i] - a->exact[i];

        sum += d * d;
    }
    return sum;
}

static double sum_size(const void *data, int64_t begin, int64_t end)
{
    const struct pair_of_arrays *a = data;
    double sum = 0;

    for (int64_t i = begin; i < end; i++)
        sum += fabs(a->predicted[i] - a->exact[i]);
    return sum;
}

static double sum_exact(const void *data, int64_t begin, int64_t end)
{
    const struct pair_of_arrays *a = data;
    double sum = 0;

    for (int64_t i = begin; i < end; i++)
        sum += a->exact[i] - a->shift;
    return sum;
}

static double sum_exact_square(const void *data, int64_t begin, int64_t end)
{
    const struct pair_of_arrays *a = data;
    double sum = 0;

    for (int64_t i = begin; i < end; i++) {
        double e = a->exact[i] - a->shift;

        sum += e * e;
    }
    return sum;
}

void deviation_add(struct deviation_sums *s, const double *predicted,
                   const double *exact, int64_t n)
{
    struct pair_of_arrays a = {predicted, exact, s->shift};

    if (n <= 0)
        return;
    if (s->n == 0)
        a.shift = s->shift = exact[0];
    s->n += n;
    s->d += sum_chunks(n, sum_d, &a);
    s->square += sum_chunks(n, sum_square, &a);
    s->size += sum_chunks(n, sum_size, &a);
    s->exact += sum_chunks(n, sum_exact, &a);
    s->exact_square += sum_chunks(n, sum_exact_square, &a);
    for (int64_t i = 0; i < n; i++) {
        double d = fabs(predicted[i] - exact[i]);

        if (!(d <= s->largest))
            s->largest = d;
    }
}

void deviation_merge(struct deviation_sums *a, const struct deviation_sums *b)
{
    double n = (double)b->n, move;

    if (b->n == 0)
        return;
    if (a->n == 0)
        a->shift = b->shift;
    move = b->shift - a->shift;
    a->n += b->n;
    a->d += b->d;
    a->square += b->square;
    a->size += b->size;
    a->exact += b->exact + n * move;
    a->exact_square += b->exact_square + 2 * move * b->exact + n * move * move;
    if (!(b->largest <= a->largest))
        a->largest = b->largest;
}

struct deviation deviation_of(const struct deviation_sums *s)
{
    struct deviation r = {.n = s->n,
                          .rmse = NAN,
                          .mae = NAN,
                          .max = NAN,
                          .sigma = NAN,
                          .mean = NAN,
                          .r2 = NAN};
    double n = (double)s->n, variance;

    if (s->n == 0)
        return r;
    r.rmse = sqrt(s->square / n);
    r.mae = s->size / n;
    r.max = s->largest;
    r.mean = s->d / n;
    r.sigma = sqrt(fmax(s->square / n - r.mean * r.mean, 0));
    variance = s->exact_square / n - (s->exact / n) * (s->exact / n);
    r.r2 = variance > 0 ? 1 - s->square / n / variance : NAN;
    return r;
}

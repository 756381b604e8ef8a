/* Array kernels of the network engine for numbers of type `real`; included by
   net_single.c and net_double.c, which define `real` and KERNELS. */

#include <string.h>

#include "ml/net_kernel.h"

enum { LANES = 64 / sizeof(real) };
typedef real vec
    __attribute__((vector_size(64), aligned(sizeof(real)), may_alias));

/* Sum over the taps of one slot of one site; channels in groups of LANES. */
static inline void gather_slot(int n, const int64_t *offset, int channels,
                               const real *src, real *out)
{
    int c = 0;

    for (; c + LANES <= channels; c += LANES) {
        vec sum = *(const vec *)(src + offset[0] * channels + c);

        for (int t = 1; t < n; t++)
            sum += *(const vec *)(src + offset[t] * channels + c);
        *(vec *)(out + c) = sum;
    }
    for (; c < channels; c++) {
        real sum = src[offset[0] * channels + c];

        for (int t = 1; t < n; t++)
            sum += src[offset[t] * channels + c];
        out[c] = sum;
    }
}

/* One channel: sites inside, so that each tap is a walk along memory. */
static void gather_narrow(const struct net_gather *g, int nbasis, int b,
                          int64_t count, const real *src, real *rows)
{
    for (int turn = 0; turn < nbasis; turn++) {
        int at = (b + turn) % nbasis;

        for (int s = 0; s < g->nslot; s++) {
            int t = g->first[at][s], end = g->first[at][s + 1];
            real *out = rows + s;

            if (t == end) {
                for (int64_t i = turn; i < count; i += nbasis)
                    out[i * g->nslot] = 0;
                continue;
            }
            for (int64_t i = turn; i < count; i += nbasis)
                out[i * g->nslot] = src[i + g->offset[at][t]];
            for (t++; t < end; t++) {
                const real *in = src + g->offset[at][t];

                for (int64_t i = turn; i < count; i += nbasis)
                    out[i * g->nslot] += in[i];
            }
        }
    }
}

static void gather(const struct net_gather *g, int channels, int nbasis, int b,
                   int64_t count, const void *src, void *rows)
{
    const real *in = src;
    real *out = rows;

    if (channels == 1) {
        gather_narrow(g, nbasis, b, count, in, out);
        return;
    }
    for (int64_t i = 0; i < count; i++) {
        const int *first = g->first[b];

        for (int s = 0; s < g->nslot; s++, out += channels) {
            int n = first[s + 1] - first[s];

            if (n)
                gather_slot(n, g->offset[b] + first[s], channels, in, out);
            else
                memset(out, 0, (size_t)channels * sizeof *out);
        }
        in += channels;
        b = b + 1 == nbasis ? 0 : b + 1;
    }
}

static void depthwise(int64_t m, int nslot, int channels, const void *rows,
                      const void *w, const void *bias, void *z)
{
    const real *in = rows, *weight = w, *shift = bias;
    real *out = z;

    for (int64_t i = 0; i < m; i++, out += channels) {
        if (shift)
            memcpy(out, shift, (size_t)channels * sizeof *out);
        else
            memset(out, 0, (size_t)channels * sizeof *out);
        for (int s = 0; s < nslot; s++, in += channels)
            for (int c = 0; c < channels; c++)
                out[c] += in[c] * weight[(int64_t)s * channels + c];
    }
}

static void depthwise_outer(int64_t m, int nslot, int channels,
                            const void *rows, const void *d, bool accumulate,
                            void *w)
{
    const real *in = rows, *slope = d;
    real *weight = w;

    if (!accumulate)
        memset(w, 0, (size_t)nslot * (size_t)channels * sizeof *weight);
    for (int64_t i = 0; i < m; i++, slope += channels)
        for (int s = 0; s < nslot; s++, in += channels)
            for (int c = 0; c < channels; c++)
                weight[(int64_t)s * channels + c] += in[c] * slope[c];
}

static void add(int64_t n, const void *x, void *y)
{
    const real *in = x;
    real *out = y;

    for (int64_t i = 0; i < n; i++)
        out[i] += in[i];
}

static void ones(int64_t n, void *y)
{
    real *out = y;

    for (int64_t i = 0; i < n; i++)
        out[i] = 1;
}

static void rows_set(int64_t m, int n, const void *row, void *y)
{
    size_t bytes = (size_t)n * sizeof(real);
    char *out = y;

    for (int64_t i = 0; i < m; i++, out += bytes) {
        if (row)
            memcpy(out, row, bytes);
        else
            memset(out, 0, bytes);
    }
}

static void columns(int64_t m, int n, const void *d, bool accumulate, void *sum)
{
    const real *in = d;
    real *out = sum;

    if (!accumulate)
        memset(sum, 0, (size_t)n * sizeof *out);
    for (int64_t i = 0; i < m; i++, in += n)
        for (int c = 0; c < n; c++)
            out[c] += in[c];
}

static void sum(int nchunk, int64_t n, int64_t stride, const void *part,
                void *out)
{
    const real *in = part;
    real *total = out;

    memcpy(out, part, (size_t)n * sizeof *total);
    for (int k = 1; k < nchunk; k++)
        for (int64_t i = 0; i < n; i++)
            total[i] += in[k * stride + i];
}

static void expand(const struct net_tie *tie, int64_t nweight,
                   const void *param, void *w)
{
    const real *p = param;
    real *out = w;

    if (!tie) {
        memcpy(w, param, (size_t)nweight * sizeof *out);
        return;
    }
    for (int64_t k = 0; k < nweight; k++) {
        double value = 0;

        for (int64_t e = tie->first[k]; e < tie->first[k + 1]; e++)
            value += tie->factor[e] * (double)p[tie->index[e]];
        out[k] = (real)value;
    }
}

static void fold(const struct net_tie *tie, int64_t nweight, const void *w,
                 double *scratch, void *grad)
{
    const real *in = w;
    real *out = grad;

    if (!tie) {
        add(nweight, w, grad);
        return;
    }
    memset(scratch, 0, (size_t)tie->nparam * sizeof *scratch);
    for (int64_t k = 0; k < nweight; k++)
        for (int64_t e = tie->first[k]; e < tie->first[k + 1]; e++)
            scratch[tie->index[e]] += tie->factor[e] * (double)in[k];
    for (int64_t p = 0; p < tie->nparam; p++)
        out[p] = (real)((double)out[p] + scratch[p]);
}

static void transpose(int nrow, int ncolumn, const void *in, void *out)
{
    const real *from = in;
    real *to = out;

    for (int64_t i = 0; i < nrow; i++)
        for (int64_t j = 0; j < ncolumn; j++)
            to[j * nrow + i] = from[i * ncolumn + j];
}

const struct net_kernels KERNELS = {
    .number = sizeof(real),
    .gather = gather,
    .depthwise = depthwise,
    .depthwise_outer = depthwise_outer,
    .add = add,
    .ones = ones,
    .rows = rows_set,
    .columns = columns,
    .sum = sum,
    .expand = expand,
    .fold = fold,
    .transpose = transpose,
};

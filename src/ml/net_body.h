/* Array kernels of the network engine for numbers of type `real`; included by
   net_single.c and net_double.c, which define `real` and KERNELS. */

#include <string.h>

#include "ml/net_kernel.h"

/* Wider vectors than the processor has would pass through memory. */
#ifdef __AVX512F__
enum { VECTOR_BYTES = 64 };
#elif defined __AVX__
enum { VECTOR_BYTES = 32 };
#else
enum { VECTOR_BYTES = 16 };
#endif
enum { LANES = VECTOR_BYTES / sizeof(real) };
typedef real vec __attribute__((vector_size(VECTOR_BYTES),
                                aligned(sizeof(real)), may_alias));
typedef real half __attribute__((vector_size(VECTOR_BYTES / 2),
                                 aligned(sizeof(real)), may_alias));

#define INLINE static inline __attribute__((always_inline))

/* One slot of every step-th site: n streams, one for each tap, are added. n is
   a constant where the compiler can make it one, and so is a number of
   channels that fills half a vector. */
INLINE void add_streams(int n, const real *const *tap, int channels,
                        int64_t count, int step, int64_t row, real *out)
{
    for (int64_t i = 0; i < count; i += step) {
        int64_t at = i * channels;
        int c = 0;

        for (; c + LANES <= channels; c += LANES) {
            vec sum = *(const vec *)(tap[0] + at + c);

            for (int t = 1; t < n; t++)
                sum += *(const vec *)(tap[t] + at + c);
            *(vec *)(out + i * row + c) = sum;
        }
        if (c + LANES / 2 <= channels) {
            half sum = *(const half *)(tap[0] + at + c);

            for (int t = 1; t < n; t++)
                sum += *(const half *)(tap[t] + at + c);
            *(half *)(out + i * row + c) = sum;
            c += LANES / 2;
        }
        for (; c < channels; c++) {
            real sum = tap[0][at + c];

            for (int t = 1; t < n; t++)
                sum += tap[t][at + c];
            out[i * row + c] = sum;
        }
    }
}

enum { STREAMS = 8 }; /* further taps are added in rounds */

static void gather_slot(int n, const int64_t *offset, int channels,
                        const real *src, int64_t count, int step, int64_t row,
                        real *out)
{
    const real *tap[STREAMS];

    for (int t = 0; t < n; t++)
        tap[t] = src + offset[t] * channels;
#define WITH(n)                                                                \
    if (channels == LANES / 2)                                                 \
        add_streams(n, tap, LANES / 2, count, step, row, out);                 \
    else                                                                       \
        add_streams(n, tap, channels, count, step, row, out);                  \
    break
    switch (n) {
    case 1:
        WITH(1);
    case 2:
        WITH(2);
    case 3:
        WITH(3);
    case 4:
        WITH(4);
    case 6:
        WITH(6);
    case 8:
        WITH(8);
    default:
        WITH(n);
    }
#undef WITH
}

static void zero_slot(int channels, int64_t count, int step, int64_t row,
                      real *out)
{
    for (int64_t i = 0; i < count; i += step)
        memset(out + i * row, 0, (size_t)channels * sizeof *out);
}

/* Taps beyond the first round join what is there. */
static void join_slot(int n, const int64_t *offset, int channels,
                      const real *src, int64_t count, int step, int64_t row,
                      real *out)
{
    for (int t = 0; t < n; t++) {
        const real *tap = src + offset[t] * channels;

        for (int64_t i = 0; i < count; i += step)
            for (int c = 0; c < channels; c++)
                out[i * row + c] += tap[i * channels + c];
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
    for (int turn = 0; turn < nbasis; turn++) {
        int at = (b + turn) % nbasis;
        int64_t row = (int64_t)g->nslot * channels, left = count - turn;
        const real *from = in + (int64_t)turn * channels;

        for (int s = 0; s < g->nslot; s++) {
            const int64_t *offset = g->offset[at] + g->first[at][s];
            int n = g->first[at][s + 1] - g->first[at][s];
            int once = n < STREAMS ? n : STREAMS;
            real *to = out + turn * row + (int64_t)s * channels;

            if (n == 0)
                zero_slot(channels, left, nbasis, row, to);
            else
                gather_slot(once, offset, channels, from, left, nbasis, row,
                            to);
            join_slot(n - once, offset + once, channels, from, left, nbasis,
                      row, to);
        }
    }
}

static void depthwise(int64_t m, int nslot, int channels, const void *rows,
                      const void *w, const void *bias, void *z)
{
    const real *in = rows, *weight = w, *shift = bias;
    real *out = z;

    for (int64_t i = 0; i < m; i++) {
        int c = 0;

        for (; c + LANES <= channels; c += LANES) {
            vec sum = {0};

            if (shift)
                sum = *(const vec *)(shift + c);
            for (int s = 0; s < nslot; s++)
                sum += *(const vec *)(in + s * channels + c) *
                       *(const vec *)(weight + s * channels + c);
            *(vec *)(out + c) = sum;
        }
        for (; c < channels; c++) {
            real sum = shift ? shift[c] : 0;

            for (int s = 0; s < nslot; s++)
                sum += in[s * channels + c] * weight[s * channels + c];
            out[c] = sum;
        }
        in += (int64_t)nslot * channels;
        out += channels;
    }
}

/* Sums over rows in registers, a group of channels of a slot after another. */
static void depthwise_outer(int64_t m, int nslot, int channels,
                            const void *rows, const void *d, bool accumulate,
                            void *w)
{
    int64_t row = (int64_t)nslot * channels;
    real *weight = w;

    for (int s = 0; s < nslot; s++, weight += channels) {
        const real *in = (const real *)rows + (int64_t)s * channels;
        const real *slope = d;
        int c = 0;

        for (; c + LANES <= channels; c += LANES) {
            vec sum = {0};

            if (accumulate)
                sum = *(const vec *)(weight + c);
            for (int64_t i = 0; i < m; i++)
                sum += *(const vec *)(in + i * row + c) *
                       *(const vec *)(slope + i * channels + c);
            *(vec *)(weight + c) = sum;
        }
        for (; c < channels; c++) {
            real sum = accumulate ? weight[c] : 0;

            for (int64_t i = 0; i < m; i++)
                sum += in[i * row + c] * slope[i * channels + c];
            weight[c] = sum;
        }
    }
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

static double present(int64_t m, int n, int step, const void *x)
{
    const real *in = x;
    int64_t count = 0, all = 0;

    for (int64_t i = 0; i < m; i += step, all += n) {
        int here = 0;

        for (int j = 0; j < n; j++)
            here += in[i * n + j] != 0;
        count += here;
    }
    return all ? (double)count / (double)all : 1;
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
    .present = present,
    .transpose = transpose,
};

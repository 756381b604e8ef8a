/* One layer on a block of rows: products with its packed weights, forward and
   transposed, the gradient of its weights, and the packing.

   Where slots are single sites side by side in memory the product reads the
   array in place, one run of slots after another; else the sums are
   gathered first. */

#include <string.h>

#include "base/mem.h"
#include "ml/net_run.h"

/* Shorter rows do not keep a kernel busy: gathered instead. */
enum { DIRECT_MIN = 16 };

/* Below these shares of numbers that are not zero, found in every LOOK-th row,
   leaving out the others pays (measured: products take 0.08 + 1.15 share of
   the time of whole ones, gradients 2.2 share). */
static const double few_product = 0.7, few_gradient = 0.4;
enum { LOOK = 8 };

static const struct net_gather *gather_of(const struct net_stage *stage,
                                          bool backward)
{
    return backward ? stage->back : stage->gather;
}

static const struct net_packed *packed_of(const struct net_stage *stage,
                                          bool backward)
{
    return backward ? &stage->backward : &stage->forward;
}

static const void *bias_of(const struct net_run *r,
                           const struct net_stage *stage)
{
    const struct net_layer *layer = stage->layer;

    if (!layer->bias)
        return NULL;
    return stage->weight + (size_t)(stage->nweight - layer->out) * r->number;
}

static void gather_rows(const struct net_run *r, const struct net_gather *g,
                        const struct net_array *a, int64_t begin, int64_t end,
                        char *to)
{
    for (int64_t row = begin; row < end;) {
        int64_t n = net_array_piece(r, row, end);

        r->kernel->gather(g, a->channels, r->nbasis, (int)(row % r->nbasis), n,
                          net_array_row(a, r, row), to);
        to += (size_t)(n * g->nslot * a->channels) * r->number;
        row += n;
    }
}

static void apply_direct(const struct net_run *r, const struct net_gather *g,
                         const struct net_packed *w, const void *bias,
                         const struct net_array *a, int64_t begin, int64_t end,
                         int nout, char *y)
{
    if (g->nrun == 0)
        r->kernel->rows(end - begin, nout, bias, y);
    for (int64_t row = begin; row < end;) {
        int64_t n = net_array_piece(r, row, end);
        const char *x = net_array_row(a, r, row);

        for (int k = 0; k < g->nrun; k++) {
            const struct net_run_slots *run = &g->run[k];

            gemm_packed(r->gemm, (int)n, run->n * a->channels, nout,
                        x + run->offset * a->channels * (int64_t)r->number,
                        a->channels, w->data + w->at[k], k ? NULL : bias, k > 0,
                        y, nout);
        }
        y += (size_t)(n * nout) * r->number;
        row += n;
    }
}

void net_apply(const struct net_run *r, const struct net_stage *stage,
               bool backward, bool bias, const struct net_array *a,
               int64_t begin, int64_t end, struct net_scratch *scratch, char *y)
{
    const struct net_layer *layer = stage->layer;
    const struct net_gather *g = gather_of(stage, backward);
    const struct net_packed *w = packed_of(stage, backward);
    const void *shift = bias ? bias_of(r, stage) : NULL;
    int nout = backward ? layer->in : layer->out;

    if (!g) {
        net_apply_rows(r, stage, backward, bias, end - begin,
                       net_array_row(a, r, begin), y);
        return;
    }
    if (w->direct) {
        apply_direct(r, g, w, shift, a, begin, end, nout, y);
        return;
    }
    gather_rows(r, g, a, begin, end, scratch->gather);
    if (layer->kind == NET_DEPTHWISE)
        r->kernel->depthwise(end - begin, g->nslot, nout, scratch->gather,
                             w->data, shift, y);
    else
        gemm_packed(r->gemm, (int)(end - begin), g->nslot * a->channels, nout,
                    scratch->gather, (ptrdiff_t)g->nslot * a->channels, w->data,
                    shift, 0, y, nout);
}

void net_apply_rows(const struct net_run *r, const struct net_stage *stage,
                    bool backward, bool bias, int64_t m, const char *x, char *y)
{
    const struct net_layer *layer = stage->layer;
    const void *shift = bias ? bias_of(r, stage) : NULL;
    int nin = backward ? layer->out : layer->in;
    int nout = backward ? layer->in : layer->out;

    const struct net_packed *w = packed_of(stage, backward);

    if (layer->kind == NET_DEPTHWISE)
        r->kernel->depthwise(m, 1, nout, x, stage->weight, shift, y);
    else if (w->skip && r->kernel->present(m, nin, LOOK, x) < few_product)
        gemm_skip_packed(r->gemm, (int)m, nin, nout, x, nin, w->skip, shift, 0,
                         y, nout);
    else
        gemm_packed(r->gemm, (int)m, nin, nout, x, nin, w->data, shift, 0, y,
                    nout);
}

static void outer_direct(const struct net_run *r, const struct net_gather *g,
                         const struct net_array *a, int64_t begin, int64_t end,
                         const char *d, int nout, bool accumulate, char *part)
{
    for (int64_t row = begin; row < end;) {
        int64_t n = net_array_piece(r, row, end);
        const char *x = net_array_row(a, r, row);

        for (int k = 0; k < g->nrun; k++) {
            const struct net_run_slots *run = &g->run[k];
            int64_t at = (int64_t)run->slot * a->channels * nout;

            gemm_outer(r->gemm, (int)n, run->n * a->channels, nout,
                       x + run->offset * a->channels * (int64_t)r->number,
                       a->channels, d, nout, accumulate,
                       part + (size_t)at * r->number, nout);
        }
        d += (size_t)(n * nout) * r->number;
        accumulate = true;
        row += n;
    }
}

void net_outer(const struct net_run *r, const struct net_stage *stage,
               const struct net_array *a, int64_t begin, int64_t end,
               const char *d, bool accumulate, struct net_scratch *scratch,
               char *part)
{
    const struct net_layer *layer = stage->layer;
    const struct net_gather *g = stage->gather;
    const char *x = scratch->gather;

    if (g && stage->forward.direct) {
        outer_direct(r, g, a, begin, end, d, layer->out, accumulate, part);
        return;
    }
    if (g)
        gather_rows(r, g, a, begin, end, scratch->gather);
    else
        x = net_array_row(a, r, begin);
    if (layer->kind == NET_DEPTHWISE)
        r->kernel->depthwise_outer(end - begin, stage->nslot, layer->in, x, d,
                                   accumulate, part);
    else if (stage->forward.skip &&
             r->kernel->present(end - begin, layer->in, LOOK, x) < few_gradient)
        gemm_skip_outer(r->gemm, (int)(end - begin), layer->in, layer->out, x,
                        layer->in, d, layer->out, accumulate, part, layer->out);
    else
        gemm_outer(r->gemm, (int)(end - begin), stage->nslot * layer->in,
                   layer->out, x, (ptrdiff_t)stage->nslot * layer->in, d,
                   layer->out, accumulate, part, layer->out);
}

/* Numbers of a slot's weights. */
static int64_t slot_weights(const struct net_layer *layer)
{
    return layer->kind == NET_DEPTHWISE ? layer->in
                                        : (int64_t)layer->in * layer->out;
}

void net_outer_sum(const struct net_run *r, const struct net_stage *stage,
                   const char *part, char *gradient)
{
    const struct net_layer *layer = stage->layer;
    int64_t slot = slot_weights(layer);
    size_t bytes = (size_t)slot * r->number;

    for (int p = 0; p < stage->nslot; p++) {
        const struct net_gather *g = stage->gather;
        int to = g ? g->order[p] : p;

        if (g && stage->forward.direct && p >= g->ntap[0])
            memset(gradient + (size_t)to * bytes, 0, bytes);
        else
            r->kernel->sum(r->nchunk, slot, r->npart, part + (size_t)p * bytes,
                           gradient + (size_t)to * bytes);
    }
    if (layer->bias)
        r->kernel->sum(r->nchunk, layer->out, r->npart,
                       part + (size_t)stage->nslot * bytes,
                       gradient + (size_t)stage->nslot * bytes);
}

/* The weights of the places of a gather, one [nin][nout] after another. */
static void arrange(const struct net_run *r, const struct net_stage *stage,
                    bool backward, char *to)
{
    const struct net_layer *layer = stage->layer;
    const struct net_gather *g = gather_of(stage, backward);
    size_t bytes = (size_t)slot_weights(layer) * r->number;

    for (int p = 0; p < stage->nslot; p++, to += bytes) {
        const char *from =
            stage->weight + (size_t)(g ? g->order[p] : p) * bytes;

        if (backward && layer->kind == NET_DENSE)
            r->kernel->transpose(layer->in, layer->out, from, to);
        else
            memcpy(to, from, bytes);
    }
}

/* Products of a layer in one direction: rows of weights of each, and where
   they start. */
static int product(const struct net_stage *stage, bool backward, int k,
                   int *first)
{
    const struct net_gather *g = gather_of(stage, backward);
    const struct net_layer *layer = stage->layer;
    int nin = backward ? layer->out : layer->in;

    if (!packed_of(stage, backward)->direct) {
        *first = 0;
        return k ? 0 : stage->nslot * nin;
    }
    *first = k < g->nrun ? g->run[k].slot * nin : 0;
    return k < g->nrun ? g->run[k].n * nin : 0;
}

static void pack(const struct net_run *r, const struct net_stage *stage,
                 bool backward, char *arranged)
{
    const struct net_layer *layer = stage->layer;
    const struct net_packed *w = packed_of(stage, backward);
    int nout = backward ? layer->in : layer->out, rows, first;

    arrange(r, stage, backward, arranged);
    if (layer->kind == NET_DEPTHWISE) {
        memcpy(w->data, arranged,
               (size_t)stage->nslot * (size_t)layer->in * r->number);
        return;
    }
    for (int k = 0; (rows = product(stage, backward, k, &first)); k++)
        gemm_pack(r->gemm, rows, nout,
                  arranged + (size_t)first * (size_t)nout * r->number, nout, 1,
                  w->data + w->at[k]);
    if (w->skip)
        gemm_skip_pack(r->gemm, backward ? layer->out : layer->in, nout,
                       arranged, nout, 1, w->skip);
}

int net_pack(struct net_run *r, struct net_stage *stage)
{
    pack(r, stage, false, r->gradient);
    if (r->keep)
        pack(r, stage, true, r->gradient);
    return 0;
}

/* Whether a site-wise product of layer l meets many zeros: what its own or the
   activation before it lets through. */
static bool meets_zeros(const struct net_run *r, const struct net_stage *stage,
                        bool backward)
{
    const struct net_layer *layer = stage->layer, *from = layer;

    if (stage->gather || layer->kind != NET_DENSE)
        return false;
    if (!backward && layer == r->net->layer)
        return false;
    if (!backward)
        from = layer - 1;
    return from->activation == ACTIVATION_RELU && (backward || from->add < 0) &&
           (backward ? gemm_skips(r->gemm, layer->out, layer->in)
                     : gemm_skips(r->gemm, layer->in, layer->out));
}

static int pack_alloc(struct net_run *r, struct net_stage *stage, bool backward)
{
    const struct net_layer *layer = stage->layer;
    const struct net_gather *g = gather_of(stage, backward);
    struct net_packed *w = backward ? &stage->backward : &stage->forward;
    int nin = backward ? layer->out : layer->in, rows, first;
    int nout = backward ? layer->in : layer->out;
    size_t numbers = 0;

    w->direct = g && g->direct && layer->kind == NET_DENSE &&
                nin * stage->nslot >= DIRECT_MIN * (g->nrun ? g->nrun : 1);
    w->at = net_run_alloc(r, (w->direct ? g->nrun : 1) + 1, sizeof *w->at);
    if (!w->at)
        return -1;
    if (layer->kind == NET_DEPTHWISE)
        numbers = (size_t)stage->nslot * (size_t)layer->in;
    for (int k = 0; layer->kind == NET_DENSE &&
                    (rows = product(stage, backward, k, &first));
         k++) {
        w->at[k] = numbers * r->number;
        numbers += gemm_packed_size(r->gemm, rows, nout);
        numbers = (numbers + 15) / 16 * 16; /* whole cache lines */
    }
    w->data = net_run_alloc(r, (int64_t)numbers, r->number);
    if (!w->data)
        return -1;
    if (meets_zeros(r, stage, backward)) {
        w->skip = net_run_alloc(r, (int64_t)nin * nout, r->number);
        if (!w->skip)
            return -1;
    }
    return 0;
}

int net_pack_alloc(struct net_run *r, struct net_stage *stage)
{
    if (pack_alloc(r, stage, false))
        return -1;
    return r->keep ? pack_alloc(r, stage, true) : 0;
}

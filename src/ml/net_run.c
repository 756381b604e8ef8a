/* The workspace of a network on a lattice: what is stored where. */

#include "ml/net_run.h"

#include <omp.h>

#include "base/mem.h"

enum {
    BLOCK_BYTES = 1 << 20, /* of the rows that a thread works on: in L2 */
    BLOCK_MIN = 16,
    BLOCK_MAX = 512,
    CHUNKS = 32,     /* parts of a gradient */
    CHUNK_ROWS = 256 /* fewer do not pay for adding a part */
};

void *net_run_alloc(struct net_run *r, int64_t n, size_t size)
{
    void *grown = mem_resize(r->held, (size_t)r->nheld + 1, sizeof *r->held);
    void *p;

    if (!grown)
        return NULL;
    r->held = grown;
    p = mem_zalloc((size_t)n, size);
    if (!p)
        return NULL;
    r->held[r->nheld++] = p;
    r->bytes += (size_t)n * size;
    return p;
}

static const struct net_stencil *stencil_of(const struct net_run *r, int l)
{
    int k = r->net->layer[l].stencil;

    return k < 0 ? NULL : &r->net->stencil[k];
}

static int imax(int a, int b)
{
    return a > b ? a : b;
}

static int max_width(const struct net *net)
{
    int width = 1;

    for (int l = 0; l < net->nlayer; l++)
        width = imax(width, imax(net->layer[l].in, net->layer[l].out));
    return width;
}

/* Numbers of a gathered row, the widest. */
static int64_t max_gather(const struct net_run *r)
{
    int64_t most = 0;

    for (int l = 0; l < r->net->nlayer; l++) {
        const struct net_layer *layer = &r->net->layer[l];
        int64_t n = net_slots(r->net, layer);

        n *= imax(layer->in, r->keep ? layer->out : 0);
        if (layer->stencil >= 0 && n > most)
            most = n;
    }
    return most;
}

/* As many equal shares as two, four or eight threads can take, when there are
   so many. */
static int64_t even(int64_t n)
{
    return n > 8 ? (n + 7) / 8 * 8 : n > 2 ? (n + 3) / 4 * 4 : n;
}

/* Rows of a block: whole lines where they are short. */
static void choose_blocks(struct net_run *r)
{
    int64_t bytes = (2 * r->width + max_gather(r)) * (int64_t)r->number;
    int64_t most = BLOCK_BYTES / bytes, unit, block, count, share;

    most = most > BLOCK_MAX ? BLOCK_MAX : most < BLOCK_MIN ? BLOCK_MIN : most;
    unit = r->line <= most ? r->line : BLOCK_MIN;
    most -= most % unit;
    count = even((r->rows + most - 1) / most);
    block = ((r->rows + count - 1) / count + unit - 1) / unit * unit;
    if (block > r->rows)
        block = r->rows;
    r->block = (int)block;
    count = (r->rows + block - 1) / block;
    share = block < CHUNK_ROWS ? CHUNK_ROWS / block : 1;
    count = even((count + share - 1) / share);
    share = (r->rows + block - 1) / block; /* blocks */
    r->nchunk = (int)(count < share ? count : share);
    if (r->nchunk > CHUNKS)
        r->nchunk = CHUNKS;
}

static int make_gathers(struct net_run *r)
{
    const struct net *net = r->net;

    r->gather = net_run_alloc(r, net->nstencil + 1, sizeof *r->gather);
    r->back = net_run_alloc(r, net->nstencil + 1, sizeof *r->back);
    if (!r->gather || !r->back)
        return -1;
    for (int k = 0; k < net->nstencil; k++) {
        if (net_gather_init(&r->gather[k], &net->stencil[k], r, false) ||
            net_gather_init(&r->back[k], &net->stencil[k], r, true))
            return -1;
    }
    return 0;
}

static int make_segments(struct net_run *r)
{
    int n = r->net->nlayer;

    r->segment = net_run_alloc(r, n, sizeof *r->segment);
    if (!r->segment)
        return -1;
    for (int l = 0; l < n; l++) {
        if (l == 0 || r->net->layer[l].stencil >= 0)
            r->segment[r->nsegment++].first = l;
        r->segment[r->nsegment - 1].last = l;
    }
    return 0;
}

static int segment_of(const struct net_run *r, int layer)
{
    int s = 0;

    while (r->segment[s].last < layer)
        s++;
    return s;
}

static int64_t array_numbers(const struct net_array *a)
{
    return a->sites * a->channels;
}

/* h_l is alive from the segment that makes it to the last that reads it. */
static int born(const struct net_run *r, int l)
{
    return l ? segment_of(r, l - 1) : -1;
}

static int dies(const struct net_run *r, int l)
{
    int layer = imax(l, r->stage[l].add_last);

    return segment_of(r, layer);
}

struct pool {
    int64_t numbers;
    int busy; /* until that segment */
    char *data;
};

/* Stored arrays into as few blocks as their lives allow; at[l]: block of
   h_l. */
static int share(struct net_run *r, struct pool *pool, int *at)
{
    int n = 0;

    for (int l = 0; l < r->net->nlayer; l++) {
        int64_t numbers = array_numbers(&r->stage[l].h);
        int k = 0;

        if (!r->stage[l].stored)
            continue;
        while (k < n && (r->keep || pool[k].busy >= born(r, l)))
            k++;
        n = imax(n, k + 1);
        at[l] = k;
        pool[k].busy = dies(r, l);
        if (numbers > pool[k].numbers)
            pool[k].numbers = numbers;
    }
    for (int k = 0; k < n; k++) {
        pool[k].data = net_run_alloc(r, pool[k].numbers, r->number);
        if (!pool[k].data)
            return -1;
    }
    for (int l = 0; l < r->net->nlayer; l++) {
        if (r->stage[l].stored)
            r->stage[l].h.data = pool[at[l]].data;
    }
    return 0;
}

static int store_arrays(struct net_run *r)
{
    size_t n = (size_t)r->net->nlayer;
    struct pool *pool = mem_zalloc(n, sizeof *pool);
    int *at = mem_zalloc(n, sizeof *at);
    int status = pool && at ? share(r, pool, at) : -1;

    mem_free(pool);
    mem_free(at);
    return status;
}

/* Where the slope of an activation may be read off its value, z needs no
   array of its own. */
static int store_sums(struct net_run *r, int l)
{
    struct net_stage *stage = &r->stage[l];
    enum activation f = stage->layer->activation;
    bool last = l + 1 == r->net->nlayer;
    bool plain = f == ACTIVATION_LINEAR || f == ACTIVATION_RELU;

    if (plain && stage->layer->add < 0 &&
        (last || net_array_dense(&r->stage[l + 1].h))) {
        stage->z_is_next = true;
        stage->z = last ? r->out : r->stage[l + 1].h.data;
        return 0;
    }
    stage->z = net_run_alloc(r, r->rows * stage->layer->out, r->number);
    return stage->z ? 0 : -1;
}

static int make_stages(struct net_run *r)
{
    const struct net *net = r->net;

    r->stage = net_run_alloc(r, net->nlayer, sizeof *r->stage);
    if (!r->stage)
        return -1;
    for (int l = 0; l < net->nlayer; l++)
        r->stage[l].add_last = -1;
    for (int l = 0; l < net->nlayer; l++) {
        struct net_stage *stage = &r->stage[l];
        const struct net_layer *layer = &net->layer[l];

        stage->layer = layer;
        stage->nslot = net_slots(net, layer);
        stage->nweight = net_weights(net, layer);
        stage->part = stage->nweight;
        if (layer->stencil >= 0) {
            stage->gather = &r->gather[layer->stencil];
            stage->back = &r->back[layer->stencil];
        }
        if (layer->add >= 0)
            r->stage[layer->add].add_last = l;
        net_array_shape(&stage->h, r, stencil_of(r, l), layer->in);
        stage->weight = net_run_alloc(r, stage->nweight, r->number);
        if (!stage->weight || net_pack_alloc(r, stage))
            return -1;
    }
    for (int l = 0; l < net->nlayer; l++)
        r->stage[l].stored =
            r->keep || r->stage[l].gather || r->stage[l].add_last >= 0;
    return store_arrays(r);
}

static int make_scratch(struct net_run *r)
{
    int64_t gather = r->block * max_gather(r);
    int64_t rows = (int64_t)r->block * r->width;

    r->scratch = net_run_alloc(r, r->nthread, sizeof *r->scratch);
    if (!r->scratch)
        return -1;
    for (int t = 0; t < r->nthread; t++) {
        r->scratch[t].gather = net_run_alloc(r, gather, r->number);
        if (!r->scratch[t].gather)
            return -1;
        for (int k = 0; k < (r->keep ? 5 : 2); k++) {
            r->scratch[t].block[k] = net_run_alloc(r, rows, r->number);
            if (!r->scratch[t].block[k])
                return -1;
        }
    }
    return 0;
}

/* Numbers of the largest weights, of the largest gradient of a segment, of
   the largest adjoint that a stencil reads, parameters of a layer. */
static int64_t measure(struct net_run *r)
{
    int64_t weights = 1, params = 1;

    for (int s = 0; s < r->nsegment; s++) {
        int64_t part = 0;

        for (int l = r->segment[s].first; l <= r->segment[s].last; l++) {
            const struct net_stage *stage = &r->stage[l];

            part += stage->part;
            if (stage->nweight > weights)
                weights = stage->nweight;
            if (stage->layer->nparam > params)
                params = stage->layer->nparam;
            if (stage->gather && stage->h.sites * stage->layer->out > r->nd)
                r->nd = stage->h.sites * stage->layer->out;
        }
        if (part > r->npart)
            r->npart = part;
    }
    r->fold = net_run_alloc(r, params, sizeof *r->fold);
    r->gradient = net_run_alloc(r, weights, r->number);
    return r->fold && r->gradient ? 0 : -1;
}

static int make_adjoints(struct net_run *r, int v)
{
    for (int l = 0; l < r->net->nlayer; l++) {
        struct net_stage *stage = &r->stage[l];

        if (stage->add_last < 0)
            continue;
        stage->acc[v] = net_run_alloc(r, r->rows * stage->layer->in, r->number);
        if (!stage->acc[v])
            return -1;
    }
    for (int k = 0; k < 2; k++) {
        r->d[v][k] = net_run_alloc(r, r->nd, r->number);
        if (!r->d[v][k])
            return -1;
    }
    return 0;
}

static int make_derivatives(struct net_run *r)
{
    for (int l = 0; l < r->net->nlayer; l++) {
        if (store_sums(r, l))
            return -1;
    }
    r->part = net_run_alloc(r, r->nchunk * r->npart, r->number);
    return r->part ? make_adjoints(r, 0) : -1;
}

int net_run_tangent(struct net_run *r)
{
    if (r->tangent)
        return 0;
    for (int l = 0; l < r->net->nlayer; l++) {
        struct net_stage *stage = &r->stage[l];

        stage->hdot = stage->h;
        stage->hdot.data =
            net_run_alloc(r, array_numbers(&stage->hdot), r->number);
        stage->zdot = net_run_alloc(r, r->rows * stage->layer->out, r->number);
        if (!stage->hdot.data || !stage->zdot)
            return -1;
    }
    r->outdot = net_run_alloc(
        r, r->rows * r->net->layer[r->net->nlayer - 1].out, r->number);
    if (!r->outdot || make_adjoints(r, 1))
        return -1;
    r->tangent = true;
    return 0;
}

static int build(struct net_run *r)
{
    const struct net *net = r->net;

    choose_blocks(r);
    r->out =
        net_run_alloc(r, r->rows * net->layer[net->nlayer - 1].out, r->number);
    if (!r->out || make_gathers(r) || make_segments(r) || make_stages(r) ||
        measure(r) || make_scratch(r))
        return -1;
    return r->keep ? make_derivatives(r) : 0;
}

struct net_run *net_run_new(const struct net *net, const struct lattice *lat,
                            int nimage, enum precision precision, bool keep,
                            const char *kernel, int nthread)
{
    const struct gemm *gemm = gemm_select(precision, kernel);
    struct net_run *r = gemm ? mem_zalloc(1, sizeof *r) : NULL;

    if (!r)
        return NULL;
    r->net = net;
    r->gemm = gemm;
    r->kernel = precision == PRECISION_DOUBLE ? &net_kernels_double
                                              : &net_kernels_single;
    r->precision = precision == PRECISION_BF16 ? PRECISION_SINGLE : precision;
    r->number = r->kernel->number;
    r->keep = keep;
    r->nimage = nimage;
    r->nthread = nthread > 0 ? nthread : omp_get_max_threads();
    r->nbasis = lat->shape.nbasis;
    for (int i = 0; i < 3; i++) {
        r->n[i] = lat->n[i];
        r->periodic[i] = lat->periodic[i];
    }
    r->line = r->n[0] * r->nbasis;
    r->rows = nimage * lat->nsite;
    r->width = max_width(net);
    if (build(r)) {
        net_run_free(r);
        return NULL;
    }
    return r;
}

void net_run_free(struct net_run *r)
{
    if (!r)
        return;
    for (int k = 0; k < r->net->nstencil; k++) {
        if (r->gather)
            net_gather_fini(&r->gather[k]);
        if (r->back)
            net_gather_fini(&r->back[k]);
    }
    for (int k = 0; k < r->nheld; k++)
        mem_free(r->held[k]);
    mem_free(r->held);
    mem_free(r);
}

size_t net_run_bytes(const struct net_run *r)
{
    return r->bytes;
}

void net_run_param(struct net_run *r, const void *param)
{
    for (int l = 0; l < r->net->nlayer; l++) {
        struct net_stage *stage = &r->stage[l];
        const char *from =
            (const char *)param + (size_t)stage->layer->first * r->number;

        r->kernel->expand(stage->layer->tie, stage->nweight, from,
                          stage->weight);
        net_pack(r, stage);
    }
}

/* Networks backward.  With e the adjoint of h_(l+1) and S the sums of a layer,

       dz = f'(z) e,  dW = S(h)^T dz,  dbias = sum of dz,
       adjoint of h_l = S^T(dz W^T)  (+ what reaches it by additions)

   and for the tangent, edot the adjoint of hdot_(l+1),

       dzdot = f'(z) edot,  dz = f'(z) e + f''(z) zdot edot,
       dW = S(hdot)^T dzdot + S(h)^T dz

   with e = 0 at the end.  S^T is taken as a gather with the reversed stencil
   from a padded copy of dz.  Rows are cut into a fixed number of chunks whose
   gradients are added in order: the bits do not depend on threads. */

#include <omp.h>
#include <string.h>

#include "ml/net_run.h"

enum direction { VALUE, TANGENT, DIRECTIONS };

struct pass {
    struct net_run *r;
    bool tangent;
    const char *dy; /* NULL: ones */
    char *grad, *dx;
};

struct block { /* the rows that a thread works on */
    const struct pass *p;
    int64_t begin, end;
    bool first; /* of its chunk: sums begin */
    char *part;
    struct net_scratch *scratch;
    char *e[DIRECTIONS], *spare[DIRECTIONS];
};

/* The adjoint of h_(l+1) itself is not zero: always without a tangent, else
   when a layer above l bends. */
static bool alive(const struct pass *p, int l, int v)
{
    const struct net *net = p->r->net;

    if (v == TANGENT)
        return p->tangent;
    for (int k = l + 1; p->tangent && k < net->nlayer; k++) {
        enum activation f = net->layer[k].activation;

        if (f != ACTIVATION_LINEAR && f != ACTIVATION_RELU)
            return true;
    }
    return !p->tangent;
}

static bool bends(const struct net_layer *layer)
{
    return layer->activation != ACTIVATION_LINEAR &&
           layer->activation != ACTIVATION_RELU;
}

static size_t block_bytes(const struct block *b, int channels)
{
    return (size_t)((b->end - b->begin) * channels) * b->p->r->number;
}

static char *at_row(const struct block *b, char *rows, int channels)
{
    return rows + (size_t)(b->begin * channels) * b->p->r->number;
}

static void swap(struct block *b, int v)
{
    char *e = b->e[v];

    b->e[v] = b->spare[v];
    b->spare[v] = e;
}

/* The padded adjoint of z of a segment's first layer. */
static struct net_array adjoint(const struct net_run *r, int segment, int v)
{
    const struct net_stage *stage = &r->stage[r->segment[segment].first];
    const struct net_layer *layer = stage->layer;
    struct net_array a;

    net_array_shape(&a, r, &r->net->stencil[layer->stencil], layer->out);
    a.data = r->d[v][segment & 1];
    return a;
}

/* What reaches h_l by additions joins its adjoint. */
static void join(const struct block *b, int l, int v, char *e)
{
    const struct net_run *r = b->p->r;
    const struct net_stage *stage = &r->stage[l];
    int in = stage->layer->in;

    if (stage->add_last >= 0)
        r->kernel->add((b->end - b->begin) * in, at_row(b, stage->acc[v], in),
                       e);
}

/* The adjoint of the output of a segment's last layer. */
static void enter(struct block *b, int segment)
{
    const struct pass *p = b->p;
    struct net_run *r = p->r;
    int l = r->segment[segment].last, out = r->net->layer[l].out;
    int top = p->tangent ? TANGENT : VALUE;

    if (l + 1 == r->net->nlayer) {
        if (p->dy)
            memcpy(b->e[top], p->dy + (size_t)(b->begin * out) * r->number,
                   block_bytes(b, out));
        else
            r->kernel->ones((b->end - b->begin) * out, b->e[top]);
        return;
    }
    for (int v = 0; v < DIRECTIONS; v++) {
        if (!alive(p, l, v))
            continue;
        struct net_array d = adjoint(r, segment + 1, v);

        net_apply(r, &r->stage[l + 1], true, false, &d, b->begin, b->end,
                  b->scratch, b->e[v]);
        join(b, l + 1, v, b->e[v]);
    }
}

/* e also belongs to the channels that were added. */
static void share(const struct block *b, int l, int v)
{
    struct net_run *r = b->p->r;
    const struct net_layer *layer = r->stage[l].layer;
    struct net_stage *source = &r->stage[layer->add];
    char *acc = at_row(b, source->acc[v], layer->out);
    bool on = alive(b->p, l, v);

    if (source->add_last == l && on)
        memcpy(acc, b->e[v], block_bytes(b, layer->out));
    else if (source->add_last == l)
        memset(acc, 0, block_bytes(b, layer->out));
    else if (on)
        r->kernel->add((b->end - b->begin) * layer->out, b->e[v], acc);
}

/* Adjoints of h_(l+1) into those of z_l. */
static void through_activation(struct block *b, int l)
{
    struct net_run *r = b->p->r;
    const struct net_layer *layer = r->stage[l].layer;
    size_t n = (size_t)((b->end - b->begin) * layer->out);
    const char *z = at_row(b, r->stage[l].z, layer->out);
    bool curved = b->p->tangent && bends(layer);
    bool on = alive(b->p, l, VALUE);
    char *bend = b->scratch->block[4];

    if (curved)
        activation_curvature(layer->activation, r->precision, n, z,
                             at_row(b, r->stage[l].zdot, layer->out),
                             b->e[TANGENT], on ? bend : b->e[VALUE]);
    if (on)
        activation_slope(layer->activation, r->precision, n, z, b->e[VALUE]);
    if (curved && on)
        r->kernel->add((int64_t)n, bend, b->e[VALUE]);
    if (b->p->tangent)
        activation_slope(layer->activation, r->precision, n, z, b->e[TANGENT]);
}

/* Gradient of the weights of layer l; its place in the chunk's part. */
static void weights(struct block *b, int l)
{
    struct net_run *r = b->p->r;
    const struct net_stage *stage = &r->stage[l];
    const struct net_layer *layer = stage->layer;
    bool more = !b->first;
    char *bias =
        b->part +
        (size_t)(stage->part - (layer->bias ? layer->out : 0)) * r->number;

    for (int v = 0; v < DIRECTIONS; v++) {
        if (!alive(b->p, l - 1, v))
            continue;
        net_outer(r, stage, v == TANGENT ? &stage->hdot : &stage->h, b->begin,
                  b->end, b->e[v], more, b->scratch, b->part);
        more = true;
    }
    if (!layer->bias)
        return;
    if (alive(b->p, l - 1, VALUE))
        r->kernel->columns(b->end - b->begin, layer->out, b->e[VALUE],
                           !b->first, bias);
    else if (b->first)
        memset(bias, 0, (size_t)layer->out * r->number);
}

/* Adjoints of z of the first layer leave the block: to the padded arrays, or
   as dx. */
static void leave(struct block *b, int segment)
{
    const struct pass *p = b->p;
    struct net_run *r = p->r;
    int l = r->segment[segment].first, in = r->net->layer[l].in;
    char *dx;

    if (r->stage[l].gather) {
        for (int v = 0; v < DIRECTIONS && (l || p->dx); v++) {
            struct net_array d = adjoint(r, segment, v);

            if (alive(p, l - 1, v))
                net_array_put(&d, r, b->begin, b->end, b->e[v]);
        }
        return;
    }
    if (!p->dx)
        return;
    dx = at_row(b, p->dx, in);
    net_apply_rows(r, &r->stage[l], true, false, b->end - b->begin, b->e[VALUE],
                   dx);
    join(b, l, VALUE, dx);
}

static void backward_block(struct block *b, int segment)
{
    const struct pass *p = b->p;
    struct net_run *r = p->r;
    const struct net_segment *s = &r->segment[segment];
    char *part = b->part;

    enter(b, segment);
    for (int l = s->last; l >= s->first; l--) {
        const struct net_layer *layer = r->stage[l].layer;

        for (int v = 0; v < (p->tangent ? 2 : 1) && layer->add >= 0; v++)
            share(b, l, v);
        through_activation(b, l);
        b->part = part;
        if (p->grad)
            weights(b, l);
        part += (size_t)r->stage[l].part * r->number;
        for (int v = 0; v < DIRECTIONS && l > s->first; v++) {
            if (!alive(p, l - 1, v))
                continue;
            net_apply_rows(r, &r->stage[l], true, false, b->end - b->begin,
                           b->e[v], b->spare[v]);
            swap(b, v);
            join(b, l, v, b->e[v]);
        }
    }
    leave(b, segment);
}

/* Blocks k0 .. k1-1 of a chunk, in order. */
static void chunk(const struct pass *p, int segment, int c, int64_t nblock)
{
    struct net_run *r = p->r;
    int64_t first = nblock * c / r->nchunk, last = nblock * (c + 1) / r->nchunk;
    struct net_scratch *scratch = &r->scratch[omp_get_thread_num()];

    for (int64_t k = first; k < last; k++) {
        struct block b = {
            .p = p,
            .begin = k * r->block,
            .first = k == first,
            .part = r->part + (size_t)(c * r->npart) * r->number,
            .scratch = scratch,
            .e = {scratch->block[0], scratch->block[2]},
            .spare = {scratch->block[1], scratch->block[3]},
        };

        b.end = b.begin + r->block < r->rows ? b.begin + r->block : r->rows;
        backward_block(&b, segment);
    }
}

/* Parts of the chunks into the gradient of the parameters. */
static void collect(const struct pass *p, int segment)
{
    struct net_run *r = p->r;
    const char *part = r->part;

    for (int l = r->segment[segment].last; l >= r->segment[segment].first;
         l--) {
        const struct net_stage *stage = &r->stage[l];

        net_outer_sum(r, stage, part, r->gradient);
        r->kernel->fold(stage->layer->tie, stage->nweight, r->gradient, r->fold,
                        p->grad + (size_t)stage->layer->first * r->number);
        part += (size_t)stage->part * r->number;
    }
}

static void input_gradient(const struct pass *p)
{
    struct net_run *r = p->r;
    struct net_array d = adjoint(r, 0, VALUE);
    int64_t nblock = (r->rows + r->block - 1) / r->block;
    int team = net_team(r, r->width);

#pragma omp parallel for schedule(static) num_threads(team)
    for (int64_t k = 0; k < nblock; k++) {
        struct block b = {.p = p,
                          .begin = k * r->block,
                          .scratch = &r->scratch[omp_get_thread_num()]};
        char *dx = at_row(&b, p->dx, r->net->layer[0].in);

        b.end = b.begin + r->block < r->rows ? b.begin + r->block : r->rows;
        net_apply(r, &r->stage[0], true, false, &d, b.begin, b.end, b.scratch,
                  dx);
        join(&b, 0, VALUE, dx);
    }
}

static void backward(const struct pass *p)
{
    struct net_run *r = p->r;
    int64_t nblock = (r->rows + r->block - 1) / r->block;
    int team = net_team(r, r->width);

    for (int s = r->nsegment - 1; s >= 0; s--) {
        int l = r->segment[s].first;

#pragma omp parallel for schedule(dynamic) num_threads(team)
        for (int c = 0; c < r->nchunk; c++)
            chunk(p, s, c, nblock);
        if (p->grad)
            collect(p, s);
        for (int v = 0; v < DIRECTIONS && r->stage[l].gather; v++) {
            struct net_array d = adjoint(r, s, v);

            if (alive(p, l - 1, v) && (l || p->dx))
                net_array_border(&d, r);
        }
    }
    if (p->dx && r->stage[0].gather)
        input_gradient(p);
}

void net_backward(struct net_run *r, const void *dy, void *grad, void *dx)
{
    struct pass p = {.r = r, .dy = dy, .grad = grad, .dx = dx};

    backward(&p);
}

void net_tangent_backward(struct net_run *r, const void *dydot, void *grad)
{
    struct pass p = {.r = r, .tangent = true, .dy = dydot, .grad = grad};

    backward(&p);
}

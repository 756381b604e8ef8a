/* Networks forward, and along a tangent: h_(l+1) = f(z_l) + h_add and
   hdot_(l+1) = f'(z_l) zdot_l + hdot_add, block by block of rows through a
   segment. */

#include <omp.h>
#include <string.h>

#include "ml/net_run.h"

struct pass {
    struct net_run *r;
    bool tangent;
    net_rows *input;
    void *data;
    const char *xdot;
};

static const struct net_array *stored(const struct pass *p, int l)
{
    return p->tangent ? &p->r->stage[l].hdot : &p->r->stage[l].h;
}

static char *output(const struct pass *p)
{
    return p->tangent ? p->r->outdot : p->r->out;
}

/* Where the block of h_(l+1) is made: in place or, padded, in scratch. */
static char *target(const struct pass *p, int l, int64_t begin,
                    struct net_scratch *scratch)
{
    const struct net_run *r = p->r;
    int out = r->net->layer[l].out;

    if (l + 1 == r->net->nlayer)
        return output(p) + (size_t)(begin * out) * r->number;
    if (r->stage[l + 1].stored && net_array_dense(stored(p, l + 1)))
        return net_array_row(stored(p, l + 1), r, begin);
    return scratch->block[l & 1];
}

static void activate(const struct pass *p, int l, int64_t begin, int64_t end,
                     const char *sum, char *to)
{
    const struct net_run *r = p->r;
    const struct net_stage *stage = &r->stage[l];
    size_t n = (size_t)((end - begin) * stage->layer->out);
    size_t at = (size_t)(begin * stage->layer->out) * r->number;

    if (!p->tangent) {
        activation_value(stage->layer->activation, r->precision, n, sum, to);
    } else {
        memcpy(to, sum, n * r->number);
        activation_slope(stage->layer->activation, r->precision, n,
                         stage->z + at, to);
    }
}

/* The sums of a layer are kept where derivatives need them. */
static char *sums(const struct pass *p, int l, int64_t begin, char *otherwise)
{
    const struct net_stage *stage = &p->r->stage[l];
    size_t at = (size_t)(begin * stage->layer->out) * p->r->number;

    if (p->tangent)
        return stage->zdot + at;
    return p->r->keep && !stage->z_is_next ? stage->z + at : otherwise;
}

static void forward_block(const struct pass *p, const struct net_segment *s,
                          int64_t begin, int64_t end,
                          struct net_scratch *scratch)
{
    const struct net_run *r = p->r;
    const char *x = NULL;

    if (!r->stage[s->first].stored) {
        p->input(p->data, begin, end, scratch->block[1]);
        x = scratch->block[1];
    }
    for (int l = s->first; l <= s->last; l++) {
        const struct net_stage *stage = &r->stage[l];
        char *to = target(p, l, begin, scratch);
        char *sum = sums(p, l, begin, to);

        if (x)
            net_apply_rows(r, stage, false, !p->tangent, end - begin, x, sum);
        else
            net_apply(r, stage, false, !p->tangent, stored(p, l), begin, end,
                      scratch, sum);
        activate(p, l, begin, end, sum, to);
        if (stage->layer->add >= 0)
            net_array_add(stored(p, stage->layer->add), r, begin, end, to);
        if (l < s->last || l + 1 == r->net->nlayer)
            x = to;
        else if (!net_array_dense(stored(p, l + 1)))
            net_array_put(stored(p, l + 1), r, begin, end, to);
    }
}

/* Rows of a block in a pass without sums over rows: enough of them for the
   threads. */
static int64_t block_rows(const struct net_run *r)
{
    int64_t share = r->rows / (4 * r->nthread);

    if (share < 16)
        share = 16;
    return share < r->block ? share : r->block;
}

static void fill_input(const struct pass *p)
{
    struct net_run *r = p->r;
    const struct net_array *h = stored(p, 0);
    int64_t block = block_rows(r), nblock = (r->rows + block - 1) / block;
    bool dense = net_array_dense(h);
    size_t row = (size_t)h->channels * r->number;
    int team = net_team(r, r->width);

#pragma omp parallel for schedule(static) num_threads(team)
    for (int64_t k = 0; k < nblock; k++) {
        int64_t begin = k * block;
        int64_t end = begin + block < r->rows ? begin + block : r->rows;
        char *to = r->scratch[omp_get_thread_num()].block[0];
        const char *from = to;

        if (dense)
            to = net_array_row(h, r, begin);
        if (p->tangent && dense)
            memcpy(to, p->xdot + (size_t)begin * row,
                   (size_t)(end - begin) * row);
        else if (p->tangent)
            from = p->xdot + (size_t)begin * row;
        else
            p->input(p->data, begin, end, to);
        if (!dense)
            net_array_put(h, r, begin, end, from);
    }
    net_array_border(h, r);
}

static void forward(const struct pass *p)
{
    struct net_run *r = p->r;
    int64_t block = block_rows(r), nblock = (r->rows + block - 1) / block;
    int team = net_team(r, r->width);

    if (r->stage[0].stored && (p->input || p->xdot))
        fill_input(p);
    for (int s = 0; s < r->nsegment; s++) {
        int next = r->segment[s].last + 1;

#pragma omp parallel for schedule(dynamic) num_threads(team)
        for (int64_t k = 0; k < nblock; k++) {
            int64_t begin = k * block;
            int64_t end = begin + block < r->rows ? begin + block : r->rows;

            forward_block(p, &r->segment[s], begin, end,
                          &r->scratch[omp_get_thread_num()]);
        }
        if (next < r->net->nlayer)
            net_array_border(stored(p, next), r);
    }
}

const void *net_forward(struct net_run *r, net_rows *input, void *data)
{
    struct pass p = {.r = r, .input = input, .data = data};

    forward(&p);
    return r->out;
}

const void *net_tangent(struct net_run *r, const void *xdot)
{
    struct pass p = {.r = r, .tangent = true, .xdot = xdot};

    if (net_run_tangent(r))
        return NULL;
    forward(&p);
    return r->outdot;
}

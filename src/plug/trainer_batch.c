/* The order of an epoch and its batches.  See plug/trainer_state.h. */

#include <string.h>

#include "base/mem.h"
#include "plug/trainer_plan.h"
#include "plug/trainer_state.h"

/* The plan of an epoch: `draws` of each frame's samples, shuffled, then cut
   into batches of one lattice each, in the order in which they fill. */

static int64_t frame_end(const struct train_items *set, int64_t k)
{
    const struct field *q = set->item[k].s->q;
    while (k < set->n && set->item[k].s->q == q)
        k++;
    return k;
}

/* Which items take part in this epoch; how many. */
static int64_t draw(const struct trainer *t, int64_t *list, int64_t *scratch)
{
    int64_t n = 0;
    for (int64_t k = 0, end; k < t->train.n; k = end) {
        end = frame_end(&t->train, k);
        int64_t all = end - k;
        if (t->c.draws == 0 || t->c.draws >= all) {
            while (k < end)
                list[n++] = k++;
            continue;
        }
        plan_shuffle((uint32_t)t->c.seed, TRAIN_DRAW,
                     (uint64_t)t->epoch << 32 ^ (uint64_t)k, scratch, all);
        for (int64_t j = 0; j < t->c.draws; j++)
            list[n++] = k + scratch[j];
    }
    return n;
}

static void cut_batches(struct trainer *t, const int64_t *list,
                        const int64_t *shuffled, int64_t n)
{
    int64_t at = 0;
    t->nbatch = 0;
    /* Full batches come when their last sample comes; what is left of each
       lattice comes at the end. */
    for (int64_t stop = 0; stop <= n; stop++) {
        for (int p = 0; p < t->nplace; p++) {
            struct train_batch *b = &t->batch[t->nbatch];
            int64_t limit = t->place[p].nimage;
            bool mine =
                stop < n && t->train.item[list[shuffled[stop]]].place == p;
            if (!mine && stop < n)
                continue;
            int64_t *held = t->order + n + (int64_t)p * t->c.batch;
            int64_t *nheld = t->order + n + (int64_t)t->nplace * t->c.batch + p;
            if (mine)
                held[(*nheld)++] = list[shuffled[stop]];
            if (*nheld == 0 || (stop < n && *nheld < limit))
                continue;
            *b = (struct train_batch){p, (int)*nheld, at};
            memcpy(t->order + at, held, (size_t)*nheld * sizeof *held);
            at += *nheld;
            *nheld = 0;
            t->nbatch++;
        }
    }
    t->norder = n;
}

int trainer_plan(struct adele *ctx, struct trainer *t)
{
    size_t n = (size_t)t->train.n;
    size_t extra = (size_t)t->nplace * (size_t)(t->c.batch + 1);
    int64_t *list = mem_alloc(n, sizeof *list);
    int64_t *shuffled = mem_alloc(n, sizeof *shuffled);
    if (!t->order) {
        t->order = mem_alloc(n + extra, sizeof *t->order);
        t->batch = mem_alloc(n, sizeof *t->batch);
    }
    int status = !list || !shuffled || !t->order || !t->batch
                     ? err_memory(ctx, "the training", 32.0 * (double)n)
                     : 0;
    if (!status) {
        int64_t drawn = draw(t, list, shuffled);
        memset(t->order + drawn, 0, extra * sizeof *t->order);
        plan_shuffle((uint32_t)t->c.seed, TRAIN_ORDER, (uint64_t)t->epoch,
                     shuffled, drawn);
        cut_batches(t, list, shuffled, drawn);
    }
    mem_free(list);
    mem_free(shuffled);
    return status;
}

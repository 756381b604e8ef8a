/* Small services of the simulation context: stamps, step, guards, lists. */

#include "core/context.h"

#include "base/mem.h"

uint64_t adele_stamp(const struct adele *ctx)
{
    uint64_t stamp = ctx->parameter_tag;
    const struct field *x = ctx->state.displacement;
    const struct field *v = ctx->state.velocity;

    /* All tags come from one clock that only grows: the latest identifies the
       state. */
    if (ctx->step_tag > stamp)
        stamp = ctx->step_tag;
    if (x && x->tag > stamp)
        stamp = x->tag;
    if (v && v->tag > stamp)
        stamp = v->tag;
    return stamp;
}

void adele_touch_parameters(struct adele *ctx)
{
    ctx->parameter_tag = ++ctx->clock;
}

void adele_set_step(struct adele *ctx, int64_t step)
{
    ctx->step = step;
    ctx->step_tag = ++ctx->clock;
}

int need_lattice(struct adele *ctx)
{
    if (ctx->lat)
        return 0;
    return err_deck(
        ctx, NULL, "needs a lattice first, for example `lattice square 40 40`");
}

int need_model(struct adele *ctx)
{
    if (need_lattice(ctx))
        return ctx->error.status;
    if (ctx->model)
        return 0;
    return err_deck(ctx, NULL,
                    "needs a model first, for example `model holstein t 1.0 g "
                    "3.5 k 1.0 kappa 0.18 mass 1.0`");
}

int need_pair(struct adele *ctx)
{
    if (need_model(ctx))
        return ctx->error.status;
    if (ctx->pair)
        return 0;
    return err_deck(ctx, NULL,
                    "needs a force style first, for example `pair_style ed`");
}

int list_reserve(void *item_array, int n, int *capacity)
{
    void **array = item_array;
    int wanted = *capacity ? 2 * *capacity : 8;
    void *grown;

    if (n < *capacity)
        return 0;
    grown = mem_resize(*array, (size_t)wanted, sizeof(void *));
    if (!grown)
        return -1;
    *array = grown;
    *capacity = wanted;
    return 0;
}

/* The second half of a step: the last kicks and the thermostats.

   A kick and a thermostat of one site need nothing of other sites.  When all
   fixes of this half work by stretches, each stretch gets its kicks and its
   thermostats while it is in the cache, and velocities cross the memory bus
   once; otherwise fix by fix.  Both give the same bits. */

#include "base/parallel.h"
#include "plug/fix.h"
#include "plug/model.h"

static const struct fix_style *style_of(const struct fix *f)
{
    return (const struct fix_style *)f->head.style;
}

/* Sweeps of the fixes first .. last - 1, kicks before thermostats. */
static void sweep(struct adele *ctx, int first, int last, bool kick, bool heat)
{
    const int64_t n = fix_stretches(ctx->lat);

    for (int c = 0; c < ctx->model->ncomp; c++) {
#pragma omp parallel for schedule(static) if (ctx->lat->nlocal >= PARALLEL_MIN)
        for (int64_t k = 0; k < n; k++) {
            for (int i = first; kick && i < last; i++) {
                struct fix *f = ctx->fixes.item[i];

                if (style_of(f)->final_sweep)
                    style_of(f)->final_sweep(ctx, f, c, k);
            }
            for (int i = first; heat && i < last; i++) {
                struct fix *f = ctx->fixes.item[i];

                if (style_of(f)->thermostat_sweep)
                    style_of(f)->thermostat_sweep(ctx, f, c, k);
            }
        }
    }
    for (int i = first; heat && i < last; i++) {
        struct fix *f = ctx->fixes.item[i];

        if (style_of(f)->thermostat_end)
            style_of(f)->thermostat_end(ctx, f);
    }
}

static bool all_sweep(const struct adele *ctx)
{
    for (int i = 0; i < ctx->fixes.n; i++) {
        const struct fix *f = ctx->fixes.item[i];
        const struct fix_style *s = style_of(f);

        if ((s->final_integrate && !s->final_sweep) ||
            (s->thermostat && (!s->thermostat_sweep || !f->early)))
            return false;
    }
    return true;
}

int fix_second_half(struct adele *ctx)
{
    const int n = ctx->fixes.n;
    const bool together = all_sweep(ctx);

    for (int heat = 0; heat < 2; heat++) {
        for (int i = 0; i < n; i++) {
            struct fix *f = ctx->fixes.item[i];
            const struct fix_style *s = style_of(f);
            int (*hook)(struct adele *, struct fix *) =
                heat ? s->thermostat : s->final_integrate;

            if (!hook)
                continue;
            if (hook(ctx, f))
                return ctx->error.status;
            if (!together)
                sweep(ctx, i, i + 1, !heat, heat);
        }
    }
    if (together)
        sweep(ctx, 0, n, true, true);
    return 0;
}

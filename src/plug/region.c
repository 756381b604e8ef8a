/* Regions of space by name; see plug/region.h. */

#include "plug/region.h"

#include <math.h>
#include <string.h>

const char *const region_sides[] = {"in", "out", NULL};

struct region *region_find(const struct adele *ctx, const char *id)
{
    for (int i = 0; i < ctx->regions.n; i++)
        if (strcmp(ctx->regions.item[i]->head.id, id) == 0)
            return ctx->regions.item[i];
    return NULL;
}

bool region_contains(const struct adele *ctx, const struct region *r,
                     const double x[3])
{
    const struct region_style *style = (const void *)r->head.style;
    return style->inside(ctx, r, x) == (r->side == REGION_IN);
}

const struct region *region_user(const struct adele *ctx, const char *id)
{
    for (int i = 0; i < ctx->regions.n; i++) {
        const struct region *r = ctx->regions.item[i];
        for (int k = 0; k < r->members.n; k++)
            if (strcmp(r->members.word[k].text, id) == 0)
                return r;
    }
    return NULL;
}

int region_unknown(struct adele *ctx, const struct word *w)
{
    enum { LISTED = 64 };
    const char *names[LISTED];
    size_t n = 0;
    for (int i = 0; i < ctx->regions.n && n < LISTED; i++)
        names[n++] = ctx->regions.item[i]->head.id;
    return err_unknown(ctx, &w->where, "region", w->text, names, n);
}

int region_members(struct adele *ctx, const struct region *r, int64_t count)
{
    const struct arg_list *list = &r->members;
    if (list->n != count)
        return err_deck(ctx, &list->word[list->n - 1].where,
                        "region %s: expected %lld regions, found %d",
                        r->head.style->name, (long long)count, list->n);
    for (int i = 0; i < list->n; i++)
        if (!region_find(ctx, list->word[i].text))
            return region_unknown(ctx, &list->word[i]);
    return 0;
}

static int bound(struct adele *ctx, const struct arg_list *list, double none,
                 double *out)
{
    const struct word *w = &list->word[0];
    *out = none;
    if (strcmp(w->text, "INF") == 0 || strcmp(w->text, "EDGE") == 0)
        return 0;
    return arg_number(ctx, w, "INF, EDGE or a bound", out);
}

int region_range(struct adele *ctx, const struct arg_list *lo,
                 const struct arg_list *hi, struct region_range *out)
{
    int status = bound(ctx, lo, -HUGE_VAL, &out->lo);
    if (!status)
        status = bound(ctx, hi, HUGE_VAL, &out->hi);
    if (status)
        return status;
    if (out->lo <= out->hi)
        return 0;
    return err_deck(ctx, &hi->word[0].where,
                    "the upper bound %s lies below the lower bound %s",
                    hi->word[0].text, lo->word[0].text);
}

bool region_between(const struct region_range *range, double x)
{
    return x >= range->lo - REGION_BORDER && x <= range->hi + REGION_BORDER;
}

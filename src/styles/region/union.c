/* region union: the points of at least one of several regions.

       region ends union 2 left right */

#include "plug/region.h"

struct union_region {
    struct region region;
    int64_t count;
};

static const struct arg args[] = {
    {ARG_INT, "N", AT(struct union_region, count), .min = 2, .max = INT32_MAX,
     .bounded = true, .doc = "how many regions follow"},
    {ARG_LIST, "ID", AT(struct region, members), .doc = "names of regions"},
    REGION_SIDE,
    {0}};

static int init(struct adele *ctx, void *self)
{
    const struct union_region *r = self;
    return region_members(ctx, &r->region, r->count);
}

static bool inside(const struct adele *ctx, const struct region *r,
                   const double x[3])
{
    for (int i = 0; i < r->members.n; i++) {
        const char *id = r->members.word[i].text;
        if (region_contains(ctx, region_find(ctx, id), x))
            return true;
    }
    return false;
}

const struct region_style region_union = {
    .style = {STYLE_HEAD(region, "union", struct union_region),
              .summary = "points of at least one of several regions",
              .args = args, .init = init},
    .inside = inside};

/* region intersect: the points that lie in all of several regions.

       region corner intersect 2 left lower */

#include "plug/region.h"

struct intersect_region {
    struct region region;
    int64_t count;
};

static const struct arg args[] = {
    {ARG_INT, "N", AT(struct intersect_region, count), .min = 2,
     .max = INT32_MAX, .bounded = true, .doc = "how many regions follow"},
    {ARG_LIST, "ID", AT(struct region, members), .doc = "names of regions"},
    REGION_SIDE,
    {0}};

static int init(struct adele *ctx, void *self)
{
    const struct intersect_region *r = self;
    return region_members(ctx, &r->region, r->count);
}

static bool inside(const struct adele *ctx, const struct region *r,
                   const double x[3])
{
    for (int i = 0; i < r->members.n; i++) {
        const char *id = r->members.word[i].text;
        if (!region_contains(ctx, region_find(ctx, id), x))
            return false;
    }
    return true;
}

const struct region_style region_intersect = {
    .style = {STYLE_HEAD(region, "intersect", struct intersect_region),
              .summary = "points that lie in all of several regions",
              .args = args, .init = init},
    .inside = inside};

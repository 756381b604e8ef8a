/* region cylinder: the points within a radius of a line along an axis,
   between two ends; c1 c2 are the line's other two coordinates, y z for x,
   x z for y, x y for z.

       region wire cylinder x 15 0 3 INF INF */

#include <math.h>

#include "plug/region.h"

struct cylinder {
    struct region region;
    int axis;
    double centre[2], radius;
    struct arg_list lo, hi;
    struct region_range range;
};

static const char *const axes[] = {"x", "y", "z", NULL};

static const struct arg args[] = {
    {ARG_CHOICE, "axis", AT(struct cylinder, axis), .choice = axes,
     .doc = "direction of the cylinder"},
    {ARG_NUMBER, "c1", AT(struct cylinder, centre[0]),
     .unit = "lattice constants", .doc = "first other coordinate"},
    {ARG_NUMBER, "c2", AT(struct cylinder, centre[1]),
     .unit = "lattice constants", .doc = "second other coordinate"},
    {ARG_NUMBER, "radius", AT(struct cylinder, radius), .nonnegative = true,
     .unit = "lattice constants", .doc = "radius"},
    {ARG_LIST, "lo", AT(struct cylinder, lo), .bounded = true, .min = 1,
     .max = 1, .unit = "lattice constants", .doc = "number, INF or EDGE"},
    {ARG_LIST, "hi", AT(struct cylinder, hi), .bounded = true, .min = 1,
     .max = 1, .unit = "lattice constants", .doc = "number, INF or EDGE"},
    REGION_SIDE,
    {0}};

static int init(struct adele *ctx, void *self)
{
    struct cylinder *c = self;
    return region_range(ctx, &c->lo, &c->hi, &c->range);
}

static bool inside(const struct adele *ctx, const struct region *r,
                   const double x[3])
{
    const struct cylinder *c = (const struct cylinder *)r;
    double a = x[c->axis == 0 ? 1 : 0] - c->centre[0];
    double b = x[c->axis == 2 ? 1 : 2] - c->centre[1];
    (void)ctx;
    return hypot(a, b) <= c->radius + REGION_BORDER &&
           region_between(&c->range, x[c->axis]);
}

const struct region_style region_cylinder = {
    .style = {STYLE_HEAD(region, "cylinder", struct cylinder),
              .summary = "cylinder along an axis", .args = args, .init = init},
    .inside = inside};

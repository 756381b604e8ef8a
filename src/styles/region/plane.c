/* region plane: the half space (r - p) . n >= 0 on the side that the normal n
   points to, the plane included.

       region upper plane 0 20 0 0 1 0 */

#include <math.h>

#include "plug/region.h"

struct plane {
    struct region region;
    double point[3], normal[3];
};

#define COORDINATE(NAME, MEMBER, DOC)                                          \
    {                                                                          \
        ARG_NUMBER, NAME, AT(struct plane, MEMBER),                            \
            .unit = "lattice constants", .doc = DOC                            \
    }

static const struct arg args[] = {
    COORDINATE("px", point[0], "a point of the plane"),
    COORDINATE("py", point[1], "a point of the plane"),
    COORDINATE("pz", point[2], "a point of the plane"),
    COORDINATE("nx", normal[0], "normal, of any length"),
    COORDINATE("ny", normal[1], "normal, of any length"),
    COORDINATE("nz", normal[2], "normal, of any length"),
    REGION_SIDE,
    {0}};

static int init(struct adele *ctx, void *self)
{
    struct plane *p = self;
    double length = hypot(hypot(p->normal[0], p->normal[1]), p->normal[2]);
    if (length == 0)
        return err_deck(ctx, &p->region.head.where,
                        "region plane: the normal must not be zero");
    for (int i = 0; i < 3; i++)
        p->normal[i] /= length;
    return 0;
}

static bool inside(const struct adele *ctx, const struct region *r,
                   const double x[3])
{
    const struct plane *p = (const struct plane *)r;
    double height = 0;
    (void)ctx;
    for (int i = 0; i < 3; i++)
        height += (x[i] - p->point[i]) * p->normal[i];
    return height >= -REGION_BORDER;
}

const struct region_style region_plane = {
    .style = {STYLE_HEAD(region, "plane", struct plane),
              .summary = "half space on one side of a plane", .args = args,
              .init = init},
    .inside = inside};

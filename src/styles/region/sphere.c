/* region sphere: the points within a radius, |r - c| <= R; in two dimensions
   a disc.

       region spot sphere 20 20 0 5 */

#include <math.h>

#include "plug/region.h"

struct sphere {
    struct region region;
    double centre[3], radius;
};

static const struct arg args[] = {
    {ARG_NUMBER, "x", AT(struct sphere, centre[0]), .unit = "lattice constants",
     .doc = "centre"},
    {ARG_NUMBER, "y", AT(struct sphere, centre[1]), .unit = "lattice constants",
     .doc = "centre"},
    {ARG_NUMBER, "z", AT(struct sphere, centre[2]), .unit = "lattice constants",
     .doc = "centre"},
    {ARG_NUMBER, "radius", AT(struct sphere, radius), .nonnegative = true,
     .unit = "lattice constants", .doc = "radius"},
    REGION_SIDE,
    {0}};

static bool inside(const struct adele *ctx, const struct region *r,
                   const double x[3])
{
    const struct sphere *s = (const struct sphere *)r;
    double square = 0;
    (void)ctx;
    for (int i = 0; i < 3; i++)
        square += (x[i] - s->centre[i]) * (x[i] - s->centre[i]);
    return sqrt(square) <= s->radius + REGION_BORDER;
}

const struct region_style region_sphere = {
    .style = {STYLE_HEAD(region, "sphere", struct sphere),
              .summary = "ball or disc", .args = args},
    .inside = inside};

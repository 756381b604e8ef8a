/* Regions of space, for `group ID region R`. */

#ifndef ADELE_REGION_H
#define ADELE_REGION_H

#include "plug/args.h"
#include "plug/style.h"

struct region {
    struct instance head;
    int side;                /* REGION_IN, REGION_OUT */
    struct arg_list members; /* regions that this one is made of */
};

enum { REGION_IN, REGION_OUT };

struct region_style {
    struct style style;
    /* Whether the Cartesian point is inside (before `side`). */
    bool (*inside)(const struct adele *ctx, const struct region *r,
                   const double x[3]);
};

/* Borders belong to a region, within this much: positions such as 3 sqrt(3)/2
   are typed and computed with rounding. */
#define REGION_BORDER 1e-9

/* The keyword that every region style takes. */
#define REGION_SIDE                                                            \
    {                                                                          \
        ARG_CHOICE, "side", AT(struct region, side),                           \
            .key = true, .def = "in", .choice = region_sides,                  \
            .doc = "inside or outside of the shape"                            \
    }
extern const char *const region_sides[];

/* A bound lo <= x <= hi; each a number, INF or EDGE, which for sites mean the
   same: no bound. */
struct region_range {
    double lo, hi;
};
int region_range(struct adele *ctx, const struct arg_list *lo,
                 const struct arg_list *hi, struct region_range *out);
bool region_between(const struct region_range *range, double x);

/* Checks that the members exist and are as many as `count`. */
int region_members(struct adele *ctx, const struct region *r, int64_t count);

struct region *region_find(const struct adele *ctx, const char *id);
bool region_contains(const struct adele *ctx, const struct region *r,
                     const double x[3]);
/* A region that has the named one as a member, or NULL. */
const struct region *region_user(const struct adele *ctx, const char *id);
/* Records "unknown region .." at the word. */
int region_unknown(struct adele *ctx, const struct word *w);

#endif

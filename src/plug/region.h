/* Regions of space, for `group ID region R`. */

#ifndef ADELE_REGION_H
#define ADELE_REGION_H

#include "plug/style.h"

struct region {
    struct instance head;
    bool outside; /* `side out` */
};

struct region_style {
    struct style style;
    /* Whether the Cartesian point is inside (before `side`). */
    bool (*inside)(const struct adele *ctx, const struct region *r,
                   const double x[3]);
};

struct region *region_find(const struct adele *ctx, const char *id);
bool region_contains(const struct adele *ctx, const struct region *r,
                     const double x[3]);

#endif

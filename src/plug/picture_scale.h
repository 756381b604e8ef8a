/* Colours of a picture: a value by its place between two limits, a vector by
   its direction as hue and its length as brightness. */

#ifndef ADELE_PICTURE_SCALE_H
#define ADELE_PICTURE_SCALE_H

#include "base/colormap.h"
#include "plug/picture.h"

enum { TICK_MAX = 8 };

struct scale {
    double lo, hi; /* of the values, or of the lengths of vectors */
    struct colormap map;
};

/* Ticks of the colour bar: the limits, and round numbers not too near them. */
struct tick {
    double at; /* 0 .. 1 */
    char label[24];
};

/* For n values, or n vectors (value, second); second NULL: values.  0 or a
   recorded error. */
int scale_make(struct adele *ctx, const struct picture *p, const double *value,
               const double *second, int64_t n, struct scale *s);
/* Gray where a value is not finite. */
struct rgb scale_colour(const struct scale *s, double value);
struct rgb scale_colour_vector(const struct scale *s, double x, double y);
/* How many; `room`: of a label, as a part of the bar. */
int scale_ticks(const struct scale *s, double room, struct tick *t);

#endif

/* Colour maps for data.

   viridis, magma, cividis: perceptually uniform, from ten points each of the
   public-domain (CC0) maps, joined by smooth curves in OKLab [Ottosson2020].
   gray; diverging (blue - white - red) and cyclic (all hues at one lightness):
   our own, by formula in OKLCh.  A name with _r runs backwards. */

#ifndef ADELE_COLORMAP_H
#define ADELE_COLORMAP_H

#include "base/canvas.h"

enum { COLORMAP_SIZE = 1024 };

struct colormap {
    struct rgb colour[COLORMAP_SIZE];
};

/* NULL-terminated names, without _r. */
const char *const *colormap_names(int *n);
/* 0 or -1: unknown name. */
int colormap_init(struct colormap *m, const char *name);
/* t in [0, 1]; clamped. */
struct rgb colormap_at(const struct colormap *m, double t);

#endif

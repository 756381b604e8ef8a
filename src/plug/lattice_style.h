/* Lattice styles: nothing but geometry. */

#ifndef ADELE_LATTICE_STYLE_H
#define ADELE_LATTICE_STYLE_H

#include "plug/style.h"

struct lattice_style {
    struct style style;
    struct lattice_shape shape;
};

#endif

/* Lattice styles: nothing but geometry. */

#ifndef ADELE_LATTICE_STYLE_H
#define ADELE_LATTICE_STYLE_H

#include "plug/args.h"
#include "plug/style.h"

struct lattice_style {
    struct style style;
    struct lattice_shape shape;
};

/* What the arguments of every lattice style fill. */
struct lattice_size {
    struct instance head;
    int64_t n[3]; /* cells along each axis; 0 beyond the dimension */
};

#define LATTICE_LENGTH(AXIS, NAME, DOC)                                        \
    {                                                                          \
        ARG_INT, NAME, AT(struct lattice_size, n[AXIS]),                       \
            .min = 1, .max = INT32_MAX, .bounded = true, .unit = "cells",      \
            .doc = DOC                                                         \
    }

#endif

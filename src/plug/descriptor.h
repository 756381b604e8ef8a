/* Descriptors (styles/descriptor): from a configuration to features of every
   site.

   The configuration is the displacement (components of the model) with the
   border that the descriptor asks for.  Features are real numbers [site][nfeature],
   computed and differentiated in double precision:

       rows      x = features of sites begin .. end-1
       tangent   their change along a direction dq
       backward  gradient += (dx/dq)^T dx over all sites given            */

#ifndef ADELE_DESCRIPTOR_H
#define ADELE_DESCRIPTOR_H

#include "core/field.h"
#include "plug/style.h"

struct descriptor {
    struct instance head;
    int nfeature;
    int rank;     /* 0: features are invariant; 1: they turn as vectors */
    bool smooth;  /* features have continuous derivatives */
    int halo[3];  /* border of the displacement */
    double radius; /* of the neighbourhood seen, Cartesian */
};

struct descriptor_style {
    struct style style;
    /* Sets the members above; `vector`: the components turn as a vector. */
    int (*setup)(struct adele *ctx, struct descriptor *d,
                 const struct lattice_shape *shape, int ncomp, bool vector);
    void (*rows)(const struct descriptor *d, const struct field *q,
                 int64_t begin, int64_t end, double *x);
    void (*tangent)(const struct descriptor *d, const struct field *q,
                    const struct field *dq, int64_t begin, int64_t end,
                    double *dx);
    /* dx [nlocal][nfeature]; gradient [ncomp][nlocal], overwritten.  Threaded;
       bits independent of the number of threads. */
    int (*backward)(struct adele *ctx, const struct descriptor *d,
                    const struct field *q, const double *dx, double *gradient);
};

#endif

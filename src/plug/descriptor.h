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
    int base;      /* feature - 1 of what is already an approximation of the
                      density minus 1/2, which a density network then only
                      corrects: prediction += feature[base - 1]; 0: none */
};

struct descriptor_style {
    struct style style;
    /* Sets the members above; `vector`: the components turn as a vector. */
    int (*setup)(struct adele *ctx, struct descriptor *d,
                 const struct lattice_shape *shape, int ncomp, bool vector);
    /* Features of all local sites at once, x [nlocal][nfeature], threaded: for
       descriptors whose sites share work.  Where it is there, callers prefer
       it to rows (which may then be NULL).  0 or -1 (memory). */
    int (*whole)(const struct descriptor *d, const struct field *q, int nthread,
                 double *x);
    void (*rows)(const struct descriptor *d, const struct field *q,
                 int64_t begin, int64_t end, double *x);
    /* NULL: has none, energy targets are refused. */
    void (*tangent)(const struct descriptor *d, const struct field *q,
                    const struct field *dq, int64_t begin, int64_t end,
                    double *dx);
    /* dx [nlocal][nfeature]; gradient [ncomp][nlocal], overwritten.  Threaded;
       bits independent of the number of threads. */
    int (*backward)(struct adele *ctx, const struct descriptor *d,
                    const struct field *q, const double *dx, double *gradient);
};

#endif

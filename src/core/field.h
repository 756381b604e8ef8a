/* Fields over the lattice: padded blocks behind one halo exchange.

   Storage is [component][sublattice][z][y][x], x of unit stride, with a
   border of halo[axis] cells on both sides of every axis longer than one
   cell.  Beyond an open boundary the border holds zeros.

   Every write raises the field's tag from one clock shared by all fields of a
   simulation; derived quantities keep the tag they were computed from, and a
   stale border is refilled on the next field_halo. */

#ifndef ADELE_FIELD_H
#define ADELE_FIELD_H

#include "core/lattice.h"

struct field {
    const struct lattice *lat;
    int ncomp;
    int halo[3];
    ptrdiff_t stride[3];     /* x: 1, y, z */
    ptrdiff_t stride_basis;  /* to the next sublattice */
    ptrdiff_t stride_comp;   /* to the next component */
    ptrdiff_t origin;        /* of cell (0,0,0) in a (component, sublattice) */
    double *data;
    size_t size;             /* doubles in data */
    uint64_t *clock;
    uint64_t tag;            /* of the last write */
    uint64_t halo_tag;       /* the tag that the border belongs to */
};

/* All zeros, without a border.  NULL: memory. */
struct field *field_new(const struct lattice *lat, int ncomp, uint64_t *clock);
void field_free(struct field *f);

/* Makes the border at least `halo` wide along each axis (of length > 1),
   keeping the values.  0 or -1 (memory, and the field is as before). */
int field_widen(struct field *f, const int halo[3]);

/* Access: the address of cell (0,0,0) of (component, sublattice); element
   (x,y,z) is at [z*stride[2] + y*stride[1] + x].  field_write raises the tag
   and promises nothing about the border; field_halo first refills it when it
   is stale, and the border must have been made wide enough before. */
double *field_write(struct field *f, int comp, int basis);
const double *field_read(const struct field *f, int comp, int basis);
const double *field_halo(struct field *f, int comp, int basis);

/* The one exchange routine: fills the border of all components by wrapping
   (periodic) or zeros (open); axis by axis, so that corners are right; a
   border may be wider than the lattice. */
void field_exchange(struct field *f);
/* Its transpose: adds each cell of the border to the cell that it repeats;
   what lies beyond an open boundary is dropped. */
void field_fold(struct field *f);

/* Rows: the local cells as nrow = local[1]*local[2] rows of local[0] sites.
   field_row gives the offset of row r from the (component, sublattice)
   address.  The parallel loops of all kernels run over rows. */
int64_t field_nrow(const struct field *f);
ptrdiff_t field_row(const struct field *f, int64_t row);

/* One component to and from a dense site-ordered array of nlocal. */
void field_gather(const struct field *f, int comp, double *out);
void field_scatter(struct field *f, int comp, const double *in);
void field_fill(struct field *f, int comp, double value);
int field_copy(struct field *to, const struct field *from); /* same shape */

/* out = sum over the stencil of comp of f, for every local site: the
   neighbour sum of models and order parameters.  Threaded.  Needs the border
   of the stencil's reach. */
void field_neighbour_sum(struct field *f, int comp, const struct stencil *s,
                         struct field *out, int out_comp);

/* How many neighbours each local site has (fewer at open boundaries), site
   order. */
void field_neighbour_count(const struct lattice *lat, const struct stencil *s,
                           int *count);

/* Bytes held. */
size_t field_bytes(const struct field *f);

#endif

/* Inside of the network engine: the workspace.

   h_l, the input of layer l, is stored over the whole lattice when the layer
   has a stencil (padded by its reach), when a later layer adds it, or when
   derivatives are wanted; else it lives in the block of rows that a thread
   works on.  A segment is a layer with a stencil and the site-wise layers after
   it, which one block of rows passes in one go.  Without derivatives stored
   arrays share blocks of memory as soon as the segment that reads them last is
   done.

   What comes out of a ReLU, and the adjoints that pass it backward, are mostly
   zeros in trained networks: site-wise layers then take products that leave
   them out (ml/gemm.h), block by block as the numbers are.  Bits do not tell. */

#ifndef ADELE_NET_RUN_H
#define ADELE_NET_RUN_H

#include "ml/net_kernel.h"

/* An array over all images: sites in order, with `pad` more cells on either
   side of each axis. */
struct net_array {
    int channels, pad[3];
    int64_t y, z, image; /* sites from row to row, plane to plane, .. */
    int64_t origin;      /* site of cell 0 of image 0 */
    int64_t sites;       /* of all images, borders included */
    char *data;
};

struct net_packed {
    bool direct; /* read the array in place, run by run; else gathered rows */
    size_t *at;  /* [runs] bytes */
    char *data;  /* depthwise: [slot][channel] in the order of the gather */
    char *skip;  /* once more, for rows with many zeros; NULL: never */
};

struct net_stage { /* a layer in a run */
    const struct net_layer *layer;
    int nslot;
    int64_t nweight;
    char *weight;                           /* as struct net_tie says */
    const struct net_gather *gather, *back; /* NULL: site-wise */
    struct net_packed forward, backward;
    bool stored; /* h_l kept over the lattice */
    struct net_array h, hdot;
    char *z, *zdot; /* [rows][out], with keep; zdot by net_tangent */
    bool z_is_next; /* z may be read off h_(l+1) */
    int add_last;   /* the last layer that adds h_l; -1: none */
    char *acc[2];   /* [rows][in]: adjoints that reach h_l by additions */
    int64_t part;   /* numbers of its gradient in a chunk */
};

struct net_segment {
    int first, last;
};

struct net_scratch { /* of one thread: blocks of rows */
    char *gather, *block[5];
};

struct net_run {
    const struct net *net;
    const struct gemm *gemm;
    const struct net_kernels *kernel;
    enum precision precision; /* of numbers in memory */
    size_t number;
    bool keep;
    int nimage, nthread, n[3], nbasis,
        line; /* line: sites along the first axis */
    bool periodic[3];
    int64_t rows;
    int block;  /* rows that a thread takes at once */
    int nchunk; /* parts that gradients are summed in */
    int width;  /* most channels */
    struct net_stage *stage;
    int nsegment;
    struct net_segment *segment;
    struct net_gather *gather, *back; /* [nstencil] */
    char *out, *outdot;
    char *d[2][2]; /* adjoints of z that a stencil reads: [direction][turn] */
    int64_t nd;    /* numbers of each */
    char *part;    /* [nchunk][numbers of the largest segment] */
    int64_t npart;
    char *gradient; /* of the expanded weights of a layer */
    double *fold;
    struct net_scratch *scratch; /* [nthread] */
    bool tangent;                /* its arrays are there */
    size_t bytes;
    void **held; /* all blocks */
    int nheld;
};

/* A block of memory of the run, freed with it; and what tangents need beyond
   net_run_new.  NULL, -1: memory. */
void *net_run_alloc(struct net_run *r, int64_t n, size_t size);
int net_run_tangent(struct net_run *r);

/* net_gather.c */
int net_gather_init(struct net_gather *g, const struct net_stencil *s,
                    const struct net_run *r, bool reverse);
void net_gather_fini(struct net_gather *g);

/* net_array.c */
void net_array_shape(struct net_array *a, const struct net_run *r,
                     const struct net_stencil *s, int channels);
/* Address of a row. */
char *net_array_row(const struct net_array *a, const struct net_run *r,
                    int64_t row);
bool net_array_dense(const struct net_array *a);
/* Rows begin .. end-1 from a dense block, or added to it. */
void net_array_put(const struct net_array *a, const struct net_run *r,
                   int64_t begin, int64_t end, const char *from);
void net_array_add(const struct net_array *a, const struct net_run *r,
                   int64_t begin, int64_t end, char *to);
/* Fills the border: images of a periodic axis, zero beyond an open one. */
void net_array_border(const struct net_array *a, const struct net_run *r);
/* Sites of rows from `row` on that lie in one line, at most up to end. */
int64_t net_array_piece(const struct net_run *r, int64_t row, int64_t end);

/* net_apply.c: y [end - begin][nout] = weights of a stage on the array;
   backward: transposed, without bias. */
void net_apply(const struct net_run *r, const struct net_stage *stage,
               bool backward, bool bias, const struct net_array *a,
               int64_t begin, int64_t end, struct net_scratch *scratch,
               char *y);
/* The same site-wise on dense rows. */
void net_apply_rows(const struct net_run *r, const struct net_stage *stage,
                    bool backward, bool bias, int64_t m, const char *x,
                    char *y);
/* part (+)= x^T d, as laid out by the stage. */
void net_outer(const struct net_run *r, const struct net_stage *stage,
               const struct net_array *a, int64_t begin, int64_t end,
               const char *d, bool accumulate, struct net_scratch *scratch,
               char *part);
/* The weights' gradient from the sums of the chunks. */
void net_outer_sum(const struct net_run *r, const struct net_stage *stage,
                   const char *part, char *gradient);
int net_pack(struct net_run *r, struct net_stage *stage);
int net_pack_alloc(struct net_run *r, struct net_stage *stage);

/* Whether a loop over the whole lattice is worth several threads. */
int net_team(const struct net_run *r, int channels);

#endif

/* Array kernels of the network engine, compiled once for each precision, and
   the tables that they walk. */

#ifndef ADELE_NET_KERNEL_H
#define ADELE_NET_KERNEL_H

#include "ml/net.h"

/* A stencil on a padded array: taps as constant offsets in sites, in slot
   order.  When every slot is at most one site of a Bravais lattice, its slots
   are sorted by offset and those side by side in memory make a run, whose rows
   the product reads in place (`direct`). */
struct net_gather {
    int nslot;  /* columns of gathered rows, in channels */
    int *order; /* [nslot] slot of the network at that place */
    int ntap[LATTICE_BASIS_MAX];
    int64_t *offset[LATTICE_BASIS_MAX]; /* [ntap] */
    int *first[LATTICE_BASIS_MAX];      /* [nslot + 1] taps of a slot */
    bool direct;
    int nrun;
    struct net_run_slots *run;
};

struct net_run_slots {
    int slot, n; /* places slot .. slot + n - 1 */
    int64_t offset;
};

struct net_kernels {
    size_t number;
    /* rows [count][nslot*channels] = sums over taps; src: the first site, of
       sublattice b. */
    void (*gather)(const struct net_gather *g, int channels, int nbasis, int b,
                   int64_t count, const void *src, void *rows);
    /* z(i, c) = bias(c) + sum of rows(i, slot, c) w(slot, c), and the
       gradient of w. */
    void (*depthwise)(int64_t m, int nslot, int channels, const void *rows,
                      const void *w, const void *bias, void *z);
    void (*depthwise_outer)(int64_t m, int nslot, int channels,
                            const void *rows, const void *d, bool accumulate,
                            void *w);
    void (*add)(int64_t n, const void *x, void *y); /* y += x */
    void (*ones)(int64_t n, void *y);
    void (*rows)(int64_t m, int n, const void *row, void *y); /* NULL: zero */
    void (*columns)(int64_t m, int n, const void *d, bool accumulate,
                    void *sum);
    /* out [n] = sum of nchunk arrays `stride` numbers apart, in order */
    void (*sum)(int nchunk, int64_t n, int64_t stride, const void *part,
                void *out);
    void (*expand)(const struct net_tie *tie, int64_t nweight,
                   const void *param, void *w);
    /* grad [nparam] += the parameters' part of w; scratch [nparam]. */
    void (*fold)(const struct net_tie *tie, int64_t nweight, const void *w,
                 double *scratch, void *grad);
    /* Share of numbers that are not zero in every step-th row of x [m][n]. */
    double (*present)(int64_t m, int n, int step, const void *x);
    /* out [columns][rows] = in [rows][columns] */
    void (*transpose)(int rows, int columns, const void *in, void *out);
};

extern const struct net_kernels net_kernels_single, net_kernels_double;

#endif

/* Networks, lattices and inputs that the tests of the network engine share. */

#ifndef TEST_NET_SAMPLE_H
#define TEST_NET_SAMPLE_H

#include "ml/net.h"
#include "plug/lattice_style.h"

enum { NET_IMAGES = 2 };

enum {
    DESIGN_SITEWISE, /* a perceptron: silu, relu, sigmoid */
    DESIGN_ORBITS, /* slots that sum over shells, residual, site-wise between */
    DESIGN_SITES,  /* every neighbour its own slot, wide: products in place */
    DESIGN_DEPTHWISE, /* depthwise and site-wise layers in turn */
    DESIGN_TIED,      /* random ties, an input that is added at the end */
    DESIGN_ZEROS,     /* relu, most channels zero: left out */
    DESIGN_FIRST,     /* one channel in: gathered narrow */
    NET_DESIGNS
};

struct net_trial {
    const struct lattice_style *lattice;
    int n[3];
    unsigned open;  /* bits: axes without periods */
    unsigned polar; /* bits: axes whose directions symmetry keeps */
};

struct net_sample { /* a network with parameters and inputs of all images */
    struct lattice *lat;
    struct net net;
    int64_t rows;
    int in, out;
    double *param, *x;
};

struct net_source { /* data of net_sample_rows */
    const double *x;
    int in;
    enum precision precision;
};

double net_draw(uint16_t stream, uint64_t index); /* normal numbers */
double *net_noise(int64_t n, uint16_t stream);
double net_dot(int64_t n, const double *a, const double *b);

struct lattice *net_lattice(const struct net_trial *t);
/* The site and its neighbours up to `radius`: a slot a shell, or each its
   own; the index of the stencil. */
int net_shells(struct net *net, const struct lattice_shape *shape,
               double radius, bool shells);
void net_append(struct net *net, enum net_kind kind, int in, int out,
                int stencil, bool bias, enum activation f, int add);

void net_sample_make(struct net_sample *s, const struct net_trial *t,
                     int which);
void net_sample_free(struct net_sample *s);
/* All trials and designs. */
void net_for_all(void (*check)(const struct net_sample *s));

net_rows net_sample_rows;
struct net_run *net_sample_run(const struct net_sample *s, int nimage,
                               enum precision precision, bool keep,
                               int nthread);
const double *net_sample_forward(struct net_run *r, const double *x, int in);

#endif

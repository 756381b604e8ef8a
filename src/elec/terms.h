/* The electronic Hamiltonian as data: what a model fills and engines read.

   H = sum_bonds h_b (c+_i c_j + c+_j c_i) + sum_i e_i n_i + constant,
   one real orbital a site.  A pair of sites may carry several bonds (length-2
   periodic axes); their hoppings add.  Engines answer with n[site] = <c+_i c_i>
   and rho[bond] = <c+_i c_j>. */

#ifndef ADELE_TERMS_H
#define ADELE_TERMS_H

#include <stdint.h>

struct bond {
    int64_t i, j;   /* sites, i -> j; i = j only across a wrapped axis */
    int8_t cell[3]; /* cell offset from i to j, unwrapped */
    int8_t kind;    /* the model's: which hopping */
};

struct terms {
    int64_t nsite, nbond;
    struct bond *bond; /* [nbond], fixed for a lattice */
    double *hopping;   /* [nbond], h_b */
    double *onsite;    /* [nsite], e_i */
    double *row;       /* [2 nsite], scratch of terms_bounds */
    double constant;   /* added to Omega */
    uint64_t tag;      /* of the configuration they belong to; 0: none */
    uint64_t bond_tag; /* of the model whose bonds they hold; 0: none */
    int64_t capacity;  /* of bond */
};

/* Bonds of a stencil, each pair once, in site order; kind for all.  0 or -1
   (memory). */
struct lattice;
struct stencil;
int terms_add_stencil(struct terms *t, const struct lattice *lat,
                      const struct stencil *s, int kind);
int terms_init(struct terms *t, int64_t nsite); /* 0 or -1 (memory) */
int terms_finish(struct terms *t);              /* allocates hopping after the bonds */
void terms_fini(struct terms *t);

/* h [nsite][nsite], symmetric, both triangles. */
void terms_dense(const struct terms *t, double *h);

/* All eigenvalues lie in [*lo, *hi], which is narrower than Gershgorin's.  Uses
   t->row. */
void terms_bounds(const struct terms *t, double *lo, double *hi);

#endif

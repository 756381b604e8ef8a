/* Geometric nested dissection of a lattice graph [George1973].

   The sites are cut recursively by layers of cells, straight or diagonal,
   whichever promises less work (la/dissection_cut.h).  Each cut is a front: its
   own sites (the layers) and its border, the sites of earlier cuts that the
   part touches.  Fronts are numbered children first; eliminating them in this
   order fills in only the square of own and border sites. */

#ifndef ADELE_DISSECTION_H
#define ADELE_DISSECTION_H

#include <stdbool.h>
#include <stdint.h>

struct dissection_graph {
    int64_t n, nedge;
    const int64_t (*edge)[2]; /* unordered pairs, i != j, each once */
    const int (*cell)[3];     /* cell of each site */
    int size[3];              /* cells along each axis */
    bool periodic[3];
};

struct front_entry {
    int64_t edge; /* or -1 - site for a diagonal entry */
    int row,
        column; /* in own sites then border; column < nown, row >= column */
};

struct front {
    int nown, nborder;
    int64_t *site; /* [nown + nborder], border ascending in elimination order */
    int *to_parent; /* [nborder] index of each border site in the parent */
    int parent;     /* -1 for a root */
    int first_child, next_sibling; /* -1: none */
    struct front_entry *entry;     /* matrix entries that arrive here */
    int nentry;
    int depth;
    double work; /* multiply-adds of this front alone */
};

struct dissection {
    int nfront, root; /* roots are linked as siblings */
    struct front *front;
    double work; /* of all fronts */
};

/* 0, or -1 when memory is short. */
int dissection_new(const struct dissection_graph *g, struct dissection *out);
void dissection_free(struct dissection *d);

#endif

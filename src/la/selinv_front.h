/* The numbers of a selected inversion, front by front: see la/selinv.h.

   Way up: each front gathers its matrix from the border blocks of its two
   children and the entries of H, inverts its own block and leaves the border
   block for its parent.  Way down: it gathers G of its border from its parent's
   G and leaves its own.  Rows are gathered in runs, stretches of neighbouring
   sites that are neighbours in the child (parent) too, so each element is
   written once and nothing is cleared beforehand. */

#ifndef ADELE_SELINV_FRONT_H
#define ADELE_SELINV_FRONT_H

#include "la/dissection.h"
#include "la/lanes.h"

enum { SPLIT_DEPTH = 3 /* fronts at this depth are the subtrees of tasks */ };

/* Sites begin .. end - 1 of a front are number i + from[k] of the border of
   child k; NOT_THERE when it has none of them. */
struct run {
    int begin, end, from[2];
};
enum { NOT_THERE = INT32_MIN };

/* Border sites begin .. end - 1 of a front are number i + to of its parent. */
struct piece {
    int begin, end, to;
};

struct selinv {
    struct dissection tree;
    int64_t n, nedge;
    struct run *run;
    struct piece *piece;
    int64_t *first_run, *first_piece; /* [nfront + 1] */
    ptrdiff_t *kept; /* [nfront] where P, then X, of a front lie */
    ptrdiff_t nkept;
    ptrdiff_t *place; /* [nfront] of the matrix of a front above the split, or
                         of the border block of a subtree's root */
    ptrdiff_t nplace, nstack;
    /* Workspace of the batches in flight and the stacks of the threads, kept
       between calls: its pages cost more to get anew than the numbers in
       them. */
    size_t nroom;
    struct lanes *room;
    int nlogdet;
    double (*logdet)[2 * LANES];
};

/* Everything of one batch in flight. */
struct batch {
    const struct selinv *s;
    const double *onsite, *hopping;
    struct lanes shift;
    struct lanes *kept, *place;
    struct lanes *stack; /* [nthread][nstack], or one that is shared */
    bool shared;
    struct lanes *diagonal, *edge;
    bool want_logdet;
    double (*logdet)[2 * LANES]; /* [nfront], per front */
};

/* Runs, pieces and places of all fronts.  0 or -1. */
int selinv_lay_out(struct selinv *s);
void selinv_batch_solve(struct batch *b);

#endif

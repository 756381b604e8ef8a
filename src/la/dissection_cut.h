/* How a part of a graph is cut in two: see la/dissection.h. */

#ifndef ADELE_DISSECTION_CUT_H
#define ADELE_DISSECTION_CUT_H

#include <stdbool.h>
#include <stdint.h>

/* A part of the sites while it is being cut. */
struct part {
    int64_t *site; /* into the permuted list */
    int64_t n;
    int turn[3][3]; /* moves that lead around a periodic lattice to the same
                       site without leaving the part */
    int nturn;
};

/* The graph with scratch space. */
struct cutter {
    int size[3];
    int64_t *start, *near; /* adjacency */
    int (*at)[3];          /* cell, free of jumps within a part */
    signed char *side;     /* -1: not in the part under the knife */
    int64_t *seen;         /* stamps */
    int64_t stamp;
    int64_t *spare; /* [n] */
    int *height;    /* [n] of the part's sites above the direction */
    int64_t *count; /* [ncount] sites by height */
    int64_t ncount;
};

/* Multiply-adds of a front with so many own sites and border sites, and what
   moving its matrices costs besides. */
double front_work(double own, double border);
double front_cost(double own, double border);

/* Cuts the part so that the estimated cost is least: its sites are put in the
   order first half, second half, cut, with the numbers in n.  All in the cut
   when cutting does not pay. */
void cut_part(struct cutter *c, struct part *p, struct part half[2],
              int64_t n[3]);

#endif

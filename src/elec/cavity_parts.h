/* Pieces of the cavity method that its files share: see elec/cavity.h.

   The lattice is cut into boxes with a margin that is wide enough for all
   iterations, so that boxes are independent pieces of work.  In a box
   everything is an array over cells, and a neighbour is a constant offset; in
   the outermost cells of the margin values are meaningless, and each iteration
   the next shell becomes so.  Densities are those of the core, the box without
   its margin, in rows padded to whole vectors. */

#ifndef ADELE_CAVITY_PARTS_H
#define ADELE_CAVITY_PARTS_H

#include "elec/cavity.h"

/* Bytes; wider vectors than the processor has would pass through memory. */
#if defined __AVX512F__
enum { CAVITY_VECTOR = 64 };
#elif defined __AVX__
enum { CAVITY_VECTOR = 32 };
#else
enum { CAVITY_VECTOR = 16 };
#endif

struct cavity_cut {
    int side[3], count[3];
    int64_t nbox;
    int width[3];        /* of a box with its margin */
    ptrdiff_t stride[3]; /* x: 1 */
    ptrdiff_t cells;     /* in a box */
    ptrdiff_t slack;     /* cells before and after that offsets may reach */
    ptrdiff_t row;       /* cells in a row of the core with its padding */
    ptrdiff_t core;      /* cells in a core */
};

/* What is done at each pole. */
struct cavity_plan {
    int n;
    double omega[POLES_MAX], weight[POLES_MAX]; /* s_k T, a_k T */
    int level[POLES_MAX], iterations[POLES_MAX];
};

/* Arrays over the cells of a box, of one thread; [2]: real, imaginary. */
struct cavity_scratch {
    void *block;
    void *energy[LATTICE_BASIS_MAX];
    void *bare[2][LATTICE_BASIS_MAX]; /* 1/(z - e) */
    /* G_i\tap of odd and even iterations */
    void *message[2][2][LATTICE_BASIS_MAX][CAVITY_TAPS];
};

struct cavity_task {
    const struct cavity *c;
    const struct cavity_cut *cut;
    const struct cavity_plan *plan;
    struct cavity_scratch *s;
    int first[3];   /* cell of the core's origin */
    int begin, end; /* poles */
    void *out;      /* [columns][nbasis][core], overwritten */
};

/* One precision. */
struct cavity_kernel {
    size_t number; /* bytes */
    void (*load)(const struct cavity_task *t, const struct field *q,
                 double scale, double shift);
    void (*poles)(const struct cavity_task *t);
    /* Sums of the n pieces and the linear term into rows of `out`. */
    void (*collect)(const struct cavity_task *t, const struct field *q,
                    const struct cavity_electrons *e, void *const *piece, int n,
                    int columns, double *out, int row);
};

extern const struct cavity_kernel cavity_kernel_single, cavity_kernel_double;

static inline ptrdiff_t cavity_offset(const struct cavity_cut *cut,
                                      const int cell[3])
{
    return cell[0] * cut->stride[0] + cell[1] * cut->stride[1] +
           cell[2] * cut->stride[2];
}

/* Sites, couplings and order of the clusters.  As cavity_init. */
int cavity_clusters(struct cavity *c, const struct lattice *lat, double radius);
void cavity_cluster_free(struct cavity_cluster *k);

void cavity_plan(const struct cavity *c, const struct cavity_electrons *e,
                 struct cavity_plan *plan);

#endif

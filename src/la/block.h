/* Retarded Green's functions by a recursion over layers.

       G(z) = (z + i Gamma - H)^-1,  H real symmetric, Gamma >= 0 diagonal,
       Im z >= 0.

   The sites are ordered in layers by their distance, in steps along edges, from
   a set of roots (the sites of a lead).  An edge joins only a layer with itself
   or with its neighbour, so with M = z + i Gamma - H in blocks D_k, C_k =
   M_k,k+1, and n layers

       g_n = D_n^-1,  g_k = (D_k - C_k g_k+1 C_k')^-1,         inwards,
       G_00 = g_0,    G_k+1,0 = -g_k+1 C_k' G_k,0,             outwards,

   which are the columns of G that belong to the roots, and when all is asked
   for, with X = g_k+1 C_k',

       G_k+1,k = -X G_kk,  G_k+1,k+1 = g_k+1 - G_k+1,k X',

   the diagonal and the entry of every edge [Thouless1981, Lewenkopf2013].

   Four z are worked on at a time (la/lanes.h), without pivoting.  Where the
   imaginary part is small the outer layers alone may be nearly singular, so the
   results are put to a test, M G = 1 on a sum of columns or on the diagonal,
   and those that fail are made again by a banded factorisation with pivots. */

#ifndef ADELE_BLOCK_H
#define ADELE_BLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "la/lanes.h"

/* An edge within a layer (row >= column), or from a row of a layer to a column
   of the next. */
struct block_entry {
    int row, column;
    int64_t edge;
};

struct block_chain {
    int64_t n, nedge;
    int nlayer, widest;
    int64_t *site;                      /* [n] layer by layer */
    int64_t *first;                     /* [nlayer + 1] in site */
    struct block_entry *entry;          /* [nedge] */
    int64_t *first_within, *first_next; /* [nlayer] in entry; layer k ends
                                           where those of k + 1 begin */
    int64_t nkept;                      /* elements of all g_k */
};

/* Layers around the roots; sites that no path reaches make layers of their own.
   An edge may join a site with itself, and two sites may have several.  NULL
   when memory is short. */
struct block_chain *block_chain_new(int64_t n, int64_t nedge,
                                    const int64_t (*edge)[2], int64_t nroot,
                                    const int64_t *root);
void block_chain_free(struct block_chain *c);

/* Multiply-adds of the columns at one z. */
double block_work(const struct block_chain *c);

struct block_matrix {
    const double *onsite, *broadening; /* [n] */
    const double *hopping;             /* [nedge] */
    double backward; /* error |M G - 1|/(|M| |G|) that is let pass; 0: 1e-13 */
};

/* What is wanted: columns, or diagonal and edges together, or both. */
struct block_result {
    struct lanes *column;   /* [n][nroot]: row k belongs to chain.site[k] */
    struct lanes *diagonal; /* [n] by site */
    struct lanes *edge;     /* [nedge]: G_ij of edge (i, j), i first */
};

/* Room for one solution; elements. */
size_t block_room(const struct block_chain *c);

/* Four z at once.  *again grows by those made with pivots (may be NULL).  0;
   -1 when memory is short; -2 when a matrix is singular. */
int block_solve(const struct block_chain *c, const struct block_matrix *m,
                const double re[LANES], const double im[LANES],
                struct lanes *room, const struct block_result *r, int *again);

/* The same with pivots, several times slower, for all z; of the energies whose
   bits stand in `lanes`. */
int block_solve_banded(const struct block_chain *c,
                       const struct block_matrix *m, const double re[LANES],
                       const double im[LANES], unsigned lanes,
                       const struct block_result *r);

/* Where the entries of layer k end. */
static inline int64_t block_entries_end(const struct block_chain *c, int k)
{
    return k + 1 < c->nlayer ? c->first_within[k + 1] : c->nedge;
}

#endif

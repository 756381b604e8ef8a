/* Linear forms of a field at LANES sites at a time, one in each lane. */

#ifndef ADELE_IRREPS_LANES_H
#define ADELE_IRREPS_LANES_H

#include "ml/irreps.h"

enum { LANES = 16 };

typedef double lanes[LANES] __attribute__((aligned(64)));

/* Up to LANES sites of one sublattice, of consecutive cells. */
struct block {
    int basis, n; /* sublattice, sites */
    int64_t site; /* the first */
    bool row;     /* all in one row of cells */
    int x[LANES], y[LANES], z[LANES];
};

struct block block_at(const struct lattice *lat, int basis, int64_t cell,
                      int64_t end);

/* out [nrow] = the forms of q at the sites of the block, zero in lanes without
   a site; room [IRREPS_ORBIT_MAX]. */
void lanes_evaluate(const struct irreps_forms *f, const struct block *b,
                    const struct field *q, lanes *room, lanes *out);

/* The transpose: out += forms^T in. */
void lanes_evaluate_back(const struct irreps_forms *f, const struct block *b,
                         const lanes *in, lanes *room, struct field *out);

#endif

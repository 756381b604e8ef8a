/* Computes: measurements, evaluated when somebody asks and kept while the
   configuration (adele_stamp) stays. */

#ifndef ADELE_COMPUTE_H
#define ADELE_COMPUTE_H

#include "plug/args.h"
#include "plug/style.h"

struct compute {
    struct instance head;
    struct outputs out;
    bool fresh; /* evaluated at every use: reads what changes without a new
                   stamp (variables, fixes) */
};

struct compute_style {
    struct style style;
    /* NEED_ bits that the forces must give first; default none.  The caller
       has made them available when an output function runs. */
    unsigned (*need)(struct adele *ctx, struct compute *c);
    int (*scalar)(struct adele *ctx, struct compute *c); /* sets out.scalar */
    int (*vector)(struct adele *ctx, struct compute *c);
    int (*array)(struct adele *ctx, struct compute *c);
    int (*site)(struct adele *ctx, struct compute *c);
};

struct compute *compute_find(const struct adele *ctx, const char *id);

/* The OUT_ bits that this instance gives. */
unsigned compute_shapes(const struct compute *c);

/* Brings one shape up to date: forces first, then the style's function,
   unless the stamp says that it still holds. */
int compute_evaluate(struct adele *ctx, struct compute *c, enum shape shape);

/* A Cartesian wave vector from an argument `q KX [KY [KZ]]`: as many numbers as
   the lattice has dimensions, the others zero. */
int compute_wave(struct adele *ctx, const struct arg_list *list, double q[3]);

/* x [nlocal] = 0 outside the group of the compute. */
void compute_mask(const struct adele *ctx, const struct compute *c, double *x);

/* A per-site input; the word `density` stands for the column n. */
struct column;
int compute_column(struct adele *ctx, const struct word *w, struct column *out);

/* Whether an input changes without a new stamp (variables, fixes, computes
   of such): then the compute that reads it sets `fresh`. */
bool compute_input_fresh(const struct adele *ctx, const struct column *input);

#endif

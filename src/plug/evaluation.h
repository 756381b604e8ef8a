/* A potential on samples: what training and `validate` compare.

   For each sample the prediction and the exact values, where the data give
   them or the model derives one from the other: densities, total forces, the
   number of electrons, and for energy potentials the energy.

       struct evaluation *e = evaluation_new(ctx, samples, where);
       p = potential_load(evaluation_setting(e), path, where);
       evaluation_use(ctx, e, p, PRECISION_SINGLE, where);
       evaluation_sample(ctx, e, &samples->item[k], solve, where);           */

#ifndef ADELE_EVALUATION_H
#define ADELE_EVALUATION_H

#include "plug/potential_force.h"
#include "plug/samples.h"

struct evaluation;

/* Arrays of the last sample; NULL: not known. */
struct evaluated {
    int64_t n; /* sites */
    int ncomp;
    const double *force, *force_exact;     /* [ncomp][n], total */
    const double *density, *density_exact; /* [n] */
    double mu;                             /* used */
    double number, number_exact;           /* nan: not known */
    double energy, energy_exact;           /* pe; nan */
    int64_t outside; /* sites outside the training range */
};

struct evaluation *evaluation_new(struct adele *ctx,
                                  const struct samples *samples,
                                  const struct where *where);
void evaluation_free(struct evaluation *e);
/* The model on the first lattice: where the potential is made or read. */
struct adele *evaluation_setting(struct evaluation *e);
/* The potential (borrowed) and the precision of its network. */
int evaluation_use(struct adele *ctx, struct evaluation *e, struct potential *p,
                   enum precision precision, const struct where *where);
/* Before the potential is freed, which must be before evaluation_free. */
void evaluation_forget(struct evaluation *e);
/* Its parameters have changed. */
int evaluation_update(struct adele *ctx, struct evaluation *e,
                      const struct where *where);
/* `solve`: at the mu that gives the exact number of electrons, as pair_style
   ml does, instead of the mu of the data. */
int evaluation_sample(struct adele *ctx, struct evaluation *e,
                      const struct sample *sample, bool solve,
                      const struct where *where);
const struct evaluated *evaluation_result(const struct evaluation *e);

#endif

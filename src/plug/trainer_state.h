/* Inside a training: shared by the files trainer*.c. */

#ifndef ADELE_TRAINER_STATE_H
#define ADELE_TRAINER_STATE_H

#include "plug/optimizer.h"
#include "plug/samples.h"
#include "plug/trainer.h"
#include "plug/trainer_config.h"

/* Everything for lattices of one size. */
struct train_place {
    struct lattice *lat;   /* of the samples */
    struct adele *setting; /* model and electrons on it */
    int nimage;            /* configurations of a pass */
    struct net_run *run;
    bool stale;            /* the run has older parameters */
    struct field *q, *onsite, *v; /* an augmented sample; input of features */
    struct field **kept;   /* [nimage] inputs of a batch: energy targets */
    struct field *along;   /* the direction of a tangent: energy targets */
    double *raw;           /* [nsite][nfeature] */
    double *extra;         /* [nsite][potential_extra] */
    double *gradient;      /* [ncomp][nsite]: energy targets */
    double *slope;         /* [nimage]: of the loss by energies */
    void *x;               /* [nimage][nsite][nin] features not kept */
    void *d;               /* [nimage*nsite][max(nin, nout)] derivatives */
    double *target;        /* [nimage][ncol][nsite] augmented */
    int64_t *image;        /* [nop][nsite]: permutations of its symmetries */
    double (*turn)[3][3];  /* [nop] what they do to vectors */
    int nop;
};

struct train_item {
    const struct sample *s;
    int place;
    const double *target; /* [ncol][nsite], see target_columns */
    double energy;        /* that the network shall give; nan: not known */
    void *x;              /* [nsite][nin] scaled features, or NULL: not kept */
};

struct train_items {
    struct train_item *item;
    int64_t n;
    double **block; /* targets made here */
    int nblock, capacity;
};

/* Errors of forces over some samples. */
struct train_error {
    double squares, magnitudes, largest; /* sums, maximum */
    double target_squares, target_sum;   /* of the targets, for R^2 */
    int64_t count;
};

struct train_row { /* of the learning curve */
    int64_t epoch, step;
    double train_rmse, train_mae, valid_rmse, valid_mae, rate, seconds;
};

/* A batch: items order[first] .. of one place. */
struct train_batch {
    int place, n;
    int64_t first;
};

struct trainer {
    struct train_config c;
    struct samples *samples, *held;
    struct train_items train, valid;
    struct train_place *place;
    int nplace;
    struct potential *p;
    struct optimizer *o;
    int nthread, threads_before;
    int ncol;          /* columns of targets: nout, or components of forces */
    double force_unit; /* force error = this times the target's error */
    double residual;   /* scale of residuals in the loss, target's unit */
    double target_mean[MODEL_COMPONENT_MAX], weight_norm;
    bool has_base;

    int64_t nparam;
    double *gradient, *average, *best; /* [nparam] */
    uint8_t *decays;                   /* [nparam] */
    void *narrow;                      /* [nparam], precision of the run */
    void *narrow_gradient;

    /* The plan of the present epoch. */
    int64_t *order, norder;
    struct train_batch *batch;
    int64_t nbatch, steps; /* of an epoch, of all */

    /* Where the training is; what checkpoints hold. */
    int64_t epoch, at, step;    /* `at`: batches done of this epoch */
    double lowered;             /* plateau: the rate's present fraction */
    int64_t since_lowered;      /* epochs */
    int64_t best_epoch, best_step;
    double best_error;
    bool done, resumed;
    struct train_error running; /* of the batches of this epoch */
    double rate;
    double seconds; /* spent before this start */
    struct train_row *row;
    int64_t nrow;
    int row_capacity;
    double started, shown, written; /* wall times */
};

static inline size_t trainer_number(const struct trainer *t)
{
    return gemm_number((enum precision)t->c.precision);
}

/* trainer_data.c: places, samples with targets, scales, features. */
int trainer_data(struct adele *ctx, struct trainer *t);
void trainer_data_free(struct adele *ctx, struct trainer *t);
/* trainer_batch.c: the plan of epoch t->epoch, order and batches. */
int trainer_plan(struct adele *ctx, struct trainer *t);

/* trainer_input.c: what the network reads and shall give. */
/* Unscaled features [nsite][nfeature] of an item into place->raw; v, the
   displaced configuration, may be NULL: place->v. */
int trainer_raw(struct adele *ctx, struct trainer *t, struct train_item *item,
                const struct field *q, const struct field *onsite,
                struct field *v);
/* Scales and ranges from the training items; targets of descriptors with a
   base. */
int trainer_scales(struct adele *ctx, struct trainer *t);
/* trainer_linear.c: with `linear yes`, the linear part of the energy; the scale
   of what is left for the network. */
int trainer_linear(struct adele *ctx, struct trainer *t);
/* trainer_start.c: weights and scales of the potential that `start` names. */
int trainer_start(struct adele *ctx, struct trainer *t);
/* Keeps features where memory allows. */
int trainer_keep(struct adele *ctx, struct trainer *t);
/* Features and targets of image k of a batch: pointers to what is kept, or
   into the place's buffers.  `op` < 0: as it is. */
int trainer_input(struct adele *ctx, struct trainer *t, struct train_item *item,
                  int k, int op, const void **x, const double **target);

/* trainer_loss.c */
/* The mean loss of some items of one place times `share`, added to *loss, and
   their errors to *error (either may be NULL); with `gradient` the derivative
   of the former, [nparam], added to it.  `op` (NULL: none): the symmetry of
   each item. */
int trainer_loss(struct adele *ctx, struct trainer *t, int place, int n,
                 const int64_t *which, const struct train_items *set,
                 const int *op, double share, double *loss,
                 struct train_error *error, double *gradient);
/* New parameters: runs take them at their next pass. */
void trainer_touch(struct trainer *t, const double *param);
/* Errors of a set with present parameters. */
int trainer_measure(struct adele *ctx, struct trainer *t,
                    const struct train_items *set, struct train_error *error);
/* Energy targets: the constant of the energy a site that fits the training
   best, into the potential. */
int trainer_energy_shift(struct adele *ctx, struct trainer *t);
double trainer_rmse(const struct trainer *t, const struct train_error *e);
double trainer_mae(const struct trainer *t, const struct train_error *e);

/* trainer_checkpoint.c */
int trainer_checkpoint_write(struct adele *ctx, struct trainer *t);
/* 0 also when there is none; t->resumed tells. */
int trainer_checkpoint_read(struct adele *ctx, struct trainer *t);
void trainer_checkpoint_remove(struct trainer *t);

/* trainer_report.c */
void trainer_report_start(struct adele *ctx, struct trainer *t);
int trainer_report_row(struct adele *ctx, struct trainer *t,
                       const struct train_row *row);
void trainer_report_progress(struct adele *ctx, struct trainer *t);
int trainer_curve_write(struct adele *ctx, struct trainer *t);

#endif

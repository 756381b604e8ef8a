/* The plan of a training: the rate of each step and the order of samples, as
   functions of (seed, epoch, step). */

#ifndef ADELE_TRAINER_PLAN_H
#define ADELE_TRAINER_PLAN_H

#include "plug/trainer_config.h"

/* What the random numbers of a training are for: `component` of its keys.
   NET_RNG_START, 1, is that of initial weights. */
enum train_purpose {
    TRAIN_SPLIT = 2,
    TRAIN_ORDER = 3,
    TRAIN_DRAW = 4,
    TRAIN_AUGMENT = 5
};

/* The rate of step `step` of `steps` as a fraction of the highest.  `lowered`:
   what a plateau schedule has come to (1 at the beginning). */
double plan_rate(const struct train_schedule *s, int64_t step, int64_t steps,
                 double lowered);
/* The weight of the present parameters' history in the exponential average
   after `step` steps: grows to `average`, so that the start is forgotten. */
double plan_average(double average, int64_t step);

/* A permutation of 0 .. n-1. */
void plan_shuffle(uint32_t seed, enum train_purpose purpose, uint64_t tick,
                  int64_t *order, int64_t n);

#endif

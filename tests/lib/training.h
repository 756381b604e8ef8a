/* Small trainings for the tests: datasets made on the spot, configurations,
   what came out. */

#ifndef TEST_TRAINING_H
#define TEST_TRAINING_H

#include "core/context.h"
#include "plug/trainer_state.h"

/* FILE.h5 of 3 frames of a quench, 6x6 Holstein sites, from `seed`: solved
   exactly.  `model` and `electrons` as in a deck, `more`: words of the dump. */
void training_data(const char *file, const char *model, const char *electrons,
                   int seed, const char *more);
/* FILE: a configuration, %s for the folder. */
void training_config(const char *file, const char *text);
/* A simulation of one thread without a lattice. */
struct adele *training_simulation(void);
/* A trainer of that configuration (the simulation must outlive it); fails the
   test with the message. */
struct trainer *training_new(struct adele *sim, const char *file);
/* Trains to the end. */
void training_run(const char *file, int threads);
/* The message of a configuration that is refused, the folder cut out. */
void training_refused(const char *text, const char *expected);

char *training_path(const char *file); /* in a static buffer; four at a time */
char *training_read(const char *file, size_t *length); /* free */
void training_same(const char *a, const char *b); /* byte for byte */
/* Column `c` of row `r` (from the end: -1) of a CSV file; *rows may be NULL. */
double training_cell(const char *file, int r, int c, int *rows);

#endif

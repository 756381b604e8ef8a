/* Training potentials from datasets, as a YAML configuration asks:
   doc/command/train.md.

   Everything random is a function of (seed, purpose, epoch, index), sums go in a
   fixed order: a seed gives one potential on any number of threads, and a
   training that was interrupted and is started again with the same
   configuration goes on, bit for bit, from its checkpoint. */

#ifndef ADELE_TRAINER_H
#define ADELE_TRAINER_H

#include "core/context.h"

struct trainer;

/* Reads configuration and data and sets everything up; finds a checkpoint.
   NULL with an error.  `where`: of the word that names the file. */
struct trainer *trainer_new(struct adele *ctx, const char *path,
                            const struct where *where);
/* Trains to the end and writes potential and learning curve; stopped by a
   signal, it leaves a checkpoint and returns ADELE_EINTERRUPT. */
int trainer_run(struct adele *ctx, struct trainer *t);
void trainer_free(struct adele *ctx, struct trainer *t);

#endif

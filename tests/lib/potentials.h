/* Small potentials for the tests, made without training. */

#ifndef TEST_POTENTIALS_H
#define TEST_POTENTIALS_H

#include "plug/potential.h"

/* A potential for the model and electrons of sim: words as in a deck, random
   weights by seed, scales that are not 1. */
struct potential *potential_random(struct adele *sim, const char *descriptor,
                                   const char *network,
                                   enum potential_target target,
                                   enum potential_mu mu, uint64_t seed);
/* The same with the keys `polar` (axes, or "") and `position` (its words, or
   "") of a training. */
struct potential *potential_device(struct adele *sim, const char *descriptor,
                                   const char *network,
                                   enum potential_target target,
                                   enum potential_mu mu, const char *polar,
                                   const char *position, uint64_t seed);
/* Its origin becomes the model, lattice and electrons of sim. */
void potential_belongs(struct adele *sim, struct potential *p);
/* The same, saved. */
void potential_write(struct adele *sim, const char *path,
                     const char *descriptor, const char *network,
                     enum potential_target target, enum potential_mu mu,
                     uint64_t seed);
/* Words of a line. */
struct words words_of(const char *text);

#endif

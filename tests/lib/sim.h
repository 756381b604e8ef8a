/* Simulations for the tests: decks that must succeed, per-site arrays, and the
   lattices and models of the registry in small sizes. */

#ifndef TEST_SIM_H
#define TEST_SIM_H

#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"
#include "core/context.h"

/* A simulation that has run the deck text; an error fails the test. */
struct adele *sim_new(const char *format, ...)
    __attribute__((format(printf, 1, 2)));
void sim_free(struct adele *sim);
void sim_run(struct adele *sim, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* The same, but may fail: false, and the error is cleared. */
bool sim_try(struct adele *sim, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Number k of a stream, uniform in (-1, 1). */
double sim_random(uint32_t stream, int64_t k);

/* Displacement component from and to an array [sites]. */
void sim_set(struct adele *sim, int comp, const double *q);
void sim_randomise(struct adele *sim, double amplitude, uint32_t stream);

/* Lattices of every registered style, in sizes 1, 2, odd and even and all
   mixes of boundaries: case k as deck text ("boundary p f p\nlattice square 4
   3\n"), false after the last. */
bool sim_lattice(int k, struct text *deck);

/* "STYLE key value ..", a value for each number of the argument table. */
void sim_model(const char *style, struct text *out);

#endif

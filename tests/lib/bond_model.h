/* A model of the tests with electrons coupled to the bonds: force styles are
   run on it as on the registered ones.

       H = -sum_b (1 + a (q_i + q_j)) (c+_i c_j + h.c.) + sum_i k q_i^2/2
       F_i = -k q_i + 2 a sum_{b at i} rho_b

   over nearest and second-nearest neighbours; a bond from a site to itself
   counts at both of its ends.  Deck: model test/bond a A k K */

#ifndef TEST_BOND_MODEL_H
#define TEST_BOND_MODEL_H

#include "plug/model.h"

extern const struct model_style test_bond_model;

/* Adds it to the registry, once in a process. */
void test_bond_register(struct adele *sim);

#endif

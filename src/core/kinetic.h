/* Kinetic energy and temperature of a group of sites.

   K = sum_i m |v_i|^2 / 2 over the sites of the group and all components;
   temp = 2 K / (sites x components), k_B = 1. */

#ifndef ADELE_KINETIC_H
#define ADELE_KINETIC_H

#include "core/context.h"

/* The present velocities, all components of one mass.  Zero before a lattice
   and model exist.  Summed by rows in a fixed order: the bits do not depend
   on the number of threads.  0, or a recorded memory error. */
int kinetic_energy(struct adele *ctx, int group, double mass, double *energy);

/* The degrees of freedom of the group: its sites times the components. */
int64_t kinetic_freedom(const struct adele *ctx, int group);

/* 2 K / (degrees of freedom), 0 for an empty group. */
int kinetic_temperature(struct adele *ctx, int group, double mass,
                        double *temp);

#endif

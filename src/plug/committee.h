/* Several potentials evaluated together on the configuration of a simulation:
   what pair_style ml solves with.  One potential is a committee of one.

   Their mean is what is used.  Of M > 1 members, what they disagree by at a
   site is sqrt(sum_m |F_m - <F>|^2/(M - 1)), in units of force. */

#ifndef ADELE_COMMITTEE_H
#define ADELE_COMMITTEE_H

#include "plug/potential_force.h"

struct member {
    struct potential *p;
    struct potential_run *run;
    struct potential_sites sites;
};

struct committee {
    struct member *member; /* [n] */
    int n;
    struct density_map map;
    bool density;  /* they give densities, else electronic forces */
    bool energy;   /* all give energies */
    bool mu_aware; /* at least one sees mu */
    bool smooth;   /* all have continuous derivatives */
    int reach[3];  /* cells that a site is influenced from */
    /* Workspace on the lattice of ctx. */
    const struct lattice *lat;
    int64_t length; /* of mean: [nsite] densities or [ncomp][nsite] forces */
    double *mean;
    double *last; /* [nsite] densities of the pass before, where they matter */
    struct field *elastic; /* for members that predict total forces */
    double *scratch;
    uint64_t clock;
    /* Of the last pass. */
    double mu, number; /* number: nan without densities */
    double last_mu, last_number; /* of the pass before */
    double energy_sum; /* mean electronic energy, as plug/potential_force.h */
    int64_t outside;   /* most sites outside the training range of a member */
};

/* Reads the files (searched as potential_find does).  committee_fini is due
   after an error too. */
int committee_load(struct adele *ctx, struct committee *c,
                   const struct word *file, int n);
void committee_fini(struct adele *ctx, struct committee *c);
/* For the present model: what the members give. */
int committee_describe(struct adele *ctx, struct committee *c);
/* Workspace for the present lattice. */
int committee_prepare(struct adele *ctx, struct committee *c,
                      enum precision precision);

/* Before the passes of a configuration. */
int committee_begin(struct adele *ctx, struct committee *c);
/* One pass of all networks at mu. */
int committee_pass(struct adele *ctx, struct committee *c, double mu);
/* After two passes of densities: what lies on the line through both where the
   number of electrons is that. */
void committee_interpolate(struct committee *c, double number);
/* After a pass: deviation [nsite]; n > 1. */
void committee_deviation(const struct committee *c, double *deviation);
/* After a pass: the same configuration and mu with networks in another
   precision.  What the means differ by, over sites: root of the mean square
   and largest, and the former of the mean itself about its own average; in
   units of force, or of density where `density` is set and no force is a
   number times it. */
struct committee_difference {
    double rms, most, size;
    bool density;
};
int committee_compare(struct adele *ctx, const struct committee *c,
                      enum precision precision,
                      struct committee_difference *out);
/* force += the mean electronic force, of members without densities. */
void committee_add_force(const struct committee *c, struct field *force);

#endif

/* Models: electrons coupled to lattice distortions.

   A model names the components of the distortion, fills the electronic terms
   of a configuration, and turns densities into forces.  It knows no solver. */

#ifndef ADELE_MODEL_H
#define ADELE_MODEL_H

#include "core/field.h"
#include "elec/terms.h"
#include "plug/style.h"

enum { MODEL_COMPONENT_MAX = 4 };

struct component {
    const char *displacement, *velocity, *force; /* deck names: "q" "vq" "fq" */
};

/* What orders at the lattice's wave vector: compute cdw. */
enum model_order { ORDER_DENSITY, ORDER_DISPLACEMENT };

struct model {
    struct instance head;
    int ncomp;
    struct component component[MODEL_COMPONENT_MAX];
    double mass;  /* > 0, all components */
    bool vector;  /* components turn with the point group as a vector; false:
                     each is a scalar */
    enum model_order order;
    bool use_bonds; /* forces need rho[bond], not only n[site] */
    int halo[3];  /* border of the displacement that elastic() reads */
    uint64_t tag; /* raised when its bond list may have changed; set by the
                     `model` command */
};

struct model_style {
    struct style style;

    /* Called once a lattice and the model exist: sets halo, checks the model
       against the lattice (warnings through the log). */
    int (*setup)(struct adele *ctx, struct model *m);

    /* The bond list (terms_add_stencil ..), then the values of the present
       displacement: hopping, onsite (without disorder, which the caller adds),
       constant. */
    int (*bonds)(struct adele *ctx, struct model *m, struct terms *t);
    int (*values)(struct adele *ctx, struct model *m, struct terms *t);

    /* force = elastic force (overwrites) when not NULL; *energy gets the elastic
       energy when not NULL. */
    int (*elastic)(struct adele *ctx, struct model *m, struct field *force,
                   double *energy);

    /* force += electronic force of n [nsite] and rho [nbond] (NULL unless
       use_bonds). */
    int (*electronic)(struct adele *ctx, struct model *m, const double *n,
                      const double *rho, struct field *force);

    /* The largest change of a force component when no entry of n and rho
       changes by more than 1.  NULL: 1. */
    double (*force_scale)(const struct adele *ctx, const struct model *m);

    /* Named numbers that `fix adapt`, restart files and potentials see: the
       argument table's ARG_NUMBER keywords.  Called after one changed. */
    int (*changed)(struct adele *ctx, struct model *m);

    /* NULL unless the electrons depend on displacement, mu and disorder only
       through q_c + shift_c*(mu - onsite): shift [ncomp].  An error when the
       present parameters leave no such shift. */
    int (*mu_shift)(struct adele *ctx, struct model *m, double *shift);
};

/* Component index by displacement, velocity or force name; -1 when none.
   *which gets 0, 1, 2 for displacement, velocity, force. */
int model_component(const struct model *m, const char *name, int *which);

/* force_scale of the present model. */
double model_force_scale(const struct adele *ctx);

/* The address of a numeric parameter by its deck keyword, NULL if unknown. */
double *model_parameter(struct model *m, const char *name);

#endif

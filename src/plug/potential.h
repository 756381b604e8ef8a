/* Potentials: a descriptor, a network, its parameters, and everything that
   says where they came from and where they may be used.

   What a network predicts (the target):
     density  n_i, turned into forces by the model; the elastic force is exact
     force    the total force, the components of the model
     energy   the electronic free energy E with the model's constant (holstein:
              g/2 sum q), a sum over sites; F = elastic force - dE/dq

   The chemical potential (mu):
     none     not seen: the potential holds for the electrons it was trained at
     shift    the model's electrons depend on displacement and mu only through
              q + mu*shift (holstein: shift = 1/g); the network sees that, and
              on-site disorder likewise: v = q + (mu - onsite)*shift.  One
              potential for all fillings.  An energy is that of v at mu 0, the
              constant included, so that dE/dq is the whole electronic force
     input    mu is one more channel; with leads that of each

   Symmetry: networks and descriptors have the point group of the lattice, less
   what turns polar axes.  Inputs that tell where a site is stand behind the
   features and mu (plug/potential_inputs.h).

   Numbers pass through scales: x = (feature - in_shift)/in_scale for each
   feature, prediction = out_shift + out_scale*y; with target density and a
   descriptor that has a base, that feature is added, and energies get the sum
   of linear*x.

   The file is YAML, doc/developer/potential_file.md. */

#ifndef ADELE_POTENTIAL_H
#define ADELE_POTENTIAL_H

#include "plug/descriptor.h"
#include "plug/lead_list.h"
#include "plug/model.h"
#include "plug/network.h"
#include "plug/potential_inputs.h"

enum { POTENTIAL_INPUT_MAX = 4096 }; /* channels that a network reads */
enum { POTENTIAL_LEADS = 64 };       /* whose mu are channels */
enum potential_target { TARGET_FORCE, TARGET_DENSITY, TARGET_ENERGY };
enum potential_mu { POTENTIAL_MU_NONE, POTENTIAL_MU_SHIFT, POTENTIAL_MU_INPUT };

extern const char *const potential_target_name[]; /* ended by NULL */
extern const char *const potential_mu_name[];

/* A named number of the head: model parameters. */
struct potential_number {
    char *name;
    double value;
};

/* What the potential was made for; compared when it is used. */
struct potential_origin {
    char *lattice;          /* name of the lattice style */
    bool periodic[3];       /* of the data */
    char *model;            /* style, then its numbers */
    struct potential_number *parameter;
    int nparameter;
    enum electrons_mode electrons; /* filling, mu, midgap; NONE: any (mixed) */
    double electrons_value; /* filling or mu */
    double mu_low, mu_high; /* chemical potentials in the data */
    int cells[3][2];        /* least and most cells along each axis in the data */
    double temp;
    struct lead_list leads; /* with any, mode and temp of electrons say nothing */
    char *pair;             /* text of the exact style that made the data */
    double pair_error;      /* its largest error bound */
};

/* Lines of the head that are only shown. */
struct potential_note {
    char *contributor, *date, *citation, *adele_version, *training; /* the configuration text */
    char **data;            /* "file sha256 frames" */
    int ndata;
    double rmse, mae, max, r2; /* of the validation set, of `target`; nan: none */
};

struct potential {
    char *path; /* where it was read from, or NULL */
    struct potential_origin origin;
    struct potential_note note;
    enum potential_target target;
    enum potential_mu mu;
    int ncomp, dim;
    bool vector;
    struct lattice_shape shape; /* of the lattice, with the polar axes */
    struct potential_position position;
    int nmu; /* channels of mu */
    struct descriptor *descriptor;
    struct network *network;
    struct net net;
    int nin, nout;
    double *in_shift, *in_scale;     /* [nin] */
    double *linear;                  /* [nin], of an energy; else 0 */
    double *out_shift, *out_scale;   /* [nout] */
    double *in_low, *in_high;        /* [nin] range of the training features */
    double *param;                   /* [net.nparam] */
    enum precision precision;        /* of param in the file */
    char *descriptor_text, *network_text; /* their arguments as YAML maps */
};

/* What a potential knows of the place of a site. */
struct potential_geometry {
    bool polar[3];
    bool automatic; /* the axis of the position becomes polar unasked */
    const struct words *position; /* NULL: none */
    int nlead; /* whose mu are channels of mu: input */
};

/* Descriptor and network from their words (with places), for this lattice and
   model: everything but scales and parameters, which are allocated (zero, one).
   Without geometry (NULL) all places are alike.  NULL with an error. */
struct potential *potential_new(struct adele *ctx, const struct words *descriptor,
                                const struct words *network,
                                enum potential_target target,
                                enum potential_mu mu,
                                const struct potential_geometry *geometry);
void potential_free(struct adele *ctx, struct potential *p);

/* Files (plug/potential_file.c).  Reading needs the lattice and the model in
   ctx; another style of lattice is an error.  NULL or non-zero with an error,
   at `where` when the file cannot be read, else at its place in the file.
   Saving in single precision rounds param in the file only. */
struct potential *potential_load(struct adele *ctx, const char *path,
                                 const struct where *where);
int potential_save(struct adele *ctx, const struct potential *p,
                   const char *path);
/* The path of a potential by its name: as it is, in the folder of the deck at
   `where`, those of $ADELE_POTENTIALS, the installed ones.  mem_free; NULL with
   an error that lists them. */
char *potential_find(struct adele *ctx, const char *name,
                     const struct where *where);
/* Model, electrons, boundaries, disorder of ctx against the origin: an error at
   `where` with both values; with `force` a warning (only if `warn`). */
int potential_check(struct adele *ctx, const struct potential *p, bool force,
                    bool warn, const struct where *where);

/* Channels behind the features: p->nmu of mu, and those of the position. */
int potential_extra(const struct potential *p);
/* Their values, extra [nsite][potential_extra]: those that stay for a lattice;
   and those of mu, that of the electrons or of the leads in ctx. */
void potential_extra_fixed(const struct potential *p, const struct lattice *lat,
                           double *extra);
void potential_extra_mu(const struct adele *ctx, const struct potential *p,
                        const struct field *onsite, double mu, int64_t n,
                        double *extra);

/* The input of the network: what its descriptor reads (potential_displace
   makes it), and what stands behind. */
struct potential_input {
    const struct field *displacement;
    const double *extra; /* [nsite][potential_extra] */
    const double *whole;   /* [nsite][nfeature] where the descriptor makes all
                              features at once, else NULL */
    double *base;          /* [nsite], gets the descriptor's own approximation
                              of the density, where it has one; or NULL */
};

/* v = q + shift*(mu - onsite) for mu: shift, else v = q; the border of v is
   widened for the descriptor and filled.  v belongs to the lattice of q. */
int potential_displace(struct adele *ctx, const struct potential *p,
                       const struct field *q, const struct field *onsite,
                       double mu, struct field *v);
/* Scaled features of sites begin .. end-1, x [end - begin][nin]; how many of
   these sites have one outside the training range. */
int64_t potential_features(const struct potential *p,
                           const struct potential_input *in, int64_t begin,
                           int64_t end, enum precision precision, void *x);

/* The linear part of the energies of n sites, of scaled features x [n][nin]. */
void potential_linear(const struct potential *p, enum precision precision,
                      int64_t n, const void *x, double *out);

/* One lattice's workspace, with the present parameters. */
struct potential_run;
struct potential_run *potential_run_new(struct adele *ctx, struct potential *p,
                                        const struct lattice *lat,
                                        enum precision precision, bool keep);
void potential_run_free(struct potential_run *r);
/* The parameters of the potential have changed. */
int potential_run_update(struct adele *ctx, struct potential_run *r);

/* Predictions for a displacement, mu (ignored without mu) and on-site disorder
   (NULL: none), in site order: out [nsite][nout].  slope [nsite][nout] or
   NULL: d out/d mu; needs keep.  *outside (may be NULL): sites with a feature
   outside the range of the training. */
int potential_predict(struct adele *ctx, struct potential_run *r,
                      const struct field *q, const struct field *onsite,
                      double mu, double *out, double *slope, int64_t *outside);
/* Energy potentials: the sum over sites, its gradient [ncomp][nsite], and
   dmu [nsite] (or NULL), its derivative by mu at each site; needs keep. */
int potential_gradient(struct adele *ctx, struct potential_run *r,
                       const struct field *q, const struct field *onsite,
                       double mu, double *energy, double *gradient, double *dmu,
                       int64_t *outside);

#endif

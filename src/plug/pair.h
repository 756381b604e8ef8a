/* Force styles (`pair_style`) and what they give.

   The one entry for everybody who needs forces, energies or densities of the
   present configuration is forces_require(ctx, mask): it computes what is
   missing and nothing else.  A style writes only the parts asked for. */

#ifndef ADELE_PAIR_H
#define ADELE_PAIR_H

#include "elec/fermi.h"
#include "plug/model.h"

enum pair_need {
    NEED_FORCE = 1,
    NEED_ENERGY = 2,    /* elastic, electronic: everything in `pe` */
    NEED_DENSITY = 4,   /* n[site] */
    NEED_BOND = 8,      /* rho[bond] */
    NEED_MU = 16,       /* mu, number */
    NEED_SPECTRUM = 32, /* eigenvalues, ascending */
    NEED_ENTROPY = 64,  /* entropy, band energy */
    NEED_SOLVED = 127,  /* all of the above */
    NEED_ERROR = 128,   /* error: of a density, estimated */
    NEED_DEVIATION = 256, /* deviation[site]: between learned forces */
    NEED_OUTSIDE = 512, /* outside: sites unlike what forces were learned from */
    NEED_CURRENT = 1024, /* currents between leads, along bonds, into sites */
    NEED_BITS = 11
};

/* All electronic and elastic quantities of one configuration. */
struct pair_result {
    unsigned have;      /* NEED_ bits that hold, for the stamp below */
    uint64_t stamp;     /* displacement tag + parameter tag they belong to */
    struct field *force;
    double *n;          /* [nsite] site order */
    double *rho;        /* [nbond] in the order of the model's bonds */
    double *level;      /* [nlevel] eigenvalues */
    int64_t nsite, nbond, nlevel; /* lengths of n, rho, level; 0: not there */
    double elastic;     /* elastic energy */
    double electronic;  /* Omega (fixed mu) or Omega + mu N (fixed number),
                           with the model's constant */
    double mu, number, band, entropy;
    double error;       /* largest of an entry of the density matrix */
    double *deviation;  /* [ndeviation]: of the forces of a committee, a site */
    int64_t ndeviation;
    double largest;     /* of them */
    int64_t outside;    /* sites with an input outside the training range */
    /* Of leads, in the order of ctx->leads: particles per time from a to b, its
       error, from a into a site; along the bonds from i to j.  Borrowed from
       the style. */
    const double *current, *current_error; /* [nlead][nlead] */
    const double *injection;               /* [nlead][nsite] */
    const double *flow;                    /* [nbond] */
    int nlead;
};

struct pair {
    struct instance head;
    unsigned gives;          /* NEED_ bits this instance can give; set by init */
    bool gradient;           /* force is -d(energy)/d(displacement) exactly */
    bool global;             /* needs the whole configuration on one rank */
    bool leads;              /* takes account of leads (plug/lead.h) */
    bool warned_leads;       /* .. or has said that it does not */
    const char *why;         /* it cannot give a part: the end of a sentence
                                for messages, or NULL */
    int halo[3];             /* else: displacement border needed */
    uint64_t ready;          /* ctx->parameter_tag of the last setup */
};

struct pair_style {
    struct style style;
    /* Called by pair_setup: check against lattice, model and electrons, and
       allocate.  Idempotent. */
    int (*setup)(struct adele *ctx, struct pair *p);
    /* Fill the parts `need` of the present configuration into r.  Parts not
       asked for may be filled too (set r->have accordingly), force excepted. */
    int (*compute)(struct adele *ctx, struct pair *p, unsigned need,
                   struct pair_result *r);
    /* Densities n [nmu][nsite] of the present configuration at other chemical
       potentials, and the bound of the error of each; may be NULL. */
    int (*density_at)(struct adele *ctx, struct pair *p, const double *mu,
                      int nmu, double *n, double *error);
    /* A line for the log at the end of a run, of the work since the last. */
    void (*report)(struct adele *ctx, struct pair *p);
};

/* An empty result; pair_require makes room for the parts it is asked for. */
int pair_result_init(struct adele *ctx, struct pair_result *r);
void pair_result_fini(struct pair_result *r);
/* Room for n, rho and level of these lengths; 0 leaves one as it is. */
int pair_result_reserve(struct adele *ctx, struct pair_result *r, int64_t nsite,
                        int64_t nbond, int64_t nlevel);
/* Room for the deviation. */
int pair_result_reserve_deviation(struct adele *ctx, struct pair_result *r,
                                  int64_t nsite);

/* The style's setup, unless it already ran for the present parameters: before
   each run and each evaluation. */
int pair_setup(struct adele *ctx, struct pair *p);
/* What results of the present configuration carry as their stamp: it grows
   with every change of displacement, disorder, model and electrons. */
uint64_t pair_stamp(const struct adele *ctx);

/* The running style: ctx->forces holds `need` afterwards. */
int forces_require(struct adele *ctx, unsigned need);
/* Any style into any result (compute .. using STYLE). */
int pair_require(struct adele *ctx, struct pair *p, unsigned need,
                 struct pair_result *r);
/* The style's density_at, set up; an error at `where` that names the styles
   which have one when it has none. */
int pair_density_at(struct adele *ctx, struct pair *p, const double *mu,
                    int nmu, double *n, double *error);
int pair_check_density_at(struct adele *ctx, const struct pair *p,
                          const struct where *where, const char *what);
/* What the present style gives (0 without one). */
unsigned forces_gives(const struct adele *ctx);
/* elastic + electronic. */
double pair_energy(const struct pair_result *r);

/* A hash of all that the Hamiltonian and its occupation depend on besides the
   displacement: numbers of the model, electrons, disorder.  For state in
   restart files that is worth nothing for another simulation. */
int pair_fingerprint(struct adele *ctx, int64_t *out);

/* Shared by all styles that solve electrons: terms of the present
   configuration with the disorder, kept by tag in the context of the caller
   (start from {0}, end with terms_fini).  An error when they are not finite. */
int pair_terms(struct adele *ctx, struct terms *t);
/* What follows from the densities: elastic energy and force, as asked, plus, when r->have holds NEED_DENSITY,
   the electronic force of r->n and r->rho. */
int pair_complete(struct adele *ctx, unsigned need, struct pair_result *r);

#endif

/* HDF5 datasets of configurations: the file that dump dataset writes and
   read_dump, rerun (and h5py) read.

   Root attributes: format "adele dataset", version, adele_version, lattice,
   cells [3], shape [Lz, Ly, Lx, basis], boundary, sites, columns.  Groups
   model, electrons, pair hold their parameters as attributes (text: the deck's
   words); provenance holds the deck, the fixes and the dump command as
   strings.  Per frame, extendable and chunked: step, time, energy, mu
   [frame], and each column [frame][site]; with densities at further chemical
   potentials (root attribute mu: how they were chosen) also mu_grid
   [frame][nmu] and n_mu [frame][nmu][site].  With leads a group leads (names
   and places, in order) and lead [frame][3*nlead]: gamma, mu, temp of each. */

#ifndef ADELE_DATASET_H
#define ADELE_DATASET_H

#include "core/context.h"

struct dataset;

struct dataset_frame {
    int64_t step;
    double time, energy, mu;
    const double *value;   /* [ncolumn][nsite] */
    const double *mu_grid; /* [nmu] */
    const double *n_mu;    /* [nmu][nsite] */
    const double *lead;    /* [nlead][3] */
};

struct dataset_plan {
    const char *const *column;
    int ncolumn, nmu;    /* nmu 0: no further chemical potentials */
    const char *mu;      /* how these are chosen, as written */
    const char *command; /* the words of the dump */
    const struct where *where;
};

/* How many leads a frame has: those of ctx where its force style takes account
   of them, else 0. */
int dataset_leads_of(const struct adele *ctx);

/* A new file, or an existing one to append to, which must have been made for
   the same lattice, model, electrons, force style, columns and further
   chemical potentials.  NULL with a recorded run error at `where`. */
struct dataset *dataset_create(struct adele *ctx, const char *path,
                               const struct dataset_plan *plan, bool append);
int dataset_append(struct adele *ctx, struct dataset *s,
                   const struct dataset_frame *frame, bool flush);
/* Completes the file; frees. */
int dataset_close(struct adele *ctx, struct dataset *s);

/* For reading.  NULL with a deck error at `where`. */
struct dataset *dataset_open(struct adele *ctx, const char *path,
                             const struct where *where);
bool dataset_is(const char *path); /* begins like an HDF5 file */
int64_t dataset_frames(const struct dataset *s);
int64_t dataset_sites(const struct dataset *s);
int dataset_head(struct adele *ctx, struct dataset *s, int64_t frame,
                 int64_t *step, double *time);
/* Numbers of a frame; nan where the force style gave none. */
int dataset_energy(struct adele *ctx, struct dataset *s, int64_t frame,
                   double *energy, double *mu);
/* One column of one frame: [nsite]. */
int dataset_column(struct adele *ctx, struct dataset *s, int64_t frame,
                   const struct word *column, double *out);
/* How many further chemical potentials each frame has (0: none); those of a
   frame [nmu]; the density [nsite] at one of them. */
int dataset_nmu(const struct dataset *s);
int dataset_mu_grid(struct adele *ctx, struct dataset *s, int64_t frame,
                    double *mu);
/* How many leads (0: none), and their gamma, mu, temp in a frame [nlead][3]. */
int dataset_nlead(const struct dataset *s);
int dataset_lead(struct adele *ctx, const struct dataset *s, int64_t frame,
                 double *value);
int dataset_density_at(struct adele *ctx, struct dataset *s, int64_t frame,
                       int k, double *out);

#endif

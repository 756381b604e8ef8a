/* Samples: configurations from dataset files, for training and validation.

   A trajectory is one file (or one part of a split dump).  All files of a set
   must hold the same lattice style, boundaries, model with its numbers (the
   mass excepted), temperature, columns, and leads with their gamma and temp; `samples_open` refuses mixtures and
   names both values.  Sizes of the lattice may differ, and so may filling and
   chemical potential: samples_electrons refuses that where it matters.  With
   densities at several mu (dump dataset .. mu) each frame gives one sample for
   each mu, the frame's own first. */

#ifndef ADELE_SAMPLES_H
#define ADELE_SAMPLES_H

#include "plug/potential.h"

struct sample {
    int file;
    int64_t frame, step;
    int grid;       /* 0: at the frame's own mu; k: the k-th of its mu_grid */
    double time;    /* of the trajectory */
    double mu;
    double energy;  /* pe of the frame; nan at other mu or when not known */
    enum electrons_mode electrons; /* of its file */
    struct field *q;       /* displacement; shared by samples of one frame */
    struct field *onsite;  /* disorder (column onsite), or NULL */
    const double *force;   /* [ncomp][nsite] total force; NULL at other mu */
    const double *density; /* [nsite]; NULL when not in the file */
    const double *lead_mu; /* [origin.leads.n] */
};

struct samples {
    struct potential_origin origin; /* common to all files */
    char *mixed; /* how electrons differ between files; NULL: they do not */
    int ncomp;
    struct lattice **lattice; /* one for each size that occurs */
    int nlattice;
    struct sample *item;
    int64_t n;
    int nfile;
    char **file, **hash; /* names; sha256 */
    int64_t *frames;     /* of each file */
    void *store;         /* what the pointers above point to */
};

/* Files by name or pattern (glob), in the order given, sorted within one. */
struct samples *samples_open(struct adele *ctx, const struct word *file, int nfile);
void samples_free(struct samples *s);
/* Two sets (training and validation, or data and a potential) that do not
   belong together: an error that names both values. */
int samples_match(struct adele *ctx, const struct potential_origin *a,
                  const char *a_name, const struct potential_origin *b,
                  const char *b_name, const struct where *where);
/* The same for the electrons: mode, filling or mu. */
int samples_electrons(struct adele *ctx, const struct potential_origin *a,
                      const char *a_name, const struct potential_origin *b,
                      const char *b_name, const struct where *where);
void samples_origin_free(struct potential_origin *o);
/* A copy of its own; 0 or -1 (memory). */
int samples_origin_copy(const struct potential_origin *from,
                        struct potential_origin *to);

#endif

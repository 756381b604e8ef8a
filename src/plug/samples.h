/* Samples: configurations from dataset files, for training and validation.

   A trajectory is one file (or one part of a split dump).  All files of a set
   must hold the same lattice style, model with its numbers, temperature and
   columns; `samples_open` refuses mixtures and names both values.  Sizes of
   the lattice may differ.  With densities at several mu (dump dataset .. mu)
   each frame gives one sample for each mu, the frame's own first. */

#ifndef ADELE_SAMPLES_H
#define ADELE_SAMPLES_H

#include "plug/potential.h"

struct sample {
    int file;
    int64_t frame, step;
    double time;    /* since the beginning of the trajectory */
    double mu, energy;
    struct field *q;  /* displacement; shared by samples of one frame */
    const double *force;   /* [ncomp][nsite] total force; NULL at other mu when not known */
    const double *density; /* [nsite]; NULL when not in the file */
};

struct samples {
    struct potential_origin origin; /* common to all files */
    int ncomp;
    struct lattice **lattice; /* one for each size that occurs */
    int nlattice;
    struct sample *item;
    int64_t n;
    int nfile;
    char **file, **hash;
};

/* Files by name or pattern (glob), in the order given, sorted within one. */
struct samples *samples_open(struct adele *ctx, const struct word *file, int nfile);
void samples_free(struct samples *s);
/* Two sets (training and validation, or data and a potential) that do not
   belong together: an error that names both values. */
int samples_match(struct adele *ctx, const struct potential_origin *a,
                  const char *a_name, const struct potential_origin *b,
                  const char *b_name, const struct where *where);

#endif

/* What a network reads beside the features of a site: chemical potentials and
   where the site is.

       mu        with `mu: input`: that of the electrons, less the disorder of
                 the site; with leads those of all leads, in the order of the
                 origin
       position  along one open axis, d and d' the distances from its ends,
                     exp(-d/l), exp(-d'/l)       for each of the lengths,
                     (d - d')/(d + d')           with `coordinate: yes`

   Distances are along the normal of the layers of cells, from the outermost
   sites.  Such inputs take the two ends of the axis apart: it must be polar
   (core/lattice.h).

       position: {axis: x, lengths: [1, 4], coordinate: yes}                  */

#ifndef ADELE_POTENTIAL_INPUTS_H
#define ADELE_POTENTIAL_INPUTS_H

#include "plug/args.h"

enum { POSITION_LENGTHS = 16 };

struct potential_position {
    int axis;
    struct arg_list words; /* of the lengths */
    bool coordinate, given;
    double length[POSITION_LENGTHS];
    int nlength;
};

extern const struct arg potential_position_args[];

/* From the words of a map (NULL: no position).  0 or a deck error. */
int potential_position_read(struct adele *ctx, const struct words *words,
                            struct potential_position *out);
void potential_position_free(struct adele *ctx, struct potential_position *p);

/* The map, or "none". */
void potential_position_text(const struct potential_position *p,
                             struct text *out);

int potential_position_channels(const struct potential_position *p);
/* The channels of all local sites: row i begins at out + i*stride. */
void potential_position_fill(const struct potential_position *p,
                             const struct lattice *lat, double *out,
                             int stride);

/* Axes by their names: `x`, `y`, `z`, or the one word none (all false).  *given
   is false, and nothing is set, for the one word auto. */
int potential_polar_read(struct adele *ctx, const struct arg_list *words,
                         bool polar[3], bool *given);

#endif

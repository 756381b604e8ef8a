/* What a dataset file says of itself: shared by samples.c and samples_origin.c. */

#ifndef ADELE_SAMPLES_FILE_H
#define ADELE_SAMPLES_FILE_H

#include "plug/samples.h"

struct dataset;

struct samples_head {
    struct potential_origin origin;
    struct lattice_shape shape;
    int n[3];
    char *columns; /* their names, a blank around each */
};

/* 0 or a deck error at the word that named the file. */
int samples_head_read(struct adele *ctx, const struct dataset *set,
                      const struct word *file, struct samples_head *out);
void samples_head_free(struct samples_head *h);
bool samples_has_column(const struct samples_head *h, const char *name);

#endif

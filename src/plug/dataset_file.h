/* Inside a dataset file: shared by dataset.c and dataset_describe.c. */

#ifndef ADELE_DATASET_FILE_H
#define ADELE_DATASET_FILE_H

#include <hdf5.h>

#include "plug/dataset.h"

enum { DATASET_VERSION = 1, DATASET_SERIES = 4 };
enum dataset_mode { DATASET_WRITE, DATASET_COMPARE };

struct dataset {
    char *path;
    struct where where;
    hid_t file;
    hid_t series[DATASET_SERIES];
    hid_t *column; /* [ncolumn] */
    hid_t mu_grid, n_mu, lead;
    int ncolumn, nmu, nlead;
    const char *mu; /* how the grid is chosen, "" without one; while created */
    int64_t nsite, frames;
    struct text columns;  /* their names, separated by blanks */
    struct text mismatch; /* why an existing file cannot be continued */
};

/* Writes or compares all attributes; false when a write fails.  What differs
   is in s->mismatch. */
bool dataset_describe(struct adele *ctx, struct dataset *s,
                      enum dataset_mode mode);
bool dataset_provenance(struct adele *ctx, struct dataset *s,
                        const char *command);
/* The first difference: name (of a group, or "") in the file and here. */
void dataset_differs(struct dataset *s, const char *group, const char *name,
                     const char *there, const char *here);

/* A string attribute (mem_free), NULL when there is none; n numbers. */
char *dataset_string(hid_t at, const char *name);
bool dataset_numbers(hid_t at, const char *name, hid_t type, void *value,
                     int n);

#endif

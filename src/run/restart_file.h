/* The container of a restart file: named arrays in HDF5 with a checksum over
   all its bytes.  Private to run/. */

#ifndef ADELE_RESTART_FILE_H
#define ADELE_RESTART_FILE_H

#include <stddef.h>
#include <stdint.h>

#include "core/context.h"

enum item_type { ITEM_BYTE, ITEM_INT, ITEM_MASK, ITEM_NUMBER };

struct item {
    char *name; /* "state/q" */
    enum item_type type;
    size_t n;
    void *data; /* [n] of bytes, int64_t, uint64_t or double */
};

struct items {
    struct item *item;
    int n;
};

/* Appends a copy of data (NULL: zeros, to be filled in). */
struct item *items_add(struct items *items, const char *name,
                       enum item_type type, size_t n, const void *data);
const struct item *items_find(const struct items *items, const char *name,
                              enum item_type type);
void items_free(struct items *items);

/* The whole file, under a temporary name until it is complete. */
int restart_file_write(struct adele *ctx, const char *path,
                       const struct items *items);
/* All items of a file whose checksum is right. */
int restart_file_read(struct adele *ctx, const char *path, struct items *items);

#endif

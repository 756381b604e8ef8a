/* Text dumps (custom, xyz, yaml): a row of columns for each chosen site.

   The box is the lattice in LAMMPS's convention: first primitive vector along
   x, second in the xy plane, an axis beyond the lattice's dimension from -1/2
   to 1/2. */

#ifndef ADELE_DUMP_TEXT_H
#define ADELE_DUMP_TEXT_H

#include "plug/dump.h"

enum dump_text_given {
    TEXT_GIVEN_FORMAT,
    TEXT_GIVEN_SORT,
    TEXT_GIVEN_HEADER,
    TEXT_GIVEN_TIME,
    TEXT_GIVEN_UNITS,
    TEXT_GIVEN_COUNT
};

struct dump_text {
    struct dump dump;
    struct arg_list columns;
    /* dump_modify */
    struct arg_list format_words;
    char *sort_word;
    bool header, time, units;
    bool given_text[TEXT_GIVEN_COUNT];
    int64_t sort; /* 0: by id; k: by column k; -k: the same, descending */
    /* printf formats: [0, n) of `line`, [n, 2n) of single columns, then int
       and float; NULL where not given. */
    char **format;
};

struct dump_box {
    double lo[3], hi[3];
    double xy, xz, yz;
    bool tilted;
};

extern const struct arg dump_text_modify[];

int dump_text_init(struct adele *ctx,
                   void *self); /* columns into dump.column */
void dump_text_fini(struct adele *ctx, void *self);
int dump_text_modified(struct adele *ctx, struct dump *d);

int dump_box(struct adele *ctx, struct dump_box *out);
/* A snapshot to the dump's file: what `header` writes for that many rows, and
   the rows, each as BEFORE value SEPARATOR .. value AFTER. */
typedef void dump_text_header(struct adele *ctx, const struct dump_text *t,
                              const struct dump_box *box, int64_t nrow);
int dump_text_write(struct adele *ctx, struct dump *d, dump_text_header *header,
                    const char *before, const char *separator,
                    const char *after);

#endif

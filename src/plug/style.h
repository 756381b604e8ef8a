/* What all styles share: the head of a style, the head of an instance, the
   output table.

   A style is one const struct at the end of its own file.  Its first member is
   a struct style, which begins with {abi, size}; the functions of its kind
   follow, NULL meaning "does nothing".  The build writes the registry from
   the names of the files under src/styles/: KIND/a_b.c must define

       const struct KIND_style KIND_a_b;        deck name "a/b" or "a_b"

   An instance is a struct of the style's own that begins with the struct of
   its kind (struct fix, struct compute, ...), which begins with a struct
   instance.  The argument table fills it; args.h. */

#ifndef ADELE_STYLE_H
#define ADELE_STYLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/context.h"

enum { ADELE_ABI = 1 };

struct arg;
struct blob;
struct instance;

/* An output that c_ID, f_ID can name.  The table ends with .name = NULL. */
enum shape { OUT_SCALAR = 1, OUT_VECTOR = 2, OUT_ARRAY = 4, OUT_SITE = 8 };
struct output {
    enum shape shape;
    const char *index; /* "[1]", "[i]", "[k][1]" .. ; "" for a scalar */
    const char *name;  /* one word, column header */
    const char *unit;  /* "" for pure numbers */
    bool extensive;    /* grows with the lattice */
    const char *doc;   /* one line, when it is valid included */
};

struct style {
    uint32_t abi, size;  /* ADELE_ABI, sizeof of the whole style struct */
    const char *kind;    /* "fix", "compute", "pair", "model", .. */
    const char *name;    /* deck name */
    const char *summary; /* one line, no full stop */
    const char *cite;    /* citation keys separated by blanks, or NULL */
    size_t instance_size;
    const struct arg *args;       /* NULL: takes no arguments */
    const struct output *outputs; /* NULL: none */

    /* After the arguments are in place.  On error the instance is released
       with fini, so members must be valid from zero. */
    int (*init)(struct adele *ctx, void *self);
    void (*fini)(struct adele *ctx, void *self);

    /* State carried from step to step, for restart files; both or none.
       load gets what save wrote for the same ID and style. */
    int (*save)(struct adele *ctx, void *self, struct blob *to);
    int (*load)(struct adele *ctx, void *self, struct blob *from);
};

#define STYLE_HEAD(KIND, NAME, INSTANCE)                                      \
    .abi = ADELE_ABI, .size = sizeof(struct KIND##_style), .kind = #KIND,     \
    .name = NAME, .instance_size = sizeof(INSTANCE)

/* The head of every instance. */
struct instance {
    const struct style *style;
    char *id;           /* NULL where the kind has none */
    int group;          /* index into ctx->groups; 0 = all */
    struct where where; /* of the command that made it */
    char *text;         /* that command as substituted, for info and restart */
};

/* Values behind c_ID and f_ID, filled by the style's output functions. */
struct outputs {
    double scalar;
    double *vector; /* [nvector] */
    int64_t nvector;
    double *array; /* [nrow][ncol] */
    int64_t nrow, ncol;
    double *column; /* [ncol][nrow], a copy made for c_ID[j] as a vector */
    int64_t ncolumn;
    double *site; /* [nsite_col][nlocal], site order */
    int nsite_col; /* 0: not known yet; init may set it */
    uint64_t stamp[4]; /* adele_stamp at which scalar, vector, array, site hold */
    unsigned shapes;   /* OUT_ bits of this instance when its arguments decide;
                          0: every shape that its style has a function for */
};

/* (Re)allocate a part of the outputs, zeroed when its size changes; 0 or a
   recorded memory error. */
int outputs_vector(struct adele *ctx, struct outputs *o, int64_t n);
int outputs_array(struct adele *ctx, struct outputs *o, int64_t nrow,
                  int64_t ncol);
int outputs_site(struct adele *ctx, struct outputs *o, int ncol);
void outputs_fini(struct outputs *o);

/* A byte string that style state is written to and read from; numbers keep
   their bits.  Reading past the end fails with -1. */
struct blob {
    unsigned char *byte;
    size_t length, capacity, at;
    bool failed;
};
void blob_put(struct blob *b, const void *bytes, size_t n);
void blob_put_int(struct blob *b, int64_t v);
void blob_put_number(struct blob *b, double v);
void blob_put_numbers(struct blob *b, const double *v, int64_t n);
int blob_get(struct blob *b, void *bytes, size_t n);
int blob_get_int(struct blob *b, int64_t *v);
int blob_get_number(struct blob *b, double *v);
int blob_get_numbers(struct blob *b, double *v, int64_t n);
void blob_free(struct blob *b);

#endif

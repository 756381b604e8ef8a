/* What the averaging fixes share: when to sample, which global values, and
   their output file.

   fix ave/time, ave/histo: Nrepeat samples, Nevery steps apart, the last at
   each multiple of Nfreq; the windows do not overlap.  A window whose first
   samples lie before the fix existed, or that was cut by reset_timestep, is
   left out. */

#ifndef ADELE_AVERAGE_H
#define ADELE_AVERAGE_H

#include "base/file.h"
#include "plug/args.h"
#include "plug/value.h"

/* When. */
struct average_clock {
    int64_t every, repeat, freq; /* Nevery, Nrepeat, Nfreq */
    int64_t start;               /* the first window ends here or later */
    int64_t taken;               /* samples of the present window */
    int64_t last, last_tick;     /* step and tick of the last sample */
    bool begun;                  /* there was one */
};

enum average_due { AVERAGE_NOT, AVERAGE_SAMPLE, AVERAGE_OUTPUT };

/* Nevery, Nrepeat, Nfreq fit together? */
int average_clock_check(struct adele *ctx, const struct average_clock *c,
                        const char *what);
/* What is due now; AVERAGE_OUTPUT is the last sample of a window. */
enum average_due average_clock_now(const struct adele *ctx,
                                   const struct average_clock *c);
void average_clock_taken(const struct adele *ctx, struct average_clock *c,
                         enum average_due due);
/* Whether the present step takes the first sample of a window. */
bool average_clock_first(const struct adele *ctx,
                         const struct average_clock *c);
/* Whether a sample may be due at a coming step. */
bool average_clock_may(const struct average_clock *c, int64_t step);
/* With Nevery, Nrepeat, Nfreq, which must be the same when loaded. */
void average_clock_save(const struct average_clock *c, struct blob *to);
int average_clock_load(struct average_clock *c, struct blob *from);

/* Global values c_ID, c_ID[i], f_ID.., v_name, thermo keywords; c_ID[*],
   c_ID[2*4] stand for several. */
struct average_inputs {
    struct reference *ref; /* [n] */
    char **name;           /* [n] as written, wildcards resolved */
    int n;
};

/* shape OUT_SCALAR: each is a number; OUT_VECTOR: a vector, or column j of an
   array as c_ID[j]. */
int average_inputs_parse(struct adele *ctx, const struct arg_list *words,
                         enum shape shape, struct average_inputs *out);
void average_inputs_free(struct average_inputs *in);
unsigned average_inputs_need(struct adele *ctx,
                             const struct average_inputs *in);
/* Whether the present force style can give them: for set-up, before the first
   sample.  average_available is the same for one quantity of that name. */
int average_inputs_check(struct adele *ctx, const struct average_inputs *in);
int average_available(struct adele *ctx, const char *name, unsigned need,
                      const struct where *where);
/* The words of a list with their wildcards resolved; to be freed with
   average_words_free. */
int average_expand(struct adele *ctx, const struct arg_list *words,
                   enum shape shape, struct arg_list *out);
void average_words_free(struct arg_list *words);

/* The output file: header lines once, then blocks of text.  With overwrite
   the file holds the last block only and is replaced as a whole. */
struct average_file {
    char *path, *append; /* `file F` or `append F`; NULL none */
    bool overwrite;
    char *title[3]; /* NULL: the default */
    struct file *file;
    struct text header;
    bool open;
};

/* Entries of an argument table for `file`, `append`, `overwrite`, `title1` ..
   `title3` of a member of type struct average_file. */
#define AVERAGE_FILE_ARGS(type, member)                                        \
    {ARG_FILE, "file", AT(type, member.path), .key = true,                     \
     .doc = "write the results to this file, anew"},                           \
        {ARG_FILE, "append", AT(type, member.append), .key = true,             \
         .doc = "write the results to the end of this file"},                  \
        {ARG_FLAG, "overwrite", AT(type, member.overwrite), .key = true,       \
         .doc = "the file holds the latest result only"},                      \
        {ARG_WORD,    "title1",         AT(type, member.title[0]),             \
         .key = true, .syntax = "TEXT", .doc = "first line of the file"},      \
        {ARG_WORD,    "title2",         AT(type, member.title[1]),             \
         .key = true, .syntax = "TEXT", .doc = "second line of the file"},     \
    {                                                                          \
        ARG_WORD, "title3", AT(type, member.title[2]),                         \
            .key = true, .syntax = "TEXT",                                     \
            .doc = "third line of the file, where it has one"                  \
    }

/* Checks the keywords; sets the n header lines (the user's titles first). */
int average_file_init(struct adele *ctx, struct average_file *f,
                      const char *what, const char *const *titles, int n);
/* Opens it when the first run begins; does nothing with -check. */
int average_file_open(struct adele *ctx, struct average_file *f,
                      const struct where *where);
int average_file_put(struct adele *ctx, struct average_file *f,
                     const struct where *where, const struct text *block);
void average_file_fini(struct average_file *f);

/* A user's printf format of one number; text of a number by it. */
int average_format_check(struct adele *ctx, const char *format);
void average_format(struct text *out, const char *format, double value);

/* The error of a fix whose saved state belongs to other arguments. */
int average_other(struct adele *ctx, const struct instance *self);

/* ave one | running | window M of blocks of n numbers. */
enum average_mode { AVERAGE_ONE, AVERAGE_RUNNING, AVERAGE_WINDOW };
struct average_history {
    enum average_mode mode;
    int64_t length; /* M */
    int64_t n;
    double *sum;   /* [n] running */
    double *ring;  /* [length][n] window */
    int64_t count; /* blocks so far */
};

int average_history_parse(struct adele *ctx, const struct arg_list *words,
                          struct average_history *h);
int average_history_size(struct adele *ctx, struct average_history *h,
                         int64_t n);
/* Takes a block; total [n] gets the sum of the blocks that count, whose number
   is returned. */
int64_t average_history_add(struct average_history *h, const double *block,
                            double *total);
void average_history_save(const struct average_history *h, struct blob *to);
int average_history_load(struct average_history *h, struct blob *from);
void average_history_fini(struct average_history *h);

#endif

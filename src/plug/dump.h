/* Dumps: configurations written during a run.

   dump ID GROUP STYLE N FILE ...  A `*` in FILE is replaced by the step (one
   file a snapshot, zero-padded by dump_modify pad); .gz compresses.  The
   common part below opens files, schedules, and selects sites; a style writes
   one snapshot. */

#ifndef ADELE_DUMP_H
#define ADELE_DUMP_H

#include "base/file.h"
#include "plug/args.h"
#include "plug/column.h"
#include "plug/style.h"
#include "plug/value.h"

enum dump_compare { DUMP_LT, DUMP_LE, DUMP_GT, DUMP_GE, DUMP_EQ, DUMP_NE };
struct dump_thresh {
    struct column column;
    enum dump_compare compare;
    double value;
};

/* Which common dump_modify keywords were given (args.h .given). */
enum dump_given {
    DUMP_GIVEN_EVERY,
    DUMP_GIVEN_DELAY,
    DUMP_GIVEN_APPEND,
    DUMP_GIVEN_FIRST,
    DUMP_GIVEN_FLUSH,
    DUMP_GIVEN_PAD,
    DUMP_GIVEN_THRESH,
    DUMP_GIVEN_COUNT
};

struct dump {
    struct instance head;
    int64_t every;         /* > 0, or 0: `every v_name` */
    struct value every_at; /* N, or dump_modify every v_name: next step */
    int64_t delay;         /* no snapshot before this step */
    char *path;            /* with its `*` */
    bool append, first, flush;
    int64_t pad; /* dump_modify pad */
    struct arg_list thresh_words;
    bool given[DUMP_GIVEN_COUNT];
    struct dump_thresh *thresh; /* [nthresh] */
    int nthresh;
    struct column *column; /* [ncolumn], by dump_columns */
    int ncolumn;
    bool warned;       /* of a column that the force style cannot give */
    int64_t last;      /* step of the last snapshot, -1 none */
    int64_t next;      /* of `every v_name`: the step it named */
    int64_t written;   /* snapshots in this dump */
    struct file *file; /* of text styles while it is open */
};

struct dump_style {
    struct style style;
    const struct arg *modify; /* dump_modify keywords of this style, besides
                                 the common ones, each with its .given; fills
                                 the instance */
    /* One snapshot of the present configuration.  Text styles write to
       d->file, opened for them (own_file false); others open path_now. */
    bool own_file;
    int (*write)(struct adele *ctx, struct dump *d, const char *path_now);
    int (*modified)(struct adele *ctx, struct dump *d);  /* after dump_modify */
    unsigned (*need)(struct adele *ctx, struct dump *d); /* besides columns */
    int (*finish)(struct adele *ctx, struct dump *d);    /* end of a run */
    int (*close)(struct adele *ctx, struct dump *d);     /* undump */
};

/* The first two arguments of every dump style. */
// clang-format off
#define DUMP_ARGS                                                             \
    {ARG_INT, "N", AT(struct dump, every), .positive = true,                  \
     .unit = "steps", .doc = "a snapshot every N steps"},                     \
        {ARG_FILE, "FILE", AT(struct dump, path),                             \
         .doc = "file to write; each * becomes the step"}
// clang-format on

struct dump *dump_find(const struct adele *ctx, const char *id);
/* A dump of the words STYLE N FILE ..; not yet in the list.  id may be NULL.
   NULL with a recorded error. */
struct dump *dump_new(struct adele *ctx, const char *id, int group,
                      const struct words *words);
/* Completes and closes its files; the status tells whether that worked. */
int dump_free(struct adele *ctx, struct dump *d);
/* Writes a snapshot now (opening, naming, closing files). */
int dump_snapshot(struct adele *ctx, struct dump *d);
/* dump_modify's words after the ID, also used by write_dump .. modify.  After
   an error the dump is as before. */
int dump_modify(struct adele *ctx, struct dump *d, const struct words *words);
/* The first step >= ctx->step with a snapshot not yet written; INT64_MAX for
   none, -1 with a recorded error (a variable that names no later step). */
int64_t dump_next_step(struct adele *ctx, struct dump *d);
/* NEED_ bits of the next snapshot, as far as the force style gives them. */
unsigned dump_need(struct adele *ctx, struct dump *d);
/* End of a run: everything written so far reaches the disk. */
int dump_finish(struct adele *ctx, struct dump *d);

/* For the styles.  Local sites of the dump's group that pass its thresholds,
   ascending ids: *list (mem_free) [returned count]; -1 with a recorded error.
 */
int64_t dump_sites(struct adele *ctx, const struct dump *d, int64_t **list);
/* Parses the words into d->column; for init. */
int dump_columns(struct adele *ctx, struct dump *d, const struct word *word,
                 int n);
/* A column's values [nlocal]; nan, with one warning, where the force style
   does not give them. */
int dump_values(struct adele *ctx, struct dump *d, const struct column *c,
                double *out);
/* Releases the common part; for fini. */
void dump_fini(struct adele *ctx, void *self);
/* Errors of files, in the words all dumps share. */
int dump_file_error(struct adele *ctx, const struct dump *d, const char *path,
                    int error);

#endif

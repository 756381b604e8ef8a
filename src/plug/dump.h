/* Dumps: configurations written during a run.

   dump ID GROUP STYLE N FILE ...  A `*` in FILE is replaced by the step (one
   file a snapshot, zero-padded by dump_modify pad); .gz compresses.  The
   common part below opens files, schedules, and selects sites; a style writes
   one snapshot. */

#ifndef ADELE_DUMP_H
#define ADELE_DUMP_H

#include "base/file.h"
#include "plug/column.h"
#include "plug/style.h"
#include "plug/value.h"

struct dump {
    struct instance head;
    int64_t every;          /* > 0, or 0: `every v_name` */
    struct value every_at;  /* dump_modify every v_name: next step */
    char *path;             /* with its `*` */
    bool append, first, flush, sort;
    int pad;                /* dump_modify pad */
    int64_t last;           /* step of the last snapshot, -1 none */
    int64_t written;        /* snapshots in this dump */
    struct file *file;      /* of text styles while it is open */
};

struct dump_style {
    struct style style;
    const struct arg *modify; /* dump_modify keywords of this style, besides
                                 the common ones; fills the instance */
    /* One snapshot of the present configuration.  Text styles write to
       d->file, opened for them (own_file false); others open path_now. */
    bool own_file;
    int (*write)(struct adele *ctx, struct dump *d, const char *path_now);
    int (*modified)(struct adele *ctx, struct dump *d); /* after dump_modify */
    unsigned (*need)(struct adele *ctx, struct dump *d);
    int (*close)(struct adele *ctx, struct dump *d); /* end of run, undump */
};

struct dump *dump_find(const struct adele *ctx, const char *id);
/* Writes a snapshot now (opening, naming, closing files). */
int dump_snapshot(struct adele *ctx, struct dump *d);
/* dump_modify's words after the ID, also used by write_dump .. modify. */
int dump_modify(struct adele *ctx, struct dump *d, const struct words *words);
int64_t dump_next_step(struct adele *ctx, struct dump *d); /* >= ctx->step, after now */
/* Local sites of the dump's group, ascending ids: *list [returned count]. */
int64_t dump_sites(struct adele *ctx, const struct dump *d, int64_t **list);

#endif

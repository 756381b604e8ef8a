/* Reading configurations back: LAMMPS text dumps (dump custom, plain or gzip)
   and datasets (dump dataset), for read_dump and rerun.

   A source is opened, asked for its next snapshot, and then either read into
   arrays or passed over.  Nothing is changed in the simulation before a whole
   snapshot is in memory and checked. */

#ifndef ADELE_SNAPSHOT_H
#define ADELE_SNAPSHOT_H

#include "core/context.h"
#include "plug/args.h"

struct snapshots;

/* What the head of a snapshot says. */
struct snapshot {
    int64_t step, nsite;
    double time;
    bool has_time;
};

/* Opens a file; NULL with an error at `where`. */
struct snapshots *snapshots_open(struct adele *ctx, const char *path,
                                 const struct where *where);
void snapshots_close(struct snapshots *s);
/* With -check, a file that an earlier command of the deck would have made is
   not there yet: true, with a warning. */
bool snapshots_not_yet(struct adele *ctx, const char *path);
/* The next head; *end at the end of the file.  What an earlier snapshot has
   left unread is passed over. */
int snapshots_next(struct adele *ctx, struct snapshots *s,
                   struct snapshot *head, bool *end);
/* The present snapshot's columns: value[k*nsite + site], site order; checks
   number of sites, that every id comes once, the columns' names. */
int snapshots_read(struct adele *ctx, struct snapshots *s,
                   const struct arg_list *columns, double *value);

/* Reads the columns and sets displacement and velocity from them. */
int snapshots_apply(struct adele *ctx, struct snapshots *s,
                    const struct arg_list *columns);
/* Whether each word names a displacement or velocity of the model. */
int snapshots_columns(struct adele *ctx, const struct arg_list *columns);

#endif

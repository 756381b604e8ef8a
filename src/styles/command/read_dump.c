/* read_dump FILE STEP columns .. [timestep yes|no]: the displacement and
   velocity of a snapshot become the simulation's.

   FILE is a LAMMPS text dump (plain or .gz) with a column id, site index + 1,
   or a dataset of dump dataset. */

#include <inttypes.h>

#include "plug/command.h"
#include "plug/snapshot.h"
#include "run/run.h"

struct read_dump {
    struct instance head;
    char *path;
    int64_t step;
    struct arg_list columns;
    bool timestep;
};

static const struct arg args[] = {
    {ARG_FILE, "FILE", AT(struct read_dump, path),
     .doc = "LAMMPS text dump (also .gz), or HDF5 file of dump dataset"},
    {ARG_INT, "STEP", AT(struct read_dump, step), .nonnegative = true,
     .unit = "steps", .doc = "the snapshot to read"},
    {ARG_LIST, "column", AT(struct read_dump, columns),
     .doc = "displacements and velocities by name (q vq)"},
    {ARG_BOOL, "timestep", AT(struct read_dump, timestep), .key = true,
     .def = "yes", .doc = "take over the step and the time, too"},
    {0}};

/* Stands before the snapshot of that step. */
static int seek(struct adele *ctx, const struct read_dump *c,
                struct snapshots *s, struct snapshot *head)
{
    int64_t first = -1, last = -1, n = 0;
    bool end = false;
    for (;;) {
        int status = snapshots_next(ctx, s, head, &end);
        if (status || (!end && head->step == c->step))
            return status;
        if (end)
            break;
        first = n++ ? first : head->step;
        last = head->step;
    }
    if (n == 0)
        return err_deck(ctx, NULL, "read_dump: '%s' holds no snapshot",
                        c->path);
    return err_deck(ctx, NULL,
                    "read_dump: '%s' holds no snapshot of step %" PRId64
                    "; it has %" PRId64 ", from step %" PRId64 " to %" PRId64,
                    c->path, c->step, n, first, last);
}

static int run(struct adele *ctx, void *self, const struct words *words)
{
    struct read_dump *c = self;
    struct snapshot head;
    int status = snapshots_columns(ctx, &c->columns);
    if (status || snapshots_not_yet(ctx, c->path))
        return status;
    struct snapshots *s = snapshots_open(ctx, c->path, &words->word[1].where);
    if (!s)
        return ctx->error.status;
    status = seek(ctx, c, s, &head);
    if (!status)
        status = snapshots_apply(ctx, s, &c->columns);
    snapshots_close(s);
    if (status || !c->timestep)
        return status;
    return run_reset_step(ctx, head.step, head.has_time ? &head.time : NULL);
}

const struct command_style command_read_dump = {
    .style = {STYLE_HEAD(command, "read_dump", struct read_dump),
              .summary = "set the lattice from a snapshot in a file",
              .args = args},
    .run = run};

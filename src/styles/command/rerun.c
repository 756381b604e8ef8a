/* rerun FILE .. [first N] [last N] [every N] [skip N] [start N] [stop N]
   [post yes|no] dump columns ..: steps through snapshots on file as if a run
   had arrived there, so that thermo, computes, fix ave/.. and dumps act.

   Snapshots must come with rising steps; one that goes back (the overlap of
   two files) is passed over, as in LAMMPS. */

#include <inttypes.h>

#include "plug/command.h"
#include "plug/snapshot.h"
#include "run/run.h"

struct rerun {
    struct instance head;
    struct arg_list files, columns;
    int64_t first, last, every, skip, start, stop;
    bool given_start, given_stop, post;
    int64_t visited, passed;
};

static const struct arg args[] = {
    {ARG_LIST, "FILE", AT(struct rerun, files),
     .doc = "LAMMPS text dumps (also .gz) or files of dump dataset"},
    {ARG_INT, "first", AT(struct rerun, first), .key = true, .def = "0",
     .nonnegative = true, .unit = "steps", .doc = "no snapshot before it"},
    {ARG_INT, "last", AT(struct rerun, last), .key = true,
     .def = "9223372036854775807", .nonnegative = true, .unit = "steps",
     .doc = "no snapshot after it"},
    {ARG_INT, "every", AT(struct rerun, every), .key = true, .def = "0",
     .nonnegative = true, .unit = "steps",
     .doc = "only steps that are multiples of it; 0: all"},
    {ARG_INT, "skip", AT(struct rerun, skip), .key = true, .def = "1",
     .positive = true, .doc = "only every so-manieth of those"},
    {ARG_INT, "start", AT(struct rerun, start), .key = true,
     .given = AT(struct rerun, given_start), .unit = "steps",
     .doc = "beginning of ramps"},
    {ARG_INT, "stop", AT(struct rerun, stop), .key = true,
     .given = AT(struct rerun, given_stop), .unit = "steps",
     .doc = "end of ramps"},
    {ARG_BOOL, "post", AT(struct rerun, post), .key = true, .def = "yes",
     .doc = "print the summary of a run at the end"},
    {ARG_REST, "dump", AT(struct rerun, columns), .key = true, .required = true,
     .syntax = "column ...", .min = 1, .bounded = true,
     .doc = "displacements and velocities by name (q vq), last on the line"},
    {0}};

static bool wanted(const struct adele *ctx, struct rerun *c,
                   const struct snapshot *head)
{
    if (head->step < c->first || head->step > c->last)
        return false;
    if (c->every > 0 && head->step % c->every != 0)
        return false;
    if (c->visited > 0 && head->step <= ctx->step)
        return false;
    return c->passed++ % c->skip == 0;
}

static int visit(struct adele *ctx, struct rerun *c, struct snapshots *s,
                 const struct snapshot *head)
{
    int status = snapshots_apply(ctx, s, &c->columns);
    if (status)
        return status;
    adele_set_step(ctx, head->step);
    if (head->has_time)
        ctx->time = head->time;
    return run_visit(ctx, c->visited++ == 0);
}

static int one_file(struct adele *ctx, struct rerun *c, const struct word *w)
{
    struct snapshots *s = snapshots_open(ctx, w->text, &w->where);
    struct snapshot head;
    bool end = false;
    if (!s)
        return ctx->error.status;
    int status = snapshots_next(ctx, s, &head, &end);
    while (!status && !end && !ctx->interrupt) {
        if (wanted(ctx, c, &head))
            status = visit(ctx, c, s, &head);
        if (!status)
            status = snapshots_next(ctx, s, &head, &end);
    }
    snapshots_close(s);
    return status;
}

static int run(struct adele *ctx, void *self, const struct words *words)
{
    struct rerun *c = self;
    (void)words;
    int status = snapshots_columns(ctx, &c->columns);
    if (status)
        return status;
    for (int k = 0; k < c->files.n; k++)
        if (snapshots_not_yet(ctx, c->files.word[k].text))
            return ADELE_OK;
    ctx->run_begin = c->given_start ? c->start : c->first;
    ctx->run_end = c->given_stop ? c->stop : c->last;
    for (int k = 0; !status && k < c->files.n; k++)
        status = one_file(ctx, c, &c->files.word[k]);
    if (c->visited == 0)
        return status ? status
                      : err_deck(ctx, NULL,
                                 "rerun: no snapshot of the files "
                                 "lies within first, last and every");
    int finished = run_visit_end(ctx, c->visited, c->post);
    if (!status && ctx->interrupt)
        status = ADELE_EINTERRUPT;
    return status ? status : finished;
}

const struct command_style command_rerun = {
    .style = {STYLE_HEAD(command, "rerun", struct rerun),
              .summary = "measure along snapshots on file", .args = args},
    .run = run};

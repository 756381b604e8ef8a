/* run N [upto] [start N] [stop N] [pre yes|no] [post yes|no] [every M "cmd"..]:
   integrates N steps.  LAMMPS's meaning throughout: with `every` the run is
   cut into stretches of M steps between which the commands are executed. */

#include "run/run.h"

#include <string.h>

#include "plug/command.h"

struct run {
    struct instance head;
    int64_t steps;
    bool upto, pre, post;
    int64_t start, stop, every;
    bool has_start, has_stop, has_every;
    struct arg_list commands;
};

static const struct arg args[] = {
    {ARG_INT, "N", AT(struct run, steps), .nonnegative = true, .unit = "steps",
     .doc = "how many; with upto: the last step"},
    {ARG_FLAG, "upto", AT(struct run, upto), .key = true,
     .doc = "N is the number of the last step"},
    {ARG_INT, "start", AT(struct run, start), .key = true, .nonnegative = true,
     .given = AT(struct run, has_start), .unit = "steps",
     .doc = "step at which ramps begin (default: the first of the run)"},
    {ARG_INT, "stop", AT(struct run, stop), .key = true, .nonnegative = true,
     .given = AT(struct run, has_stop), .unit = "steps",
     .doc = "step at which ramps end (default: the last of the run)"},
    {ARG_BOOL, "pre", AT(struct run, pre), .key = true, .def = "yes",
     .doc = "set everything up first; no: go on from the last run"},
    {ARG_BOOL, "post", AT(struct run, post), .key = true, .def = "yes",
     .doc = "print the timing summary"},
    {ARG_LIST, "every", AT(struct run, commands), .key = true,
     .given = AT(struct run, has_every), .syntax = "M \"command\" ..",
     .bounded = true, .min = 1,
     .doc = "executes the commands after every M steps; last on the line"},
    {0}};

/* `every M`: the first word of the list. */
static int read_every(struct adele *ctx, struct run *r)
{
    const struct word *w = &r->commands.word[0];

    if (!r->has_every)
        return 0;
    if (arg_integer(ctx, w, "M", &r->every))
        return ctx->error.status;
    if (r->every < 1)
        return err_deck(ctx, &w->where,
                        "run: expected M (integer > 0), found "
                        "'%s'",
                        w->text);
    return 0;
}

static int read_steps(struct adele *ctx, struct run *r)
{
    if (!r->upto)
        return 0;
    if (r->steps < ctx->step)
        return err_deck(ctx, NULL,
                        "run: step %lld of `upto` is passed already, the "
                        "simulation is at step %lld",
                        (long long)r->steps, (long long)ctx->step);
    r->steps -= ctx->step;
    return 0;
}

static int check_ramp(struct adele *ctx, const struct run *r)
{
    int64_t last = ctx->step + r->steps;

    if (r->steps > INT64_MAX - ctx->step)
        return err_deck(ctx, NULL,
                        "run: step %lld + %lld is too large a "
                        "number",
                        (long long)ctx->step, (long long)r->steps);
    if (r->has_start && r->start > ctx->step)
        return err_deck(ctx, NULL,
                        "run: start %lld lies after the present step %lld",
                        (long long)r->start, (long long)ctx->step);
    if (r->has_stop && r->stop < last)
        return err_deck(ctx, NULL,
                        "run: stop %lld lies before the last step %lld",
                        (long long)r->stop, (long long)last);
    return 0;
}

static int run_commands(struct adele *ctx, const struct run *r)
{
    for (int i = 1; i < r->commands.n; i++) {
        const struct word *w = &r->commands.word[i];
        int status;

        if (!w->quote && strcmp(w->text, "NULL") == 0)
            continue;
        status = ctx->execute(ctx, w->text, "(run every)");
        if (status)
            return status;
    }
    return 0;
}

static int run_part(struct adele *ctx, struct run_options *o)
{
    int status = run_prepare(ctx, o);

    return status ? status : run_steps(ctx, o);
}

static int run_in_parts(struct adele *ctx, const struct run *r,
                        struct run_options o)
{
    int64_t left = r->steps;
    int status = 0;
    bool first = true;

    while (!status && (left > 0 || first)) {
        int64_t step = ctx->step;

        o.steps = left < r->every ? left : r->every;
        o.pre = r->pre || first;
        o.post = r->post || left <= r->every;
        status = run_part(ctx, &o);
        if (!status && (!ctx->check_only || first))
            status = run_commands(ctx, r);
        /* Halted before its time: the rest of the run is not done either. */
        if (ctx->step < step + o.steps)
            break;
        left -= o.steps;
        first = false;
    }
    return status;
}

static int run(struct adele *ctx, void *self, const struct words *words)
{
    struct run *r = self;
    struct run_options o;

    (void)words;
    if (need_pair(ctx) || read_every(ctx, r) || read_steps(ctx, r) ||
        check_ramp(ctx, r))
        return ctx->error.status;
    if (ctx->running)
        return err_deck(ctx, NULL, "run cannot start within a run");
    o = (struct run_options){.steps = r->steps,
                             .pre = r->pre,
                             .post = r->post,
                             .has_start = r->has_start,
                             .has_stop = r->has_stop,
                             .start = r->start,
                             .stop = r->stop};
    if (!r->has_every)
        return run_part(ctx, &o);
    if (!o.has_start)
        o.start = ctx->step;
    if (!o.has_stop)
        o.stop = ctx->step + r->steps;
    o.has_start = o.has_stop = true;
    return run_in_parts(ctx, r, o);
}

const struct command_style command_run = {
    .style = {STYLE_HEAD(command, "run", struct run),
              .summary = "integrate the motion for a number of steps",
              .args = args},
    .run = run};

/* Outputs at their steps: table lines, snapshots, restart files.

   The step of each next output is known beforehand, so that the one force
   evaluation of a step gives everything that its outputs read (run_need).  At
   one step snapshots come first, then the restart file, then the table line,
   as in LAMMPS. */

#include <errno.h>
#include <string.h>

#include "base/mem.h"
#include "plug/dump.h"
#include "plug/fix.h"
#include "plug/pair.h"
#include "run/restart.h"
#include "run/schedule.h"
#include "run/thermo.h"

static const double flush_interval = 1.0;    /* seconds */
static const double progress_interval = 0.2; /* seconds */

static int plan_dump(struct adele *ctx, struct dump_time *t, struct dump *d)
{
    t->dump = d;
    t->next = dump_next_step(ctx, d);
    return t->next < 0 ? ctx->error.status : 0;
}

static int plan_dumps(struct adele *ctx, struct schedule *s)
{
    int n = ctx->dumps.n;
    struct dump_time *grown;

    if (n != s->ndump) {
        grown = mem_resize(s->dump_time, (size_t)n, sizeof *grown);
        if (!grown)
            return err_memory(ctx, "the schedule of dumps", 16.0 * n);
        s->dump_time = grown;
        s->ndump = n;
    }
    for (int i = 0; i < n; i++) {
        if (plan_dump(ctx, &s->dump_time[i], ctx->dumps.item[i]))
            return ctx->error.status;
    }
    return 0;
}

int output_plan(struct adele *ctx)
{
    struct schedule *s = ctx->schedule;

    s->next_thermo = ctx->step;
    s->thermo_step = -1;
    s->next_restart = restart_next(ctx);
    s->flush_at = 0;
    return plan_dumps(ctx, s);
}

int output_plan_visit(struct adele *ctx)
{
    struct schedule *s = ctx->schedule;

    s->next_thermo = thermo_is_due(ctx) ? ctx->step : INT64_MAX;
    s->next_restart = INT64_MAX;
    return plan_dumps(ctx, s);
}

unsigned output_need(struct adele *ctx, int64_t step)
{
    const struct schedule *s = ctx->schedule;
    unsigned need = 0;

    if (!s)
        return 0;
    if (step == s->next_thermo || step == ctx->run_last)
        need |= thermo_need(ctx);
    for (int i = 0; i < s->ndump && i < ctx->dumps.n; i++) {
        if (s->dump_time[i].next == step)
            need |= dump_need(ctx, ctx->dumps.item[i]);
    }
    return need;
}

unsigned run_need(struct adele *ctx, int64_t step)
{
    unsigned need = NEED_FORCE | output_need(ctx, step);

    for (int i = 0; i < ctx->fixes.n; i++) {
        struct fix *f = ctx->fixes.item[i];
        const struct fix_style *style = (const void *)f->head.style;

        if (style->need)
            need |= style->need(ctx, f, step);
    }
    return need;
}

static int write_dumps(struct adele *ctx, struct schedule *s)
{
    int status = 0;

    /* A fix or a variable may have made or removed one since the plan. */
    for (int i = 0; i < ctx->dumps.n; i++) {
        if (i >= s->ndump || s->dump_time[i].dump != ctx->dumps.item[i]) {
            status = plan_dumps(ctx, s);
            break;
        }
    }
    for (int i = 0; i < ctx->dumps.n && !status; i++) {
        struct dump *d = ctx->dumps.item[i];

        if (s->dump_time[i].next != ctx->step)
            continue;
        status = dump_snapshot(ctx, d);
        if (!status)
            status = plan_dump(ctx, &s->dump_time[i], d);
    }
    return status;
}

static int write_line(struct adele *ctx, struct schedule *s)
{
    int status = thermo_line(ctx);

    s->thermo_step = ctx->step;
    if (!status) {
        s->next_thermo = thermo_next(ctx);
        if (s->next_thermo < 0)
            status = ctx->error.status;
    }
    if (wall_time() - s->flush_at > flush_interval) {
        log_flush(&ctx->log);
        s->flush_at = wall_time();
    }
    return status;
}

int output_check(struct adele *ctx)
{
    if (!ctx->log.failed)
        return 0;
    return err_run(ctx,
                   "the log file '%s' can no longer be written (is the disk "
                   "full?); the run ends at step %lld",
                   ctx->log.path ? ctx->log.path : "?", (long long)ctx->step);
}

static void print_memory(struct adele *ctx)
{
    double held = (double)mem_held() / 1048576.0;

    log_printf(&ctx->log,
               "Per MPI rank memory allocation (min/avg/max) = %.4g | %.4g | "
               "%.4g Mbytes\n",
               held, held, held);
}

int output_first(struct adele *ctx)
{
    struct schedule *s = ctx->schedule;
    enum task before = timers_enter(&ctx->timers, TASK_OUTPUT);
    int status = write_dumps(ctx, s);

    if (!status) {
        print_memory(ctx);
        status = thermo_begin(ctx);
    }
    if (!status)
        status = write_line(ctx, s);
    if (!status)
        status = output_check(ctx);
    timers_enter(&ctx->timers, before);
    return status;
}

int output_step(struct adele *ctx)
{
    struct schedule *s = ctx->schedule;
    enum task before = timers_enter(&ctx->timers, TASK_OUTPUT);
    int status = write_dumps(ctx, s);

    if (!status && s->next_restart == ctx->step) {
        status = restart_due(ctx);
        s->next_restart = restart_next(ctx);
    }
    if (!status && s->next_thermo == ctx->step)
        status = write_line(ctx, s);
    if (!status)
        status = output_check(ctx);
    timers_enter(&ctx->timers, before);
    return status;
}

int output_last(struct adele *ctx)
{
    struct schedule *s = ctx->schedule;
    enum task before;
    int status = 0;

    if (s->thermo_step == ctx->step)
        return 0;
    before = timers_enter(&ctx->timers, TASK_OUTPUT);
    status = run_forces(ctx, thermo_need(ctx));
    if (!status)
        status = write_line(ctx, s);
    timers_enter(&ctx->timers, before);
    return status;
}

int output_finish(struct adele *ctx)
{
    int status = 0;

    for (int i = 0; i < ctx->dumps.n; i++) {
        int closed = dump_finish(ctx, ctx->dumps.item[i]);

        status = status ? status : closed;
    }
    return status;
}

void output_progress(struct adele *ctx)
{
    struct schedule *s = ctx->schedule;
    double now, rate, left;
    int64_t done = ctx->step - s->loop_step;
    char clock[24];
    char line[128];

    if (!ctx->log.terminal || done <= 0)
        return;
    now = wall_time();
    if (now - s->progress_at < progress_interval)
        return;
    s->progress_at = now;
    rate = (double)done / (now - s->loop_wall);
    left = (double)(ctx->run_last - ctx->step) / rate;
    snprintf(line, sizeof line,
             "step %lld of %lld  %3.0f %%  %.4g steps/s  %s left",
             (long long)ctx->step, (long long)ctx->run_last,
             100.0 * (double)done / (double)(ctx->run_last - s->loop_step),
             rate, text_clock(clock, left));
    log_progress(&ctx->log, line);
}

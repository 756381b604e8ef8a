/* The end of a run: how long it took, on what, and the memory it holds; and
   the clock that ends runs (`timer timeout`). */

#include <time.h>

#include "base/mem.h"
#include "plug/pair.h"
#include "run/schedule.h"

static double cpu_time(void)
{
    struct timespec now;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

void summary_start(struct adele *ctx)
{
    struct schedule *s = ctx->schedule;

    timers_reset(&ctx->timers);
    s->loop_wall = ctx->run_start_wall = ctx->timers.since;
    s->loop_cpu = cpu_time();
    s->loop_step = ctx->step;
    s->progress_at = s->loop_wall;
    if (s->timeout >= 0 && s->timeout_start < 0)
        s->timeout_start = s->loop_wall;
    ctx->deadline = s->timeout >= 0 ? s->timeout_start + s->timeout : 0;
}

void summary_stop(struct adele *ctx)
{
    struct schedule *s = ctx->schedule;

    timers_enter(&ctx->timers, TASK_OTHER);
    s->loop_wall = ctx->timers.since - s->loop_wall;
    s->loop_cpu = cpu_time() - s->loop_cpu;
    s->loop_timers = ctx->timers; /* which go on with the end of the run */
}

static double share(const struct timers *t, const enum task *task, int n)
{
    double sum = 0;

    for (int i = 0; i < n; i++)
        sum += t->spent[task[i]];
    return sum;
}

static void print_row(struct adele *ctx, const char *name, double seconds,
                      double total)
{
    log_printf(&ctx->log, "%-8s| %-10.5g | %-10.5g | %-10.5g |%6.1f |%6.2f\n",
               name, seconds, seconds, seconds, 0.0,
               total > 0 ? 100.0 * seconds / total : 0.0);
}

static void print_breakdown(struct adele *ctx)
{
    static const enum task pair[] = {TASK_PAIR,    TASK_BUILD, TASK_SOLVE,
                                     TASK_DENSITY, TASK_FORCE, TASK_DESCRIPTOR,
                                     TASK_NETWORK};
    static const char *const part[] = {
        NULL, " build", " solve", " density", " force", " descr", " network"};
    const struct timers *t = &ctx->schedule->loop_timers;
    double total = 0;
    int n = sizeof pair / sizeof *pair;

    for (int i = 0; i < TASK_COUNT; i++)
        total += t->spent[i];
    log_printf(&ctx->log,
               "\nMPI task timing breakdown:\n"
               "Section |  min time  |  avg time  |  max time  |%%varavg| "
               "%%total\n"
               "-----------------------------------------------------------"
               "----\n");
    print_row(ctx, "Pair", share(t, pair, n), total);
    for (int i = 1; i < n; i++) {
        if (t->spent[pair[i]] > 0)
            print_row(ctx, part[i], t->spent[pair[i]], total);
    }
    print_row(ctx, "Modify", t->spent[TASK_MODIFY], total);
    print_row(ctx, "Comm", t->spent[TASK_COMM], total);
    print_row(ctx, "Output", t->spent[TASK_OUTPUT], total);
    print_row(ctx, "Other", t->spent[TASK_OTHER], total);
}

void summary_loop(struct adele *ctx, int64_t steps)
{
    log_printf(&ctx->log,
               "Loop time of %g on %d procs for %lld steps with %lld sites\n",
               ctx->schedule->loop_wall, ctx->nthread, (long long)steps,
               (long long)ctx->lat->nsite);
}

static void print_pair(struct adele *ctx)
{
    const struct pair_style *style;

    if (!ctx->pair)
        return;
    style = (const struct pair_style *)ctx->pair->head.style;
    if (style->report) {
        log_printf(&ctx->log, "\n");
        style->report(ctx, ctx->pair);
    }
}

void summary_tasks(struct adele *ctx, int64_t steps)
{
    const struct schedule *s = ctx->schedule;
    char held[16], peak[16];

    if (s->detail == RUN_DETAIL_OFF)
        return;
    if (s->detail != RUN_DETAIL_LOOP && steps > 0)
        print_breakdown(ctx);
    print_pair(ctx);
    log_printf(&ctx->log,
               "\nMemory: %s held, %s at most, %.0f bytes a site\n\n",
               text_bytes(held, (double)mem_held()),
               text_bytes(peak, (double)mem_peak()),
               (double)mem_held() / (double)ctx->lat->nsite);
}

void summary_rate(struct adele *ctx, int64_t steps)
{
    const struct schedule *s = ctx->schedule;
    double wall = s->loop_wall, rate;

    if (s->detail == RUN_DETAIL_OFF || steps <= 0 || wall <= 0)
        return;
    rate = (double)steps / wall;
    log_printf(&ctx->log,
               "\nPerformance: %.3f timesteps/s, %.3f Msite-step/s\n"
               "%.1f%% CPU use with 1 MPI tasks x %d OpenMP threads\n",
               rate, 1e-6 * rate * (double)ctx->lat->nsite,
               100.0 * s->loop_cpu / wall / ctx->nthread, ctx->nthread);
}

int run_timer_get(struct adele *ctx, struct run_timer *t)
{
    const struct schedule *s = schedule_of(ctx);

    if (!s)
        return ctx->error.status;
    *t = (struct run_timer){
        .timeout = s->timeout, .every = s->timeout_every, .detail = s->detail};
    return 0;
}

int run_timer_set(struct adele *ctx, const struct run_timer *t, bool anew)
{
    struct schedule *s = schedule_of(ctx);

    if (!s)
        return ctx->error.status;
    s->timeout = t->timeout;
    s->timeout_every = t->every;
    s->detail = t->detail;
    if (anew) {
        s->timeout_start = -1;
        ctx->halt = HALT_NONE;
    }
    return 0;
}

double run_time_left(const struct adele *ctx)
{
    const struct schedule *s = ctx->schedule;
    double left;

    if (!s || s->timeout < 0)
        return -1;
    if (s->timeout_start < 0)
        return s->timeout;
    left = s->timeout_start + s->timeout - wall_time();
    return left > 0 ? left : 0;
}

bool run_stopped(struct adele *ctx, int64_t done)
{
    struct schedule *s = ctx->schedule;

    if (ctx->halt || ctx->interrupt)
        return true;
    if (s->timeout < 0 || done % s->timeout_every || run_time_left(ctx) > 0)
        return false;
    log_printf(&ctx->log, "Wall time limit reached\n");
    ctx->halt = HALT_ALL;
    return true;
}

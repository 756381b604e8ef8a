/* The time loop.

   A run is: set-up (forces of the present configuration, `setup` of the fixes,
   outputs of the first step), then for each step

       initial_integrate of all fixes, forces, post_force, final_integrate,
       thermostat, end_of_step, outputs,

   then `finish` of the fixes, the dumps and the summary.  Forces are asked for
   once a step with everything that the outputs of that step read.

   A step that fails (a solver, a formula, numbers out of range) leaves the
   state of the last complete step on lattices up to backup_limit values; on
   larger ones the copy would cost as much as the step, and the state is that
   of the step which failed.  deck: run N */

#include "run/run.h"

#include <math.h>
#include <omp.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>

#include "base/mem.h"
#include "base/parallel.h"
#include "plug/dump.h"
#include "plug/fix.h"
#include "plug/model.h"
#include "plug/pair.h"
#include "run/restart.h"
#include "run/schedule.h"
#include "run/thermo.h"

enum {
    BACKUP_LIMIT = 1 << 18, /* values of displacement kept at each step */
    CHECK_LIMIT = 1 << 16,  /* up to here every step is checked .. */
    CHECK_EVERY = 10,       /* .. above it one step in so many */
    THREAD_LIMIT = 4096     /* sites: fewer are not worth a second thread */
};

/* Larger values cannot be squared and summed over a lattice. */
static const double largest = 1e140;

struct schedule *schedule_of(struct adele *ctx)
{
    struct schedule *s = ctx->schedule;

    if (s)
        return s;
    s = mem_zalloc(1, sizeof *s);
    if (!s) {
        err_memory(ctx, "the schedule of outputs", sizeof *s);
        return NULL;
    }
    s->next_thermo = s->next_restart = INT64_MAX;
    s->thermo_step = -1;
    s->timeout = s->timeout_start = -1;
    s->timeout_every = 1;
    s->detail = RUN_DETAIL_NORMAL;
    ctx->schedule = s;
    return s;
}

unsigned run_given(const struct adele *ctx, unsigned need)
{
    return need & forces_gives(ctx);
}

typedef int (*fix_call)(struct adele *ctx, struct fix *f);

int run_each_fix(struct adele *ctx, size_t place)
{
    enum task before = timers_enter(&ctx->timers, TASK_MODIFY);
    int status = 0;

    for (int i = 0; i < ctx->fixes.n && !status; i++) {
        struct fix *f = ctx->fixes.item[i];
        const char *style = (const char *)f->head.style;
        fix_call call = *(const fix_call *)(const void *)(style + place);

        if (call)
            status = call(ctx, f);
    }
    timers_enter(&ctx->timers, before);
    return status;
}

#define EACH_FIX(ctx, function)                                                \
    run_each_fix(ctx, offsetof(struct fix_style, function))

static int end_of_step(struct adele *ctx)
{
    enum task before = timers_enter(&ctx->timers, TASK_MODIFY);
    int status = 0;

    for (int i = 0; i < ctx->fixes.n && !status; i++) {
        struct fix *f = ctx->fixes.item[i];
        const struct fix_style *style = (const void *)f->head.style;

        if (style->end_of_step && (f->every <= 0 || ctx->step % f->every == 0))
            status = style->end_of_step(ctx, f);
    }
    timers_enter(&ctx->timers, before);
    return status;
}

static bool forces_are_changed(const struct adele *ctx)
{
    for (int i = 0; i < ctx->fixes.n; i++) {
        const struct fix *f = ctx->fixes.item[i];

        if (((const struct fix_style *)f->head.style)->post_force)
            return true;
    }
    return false;
}

/* On large lattices a copy of the forces costs a good part of a step.  When no
   fix changes them and no output reads those of the force style, the two
   fields change places; who asks for the force style's own later gets them
   computed again. */
static bool may_swap(struct adele *ctx)
{
    const struct field *a = ctx->state.force, *b = ctx->forces->force;

    return a->lat->nlocal * a->ncomp > BACKUP_LIMIT && a->size == b->size &&
           memcmp(a->halo, b->halo, sizeof a->halo) == 0 &&
           !forces_are_changed(ctx) &&
           !(output_need(ctx, ctx->step) & NEED_FORCE);
}

/* The forces of the force style into ctx->state.force. */
static int take_forces(struct adele *ctx, unsigned need)
{
    struct schedule *s = ctx->schedule;
    struct field *own = ctx->state.force;
    bool current = s && s->swapped_for == pair_stamp(ctx) &&
                   s->swapped_tag == own->tag && !forces_are_changed(ctx);
    int status;

    if (current)
        need &= ~(unsigned)NEED_FORCE;
    status = forces_require(ctx, run_given(ctx, need));
    if (status || current)
        return status;
    if (!(forces_gives(ctx) & NEED_FORCE)) {
        for (int c = 0; c < own->ncomp; c++)
            field_fill(own, c, 0.0);
        return 0;
    }
    if (!s || !may_swap(ctx))
        return field_copy(own, ctx->forces->force)
                   ? err_memory(ctx, "forces", (double)field_bytes(own))
                   : 0;
    ctx->state.force = ctx->forces->force;
    ctx->forces->force = own;
    ctx->forces->have &= ~(unsigned)NEED_FORCE;
    ctx->state.force->tag = ++ctx->clock;
    s->swapped_for = pair_stamp(ctx);
    s->swapped_tag = ctx->state.force->tag;
    return 0;
}

int run_forces(struct adele *ctx, unsigned need)
{
    enum task before = timers_enter(&ctx->timers, TASK_PAIR);
    int status = take_forces(ctx, need | NEED_FORCE);

    timers_enter(&ctx->timers, before);
    return status ? status : EACH_FIX(ctx, post_force);
}

/* The first local site with a value that is not below `largest`, or -1. */
static int64_t first_wild(const struct field *f, int comp)
{
    const struct lattice *lat = f->lat;
    int nb = lat->shape.nbasis;
    int64_t nrow = field_nrow(f), first = INT64_MAX;

    for (int b = 0; b < nb; b++) {
        const double *base = field_read(f, comp, b);

#pragma omp parallel for reduction(min                                         \
                                   : first)                                    \
    schedule(static) if (lat->nlocal >= PARALLEL_MIN)
        for (int64_t r = 0; r < nrow; r++) {
            const double *v = base + field_row(f, r);
            int bad = 0;

            for (int x = 0; x < lat->local[0]; x++)
                bad |= !(fabs(v[x]) < largest);
            for (int x = 0; bad && x < lat->local[0]; x++) {
                int64_t site = (r * lat->local[0] + x) * nb + b;

                if (!(fabs(v[x]) < largest) && site < first)
                    first = site;
            }
        }
    }
    return first == INT64_MAX ? -1 : first;
}

int run_check_field(struct adele *ctx, const struct field *f, int kind)
{
    double *value;
    double wild;

    for (int c = 0; c < f->ncomp; c++) {
        const struct component *name = &ctx->model->component[c];
        int64_t site = first_wild(f, c);

        if (site < 0)
            continue;
        value = mem_alloc((size_t)f->lat->nlocal, sizeof *value);
        if (value)
            field_gather(f, c, value);
        wild = value ? value[site] : NAN;
        mem_free(value);
        return err_run(ctx,
                       "the run blew up at step %lld: %s of site %lld became "
                       "%g; a shorter timestep may help (now %g)",
                       (long long)ctx->step,
                       kind ? name->force : name->displacement,
                       (long long)(site + 1), wild, ctx->dt);
    }
    return 0;
}

static bool is_checked(const struct adele *ctx)
{
    return ctx->lat->nlocal * ctx->model->ncomp <= CHECK_LIMIT ||
           ctx->step % CHECK_EVERY == 0 || ctx->step == ctx->run_last;
}

/* The state before a step, to return to. */

static int backup_start(struct adele *ctx, struct schedule *s)
{
    int64_t n = ctx->lat->nlocal * ctx->model->ncomp;

    s->have_old = false;
    if (n > BACKUP_LIMIT)
        return 0;
    s->old = mem_alloc((size_t)(2 * n), sizeof *s->old);
    return s->old ? 0 : err_memory(ctx, "the last step", 16.0 * (double)n);
}

static void backup_end(struct schedule *s)
{
    mem_free(s->old);
    s->old = NULL;
    s->have_old = false;
}

static void backup_keep(struct adele *ctx, struct schedule *s)
{
    int64_t n = ctx->lat->nlocal;

    s->old_step = ctx->step;
    s->old_tick = ctx->tick;
    s->old_time = ctx->time;
    if (!s->old)
        return;
    for (int c = 0; c < ctx->model->ncomp; c++) {
        field_gather(ctx->state.displacement, c, s->old + 2 * c * n);
        field_gather(ctx->state.velocity, c, s->old + (2 * c + 1) * n);
    }
    s->have_old = true;
}

static void backup_restore(struct adele *ctx, struct schedule *s)
{
    int64_t n = ctx->lat->nlocal;

    if (!s->have_old)
        return;
    for (int c = 0; c < ctx->model->ncomp; c++) {
        field_scatter(ctx->state.displacement, c, s->old + 2 * c * n);
        field_scatter(ctx->state.velocity, c, s->old + (2 * c + 1) * n);
    }
    adele_set_step(ctx, s->old_step);
    ctx->tick = s->old_tick;
    ctx->time = s->old_time;
    for (int k = 0; k < ctx->fixes.n; k++) {
        struct fix *f = ctx->fixes.item[k];
        const struct fix_style *style = (const struct fix_style *)f->head.style;

        if (style->undo_step)
            style->undo_step(ctx, f);
    }
}

static void advance(struct adele *ctx, struct schedule *s)
{
    if (ctx->dt != s->base_dt || ctx->time != s->last_time ||
        ctx->step != s->last_step) {
        s->base_time = ctx->time;
        s->base_step = ctx->step;
        s->base_dt = ctx->dt;
    }
    ctx->tick++;
    adele_set_step(ctx, ctx->step + 1);
    ctx->time = s->base_time + (double)(ctx->step - s->base_step) * ctx->dt;
    s->last_time = ctx->time;
    s->last_step = ctx->step;
}

static int second_half(struct adele *ctx)
{
    enum task before = timers_enter(&ctx->timers, TASK_MODIFY);
    int status = fix_second_half(ctx);

    timers_enter(&ctx->timers, before);
    return status;
}

/* Up to the last change of positions and velocities. */
static int move(struct adele *ctx)
{
    int status = EACH_FIX(ctx, initial_integrate);

    if (!status && is_checked(ctx))
        status = run_check_field(ctx, ctx->state.displacement, 0);
    if (!status)
        status = run_forces(ctx, run_need(ctx, ctx->step));
    if (!status && is_checked(ctx))
        status = run_check_field(ctx, ctx->state.force, 2);
    if (!status)
        status = second_half(ctx);
    return status;
}

static int one_step(struct adele *ctx, struct schedule *s)
{
    int status;

    backup_keep(ctx, s);
    advance(ctx, s);
    status = move(ctx);
    if (status) {
        backup_restore(ctx, s);
        return status;
    }
    status = end_of_step(ctx);
    if (!status)
        status = output_step(ctx);
    return status;
}

/* Set-up. */

static void warn_motionless(struct adele *ctx)
{
    for (int i = 0; i < ctx->fixes.n; i++) {
        if (ctx->fixes.item[i]->integrates)
            return;
    }
    log_warning(&ctx->log, "no fix moves the sites: `fix move all nve` or "
                           "`fix brownian` is missing");
}

int run_ready(struct adele *ctx)
{
    if (need_pair(ctx) || pair_setup(ctx, ctx->pair) || thermo_check(ctx))
        return ctx->error.status;
    return EACH_FIX(ctx, prepare);
}

/* A number for the set of parts that a set-up was made for. */
static uint64_t run_parts(const struct adele *ctx)
{
    uint64_t h = ctx->parameter_tag;
    const void *part[] = {ctx->lat, ctx->model, ctx->pair};

    for (size_t i = 0; i < sizeof part / sizeof *part; i++)
        h = (h ^ (uintptr_t)part[i]) * 0x100000001b3u;
    for (int i = 0; i < ctx->fixes.n; i++)
        h = (h ^ (uintptr_t)ctx->fixes.item[i]) * 0x100000001b3u;
    return h;
}

static int set_span(struct adele *ctx, const struct run_options *o)
{
    if (o->steps > INT64_MAX - ctx->step)
        return err_deck(ctx, NULL,
                        "run: step %lld + %lld is too large a number",
                        (long long)ctx->step, (long long)o->steps);
    ctx->run_first = ctx->step;
    ctx->run_last = ctx->step + o->steps;
    ctx->run_begin = o->has_start ? o->start : ctx->run_first;
    ctx->run_end = o->has_stop ? o->stop : ctx->run_last;
    return 0;
}

static int prepare(struct adele *ctx, struct schedule *s,
                   const struct run_options *o)
{
    bool whole = o->pre || !s->prepared || s->made != run_parts(ctx);
    int status;

    s->prepared = false;
    status = whole ? run_ready(ctx) : thermo_check(ctx);
    if (status || ctx->check_only)
        return status;
    ctx->running = true;
    status = output_plan(ctx);
    if (!status)
        status = run_forces(ctx, run_need(ctx, ctx->step));
    if (!status)
        status = run_check_field(ctx, ctx->state.displacement, 0);
    if (!status && whole)
        status = EACH_FIX(ctx, setup);
    if (!status)
        status = output_first(ctx);
    s->made = run_parts(ctx);
    s->prepared = !status;
    return status;
}

int run_prepare(struct adele *ctx, const struct run_options *o)
{
    struct schedule *s = schedule_of(ctx);
    int status;

    if (!s)
        return ctx->error.status;
    status = set_span(ctx, o);
    if (status)
        return status;
    timers_reset(&ctx->timers);
    ctx->run_start_wall = wall_time();
    status = need_pair(ctx);
    if (!status) {
        if (o->steps > 0 && o->pre)
            warn_motionless(ctx);
        status = prepare(ctx, s, o);
    }
    if (status)
        ctx->running = false;
    return status;
}

/* Running. */

static int loop(struct adele *ctx, struct schedule *s)
{
    int status = backup_start(ctx, s);
    int64_t first = ctx->step;

    while (!status && ctx->step < ctx->run_last &&
           !run_stopped(ctx, ctx->step - first)) {
        status = one_step(ctx, s);
        output_progress(ctx);
    }
    log_progress(&ctx->log, NULL);
    backup_end(s);
    return status;
}

int run_finish(struct adele *ctx)
{
    int status = ctx->running ? EACH_FIX(ctx, finish) : 0;
    int closed = output_finish(ctx);

    ctx->running = false;
    return status ? status : closed;
}

int run_interrupted(struct adele *ctx)
{
    struct schedule *s = ctx->schedule;
    int signal = (int)ctx->interrupt;
    bool write = s && s->restart_every > 0;

    log_printf(&ctx->log, "Stopped by %s after step %lld\n",
               signal == SIGINT    ? "an interrupt (SIGINT)"
               : signal == SIGTERM ? "SIGTERM"
                                   : "a signal",
               (long long)ctx->step);
    if (write && restart_due(ctx))
        return ctx->error.status;
    return 0;
}

/* What comes after the last step, also after one that failed: the first error
   is kept, everything is closed. */
static int conclude(struct adele *ctx, const struct run_options *o, int status)
{
    bool complete = !status || status == ADELE_EQUIT;
    int64_t done = ctx->step - ctx->run_first;
    int later = 0;

    if (complete)
        later = output_last(ctx);
    thermo_end(ctx);
    if (complete && !later && ctx->interrupt)
        later = run_interrupted(ctx);
    if (run_finish(ctx) && !later)
        later = ctx->error.status;
    if (complete)
        summary_loop(ctx, done);
    if (complete && o->post) {
        summary_rate(ctx, done);
        summary_tasks(ctx, done);
    }
    if (!later)
        later = output_check(ctx);
    log_flush(&ctx->log);
    if (status && status != ADELE_EQUIT)
        return status;
    if (later)
        return later;
    return ctx->interrupt ? ADELE_EINTERRUPT : status;
}

int run_steps(struct adele *ctx, const struct run_options *o)
{
    struct schedule *s = schedule_of(ctx);
    int status;

    if (!s)
        return ctx->error.status;
    if (ctx->check_only) {
        ctx->time += (double)(ctx->run_last - ctx->step) * ctx->dt;
        adele_set_step(ctx, ctx->run_last);
        ctx->running = false;
        return 0;
    }
    summary_start(ctx);
    status = ctx->skip_run ? 0 : loop(ctx, s);
    summary_stop(ctx);
    return conclude(ctx, o, status);
}

int run_visit(struct adele *ctx, bool first)
{
    int status = schedule_of(ctx) ? 0 : ctx->error.status;

    if (status)
        return status;
    if (first) {
        timers_reset(&ctx->timers);
        ctx->run_start_wall = wall_time();
        status = run_ready(ctx);
        if (status || ctx->check_only)
            return status;
        ctx->running = true;
        summary_start(ctx);
    }
    status = first ? output_plan(ctx) : output_plan_visit(ctx);
    if (!status)
        status = run_forces(ctx, run_need(ctx, ctx->step));
    if (!status && first)
        status = EACH_FIX(ctx, setup);
    if (!status && !first)
        status = end_of_step(ctx);
    if (!status)
        status = first ? output_first(ctx) : output_step(ctx);
    return status;
}

int run_visit_end(struct adele *ctx, int64_t visited, bool post)
{
    bool any = ctx->running;
    int status;

    thermo_end(ctx);
    status = run_finish(ctx);
    if (!any || ctx->error.status)
        return status;
    summary_stop(ctx);
    summary_loop(ctx, visited);
    if (post) {
        summary_rate(ctx, visited);
        summary_tasks(ctx, visited);
    }
    return status ? status : output_check(ctx);
}

int run_reset_step(struct adele *ctx, int64_t step, const double *time)
{
    adele_set_step(ctx, step);
    if (time)
        ctx->time = *time;
    if (ctx->schedule)
        ctx->schedule->prepared = false;
    return 0;
}

double run_fraction(const struct adele *ctx)
{
    double span = (double)(ctx->run_end - ctx->run_begin);
    double x = span > 0 ? (double)(ctx->step - ctx->run_begin) / span : 0;

    return x < 0 ? 0 : x > 1 ? 1 : x;
}

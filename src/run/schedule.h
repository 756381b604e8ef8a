/* What happens at which step, and what runs remember between each other:
   ctx->schedule, made at first use.  Private to run/. */

#ifndef ADELE_SCHEDULE_H
#define ADELE_SCHEDULE_H

#include "core/context.h"
#include "plug/style.h"
#include "run/run.h"

struct dump_time {
    const struct dump *dump;
    int64_t next;
};

/* State that a restart file holds for an instance not yet given again. */
struct saved {
    char *name; /* "fix.bath.langevin" */
    struct blob blob;
};

struct schedule {
    /* The steps of the next outputs; INT64_MAX: never. */
    int64_t next_thermo, next_restart;
    struct dump_time *dump_time; /* [ndump] */
    int ndump;
    int64_t thermo_step; /* of the last table line, -1 none */

    int64_t restart_every; /* 0: off */
    char *restart_path[2]; /* second NULL: one name with its `*` */
    int restart_turn;      /* which of two comes next */
    struct saved *saved;   /* [nsaved] */
    int nsaved;

    /* Time is base_time + (step - base_step) dt while nobody else changes time,
       step or dt: no rounding piles up over a long run. */
    double base_time, base_dt, last_time;
    int64_t base_step, last_step;

    /* The state at the last complete step, for runs that fail in a step. */
    double *old; /* [component][displacement, velocity][nlocal], or NULL */
    int64_t old_step, old_tick;
    double old_time;
    bool have_old;

    /* ctx->state.force has the forces of the force style itself, not copied,
       for this pair_stamp while it carries this tag. */
    uint64_t swapped_for, swapped_tag;

    bool prepared; /* `pre no` may build on the last run .. */
    uint64_t made; /* .. whose parts were these (run_parts) */

    double timeout;       /* seconds of a run's steps, < 0: none */
    double timeout_start; /* wall time; < 0: the next run starts the clock */
    int64_t timeout_every;
    int detail; /* enum run_detail: of the summary */

    struct timers loop_timers;  /* how the time of the last loop was spent */
    double loop_cpu, loop_wall; /* of the loop: at its beginning, then spent */
    double progress_at;         /* wall time of the last progress line */
    double flush_at;            /* and of the last flush of the log */
    int64_t loop_step;          /* step at the beginning of the loop */
};

/* NULL with a recorded error when memory is short. */
struct schedule *schedule_of(struct adele *ctx);

/* Forces of the present configuration with everything of `need` that the
   style gives: ctx->forces, and in ctx->state.force with all post_force. */
int run_forces(struct adele *ctx, unsigned need);

/* The part of `need` that the force style has. */
unsigned run_given(const struct adele *ctx, unsigned need);

/* Finds the step of each next output, from the present step on; the second
   form is for steps that may jump (rerun). */
int output_plan(struct adele *ctx);
int output_plan_visit(struct adele *ctx);
/* What the outputs alone need of the forces at a step. */
unsigned output_need(struct adele *ctx, int64_t step);
/* The outputs of the first step of a run, of the present step if it is theirs,
   and the last line of the table. */
int output_first(struct adele *ctx);
int output_step(struct adele *ctx);
int output_last(struct adele *ctx);
/* Completes all dumps; the first error wins, all are tried. */
int output_finish(struct adele *ctx);
/* The log still reaches its file. */
int output_check(struct adele *ctx);
void output_progress(struct adele *ctx);

/* A function of every fix, by its place in struct fix_style. */
int run_each_fix(struct adele *ctx, size_t place);

/* Everything before the forces of a first step: guards, set-up of model and
   force style, check of the table, `prepare` of the fixes.  What is wrong here
   is the deck's fault: ctx->running is set after it. */
int run_ready(struct adele *ctx);

/* Whether a run must end now: halted, out of time, interrupted. */
bool run_stopped(struct adele *ctx, int64_t done);
/* Starts the clocks of a loop, and prints what it took. */
void summary_start(struct adele *ctx);
void summary_stop(struct adele *ctx);
void summary_loop(struct adele *ctx, int64_t steps);
void summary_rate(struct adele *ctx, int64_t steps);
void summary_tasks(struct adele *ctx, int64_t steps);

/* The step, site and value of the first entry of f that is not finite or too
   large to be squared, as an error. */
int run_check_field(struct adele *ctx, const struct field *f, int kind);

/* "saved/fix.bath.ave_time": what a restart file calls an instance's state. */
void restart_saved_name(const struct instance *self, struct text *out);
/* `path` with every * replaced by the step; NULL: memory. */
char *restart_path_of_step(const char *path, int64_t step);

/* Says which signal arrived and writes the restart file that was asked for. */
int run_interrupted(struct adele *ctx);

#endif

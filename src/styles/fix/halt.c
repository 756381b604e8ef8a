/* fix halt: ends a run when a condition holds.

       fix ID GROUP halt N WHAT OP VALUE [error hard|soft|continue]
                                         [message yes|no] [path FOLDER]

   WHAT is tlimit (seconds since the run began), diskfree (free MB where
   `path` is) or v_name, c_ID, f_ID; OP one of < <= > >= == != |^.
   hard: an error.  soft: this run ends, and later runs of the deck take no
   step.  continue: this run ends.  The group is not used. */

#include <errno.h>
#include <string.h>
#include <sys/statvfs.h>

#include "base/timer.h"
#include "plug/args.h"
#include "plug/fix.h"
#include "plug/value.h"

enum { HARD, SOFT, CONTINUE };

struct halt_check {
    struct fix fix;
    int64_t interval;
    struct arg_list what; /* one word, with its place */
    int op;
    double limit;
    int error;
    bool message;
    char *path;
    struct value value; /* when it is a reference */
};

static const char *const operators[] = {
    "<", "<=", ">", ">=", "==", "!=", "|^", NULL};
static const char *const errors[] = {"hard", "soft", "continue", NULL};

static const struct arg args[] = {
    {ARG_INT, "N", AT(struct halt_check, interval), .positive = true,
     .doc = "check at multiples of this step"},
    {ARG_LIST, "WHAT", AT(struct halt_check, what), .bounded = true, .min = 1,
     .max = 1, .doc = "tlimit (s), diskfree (MB), v_name, c_ID or f_ID"},
    {ARG_CHOICE, "OP", AT(struct halt_check, op), .choice = operators,
     .doc = "comparison; |^ is exclusive or"},
    {ARG_NUMBER, "VALUE", AT(struct halt_check, limit),
     .doc = "number to compare with"},
    {ARG_CHOICE, "error", AT(struct halt_check, error), .key = true,
     .def = "soft", .choice = errors,
     .doc = "stop with an error; end all runs; end this run only"},
    {ARG_BOOL, "message", AT(struct halt_check, message), .key = true,
     .def = "yes", .doc = "print why the run ends"},
    {ARG_FILE, "path", AT(struct halt_check, path), .key = true, .def = ".",
     .doc = "where diskfree looks"},
    {0}};

static int init(struct adele *ctx, void *self)
{
    struct halt_check *s = self;
    const struct word *w = &s->what.word[0];

    s->fix.every = s->interval;
    if (strcmp(w->text, "tlimit") == 0 || strcmp(w->text, "diskfree") == 0)
        return 0;
    if (strncmp(w->text, "v_", 2) && strncmp(w->text, "c_", 2) &&
        strncmp(w->text, "f_", 2))
        return err_deck(ctx, &w->where,
                        "fix halt: expected tlimit, diskfree, v_name, c_ID or "
                        "f_ID, found '%s'",
                        w->text);
    if (value_parse(ctx, w, &s->value))
        return ctx->error.status;
    return reference_check(ctx, &s->value.ref, OUT_SCALAR);
}

static void fini(struct adele *ctx, void *self)
{
    struct halt_check *s = self;

    (void)ctx;
    value_free(&s->value);
    outputs_fini(&s->fix.out);
}

static int measure(struct adele *ctx, const struct halt_check *s, double *now)
{
    struct statvfs disk;

    if (s->value.is_reference)
        return value_get(ctx, &s->value, now);
    if (strcmp(s->what.word[0].text, "tlimit") == 0) {
        *now = wall_time() - ctx->run_start_wall;
        return 0;
    }
    if (statvfs(s->path, &disk))
        return err_run_at(ctx, &s->fix.head.where,
                          "fix halt: cannot find the free space at %s: %s",
                          s->path, strerror(errno));
    *now = (double)disk.f_bavail * (double)disk.f_frsize / 1e6;
    return 0;
}

static bool holds(int op, double a, double b)
{
    switch (op) {
    case 0:
        return a < b;
    case 1:
        return a <= b;
    case 2:
        return a > b;
    case 3:
        return a >= b;
    case 4:
        return a == b;
    case 5:
        return a != b;
    default:
        return (a != 0) != (b != 0);
    }
}

static int end_of_step(struct adele *ctx, struct fix *f)
{
    struct halt_check *s = (struct halt_check *)f;
    const char *what = s->what.word[0].text;
    double now = 0;

    if (ctx->step % s->interval)
        return 0;
    if (measure(ctx, s, &now))
        return ctx->error.status;
    if (!holds(s->op, now, s->limit))
        return 0;
    if (s->error == HARD)
        return err_run_at(ctx, &f->head.where,
                          "fix halt: %s %s %.10g holds at step %lld, where it "
                          "is %.10g",
                          what, operators[s->op], s->limit,
                          (long long)ctx->step, now);
    if (s->message)
        log_printf(&ctx->log,
                   "Fix halt condition for fix-id %s met on step %lld with "
                   "value %.10g\n",
                   f->head.id, (long long)ctx->step, now);
    ctx->halt = s->error == SOFT ? HALT_ALL : HALT_RUN;
    return 0;
}

static int finish(struct adele *ctx, struct fix *f)
{
    (void)f;
    if (ctx->halt == HALT_RUN)
        ctx->halt = HALT_NONE;
    return 0;
}

static unsigned need(struct adele *ctx, struct fix *f, int64_t step)
{
    struct halt_check *s = (struct halt_check *)f;

    return step % s->interval ? 0 : value_need(ctx, &s->value);
}

const struct fix_style fix_halt = {
    .style = {STYLE_HEAD(fix, "halt", struct halt_check),
              .summary = "end a run when a condition holds", .args = args,
              .init = init, .fini = fini},
    .end_of_step = end_of_step,
    .finish = finish,
    .need = need,
};

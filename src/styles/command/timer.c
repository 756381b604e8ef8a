/* timer [off|loop|normal|full] [timeout TIME] [every N]: how much the summary
   of a run tells, and a limit on the wall-clock time of the runs to come.

   TIME is h:mm:ss, mm:ss, seconds, or off.  A run that reaches it ends after
   the present step, and those behind it take none. */

#include <string.h>

#include "plug/command.h"
#include "run/run.h"

struct timer {
    struct instance head;
    int detail;
    char *timeout;
    int64_t every;
    bool has_detail, has_every;
};

static const char *const details[] = {"off", "loop", "normal", "full", NULL};

static const struct arg args[] = {
    {ARG_CHOICE, "detail", AT(struct timer, detail), .def = "normal",
     .choice = details, .given = AT(struct timer, has_detail),
     .doc = "off: loop time only; loop: no split by task; normal, full: all"},
    {ARG_WORD, "timeout", AT(struct timer, timeout), .key = true,
     .syntax = "TIME", .unit = "wall-clock time",
     .doc = "h:mm:ss, mm:ss or seconds for all runs to come; off: no limit"},
    {ARG_INT, "every", AT(struct timer, every), .key = true, .positive = true,
     .given = AT(struct timer, has_every), .unit = "steps",
     .doc = "how often the clock is looked at"},
    {0}};

/* Up to three parts separated by colons. */
static int read_time(struct adele *ctx, const char *text, double *seconds)
{
    char copy[64], *rest = copy, *part;
    double sum = 0, x;
    int n = 0;

    if (strlen(text) < sizeof copy) {
        strcpy(copy, text);
        while ((part = strsep(&rest, ":")) && n < 4) {
            if (!text_number(part, &x) || x < 0)
                n = 4;
            sum = 60 * sum + x;
            n++;
        }
        if (n <= 3) {
            *seconds = sum;
            return 0;
        }
    }
    return err_deck(ctx, NULL,
                    "timer: expected timeout (h:mm:ss, mm:ss, seconds or off), "
                    "found '%s'",
                    text);
}

static int run(struct adele *ctx, void *self, const struct words *words)
{
    const struct timer *c = self;
    struct run_timer t;

    (void)words;
    if (run_timer_get(ctx, &t))
        return ctx->error.status;
    if (c->has_detail)
        t.detail = c->detail;
    if (c->has_every)
        t.every = c->every;
    if (c->timeout) {
        if (strcmp(c->timeout, "off") == 0 ||
            strcmp(c->timeout, "unlimited") == 0)
            t.timeout = -1;
        else if (read_time(ctx, c->timeout, &t.timeout))
            return ctx->error.status;
    }
    if (run_timer_set(ctx, &t, c->timeout != NULL))
        return ctx->error.status;
    return 0;
}

const struct command_style command_timer = {
    .style = {STYLE_HEAD(command, "timer", struct timer),
              .summary = "limit the wall-clock time of runs, choose the timing "
                         "summary",
              .args = args},
    .run = run};

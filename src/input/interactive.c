/* The interactive session: line editing, history, completion.

   An error prints and the prompt returns; Ctrl-C ends a run or clears the
   line, Ctrl-D ends the session.  The history is kept in ~/.adele_history. */

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <readline/history.h>
#include <readline/readline.h>

#include "base/mem.h"
#include "expr/substitute.h"
#include "input/control.h"
#include "plug/compute.h"
#include "plug/fix.h"
#include "plug/registry.h"

enum { HISTORY_MAX = 2000, NAMES_MAX = 1024 };

/* readline calls back without a context: the session that reads now, and the
   names it may complete to. */
static struct adele *session;
static char *line;
static bool line_done;
static const char *candidate[NAMES_MAX];
static int ncandidate;

/* ---- completion ---- */

static char *next_candidate(const char *text, int state)
{
    static int at;
    size_t n = strlen(text);
    if (state == 0)
        at = 0;
    while (at < ncandidate) {
        const char *name = candidate[at++];
        if (!strncmp(name, text, n))
            return strdup(name);
    }
    return NULL;
}

/* How many words stand before `end`, and the first of them. */
static int words_before(const char *typed, int end, char first[32])
{
    int n = 0;
    for (int k = 0; k < end;) {
        while (k < end && isspace((unsigned char)typed[k]))
            k++;
        int from = k;
        while (k < end && !isspace((unsigned char)typed[k]))
            k++;
        if (k > from && n++ == 0)
            snprintf(first, 32, "%.*s", k - from, typed + from);
    }
    return n;
}

/* The kind whose style stands at word n behind the command. */
static const char *kind_at(const char *command, int n)
{
    static const struct {
        const char *command;
        int n;
        const char *kind;
    } table[] = {{"fix", 3, "fix"},         {"compute", 3, "compute"},
                 {"dump", 3, "dump"},       {"pair_style", 1, "pair"},
                 {"lattice", 1, "lattice"}, {"model", 1, "model"},
                 {"region", 2, "region"},   {"write_dump", 2, "dump"}};
    for (size_t k = 0; k < sizeof table / sizeof *table; k++)
        if (table[k].n == n && !strcmp(table[k].command, command))
            return table[k].kind;
    return NULL;
}

static void add_candidate(const char *name)
{
    if (name && ncandidate < NAMES_MAX)
        candidate[ncandidate++] = name;
}

static void find_candidates(const char *command, int n)
{
    ncandidate = 0;
    if (n == 0 || !strcmp(command, "help")) {
        ncandidate = command_names(candidate, NAMES_MAX);
        return;
    }
    const char *kind = kind_at(command, n);
    if (kind) {
        ncandidate = registry_names(kind, candidate, NAMES_MAX);
        return;
    }
    bool id = n == 1;
    bool group =
        (n == 2 && kind_at(command, 3)) ||
        (id && (!strcmp(command, "displace") || !strcmp(command, "velocity") ||
                !strcmp(command, "set") || !strcmp(command, "write_dump")));
    for (int k = 0; group && k < GROUP_MAX; k++)
        add_candidate(session->groups.name[k]);
    for (int k = 0; id && strstr(command, "fix") && k < session->fixes.n; k++)
        add_candidate(session->fixes.item[k]->head.id);
    for (int k = 0; id && strstr(command, "compute") && k < session->computes.n;
         k++)
        add_candidate(session->computes.item[k]->head.id);
}

static char **complete(const char *text, int start, int end)
{
    char command[32] = "";
    (void)end;
    int n = words_before(rl_line_buffer, start, command);
    find_candidates(command, n);
    if (ncandidate)
        rl_attempted_completion_over = 1;
    return ncandidate ? rl_completion_matches(text, next_candidate) : NULL;
}

/* ---- reading ---- */

static void on_line(char *typed)
{
    line = typed;
    line_done = true;
    rl_callback_handler_remove();
}

enum { WAIT_MS = 100 };

/* A key for readline.  A Ctrl-C may throw away the keys that poll has seen, so
   the read must not wait; the mark that is given instead goes with the line,
   which is then cleared. */
static int get_key(FILE *stream)
{
    struct pollfd p = {.fd = STDIN_FILENO, .events = POLLIN};
    int flags = fcntl(STDIN_FILENO, F_GETFL);
    unsigned char key;
    (void)stream;
    for (;;) {
        if (session->interrupt)
            return 0;
        if (poll(&p, 1, WAIT_MS) <= 0)
            continue;
        fcntl(STDIN_FILENO, F_SETFL, flags | O_NONBLOCK);
        ssize_t n = read(STDIN_FILENO, &key, 1);
        int error = errno;
        fcntl(STDIN_FILENO, F_SETFL, flags);
        if (n == 1)
            return key;
        if (n == 0 || (error != EAGAIN && error != EINTR))
            return EOF;
    }
}

enum reading { READ_LINE, READ_END, READ_CLEARED };

/* One physical line into *typed (free).  Waiting is left to poll, so that
   Ctrl-C is seen at once and no key is lost; one that comes between the test
   and the wait is seen when that ends. */
static enum reading read_physical(const char *prompt, char **typed)
{
    struct pollfd p = {.fd = STDIN_FILENO, .events = POLLIN};
    line_done = false;
    rl_callback_handler_install(prompt, on_line);
    while (!line_done) {
        if (!session->interrupt && poll(&p, 1, WAIT_MS) > 0 &&
            !session->interrupt)
            rl_callback_read_char();
        if (!session->interrupt || line_done)
            continue;
        rl_replace_line("", 0);
        rl_crlf();
        rl_callback_handler_remove();
        if (session->interrupt == SIGTERM)
            return READ_END;
        session->interrupt = 0;
        return READ_CLEARED;
    }
    *typed = line;
    return line ? READ_LINE : READ_END;
}

/* ---- the session ---- */

static char *history_path(void)
{
    const char *home = getenv("HOME");
    struct text t = {0};
    if (!home || !*home)
        return NULL;
    text_addf(&t, "%s/.adele_history", home);
    return t.failed ? NULL : t.s;
}

static void print_error(struct adele *ctx)
{
    struct text t = {0};
    error_format(ctx, &t);
    if (t.s)
        log_write(&ctx->log, t.s);
    text_free(&t);
    error_clear(ctx);
}

static void remember(const char *typed)
{
    HIST_ENTRY *last =
        history_length ? history_get(history_base + history_length - 1) : NULL;
    if (*typed && (!last || strcmp(last->line, typed)))
        add_history(typed);
}

/* One command, over as many lines as it takes; NULL at the end of input. */
static char *read_command(void)
{
    struct line_scan scan = {0};
    struct text all = {0};
    for (bool more = true; more;) {
        char *typed = NULL;
        switch (read_physical(all.length ? "> " : "adele> ", &typed)) {
        case READ_END:
            text_free(&all);
            return NULL;
        case READ_CLEARED:
            text_clear(&all);
            scan = (struct line_scan){0};
            continue;
        case READ_LINE:
            break;
        }
        remember(typed);
        if (all.length)
            text_addc(&all, '\n');
        text_add(&all, typed);
        more = line_continues(&scan, typed, strlen(typed));
        free(typed);
    }
    return all.s;
}

static int run_command(struct adele *ctx, const char *command, long number)
{
    struct line *l = line_new("(terminal)", number, command);
    int status = l ? input_line(ctx, l)
                   : err_memory(ctx, "a command", (double)strlen(command));
    line_release(l);
    if (ctx->error.status)
        print_error(ctx);
    if (ctx->interrupt == SIGTERM)
        return ADELE_EINTERRUPT;
    if (ctx->interrupt || status == ADELE_EINTERRUPT)
        log_write(&ctx->log, "Interrupted.\n");
    ctx->interrupt = 0;
    log_flush(&ctx->log);
    return status == ADELE_EQUIT ? ADELE_EQUIT : ADELE_OK;
}

int input_interactive(struct adele *ctx)
{
    char name[] = "the terminal";
    struct source terminal = {.kind = SOURCE_TERMINAL, .name = name};
    char *history = history_path();
    int status = ADELE_OK;
    session = ctx;
    ctx->interactive = true;
    rl_readline_name = "adele";
    rl_catch_signals = 0;
    rl_getc_function = get_key;
    rl_attempted_completion_function = complete;
    using_history();
    if (history)
        read_history(history);
    stifle_history(HISTORY_MAX);
    terminal.below = ctx->input->top;
    ctx->input->top = &terminal;
    for (long number = 1; !status; number++) {
        char *command = read_command();
        if (!command) {
            log_screen(&ctx->log, "\n");
            status = ctx->interrupt ? ADELE_EINTERRUPT : ADELE_OK;
            break;
        }
        status = run_command(ctx, command, number);
        mem_free(command);
    }
    ctx->input->top = terminal.below;
    if (history)
        write_history(history);
    mem_free(history);
    return status;
}

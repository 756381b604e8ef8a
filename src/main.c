/* The adele program: command line, signals, the exit status.

   adele [-in FILE | FILE] [options]; without a deck it reads standard input,
   and on a terminal that is an interactive session. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <omp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <fftw3.h>
#include <gsl/gsl_version.h>
#include <hdf5.h>

#include "adele.h"
#include "base/mem.h"
#include "expr/variable.h"
#include "input/input.h"

/* The simulation that a signal is meant for: a handler has no argument. */
static struct adele *signalled;

static void on_signal(int number)
{
    adele_interrupt(signalled, number);
}

static void install_signals(struct adele *ctx)
{
    struct sigaction action;

    memset(&action, 0, sizeof action);
    action.sa_handler = on_signal;
    /* A second signal ends a program that hangs in a solver. */
    action.sa_flags = (int)(SA_RESTART | SA_RESETHAND);
    if (ctx->interactive)
        action.sa_flags = SA_RESTART;
    signalled = ctx;
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    signal(SIGPIPE, SIG_IGN);
    /* A file size limit must come back as a write error. */
    signal(SIGXFSZ, SIG_IGN);
}

struct options {
    const char *deck, *log, *screen, *echo;
    const char *last_value; /* of a variable with several */
    char **help;            /* words after -help */
    int nhelp;
    bool want_help, want_version;
};

struct option {
    const char *name, *brief; /* without the dash; brief may be NULL */
    int nvalue;               /* -1: all words up to the next option */
    const char *usage, *doc;
    int (*set)(struct adele *ctx, struct options *o, char **value, int n);
};

static int set_in(struct adele *ctx, struct options *o, char **v, int n)
{
    (void)ctx, (void)n;
    o->deck = v[0];
    return 0;
}

static int set_log(struct adele *ctx, struct options *o, char **v, int n)
{
    (void)ctx, (void)n;
    o->log = v[0];
    return 0;
}

static int set_screen(struct adele *ctx, struct options *o, char **v, int n)
{
    (void)ctx, (void)n;
    o->screen = v[0];
    return 0;
}

static int set_echo(struct adele *ctx, struct options *o, char **v, int n)
{
    (void)ctx, (void)n;
    o->echo = v[0];
    return 0;
}

static int set_var(struct adele *ctx, struct options *o, char **v, int n)
{
    if (n < 2)
        return err_deck(ctx, NULL, "-var needs a name and at least one value");
    if (n > 2)
        o->last_value = v[n - 1];
    return variable_override(ctx, v[0], n - 1, (const char *const *)(v + 1));
}

static int set_threads(struct adele *ctx, struct options *o, char **v, int n)
{
    int64_t threads;

    (void)o, (void)n;
    if (!text_integer(v[0], &threads) || threads < 1 || threads > 4096)
        return err_deck(ctx, NULL,
                        "-threads: expected a number from 1 to 4096, found "
                        "'%s'",
                        v[0]);
    ctx->nthread = (int)threads;
    omp_set_num_threads(ctx->nthread);
    return 0;
}

static int set_package(struct adele *ctx, struct options *o, char **v, int n)
{
    if (strcmp(v[0], "omp"))
        return err_deck(ctx, NULL, "-package: only omp is known, found '%s'",
                        v[0]);
    return n > 1 ? set_threads(ctx, o, v + 1, 1) : 0;
}

static int set_partition(struct adele *ctx, struct options *o, char **v, int n)
{
    (void)o;
    for (int i = 0; i < n; i++) {
        if (n > 1 || (strcmp(v[i], "1") && strcmp(v[i], "1x1")))
            return err_deck(
                ctx, NULL,
                "-partition: this adele runs one partition on one "
                "rank, found '%s'; loop over a variable in the deck "
                "or start several programs",
                v[i]);
    }
    return 0;
}

static int set_suffix(struct adele *ctx, struct options *o, char **v, int n)
{
    (void)o, (void)n;
    mem_free(ctx->suffix);
    ctx->suffix = strcmp(v[0], "off") ? mem_strdup(v[0]) : NULL;
    return 0;
}

static int set_skiprun(struct adele *ctx, struct options *o, char **v, int n)
{
    (void)o, (void)v, (void)n;
    ctx->skip_run = true;
    return 0;
}

static int set_check(struct adele *ctx, struct options *o, char **v, int n)
{
    (void)o, (void)v, (void)n;
    ctx->check_only = true;
    return 0;
}

static int set_nothing(struct adele *ctx, struct options *o, char **v, int n)
{
    (void)ctx, (void)o, (void)v, (void)n;
    return 0;
}

static int set_help(struct adele *ctx, struct options *o, char **v, int n)
{
    (void)ctx;
    o->want_help = true;
    o->help = v;
    o->nhelp = n;
    return 0;
}

static int set_version(struct adele *ctx, struct options *o, char **v, int n)
{
    (void)ctx, (void)v, (void)n;
    o->want_version = true;
    return 0;
}

static const struct option options[] = {
    {"in", "i", 1, "FILE", "the deck; `-` is standard input", set_in},
    {"var", "v", -1, "NAME value ..",
     "an index variable that the deck cannot redefine", set_var},
    {"log", "l", 1, "FILE|none", "log file (default log.adele)", set_log},
    {"screen", "sc", 1, "FILE|none", "screen output into a file or nowhere",
     set_screen},
    {"echo", "e", 1, "none|screen|log|both", "where commands are repeated",
     set_echo},
    {"check", "c", 0, "", "set the deck up, step nothing, write nothing",
     set_check},
    {"skiprun", "sr", 0, "", "skip the steps of every run", set_skiprun},
    {"threads", "t", 1, "N", "OpenMP threads (default OMP_NUM_THREADS or all)",
     set_threads},
    {"package", "pk", -1, "omp N", "the same, as LAMMPS says it", set_package},
    {"suffix", "sf", 1, "NAME|off", "use style NAME variants where they exist",
     set_suffix},
    {"partition", "p", -1, "1x1", "one partition on one rank", set_partition},
    {"nocite", "nc", 0, "", "accepted for LAMMPS's sake", set_nothing},
    {"help", "h", -1, "[kind [style]]", "this page, a list, or a style",
     set_help},
    {"version", NULL, 0, "", "version and libraries", set_version},
};
enum { NOPTION = sizeof options / sizeof *options };

static void usage(FILE *out)
{
    fprintf(out, "usage: adele [-in FILE | FILE] [options]\n\n");
    for (int i = 0; i < NOPTION; i++) {
        char form[64];

        snprintf(form, sizeof form, "-%s %s", options[i].name,
                 options[i].usage);
        fprintf(out, "  %-28s %s%s%s%s\n", form, options[i].doc,
                options[i].brief ? " (-" : "",
                options[i].brief ? options[i].brief : "",
                options[i].brief ? ")" : "");
    }
    fprintf(out, "\nWithout a deck standard input is read; on a terminal that "
                 "is an interactive session.\n"
                 "adele -help fix lists the fixes, adele -help fix langevin "
                 "explains one.\n");
}

/* A dash and a letter: `-3` is a value. */
static bool is_option(const char *s)
{
    return s[0] == '-' && ((s[1] >= 'a' && s[1] <= 'z') || s[1] == '-');
}

static const struct option *find_option(const char *s)
{
    s += s[1] == '-' ? 2 : 1;
    for (int i = 0; i < NOPTION; i++) {
        if (strcmp(s, options[i].name) == 0 ||
            (options[i].brief && strcmp(s, options[i].brief) == 0))
            return &options[i];
    }
    return NULL;
}

static int fail_option(struct adele *ctx, const char *word)
{
    const char *names[NOPTION];
    const char *near;

    for (int i = 0; i < NOPTION; i++)
        names[i] = options[i].name;
    near = text_nearest(word + strspn(word, "-"), names, NOPTION);
    return err_deck(ctx, NULL, "unknown option '%s'%s%s%s", word,
                    near ? "; did you mean '-" : "; see adele -help",
                    near ? near : "", near ? "'?" : "");
}

static int read_options(struct adele *ctx, int argc, char **argv,
                        struct options *o)
{
    for (int i = 1; i < argc; i++) {
        const struct option *option;
        int n = 0;

        if (!is_option(argv[i])) {
            if (o->deck)
                return err_deck(ctx, NULL,
                                "one deck at a time: '%s' after '%s'", argv[i],
                                o->deck);
            o->deck = argv[i];
            continue;
        }
        option = find_option(argv[i]);
        if (!option)
            return fail_option(ctx, argv[i]);
        while (i + 1 + n < argc && n != option->nvalue &&
               (!is_option(argv[i + 1 + n]) || option->nvalue == 1))
            n++;
        if (option->nvalue >= 0 && n < option->nvalue)
            return err_deck(ctx, NULL, "-%s needs %s", option->name,
                            option->usage);
        if (option->set(ctx, o, argv + i + 1, n))
            return ctx->error.status;
        i += n;
    }
    return 0;
}

/* The shared object that a symbol really comes from. */
static const char *library_of(const char *symbol)
{
    Dl_info info;
    void *at = dlsym(RTLD_DEFAULT, symbol);

    return at && dladdr(at, &info) && info.dli_fname ? info.dli_fname : "?";
}

static void print_head(struct adele *ctx)
{
    char *(*blas)(void) = NULL;
    void *config = dlsym(RTLD_DEFAULT, "openblas_get_config");
    unsigned h5[3] = {0};

    memcpy(&blas, &config, sizeof blas);
    H5get_libversion(&h5[0], &h5[1], &h5[2]);
    log_printf(&ctx->log, "adele %s, %d OpenMP thread%s\n", adele_version(),
               ctx->nthread, ctx->nthread == 1 ? "" : "s");
    log_printf(&ctx->log, "  dsyevd from %s\n", library_of("dsyevd_"));
    log_printf(&ctx->log, "  sgemm from %s\n", library_of("cblas_sgemm"));
    log_printf(&ctx->log, "  %s, GSL %s, %s, HDF5 %u.%u.%u\n",
               blas ? blas() : "BLAS of unknown make", GSL_VERSION,
               fftw_version, h5[0], h5[1], h5[2]);
}

static int open_outputs(struct adele *ctx, const struct options *o)
{
    const char *log = o->log ? o->log : "log.adele";

    if (o->screen && strcmp(o->screen, "none") == 0) {
        ctx->log.screen = NULL;
    } else if (o->screen) {
        ctx->log.screen = fopen(o->screen, "w");
        if (!ctx->log.screen)
            return err_deck(ctx, NULL, "-screen: cannot write '%s'", o->screen);
    }
    ctx->log.terminal = ctx->log.screen == stdout && isatty(STDOUT_FILENO);
    if (!ctx->check_only && !o->want_help && !o->want_version) {
        int error = log_open(&ctx->log, log, false);

        if (error)
            return err_deck(ctx, NULL, "cannot write the log file '%s': %s",
                            log, strerror(error));
    }
    if (o->echo) {
        struct text command = {0};
        int status;

        text_addf(&command, "echo %s", o->echo);
        status = input_text(ctx, command.s ? command.s : "", "(command line)");
        text_free(&command);
        return status;
    }
    return 0;
}

static int help(struct adele *ctx, const struct options *o)
{
    struct text command = {0};
    int status;

    if (o->nhelp == 0) {
        usage(stdout);
        return 0;
    }
    text_add(&command, "help");
    for (int i = 0; i < o->nhelp; i++)
        text_addf(&command, " %s", o->help[i]);
    status = input_text(ctx, command.s ? command.s : "help", "(command line)");
    text_free(&command);
    return status;
}

static int run_deck(struct adele *ctx, const struct options *o)
{
    if (o->deck)
        return input_file(ctx, o->deck);
    if (o->last_value && access(o->last_value, R_OK) == 0)
        log_warning(&ctx->log,
                    "-var took the file '%s' for one of its values, so that "
                    "standard input is read; name the deck first, or after -in",
                    o->last_value);
    if (ctx->interactive)
        return input_interactive(ctx);
    return input_file(ctx, "-");
}

static void print_error(struct adele *ctx)
{
    const char *text = adele_error(ctx);

    log_progress(&ctx->log, NULL);
    log_flush(&ctx->log);
    fputs(text, stderr);
    log_file(&ctx->log, text);
}

/* What the shell sees. */
static int exit_status(const struct adele *ctx, int status)
{
    if (ctx->interrupt || status == ADELE_EINTERRUPT)
        return 128 + (ctx->interrupt ? (int)ctx->interrupt : SIGINT);
    if (status == ADELE_EQUIT)
        return ctx->quit_status;
    return status;
}

static int run_program(struct adele *ctx, const struct options *o)
{
    char clock[24];
    int status;

    install_signals(ctx);
    print_head(ctx);
    if (o->want_version)
        return 0;
    status = run_deck(ctx, o);
    if (ctx->check_only && !status)
        log_printf(&ctx->log, "The deck is in order.\n");
    if (ctx->error.status)
        print_error(ctx);
    log_printf(&ctx->log, "Total wall time: %s\n",
               text_clock(clock, wall_time() - ctx->start_wall));
    return status;
}

static int session(struct adele *ctx, int argc, char **argv)
{
    struct options o = {0};
    int status = read_options(ctx, argc, argv, &o);

    ctx->log.screen = stdout;
    ctx->interactive = !o.deck && isatty(STDIN_FILENO) && !o.want_help;
    if (!status)
        status = open_outputs(ctx, &o);
    if (!status)
        return o.want_help ? help(ctx, &o) : run_program(ctx, &o);
    return status;
}

int main(int argc, char **argv)
{
    struct adele *ctx = adele_new(NULL, NULL);
    int status, result;

    if (!ctx) {
        fprintf(stderr, "ERROR: not enough memory\n");
        return ADELE_ERUN;
    }
    status = session(ctx, argc, argv);
    if (ctx->error.status && !ctx->error_text.s)
        print_error(ctx);
    result = exit_status(ctx, status);
    if (ctx->log.failed) {
        fprintf(stderr,
                "ERROR: the log file '%s' could not be written to the "
                "end\n",
                ctx->log.path);
        result = result ? result : ADELE_ERUN;
    }
    if (fflush(stdout) && !result)
        result = ADELE_ERUN;
    adele_free(ctx);
    return result;
}

/* The closed table of control commands, and the short ones among them. */

#include "input/control.h"

#include <string.h>

#include "base/mem.h"
#include "expr/variable.h"
#include "plug/registry.h"

static int control_variable(struct adele *ctx, const struct words *w)
{
    struct words rest = words_from(w, 1);
    return variable_define(ctx, &rest);
}

static int control_next(struct adele *ctx, const struct words *w)
{
    struct words rest = words_from(w, 1);
    bool exhausted;
    int status = variable_next(ctx, &rest, &exhausted);
    if (!status && exhausted)
        ctx->input->skip_jump = true;
    return status;
}

/* Only the target of a jump. */
static int control_label(struct adele *ctx, const struct words *w)
{
    (void)ctx, (void)w;
    return ADELE_OK;
}

/* ---- jump ---- */

/* What a jump moves: the innermost file, stream or terminal; without one, the
   text at the bottom. */
static struct source *jump_target(struct adele *ctx)
{
    struct source *s = ctx->input->top;
    while (s->below && (s->kind == SOURCE_PART || s->kind == SOURCE_TEXT))
        s = s->below;
    return s;
}

static int set_label(struct adele *ctx, struct source *s, const struct word *w)
{
    mem_free(s->label);
    where_release(&s->label_where);
    s->label = NULL;
    if (!w)
        return ADELE_OK;
    s->label = mem_strdup(w->text);
    s->label_where = where_hold(w->where);
    return s->label ? ADELE_OK : err_memory(ctx, "a label", 64);
}

/* What stands above the target is left for good. */
static void abandon(struct adele *ctx, const struct source *target)
{
    for (struct source *s = ctx->input->top; s != target; s = s->below)
        s->abandoned = true;
}

static int jump_self(struct adele *ctx, const struct words *w,
                     struct source *target, const struct word *label)
{
    if (target->kind == SOURCE_TERMINAL || target->kind == SOURCE_STREAM)
        return err_deck(ctx, &w->word[1].where,
                        "jump SELF goes back in a deck file, and %s cannot be "
                        "read again; put the loop into a file and run it with "
                        "`include FILE` or `adele FILE`",
                        target->name);
    int status = set_label(ctx, target, label);
    if (status)
        return status;
    abandon(ctx, target);
    target->at = 0;
    target->number = 1;
    target->jumps++;
    return ADELE_OK;
}

static int jump_file(struct adele *ctx, const struct words *w,
                     struct source *target, const struct word *label)
{
    struct source file;
    int status = source_open(ctx, w->word[1].text, &w->word[1].where, &file);
    if (!status && set_label(ctx, &file, label)) {
        source_close(&file);
        status = ctx->error.status;
    }
    if (status)
        return status;
    if (target->kind == SOURCE_TERMINAL)
        return source_run(ctx, &file);
    abandon(ctx, target);
    file.below = target->below;
    file.jumps = target->jumps + 1;
    source_close(target);
    *target = file;
    return ADELE_OK;
}

static int control_jump(struct adele *ctx, const struct words *w)
{
    if (ctx->input->skip_jump) {
        ctx->input->skip_jump = false;
        return ADELE_OK;
    }
    struct source *target = jump_target(ctx);
    const struct word *label = w->n > 2 ? &w->word[2] : NULL;
    return strcmp(w->word[1].text, "SELF") ? jump_file(ctx, w, target, label)
                                           : jump_self(ctx, w, target, label);
}

static int control_include(struct adele *ctx, const struct words *w)
{
    struct source s;
    int status = source_open(ctx, w->word[1].text, &w->word[1].where, &s);
    return status ? status : source_run(ctx, &s);
}

/* ---- the session ---- */

static int control_quit(struct adele *ctx, const struct words *w)
{
    int64_t status = 0;
    if (w->n > 1 &&
        (!text_integer(w->word[1].text, &status) || status < 0 || status > 255))
        return err_deck(ctx, &w->word[1].where,
                        "quit: expected an exit status from 0 to 255, found "
                        "'%s'",
                        w->word[1].text);
    ctx->quit_status = (int)status;
    return ADELE_EQUIT;
}

static int control_clear(struct adele *ctx, const struct words *w)
{
    (void)w;
    if (ctx->input->in_style || ctx->running)
        return err_deck(ctx, NULL, "clear: not inside another command");
    adele_clear(ctx);
    return ADELE_OK;
}

static int control_log(struct adele *ctx, const struct words *w)
{
    bool append = w->n > 2;
    if (append && strcmp(w->word[2].text, "append"))
        return err_deck(ctx, &w->word[2].where,
                        "log: expected `append`, found '%s'", w->word[2].text);
    if (ctx->check_only)
        return ADELE_OK;
    int error = log_open(&ctx->log, w->word[1].text, append);
    return error
               ? err_deck(ctx, &w->word[1].where, "log: cannot write '%s': %s",
                          w->word[1].text, strerror(error))
               : ADELE_OK;
}

static int control_echo(struct adele *ctx, const struct words *w)
{
    static const char *const names[] = {"none", "screen", "log", "both"};
    for (unsigned k = 0; k < 4; k++) {
        if (strcmp(names[k], w->word[1].text))
            continue;
        ctx->log.echo_screen = k & 1;
        ctx->log.echo_file = k & 2;
        return ADELE_OK;
    }
    return err_unknown(ctx, &w->word[1].where, "kind of echo", w->word[1].text,
                       names, 4);
}

/* ---- the table ---- */

/* name, usage, meaning, least and most words, function */
#define CONTROLS(X)                                                            \
    X("clear", "clear", "forgets everything but variables, log and input", 0,  \
      0, control_clear)                                                        \
    X("echo", "echo none|screen|log|both",                                     \
      "where commands are repeated as they are read", 1, 1, control_echo)      \
    X("help", "help [kind [style]]",                                           \
      "lists commands and styles, explains one", 0, 2, control_help)           \
    X("if",                                                                    \
      "if \"condition\" then \"command\" .. [elif \"condition\" "              \
      "\"command\" ..] [else \"command\" ..]",                                 \
      "runs commands when a condition holds", 3, -1, control_if)               \
    X("include", "include FILE", "runs the commands of a file, then goes on",  \
      1, 1, control_include)                                                   \
    X("jump", "jump FILE|SELF [label]",                                        \
      "goes on in a file, at its start or behind a label", 1, 2, control_jump) \
    X("label", "label NAME", "a place that jump can go to", 1, 1,              \
      control_label)                                                           \
    X("log", "log FILE|none [append]", "the log file from here on", 1, 2,      \
      control_log)                                                             \
    X("next", "next NAME ..",                                                  \
      "gives loop variables their next value; after the last one the "         \
      "following jump is skipped",                                             \
      1, -1, control_next)                                                     \
    X("print",                                                                 \
      "print \"text\" [file F] [append F] [screen yes|no] [universe yes|no]",  \
      "writes a text to screen, log or a file", 1, -1, control_print)          \
    X("quit", "quit [status]", "ends the deck with an exit status", 0, 1,      \
      control_quit)                                                            \
    X("shell", "shell COMMAND ..",                                             \
      "cd, mkdir, mv, rm, rmdir, putenv, or a command of the shell", 1, -1,    \
      control_shell)                                                           \
    X("variable", "variable NAME STYLE ..",                                    \
      "defines a variable: index, loop, world, universe, uloop, string, "      \
      "getenv, file, format, equal, vector, atom, timer, internal, delete",    \
      2, -1, control_variable)

#define ENTRY(...) {__VA_ARGS__},
#define NAME(name, ...) name,
static const struct control controls[] = {CONTROLS(ENTRY)};
static const char *const names_of_controls[] = {CONTROLS(NAME)};
enum { NCONTROL = sizeof controls / sizeof *controls };

const struct control *control_find(const char *name)
{
    for (int k = 0; k < NCONTROL; k++)
        if (!strcmp(controls[k].name, name))
            return &controls[k];
    return NULL;
}

const char *const *input_control_names(int *n)
{
    *n = NCONTROL;
    return names_of_controls;
}

const char *input_control_help(const char *name)
{
    const struct control *c = control_find(name);
    return c ? c->usage : NULL;
}

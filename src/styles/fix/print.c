/* fix print: a line of text in the course of a run.

       fix ID GROUP print N TEXT [file F | append F] [screen yes|no] [title T]

   N is a number of steps, or a variable that gives the next step.  $x,
   ${name} and $(formula) in the quoted text are replaced each time.  The
   group is not used. */

#include <math.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "expr/substitute.h"
#include "expr/variable.h"
#include "plug/args.h"
#include "plug/fix.h"
#include "plug/value.h"

struct print {
    struct fix fix;
    struct value interval;
    struct arg_list text; /* one word, with its place */
    char *path, *append, *title;
    bool screen;
    int64_t next;
    struct file *file;
};

static const struct arg args[] = {
    {ARG_VALUE, "N", AT(struct print, interval), .positive = true,
     .doc = "print at multiples of this step; a variable gives the next step"},
    {ARG_LIST, "TEXT", AT(struct print, text), .bounded = true, .min = 1,
     .max = 1, .doc = "quoted text; $x ${name} $(formula) are read each time"},
    {ARG_FILE, "file", AT(struct print, path), .key = true,
     .doc = "write the lines to this file, anew"},
    {ARG_FILE, "append", AT(struct print, append), .key = true,
     .doc = "write the lines to the end of this file"},
    {ARG_BOOL, "screen", AT(struct print, screen), .key = true, .def = "yes",
     .doc = "print to the screen and the log file"},
    {ARG_WORD, "title", AT(struct print, title), .key = true,
     .doc = "first line of the file, none for no such line; default "
            "`# Fix print output for fix ID`"},
    {0}};

static int init(struct adele *ctx, void *self)
{
    struct print *s = self;
    const double n = s->interval.number;

    if (s->path && s->append)
        return err_deck(ctx, NULL, "fix print: give file or append, not both");
    if (s->interval.is_reference)
        return reference_check(ctx, &s->interval.ref, OUT_SCALAR);
    if (n != floor(n) || n > 9e15)
        return err_deck(ctx, NULL,
                        "fix print: expected N (integer >= 1), found %.10g", n);
    s->fix.every = (int64_t)n;
    return 0;
}

static void fini(struct adele *ctx, void *self)
{
    struct print *s = self;

    (void)ctx;
    file_close(s->file);
    outputs_fini(&s->fix.out);
}

static int check_file(struct adele *ctx, struct print *s)
{
    if (!s->file || !file_error(s->file))
        return 0;
    return err_run_at(ctx, &s->fix.head.where,
                      "fix print: cannot write to %s: %s", file_path(s->file),
                      strerror(file_error(s->file)));
}

/* When the first run begins, so that -check and a fix that is replaced before
   any run leave the files alone. */
static int open_file(struct adele *ctx, struct print *s)
{
    const char *path = s->path ? s->path : s->append;
    int error;

    if (!path || s->file || ctx->check_only)
        return 0;
    s->file = file_open(path, s->path ? FILE_WRITE : FILE_APPEND, &error);
    if (!s->file)
        return err_run_at(ctx, &s->fix.head.where,
                          "fix print: cannot open %s: %s", path,
                          strerror(error));
    if (!s->title)
        file_printf(s->file, "# Fix print output for fix %s\n", s->fix.head.id);
    else if (strcmp(s->title, "none"))
        file_printf(s->file, "%s\n", s->title);
    file_flush(s->file);
    return check_file(ctx, s);
}

static int next_by_variable(struct adele *ctx, struct print *s)
{
    double next;

    if (value_get(ctx, &s->interval, &next))
        return ctx->error.status;
    if (!(next > (double)ctx->step) || next > 9e15)
        return err_run_at(ctx, &s->interval.ref.where,
                          "fix print: the next step is %.10g at step %lld; it "
                          "must come later",
                          next, (long long)ctx->step);
    s->next = (int64_t)next;
    return 0;
}

static int print_line(struct adele *ctx, struct print *s)
{
    const struct word *w = &s->text.word[0];
    struct text line = {0};
    int status = substitute_text(ctx, w->text, &w->where, &line);

    text_addc(&line, '\n');
    if (!status && line.failed)
        status = err_memory(ctx, "fix print", (double)line.length);
    if (!status && s->screen)
        log_write(&ctx->log, line.s);
    if (!status && s->file) {
        file_write(s->file, line.s, line.length);
        file_flush(s->file);
        status = check_file(ctx, s);
    }
    text_free(&line);
    return status;
}

static int setup(struct adele *ctx, struct fix *f)
{
    struct print *s = (struct print *)f;

    if (open_file(ctx, s))
        return ctx->error.status;
    if (s->interval.is_reference)
        return next_by_variable(ctx, s);
    return ctx->step % f->every ? 0 : print_line(ctx, s);
}

static int end_of_step(struct adele *ctx, struct fix *f)
{
    struct print *s = (struct print *)f;

    if (!s->interval.is_reference)
        return ctx->step % f->every ? 0 : print_line(ctx, s);
    if (ctx->step != s->next)
        return 0;
    if (print_line(ctx, s))
        return ctx->error.status;
    return next_by_variable(ctx, s);
}

/* What ${name} in the text needs.  What stands in $(formula) is not looked
   into: a quantity that only it asks for is solved for when it is read. */
static unsigned need(struct adele *ctx, struct fix *f, int64_t step)
{
    struct print *s = (struct print *)f;
    unsigned mask = value_need(ctx, &s->interval);

    if (s->interval.is_reference ? step != s->next : step % f->every)
        return mask;
    for (const char *p = s->text.word[0].text; (p = strstr(p, "${")); p++) {
        const char *end = strchr(p, '}');
        char *name = end ? mem_strndup(p + 2, (size_t)(end - p - 2)) : NULL;

        if (name && variable_exists(ctx, name))
            mask |= variable_need(ctx, name);
        mem_free(name);
    }
    return mask;
}

const struct fix_style fix_print = {
    .style = {STYLE_HEAD(fix, "print", struct print),
              .summary = "print a line of text in the course of a run",
              .args = args, .init = init, .fini = fini},
    .setup = setup,
    .end_of_step = end_of_step,
    .need = need,
};

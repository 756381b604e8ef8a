/* if and print: the commands whose quoted text expands when it is used. */

#include <string.h>

#include "base/file.h"
#include "expr/formula.h"
#include "expr/substitute.h"
#include "input/control.h"

/* ---- if ---- */

static bool is(const struct words *w, int k, const char *name)
{
    return k < w->n && !w->word[k].quote && !strcmp(w->word[k].text, name);
}

static bool ends_branch(const struct words *w, int k)
{
    return k >= w->n || is(w, k, "elif") || is(w, k, "else");
}

static int fail_expected(struct adele *ctx, const struct words *w, int k,
                         const char *expected)
{
    if (k < w->n)
        return err_deck(ctx, &w->word[k].where, "if: expected %s, found '%s'",
                        expected, w->word[k].text);
    return err_deck(ctx, &w->word[w->n - 1].where,
                    "if: expected %s, found nothing more", expected);
}

/* The whole command is checked before any of it runs. */
static int check_if(struct adele *ctx, const struct words *w)
{
    if (!is(w, 2, "then"))
        return fail_expected(ctx, w, 2,
                             "`then` behind the condition (quote a "
                             "condition with blanks)");
    for (int k = 3;;) {
        if (ends_branch(w, k))
            return fail_expected(ctx, w, k, "a quoted command");
        while (!ends_branch(w, k))
            k++;
        if (k >= w->n)
            return ADELE_OK;
        bool last = is(w, k, "else");
        if (!last && k + 1 >= w->n)
            return fail_expected(ctx, w, k + 1, "a condition behind `elif`");
        k += last ? 1 : 2;
        if (!last && is(w, k, "then")) /* LAMMPS has none here; harmless */
            return fail_expected(ctx, w, k,
                                 "a quoted command (elif takes no "
                                 "`then`)");
        if (!last)
            continue;
        if (ends_branch(w, k))
            return fail_expected(ctx, w, k, "a quoted command");
        while (!ends_branch(w, k))
            k++;
        return k < w->n ? fail_expected(ctx, w, k, "nothing behind `else`")
                        : ADELE_OK;
    }
}

static int holds(struct adele *ctx, const struct word *condition, bool *out)
{
    struct line *line = substitute_word(ctx, condition);
    if (!line)
        return ctx->error.status;
    struct where w = {line, 0, strlen(line->text)};
    int status = formula_condition(ctx, line->text, &w, out);
    line_release(line);
    return status;
}

/* Runs the commands from k on; a jump among them leaves the rest. */
static int run_branch(struct adele *ctx, const struct words *w, int k)
{
    struct source *here = ctx->input->top;
    long jumps = here ? here->jumps : 0;
    int status = ADELE_OK;
    for (; !status && !ends_branch(w, k); k++) {
        status = source_part(ctx, &w->word[k].where, w->word[k].text);
        if (here && (here->abandoned || here->jumps != jumps))
            break;
    }
    return status;
}

int control_if(struct adele *ctx, const struct words *w)
{
    int status = check_if(ctx, w);
    int condition = 1, branch = 3;
    while (!status) {
        bool yes = false;
        status = holds(ctx, &w->word[condition], &yes);
        if (status || yes)
            return status ? status : run_branch(ctx, w, branch);
        int k = branch;
        while (!ends_branch(w, k))
            k++;
        if (is(w, k, "else"))
            return run_branch(ctx, w, k + 1);
        if (k >= w->n)
            return ADELE_OK;
        condition = k + 1;
        branch = k + 2;
    }
    return status;
}

/* ---- print ---- */

struct print {
    const struct word *path; /* NULL: none */
    enum file_mode mode;
    bool screen;
};

static int yes_or_no(struct adele *ctx, const struct word *w, bool *out)
{
    *out = !strcmp(w->text, "yes") || !strcmp(w->text, "on");
    if (*out || !strcmp(w->text, "no") || !strcmp(w->text, "off"))
        return ADELE_OK;
    return err_deck(ctx, &w->where, "print: expected yes or no, found '%s'",
                    w->text);
}

static int read_print(struct adele *ctx, const struct words *w, struct print *p)
{
    static const char *const keys[] = {"file", "append", "screen", "universe"};
    for (int k = 2; k < w->n; k += 2) {
        const struct word *key = &w->word[k], *value = key + 1;
        bool file = !strcmp(key->text, keys[0]), ignored;
        bool append = !strcmp(key->text, keys[1]);
        bool screen = !strcmp(key->text, keys[2]);
        if (!file && !append && !screen && strcmp(key->text, keys[3]))
            return err_deck(ctx, &key->where,
                            "print: expected file, append, screen or universe "
                            "behind the text, found '%s'; put a text with "
                            "blanks in quotes",
                            key->text);
        if (k + 1 >= w->n)
            return err_deck(ctx, &key->where,
                            "print: expected a value behind `%s`", key->text);
        if (file || append) {
            p->path = value;
            p->mode = append ? FILE_APPEND : FILE_WRITE;
        } else if (yes_or_no(ctx, value, screen ? &p->screen : &ignored)) {
            return ctx->error.status;
        }
    }
    return ADELE_OK;
}

static int write_print(struct adele *ctx, const struct print *p, const char *s)
{
    int error = 0;
    struct file *f = file_open(p->path->text, p->mode, &error);
    if (f) {
        file_printf(f, "%s\n", s);
        error = file_close(f);
    }
    return error ? err_run_at(ctx, &p->path->where,
                              "print: cannot write '%s': %s", p->path->text,
                              strerror(error))
                 : ADELE_OK;
}

int control_print(struct adele *ctx, const struct words *w)
{
    struct print p = {.screen = true};
    int status = read_print(ctx, w, &p);
    struct line *line = status ? NULL : substitute_word(ctx, &w->word[1]);
    if (!line)
        return ctx->error.status;
    if (p.path && !ctx->check_only)
        status = write_print(ctx, &p, line->text);
    if (!status) {
        if (p.screen)
            log_screen(&ctx->log, line->text);
        if (p.screen)
            log_screen(&ctx->log, "\n");
        log_file(&ctx->log, line->text);
        log_file(&ctx->log, "\n");
    }
    line_release(line);
    return status;
}

/* shell: folders, files and environment without a shell, everything else
   through one.  What fails is warned of and the deck goes on, as in LAMMPS. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "input/control.h"

static int put_environment(const char *s)
{
    struct text t = {0};
    const char *equals = strchr(s, '=');
    text_addn(&t, s, equals ? (size_t)(equals - s) : strlen(s));
    int result = t.failed ? -1 : setenv(t.s, equals ? equals + 1 : "", 1);
    text_free(&t);
    return result;
}

static int make_folder(const char *path)
{
    return mkdir(path, 0777);
}

static void warn(struct adele *ctx, const char *what, const char *name)
{
    log_warning(&ctx->log, "shell %s %s: %s", what, name, strerror(errno));
}

static int change_folder(struct adele *ctx, const struct words *w)
{
    if (w->n != 3)
        return err_deck(ctx, &w->word[w->n - 1].where,
                        "shell cd: expected one folder");
    if (chdir(w->word[2].text))
        warn(ctx, "cd", w->word[2].text);
    return ADELE_OK;
}

static int move(struct adele *ctx, const struct words *w)
{
    if (w->n != 4)
        return err_deck(ctx, &w->word[w->n - 1].where,
                        "shell mv: expected an old and a new name");
    const char *target = w->word[3].text;
    const char *base = strrchr(w->word[2].text, '/');
    struct text path = {0};
    struct stat status;
    text_add(&path, target);
    if (!stat(target, &status) && S_ISDIR(status.st_mode))
        text_addf(&path, "/%s", base ? base + 1 : w->word[2].text);
    if (path.failed || rename(w->word[2].text, path.s))
        warn(ctx, "mv", w->word[2].text);
    text_free(&path);
    return ADELE_OK;
}

/* One system call for each word. */
static const struct {
    const char *name;
    int (*act)(const char *word);
    bool in_check; /* also under -check: touches no file */
} each[] = {{"mkdir", make_folder, false},
            {"rm", unlink, false},
            {"rmdir", rmdir, false},
            {"putenv", put_environment, true}};

static int for_each(struct adele *ctx, const struct words *w, size_t k)
{
    if (w->n < 3)
        return err_deck(ctx, &w->word[1].where, "shell %s: expected a name",
                        each[k].name);
    for (int i = 2; i < w->n; i++)
        if (each[k].act(w->word[i].text))
            warn(ctx, each[k].name, w->word[i].text);
    return ADELE_OK;
}

/* The rest of the line as it reads, quotes and all. */
static int run_shell(struct adele *ctx, const struct words *w)
{
    const struct word *first = &w->word[1];
    size_t skip = first->quote == '3' ? 3 : first->quote ? 1 : 0;
    const char *command = w->line->text + first->where.column - skip;
    log_flush(&ctx->log);
    errno = 0;
    int status = system(w->n == 2 ? first->text : command);
    if (status == -1)
        log_warning(&ctx->log, "shell: %s", strerror(errno));
    else if (WIFSIGNALED(status))
        log_warning(&ctx->log, "shell: '%s' was ended by signal %d", command,
                    WTERMSIG(status));
    else if (WEXITSTATUS(status))
        log_warning(&ctx->log, "shell: '%s' ended with status %d", command,
                    WEXITSTATUS(status));
    return ADELE_OK;
}

int control_shell(struct adele *ctx, const struct words *w)
{
    const char *name = w->word[1].text;
    if (!strcmp(name, "cd"))
        return change_folder(ctx, w);
    for (size_t k = 0; k < sizeof each / sizeof *each; k++)
        if (!strcmp(name, each[k].name))
            return ctx->check_only && !each[k].in_check ? ADELE_OK
                                                        : for_each(ctx, w, k);
    if (ctx->check_only)
        return ADELE_OK;
    return strcmp(name, "mv") ? run_shell(ctx, w) : move(ctx, w);
}

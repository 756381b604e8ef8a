/* Screen and log file: see log.h. */

#include "base/log.h"

#include <errno.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"

static void remove_progress(struct log *log)
{
    if (!log->progress || !log->screen)
        return;
    fputs("\r\033[K", log->screen);
    log->progress = false;
}

void log_screen(struct log *log, const char *text)
{
    if (log->print) {
        log->print(log->user, text);
        return;
    }
    if (!log->screen)
        return;
    remove_progress(log);
    fputs(text, log->screen);
}

void log_file(struct log *log, const char *text)
{
    if (!log->file)
        return;
    if (fputs(text, log->file) == EOF)
        log->failed = true;
}

void log_write(struct log *log, const char *text)
{
    log_screen(log, text);
    log_file(log, text);
}

static void log_vprintf(struct log *log, const char *before, const char *format,
                        const char *after, va_list ap)
{
    struct text t = {0};
    text_add(&t, before);
    text_vaddf(&t, format, ap);
    text_add(&t, after);
    log_write(log, t.failed ? "(message lost: out of memory)\n" : t.s);
    text_free(&t);
}

void log_printf(struct log *log, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    log_vprintf(log, "", format, "", ap);
    va_end(ap);
}

void log_warning(struct log *log, const char *format, ...)
{
    size_t n = strlen(format);
    va_list ap;
    va_start(ap, format);
    log_vprintf(log, "WARNING: ", format,
                n && format[n - 1] == '\n' ? "" : "\n", ap);
    va_end(ap);
    log->warnings++;
}

void log_progress(struct log *log, const char *line)
{
    if (!log->terminal || !log->screen || log->print)
        return;
    remove_progress(log);
    if (line) {
        fputs(line, log->screen);
        log->progress = true;
    }
    fflush(log->screen);
}

void log_close(struct log *log)
{
    if (log->file && fclose(log->file))
        log->failed = true;
    log->file = NULL;
    mem_free(log->path);
    log->path = NULL;
}

int log_open(struct log *log, const char *path, bool append)
{
    if (!strcmp(path, "none")) {
        log_close(log);
        return 0;
    }
    char *copy = mem_strdup(path);
    if (!copy)
        return ENOMEM;
    /* The same name may be opened again: nothing of ours may land after the
       truncation. */
    if (log->file && fflush(log->file))
        log->failed = true;
    FILE *file = fopen(path, append ? "ae" : "we");
    if (!file) {
        int error = errno;
        mem_free(copy);
        return error;
    }
    log_close(log);
    log->file = file;
    log->path = copy;
    log->failed = false;
    return 0;
}

void log_flush(struct log *log)
{
    if (log->screen)
        fflush(log->screen);
    if (log->file && fflush(log->file))
        log->failed = true;
}

/* The one place that prints: screen and log file.

   Both are optional.  Writing goes through a callback when adele is used as
   a library.  A log file that can no longer be written (full disk) sets
   `failed`, which the run loop turns into an error at the next step. */

#ifndef ADELE_LOG_H
#define ADELE_LOG_H

#include <stdbool.h>
#include <stdio.h>

struct log {
    FILE *screen;  /* NULL: nowhere */
    FILE *file;    /* NULL: nowhere */
    char *path;    /* of file */
    void (*print)(void *user, const char *text); /* instead of screen */
    void *user;
    bool terminal;     /* screen is a terminal: progress lines allowed */
    bool progress;     /* a progress line stands on the screen now */
    bool echo_screen, echo_file;
    bool failed;       /* a write to file failed */
    long warnings;
};

/* To screen and file; to one of them only. */
void log_printf(struct log *log, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void log_write(struct log *log, const char *text);
void log_screen(struct log *log, const char *text);
void log_file(struct log *log, const char *text);

/* "WARNING: ..." to both, counted. */
void log_warning(struct log *log, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Replaces the progress line on a terminal; NULL removes it.  Never reaches
   the log file nor a screen that is no terminal. */
void log_progress(struct log *log, const char *line);

/* Opens path as the log file ("none": no file), closing the present one.
   Returns 0 or an errno value, and then the present file stays. */
int log_open(struct log *log, const char *path, bool append);
void log_close(struct log *log);
void log_flush(struct log *log);

#endif

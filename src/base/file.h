/* Output files whose errors are noticed, plain or gzip by their name.

   Every write, flush and close is checked; the first failure is kept as an
   errno value and all later writes do nothing, so that a caller checks once.
   A file opened with FILE_ATOMIC is written under a temporary name in the
   same folder and renamed on a successful close: a reader never sees half. */

#ifndef ADELE_FILE_H
#define ADELE_FILE_H

#include <stdbool.h>
#include <stddef.h>

struct file;

enum file_mode { FILE_WRITE, FILE_APPEND, FILE_ATOMIC };

/* NULL with *error (errno value) on failure.  A name in .gz is compressed. */
struct file *file_open(const char *path, enum file_mode mode, int *error);
void file_printf(struct file *f, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void file_write(struct file *f, const void *bytes, size_t n);
void file_flush(struct file *f);
int file_error(const struct file *f);
const char *file_path(const struct file *f);
int file_close(struct file *f);    /* 0 or errno; frees f; NULL gives 0 */
void file_discard(struct file *f); /* closes; an atomic file leaves nothing */

/* A whole file (plain or gzip) as one terminated string, or NULL with *error. */
char *file_read_all(const char *path, size_t *length, int *error);

#endif

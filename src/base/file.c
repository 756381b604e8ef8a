/* Output files whose errors are noticed: see file.h. */

#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "base/mem.h"
#include "base/text.h"

struct file {
    char *path;      /* as the user gave it */
    char *target;    /* the name it gets at the end: links followed */
    char *temporary; /* the name it has until then; NULL: written in place */
    FILE *plain;     /* one of these two */
    gzFile gzip;
    int fd; /* behind gzip, a duplicate for fsync; -1 otherwise */
    int error;
};

static void note(struct file *f, int error)
{
    if (!f->error)
        f->error = error ? error : EIO;
}

static int gzip_error(gzFile gz)
{
    int code, error = errno;
    gzerror(gz, &code);
    if (code == Z_ERRNO)
        return error ? error : EIO;
    return code == Z_MEM_ERROR ? ENOMEM : EIO;
}

static bool is_gzip(const char *path)
{
    size_t n = strlen(path);
    return n >= 3 && !strcmp(path + n - 3, ".gz");
}

/* A new file beside the target, under a name nobody has. */
static int open_temporary(struct file *f)
{
    for (int k = 0; k < 1000; k++) {
        struct text name = {0};
        text_addf(&name, "%s.%ld-%d.tmp", f->target, (long)getpid(), k);
        if (name.failed) {
            errno = ENOMEM;
            return -1;
        }
        int fd = open(name.s, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (fd >= 0) {
            f->temporary = name.s;
            return fd;
        }
        text_free(&name);
        if (errno != EEXIST)
            return -1;
    }
    return -1;
}

/* The name behind symbolic links, so that a rename replaces the file and not
   the link; the name itself while nothing stands there. */
static char *follow_links(const char *path)
{
    char *real = realpath(path, NULL);
    char *copy = mem_strdup(real ? real : path);
    free(real);
    return copy;
}

static int open_descriptor(struct file *f, enum file_mode mode)
{
    if (mode == FILE_ATOMIC) {
        struct stat status;
        bool there = !stat(f->target, &status);
        if (there && S_ISDIR(status.st_mode)) {
            errno = EISDIR;
            return -1;
        }
        /* A device or pipe must not be renamed over. */
        if (!there || S_ISREG(status.st_mode))
            return open_temporary(f);
    }
    int flags = mode == FILE_APPEND ? O_APPEND : O_TRUNC;
    return open(f->target, O_WRONLY | O_CREAT | O_CLOEXEC | flags, 0666);
}

static int attach(struct file *f, int fd)
{
    if (!is_gzip(f->path)) {
        f->plain = fdopen(fd, "w");
        return f->plain ? 0 : -1;
    }
    f->fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    if (f->fd < 0)
        return -1;
    f->gzip = gzdopen(fd, "wb");
    if (!f->gzip)
        errno = ENOMEM;
    return f->gzip ? 0 : -1;
}

static void release(struct file *f)
{
    if (f->fd >= 0)
        close(f->fd);
    mem_free(f->path);
    mem_free(f->target);
    mem_free(f->temporary);
    mem_free(f);
}

struct file *file_open(const char *path, enum file_mode mode, int *error)
{
    *error = ENOMEM;
    struct file *f = mem_zalloc(1, sizeof *f);
    if (!f)
        return NULL;
    f->fd = -1;
    f->path = mem_strdup(path);
    f->target = mode == FILE_ATOMIC ? follow_links(path) : mem_strdup(path);
    if (!f->path || !f->target) {
        release(f);
        return NULL;
    }
    int fd = open_descriptor(f, mode);
    if (fd < 0 || attach(f, fd)) {
        *error = errno;
        if (fd >= 0)
            close(fd);
        if (f->temporary)
            unlink(f->temporary);
        release(f);
        return NULL;
    }
    *error = 0;
    return f;
}

void file_write(struct file *f, const void *bytes, size_t n)
{
    if (f->error || !n)
        return;
    errno = 0;
    if (f->plain) {
        if (fwrite(bytes, 1, n, f->plain) != n)
            note(f, errno);
        return;
    }
    const char *at = bytes;
    while (n && !f->error) {
        unsigned part = n < INT_MAX ? (unsigned)n : INT_MAX;
        if (gzwrite(f->gzip, at, part) <= 0)
            note(f, gzip_error(f->gzip));
        at += part;
        n -= part;
    }
}

void file_printf(struct file *f, const char *format, ...)
{
    if (f->error)
        return;
    va_list ap;
    va_start(ap, format);
    errno = 0;
    if (f->plain) {
        if (vfprintf(f->plain, format, ap) < 0)
            note(f, errno);
    } else {
        struct text t = {0};
        text_vaddf(&t, format, ap);
        if (t.failed)
            note(f, ENOMEM);
        else
            file_write(f, t.s, t.length);
        text_free(&t);
    }
    va_end(ap);
}

void file_flush(struct file *f)
{
    if (f->error)
        return;
    errno = 0;
    if (f->plain) {
        if (fflush(f->plain))
            note(f, errno);
    } else if (gzflush(f->gzip, Z_SYNC_FLUSH) != Z_OK)
        note(f, gzip_error(f->gzip));
}

int file_error(const struct file *f)
{
    return f->error;
}

const char *file_path(const struct file *f)
{
    return f->path;
}

/* To the disk before the rename, or a power cut could leave the new name with
   old or no bytes.  What cannot be synchronised says EINVAL. */
static void synchronise(struct file *f)
{
    if (f->plain && fflush(f->plain))
        note(f, errno);
    if (f->gzip && gzflush(f->gzip, Z_FINISH) != Z_OK)
        note(f, gzip_error(f->gzip));
    int fd = f->plain ? fileno(f->plain) : f->fd;
    if (!f->error && fsync(fd) && errno != EINVAL && errno != EROFS)
        note(f, errno);
}

static void close_stream(struct file *f)
{
    errno = 0;
    if (f->plain && fclose(f->plain))
        note(f, errno);
    if (f->gzip) {
        int code = gzclose_w(f->gzip);
        if (code != Z_OK)
            note(f, code == Z_ERRNO ? errno : EIO);
    }
}

int file_close(struct file *f)
{
    if (!f)
        return 0;
    if (f->temporary && !f->error)
        synchronise(f);
    close_stream(f);
    if (f->temporary && !f->error && rename(f->temporary, f->target))
        note(f, errno);
    if (f->temporary && f->error)
        unlink(f->temporary);
    int error = f->error;
    release(f);
    return error;
}

void file_discard(struct file *f)
{
    if (!f)
        return;
    close_stream(f);
    if (f->temporary)
        unlink(f->temporary);
    release(f);
}

char *file_read_all(const char *path, size_t *length, int *error)
{
    enum { PIECE = 1 << 16 };
    errno = 0;
    gzFile gz = gzopen(path, "rbe");
    if (!gz) {
        *error = errno ? errno : ENOMEM;
        return NULL;
    }
    struct text t = {0};
    char piece[PIECE];
    int n;
    errno = 0;
    while ((n = gzread(gz, piece, PIECE)) > 0)
        text_addn(&t, piece, (size_t)n);
    text_addn(&t, "", 0);
    *error = n < 0 ? gzip_error(gz) : t.failed ? ENOMEM : 0;
    /* A compressed file cut short is seen only here. */
    if (gzclose_r(gz) != Z_OK && !*error)
        *error = EIO;
    if (*error) {
        text_free(&t);
        return NULL;
    }
    if (length)
        *length = t.length;
    return t.s;
}

/* dump ID GROUP movie N FILE column ..: the pictures of dump image as a film.

   Frames go to the program ffmpeg through a socket, since a pipe would raise
   SIGPIPE when ffmpeg ends early; FILE's ending (.mp4, .mkv, .gif ..) chooses
   the format. */

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "plug/picture.h"

struct movie {
    struct picture picture;
    double rate;
    bool given_rate;
    int socket; /* to ffmpeg, when child > 0 */
    pid_t child;
    int width, height; /* of the first frame; even */
};

static const struct arg modify[] = {
    {ARG_NUMBER, "framerate", AT(struct movie, rate), .key = true,
     .positive = true, .given = AT(struct movie, given_rate),
     .unit = "frames/s", .doc = "default 24"},
    PICTURE_MODIFY};

static const struct arg args[] = {
    DUMP_ARGS,
    {ARG_LIST, "column", AT(struct picture, colour), .min = 1, .max = 2,
     .bounded = true, .syntax = "column [column]",
     .doc = "what to draw, as for dump custom; two columns are a vector"},
    {ARG_NUMBER, "framerate", AT(struct movie, rate), .key = true,
     .positive = true, .given = AT(struct movie, given_rate),
     .unit = "frames/s", .doc = "default 24"},
    PICTURE_MODIFY};

/* Whether the program is in one of the folders of PATH. */
static bool installed(const char *program)
{
    const char *path = getenv("PATH");
    struct text full = {0};
    bool found = false;
    while (path && *path && !found) {
        size_t n = strcspn(path, ":");
        text_clear(&full);
        text_addn(&full, path, n);
        text_addf(&full, "/%s", program);
        found = !full.failed && access(full.s, X_OK) == 0;
        path += n + (path[n] == ':');
    }
    text_free(&full);
    return found;
}

static int init(struct adele *ctx, void *self)
{
    struct movie *m = self;
    bool there = installed("ffmpeg");
    if (!there && ctx->check_only)
        log_warning(&ctx->log, "dump movie: ffmpeg is not installed here");
    else if (!there)
        return err_deck(ctx, &m->picture.dump.head.where,
                        "dump movie needs the program ffmpeg: install it "
                        "(apt-get install ffmpeg), or write single pictures "
                        "with `dump ID GROUP image N FILE.*.png ..`");
    if (m->rate == 0)
        m->rate = 24;
    return picture_init(ctx, self);
}

static _Noreturn void run_ffmpeg(const struct movie *m, const char *path,
                                 int end)
{
    char size[32], rate[32];
    snprintf(size, sizeof size, "%dx%d", m->width, m->height);
    snprintf(rate, sizeof rate, "%g", m->rate);
    dup2(end, STDIN_FILENO);
    execlp("ffmpeg", "ffmpeg", "-y", "-loglevel", "error", "-f", "rawvideo",
           "-pix_fmt", "rgb24", "-s", size, "-r", rate, "-i", "-", "-pix_fmt",
           "yuv420p", path, (char *)NULL);
    _exit(127);
}

static int start(struct adele *ctx, struct movie *m, const struct canvas *c,
                 const char *path)
{
    int end[2];
    m->width = c->width & ~1; /* encoders want even sizes */
    m->height = c->height & ~1;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, end))
        return dump_file_error(ctx, &m->picture.dump, path, errno);
    m->child = fork();
    if (m->child == 0)
        run_ffmpeg(m, path, end[1]);
    close(end[1]);
    m->socket = end[0];
    if (m->child > 0)
        return ADELE_OK;
    close(end[0]);
    return dump_file_error(ctx, &m->picture.dump, path, errno);
}

static int finish(struct adele *ctx, struct movie *m)
{
    int status = 0;
    if (m->child <= 0)
        return ADELE_OK;
    close(m->socket);
    while (waitpid(m->child, &status, 0) < 0 && errno == EINTR)
        ;
    m->child = 0;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return ADELE_OK;
    return ctx ? err_run_at(ctx, &m->picture.dump.head.where,
                            "ffmpeg could not write '%s' (status %d)",
                            m->picture.dump.path,
                            WIFEXITED(status) ? WEXITSTATUS(status) : -1)
               : ADELE_ERUN;
}

static bool send_all(int fd, const unsigned char *bytes, size_t n)
{
    while (n > 0) {
        ssize_t sent = send(fd, bytes, n, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent <= 0)
            return false;
        bytes += sent;
        n -= (size_t)sent;
    }
    return true;
}

/* The frame cut to, or white beside it filled up to, the first one's size. */
static bool send_frame(const struct movie *m, const struct canvas *c)
{
    size_t row = 3 * (size_t)m->width, width = 3 * (size_t)c->width;
    unsigned char *bytes = mem_alloc(width, (size_t)c->height);
    unsigned char *line = mem_alloc(row, 1);
    bool ok = bytes && line;
    if (ok)
        canvas_bytes(c, bytes);
    for (int y = 0; ok && y < m->height; y++) {
        memset(line, 255, row);
        if (y < c->height)
            memcpy(line, bytes + (size_t)y * width, row < width ? row : width);
        ok = send_all(m->socket, line, row);
    }
    mem_free(bytes);
    mem_free(line);
    return ok;
}

static int write_frame(struct adele *ctx, struct dump *d, const char *path)
{
    struct movie *m = (struct movie *)(void *)d;
    struct canvas c;
    int status = picture_make(ctx, &m->picture, &c);
    if (status)
        return status;
    if (m->child <= 0)
        status = start(ctx, m, &c, path);
    if (!status && !send_frame(m, &c)) {
        finish(NULL, m);
        status = err_run_at(ctx, &d->head.where,
                            "ffmpeg stopped while writing '%s'", d->path);
    }
    canvas_fini(&c);
    return status;
}

static int close_movie(struct adele *ctx, struct dump *d)
{
    return finish(ctx, (struct movie *)(void *)d);
}

static void fini(struct adele *ctx, void *self)
{
    finish(NULL, self);
    picture_fini(ctx, self);
}

const struct dump_style dump_movie = {
    .style = {STYLE_HEAD(dump, "movie", struct movie),
              .summary = "a film of a per-site value, through ffmpeg",
              .args = args, .init = init, .fini = fini},
    .modify = modify,
    .own_file = true,
    .write = write_frame,
    .modified = picture_modified,
    .close = close_movie};

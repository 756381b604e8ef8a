/* Runs a program in a folder and keeps what it prints: see process.h. */

#define _GNU_SOURCE
#include "process.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <pty.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { NOT_STARTED = 125, NO_FULL_DISK = 124 };

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void write_text(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY);
    if (fd < 0)
        return;
    if (write(fd, text, strlen(text)) < 0)
        errno = 0;
    close(fd);
}

/* A tiny file system at ./full, in a name space of this process only. */
static int mount_full_disk(long bytes)
{
    char map[64], size[64];
    uid_t uid = getuid();
    gid_t gid = getgid();
    if (unshare(CLONE_NEWUSER | CLONE_NEWNS))
        return -1;
    write_text("/proc/self/setgroups", "deny");
    snprintf(map, sizeof map, "%u %u 1", uid, uid);
    write_text("/proc/self/uid_map", map);
    snprintf(map, sizeof map, "%u %u 1", gid, gid);
    write_text("/proc/self/gid_map", map);
    snprintf(size, sizeof size, "size=%ld", bytes);
    return mkdir("full", 0777) || mount("none", "full", "tmpfs", 0, size) ? -1
                                                                          : 0;
}

static void child(const struct process *p, const int in[2], const int out[2],
                  const int err[2])
{
    if (!p->terminal) {
        setpgid(0, 0);
        dup2(in[0], 0);
        dup2(out[1], 1);
        dup2(err[1], 2);
    }
    for (int fd = 3; fd < 64; fd++)
        close(fd);
    if (p->folder && chdir(p->folder))
        _exit(NOT_STARTED);
    if (p->full_disk > 0 && mount_full_disk(p->full_disk))
        _exit(NO_FULL_DISK);
    if (p->file_size_limit > 0) {
        rlim_t most = (rlim_t)p->file_size_limit;
        setrlimit(RLIMIT_FSIZE, &(struct rlimit){most, most});
    }
    setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
    for (char *const *e = p->env; e && *e; e++)
        putenv(*e);
    execv(p->argv[0], p->argv);
    _exit(NOT_STARTED);
}

struct stream {
    int fd;
    char **text;
    size_t *length, capacity;
};

/* Reads what is there; closes at the end. */
static void drain(struct stream *s)
{
    if (s->capacity < *s->length + 65536) {
        s->capacity = 2 * s->capacity + 131072;
        *s->text = realloc(*s->text, s->capacity);
        if (!*s->text)
            abort();
    }
    ssize_t n = read(s->fd, *s->text + *s->length, 65535);
    if (n < 0 && (errno == EINTR || errno == EAGAIN))
        return;
    if (n <= 0) { /* a pseudo terminal ends with EIO */
        close(s->fd);
        s->fd = -1;
        n = 0;
    }
    *s->length += (size_t)n;
    (*s->text)[*s->length] = '\0';
}

static void feed(const struct process *p, int *fd, size_t *sent)
{
    ssize_t n = write(*fd, p->input + *sent, p->input_length - *sent);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    *sent += n > 0 ? (size_t)n : 0;
    if (n < 0 || *sent == p->input_length) {
        if (!p->terminal)
            close(*fd);
        *fd = -1;
    }
}

static void maybe_signal(struct process *p, pid_t pid, double start, bool *sent)
{
    if (!p->signal || *sent)
        return;
    bool due = p->signal_text ? p->out && strstr(p->out, p->signal_text)
                              : now() - start >= p->signal_after;
    if (!due)
        return;
    *sent = true;
    kill(pid, p->signal);
}

static void converse(struct process *p, pid_t pid, int in, int out, int err)
{
    struct stream stream[2] = {{out, &p->out, &p->out_length, 0},
                               {err, &p->err, &p->err_length, 0}};
    double start = now();
    size_t fed = 0;
    bool signalled = false;
    if (p->input_length == 0 && in >= 0) {
        if (!p->terminal)
            close(in);
        in = -1;
    }
    while (stream[0].fd >= 0 || stream[1].fd >= 0) {
        struct pollfd fds[3] = {{stream[0].fd, POLLIN, 0},
                                {stream[1].fd, POLLIN, 0},
                                {in, POLLOUT, 0}};
        poll(fds, 3, 20);
        for (int k = 0; k < 2; k++)
            if (fds[k].revents)
                drain(&stream[k]);
        if (in >= 0 && fds[2].revents)
            feed(p, &in, &fed);
        maybe_signal(p, pid, start, &signalled);
        if (now() - start > p->time_limit && !p->timed_out) {
            p->timed_out = true;
            kill(-pid, SIGKILL);
            kill(pid, SIGKILL);
        }
        /* A grandchild may hold the pipe after the kill. */
        if (p->timed_out && now() - start > p->time_limit + 2)
            break;
    }
    for (int k = 0; k < 2; k++)
        if (stream[k].fd >= 0)
            close(stream[k].fd);
    if (in >= 0 && !p->terminal)
        close(in);
}

static int start_on_terminal(struct process *p)
{
    int master;
    struct winsize size = {.ws_row = 24, .ws_col = 80};
    pid_t pid = forkpty(&master, NULL, NULL, &size);
    if (pid < 0)
        return -1;
    if (pid == 0)
        child(p, NULL, NULL, NULL);
    int writer = dup(master);
    converse(p, pid, writer, master, -1);
    close(writer);
    return pid;
}

static int start_on_pipes(struct process *p)
{
    int in[2], out[2], err[2];
    if (pipe2(in, O_CLOEXEC) || pipe2(out, O_CLOEXEC) || pipe2(err, O_CLOEXEC))
        return -1;
    fflush(NULL);
    pid_t pid = fork();
    if (pid < 0)
        return -1;
    if (pid == 0)
        child(p, in, out, err);
    close(in[0]);
    close(out[1]);
    close(err[1]);
    fcntl(in[1], F_SETFL, O_NONBLOCK);
    converse(p, pid, in[1], out[0], err[0]);
    return pid;
}

int process_run(struct process *p)
{
    signal(SIGPIPE, SIG_IGN);
    p->out = calloc(1, 1);
    p->err = calloc(1, 1);
    if (!p->out || !p->err)
        abort();
    pid_t pid = p->terminal ? start_on_terminal(p) : start_on_pipes(p);
    int status;
    if (pid < 0 || waitpid(pid, &status, 0) < 0)
        return -1;
    p->status =
        WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    p->cannot_limit = p->full_disk > 0 && p->status == NO_FULL_DISK;
    return p->status == NOT_STARTED && !*p->out && !*p->err ? -1 : 0;
}

void process_fini(struct process *p)
{
    free(p->out);
    free(p->err);
    p->out = p->err = NULL;
}

char *folder_new(void)
{
    const char *base = getenv("TMPDIR");
    char *path;
    if (asprintf(&path, "%s/adele-test-XXXXXX", base && *base ? base : "/tmp") <
        0)
        abort();
    if (!mkdtemp(path)) {
        perror(path);
        abort();
    }
    return path;
}

static int remove_entry(const char *path, const struct stat *status, int type,
                        struct FTW *walk)
{
    (void)status, (void)type, (void)walk;
    return remove(path);
}

void folder_remove(char *path)
{
    if (!path)
        return;
    nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
    free(path);
}

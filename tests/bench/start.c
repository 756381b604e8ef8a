/* Start-up: a trivial deck against the program `true`, and against the 20 ms
   that a user does not notice. */

#define _GNU_SOURCE
#include "bench.h"

#include <fcntl.h>
#include <math.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ROUNDS = 20 };

static void start(const char *path, const char *const *argv)
{
    pid_t pid = fork();
    if (pid == 0) {
        int null = open("/dev/null", O_RDWR);
        dup2(null, 0);
        dup2(null, 1);
        execv(path, (char *const *)argv);
        _exit(127);
    }
    int status;
    if (pid < 0 || waitpid(pid, &status, 0) < 0 || status)
        exit(2);
}

struct bench {
    const char *adele, *deck;
};

static void start_adele(void *data)
{
    struct bench *b = data;
    start(b->adele,
          (const char *[]){b->adele, "-log", "none", "-in", b->deck, NULL});
}

static void start_true(void *data)
{
    (void)data;
    start("/bin/true", (const char *[]){"true", NULL});
}

int main(int argc, char **argv)
{
    const char *folder = getenv("TMPDIR");
    char deck[512];
    static const char text[] = "lattice square 8 8\n"
                               "model holstein g 1\n"
                               "pair_style elastic\n"
                               "fix move all nve\n"
                               "run 1\n";
    int fd;
    snprintf(deck, sizeof deck, "%s/adele-bench-XXXXXX",
             folder && *folder ? folder : P_tmpdir);
    fd = mkstemp(deck);
    if (argc < 2 || fd < 0 || write(fd, text, sizeof text - 1) < 0)
        return 2;
    close(fd);
    struct bench b = {argv[1], deck};
    double t, u;
    bench_pair(start_adele, start_true, &b, ROUNDS, &t, &u);
    unlink(deck);
    bench_report("start-up of a trivial deck / start-up of `true`", t / u,
                 INFINITY);
    return bench_report("start-up of a trivial deck / 20 ms", t / 0.020, 1);
}

/* The interactive session on a pseudo terminal: what a person types, key by
   key, and what comes back.  Each text is sent once the prompt stands. */

#define _GNU_SOURCE
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/text.h"
#include "base/timer.h"
#include "base/file.h"
#include "process.h"

static char adele[4096];

struct terminal {
    pid_t pid;
    int fd;
    char *home;
    struct text seen; /* since the last call of `until` */
};

static void start(struct terminal *t)
{
    *t = (struct terminal){.home = folder_new()};
    t->pid = forkpty(&t->fd, NULL, NULL, NULL);
    assert_true(t->pid >= 0);
    if (t->pid == 0) {
        setenv("HOME", t->home, 1);
        setenv("TERM", "dumb", 1);
        setenv("INPUTRC", "/dev/null", 1);
        if (chdir(t->home) == 0)
            execl(adele, "adele", (char *)NULL);
        _exit(127);
    }
}

/* Reads until `mark` stands in what came; fails after 20 s. */
static void until(struct terminal *t, const char *mark)
{
    double limit = wall_time() + 20;
    while (!t->seen.s || !strstr(t->seen.s, mark)) {
        struct pollfd p = {.fd = t->fd, .events = POLLIN};
        char byte[512];
        ssize_t n = poll(&p, 1, 100) > 0 ? read(t->fd, byte, sizeof byte) : 0;
        if (n > 0)
            text_addn(&t->seen, byte, (size_t)n);
        if (n < 0 || wall_time() > limit)
            fail_msg("no '%s' in\n%s", mark, t->seen.s ? t->seen.s : "");
    }
}

static void type(struct terminal *t, const char *keys)
{
    text_clear(&t->seen);
    assert_int_equal(write(t->fd, keys, strlen(keys)), (ssize_t)strlen(keys));
}

/* Presses Ctrl-C, again each second, until `mark` comes: a Ctrl-C throws away
   what was typed ahead, and one that meets a line being read may go with it. */
static void press_control_c(struct terminal *t, const char *mark)
{
    for (int k = 0; k < 20; k++) {
        double limit = wall_time() + 1;
        type(t, "\x03");
        while (wall_time() < limit &&
               (!t->seen.s || !strstr(t->seen.s, mark))) {
            struct pollfd p = {.fd = t->fd, .events = POLLIN};
            char byte[512];
            ssize_t n =
                poll(&p, 1, 100) > 0 ? read(t->fd, byte, sizeof byte) : 0;
            if (n > 0)
                text_addn(&t->seen, byte, (size_t)n);
        }
        if (t->seen.s && strstr(t->seen.s, mark))
            return;
    }
    fail_msg("no '%s' after Ctrl-C", mark);
}

static int finish(struct terminal *t)
{
    int status = 0;
    char byte[512];
    while (read(t->fd, byte, sizeof byte) > 0)
        ;
    waitpid(t->pid, &status, 0);
    close(t->fd);
    text_free(&t->seen);
    folder_remove(t->home);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void control_d_ends_and_history_stays(void **state)
{
    (void)state;
    struct terminal t;
    start(&t);
    until(&t, "adele> ");
    type(&t, "print \"$(6*7)\"\n");
    until(&t, "\n42\r\nadele> ");
    type(&t, "\x04");
    until(&t, "Total wall time");
    struct text path = {0};
    text_addf(&path, "%s/.adele_history", t.home);
    int status = 0, error;
    waitpid(t.pid, &status, 0);
    assert_int_equal(WEXITSTATUS(status), 0);
    size_t n;
    char *history = file_read_all(path.s, &n, &error);
    assert_non_null(history);
    assert_string_equal(history, "print \"$(6*7)\"\n");
    mem_free(history);
    text_free(&path);
    finish(&t);
}

static void control_c_clears_the_line(void **state)
{
    (void)state;
    struct terminal t;
    start(&t);
    until(&t, "adele> ");
    type(&t, "half a comm");
    until(&t, "half a comm");
    press_control_c(&t, "adele> ");
    type(&t, "print \"one\ntwo &\n");
    until(&t, "quote is not closed");
    until(&t, "> ");
    /* leaves the command that was to go on */
    press_control_c(&t, "adele> ");
    type(&t, "print \"$(1+1)\"\n");
    until(&t, "\n2\r\n");
    type(&t, "quit 3\n");
    assert_int_equal(finish(&t), 3);
}

static void control_c_ends_the_run_only(void **state)
{
    (void)state;
    struct terminal t;
    start(&t);
    until(&t, "adele> ");
    type(&t, "lattice chain 16\nmodel holstein t 1 g 1 k 1 mass 1\n"
             "pair_style elastic\nfix 1 all nve\nthermo 100\n"
             "displace all uniform -1 1 7\n");
    until(&t, "displace all uniform -1 1 7");
    type(&t, "run 2000000000\n");
    until(&t, "\r\n200 ");
    type(&t, "\x03");
    until(&t, "adele> ");
    type(&t, "run 1\n");
    until(&t, "Loop time");
    until(&t, "adele> ");
    type(&t, "print \"more $(step > 200)\"\n");
    until(&t, "\nmore 1\r\n");
    type(&t, "quit\n");
    assert_int_equal(finish(&t), 0);
}

/* An endless loop of a deck, in the session. */
static void control_c_ends_a_loop(void **state)
{
    (void)state;
    struct terminal t;
    start(&t);
    until(&t, "adele> ");
    type(&t, "print 'label a' file loop\n");
    until(&t, "adele> ");
    type(&t, "print \"\"\"print spin\njump SELF a\"\"\" append loop\n");
    until(&t, "adele> ");
    type(&t, "include loop\n");
    until(&t, "spin");
    type(&t, "\x03");
    until(&t, "Interrupted.");
    until(&t, "adele> ");
    type(&t, "quit\n");
    assert_int_equal(finish(&t), 0);
}

static void tab_completes(void **state)
{
    (void)state;
    struct terminal t;
    start(&t);
    until(&t, "adele> ");
    type(&t, "latt\thoneyc\t2 2\n");
    until(&t, ": 8 sites");

    type(&t, "quit\n");
    assert_int_equal(finish(&t), 0);
}

int main(int argc, char **argv)
{
    (void)argc;
    const char *given = getenv("ADELE");
    char *slash = strrchr(argv[0], '/');
    int n = slash ? (int)(slash - argv[0]) : 1;
    char *absolute = NULL;
    if (given)
        snprintf(adele, sizeof adele, "%s", given);
    else
        snprintf(adele, sizeof adele, "%.*s/../adele", n,
                 slash ? argv[0] : ".");
    absolute = realpath(adele, NULL);
    snprintf(adele, sizeof adele, "%s", absolute ? absolute : "adele");
    free(absolute);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(control_d_ends_and_history_stays),
        cmocka_unit_test(control_c_clears_the_line),
        cmocka_unit_test(control_c_ends_the_run_only),
        cmocka_unit_test(control_c_ends_a_loop),
        cmocka_unit_test(tab_completes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

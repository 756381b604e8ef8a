/* Output files: nothing is lost silently, and a reader never sees half. */

#define _GNU_SOURCE
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "process.h"

static int enter_folder(void **state)
{
    char *folder = folder_new();
    *state = folder;
    return chdir(folder);
}

static int leave_folder(void **state)
{
    int status = chdir("/");
    folder_remove(*state);
    return status;
}

static void assert_content(const char *path, const char *expected)
{
    size_t n;
    int error;
    char *text = file_read_all(path, &n, &error);
    assert_non_null(text);
    assert_string_equal(text, expected);
    assert_int_equal(n, strlen(expected));
    mem_free(text);
}

static int count_files(void)
{
    DIR *folder = opendir(".");
    int n = 0;
    for (struct dirent *e; (e = readdir(folder));)
        n += e->d_name[0] != '.';
    closedir(folder);
    return n;
}

static struct file *open_ok(const char *path, enum file_mode mode)
{
    int error = -1;
    struct file *f = file_open(path, mode, &error);
    assert_non_null(f);
    assert_int_equal(error, 0);
    return f;
}

static void write_and_append(const char *path)
{
    struct file *f = open_ok(path, FILE_WRITE);
    file_printf(f, "step %d\n", 1);
    assert_string_equal(file_path(f), path);
    assert_int_equal(file_close(f), 0);
    f = open_ok(path, FILE_APPEND);
    file_write(f, "more\n", 5);
    assert_int_equal(file_close(f), 0);
    assert_content(path, "step 1\nmore\n");
    f = open_ok(path, FILE_WRITE);
    assert_int_equal(file_close(f), 0);
    assert_content(path, "");
}

static void plain_and_gzip(void **state)
{
    (void)state;
    write_and_append("a.txt");
    write_and_append("a.gz");
    struct file *f = open_ok("b.gz", FILE_WRITE);
    for (int k = 0; k < 100000; k++)
        file_printf(f, "%d\n", 1);
    assert_int_equal(file_close(f), 0);
    struct stat status;
    assert_int_equal(stat("b.gz", &status), 0);
    assert_true(status.st_size < 20000); /* compressed from 200000 */
    assert_int_equal(file_close(NULL), 0);
}

/* What was flushed can be read while the file is still open. */
static void flushed_text_is_there(void **state)
{
    (void)state;
    struct file *f = open_ok("a.txt", FILE_WRITE);
    file_printf(f, "abc");
    file_flush(f);
    assert_content("a.txt", "abc");
    assert_int_equal(file_error(f), 0);
    assert_int_equal(file_close(f), 0);
}

static void atomic_files_appear_whole(void **state)
{
    (void)state;
    const char *names[] = {"a.txt", "a.gz"};
    for (int k = 0; k < 2; k++) {
        struct file *f = open_ok(names[k], FILE_ATOMIC);
        file_printf(f, "old");
        file_flush(f);
        assert_int_equal(access(names[k], F_OK), -1); /* not yet */
        assert_int_equal(file_close(f), 0);
        assert_content(names[k], "old");
        f = open_ok(names[k], FILE_ATOMIC);
        file_printf(f, "new");
        file_flush(f);
        assert_content(names[k], "old");
        file_discard(f);
        assert_content(names[k], "old");
        assert_int_equal(count_files(), k + 1); /* no temporary stays */
    }
}

static void atomic_keeps_links_and_devices(void **state)
{
    (void)state;
    struct file *f = open_ok("target", FILE_WRITE);
    assert_int_equal(file_close(f), 0);
    assert_int_equal(symlink("target", "link"), 0);
    f = open_ok("link", FILE_ATOMIC);
    file_printf(f, "through");
    assert_int_equal(file_close(f), 0);
    assert_content("target", "through");
    struct stat status;
    assert_int_equal(lstat("link", &status), 0);
    assert_true(S_ISLNK(status.st_mode));
    f = open_ok("/dev/null", FILE_ATOMIC);
    file_printf(f, "gone");
    assert_int_equal(file_close(f), 0);
    assert_int_equal(stat("/dev/null", &status), 0);
    assert_true(S_ISCHR(status.st_mode));
}

static void full_disk_is_noticed(void **state)
{
    (void)state;
    if (access("/dev/full", W_OK))
        skip();
    struct file *f = open_ok("/dev/full", FILE_WRITE);
    file_printf(f, "a"); /* still in the buffer */
    file_flush(f);
    assert_int_equal(file_error(f), ENOSPC);
    file_printf(f, "b"); /* does nothing */
    assert_int_equal(file_close(f), ENOSPC);
    f = open_ok("/dev/full", FILE_WRITE);
    file_printf(f, "a");
    assert_int_equal(file_close(f), ENOSPC); /* only the close can tell */
    assert_int_equal(symlink("/dev/full", "full.gz"), 0);
    f = open_ok("full.gz", FILE_WRITE);
    file_printf(f, "a");
    assert_int_equal(file_close(f), ENOSPC);
    f = open_ok("full.gz", FILE_WRITE);
    file_printf(f, "a");
    file_flush(f);
    assert_int_equal(file_error(f), ENOSPC);
    assert_int_equal(file_close(f), ENOSPC);
}

static void failures_to_open(void **state)
{
    (void)state;
    int error;
    assert_null(file_open("no/such/folder", FILE_WRITE, &error));
    assert_int_equal(error, ENOENT);
    assert_null(file_open("no/such/folder", FILE_ATOMIC, &error));
    assert_int_equal(error, ENOENT);
    assert_null(file_open(".", FILE_ATOMIC, &error));
    assert_int_equal(error, EISDIR);
    assert_null(file_open(".", FILE_WRITE, &error));
    assert_int_equal(error, EISDIR);
    assert_null(file_read_all("nothing", NULL, &error));
    assert_int_equal(error, ENOENT);
    assert_null(file_read_all(".", NULL, &error));
    assert_int_equal(error, EISDIR);
}

static void truncated_gzip_is_noticed(void **state)
{
    (void)state;
    struct file *f = open_ok("a.gz", FILE_WRITE);
    for (int k = 0; k < 5000; k++)
        file_printf(f, "%d\n", k * k);
    assert_int_equal(file_close(f), 0);
    struct stat status;
    assert_int_equal(stat("a.gz", &status), 0);
    assert_int_equal(truncate("a.gz", status.st_size / 2), 0);
    int error = 0;
    assert_null(file_read_all("a.gz", NULL, &error));
    assert_int_equal(error, EIO);
}

static void bytes_come_back(void **state)
{
    (void)state;
    const char bytes[] = {'a', '\0', '\n', (char)0xff, '\0'};
    struct file *f = open_ok("bin", FILE_ATOMIC);
    file_write(f, bytes, sizeof bytes);
    assert_int_equal(file_close(f), 0);
    size_t n;
    int error;
    char *back = file_read_all("bin", &n, &error);
    assert_int_equal(n, sizeof bytes);
    assert_memory_equal(back, bytes, sizeof bytes);
    assert_int_equal(back[n], 0);
    mem_free(back);
}

static void keep_text(void *user, const char *text)
{
    strncat(user, text, 200);
}

static void the_log_reaches_its_places(void **state)
{
    (void)state;
    char seen[1000] = "";
    struct log log = {.print = keep_text, .user = seen};
    assert_int_equal(log_open(&log, "log.one", false), 0);
    log_printf(&log, "both %d\n", 1);
    log_screen(&log, "screen\n");
    log_file(&log, "file\n");
    log_warning(&log, "careful with %s", "x");
    assert_string_equal(seen, "both 1\nscreen\nWARNING: careful with x\n");
    assert_int_equal(log.warnings, 1);
    assert_int_equal(log_open(&log, "no/folder/log", false), ENOENT);
    log_file(&log, "still open\n");
    assert_int_equal(log_open(&log, "log.one", true), 0);
    log_file(&log, "appended\n");
    assert_int_equal(log_open(&log, "none", false), 0);
    assert_null(log.file);
    assert_content("log.one", "both 1\nfile\nWARNING: careful with x\n"
                              "still open\nappended\n");
    log_file(&log, "nowhere");
    assert_false(log.failed);
    log_progress(&log, "never here");
    assert_null(strstr(seen, "never"));
    log_close(&log);
}

static void a_full_log_is_noticed(void **state)
{
    (void)state;
    if (access("/dev/full", W_OK))
        skip();
    struct log log = {0};
    assert_int_equal(log_open(&log, "/dev/full", false), 0);
    log_printf(&log, "text\n");
    log_flush(&log);
    assert_true(log.failed);
    log_close(&log);
}

#define IN_FOLDER(test)                                                        \
    cmocka_unit_test_setup_teardown(test, enter_folder, leave_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(plain_and_gzip),
        IN_FOLDER(flushed_text_is_there),
        IN_FOLDER(atomic_files_appear_whole),
        IN_FOLDER(atomic_keeps_links_and_devices),
        IN_FOLDER(full_disk_is_noticed),
        IN_FOLDER(failures_to_open),
        IN_FOLDER(truncated_gzip_is_noticed),
        IN_FOLDER(bytes_come_back),
        IN_FOLDER(the_log_reaches_its_places),
        IN_FOLDER(a_full_log_is_noticed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

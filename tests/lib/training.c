/* Small trainings for the tests: see training.h. */

#include "training.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "adele.h"
#include "base/file.h"
#include "base/mem.h"
#include "folder.h"
#include "sim.h"

void training_data(const char *file, const char *model, const char *electrons,
                   int seed, const char *more)
{
    struct adele *sim = sim_new(
        "lattice square 6 6\nmodel holstein %s\nelectrons %s\ndisplace all "
        "uniform -1.5 1.5 %d\npair_style ed\nfix move all nve\ntimestep "
        "0.2\ndump d all dataset 3 %s %s\nrun 6\nundump d\n",
        model, electrons, seed, folder_path(file), more);
    sim_free(sim);
}

void training_config(const char *file, const char *text)
{
    int error = 0;
    struct file *f = file_open(folder_path(file), FILE_WRITE, &error);
    assert_non_null(f);
    for (const char *at; (at = strstr(text, "%s")); text = at + 2) {
        file_write(f, text, (size_t)(at - text));
        file_printf(f, "%s", folder);
    }
    file_printf(f, "%s", text);
    assert_int_equal(file_close(f), 0);
}

struct adele *training_simulation(void)
{
    struct adele *sim = sim_new("%s", "");
    sim->nthread = 1;
    return sim;
}

struct trainer *training_new(struct adele *sim, const char *file)
{
    struct trainer *t = trainer_new(sim, folder_path(file), NULL);
    if (!t)
        fail_msg("%s", adele_error(sim));
    return t;
}

void training_run(const char *file, int threads)
{
    struct adele *sim = sim_new("%s", "");
    sim->nthread = threads;
    sim_run(sim, "train %s", folder_path(file));
    sim_free(sim);
}

void training_refused(const char *text, const char *expected)
{
    struct adele *sim = sim_new("%s", "");
    struct text whole = {0}, cut = {0};
    training_config("refused.yaml", text);
    assert_null(trainer_new(sim, folder_path("refused.yaml"), NULL));
    error_format(sim, &whole);
    size_t length = strlen(folder) + 1;
    const char *m = whole.s;
    for (const char *at; (at = strstr(m, folder)); m = at + length)
        text_addn(&cut, m, (size_t)(at - m));
    text_add(&cut, m);
    /* Without the line and the caret: these are tested with configurations. */
    *strchr(cut.s, '\n') = 0;
    assert_string_equal(cut.s, expected);
    text_free(&whole);
    text_free(&cut);
    error_clear(sim);
    sim_free(sim);
}

char *training_read(const char *file, size_t *length)
{
    int error;
    char *s = file_read_all(folder_path(file), length, &error);
    if (!s)
        fail_msg("no file %s", file);
    return s;
}

void training_same(const char *a, const char *b)
{
    size_t n, m;
    char *left = training_read(a, &n), *right = training_read(b, &m);
    assert_int_equal(n, m);
    assert_memory_equal(left, right, n);
    mem_free(left);
    mem_free(right);
}

double training_cell(const char *file, int r, int c, int *rows)
{
    char *text = training_read(file, NULL), *line[4096];
    int n = -1; /* the head */
    for (char *s = strtok(text, "\n"); s && n < 4095; s = strtok(NULL, "\n"))
        if (n++ >= 0)
            line[n - 1] = s;
    assert_true(r < n && -r <= n);
    char *at = line[r < 0 ? n + r : r];
    for (int k = 0; k < c; k++)
        at = strchr(at, ',') + 1;
    double x = strtod(at, NULL);
    mem_free(text);
    if (rows)
        *rows = n;
    return x;
}

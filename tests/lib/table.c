/* Tables of numbers in adele's output files: see table.h. */

#include "table.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"

static void *grow(void *p, size_t n, size_t size)
{
    p = realloc(p, (n ? n : 1) * size);
    if (!p)
        abort();
    return p;
}

static void set_columns(struct table *t, char *line)
{
    char *save;
    for (char *w = strtok_r(line, " \t\r", &save); w;
         w = strtok_r(NULL, " \t\r", &save)) {
        t->column = grow(t->column, (size_t)t->ncolumn + 1, sizeof *t->column);
        t->column[t->ncolumn++] = strdup(w);
    }
}

/* Adds the line as a row if it holds ncolumn numbers and nothing else. */
static bool add_row(struct table *t, const char *line)
{
    size_t width = (size_t)t->ncolumn;
    t->value = grow(t->value, ((size_t)t->nrow + 1) * width, sizeof(double));
    double *row = t->value + (size_t)t->nrow * width;
    const char *s = line;
    for (size_t k = 0; k < width; k++) {
        char *end;
        row[k] = strtod(s, &end);
        if (end == s)
            return false;
        s = end;
    }
    if (s[strspn(s, " \t\r")])
        return false;
    t->nrow++;
    return true;
}

static int count_words(const char *line)
{
    int n = 0;
    for (line += strspn(line, " \t\r"); *line; n++) {
        line += strcspn(line, " \t\r");
        line += strspn(line, " \t\r");
    }
    return n;
}

/* Calls `take` for every line until it returns false. */
static int each_line(const char *path, bool (*take)(char *line, void *data),
                     void *data)
{
    int error;
    char *text = file_read_all(path, NULL, &error);
    if (!text)
        return -1;
    char *save;
    for (char *line = strtok_r(text, "\n", &save); line;
         line = strtok_r(NULL, "\n", &save))
        if (!take(line, data))
            break;
    mem_free(text);
    return 0;
}

struct reader {
    struct table *t;
    bool inside, want_step, found;
    long step, seen;
};

static bool take_thermo(char *line, void *data)
{
    struct reader *r = data;
    const char *word = line + strspn(line, " ");
    if (!strncmp(word, "Step", 4) && strchr(" \t\r", word[4])) {
        table_free(r->t);
        set_columns(r->t, line);
        r->inside = r->found = true;
    } else if (!strncmp(word, "Loop time", 9)) {
        r->inside = false;
    } else if (r->inside) {
        add_row(r->t, line); /* warnings may stand between the rows */
    }
    return true;
}

int table_thermo(const char *path, struct table *out)
{
    *out = (struct table){0};
    struct reader r = {.t = out};
    return each_line(path, take_thermo, &r) || !r.found ? -1 : 0;
}

static bool take_dump(char *line, void *data)
{
    struct reader *r = data;
    if (r->want_step) {
        r->seen = atol(line);
        r->want_step = false;
        return true;
    }
    if (!strncmp(line, "ITEM: ", 6)) {
        r->want_step = !strcmp(line, "ITEM: TIMESTEP");
        if (r->inside && r->step >= 0 && r->want_step)
            return false;
        r->inside = !strncmp(line, "ITEM: ATOMS ", 12) &&
                    (r->step < 0 || r->seen == r->step);
        if (r->inside) {
            table_free(r->t);
            set_columns(r->t, line + 12);
            r->found = true;
        }
        return true;
    }
    if (r->inside)
        add_row(r->t, line);
    return true;
}

static int by_first(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The id column must be the first. */
static void sort_by_id(struct table *t)
{
    if (t->ncolumn > 0 && !strcmp(t->column[0], "id"))
        qsort(t->value, (size_t)t->nrow, (size_t)t->ncolumn * sizeof(double),
              by_first);
}

int table_dump(const char *path, long step, struct table *out)
{
    *out = (struct table){0};
    struct reader r = {.t = out, .step = step};
    if (each_line(path, take_dump, &r) || !r.found)
        return -1;
    sort_by_id(out);
    return 0;
}

static bool take_plain(char *line, void *data)
{
    struct reader *r = data;
    int n = count_words(line);
    if (!n || line[strspn(line, " ")] == '#')
        return true;
    if (r->t->nrow == 0)
        r->t->ncolumn = n;
    add_row(r->t, line);
    return true;
}

int table_plain(const char *path, struct table *out)
{
    *out = (struct table){0};
    struct reader r = {.t = out};
    return each_line(path, take_plain, &r);
}

void table_free(struct table *t)
{
    for (int k = 0; t->column && k < t->ncolumn; k++)
        free(t->column[k]);
    free(t->column);
    free(t->value);
    *t = (struct table){0};
}

int table_column(const struct table *t, const char *name)
{
    for (int k = 0; t->column && k < t->ncolumn; k++)
        if (!strcmp(t->column[k], name))
            return k;
    return -1;
}

double table_at(const struct table *t, int row, int column)
{
    return t->value[(size_t)row * (size_t)t->ncolumn + (size_t)column];
}

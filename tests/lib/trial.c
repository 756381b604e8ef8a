/* Complaints, and numbers against expected ones: see trial.h. */

#define _GNU_SOURCE
#include "trial.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "table.h"

enum { COLUMNS_MAX = 64 };

void trial_complain(struct trial *t, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    text_vaddf(&t->why, format, ap);
    text_addc(&t->why, '\n');
    va_end(ap);
}

char *path_join(const char *folder, const char *name)
{
    char *path;
    if (asprintf(&path, "%s/%s", folder, name) < 0)
        abort();
    return path;
}

char *trial_read(struct trial *t, const char *name, size_t *length)
{
    char *path = path_join(t->folder, name);
    int error;
    char *text = file_read_all(path, length, &error);
    if (!text)
        trial_complain(t, "file %s: %s", name, strerror(error));
    free(path);
    return text;
}

static bool close_to(double found, double expected, double tolerance,
                     double scale)
{
    if (isnan(expected))
        return isnan(found);
    return fabs(found - expected) <= tolerance * scale;
}

static double largest(struct node list)
{
    double most = 0;
    for (int k = 0; k < node_count(list); k++)
        most = fmax(most, fabs(node_number(node_item(list, k), 0)));
    return most > 0 ? most : 1;
}

/* Tolerances are relative to the largest expected entry of a column. */
static double column_scale(struct node rows, int column)
{
    double most = 0;
    for (int r = 0; r < node_count(rows); r++)
        most = fmax(
            most, fabs(node_number(node_item(node_item(rows, r), column), 0)));
    return most > 0 ? most : 1;
}

static int row_of_step(const struct table *table, double step)
{
    for (int r = 0; r < table->nrow; r++)
        if (table_at(table, r, 0) == step)
            return r;
    return -1;
}

/* `rows` maps a row (a step, or a number of a line) to expected entries of
   the columns at[]. */
static void compare_rows(struct trial *t, const char *what, struct node rows,
                         const struct table *table, const int *at, int ncolumn,
                         double tolerance, bool by_step)
{
    for (int r = 0; r < node_count(rows); r++) {
        double key = node_number(node_key(rows, r), NAN);
        struct node expected = node_item(rows, r);
        int row = by_step ? row_of_step(table, key) : (int)key;
        if (!by_step && row < 0)
            row += table->nrow;
        if (row < 0 || row >= table->nrow) {
            trial_complain(t, "%s has no row %g", what, key);
            continue;
        }
        if (node_count(expected) != ncolumn)
            trial_complain(t, "%s row %g: %d entries expected for %d columns",
                           what, key, node_count(expected), ncolumn);
        for (int k = 0; k < ncolumn; k++) {
            double want = node_number(node_item(expected, k), NAN);
            double have = table_at(table, row, at[k]);
            if (!close_to(have, want, tolerance, column_scale(rows, k)))
                trial_complain(t, "%s row %g column %d: %.17g, expected %.17g",
                               what, key, k + 1, have, want);
        }
    }
}

static void check_thermo(struct trial *t, struct node spec)
{
    struct table table;
    struct node columns = node_get(spec, "columns");
    char *path =
        path_join(t->folder, node_text(node_get(spec, "file"), "log.adele"));
    int at[COLUMNS_MAX], n = node_count(columns);
    if (table_thermo(path, &table)) {
        trial_complain(t, "no thermo table in %s", path);
        n = -1;
    }
    for (int k = 0; k < n && k < COLUMNS_MAX; k++) {
        const char *name = node_text(node_item(columns, k), "");
        at[k] = table_column(&table, name);
        if (at[k] < 0) {
            trial_complain(t, "the thermo table has no column %s", name);
            n = -1;
        }
    }
    if (n >= 0)
        compare_rows(t, "thermo", node_get(spec, "rows"), &table, at, n,
                     node_number(node_get(spec, "tolerance"), 0), true);
    table_free(&table);
    free(path);
}

static void check_table(struct trial *t, struct node spec)
{
    struct table table;
    const char *name = node_text(node_get(spec, "file"), "");
    char *path = path_join(t->folder, name);
    int at[COLUMNS_MAX];
    for (int k = 0; k < COLUMNS_MAX; k++)
        at[k] = k;
    if (table_plain(path, &table))
        trial_complain(t, "file %s cannot be read", name);
    else
        compare_rows(t, name, node_get(spec, "rows"), &table, at, table.ncolumn,
                     node_number(node_get(spec, "tolerance"), 0), false);
    table_free(&table);
    free(path);
}

static void compare_column(struct trial *t, const char *file,
                           const struct table *table, const char *name,
                           struct node expected, double tolerance)
{
    int c = table_column(table, name), n = node_count(expected);
    if (c < 0) {
        trial_complain(t, "%s has no column %s", file, name);
        return;
    }
    if (n != table->nrow)
        trial_complain(t, "%s has %d rows, %d expected", file, table->nrow, n);
    double scale = largest(expected);
    for (int k = 0; k < n && k < table->nrow; k++) {
        double want = node_number(node_item(expected, k), NAN);
        double have = table_at(table, k, c);
        if (close_to(have, want, tolerance, scale))
            continue;
        trial_complain(t, "%s column %s row %d: %.17g, expected %.17g", file,
                       name, k + 1, have, want);
        break; /* the first is enough */
    }
}

static void check_dump(struct trial *t, struct node spec)
{
    struct table table;
    const char *name = node_text(node_get(spec, "file"), "");
    char *path = path_join(t->folder, name);
    struct node columns = node_get(spec, "columns");
    long step = node_integer(node_get(spec, "step"), -1);
    if (table_dump(path, step, &table))
        trial_complain(t, "dump %s has no snapshot of step %ld", name, step);
    else
        for (int k = 0; k < node_count(columns); k++)
            compare_column(t, name, &table, node_text(node_key(columns, k), ""),
                           node_item(columns, k),
                           node_number(node_get(spec, "tolerance"), 0));
    table_free(&table);
    free(path);
}

/* A map, or a list of maps. */
static void each_map(struct trial *t, struct node spec,
                     void (*check)(struct trial *, struct node))
{
    if (node_is_map(spec))
        check(t, spec);
    for (int k = 0; node_is_list(spec) && k < node_count(spec); k++)
        check(t, node_item(spec, k));
}

void trial_check_numbers(struct trial *t)
{
    each_map(t, node_get(t->spec, "thermo"), check_thermo);
    each_map(t, node_get(t->spec, "dump"), check_dump);
    each_map(t, node_get(t->spec, "table"), check_table);
}

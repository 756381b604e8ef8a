/* Tables of numbers in adele's output files, for the tests. */

#ifndef TEST_TABLE_H
#define TEST_TABLE_H

struct table {
    char **column; /* [ncolumn] */
    int ncolumn;
    double *value; /* [nrow][ncolumn] */
    int nrow;
};

/* The last thermo table of a log. */
int table_thermo(const char *path, struct table *out);
/* A snapshot of a LAMMPS text dump (plain or .gz), rows by id when there is
   such a column; step < 0: the last one. */
int table_dump(const char *path, long step, struct table *out);
/* All lines of numbers of a file; columns have no names. */
int table_plain(const char *path, struct table *out);
void table_free(struct table *t);
int table_column(const struct table *t, const char *name); /* or -1 */
double table_at(const struct table *t, int row, int column);

#endif

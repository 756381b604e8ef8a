/* Text dumps: formats, order of rows, box.  See dump_text.h. */

#define _GNU_SOURCE /* qsort_r */

#include "plug/dump_text.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

/* The chosen sites' values: row r, column k at value[k][site[r]]. */
struct dump_rows {
    int64_t n, nlocal;
    int64_t *site;
    double *value;
};

const struct arg dump_text_modify[] = {
    {ARG_LIST, "format", AT(struct dump_text, format_words), .key = true,
     .repeat = true, .min = 1, .max = 2, .bounded = true,
     .given = AT(struct dump_text, given_text[TEXT_GIVEN_FORMAT]),
     .doc = "line \"..\", int F, float F, N F for column N, or none"},
    {ARG_WORD, "sort", AT(struct dump_text, sort_word), .key = true,
     .given = AT(struct dump_text, given_text[TEXT_GIVEN_SORT]),
     .doc = "id, off (also by id), N or -N: by column N, up or down"},
    {ARG_BOOL, "header", AT(struct dump_text, header), .key = true,
     .given = AT(struct dump_text, given_text[TEXT_GIVEN_HEADER]),
     .doc = "write the lines before the rows"},
    {ARG_BOOL, "time", AT(struct dump_text, time), .key = true,
     .given = AT(struct dump_text, given_text[TEXT_GIVEN_TIME]),
     .doc = "write the time of each snapshot"},
    {ARG_BOOL, "units", AT(struct dump_text, units), .key = true,
     .given = AT(struct dump_text, given_text[TEXT_GIVEN_UNITS]),
     .doc = "write the units, lj, at the head of the file"},
    {0}};

/* Formats. */

static void free_formats(char **format, int n)
{
    for (int k = 0; format && k < 2 * n + 2; k++)
        mem_free(format[k]);
    mem_free(format);
}

/* The printf format for an int64_t or a double, checked: text with one
   conversion of the right kind; NULL if it is not. */
static char *checked_format(const char *s, bool integer)
{
    struct text t = {0};
    int conversions = 0;
    while (*s) {
        if (*s != '%' || s[1] == '%') {
            text_addn(&t, s, *s == '%' ? 2 : 1);
            s += *s == '%' ? 2 : 1;
            continue;
        }
        size_t n = 1 + strspn(s + 1, "-+ #0");
        n += strspn(s + n, "0123456789");
        if (s[n] == '.')
            n += 1 + strspn(s + n + 1, "0123456789");
        if (n > 12)
            break; /* a width beyond reason */
        text_addn(&t, s, n);
        s += n + strspn(s + n, "lh");
        if (!*s || !strchr(integer ? "di" : "eEfFgGaA", *s))
            break;
        if (integer)
            text_add(&t, PRId64);
        else
            text_addc(&t, *s);
        s++;
        conversions++;
    }
    if (*s || conversions != 1 || t.failed)
        text_free(&t);
    return t.s;
}

static int set_format(struct adele *ctx, char **slot, const struct word *w,
                      const char *text, bool integer)
{
    char *checked = checked_format(text, integer);
    if (!checked)
        return err_deck(ctx, &w->where, "format: expected one %s, found '%s'",
                        integer ? "integer conversion like %d or %8d"
                                : "number conversion like %g or %.15g",
                        text);
    mem_free(*slot);
    *slot = checked;
    return ADELE_OK;
}

/* `format line "%d %g %g"`: a format a column. */
static int set_line(struct adele *ctx, const struct dump *d, char **format,
                    const struct word *w)
{
    char *copy = mem_strdup(w->text), *save = NULL;
    int k = 0, status = copy ? ADELE_OK : err_memory(ctx, "a format", 64);
    for (char *s = status ? NULL : strtok_r(copy, " \t", &save); s && !status;
         s = strtok_r(NULL, " \t", &save), k++)
        if (k < d->ncolumn)
            status = set_format(ctx, &format[k], w, s, d->column[k].integer);
    mem_free(copy);
    if (!status && k != d->ncolumn)
        status = err_deck(ctx, &w->where,
                          "format line: expected %d formats, one a column, "
                          "found %d",
                          d->ncolumn, k);
    return status;
}

static int set_column(struct adele *ctx, const struct dump *d, char **format,
                      const struct word *w)
{
    int64_t k;
    if (!text_integer(w[0].text, &k) || k < 1 || k > d->ncolumn)
        return err_deck(ctx, &w[0].where,
                        "format: expected line, int, float, none or a column "
                        "from 1 to %d, found '%s'",
                        d->ncolumn, w[0].text);
    return set_format(ctx, &format[d->ncolumn + k - 1], &w[1], w[1].text,
                      d->column[k - 1].integer);
}

/* One `format ..` of the words at w, *used of them. */
static int apply_format(struct adele *ctx, const struct dump *d, char **format,
                        const struct word *w, int n, int *used)
{
    *used = 2;
    if (!strcmp(w[0].text, "none")) {
        *used = 1;
        for (int k = 0; k < 2 * d->ncolumn + 2; k++) {
            mem_free(format[k]);
            format[k] = NULL;
        }
        return ADELE_OK;
    }
    if (n < 2)
        return err_deck(ctx, &w[0].where,
                        "format %s: expected a format behind it", w[0].text);
    if (!strcmp(w[0].text, "line"))
        return set_line(ctx, d, format, &w[1]);
    if (!strcmp(w[0].text, "int"))
        return set_format(ctx, &format[2 * d->ncolumn], &w[1], w[1].text, true);
    if (!strcmp(w[0].text, "float"))
        return set_format(ctx, &format[2 * d->ncolumn + 1], &w[1], w[1].text,
                          false);
    return set_column(ctx, d, format, w);
}

/* The dump's formats with the new words applied: all or none of them. */
static int change_formats(struct adele *ctx, struct dump_text *t)
{
    const struct arg_list *words = &t->format_words;
    int nslot = 2 * t->dump.ncolumn + 2, status = ADELE_OK, used;
    char **format = mem_zalloc((size_t)nslot, sizeof *format);
    if (!format)
        return err_memory(ctx, "formats", nslot * (double)sizeof *format);
    for (int k = 0; t->format && k < nslot; k++)
        if (t->format[k] && !(format[k] = mem_strdup(t->format[k])))
            status = err_memory(ctx, "formats", 64);
    for (int k = 0; !status && k < words->n; k += used)
        status = apply_format(ctx, &t->dump, format, &words->word[k],
                              words->n - k, &used);
    if (status) {
        free_formats(format, t->dump.ncolumn);
        return status;
    }
    free_formats(t->format, t->dump.ncolumn);
    t->format = format;
    return ADELE_OK;
}

static const char *format_of(const struct dump_text *t, int k)
{
    int n = t->dump.ncolumn;
    bool integer = t->dump.column[k].integer;
    if (t->format && t->format[n + k])
        return t->format[n + k];
    if (t->format && t->format[2 * n + !integer])
        return t->format[2 * n + !integer];
    if (t->format && t->format[k])
        return t->format[k];
    return integer ? "%" PRId64 : "%g";
}

/* dump_modify. */

static int read_sort(struct adele *ctx, const struct dump_text *t,
                     int64_t *sort)
{
    *sort = 0;
    if (!strcmp(t->sort_word, "id") || !strcmp(t->sort_word, "off"))
        return ADELE_OK;
    if (text_integer(t->sort_word, sort) && *sort != 0 &&
        *sort <= t->dump.ncolumn && *sort >= -t->dump.ncolumn)
        return ADELE_OK;
    return err_deck(ctx, NULL,
                    "dump_modify: sort: expected id, off or a column from 1 to "
                    "%d (or its negative), found '%s'",
                    t->dump.ncolumn, t->sort_word);
}

int dump_text_modified(struct adele *ctx, struct dump *d)
{
    struct dump_text *t = (struct dump_text *)(void *)d;
    int64_t sort = t->sort;
    int status = t->sort_word ? read_sort(ctx, t, &sort) : ADELE_OK;
    if (!status && t->format_words.n)
        status = change_formats(ctx, t);
    if (!status)
        t->sort = sort;
    return status;
}

int dump_text_init(struct adele *ctx, void *self)
{
    struct dump_text *t = self;
    struct dump_box box;
    t->header = true;
    int status = dump_box(ctx, &box);
    return status ? status
                  : dump_columns(ctx, &t->dump, t->columns.word, t->columns.n);
}

void dump_text_fini(struct adele *ctx, void *self)
{
    struct dump_text *t = self;
    free_formats(t->format, t->dump.ncolumn);
    dump_fini(ctx, self);
}

/* The box. */

int dump_box(struct adele *ctx, struct dump_box *out)
{
    const struct lattice *lat = ctx->lat;
    const double(*a)[3] = lat->shape.a;
    memset(out, 0, sizeof *out);
    if (a[0][1] != 0 || a[0][2] != 0 || (lat->shape.dim > 1 && a[1][2] != 0))
        return err_deck(ctx, NULL,
                        "lattice %s has no box in LAMMPS's form: its first "
                        "vector must lie along x and its second in the xy "
                        "plane",
                        lat->shape.name);
    for (int k = 0; k < 3; k++) {
        bool real = k < lat->shape.dim;
        out->lo[k] = real ? 0 : -0.5;
        out->hi[k] = real ? a[k][k] * lat->n[k] : 0.5;
    }
    if (lat->shape.dim > 1)
        out->xy = a[1][0] * lat->n[1];
    if (lat->shape.dim > 2) {
        out->xz = a[2][0] * lat->n[2];
        out->yz = a[2][1] * lat->n[2];
    }
    out->tilted = out->xy != 0 || out->xz != 0 || out->yz != 0;
    return ADELE_OK;
}

/* Rows. */

struct order {
    const double *value;
    int sign;
};

/* Ties keep the order of ids; nan comes last. */
static int compare(const void *pa, const void *pb, void *data)
{
    const struct order *o = data;
    int64_t ia = *(const int64_t *)pa, ib = *(const int64_t *)pb;
    double a = o->value[ia], b = o->value[ib];
    int nans = (isnan(a) != 0) - (isnan(b) != 0);
    if (nans)
        return nans;
    if (a < b || a > b)
        return a < b ? -o->sign : o->sign;
    return ia < ib ? -1 : ia > ib;
}

static void dump_rows_free(struct dump_rows *rows)
{
    mem_free(rows->site);
    mem_free(rows->value);
    *rows = (struct dump_rows){0};
}

static int dump_rows(struct adele *ctx, struct dump_text *t,
                     struct dump_rows *out)
{
    struct dump *d = &t->dump;
    size_t ncol = (size_t)d->ncolumn;
    int status = ADELE_OK;
    *out = (struct dump_rows){.nlocal = ctx->lat->nlocal};
    size_t nlocal = (size_t)out->nlocal;
    out->n = dump_sites(ctx, d, &out->site);
    if (out->n < 0)
        return ctx->error.status;
    if (nlocal <= SIZE_MAX / (ncol * sizeof(double)))
        out->value = mem_alloc(nlocal * ncol, sizeof *out->value);
    if (!out->value)
        status = err_memory(ctx, "the values of a dump",
                            (double)nlocal * (double)ncol * sizeof(double));
    for (size_t k = 0; !status && k < ncol; k++)
        status = dump_values(ctx, d, &d->column[k], out->value + k * nlocal);
    if (!status && t->sort) {
        size_t k = (size_t)(t->sort > 0 ? t->sort : -t->sort) - 1;
        struct order o = {out->value + k * nlocal, t->sort > 0 ? 1 : -1};
        qsort_r(out->site, (size_t)out->n, sizeof *out->site, compare, &o);
    }
    if (status)
        dump_rows_free(out);
    return status;
}

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
static void add_value(struct text *line, const char *format, bool integer,
                      double value)
{
    if (integer)
        text_addf(line, format, (int64_t)value);
    else
        text_addf(line, format, value);
}
#pragma GCC diagnostic pop

static int write_rows(struct adele *ctx, struct dump_text *t,
                      const struct dump_rows *rows, const char *before,
                      const char *separator, const char *after)
{
    struct dump *d = &t->dump;
    struct text line = {0};
    for (int64_t r = 0; r < rows->n && !line.failed; r++) {
        const double *v = rows->value + rows->site[r];
        text_add(&line, before);
        for (int k = 0; k < d->ncolumn; k++) {
            if (k)
                text_add(&line, separator);
            add_value(&line, format_of(t, k), d->column[k].integer,
                      v[k * rows->nlocal]);
        }
        text_add(&line, after);
        if (line.length > 32768 || r + 1 == rows->n) {
            file_write(d->file, line.s, line.length);
            text_clear(&line);
        }
    }
    bool failed = line.failed;
    text_free(&line);
    return failed ? err_memory(ctx, "a dump line", 65536) : ADELE_OK;
}

int dump_text_write(struct adele *ctx, struct dump *d, dump_text_header *header,
                    const char *before, const char *separator,
                    const char *after)
{
    struct dump_text *t = (struct dump_text *)(void *)d;
    struct dump_box box;
    struct dump_rows rows;
    int status = dump_box(ctx, &box);
    if (!status)
        status = dump_rows(ctx, t, &rows);
    if (status)
        return status;
    header(ctx, t, &box, rows.n);
    status = write_rows(ctx, t, &rows, before, separator, after);
    dump_rows_free(&rows);
    return status;
}

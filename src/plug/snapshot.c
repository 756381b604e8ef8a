/* Reading configurations back; see snapshot.h.

   A text dump is read line by line through zlib, which reads plain files as
   well; errors name the file's line. */

#include "plug/snapshot.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "base/mem.h"
#include "plug/dataset.h"
#include "plug/model.h"

struct snapshots {
    char *path;
    struct where where;
    gzFile text; /* or */
    struct dataset *set;
    int64_t frame; /* of set: the next */

    struct text line;
    long number;  /* of line in the file */
    bool pending; /* line holds one not yet consumed */
    struct snapshot head;
    struct text names; /* columns of the head */
    double length[3];  /* of the box */
    int64_t rows_left; /* not yet read of the present snapshot */
};

static int fail(struct adele *ctx, const struct snapshots *s, const char *what)
{
    return err_deck(ctx, &s->where, "%s, line %ld: %s", s->path, s->number,
                    what);
}

struct snapshots *snapshots_open(struct adele *ctx, const char *path,
                                 const struct where *where)
{
    struct snapshots *s = mem_zalloc(1, sizeof *s);
    if (!s || !(s->path = mem_strdup(path))) {
        mem_free(s);
        err_memory(ctx, "a snapshot reader", 4096);
        return NULL;
    }
    s->where = where_hold(*where);
    if (dataset_is(path)) {
        s->set = dataset_open(ctx, path, where);
    } else {
        errno = 0;
        s->text = gzopen(path, "rb");
        if (!s->text)
            err_deck(ctx, where, "cannot read '%s': %s", path,
                     strerror(errno ? errno : ENOMEM));
    }
    if (s->set || s->text)
        return s;
    snapshots_close(s);
    return NULL;
}

bool snapshots_not_yet(struct adele *ctx, const char *path)
{
    if (!ctx->check_only || access(path, F_OK) == 0)
        return false;
    log_warning(&ctx->log, "-check: '%s' is not there yet", path);
    return true;
}

void snapshots_close(struct snapshots *s)
{
    if (!s)
        return;
    if (s->text)
        gzclose(s->text);
    if (s->set)
        dataset_close(NULL, s->set);
    text_free(&s->line);
    text_free(&s->names);
    where_release(&s->where);
    mem_free(s->path);
    mem_free(s);
}

/* The next line into s->line, without its end; *end when there is none. */
static int read_line(struct adele *ctx, struct snapshots *s, bool *end)
{
    char piece[4096];
    int code;
    *end = false;
    if (s->pending) {
        s->pending = false;
        return ADELE_OK;
    }
    text_clear(&s->line);
    s->number++;
    while (gzgets(s->text, piece, sizeof piece)) {
        size_t n = strlen(piece);
        bool whole = n && piece[n - 1] == '\n';
        text_addn(&s->line, piece, n - (whole ? 1 : 0));
        if (s->line.failed || s->line.length > 1 << 24)
            return fail(ctx, s, "a line of more than 16 MiB: not a text dump");
        if (whole)
            break;
    }
    const char *why = gzerror(s->text, &code);
    if (code != Z_OK && code != Z_STREAM_END)
        return fail(ctx, s,
                    code == Z_BUF_ERROR ? "the compressed file is truncated"
                                        : why);
    while (s->line.length && strchr("\r \t", s->line.s[s->line.length - 1]))
        s->line.s[--s->line.length] = 0;
    *end = s->line.length == 0 && gzeof(s->text);
    return ADELE_OK;
}

/* A line that must be there. */
static int want_line(struct adele *ctx, struct snapshots *s)
{
    bool end;
    int status = read_line(ctx, s, &end);
    if (!status && end)
        return fail(ctx, s, "the file ends within a snapshot: it is truncated");
    return status;
}

static int want_integer(struct adele *ctx, struct snapshots *s, int64_t *value)
{
    int status = want_line(ctx, s);
    if (!status &&
        (!s->line.length || !text_integer(s->line.s, value) || *value < 0))
        return fail(ctx, s, "expected an integer >= 0");
    return status;
}

/* Three lines of bounds; the second number less the first is kept, of a
   tilted box the lengths of its bounding box. */
static int read_box(struct adele *ctx, struct snapshots *s)
{
    for (int k = 0; k < 3; k++) {
        double lo, hi;
        int status = want_line(ctx, s);
        if (status)
            return status;
        if (!s->line.length || sscanf(s->line.s, "%lf %lf", &lo, &hi) != 2)
            return fail(ctx, s, "expected the two bounds of the box");
        s->length[k] = hi - lo;
    }
    return ADELE_OK;
}

static bool item(const struct snapshots *s, const char *name)
{
    size_t n = strlen(name);
    return s->line.length >= n && !strncmp(s->line.s, name, n);
}

/* One ITEM of a head; *rows when it is the last, ITEM: ATOMS. */
static int read_item(struct adele *ctx, struct snapshots *s, bool *rows)
{
    struct snapshot *h = &s->head;
    *rows = false;
    if (item(s, "ITEM: TIMESTEP"))
        return want_integer(ctx, s, &h->step);
    if (item(s, "ITEM: NUMBER OF ATOMS"))
        return want_integer(ctx, s, &h->nsite);
    if (item(s, "ITEM: UNITS"))
        return want_line(ctx, s);
    if (item(s, "ITEM: BOX BOUNDS"))
        return read_box(ctx, s);
    if (item(s, "ITEM: TIME")) {
        int status = want_line(ctx, s);
        h->has_time =
            !status && s->line.length && text_number(s->line.s, &h->time);
        return status || h->has_time ? status : fail(ctx, s, "expected a time");
    }
    if (!item(s, "ITEM: ATOMS"))
        return fail(ctx, s, "expected `ITEM: ..` of a LAMMPS text dump");
    *rows = true;
    text_clear(&s->names);
    text_add(&s->names, s->line.s + strlen("ITEM: ATOMS"));
    return s->names.failed ? err_memory(ctx, "column names", 64) : ADELE_OK;
}

static int pass_over(struct adele *ctx, struct snapshots *s)
{
    int status = ADELE_OK;
    for (; !status && s->rows_left > 0; s->rows_left--)
        status = want_line(ctx, s);
    return status;
}

static int next_text(struct adele *ctx, struct snapshots *s, bool *end)
{
    bool rows = false;
    int status = pass_over(ctx, s);
    s->head = (struct snapshot){.step = -1, .nsite = -1};
    do
        status = status ? status : read_line(ctx, s, end);
    while (!status && !*end && s->line.length == 0);
    if (status || *end)
        return status;
    status = read_item(ctx, s, &rows);
    while (!status && !rows) {
        status = want_line(ctx, s);
        if (!status)
            status = read_item(ctx, s, &rows);
    }
    if (!status && (s->head.step < 0 || s->head.nsite < 0))
        return fail(ctx, s, "a snapshot without TIMESTEP or NUMBER OF ATOMS");
    s->rows_left = status ? 0 : s->head.nsite;
    return status;
}

int snapshots_next(struct adele *ctx, struct snapshots *s,
                   struct snapshot *head, bool *end)
{
    int status;
    if (s->text) {
        status = next_text(ctx, s, end);
    } else {
        *end = s->frame >= dataset_frames(s->set);
        status = *end ? ADELE_OK
                      : dataset_head(ctx, s->set, s->frame++, &s->head.step,
                                     &s->head.time);
        s->head.nsite = dataset_sites(s->set);
        s->head.has_time = true;
    }
    *head = s->head;
    return status;
}

/* Which word of ITEM: ATOMS each wanted column is; at[0] is that of id. */
static int find_columns(struct adele *ctx, struct snapshots *s,
                        const struct arg_list *columns, int *at)
{
    char *save = NULL, *names = mem_strdup(s->names.s ? s->names.s : "");
    int k = 0;
    if (!names)
        return err_memory(ctx, "column names", 64);
    for (int c = 0; c <= columns->n; c++)
        at[c] = -1;
    for (char *name = strtok_r(names, " \t", &save); name;
         name = strtok_r(NULL, " \t", &save), k++)
        for (int c = 0; c <= columns->n; c++)
            if (!strcmp(name, c ? columns->word[c - 1].text : "id"))
                at[c] = k;
    mem_free(names);
    for (int c = 0; c <= columns->n; c++)
        if (at[c] < 0)
            return err_deck(ctx, c ? &columns->word[c - 1].where : &s->where,
                            "'%s' has no column '%s'; its columns:%s", s->path,
                            c ? columns->word[c - 1].text : "id", s->names.s);
    return ADELE_OK;
}

/* One row: the wanted words of the line as numbers, id first. */
static int read_row(struct adele *ctx, struct snapshots *s, const int *at,
                    int n, double *row)
{
    int status = want_line(ctx, s), found = 0;
    if (status)
        return status;
    char *p = s->line.s;
    for (int k = 0; p && *p; k++) {
        p += strspn(p, " \t");
        char *after = p + strcspn(p, " \t");
        for (int c = 0; c < n && *p; c++) {
            char *end;
            if (at[c] != k)
                continue;
            row[c] = strtod(p, &end);
            if (end != after || !isfinite(row[c]))
                return fail(ctx, s,
                            "expected finite numbers in the columns "
                            "asked for");
            found++;
        }
        p = after;
    }
    return found == n ? ADELE_OK
                      : fail(ctx, s,
                             "the line holds fewer columns than "
                             "ITEM: ATOMS names");
}

static int read_rows(struct adele *ctx, struct snapshots *s, const int *at,
                     int n, bool *seen, double *row, double *value)
{
    int64_t nsite = s->head.nsite;
    int status = ADELE_OK;
    for (; !status && s->rows_left > 0; s->rows_left--) {
        status = read_row(ctx, s, at, n, row);
        if (status)
            return status;
        int64_t site =
            row[0] >= 1 && row[0] <= (double)nsite ? (int64_t)row[0] - 1 : -1;
        if (site < 0 || (double)(site + 1) != row[0])
            return fail(ctx, s, "an id outside 1 .. number of sites");
        if (seen[site])
            return fail(ctx, s, "an id that came before in this snapshot");
        seen[site] = true;
        for (int c = 1; c < n; c++)
            value[(c - 1) * nsite + site] = row[c];
    }
    return status;
}

static int read_text(struct adele *ctx, struct snapshots *s,
                     const struct arg_list *columns, double *value)
{
    int n = columns->n + 1;
    int *at = mem_alloc((size_t)n, sizeof *at);
    double *row = mem_alloc((size_t)n, sizeof *row);
    bool *seen = mem_zalloc((size_t)s->head.nsite, sizeof *seen);
    int status = ADELE_ERUN;
    if (!at || !row || !seen) {
        err_memory(ctx, "a snapshot", (double)s->head.nsite);
        goto done;
    }
    status = find_columns(ctx, s, columns, at);
    if (!status)
        status = read_rows(ctx, s, at, n, seen, row, value);
done:
    mem_free(at);
    mem_free(row);
    mem_free(seen);
    return status;
}

/* A box of another size is no error, since other programs write what they
   like there, but it deserves a word. */
static void check_box(struct adele *ctx, const struct snapshots *s)
{
    const struct lattice *lat = ctx->lat;
    for (int k = 0; s->text && k < lat->shape.dim; k++) {
        double lo = 0, hi = 0;
        for (int j = 0; j < lat->shape.dim; j++) {
            double a = lat->shape.a[j][k] * lat->n[j];
            lo += fmin(a, 0);
            hi += fmax(a, 0);
        }
        if (fabs(s->length[k] - (hi - lo)) <= 1e-6 * (hi - lo))
            continue;
        log_warning(&ctx->log,
                    "the box of '%s' has length %g along %c, the "
                    "lattice %g",
                    s->path, s->length[k], "xyz"[k], hi - lo);
        return;
    }
}

int snapshots_read(struct adele *ctx, struct snapshots *s,
                   const struct arg_list *columns, double *value)
{
    int status = ADELE_OK;
    if (s->head.nsite != ctx->lat->nsite)
        return err_deck(ctx, &s->where,
                        "the snapshot at step %" PRId64 " of '%s' has %" PRId64
                        " sites, the lattice has %" PRId64,
                        s->head.step, s->path, s->head.nsite, ctx->lat->nsite);
    check_box(ctx, s);
    if (s->text)
        return read_text(ctx, s, columns, value);
    for (int c = 0; !status && c < columns->n; c++)
        status = dataset_column(ctx, s->set, s->frame - 1, &columns->word[c],
                                value + c * s->head.nsite);
    return status;
}

int snapshots_columns(struct adele *ctx, const struct arg_list *columns)
{
    const char *names[2 * MODEL_COMPONENT_MAX];
    size_t n = 0;
    int which, status = need_model(ctx);
    if (status)
        return status;
    for (int c = 0; c < ctx->model->ncomp; c++) {
        names[n++] = ctx->model->component[c].displacement;
        names[n++] = ctx->model->component[c].velocity;
    }
    for (int k = 0; k < columns->n; k++) {
        const struct word *w = &columns->word[k];
        if (model_component(ctx->model, w->text, &which) < 0 || which > 1)
            return err_unknown(ctx, &w->where, "displacement or velocity",
                               w->text, names, n);
    }
    return ADELE_OK;
}

int snapshots_apply(struct adele *ctx, struct snapshots *s,
                    const struct arg_list *columns)
{
    size_t nsite = (size_t)ctx->lat->nsite;
    double *value = mem_alloc(nsite, (size_t)columns->n * sizeof *value);
    int which, status = value ? ADELE_OK
                              : err_memory(ctx, "a snapshot",
                                           (double)nsite * columns->n * 8);
    if (!status)
        status = snapshots_read(ctx, s, columns, value);
    for (int k = 0; !status && k < columns->n; k++) {
        int c = model_component(ctx->model, columns->word[k].text, &which);
        field_scatter(which ? ctx->state.velocity : ctx->state.displacement, c,
                      value + (size_t)k * nsite);
    }
    mem_free(value);
    return status;
}

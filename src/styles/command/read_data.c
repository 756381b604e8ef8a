/* read_data: distortions, velocities and on-site energies from a text file in
   the shape of a LAMMPS data file (plain or .gz).

       a comment
                                   blank lines and # comments anywhere
       1600 sites

       Sites # id q vq             columns; id and the displacements by default

       1 0.25 0.0                  every site once, in any order
       2 -0.1 0.0

       read_data start.data                                                  */

#include <ctype.h>
#include <stdarg.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "plug/command.h"
#include "plug/model.h"
#include "plug/target.h"

enum { COLUMN_MAX = 2 * MODEL_COMPONENT_MAX + 1 };

struct read_data {
    struct instance head;
    char *path;
};

static const struct arg args[] = {{ARG_FILE, "FILE", AT(struct read_data, path),
                                   .doc = "data file (also .gz)"},
                                  {0}};

/* The file line by line and word by word. */
struct reader {
    struct adele *ctx;
    const char *path;
    char *all, *next; /* whole file; start of the line after this */
    char *line, *at;  /* present line; where the next word is sought */
    long number;
    struct target target[COLUMN_MAX];
    int ncolumn, id; /* columns without the id; at which place that stands */
    double *value;   /* [ncolumn][nlocal] */
    unsigned char *seen;
};

static bool next_line(struct reader *r)
{
    if (!*r->next)
        return false;
    r->line = r->at = r->next;
    size_t length = strcspn(r->line, "\n");
    r->next = r->line + length + (r->line[length] == '\n');
    r->line[length] = 0;
    r->number++;
    return true;
}

/* The next word of the line, ended in place; NULL at the end or a comment. */
static char *next_word(struct reader *r)
{
    while (isspace((unsigned char)*r->at))
        r->at++;
    if (!*r->at || *r->at == '#')
        return NULL;
    char *word = r->at;
    while (*r->at && !isspace((unsigned char)*r->at))
        r->at++;
    if (*r->at)
        *r->at++ = 0;
    return word;
}

/* Where a word of the present line stands; NULL: the line.  Undoes the ends of
   the words that were read; the line of the result is to be released. */
static struct where place(struct reader *r, const char *word)
{
    size_t length = word ? strlen(word) : 1;
    for (char *c = r->line; c < r->at; c++)
        if (!*c)
            *c = ' ';
    long number = r->number > 0 ? r->number : 1;
    return (struct where){line_new(r->path, number, r->line),
                          word ? (size_t)(word - r->line) : 0, length};
}

__attribute__((format(printf, 3, 4))) static int fail(struct reader *r,
                                                      const char *word,
                                                      const char *format, ...)
{
    struct text message = {0};
    va_list ap;
    va_start(ap, format);
    text_vaddf(&message, format, ap);
    va_end(ap);
    struct where where = place(r, word);
    int status = err_deck(r->ctx, &where, "read_data: %s",
                          message.failed ? "" : message.s);
    text_free(&message);
    line_release(where.line);
    return status;
}

static bool same(const struct target *a, const struct target *b)
{
    return a->onsite == b->onsite && a->comp == b->comp &&
           (a->onsite || a->field == b->field);
}

static int add_column(struct reader *r, char *name)
{
    struct target *t = &r->target[r->ncolumn];
    struct word w = {.text = mem_strdup(name)};
    if (!w.text)
        return err_memory(r->ctx, "a data file", 64);
    w.where = place(r, name);
    int status = target_find(r->ctx, &w, t);
    r->ncolumn += !status;
    for (int k = 0; !status && k < r->ncolumn - 1; k++)
        if (same(&r->target[k], t))
            status = err_deck(r->ctx, &w.where,
                              "read_data: column '%s' comes twice", w.text);
    line_release(w.where.line);
    mem_free(w.text);
    return status;
}

static int default_columns(struct reader *r)
{
    struct adele *ctx = r->ctx;
    for (int c = 0; c < ctx->model->ncomp; c++)
        r->target[r->ncolumn++] =
            (struct target){.field = ctx->state.displacement, .comp = c};
    return 0;
}

/* What follows `Sites`: the names of the columns as a comment, or nothing. */
static int read_columns(struct reader *r)
{
    char *word;
    int place = 0;
    r->id = -1;
    while (isspace((unsigned char)*r->at))
        r->at++;
    if (*r->at != '#') {
        r->id = 0;
        word = next_word(r);
        return word ? fail(r, word, "expected # and columns, found '%s'", word)
                    : default_columns(r);
    }
    r->at++;
    for (; (word = next_word(r)); place++) {
        if (strcmp(word, "id") == 0 && r->id < 0) {
            r->id = place;
            continue;
        }
        if (r->ncolumn == COLUMN_MAX)
            return fail(r, word, "too many columns, at '%s'", word);
        int status = add_column(r, word);
        if (status)
            return status;
    }
    if (r->id < 0 || r->ncolumn == 0)
        return fail(r, NULL,
                    "expected `Sites # id q ..`: the id and what to read");
    return 0;
}

/* `N sites`, where N must be the lattice's. */
static int read_count(struct reader *r, const char *word)
{
    int64_t n, wanted = r->ctx->lat->nsite;
    const char *kind = next_word(r);
    if (!kind || strcmp(kind, "sites") || !text_integer(word, &n))
        return fail(r, word, "expected `N sites` or `Sites`, found '%s'", word);
    if (n != wanted)
        return fail(r, word, "the file has %lld sites, the lattice %lld",
                    (long long)n, (long long)wanted);
    return 0;
}

/* The lines before `Sites`: a comment, then `N sites`. */
static int read_head(struct reader *r)
{
    bool counted = false;
    next_line(r);
    while (next_line(r)) {
        char *word = next_word(r);
        if (!word)
            continue;
        if (strcmp(word, "Sites") == 0)
            return counted ? read_columns(r)
                           : fail(r, word, "`N sites` must stand before Sites");
        int status = read_count(r, word);
        if (status)
            return status;
        counted = true;
    }
    return fail(r, NULL, "the file has no section `Sites`");
}

/* One line of numbers into the arrays. */
static int read_site(struct reader *r, const char *word)
{
    double row[COLUMN_MAX];
    int64_t n = r->ctx->lat->nsite, id = 0;
    for (int place = 0, k = 0; place <= r->ncolumn; place++) {
        if (!word)
            return fail(r, NULL, "expected %d numbers, found %d",
                        r->ncolumn + 1, place);
        if (place == r->id) {
            if (!text_integer(word, &id) || id < 1 || id > n)
                return fail(r, word,
                            "expected a site id from 1 to %lld, found '%s'",
                            (long long)n, word);
            if (r->seen[id - 1])
                return fail(r, word, "site %s comes twice", word);
        } else if (!text_number(word, &row[k++])) {
            return fail(r, word, "expected a number, found '%s'", word);
        }
        word = next_word(r);
    }
    if (word)
        return fail(r, word, "'%s' is one word too many", word);
    r->seen[id - 1] = 1;
    for (int k = 0; k < r->ncolumn; k++)
        r->value[k * n + id - 1] = row[k];
    return 0;
}

static int read_sites(struct reader *r)
{
    int64_t n = r->ctx->lat->nsite, found = 0, missing = 0;
    r->value = mem_alloc((size_t)n, (size_t)r->ncolumn * sizeof *r->value);
    r->seen = mem_zalloc((size_t)n, 1);
    if (!r->value || !r->seen)
        return err_memory(r->ctx, "a data file",
                          (8.0 * r->ncolumn + 1) * (double)n);
    while (next_line(r)) {
        const char *word = next_word(r);
        int status = word ? read_site(r, word) : 0;
        if (status)
            return status;
        found += word != NULL;
    }
    if (found == n)
        return 0;
    while (r->seen[missing])
        missing++;
    return fail(r, NULL, "the file ends without site %lld",
                (long long)missing + 1);
}

static int run(struct adele *ctx, void *self, const struct words *words)
{
    const struct read_data *c = self;
    struct reader r = {.ctx = ctx, .path = c->path};
    int status = need_model(ctx), error = 0;
    if (status)
        return status;
    r.all = r.next = file_read_all(c->path, NULL, &error);
    if (!r.all)
        return err_deck(ctx, words->n > 1 ? &words->word[1].where : NULL,
                        "cannot read '%s': %s", c->path, strerror(error));
    r.line = r.at = r.all;
    status = read_head(&r);
    if (!status)
        status = read_sites(&r);
    for (int k = 0; k < r.ncolumn; k++) {
        if (status)
            target_drop(ctx, &r.target[k]);
        else
            target_commit(ctx, &r.target[k], 0, r.value + k * ctx->lat->nlocal);
    }
    mem_free(r.seen);
    mem_free(r.value);
    mem_free(r.all);
    return status;
}

const struct command_style command_read_data = {
    .style = {STYLE_HEAD(command, "read_data", struct read_data),
              .summary = "read distortions, velocities and on-site energies",
              .args = args},
    .run = run};

/* What all dumps share: making, modifying, scheduling, naming files,
   selecting sites.  See dump.h. */

#include "plug/dump.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "plug/pair.h"
#include "plug/registry.h"

static const struct arg common[] = {
    {ARG_VALUE, "every", AT(struct dump, every_at), .key = true,
     .given = AT(struct dump, given[DUMP_GIVEN_EVERY]), .unit = "steps",
     .doc = "a snapshot every N steps, or at the steps that v_name gives"},
    {ARG_INT, "delay", AT(struct dump, delay), .key = true,
     .given = AT(struct dump, given[DUMP_GIVEN_DELAY]), .unit = "steps",
     .doc = "no snapshot before this step"},
    {ARG_BOOL, "append", AT(struct dump, append), .key = true,
     .given = AT(struct dump, given[DUMP_GIVEN_APPEND]),
     .doc = "continue an existing file"},
    {ARG_BOOL, "first", AT(struct dump, first), .key = true,
     .given = AT(struct dump, given[DUMP_GIVEN_FIRST]),
     .doc = "write at the first step of the first run, off schedule, too"},
    {ARG_BOOL, "flush", AT(struct dump, flush), .key = true,
     .given = AT(struct dump, given[DUMP_GIVEN_FLUSH]),
     .doc = "push each snapshot to the disk at once"},
    {ARG_INT, "pad", AT(struct dump, pad), .key = true, .min = 0, .max = 20,
     .bounded = true, .given = AT(struct dump, given[DUMP_GIVEN_PAD]),
     .doc = "digits of the step that replaces *, filled with zeros"},
    {ARG_LIST, "thresh", AT(struct dump, thresh_words), .key = true,
     .repeat = true, .min = 1, .max = 3, .bounded = true,
     .given = AT(struct dump, given[DUMP_GIVEN_THRESH]),
     .doc = "only sites with COLUMN OP VALUE, or none"},
    {0}};

static const struct dump_style *style_of(const struct dump *d)
{
    return (const struct dump_style *)(const void *)d->head.style;
}

struct dump *dump_find(const struct adele *ctx, const char *id)
{
    for (int k = 0; k < ctx->dumps.n; k++)
        if (!strcmp(ctx->dumps.item[k]->head.id, id))
            return ctx->dumps.item[k];
    return NULL;
}

/* Making and releasing. */

struct birth {
    const char *id;
    int group;
};

static void prepare(void *self, void *data)
{
    struct dump *d = self;
    const struct birth *b = data;
    d->head.id = mem_strdup(b->id);
    d->head.group = b->group;
    d->flush = true;
    d->last = -1;
    d->next = -1;
}

/* A folder that is not there is better told of now than hours later. */
static int check_folder(struct adele *ctx, const struct dump *d,
                        const struct where *where)
{
    const char *slash = strrchr(d->path, '/');
    if (!slash || slash == d->path)
        return ADELE_OK;
    char *folder = mem_strndup(d->path, (size_t)(slash - d->path));
    if (!folder)
        return err_memory(ctx, "a file name", (double)strlen(d->path));
    int status = ADELE_OK;
    if (!strchr(folder, '*') && access(folder, W_OK | X_OK))
        status = err_deck(ctx, where, "cannot write into the folder '%s': %s",
                          folder, strerror(errno));
    mem_free(folder);
    return status;
}

struct dump *dump_new(struct adele *ctx, const char *id, int group,
                      const struct words *words)
{
    struct birth birth = {id, group};
    if (need_lattice(ctx))
        return NULL;
    struct instance *self = instance_new(ctx, "dump", words, prepare, &birth);
    if (!self)
        return NULL;
    struct dump *d = (struct dump *)(void *)self;
    if ((id && !d->head.id) && err_memory(ctx, "a dump", 64))
        goto fail;
    if (check_folder(ctx, d, &words->word[2].where))
        goto fail;
    return d;
fail:
    instance_free(ctx, self);
    return NULL;
}

static void free_thresh(struct dump_thresh *t, int n)
{
    for (int k = 0; k < n; k++)
        column_free(&t[k].column);
    mem_free(t);
}

void dump_fini(struct adele *ctx, void *self)
{
    struct dump *d = self;
    free_thresh(d->thresh, d->nthresh);
    for (int k = 0; k < d->ncolumn; k++)
        column_free(&d->column[k]);
    mem_free(d->column);
    args_free(ctx, common, d);
    if (d->head.style && style_of(d)->modify)
        args_free(ctx, style_of(d)->modify, d);
    if (d->file)
        file_close(d->file);
    d->file = NULL;
}

static int close_file(struct adele *ctx, struct dump *d)
{
    if (!d->file)
        return ADELE_OK;
    char *path = mem_strdup(file_path(d->file));
    int error = file_close(d->file);
    d->file = NULL;
    int status = error ? dump_file_error(ctx, d, path ? path : d->path, error)
                       : ADELE_OK;
    mem_free(path);
    return status;
}

int dump_free(struct adele *ctx, struct dump *d)
{
    int status = style_of(d)->close ? style_of(d)->close(ctx, d) : ADELE_OK;
    int closed = close_file(ctx, d);
    instance_free(ctx, &d->head);
    return status ? status : closed;
}

int dump_finish(struct adele *ctx, struct dump *d)
{
    if (style_of(d)->finish)
        return style_of(d)->finish(ctx, d);
    if (!d->file)
        return ADELE_OK;
    file_flush(d->file);
    if (!file_error(d->file))
        return ADELE_OK;
    return dump_file_error(ctx, d, file_path(d->file), file_error(d->file));
}

int dump_file_error(struct adele *ctx, const struct dump *d, const char *path,
                    int error)
{
    const struct where *where = d->head.where.line ? &d->head.where : NULL;
    return err_run_at(ctx, where, "cannot write '%s': %s", path,
                      strerror(error));
}

/* Schedule. */

static int64_t next_multiple(int64_t step, int64_t every)
{
    int64_t rest = step % every;
    return rest ? step - rest + (step > 0 ? every : 0) : step;
}

/* `every v_name`: the variable names the next step once the one it named
   before has come. */
static int64_t next_by_variable(struct adele *ctx, struct dump *d)
{
    double value;
    if (d->next > ctx->step || (d->next == ctx->step && d->last != ctx->step))
        return d->next;
    if (value_get(ctx, &d->every_at, &value))
        return -1;
    if (!(value > (double)ctx->step) || value >= 9e18) {
        err_run_at(ctx, &d->every_at.ref.where,
                   "the variable of `every` must name a step after the present "
                   "one, %" PRId64 "; it gave %.15g",
                   ctx->step, value);
        return -1;
    }
    d->next = (int64_t)value;
    return d->next;
}

int64_t dump_next_step(struct adele *ctx, struct dump *d)
{
    int64_t step = ctx->step;
    bool done = d->last == step;
    if (d->first && d->written == 0 && step >= d->delay &&
        (!ctx->running || step == ctx->run_first))
        return step;
    if (d->every_at.is_reference) {
        int64_t next = next_by_variable(ctx, d);
        return next >= 0 && next < d->delay ? d->delay : next;
    }
    int64_t from = done ? step + 1 : step;
    return next_multiple(from > d->delay ? from : d->delay, d->every);
}

unsigned dump_need(struct adele *ctx, struct dump *d)
{
    unsigned need = style_of(d)->need ? style_of(d)->need(ctx, d) : 0;
    for (int k = 0; k < d->ncolumn; k++)
        need |= column_need(ctx, &d->column[k]);
    for (int k = 0; k < d->nthresh; k++)
        need |= column_need(ctx, &d->thresh[k].column);
    return need & forces_gives(ctx);
}

/* Snapshots. */

/* The path with each `*` replaced by the step; the caller's to free. */
static char *path_at(const struct dump *d, int64_t step)
{
    struct text t = {0};
    for (const char *p = d->path; *p; p++)
        if (*p == '*')
            text_addf(&t, "%0*" PRId64, d->pad ? (int)d->pad : 1, step);
        else
            text_addc(&t, *p);
    if (t.failed)
        text_free(&t);
    return t.s;
}

static int open_text(struct adele *ctx, struct dump *d, const char *path,
                     bool single)
{
    enum file_mode mode = d->append ? FILE_APPEND
                          : single  ? FILE_ATOMIC
                                    : FILE_WRITE;
    int error = 0;
    if (d->file)
        return ADELE_OK;
    d->file = file_open(path, mode, &error);
    return d->file ? ADELE_OK : dump_file_error(ctx, d, path, error);
}

static int write_text(struct adele *ctx, struct dump *d, const char *path)
{
    bool single = strchr(d->path, '*') != NULL;
    int status = open_text(ctx, d, path, single);
    if (status)
        return status;
    status = style_of(d)->write(ctx, d, path);
    if (!status && d->flush)
        file_flush(d->file);
    if (status && single) {
        file_discard(d->file);
        d->file = NULL;
        return status;
    }
    if (!status && file_error(d->file))
        status = dump_file_error(ctx, d, path, file_error(d->file));
    if (!single)
        return status;
    int closed = close_file(ctx, d);
    return status ? status : closed;
}

int dump_snapshot(struct adele *ctx, struct dump *d)
{
    enum task before = timers_enter(&ctx->timers, TASK_OUTPUT);
    char *path = path_at(d, ctx->step);
    int status;
    if (!path)
        status = err_memory(ctx, "a file name", (double)strlen(d->path));
    else if (style_of(d)->own_file)
        status = style_of(d)->write(ctx, d, path);
    else
        status = write_text(ctx, d, path);
    mem_free(path);
    timers_enter(&ctx->timers, before);
    if (status)
        return status;
    d->last = ctx->step;
    d->written++;
    return ADELE_OK;
}

/* Columns and sites. */

int dump_columns(struct adele *ctx, struct dump *d, const struct word *word,
                 int n)
{
    d->column = mem_zalloc((size_t)n, sizeof *d->column);
    if (!d->column)
        return err_memory(ctx, "dump columns", (double)n * sizeof *d->column);
    for (int k = 0; k < n; k++) {
        int status = column_parse(ctx, &word[k], &d->column[k]);
        if (status)
            return status;
        d->ncolumn = k + 1;
    }
    return ADELE_OK;
}

int dump_values(struct adele *ctx, struct dump *d, const struct column *c,
                double *out)
{
    if (!ctx->pair || !(column_need(ctx, c) & ~forces_gives(ctx)))
        return column_get(ctx, c, out);
    for (int64_t i = 0; i < ctx->lat->nlocal; i++)
        out[i] = NAN;
    if (!d->warned)
        log_warning(&ctx->log,
                    "pair_style %s does not give column %s of dump "
                    "%s: written as nan",
                    ctx->pair->head.style->name, c->name,
                    d->head.id ? d->head.id : d->head.style->name);
    d->warned = true;
    return ADELE_OK;
}

static bool passes(double v, enum dump_compare compare, double limit)
{
    switch (compare) {
    case DUMP_LT:
        return v < limit;
    case DUMP_LE:
        return v <= limit;
    case DUMP_GT:
        return v > limit;
    case DUMP_GE:
        return v >= limit;
    case DUMP_EQ:
        return v == limit;
    case DUMP_NE:
        return v != limit;
    }
    return false;
}

/* Clears keep[i] where the threshold is not met. */
static int apply_thresh(struct adele *ctx, const struct dump_thresh *t,
                        bool *keep)
{
    int64_t n = ctx->lat->nlocal;
    double *v = mem_alloc((size_t)n, sizeof *v);
    if (!v)
        return err_memory(ctx, "a dump threshold", (double)n * sizeof *v);
    int status = column_get(ctx, &t->column, v);
    for (int64_t i = 0; !status && i < n; i++)
        keep[i] = keep[i] && passes(v[i], t->compare, t->value);
    mem_free(v);
    return status;
}

int64_t dump_sites(struct adele *ctx, const struct dump *d, int64_t **list)
{
    int64_t n = ctx->lat->nlocal, count = 0;
    bool *keep = mem_alloc((size_t)n, sizeof *keep);
    *list = mem_alloc((size_t)n, sizeof **list);
    if (!keep || !*list) {
        err_memory(ctx, "the site list of a dump", (double)n * sizeof **list);
        goto fail;
    }
    for (int64_t i = 0; i < n; i++)
        keep[i] = groups_has(&ctx->groups, d->head.group, i);
    for (int k = 0; k < d->nthresh; k++)
        if (apply_thresh(ctx, &d->thresh[k], keep))
            goto fail;
    for (int64_t i = 0; i < n; i++)
        if (keep[i])
            (*list)[count++] = i;
    mem_free(keep);
    return count;
fail:
    mem_free(keep);
    mem_free(*list);
    *list = NULL;
    return -1;
}

/* dump_modify: the words fill a scratch instance; what was given is exchanged
   with the dump's, and exchanged back when the style refuses it. */

static size_t arg_size(enum arg_kind kind)
{
    switch (kind) {
    case ARG_INT:
        return sizeof(int64_t);
    case ARG_NUMBER:
        return sizeof(double);
    case ARG_BOOL:
    case ARG_FLAG:
        return sizeof(bool);
    case ARG_WORD:
    case ARG_FILE:
        return sizeof(char *);
    case ARG_VALUE:
        return sizeof(struct value);
    case ARG_LIST:
    case ARG_REST:
        return sizeof(struct arg_list);
    case ARG_NUMBERS:
        return sizeof(struct arg_numbers);
    default:
        return sizeof(int);
    }
}

static void exchange(const struct arg *table, char *live, char *scratch)
{
    for (const struct arg *a = table; a && a->kind; a++) {
        if (!*(bool *)(scratch + a->given))
            continue;
        char held[sizeof(struct value) + sizeof(struct arg_list)];
        size_t n = arg_size(a->kind);
        memcpy(held, live + a->offset, n);
        memcpy(live + a->offset, scratch + a->offset, n);
        memcpy(scratch + a->offset, held, n);
    }
}

static void mark_given(const struct arg *table, char *live, const char *scratch)
{
    for (const struct arg *a = table; a && a->kind; a++)
        if (*(const bool *)(scratch + a->given))
            *(bool *)(live + a->given) = true;
}

static int table_length(const struct arg *t)
{
    int n = 0;
    while (t && t[n].kind)
        n++;
    return n;
}

static int parse_thresh(struct adele *ctx, const struct word *w, int n,
                        struct dump_thresh *out)
{
    static const char *const op[] = {"<", "<=", ">", ">=", "==", "!=", NULL};
    if (n < 3)
        return err_deck(ctx, &w[0].where,
                        "thresh: expected COLUMN OP VALUE or none");
    int k = 0;
    while (op[k] && strcmp(op[k], w[1].text))
        k++;
    if (!op[k])
        return err_deck(ctx, &w[1].where,
                        "thresh: expected < <= > >= == or !=, found '%s'",
                        w[1].text);
    out->compare = (enum dump_compare)k;
    int status = arg_number(ctx, &w[2], "the limit of thresh", &out->value);
    return status ? status : column_parse(ctx, &w[0], &out->column);
}

/* The thresholds that hold after the words of `thresh`: those before plus the
   new, `none` dropping all that stands before it. */
static int build_thresh(struct adele *ctx, const struct arg_list *words,
                        struct dump_thresh **out, int *nout)
{
    const struct word *w = words->word;
    struct dump_thresh *t = mem_zalloc((size_t)words->n + 1, sizeof *t);
    int n = 0, status = ADELE_OK;
    if (!t)
        return err_memory(ctx, "dump thresholds", 1024);
    for (int k = 0; !status && k < words->n;) {
        if (!strcmp(w[k].text, "none")) {
            while (n > 0)
                column_free(&t[--n].column);
            k++;
            continue;
        }
        status = parse_thresh(ctx, &w[k], words->n - k, &t[n]);
        n += !status;
        k += 3;
    }
    if (status) {
        free_thresh(t, n);
        return status;
    }
    *out = t;
    *nout = n;
    return ADELE_OK;
}

/* `thresh none` resets; otherwise new thresholds join the old. */
static int join_thresh(struct adele *ctx, struct dump *d,
                       struct dump_thresh *add, int nadd, bool reset)
{
    if (!add)
        return ADELE_OK;
    if (reset) {
        free_thresh(d->thresh, d->nthresh);
        d->thresh = add;
        d->nthresh = nadd;
        return ADELE_OK;
    }
    size_t total = (size_t)d->nthresh + (size_t)nadd;
    struct dump_thresh *t = mem_resize(d->thresh, total + 1, sizeof *t);
    if (!t)
        return err_memory(ctx, "dump thresholds", (double)total * sizeof *t);
    memcpy(t + d->nthresh, add, (size_t)nadd * sizeof *t);
    d->thresh = t;
    d->nthresh += nadd;
    mem_free(add);
    return ADELE_OK;
}

static bool has_none(const struct arg_list *words)
{
    for (int k = 0; k < words->n; k++)
        if (!strcmp(words->word[k].text, "none"))
            return true;
    return false;
}

/* `every` as a number moves into d->every. */
static int check_every(struct adele *ctx, const struct words *words,
                       const struct dump *s)
{
    const struct value *v = &s->every_at;
    if (!s->given[DUMP_GIVEN_EVERY] || v->is_reference)
        return ADELE_OK;
    if (v->number >= 1 && v->number <= 9e15 && v->number == floor(v->number))
        return ADELE_OK;
    const struct where *where = NULL;
    for (int k = 0; k + 1 < words->n; k++)
        if (!strcmp(words->word[k].text, "every"))
            where = &words->word[k + 1].where;
    return err_deck(ctx, where,
                    "dump_modify: every: expected an integer > 0 or v_name, "
                    "found %.15g",
                    v->number);
}

static int commit(struct adele *ctx, struct dump *d, struct dump *s,
                  const struct arg *table)
{
    struct dump_thresh *add = NULL;
    int nadd = 0, status = ADELE_OK;
    bool thresh = s->given[DUMP_GIVEN_THRESH];
    bool reset = has_none(&s->thresh_words);
    if (thresh)
        status = build_thresh(ctx, &s->thresh_words, &add, &nadd);
    if (status)
        return status;
    exchange(table, (char *)d, (char *)s);
    if (style_of(d)->modified)
        status = style_of(d)->modified(ctx, d);
    if (!status && thresh)
        status = join_thresh(ctx, d, add, nadd, reset);
    if (status) {
        exchange(table, (char *)d, (char *)s);
        free_thresh(add, nadd);
        return status;
    }
    mark_given(table, (char *)d, (char *)s);
    if (s->given[DUMP_GIVEN_EVERY] && !d->every_at.is_reference)
        d->every = (int64_t)d->every_at.number;
    d->next = -1;
    return ADELE_OK;
}

int dump_modify(struct adele *ctx, struct dump *d, const struct words *words)
{
    const struct arg *own = style_of(d)->modify;
    size_t ncommon = (size_t)table_length(common);
    size_t nown = (size_t)table_length(own);
    struct arg *table = mem_zalloc(ncommon + nown + 1, sizeof *table);
    struct dump *scratch = mem_zalloc(1, d->head.style->instance_size);
    int status;
    if (!table || !scratch) {
        status = err_memory(ctx, "dump_modify", 4096);
        goto done;
    }
    memcpy(table, common, ncommon * sizeof *table);
    if (nown)
        memcpy(table + ncommon, own, nown * sizeof *table);
    status = args_parse(ctx, table, "dump_modify", words, scratch);
    if (!status)
        status = check_every(ctx, words, scratch);
    if (!status)
        status = commit(ctx, d, scratch, table);
    args_free(ctx, table, scratch);
done:
    mem_free(scratch);
    mem_free(table);
    return status;
}

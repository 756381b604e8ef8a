/* Sampling times, histories and files of the averaging fixes; average.h. */

#include "plug/average.h"

#include <string.h>

#include "base/mem.h"

int average_clock_check(struct adele *ctx, const struct average_clock *c,
                        const char *what)
{
    if (c->freq % c->every)
        return err_deck(ctx, NULL,
                        "%s: Nfreq = %lld must be a multiple of Nevery = %lld",
                        what, (long long)c->freq, (long long)c->every);
    if (c->repeat > c->freq / c->every)
        return err_deck(ctx, NULL,
                        "%s: %lld samples %lld steps apart do not fit into "
                        "Nfreq = %lld steps; at most %lld do",
                        what, (long long)c->repeat, (long long)c->every,
                        (long long)c->freq, (long long)(c->freq / c->every));
    return ADELE_OK;
}

/* Which sample of its window falls on this step, from 0; -1: none. */
static int64_t place_in_window(const struct average_clock *c, int64_t step)
{
    if (step < 0 || step % c->every)
        return -1;
    int64_t over = step % c->freq;
    int64_t left = over ? (c->freq - over) / c->every : 0;
    if (left >= c->repeat || step < c->start - left * c->every)
        return -1;
    return c->repeat - 1 - left;
}

bool average_clock_may(const struct average_clock *c, int64_t step)
{
    return place_in_window(c, step) >= 0;
}

bool average_clock_first(const struct adele *ctx, const struct average_clock *c)
{
    return place_in_window(c, ctx->step) == 0;
}

enum average_due average_clock_now(const struct adele *ctx,
                                   const struct average_clock *c)
{
    int64_t place = place_in_window(c, ctx->step);
    if (place < 0)
        return AVERAGE_NOT;
    /* the first step of a run was the last of the one before */
    if (c->begun && c->last == ctx->step && c->last_tick == ctx->tick)
        return AVERAGE_NOT;
    if (place > 0 &&
        (!c->begun || c->taken != place || c->last != ctx->step - c->every))
        return AVERAGE_NOT;
    return place == c->repeat - 1 ? AVERAGE_OUTPUT : AVERAGE_SAMPLE;
}

void average_clock_taken(const struct adele *ctx, struct average_clock *c,
                         enum average_due due)
{
    int64_t place = place_in_window(c, ctx->step);
    c->taken = due == AVERAGE_OUTPUT ? 0 : place + 1;
    c->last = ctx->step;
    c->last_tick = ctx->tick;
    c->begun = true;
}

void average_clock_save(const struct average_clock *c, struct blob *to)
{
    blob_put_int(to, c->every);
    blob_put_int(to, c->repeat);
    blob_put_int(to, c->freq);
    blob_put_int(to, c->taken);
    blob_put_int(to, c->last);
    blob_put_int(to, c->last_tick);
    blob_put_int(to, c->begun);
}

int average_clock_load(struct average_clock *c, struct blob *from)
{
    int64_t begun = 0, every, repeat, freq;
    if (blob_get_int(from, &every) || blob_get_int(from, &repeat) ||
        blob_get_int(from, &freq) || every != c->every || repeat != c->repeat ||
        freq != c->freq)
        return -1;
    int bad = blob_get_int(from, &c->taken) | blob_get_int(from, &c->last) |
              blob_get_int(from, &c->last_tick) | blob_get_int(from, &begun);
    c->begun = begun != 0;
    return bad;
}

int average_history_parse(struct adele *ctx, const struct arg_list *words,
                          struct average_history *h)
{
    const struct word *w = &words->word[0];
    if (!strcmp(w->text, "one"))
        h->mode = AVERAGE_ONE;
    else if (!strcmp(w->text, "running"))
        h->mode = AVERAGE_RUNNING;
    else if (!strcmp(w->text, "window"))
        h->mode = AVERAGE_WINDOW;
    else
        return err_deck(ctx, &w->where,
                        "expected ave (one|running|window M), found '%s'",
                        w->text);
    if (h->mode != AVERAGE_WINDOW && words->n > 1)
        return err_deck(ctx, &words->word[1].where,
                        "ave %s takes no number, found '%s'", w->text,
                        words->word[1].text);
    if (h->mode != AVERAGE_WINDOW)
        return ADELE_OK;
    if (words->n < 2)
        return err_deck(ctx, &w->where,
                        "ave window needs the number of results to average");
    int status =
        arg_integer(ctx, &words->word[1], "the number of results", &h->length);
    if (!status && (h->length < 1 || h->length > 1000000000))
        return err_deck(ctx, &words->word[1].where,
                        "expected the number of results (integer from 1 to "
                        "1000000000), found '%s'",
                        words->word[1].text);
    return status;
}

int average_history_size(struct adele *ctx, struct average_history *h,
                         int64_t n)
{
    h->n = n;
    if (h->mode == AVERAGE_RUNNING)
        h->sum = mem_zalloc((size_t)n, sizeof *h->sum);
    size_t row = (size_t)n * sizeof *h->ring;
    if (h->mode == AVERAGE_WINDOW)
        h->ring = mem_zalloc((size_t)h->length, row);
    bool ok = h->mode == AVERAGE_ONE || h->sum || h->ring;
    return ok ? ADELE_OK
              : err_memory(ctx, "the results to average",
                           (double)row * (double)(h->ring ? 1 : h->length));
}

int64_t average_history_add(struct average_history *h, const double *block,
                            double *total)
{
    int64_t used = 1;
    if (h->mode == AVERAGE_ONE) {
        memcpy(total, block, (size_t)h->n * sizeof *total);
    } else if (h->mode == AVERAGE_RUNNING) {
        for (int64_t i = 0; i < h->n; i++)
            total[i] = h->sum[i] += block[i];
        used = h->count + 1;
    } else {
        int64_t at = h->count % h->length;
        memcpy(h->ring + at * h->n, block, (size_t)h->n * sizeof *total);
        used = h->count + 1 < h->length ? h->count + 1 : h->length;
        /* oldest first, anew each time: no rounding piles up */
        memset(total, 0, (size_t)h->n * sizeof *total);
        for (int64_t k = used - 1; k >= 0; k--) {
            const double *row =
                h->ring + (at - k + h->length) % h->length * h->n;
            for (int64_t i = 0; i < h->n; i++)
                total[i] += row[i];
        }
    }
    h->count++;
    return used;
}

void average_history_save(const struct average_history *h, struct blob *to)
{
    blob_put_int(to, h->mode);
    blob_put_int(to, h->length);
    blob_put_int(to, h->n);
    blob_put_int(to, h->count);
    if (h->sum)
        blob_put_numbers(to, h->sum, h->n);
    if (h->ring)
        blob_put_numbers(to, h->ring, h->length * h->n);
}

int average_history_load(struct average_history *h, struct blob *from)
{
    int64_t mode, length, n;
    if (blob_get_int(from, &mode) || blob_get_int(from, &length) ||
        blob_get_int(from, &n) || mode != (int64_t)h->mode ||
        length != h->length || n != h->n || blob_get_int(from, &h->count))
        return -1;
    if (h->sum && blob_get_numbers(from, h->sum, n))
        return -1;
    return h->ring ? blob_get_numbers(from, h->ring, length * n) : 0;
}

void average_history_fini(struct average_history *h)
{
    mem_free(h->sum);
    mem_free(h->ring);
    h->sum = h->ring = NULL;
}

int average_file_init(struct adele *ctx, struct average_file *f,
                      const char *what, const char *const *titles, int n)
{
    if (f->path && f->append)
        return err_deck(ctx, NULL, "%s: give file or append, not both", what);
    if (f->overwrite && !f->path)
        return err_deck(ctx, NULL, "%s: overwrite goes with file", what);
    if (f->title[2] && n < 3)
        return err_deck(ctx, NULL, "%s: this file has no third title", what);
    for (int k = 0; k < n; k++) {
        const char *title = f->title[k] ? f->title[k] : titles[k];
        if (*title)
            text_addf(&f->header, "%s\n", title);
    }
    return f->header.failed ? err_memory(ctx, "the titles of a file", 256)
                            : ADELE_OK;
}

static int file_failed(struct adele *ctx, const struct where *where,
                       const char *path, int error)
{
    return err_run_at(ctx, where, "cannot write %s: %s", path, strerror(error));
}

int average_file_open(struct adele *ctx, struct average_file *f,
                      const struct where *where)
{
    const char *path = f->path ? f->path : f->append;
    int error = 0;
    if (!path || f->open || ctx->check_only)
        return ADELE_OK;
    if (f->overwrite)
        return f->open = true, average_file_put(ctx, f, where, NULL);
    f->file = file_open(path, f->append ? FILE_APPEND : FILE_WRITE, &error);
    if (!f->file)
        return file_failed(ctx, where, path, error);
    f->open = true;
    return average_file_put(ctx, f, where, &f->header);
}

int average_file_put(struct adele *ctx, struct average_file *f,
                     const struct where *where, const struct text *block)
{
    int error = 0;
    if (block && block->failed)
        return err_memory(ctx, "the text of an average", (double)block->length);
    if (!f->open)
        return ADELE_OK;
    if (!f->overwrite) {
        file_write(f->file, block->s, block->length);
        file_flush(f->file);
        error = file_error(f->file);
        return error ? file_failed(ctx, where, file_path(f->file), error)
                     : ADELE_OK;
    }
    struct file *whole = file_open(f->path, FILE_ATOMIC, &error);
    if (whole) {
        if (f->header.length)
            file_write(whole, f->header.s, f->header.length);
        if (block && block->length)
            file_write(whole, block->s, block->length);
        error = file_close(whole);
    }
    return error ? file_failed(ctx, where, f->path, error) : ADELE_OK;
}

void average_file_fini(struct average_file *f)
{
    file_close(f->file);
    f->file = NULL;
    text_free(&f->header);
}

/* One conversion for a double, e f g a with flags, width, precision. */
static bool format_is_good(const char *f)
{
    int conversions = 0;
    for (; *f; f++) {
        if (*f != '%')
            continue;
        if (f[1] == '%') {
            f++;
            continue;
        }
        f += 1 + strspn(f + 1, "-+ #0");
        f += strspn(f, "0123456789");
        if (*f == '.')
            f += 1 + strspn(f + 1, "0123456789");
        if (!*f || !strchr("eEfFgGaA", *f))
            return false;
        conversions++;
    }
    return conversions == 1;
}

int average_format_check(struct adele *ctx, const char *format)
{
    if (format_is_good(format))
        return ADELE_OK;
    return err_deck(ctx, NULL,
                    "format '%s': expected one conversion of a number such as "
                    "%%g or %%.15e",
                    format);
}

void average_format(struct text *out, const char *format, double value)
{
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    text_addf(out, format, value);
#pragma GCC diagnostic pop
}

int average_other(struct adele *ctx, const struct instance *self)
{
    return err_deck(ctx, &self->where,
                    "fix %s (%s): the restart file holds its state for other "
                    "arguments; give them as they were, or the fix another ID",
                    self->id, self->style->name);
}

/* Recording errors in the context and wording them for the reader.

   One error is pending at a time; the first wins, since what follows is
   usually its consequence.  The wording is

       ERROR: in.quench:12:30: fix langevin: expected damp (number > 0), found
   '-3' fix bath all langevin 0.1 0.1 $d 90210
                                       ^~
         which reads: fix bath all langevin 0.1 0.1 -3 90210                  */

#include "core/context.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"

static int record(struct adele *ctx, int status, const struct where *where,
                  const char *format, va_list ap)
{
    struct text message = {0};
    struct where place = {0};

    if (ctx->error.status)
        return ctx->error.status;
    text_vaddf(&message, format, ap);
    if (where && where->line) {
        place = *where;
    } else if (ctx->command && ctx->command->line) {
        place.line = ctx->command->line;
        if (ctx->command->n > 0)
            place = ctx->command->word[0].where;
    }
    ctx->error.status = status;
    ctx->error.message = message.s; /* NULL when memory is short: see format */
    ctx->error.where = where_hold(place);
    return status;
}

int err_deck(struct adele *ctx, const struct where *where, const char *format,
             ...)
{
    va_list ap;
    int status;

    va_start(ap, format);
    status = record(ctx, ADELE_EDECK, where, format, ap);
    va_end(ap);
    return status;
}

int err_run(struct adele *ctx, const char *format, ...)
{
    va_list ap;
    int status;

    va_start(ap, format);
    status = record(ctx, ADELE_ERUN, NULL, format, ap);
    va_end(ap);
    return status;
}

int err_run_at(struct adele *ctx, const struct where *where, const char *format,
               ...)
{
    va_list ap;
    int status;

    va_start(ap, format);
    status = record(ctx, ADELE_ERUN, where, format, ap);
    va_end(ap);
    return status;
}

int err_memory(struct adele *ctx, const char *what, double bytes)
{
    char size[16];

    return err_run(ctx, "not enough memory for %s (%s)", what,
                   text_bytes(size, bytes));
}

int err_unknown(struct adele *ctx, const struct where *where, const char *kind,
                const char *word, const char *const *names, size_t n)
{
    const char *near = text_nearest(word, names, n);
    struct text list = {0};
    int status;

    if (near) {
        text_addf(&list, "; did you mean '%s'?", near);
    } else if (n > 0 && n <= 40) {
        text_add(&list, "; known: ");
        for (size_t i = 0; i < n; i++)
            text_addf(&list, "%s%s", i ? ", " : "", names[i]);
    }
    status = err_deck(ctx, where, "unknown %s '%s'%s", kind, word,
                      list.s ? list.s : "");
    text_free(&list);
    return status;
}

/* The bounds [*begin, *end) of the physical line of raw around `at`. */
static void physical_bounds(const char *raw, size_t at, size_t *begin,
                            size_t *end)
{
    *begin = at;
    while (*begin > 0 && raw[*begin - 1] != '\n')
        --*begin;
    *end = at + strcspn(raw + at, "\r\n");
}

/* A blank of the same width for each character, then the caret. */
static void add_caret(struct text *out, const char *line, size_t before,
                      size_t length)
{
    text_add(out, "\n  ");
    for (size_t i = 0; i < before; i++) {
        if (((unsigned char)line[i] & 0xc0) != 0x80) /* UTF-8 continuation */
            text_addc(out, line[i] == '\t' ? '\t' : ' ');
    }
    text_addc(out, '^');
    for (size_t i = 1; i < length; i++) {
        if (((unsigned char)line[before + i] & 0xc0) != 0x80)
            text_addc(out, '~');
    }
}

static void add_place(const struct where *where, struct text *out)
{
    const struct line *l = where->line;
    size_t size = strlen(l->raw), text = l->text ? strlen(l->text) : 0;
    size_t from = 0, to = size, begin, end;

    if (l->origin && where->column <= text) {
        size_t last = where->column + where->length;

        from = l->origin[where->column];
        to = l->origin[last <= text ? last : text];
    }
    if (from > size)
        from = size;
    physical_bounds(l->raw, from, &begin, &end);
    if (to > end)
        to = end;
    if (to <= from)
        to = from + 1 < end ? from + 1 : end;
    if (end == begin)
        return;
    text_add(out, "\n  ");
    text_addn(out, l->raw + begin, end - begin);
    add_caret(out, l->raw + begin, from - begin, to > from ? to - from : 1);
    if (l->substituted && l->text)
        text_addf(out, "\n  which reads: %s", l->text);
}

void error_format(const struct adele *ctx, struct text *out)
{
    const struct error *e = &ctx->error;
    const struct line *l = e->where.line;

    if (!e->status)
        return;
    text_add(out, "ERROR: ");
    if (l) {
        long number;
        size_t column;

        where_physical(&e->where, &number, &column);
        text_addf(out, "%s:%ld:%zu: ", l->file, number, column);
    }
    text_add(out, e->message ? e->message : "not enough memory");
    if (l && l->raw)
        add_place(&e->where, out);
    text_addc(out, '\n');
}

void error_clear(struct adele *ctx)
{
    mem_free(ctx->error.message);
    where_release(&ctx->error.where);
    ctx->error = (struct error){0};
}

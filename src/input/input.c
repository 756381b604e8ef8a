/* Reading decks: sources, logical lines, and the dispatch of commands.

   A source is a file, a text, standard input, a terminal, or the quoted
   commands inside a command; they nest on a stack.  A file is read whole
   before its first command runs, so that `jump` can rewind it and a file
   changed meanwhile does no harm; standard input is read line by line, so
   that another program can hold a conversation with adele. */

#include "input/input.h"

#include <ctype.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "expr/substitute.h"
#include "input/control.h"
#include "plug/command.h"
#include "plug/registry.h"

/* Deeper than any deck nests, shallower than the C stack: a file that
   includes itself ends here. */
enum { DEPTH_MAX = 100 };

int input_new(struct adele *ctx)
{
    ctx->input = mem_zalloc(1, sizeof *ctx->input);
    return ctx->input ? ADELE_OK : err_memory(ctx, "the input", 64);
}

void input_free(struct adele *ctx)
{
    mem_free(ctx->input);
    ctx->input = NULL;
}

/* ---- sources ---- */

/* The first byte that no text holds, or n. */
static size_t find_junk(const char *s, size_t n)
{
    for (size_t k = 0; k < n; k++) {
        unsigned char c = (unsigned char)s[k];
        if ((c < ' ' && !strchr("\t\n\v\f\r", c)) || c == 0 || c == 127)
            return k;
    }
    return n;
}

/* The junk at s[at]; line `number` is that of s[0]. */
static int fail_junk(struct adele *ctx, const char *name, long number,
                     const char *s, size_t at)
{
    size_t begin = at;
    for (size_t k = 0; k < at; k++)
        number += s[k] == '\n';
    while (begin > 0 && s[begin - 1] != '\n')
        begin--;
    struct text shown = {0};
    for (size_t k = begin; k <= at; k++)
        text_addc(&shown, isprint((unsigned char)s[k]) ? s[k] : '?');
    struct line *line = shown.failed ? NULL : line_new(name, number, shown.s);
    struct where w = {line, at - begin, 1};
    int status = err_deck(ctx, line ? &w : NULL,
                          "%s is not a text deck: it holds the byte 0x%02x",
                          name, (unsigned)(unsigned char)s[at]);
    line_release(line);
    text_free(&shown);
    return status;
}

int source_open(struct adele *ctx, const char *path, const struct where *where,
                struct source *s)
{
    int error = 0;
    *s = (struct source){.kind = SOURCE_FILE, .number = 1};
    s->text = file_read_all(path, &s->length, &error);
    if (!s->text)
        return err_deck(ctx, where, "cannot read the deck '%s': %s", path,
                        strerror(error));
    size_t junk = find_junk(s->text, s->length);
    if (junk < s->length) {
        int status = fail_junk(ctx, path, 1, s->text, junk);
        source_close(s);
        return status;
    }
    if (s->length >= 3 && !memcmp(s->text, "\xef\xbb\xbf", 3))
        s->at = 3; /* the byte order mark of some editors */
    s->name = mem_strdup(path);
    if (s->name)
        return ADELE_OK;
    source_close(s);
    return err_memory(ctx, "a deck", 64);
}

void source_close(struct source *s)
{
    mem_free(s->name);
    mem_free(s->text);
    mem_free(s->label);
    where_release(&s->label_where);
    where_release(&s->place);
    *s = (struct source){0};
}

/* The next logical line of a text that is in memory. */
static struct line *next_in_text(struct source *s)
{
    struct line_scan scan = {0};
    size_t begin = s->at;
    long number = s->number;
    bool more = true;
    while (more && s->at < s->length) {
        const char *from = s->text + s->at;
        const char *newline = memchr(from, '\n', s->length - s->at);
        size_t n = newline ? (size_t)(newline - from) + 1 : s->length - s->at;
        more = line_continues(&scan, from, n);
        s->at += n;
        s->number++;
    }
    size_t n = s->at - begin;
    while (n && strchr("\r\n", s->text[begin + n - 1]))
        n--;
    char *raw = mem_strndup(s->text + begin, n);
    struct line *line = NULL;
    if (raw && s->kind == SOURCE_PART) {
        struct where w = {s->place.line, s->place.column + begin, n};
        line = line_part(&w, raw);
    } else if (raw) {
        line = line_new(s->name, number, raw);
    }
    mem_free(raw);
    return line;
}

/* Waits for more bytes of a stream; what was used up is dropped.  poll, since
   a signal ends it even where it would restart a read. */
static int stream_fill(struct adele *ctx, struct source *s)
{
    enum { CHUNK = 65536 };
    struct pollfd p = {.fd = s->fd, .events = POLLIN};
    log_flush(&ctx->log); /* the other side may wait for an answer */
    if (s->text && s->at) {
        memmove(s->text, s->text + s->at, s->length - s->at);
        s->length -= s->at;
        s->at = 0;
    }
    char *grown = mem_resize(s->text, s->length + CHUNK + 1, 1);
    if (!grown)
        return err_memory(ctx, "a deck line", (double)s->length);
    s->text = grown;
    ssize_t n =
        poll(&p, 1, -1) < 0 ? -1 : read(s->fd, grown + s->length, CHUNK);
    if (n < 0 && errno == EINTR)
        return ctx->interrupt ? ADELE_EINTERRUPT : ADELE_OK;
    if (n < 0)
        return err_deck(ctx, NULL, "cannot read %s: %s", s->name,
                        strerror(errno));
    if (n == 0)
        s->fd = -1;
    size_t junk = find_junk(grown + s->length, (size_t)n);
    if (junk < (size_t)n)
        return fail_junk(ctx, s->name, s->number, grown, s->length + junk);
    s->length += (size_t)n;
    return ADELE_OK;
}

/* Fills until a whole logical line, or the rest, is there. */
static int stream_line(struct adele *ctx, struct source *s)
{
    struct line_scan scan = {0};
    size_t seen = 0; /* whole physical lines behind s->at that were scanned */
    for (;;) {
        const char *from = s->text ? s->text + s->at + seen : NULL;
        size_t left = from ? s->length - s->at - seen : 0;
        const char *newline = from && left ? memchr(from, '\n', left) : NULL;
        if (newline) {
            size_t n = (size_t)(newline - from) + 1;
            if (!line_continues(&scan, from, n))
                return ADELE_OK;
            seen += n;
            continue;
        }
        int status = s->fd < 0 ? ADELE_OK : stream_fill(ctx, s);
        if (status || s->fd < 0)
            return status;
    }
}

/* NULL at the end, or with *status. */
static struct line *next_line(struct adele *ctx, struct source *s, int *status)
{
    if (s->kind == SOURCE_STREAM)
        *status = stream_line(ctx, s);
    if (*status || s->at >= s->length)
        return NULL;
    struct line *line = next_in_text(s);
    if (!line)
        *status = err_memory(ctx, "a deck line", (double)s->length);
    return line;
}

/* Whether this line is the label that a jump looks for.  Other lines are
   passed over unread. */
static int match_label(struct adele *ctx, struct source *s, struct line *line,
                       bool *match)
{
    const char *t = line->text + strspn(line->text, " \t");
    *match = false;
    if (strncmp(t, "label", 5) || !isspace((unsigned char)t[5]))
        return ADELE_OK;
    int status = substitute_line(ctx, line);
    if (status)
        return status;
    struct words w;
    struct where bad;
    const char *why;
    if (words_split(line, &w, &bad, &why))
        return err_deck(ctx, &bad, "%s", why);
    *match = w.n == 2 && !strcmp(w.word[1].text, s->label);
    words_free(&w);
    return ADELE_OK;
}

static int run_or_skip(struct adele *ctx, struct source *s, struct line *line)
{
    if (!s->label)
        return input_line(ctx, line);
    bool match;
    int status = match_label(ctx, s, line, &match);
    if (match) {
        mem_free(s->label);
        s->label = NULL;
        where_release(&s->label_where);
    }
    return status;
}

static int push(struct adele *ctx, struct source *s)
{
    struct input *in = ctx->input;
    if (in->depth >= DEPTH_MAX)
        return err_deck(ctx, NULL,
                        "decks nested more than %d deep: does %s include "
                        "itself?",
                        DEPTH_MAX, s->name ? s->name : "a command");
    s->below = in->top;
    in->top = s;
    in->depth++;
    return ADELE_OK;
}

static void pop(struct adele *ctx, struct source *s)
{
    ctx->input->top = s->below;
    ctx->input->depth--;
}

int source_run(struct adele *ctx, struct source *s)
{
    int status = push(ctx, s);
    if (status) {
        source_close(s);
        return status;
    }
    while (!status && !s->abandoned) {
        if (ctx->interrupt) {
            status = ADELE_EINTERRUPT;
            break;
        }
        struct line *line = next_line(ctx, s, &status);
        if (!line)
            break;
        status = run_or_skip(ctx, s, line);
        line_release(line);
    }
    if (!status && s->label && !s->abandoned)
        status = err_deck(ctx, &s->label_where, "there is no `label %s` in %s",
                          s->label, s->name);
    pop(ctx, s);
    source_close(s);
    return status;
}

int source_part(struct adele *ctx, const struct where *place, const char *text)
{
    struct source s = {.kind = SOURCE_PART,
                       .number = 1,
                       .text = mem_strdup(text),
                       .length = strlen(text),
                       .place = where_hold(*place)};
    s.name = mem_strdup(place->line ? place->line->file : "(command)");
    if (s.name && s.text)
        return source_run(ctx, &s);
    source_close(&s);
    return err_memory(ctx, "a command", (double)strlen(text));
}

int input_file(struct adele *ctx, const char *path)
{
    struct source s = {.kind = SOURCE_STREAM, .number = 1, .fd = STDIN_FILENO};
    if (strcmp(path, "-")) {
        int status = source_open(ctx, path, NULL, &s);
        return status ? status : source_run(ctx, &s);
    }
    s.name = mem_strdup("(standard input)");
    return s.name ? source_run(ctx, &s) : err_memory(ctx, "the input", 64);
}

/* The quoted word of the running command that reads `text`: what `run ..
   every` and the like hand back is then read in its place. */
static const struct word *word_of(const struct adele *ctx, const char *text)
{
    for (int k = 0; ctx->command && k < ctx->command->n; k++) {
        const struct word *w = &ctx->command->word[k];
        if (w->quote && !strcmp(w->text, text))
            return w;
    }
    return NULL;
}

int input_text(struct adele *ctx, const char *text, const char *name)
{
    const struct word *word = word_of(ctx, text);
    if (word)
        return source_part(ctx, &word->where, text);
    struct source s = {.kind = SOURCE_TEXT,
                       .number = 1,
                       .name = mem_strdup(name),
                       .text = mem_strdup(text),
                       .length = strlen(text)};
    if (s.name && s.text)
        return source_run(ctx, &s);
    source_close(&s);
    return err_memory(ctx, "a command", (double)strlen(text));
}

/* ---- commands ---- */

static void echo(struct adele *ctx, const char *s)
{
    struct log *log = &ctx->log;
    if (log->echo_screen) {
        log_screen(log, s);
        log_screen(log, "\n");
    }
    if (log->echo_file) {
        log_file(log, s);
        log_file(log, "\n");
    }
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

int command_names(const char **names, int capacity)
{
    int n;
    const char *const *control = input_control_names(&n);
    for (int k = 0; k < n; k++)
        names[k] = control[k];
    n += registry_names("command", names + n, capacity - n);
    qsort(names, (size_t)n, sizeof *names, by_name);
    return n;
}

static int unknown_command(struct adele *ctx, const struct word *w)
{
    const char *advice = lammps_advice(w->text), *names[512];
    if (advice)
        return err_deck(ctx, &w->where, "'%s' has no place here: %s", w->text,
                        advice);
    int n = command_names(names, 512);
    const char *near = text_nearest(w->text, names, (size_t)n);
    return near ? err_deck(ctx, &w->where,
                           "unknown command '%s'; did you mean '%s'?", w->text,
                           near)
                : err_deck(ctx, &w->where,
                           "unknown command '%s'; `help` lists all commands",
                           w->text);
}

static int run_control(struct adele *ctx, const struct control *c,
                       const struct words *w)
{
    int n = w->n - 1;
    if (n < c->least)
        return err_deck(ctx, &w->word[w->n - 1].where,
                        "%s: expected `%s`, found nothing more", c->name,
                        c->usage);
    if (c->most >= 0 && n > c->most)
        return err_deck(ctx, &w->word[c->most + 1].where,
                        "%s: expected `%s`, found '%s' as well", c->name,
                        c->usage, w->word[c->most + 1].text);
    return c->run(ctx, w);
}

static int run_style(struct adele *ctx, const struct words *w)
{
    struct instance *self = instance_new(ctx, "command", w, NULL, NULL);
    if (!self)
        return ctx->error.status;
    const struct command_style *style =
        (const struct command_style *)self->style;
    ctx->input->in_style++;
    int status = style->run ? style->run(ctx, self, w) : ADELE_OK;
    ctx->input->in_style--;
    instance_free(ctx, self);
    return status;
}

static int dispatch(struct adele *ctx, const struct words *w)
{
    const struct control *c = control_find(w->word[0].text);
    if (c)
        return run_control(ctx, c, w);
    if (registry_find(ctx, "command", w->word[0].text))
        return run_style(ctx, w);
    return unknown_command(ctx, &w->word[0]);
}

int input_line(struct adele *ctx, struct line *line)
{
    echo(ctx, ctx->input->top && ctx->input->top->kind == SOURCE_PART
                  ? line->text
                  : line->raw);
    bool before = line->substituted;
    line->substituted = false;
    int status = substitute_line(ctx, line);
    if (status)
        return status;
    if (line->substituted)
        echo(ctx, line->text);
    line->substituted |= before;
    struct words w;
    struct where bad;
    const char *why;
    if (words_split(line, &w, &bad, &why))
        return err_deck(ctx, &bad, "%s", why);
    const struct words *outer = ctx->command;
    ctx->command = &w;
    if (w.n)
        status = dispatch(ctx, &w);
    ctx->command = outer;
    words_free(&w);
    return status;
}

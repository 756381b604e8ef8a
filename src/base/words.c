/* Deck lines and their words: see words.h.

   A word that begins with a quote runs to the next quote of the same kind,
   which a blank or the end must follow; quotes inside other words are plain
   characters, as in LAMMPS.  The place of a quoted word is its inside, so
   that an offset into word->text is an offset from where.column. */

#include "base/words.h"

#include <limits.h>
#include <string.h>

#include "base/mem.h"

struct line *line_new(const char *file, long number, const char *raw)
{
    struct line *line = mem_zalloc(1, sizeof *line);
    if (!line)
        return NULL;
    size_t n = strlen(raw);
    *line = (struct line){.file = mem_strdup(file),
                          .number = number,
                          .raw = mem_strdup(raw),
                          .text = mem_strdup(raw),
                          .origin = mem_alloc(n + 1, sizeof(size_t)),
                          .references = 1};
    if (!line->file || !line->raw || !line->text || !line->origin) {
        line_release(line);
        return NULL;
    }
    for (size_t k = 0; k <= n; k++)
        line->origin[k] = k;
    return line;
}

struct line *line_hold(struct line *line)
{
    if (line)
        line->references++;
    return line;
}

void line_release(struct line *line)
{
    if (!line || --line->references > 0)
        return;
    mem_free(line->file);
    mem_free(line->raw);
    mem_free(line->text);
    mem_free(line->origin);
    mem_free(line);
}

struct where where_hold(struct where w)
{
    line_hold(w.line);
    return w;
}

void where_release(struct where *w)
{
    line_release(w->line);
    *w = (struct where){0};
}

void where_physical(const struct where *w, long *line, size_t *column)
{
    *line = 0;
    *column = 0;
    if (!w->line)
        return;
    size_t n = strlen(w->line->text), end = strlen(w->line->raw);
    size_t at = w->line->origin[w->column < n ? w->column : n];
    *line = w->line->number;
    *column = 1;
    for (size_t k = 0; k < at && k < end; k++) {
        ++*column;
        if (w->line->raw[k] == '\n') {
            ++*line;
            *column = 1;
        }
    }
}

static const char blank[] = " \t\n\v\f\r";

/* The word that starts at s: its inside [*from, *to), what follows it, and
   the quote.  NULL, or why it is none. */
static const char *scan(const char *s, const char **from, const char **to,
                        const char **after, char *quote)
{
    *quote = 0;
    *from = s;
    if (*s != '\'' && *s != '"') {
        *to = *after = s + strcspn(s, blank);
        return NULL;
    }
    bool triple = strncmp(s, "\"\"\"", 3) == 0;
    const char mark[4] = {s[0], triple ? s[0] : 0, triple ? s[0] : 0, 0};
    *quote = triple ? '3' : *s;
    *from = s + strlen(mark);
    *to = strstr(*from, mark);
    *after = *to ? *to + strlen(mark) : s + strlen(s);
    if (!*to)
        return triple ? "triple quote is not closed" : "quote is not closed";
    if (**after && !strchr(blank, **after))
        return "closing quote must be followed by a blank";
    return NULL;
}

static int add_word(struct words *w, int *capacity, struct word word)
{
    if (w->n > INT_MAX / 2)
        return -1;
    if (w->n == *capacity) {
        int more = *capacity ? 2 * *capacity : 8;
        struct word *p = mem_resize(w->word, (size_t)more, sizeof *p);
        if (!p)
            return -1;
        w->word = p;
        *capacity = more;
    }
    w->word[w->n++] = word;
    return 0;
}

int words_split(struct line *line, struct words *out, struct where *bad,
                const char **why)
{
    *out = (struct words){.line = line_hold(line)};
    *bad = (struct where){0};
    *why = NULL;
    int capacity = 0;
    const char *s = line->text + strspn(line->text, blank);
    while (*s) {
        const char *from, *to, *after;
        char quote;
        *why = scan(s, &from, &to, &after, &quote);
        size_t start = (size_t)(s - line->text);
        if (*why) {
            *bad = (struct where){line, start, (size_t)(after - s)};
            words_free(out);
            return -1;
        }
        struct word word = {
            .text = mem_strndup(from, (size_t)(to - from)),
            .quote = quote,
            .where = {line, (size_t)(from - line->text), (size_t)(to - from)}};
        if (quote && to == from) /* nothing inside: show the quotes */
            word.where = (struct where){line, start, (size_t)(after - s)};
        if (!word.text || add_word(out, &capacity, word)) {
            mem_free(word.text);
            *bad = (struct where){line, start, (size_t)(after - s)};
            *why = "out of memory";
            words_free(out);
            return -1;
        }
        s = after + strspn(after, blank);
    }
    return 0;
}

void words_free(struct words *w)
{
    for (int k = 0; k < w->n; k++)
        mem_free(w->word[k].text);
    mem_free(w->word);
    line_release(w->line);
    *w = (struct words){0};
}

struct words words_from(const struct words *w, int first)
{
    if (first > w->n)
        first = w->n;
    return (struct words){.line = w->line,
                          .word = w->word ? w->word + first : NULL,
                          .n = w->n - first};
}

/* A logical deck line and its words, with their places.

   A logical line is one command: physical lines joined by `&` or by an open
   triple quote.  `raw` is what stands in the file, with its newlines; `text`
   is what it reads after joining, comment removal and substitution, and
   origin[k] is the offset in raw that text[k] came from (all characters of a
   substituted value carry the offset of its `$`).  Lines are counted by
   reference, so that a style may keep a word and complain about it later. */

#ifndef ADELE_WORDS_H
#define ADELE_WORDS_H

#include <stdbool.h>
#include <stddef.h>

struct line {
    char *file;       /* name as the user gave it; "(input)", "(command line)" */
    long number;      /* of the first physical line, from 1 */
    char *raw;        /* as read, newlines included */
    char *text;       /* after joining and substitution */
    size_t *origin;   /* [strlen(text) + 1] offsets into raw */
    bool substituted; /* text differs from raw by more than joining */
    int references;
};

struct line *line_new(const char *file, long number, const char *raw);
struct line *line_hold(struct line *line);
void line_release(struct line *line); /* NULL is allowed */

/* Where something stands: a stretch of line->text.  Line NULL: nowhere known. */
struct where {
    struct line *line;
    size_t column, length;
};

struct where where_hold(struct where w);
void where_release(struct where *w);

/* The physical line (from 1) and byte column (from 1) in the file. */
void where_physical(const struct where *w, long *line, size_t *column);

struct word {
    char *text; /* quotes removed */
    char quote; /* 0, '\'' , '"', or '3' for triple quotes */
    struct where where;
};

struct words {
    struct line *line;
    struct word *word; /* [n] */
    int n;
};

/* Splits line->text on blanks, honouring quotes.  Returns 0, or -1 with
   *bad set to the place of the trouble and *why to a constant sentence. */
int words_split(struct line *line, struct words *out, struct where *bad,
                const char **why);
void words_free(struct words *w);

/* A view of words[first..]; shares the storage, is not freed. */
struct words words_from(const struct words *w, int first);

#endif

/* Substitution of $x, ${name}, $(formula), $(formula:%fmt), and the joining
   of physical lines into one command. */

#ifndef ADELE_SUBSTITUTE_H
#define ADELE_SUBSTITUTE_H

#include "base/words.h"
#include "core/context.h"

/* Reading state of one command across its physical lines; start from {0}. */
struct line_scan {
    char quote;   /* the open quote: 0, '\'', '"', '3' */
    bool comment; /* behind a # */
    bool in_word;
};

/* Takes the next physical line (n bytes, its newline included or not); true
   when the command goes on in the line after it: `&` at the end, or an open
   triple quote. */
bool line_continues(struct line_scan *scan, const char *physical, size_t n);

/* Joins continuations and removes the comment: rewrites line->text, origin. */
int join_line(struct adele *ctx, struct line *line);

/* join_line, then substitutes outside quotes; sets substituted.  After an
   error line->text is the joined text that the error's place counts in. */
int substitute_line(struct adele *ctx, struct line *line);

/* Substitutes everywhere in a text, quoted parts included, when it is used
   (print, if, fix print).  Appended to out. */
int substitute_text(struct adele *ctx, const char *in,
                    const struct where *where, struct text *out);

/* The text of a word as it is used now: substituted when it was quoted.  As a
   line of its own whose places lead to the file; NULL with a recorded error. */
struct line *substitute_word(struct adele *ctx, const struct word *word);

/* The stretch of a line as a line of its own with the same file, raw text
   and places: how a command inside another (if, run every) is read.  `text`
   is what it reads, a copy of the stretch.  NULL: memory. */
struct line *line_part(const struct where *where, const char *text);

#endif

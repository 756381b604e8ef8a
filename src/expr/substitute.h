/* Substitution of $x, ${name}, $(formula), $(formula:%fmt). */

#ifndef ADELE_SUBSTITUTE_H
#define ADELE_SUBSTITUTE_H

#include "base/words.h"
#include "core/context.h"

/* Joins continuations, removes the comment, substitutes outside quotes:
   fills line->text, origin, substituted. */
int substitute_line(struct adele *ctx, struct line *line);

/* The same inside a quoted text when it is used (print, if, fix print). */
int substitute_text(struct adele *ctx, const char *in,
                    const struct where *where, struct text *out);

#endif

/* Reading decks: the include stack, labels and jumps, the interactive
   session, and the closed table of control commands (variable, if, jump,
   next, label, include, print, shell, log, echo, clear, quit, help). */

#ifndef ADELE_INPUT_H
#define ADELE_INPUT_H

#include "core/context.h"

int input_new(struct adele *ctx);
void input_free(struct adele *ctx);

/* A deck file; "-" is standard input.  Returns the status; errors are
   recorded, not printed. */
int input_file(struct adele *ctx, const char *path);
/* One command (or several lines) as text; name for messages. */
int input_text(struct adele *ctx, const char *text, const char *name);
/* A terminal session with editing and history; each error is printed and the
   prompt returns. */
int input_interactive(struct adele *ctx);
/* One logical line: substitutes, splits, runs the command. */
int input_line(struct adele *ctx, struct line *line);

/* Names of the control commands, for help and suggestions. */
const char *const *input_control_names(int *n);
const char *input_control_help(const char *name); /* NULL: none */

#endif

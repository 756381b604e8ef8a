/* The thermo table. */

#ifndef ADELE_THERMO_H
#define ADELE_THERMO_H

#include "base/words.h"
#include "core/context.h"

int thermo_new(struct adele *ctx);
void thermo_free(struct adele *ctx);
/* thermo N | v_name; thermo_style one|multi|yaml|custom ..; thermo_modify ..:
   the words after the command's name.  After an error all is as before. */
int thermo_every(struct adele *ctx, const struct words *words);
int thermo_style(struct adele *ctx, const struct words *words);
int thermo_modify(struct adele *ctx, const struct words *words);
/* Before the forces of a run: columns exist and the force style gives them. */
int thermo_check(struct adele *ctx);
/* Prints the header. */
int thermo_begin(struct adele *ctx);
int thermo_line(struct adele *ctx);
void thermo_end(struct adele *ctx);
int64_t thermo_next(struct adele *ctx); /* next step with a line, after
                                           now; -1: recorded error */
bool thermo_is_due(struct adele *ctx);  /* a multiple of `thermo N` */
unsigned thermo_need(struct adele *ctx);

#endif

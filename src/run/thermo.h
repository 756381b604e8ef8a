/* The thermo table. */

#ifndef ADELE_THERMO_H
#define ADELE_THERMO_H

#include "base/words.h"
#include "core/context.h"

int thermo_new(struct adele *ctx);
void thermo_free(struct adele *ctx);
/* thermo N | v_name; thermo_style one|custom ..|yaml; thermo_modify .. */
int thermo_every(struct adele *ctx, const struct words *words);
int thermo_style(struct adele *ctx, const struct words *words);
int thermo_modify(struct adele *ctx, const struct words *words);
/* Start of a run: check columns, print the header. */
int thermo_begin(struct adele *ctx);
int thermo_line(struct adele *ctx);
void thermo_end(struct adele *ctx);
int64_t thermo_next(struct adele *ctx); /* next step with a line, after now */
unsigned thermo_need(struct adele *ctx);

#endif

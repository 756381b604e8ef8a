/* The table of all styles, written by the build from the names of the files
   under src/styles/, plus those that `plugin load` adds. */

#ifndef ADELE_REGISTRY_H
#define ADELE_REGISTRY_H

#include "plug/args.h"
#include "plug/style.h"

/* NULL when unknown.  "ave/time" and, with the suffix on, "ml" -> "ml/gpu". */
const struct style *registry_find(const struct adele *ctx, const char *kind,
                                  const char *name);
/* All names of a kind, sorted, into names; how many were put there. */
int registry_names(const char *kind, const char **names, int capacity);
/* All kinds: "command", "compute", "dump", .. */
int registry_kinds(const char **names, int capacity);

/* Adds a plugin's style; refuses wrong abi or size, or a taken name, with
   both values. */
int registry_add(struct adele *ctx, const struct style *style,
                 const struct where *where);

/* Finds the style named by words[0], allocates its instance, parses words[1..],
   calls init.  NULL with a recorded error.  `prepare` (may be NULL) is called
   on the zeroed instance before parsing (id, group). */
struct instance *instance_new(struct adele *ctx, const char *kind,
                              const struct words *words,
                              void (*prepare)(void *self, void *data),
                              void *data);
void instance_free(struct adele *ctx, struct instance *self);

/* `clear`: everything but variables, log and input goes back to the start. */
void adele_clear(struct adele *ctx);

/* "fix ID GROUP langevin Tstart Tstop damp seed [tally yes|no]". */
void style_usage(const struct style *style, struct text *out);
/* Usage text of a style: syntax line, arguments, outputs, citations. */
void style_help(const struct style *style, struct text *out);

#endif

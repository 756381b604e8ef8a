/* `using STYLE args`: a measurement that solves with a force style of its own
   instead of the running one.

   The instance of a compute holds a struct using; its table has the entry
   USING_ARG(struct gap, using), last, since a style takes all words left.
   compute_style.need returns using_need, and using_require gives the result. */

#ifndef ADELE_USING_H
#define ADELE_USING_H

#include "plug/args.h"
#include "plug/pair.h"

struct using {
    struct instance *pair;  /* NULL: the running style */
    struct pair_result own; /* of `pair` */
};

#define USING_ARG(type, member)                                               \
    {ARG_STYLE, "using", AT(type, member.pair), .key = true,                  \
     .style_kind = "pair",                                                    \
     .doc = "force style to solve with; without it the running one"}

/* `need`, or nothing when the running style is not asked. */
unsigned using_need(const struct using *u, unsigned need);
/* *r holds `need` of the present configuration; it belongs to u or ctx. */
int using_require(struct adele *ctx, struct using *u, unsigned need,
                  const struct pair_result **r);
void using_fini(struct using *u); /* the result; args_free takes the style */

#endif

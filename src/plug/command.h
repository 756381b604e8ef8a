/* Commands that are styles: everything but the control commands of input/.
   The argument table fills a temporary instance; run acts on it and commits
   only when nothing can fail any more. */

#ifndef ADELE_COMMAND_H
#define ADELE_COMMAND_H

#include "plug/args.h"
#include "plug/style.h"

struct command_style {
    struct style style;
    int (*run)(struct adele *ctx, void *self, const struct words *words);
};

#endif

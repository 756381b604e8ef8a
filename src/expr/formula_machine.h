/* One evaluation of a formula: the stack machine.  Private to formula*.c. */

#ifndef ADELE_FORMULA_MACHINE_H
#define ADELE_FORMULA_MACHINE_H

#include "expr/formula_ops.h"

struct machine {
    struct adele *ctx;
    struct formula *f;
    enum item_shape mode;
    int64_t random_length; /* vector mode, second pass; 0: draw one number */
    int top;
};

struct where machine_where(const struct machine *m, const struct op *op);
int machine_no_memory(struct machine *m, int64_t n);
void machine_push(struct machine *m, struct item it);
/* Takes the op's arguments off the stack. */
void machine_drop(struct machine *m, const struct op *op);
void item_drop(struct item *it);
const char *item_shape_name(enum item_shape shape);

/* The operations that read values: c_ f_ v_ references, keywords and per-site
   quantities, functions of names. */
int machine_reference(struct machine *m, const struct op *op);
int machine_name(struct machine *m, const struct op *op);
int machine_words(struct machine *m, const struct op *op);

/* formula_fail at the place of the operation. */
int machine_fail(const struct machine *m, const struct op *op,
                 const char *format, ...) __attribute__((format(printf, 3, 4)));

#endif

/* The simulation context: everything that belongs to one simulation.

   No global state exists besides it; two contexts may live in one process.
   The parts that higher modules own are opaque pointers here. */

#ifndef ADELE_CONTEXT_H
#define ADELE_CONTEXT_H

#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/log.h"
#include "base/status.h"
#include "base/text.h"
#include "base/timer.h"
#include "base/words.h"
#include "core/field.h"
#include "core/group.h"
#include "core/lattice.h"

struct model;
struct pair;
struct pair_result;
struct fix;
struct compute;
struct dump;
struct region;
struct lead;
struct variables;
struct thermo;
struct input;
struct schedule;

/* The one pending error.  `message` is complete text without place. */
struct error {
    int status;
    char *message;
    struct where where;
};

enum electrons_mode {
    ELECTRONS_NONE,
    ELECTRONS_FILLING, /* <N> = filling * sites */
    ELECTRONS_MU,
    ELECTRONS_MIDGAP
};

struct electrons {
    enum electrons_mode mode;
    double filling, mu; /* the one that the mode asks for */
    double temp;        /* k_B = 1, >= 0 */
};

/* The state of the lattice.  Components of displacement, velocity and force
   are the model's, in its order; onsite is the disorder added to the model's
   on-site energies. */
struct state {
    struct field *displacement, *velocity, *force;
    struct field *onsite; /* NULL: none */
};

/* The time loop ends after the present step when this is set.  HALT_RUN holds
   for this run (who set it clears it when the run has finished); HALT_ALL
   makes later runs and minimisations of the deck take no step either. */
enum halt { HALT_NONE, HALT_RUN, HALT_ALL };

#define LIST_OF(type) struct { struct type **item; int n, capacity; }

struct adele {
    struct error error;
    struct text error_text; /* what adele_error returned last */
    struct log log;
    struct timers timers;
    uint64_t clock; /* source of all tags: field writes, parameters, steps */

    bool boundary_periodic[3];
    struct lattice *lat; /* NULL before `lattice` */
    struct groups groups;
    struct model *model; /* NULL before `model` */
    struct electrons electrons;
    uint64_t parameter_tag; /* raised by every change of model, electrons, leads */
    struct state state;
    struct pair *pair; /* NULL before `pair_style` */
    struct pair_result *forces; /* of the running pair style; see plug/pair.h */

    LIST_OF(fix) fixes;
    LIST_OF(compute) computes;
    LIST_OF(dump) dumps;
    LIST_OF(region) regions;
    LIST_OF(lead) leads; /* see plug/lead.h */
    bool reading_leads;

    struct variables *variables;
    struct thermo *thermo;
    struct schedule *schedule; /* restart files and other timed output */
    struct input *input;

    int64_t step;      /* the user's step number */
    int64_t tick;      /* integrated steps since the beginning, for the noise */
    uint64_t step_tag; /* raised when step changes */
    double time, dt;   /* in units of the model */
    int64_t run_first, run_last, run_begin, run_end; /* begin/end: `start`,`stop` for ramps */
    bool running;
    int halt; /* enum halt: set by fix halt, timer timeout */
    /* Runs deck text (`run .. every`, read_restart, fix actions): the only way
       from a style to the interpreter. */
    int (*execute)(struct adele *ctx, const char *text, const char *name);
    const struct words *command; /* the command being executed, or NULL */
    double run_start_wall, start_wall;
    double deadline; /* wall time at which runs end (timer timeout); 0: none */

    int nthread;
    bool check_only; /* -check: set everything up, step nothing */
    bool skip_run;   /* -skiprun */
    bool interactive;
    int quit_status; /* of `quit N`, with ADELE_EQUIT */
    volatile sig_atomic_t interrupt; /* signal number to act on, or 0 */
    char *suffix;                    /* -suffix, or NULL */
};

/* Records an error and returns its status (ADELE_EDECK, ADELE_ERUN).  The
   first error wins; later ones while it is pending are dropped.  `where` NULL:
   the command being executed. */
int err_deck(struct adele *ctx, const struct where *where, const char *format,
             ...) __attribute__((format(printf, 3, 4)));
int err_run(struct adele *ctx, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* A run error that shows the place of a definition. */
int err_run_at(struct adele *ctx, const struct where *where, const char *format,
               ...) __attribute__((format(printf, 3, 4)));
int err_memory(struct adele *ctx, const char *what, double bytes);

/* "unknown KIND 'word'; did you mean 'x'?" or with the list when it is short. */
int err_unknown(struct adele *ctx, const struct where *where, const char *kind,
                const char *word, const char *const *names, size_t n);

/* The full wording with file:line:column, the line, the caret and the
   substituted form.  Clears the pending error when `clear`. */
void error_format(const struct adele *ctx, struct text *out);
void error_clear(struct adele *ctx);

/* Guards of commands: non-zero with an error that names the missing command. */
int need_lattice(struct adele *ctx);
int need_model(struct adele *ctx); /* implies the lattice */
int need_pair(struct adele *ctx);

/* A stamp that changes whenever displacement, velocity, parameters or step
   changed: what cached measurements are compared with. */
uint64_t adele_stamp(const struct adele *ctx);
void adele_touch_parameters(struct adele *ctx);

/* Raises the step (or sets it), its tag and the time. */
void adele_set_step(struct adele *ctx, int64_t step);

/* List helper: room for one more pointer; 0 or -1. */
int list_reserve(void *item_array, int n, int *capacity);
#define LIST_ADD(list, p)                                                     \
    (list_reserve(&(list).item, (list).n, &(list).capacity)                   \
         ? -1                                                                 \
         : ((list).item[(list).n++] = (p), 0))
#define LIST_REMOVE(list, i)                                                  \
    do {                                                                      \
        for (int j_ = (i); j_ + 1 < (list).n; j_++)                           \
            (list).item[j_] = (list).item[j_ + 1];                            \
        (list).n--;                                                           \
    } while (0)

#endif

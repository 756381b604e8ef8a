/* fix adapt: parameters that change in the course of a run.

       fix ID GROUP adapt N PARAM v_name [PARAM v_name ..] [reset yes|no]
                                                           [scale yes|no]

   At the start of a run and at each step that is a multiple of N (N = 0: at
   the start only) each parameter takes the value of its variable, before the
   forces of that step.  PARAM is a number of the model (t, g, k, kappa, mass
   ..) or of the electrons (mu, filling, temp).  scale multiplies the value
   that the parameter had when the fix was made; reset puts that back at the
   end of each run.  The group is not used. */

#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "plug/args.h"
#include "plug/fix.h"
#include "plug/model.h"
#include "plug/value.h"

enum { ADAPT_MAX = 16 };

struct entry {
    const struct word *name; /* in words */
    struct value value;
    double original;
};

struct adapt {
    struct fix fix;
    int64_t interval;
    struct arg_list words;
    bool reset, scale;
    struct entry entry[ADAPT_MAX];
    int n;
};

static const struct arg args[] = {
    {ARG_INT, "N", AT(struct adapt, interval), .nonnegative = true,
     .doc = "change at multiples of this step; 0: only at the start of a run"},
    {ARG_LIST, "PARAM v_name", AT(struct adapt, words), .bounded = true,
     .min = 2, .max = 2 * ADAPT_MAX,
     .doc = "parameter of the model or mu, filling, temp of the electrons, "
            "and its new value"},
    {ARG_BOOL, "reset", AT(struct adapt, reset), .key = true, .def = "no",
     .doc = "put the first values back at the end of each run"},
    {ARG_BOOL, "scale", AT(struct adapt, scale), .key = true, .def = "no",
     .doc = "multiply the first values instead of replacing them"},
    {0}};

/* The parameters of the electrons, with what they need. */
struct electron_parameter {
    const char *name;
    size_t offset;
    int mode; /* the mode that uses it, -1: any */
    double lo, hi;
};

static const struct electron_parameter electron_parameters[] = {
    {"mu", AT(struct electrons, mu), ELECTRONS_MU, -HUGE_VAL, HUGE_VAL},
    {"filling", AT(struct electrons, filling), ELECTRONS_FILLING, 0, 1},
    {"temp", AT(struct electrons, temp), -1, 0, HUGE_VAL},
};
enum { NELECTRON = sizeof electron_parameters / sizeof *electron_parameters };

static const struct electron_parameter *electron_parameter(const char *name)
{
    for (int i = 0; i < NELECTRON; i++) {
        if (strcmp(electron_parameters[i].name, name) == 0)
            return &electron_parameters[i];
    }
    return NULL;
}

static int fail_unknown(struct adele *ctx, const struct word *w)
{
    const char *names[64];
    size_t n = 0;

    for (const struct arg *a = ctx->model->head.style->args;
         a && a->kind && n < 60; a++) {
        if (a->kind == ARG_NUMBER && a->key)
            names[n++] = a->name;
    }
    for (int i = 0; i < NELECTRON; i++)
        names[n++] = electron_parameters[i].name;
    return err_unknown(ctx, &w->where, "parameter", w->text, names, n);
}

/* Where the number stands now; NULL with a recorded error. */
static double *address(struct adele *ctx, const struct word *w)
{
    const struct electron_parameter *e = electron_parameter(w->text);
    double *p;

    if (e && ctx->electrons.mode == ELECTRONS_NONE) {
        err_deck(ctx, &w->where,
                 "fix adapt: there are no electrons yet; give the `electrons` "
                 "command before");
        return NULL;
    }
    if (e && e->mode >= 0 && (int)ctx->electrons.mode != e->mode) {
        err_deck(ctx, &w->where,
                 "fix adapt: the electrons were not given by their %s; write "
                 "`electrons %s X ..`",
                 w->text, w->text);
        return NULL;
    }
    if (e)
        return (double *)(void *)((char *)&ctx->electrons + e->offset);
    p = model_parameter(ctx->model, w->text);
    if (!p)
        fail_unknown(ctx, w);
    return p;
}

static int init(struct adele *ctx, void *self)
{
    struct adapt *s = self;

    if (need_model(ctx))
        return ctx->error.status;
    if (s->words.n % 2)
        return err_deck(ctx, &s->words.word[s->words.n - 1].where,
                        "fix adapt: expected a variable after '%s'",
                        s->words.word[s->words.n - 1].text);
    for (int i = 0; i < s->words.n / 2; i++) {
        const struct word *name = &s->words.word[2 * i], *what = name + 1;
        struct entry *e = &s->entry[i];
        const double *p = address(ctx, name);

        if (!p)
            return ctx->error.status;
        e->name = name;
        e->original = *p;
        s->n = i + 1;
        if (value_parse(ctx, what, &e->value))
            return ctx->error.status;
        if (e->value.is_reference &&
            reference_check(ctx, &e->value.ref, OUT_SCALAR))
            return ctx->error.status;
    }
    return 0;
}

static void fini(struct adele *ctx, void *self)
{
    struct adapt *s = self;

    (void)ctx;
    for (int i = 0; i < ADAPT_MAX; i++)
        value_free(&s->entry[i].value);
    outputs_fini(&s->fix.out);
}

/* Whether the argument table of the model allows the value. */
static bool model_allows(const struct model *m, const char *name, double value)
{
    for (const struct arg *a = m->head.style->args; a && a->kind; a++) {
        if (strcmp(a->name, name))
            continue;
        if ((a->positive && !(value > 0)) || (a->nonnegative && !(value >= 0)))
            return false;
        return !a->bounded || (value >= a->min && value <= a->max);
    }
    return true;
}

static bool allows(const struct adele *ctx, const char *name, double value)
{
    const struct electron_parameter *e = electron_parameter(name);

    if (!isfinite(value))
        return false;
    return e ? value >= e->lo && value <= e->hi
             : model_allows(ctx->model, name, value);
}

static int assign(struct adele *ctx, const struct entry *e, double value)
{
    const char *name = e->name->text;
    const struct model_style *style;
    double *p = address(ctx, e->name), old;

    if (!p)
        return ctx->error.status;
    if (!allows(ctx, name, value))
        return err_run_at(ctx, &e->name->where,
                          "fix adapt: %s cannot become %.10g (step %lld)", name,
                          value, (long long)ctx->step);
    if (*p == value)
        return 0;
    old = *p;
    *p = value;
    adele_touch_parameters(ctx);
    style = (const struct model_style *)ctx->model->head.style;
    if (!electron_parameter(name) && style->changed &&
        style->changed(ctx, ctx->model)) {
        *p = old;
        return ctx->error.status;
    }
    return 0;
}

/* All values are read before the first parameter changes, since they may
   depend on the parameters. */
static int change(struct adele *ctx, struct adapt *s)
{
    double value[ADAPT_MAX];

    for (int i = 0; i < s->n; i++) {
        if (value_get(ctx, &s->entry[i].value, &value[i]))
            return ctx->error.status;
        if (s->scale)
            value[i] *= s->entry[i].original;
    }
    for (int i = 0; i < s->n; i++) {
        if (assign(ctx, &s->entry[i], value[i]))
            return ctx->error.status;
    }
    return 0;
}

static int prepare(struct adele *ctx, struct fix *f)
{
    return change(ctx, (struct adapt *)f);
}

static int initial_integrate(struct adele *ctx, struct fix *f)
{
    struct adapt *s = (struct adapt *)f;

    if (s->interval == 0 || ctx->step % s->interval)
        return 0;
    return change(ctx, s);
}

static int finish(struct adele *ctx, struct fix *f)
{
    struct adapt *s = (struct adapt *)f;

    for (int i = 0; s->reset && i < s->n; i++) {
        if (assign(ctx, &s->entry[i], s->entry[i].original))
            return ctx->error.status;
    }
    return 0;
}

static int save(struct adele *ctx, void *self, struct blob *to)
{
    struct adapt *s = self;

    (void)ctx;
    blob_put_int(to, s->n);
    for (int i = 0; i < s->n; i++) {
        const char *name = s->entry[i].name->text;

        blob_put_int(to, (int64_t)strlen(name));
        blob_put(to, name, strlen(name));
        blob_put_number(to, s->entry[i].original);
    }
    return 0;
}

/* Values by name: the deck that continues may adapt others. */
static int load(struct adele *ctx, void *self, struct blob *from)
{
    struct adapt *s = self;
    int64_t n;

    (void)ctx;
    if (blob_get_int(from, &n))
        return -1;
    while (n-- > 0) {
        char name[64];
        double original;
        int64_t length;

        if (blob_get_int(from, &length) || length < 0 ||
            length >= (int64_t)sizeof name ||
            blob_get(from, name, (size_t)length) ||
            blob_get_number(from, &original))
            return -1;
        name[length] = 0;
        for (int i = 0; i < s->n; i++) {
            if (strcmp(s->entry[i].name->text, name) == 0)
                s->entry[i].original = original;
        }
    }
    return 0;
}

const struct fix_style fix_adapt = {
    .style = {STYLE_HEAD(fix, "adapt", struct adapt),
              .summary = "change parameters in the course of a run",
              .args = args, .init = init, .fini = fini, .save = save,
              .load = load},
    .prepare = prepare,
    .initial_integrate = initial_integrate,
    .finish = finish,
};

/* One number from the per-site values of a group: sum, extremes, means.

       sum      sum x_i          ave      (1/N) sum x_i
       sumsq    sum x_i^2        avesq    (1/N) sum x_i^2
       sumabs   sum |x_i|        aveabs   (1/N) sum |x_i|
       min, max, minabs, maxabs

   `replace A B`, with min or max (and their absolute forms): result A becomes
   the value of input A at the site where input B has its extreme.

       compute m all reduce ave q n
       compute f all reduce maxabs fq
       compute w all reduce max c_phi id replace 2 1                         */

#include <math.h>

#include "base/mem.h"
#include "base/sum.h"
#include "plug/column.h"
#include "plug/compute.h"

enum mode { SUM, MIN, MAX, AVE, SUMSQ, AVESQ, SUMABS, AVEABS, MINABS, MAXABS };
static const char *const modes[] = {"sum",    "min",    "max",    "ave",
                                    "sumsq",  "avesq",  "sumabs", "aveabs",
                                    "minabs", "maxabs", NULL};

struct reduce {
    struct compute base;
    int mode;
    struct arg_list input, replace;

    struct column *column; /* [ninput] */
    int64_t *with;         /* [ninput] input whose extreme gives the site */
    int ninput;
    double *x;      /* [nlocal] */
    int64_t *found; /* [ninput] site of the extreme */
};

static const struct arg args[] = {
    {ARG_CHOICE, "MODE", AT(struct reduce, mode), .choice = modes,
     .doc = "how the values are reduced"},
    {ARG_LIST, "INPUT", AT(struct reduce, input),
     .doc = "per-site values: columns such as q, vq, fq, n, or c_ID, c_ID[i], "
            "f_ID, f_ID[i], v_name"},
    {ARG_LIST, "replace", AT(struct reduce, replace), .key = true,
     .repeat = true, .bounded = true, .min = 2, .max = 2, .syntax = "A B",
     .doc = "A B: result A is input A at the extreme of input B"},
    {0}};

static const struct output outputs[] = {
    {OUT_SCALAR, "", "value", "", false, "the result, with one input"},
    {OUT_VECTOR, "[i]", "value", "", false, "the result of each input"},
    {0}};

static bool has_extreme(const struct reduce *s)
{
    return s->mode == MIN || s->mode == MAX || s->mode == MINABS ||
           s->mode == MAXABS;
}

static int read_replace(struct adele *ctx, struct reduce *s)
{
    for (int i = 0; i < s->ninput; i++)
        s->with[i] = i;
    if (s->replace.n && !has_extreme(s))
        return err_deck(ctx, &s->replace.word[0].where,
                        "replace goes with min, max, minabs or maxabs, not "
                        "with %s",
                        modes[s->mode]);
    for (int k = 0; k < s->replace.n; k += 2) {
        int64_t at[2];
        for (int j = 0; j < 2; j++) {
            const struct word *w = &s->replace.word[k + j];
            int status = arg_integer(ctx, w, "the number of an input", &at[j]);
            if (status)
                return status;
            if (at[j] < 1 || at[j] > s->ninput)
                return err_deck(ctx, &w->where,
                                "there are inputs 1 to %d, found %s", s->ninput,
                                w->text);
        }
        if (at[0] == at[1] || s->with[at[1] - 1] != at[1] - 1)
            return err_deck(ctx, &s->replace.word[k].where,
                            "replace %s %s: input %s has no extreme of its own",
                            s->replace.word[k].text,
                            s->replace.word[k + 1].text,
                            s->replace.word[k + 1].text);
        s->with[at[0] - 1] = at[1] - 1;
    }
    return ADELE_OK;
}

static int init(struct adele *ctx, void *self)
{
    struct reduce *s = self;
    int status = need_lattice(ctx);
    if (status)
        return status;
    size_t n = (size_t)ctx->lat->nlocal, ninput = (size_t)s->input.n;
    s->column = mem_zalloc(ninput, sizeof *s->column);
    s->with = mem_alloc(ninput, sizeof *s->with);
    s->found = mem_zalloc(ninput, sizeof *s->found);
    s->x = mem_alloc(n, sizeof *s->x);
    if (!s->column || !s->with || !s->found || !s->x)
        return err_memory(ctx, "compute reduce", 8.0 * (double)n);
    for (int i = 0; i < s->input.n; i++) {
        status = compute_column(ctx, &s->input.word[i], &s->column[i]);
        if (status)
            return status;
        s->ninput++;
        if (compute_input_fresh(ctx, &s->column[i]))
            s->base.fresh = true;
    }
    s->base.out.shapes =
        OUT_VECTOR | (s->ninput == 1 ? (unsigned)OUT_SCALAR : 0U);
    return read_replace(ctx, s);
}

static void fini(struct adele *ctx, void *self)
{
    (void)ctx;
    struct reduce *s = self;
    for (int i = 0; i < s->ninput; i++)
        column_free(&s->column[i]);
    mem_free(s->column);
    mem_free(s->with);
    mem_free(s->found);
    mem_free(s->x);
    outputs_fini(&s->base.out);
}

static unsigned need(struct adele *ctx, struct compute *c)
{
    const struct reduce *s = (const struct reduce *)c;
    unsigned bits = 0;
    for (int i = 0; i < s->ninput; i++)
        bits |= column_need(ctx, &s->column[i]);
    return bits;
}

static double absolutes(const void *data, int64_t begin, int64_t end)
{
    const double *x = data;
    double sum = 0;
    for (int64_t i = begin; i < end; i++)
        sum += fabs(x[i]);
    return sum;
}

/* The first site of the group with the extreme value. */
static int64_t extreme(const struct adele *ctx, const struct reduce *s)
{
    double sign = s->mode == MIN || s->mode == MINABS ? -1 : 1, best = 0;
    bool absolute = s->mode == MINABS || s->mode == MAXABS;
    int64_t at = -1;
    for (int64_t i = 0; i < ctx->lat->nlocal; i++) {
        if (!groups_has(&ctx->groups, s->base.head.group, i))
            continue;
        double value = sign * (absolute ? fabs(s->x[i]) : s->x[i]);
        if (at >= 0 && value <= best)
            continue;
        best = value;
        at = i;
    }
    return at;
}

static double total(const struct adele *ctx, struct reduce *s, double members)
{
    int64_t n = ctx->lat->nlocal;
    compute_mask(ctx, &s->base, s->x);
    switch ((enum mode)s->mode) {
    case SUM:
        return sum_array(s->x, n);
    case AVE:
        return sum_array(s->x, n) / members;
    case SUMSQ:
        return sum_squares(s->x, n);
    case AVESQ:
        return sum_squares(s->x, n) / members;
    case SUMABS:
        return sum_chunks(n, absolutes, s->x);
    default:
        return sum_chunks(n, absolutes, s->x) / members;
    }
}

static int reduce_inputs(struct adele *ctx, struct reduce *s, double members)
{
    double *out = s->base.out.vector;
    bool extremes = has_extreme(s);
    for (int i = 0; i < s->ninput; i++) {
        if (s->with[i] != i)
            continue;
        int status = column_get(ctx, &s->column[i], s->x);
        if (status)
            return status;
        if (extremes) {
            bool absolute = s->mode == MINABS || s->mode == MAXABS;
            s->found[i] = extreme(ctx, s);
            out[i] = s->x[s->found[i]];
            out[i] = absolute ? fabs(out[i]) : out[i];
        } else {
            out[i] = total(ctx, s, members);
        }
    }
    for (int i = 0; i < s->ninput; i++) {
        if (s->with[i] == i)
            continue;
        int status = column_get(ctx, &s->column[i], s->x);
        if (status)
            return status;
        out[i] = s->x[s->found[s->with[i]]];
    }
    return ADELE_OK;
}

static int vector(struct adele *ctx, struct compute *c)
{
    struct reduce *s = (struct reduce *)c;
    int64_t members = groups_count(&ctx->groups, c->head.group);
    bool sums = s->mode == SUM || s->mode == SUMSQ || s->mode == SUMABS;
    if (members == 0 && !sums)
        return err_run_at(ctx, &c->head.where,
                          "compute %s (reduce %s): the group '%s' has no sites",
                          c->head.id, modes[s->mode],
                          ctx->groups.name[c->head.group]);
    int status = outputs_vector(ctx, &c->out, s->ninput);
    if (!status)
        status = reduce_inputs(ctx, s, (double)members);
    return status;
}

static int scalar(struct adele *ctx, struct compute *c)
{
    int status = compute_evaluate(ctx, c, OUT_VECTOR);
    if (!status)
        c->out.scalar = c->out.vector[0];
    return status;
}

const struct compute_style compute_reduce = {
    .style = {STYLE_HEAD(compute, "reduce", struct reduce),
              .summary = "one number from the values of all sites",
              .args = args, .outputs = outputs, .init = init, .fini = fini},
    .need = need,
    .scalar = scalar,
    .vector = vector,
};

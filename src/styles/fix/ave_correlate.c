/* fix ave/correlate: time correlation functions of global values,

       C_ij(k Nevery) = < V_i(t) V_j(t + k Nevery) >,   k = 0 .. Nrepeat-1,

   the mean over all pairs of samples so far, times a prefactor.  Samples are
   taken at multiples of Nevery, results given at multiples of Nfreq.  ave one:
   after each result counting begins anew with the last sample; ave running:
   it goes on.

       fix ID GROUP ave/correlate Nevery Nrepeat Nfreq value ... keywords

   The group is not used.  Arguments, times and file format are those of
   LAMMPS.                                                                   */

#include <string.h>

#include "base/mem.h"
#include "plug/average.h"
#include "plug/fix.h"

enum type {
    TYPE_AUTO,
    TYPE_UPPER,
    TYPE_LOWER,
    TYPE_AUTO_UPPER,
    TYPE_AUTO_LOWER,
    TYPE_FULL,
    TYPE_FIRST
};
static const char *const types[] = {"auto",       "upper",      "lower",
                                    "auto/upper", "auto/lower", "full",
                                    "first",      NULL};
static const char *const aves[] = {"one", "running", NULL};
enum { AVE_ONE, AVE_RUNNING };

struct ave_correlate {
    struct fix fix;
    struct average_clock clock;
    struct arg_list words;
    int type, ave;
    double prefactor;
    struct average_file file;

    struct average_inputs input;
    int npair;
    int *pair;    /* [npair][2] i, j */
    double *ring; /* [Nrepeat][input.n] samples, the newest at `newest` */
    int64_t nsample, newest;
    double *count; /* [Nrepeat] */
    double *sum;   /* [Nrepeat][npair] */
};

static const struct arg args[] = {
    {ARG_INT, "Nevery", AT(struct ave_correlate, clock.every), .positive = true,
     .unit = "steps", .doc = "between samples"},
    {ARG_INT, "Nrepeat", AT(struct ave_correlate, clock.repeat),
     .bounded = true, .min = 1, .max = 1e9,
     .doc = "time differences 0 .. Nrepeat-1, in units of Nevery"},
    {ARG_INT, "Nfreq", AT(struct ave_correlate, clock.freq), .positive = true,
     .unit = "steps", .doc = "between results; a multiple of Nevery"},
    {ARG_LIST, "value", AT(struct ave_correlate, words),
     .doc = "c_ID, c_ID[i], f_ID, f_ID[i], v_name or thermo keywords; [*], "
            "[2*], [2*4] stand for several"},
    {ARG_CHOICE, "type", AT(struct ave_correlate, type), .key = true,
     .def = "auto", .choice = types,
     .doc = "which pairs: i = j; i < j; i > j; i <= j; i >= j; all; i = 1"},
    {ARG_CHOICE, "ave", AT(struct ave_correlate, ave), .key = true,
     .def = "one", .choice = aves,
     .doc = "begin anew after each result, or go on"},
    {ARG_INT, "start", AT(struct ave_correlate, clock.start), .key = true,
     .nonnegative = true, .def = "0", .unit = "steps",
     .doc = "the first sample is taken at this step or later"},
    {ARG_NUMBER, "prefactor", AT(struct ave_correlate, prefactor), .key = true,
     .def = "1.0", .doc = "multiplies the results"},
    AVERAGE_FILE_ARGS(struct ave_correlate, file),
    {0}};

static const struct output outputs[] = {
    {OUT_ARRAY, "[k][1]", "delta", "steps", false, "time difference"},
    {OUT_ARRAY, "[k][2]", "count", "", false, "pairs of samples"},
    {OUT_ARRAY, "[k][3..]", "C", "", false, "correlation of each pair"},
    {0}};

static bool takes(enum type type, int i, int j)
{
    switch (type) {
    case TYPE_AUTO:
        return i == j;
    case TYPE_UPPER:
        return i < j;
    case TYPE_LOWER:
        return i > j;
    case TYPE_AUTO_UPPER:
        return i <= j;
    case TYPE_AUTO_LOWER:
        return i >= j;
    case TYPE_FULL:
        return true;
    case TYPE_FIRST:
        return i == 0;
    }
    return false;
}

static int list_pairs(struct adele *ctx, struct ave_correlate *s)
{
    int n = s->input.n;
    s->pair = mem_alloc(2 * (size_t)n * (size_t)n, sizeof *s->pair);
    if (!s->pair)
        return err_memory(ctx, "fix ave/correlate", 8.0 * n * n);
    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++)
            if (takes((enum type)s->type, i, j)) {
                s->pair[2 * s->npair] = i;
                s->pair[2 * s->npair + 1] = j;
                s->npair++;
            }
    return s->npair ? ADELE_OK
                    : err_deck(ctx, NULL,
                               "fix ave/correlate: type %s needs two values or "
                               "more",
                               types[s->type]);
}

static int set_titles(struct adele *ctx, struct ave_correlate *s)
{
    struct text first = {0}, names = {0};
    text_addf(&first, "# Time-correlated data for fix %s", s->fix.head.id);
    text_add(&names, "# Index TimeDelta Ncount");
    for (int p = 0; p < s->npair; p++)
        text_addf(&names, " %s*%s", s->input.name[s->pair[2 * p]],
                  s->input.name[s->pair[2 * p + 1]]);
    int status;
    if (first.failed || names.failed) {
        status = err_memory(ctx, "the titles of a file", 256);
    } else {
        const char *const titles[] = {
            first.s, "# TimeStep Number-of-time-windows", names.s};
        status =
            average_file_init(ctx, &s->file, "fix ave/correlate", titles, 3);
    }
    text_free(&first);
    text_free(&names);
    return status;
}

static int allocate(struct adele *ctx, struct ave_correlate *s)
{
    size_t n = (size_t)s->clock.repeat;
    s->ring = mem_zalloc(n, (size_t)s->input.n * sizeof *s->ring);
    s->count = mem_zalloc(n, sizeof *s->count);
    s->sum = mem_zalloc(n, (size_t)s->npair * sizeof *s->sum);
    if (!s->ring || !s->count || !s->sum)
        return err_memory(ctx, "fix ave/correlate",
                          8.0 * (double)n * (1 + s->input.n + s->npair));
    int status = outputs_array(ctx, &s->fix.out, s->clock.repeat, s->npair + 2);
    for (int64_t k = 0; !status && k < s->clock.repeat; k++)
        s->fix.out.array[k * (s->npair + 2)] =
            (double)k * (double)s->clock.every;
    return status;
}

static int init(struct adele *ctx, void *self)
{
    struct ave_correlate *s = self;
    int64_t fit = s->clock.freq / s->clock.every + 1;
    int status = ADELE_OK;
    s->fix.every = s->clock.every;
    if (s->clock.freq % s->clock.every)
        status = err_deck(ctx, NULL,
                          "fix ave/correlate: Nfreq = %lld must be a multiple "
                          "of Nevery = %lld",
                          (long long)s->clock.freq, (long long)s->clock.every);
    else if (s->ave == AVE_ONE && s->clock.repeat > fit)
        status = err_deck(ctx, NULL,
                          "fix ave/correlate: with `ave one` at most %lld time "
                          "differences fit into Nfreq = %lld steps, found %lld",
                          (long long)fit, (long long)s->clock.freq,
                          (long long)s->clock.repeat);
    if (!status)
        status = average_inputs_parse(ctx, &s->words, OUT_SCALAR, &s->input);
    if (!status)
        status = list_pairs(ctx, s);
    if (!status)
        status = set_titles(ctx, s);
    return status ? status : allocate(ctx, s);
}

static void fini(struct adele *ctx, void *self)
{
    (void)ctx;
    struct ave_correlate *s = self;
    average_inputs_free(&s->input);
    average_file_fini(&s->file);
    mem_free(s->pair);
    mem_free(s->ring);
    mem_free(s->count);
    mem_free(s->sum);
    outputs_fini(&s->fix.out);
}

static int take_sample(struct adele *ctx, struct ave_correlate *s)
{
    int64_t next = s->nsample ? (s->newest + 1) % s->clock.repeat : 0;
    for (int i = 0; i < s->input.n; i++) {
        int status = reference_scalar(ctx, &s->input.ref[i],
                                      &s->ring[next * s->input.n + i]);
        if (status)
            return status;
    }
    s->newest = next;
    if (s->nsample < s->clock.repeat)
        s->nsample++;
    return ADELE_OK;
}

/* The newest sample with itself and each older one. */
static void accumulate(struct ave_correlate *s)
{
    const double *now = s->ring + s->newest * s->input.n;
    for (int64_t k = 0; k < s->nsample; k++) {
        int64_t at = (s->newest - k + s->clock.repeat) % s->clock.repeat;
        const double *then = s->ring + at * s->input.n;
        double *sum = s->sum + k * s->npair;
        s->count[k]++;
        for (int p = 0; p < s->npair; p++)
            sum[p] += then[s->pair[2 * p]] * now[s->pair[2 * p + 1]];
    }
}

static void publish(struct ave_correlate *s)
{
    for (int64_t k = 0; k < s->clock.repeat; k++) {
        double *row = s->fix.out.array + k * (s->npair + 2);
        row[1] = s->count[k];
        for (int p = 0; p < s->npair; p++)
            row[2 + p] =
                s->count[k] > 0
                    ? s->prefactor * s->sum[k * s->npair + p] / s->count[k]
                    : 0;
    }
}

static int write_block(struct adele *ctx, struct ave_correlate *s)
{
    struct text t = {0};
    text_addf(&t, "%lld %lld\n", (long long)ctx->step,
              (long long)s->clock.repeat);
    for (int64_t k = 0; k < s->clock.repeat; k++) {
        const double *row = s->fix.out.array + k * (s->npair + 2);
        text_addf(&t, "%lld %.15g %.15g", (long long)k + 1, row[0], row[1]);
        for (int p = 0; p < s->npair; p++)
            text_addf(&t, " %g", row[2 + p]);
        text_addc(&t, '\n');
    }
    int status = average_file_put(ctx, &s->file, &s->fix.head.where, &t);
    text_free(&t);
    return status;
}

static void begin_anew(struct ave_correlate *s)
{
    size_t n = (size_t)s->clock.repeat;
    memset(s->count, 0, n * sizeof *s->count);
    memset(s->sum, 0, n * (size_t)s->npair * sizeof *s->sum);
    s->nsample = 1;
    accumulate(s);
}

static int end_of_step(struct adele *ctx, struct fix *f)
{
    struct ave_correlate *s = (struct ave_correlate *)f;
    struct average_clock *c = &s->clock;
    if (ctx->step < c->start || ctx->step % c->every)
        return ADELE_OK;
    if (c->begun && c->last == ctx->step && c->last_tick == ctx->tick)
        return ADELE_OK; /* the last step of the run before */
    if (c->begun && c->last != ctx->step - c->every)
        s->nsample = 0; /* steps were left out */
    int status = take_sample(ctx, s);
    if (status)
        return status;
    c->begun = true;
    c->last = ctx->step;
    c->last_tick = ctx->tick;
    accumulate(s);
    if (ctx->step % c->freq)
        return ADELE_OK;
    publish(s);
    status = write_block(ctx, s);
    if (!status && s->ave == AVE_ONE)
        begin_anew(s);
    return status;
}

static int setup(struct adele *ctx, struct fix *f)
{
    struct ave_correlate *s = (struct ave_correlate *)f;
    int status = average_inputs_check(ctx, &s->input);
    if (!status)
        status = average_file_open(ctx, &s->file, &f->head.where);
    return status ? status : end_of_step(ctx, f);
}

static unsigned need(struct adele *ctx, struct fix *f, int64_t step)
{
    const struct ave_correlate *s = (const struct ave_correlate *)f;
    bool sampled = step >= s->clock.start && step % s->clock.every == 0;
    return sampled ? average_inputs_need(ctx, &s->input) : 0;
}

static int save(struct adele *ctx, void *self, struct blob *to)
{
    (void)ctx;
    const struct ave_correlate *s = self;
    int64_t n = s->clock.repeat;
    blob_put_int(to, n);
    blob_put_int(to, s->input.n);
    blob_put_int(to, s->npair);
    average_clock_save(&s->clock, to);
    blob_put_int(to, s->nsample);
    blob_put_int(to, s->newest);
    blob_put_numbers(to, s->ring, n * s->input.n);
    blob_put_numbers(to, s->count, n);
    blob_put_numbers(to, s->sum, n * s->npair);
    blob_put_numbers(to, s->fix.out.array, n * (s->npair + 2));
    return ADELE_OK;
}

static int load(struct adele *ctx, void *self, struct blob *from)
{
    struct ave_correlate *s = self;
    int64_t n = s->clock.repeat, saved[3];
    for (int k = 0; k < 3; k++)
        if (blob_get_int(from, &saved[k]))
            return average_other(ctx, &s->fix.head);
    if (saved[0] != n || saved[1] != s->input.n || saved[2] != s->npair ||
        average_clock_load(&s->clock, from) ||
        blob_get_int(from, &s->nsample) || blob_get_int(from, &s->newest) ||
        s->nsample < 0 || s->nsample > n || s->newest < 0 || s->newest >= n ||
        blob_get_numbers(from, s->ring, n * s->input.n) ||
        blob_get_numbers(from, s->count, n) ||
        blob_get_numbers(from, s->sum, n * s->npair) ||
        blob_get_numbers(from, s->fix.out.array, n * (s->npair + 2)))
        return average_other(ctx, &s->fix.head);
    return ADELE_OK;
}

const struct fix_style fix_ave_correlate = {
    .style = {STYLE_HEAD(fix, "ave/correlate", struct ave_correlate),
              .summary = "time correlation functions of global values",
              .args = args, .outputs = outputs, .init = init, .fini = fini,
              .save = save, .load = load},
    .setup = setup,
    .end_of_step = end_of_step,
    .need = need,
    .array = fix_held,
};

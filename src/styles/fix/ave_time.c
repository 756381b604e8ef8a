/* fix ave/time: averages of global values over time, to a file and as f_ID.

       fix ID GROUP ave/time Nevery Nrepeat Nfreq value ... keywords

   At each multiple of Nfreq the mean of Nrepeat samples, Nevery steps apart,
   the last on that step.  mode scalar: each value is a number; mode vector:
   each is a vector, or column j of an array as c_ID[j], and the mean is taken
   row by row.  ave running | window M: mean of all, or of the last M, of these
   means.  off I: value I is not averaged, the last sample is given.  The group
   is not used.  Arguments, times and file format are those of LAMMPS.     */

#include <string.h>

#include "base/mem.h"
#include "plug/average.h"
#include "plug/fix.h"

enum { SCALAR_MODE, VECTOR_MODE };
static const char *const modes[] = {"scalar", "vector", NULL};

struct ave_time {
    struct fix fix;
    struct average_clock clock;
    struct arg_list words, off_words, ave;
    int mode;
    char *format;
    struct average_file file;

    struct average_inputs input;
    bool *off; /* [input.n] */
    struct average_history history;
    int64_t nrow;   /* 0 in vector mode before the first evaluation */
    double *sample; /* [nrow][input.n] the last */
    double *sum;    /* of the present window */
    double *result; /* mean, off columns included */
};

static const struct arg args[] = {
    {ARG_INT, "Nevery", AT(struct ave_time, clock.every), .positive = true,
     .unit = "steps", .doc = "between samples"},
    {ARG_INT, "Nrepeat", AT(struct ave_time, clock.repeat), .positive = true,
     .doc = "samples in a mean"},
    {ARG_INT, "Nfreq", AT(struct ave_time, clock.freq), .positive = true,
     .unit = "steps",
     .doc = "between means; a multiple of Nevery, at least Nrepeat*Nevery"},
    {ARG_LIST, "value", AT(struct ave_time, words),
     .doc = "c_ID, c_ID[i], f_ID, f_ID[i], v_name or thermo keywords; "
            "[*], [2*], [2*4] stand for several"},
    {ARG_CHOICE, "mode", AT(struct ave_time, mode), .key = true,
     .def = "scalar", .choice = modes,
     .doc = "values are numbers, or vectors (c_ID[j]: column j of an array)"},
    {ARG_LIST, "ave", AT(struct ave_time, ave), .key = true, .def = "one",
     .bounded = true, .min = 1, .max = 2, .syntax = "one|running|window M",
     .doc = "one | running | window M: each mean, or that of all or of the "
            "last M means"},
    {ARG_INT, "start", AT(struct ave_time, clock.start), .key = true,
     .nonnegative = true, .def = "0", .unit = "steps",
     .doc = "the first mean comes at this step or later"},
    {ARG_LIST, "off", AT(struct ave_time, off_words), .key = true,
     .repeat = true, .bounded = true, .min = 1, .max = 1, .syntax = "I",
     .doc = "do not average this value (from 1)"},
    AVERAGE_FILE_ARGS(struct ave_time, file),
    {ARG_WORD, "format", AT(struct ave_time, format), .key = true,
     .syntax = "TEXT", .def = "' %g'",
     .doc = "printf format of a number, blank included"},
    {0}};

static const struct output outputs[] = {
    {OUT_SCALAR, "", "mean", "", false, "mode scalar, one value"},
    {OUT_VECTOR, "[i]", "mean", "", false,
     "mode scalar: value i; mode vector, one value: its entry i"},
    {OUT_ARRAY, "[i][j]", "mean", "", false, "mode vector: entry i of value j"},
    {0}};

static int read_off(struct adele *ctx, struct ave_time *s)
{
    for (int k = 0; k < s->off_words.n; k++) {
        const struct word *w = &s->off_words.word[k];
        int64_t i;
        int status = arg_integer(ctx, w, "the number of a value", &i);
        if (status)
            return status;
        if (i < 1 || i > s->input.n)
            return err_deck(ctx, &w->where,
                            "there are values 1 to %d, found %s", s->input.n,
                            w->text);
        s->off[i - 1] = true;
    }
    return ADELE_OK;
}

static int set_titles(struct adele *ctx, struct ave_time *s)
{
    struct text first = {0}, names = {0};
    bool vector = s->mode == VECTOR_MODE;
    text_addf(&first, "# Time-averaged data for fix %s", s->fix.head.id);
    text_add(&names, vector ? "# Row" : "# TimeStep");
    for (int i = 0; i < s->input.n; i++)
        text_addf(&names, " %s", s->input.name[i]);
    int status;
    if (first.failed || names.failed) {
        status = err_memory(ctx, "the titles of a file", 256);
    } else {
        const char *const scalar_titles[] = {first.s, names.s};
        const char *const vector_titles[] = {
            first.s, "# TimeStep Number-of-rows", names.s};
        status = average_file_init(ctx, &s->file, "fix ave/time",
                                   vector ? vector_titles : scalar_titles,
                                   vector ? 3 : 2);
    }
    text_free(&first);
    text_free(&names);
    return status;
}

/* Room for nrow rows, zeroed. */
static int size_rows(struct adele *ctx, struct ave_time *s, int64_t nrow)
{
    int64_t n = nrow * s->input.n;
    struct outputs *out = &s->fix.out;
    s->sample = mem_zalloc((size_t)n, sizeof *s->sample);
    s->sum = mem_zalloc((size_t)n, sizeof *s->sum);
    s->result = mem_zalloc((size_t)n, sizeof *s->result);
    if (!s->sample || !s->sum || !s->result)
        return err_memory(ctx, "fix ave/time", 24.0 * (double)n);
    int status = average_history_size(ctx, &s->history, n);
    if (!status)
        s->nrow = nrow;
    if (!status && (out->shapes & OUT_VECTOR))
        status = outputs_vector(ctx, out, n);
    if (!status && (out->shapes & OUT_ARRAY))
        status = outputs_array(ctx, out, nrow, s->input.n);
    return status;
}

static int init(struct adele *ctx, void *self)
{
    struct ave_time *s = self;
    bool vector = s->mode == VECTOR_MODE;
    s->fix.every = s->clock.every;
    int status = average_clock_check(ctx, &s->clock, "fix ave/time");
    if (!status)
        status = average_inputs_parse(
            ctx, &s->words, vector ? OUT_VECTOR : OUT_SCALAR, &s->input);
    if (!status)
        status = average_history_parse(ctx, &s->ave, &s->history);
    if (!status)
        status = average_format_check(ctx, s->format);
    if (status)
        return status;
    s->off = mem_zalloc((size_t)s->input.n, sizeof *s->off);
    if (!s->off)
        return err_memory(ctx, "fix ave/time", s->input.n);
    bool single = s->input.n == 1;
    s->fix.out.shapes = vector ? (single ? OUT_VECTOR : OUT_ARRAY)
                               : (single ? OUT_SCALAR : OUT_VECTOR);
    status = read_off(ctx, s);
    if (!status)
        status = set_titles(ctx, s);
    return status || vector ? status : size_rows(ctx, s, 1);
}

static void fini(struct adele *ctx, void *self)
{
    (void)ctx;
    struct ave_time *s = self;
    average_inputs_free(&s->input);
    average_history_fini(&s->history);
    average_file_fini(&s->file);
    mem_free(s->off);
    mem_free(s->sample);
    mem_free(s->sum);
    mem_free(s->result);
    outputs_fini(&s->fix.out);
}

static int check_length(struct adele *ctx, struct ave_time *s, int i, int64_t n)
{
    if (!s->nrow && n > 0)
        return size_rows(ctx, s, n);
    if (s->nrow == n && n > 0)
        return ADELE_OK;
    return err_run_at(ctx, &s->input.ref[i].where,
                      "fix ave/time %s: %s has %lld rows, expected %lld",
                      s->fix.head.id, s->input.name[i], (long long)n,
                      (long long)s->nrow);
}

/* The present values into s->sample. */
static int take_sample(struct adele *ctx, struct ave_time *s)
{
    int nvalue = s->input.n;
    for (int i = 0; i < nvalue; i++) {
        const struct reference *ref = &s->input.ref[i];
        const double *v = NULL;
        double number = 0;
        int64_t n = 1;
        int status;
        if (s->mode == SCALAR_MODE) {
            status = reference_scalar(ctx, ref, &number);
            v = &number;
        } else {
            status = reference_vector(ctx, ref, &v, &n);
            if (!status)
                status = check_length(ctx, s, i, n);
        }
        if (status)
            return status;
        for (int64_t row = 0; row < s->nrow; row++)
            s->sample[row * nvalue + i] = v[row];
    }
    return ADELE_OK;
}

static void publish(struct ave_time *s)
{
    struct outputs *out = &s->fix.out;
    size_t bytes = (size_t)(s->nrow * s->input.n) * sizeof *s->result;
    if (out->shapes & OUT_SCALAR)
        out->scalar = s->result[0];
    if (out->shapes & OUT_VECTOR)
        memcpy(out->vector, s->result, bytes);
    if (out->shapes & OUT_ARRAY)
        memcpy(out->array, s->result, bytes);
}

static int write_block(struct adele *ctx, struct ave_time *s)
{
    struct text t = {0};
    bool vector = s->mode == VECTOR_MODE;
    text_addf(&t, "%lld", (long long)ctx->step);
    if (vector)
        text_addf(&t, " %lld\n", (long long)s->nrow);
    for (int64_t row = 0; row < s->nrow; row++) {
        if (vector)
            text_addf(&t, "%lld", (long long)row + 1);
        for (int i = 0; i < s->input.n; i++)
            average_format(&t, s->format, s->result[row * s->input.n + i]);
        text_addc(&t, '\n');
    }
    int status = average_file_put(ctx, &s->file, &s->fix.head.where, &t);
    text_free(&t);
    return status;
}

static int finish_window(struct adele *ctx, struct ave_time *s)
{
    int64_t n = s->nrow * s->input.n;
    for (int64_t k = 0; k < n; k++)
        s->sum[k] /= (double)s->clock.repeat;
    double used = (double)average_history_add(&s->history, s->sum, s->result);
    for (int64_t k = 0; k < n; k++) {
        bool off = s->off[k % s->input.n];
        s->result[k] = off ? s->sample[k] : s->result[k] / used;
        s->sum[k] = 0;
    }
    publish(s);
    return write_block(ctx, s);
}

static int end_of_step(struct adele *ctx, struct fix *f)
{
    struct ave_time *s = (struct ave_time *)f;
    enum average_due due = average_clock_now(ctx, &s->clock);
    if (due == AVERAGE_NOT)
        return ADELE_OK;
    int status = take_sample(ctx, s);
    if (status)
        return status;
    int64_t n = s->nrow * s->input.n;
    bool first = average_clock_first(ctx, &s->clock);
    for (int64_t k = 0; k < n; k++)
        s->sum[k] = first ? s->sample[k] : s->sum[k] + s->sample[k];
    average_clock_taken(ctx, &s->clock, due);
    return due == AVERAGE_OUTPUT ? finish_window(ctx, s) : ADELE_OK;
}

static int setup(struct adele *ctx, struct fix *f)
{
    struct ave_time *s = (struct ave_time *)f;
    int status = average_inputs_check(ctx, &s->input);
    if (!status)
        status = average_file_open(ctx, &s->file, &f->head.where);
    if (!status && !s->nrow) /* so that f_ID has its size from the start */
        status = take_sample(ctx, s);
    return status ? status : end_of_step(ctx, f);
}

static unsigned need(struct adele *ctx, struct fix *f, int64_t step)
{
    const struct ave_time *s = (const struct ave_time *)f;
    bool sizing = s->nrow == 0;
    return sizing || average_clock_may(&s->clock, step)
               ? average_inputs_need(ctx, &s->input)
               : 0;
}

static int save(struct adele *ctx, void *self, struct blob *to)
{
    (void)ctx;
    const struct ave_time *s = self;
    int64_t n = s->nrow * s->input.n;
    blob_put_int(to, s->mode);
    blob_put_int(to, s->input.n);
    blob_put_int(to, s->nrow);
    average_clock_save(&s->clock, to);
    if (!s->nrow)
        return ADELE_OK;
    average_history_save(&s->history, to);
    blob_put_numbers(to, s->sum, n);
    blob_put_numbers(to, s->result, n);
    return ADELE_OK;
}

static int load(struct adele *ctx, void *self, struct blob *from)
{
    struct ave_time *s = self;
    int64_t mode, ninput, nrow;
    if (blob_get_int(from, &mode) || blob_get_int(from, &ninput) ||
        blob_get_int(from, &nrow) || mode != s->mode || ninput != s->input.n ||
        average_clock_load(&s->clock, from))
        return average_other(ctx, &s->fix.head);
    if (!nrow)
        return ADELE_OK;
    if (!s->nrow && size_rows(ctx, s, nrow))
        return ctx->error.status;
    if (s->nrow != nrow || average_history_load(&s->history, from) ||
        blob_get_numbers(from, s->sum, nrow * ninput) ||
        blob_get_numbers(from, s->result, nrow * ninput))
        return average_other(ctx, &s->fix.head);
    publish(s);
    return ADELE_OK;
}

const struct fix_style fix_ave_time = {
    .style = {STYLE_HEAD(fix, "ave/time", struct ave_time),
              .summary = "averages of global values over time", .args = args,
              .outputs = outputs, .init = init, .fini = fini, .save = save,
              .load = load},
    .setup = setup,
    .end_of_step = end_of_step,
    .need = need,
    .scalar = fix_held,
    .vector = fix_held,
    .array = fix_held,
};

/* fix vector: keeps the values of global quantities at multiples of Nevery, as
   a vector (one value) or an array of one row a sample, for formulas and other
   fixes.

       fix ID GROUP vector Nevery value ... [nmaxval N]

   With nmaxval the last N samples are kept.  The group is not used. */

#include <string.h>

#include "base/mem.h"
#include "plug/average.h"
#include "plug/fix.h"

struct vector {
    struct fix fix;
    int64_t every, most; /* most: 0 without a limit */
    struct arg_list words;

    struct average_inputs input;
    double *sample; /* [input.n] */
    double *data;   /* [capacity][input.n] */
    int64_t nrow, capacity;
    int64_t last, last_tick;
    bool begun;
};

static const struct arg args[] = {
    {ARG_INT, "Nevery", AT(struct vector, every), .positive = true,
     .unit = "steps", .doc = "between samples"},
    {ARG_LIST, "value", AT(struct vector, words),
     .doc = "c_ID, c_ID[i], f_ID, f_ID[i], v_name or thermo keywords; [*], "
            "[2*], [2*4] stand for several"},
    {ARG_INT, "nmaxval", AT(struct vector, most), .key = true, .bounded = true,
     .min = 1, .max = 1e12, .doc = "keep the last N samples only"},
    {0}};

static const struct output outputs[] = {
    {OUT_VECTOR, "[i]", "value", "", false, "one value: sample i"},
    {OUT_ARRAY, "[i][j]", "value", "", false, "several: value j of sample i"},
    {0}};

static int init(struct adele *ctx, void *self)
{
    struct vector *s = self;
    s->fix.every = s->every;
    int status = average_inputs_parse(ctx, &s->words, OUT_SCALAR, &s->input);
    if (status)
        return status;
    s->fix.out.shapes = s->input.n == 1 ? OUT_VECTOR : OUT_ARRAY;
    s->sample = mem_alloc((size_t)s->input.n, sizeof *s->sample);
    return s->sample ? ADELE_OK : err_memory(ctx, "fix vector", 64);
}

/* The outputs show the samples themselves. */
static void show(struct vector *s)
{
    struct outputs *out = &s->fix.out;
    if (out->shapes & OUT_VECTOR) {
        out->vector = s->data;
        out->nvector = s->nrow;
    } else {
        out->array = s->data;
        out->nrow = s->nrow;
        out->ncol = s->input.n;
    }
}

static void fini(struct adele *ctx, void *self)
{
    (void)ctx;
    struct vector *s = self;
    average_inputs_free(&s->input);
    mem_free(s->sample);
    s->fix.out.vector = s->fix.out.array = NULL;
    mem_free(s->data);
    outputs_fini(&s->fix.out);
}

static int reserve(struct adele *ctx, struct vector *s, int64_t nrow)
{
    if (nrow <= s->capacity)
        return ADELE_OK;
    int64_t wanted = nrow > 2 * s->capacity ? nrow + 16 : 2 * s->capacity;
    size_t row = (size_t)s->input.n * sizeof *s->data;
    double *grown = mem_resize(s->data, (size_t)wanted, row);
    if (!grown)
        return err_memory(ctx, "fix vector", (double)row * (double)wanted);
    s->data = grown;
    s->capacity = wanted;
    show(s);
    return ADELE_OK;
}

static int end_of_step(struct adele *ctx, struct fix *f)
{
    struct vector *s = (struct vector *)f;
    if (ctx->step % s->every)
        return ADELE_OK;
    if (s->begun && s->last == ctx->step && s->last_tick == ctx->tick)
        return ADELE_OK; /* the last step of the run before */
    for (int i = 0; i < s->input.n; i++) {
        int status = reference_scalar(ctx, &s->input.ref[i], &s->sample[i]);
        if (status)
            return status;
    }
    int64_t n = s->input.n;
    if (s->most && s->nrow == s->most) {
        s->nrow--;
        memmove(s->data, s->data + n, (size_t)(s->nrow * n) * sizeof *s->data);
    }
    int status = reserve(ctx, s, s->nrow + 1);
    if (status)
        return status;
    memcpy(s->data + s->nrow * n, s->sample, (size_t)n * sizeof *s->data);
    s->nrow++;
    show(s);
    s->begun = true;
    s->last = ctx->step;
    s->last_tick = ctx->tick;
    return ADELE_OK;
}

static int setup(struct adele *ctx, struct fix *f)
{
    struct vector *s = (struct vector *)f;
    int status = average_inputs_check(ctx, &s->input);
    return status ? status : end_of_step(ctx, f);
}

static unsigned need(struct adele *ctx, struct fix *f, int64_t step)
{
    const struct vector *s = (const struct vector *)f;
    return step % s->every ? 0 : average_inputs_need(ctx, &s->input);
}

static int save(struct adele *ctx, void *self, struct blob *to)
{
    (void)ctx;
    const struct vector *s = self;
    blob_put_int(to, s->input.n);
    blob_put_int(to, s->nrow);
    blob_put_int(to, s->last);
    blob_put_int(to, s->last_tick);
    blob_put_int(to, s->begun);
    if (s->nrow)
        blob_put_numbers(to, s->data, s->nrow * s->input.n);
    return ADELE_OK;
}

static int load(struct adele *ctx, void *self, struct blob *from)
{
    struct vector *s = self;
    int64_t n, nrow, begun;
    if (blob_get_int(from, &n) || blob_get_int(from, &nrow) ||
        n != s->input.n || nrow < 0 || blob_get_int(from, &s->last) ||
        blob_get_int(from, &s->last_tick) || blob_get_int(from, &begun))
        return average_other(ctx, &s->fix.head);
    int status = reserve(ctx, s, nrow);
    if (status)
        return status;
    if (nrow && blob_get_numbers(from, s->data, nrow * n))
        return average_other(ctx, &s->fix.head);
    s->nrow = nrow;
    s->begun = begun != 0;
    show(s);
    return ADELE_OK;
}

const struct fix_style fix_vector = {
    .style = {STYLE_HEAD(fix, "vector", struct vector),
              .summary = "keep the values of global quantities", .args = args,
              .outputs = outputs, .init = init, .fini = fini, .save = save,
              .load = load},
    .setup = setup,
    .end_of_step = end_of_step,
    .need = need,
    .vector = fix_held,
    .array = fix_held,
};

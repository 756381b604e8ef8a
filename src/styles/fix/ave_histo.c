/* fix ave/histo: histogram of values gathered over time.

       fix ID GROUP ave/histo Nevery Nrepeat Nfreq lo hi Nbin value ... keywords

   Values are global numbers, global vectors (mode vector), or per-site
   quantities over the sites of the group; all go into one histogram of Nbin
   equal bins from lo to hi.  At each multiple of Nfreq the counts of Nrepeat
   samples, Nevery steps apart, are added up.  ave running | window M: counts of
   all, or of the last M, of these histograms.  beyond ignore | end | extra:
   what lies outside is left out, goes into the end bins, or into two more bins.
   Arguments, times and file format are those of LAMMPS.                    */

#include <float.h>
#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "expr/keyword.h"
#include "plug/average.h"
#include "plug/column.h"
#include "plug/fix.h"

enum { SCALAR_MODE, VECTOR_MODE };
static const char *const modes[] = {"scalar", "vector", NULL};
enum { KIND_AUTO, KIND_GLOBAL, KIND_PERATOM };
static const char *const kinds[] = {"auto", "global", "peratom", NULL};
enum { BEYOND_IGNORE, BEYOND_END, BEYOND_EXTRA };
static const char *const beyonds[] = {"ignore", "end", "extra", NULL};

/* The first numbers of a block; the counts of the bins follow. */
enum { TOTAL, MISSING, LEAST, MOST, NSTAT };

struct ave_histo {
    struct fix fix;
    struct average_clock clock;
    double lo, hi;
    int64_t nbin; /* with those of `beyond extra` */
    struct arg_list words, ave;
    int mode, kind, beyond;
    struct average_file file;

    struct average_inputs input; /* global values .. */
    struct column *column;       /* .. or per-site ones [ncolumn] */
    int ncolumn;
    double *site;     /* [nlocal] when per-site */
    double *block;    /* [NSTAT + nbin] of the present window */
    double *total;    /* the same, of the windows that count */
    double *extremes; /* least and most of each window that counts */
    struct average_history history;
};

static const struct arg args[] = {
    {ARG_INT, "Nevery", AT(struct ave_histo, clock.every), .positive = true,
     .unit = "steps", .doc = "between samples"},
    {ARG_INT, "Nrepeat", AT(struct ave_histo, clock.repeat), .positive = true,
     .doc = "samples in a histogram"},
    {ARG_INT, "Nfreq", AT(struct ave_histo, clock.freq), .positive = true,
     .unit = "steps",
     .doc = "between histograms; a multiple of Nevery, at least "
            "Nrepeat*Nevery"},
    {ARG_NUMBER, "lo", AT(struct ave_histo, lo), .doc = "lower end"},
    {ARG_NUMBER, "hi", AT(struct ave_histo, hi), .doc = "upper end, > lo"},
    {ARG_INT, "Nbin", AT(struct ave_histo, nbin), .bounded = true, .min = 1,
     .max = 1e8, .doc = "bins"},
    {ARG_LIST, "value", AT(struct ave_histo, words),
     .doc = "columns such as q, vq, n; c_ID, c_ID[i], f_ID, f_ID[i], v_name; "
            "[*], [2*], [2*4] stand for several"},
    {ARG_CHOICE, "mode", AT(struct ave_histo, mode), .key = true,
     .def = "scalar", .choice = modes,
     .doc = "global values are numbers, or vectors (c_ID[j]: column j of an "
            "array)"},
    {ARG_CHOICE, "kind", AT(struct ave_histo, kind), .key = true, .def = "auto",
     .choice = kinds,
     .doc = "global or per-site (peratom) values; auto: global when all "
            "values can be, else per-site"},
    {ARG_LIST, "ave", AT(struct ave_histo, ave), .key = true, .def = "one",
     .bounded = true, .min = 1, .max = 2, .syntax = "one|running|window M",
     .doc = "one | running | window M: each histogram, or the sum of all or "
            "of the last M"},
    {ARG_INT, "start", AT(struct ave_histo, clock.start), .key = true,
     .nonnegative = true, .def = "0", .unit = "steps",
     .doc = "the first histogram comes at this step or later"},
    {ARG_CHOICE, "beyond", AT(struct ave_histo, beyond), .key = true,
     .def = "ignore", .choice = beyonds,
     .doc = "values outside: left out, into the end bins, into two more bins"},
    AVERAGE_FILE_ARGS(struct ave_histo, file),
    {0}};

static const struct output outputs[] = {
    {OUT_VECTOR, "[1]", "total", "", false, "values in the histogram"},
    {OUT_VECTOR, "[2]", "missing", "", false, "values left out"},
    {OUT_VECTOR, "[3]", "min", "", false, "smallest value, left out or not"},
    {OUT_VECTOR, "[4]", "max", "", false, "largest value, left out or not"},
    {OUT_ARRAY, "[i][1]", "coord", "", false, "middle of bin i"},
    {OUT_ARRAY, "[i][2]", "count", "", false, "values in it"},
    {OUT_ARRAY, "[i][3]", "fraction", "", false, "count / total"},
    {0}};

/* The shapes that a value can have; columns are per-site. */
static int value_shapes(struct adele *ctx, const struct word *w,
                        unsigned *shapes)
{
    struct reference r;
    bool prefixed =
        w->text[0] && strchr("cfv", w->text[0]) && w->text[1] == '_';
    *shapes = OUT_SITE;
    if (!prefixed && !keyword_find(w->text))
        return ADELE_OK;
    int status = reference_parse(ctx, w, true, &r);
    if (status)
        return status;
    *shapes = reference_shapes(ctx, &r);
    reference_free(&r);
    return ADELE_OK;
}

/* What the user says, else global when all values can be, else per-site. */
static int choose_kind(struct adele *ctx, struct ave_histo *s, bool *persite)
{
    unsigned wanted = s->mode == VECTOR_MODE ? OUT_VECTOR : OUT_SCALAR;
    *persite = s->kind == KIND_PERATOM;
    if (s->kind != KIND_AUTO)
        return ADELE_OK;
    for (int i = 0; i < s->words.n; i++) {
        struct word w = s->words.word[i];
        unsigned shapes;
        char *name = mem_strdup(w.text);
        if (!name)
            return err_memory(ctx, "a value", 64);
        char *open = strchr(name, '[');
        if (open && strchr(open, '*')) /* any of its entries will tell */
            strcpy(open, "[1]");
        w.text = name;
        int status = value_shapes(ctx, &w, &shapes);
        mem_free(name);
        if (status)
            return status;
        if (!(shapes & wanted))
            *persite = true;
    }
    return ADELE_OK;
}

static int parse_columns(struct adele *ctx, struct ave_histo *s)
{
    struct arg_list list;
    int status = average_expand(ctx, &s->words, OUT_SITE, &list);
    if (status)
        return status;
    s->column = mem_zalloc((size_t)list.n, sizeof *s->column);
    s->site = mem_alloc((size_t)ctx->lat->nlocal, sizeof *s->site);
    if (!s->column || !s->site)
        status =
            err_memory(ctx, "fix ave/histo", 8.0 * (double)ctx->lat->nlocal);
    for (int i = 0; !status && i < list.n; i++) {
        status = column_parse(ctx, &list.word[i], &s->column[i]);
        if (!status)
            s->ncolumn++;
    }
    average_words_free(&list);
    return status;
}

static int parse_values(struct adele *ctx, struct ave_histo *s)
{
    bool persite;
    int status = need_lattice(ctx);
    if (!status)
        status = choose_kind(ctx, s, &persite);
    if (status)
        return status;
    if (persite)
        return parse_columns(ctx, s);
    return average_inputs_parse(
        ctx, &s->words, s->mode == VECTOR_MODE ? OUT_VECTOR : OUT_SCALAR,
        &s->input);
}

static int set_titles(struct adele *ctx, struct ave_histo *s)
{
    struct text first = {0};
    text_addf(&first, "# Histogrammed data for fix %s", s->fix.head.id);
    if (first.failed) {
        text_free(&first);
        return err_memory(ctx, "the titles of a file", 256);
    }
    const char *const titles[] = {
        first.s,
        "# TimeStep Number-of-bins Total-counts Missing-counts Min-value "
        "Max-value",
        "# Bin Coord Count Count/Total"};
    int status = average_file_init(ctx, &s->file, "fix ave/histo", titles, 3);
    text_free(&first);
    return status;
}

static double middle(const struct ave_histo *s, int64_t bin)
{
    bool extra = s->beyond == BEYOND_EXTRA;
    int64_t inner = extra ? s->nbin - 2 : s->nbin;
    if (extra && bin == 0)
        return s->lo;
    if (extra && bin == s->nbin - 1)
        return s->hi;
    double place = (double)(extra ? bin - 1 : bin) + 0.5;
    return s->lo + place * (s->hi - s->lo) / (double)inner;
}

static void clear_block(struct ave_histo *s)
{
    memset(s->block, 0, (size_t)(NSTAT + s->nbin) * sizeof *s->block);
    s->block[LEAST] = DBL_MAX;
    s->block[MOST] = -DBL_MAX;
}

static int allocate(struct adele *ctx, struct ave_histo *s)
{
    if (s->beyond == BEYOND_EXTRA)
        s->nbin += 2;
    size_t n = (size_t)(NSTAT + s->nbin);
    s->block = mem_alloc(n, sizeof *s->block);
    s->total = mem_zalloc(n, sizeof *s->total);
    s->extremes =
        mem_zalloc(2 * (size_t)(s->history.length + 1), sizeof *s->extremes);
    if (!s->block || !s->total || !s->extremes)
        return err_memory(ctx, "fix ave/histo", 16.0 * (double)n);
    clear_block(s);
    int status = average_history_size(ctx, &s->history, (int64_t)n);
    if (!status)
        status = outputs_vector(ctx, &s->fix.out, NSTAT);
    if (!status)
        status = outputs_array(ctx, &s->fix.out, s->nbin, 3);
    for (int64_t i = 0; !status && i < s->nbin; i++)
        s->fix.out.array[3 * i] = middle(s, i);
    return status;
}

static int init(struct adele *ctx, void *self)
{
    struct ave_histo *s = self;
    s->fix.every = s->clock.every;
    int status = average_clock_check(ctx, &s->clock, "fix ave/histo");
    if (!status && !(s->hi > s->lo))
        status = err_deck(ctx, NULL,
                          "fix ave/histo: hi = %.10g must be above lo = %.10g",
                          s->hi, s->lo);
    if (!status)
        status = parse_values(ctx, s);
    if (!status)
        status = average_history_parse(ctx, &s->ave, &s->history);
    if (!status)
        status = set_titles(ctx, s);
    return status ? status : allocate(ctx, s);
}

static void fini(struct adele *ctx, void *self)
{
    (void)ctx;
    struct ave_histo *s = self;
    average_inputs_free(&s->input);
    for (int i = 0; i < s->ncolumn; i++)
        column_free(&s->column[i]);
    mem_free(s->column);
    mem_free(s->site);
    mem_free(s->block);
    mem_free(s->total);
    mem_free(s->extremes);
    average_history_fini(&s->history);
    average_file_fini(&s->file);
    outputs_fini(&s->fix.out);
}

static void bin_value(struct ave_histo *s, double x)
{
    double *count = s->block + NSTAT;
    bool extra = s->beyond == BEYOND_EXTRA;
    int64_t inner = extra ? s->nbin - 2 : s->nbin, bin;
    s->block[LEAST] = fmin(s->block[LEAST], x);
    s->block[MOST] = fmax(s->block[MOST], x);
    if (x >= s->lo && x <= s->hi) {
        bin = (int64_t)((x - s->lo) / (s->hi - s->lo) * (double)inner);
        bin = (bin < inner ? bin : inner - 1) + (extra ? 1 : 0);
    } else if (s->beyond == BEYOND_IGNORE || isnan(x)) {
        s->block[MISSING]++;
        return;
    } else {
        bin = x < s->lo ? 0 : s->nbin - 1;
    }
    s->block[TOTAL]++;
    count[bin]++;
}

static int sample_sites(struct adele *ctx, struct ave_histo *s)
{
    for (int c = 0; c < s->ncolumn; c++) {
        int status = column_get(ctx, &s->column[c], s->site);
        if (status)
            return status;
        for (int64_t i = 0; i < ctx->lat->nlocal; i++)
            if (groups_has(&ctx->groups, s->fix.head.group, i))
                bin_value(s, s->site[i]);
    }
    return ADELE_OK;
}

static int sample_global(struct adele *ctx, struct ave_histo *s)
{
    for (int i = 0; i < s->input.n; i++) {
        const double *v = NULL;
        double number = 0;
        int64_t n = 1;
        int status;
        if (s->mode == VECTOR_MODE) {
            status = reference_vector(ctx, &s->input.ref[i], &v, &n);
        } else {
            status = reference_scalar(ctx, &s->input.ref[i], &number);
            v = &number;
        }
        if (status)
            return status;
        for (int64_t k = 0; k < n; k++)
            bin_value(s, v[k]);
    }
    return ADELE_OK;
}

/* The smallest and largest value of the histograms that count. */
static void merge_extremes(struct ave_histo *s)
{
    const struct average_history *h = &s->history;
    double *e = s->extremes;
    int64_t slots = h->mode == AVERAGE_WINDOW ? h->length : 1;
    int64_t at = h->count % slots;
    bool merge = h->mode == AVERAGE_RUNNING && h->count > 0;
    e[2 * at] = merge ? fmin(e[0], s->block[LEAST]) : s->block[LEAST];
    e[2 * at + 1] = merge ? fmax(e[1], s->block[MOST]) : s->block[MOST];
}

static void publish(struct ave_histo *s)
{
    const struct average_history *h = &s->history;
    struct outputs *out = &s->fix.out;
    int64_t slots = h->mode == AVERAGE_WINDOW ? h->length : 1;
    double least = s->extremes[0], most = s->extremes[1];
    for (int64_t k = 1; k < slots && k < h->count; k++) {
        least = fmin(least, s->extremes[2 * k]);
        most = fmax(most, s->extremes[2 * k + 1]);
    }
    bool any = s->total[TOTAL] + s->total[MISSING] > 0;
    out->vector[0] = s->total[TOTAL];
    out->vector[1] = s->total[MISSING];
    out->vector[2] = any ? least : 0;
    out->vector[3] = any ? most : 0;
    for (int64_t i = 0; i < s->nbin; i++) {
        double count = s->total[NSTAT + i];
        out->array[3 * i + 1] = count;
        out->array[3 * i + 2] =
            s->total[TOTAL] > 0 ? count / s->total[TOTAL] : 0;
    }
}

static int write_block(struct adele *ctx, struct ave_histo *s)
{
    struct text t = {0};
    const double *v = s->fix.out.vector;
    text_addf(&t, "%lld %lld %.15g %.15g %g %g\n", (long long)ctx->step,
              (long long)s->nbin, v[0], v[1], v[2], v[3]);
    for (int64_t i = 0; i < s->nbin; i++) {
        const double *row = s->fix.out.array + 3 * i;
        text_addf(&t, "%lld %g %.15g %g\n", (long long)i + 1, row[0], row[1],
                  row[2]);
    }
    int status = average_file_put(ctx, &s->file, &s->fix.head.where, &t);
    text_free(&t);
    return status;
}

static int end_of_step(struct adele *ctx, struct fix *f)
{
    struct ave_histo *s = (struct ave_histo *)f;
    enum average_due due = average_clock_now(ctx, &s->clock);
    if (due == AVERAGE_NOT)
        return ADELE_OK;
    if (average_clock_first(ctx, &s->clock))
        clear_block(s);
    int status = s->column ? sample_sites(ctx, s) : sample_global(ctx, s);
    if (status)
        return status;
    average_clock_taken(ctx, &s->clock, due);
    if (due != AVERAGE_OUTPUT)
        return ADELE_OK;
    merge_extremes(s);
    average_history_add(&s->history, s->block, s->total);
    publish(s);
    return write_block(ctx, s);
}

static int setup(struct adele *ctx, struct fix *f)
{
    struct ave_histo *s = (struct ave_histo *)f;
    int status = average_inputs_check(ctx, &s->input);
    for (int i = 0; !status && i < s->ncolumn; i++) {
        const struct column *c = &s->column[i];
        status =
            average_available(ctx, c->name, column_need(ctx, c),
                              c->ref.name ? &c->ref.where : &f->head.where);
    }
    if (!status)
        status = average_file_open(ctx, &s->file, &f->head.where);
    return status ? status : end_of_step(ctx, f);
}

static unsigned need(struct adele *ctx, struct fix *f, int64_t step)
{
    const struct ave_histo *s = (const struct ave_histo *)f;
    if (!average_clock_may(&s->clock, step))
        return 0;
    unsigned bits = average_inputs_need(ctx, &s->input);
    for (int i = 0; i < s->ncolumn; i++)
        bits |= column_need(ctx, &s->column[i]);
    return bits;
}

static int save(struct adele *ctx, void *self, struct blob *to)
{
    (void)ctx;
    const struct ave_histo *s = self;
    average_clock_save(&s->clock, to);
    average_history_save(&s->history, to);
    blob_put_numbers(to, s->block, NSTAT + s->nbin);
    blob_put_numbers(to, s->total, NSTAT + s->nbin);
    blob_put_numbers(to, s->extremes, 2 * (s->history.length + 1));
    return ADELE_OK;
}

static int load(struct adele *ctx, void *self, struct blob *from)
{
    struct ave_histo *s = self;
    if (average_clock_load(&s->clock, from) ||
        average_history_load(&s->history, from) ||
        blob_get_numbers(from, s->block, NSTAT + s->nbin) ||
        blob_get_numbers(from, s->total, NSTAT + s->nbin) ||
        blob_get_numbers(from, s->extremes, 2 * (s->history.length + 1)))
        return average_other(ctx, &s->fix.head);
    publish(s);
    return ADELE_OK;
}

const struct fix_style fix_ave_histo = {
    .style = {STYLE_HEAD(fix, "ave/histo", struct ave_histo),
              .summary = "histogram of values gathered over time", .args = args,
              .outputs = outputs, .init = init, .fini = fini, .save = save,
              .load = load},
    .setup = setup,
    .end_of_step = end_of_step,
    .need = need,
    .vector = fix_held,
    .array = fix_held,
};

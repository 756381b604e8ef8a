/* validate: a potential against exact forces and densities from datasets.

       rmse, mae, max, sigma, R^2 of densities, forces and electron numbers,

   over all configurations and by time; with files for the histogram of the
   error and the parity plot.

       validate holstein.yaml quench_held_out.h5 */

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/deviation.h"
#include "base/file.h"
#include "base/mem.h"
#include "plug/args.h"
#include "plug/command.h"
#include "plug/evaluation.h"
#include "plug/mu_floor.h"
#include "plug/parity.h"
#include "plug/setting.h"

enum {
    TIMES_MAX = 32,
    DECADES = 12, /* of the histogram: 1e-10 .. 100 */
    BINS_A_DECADE = 10
};
static const double smallest_error = 1e-10;

static const char *const precision_name[] = {"single", "double", "bf16", NULL};

struct validate {
    struct instance head;
    char *potential, *prefix;
    struct arg_list data, times;
    int precision;
    bool precision_given, solve, force;
    int64_t every;
};

static const struct arg args[] = {
    {ARG_WORD, "POTENTIAL", AT(struct validate, potential),
     .doc = "potential, by name or path, as for pair_style ml"},
    {ARG_LIST, "DATA", AT(struct validate, data), .syntax = "DATA ..",
     .doc = "dataset files, by name or pattern"},
    {ARG_WORD, "prefix", AT(struct validate, prefix), .key = true,
     .doc = "of the files written, none: no files; default: the name of the "
            "potential"},
    {ARG_LIST, "times", AT(struct validate, times), .key = true,
     .bounded = true, .min = 1, .max = TIMES_MAX - 2, .syntax = "T1 [T2 ..]",
     .unit = "time", .doc = "ends of the intervals of time"},
    {ARG_BOOL, "solve", AT(struct validate, solve), .key = true, .def = "no",
     .doc = "at the mu that gives the number of electrons of the data, as "
            "pair_style ml finds it, instead of the mu of the data"},
    {ARG_INT, "every", AT(struct validate, every), .key = true, .def = "1",
     .bounded = true, .min = 1, .doc = "only each so many-th configuration"},
    {ARG_CHOICE, "precision", AT(struct validate, precision), .key = true,
     .choice = precision_name, .given = AT(struct validate, precision_given),
     .doc = "of the network; default single, double for energy potentials"},
    {ARG_BOOL, "force", AT(struct validate, force), .key = true, .def = "no",
     .doc = "compare although potential and data do not belong together"},
    {0}};

/* What is added up over the samples. */
struct work {
    struct adele *ctx;
    const struct validate *v;
    const struct where *where;
    struct samples *samples;
    struct evaluation *e;
    struct potential *p;
    bool density; /* the quantity of times, histogram and plot */
    struct deviation_sums densities, forces, numbers, energies;
    struct deviation_sums time[TIMES_MAX];
    int64_t frames[TIMES_MAX];
    struct mu_floor floor[TIMES_MAX]; /* of the force */
    bool has_floor;
    double edge[TIMES_MAX + 1];
    int ntime;
    int64_t histogram[2]
                     [DECADES * BINS_A_DECADE + 2]; /* by sign of the error */
    struct parity parity;
    int64_t outside, sites, count;
};

static int read_edges(struct adele *ctx, struct work *w)
{
    const struct arg_list *t = &w->v->times;

    for (int k = 0; k < t->n; k++) {
        double *edge = &w->edge[k + 1];

        if (arg_number(ctx, &t->word[k], "a time", edge))
            return ctx->error.status;
        if (k > 0 && !(*edge > edge[-1]))
            return err_deck(ctx, &t->word[k].where,
                            "validate: times must rise, %g follows %g", *edge,
                            edge[-1]);
    }
    return 0;
}

/* Intervals that double towards the end of the longest trajectory. */
static void default_edges(struct work *w, double last)
{
    int n = 6;

    if (!(last > 0)) {
        w->ntime = 1;
        w->edge[1] = INFINITY;
        return;
    }
    w->ntime = n;
    for (int k = 0; k < n; k++)
        w->edge[k + 1] = last / (double)(1 << (n - 1 - k));
}

static int set_times(struct adele *ctx, struct work *w)
{
    double first = INFINITY, last = -INFINITY;

    for (int64_t k = 0; k < w->samples->n; k++) {
        first = fmin(first, w->samples->item[k].time);
        last = fmax(last, w->samples->item[k].time);
    }
    w->edge[0] = fmin(first, 0);
    if (w->v->times.n == 0) {
        default_edges(w, last);
        return 0;
    }
    if (read_edges(ctx, w))
        return ctx->error.status;
    w->ntime = w->v->times.n;
    if (last > w->edge[w->ntime])
        w->edge[++w->ntime] = last;
    return 0;
}

/* Before the samples at other mu are dropped, which tell it. */
static int find_floors(struct work *w)
{
    struct adele *setting = evaluation_setting(w->e);
    struct density_map map;

    if (density_map_find(setting, &map))
        return setting_error(w->ctx, setting, w->where);
    for (int k = 0; map.linear && !w->density && k < w->ntime; k++) {
        double from = k ? w->edge[k] : -INFINITY;

        if (mu_floor_find(w->ctx, w->samples, map.slope, from, w->edge[k + 1],
                          &w->floor[k]))
            return w->ctx->error.status;
        w->has_floor = w->has_floor || isfinite(w->floor[k].floor);
    }
    return 0;
}

static int interval_of(const struct work *w, double time)
{
    int k = 0;

    while (k + 1 < w->ntime && time > w->edge[k + 1])
        k++;
    return k;
}

static void count_errors(struct work *w, const double *predicted,
                         const double *exact, int64_t n)
{
    int last = DECADES * BINS_A_DECADE + 1;

    for (int64_t i = 0; i < n; i++) {
        double d = predicted[i] - exact[i];
        double at = log10(fabs(d) / smallest_error) * BINS_A_DECADE;
        int bin = at >= last - 1 ? last : at >= 0 ? (int)at + 1 : 0;

        w->histogram[d < 0][bin]++;
    }
}

static void add_quantity(struct work *w, const struct sample *s,
                         const double *predicted, const double *exact,
                         int64_t n)
{
    int k = interval_of(w, s->time);

    deviation_add(&w->time[k], predicted, exact, n);
    w->frames[k]++;
    count_errors(w, predicted, exact, n);
    parity_add(&w->parity, exact, predicted, n);
}

static int add_sample(struct work *w, const struct sample *s)
{
    const struct evaluated *r;
    double per_site[2], sites;

    if (evaluation_sample(w->ctx, w->e, s, w->v->solve, w->where))
        return w->ctx->error.status;
    r = evaluation_result(w->e);
    sites = (double)r->n;
    w->count++;
    w->sites += r->n;
    w->outside += r->outside;
    if (r->density && r->density_exact)
        deviation_add(&w->densities, r->density, r->density_exact, r->n);
    if (r->force && r->force_exact)
        deviation_add(&w->forces, r->force, r->force_exact, r->ncomp * r->n);
    if (w->density && r->density && r->density_exact)
        add_quantity(w, s, r->density, r->density_exact, r->n);
    if (!w->density && r->force && r->force_exact)
        add_quantity(w, s, r->force, r->force_exact, r->ncomp * r->n);
    per_site[0] = r->number / sites;
    per_site[1] = r->number_exact / sites;
    if (isfinite(per_site[0]) && isfinite(per_site[1]))
        deviation_add(&w->numbers, &per_site[0], &per_site[1], 1);
    per_site[0] = r->energy / sites;
    per_site[1] = r->energy_exact / sites;
    if (isfinite(per_site[0]) && isfinite(per_site[1]))
        deviation_add(&w->energies, &per_site[0], &per_site[1], 1);
    return 0;
}

/* R^2 compares with the spread of the exact values, which numbers and energies
   of one run hardly have. */
static void print_row(struct adele *ctx, const char *name,
                      const struct deviation_sums *s, bool spread)
{
    struct deviation d = deviation_of(s);
    char r2[32] = "";

    if (d.n == 0)
        return;
    if (spread && isfinite(d.r2))
        snprintf(r2, sizeof r2, " %11.7g", d.r2);
    log_printf(&ctx->log,
               "%-10s %12" PRId64 " %11.4g %11.4g %11.4g %11.4g %11.4g%s\n",
               name, d.n, d.rmse, d.mae, d.max, d.sigma, d.mean, r2);
}

static void print_times(const struct work *w)
{
    struct log *log = &w->ctx->log;

    log_printf(log, "%-10s %10s %8s %11s %11s %11s %11s%s\n",
               w->density ? "density:" : "force:", "until", "frames", "rmse",
               "mae", "max", "sigma",
               w->has_floor ? "      sd(mu)       floor" : "");
    for (int k = 0; k < w->ntime; k++) {
        struct deviation d = deviation_of(&w->time[k]);

        if (d.n == 0)
            continue;
        log_printf(log,
                   "%-10.4g %10.4g %8" PRId64 " %11.4g %11.4g %11.4g %11.4g",
                   w->edge[k], w->edge[k + 1], w->frames[k], d.rmse, d.mae,
                   d.max, d.sigma);
        if (w->has_floor)
            log_printf(log, " %11.4g %11.4g", w->floor[k].spread,
                       w->floor[k].floor);
        log_printf(log, "\n");
    }
}

static void print_tables(const struct work *w)
{
    struct log *log = &w->ctx->log;

    log_printf(log, "\n%-10s %12s %11s %11s %11s %11s %11s %11s\n", "error of",
               "values", "rmse", "mae", "max", "sigma", "mean", "R^2");
    print_row(w->ctx, "density", &w->densities, true);
    print_row(w->ctx, "force", &w->forces, true);
    print_row(w->ctx, "number", &w->numbers, false);
    print_row(w->ctx, "energy", &w->energies, false);
    if (w->numbers.n + w->energies.n > 0)
        log_printf(log, "number and energy: a site\n");
    log_printf(log, "\n");
    print_times(w);
    if (w->outside)
        log_printf(log,
                   "\n%" PRId64 " of %" PRId64
                   " sites have input outside the training range\n",
                   w->outside, w->sites);
}

/* Bins of the error from the most negative to the most positive, those of no
   count at both ends left out. */
static int write_histogram(const struct work *w, const char *path)
{
    int bins = DECADES * BINS_A_DECADE + 2, error;
    int64_t total = 0;
    struct file *f = file_open(path, FILE_ATOMIC, &error);

    for (int k = 0; k < bins; k++)
        total += w->histogram[0][k] + w->histogram[1][k];
    if (!f)
        return err_run(w->ctx, "cannot write '%s': %s", path, strerror(error));
    file_printf(f, "low,high,count,density\n");
    for (int k = -bins; k < bins; k++) {
        int bin = k < 0 ? -k - 1 : k;
        int64_t n = w->histogram[k < 0][bin];
        double low =
            bin ? smallest_error * pow(10, (bin - 1.0) / BINS_A_DECADE) : 0;
        double high = smallest_error * pow(10, (double)bin / BINS_A_DECADE);

        if (n)
            file_printf(f, "%.9g,%.9g,%" PRId64 ",%.9g\n", k < 0 ? -high : low,
                        k < 0 ? -low : high, n,
                        (double)n / (double)total / (high - low));
    }
    error = file_close(f);
    return error
               ? err_run(w->ctx, "cannot write '%s': %s", path, strerror(error))
               : 0;
}

static int write_times(const struct work *w, const char *path)
{
    int error;
    struct file *f = file_open(path, FILE_ATOMIC, &error);

    if (!f)
        return err_run(w->ctx, "cannot write '%s': %s", path, strerror(error));
    file_printf(f, "from,until,frames,rmse,mae,max,sigma,r2%s\n",
                w->has_floor ? ",spread_mu,floor" : "");
    for (int k = 0; k < w->ntime; k++) {
        struct deviation d = deviation_of(&w->time[k]);

        if (d.n == 0)
            continue;
        file_printf(f, "%.9g,%.9g,%" PRId64 ",%.9g,%.9g,%.9g,%.9g,%.9g",
                    w->edge[k], w->edge[k + 1], w->frames[k], d.rmse, d.mae,
                    d.max, d.sigma, d.r2);
        if (w->has_floor)
            file_printf(f, ",%.9g,%.9g", w->floor[k].spread, w->floor[k].floor);
        file_printf(f, "\n");
    }
    error = file_close(f);
    return error
               ? err_run(w->ctx, "cannot write '%s': %s", path, strerror(error))
               : 0;
}

/* "potentials/holstein.yaml" -> "holstein". */
static void default_prefix(const char *name, struct text *t)
{
    const char *slash = strrchr(name, '/'), *dot;

    name = slash ? slash + 1 : name;
    dot = strrchr(name, '.');
    text_addn(t, name, dot && dot > name ? (size_t)(dot - name) : strlen(name));
}

static int write_files(const struct work *w)
{
    static const char *const suffix[] = {".times.csv", ".errors.csv",
                                         ".parity.csv", ".parity.png"};
    struct text prefix = {0};
    int status = 0;

    if (w->v->prefix && !strcmp(w->v->prefix, "none"))
        return 0;
    if (w->v->prefix)
        text_add(&prefix, w->v->prefix);
    else
        default_prefix(w->v->potential, &prefix);
    for (int k = 0; !status && k < 4; k++) {
        struct text path = {0};

        text_addf(&path, "%s%s", prefix.s ? prefix.s : "validate", suffix[k]);
        if (path.failed)
            status = err_memory(w->ctx, "a file name", 0);
        else if (k == 0)
            status = write_times(w, path.s);
        else if (k == 1)
            status = write_histogram(w, path.s);
        else if (k == 2)
            status = parity_csv(w->ctx, &w->parity, path.s);
        else
            status = parity_png(w->ctx, &w->parity,
                                w->density ? "density" : "force", path.s);
        if (!status)
            log_printf(&w->ctx->log, "%s%s", k ? ", " : "\nwritten: ", path.s);
        text_free(&path);
    }
    log_printf(&w->ctx->log, "\n");
    text_free(&prefix);
    return status;
}

static int check_origin(struct work *w)
{
    const struct potential_origin *data = &w->samples->origin;
    const char *name = w->samples->file[0], *potential = w->p->path;

    if (w->v->force)
        return 0;
    if (samples_match(w->ctx, &w->p->origin, potential, data, name, w->where))
        return w->ctx->error.status;
    if (w->p->mu != POTENTIAL_MU_NONE ||
        w->p->origin.electrons == ELECTRONS_NONE)
        return 0;
    if (w->samples->mixed)
        return err_deck(w->ctx, w->where,
                        "%s does not know the chemical potential, and the data "
                        "hold several: %s",
                        potential, w->samples->mixed);
    return samples_electrons(w->ctx, &w->p->origin, potential, data, name,
                             w->where);
}

/* Exact values of the quantity, for the axes of the plot. */
static int find_range(struct work *w, double *lo, double *hi, int64_t *total)
{
    *lo = INFINITY;
    *hi = -INFINITY;
    *total = 0;
    for (int64_t k = 0; k < w->samples->n; k += w->v->every) {
        const struct sample *s = &w->samples->item[k];
        int64_t n = s->q->lat->nlocal * (w->density ? 1 : w->samples->ncomp);
        const double *a = w->density ? s->density : s->force;

        *total += n;
        for (int64_t i = 0; a && i < n; i++) {
            *lo = fmin(*lo, a[i]);
            *hi = fmax(*hi, a[i]);
        }
    }
    if (*lo <= *hi)
        return 0;
    return err_deck(w->ctx, w->where,
                    "the data hold neither forces nor densities to compare "
                    "with; write them, for example: dump d all dataset 100 "
                    "quench.h5 q n fq");
}

static int open_all(struct work *w, const struct word *file)
{
    char *path = potential_find(w->ctx, w->v->potential, w->where);
    struct adele *setting;

    /* A check runs no deck, so its data need not be there yet. */
    if (!path || w->ctx->check_only || w->ctx->skip_run) {
        mem_free(path);
        return w->ctx->error.status;
    }
    w->samples = samples_open(w->ctx, file, w->v->data.n);
    if (w->samples)
        w->e = evaluation_new(w->ctx, w->samples, w->where);
    if (!w->e) {
        mem_free(path);
        return w->ctx->error.status;
    }
    setting = evaluation_setting(w->e);
    w->p = potential_load(setting, path, w->where);
    mem_free(path);
    if (!w->p)
        return setting_error(w->ctx, setting, NULL);
    return check_origin(w);
}

/* A potential that does not see mu can only be right at each frame's own. */
static void drop_other_mu(struct work *w)
{
    struct samples *s = w->samples;
    int64_t n = 0;

    if (w->p->mu != POTENTIAL_MU_NONE)
        return;
    for (int64_t k = 0; k < s->n; k++)
        if (s->item[k].grid == 0)
            s->item[n++] = s->item[k];
    s->n = n;
}

static int prepare(struct work *w)
{
    enum precision precision = (enum precision)w->v->precision;
    int64_t total;
    double lo, hi;
    bool any = false;

    if (!w->v->precision_given)
        precision =
            w->p->target == TARGET_ENERGY ? PRECISION_DOUBLE : PRECISION_SINGLE;
    for (int64_t k = 0; k < w->samples->n; k++)
        any = any || w->samples->item[k].force;
    w->density = !any;
    if (set_times(w->ctx, w) || find_floors(w))
        return w->ctx->error.status;
    drop_other_mu(w);
    if (find_range(w, &lo, &hi, &total) ||
        parity_init(w->ctx, &w->parity, lo, hi, total))
        return w->ctx->error.status;
    return evaluation_use(w->ctx, w->e, w->p, precision, w->where);
}

static int compare(struct work *w)
{
    struct log *log = &w->ctx->log;

    if (prepare(w))
        return w->ctx->error.status;
    for (int64_t k = 0; k < w->samples->n; k += w->v->every) {
        if (add_sample(w, &w->samples->item[k]))
            return w->ctx->error.status;
        if (w->ctx->interrupt)
            return err_run(w->ctx, "validate was interrupted");
    }
    log_printf(log,
               "validate %s: %" PRId64 " configurations of %d file%s, mu %s\n",
               w->p->path, w->count, w->samples->nfile,
               w->samples->nfile > 1 ? "s" : "",
               w->p->mu == POTENTIAL_MU_NONE ? "not seen"
               : w->samples->origin.leads.n  ? "of the leads"
               : w->v->solve                 ? "solved for"
                                             : "of the data");
    print_tables(w);
    return write_files(w);
}

static void release(struct work *w)
{
    evaluation_forget(w->e);
    if (w->e && w->p)
        potential_free(evaluation_setting(w->e), w->p);
    parity_fini(&w->parity);
    evaluation_free(w->e);
    samples_free(w->samples);
}

static int run(struct adele *ctx, void *self, const struct words *words)
{
    const struct validate *v = self;
    struct work *w = mem_zalloc(1, sizeof *w);
    int status;

    if (!w)
        return err_memory(ctx, "validate", sizeof *w);
    *w = (struct work){.ctx = ctx, .v = v, .where = &words->word[1].where};
    status = open_all(w, v->data.word);
    if (!status && !ctx->check_only && !ctx->skip_run)
        status = compare(w);
    release(w);
    mem_free(w);
    return status;
}

const struct command_style command_validate = {
    .style = {STYLE_HEAD(command, "validate", struct validate),
              .summary = "compare a potential with exact forces from datasets",
              .args = args},
    .run = run};

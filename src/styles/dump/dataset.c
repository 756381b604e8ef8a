/* dump ID all dataset N FILE.h5 [columns ..] [split N]: configurations with
   their forces, densities and provenance in HDF5, for training and analysis.

   Layout: plug/dataset.h.  Default columns: displacement, force, density.
   `mu LO HI COUNT` adds the densities of the same displacements at chemical
   potentials evenly from LO to HI, `mu around W COUNT` from W below to W above
   the present one.
   Forces are those of model and electrons, without what fixes add.  With `split
   N` or a * in FILE (one frame a file unless split says more) each file is
   named after the step of its first frame. */

#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "plug/dataset.h"
#include "plug/dump.h"
#include "plug/lead.h"
#include "plug/pair.h"

enum { MU_MAX = 10000 };

struct dump_dataset {
    struct dump dump;
    struct arg_list columns, mu_words;
    int64_t split, frames; /* per file, in the present file */
    struct dataset *set;
    char *current; /* its path */
    bool around;   /* the grid of mu is relative to the present one */
    double lo, hi;
    int nmu; /* 0: none */
    char *mu_text;
};

static const struct arg args[] = {
    DUMP_ARGS,
    {ARG_LIST, "column", AT(struct dump_dataset, columns), .min = 0,
     .bounded = true, .syntax = "[column ...]",
     .doc = "as for dump custom; default: displacement, force and n"},
    {ARG_INT, "split", AT(struct dump_dataset, split), .key = true,
     .positive = true, .unit = "frames",
     .doc = "begin a new file after so many; FILE needs a *"},
    {ARG_LIST, "mu", AT(struct dump_dataset, mu_words), .key = true, .min = 3,
     .max = 3, .bounded = true, .syntax = "LO HI COUNT|around W COUNT",
     .unit = "energy",
     .doc = "densities at so many further chemical potentials as well"},
    {0}};

static int default_columns(struct adele *ctx, struct dump_dataset *d)
{
    char name[2 * MODEL_COMPONENT_MAX + 1][32];
    struct word word[2 * MODEL_COMPONENT_MAX + 1];
    int n = 0;
    if (need_model(ctx))
        return ctx->error.status;
    for (int f = 0; f < 2; f++)
        for (int c = 0; c < ctx->model->ncomp; c++)
            snprintf(name[n++], 32, "%s",
                     f ? ctx->model->component[c].force
                       : ctx->model->component[c].displacement);
    snprintf(name[n++], 32, "n");
    for (int k = 0; k < n; k++)
        word[k] = (struct word){.text = name[k], .where = d->dump.head.where};
    return dump_columns(ctx, &d->dump, word, n);
}

/* The words of `mu`. */
static int read_mu(struct adele *ctx, struct dump_dataset *d)
{
    const struct word *w = d->mu_words.word;
    const char *what = "dump dataset";
    int64_t count;
    struct text t = {0};
    if (d->mu_words.n == 0)
        return ADELE_OK;
    d->around = !strcmp(w[0].text, "around");
    if (arg_number(ctx, &w[1], what, &d->hi) ||
        (!d->around && arg_number(ctx, &w[0], what, &d->lo)) ||
        arg_integer(ctx, &w[2], what, &count))
        return ctx->error.status;
    if (d->around)
        d->lo = -d->hi;
    if (!(d->hi > d->lo))
        return err_deck(ctx, &w[1].where,
                        d->around ? "dump dataset: mu around %s: the width "
                                    "must be above 0"
                                  : "dump dataset: mu: %s is not above the "
                                    "lower end",
                        w[1].text);
    if (count < 2 || count > MU_MAX)
        return err_deck(ctx, &w[2].where,
                        "dump dataset: mu needs 2 to %d values, not %lld",
                        MU_MAX, (long long)count);
    d->nmu = (int)count;
    text_addf(&t, "%s %s %s", w[0].text, w[1].text, w[2].text);
    d->mu_text = t.failed ? NULL : mem_strdup(t.s);
    text_free(&t);
    return d->mu_text ? ADELE_OK : err_memory(ctx, "a dataset", 1024);
}

static int init(struct adele *ctx, void *self)
{
    struct dump_dataset *d = self;
    bool star = strchr(d->dump.path, '*') != NULL;
    if (d->dump.head.group != 0)
        return err_deck(ctx, &d->dump.head.where,
                        "dump dataset writes whole configurations: "
                        "the group must be all");
    if (d->split && !star)
        return err_deck(ctx, &d->dump.head.where,
                        "dump dataset: split needs a * in the file name (the "
                        "step of each file's first frame), as in '%s'",
                        "run.*.h5");
    if (star && !d->split)
        d->split = 1;
    if (read_mu(ctx, d))
        return ctx->error.status;
    return d->columns.n
               ? dump_columns(ctx, &d->dump, d->columns.word, d->columns.n)
               : default_columns(ctx, d);
}

static void fini(struct adele *ctx, void *self)
{
    struct dump_dataset *d = self;
    dataset_close(NULL, d->set);
    mem_free(d->current);
    mem_free(d->mu_text);
    dump_fini(ctx, self);
}

static unsigned need(struct adele *ctx, struct dump *d)
{
    (void)ctx;
    (void)d;
    return NEED_ENERGY | NEED_MU;
}

static int close_set(struct adele *ctx, struct dump *dump)
{
    struct dump_dataset *d = (struct dump_dataset *)(void *)dump;
    int status = dataset_close(ctx, d->set);
    d->set = NULL;
    return status;
}

/* The file of the coming frame: that of the last while it has room, open or
   closed by the end of a run, else a new one. */
static int open_set(struct adele *ctx, struct dump_dataset *d, const char *path)
{
    int n = d->dump.ncolumn;
    bool again = d->current && (!d->split || d->frames < d->split);
    if (again && d->set)
        return ADELE_OK;
    int status = close_set(ctx, &d->dump);
    if (status)
        return status;
    const char **name = mem_alloc((size_t)n, sizeof *name);
    char *current = mem_strdup(again ? d->current : path);
    if (!name || !current) {
        mem_free(name);
        mem_free(current);
        return err_memory(ctx, "a dataset", n * (double)sizeof *name);
    }
    for (int k = 0; k < n; k++)
        name[k] = d->dump.column[k].name;
    struct dataset_plan plan = {.column = name,
                                .ncolumn = n,
                                .nmu = d->nmu,
                                .mu = d->mu_text,
                                .command = d->dump.head.text,
                                .where = &d->dump.head.where};
    d->set = dataset_create(ctx, current, &plan, again || d->dump.append);
    d->frames = again ? d->frames : 0;
    mem_free(name);
    mem_free(d->current);
    d->current = current;
    return d->set ? ADELE_OK : ctx->error.status;
}

/* Forces without the fixes' part; everything else as in other dumps. */
static int column_values(struct adele *ctx, struct dump_dataset *d, int k,
                         double *out)
{
    const struct column *c = &d->dump.column[k];
    int which = 0;
    int comp = ctx->model ? model_component(ctx->model, c->name, &which) : -1;
    if (comp < 0 || which != 2 || !(forces_gives(ctx) & NEED_FORCE))
        return dump_values(ctx, &d->dump, c, out);
    int status = forces_require(ctx, NEED_FORCE);
    if (!status)
        field_gather(ctx->forces->force, comp, out);
    return status;
}

/* The densities at further chemical potentials. */
static int measure_mu(struct adele *ctx, struct dump_dataset *d, double *grid,
                      double *n, double *error)
{
    int status = need_pair(ctx);
    if (!status)
        status = pair_check_density_at(ctx, ctx->pair, &d->dump.head.where,
                                       "dump dataset mu");
    if (!status && d->around)
        status = forces_require(ctx, NEED_MU);
    if (status)
        return status;
    double middle = d->around ? ctx->forces->mu : 0;
    for (int k = 0; k < d->nmu; k++)
        grid[k] = middle + d->lo + (d->hi - d->lo) * k / (d->nmu - 1);
    return pair_density_at(ctx, ctx->pair, grid, d->nmu, n, error);
}

/* gamma, mu, temp of each lead. */
static int measure_leads(struct adele *ctx, double *lead)
{
    int n = dataset_leads_of(ctx);
    int status = n > 0 ? leads_update(ctx) : ADELE_OK;
    for (int k = 0; !status && k < n; k++) {
        const struct lead *l = ctx->leads.item[k];
        lead[3 * k] = l->now.gamma;
        lead[3 * k + 1] = l->now.mu;
        lead[3 * k + 2] = l->now.temp;
    }
    return status;
}

/* value: columns, then the densities at further chemical potentials, these
   potentials, room for as many numbers, and those of the leads. */
static int measure(struct adele *ctx, struct dump_dataset *d,
                   struct dataset_frame *f, double *value)
{
    double *n_mu = value + d->dump.ncolumn * ctx->lat->nlocal;
    double *grid = n_mu + d->nmu * ctx->lat->nlocal;
    unsigned gives = forces_gives(ctx) & (NEED_ENERGY | NEED_MU);
    int status = gives ? forces_require(ctx, gives) : ADELE_OK;
    f->step = ctx->step;
    f->time = ctx->time;
    f->energy = !status && gives & NEED_ENERGY ? pair_energy(ctx->forces) : NAN;
    f->mu = !status && gives & NEED_MU ? ctx->forces->mu : NAN;
    f->value = value;
    for (int k = 0; !status && k < d->dump.ncolumn; k++)
        status = column_values(ctx, d, k, value + k * ctx->lat->nlocal);
    f->mu_grid = grid;
    f->n_mu = n_mu;
    f->lead = grid + 2 * d->nmu;
    if (!status)
        status = measure_leads(ctx, grid + 2 * d->nmu);
    if (!status && d->nmu > 0)
        status = measure_mu(ctx, d, grid, n_mu, grid + d->nmu);
    return status;
}

static int write(struct adele *ctx, struct dump *dump, const char *path)
{
    struct dump_dataset *d = (struct dump_dataset *)(void *)dump;
    size_t n = (size_t)ctx->lat->nlocal, nmu = (size_t)d->nmu;
    struct dataset_frame frame;
    double *value = mem_alloc(n * ((size_t)dump->ncolumn + nmu) + 2 * nmu +
                                  3 * (size_t)dataset_leads_of(ctx),
                              sizeof *value);
    int status = value ? measure(ctx, d, &frame, value)
                       : err_memory(ctx, "a dataset frame",
                                    (double)n * (dump->ncolumn + d->nmu) * 8);
    if (!status)
        status = open_set(ctx, d, path);
    if (!status)
        status = dataset_append(ctx, d->set, &frame, dump->flush);
    d->frames += !status;
    mem_free(value);
    return status;
}

const struct dump_style dump_dataset = {
    .style = {STYLE_HEAD(dump, "dataset", struct dump_dataset),
              .summary = "configurations, forces, densities and provenance in "
                         "HDF5",
              .args = args, .init = init, .fini = fini},
    .own_file = true,
    .write = write,
    .need = need,
    .finish = close_set,
    .close = close_set};

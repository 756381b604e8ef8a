/* dump ID all dataset N FILE.h5 [columns ..] [split N]: configurations with
   their forces, densities and provenance in HDF5, for training and analysis.

   Layout: plug/dataset.h.  Default columns: displacement, force, density.
   Forces are those of model and electrons, without what fixes add.  With `split
   N` or a * in FILE (one frame a file unless split says more) each file is
   named after the step of its first frame. */

#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "plug/dataset.h"
#include "plug/dump.h"
#include "plug/pair.h"

struct dump_dataset {
    struct dump dump;
    struct arg_list columns;
    int64_t split, frames; /* per file, in the present file */
    struct dataset *set;
    char *current; /* its path */
};

static const struct arg args[] = {
    DUMP_ARGS,
    {ARG_LIST, "column", AT(struct dump_dataset, columns), .min = 0,
     .bounded = true, .syntax = "[column ...]",
     .doc = "as for dump custom; default: displacement, force and n"},
    {ARG_INT, "split", AT(struct dump_dataset, split), .key = true,
     .positive = true, .unit = "frames",
     .doc = "begin a new file after so many; FILE needs a *"},
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
    return d->columns.n
               ? dump_columns(ctx, &d->dump, d->columns.word, d->columns.n)
               : default_columns(ctx, d);
}

static void fini(struct adele *ctx, void *self)
{
    struct dump_dataset *d = self;
    dataset_close(NULL, d->set);
    mem_free(d->current);
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
    d->set = dataset_create(ctx, current, name, n, again || d->dump.append,
                            &d->dump.head.where, d->dump.head.text);
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

static int measure(struct adele *ctx, struct dump_dataset *d,
                   struct dataset_frame *f, double *value)
{
    unsigned gives = forces_gives(ctx) & (NEED_ENERGY | NEED_MU);
    int status = gives ? forces_require(ctx, gives) : ADELE_OK;
    f->step = ctx->step;
    f->time = ctx->time;
    f->energy = !status && gives & NEED_ENERGY ? pair_energy(ctx->forces) : NAN;
    f->mu = !status && gives & NEED_MU ? ctx->forces->mu : NAN;
    f->value = value;
    for (int k = 0; !status && k < d->dump.ncolumn; k++)
        status = column_values(ctx, d, k, value + k * ctx->lat->nlocal);
    return status;
}

static int write(struct adele *ctx, struct dump *dump, const char *path)
{
    struct dump_dataset *d = (struct dump_dataset *)(void *)dump;
    size_t n = (size_t)ctx->lat->nlocal;
    struct dataset_frame frame;
    double *value = mem_alloc(n, (size_t)dump->ncolumn * sizeof *value);
    int status = value ? measure(ctx, d, &frame, value)
                       : err_memory(ctx, "a dataset frame",
                                    (double)n * dump->ncolumn * 8);
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

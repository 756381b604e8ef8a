/* Samples from dataset files: see plug/samples.h.

   Everything is held in memory in double precision: 600 frames of 40x40 sites
   with ten chemical potentials are 92 MB. */

#include "plug/samples.h"

#include <glob.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "base/sha256.h"
#include "plug/dataset.h"
#include "plug/samples_file.h"
#include "plug/setting.h"

/* Blocks of numbers, fields and the names of components. */
struct store {
    double **block;
    struct field **field;
    int nblock, nfield, block_capacity, field_capacity;
    struct component component[MODEL_COMPONENT_MAX];
    char *columns; /* of the first file */
    uint64_t clock;
};

struct reader {
    struct adele *ctx;
    struct samples *s;
    struct store *store;
    const struct word *word; /* that named the file */
    struct word file;        /* its name, at the place of that word */
    struct samples_head head;
    struct dataset *set;
    struct lattice *lat;
    double *mu;   /* [nmu] */
    double *lead; /* [nlead][3] */
};

static int fail_memory(struct reader *r, double bytes)
{
    return err_memory(r->ctx, "configurations", bytes);
}

static double *new_block(struct reader *r, int64_t n)
{
    struct store *t = r->store;
    double *b = mem_alloc((size_t)n, sizeof *b);
    if (!b || list_reserve(&t->block, t->nblock, &t->block_capacity)) {
        mem_free(b);
        fail_memory(r, 8.0 * (double)n);
        return NULL;
    }
    return t->block[t->nblock++] = b;
}

static struct field *new_field(struct reader *r, int ncomp)
{
    struct store *t = r->store;
    struct field *f = field_new(r->lat, ncomp, &t->clock);
    if (!f || list_reserve(&t->field, t->nfield, &t->field_capacity)) {
        field_free(f);
        fail_memory(r, 8.0 * (double)r->lat->nsite);
        return NULL;
    }
    return t->field[t->nfield++] = f;
}

void samples_free(struct samples *s)
{
    if (!s)
        return;
    struct store *t = s->store;
    for (int k = 0; t && k < t->nblock; k++)
        mem_free(t->block[k]);
    for (int k = 0; t && k < t->nfield; k++)
        field_free(t->field[k]);
    if (t) {
        mem_free(t->block);
        mem_free(t->field);
        mem_free(t->columns);
    }
    mem_free(t);
    for (int k = 0; k < s->nlattice; k++)
        lattice_free(s->lattice[k]);
    mem_free(s->lattice);
    for (int k = 0; k < s->nfile; k++) {
        mem_free(s->file[k]);
        mem_free(s->hash[k]);
    }
    mem_free(s->file);
    mem_free(s->hash);
    mem_free(s->frames);
    mem_free(s->item);
    mem_free(s->mixed);
    samples_origin_free(&s->origin);
    mem_free(s);
}

/* Lattices. */

static int find_lattice(struct reader *r)
{
    struct samples *s = r->s;
    const char *why;
    for (int k = 0; k < s->nlattice; k++) {
        if (!memcmp(s->lattice[k]->n, r->head.n, sizeof r->head.n)) {
            r->lat = s->lattice[k];
            return 0;
        }
    }
    struct lattice **grown =
        mem_resize(s->lattice, (size_t)s->nlattice + 1, sizeof(void *));
    if (!grown)
        return fail_memory(r, 64);
    s->lattice = grown;
    r->lat =
        lattice_new(&r->head.shape, r->head.n, r->head.origin.periodic, &why);
    if (!r->lat)
        return err_deck(r->ctx, &r->file.where, "'%s': %s", r->file.text, why);
    s->lattice[s->nlattice++] = r->lat;
    return 0;
}

/* Files. */

static int add_file(struct reader *r, const char *path)
{
    struct samples *s = r->s;
    size_t n = (size_t)s->nfile + 1;
    char hash[SHA256_TEXT];
    char **file = mem_resize(s->file, n, sizeof *file);
    s->file = file ? file : s->file;
    char **hashes = mem_resize(s->hash, n, sizeof *hashes);
    s->hash = hashes ? hashes : s->hash;
    int64_t *frames = mem_resize(s->frames, n, sizeof *frames);
    s->frames = frames ? frames : s->frames;
    if (!file || !hashes || !frames)
        return fail_memory(r, 64);
    for (int k = 0; k < s->nfile; k++) {
        if (!strcmp(s->file[k], path))
            return err_deck(r->ctx, &r->word->where, "'%s' is given twice",
                            path);
    }
    int error = sha256_file(path, hash);
    if (error)
        return err_deck(r->ctx, &r->word->where, "cannot read '%s': %s", path,
                        strerror(error));
    s->file[s->nfile] = mem_strdup(path);
    s->hash[s->nfile] = mem_strdup(hash);
    s->frames[s->nfile] = 0;
    s->nfile++;
    return s->file[n - 1] && s->hash[n - 1] ? 0 : fail_memory(r, 64);
}

/* What the first file says is what all must say. */
static int take_first(struct reader *r)
{
    struct samples *s = r->s;
    const struct potential_origin *o = &r->head.origin;
    if (samples_origin_copy(o, &s->origin) ||
        !(r->store->columns = mem_strdup(r->head.columns)))
        return fail_memory(r, 256);
    s->origin.mu_low = INFINITY;
    s->origin.mu_high = -INFINITY;
    struct adele *setting = setting_new(r->ctx, o, r->lat, &r->file.where);
    if (!setting)
        return r->ctx->error.status;
    s->ncomp = setting->model->ncomp;
    memcpy(r->store->component, setting->model->component,
           sizeof r->store->component);
    setting_free(setting);
    for (int c = 0; c < s->ncomp; c++) {
        const char *name = r->store->component[c].displacement;
        if (!samples_has_column(&r->head, name))
            return err_deck(r->ctx, &r->file.where,
                            "cannot use '%s': it has no column %s",
                            r->file.text, name);
    }
    return 0;
}

static int compare(struct reader *r)
{
    struct samples *s = r->s;
    const struct potential_origin *o = &r->head.origin;
    const char *first = s->file[0], *here = r->file.text;
    const struct where *where = &r->file.where;
    if (samples_match(r->ctx, &s->origin, first, o, here, where))
        return r->ctx->error.status;
    if (strcmp(r->store->columns, r->head.columns))
        return err_deck(r->ctx, where,
                        "data that do not belong together: the columns are"
                        "%sin %s and%sin %s",
                        r->store->columns, first, r->head.columns, here);
    for (int axis = 0; axis < 3; axis++) {
        int *cells = s->origin.cells[axis], n = o->cells[axis][0];
        cells[0] = n < cells[0] ? n : cells[0];
        cells[1] = n > cells[1] ? n : cells[1];
    }
    if (o->pair_error > s->origin.pair_error)
        s->origin.pair_error = o->pair_error;
    if (s->mixed || o->leads.n > 0 ||
        (o->electrons == s->origin.electrons &&
         (o->electrons == ELECTRONS_MIDGAP ||
          o->electrons_value == s->origin.electrons_value)))
        return 0;
    /* Kept for those who cannot mix; the words are those of the error. */
    samples_electrons(r->ctx, &s->origin, first, o, here, where);
    s->mixed = mem_strdup(r->ctx->error.message ? r->ctx->error.message : "");
    error_clear(r->ctx);
    return s->mixed ? 0 : fail_memory(r, 64);
}

/* Frames. */

static const double *read_columns(struct reader *r, int64_t frame, int n,
                                  const char *const *name)
{
    int64_t nsite = r->lat->nsite;
    double *block = new_block(r, n * nsite);
    for (int c = 0; block && c < n; c++) {
        struct word column = {.text = (char *)name[c], .where = r->file.where};
        if (dataset_column(r->ctx, r->set, frame, &column, block + c * nsite))
            return NULL;
    }
    return block;
}

static int read_displacement(struct reader *r, int64_t frame, struct sample *to)
{
    int64_t n = r->lat->nsite;
    int ncomp = r->s->ncomp;
    to->q = new_field(r, ncomp);
    double *column = mem_alloc((size_t)n, sizeof *column);
    int status = !to->q || !column ? fail_memory(r, 8.0 * (double)n) : 0;
    for (int c = 0; !status && c <= ncomp; c++) {
        bool onsite = c == ncomp;
        struct word name = {
            .text = onsite ? (char *)"onsite"
                           : (char *)r->store->component[c].displacement,
            .where = r->file.where};
        if (onsite && !samples_has_column(&r->head, "onsite"))
            break;
        status = dataset_column(r->ctx, r->set, frame, &name, column);
        if (!status && onsite && !(to->onsite = new_field(r, 1)))
            status = r->ctx->error.status;
        if (!status)
            field_scatter(onsite ? to->onsite : to->q, onsite ? 0 : c, column);
    }
    mem_free(column);
    return status;
}

static int read_targets(struct reader *r, int64_t frame, struct sample *to)
{
    const char *force[MODEL_COMPONENT_MAX], *density[] = {"n"};
    bool all = true;
    for (int c = 0; c < r->s->ncomp; c++) {
        force[c] = r->store->component[c].force;
        all = all && samples_has_column(&r->head, force[c]);
    }
    if (all && !(to->force = read_columns(r, frame, r->s->ncomp, force)))
        return r->ctx->error.status;
    if (samples_has_column(&r->head, "n") &&
        !(to->density = read_columns(r, frame, 1, density)))
        return r->ctx->error.status;
    if (!to->force && !to->density)
        return err_deck(r->ctx, &r->file.where,
                        "cannot use '%s': it has neither forces nor densities",
                        r->file.text);
    return 0;
}

/* The leads of a frame; gamma and temp must not change. */
static int read_leads(struct reader *r, int64_t frame, struct sample *to)
{
    struct lead_list *leads = &r->s->origin.leads;
    if (leads->n == 0)
        return 0;
    double *mu = new_block(r, leads->n);
    if (!mu || dataset_lead(r->ctx, r->set, frame, r->lead))
        return r->ctx->error.status;
    for (int k = 0; k < leads->n; k++) {
        struct lead_record *l = &leads->item[k];
        double gamma = r->lead[3 * k], temp = r->lead[3 * k + 2];
        mu[k] = r->lead[3 * k + 1];
        if (gamma != l->gamma || temp != l->temp)
            return err_deck(r->ctx, &r->file.where,
                            "data that do not belong together: lead %s has "
                            "gamma %.10g and temp %.10g at step %lld of %s, "
                            "%.10g and %.10g before; only its mu may change",
                            l->id, gamma, temp, (long long)to->step,
                            r->file.text, l->gamma, l->temp);
        l->mu[0] = fmin(l->mu[0], mu[k]);
        l->mu[1] = fmax(l->mu[1], mu[k]);
    }
    to->lead_mu = mu;
    return 0;
}

static int read_grid(struct reader *r, int64_t frame, const struct sample *own)
{
    struct samples *s = r->s;
    int nmu = dataset_nmu(r->set);
    int64_t n = r->lat->nsite;
    double *block = nmu ? new_block(r, nmu * n) : NULL;
    if (nmu && (!block || dataset_mu_grid(r->ctx, r->set, frame, r->mu)))
        return r->ctx->error.status;
    for (int k = 0; k < nmu; k++) {
        struct sample *to = &s->item[s->n];
        *to = *own;
        to->grid = k + 1;
        to->mu = r->mu[k];
        to->force = NULL;
        to->energy = NAN;
        to->density = block + k * n;
        if (dataset_density_at(r->ctx, r->set, frame, k, block + k * n))
            return r->ctx->error.status;
        s->n++;
    }
    return 0;
}

static int read_frame(struct reader *r, int64_t frame)
{
    struct samples *s = r->s;
    struct sample *to = &s->item[s->n];
    *to = (struct sample){.file = s->nfile - 1,
                          .frame = frame,
                          .electrons = r->head.origin.electrons};
    if (dataset_head(r->ctx, r->set, frame, &to->step, &to->time) ||
        dataset_energy(r->ctx, r->set, frame, &to->energy, &to->mu) ||
        read_displacement(r, frame, to) || read_targets(r, frame, to) ||
        read_leads(r, frame, to))
        return r->ctx->error.status;
    s->n++;
    if (read_grid(r, frame, to))
        return r->ctx->error.status;
    for (const struct sample *k = to; k < &s->item[s->n]; k++) {
        s->origin.mu_low = fmin(s->origin.mu_low, k->mu);
        s->origin.mu_high = fmax(s->origin.mu_high, k->mu);
    }
    return 0;
}

static int read_frames(struct reader *r)
{
    struct samples *s = r->s;
    int64_t frames = dataset_frames(r->set);
    int nmu = dataset_nmu(r->set);
    size_t n = (size_t)(s->n + frames * (1 + nmu));
    struct sample *grown = mem_resize(s->item, n, sizeof *grown);
    double *mu = mem_resize(r->mu, (size_t)nmu, sizeof *mu);
    size_t nlead = 3 * (size_t)r->head.origin.leads.n;
    double *lead = mem_resize(r->lead, nlead + 1, sizeof *lead);
    r->lead = lead ? lead : r->lead;
    s->item = grown ? grown : s->item;
    r->mu = mu ? mu : r->mu;
    if (!grown || !mu || !lead)
        return fail_memory(r, (double)n * sizeof *grown);
    s->frames[s->nfile - 1] = frames;
    for (int64_t k = 0; k < frames; k++)
        if (read_frame(r, k))
            return r->ctx->error.status;
    return 0;
}

static int read_set(struct reader *r)
{
    if (samples_head_read(r->ctx, r->set, &r->file, &r->head) ||
        find_lattice(r) || (r->s->nfile == 1 ? take_first(r) : compare(r)))
        return r->ctx->error.status;
    return read_frames(r);
}

static int read_file(struct reader *r, const char *path)
{
    if (!dataset_is(path))
        return err_deck(r->ctx, &r->word->where,
                        "cannot use '%s': it is no HDF5 file of dump dataset",
                        path);
    if (add_file(r, path))
        return r->ctx->error.status;
    r->file = (struct word){.text = r->s->file[r->s->nfile - 1],
                            .where = r->word->where};
    r->set = dataset_open(r->ctx, path, &r->word->where);
    int status = r->set ? read_set(r) : r->ctx->error.status;
    samples_head_free(&r->head);
    dataset_close(NULL, r->set);
    r->set = NULL;
    return status;
}

static int read_pattern(struct reader *r)
{
    glob_t found;
    int error = glob(r->word->text, 0, NULL, &found);
    int status = 0;
    if (error == GLOB_NOSPACE)
        return fail_memory(r, 4096);
    if (error)
        return err_deck(r->ctx, &r->word->where, "no file '%s'", r->word->text);
    for (size_t k = 0; !status && k < found.gl_pathc; k++)
        status = read_file(r, found.gl_pathv[k]);
    globfree(&found);
    return status;
}

struct samples *samples_open(struct adele *ctx, const struct word *file,
                             int nfile)
{
    struct samples *s = mem_zalloc(1, sizeof *s);
    struct store *store = mem_zalloc(1, sizeof *store);
    struct reader r = {.ctx = ctx, .s = s, .store = store};
    int status = 0;
    if (!s || !store) {
        mem_free(s);
        mem_free(store);
        err_memory(ctx, "configurations", sizeof *s);
        return NULL;
    }
    s->store = store;
    for (int k = 0; !status && k < nfile; k++) {
        r.word = &file[k];
        status = read_pattern(&r);
    }
    mem_free(r.mu);
    mem_free(r.lead);
    if (!status && s->n == 0)
        status = err_deck(ctx, nfile ? &file[0].where : NULL,
                          "the data files hold no frame");
    if (!status && s->mixed)
        s->origin.electrons = ELECTRONS_NONE;
    if (!status && s->origin.leads.n > 0) {
        s->origin.mu_low = s->origin.mu_high = 0;
        s->origin.temp = s->origin.leads.item[0].temp;
    }
    if (!status)
        return s;
    samples_free(s);
    return NULL;
}

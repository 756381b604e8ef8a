/* What the cavity method says of a site: densities of the tree around it with
   1, 2, .. shells, and of a cluster embedded in it [AbouChacra1973],
   elec/cavity.h, and the on-site energy on several scales.  Features of site i:

       v_i, tanh(v_i/w) for each width w, n - 1/2 without hopping, with 1 ..
       iterations + 1 shells, of the cluster and, with `stiffness yes`,
       dn_i/dmu_i of the tree

   v is the displacement with the chemical potential in it (mu: shift); widths
   are in its units.  All but the stiffness are odd under v -> -v on bipartite
   lattices.  A density network only corrects the density of the cluster, which is
   right by itself where neighbours differ by much more than t.

       descriptor: {style: cavity, iterations: 2, radius: 1.5, widths: [0.2]} */

#include <math.h>

#include "base/mem.h"
#include "elec/cavity.h"
#include "plug/args.h"
#include "plug/descriptor.h"
#include "plug/model.h"

enum { SETS = 4 };

struct descriptor_cavity {
    struct descriptor descriptor;
    int64_t iterations;
    struct arg_list widths;
    bool stiffness;
    double radius, tol;
    double *width;
    double hopping, scale, temp; /* on-site energy: scale * v */
    /* Poles by rung of the bound, 2^(rung/2). */
    struct {
        int rung;
        struct poles fit;
    } set[SETS];
    int next;
};

static const struct arg args[] = {
    {ARG_INT, "iterations", AT(struct descriptor_cavity, iterations),
     .key = true, .def = "2", .min = 0, .max = CAVITY_ITERATIONS,
     .bounded = true, .doc = "shells of the tree, beyond the first"},
    {ARG_NUMBER, "radius", AT(struct descriptor_cavity, radius), .key = true,
     .def = "1.5", .nonnegative = true,
     .doc = "of the cluster that is solved exactly; 0: the tree alone"},
    {ARG_LIST, "widths", AT(struct descriptor_cavity, widths), .key = true,
     .syntax = "w ...", .doc = "scales of v that are resolved, each > 0"},
    {ARG_BOOL, "stiffness", AT(struct descriptor_cavity, stiffness),
     .key = true, .def = "no", .doc = "how the density of the tree changes"},
    {ARG_NUMBER, "tol", AT(struct descriptor_cavity, tol), .key = true,
     .def = "1e-7", .positive = true,
     .doc = "error of the Fermi function in the densities"},
    {0}};

static int init(struct adele *ctx, void *self)
{
    struct descriptor_cavity *d = self;
    d->width = mem_alloc((size_t)d->widths.n, sizeof *d->width);
    if (!d->width)
        return err_memory(ctx, "widths", d->widths.n * 8.0);
    for (int k = 0; k < d->widths.n; k++) {
        const struct word *w = &d->widths.word[k];
        if (arg_number(ctx, w, "descriptor cavity", &d->width[k]))
            return ctx->error.status;
        if (!(d->width[k] > 0))
            return err_deck(ctx, &w->where,
                            "descriptor cavity: a width must be > 0, not %s",
                            w->text);
    }
    return 0;
}

static void fini(struct adele *ctx, void *self)
{
    (void)ctx;
    mem_free(((struct descriptor_cavity *)self)->width);
}

/* The model's on-site energy and hopping; only models whose electrons see the
   displacement through on-site energies alone have them. */
static int electrons_of(struct adele *ctx, struct descriptor_cavity *d)
{
    const struct where *where = &d->descriptor.head.where;
    const struct model_style *style =
        (const struct model_style *)ctx->model->head.style;
    const double *t = model_parameter(ctx->model, "t");
    double shift[MODEL_COMPONENT_MAX];
    if (!style->mu_shift || ctx->model->ncomp != 1 || !t)
        return err_deck(ctx, where,
                        "descriptor cavity needs a model with a scalar "
                        "displacement in its on-site energies (holstein); "
                        "model %s has none", style->style.name);
    if (style->mu_shift(ctx, ctx->model, shift))
        return ctx->error.status;
    if (!(ctx->electrons.temp > 0))
        return err_deck(ctx, where,
                        "descriptor cavity needs electrons with temp > 0");
    d->hopping = *t;
    d->scale = -1 / shift[0];
    d->temp = ctx->electrons.temp;
    return 0;
}

static int setup(struct adele *ctx, struct descriptor *self,
                 const struct lattice_shape *shape, int ncomp, bool vector)
{
    struct descriptor_cavity *d = (struct descriptor_cavity *)self;
    const int some[3] = {8, shape->dim > 1 ? 8 : 1, shape->dim > 2 ? 8 : 1};
    const bool periodic[3] = {true, true, true};
    const char *why = "";
    struct cavity c;
    (void)ncomp, (void)vector;
    if (electrons_of(ctx, d))
        return ctx->error.status;
    struct lattice *lat = lattice_new(shape, some, periodic, &why);
    int status = lat ? cavity_init(&c, lat, d->hopping, (int)d->iterations,
                                   d->radius)
                     : -1;
    lattice_free(lat);
    if (status == -2)
        return err_deck(ctx, &self->head.where,
                        "descriptor cavity: a site has more than %d nearest "
                        "neighbours", CAVITY_TAPS);
    if (status == -3)
        return err_deck(ctx, &self->head.where,
                        "descriptor cavity: the cluster of radius %g has more "
                        "than %d sites", d->radius, CAVITY_SITES);
    if (status)
        return err_memory(ctx, "descriptor cavity", 0);
    for (int i = 0; i < 3; i++)
        self->halo[i] = c.halo[i];
    self->radius = (double)d->iterations + 1 + d->radius;
    self->nfeature = 1 + d->widths.n + cavity_columns(&c) - !d->stiffness;
    self->base = 1 + d->widths.n + (int)d->iterations + 3;
    self->smooth = true;
    cavity_fini(&c);
    return 0;
}

/* Poles that hold up to `bound`, of those fitted before where there are. */
static const struct poles *poles_for(struct descriptor_cavity *d, double bound)
{
    int rung = (int)ceil(2 * log2(fmax(bound, 8)));
    for (int k = 0; k < SETS; k++)
        if (d->set[k].fit.n > 0 && d->set[k].rung == rung)
            return &d->set[k].fit;
    int k = d->next;
    if (poles_fit(exp2(0.5 * rung), d->tol, &d->set[k].fit))
        d->set[k].fit.n = 0;
    d->set[k].rung = rung;
    d->next = (k + 1) % SETS;
    return d->set[k].fit.n > 0 ? &d->set[k].fit : NULL;
}

static void row(const struct descriptor_cavity *d, double v, const double *n,
                int columns, double *x)
{
    *x++ = v;
    for (int k = 0; k < d->widths.n; k++)
        *x++ = tanh(v / d->width[k]);
    for (int k = 0; k < columns - !d->stiffness; k++)
        *x++ = n[k];
}

static int whole(const struct descriptor *self, const struct field *q,
                 int nthread, double *x)
{
    struct descriptor_cavity *d = (struct descriptor_cavity *)self;
    struct cavity c;
    int64_t nsite = q->lat->nlocal;
    int nx = q->lat->local[0], nb = q->lat->shape.nbasis;
    if (cavity_init(&c, q->lat, d->hopping, (int)d->iterations, d->radius))
        return -1;
    int columns = cavity_columns(&c), status = -1;
    const struct poles *poles =
        poles_for(d, cavity_bound(&c, q, d->scale, 0, d->temp));
    double *n = mem_alloc((size_t)(nsite * columns), sizeof *n);
    if (n && poles)
        status = cavity_densities(&c, q, d->scale, 0, d->temp, poles, nthread, n);
    cavity_fini(&c);
    if (!status)
#pragma omp parallel for schedule(static) num_threads(nthread)
        for (int64_t i = 0; i < nsite; i++) {
            int64_t cell = i / nb;
            ptrdiff_t at = field_row(q, cell / nx) + cell % nx;
            row(d, field_read(q, 0, (int)(i % nb))[at], n + i * columns,
                columns, x + i * self->nfeature);
        }
    mem_free(n);
    return status;
}

const struct descriptor_style descriptor_cavity = {
    .style = {STYLE_HEAD(descriptor, "cavity", struct descriptor_cavity),
              .summary = "densities of a cluster around the site, in a tree",
              .cite = "AbouChacra1973", .args = args, .init = init,
              .fini = fini},
    .setup = setup,
    .whole = whole};

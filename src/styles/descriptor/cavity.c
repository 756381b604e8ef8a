/* What the cavity method says of a site: densities of the tree around it with
   1, 2, .. shells, and of a cluster embedded in it [AbouChacra1973],
   elec/cavity.h, and the on-site energy on several scales.  Features of site i:

       v_i, tanh(v_i/w) for each width w, n - 1/2 without hopping, with 1 ..
       iterations + 1 shells, of the cluster and, with `stiffness yes`,
       dn_i/dmu_i of the tree

   v is the displacement with the chemical potential in it (mu: shift); widths
   are in its units.  All but the stiffness are odd under v -> -v on bipartite
   lattices.  A density network only corrects the density of the cluster, which
   is right by itself where neighbours differ by much more than t.

       descriptor: {style: cavity, iterations: 2, radius: 1.5, widths: [0.2]} */

#include <math.h>
#include <stdatomic.h>
#include <string.h>

#include "base/mem.h"
#include "base/parallel.h"
#include "elec/cavity.h"
#include "ml/activation.h"
#include "plug/args.h"
#include "plug/descriptor.h"
#include "plug/model.h"

/* What is kept from call to call, for lattices of one size. */
struct memory {
    int n[3], local[3];
    bool periodic[3];
    struct cavity cavity;
    struct cavity_work *work;
    struct cavity_poles poles;
};

struct descriptor_cavity {
    struct descriptor descriptor;
    int64_t iterations;
    struct arg_list widths;
    bool stiffness;
    int precision;
    double radius, tol, cut;
    double *width;
    double hopping, scale, temp; /* on-site energy: scale * v */
    struct memory *memory;
    atomic_flag busy; /* of the memory: a second call at once has its own */
};

static const char *const precisions[] = {"single", "double", NULL};

static const struct arg args[] = {
    {ARG_INT, "iterations", AT(struct descriptor_cavity, iterations),
     .key = true, .def = "2", .min = 0, .max = CAVITY_ITERATIONS,
     .bounded = true, .doc = "shells of the tree, beyond the first"},
    {ARG_NUMBER, "radius", AT(struct descriptor_cavity, radius), .key = true,
     .def = "2.3", .nonnegative = true,
     .doc = "of the cluster that is solved exactly; 0: the tree alone"},
    {ARG_LIST, "widths", AT(struct descriptor_cavity, widths), .key = true,
     .syntax = "w ...", .doc = "scales of v that are resolved, each > 0"},
    {ARG_BOOL, "stiffness", AT(struct descriptor_cavity, stiffness),
     .key = true, .def = "no", .doc = "how the density of the tree changes"},
    {ARG_NUMBER, "tol", AT(struct descriptor_cavity, tol), .key = true,
     .def = "1e-5", .positive = true,
     .doc = "error of the Fermi function in the densities"},
    {ARG_NUMBER, "cut", AT(struct descriptor_cavity, cut), .key = true,
     .def = "1e-3", .nonnegative = true,
     .doc = "smaller clusters serve at the poles where a density of the "
            "uniform lattice changes by less"},
    {ARG_CHOICE, "precision", AT(struct descriptor_cavity, precision),
     .key = true, .def = "single", .choice = precisions,
     .doc = "of the arithmetic"},
    {0}};

static int init(struct adele *ctx, void *self)
{
    struct descriptor_cavity *d = self;
    atomic_flag_clear(&d->busy);
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

static void memory_free(struct memory *m)
{
    if (!m)
        return;
    cavity_work_free(m->work);
    cavity_fini(&m->cavity);
    mem_free(m);
}

static void fini(struct adele *ctx, void *self)
{
    struct descriptor_cavity *d = self;
    (void)ctx;
    memory_free(d->memory);
    mem_free(d->width);
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
                        "model %s has none",
                        style->style.name);
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
    int status =
        lat ? cavity_init(&c, lat, d->hopping, (int)d->iterations, d->radius)
            : -1;
    lattice_free(lat);
    if (status == -2)
        return err_deck(ctx, &self->head.where,
                        "descriptor cavity: a site has more than %d nearest "
                        "neighbours",
                        CAVITY_TAPS);
    if (status == -3)
        return err_deck(ctx, &self->head.where,
                        "descriptor cavity: the cluster of radius %g has more "
                        "than %d sites",
                        d->radius, CAVITY_SITES);
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

static bool fits(const struct memory *m, const struct lattice *lat)
{
    return m && memcmp(m->n, lat->n, sizeof m->n) == 0 &&
           memcmp(m->local, lat->local, sizeof m->local) == 0 &&
           memcmp(m->periodic, lat->periodic, sizeof m->periodic) == 0;
}

static struct memory *memory_new(const struct descriptor_cavity *d,
                                 const struct lattice *lat)
{
    struct memory *m = mem_zalloc(1, sizeof *m);
    if (!m)
        return NULL;
    memcpy(m->n, lat->n, sizeof m->n);
    memcpy(m->local, lat->local, sizeof m->local);
    memcpy(m->periodic, lat->periodic, sizeof m->periodic);
    if (cavity_init(&m->cavity, lat, d->hopping, (int)d->iterations,
                    d->radius) == 0)
        m->work = cavity_work_new(&m->cavity, lat, d->precision == 0);
    if (m->work)
        return m;
    memory_free(m);
    return NULL;
}

enum { PIECE = 64 };

/* tanh(v/width) of n <= PIECE sites. */
static void resolve(const struct descriptor_cavity *d, double width,
                    const double *v, int n, double *x, ptrdiff_t stride)
{
    double inverse = 1 / width;

    if (d->precision == 0) {
        float scaled[PIECE], value[PIECE];

        for (int i = 0; i < n; i++)
            scaled[i] = (float)(v[i] * inverse);
        activation_value(ACTIVATION_TANH, PRECISION_SINGLE, (size_t)n, scaled,
                         value);
        for (int i = 0; i < n; i++)
            x[i * stride] = (double)value[i];
    } else {
        double scaled[PIECE], value[PIECE];

        for (int i = 0; i < n; i++)
            scaled[i] = v[i] * inverse;
        activation_value(ACTIVATION_TANH, PRECISION_DOUBLE, (size_t)n, scaled,
                         value);
        for (int i = 0; i < n; i++)
            x[i * stride] = value[i];
    }
}

/* v and its functions, n sites of one row and sublattice. */
static void local_features(const struct descriptor_cavity *d, const double *v,
                           int n, double *x, ptrdiff_t stride)
{
    for (int from = 0; from < n; from += PIECE) {
        int m = n - from < PIECE ? n - from : PIECE;
        double *to = x + from * stride;

        for (int i = 0; i < m; i++)
            to[i * stride] = v[from + i];
        for (int k = 0; k < d->widths.n; k++)
            resolve(d, d->width[k], v + from, m, to + 1 + k, stride);
    }
}

static int features(const struct descriptor_cavity *d, struct memory *m,
                    const struct field *q, int nthread, double *x)
{
    int nf = d->descriptor.nfeature, nx = q->lat->local[0];
    int nb = q->lat->shape.nbasis;
    double bound = cavity_bound(&m->cavity, q, d->scale, 0, d->temp);
    struct cavity_electrons e = {.scale = d->scale,
                                 .temp = d->temp,
                                 .poles =
                                     cavity_poles(&m->poles, bound, d->tol),
                                 .cut = d->cut};
    if (!e.poles || cavity_densities(m->work, q, &e, nthread,
                                     cavity_columns(&m->cavity) - !d->stiffness,
                                     x + 1 + d->widths.n, nf))
        return -1;
#pragma omp parallel for schedule(static)                                      \
    num_threads(nthread) if (nthread > 1 && q->lat->nlocal >= PARALLEL_MIN)
    for (int64_t r = 0; r < field_nrow(q); r++)
        for (int b = 0; b < nb; b++)
            local_features(d, field_read(q, 0, b) + field_row(q, r), nx,
                           x + (r * nx * nb + b) * nf, (ptrdiff_t)nb * nf);
    return 0;
}

static int whole(const struct descriptor *self, const struct field *q,
                 int nthread, double *x)
{
    struct descriptor_cavity *d = (struct descriptor_cavity *)self;
    if (atomic_flag_test_and_set(&d->busy)) {
        struct memory *own = memory_new(d, q->lat);
        int status = own ? features(d, own, q, nthread, x) : -1;
        memory_free(own);
        return status;
    }
    if (!fits(d->memory, q->lat)) {
        memory_free(d->memory);
        d->memory = memory_new(d, q->lat);
    }
    int status = d->memory ? features(d, d->memory, q, nthread, x) : -1;
    atomic_flag_clear(&d->busy);
    return status;
}

const struct descriptor_style descriptor_cavity = {
    .style = {STYLE_HEAD(descriptor, "cavity", struct descriptor_cavity),
              .summary = "densities of a cluster around the site, in a tree",
              .cite = "AbouChacra1973", .args = args, .init = init,
              .fini = fini},
    .setup = setup,
    .whole = whole};

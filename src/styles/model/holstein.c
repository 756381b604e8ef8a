/* Holstein model: electrons on the sites of any lattice, each coupled to a
   scalar distortion q_i [Cheng2023]:

       H = -t sum_<ij> (c+_i c_j + h.c.) - g sum_i (n_i - 1/2) q_i
           + sum_i [m v_i^2/2 + k q_i^2/2] + kappa sum_<ij> q_i q_j

       F_i = -k q_i - kappa sum_nn q_j + g (n_i - 1/2)

   with nearest-neighbour bonds <ij>.  The hopping sets the unit of energy, q is
   a pure number.

       model holstein t 1.0 g 3.5 k 1.0 kappa 0.18 mass 1.0 */

#include "base/mem.h"
#include "base/parallel.h"
#include "base/sum.h"
#include "plug/args.h"
#include "plug/model.h"

enum { NEIGHBOUR_MAX = 32, ROW_PIECE = 512 };

struct holstein {
    struct model model;
    double t, g, k, kappa;
    double *row_energy; /* [nbasis * rows] */
    int64_t nrow;
    bool warned; /* of an elastic energy without lower bound */
};

static const struct arg args[] = {
    {ARG_NUMBER, "t", AT(struct holstein, t), .key = true, .def = "1.0",
     .unit = "energy", .doc = "hopping between nearest neighbours"},
    {ARG_NUMBER, "g", AT(struct holstein, g), .key = true, .required = true,
     .unit = "energy", .doc = "coupling of density and distortion"},
    {ARG_NUMBER, "k", AT(struct holstein, k), .key = true, .def = "1.0",
     .unit = "energy", .doc = "stiffness of the distortion"},
    {ARG_NUMBER, "kappa", AT(struct holstein, kappa), .key = true,
     .def = "0.0", .unit = "energy",
     .doc = "elastic coupling of nearest neighbours"},
    {ARG_NUMBER, "mass", AT(struct holstein, model.mass), .key = true,
     .def = "1.0", .positive = true, .unit = "energy*time^2",
     .doc = "mass of the distortion"},
    {0}};

static int holstein_init(struct adele *ctx, void *self)
{
    struct model *m = self;
    (void)ctx;
    m->ncomp = 1;
    m->component[0] = (struct component){"q", "vq", "fq"};
    return 0;
}

static void holstein_fini(struct adele *ctx, void *self)
{
    struct holstein *h = self;
    (void)ctx;
    mem_free(h->row_energy);
}

static int holstein_changed(struct adele *ctx, struct model *m)
{
    struct holstein *h = (struct holstein *)m;
    double least = lattice_elastic_minimum(ctx->lat, h->k, h->kappa);
    if (least > 0 || h->warned)
        return 0;
    h->warned = true;
    log_warning(&ctx->log,
                "model holstein: the elastic energy is not stable (k = %g and "
                "kappa = %g: the smallest eigenvalue of its matrix is %g)",
                h->k, h->kappa, least);
    return 0;
}

static int holstein_setup(struct adele *ctx, struct model *m)
{
    struct holstein *h = (struct holstein *)m;
    const struct lattice *lat = ctx->lat;
    int64_t rows = (int64_t)lat->local[1] * lat->local[2] * lat->shape.nbasis;
    for (int b = 0; b < lat->shape.nbasis; b++) {
        if (lat->nearest.n[b] > NEIGHBOUR_MAX)
            return err_deck(ctx, &m->head.where,
                            "model holstein takes at most %d nearest "
                            "neighbours, a site of lattice %s has %d",
                            NEIGHBOUR_MAX, lat->shape.name, lat->nearest.n[b]);
    }
    for (int axis = 0; axis < 3; axis++)
        m->halo[axis] = lat->nearest.reach[axis];
    if (h->nrow != rows) {
        double *p = mem_resize(h->row_energy, (size_t)rows, sizeof *p);
        if (!p)
            return err_memory(ctx, "model holstein", 8.0 * (double)rows);
        h->row_energy = p;
        h->nrow = rows;
    }
    return holstein_changed(ctx, m);
}

static int holstein_bonds(struct adele *ctx, struct model *m, struct terms *t)
{
    (void)m;
    if (terms_add_stencil(t, ctx->lat, &ctx->lat->nearest, 0))
        return err_memory(ctx, "the bonds of the lattice",
                          (double)sizeof(struct bond) * (double)t->nbond);
    return 0;
}

static int holstein_values(struct adele *ctx, struct model *m, struct terms *t)
{
    const struct holstein *h = (const struct holstein *)m;
    field_gather(ctx->state.displacement, 0, t->onsite);
    t->constant = 0.5 * h->g * sum_array(t->onsite, t->nsite);
    for (int64_t i = 0; i < t->nsite; i++)
        t->onsite[i] *= -h->g;
    for (int64_t b = 0; b < t->nbond; b++)
        t->hopping[b] = -h->t;
    return 0;
}

static void row_start(const double *restrict q, double *restrict f, int n,
                      double k)
{
#pragma omp simd
    for (int x = 0; x < n; x++)
        f[x] = -k * q[x];
}

/* The same with the first two neighbours: one pass over f less. */
static void row_start_two(const double *restrict q, const double *restrict a,
                          const double *restrict b, double *restrict f, int n,
                          double k, double kappa)
{
#pragma omp simd
    for (int x = 0; x < n; x++)
        f[x] = -k * q[x] - kappa * (a[x] + b[x]);
}

static void row_one(const double *restrict a, double *restrict f, int n,
                    double kappa)
{
#pragma omp simd
    for (int x = 0; x < n; x++)
        f[x] -= kappa * a[x];
}

static void row_two(const double *restrict a, const double *restrict b,
                    double *restrict f, int n, double kappa)
{
#pragma omp simd
    for (int x = 0; x < n; x++)
        f[x] -= kappa * (a[x] + b[x]);
}

static double row_product(const double *restrict q, const double *restrict f,
                          int n)
{
    double sum = 0;
#pragma omp simd reduction(+ : sum)
    for (int x = 0; x < n; x++)
        sum += q[x] * f[x];
    return sum;
}

struct row {
    const double *q;
    double *f; /* NULL: not asked for */
    int length, n;
    const ptrdiff_t *offset; /* [n], to the neighbours */
    bool energy;
};

/* f = -k q - kappa sum q[offset] by pieces that stay in the first cache, and
   E = -sum q f / 2, the same bits with and without f. */
static double row_elastic(const struct row *r, double k, double kappa)
{
    double scratch[ROW_PIECE], energy = 0;
    for (int x = 0; x < r->length; x += ROW_PIECE) {
        int n = r->length - x < ROW_PIECE ? r->length - x : ROW_PIECE, j;
        const double *q = r->q + x;
        double *f = r->f ? r->f + x : scratch;
        if (r->n < 2)
            row_start(q, f, n, k);
        else
            row_start_two(q, q + r->offset[0], q + r->offset[1], f, n, k, kappa);
        for (j = r->n < 2 ? 0 : 2; j + 2 <= r->n; j += 2)
            row_two(q + r->offset[j], q + r->offset[j + 1], f, n, kappa);
        if (j < r->n)
            row_one(q + r->offset[j], f, n, kappa);
        if (r->energy)
            energy -= 0.5 * row_product(q, f, n);
    }
    return energy;
}

static int stencil_offsets(const struct field *q, int b, ptrdiff_t *offset)
{
    const struct stencil *s = &q->lat->nearest;
    for (int j = 0; j < s->n[b]; j++) {
        const struct stencil_site *to = &s->site[b][j];
        offset[j] = (to->to - b) * q->stride_basis;
        for (int axis = 0; axis < 3; axis++)
            offset[j] += to->cell[axis] * q->stride[axis];
    }
    return s->n[b];
}

static int holstein_elastic(struct adele *ctx, struct model *m,
                            struct field *force, double *energy)
{
    struct holstein *h = (struct holstein *)m;
    struct field *q = ctx->state.displacement;
    int64_t rows = field_nrow(q);
    for (int b = 0; b < q->lat->shape.nbasis; b++) {
        ptrdiff_t offset[NEIGHBOUR_MAX];
        int n = stencil_offsets(q, b, offset);
        const double *from = field_halo(q, 0, b);
        double *to = force ? field_write(force, 0, b) : NULL;
#pragma omp parallel for schedule(static) if (q->lat->nlocal >= PARALLEL_MIN)
        for (int64_t r = 0; r < rows; r++) {
            struct row row = {.q = from + field_row(q, r),
                              .f = to ? to + field_row(force, r) : NULL,
                              .length = q->lat->local[0],
                              .n = n,
                              .offset = offset,
                              .energy = energy != NULL};
            h->row_energy[b * rows + r] = row_elastic(&row, h->k, h->kappa);
        }
    }
    if (energy)
        *energy = sum_array(h->row_energy, h->nrow);
    return 0;
}

static int holstein_electronic(struct adele *ctx, struct model *m,
                               const double *n, const double *rho,
                               struct field *force)
{
    const struct holstein *h = (const struct holstein *)m;
    const struct lattice *lat = ctx->lat;
    int nb = lat->shape.nbasis;
    (void)rho;
    for (int b = 0; b < nb; b++) {
        double *f = field_write(force, 0, b);
#pragma omp parallel for schedule(static) if (lat->nlocal >= PARALLEL_MIN)
        for (int64_t r = 0; r < field_nrow(force); r++) {
            double *row = f + field_row(force, r);
            const double *density = n + r * lat->local[0] * nb + b;
            for (int x = 0; x < lat->local[0]; x++)
                row[x] += h->g * (density[(int64_t)x * nb] - 0.5);
        }
    }
    return 0;
}

/* On-site energies are -g q_i + onsite_i - mu = -g (q_i + (mu - onsite_i)/g). */
static int holstein_mu_shift(struct adele *ctx, struct model *m, double *shift)
{
    const struct holstein *h = (const struct holstein *)m;
    if (h->g == 0)
        return err_deck(ctx, &m->head.where,
                        "model holstein with g 0: no displacement stands for a "
                        "chemical potential; a potential with mu: shift needs "
                        "a coupling g");
    shift[0] = 1 / h->g;
    return 0;
}

const struct model_style model_holstein = {
    .style = {STYLE_HEAD(model, "holstein", struct holstein),
              .summary = "electrons coupled to a scalar distortion of each site",
              .cite = "Cheng2023",
              .args = args,
              .init = holstein_init,
              .fini = holstein_fini},
    .setup = holstein_setup,
    .bonds = holstein_bonds,
    .values = holstein_values,
    .elastic = holstein_elastic,
    .electronic = holstein_electronic,
    .changed = holstein_changed,
    .mu_shift = holstein_mu_shift};

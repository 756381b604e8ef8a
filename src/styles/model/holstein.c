/* Holstein model: electrons on the sites of any lattice, each coupled to a
   scalar distortion q_i [Cheng2023]:

       H = -t sum_<ij> (c+_i c_j + h.c.) - g sum_i (n_i - 1/2) q_i
           + sum_i [m v_i^2/2 + k q_i^2/2] + kappa sum_<ij> q_i q_j

       F_i = -k q_i - kappa sum_nn q_j + g (n_i - 1/2)

   with nearest-neighbour bonds <ij>.  The hopping sets the unit of energy, q is
   a pure number.

       model holstein t 1.0 g 3.5 k 1.0 kappa 0.18 mass 1.0 */

#include "base/mem.h"
#include "base/sum.h"
#include "plug/args.h"
#include "plug/model.h"

enum { NEIGHBOUR_MAX = 32, LANES = 8 };

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

/* One row of sites: f = -k q - kappa sum q[offset]; n is a constant wherever
   this is inlined. */
static inline __attribute__((always_inline)) void
row_force(const double *restrict q, double *restrict f, int length,
          const ptrdiff_t *offset, int n, double k, double kappa)
{
    for (int x = 0; x < length; x++) {
        double sum = 0;
        for (int j = 0; j < n; j++)
            sum += q[x + offset[j]];
        f[x] = -k * q[x] - kappa * sum;
    }
}

/* sum_x q (k q + kappa sum q[offset]) / 2, in eight interleaved sums. */
static inline __attribute__((always_inline)) double
row_energy(const double *q, int length, const ptrdiff_t *offset, int n,
           double k, double kappa)
{
    double part[LANES] = {0};
    int x = 0;
    for (; x + LANES <= length; x += LANES) {
        for (int lane = 0; lane < LANES; lane++) {
            double sum = 0;
            for (int j = 0; j < n; j++)
                sum += q[x + lane + offset[j]];
            part[lane] += q[x + lane] * (k * q[x + lane] + kappa * sum);
        }
    }
    for (; x < length; x++) {
        double sum = 0;
        for (int j = 0; j < n; j++)
            sum += q[x + offset[j]];
        part[x % LANES] += q[x] * (k * q[x] + kappa * sum);
    }
    double total = 0;
    for (int lane = 0; lane < LANES; lane++)
        total += part[lane];
    return 0.5 * total;
}

struct row {
    const double *q;
    double *f; /* NULL: not asked for */
    int length, n;
    const ptrdiff_t *offset; /* [n] */
    bool energy;
};

static inline __attribute__((always_inline)) double
row_both(const struct row *r, int n, double k, double kappa)
{
    if (r->f)
        row_force(r->q, r->f, r->length, r->offset, n, k, kappa);
    return r->energy ? row_energy(r->q, r->length, r->offset, n, k, kappa) : 0;
}

static double row_elastic(const struct row *r, double k, double kappa)
{
    switch (r->n) {
    case 2: return row_both(r, 2, k, kappa);
    case 3: return row_both(r, 3, k, kappa);
    case 4: return row_both(r, 4, k, kappa);
    case 6: return row_both(r, 6, k, kappa);
    default: return row_both(r, r->n, k, kappa);
    }
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
#pragma omp parallel for schedule(static)
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
#pragma omp parallel for schedule(static)
        for (int64_t r = 0; r < field_nrow(force); r++) {
            double *row = f + field_row(force, r);
            const double *density = n + r * lat->local[0] * nb + b;
            for (int x = 0; x < lat->local[0]; x++)
                row[x] += h->g * (density[(int64_t)x * nb] - 0.5);
        }
    }
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
    .changed = holstein_changed};

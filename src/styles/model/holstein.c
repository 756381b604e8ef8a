/* Holstein model: electrons on the sites of any lattice, each coupled to a
   scalar distortion q_i [Cheng2023]:

       H = -t sum_<ij> (c+_i c_j + h.c.) - g sum_i (n_i - 1/2) q_i
           + sum_i [m v_i^2/2 + k q_i^2/2] + kappa sum_<ij> q_i q_j

       F_i = -k q_i - kappa sum_nn q_j + g (n_i - 1/2)

   with nearest-neighbour bonds <ij>.  The hopping sets the unit of energy, q is
   a pure number.

       model holstein t 1.0 g 3.5 k 1.0 kappa 0.18 mass 1.0 */

#include <math.h>

#include "base/parallel.h"
#include "base/sum.h"
#include "core/elastic.h"
#include "plug/args.h"
#include "plug/model.h"

struct holstein {
    struct model model;
    double t, g;
    struct elastic elastic;
    bool warned; /* of an elastic energy without lower bound */
};

static const struct arg args[] = {
    {ARG_NUMBER, "t", AT(struct holstein, t), .key = true, .def = "1.0",
     .unit = "energy", .doc = "hopping between nearest neighbours"},
    {ARG_NUMBER, "g", AT(struct holstein, g), .key = true, .required = true,
     .unit = "energy", .doc = "coupling of density and distortion"},
    {ARG_NUMBER, "k", AT(struct holstein, elastic.k), .key = true, .def = "1.0",
     .unit = "energy", .doc = "stiffness of the distortion"},
    {ARG_NUMBER, "kappa", AT(struct holstein, elastic.kappa), .key = true,
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
    elastic_fini(&h->elastic);
}

static int holstein_changed(struct adele *ctx, struct model *m)
{
    struct holstein *h = (struct holstein *)m;
    double least = elastic_minimum(&h->elastic, ctx->lat, 0);
    if (least > 0 || h->warned)
        return 0;
    h->warned = true;
    log_warning(&ctx->log,
                "model holstein: the elastic energy is not stable (k = %g and "
                "kappa = %g: the smallest eigenvalue of its matrix is %g)",
                h->elastic.k, h->elastic.kappa, least);
    return 0;
}

static int holstein_setup(struct adele *ctx, struct model *m)
{
    struct holstein *h = (struct holstein *)m;
    const struct lattice *lat = ctx->lat;
    for (int b = 0; b < lat->shape.nbasis; b++) {
        if (lat->nearest.n[b] > ELASTIC_NEIGHBOUR_MAX)
            return err_deck(ctx, &m->head.where,
                            "model holstein takes at most %d nearest "
                            "neighbours, a site of lattice %s has %d",
                            ELASTIC_NEIGHBOUR_MAX, lat->shape.name,
                            lat->nearest.n[b]);
    }
    for (int axis = 0; axis < 3; axis++)
        m->halo[axis] = lat->nearest.reach[axis];
    if (elastic_reserve(&h->elastic, lat, 1))
        return err_memory(ctx, "model holstein", 8.0 * (double)lat->nlocal);
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

static int holstein_elastic(struct adele *ctx, struct model *m,
                            struct field *force, double *energy)
{
    struct holstein *h = (struct holstein *)m;
    elastic_component(&h->elastic, ctx->state.displacement, 0, 0, force,
                      energy != NULL);
    if (energy)
        *energy = elastic_energy(&h->elastic);
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

static double holstein_force_scale(const struct adele *ctx,
                                   const struct model *m)
{
    (void)ctx;
    return fabs(((const struct holstein *)m)->g);
}

/* On-site energies are -g q_i + onsite_i - mu = -g (q_i + (mu - onsite_i)/g).
 */
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
              .summary =
                  "electrons coupled to a scalar distortion of each site",
              .cite = "Cheng2023", .args = args, .init = holstein_init,
              .fini = holstein_fini},
    .setup = holstein_setup,
    .bonds = holstein_bonds,
    .values = holstein_values,
    .elastic = holstein_elastic,
    .electronic = holstein_electronic,
    .force_scale = holstein_force_scale,
    .changed = holstein_changed,
    .mu_shift = holstein_mu_shift};

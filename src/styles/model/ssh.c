/* Peierls (Su-Schrieffer-Heeger) model: the hopping along a bond changes with
   the difference of the displacements at its ends, on the chain (u = u^x) and
   on the square lattice (u = (u^x, u^y)) [Jang2025]:

       H = - sum_{i,a} [t - alpha (u^a_{i+a} - u^a_i)] (c+_i c_{i+a} + h.c.)
           - t2 sum_<<ij>> (c+_i c_j + h.c.)
           + sum_i [m v_i^2/2 + k u_i^2/2] + kappa sum_<ij> u_i.u_j
           + (spring/2) sum_{i,a} (u^a_{i+a} - u^a_i)^2

   with a = x, y the axes, <ij> nearest and <<ij>> second neighbours (diagonals
   of the square, i and i+2x of the chain).  With rho_ij = <c+_i c_j>

       F^a_i = -k u^a_i - kappa sum_nn u^a_j
               + spring (u^a_{i+a} + u^a_{i-a} - 2 u^a_i)
               + 2 alpha (rho_{i,i+a} - rho_{i-a,i}).

   The hopping sets the unit of energy, the lattice constant that of length.

       model ssh t 2.5 t2 0.5 alpha 4 k 30 kappa 4 mass 1 */

#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "base/parallel.h"
#include "core/elastic.h"
#include "plug/args.h"
#include "plug/model.h"

enum { AXES = 2, DIAGONAL = AXES }; /* kinds of bonds: their axis, or this */

/* The bonds from a site to the next one and from the one before it along an
   axis; -1: none. */
struct along {
    int64_t out, in;
};

struct ssh {
    struct model model;
    double t, t2, alpha;
    struct elastic elastic;
    struct along *along; /* [ncomp][nsite] */
    int64_t nalong;
    bool warned; /* of an elastic energy without lower bound */
};

static const struct arg args[] = {
    {ARG_NUMBER, "t", AT(struct ssh, t), .key = true, .def = "1.0",
     .unit = "energy", .doc = "hopping between nearest neighbours"},
    {ARG_NUMBER, "t2", AT(struct ssh, t2), .key = true, .def = "0.0",
     .unit = "energy", .doc = "hopping between second neighbours"},
    {ARG_NUMBER, "alpha", AT(struct ssh, alpha), .key = true, .required = true,
     .unit = "energy/length", .doc = "change of t with the length of a bond"},
    {ARG_NUMBER, "k", AT(struct ssh, elastic.k), .key = true, .def = "1.0",
     .unit = "energy/length^2", .doc = "stiffness of the displacement"},
    {ARG_NUMBER, "kappa", AT(struct ssh, elastic.kappa), .key = true,
     .def = "0.0", .unit = "energy/length^2",
     .doc = "elastic coupling of nearest neighbours"},
    {ARG_NUMBER, "spring", AT(struct ssh, elastic.spring), .key = true,
     .def = "0.0", .nonnegative = true, .unit = "energy/length^2",
     .doc = "stiffness of bonds against a change of length"},
    {ARG_NUMBER, "mass", AT(struct ssh, model.mass), .key = true, .def = "1.0",
     .positive = true, .unit = "energy*time^2/length^2",
     .doc = "mass of a site"},
    {0}};

static int ssh_init(struct adele *ctx, void *self)
{
    struct model *m = self;
    (void)ctx;
    m->ncomp = AXES;
    m->component[0] = (struct component){"ux", "vx", "fx"};
    m->component[1] = (struct component){"uy", "vy", "fy"};
    m->vector = true;
    m->order = ORDER_DISPLACEMENT;
    m->use_bonds = true;
    return 0;
}

static void ssh_fini(struct adele *ctx, void *self)
{
    struct ssh *s = self;
    (void)ctx;
    elastic_fini(&s->elastic);
    mem_free(s->along);
}

static int ssh_changed(struct adele *ctx, struct model *m)
{
    struct ssh *s = (struct ssh *)m;
    double least = elastic_minimum(&s->elastic, ctx->lat, 0);
    for (int axis = 1; axis < m->ncomp; axis++) {
        double other = elastic_minimum(&s->elastic, ctx->lat, axis);
        least = other < least ? other : least;
    }
    if (least > 0 || s->warned)
        return 0;
    s->warned = true;
    log_warning(&ctx->log,
                "model ssh: the elastic energy is not stable (k = %g, kappa = "
                "%g and spring = %g: the smallest eigenvalue of its matrix is "
                "%g)",
                s->elastic.k, s->elastic.kappa, s->elastic.spring, least);
    return 0;
}

/* Bonds along the axes, which are all nearest neighbours, and no others. */
static bool fits(const struct lattice *lat)
{
    return !strcmp(lat->shape.name, "chain") ||
           !strcmp(lat->shape.name, "square");
}

static int ssh_bonds(struct adele *ctx, struct model *m, struct terms *t)
{
    const struct lattice *lat = ctx->lat;
    (void)m;
    if (terms_add_stencil(t, lat, &lat->nearest, 0) ||
        terms_add_stencil(t, lat, &lat->second, DIAGONAL))
        return err_memory(ctx, "the bonds of the lattice",
                          (double)sizeof(struct bond) * (double)t->nbond);
    for (int64_t b = 0; b < t->nbond; b++) {
        if (t->bond[b].kind != DIAGONAL)
            t->bond[b].kind = t->bond[b].cell[0] == 0;
    }
    return 0;
}

static void fill_along(struct ssh *s, const struct terms *t)
{
    for (int64_t k = 0; k < s->nalong; k++)
        s->along[k] = (struct along){-1, -1};
    for (int64_t b = 0; b < t->nbond; b++) {
        const struct bond *bond = &t->bond[b];
        if (bond->kind == DIAGONAL)
            continue;
        s->along[bond->kind * t->nsite + bond->i].out = b;
        s->along[bond->kind * t->nsite + bond->j].in = b;
    }
}

static int make_along(struct adele *ctx, struct ssh *s)
{
    int64_t n = ctx->lat->nsite * s->model.ncomp;
    struct terms t;
    struct along *along = mem_resize(s->along, (size_t)n, sizeof *along);
    if (!along)
        return err_memory(ctx, "model ssh", (double)sizeof *along * (double)n);
    s->along = along;
    s->nalong = n;
    if (terms_init(&t, ctx->lat->nsite))
        return err_memory(ctx, "model ssh", 24.0 * (double)ctx->lat->nsite);
    int status = ssh_bonds(ctx, &s->model, &t);
    if (!status)
        fill_along(s, &t);
    terms_fini(&t);
    return status;
}

static int ssh_setup(struct adele *ctx, struct model *m)
{
    struct ssh *s = (struct ssh *)m;
    const struct lattice *lat = ctx->lat;
    int status = 0;
    if (!fits(lat))
        return err_deck(ctx, &m->head.where,
                        "model ssh couples electrons to displacements along "
                        "the bonds of lattice chain or square, not to those of "
                        "lattice %s",
                        lat->shape.name);
    m->ncomp = lat->shape.dim;
    for (int axis = 0; axis < 3; axis++)
        m->halo[axis] = lat->nearest.reach[axis];
    if (elastic_reserve(&s->elastic, lat, m->ncomp))
        return err_memory(ctx, "model ssh",
                          8.0 * m->ncomp * (double)lat->nlocal);
    if (!s->along)
        status = make_along(ctx, s);
    return status ? status : ssh_changed(ctx, m);
}

static int ssh_values(struct adele *ctx, struct model *m, struct terms *t)
{
    const struct ssh *s = (const struct ssh *)m;
    double *u = t->row; /* room for two components */
    for (int c = 0; c < m->ncomp; c++)
        field_gather(ctx->state.displacement, c, u + c * t->nsite);
    memset(t->onsite, 0, (size_t)t->nsite * sizeof *t->onsite);
    t->constant = 0;
    for (int64_t b = 0; b < t->nbond; b++) {
        const struct bond *bond = &t->bond[b];
        const double *ua = u + bond->kind * t->nsite;
        t->hopping[b] = bond->kind == DIAGONAL
                            ? -s->t2
                            : -s->t + s->alpha * (ua[bond->j] - ua[bond->i]);
    }
    return 0;
}

static int ssh_elastic(struct adele *ctx, struct model *m, struct field *force,
                       double *energy)
{
    struct ssh *s = (struct ssh *)m;
    for (int c = 0; c < m->ncomp; c++)
        elastic_component(&s->elastic, ctx->state.displacement, c, c, force,
                          energy != NULL);
    if (energy)
        *energy = elastic_energy(&s->elastic);
    return 0;
}

static int ssh_electronic(struct adele *ctx, struct model *m, const double *n,
                          const double *rho, struct field *force)
{
    const struct ssh *s = (const struct ssh *)m;
    const struct lattice *lat = ctx->lat;
    (void)n;
    for (int c = 0; c < m->ncomp; c++) {
        double *f = field_write(force, c, 0);
#pragma omp parallel for schedule(static) if (lat->nlocal >= PARALLEL_MIN)
        for (int64_t r = 0; r < field_nrow(force); r++) {
            double *row = f + field_row(force, r);
            const struct along *bond =
                s->along + c * lat->nsite + r * lat->local[0];
            for (int x = 0; x < lat->local[0]; x++) {
                double out = bond[x].out < 0 ? 0 : rho[bond[x].out];
                double in = bond[x].in < 0 ? 0 : rho[bond[x].in];
                row[x] += 2 * s->alpha * (out - in);
            }
        }
    }
    return 0;
}

/* Two bonds along its axis pull at a component. */
static double ssh_force_scale(const struct adele *ctx, const struct model *m)
{
    (void)ctx;
    return 4 * fabs(((const struct ssh *)m)->alpha);
}

const struct model_style model_ssh = {
    .style = {STYLE_HEAD(model, "ssh", struct ssh),
              .summary = "electrons whose hopping changes with the "
                         "displacements of the sites",
              .cite = "Jang2025", .args = args, .init = ssh_init,
              .fini = ssh_fini},
    .setup = ssh_setup,
    .bonds = ssh_bonds,
    .values = ssh_values,
    .elastic = ssh_elastic,
    .electronic = ssh_electronic,
    .force_scale = ssh_force_scale,
    .changed = ssh_changed};

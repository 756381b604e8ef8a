/* Moments of the local density of states of electrons on bonds (model ssh):
   features of site i are

       mu_n(i) = <i| T_n((H - centre)/width) |i>,   n = 2 .. order,

   T_n the Chebyshev polynomials [Weisse2006].  The formulae stand in
   elec/moments.h.

       descriptor: {style: moments, order: 12}                               */

#include <math.h>

#include "elec/moments.h"
#include "plug/args.h"
#include "plug/descriptor.h"
#include "plug/model.h"

struct descriptor_moments {
    struct descriptor head;
    int64_t order;
    int precision;
    double centre, width;
    struct moments moments;
};

static const char *const precisions[] = {"single", "double", NULL};

static const struct arg args[] = {
    {ARG_INT, "order", AT(struct descriptor_moments, order), .key = true,
     .def = "8", .min = 2, .max = 2 * MOMENTS_REACH, .bounded = true,
     .doc = "of the highest moment, even"},
    {ARG_NUMBER, "width", AT(struct descriptor_moments, width), .key = true,
     .def = "0", .nonnegative = true, .unit = "energy",
     .doc = "energy that becomes 1; 0: 1.1 times the largest without "
            "distortion"},
    {ARG_NUMBER, "centre", AT(struct descriptor_moments, centre), .key = true,
     .def = "0", .unit = "energy", .doc = "energy that becomes 0"},
    {ARG_CHOICE, "precision", AT(struct descriptor_moments, precision),
     .key = true, .def = "double", .choice = precisions,
     .doc = "of the arithmetic"},
    {0}};

static int init(struct adele *ctx, void *self)
{
    struct descriptor_moments *d = self;
    if (d->order % 2 == 0)
        return 0;
    return err_deck(ctx, &d->head.head.where,
                    "descriptor moments: order must be even, not %d",
                    (int)d->order);
}

static int setup(struct adele *ctx, struct descriptor *self,
                 const struct lattice_shape *shape, int ncomp, bool vector)
{
    struct descriptor_moments *d = (struct descriptor_moments *)self;
    const double *t = model_parameter(ctx->model, "t");
    const double *t2 = model_parameter(ctx->model, "t2");
    const double *alpha = model_parameter(ctx->model, "alpha");
    if (!t || !t2 || !alpha || !vector || ncomp != shape->dim ||
        shape->dim > 2 || shape->nbasis != 1)
        return err_deck(ctx, &self->head.where,
                        "descriptor moments needs electrons whose hopping "
                        "changes with the length of bonds (model ssh); model "
                        "%s has none",
                        ctx->model->head.style->name);
    d->moments = (struct moments){.dim = shape->dim,
                                  .reach = (int)(d->order / 2),
                                  .t = *t,
                                  .t2 = *t2,
                                  .alpha = *alpha,
                                  .centre = d->centre,
                                  .width = d->width,
                                  .single = d->precision == 0};
    moments_init(&d->moments);
    if (!(d->moments.width > 0))
        return err_deck(ctx, &self->head.where,
                        "descriptor moments: without hopping there is no "
                        "energy to measure with; give a width");
    self->nfeature = moments_count(&d->moments);
    self->rank = 0;
    self->smooth = true;
    self->radius = 0;
    for (int i = 0; i < 3; i++) {
        self->halo[i] = d->moments.halo[i];
        self->radius = hypot(self->radius, d->moments.halo[i]);
    }
    return 0;
}

static const struct moments *moments_of(const struct descriptor *d)
{
    return &((const struct descriptor_moments *)d)->moments;
}

static void rows(const struct descriptor *d, const struct field *q,
                 int64_t begin, int64_t end, double *x)
{
    moments_rows(moments_of(d), q, begin, end, x);
}

static void tangent(const struct descriptor *d, const struct field *q,
                    const struct field *dq, int64_t begin, int64_t end,
                    double *dx)
{
    moments_tangent(moments_of(d), q, dq, begin, end, dx);
}

static int backward(struct adele *ctx, const struct descriptor *d,
                    const struct field *q, const double *dx, double *gradient)
{
    if (moments_backward(moments_of(d), q, dx, gradient))
        return err_memory(ctx, "the gradient of descriptor moments",
                          (double)field_bytes(q));
    return 0;
}

const struct descriptor_style descriptor_moments = {
    .style = {STYLE_HEAD(descriptor, "moments", struct descriptor_moments),
              .summary = "moments of the local density of states of electrons "
                         "on bonds",
              .cite = "Weisse2006", .args = args, .init = init},
    .setup = setup,
    .rows = rows,
    .tangent = tangent,
    .backward = backward};

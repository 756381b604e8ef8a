/* compute ID GROUP width COMPONENT: the width of a displacement's
   distribution, w = sqrt(<q^2> - <q>^2) over the group.

   The example of doc/developer/add_a_compute.md. */

#include <math.h>
#include <string.h>

#include "plug/args.h"
#include "plug/compute.h"
#include "plug/model.h"

struct width {
    struct compute compute; /* first: what every compute has */
    char *name;             /* filled by the argument table */
    int comp;
};

static int width_init(struct adele *ctx, void *self)
{
    struct width *w = self;
    int which;

    if (need_model(ctx))
        return ctx->error.status;
    w->comp = model_component(ctx->model, w->name, &which);
    if (w->comp >= 0 && which == 0)
        return 0;
    return err_deck(ctx, &w->compute.head.where,
                    "compute width: '%s' is no displacement of model %s",
                    w->name, ctx->model->head.style->name);
}

/* Rows of x-neighbours; the group's mask is in site order. */
static int width_scalar(struct adele *ctx, struct compute *c)
{
    struct width *w = (struct width *)c;
    const struct lattice *lat = ctx->lat;
    const struct field *q = ctx->state.displacement;
    double n = 0, sum = 0, square = 0;

    for (int b = 0; b < lat->shape.nbasis; b++) {
        const double *at = field_read(q, w->comp, b);

        for (int64_t row = 0; row < field_nrow(q); row++) {
            const double *x = at + field_row(q, row);

            for (int i = 0; i < lat->local[0]; i++) {
                int64_t site = (row * lat->local[0] + i) * lat->shape.nbasis + b;

                if (!groups_has(&ctx->groups, c->head.group, site))
                    continue;
                n += 1;
                sum += x[i];
                square += x[i] * x[i];
            }
        }
    }
    if (n == 0)
        return err_run(ctx, "compute width: the group is empty");
    c->out.scalar = sqrt(fmax(square / n - sum / n * (sum / n), 0));
    return 0;
}

static const struct arg args[] = {
    {ARG_WORD, "COMPONENT", AT(struct width, name),
     .doc = "a displacement of the model, for example q"},
    {0}};

static const struct output outputs[] = {
    {OUT_SCALAR, "", "width", "length", .doc = "sqrt(<q^2> - <q>^2)"}, {0}};

const struct compute_style compute_width = {
    .style = {STYLE_HEAD(compute, "width", struct width),
              .summary = "width of the distribution of a displacement",
              .args = args,
              .outputs = outputs,
              .init = width_init},
    .scalar = width_scalar,
};

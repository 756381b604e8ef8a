/* Evaluation of computes: forces first, then the style's function, once for
   each state of the simulation; see compute.h. */

#include "plug/compute.h"

#include <string.h>

#include "plug/column.h"
#include "plug/lead.h"
#include "plug/pair.h"

typedef int (*output_function)(struct adele *, struct compute *);

static const struct compute_style *style_of(const struct compute *c)
{
    return (const struct compute_style *)c->head.style;
}

/* The place of a shape in outputs.stamp, and the function that fills it. */
static output_function function_of(const struct compute *c, enum shape shape,
                                   int *place)
{
    const struct compute_style *s = style_of(c);
    switch (shape) {
    case OUT_SCALAR:
        *place = 0;
        return s->scalar;
    case OUT_VECTOR:
        *place = 1;
        return s->vector;
    case OUT_ARRAY:
        *place = 2;
        return s->array;
    case OUT_SITE:
        *place = 3;
        return s->site;
    }
    return NULL;
}

struct compute *compute_find(const struct adele *ctx, const char *id)
{
    for (int k = 0; k < ctx->computes.n; k++)
        if (!strcmp(ctx->computes.item[k]->head.id, id))
            return ctx->computes.item[k];
    return NULL;
}

unsigned compute_shapes(const struct compute *c)
{
    const struct compute_style *s = style_of(c);
    unsigned all = (s->scalar ? OUT_SCALAR : 0U) |
                   (s->vector ? OUT_VECTOR : 0U) | (s->array ? OUT_ARRAY : 0U) |
                   (s->site ? OUT_SITE : 0U);
    return c->out.shapes ? all & c->out.shapes : all;
}

int compute_wave(struct adele *ctx, const struct arg_list *list, double q[3])
{
    int dim = ctx->lat->shape.dim;
    q[0] = q[1] = q[2] = 0;
    if (list->n != dim)
        return err_deck(ctx, &list->word[0].where,
                        "a wave vector on a %s lattice has %d component%s, "
                        "found %d",
                        ctx->lat->shape.name, dim, dim == 1 ? "" : "s",
                        list->n);
    for (int k = 0; k < dim; k++) {
        int status =
            arg_number(ctx, &list->word[k], "a wave vector component", &q[k]);
        if (status)
            return status;
    }
    return ADELE_OK;
}

void compute_mask(const struct adele *ctx, const struct compute *c, double *x)
{
    if (c->head.group == 0)
        return;
    for (int64_t i = 0; i < ctx->lat->nlocal; i++)
        if (!groups_has(&ctx->groups, c->head.group, i))
            x[i] = 0;
}

int compute_column(struct adele *ctx, const struct word *w, struct column *out)
{
    char density[] = "n";
    struct word n = {.text = density, .where = w->where};
    return column_parse(ctx, strcmp(w->text, "density") ? w : &n, out);
}

bool compute_input_fresh(const struct adele *ctx, const struct column *input)
{
    const char *name = input->ref.name;
    if (!name) /* a column of its own, no reference */
        return false;
    if (input->ref.kind != REF_COMPUTE)
        return true;
    const struct compute *c = compute_find(ctx, name);
    return c && c->fresh;
}

static int refuse(struct adele *ctx, const struct compute *c, enum shape shape)
{
    const char *what = shape == OUT_SCALAR   ? "number (c_ID)"
                       : shape == OUT_VECTOR ? "vector (c_ID[i])"
                       : shape == OUT_ARRAY  ? "array (c_ID[i][j])"
                                             : "value for each site";
    return err_run_at(ctx, &c->head.where, "compute %s (%s) has no %s",
                      c->head.id, c->head.style->name, what);
}

int compute_evaluate(struct adele *ctx, struct compute *c, enum shape shape)
{
    int place = 0;
    output_function function = function_of(c, shape, &place);
    if (!function || !(compute_shapes(c) & (unsigned)shape))
        return refuse(ctx, c, shape);

    /* Their numbers may have changed what a kept result belongs to. */
    if (ctx->leads.n > 0 && !ctx->reading_leads && leads_update(ctx))
        return ctx->error.status;
    uint64_t stamp = adele_stamp(ctx);
    if (!c->fresh && stamp && c->out.stamp[place] == stamp)
        return ADELE_OK;

    const struct compute_style *s = style_of(c);
    unsigned need = s->need ? s->need(ctx, c) : 0;
    int status = need ? need_pair(ctx) : ADELE_OK;
    if (!status && need)
        status = forces_require(ctx, need);
    if (!status)
        status = function(ctx, c);
    if (!status)
        c->out.stamp[place] = stamp;
    return status;
}

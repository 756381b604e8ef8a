/* Inputs of networks beside features: see plug/potential_inputs.h. */

#include "plug/potential_inputs.h"

#include <math.h>
#include <string.h>

static const char *const axis_name[] = {"x", "y", "z", NULL};

const struct arg potential_position_args[] = {
    {ARG_CHOICE, "axis", AT(struct potential_position, axis), .key = true,
     .def = "x", .choice = axis_name, .doc = "an axis with open ends"},
    {ARG_LIST, "lengths", AT(struct potential_position, words), .key = true,
     .def = "1 4", .syntax = "[l, ..]", .unit = "length",
     .doc = "over which inputs fall off from each end"},
    {ARG_BOOL, "coordinate", AT(struct potential_position, coordinate),
     .key = true, .def = "yes", .doc = "the place between the ends, -1 to 1"},
    {0}};

int potential_position_read(struct adele *ctx, const struct words *words,
                            struct potential_position *out)
{
    *out = (struct potential_position){0};
    if (!words)
        return 0;
    if (args_parse(ctx, potential_position_args, "position", words, out))
        return ctx->error.status;
    const struct lattice *lat = ctx->lat;
    const struct where *where =
        words->n ? &words->word[0].where : &out->words.word[0].where;
    if (out->axis >= lat->shape.dim || lat->periodic[out->axis])
        return err_deck(ctx, where,
                        "position along %s: %s; take an axis with boundary f",
                        axis_name[out->axis],
                        out->axis >= lat->shape.dim
                            ? "the lattice has no such axis"
                            : "this axis is periodic and has no ends");
    if (out->words.n > POSITION_LENGTHS)
        return err_deck(ctx, &out->words.word[POSITION_LENGTHS].where,
                        "position: at most %d lengths", POSITION_LENGTHS);
    for (int k = 0; k < out->words.n; k++) {
        const struct word *w = &out->words.word[k];
        if (arg_number(ctx, w, "position", &out->length[k]))
            return ctx->error.status;
        if (!(out->length[k] > 0))
            return err_deck(ctx, &w->where,
                            "position: a length must be > 0, not %s", w->text);
    }
    out->nlength = out->words.n;
    out->given = true;
    return 0;
}

void potential_position_free(struct adele *ctx, struct potential_position *p)
{
    args_free(ctx, potential_position_args, p);
}

void potential_position_text(const struct potential_position *p,
                             struct text *out)
{
    if (!p->given) {
        text_add(out, "none");
        return;
    }
    text_addf(out, "{axis: %s, lengths: [", axis_name[p->axis]);
    for (int k = 0; k < p->nlength; k++)
        text_addf(out, "%s%.17g", k ? ", " : "", p->length[k]);
    text_addf(out, "], coordinate: %s}", p->coordinate ? "yes" : "no");
}

int potential_position_channels(const struct potential_position *p)
{
    return p->given ? 2 * p->nlength + p->coordinate : 0;
}

/* Places along the normal of the layers: of a step of one cell, and of the
   sublattices above the lowest; returns how far these reach. */
static double layers(const struct lattice *lat, int axis, double *step,
                     double above[LATTICE_BASIS_MAX])
{
    double b[3][3], size = 0, low = INFINITY, high = -INFINITY;
    lattice_reciprocal(lat, b);
    for (int i = 0; i < 3; i++)
        size += b[axis][i] * b[axis][i];
    size = sqrt(size);
    *step = 2 * M_PI / size;
    for (int s = 0; s < lat->shape.nbasis; s++) {
        above[s] = 0;
        for (int i = 0; i < 3; i++)
            above[s] += lat->shape.basis[s][i] * b[axis][i] / size;
        low = fmin(low, above[s]);
        high = fmax(high, above[s]);
    }
    for (int s = 0; s < lat->shape.nbasis; s++)
        above[s] -= low;
    return high - low;
}

void potential_position_fill(const struct potential_position *p,
                             const struct lattice *lat, double *out, int stride)
{
    double step, above[LATTICE_BASIS_MAX];
    double spread = layers(lat, p->axis, &step, above);
    double width = step * (lat->n[p->axis] - 1) + spread;
    int nb = lat->shape.nbasis;
    for (int64_t i = 0; i < lat->nlocal; i++) {
        int64_t at[3], cell = i / nb;
        at[0] = lat->lo[0] + cell % lat->local[0];
        at[1] = lat->lo[1] + cell / lat->local[0] % lat->local[1];
        at[2] = lat->lo[2] + cell / lat->local[0] / lat->local[1];
        double d = step * (double)at[p->axis] + above[i % nb];
        double *to = out + i * stride;
        for (int k = 0; k < p->nlength; k++) {
            *to++ = exp(-d / p->length[k]);
            *to++ = exp(-(width - d) / p->length[k]);
        }
        if (p->coordinate)
            *to = width > 0 ? (2 * d - width) / width : 0;
    }
}

int potential_polar_read(struct adele *ctx, const struct arg_list *words,
                         bool polar[3], bool *given)
{
    const char *first = words->n ? words->word[0].text : "auto";
    *given = strcmp(first, "auto") != 0 || words->n > 1;
    if (!*given)
        return 0;
    memset(polar, 0, 3 * sizeof *polar);
    if (!strcmp(first, "none") && words->n == 1)
        return 0;
    for (int k = 0; k < words->n; k++) {
        const struct word *w = &words->word[k];
        int axis = 0;
        while (axis_name[axis] && strcmp(axis_name[axis], w->text))
            axis++;
        if (!axis_name[axis] || axis >= ctx->lat->shape.dim)
            return err_deck(ctx, &w->where,
                            "polar: expected axes of the %s lattice (%.*s), "
                            "auto or none, found '%s'",
                            ctx->lat->shape.name,
                            ctx->lat->shape.dim == 1   ? 1
                            : ctx->lat->shape.dim == 2 ? 4
                                                       : 7,
                            "x, y, z", w->text);
        polar[axis] = true;
    }
    return 0;
}

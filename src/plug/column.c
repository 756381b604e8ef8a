/* Per-site quantities by name; see column.h.

   Forces are those of the last step of the running simulation, fixes
   included, while they belong to the present displacement; otherwise the
   force style is asked anew.  Tags come from one clock, so a force field is
   current when it was written after the displacement and the parameters. */

#include "plug/column.h"

#include <string.h>

#include "base/mem.h"
#include "plug/pair.h"

enum what {
    WHAT_ID,
    WHAT_TYPE,
    WHAT_CELL,     /* index: axis */
    WHAT_POSITION, /* index: axis */
    WHAT_DISPLACEMENT,
    WHAT_VELOCITY,
    WHAT_FORCE,
    WHAT_DENSITY,
    WHAT_ONSITE,
    WHAT_REFERENCE
};

static const struct {
    const char *name;
    enum what what;
    int index;
    bool integer;
} fixed[] = {
    {"id", WHAT_ID, 0, true},       {"type", WHAT_TYPE, 0, true},
    {"ix", WHAT_CELL, 0, true},     {"iy", WHAT_CELL, 1, true},
    {"iz", WHAT_CELL, 2, true},     {"x", WHAT_POSITION, 0, false},
    {"y", WHAT_POSITION, 1, false}, {"z", WHAT_POSITION, 2, false},
    {"n", WHAT_DENSITY, 0, false},  {"onsite", WHAT_ONSITE, 0, false},
};
enum { NFIXED = sizeof fixed / sizeof fixed[0] };

static int unknown(struct adele *ctx, const struct word *w)
{
    const char *names[NFIXED + 3 * MODEL_COMPONENT_MAX];
    size_t n = 0;
    const struct model *m = ctx->model;
    for (int k = 0; k < NFIXED; k++)
        names[n++] = fixed[k].name;
    for (int c = 0; m && c < m->ncomp; c++) {
        names[n++] = m->component[c].displacement;
        names[n++] = m->component[c].velocity;
        names[n++] = m->component[c].force;
    }
    return err_unknown(ctx, &w->where, "column", w->text, names, n);
}

static int parse_reference(struct adele *ctx, const struct word *w,
                           struct column *out)
{
    int status = reference_parse(ctx, w, false, &out->ref);
    if (status)
        return status;
    out->what = WHAT_REFERENCE;
    return reference_check(ctx, &out->ref, OUT_SITE);
}

static int parse_name(struct adele *ctx, const struct word *w,
                      struct column *out)
{
    for (int k = 0; k < NFIXED; k++)
        if (!strcmp(w->text, fixed[k].name)) {
            out->what = (int)fixed[k].what;
            out->index = fixed[k].index;
            out->integer = fixed[k].integer;
            return ADELE_OK;
        }
    int which = 0;
    int c = ctx->model ? model_component(ctx->model, w->text, &which) : -1;
    if (c < 0)
        return unknown(ctx, w);
    out->what = WHAT_DISPLACEMENT + which;
    out->index = c;
    return ADELE_OK;
}

int column_parse(struct adele *ctx, const struct word *w, struct column *out)
{
    memset(out, 0, sizeof *out);
    bool reference =
        strchr("cfv", w->text[0]) && w->text[0] && w->text[1] == '_';
    int status = need_lattice(ctx);
    if (!status)
        status =
            reference ? parse_reference(ctx, w, out) : parse_name(ctx, w, out);
    if (!status && !(out->name = mem_strdup(w->text)))
        status = err_memory(ctx, "a column name", 64);
    if (status)
        column_free(out);
    return status;
}

void column_free(struct column *c)
{
    mem_free(c->name);
    if (c->what == WHAT_REFERENCE)
        reference_free(&c->ref);
    memset(c, 0, sizeof *c);
}

unsigned column_need(struct adele *ctx, const struct column *c)
{
    if (c->what == WHAT_FORCE)
        return NEED_FORCE;
    if (c->what == WHAT_DENSITY)
        return NEED_DENSITY;
    return c->what == WHAT_REFERENCE ? reference_need(ctx, &c->ref) : 0;
}

static void cell_coordinates(const struct lattice *lat, int axis, double *out)
{
    int64_t k = 0;
    for (int z = 0; z < lat->local[2]; z++)
        for (int y = 0; y < lat->local[1]; y++)
            for (int x = 0; x < lat->local[0]; x++) {
                int cell[3] = {x, y, z};
                for (int b = 0; b < lat->shape.nbasis; b++)
                    out[k++] = lat->lo[axis] + cell[axis];
            }
}

/* id, type or a Cartesian coordinate, from the global cell. */
static void geometry(const struct lattice *lat, const struct column *c,
                     double *out)
{
    const struct lattice_shape *s = &lat->shape;
    int64_t k = 0;
    for (int z = 0; z < lat->local[2]; z++)
        for (int y = 0; y < lat->local[1]; y++)
            for (int x = 0; x < lat->local[0]; x++) {
                int cell[3] = {lat->lo[0] + x, lat->lo[1] + y, lat->lo[2] + z};
                double r = cell[0] * s->a[0][c->index] +
                           cell[1] * s->a[1][c->index] +
                           cell[2] * s->a[2][c->index];
                int64_t id = lattice_site(lat, cell, 0) + 1;
                for (int b = 0; b < s->nbasis; b++)
                    out[k++] = c->what == WHAT_ID ? (double)(id + b)
                               : c->what == WHAT_TYPE
                                   ? b + 1
                                   : r + s->basis[b][c->index];
            }
}

/* The field that holds a component, NULL with an error when the model it
   belonged to is gone. */
static const struct field *component_field(struct adele *ctx,
                                           const struct column *c)
{
    struct state *s = &ctx->state;
    const struct field *f = c->what == WHAT_DISPLACEMENT ? s->displacement
                            : c->what == WHAT_VELOCITY   ? s->velocity
                                                         : s->force;
    int which;
    if (f && ctx->model &&
        model_component(ctx->model, c->name, &which) == c->index)
        return f;
    err_run(ctx, "column '%s' is not one of the present model", c->name);
    return NULL;
}

static int get_component(struct adele *ctx, const struct column *c, double *out)
{
    const struct field *f = component_field(ctx, c);
    if (!f)
        return ADELE_ERUN;
    if (c->what == WHAT_FORCE && (f->tag <= ctx->state.displacement->tag ||
                                  f->tag <= ctx->parameter_tag)) {
        int status = forces_require(ctx, NEED_FORCE);
        if (status)
            return status;
        f = ctx->forces->force;
    }
    field_gather(f, c->index, out);
    return ADELE_OK;
}

static int get_density(struct adele *ctx, double *out)
{
    int status = need_pair(ctx);
    if (!status)
        status = forces_require(ctx, NEED_DENSITY);
    if (!status)
        memcpy(out, ctx->forces->n, (size_t)ctx->lat->nlocal * sizeof *out);
    return status;
}

static int get_reference(struct adele *ctx, const struct column *c, double *out)
{
    const double *site;
    int status = reference_site(ctx, &c->ref, &site);
    if (!status)
        memcpy(out, site, (size_t)ctx->lat->nlocal * sizeof *out);
    return status;
}

int column_get(struct adele *ctx, const struct column *c, double *out)
{
    switch ((enum what)c->what) {
    case WHAT_ID:
    case WHAT_TYPE:
    case WHAT_POSITION:
        geometry(ctx->lat, c, out);
        return ADELE_OK;
    case WHAT_CELL:
        cell_coordinates(ctx->lat, c->index, out);
        return ADELE_OK;
    case WHAT_DENSITY:
        return get_density(ctx, out);
    case WHAT_ONSITE:
        if (ctx->state.onsite)
            field_gather(ctx->state.onsite, 0, out);
        else
            memset(out, 0, (size_t)ctx->lat->nlocal * sizeof *out);
        return ADELE_OK;
    case WHAT_REFERENCE:
        return get_reference(ctx, c, out);
    default:
        return get_component(ctx, c, out);
    }
}

/* What a dataset was made from: attributes, and provenance.  In a new file they
   are written; in one to be continued they are compared. */

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "plug/args.h"
#include "plug/dataset_file.h"
#include "plug/fix.h"
#include "plug/lead.h"
#include "plug/model.h"
#include "plug/pair.h"

void dataset_differs(struct dataset *s, const char *group, const char *name,
                     const char *there, const char *here)
{
    if (s->mismatch.length == 0)
        text_addf(&s->mismatch, "%s%s%s is %s there and %s here", group,
                  *group ? " " : "", name, there, here);
}

/* Strings of variable length: h5py gives them back as str. */
static hid_t string_type(void)
{
    hid_t type = H5Tcopy(H5T_C_S1);
    H5Tset_size(type, H5T_VARIABLE);
    H5Tset_cset(type, H5T_CSET_UTF8);
    return type;
}

static bool put_string(hid_t at, const char *name, const char *value)
{
    hid_t type = string_type(), space = H5Screate(H5S_SCALAR);
    hid_t a = H5Acreate2(at, name, type, space, H5P_DEFAULT, H5P_DEFAULT);
    bool ok = a >= 0 && H5Awrite(a, type, &value) >= 0;
    if (a >= 0)
        H5Aclose(a);
    H5Sclose(space);
    H5Tclose(type);
    return ok;
}

char *dataset_string(hid_t at, const char *name)
{
    hid_t a = H5Aopen(at, name, H5P_DEFAULT);
    if (a < 0)
        return NULL;
    hid_t there = H5Aget_type(a), type = string_type();
    char *value = NULL, *copy = NULL;
    if (H5Tget_class(there) == H5T_STRING && H5Tis_variable_str(there) > 0 &&
        H5Aread(a, type, &value) >= 0)
        copy = mem_strdup(value);
    H5free_memory(value);
    H5Tclose(type);
    H5Tclose(there);
    H5Aclose(a);
    return copy;
}

static bool put_numbers(hid_t at, const char *name, hid_t type,
                        const void *value, int n)
{
    hsize_t size = (hsize_t)n;
    hid_t space =
        n > 1 ? H5Screate_simple(1, &size, NULL) : H5Screate(H5S_SCALAR);
    hid_t a = H5Acreate2(at, name, type, space, H5P_DEFAULT, H5P_DEFAULT);
    bool ok = a >= 0 && H5Awrite(a, type, value) >= 0;
    if (a >= 0)
        H5Aclose(a);
    H5Sclose(space);
    return ok;
}

bool dataset_numbers(hid_t at, const char *name, hid_t type, void *value, int n)
{
    hid_t a = H5Aopen(at, name, H5P_DEFAULT);
    if (a < 0)
        return false;
    hid_t space = H5Aget_space(a);
    bool ok = H5Sget_simple_extent_npoints(space) == n &&
              H5Aread(a, type, value) >= 0;
    H5Sclose(space);
    H5Aclose(a);
    return ok;
}

static bool do_string(struct dataset *s, enum dataset_mode mode, hid_t at,
                      const char *group, const char *name, const char *value)
{
    if (mode == DATASET_WRITE)
        return put_string(at, name, value);
    char *there = dataset_string(at, name);
    if (!there || strcmp(there, value))
        dataset_differs(s, group, name, there ? there : "missing", value);
    mem_free(there);
    return true;
}

static bool do_number(struct dataset *s, enum dataset_mode mode, hid_t at,
                      const char *group, const char *name, double value)
{
    double there;
    char a[32], b[32];
    if (mode == DATASET_WRITE)
        return put_numbers(at, name, H5T_NATIVE_DOUBLE, &value, 1);
    if (!dataset_numbers(at, name, H5T_NATIVE_DOUBLE, &there, 1))
        there = NAN;
    snprintf(a, sizeof a, "%.15g", there);
    snprintf(b, sizeof b, "%.15g", value);
    if (there != value)
        dataset_differs(s, group, name, a, b);
    return true;
}

static bool do_integers(struct dataset *s, enum dataset_mode mode, hid_t at,
                        const char *name, const int64_t *value, int n)
{
    int64_t there[4] = {0};
    char a[100] = "", b[100] = "";
    if (mode == DATASET_WRITE)
        return put_numbers(at, name, H5T_NATIVE_INT64, value, n);
    dataset_numbers(at, name, H5T_NATIVE_INT64, there, n);
    for (int k = 0; k < n; k++) {
        size_t la = strlen(a), lb = strlen(b);
        snprintf(a + la, sizeof a - la, "%s%" PRId64, k ? " " : "", there[k]);
        snprintf(b + lb, sizeof b - lb, "%s%" PRId64, k ? " " : "", value[k]);
    }
    if (strcmp(a, b))
        dataset_differs(s, "", name, a, b);
    return true;
}

static hid_t open_group(hid_t file, enum dataset_mode mode, const char *name)
{
    return mode == DATASET_WRITE
               ? H5Gcreate2(file, name, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT)
               : H5Gopen2(file, name, H5P_DEFAULT);
}

/* Only files with further chemical potentials have the attribute. */
static bool do_mu(struct dataset *s, enum dataset_mode mode)
{
    if (mode == DATASET_WRITE)
        return s->nmu == 0 || put_string(s->file, "mu", s->mu);
    char *there = dataset_string(s->file, "mu");
    if (strcmp(there ? there : "", s->mu))
        dataset_differs(s, "", "mu", there ? there : "missing",
                        *s->mu ? s->mu : "not wanted");
    mem_free(there);
    return true;
}

static bool do_root(struct adele *ctx, struct dataset *s,
                    enum dataset_mode mode)
{
    const struct lattice *lat = ctx->lat;
    int64_t version = DATASET_VERSION, sites = lat->nsite;
    int64_t cells[3] = {lat->n[0], lat->n[1], lat->n[2]};
    int64_t shape[4] = {lat->n[2], lat->n[1], lat->n[0], lat->shape.nbasis};
    char boundary[6];
    for (int k = 0; k < 3; k++) {
        boundary[2 * k] = lat->periodic[k] ? 'p' : 'f';
        boundary[2 * k + 1] = k < 2 ? ' ' : 0;
    }
    return do_string(s, mode, s->file, "", "format", "adele dataset") &&
           do_integers(s, mode, s->file, "version", &version, 1) &&
           do_string(s, mode, s->file, "", "lattice", lat->shape.name) &&
           do_integers(s, mode, s->file, "cells", cells, 3) &&
           do_integers(s, mode, s->file, "shape", shape, 4) &&
           do_string(s, mode, s->file, "", "boundary", boundary) &&
           do_integers(s, mode, s->file, "sites", &sites, 1) &&
           do_string(s, mode, s->file, "", "columns", s->columns.s) &&
           do_mu(s, mode);
}

/* A style's numbers, from its argument table, and its words. */
static bool do_style(struct dataset *s, enum dataset_mode mode,
                     const char *group, const struct instance *self)
{
    hid_t g = open_group(s->file, mode, group);
    if (g < 0) {
        dataset_differs(s, "", group, "missing", "given");
        return mode == DATASET_COMPARE;
    }
    bool ok = do_string(s, mode, g, group, "style",
                        self ? self->style->name : "none");
    const struct arg *a = self ? self->style->args : NULL;
    for (; ok && a && a->kind; a++) {
        const char *at = (const char *)self + a->offset;
        if (a->kind == ARG_NUMBER)
            ok = do_number(s, mode, g, group, a->name,
                           *(const double *)(const void *)at);
        if (a->kind == ARG_INT)
            ok = do_number(s, mode, g, group, a->name,
                           (double)*(const int64_t *)(const void *)at);
    }
    if (ok)
        ok = do_string(s, mode, g, group, "text",
                       self && self->text ? self->text : "");
    H5Gclose(g);
    return ok;
}

static bool do_electrons(struct adele *ctx, struct dataset *s,
                         enum dataset_mode mode)
{
    static const char *const name[] = {"none", "filling", "mu", "midgap"};
    const struct electrons *e = &ctx->electrons;
    hid_t g = open_group(s->file, mode, "electrons");
    if (g < 0) {
        dataset_differs(s, "", "electrons", "missing", "given");
        return mode == DATASET_COMPARE;
    }
    bool ok = do_string(s, mode, g, "electrons", "mode", name[e->mode]);
    if (ok && e->mode == ELECTRONS_FILLING)
        ok = do_number(s, mode, g, "electrons", "filling", e->filling);
    if (ok && e->mode == ELECTRONS_MU)
        ok = do_number(s, mode, g, "electrons", "mu", e->mu);
    if (ok && e->mode != ELECTRONS_NONE)
        ok = do_number(s, mode, g, "electrons", "temp", e->temp);
    H5Gclose(g);
    return ok;
}

int dataset_leads_of(const struct adele *ctx)
{
    return ctx->pair && ctx->pair->leads ? ctx->leads.n : 0;
}

/* Names and places of the leads; their numbers are in each frame. */
static bool do_leads(struct adele *ctx, struct dataset *s,
                     enum dataset_mode mode)
{
    bool there =
        mode == DATASET_COMPARE && H5Lexists(s->file, "leads", H5P_DEFAULT) > 0;
    struct text id = {0}, place = {0};
    if (dataset_leads_of(ctx) == 0) {
        if (there)
            dataset_differs(s, "", "leads", "given", "not used");
        return true;
    }
    if (mode == DATASET_COMPARE && !there) {
        dataset_differs(s, "", "leads", "not used", "given");
        return true;
    }
    for (int k = 0; k < ctx->leads.n; k++) {
        const struct lead *l = ctx->leads.item[k];
        text_addf(&id, "%s%s", k ? " " : "", l->id);
        text_addf(&place, "%s%s", k ? " " : "", lead_place_name(ctx, l));
    }
    hid_t g = open_group(s->file, mode, "leads");
    bool ok = g >= 0 && !id.failed && !place.failed &&
              do_string(s, mode, g, "leads", "id", id.s) &&
              do_string(s, mode, g, "leads", "place", place.s);
    if (g >= 0)
        H5Gclose(g);
    text_free(&id);
    text_free(&place);
    return ok;
}

bool dataset_describe(struct adele *ctx, struct dataset *s,
                      enum dataset_mode mode)
{
    return do_root(ctx, s, mode) &&
           do_style(s, mode, "model", ctx->model ? &ctx->model->head : NULL) &&
           do_electrons(ctx, s, mode) && do_leads(ctx, s, mode) &&
           do_style(s, mode, "pair", ctx->pair ? &ctx->pair->head : NULL);
}

/* Provenance: longer than attributes may be, so datasets of one string. */

static bool put_text(hid_t group, const char *name, const char *text)
{
    hid_t type = string_type(), space = H5Screate(H5S_SCALAR);
    hid_t d = H5Dcreate2(group, name, type, space, H5P_DEFAULT, H5P_DEFAULT,
                         H5P_DEFAULT);
    bool ok =
        d >= 0 && H5Dwrite(d, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, &text) >= 0;
    if (d >= 0)
        H5Dclose(d);
    H5Sclose(space);
    H5Tclose(type);
    return ok;
}

static bool put_fixes(struct adele *ctx, hid_t group)
{
    struct text t = {0};
    text_add(&t, "");
    for (int k = 0; k < ctx->fixes.n; k++) {
        const struct instance *head = &ctx->fixes.item[k]->head;
        text_addf(&t, "fix %s %s %s\n", head->id,
                  ctx->groups.name[head->group] ? ctx->groups.name[head->group]
                                                : "all",
                  head->text ? head->text : head->style->name);
    }
    bool ok = !t.failed && put_text(group, "fixes", t.s);
    text_free(&t);
    return ok;
}

bool dataset_provenance(struct adele *ctx, struct dataset *s,
                        const char *command)
{
    hid_t g = open_group(s->file, DATASET_WRITE, "provenance");
    size_t length;
    int error;
    char *deck = s->where.line
                     ? file_read_all(s->where.line->file, &length, &error)
                     : NULL;
    bool ok =
        g >= 0 && put_text(g, "deck", deck ? deck : "") &&
        put_text(g, "command", command ? command : "") && put_fixes(ctx, g) &&
        put_string(g, "deck_file", s->where.line ? s->where.line->file : "") &&
        put_string(s->file, "adele_version", ADELE_VERSION) &&
        put_numbers(s->file, "timestep", H5T_NATIVE_DOUBLE, &ctx->dt, 1);
    mem_free(deck);
    if (g >= 0)
        H5Gclose(g);
    return ok;
}

/* Where samples come from: the attributes of dataset files, and the comparison
   of two origins.  See plug/samples.h. */

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "plug/args.h"
#include "plug/dataset_file.h"
#include "plug/lattice_style.h"
#include "plug/registry.h"
#include "plug/samples_file.h"

void samples_origin_free(struct potential_origin *o)
{
    for (int k = 0; k < o->nparameter; k++)
        mem_free(o->parameter[k].name);
    mem_free(o->parameter);
    mem_free(o->lattice);
    mem_free(o->model);
    mem_free(o->pair);
    lead_list_free(&o->leads);
    *o = (struct potential_origin){0};
}

int samples_origin_copy(const struct potential_origin *from,
                        struct potential_origin *to)
{
    size_t n = (size_t)from->nparameter;
    *to = *from;
    to->lattice = mem_strdup(from->lattice);
    to->model = mem_strdup(from->model);
    to->pair = mem_strdup(from->pair);
    to->parameter = mem_zalloc(n, sizeof *to->parameter);
    to->nparameter = to->parameter ? from->nparameter : 0;
    bool ok = to->lattice && to->model && to->pair && to->parameter;
    ok = !lead_list_copy(&from->leads, &to->leads) && ok;
    for (int k = 0; k < to->nparameter; k++) {
        to->parameter[k].value = from->parameter[k].value;
        to->parameter[k].name = mem_strdup(from->parameter[k].name);
        ok = ok && to->parameter[k].name;
    }
    if (!ok)
        samples_origin_free(to);
    return ok ? 0 : -1;
}

static int fail_head(struct adele *ctx, const struct word *file,
                     const char *name)
{
    return err_deck(ctx, &file->where,
                    "cannot use '%s': its %s is missing or not understood",
                    file->text, name);
}

/* A string attribute of the root (group NULL) or of a group. */
static char *string_of(const struct dataset *set, const char *group,
                       const char *name)
{
    if (!group)
        return dataset_string(set->file, name);
    hid_t g = H5Gopen2(set->file, group, H5P_DEFAULT);
    char *s = g >= 0 ? dataset_string(g, name) : NULL;
    if (g >= 0)
        H5Gclose(g);
    return s;
}

static bool number_of(const struct dataset *set, const char *group,
                      const char *name, double *value)
{
    hid_t g = H5Gopen2(set->file, group, H5P_DEFAULT);
    bool ok = g >= 0 && dataset_numbers(g, name, H5T_NATIVE_DOUBLE, value, 1);
    if (g >= 0)
        H5Gclose(g);
    return ok;
}

static int read_lattice(struct adele *ctx, const struct dataset *set,
                        const struct word *file, struct samples_head *h)
{
    struct potential_origin *o = &h->origin;
    int64_t cells[3];
    o->lattice = string_of(set, NULL, "lattice");
    const struct lattice_style *style =
        o->lattice ? (const struct lattice_style *)registry_find(
                         NULL, "lattice", o->lattice)
                   : NULL;
    if (!style)
        return fail_head(ctx, file, "lattice");
    h->shape = style->shape;
    if (!dataset_numbers(set->file, "cells", H5T_NATIVE_INT64, cells, 3))
        return fail_head(ctx, file, "number of cells");
    int64_t sites = style->shape.nbasis;
    for (int axis = 0; axis < 3; axis++) {
        if (cells[axis] < 1 || cells[axis] > INT32_MAX ||
            sites > INT64_MAX / cells[axis])
            return fail_head(ctx, file, "number of cells");
        sites *= cells[axis];
        h->n[axis] = (int)cells[axis];
        o->cells[axis][0] = o->cells[axis][1] = h->n[axis];
    }
    if (sites != dataset_sites(set))
        return fail_head(ctx, file, "number of cells");
    char *boundary = string_of(set, NULL, "boundary");
    bool ok = boundary && strlen(boundary) == 5;
    for (int axis = 0; ok && axis < 3; axis++)
        o->periodic[axis] = boundary[2 * axis] == 'p';
    mem_free(boundary);
    return ok ? 0 : fail_head(ctx, file, "boundary");
}

static int read_parameters(struct adele *ctx, const struct dataset *set,
                           const struct word *file, const struct arg *args,
                           struct potential_origin *o)
{
    int n = 0;
    for (const struct arg *a = args; a && a->kind; a++)
        n += a->kind == ARG_NUMBER && a->key;
    o->parameter = mem_zalloc((size_t)n, sizeof *o->parameter);
    if (!o->parameter)
        return err_memory(ctx, "model parameters", 64);
    for (const struct arg *a = args; a && a->kind; a++) {
        if (a->kind != ARG_NUMBER || !a->key)
            continue;
        struct potential_number *p = &o->parameter[o->nparameter];
        p->name = mem_strdup(a->name);
        if (!p->name)
            return err_memory(ctx, "model parameters", 64);
        o->nparameter++;
        if (!number_of(set, "model", a->name, &p->value))
            return fail_head(ctx, file, a->name);
    }
    return 0;
}

static int read_model(struct adele *ctx, const struct dataset *set,
                      const struct word *file, struct potential_origin *o)
{
    o->model = string_of(set, "model", "style");
    const struct style *style =
        o->model ? registry_find(NULL, "model", o->model) : NULL;
    if (!style)
        return fail_head(ctx, file, "model");
    return read_parameters(ctx, set, file, style->args, o);
}

static int read_electrons(struct adele *ctx, const struct dataset *set,
                          const struct word *file, struct potential_origin *o)
{
    static const char *const name[] = {"none", "filling", "mu", "midgap"};
    char *mode = string_of(set, "electrons", "mode");
    int m = 3;
    while (m > 0 && !(mode && !strcmp(mode, name[m])))
        m--;
    mem_free(mode);
    o->electrons = (enum electrons_mode)m;
    if (o->leads.n > 0) {
        o->electrons = ELECTRONS_NONE;
        return 0;
    }
    if (m == ELECTRONS_NONE)
        return err_deck(ctx, &file->where,
                        "cannot use '%s': it was made without electrons",
                        file->text);
    if (!number_of(set, "electrons", "temp", &o->temp))
        return fail_head(ctx, file, "temperature");
    if (m != ELECTRONS_MIDGAP &&
        !number_of(set, "electrons", name[m], &o->electrons_value))
        return fail_head(ctx, file, name[m]);
    return 0;
}

static int add_leads(struct adele *ctx, char *id, char *place,
                     struct lead_list *out)
{
    char *next_id = NULL, *next_place = NULL;
    for (char *a = id, *b = place;; a = b = NULL) {
        a = strtok_r(a, " ", &next_id);
        b = strtok_r(b, " ", &next_place);
        if (!a || !b)
            return 0;
        if (!lead_list_add(out, a, b))
            return err_memory(ctx, "leads", 64);
    }
}

/* Names and places; numbers are those of the first frame. */
static int read_leads(struct adele *ctx, const struct dataset *set,
                      const struct word *file, struct potential_origin *o)
{
    int n = dataset_nlead(set);
    if (n == 0)
        return 0;
    if (dataset_frames(set) == 0)
        return err_deck(ctx, &file->where, "cannot use '%s': it holds no frame",
                        file->text);
    char *id = string_of(set, "leads", "id");
    char *place = string_of(set, "leads", "place");
    double *value = mem_alloc(3 * (size_t)n, sizeof *value);
    int status = value ? 0 : err_memory(ctx, "leads", 24.0 * n);
    if (!status && (!id || !place))
        status = fail_head(ctx, file, "leads");
    if (!status)
        status = add_leads(ctx, id, place, &o->leads);
    if (!status && o->leads.n != n)
        status = fail_head(ctx, file, "leads");
    if (!status)
        status = dataset_lead(ctx, set, 0, value);
    for (int k = 0; !status && k < n; k++) {
        struct lead_record *l = &o->leads.item[k];
        l->gamma = value[3 * k];
        l->mu[0] = l->mu[1] = value[3 * k + 1];
        l->temp = value[3 * k + 2];
    }
    mem_free(value);
    mem_free(id);
    mem_free(place);
    return status;
}

static int read_pair(struct adele *ctx, const struct dataset *set,
                     const struct word *file, struct potential_origin *o)
{
    static const char *const inexact[] = {"none", "elastic", "ml", NULL};
    char *style = string_of(set, "pair", "style");
    int k = 0;
    while (inexact[k] && style && strcmp(style, inexact[k]))
        k++;
    mem_free(style);
    o->pair = string_of(set, "pair", "text");
    if (inexact[k] || !o->pair)
        return err_deck(ctx, &file->where,
                        "cannot use '%s': its forces are those of pair_style "
                        "%s; networks learn from exact ones (rerun with "
                        "pair_style pole labels configurations anew)",
                        file->text, inexact[k] ? inexact[k] : "none");
    if (!number_of(set, "pair", "tol", &o->pair_error))
        o->pair_error = 0;
    return 0;
}

int samples_head_read(struct adele *ctx, const struct dataset *set,
                      const struct word *file, struct samples_head *out)
{
    struct text columns = {0};
    *out = (struct samples_head){0};
    if (read_lattice(ctx, set, file, out) ||
        read_model(ctx, set, file, &out->origin) ||
        read_leads(ctx, set, file, &out->origin) ||
        read_electrons(ctx, set, file, &out->origin) ||
        read_pair(ctx, set, file, &out->origin))
        return ctx->error.status;
    char *names = string_of(set, NULL, "columns");
    text_addf(&columns, " %s ", names ? names : "");
    mem_free(names);
    out->columns = columns.failed ? NULL : mem_strdup(columns.s);
    text_free(&columns);
    return out->columns ? 0 : err_memory(ctx, "columns", 256);
}

void samples_head_free(struct samples_head *h)
{
    samples_origin_free(&h->origin);
    mem_free(h->columns);
    *h = (struct samples_head){0};
}

bool samples_has_column(const struct samples_head *h, const char *name)
{
    size_t n = strlen(name);
    for (const char *s = h->columns; (s = strstr(s, name)); s++)
        if (s[-1] == ' ' && s[n] == ' ')
            return true;
    return false;
}

/* Comparison. */

static int fail_differ(struct adele *ctx, const struct where *where,
                       const char *what, const char *a, const char *a_name,
                       const char *b, const char *b_name)
{
    return err_deck(ctx, where,
                    "data that do not belong together: %s is %s in %s and %s "
                    "in %s",
                    what, a, a_name, b, b_name);
}

static int same_text(struct adele *ctx, const struct where *where,
                     const char *what, const char *a, const char *a_name,
                     const char *b, const char *b_name)
{
    return strcmp(a, b) ? fail_differ(ctx, where, what, a, a_name, b, b_name)
                        : 0;
}

static int same_number(struct adele *ctx, const struct where *where,
                       const char *what, double a, const char *a_name, double b,
                       const char *b_name)
{
    char left[32], right[32];
    if (a == b || fabs(a - b) <= 1e-12 * fabs(a))
        return 0;
    snprintf(left, sizeof left, "%.15g", a);
    snprintf(right, sizeof right, "%.15g", b);
    return fail_differ(ctx, where, what, left, a_name, right, b_name);
}

static const struct potential_number *parameter(
    const struct potential_origin *o, const char *name)
{
    for (int k = 0; k < o->nparameter; k++)
        if (!strcmp(o->parameter[k].name, name))
            return &o->parameter[k];
    return NULL;
}

static int match_leads(struct adele *ctx, const struct potential_origin *a,
                       const char *a_name, const struct potential_origin *b,
                       const char *b_name, const struct where *where)
{
    struct text left = {0}, right = {0};
    int status = 0;
    if (lead_list_differs(&a->leads, &b->leads, true, false, &left, &right))
        status = fail_differ(ctx, where, "what couples to electrodes",
                             left.s ? left.s : "", a_name,
                             right.s ? right.s : "", b_name);
    text_free(&left);
    text_free(&right);
    return status;
}

int samples_match(struct adele *ctx, const struct potential_origin *a,
                  const char *a_name, const struct potential_origin *b,
                  const char *b_name, const struct where *where)
{
    char left[] = "p p p", right[] = "p p p";
    for (int axis = 0; axis < 3; axis++) {
        left[2 * axis] = a->periodic[axis] ? 'p' : 'f';
        right[2 * axis] = b->periodic[axis] ? 'p' : 'f';
    }
    if (same_text(ctx, where, "the lattice", a->lattice, a_name, b->lattice,
                  b_name) ||
        same_text(ctx, where, "the boundary", left, a_name, right, b_name) ||
        same_text(ctx, where, "the model", a->model, a_name, b->model, b_name))
        return ctx->error.status;
    for (int k = 0; k < a->nparameter; k++) {
        const char *name = a->parameter[k].name;
        const struct potential_number *other = parameter(b, name);
        /* Forces do not know the mass. */
        if (strcmp(name, "mass") && other &&
            same_number(ctx, where, name, a->parameter[k].value, a_name,
                        other->value, b_name))
            return ctx->error.status;
    }
    if (match_leads(ctx, a, a_name, b, b_name, where))
        return ctx->error.status;
    return same_number(ctx, where, "temp", a->temp, a_name, b->temp, b_name);
}

static void electrons_text(const struct potential_origin *o, char out[48])
{
    static const char *const name[] = {"mixed", "filling", "mu", "midgap"};
    if (o->electrons == ELECTRONS_FILLING || o->electrons == ELECTRONS_MU)
        snprintf(out, 48, "%s %.15g", name[o->electrons], o->electrons_value);
    else
        snprintf(out, 48, "%s", name[o->electrons]);
}

int samples_electrons(struct adele *ctx, const struct potential_origin *a,
                      const char *a_name, const struct potential_origin *b,
                      const char *b_name, const struct where *where)
{
    char left[48], right[48];
    electrons_text(a, left);
    electrons_text(b, right);
    return same_text(ctx, where, "electrons", left, a_name, right, b_name);
}

/* Whether a potential belongs to the present model, lattice and electrons; and
   finding its file.  See plug/potential.h. */

#include "plug/potential.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "plug/args.h"

static const double number_tolerance = 1e-12; /* of numbers that are the same */

struct check {
    struct adele *ctx;
    const struct potential *p;
    bool force, warn;
    const struct where *where;
};

/* A difference: an error, or a warning when the user insists. */
static int differ(const struct check *c, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static int differ(const struct check *c, const char *format, ...)
{
    const char *name = c->p->path ? c->p->path : "the potential";
    struct text t = {0};
    va_list ap;
    int status = 0;

    va_start(ap, format);
    text_vaddf(&t, format, ap);
    va_end(ap);
    if (!c->force)
        status = err_deck(c->ctx, c->where,
                          "%s: %s; use another potential, or insist with "
                          "`force yes`",
                          name, t.s ? t.s : "it does not belong here");
    else if (c->warn)
        log_warning(&c->ctx->log, "pair_style ml: %s: %s", name,
                    t.s ? t.s : "it does not belong here");
    text_free(&t);
    return status;
}

static bool same(double a, double b)
{
    return fabs(a - b) <= number_tolerance * fmax(fabs(a), fabs(b));
}

/* A number of the model by its keyword; false: it has none of that name. */
static bool model_number(struct model *m, const char *name, double *value)
{
    const struct arg *a = m->head.style->args;

    for (; a && a->kind; a++) {
        const char *at = (const char *)m + a->offset;

        if (strcmp(a->name, name))
            continue;
        if (a->kind == ARG_NUMBER)
            *value = *(const double *)(const void *)at;
        else if (a->kind == ARG_INT)
            *value = (double)*(const int64_t *)(const void *)at;
        else
            continue;
        return true;
    }
    return false;
}

static int check_model(const struct check *c)
{
    const struct potential_origin *o = &c->p->origin;
    struct model *m = c->ctx->model;
    const char *style = m->head.style->name;
    double value;
    int status = 0;

    if (o->model && strcmp(o->model, style))
        return differ(c, "it was made for model %s, the model here is %s",
                      o->model, style);
    for (int k = 0; !status && k < o->nparameter; k++) {
        const struct potential_number *made = &o->parameter[k];

        /* Forces do not depend on it. */
        if (!strcmp(made->name, "mass"))
            continue;
        if (!model_number(m, made->name, &value))
            status = differ(c,
                            "it was made with %s %.10g, which model %s does "
                            "not know",
                            made->name, made->value, style);
        else if (!same(value, made->value))
            status = differ(c,
                            "it was made with %s %.10g, the model here has "
                            "%s %.10g",
                            made->name, made->value, made->name, value);
    }
    return status;
}

static int check_boundary(const struct check *c)
{
    const struct lattice *lat = c->ctx->lat;
    const bool *made = c->p->origin.periodic;

    for (int axis = 0; axis < lat->shape.dim; axis++) {
        if (made[axis] != lat->periodic[axis])
            return differ(c,
                          "it was made with boundary %c along axis %d, the "
                          "boundary here is %c",
                          made[axis] ? 'p' : 'f', axis + 1,
                          lat->periodic[axis] ? 'p' : 'f');
    }
    return 0;
}

/* Inputs that tell how far the ends are hold for the lengths of the data. */
static int check_extent(const struct check *c)
{
    const struct potential *p = c->p;
    int axis = p->position.axis, here = c->ctx->lat->n[axis];
    const int *made = p->origin.cells[axis];

    if (!p->position.given || (here >= made[0] && here <= made[1]))
        return 0;
    if (made[0] == made[1])
        return differ(c,
                      "it knows where a site is along %c and was made with %d "
                      "cells, here are %d",
                      "xyz"[axis], made[0], here);
    return differ(c,
                  "it knows where a site is along %c and was made with %d to "
                  "%d cells, here are %d",
                  "xyz"[axis], made[0], made[1], here);
}

static void electrons_text(enum electrons_mode mode, double value,
                           char text[48])
{
    static const char *const name[] = {"no electrons", "filling", "mu",
                                       "midgap"};

    if (mode == ELECTRONS_FILLING || mode == ELECTRONS_MU)
        snprintf(text, 48, "electrons %s %.10g", name[mode], value);
    else
        snprintf(text, 48, "%s%s", mode == ELECTRONS_MIDGAP ? "electrons " : "",
                 name[mode]);
}

/* A potential that does not see mu holds for the electrons of its data. */
static int check_electrons(const struct check *c)
{
    const struct potential_origin *o = &c->p->origin;
    const struct electrons *e = &c->ctx->electrons;
    double value = e->mode == ELECTRONS_FILLING ? e->filling : e->mu;
    bool valued = e->mode == ELECTRONS_FILLING || e->mode == ELECTRONS_MU;
    char made[48], here[48];

    if (c->p->mu == POTENTIAL_MU_NONE && o->electrons != ELECTRONS_NONE &&
        (e->mode != o->electrons ||
         (valued && !same(value, o->electrons_value)))) {
        electrons_text(o->electrons, o->electrons_value, made);
        electrons_text(e->mode, value, here);
        return differ(c,
                      "it was made with %s and does not know the chemical "
                      "potential; here are %s",
                      made, here);
    }
    if (!same(e->temp, o->temp))
        return differ(c,
                      "it was made at electron temperature %.10g, the "
                      "temperature here is %.10g",
                      o->temp, e->temp);
    if (c->p->mu != POTENTIAL_MU_NONE && e->mode == ELECTRONS_MU && c->warn &&
        (e->mu < o->mu_low || e->mu > o->mu_high))
        log_warning(&c->ctx->log,
                    "pair_style ml: %s was made with chemical potentials from "
                    "%.4g to %.4g, electrons mu %.4g lies outside",
                    c->p->path ? c->p->path : "the potential", o->mu_low,
                    o->mu_high, e->mu);
    return 0;
}

/* Where the data have leads the deck must have them, at the same bias unless
   the network reads it. */
static int check_leads(const struct check *c)
{
    const struct lead_list *made = &c->p->origin.leads;
    struct lead_list here;
    struct text there = {0}, now = {0};
    bool seen = c->p->mu == POTENTIAL_MU_INPUT;
    int status = 0, k, other;

    if (lead_list_now(c->ctx, &here))
        return err_memory(c->ctx, "leads", 64);
    if (lead_list_differs(made, &here, false, !seen, &there, &now))
        status = differ(c, "it was made with %s, here is %s",
                        there.s ? there.s : "", now.s ? now.s : "");
    else if (seen && c->warn &&
             (k = lead_list_outside(made, &here, &other)) >= 0)
        log_warning(&c->ctx->log,
                    "pair_style ml: %s was made with mu of lead %s from %.4g "
                    "to %.4g, mu %.4g here lies outside",
                    c->p->path ? c->p->path : "the potential", here.item[k].id,
                    made->item[other].mu[0], made->item[other].mu[1],
                    here.item[k].mu[0]);
    text_free(&there);
    text_free(&now);
    lead_list_free(&here);
    return status;
}

static int check_disorder(const struct check *c)
{
    if (!c->ctx->state.onsite || c->p->mu != POTENTIAL_MU_NONE)
        return 0;
    return differ(c, "it does not know on-site disorder, which is set here");
}

int potential_check(struct adele *ctx, const struct potential *p, bool force,
                    bool warn, const struct where *where)
{
    struct check c = {ctx, p, force, warn, where};
    int status;

    if (ctx->electrons.mode == ELECTRONS_NONE && p->origin.leads.n == 0)
        return err_deck(ctx, where,
                        "a potential needs electrons; write before it, for "
                        "example: electrons filling 0.5 temp 0.1");
    status = check_model(&c);
    if (!status)
        status = check_boundary(&c);
    if (!status)
        status = check_extent(&c);
    if (!status)
        status = check_leads(&c);
    if (!status && p->origin.leads.n == 0)
        status = check_electrons(&c);
    return status ? status : check_disorder(&c);
}

/* Folders, the first that has the file. */

struct search {
    const char *name;
    char *found;
    struct text tried;
    bool failed;
    bool yaml; /* a folder has the name with .yaml behind it */
};

static void try_folder(struct search *s, const char *folder, size_t length)
{
    struct text path = {0};

    if (s->found || s->failed || length == 0)
        return;
    if (strcmp(folder, ".")) {
        text_addn(&path, folder, length);
        text_add(&path, folder[length - 1] == '/' ? "" : "/");
    }
    text_add(&path, s->name);
    if (path.failed || s->tried.failed) {
        s->failed = true;
        text_free(&path);
        return;
    }
    if (access(path.s, R_OK) == 0) {
        s->found = path.s;
        return;
    }
    text_addf(&s->tried, "%s%.*s", s->tried.length ? ", " : "", (int)length,
              folder);
    text_add(&path, ".yaml");
    s->yaml = s->yaml || (!path.failed && access(path.s, R_OK) == 0);
    text_free(&path);
}

/* ../potentials beside the program: a build tree. */
static void try_build_tree(struct search *s)
{
    char path[4096];
    ssize_t n = readlink("/proc/self/exe", path, sizeof path - 32);
    char *slash;

    if (n <= 0)
        return;
    path[n] = 0;
    for (int up = 0; up < 2; up++) {
        slash = strrchr(path, '/');
        if (!slash)
            return;
        *slash = 0;
    }
    strcat(path, "/potentials");
    if (access(path, X_OK) == 0)
        try_folder(s, path, strlen(path));
}

static void try_deck_folder(struct search *s, const struct where *where)
{
    const char *file = where && where->line ? where->line->file : NULL;
    const char *slash = file ? strrchr(file, '/') : NULL;

    if (slash)
        try_folder(s, file, (size_t)(slash - file) + 1);
    else
        try_folder(s, ".", 1);
}

static void try_environment(struct search *s)
{
    const char *list = getenv("ADELE_POTENTIALS");

    while (list && *list) {
        size_t n = strcspn(list, ":");

        try_folder(s, list, n);
        list += n + (list[n] == ':');
    }
}

char *potential_find(struct adele *ctx, const char *name,
                     const struct where *where)
{
    struct search s = {.name = name};
    static const char installed[] = ADELE_PREFIX "/share/adele/potentials";

    if (name[0] == '/') {
        char *copy = mem_strdup(name);

        if (!copy)
            err_memory(ctx, "a file name", 0);
        return copy;
    }
    try_deck_folder(&s, where);
    try_environment(&s);
    try_folder(&s, installed, strlen(installed));
    try_build_tree(&s);
    if (!s.found && !s.failed)
        err_deck(ctx, where,
                 "no potential '%s' in the folders %s; name a folder with "
                 "$ADELE_POTENTIALS, or give the path%s%s%s",
                 name, s.tried.s ? s.tried.s : "",
                 s.yaml ? "; did you mean '" : "", s.yaml ? name : "",
                 s.yaml ? ".yaml'?" : "");
    else if (s.failed)
        err_memory(ctx, "a file name", 0);
    text_free(&s.tried);
    return s.found;
}

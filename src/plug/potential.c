/* Potentials: made from the words of a descriptor and a network.  See
   plug/potential.h. */

#include "plug/potential.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "plug/config.h"
#include "plug/registry.h"
#include "plug/samples.h"

const char *const potential_target_name[] = {"force", "density", "energy",
                                             NULL};
const char *const potential_mu_name[] = {"none", "shift", "input", NULL};

static const struct descriptor_style *style_of(const struct potential *p)
{
    return (const struct descriptor_style *)p->descriptor->head.style;
}

static void free_strings(char **s, int n)
{
    for (int k = 0; s && k < n; k++)
        mem_free(s[k]);
    mem_free(s);
}

static void free_note(struct potential_note *n)
{
    mem_free(n->contributor);
    mem_free(n->date);
    mem_free(n->citation);
    mem_free(n->adele_version);
    mem_free(n->training);
    free_strings(n->data, n->ndata);
}

void potential_free(struct adele *ctx, struct potential *p)
{
    if (!p)
        return;
    if (p->descriptor)
        instance_free(ctx, &p->descriptor->head);
    if (p->network)
        instance_free(ctx, &p->network->head);
    net_fini(&p->net);
    samples_origin_free(&p->origin);
    free_note(&p->note);
    mem_free(p->path);
    mem_free(p->descriptor_text);
    mem_free(p->network_text);
    potential_position_free(ctx, &p->position);
    mem_free(p->in_shift);
    mem_free(p->in_scale);
    mem_free(p->linear);
    mem_free(p->out_shift);
    mem_free(p->out_scale);
    mem_free(p->in_low);
    mem_free(p->in_high);
    mem_free(p->param);
    mem_free(p);
}

/* What the target and mu ask of the model. */
static int check_model(struct adele *ctx, enum potential_target target,
                       enum potential_mu mu)
{
    const struct model *m = ctx->model;
    const struct model_style *style = (const struct model_style *)m->head.style;
    const char *name = style->style.name;
    double shift[MODEL_COMPONENT_MAX];

    if (target == TARGET_DENSITY && m->use_bonds)
        return err_deck(ctx, NULL,
                        "target density: the forces of model %s need densities "
                        "of bonds; use target force or energy",
                        name);
    if (mu != POTENTIAL_MU_SHIFT)
        return 0;
    if (!style->mu_shift)
        return err_deck(ctx, NULL,
                        "mu shift: in model %s no displacement stands for a "
                        "chemical potential; use mu input or none",
                        name);
    if (target == TARGET_FORCE)
        return err_deck(ctx, NULL,
                        "mu shift goes with target density or energy: the "
                        "elastic part of a total force does not depend on mu "
                        "like a displacement");
    return style->mu_shift(ctx, ctx->model, shift);
}

static double *numbers(int64_t n, double value)
{
    double *a = mem_alloc((size_t)n, sizeof *a);

    for (int64_t k = 0; a && k < n; k++)
        a[k] = value;
    return a;
}

static int allocate(struct adele *ctx, struct potential *p)
{
    p->in_shift = numbers(p->nin, 0);
    p->in_scale = numbers(p->nin, 1);
    p->linear = numbers(p->nin, 0);
    p->out_shift = numbers(p->nout, 0);
    p->out_scale = numbers(p->nout, 1);
    p->in_low = numbers(p->nin, -INFINITY);
    p->in_high = numbers(p->nin, INFINITY);
    p->param = numbers(p->net.nparam, 0);
    if (p->in_shift && p->in_scale && p->linear && p->out_shift &&
        p->out_scale && p->in_low && p->in_high && p->param)
        return 0;
    return err_memory(ctx, "a potential", 8.0 * (double)p->net.nparam);
}

static bool is_keyword(const struct arg *a, const char *word)
{
    for (; a && a->kind; a++) {
        if (a->key && !strcmp(a->name, word))
            return true;
    }
    return false;
}

/* Words as a YAML map: quote marks tell values from keywords; words of a deck
   have none. */
static int keep_text(struct adele *ctx, const struct words *words,
                     const struct instance *self, char **text)
{
    struct words marked = {.word =
                               mem_alloc((size_t)words->n, sizeof(struct word)),
                           .n = words->n};
    struct text t = {0};
    bool deck = true;

    if (!marked.word)
        return err_memory(ctx, "words", 0);
    memcpy(marked.word, words->word, (size_t)words->n * sizeof *words->word);
    for (int k = 1; k < words->n; k++)
        deck = deck && !words->word[k].quote;
    for (int k = 1; deck && k < words->n; k++)
        marked.word[k].quote =
            is_keyword(self->style->args, words->word[k].text) ? 0 : '"';
    config_flow(&marked, &t);
    mem_free(marked.word);
    if (t.failed || !t.s)
        return err_memory(ctx, "words", 0);
    *text = t.s;
    return 0;
}

/* Which places are alike: polar axes and the position. */
static int make_geometry(struct adele *ctx, struct potential *p,
                         const struct potential_geometry *g)
{
    p->shape = ctx->lat->shape;
    p->nmu = p->mu == POTENTIAL_MU_INPUT;
    if (!g)
        return 0;
    if (g->nlead > POTENTIAL_LEADS)
        return err_deck(ctx, NULL, "a potential knows %d leads at most",
                        POTENTIAL_LEADS);
    if (p->nmu && g->nlead > 0)
        p->nmu = g->nlead;
    memcpy(p->shape.polar, g->polar, sizeof p->shape.polar);
    if (!g->position)
        return 0;
    if (potential_position_read(ctx, g->position, &p->position))
        return ctx->error.status;
    if (g->automatic)
        p->shape.polar[p->position.axis] = true;
    if (p->shape.polar[p->position.axis])
        return 0;
    return err_deck(ctx, &g->position->word[0].where,
                    "position along %c tells its two ends apart, so that %c "
                    "must be one of the polar axes",
                    "xyz"[p->position.axis], "xyz"[p->position.axis]);
}

int potential_extra(const struct potential *p)
{
    return p->nmu + potential_position_channels(&p->position);
}

void potential_extra_fixed(const struct potential *p, const struct lattice *lat,
                           double *extra)
{
    if (p->position.given)
        potential_position_fill(&p->position, lat, extra + p->nmu,
                                potential_extra(p));
}

void potential_extra_mu(const struct adele *ctx, const struct potential *p,
                        const struct field *onsite, double mu, int64_t n,
                        double *extra)
{
    int all = potential_extra(p), nb = ctx->lat->shape.nbasis;
    int nx = ctx->lat->local[0];
    double value[POTENTIAL_LEADS] = {mu};

    if (p->nmu == 0)
        return;
    if (p->origin.leads.n > 0)
        lead_list_mu(ctx, &p->origin.leads, value);
    for (int64_t i = 0; i < n; i++) {
        int64_t cell = i / nb;
        double shift = 0;

        if (onsite)
            shift = field_read(
                onsite, 0,
                (int)(i % nb))[field_row(onsite, cell / nx) + cell % nx];
        for (int k = 0; k < p->nmu; k++)
            extra[i * all + k] = value[k] - shift;
    }
}

static int make_descriptor(struct adele *ctx, struct potential *p,
                           const struct words *words)
{
    struct descriptor *d;

    d = (struct descriptor *)instance_new(ctx, "descriptor", words, NULL, NULL);
    p->descriptor = d;
    if (!d || keep_text(ctx, words, &d->head, &p->descriptor_text))
        return ctx->error.status;
    if (style_of(p)->setup(ctx, d, &p->shape, p->ncomp, p->vector))
        return ctx->error.status;
    if (p->target == TARGET_ENERGY &&
        (!style_of(p)->tangent || !style_of(p)->backward))
        return err_deck(ctx, &d->head.where,
                        "descriptor %s has no derivatives, which target energy "
                        "needs; use target density or force",
                        d->head.style->name);
    p->nin = d->nfeature + potential_extra(p);
    if (potential_extra(p) && d->rank)
        return err_deck(ctx, &d->head.where,
                        "%s needs features that are invariant; those of "
                        "descriptor %s turn as vectors",
                        p->position.given ? "position" : "mu input",
                        d->head.style->name);
    if (p->nin > POTENTIAL_INPUT_MAX)
        return err_deck(ctx, &d->head.where,
                        "descriptor %s makes %d features, more than %d",
                        d->head.style->name, d->nfeature, POTENTIAL_INPUT_MAX);
    return 0;
}

static int make_network(struct adele *ctx, struct potential *p,
                        const struct words *words)
{
    const struct network_style *style;
    bool turns = p->target == TARGET_FORCE && p->vector;

    p->nout = p->target == TARGET_FORCE ? p->ncomp : 1;
    p->network =
        (struct network *)instance_new(ctx, "network", words, NULL, NULL);
    if (!p->network ||
        keep_text(ctx, words, &p->network->head, &p->network_text))
        return ctx->error.status;
    style = (const struct network_style *)p->network->head.style;
    if (style->build(ctx, p->network, &p->shape, p->nin, p->descriptor->rank,
                     p->nout, turns, &p->net))
        return ctx->error.status;
    for (int l = 0; p->position.given && l < p->net.nlayer; l++) {
        if (p->net.layer[l].bias)
            return 0;
    }
    if (!p->position.given)
        return 0;
    return err_deck(ctx, &p->network->head.where,
                    "network %s has no biases (odd): it changes its sign with "
                    "that of all inputs, which those of position never do; "
                    "leave odd or position away",
                    p->network->head.style->name);
}

struct potential *potential_new(struct adele *ctx,
                                const struct words *descriptor,
                                const struct words *network,
                                enum potential_target target,
                                enum potential_mu mu,
                                const struct potential_geometry *geometry)
{
    struct potential *p;

    if (need_model(ctx) || check_model(ctx, target, mu))
        return NULL;
    p = mem_zalloc(1, sizeof *p);
    if (!p) {
        err_memory(ctx, "a potential", sizeof *p);
        return NULL;
    }
    p->target = target;
    p->mu = mu;
    p->ncomp = ctx->model->ncomp;
    p->dim = ctx->lat->shape.dim;
    p->vector = ctx->model->vector;
    p->note.rmse = p->note.mae = p->note.max = p->note.r2 = NAN;
    if (make_geometry(ctx, p, geometry) ||
        make_descriptor(ctx, p, descriptor) || make_network(ctx, p, network) ||
        allocate(ctx, p)) {
        potential_free(ctx, p);
        return NULL;
    }
    return p;
}

/* Force evaluation: see plug/pair.h.

   A result keeps the stamp of the configuration it was computed from, and
   the parts that hold for it; whoever asks gets the missing parts computed and
   nothing else. */

#include "plug/pair.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "plug/lead.h"
#include "plug/registry.h"

static const char *const need_name[NEED_BITS] = {
    "forces",
    "the energy",
    "densities",
    "bond densities",
    "the chemical potential",
    "the spectrum (`using ed` solves for it)",
    "the entropy",
    "an estimate of its error",
    "the deviation of a committee (give pair_style ml several files)",
    "a count of unknown sites",
    "currents (pair_style negf with leads has them)"};

int pair_result_init(struct adele *ctx, struct pair_result *r)
{
    (void)ctx;
    *r = (struct pair_result){0};
    return 0;
}

void pair_result_fini(struct pair_result *r)
{
    field_free(r->force);
    mem_free(r->n);
    mem_free(r->rho);
    mem_free(r->level);
    mem_free(r->deviation);
    *r = (struct pair_result){0};
}

static int reserve(struct adele *ctx, double **array, int64_t *have, int64_t n)
{
    if (n == 0 || *have == n)
        return 0;
    double *p = mem_resize(*array, (size_t)n, sizeof *p);
    if (!p)
        return err_memory(ctx, "densities", 8.0 * (double)n);
    *array = p;
    *have = n;
    return 0;
}

int pair_result_reserve(struct adele *ctx, struct pair_result *r, int64_t nsite,
                        int64_t nbond, int64_t nlevel)
{
    int status = reserve(ctx, &r->n, &r->nsite, nsite);
    if (!status)
        status = reserve(ctx, &r->rho, &r->nbond, nbond);
    if (!status)
        status = reserve(ctx, &r->level, &r->nlevel, nlevel);
    return status;
}

int pair_result_reserve_deviation(struct adele *ctx, struct pair_result *r,
                                  int64_t nsite)
{
    return reserve(ctx, &r->deviation, &r->ndeviation, nsite);
}

static int reserve_force(struct adele *ctx, struct pair_result *r)
{
    if (r->force && r->force->lat == ctx->lat &&
        r->force->ncomp == ctx->model->ncomp)
        return 0;
    struct field *f = field_new(ctx->lat, ctx->model->ncomp, &ctx->clock);
    if (!f)
        return err_memory(ctx, "forces",
                          8.0 * ctx->model->ncomp * (double)ctx->lat->nlocal);
    field_free(r->force);
    r->force = f;
    return 0;
}

uint64_t pair_stamp(const struct adele *ctx)
{
    return ctx->state.displacement->tag + ctx->parameter_tag +
           (ctx->state.onsite ? ctx->state.onsite->tag : 0);
}

/* Electrons that are in equilibrium, or none, beside leads. */
static void warn_leads(struct adele *ctx, struct pair *p)
{
    if (ctx->leads.n == 0 || p->leads || p->warned_leads ||
        !(p->gives & NEED_DENSITY))
        return;
    p->warned_leads = true;
    log_warning(&ctx->log,
                "pair_style %s leaves the leads out: its electrons are an "
                "isolated system in equilibrium; pair_style negf couples them",
                p->head.style->name);
}

int pair_setup(struct adele *ctx, struct pair *p)
{
    const struct pair_style *style = (const struct pair_style *)p->head.style;
    if (ctx->leads.n > 0 && leads_update(ctx))
        return ctx->error.status;
    if (p->ready == ctx->parameter_tag)
        return 0;
    int status = style->setup ? style->setup(ctx, p) : 0;
    if (!status)
        warn_leads(ctx, p);
    if (!status)
        p->ready = ctx->parameter_tag;
    return status;
}

static int refuse(struct adele *ctx, const struct pair *p, unsigned lacking)
{
    const char *why = lacking & (NEED_ENERGY | NEED_ENTROPY) ? p->why : NULL;
    int bit = 0;
    while (!(lacking >> bit & 1))
        bit++;
    return err_run_at(ctx, &p->head.where,
                      "pair_style %s does not give %s, which is needed here"
                      "%s%s",
                      p->head.style->name, need_name[bit], why ? "; " : "",
                      why ? why : "");
}

int pair_require(struct adele *ctx, struct pair *p, unsigned need,
                 struct pair_result *r)
{
    const struct pair_style *style = (const struct pair_style *)p->head.style;
    int status = pair_setup(ctx, p);
    if (status)
        return status;
    if (need & ~p->gives)
        return refuse(ctx, p, need & ~p->gives);
    uint64_t stamp = pair_stamp(ctx);
    if (r->stamp != stamp) {
        r->have = 0;
        r->stamp = stamp;
    }
    unsigned missing = need & ~r->have;
    if (!missing)
        return 0;
    if ((missing & NEED_FORCE) && (status = reserve_force(ctx, r)))
        return status;
    enum task before = timers_enter(&ctx->timers, TASK_PAIR);
    status = style->compute(ctx, p, missing, r);
    timers_enter(&ctx->timers, before);
    if (status)
        r->have = 0;
    else
        r->have |= missing;
    return status;
}

/* "ed or pole": the styles that can. */
static void list_density_at(const struct adele *ctx, struct text *out)
{
    enum { MOST = 64 };
    const char *name[MOST], *can[MOST];
    int n = registry_names("pair", name, MOST), count = 0;
    for (int k = 0; k < n; k++) {
        const struct pair_style *style =
            (const struct pair_style *)registry_find(ctx, "pair", name[k]);
        if (style && style->density_at)
            can[count++] = name[k];
    }
    for (int k = 0; k < count; k++)
        text_addf(out, "%s%s",
                  k == 0          ? ""
                  : k < count - 1 ? ", "
                                  : " or ",
                  can[k]);
}

int pair_check_density_at(struct adele *ctx, const struct pair *p,
                          const struct where *where, const char *what)
{
    const struct pair_style *style = (const struct pair_style *)p->head.style;
    struct text can = {0};
    if (style->density_at)
        return ADELE_OK;
    list_density_at(ctx, &can);
    int status = err_run_at(
        ctx, where,
        "%s: pair_style %s does not give densities at several chemical "
        "potentials; use pair_style %s",
        what, style->style.name, can.s ? can.s : "ed");
    text_free(&can);
    return status;
}

int pair_density_at(struct adele *ctx, struct pair *p, const double *mu,
                    int nmu, double *n, double *error)
{
    const struct pair_style *style = (const struct pair_style *)p->head.style;
    int status = pair_check_density_at(ctx, p, &p->head.where, "densities");
    if (!status)
        status = pair_setup(ctx, p);
    if (status)
        return status;
    enum task before = timers_enter(&ctx->timers, TASK_PAIR);
    status = style->density_at(ctx, p, mu, nmu, n, error);
    timers_enter(&ctx->timers, before);
    return status;
}

int forces_require(struct adele *ctx, unsigned need)
{
    int status = need_pair(ctx);
    return status ? status : pair_require(ctx, ctx->pair, need, ctx->forces);
}

unsigned forces_gives(const struct adele *ctx)
{
    return ctx->pair ? ctx->pair->gives : 0;
}

double pair_energy(const struct pair_result *r)
{
    return r->elastic + r->electronic;
}

static int make_bonds(struct adele *ctx, struct terms *t)
{
    struct model *m = ctx->model;
    const struct model_style *style = (const struct model_style *)m->head.style;
    terms_fini(t);
    if (terms_init(t, ctx->lat->nsite))
        return err_memory(ctx, "the Hamiltonian",
                          16.0 * (double)ctx->lat->nsite);
    int status = style->bonds(ctx, m, t);
    if (!status && terms_finish(t))
        status = err_memory(ctx, "the Hamiltonian", 8.0 * (double)t->nbond);
    if (status)
        terms_fini(t);
    else
        t->bond_tag = m->tag;
    return status;
}

/* Adds the disorder, site order. */
static void add_disorder(const struct field *onsite, double *e)
{
    const struct lattice *lat = onsite->lat;
    int nb = lat->shape.nbasis;
    for (int b = 0; b < nb; b++) {
        const double *w = field_read(onsite, 0, b);
        int64_t site = b;
        for (int64_t r = 0; r < field_nrow(onsite); r++) {
            const double *row = w + field_row(onsite, r);
            for (int x = 0; x < lat->local[0]; x++, site += nb)
                e[site] += row[x];
        }
    }
}

static int check_finite(struct adele *ctx, const struct terms *t)
{
    for (int64_t i = 0; i < t->nsite; i++) {
        if (!isfinite(t->onsite[i]))
            return err_run(ctx,
                           "the electronic energy of site %lld is %g: the "
                           "displacement has grown out of bounds (a smaller "
                           "timestep may help)",
                           (long long)i + 1, t->onsite[i]);
    }
    for (int64_t k = 0; k < t->nbond; k++) {
        if (!isfinite(t->hopping[k]))
            return err_run(ctx,
                           "the hopping between sites %lld and %lld is %g: the "
                           "displacement has grown out of bounds (a smaller "
                           "timestep may help)",
                           (long long)t->bond[k].i + 1,
                           (long long)t->bond[k].j + 1, t->hopping[k]);
    }
    return 0;
}

int pair_terms(struct adele *ctx, struct terms *t)
{
    struct model *m = ctx->model;
    const struct model_style *style = (const struct model_style *)m->head.style;
    uint64_t tag = pair_stamp(ctx);
    int status = 0;
    if (t->bond_tag == 0 || t->bond_tag != m->tag)
        status = make_bonds(ctx, t);
    if (status || t->tag == tag)
        return status;
    t->tag = 0;
    status = style->values(ctx, m, t);
    if (status)
        return status;
    if (ctx->state.onsite)
        add_disorder(ctx->state.onsite, t->onsite);
    status = check_finite(ctx, t);
    if (!status)
        t->tag = tag;
    return status;
}

static uint64_t mix(uint64_t hash, const void *bytes, size_t n)
{
    const unsigned char *b = bytes;
    for (size_t i = 0; i < n; i++)
        hash = (hash ^ b[i]) * 0x100000001b3u;
    return hash;
}

int pair_fingerprint(struct adele *ctx, int64_t *out)
{
    const struct instance *model = &ctx->model->head;
    const struct electrons *el = &ctx->electrons;
    const double number[] = {el->mode, el->filling, el->mu, el->temp};
    size_t n = (size_t)ctx->lat->nsite;
    uint64_t hash = mix(0xcbf29ce484222325u, number, sizeof number);
    hash = mix(hash, model->style->name, strlen(model->style->name));
    for (const struct arg *a = model->style->args; a && a->kind; a++)
        if (a->kind == ARG_NUMBER)
            hash = mix(hash, (const char *)model + a->offset, sizeof(double));
    for (int i = 0; i < ctx->leads.n; i++) {
        const struct lead *l = ctx->leads.item[i];
        const double values[] = {l->place, l->group, l->now.gamma, l->now.mu,
                                 l->now.temp};

        hash = mix(hash, values, sizeof values);
    }
    if (ctx->state.onsite) {
        double *disorder = mem_alloc(n, sizeof *disorder);
        if (!disorder)
            return err_memory(ctx, "the disorder", 8.0 * (double)n);
        field_gather(ctx->state.onsite, 0, disorder);
        hash = mix(hash, disorder, n * sizeof *disorder);
        mem_free(disorder);
    }
    *out = (int64_t)hash;
    return 0;
}

int pair_complete(struct adele *ctx, unsigned need, struct pair_result *r)
{
    struct model *m = ctx->model;
    const struct model_style *style = (const struct model_style *)m->head.style;
    struct field *force = need & NEED_FORCE ? r->force : NULL;
    double *energy = need & NEED_ENERGY ? &r->elastic : NULL;
    if (!force && !energy)
        return 0;
    enum task before = timers_enter(&ctx->timers, TASK_FORCE);
    int status = style->elastic(ctx, m, force, energy);
    if (!status && force && (r->have & NEED_DENSITY))
        status = style->electronic(ctx, m, r->n, m->use_bonds ? r->rho : NULL,
                                   force);
    timers_enter(&ctx->timers, before);
    return status;
}

/* Exact diagonalisation of the electrons:

       H v_k = e_k v_k,   f_k = 1/(exp((e_k - mu)/T) + 1),
       <c+_i c_j> = sum_k f_k v_ik v_jk,
       Omega = -T sum_k ln(1 + exp(-(e_k - mu)/T)) + constant,

   and Hellmann-Feynman forces from these densities.  One dense real symmetric
   eigenproblem a configuration: 24 N^2 bytes, about 9 N^3 operations.

       pair_style ed */

#include <math.h>
#include <unistd.h>

#include "base/mem.h"
#include "la/eigen.h"
#include "plug/pair.h"
#include "plug/registry.h"

/* Above this a user wants to know before the run starts. */
static const double LONG_STEP = 60; /* s */

enum { NEED_VECTORS = NEED_FORCE | NEED_DENSITY | NEED_BOND };

struct ed {
    struct pair pair;
    struct terms terms;
    struct eigen eigen;
    struct fermi fermi;
    double *occupation;  /* [n] */
    int64_t *bond_sites; /* [nbond][2] */
    uint64_t bond_tag;   /* of bond_sites, as in terms */
    uint64_t solved;     /* terms.tag that eigen, fermi, occupation hold for */
    bool vectors;        /* .. the eigenvectors too */
    bool warned_midgap, warned_shell;
};

static void duration(struct text *out, double seconds)
{
    static const struct {
        double seconds;
        const char *name;
    } unit[] = {{365.25 * 86400, "years"},
                {86400, "days"},
                {3600, "hours"},
                {60, "minutes"},
                {0, "seconds"}};
    int i = 0;
    while (seconds < 2 * unit[i].seconds)
        i++;
    text_addf(out, "%.2g %s", seconds / fmax(unit[i].seconds, 1), unit[i].name);
}

/* An honest no to lattices that a dense matrix cannot hold. */
static int check_size(struct adele *ctx, const struct pair *p)
{
    double n = (double)ctx->lat->nsite, bytes = eigen_bytes(n, true);
    double memory =
        (double)sysconf(_SC_PHYS_PAGES) * (double)sysconf(_SC_PAGE_SIZE);
    if (n <= EIGEN_MAX && bytes <= memory)
        return 0;
    char need[16], has[16];
    struct text t = {0};
    text_addf(&t, "pair_style ed needs %s of memory and about ",
              text_bytes(need, bytes));
    duration(&t, eigen_seconds(n, true, ctx->nthread));
    text_addf(&t,
              " a step for %.0f sites (this machine has %s; at most %d "
              "sites); ",
              n, text_bytes(has, memory), EIGEN_MAX);
    text_add(&t, registry_find(ctx, "pair", "pole")
                     ? "use pair_style pole, which needs no dense matrix"
                     : "take a smaller lattice, or pair_style elastic, which "
                       "has no electrons");
    int status = err_deck(ctx, &p->head.where, "%s", t.s ? t.s : "");
    text_free(&t);
    return status;
}

static void announce(struct adele *ctx)
{
    double n = (double)ctx->lat->nsite;
    double seconds = eigen_seconds(n, true, ctx->nthread);
    char bytes[16];
    struct text t = {0};
    if (seconds < LONG_STEP)
        return;
    duration(&t, seconds);
    log_printf(&ctx->log,
               "pair_style ed: a step of %.0f sites takes about %s and %s of "
               "memory\n",
               n, t.s ? t.s : "", text_bytes(bytes, eigen_bytes(n, true)));
    text_free(&t);
}

static int ed_init(struct adele *ctx, void *self)
{
    struct pair *p = self;
    int status = need_model(ctx);
    if (status)
        return status;
    p->gives = NEED_SOLVED;
    p->gradient = true;
    p->global = true;
    status = check_size(ctx, p);
    if (!status)
        announce(ctx);
    return status;
}

static void ed_fini(struct adele *ctx, void *self)
{
    struct ed *ed = self;
    (void)ctx;
    terms_fini(&ed->terms);
    eigen_free(&ed->eigen);
    mem_free(ed->occupation);
    mem_free(ed->bond_sites);
}

/* At T = 0 a fraction of an electron has no ground state. */
static int check_ground(struct adele *ctx, const struct pair *p)
{
    double n = (double)ctx->lat->nsite, number = ctx->electrons.filling * n;
    if (fabs(number - round(number)) <= 1e-13 * fmax(number, 1))
        return 0;
    return err_deck(ctx, &p->head.where,
                    "pair_style ed: at temp 0 the number of electrons must be "
                    "whole, but filling %g of %.0f sites is %.10g; give a "
                    "temperature above 0 or a filling like %.10g",
                    ctx->electrons.filling, n, number, round(number) / n);
}

static int ed_setup(struct adele *ctx, struct pair *p)
{
    struct ed *ed = (struct ed *)p;
    const struct electrons *el = &ctx->electrons;
    p->gradient = el->mode != ELECTRONS_MIDGAP;
    if (el->mode == ELECTRONS_NONE)
        return err_deck(ctx, &p->head.where,
                        "pair_style ed needs electrons; write before it, for "
                        "example: electrons filling 0.5 temp 0.1");
    if (el->mode == ELECTRONS_FILLING && el->temp == 0)
        return check_ground(ctx, p);
    if (el->mode != ELECTRONS_MIDGAP)
        return 0;
    if (ctx->lat->nsite % 2 != 0)
        return err_deck(ctx, &p->head.where,
                        "pair_style ed: electrons midgap needs an even number "
                        "of sites, this lattice has %lld",
                        (long long)ctx->lat->nsite);
    if (!ed->warned_midgap)
        log_warning(&ctx->log,
                    "electrons midgap: the forces are not the exact gradient "
                    "of pe, since mu follows two levels");
    ed->warned_midgap = true;
    return 0;
}

static int build(struct adele *ctx, struct ed *ed)
{
    enum task before = timers_enter(&ctx->timers, TASK_BUILD);
    int status = pair_terms(ctx, &ed->terms);
    timers_enter(&ctx->timers, before);
    return status;
}

static int reserve(struct adele *ctx, struct ed *ed, bool vectors)
{
    int64_t n = ed->terms.nsite;
    if (eigen_reserve(&ed->eigen, n, vectors))
        return err_memory(ctx, "pair_style ed",
                          eigen_bytes((double)n, vectors));
    if (!ed->occupation)
        ed->occupation = mem_alloc((size_t)n, sizeof(double));
    if (!ed->occupation)
        return err_memory(ctx, "pair_style ed", 8.0 * (double)n);
    return 0;
}

static int diagonalise(struct adele *ctx, struct ed *ed, bool vectors)
{
    ed->solved = 0;
    int status = reserve(ctx, ed, vectors);
    if (status)
        return status;
    enum task before = timers_enter(&ctx->timers, TASK_BUILD);
    terms_dense(&ed->terms, ed->eigen.matrix);
    timers_enter(&ctx->timers, TASK_SOLVE);
    int info = eigen_solve(&ed->eigen, vectors, ctx->nthread);
    timers_enter(&ctx->timers, before);
    if (info != 0)
        return err_run(
            ctx,
            "pair_style ed: the eigenvalues did not converge (LAPACK "
            "dsyevd returned %d)",
            info);
    return 0;
}

static void warn_open_shell(struct adele *ctx, struct ed *ed)
{
    ed->pair.gradient = false;
    if (!ed->warned_shell)
        log_warning(
            &ctx->log,
            "electrons at temp 0: the level at mu = %.6g is degenerate "
            "and partly filled; it is filled evenly, and the forces are "
            "not the exact gradient of pe",
            ed->fermi.mu);
    ed->warned_shell = true;
}

static int occupy(struct adele *ctx, struct ed *ed)
{
    static const enum fermi_mode mode[] = {[ELECTRONS_FILLING] =
                                               FERMI_FIXED_NUMBER,
                                           [ELECTRONS_MU] = FERMI_FIXED_MU,
                                           [ELECTRONS_MIDGAP] = FERMI_MIDGAP};
    const struct electrons *el = &ctx->electrons;
    int64_t n = ed->terms.nsite;
    double target =
        el->mode == ELECTRONS_FILLING ? el->filling * (double)n : el->mu;
    if (fermi_solve(ed->eigen.value, n, el->temp, mode[el->mode], target,
                    ed->occupation, &ed->fermi))
        return err_run(
            ctx,
            "pair_style ed: no chemical potential for %.10g electrons "
            "on %lld sites",
            target, (long long)n);
    if (ed->fermi.open_shell)
        warn_open_shell(ctx, ed);
    return 0;
}

static int solve(struct adele *ctx, struct ed *ed, bool vectors)
{
    if (ed->solved == ed->terms.tag && (ed->vectors || !vectors))
        return 0;
    int status = diagonalise(ctx, ed, vectors);
    if (!status)
        status = occupy(ctx, ed);
    if (!status) {
        ed->solved = ed->terms.tag;
        ed->vectors = vectors;
    }
    return status;
}

static void fill_numbers(const struct adele *ctx, const struct ed *ed,
                         struct pair_result *r)
{
    const struct electrons *el = &ctx->electrons;
    const struct fermi *s = &ed->fermi;
    double number = el->mode == ELECTRONS_FILLING
                        ? el->filling * (double)ed->terms.nsite
                        : s->number;
    r->mu = s->mu;
    r->number = s->number;
    r->band = s->band;
    r->entropy = s->entropy;
    r->electronic = s->omega + ed->terms.constant;
    if (el->mode != ELECTRONS_MU)
        r->electronic += s->mu * number;
    r->have |= NEED_MU | NEED_ENTROPY;
}

static int fill_spectrum(struct adele *ctx, const struct ed *ed,
                         struct pair_result *r)
{
    int64_t n = ed->terms.nsite;
    int status = pair_result_reserve(ctx, r, 0, 0, n);
    if (status)
        return status;
    for (int64_t k = 0; k < n; k++)
        r->level[k] = ed->eigen.value[k];
    r->have |= NEED_SPECTRUM;
    return 0;
}

static int list_bonds(struct adele *ctx, struct ed *ed)
{
    const struct terms *t = &ed->terms;
    if (ed->bond_tag == t->bond_tag)
        return 0;
    int64_t *p = mem_resize(ed->bond_sites, (size_t)t->nbond, 2 * sizeof *p);
    if (!p)
        return err_memory(ctx, "the bonds of the lattice",
                          16.0 * (double)t->nbond);
    ed->bond_sites = p;
    for (int64_t b = 0; b < t->nbond; b++) {
        p[2 * b] = t->bond[b].i;
        p[2 * b + 1] = t->bond[b].j;
    }
    ed->bond_tag = t->bond_tag;
    return 0;
}

static int fill_densities(struct adele *ctx, struct ed *ed, bool bonds,
                          struct pair_result *r)
{
    const struct terms *t = &ed->terms;
    int status = pair_result_reserve(ctx, r, t->nsite, bonds ? t->nbond : 0, 0);
    if (!status && bonds)
        status = list_bonds(ctx, ed);
    if (status)
        return status;
    enum task before = timers_enter(&ctx->timers, TASK_DENSITY);
    if (!(r->have & NEED_DENSITY))
        eigen_density(ed->eigen.matrix, t->nsite, ed->occupation, r->n);
    r->have |= NEED_DENSITY;
    if (bonds && !(r->have & NEED_BOND)) {
        eigen_pairs(ed->eigen.matrix, t->nsite, ed->occupation, t->nbond,
                    ed->bond_sites, r->rho);
        r->have |= NEED_BOND;
    }
    timers_enter(&ctx->timers, before);
    return 0;
}

static int ed_compute(struct adele *ctx, struct pair *p, unsigned need,
                      struct pair_result *r)
{
    struct ed *ed = (struct ed *)p;
    bool vectors = need & NEED_VECTORS;
    bool bonds =
        (need & NEED_BOND) || ((need & NEED_FORCE) && ctx->model->use_bonds);
    int status = build(ctx, ed);
    if (!status)
        status = solve(ctx, ed, vectors);
    if (status)
        return status;
    fill_numbers(ctx, ed, r);
    if (need & NEED_SPECTRUM)
        status = fill_spectrum(ctx, ed, r);
    if (!status && vectors)
        status = fill_densities(ctx, ed, bonds, r);
    return status ? status : pair_complete(ctx, need, r);
}

/* The same levels and vectors, occupied anew. */
static int ed_density_at(struct adele *ctx, struct pair *p, const double *mu,
                         int nmu, double *n, double *error)
{
    struct ed *ed = (struct ed *)p;
    int status = build(ctx, ed);
    if (!status)
        status = solve(ctx, ed, true);
    if (status)
        return status;
    int64_t sites = ed->terms.nsite;
    double *occupation = mem_alloc((size_t)sites, sizeof *occupation);
    struct fermi f;
    if (!occupation)
        return err_memory(ctx, "pair_style ed", 8.0 * (double)sites);
    enum task before = timers_enter(&ctx->timers, TASK_DENSITY);
    for (int k = 0; k < nmu; k++) {
        fermi_solve(ed->eigen.value, sites, ctx->electrons.temp, FERMI_FIXED_MU,
                    mu[k], occupation, &f);
        eigen_density(ed->eigen.matrix, sites, occupation, n + k * sites);
        error[k] = 0;
    }
    timers_enter(&ctx->timers, before);
    mem_free(occupation);
    return ADELE_OK;
}

const struct pair_style pair_ed = {
    .style = {STYLE_HEAD(pair, "ed", struct ed),
              .summary = "exact forces by diagonalising the electrons",
              .init = ed_init, .fini = ed_fini},
    .setup = ed_setup,
    .compute = ed_compute,
    .density_at = ed_density_at};

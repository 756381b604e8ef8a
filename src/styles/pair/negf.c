/* Electrons between reservoirs (`lead`), in the steady state of each
   configuration [Fan2026]:

       n_i = sum_a Int dE/2pi [G 2 Gamma_a G+]_ii f_a(E),
       G = (E - H + i sum_a Gamma_a)^-1,

   and Hellmann-Feynman forces from these densities: under bias no gradient of
   any energy.  Friction by the electrons and the noise of their current are
   left out.

       pair_style negf tol 1e-6
       pair_style negf quadrature midpoint -10 10 4000 */

#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "elec/negf.h"
#include "plug/args.h"
#include "plug/lead.h"
#include "plug/pair.h"

struct negf_pair {
    struct pair pair;
    double tol;
    int method, rule;
    double lo, hi;
    int64_t points;
    struct terms terms;
    struct negf negf;
    struct negf_lead *lead; /* [nlead] */
    int nlead;
    uint64_t solved; /* pair_stamp of the solution */
    bool bonds, split;
    bool warned_convergence;
    /* Work since the last report. */
    int64_t solutions, energies, again;
};

static const char *const method_names[] = {"auto", "closed", "recursion", NULL};

static const struct arg midpoint_args[] = {
    {ARG_NUMBER, "LO", AT(struct negf_pair, lo), .unit = "energy",
     .doc = "lower end of the grid"},
    {ARG_NUMBER, "HI", AT(struct negf_pair, hi), .unit = "energy",
     .doc = "upper end"},
    {ARG_INT, "N", AT(struct negf_pair, points), .bounded = true, .min = 1,
     .max = 100000000, .doc = "energies, in the middles of as many steps"},
    {0}};

static const struct arg_case rules[] = {
    {"adaptive", NULL, "poles, and windows to the tolerance"},
    {"midpoint", midpoint_args, "a fixed grid of energies, without tails"},
    {0}};

static const struct arg args[] = {
    {ARG_NUMBER, "tol", AT(struct negf_pair, tol), .key = true, .def = "1e-6",
     .bounded = true, .min = 1e-12, .max = 0.01, .doc = "error of a density"},
    {ARG_CHOICE, "method", AT(struct negf_pair, method), .key = true,
     .def = "auto", .choice = method_names,
     .doc = "closed form from eigenvalues, recursion over layers, or the first "
            "for small systems"},
    {ARG_ONEOF, "quadrature", AT(struct negf_pair, rule), .key = true,
     .def = "adaptive", .cases = rules, .doc = "how energies are chosen"},
    {0}};

static const char why[] =
    "electrons between reservoirs have no energy whose gradient is the force, "
    "and with wide bands their band energy is infinite";

static int negf_init(struct adele *ctx, void *self)
{
    struct negf_pair *p = self;

    if (need_model(ctx))
        return ctx->error.status;
    if (p->rule == 1 && !(p->hi > p->lo))
        return err_deck(ctx, NULL,
                        "pair_style negf: expected the grid to end above %g, "
                        "found %g",
                        p->lo, p->hi);
    if (p->rule == 1 && p->method == NEGF_CLOSED)
        return err_deck(ctx, NULL,
                        "pair_style negf: the closed form needs no quadrature; "
                        "leave `method closed` or `quadrature` out");
    p->pair.gives = NEED_FORCE | NEED_DENSITY | NEED_BOND | NEED_MU |
                    NEED_ERROR | NEED_CURRENT;
    p->pair.gradient = false;
    p->pair.global = true;
    p->pair.leads = true;
    p->pair.why = why;
    return 0;
}

static void free_leads(struct negf_pair *p)
{
    leads_release(p->lead, p->nlead);
    p->lead = NULL;
    p->nlead = 0;
}

static void negf_pair_fini(struct adele *ctx, void *self)
{
    struct negf_pair *p = self;

    (void)ctx;
    free_leads(p);
    negf_fini(&p->negf);
    terms_fini(&p->terms);
}

static int negf_setup(struct adele *ctx, struct pair *pair)
{
    struct negf_pair *p = (struct negf_pair *)pair;

    if (ctx->leads.n == 0)
        return err_deck(ctx, &pair->head.where,
                        "pair_style negf needs leads; write before it, for "
                        "example: lead L left gamma 1.0 mu 0.5 temp 0.1 (for "
                        "isolated electrons use pair_style pole or ed)");
    free_leads(p);
    return leads_resolve(ctx, &p->lead, &p->nlead);
}

/* The ends of the windows' intervals: they make a run continue bit for bit. */
static int negf_save(struct adele *ctx, void *self, struct blob *to)
{
    const struct negf *s = &((struct negf_pair *)self)->negf;

    (void)ctx;
    blob_put_int(to, s->nlead);
    for (int a = 0; a < s->nlead; a++) {
        blob_put_int(to, s->window[a].nstart);
        blob_put_numbers(to, s->window[a].start, s->window[a].nstart);
    }
    return 0;
}

static int negf_load(struct adele *ctx, void *self, struct blob *from)
{
    struct negf *s = &((struct negf_pair *)self)->negf;
    int64_t nlead, n;

    if (blob_get_int(from, &nlead) || nlead < 0 || nlead > 1 << 20)
        return -1;
    s->window = mem_zalloc((size_t)nlead, sizeof *s->window);
    if (!s->window)
        return err_memory(ctx, "pair_style negf", 0);
    s->nlead = (int)nlead;
    for (int a = 0; a < s->nlead; a++) {
        if (blob_get_int(from, &n) || n < 0 || n > 1 << 24)
            return -1;
        /* The next configuration begins with what stands in `next`. */
        s->window[a].next = mem_alloc((size_t)n, sizeof(double));
        if (!s->window[a].next)
            return err_memory(ctx, "pair_style negf", 8.0 * (double)n);
        s->window[a].nnext = (int)n;
        if (blob_get_numbers(from, s->window[a].next, n))
            return -1;
    }
    return 0;
}

static int fail(struct adele *ctx, const struct negf_pair *p, int status)
{
    switch (status) {
    case NEGF_TOLERANCE:
        return err_run_at(ctx, &p->pair.head.where,
                          "pair_style negf: tol %g is out of reach of poles at "
                          "the temperature of the leads; use a larger tol or a "
                          "higher temp, or method closed for a small system",
                          p->tol);
    case NEGF_SINGULAR:
        return err_run(ctx, "pair_style negf: a state without broadening lies "
                            "at an energy that is needed; give it a bath, for "
                            "example: lead B all gamma 0.001 mu 0 temp 0.1");
    case NEGF_DEFECTIVE:
        return err_run_at(ctx, &p->pair.head.where,
                          "pair_style negf: method closed is of no use here: "
                          "the condition of the eigenvectors of H - i Gamma is "
                          "%.2g, above 1e7; use method recursion",
                          p->negf.condition);
    default:
        return err_memory(ctx, "pair_style negf",
                          8.0 * (double)ctx->lat->nsite);
    }
}

static int build(struct adele *ctx, struct negf_pair *p)
{
    enum task before = timers_enter(&ctx->timers, TASK_BUILD);
    int status = pair_terms(ctx, &p->terms);

    timers_enter(&ctx->timers, before);
    return status;
}

static int solve(struct adele *ctx, struct negf_pair *p, bool bonds, bool split)
{
    struct negf_request q = {.lead = p->lead,
                             .nlead = p->nlead,
                             .tol = p->tol,
                             .method = (enum negf_method)p->method,
                             .midpoint = p->rule == 1,
                             .lo = p->lo,
                             .hi = p->hi,
                             .points = p->points,
                             .want_bonds = bonds,
                             .bonds_decide = ctx->model->use_bonds,
                             .want_split = split,
                             .nthread = ctx->nthread};
    uint64_t stamp = pair_stamp(ctx);
    enum task before;
    int status;

    if (p->solved == stamp && (p->bonds || !bonds) && (p->split || !split))
        return 0;
    before = timers_enter(&ctx->timers, TASK_SOLVE);
    p->solved = 0;
    status = negf_solve(&p->negf, &p->terms, &q);
    timers_enter(&ctx->timers, before);
    if (status)
        return fail(ctx, p, status);
    p->solved = stamp;
    p->bonds = bonds;
    p->split = split;
    p->solutions++;
    p->energies += p->negf.energies;
    p->again += p->negf.again;
    if (!p->negf.converged && !p->warned_convergence) {
        p->warned_convergence = true;
        log_warning(&ctx->log,
                    "pair_style negf: the windows did not converge to tol %g; "
                    "the error of a density may be %.2g",
                    p->tol, p->negf.error);
    }
    return 0;
}

/* The chemical potential when all leads have one, else nan. */
static double common_mu(const struct negf_pair *p)
{
    for (int a = 1; a < p->nlead; a++)
        if (p->lead[a].mu != p->lead[0].mu)
            return NAN;
    return p->lead[0].mu;
}

static int take_densities(struct adele *ctx, struct negf_pair *p, bool bonds,
                          struct pair_result *r)
{
    const struct negf *s = &p->negf;

    if (pair_result_reserve(ctx, r, s->nsite, bonds ? s->nbond : 0, 0))
        return ctx->error.status;
    memcpy(r->n, s->n, (size_t)s->nsite * sizeof *r->n);
    r->have |= NEED_DENSITY;
    if (!bonds)
        return 0;
    if (s->nbond > 0) /* a single site has none, and no array */
        memcpy(r->rho, s->rho, (size_t)s->nbond * sizeof *r->rho);
    r->have |= NEED_BOND;
    return 0;
}

static void take_numbers(struct negf_pair *p, unsigned need,
                         struct pair_result *r)
{
    const struct negf *s = &p->negf;

    r->mu = common_mu(p);
    r->number = 0;
    for (int64_t i = 0; i < s->nsite; i++)
        r->number += s->n[i];
    r->error = s->error;
    r->have |= NEED_MU;
    if (!(need & NEED_CURRENT))
        return;
    r->current = s->current;
    r->current_error = s->current_error;
    r->injection = s->injection;
    r->flow = s->flow;
    r->nlead = s->nlead;
}

static int negf_compute(struct adele *ctx, struct pair *pair, unsigned need,
                        struct pair_result *r)
{
    struct negf_pair *p = (struct negf_pair *)pair;
    bool bonds = (need & (NEED_BOND | NEED_CURRENT)) ||
                 ((need & NEED_FORCE) && ctx->model->use_bonds);
    int status = build(ctx, p);

    if (!status)
        status = solve(
            ctx, p, bonds || (p->bonds && p->solved == pair_stamp(ctx)), false);
    if (!status)
        status = take_densities(ctx, p, bonds, r);
    if (status)
        return status;
    take_numbers(p, need, r);
    return pair_complete(ctx, need, r);
}

static void report(struct adele *ctx, struct pair *pair)
{
    struct negf_pair *p = (struct negf_pair *)pair;
    const struct negf *s = &p->negf;

    if (p->solutions == 0)
        return;
    if (s->closed)
        log_printf(&ctx->log,
                   "pair_style negf: closed form, condition %.2g, estimated "
                   "error %.2g\n",
                   s->condition, s->error);
    else if (p->rule == 1)
        log_printf(&ctx->log,
                   "pair_style negf: %lld energies a solution, error not "
                   "estimated\n",
                   (long long)(p->energies / p->solutions));
    else if (!solve(ctx, p, p->bonds, true))
        log_printf(&ctx->log,
                   "pair_style negf: %d poles, %lld energies a solution "
                   "(%.2g %% made again with pivots), estimated error %.2g, "
                   "two splittings differ by %.2g\n",
                   s->npole, (long long)(p->energies / p->solutions),
                   p->energies ? 100.0 * (double)p->again / (double)p->energies
                               : 0.0,
                   s->error, s->split);
    p->solutions = p->energies = p->again = 0;
}

const struct pair_style pair_negf = {
    .style = {STYLE_HEAD(pair, "negf", struct negf_pair),
              .summary = "forces of electrons between reservoirs, under bias",
              .cite = "Fan2026", .args = args, .init = negf_init,
              .fini = negf_pair_fini, .save = negf_save, .load = negf_load},
    .setup = negf_setup,
    .compute = negf_compute,
    .report = report};

/* Exact forces without diagonalising: poles of the Fermi function and selected
   inversion.

       n_ij = delta_ij/2 - c x_ij - sum_k a_k Re [(x - i s_k)^-1]_ij,
       x = (H - mu)/T,

   with |error| <= tol on the whole spectrum (la/poles.h), the Green's functions
   by nested dissection (la/selinv.h), and the forces by Hellmann-Feynman.
   Costs O(N^1.5) on planar lattices instead of O(N^3).

       pair_style pole tol 1e-8 */

#include <math.h>

#include "elec/pole_density.h"
#include "plug/args.h"
#include "plug/pair.h"

struct pole {
    struct pair pair;
    double tol;
    struct terms terms;
    struct pole_density density;
    uint64_t solved; /* terms.tag of the last solution */
};

static const struct arg args[] = {{ARG_NUMBER, "tol", AT(struct pole, tol),
                                   .key = true, .def = "1e-8", .bounded = true,
                                   .min = 1e-13, .max = 0.01,
                                   .doc = "largest error of a density"},
                                  {0}};

static int pole_init(struct adele *ctx, void *self)
{
    struct pole *p = self;

    if (need_model(ctx))
        return ctx->error.status;
    p->density.tol = p->tol;
    p->pair.gives = NEED_FORCE | NEED_ENERGY | NEED_DENSITY | NEED_BOND |
                    NEED_MU | NEED_ENTROPY;
    p->pair.gradient = true;
    p->pair.global = true;
    return 0;
}

static void pole_fini(struct adele *ctx, void *self)
{
    struct pole *p = self;

    (void)ctx;
    terms_fini(&p->terms);
    pole_density_fini(&p->density);
}

/* mu is predicted from the last configurations: they make a run continue bit
   for bit. */
static int pole_save(struct adele *ctx, void *self, struct blob *to)
{
    const struct pole_density *d = &((struct pole *)self)->density;

    (void)ctx;
    blob_put_int(to, d->nhistory);
    blob_put_numbers(to, d->history, POLE_HISTORY);
    blob_put_number(to, d->reference);
    return 0;
}

static int pole_load(struct adele *ctx, void *self, struct blob *from)
{
    struct pole_density *d = &((struct pole *)self)->density;
    int64_t n = 0;

    (void)ctx;
    if (blob_get_int(from, &n) || n < 0 || n > POLE_HISTORY ||
        blob_get_numbers(from, d->history, POLE_HISTORY) ||
        blob_get_number(from, &d->reference))
        return -1;
    d->nhistory = (int)n;
    d->again = n > 0;
    return 0;
}

static int pole_setup(struct adele *ctx, struct pair *pair)
{
    const struct electrons *el = &ctx->electrons;
    const struct where *where = &pair->head.where;

    if (el->mode == ELECTRONS_NONE)
        return err_deck(ctx, where,
                        "pair_style pole needs electrons; write before it, "
                        "for example: electrons filling 0.5 temp 0.1");
    if (el->mode == ELECTRONS_MIDGAP)
        return err_deck(ctx, where,
                        "pair_style pole knows no spectrum, which electrons "
                        "midgap needs; use electrons filling 0.5, or "
                        "pair_style ed");
    if (el->temp <= 0)
        return err_deck(ctx, where,
                        "pair_style pole needs a temperature above 0: at temp "
                        "0 the Fermi function is a step that no rational "
                        "function follows; use pair_style ed, or a small "
                        "temp such as 0.01");
    if (el->mode == ELECTRONS_FILLING && (el->filling <= 0 || el->filling >= 1))
        return err_deck(ctx, where,
                        "pair_style pole: filling %g leaves no electrons to "
                        "solve for; use pair_style elastic",
                        el->filling);
    return 0;
}

static int fail(struct adele *ctx, const struct pole *p, int status)
{
    double lo, hi;

    switch (status) {
    case POLE_TOLERANCE:
        terms_bounds((struct terms *)&p->terms, &lo, &hi);
        return err_run_at(ctx, &p->pair.head.where,
                          "pair_style pole: tol %g is out of reach for a "
                          "spectrum of %g temperatures; use a larger tol, a "
                          "higher temp, or pair_style ed",
                          p->tol, (hi - lo) / ctx->electrons.temp);
    case POLE_PIVOT:
        return err_run(ctx, "pair_style pole: the Green's function is not "
                            "finite; the displacement may have grown out of "
                            "bounds");
    case POLE_NUMBER:
        return err_run(ctx,
                       "pair_style pole: no chemical potential found for "
                       "filling %g",
                       ctx->electrons.filling);
    default:
        return err_memory(
            ctx, "pair_style pole",
            p->density.selinv ? selinv_bytes(p->density.selinv, POLES_MAX) : 0);
    }
}

static int solve(struct adele *ctx, struct pole *p, unsigned need,
                 struct pair_result *r)
{
    const struct electrons *el = &ctx->electrons;
    bool bonds = need & (NEED_BOND | NEED_ENERGY | NEED_ENTROPY) ||
                 ((need & NEED_FORCE) && ctx->model->use_bonds);
    struct pole_request ask = {
        .temp = el->temp,
        .fixed_number = el->mode == ELECTRONS_FILLING,
        .target = el->mode == ELECTRONS_FILLING
                      ? el->filling * (double)p->terms.nsite
                      : el->mu,
        .want_bonds = bonds,
        .want_energy = need & (NEED_ENERGY | NEED_ENTROPY),
        .nthread = ctx->nthread};
    struct pole_solution s = {0};
    enum task before;
    int status = pair_result_reserve(ctx, r, p->terms.nsite,
                                     bonds ? p->terms.nbond : 0, 0);

    if (status)
        return status;
    /* The same configuration once more gives the same bits. */
    p->density.again |= p->solved == p->terms.tag;
    before = timers_enter(&ctx->timers, TASK_SOLVE);
    status = pole_density_solve(&p->density, &p->terms, ctx->lat, &ask, r->n,
                                r->rho, &s);
    timers_enter(&ctx->timers, before);
    if (status)
        return fail(ctx, p, status);
    p->solved = p->terms.tag;
    r->mu = s.mu;
    r->number = s.number;
    r->have |= NEED_DENSITY | NEED_MU | (bonds ? NEED_BOND : 0);
    if (!ask.want_energy)
        return 0;
    r->band = s.band;
    r->entropy = (s.band - s.mu * s.number - s.omega) / el->temp;
    r->electronic = s.omega + p->terms.constant +
                    (ask.fixed_number ? s.mu * ask.target : 0);
    r->have |= NEED_ENTROPY;
    return 0;
}

static int pole_compute(struct adele *ctx, struct pair *pair, unsigned need,
                        struct pair_result *r)
{
    struct pole *p = (struct pole *)pair;
    enum task before = timers_enter(&ctx->timers, TASK_BUILD);
    int status = pair_terms(ctx, &p->terms);
    unsigned lacking = need | (need & NEED_FORCE ? NEED_DENSITY : 0);

    timers_enter(&ctx->timers, before);
    if ((need & NEED_FORCE) && ctx->model->use_bonds)
        lacking |= NEED_BOND;
    if (!status && (lacking & ~r->have & ~(unsigned)NEED_FORCE))
        status = solve(ctx, p, need, r);
    return status ? status : pair_complete(ctx, need, r);
}

static void pole_report(struct adele *ctx, struct pair *pair)
{
    struct pole_density *d = &((struct pole *)pair)->density;

    if (d->solutions)
        log_printf(&ctx->log,
                   "pair_style pole: %.3g passes a solution, %d poles of "
                   "error %.2g up to %.4g temperatures\n",
                   (double)d->passes / (double)d->solutions, d->used->fit.n,
                   d->used->fit.error, d->used->fit.bound);
    d->passes = d->solutions = 0;
}

const struct pair_style pair_pole = {
    .style = {STYLE_HEAD(pair, "pole", struct pole),
              .summary = "exact forces from poles and selected inversion",
              .cite = "George1973 Lin2009", .args = args, .init = pole_init,
              .fini = pole_fini, .save = pole_save, .load = pole_load},
    .setup = pole_setup,
    .compute = pole_compute,
    .report = pole_report};

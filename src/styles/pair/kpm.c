/* Forces from a Chebyshev expansion of the Fermi function: the usual method of
   order-N codes, for comparison (elec/kpm_density.h).

       f(H) = sum_{m<M} c_m T_m((H - b)/a)

   Its error falls as exp(-M asinh(pi T/a)), 2a the width of the spectrum; each
   column costs M/2 products with H, so a step costs O(N^2 M), or O(N R^2 M)
   when columns are cut off R bonds away.

       pair_style kpm order 500 radius 20 */

#include <math.h>

#include "elec/kpm_density.h"
#include "plug/args.h"
#include "plug/pair.h"

/* What an order of its own choice aims at. */
static const double aim = 1e-6;
enum { ORDER_MAX = 1000000 };

struct kpm {
    struct pair pair;
    int64_t order, radius;
    struct terms terms;
    struct kpm_density density;
};

static const struct arg args[] = {
    {ARG_INT, "order", AT(struct kpm, order), .key = true, .def = "0",
     .bounded = true, .min = 0, .max = ORDER_MAX,
     .doc = "number of Chebyshev polynomials; 0: as many as errors of about "
            "1e-6 take"},
    {ARG_INT, "radius", AT(struct kpm, radius), .key = true, .def = "0",
     .bounded = true, .min = 0, .max = 1000000, .unit = "bonds",
     .doc = "sites further from a column's are left out; 0: none"},
    {0}};

static int kpm_init(struct adele *ctx, void *self)
{
    struct kpm *p = self;

    if (need_model(ctx))
        return ctx->error.status;
    p->pair.gives = NEED_FORCE | NEED_ENERGY | NEED_DENSITY | NEED_BOND |
                    NEED_MU | NEED_ENTROPY;
    /* A truncated series is not the derivative of a truncated series. */
    p->pair.gradient = false;
    p->pair.global = true;
    return 0;
}

static void kpm_fini(struct adele *ctx, void *self)
{
    struct kpm *p = self;

    (void)ctx;
    terms_fini(&p->terms);
    kpm_density_fini(&p->density);
}

static int kpm_setup(struct adele *ctx, struct pair *pair)
{
    const struct electrons *el = &ctx->electrons;
    const struct where *where = &pair->head.where;

    if (el->mode == ELECTRONS_NONE)
        return err_deck(ctx, where,
                        "pair_style kpm needs electrons; write before it, for "
                        "example: electrons filling 0.5 temp 0.1");
    if (el->mode == ELECTRONS_MIDGAP)
        return err_deck(ctx, where,
                        "pair_style kpm knows no spectrum, which electrons "
                        "midgap needs; use electrons filling 0.5, or "
                        "pair_style ed");
    if (el->temp <= 0)
        return err_deck(ctx, where,
                        "pair_style kpm needs a temperature above 0: at temp 0 "
                        "the Fermi function is a step that no polynomial "
                        "follows; use pair_style ed");
    return 0;
}

/* The order in use, 0 when it is out of bounds. */
static int choose_order(const struct kpm *p, double temp)
{
    double lo, hi;
    int order;

    if (p->order > 0)
        return (int)p->order;
    terms_bounds(&p->terms, &lo, &hi);
    order = kpm_order(0.5 * (hi - lo), temp, aim);
    return order <= ORDER_MAX ? order : 0;
}

static int solve(struct adele *ctx, struct kpm *p, unsigned need,
                 struct pair_result *r)
{
    const struct electrons *el = &ctx->electrons;
    bool bonds =
        (need & NEED_BOND) || ((need & NEED_FORCE) && ctx->model->use_bonds);
    bool filling = el->mode == ELECTRONS_FILLING;
    struct kpm_request ask = {
        .order = choose_order(p, el->temp),
        .radius = (int)p->radius,
        .temp = el->temp,
        .fixed_number = filling,
        .target = filling ? el->filling * (double)p->terms.nsite : el->mu,
        .want_bonds = bonds,
        .nthread = ctx->nthread};
    struct kpm_solution s = {0};
    enum task before;
    int status = pair_result_reserve(ctx, r, p->terms.nsite,
                                     bonds ? p->terms.nbond : 0, 0);

    if (status)
        return status;
    if (ask.order == 0)
        return err_run_at(ctx, &p->pair.head.where,
                          "pair_style kpm: temp %g takes more than %d "
                          "polynomials; use pair_style pole",
                          el->temp, ORDER_MAX);
    before = timers_enter(&ctx->timers, TASK_SOLVE);
    status = kpm_density_solve(&p->density, &p->terms, &ask, r->n, r->rho, &s);
    timers_enter(&ctx->timers, before);
    if (status)
        return err_memory(ctx, "pair_style kpm",
                          8.0 * (double)p->terms.nsite * ask.order);
    r->mu = s.mu;
    r->number = s.number;
    r->band = s.band;
    r->entropy = (s.band - s.mu * s.number - s.omega) / el->temp;
    r->electronic =
        s.omega + p->terms.constant + (filling ? s.mu * ask.target : 0);
    r->have |= NEED_DENSITY | NEED_MU | NEED_ENTROPY | (bonds ? NEED_BOND : 0);
    return 0;
}

static int kpm_compute(struct adele *ctx, struct pair *pair, unsigned need,
                       struct pair_result *r)
{
    struct kpm *p = (struct kpm *)pair;
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

const struct pair_style pair_kpm = {
    .style = {STYLE_HEAD(pair, "kpm", struct kpm),
              .summary = "forces from a Chebyshev expansion",
              .cite = "Weisse2006", .args = args, .init = kpm_init,
              .fini = kpm_fini},
    .setup = kpm_setup,
    .compute = kpm_compute};

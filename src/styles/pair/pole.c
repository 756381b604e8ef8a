/* Exact forces without diagonalising: poles of the Fermi function and selected
   inversion.

       n_ij = delta_ij/2 - c x_ij - sum_k a_k Re [(x - i s_k)^-1]_ij,
       x = (H - mu)/T,

   with |error| <= tol on the whole spectrum (la/poles.h), the Green's functions
   by nested dissection (la/selinv.h), and the forces by Hellmann-Feynman.
   Costs O(N^1.5) on planar lattices instead of O(N^3).

       pair_style pole tol 1e-8

   With tiles, O(N): each core with a buffer around it (elec/tile_density.h).
   The error of the buffers is estimated on some tiles with larger ones.

       pair_style pole tol 1e-5 tile 16 buffer auto 1e-4 */

#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "elec/pole_density.h"
#include "elec/tile_memory.h"
#include "plug/args.h"
#include "plug/pair.h"

enum { BUFFER_FIRST = 4, BUFFER_MAX = 64 };

struct pole {
    struct pair pair;
    double tol;
    int64_t tile;              /* 0: none */
    double skip;               /* displacement, 0: no tile is skipped */
    struct arg_list buffer;    /* its words */
    double wanted;             /* `buffer auto`: error; 0 when fixed */
    bool chosen, told, warned; /* buffer chosen; estimate printed; .. */
    bool short_of;             /* tol was missed, and that is said */
    struct terms terms;
    struct pole_density density;
    uint64_t solved;      /* terms.tag of the last solution */
    double *displacement; /* [ncomp][nsite], with skip */
    uint64_t parameters;  /* tags that skipped tiles were solved under */
    bool loaded;          /* from a restart file, of this fingerprint */
    int64_t fingerprint;
};

static const struct arg args[] = {
    {ARG_NUMBER, "tol", AT(struct pole, tol), .key = true, .def = "1e-8",
     .bounded = true, .min = 1e-13, .max = 0.01,
     .doc = "largest error of a density, and of a force"},
    {ARG_INT, "tile", AT(struct pole, tile), .key = true, .bounded = true,
     .min = 1, .max = 10000, .unit = "cells",
     .doc = "solve cores of so many cells along each axis one by one"},
    {ARG_LIST, "buffer", AT(struct pole, buffer), .key = true, .bounded = true,
     .min = 1, .max = 2, .syntax = "B|auto TOL",
     .doc = "cells around each core, or the error that they may cause"},
    {ARG_NUMBER, "skip", AT(struct pole, skip), .key = true, .def = "0",
     .nonnegative = true, .unit = "displacement",
     .doc = "tiles in which nothing moved by more are not solved again"},
    {0}};

static int read_buffer(struct adele *ctx, struct pole *p)
{
    const struct where *where = &p->pair.head.where;
    const struct arg_list *b = &p->buffer;
    int64_t cells = BUFFER_FIRST;

    if (!p->tile && b->n)
        return err_deck(ctx, where,
                        "pair_style pole: buffer goes with tile; write, for "
                        "example: pair_style pole tile 16 buffer 4");
    if (p->tile && !b->n)
        return err_deck(ctx, where,
                        "pair_style pole: tile needs a buffer; write, for "
                        "example: tile %lld buffer %lld, or: tile %lld buffer "
                        "auto 1e-4",
                        (long long)p->tile, (long long)(p->tile + 3) / 4,
                        (long long)p->tile);
    if (!p->tile && p->skip > 0)
        return err_deck(ctx, where,
                        "pair_style pole: skip goes with tile; write, for "
                        "example: pair_style pole tol 1e-5 tile 16 buffer 4 "
                        "skip 0.001");
    if (!p->tile)
        return 0;
    if (!strcmp(b->word[0].text, "auto")) {
        if (b->n < 2)
            return err_deck(ctx, where,
                            "pair_style pole: buffer auto needs an error; "
                            "write, for example: buffer auto 1e-4");
        if (arg_number(ctx, &b->word[1], "pair_style pole", &p->wanted))
            return ctx->error.status;
        if (!(p->wanted > p->tol))
            return err_deck(ctx, where,
                            "pair_style pole: buffer auto %g must be larger "
                            "than tol %g",
                            p->wanted, p->tol);
    } else {
        if (b->n > 1)
            return err_deck(ctx, where,
                            "pair_style pole: buffer takes one number, or "
                            "auto and an error");
        if (arg_integer(ctx, &b->word[0], "pair_style pole", &cells))
            return ctx->error.status;
        if (cells < 1 || cells > 10000)
            return err_deck(ctx, where,
                            "pair_style pole: buffer %lld is not between 1 and "
                            "10000",
                            (long long)cells);
    }
    p->density.tile = (int)p->tile;
    p->density.buffer = (int)cells;
    return 0;
}

static int pole_init(struct adele *ctx, void *self)
{
    struct pole *p = self;

    if (need_model(ctx) || read_buffer(ctx, p))
        return ctx->error.status;
    p->pair.gives =
        NEED_FORCE | NEED_DENSITY | NEED_BOND | NEED_MU | NEED_ERROR;
    if (!p->tile)
        p->pair.gives |= NEED_ENERGY | NEED_ENTROPY;
    p->pair.gradient = !p->tile;
    p->pair.why = p->tile ? "each tile has the forces of its own piece of "
                            "the lattice, and no energy has them all as its "
                            "gradient: leave out `tile`"
                          : NULL;
    p->pair.global = true;
    return 0;
}

static void pole_fini(struct adele *ctx, void *self)
{
    struct pole *p = self;

    (void)ctx;
    terms_fini(&p->terms);
    mem_free(p->displacement);
    pole_density_fini(&p->density);
}

/* --- What a restart file holds. --- */

static uint64_t parameters_tag(const struct adele *ctx)
{
    return ctx->parameter_tag +
           (ctx->state.onsite ? ctx->state.onsite->tag : 0);
}

/* Tiles that may be skipped: what they were last solved with. */
static int save_tiles(struct adele *ctx, const struct pole *p, struct blob *to)
{
    const struct pole_density *d = &p->density;
    bool any = d->memory && p->parameters == parameters_tag(ctx);
    int64_t hash;

    blob_put_int(to, any ? d->memory->nstate : 0);
    if (!any)
        return 0;
    if (pair_fingerprint(ctx, &hash))
        return ctx->error.status;
    blob_put_int(to, hash);
    blob_put_int(to, d->tile);
    blob_put_int(to, d->buffer);
    blob_put_int(to, d->rung);
    blob_put_numbers(to, d->memory->state, d->memory->nstate);
    return 0;
}

static int load_tiles(struct adele *ctx, struct pole *p, struct blob *from)
{
    struct pole_density *d = &p->density;
    int64_t n = 0, tile, buffer, rung;

    if (blob_get_int(from, &n) || n == 0)
        return 0; /* none, as in files of earlier versions */
    if (n < 0 || blob_get_int(from, &p->fingerprint) ||
        blob_get_int(from, &tile) || blob_get_int(from, &buffer) ||
        blob_get_int(from, &rung))
        return -1;
    if (p->skip == 0 || tile != d->tile || buffer != d->buffer)
        return 0;
    d->kept = mem_alloc((size_t)n, sizeof *d->kept);
    if (!d->kept)
        return err_memory(ctx, "pair_style pole", 8.0 * (double)n);
    d->nkept = n;
    d->rung = (int)rung;
    p->loaded = true;
    return blob_get_numbers(from, d->kept, n);
}

/* mu is predicted from the last configurations: they make a run continue bit
   for bit. */
static int pole_save(struct adele *ctx, void *self, struct blob *to)
{
    const struct pole_density *d = &((struct pole *)self)->density;

    blob_put_int(to, d->nhistory);
    blob_put_numbers(to, d->history, POLE_HISTORY);
    blob_put_number(to, d->reference);
    blob_put_int(to, d->extra + 4 * (int64_t)d->strict);
    blob_put_int(to, ((struct pole *)self)->chosen ? d->buffer : 0);
    return save_tiles(ctx, self, to);
}

static int pole_load(struct adele *ctx, void *self, struct blob *from)
{
    struct pole *p = self;
    struct pole_density *d = &p->density;
    int64_t n = 0, poles, buffer;

    if (blob_get_int(from, &n) || n < 0 || n > POLE_HISTORY ||
        blob_get_numbers(from, d->history, POLE_HISTORY) ||
        blob_get_number(from, &d->reference) || blob_get_int(from, &poles) ||
        poles < 0 || poles > 4 * 300 || blob_get_int(from, &buffer) ||
        buffer < 0 || buffer > BUFFER_MAX)
        return -1;
    if (buffer && p->wanted > 0) {
        pole_density_rebuffer(d, (int)buffer);
        p->chosen = true;
    }
    d->nhistory = (int)n;
    d->again = n > 0;
    d->extra = (enum pole_extra)(poles % 4);
    d->strict = (int)(poles / 4);
    return load_tiles(ctx, p, from);
}

static int check_tile(struct adele *ctx, const struct pole *p)
{
    const struct lattice *lat = ctx->lat;

    for (int axis = 0; axis < 3; axis++)
        if (lat->n[axis] >= p->tile)
            return 0;
    return err_deck(ctx, &p->pair.head.where,
                    "pair_style pole: tile %lld is larger than the lattice of "
                    "%d x %d x %d cells; use pair_style pole without tile",
                    (long long)p->tile, lat->n[0], lat->n[1], lat->n[2]);
}

static int pole_setup(struct adele *ctx, struct pair *pair)
{
    const struct pole *p = (const struct pole *)pair;
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
    return p->tile ? check_tile(ctx, p) : 0;
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
    case POLE_REACH:
        return err_run_at(ctx, &p->pair.head.where,
                          "pair_style pole: hoppings reach across a buffer of "
                          "%d cells; use a larger one",
                          p->density.buffer);
    default:
        return err_memory(
            ctx, "pair_style pole",
            p->density.selinv
                ? selinv_bytes(p->density.selinv, POLES_MAX, ctx->nthread)
            : p->density.tiles ? tile_set_bytes(p->density.tiles, ctx->nthread)
                               : 0);
    }
}

static struct pole_request request(const struct adele *ctx,
                                   const struct pole *p, unsigned need)
{
    const struct electrons *el = &ctx->electrons;
    bool fixed = el->mode == ELECTRONS_FILLING;

    return (struct pole_request){
        .tol = p->tol / fmax(1, model_force_scale(ctx)),
        .worst = p->tol,
        .temp = el->temp,
        .fixed_number = fixed,
        .target = fixed ? el->filling * (double)p->terms.nsite : el->mu,
        .want_bonds =
            need & (NEED_BOND | NEED_ENERGY | NEED_ENTROPY) ||
            ((need & (NEED_FORCE | NEED_ERROR)) && ctx->model->use_bonds),
        .want_energy = need & (NEED_ENERGY | NEED_ENTROPY),
        .skip = p->skip,
        .displacement = p->displacement,
        .ncomp = ctx->model->ncomp,
        .nthread = ctx->nthread};
}

/* The estimate of the last solution, which its Green's functions are there
   for. */
static int estimate(struct adele *ctx, struct pole *p, struct locality *out)
{
    struct pole_request ask = request(ctx, p, NEED_FORCE);
    int status;

    *out = (struct locality){.converged = true};
    status = p->tile ? pole_density_locality(&p->density, &p->terms, ctx->lat,
                                             &ask, out)
                     : POLE_OK;
    out->error += p->density.bound;
    if (status || out->converged || p->warned)
        return status;
    p->warned = true;
    log_warning(&ctx->log,
                "pair_style pole: not converged: the error of a buffer of %d "
                "cells falls like a power of it, not exponentially; use "
                "pair_style pole without tile, or a much larger buffer",
                p->density.buffer);
    return status;
}

/* The buffer of the next attempt, from how the error fell. */
static int next_buffer(const struct pole *p, const struct locality *l)
{
    double ratio = fmin(fmax(l->ratio, 1e-3), 0.8);
    double more = PROBE_STEP * log(l->error / p->wanted) / -log(ratio);
    int cells = p->density.buffer + (int)fmin(fmax(ceil(more), 1), 16);

    return cells < BUFFER_MAX ? cells : BUFFER_MAX;
}

/* `buffer auto`: the solution that is there was made with the first one. */
static int choose_buffer(struct adele *ctx, struct pole *p,
                         const struct pole_request *ask, double *n, double *rho,
                         struct pole_solution *s)
{
    struct pole_density *d = &p->density;
    struct locality l;
    int status;

    while (!(status = estimate(ctx, p, &l)) && l.error > p->wanted &&
           d->buffer < BUFFER_MAX) {
        pole_density_rebuffer(d, next_buffer(p, &l));
        d->again = true;
        status = pole_density_solve(d, &p->terms, ctx->lat, ask, n, rho, s);
        if (status)
            return status;
    }
    if (!status && l.error > p->wanted)
        log_warning(&ctx->log,
                    "pair_style pole: a buffer of %d cells still leaves an "
                    "error of %.2g; use pair_style pole without tile",
                    d->buffer, l.error);
    p->chosen = true;
    return status;
}

static void tell(struct adele *ctx, struct pole *p, const char *when)
{
    struct locality l;

    if (p->tile && !estimate(ctx, p, &l))
        log_printf(&ctx->log,
                   "pair_style pole: %lld tiles of %d shape%s, buffer %d, "
                   "estimated error %.2g %s%s\n",
                   (long long)tile_set_count(p->density.tiles),
                   tile_set_shapes(p->density.tiles),
                   tile_set_shapes(p->density.tiles) > 1 ? "s" : "",
                   p->density.buffer, l.error, when,
                   l.converged ? "" : " (not converged)");
}

/* What decides about tiles to be skipped: displacements, and whether anything
   else changed. */
static int prepare_skip(struct adele *ctx, struct pole *p)
{
    const struct field *q = ctx->state.displacement;
    uint64_t parameters = parameters_tag(ctx);
    int64_t hash = 0;
    size_t n = (size_t)(ctx->lat->nsite * q->ncomp);
    double *to;

    if (p->skip == 0)
        return 0;
    to = mem_resize(p->displacement, n, sizeof *to);
    if (!to)
        return err_memory(ctx, "pair_style pole", 8.0 * (double)n);
    p->displacement = to;
    for (int c = 0; c < q->ncomp; c++)
        field_gather(q, c, to + c * ctx->lat->nsite);
    if (p->loaded && pair_fingerprint(ctx, &hash))
        return ctx->error.status;
    if (p->loaded ? hash != p->fingerprint : p->parameters != parameters)
        pole_density_forget(&p->density);
    p->parameters = parameters;
    p->loaded = false;
    return 0;
}

/* tol divided among the levels may be finer than double precision. */
static void warn_bound(struct adele *ctx, struct pole *p, double wanted)
{
    double bound = p->density.bound;

    if (p->tile || p->short_of || bound <= wanted * (1 + 1e-9))
        return;
    p->short_of = true;
    log_warning(&ctx->log,
                "pair_style pole: tol %g is beyond double precision here: the "
                "error of a density may be up to %.2g, and that of a force "
                "%.2g; use a larger tol%s",
                p->tol, bound, bound * model_force_scale(ctx),
                ctx->electrons.mode == ELECTRONS_FILLING ? ", or electrons mu"
                                                         : "");
}

static int solve(struct adele *ctx, struct pole *p, unsigned need,
                 struct pair_result *r)
{
    struct pole_request ask;
    struct pole_solution s = {0};
    enum task before;
    int status = prepare_skip(ctx, p);

    if (status)
        return status;
    ask = request(ctx, p, need);
    status = pair_result_reserve(ctx, r, p->terms.nsite,
                                 ask.want_bonds ? p->terms.nbond : 0, 0);
    if (status)
        return status;
    /* The same configuration once more gives the same bits. */
    p->density.again |= p->solved == p->terms.tag;
    before = timers_enter(&ctx->timers, TASK_SOLVE);
    status = pole_density_solve(&p->density, &p->terms, ctx->lat, &ask, r->n,
                                r->rho, &s);
    if (!status && p->wanted > 0 && !p->chosen)
        status = choose_buffer(ctx, p, &ask, r->n, r->rho, &s);
    timers_enter(&ctx->timers, before);
    if (status)
        return fail(ctx, p, status);
    warn_bound(ctx, p, ask.tol);
    if (!p->told)
        tell(ctx, p, "at the start");
    p->told = true;
    p->solved = p->terms.tag;
    r->mu = s.mu;
    r->number = s.number;
    r->have |= NEED_DENSITY | NEED_MU | (ask.want_bonds ? NEED_BOND : 0);
    if (!ask.want_energy)
        return 0;
    r->band = s.band;
    r->entropy = (s.band - s.mu * s.number - s.omega) / ask.temp;
    r->electronic = s.omega + p->terms.constant +
                    (ask.fixed_number ? s.mu * ask.target : 0);
    r->have |= NEED_ENTROPY;
    return 0;
}

static int find_error(struct adele *ctx, struct pole *p, struct pair_result *r)
{
    enum task before = timers_enter(&ctx->timers, TASK_SOLVE);
    struct locality l;
    int status = estimate(ctx, p, &l);

    timers_enter(&ctx->timers, before);
    if (status)
        return fail(ctx, p, status);
    r->error = l.error;
    r->have |= NEED_ERROR;
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
    lacking &= ~r->have & ~(unsigned)(NEED_FORCE | NEED_ERROR);
    if (!status &&
        (lacking || ((need & NEED_ERROR) && p->solved != p->terms.tag)))
        status = solve(ctx, p, need, r);
    if (!status && (need & NEED_ERROR))
        status = find_error(ctx, p, r);
    return status ? status : pair_complete(ctx, need, r);
}

/* The configuration must have been solved: results that came with a restart
   have no Green's functions behind them. */
static int ensure_solved(struct adele *ctx, struct pole *p)
{
    struct pair_result r;
    int status;

    if (p->solved == p->terms.tag)
        return 0;
    pair_result_init(ctx, &r);
    status = solve(ctx, p, NEED_DENSITY, &r);
    pair_result_fini(&r);
    return status;
}

static int pole_density_many(struct adele *ctx, struct pair *pair,
                             const double *mu, int nmu, double *n,
                             double *error)
{
    struct pole *p = (struct pole *)pair;
    enum task before = timers_enter(&ctx->timers, TASK_BUILD);
    int status = pair_terms(ctx, &p->terms);

    timers_enter(&ctx->timers, TASK_SOLVE);
    if (!status)
        status = ensure_solved(ctx, p);
    if (!status) {
        status = pole_density_at(&p->density, &p->terms, ctx->electrons.temp,
                                 mu, nmu, ctx->nthread, n, error);
        status = status ? fail(ctx, p, status) : 0;
    }
    timers_enter(&ctx->timers, before);
    return status;
}

static void pole_report(struct adele *ctx, struct pair *pair)
{
    struct pole *p = (struct pole *)pair;
    struct pole_density *d = &p->density;

    if (d->solutions)
        log_printf(&ctx->log,
                   "pair_style pole: %.3g passes a solution, %d poles of "
                   "error %.2g up to %.4g temperatures\n",
                   (double)d->passes / (double)d->solutions, d->used->fit.n,
                   d->used->fit.error, d->used->fit.bound);
    if (d->refits && !p->tile)
        log_printf(&ctx->log,
                   "pair_style pole: %lld times other poles than the step "
                   "before, which moves the free energy of a site by up to "
                   "%.2g\n",
                   (long long)d->refits, d->jump);
    if (d->solutions && p->solved == p->terms.tag)
        tell(ctx, p, "at the end");
    if (p->skip > 0 && d->solutions)
        log_printf(&ctx->log,
                   "pair_style pole: %.4g of %lld tiles solved a solution, the "
                   "others skipped\n",
                   (double)d->tiles_solved / (double)d->solutions,
                   (long long)tile_set_count(d->tiles));
    if (d->further)
        log_printf(&ctx->log,
                   "pair_style pole: %lld further passes for densities at "
                   "other chemical potentials\n",
                   (long long)d->further);
    d->passes = d->solutions = d->further = d->tiles_solved = d->refits = 0;
    d->jump = 0;
    p->told = false;
}

const struct pair_style pair_pole = {
    .style = {STYLE_HEAD(pair, "pole", struct pole),
              .summary = "exact forces from poles and selected inversion",
              .cite = "George1973 Lin2009 Kohn1996", .args = args,
              .init = pole_init, .fini = pole_fini, .save = pole_save,
              .load = pole_load},
    .setup = pole_setup,
    .compute = pole_compute,
    .density_at = pole_density_many,
    .report = pole_report};

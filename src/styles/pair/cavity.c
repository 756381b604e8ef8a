/* Approximate forces at a cost linear in N: densities of a small cluster around
   each site, solved exactly, embedded in trees [AbouChacra1973], elec/cavity.h.

       n_i = 1/2 - c e_i/T + T sum_k a_k Re G_ii(mu + i s_k T)

   with the poles of la/poles.h.  What is left out are walks around loops that
   leave the cluster; the difference from a cluster that is one shell smaller
   says how much they may be.  At fixed filling mu follows from sum_i n_i(mu) =
   F N (elec/mu_track.h), one evaluation for each mu tried.

       pair_style cavity radius 2.3 iterations 2 */

#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "base/sum.h"
#include "elec/cavity.h"
#include "elec/mu_track.h"
#include "plug/args.h"
#include "plug/pair.h"

/* Of the number of electrons, a site. */
static const double number_tolerance = 1e-6;

/* A cluster size with its memory. */
struct solver {
    struct cavity cavity;
    struct cavity_work *work;
};

struct pair_cavity {
    struct pair pair;
    int64_t iterations;
    double radius, tol, cut;
    int precision;
    struct terms terms;
    struct field *energy;
    const struct lattice *lat; /* that the following were made for */
    int n[3];
    double hopping;
    struct solver solver, smaller;
    struct cavity_poles poles;
    double *column; /* [nsite][columns] */
    struct mu_track track;
    uint64_t solved; /* pair_stamp of the last solution, made at mu */
    double mu;
    int64_t passes, solutions; /* since the last report */
};

static const char *const precisions[] = {"single", "double", NULL};

static const struct arg args[] = {
    {ARG_INT, "iterations", AT(struct pair_cavity, iterations), .key = true,
     .def = "2", .min = 0, .max = CAVITY_ITERATIONS, .bounded = true,
     .doc = "shells of the trees around the cluster, beyond the first"},
    {ARG_NUMBER, "radius", AT(struct pair_cavity, radius), .key = true,
     .def = "2.3", .nonnegative = true,
     .doc = "of the cluster that is solved exactly; 0: the tree alone"},
    {ARG_NUMBER, "tol", AT(struct pair_cavity, tol), .key = true, .def = "1e-5",
     .bounded = true, .min = 1e-13, .max = 0.01,
     .doc = "error of the Fermi function in the densities"},
    {ARG_NUMBER, "cut", AT(struct pair_cavity, cut), .key = true, .def = "1e-4",
     .nonnegative = true,
     .doc = "smaller clusters serve at the poles where a density of the "
            "uniform lattice changes by less"},
    {ARG_CHOICE, "precision", AT(struct pair_cavity, precision), .key = true,
     .def = "single", .choice = precisions, .doc = "of the arithmetic"},
    {0}};

static int init(struct adele *ctx, void *self)
{
    struct pair_cavity *p = self;
    if (need_model(ctx))
        return ctx->error.status;
    p->pair.gives = NEED_FORCE | NEED_DENSITY | NEED_MU | NEED_ERROR;
    p->pair.gradient = false;
    p->pair.why = "its densities are approximate, and no energy belongs to "
                  "them: take pole or ed";
    p->pair.global = true;
    return 0;
}

static void solver_fini(struct solver *s)
{
    cavity_work_free(s->work);
    cavity_fini(&s->cavity);
    s->work = NULL;
}

static void fini(struct adele *ctx, void *self)
{
    struct pair_cavity *p = self;
    (void)ctx;
    solver_fini(&p->solver);
    solver_fini(&p->smaller);
    field_free(p->energy);
    terms_fini(&p->terms);
    mem_free(p->column);
}

/* mu is predicted from the last configurations: they make a run continue bit
   for bit. */
static int save(struct adele *ctx, void *self, struct blob *to)
{
    const struct mu_track *t = &((struct pair_cavity *)self)->track;
    (void)ctx;
    blob_put_int(to, t->nhistory);
    blob_put_numbers(to, t->history, MU_TRACK_HISTORY);
    blob_put_number(to, t->accepted);
    blob_put_number(to, t->slope);
    return 0;
}

static int load(struct adele *ctx, void *self, struct blob *from)
{
    struct mu_track *t = &((struct pair_cavity *)self)->track;
    int64_t n;
    (void)ctx;
    if (blob_get_int(from, &n) || n < 0 || n > MU_TRACK_HISTORY ||
        blob_get_numbers(from, t->history, MU_TRACK_HISTORY) ||
        blob_get_number(from, &t->accepted) || blob_get_number(from, &t->slope))
        return -1;
    t->nhistory = (int)n;
    t->again = n > 0;
    return 0;
}

static int check_electrons(struct adele *ctx, const struct where *where)
{
    const struct electrons *el = &ctx->electrons;
    if (el->mode == ELECTRONS_NONE)
        return err_deck(ctx, where,
                        "pair_style cavity needs electrons; write before it, "
                        "for example: electrons filling 0.5 temp 0.1");
    if (el->mode == ELECTRONS_MIDGAP)
        return err_deck(ctx, where,
                        "pair_style cavity knows no spectrum, which electrons "
                        "midgap needs; use electrons filling 0.5, or "
                        "pair_style ed");
    if (el->temp <= 0)
        return err_deck(ctx, where,
                        "pair_style cavity needs a temperature above 0; use "
                        "pair_style ed, or a small temp such as 0.01");
    if (el->mode == ELECTRONS_FILLING && (el->filling <= 0 || el->filling >= 1))
        return err_deck(ctx, where,
                        "pair_style cavity: filling %g leaves no electrons to "
                        "solve for; use pair_style elastic",
                        el->filling);
    return 0;
}

/* The one hopping between all nearest neighbours, which does not depend on the
   displacement. */
static int find_hopping(struct adele *ctx, struct pair_cavity *p, double *t)
{
    int64_t n = p->terms.nbond, neighbours = 0;
    int *count = mem_alloc((size_t)ctx->lat->nlocal, sizeof *count);
    if (!count)
        return err_memory(ctx, "pair_style cavity", 4.0 * (double)n);
    field_neighbour_count(ctx->lat, &ctx->lat->nearest, count);
    for (int64_t i = 0; i < ctx->lat->nlocal; i++)
        neighbours += count[i];
    mem_free(count);
    bool one = !ctx->model->use_bonds && n > 0 && 2 * n == neighbours;
    for (int64_t b = 1; one && b < n; b++)
        one = p->terms.hopping[b] == p->terms.hopping[0];
    if (!one)
        return err_deck(ctx, &p->pair.head.where,
                        "pair_style cavity needs a model with one constant "
                        "hopping between all nearest neighbours (holstein); "
                        "use pair_style pole");
    *t = -p->terms.hopping[0];
    return 0;
}

static int solver_init(struct adele *ctx, const struct pair_cavity *p,
                       double radius, struct solver *s)
{
    const struct where *where = &p->pair.head.where;
    solver_fini(s);
    int status = cavity_init(&s->cavity, ctx->lat, p->hopping,
                             (int)p->iterations, radius);
    if (status == -2)
        return err_deck(ctx, where,
                        "pair_style cavity: a site has more than %d nearest "
                        "neighbours",
                        CAVITY_TAPS);
    if (status == -3)
        return err_deck(ctx, where,
                        "pair_style cavity: the cluster of radius %g has too "
                        "many sites (at most %d); use a smaller radius",
                        radius, CAVITY_SITES);
    if (!status)
        s->work = cavity_work_new(&s->cavity, ctx->lat, p->precision == 0);
    return s->work ? 0 : err_memory(ctx, "pair_style cavity", 0);
}

static int setup(struct adele *ctx, struct pair *pair)
{
    struct pair_cavity *p = (struct pair_cavity *)pair;
    double t = 0;
    if (check_electrons(ctx, &pair->head.where) || pair_terms(ctx, &p->terms) ||
        find_hopping(ctx, p, &t))
        return ctx->error.status;
    if (p->lat == ctx->lat && memcmp(p->n, ctx->lat->n, sizeof p->n) == 0 &&
        p->hopping == t)
        return 0;
    p->lat = NULL;
    p->hopping = t;
    solver_fini(&p->smaller);
    field_free(p->energy);
    mem_free(p->column);
    p->column = NULL;
    p->energy = field_new(ctx->lat, 1, &ctx->clock);
    if (!p->energy)
        return err_memory(ctx, "pair_style cavity",
                          8.0 * (double)ctx->lat->nlocal);
    if (solver_init(ctx, p, p->radius, &p->solver))
        return ctx->error.status;
    size_t columns = (size_t)cavity_columns(&p->solver.cavity);
    p->column = mem_alloc((size_t)ctx->lat->nlocal * columns, sizeof(double));
    if (!p->column || field_widen(p->energy, p->solver.cavity.halo))
        return err_memory(ctx, "pair_style cavity",
                          8.0 * (double)columns * (double)ctx->lat->nlocal);
    p->lat = ctx->lat;
    memcpy(p->n, ctx->lat->n, sizeof p->n);
    return 0;
}

/* Columns of the densities at mu with the cluster of that solver. */
static int pass(struct adele *ctx, struct pair_cavity *p, struct solver *s,
                double mu)
{
    double temp = ctx->electrons.temp;
    int columns = cavity_columns(&s->cavity);
    double bound = cavity_bound(&s->cavity, p->energy, 1, -mu, temp);
    struct cavity_electrons e = {
        .scale = 1,
        .shift = -mu,
        .temp = temp,
        .cut = p->cut,
        .poles =
            isfinite(bound) ? cavity_poles(&p->poles, bound, p->tol) : NULL};
    if (!e.poles)
        return err_run_at(ctx, &p->pair.head.where,
                          "pair_style cavity: tol %g is out of reach for a "
                          "spectrum of %g temperatures; use a larger tol or a "
                          "higher temp",
                          p->tol, bound);
    if (cavity_densities(s->work, p->energy, &e, ctx->nthread, columns,
                         p->column, columns))
        return err_memory(ctx, "pair_style cavity", 0);
    return 0;
}

/* Column k of the last pass as densities. */
static void take(const struct pair_cavity *p, const struct solver *s, int k,
                 int64_t nsite, double *n)
{
    int columns = cavity_columns(&s->cavity);
    for (int64_t i = 0; i < nsite; i++)
        n[i] = p->column[i * columns + k] + 0.5;
}

static int evaluate(struct adele *ctx, struct pair_cavity *p, double mu,
                    double *n)
{
    if (pass(ctx, p, &p->solver, mu))
        return ctx->error.status;
    take(p, &p->solver, p->solver.cavity.iterations + 2, ctx->lat->nsite, n);
    p->passes++;
    return 0;
}

static int find_mu(struct adele *ctx, struct pair_cavity *p, double *n)
{
    double sites = (double)ctx->lat->nsite;
    enum mu_track_state state = MU_TRACK_AGAIN;
    mu_track_begin(&p->track, ctx->electrons.filling * sites,
                   number_tolerance * sites,
                   sum_array(p->terms.onsite, ctx->lat->nsite) / sites);
    while (state == MU_TRACK_AGAIN) {
        p->mu = p->track.mu;
        if (evaluate(ctx, p, p->mu, n))
            return ctx->error.status;
        state = mu_track_next(&p->track, sum_array(n, ctx->lat->nsite));
    }
    if (state == MU_TRACK_LOST)
        return err_run(ctx,
                       "pair_style cavity: no chemical potential found "
                       "for filling %g",
                       ctx->electrons.filling);
    return 0;
}

static int solve(struct adele *ctx, struct pair_cavity *p,
                 struct pair_result *r)
{
    int64_t nsite = ctx->lat->nsite;
    if (pair_result_reserve(ctx, r, nsite, 0, 0))
        return ctx->error.status;
    field_scatter(p->energy, 0, p->terms.onsite);
    field_exchange(p->energy);
    p->track.again |= p->solved == pair_stamp(ctx);
    p->mu = ctx->electrons.mu;
    if (ctx->electrons.mode == ELECTRONS_FILLING
            ? find_mu(ctx, p, r->n)
            : evaluate(ctx, p, p->mu, r->n))
        return ctx->error.status;
    p->solved = pair_stamp(ctx);
    p->solutions++;
    r->mu = p->mu;
    r->number = sum_array(r->n, nsite);
    r->have |= NEED_DENSITY | NEED_MU;
    return 0;
}

/* The largest difference of a density from that of a cluster without its last
   shell; for trees, from one shell less. */
static int find_error(struct adele *ctx, struct pair_cavity *p,
                      struct pair_result *r)
{
    const struct cavity *c = &p->solver.cavity;
    int64_t nsite = ctx->lat->nsite;
    struct solver *other = &p->solver;
    int k = c->iterations;
    if (c->nlevel > 1) {
        other = &p->smaller;
        k = c->iterations + 2;
        if (!other->work &&
            solver_init(ctx, p, c->radius[c->nlevel - 2], other))
            return ctx->error.status;
    }
    double *n = mem_alloc((size_t)nsite, sizeof *n);
    if (!n)
        return err_memory(ctx, "pair_style cavity", 8.0 * (double)nsite);
    int status = pass(ctx, p, other, p->mu);
    if (!status) {
        take(p, other, k, nsite, n);
        r->error = p->tol;
        for (int64_t i = 0; i < nsite; i++)
            r->error = fmax(r->error, fabs(n[i] - r->n[i]));
        r->have |= NEED_ERROR;
    }
    mem_free(n);
    return status;
}

static int compute(struct adele *ctx, struct pair *pair, unsigned need,
                   struct pair_result *r)
{
    struct pair_cavity *p = (struct pair_cavity *)pair;
    enum task before = timers_enter(&ctx->timers, TASK_BUILD);
    int status = pair_terms(ctx, &p->terms);
    timers_enter(&ctx->timers, TASK_SOLVE);
    if (!status && !(r->have & NEED_DENSITY))
        status = solve(ctx, p, r);
    if (!status && (need & NEED_ERROR))
        status = find_error(ctx, p, r);
    timers_enter(&ctx->timers, before);
    return status ? status : pair_complete(ctx, need, r);
}

static void report(struct adele *ctx, struct pair *pair)
{
    struct pair_cavity *p = (struct pair_cavity *)pair;
    if (p->solutions > 0 && ctx->electrons.mode == ELECTRONS_FILLING)
        log_printf(&ctx->log,
                   "pair_style cavity: %.3g evaluations a step for the "
                   "chemical potential\n",
                   (double)p->passes / (double)p->solutions);
    p->passes = p->solutions = 0;
}

const struct pair_style pair_cavity = {
    .style = {STYLE_HEAD(pair, "cavity", struct pair_cavity),
              .summary = "approximate forces: clusters in trees",
              .cite = "AbouChacra1973", .args = args, .init = init,
              .fini = fini, .save = save, .load = load},
    .setup = setup,
    .compute = compute,
    .report = report};

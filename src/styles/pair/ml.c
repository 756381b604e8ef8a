/* Learned forces: potentials made by `train`, evaluated by their networks.

   A potential predicts densities, forces or energies (plug/potential.h); the
   elastic force of the model is exact where the target leaves it out.  Several
   files are a committee of M: the mean is used, and at each site

       deviation = sqrt(sum_m (F_m - <F>)^2 / (M - 1)),   in units of force,

   is what they disagree by.  At fixed filling mu follows from
   sum_i n_i(mu) = F N (elec/mu_track.h), one pass of the networks for each mu
   tried.

       pair_style ml holstein_square_conv.yaml */

#include <math.h>
#include <string.h>

#include "elec/mu_track.h"
#include "plug/args.h"
#include "plug/fix.h"
#include "plug/pair.h"
#include "plug/committee.h"

/* Of the number of electrons, a site: energies follow forces better when the
   number is better. */
static const double number_tolerance = 1e-6, energy_tolerance = 1e-9;

/* Densities on the line through two passes at mu' and mu are in error by
   n'' (mu' - mu)^2 w (1 + w)/2, with w how far behind the second the root lies
   in units of their distance.  n'' is below 0.1/T^2, so that (mu' - mu)^2 w <
   this T^2 leaves 2e-4 at a site in resonance, and far less elsewhere. */
static const double line_error = 4e-3, line_weight = 1;

enum { EXTRAPOLATE_WARN, EXTRAPOLATE_ERROR, EXTRAPOLATE_IGNORE };
static const char *const extrapolation_name[] = {"warn", "error", "ignore",
                                                 NULL};
static const char *const precision_name[] = {"single", "double", "bf16", NULL};

struct ml {
    struct pair pair;
    struct arg_list file;
    int precision, extrapolation;
    bool precision_given, force;
    struct committee committee;
    bool told, checked; /* warnings of the check; fix nve, in this run */
    struct mu_track track;
    double line[2];  /* both mu of the last step, when it took a line; or nan */
    uint64_t solved; /* pair_stamp of what follows */
    double electronic;
    /* Since the last report. */
    int64_t passes, solutions, steps_outside, most_outside;
    double worst_number;
    bool warned, warned_mu, compared;
};

static const struct arg args[] = {
    {ARG_LIST, "FILE", AT(struct ml, file), .syntax = "FILE [FILE2 ..]",
     .doc = "potential, by name or path; several are a committee"},
    {ARG_CHOICE, "precision", AT(struct ml, precision), .key = true,
     .choice = precision_name, .given = AT(struct ml, precision_given),
     .doc = "of the network; default single, double for energy potentials"},
    {ARG_CHOICE, "extrapolation", AT(struct ml, extrapolation), .key = true,
     .def = "warn", .choice = extrapolation_name,
     .doc = "when input lies outside the training range: warn once a run"},
    {ARG_BOOL, "force", AT(struct ml, force), .key = true, .def = "no",
     .doc = "use a potential that was made for something else"},
    {0}};

/* Made from data with leads: the electrons are theirs, at no one mu. */
static bool has_leads(const struct committee *c)
{
    for (int k = 0; k < c->n; k++)
        if (c->member[k].p->origin.leads.n > 0)
            return true;
    return false;
}

static int find_capabilities(struct adele *ctx, struct ml *m)
{
    struct committee *c = &m->committee;
    struct pair *p = &m->pair;

    if (committee_describe(ctx, c))
        return ctx->error.status;
    p->gives = NEED_FORCE | NEED_OUTSIDE;
    p->gives |= c->density ? NEED_DENSITY : 0;
    p->gives |= c->energy ? NEED_ENERGY : 0;
    p->gives |= c->n > 1 ? NEED_DEVIATION : 0;
    p->leads = has_leads(c);
    if (c->density &&
        (p->leads || c->mu_aware || ctx->electrons.mode == ELECTRONS_MU))
        p->gives |= NEED_MU;
    p->gradient = c->energy && c->smooth;
    p->why = c->energy ? NULL
                       : "the potential was trained to forces or densities and "
                         "has no energy: take one with `target: energy`, or an "
                         "exact style";
    for (int axis = 0; axis < 3; axis++)
        p->halo[axis] = c->reach[axis] > ctx->model->halo[axis]
                            ? c->reach[axis]
                            : ctx->model->halo[axis];
    return 0;
}

/* Forces that are a gradient up to three digits only conserve nothing. */
static int check_precision(struct adele *ctx, const struct ml *m)
{
    if (m->precision != PRECISION_BF16)
        return 0;
    for (int k = 0; k < m->committee.n; k++) {
        const struct potential *p = m->committee.member[k].p;

        if (p->target == TARGET_ENERGY)
            return err_deck(ctx, &m->pair.head.where,
                            "pair_style ml: %s predicts energies, whose "
                            "gradient bfloat16 spoils; use precision double or "
                            "single",
                            p->path);
    }
    if (!gemm_multiplies_bf16())
        log_warning(&ctx->log,
                    "pair_style ml: this processor does not multiply bfloat16; "
                    "precision bf16 rounds as one that does and is slower than "
                    "precision single");
    return 0;
}

static int ml_init(struct adele *ctx, void *self)
{
    struct ml *m = self;
    int status = need_model(ctx);

    m->line[0] = m->line[1] = NAN;
    if (!status)
        status = committee_load(ctx, &m->committee, m->file.word, m->file.n);
    if (status || find_capabilities(ctx, m))
        return ctx->error.status;
    if (!m->precision_given)
        m->precision =
            m->committee.energy ? PRECISION_DOUBLE : PRECISION_SINGLE;
    return check_precision(ctx, m);
}

static void ml_fini(struct adele *ctx, void *self)
{
    committee_fini(ctx, &((struct ml *)self)->committee);
}

/* mu is predicted from the last steps: they make a run continue bit for bit. */
static int ml_save(struct adele *ctx, void *self, struct blob *to)
{
    const struct mu_track *t = &((struct ml *)self)->track;

    (void)ctx;
    blob_put_int(to, t->nhistory);
    blob_put_numbers(to, t->history, MU_TRACK_HISTORY);
    blob_put_number(to, t->accepted);
    blob_put_number(to, t->slope);
    blob_put_numbers(to, ((struct ml *)self)->line, 2);
    return 0;
}

static int ml_load(struct adele *ctx, void *self, struct blob *from)
{
    struct mu_track *t = &((struct ml *)self)->track;
    int64_t n;

    (void)ctx;
    if (blob_get_int(from, &n) || n < 0 || n > MU_TRACK_HISTORY ||
        blob_get_numbers(from, t->history, MU_TRACK_HISTORY) ||
        blob_get_number(from, &t->accepted) ||
        blob_get_number(from, &t->slope) ||
        blob_get_numbers(from, ((struct ml *)self)->line, 2))
        return -1;
    t->nhistory = (int)n;
    t->again = n > 0;
    return 0;
}

static int check_electrons(struct adele *ctx, const struct ml *m)
{
    enum electrons_mode mode = ctx->electrons.mode;

    if (m->pair.leads)
        return 0;
    if (m->committee.mu_aware && mode == ELECTRONS_MIDGAP)
        return err_deck(ctx, &m->pair.head.where,
                        "pair_style ml knows no spectrum, which electrons "
                        "midgap needs; use electrons filling 0.5");
    if (m->committee.mu_aware && mode == ELECTRONS_FILLING &&
        !m->committee.density)
        return err_deck(ctx, &m->pair.head.where,
                        "pair_style ml: these potentials give no densities, so "
                        "no chemical potential can be found for a filling; use "
                        "electrons mu");
    return 0;
}

static int ml_setup(struct adele *ctx, struct pair *pair)
{
    struct ml *m = (struct ml *)pair;
    int status = 0;

    for (int k = 0; !status && k < m->committee.n; k++)
        status = potential_check(ctx, m->committee.member[k].p, m->force,
                                 !m->told, &m->file.word[k].where);
    m->told = m->told || !status;
    if (!status)
        status = find_capabilities(ctx, m);
    if (!status)
        status = check_electrons(ctx, m);
    m->solved = 0;
    return status ? status
                  : committee_prepare(ctx, &m->committee,
                                      (enum precision)m->precision);
}

static int pass(struct adele *ctx, struct ml *m, double mu)
{
    m->passes++;
    return committee_pass(ctx, &m->committee, mu);
}

static int lost(struct adele *ctx, const struct ml *m)
{
    if (!isfinite(m->committee.number))
        return err_run(ctx, "pair_style ml: the densities are not finite; the "
                            "displacement may have grown out of bounds");
    return err_run_at(ctx, &m->pair.head.where,
                      "pair_style ml: no chemical potential gives filling "
                      "%.6g: at mu = %.6g the potential has %.9g electrons a "
                      "site",
                      ctx->electrons.filling, m->committee.mu,
                      m->committee.number / (double)ctx->lat->nsite);
}

/* The middle of what the potentials have seen. */
static double first_mu(const struct ml *m)
{
    const struct potential_origin *o = &m->committee.member[0].p->origin;
    double mu = 0.5 * (o->mu_low + o->mu_high);

    return isfinite(mu) ? mu : 0;
}

/* Whether the line through the last two passes gives the densities. */
static bool line_serves(const struct adele *ctx, const struct ml *m,
                        double target)
{
    const struct committee *c = &m->committee;
    double w = (target - c->number) / (c->number - c->last_number);

    double x = (c->mu - c->last_mu) / ctx->electrons.temp;

    return !c->energy && fabs(w) <= line_weight && x * x * fabs(w) < line_error;
}

static void take_line(struct ml *m, double target)
{
    m->line[0] = m->committee.last_mu;
    m->line[1] = m->committee.mu;
    committee_interpolate(&m->committee, target);
}

/* The first step after a restart is the last one before: the same two passes
   give the same bits. */
static int repeat_line(struct adele *ctx, struct ml *m, double target,
                       bool *done)
{
    *done = false;
    if (!m->track.again || !isfinite(m->line[0]))
        return 0;
    if (pass(ctx, m, m->line[0]) || pass(ctx, m, m->line[1]))
        return ctx->error.status;
    *done = line_serves(ctx, m, target);
    if (*done) {
        take_line(m, target);
        m->track.again = false;
    }
    return 0;
}

static int solve_filling(struct adele *ctx, struct ml *m)
{
    double sites = (double)ctx->lat->nsite;
    double target = ctx->electrons.filling * sites;
    double tol =
        (m->committee.energy ? energy_tolerance : number_tolerance) * sites;
    enum mu_track_state state = MU_TRACK_AGAIN;
    bool done;

    if (m->precision != PRECISION_DOUBLE)
        tol = number_tolerance * sites;
    if (repeat_line(ctx, m, target, &done) || done)
        return ctx->error.status;
    m->line[0] = m->line[1] = NAN;
    mu_track_begin(&m->track, target, tol, first_mu(m));
    while (state == MU_TRACK_AGAIN) {
        if (pass(ctx, m, m->track.mu))
            return ctx->error.status;
        state = mu_track_next(&m->track, m->committee.number);
        if (state == MU_TRACK_AGAIN && m->track.passes > 1 &&
            line_serves(ctx, m, target)) {
            take_line(m, target);
            mu_track_accept(&m->track, m->committee.mu);
            state = MU_TRACK_DONE;
        }
    }
    if (state == MU_TRACK_LOST)
        return lost(ctx, m);
    m->worst_number =
        fmax(m->worst_number, fabs(m->committee.number - target) / sites);
    return 0;
}

/* pe holds Omega at fixed mu, Omega + mu N at fixed filling; without mu a
   network learned the one or the other. */
static void complete_energy(const struct adele *ctx, struct ml *m)
{
    double n = ctx->electrons.filling * (double)ctx->lat->nsite;

    if (ctx->electrons.mode != ELECTRONS_FILLING)
        return;
    for (int k = 0; k < m->committee.n; k++) {
        if (m->committee.member[k].p->mu != POTENTIAL_MU_NONE)
            m->electronic += m->committee.mu * n / m->committee.n;
    }
}

static int check_range(struct adele *ctx, struct ml *m)
{
    if (m->committee.outside == 0)
        return 0;
    m->steps_outside++;
    if (m->committee.outside > m->most_outside)
        m->most_outside = m->committee.outside;
    if (m->extrapolation == EXTRAPOLATE_ERROR)
        return err_run_at(ctx, &m->pair.head.where,
                          "pair_style ml: the input of %lld of %lld sites lies "
                          "outside the training range at step %lld; train with "
                          "such configurations, or use extrapolation warn",
                          (long long)m->committee.outside,
                          (long long)ctx->lat->nsite, (long long)ctx->step);
    if (m->extrapolation == EXTRAPOLATE_WARN && !m->warned)
        log_warning(&ctx->log,
                    "pair_style ml: the input of %lld of %lld sites lies "
                    "outside the training range at step %lld",
                    (long long)m->committee.outside, (long long)ctx->lat->nsite,
                    (long long)ctx->step);
    m->warned = true;
    return 0;
}

/* At fixed filling mu is known only now. */
static void check_mu(struct adele *ctx, struct ml *m)
{
    for (int k = 0; k < m->committee.n && !m->warned_mu; k++) {
        const struct potential *p = m->committee.member[k].p;

        if (p->mu == POTENTIAL_MU_NONE ||
            (m->committee.mu >= p->origin.mu_low &&
             m->committee.mu <= p->origin.mu_high))
            continue;
        m->warned_mu = true;
        if (m->extrapolation != EXTRAPOLATE_IGNORE)
            log_warning(&ctx->log,
                        "pair_style ml: mu = %.4g at step %lld lies outside "
                        "the range %.4g to %.4g that %s was made with",
                        m->committee.mu, (long long)ctx->step, p->origin.mu_low,
                        p->origin.mu_high, p->path);
    }
}

/* What rounding to bfloat16 changes, on the first configuration of a run. */
static int tell_rounding(struct adele *ctx, struct ml *m)
{
    struct committee_difference d;

    if (m->precision != PRECISION_BF16 || m->compared || !ctx->running)
        return 0;
    m->compared = true;
    if (committee_compare(ctx, &m->committee, PRECISION_SINGLE, &d))
        return ctx->error.status;
    log_printf(&ctx->log,
               "pair_style ml: precision bf16 changes %s by %.3g (rms) and "
               "%.3g (most) against single precision; they vary by %.3g\n",
               d.density ? "densities" : "forces", d.rms, d.most, d.size);
    return 0;
}

static int evaluate(struct adele *ctx, struct ml *m)
{
    bool filling = ctx->electrons.mode == ELECTRONS_FILLING &&
                   m->committee.mu_aware && !m->pair.leads;
    uint64_t stamp = pair_stamp(ctx);
    int status;

    if (m->solved == stamp)
        return 0;
    m->solved = 0;
    status = committee_begin(ctx, &m->committee);
    if (!status)
        status = filling ? solve_filling(ctx, m)
                         : pass(ctx, m,
                                ctx->electrons.mode == ELECTRONS_MU
                                    ? ctx->electrons.mu
                                    : 0);
    if (status)
        return status;
    m->solutions++;
    m->electronic = m->committee.energy_sum;
    complete_energy(ctx, m);
    if (filling)
        check_mu(ctx, m);
    status = check_range(ctx, m);
    if (!status)
        status = tell_rounding(ctx, m);
    if (!status)
        m->solved = stamp;
    return status;
}

/* Of all leads, when it is one. */
static double leads_mu(const struct adele *ctx)
{
    double mu = ctx->leads.n > 0 ? ctx->leads.item[0]->now.mu : NAN;

    for (int k = 1; k < ctx->leads.n; k++) {
        if (ctx->leads.item[k]->now.mu != mu)
            return NAN;
    }
    return mu;
}

static int find_deviation(struct adele *ctx, const struct ml *m,
                          struct pair_result *r)
{
    int64_t n = ctx->lat->nlocal;

    if (pair_result_reserve_deviation(ctx, r, n))
        return ctx->error.status;
    committee_deviation(&m->committee, r->deviation);
    r->largest = 0;
    for (int64_t i = 0; i < n; i++)
        r->largest = fmax(r->largest, r->deviation[i]);
    return 0;
}

static int give(struct adele *ctx, const struct ml *m, unsigned need,
                struct pair_result *r)
{
    int64_t n = ctx->lat->nlocal;

    if (m->committee.density) {
        if (pair_result_reserve(ctx, r, n, 0, 0))
            return ctx->error.status;
        memcpy(r->n, m->committee.mean, (size_t)n * sizeof *r->n);
        r->have |= NEED_DENSITY;
    }
    r->mu = m->pair.leads ? leads_mu(ctx) : m->committee.mu;
    r->number = m->committee.number;
    r->have |= m->pair.gives & NEED_MU;
    r->electronic = m->electronic;
    r->outside = m->committee.outside;
    r->have |= NEED_OUTSIDE;
    return need & NEED_DEVIATION ? find_deviation(ctx, m, r) : 0;
}

/* A rough energy jumps, and fix nve alone would not conserve it. */
static int check_nve(struct adele *ctx, struct ml *m)
{
    bool moves = false, bath = false;

    if (m->checked || !m->committee.energy || m->pair.gradient || m->force)
        return 0;
    for (int k = 0; k < ctx->fixes.n; k++) {
        const char *name = ctx->fixes.item[k]->head.style->name;

        moves = moves || !strcmp(name, "nve");
        bath = bath || !strcmp(name, "langevin");
    }
    m->checked = true;
    if (!moves || bath)
        return 0;
    for (int k = 0; k < m->committee.n; k++) {
        const struct potential *p = m->committee.member[k].p;

        if (!(p->descriptor->smooth && p->net.smooth))
            return err_run_at(ctx, &m->pair.head.where,
                              "pair_style ml: the energy of %s is not smooth "
                              "(%s) and fix nve would not conserve it; use a "
                              "smooth one, a thermostat, or force yes",
                              p->path,
                              p->net.smooth ? "its descriptor jumps"
                                            : "its network has kinks");
    }
    return 0;
}

static int ml_compute(struct adele *ctx, struct pair *pair, unsigned need,
                      struct pair_result *r)
{
    struct ml *m = (struct ml *)pair;
    int status = ctx->running ? check_nve(ctx, m) : 0;

    if (!status && (need & ~r->have))
        status = evaluate(ctx, m);
    if (!status)
        status = give(ctx, m, need, r);
    if (!status)
        status = pair_complete(ctx, need, r);
    if (!status && (need & NEED_FORCE) && !m->committee.density)
        committee_add_force(&m->committee, r->force);
    return status;
}

static void ml_report(struct adele *ctx, struct pair *pair)
{
    struct ml *m = (struct ml *)pair;

    if (m->solutions && m->committee.mu_aware && !m->pair.leads &&
        ctx->electrons.mode == ELECTRONS_FILLING)
        log_printf(&ctx->log,
                   "pair_style ml: %.3g passes a solution, electrons kept to "
                   "%.2g a site\n",
                   (double)m->passes / (double)m->solutions, m->worst_number);
    if (m->steps_outside && m->extrapolation != EXTRAPOLATE_IGNORE)
        log_printf(&ctx->log,
                   "pair_style ml: input outside the training range in %lld of "
                   "%lld configurations, at most %lld sites\n",
                   (long long)m->steps_outside, (long long)m->solutions,
                   (long long)m->most_outside);
    m->passes = m->solutions = m->steps_outside = m->most_outside = 0;
    m->worst_number = 0;
    m->warned = m->warned_mu = m->checked = m->compared = false;
}

const struct pair_style pair_ml = {
    .style = {STYLE_HEAD(pair, "ml", struct ml),
              .summary = "learned forces from potential files",
              .cite = "Cheng2023", .args = args, .init = ml_init,
              .fini = ml_fini, .save = ml_save, .load = ml_load},
    .setup = ml_setup,
    .compute = ml_compute,
    .report = ml_report};

/* minimize: the nearest minimum of the free energy over the displacements.

   Conjugate gradients [Polak1969], beta = max(0, f_new.(f_new - f_old) /
   f_old.f_old), with a line search along h.  Three measures of length decide
   where it goes next: the slope -f.h at both ends of the step tried gives the
   secant estimate of the minimum, halving follows where the energy did not
   fall enough (Armijo).  Energies are sums over the lattice with a rounding
   error, and near a minimum they cannot tell two points apart; there the slope,
   which keeps its digits, decides.  What is minimised is `pe`, the energy of
   the fixes that count in it included; post_force of the fixes acts, so that
   frozen sites stay.

   deck: minimize etol ftol maxiter maxeval */

#include <float.h>
#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "base/parallel.h"
#include "base/sum.h"
#include "plug/fix.h"
#include "plug/model.h"
#include "plug/pair.h"
#include "run/schedule.h"
#include "run/thermo.h"

static const double armijo = 1e-4;       /* part of the linear fall asked for */
static const double first_move = 0.1;    /* largest displacement tried first */
static const double largest_move = 1.0;  /* of a site in one line search */
static const double energy_floor = 1e-8; /* as in LAMMPS: etol near energy 0 */
enum { TRIAL_MAX = 40, THREAD_LIMIT = 4096 };

enum stop {
    STOP_NONE,
    STOP_ENERGY,
    STOP_FORCE,
    STOP_ITERATIONS,
    STOP_EVALUATIONS,
    STOP_LINE,
    STOP_FORCES_ZERO,
    STOP_HALTED
};

static const char *const stop_name[] = {
    [STOP_NONE] = "none",
    [STOP_ENERGY] = "energy tolerance",
    [STOP_FORCE] = "force tolerance",
    [STOP_ITERATIONS] = "max iterations",
    [STOP_EVALUATIONS] = "max force evaluations",
    [STOP_LINE] = "linesearch alpha is zero",
    [STOP_FORCES_ZERO] = "forces are zero",
    [STOP_HALTED] = "stopped"};

struct search {
    struct adele *ctx;
    int64_t n; /* values: components times sites */
    double *x, *f, *h,
        *old; /* [n] start of line, force, direction, old force */
    double energy, alpha;
    double energy_first, energy_before, norm_first, max_first, alpha_last,
        move_last;
    int64_t iterations, evaluations;
};

static void gather(const struct field *field, double *out)
{
    int64_t nlocal = field->lat->nlocal;

    for (int c = 0; c < field->ncomp; c++)
        field_gather(field, c, out + c * nlocal);
}

static double largest_of(const double *a, int64_t n)
{
    double most = 0;

#pragma omp parallel for reduction(max                                         \
                                   : most)                                     \
    schedule(static) if (n >= PARALLEL_MIN)
    for (int64_t i = 0; i < n; i++)
        most = fabs(a[i]) > most ? fabs(a[i]) : most;
    return most;
}

/* Some styles know only once they have solved whether an energy belongs to
   their forces, so this is asked again at each evaluation. */
static int refuse(struct adele *ctx)
{
    const struct style *style = ctx->pair->head.style;

    if (!(forces_gives(ctx) & NEED_ENERGY) || !(forces_gives(ctx) & NEED_FORCE))
        return err_deck(ctx, NULL,
                        "minimize needs energies and forces, and pair_style %s "
                        "does not give both%s%s",
                        style->name, ctx->pair->why ? "; " : "",
                        ctx->pair->why ? ctx->pair->why : "");
    if (ctx->pair->gradient)
        return 0;
    if (ctx->electrons.mode == ELECTRONS_MIDGAP)
        return err_deck(ctx, NULL,
                        "minimize needs forces that are the gradient of the "
                        "energy; with `electrons midgap` the forces of "
                        "pair_style %s are not: use `electrons filling F` or "
                        "`electrons mu M`",
                        style->name);
    if (ctx->electrons.mode != ELECTRONS_NONE && ctx->electrons.temp == 0)
        return err_deck(ctx, NULL,
                        "minimize needs forces that are the gradient of the "
                        "energy; with a partly filled level at temperature 0 "
                        "those of pair_style %s are not: give the electrons a "
                        "small temperature",
                        style->name);
    return err_deck(ctx, NULL,
                    "minimize needs forces that are the gradient of the "
                    "energy, and those of pair_style %s are not: use another "
                    "force style, or damped motion (fix langevin at low "
                    "temperature)",
                    style->name);
}

/* Forces into m->f and the energy, of the present displacement. */
static int evaluate(struct search *m)
{
    struct adele *ctx = m->ctx;
    double extra = 0;
    int status = run_forces(ctx, run_need(ctx, ctx->step) | NEED_ENERGY);

    m->evaluations++;
    if (!status)
        status = refuse(ctx);
    if (!status)
        status = run_check_field(ctx, ctx->state.force, 2);
    if (!status)
        status = fix_energy(ctx, &extra);
    if (status)
        return status;
    m->energy = pair_energy(ctx->forces) + extra;
    gather(ctx->state.force, m->f);
    return 0;
}

/* Moves to x + alpha h. */
static void place(struct search *m, double alpha, double *work)
{
    struct field *q = m->ctx->state.displacement;
    int64_t nlocal = q->lat->nlocal;

#pragma omp parallel for schedule(static) if (m->n >= PARALLEL_MIN)
    for (int64_t i = 0; i < m->n; i++)
        work[i] = m->x[i] + alpha * m->h[i];
    for (int c = 0; c < q->ncomp; c++)
        field_scatter(q, c, work + c * nlocal);
}

/* The next step length between the bounds, from slope and length at both. */
static double secant(double lo, double slope_lo, double hi, double slope_hi)
{
    double a = lo + (hi - lo) * slope_lo / (slope_lo - slope_hi);
    double margin = 0.05 * (hi - lo);

    if (!(a > lo + margin) || !(a < hi - margin))
        a = 0.5 * (lo + hi);
    return a;
}

/* Where the slope, taken as linear, vanishes beyond the step tried. */
static double beyond(double alpha, double slope0, double slope)
{
    double a = slope < slope0 ? alpha * slope0 / (slope0 - slope) : INFINITY;

    return a < 1.1 * alpha ? 1.1 * alpha : a < 10 * alpha ? a : 10 * alpha;
}

/* A point along h where energy and slope have fallen; *found false: none.
   The forces there are in m->f. */
static int line_search(struct search *m, double *work, int64_t maxeval,
                       bool *found)
{
    double start = m->energy, slope0 = sum_product(m->f, m->h, m->n);
    double reach = largest_of(m->h, m->n);
    double limit = largest_move / reach;
    double lo = 0, slope_lo = slope0, hi = -1, slope_hi = 0;
    double alpha = m->alpha > 0 ? m->alpha : first_move / reach;
    double noise = 64 * DBL_EPSILON * (fabs(start) + energy_floor);

    *found = false;
    for (int trial = 0; trial < TRIAL_MAX && m->evaluations < maxeval;
         trial++) {
        double slope;
        bool low;

        if (alpha > limit)
            alpha = limit;
        place(m, alpha, work);
        if (evaluate(m))
            return m->ctx->error.status;
        slope = sum_product(m->f, m->h, m->n);
        low = m->energy <= start - armijo * alpha * slope0 ||
              (m->energy <= start + noise && fabs(slope) < 0.9 * slope0);
        if (low &&
            (fabs(slope) <= 0.1 * slope0 || (slope > 0 && alpha >= limit))) {
            *found = true;
            break;
        }
        if (!low || slope < 0) {
            hi = alpha;
            slope_hi = low ? slope : -slope0;
            alpha = secant(lo, slope_lo, hi, slope_hi);
        } else {
            lo = alpha;
            slope_lo = slope;
            alpha = hi > 0 ? secant(lo, slope_lo, hi, slope_hi)
                           : beyond(alpha, slope0, slope);
        }
        if (hi > 0 && hi - lo < DBL_EPSILON * hi)
            break;
    }
    m->alpha_last = alpha;
    m->move_last = alpha * reach;
    m->alpha = alpha;
    return 0;
}

/* Back to where the line began. */
static int retreat(struct search *m, double *work)
{
    int64_t evaluations = m->evaluations;
    int status;

    place(m, 0.0, work);
    status = evaluate(m);
    m->evaluations = evaluations;
    return status;
}

static void turn(struct search *m)
{
    double ff = sum_squares(m->f, m->n), old = sum_squares(m->old, m->n);
    double beta = old > 0 ? (ff - sum_product(m->f, m->old, m->n)) / old : 0;

    if (!(beta > 0))
        beta = 0;
#pragma omp parallel for schedule(static) if (m->n >= PARALLEL_MIN)
    for (int64_t i = 0; i < m->n; i++)
        m->h[i] = m->f[i] + beta * m->h[i];
    if (!(sum_product(m->f, m->h, m->n) > 0))
        memcpy(m->h, m->f, (size_t)m->n * sizeof *m->h);
}

static enum stop arrived(const struct search *m,
                         const struct minimize_options *o)
{
    double mean = 0.5 * (fabs(m->energy) + fabs(m->energy_before));
    double norm = sum_squares(m->f, m->n);

    if (fabs(m->energy - m->energy_before) < o->etol * (mean + energy_floor))
        return STOP_ENERGY;
    if (norm == 0)
        return STOP_FORCES_ZERO;
    return norm < o->ftol * o->ftol ? STOP_FORCE : STOP_NONE;
}

/* One line search and what follows; *stop tells whether it was the last. */
static int iterate(struct search *m, const struct minimize_options *o,
                   double *work, enum stop *stop)
{
    struct adele *ctx = m->ctx;
    int64_t step = ctx->step;
    bool found;

    gather(ctx->state.displacement, m->x);
    memcpy(m->old, m->f, (size_t)m->n * sizeof *m->f);
    m->energy_before = m->energy;
    adele_set_step(ctx, step + 1);
    if (line_search(m, work, o->maxeval, &found))
        return ctx->error.status;
    if (!found) {
        *stop = m->evaluations >= o->maxeval ? STOP_EVALUATIONS : STOP_LINE;
        adele_set_step(ctx, step);
        m->alpha_last = m->move_last = 0;
        return retreat(m, work);
    }
    m->iterations++;
    *stop = arrived(m, o);
    if (!*stop && m->evaluations >= o->maxeval)
        *stop = STOP_EVALUATIONS;
    if (!*stop && m->iterations >= o->maxiter)
        *stop = STOP_ITERATIONS;
    turn(m);
    return output_step(ctx);
}

static int search(struct search *m, const struct minimize_options *o,
                  double *work, enum stop *stop)
{
    struct adele *ctx = m->ctx;
    int status;

    m->evaluations = 0;
    status = evaluate(m);
    if (status)
        return status;
    m->energy_first = m->energy_before = m->energy;
    m->norm_first = sqrt(sum_squares(m->f, m->n));
    m->max_first = largest_of(m->f, m->n);
    memcpy(m->h, m->f, (size_t)m->n * sizeof *m->h);
    *stop = m->norm_first == 0        ? STOP_FORCES_ZERO
            : m->norm_first < o->ftol ? STOP_FORCE
            : o->maxiter == 0         ? STOP_ITERATIONS
            : o->maxeval == 0         ? STOP_EVALUATIONS
                                      : STOP_NONE;
    while (!status && !*stop) {
        if (run_stopped(ctx, m->iterations))
            *stop = STOP_HALTED;
        else
            status = iterate(m, o, work, stop);
    }
    return status;
}

static void report(struct search *m, enum stop stop)
{
    struct log *log = &m->ctx->log;

    log_printf(log, "\nMinimization stats:\n  Stopping criterion = %s\n",
               stop_name[stop]);
    log_printf(log,
               "  Energy initial, next-to-last, final = \n"
               "      %18.15g %18.15g %18.15g\n",
               m->energy_first, m->energy_before, m->energy);
    log_printf(log, "  Force two-norm initial, final = %.8g %.8g\n",
               m->norm_first, sqrt(sum_squares(m->f, m->n)));
    log_printf(log, "  Force max component initial, final = %.8g %.8g\n",
               m->max_first, largest_of(m->f, m->n));
    log_printf(log, "  Final line search alpha, max site move = %.8g %.8g\n",
               m->alpha_last, m->move_last);
    log_printf(log, "  Iterations, force evaluations = %lld %lld\n",
               (long long)m->iterations, (long long)m->evaluations);
}

static int begin(struct adele *ctx, const struct minimize_options *o)
{
    struct schedule *s = schedule_of(ctx);
    int status;

    if (!s || need_pair(ctx))
        return ctx->error.status;
    if (o->maxiter > INT64_MAX - ctx->step)
        return err_deck(ctx, NULL, "minimize: maxiter is too large");
    ctx->run_first = ctx->run_begin = ctx->step;
    ctx->run_last = ctx->run_end = ctx->step + o->maxiter;
    s->prepared = false;
    timers_reset(&ctx->timers);
    ctx->run_start_wall = wall_time();
    status = run_ready(ctx);
    if (!status)
        status = refuse(ctx);
    if (status || ctx->check_only)
        return status;
    ctx->running = true;
    status = output_plan(ctx);
    if (!status)
        status = run_forces(ctx, run_need(ctx, ctx->step) | NEED_ENERGY);
    return status ? status : output_first(ctx);
}

static int conclude(struct adele *ctx, struct search *m, enum stop stop,
                    int status)
{
    int later = 0;

    if (!status)
        later = output_last(ctx);
    thermo_end(ctx);
    if (!status && !later && ctx->interrupt)
        later = run_interrupted(ctx);
    if (run_finish(ctx) && !later)
        later = ctx->error.status;
    if (!status) {
        summary_loop(ctx, m->iterations);
        report(m, stop);
        summary_tasks(ctx, m->iterations);
    }
    log_flush(&ctx->log);
    if (status || later)
        return status ? status : later;
    return ctx->interrupt ? ADELE_EINTERRUPT : 0;
}

int run_minimize(struct adele *ctx, const struct minimize_options *o)
{
    struct search m = {.ctx = ctx};
    enum stop stop = STOP_NONE;
    double *block;
    int status = begin(ctx, o);

    if (status || ctx->check_only || ctx->skip_run) {
        thermo_end(ctx);
        if (run_finish(ctx) && !status)
            status = ctx->error.status;
        return status;
    }
    m.n = ctx->lat->nlocal * ctx->model->ncomp;
    block = mem_zalloc((size_t)(5 * m.n), sizeof *block);
    if (!block) {
        err_memory(ctx, "minimize", 40.0 * (double)m.n);
        run_finish(ctx);
        return ctx->error.status;
    }
    m.x = block;
    m.f = block + m.n;
    m.h = block + 2 * m.n;
    m.old = block + 3 * m.n;
    summary_start(ctx);
    status = search(&m, o, block + 4 * m.n, &stop);
    summary_stop(ctx);
    status = conclude(ctx, &m, stop, status);
    mem_free(block);
    return status;
}

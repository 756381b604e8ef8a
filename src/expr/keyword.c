/* Thermo keywords: step, time, energies, electrons, geometry, cost.

   Each reads the running simulation through one entry, forces_require for
   everything that has to be solved.  Extensive energies are totals;
   thermo_modify norm divides. */

#include "expr/keyword.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "core/kinetic.h"
#include "plug/fix.h"
#include "plug/pair.h"

#define GET(name) static int name(struct adele *ctx, double *out)
#define PLAIN(name, value)                                                     \
    GET(name)                                                                  \
    {                                                                          \
        *out = (value);                                                        \
        return ADELE_OK;                                                       \
    }

PLAIN(get_step, (double)ctx->step)
PLAIN(get_elapsed, (double)(ctx->step - ctx->run_first))
PLAIN(get_elaplong, (double)(ctx->step - ctx->run_begin))
PLAIN(get_dt, ctx->dt)
PLAIN(get_time, ctx->time)

/* One partition, the first. */
GET(get_part)
{
    (void)ctx;
    *out = 0;
    return ADELE_OK;
}

PLAIN(get_etemp, ctx->electrons.temp)
PLAIN(get_cpu, ctx->running ? wall_time() - ctx->run_start_wall : 0)

/* x per second of this run; 0 before its first step. */
static double rate(const struct adele *ctx, double x)
{
    double seconds = ctx->running ? wall_time() - ctx->run_start_wall : 0;
    return ctx->step > ctx->run_first && seconds > 0 ? x / seconds : 0;
}

PLAIN(get_spcpu, rate(ctx, (double)(ctx->step - ctx->run_first)))
PLAIN(get_tpcpu, rate(ctx, (double)(ctx->step - ctx->run_first) * ctx->dt))

GET(get_cpuremain)
{
    double speed = rate(ctx, (double)(ctx->step - ctx->run_first));
    *out = speed > 0 ? (double)(ctx->run_last - ctx->step) / speed : 0;
    return ADELE_OK;
}

GET(get_timeremain)
{
    double left = ctx->deadline > 0 ? ctx->deadline - wall_time() : 0;
    *out = left > 0 ? left : 0;
    return ADELE_OK;
}

GET(get_sites)
{
    *out = ctx->lat ? (double)ctx->lat->nsite : 0;
    return ADELE_OK;
}

/* Length of the lattice along a primitive vector. */
static int length(struct adele *ctx, int axis, double *out)
{
    int status = need_lattice(ctx);
    if (status)
        return status;
    const double *a = ctx->lat->shape.a[axis];
    *out = ctx->lat->n[axis] * sqrt(a[0] * a[0] + a[1] * a[1] + a[2] * a[2]);
    return ADELE_OK;
}

GET(get_lx)
{
    return length(ctx, 0, out);
}

GET(get_ly)
{
    return length(ctx, 1, out);
}

GET(get_lz)
{
    return length(ctx, 2, out);
}

/* ---- motion ---- */

GET(get_ke)
{
    int status = need_model(ctx);
    return status ? status : kinetic_energy(ctx, 0, ctx->model->mass, out);
}

GET(get_temp)
{
    int status = need_model(ctx);
    return status ? status : kinetic_temperature(ctx, 0, ctx->model->mass, out);
}

/* The forces that move the sites, fixes included, as long as they belong to
   the present configuration; else those of the force style. */
static int moving_forces(struct adele *ctx, const struct field **force)
{
    int status = need_pair(ctx);
    if (status)
        return status;
    const struct field *f = ctx->state.force, *x = ctx->state.displacement;
    *force = f;
    if (f && x && f->tag > x->tag && f->tag > ctx->parameter_tag)
        return ADELE_OK;
    status = forces_require(ctx, NEED_FORCE);
    *force = ctx->forces->force;
    return status;
}

static int force_norms(struct adele *ctx, double *sum, double *largest)
{
    const struct field *f = NULL;
    int status = moving_forces(ctx, &f);
    *sum = *largest = 0;
    int64_t n = ctx->lat ? ctx->lat->nlocal : 0;
    double *row = status ? NULL : mem_alloc((size_t)n, sizeof *row);
    if (!status && !row)
        return err_memory(ctx, "the norm of the forces", 8.0 * (double)n);
    for (int c = 0; row && c < f->ncomp; c++) {
        field_gather(f, c, row);
        for (int64_t i = 0; i < n; i++) {
            *sum += row[i] * row[i];
            *largest = fmax(*largest, fabs(row[i]));
        }
    }
    mem_free(row);
    return status;
}

GET(get_fmax)
{
    double sum;
    return force_norms(ctx, &sum, out);
}

GET(get_fnorm)
{
    double largest;
    int status = force_norms(ctx, out, &largest);
    *out = sqrt(*out);
    return status;
}

/* ---- energies and electrons ---- */

static int solved(struct adele *ctx, unsigned need,
                  const struct pair_result **result)
{
    int status = need_pair(ctx);
    if (!status)
        status = forces_require(ctx, need);
    *result = ctx->forces;
    return status;
}

#define SOLVED(name, need, value)                                              \
    GET(name)                                                                  \
    {                                                                          \
        const struct pair_result *r;                                           \
        int status = solved(ctx, need, &r);                                    \
        if (!status)                                                           \
            *out = (value);                                                    \
        return status;                                                         \
    }

SOLVED(get_elastic, NEED_ENERGY, r->elastic)
SOLVED(get_electronic, NEED_ENERGY, r->electronic)
SOLVED(get_band, NEED_ENTROPY, r->band)
SOLVED(get_entropy, NEED_ENTROPY, r->entropy)
SOLVED(get_mu, NEED_MU, r->mu)
SOLVED(get_number, NEED_MU, r->number)
SOLVED(get_pairerr, NEED_ERROR, r->error)
SOLVED(get_mldev, NEED_DEVIATION, r->largest)
SOLVED(get_mlout, NEED_OUTSIDE, (double)r->outside)
SOLVED(get_filling, NEED_MU, r->number / (double)ctx->lat->nsite)

GET(get_pe)
{
    const struct pair_result *r;
    int status = solved(ctx, NEED_ENERGY, &r);
    double fixes = 0;
    if (!status)
        status = fix_energy(ctx, &fixes);
    if (!status)
        *out = pair_energy(r) + fixes;
    return status;
}

GET(get_etotal)
{
    double ke = 0;
    int status = get_pe(ctx, out);
    if (!status)
        status = get_ke(ctx, &ke);
    *out += ke;
    return status;
}

/* name, unit, meaning, whole number, extensive, need, function */
#define KEYWORDS(X)                                                            \
    X("step", "steps", "number of the step", true, false, 0, get_step)         \
    X("elapsed", "steps", "steps since the start of this run", true, false, 0, \
      get_elapsed)                                                             \
    X("elaplong", "steps", "steps since the `start` of a series of runs",      \
      true, false, 0, get_elaplong)                                            \
    X("dt", "time", "time step", false, false, 0, get_dt)                      \
    X("time", "time", "simulated time", false, false, 0, get_time)             \
    X("cpu", "seconds", "wall time since the start of this run", false, false, \
      0, get_cpu)                                                              \
    X("tpcpu", "time/second", "simulated time per second of this run", false,  \
      false, 0, get_tpcpu)                                                     \
    X("spcpu", "1/second", "steps per second of this run", false, false, 0,    \
      get_spcpu)                                                               \
    X("cpuremain", "seconds", "estimated wall time to the end of this run",    \
      false, false, 0, get_cpuremain)                                          \
    X("timeremain", "seconds",                                                 \
      "wall time left of timer timeout, 0 without one", false, false, 0,       \
      get_timeremain)                                                          \
    X("part", "", "number of this partition, from 0", true, false, 0,          \
      get_part)                                                                \
    X("sites", "", "number of sites", true, false, 0, get_sites)               \
    X("atoms", "", "number of sites, LAMMPS's word", true, false, 0,           \
      get_sites)                                                               \
    X("temp", "energy", "2 ke / (sites x components)", false, false, 0,        \
      get_temp)                                                                \
    X("ke", "energy", "kinetic energy of all sites", false, true, 0, get_ke)   \
    X("pe", "energy",                                                          \
      "free energy: elastic + electronic, and fixes with fix_modify energy "   \
      "yes",                                                                   \
      false, true, NEED_ENERGY, get_pe)                                        \
    X("etotal", "energy", "pe + ke", false, true, NEED_ENERGY, get_etotal)     \
    X("elastic", "energy", "elastic energy of the lattice", false, true,       \
      NEED_ENERGY, get_elastic)                                                \
    X("electronic", "energy",                                                  \
      "Omega (fixed mu) or Omega + mu N (fixed filling)", false, true,         \
      NEED_ENERGY, get_electronic)                                             \
    X("eelec", "energy", "the same as electronic", false, true, NEED_ENERGY,   \
      get_electronic)                                                          \
    X("band", "energy", "sum of occupied levels", false, true, NEED_ENTROPY,   \
      get_band)                                                                \
    X("entropy", "", "entropy of the electrons", false, true, NEED_ENTROPY,    \
      get_entropy)                                                             \
    X("mu", "energy", "chemical potential", false, false, NEED_MU, get_mu)     \
    X("number", "", "number of electrons", false, true, NEED_MU, get_number)   \
    X("filling", "", "electrons per site", false, false, NEED_MU, get_filling) \
    X("pairerr", "", "estimated largest error of a density (pair_style pole)", \
      false, false, NEED_ERROR, get_pairerr)                                   \
    X("mldev", "energy/length",                                                \
      "largest deviation of a force between learned forces (pair_style ml)",   \
      false, false, NEED_DEVIATION, get_mldev)                                 \
    X("mlout", "", "sites outside the training range (pair_style ml)", true,   \
      false, NEED_OUTSIDE, get_mlout)                                          \
    X("etemp", "energy", "temperature of the electrons", false, false, 0,      \
      get_etemp)                                                               \
    X("fmax", "energy/length", "largest component of a force", false, false,   \
      NEED_FORCE, get_fmax)                                                    \
    X("fnorm", "energy/length", "length of the vector of all forces", false,   \
      false, NEED_FORCE, get_fnorm)                                            \
    X("lx", "length", "length of the lattice along its first axis", false,     \
      false, 0, get_lx)                                                        \
    X("ly", "length", "the same along the second axis", false, false, 0,       \
      get_ly)                                                                  \
    X("lz", "length", "the same along the third axis", false, false, 0, get_lz)

#define ENTRY(...) {__VA_ARGS__},
#define NAME(name, ...) name,
static const struct keyword keywords[] = {KEYWORDS(ENTRY)};
static const char *const names[] = {KEYWORDS(NAME)};
enum { NKEYWORD = sizeof keywords / sizeof *keywords };

const struct keyword *keyword_find(const char *name)
{
    for (int k = 0; k < NKEYWORD; k++)
        if (!strcmp(keywords[k].name, name))
            return &keywords[k];
    return NULL;
}

const char *const *keyword_names(int *n)
{
    *n = NKEYWORD;
    return names;
}

/* Potentials on samples: see plug/evaluation.h. */

#include "plug/evaluation.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "base/sum.h"
#include "elec/mu_track.h"
#include "plug/setting.h"

static const double number_tolerance = 1e-6; /* electrons a site */

struct place { /* a lattice of the samples */
    const struct lattice *lat;
    struct adele *setting;
    struct potential_run *run;
    struct field *elastic, *force;
};

struct evaluation {
    const struct samples *samples;
    struct place *place; /* [nplace] */
    int nplace;
    struct potential *p;
    struct density_map map;
    uint64_t clock;
    int64_t room; /* of the arrays */
    double *value, *force, *force_exact, *density_exact, *scratch;
    double elastic; /* energy of the sample */
    struct evaluated result;
};

static const struct model_style *model_of(const struct adele *s)
{
    return (const struct model_style *)s->model->head.style;
}

void evaluation_forget(struct evaluation *e)
{
    for (int k = 0; e && k < e->nplace; k++) {
        potential_run_free(e->place[k].run);
        e->place[k].run = NULL;
    }
}

void evaluation_free(struct evaluation *e)
{
    if (!e)
        return;
    evaluation_forget(e);
    for (int k = 0; k < e->nplace; k++) {
        field_free(e->place[k].elastic);
        field_free(e->place[k].force);
        setting_free(e->place[k].setting);
    }
    mem_free(e->place);
    mem_free(e->value);
    mem_free(e->force);
    mem_free(e->force_exact);
    mem_free(e->density_exact);
    mem_free(e->scratch);
    mem_free(e);
}

static int no_memory(struct adele *ctx, double bytes)
{
    return err_memory(ctx, "the comparison with data", bytes);
}

static int make_places(struct adele *ctx, struct evaluation *e,
                       const struct where *where)
{
    const struct samples *s = e->samples;

    e->place = mem_zalloc((size_t)s->nlattice, sizeof *e->place);
    if (!e->place)
        return no_memory(ctx, 0);
    for (int k = 0; k < s->nlattice; k++) {
        struct place *p = &e->place[k];
        int64_t n = s->lattice[k]->nlocal;

        e->nplace++;
        p->lat = s->lattice[k];
        p->setting = setting_new(ctx, &s->origin, s->lattice[k], where);
        if (!p->setting)
            return ctx->error.status;
        p->elastic = field_new(p->lat, s->ncomp, &e->clock);
        p->force = field_new(p->lat, s->ncomp, &e->clock);
        if (!p->elastic || !p->force)
            return no_memory(ctx, 16.0 * (double)n);
        if (n > e->room)
            e->room = n;
    }
    return 0;
}

static int make_arrays(struct adele *ctx, struct evaluation *e)
{
    size_t n = (size_t)e->room, all = n * (size_t)e->samples->ncomp;

    e->value = mem_alloc(all, sizeof *e->value);
    e->force = mem_alloc(all, sizeof *e->force);
    e->force_exact = mem_alloc(all, sizeof *e->force_exact);
    e->density_exact = mem_alloc(n, sizeof *e->density_exact);
    e->scratch = mem_alloc(n, sizeof *e->scratch);
    if (e->value && e->force && e->force_exact && e->density_exact &&
        e->scratch)
        return 0;
    return no_memory(ctx, 40.0 * (double)all);
}

struct evaluation *evaluation_new(struct adele *ctx,
                                  const struct samples *samples,
                                  const struct where *where)
{
    struct evaluation *e = mem_zalloc(1, sizeof *e);

    if (!e) {
        no_memory(ctx, 0);
        return NULL;
    }
    e->samples = samples;
    if (make_places(ctx, e, where) || make_arrays(ctx, e)) {
        evaluation_free(e);
        return NULL;
    }
    return e;
}

struct adele *evaluation_setting(struct evaluation *e)
{
    return e->place[0].setting;
}

int evaluation_use(struct adele *ctx, struct evaluation *e, struct potential *p,
                   enum precision precision, const struct where *where)
{
    bool keep = p->target == TARGET_ENERGY;

    e->p = p;
    if (density_map_find(e->place[0].setting, &e->map))
        return setting_error(ctx, e->place[0].setting, where);
    for (int k = 0; k < e->nplace; k++) {
        struct place *at = &e->place[k];

        potential_run_free(at->run);
        at->run = potential_run_new(at->setting, p, at->lat, precision, keep);
        if (!at->run)
            return setting_error(ctx, at->setting, where);
    }
    return 0;
}

int evaluation_update(struct adele *ctx, struct evaluation *e,
                      const struct where *where)
{
    for (int k = 0; k < e->nplace; k++) {
        if (potential_run_update(e->place[k].setting, e->place[k].run))
            return setting_error(ctx, e->place[k].setting, where);
    }
    return 0;
}

static struct place *find_place(struct evaluation *e, const struct sample *s)
{
    int k = 0;

    while (k + 1 < e->nplace && e->place[k].lat != s->q->lat)
        k++;
    return &e->place[k];
}

static int place_sample(struct evaluation *e, struct place *at,
                        const struct sample *s)
{
    struct adele *set = at->setting;

    set->state.onsite = s->onsite;
    setting_leads(set, s->lead_mu);
    if (setting_place(set, s->q))
        return set->error.status;
    return model_of(set)->elastic(set, set->model, at->elastic, &e->elastic);
}

/* Total forces [ncomp][n] of densities. */
static int force_of(struct place *at, const double *density, double *force)
{
    struct adele *s = at->setting;
    int64_t n = at->lat->nlocal;

    if (field_copy(at->force, at->elastic))
        return err_memory(s, "forces", 8.0 * (double)n);
    if (model_of(s)->electronic(s, s->model, density, NULL, at->force))
        return s->error.status;
    for (int c = 0; c < s->model->ncomp; c++)
        field_gather(at->force, c, force + c * n);
    return 0;
}

/* Exact densities and forces, one from the other where the data lack one. */
static int find_exact(struct evaluation *e, struct place *at,
                      const struct sample *s)
{
    struct evaluated *r = &e->result;
    int64_t n = at->lat->nlocal;

    r->density_exact = s->density;
    r->force_exact = s->force;
    if (!s->density && s->force && e->map.linear) {
        field_gather(at->elastic, 0, e->density_exact);
        for (int64_t i = 0; i < n; i++)
            e->density_exact[i] =
                (s->force[i] - e->density_exact[i] - e->map.at_zero) /
                e->map.slope;
        r->density_exact = e->density_exact;
    }
    if (!s->force && s->density && !at->setting->model->use_bonds) {
        if (force_of(at, s->density, e->force_exact))
            return at->setting->error.status;
        r->force_exact = e->force_exact;
    }
    r->number_exact = r->density_exact ? sum_array(r->density_exact, n) : NAN;
    return 0;
}

static int pass(struct evaluation *e, struct place *at, double mu)
{
    struct evaluated *r = &e->result;
    struct potential_sites out = {.value = e->value};
    int64_t n = at->lat->nlocal;

    if (potential_sites(at->setting, at->run, e->p, &e->map, mu, at->elastic,
                        e->scratch, &out))
        return at->setting->error.status;
    r->mu = mu;
    r->outside = out.outside;
    r->energy = e->elastic + out.energy;
    r->density = potential_gives_density(e->p, &e->map) ? e->value : NULL;
    r->number = r->density ? sum_array(r->density, n) : NAN;
    return 0;
}

static int solve_number(struct evaluation *e, struct place *at,
                        const struct sample *s)
{
    double tol = number_tolerance * (double)at->lat->nlocal;
    struct mu_track t = {0};
    enum mu_track_state state = MU_TRACK_AGAIN;

    mu_track_begin(&t, e->result.number_exact, tol, s->mu);
    while (state == MU_TRACK_AGAIN) {
        if (pass(e, at, t.mu))
            return at->setting->error.status;
        state = mu_track_next(&t, e->result.number);
    }
    if (state == MU_TRACK_DONE)
        return 0;
    return err_run(at->setting,
                   "no chemical potential gives %.9g electrons at step %lld of "
                   "%s: at mu = %.6g the potential has %.9g",
                   e->result.number_exact, (long long)s->step,
                   e->samples->file[s->file], e->result.mu, e->result.number);
}

/* Total forces of the prediction. */
static int find_force(struct evaluation *e, struct place *at)
{
    int64_t n = at->lat->nlocal;

    e->result.force = e->force;
    if (e->result.density)
        return force_of(at, e->result.density, e->force);
    for (int c = 0; c < e->result.ncomp; c++) {
        double *f = e->force + c * n;

        field_gather(at->elastic, c, f);
        for (int64_t i = 0; i < n; i++)
            f[i] += e->value[c * n + i];
    }
    return 0;
}

/* pe of the data holds Omega + mu N at fixed filling. */
static void find_energy(struct evaluation *e, const struct place *at,
                        const struct sample *s)
{
    const struct electrons *el = &at->setting->electrons;

    e->result.energy_exact = s->energy;
    if (el->mode == ELECTRONS_FILLING && e->p->mu != POTENTIAL_MU_NONE)
        e->result.energy += e->result.mu * el->filling * (double)at->lat->nsite;
}

int evaluation_sample(struct adele *ctx, struct evaluation *e,
                      const struct sample *s, bool solve,
                      const struct where *where)
{
    struct place *at = find_place(e, s);
    int status;

    e->result =
        (struct evaluated){.n = at->lat->nlocal, .ncomp = e->samples->ncomp};
    status = place_sample(e, at, s);
    if (!status)
        status = find_exact(e, at, s);
    solve = solve && e->p->mu != POTENTIAL_MU_NONE && !s->lead_mu &&
            isfinite(e->result.number_exact);
    if (!status)
        status = solve ? solve_number(e, at, s)
                       : pass(e, at, isfinite(s->mu) ? s->mu : 0);
    if (!status)
        status = find_force(e, at);
    if (status)
        return setting_error(ctx, at->setting, where);
    find_energy(e, at, s);
    return 0;
}

const struct evaluated *evaluation_result(const struct evaluation *e)
{
    return &e->result;
}

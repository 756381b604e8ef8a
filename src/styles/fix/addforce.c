/* fix addforce: a force added to each site of a group.

       fix ID GROUP addforce F1 .. [energy v_name] [every N]

   One force for each component of the model: a number, or a variable with one
   value for all sites or one a site, read at each step.

   f_ID is the energy that belongs to it, -sum_i F_i . q_i, or the sum of the
   per-site variable after `energy`; f_ID[c] the total force on the group
   before it was added. */

#include "base/mem.h"
#include "plug/args.h"
#include "plug/fix.h"
#include "plug/pair.h"
#include "plug/value.h"

struct addforce {
    struct fix fix;
    struct arg_list words;
    struct value value[MODEL_COMPONENT_MAX];
    struct value energy;
    bool energy_given;
    int64_t interval;
    double before[MODEL_COMPONENT_MAX], energy_now;
};

static const struct arg args[] = {
    {ARG_LIST, "F", AT(struct addforce, words), .bounded = true, .min = 1,
     .max = MODEL_COMPONENT_MAX, .unit = "energy/length",
     .doc = "force, a number or v_name for each component"},
    {ARG_VALUE, "energy", AT(struct addforce, energy), .key = true,
     .given = AT(struct addforce, energy_given), .unit = "energy",
     .doc = "energy of each site instead of -F.q: a per-site variable"},
    {ARG_INT, "every", AT(struct addforce, interval), .key = true, .def = "1",
     .positive = true, .doc = "add it at multiples of this step only"},
    {0}};

static const struct arg modify[] = {
    {ARG_BOOL, "energy", AT(struct fix, in_energy), .key = true,
     .doc = "add f_ID to pe; needed by minimize"},
    {0}};

static const struct output outputs[] = {
    {OUT_SCALAR, "", "energy", "energy", true, "energy of the added force"},
    {OUT_VECTOR, "[c]", "force", "energy/length", true,
     "total force on the group before the fix, component c"},
    {0}};

static int parse_force(struct adele *ctx, const struct word *w, struct value *v)
{
    if (value_parse(ctx, w, v))
        return ctx->error.status;
    if (v->is_reference && reference_check(ctx, &v->ref, OUT_SCALAR | OUT_SITE))
        return ctx->error.status;
    return 0;
}

static int init(struct adele *ctx, void *self)
{
    struct addforce *s = self;

    if (need_model(ctx))
        return ctx->error.status;
    if (s->words.n != ctx->model->ncomp)
        return err_deck(ctx, &s->words.word[s->words.n - 1].where,
                        "fix addforce: expected %d force%s, one for each "
                        "component of the model, found %d",
                        ctx->model->ncomp, ctx->model->ncomp > 1 ? "s" : "",
                        s->words.n);
    for (int c = 0; c < s->words.n; c++) {
        if (parse_force(ctx, &s->words.word[c], &s->value[c]))
            return ctx->error.status;
    }
    if (s->energy_given && !s->energy.is_reference)
        return err_deck(ctx, NULL,
                        "fix addforce: energy expects a per-site variable");
    if (s->energy_given && reference_check(ctx, &s->energy.ref, OUT_SITE))
        return ctx->error.status;
    return 0;
}

static void fini(struct adele *ctx, void *self)
{
    struct addforce *s = self;

    (void)ctx;
    for (int c = 0; c < MODEL_COMPONENT_MAX; c++)
        value_free(&s->value[c]);
    outputs_fini(&s->fix.out);
}

/* force += value (or that of each site); the sum of the forces before it goes
   to *before; returns sum of value q over the sites. */
static double push(struct adele *ctx, const struct fix_sites *in, int c,
                   double value, const double *per_site, bool add,
                   double *before)
{
    const struct lattice *lat = ctx->lat;
    const struct state *state = &ctx->state;
    const int64_t n = fix_stretches(lat);
    double *force = field_write(state->force, c, 0), work = 0;
    const double *q = field_read(state->displacement, c, 0);

    *before = 0;
    for (int64_t k = 0; k < n; k++) {
        const struct fix_stretch s = fix_stretch(lat, k);
        double *fs = force + fix_at(state->force, &s);
        const double *qs = q + fix_at(state->displacement, &s);

        for (int i = 0; i < s.n; i++) {
            const int64_t site = s.site + (int64_t)i * lat->shape.nbasis;
            const double f = per_site ? per_site[site] : value;

            if (!fix_acts(in, site))
                continue;
            *before += fs[i];
            work += f * qs[i];
            if (add)
                fs[i] += f;
        }
    }
    return work;
}

static int given_energy(struct adele *ctx, const struct addforce *s,
                        const struct fix_sites *in, double *sum)
{
    const double *site;

    if (reference_site(ctx, &s->energy.ref, &site))
        return ctx->error.status;
    *sum = 0;
    for (int64_t i = 0; i < ctx->lat->nlocal; i++) {
        if (fix_acts(in, i))
            *sum += site[i];
    }
    return 0;
}

static int post_force(struct adele *ctx, struct fix *f)
{
    struct addforce *s = (struct addforce *)f;
    const struct fix_sites in = fix_sites(ctx, f);
    const bool add = ctx->step % s->interval == 0;
    double energy = 0;

    for (int c = 0; c < ctx->model->ncomp; c++) {
        const struct value *v = &s->value[c];
        const double *site = NULL;
        double value = 0;

        if (v->is_reference && !(reference_shapes(ctx, &v->ref) & OUT_SCALAR)) {
            if (reference_site(ctx, &v->ref, &site))
                return ctx->error.status;
        } else if (value_get(ctx, v, &value)) {
            return ctx->error.status;
        }
        energy -= push(ctx, &in, c, value, site, add, &s->before[c]);
    }
    if (s->energy_given && given_energy(ctx, s, &in, &energy))
        return ctx->error.status;
    s->energy_now = add ? energy : 0;
    return 0;
}

static unsigned need(struct adele *ctx, struct fix *f, int64_t step)
{
    struct addforce *s = (struct addforce *)f;
    unsigned mask = s->energy_given ? value_need(ctx, &s->energy) : 0;

    (void)step;
    for (int c = 0; c < ctx->model->ncomp; c++)
        mask |= value_need(ctx, &s->value[c]);
    return mask;
}

static int scalar(struct adele *ctx, struct fix *f)
{
    (void)ctx;
    f->out.scalar = ((struct addforce *)f)->energy_now;
    return 0;
}

static int vector(struct adele *ctx, struct fix *f)
{
    if (outputs_vector(ctx, &f->out, ctx->model->ncomp))
        return ctx->error.status;
    for (int c = 0; c < ctx->model->ncomp; c++)
        f->out.vector[c] = ((struct addforce *)f)->before[c];
    return 0;
}

static int energy_in_pe(struct adele *ctx, struct fix *f, double *energy)
{
    int status = scalar(ctx, f);

    *energy = f->out.scalar;
    return status;
}

const struct fix_style fix_addforce = {
    .style = {STYLE_HEAD(fix, "addforce", struct addforce),
              .summary = "add a force to each site of a group", .args = args,
              .outputs = outputs, .init = init, .fini = fini},
    .post_force = post_force,
    .need = need,
    .energy = energy_in_pe,
    .modify = modify,
    .scalar = scalar,
    .vector = vector,
};

/* What all fixes share: finding them, their outputs and energy, the sites
   that they act on, and warnings about who moves what. */

#include "plug/fix.h"

#include <string.h>

#include "plug/pair.h"

static const struct fix_style *style_of(const struct fix *f)
{
    return (const struct fix_style *)f->head.style;
}

struct fix *fix_find(const struct adele *ctx, const char *id)
{
    for (int k = 0; k < ctx->fixes.n; k++) {
        if (strcmp(ctx->fixes.item[k]->head.id, id) == 0)
            return ctx->fixes.item[k];
    }
    return NULL;
}

int fix_unknown(struct adele *ctx, const struct word *word)
{
    const char *names[64];
    int n = 0;

    for (; n < ctx->fixes.n && n < 64; n++)
        names[n] = ctx->fixes.item[n]->head.id;
    return err_unknown(ctx, &word->where, "fix", word->text, names, (size_t)n);
}

unsigned fix_shapes(const struct fix *f)
{
    const struct fix_style *s = style_of(f);
    unsigned all = (s->scalar ? OUT_SCALAR : 0U) |
                   (s->vector ? OUT_VECTOR : 0U) | (s->array ? OUT_ARRAY : 0U) |
                   (s->site ? OUT_SITE : 0U);

    return f->out.shapes ? all & f->out.shapes : all;
}

int fix_evaluate(struct adele *ctx, struct fix *f, enum shape shape)
{
    const struct fix_style *s = style_of(f);
    const char *what = "value for each site";

    if (fix_shapes(f) & (unsigned)shape) {
        switch (shape) {
        case OUT_SCALAR:
            return s->scalar(ctx, f);
        case OUT_VECTOR:
            return s->vector(ctx, f);
        case OUT_ARRAY:
            return s->array(ctx, f);
        case OUT_SITE:
            return s->site(ctx, f);
        }
    }
    if (shape == OUT_SCALAR)
        what = "number (f_ID)";
    else if (shape == OUT_VECTOR)
        what = "vector (f_ID[i])";
    else if (shape == OUT_ARRAY)
        what = "array (f_ID[i][j])";
    return err_run_at(ctx, &f->head.where, "fix %s (%s) has no %s", f->head.id,
                      f->head.style->name, what);
}

int fix_held(struct adele *ctx, struct fix *f)
{
    (void)ctx;
    (void)f;
    return ADELE_OK;
}

int fix_energy(struct adele *ctx, double *sum)
{
    *sum = 0;
    for (int k = 0; k < ctx->fixes.n; k++) {
        struct fix *f = ctx->fixes.item[k];
        double energy = 0;

        if (!f->in_energy || !style_of(f)->energy)
            continue;
        if (style_of(f)->energy(ctx, f, &energy))
            return ctx->error.status;
        *sum += energy;
    }
    return 0;
}

struct fix_sites fix_sites(const struct adele *ctx, const struct fix *f)
{
    struct fix_sites s = {.mask = ctx->groups.mask};

    if (f->head.group)
        s.member = (uint64_t)1 << f->head.group;
    for (int k = 0; k < ctx->fixes.n && !f->freezes; k++) {
        const struct fix *other = ctx->fixes.item[k];

        if (other->freezes && !other->head.group)
            s.none = true;
        else if (other->freezes)
            s.frozen |= (uint64_t)1 << other->head.group;
    }
    s.every = !s.member && !s.frozen && !s.none;
    return s;
}

static int64_t per_row(const struct lattice *lat)
{
    return (lat->local[0] + FIX_STRETCH - 1) / FIX_STRETCH;
}

int64_t fix_stretches(const struct lattice *lat)
{
    return lat->shape.nbasis * (int64_t)lat->local[2] * lat->local[1] *
           per_row(lat);
}

struct fix_stretch fix_stretch(const struct lattice *lat, int64_t k)
{
    const int64_t per = per_row(lat);
    const int64_t nrow = (int64_t)lat->local[1] * lat->local[2];
    const int nb = lat->shape.nbasis;
    struct fix_stretch s = {.basis = (int)(k / (per * nrow)),
                            .x = (int)(k % per) * FIX_STRETCH,
                            .row = k / per % nrow};
    const int64_t y = s.row % lat->local[1] + lat->lo[1];
    const int64_t z = s.row / lat->local[1] + lat->lo[2];

    s.n = lat->local[0] - s.x < FIX_STRETCH ? lat->local[0] - s.x : FIX_STRETCH;
    s.site = (s.row * lat->local[0] + s.x) * nb + s.basis;
    s.noise =
        ((z * lat->n[1] + y) * lat->n[0] + lat->lo[0] + s.x) * nb + s.basis;
    return s;
}

static bool acts_together(const struct adele *ctx, const struct fix *a,
                          const struct fix *b)
{
    struct fix_sites in_a = fix_sites(ctx, a), in_b = fix_sites(ctx, b);

    for (int64_t i = 0; i < ctx->lat->nlocal; i++) {
        if (fix_acts(&in_a, i) && fix_acts(&in_b, i))
            return true;
    }
    return false;
}

void fix_warn_moved_twice(struct adele *ctx, const struct fix *f)
{
    for (int k = 0; k < ctx->fixes.n && ctx->fixes.item[k] != f; k++) {
        const struct fix *other = ctx->fixes.item[k];

        if (!other->integrates || !acts_together(ctx, f, other))
            continue;
        log_warning(&ctx->log,
                    "fix %s (%s) and fix %s (%s) both move the same sites; "
                    "give them groups without common sites",
                    other->head.id, other->head.style->name, f->head.id,
                    f->head.style->name);
        return;
    }
}

/* Whether the site has a fix that moves it with its velocity. */
static bool moves(const struct adele *ctx, int64_t site)
{
    for (int k = 0; k < ctx->fixes.n; k++) {
        const struct fix *f = ctx->fixes.item[k];

        if (f->integrates && f->inertial &&
            (!f->head.group || groups_has(&ctx->groups, f->head.group, site)))
            return true;
    }
    return false;
}

void fix_warn_not_moved(struct adele *ctx, const struct fix *f)
{
    struct fix_sites in = fix_sites(ctx, f);
    const char *group = ctx->groups.name[f->head.group];

    for (int64_t i = 0; i < ctx->lat->nlocal; i++) {
        if (!fix_acts(&in, i) || moves(ctx, i))
            continue;
        log_warning(&ctx->log,
                    "fix %s (%s) changes velocities of sites that no fix "
                    "moves with them; add, for example, `fix move %s nve`",
                    f->head.id, f->head.style->name, group ? group : "all");
        return;
    }
}

void fix_warn_electrons(struct adele *ctx, const struct fix *f, double temp,
                        bool *warned)
{
    if (*warned || ctx->electrons.mode == ELECTRONS_NONE ||
        !(forces_gives(ctx) & NEED_DENSITY) || temp == ctx->electrons.temp)
        return;
    *warned = true;
    log_warning(&ctx->log,
                "Electrons do not follow the thermostat: fix %s (%s) has "
                "temperature %.10g, the electrons have %.10g",
                f->head.id, f->head.style->name, temp, ctx->electrons.temp);
}

/* fix freeze: holds the sites of a group where they are.

   Their velocities and forces are zero, and no other fix moves them or heats
   them, whatever the order of the fixes.

       fix ID GROUP freeze

   f_ID[c] is the force on the group before it was set to zero, summed for
   each component: what holds it in place, with the opposite sign. */

#include "plug/args.h"
#include "plug/fix.h"
#include "plug/pair.h"

struct freeze {
    struct fix fix;
    double force[MODEL_COMPONENT_MAX];
};

static const struct output outputs[] = {
    {OUT_VECTOR, "[c]", "force", "energy/length", true,
     "total force on the group before the fix, component c"},
    {0}};

static int init(struct adele *ctx, void *self)
{
    ((struct freeze *)self)->fix.freezes = true;
    return need_model(ctx);
}

static void fini(struct adele *ctx, void *self)
{
    (void)ctx;
    outputs_fini(&((struct freeze *)self)->fix.out);
}

/* Zeros the group's entries of one component; returns their sum. */
static double clear(const struct adele *ctx, const struct fix_sites *in,
                    struct field *field, int c)
{
    const struct lattice *lat = ctx->lat;
    const int64_t n = fix_stretches(lat);
    double *a = field_write(field, c, 0), sum = 0;

    for (int64_t k = 0; k < n; k++) {
        const struct fix_stretch s = fix_stretch(lat, k);
        double *as = a + fix_at(field, &s);

        for (int i = 0; i < s.n; i++) {
            if (!fix_acts(in, s.site + (int64_t)i * lat->shape.nbasis))
                continue;
            sum += as[i];
            as[i] = 0;
        }
    }
    return sum;
}

static int post_force(struct adele *ctx, struct fix *f)
{
    const struct fix_sites in = fix_sites(ctx, f);

    for (int c = 0; c < ctx->model->ncomp; c++)
        ((struct freeze *)f)->force[c] = clear(ctx, &in, ctx->state.force, c);
    return 0;
}

/* Velocities that the deck gave before the run. */
static int prepare(struct adele *ctx, struct fix *f)
{
    const struct fix_sites in = fix_sites(ctx, f);

    for (int c = 0; c < ctx->model->ncomp; c++)
        clear(ctx, &in, ctx->state.velocity, c);
    return 0;
}

static int vector(struct adele *ctx, struct fix *f)
{
    if (outputs_vector(ctx, &f->out, ctx->model->ncomp))
        return ctx->error.status;
    for (int c = 0; c < ctx->model->ncomp; c++)
        f->out.vector[c] = ((struct freeze *)f)->force[c];
    return 0;
}

const struct fix_style fix_freeze = {
    .style = {STYLE_HEAD(fix, "freeze", struct freeze),
              .summary = "hold the sites of a group where they are",
              .outputs = outputs, .init = init, .fini = fini},
    .prepare = prepare,
    .post_force = post_force,
    .vector = vector,
};

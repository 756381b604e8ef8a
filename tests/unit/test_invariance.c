/* Whole potentials, descriptor and network, turn with the lattice: every
   descriptor with each of its phases, times every network that keeps the point
   group, times every lattice and target, in double precision, to 1e-12 of the
   largest prediction.

   Operations are all those that the finite lattice keeps.  Where a potential
   refuses a combination it must be one of those listed. */

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "adele.h"
#include "base/mem.h"
#include "plug/potential.h"
#include "potentials.h"
#include "sim.h"

struct setting {
    const char *lattice;
    int ops; /* that it keeps */
};

static const struct setting settings[] = {
    {"lattice chain 9\n", 2},         {"lattice square 6 6\n", 8},
    {"lattice square 6 4\n", 4},      {"boundary f f\nlattice square 5 5\n", 8},
    {"lattice triangular 6 6\n", 12}, {"lattice honeycomb 4 4\n", 12},
    {"lattice cubic 3 3 3\n", 48},
};

/* Coupling to the displacement of the site, and along bonds. */
static const char *const models[] = {
    "model holstein t 1 g 1.5 k 1 kappa 0.18\n",
    "model ssh t 1 alpha 0.3 k 1\n",
};

static const char *const descriptors[] = {
    "field",
    "irreps cutoff 1.8 phase sharp",
    "irreps cutoff 1.8 phase frame",
    "irreps cutoff 1.8 phase smooth",
    "irreps cutoff 1.8 phase frame reference 1.1 pattern uniform",
    "irreps cutoff 1.8 phase smooth reference 1.1 pattern staggered width 0.5",
    "cavity radius 1.1 widths 0.5 2 precision double",
    "cavity iterations 1 radius 0 stiffness yes precision double",
    "moments order 6",
};

static const char *const networks[] = {
    "mlp widths 40 32 activation relu",
    "mlp widths 12 8 activation silu output sigmoid",
    "mlp widths 10 10 activation tanh residual yes",
    "conv channels 8 6 radius 1.8 activation silu residual yes",
    "conv channels 6 activation relu pointwise 40 32 final 8",
    "conv channels 6 6 separable yes activation silu",
    "conv channels 6 odd yes",
    "conv channels 48 radius 1.1 equivariance group activation silu",
    ("conv channels 48 48 radius 1.1 equivariance group separable yes "
     "activation tanh residual yes"),
};

enum {
    SETTINGS = sizeof settings / sizeof *settings,
    DESCRIPTORS = sizeof descriptors / sizeof *descriptors,
    NETWORKS = sizeof networks / sizeof *networks
};

/* Why a combination may not exist. */
static const char *const refusals[] = {
    "target density: the forces of model ssh need densities of bonds",
    "descriptor moments needs electrons whose hopping changes",
    "descriptor cavity needs a model with a scalar displacement",
    "descriptor cavity has no derivatives, which target energy needs",
    "network conv: vectors need equivariance group",
    "network mlp takes invariant features to scalars",
    "no staggered pattern exists on the triangular lattice",
};

static bool may_be_refused(const char *message)
{
    for (size_t k = 0; k < sizeof refusals / sizeof *refusals; k++)
        if (strstr(message, refusals[k]))
            return true;
    return false;
}

struct trial {
    struct adele *sim;
    struct potential *p;
    struct potential_run *run;
    int64_t n;         /* sites */
    int width;         /* numbers a site of what is predicted */
    int vector;        /* they turn */
    double *q, *value; /* [ncomp][n], [width][n] */
    double energy;
};

static double *numbers(int64_t n)
{
    double *a = mem_zalloc((size_t)n, sizeof *a);

    assert_non_null(a);
    return a;
}

/* Predictions for q: value [width][n], and the energy if it is one. */
static void predict(struct trial *t, const double *q, double *value,
                    double *energy)
{
    const struct field *u = t->sim->state.displacement;
    double *out = numbers(t->n * t->width);
    int status;

    for (int c = 0; c < u->ncomp; c++)
        sim_set(t->sim, c, q + c * t->n);
    *energy = 0;
    if (t->p->target == TARGET_ENERGY) {
        status = potential_gradient(t->sim, t->run, u, NULL, 0.2, energy, value,
                                    NULL, NULL);
    } else {
        status =
            potential_predict(t->sim, t->run, u, NULL, 0.2, out, NULL, NULL);
        for (int64_t i = 0; i < t->n; i++)
            for (int c = 0; c < t->width; c++)
                value[c * t->n + i] = out[i * t->width + c];
    }
    if (status)
        fail_msg("%s", adele_error(t->sim));
    mem_free(out);
}

/* to[image of i] = R from[i], components first. */
static void turn(const struct lattice_op *op, const int64_t *image, bool vector,
                 int width, int64_t n, const double *from, double *to)
{
    memset(to, 0, (size_t)(width * n) * sizeof *to);
    for (int c = 0; c < width; c++)
        for (int d = 0; d < width; d++)
            for (int64_t i = 0; i < n; i++)
                to[c * n + image[i]] +=
                    (vector ? op->r[c][d] : c == d) * from[d * n + i];
}

static double largest(int64_t n, const double *a, const double *b)
{
    double most = 0;

    for (int64_t i = 0; i < n; i++)
        most = fmax(most, fabs(a[i] - (b ? b[i] : 0)));
    return most;
}

/* The worst difference of what is predicted for the turned configuration from
   the turned prediction, over the largest prediction. */
static double worst(struct trial *t, int *ops)
{
    const struct lattice *lat = t->sim->lat;
    int ncomp = t->sim->model->ncomp;
    int64_t *image = mem_alloc((size_t)t->n, sizeof *image);
    double *q = numbers(ncomp * t->n), *want = numbers(t->width * t->n);
    double *got = numbers(t->width * t->n), most = 0, energy;
    double size = largest(t->width * t->n, t->value, NULL);

    assert_true(size > 1e-6);
    assert_true(t->p->target != TARGET_ENERGY || fabs(t->energy) > 1e-6);
    *ops = 0;
    for (int g = 0; g < lat->nop; g++) {
        const struct lattice_op *op = &lat->op[g];

        if (!lattice_permutation(lat, op, image))
            continue;
        turn(op, image, t->p->vector, ncomp, t->n, t->q, q);
        turn(op, image, t->vector, t->width, t->n, t->value, want);
        predict(t, q, got, &energy);
        most = fmax(most, largest(t->width * t->n, got, want) / size);
        if (t->p->target == TARGET_ENERGY)
            most = fmax(most, fabs(energy / t->energy - 1));
        (*ops)++;
    }
    mem_free(image);
    mem_free(q);
    mem_free(want);
    mem_free(got);
    return most;
}

/* Weights and scales.  Vectors have no constant part and one scale, as a
   training gives them. */
static void fill(struct potential *p)
{
    bool in = p->descriptor->rank == 1, out = p->vector;

    net_initialise(&p->net, 3, p->param);
    for (int j = 0; j < p->nin; j++) {
        bool turns = in && j < p->descriptor->nfeature;

        p->in_shift[j] = turns ? 0 : 0.1 * sim_random(50, j);
        p->in_scale[j] = turns ? 1.1 : 1 + 0.3 * sim_random(51, j);
    }
    for (int j = 0; j < p->nout; j++) {
        p->out_shift[j] = out && p->target == TARGET_FORCE ? 0 : 0.4;
        p->out_scale[j] = 0.2;
    }
}

/* False: refused. */
static bool try(struct adele *sim, const char *descriptor, const char *network,
                enum potential_target target, double *most, int *ops)
{
    static const struct potential_geometry anywhere = {0};
    struct words d = words_of(descriptor), n = words_of(network);
    bool input = sim->model->use_bonds && strcmp(descriptor, "field") != 0;
    enum potential_mu mu = target == TARGET_FORCE   ? POTENTIAL_MU_NONE
                           : input                  ? POTENTIAL_MU_INPUT
                           : !sim->model->use_bonds ? POTENTIAL_MU_SHIFT
                                                    : POTENTIAL_MU_NONE;
    struct trial t = {.sim = sim, .n = sim->lat->nsite};

    t.p = potential_new(sim, &d, &n, target, mu, &anywhere);
    words_free(&d);
    words_free(&n);
    if (!t.p) {
        if (!may_be_refused(adele_error(sim)))
            fail_msg("%s", adele_error(sim));
        error_clear(sim);
        return false;
    }
    fill(t.p);
    t.run = potential_run_new(sim, t.p, sim->lat, PRECISION_DOUBLE,
                              target == TARGET_ENERGY);
    assert_non_null(t.run);
    t.width = target == TARGET_ENERGY ? sim->model->ncomp : t.p->nout;
    t.vector = t.p->vector && target != TARGET_DENSITY;
    t.q = numbers(sim->model->ncomp * t.n);
    t.value = numbers(t.width * t.n);
    for (int64_t i = 0; i < sim->model->ncomp * t.n; i++)
        t.q[i] = sim_random(4, i);
    predict(&t, t.q, t.value, &t.energy);
    *most = worst(&t, ops);
    potential_run_free(t.run);
    potential_free(sim, t.p);
    mem_free(t.q);
    mem_free(t.value);
    return true;
}

/* All networks and targets with one descriptor on one lattice. */
static void with_descriptor(const struct setting *s, const char *model,
                            const char *descriptor, bool *served, int *tried)
{
    struct adele *sim =
        sim_new("%s%selectrons mu 0.2 temp 0.4", s->lattice, model);
    double most;
    int ops;

    for (int n = 0; n < NETWORKS; n++) {
        for (int target = 0; target < 3; target++) {
            if (!try(sim, descriptor, networks[n],
                     (enum potential_target)target, &most, &ops))
                continue;
            if (!(most <= 1e-12))
                fail_msg("%s%s, %s, target %s: %.2g", s->lattice, descriptor,
                         networks[n], potential_target_name[target], most);
            assert_int_equal(ops, s->ops);
            served[n] = true;
            (*tried)++;
        }
    }
    sim_free(sim);
}

static void every_lattice(const char *model, int lattices, int least)
{
    bool served[NETWORKS] = {false};

    for (int d = 0; d < DESCRIPTORS; d++) {
        int tried = 0;

        for (int s = 0; s < lattices; s++)
            with_descriptor(&settings[s], model, descriptors[d], served,
                            &tried);
        print_message("%s: %d potentials\n", descriptors[d], tried);
        assert_true(tried >= least || strstr(descriptors[d], "moments") ||
                    strstr(descriptors[d], "cavity"));
    }
    for (int n = 0; n < NETWORKS; n++)
        assert_true(served[n]);
}

static void scalar_displacements(void **state)
{
    (void)state;
    every_lattice(models[0], SETTINGS, 100);
}

/* Model ssh knows chains and squares. */
static void displacements_in_space(void **state)
{
    (void)state;
    every_lattice(models[1], 4, 16);
}

/* A network without the group fails what the others pass. */
static void without_the_group(void **state)
{
    (void)state;
    struct adele *sim = sim_new("%s%selectrons mu 0.2 temp 0.4",
                                settings[1].lattice, models[0]);
    double most;
    int ops;

    assert_true(try(sim, "field", "conv channels 6 equivariance none",
                    TARGET_DENSITY, &most, &ops));
    assert_int_equal(ops, 8);
    assert_true(most > 1e-3);
    sim_free(sim);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scalar_displacements),
        cmocka_unit_test(displacements_in_space),
        cmocka_unit_test(without_the_group),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

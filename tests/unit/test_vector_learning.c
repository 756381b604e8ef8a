/* Learned forces of vector displacements (model ssh): exact symmetry, energies
   whose gradient is the force, the linear part of an energy, what such
   potentials do not give. */

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
#include "close.h"
#include "plug/pair.h"
#include "folder.h"
#include "potentials.h"
#include "sim.h"
#include "training.h"

#define MODEL "model ssh t 2.5 t2 0.5 alpha 4 k 30 kappa 4\n"
#define ELECTRONS "electrons filling 0.5 temp 0.05\n"
#define GROUP "conv channels 16 8 radius 1.5 equivariance group activation tanh"

enum { SIDE = 6, N = SIDE * SIDE };

struct kind {
    const char *descriptor, *network;
    enum potential_target target;
};

static const struct kind kinds[] = {
    {"field", GROUP, TARGET_FORCE},
    {"field", GROUP " final 8 residual yes", TARGET_ENERGY},
    {"moments order 6", "conv channels 6 5 radius 1.5", TARGET_ENERGY},
    {"moments order 4 centre -1.3 width 9", "mlp widths 7 activation tanh",
     TARGET_ENERGY},
    {"irreps cutoff 2.3 phase smooth width 0.1",
     "mlp widths 9 7 activation silu", TARGET_ENERGY},
};
enum { NKIND = sizeof kinds / sizeof *kinds };

/* Random weights, scales and a linear part; what turns keeps its direction. */
static struct potential *potential_of(struct adele *sim, const struct kind *k)
{
    struct potential *p = potential_random(sim, k->descriptor, k->network,
                                           k->target, POTENTIAL_MU_NONE, 5);
    bool scalar = p->descriptor->rank == 0;
    for (int j = 0; j < p->nin; j++) {
        p->in_scale[j] = scalar ? 0.4 + 0.1 * (j % 3) : 0.3;
        p->in_shift[j] = scalar ? 0.1 * (j % 4) : 0;
        if (k->target == TARGET_ENERGY && scalar)
            p->linear[j] = 0.3 * sim_random(8, j);
    }
    for (int j = 0; j < p->nout; j++) {
        p->out_scale[j] = 0.7;
        p->out_shift[j] = k->target == TARGET_FORCE ? 0 : 0.2;
    }
    p->precision = PRECISION_DOUBLE;
    return p;
}

static char *path_of(int k)
{
    char name[32];
    snprintf(name, sizeof name, "kind%d.yaml", k);
    return folder_path(name);
}

static struct adele *open_kind(int k)
{
    struct adele *sim =
        sim_new("lattice square %d %d\n" MODEL ELECTRONS, SIDE, SIDE);
    struct potential *p = potential_of(sim, &kinds[k]);
    if (potential_save(sim, p, path_of(k)))
        fail_msg("%s", adele_error(sim));
    potential_free(sim, p);
    sim_run(sim, "pair_style ml %s precision double", path_of(k));
    return sim;
}

static void set_displacement(struct adele *sim, const double *u)
{
    for (int c = 0; c < 2; c++)
        sim_set(sim, c, u + c * N);
}

static void random_displacement(double *u, double size)
{
    for (int i = 0; i < 2 * N; i++)
        u[i] = size * sim_random(4, i);
}

/* Forces [2][N]; the energy where there is one. */
static double forces(struct adele *sim, double *f)
{
    unsigned need = NEED_FORCE | (sim->pair->gives & NEED_ENERGY);
    if (forces_require(sim, need))
        fail_msg("%s", adele_error(sim));
    for (int c = 0; c < 2; c++)
        field_gather(sim->forces->force, c, f + c * N);
    return need & NEED_ENERGY ? pair_energy(sim->forces) : 0;
}

static void turn(const struct lattice_op *op, const int64_t *image,
                 const double *from, double *to)
{
    for (int i = 0; i < N; i++)
        for (int c = 0; c < 2; c++)
            to[c * N + image[i]] =
                op->r[c][0] * from[i] + op->r[c][1] * from[N + i];
}

/* A rotation of the lattice turns displacements and forces alike. */
static void forces_turn_with_the_lattice(void **state)
{
    double u[2 * N], v[2 * N], f[2 * N], g[2 * N], want[2 * N];
    int64_t image[N];
    (void)state;
    random_displacement(u, 0.3);
    for (int k = 0; k < NKIND; k++) {
        struct adele *sim = open_kind(k);
        set_displacement(sim, u);
        double energy = forces(sim, f), size = 0;
        for (int i = 0; i < 2 * N; i++)
            size = fmax(size, fabs(f[i]));
        assert_true(size > 0.1);
        assert_int_equal(sim->lat->nop, 8);
        for (int o = 0; o < sim->lat->nop; o++) {
            const struct lattice_op *op = &sim->lat->op[o];
            assert_true(lattice_permutation(sim->lat, op, image));
            turn(op, image, u, v);
            turn(op, image, f, want);
            set_displacement(sim, v);
            assert_close(forces(sim, g), energy, 1e-12 * N * size);
            for (int i = 0; i < 2 * N; i++)
                assert_close(g[i], want[i], 1e-12 * size);
        }
        sim_free(sim);
    }
}

/* Central differences of step h: h^2 E'''/6 and eps E/h, both below 1e-7. */
static void forces_are_gradients(void **state)
{
    const double h = 1e-5;
    double u[2 * N], f[2 * N], other[2 * N];
    (void)state;
    for (int k = 0; k < NKIND; k++) {
        struct adele *sim = open_kind(k);
        if (kinds[k].target != TARGET_ENERGY) {
            assert_false(sim->pair->gradient);
            assert_int_equal(sim->pair->gives & NEED_ENERGY, 0);
            sim_free(sim);
            continue;
        }
        assert_true(sim->pair->gradient);
        random_displacement(u, 0.3);
        set_displacement(sim, u);
        forces(sim, f);
        for (int i = 0; i < 2 * N; i += 5) {
            double keep = u[i], up, down;
            u[i] = keep + h;
            set_displacement(sim, u);
            up = forces(sim, other);
            u[i] = keep - h;
            set_displacement(sim, u);
            down = forces(sim, other);
            u[i] = keep;
            assert_close(f[i], (down - up) / (2 * h), 1e-6);
        }
        sim_free(sim);
    }
}

/* Moments know bonds only: moving all sites alike changes no electronic force,
   and these add up to nothing. */
static void moments_see_bonds_only(void **state)
{
    double u[2 * N], f[2 * N], g[2 * N], e[2 * N];
    (void)state;
    struct adele *sim = open_kind(2);
    random_displacement(u, 0.3);
    for (int move = 0; move < 2; move++) {
        set_displacement(sim, u);
        forces(sim, f);
        sim_run(sim, "pair_style elastic");
        forces(sim, e);
        sim_run(sim, "pair_style ml %s precision double", path_of(2));
        for (int c = 0; c < 2; c++) {
            double sum = 0;
            for (int i = c * N; i < (c + 1) * N; i++) {
                f[i] -= e[i];
                sum += f[i];
                if (move)
                    assert_close(f[i], g[i], 1e-12);
                g[i] = f[i];
                u[i] += 0.21 * (1 + c);
            }
            assert_close(sum, 0, 1e-11);
        }
    }
    sim_free(sim);
}

/* The error of the energy falls like dt^2. */
static void energies_are_kept(void **state)
{
    double drift[2];
    (void)state;
    for (int k = 0; k < 2; k++) {
        struct adele *sim = open_kind(2);
        double first, now, worst = 0;
        sim_run(sim,
                "displace all gaussian 0.1 3\nvelocity all create 0.1 4\n"
                "fix move all nve\ntimestep %g\nthermo 1000000",
                0.04 / (1 + k));
        assert_int_equal(adele_evaluate(sim, "etotal", &first), 0);
        for (int step = 0; step < 40 * (1 + k); step++) {
            sim_run(sim, "run 1 post no");
            assert_int_equal(adele_evaluate(sim, "etotal", &now), 0);
            worst = fmax(worst, fabs(now - first));
        }
        drift[k] = worst;
        sim_free(sim);
    }
    assert_true(drift[0] > 1e-4);
    assert_close(drift[0] / drift[1], 4, 0.6);
}

/* Without densities there is no chemical potential to show; whoever needs one
   is refused. */
static void what_is_not_there(void **state)
{
    (void)state;
    for (int k = 0; k < NKIND; k++) {
        struct adele *sim = open_kind(k);
        double value;
        assert_int_equal(
            sim->pair->gives & (NEED_DENSITY | NEED_BOND | NEED_MU), 0);
        assert_true(adele_evaluate(sim, "mu", &value) || isnan(value));
        error_clear(sim);
        sim_run(sim,
                "compute n all density\nthermo_style custom step mu c_n[1]\n"
                "run 0");
        assert_false(sim_try(sim, "variable a equal c_n[1]\nprint $(v_a)"));
        sim_free(sim);
    }
}

/* Hot electrons: with a = w/2T, w the width, h = H/w, mu = 0,

       Omega = const - T Tr [a^2 h^2/2 - a^4 h^4/12 + a^6 h^6/45 - ..],

   which is linear in the moments; the next term is 17 a^8 h^8/2520. */
#define LINEAR                                                                 \
    "data: ['%s/hot.h5']\ntarget: energy\nlinear: yes\nepochs: 1\n"            \
    "precision: double\nthreads: 1\noutput: '%s/out.yaml'\n"                   \
    "descriptor: {style: moments, order: 6, width: 13}\n"                      \
    "network: {style: mlp, widths: [2], activation: tanh}\n"

static void expect_series(const struct potential *p, double temp)
{
    double a = 13 / (2 * temp), a2 = a * a, a4 = a2 * a2, a6 = a4 * a2;
    const double want[] = {-temp * (a2 / 4 - a4 / 24 + a6 / 96), 0,
                           -temp * (a6 / 240 - a4 / 96), 0, -temp * a6 / 1440};
    assert_int_equal(p->nin, 5);
    for (int j = 0; j < p->nin; j++)
        assert_close(p->linear[j] / p->in_scale[j], want[j], 2e-6);
}

/* Least squares find the function that made the forces; saved and read again it
   is the same. */
static void linear_part_is_found(void **state)
{
    (void)state;
    sim_free(sim_new("lattice square 8 8\n" MODEL "electrons mu 0 temp 30\n"
                     "displace all gaussian 0.1 7\npair_style ed\n"
                     "fix move all nve\ntimestep 0.1\n"
                     "dump d all dataset 4 %s ux uy fx fy\nrun 20\nundump d",
                     folder_path("hot.h5")));
    training_config("train.yaml", LINEAR);
    struct adele *sim = training_simulation();
    struct trainer *t = training_new(sim, "train.yaml");
    struct potential *p = t->p;
    expect_series(p, 30);
    assert_close(t->residual, 0, 1e-5);
    if (potential_save(sim, p, folder_path("saved.yaml")))
        fail_msg("%s", adele_error(sim));
    struct potential *q =
        potential_load(t->place[0].setting, folder_path("saved.yaml"), NULL);
    assert_non_null(q);
    assert_memory_equal(q->linear, p->linear, 5 * sizeof *q->linear);
    potential_free(t->place[0].setting, q);
    trainer_free(sim, t);
    sim_free(sim);
    training_refused("data: ['%s/hot.h5']\ntarget: force\nlinear: yes\n"
                     "epochs: 1\noutput: '%s/out.yaml'\n"
                     "descriptor: {style: field}\n"
                     "network: {style: conv, channels: [8], equivariance: "
                     "group}\n",
                     "ERROR: refused.yaml:3:9: train: linear goes with target: "
                     "energy");
}

/* What cannot be is refused in words. */
static void moments_are_refused(void **state)
{
    static const struct {
        const char *model, *text, *say;
    } bad[] = {
        {"model ssh alpha 1", "moments order 7",
         "descriptor moments: order must be even, not 7"},
        {"model ssh alpha 1", "moments order 18", "2 to 16"},
        {"model ssh t 0 alpha 1", "moments", "give a width"},
        {"model holstein g 1", "moments",
         "descriptor moments needs electrons whose hopping changes with the "
         "length of bonds (model ssh); model holstein has none"},
    };
    (void)state;
    for (size_t k = 0; k < sizeof bad / sizeof *bad; k++) {
        struct adele *sim = sim_new("lattice square 4 4\n%s\nelectrons mu 0 "
                                    "temp 1\n",
                                    bad[k].model);
        struct words d = words_of(bad[k].text), n = words_of("mlp");
        const struct potential_geometry g = {.position = NULL};
        assert_null(
            potential_new(sim, &d, &n, TARGET_ENERGY, POTENTIAL_MU_NONE, &g));
        if (!strstr(adele_error(sim), bad[k].say))
            fail_msg("%s", adele_error(sim));
        error_clear(sim);
        words_free(&d);
        words_free(&n);
        sim_free(sim);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(forces_turn_with_the_lattice),
        cmocka_unit_test(forces_are_gradients),
        cmocka_unit_test(moments_see_bonds_only),
        cmocka_unit_test(energies_are_kept),
        cmocka_unit_test(what_is_not_there),
        cmocka_unit_test(linear_part_is_found),
        cmocka_unit_test(moments_are_refused),
    };
    return cmocka_run_group_tests_name("vector_learning", tests, folder_make,
                                       folder_drop);
}

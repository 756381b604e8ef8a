/* pair_style pole against exact diagonalisation: densities, bond densities,
   forces, free energies and the chemical potential, on every lattice and mix
   of boundaries, for several fillings, temperatures, tolerances and kinds of
   configurations; the reference files; the same bits with 1 and 2 threads and
   across a restart; and what it refuses.

   Tolerances: densities, bond densities and forces to tol, the free energy to
   N tol X T (tests/unit/test_pole_filling.c has more cases at fixed filling).
 */

#include <math.h>
#include <omp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "adele.h"
#include "bond_model.h"
#include "plug/pair.h"
#include "process.h"
#include "sim.h"
#include "yaml_node.h"

static const unsigned everything = NEED_FORCE | NEED_ENERGY | NEED_DENSITY |
                                   NEED_BOND | NEED_MU | NEED_ENTROPY;

/* A copy of what a force style gives. */
struct answer {
    double *n, *rho, *force;
    int64_t nsite, nbond;
    double energy, mu, number, entropy;
};

static double *copy_of(const double *from, int64_t n)
{
    double *to = calloc((size_t)n + 1, sizeof *to);

    assert_non_null(to);
    for (int64_t i = 0; i < n; i++)
        to[i] = from[i];
    return to;
}

static struct answer ask(struct adele *sim, const char *style)
{
    struct answer a = {0};
    const struct pair_result *r;
    int ncomp = sim->model->ncomp;

    sim_run(sim, "pair_style %s", style);
    if (forces_require(sim, everything))
        fail_msg("%s", adele_error(sim));
    r = sim->forces;
    a.nsite = sim->lat->nsite;
    a.nbond = r->nbond;
    a.n = copy_of(r->n, a.nsite);
    a.rho = copy_of(r->rho, a.nbond);
    a.force = calloc((size_t)(a.nsite * ncomp), sizeof(double));
    assert_non_null(a.force);
    for (int c = 0; c < ncomp; c++)
        field_gather(r->force, c, a.force + c * a.nsite);
    a.energy = pair_energy(r);
    a.mu = r->mu;
    a.number = r->number;
    a.entropy = r->entropy;
    return a;
}

static void forget(struct answer *a)
{
    free(a->n);
    free(a->rho);
    free(a->force);
}

static double distance(const double *a, const double *b, int64_t n)
{
    double worst = 0;

    for (int64_t i = 0; i < n; i++)
        worst = fmax(worst, isfinite(a[i]) ? fabs(a[i] - b[i]) : INFINITY);
    return worst;
}

struct limits {
    double tol, temp;
    bool flat; /* mu in a flat gap: only the Helmholtz energy is unique */
};

static double spread(struct adele *sim, double temp, double mu)
{
    struct terms t = {0};
    double lo, hi;

    assert_int_equal(pair_terms(sim, &t), 0);
    terms_bounds(&t, &lo, &hi);
    terms_fini(&t);
    return 1.2 * fmax(hi - mu, mu - lo) / temp;
}

/* `what` begins a message. */
static void compare(struct adele *sim, const struct limits *l, const char *what)
{
    char style[32];
    struct answer ed = ask(sim, "ed"), pole;
    /* 1e-12: rounding of both on a few hundred sites. */
    double entry = l->tol + 1e-12, n, rho, force, energy, allowed;

    snprintf(style, sizeof style, "pole tol %g", l->tol);
    pole = ask(sim, style);
    n = distance(pole.n, ed.n, ed.nsite);
    rho = distance(pole.rho, ed.rho, ed.nbond);
    force = distance(pole.force, ed.force, ed.nsite * sim->model->ncomp);
    energy = fabs(pole.energy - ed.energy) / (double)ed.nsite;
    allowed = l->tol * l->temp * spread(sim, l->temp, pole.mu) + 1e-11;
    if (!(n <= entry && rho <= entry && force <= entry + 1e-11 &&
          energy <= allowed))
        fail_msg("%s tol %g: n off by %.3g, bonds %.3g, forces %.3g, energy a "
                 "site %.3g (allowed %.3g)",
                 what, l->tol, n, rho, force, energy, allowed);
    /* dN/dmu mu error = N error. */
    if (!l->flat && sim->electrons.mode == ELECTRONS_FILLING) {
        double weight = 0;

        for (int64_t i = 0; i < ed.nsite; i++)
            weight += ed.n[i] * (1 - ed.n[i]);
        if (!(fabs(pole.mu - ed.mu) <=
              1e-9 + 100 * l->tol * l->temp * (double)ed.nsite / weight))
            fail_msg("%s tol %g: mu %.12g instead of %.12g", what, l->tol,
                     pole.mu, ed.mu);
    }
    assert_true(fabs(pole.number - ed.number) <=
                2 * l->tol * (double)ed.nsite + 1e-9);
    assert_true(fabs(pole.entropy - ed.entropy) / (double)ed.nsite <=
                4 * l->tol * spread(sim, l->temp, pole.mu) + 1e-9);
    forget(&ed);
    forget(&pole);
}

static void every_lattice(void **state)
{
    (void)state;
    static const char *const filling[] = {"filling 0.5", "filling 0.31",
                                          "mu 0.7"};
    static const double temp[] = {0.02, 0.1, 0.5, 2};
    int k;

    for (k = 0;; k++) {
        struct limits l = {.tol = 1e-8, .temp = temp[k % 4]};
        struct text deck = {0};
        struct adele *sim;

        if (!sim_lattice(k, &deck))
            break;
        sim = sim_new("%smodel holstein t 1 g 1.5 kappa 0.05\n"
                      "electrons %s temp %g\n",
                      deck.s, filling[k % 3], l.temp);
        l.flat = l.temp < 0.2;
        sim_randomise(sim, 1 + k % 5, (uint32_t)k);
        compare(sim, &l, deck.s);
        sim_free(sim);
        text_free(&deck);
    }
    assert_true(k > 50);
}

/* Bonds that depend on the displacement: their densities enter the forces. */
static int compare_bond_model(const char *model, int step)
{
    int count = 0;

    for (int k = 0;; k += step) {
        struct limits l = {.tol = 1e-9, .temp = 0.1, .flat = true};
        struct text deck = {0};
        struct adele *sim;

        if (!sim_lattice(k, &deck))
            break;
        sim = sim_new("%s", deck.s);
        test_bond_register(sim);
        if (sim_try(sim, "model %s", model)) {
            sim_run(sim, "electrons filling 0.4 temp 0.1");
            sim_randomise(sim, 0.3, (uint32_t)k);
            compare(sim, &l, deck.s);
            count++;
        }
        sim_free(sim);
        text_free(&deck);
    }
    return count;
}

static void bond_forces(void **state)
{
    (void)state;
    assert_true(compare_bond_model("test/bond", 3) > 20);
    /* chain and square only: 8 + 16 boundaries and sizes */
    assert_int_equal(compare_bond_model("ssh alpha 2 t2 0.3", 1), 24);
}

enum pattern { RANDOM, ORDERED, WALLS, LOCAL, SHAPES };
static const char *const shape_name[] = {"random", "ordered", "domain walls",
                                         "localised"};

static double displacement(enum pattern shape, double size, int x, int y)
{
    double sign = (x + y) % 2 ? -1 : 1;

    switch (shape) {
    case RANDOM:
        return size * sim_random(91, 100 * x + y);
    case ORDERED:
        return size * sign;
    case WALLS:
        return size * sign * tanh(0.7 * (x - 4.5));
    default:
        return x == 3 && y == 4 ? size : 0.01 * sign;
    }
}

static void every_shape(void **state)
{
    (void)state;
    static const double size[] = {0.5, 3, 20}, temp[] = {0.02, 0.1, 2};
    static const double tol[] = {1e-6, 1e-8, 1e-10};
    static const char *const filling[] = {"filling 0.5", "filling 0.4",
                                          "filling 0.02", "mu -1"};
    double q[108];
    char what[128];

    for (int k = 0; k < 36 * SHAPES; k++) {
        enum pattern shape = (enum pattern)(k % SHAPES);
        int j = k / SHAPES;
        struct limits l = {.tol = tol[j / 3 % 3],
                           .temp = temp[(j + j / 9) % 3]};
        struct adele *sim;

        l.flat = l.temp < 0.2;
        snprintf(what, sizeof what, "%s, |q| %g, %s, temp %g",
                 shape_name[shape], size[j % 3], filling[j / 9], l.temp);
        sim = sim_new("lattice square 12 9\nmodel holstein t 1 g 2\n"
                      "electrons %s temp %g\n",
                      filling[j / 9], l.temp);
        for (int y = 0; y < 9; y++)
            for (int x = 0; x < 12; x++)
                q[12 * y + x] = displacement(shape, size[j % 3], x, y);
        sim_set(sim, 0, q);
        compare(sim, &l, what);
        sim_free(sim);
    }
}

/* Kept cases of an independent dense solver, to 1e-9 of the largest entry. */

static void relative(const char *what, const double *found, struct node list,
                     int64_t n)
{
    double largest = 0, error = 0;

    for (int64_t i = 0; i < n; i++) {
        double wanted =
            node_number(n == 1 ? list : node_item(list, (int)i), NAN);

        largest = fmax(largest, fabs(wanted));
        error =
            fmax(error, isfinite(wanted) ? fabs(found[i] - wanted) : INFINITY);
    }
    if (!(error <= 1e-9 * largest))
        fail_msg("%s: relative error %.3g", what, error / largest);
}

static void check_file(const char *path)
{
    struct yaml_file file = {0};
    char why[256];
    struct node root, p, size;
    double filling, electronic;
    struct answer a;
    struct adele *sim;
    double *q;

    if (yaml_file_read(path, &file, why))
        fail_msg("%s: %s", path, why);
    root = yaml_root(&file, 0);
    p = node_get(root, "parameters");
    size = node_get(root, "lattice");
    filling = node_number(node_get(p, "filling"), NAN);
    sim = sim_new(
        "lattice square %ld %ld\n"
        "model holstein t %.17g g %.17g k %.17g kappa %.17g\n"
        "electrons %s %.17g temp %.17g\n",
        node_integer(node_item(size, 0), 0),
        node_integer(node_item(size, 1), 0), node_number(node_get(p, "t"), NAN),
        node_number(node_get(p, "g"), NAN), node_number(node_get(p, "k"), NAN),
        node_number(node_get(p, "kappa"), NAN),
        isfinite(filling) ? "filling" : "mu",
        isfinite(filling) ? filling : node_number(node_get(p, "mu"), NAN),
        node_number(node_get(p, "T"), NAN));
    q = calloc((size_t)sim->lat->nsite, sizeof *q);
    assert_non_null(q);
    for (int64_t i = 0; i < sim->lat->nsite; i++)
        q[i] = node_number(node_item(node_get(root, "q"), (int)i), NAN);
    sim_set(sim, 0, q);
    free(q);
    a = ask(sim, "pole tol 1e-11");
    relative("n", a.n, node_get(root, "n"), a.nsite);
    relative("force", a.force, node_get(root, "force"), a.nsite);
    assert_true(fabs(a.mu - node_number(node_get(root, "mu"), NAN)) <= 1e-9);
    electronic = sim->forces->electronic;
    relative(
        "free energy", &electronic,
        node_get(root, isfinite(filling) ? "helmholtz" : "grand_potential"), 1);
    forget(&a);
    sim_free(sim);
    yaml_file_free(&file);
}

static void reference_files(void **state)
{
    (void)state;
    check_file("tests/reference/holstein_8x8_mu0.yaml");
    check_file("tests/reference/holstein_10x6_f04.yaml");
    check_file("tests/reference/holstein_8x8_f03_hot.yaml");
}

/* Large enough for tasks within fronts; many steps so that a single bit would
   grow. */
static const char quench[] =
    "lattice square 32 31\nmodel holstein t 1 g 2 kappa 0.18\n"
    "electrons filling 0.4 temp 0.1\ndisplace all gaussian 1.0 4711\n"
    "timestep 0.05\npair_style pole\nfix move all nve\nthermo 5\n";

static double *displacements(struct adele *sim)
{
    double *q = calloc((size_t)sim->lat->nsite, sizeof *q);

    assert_non_null(q);
    field_gather(sim->state.displacement, 0, q);
    return q;
}

static double *quenched(int threads)
{
    struct adele *sim;
    double *q;

    omp_set_num_threads(threads);
    sim = sim_new("%srun 12\n", quench);
    q = displacements(sim);

    sim_free(sim);
    return q;
}

static void threads_and_restarts_keep_the_bits(void **state)
{
    (void)state;
    size_t bytes = 32 * 31 * sizeof(double);
    double *one = quenched(1), *two = quenched(2), *rest, *start;
    char *place = folder_new(), path[512];
    struct adele *sim;

    snprintf(path, sizeof path, "%s/restart", place);
    assert_memory_equal(one, two, bytes);
    sim = sim_new("%srun 7\n", quench);
    start = displacements(sim);
    sim_run(sim, "write_restart %s", path);
    sim_free(sim);
    sim = sim_new("read_restart %s\n", path);
    sim_run(sim, "pair_style pole");
    sim_run(sim, "fix move all nve");
    sim_run(sim, "run 5");
    rest = displacements(sim);
    sim_free(sim);
    assert_memory_equal(one, rest, bytes);
    assert_true(memcmp(one, start, bytes) != 0);
    folder_remove(place);
    free(one);
    free(two);
    free(rest);
    free(start);
}

/* Energies asked for at every step, or never: the same trajectory. */
static void energies_change_nothing(void **state)
{
    (void)state;
    static const char setup[] =
        "lattice square 8 9\nmodel holstein t 1 g 2 kappa 0.18\n"
        "electrons filling 0.4 temp 0.1\ndisplace all gaussian 1.0 4711\n"
        "timestep 0.05\npair_style pole tol 1e-4\nfix move all nve\n";
    struct adele *a = sim_new("%sthermo 1\nrun 9\n", setup);
    struct adele *b = sim_new("%sthermo 9\nrun 9\n", setup);
    double *p = displacements(a), *q = displacements(b);

    assert_memory_equal(p, q, 72 * sizeof *p);
    free(p);
    free(q);
    sim_free(a);
    sim_free(b);
}

/* Small quenches open gaps of many T in which mu is anywhere: the number is met
   as well as the poles can tell, and the search ends. */
static void test_gap_of_a_quench(void **state)
{
    (void)state;
    for (int seed = 1; seed <= 3; seed++) {
        struct adele *sim =
            sim_new("lattice square 4 4\n"
                    "model holstein t 1 g 3.5 k 1 kappa 0.18 mass 1\n"
                    "electrons filling 0.5 temp 0.1\n"
                    "displace all uniform -1 1 %d\npair_style pole tol 1e-8\n"
                    "fix move all nve\nfix bath all langevin 0.1 0.1 11.1 %d\n"
                    "timestep 0.022\nthermo 1000\nrun 400 post no",
                    seed, seed);

        assert_int_equal(forces_require(sim, NEED_DENSITY), 0);
        double number = 0;
        for (int i = 0; i < 16; i++)
            number += sim->forces->n[i];
        assert_true(fabs(number - 8) < 16 * 2e-8);
        sim_free(sim);
    }
}

static void read_passes(void *user, const char *text)
{
    const char *at = strstr(text, "pair_style pole: ");

    if (at && strstr(at, "passes a solution"))
        *(double *)user = strtod(at + strlen("pair_style pole: "), NULL);
}

/* A band whose mu is a thousand temperatures from where sites on their own have
   it is found in steps of higher temperatures. */
static void cold_searches_are_short(void **state)
{
    static const char *filling[] = {"0.5", "0.3", "0.9"};
    (void)state;
    for (int k = 0; k < 3; k++) {
        double passes = NAN, exact, mu;
        struct adele *sim = adele_new(read_passes, &passes);

        assert_non_null(sim);
        sim_run(sim,
                "lattice square 12 12\n"
                "model ssh t 2.5 t2 0.5 alpha 4 k 30 kappa 4\n"
                "electrons filling %s temp 1e-3\n"
                "displace all gaussian 0.02 4711\n"
                "thermo_style custom step mu\n"
                "pair_style pole tol 1e-6\nrun 0",
                filling[k]);
        if (adele_evaluate(sim, "mu", &mu))
            fail_msg("%s", adele_error(sim));
        sim_run(sim, "pair_style ed\nrun 0");
        if (adele_evaluate(sim, "mu", &exact))
            fail_msg("%s", adele_error(sim));
        if (!(passes <= 14) || !(fabs(mu - exact) < 0.02))
            fail_msg("filling %s: %g passes, mu %g, by ed %g", filling[k],
                     passes, mu, exact);
        sim_free(sim);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_gap_of_a_quench),
        cmocka_unit_test(every_lattice),
        cmocka_unit_test(bond_forces),
        cmocka_unit_test(every_shape),
        cmocka_unit_test(reference_files),
        cmocka_unit_test(threads_and_restarts_keep_the_bits),
        cmocka_unit_test(energies_change_nothing),
        cmocka_unit_test(cold_searches_are_short)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

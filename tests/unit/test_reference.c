/* Densities, bond densities, forces, chemical potential and free energies of
   each model against the kept cases of an independent dense solver
   (tests/reference).

   Tolerance of `ed` 1e-11 of the largest entry: both solvers have errors of
   some N rounding units of the spectral radius, below 1e-13, and the files hold
   15 digits.  At T = 1e-3 those are 1e-10 of a temperature, which is what an
   occupation near mu sees: 1e-10 there. */

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "plug/pair.h"
#include "sim.h"
#include "yaml_node.h"

struct kind {
    const char *model, *parameter[6], *displacement[3], *force[3], *bond[3];
};

static const struct kind kinds[] = {
    {"holstein", {"t", "g", "k", "kappa"}, {"q"}, {"force"}, {0}},
    {"ssh",
     {"t", "t2", "alpha", "k", "kappa"},
     {"ux", "uy"},
     {"force_x", "force_y"},
     {"bond_x", "bond_y"}}};

struct reference {
    struct yaml_file file;
    struct node root, parameters;
    const struct kind *kind;
    int n;
    double tolerance;
    bool flat; /* mu lies in a flat gap and is not unique, nor is Omega */
};

static void reference_open(struct reference *r, const char *path)
{
    char why[256];
    if (yaml_file_read(path, &r->file, why) != 0)
        fail_msg("%s: %s", path, why);
    r->root = yaml_root(&r->file, 0);
    r->parameters = node_get(r->root, "parameters");
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
        r->n = node_count(node_get(r->root, kinds[k].displacement[0]));
        r->kind = &kinds[k];
        if (r->n > 0)
            return;
    }
    fail_msg("%s: displacements of no known model", path);
}

static double number(const struct reference *r, const char *key)
{
    double x = node_number(node_get(r->root, key), NAN);
    assert_true(isfinite(x));
    return x;
}

static double parameter(const struct reference *r, const char *key)
{
    return node_number(node_get(r->parameters, key), NAN);
}

static double *array(const struct reference *r, const char *key)
{
    struct node list = node_get(r->root, key);
    assert_int_equal(node_count(list), r->n);
    double *a = calloc((size_t)r->n, sizeof *a);
    assert_non_null(a);
    for (int i = 0; i < r->n; i++)
        a[i] = node_number(node_item(list, i), NAN);
    return a;
}

static struct adele *simulation(const struct reference *r, const char *pair)
{
    struct node lattice = node_get(r->root, "lattice");
    double filling = parameter(r, "filling");
    struct text deck = {0};
    text_addf(&deck, "lattice square %ld %ld\nmodel %s",
              node_integer(node_item(lattice, 0), 0),
              node_integer(node_item(lattice, 1), 0), r->kind->model);
    for (int k = 0; r->kind->parameter[k]; k++)
        text_addf(&deck, " %s %.17g", r->kind->parameter[k],
                  parameter(r, r->kind->parameter[k]));
    text_addf(&deck, "\nelectrons %s %.17g temp %.17g\npair_style %s\n",
              isfinite(filling) ? "filling" : "mu",
              isfinite(filling) ? filling : parameter(r, "mu"),
              parameter(r, "T"), pair);
    struct adele *sim = sim_new("%s", deck.s);
    text_free(&deck);
    for (int c = 0; r->kind->displacement[c]; c++) {
        double *q = array(r, r->kind->displacement[c]);
        sim_set(sim, c, q);
        free(q);
    }
    return sim;
}

static void compare(const struct reference *r, const char *what,
                    const double *found, const double *wanted, int n)
{
    double largest = 0, error = 0;
    for (int i = 0; i < n; i++) {
        largest = fmax(largest, fabs(wanted[i]));
        error = fmax(error, isfinite(found[i]) ? fabs(found[i] - wanted[i])
                                               : INFINITY);
    }
    if (!(error <= r->tolerance * largest))
        fail_msg("%s: relative error %.3g", what, error / largest);
}

static void compare_array(const struct reference *r, const char *key,
                          const double *found)
{
    double *wanted = array(r, key);
    compare(r, key, found, wanted, r->n);
    free(wanted);
}

/* Bond densities from each site along an axis, as the files hold them. */
static void compare_bonds(const struct reference *r, struct adele *sim)
{
    double *along = calloc((size_t)r->n, sizeof *along);
    struct terms t = {0};
    assert_non_null(along);
    assert_int_equal(pair_terms(sim, &t), 0);
    for (int axis = 0; r->kind->bond[axis]; axis++) {
        for (int64_t b = 0; b < t.nbond; b++) {
            int distance = 0;
            for (int i = 0; i < 3; i++)
                distance += abs(t.bond[b].cell[i]);
            if (distance == 1 && t.bond[b].cell[axis] == 1)
                along[t.bond[b].i] = sim->forces->rho[b];
        }
        compare_array(r, r->kind->bond[axis], along);
    }
    terms_fini(&t);
    free(along);
}

static void check_energies(const struct reference *r, struct adele *sim)
{
    const struct pair_result *s = sim->forces;
    double elastic = number(r, "elastic_energy"), mu = number(r, "mu");
    compare(r, "elastic_energy", &s->elastic, &elastic, 1);
    bool fixed_mu = sim->electrons.mode == ELECTRONS_MU;
    double free_energy = number(r, fixed_mu ? "grand_potential" : "helmholtz");
    compare(r, "free energy", &s->electronic, &free_energy, 1);
    if (r->flat)
        return;
    assert_true(fabs(s->mu - mu) <= r->tolerance * fmax(fabs(mu), 1));
    double omega = s->electronic - (fixed_mu ? 0 : s->mu * s->number);
    double grand = number(r, "grand_potential");
    assert_true(fabs(omega - grand) <= r->tolerance * fabs(free_energy));
}

static void check(const char *path, const char *pair, double tolerance,
                  bool flat)
{
    struct reference r = {.tolerance = tolerance, .flat = flat};
    reference_open(&r, path);
    struct adele *sim = simulation(&r, pair);
    assert_int_equal(forces_require(sim, NEED_FORCE | NEED_ENERGY |
                                             NEED_DENSITY | NEED_BOND |
                                             NEED_MU),
                     0);
    double *f = calloc((size_t)r.n, sizeof *f);
    assert_non_null(f);
    compare_array(&r, "n", sim->forces->n);
    for (int c = 0; r.kind->force[c]; c++) {
        field_gather(sim->forces->force, c, f);
        compare_array(&r, r.kind->force[c], f);
    }
    compare_bonds(&r, sim);
    check_energies(&r, sim);
    free(f);
    sim_free(sim);
    yaml_file_free(&r.file);
}

static void fixed_mu(void **state)
{
    (void)state;
    check("tests/reference/holstein_8x8_mu0.yaml", "ed", 1e-11, false);
}

static void fixed_filling(void **state)
{
    (void)state;
    check("tests/reference/holstein_10x6_f04.yaml", "ed", 1e-11, false);
}

static void hot(void **state)
{
    (void)state;
    check("tests/reference/holstein_8x8_f03_hot.yaml", "ed", 1e-11, false);
}

/* Poles: ten times the tol of each entry, which the number condition may
   enlarge; at T = 1e-3 their linear term alone rounds to 1e-16 X. */
static void peierls(void **state)
{
    (void)state;
    check("tests/reference/ssh_6x6_f05.yaml", "ed", 1e-11, false);
    check("tests/reference/ssh_6x6_f05.yaml", "pole tol 1e-11", 1e-10, false);
    check("tests/reference/ssh_6x6_f05.yaml", "kpm order 3000", 1e-10, false);
}

static void peierls_cold(void **state)
{
    (void)state;
    check("tests/reference/ssh_8x6_f05_cold.yaml", "ed", 1e-10, true);
    check("tests/reference/ssh_8x6_f05_cold.yaml", "pole tol 1e-11", 1e-9,
          true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fixed_mu), cmocka_unit_test(fixed_filling),
        cmocka_unit_test(hot), cmocka_unit_test(peierls),
        cmocka_unit_test(peierls_cold)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

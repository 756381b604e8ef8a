/* Holstein densities, forces, chemical potential and free energies against the
   kept cases of an independent dense solver (tests/reference).

   Tolerance 1e-11 of the largest entry: both solvers have errors of some N
   rounding units of the spectral radius, below 1e-13, and the files hold 15
   digits. */

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "plug/pair.h"
#include "sim.h"
#include "yaml_node.h"

static const double tolerance = 1e-11;

struct reference {
    struct yaml_file file;
    struct node root, parameters;
    int n;
};

static void reference_open(struct reference *r, const char *path)
{
    char why[256];
    if (yaml_file_read(path, &r->file, why) != 0)
        fail_msg("%s: %s", path, why);
    r->root = yaml_root(&r->file, 0);
    r->parameters = node_get(r->root, "parameters");
    r->n = node_count(node_get(r->root, "q"));
    assert_true(r->n > 0);
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

static struct adele *simulation(const struct reference *r)
{
    struct node lattice = node_get(r->root, "lattice");
    double filling = parameter(r, "filling");
    struct adele *sim = sim_new(
        "lattice square %ld %ld\n"
        "model holstein t %.17g g %.17g k %.17g kappa %.17g\n"
        "electrons %s %.17g temp %.17g\npair_style ed\n",
        node_integer(node_item(lattice, 0), 0),
        node_integer(node_item(lattice, 1), 0), parameter(r, "t"),
        parameter(r, "g"), parameter(r, "k"), parameter(r, "kappa"),
        isfinite(filling) ? "filling" : "mu",
        isfinite(filling) ? filling : parameter(r, "mu"), parameter(r, "T"));
    double *q = array(r, "q");
    sim_set(sim, 0, q);
    free(q);
    return sim;
}

static void compare(const char *what, const double *found, const double *wanted,
                    int n)
{
    double largest = 0, error = 0;
    for (int i = 0; i < n; i++) {
        largest = fmax(largest, fabs(wanted[i]));
        error = fmax(error, isfinite(found[i]) ? fabs(found[i] - wanted[i])
                                               : INFINITY);
    }
    if (!(error <= tolerance * largest))
        fail_msg("%s: relative error %.3g", what, error / largest);
}

static void check(const char *path)
{
    struct reference r = {0};
    reference_open(&r, path);
    struct adele *sim = simulation(&r);
    assert_int_equal(forces_require(sim, NEED_FORCE | NEED_ENERGY |
                                             NEED_DENSITY | NEED_MU),
                     0);
    const struct pair_result *s = sim->forces;
    double *n = array(&r, "n"), *force = array(&r, "force");
    double *f = calloc((size_t)r.n, sizeof *f);
    assert_non_null(f);
    field_gather(s->force, 0, f);
    compare("n", s->n, n, r.n);
    compare("force", f, force, r.n);
    double elastic = number(&r, "elastic_energy"), mu = number(&r, "mu");
    compare("elastic_energy", &s->elastic, &elastic, 1);
    assert_true(fabs(s->mu - mu) <= tolerance * fmax(fabs(mu), 1));
    bool fixed_mu = sim->electrons.mode == ELECTRONS_MU;
    double free_energy = number(&r, fixed_mu ? "grand_potential" : "helmholtz");
    compare("free energy", &s->electronic, &free_energy, 1);
    double omega = s->electronic - (fixed_mu ? 0 : s->mu * s->number);
    double grand = number(&r, "grand_potential");
    assert_true(fabs(omega - grand) <= tolerance * fabs(free_energy));
    free(n);
    free(force);
    free(f);
    sim_free(sim);
    yaml_file_free(&r.file);
}

static void fixed_mu(void **state)
{
    (void)state;
    check("tests/reference/holstein_8x8_mu0.yaml");
}

static void fixed_filling(void **state)
{
    (void)state;
    check("tests/reference/holstein_10x6_f04.yaml");
}

static void hot(void **state)
{
    (void)state;
    check("tests/reference/holstein_8x8_f03_hot.yaml");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(fixed_mu),
                                       cmocka_unit_test(fixed_filling),
                                       cmocka_unit_test(hot)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

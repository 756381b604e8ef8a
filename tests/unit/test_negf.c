/* Electrons between reservoirs against kept cases of an independent dense
   solver, closed forms, symmetries, sum rules and conservation laws.

   Where the closed form from eigenvalues is used nothing is approximated: its
   tolerances are rounding, some 1e-13 times the condition of the eigenvectors.
   Poles and windows are compared with it at the tolerance that they were asked
   for. */

#include <complex.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <lapacke.h>

#include "elec/fermi.h"
#include "elec/negf.h"
#include "plug/lead.h"
#include "plug/pair.h"
#include "sim.h"
#include "yaml_node.h"

static const unsigned everything =
    NEED_FORCE | NEED_DENSITY | NEED_BOND | NEED_MU | NEED_ERROR | NEED_CURRENT;

static const struct pair_result *solved(struct adele *sim)
{
    if (forces_require(sim, everything))
        fail_msg("%s", sim->error.message);
    return sim->forces;
}

static double largest(const double *a, int64_t n)
{
    double most = 0;

    for (int64_t i = 0; i < n; i++)
        most = fmax(most, fabs(a[i]));
    return most;
}

static double difference(const double *a, const double *b, int64_t n)
{
    double most = 0;

    for (int64_t i = 0; i < n; i++) {
        assert_true(isfinite(a[i]) && isfinite(b[i]));
        most = fmax(most, fabs(a[i] - b[i]));
    }
    return most;
}

static double *copy(const double *a, int64_t n)
{
    double *b = malloc((size_t)n * sizeof *b);

    assert_non_null(b);
    memcpy(b, a, (size_t)n * sizeof *b);
    return b;
}

/* --- Kept cases. --- */

static double *numbers(struct node list, int *n)
{
    *n = node_count(list);
    double *a = calloc((size_t)*n + 1, sizeof *a);

    assert_non_null(a);
    for (int i = 0; i < *n; i++)
        a[i] = node_number(node_item(list, i), NAN);
    return a;
}

static void compare_with_file(const char *path, const char *style)
{
    struct yaml_file file;
    char why[256];
    int n;

    if (yaml_file_read(path, &file, why))
        fail_msg("%s: %s", path, why);
    struct node root = yaml_root(&file, 0), p = node_get(root, "parameters");
    struct node size = node_get(root, "lattice");
#define P(key) node_number(node_get(p, key), NAN)
    struct adele *sim = sim_new(
        "boundary f p\nlattice square %ld %ld\n"
        "model holstein t %.17g g %.17g k %.17g kappa %.17g\n"
        "lead L left gamma %.17g mu %.17g temp %.17g\n"
        "lead R right gamma %.17g mu %.17g temp %.17g\n"
        "lead B all gamma %.17g mu %.17g temp %.17g\npair_style negf %s\n",
        node_integer(node_item(size, 0), 0),
        node_integer(node_item(size, 1), 0), P("t"), P("g"), P("k"), P("kappa"),
        P("gl"), P("mul"), P("T"), P("gr"), P("mur"), P("T"), P("gb"), P("mub"),
        P("T"), style);
    double *q = numbers(node_get(root, "q"), &n), zero = 0, t0;
    double *want = numbers(node_get(root, "n"), &n);
    double *force = numbers(node_get(root, "force"), &n);
    double current = node_number(node_get(root, "current"), NAN);
    double through = node_number(node_get(root, "transmission_at_0"), NAN);
    double got[128];

    sim_set(sim, 0, q);
    const struct pair_result *r = solved(sim);
    assert_int_equal(r->nsite, n);
    assert_true(difference(r->n, want, n) < 1e-8 * largest(want, n));
    field_gather(r->force, 0, got);
    assert_true(difference(got, force, n) < 1e-8 * largest(force, n));
    /* Windows end at 1e-3 tol, which is 1e-7 of the smallest current here. */
    double digits = strstr(style, "closed") ? 1e-8 : 1e-6;
    if (!(fabs(r->current[1] - current) <= digits * fabs(current) + 1e-16))
        fail_msg("%s %s: current %.12g, wanted %.12g", path, style,
                 r->current[1], current);
    struct negf_lead *lead;
    struct terms terms = {0};
    int nlead;
    assert_int_equal(leads_resolve(sim, &lead, &nlead), 0);
    assert_int_equal(pair_terms(sim, &terms), 0);
    assert_int_equal(
        negf_transmission(&terms, lead, nlead, 0, 1, &zero, 1, 1, &t0), 0);
    assert_true(fabs(t0 - through) < 1e-8 * through);
    leads_release(lead, nlead);
    terms_fini(&terms);
    free(q);
    free(want);
    free(force);
    sim_free(sim);
    yaml_file_free(&file);
}

static void kept_cases(void **state)
{
    (void)state;
    static const char *const style[] = {"method closed",
                                        "method recursion tol 1e-11"};
    for (int k = 0; k < 2; k++) {
        compare_with_file("tests/reference/negf_8x4_zero.yaml", style[k]);
        compare_with_file("tests/reference/negf_8x4_bias.yaml", style[k]);
        compare_with_file("tests/reference/negf_10x6_open.yaml", style[k]);
    }
}

/* --- Two methods, many geometries. --- */

static const char *const device[] = {
    "boundary f p\nlattice square 8 4\nmodel holstein t 1 g -1.5 k 1\n"
    "lead L left gamma 1 mu 2.5 temp 0.1\n"
    "lead R right gamma 0.5 mu -0.5 temp 0.1\n"
    "lead B all gamma 0.001 mu 0 temp 0.1\n",
    /* three fillings, three temperatures, a lead in the middle, no bath */
    "boundary f p\nlattice square 7 3\nmodel holstein t 1 g -1.5 k 1\n"
    "group tip id 11\n"
    "lead L left gamma 0.7 mu 0.5 temp 0.05\n"
    "lead R right gamma 0.4 mu -0.5 temp 0.3\n"
    "lead T tip gamma 0.1 mu 1 temp 0.1\n",
    /* no open axis: a hot bath and a cold tip */
    "lattice square 5 4\nmodel holstein t 1 g 1 k 1\ngroup tip id 7 8\n"
    "lead B all gamma 0.05 mu 0 temp 0.4\n"
    "lead T tip gamma 0.5 mu 0 temp 0.1\n",
    "boundary f\nlattice chain 12\nmodel holstein t 1 g 1 k 1\n"
    "lead L left gamma 0.2 mu 0.3 temp 0.1\n"
    "lead R right gamma 0.2 mu -0.3 temp 0.1\n",
    "boundary f f\nlattice honeycomb 4 3\nmodel holstein t 1 g 1 k 1\n"
    "lead L left gamma 0.5 mu 1 temp 0.1\n"
    "lead R right gamma 0.5 mu 0 temp 0.2\n"
    "lead B all gamma 0.01 mu 0.5 temp 0.1\n",
    "boundary f p\nlattice triangular 5 3\nmodel holstein t 1 g 1 k 1\n"
    "lead L left gamma 0.5 mu 1 temp 0.1\n"
    "lead B all gamma 0.01 mu 0 temp 0.1\n",
    "boundary f p p\nlattice cubic 4 2 3\nmodel holstein t 1 g 1 k 1\n"
    "lead L left gamma 0.5 mu 1 temp 0.1\n"
    "lead R right gamma 0.5 mu 0 temp 0.1\n",
    /* forces from bonds, second neighbours */
    "boundary f p\nlattice square 6 4\n"
    "model ssh t 1 t2 0.3 alpha 0.2 k 1\n"
    "lead L left gamma 0.5 mu 1 temp 0.1\n"
    "lead R right gamma 0.5 mu 0 temp 0.1\n"
    "lead B all gamma 0.01 mu 0 temp 0.1\n",
    "boundary f\nlattice chain 11\nmodel ssh t 1 t2 0.3 alpha 0.2 k 1\n"
    "lead L left gamma 0.5 mu 1 temp 0.1\n"
    "lead R right gamma 0.5 mu 0 temp 0.1\n",
    /* two baths on all sites: the columns of everything */
    "boundary f\nlattice chain 9\nmodel holstein t 1 g 1 k 1\n"
    "lead A all gamma 0.3 mu 1 temp 0.1\n"
    "lead B all gamma 0.2 mu -1 temp 0.1\n"
    "lead C left gamma 0.2 mu 0 temp 0.1\n"};
enum { DEVICES = sizeof device / sizeof *device };

static struct adele *make(int k, const char *style)
{
    struct adele *sim = sim_new("%spair_style negf %s\n", device[k], style);

    sim_randomise(sim, 2, (uint32_t)(40 + k));
    return sim;
}

static void recursion_is_the_closed_form(void **state)
{
    (void)state;
    static const double tol[] = {1e-4, 1e-6, 1e-9};
    for (int k = 0; k < DEVICES; k++) {
        struct adele *exact = make(k, "method closed");
        const struct pair_result *e = solved(exact);

        for (int j = 0; j < 3; j++) {
            char style[64];
            snprintf(style, sizeof style, "method recursion tol %g", tol[j]);
            struct adele *sim = make(k, style);
            const struct pair_result *r = solved(sim);
            double n = difference(r->n, e->n, r->nsite);

            if (!(n <= tol[j] && n <= r->error + 1e-12 && r->error <= tol[j]))
                fail_msg("device %d tol %g: error %g, stated %g", k, tol[j], n,
                         r->error);
            /* Errors of bonds are controlled where forces need them, else
             * alike. */
            assert_true(difference(r->rho, e->rho, r->nbond) <= 4 * tol[j]);
            assert_true(difference(r->flow, e->flow, r->nbond) <= 8 * tol[j]);
            for (int a = 0; a < r->nlead * r->nlead; a++)
                if (!(fabs(r->current[a] - e->current[a]) <=
                      r->current_error[a] + 1e-12))
                    fail_msg("device %d tol %g: current %g, error %g, stated "
                             "%g",
                             k, tol[j], e->current[a],
                             r->current[a] - e->current[a],
                             r->current_error[a]);
            assert_true(fabs(r->number - e->number) <=
                        tol[j] * (double)r->nsite);
            sim_free(sim);
        }
        sim_free(exact);
    }
}

/* --- Conservation. --- */

static void particles_are_conserved(void **state)
{
    (void)state;
    for (int k = 0; k < DEVICES; k++) {
        struct adele *sim = make(k, "method closed");
        const struct pair_result *r = solved(sim);
        struct terms terms = {0};
        int64_t n = r->nsite;
        double *gain = calloc((size_t)n, sizeof *gain), all = 0, most = 0;

        assert_int_equal(pair_terms(sim, &terms), 0);
        for (int64_t b = 0; b < r->nbond; b++) {
            gain[terms.bond[b].i] -= r->flow[b];
            gain[terms.bond[b].j] += r->flow[b];
        }
        for (int a = 0; a < r->nlead; a++) {
            double terminal = 0, partial = 0;

            for (int64_t i = 0; i < n; i++) {
                gain[i] += r->injection[a * n + i];
                terminal += r->injection[a * n + i];
            }
            for (int b = 0; b < r->nlead; b++) {
                partial += r->current[a * r->nlead + b];
                assert_true(fabs(r->current[a * r->nlead + b] +
                                 r->current[b * r->nlead + a]) < 1e-15);
            }
            /* Independent: local balance against transmitted particles. */
            assert_true(fabs(terminal - partial) < 1e-11);
            most = fmax(most, fabs(terminal));
            all += terminal;
        }
        assert_true(fabs(all) < 1e-11);
        assert_true(most > 1e-5); /* there is a current */
        assert_true(largest(gain, n) < 1e-12);
        for (int64_t i = 0; i < n; i++)
            assert_true(r->n[i] > 0 && r->n[i] < 1);
        free(gain);
        terms_fini(&terms);
        sim_free(sim);
    }
}

/* Without a bath each cut of a chain of layers carries the whole current, which
   is Landauer's integral of the transmission.  Midpoint sums of an analytic
   function that ends smoothly converge exponentially. */
static void landauer(void **state)
{
    (void)state;
    struct adele *sim =
        sim_new("boundary f p\nlattice square 6 3\nmodel holstein t 1 g 1 k 1\n"
                "lead L left gamma 1 mu 0.6 temp 0.1\n"
                "lead R right gamma 0.5 mu -0.2 temp 0.2\npair_style negf\n");
    enum { GRID = 20000 };
    static double e[GRID], t[GRID];
    struct negf_lead *lead;
    struct terms terms = {0};
    int nlead;
    double sum = 0, cut[8] = {0};

    sim_randomise(sim, 0.5, 5);
    const struct pair_result *r = solved(sim);
    assert_int_equal(leads_resolve(sim, &lead, &nlead), 0);
    assert_int_equal(pair_terms(sim, &terms), 0);
    for (int k = 0; k < GRID; k++)
        e[k] = -6 + 12 * (k + 0.5) / GRID;
    assert_int_equal(
        negf_transmission(&terms, lead, nlead, 0, 1, e, GRID, 1, t), 0);
    for (int k = 0; k < GRID; k++)
        sum += 12.0 / GRID / (2 * M_PI) * t[k] *
               (fermi_function((e[k] - 0.6) / 0.1) -
                fermi_function((e[k] + 0.2) / 0.2));
    assert_true(fabs(r->current[1] - sum) < 1e-10);
    assert_true(sum > 0.01);
    for (int64_t b = 0; b < r->nbond; b++) {
        int64_t x = terms.bond[b].i % 6, to = terms.bond[b].j % 6;

        if (to == x + 1)
            cut[x] += r->flow[b];
        else if (x == to + 1)
            cut[to] -= r->flow[b];
    }
    for (int x = 0; x < 5; x++)
        assert_true(fabs(cut[x] - sum) < 1e-10);
    leads_release(lead, nlead);
    terms_fini(&terms);
    sim_free(sim);
}

/* --- Closed forms. --- */

/* G_1n of a chain is (-1)^.. prod h/det: T = 4 Gamma^2 |prod h/det|^2, the
   determinant by its three-term recurrence. */
static double chain_transmission(int n, const double *onsite, double gamma,
                                 double e)
{
    double complex before = 1, det = 0;

    for (int i = 0; i < n; i++) {
        double complex d =
            e - onsite[i] + (i == 0 || i == n - 1 ? I * gamma : 0);
        double complex next = i == 0 ? d : d * det - before;

        before = i == 0 ? 1 : det;
        det = next;
    }
    return 4 * gamma * gamma / creal(det * conj(det));
}

static void transmission_of_chains(void **state)
{
    (void)state;
    static const double e[] = {0, 0.5, 1, 1.5, -1.9, 2.5};
    static const double known[] = {1, 0.944, 0.80, 0.463};
    for (int impurity = 0; impurity < 2; impurity++) {
        struct adele *sim =
            sim_new("boundary f\nlattice chain 20\nmodel holstein t 1 g 0 k 1\n"
                    "lead L left gamma 1 mu 0 temp 0.1\n"
                    "lead R right gamma 1 mu 0 temp 0.1\npair_style negf\n");
        double onsite[20] = {0}, t[6];
        struct negf_lead *lead;
        struct terms terms = {0};
        int nlead;

        if (impurity) {
            onsite[8] = 1.25;
            sim_run(sim, "group one id 9\nset one onsite 1.25\n");
        }
        assert_int_equal(leads_resolve(sim, &lead, &nlead), 0);
        assert_int_equal(pair_terms(sim, &terms), 0);
        assert_int_equal(
            negf_transmission(&terms, lead, nlead, 0, 1, e, 6, 1, t), 0);
        for (int k = 0; k < 6; k++)
            assert_true(fabs(t[k] - chain_transmission(20, onsite, 1, e[k])) <
                        1e-12);
        for (int k = 0; k < 4 && !impurity; k++)
            assert_true(fabs(t[k] - known[k]) < 6e-4);
        leads_release(lead, nlead);
        terms_fini(&terms);
        sim_free(sim);
    }
}

/* One level e at Gamma: n = 1/2 + atan((mu - e)/Gamma)/pi at T -> 0; the
   Sommerfeld term pi T^2/6 d^2/dmu^2 of it is taken along. */
static void one_level(void **state)
{
    (void)state;
    static const char *const method[] = {"closed", "recursion tol 1e-9"};
    for (int m = 0; m < 2; m++)
        for (int k = -3; k <= 3; k++) {
            double gamma = 0.5, mu = 0.7 * k, temp = 0.002, x;
            struct adele *sim = sim_new(
                "boundary f\nlattice chain 1\nmodel holstein t 1 g 0 k 1\n"
                "lead L left gamma %g mu %g temp %g\n"
                "pair_style negf method %s\n",
                gamma, mu, temp, method[m]);
            const struct pair_result *r = solved(sim);

            x = mu / gamma;
            double want = 0.5 + atan(x) / M_PI -
                          M_PI / 3 * temp * temp / (gamma * gamma) * x /
                              ((1 + x * x) * (1 + x * x));
            assert_true(fabs(r->n[0] - want) < 2e-9);
            assert_true(fabs(r->mu - mu) < 1e-15);
            sim_free(sim);
        }
}

/* Gamma -> 0 at one filling: the isolated system with open ends, linearly. */
static void weak_coupling(void **state)
{
    (void)state;
    double away[3];
    for (int k = 0; k < 3; k++) {
        double gamma = 4e-3 / (1 << k);
        struct adele *sim = sim_new(
            "boundary f p\nlattice square 6 4\nmodel holstein t 1 g 1.5 k 1\n"
            "electrons mu 0.3 temp 0.1\n"
            "lead L left gamma %g\nlead R right gamma %g\n"
            "lead B all gamma %g\npair_style negf tol 1e-10\n",
            gamma, gamma, gamma / 10);
        sim_randomise(sim, 1, 8);
        double *n = copy(solved(sim)->n, 24);
        sim_run(sim, "pair_style ed\n");
        assert_int_equal(forces_require(sim, NEED_DENSITY), 0);
        away[k] = difference(n, sim->forces->n, 24);
        free(n);
        sim_free(sim);
    }
    assert_true(away[0] < 4e-3 && away[2] > 1e-5);
    assert_true(fabs(away[0] / away[1] - 2) < 0.02);
    assert_true(fabs(away[1] / away[2] - 2) < 0.01);
}

/* Far above the spectrum what is empty is the tail, Gamma/(pi mu). */
static void lorentzian_tails(void **state)
{
    (void)state;
    static const char *const method[] = {"closed", "recursion"};
    for (int m = 0; m < 2; m++) {
        struct adele *sim = sim_new(
            "boundary f p\nlattice square 6 4\nmodel holstein t 1 g 1 k 1\n"
            "lead L left gamma 1 mu 400 temp 0.1\n"
            "lead R right gamma 0.5 mu 400 temp 0.1\n"
            "pair_style negf method %s tol 1e-7\n",
            method[m]);
        const struct pair_result *r = solved(sim);

        for (int64_t i = 0; i < 24; i++) {
            double gamma = i % 6 == 0 ? 1 : i % 6 == 5 ? 0.5 : 0;

            /* Corrections Gamma <H^2>/mu^3, H_ii = 0. */
            assert_true(fabs(1 - r->n[i] - gamma / (400 * M_PI)) < 2e-7);
        }
        sim_free(sim);
    }
}

/* --- Symmetries. --- */

static struct adele *strip(double left, double right, double bath,
                           const double *q)
{
    struct adele *sim = sim_new(
        "boundary f p\nlattice square 7 4\nmodel holstein t 1 g -1.5 k 1\n"
        "lead L left gamma 1 mu %g temp 0.1\n"
        "lead R right gamma 1 mu %g temp 0.1\n"
        "lead B all gamma 0.01 mu %g temp 0.1\n"
        "pair_style negf method recursion tol 1e-9\n",
        left, right, bath);

    sim_set(sim, 0, q);
    return sim;
}

static void symmetries(void **state)
{
    (void)state;
    double q[28], mirrored[28], negative[28];
    for (int i = 0; i < 28; i++) {
        q[i] = 2 * sim_random(77, i);
        negative[i] = -q[i];
    }
    for (int i = 0; i < 28; i++)
        mirrored[i] = q[i / 7 * 7 + 6 - i % 7];
    struct adele *sim = strip(1.5, -0.25, 0.5, q);
    struct adele *swap = strip(-0.25, 1.5, 0.5, mirrored);
    struct adele *hole = strip(-1.5, 0.25, -0.5, negative);
    const struct pair_result *r = solved(sim), *s = solved(swap),
                             *h = solved(hole);

    for (int i = 0; i < 28; i++) {
        assert_true(fabs(r->n[i] - s->n[i / 7 * 7 + 6 - i % 7]) < 3e-9);
        assert_true(fabs(r->n[i] + h->n[i] - 1) < 3e-9);
    }
    assert_true(fabs(r->current[1] - s->current[3]) < 1e-8);
    assert_true(fabs(r->current[1] + h->current[1]) < 1e-8);
    assert_true(fabs(r->n[10] - 0.5) > 0.01);
    sim_free(sim);
    sim_free(swap);
    sim_free(hole);
}

/* --- The fixed grid. --- */

/* sum_a F_a f_a at each energy by dense inversion. */
static void midpoint_is_the_plain_sum(void **state)
{
    (void)state;
    enum { N = 28, GRID = 37 };
    struct adele *sim = make(0, "quadrature midpoint -6 7 37");
    const struct pair_result *r = solved(sim);
    struct negf_lead *lead;
    struct terms terms = {0};
    static double complex g[32 * 32];
    double h[32 * 32], gamma[32] = {0}, n[32] = {0};
    int nlead, order[32];

    assert_int_equal(leads_resolve(sim, &lead, &nlead), 0);
    assert_int_equal(pair_terms(sim, &terms), 0);
    terms_dense(&terms, h);
    for (int a = 0; a < nlead; a++)
        for (int64_t k = 0; k < lead[a].nsite; k++)
            gamma[lead[a].site[k]] += lead[a].gamma;
    for (int k = 0; k < GRID; k++) {
        double e = -6 + 13 * (k + 0.5) / GRID;

        for (int i = 0; i < 32 * 32; i++)
            g[i] = -h[i];
        for (int i = 0; i < 32; i++)
            g[i * 33] += e + I * gamma[i];
        LAPACKE_zgetrf(LAPACK_ROW_MAJOR, 32, 32, g, 32, order);
        LAPACKE_zgetri(LAPACK_ROW_MAJOR, 32, g, 32, order);
        for (int a = 0; a < nlead; a++)
            for (int64_t s = 0; s < lead[a].nsite; s++)
                for (int i = 0; i < 32; i++)
                    n[i] += 13.0 / GRID / M_PI * lead[a].gamma *
                            fermi_function((e - lead[a].mu) / lead[a].temp) *
                            creal(g[i * 32 + lead[a].site[s]] *
                                  conj(g[i * 32 + lead[a].site[s]]));
    }
    assert_true(difference(r->n, n, 32) < 1e-12 * largest(n, 32));
    leads_release(lead, nlead);
    terms_fini(&terms);
    sim_free(sim);
}

/* --- Near a defect. --- */

/* Two levels of one energy, t apart, one with Gamma: at Gamma = 2t both
   eigenvectors of H - i Gamma fall together. */
static void defective(void **state)
{
    (void)state;
    static const char deck[] =
        "boundary f\nlattice chain 2\nmodel holstein t 0.5 g 0 k 1\n"
        "lead L left gamma %.17g mu 0.2 temp 0.1\n"
        "pair_style negf method %s tol 1e-9\n";
    struct adele *sim = sim_new(deck, 1.0, "closed");

    assert_int_not_equal(forces_require(sim, NEED_DENSITY), 0);
    assert_non_null(strstr(sim->error.message, "method recursion"));
    sim_free(sim);
    struct adele *near = sim_new(deck, 1.001, "closed");
    struct adele *at = sim_new(deck, 1.0, "auto");
    const struct pair_result *a = solved(near), *b = solved(at);
    assert_true(difference(a->n, b->n, 2) < 1e-3);
    assert_true(difference(a->n, b->n, 2) > 1e-6);
    sim_free(near);
    sim_free(at);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kept_cases),
        cmocka_unit_test(recursion_is_the_closed_form),
        cmocka_unit_test(particles_are_conserved),
        cmocka_unit_test(landauer),
        cmocka_unit_test(transmission_of_chains),
        cmocka_unit_test(one_level),
        cmocka_unit_test(weak_coupling),
        cmocka_unit_test(lorentzian_tails),
        cmocka_unit_test(symmetries),
        cmocka_unit_test(midpoint_is_the_plain_sum),
        cmocka_unit_test(defective),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

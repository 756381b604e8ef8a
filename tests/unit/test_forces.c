/* Forces are the gradient of pe, and have the symmetry of the lattice: for
   every force style that needs no arguments and claims it, on every model,
   lattice and boundary. */

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "adele.h"
#include "bond_model.h"
#include "plug/pair.h"
#include "plug/registry.h"
#include "sim.h"

enum { STYLES_MAX = 64, SITES_MAX = 256 };

static const char *const electrons[] = {"filling 0.4 temp 0.5",
                                        "mu -0.3 temp 0.5"};

/* What the tolerances below need of styles that have one of their own. */
static const struct {
    const char *style, *args;
} exact[] = {{"pole", "tol 1e-12"}};

static const char *exact_args(const char *style)
{
    for (size_t k = 0; k < sizeof exact / sizeof *exact; k++) {
        if (!strcmp(exact[k].style, style))
            return exact[k].args;
    }
    return "";
}

struct visit {
    struct adele *sim;
    const char *model, *pair, *lattice, *electrons;
};

/* Calls check for every combination; how many. */
static int for_all(void (*check)(const struct visit *v))
{
    const char *model[STYLES_MAX], *pair[STYLES_MAX];
    int count = 0;
    struct adele *any = sim_new(" ");
    test_bond_register(any);
    sim_free(any);
    int nmodel = registry_names("model", model, STYLES_MAX);
    int npair = registry_names("pair", pair, STYLES_MAX);
    for (int m = 0; m < nmodel; m++) {
        struct text words = {0};
        int before = count;
        sim_model(model[m], &words);
        for (int k = 0;; k++) {
            struct text lattice = {0};
            if (!sim_lattice(k, &lattice))
                break;
            struct adele *sim = sim_new("%s", lattice.s);
            bool fits = sim_try(sim, "model %s", words.s);
            for (int p = 0; fits && p < npair; p++) {
                for (int e = 0; e < 2; e++) {
                    sim_run(sim, "electrons %s", electrons[e]);
                    if (!sim_try(sim, "pair_style %s %s", pair[p],
                                 exact_args(pair[p])))
                        continue;
                    struct visit v = {sim, model[m], pair[p], lattice.s,
                                      electrons[e]};
                    check(&v);
                    count++;
                }
            }
            sim_free(sim);
            text_free(&lattice);
        }
        assert_true(count > before);
        text_free(&words);
    }
    return count;
}

static bool is_gradient(struct adele *sim)
{
    const unsigned need = NEED_FORCE | NEED_ENERGY;
    if (pair_setup(sim, sim->pair)) {
        error_clear(sim);
        return false;
    }
    return sim->pair->gradient && (sim->pair->gives & need) == need;
}

static double energy(struct adele *sim)
{
    assert_int_equal(forces_require(sim, NEED_ENERGY), 0);
    return pair_energy(sim->forces);
}

/* -(E(-2h) - 8 E(-h) + 8 E(h) - E(2h))/12h. */
static double difference(struct adele *sim, int comp, double *q, int64_t i)
{
    static const double weight[] = {1, -8, 8, -1};
    static const double step[] = {-2, -1, 1, 2};
    const double h = 2e-3;
    double sum = 0, q0 = q[i];
    for (int k = 0; k < 4; k++) {
        q[i] = q0 + step[k] * h;
        sim_set(sim, comp, q);
        sum += weight[k] * energy(sim);
    }
    q[i] = q0;
    sim_set(sim, comp, q);
    return -sum / (12 * h);
}

/* Error of the formula: h^4/30 times a fifth derivative of order 1/T^4 gives
   1e-11, rounding 1e-15 |E|/h (|E| < 100) 5e-11; 1e-8 relative is far above
   both and far below any wrong term. */
static void check_gradient(const struct visit *v)
{
    struct adele *sim = v->sim;
    double q[SITES_MAX], f[SITES_MAX];
    int64_t n = sim->lat->nsite;
    assert_true(n <= SITES_MAX);
    if (!is_gradient(sim))
        return;
    sim_randomise(sim, 0.7, 5);
    double largest = 0, error = 0;
    for (int c = 0; c < sim->model->ncomp; c++) {
        field_gather(sim->state.displacement, c, q);
        assert_int_equal(forces_require(sim, NEED_FORCE), 0);
        field_gather(sim->forces->force, c, f);
        for (int64_t i = 0; i < n; i += 1 + n / 7) {
            largest = fmax(largest, fabs(f[i]));
            error = fmax(error, fabs(difference(sim, c, q, i) - f[i]));
        }
    }
    if (!(error <= 1e-8 * fmax(largest, 0.1)))
        fail_msg("%smodel %s, electrons %s, pair_style %s: force off by %.3g "
                 "(largest %.3g)",
                 v->lattice, v->model, v->electrons, v->pair, error, largest);
    assert_true(largest > 1e-3 || !strcmp(v->pair, "none"));
}

static void forces_are_the_gradient(void **state)
{
    (void)state;
    assert_true(for_all(check_gradient) > 100);
}

/* q -> R q at the image sites must give F -> R F. */
static void check_image(struct adele *sim, const struct lattice_op *op,
                        const int64_t *image, double *worst, double *largest)
{
    int nc = sim->model->ncomp;
    bool vector = sim->model->vector;
    int64_t n = sim->lat->nsite;
    double q[3][SITES_MAX], f[3][SITES_MAX], qi[SITES_MAX], fi[SITES_MAX];
    assert_true(nc <= 3);
    assert_int_equal(forces_require(sim, NEED_FORCE), 0);
    for (int c = 0; c < nc; c++) {
        field_gather(sim->state.displacement, c, q[c]);
        field_gather(sim->forces->force, c, f[c]);
    }
    for (int c = 0; c < nc; c++) {
        for (int64_t i = 0; i < n; i++) {
            qi[image[i]] = vector ? 0 : q[c][i];
            for (int d = 0; vector && d < nc; d++)
                qi[image[i]] += op->r[c][d] * q[d][i];
        }
        sim_set(sim, c, qi);
    }
    assert_int_equal(forces_require(sim, NEED_FORCE), 0);
    for (int c = 0; c < nc; c++) {
        field_gather(sim->forces->force, c, fi);
        for (int64_t i = 0; i < n; i++) {
            double expected = vector ? 0 : f[c][i];
            for (int d = 0; vector && d < nc; d++)
                expected += op->r[c][d] * f[d][i];
            *worst = fmax(*worst, fabs(fi[image[i]] - expected));
            *largest = fmax(*largest, fabs(expected));
        }
        sim_set(sim, c, q[c]);
    }
}

static int operations;

/* Rounding of two eigenproblems of at most 40 sites: below 1e-12. */
static void check_symmetry(const struct visit *v)
{
    struct adele *sim = v->sim;
    int64_t image[SITES_MAX];
    double worst = 0, largest = 0;
    if (!is_gradient(sim))
        return;
    sim_randomise(sim, 0.7, 6);
    for (int k = 0; k < sim->lat->nop; k++) {
        if (!lattice_permutation(sim->lat, &sim->lat->op[k], image))
            continue;
        check_image(sim, &sim->lat->op[k], image, &worst, &largest);
        operations++;
    }
    if (!(worst <= 1e-11 * fmax(largest, 1)))
        fail_msg("%smodel %s, pair_style %s: forces break a symmetry by %.3g",
                 v->lattice, v->model, v->pair, worst);
}

static void forces_have_the_symmetry_of_the_lattice(void **state)
{
    (void)state;
    operations = 0;
    assert_true(for_all(check_symmetry) > 100);
    assert_true(operations > 500);
}

/* A force style that counts what it is asked for. */
static unsigned asked;
static int calls;

static int counting_init(struct adele *ctx, void *self)
{
    struct pair *p = self;
    (void)ctx;
    p->gives = NEED_FORCE | NEED_ENERGY | NEED_DENSITY;
    return 0;
}

static int counting_compute(struct adele *ctx, struct pair *p, unsigned need,
                            struct pair_result *r)
{
    (void)p;
    (void)r;
    asked = need;
    calls++;
    return ctx->error.status;
}

static const struct pair_style counting = {
    .style = {STYLE_HEAD(pair, "test/counting", struct pair),
              .summary = "counts", .init = counting_init},
    .compute = counting_compute};

/* Only missing parts are asked for; a change of displacement, disorder, model,
   electrons or force style makes everything stale. */
static void only_what_is_missing(void **state)
{
    (void)state;
    struct adele *sim = sim_new("lattice square 4 4\nmodel holstein g 1\n");
    registry_add(sim, &counting.style, NULL);
    sim_run(sim, "pair_style test/counting");
    calls = 0;
    assert_int_equal(forces_require(sim, NEED_ENERGY), 0);
    assert_true(calls == 1 && asked == NEED_ENERGY);
    assert_int_equal(forces_require(sim, NEED_ENERGY | NEED_FORCE), 0);
    assert_true(calls == 2 && asked == NEED_FORCE);
    assert_int_equal(forces_require(sim, NEED_ENERGY | NEED_FORCE), 0);
    assert_int_equal(calls, 2);
    sim_randomise(sim, 1, 3);
    assert_int_equal(forces_require(sim, NEED_ENERGY), 0);
    assert_int_equal(calls, 3);
    static const char *const deck[] = {"model holstein g 2",
                                       "electrons mu 0 temp 1",
                                       "pair_style test/counting"};
    for (int k = 0; k < 3; k++) {
        sim_run(sim, "%s", deck[k]);
        assert_int_equal(forces_require(sim, NEED_ENERGY), 0);
        assert_int_equal(calls, 4 + k);
    }
    sim->state.onsite = field_new(sim->lat, 1, &sim->clock);
    field_fill(sim->state.onsite, 0, 0.5);
    assert_int_equal(forces_require(sim, NEED_ENERGY), 0);
    assert_int_equal(calls, 7);
    assert_int_not_equal(forces_require(sim, NEED_BOND), 0);
    assert_non_null(strstr(adele_error(sim), "does not give bond densities"));
    sim_free(sim);
}

/* One part after another or all at once: the same numbers (the energy of
   eigenvalues alone comes from another LAPACK path: 1e-13). */
static void parts_agree(void **state)
{
    (void)state;
    struct adele *sim = sim_new("lattice square 4 3\nmodel holstein g 1.5 "
                                "kappa 0.1\nelectrons filling 0.4 temp 0.2\n"
                                "pair_style ed\n");
    struct pair_result r = {0};
    double f[12], g[12];
    sim_randomise(sim, 1, 9);
    unsigned parts = forces_gives(sim);
    assert_int_equal(parts, NEED_SOLVED);
    assert_int_equal(forces_require(sim, parts), 0);
    for (int bit = 0; bit < NEED_BITS; bit++)
        assert_int_equal(pair_require(sim, sim->pair, parts & 1u << bit, &r),
                         0);
    const struct pair_result *all = sim->forces;
    field_gather(all->force, 0, f);
    field_gather(r.force, 0, g);
    for (int i = 0; i < 12; i++) {
        assert_true(fabs(f[i] - g[i]) <= 1e-13);
        assert_true(fabs(all->n[i] - r.n[i]) <= 1e-13);
        assert_true(fabs(all->level[i] - r.level[i]) <= 1e-13);
    }
    assert_true(all->nbond == 24 && r.nbond == 24);
    for (int b = 0; b < 24; b++)
        assert_true(fabs(all->rho[b] - r.rho[b]) <= 1e-13);
    assert_true(fabs(pair_energy(all) - pair_energy(&r)) <= 1e-12);
    assert_true(fabs(all->number - 4.8) <= 1e-12 && all->entropy > 0);
    /* Helmholtz: F = band + constant - T S. */
    double constant = 0;
    field_gather(sim->state.displacement, 0, g);
    for (int i = 0; i < 12; i++)
        constant += 0.75 * g[i];
    assert_true(fabs(all->electronic -
                     (all->band + constant - 0.2 * all->entropy)) <= 1e-12);
    pair_result_fini(&r);
    sim_free(sim);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(forces_are_the_gradient),
        cmocka_unit_test(forces_have_the_symmetry_of_the_lattice),
        cmocka_unit_test(only_what_is_missing), cmocka_unit_test(parts_agree)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

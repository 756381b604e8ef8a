/* Order of the displacements (model ssh): compute cdw of a vector, domains of
   four states, correlation and structure factor of a vector, and the bonds. */

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "adele.h"
#include "close.h"
#include "core/order.h"
#include "plug/compute.h"
#include "plug/pair.h"
#include "sim.h"

enum { MOST = 512 };

/* Sums of at most 100 numbers of order 1. */
static const double ROUND = 1e-13;

static struct compute *evaluate(struct adele *sim, const char *id,
                                enum shape shape)
{
    struct compute *c = compute_find(sim, id);
    assert_non_null(c);
    if (compute_evaluate(sim, c, shape))
        fail_msg("%s", adele_error(sim));
    return c;
}

static double *displacements(struct adele *sim, double *u)
{
    for (int c = 0; c < sim->model->ncomp; c++)
        field_gather(sim->state.displacement, c, u + c * sim->lat->nsite);
    return u;
}

/* 1: +x, 2: +y, 3: -x, 4: -y. */
static int quarter(double x, double y)
{
    if (fabs(x) >= fabs(y))
        return x > 0 ? 1 : 3;
    return y > 0 ? 2 : 4;
}

static void check_vector(const char *group)
{
    struct adele *sim = sim_new("boundary p f\nlattice square 6 5\n"
                                "group left id 1:12\nmodel ssh alpha 1\n"
                                "compute m %s cdw\n",
                                group);
    double u[60], mean[2] = {0}, length = 0, square = 0;
    bool all = !strcmp(group, "all");
    int members = all ? 30 : 12;
    sim_randomise(sim, 1, 3);
    displacements(sim, u);
    const struct compute *c = evaluate(sim, "m", OUT_VECTOR);
    assert_int_equal(c->out.nsite_col, 4);
    assert_int_equal(c->out.nvector, 5);
    for (int i = 0; i < 30; i++) {
        double sign = (i % 6 + i / 6) % 2 ? -1 : 1, in = i < members;
        double x = in * sign * u[i], y = in * sign * u[30 + i];
        assert_close(c->out.site[i], x, 0);
        assert_close(c->out.site[30 + i], y, 0);
        assert_close(c->out.site[60 + i], hypot(x, y), 1e-15);
        assert_close(c->out.site[90 + i], in > 0 ? quarter(x, y) : 0, 0);
        mean[0] += x / members;
        mean[1] += y / members;
        length += hypot(x, y) / members;
        square += (x * x + y * y) / members;
    }
    assert_close(c->out.vector[0], hypot(mean[0], mean[1]), ROUND);
    assert_close(c->out.vector[1], length, ROUND);
    assert_close(c->out.vector[2], square, ROUND);
    assert_close(c->out.vector[3], mean[0], ROUND);
    assert_close(c->out.vector[4], mean[1], ROUND);
    assert_close(evaluate(sim, "m", OUT_SCALAR)->out.scalar,
                 hypot(mean[0], mean[1]), ROUND);
    sim_free(sim);
}

static void staggered_vector(void **state)
{
    (void)state;
    check_vector("all");
    check_vector("left");
}

/* One component is a number: m_i = (-1)^i u_i, no neighbours taken off. */
static void staggered_chain(void **state)
{
    (void)state;
    struct adele *sim = sim_new("boundary f\nlattice chain 7\nmodel ssh alpha "
                                "1\ncompute m all cdw\n");
    double u[7], mean = 0;
    sim_randomise(sim, 1, 3);
    displacements(sim, u);
    const struct compute *c = evaluate(sim, "m", OUT_VECTOR);
    assert_int_equal(c->out.nsite_col, 1);
    for (int i = 0; i < 7; i++) {
        assert_close(c->out.site[i], i % 2 ? -u[i] : u[i], 0);
        mean += (i % 2 ? -u[i] : u[i]) / 7;
    }
    assert_close(c->out.vector[0], mean, ROUND);
    sim_free(sim);
}

/* A column of the user's has its neighbours taken off as before; a wave vector
   goes with it only; a compute that came before the model says so. */
static void user_and_model(void **state)
{
    (void)state;
    struct adele *sim = sim_new("lattice square 4 4\nmodel ssh alpha 1\n"
                                "compute m all cdw of ux\n");
    double u[32];
    for (int i = 0; i < 16; i++)
        u[i] = (i % 4 + i / 4) % 2 ? 0.1 : 0.7;
    sim_set(sim, 0, u);
    const struct compute *c = evaluate(sim, "m", OUT_VECTOR);
    assert_int_equal(c->out.nsite_col, 1);
    assert_close(c->out.vector[0], 0.6, ROUND);
    assert_int_not_equal(adele_command(sim, "compute k all cdw q pi 0"), 0);
    assert_non_null(strstr(adele_error(sim), "goes with a quantity"));
    sim_run(sim, "compute k all cdw of ux q pi 0");
    sim_free(sim);

    sim = sim_new("lattice square 4 4\ncompute m all cdw\n"
                  "model ssh alpha 1\nelectrons mu 0 temp 1\npair_style ed\n");
    assert_int_not_equal(
        compute_evaluate(sim, compute_find(sim, "m"), OUT_SITE), 0);
    assert_non_null(strstr(adele_error(sim), "write the compute after"));
    sim_free(sim);
}

struct drawing {
    const char *boundary;
    int nx;
    const char *picture; /* > ^ < v, 0 for none; rows from y = 0 */
    double domains, walls, largest, opposite;
};

static void check_drawing(const struct drawing *d)
{
    int n = (int)strlen(d->picture);
    static const char name[] = ">^<v";
    double u[2 * MOST] = {0}, population[4] = {0}, members = 0;
    struct adele *sim = sim_new("boundary %s\nlattice square %d %d\nmodel ssh "
                                "alpha 1\ncompute d all domain\n",
                                d->boundary, d->nx, n / d->nx);
    for (int i = 0; i < n; i++) {
        const char *at = strchr(name, d->picture[i]);
        if (!at)
            continue;
        int k = (int)(at - name);
        double sign = (i % d->nx + i / d->nx) % 2 ? -1 : 1;
        u[i] = sign * (k == 0 ? 0.24 : k == 2 ? -0.2 : 0.1);
        u[n + i] = sign * (k == 1 ? 0.24 : k == 3 ? -0.3 : 0.05);
        population[k]++;
        members++;
    }
    sim_set(sim, 0, u);
    sim_set(sim, 1, u + n);
    const struct compute *c = evaluate(sim, "d", OUT_VECTOR);
    assert_int_equal(c->out.nvector, 9);
    assert_close(c->out.vector[0], d->domains, 0);
    assert_close(c->out.vector[1], d->walls, 0);
    assert_close(c->out.vector[2], d->largest, 0);
    for (int k = 0; k < 4; k++)
        assert_close(c->out.vector[4 + k], population[k] / members, 1e-15);
    assert_close(c->out.vector[8], d->opposite, 0);
    sim_free(sim);
}

/* clang-format off */
static const struct drawing drawings[] = {
    {"p p", 4, ">>>>" ">>>>" ">>>>" ">>>>", 1, 0, 16, 0},
    {"p p", 4, ">><<" ">><<" ">><<" ">><<", 2, 8, 8, 8},
    {"p p", 4, ">>^^" ">>^^" ">>^^" ">>^^", 2, 8, 8, 0},
    {"f p", 4, ">>^^" ">>^^" ">>^^" ">>^^", 2, 4, 8, 0},
    {"f f", 4, ">>^^" ">>^^" "vv<<" "vv<<", 4, 8, 4, 0},
    {"f f", 4, ">>^^" ">>^^" "<<vv" "<<vv", 4, 8, 4, 4},
    {"f f", 4, ">>00" ">>00" "00vv" "00vv", 2, 0, 4, 0},
    {"f f", 4, ">>>>" ">^v>" ">>>>" ">>>>", 3, 7, 14, 1},
};
/* clang-format on */

static void four_states(void **state)
{
    (void)state;
    for (size_t k = 0; k < sizeof drawings / sizeof *drawings; k++)
        check_drawing(&drawings[k]);
}

/* Of a vector: the sum over its components, and by the definition at r = 1. */
static void vector_correlation(void **state)
{
    (void)state;
    struct adele *sim = sim_new(
        "lattice square 6 5\nmodel ssh alpha 1\ncompute m all cdw of ux\n"
        "compute a all correlation ux along radial connected yes\n"
        "compute b all correlation uy along radial connected yes\n"
        "compute c all correlation ux uy along radial connected yes\n"
        "compute n all correlation ux uy normalize yes\n"
        "compute p all correlation ux uy\n"
        "compute s all sfactor ux\ncompute t all sfactor uy\n"
        "compute v all sfactor ux uy\ncompute w all sfactor ux uy q 1 0.3\n"
        "compute x all sfactor ux q 1 0.3\ncompute y all sfactor uy q 1 0.3\n");
    double u[60], near = 0, square = 0;
    sim_randomise(sim, 1, 9);
    displacements(sim, u);
    const struct outputs *a = &evaluate(sim, "a", OUT_ARRAY)->out;
    const struct outputs *b = &evaluate(sim, "b", OUT_ARRAY)->out;
    const struct outputs *c = &evaluate(sim, "c", OUT_ARRAY)->out;
    for (int64_t k = 0; k < c->nrow; k++)
        assert_close(c->array[3 * k + 1],
                     a->array[3 * k + 1] + b->array[3 * k + 1], ROUND);
    for (int i = 0; i < 60; i++) {
        int site = i % 30, first = i - site;
        int x = first + site / 6 * 6 + (site + 1) % 6;
        int y = first + (site + 6) % 30;
        if (site % 6 < 5)
            x = i + 1;
        near += u[i] * (u[x] + u[y]) / 60;
        square += u[i] * u[i] / 30;
    }
    assert_close(evaluate(sim, "p", OUT_ARRAY)->out.array[4], near, ROUND);
    assert_close(evaluate(sim, "p", OUT_ARRAY)->out.array[1], square, ROUND);
    assert_close(evaluate(sim, "n", OUT_ARRAY)->out.array[4], near / square,
                 ROUND);
    for (int k = 0; k < 3; k += 2) /* S(Q) and the total, not L */
        assert_close(evaluate(sim, "v", OUT_VECTOR)->out.vector[k],
                     evaluate(sim, "s", OUT_VECTOR)->out.vector[k] +
                         evaluate(sim, "t", OUT_VECTOR)->out.vector[k],
                     ROUND);
    assert_close(evaluate(sim, "w", OUT_VECTOR)->out.vector[0],
                 evaluate(sim, "x", OUT_VECTOR)->out.vector[0] +
                     evaluate(sim, "y", OUT_VECTOR)->out.vector[0],
                 ROUND);
    assert_true(evaluate(sim, "w", OUT_VECTOR)->out.vector[0] > 1e-4);
    sim_free(sim);
}

/* m = (a, b) everywhere: S(Q) = |m|^2. */
static void perfect_vector_order(void **state)
{
    (void)state;
    struct adele *sim = sim_new("lattice square 6 4\nmodel ssh alpha 1\n"
                                "displace all wave pi pi 0.2\n"
                                "displace all wave pi pi -0.1 component uy\n"
                                "compute s all sfactor ux uy\n"
                                "compute m all cdw\n");
    assert_close(evaluate(sim, "s", OUT_VECTOR)->out.vector[0], 0.05, ROUND);
    assert_close(evaluate(sim, "m", OUT_VECTOR)->out.vector[3], 0.2, ROUND);
    assert_close(evaluate(sim, "m", OUT_VECTOR)->out.vector[4], -0.1, ROUND);
    sim_free(sim);
}

/* The bonds of every lattice by the model's own list; 2 sum h rho is the band
   energy when there is nothing else. */
static void check_bonds(struct adele *sim)
{
    struct terms t = {0};
    int64_t n = sim->lat->nsite;
    double energy = 0, mean = 0, square = 0, nearest = 0;
    const struct outputs *rho = &evaluate(sim, "b", OUT_SITE)->out;
    const struct outputs *h = &evaluate(sim, "h", OUT_SITE)->out;
    assert_int_equal(forces_require(sim, NEED_ENTROPY | NEED_BOND), 0);
    assert_int_equal(pair_terms(sim, &t), 0);
    assert_int_equal(rho->nsite_col, h->nsite_col);
    int filled = 0;
    for (int64_t k = 0; k < n * rho->nsite_col; k++) {
        energy += 2 * h->site[k] * rho->site[k];
        filled += h->site[k] != 0;
    }
    /* t2 = 0: the bonds to second neighbours have no hopping */
    for (int64_t b = 0; b < t.nbond; b++)
        nearest += t.hopping[b] != 0;
    assert_int_equal(filled, (int)nearest);
    for (int64_t b = 0; b < t.nbond; b++)
        mean += t.hopping[b] != 0 ? sim->forces->rho[b] / nearest : 0;
    assert_close(energy, sim->forces->band, 1e-11);
    assert_true(fabs(energy) > 0.1);
    const struct outputs *v = &evaluate(sim, "b", OUT_VECTOR)->out;
    assert_close(v->vector[0], mean, 1e-12);
    for (int64_t b = 0; b < t.nbond; b++)
        if (t.hopping[b] != 0)
            square += pow(sim->forces->rho[b] - mean, 2) / nearest;
    assert_close(v->vector[1], sqrt(square), 1e-12);
    terms_fini(&t);
}

static void bonds_of_every_lattice(void **state)
{
    (void)state;
    int count = 0;
    for (int k = 0;; k++) {
        struct text deck = {0};
        if (!sim_lattice(k, &deck))
            break;
        for (int m = 0; m < 2; m++) {
            struct adele *sim = sim_new("%s", deck.s);
            if (sim_try(sim,
                        m ? "model ssh alpha 0.4" : "model holstein g 0") &&
                (sim_run(sim, "electrons mu -0.3 temp 0.2\npair_style ed"),
                 sim_try(sim, "compute b all bond"))) {
                sim_run(sim, "compute h all bond of hopping");
                sim_randomise(sim, 0.5, 3);
                check_bonds(sim);
                count++;
            }
            sim_free(sim);
        }
        text_free(&deck);
    }
    assert_true(count > 60);
}

/* u = (-1)^(x+y) (a, b): h = -t - 2 alpha s_i m, so the staggered mean of the
   hopping along x is -2 alpha a; only bonds within the group count. */
static void bond_order(void **state)
{
    (void)state;
    struct adele *sim = sim_new(
        "boundary p f\nlattice square 6 4\nmodel ssh t 2.5 alpha 4 k 30\n"
        "electrons filling 0.5 temp 0.1\npair_style ed\n"
        "displace all wave pi pi 0.2\n"
        "displace all wave pi pi 0.1 component uy\n"
        "group low id 1:12\n"
        "compute h all bond of hopping\ncompute b all bond\n"
        "compute l low bond of hopping\n");
    const struct outputs *h = &evaluate(sim, "h", OUT_VECTOR)->out;
    assert_int_equal(h->nvector, 6);
    assert_close(h->vector[2], -2.5, ROUND);
    assert_close(h->vector[4], -2 * 4 * 0.2, ROUND);
    assert_close(h->vector[5], -2 * 4 * 0.1, ROUND);
    const struct outputs *b = &evaluate(sim, "b", OUT_VECTOR)->out;
    /* strong bonds carry more */
    assert_true(b->vector[4] > 0.05 && b->vector[5] > 0.02);
    const struct outputs *l = &evaluate(sim, "l", OUT_SITE)->out;
    int filled[2] = {0};
    for (int i = 0; i < 48; i++)
        filled[i / 24] += l->site[i] != 0;
    assert_int_equal(filled[0], 12);
    assert_int_equal(filled[1], 6);
    sim_free(sim);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(staggered_vector),
                                       cmocka_unit_test(staggered_chain),
                                       cmocka_unit_test(user_and_model),
                                       cmocka_unit_test(four_states),
                                       cmocka_unit_test(vector_correlation),
                                       cmocka_unit_test(perfect_vector_order),
                                       cmocka_unit_test(bonds_of_every_lattice),
                                       cmocka_unit_test(bond_order)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

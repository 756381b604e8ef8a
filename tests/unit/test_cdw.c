/* The order parameter: perfect order, single sites, direct sums over the
   neighbours of every lattice and boundary, symmetry, groups. */

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>
#include <omp.h>

#include "adele.h"
#include "close.h"
#include "plug/compute.h"
#include "sim.h"

static const char model[] =
    "model holstein t 1 g 1 k 1 kappa 0.1 mass 2.0\npair_style elastic\n";

static struct compute *evaluate(struct adele *sim, const char *id,
                                enum shape shape)
{
    struct compute *c = compute_find(sim, id);
    assert_non_null(c);
    if (compute_evaluate(sim, c, shape))
        fail_msg("%s", adele_error(sim));
    return c;
}

/* The sign of the two-sublattice order, from the pictures in the manual. */
static double order(const struct lattice *lat, int64_t site)
{
    int cell[3], b;
    lattice_cell(lat, site, cell, &b);
    if (lat->shape.nbasis == 2)
        return b ? -1 : 1;
    return (cell[0] + cell[1] + cell[2]) % 2 ? -1 : 1;
}

static bool frustrated(const struct lattice *lat)
{
    if (lat->shape.nbasis == 2)
        return false;
    for (int a = 0; a < lat->shape.dim; a++)
        if (lat->periodic[a] && lat->n[a] > 1 && lat->n[a] % 2)
            return true;
    return false;
}

/* (sum over neighbours, their number) of a site, by walking the lattice. */
static double neighbour_sum(const struct lattice *lat, const double *x,
                            int64_t site, int *count)
{
    int cell[3], b;
    double sum = 0;
    *count = 0;
    lattice_cell(lat, site, cell, &b);
    for (int k = 0; k < lat->nearest.n[b]; k++) {
        const struct stencil_site *to = &lat->nearest.site[b][k];
        int64_t j = lattice_neighbour(lat, cell, to->cell, to->to, NULL);
        if (j < 0)
            continue;
        sum += x[j];
        ++*count;
    }
    return sum;
}

static struct adele *case_new(int k, const char *computes)
{
    struct text deck = {0};
    if (!sim_lattice(k, &deck))
        return NULL;
    struct adele *sim = sim_new("%s%s%s", deck.s, model, computes);
    text_free(&deck);
    return sim;
}

static double *random_field(struct adele *sim, uint32_t stream)
{
    double *x = malloc((size_t)sim->lat->nsite * sizeof *x);
    assert_non_null(x);
    for (int64_t i = 0; i < sim->lat->nsite; i++)
        x[i] = sim_random(stream, i);
    sim_set(sim, 0, x);
    return x;
}

/* x = c + A order: every neighbour is opposite, so phi = 2 A on each site that
   has one, edges included.  Rounding: one sum of at most 6 numbers, 1e-14. */
static void perfect_order(void **state)
{
    (void)state;
    struct adele *sim;
    int tested = 0;
    for (int k = 0; (sim = case_new(k, "")); sim_free(sim), k++) {
        const struct lattice *lat = sim->lat;
        if (!lat->shape.ordered || frustrated(lat))
            continue;
        double *x = random_field(sim, 1), none = 0;
        for (int64_t i = 0; i < lat->nsite; i++) {
            int z;
            neighbour_sum(lat, x, i, &z);
            none += z == 0;
            x[i] = 0.3 + 0.7 * order(lat, i);
        }
        for (int64_t i = 0; i < lat->nsite; i++)
            x[i] = 0.3 + 0.7 * order(lat, i);
        sim_set(sim, 0, x);
        sim_run(sim, "compute p all cdw of q");
        struct compute *c = evaluate(sim, "p", OUT_SITE);
        for (int64_t i = 0; i < lat->nsite; i++) {
            int z;
            neighbour_sum(lat, x, i, &z);
            assert_close(c->out.site[i], z ? 1.4 : 0, 1e-14);
        }
        double part = 1 - none / (double)lat->nsite;
        evaluate(sim, "p", OUT_VECTOR);
        assert_close(c->out.vector[0], 1.4 * part, 1e-14);
        assert_close(c->out.vector[1], 1.4 * part, 1e-14);
        assert_close(c->out.vector[2], 1.96 * part, 1e-14);
        assert_true(c->out.vector[3] == 0);
        evaluate(sim, "p", OUT_SCALAR);
        assert_true(c->out.scalar == c->out.vector[0]);
        free(x);
        tested++;
    }
    assert_true(tested > 40);
}

/* A random field against the defining sum, the lattice's own Q and another.
   Rounding: sums of at most 7 numbers below 1. */
static void direct_sum(void **state)
{
    (void)state;
    struct adele *sim;
    for (int k = 0; (sim = case_new(k, "")); sim_free(sim), k++) {
        const struct lattice *lat = sim->lat;
        static const char *const waves[] = {"0.7", "0.7 -1.9", "0.7 -1.9 2.3"};
        static const double wave[] = {0.7, -1.9, 2.3};
        double *x = random_field(sim, 2);
        if (lat->shape.ordered)
            sim_run(sim, "compute own all cdw of q");
        sim_run(sim, "compute p all cdw q %s of q", waves[lat->shape.dim - 1]);
        const double *phi = evaluate(sim, "p", OUT_SITE)->out.site;
        const double *own = lat->shape.ordered && !frustrated(lat)
                                ? evaluate(sim, "own", OUT_SITE)->out.site
                                : NULL;
        double sum = 0, imag = 0;
        for (int64_t i = 0; i < lat->nsite; i++) {
            int z;
            double r[3], phase = 0, d = neighbour_sum(lat, x, i, &z);
            d = z ? x[i] - d / z : 0;
            lattice_position(lat, i, r);
            for (int a = 0; a < 3; a++)
                phase += a < lat->shape.dim ? wave[a] * r[a] : 0;
            assert_close(phi[i], d * cos(phase), 1e-14);
            if (own)
                assert_close(own[i], d * order(lat, i), 1e-14);
            sum += d * cos(phase);
            imag += d * sin(phase);
        }
        struct compute *c = evaluate(sim, "p", OUT_VECTOR);
        assert_close(c->out.vector[0], sum / (double)lat->nsite, 1e-14);
        assert_close(c->out.vector[3], imag / (double)lat->nsite, 1e-14);
        free(x);
    }
}

/* A symmetry operation of the finite lattice moves phi with the sites, up to
   the sign with which it moves the pattern. */
static void symmetry(void **state)
{
    (void)state;
    struct adele *sim;
    int tested = 0;
    for (int k = 0; (sim = case_new(k, "")); sim_free(sim), k++) {
        const struct lattice *lat = sim->lat;
        if (!lat->shape.ordered || frustrated(lat))
            continue;
        size_t n = (size_t)lat->nsite;
        sim_run(sim, "compute p all cdw of q");
        int64_t *image = malloc(n * sizeof *image);
        double *before = malloc(n * sizeof *before);
        double *moved = malloc(n * sizeof *moved);
        double *x = random_field(sim, 3);
        const double *phi = evaluate(sim, "p", OUT_SITE)->out.site;
        for (size_t i = 0; i < n; i++)
            before[i] = phi[i];
        for (int o = 0; o < lat->nop; o++) {
            if (!lattice_permutation(lat, &lat->op[o], image))
                continue;
            for (size_t i = 0; i < n; i++)
                moved[image[i]] = x[i];
            sim_set(sim, 0, moved);
            phi = evaluate(sim, "p", OUT_SITE)->out.site;
            double sign = order(lat, 0) * order(lat, image[0]);
            for (size_t i = 0; i < n; i++)
                assert_close(phi[image[i]], sign * before[i], 1e-14);
            tested++;
        }
        free(image);
        free(before);
        free(moved);
        free(x);
    }
    assert_true(tested > 100);
}

/* Only the sites of the group are averaged, their neighbours are not left out.
 */
static void groups(void **state)
{
    (void)state;
    struct adele *sim = sim_new("lattice square 6 4\n%s"
                                "group g id 3 8 9\n"
                                "compute p all cdw of q\n"
                                "compute g g cdw of q\n",
                                model);
    double *x = random_field(sim, 4);
    const double *all = evaluate(sim, "p", OUT_SITE)->out.site;
    struct compute *g = evaluate(sim, "g", OUT_VECTOR);
    for (int i = 0; i < 24; i++)
        assert_true(g->out.site[i] ==
                    (i == 2 || i == 7 || i == 8 ? all[i] : 0));
    assert_close(g->out.vector[0], (all[2] + all[7] + all[8]) / 3, 1e-15);
    free(x);
    sim_free(sim);
}

/* The density of a saturated state is 1 on one sublattice, 0 on the other:
   phi -> 1 for strong coupling. */
static void of_density(void **state)
{
    (void)state;
    struct adele *sim = sim_new("lattice square 6 6\n"
                                "model holstein t 1.0 g 40 k 1 kappa 0 mass 1\n"
                                "electrons filling 0.5 temp 0.1\n"
                                "displace all wave pi pi 20\n"
                                "pair_style ed\n"
                                "compute phi all cdw\n"
                                "compute n all density\n");
    struct compute *phi = evaluate(sim, "phi", OUT_SCALAR);
    /* admixture of a neighbour: (t / gap)^2 z ~ 4 / 1600^2, four times */
    assert_close(fabs(phi->out.scalar), 1, 1e-4);
    struct compute *n = evaluate(sim, "n", OUT_VECTOR);
    evaluate(sim, "n", OUT_SCALAR);
    assert_close(n->out.scalar, 18, 1e-9);
    assert_close(n->out.vector[0], 0.5, 1e-11);
    assert_close(n->out.vector[1], 0.25, 1e-4);
    sim_free(sim);
}

/* Kinetic energy and temperature from velocities that are known. */
static void kinetic(void **state)
{
    (void)state;
    struct adele *sim = sim_new("lattice chain 4\n%s"
                                "group g id 2 3\n"
                                "compute k all ke\ncompute kg g ke\n"
                                "compute t all temp\ncompute tg g temp\n",
                                model);
    const double v[] = {1, -2, 3, 0.5};
    field_scatter(sim->state.velocity, 0, v);
    assert_close(evaluate(sim, "k", OUT_SCALAR)->out.scalar, 14.25, 1e-14);
    assert_close(evaluate(sim, "kg", OUT_SCALAR)->out.scalar, 13, 1e-14);
    assert_close(evaluate(sim, "t", OUT_SCALAR)->out.scalar, 7.125, 1e-14);
    assert_close(evaluate(sim, "tg", OUT_SCALAR)->out.scalar, 13, 1e-14);
    assert_close(evaluate(sim, "tg", OUT_VECTOR)->out.vector[0], 13, 1e-14);
    const double *site = evaluate(sim, "kg", OUT_SITE)->out.site;
    assert_true(site[0] == 0 && site[1] == 4 && site[2] == 9 && site[3] == 0);
    sim_free(sim);
}

/* pe of one displaced site: k q^2 / 2. */
static void potential(void **state)
{
    (void)state;
    struct adele *sim =
        sim_new("lattice square 4 4\n%scompute e all pe\n", model);
    double x[16] = {0};
    x[5] = 3;
    sim_set(sim, 0, x);
    assert_close(evaluate(sim, "e", OUT_SCALAR)->out.scalar, 4.5, 1e-14);
    const double *part = evaluate(sim, "e", OUT_VECTOR)->out.vector;
    assert_close(part[0], 4.5, 1e-14);
    assert_true(part[1] == 0 && part[2] == 0);
    sim_free(sim);
}

/* The value is kept while nothing changed and made anew when something did. */
static void stamps(void **state)
{
    (void)state;
    struct adele *sim =
        sim_new("lattice square 4 4\n%scompute p all cdw of q\n", model);
    double *x = random_field(sim, 5);
    double first = evaluate(sim, "p", OUT_SCALAR)->out.scalar;
    x[0] += 1;
    sim_set(sim, 0, x);
    double second = evaluate(sim, "p", OUT_SCALAR)->out.scalar;
    /* site 0 gains 1, its four neighbours 1/4 each, all with their sign */
    assert_close(second - first, 2.0 / 16, 1e-14);
    free(x);
    sim_free(sim);
}

static void threads(void **state)
{
    (void)state;
    struct adele *sim = sim_new("lattice honeycomb 57 83\n%s"
                                "compute p all cdw of q\n",
                                model);
    double *x = random_field(sim, 6), sum[2];
    for (int t = 0; t < 2; t++) {
        omp_set_num_threads(t + 1);
        sim_set(sim, 0, x);
        sum[t] = evaluate(sim, "p", OUT_VECTOR)->out.vector[2];
    }
    assert_true(sum[0] == sum[1] && sum[0] > 0);
    free(x);
    sim_free(sim);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(perfect_order), cmocka_unit_test(direct_sum),
        cmocka_unit_test(symmetry),      cmocka_unit_test(groups),
        cmocka_unit_test(of_density),    cmocka_unit_test(kinetic),
        cmocka_unit_test(potential),     cmocka_unit_test(stamps),
        cmocka_unit_test(threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

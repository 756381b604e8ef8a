/* Domains of drawn patterns, against a flood fill on random ones, and the
   reductions of per-site values. */

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

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

/* domains, walls, largest of a picture: '+', '-', '0', rows from y = 0. */
static void drawn(const char *boundary, int nx, const char *picture,
                  double domains, double walls, double largest)
{
    int n = (int)strlen(picture);
    struct adele *sim = sim_new("boundary %s\nlattice square %d %d\n%s"
                                "compute d all domain of q\n",
                                boundary, nx, n / nx, model);
    double *x = calloc((size_t)n, sizeof *x), members = 0;
    for (int i = 0; i < n; i++) {
        x[i] = picture[i] == '+' ? 2.5 : picture[i] == '-' ? -0.1 : 0;
        members += x[i] != 0;
    }
    sim_set(sim, 0, x);
    const struct compute *c = evaluate(sim, "d", OUT_VECTOR);
    evaluate(sim, "d", OUT_SCALAR);
    assert_close(c->out.scalar, domains, 0);
    assert_close(c->out.vector[0], domains, 0);
    assert_close(c->out.vector[1], walls, 0);
    assert_close(c->out.vector[2], largest, 0);
    assert_close(c->out.vector[3], domains > 0 ? members / domains : 0, 1e-14);
    free(x);
    sim_free(sim);
}

/* clang-format off */
static void pictures(void **state)
{
    (void)state;
    drawn("p p", 4, "++++" "++++" "++++", 1, 0, 12);
    drawn("p p", 4, "++--" "++--" "++--", 2, 6, 6);     /* two walls of 3 */
    drawn("f p", 4, "++--" "++--" "++--", 2, 3, 6);     /* one wall */
    drawn("p p", 4, "+--+" "+--+" "+--+", 2, 6, 6);     /* joined around */
    drawn("f p", 4, "+--+" "+--+" "+--+", 3, 6, 6);     /* not joined */
    drawn("p p", 4, "----" "-+--" "----", 2, 4, 11);    /* a single site */
    drawn("f f", 3, "+--" "---" "---", 2, 2, 8);        /* in a corner */
    drawn("f f", 4, "++--" "++--" "--++" "--++", 4, 8, 4); /* corners touch */
    drawn("p p", 4, "++--" "++--" "--++" "--++", 4, 16, 4);
    drawn("f f", 3, "+0-" "+0-" "+0-", 2, 0, 3);        /* nothing between */
    drawn("f f", 2, "00" "00", 0, 0, 0);
    drawn("p p", 1, "+", 1, 0, 1);
    drawn("p p", 2, "+-" "+-", 2, 4, 2); /* both bonds of a length-2 axis */
    drawn("f f", 5, "+++++" "+---+" "+-+-+" "+---+" "+++++", 3, 16, 16);
}
/* clang-format on */

/* Flood fill over lattice_neighbour. */
static void flood(const struct lattice *lat, const double *x, int64_t i,
                  int64_t label, int64_t *out)
{
    int cell[3], b;
    out[i] = label;
    lattice_cell(lat, i, cell, &b);
    for (int k = 0; k < lat->nearest.n[b]; k++) {
        const struct stencil_site *to = &lat->nearest.site[b][k];
        int64_t j = lattice_neighbour(lat, cell, to->cell, to->to, NULL);
        if (j >= 0 && !out[j] && x[i] * x[j] > 0)
            flood(lat, x, j, label, out);
    }
}

static double wall_bonds(const struct lattice *lat, const double *x)
{
    double walls = 0;
    for (int64_t i = 0; i < lat->nsite; i++) {
        int cell[3], b;
        lattice_cell(lat, i, cell, &b);
        for (int k = 0; k < lat->nearest.n[b]; k++) {
            const struct stencil_site *to = &lat->nearest.site[b][k];
            int64_t j = lattice_neighbour(lat, cell, to->cell, to->to, NULL);
            walls += j >= 0 && x[i] * x[j] < 0;
        }
    }
    return walls / 2;
}

/* Labels of random signs on every lattice, in the order of first sites. */
static void random_signs(void **state)
{
    (void)state;
    for (int k = 0;; k++) {
        struct text deck = {0};
        if (!sim_lattice(k, &deck))
            break;
        struct adele *sim =
            sim_new("%s%scompute d all domain of q\n", deck.s, model);
        const struct lattice *lat = sim->lat;
        size_t n = (size_t)lat->nsite;
        double *x = malloc(n * sizeof *x);
        int64_t *label = calloc(n, sizeof *label), domains = 0;
        for (size_t i = 0; i < n; i++)
            x[i] = sim_random(5, (int64_t)i);
        sim_set(sim, 0, x);
        for (size_t i = 0; i < n; i++)
            if (!label[i])
                flood(lat, x, (int64_t)i, ++domains, label);
        const struct compute *c = evaluate(sim, "d", OUT_VECTOR);
        for (size_t i = 0; i < n; i++)
            assert_true((int64_t)c->out.site[i] == label[i]);
        assert_close(c->out.vector[0], (double)domains, 0);
        assert_close(c->out.vector[1], wall_bonds(lat, x), 0);
        free(x);
        free(label);
        sim_free(sim);
        text_free(&deck);
    }
}

/* By default the sign of the order parameter of the density: one domain in a
   perfect checkerboard, two when half of it is shifted. */
static void of_density(void **state)
{
    (void)state;
    struct adele *sim = sim_new("lattice square 8 4\n"
                                "model holstein t 1 g 8 k 1 kappa 0 mass 1\n"
                                "electrons filling 0.5 temp 0.1\n"
                                "displace all wave pi pi 4\n"
                                "pair_style ed\n"
                                "compute d all domain\n");
    assert_close(evaluate(sim, "d", OUT_SCALAR)->out.scalar, 1, 0);
    double x[32];
    field_gather(sim->state.displacement, 0, x);
    for (int i = 0; i < 32; i++)
        x[i] *= i % 8 < 4 ? 1 : -1;
    sim_set(sim, 0, x);
    const double *v = evaluate(sim, "d", OUT_VECTOR)->out.vector;
    assert_close(v[0], 2, 0);
    assert_close(v[1], 8, 0);
    assert_close(v[2], 16, 0);
    assert_close(v[4], 0.5, 0);
    sim_free(sim);
}

/* Each mode against its formula, on a group and with a second input. */
static void reductions(void **state)
{
    (void)state;
    static const char *const modes[] = {"sum",    "ave",   "min",    "max",
                                        "sumsq",  "avesq", "sumabs", "aveabs",
                                        "minabs", "maxabs"};
    const double q[] = {1, -3, 2, 0.5, -0.25, 8};
    const double all[] = {8.25,        1.375, -3,        8,    78.3125,
                          78.3125 / 6, 14.75, 14.75 / 6, 0.25, 8};
    const double some[] = {-2.75, -2.75 / 3, -3,   0.5, 9.3125, 9.3125 / 3,
                           3.75,  1.25,      0.25, 3}; /* of -3, 0.5, -0.25 */
    struct adele *sim = sim_new("lattice chain 6\n%sgroup g id 2 4 5\n", model);
    sim_set(sim, 0, q);
    for (int m = 0; m < 10; m++) {
        sim_run(sim,
                "compute a all reduce %s q\n"
                "compute b g reduce %s id q\n",
                modes[m], modes[m]);
        assert_close(evaluate(sim, "a", OUT_SCALAR)->out.scalar, all[m], 1e-13);
        const double *v = evaluate(sim, "b", OUT_VECTOR)->out.vector;
        assert_close(v[1], some[m], 1e-13);
        assert_false(compute_shapes(compute_find(sim, "b")) & OUT_SCALAR);
        sim_run(sim, "uncompute a\nuncompute b");
    }
    sim_run(sim, "compute r all reduce min q id x replace 2 1 replace 3 1");
    const double *v = evaluate(sim, "r", OUT_VECTOR)->out.vector;
    assert_true(v[0] == -3 && v[1] == 2 && v[2] == 1);
    sim_free(sim);
}

static void refused(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "compute r all reduce mean q",
        "compute r all reduce sum",
        "compute r all reduce sum q replace 1 1",
        "compute r all reduce max q id replace 1 1",
        "compute r all reduce max q id replace 1 3",
        "compute r all reduce max q id x replace 1 2 replace 2 3 replace 3 1",
        "compute r all reduce sum banana",
        "compute r nowhere reduce sum q",
        "compute r all nothing",
        "compute r-1 all ke",
        "compute p g pe",
        "compute c all cdw of q q 1 2",
        "compute c all correlation q along a2",
        "compute c all correlation q width 0",
        "compute s all sfactor q window -1",
        "compute s all sfactor q profile 0",
        "compute s all sfactor",
        "compute k all ke",
        "uncompute nothing"};
    struct adele *sim = sim_new("lattice chain 6\n%sgroup g id 1\n"
                                "compute k all temp\n",
                                model);
    for (size_t k = 0; k < sizeof wrong / sizeof *wrong; k++)
        if (sim_try(sim, "%s", wrong[k]))
            fail_msg("`%s` is accepted", wrong[k]);
    assert_int_equal(sim->computes.n, 1);
    sim_free(sim);
    sim = sim_new("lattice triangular 4 4\n%s", model);
    assert_false(sim_try(sim, "compute c all cdw"));
    assert_false(sim_try(sim, "compute s all sfactor density"));
    assert_false(sim_try(sim, "compute d all domain"));
    sim_run(sim, "compute c all cdw q 4*pi/3 0");
    sim_free(sim);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pictures),   cmocka_unit_test(random_signs),
        cmocka_unit_test(of_density), cmocka_unit_test(reductions),
        cmocka_unit_test(refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

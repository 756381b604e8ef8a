/* Correlation functions against direct sums over pairs on every lattice and
   boundary, sum rules, closed forms. */

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

static struct compute *evaluate(struct adele *sim, const char *id)
{
    struct compute *c = compute_find(sim, id);
    assert_non_null(c);
    if (compute_evaluate(sim, c, OUT_ARRAY))
        fail_msg("%s", adele_error(sim));
    return c;
}

static double *random_field(struct adele *sim, uint32_t stream)
{
    double *x = malloc((size_t)sim->lat->nsite * sizeof *x);
    assert_non_null(x);
    for (int64_t i = 0; i < sim->lat->nsite; i++)
        x[i] = 0.4 + sim_random(stream, i);
    sim_set(sim, 0, x);
    return x;
}

/* Along an axis: sites m cells on, boundaries as they are. */
static void along_axis(const struct lattice *lat, const double *x,
                       const bool *member, int axis, int m, double *sum,
                       double *count)
{
    for (int64_t i = 0; i < lat->nsite; i++) {
        int cell[3], offset[3] = {0, 0, 0}, b;
        lattice_cell(lat, i, cell, &b);
        offset[axis] = m;
        int64_t j = lattice_neighbour(lat, cell, offset, b, NULL);
        if (j < 0 || !member[i] || !member[j])
            continue;
        *sum += x[i] * x[j];
        ++*count;
    }
}

static double distance(const struct lattice *lat, int64_t i, int64_t j)
{
    double a[3], b[3], best = INFINITY;
    lattice_position(lat, i, a);
    lattice_position(lat, j, b);
    int wrap[3];
    for (int k = 0; k < 3; k++)
        wrap[k] = lat->periodic[k] && lat->n[k] > 1 ? 2 : 0;
    for (int u = -wrap[0]; u <= wrap[0]; u++)
        for (int v = -wrap[1]; v <= wrap[1]; v++)
            for (int w = -wrap[2]; w <= wrap[2]; w++) {
                double square = 0;
                for (int c = 0; c < 3; c++) {
                    double d = b[c] - a[c] +
                               u * lat->n[0] * lat->shape.a[0][c] +
                               v * lat->n[1] * lat->shape.a[1][c] +
                               w * lat->n[2] * lat->shape.a[2][c];
                    square += d * d;
                }
                best = fmin(best, square);
            }
    return sqrt(best);
}

static void check_axes(struct adele *sim, const char *group, const double *x,
                       const bool *member)
{
    const struct lattice *lat = sim->lat;
    sim_run(sim, "compute C %s correlation q", group);
    const struct compute *c = evaluate(sim, "C");
    for (int64_t m = 0; m < c->out.nrow; m++) {
        const double *row = c->out.array + 3 * m;
        double sum = 0, count = 0;
        for (int a = 0; a < (m ? lat->shape.dim : 1); a++) {
            int most = lat->periodic[a] ? lat->n[a] / 2 : lat->n[a] - 1;
            if (m <= most)
                along_axis(lat, x, member, a, (int)m, &sum, &count);
        }
        assert_close(row[2], count, 0);
        assert_close(row[1], count > 0 ? sum / count : 0, 1e-13);
        assert_close(row[0], (double)m, 1e-12);
    }
    sim_run(sim, "uncompute C");
}

static void check_rings(struct adele *sim, const char *group, const double *x,
                        const bool *member)
{
    const struct lattice *lat = sim->lat;
    double sum[64] = {0}, count[64] = {0}, length[64] = {0};
    sim_run(sim, "compute R %s correlation q along radial width 0.7 max 9",
            group);
    const struct compute *c = evaluate(sim, "R");
    assert_true(c->out.nrow <= 64);
    for (int64_t i = 0; i < lat->nsite; i++)
        for (int64_t j = 0; j < lat->nsite; j++) {
            if (!member[i] || !member[j])
                continue;
            double r = distance(lat, i, j);
            int64_t ring = (int64_t)floor(r / 0.7 + 0.5 + 1e-9);
            if (ring >= c->out.nrow)
                continue;
            sum[ring] += x[i] * x[j];
            count[ring]++;
            length[ring] += r;
        }
    for (int64_t k = 0; k < c->out.nrow; k++) {
        const double *row = c->out.array + 3 * k;
        assert_close(row[2], count[k], 0);
        if (count[k] > 0) {
            assert_close(row[1], sum[k] / count[k], 1e-13);
            assert_close(row[0], length[k] / count[k], 1e-12);
        }
    }
    sim_run(sim, "uncompute R");
}

/* Errors: sums of at most N = 40 products below 2, through a transform. */
static void direct_sums(void **state)
{
    (void)state;
    for (int k = 0;; k++) {
        struct text deck = {0};
        if (!sim_lattice(k, &deck))
            break;
        struct adele *sim = sim_new("%s%s", deck.s, model);
        const struct lattice *lat = sim->lat;
        sim_run(sim, "group g id 1%s", lat->nsite > 3 ? " 2 4" : "");
        double *x = random_field(sim, 11);
        bool *member = calloc((size_t)lat->nsite, 1);
        for (int pass = 0; pass < 2; pass++) {
            for (int64_t i = 0; i < lat->nsite; i++)
                member[i] = groups_has(&sim->groups, pass, i);
            check_axes(sim, pass ? "g" : "all", x, member);
            check_rings(sim, pass ? "g" : "all", x, member);
        }
        free(x);
        free(member);
        sim_free(sim);
        text_free(&deck);
    }
}

/* C(0) = <q^2>; connected: its sum over all pairs is 0; normalized: C(0) = 1;
   a2 alone sees only the second axis. */
static void options(void **state)
{
    (void)state;
    struct adele *sim =
        sim_new("lattice square 12 6\n%s"
                "compute C all correlation q\n"
                "compute D all correlation q along radial width 1 max 20 "
                "connected yes\n"
                "compute E all correlation q connected yes normalize yes\n"
                "compute F all correlation q along a2\n",
                model);
    double *x = random_field(sim, 3), square = 0, mean = 0;
    for (int i = 0; i < 72; i++) {
        square += x[i] * x[i] / 72;
        mean += x[i] / 72;
    }
    assert_close(evaluate(sim, "C")->out.array[1], square, 1e-14);
    const struct compute *d = evaluate(sim, "D");
    double sum = 0, pairs = 0;
    for (int64_t k = 0; k < d->out.nrow; k++) {
        sum += d->out.array[3 * k + 1] * d->out.array[3 * k + 2];
        pairs += d->out.array[3 * k + 2];
    }
    assert_close(pairs, 72 * 72, 0);
    assert_close(sum, 0, 1e-11); /* 72^2 products of order 1 */
    assert_close(d->out.array[1], square - mean * mean, 1e-14);
    const struct compute *e = evaluate(sim, "E"), *c = evaluate(sim, "C");
    assert_close(e->out.array[1], 1, 1e-14);
    assert_int_equal(e->out.nrow, 7);
    assert_close(e->out.array[4],
                 (c->out.array[4] - mean * mean) / (square - mean * mean),
                 1e-13);
    assert_int_equal(evaluate(sim, "F")->out.nrow, 4);
    free(x);
    sim_free(sim);
}

/* A wave along x: C(m) = cos(k m)/2 along a1, 1/2 along a2. */
static void closed_form(void **state)
{
    (void)state;
    struct adele *sim = sim_new("lattice square 16 8\n%s"
                                "compute X all correlation q along a1\n"
                                "compute Y all correlation q along a2 max 2\n",
                                model);
    double x[128];
    for (int i = 0; i < 128; i++)
        x[i] = cos(2 * M_PI * 3 * (i % 16) / 16);
    sim_set(sim, 0, x);
    const struct compute *c = evaluate(sim, "X");
    for (int m = 0; m <= 8; m++)
        assert_close(c->out.array[3 * m + 1], 0.5 * cos(2 * M_PI * 3 * m / 16),
                     1e-14);
    c = evaluate(sim, "Y");
    assert_int_equal(c->out.nrow, 3);
    for (int m = 0; m < 3; m++)
        assert_close(c->out.array[3 * m + 1], 0.5, 1e-14);
    sim_free(sim);
}

static void threads(void **state)
{
    (void)state;
    struct adele *sim = sim_new("boundary f p\nlattice honeycomb 60 47\n%s"
                                "compute R all correlation q along radial\n",
                                model);
    double *x = random_field(sim, 6), kept[300] = {0};
    const struct compute *c = NULL;
    for (int t = 0; t < 2; t++) {
        omp_set_num_threads(t + 1);
        sim_set(sim, 0, x);
        c = evaluate(sim, "R");
        assert_true(3 * c->out.nrow <= 300);
        for (int64_t k = 0; k < 3 * c->out.nrow; k++) {
            if (t)
                assert_true(kept[k] == c->out.array[k]);
            kept[k] = c->out.array[k];
        }
    }
    free(x);
    sim_free(sim);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(direct_sums),
        cmocka_unit_test(options),
        cmocka_unit_test(closed_form),
        cmocka_unit_test(threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

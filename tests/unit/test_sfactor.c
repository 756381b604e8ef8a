/* Structure factor: direct sums on every lattice, sum rule, single waves,
   perfect order, profile, window, speed of threads. */

#include <complex.h>
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

static double *random_field(struct adele *sim, uint32_t stream)
{
    double *x = malloc((size_t)sim->lat->nsite * sizeof *x);
    assert_non_null(x);
    for (int64_t i = 0; i < sim->lat->nsite; i++)
        x[i] = 0.4 + sim_random(stream, i);
    sim_set(sim, 0, x);
    return x;
}

/* |(1/N) sum s_i (x_i - mean) exp(ik.r_i)|^2 over the members. */
static double direct(const struct lattice *lat, const double *x,
                     const bool *member, bool stagger, const double k[3])
{
    double mean = 0, n = 0;
    double complex sum = 0;
    for (int64_t i = 0; i < lat->nsite; i++) {
        mean += member[i] ? x[i] : 0;
        n += member[i];
    }
    mean /= n;
    for (int64_t i = 0; i < lat->nsite; i++) {
        double r[3],
            sign = stagger ? lat->shape.sign[i % lat->shape.nbasis] : 1;
        lattice_position(lat, i, r);
        double phase = k[0] * r[0] + k[1] * r[1] + k[2] * r[2];
        if (member[i])
            sum += sign * (x[i] - mean) * (cos(phase) + I * sin(phase));
    }
    return pow(cabs(sum) / n, 2);
}

/* The length of the shortest of k - Q + G, over many G. */
static double image(const struct lattice *lat, const double k[3],
                    const double q[3])
{
    double b[3][3], best = INFINITY;
    lattice_reciprocal(lat, b);
    for (int i = -4; i <= 4; i++)
        for (int j = -4; j <= 4; j++)
            for (int l = -4; l <= 4; l++) {
                double square = 0;
                for (int c = 0; c < 3; c++) {
                    double d =
                        k[c] - q[c] + i * b[0][c] + j * b[1][c] + l * b[2][c];
                    square += d * d;
                }
                best = fmin(best, square);
            }
    return sqrt(best);
}

/* k is a wave of the finite lattice: n_a a_a.k / 2 pi is a whole number. */
static int64_t wave_number(const struct lattice *lat, const double k[3])
{
    int64_t index = 0;
    for (int a = 2; a >= 0; a--) {
        const double *v = lat->shape.a[a];
        double turns =
            (k[0] * v[0] + k[1] * v[1] + k[2] * v[2]) * lat->n[a] / (2 * M_PI);
        double whole = floor(turns + 0.5);
        assert_close(turns, whole, 1e-9);
        int64_t m = (int64_t)whole % lat->n[a];
        index = index * lat->n[a] + (m < 0 ? m + lat->n[a] : m);
    }
    return index;
}

/* Every wave once, S as the direct sum, |k - Q| the shortest image, L from
   both.  Errors: N roundings of numbers below 2, times phases good to 1e-14. */
static void check_case(struct adele *sim, const char *group, const char *extra,
                       const double q[3], bool stagger)
{
    const struct lattice *lat = sim->lat;
    int64_t n = lat->nsite, ncell = n / lat->shape.nbasis;
    int g = groups_find(&sim->groups, group);
    double *x = random_field(sim, 11);
    bool *member = malloc((size_t)n), *seen = calloc((size_t)ncell, 1);
    for (int64_t i = 0; i < n; i++)
        member[i] = groups_has(&sim->groups, g, i);
    sim_run(sim, "compute S %s sfactor q %s", group, extra);
    struct compute *c = evaluate(sim, "S", OUT_ARRAY);
    assert_int_equal(c->out.nrow, ncell);
    double total = 0, first = 0, square = 0, mean = 0, members = 0;
    for (int64_t k = 0; k < ncell; k++) {
        const double *row = c->out.array + 5 * k;
        int64_t m = wave_number(lat, row);
        assert_true(m == k && !seen[m]);
        seen[m] = true;
        assert_close(row[3], direct(lat, x, member, stagger, row), 1e-13);
        assert_close(row[4], image(lat, row, q), 1e-11);
        double d[3] = {row[0] - q[0], row[1] - q[1], row[2] - q[2]};
        assert_close(sqrt(d[0] * d[0] + d[1] * d[1] + d[2] * d[2]), row[4],
                     1e-11);
        total += row[3];
        first += row[3] * row[4];
    }
    evaluate(sim, "S", OUT_VECTOR);
    assert_close(c->out.vector[0], direct(lat, x, member, stagger, q), 1e-13);
    assert_close(c->out.vector[2], total, 1e-12);
    if (total > 1e-10 && first > 1e-10)
        assert_close(c->out.vector[1] * first / total, 1, 1e-11);
    /* Parseval: the sum over k is the mean square deviation over N */
    for (int64_t i = 0; i < n; i++) {
        members += member[i];
        mean += member[i] ? x[i] : 0;
    }
    mean /= members;
    for (int64_t i = 0; i < n; i++)
        square += member[i] ? pow(x[i] - mean, 2) : 0;
    if (lat->shape.nbasis == 1)
        assert_close(total, square * (double)n / (members * members), 1e-12);
    sim_run(sim, "uncompute S");
    free(x);
    free(member);
    free(seen);
}

/* The wave of the two-sublattice order, with its components along axes of one
   site left out (nothing varies there). */
static void own_wave(const struct lattice *lat, double q[3])
{
    for (int a = 0; a < 3; a++) {
        bool alternates =
            lat->shape.nbasis == 1 && a < lat->shape.dim && lat->n[a] > 1;
        q[a] = alternates ? M_PI : 0;
    }
}

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
        static const char *const waves[] = {"q 0.7", "q 0.7 -1.9",
                                            "q 0.7 -1.9 2.3"};
        double q[3];
        if (lat->shape.ordered) {
            own_wave(lat, q);
            check_case(sim, "all", "", q, true);
            check_case(sim, "g", "", q, true);
            check_case(sim, "all", "stagger no", q, false);
        }
        bool wide = true; /* an axis of one site drops its part of Q */
        for (int a = 0; a < lat->shape.dim; a++)
            wide = wide && lat->n[a] > 1;
        double other[3] = {0.7, lat->shape.dim > 1 ? -1.9 : 0,
                           lat->shape.dim > 2 ? 2.3 : 0};
        if (wide)
            check_case(sim, "all", waves[lat->shape.dim - 1], other, true);
        sim_free(sim);
        text_free(&deck);
    }
}

/* x = A cos((Q + d).r): half of A at Q + d and Q - d each, so L = 1/|d|. */
static void single_wave(void **state)
{
    (void)state;
    struct adele *sim =
        sim_new("lattice square 24 18\n%scompute S all sfactor q\n", model);
    double x[24 * 18], d[2] = {2 * M_PI * 3 / 24, 2 * M_PI * 2 / 18};
    for (int i = 0; i < 24 * 18; i++) {
        int row = i / 24;
        x[i] = 7 + 0.6 * cos((M_PI + d[0]) * (i % 24) + (M_PI + d[1]) * row);
    }
    sim_set(sim, 0, x);
    const double *v = evaluate(sim, "S", OUT_VECTOR)->out.vector;
    assert_close(v[0], 0, 1e-25);
    assert_close(v[1], 1 / hypot(d[0], d[1]), 1e-11);
    assert_close(v[2], 2 * 0.09, 1e-14);
    sim_free(sim);
}

/* Checkerboard of amplitude A (honeycomb: A on one sublattice, -A on the
   other): S(Q) = A^2 and nothing elsewhere, L is infinite; uniform: L = 0. */
static void perfect_order(void **state)
{
    (void)state;
    static const char *const lattices[] = {
        "lattice chain 30", "lattice square 6 10", "lattice honeycomb 6 5",
        "lattice cubic 4 6 2"};
    for (int k = 0; k < 4; k++) {
        struct adele *sim =
            sim_new("%s\n%scompute S all sfactor q\n", lattices[k], model);
        const struct lattice *lat = sim->lat;
        double *x = random_field(sim, 1);
        for (int64_t i = 0; i < lat->nsite; i++) {
            int cell[3], b;
            lattice_cell(lat, i, cell, &b);
            bool odd =
                lat->shape.nbasis == 2 ? b : (cell[0] + cell[1] + cell[2]) % 2;
            x[i] = 0.25 + (odd ? -0.4 : 0.4);
        }
        sim_set(sim, 0, x);
        const double *v = evaluate(sim, "S", OUT_VECTOR)->out.vector;
        assert_close(v[0], 0.16, 1e-15);
        assert_true(isinf(v[1]) && v[1] > 0);
        for (int64_t i = 0; i < lat->nsite; i++)
            x[i] = 0.3;
        sim_set(sim, 0, x);
        v = evaluate(sim, "S", OUT_VECTOR)->out.vector;
        assert_close(v[0], 0, 1e-28);
        assert_true(v[1] == 0);
        free(x);
        sim_free(sim);
    }
}

/* Rings around Q: counts add up to the waves, means to the total; the window
   cuts the sums where it says. */
static void profile(void **state)
{
    (void)state;
    struct adele *sim = sim_new("lattice triangular 12 9\n%s"
                                "compute S all sfactor q q 4*pi/3 0\n"
                                "compute P all sfactor q q 4*pi/3 0 profile 7\n"
                                "compute W all sfactor q q 4*pi/3 0 window 1.5 "
                                "profile 5\n",
                                model);
    double *x = random_field(sim, 21), count = 0, sum = 0;
    const struct compute *map = evaluate(sim, "S", OUT_ARRAY);
    const struct compute *p = evaluate(sim, "P", OUT_ARRAY);
    for (int j = 0; j < 7; j++) {
        count += p->out.array[3 * j + 2];
        sum += p->out.array[3 * j + 1] * p->out.array[3 * j + 2];
    }
    assert_close(count, 12 * 9, 0);
    assert_close(sum, evaluate(sim, "S", OUT_VECTOR)->out.vector[2], 1e-13);
    const struct compute *w = evaluate(sim, "W", OUT_ARRAY);
    evaluate(sim, "W", OUT_VECTOR);
    double inside = 0, total = 0, first = 0;
    for (int64_t k = 0; k < 12 * 9; k++) {
        const double *row = map->out.array + 5 * k;
        if (row[4] > 1.5)
            continue;
        inside++;
        total += row[3];
        first += row[3] * row[4];
        assert_true(row[4] >= 0);
    }
    assert_true(inside > 5 && inside < 60);
    assert_close(w->out.vector[2], total, 1e-13);
    assert_close(w->out.vector[1], total / first, 1e-11);
    count = 0;
    for (int j = 0; j < 5; j++) {
        const double *ring = w->out.array + 3 * j;
        assert_true(ring[0] >= 0.3 * j && ring[0] <= 0.3 * (j + 1));
        count += ring[2];
    }
    assert_close(count, inside, 0);
    free(x);
    sim_free(sim);
}

/* S does not change when the pattern is moved, turned or reflected. */
static void symmetry(void **state)
{
    (void)state;
    struct adele *sim = sim_new("lattice square 9 9\n%scompute S all sfactor q "
                                "window 2\n",
                                model);
    const struct lattice *lat = sim->lat;
    int64_t image_of[81];
    double *x = random_field(sim, 31), moved[81];
    double first[3];
    for (int k = 0; k < 3; k++)
        first[k] = evaluate(sim, "S", OUT_VECTOR)->out.vector[k];
    int tested = 0;
    for (int o = 0; o < lat->nop; o++) {
        if (!lattice_permutation(lat, &lat->op[o], image_of))
            continue;
        for (int i = 0; i < 81; i++) /* and shifted by (2, 5) */
            moved[(image_of[i] % 9 + 2) % 9 + (image_of[i] / 9 + 5) % 9 * 9] =
                x[i];
        sim_set(sim, 0, moved);
        /* with 9 cells Q is no wave of the lattice: only the total is exact */
        const double *v = evaluate(sim, "S", OUT_VECTOR)->out.vector;
        assert_close(v[2], first[2], 1e-14);
        assert_close(v[1], first[1], 1e-12);
        tested++;
    }
    assert_int_equal(tested, 8);
    free(x);
    sim_free(sim);
}

/* The same bits with one thread and two, and 10^6 sites in good time. */
static void threads_and_size(void **state)
{
    (void)state;
    struct adele *sim = sim_new("lattice square 1000 1000\n%scompute S all "
                                "sfactor q\n",
                                model);
    double *x = random_field(sim, 6), v[2][3];
    for (int t = 0; t < 2; t++) {
        omp_set_num_threads(t + 1);
        sim_set(sim, 0, x);
        double begin = wall_time();
        const double *out = evaluate(sim, "S", OUT_VECTOR)->out.vector;
        double spent = wall_time() - begin;
        print_message("# 10^6 sites, %d thread(s): %.3f s\n", t + 1, spent);
        assert_true(spent < 10); /* 0.05 s on an idle machine */
        for (int k = 0; k < 3; k++)
            v[t][k] = out[k];
    }
    for (int k = 0; k < 3; k++)
        assert_true(v[0][k] == v[1][k] && v[0][k] > 0);
    free(x);
    sim_free(sim);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(direct_sums),   cmocka_unit_test(single_wave),
        cmocka_unit_test(perfect_order), cmocka_unit_test(profile),
        cmocka_unit_test(symmetry),      cmocka_unit_test(threads_and_size),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Regions and groups by counting, initial distortions and velocities by their
   distributions, on-site energies by what they do. */

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <omp.h>

#include "adele.h"
#include "base/mem.h"
#include "core/context.h"
#include "sim.h"

static const char model[] =
    "model holstein t 1.0 g 1.0 k 1.0 kappa 0.18 mass 2.5\n";
enum { SIDE = 64, N = SIDE * SIDE };

static struct adele *square(void)
{
    return sim_new("lattice square %d %d\n%s", SIDE, SIDE, model);
}

static int64_t count(const struct adele *sim, const char *group)
{
    int index = groups_find(&sim->groups, group);
    assert_true(index >= 0);
    return groups_count(&sim->groups, index);
}

static double mean(const double *a, int power, double about)
{
    double sum = 0;
    for (int i = 0; i < N; i++)
        sum += pow(a[i] - about, power);
    return sum / N;
}

static void gather(struct adele *sim, const char *column, double *out)
{
    assert_int_equal(adele_gather(sim, column, out), 0);
}

/* Gauss's circle: 45 points within sqrt(13) of a point, 81 within 5, borders
   included; half spaces and boxes count rows. */
static void test_region_counts(void **state)
{
    (void)state;
    struct adele *sim = square();
    sim_run(sim,
            "region a sphere 20 20 0 %.17g\ngroup a region a\n"
            "region b cylinder z 30 30 5 INF INF\ngroup b region b\n"
            "region c block 0 9\ngroup c region c\n"
            "region d block EDGE 9 4 4\ngroup d region d\n"
            "region e plane 0 60 0 0 3 0\ngroup e region e\n"
            "region f plane 0 0 0 1 -1 0 side out\ngroup f region f\n"
            "region g cylinder x 5 0 2 INF INF\ngroup g region g\n",
            sqrt(13.0));
    assert_int_equal(count(sim, "a"), 45);
    assert_int_equal(count(sim, "b"), 81);
    assert_int_equal(count(sim, "c"), 10 * SIDE);
    assert_int_equal(count(sim, "d"), 10);
    assert_int_equal(count(sim, "e"), 4 * SIDE);
    assert_int_equal(count(sim, "f"), SIDE * (SIDE - 1) / 2);
    assert_int_equal(count(sim, "g"), 5 * SIDE);
    sim_free(sim);
}

/* |A| + |B| = |A and B| + |A or B|; inside and outside make the whole; groups
   and regions agree. */
static void test_sets(void **state)
{
    (void)state;
    struct adele *sim = square();
    sim_run(sim, "region a sphere 20 20 0 8\nregion b block 15 40 18 60\n"
                 "region u union 2 a b\nregion i intersect 2 a b\n"
                 "region o sphere 20 20 0 8 side out\n"
                 "group a region a\ngroup b region b\ngroup u region u\n"
                 "group i region i\ngroup o region o\n"
                 "group u2 union a b\ngroup i2 intersect a b\n"
                 "group d subtract a b\ngroup n region o\ngroup n region a\n"
                 "group none empty\n");
    assert_true(count(sim, "i") > 0 && count(sim, "i") < count(sim, "a"));
    assert_int_equal(count(sim, "a") + count(sim, "b"),
                     count(sim, "u") + count(sim, "i"));
    assert_int_equal(count(sim, "a") + count(sim, "o"), N);
    assert_int_equal(count(sim, "u2"), count(sim, "u"));
    assert_int_equal(count(sim, "i2"), count(sim, "i"));
    assert_int_equal(count(sim, "d"), count(sim, "a") - count(sim, "i"));
    assert_int_equal(count(sim, "n"), N);
    assert_int_equal(count(sim, "none"), 0);
    sim_run(sim, "group a clear\n");
    assert_int_equal(count(sim, "a"), 0);
    sim_run(sim, "group a delete\n");
    assert_int_equal(groups_find(&sim->groups, "a"), -1);
    sim_free(sim);
}

static void test_ids_and_types(void **state)
{
    (void)state;
    struct adele *sim = sim_new("lattice honeycomb 10 10\n"
                                "group A type 1\ngroup B type != 1\n"
                                "group x id 1 3 5:10 100:200:10\n"
                                "group y id < 20\ngroup z id <> 20 30\n"
                                "variable odd atom id%%2\n"
                                "group o variable v_odd\n");
    assert_int_equal(count(sim, "A"), 100);
    assert_int_equal(count(sim, "B"), 100);
    assert_int_equal(count(sim, "x"), 2 + 6 + 11);
    assert_int_equal(count(sim, "y"), 19);
    assert_int_equal(count(sim, "z"), 11);
    int o = groups_find(&sim->groups, "o"), a = groups_find(&sim->groups, "A");
    for (int64_t i = 0; i < 200; i++) /* A sites have the odd ids */
        assert_true(groups_has(&sim->groups, o, i) ==
                    groups_has(&sim->groups, a, i));
    sim_run(sim, "lattice honeycomb 3 3\n"); /* groups go with the lattice */
    assert_int_equal(groups_find(&sim->groups, "A"), -1);
    assert_int_equal(count(sim, "all"), 18);
    sim_free(sim);
}

/* Mean and variance of the two distributions, each within 6 standard errors:
   excludes constants, (0, 1) instead of (lo, hi), sigma^2 for sigma. */
static void test_displace_random(void **state)
{
    (void)state;
    static double q[N];
    struct adele *sim = square();
    sim_run(sim, "displace all uniform -1.0 3.0 4711\n");
    gather(sim, "q", q);
    for (int i = 0; i < N; i++)
        assert_true(q[i] > -1 && q[i] < 3);
    /* variance 16/12; of the square about the mean: 16^2 (1/80 - 1/144) */
    assert_true(fabs(mean(q, 1, 0) - 1) < 6 * sqrt(16.0 / 12 / N));
    assert_true(fabs(mean(q, 2, 1) - 16.0 / 12) <
                6 * 16 * sqrt((1.0 / 80 - 1.0 / 144) / N));
    sim_run(sim, "set all q 0\ndisplace all gaussian 0.3 4711\n");
    gather(sim, "q", q);
    assert_true(fabs(mean(q, 1, 0)) < 6 * 0.3 / sqrt(N));
    assert_true(fabs(mean(q, 2, 0) - 0.09) < 6 * 0.09 * sqrt(2.0 / N));
    assert_true(fabs(mean(q, 4, 0) / 0.0081 - 3) < 6 * sqrt(96.0 / N));
    sim_free(sim);
}

/* The pattern is added; sites outside of the group keep their bits; the same
   seed repeats, another does not. */
static void test_displace_adds(void **state)
{
    (void)state;
    static double one[N], two[N], other[N];
    struct adele *sim = square();
    sim_run(sim, "displace all uniform -1 1 5\n");
    gather(sim, "q", one);
    sim_run(sim, "region r block 0 31\ngroup left region r\n"
                 "displace left uniform -1 1 5\n");
    gather(sim, "q", two);
    for (int i = 0; i < N; i++)
        assert_true(two[i] == (i % SIDE < 32 ? 2 * one[i] : one[i]));
    sim_run(sim, "set all q 0\ndisplace all uniform -1 1 6\n");
    gather(sim, "q", other);
    double product = 0;
    for (int i = 0; i < N; i++)
        product += other[i] * one[i];
    assert_true(fabs(product / N) < 6 * (1.0 / 3) / sqrt(N));
    assert_true(fabs(mean(other, 2, 0) - 1.0 / 3) < 0.05);
    sim_free(sim);
}

/* K . r of some 10^2 has an error of 10^2 eps, so has the cosine. */
static void test_displace_wave(void **state)
{
    (void)state;
    static double q[N];
    struct adele *sim = square();
    sim_run(sim, "displace all wave pi pi 2.67857\n");
    gather(sim, "q", q);
    for (int i = 0; i < N; i++)
        assert_true(fabs(q[i] - ((i % SIDE + i / SIDE) % 2 ? -2.67857
                                                           : 2.67857)) < 1e-12);
    sim_run(sim, "set all q 1\ndisplace all wave 2*pi/64 0 0.5 phase pi/2\n"
                 "displace all value 0.25\n");
    gather(sim, "q", q);
    for (int i = 0; i < N; i++)
        assert_true(fabs(q[i] - 1.25 + 0.5 * sin(2 * M_PI * (i % SIDE) / 64)) <
                    1e-13);
    sim_free(sim);

    double c[9];
    sim = sim_new("lattice triangular 3 3\n%sdisplace all wave 4*pi/3 0 1\n",
                  model);
    gather(sim, "q", c); /* K points: 1, -1/2, -1/2 along a_1 and along a_2 */
    for (int i = 0; i < 9; i++)
        assert_true(fabs(c[i] - ((i % 3 + 2 * (i / 3)) % 3 ? -0.5 : 1)) <
                    1e-13);
    sim_free(sim);
}

static double temperature(const double *v)
{
    return 2.5 * mean(v, 2, 0);
}

static void test_velocity_create(void **state)
{
    (void)state;
    static double v[N];
    struct adele *sim = square();
    sim_run(sim, "velocity all create 0.7 4711\n");
    gather(sim, "vq", v);
    assert_true(fabs(temperature(v) - 0.7) < 1e-14 * N);
    assert_true(mean(v, 1, 0) != 0);
    assert_true(fabs(mean(v, 4, 0) / pow(0.7 / 2.5, 2) - 3) <
                6 * sqrt(96.0 / N));
    sim_run(sim, "velocity all create 0.7 4711 zero yes\n");
    gather(sim, "vq", v);
    assert_true(fabs(temperature(v) - 0.7) < 1e-14 * N);
    assert_true(fabs(mean(v, 1, 0)) < 1e-15);
    /* as drawn: T within 6 sqrt(2/N), and not T itself */
    sim_run(sim, "velocity all create 0.7 4711 exact no\n");
    gather(sim, "vq", v);
    assert_true(fabs(temperature(v) - 0.7) < 6 * 0.7 * sqrt(2.0 / N));
    assert_true(fabs(temperature(v) - 0.7) > 1e-6);
    sim_free(sim);
}

static void test_velocity_rest(void **state)
{
    (void)state;
    static double v[N];
    struct adele *sim = square();
    sim_run(sim, "region r block 0 31\ngroup left region r\n"
                 "velocity all set 0.5\nvelocity left create 2.0 9\n");
    gather(sim, "vq", v);
    double left = 0;
    for (int i = 0; i < N; i++) {
        if (i % SIDE >= 32)
            assert_true(v[i] == 0.5);
        else
            left += 2.5 * v[i] * v[i] * 2 / N;
    }
    assert_true(fabs(left - 2.0) < 1e-14 * N);
    sim_run(sim, "velocity all scale 0.9\n");
    gather(sim, "vq", v);
    assert_true(fabs(temperature(v) - 0.9) < 1e-14 * N);
    sim_run(sim, "variable u atom 0.1*ix\nvelocity all set v_u\n");
    gather(sim, "vq", v);
    for (int i = 0; i < N; i++)
        assert_true(fabs(v[i] - 0.1 * (i % SIDE)) < 1e-14);
    sim_run(sim, "velocity all set NULL\n");
    gather(sim, "vq", v);
    assert_true(v[1] != 0);
    sim_run(sim, "velocity all zero\n");
    gather(sim, "vq", v);
    for (int i = 0; i < N; i++)
        assert_true(v[i] == 0);
    assert_false(sim_try(sim, "velocity all scale 0.9\n"));
    sim_free(sim);
}

/* Bits do not depend on the number of threads. */
static void test_threads(void **state)
{
    (void)state;
    static double q[2][N], v[2][N];
    int most = omp_get_max_threads();
    for (int k = 0; k < 2; k++) {
        omp_set_num_threads(1 + 2 * k);
        struct adele *sim = square();
        sim_run(sim, "displace all gaussian 0.3 1\ndisplace all wave 1 2 3\n"
                     "velocity all create 0.1 2 zero yes\n");
        gather(sim, "q", q[k]);
        gather(sim, "vq", v[k]);
        sim_free(sim);
    }
    omp_set_num_threads(most);
    assert_memory_equal(q[0], q[1], sizeof q[0]);
    assert_memory_equal(v[0], v[1], sizeof v[0]);
    assert_true(mean(q[0], 2, 0) > 0 && mean(v[0], 2, 0) > 0);
}

/* Isolated sites: n = 1/(exp((e - mu)/T) + 1), and e can be changed. */
static void test_onsite(void **state)
{
    (void)state;
    double n;
    struct adele *sim = sim_new("lattice chain 1\nset all onsite 0.3\n%s"
                                "electrons mu 0.1 temp 0.5\npair_style ed\n",
                                model);
    gather(sim, "n", &n);
    assert_true(fabs(n - 1 / (exp(0.4) + 1)) < 1e-14);
    sim_run(sim, "set all onsite -0.2\n");
    gather(sim, "n", &n);
    assert_true(fabs(n - 1 / (exp(-0.6) + 1)) < 1e-14);
    sim_free(sim);
}

/* What cannot be done leaves the simulation as it was. */
static void test_refusals(void **state)
{
    (void)state;
    static double before[N], after[N];
    struct adele *sim = square();
    sim_run(sim, "displace all gaussian 0.3 1\n");
    gather(sim, "q", before);
    static const char *const bad[] = {"lattice square 3 3\n",
                                      "boundary f f\n",
                                      "displace all wave pi 1\n",
                                      "displace all uniform 1 0 1\n",
                                      "displace all uniform 0 1 0\n",
                                      "set all fq 1\n",
                                      "set all q v_none\n",
                                      "group all empty\n",
                                      "group x id 4097\n",
                                      "group x region none\n",
                                      "velocity all set 1 2\n",
                                      "processors 2 1\n",
                                      "region x union 2 a b\n",
                                      "read_data none\n"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        if (sim_try(sim, "%s", bad[i]))
            fail_msg("accepted: %s", bad[i]);
    }
    gather(sim, "q", after);
    assert_memory_equal(before, after, sizeof before);
    assert_int_equal(groups_find(&sim->groups, "x"), -1);
    assert_int_equal(sim->regions.n, 0);
    sim_free(sim);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_region_counts),
        cmocka_unit_test(test_sets),
        cmocka_unit_test(test_ids_and_types),
        cmocka_unit_test(test_displace_random),
        cmocka_unit_test(test_displace_adds),
        cmocka_unit_test(test_displace_wave),
        cmocka_unit_test(test_velocity_create),
        cmocka_unit_test(test_velocity_rest),
        cmocka_unit_test(test_threads),
        cmocka_unit_test(test_onsite),
        cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Products and inverses of batches of complex matrices against plain loops: all
   modes and strides, sizes around the tiles and the blocks of the kernels. */

#include <complex.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "la/lanes.h"
#include "sim.h"

typedef double complex cplx;

enum { PURPOSE = 40, LARGE = 110 };

static struct lane_matrix matrix_new(int rows, int columns, int turned)
{
    ptrdiff_t ld = (turned ? rows : columns) + 1;
    size_t n = (size_t)(ld * ((turned ? columns : rows) + 1));
    struct lane_matrix m = {mem_alloc(n, sizeof *m.at), turned ? 1 : ld,
                            turned ? ld : 1};

    assert_non_null(m.at);
    for (size_t i = 0; i < n; i++)
        for (int l = 0; l < LANES; l++) {
            m.at[i].re[l] = sim_random(PURPOSE, (int64_t)(8 * i) + l);
            m.at[i].im[l] = sim_random(PURPOSE, (int64_t)(8 * i) + 4 + l);
        }
    return m;
}

static cplx get(struct lane_matrix m, int l, int i, int j)
{
    const struct lanes *at = m.at + i * m.row + j * m.column;

    return at->re[l] + I * at->im[l];
}

static void put(struct lane_matrix m, int i, int j, const struct lanes *v)
{
    struct lanes *at = m.at + i * m.row + j * m.column;

    at->re = v->re;
    at->im = v->im;
}

enum kind { SET, NEGATIVE, SUBTRACT, DIFFERENCE, SYMMETRIC, KINDS };

/* The element that the definition in la/lanes.h gives. */
static cplx wanted(enum kind kind, int k, struct lane_matrix a,
                   struct lane_matrix b, struct lane_matrix base, int l, int i,
                   int j)
{
    cplx sum = 0;

    for (int p = 0; p < k; p++) {
        bool above = kind == SYMMETRIC && p > i;

        sum += get(a, l, above ? p : i, above ? i : p) * get(b, l, p, j);
    }
    switch (kind) {
    case SET:
        return sum;
    case SUBTRACT:
    case DIFFERENCE:
        return get(base, l, i, j) - sum;
    default:
        return -sum;
    }
}

/* Terms are below 2 in size, so is their rounding: 4 k units. */
static void check(enum kind kind, int m, int n, int k, int lower, int strides)
{
    struct lane_matrix a = matrix_new(m, k, strides & 1);
    struct lane_matrix b = matrix_new(k, n, strides & 2);
    struct lane_matrix c = matrix_new(m, n, strides & 4);
    struct lane_matrix base = matrix_new(m, n, 0);

    for (int i = 0; i < m; i++)
        for (int j = 0; j < n; j++)
            if (kind == SUBTRACT)
                put(c, i, j, base.at + i * base.row + j);
    /* The diagonal blocks of a symmetric matrix have both triangles. */
    for (int i = 0; kind == SYMMETRIC && i < m; i++)
        for (int j = i - i % LANES_BLOCK; j < i; j++)
            put(a, j, i, a.at + i * a.row + j * a.column);
    switch (kind) {
    case DIFFERENCE:
        lanes_difference(m, k, base, a, b, c);
        break;
    case SYMMETRIC:
        lanes_symmetric_product(m, n, a, b, c);
        break;
    default:
        lanes_product((enum lane_mode)kind, m, n, k, a, b, c, lower);
        break;
    }
    for (int i = 0; i < m; i++)
        for (int j = 0; j < (lower ? i + 1 : n); j++)
            for (int l = 0; l < LANES; l++) {
                cplx error =
                    get(c, l, i, j) - wanted(kind, k, a, b, base, l, i, j);

                if (!(cabs(error) <= 1e-15 * (k + 1)))
                    fail_msg("kind %d, %d x %d x %d, strides %d: (%d, %d) of "
                             "lane %d off by %g",
                             kind, m, n, k, strides, i, j, l, cabs(error));
            }
    mem_free(a.at);
    mem_free(b.at);
    mem_free(c.at);
    mem_free(base.at);
}

static void products(void **state)
{
    (void)state;
    for (int m = 1; m <= 8; m++)
        for (int n = 1; n <= 5; n++)
            for (int k = 1; k <= 4; k++)
                for (int kind = SET; kind <= SUBTRACT; kind++)
                    check((enum kind)kind, m, n, k, 0, (m + n + k) % 8);
    for (int n = 1; n <= 40; n++) {
        check(SUBTRACT, n, n, n / 3 + 1, 1, n % 8);
        check(NEGATIVE, n, n, 3, 1, 0);
        check(DIFFERENCE, n, n, n / 2 + 1, 1, n % 8);
        for (int m = 1; m <= 40; m += 1 + m / 7)
            check(SYMMETRIC, m, n % 11 + 1, m, 0, n % 8);
    }
    /* More than one block along k and n. */
    for (int kind = SET; kind < KINDS; kind++) {
        bool square = kind == DIFFERENCE;

        check((enum kind)kind, LARGE, square ? LARGE : 71, LARGE, square, kind);
        check((enum kind)kind, 201, square ? 201 : 3, 201, square, 7 - kind);
    }
}

/* A A^-1 = 1 from the lower triangle alone; the first and the last pivot. */
static void inverses(void **state)
{
    (void)state;
    for (int n = 1; n <= 70; n += 1 + n / 12) {
        struct lane_matrix a = matrix_new(n, n, n % 2);
        struct lane_matrix copy = matrix_new(n, n, 0);
        struct lanes *work =
            mem_alloc((size_t)((n + 2) * (n + 2) / 2), sizeof *work);
        struct lanes *pivot = mem_alloc((size_t)n, sizeof *pivot);

        assert_true(work && pivot);
        for (int i = 0; i < n; i++) {
            a.at[i * (a.row + a.column)].im += 3.0 + sqrt(n);
            for (int j = 0; j <= i; j++) {
                put(copy, i, j, a.at + i * a.row + j * a.column);
                put(copy, j, i, a.at + i * a.row + j * a.column);
            }
        }
        lanes_invert(n, a, work, pivot);
        for (int l = 0; l < LANES; l++) {
            for (int i = 0; i < n; i++)
                for (int j = 0; j < n; j++) {
                    cplx sum = i == j ? -1 : 0;

                    for (int k = 0; k < n; k++)
                        sum += get(copy, l, i, k) * get(a, l, k, j);
                    assert_true(cabs(sum) <= 1e-13 * n);
                }
            /* The last pivot is 1 over the last element of the inverse. */
            assert_true(cabs(1 / get(a, l, n - 1, n - 1) -
                             (pivot[n - 1].re[l] + I * pivot[n - 1].im[l])) <=
                        1e-12 * n);
            assert_true(cabs(get(copy, l, 0, 0) -
                             (pivot[0].re[l] + I * pivot[0].im[l])) == 0);
        }
        mem_free(a.at);
        mem_free(copy.at);
        mem_free(work);
        mem_free(pivot);
    }
}

/* Large enough for tasks. */
static void bits_do_not_depend_on_threads(void **state)
{
    (void)state;
    struct lane_matrix a = matrix_new(LARGE, LARGE, 0);
    struct lane_matrix b = matrix_new(LARGE, LARGE, 1);
    struct lane_matrix one = matrix_new(LARGE, LARGE, 0);
    struct lane_matrix two = matrix_new(LARGE, LARGE, 0);

    lanes_product(LANES_SET, LARGE, LARGE, LARGE, a, b, one, 0);
#pragma omp parallel num_threads(2)
#pragma omp single
    lanes_product(LANES_SET, LARGE, LARGE, LARGE, a, b, two, 0);
    for (int i = 0; i < LARGE; i++)
        assert_memory_equal(one.at + i * one.row, two.at + i * two.row,
                            LARGE * sizeof *one.at);
    mem_free(a.at);
    mem_free(b.at);
    mem_free(one.at);
    mem_free(two.at);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(products), cmocka_unit_test(inverses),
        cmocka_unit_test(bits_do_not_depend_on_threads)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

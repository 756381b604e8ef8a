/* Geometry of the lattices: coordination, shells, symmetry of the neighbour
   relation, point groups, permutations of finite lattices, the smallest
   eigenvalue of the elastic matrix. */

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <lapacke.h>

#include "base/mem.h"
#include "core/lattice.h"
#include "plug/lattice_style.h"

extern const struct lattice_style lattice_chain, lattice_square,
    lattice_triangular, lattice_honeycomb, lattice_cubic;

/* What the textbooks say of each lattice. */
struct known {
    const struct lattice_style *style;
    int nearest, second;
    double distance[2];
    int order;
};

static const struct known known[] = {
    {&lattice_chain, 2, 2, {1, 2}, 2},
    {&lattice_square, 4, 4, {1, 1.4142135623730951}, 8},
    {&lattice_triangular, 6, 6, {1, 1.7320508075688772}, 12},
    {&lattice_honeycomb, 3, 6, {0.57735026918962576, 1}, 12},
    {&lattice_cubic, 6, 12, {1, 1.4142135623730951}, 48}};
enum { NKNOWN = sizeof known / sizeof *known };

static struct lattice *make(const struct lattice_style *style, int n0, int n1,
                            int n2, unsigned open)
{
    int n[3] = {n0, n1, n2};
    bool periodic[3];
    const char *why = NULL;
    for (int i = 0; i < 3; i++) {
        periodic[i] = !(open >> i & 1);
        if (i >= style->shape.dim)
            n[i] = 1;
    }
    struct lattice *lat = lattice_new(&style->shape, n, periodic, &why);
    assert_non_null(lat);
    return lat;
}

/* Calls `check` for every lattice, sizes 1 to 4 on each axis and every mix of
   open and periodic axes. */
static void for_all(void (*check)(const struct lattice *lat))
{
    for (int k = 0; k < NKNOWN; k++) {
        const struct lattice_style *style = known[k].style;
        int dim = style->shape.dim, size = dim == 3 ? 3 : 4;
        int most[3] = {size, dim > 1 ? size : 1, dim > 2 ? size : 1};
        for (int a = 1; a <= most[0]; a++)
            for (int b = 1; b <= most[1]; b++)
                for (int c = 1; c <= most[2]; c++)
                    for (unsigned open = 0; open < 1u << dim; open++) {
                        struct lattice *lat = make(style, a, b, c, open);
                        check(lat);
                        lattice_free(lat);
                    }
    }
}

static void check_shell(const struct stencil *s, int nbasis, int n, double d)
{
    for (int b = 0; b < nbasis; b++) {
        assert_int_equal(s->n[b], n);
        for (int k = 0; k < n; k++) {
            const double *r = s->site[b][k].r;
            double length = sqrt(r[0] * r[0] + r[1] * r[1] + r[2] * r[2]);
            /* a handful of roundings of numbers of order one */
            assert_true(fabs(length - d) < 1e-15 * 8);
        }
    }
}

static void test_shells(void **state)
{
    (void)state;
    for (int k = 0; k < NKNOWN; k++) {
        struct lattice *lat = make(known[k].style, 5, 5, 5, 0);
        int nb = lat->shape.nbasis;
        check_shell(&lat->nearest, nb, known[k].nearest, known[k].distance[0]);
        check_shell(&lat->second, nb, known[k].second, known[k].distance[1]);
        lattice_free(lat);
    }
}

/* The square lattice has 44 sites within sqrt(13) of a site and 112 within 6
   (Gauss's circle problem, less the centre) [Cheng2023, Fan2026]. */
static void test_gauss_circle(void **state)
{
    (void)state;
    struct lattice *lat = make(&lattice_square, 20, 20, 1, 0);
    struct stencil s;
    assert_int_equal(lattice_stencil(lat, 0, sqrt(13.0), &s), 0);
    assert_int_equal(s.n[0], 44);
    assert_int_equal(s.reach[0], 3);
    for (int k = 1; k < s.n[0]; k++)
        assert_true(hypot(s.site[0][k].r[0], s.site[0][k].r[1]) >=
                    hypot(s.site[0][k - 1].r[0], s.site[0][k - 1].r[1]) -
                        1e-12);
    stencil_free(&s);
    assert_int_equal(lattice_stencil(lat, 0, 6, &s), 0);
    assert_int_equal(s.n[0], 112);
    stencil_free(&s);
    assert_int_equal(lattice_stencil(lat, 0, 1e9, &s), -1);
    lattice_free(lat);
}

/* The order of the square stencil, which sums and bond lists follow: by angle
   from +x. */
static void test_order(void **state)
{
    (void)state;
    struct lattice *lat = make(&lattice_square, 4, 4, 1, 0);
    static const int cell[4][2] = {{1, 0}, {0, 1}, {-1, 0}, {0, -1}};
    for (int k = 0; k < 4; k++)
        for (int i = 0; i < 2; i++)
            assert_int_equal(lat->nearest.site[0][k].cell[i], cell[k][i]);
    lattice_free(lat);
}

static void test_index(void **state)
{
    (void)state;
    struct lattice *lat = make(&lattice_honeycomb, 4, 3, 1, 0);
    for (int64_t i = 0; i < lat->nsite; i++) {
        int cell[3], b;
        lattice_cell(lat, i, cell, &b);
        assert_int_equal(lattice_site(lat, cell, b), i);
        assert_int_equal(i, ((cell[2] * 3 + cell[1]) * 4 + cell[0]) * 2 + b);
    }
    double r[3];
    lattice_position(lat, 1 + 2 * (2 + 4 * 1), r); /* B of cell (2, 1) */
    assert_true(fabs(r[0] - 3) < 1e-15 * 4);
    assert_true(fabs(r[1] - (sqrt(3) / 2 + sqrt(3) / 6)) < 1e-15 * 4);
    lattice_free(lat);
}

/* Adjacency matrix, bonds counted with their multiplicity. */
static double *adjacency(const struct lattice *lat)
{
    int64_t n = lat->nsite;
    double *a = mem_zalloc((size_t)(n * n), sizeof *a);
    assert_non_null(a);
    for (int64_t i = 0; i < n; i++) {
        int cell[3], b;
        lattice_cell(lat, i, cell, &b);
        for (int k = 0; k < lat->nearest.n[b]; k++) {
            const struct stencil_site *s = &lat->nearest.site[b][k];
            int64_t j = lattice_neighbour(lat, cell, s->cell, s->to, NULL);
            if (j >= 0)
                a[i * n + j] += 1;
        }
    }
    return a;
}

static void check_symmetric(const struct lattice *lat)
{
    int64_t n = lat->nsite;
    double *a = adjacency(lat);
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < n; j++)
            assert_true(a[i * n + j] == a[j * n + i]);
    mem_free(a);
}

static void test_neighbour_symmetry(void **state)
{
    (void)state;
    for_all(check_symmetric);
}

/* Length one: no bonds along the axis.  Length two: both bonds to the one
   neighbour when periodic, one when open. */
static void test_short_axes(void **state)
{
    (void)state;
    struct lattice *lat = make(&lattice_square, 1, 2, 1, 0);
    assert_int_equal(lat->nearest.n[0], 2);
    double *a = adjacency(lat);
    assert_true(a[0] == 0 && a[1] == 2 && a[2] == 2 && a[3] == 0);
    mem_free(a);
    lattice_free(lat);
    lat = make(&lattice_square, 1, 2, 1, 2);
    a = adjacency(lat);
    assert_true(a[1] == 1 && a[2] == 1);
    mem_free(a);
    lattice_free(lat);
    lat = make(&lattice_honeycomb, 1, 1, 1, 0);
    assert_int_equal(lat->nearest.n[0], 1);
    lattice_free(lat);
    lat = make(&lattice_chain, 1, 1, 1, 0);
    assert_int_equal(lat->nearest.n[0], 0);
    lattice_free(lat);
}

static void test_reciprocal(void **state)
{
    (void)state;
    for (int k = 0; k < NKNOWN; k++) {
        struct lattice *lat = make(known[k].style, 3, 3, 3, 0);
        double b[3][3];
        lattice_reciprocal(lat, b);
        for (int i = 0; i < 3; i++)
            for (int j = 0; j < 3; j++) {
                double product = 0;
                for (int x = 0; x < 3; x++)
                    product += lat->shape.a[i][x] * b[j][x];
                assert_true(fabs(product - (i == j) * 2 * M_PI) < 1e-14);
            }
        lattice_free(lat);
    }
}

/* c = a after b. */
static struct lattice_op compose(const struct lattice *lat,
                                 const struct lattice_op *a,
                                 const struct lattice_op *b)
{
    struct lattice_op c = {0};
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 3; j++)
            for (int k = 0; k < 3; k++)
                c.m[i][j] += a->m[i][k] * b->m[k][j];
    for (int s = 0; s < lat->shape.nbasis; s++) {
        int middle = b->to[s];
        c.to[s] = a->to[middle];
        for (int i = 0; i < 3; i++) {
            c.shift[s][i] = a->shift[middle][i];
            for (int k = 0; k < 3; k++)
                c.shift[s][i] += a->m[i][k] * b->shift[s][k];
        }
    }
    return c;
}

static int find_op(const struct lattice *lat, const struct lattice_op *op)
{
    int nb = lat->shape.nbasis;
    for (int k = 0; k < lat->nop; k++) {
        const struct lattice_op *o = &lat->op[k];
        if (!memcmp(o->m, op->m, sizeof o->m) &&
            !memcmp(o->to, op->to, (size_t)nb * sizeof *o->to) &&
            !memcmp(o->shift, op->shift, (size_t)nb * sizeof *o->shift))
            return k;
    }
    return -1;
}

/* Order, closure and inverses of the point group; the operations share a
   fixed point, so they compose exactly, shifts included. */
static void test_group_axioms(void **state)
{
    (void)state;
    for (int k = 0; k < NKNOWN; k++) {
        struct lattice *lat = make(known[k].style, 3, 3, 3, 0);
        assert_int_equal(lat->nop, known[k].order);
        struct lattice_op unit = {.m = {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}};
        for (int s = 0; s < LATTICE_BASIS_MAX; s++)
            unit.to[s] = s;
        int identity = find_op(lat, &unit);
        assert_true(identity >= 0);
        for (int a = 0; a < lat->nop; a++) {
            int inverses = 0;
            bool seen[48] = {false};
            for (int b = 0; b < lat->nop; b++) {
                struct lattice_op c = compose(lat, &lat->op[a], &lat->op[b]);
                int at = find_op(lat, &c);
                assert_true(at >= 0 && !seen[at]);
                seen[at] = true;
                inverses += at == identity;
            }
            assert_int_equal(inverses, 1);
        }
        lattice_free(lat);
    }
}

/* The Cartesian matrix is orthogonal and carries each neighbour vector to the
   neighbour vector of the mapped site. */
static void test_cartesian(void **state)
{
    (void)state;
    for (int k = 0; k < NKNOWN; k++) {
        struct lattice *lat = make(known[k].style, 5, 5, 5, 0);
        for (int o = 0; o < lat->nop; o++) {
            const struct lattice_op *op = &lat->op[o];
            for (int i = 0; i < 3; i++)
                for (int j = 0; j < 3; j++) {
                    double product = 0;
                    for (int x = 0; x < 3; x++)
                        product += op->r[i][x] * op->r[j][x];
                    assert_true(fabs(product - (i == j)) < 1e-14);
                }
            for (int b = 0; b < lat->shape.nbasis; b++) {
                const struct stencil_site *s = &lat->nearest.site[b][0];
                int to = op->to[b], found = 0;
                for (int j = 0; j < lat->nearest.n[to]; j++) {
                    const struct stencil_site *t = &lat->nearest.site[to][j];
                    double gap = 0;
                    for (int x = 0; x < 3; x++) {
                        double image = 0;
                        for (int y = 0; y < 3; y++)
                            image += op->r[x][y] * s->r[y];
                        gap += fabs(image - t->r[x]);
                    }
                    found += gap < 1e-14 && t->to == op->to[s->to];
                }
                assert_int_equal(found, 1);
            }
        }
        lattice_free(lat);
    }
}

/* Every permutation is one to one and carries bonds to bonds. */
static void check_permutations(const struct lattice *lat)
{
    int64_t n = lat->nsite;
    double *a = adjacency(lat);
    int64_t *image = mem_alloc((size_t)n, sizeof *image);
    char *seen = mem_alloc((size_t)n, 1);
    int found = 0;
    for (int o = 0; o < lat->nop; o++) {
        if (!lattice_permutation(lat, &lat->op[o], image))
            continue;
        found++;
        memset(seen, 0, (size_t)n);
        for (int64_t i = 0; i < n; i++) {
            assert_true(image[i] >= 0 && image[i] < n && !seen[image[i]]);
            seen[image[i]] = 1;
        }
        for (int64_t i = 0; i < n; i++)
            for (int64_t j = 0; j < n; j++)
                assert_true(a[i * n + j] == a[image[i] * n + image[j]]);
    }
    assert_true(found >= 1);
    mem_free(seen);
    mem_free(image);
    mem_free(a);
}

static void test_permutations(void **state)
{
    (void)state;
    for_all(check_permutations);
}

static int symmetries(const struct lattice_style *style, int a, int b, int c,
                      unsigned open)
{
    struct lattice *lat = make(style, a, b, c, open);
    int64_t *image = mem_alloc((size_t)lat->nsite, sizeof *image);
    int n = 0;
    for (int o = 0; o < lat->nop; o++)
        n += lattice_permutation(lat, &lat->op[o], image);
    mem_free(image);
    lattice_free(lat);
    return n;
}

/* How many operations boundaries and shape leave: the rectangle C2v, the open
   square C4v, a periodic axis cannot be exchanged with an open one; the open
   triangular rhombus keeps the inversion and its two diagonals. */
static void test_finite_symmetry(void **state)
{
    (void)state;
    assert_int_equal(symmetries(&lattice_square, 6, 6, 1, 0), 8);
    assert_int_equal(symmetries(&lattice_square, 6, 4, 1, 0), 4);
    assert_int_equal(symmetries(&lattice_square, 6, 6, 1, 3), 8);
    assert_int_equal(symmetries(&lattice_square, 6, 6, 1, 1), 4);
    assert_int_equal(symmetries(&lattice_cubic, 4, 4, 4, 0), 48);
    assert_int_equal(symmetries(&lattice_cubic, 4, 4, 4, 7), 48);
    assert_int_equal(symmetries(&lattice_cubic, 4, 4, 5, 0), 16);
    assert_int_equal(symmetries(&lattice_triangular, 6, 6, 1, 0), 12);
    assert_int_equal(symmetries(&lattice_triangular, 6, 6, 1, 3), 4);
    assert_int_equal(symmetries(&lattice_honeycomb, 5, 5, 1, 0), 12);
    assert_int_equal(symmetries(&lattice_honeycomb, 4, 4, 1, 3), 4);
    assert_int_equal(symmetries(&lattice_chain, 5, 1, 1, 1), 2);
}

static double smallest(const struct lattice *lat, double k, double kappa)
{
    int n = (int)lat->nsite;
    double *a = adjacency(lat), *w = mem_alloc((size_t)n, sizeof *w);
    for (int i = 0; i < n * n; i++)
        a[i] = kappa * a[i] + (i % (n + 1) ? 0 : k);
    assert_int_equal(LAPACKE_dsyev(LAPACK_ROW_MAJOR, 'N', 'U', n, a, n, w), 0);
    double low = w[0];
    mem_free(w);
    mem_free(a);
    return low;
}

/* Against dense eigenvalues: equal when periodic, a lower bound when open.
   The dense solver is good to a few n eps times the norm. */
static void check_elastic(const struct lattice *lat)
{
    static const double kappa[] = {0.18, -0.25, 0};
    bool open = false;
    for (int i = 0; i < 3; i++)
        open = open || (!lat->periodic[i] && lat->n[i] > 1);
    for (int j = 0; j < 3; j++) {
        double low = lattice_elastic_minimum(lat, 1.5, kappa[j]);
        double dense = smallest(lat, 1.5, kappa[j]);
        assert_true(low <= dense + 1e-13);
        if (!open)
            assert_true(fabs(low - dense) < 1e-13);
    }
}

static void test_elastic_small(void **state)
{
    (void)state;
    for_all(check_elastic);
}

/* Closed forms: square -4 or 4, odd chain, triangular -3 where the length is
   a multiple of 3 and 6 at k = 0, honeycomb -3; an open triangular strip of
   width three against its k-space minimum. */
static void test_elastic_closed(void **state)
{
    (void)state;
    static const double close = 1e-12;
    struct lattice *lat = make(&lattice_square, 2048, 2048, 1, 0);
    assert_true(fabs(lattice_elastic_minimum(lat, 1, 0.18) - 0.28) < close);
    assert_true(fabs(lattice_elastic_minimum(lat, 1, -0.2) - 0.2) < close);
    lattice_free(lat);
    lat = make(&lattice_square, 40, 30, 1, 1);
    assert_true(fabs(lattice_elastic_minimum(lat, 1, 0.25)) < close);
    lattice_free(lat);
    lat = make(&lattice_chain, 101, 1, 1, 0);
    assert_true(fabs(lattice_elastic_minimum(lat, 0, 1) + 2 * cos(M_PI / 101)) <
                close);
    lattice_free(lat);
    lat = make(&lattice_triangular, 999, 999, 1, 0);
    assert_true(fabs(lattice_elastic_minimum(lat, 0, 1) + 3) < close);
    assert_true(fabs(lattice_elastic_minimum(lat, 0, -1) + 6) < close);
    lattice_free(lat);
    lat = make(&lattice_honeycomb, 97, 101, 1, 3);
    assert_true(fabs(lattice_elastic_minimum(lat, 0, 1) + 3) < close);
    lattice_free(lat);
    lat = make(&lattice_cubic, 64, 65, 64, 0);
    assert_true(fabs(lattice_elastic_minimum(lat, 0, 1) + 4 +
                     2 * cos(M_PI / 65)) < close);
    lattice_free(lat);
    /* Periodic length 4 along a_2, infinite along a_1: at phase p_2 the sum
       2 cos p1 + 2 cos p2 + 2 cos(p1 - p2) has the minimum 2 cos p2 -
       4 |cos(p2/2)|, which is lowest at p2 = pi/2: -2 sqrt(2). */
    lat = make(&lattice_triangular, 30, 4, 1, 1);
    assert_true(fabs(lattice_elastic_minimum(lat, 0, 1) + 2 * sqrt(2)) < close);
    lattice_free(lat);
}

static void test_refusals(void **state)
{
    (void)state;
    int big[3] = {INT32_MAX, INT32_MAX, INT32_MAX}, none[3] = {0, 1, 1};
    bool periodic[3] = {true, true, true};
    const char *why = NULL;
    assert_null(lattice_new(&lattice_cubic.shape, big, periodic, &why));
    assert_string_equal(why, "the lattice has more than 2^62 sites");
    assert_null(lattice_new(&lattice_cubic.shape, none, periodic, &why));
    assert_string_equal(why, "every length must be at least 1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shells),
        cmocka_unit_test(test_gauss_circle),
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_index),
        cmocka_unit_test(test_neighbour_symmetry),
        cmocka_unit_test(test_short_axes),
        cmocka_unit_test(test_reciprocal),
        cmocka_unit_test(test_group_axioms),
        cmocka_unit_test(test_cartesian),
        cmocka_unit_test(test_permutations),
        cmocka_unit_test(test_finite_symmetry),
        cmocka_unit_test(test_elastic_small),
        cmocka_unit_test(test_elastic_closed),
        cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

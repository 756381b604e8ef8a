/* Point groups of sites and their irreps (ml/symmetry.h). */

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "close.h"
#include "ml/symmetry.h"
#include "plug/lattice_style.h"

extern const struct lattice_style lattice_chain, lattice_square,
    lattice_triangular, lattice_honeycomb, lattice_cubic;

/* C2, D4, C6v, C3v, Oh: irreps of dimension 1, 2, 3 in the character tables;
   then with polar axes (bits), mirrors, C4v and nothing. */
static const struct known {
    const struct lattice_style *style;
    int order, n[3];
    unsigned polar;
} known[] = {{&lattice_chain, 2, {2, 0, 0}, 0},
             {&lattice_square, 8, {4, 1, 0}, 0},
             {&lattice_triangular, 12, {4, 2, 0}, 0},
             {&lattice_honeycomb, 6, {2, 1, 0}, 0},
             {&lattice_cubic, 48, {4, 2, 4}, 0},
             {&lattice_chain, 1, {1, 0, 0}, 1},
             {&lattice_square, 2, {2, 0, 0}, 1},
             {&lattice_square, 2, {2, 0, 0}, 2},
             {&lattice_square, 1, {1, 0, 0}, 3},
             {&lattice_triangular, 2, {2, 0, 0}, 1},
             {&lattice_honeycomb, 2, {2, 0, 0}, 2},
             {&lattice_cubic, 8, {4, 1, 0}, 4},
             {&lattice_cubic, 2, {2, 0, 0}, 5},
             {&lattice_cubic, 1, {1, 0, 0}, 7}};
enum { NKNOWN = sizeof known / sizeof *known };

/* Entries are sums of at most 48 products of numbers below one. */
static const double ROUND = 48 * 48 * 2.2e-16;

static void with_group(int k, int b,
                       void (*check)(const struct symmetry *, int k))
{
    int n[3] = {2, 2, 2};
    bool periodic[3] = {true, true, true};
    const char *why = NULL;
    struct lattice_shape shape = known[k].style->shape;
    for (int i = 0; i < 3; i++)
        shape.polar[i] = known[k].polar >> i & 1;
    struct lattice *lat = lattice_new(&shape, n, periodic, &why);
    struct symmetry s;
    assert_non_null(lat);
    if (symmetry_init(&s, lat, b, &why))
        fail_msg("%s", why);
    check(&s, k);
    symmetry_fini(&s);
    lattice_free(lat);
}

static void for_all(void (*check)(const struct symmetry *, int k))
{
    for (int k = 0; k < NKNOWN; k++)
        for (int b = 0; b < known[k].style->shape.nbasis; b++)
            with_group(k, b, check);
}

static void check_table(const struct symmetry *s, int k)
{
    int n[4] = {0};
    assert_int_equal(s->order, known[k].order);
    for (int r = 0; r < s->nirrep; r++)
        n[s->irrep[r].dim]++;
    for (int d = 1; d <= 3; d++)
        assert_int_equal(n[d], known[k].n[d - 1]);
    for (int g = 0; g < s->order; g++)
        assert_true(s->irrep[0].matrix[g] == 1);
}

static void groups_have_the_irreps_of_the_tables(void **state)
{
    (void)state;
    for_all(check_table);
}

static void check_homomorphism(const struct symmetry *s, int k)
{
    (void)k;
    for (int r = 0; r < s->nirrep; r++) {
        int d = s->irrep[r].dim;
        const double *m = s->irrep[r].matrix;
        for (int g = 0; g < s->order; g++)
            for (int h = 0; h < s->order; h++)
                for (int i = 0; i < d * d; i++) {
                    double sum = 0;
                    for (int j = 0; j < d; j++)
                        sum += m[(g * d + i / d) * d + j] *
                               m[(h * d + j) * d + i % d];
                    assert_close(m[s->product[g * s->order + h] * d * d + i],
                                 sum, ROUND);
                }
    }
}

static void irreps_multiply_as_the_group(void **state)
{
    (void)state;
    for_all(check_homomorphism);
}

/* sum_g D_ij(g) D'_kl(g) = order/dim when irrep, i = k and j = l agree, else
   0. */
static void check_orthogonality(const struct symmetry *s, int k)
{
    (void)k;
    for (int a = 0; a < s->nirrep; a++)
        for (int b = 0; b < s->nirrep; b++) {
            int da = s->irrep[a].dim, db = s->irrep[b].dim;
            for (int e = 0; e < da * da * db * db; e++) {
                int i = e % (da * da), j = e / (da * da);
                double sum = 0;
                for (int g = 0; g < s->order; g++)
                    sum += s->irrep[a].matrix[g * da * da + i] *
                           s->irrep[b].matrix[g * db * db + j];
                assert_close(sum * da / s->order, a == b && i == j, ROUND);
            }
        }
}

static void matrix_elements_are_orthogonal(void **state)
{
    (void)state;
    for_all(check_orthogonality);
}

/* The axes are canonical: one irrep is the vector, with the matrices of the
   operations themselves; a polar axis takes it apart. */
static void check_vector(const struct symmetry *s, int k)
{
    int found = 0, d = s->dim;
    if (known[k].polar)
        return;
    for (int r = 0; r < s->nirrep; r++) {
        double worst = 0;
        for (int g = 0; s->irrep[r].dim == d && g < s->order; g++)
            for (int i = 0; i < d * d; i++)
                worst = fmax(worst, fabs(s->irrep[r].matrix[g * d * d + i] -
                                         s->op[g].r[i / d][i % d]));
        found += s->irrep[r].dim == d && worst < ROUND;
    }
    assert_int_equal(found, 1);
}

static void one_irrep_is_the_vector(void **state)
{
    (void)state;
    for_all(check_vector);
}

/* The sector of D4 is [0, pi/4], of C6v [0, pi/6]. */
static void check_sector(const struct symmetry *s, int k)
{
    double angle[NKNOWN] = {0, M_PI / 8, M_PI / 12};
    if (k < 3)
        assert_close(atan2(s->generic[1], s->generic[0]), angle[k], ROUND);
    for (int g = 1; g < s->order; g++) {
        double product = 0;
        for (int i = 0; i < s->dim; i++)
            for (int j = 0; j < s->dim; j++)
                product += s->generic[i] * s->op[g].r[i][j] * s->generic[j];
        assert_true(product < 0.95);
    }
}

static void generic_vectors_lie_in_the_middle_of_a_sector(void **state)
{
    (void)state;
    for_all(check_sector);
}

/* The space of three vectors: each row turns by its irrep, and the rows are
   orthonormal. */
static void check_reduction(const struct symmetry *s, int k)
{
    int d = s->dim, n = d * d;
    double *rep = mem_zalloc((size_t)(s->order * n * n), sizeof *rep);
    double *basis = mem_zalloc((size_t)(n * n), sizeof *basis);
    int irrep[9], component[9];
    (void)k;
    assert_true(rep && basis);
    for (int g = 0; g < s->order; g++) /* R (x) R */
        for (int i = 0; i < n; i++)
            for (int j = 0; j < n; j++)
                rep[(g * n + i) * n + j] =
                    s->op[g].r[i / d][j / d] * s->op[g].r[i % d][j % d];
    assert_int_equal(symmetry_reduce(s, n, rep, basis, irrep, component), 0);
    for (int a = 0; a < n; a++)
        for (int b = 0; b < n; b++) {
            double sum = 0;
            for (int x = 0; x < n; x++)
                sum += basis[a * n + x] * basis[b * n + x];
            assert_close(sum, a == b, ROUND);
        }
    for (int g = 0; g < s->order; g++)
        for (int a = 0; a < n; a++) {
            const struct symmetry_irrep *r = &s->irrep[irrep[a]];
            for (int x = 0; x < n; x++) {
                double turned = 0, expected = 0;
                for (int y = 0; y < n; y++)
                    turned += rep[(g * n + x) * n + y] * basis[a * n + y];
                for (int j = 0; j < r->dim; j++)
                    expected +=
                        r->matrix[(g * r->dim + j) * r->dim + component[a]] *
                        basis[(a - component[a] + j) * n + x];
                assert_close(turned, expected, ROUND);
            }
        }
    mem_free(rep);
    mem_free(basis);
}

static void reduced_spaces_turn_by_their_irreps(void **state)
{
    (void)state;
    for_all(check_reduction);
}

/* With a device along x the cell's coordinate along it does not change: the
   reciprocal vector of a polar axis stays where it is, others turn. */
static void check_polar(const struct symmetry *s, int k)
{
    int n[3] = {2, 2, 2};
    bool periodic[3] = {true, true, true};
    const char *why = NULL;
    double b[3][3];
    struct lattice *lat =
        lattice_new(&known[k].style->shape, n, periodic, &why);
    assert_non_null(lat);
    lattice_reciprocal(lat, b);
    for (int axis = 0; axis < 3; axis++)
        for (int g = 0; g < s->order; g++) {
            double worst = 0;
            for (int i = 0; i < 3; i++) {
                double sum = -b[axis][i];
                for (int j = 0; j < 3; j++)
                    sum += s->op[g].r[i][j] * b[axis][j];
                worst = fmax(worst, fabs(sum));
            }
            if (known[k].polar >> axis & 1)
                assert_true(worst < 10 * ROUND);
            if (s->op[g].m[axis][axis] == -1)
                assert_true(worst > 1);
        }
    lattice_free(lat);
}

static void polar_axes_keep_their_direction(void **state)
{
    (void)state;
    for_all(check_polar);
}

/* A square cell with a motif that turns by 90 degrees but has no mirror: C4,
   with a pair of complex irreps, is refused in words. */
static void rotations_without_mirrors_are_refused(void **state)
{
    (void)state;
    struct lattice_shape shape = {.name = "pinwheel",
                                  .dim = 2,
                                  .nbasis = 5,
                                  .a = {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}},
                                  .basis = {{0, 0, 0},
                                            {0.3, 0.1, 0},
                                            {-0.1, 0.3, 0},
                                            {-0.3, -0.1, 0},
                                            {0.1, -0.3, 0}}};
    int n[3] = {2, 2, 1};
    bool periodic[3] = {true, true, true};
    const char *why = NULL;
    struct lattice *lat = lattice_new(&shape, n, periodic, &why);
    struct symmetry s;
    assert_non_null(lat);
    assert_int_equal(lat->nop, 4);
    assert_int_equal(symmetry_init(&s, lat, 0, &why), -1);
    assert_non_null(strstr(why, "complex type"));
    lattice_free(lat);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(groups_have_the_irreps_of_the_tables),
        cmocka_unit_test(irreps_multiply_as_the_group),
        cmocka_unit_test(matrix_elements_are_orthogonal),
        cmocka_unit_test(one_irrep_is_the_vector),
        cmocka_unit_test(generic_vectors_lie_in_the_middle_of_a_sector),
        cmocka_unit_test(reduced_spaces_turn_by_their_irreps),
        cmocka_unit_test(polar_axes_keep_their_direction),
        cmocka_unit_test(rotations_without_mirrors_are_refused)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

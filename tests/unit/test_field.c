/* Padded fields: the border against lattice_neighbour, neighbour sums against
   a direct walk, copies, tags, threads; groups. */

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <omp.h>

#include "base/mem.h"
#include "base/rng.h"
#include "core/field.h"
#include "core/group.h"
#include "plug/lattice_style.h"

extern const struct lattice_style lattice_chain, lattice_square,
    lattice_triangular, lattice_honeycomb, lattice_cubic;

enum { NSTYLE = 5 };
static const struct lattice_style *const styles[NSTYLE] = {
    &lattice_chain, &lattice_square, &lattice_triangular, &lattice_honeycomb,
    &lattice_cubic};

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

/* A different number at every site and component. */
static double pattern(int64_t site, int comp)
{
    return 1 + (double)site + 1000.0 * comp;
}

static struct field *patterned(const struct lattice *lat, int ncomp,
                               uint64_t *clock)
{
    struct field *f = field_new(lat, ncomp, clock);
    double *dense = mem_alloc((size_t)lat->nsite, sizeof *dense);
    assert_non_null(f);
    for (int c = 0; c < ncomp; c++) {
        for (int64_t i = 0; i < lat->nsite; i++)
            dense[i] = pattern(i, c);
        field_scatter(f, c, dense);
    }
    mem_free(dense);
    return f;
}

/* Every cell of the border, corners included, holds the site that
   lattice_neighbour names, or zero beyond an open end. */
static void check_border(const struct lattice *lat, const int halo[3])
{
    uint64_t clock = 0;
    struct field *f = patterned(lat, 2, &clock);
    assert_int_equal(field_widen(f, halo), 0);
    int origin[3] = {0}, o[3];
    for (int c = 0; c < 2; c++)
        for (int b = 0; b < lat->shape.nbasis; b++) {
            const double *at = field_halo(f, c, b);
            for (o[2] = -f->halo[2]; o[2] < lat->n[2] + f->halo[2]; o[2]++)
                for (o[1] = -f->halo[1]; o[1] < lat->n[1] + f->halo[1]; o[1]++)
                    for (o[0] = -f->halo[0]; o[0] < lat->n[0] + f->halo[0];
                         o[0]++) {
                        int64_t j = lattice_neighbour(lat, origin, o, b, NULL);
                        double wanted = j < 0 ? 0 : pattern(j, c);
                        assert_true(at[o[2] * f->stride[2] +
                                       o[1] * f->stride[1] + o[0]] == wanted);
                    }
        }
    field_free(f);
}

/* Borders up to three times the lattice, every boundary mix. */
static void test_border(void **state)
{
    (void)state;
    static const int size[][3] = {{1, 1, 1}, {2, 1, 2}, {3, 2, 1}, {4, 3, 2}};
    for (int k = 0; k < NSTYLE; k++)
        for (int s = 0; s < 4; s++)
            for (unsigned open = 0; open < 1u << styles[k]->shape.dim; open++)
                for (int times = 0; times <= 3; times++) {
                    struct lattice *lat = make(styles[k], size[s][0],
                                               size[s][1], size[s][2], open);
                    int halo[3] = {times * lat->n[0], times * lat->n[1],
                                   times * lat->n[2]};
                    check_border(lat, halo);
                    halo[0] = 1;
                    check_border(lat, halo);
                    lattice_free(lat);
                }
}

/* An axis of one cell gets no border: it has no neighbours to look at. */
static void test_no_border_on_short_axis(void **state)
{
    (void)state;
    uint64_t clock = 0;
    struct lattice *lat = make(&lattice_square, 5, 1, 1, 0);
    struct field *f = field_new(lat, 1, &clock);
    assert_int_equal(field_widen(f, (int[]){2, 2, 2}), 0);
    assert_int_equal(f->halo[0], 2);
    assert_int_equal(f->halo[1], 0);
    assert_int_equal(f->halo[2], 0);
    field_free(f);
    lattice_free(lat);
}

static void check_sum(const struct lattice *lat, double reach)
{
    uint64_t clock = 0;
    struct stencil s;
    assert_int_equal(lattice_stencil(lat, 0, reach, &s), 0);
    struct field *f = patterned(lat, 2, &clock),
                 *out = field_new(lat, 2, &clock);
    double *dense = mem_alloc((size_t)lat->nsite, sizeof *dense);
    int *count = mem_alloc((size_t)lat->nsite, sizeof *count);
    assert_int_equal(field_widen(f, s.reach), 0);
    field_neighbour_sum(f, 1, &s, out, 0);
    field_gather(out, 0, dense);
    field_neighbour_count(lat, &s, count);
    for (int64_t i = 0; i < lat->nsite; i++) {
        int cell[3], b, n = 0;
        double sum = 0;
        lattice_cell(lat, i, cell, &b);
        for (int k = 0; k < s.n[b]; k++) {
            int64_t j = lattice_neighbour(lat, cell, s.site[b][k].cell,
                                          s.site[b][k].to, NULL);
            sum += j < 0 ? 0 : pattern(j, 1);
            n += j >= 0;
        }
        assert_true(dense[i] == sum); /* whole numbers: exact */
        assert_int_equal(count[i], n);
    }
    mem_free(count);
    mem_free(dense);
    field_free(out);
    field_free(f);
    stencil_free(&s);
}

static void test_neighbour_sum(void **state)
{
    (void)state;
    static const int size[][3] = {{1, 1, 1}, {2, 1, 3}, {5, 4, 3}, {3, 7, 2}};
    static const double reach[] = {0.6, 1, 1.5, 2.3};
    for (int k = 0; k < NSTYLE; k++)
        for (int s = 0; s < 4; s++)
            for (unsigned open = 0; open < 1u << styles[k]->shape.dim; open++) {
                struct lattice *lat =
                    make(styles[k], size[s][0], size[s][1], size[s][2], open);
                for (int r = 0; r < 4; r++)
                    check_sum(lat, reach[r]);
                lattice_free(lat);
            }
}

/* Values survive a wider border, gather inverts scatter, a write makes the
   border stale and a read refills it. */
static void test_copies_and_tags(void **state)
{
    (void)state;
    uint64_t clock = 0;
    struct lattice *lat = make(&lattice_honeycomb, 5, 4, 1, 0);
    struct field *f = patterned(lat, 2, &clock), *g = field_new(lat, 2, &clock);
    double dense[40];
    assert_int_equal(field_widen(f, (int[]){2, 1, 0}), 0);
    size_t bytes = field_bytes(f);
    assert_int_equal(bytes, (5 + 4) * (4 + 2) * 2 * 2 * 8);
    assert_int_equal(field_widen(f, (int[]){1, 1, 0}), 0);
    assert_int_equal(field_bytes(f), bytes);
    field_gather(f, 1, dense);
    for (int i = 0; i < 40; i++)
        assert_true(dense[i] == pattern(i, 1));

    uint64_t before = f->tag;
    field_halo(f, 0, 0);
    assert_true(f->tag == before && f->halo_tag == before);
    field_write(f, 0, 0)[4] = -7; /* cell (4, 0) */
    assert_true(f->tag > before && f->halo_tag != f->tag);
    assert_true(field_halo(f, 0, 0)[-1] == -7);

    before = g->tag;
    assert_int_equal(field_copy(g, f), 0);
    assert_true(g->tag > before);
    field_gather(g, 0, dense);
    assert_true(dense[2 * 4] == -7 && dense[1] == pattern(1, 0));
    field_fill(g, 1, 2.5);
    field_gather(g, 1, dense);
    assert_true(dense[0] == 2.5 && dense[39] == 2.5);
    struct field *other = field_new(lat, 1, &clock);
    assert_int_equal(field_copy(other, f), -1);
    field_free(other);
    field_free(g);
    field_free(f);
    lattice_free(lat);
}

static void sum_with(int threads, const struct lattice *lat, double *dense)
{
    uint64_t clock = 0;
    struct field *f = field_new(lat, 1, &clock),
                 *out = field_new(lat, 1, &clock);
    struct rng_key key = {.seed = 7, .purpose = RNG_DISPLACE};
    omp_set_num_threads(threads);
    rng_uniforms(key, 0, 1, dense, lat->nsite);
    field_scatter(f, 0, dense);
    field_widen(f, lat->nearest.reach);
    field_neighbour_sum(f, 0, &lat->nearest, out, 0);
    field_gather(out, 0, dense);
    field_free(out);
    field_free(f);
}

static void test_threads(void **state)
{
    (void)state;
    int most = omp_get_max_threads();
    for (int k = 0; k < NSTYLE; k++) {
        struct lattice *lat = make(styles[k], 64, 33, 27, 1);
        size_t bytes = (size_t)lat->nsite * sizeof(double);
        double *one = mem_alloc(bytes, 1), *many = mem_alloc(bytes, 1);
        sum_with(1, lat, one);
        sum_with(3, lat, many);
        assert_memory_equal(one, many, bytes);
        double norm = 0;
        for (int64_t i = 0; i < lat->nsite; i++)
            norm += fabs(one[i]);
        assert_true(norm > 0);
        mem_free(many);
        mem_free(one);
        lattice_free(lat);
    }
    omp_set_num_threads(most);
}

/* A request beyond any memory is refused and leaves the field as it was. */
static void test_memory(void **state)
{
    (void)state;
    uint64_t clock = 0;
    struct lattice *lat = make(&lattice_cubic, 2, 2, 2, 0);
    struct field *f = patterned(lat, 1, &clock);
    int wide[3] = {INT32_MAX / 2, INT32_MAX / 2, INT32_MAX / 2};
    assert_int_equal(field_widen(f, wide), -1);
    assert_int_equal(f->halo[0], 0);
    assert_true(field_read(f, 0, 0)[1] == pattern(1, 0));
    field_free(f);
    lattice_free(lat);
}

static void test_groups(void **state)
{
    (void)state;
    struct groups g;
    assert_int_equal(groups_init(&g, 100), 0);
    assert_int_equal(groups_find(&g, "all"), 0);
    assert_int_equal(groups_find(&g, "left"), -1);
    assert_int_equal(groups_count(&g, 0), 100);
    assert_true(groups_has(&g, 0, 99));
    int left = groups_add(&g, "left");
    assert_int_equal(left, 1);
    for (int64_t i = 0; i < 100; i += 3)
        groups_assign(&g, left, i, true);
    assert_int_equal(groups_count(&g, left), 34);
    groups_assign(&g, left, 0, false);
    assert_false(groups_has(&g, left, 0));
    assert_true(groups_has(&g, left, 3));
    char name[16];
    for (int k = 2; k < GROUP_MAX; k++) {
        snprintf(name, sizeof name, "g%d", k);
        assert_int_equal(groups_add(&g, name), k);
    }
    groups_assign(&g, GROUP_MAX - 1, 7, true);
    assert_int_equal(groups_count(&g, GROUP_MAX - 1), 1);
    assert_int_equal(groups_add(&g, "more"), -1);
    groups_remove(&g, left);
    assert_int_equal(groups_find(&g, "left"), -1);
    assert_int_equal(groups_add(&g, "again"), left);
    assert_int_equal(groups_count(&g, left), 0); /* the bit was cleared */
    groups_fini(&g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_border),
        cmocka_unit_test(test_no_border_on_short_axis),
        cmocka_unit_test(test_neighbour_sum),
        cmocka_unit_test(test_copies_and_tags),
        cmocka_unit_test(test_threads),
        cmocka_unit_test(test_memory),
        cmocka_unit_test(test_groups),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

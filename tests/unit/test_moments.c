/* Moments of local densities of states: what elec/moments.h says. */

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>
#include <omp.h>

#include "adele.h"
#include "base/mem.h"
#include "elec/moments.h"
#include "plug/lattice_style.h"
#include "plug/registry.h"
#include "sim.h"

struct scene {
    struct adele *sim;
    struct lattice *lat;
    struct field *u, *du;
    struct moments m;
    int64_t n;
};

struct wish {
    const char *lattice;
    int n[3];
    unsigned open; /* bit a: axis a */
    int reach;
    double t2, centre;
    bool single;
};

static uint64_t clock_of_fields;

static void randomise(struct field *f, uint32_t stream)
{
    int64_t n = f->lat->nlocal;
    double *u = mem_alloc((size_t)n, sizeof *u);
    assert_non_null(u);
    for (int c = 0; c < f->ncomp; c++) {
        for (int64_t i = 0; i < n; i++)
            u[i] = 0.3 * sim_random(stream, c * n + i);
        field_scatter(f, c, u);
    }
    mem_free(u);
    field_exchange(f);
}

static struct scene scene_new(const struct wish *w)
{
    struct scene s = {.sim = adele_new(NULL, NULL)};
    bool periodic[3];
    const char *why = NULL;
    assert_non_null(s.sim);
    const struct lattice_style *style =
        (const void *)registry_find(s.sim, "lattice", w->lattice);
    assert_non_null(style);
    for (int a = 0; a < 3; a++)
        periodic[a] = !(w->open >> a & 1);
    s.lat = lattice_new(&style->shape, w->n, periodic, &why);
    assert_non_null(s.lat);
    s.n = s.lat->nlocal;
    s.m = (struct moments){.dim = style->shape.dim,
                           .reach = w->reach,
                           .t = 2.5,
                           .t2 = w->t2,
                           .alpha = 4,
                           .centre = w->centre,
                           .single = w->single};
    moments_init(&s.m);
    s.u = field_new(s.lat, s.m.dim, &clock_of_fields);
    s.du = field_new(s.lat, s.m.dim, &clock_of_fields);
    assert_true(s.u && s.du);
    assert_int_equal(field_widen(s.u, s.m.halo), 0);
    assert_int_equal(field_widen(s.du, s.m.halo), 0);
    randomise(s.u, 1);
    randomise(s.du, 2);
    return s;
}

static void scene_free(struct scene *s)
{
    field_free(s->u);
    field_free(s->du);
    lattice_free(s->lat);
    adele_free(s->sim);
}

static double *numbers(int64_t n)
{
    double *a = mem_zalloc((size_t)n, sizeof *a);
    assert_non_null(a);
    return a;
}

/* Rows in pieces of uneven lengths are those of one call. */
static double *rows_of(const struct scene *s)
{
    int count = moments_count(&s->m);
    double *x = numbers(s->n * count), *piece = numbers(s->n * count);
    moments_rows(&s->m, s->u, 0, s->n, x);
    for (int64_t begin = 0, end; begin < s->n; begin = end) {
        end = begin + 1 + begin % 7;
        end = end < s->n ? end : s->n;
        moments_rows(&s->m, s->u, begin, end, piece + begin * count);
    }
    assert_memory_equal(x, piece, (size_t)(s->n * count) * sizeof *x);
    mem_free(piece);
    return x;
}

/* The Hamiltonian of the whole lattice, scaled; bonds that wrap add up. */
static double *hamiltonian(const struct scene *s)
{
    int64_t n = s->n;
    double *h = numbers(n * n), *u = numbers(n * s->m.dim);
    for (int c = 0; c < s->m.dim; c++)
        field_gather(s->u, c, u + c * n);
    for (int64_t i = 0; i < n; i++) {
        int cell[3], b;
        lattice_cell(s->lat, i, cell, &b);
        h[i * n + i] -= s->m.centre / s->m.width;
        for (int far = 0; far < 2; far++) {
            const struct stencil *near =
                far ? &s->lat->second : &s->lat->nearest;
            for (int k = 0; k < near->n[0]; k++) {
                const int *d = near->site[0][k].cell;
                int64_t j = lattice_neighbour(s->lat, cell, d, 0, NULL);
                int axis = d[0] == 0, sign = d[0] + d[1] > 0 ? 1 : -1;
                if (j < 0)
                    continue;
                double v = -s->m.t2;
                if (!far)
                    v = -s->m.t +
                        s->m.alpha * sign * (u[axis * n + j] - u[axis * n + i]);
                h[i * n + j] += v / s->m.width;
            }
        }
    }
    mem_free(u);
    return h;
}

static void next(int64_t n, const double *h, const double *v, double *last)
{
    for (int64_t i = 0; i < n; i++) {
        double sum = 0;
        for (int64_t j = 0; j < n; j++)
            sum += h[i * n + j] * v[j];
        last[i] = 2 * sum - last[i];
    }
}

/* T_n(h)_ii by applying h to the unit vector of i. */
static void expect_moments(const struct scene *s, const double *x, double tol)
{
    int64_t n = s->n;
    int count = moments_count(&s->m);
    double *h = hamiltonian(s), *a = numbers(n), *b = numbers(n);
    for (int64_t i = 0; i < n; i++) {
        memset(a, 0, (size_t)n * sizeof *a);
        a[i] = 1;
        for (int64_t j = 0; j < n; j++)
            b[j] = h[j * n + i];
        for (int k = 2; k < count + 2; k++) {
            next(n, h, b, a);
            assert_true(fabs(a[i] - x[i * count + k - 2]) < tol);
            double *c = a;
            a = b;
            b = c;
        }
    }
    mem_free(h);
    mem_free(a);
    mem_free(b);
}

/* Lattices longer than any walk of the moments. */
static const struct wish exact[] = {
    {"square", {9, 10, 1}, 0, 4, 0.5, 0, false},
    {"square", {9, 7, 1}, 0, 3, 0.5, 0.7, false},
    {"square", {13, 14, 1}, 0, 6, 0.5, 0, false},
    {"square", {6, 9, 1}, 1, 4, 0.5, 0, false},
    {"square", {5, 3, 1}, 3, 4, 0.5, 0.3, false},
    {"square", {4, 4, 1}, 3, 8, 0, 0, false},
    {"square", {20, 1, 1}, 0, 4, 0.5, 0, false},
    {"square", {1, 9, 1}, 0, 4, 0.5, 0, false},
    {"square", {1, 1, 1}, 0, 4, 0.5, 0.2, false},
    {"chain", {17, 1, 1}, 0, 8, 0, 0, false},
    {"chain", {34, 1, 1}, 0, 8, 0.4, 0.1, false},
    {"chain", {7, 1, 1}, 1, 5, 0.4, 0, false},
    {"square", {9, 10, 1}, 0, 4, 0.5, 0, true},
    {"chain", {7, 1, 1}, 1, 5, 0.4, 0, true},
};
enum { NEXACT = sizeof exact / sizeof *exact };

static void moments_are_those_of_the_hamiltonian(void **state)
{
    (void)state;
    for (int k = 0; k < NEXACT; k++) {
        struct scene s = scene_new(&exact[k]);
        double *x = rows_of(&s);
        assert_int_equal(moments_count(&s.m), 2 * exact[k].reach - 1);
        expect_moments(&s, x, exact[k].single ? 1e-5 : 1e-12);
        mem_free(x);
        scene_free(&s);
    }
}

/* Longer and shorter lattices, also such that walks wrap. */
static const struct wish derived[] = {
    {"square", {9, 10, 1}, 0, 4, 0.5, 0, false},
    {"square", {20, 50, 1}, 0, 3, 0.5, 0.4, false},
    {"square", {3, 2, 1}, 0, 4, 0.5, 0, false},
    {"square", {6, 9, 1}, 1, 6, 0.5, 0, false},
    {"square", {6, 9, 1}, 2, 2, 0, 0, false},
    {"square", {20, 1, 1}, 0, 4, 0.5, 0, false},
    {"square", {1, 9, 1}, 0, 4, 0.5, 0, false},
    {"chain", {17, 1, 1}, 0, 8, 0, 0, false},
    {"chain", {70, 1, 1}, 0, 4, 0.4, 0.1, false},
    {"chain", {7, 1, 1}, 1, 5, 0.4, 0, false},
};
enum { NDERIVED = sizeof derived / sizeof *derived };

static void shift(struct scene *s, double by)
{
    double *a = numbers(s->n), *b = numbers(s->n);
    for (int c = 0; c < s->m.dim; c++) {
        field_gather(s->u, c, a);
        field_gather(s->du, c, b);
        for (int64_t i = 0; i < s->n; i++)
            a[i] += by * b[i];
        field_scatter(s->u, c, a);
    }
    field_exchange(s->u);
    mem_free(a);
    mem_free(b);
}

/* Central differences: error h^2 times third derivatives of order alpha^3. */
static void tangents_are_differences(void **state)
{
    const double h = 1e-5;
    (void)state;
    for (int k = 0; k < NDERIVED; k++) {
        struct scene s = scene_new(&derived[k]);
        int count = moments_count(&s.m);
        int64_t n = s.n * count;
        double *dx = numbers(n), largest = 0;
        moments_tangent(&s.m, s.u, s.du, 0, s.n, dx);
        shift(&s, h);
        double *after = rows_of(&s);
        shift(&s, -2 * h);
        double *before = rows_of(&s);
        for (int64_t i = 0; i < n; i++) {
            double d = (after[i] - before[i]) / (2 * h);
            largest = fmax(largest, fabs(dx[i]));
            assert_true(fabs(d - dx[i]) < 1e-8);
        }
        assert_true(largest > 0.01);
        mem_free(dx);
        mem_free(after);
        mem_free(before);
        scene_free(&s);
    }
}

/* g.(J du) = (J^T g).du, and J^T does not depend on the threads. */
static void gradients_are_transposed_tangents(void **state)
{
    (void)state;
    for (int k = 0; k < NDERIVED; k++) {
        struct scene s = scene_new(&derived[k]);
        int64_t n = s.n * moments_count(&s.m);
        double *dx = numbers(n), *g = numbers(n), *u = numbers(s.n);
        double *back = numbers(s.n * s.m.dim), *again = numbers(s.n * s.m.dim);
        double one = 0, other = 0;
        for (int64_t i = 0; i < n; i++)
            g[i] = sim_random(3, i);
        moments_tangent(&s.m, s.u, s.du, 0, s.n, dx);
        omp_set_num_threads(3);
        assert_int_equal(moments_backward(&s.m, s.u, g, back), 0);
        omp_set_num_threads(1);
        assert_int_equal(moments_backward(&s.m, s.u, g, again), 0);
        omp_set_num_threads(omp_get_num_procs());
        assert_memory_equal(back, again,
                            (size_t)(s.n * s.m.dim) * sizeof *back);
        for (int64_t i = 0; i < n; i++)
            one += g[i] * dx[i];
        for (int c = 0; c < s.m.dim; c++) {
            field_gather(s.du, c, u);
            for (int64_t i = 0; i < s.n; i++)
                other += back[c * s.n + i] * u[i];
        }
        assert_true(fabs(one) > 1e-3);
        assert_true(fabs(one - other) < 1e-12 * (double)n);
        mem_free(dx);
        mem_free(g);
        mem_free(u);
        mem_free(back);
        mem_free(again);
        scene_free(&s);
    }
}

/* Turning lattice and vectors permutes the rows; moving all sites alike changes
   nothing. */
static void rows_are_invariant(void **state)
{
    const struct wish w = {"square", {7, 7, 1}, 0, 5, 0.5, 0.2, false};
    struct scene s = scene_new(&w);
    int count = moments_count(&s.m);
    double *x = rows_of(&s), *u = numbers(2 * s.n), *to = numbers(2 * s.n);
    int64_t *image = mem_alloc((size_t)s.n, sizeof *image);
    (void)state;
    assert_non_null(image);
    for (int c = 0; c < 2; c++)
        field_gather(s.u, c, u + c * s.n);
    assert_int_equal(s.lat->nop, 8);
    for (int k = 0; k < s.lat->nop; k++) {
        const struct lattice_op *op = &s.lat->op[k];
        assert_true(lattice_permutation(s.lat, op, image));
        for (int64_t i = 0; i < s.n; i++)
            for (int c = 0; c < 2; c++)
                to[c * s.n + image[i]] =
                    op->r[c][0] * u[i] + op->r[c][1] * u[s.n + i] + 0.37;
        for (int c = 0; c < 2; c++)
            field_scatter(s.u, c, to + c * s.n);
        field_exchange(s.u);
        double *y = rows_of(&s);
        for (int64_t i = 0; i < s.n; i++)
            for (int j = 0; j < count; j++)
                assert_true(fabs(y[image[i] * count + j] - x[i * count + j]) <
                            1e-13);
        mem_free(y);
    }
    mem_free(x);
    mem_free(u);
    mem_free(to);
    mem_free(image);
    scene_free(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(moments_are_those_of_the_hamiltonian),
        cmocka_unit_test(tangents_are_differences),
        cmocka_unit_test(gradients_are_transposed_tangents),
        cmocka_unit_test(rows_are_invariant),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

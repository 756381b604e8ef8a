/* Descriptors: what doc/descriptor says of `field` and `irreps`. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "adele.h"
#include "base/mem.h"
#include "close.h"
#include "plug/descriptor.h"
#include "plug/lattice_style.h"
#include "plug/registry.h"
#include "sim.h"

/* A configuration of random displacements and a descriptor set up for it. */
struct scene {
    struct adele *sim;
    struct lattice *lat;
    struct field *q;
    struct descriptor *d;
    const struct descriptor_style *style;
    uint64_t clock;
    int64_t n;
};

static struct descriptor *descriptor_of(struct adele *sim, const char *text)
{
    struct line *line = line_new("(test)", 1, text);
    struct words words = {0};
    struct where bad;
    const char *why;
    assert_non_null(line);
    assert_int_equal(words_split(line, &words, &bad, &why), 0);
    struct instance *d = instance_new(sim, "descriptor", &words, NULL, NULL);
    words_free(&words);
    line_release(line);
    return (struct descriptor *)d;
}

static void randomise(struct field *f, uint32_t stream)
{
    int64_t n = f->lat->nlocal;
    double *u = mem_alloc((size_t)n, sizeof *u);
    assert_non_null(u);
    for (int c = 0; c < f->ncomp; c++) {
        for (int64_t i = 0; i < n; i++)
            u[i] = sim_random(stream, c * n + i);
        field_scatter(f, c, u);
    }
    mem_free(u);
    field_exchange(f);
}

/* `open` has bit i set for an open axis i. */
static struct scene scene_new(const char *lattice, const int n[3],
                              unsigned open, int ncomp, bool vector,
                              const char *text)
{
    struct scene s = {.sim = adele_new(NULL, NULL), .clock = 1};
    const struct lattice_style *style;
    bool periodic[3];
    const char *why = NULL;
    assert_non_null(s.sim);
    style = (const void *)registry_find(s.sim, "lattice", lattice);
    assert_non_null(style);
    for (int i = 0; i < 3; i++)
        periodic[i] = !(open >> i & 1);
    s.lat = lattice_new(&style->shape, n, periodic, &why);
    assert_non_null(s.lat);
    s.n = s.lat->nlocal;
    s.d = descriptor_of(s.sim, text);
    if (!s.d)
        fail_msg("%s", adele_error(s.sim));
    s.style = (const struct descriptor_style *)s.d->head.style;
    if (s.style->setup(s.sim, s.d, &style->shape, ncomp, vector))
        fail_msg("%s", adele_error(s.sim));
    s.q = field_new(s.lat, ncomp, &s.clock);
    assert_non_null(s.q);
    assert_int_equal(field_widen(s.q, s.d->halo), 0);
    randomise(s.q, 1);
    return s;
}

static void scene_free(struct scene *s)
{
    field_free(s->q);
    instance_free(s->sim, &s->d->head);
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
    int nf = s->d->nfeature;
    double *x = numbers(s->n * nf), *piece = numbers(s->n * nf);
    s->style->rows(s->d, s->q, 0, s->n, x);
    for (int64_t begin = 0, end; begin < s->n; begin = end) {
        end = begin + 1 + begin % 7;
        if (end > s->n)
            end = s->n;
        s->style->rows(s->d, s->q, begin, end, piece + begin * nf);
    }
    assert_memory_equal(x, piece, (size_t)(s->n * nf) * sizeof *x);
    mem_free(piece);
    return x;
}

/* Sizes 1, 2, odd and even in every dimension. */
static const int sizes[][3] = {{1, 1, 1}, {2, 2, 2}, {1, 5, 2}, {4, 1, 3},
                               {3, 3, 3}, {5, 4, 3}, {9, 6, 2}};
enum { NSIZE = sizeof sizes / sizeof *sizes };
static const char *const lattices[] = {"chain", "square", "triangular",
                                       "honeycomb", "cubic"};
enum { NLATTICE = sizeof lattices / sizeof *lattices };

static void field_is_the_displacement(void **state)
{
    (void)state;
    for (int k = 0; k < NLATTICE * NSIZE; k++) {
        struct scene s = scene_new(lattices[k % NLATTICE], sizes[k / NLATTICE],
                                   (unsigned)k % 8, 2, false, "field");
        double *x = rows_of(&s), *u = numbers(2 * s.n),
               *back = numbers(2 * s.n);
        assert_int_equal(s.d->nfeature, 2);
        assert_true(s.d->smooth);
        assert_int_equal(s.d->rank, 0);
        for (int c = 0; c < 2; c++)
            field_gather(s.q, c, u + c * s.n);
        assert_int_equal(s.style->backward(s.sim, s.d, s.q, x, back), 0);
        for (int64_t i = 0; i < 2 * s.n; i++) {
            assert_true(x[i % s.n * 2 + i / s.n] == u[i]);
            assert_true(back[i] == u[i]);
        }
        s.style->tangent(s.d, s.q, s.q, 0, s.n, back);
        assert_memory_equal(back, x, (size_t)(2 * s.n) * sizeof *x);
        mem_free(x), mem_free(u), mem_free(back);
        scene_free(&s);
    }
}

static void field_of_a_vector_turns(void **state)
{
    (void)state;
    struct scene s =
        scene_new("square", (int[3]){4, 3, 1}, 0, 2, true, "field");
    assert_int_equal(s.d->rank, 1);
    scene_free(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(field_is_the_displacement),
        cmocka_unit_test(field_of_a_vector_turns)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

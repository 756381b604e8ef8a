/* Selected inversion against dense inverse and determinant: every lattice in
   sizes 1, 2, odd, even and all mixes of boundaries, nearest and second
   neighbours, thin tori, and results that depend neither on the number of
   threads nor on the company of other shifts. */

#include <complex.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <lapacke.h>

#include "core/lattice.h"
#include "la/selinv.h"
#include "sim.h"

typedef double complex cplx;

/* Edges of a lattice, each pair of sites once. */
struct system {
    struct adele *sim;
    int64_t n, nedge;
    int64_t (*edge)[2];
    int (*cell)[3];
    double *onsite, *hopping;
    struct dissection_graph graph;
};

static void add_edges(struct system *s, const struct stencil *near,
                      unsigned char *seen)
{
    const struct lattice *lat = s->sim->lat;

    for (int64_t i = 0; i < s->n; i++) {
        int cell[3], b;

        lattice_cell(lat, i, cell, &b);
        for (int k = 0; k < near->n[b]; k++) {
            const struct stencil_site *to = &near->site[b][k];
            int64_t j = lattice_neighbour(lat, cell, to->cell, to->to, NULL);

            if (j <= i || seen[i * s->n + j])
                continue;
            seen[i * s->n + j] = 1;
            s->edge[s->nedge][0] = i;
            s->edge[s->nedge++][1] = j;
        }
    }
}

static void open_system(struct system *s, const char *deck, bool second)
{
    const struct lattice *lat;
    unsigned char *seen;

    *s = (struct system){.sim = sim_new("%s", deck)};
    lat = s->sim->lat;
    s->n = lat->nsite;
    seen = calloc((size_t)(s->n * s->n), 1);
    s->edge = calloc((size_t)(s->n * 40), sizeof *s->edge);
    s->cell = calloc((size_t)s->n, sizeof *s->cell);
    s->onsite = calloc((size_t)s->n, sizeof(double));
    s->hopping = calloc((size_t)s->n * 40, sizeof(double));
    assert_true(seen && s->edge && s->cell && s->onsite && s->hopping);
    add_edges(s, &lat->nearest, seen);
    if (second)
        add_edges(s, &lat->second, seen);
    free(seen);
    for (int64_t i = 0; i < s->n; i++) {
        int b;

        lattice_cell(lat, i, s->cell[i], &b);
        s->onsite[i] = 3 * sim_random(81, i);
    }
    for (int64_t e = 0; e < s->nedge; e++)
        s->hopping[e] = sim_random(82, e);
    for (int axis = 0; axis < 3; axis++) {
        s->graph.size[axis] = lat->n[axis];
        s->graph.periodic[axis] = lat->periodic[axis];
    }
    s->graph.n = s->n;
    s->graph.nedge = s->nedge;
    s->graph.edge = (const int64_t(*)[2])s->edge;
    s->graph.cell = (const int(*)[3])s->cell;
}

static void close_system(struct system *s)
{
    free(s->edge);
    free(s->cell);
    free(s->onsite);
    free(s->hopping);
    sim_free(s->sim);
}

/* (H - z)^-1 by LAPACK, ln |det| and the phase of det. */
static void dense(const struct system *s, cplx z, cplx *a, double *ln,
                  double *phase)
{
    lapack_int n = (lapack_int)s->n, *pivot = calloc((size_t)n, sizeof *pivot);

    memset(a, 0, (size_t)(s->n * s->n) * sizeof *a);
    for (int64_t i = 0; i < s->n; i++)
        a[i * s->n + i] = s->onsite[i] - z;
    for (int64_t e = 0; e < s->nedge; e++) {
        int64_t i = s->edge[e][0], j = s->edge[e][1];

        a[i * s->n + j] = a[j * s->n + i] = s->hopping[e];
    }
    assert_int_equal(
        LAPACKE_zgetrf(LAPACK_ROW_MAJOR, n, n, (void *)a, n, pivot), 0);
    *ln = *phase = 0;
    for (int64_t i = 0; i < s->n; i++) {
        *ln += log(cabs(a[i * s->n + i]));
        *phase += carg(a[i * s->n + i]) + (pivot[i] == i + 1 ? 0 : M_PI);
    }
    assert_int_equal(LAPACKE_zgetri(LAPACK_ROW_MAJOR, n, (void *)a, n, pivot),
                     0);
    free(pivot);
}

static cplx entry(const struct lanes *g, int64_t stride, int shift, int64_t i)
{
    const struct lanes *at = g + (int64_t)(shift / LANES) * stride + i;

    return at->re[shift % LANES] + I * at->im[shift % LANES];
}

enum { SHIFTS = 5 };
static const double shift_re[SHIFTS] = {0.2, 0.2, 0.2, -1, 3};
static const double shift_im[SHIFTS] = {0.02, 0.5, 7, -0.3, 100};

/* Rounding of both: n units times the norm of H - z times the largest entry of
   G squared (first-order perturbation), below n 1e-16 7 (1/Im z)^2. */
static void compare(const struct system *s, const struct selinv_result *r,
                    const char *what)
{
    cplx *a = calloc((size_t)(s->n * s->n), sizeof *a);

    assert_non_null(a);
    for (int k = 0; k < SHIFTS; k++) {
        double ln, phase, error = 0, im = fabs(shift_im[k]);
        double limit =
            (double)s->n * 1e-15 * fmax(1, 1 / (im * im)) * fmin(1, 10 / im);

        dense(s, shift_re[k] + I * shift_im[k], a, &ln, &phase);
        for (int64_t i = 0; i < s->n; i++)
            error = fmax(
                error, cabs(entry(r->diagonal, s->n, k, i) - a[i * s->n + i]));
        for (int64_t e = 0; e < s->nedge; e++)
            error = fmax(error, cabs(entry(r->edge, s->nedge, k, e) -
                                     a[s->edge[e][0] * s->n + s->edge[e][1]]));
        if (!(error <= limit))
            fail_msg("%sshift %g %gi: entries off by %g", what, shift_re[k],
                     shift_im[k], error);
        if (!(fabs(r->logdet_re[k] - ln) <=
              limit * (double)s->n + 1e-13 * fabs(ln)))
            fail_msg("%sshift %g %gi: ln |det| %.17g instead of %.17g", what,
                     shift_re[k], shift_im[k], r->logdet_re[k], ln);
        /* The phase is that of det up to turns. */
        assert_true(fabs(remainder(r->logdet_im[k] - phase, 2 * M_PI)) <=
                    limit * (double)s->n + 1e-12 * (double)s->n);
    }
    free(a);
}

static void check(const char *deck, bool second)
{
    struct system s;
    struct selinv_result r = {0};
    struct selinv *inverse;

    open_system(&s, deck, second);
    inverse = selinv_new(&s.graph);
    assert_non_null(inverse);
    assert_int_equal(selinv_solve(inverse, s.onsite, s.hopping, SHIFTS,
                                  shift_re, shift_im, true, 2, &r),
                     0);
    compare(&s, &r, deck);
    selinv_result_free(&r);
    selinv_free(inverse);
    close_system(&s);
}

static void every_lattice(void **state)
{
    (void)state;
    int count = 0;

    for (;; count++) {
        struct text deck = {0};

        if (!sim_lattice(count, &deck))
            break;
        check(deck.s, false);
        check(deck.s, true);
        text_free(&deck);
    }
    assert_true(count > 50);
}

/* Sizes 1 to 13 each way, and tori too thin for two cuts. */
static void every_size(void **state)
{
    (void)state;
    static const char *const boundary[] = {"p p", "p f", "f p", "f f"};
    static const char *const lattice[] = {"square", "triangular", "honeycomb"};
    char deck[128];

    for (int x = 1; x <= 13; x++) {
        for (int y = 1; y <= 13; y += 1 + (x > 4) + (x > 9)) {
            int k = x + y;

            snprintf(deck, sizeof deck, "boundary %s\nlattice %s %d %d\n",
                     boundary[k % 4], lattice[k / 4 % 3], x, y);
            check(deck, x % 2);
            snprintf(deck, sizeof deck, "boundary p p\nlattice %s %d %d\n",
                     lattice[(k + 1) % 3], x, y);
            check(deck, false);
        }
    }
    check("boundary p p\nlattice square 40 3\n", true);
    check("boundary p p\nlattice square 2 61\n", true);
    check("boundary p p\nlattice honeycomb 30 2\n", false);
    check("boundary p p p\nlattice cubic 5 6 7\n", false);
    check("boundary p f p\nlattice cubic 7 3 4\n", true);
    check("boundary p\nlattice chain 101\n", true);
}

/* Diagonal cuts of nearest-neighbour square lattices: straight ones take 55 and
   22 N^1.5 multiply-adds here.  With second neighbours it is about 60 N^1.5,
   straight or not. */
static void cuts_go_the_cheap_way(void **state)
{
    (void)state;
    static const struct {
        const char *deck;
        bool second;
        double most;
    } lattice[] = {{"boundary p p\nlattice square 40 40\n", false, 28},
                   {"boundary p p\nlattice square 41 41\n", false, 28},
                   {"boundary f f\nlattice square 40 40\n", false, 15},
                   {"boundary p p\nlattice square 40 40\n", true, 64}};

    for (int i = 0; i < 4; i++) {
        struct system s;
        struct selinv *inverse;
        double scale;

        open_system(&s, lattice[i].deck, lattice[i].second);
        inverse = selinv_new(&s.graph);
        assert_non_null(inverse);
        scale = pow((double)s.n, 1.5);
        assert_true(selinv_work(inverse) > scale);
        if (selinv_work(inverse) > lattice[i].most * scale)
            fail_msg("%s: %g N^1.5", lattice[i].deck,
                     selinv_work(inverse) / scale);
        selinv_free(inverse);
        close_system(&s);
    }
}

static const struct lanes *batch(const struct lanes *g, int64_t stride, int k)
{
    return g + (int64_t)(k / LANES) * stride;
}

/* Large enough for tasks within fronts. */
static void bits_do_not_depend_on_threads_or_company(void **state)
{
    (void)state;
    struct system s;
    struct selinv_result one = {0}, two = {0}, lone = {0};
    struct selinv *inverse;

    open_system(&s, "boundary p p\nlattice square 48 45\n", false);
    inverse = selinv_new(&s.graph);
    assert_non_null(inverse);
    assert_int_equal(selinv_solve(inverse, s.onsite, s.hopping, SHIFTS,
                                  shift_re, shift_im, true, 1, &one),
                     0);
    assert_int_equal(selinv_solve(inverse, s.onsite, s.hopping, SHIFTS,
                                  shift_re, shift_im, true, 2, &two),
                     0);
    assert_int_equal(selinv_solve(inverse, s.onsite, s.hopping, 1, shift_re + 1,
                                  shift_im + 1, true, 2, &lone),
                     0);
    for (int k = 0; k < SHIFTS; k += LANES) {
        assert_memory_equal(batch(one.diagonal, s.n, k),
                            batch(two.diagonal, s.n, k),
                            (size_t)s.n * sizeof(struct lanes));
        assert_memory_equal(batch(one.edge, s.nedge, k),
                            batch(two.edge, s.nedge, k),
                            (size_t)s.nedge * sizeof(struct lanes));
    }
    assert_memory_equal(one.logdet_re, two.logdet_re, SHIFTS * sizeof(double));
    for (int64_t i = 0; i < s.n; i++) {
        assert_true(entry(one.diagonal, s.n, 1, i) ==
                    entry(lone.diagonal, s.n, 0, i));
        assert_true(cabs(entry(one.diagonal, s.n, 1, i)) > 1e-3);
    }
    assert_true(one.logdet_re[1] == lone.logdet_re[0]);
    selinv_result_free(&one);
    selinv_result_free(&two);
    selinv_result_free(&lone);
    selinv_free(inverse);
    close_system(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_lattice), cmocka_unit_test(every_size),
        cmocka_unit_test(cuts_go_the_cheap_way),
        cmocka_unit_test(bits_do_not_depend_on_threads_or_company)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

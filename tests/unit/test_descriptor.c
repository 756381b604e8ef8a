/* Descriptors: what doc/descriptor says of `field` and `irreps`. */

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <lapacke.h>
#include <omp.h>

#include "adele.h"
#include "base/mem.h"
#include "close.h"
#include "ml/irreps.h"
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
    int64_t n;
};

static uint64_t clock_of_fields;

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

/* `open` has bit i set for an open axis i, `polar` for a polar one. */
static struct scene scene_polar(const char *lattice, const int n[3],
                                unsigned open, unsigned polar, int ncomp,
                                bool vector, const char *text)
{
    struct scene s = {.sim = adele_new(NULL, NULL)};
    const struct lattice_style *style;
    bool periodic[3];
    const char *why = NULL;
    assert_non_null(s.sim);
    style = (const void *)registry_find(s.sim, "lattice", lattice);
    assert_non_null(style);
    struct lattice_shape shape = style->shape;
    for (int i = 0; i < 3; i++) {
        periodic[i] = !(open >> i & 1);
        shape.polar[i] = polar >> i & 1;
    }
    s.lat = lattice_new(&shape, n, periodic, &why);
    assert_non_null(s.lat);
    s.n = s.lat->nlocal;
    s.d = descriptor_of(s.sim, text);
    if (!s.d)
        fail_msg("%s", adele_error(s.sim));
    s.style = (const struct descriptor_style *)s.d->head.style;
    if (s.style->setup(s.sim, s.d, &shape, ncomp, vector))
        fail_msg("%s", adele_error(s.sim));
    s.q = field_new(s.lat, ncomp, &clock_of_fields);
    assert_non_null(s.q);
    assert_int_equal(field_widen(s.q, s.d->halo), 0);
    randomise(s.q, 1);
    return s;
}

static struct scene scene_new(const char *lattice, const int n[3],
                              unsigned open, int ncomp, bool vector,
                              const char *text)
{
    return scene_polar(lattice, n, open, 0, ncomp, vector, text);
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

/* --- irreps --- */

/* Scalars and vectors, phases, cutoffs that hold a few shells. */
static const struct kind {
    const char *lattice, *text;
    bool vector;
    int ncomp;
} kinds[] = {{"chain", "irreps cutoff 3", false, 1},
             {"chain", "irreps cutoff 2 phase smooth", true, 1},
             {"square", "irreps cutoff 3.606", false, 1},
             {"square", "irreps cutoff 1 phase frame", false, 1},
             {"square", "irreps cutoff 2.3 phase smooth", false, 1},
             {"square", "irreps cutoff 2.3 phase sharp", true, 2},
             {"square", "irreps cutoff 2.3 phase smooth", true, 2},
             {"square", "irreps cutoff 2.3 reference 3 phase frame", true, 2},
             {"square", "irreps cutoff 1.5 phase sharp", false, 2},
             {"triangular", "irreps cutoff 2.7", false, 1},
             {"triangular", "irreps cutoff 1 phase smooth", true, 2},
             {"honeycomb", "irreps cutoff 1.6", false, 1},
             {"honeycomb", "irreps cutoff 1.2 phase frame", true, 2},
             {"honeycomb", "irreps cutoff 1.2 phase smooth", false, 1},
             {"cubic", "irreps cutoff 1.5", false, 1},
             {"cubic", "irreps cutoff 1.8 phase frame", false, 1},
             {"cubic", "irreps cutoff 1.5 phase smooth", true, 3}};
enum { NKIND = sizeof kinds / sizeof *kinds };

static struct scene scene_of(const struct kind *k, const int n[3],
                             unsigned open)
{
    return scene_new(k->lattice, n, open, k->ncomp, k->vector, k->text);
}

static int feature_count(const char *lattice, int ncomp, bool vector,
                         const char *text)
{
    struct scene s =
        scene_new(lattice, (int[3]){3, 3, 3}, 0, ncomp, vector, text);
    int n = s.d->nfeature;
    scene_free(&s);
    return n;
}

/* 45 [Cheng2023], 113 [Fan2026] and 322 [Jang2025] features; amplitudes of
   25 copies of irreps that are not A1 come with smooth phases. */
static void as_many_features_as_published(void **state)
{
    (void)state;
    assert_int_equal(feature_count("square", 1, false, "irreps cutoff 3.606"),
                     45);
    assert_int_equal(feature_count("square", 1, false, "irreps cutoff 6"), 113);
    assert_int_equal(feature_count("square", 2, true, "irreps cutoff 7.0711"),
                     322);
    assert_int_equal(
        feature_count("square", 1, false, "irreps cutoff 3.606 phase smooth"),
        45 + 25);
    assert_int_equal(feature_count("chain", 1, false, "irreps cutoff 3"), 7);
    assert_int_equal(feature_count("cubic", 1, false, "irreps cutoff 1"), 7);
    assert_int_equal(feature_count("honeycomb", 1, false, "irreps cutoff 1"),
                     10);
}

/* out[image of i] = R in[i] */
static void turn_field(const struct scene *s, const struct lattice_op *op,
                       const int64_t *image, bool vector,
                       const struct field *in, struct field *out)
{
    double *u = numbers(3 * s->n), *v = numbers(3 * s->n);
    for (int c = 0; c < in->ncomp; c++)
        field_gather(in, c, u + c * s->n);
    for (int c = 0; c < in->ncomp; c++)
        for (int64_t i = 0; i < s->n; i++)
            for (int d = 0; d < in->ncomp; d++)
                v[c * s->n + image[i]] +=
                    (vector ? op->r[c][d] : c == d) * u[d * s->n + i];
    for (int c = 0; c < in->ncomp; c++)
        field_scatter(out, c, v + c * s->n);
    field_exchange(out);
    mem_free(u), mem_free(v);
}

static bool has_single_axis(const struct lattice *lat)
{
    for (int i = 0; i < lat->shape.dim; i++)
        if (lat->n[i] == 1)
            return true;
    return false;
}

/* Every operation that the finite lattice keeps.  A strip one cell wide has
   no neighbours beside it, and operations that turn it out of itself go
   unnoticed by scalars on it, not by vectors. */
static void check_invariance(const struct scene *s, bool vector, int *checked)
{
    int nf = s->d->nfeature;
    int64_t *image = mem_alloc((size_t)s->n, sizeof *image);
    double *x = rows_of(s), *turned = numbers(s->n * nf);
    struct field *q = s->q,
                 *other = field_new(s->lat, q->ncomp, &clock_of_fields);
    bool oblique = strcmp(s->lat->shape.name, "triangular") == 0 ||
                   strcmp(s->lat->shape.name, "honeycomb") == 0;
    assert_true(image && other);
    assert_int_equal(field_widen(other, s->d->halo), 0);
    for (int g = 0; g < s->lat->nop; g++) {
        if (vector && oblique && has_single_axis(s->lat))
            break;
        if (!lattice_permutation(s->lat, &s->lat->op[g], image))
            continue;
        turn_field(s, &s->lat->op[g], image, vector, q, other);
        s->style->rows(s->d, other, 0, s->n, turned);
        for (int64_t i = 0; i < s->n; i++)
            for (int k = 0; k < nf; k++)
                if (fabs(turned[image[i] * nf + k] - x[i * nf + k]) > 1e-12)
                    fail_msg("%s on %s %d %d %d: op %d, site %d, feature %d: "
                             "%.17g is not %.17g",
                             s->d->head.text, s->lat->shape.name, s->lat->n[0],
                             s->lat->n[1], s->lat->n[2], g, (int)i, k,
                             turned[image[i] * nf + k], x[i * nf + k]);
        (*checked)++;
    }
    field_free(other);
    mem_free(image), mem_free(x), mem_free(turned);
}

static void features_are_invariant(void **state)
{
    (void)state;
    for (int k = 0; k < NKIND; k++) {
        int checked = 0;
        for (int n = 0; n < NSIZE; n++)
            for (unsigned open = 0; open < 8; open++) {
                struct scene s = scene_of(&kinds[k], sizes[n], open);
                check_invariance(&s, kinds[k].vector, &checked);
                scene_free(&s);
            }
        assert_true(checked > 4 * NSIZE);
    }
}

/* Polar axes: as many features as before, invariant under what is left (a
   mirror, C4v, nothing), and not under an operation that is gone. */
static void polar_features_keep_the_rest(void **state)
{
    (void)state;
    static const unsigned polar[] = {1, 2, 3, 4, 6};
    for (int k = 0; k < NKIND; k++)
        for (int j = 0; j < 5; j++) {
            struct kind kind = kinds[k];
            int dim = strcmp(kind.lattice, "cubic") == 0   ? 3
                      : strcmp(kind.lattice, "chain") == 0 ? 1
                                                           : 2;
            int checked = 0;
            if (polar[j] >> dim || !strcmp(kind.lattice, "honeycomb"))
                continue;
            for (int n = 4; n < NSIZE; n++) {
                struct scene s =
                    scene_polar(kind.lattice, sizes[n], polar[j], polar[j],
                                kind.ncomp, kind.vector, kind.text);
                struct scene whole = scene_of(&kind, sizes[n], polar[j]);
                check_invariance(&s, kind.vector, &checked);
                if (!strstr(kind.text, "smooth"))
                    assert_int_equal(s.d->nfeature, whole.d->nfeature);
                scene_free(&s);
                scene_free(&whole);
            }
            assert_true(checked >= NSIZE - 4);
        }
}

/* The mirror image along the polar axis has other features. */
static void polar_features_see_the_direction(void **state)
{
    (void)state;
    int n[3] = {7, 5, 1};
    struct scene s =
        scene_polar("square", n, 1, 1, 1, false, "irreps cutoff 2.3");
    struct scene whole =
        scene_new("square", n, 1, 1, false, "irreps cutoff 2.3");
    for (int k = 0; k < 2; k++) {
        struct scene *t = k ? &whole : &s;
        int nf = t->d->nfeature;
        double *x = rows_of(t), *turned, worst = 0;
        int64_t image[35];
        struct lattice_op mirror = {.m = {{-1, 0, 0}, {0, 1, 0}, {0, 0, 1}},
                                    .r = {{-1, 0, 0}, {0, 1, 0}, {0, 0, 1}}};
        assert_true(lattice_permutation(t->lat, &mirror, image));
        turn_field(t, &mirror, image, false, t->q, t->q);
        turned = rows_of(t);
        for (int64_t i = 0; i < t->n * nf; i++)
            worst =
                fmax(worst, fabs(turned[image[i / nf] * nf + i % nf] - x[i]));
        assert_true(k ? worst < 1e-12 : worst > 0.1);
        mem_free(x), mem_free(turned);
    }
    scene_free(&s);
    scene_free(&whole);
}

/* u(cell) -> u(cell - 1) along a periodic axis carries the features along. */
static void features_move_with_the_field(void **state)
{
    (void)state;
    static const struct lattice_op move = {
        .r = {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}};
    for (int k = 0; k < NKIND * 3; k++) {
        int axis = k % 3, one[3] = {axis == 0, axis == 1, axis == 2};
        struct scene s =
            scene_of(&kinds[k / 3], (int[3]){5, 4, 3}, 7u & ~(1u << axis));
        int nf = s.d->nfeature;
        double *x = rows_of(&s), *moved;
        int64_t *image = mem_alloc((size_t)s.n, sizeof *image);
        assert_non_null(image);
        for (int64_t i = 0; i < s.n; i++) {
            int cell[3], b;
            lattice_cell(s.lat, i, cell, &b);
            image[i] = axis < s.lat->shape.dim
                           ? lattice_neighbour(s.lat, cell, one, b, NULL)
                           : i;
        }
        turn_field(&s, &move, image, false, s.q, s.q);
        moved = rows_of(&s);
        for (int64_t i = 0; i < s.n; i++)
            assert_memory_equal(moved + image[i] * nf, x + i * nf,
                                (size_t)nf * sizeof *x);
        mem_free(x), mem_free(moved), mem_free(image);
        scene_free(&s);
    }
}

/* On the square lattice the features of the first shell are, up to signs,
   A1 = (E+N+W+S)/2, B1 = (E-N+W-S)/2, and the pair (E-W, N-S)/sqrt(2) up to
   the eight operations of D4.  Each is its own reference. */
static void first_shell_is_that_of_the_page(void **state)
{
    (void)state;
    struct scene s =
        scene_new("square", (int[3]){6, 5, 1}, 0, 1, false, "irreps cutoff 1");
    const double *u = field_read(s.q, 0, 0);
    ptrdiff_t sy = s.q->stride[1];
    double *x = rows_of(&s);
    assert_int_equal(s.d->nfeature, 5);
    for (int64_t i = 0; i < s.n; i++) {
        const double *c = u + i / 6 * sy + i % 6, *f = x + 5 * i;
        double e = c[1], n = c[sy], w = c[-1], so = c[-sy];
        double pair[2] = {fabs(e - w) / sqrt(2), fabs(n - so) / sqrt(2)};
        assert_close(f[0], c[0], 1e-15);
        assert_close(f[1], (e + n + w + so) / 2, 1e-15);
        assert_close(fabs(f[2]), fabs(e - n + w - so) / 2, 1e-15);
        assert_close(fabs(f[3]), fmax(pair[0], pair[1]), 1e-15);
        assert_close(fabs(f[4]), fmin(pair[0], pair[1]), 1e-15);
    }
    mem_free(x);
    scene_free(&s);
}

/* Singular values of the derivative of the features of site 0 by all numbers
   of the field. */
static double *jacobian_values(const struct scene *s, int *count)
{
    int nf = s->d->nfeature, nc = s->q->ncomp;
    int64_t nu = nc * s->n;
    double *jacobian = numbers(nu * nf), *unit = numbers(nu);
    double *value = numbers(nf), *work = numbers(nf);
    struct field *dq = field_new(s->lat, nc, &clock_of_fields);
    assert_non_null(dq);
    assert_int_equal(field_widen(dq, s->d->halo), 0);
    for (int64_t j = 0; j < nu; j++) {
        unit[j] = 1;
        for (int c = 0; c < nc; c++)
            field_scatter(dq, c, unit + c * s->n);
        field_exchange(dq);
        s->style->tangent(s->d, s->q, dq, 0, 1, jacobian + j * nf);
        unit[j] = 0;
    }
    assert_int_equal(LAPACKE_dgesvd(LAPACK_ROW_MAJOR, 'N', 'N', (int)nu, nf,
                                    jacobian, nf, value, NULL, 1, NULL, 1,
                                    work),
                     0);
    field_free(dq);
    mem_free(jacobian), mem_free(unit), mem_free(work);
    *count = nf;
    return value;
}

/* The numbers in the window of this kind. */
static int window_of(const struct kind *k)
{
    char text[64];
    double cutoff;
    assert_int_equal(sscanf(k->text, "irreps cutoff %lf", &cutoff), 1);
    snprintf(text, sizeof text, "irreps cutoff %g", cutoff);
    return feature_count(k->lattice, k->ncomp, k->vector, text);
}

/* The derivative has as many independent rows as there are numbers in the
   window: with sharp phases and frames it turns them, so that all singular
   values are one. */
static void derivatives_miss_nothing(void **state)
{
    (void)state;
    for (int k = 0; k < NKIND; k++) {
        bool smooth = strstr(kinds[k].text, "smooth") != NULL;
        int n, wide = strcmp(kinds[k].lattice, "cubic") ? 9 : 5;
        int window = window_of(&kinds[k]);
        struct scene s = scene_of(&kinds[k], (int[3]){wide, wide, wide}, 0);
        double *value = jacobian_values(&s, &n);
        assert_true(smooth ? n >= window : n == window);
        for (int i = 0; i < n && i < window; i++) {
            if (smooth)
                assert_true(value[i] > 1e-3);
            else
                assert_close(value[i], 1, 1e-12);
        }
        for (int i = window; i < n; i++)
            assert_true(value[i] < 1e-12);
        mem_free(value);
        scene_free(&s);
    }
}

/* Central differences with step h: error h^2 |x'''| + 1e-16/h, below 1e-7
   where x varies over the width 0.25. */
static void tangents_are_differences(void **state)
{
    (void)state;
    const double h = 1e-6;
    for (int k = 0; k < 2 * NKIND; k++) {
        struct scene s =
            scene_of(&kinds[k / 2], (int[3]){5, 4, 3}, k % 2 ? 5 : 0);
        int64_t n = s.n * s.d->nfeature;
        double *x[2], *dx = numbers(n);
        struct field *dq = field_new(s.lat, s.q->ncomp, &clock_of_fields);
        assert_non_null(dq);
        assert_int_equal(field_widen(dq, s.d->halo), 0);
        assert_int_equal(dq->size, s.q->size);
        randomise(dq, 2);
        s.style->tangent(s.d, s.q, dq, 0, s.n, dx);
        for (int side = 0; side < 2; side++) {
            for (size_t i = 0; i < s.q->size; i++)
                s.q->data[i] += (side ? -2 * h : h) * dq->data[i];
            x[side] = rows_of(&s);
        }
        for (int64_t i = 0; i < n; i++)
            assert_close(dx[i], (x[0][i] - x[1][i]) / (2 * h), 1e-7);
        mem_free(x[0]), mem_free(x[1]), mem_free(dx);
        field_free(dq);
        scene_free(&s);
    }
}

static double product(const double *a, const double *b, int64_t n)
{
    double sum = 0;
    for (int64_t i = 0; i < n; i++)
        sum += a[i] * b[i];
    return sum;
}

/* y.(J dq) = (J^T y).dq; the sums have some thousand terms of order one. */
static void check_transpose(struct scene *s)
{
    int nc = s->q->ncomp;
    int64_t nx = s->n * s->d->nfeature;
    double *y = numbers(nx), *dx = numbers(nx);
    double *back = numbers(nc * s->n), *u = numbers(nc * s->n);
    struct field *dq = field_new(s->lat, nc, &clock_of_fields);
    assert_non_null(dq);
    assert_int_equal(field_widen(dq, s->d->halo), 0);
    randomise(dq, 2);
    for (int64_t i = 0; i < nx; i++)
        y[i] = sim_random(3, i);
    for (int64_t i = 0; i < nc * s->n; i++)
        back[i] = 1e300; /* overwritten, not added to */
    for (int c = 0; c < nc; c++)
        field_gather(dq, c, u + c * s->n);
    s->style->tangent(s->d, s->q, dq, 0, s->n, dx);
    assert_int_equal(s->style->backward(s->sim, s->d, s->q, y, back), 0);
    assert_close(product(back, u, nc * s->n), product(y, dx, nx), 1e-11);
    mem_free(y), mem_free(dx), mem_free(back), mem_free(u);
    field_free(dq);
}

static void backward_is_the_transpose(void **state)
{
    (void)state;
    for (int k = 0; k < NKIND; k++)
        for (int n = 0; n < NSIZE; n++)
            for (unsigned open = 0; open < 8; open += 3) {
                struct scene s = scene_of(&kinds[k], sizes[n], open);
                check_transpose(&s);
                scene_free(&s);
            }
}

static void threads_do_not_change_bits(void **state)
{
    (void)state;
    int most = omp_get_max_threads();
    for (int k = 0; k < NKIND; k++) {
        struct scene s = scene_of(&kinds[k], (int[3]){24, 41, 3}, 2);
        int nc = s.q->ncomp;
        double *x = rows_of(&s);
        double *one = numbers(nc * s.n), *many = numbers(nc * s.n);
        omp_set_num_threads(1);
        assert_int_equal(s.style->backward(s.sim, s.d, s.q, x, one), 0);
        omp_set_num_threads(5);
        assert_int_equal(s.style->backward(s.sim, s.d, s.q, x, many), 0);
        assert_memory_equal(one, many, (size_t)(nc * s.n) * sizeof *one);
        mem_free(x), mem_free(one), mem_free(many);
        scene_free(&s);
    }
    omp_set_num_threads(most);
}

/* The window as the frame sees it: the expansion of the features. */
static void rebuild(const struct irreps *p, const double *x, double *window)
{
    for (int k = 0; k < p->norbit; k++) {
        const struct irreps_orbit *o = &p->orbit[k];
        for (int j = 0; j < o->forms.n; j++)
            for (int i = 0; i < o->forms.n; i++)
                window[o->first + j] +=
                    o->forms.matrix[0][i * o->forms.n + j] * x[o->first + i];
    }
}

/* Component c of the neighbour at a tap of the centre after operation g. */
static double turned(const struct scene *s, const struct irreps *p, int centre,
                     bool vector, int g, const struct irreps_tap *t)
{
    const struct lattice_op *back = &p->group.op[p->group.inverse[g]];
    int cell[3], offset[3], b;
    double sum = 0;
    lattice_cell(s->lat, centre, cell, &b);
    for (int i = 0; i < 3; i++) {
        offset[i] = back->shift[t->to][i] - back->shift[0][i];
        for (int j = 0; j < 3; j++)
            offset[i] += back->m[i][j] * t->cell[j];
    }
    int64_t site =
        lattice_neighbour(s->lat, cell, offset, back->to[t->to], NULL);
    double u[3] = {0}, *all = numbers(s->n);
    for (int c = 0; c < s->q->ncomp; c++) {
        field_gather(s->q, c, all);
        u[c] = all[site];
    }
    for (int c = 0; c < s->q->ncomp; c++)
        sum += (vector ? p->group.op[g].r[t->comp][c] : t->comp == c) * u[c];
    mem_free(all);
    return sum;
}

/* Features with `frame` hold the neighbourhood up to operations: expanded,
   they are one of its images.  So two neighbourhoods have the same features
   only if they are images of each other. */
static void frames_keep_the_whole_neighbourhood(void **state)
{
    (void)state;
    static const struct kind frames[] = {
        {"chain", "", false, 1},    {"square", "", false, 1},
        {"square", "", true, 2},    {"triangular", "", false, 1},
        {"honeycomb", "", true, 2}, {"cubic", "", false, 1},
        {"cubic", "", true, 3}};
    for (size_t k = 0; k < sizeof frames / sizeof *frames; k++) {
        int nc = frames[k].ncomp, centre = 0, images = 0;
        struct scene s = scene_new(frames[k].lattice, (int[3]){6, 7, 6}, 0, nc,
                                   frames[k].vector, "field");
        struct irreps p;
        struct irreps_wish wish = {.ncomp = nc,
                                   .vector = frames[k].vector,
                                   .cutoff = 2.01,
                                   .reference = 1.5,
                                   .phase = IRREPS_FRAME};
        const char *why = NULL;
        assert_int_equal(irreps_init(&p, &s.lat->shape, &wish, &why), 0);
        assert_int_equal(field_widen(s.q, p.halo), 0);
        field_exchange(s.q);
        double *x = numbers(p.nfeature), *window = numbers(p.nfeature);
        irreps_rows(&p, s.q, centre, centre + 1, x);
        rebuild(&p, x, window);
        for (int g = 0; g < p.group.order; g++) {
            double worst = 0;
            for (int o = 0; o < p.norbit; o++)
                for (int j = 0; j < p.orbit[o].forms.n; j++)
                    worst = fmax(worst,
                                 fabs(window[p.orbit[o].first + j] -
                                      turned(&s, &p, centre, frames[k].vector,
                                             g, &p.orbit[o].forms.tap[0][j])));
            images += worst < 1e-13;
        }
        assert_int_equal(images, 1);
        mem_free(x), mem_free(window);
        irreps_fini(&p);
        scene_free(&s);
    }
}

/* The example of the page: e on the neighbours along x and -e along y, 1/2
   and -1/2 on those at distance 2. */
static void cross(const char *text, double e, double *x)
{
    struct scene s = scene_new("square", (int[3]){9, 9, 1}, 0, 1, false, text);
    ptrdiff_t sy = s.q->stride[1];
    field_fill(s.q, 0, 0);
    double *u = field_write(s.q, 0, 0) + 4 * sy + 4;
    u[1] = u[-1] = e;
    u[sy] = u[-sy] = -e;
    u[2] = u[-2] = 0.5;
    u[2 * sy] = u[-2 * sy] = -0.5;
    field_exchange(s.q);
    s.style->rows(s.d, s.q, 4 * 9 + 4, 4 * 9 + 5, x);
    scene_free(&s);
}

/* The largest change of a feature about e = exp(-1/2)/2, where the sum of the
   caps, f_2 exp(-1) - f_1 exp(-1/2) with f_1 = 2 e and f_2 = 1, changes its
   sign. */
static double jump(const char *text, double step)
{
    double before[64] = {0}, after[64] = {0}, most = 0, e = exp(-0.5) / 2;
    cross(text, e - step, before);
    cross(text, e + step, after);
    for (int i = 0; i < 64; i++)
        most = fmax(most, fabs(after[i] - before[i]));
    return most;
}

/* f_1 and f_2 turn their signs, by 2 exp(-1/2) and 2; smooth phases pass
   through zero, with a slope of no more than 1/width or so. */
static void phases_jump_where_the_page_says(void **state)
{
    (void)state;
    const double step = 1e-9;
    assert_close(jump("irreps cutoff 2 phase sharp", step), 2, 1e-8);
    assert_close(jump("irreps cutoff 2 phase frame", step), 2, 1e-8);
    assert_true(jump("irreps cutoff 2 phase smooth width 0.1", step) < 1e-7);
    assert_true(jump("irreps cutoff 2 phase smooth width 0.1", 0.1) > 0.1);
}

static void expect_refusal(const char *lattice, int ncomp, bool vector,
                           const char *text, const char *part)
{
    struct adele *sim = adele_new(NULL, NULL);
    const struct lattice_style *l =
        (const void *)registry_find(sim, "lattice", lattice);
    struct descriptor *d = descriptor_of(sim, text);
    assert_non_null(d);
    const struct descriptor_style *style =
        (const struct descriptor_style *)d->head.style;
    assert_int_not_equal(style->setup(sim, d, &l->shape, ncomp, vector), 0);
    if (!strstr(adele_error(sim), part))
        fail_msg("'%s' does not say '%s'", adele_error(sim), part);
    instance_free(sim, &d->head);
    adele_free(sim);
}

static void what_cannot_be_is_refused(void **state)
{
    (void)state;
    struct adele *sim = adele_new(NULL, NULL);
    assert_null(descriptor_of(sim, "irreps"));
    assert_non_null(strstr(adele_error(sim), "descriptor irreps"));
    assert_non_null(strstr(adele_error(sim), "cutoff"));
    adele_free(sim);
    expect_refusal("triangular", 1, false, "irreps cutoff 2 pattern staggered",
                   "no staggered pattern exists on the triangular lattice");
    expect_refusal("square", 3, true, "irreps cutoff 2",
                   "a vector on this lattice has 2 components");
    expect_refusal("square", 1, false, "irreps cutoff 2 reference 0.5",
                   "no neighbour lies within the reference radius");
    expect_refusal("square", 1, false, "irreps cutoff 3 reference 1",
                   "does not occur within it");
    expect_refusal("square", 1, false, "irreps cutoff 1e9", "too many sites");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(field_is_the_displacement),
        cmocka_unit_test(field_of_a_vector_turns),
        cmocka_unit_test(as_many_features_as_published),
        cmocka_unit_test(features_are_invariant),
        cmocka_unit_test(polar_features_keep_the_rest),
        cmocka_unit_test(polar_features_see_the_direction),
        cmocka_unit_test(features_move_with_the_field),
        cmocka_unit_test(first_shell_is_that_of_the_page),
        cmocka_unit_test(derivatives_miss_nothing),
        cmocka_unit_test(tangents_are_differences),
        cmocka_unit_test(backward_is_the_transpose),
        cmocka_unit_test(threads_do_not_change_bits),
        cmocka_unit_test(frames_keep_the_whole_neighbourhood),
        cmocka_unit_test(phases_jump_where_the_page_says),
        cmocka_unit_test(what_cannot_be_is_refused)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

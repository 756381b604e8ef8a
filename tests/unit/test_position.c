/* Potentials of devices: inputs that tell where a site is, and the symmetry
   that is left when the two directions of an axis differ. */

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "adele.h"
#include "base/file.h"
#include "base/mem.h"
#include "close.h"
#include "core/lattice_symmetry.h"
#include "plug/lattice_style.h"
#include "potentials.h"
#include "process.h"
#include "sim.h"

extern const struct lattice_style lattice_chain, lattice_square,
    lattice_triangular, lattice_honeycomb, lattice_cubic;

/* One exponential and a few products. */
static const double ROUND = 1e-14;

/* Distances from the outermost layers, by hand: columns of the square lattice
   are 1 apart, rows of the triangular one sqrt(3)/2; along the second axis of
   the honeycomb (nearest neighbours 1 apart) two layers of a cell are 1/2 or 1
   apart, and a cell is 3/2. */
static void distances_are_those_of_layers(void **state)
{
    (void)state;
    static const struct {
        const struct lattice_style *style;
        int axis, n[3];
        double step;
    } cases[] = {{&lattice_chain, 0, {6, 1, 1}, 1},
                 {&lattice_square, 0, {7, 3, 1}, 1},
                 {&lattice_square, 1, {3, 5, 1}, 1},
                 {&lattice_triangular, 0, {5, 4, 1}, 0.8660254037844386},
                 {&lattice_triangular, 1, {4, 5, 1}, 0.8660254037844386},
                 {&lattice_cubic, 2, {2, 3, 4}, 1}};
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        bool periodic[3] = {true, true, true};
        const char *why;
        int axis = cases[c].axis;
        periodic[axis] = false;
        struct lattice *lat =
            lattice_new(&cases[c].style->shape, cases[c].n, periodic, &why);
        struct potential_position p = {.axis = axis,
                                       .coordinate = true,
                                       .given = true,
                                       .length = {1, 2.5},
                                       .nlength = 2};
        double width = cases[c].step * (lat->n[axis] - 1);
        enum { STRIDE = 7 };
        double *out = mem_zalloc((size_t)lat->nsite, STRIDE * sizeof *out);
        assert_int_equal(potential_position_channels(&p), 5);
        potential_position_fill(&p, lat, out + 1, STRIDE);
        for (int64_t i = 0; i < lat->nsite; i++) {
            int cell[3], b;
            lattice_cell(lat, i, cell, &b);
            double d = cases[c].step * cell[axis], *row = out + i * STRIDE;
            assert_close(row[1], exp(-d), ROUND);
            assert_close(row[2], exp(d - width), ROUND);
            assert_close(row[3], exp(-d / 2.5), ROUND);
            assert_close(row[4], exp((d - width) / 2.5), ROUND);
            assert_close(row[5], 2 * d / width - 1, ROUND);
            assert_true(row[0] == 0 && row[6] == 0);
        }
        mem_free(out);
        lattice_free(lat);
    }
}

/* Both sublattices of the honeycomb: distances from the Cartesian positions
   along the normal of the layers. */
static void sublattices_have_their_own_distance(void **state)
{
    (void)state;
    for (int axis = 0; axis < 2; axis++) {
        int n[3] = {4, 4, 1};
        bool periodic[3] = {axis != 0, axis != 1, true};
        const char *why;
        struct lattice *lat =
            lattice_new(&lattice_honeycomb.shape, n, periodic, &why);
        struct potential_position p = {
            .axis = axis, .given = true, .length = {3}, .nlength = 1};
        double b[3][3], out[64], low = INFINITY, at[32];
        lattice_reciprocal(lat, b);
        double size = hypot(b[axis][0], b[axis][1]);
        for (int i = 0; i < 32; i++) {
            double r[3];
            lattice_position(lat, i, r);
            at[i] = (r[0] * b[axis][0] + r[1] * b[axis][1]) / size;
            low = fmin(low, at[i]);
        }
        potential_position_fill(&p, lat, out, 2);
        for (int i = 0; i < 32; i++)
            assert_close(out[2 * i], exp(-(at[i] - low) / 3), ROUND);
        lattice_free(lat);
    }
}

static const char device[] = "boundary f p\nlattice square 9 6\n"
                             "model holstein t 1 g -1.5 k 1 kappa 0.18\n"
                             "electrons mu 0 temp 0.1\n";
static const char conv[] =
    "conv channels 6 6 radius 1.5 activation tanh pointwise 8";
static const char mlp[] = "mlp widths 12 6 activation tanh";
static const char at_x[] = "axis x lengths 1 3";

static const struct design {
    const char *descriptor, *network, *position;
    enum potential_mu mu;
} designs[] = {{"field", conv, at_x, POTENTIAL_MU_NONE},
               {"field", conv, "", POTENTIAL_MU_SHIFT},
               {"field", conv, at_x, POTENTIAL_MU_INPUT},
               {"field", "conv channels 4 4 equivariance group activation tanh",
                at_x, POTENTIAL_MU_SHIFT},
               {"irreps cutoff 2.3", mlp, at_x, POTENTIAL_MU_NONE},
               {"irreps cutoff 2.3 phase smooth", mlp, "", POTENTIAL_MU_SHIFT},
               {"cavity iterations 1 radius 1.1 precision double", mlp, at_x,
                POTENTIAL_MU_SHIFT}};
enum { NDESIGN = sizeof designs / sizeof *designs, SITES = 54 };

static void predict(struct adele *sim, struct potential_run *r, const double *q,
                    double *out)
{
    sim_set(sim, 0, q);
    if (potential_predict(sim, r, sim->state.displacement, NULL, 0.4, out, NULL,
                          NULL))
        fail_msg("%s", adele_error(sim));
}

/* |y(T q) - T y(q)|, the largest of all sites. */
static double violation(struct adele *sim, struct potential_run *r,
                        const int64_t *image)
{
    double q[SITES], moved[SITES], y[SITES], z[SITES], worst = 0;
    for (int i = 0; i < SITES; i++)
        q[i] = 2 * sim_random(3, i);
    for (int i = 0; i < SITES; i++)
        moved[image[i]] = q[i];
    predict(sim, r, q, y);
    predict(sim, r, moved, z);
    for (int i = 0; i < SITES; i++)
        worst = fmax(worst, fabs(z[image[i]] - y[i]));
    return worst;
}

/* The whole chain, features, position, network: mirror in y and translation
   along y hold to rounding; the mirror in x does not, nor would a translation
   along x mean anything. */
static void devices_keep_what_is_left(void **state)
{
    (void)state;
    for (int k = 0; k < NDESIGN; k++) {
        const struct design *d = &designs[k];
        struct adele *sim = sim_new("%s", device);
        struct potential *p =
            potential_device(sim, d->descriptor, d->network, TARGET_DENSITY,
                             d->mu, "x", d->position, 5);
        struct potential_run *r =
            potential_run_new(sim, p, sim->lat, PRECISION_DOUBLE, false);
        bool turns = strncmp(d->descriptor, "cavity", 6) || *d->position;
        int kept = 0, broken = 0;
        assert_non_null(r);
        for (int op = 0; op < sim->lat->nop; op++) {
            int64_t image[SITES];
            if (!lattice_permutation(sim->lat, &sim->lat->op[op], image))
                continue;
            double v = violation(sim, r, image);
            if (lattice_op_keeps(&sim->lat->op[op], p->shape.polar)) {
                assert_true(v < 1e-12);
                kept++;
            } else if (turns) {
                assert_true(v > 1e-3);
                broken++;
            }
        }
        assert_int_equal(kept, 2);
        assert_int_equal(broken, turns ? 2 : 0);
        int64_t up[SITES];
        for (int i = 0; i < SITES; i++)
            up[i] = (i + 9) % SITES;
        assert_true(violation(sim, r, up) < 1e-12);
        potential_run_free(r);
        potential_free(sim, p);
        sim_free(sim);
    }
}

/* The same displacements everywhere: with a position columns differ, sites of
   one column do not. */
static void position_tells_columns_apart(void **state)
{
    (void)state;
    struct adele *sim = sim_new("%s", device);
    struct potential *p =
        potential_device(sim, "irreps cutoff 1", mlp, TARGET_DENSITY,
                         POTENTIAL_MU_NONE, "x", at_x, 5);
    struct potential_run *r =
        potential_run_new(sim, p, sim->lat, PRECISION_DOUBLE, false);
    double q[SITES], y[SITES];
    for (int i = 0; i < SITES; i++)
        q[i] = 0.7;
    predict(sim, r, q, y);
    for (int i = 0; i < SITES; i++) {
        assert_close(y[i], y[i % 9], 1e-14);
        if (i % 9)
            assert_true(fabs(y[i] - y[i - 1]) > 1e-6);
    }
    potential_run_free(r);
    potential_free(sim, p);
    sim_free(sim);
}

/* Files: the same bytes again, the same predictions. */
static void files_keep_the_geometry(void **state)
{
    (void)state;
    char *place = folder_new(), one[512], two[512];
    struct where where = {0};
    snprintf(one, sizeof one, "%s/a.yaml", place);
    snprintf(two, sizeof two, "%s/b.yaml", place);
    for (int k = 0; k < NDESIGN; k++) {
        const struct design *d = &designs[k];
        struct adele *sim = sim_new("%s", device);
        struct potential *p =
            potential_device(sim, d->descriptor, d->network, TARGET_DENSITY,
                             d->mu, "x", d->position, 5);
        int error;
        assert_int_equal(potential_save(sim, p, one), 0);
        struct potential *back = potential_load(sim, one, &where);
        if (!back)
            fail_msg("%s", adele_error(sim));
        assert_int_equal(potential_save(sim, back, two), 0);
        char *a = file_read_all(one, NULL, &error);
        char *b = file_read_all(two, NULL, &error);
        assert_string_equal(a, b);
        assert_non_null(strstr(a, "\npolar: [x]\n"));
        if (*d->position)
            assert_non_null(strstr(a, "\nposition: {axis: x, lengths: [1, 3], "
                                      "coordinate: yes}\nextent: [9, 9]\n"));
        else
            assert_null(strstr(a, "position"));
        assert_true(back->shape.polar[0] && !back->shape.polar[1]);
        assert_int_equal(back->nin, p->nin);
        mem_free(a), mem_free(b);
        potential_free(sim, p);
        potential_free(sim, back);
        sim_free(sim);
    }
    folder_remove(place);
}

/* What a network cannot have, and decks that a potential does not belong to. */
static void what_cannot_be_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *lattice, *descriptor, *network, *polar, *position, *error;
    } cases[] = {
        {"boundary p p\nlattice square 4 4\n", "field", conv, "x", at_x,
         "this axis is periodic and has no ends"},
        {"boundary f\nlattice chain 4\n", "field", conv, "x", "axis y",
         "the lattice has no such axis"},
        {"boundary f p\nlattice square 4 4\n", "field", conv, "", at_x,
         "position along x tells its two ends apart, so that x must be one of "
         "the polar axes"},
        {"boundary f p\nlattice square 4 4\n", "field", conv, "x",
         "axis x lengths 1 -2", "a length must be > 0, not -2"},
        {"boundary f p\nlattice square 4 4\n", "field",
         "conv channels 4 odd yes", "x", at_x, "leave odd or position away"},
        {"boundary f p\nlattice honeycomb 4 4\n", "field", conv, "x", at_x,
         "its sublattices are not exchanged"}};
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        struct adele *sim = sim_new("%smodel holstein t 1 g 1 k 1 kappa 0\n"
                                    "electrons mu 0 temp 0.1\n",
                                    cases[k].lattice);
        struct words d = words_of(cases[k].descriptor);
        struct words n = words_of(cases[k].network);
        struct words at = words_of(cases[k].position);
        struct potential_geometry g = {.position = &at};
        for (const char *c = cases[k].polar; *c; c++)
            g.polar[*c - 'x'] = true;
        assert_null(
            potential_new(sim, &d, &n, TARGET_DENSITY, POTENTIAL_MU_NONE, &g));
        const char *error = adele_error(sim);
        if (!strstr(error, cases[k].error))
            fail_msg("expected '%s' in: %s", cases[k].error, error);
        words_free(&d), words_free(&n), words_free(&at);
        sim_free(sim);
    }
}

static void other_lengths_are_refused(void **state)
{
    (void)state;
    struct adele *sim = sim_new("%s", device);
    struct where where = {0};
    struct potential *p = potential_device(sim, "field", conv, TARGET_DENSITY,
                                           POTENTIAL_MU_NONE, "x", at_x, 5);
    assert_int_equal(potential_check(sim, p, false, false, &where), 0);
    p->origin.cells[0][0] = 5;
    assert_int_equal(potential_check(sim, p, false, false, &where), 0);
    p->origin.cells[0][1] = 8;
    assert_int_not_equal(potential_check(sim, p, false, false, &where), 0);
    assert_non_null(strstr(adele_error(sim),
                           "it knows where a site is along x and was made with "
                           "5 to 8 cells, here are 9"));
    error_clear(sim);
    assert_int_equal(potential_check(sim, p, true, false, &where), 0);
    potential_free(sim, p);
    sim_free(sim);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(distances_are_those_of_layers),
        cmocka_unit_test(sublattices_have_their_own_distance),
        cmocka_unit_test(devices_keep_what_is_left),
        cmocka_unit_test(position_tells_columns_apart),
        cmocka_unit_test(files_keep_the_geometry),
        cmocka_unit_test(what_cannot_be_is_refused),
        cmocka_unit_test(other_lengths_are_refused)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* pair_style ml with networks in bfloat16: factors rounded to eight digits,
   layer by layer as a plain network in double does it here; the difference
   from single precision that a run prints; what is refused. */

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
#include "base/mem.h"
#include "folder.h"
#include "plug/pair.h"
#include "potentials.h"
#include "sim.h"

enum { SITES = 48, WIDE = 48, NEXT = 40 };
static char one[512], two[512];

static int make_folder(void **state)
{
    if (folder_make(state))
        return -1;
    snprintf(one, sizeof one, "%s/one.yaml", folder);
    snprintf(two, sizeof two, "%s/two.yaml", folder);
    return 0;
}

/* Eight digits, ties to even. */
static double rounded(double x)
{
    int exponent;
    double digits = frexp(x, &exponent);

    return ldexp(nearbyint(ldexp(digits, 8)), exponent - 8);
}

/* y [out] = w^T x + bias: weights [in][out], then biases. */
static void layer(int in, int out, const double *w, const double *x, bool bf16,
                  double *y)
{
    for (int o = 0; o < out; o++) {
        y[o] = w[in * out + o];
        for (int p = 0; p < in; p++) {
            double a = (float)w[p * out + o], b = (float)x[p];

            y[o] += bf16 ? rounded(a) * rounded(b) : a * b;
        }
    }
}

/* The density of a site, "mlp widths 48 40 activation relu" of one feature. */
static double density(const struct potential *p, double v, bool bf16)
{
    double x = (v - p->in_shift[0]) / p->in_scale[0], y[1], h[WIDE], k[NEXT];
    const double *w = p->param;

    layer(1, WIDE, w, &x, bf16, h);
    for (int i = 0; i < WIDE; i++)
        h[i] = fmax(h[i], 0);
    w += 2 * WIDE;
    layer(WIDE, NEXT, w, h, bf16, k);
    for (int i = 0; i < NEXT; i++)
        k[i] = fmax(k[i], 0);
    w += (WIDE + 1) * NEXT;
    layer(NEXT, 1, w, k, bf16, y);
    return p->out_shift[0] + p->out_scale[0] * y[0];
}

static const char quench[] =
    "lattice square 8 6\nmodel holstein t 1 g 1.5 k 1 kappa 0.18\n"
    "electrons mu 0.3 temp 0.5\ndisplace all uniform -2 2 3\n";

/* A number of single precision that lies next to the middle between two of
   bfloat16 may be rounded to the other one: a site in a hundred, and by no more
   than all roundings together. */
static void rounds_every_factor(void **state)
{
    (void)state;
    struct adele *sim = sim_new("%s", quench);
    struct potential *p =
        potential_random(sim, "field", "mlp widths 48 40 activation relu",
                         TARGET_DENSITY, POTENTIAL_MU_SHIFT, 5);
    double q[SITES], moved = 0;
    int other = 0;

    if (potential_save(sim, p, one))
        fail_msg("%s", adele_error(sim));
    field_gather(sim->state.displacement, 0, q);
    sim_run(sim, "pair_style ml %s precision bf16 extrapolation ignore", one);
    if (forces_require(sim, NEED_DENSITY))
        fail_msg("%s", adele_error(sim));
    for (int i = 0; i < SITES; i++) {
        double v = q[i] + 0.3 / 1.5, want = density(p, v, true);
        double single = density(p, v, false), size = fabs(p->out_scale[0]);

        other += fabs(sim->forces->n[i] - want) > 1e-5 * (size + fabs(want));
        assert_true(fabs(sim->forces->n[i] - want) < 0.05 * size);
        moved = fmax(moved, fabs(want - single) / size);
    }
    assert_true(other <= 2);
    assert_true(moved > 1e-3); /* of eight digits one sees something */
    potential_free(sim, p);
    sim_free(sim);
}

static struct text said;

static void keep(void *user, const char *text)
{
    (void)user;
    text_add(&said, text);
}

/* What a run prints is the difference of two styles, at the mu of the first,
   for forces and for a committee too. */
static void tells_the_difference(void **state)
{
    static const char *const target[] = {"density", "force", "committee"};

    (void)state;
    for (int k = 0; k < 3; k++) {
        struct adele *sim = adele_new(keep, NULL);
        double a[SITES], b[SITES], rms = 0, most = 0, told[3];
        const char *line;

        text_clear(&said);
        sim_run(sim, "log none\n%s", quench);
        for (int m = 0; m < 2; m++)
            potential_write(sim, m ? two : one, "irreps cutoff 2.3",
                            "mlp widths 40 32 activation silu",
                            k == 1 ? TARGET_FORCE : TARGET_DENSITY,
                            k == 1 ? POTENTIAL_MU_NONE : POTENTIAL_MU_SHIFT,
                            5 + (uint64_t)m);
        const char *more = k == 2 ? two : "";
        sim_run(sim,
                "pair_style ml %s %s precision bf16 extrapolation ignore\n"
                "run 0",
                one, more);
        if (forces_require(sim, NEED_FORCE))
            fail_msg("%s", adele_error(sim));
        field_gather(sim->forces->force, 0, a);
        sim_run(sim, "pair_style ml %s %s extrapolation ignore\nrun 0", one,
                more);
        if (forces_require(sim, NEED_FORCE))
            fail_msg("%s", adele_error(sim));
        field_gather(sim->forces->force, 0, b);
        for (int i = 0; i < SITES; i++) {
            rms += (a[i] - b[i]) * (a[i] - b[i]) / SITES;
            most = fmax(most, fabs(a[i] - b[i]));
        }
        rms = sqrt(rms);
        line = strstr(said.s, "precision bf16 changes ");
        if (!line)
            fail_msg("%s: nothing told in\n%s", target[k], said.s);
        assert_int_equal(sscanf(line,
                                "precision bf16 changes forces by %lf (rms) "
                                "and %lf (most) against single precision; they "
                                "vary by %lf",
                                &told[0], &told[1], &told[2]),
                         3);
        assert_true(rms > 0 && fabs(told[0] - rms) < 0.01 * rms);
        assert_true(fabs(told[1] - most) < 0.01 * most);
        assert_true(rms < 0.02 * told[2]);
        assert_null(strstr(line + 1, "precision bf16 changes "));
        sim_free(sim);
    }
    text_free(&said);
}

static void energies_are_refused(void **state)
{
    (void)state;
    struct adele *sim = sim_new("%s", quench);

    potential_write(sim, one, "field", "mlp widths 3 activation silu",
                    TARGET_ENERGY, POTENTIAL_MU_SHIFT, 1);
    assert_false(sim_try(sim, "pair_style ml %s precision bf16", one));
    sim_run(sim, "pair_style ml %s precision single", one);
    sim_free(sim);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rounds_every_factor),
        cmocka_unit_test(tells_the_difference),
        cmocka_unit_test(energies_are_refused),
    };

    return cmocka_run_group_tests(tests, make_folder, folder_drop);
}

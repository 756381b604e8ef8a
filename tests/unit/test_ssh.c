/* model ssh against its definition and closed forms: elastic part with springs
   on every boundary, the dimerised chain, the staggered square lattice in k
   space, the uniform displacement, reversal, the sum of the forces, published
   configurations with their exact forces, and what it refuses. */

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "adele.h"
#include "plug/pair.h"
#include "sim.h"

enum { SITES_MAX = 2600 };
enum { ALL = NEED_FORCE | NEED_ENERGY | NEED_DENSITY | NEED_MU | NEED_BOND };

/* Eigenvalues of matrices of up to 100 sites and sums over them: a few N
   rounding units, 1e-13 N at most. */
static const double tolerance = 1e-11;

static void near(double found, double wanted)
{
    if (!(fabs(found - wanted) <= tolerance * fmax(fabs(wanted), 1)))
        fail_msg("found %.15g, expected %.15g", found, wanted);
}

static void near_array(const double *found, const double *wanted, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        near(found[i], wanted[i]);
}

static const struct pair_result *solve(struct adele *sim)
{
    if (forces_require(sim, ALL))
        fail_msg("%s", adele_error(sim));
    return sim->forces;
}

/* [component][site] */
static void get(struct adele *sim, const struct field *from, double *to)
{
    for (int c = 0; c < sim->model->ncomp; c++)
        field_gather(from, c, to + c * sim->lat->nsite);
}

static void set(struct adele *sim, const double *u)
{
    for (int c = 0; c < sim->model->ncomp; c++)
        sim_set(sim, c, u + c * sim->lat->nsite);
}

/* (-1)^(x+y) */
static double sign_of(const struct lattice *lat, int64_t i)
{
    return (i % lat->n[0] + i / lat->n[0]) % 2 ? -1 : 1;
}

/* Elastic forces and energy by the definition, through lattice_neighbour; the
   energy from bonds, each counted at both of its ends. */
static double elastic(const struct lattice *lat, const double *u, int ncomp,
                      const double p[3], double *f)
{
    double k = p[0], kappa = p[1], spring = p[2], energy = 0;
    for (int64_t i = 0; i < lat->nsite * ncomp; i++) {
        int comp = (int)(i / lat->nsite), cell[3], b;
        const double *q = u + comp * lat->nsite;
        double q0 = u[i];
        lattice_cell(lat, i % lat->nsite, cell, &b);
        f[i] = -k * q0;
        energy += 0.5 * k * q0 * q0;
        for (int s = 0; s < lat->nearest.n[b]; s++) {
            const struct stencil_site *to = &lat->nearest.site[b][s];
            int64_t j = lattice_neighbour(lat, cell, to->cell, to->to, NULL);
            if (j < 0)
                continue;
            f[i] -= kappa * q[j];
            energy += 0.5 * kappa * q0 * q[j];
            if (to->cell[comp] == 0)
                continue;
            f[i] += spring * (q[j] - q0);
            energy += 0.25 * spring * (q[j] - q0) * (q[j] - q0);
        }
    }
    return energy;
}

static bool check_elastic(const char *lattice)
{
    static const double p[] = {1.3, 0.2, 0.7};
    double u[2 * SITES_MAX], f[2 * SITES_MAX], wanted[2 * SITES_MAX];
    struct adele *sim = sim_new("%s", lattice);
    bool fits = sim_try(sim, "model ssh alpha 1 k 1.3 kappa 0.2 spring 0.7");
    if (fits) {
        sim_run(sim, "pair_style elastic");
        int64_t n = sim->lat->nsite * sim->model->ncomp;
        assert_true(n <= 2 * SITES_MAX);
        sim_randomise(sim, 1, 21);
        get(sim, sim->state.displacement, u);
        double energy = elastic(sim->lat, u, sim->model->ncomp, p, wanted);
        assert_int_equal(forces_require(sim, NEED_FORCE | NEED_ENERGY), 0);
        get(sim, sim->forces->force, f);
        near_array(f, wanted, n);
        near(pair_energy(sim->forces), energy);
    }
    sim_free(sim);
    return fits;
}

static void elastic_part(void **state)
{
    (void)state;
    int cases = 0;
    for (int k = 0;; k++) {
        struct text lattice = {0};
        if (!sim_lattice(k, &lattice))
            break;
        cases += check_elastic(lattice.s);
        text_free(&lattice);
    }
    assert_int_equal(cases, 8 + 16);
    assert_true(check_elastic("boundary f\nlattice chain 1300"));
    assert_true(check_elastic("boundary f p\nlattice square 520 3"));
}

/* u_i = (-1)^i u on a ring of L sites: hoppings t1 = t + 2 alpha u and
   t2 = t - 2 alpha u in turn (bond 0->1 has u_1 - u_0 = -2u), levels
   +-|t1 + t2 exp(ik)|, k = 2 pi m/(L/2). */
static void dimerised_chain(void **state)
{
    (void)state;
    const double t = 1.1, alpha = 0.7, u0 = 0.2, temp = 0.15;
    struct adele *sim = sim_new("lattice chain 12\nmodel ssh t 1.1 alpha 0.7 k "
                                "2 kappa 0.3\nelectrons mu 0 temp 0.15\n"
                                "pair_style ed\n");
    double u[12], f[12], strong = t + 2 * alpha * u0, weak = t - 2 * alpha * u0;
    double omega = 0, rho_strong = 0, rho_weak = 0;
    for (int i = 0; i < 12; i++)
        u[i] = i % 2 ? -u0 : u0;
    set(sim, u);
    for (int m = 0; m < 6; m++) {
        double c = cos(2 * M_PI * m / 6);
        double e = sqrt(strong * strong + weak * weak + 2 * strong * weak * c);
        double x = e / (2 * temp);
        omega -= 2 * temp * (x + log1p(exp(-2 * x)));
        rho_strong += tanh(x) * (strong + weak * c) / e / 12;
        rho_weak += tanh(x) * (weak + strong * c) / e / 12;
    }
    const struct pair_result *r = solve(sim);
    get(sim, r->force, f);
    near(r->electronic, omega);
    near(r->elastic, 12 * (0.5 * 2 - 0.3) * u0 * u0);
    for (int i = 0; i < 12; i++)
        near(f[i], (-2 + 2 * 0.3) * u[i] +
                       (i % 2 ? -1 : 1) * 2 * alpha * (rho_strong - rho_weak));
    assert_true(rho_strong - rho_weak > 0.1);
    sim_free(sim);
}

/* u_i = (-1)^(x+y) (a, b): k is coupled to k + Q by
   Delta = -4i alpha (a sin kx + b sin ky) up to a phase, and the diagonals have
   the same energy at both, so
       E = d(k) +- sqrt(e(k)^2 + |Delta|^2),
       e = -2t (cos kx + cos ky), d = -4 t2 cos kx cos ky. */
static double ordered_omega(int nx, int ny, const double m[2], double temp,
                            double mu, double *number)
{
    const double t = 2.5, t2 = 0.5, alpha = 4;
    double omega = 0;
    *number = 0;
    for (int k = 0; k < nx * ny; k++) {
        double x = 2 * M_PI * (k % nx) / nx, y = 2 * M_PI * (int)(k / nx) / ny;
        double e = -2 * t * (cos(x) + cos(y));
        double gap = 4 * alpha * (m[0] * sin(x) + m[1] * sin(y));
        double d = -4 * t2 * cos(x) * cos(y);
        for (int s = -1; s <= 1; s += 2) {
            double z = (d + s * hypot(e, gap) - mu) / temp;
            omega -= 0.5 * temp * (z > 0 ? log1p(exp(-z)) : log1p(exp(z)) - z);
            *number += 0.5 / (exp(z) + 1);
        }
    }
    return omega;
}

static void staggered_square(void **state)
{
    (void)state;
    static const double order[][2] = {{0.2, 0}, {0, 0.2}, {0.15, -0.1}};
    for (int c = 0; c < 3; c++) {
        const double *m = order[c];
        struct adele *sim =
            sim_new("lattice square 8 6\nmodel ssh t 2.5 t2 0.5 "
                    "alpha 4 k 30 kappa 4\nelectrons mu 0.4 "
                    "temp 0.3\npair_style ed\n");
        double u[96], number, omega;
        for (int i = 0; i < 96; i++)
            u[i] = sign_of(sim->lat, i % 48) * m[i / 48];
        set(sim, u);
        omega = ordered_omega(8, 6, m, 0.3, 0.4, &number);
        const struct pair_result *r = solve(sim);
        near(r->electronic, omega);
        near(r->number, number);
        near(r->elastic, 48 * (0.5 * 30 - 2 * 4) * (m[0] * m[0] + m[1] * m[1]));
        sim_free(sim);
    }
}

/* minimize from order along an axis and along the diagonal ends at the least of
   E(m) = N (k/2 - 2 kappa) m^2 + Omega(m), found here by the golden section: to
   the root of the rounding of E over its curvature, 1e-7. */
static void least_energy(void **state)
{
    (void)state;
    const double ratio = 0.5 * (sqrt(5) - 1);
    for (int diagonal = 0; diagonal < 2; diagonal++) {
        double lo = 0.05, hi = 0.4, number;
        while (hi - lo > 1e-8) {
            double x[2] = {hi - ratio * (hi - lo), lo + ratio * (hi - lo)},
                   e[2];
            for (int k = 0; k < 2; k++) {
                double m[2] = {x[k], diagonal ? x[k] : 0};
                e[k] = ordered_omega(12, 12, m, 0.1, 1.5, &number) +
                       144 * 7 * (m[0] * m[0] + m[1] * m[1]);
            }
            if (e[0] < e[1])
                hi = x[1];
            else
                lo = x[0];
        }
        struct adele *sim = sim_new(
            "lattice square 12 12\nmodel ssh t 2.5 t2 0.5 alpha 4 k 30 kappa "
            "4\n"
            "electrons mu 1.5 temp 0.1\npair_style ed\n"
            "displace all wave pi pi 0.15\n%s"
            "minimize 0 1e-9 100 200\n",
            diagonal ? "displace all wave pi pi 0.15 component uy\n" : "");
        double u[288];
        get(sim, sim->state.displacement, u);
        assert_true(lo > 0.1 && lo < 0.3);
        for (int i = 0; i < 288; i++) {
            double wanted = i < 144 || diagonal ? lo : 0;
            wanted *= sign_of(sim->lat, i % 144);
            if (!(fabs(u[i] - wanted) < 1e-6))
                fail_msg("u = %.9g instead of %.9g", u[i], wanted);
        }
        sim_free(sim);
    }
}

/* With t2 = 0, alternating signs of the orbitals turn H into -H: at mu = 0
   n = 1/2 on every site whatever u; -t is the same as t with -alpha (the bonds
   of an even lattice change sign), and the forces too. */
static void particle_hole(void **state)
{
    (void)state;
    double f[2][40];
    for (int c = 0; c < 2; c++) {
        struct adele *sim =
            sim_new("boundary p f\nlattice square 4 5\nmodel ssh t %g alpha "
                    "%g\nelectrons mu 0 temp 0.15\npair_style ed\n",
                    c ? -1.2 : 1.2, c ? -0.8 : 0.8);
        sim_randomise(sim, 0.5, 8);
        const struct pair_result *r = solve(sim);
        for (int i = 0; i < 20; i++)
            near(r->n[i], 0.5);
        get(sim, r->force, f[c]);
        sim_free(sim);
    }
    near_array(f[0], f[1], 40);
    assert_true(fabs(f[0][3]) > 0.01);
}

/* A shift of the whole lattice changes no hopping: periodic, sum F = -(k + 4
   kappa) sum u, and the electronic part of the force is the same. */
static void whole_shift(void **state)
{
    (void)state;
    static const char *const boundary[] = {"p p", "f p", "f f"};
    for (int c = 0; c < 3; c++) {
        struct adele *sim =
            sim_new("boundary %s\nlattice square 5 4\nmodel ssh "
                    "t2 0.3 alpha 0.8 k 3 kappa 0.5 spring "
                    "0.4\nelectrons filling 0.4 temp 0.2\n"
                    "pair_style ed\n",
                    boundary[c]);
        double u[40], f[40], g[40], sum_u[2] = {0}, sum_f[2] = {0};
        sim_randomise(sim, 0.5, 4);
        get(sim, sim->state.displacement, u);
        double omega = solve(sim)->electronic;
        get(sim, sim->forces->force, f);
        for (int i = 0; i < 40; i++) {
            sum_u[i / 20] += u[i];
            sum_f[i / 20] += f[i];
            u[i] += i < 20 ? 0.3 : -0.2;
        }
        set(sim, u);
        near(solve(sim)->electronic, omega);
        get(sim, sim->forces->force, g);
        for (int i = 0; c == 0 && i < 40; i++)
            near(g[i] - f[i], -5 * (i < 20 ? 0.3 : -0.2));
        for (int a = 0; c == 0 && a < 2; a++)
            near(sum_f[a], -5 * sum_u[a]);
        sim_free(sim);
    }
}

/* A quarter turn (x, y) -> (-y, x) of the sites and of their displacements
   turns the forces; one of the sites alone, as for a scalar, does not. */
static void quarter_turn(void **state)
{
    (void)state;
    struct adele *sim =
        sim_new("lattice square 6 6\nmodel ssh t2 0.3 alpha 0.8 "
                "k 3 kappa 0.5 spring 0.4\nelectrons filling "
                "0.4 temp 0.2\npair_style ed\n");
    double u[72], f[72], v[72], g[72], worst[2] = {0};
    sim_randomise(sim, 0.5, 4);
    get(sim, sim->state.displacement, u);
    solve(sim);
    get(sim, sim->forces->force, f);
    for (int vector = 0; vector < 2; vector++) {
        for (int i = 0; i < 36; i++) {
            int to = i % 6 * 6 + (6 - i / 6) % 6;
            v[to] = vector ? -u[36 + i] : u[i];
            v[36 + to] = vector ? u[i] : u[36 + i];
        }
        set(sim, v);
        solve(sim);
        get(sim, sim->forces->force, g);
        for (int i = 0; i < 36; i++) {
            int to = i % 6 * 6 + (6 - i / 6) % 6;
            double x = vector ? -f[36 + i] : f[i];
            double y = vector ? f[i] : f[36 + i];
            worst[vector] =
                fmax(worst[vector], hypot(g[to] - x, g[36 + to] - y));
        }
    }
    assert_true(worst[1] < 1e-11 && worst[0] > 0.1);
    assert_true(sim->model->vector);
    sim_free(sim);
}

/* Length 2, periodic: both bonds, whose changes cancel; no bond at length 1. */
static void short_axes(void **state)
{
    (void)state;
    struct adele *sim = sim_new("lattice square 2 1\nmodel ssh t 1.2 alpha 3 k "
                                "2\nelectrons mu 0 temp 0.5\npair_style ed\n");
    double u[4] = {0.1, -0.3, 0.2, 0.4}, f[4];
    set(sim, u);
    assert_int_equal(forces_require(sim, NEED_SPECTRUM | NEED_FORCE), 0);
    near(sim->forces->level[0], -2.4);
    near(sim->forces->level[1], 2.4);
    get(sim, sim->forces->force, f);
    for (int i = 0; i < 4; i++)
        near(f[i], -2 * u[i]);
    sim_free(sim);
    sim =
        sim_new("boundary f\nlattice chain 3\nmodel ssh t 1.2 t2 0.5 alpha 3\n"
                "electrons mu 0 temp 0.5\npair_style ed\n");
    set(sim, u);
    double h[2] = {-1.2 + 3 * -0.4, -1.2 + 3 * 0.5}, sum = 0, wanted = 0;
    assert_int_equal(forces_require(sim, NEED_SPECTRUM), 0);
    for (int i = 0; i < 3; i++)
        sum += sim->forces->level[i] * sim->forces->level[i];
    wanted = 2 * (h[0] * h[0] + h[1] * h[1] + 0.25);
    near(sum, wanted);
    sim_free(sim);
}

/* Tiles: those whose buffers reach around the lattice are exact; with skip, a
   tile is solved again when one component of one of its sites moved. */
static void tiles(void **state)
{
    (void)state;
    const double t_error = 1e-6;
    struct adele *sim = sim_new("lattice square 12 12\nmodel ssh t2 0.3 alpha "
                                "0.8 k 3\nelectrons mu 0.2 temp 0.3\n"
                                "pair_style ed\n");
    double u[288], f[288], g[288], moved = 0;
    sim_randomise(sim, 0.3, 4);
    get(sim, sim->state.displacement, u);
    solve(sim);
    get(sim, sim->forces->force, f);
    sim_run(sim, "pair_style pole tile 4 buffer 4");
    assert_int_equal(forces_require(sim, NEED_FORCE), 0);
    get(sim, sim->forces->force, g);
    for (int i = 0; i < 288; i++)
        assert_true(fabs(f[i] - g[i]) < t_error);
    sim_run(sim, "pair_style pole tile 4 buffer 2 skip 1e-6");
    assert_int_equal(forces_require(sim, NEED_FORCE), 0);
    u[144 + 40] += 0.2;
    set(sim, u);
    assert_int_equal(forces_require(sim, NEED_FORCE), 0);
    get(sim, sim->forces->force, f);
    sim_run(sim, "pair_style pole tile 4 buffer 2");
    assert_int_equal(forces_require(sim, NEED_FORCE), 0);
    for (int i = 0; i < 288; i++)
        moved = fmax(moved, fabs(f[i] - g[i]));
    get(sim, sim->forces->force, g);
    for (int i = 0; i < 288; i++)
        assert_true(fabs(f[i] - g[i]) < t_error);
    assert_true(moved > 0.1);
    sim_free(sim);
}

/* Published 50x50 configurations with their exact forces, in float32: forces
   of some 0.1 are differences of elastic and electronic parts of 10, which
   leaves 2e-5.  Read when the folder of published data stands beside. */
static bool published_frame(int frame, double *worst, double *square,
                            double *largest)
{
    char path[80], line[256];
    double *u = calloc(SITES_MAX * 4, sizeof *u), *f = u + 2 * SITES_MAX;
    static double found[2 * SITES_MAX];
    assert_non_null(u);
    snprintf(path, sizeof path,
             "../shared/reference/published/peierls_frame_%03d.txt", frame);
    FILE *file = fopen(path, "r");
    int n = 0;
    while (file && fgets(line, sizeof line, file)) {
        int x, y;
        double a[4];
        if (sscanf(line, "%d %d %lf %lf %lf %lf", &x, &y, a, a + 1, a + 2,
                   a + 3) != 6)
            continue;
        for (int c = 0; c < 2; c++) {
            u[c * 2500 + y * 50 + x] = a[c];
            f[c * 2500 + y * 50 + x] = a[2 + c];
        }
        n++;
    }
    if (file) {
        fclose(file);
        assert_int_equal(n, 2500);
        struct adele *sim =
            sim_new("lattice square 50 50\nmodel ssh t 2.5 t2 0.5 alpha 4 k 30 "
                    "kappa 4\nelectrons midgap temp 1e-3\npair_style ed\n");
        set(sim, u);
        assert_int_equal(forces_require(sim, NEED_FORCE), 0);
        get(sim, sim->forces->force, found);
        for (int i = 0; i < 5000; i++) {
            *worst = fmax(*worst, fabs(found[i] - f[i]));
            *square += (found[i] - f[i]) * (found[i] - f[i]) / 5000;
            *largest = fmax(*largest, fabs(f[i]));
        }
        sim_free(sim);
    }
    free(u);
    return file != NULL;
}

static void published_forces(void **state)
{
    (void)state;
    static const int frame[] = {5, 40, 90, 120};
    double largest = 0;
    for (int k = 0; k < 4; k++) {
        double worst = 0, square = 0;
        if (published_frame(frame[k], &worst, &square, &largest)) {
            print_message("published frame %d: rms difference %.2g, largest "
                          "%.2g\n",
                          frame[k], sqrt(square), worst);
            assert_true(worst < 1e-4 && sqrt(square) < 2e-5);
            continue;
        }
        print_message("../shared/reference/published/peierls_frame_%03d.txt is "
                      "not there: forces not compared with it\n",
                      frame[k]);
        skip();
    }
    assert_true(largest > 0.5);
}

/* The smallest eigenvalue of the elastic matrix: none below 0, no warning. */
static void stability(void **state)
{
    (void)state;
    static const struct {
        const char *lattice, *model;
        double k; /* the least stable k is this */
    } sample[] = {
        /* k - 4 kappa; odd lengths reach cos(4 pi/5) only */
        {"lattice square 4 4", "kappa 0.5", 2},
        {"lattice square 5 4", "kappa 0.5", 1.8090169943749475},
        /* springs along the axis of the component: 2S - |2(kappa -
           S)| - 2 kappa, S < kappa: at pi, k - 4 kappa + 4S */
        {"lattice square 4 4", "kappa 0.5 spring 0.2", 1.2},
        /* the softer component decides: x, with springs along the odd axis */
        {"lattice square 5 4", "kappa 0.5 spring 0.2", 1.085410196624968},
        /* S > kappa: at 0 along it, k + 2 kappa - 2 kappa */
        {"lattice chain 6", "kappa -0.5 spring 3", 1},
        /* two sites, open: [[S, c], [c, S]], c = kappa - S */
        {"boundary f\nlattice chain 2", "kappa 2 spring 0.5", 1}};
    for (size_t k = 0; k < sizeof sample / sizeof *sample; k++) {
        for (int above = 0; above < 2; above++) {
            struct adele *sim = sim_new("%s", sample[k].lattice);
            long before = sim->log.warnings;
            sim_run(sim, "model ssh alpha 1 %s k %.17g", sample[k].model,
                    sample[k].k + (above ? 1e-9 : -1e-9));
            bool warned = sim->log.warnings > before;
            if (warned != !above)
                fail_msg("%s: warned %d at k %s %g", sample[k].lattice, warned,
                         above ? "above" : "below", sample[k].k);
            sim_free(sim);
        }
    }
}

static void refusals(void **state)
{
    (void)state;
    static const char *const lattice[] = {"triangular 4 4", "honeycomb 4 4",
                                          "cubic 2 2 2"};
    for (int k = 0; k < 3; k++) {
        struct adele *sim = sim_new("lattice %s\n", lattice[k]);
        assert_int_not_equal(adele_command(sim, "model ssh alpha 1"), 0);
        assert_non_null(strstr(adele_error(sim), "lattice chain or square"));
        sim_free(sim);
    }
    struct adele *sim = sim_new("lattice square 4 4\n");
    assert_int_not_equal(adele_command(sim, "model ssh t 1"), 0);
    assert_int_not_equal(adele_command(sim, "model ssh alpha 1 spring -1"), 0);
    sim_run(sim, "model ssh alpha 1");
    sim_run(sim, "model ssh alpha 2");
    assert_int_equal(sim->model->ncomp, 2);
    const struct model_style *style =
        (const struct model_style *)sim->model->head.style;
    assert_null(style->mu_shift);
    sim_free(sim);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(elastic_part),
                                       cmocka_unit_test(dimerised_chain),
                                       cmocka_unit_test(staggered_square),
                                       cmocka_unit_test(particle_hole),
                                       cmocka_unit_test(least_energy),
                                       cmocka_unit_test(whole_shift),
                                       cmocka_unit_test(short_axes),
                                       cmocka_unit_test(quarter_turn),
                                       cmocka_unit_test(tiles),
                                       cmocka_unit_test(stability),
                                       cmocka_unit_test(refusals),
                                       cmocka_unit_test(published_forces)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Holstein model against closed forms: no hopping, no coupling, the perfect
   order in k space, chains, particle-hole symmetry, the sum of the forces. */

#include <math.h>
#include <omp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "adele.h"
#include "core/order.h"
#include "plug/pair.h"
#include "sim.h"

enum { SITES_MAX = 512, LONG_SITES = 2500 };
enum { ALL = NEED_FORCE | NEED_ENERGY | NEED_DENSITY | NEED_MU };

/* Eigenvalues of matrices of up to 500 sites and sums over them: a few N
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

static void get_force(struct adele *sim, double *f)
{
    field_gather(sim->forces->force, 0, f);
}

/* Elastic forces and energy by the definition, through lattice_neighbour. */
static double elastic(const struct lattice *lat, const double *q, double k,
                      double kappa, double *f)
{
    double energy = 0;
    for (int64_t i = 0; i < lat->nsite; i++) {
        int cell[3], b;
        double sum = 0;
        lattice_cell(lat, i, cell, &b);
        for (int s = 0; s < lat->nearest.n[b]; s++) {
            const struct stencil_site *to = &lat->nearest.site[b][s];
            int64_t j = lattice_neighbour(lat, cell, to->cell, to->to, NULL);
            sum += j < 0 ? 0 : q[j];
        }
        f[i] = -k * q[i] - kappa * sum;
        energy += 0.5 * q[i] * (k * q[i] + kappa * sum);
    }
    return energy;
}

/* Energy and forces together and alone. */
static void check_elastic(const char *lattice)
{
    struct adele *sim = sim_new("%s\nmodel holstein g 2 k 1.3 kappa -0.21\n"
                                "pair_style elastic\n",
                                lattice);
    static double q[LONG_SITES], f[LONG_SITES], wanted[LONG_SITES];
    int64_t n = sim->lat->nsite;
    assert_true(n <= LONG_SITES);
    sim_randomise(sim, 1, 21);
    field_gather(sim->state.displacement, 0, q);
    double energy = elastic(sim->lat, q, 1.3, -0.21, wanted);
    assert_int_equal(forces_require(sim, NEED_ENERGY), 0);
    near(pair_energy(sim->forces), energy);
    assert_int_equal(forces_require(sim, NEED_FORCE), 0);
    get_force(sim, f);
    near_array(f, wanted, n);
    sim_randomise(sim, 1, 21);
    assert_int_equal(forces_require(sim, NEED_FORCE | NEED_ENERGY), 0);
    near(pair_energy(sim->forces), energy);
    sim_free(sim);
}

/* pair_style elastic on every lattice, boundary and size, and on rows of many
   sites. */
static void elastic_part(void **state)
{
    (void)state;
    int cases = 0;
    for (;; cases++) {
        struct text lattice = {0};
        if (!sim_lattice(cases, &lattice))
            break;
        check_elastic(lattice.s);
        text_free(&lattice);
    }
    assert_true(cases > 50);
    check_elastic("lattice chain 1300");
    check_elastic("boundary f p\nlattice honeycomb 601 2");
}

/* The elastic kernel gives the same bits with 1, 2 and 5 threads. */
static void elastic_bits(void **state)
{
    (void)state;
    struct adele *sim = sim_new("lattice honeycomb 37 23\nmodel holstein g 1 "
                                "kappa 0.3\npair_style elastic\n");
    int64_t n = sim->lat->nsite;
    double *f = calloc((size_t)n * 3, sizeof *f), energy[3];
    assert_non_null(f);
    int before = omp_get_max_threads();
    for (int k = 0; k < 3; k++) {
        omp_set_num_threads(1 + k * k);
        sim_randomise(sim, 1, 4);
        assert_int_equal(forces_require(sim, NEED_FORCE | NEED_ENERGY), 0);
        get_force(sim, f + k * n);
        energy[k] = pair_energy(sim->forces);
    }
    omp_set_num_threads(before);
    for (int k = 1; k < 3; k++) {
        assert_memory_equal(f, f + k * n, (size_t)n * sizeof *f);
        assert_true(energy[k] == energy[0]);
    }
    free(f);
    sim_free(sim);
}

/* t = 0: n_i = f(-g q_i - mu), Omega = -T sum ln(1 + exp((g q_i + mu)/T)) +
   (g/2) sum q. */
static void no_hopping(void **state)
{
    (void)state;
    const double g = -1.7, mu = 0.4, temp = 0.2;
    struct adele *sim = sim_new("boundary p f\nlattice triangular 5 4\n"
                                "model holstein t 0 g -1.7 k 1.1 kappa 0.1\n"
                                "electrons mu 0.4 temp 0.2\npair_style ed\n");
    double q[20], f[20], n[20], wanted[20], omega = 0, number = 0;
    sim_randomise(sim, 1, 2);
    field_gather(sim->state.displacement, 0, q);
    double energy = elastic(sim->lat, q, 1.1, 0.1, wanted);
    for (int i = 0; i < 20; i++) {
        n[i] = 1 / (exp((-g * q[i] - mu) / temp) + 1);
        omega += -temp * log1p(exp((g * q[i] + mu) / temp)) + 0.5 * g * q[i];
        wanted[i] += g * (n[i] - 0.5);
        number += n[i];
    }
    const struct pair_result *r = solve(sim);
    get_force(sim, f);
    near_array(r->n, n, 20);
    near_array(f, wanted, 20);
    near(r->number, number);
    near(r->electronic, omega);
    near(pair_energy(r), energy + omega);
    sim_free(sim);
}

/* g = 0: levels -t sum_d cos(k.d) over the Brillouin zone of any periodic
   lattice with one site a cell; uniform density; elastic forces only. */
static double band_energy(const struct lattice *lat, double t, int64_t m)
{
    int cell[3], b;
    double e = 0;
    lattice_cell(lat, m, cell, &b);
    for (int s = 0; s < lat->nearest.n[0]; s++) {
        double phase = 0;
        for (int axis = 0; axis < 3; axis++)
            phase += 2 * M_PI * cell[axis] *
                     lat->nearest.site[0][s].cell[axis] / lat->n[axis];
        e -= t * cos(phase);
    }
    return e;
}

static void no_coupling(void **state)
{
    static const char *const lattice[] = {"chain 9",        "square 6 3",
                                          "triangular 4 5", "cubic 3 2 4",
                                          "square 2 1",     "cubic 1 1 1"};
    (void)state;
    for (size_t k = 0; k < sizeof lattice / sizeof *lattice; k++) {
        struct adele *sim = sim_new("lattice %s\nmodel holstein t 0.9 g 0 k 2 "
                                    "kappa 0.1\nelectrons mu -0.3 temp 0.25\n"
                                    "pair_style ed\n",
                                    lattice[k]);
        int64_t n = sim->lat->nsite;
        double q[SITES_MAX], f[SITES_MAX], wanted[SITES_MAX];
        double omega = 0, number = 0;
        sim_randomise(sim, 1, 2);
        field_gather(sim->state.displacement, 0, q);
        elastic(sim->lat, q, 2, 0.1, wanted);
        for (int64_t m = 0; m < n; m++) {
            double x = (band_energy(sim->lat, 0.9, m) + 0.3) / 0.25;
            omega -= 0.25 * log1p(exp(-x));
            number += 1 / (exp(x) + 1);
        }
        const struct pair_result *r = solve(sim);
        get_force(sim, f);
        near(r->electronic, omega);
        near(r->number, number);
        near_array(f, wanted, n);
        for (int64_t i = 0; i < n; i++)
            near(r->n[i], number / (double)n);
        sim_free(sim);
    }
}

/* Spectra of chains: -2t cos(2 pi m/L) periodic, -2t cos(pi m/(L+1)) open; L =
   2 periodic has both its bonds, +-2t; L = 1 has none, -g q. */
static void chains(void **state)
{
    (void)state;
    for (int periodic = 0; periodic < 2; periodic++) {
        for (int length = 1; length <= 9; length++) {
            struct adele *sim =
                sim_new("boundary %s\nlattice chain %d\nmodel holstein t 1.3 "
                        "g 2\nelectrons mu 0 temp 0.1\npair_style ed\n",
                        periodic ? "p" : "f", length);
            double e[9], q[9];
            for (int m = 0; m < length; m++) {
                q[m] = 0.25;
                double k = periodic ? 2 * M_PI * m / length
                                    : M_PI * (m + 1) / (length + 1);
                double hop = length == 1 ? 0 : -2 * 1.3 * cos(k);
                int at = m;
                for (; at > 0 && e[at - 1] > hop - 0.5; at--)
                    e[at] = e[at - 1];
                e[at] = hop - 0.5;
            }
            sim_set(sim, 0, q);
            assert_int_equal(forces_require(sim, NEED_SPECTRUM), 0);
            assert_int_equal(sim->forces->nlevel, length);
            near_array(sim->forces->level, e, length);
            sim_free(sim);
        }
    }
}

/* |sum_d exp(ik.d)| t of the bonds from sublattice 0, k by cell m. */
static double structure(const struct lattice *lat, double t, int64_t m)
{
    int cell[3], b;
    double re = 0, im = 0;
    lattice_cell(lat, m * lat->shape.nbasis, cell, &b);
    for (int s = 0; s < lat->nearest.n[0]; s++) {
        double phase = 0;
        for (int axis = 0; axis < 3; axis++)
            phase += 2 * M_PI * cell[axis] *
                     lat->nearest.site[0][s].cell[axis] / lat->n[axis];
        re += cos(phase);
        im += sin(phase);
    }
    return t * hypot(re, im);
}

/* q_i = A s_i, s_i = +-1 by sublattice, at mu = 0: levels +-E_k with E_k^2 =
   |eps_k|^2 + (gA)^2, so
       n_i = 1/2 + s_i/(2M) sum_k (gA/E_k) tanh(E_k/2T),
       Omega = -T N/(2M) sum_k 2 ln(2 cosh(E_k/2T)),
   over the M wave vectors of the cells (each counted twice where one cell has
   one site), and F_i = s_i (-kA - kappa sum_nn s_j s_i A) + g (n_i - 1/2). */
static void perfect_order(void **state)
{
    static const char *const lattice[] = {
        "chain 8", "square 6 4", "cubic 4 2 2", "honeycomb 4 3", "square 2 2"};
    const double t = 1, g = 3.5, k = 1, kappa = 0.18, temp = 0.1, amp = 0.4;
    (void)state;
    for (size_t c = 0; c < sizeof lattice / sizeof *lattice; c++) {
        struct adele *sim = sim_new("lattice %s\nmodel holstein t 1 g 3.5 k 1 "
                                    "kappa 0.18\nelectrons mu 0 temp 0.1\n"
                                    "pair_style ed\n",
                                    lattice[c]);
        const struct lattice *lat = sim->lat;
        int64_t n = lat->nsite, cells = n / lat->shape.nbasis;
        double q[SITES_MAX], s[SITES_MAX], f[SITES_MAX];
        for (int64_t i = 0; i < n; i++) {
            int cell[3], b;
            lattice_cell(lat, i, cell, &b);
            s[i] = order_sign(lat, cell, b);
            q[i] = amp * s[i];
        }
        sim_set(sim, 0, q);
        double split = 0, omega = 0;
        for (int64_t m = 0; m < cells; m++) {
            double e = hypot(structure(lat, t, m), g * amp), x = e / (2 * temp);
            split += g * amp / e * tanh(x) / (double)cells;
            omega -=
                temp * (double)n / (double)cells * (x + log1p(exp(-2 * x)));
        }
        const struct pair_result *r = solve(sim);
        get_force(sim, f);
        near(r->electronic, omega);
        double z = lat->nearest.n[0];
        for (int64_t i = 0; i < n; i++) {
            near(r->n[i], 0.5 + 0.5 * s[i] * split);
            near(f[i], s[i] * (-k + z * kappa) * amp + g * (r->n[i] - 0.5));
        }
        assert_true(split > 0.3);
        sim_free(sim);
    }
}

/* mu = 0 on bipartite lattices: n(-q) = 1 - n(q), whatever the boundaries. */
static void particle_hole(void **state)
{
    static const char *const lattice[] = {
        "boundary f\nlattice chain 7", "boundary p f\nlattice square 4 5",
        "boundary p p p\nlattice cubic 2 4 2",
        "boundary f p\nlattice honeycomb 3 3"};
    (void)state;
    for (size_t c = 0; c < sizeof lattice / sizeof *lattice; c++) {
        struct adele *sim = sim_new("%s\nmodel holstein g 1.5\nelectrons mu 0 "
                                    "temp 0.15\npair_style ed\n",
                                    lattice[c]);
        int64_t n = sim->lat->nsite;
        double q[SITES_MAX], first[SITES_MAX], spread = 0;
        sim_randomise(sim, 1, 8);
        field_gather(sim->state.displacement, 0, q);
        const struct pair_result *r = solve(sim);
        double omega = r->electronic;
        memcpy(first, r->n, (size_t)n * sizeof *first);
        for (int64_t i = 0; i < n; i++)
            q[i] = -q[i];
        sim_set(sim, 0, q);
        r = solve(sim);
        near(r->electronic, omega);
        for (int64_t i = 0; i < n; i++) {
            near(r->n[i], 1 - first[i]);
            spread = fmax(spread, fabs(first[i] - 0.5));
        }
        assert_true(spread > 0.2);
        sim_free(sim);
    }
}

/* Periodic: sum F = -(k + z kappa) sum q + g (sum n - N/2), and at fixed
   filling sum n = F N. */
static void sum_of_forces(void **state)
{
    static const char *const lattice[] = {"chain 9", "square 5 4",
                                          "triangular 4 4", "honeycomb 3 4",
                                          "cubic 3 2 3"};
    (void)state;
    for (size_t c = 0; c < sizeof lattice / sizeof *lattice; c++) {
        struct adele *sim = sim_new("lattice %s\nmodel holstein g 1.5 k 1.2 "
                                    "kappa 0.1\nelectrons filling 0.3 temp "
                                    "0.15\npair_style ed\n",
                                    lattice[c]);
        int64_t n = sim->lat->nsite;
        double q[SITES_MAX], f[SITES_MAX], sum_q = 0, sum_f = 0, sum_n = 0;
        sim_randomise(sim, 1, 8);
        field_gather(sim->state.displacement, 0, q);
        const struct pair_result *r = solve(sim);
        get_force(sim, f);
        for (int64_t i = 0; i < n; i++) {
            sum_q += q[i];
            sum_f += f[i];
            sum_n += r->n[i];
        }
        near(sum_n, 0.3 * (double)n);
        near(sum_f, -(1.2 + sim->lat->nearest.n[0] * 0.1) * sum_q +
                        1.5 * (0.3 - 0.5) * (double)n);
        sim_free(sim);
    }
}

/* The disorder adds to the on-site energies: t = 0 again. */
static void disorder(void **state)
{
    (void)state;
    struct adele *sim =
        sim_new("lattice honeycomb 2 2\nmodel holstein t 0 g 1\n"
                "electrons mu 0.1 temp 0.3\npair_style ed\n");
    double q[8], w[8];
    sim_randomise(sim, 1, 3);
    field_gather(sim->state.displacement, 0, q);
    for (int i = 0; i < 8; i++)
        w[i] = sim_random(12, i);
    sim->state.onsite = field_new(sim->lat, 1, &sim->clock);
    field_scatter(sim->state.onsite, 0, w);
    const struct pair_result *r = solve(sim);
    for (int i = 0; i < 8; i++)
        near(r->n[i], 1 / (exp((w[i] - q[i] - 0.1) / 0.3) + 1));
    sim_free(sim);
}

/* T = 0 on 4x4 with levels -4, -2 (4), 0 (6), 2 (4), 4: eight electrons leave
   an open shell at 0, evenly filled, so the density stays uniform; five close
   the shell and mu is the middle of the gap. */
static void ground_state(void **state)
{
    (void)state;
    struct adele *sim =
        sim_new("lattice square 4 4\nmodel holstein g 1\n"
                "electrons filling 0.5 temp 0\npair_style ed\n");
    const struct pair_result *r = solve(sim);
    for (int i = 0; i < 16; i++)
        near(r->n[i], 0.5);
    near(r->electronic, -4 - 4 * 2);
    assert_false(sim->pair->gradient);
    sim_run(sim, "electrons filling 0.3125 temp 0");
    r = solve(sim);
    near(r->electronic, -4 - 4 * 2);
    near(r->mu, -1);
    assert_true(sim->pair->gradient);
    assert_false(sim_try(sim, "electrons filling 0.3 temp 0\nrun 0"));
    sim_run(sim, "electrons midgap temp 0.2");
    r = solve(sim);
    near(r->mu, 0);
    assert_false(sim->pair->gradient);
    sim_free(sim);
}

/* mu and disorder act on the electrons like a displacement: densities at
   (q, mu, onsite) are those at v = q + shift (mu - onsite) with neither. */
static void mu_is_a_displacement(void **state)
{
    (void)state;
    struct adele *sim = sim_new("boundary f p\nlattice honeycomb 3 2\nmodel "
                                "holstein g -1.7\nelectrons mu 0.4 temp 0.2\n"
                                "pair_style ed\n");
    const struct model_style *style =
        (const struct model_style *)sim->model->head.style;
    double shift = 0, v[12], w[12], first[12], most = 0;
    assert_int_equal(style->mu_shift(sim, sim->model, &shift), 0);
    sim_randomise(sim, 1, 5);
    field_gather(sim->state.displacement, 0, v);
    for (int i = 0; i < 12; i++)
        w[i] = sim_random(13, i);
    sim->state.onsite = field_new(sim->lat, 1, &sim->clock);
    field_scatter(sim->state.onsite, 0, w);
    memcpy(first, solve(sim)->n, sizeof first);
    for (int i = 0; i < 12; i++)
        v[i] += shift * (0.4 - w[i]);
    field_fill(sim->state.onsite, 0, 0);
    sim_set(sim, 0, v);
    sim_run(sim, "electrons mu 0 temp 0.2");
    near_array(solve(sim)->n, first, 12);
    for (int i = 0; i < 12; i++)
        most = fmax(most, fabs(first[i] - 0.5));
    assert_true(most > 0.1);
    sim_run(sim, "model holstein g 0");
    assert_int_not_equal(style->mu_shift(sim, sim->model, &shift), 0);
    assert_non_null(strstr(adele_error(sim), "needs a coupling g"));
    sim_free(sim);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(elastic_part),
                                       cmocka_unit_test(elastic_bits),
                                       cmocka_unit_test(no_hopping),
                                       cmocka_unit_test(no_coupling),
                                       cmocka_unit_test(chains),
                                       cmocka_unit_test(perfect_order),
                                       cmocka_unit_test(particle_hole),
                                       cmocka_unit_test(sum_of_forces),
                                       cmocka_unit_test(disorder),
                                       cmocka_unit_test(ground_state),
                                       cmocka_unit_test(mu_is_a_displacement)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

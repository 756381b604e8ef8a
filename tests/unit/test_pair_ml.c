/* pair_style ml with networks whose functions are known exactly, and the rules
   that hold for any. */

#include <math.h>
#include <omp.h>
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
#include "close.h"
#include "folder.h"
#include "plug/pair.h"
#include "potentials.h"
#include "sim.h"

enum { SITES_MAX = 128 };
static const char *const electrons[] = {"mu -0.3 temp 0.5",
                                        "filling 0.4 temp 0.5"};
static char one[512], two[512], restart[512];

static int make_folder(void **state)
{
    if (folder_make(state))
        return -1;
    snprintf(one, sizeof one, "%s/one.yaml", folder);
    snprintf(two, sizeof two, "%s/two.yaml", folder);
    snprintf(restart, sizeof restart, "%s/r", folder);
    return 0;
}

static void save(struct adele *sim, struct potential *p, const char *path)
{
    p->precision = PRECISION_DOUBLE;
    if (potential_save(sim, p, path))
        fail_msg("%s", adele_error(sim));
    potential_free(sim, p);
}

/* Without hopping n = 1/(1 + exp(-g v/T)), v = q + (mu - onsite)/g: one
   sigmoid of one channel.  `factor` makes it another function. */
static void save_atomic(struct adele *sim, double factor, const char *path)
{
    struct potential *p =
        potential_random(sim, "field", "mlp widths 1 activation sigmoid",
                         TARGET_DENSITY, POTENTIAL_MU_SHIFT, 1);
    double *g = model_parameter(sim->model, "g");
    p->in_shift[0] = p->out_shift[0] = 0;
    p->in_scale[0] = p->out_scale[0] = 1;
    p->in_low[0] = -INFINITY;
    p->param[0] = factor * *g / sim->electrons.temp;
    p->param[1] = 0;
    p->param[2] = 1;
    p->param[3] = 0;
    save(sim, p, path);
}

/* E(v) = g v/2 - (g/w) w silu(w v)/w: n = silu'(w v), which rises from 0 to 1
   but for a tenth, and a smooth energy. */
static void save_energy(struct adele *sim, const char *activation,
                        const char *path)
{
    char words[64];
    snprintf(words, sizeof words, "mlp widths 3 activation %s", activation);
    struct potential *p = potential_random(sim, "field", words, TARGET_ENERGY,
                                           POTENTIAL_MU_SHIFT, 1);
    const double g = *model_parameter(sim->model, "g"), w = 2.5;
    const double weight[] = {w, 1, -1, 0, 0, 0, -g / w, 0.5 * g, -0.5 * g, 0.3};
    p->in_shift[0] = p->out_shift[0] = 0;
    p->in_scale[0] = p->out_scale[0] = 1;
    assert_int_equal(p->net.nparam, 10);
    memcpy(p->param, weight, sizeof weight);
    save(sim, p, path);
}

static void disorder(struct adele *sim)
{
    double w[SITES_MAX];
    for (int64_t i = 0; i < sim->lat->nsite; i++)
        w[i] = 0.4 * sim_random(30, i);
    sim->state.onsite = field_new(sim->lat, 1, &sim->clock);
    field_scatter(sim->state.onsite, 0, w);
}

static const struct pair_result *solve(struct adele *sim, unsigned need)
{
    if (forces_require(sim, need))
        fail_msg("%s", adele_error(sim));
    return sim->forces;
}

/* Exact and learned electrons without hopping agree on every lattice, boundary
   and for both kinds of electrons, disorder included.  At fixed mu to rounding;
   at fixed filling the number is right to 1e-6 a site, mu to that over
   dn/dmu >= 1e-2. */
static void atomic_limit(void **state)
{
    (void)state;
    int count = 0;
    for (int k = 0;; k++, count++) {
        struct text lattice = {0};
        if (!sim_lattice(k, &lattice))
            break;
        bool filling = k % 2;
        struct adele *sim = sim_new("%s", lattice.s);
        double f[SITES_MAX], g[SITES_MAX], n[SITES_MAX], mu, number;
        double tol = filling ? 2e-4 : 1e-11;
        int64_t sites = sim->lat->nsite;
        sim_run(sim,
                "model holstein t 0 g 1.5 k 1.1 kappa 0.1\n"
                "electrons %s\npair_style ed",
                electrons[filling]);
        save_atomic(sim, 1, one);
        sim_randomise(sim, 1, 3);
        disorder(sim);
        const struct pair_result *r =
            solve(sim, NEED_FORCE | NEED_DENSITY | NEED_MU);
        field_gather(r->force, 0, f);
        memcpy(n, r->n, (size_t)sites * sizeof *n);
        mu = r->mu;
        number = r->number;
        sim_run(sim, "pair_style ml %s precision double", one);
        r = solve(sim, NEED_FORCE | NEED_DENSITY | NEED_MU);
        field_gather(r->force, 0, g);
        for (int64_t i = 0; i < sites; i++) {
            assert_close(r->n[i], n[i], tol);
            assert_close(g[i], f[i], 1.5 * tol);
        }
        assert_close(r->mu, mu, tol);
        assert_close(r->number, number, filling ? 1e-6 * (double)sites : 1e-9);
        sim_free(sim);
        text_free(&lattice);
    }
    assert_true(count > 50);
}

static double energy(struct adele *sim)
{
    return pair_energy(solve(sim, NEED_ENERGY));
}

/* Forces are the gradient of pe, for both kinds of electrons, on every
   lattice; and N is -dOmega/dmu.  Fourth-order differences with h = 2e-3 and
   the 1e-9 a site of the number: 1e-7. */
static void energies(void **state)
{
    (void)state;
    static const double weight[] = {1, -8, 8, -1}, step[] = {-2, -1, 1, 2};
    const double h = 2e-3;
    int count = 0;
    for (int k = 0;; k += 3, count++) {
        struct text lattice = {0};
        if (!sim_lattice(k, &lattice))
            break;
        struct adele *sim = sim_new("%s", lattice.s);
        double q[SITES_MAX], f[SITES_MAX], sum;
        sim_run(sim,
                "model holstein t 1 g 1.5 k 1.1 kappa 0.1\n"
                "electrons %s\n",
                electrons[k / 3 % 2]);
        save_energy(sim, "silu", one);
        sim_run(sim, "pair_style ml %s", one);
        assert_true(sim->pair->gradient);
        sim_randomise(sim, 1, 3);
        disorder(sim);
        field_gather(sim->state.displacement, 0, q);
        field_gather(solve(sim, NEED_FORCE)->force, 0, f);
        for (int64_t i = 0; i < 2; i++) {
            double q0 = q[i];
            sum = 0;
            for (int s = 0; s < 4; s++) {
                q[i] = q0 + step[s] * h;
                sim_set(sim, 0, q);
                sum -= weight[s] * energy(sim);
            }
            q[i] = q0;
            assert_close(f[i], sum / (12 * h), 1e-7);
        }
        sim_set(sim, 0, q);
        sum = 0;
        for (int s = 0; s < 4; s++) {
            sim_run(sim, "electrons mu %.17g temp 0.5", 0.1 + step[s] * h);
            sum -= weight[s] * energy(sim);
        }
        sim_run(sim, "electrons mu 0.1 temp 0.5");
        assert_close(solve(sim, NEED_MU)->number, sum / (12 * h), 1e-8);
        sim_free(sim);
        text_free(&lattice);
    }
    assert_true(count > 15);
}

static char *captured;

static void capture(void *user, const char *text)
{
    (void)user;
    size_t n = strlen(captured);
    if (n + strlen(text) < 60000)
        strcpy(captured + n, text);
}

static struct adele *sim_captured(void)
{
    captured = calloc(60000, 1);
    assert_non_null(captured);
    struct adele *sim = adele_new(capture, NULL);
    assert_non_null(sim);
    sim_run(sim, "log none");
    return sim;
}

static const char moving[] =
    "lattice square 6 5\nmodel holstein t 0 g 1.5 k 1 kappa 0.18\n"
    "electrons filling 0.4 temp 0.5\n";
static const char baths[] =
    "fix move all nve\nfix bath all langevin 0.3 0.3 11.1 90210\n"
    "timestep 0.022\nthermo 1\nthermo_style custom step mu number mldev\n"
    "thermo_modify unavailable nan\n";

/* Along a noisy run the number stays, with at most two passes a step. */
static void keeps_the_number(void **state)
{
    (void)state;
    struct adele *sim = sim_captured();
    sim_run(sim, "%s", moving);
    save_atomic(sim, 1, one);
    sim_run(sim, "displace all uniform -1 1 3\npair_style ml %s\n%srun 300",
            one, baths);
    double mu, number, low = 1e9, high = -1e9;
    int rows = 0, step;
    for (const char *s = captured; s; s = strchr(s, '\n')) {
        s += *s == '\n';
        if (sscanf(s, "%d %lf %lf", &step, &mu, &number) != 3)
            continue;
        assert_close(number, 12, 31e-6); /* printed to 1e-6 */
        low = fmin(low, mu);
        high = fmax(high, mu);
        rows++;
    }
    assert_int_equal(rows, 301);
    assert_true(high - low > 1e-3);
    double passes = 0, kept = 1;
    const char *line = strstr(captured, "pair_style ml: ");
    assert_non_null(line);
    assert_int_equal(sscanf(line,
                            "pair_style ml: %lf passes a solution, "
                            "electrons kept to %lf",
                            &passes, &kept),
                     2);
    assert_true(passes >= 1 && passes <= 2.05 && kept <= 1e-6);
    sim_free(sim);
    free(captured);
}

/* Run 20 + 15 equals run 20, restart, run 15, in every bit: with the mu that
   was found and the slope that finds the next. */
static void restarts(void **state)
{
    (void)state;
    double q[30], p[30], mu;
    struct adele *sim = sim_new("%s", moving);
    save_atomic(sim, 1, one);
    sim_run(sim,
            "displace all uniform -1 1 3\npair_style ml %s\n%srun 20\n"
            "write_restart %s\nrun 15",
            one, baths, restart);
    field_gather(sim->state.displacement, 0, q);
    mu = solve(sim, NEED_MU)->mu;
    sim_free(sim);
    sim = sim_new("read_restart %s\npair_style ml %s\n%srun 15", restart, one,
                  baths);
    field_gather(sim->state.displacement, 0, p);
    assert_memory_equal(p, q, sizeof q);
    assert_true(solve(sim, NEED_MU)->mu == mu);
    sim_free(sim);
}

/* At large steps the number comes from the line through two passes: densities
   stay those of the mu that is reported, the number that of the filling, and a
   restart repeats both passes. */
static void lines(void **state)
{
    (void)state;
    static const char deck[] = "lattice square 6 5\nmodel holstein t 0 g 1.5 k "
                               "1 kappa 0.1\nelectrons filling 0.4 temp 0.5\n"
                               "displace all uniform -1 1 3\n";
    double q[30], p[30], worst = 0, largest = 0;
    struct adele *sim = sim_new("%s", deck);
    save_atomic(sim, 1, one);
    sim_run(sim,
            "pair_style ml %s precision double\n%s"
            "timestep 0.2\nthermo 1000",
            one, baths);
    for (int step = 0; step < 40; step++) {
        double number = 0;
        sim_run(sim, "run 1 post no");
        const struct pair_result *r = solve(sim, NEED_DENSITY | NEED_MU);
        field_gather(sim->state.displacement, 0, q);
        for (int i = 0; i < 30; i++) {
            double n = 1 / (1 + exp(-(1.5 * q[i] + r->mu) / 0.5));
            worst = fmax(worst, fabs(r->n[i] - n));
            number += r->n[i];
        }
        largest = fmax(largest, fabs(number - 12));
    }
    assert_true(largest <= 30e-6);
    assert_true(worst > 1e-9); /* some step took a line .. */
    assert_true(worst < 2e-4); /* .. that was good enough */
    sim_run(sim, "write_restart %s\nrun 15", restart);
    field_gather(sim->state.displacement, 0, q);
    sim_free(sim);
    sim = sim_new("read_restart %s\npair_style ml %s precision double\n%s"
                  "timestep 0.2\nrun 15",
                  restart, one, baths);
    field_gather(sim->state.displacement, 0, p);
    assert_memory_equal(p, q, sizeof q);
    sim_free(sim);
}

/* Mean and deviation of two potentials from their own forces. */
static void committee(void **state)
{
    (void)state;
    struct adele *sim = sim_new("lattice honeycomb 4 3\nmodel holstein t 0 g "
                                "1.5 k 1\nelectrons mu 0.2 temp 0.5\n");
    double f[2][24], g[24], largest = 0, squares = 0, value;
    sim_randomise(sim, 1, 3);
    for (int k = 0; k < 2; k++) {
        save_atomic(sim, 1 + 0.3 * k, k ? two : one);
        sim_run(sim, "pair_style ml %s precision double", k ? two : one);
        assert_false(sim->pair->gives & NEED_DEVIATION);
        field_gather(solve(sim, NEED_FORCE)->force, 0, f[k]);
    }
    sim_run(sim,
            "pair_style ml %s %s precision double\n"
            "compute dev all ml/deviation\n"
            "compute top all reduce max c_dev",
            one, two);
    field_gather(solve(sim, NEED_FORCE | NEED_DEVIATION)->force, 0, g);
    for (int i = 0; i < 24; i++) {
        double d = fabs(f[0][i] - f[1][i]) / sqrt(2);
        assert_close(g[i], 0.5 * (f[0][i] + f[1][i]), 1e-14);
        assert_close(sim->forces->deviation[i], d, 1e-14);
        largest = fmax(largest, d);
        squares += d * d;
    }
    assert_true(largest > 0.05);
    static const char *const same[] = {"mldev", "c_dev", "c_dev[1]", "c_top"};
    for (int k = 0; k < 4; k++) {
        assert_int_equal(adele_evaluate(sim, same[k], &value), 0);
        assert_close(value, largest, 1e-14);
    }
    assert_int_equal(adele_evaluate(sim, "c_dev[2]", &value), 0);
    assert_close(value, sqrt(squares / 24), 1e-14);
    sim_run(sim,
            "pair_style ed\ncompute other all ml/deviation using ml %s %s "
            "precision double",
            one, two);
    assert_int_equal(adele_evaluate(sim, "c_other", &value), 0);
    assert_close(value, largest, 1e-14);
    sim_free(sim);
}

/* A potential that predicts total forces: they come out, and densities
   follow. */
static void total_forces(void **state)
{
    (void)state;
    struct adele *sim = sim_new("lattice square 4 3\nmodel holstein g 1.5 k 1 "
                                "kappa 0.1\nelectrons filling 0.4 temp 0.2\n");
    struct potential *p =
        potential_random(sim, "field", "mlp widths 4 activation tanh",
                         TARGET_FORCE, POTENTIAL_MU_NONE, 8);
    struct potential_run *run =
        potential_run_new(sim, p, sim->lat, PRECISION_DOUBLE, false);
    double out[12], f[12], e[12];
    sim_randomise(sim, 1, 3);
    assert_int_equal(potential_predict(sim, run, sim->state.displacement, NULL,
                                       0, out, NULL, NULL),
                     0);
    potential_run_free(run);
    save(sim, p, one);
    sim_run(sim, "pair_style elastic");
    field_gather(solve(sim, NEED_FORCE)->force, 0, e);
    sim_run(sim, "pair_style ml %s precision double", one);
    assert_int_equal(sim->pair->gives,
                     NEED_FORCE | NEED_DENSITY | NEED_OUTSIDE);
    assert_false(sim->pair->gradient);
    const struct pair_result *r = solve(sim, NEED_FORCE | NEED_DENSITY);
    field_gather(r->force, 0, f);
    for (int i = 0; i < 12; i++) {
        assert_close(f[i], out[i], 1e-14);
        assert_close(r->n[i], 0.5 + (out[i] - e[i]) / 1.5, 1e-14);
    }
    sim_free(sim);
}

/* Made on one size, used on another: a configuration laid out twice gives every
   density twice, bit for bit. */
static void sizes(void **state)
{
    (void)state;
    struct adele *sim = sim_new("lattice square 4 6\nmodel holstein t 0 g 1.5\n"
                                "electrons mu 0.2 temp 0.5\n");
    double n[24], q[24], wide[48];
    save_atomic(sim, 1, one);
    sim_randomise(sim, 1, 3);
    field_gather(sim->state.displacement, 0, q);
    sim_run(sim, "pair_style ml %s", one);
    memcpy(n, solve(sim, NEED_DENSITY)->n, sizeof n);
    sim_free(sim);
    sim = sim_new("lattice square 8 6\nmodel holstein t 0 g 1.5\n"
                  "electrons mu 0.2 temp 0.5\npair_style ml %s\n",
                  one);
    for (int i = 0; i < 48; i++)
        wide[i] = q[i / 8 * 4 + i % 4];
    sim_set(sim, 0, wide);
    solve(sim, NEED_DENSITY);
    for (int i = 0; i < 48; i++)
        assert_true(sim->forces->n[i] == n[i / 8 * 4 + i % 4]);
    sim_free(sim);
}

static void threads(void **state)
{
    (void)state;
    enum { SIDE = 150, N = SIDE * SIDE };
    double *f[2];
    int before = omp_get_max_threads();
    for (int k = 0; k < 2; k++) {
        omp_set_num_threads(k + 1);
        struct adele *sim = sim_new("lattice square %d %d\nmodel holstein g "
                                    "1.5 k 1 kappa 0.1\nelectrons filling 0.4 "
                                    "temp 0.2\n",
                                    SIDE, SIDE);
        save_energy(sim, "silu", one);
        save_atomic(sim, 1, two);
        sim_randomise(sim, 1, 3);
        f[k] = calloc(2 * N, sizeof *f[k]);
        assert_non_null(f[k]);
        sim_run(sim, "pair_style ml %s %s", one, two);
        field_gather(solve(sim, NEED_FORCE)->force, 0, f[k]);
        sim_run(sim, "pair_style ml %s", one);
        field_gather(solve(sim, NEED_FORCE)->force, 0, f[k] + N);
        sim_free(sim);
    }
    omp_set_num_threads(before);
    assert_memory_equal(f[0], f[1], 2 * N * sizeof *f[0]);
    free(f[0]);
    free(f[1]);
}

/* With kinks in it an energy is not for fix nve alone. */
static void rough_energies(void **state)
{
    (void)state;
    struct adele *sim = sim_new("lattice square 4 4\nmodel holstein g 1.5 k 1\n"
                                "electrons mu 0.1 temp 0.2\ntimestep 0.02\n");
    save_energy(sim, "relu", one);
    sim_run(sim, "pair_style ml %s\nrun 0\nfix move all nve", one);
    assert_false(sim->pair->gradient);
    assert_int_not_equal(adele_command(sim, "run 1"), 0);
    assert_non_null(strstr(adele_error(sim), "its network has kinks"));
    error_clear(sim);
    sim_run(sim, "fix bath all langevin 0.1 0.1 10 3\nrun 1\nunfix bath");
    assert_int_not_equal(adele_command(sim, "run 1"), 0);
    error_clear(sim);
    sim_run(sim, "pair_style ml %s force yes\nrun 1", one);
    save_energy(sim, "silu", one);
    sim_run(sim, "pair_style ml %s\nrun 1", one);
    sim_free(sim);
}

/* nve with a smooth energy: the error of the energy falls like dt^2. */
static void conserves(void **state)
{
    (void)state;
    double drift[2];
    for (int k = 0; k < 2; k++) {
        struct adele *sim = sim_new("lattice square 5 4\nmodel holstein g 1.5 "
                                    "k 1 kappa 0.1\nelectrons filling 0.45 "
                                    "temp 0.2\n");
        double first, now, worst = 0;
        save_energy(sim, "silu", one);
        sim_run(sim,
                "displace all uniform -1 1 3\nvelocity all create 0.3 4\n"
                "pair_style ml %s\nfix move all nve\ntimestep %g\n"
                "thermo 1000000",
                one, 0.1 / (1 + k));
        assert_int_equal(adele_evaluate(sim, "etotal", &first), 0);
        for (int step = 0; step < 40 * (1 + k); step++) {
            sim_run(sim, "run 1 post no");
            assert_int_equal(adele_evaluate(sim, "etotal", &now), 0);
            worst = fmax(worst, fabs(now - first));
        }
        drift[k] = worst;
        sim_free(sim);
    }
    assert_true(drift[0] > 1e-5);
    assert_close(drift[0] / drift[1], 4, 0.5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(atomic_limit),
                                       cmocka_unit_test(energies),
                                       cmocka_unit_test(keeps_the_number),
                                       cmocka_unit_test(restarts),
                                       cmocka_unit_test(lines),
                                       cmocka_unit_test(committee),
                                       cmocka_unit_test(total_forces),
                                       cmocka_unit_test(sizes),
                                       cmocka_unit_test(threads),
                                       cmocka_unit_test(rough_energies),
                                       cmocka_unit_test(conserves)};
    return cmocka_run_group_tests(tests, make_folder, folder_drop);
}

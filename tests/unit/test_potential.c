/* Potentials: their files give back every bit or are refused, belong to their
   model and electrons, and predict what the network's definition says. */

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
#include "folder.h"
#include "plug/potential_text.h"
#include "potentials.h"
#include "sim.h"

static const char deck[] = "boundary p f\nlattice square 5 4\n"
                           "model holstein t 1 g 3.5 k 1 kappa 0.18\n"
                           "electrons filling 0.5 temp 0.1\n";
static const char mlp[] = "mlp widths 5 3 activation tanh";
enum { SITES = 20 };

static char path[512], other[512];

static int make_folder(void **state)
{
    if (folder_make(state))
        return -1;
    snprintf(path, sizeof path, "%s/p.yaml", folder);
    snprintf(other, sizeof other, "%s/q.yaml", folder);
    return 0;
}

static char *contents(const char *name, size_t *length)
{
    int error;
    char *s = file_read_all(name, length, &error);
    assert_non_null(s);
    return s;
}

static void put(const char *name, const char *s, size_t n)
{
    FILE *f = fopen(name, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(s, 1, n, f), n);
    fclose(f);
}

static void same_numbers(const double *a, const double *b, int64_t n)
{
    assert_memory_equal(a, b, (size_t)n * sizeof *a);
}

static void same_potential(const struct potential *a, const struct potential *b)
{
    const struct potential_origin *o = &a->origin, *u = &b->origin;
    assert_int_equal(a->target, b->target);
    assert_int_equal(a->mu, b->mu);
    assert_int_equal(a->precision, b->precision);
    assert_int_equal(a->net.nparam, b->net.nparam);
    same_numbers(a->in_shift, b->in_shift, a->nin);
    same_numbers(a->in_scale, b->in_scale, a->nin);
    same_numbers(a->in_low, b->in_low, a->nin);
    same_numbers(a->in_high, b->in_high, a->nin);
    same_numbers(a->out_shift, b->out_shift, a->nout);
    same_numbers(a->out_scale, b->out_scale, a->nout);
    same_numbers(a->param, b->param, a->net.nparam);
    assert_string_equal(o->lattice, u->lattice);
    assert_string_equal(o->model, u->model);
    assert_int_equal(o->nparameter, u->nparameter);
    for (int k = 0; k < o->nparameter; k++) {
        assert_string_equal(o->parameter[k].name, u->parameter[k].name);
        assert_true(o->parameter[k].value == u->parameter[k].value);
    }
    assert_memory_equal(o->periodic, u->periodic, sizeof o->periodic);
    assert_int_equal(o->electrons, u->electrons);
    assert_true(o->electrons_value == u->electrons_value);
    assert_true(o->temp == u->temp && o->mu_low == u->mu_low &&
                o->mu_high == u->mu_high);
    assert_string_equal(a->descriptor_text, b->descriptor_text);
    assert_string_equal(a->network_text, b->network_text);
}

static void same_text(const char *a, const char *b)
{
    assert_true(!a == !b);
    if (a)
        assert_string_equal(a, b);
}

static struct potential *load(struct adele *sim, const char *name)
{
    struct potential *p = potential_load(sim, name, NULL);
    if (!p)
        fail_msg("%s", adele_error(sim));
    return p;
}

static void add_notes(struct potential *p)
{
    p->note.contributor = mem_strdup("A. \"Bee\" C: d, #1 \\ \xc3\xa9");
    p->note.date = mem_strdup("2026-11-21");
    p->note.citation = mem_strdup("Cheng2023");
    p->note.training = mem_strdup("data: [a.h5]\n\n  network: {x: 1} # why\n");
    p->note.data = mem_zalloc(2, sizeof *p->note.data);
    p->note.data[0] = mem_strdup("a.h5 0123abcd 200");
    p->note.data[1] = mem_strdup("b, c.h5 77 1");
    p->note.ndata = 2;
    p->note.rmse = 0.0125;
    p->note.mae = 0.01;
    p->note.max = 0.5;
    p->note.r2 = 0.9999;
    p->origin.pair = mem_strdup("pole tol 1e-8");
    p->origin.pair_error = 1e-8;
}

/* Numbers whose shortest decimal form is long, and the ends of the range. */
static void awkward_numbers(struct potential *p)
{
    p->in_shift[0] = 0.1 + 0.2;
    p->in_scale[0] = 1.0 / 3;
    p->in_low[0] = -1e-300;
    p->in_high[0] = 4.9e300;
    p->out_shift[0] = -0.0;
    p->out_scale[0] = 5e-324;
    p->param[1] = (double)1.17549435e-38f;
    p->param[2] = -0.0;
}

static void round_trip(void **state)
{
    (void)state;
    struct adele *sim = sim_new("%s", deck);
    for (int k = 0; k < 6; k++) {
        struct potential *p = potential_random(
            sim, "field", mlp, k == 3 ? TARGET_ENERGY : TARGET_DENSITY,
            (enum potential_mu)(k % 3), 7);
        size_t n, m;
        if (k % 2)
            add_notes(p);
        if (k > 1)
            awkward_numbers(p);
        if (k == 5) {
            p->precision = PRECISION_DOUBLE;
            p->param[0] = M_PI;
        }
        if (k == 4)
            p->origin.electrons = ELECTRONS_NONE;
        p->origin.electrons_value = k == 4 ? 0 : 0.5;
        assert_int_equal(potential_save(sim, p, path), 0);
        struct potential *q = load(sim, path);
        same_potential(p, q);
        same_text(p->note.contributor, q->note.contributor);
        same_text(p->note.training, q->note.training);
        same_text(p->note.citation, q->note.citation);
        same_text(p->origin.pair, q->origin.pair);
        assert_int_equal(p->note.ndata, q->note.ndata);
        for (int i = 0; i < p->note.ndata; i++)
            assert_string_equal(p->note.data[i], q->note.data[i]);
        assert_true(k % 2 ? q->note.rmse == 0.0125 && q->note.r2 == 0.9999
                          : isnan(q->note.rmse));
        assert_int_equal(potential_save(sim, q, other), 0);
        char *a = contents(path, &n), *b = contents(other, &m);
        assert_int_equal(n, m);
        assert_memory_equal(a, b, n);
        mem_free(a);
        mem_free(b);
        potential_free(sim, p);
        potential_free(sim, q);
    }
    sim_free(sim);
}

static void make_file(struct adele *sim, char **s, size_t *n)
{
    struct potential *p = potential_random(sim, "field", mlp, TARGET_DENSITY,
                                           POTENTIAL_MU_SHIFT, 7);
    add_notes(p);
    assert_int_equal(potential_save(sim, p, path), 0);
    potential_free(sim, p);
    *s = contents(path, n);
}

/* Whatever the file is cut to, up to the last letter of its last word. */
static void truncations(void **state)
{
    (void)state;
    struct adele *sim = sim_new("%s", deck);
    char *s;
    size_t n;
    make_file(sim, &s, &n);
    for (size_t cut = 0; cut + 1 < n; cut++) {
        put(other, s, cut);
        struct potential *p = potential_load(sim, other, NULL);
        if (p)
            fail_msg("a file cut to %zu of %zu bytes was read", cut, n);
        assert_true(sim->error.status == ADELE_EDECK);
        assert_true(sim->error.message && *sim->error.message);
        error_clear(sim);
    }
    mem_free(s);
    sim_free(sim);
}

/* One byte changed anywhere: refused, or it makes no difference (blanks,
   notes). Every byte of the weights makes one. */
static void edits(void **state)
{
    (void)state;
    static const char bytes[] = "0A9 \n]:\x01";
    struct adele *sim = sim_new("%s", deck);
    struct potential *p;
    char *s;
    size_t n, refused = 0;
    make_file(sim, &s, &n);
    p = load(sim, path);
    size_t weights = (size_t)(strstr(s, "base64:") - s) + 14;
    for (size_t at = 0; at < n; at++) {
        for (size_t b = 0; b + 1 < sizeof bytes; b++) {
            char was = s[at];
            s[at] = bytes[b];
            put(other, s, n);
            struct potential *q =
                was == s[at] ? NULL : potential_load(sim, other, NULL);
            if (q)
                same_potential(p, q);
            else if (was != s[at])
                refused++;
            if (q && at >= weights && at < n - 16 && was != '\n' &&
                s[at] != '\n' && was != ' ')
                fail_msg("byte %zu changed from '%c' to '%c'", at, was, s[at]);
            potential_free(sim, q);
            error_clear(sim);
            s[at] = was;
        }
    }
    assert_true(refused > n);
    potential_free(sim, p);
    mem_free(s);
    sim_free(sim);
}

static void base64(void **state)
{
    (void)state;
    unsigned char bytes[200] = {0}, back[200];
    for (size_t n = 0; n < 200; n++) {
        struct text t = {0};
        for (size_t k = 0; k < n; k++)
            bytes[k] = (unsigned char)(k * 73 + n);
        base64_write(bytes, n, 4, &t);
        assert_int_equal(base64_read(t.s, back, n), 0);
        assert_memory_equal(bytes, back, n);
        if (n) {
            assert_int_equal(base64_read(t.s, back, n - 1), -3);
            assert_true(base64_read(t.s, back, n + 1) < 0);
        }
        text_free(&t);
    }
    unsigned char check[9];
    assert_int_equal(base64_read("Zm9vYmFy\nYmF6", check, 9), 0);
    assert_memory_equal(check, "foobarbaz", 9);
    assert_int_equal(base64_read("Zm9v?mFy", check, 6), -1);
    assert_int_equal(base64_read("Zh==", check, 1), -1);
    assert_int_equal(potential_crc("123456789", 9), 0xcbf43926);
}

static void refuses(struct adele *sim, struct potential *p, const char *part)
{
    assert_int_not_equal(potential_check(sim, p, false, true, NULL), 0);
    const char *message = adele_error(sim);
    if (!strstr(message, part))
        fail_msg("'%s' has no '%s'", message, part);
    error_clear(sim);
    if (potential_check(sim, p, true, false, NULL))
        fail_msg("%s", adele_error(sim));
}

/* Each difference names both values; force insists. */
static void belongs(void **state)
{
    (void)state;
    struct adele *sim = sim_new("%s", deck);
    struct potential *p = potential_random(sim, "field", mlp, TARGET_DENSITY,
                                           POTENTIAL_MU_NONE, 7);
    struct potential *any = potential_random(sim, "field", mlp, TARGET_DENSITY,
                                             POTENTIAL_MU_SHIFT, 7);
    assert_int_equal(potential_check(sim, p, false, true, NULL), 0);
    sim_run(sim, "model holstein t 1 g 3.5 k 1 kappa 0.18 mass 5");
    assert_int_equal(potential_check(sim, p, false, true, NULL), 0);
    sim_run(sim, "model holstein t 1 g 3 k 1 kappa 0.18");
    refuses(sim, p, "made with g 3.5, the model here has g 3");
    sim_run(sim, "model holstein t 1 g 3.5 k 1 kappa 0.18000001");
    refuses(sim, p,
            "made with kappa 0.18, the model here has kappa "
            "0.18000001");
    sim_run(sim, "model holstein t 1 g 3.5 k 1 kappa 0.18\n"
                 "electrons filling 0.4 temp 0.1");
    refuses(sim, p,
            "made with electrons filling 0.5 and does not know the "
            "chemical potential; here are electrons filling 0.4");
    assert_int_equal(potential_check(sim, any, false, true, NULL), 0);
    sim_run(sim, "electrons mu 0.5 temp 0.1");
    refuses(sim, p, "here are electrons mu 0.5");
    assert_int_equal(potential_check(sim, any, false, true, NULL), 0);
    long warnings = sim->log.warnings;
    sim_run(sim, "electrons mu 2.5 temp 0.1");
    assert_int_equal(potential_check(sim, any, false, true, NULL), 0);
    assert_int_equal(sim->log.warnings, warnings + 1);
    sim_run(sim, "electrons filling 0.5 temp 0.2");
    refuses(sim, any, "electron temperature 0.1, the temperature here is 0.2");
    sim_run(sim, "electrons filling 0.5 temp 0.1");
    p->origin.periodic[1] = true;
    refuses(sim, p,
            "made with boundary p along axis 2, the boundary here is f");
    p->origin.periodic[1] = false;
    sim->state.onsite = field_new(sim->lat, 1, &sim->clock);
    refuses(sim, p, "does not know on-site disorder");
    assert_int_equal(potential_check(sim, any, false, true, NULL), 0);
    strcpy(p->origin.model, "holstxxx");
    refuses(sim, p, "made for model holstxxx, the model here is holstein");
    potential_free(sim, p);
    potential_free(sim, any);
    sim_free(sim);
}

static void wrong_lattice(void **state)
{
    (void)state;
    struct adele *sim = sim_new("%s", deck);
    potential_write(sim, path, "field", mlp, TARGET_DENSITY, POTENTIAL_MU_SHIFT,
                    3);
    sim_free(sim);
    sim = sim_new("lattice triangular 4 4\nmodel holstein g 3.5\n");
    assert_null(potential_load(sim, path, NULL));
    assert_non_null(strstr(adele_error(sim),
                           "for lattice square, the lattice here is "
                           "triangular"));
    assert_null(potential_load(sim, "nowhere.yaml", NULL));
    sim_free(sim);
}

/* The network of `mlp` by its definition: tanh layers of 5 and 3. */
static double by_hand(const struct potential *p, const double *x)
{
    static const int width[] = {0, 5, 3, 1};
    const double *w = p->param;
    double in[8], out[8];
    int nin = p->nin;
    for (int j = 0; j < nin; j++)
        in[j] = (x[j] - p->in_shift[j]) / p->in_scale[j];
    for (int l = 1; l < 4; l++) {
        for (int o = 0; o < width[l]; o++) {
            out[o] = w[nin * width[l] + o];
            for (int c = 0; c < nin; c++)
                out[o] += in[c] * w[c * width[l] + o];
            if (l < 3)
                out[o] = tanh(out[o]);
        }
        w += (nin + 1) * width[l];
        nin = width[l];
        memcpy(in, out, sizeof in);
    }
    return p->out_shift[0] + p->out_scale[0] * in[0];
}

struct fixture {
    struct adele *sim;
    struct potential *p;
    struct potential_run *run;
    struct field *q, *onsite;
    double value[SITES], disorder[SITES];
};

static struct fixture start(enum potential_target target, enum potential_mu mu,
                            enum precision precision)
{
    struct fixture f = {.sim = sim_new("%s", deck)};
    f.p = potential_random(f.sim, "field", mlp, target, mu, 11);
    f.run = potential_run_new(f.sim, f.p, f.sim->lat, precision, true);
    assert_non_null(f.run);
    f.q = f.sim->state.displacement;
    f.onsite = field_new(f.sim->lat, 1, &f.sim->clock);
    sim_randomise(f.sim, 1.5, 4);
    field_gather(f.q, 0, f.value);
    for (int i = 0; i < SITES; i++)
        f.disorder[i] = 0.3 * sim_random(9, i);
    field_scatter(f.onsite, 0, f.disorder);
    return f;
}

static void stop(struct fixture *f)
{
    potential_run_free(f->run);
    potential_free(f->sim, f->p);
    field_free(f->onsite);
    sim_free(f->sim);
}

/* A dozen operations of numbers below 10 in a chain of three layers: 1e-14 in
   double, 1e-6 in single precision. */
static void predicts(void **state)
{
    (void)state;
    static const double mu[] = {0, 0.7};
    for (int k = 0; k < 12; k++) {
        enum potential_mu see = (enum potential_mu)(k % 3);
        bool single = k >= 6, disorder = k % 6 >= 3;
        struct fixture f = start(TARGET_DENSITY, see,
                                 single ? PRECISION_SINGLE : PRECISION_DOUBLE);
        double out[SITES], spread = 0;
        for (int m = 0; m < 2; m++) {
            assert_int_equal(potential_predict(f.sim, f.run, f.q,
                                               disorder ? f.onsite : NULL,
                                               mu[m], out, NULL, NULL),
                             0);
            for (int i = 0; i < SITES; i++) {
                double local = mu[m] - (disorder ? f.disorder[i] : 0);
                double x[2] = {f.value[i], local};
                if (see == POTENTIAL_MU_SHIFT)
                    x[0] += local / 3.5;
                double expected = by_hand(f.p, x);
                assert_close(out[i], expected, single ? 2e-6 : 1e-14);
                spread = fmax(spread, fabs(out[i] - out[0]));
            }
        }
        assert_true(spread > 1e-2);
        stop(&f);
    }
}

/* d out/d mu against differences of fourth order with h = 1e-3: h^4 of fifth
   derivatives below 1e3, rounding 1e-16/h. */
static void slopes(void **state)
{
    (void)state;
    for (int k = 0; k < 3; k++) {
        struct fixture f =
            start(TARGET_DENSITY, (enum potential_mu)k, PRECISION_DOUBLE);
        double at[4][SITES], slope[SITES], out[SITES], most = 0;
        static const double step[] = {-2e-3, -1e-3, 1e-3, 2e-3};
        for (int s = 0; s < 4; s++)
            assert_int_equal(potential_predict(f.sim, f.run, f.q, f.onsite,
                                               0.3 + step[s], at[s], NULL,
                                               NULL),
                             0);
        assert_int_equal(potential_predict(f.sim, f.run, f.q, f.onsite, 0.3,
                                           out, slope, NULL),
                         0);
        for (int i = 0; i < SITES; i++) {
            double d =
                (at[0][i] - 8 * at[1][i] + 8 * at[2][i] - at[3][i]) / 12e-3;
            assert_close(slope[i], d, 1e-9);
            most = fmax(most, fabs(slope[i]));
        }
        assert_true(k == POTENTIAL_MU_NONE ? most == 0 : most > 1e-3);
        stop(&f);
    }
}

/* Energy, gradient and its derivative by mu at a site, the same way. */
static void gradients(void **state)
{
    (void)state;
    for (int k = 0; k < 3; k++) {
        struct fixture f =
            start(TARGET_ENERGY, (enum potential_mu)k, PRECISION_DOUBLE);
        double gradient[SITES], dmu[SITES], scratch[SITES], other_dmu[SITES];
        double energy, sum = 0, total = 0, e[4];
        static const double step[] = {-2e-3, -1e-3, 1e-3, 2e-3};
        assert_int_equal(potential_gradient(f.sim, f.run, f.q, f.onsite, 0.2,
                                            &energy, gradient, dmu, NULL),
                         0);
        for (int i = 0; i < SITES; i++) {
            for (int s = 0; s < 4; s++) {
                double q = f.value[i];
                f.value[i] += step[s];
                field_scatter(f.q, 0, f.value);
                f.value[i] = q;
                assert_int_equal(potential_gradient(f.sim, f.run, f.q, f.onsite,
                                                    0.2, &e[s], scratch,
                                                    other_dmu, NULL),
                                 0);
            }
            field_scatter(f.q, 0, f.value);
            assert_close(gradient[i],
                         (e[0] - 8 * e[1] + 8 * e[2] - e[3]) / 12e-3, 1e-9);
            sum += dmu[i];
        }
        for (int s = 0; s < 4; s++)
            assert_int_equal(potential_gradient(f.sim, f.run, f.q, f.onsite,
                                                0.2 + step[s], &e[s], scratch,
                                                other_dmu, NULL),
                             0);
        assert_close(sum, (e[0] - 8 * e[1] + 8 * e[2] - e[3]) / 12e-3, 1e-8);
        for (int i = 0; i < SITES; i++) {
            double local = 0.2 - f.disorder[i];
            double x[2] = {f.value[i], local};
            if (k == POTENTIAL_MU_SHIFT)
                x[0] += local / 3.5;
            total += by_hand(f.p, x);
        }
        assert_close(energy, total, 1e-12);
        stop(&f);
    }
}

/* Sites with a feature, or mu, outside the range of the training. */
static void outside(void **state)
{
    (void)state;
    struct fixture f =
        start(TARGET_DENSITY, POTENTIAL_MU_INPUT, PRECISION_SINGLE);
    double out[SITES];
    int64_t count, expected = 0;
    f.p->in_low[0] = -1;
    f.p->in_high[0] = 0.5;
    for (int i = 0; i < SITES; i++)
        expected += !(f.value[i] >= -1 && f.value[i] <= 0.5);
    assert_true(expected > 2 && expected < SITES - 2);
    assert_int_equal(
        potential_predict(f.sim, f.run, f.q, NULL, 0, out, NULL, &count), 0);
    assert_int_equal(count, expected);
    assert_int_equal(
        potential_predict(f.sim, f.run, f.q, NULL, 3.5, out, NULL, &count), 0);
    assert_int_equal(count, SITES);
    stop(&f);
}

static void impossible(void **state)
{
    (void)state;
    struct adele *sim = sim_new("%s", deck);
    struct words d = words_of("field"), n = words_of(mlp);
    assert_null(
        potential_new(sim, &d, &n, TARGET_FORCE, POTENTIAL_MU_SHIFT, NULL));
    assert_non_null(strstr(adele_error(sim), "mu shift goes with target"));
    error_clear(sim);
    sim_run(sim, "model holstein g 0");
    assert_null(
        potential_new(sim, &d, &n, TARGET_DENSITY, POTENTIAL_MU_SHIFT, NULL));
    assert_non_null(strstr(adele_error(sim), "needs a coupling g"));
    words_free(&d);
    words_free(&n);
    sim_free(sim);
}

/* A descriptor that makes all features at once and brings a density: prediction
   = shift + scale*network + that density, and the features are the same
   whichever way they come. */
static void brings_density(void **state)
{
    (void)state;
    struct adele *sim = sim_new("%s", deck);
    struct potential *p =
        potential_random(sim, "cavity iterations 1 radius 1.5", mlp,
                         TARGET_DENSITY, POTENTIAL_MU_SHIFT, 11);
    const struct descriptor_style *style =
        (const struct descriptor_style *)p->descriptor->head.style;
    struct potential_run *run =
        potential_run_new(sim, p, sim->lat, PRECISION_DOUBLE, false);
    struct field *v = field_new(sim->lat, 1, &sim->clock);
    double out[SITES], feature[SITES * 8], spread = 0;

    assert_non_null(run);
    assert_true(p->descriptor->nfeature <= 8);
    sim_randomise(sim, 1.5, 4);
    assert_int_equal(potential_predict(sim, run, sim->state.displacement, NULL,
                                       0.4, out, NULL, NULL),
                     0);
    assert_int_equal(
        potential_displace(sim, p, sim->state.displacement, NULL, 0.4, v), 0);
    assert_int_equal(style->whole(p->descriptor, v, 1, feature), 0);
    for (int i = 0; i < SITES; i++) {
        const double *x = feature + i * p->descriptor->nfeature;
        double base = x[p->descriptor->base - 1];
        assert_close(out[i], by_hand(p, x) + base, 1e-13);
        spread = fmax(spread, fabs(base));
    }
    assert_true(spread > 0.1);
    field_free(v);
    potential_run_free(run);
    potential_free(sim, p);
    sim_free(sim);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(base64),      cmocka_unit_test(round_trip),
        cmocka_unit_test(truncations), cmocka_unit_test(edits),
        cmocka_unit_test(belongs),     cmocka_unit_test(wrong_lattice),
        cmocka_unit_test(predicts),    cmocka_unit_test(slopes),
        cmocka_unit_test(gradients),   cmocka_unit_test(outside),
        cmocka_unit_test(impossible),  cmocka_unit_test(brings_density)};
    return cmocka_run_group_tests(tests, make_folder, folder_drop);
}

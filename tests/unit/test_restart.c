/* Restart files: run N+M equals run N, write_restart, read_restart, run M in
   every bit of the state and of what fixes and computes give, with every style
   of the registry active, for 1 and 2 threads; damaged files are refused and
   leave the simulation as it was. */

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
#include "plug/compute.h"
#include "plug/fix.h"
#include "plug/model.h"
#include "plug/pair.h"
#include "plug/registry.h"
#include "process.h"
#include "sim.h"

/* fix adapt acts once more at the start of a run: FIRST is a step of its own,
   and one within the windows of the averages. */
enum { FIRST = 15, SECOND = 12, STYLES_MAX = 256 };

/* An example of each style: a style without one fails the test. */
static const struct {
    const char *style, *group, *args;
} fixes[] = {
    {"nve", "inertial", ""},
    {"langevin", "inertial", "0.1 0.4 3.0 90210 tally yes"},
    {"brownian", "loose", "0.2 5501 gamma_t 0.7 scheme lm"},
    {"freeze", "held", ""},
    {"addforce", "inertial", "0.05"},
    {"adapt", "all", "5 g v_ramp"},
    {"ave/time", "all", "1 7 7 c_phi[1] c_temp ave window 3"},
    {"ave/histo", "all",
     "2 4 8 -3 3 12 q mode vector kind peratom ave running"},
    {"ave/correlate", "all", "1 5 10 c_temp c_pe ave running"},
    {"print", "all", "6 \"at $(step)\" screen no"},
    {"halt", "all", "4 c_temp > 1000"},
    {"vector", "all", "3 c_temp c_pe"},
};
static const struct {
    const char *style, *args;
    bool electrons; /* only with a force style that gives densities */
} computes[] = {
    {"cdw", "of q", false},
    {"ke", "", false},
    {"pe", "", false},
    {"temp", "", false},
    {"density", "", true},
    {"sfactor", "q", false},
    {"correlation", "q", false},
    {"domain", "of q", false},
    {"bond", "", true},
    {"gap", "", true},
    {"dos", "-8 8 20", true},
    {"reduce", "ave q fq", false},
    {"force/error", "none", false},
    {"ml/deviation",
     "using ml tests/data/holstein.yaml tests/data/holstein_2.yaml force yes",
     true},
    {"transmission", "A B -1 0.5", false},
    {"ldos", "-1 0.5", false},
    /* Currents come from pair_style negf, whose restart tests/cases/negf.yaml
       compares. */
    {"current", NULL, false},
    {"bond/current", NULL, false},
};
enum {
    NFIX = sizeof fixes / sizeof *fixes,
    NCOMPUTE = sizeof computes / sizeof *computes
};

static const char setup[] =
    "boundary p f\n"
    "lattice square 6 5\n"
    "model holstein t 1.0 g 1.3 k 1.0 kappa 0.18 mass 1.7\n"
    "electrons filling 0.4 temp 0.1\n"
    "displace all gaussian 1.0 4711\n"
    "velocity all create 0.3 12\n"
    "set all onsite 0.07\n"
    "group held id 1 7\n"
    "group loose id 8:14\n"
    "group inertial subtract all held loose\n"
    "lead A held gamma 0.5 mu 0.3 temp 0.1\n"
    "lead B all gamma 0.1 mu 0 temp 0.2\n"
    "timestep 0.03\n";

static void plain_name(const char *style, struct text *out)
{
    text_clear(out);
    for (; *style; style++)
        text_addc(out, *style == '/' ? '_' : *style);
}

/* Force style, computes and fixes, as each deck gives them. */
static void add_parts(struct text *deck, const char *pair)
{
    struct text id = {0};

    text_addf(deck, "pair_style %s\nvariable ramp equal 1.3+0.01*step\n", pair);
    for (int i = 0; i < NCOMPUTE; i++) {
        if (!computes[i].args || (computes[i].electrons && strcmp(pair, "ed")))
            continue;
        plain_name(strcmp(computes[i].style, "cdw") ? computes[i].style : "phi",
                   &id);
        text_addf(deck, "compute %s all %s %s\n", id.s, computes[i].style,
                  computes[i].args);
    }
    for (int i = 0; i < NFIX; i++) {
        plain_name(fixes[i].style, &id);
        text_addf(deck, "fix %s %s %s %s\n", id.s, fixes[i].group,
                  fixes[i].style, fixes[i].args);
    }
    text_free(&id);
}

/* Everything that can be seen, as hexadecimal numbers. */

static void add_numbers(struct text *out, const char *name, const double *v,
                        int64_t n)
{
    text_addf(out, "%s:", name);
    for (int64_t i = 0; i < n; i++)
        text_addf(out, " %a", v[i]);
    text_addc(out, '\n');
}

static void add_column(struct adele *sim, struct text *out, const char *name)
{
    double *v = calloc((size_t)adele_sites(sim), sizeof *v);

    assert_non_null(v);
    if (adele_gather(sim, name, v))
        fail_msg("%s", adele_error(sim));
    add_numbers(out, name, v, adele_sites(sim));
    free(v);
}

static void add_outputs(struct text *out, const char *name,
                        const struct outputs *o, unsigned shapes, int64_t sites)
{
    if (shapes & OUT_SCALAR)
        add_numbers(out, name, &o->scalar, 1);
    if (shapes & OUT_VECTOR)
        add_numbers(out, name, o->vector, o->nvector);
    if (shapes & OUT_ARRAY)
        add_numbers(out, name, o->array, o->nrow * o->ncol);
    if (shapes & OUT_SITE)
        add_numbers(out, name, o->site, o->nsite_col * sites);
}

static void evaluate_all(struct adele *sim, struct text *out)
{
    int64_t sites = adele_sites(sim);

    for (int i = 0; i < sim->computes.n; i++) {
        struct compute *c = sim->computes.item[i];
        unsigned shapes = compute_shapes(c);

        for (unsigned s = 1; s <= OUT_SITE; s *= 2) {
            if ((shapes & s) && compute_evaluate(sim, c, (enum shape)s))
                fail_msg("%s", adele_error(sim));
        }
        add_outputs(out, c->head.id, &c->out, shapes, sites);
    }
    for (int i = 0; i < sim->fixes.n; i++) {
        struct fix *f = sim->fixes.item[i];
        unsigned shapes = fix_shapes(f);

        for (unsigned s = 1; s <= OUT_SITE; s *= 2) {
            if ((shapes & s) && fix_evaluate(sim, f, (enum shape)s))
                fail_msg("%s", adele_error(sim));
        }
        add_outputs(out, f->head.id, &f->out, shapes, sites);
    }
}

static char *everything(struct adele *sim)
{
    struct text out = {0};

    add_column(sim, &out, "q");
    add_column(sim, &out, "vq");
    add_column(sim, &out, "fq");
    if (forces_gives(sim) & NEED_DENSITY)
        add_column(sim, &out, "n");
    add_column(sim, &out, "onsite");
    evaluate_all(sim, &out);
    text_addf(&out, "step %lld tick %lld time %a dt %a\n", (long long)sim->step,
              (long long)sim->tick, sim->time, sim->dt);
    for (int i = 0; i < 4; i++)
        text_addf(&out, "group %s\n",
                  sim->groups.name[i] ? sim->groups.name[i] : "-");
    assert_false(out.failed);
    return out.s;
}

/* The first line that differs. */
static void assert_same(const char *a, const char *b)
{
    while (*a && *b) {
        size_t na = strcspn(a, "\n"), nb = strcspn(b, "\n");

        if (na != nb || memcmp(a, b, na))
            fail_msg("\n%.*s\nis not\n%.*s", (int)(na < 300 ? na : 300), a,
                     (int)(nb < 300 ? nb : 300), b);
        a += na + (a[na] == '\n');
        b += nb + (b[nb] == '\n');
    }
    assert_int_equal(*a, *b);
}

static char *whole_run(const char *pair, int threads)
{
    struct text parts = {0};
    struct adele *sim;
    char *result;

    omp_set_num_threads(threads);
    add_parts(&parts, pair);
    sim = sim_new("%s%srun %d start 0 stop %d\n", setup, parts.s,
                  FIRST + SECOND, FIRST + SECOND);
    result = everything(sim);
    sim_free(sim);
    text_free(&parts);
    return result;
}

static char *run_in_two(const char *folder, const char *pair)
{
    struct text parts = {0};
    struct adele *sim;
    char *result;

    add_parts(&parts, pair);
    sim = sim_new("%s%srun %d start 0 stop %d\n"
                  "write_restart %s/half.*\n",
                  setup, parts.s, FIRST, FIRST + SECOND, folder);
    sim_free(sim);
    sim = sim_new("read_restart %s/half.*\n%srun %d upto start 0 stop %d\n",
                  folder, parts.s, FIRST + SECOND, FIRST + SECOND);
    result = everything(sim);
    sim_free(sim);
    text_free(&parts);
    return result;
}

static void test_every_style_has_an_example(void **state)
{
    const char *names[STYLES_MAX];
    int n = registry_names("fix", names, STYLES_MAX);

    (void)state;
    for (int i = 0; i < n; i++) {
        int k = 0;

        while (k < NFIX && strcmp(fixes[k].style, names[i]))
            k++;
        if (k == NFIX)
            fail_msg("fix %s has no example in this test", names[i]);
    }
    n = registry_names("compute", names, STYLES_MAX);
    for (int i = 0; i < n; i++) {
        int k = 0;

        while (k < NCOMPUTE && strcmp(computes[k].style, names[i]))
            k++;
        if (k == NCOMPUTE)
            fail_msg("compute %s has no example in this test", names[i]);
    }
}

static void test_two_halves_are_the_whole(void **state)
{
    const char *folder = *state;
    char *whole = whole_run("ed", 1), *halves = run_in_two(folder, "ed");

    assert_same(whole, halves);
    mem_free(whole);
    mem_free(halves);
}

/* The dense eigensolver with several threads is the one exception. */
static void test_threads_do_not_matter(void **state)
{
    char *one = whole_run("elastic", 1), *two = whole_run("elastic", 2);

    (void)state;
    omp_set_num_threads(1);
    assert_same(one, two);
    mem_free(one);
    mem_free(two);
}

/* Restarting must also be exact when the run went on in between: the state at
   the time of writing counts. */
static void test_state_is_that_of_writing(void **state)
{
    const char *folder = *state;
    struct adele *sim = sim_new("%spair_style elastic\nfix m all nve\nrun 7\n"
                                "write_restart %s/seven\n",
                                setup, folder);
    double q[30], back[30];

    assert_int_equal(adele_gather(sim, "q", q), 0);
    sim_run(sim, "run 5\nclear\nread_restart %s/seven", folder);
    assert_int_equal(adele_gather(sim, "q", back), 0);
    assert_memory_equal(q, back, sizeof q);
    assert_int_equal(sim->step, 7);
    assert_true(sim->time == 7 * 0.03);
    sim_free(sim);
}

/* Parameters that changed since the deck gave them are kept as they are. */
static void test_present_parameters(void **state)
{
    const char *folder = *state;
    struct adele *sim;
    double *g;

    sim = sim_new("%spair_style elastic\nvariable g equal 1.3+0.1*step\n"
                  "fix a all adapt 1 g v_g\nfix m all nve\nrun 3\n"
                  "write_restart %s/adapted\nclear\nread_restart %s/adapted\n",
                  setup, folder, folder);
    g = model_parameter(sim->model, "g");
    assert_non_null(g);
    assert_true(*g == 1.3 + 0.1 * 3);
    sim_free(sim);
}

static char *read_bytes(const char *path, size_t *n)
{
    FILE *f = fopen(path, "rb");
    char *bytes;

    assert_non_null(f);
    fseek(f, 0, SEEK_END);
    *n = (size_t)ftell(f);
    rewind(f);
    bytes = malloc(*n);
    assert_non_null(bytes);
    assert_int_equal(fread(bytes, 1, *n, f), *n);
    fclose(f);
    return bytes;
}

static void write_bytes(const char *path, const char *bytes, size_t n)
{
    FILE *f = fopen(path, "wb");

    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, n, f), n);
    fclose(f);
}

/* One changed byte anywhere, or a missing end: refused, and a lattice can be
   made as if nothing had been read. */
static void test_damage_is_noticed(void **state)
{
    const char *folder = *state;
    struct adele *sim = sim_new("%swrite_restart %s/good\n", setup, folder);
    char good[512], bad[512];
    size_t n;
    char *bytes;

    snprintf(good, sizeof good, "%s/good", folder);
    snprintf(bad, sizeof bad, "%s/bad", folder);
    bytes = read_bytes(good, &n);
    sim_run(sim, "clear");
    for (size_t at = 0; at < n; at += 1 + n / 397) {
        bytes[at] ^= 0x10;
        write_bytes(bad, bytes, n);
        bytes[at] ^= 0x10;
        assert_false(sim_try(sim, "read_restart %s", bad));
        assert_null(sim->lat);
    }
    for (size_t length = 0; length < n; length += 1 + n / 11) {
        write_bytes(bad, bytes, length);
        assert_false(sim_try(sim, "read_restart %s", bad));
        assert_null(sim->lat);
    }
    sim_run(sim, "%srun 0",
            "lattice chain 4\nmodel holstein g 1 k 1 kappa 0\n"
            "pair_style elastic\n");
    sim_free(sim);
    free(bytes);
}

/* A change of any one displacement, at its very last bit. */
static void test_edited_numbers_are_noticed(void **state)
{
    const char *folder = *state;
    struct adele *sim = sim_new("%swrite_restart %s/good\n", setup, folder);
    char good[512], bad[512];
    double q[30];
    char *bytes, *at = NULL;
    size_t n;

    assert_int_equal(adele_gather(sim, "q", q), 0);
    snprintf(good, sizeof good, "%s/good", folder);
    snprintf(bad, sizeof bad, "%s/bad", folder);
    bytes = read_bytes(good, &n);
    for (size_t k = 0; k + sizeof q <= n && !at; k++) {
        if (memcmp(bytes + k, q, sizeof q) == 0)
            at = bytes + k;
    }
    assert_non_null(at);
    at[8 * 17] ^= 1;
    write_bytes(bad, bytes, n);
    assert_int_not_equal(adele_command(sim, "clear"), -1);
    {
        struct text command = {0};

        text_addf(&command, "read_restart %s", bad);
        assert_int_equal(adele_command(sim, command.s), 1);
        assert_non_null(strstr(adele_error(sim), "checksum does not match"));
        text_free(&command);
    }
    sim_free(sim);
    free(bytes);
}

static int make_folder(void **state)
{
    *state = folder_new();
    return *state ? 0 : -1;
}

static int drop_folder(void **state)
{
    folder_remove(*state);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_style_has_an_example),
        cmocka_unit_test(test_two_halves_are_the_whole),
        cmocka_unit_test(test_threads_do_not_matter),
        cmocka_unit_test(test_state_is_that_of_writing),
        cmocka_unit_test(test_present_parameters),
        cmocka_unit_test(test_damage_is_noticed),
        cmocka_unit_test(test_edited_numbers_are_noticed),
    };

    return cmocka_run_group_tests(tests, make_folder, drop_folder);
}

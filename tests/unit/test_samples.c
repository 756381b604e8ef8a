/* Samples: what datasets hold, and mixtures that are refused. */

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "adele.h"
#include "base/mem.h"
#include "base/sha256.h"
#include "plug/pair.h"
#include "plug/samples.h"

#include "close.h"
#include "folder.h"
#include "sim.h"

struct deck {
    const char *boundary, *lattice, *model, *electrons, *pair, *file, *dump;
};

static const struct deck plain = {"p p",
                                  "square 4 3",
                                  "holstein g 1.5 kappa 0.18",
                                  "filling 0.5 temp 0.1",
                                  "ed",
                                  "a.h5",
                                  ""};

static struct adele *make(struct deck d)
{
    struct adele *sim = sim_new(
        "boundary %s\nlattice %s\nmodel %s\nelectrons %s\ndisplace all uniform "
        "-1 1 7\npair_style %s\nfix move all nve\ntimestep 0.1\ndump d all "
        "dataset 2 %s/%s %s\nrun 4\n",
        d.boundary, d.lattice, d.model, d.electrons, d.pair, folder, d.file,
        d.dump);
    sim_run(sim, "undump d");
    return sim;
}

/* Opens files of the folder, blanks between them; the message of an error, the
   folder cut out. */
static struct samples *open_files(const char *names, struct text *message)
{
    struct adele *sim = sim_new("%s", "");
    char copy[256], path[8][512], *name;
    struct word word[8] = {{0}};
    int n = 0;
    snprintf(copy, sizeof copy, "%s", names);
    for (name = strtok(copy, " "); name; name = strtok(NULL, " ")) {
        snprintf(path[n], sizeof path[n], "%s/%s", folder, name);
        word[n].text = path[n];
        n++;
    }
    struct samples *s = samples_open(sim, word, n);
    if (sim->error.message) {
        const char *m = sim->error.message;
        size_t length = strlen(folder) + 1;
        for (const char *at; (at = strstr(m, folder)); m = at + length)
            text_addn(message, m, (size_t)(at - m));
        text_add(message, m);
    }
    error_clear(sim);
    sim_free(sim);
    return s;
}

static void refused(const char *names, const char *expected)
{
    struct text message = {0};
    struct samples *s = open_files(names, &message);
    assert_null(s);
    assert_string_equal(message.s ? message.s : "", expected);
    text_free(&message);
}

static struct samples *opened(const char *names)
{
    struct text message = {0};
    struct samples *s = open_files(names, &message);
    if (!s)
        fail_msg("%s", message.s);
    return s;
}

/* The last frame is the state of the simulation, to the last bit. */
static void test_content(void **state)
{
    (void)state;
    struct adele *sim = make(plain);
    struct samples *s = opened("a.h5");
    double q[12], n[12], mu, time;
    assert_int_equal(s->n, 3);
    assert_int_equal(s->nfile, 1);
    const struct sample *last = &s->item[2];
    assert_int_equal(last->step, 4);
    assert_int_equal(adele_evaluate(sim, "mu", &mu), 0);
    assert_int_equal(adele_evaluate(sim, "time", &time), 0);
    assert_close(last->mu, mu, 0);
    assert_close(last->time, time, 0);
    assert_int_equal(forces_require(sim, NEED_ENERGY), 0);
    assert_close(last->energy, pair_energy(sim->forces), 0);
    assert_int_equal(adele_gather(sim, "q", q), 0);
    assert_int_equal(adele_gather(sim, "n", n), 0);
    double from[12];
    field_gather(last->q, 0, from);
    assert_memory_equal(from, q, sizeof q);
    assert_memory_equal(last->density, n, sizeof n);
    assert_int_equal(adele_gather(sim, "fq", q), 0);
    assert_memory_equal(last->force, q, sizeof q);
    assert_null(last->onsite);
    assert_string_equal(s->origin.lattice, "square");
    assert_string_equal(s->origin.model, "holstein");
    assert_int_equal(s->origin.electrons, ELECTRONS_FILLING);
    assert_close(s->origin.electrons_value, 0.5, 0);
    assert_close(s->origin.temp, 0.1, 0);
    samples_free(s);
    sim_free(sim);
}

/* n at mu + d from the grid is what the same deck gives at fixed mu. */
static void test_grid(void **state)
{
    (void)state;
    struct deck d = plain;
    d.file = "grid.h5";
    d.dump = "mu around 0.4 3";
    sim_free(make(d));
    struct samples *s = opened("grid.h5");
    assert_int_equal(s->n, 3 * 4);
    const struct sample *own = &s->item[4], *far = &s->item[7];
    assert_int_equal(own->grid, 0);
    assert_int_equal(far->grid, 3);
    assert_close(far->mu, own->mu + 0.4, 1e-14);
    assert_ptr_equal(far->q, own->q);
    assert_null(far->force);
    assert_true(isnan(far->energy));
    assert_true(s->origin.mu_high >= far->mu);
    struct adele *sim =
        sim_new("lattice square 4 3\nmodel holstein g 1.5 kappa "
                "0.18\nelectrons mu %.17g temp 0.1\npair_style "
                "ed\n",
                far->mu);
    double q[12], n[12];
    field_gather(own->q, 0, q);
    sim_set(sim, 0, q);
    assert_int_equal(forces_require(sim, NEED_DENSITY), 0);
    assert_int_equal(adele_gather(sim, "n", n), 0);
    /* LAPACK's eigenvectors to rounding, T = 0.1 amplifies it by 1/T. */
    for (int i = 0; i < 12; i++)
        assert_close(far->density[i], n[i], 1e-12);
    sim_free(sim);
    samples_free(s);
}

/* Sizes, fillings and masses may differ; patterns give sorted names. */
static void test_several(void **state)
{
    (void)state;
    struct deck d = plain;
    d.file = "m2.h5";
    d.lattice = "square 5 4";
    sim_free(make(d));
    d.lattice = "square 4 3";
    d.file = "m1.h5";
    d.electrons = "mu 0.25 temp 0.1";
    d.model = "holstein g 1.5 kappa 0.18 mass 5";
    sim_free(make(d));
    struct samples *s = opened("m?.h5");
    assert_int_equal(s->nfile, 2);
    assert_non_null(strstr(s->file[0], "m1.h5"));
    assert_int_equal(s->nlattice, 2);
    assert_int_equal(s->item[3].q->lat->nsite, 20);
    assert_int_equal(s->origin.electrons, ELECTRONS_NONE);
    assert_non_null(strstr(s->mixed, "electrons is mu 0.25 in "));
    char hash[SHA256_TEXT], path[512];
    snprintf(path, sizeof path, "%s/m2.h5", folder);
    assert_int_equal(sha256_file(path, hash), 0);
    assert_string_equal(s->hash[1], hash);
    samples_free(s);
}

static void make_as(const char *file, struct deck d)
{
    d.file = file;
    sim_free(make(d));
}

static void test_refused(void **state)
{
    (void)state;
    struct deck d = plain;
    d.model = "holstein g 1.6 kappa 0.18";
    make_as("g.h5", d);
    d = plain;
    d.electrons = "filling 0.5 temp 0.2";
    make_as("t.h5", d);
    d = plain;
    d.boundary = "p f";
    make_as("b.h5", d);
    d = plain;
    d.lattice = "triangular 4 3";
    make_as("l.h5", d);
    d = plain;
    d.pair = "elastic";
    make_as("e.h5", d);
    d = plain;
    d.dump = "q n";
    make_as("c.h5", d);
    d.dump = "q";
    make_as("q.h5", d);
    refused("a.h5 g.h5", "data that do not belong together: g is 1.5 in a.h5 "
                         "and 1.6 in g.h5");
    refused("a.h5 t.h5", "data that do not belong together: temp is 0.1 in "
                         "a.h5 and 0.2 in t.h5");
    refused("a.h5 b.h5", "data that do not belong together: the boundary is p "
                         "p p in a.h5 and p f p in b.h5");
    refused("a.h5 l.h5", "data that do not belong together: the lattice is "
                         "square in a.h5 and triangular in l.h5");
    refused("a.h5 c.h5", "data that do not belong together: the columns are q "
                         "fq n in a.h5 and q n in c.h5");
    refused("e.h5", "cannot use 'e.h5': its forces are those of pair_style "
                    "elastic; networks learn from exact ones (rerun with "
                    "pair_style pole labels configurations anew)");
    refused("q.h5", "cannot use 'q.h5': it has neither forces nor densities");
    refused("a.h5 a.h5", "'a.h5' is given twice");
    refused("none*.h5", "no file 'none*.h5'");
}

/* The first two test vectors of the standard. */
static void test_sha256(void **state)
{
    (void)state;
    char hash[SHA256_TEXT];
    sha256_bytes("abc", 3, hash);
    assert_string_equal(hash, "ba7816bf8f01cfea414140de5dae2223"
                              "b00361a396177a9cb410ff61f20015ad");
    sha256_bytes("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 56,
                 hash);
    assert_string_equal(hash, "248d6a61d20638b8e5c026930c3e6039"
                              "a33ce45964ff2167f6ecedd419db06c1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_content), cmocka_unit_test(test_grid),
        cmocka_unit_test(test_several), cmocka_unit_test(test_refused),
        cmocka_unit_test(test_sha256)};
    return cmocka_run_group_tests_name("samples", tests, folder_make,
                                       folder_drop);
}

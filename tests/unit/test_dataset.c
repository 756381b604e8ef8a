/* Datasets: what the file holds, continuing it, and refusing to. */

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <hdf5.h>

#include "adele.h"
#include "plug/pair.h"
#include "folder.h"
#include "sim.h"

static hid_t open_file(const char *name)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    hid_t f = H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT);
    assert_true(f >= 0);
    return f;
}

/* The whole of a dataset as doubles; its dimensions. */
static double *numbers(hid_t f, const char *name, hsize_t size[2])
{
    hid_t d = H5Dopen2(f, name, H5P_DEFAULT);
    assert_true(d >= 0);
    hid_t space = H5Dget_space(d);
    size[0] = size[1] = 1;
    H5Sget_simple_extent_dims(space, size, NULL);
    double *v = calloc(size[0] * size[1] + 1, sizeof *v);
    assert_non_null(v);
    assert_true(
        H5Dread(d, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, v) >= 0);
    H5Sclose(space);
    H5Dclose(d);
    return v;
}

static double number(hid_t f, const char *group, const char *name)
{
    double v = NAN;
    hid_t a = H5Aopen_by_name(f, group, name, H5P_DEFAULT, H5P_DEFAULT);
    assert_true(a >= 0);
    assert_true(H5Aread(a, H5T_NATIVE_DOUBLE, &v) >= 0);
    H5Aclose(a);
    return v;
}

static void assert_string(hid_t f, const char *group, const char *name,
                          const char *expected)
{
    char *v = NULL;
    hid_t a = H5Aopen_by_name(f, group, name, H5P_DEFAULT, H5P_DEFAULT);
    assert_true(a >= 0);
    hid_t type = H5Aget_type(a);
    assert_true(H5Aread(a, type, &v) >= 0);
    assert_string_equal(v, expected);
    H5free_memory(v);
    H5Tclose(type);
    H5Aclose(a);
}

static struct adele *simulation(const char *more)
{
    return sim_new("boundary p f\nlattice square 4 3\n"
                   "model holstein t 1 g 1.5 k 1.2 kappa 0.18 mass 2\n"
                   "electrons filling 0.5 temp 0.1\n"
                   "displace all uniform -1 1 4711\npair_style ed\n"
                   "fix move all nve\ntimestep 0.1\n%s",
                   more);
}

/* Frames hold displacement, force and density of their step, forces without
   what fixes add, and the energy whose sum with the kinetic one is conserved.
 */
static void test_content(void **state)
{
    (void)state;
    struct adele *sim = simulation("fix push all addforce 0.5");
    hsize_t size[2];
    double q[12], n[12], pe, mu;
    sim_run(sim, "dump d all dataset 2 %s/a.h5\nrun 4", folder);
    assert_int_equal(adele_gather(sim, "q", q), 0);
    assert_int_equal(adele_gather(sim, "n", n), 0);
    assert_int_equal(adele_evaluate(sim, "mu", &mu), 0);
    assert_int_equal(forces_require(sim, NEED_FORCE | NEED_ENERGY), 0);
    pe = pair_energy(sim->forces);
    double fq[12];
    field_gather(sim->forces->force, 0, fq);
    hid_t f = open_file("a.h5"); /* while the dump stands */
    double *v = numbers(f, "q", size);
    assert_int_equal(size[0], 3);
    assert_int_equal(size[1], 12);
    assert_memory_equal(v + 24, q, sizeof q);
    free(v);
    v = numbers(f, "n", size);
    assert_memory_equal(v + 24, n, sizeof n);
    free(v);
    v = numbers(f, "fq", size);
    assert_memory_equal(v + 24, fq, sizeof fq);
    free(v);
    v = numbers(f, "energy", size);
    assert_true(v[2] == pe && v[0] != pe);
    free(v);
    v = numbers(f, "mu", size);
    assert_true(v[2] == mu);
    free(v);
    v = numbers(f, "step", size);
    assert_true(v[0] == 0 && v[1] == 2 && v[2] == 4);
    free(v);
    v = numbers(f, "time", size);
    assert_true(fabs(v[2] - 0.4) < 1e-15);
    free(v);
    H5Fclose(f);
    sim_free(sim);
}

static void test_description(void **state)
{
    (void)state;
    struct adele *sim = simulation("");
    sim_run(sim, "write_dump all dataset %s/b.h5 q", folder);
    hid_t f = open_file("b.h5");
    assert_string(f, "/", "format", "adele dataset");
    assert_string(f, "/", "lattice", "square");
    assert_string(f, "/", "boundary", "p f p");
    assert_string(f, "/", "adele_version", adele_version());
    assert_true(number(f, "/", "sites") == 12);
    assert_true(number(f, "/", "timestep") == 0.1);
    assert_string(f, "model", "style", "holstein");
    assert_true(number(f, "model", "g") == 1.5);
    assert_true(number(f, "model", "k") == 1.2);
    assert_true(number(f, "model", "kappa") == 0.18);
    assert_true(number(f, "model", "mass") == 2);
    assert_string(f, "electrons", "mode", "filling");
    assert_true(number(f, "electrons", "filling") == 0.5);
    assert_true(number(f, "electrons", "temp") == 0.1);
    assert_string(f, "pair", "text", "ed");
    assert_true(H5Lexists(f, "provenance/deck", H5P_DEFAULT) > 0);
    assert_true(H5Lexists(f, "n", H5P_DEFAULT) == 0);
    H5Fclose(f);
    sim_free(sim);
}

static hsize_t frames(const char *name)
{
    hsize_t size[2];
    hid_t f = open_file(name);
    free(numbers(f, "step", size));
    H5Fclose(f);
    return size[0];
}

/* Runs of one dump share a file; `append` continues that of another
   simulation if it was the same system, and otherwise says what differs. */
static void test_append(void **state)
{
    static const struct {
        const char *deck, *why;
    } other[] = {
        {"model holstein g 1.25 k 1.2 kappa 0.18 mass 2",
         "model g is 1.5 there and 1.25 here"},
        {"electrons mu 0 temp 0.1", "electrons mode is filling there and mu"},
        {"pair_style elastic", "pair style is ed there and elastic here"}};
    (void)state;
    struct adele *sim = simulation("");
    sim_run(sim, "dump d all dataset 2 %s/c.h5 q\nrun 4\nrun 2", folder);
    sim_free(sim);
    assert_int_equal(frames("c.h5"), 4);
    sim = simulation("");
    sim_run(sim,
            "dump d all dataset 2 %s/c.h5 q\ndump_modify d append yes\n"
            "run 2",
            folder);
    sim_free(sim);
    assert_int_equal(frames("c.h5"), 6);
    for (size_t k = 0; k < sizeof other / sizeof *other; k++) {
        sim = simulation(other[k].deck);
        char line[600];
        snprintf(line, sizeof line,
                 "write_dump all dataset %s/c.h5 q modify "
                 "append yes",
                 folder);
        assert_int_equal(adele_command(sim, line), 2);
        assert_non_null(strstr(adele_error(sim), other[k].why));
        sim_free(sim);
    }
    assert_int_equal(frames("c.h5"), 6);
    sim = simulation("");
    assert_false(sim_try(sim,
                         "write_dump all dataset %s/c.h5 q n modify "
                         "append yes",
                         folder));
    sim_run(sim, "write_dump all dataset %s/d.h5 q n", folder);
    assert_false(sim_try(sim,
                         "write_dump all dataset %s/d.h5 q modify "
                         "append yes",
                         folder));
    sim_run(sim, "write_dump all dataset %s/c.h5 q", folder);
    sim_free(sim);
    assert_int_equal(frames("c.h5"), 1);
}

static void test_split(void **state)
{
    (void)state;
    struct adele *sim = simulation("");
    sim_run(sim,
            "dump d all dataset 1 %s/s.*.h5 q split 2\n"
            "dump_modify d pad 2\nrun 2\nrun 2",
            folder);
    sim_free(sim);
    assert_int_equal(frames("s.00.h5"), 2);
    assert_int_equal(frames("s.02.h5"), 2);
    assert_int_equal(frames("s.04.h5"), 1);
}

static void write_file(const char *name, const void *bytes, size_t n)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, n, f), n);
    fclose(f);
}

/* Neither another program's file nor a damaged one is touched or read. */
static void test_foreign(void **state)
{
    (void)state;
    struct adele *sim = simulation("");
    char path[512], kept[64] = {0};
    sim_run(sim, "write_dump all dataset %s/whole.h5 q", folder);
    snprintf(path, sizeof path, "%s/whole.h5", folder);
    assert_int_equal(truncate(path, 3000), 0);
    write_file("text.h5", "not a dataset\n", 14);
    snprintf(path, sizeof path, "%s/foreign.h5", folder);
    H5Fclose(H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT));
    for (const char *const *name =
             (const char *const[]){"whole.h5", "text.h5", "foreign.h5", NULL};
         *name; name++) {
        assert_false(sim_try(sim,
                             "write_dump all dataset %s/%s q modify "
                             "append yes",
                             folder, *name));
        assert_false(sim_try(sim, "read_dump %s/%s 0 q", folder, *name));
    }
    snprintf(path, sizeof path, "%s/text.h5", folder);
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    assert_int_equal(fread(kept, 1, sizeof kept, f), 14);
    fclose(f);
    assert_string_equal(kept, "not a dataset\n");
    sim_free(sim);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_content), cmocka_unit_test(test_description),
        cmocka_unit_test(test_append), cmocka_unit_test(test_split),
        cmocka_unit_test(test_foreign)};
    return cmocka_run_group_tests(tests, folder_make, folder_drop);
}

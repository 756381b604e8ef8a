/* Text and VTK dumps, and reading them back.

   What is written with 17 digits comes back with the same bits on every
   lattice, plain, compressed, in any order of lines; the order, choice and
   format of lines obey dump_modify; VTK files are well-formed and hold the
   values. */

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "adele.h"
#include "base/file.h"
#include "base/mem.h"
#include "plug/dump.h"
#include "folder.h"
#include "sim.h"

static char *contents(const char *name)
{
    char path[512];
    size_t n;
    int error;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    char *text = file_read_all(path, &n, &error);
    if (!text)
        fail_msg("%s: %s", path, strerror(error));
    return text;
}

/* A simulation of sites that differ, on lattice number k; NULL at the end. */
static struct adele *simulation(int k)
{
    struct text deck = {0}, model = {0};
    if (!sim_lattice(k, &deck))
        return NULL;
    sim_model("holstein", &model);
    struct adele *sim = sim_new("%smodel %s\nelectrons filling 0.5 temp 0.1\n"
                                "displace all uniform -1 1 4711\n"
                                "velocity all create 0.3 99\n"
                                "pair_style elastic\n",
                                deck.s, model.s);
    text_free(&deck);
    text_free(&model);
    return sim;
}

static double *column(struct adele *sim, const char *name)
{
    double *v = calloc((size_t)adele_sites(sim), sizeof *v);
    assert_non_null(v);
    if (adele_gather(sim, name, v))
        fail_msg("%s", adele_error(sim));
    return v;
}

static void assert_column(struct adele *sim, const char *name,
                          const double *expected)
{
    double *v = column(sim, name);
    assert_memory_equal(v, expected, (size_t)adele_sites(sim) * sizeof *v);
    free(v);
}

static void round_trip(int k, const char *write, const char *file)
{
    struct adele *sim = simulation(k);
    double *q = column(sim, "q"), *v = column(sim, "vq");
    sim_run(sim, write, folder);
    sim_run(sim, "set all q 0\nset all vq 0\nread_dump %s/%s 0 q vq", folder,
            file);
    assert_column(sim, "q", q);
    assert_column(sim, "vq", v);
    free(q);
    free(v);
    sim_free(sim);
}

static void test_round_trip(void **state)
{
    (void)state;
    int k = 0;
    for (struct adele *sim; (sim = simulation(k)); k++) {
        sim_free(sim);
        round_trip(k,
                   "write_dump all custom %s/a id x y q fq vq modify format "
                   "float %%.17g",
                   "a");
        round_trip(k,
                   "write_dump all custom %s/a.gz vq id q modify sort -3 "
                   "format float %%.17g",
                   "a.gz");
        round_trip(k, "write_dump all dataset %s/a.h5 q vq", "a.h5");
    }
    assert_true(k > 50);
}

/* Several snapshots in one file, the wanted one in the middle. */
static void test_seek(void **state)
{
    (void)state;
    struct adele *sim = simulation(0);
    sim_run(sim,
            "fix 1 all nve\ntimestep 0.05\n"
            "dump d all custom 3 %s/run id q vq\n"
            "dump_modify d format float %%.17g time yes\n"
            "run 6",
            folder);
    double *q = column(sim, "q");
    sim_run(sim, "run 6\nundump d\nset all q 7\nread_dump %s/run 6 q", folder);
    assert_column(sim, "q", q);
    assert_int_equal(sim->step, 6);
    assert_true(fabs(sim->time - 0.3) < 1e-15); /* written with 16 digits */
    sim_run(sim, "read_dump %s/run 9 q vq timestep no", folder);
    assert_int_equal(sim->step, 6);
    free(q);
    sim_free(sim);
}

/* Snapshots at multiples of N; the first step of a run only then or with
   `first yes`; no step twice; `delay`; `every v_name` names the next step. */
static void test_schedule(void **state)
{
    static const struct {
        const char *modify;
        const char *steps;
    } cases[] = {
        {"", "5 10 15 "},
        {"dump_modify d first yes", "2 5 10 15 "},
        {"dump_modify d every 4", "4 8 12 "},
        {"dump_modify d delay 9", "10 15 "},
        {"variable s equal step+4\ndump_modify d every v_s", "6 10 14 "}};
    (void)state;
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        struct adele *sim = simulation(0);
        struct text steps = {0};
        text_add(&steps, "");
        sim_run(sim,
                "reset_timestep 2\nfix 1 all nve\n"
                "dump d all custom 5 %s/steps id\n%s\n"
                "run 8\nrun 0\nrun 5",
                folder, cases[k].modify);
        sim_run(sim, "undump d");
        char *text = contents("steps"), *at = text;
        while ((at = strstr(at, "ITEM: TIMESTEP\n"))) {
            at += strlen("ITEM: TIMESTEP\n");
            text_addf(&steps, "%ld ", strtol(at, NULL, 10));
        }
        assert_string_equal(steps.s, cases[k].steps);
        text_free(&steps);
        mem_free(text);
        sim_free(sim);
    }
}

static void test_star(void **state)
{
    (void)state;
    struct adele *sim = simulation(0);
    sim_run(sim,
            "fix 1 all nve\ndump d all custom 2 %s/p.*.txt id q\n"
            "dump_modify d pad 6\nrun 2",
            folder);
    mem_free(contents("p.000000.txt"));
    mem_free(contents("p.000002.txt"));
    sim_free(sim);
}

/* The lines behind ITEM: ATOMS of the only snapshot. */
static char *rows(const char *name)
{
    char *text = contents(name), *at = strstr(text, "ITEM: ATOMS");
    assert_non_null(at);
    at = strchr(at, '\n');
    char *copy = mem_strdup(at + 1);
    mem_free(text);
    return copy;
}

static void assert_rows(struct adele *sim, const char *expected,
                        const char *format, ...)
{
    struct text deck = {0};
    va_list ap;
    va_start(ap, format);
    text_vaddf(&deck, format, ap);
    va_end(ap);
    sim_run(sim, "%s", deck.s);
    char *got = rows("rows");
    assert_string_equal(got, expected);
    mem_free(got);
    text_free(&deck);
}

static void test_modify(void **state)
{
    (void)state;
    struct adele *sim = sim_new("lattice chain 4\nmodel holstein g 1\n"
                                "electrons filling 0.5 temp 0.1\n"
                                "pair_style elastic");
    double q[4] = {0.5, -1.25, 3, -0.125};
    sim_set(sim, 0, q);
    const char *w = "write_dump all custom";
    assert_rows(sim, "1 0.5\n2 -1.25\n3 3\n4 -0.125\n", "%s %s/rows id q", w,
                folder);
    assert_rows(sim, "2 -1.25\n4 -0.125\n1 0.5\n3 3\n",
                "%s %s/rows id q modify sort 2", w, folder);
    assert_rows(sim, "3 3\n1 0.5\n4 -0.125\n2 -1.25\n",
                "%s %s/rows id q modify sort -2", w, folder);
    assert_rows(sim, "001 +0.50\n002 -1.25\n003 +3.00\n004 -0.12\n",
                "%s %s/rows id q modify format line \"%%03d %%+.2f\"", w,
                folder);
    assert_rows(sim, "1 5.0e-01\n2 -1.2e+00\n3 3.0e+00\n4 -1.2e-01\n",
                "%s %s/rows id q modify format float %%.1e format int %%d", w,
                folder);
    assert_rows(sim, "<1> 0.5\n<2> -1.25\n<3> 3\n<4> -0.125\n",
                "%s %s/rows id q modify format 1 <%%d>", w, folder);
    assert_rows(sim, "1 0.5\n3 3\n", "%s %s/rows id q modify thresh q >= 0.5",
                w, folder);
    assert_rows(sim, "1 0.5\n",
                "%s %s/rows id q modify thresh q > 0 thresh id < 3", w, folder);
    assert_rows(sim, "1 0.5\n2 -1.25\n3 3\n4 -0.125\n",
                "%s %s/rows id q modify thresh q > 0 thresh none", w, folder);
    assert_rows(sim, "2 -1.25\n3 3\n",
                "group g id 2 3\nwrite_dump g custom %s/rows id q", folder);
    assert_rows(sim,
                "1 1 0 0 0 0 0\n2 1 1 0 0 1 0\n3 1 2 0 0 2 0\n"
                "4 1 3 0 0 3 0\n",
                "%s %s/rows id type ix iy iz x y", w, folder);
    sim_free(sim);
}

/* After a refused dump_modify the dump writes as before. */
static void test_modify_is_atomic(void **state)
{
    (void)state;
    struct adele *sim = sim_new("lattice chain 2\nmodel holstein g 1\n"
                                "pair_style elastic\nfix 1 all nve\n"
                                "dump d all custom 1 %s/rows id q\n"
                                "dump_modify d format float %%.3f",
                                folder);
    assert_false(sim_try(sim, "dump_modify d sort 1 format float %%d"));
    assert_false(sim_try(sim, "dump_modify d every 7 sort 5"));
    assert_false(sim_try(sim, "dump_modify d every 7 thresh q > a"));
    assert_false(sim_try(sim, "dump_modify d every 0.5"));
    assert_false(sim_try(sim, "dump_modify d format line \"%%d\""));
    assert_false(sim_try(sim, "dump_modify d format float \"%%g %%s\""));
    struct dump *d = dump_find(sim, "d");
    assert_int_equal(d->every, 1);
    assert_int_equal(d->nthresh, 0);
    sim_run(sim, "run 0\nundump d");
    char *got = rows("rows");
    assert_string_equal(got, "1 0.000\n2 0.000\n");
    mem_free(got);
    sim_free(sim);
}

/* The head of a snapshot is LAMMPS's; a tilted cell has its bounding box. */
static void test_head(void **state)
{
    (void)state;
    struct adele *sim = sim_new("boundary p f\nlattice triangular 4 2\n"
                                "model holstein g 1\npair_style elastic\n"
                                "write_dump all custom %s/head id x y modify "
                                "time yes units yes",
                                folder);
    char *text = contents("head");
    /* 2 rows of height sqrt(3)/2, shifted by 1/2 each: 4 + 1 wide */
    const char *expected =
        "ITEM: UNITS\nlj\nITEM: TIME\n0\nITEM: TIMESTEP\n0\n"
        "ITEM: NUMBER OF ATOMS\n8\nITEM: BOX BOUNDS xy xz yz pp ff pp\n"
        "0.0000000000000000e+00 5.0000000000000000e+00 "
        "1.0000000000000000e+00\n"
        "0.0000000000000000e+00 1.7320508075688772e+00 "
        "0.0000000000000000e+00\n"
        "-5.0000000000000000e-01 5.0000000000000000e-01 "
        "0.0000000000000000e+00\n"
        "ITEM: ATOMS id x y\n1 0 0\n2 1 0\n3 2 0\n4 3 0\n5 0.5 0.866025\n";
    text[strlen(expected)] = 0;
    assert_string_equal(text, expected);
    mem_free(text);
    sim_free(sim);
}

static void test_yaml_and_xyz(void **state)
{
    (void)state;
    struct adele *sim = sim_new("boundary p f\nlattice square 2 1\n"
                                "model holstein g 1\nset all q 0.5\n"
                                "pair_style elastic\n"
                                "write_dump all yaml %s/y id x y q modify time "
                                "yes\nwrite_dump all xyz %s/x",
                                folder, folder);
    char *yaml = contents("y"), *xyz = contents("x");
    assert_string_equal(yaml, "---\ncreator: adele\ntimestep: 0\ntime: 0\n"
                              "natoms: 2\nboundary: [ p, p, f, f, p, p, ]\n"
                              "box:\n  - [ 0, 2 ]\n  - [ 0, 1 ]\n"
                              "  - [ -0.5, 0.5 ]\n"
                              "keywords: [ id, x, 'y', q, ]\ndata:\n"
                              "  - [ 1, 0, 0, 0.5 ]\n  - [ 2, 1, 0, 0.5 ]\n"
                              "...\n");
    assert_string_equal(xyz, "2\nLattice=\"2 0 0 0 1 0 0 0 1\" Origin=\"0 0 "
                             "-0.5\" pbc=\"T F F\" Step=0 Time=0 "
                             "Properties=species:S:1:pos:R:3:q:R:1\n"
                             "X 0 0 0 0.5\nX 1 0 0 0.5\n");
    mem_free(yaml);
    mem_free(xyz);
    sim_free(sim);
}

/* Forces in a dump are those of the configuration, before any run, too, and
   include what fixes add once a run has made them. */
static void test_forces(void **state)
{
    (void)state;
    struct adele *sim = sim_new("lattice chain 3\nmodel holstein k 2 g 1\n"
                                "pair_style elastic\n"
                                "set all q 1.5\ntimestep 0.1");
    assert_rows(sim, "-3\n-3\n-3\n", "write_dump all custom %s/rows fq",
                folder);
    assert_rows(sim, "-2.75\n-2.75\n-2.75\n",
                "fix push all addforce 0.25\nrun 0\n"
                "write_dump all custom %s/rows fq",
                folder);
    assert_rows(sim, "-6\n-6\n-6\n",
                "set all q 3\nwrite_dump all custom %s/rows fq", folder);
    sim_free(sim);
}

/* What the force style cannot give is nan in the file. */
static void test_not_given(void **state)
{
    (void)state;
    struct adele *sim = sim_new("lattice chain 2\nmodel holstein g 1\n"
                                "pair_style elastic");
    assert_rows(sim, "1 nan\n2 nan\n", "write_dump all custom %s/rows id n",
                folder);
    assert_int_equal(sim->log.warnings, 1);
    sim_free(sim);
}

/* VTK. */

static int digit_of(char c)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                 "abcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *at = c ? strchr(digits, c) : NULL;
    return at ? (int)(at - digits) : -1;
}

/* Bytes of one base64 run; returns how many characters it took. */
static size_t decode(const char *s, unsigned char *out, size_t want)
{
    size_t n = 0, k = 0;
    while (n < want) {
        unsigned v = 0;
        for (int j = 0; j < 4; j++)
            v = v << 6 | (unsigned)(digit_of(s[k + (size_t)j]) & 63);
        for (int j = 0; j < 3 && n < want; j++)
            out[n++] = (unsigned char)(v >> (16 - 8 * j));
        k += 4;
    }
    return k;
}

/* Every tag is closed by its own name, in order. */
static void assert_well_formed(const char *s)
{
    char stack[32][32];
    int depth = 0;
    while ((s = strchr(s, '<'))) {
        size_t n = strcspn(++s, " >/\n?");
        const char *end = strchr(s, '>');
        assert_non_null(end);
        if (*s == '?')
            continue;
        if (*s == '/') {
            n = strcspn(s + 1, ">");
            assert_true(depth > 0);
            depth--;
            assert_int_equal(strlen(stack[depth]), n);
            assert_memory_equal(stack[depth], s + 1, n);
            continue;
        }
        assert_null(memchr(s, '<', (size_t)(end - s)));
        assert_true(depth < 32 && n < 32);
        memcpy(stack[depth], s, n);
        stack[depth][n] = 0;
        depth += end[-1] != '/';
    }
    assert_int_equal(depth, 0);
}

static double *vtk_array(const char *text, const char *name, int64_t n)
{
    char mark[64];
    uint64_t bytes;
    snprintf(mark, sizeof mark, "Name=\"%s\"", name);
    const char *at = strstr(text, mark);
    assert_non_null(at);
    at = strchr(at, '\n') + 1;
    at += decode(at, (unsigned char *)&bytes, sizeof bytes);
    assert_int_equal(bytes, n * 8);
    double *v = malloc(bytes);
    assert_non_null(v);
    at += decode(at, (unsigned char *)v, bytes);
    assert_int_equal(*at, '\n');
    return v;
}

static const char *extension(const struct adele *sim)
{
    const char *name = sim->lat->shape.name;
    return !strcmp(name, "triangular")  ? "vts"
           : !strcmp(name, "honeycomb") ? "vtp"
                                        : "vti";
}

static void test_vtk(void **state)
{
    (void)state;
    struct adele *sim;
    for (int k = 0; (sim = simulation(k)); k++) {
        char name[32], extent[100];
        int64_t n = adele_sites(sim);
        snprintf(name, sizeof name, "v.%s", extension(sim));
        sim_run(sim, "write_dump all vtk %s/%s q vq", folder, name);
        char *text = contents(name);
        assert_well_formed(text);
        double *v = vtk_array(text, "vq", n);
        assert_column(sim, "vq", v);
        free(v);
        snprintf(extent, sizeof extent, "Extent=\"0 %d 0 %d 0 %d\"",
                 sim->lat->n[0] - 1, sim->lat->n[1] - 1, sim->lat->n[2] - 1);
        if (strcmp(extension(sim), "vtp"))
            assert_non_null(strstr(text, extent));
        if (strcmp(extension(sim), "vti")) {
            double *r = vtk_array(text, "position", 3 * n), x[3];
            for (int64_t i = 0; i < n; i++) {
                lattice_position(sim->lat, i, x);
                assert_memory_equal(x, r + 3 * i, sizeof x);
            }
            free(r);
        }
        mem_free(text);
        sim_free(sim);
    }
}

/* A file that breaks off, plain or compressed, changes nothing. */
static void test_truncated(void **state)
{
    static const char *const files[] = {"cut", "cut.gz"};
    (void)state;
    struct adele *sim = simulation(0);
    for (int f = 0; f < 2; f++) {
        char path[512];
        size_t n;
        sim_run(sim, "write_dump all custom %s/%s id vq q", folder, files[f]);
        double *q = column(sim, "q");
        snprintf(path, sizeof path, "%s/%s", folder, files[f]);
        FILE *raw = fopen(path, "rb");
        assert_non_null(raw);
        char *bytes = calloc(1, 1 << 16);
        assert_non_null(bytes);
        n = fread(bytes, 1, 1 << 16, raw);
        fclose(raw);
        raw = fopen(path, "wb");
        assert_non_null(raw);
        assert_int_equal(fwrite(bytes, 1, n - 30, raw), n - 30);
        fclose(raw);
        free(bytes);
        sim_run(sim, "displace all value 0.125");
        double *now = column(sim, "q");
        assert_memory_not_equal(q, now, sizeof *q);
        assert_int_equal(sim_try(sim, "read_dump %s 0 q", path), false);
        assert_column(sim, "q", now);
        free(q);
        free(now);
    }
    sim_free(sim);
}

/* rerun: the energies of a trajectory come back from its dumps, to the bit
   from one that holds all digits, whatever stands in the simulation before. */
static void test_rerun(void **state)
{
    static const char *const files[] = {"traj.gz", "traj.h5"};
    (void)state;
    struct adele *sim = simulation(1);
    double energy[4], again;
    char name[32];
    sim_run(sim,
            "fix 1 all nve\ntimestep 0.05\nthermo 2\n"
            "dump d all custom 2 %s/traj.gz id q vq\n"
            "dump_modify d format float %%.17g\n"
            "dump e all dataset 2 %s/traj.h5 q vq\n"
            "variable e equal etotal\nfix keep all vector 2 v_e\n"
            "run 6\nundump d e",
            folder, folder);
    for (int k = 0; k < 4; k++) {
        snprintf(name, sizeof name, "f_keep[%d]", k + 1);
        assert_int_equal(adele_evaluate(sim, name, &energy[k]), 0);
    }
    assert_true(energy[0] != energy[3]);
    for (int f = 0; f < 2; f++) {
        sim_run(sim,
                "unfix keep\nset all q 0\nset all vq 0\n"
                "reset_timestep 100\nfix keep all vector 2 v_e\n"
                "rerun %s/%s first 2 last 6 dump q vq",
                folder, files[f]);
        assert_int_equal(sim->step, 6);
        for (int k = 1; k < 4; k++) {
            snprintf(name, sizeof name, "f_keep[%d]", k);
            assert_int_equal(adele_evaluate(sim, name, &again), 0);
            assert_memory_equal(&again, &energy[k], sizeof again);
        }
    }
    sim_free(sim);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_round_trip),
                                       cmocka_unit_test(test_seek),
                                       cmocka_unit_test(test_schedule),
                                       cmocka_unit_test(test_star),
                                       cmocka_unit_test(test_modify),
                                       cmocka_unit_test(test_modify_is_atomic),
                                       cmocka_unit_test(test_head),
                                       cmocka_unit_test(test_yaml_and_xyz),
                                       cmocka_unit_test(test_forces),
                                       cmocka_unit_test(test_not_given),
                                       cmocka_unit_test(test_vtk),
                                       cmocka_unit_test(test_truncated),
                                       cmocka_unit_test(test_rerun)};
    return cmocka_run_group_tests(tests, folder_make, folder_drop);
}

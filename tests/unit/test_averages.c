/* fix ave/time, ave/histo, ave/correlate, vector against averages made here
   from a trajectory that is stepped one step at a time; files to the letter;
   restarts bit for bit. */

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "adele.h"
#include "base/file.h"
#include "base/mem.h"
#include "close.h"
#include "plug/compute.h"
#include "plug/fix.h"
#include "plug/pair.h"
#include "process.h"
#include "sim.h"
#include "table.h"

enum { NSITE = 7, NSTEP = 60 };

static const char set_up[] = "lattice chain 7\n"
                             "model holstein t 1 g 0 k 1 kappa 0.2 mass 1\n"
                             "displace all uniform -1 1 33\n"
                             "velocity all create 0.5 11\n"
                             "pair_style elastic\n"
                             "timestep 0.2\n"
                             "thermo 1000000\n";
static const char measures[] = "fix move all nve\n"
                               "compute k all ke\n"
                               "compute e all pe\n"
                               "compute r all reduce sum q vq\n"
                               "compute C all correlation q\n";

struct record {
    double ke[NSTEP + 1], q[NSTEP + 1], vq[NSTEP + 1];
    double site[NSTEP + 1][NSITE], corr[NSTEP + 1][3];
};

static double scalar(struct adele *sim, const char *id)
{
    struct compute *c = compute_find(sim, id);
    assert_int_equal(compute_evaluate(sim, c, OUT_SCALAR), 0);
    return c->out.scalar;
}

/* The same trajectory, a step at a time, without any average. */
static void record(struct record *r)
{
    struct adele *sim = sim_new("%s%s", set_up, measures);
    for (int s = 0; s <= NSTEP; s++) {
        sim_run(sim, "run %d", s > 0);
        struct compute *sum = compute_find(sim, "r");
        struct compute *corr = compute_find(sim, "C");
        assert_int_equal(compute_evaluate(sim, sum, OUT_VECTOR), 0);
        assert_int_equal(compute_evaluate(sim, corr, OUT_ARRAY), 0);
        r->ke[s] = scalar(sim, "k");
        r->q[s] = sum->out.vector[0];
        r->vq[s] = sum->out.vector[1];
        for (int i = 0; i < 3; i++)
            r->corr[s][i] = corr->out.array[3 * i + 1];
        field_gather(sim->state.displacement, 0, r->site[s]);
    }
    sim_free(sim);
}

static struct record truth;
static char *folder;

static int prepare(void **state)
{
    (void)state;
    folder = folder_new();
    record(&truth);
    return folder ? 0 : -1;
}

static int clean(void **state)
{
    (void)state;
    folder_remove(folder);
    return 0;
}

static const char *place(const char *name)
{
    static char path[8][512];
    static int k;
    k = (k + 1) % 8;
    snprintf(path[k], sizeof path[k], "%s/%s", folder, name);
    return path[k];
}

static struct table rows_of(const char *name)
{
    struct table t = {0};
    assert_int_equal(table_plain(place(name), &t), 0);
    return t;
}

/* Mean over the samples of the window that ends at `end`. */
static double window_mean(const double *x, int every, int repeat, int end)
{
    double sum = 0;
    for (int k = repeat - 1; k >= 0; k--)
        sum += x[end - k * every];
    return sum / repeat;
}

/* Rounding: a mean of a few numbers of order 1; the file holds 15 digits. */
static const double tight = 1e-13;

static void ave_time_modes(void **state)
{
    (void)state;
    struct adele *sim = sim_new(
        "%s%s"
        "fix o all ave/time 2 3 10 c_k c_r[2] file %s format ' %%.15g'\n"
        "fix r all ave/time 2 3 10 c_k c_r[2] ave running\n"
        "fix w all ave/time 2 3 10 c_k c_r[2] ave window 2\n"
        "fix s all ave/time 2 3 10 c_k start 25 file %s format ' %%.15g'\n"
        "fix f all ave/time 2 3 10 c_k c_r[2] off 2\n"
        "fix n all ave/time 5 1 15 c_k file %s format ' %%.15g'\n"
        "run 47",
        set_up, measures, place("one"), place("start"), place("single"));
    struct table one = rows_of("one"), start = rows_of("start");
    struct table single = rows_of("single");
    assert_int_equal(one.nrow, 4);
    assert_int_equal(start.nrow, 2);
    assert_int_equal(single.nrow, 4); /* steps 0, 15, 30, 45 */
    double all[2] = {0, 0}, last[2] = {0, 0}, before[2] = {0, 0};
    for (int w = 0; w < 4; w++) {
        int end = 10 * (w + 1);
        before[0] = last[0];
        before[1] = last[1];
        last[0] = window_mean(truth.ke, 2, 3, end);
        last[1] = window_mean(truth.vq, 2, 3, end);
        all[0] += last[0] / 4;
        all[1] += last[1] / 4;
        assert_close(table_at(&one, w, 0), end, 0);
        assert_close(table_at(&one, w, 1), last[0], tight);
        assert_close(table_at(&one, w, 2), last[1], tight);
        assert_close(table_at(&single, w, 0), 15 * w, 0);
        assert_close(table_at(&single, w, 1), truth.ke[15 * w], tight);
        if (w >= 2)
            assert_close(table_at(&start, w - 2, 1), last[0], tight);
    }
    for (int i = 0; i < 2; i++) {
        assert_close(fix_find(sim, "o")->out.vector[i], last[i], tight);
        assert_close(fix_find(sim, "r")->out.vector[i], all[i], tight);
        assert_close(fix_find(sim, "w")->out.vector[i],
                     (last[i] + before[i]) / 2, tight);
    }
    assert_close(fix_find(sim, "f")->out.vector[0], last[0], tight);
    assert_close(fix_find(sim, "f")->out.vector[1], truth.vq[40], tight);
    assert_close(fix_find(sim, "s")->out.scalar, last[0], tight);
    table_free(&one);
    table_free(&start);
    table_free(&single);
    sim_free(sim);
}

static void ave_time_vectors(void **state)
{
    (void)state;
    struct adele *sim = sim_new("%s%s"
                                "fix a all ave/time 1 4 8 c_C[1] c_C[2] "
                                "mode vector file %s\n"
                                "fix b all ave/time 1 4 8 c_C[*] mode vector\n"
                                "fix c all ave/time 1 4 8 c_r mode vector\n"
                                "run 20",
                                set_up, measures, place("vector"));
    const struct outputs *a = &fix_find(sim, "a")->out;
    const struct outputs *b = &fix_find(sim, "b")->out;
    assert_int_equal(a->nrow, 4);
    assert_int_equal(a->ncol, 2);
    assert_int_equal(b->ncol, 3);
    for (int i = 0; i < 3; i++) {
        double sum = 0;
        for (int s = 13; s <= 16; s++)
            sum += truth.corr[s][i] / 4;
        assert_close(a->array[2 * i], i, 0);
        assert_close(a->array[2 * i + 1], sum, tight);
        assert_close(b->array[3 * i + 1], sum, tight);
        assert_close(b->array[3 * i + 2], NSITE, 0);
    }
    sim_run(sim, "fix d all ave/time 1 4 8 c_C[2*3] mode vector\n"
                 "fix e all ave/time 1 4 8 c_r[*] c_e[*2]\n"
                 "fix f all ave/time 1 4 8 f_d[1*2] mode vector\n"
                 "run 12");
    assert_int_equal(fix_find(sim, "d")->out.ncol, 2);
    assert_int_equal(fix_find(sim, "e")->out.nvector, 4);
    assert_int_equal(fix_find(sim, "f")->out.nrow, 4);
    assert_close(fix_find(sim, "e")->out.vector[0],
                 window_mean(truth.q, 1, 4, 32), tight);
    const struct outputs *c = &fix_find(sim, "c")->out;
    assert_int_equal(c->nvector, 2);
    assert_close(c->vector[0], window_mean(truth.q, 1, 4, 32), tight);
    sim_free(sim);
}

static char *text_of(const char *name)
{
    int error;
    char *text = file_read_all(place(name), NULL, &error);
    assert_non_null(text);
    return text;
}

static void file_is(const char *name, const char *wanted)
{
    char *text = text_of(name);
    assert_string_equal(text, wanted);
    mem_free(text);
}

/* To the letter, as LAMMPS writes them. */
static void files(void **state)
{
    (void)state;
    struct adele *sim = sim_new(
        "%s%s"
        "fix a all ave/time 1 1 5 step file %s\n"
        "fix b all ave/time 5 1 5 step file %s overwrite title1 '# my title'\n"
        "fix c all ave/histo 2 2 4 0 10 2 step file %s\n"
        "fix d all ave/correlate 2 2 4 step file %s\n"
        "fix e all ave/time 5 2 10 c_x mode vector file %s\n"
        "run 10",
        set_up, "compute x all reduce sum ix id\n", place("a"), place("b"),
        place("c"), place("d"), place("e"));
    file_is("a", "# Time-averaged data for fix a\n# TimeStep step\n"
                 "0 0\n5 5\n10 10\n");
    file_is("b", "# my title\n# TimeStep step\n10 10\n");
    file_is("c", "# Histogrammed data for fix c\n"
                 "# TimeStep Number-of-bins Total-counts Missing-counts "
                 "Min-value Max-value\n"
                 "# Bin Coord Count Count/Total\n"
                 "4 2 2 0 2 4\n1 2.5 2 1\n2 7.5 0 0\n"
                 "8 2 2 0 6 8\n1 2.5 0 0\n2 7.5 2 1\n");
    file_is("d", "# Time-correlated data for fix d\n"
                 "# TimeStep Number-of-time-windows\n"
                 "# Index TimeDelta Ncount step*step\n"
                 "0 2\n1 0 1 0\n2 2 0 0\n"
                 "4 2\n1 0 3 6.66667\n2 2 2 4\n"
                 "8 2\n1 0 3 38.6667\n2 2 2 36\n");
    file_is("e", "# Time-averaged data for fix e\n"
                 "# TimeStep Number-of-rows\n# Row c_x\n"
                 "10 2\n1 21\n2 28\n");
    sim_run(sim,
            "unfix a\nfix a all ave/time 5 1 5 step append %s title1 ''\n"
            "run 5",
            place("a"));
    file_is("a", "# Time-averaged data for fix a\n# TimeStep step\n"
                 "0 0\n5 5\n10 10\n# TimeStep step\n10 10\n15 15\n");
    sim_free(sim);
}

/* A run in pieces gives the bits of a run in one. */
static void pieces(void **state)
{
    (void)state;
    static const char fixes[] =
        "fix a all ave/time 2 3 10 c_k c_r[1] ave window 2\n"
        "fix h all ave/histo 1 5 10 -2 2 5 q vq ave running\n"
        "fix c all ave/correlate 3 4 9 c_k c_r[1] type full ave running\n"
        "fix v all vector 4 c_k c_r[2]\n";
    struct adele *one = sim_new("%s%s%srun 50", set_up, measures, fixes);
    struct adele *two =
        sim_new("%s%s%srun 7\nrun 0\nrun 28\nrun 15", set_up, measures, fixes);
    static const char *const id[] = {"a", "h", "c", "v"};
    for (int k = 0; k < 4; k++) {
        const struct outputs *x = &fix_find(one, id[k])->out;
        const struct outputs *y = &fix_find(two, id[k])->out;
        assert_int_equal(x->nvector, y->nvector);
        assert_int_equal(x->nrow, y->nrow);
        for (int64_t i = 0; i < x->nvector; i++)
            assert_true(x->vector[i] == y->vector[i]);
        for (int64_t i = 0; i < x->nrow * x->ncol; i++)
            assert_true(x->array[i] == y->array[i]);
    }
    assert_int_equal(fix_find(one, "v")->out.nrow, 13);
    sim_free(one);
    sim_free(two);
}

/* run N+M = run N, write_restart, read_restart, run M, in all parts of f_ID. */
static void restarts(void **state)
{
    (void)state;
    static const char fixes[] =
        "fix a all ave/time 2 3 10 c_k c_r[1] ave window 2\n"
        "fix b all ave/time 1 4 8 c_C[2] mode vector ave running\n"
        "fix o all ave/time 2 3 10 c_k\n"
        "fix h all ave/histo 1 5 10 -2 2 5 q vq ave window 3\n"
        "fix g all ave/histo 1 9 10 -2 2 5 c_k beyond extra\n"
        "fix c all ave/correlate 3 4 9 c_k c_r[1] type full ave running\n"
        "fix d all ave/correlate 3 4 9 c_k\n"
        "fix v all vector 4 c_k c_r[2]\n"
        "fix w all vector 3 c_k nmaxval 4\n";
    for (int cut = 15; cut <= 18; cut++) {
        struct adele *one = sim_new("%s%s%srun %d\nwrite_restart %s\nrun 30",
                                    set_up, measures, fixes, cut, place("cut"));
        struct adele *two = sim_new("read_restart %s\npair_style elastic\n"
                                    "timestep 0.2\nthermo 1000000\n%s%srun 30",
                                    place("cut"), measures, fixes);
        assert_int_equal(one->fixes.n, two->fixes.n);
        for (int k = 1; k < one->fixes.n; k++) {
            const struct outputs *x = &one->fixes.item[k]->out;
            const struct outputs *y = &two->fixes.item[k]->out;
            assert_int_equal(x->nvector, y->nvector);
            assert_int_equal(x->nrow * x->ncol, y->nrow * y->ncol);
            assert_true(x->scalar == y->scalar);
            for (int64_t i = 0; i < x->nvector; i++)
                assert_true(x->vector[i] == y->vector[i]);
            for (int64_t i = 0; i < x->nrow * x->ncol; i++)
                assert_true(x->array[i] == y->array[i]);
        }
        sim_free(one);
        sim_free(two);
    }
}

static void histograms(void **state)
{
    (void)state;
    struct adele *sim =
        sim_new("%s%sgroup g id 2 5\n"
                "fix a all ave/histo 3 3 15 -0.8 0.7 6 q vq\n"
                "fix g g ave/histo 3 3 15 -0.8 0.7 6 q beyond extra\n"
                "fix e all ave/histo 3 3 15 -0.8 0.7 6 q beyond end ave "
                "running\n"
                "fix k all ave/histo 3 3 15 0 20 4 c_k c_r[1]\n"
                "fix v all ave/histo 3 3 15 -5 5 4 c_C[2] mode vector ave "
                "window 2\n"
                "run 45",
                set_up, measures);
    double count[8] = {0}, end[6] = {0}, missing = 0;
    double least = INFINITY, most = -INFINITY;
    for (int s = 39; s <= 45; s += 3)
        for (int i = 1; i < 5; i += 3) { /* sites 2 and 5 */
            double x = truth.site[s][i];
            int bin = (int)floor((x + 0.8) / 0.25) + 1;
            count[x < -0.8 ? 0 : x > 0.7 ? 7 : bin]++;
            least = fmin(least, x);
            most = fmax(most, x);
        }
    for (int w = 15; w <= 45; w += 15)
        for (int s = w - 6; s <= w; s += 3)
            for (int i = 0; i < NSITE; i++) {
                double x = truth.site[s][i];
                int bin = (int)floor((x + 0.8) / 0.25);
                end[x < -0.8 ? 0 : x > 0.7 ? 5 : bin]++;
                missing += s >= 39 && (x < -0.8 || x > 0.7);
            }
    const struct outputs *g = &fix_find(sim, "g")->out;
    assert_int_equal(g->nrow, 8);
    assert_true(g->vector[0] == 6 && g->vector[1] == 0);
    assert_true(g->vector[2] == least && g->vector[3] == most);
    for (int i = 0; i < 8; i++) {
        assert_close(g->array[3 * i + 1], count[i], 0);
        assert_close(g->array[3 * i + 2], count[i] / 6, 1e-15);
    }
    assert_close(g->array[0], -0.8, 0);
    assert_close(g->array[3], -0.675, 1e-15);
    assert_close(g->array[21], 0.7, 0);
    const struct outputs *e = &fix_find(sim, "e")->out;
    assert_true(e->vector[0] == 9 * NSITE && e->vector[1] == 0);
    for (int i = 0; i < 6; i++)
        assert_close(e->array[3 * i + 1], end[i], 0);
    const struct outputs *a = &fix_find(sim, "a")->out;
    assert_true(a->vector[0] + a->vector[1] == 6 * NSITE);
    assert_true(a->vector[1] >= missing && missing > 0);
    assert_close(a->array[0], -0.675, 1e-15);
    assert_true(fix_find(sim, "k")->out.vector[0] +
                    fix_find(sim, "k")->out.vector[1] ==
                6);
    assert_true(fix_find(sim, "v")->out.vector[0] == 2 * 3 * 4);
    sim_free(sim);
}

/* < x(t) y(t + k) > over the samples of [first, last]. */
static double correlate(const double *x, const double *y, int every, int k,
                        int first, int last, double *count)
{
    double sum = 0;
    *count = 0;
    for (int t = first; t + k * every <= last; t += every) {
        sum += x[t] * y[t + k * every];
        ++*count;
    }
    return *count > 0 ? sum / *count : 0;
}

static void correlations(void **state)
{
    (void)state;
    struct adele *sim = sim_new(
        "%s%s"
        "fix r all ave/correlate 2 5 10 c_k c_r[1] c_r[2] type full ave "
        "running prefactor 3\n"
        "fix o all ave/correlate 2 5 10 c_k\n"
        "fix s all ave/correlate 2 5 10 c_k ave running start 13\n"
        "fix u all ave/correlate 2 5 10 c_k c_r[1] c_r[2] type upper ave "
        "running\n"
        "fix l all ave/correlate 2 5 10 c_k c_r[1] c_r[2] type auto/lower ave "
        "running\n"
        "run 48",
        set_up, measures);
    const double *x[3] = {truth.ke, truth.q, truth.vq};
    double n;
    const struct outputs *r = &fix_find(sim, "r")->out;
    const struct outputs *u = &fix_find(sim, "u")->out;
    const struct outputs *l = &fix_find(sim, "l")->out;
    assert_int_equal(r->ncol, 11);
    assert_int_equal(u->ncol, 5);
    assert_int_equal(l->ncol, 8);
    for (int k = 0; k < 5; k++) {
        const double *row = r->array + 11 * k;
        int up = 2, low = 2;
        assert_close(row[0], 2 * k, 0);
        for (int i = 0; i < 3; i++)
            for (int j = 0; j < 3; j++) {
                double c = correlate(x[i], x[j], 2, k, 0, 40, &n);
                assert_close(row[2 + 3 * i + j], 3 * c, 1e-12);
                if (i < j)
                    assert_close(u->array[5 * k + up++], c, 1e-12);
                if (i >= j)
                    assert_close(l->array[8 * k + low++], c, 1e-12);
            }
        assert_close(row[1], n, 0);
        /* begun anew at 30, with the sample of that step */
        row = fix_find(sim, "o")->out.array + 3 * k;
        double c = correlate(truth.ke, truth.ke, 2, k, 30, 40, &n);
        assert_close(row[1], n, 0);
        assert_close(row[2], c, 1e-12);
        row = fix_find(sim, "s")->out.array + 3 * k;
        c = correlate(truth.ke, truth.ke, 2, k, 14, 40, &n);
        assert_close(row[1], n, 0);
        assert_close(row[2], c, 1e-12);
    }
    sim_free(sim);
}

static void vectors(void **state)
{
    (void)state;
    struct adele *sim = sim_new("%s%s"
                                "fix v all vector 5 c_k\n"
                                "fix a all vector 5 c_k c_r[1] step\n"
                                "fix m all vector 5 c_k nmaxval 3\n"
                                "run 22",
                                set_up, measures);
    const struct outputs *v = &fix_find(sim, "v")->out;
    const struct outputs *a = &fix_find(sim, "a")->out;
    const struct outputs *m = &fix_find(sim, "m")->out;
    assert_int_equal(v->nvector, 5);
    assert_int_equal(a->nrow, 5);
    assert_int_equal(m->nvector, 3);
    for (int i = 0; i < 5; i++) {
        assert_close(v->vector[i], truth.ke[5 * i], tight);
        assert_close(a->array[3 * i + 1], truth.q[5 * i], tight);
        assert_close(a->array[3 * i + 2], 5 * i, 0);
        if (i >= 2)
            assert_close(m->vector[i - 2], truth.ke[5 * i], tight);
    }
    sim_free(sim);
}

/* A window that began before the fix, or was cut, is left out. */
static void cut_windows(void **state)
{
    (void)state;
    struct adele *sim = sim_new("%s%srun 7\n"
                                "fix a all ave/time 1 5 10 step file %s\n"
                                "run 10\nreset_timestep 19\nrun 12",
                                set_up, measures, place("cut_windows"));
    struct table t = rows_of("cut_windows");
    /* 10 began at 6; of 20 the step 18 is missing */
    assert_int_equal(t.nrow, 1);
    assert_true(table_at(&t, 0, 0) == 30 && table_at(&t, 0, 1) == 28);
    table_free(&t);
    sim_free(sim);
}

/* The energy is asked for on the steps of the samples only. */
static void needs(void **state)
{
    (void)state;
    struct adele *sim = sim_new("%s%s"
                                "fix a all ave/time 2 3 10 c_e\n"
                                "fix h all ave/histo 2 3 10 0 1 2 c_e\n"
                                "fix c all ave/correlate 3 2 9 c_e start 12\n"
                                "fix v all vector 4 c_e\n",
                                set_up, measures);
    for (int64_t step = 0; step < 40; step++) {
        bool wanted[4] = {step % 10 == 6 || step % 10 == 8 ||
                              (step % 10 == 0 && step),
                          false, step >= 12 && step % 3 == 0, step % 4 == 0};
        wanted[1] = wanted[0];
        for (int k = 0; k < 4; k++) {
            struct fix *f = sim->fixes.item[k + 1];
            const struct fix_style *s = (const struct fix_style *)f->head.style;
            unsigned bits = s->need(sim, f, step);
            if (step > 0) /* at 0 a window of three may seem due */
                assert_true(((bits & NEED_ENERGY) != 0) == wanted[k]);
        }
    }
    sim_free(sim);
}

static void refused(void **state)
{
    (void)state;
    static const char *const wrong[] = {"ave/time 0 1 1 c_k",
                                        "ave/time 2 3 9 c_k",
                                        "ave/time 2 6 10 c_k",
                                        "ave/time 1 1 1",
                                        "ave/time 1 1 1 c_nothing",
                                        "ave/time 1 1 1 c_C[1]",
                                        "ave/time 1 1 1 c_k ave sometimes",
                                        "ave/time 1 1 1 c_k ave window",
                                        "ave/time 1 1 1 c_k ave window 0",
                                        "ave/time 1 1 1 c_k ave one 3",
                                        "ave/time 1 1 1 c_k off 2",
                                        "ave/time 1 1 1 c_k format %d",
                                        "ave/time 1 1 1 c_k format %g%g",
                                        "ave/time 1 1 1 c_k format %n",
                                        "ave/time 1 1 1 c_k overwrite",
                                        "ave/time 1 1 1 c_k file a append b",
                                        "ave/time 1 1 1 c_k title3 x",
                                        "ave/time 1 1 1 c_k start -1",
                                        "ave/histo 1 1 1 0 0 5 c_k",
                                        "ave/histo 1 1 1 0 1 0 c_k",
                                        "ave/histo 1 1 1 0 1 5 c_k beyond yes",
                                        "ave/histo 1 1 1 0 1 5 banana",
                                        "ave/correlate 2 5 5 c_k",
                                        "ave/correlate 1 5 3 c_k",
                                        "ave/correlate 1 5 10 c_k type upper",
                                        "ave/correlate 1 5 10 c_k ave window 3",
                                        "vector 0 c_k",
                                        "vector 1 c_k nmaxval 0"};
    struct adele *sim = sim_new("%s%s", set_up, measures);
    for (size_t k = 0; k < sizeof wrong / sizeof *wrong; k++)
        if (sim_try(sim, "fix x all %s", wrong[k]))
            fail_msg("`fix x all %s` is accepted", wrong[k]);
    assert_int_equal(sim->fixes.n, 1);
    sim_run(sim, "fix x all ave/time 1 1 1 c_k file %s", place("no/folder"));
    assert_false(sim_try(sim, "run 1"));
    sim_free(sim);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ave_time_modes), cmocka_unit_test(ave_time_vectors),
        cmocka_unit_test(files),          cmocka_unit_test(pieces),
        cmocka_unit_test(restarts),       cmocka_unit_test(histograms),
        cmocka_unit_test(correlations),   cmocka_unit_test(vectors),
        cmocka_unit_test(cut_windows),    cmocka_unit_test(needs),
        cmocka_unit_test(refused),
    };
    return cmocka_run_group_tests(tests, prepare, clean);
}

/* train: what comes out, on whom it does not depend, and how it ends. */

#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "adele.h"
#include "base/mem.h"
#include "plug/registry.h"
#include "plug/setting.h"

#include "close.h"
#include "folder.h"
#include "sim.h"
#include "training.h"

static const char site[] = "g 1.5 t 0 kappa 0.18";
static const char hopping[] = "g 1.5 kappa 0.18";

extern const struct optimizer_style optimizer_adam, optimizer_lbfgs;

/* The optimisers of the program, but they interrupt it at a step. */
static int stop_at, steps_done;

static int stopping_step(struct adele *ctx, struct optimizer *o, double rate,
                         const double *gradient, double *param,
                         optimizer_loss *loss, void *data)
{
    const struct optimizer_style *style =
        o->whole ? &optimizer_lbfgs : &optimizer_adam;
    int status = style->step(ctx, o, rate, gradient, param, loss, data);
    if (++steps_done == stop_at)
        ctx->interrupt = SIGINT;
    return status;
}

static void add_stopping(void)
{
    static struct optimizer_style stopping[2];
    struct adele *sim = sim_new("%s", "");
    stopping[0] = optimizer_adam;
    stopping[1] = optimizer_lbfgs;
    stopping[0].style.name = "stopping";
    stopping[1].style.name = "stopping_lbfgs";
    for (int k = 0; k < 2; k++) {
        stopping[k].step = stopping_step;
        assert_int_equal(registry_add(sim, &stopping[k].style, NULL), 0);
    }
    sim_free(sim);
}

static int make_data(void **state)
{
    if (folder_make(state))
        return -1;
    training_data("site1.h5", site, "mu 0.2 temp 0.5", 1, "");
    training_data("site2.h5", site, "mu 0.2 temp 0.5", 2, "");
    training_data("a.h5", hopping, "mu 0 temp 0.3", 3, "mu around 0.6 2");
    training_data("b.h5", hopping, "filling 0.4 temp 0.3", 4,
                  "mu around 0.6 2");
    training_data("c.h5", hopping, "mu 0 temp 0.3", 5, "mu around 0.6 2");
    add_stopping();
    return 0;
}

/* Sites without hopping: n = 1/(exp(-(g q + mu)/T) + 1) is one sigmoid of the
   site's displacement, which a network of one sigmoid holds exactly.  L-BFGS
   finds it: the error left is that of the last loss that still falls, the
   root of eps. */
static void test_teacher(void **state)
{
    (void)state;
    training_config("site.yaml",
                    "data: ['%s/site1.h5']\nvalidation: ['%s/site2.h5']\n"
                    "target: density\nmu: shift\ndescriptor: field\n"
                    "network: {style: mlp, widths: [1], activation: sigmoid}\n"
                    "optimizer: lbfgs\nepochs: 150\nprecision: double\n"
                    "output: '%s/site.pot'\n");
    training_run("site.yaml", 1);
    assert_true(training_cell("site.pot.csv", -1, 4, NULL) < 1e-7);
    assert_true(training_cell("site.pot.csv", 0, 4, NULL) > 1e-2);
}

/* The same from energies: F = -dE/dq of E(q), and the constant of the energy
   as well. */
static void test_teacher_energy(void **state)
{
    (void)state;
    training_config("energy.yaml",
                    "data: ['%s/site1.h5']\nvalidation: ['%s/site2.h5']\n"
                    "target: energy\ndescriptor: field\n"
                    "network: {style: mlp, widths: [10], activation: tanh}\n"
                    "optimizer: {style: lbfgs, memory: 50}\nepochs: 150\n"
                    "precision: double\noutput: '%s/energy.pot'\n");
    struct adele *sim = training_simulation();
    struct trainer *t = training_new(sim, "energy.yaml");
    assert_int_equal(trainer_run(sim, t), 0);
    assert_true(training_cell("energy.pot.csv", -1, 2, NULL) < 1e-3);
    assert_true(training_cell("energy.pot.csv", -1, 4, NULL) < 1e-2);
    /* E = sum of g q/2 - T ln(1 + exp((g q + mu)/T)), pe without the elastic
       part; forces wrong by 1e-2 over a range of 3 let a site's energy be wrong
       by 3e-2 at most, and its mean is fitted. */
    struct train_item *item = &t->valid.item[0];
    double q[36], gradient[36], exact = 0, energy;
    field_gather(item->s->q, 0, q);
    for (int i = 0; i < 36; i++)
        exact += 0.75 * q[i] - 0.5 * log1p(exp((1.5 * q[i] + 0.2) / 0.5));
    assert_close(item->energy, exact, 1e-10);
    struct potential_run *run = potential_run_new(
        t->place[0].setting, t->p, t->place[0].lat, PRECISION_DOUBLE, true);
    assert_int_equal(potential_gradient(t->place[0].setting, run, item->s->q,
                                        NULL, 0, &energy, gradient, NULL, NULL),
                     0);
    assert_close(energy, exact, 36 * 1e-2);
    potential_run_free(run);
    trainer_free(sim, t);
    sim_free(sim);
}

static const char plain[] =
    "data: ['%s/a.h5', '%s/b.h5']\nvalidation: ['%s/c.h5']\n"
    "target: density\nmu: shift\ndescriptor: field\n"
    "network: {style: conv, channels: [6, 6]}\n"
    "epochs: 6\nbatch: 2\naverage: 0.9\nclip: 1\ndecay: 0.01\ndraws: 2\n"
    "optimizer: {style: stopping, rate: 0.01}\n";

static void config_named(const char *file, const char *more, const char *output)
{
    struct text t = {0};
    text_addf(&t, "%s%soutput: '%%s/%s'\ncurve: '%%s/%s.csv'\n", plain, more,
              output, output);
    training_config(file, t.s);
    text_free(&t);
}

/* Everything but the times of the curve. */
static void same_curve(const char *a, const char *b)
{
    int n, m;
    training_cell(a, -1, 0, &n);
    training_cell(b, -1, 0, &m);
    assert_int_equal(n, m);
    for (int r = 0; r < n; r++)
        for (int c = 0; c < 7; c++)
            assert_close(training_cell(a, r, c, NULL),
                         training_cell(b, r, c, NULL), 0);
}

/* One seed, one file: for any number of threads, and again; another seed
   gives another one. */
static void test_threads(void **state)
{
    (void)state;
    stop_at = 0;
    config_named("one.yaml", "", "one.pot");
    config_named("two.yaml", "", "two.pot");
    training_run("one.yaml", 1);
    training_run("two.yaml", 2);
    char *a = training_read("one.pot", NULL),
         *b = training_read("two.pot", NULL);
    /* The configurations in the head differ in the names of their outputs. */
    char *from = strstr(a, "one.pot"), *to = strstr(b, "two.pot");
    for (; from && to; from = strstr(a, "one.pot"), to = strstr(b, "two.pot"))
        memcpy(from, "two.pot", 7), memcpy(to, "two.qot", 7),
            memcpy(from, "two.qot", 7);
    assert_string_equal(a, b);
    same_curve("one.pot.csv", "two.pot.csv");
    mem_free(a);
    mem_free(b);
    config_named("seed.yaml", "seed: 2\n", "seed.pot");
    training_run("seed.yaml", 1);
    assert_true(training_cell("seed.pot.csv", -1, 4, NULL) !=
                training_cell("one.pot.csv", -1, 4, NULL));
}

/* Stopped after some step (a signal comes at any time), or killed after a
   checkpoint, and started again: the same potential and curve. */
static void stopped(const char *file, int at, int steps)
{
    struct adele *sim = training_simulation();
    struct trainer *t = training_new(sim, file);
    stop_at = at;
    steps_done = 0;
    assert_int_equal(trainer_run(sim, t), ADELE_EINTERRUPT);
    assert_int_equal(steps_done, at);
    trainer_free(sim, t);
    sim->interrupt = 0;
    stop_at = 0;
    t = training_new(sim, file);
    assert_true(t->resumed);
    assert_int_equal(t->step, at);
    assert_int_equal(trainer_run(sim, t), 0);
    assert_int_equal(steps_done, steps);
    trainer_free(sim, t);
    sim_free(sim);
}

static void test_resumed(void **state)
{
    (void)state;
    static const char *const more[] = {
        "", "augment: yes\nprecision: double\n",
        "schedule: {style: plateau, patience: 1, factor: 0.3, warmup: 0.1}\n"};
    /* Two files of 3 frames, 2 draws each, batches of 2: 6 steps an epoch. */
    static const int at[] = {3, 6, 20};
    for (int k = 0; k < 3; k++) {
        stop_at = 0;
        steps_done = 0;
        config_named("whole.yaml", more[k], "whole.pot");
        training_run("whole.yaml", 1);
        assert_int_equal(steps_done, 36);
        assert_int_equal(
            rename(folder_path("whole.pot"), folder_path("first.pot")), 0);
        assert_int_equal(
            rename(folder_path("whole.pot.csv"), folder_path("first.csv")), 0);
        stopped("whole.yaml", at[k], 36);
        training_same("first.pot", "whole.pot");
        same_curve("first.csv", "whole.pot.csv");
        assert_int_not_equal(access(folder_path("whole.pot.checkpoint"), F_OK),
                             0);
    }
}

/* L-BFGS keeps pairs of steps in its checkpoint; an epoch is a step. */
static void test_resumed_lbfgs(void **state)
{
    (void)state;
    training_config("l.yaml",
                    "data: ['%s/site1.h5', '%s/site2.h5']\nsplit: 0.5\n"
                    "target: force\ndescriptor: field\n"
                    "network: {style: mlp, widths: [3], activation: tanh}\n"
                    "optimizer: stopping_lbfgs\nepochs: 12\nprecision: double\n"
                    "batch: 2\noutput: '%s/l.pot'\n");
    stop_at = 0;
    training_run("l.yaml", 1);
    assert_int_equal(rename(folder_path("l.pot"), folder_path("l1.pot")), 0);
    assert_int_equal(rename(folder_path("l.pot.csv"), folder_path("l1.csv")),
                     0);
    stopped("l.yaml", 5, 12);
    training_same("l1.pot", "l.pot");
    same_curve("l1.csv", "l.pot.csv");
}

/* The last line of the curve is the error of the weights in the file: found
   again from the file. */
static void test_last_line(void **state)
{
    (void)state;
    stop_at = 0;
    config_named("last.yaml", "seed: 9\n", "last.pot");
    training_run("last.yaml", 1);
    struct adele *sim = sim_new("%s", "");
    struct word word = {.text = folder_path("c.h5")};
    struct samples *s = samples_open(sim, &word, 1);
    struct adele *set = setting_new(sim, &s->origin, s->lattice[0], NULL);
    struct potential *p = potential_load(set, folder_path("last.pot"), NULL);
    assert_non_null(p);
    struct potential_run *run =
        potential_run_new(set, p, s->lattice[0], PRECISION_DOUBLE, false);
    double n[36], squares = 0, magnitudes = 0;
    int count = 0;
    for (int64_t k = 0; k < s->n; k++) {
        assert_int_equal(potential_predict(set, run, s->item[k].q, NULL,
                                           s->item[k].mu, n, NULL, NULL),
                         0);
        for (int i = 0; i < 36; i++, count++) {
            double error = 1.5 * (n[i] - s->item[k].density[i]);
            squares += error * error;
            magnitudes += fabs(error);
        }
    }
    /* The training computed in single precision. */
    assert_close(training_cell("last.pot.csv", -1, 4, NULL),
                 sqrt(squares / count), 1e-6);
    assert_close(training_cell("last.pot.csv", -1, 5, NULL), magnitudes / count,
                 1e-6);
    /* The file has the density's own error. */
    assert_close(1.5 * p->note.rmse, sqrt(squares / count), 1e-6);
    potential_run_free(run);
    potential_free(set, p);
    setting_free(set);
    samples_free(s);
    sim_free(sim);
}

/* A network that learns one configuration by heart gets worse on others: it
   stops `patience` epochs after the best one, and saves that. */
static void test_early_stop(void **state)
{
    (void)state;
    training_config(
        "stop.yaml",
        "data: ['%s/a.h5']\nvalidation: ['%s/c.h5']\ntarget: force\n"
        "descriptor: {style: irreps, cutoff: 2.3}\n"
        "network: {style: mlp, widths: [40, 40], activation: tanh}\n"
        "optimizer: {rate: 0.01, style: adam}\nschedule: constant\n"
        "epochs: 2000\nbatch: 3\npatience: 7\noutput: '%s/stop.pot'\n");
    training_run("stop.yaml", 1);
    int rows, best = 0;
    training_cell("stop.pot.csv", -1, 0, &rows);
    for (int r = 0; r < rows - 1; r++)
        if (training_cell("stop.pot.csv", r, 4, NULL) <
            training_cell("stop.pot.csv", best, 4, NULL))
            best = r;
    assert_int_equal(rows - 1, best + 1 + 7);
    assert_true(rows < 1900);
    assert_close(training_cell("stop.pot.csv", -1, 0, NULL), best + 1, 0);
    assert_close(training_cell("stop.pot.csv", -1, 4, NULL),
                 training_cell("stop.pot.csv", best, 4, NULL), 1e-9);
}

/* Two sizes of lattices: each batch is of one; every sample takes part once an
   epoch, and a batch that is not full counts by its samples. */
static void test_sizes(void **state)
{
    (void)state;
    training_config("sizes.yaml",
                    "data: ['%s/site1.h5', '%s/site3.h5']\ntarget: density\n"
                    "split: 0.5\nmu: shift\ndescriptor: field\nbatch: 2\n"
                    "network: {style: mlp, widths: [1], activation: sigmoid}\n"
                    "optimizer: lbfgs\nepochs: 150\nprecision: double\n"
                    "output: '%s/sizes.pot'\n");
    struct adele *sim =
        sim_new("lattice square 5 3\nmodel holstein %s\n"
                "electrons mu -0.1 temp 0.5\ndisplace all uniform "
                "-1 1 6\npair_style ed\ndump d all dataset 1 "
                "%s\nrun 0\n",
                site, folder_path("site3.h5"));
    sim_run(sim, "undump d");
    struct trainer *t = training_new(sim, "sizes.yaml");
    assert_int_equal(t->train.n + t->valid.n, 4);
    assert_int_equal(t->nplace, 2);
    assert_int_equal(trainer_run(sim, t), 0);
    assert_true(training_cell("sizes.pot.csv", -1, 4, NULL) < 1e-6);
    trainer_free(sim, t);
    training_config("both.yaml",
                    "data: ['%s/a.h5', '%s/b.h5', '%s/d.h5']\ntarget: density\n"
                    "mu: shift\ndescriptor: field\nbatch: 4\nsplit: 0.01\n"
                    "network: {style: mlp, widths: [1]}\nepochs: 1\n"
                    "output: '%s/both.pot'\n");
    sim_run(sim,
            "clear\nlattice square 5 3\nmodel holstein %s\nelectrons "
            "filling 0.4 temp 0.3\npair_style ed\ndump d all dataset 1 %s "
            "mu around 1 2\nrun 2\nundump d",
            hopping, folder_path("d.h5"));
    t = training_new(sim, "both.yaml");
    int64_t seen[64] = {0}, n = 0;
    for (int64_t k = 0; k < t->nbatch; k++) {
        const struct train_batch *b = &t->batch[k];
        assert_true(b->n >= 1 && b->n <= 4);
        for (int j = 0; j < b->n; j++, n++) {
            int64_t i = t->order[b->first + j];
            assert_int_equal(t->train.item[i].place, b->place);
            assert_int_equal(seen[i]++, 0);
        }
    }
    assert_int_equal(n, t->train.n);
    trainer_free(sim, t);
    sim_free(sim);
}

/* `draws: 2` takes two of the three chemical potentials of each frame, others
   in other epochs. */
static void test_draws(void **state)
{
    (void)state;
    struct adele *sim = training_simulation();
    config_named("draws.yaml", "", "draws.pot");
    struct trainer *t = training_new(sim, "draws.yaml");
    bool same = true;
    int64_t first[64];
    for (t->epoch = 0; t->epoch < 4; t->epoch++) {
        int64_t count[64] = {0}, n = 0;
        assert_int_equal(trainer_plan(sim, t), 0);
        assert_int_equal(t->norder, 2 * 6);
        for (; n < t->norder; n++)
            count[t->order[n] / 3]++;
        for (int f = 0; f < 6; f++)
            assert_int_equal(count[f], 2);
        if (t->epoch == 0)
            memcpy(first, t->order, sizeof first[0] * 12);
        same = same && !memcmp(first, t->order, sizeof first[0] * 12);
    }
    assert_false(same);
    trainer_free(sim, t);
    sim_free(sim);
}

/* Going on from a potential: the first error is its last one. */
static void test_start(void **state)
{
    (void)state;
    struct adele *sim = training_simulation();
    struct train_error e;
    stop_at = 0;
    config_named("first.yaml", "precision: double\n", "start.pot");
    training_run("first.yaml", 1);
    config_named("second.yaml", "precision: double\nstart: '%s/start.pot'\n",
                 "second.pot");
    struct trainer *t = training_new(sim, "second.yaml");
    trainer_touch(t, t->p->param);
    assert_int_equal(trainer_measure(sim, t, &t->valid, &e), 0);
    assert_close(trainer_rmse(t, &e),
                 training_cell("start.pot.csv", -1, 4, NULL), 1e-9);
    trainer_free(sim, t);
    sim_free(sim);
}

/* gain: what the network reads has this standard deviation. */
static void test_gain(void **state)
{
    (void)state;
    double scale[2], q[36], mean = 0, variance = 0;
    for (int k = 0; k < 2; k++) {
        char text[400];
        snprintf(text, sizeof text,
                 "data: ['%%s/site1.h5']\ntarget: density\ndescriptor: field\n"
                 "network: {style: mlp, widths: [2]}\nepochs: 1\ngain: %g\n"
                 "output: '%%s/gain.pot'\n",
                 k ? 0.25 : 1.0);
        training_config("gain.yaml", text);
        struct adele *sim = training_simulation();
        struct trainer *t = training_new(sim, "gain.yaml");
        scale[k] = t->p->in_scale[0];
        int64_t n = t->train.n * 36;
        for (int64_t j = 0; k == 0 && j < t->train.n; j++) {
            field_gather(t->train.item[j].s->q, 0, q);
            for (int i = 0; i < 36; i++) {
                mean += q[i] / (double)n;
                variance += q[i] * q[i] / (double)n;
            }
        }
        trainer_free(sim, t);
        sim_free(sim);
    }
    assert_close(scale[0], sqrt(variance - mean * mean), 1e-9);
    assert_close(scale[1], 4 * scale[0], 1e-12);
}

/* What does not go together, by its words. */
static void test_refused(void **state)
{
    (void)state;
#define TAIL                                                                   \
    "\ndescriptor: field\nnetwork: {style: mlp, widths: [3]}\nepochs: 2\n"     \
    "output: '%s/r.pot'\n"
    training_refused("data: ['%s/a.h5', '%s/b.h5']\ntarget: density" TAIL,
                     "ERROR: refused.yaml:1:8: data that do not belong "
                     "together: electrons is mu 0 in a.h5 and filling 0.4 in "
                     "b.h5; a network with mu: none holds for one of them");
    training_refused("data: ['%s/a.h5']\nvalidation: ['%s/b.h5']\ntarget: "
                     "density" TAIL,
                     "ERROR: refused.yaml:2:14: data that do not belong "
                     "together: electrons is mu 0 in a.h5 and filling 0.4 in "
                     "b.h5");
    training_refused("data: ['%s/a.h5']\nvalidation: ['%s/site1.h5']\ntarget: "
                     "density" TAIL,
                     "ERROR: refused.yaml:2:14: data that do not belong "
                     "together: t is 1 in a.h5 and 0 in site1.h5");
    training_refused("data: ['%s/a.h5']\nvalidation: ['%s/a.h5']\ntarget: "
                     "density" TAIL,
                     "ERROR: refused.yaml:2:14: train: 'a.h5' is a file to "
                     "learn from: it cannot measure the error");
    training_refused("data: ['%s/a.h5']\ntarget: force\nmu: shift" TAIL,
                     "ERROR: refused.yaml:3:5: mu shift goes with target "
                     "density or energy: the elastic part of a total force "
                     "does not depend on mu like a displacement");
    training_refused("data: ['%s/a.h5']\nsplit: 0.1\ntarget: force" TAIL,
                     "ERROR: refused.yaml:2:8: train: split: needs two data "
                     "files at least (trajectories are held out whole)");
    training_refused("data: ['%s/a.h5']\nsplit: 1.5\ntarget: force" TAIL,
                     "ERROR: refused.yaml:2:8: train: split is a fraction of "
                     "the files, below 1, not 1.5");
    training_refused("data: ['%s/a.h5']\ntarget: force\nclip: 1\noptimizer: "
                     "lbfgs" TAIL,
                     "ERROR: refused.yaml:1:1: train: clip and decay change "
                     "single steps; optimizer lbfgs searches along lines of "
                     "the whole loss");
    training_refused("data: ['%s/a.h5']\ntarget: force\nloss: {energy: 1}" TAIL,
                     "ERROR: refused.yaml:3:16: train: loss: energy goes with "
                     "target: energy");
    training_refused("data: ['%s/a.h5']\ntarget: force\nschedule: cosine\n"
                     "optimizer: {style: adam, warmup: 0.1}" TAIL,
                     "ERROR: refused.yaml:4:34: train: the schedule stands in "
                     "`schedule` already");
    training_refused(
        "data: ['%s/a.h5']\ntarget: force\nepochs: 2\noutput: "
        "'%s/none/r.pot'\ndescriptor: field\nnetwork: {style: mlp, "
        "widths: [3]}\n",
        "ERROR: refused.yaml:4:9: train: cannot write to the "
        "folder of 'none/r.pot': No such file or directory");
    training_refused("data: ['%s/a.h5']\ntarget: force\ndescriptor: field\n"
                     "epochs: 2\noutput: '%s/r.pot'\n",
                     "ERROR: refused.yaml:1:1: train: network must be given, "
                     "as in `network: {style: conv}`");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_teacher),
        cmocka_unit_test(test_teacher_energy),
        cmocka_unit_test(test_threads),
        cmocka_unit_test(test_resumed),
        cmocka_unit_test(test_resumed_lbfgs),
        cmocka_unit_test(test_last_line),
        cmocka_unit_test(test_early_stop),
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_draws),
        cmocka_unit_test(test_start),
        cmocka_unit_test(test_gain),
        cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests_name("train", tests, make_data, folder_drop);
}

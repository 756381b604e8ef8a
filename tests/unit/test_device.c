/* Leads in data and potentials: what is recorded, what belongs together, how a
   network reads the bias.  Labels come from pair_style ed made to pass for a
   style that knows leads; nothing here depends on their values. */

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
#include "plug/pair.h"
#include "plug/samples.h"
#include "potentials.h"
#include "sim.h"
#include "simulation.h"

static const char lattice[] = "boundary f p\nlattice square 5 4\n"
                              "model holstein t 1 g -1.5 k 1 kappa 0.18\n";
static const char leads[] = "lead L left gamma 1 mu 2.5 temp 0.1\n"
                            "lead R right gamma 1 mu 0 temp 0.1\n"
                            "lead B all gamma 0.001 mu 0 temp 0.1\n";
static const char mlp[] = "mlp widths 6 4 activation tanh";
enum { SITES = 20 };

static void remember(struct adele *sim, struct potential *p)
{
    assert_int_equal(leads_update(sim), 0);
    assert_int_equal(lead_list_now(sim, &p->origin.leads), 0);
}

/* A potential for the device of `sim`, whose leads it remembers. */
static struct potential *potential_of(struct adele *sim, enum potential_mu mu)
{
    struct words d = words_of("field"), n = words_of(mlp);
    struct potential_geometry g = {.polar = {true}, .nlead = sim->leads.n};
    struct potential *p = potential_new(sim, &d, &n, TARGET_DENSITY, mu, &g);
    if (!p)
        fail_msg("%s", adele_error(sim));
    net_initialise(&p->net, 3, p->param);
    potential_belongs(sim, p);
    remember(sim, p);
    words_free(&d), words_free(&n);
    return p;
}

/* What potential_check says in another device; "" when nothing. */
static void check_in(const struct potential *p, bool force, const char *others,
                     char message[512])
{
    struct adele *sim = sim_new("%s%s", lattice, others);
    struct where where = {0};
    assert_int_equal(leads_update(sim), 0);
    int status = potential_check(sim, p, force, false, &where);
    snprintf(message, 512, "%s", status ? adele_error(sim) : "");
    error_clear(sim);
    sim_free(sim);
}

static void potentials_belong_to_their_leads(void **state)
{
    (void)state;
    static const struct {
        const char *leads, *none, *input; /* errors with mu: none, mu: input */
    } cases[] = {
        {leads, "", ""},
        /* names and order do not count, places do */
        {"lead b all gamma 0.001 mu 0 temp 0.1\n"
         "lead r right gamma 1 mu 0 temp 0.1\n"
         "lead l left gamma 1 mu 2.5 temp 0.1\n",
         "", ""},
        /* electrons only fill in */
        {"electrons mu 0 temp 0.1\nlead L left gamma 1 mu 2.5\n"
         "lead R right gamma 1\nlead B all gamma 0.001\n",
         "", ""},
        {"lead L left gamma 1 mu 2 temp 0.1\n"
         "lead R right gamma 1 mu 0 temp 0.1\n"
         "lead B all gamma 0.001 mu 0 temp 0.1\n",
         "it was made with lead L left mu 2.5, here is lead L left mu 2;", ""},
        {"lead L left gamma 1 mu 2.5 temp 0.1\n"
         "lead R right gamma 1 mu 0 temp 0.2\n"
         "lead B all gamma 0.001 mu 0 temp 0.1\n",
         "it was made with lead R right temp 0.1, here is lead R right temp "
         "0.2;",
         "made with lead R right temp 0.1, here is lead R right temp 0.2;"},
        {"lead L left gamma 1 mu 2.5 temp 0.1\n"
         "lead R right gamma 1 mu 0 temp 0.1\n"
         "lead B all gamma 0.01 mu 0 temp 0.1\n",
         "it was made with lead B all gamma 0.001, here is lead B all gamma "
         "0.01;",
         "made with lead B all gamma 0.001, here is lead B all gamma 0.01;"},
        {"lead L left gamma 1 mu 2.5 temp 0.1\n"
         "lead R right gamma 1 mu 0 temp 0.1\n",
         "it was made with leads L left, R right, B all, here is leads L left, "
         "R right;",
         "made with leads L left, R right, B all, here is leads L left, R "
         "right;"},
        {"electrons mu 0 temp 0.1\n",
         "it was made with leads L left, R right, B all, here is no leads;",
         "made with leads L left, R right, B all, here is no leads;"}};
    struct adele *sim = sim_new("%s%s", lattice, leads);
    struct potential *none = potential_of(sim, POTENTIAL_MU_NONE);
    struct potential *input = potential_of(sim, POTENTIAL_MU_INPUT);
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        char message[512];
        check_in(none, false, cases[k].leads, message);
        if (!strstr(message, cases[k].none) || (!*cases[k].none && *message))
            fail_msg("%s: %s", cases[k].none, message);
        check_in(input, false, cases[k].leads, message);
        if (!strstr(message, cases[k].input) || (!*cases[k].input && *message))
            fail_msg("%s: %s", cases[k].input, message);
        check_in(none, true, cases[k].leads, message);
        assert_string_equal(message, "");
    }
    potential_free(sim, none);
    potential_free(sim, input);
    sim_free(sim);
}

/* One that was made without leads does not know what they do. */
static void isolated_potentials_are_refused(void **state)
{
    (void)state;
    char message[512];
    struct adele *sim = sim_new("%selectrons mu 0 temp 0.1\n", lattice);
    struct potential *p = potential_random(sim, "field", mlp, TARGET_DENSITY,
                                           POTENTIAL_MU_NONE, 3);
    check_in(p, false, "electrons mu 0 temp 0.1\n", message);
    assert_string_equal(message, "");
    check_in(p, false, "electrons mu 0 temp 0.1\nlead L left gamma 1\n",
             message);
    assert_non_null(strstr(message, "it was made with no leads, here is lead L "
                                    "left;"));
    potential_free(sim, p);
    sim_free(sim);
}

static void predict(struct adele *sim, struct potential *p, double *out)
{
    struct potential_run *r =
        potential_run_new(sim, p, sim->lat, PRECISION_DOUBLE, false);
    assert_non_null(r);
    assert_int_equal(leads_update(sim), 0);
    sim_randomise(sim, 1.5, 4);
    assert_int_equal(potential_predict(sim, r, sim->state.displacement, NULL,
                                       NAN, out, NULL, NULL),
                     0);
    potential_run_free(r);
}

static double distance(const double *a, const double *b)
{
    double worst = 0;
    for (int i = 0; i < SITES; i++)
        worst = fmax(worst, fabs(a[i] - b[i]));
    return worst;
}

/* With mu: input each lead is a channel, found by its place: another order in
   the deck gives the same bits, another bias other densities, and exchanged
   biases yet others. */
static void networks_read_the_bias(void **state)
{
    (void)state;
    struct adele *sim = sim_new("%s%s", lattice, leads);
    struct potential *p = potential_of(sim, POTENTIAL_MU_INPUT);
    double made[SITES], y[SITES];
    assert_int_equal(p->nin, 4);
    predict(sim, p, made);
    sim_run(sim, "unlead L\nlead l left gamma 1 mu 2.5 temp 0.1\n");
    assert_string_equal(sim->leads.item[2]->id, "l");
    predict(sim, p, y);
    assert_true(distance(made, y) == 0);
    sim_run(sim, "lead l left gamma 1 mu 2 temp 0.1\n");
    predict(sim, p, y);
    assert_true(distance(made, y) > 1e-3);
    sim_run(sim, "lead l left gamma 1 mu 0 temp 0.1\n"
                 "lead R right gamma 1 mu 2.5 temp 0.1\n");
    double exchanged[SITES];
    predict(sim, p, exchanged);
    assert_true(distance(made, exchanged) > 1e-3);
    assert_true(distance(y, exchanged) > 1e-3);
    potential_free(sim, p);
    sim_free(sim);
}

static void files_keep_the_leads(void **state)
{
    (void)state;
    struct where where = {0};
    int error;
    for (int mu = 0; mu < 3; mu += 2) {
        struct adele *sim = sim_new("%s%s", lattice, leads);
        struct potential *p = potential_of(sim, (enum potential_mu)mu);
        p->origin.leads.item[0].mu[0] = 0.1;
        assert_int_equal(potential_save(sim, p, "a.yaml"), 0);
        struct potential *back = potential_load(sim, "a.yaml", &where);
        if (!back)
            fail_msg("%s", adele_error(sim));
        assert_int_equal(potential_save(sim, back, "b.yaml"), 0);
        char *a = file_read_all("a.yaml", NULL, &error);
        char *b = file_read_all("b.yaml", NULL, &error);
        assert_string_equal(a, b);
        assert_non_null(strstr(
            a,
            "\nleads:\n"
            "  - {id: L, place: left, gamma: 1, temp: 0.1, mu: [0.1, 2.5]}\n"
            "  - {id: R, place: right, gamma: 1, temp: 0.1, mu: [0, 0]}\n"
            "  - {id: B, place: all, gamma: 0.001, temp: 0.1, mu: [0, 0]}\n"));
        assert_int_equal(back->nin, mu ? 4 : 1);
        mem_free(a), mem_free(b);
        potential_free(sim, p);
        potential_free(sim, back);
        sim_free(sim);
    }
}

/* Frames of a ramp: mu_L = step/4 at the steps that are written. */
static void make_data(const char *file, const char *others, const char *bias)
{
    struct adele *sim =
        sim_new("%selectrons mu 0 temp 0.1\nvariable bias equal "
                "%s\n%slead L left gamma 1 mu v_bias\n"
                "pair_style ed\ndisplace all uniform -1 1 8\n"
                "fix move all brownian 0.1 3 gamma_t 1\n"
                "timestep 0.1\n",
                lattice, bias, others);
    sim->pair->leads = true;
    sim_run(sim, "dump d all dataset 2 %s\nrun 8\n", file);
    sim_free(sim);
}

static struct samples *open_samples(struct adele *ctx, const char *names)
{
    struct words w = words_of(names);
    struct samples *s = samples_open(ctx, w.word, w.n);
    words_free(&w);
    return s;
}

static void datasets_record_each_frame(void **state)
{
    (void)state;
    struct adele *ctx = adele_new(NULL, NULL);
    make_data("ramp.h5", "lead R right gamma 0.7 mu -0.5\n", "step/4");
    struct samples *s = open_samples(ctx, "ramp.h5");
    if (!s)
        fail_msg("%s", adele_error(ctx));
    const struct lead_list *l = &s->origin.leads;
    assert_int_equal(l->n, 2);
    assert_string_equal(l->item[0].place, "right");
    assert_string_equal(l->item[1].id, "L");
    assert_true(l->item[0].gamma == 0.7 && l->item[0].temp == 0.1);
    assert_true(l->item[0].mu[0] == -0.5 && l->item[0].mu[1] == -0.5);
    assert_true(l->item[1].mu[0] == 0 && l->item[1].mu[1] == 2);
    assert_int_equal(s->n, 5);
    for (int k = 0; k < 5; k++) {
        assert_true(s->item[k].lead_mu[0] == -0.5);
        assert_true(s->item[k].lead_mu[1] == 0.25 * (double)s->item[k].step);
    }
    samples_free(s);
    adele_free(ctx);
}

/* Data of other leads do not mix, and a file goes on only with its own. */
static void mixtures_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *others, *error;
    } cases[] = {
        {"", "what couples to electrodes is leads R right, L left in a.h5 and "
             "lead L left in b.h5"},
        {"lead R right gamma 0.8 mu -0.5\n",
         "lead R right gamma 0.7 in a.h5 and lead R right gamma 0.8 in b.h5"},
        {"lead R right gamma 0.7 mu -0.5 temp 0.2\n",
         "lead R right temp 0.1 in a.h5 and lead R right temp 0.2 in b.h5"},
        {"lead R right gamma 0.7 mu 1\n", NULL}};
    make_data("a.h5", "lead R right gamma 0.7 mu -0.5\n", "step/4");
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        struct adele *ctx = adele_new(NULL, NULL);
        make_data("b.h5", cases[k].others, "1.5");
        struct samples *s = open_samples(ctx, "a.h5 b.h5");
        if (!cases[k].error) {
            assert_non_null(s);
            assert_true(s->origin.leads.item[0].mu[1] == 1);
        } else {
            assert_null(s);
            if (!strstr(adele_error(ctx), cases[k].error))
                fail_msg("%s", adele_error(ctx));
        }
        samples_free(s);
        adele_free(ctx);
    }
    struct adele *sim = sim_new("%selectrons mu 0 temp 0.1\npair_style ed\n"
                                "dump d all dataset 1 a.h5\n"
                                "dump_modify d append yes\n",
                                lattice);
    assert_int_not_equal(adele_command(sim, "run 0\n"), 0);
    assert_non_null(strstr(adele_error(sim), "leads is given there and not "
                                             "used here"));
    error_clear(sim);
    sim_free(sim);
}

static void write_config(const char *mu, const char *more)
{
    FILE *f = fopen("train.yaml", "w");
    assert_non_null(f);
    fprintf(f,
            "data: [%s]\ntarget: density\nmu: %s\ndescriptor: field\n"
            "network: {style: conv, channels: [4]}\nepochs: 2\n"
            "output: device.yaml\n%s",
            more, mu, "position: {lengths: [2]}\n");
    fclose(f);
}

/* From data to a potential: the axis between the electrodes is polar, one bias
   or channels for all of them, and the deck that uses it needs no electrons. */
static void trainings_know_the_bias(void **state)
{
    (void)state;
    int error;
    struct adele *sim = adele_new(NULL, NULL);
    make_data("ramp.h5", "lead R right gamma 0.7 mu -0.5\n", "step/4");
    make_data("fixed.h5", "lead R right gamma 0.7 mu -0.5\n", "1.5");
    write_config("none", "ramp.h5");
    assert_int_not_equal(adele_command(sim, "train train.yaml\n"), 0);
    assert_non_null(strstr(adele_error(sim),
                           "mu of lead L is 0 to 2 in the data; a network with "
                           "mu: none holds for one bias"));
    error_clear(sim);
    write_config("shift", "ramp.h5");
    assert_int_not_equal(adele_command(sim, "train train.yaml\n"), 0);
    assert_non_null(strstr(adele_error(sim), "the data have leads"));
    error_clear(sim);
    for (int k = 0; k < 2; k++) {
        write_config(k ? "input" : "none",
                     k ? "ramp.h5, fixed.h5" : "fixed.h5");
        sim_run(sim, "train train.yaml\n");
        char *a = file_read_all("device.yaml", NULL, &error);
        assert_non_null(strstr(a, "\npolar: [x]\nposition: {axis: x, lengths: "
                                  "[2], coordinate: yes}\nextent: [5, 5]\n"));
        assert_non_null(
            strstr(a, k ? "inputs:\n  count: 6\n" : "inputs:\n  count: 4\n"));
        mem_free(a);
        struct adele *use = sim_new("%slead L left gamma 1 mu 1.5 temp 0.1\n"
                                    "lead R right gamma 0.7 mu -0.5 temp 0.1\n"
                                    "pair_style ml device.yaml\n"
                                    "fix move all brownian 0.1 3 gamma_t 1\n"
                                    "timestep 0.1\nrun 2\n"
                                    "validate device.yaml fixed.h5\n",
                                    lattice);
        assert_true(use->pair->leads);
        assert_false(use->pair->gives & NEED_ENERGY);
        double *n = simulated_column(use, "n"), sum = 0, number, mu;
        for (int i = 0; i < SITES; i++)
            sum += n[i];
        assert_int_equal(adele_evaluate(use, "number", &number), 0);
        assert_close(number, sum, 1e-12);
        assert_int_not_equal(adele_evaluate(use, "mu", &mu), 0); /* nan */
        error_clear(use);
        free(n);
        sim_free(use);
    }
    adele_free(sim);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(potentials_belong_to_their_leads),
        cmocka_unit_test(isolated_potentials_are_refused),
        cmocka_unit_test(networks_read_the_bias),
        cmocka_unit_test(files_keep_the_leads),
        cmocka_unit_test(datasets_record_each_frame),
        cmocka_unit_test(mixtures_are_refused),
        cmocka_unit_test(trainings_know_the_bias)};
    return cmocka_run_group_tests(tests, folder_enter, folder_leave);
}

/* train: the gradient of the whole loss against finite differences, for all
   targets, losses and ways of seeing mu. */

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

#include "close.h"
#include "folder.h"
#include "sim.h"
#include "training.h"

static int make_data(void **state)
{
    if (folder_make(state))
        return -1;
    training_data("a.h5", "g 1.5 kappa 0.18", "mu 0.1 temp 0.3", 11,
                  "mu around 0.5 2");
    training_data("b.h5", "g 1.5 kappa 0.18", "filling 0.5 temp 0.3", 12,
                  "mu around 0.5 2");
    return 0;
}

static double whole_loss(struct adele *sim, struct trainer *t,
                         const double *param, double *gradient)
{
    int64_t which[64];
    double loss = 0;
    int n = (int)t->train.n;
    int op[64];
    for (int k = 0; k < n; k++) {
        which[k] = k;
        op[k] = t->c.augment ? k % t->place[0].nop : -1;
    }
    trainer_touch(t, param);
    if (gradient)
        memset(gradient, 0, (size_t)t->nparam * sizeof *gradient);
    for (int k = 0; k < n; k += t->place[0].nimage) {
        int m = n - k < t->place[0].nimage ? n - k : t->place[0].nimage;
        if (trainer_loss(sim, t, 0, m, which + k, &t->train, op + k,
                         (double)m / n, &loss, NULL, gradient))
            fail_msg("%s", adele_error(sim));
    }
    return loss;
}

/* Along random directions.  Central differences of step h have an error of
   h^2 L'''/6 and eps L/h: with h = 1e-5 and L of order one, 1e-10 and
   1e-11; the directions have unit length. */
static void check(const char *keys)
{
    struct adele *sim = sim_new("%s", "");
    struct text t = {0};
    text_addf(&t,
              "data: ['%%s/a.h5', '%%s/b.h5']\n%s\nepochs: 1\nprecision: "
              "double\nthreads: 1\noutput: '%%s/out.yaml'\n",
              keys);
    training_config("train.yaml", t.s);
    text_free(&t);
    struct trainer *trainer = training_new(sim, "train.yaml");
    size_t n = (size_t)trainer->nparam;
    double *p = calloc(n, 8), *g = calloc(n, 8), *d = calloc(n, 8),
           *q = calloc(n, 8);
    const double h = 1e-5;
    for (size_t k = 0; k < n; k++)
        p[k] = trainer->p->param[k] + 0.1 * sim_random(3, (int64_t)k);
    double loss = whole_loss(sim, trainer, p, g);
    assert_true(loss > 1e-3);
    for (int j = 0; j < 4; j++) {
        double norm = 0, exact = 0, up, down;
        for (size_t k = 0; k < n; k++) {
            d[k] = sim_random((uint32_t)(50 + j), (int64_t)k);
            norm += d[k] * d[k];
        }
        for (size_t k = 0; k < n; k++) {
            d[k] /= sqrt(norm);
            exact += d[k] * g[k];
            q[k] = p[k] + h * d[k];
        }
        up = whole_loss(sim, trainer, q, NULL);
        for (size_t k = 0; k < n; k++)
            q[k] = p[k] - h * d[k];
        down = whole_loss(sim, trainer, q, NULL);
        assert_true(fabs(exact) > 1e-6);
        assert_close((up - down) / (2 * h), exact, 1e-8 * (1 + loss));
    }
    free(p);
    free(g);
    free(d);
    free(q);
    trainer_free(sim, trainer);
    sim_free(sim);
}

#define NET "network: {style: mlp, widths: [7, 5], activation: tanh}\n"
#define IRREPS "descriptor: {style: irreps, cutoff: 1.5}\n"
#define FIELD "descriptor: {style: field}\n"

static void test_density(void **state)
{
    (void)state;
    check("target: density\nmu: shift\nbatch: 4\n" FIELD NET);
    check("target: density\nmu: input\nbatch: 18\nloss: {style: huber, delta: "
          "0.3, weight: 2}\n" IRREPS NET);
}

static void test_force(void **state)
{
    (void)state;
    check("target: force\nmu: input\nbatch: 5\naugment: yes\n" IRREPS NET);
    check(
        "target: force\nmu: input\nbatch: 1\nmemory: 0\nloss: mae\n" FIELD NET);
}

static void test_energy(void **state)
{
    (void)state;
    check("target: energy\nmu: shift\nbatch: 4\n" FIELD NET);
    check(
        "target: energy\nmu: shift\nbatch: 5\naugment: yes\nloss: {style: mse, "
        "energy: 3}\n" IRREPS NET);
    check("target: energy\nmu: input\nbatch: 18\nloss: {style: huber, delta: "
          "0.5, energy: 1, weight: 1}\n" FIELD NET);
}

/* Lattice convolutions: energies of a site depend on its neighbours. */
static void test_convolution(void **state)
{
    (void)state;
    const char *net = "network: {style: conv, channels: [4, 4]}\n";
    struct text t = {0};
    text_addf(&t, "target: energy\nmu: shift\nbatch: 4\n" FIELD "%s", net);
    check(t.s);
    text_clear(&t);
    text_addf(&t, "target: density\nmu: shift\nbatch: 4\n" FIELD "%s", net);
    check(t.s);
    text_free(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_density), cmocka_unit_test(test_force),
        cmocka_unit_test(test_energy), cmocka_unit_test(test_convolution)};
    return cmocka_run_group_tests_name("train_gradient", tests, make_data,
                                       folder_drop);
}

/* Forces from poles and selected inversion: against exact diagonalisation and
   the Chebyshev expansion, and in their growth with the lattice.

   Half-filled quenches at T = 0.1 with tol 1e-8, a step of the dynamics each:
   what it costs to find mu is in it. */

#include "bench.h"

#include <math.h>
#include <string.h>
#include <sys/resource.h>

enum { ROUNDS = 10 };

/* The mean passes a step, from what a run prints. */
static void read_passes(void *user, const char *text)
{
    const char *at = strstr(text, "pair_style pole: ");

    if (at && strstr(at, "passes a solution"))
        *(double *)user = strtod(at + strlen("pair_style pole: "), NULL);
}

static struct adele *quench_to(int length, const char *style,
                               void (*print)(void *user, const char *text),
                               void *user)
{
    char deck[1024];
    struct adele *sim = adele_new(print, user);

    snprintf(deck, sizeof deck,
             "lattice square %d %d\n"
             "model holstein t 1 g 3.5 k 1 kappa 0.18 mass 1\n"
             "electrons filling 0.5 temp 0.1\n"
             "displace all uniform -3 3 4711\n"
             "pair_style %s\n"
             "fix move all nve\n"
             "fix bath all langevin 0.1 0.1 11.1 90210\n"
             "thermo 100000\n"
             "timestep 0.022\n",
             length, length, style);
    if (!sim) {
        fprintf(stderr, "out of memory\n");
        exit(2);
    }
    bench_command(sim, deck);
    return sim;
}

static struct adele *quench(int length, const char *style)
{
    return quench_to(length, style, NULL, NULL);
}

struct bench {
    struct adele *pole, *ed;
};

static void pole_step(void *data)
{
    bench_command(((struct bench *)data)->pole, "run 1 pre no post no");
}

static void ed_step(void *data)
{
    bench_command(((struct bench *)data)->ed, "run 1 pre no post no");
}

/* Shortest of some steps after the prediction of mu has settled. */
static double step_time(struct bench *b, int length, int warm)
{
    char run[64];
    double best = 1e300;

    b->pole = quench(length, "pole tol 1e-8");
    snprintf(run, sizeof run, "run %d post no", warm);
    bench_command(b->pole, run);
    for (int k = 0; k < ROUNDS; k++) {
        double begin = wall_time();

        pole_step(b);
        best = fmin(best, wall_time() - begin);
    }
    adele_free(b->pole);
    return best;
}

/* The first forces of a run, with the analysis of the lattice and the fits of
   poles, which later steps find made. */
static double first_time(void)
{
    double best = 1e300;

    for (int k = 0; k < ROUNDS; k++) {
        struct adele *sim = quench(40, "pole tol 1e-8");
        double begin = wall_time();

        bench_command(sim, "run 0 post no");
        best = fmin(best, wall_time() - begin);
        adele_free(sim);
    }
    return best;
}

/* The passes of steps 10 to 110 of the quench at 40x40. */
static double mean_passes(void)
{
    double passes = NAN;
    struct adele *sim = quench_to(40, "pole tol 1e-8", read_passes, &passes);

    bench_command(sim, "run 10 post no");
    bench_command(sim, "run 100");
    adele_free(sim);
    return passes;
}

/* The least order, in steps of a tenth, at which the largest error of a force
   is below 1e-8. */
static int kpm_order_for(double *error)
{
    struct adele *sim = quench(40, "ed");
    int order = 500;

    for (;; order += order / 10) {
        char deck[80];

        snprintf(deck, sizeof deck, "compute e all force/error kpm order %d",
                 order);
        bench_command(sim, deck);
        if (adele_evaluate(sim, "c_e[3]", error)) {
            fprintf(stderr, "%s", adele_error(sim));
            exit(2);
        }
        if (*error <= 1e-8 || order > 100000)
            break;
        bench_command(sim, "uncompute e");
    }
    adele_free(sim);
    return order;
}

static double kpm_time(int order)
{
    char style[40];
    struct bench b = {0};
    double best = 1e300;

    snprintf(style, sizeof style, "kpm order %d", order);
    b.pole = quench(40, style);
    bench_command(b.pole, "run 1 post no");
    for (int k = 0; k < 2; k++) {
        double begin = wall_time();

        pole_step(&b);
        best = fmin(best, wall_time() - begin);
    }
    adele_free(b.pole);
    return best;
}

static double resident_bytes(void)
{
    struct rusage use;

    return getrusage(RUSAGE_SELF, &use) ? NAN : 1024.0 * (double)use.ru_maxrss;
}

int main(void)
{
    struct bench b = {0};
    double pole, ed, t100, t64, t256, t200, kpm, first, error;
    int status = 0, order;

    b.pole = quench(40, "pole tol 1e-8");
    b.ed = quench(40, "ed");
    bench_command(b.pole, "run 10 post no");
    bench_command(b.ed, "run 1 post no");
    bench_pair(pole_step, ed_step, &b, ROUNDS, &pole, &ed);
    adele_free(b.pole);
    adele_free(b.ed);
    status |= bench_report("pole step / ed step at 40x40", pole / ed, 1.0 / 40);
    status |= bench_report("pole: passes a step, steps 10 to 110 at 40x40",
                           mean_passes(), 1.25);
    first = first_time();
    printf("pole: first forces of a run at 40x40, with its set-up: %.3g ms, "
           "1/%.0f of an ed step\n",
           1e3 * first, ed / first);
    order = kpm_order_for(&error);
    kpm = kpm_time(order);
    printf(
        "kpm at the same accuracy at 40x40: order %d, error of a force %.2g, "
        "%.3g ed steps, %.0f pole steps\n",
        order, error, kpm / ed, kpm / pole);
    t100 = step_time(&b, 100, 6);
    status |= bench_report("pole / ed at 100x100, ed as N^3 from 40x40",
                           t100 / (ed * pow(6.25, 3)), 1.0 / 500);
    t200 = step_time(&b, 200, 5);
    status |= bench_report("pole at 200x200 / 1.5 s", t200 / 1.5, 1);
    status |= bench_report("pole: resident memory at 200x200 / 1 GiB",
                           resident_bytes() / (1024.0 * 1024 * 1024), 1);
    t64 = step_time(&b, 64, 6);
    t256 = step_time(&b, 256, 5);
    status |= bench_report("pole: exponent of N from 64x64 to 256x256",
                           log(t256 / t64) / log(16), 1.6);
    return status;
}

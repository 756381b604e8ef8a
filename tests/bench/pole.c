/* Forces from poles and selected inversion: against exact diagonalisation, and
   in their growth with the lattice.

   Half-filled quenches at T = 0.1 with tol 1e-8, a step of the dynamics each:
   what it costs to find mu is in it. */

#include "bench.h"

#include <math.h>

enum { ROUNDS = 5 };

static struct adele *quench(int length, const char *style)
{
    char deck[1024];

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
    return bench_new(deck);
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

int main(void)
{
    struct bench b = {0};
    double pole, ed, t100, t64, t256, t200;
    int status = 0;

    b.pole = quench(40, "pole tol 1e-8");
    b.ed = quench(40, "ed");
    bench_command(b.pole, "run 10 post no");
    bench_command(b.ed, "run 1 post no");
    bench_pair(pole_step, ed_step, &b, ROUNDS, &pole, &ed);
    adele_free(b.pole);
    adele_free(b.ed);
    status |= bench_report("pole step / ed step at 40x40", pole / ed, 1.0 / 40);
    t100 = step_time(&b, 100, 6);
    status |= bench_report("pole / ed at 100x100, ed as N^3 from 40x40",
                           t100 / (ed * pow(6.25, 3)), 1.0 / 500);
    t64 = step_time(&b, 64, 6);
    t256 = step_time(&b, 256, 5);
    status |= bench_report("pole: exponent of N from 64x64 to 256x256",
                           log(t256 / t64) / log(16), 1.6);
    t200 = step_time(&b, 200, 5);
    status |= bench_report("pole at 200x200 / 1.5 s", t200 / 1.5, 1);
    return status;
}

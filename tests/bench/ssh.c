/* Forces on bonds with second neighbours: a step of `pair_style pole` against
   one of exact diagonalisation, 50x50 sites of the published Peierls model
   [Jang2025] in a thermal state, half filled, at T = 0.001 and 0.05. */

#include "bench.h"

#include <math.h>

enum { ROUNDS = 3 };

static struct adele *quench(double temp, const char *style)
{
    char deck[1024];
    struct adele *sim = adele_new(NULL, NULL);

    snprintf(deck, sizeof deck,
             "lattice square 50 50\n"
             "model ssh t 2.5 t2 0.5 alpha 4 k 30 kappa 4 mass 1\n"
             "electrons filling 0.5 temp %g\n"
             "displace all gaussian 0.03 4711\n"
             "pair_style %s\n"
             "fix move all nve\n"
             "fix bath all langevin %g %g 1 90210\n"
             "thermo 100000\n"
             "timestep 0.01\n",
             temp, style, temp, temp);
    if (!sim) {
        fprintf(stderr, "out of memory\n");
        exit(2);
    }
    bench_command(sim, deck);
    return sim;
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

static double ratio(double temp)
{
    struct bench b = {quench(temp, "pole tol 1e-8"), quench(temp, "ed")};
    double pole, ed;

    bench_command(b.pole, "run 10 post no");
    bench_command(b.ed, "run 1 post no");
    bench_pair(pole_step, ed_step, &b, ROUNDS, &pole, &ed);
    adele_free(b.pole);
    adele_free(b.ed);
    return pole / ed;
}

int main(void)
{
    int status = bench_report("ssh: pole step / ed step at 50x50, T = 0.001",
                              ratio(0.001), 1.0 / 15);

    return status | bench_report("ssh: pole step / ed step at 50x50, T = 0.05",
                                 ratio(0.05), 1.0 / 25);
}

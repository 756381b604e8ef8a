/* Forces from tiles: time a site and its growth, ordered states with noise at
   T = 0.1, error below 1e-4 in the density; a step of the dynamics each.  And
   what skipping gains where a charge-density wave is at rest but for a patch of
   1/64 of its sites. */

#include "bench.h"

#include <math.h>

enum { ROUNDS = 3, SMALL = 256, LARGE = 1024 };

/* Seconds of a step; *error gets its estimate, poles included. */
static double step_time(int length, int rounds, double *error)
{
    char deck[1024];
    double best = 1e300;
    struct adele *sim;

    snprintf(deck, sizeof deck,
             "lattice square %d %d\n"
             "model holstein t 1 g 1.5 k 1 kappa 0.18 mass 1\n"
             "electrons filling 0.5 temp 0.1\n"
             "displace all wave 3.14159265358979 3.14159265358979 1\n"
             "displace all gaussian 0.1 4711\n"
             "pair_style pole tol 5e-5 tile 16 buffer 4\n"
             "fix move all nve\n"
             "thermo 100000\n"
             "timestep 0.022\n"
             "run 1 post no\n",
             length, length);
    sim = bench_new(deck);
    for (int k = 0; k < rounds; k++) {
        double begin = wall_time();

        bench_command(sim, "run 1 pre no post no");
        best = fmin(best, wall_time() - begin);
    }
    if (adele_evaluate(sim, "pairerr", error)) {
        fprintf(stderr, "%s", adele_error(sim));
        exit(2);
    }
    adele_free(sim);
    return best;
}

/* Seconds of a step.  The amplitude is that of the ground state. */
static double quiet_time(const char *skip)
{
    enum { STEPS = 10 };
    char deck[1024];
    double begin, seconds;
    struct adele *sim;

    snprintf(deck, sizeof deck,
             "lattice square 256 256\n"
             "model holstein t 1 g 1.5 k 1 kappa 0.18 mass 1\n"
             "electrons filling 0.5 temp 0.1\n"
             "displace all wave 3.14159265358979 3.14159265358979 2.393493779\n"
             "region patch block 112 143 112 143 INF INF\n"
             "group patch region patch\n"
             "displace patch gaussian 0.2 4711\n"
             "pair_style pole tol 1e-5 tile 16 buffer 4 %s\n"
             "fix move all nve\n"
             "thermo 100000\n"
             "timestep 0.022\n"
             "run 1 post no\n",
             skip);
    sim = bench_new(deck);
    begin = wall_time();
    snprintf(deck, sizeof deck, "run %d pre no post no", STEPS);
    bench_command(sim, deck);
    seconds = wall_time() - begin;
    adele_free(sim);
    return seconds / STEPS;
}

int main(void)
{
    double small, large, error, sites = (double)LARGE * LARGE;
    int status;

    small = step_time(SMALL, ROUNDS, &error);
    large = step_time(LARGE, 2, &error);
    status = bench_report("tiles at 1024x1024: estimated error / 1e-4",
                          error / 1e-4, 1);
    status |= bench_report("tiles at 1024x1024: microseconds a site",
                           1e6 * large / sites, 20);
    status |= bench_report("tiles: exponent of N from 256x256 to 1024x1024",
                           log(large / small) / log(16), 1.15);
    status |= bench_report("tiles at rest: time of a step with skip / without",
                           quiet_time("skip 0.002") / quiet_time(""), 0.25);
    return status;
}

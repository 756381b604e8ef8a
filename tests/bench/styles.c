/* Which exact style when: time and error of a force call for lattices, states
   and temperatures, as the table of doc/howto/which_force_style.md.

   States of the Holstein model at t = 1, g = 1.5 and half filling: `metal`,
   random displacements of 0.2; `disorder`, of 3; `CDW`, a checkerboard of 2
   with noise 0.2.  Errors of the force, largest of any site, against ed up to
   40 x 40 and against pole tol 1e-11 beyond. */

#include <math.h>
#include <string.h>

#include "bench.h"
#include "plug/pair.h"

static const struct {
    const char *name, *displace;
} state[] = {
    {"metal", "displace all uniform -0.2 0.2 1"},
    {"disorder", "displace all uniform -3 3 1"},
    {"CDW", "displace all wave 3.14159265358979 3.14159265358979 2\n"
            "displace all uniform -0.2 0.2 1"},
};

static const struct {
    const char *words;
    int least, most; /* lattice lengths for which it is timed */
    double coldest;
} style[] = {
    {"ed", 12, 40, 0},
    {"pole tol 1e-8", 12, 200, 0},
    {"pole tile 16 buffer 8 tol 1e-6", 40, 1000, 0},
    {"kpm", 12, 40, 0.1},
};

static const int length[] = {12, 40, 100, 200};
static const double temp[] = {0.02, 0.1, 1};

static struct adele *made(int l, const char *displace, double t)
{
    char deck[1024];
    snprintf(deck, sizeof deck,
             "lattice square %d %d\nmodel holstein t 1 g 1.5 k 1 kappa 0.18\n"
             "electrons filling 0.5 temp %g\n%s\n",
             l, l, t, displace);
    return bench_new(deck);
}

/* Seconds of the second call: the first sets up. */
static double seconds(struct adele *sim)
{
    double begin = 0;
    for (int k = 0; k < 2; k++) {
        begin = wall_time();
        adele_touch_parameters(sim);
        if (forces_require(sim, NEED_FORCE)) {
            fprintf(stderr, "%s", adele_error(sim));
            exit(2);
        }
    }
    return wall_time() - begin;
}

static double largest_error(struct adele *sim, int l)
{
    double error;
    bench_command(sim, l <= 40 ? "compute e all force/error ed"
                               : "compute e all force/error pole tol 1e-11");
    bench_command(sim, "run 0 post no");
    if (adele_evaluate(sim, "c_e[3]", &error))
        exit(2);
    return error;
}

int main(void)
{
    printf("| lattice | state | T | style | ms a call | largest error |\n"
           "|---|---|---|---|---|---|\n");
    for (size_t l = 0; l < sizeof length / sizeof *length; l++)
        for (size_t s = 0; s < sizeof state / sizeof *state; s++)
            for (size_t t = 0; t < sizeof temp / sizeof *temp; t++)
                for (size_t k = 0; k < sizeof style / sizeof *style; k++) {
                    int n = length[l];
                    char pair[128];
                    if (n < style[k].least || n > style[k].most ||
                        temp[t] < style[k].coldest)
                        continue;
                    struct adele *sim = made(n, state[s].displace, temp[t]);
                    snprintf(pair, sizeof pair, "pair_style %s",
                             style[k].words);
                    bench_command(sim, pair);
                    double time = seconds(sim);
                    printf("| %d x %d | %s | %g | `%s` | %.3g | %.1e |\n", n, n,
                           state[s].name, temp[t], style[k].words, 1e3 * time,
                           strcmp(style[k].words, "ed") ? largest_error(sim, n)
                                                        : 0);
                    fflush(stdout);
                    adele_free(sim);
                }
    return 0;
}

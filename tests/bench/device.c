/* Learned forces of a biased device, 40 x 30 sites at a bias of 2.5, against
   one converged solution of pair_style negf (tol 1e-6, the same threads) of the
   same configuration: of the insulator, and of a state on the way to the metal.
 */

#include "bench.h"

#include "base/mem.h"
#include "core/context.h"
#include "plug/pair.h"

enum { STEPS = 50 };

struct device {
    struct adele *learned, *exact;
};

static struct adele *make(const char *style)
{
    struct adele *sim =
        bench_new("boundary f p\nlattice square 40 30\n"
                  "model holstein t 1.0 g -1.5 k 1.0 kappa 0.18 mass 1.0\n"
                  "lead L left gamma 1.0 mu 2.5 temp 0.1\n"
                  "lead R right gamma 1.0 mu 0.0 temp 0.1\n"
                  "lead B all gamma 0.001 mu 0.0 temp 0.1\n"
                  "displace all wave pi pi 2.67857\n"
                  "fix move all brownian 0.1 11 gamma_t 0.2\ntimestep 0.1\n"
                  "thermo 100000\n");
    bench_command(sim, style);
    return sim;
}

static void steps(void *data)
{
    struct device *d = data;
    char run[64];
    snprintf(run, sizeof run, "run %d pre no post no\n", STEPS);
    bench_command(d->learned, run);
}

static void converge(void *data)
{
    struct device *d = data;
    bench_command(d->exact, "pair_style negf tol 1e-6\n");
    if (forces_require(d->exact, NEED_FORCE)) {
        fprintf(stderr, "%s", adele_error(d->exact));
        exit(2);
    }
}

static int compare(const char *what, int warm, double goal)
{
    struct device d = {
        .learned = make("pair_style ml potentials/holstein_device.yaml\n"),
        .exact = make("pair_style negf tol 1e-6\n")};
    char run[64];
    double step, solution, *q = mem_alloc(1200, sizeof *q);

    snprintf(run, sizeof run, "run %d post no\n", warm);
    bench_command(d.learned, run);
    if (!q || adele_gather(d.learned, "q", q) || adele_scatter(d.exact, "q", q))
        exit(2);
    bench_pair(steps, converge, &d, 3, &step, &solution);
    snprintf(run, sizeof run, "%s: learned step / exact solution", what);
    mem_free(q);
    adele_free(d.learned);
    adele_free(d.exact);
    return bench_report(run, step / STEPS / solution, goal);
}

int main(void)
{
    int missed = compare("insulator", 20, 1e-3);
    missed |= compare("half molten", 150, 1e-3);
    return missed;
}

/* The published network (45x512x256x64x16x1, relu): inference on 40x40 and
   200x200 sites and training (forward, backward) on 40x40, against OpenBLAS's
   sgemm of large square matrices: time for a multiply-add over its time for
   one, on all threads.  A backward pass is two products a layer, without the
   adjoint of the input.

   Random weights leave half of what a ReLU gives, those of the potential that
   comes with adele a fifth and less; zeros are left out of products but counted
   as multiply-adds.  So the ratio to sgemm may fall below one.

   With python3-torch installed also against PyTorch on the same shapes, in its
   usual form and in oneDNN's layout (tests/bench/network_torch.py); times are
   taken before and after its process.  With random weights PyTorch at 40x40
   takes so little more than the multiply-adds at the processor's peak that
   only what leaves some out can be four times as fast: goals are for the
   trained network, and the other ratios are printed.

   bf16 against single precision, with silu in place of relu: no zeros. */

#include "bench.h"

#include <cblas.h>
#include <math.h>
#include <omp.h>
#include <string.h>

#include "base/mem.h"
#include "core/context.h"
#include "la/blas.h"
#include "plug/potential.h"

enum { LAYERS = 5, SQUARE = 512, CELLS = 40, SITES = CELLS * CELLS };
static const int width[LAYERS + 1] = {45, 512, 256, 64, 16, 1};
static const char file[] = "potentials/holstein_square_f050_mlp.yaml";

struct bench {
    struct adele *sim;
    struct net_run *run, *other;
    float *x, *dy, *param, *grad; /* x: of SITES sites, repeated */
    float *a, *b, *c;             /* of the yardstick */
};

struct trial {
    const char *name; /* of the shape and the pass */
    int length;
    bool training, trained;
    double goal, torch_goal; /* 0: none */
};

static void stop(const char *why)
{
    fprintf(stderr, "%s\n", why);
    exit(2);
}

static float *numbers(int64_t n)
{
    float *p = mem_alloc((size_t)n, sizeof *p);

    if (!p)
        stop("out of memory");
    for (int64_t i = 0; i < n; i++)
        p[i] = (float)((double)(i * 37 % 101) / 50.0 - 1);
    return p;
}

static void yardstick(void *data)
{
    struct bench *b = data;

    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, SQUARE, SQUARE,
                SQUARE, 1, b->a, SQUARE, b->b, SQUARE, 0, b->c, SQUARE);
}

static void input(void *data, int64_t begin, int64_t end, void *x)
{
    struct bench *b = data;
    float *to = x;

    for (int64_t i = begin, n; i < end; i += n, to += n * width[0]) {
        n = SITES - i % SITES < end - i ? SITES - i % SITES : end - i;
        memcpy(to, b->x + i % SITES * width[0],
               (size_t)(n * width[0]) * sizeof *to);
    }
}

static void infer(void *data)
{
    struct bench *b = data;

    net_forward(b->run, input, b);
}

static void infer_other(void *data)
{
    struct bench *b = data;

    net_forward(b->other, input, b);
}

static void train(void *data)
{
    struct bench *b = data;

    net_forward(b->run, input, b);
    net_backward(b->run, b->dy, b->grad, NULL);
}

static void build(struct net *net, enum activation f)
{
    *net = (struct net){0};
    for (int l = 0; l < LAYERS; l++) {
        struct net_layer layer = {
            .kind = NET_DENSE,
            .in = width[l],
            .out = width[l + 1],
            .stencil = -1,
            .bias = true,
            .activation = l + 1 < LAYERS ? f : ACTIVATION_LINEAR,
            .add = -1,
        };

        if (net_add_layer(net, &layer))
            stop("out of memory");
    }
    if (net_finish(net))
        stop("out of memory");
}

/* Features of a configuration along a quench, and the trained weights. */
static void trained(struct bench *b, const struct net *net)
{
    static const struct where here = {0};
    struct adele *sim = bench_new(
        "lattice square 40 40\nmodel holstein t 1 g 3.5 k 1 kappa 0.18\n"
        "electrons filling 0.5 temp 0.1\ndisplace all uniform -1 1 7");
    char deck[256];
    uint64_t clock = 0;

    snprintf(deck, sizeof deck,
             "pair_style ml %s\nfix m all nve\nfix b all langevin 0.1 0.1 11.1 "
             "7\ntimestep 0.022\nrun 200 post no",
             file);
    bench_command(sim, deck);
    struct potential *p = potential_load(sim, file, &here);
    struct field *v = p ? field_new(sim->lat, 1, &clock) : NULL;
    if (!v || p->net.nparam != net->nparam || p->nin != width[0] ||
        potential_displace(sim, p, sim->state.displacement, NULL, 0, v))
        stop("the potential is not what this benchmark is about");
    struct potential_input in = {.displacement = v};
    potential_features(p, &in, 0, SITES, PRECISION_SINGLE, b->x);
    for (int64_t i = 0; i < net->nparam; i++)
        b->param[i] = (float)p->param[i];
    field_free(v);
    potential_free(sim, p);
    adele_free(sim);
}

static void start(struct bench *b, const struct net *net)
{
    double *from = mem_alloc((size_t)net->nparam, sizeof *from);

    if (!from)
        stop("out of memory");
    net_initialise(net, 1, from);
    for (int64_t i = 0; i < net->nparam; i++)
        b->param[i] = (float)from[i];
    mem_free(from);
}

static struct net_run *run_of(struct bench *b, const struct net *net,
                              enum precision precision, bool keep)
{
    struct net_run *run =
        net_run_new(net, b->sim->lat, 1, precision, keep, NULL, 0);

    if (!run)
        stop("out of memory");
    net_run_param(run, b->param);
    return run;
}

static void open_run(struct bench *b, const struct net *net,
                     const struct trial *trial)
{
    char deck[64];

    snprintf(deck, sizeof deck, "lattice square %d %d\n", trial->length,
             trial->length);
    b->sim = bench_new(deck);
    b->x = numbers(SITES * width[0]);
    b->dy = numbers((int64_t)trial->length * trial->length);
    b->param = numbers(net->nparam);
    b->grad = numbers(net->nparam);
    if (trial->trained)
        trained(b, net);
    else
        start(b, net);
    b->run = run_of(b, net, PRECISION_SINGLE, trial->training);
}

static void close_run(struct bench *b)
{
    net_run_free(b->run);
    net_run_free(b->other);
    b->other = NULL;
    adele_free(b->sim);
    mem_free(b->x);
    mem_free(b->dy);
    mem_free(b->param);
    mem_free(b->grad);
}

/* Seconds of PyTorch for the same; 0: not installed. */
static double torch(const char *what, int length)
{
    char command[160];
    double seconds = 0;
    FILE *f;

    snprintf(command, sizeof command,
             "/usr/bin/python3 tests/bench/network_torch.py %s %d %d %d "
             "2>/dev/null",
             what, length, omp_get_max_threads(), length > 100 ? 4 : 2);
    f = popen(command, "r");
    if (!f)
        return 0;
    if (fscanf(f, "%lf", &seconds) != 1)
        seconds = 0;
    pclose(f);
    return seconds;
}

static int report(const char *what, double ratio, double goal)
{
    if (goal > 0)
        return bench_report(what, ratio, goal);
    printf("%-58s %8.3g\n", what, ratio);
    return 0;
}

static int compare(struct bench *b, const struct net *net,
                   const struct trial *trial)
{
    double sites = (double)trial->length * trial->length;
    double t, u, again, madds = net_work(net) * sites, eager, onednn = 0;
    const char *weights = trial->trained ? "trained" : "random";
    void (*work)(void *) = trial->training ? train : infer;
    int rounds = trial->length > 100 ? 8 : 100, bad;
    char what[96];

    open_run(b, net, trial);
    /* Backward: gradients of all layers, adjoints of all but the first. */
    if (trial->training)
        madds += (2 * net_work(net) - width[0] * width[1]) * sites;
    bench_pair(work, yardstick, b, rounds, &t, &u);
    eager = torch(trial->training ? "train" : "infer", trial->length);
    if (!trial->training)
        onednn = torch("onednn", trial->length);
    bench_pair(work, yardstick, b, rounds, &again, &u);
    t = fmin(t, again);
    close_run(b);
    snprintf(what, sizeof what, "published network, %s %s / sgemm", weights,
             trial->name);
    bad = report(what, (t / madds) / (u / ((double)SQUARE * SQUARE * SQUARE)),
                 trial->goal);
    if (eager == 0) {
        printf("  / PyTorch: SKIPPED, python3-torch is not installed\n");
        return bad;
    }
    snprintf(what, sizeof what, "  %.4g sites/s / PyTorch's %.4g", sites / t,
             sites / eager);
    bad |= report(what, t / eager, trial->torch_goal);
    if (onednn > 0) {
        snprintf(what, sizeof what, "  / PyTorch's in oneDNN's layout, %.4g",
                 sites / onednn);
        report(what, t / onednn, 0);
    }
    return bad;
}

static int half_width(struct bench *b)
{
    static const struct trial trial = {.length = 40};
    struct net net;
    double t, u;

    if (!gemm_multiplies_bf16()) {
        printf("bf16: SKIPPED, this processor does not multiply such "
               "numbers\n");
        return 0;
    }
    build(&net, ACTIVATION_SILU);
    open_run(b, &net, &trial);
    b->other = run_of(b, &net, PRECISION_BF16, false);
    bench_pair(infer_other, infer, b, 100, &t, &u);
    close_run(b);
    net_fini(&net);
    return bench_report("with silu, infer 40x40, bf16 / single", t / u, 0.75);
}

int main(void)
{
    static const struct trial trials[] = {
        {"infer 40x40", 40, false, true, 1 / 0.80, 1.0 / 4},
        {"infer 200x200", 200, false, true, 1 / 0.80, 1.0 / 2},
        {"train 40x40", 40, true, true, 1 / 0.75, 1.0 / 3},
        {"infer 40x40", 40, false, false, 1 / 0.80, 0},
        {"infer 200x200", 200, false, false, 1 / 0.80, 0},
        {"train 40x40", 40, true, false, 1 / 0.75, 0},
    };
    struct bench b = {.a = numbers(SQUARE * SQUARE),
                      .b = numbers(SQUARE * SQUARE),
                      .c = numbers(SQUARE * SQUARE)};
    struct net net;
    int bad = 0;

    blas_threads(omp_get_max_threads());
    build(&net, ACTIVATION_RELU);
    for (size_t i = 0; i < sizeof trials / sizeof *trials; i++)
        bad |= compare(&b, &net, &trials[i]);
    net_fini(&net);
    return bad | half_width(&b);
}

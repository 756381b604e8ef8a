/* The published network (45x512x256x64x16x1, relu): inference on 40x40 and
   200x200 sites and training (forward, backward) on 40x40, against OpenBLAS's
   sgemm of large square matrices: time for a multiply-add over its time for
   one, on all threads.  A backward pass is two products a layer, without the
   adjoint of the input.

   With python3-torch installed also against PyTorch on the same shapes: time
   over its time (tests/bench/network_torch.py). */

#include "bench.h"

#include <cblas.h>
#include <math.h>
#include <omp.h>
#include <string.h>

#include "base/mem.h"
#include "core/context.h"
#include "la/blas.h"
#include "ml/net.h"

enum { LAYERS = 5, SQUARE = 512, ROUNDS = 15 };
static const int width[LAYERS + 1] = {45, 512, 256, 64, 16, 1};

struct bench {
    struct adele *sim;
    struct net_run *run;
    float *x, *dy, *param, *grad;
    float *a, *b, *c; /* of the yardstick */
};

static void stop(void)
{
    fprintf(stderr, "out of memory\n");
    exit(2);
}

static float *numbers(int64_t n)
{
    float *p = mem_alloc((size_t)n, sizeof *p);

    if (!p)
        stop();
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

    memcpy(x, b->x + begin * width[0],
           (size_t)((end - begin) * width[0]) * sizeof *b->x);
}

static void infer(void *data)
{
    struct bench *b = data;

    net_forward(b->run, input, b);
}

static void train(void *data)
{
    struct bench *b = data;

    net_forward(b->run, input, b);
    net_backward(b->run, b->dy, b->grad, NULL);
}

static void build(struct net *net)
{
    for (int l = 0; l < LAYERS; l++) {
        struct net_layer layer = {
            .kind = NET_DENSE,
            .in = width[l],
            .out = width[l + 1],
            .stencil = -1,
            .bias = true,
            .activation = l + 1 < LAYERS ? ACTIVATION_RELU : ACTIVATION_LINEAR,
            .add = -1,
        };

        if (net_add_layer(net, &layer))
            stop();
    }
    if (net_finish(net))
        stop();
}

static void open_run(struct bench *b, const struct net *net, int length,
                     bool keep)
{
    char deck[64];
    double *start = mem_alloc((size_t)net->nparam, sizeof *start);

    snprintf(deck, sizeof deck, "lattice square %d %d\n", length, length);
    b->sim = bench_new(deck);
    b->run = net_run_new(net, b->sim->lat, 1, PRECISION_SINGLE, keep, NULL, 0);
    if (!b->run || !start)
        stop();
    b->x = numbers((int64_t)length * length * width[0]);
    b->dy = numbers((int64_t)length * length);
    b->param = numbers(net->nparam);
    b->grad = numbers(net->nparam);
    net_initialise(net, 1, start);
    for (int64_t i = 0; i < net->nparam; i++)
        b->param[i] = (float)start[i];
    net_run_param(b->run, b->param);
    mem_free(start);
}

static void close_run(struct bench *b)
{
    net_run_free(b->run);
    adele_free(b->sim);
    mem_free(b->x);
    mem_free(b->dy);
    mem_free(b->param);
    mem_free(b->grad);
}

/* Seconds of PyTorch for the same; 0: not installed. */
static double torch(const char *what, int length)
{
    char command[128];
    double seconds = 0;
    FILE *f;

    snprintf(command, sizeof command,
             "/usr/bin/python3 tests/bench/network_torch.py %s %d %d "
             "2>/dev/null",
             what, length, omp_get_max_threads());
    f = popen(command, "r");
    if (!f)
        return 0;
    if (fscanf(f, "%lf", &seconds) != 1)
        seconds = 0;
    pclose(f);
    return seconds;
}

static int compare(struct bench *b, const struct net *net, bool training,
                   int length, double goal, double torch_goal)
{
    double t, u, madds = net_work(net) * length * length;
    const char *name = training ? "train" : "infer";
    char what[80];
    int bad;

    open_run(b, net, length, training);
    /* Backward: gradients of all layers, adjoints of all but the first. */
    if (training)
        madds += (2 * net_work(net) - width[0] * width[1]) * length * length;
    bench_pair(training ? train : infer, yardstick, b,
               length > 100 ? ROUNDS / 3 : ROUNDS, &t, &u);
    close_run(b);
    snprintf(what, sizeof what, "published network, %s %dx%d / sgemm", name,
             length, length);
    bad = bench_report(
        what, (t / madds) / (u / ((double)SQUARE * SQUARE * SQUARE)), goal);
    u = torch(name, length);
    if (u == 0) {
        printf("  / PyTorch: SKIPPED, python3-torch is not installed\n");
        return bad;
    }
    snprintf(what, sizeof what, "  %.4g sites/s / PyTorch's %.4g",
             length * length / t, length * length / u);
    return bad | bench_report(what, t / u, torch_goal);
}

int main(void)
{
    struct bench b = {.a = numbers(SQUARE * SQUARE),
                      .b = numbers(SQUARE * SQUARE),
                      .c = numbers(SQUARE * SQUARE)};
    struct net net = {0};
    int bad = 0;

    blas_threads(omp_get_max_threads());
    build(&net);
    bad |= compare(&b, &net, false, 40, 1 / 0.80, 1.0 / 4);
    bad |= compare(&b, &net, false, 200, 1 / 0.80, 1.0 / 2);
    bad |= compare(&b, &net, true, 40, 1 / 0.75, 1.0 / 3);
    net_fini(&net);
    return bad;
}

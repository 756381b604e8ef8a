/* Adam [Kingma2015]: steps along a running mean of the gradient, each parameter
   in units of its own running root mean square.

       m = beta1 m + (1 - beta1) g          v = beta2 v + (1 - beta2) g^2
       p -= rate * m/(1 - beta1^s) / (sqrt(v/(1 - beta2^s)) + epsilon)

   at step s = 1, 2, ..  Weight decay is the trainer's, apart from the gradient
   [Loshchilov2019].

       optimizer: {style: adam, rate: 1e-3, beta1: 0.9, beta2: 0.999}         */

#include <math.h>

#include "base/mem.h"
#include "base/parallel.h"
#include "plug/args.h"
#include "plug/optimizer.h"

struct adam {
    struct optimizer optimizer;
    double beta1, beta2, epsilon;
    int64_t steps;
    double *m, *v; /* [nparam] */
};

static const struct arg args[] = {
    {ARG_NUMBER, "rate", AT(struct adam, optimizer.rate), .key = true,
     .def = "1e-3", .positive = true, .doc = "highest learning rate"},
    {ARG_NUMBER, "beta1", AT(struct adam, beta1), .key = true, .def = "0.9",
     .min = 0, .max = 0.999999, .bounded = true,
     .doc = "memory of the mean gradient"},
    {ARG_NUMBER, "beta2", AT(struct adam, beta2), .key = true, .def = "0.999",
     .min = 0, .max = 0.999999, .bounded = true,
     .doc = "memory of the mean square"},
    {ARG_NUMBER, "epsilon", AT(struct adam, epsilon), .key = true,
     .def = "1e-8", .positive = true, .doc = "added to the root mean square"},
    {0}};

static void fini(struct adele *ctx, void *self)
{
    struct adam *a = self;
    (void)ctx;
    mem_free(a->m);
    mem_free(a->v);
}

static int setup(struct adele *ctx, struct optimizer *o, int64_t nparam)
{
    struct adam *a = (struct adam *)o;
    o->nparam = nparam;
    a->m = mem_zalloc((size_t)nparam, sizeof *a->m);
    a->v = mem_zalloc((size_t)nparam, sizeof *a->v);
    return a->m && a->v
               ? 0
               : err_memory(ctx, "optimizer adam", 16.0 * (double)nparam);
}

static int step(struct adele *ctx, struct optimizer *o, double rate,
                const double *gradient, double *param, optimizer_loss *loss,
                void *data)
{
    struct adam *a = (struct adam *)o;
    double b1 = a->beta1, b2 = a->beta2, epsilon = a->epsilon;
    double *m = a->m, *v = a->v;
    (void)ctx, (void)loss, (void)data;
    a->steps++;
    double size = rate / (1 - pow(b1, (double)a->steps));
    double norm = 1 / (1 - pow(b2, (double)a->steps));
#pragma omp parallel for simd schedule(static) if (o->nparam >= PARALLEL_MIN)
    for (int64_t k = 0; k < o->nparam; k++) {
        double g = gradient[k];
        m[k] = b1 * m[k] + (1 - b1) * g;
        v[k] = b2 * v[k] + (1 - b2) * (g * g);
        param[k] -= size * m[k] / (sqrt(norm * v[k]) + epsilon);
    }
    return 0;
}

static int save(struct adele *ctx, void *self, struct blob *to)
{
    const struct adam *a = self;
    (void)ctx;
    blob_put_int(to, a->steps);
    blob_put_numbers(to, a->m, a->optimizer.nparam);
    blob_put_numbers(to, a->v, a->optimizer.nparam);
    return 0;
}

static int load(struct adele *ctx, void *self, struct blob *from)
{
    struct adam *a = self;
    if (blob_get_int(from, &a->steps) ||
        blob_get_numbers(from, a->m, a->optimizer.nparam) ||
        blob_get_numbers(from, a->v, a->optimizer.nparam))
        return err_run(ctx, "optimizer adam: its saved state is cut short");
    return 0;
}

const struct optimizer_style optimizer_adam = {
    .style = {STYLE_HEAD(optimizer, "adam", struct adam),
              .summary = "gradient steps of adaptive size",
              .cite = "Kingma2015", .args = args, .fini = fini, .save = save,
              .load = load},
    .setup = setup,
    .step = step};

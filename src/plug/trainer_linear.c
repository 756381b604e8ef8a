/* The linear part of an energy: with scaled features x_j of sites,

       E = sum over sites of (sum_j c_j x_j + network),
       F = -sum_j c_j G_j + ..,   G_j = d(sum over sites of x_j)/dq,

   c from the least squares of the forces of the training data, by the normal
   equations with a ridge that keeps directions which the data do not tell.
   Features may be nearly dependent, as polynomials are: only the sum counts.
   See plug/trainer_state.h. */

#include <lapacke.h>
#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "plug/setting.h"
#include "plug/trainer_state.h"

/* Gradients taken at most; the ridge, of the mean diagonal. */
enum { GRADIENTS_MAX = 2000 };
static const double ridge = 1e-11;

struct fit {
    struct adele *ctx;
    struct trainer *t;
    int n;
    double *matrix, *right; /* [n][n], [n] */
    double *g;              /* [n][ncomp*nsite]: gradients of one sample */
    double squares;         /* of the forces */
    int64_t count;
};

static int fail_memory(struct adele *ctx, double bytes)
{
    return err_memory(ctx, "a linear fit", bytes);
}

static double dot(const double *a, const double *b, int64_t n)
{
    double sum = 0;
    for (int64_t i = 0; i < n; i++)
        sum += a[i] * b[i];
    return sum;
}

/* G_j of the sample whose features were made last. */
static int gradient(const struct fit *f, struct train_place *at, int j,
                    double *out)
{
    const struct potential *p = f->t->p;
    const struct descriptor *d = p->descriptor;
    const struct descriptor_style *style =
        (const struct descriptor_style *)d->head.style;
    int64_t n = at->lat->nsite;
    memset(at->raw, 0, (size_t)(n * d->nfeature) * sizeof *at->raw);
    for (int64_t i = 0; i < n; i++)
        at->raw[i * d->nfeature + j] = 1 / p->in_scale[j];
    style->backward(at->setting, d, at->v, at->raw, out);
    return setting_error(f->ctx, at->setting, NULL);
}

static int add_sample(struct fit *f, struct train_item *item)
{
    struct train_place *at = &f->t->place[item->place];
    int64_t n = at->lat->nsite * f->t->p->ncomp;
    if (trainer_raw(f->ctx, f->t, item, item->s->q, item->s->onsite, NULL))
        return f->ctx->error.status;
    for (int j = 0; j < f->n; j++)
        if (gradient(f, at, j, f->g + j * n))
            return f->ctx->error.status;
    for (int j = 0; j < f->n; j++) {
        for (int k = 0; k < f->n; k++)
            f->matrix[j * f->n + k] += dot(f->g + j * n, f->g + k * n, n);
        f->right[j] -= dot(f->g + j * n, item->target, n);
    }
    f->squares += dot(item->target, item->target, n);
    f->count += n;
    return 0;
}

/* c, and the rms of what it leaves of the forces, from the sums alone. */
static int solve(struct fit *f, double *c, double *left)
{
    int n = f->n;
    double trace = 0, squares = f->squares;
    double *copy = mem_alloc((size_t)(n * n), sizeof *copy);
    if (!copy)
        return fail_memory(f->ctx, 8.0 * n * n);
    memcpy(copy, f->matrix, (size_t)(n * n) * sizeof *copy);
    memcpy(c, f->right, (size_t)n * sizeof *c);
    for (int j = 0; j < n; j++)
        trace += copy[j * n + j] / n;
    for (int j = 0; j < n; j++)
        copy[j * n + j] += ridge * trace + (trace == 0);
    int info = LAPACKE_dposv(LAPACK_ROW_MAJOR, 'L', n, 1, copy, n, c, 1);
    mem_free(copy);
    if (info)
        return err_run(f->ctx, "train: the linear part of the energy cannot be "
                               "found: the features are not finite");
    for (int j = 0; j < n; j++)
        squares += c[j] * (dot(f->matrix + j * n, c, n) - 2 * f->right[j]);
    *left = sqrt(fmax(squares, 0) / (double)f->count);
    return 0;
}

static int fit_samples(struct fit *f)
{
    struct trainer *t = f->t;
    struct potential *p = t->p;
    int64_t most = GRADIENTS_MAX / f->n, step = 1;
    double left = 0, before = t->residual;
    most = most ? most : 1;
    if (t->train.n > most)
        step = (t->train.n + most - 1) / most;
    for (int64_t k = 0; k < t->train.n; k += step)
        if (add_sample(f, &t->train.item[k]))
            return f->ctx->error.status;
    if (solve(f, p->linear, &left))
        return f->ctx->error.status;
    log_printf(&f->ctx->log,
               "  linear      %d numbers, error of the force %.4g\n", f->n,
               left);
    /* A difference of sums is not known better. */
    left = fmax(left, 1e-7 * before);
    p->out_scale[0] *= left / before;
    t->residual = left;
    return 0;
}

int trainer_linear(struct adele *ctx, struct trainer *t)
{
    int n = t->p->descriptor->nfeature;
    int64_t longest = 0;
    struct fit f = {.ctx = ctx, .t = t, .n = n};
    if (!t->c.linear)
        return 0;
    for (int k = 0; k < t->nplace; k++)
        if (t->place[k].lat->nsite > longest)
            longest = t->place[k].lat->nsite;
    f.matrix = mem_zalloc((size_t)(n * n + n), sizeof *f.matrix);
    f.g = mem_alloc((size_t)(longest * t->p->ncomp), (size_t)n * sizeof *f.g);
    int status =
        f.matrix && f.g ? 0 : fail_memory(ctx, 8.0 * n * (double)longest);
    f.right = status ? NULL : f.matrix + n * n;
    if (!status)
        status = fit_samples(&f);
    mem_free(f.matrix);
    mem_free(f.g);
    return status;
}

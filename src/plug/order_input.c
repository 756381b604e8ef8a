/* The order parameter that computes take in: see plug/order_input.h. */

#include "plug/order_input.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "plug/compute.h"

static int add_column(struct adele *ctx, struct order_input *in,
                      const struct word *w)
{
    struct column *c = &in->column[in->ncomp];
    int status = compute_column(ctx, w, c);
    if (status)
        return status;
    in->ncomp++;
    in->fresh = in->fresh || compute_input_fresh(ctx, c);
    return ADELE_OK;
}

/* The columns of the model's own order. */
static int add_own(struct adele *ctx, struct order_input *in)
{
    const struct model *m = ctx->model;
    char name[32] = "n";
    struct word word = {.text = name};
    in->own = true;
    in->displaced = m && m->order == ORDER_DISPLACEMENT;
    if (!in->displaced)
        return add_column(ctx, in, &word);
    int status = ADELE_OK;
    for (int c = 0; !status && c < m->ncomp; c++) {
        strncpy(name, m->component[c].displacement, sizeof name - 1);
        status = add_column(ctx, in, &word);
    }
    return status;
}

int order_input_init(struct adele *ctx, struct order_input *in,
                     const char *what, const struct arg_list *of,
                     const double q[3])
{
    int status = of->n ? add_column(ctx, in, &of->word[0]) : add_own(ctx, in);
    if (status)
        return status;
    if (q && in->displaced)
        return err_deck(ctx, NULL,
                        "%s: the order of model %s is that of its lattice; a "
                        "wave vector goes with a quantity: of COLUMN q ..",
                        what, ctx->model->head.style->name);
    size_t n = (size_t)ctx->lat->nlocal;
    in->x = mem_alloc(n, sizeof *in->x);
    if (!in->x || order_init(&in->order, ctx->lat, q))
        return err_memory(ctx, what, 60.0 * (double)n);
    return ADELE_OK;
}

void order_input_fini(struct order_input *in)
{
    for (int c = 0; c < MODEL_COMPONENT_MAX; c++)
        column_free(&in->column[c]);
    order_fini(&in->order);
    mem_free(in->x);
    *in = (struct order_input){0};
}

unsigned order_input_need(struct adele *ctx, const struct order_input *in)
{
    unsigned need = 0;
    for (int c = 0; c < in->ncomp; c++)
        need |= column_need(ctx, &in->column[c]);
    return need;
}

/* A model that came after the compute may order differently. */
static int check_model(struct adele *ctx, const struct order_input *in)
{
    bool displaced = ctx->model && ctx->model->order == ORDER_DISPLACEMENT;
    if (!in->own || displaced == in->displaced)
        return ADELE_OK;
    return err_run(ctx,
                   "the order parameter was chosen before model %s, which "
                   "orders otherwise; write the compute after the model",
                   ctx->model ? ctx->model->head.style->name : "");
}

int order_input_get(struct adele *ctx, struct order_input *in, double *m,
                    double *imag)
{
    int64_t n = ctx->lat->nlocal;
    int status = check_model(ctx, in);
    for (int c = 0; !status && c < in->ncomp; c++) {
        status = column_get(ctx, &in->column[c], in->x);
        if (status)
            return status;
        if (in->displaced)
            order_stagger(&in->order, in->x, m + c * n);
        else
            order_parameter(&in->order, in->x, m + c * n, imag);
    }
    if (!status && in->displaced && imag)
        memset(imag, 0, (size_t)n * sizeof *imag);
    return status;
}

int order_state(const double *m, int ncomp, int64_t n, int64_t i)
{
    int state = 0;
    double most = 0;
    for (int c = 0; c < ncomp; c++) {
        double x = m[c * n + i];
        if (!(fabs(x) > most))
            continue;
        most = fabs(x);
        state = x > 0 ? 1 + c : 1 + c + ncomp;
    }
    return state;
}

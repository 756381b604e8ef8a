/* Outputs of instances and the byte strings of saved state. */

#include "plug/style.h"

#include <string.h>

#include "base/mem.h"

static int outputs_block(struct adele *ctx, double **block, int64_t *held,
                         int64_t n)
{
    if (*block && *held == n)
        return 0;
    mem_free(*block);
    *held = 0;
    *block = mem_zalloc((size_t)n, sizeof(double));
    if (!*block)
        return err_memory(ctx, "an output", (double)n * sizeof(double));
    *held = n;
    return 0;
}

int outputs_vector(struct adele *ctx, struct outputs *o, int64_t n)
{
    return outputs_block(ctx, &o->vector, &o->nvector, n);
}

int outputs_array(struct adele *ctx, struct outputs *o, int64_t nrow,
                  int64_t ncol)
{
    int64_t held = o->nrow * o->ncol;
    int status = outputs_block(ctx, &o->array, &held, nrow * ncol);

    o->nrow = status ? 0 : nrow;
    o->ncol = status ? 0 : ncol;
    return status;
}

int outputs_site(struct adele *ctx, struct outputs *o, int ncol)
{
    int64_t nlocal = ctx->lat->nlocal;
    int64_t held = o->site ? o->nsite_col * nlocal : 0;
    int status = outputs_block(ctx, &o->site, &held, nlocal * ncol);

    o->nsite_col = status ? 0 : ncol;
    return status;
}

void outputs_fini(struct outputs *o)
{
    mem_free(o->vector);
    mem_free(o->array);
    mem_free(o->column);
    mem_free(o->site);
    *o = (struct outputs){0};
}

void blob_put(struct blob *b, const void *bytes, size_t n)
{
    if (b->failed || n == 0)
        return;
    if (n > b->capacity - b->length) {
        size_t wanted = 2 * b->capacity + n + 64;
        unsigned char *grown = mem_resize(b->byte, wanted, 1);

        if (!grown) {
            b->failed = true;
            return;
        }
        b->byte = grown;
        b->capacity = wanted;
    }
    memcpy(b->byte + b->length, bytes, n);
    b->length += n;
}

void blob_put_int(struct blob *b, int64_t v)
{
    blob_put(b, &v, sizeof v);
}

void blob_put_number(struct blob *b, double v)
{
    blob_put(b, &v, sizeof v);
}

void blob_put_numbers(struct blob *b, const double *v, int64_t n)
{
    blob_put(b, v, (size_t)n * sizeof *v);
}

int blob_get(struct blob *b, void *bytes, size_t n)
{
    if (n > b->length - b->at)
        return -1;
    if (n)
        memcpy(bytes, b->byte + b->at, n);
    b->at += n;
    return 0;
}

int blob_get_int(struct blob *b, int64_t *v)
{
    return blob_get(b, v, sizeof *v);
}

int blob_get_number(struct blob *b, double *v)
{
    return blob_get(b, v, sizeof *v);
}

int blob_get_numbers(struct blob *b, double *v, int64_t n)
{
    return blob_get(b, v, (size_t)n * sizeof *v);
}

void blob_free(struct blob *b)
{
    mem_free(b->byte);
    *b = (struct blob){0};
}

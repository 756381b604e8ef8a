/* Padded arrays over the images of a lattice: where a row lies, blocks of rows
   in and out, the border. */

#include <string.h>

#include "base/parallel.h"
#include "ml/net_run.h"

void net_array_shape(struct net_array *a, const struct net_run *r,
                     const struct net_stencil *s, int channels)
{
    *a = (struct net_array){.channels = channels};
    for (int i = 0; i < 3; i++)
        a->pad[i] = s && r->n[i] > 1 ? s->reach[i] : 0;
    a->y = (int64_t)(r->n[0] + 2 * a->pad[0]) * r->nbasis;
    a->z = (r->n[1] + 2 * a->pad[1]) * a->y;
    a->image = (r->n[2] + 2 * a->pad[2]) * a->z;
    a->origin = a->pad[2] * a->z + a->pad[1] * a->y + a->pad[0] * r->nbasis;
    a->sites = r->nimage * a->image;
}

bool net_array_dense(const struct net_array *a)
{
    return a->pad[0] == 0 && a->pad[1] == 0 && a->pad[2] == 0;
}

static int64_t site_of(const struct net_array *a, const struct net_run *r,
                       int64_t row)
{
    int64_t line = row / r->line, y = line % r->n[1];
    int64_t plane = line / r->n[1], z = plane % r->n[2];

    return a->origin + plane / r->n[2] * a->image + z * a->z + y * a->y +
           row % r->line;
}

char *net_array_row(const struct net_array *a, const struct net_run *r,
                    int64_t row)
{
    return a->data + (size_t)(site_of(a, r, row) * a->channels) * r->number;
}

int64_t net_array_piece(const struct net_run *r, int64_t row, int64_t end)
{
    int64_t left = r->line - row % r->line;

    return left < end - row ? left : end - row;
}

void net_array_put(const struct net_array *a, const struct net_run *r,
                   int64_t begin, int64_t end, const char *from)
{
    for (int64_t row = begin; row < end;) {
        int64_t n = net_array_piece(r, row, end);
        size_t bytes = (size_t)(n * a->channels) * r->number;

        memcpy(net_array_row(a, r, row), from, bytes);
        from += bytes;
        row += n;
    }
}

void net_array_add(const struct net_array *a, const struct net_run *r,
                   int64_t begin, int64_t end, char *to)
{
    for (int64_t row = begin; row < end;) {
        int64_t n = net_array_piece(r, row, end);

        r->kernel->add(n * a->channels, net_array_row(a, r, row), to);
        to += (size_t)(n * a->channels) * r->number;
        row += n;
    }
}

int net_team(const struct net_run *r, int channels)
{
    return r->rows * channels >= PARALLEL_MIN ? r->nthread : 1;
}

/* The cell that a cell beyond the end of an axis repeats; -1: none. */
static int repeats(const struct net_run *r, int axis, int cell)
{
    int n = r->n[axis];

    if (!r->periodic[axis])
        return -1;
    return (cell % n + n) % n;
}

/* Cells -pad .. -1 and n .. n + pad - 1 of an axis, k = 0 .. 2 pad - 1. */
static int beyond(const struct net_array *a, const struct net_run *r, int axis,
                  int k)
{
    return k < a->pad[axis] ? k - a->pad[axis] : r->n[axis] + k - a->pad[axis];
}

static void copy_block(char *to, const char *from, size_t bytes)
{
    if (from)
        memcpy(to, from, bytes);
    else
        memset(to, 0, bytes);
}

/* Fills what lies beyond the ends of one axis; a step along it is `step`
   sites and moves `width` sites from `low` on. */
static void border_axis(const struct net_array *a, const struct net_run *r,
                        int axis, int64_t zero, int64_t step, int64_t low,
                        int64_t width)
{
    size_t site = (size_t)a->channels * r->number;

    for (int k = 0; k < 2 * a->pad[axis]; k++) {
        int cell = beyond(a, r, axis, k), from = repeats(r, axis, cell);
        char *to = a->data + site * (size_t)(zero + cell * step + low);

        copy_block(to,
                   from < 0
                       ? NULL
                       : a->data + site * (size_t)(zero + from * step + low),
                   site * (size_t)width);
    }
}

/* Axis by axis, each over the whole extent of the ones before. */
void net_array_border(const struct net_array *a, const struct net_run *r)
{
    int64_t lines = (int64_t)r->nimage * r->n[2] * r->n[1];
    int64_t planes = (int64_t)r->nimage * r->n[2];
    int team = net_team(r, a->channels);

    if (net_array_dense(a))
        return;
#pragma omp parallel num_threads(team)
    {
#pragma omp for schedule(static)
        for (int64_t line = 0; line < lines; line++)
            border_axis(a, r, 0, site_of(a, r, line * r->line), r->nbasis, 0,
                        r->nbasis);
#pragma omp for schedule(static)
        for (int64_t plane = 0; plane < planes; plane++)
            border_axis(a, r, 1, site_of(a, r, plane * r->n[1] * r->line), a->y,
                        -(int64_t)a->pad[0] * r->nbasis, a->y);
#pragma omp for schedule(static)
        for (int image = 0; image < r->nimage; image++)
            border_axis(a, r, 2, a->origin + image * a->image, a->z,
                        -(int64_t)a->pad[0] * r->nbasis - a->pad[1] * a->y,
                        a->z);
    }
}

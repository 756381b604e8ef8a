/* The cavity method: see elec/cavity.h; boxes, threads and memory.

   A piece of work is a box at some of the poles; its densities are kept until
   those of all poles are there, and then summed in the order of the poles. */

#include "elec/cavity.h"

#include <math.h>
#include <omp.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/parallel.h"
#include "elec/cavity_parts.h"

enum {
    SIDE_1 = 4096, /* cells along an axis of a box, by dimension */
    SIDE_2 = 64,
    SIDE_3 = 16,
    WAVE = 64, /* pieces of work whose results are held at once */
    FEW = 8    /* boxes: their poles are worked on apart */
};

/* Geometry. */

static void find_opposites(struct cavity *c)
{
    for (int b = 0; b < c->nbasis; b++)
        for (int t = 0; t < c->ntap[b]; t++) {
            const int *away = c->tap[b][t].cell;
            int to = c->tap[b][t].to;
            for (int o = 0; o < c->ntap[to]; o++) {
                const int *back = c->tap[to][o].cell;
                if (c->tap[to][o].to == b && back[0] == -away[0] &&
                    back[1] == -away[1] && back[2] == -away[2])
                    c->tap[b][t].opposite = o;
            }
        }
}

static int most_away(const struct cavity *c)
{
    const struct cavity_cluster *last = c->cluster[c->nlevel - 1];
    int most = 0;
    for (int b = 0; b < c->nbasis; b++)
        for (int k = 0; k < last[b].nsite; k++)
            for (int i = 0; i < 3; i++)
                if (abs(last[b].cell[k][i]) > most)
                    most = abs(last[b].cell[k][i]);
    return most;
}

int cavity_init(struct cavity *c, const struct lattice *lat, double hopping,
                int iterations, double radius)
{
    *c = (struct cavity){.iterations = iterations,
                         .hopping = hopping,
                         .nbasis = lat->shape.nbasis};
    for (int b = 0; b < c->nbasis; b++) {
        if (lat->nearest.n[b] > CAVITY_TAPS)
            return -2;
        c->ntap[b] = lat->nearest.n[b];
        for (int t = 0; t < c->ntap[b]; t++) {
            c->tap[b][t].to = lat->nearest.site[b][t].to;
            memcpy(c->tap[b][t].cell, lat->nearest.site[b][t].cell,
                   sizeof c->tap[b][t].cell);
        }
    }
    find_opposites(c);
    int status = cavity_clusters(c, lat, radius);
    if (status) {
        cavity_fini(c);
        return status;
    }
    for (int i = 0; i < 3; i++)
        c->halo[i] = lat->n[i] > 1 ? iterations + most_away(c) + 1 : 0;
    return 0;
}

void cavity_fini(struct cavity *c)
{
    for (int l = 0; l < CAVITY_LEVELS; l++)
        for (int b = 0; b < LATTICE_BASIS_MAX; b++)
            cavity_cluster_free(&c->cluster[l][b]);
    *c = (struct cavity){0};
}

/* Boxes and their memory. */

struct cavity_work {
    const struct cavity *c;
    const struct cavity_kernel *kernel;
    struct cavity_cut cut;
    struct poles poles; /* that the plan was made for, with these */
    double temp, planned_cut;
    struct cavity_plan plan;
    int nthread, npiece;
    struct cavity_scratch *scratch; /* [nthread] */
    void **piece;                   /* [npiece] */
};

static ptrdiff_t padded(ptrdiff_t n)
{
    return (n + CAVITY_VECTOR - 1) / CAVITY_VECTOR * CAVITY_VECTOR;
}

static void cut_lattice(const struct cavity *c, const struct lattice *lat,
                        ptrdiff_t lanes, struct cavity_cut *cut)
{
    const int most[3] = {SIDE_1, SIDE_2, SIDE_3};
    *cut = (struct cavity_cut){.nbox = 1};
    ptrdiff_t stride = 1;
    for (int i = 0; i < 3; i++) {
        int side = most[lat->shape.dim - 1];
        int pieces = (lat->local[i] + side - 1) / side;
        cut->count[i] = pieces;
        cut->side[i] = (lat->local[i] + pieces - 1) / pieces;
        cut->nbox *= pieces;
        cut->width[i] = cut->side[i] + 2 * c->halo[i];
        cut->stride[i] = stride;
        stride *= cut->width[i];
    }
    cut->cells = stride;
    cut->row = (cut->side[0] + lanes - 1) / lanes * lanes;
    cut->core = cut->row * cut->side[1] * cut->side[2];
    cut->slack = 2 * CAVITY_VECTOR;
    for (int i = 0; i < 3; i++)
        if (c->halo[i] > 0)
            cut->slack += (c->halo[i] - c->iterations) * cut->stride[i];
    cut->slack = padded(cut->slack);
}

static int scratch_init(const struct cavity_work *w, struct cavity_scratch *s)
{
    const struct cavity *c = w->c;
    size_t length = (size_t)(padded(w->cut.cells) + 2 * w->cut.slack);
    size_t bytes = length * w->kernel->number, arrays = 0;
    for (int b = 0; b < c->nbasis; b++)
        arrays += 3 + 4 * (size_t)c->ntap[b];
    s->block = mem_zalloc(arrays, bytes);
    if (!s->block)
        return -1;
    char *next = (char *)s->block + (size_t)w->cut.slack * w->kernel->number;
    for (int b = 0; b < c->nbasis; b++) {
        s->energy[b] = next;
        next += bytes;
        for (int part = 0; part < 2; part++) {
            s->bare[part][b] = next;
            next += bytes;
            for (int odd = 0; odd < 2; odd++)
                for (int t = 0; t < c->ntap[b]; t++) {
                    s->message[odd][part][b][t] = next;
                    next += bytes;
                }
        }
    }
    return 0;
}

struct cavity_work *cavity_work_new(const struct cavity *c,
                                    const struct lattice *lat, bool single)
{
    struct cavity_work *w = mem_zalloc(1, sizeof *w);
    if (!w)
        return NULL;
    w->c = c;
    w->kernel = single ? &cavity_kernel_single : &cavity_kernel_double;
    cut_lattice(c, lat, CAVITY_VECTOR / (ptrdiff_t)w->kernel->number, &w->cut);
    return w;
}

void cavity_work_free(struct cavity_work *w)
{
    if (!w)
        return;
    for (int k = 0; k < w->nthread; k++)
        mem_free(w->scratch[k].block);
    for (int k = 0; k < w->npiece; k++)
        mem_free(w->piece[k]);
    mem_free(w->scratch);
    mem_free(w->piece);
    mem_free(w);
}

/* Memory for so many threads and pieces, kept until the end. */
static int reserve(struct cavity_work *w, int nthread, int npiece)
{
    if (nthread > w->nthread) {
        void *p = mem_resize(w->scratch, (size_t)nthread, sizeof *w->scratch);
        if (!p)
            return -1;
        w->scratch = p;
        for (; w->nthread < nthread; w->nthread++) {
            w->scratch[w->nthread] = (struct cavity_scratch){0};
            if (scratch_init(w, &w->scratch[w->nthread]))
                return -1;
        }
    }
    if (npiece > w->npiece) {
        size_t length = (size_t)(cavity_columns(w->c) * w->c->nbasis);
        void *p = mem_resize(w->piece, (size_t)npiece, sizeof *w->piece);
        if (!p)
            return -1;
        w->piece = p;
        for (; w->npiece < npiece; w->npiece++)
            if (!(w->piece[w->npiece] = mem_alloc(length * (size_t)w->cut.core,
                                                  w->kernel->number)))
                return -1;
    }
    return 0;
}

/* The plan is kept as long as poles and temperature are. */
static void make_plan(struct cavity_work *w, const struct cavity_electrons *e)
{
    if (w->plan.n > 0 && w->temp == e->temp && w->planned_cut == e->cut &&
        memcmp(&w->poles, e->poles, sizeof w->poles) == 0)
        return;
    cavity_plan(w->c, e, &w->plan);
    w->poles = *e->poles;
    w->temp = e->temp;
    w->planned_cut = e->cut;
}

/* Work. */

static void box_first(const struct cavity_cut *cut, int64_t box, int first[3])
{
    for (int i = 0; i < 3; i++) {
        first[i] = (int)(box % cut->count[i]) * cut->side[i];
        box /= cut->count[i];
    }
}

struct job {
    const struct field *q;
    const struct cavity_electrons *e;
    int parts; /* of the poles, of one box */
    double *out;
    int columns, row;
};

static void collect(struct cavity_work *w, const struct job *j,
                    const struct cavity_task *task, void *const *piece)
{
    w->kernel->collect(task, j->q, j->e, piece, j->parts, j->columns, j->out,
                       j->row);
}

/* Boxes `begin` .. `end` by part of the poles; who does the last part of a box
   sums them, so that nobody waits for it. */
static void wave(struct cavity_work *w, const struct job *j, int64_t begin,
                 int64_t end, int nthread)
{
    int64_t pieces = (end - begin) * j->parts;
    int left[WAVE];
    for (int64_t k = 0; k < end - begin; k++)
        left[k] = j->parts;
#pragma omp parallel num_threads(nthread) if (pieces > 1 && nthread > 1)
    {
        struct cavity_task task = {.c = w->c,
                                   .cut = &w->cut,
                                   .plan = &w->plan,
                                   .s = &w->scratch[omp_get_thread_num()]};
        int64_t loaded = -1;
#pragma omp for schedule(dynamic) nowait
        for (int64_t k = 0; k < pieces; k++) {
            int64_t box = begin + k / j->parts;
            int part = (int)(k % j->parts);
            task.begin = part * w->plan.n / j->parts;
            task.end = (part + 1) * w->plan.n / j->parts;
            task.out = w->piece[k];
            box_first(&w->cut, box, task.first);
            if (loaded != box)
                w->kernel->load(&task, j->q, j->e->scale, j->e->shift);
            loaded = box;
            w->kernel->poles(&task);
            if (__atomic_sub_fetch(&left[box - begin], 1, __ATOMIC_ACQ_REL) ==
                0)
                collect(w, j, &task, &w->piece[k - part]);
        }
    }
}

int cavity_densities(struct cavity_work *w, const struct field *q,
                     const struct cavity_electrons *e, int nthread, int columns,
                     double *out, int row)
{
    /* By the lattice alone, so that bits do not depend on threads. */
    int parts = w->cut.nbox < FEW ? e->poles->n : 1;
    int64_t boxes = WAVE / parts > 1 ? WAVE / parts : 1;
    boxes = boxes < w->cut.nbox ? boxes : w->cut.nbox;
    struct job job = {q, e, parts, out, columns, row};
    if (reserve(w, nthread, (int)boxes * parts))
        return -1;
    make_plan(w, e);
    for (int64_t box = 0; box < w->cut.nbox; box += boxes)
        wave(w, &job, box,
             box + boxes < w->cut.nbox ? box + boxes : w->cut.nbox, nthread);
    return 0;
}

double cavity_bound(const struct cavity *c, const struct field *q, double scale,
                    double shift, double temp)
{
    double low = 0, high = 0;
    int taps = 0, nx = q->lat->local[0];
    for (int b = 0; b < c->nbasis; b++) {
        taps = c->ntap[b] > taps ? c->ntap[b] : taps;
#pragma omp parallel for schedule(static) reduction(min                        \
                                                    : low)                     \
    reduction(max                                                              \
              : high) if (q->lat->nlocal >= PARALLEL_MIN)
        for (int64_t r = 0; r < field_nrow(q); r++) {
            const double *row = field_read(q, 0, b) + field_row(q, r);
            for (int x = 0; x < nx; x++) {
                low = row[x] < low ? row[x] : low;
                high = row[x] > high ? row[x] : high;
            }
        }
    }
    return (fmax(fabs(shift + scale * low), fabs(shift + scale * high)) +
            taps * fabs(c->hopping)) /
           temp;
}

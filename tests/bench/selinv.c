/* Selected inversion of a periodic square lattice, 12 shifts: how far from the
   processor's rate of matrix products, and where the time goes.

   Operations are 8 a multiply-add of complex numbers, of which a front with s
   own sites and r border sites takes s^3/2 + 3/2 r s^2 + 3/2 r^2 s on the way
   up and down.  The products and inversions of all fronts are done once more by
   themselves; the rest of the time moves numbers between fronts. */

#include "bench.h"

#include <cblas.h>
#include <math.h>
#include <omp.h>
#include <time.h>

#include "la/selinv.h"

enum { SHIFTS = 12, MATRIX = 1000 };
static const double matrix_work = 2.0 * MATRIX * MATRIX * MATRIX;

extern void openblas_set_num_threads(int n);

struct grid {
    struct dissection_graph graph;
    int64_t (*edge)[2];
    int (*cell)[3];
    double *onsite, *hopping;
};

static void *room(size_t n, size_t size)
{
    void *p = aligned_alloc(64, (n * size / 64 + 1) * 64);

    if (!p) {
        fprintf(stderr, "out of memory\n");
        exit(2);
    }
    return p;
}

static struct grid grid_new(int length)
{
    int64_t n = (int64_t)length * length;
    struct grid g = {.edge = room((size_t)n * 2, sizeof *g.edge),
                     .cell = room((size_t)n, sizeof *g.cell),
                     .onsite = room((size_t)n, sizeof(double)),
                     .hopping = room((size_t)n * 2, sizeof(double))};

    for (int64_t i = 0; i < n; i++) {
        int x = (int)(i % length), y = (int)(i / length);

        g.cell[i][0] = x;
        g.cell[i][1] = y;
        g.cell[i][2] = 0;
        g.onsite[i] = 10 * sin(12.9898 * (double)i);
        g.edge[2 * i][0] = g.edge[2 * i + 1][0] = i;
        g.edge[2 * i][1] = (x + 1) % length + (int64_t)length * y;
        g.edge[2 * i + 1][1] = x + (int64_t)length * ((y + 1) % length);
        g.hopping[2 * i] = g.hopping[2 * i + 1] = 1;
    }
    g.graph = (struct dissection_graph){.n = n,
                                        .nedge = 2 * n,
                                        .edge = (const int64_t(*)[2])g.edge,
                                        .cell = (const int(*)[3])g.cell,
                                        .size = {length, length, 1},
                                        .periodic = {true, true, false}};
    return g;
}

static void grid_free(struct grid *g)
{
    free(g->edge);
    free(g->cell);
    free(g->onsite);
    free(g->hopping);
}

struct bench {
    struct grid grid;
    struct selinv *selinv;
    struct selinv_result green;
    struct dissection tree;
    struct lanes *a, *b, *c, *work;
    double *x, *y, *z;
    int nthread;
};

static void invert(void *data)
{
    struct bench *b = data;
    double re[SHIFTS], im[SHIFTS];

    for (int k = 0; k < SHIFTS; k++) {
        re[k] = 0.1;
        im[k] = 0.3 * pow(1.5, k);
    }
    if (selinv_solve(b->selinv, b->grid.onsite, b->grid.hopping, SHIFTS, re, im,
                     false, b->nthread, &b->green))
        exit(2);
}

static void multiply(void *data)
{
    struct bench *b = data;

    cblas_dgemm(CblasColMajor, CblasNoTrans, CblasNoTrans, MATRIX, MATRIX,
                MATRIX, 1, b->x, MATRIX, b->y, MATRIX, 0, b->z, MATRIX);
}

static struct lane_matrix view(struct lanes *at, int n)
{
    return (struct lane_matrix){at, n | 1, 1};
}

static struct lane_matrix turned(struct lane_matrix m)
{
    return (struct lane_matrix){m.at, m.column, m.row};
}

/* The products of all fronts of one batch, operands of the same sizes. */
static void products(void *data)
{
    struct bench *b = data;

    for (int i = 0; i < b->tree.nfront; i++) {
        int s = b->tree.front[i].nown, r = b->tree.front[i].nborder;
        struct lane_matrix x = view(b->a, s), square = view(b->b, r);

        lanes_product(LANES_SET, r, s, s, x, view(b->b, s), view(b->c, s), 0);
        lanes_product(LANES_SUBTRACT, r, r, s, x, turned(x), square, 1);
        lanes_symmetric_product(r, s, square, x, view(b->c, s));
        lanes_difference(s, r, view(b->b, s), turned(x), view(b->c, s),
                         view(b->work, s));
    }
}

static void inversions(void *data)
{
    struct bench *b = data;

    for (int i = 0; i < b->tree.nfront; i++) {
        int s = b->tree.front[i].nown;
        struct lane_matrix p = view(b->c, s);

        for (int k = 0; k < s * (s | 1); k++)
            b->c[k] = (struct lanes){{0.5, 0.5, 0.5, 0.5}, {0}};
        for (int k = 0; k < s; k++)
            p.at[k * (p.row + 1)].im = (lane_vector){-9, -9, -9, -9};
        lanes_invert(s, p, b->work + s, b->work);
    }
}

/* Shortest time of the calling thread alone, whatever else the machine does. */
static double own_time(void (*work)(void *), void *data)
{
    struct timespec a, b;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &a);
    work(data);
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &b);
    return (double)(b.tv_sec - a.tv_sec) +
           1e-9 * (double)(b.tv_nsec - a.tv_nsec);
}

static void fill(struct lanes *a, size_t n)
{
    for (size_t i = 0; i < n; i++)
        for (int l = 0; l < LANES; l++) {
            a[i].re[l] = 1e-3 * sin((double)i + l);
            a[i].im[l] = 1e-3 * cos((double)i - l);
        }
}

static size_t widest(const struct dissection *d)
{
    size_t most = 1;

    for (int i = 0; i < d->nfront; i++) {
        size_t n = (size_t)(d->front[i].nown + d->front[i].nborder) + 2;

        most = n * n > most ? n * n : most;
    }
    return most;
}

static struct bench bench_of(int length)
{
    struct bench b = {.grid = grid_new(length),
                      .nthread = omp_get_max_threads()};
    size_t most;

    b.selinv = selinv_new(&b.grid.graph);
    if (!b.selinv || dissection_new(&b.grid.graph, &b.tree))
        exit(2);
    most = widest(&b.tree);
    b.a = room(most, sizeof *b.a);
    b.b = room(most, sizeof *b.b);
    b.c = room(most, sizeof *b.c);
    b.work = room(most, sizeof *b.work);
    fill(b.a, most);
    fill(b.b, most);
    b.x = room(MATRIX * MATRIX, sizeof(double));
    b.y = room(MATRIX * MATRIX, sizeof(double));
    b.z = room(MATRIX * MATRIX, sizeof(double));
    for (int i = 0; i < MATRIX * MATRIX; i++)
        b.x[i] = b.y[i] = sin(i);
    return b;
}

static void bench_end(struct bench *b)
{
    dissection_free(&b->tree);
    selinv_result_free(&b->green);
    selinv_free(b->selinv);
    grid_free(&b->grid);
    free(b->a);
    free(b->b);
    free(b->c);
    free(b->work);
    free(b->x);
    free(b->y);
    free(b->z);
}

/* Where the time of one thread goes. */
static void report_shares(struct bench *b, int rounds)
{
    static void (*const part[4])(void *) = {invert, multiply, products,
                                            inversions};
    double t[4] = {INFINITY, INFINITY, INFINITY, INFINITY};
    double product, inversion;

    b->nthread = 1;
    openblas_set_num_threads(1);
    for (int k = 0; k < rounds; k++)
        for (int i = 0; i < 4; i++)
            t[i] = fmin(t[i], own_time(part[i], b));
    product = t[2] * SHIFTS / LANES / t[0];
    inversion = t[3] * SHIFTS / LANES / t[0];
    printf("  one thread: dgemm %.1f GF/s, selected inversion %.1f GF/s, %.3g "
           "N^1.5 multiply-adds a shift;\n"
           "  products %.0f %% of its time, inverses %.0f %%, moving %.0f %%\n",
           1e-9 * matrix_work / t[1],
           8e-9 * SHIFTS * selinv_work(b->selinv) / t[0],
           selinv_work(b->selinv) / pow((double)b->grid.graph.n, 1.5),
           100 * product, 100 * inversion, 100 * (1 - product - inversion));
}

static int report(int length, int rounds, double goal)
{
    struct bench b = bench_of(length);
    double dgemm, all;
    char what[64];
    int status;

    openblas_set_num_threads(b.nthread);
    bench_pair(invert, multiply, &b, rounds, &all, &dgemm);
    snprintf(what, sizeof what, "rate of dgemm / of selected inversion, %dx%d",
             length, length);
    status = bench_report(
        what, matrix_work / dgemm / (8 * SHIFTS * selinv_work(b.selinv) / all),
        goal);
    report_shares(&b, rounds);
    bench_end(&b);
    return status;
}

int main(void)
{
    return report(40, 40, 2.5) | report(200, 4, 2.5);
}

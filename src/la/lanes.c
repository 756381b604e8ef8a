/* Products and inverses of batched complex matrices: see la/lanes.h.

   The product works on 3 x 2 tiles of elements: 24 fused multiply-adds in
   twelve sums, which keeps both multipliers of current processors busy from the
   first-level cache.  An element is a cache line, so strides cost nothing and
   nothing is packed; k and n are cut so that the rows of a tile and a panel of
   b stay in the first two levels. */

#include "la/lanes.h"

enum {
    TILE_ROWS = LANES_BLOCK,
    TILE_COLUMNS = 2,
    K_BLOCK = 96,      /* 3 rows of a: 18 KiB */
    N_BLOCK = 32,      /* panel of b: 192 KiB */
    TASK_WORK = 30000, /* multiply-adds that make a task worth its cost */
    INVERT_LEAF = 6
};

static inline __attribute__((always_inline)) void accumulate(struct lanes *sum,
                                                             struct lanes a,
                                                             struct lanes b)
{
    sum->re += a.re * b.re;
    sum->im += a.re * b.im;
    sum->re -= a.im * b.im;
    sum->im += a.im * b.re;
}

static inline __attribute__((always_inline)) struct lanes negated(
    struct lanes a)
{
    return (struct lanes){-a.re, -a.im};
}

/* rows x columns sums over k elements; rows and columns are constant wherever
   this is inlined. */
static inline __attribute__((always_inline)) void add_up(
    struct lanes sum[TILE_ROWS][TILE_COLUMNS], int rows, int columns, int k,
    const struct lanes *a, ptrdiff_t a_row, ptrdiff_t a_column,
    const struct lanes *b, ptrdiff_t b_row, ptrdiff_t b_column)
{
    for (int p = 0; p < k; p++) {
        for (int j = 0; j < columns; j++) {
            struct lanes f = b[j * b_column];

            for (int i = 0; i < rows; i++) {
                sum[i][j].re += a[i * a_row].re * f.re;
                sum[i][j].im += a[i * a_row].re * f.im;
            }
            for (int i = 0; i < rows; i++) {
                sum[i][j].re -= a[i * a_row].im * f.im;
                sum[i][j].im += a[i * a_row].im * f.re;
            }
        }
        a += a_column;
        b += b_row;
    }
}

struct product {
    enum lane_mode mode;
    int n, k, lower, symmetric;
    struct lane_matrix a, b, base, c;
};

/* What becomes of the sums of a tile; constant wherever this is inlined. */
enum fate { PUT, PUT_NEGATIVE, ADD, TAKE_FROM_BASE };

static inline __attribute__((always_inline)) void store(
    enum fate fate, struct lanes *c, const struct lanes *base, struct lanes sum)
{
    switch (fate) {
    case PUT:
        c->re = sum.re;
        c->im = sum.im;
        break;
    case PUT_NEGATIVE:
        c->re = -sum.re;
        c->im = -sum.im;
        break;
    case ADD:
        c->re += sum.re;
        c->im += sum.im;
        break;
    case TAKE_FROM_BASE:
        c->re = base->re - sum.re;
        c->im = base->im - sum.im;
        break;
    }
}

/* A block of the sum over k. */
struct stretch {
    int k0, k;
    struct lane_matrix base;
};

/* Elements i .. , j .. of the product. */
static inline __attribute__((always_inline)) void tile(const struct product *p,
                                                       const struct stretch *s,
                                                       enum fate fate, int rows,
                                                       int columns, int i,
                                                       int j)
{
    struct lanes sum[TILE_ROWS][TILE_COLUMNS] = {{{{0}, {0}}}};
    const struct lanes *a = p->a.at + i * p->a.row + s->k0 * p->a.column;
    const struct lanes *b = p->b.at + s->k0 * p->b.row + j * p->b.column;
    int k = s->k;

    /* Right of the diagonal block a symmetric matrix is read below it. */
    if (p->symmetric && i + rows < s->k0 + k) {
        int left = i + rows > s->k0 ? i + rows - s->k0 : 0;

        add_up(sum, rows, columns, k - left,
               p->a.at + (s->k0 + left) * p->a.row + i * p->a.column,
               p->a.column, p->a.row, b + left * p->b.row, p->b.row,
               p->b.column);
        k = left;
    }
    add_up(sum, rows, columns, k, a, p->a.row, p->a.column, b, p->b.row,
           p->b.column);
    for (int r = 0; r < rows; r++)
        for (int q = 0; q < columns; q++)
            store(fate, p->c.at + (i + r) * p->c.row + (j + q) * p->c.column,
                  s->base.at + (i + r) * s->base.row + (j + q) * s->base.column,
                  sum[r][q]);
}

/* Tiles side by side in columns j .. end. */
static inline __attribute__((always_inline)) void tiles(const struct product *p,
                                                        const struct stretch *s,
                                                        enum fate fate,
                                                        int rows, int i, int j,
                                                        int end)
{
    for (; j + TILE_COLUMNS <= end; j += TILE_COLUMNS)
        tile(p, s, fate, rows, TILE_COLUMNS, i, j);
    if (j < end)
        tile(p, s, fate, rows, 1, i, j);
}

static inline __attribute__((always_inline)) void block(const struct product *p,
                                                        const struct stretch *s,
                                                        enum fate fate,
                                                        int begin, int end,
                                                        int n0, int n1)
{
    int i = begin;

    for (; i + TILE_ROWS <= end; i += TILE_ROWS)
        tiles(p, s, fate, TILE_ROWS, i, n0,
              p->lower && i + TILE_ROWS < n1 ? i + TILE_ROWS : n1);
    if (i + 2 == end)
        tiles(p, s, fate, 2, i, n0, n1);
    else if (i + 1 == end)
        tiles(p, s, fate, 1, i, n0, n1);
}

static void block_put(const struct product *p, const struct stretch *s,
                      int begin, int end, int n0, int n1)
{
    block(p, s, PUT, begin, end, n0, n1);
}

static void block_put_negative(const struct product *p, const struct stretch *s,
                               int begin, int end, int n0, int n1)
{
    block(p, s, PUT_NEGATIVE, begin, end, n0, n1);
}

static void block_add(const struct product *p, const struct stretch *s,
                      int begin, int end, int n0, int n1)
{
    block(p, s, ADD, begin, end, n0, n1);
}

static void block_take(const struct product *p, const struct stretch *s,
                       int begin, int end, int n0, int n1)
{
    block(p, s, TAKE_FROM_BASE, begin, end, n0, n1);
}

static int least(int a, int b)
{
    return a < b ? a : b;
}

/* Rows begin .. end of the product. */
static void product_rows(const struct product *p, int begin, int end)
{
    for (int k0 = 0; k0 < p->k; k0 += K_BLOCK) {
        struct stretch s = {k0, least(K_BLOCK, p->k - k0), k0 ? p->c : p->base};

        for (int n0 = 0; n0 < p->n; n0 += N_BLOCK) {
            int n1 = least(n0 + N_BLOCK, p->lower ? least(p->n, end) : p->n);

            if (p->mode == LANES_SET && k0)
                block_add(p, &s, begin, end, n0, n1);
            else if (p->mode == LANES_SET)
                block_put(p, &s, begin, end, n0, n1);
            else if (p->mode == LANES_NEGATIVE && !k0)
                block_put_negative(p, &s, begin, end, n0, n1);
            else
                block_take(p, &s, begin, end, n0, n1);
        }
    }
}

static void product(const struct product *p, int m)
{
    double work = (double)m * p->n * p->k;
    int parts = (int)(work / TASK_WORK), rows;

    if (m == 0 || p->n == 0 || p->k == 0)
        return;
    if (parts < 2) {
        product_rows(p, 0, m);
        return;
    }
    parts = parts > 32 ? 32 : parts;
    rows = (m + parts - 1) / parts;
    rows += (TILE_ROWS - rows % TILE_ROWS) % TILE_ROWS;
    for (int begin = 0; begin < m; begin += rows) {
        int end = begin + rows < m ? begin + rows : m;

#pragma omp task firstprivate(begin, end, p)
        product_rows(p, begin, end);
    }
#pragma omp taskwait
}

void lanes_product(enum lane_mode mode, int m, int n, int k,
                   struct lane_matrix a, struct lane_matrix b,
                   struct lane_matrix c, int lower)
{
    product(&(struct product){mode, n, k, lower, 0, a, b, c, c}, m);
}

void lanes_difference(int n, int k, struct lane_matrix base,
                      struct lane_matrix a, struct lane_matrix b,
                      struct lane_matrix c)
{
    product(&(struct product){LANES_SUBTRACT, n, k, 1, 0, a, b, base, c}, n);
}

void lanes_symmetric_product(int m, int n, struct lane_matrix a,
                             struct lane_matrix b, struct lane_matrix c)
{
    product(&(struct product){LANES_NEGATIVE, n, m, 0, 1, a, b, c, c}, m);
}

void lanes_mirror(int n, struct lane_matrix a)
{
    for (int i = 1; i < n; i++)
        for (int j = 0; j < i; j++)
            a.at[j * a.row + i * a.column] = a.at[i * a.row + j * a.column];
}

static struct lanes reciprocal(struct lanes a)
{
    lane_vector d = 1.0 / (a.re * a.re + a.im * a.im);

    return (struct lanes){a.re * d, -a.im * d};
}

/* Gauss-Jordan: after step p, rows and columns up to p are those of the
   inverse. */
static void invert_leaf(int n, struct lane_matrix a, struct lanes *pivot)
{
#define A(i, j) a.at[(i)*a.row + (j)*a.column]
    for (int p = 0; p < n; p++) {
        struct lanes d = reciprocal(A(p, p));

        pivot[p] = A(p, p);
        for (int i = 0; i < n; i++) {
            struct lanes f = {{0}, {0}};

            if (i == p)
                continue;
            accumulate(&f, A(i, p), d);
            for (int j = 0; j < n; j++) {
                struct lanes t = {{0}, {0}};

                if (j == p)
                    continue;
                accumulate(&t, f, A(p, j));
                A(i, j).re -= t.re;
                A(i, j).im -= t.im;
            }
            A(i, p) = negated(f);
        }
        for (int j = 0; j < n; j++) {
            struct lanes t = {{0}, {0}};

            if (j == p)
                continue;
            accumulate(&t, d, A(p, j));
            A(p, j) = t;
        }
        A(p, p) = d;
    }
#undef A
}

/* With A = [P Q'; Q R] and S = R - Q P^-1 Q':  A^-1 = [P^-1 + X' S^-1 X, -X'
   S^-1; -S^-1 X, S^-1],  X = Q P^-1. */
void lanes_invert(int n, struct lane_matrix a, struct lanes *work,
                  struct lanes *pivot)
{
    int n1 = n / 2 + (n / 2 & 1), n2 = n - n1;
    struct lane_matrix q = {a.at + n1 * a.row, a.row, a.column};
    struct lane_matrix q_t = {q.at, a.column, a.row};
    struct lane_matrix r = {q.at + n1 * a.column, a.row, a.column};
    struct lane_matrix x = {work, n1, 1}, x_t = {work, 1, n1};

    if (n <= INVERT_LEAF) {
        lanes_mirror(n, a);
        invert_leaf(n, a, pivot);
        return;
    }
    lanes_invert(n1, a, work, pivot);
    lanes_product(LANES_SET, n2, n1, n1, q, a, x, 0);
    lanes_product(LANES_SUBTRACT, n2, n2, n1, x, q_t, r, 1);
    /* x must outlive the second inversion: its workspace comes after. */
    lanes_invert(n2, r, work + (ptrdiff_t)n1 * n2, pivot + n1);
    lanes_product(LANES_NEGATIVE, n2, n1, n2, r, x, q, 0);
    lanes_product(LANES_SUBTRACT, n1, n1, n2, x_t, q, a, 1);
    lanes_mirror(n1, a);
    for (int i = 0; i < n2; i++)
        for (int j = 0; j < n1; j++)
            a.at[j * a.row + (n1 + i) * a.column] =
                q.at[i * q.row + j * q.column];
}

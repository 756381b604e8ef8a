/* Products and inverses of batched complex matrices: see la/lanes.h.

   The product works on 3 x 2 tiles of elements: 24 fused multiply-adds in
   twelve sums, which keeps both multipliers of current processors busy from the
   first-level cache.  k is cut so that the rows of a tile and a panel of b stay
   in the first two levels. */

#include "la/lanes.h"

enum {
    TILE_ROWS = 3,
    TILE_COLUMNS = 2,
    K_BLOCK = 64,           /* 3 rows of a: 12 KiB */
    N_BLOCK = 24,           /* panel of b: 96 KiB */
    PACK_ROWS = 12,         /* fewer do not pay for copying the panel */
    TASK_WORK = 400000,     /* multiply-adds that make a task worth its cost */
    INVERT_LEAF = 6
};

static inline __attribute__((always_inline)) void
accumulate(struct lanes *sum, struct lanes a, struct lanes b)
{
    sum->re += a.re * b.re;
    sum->im += a.re * b.im;
    sum->re -= a.im * b.im;
    sum->im += a.im * b.re;
}

static inline __attribute__((always_inline)) struct lanes
negated(struct lanes a)
{
    return (struct lanes){-a.re, -a.im};
}

static inline __attribute__((always_inline)) void
store(enum lane_mode mode, int first, struct lanes *c, struct lanes sum)
{
    if (mode == LANES_SET) {
        if (!first) {
            sum.re += c->re;
            sum.im += c->im;
        }
        *c = sum;
    } else if (mode == LANES_NEGATIVE && first) {
        *c = negated(sum);
    } else {
        c->re -= sum.re;
        c->im -= sum.im;
    }
}

/* rows x columns tile, constant wherever this is inlined. */
static inline __attribute__((always_inline)) void
tile(enum lane_mode mode, int first, int rows, int columns, int k,
     const struct lanes *a, ptrdiff_t a_row, ptrdiff_t a_column,
     const struct lanes *b, ptrdiff_t b_row, ptrdiff_t b_column,
     struct lanes *c, ptrdiff_t c_row, ptrdiff_t c_column)
{
    struct lanes sum[TILE_ROWS][TILE_COLUMNS] = {{{{0}, {0}}}};

    for (int p = 0; p < k; p++) {
        for (int i = 0; i < rows; i++) {
            for (int j = 0; j < columns; j++) {
                sum[i][j].re += a[i * a_row].re * b[j * b_column].re;
                sum[i][j].im += a[i * a_row].re * b[j * b_column].im;
            }
            for (int j = 0; j < columns; j++) {
                sum[i][j].re -= a[i * a_row].im * b[j * b_column].im;
                sum[i][j].im += a[i * a_row].im * b[j * b_column].re;
            }
        }
        a += a_column;
        b += b_row;
    }
    for (int i = 0; i < rows; i++)
        for (int j = 0; j < columns; j++)
            store(mode, first, c + i * c_row + j * c_column, sum[i][j]);
}

struct product {
    enum lane_mode mode;
    int n, k, lower;
    struct lane_matrix a, b, c;
};

static void tile_any(const struct product *p, int first, int rows, int columns,
                     int k, const struct lanes *a, const struct lanes *b,
                     ptrdiff_t b_row, ptrdiff_t b_column, struct lanes *c)
{
#define TILE(r, q)                                                            \
    tile(p->mode, first, r, q, k, a, p->a.row, p->a.column, b, b_row,         \
         b_column, c, p->c.row, p->c.column)
    switch (rows * 2 + columns - 3) {
    case 0: TILE(1, 1); break;
    case 1: TILE(1, 2); break;
    case 2: TILE(2, 1); break;
    case 3: TILE(2, 2); break;
    case 4: TILE(3, 1); break;
    default: TILE(3, 2); break;
    }
#undef TILE
}

static int least(int a, int b)
{
    return a < b ? a : b;
}

/* Copies a panel of b so that each tile's columns lie in sequence. */
static void pack(const struct lane_matrix *b, int k0, int k, int n0, int n1,
                 struct lanes *panel)
{
    for (int j = n0; j < n1; j += TILE_COLUMNS) {
        int columns = least(TILE_COLUMNS, n1 - j);

        for (int p = 0; p < k; p++)
            for (int q = 0; q < columns; q++)
                *panel++ = b->at[(k0 + p) * b->row + (j + q) * b->column];
    }
}

/* Rows begin .. end of the product. */
static void product_rows(const struct product *p, int begin, int end)
{
    struct lanes panel[K_BLOCK * N_BLOCK];
    int packed = end - begin >= PACK_ROWS;

    for (int k0 = 0; k0 < p->k; k0 += K_BLOCK) {
        int k = least(K_BLOCK, p->k - k0);

        for (int n0 = 0; n0 < p->n; n0 += N_BLOCK) {
            int n1 = least(n0 + N_BLOCK, p->n);

            if (p->lower && n0 >= end)
                break;
            if (packed)
                pack(&p->b, k0, k, n0, n1, panel);
            for (int i = begin; i < end; i += TILE_ROWS) {
                int rows = least(TILE_ROWS, end - i);
                int last = p->lower ? least(i + rows, n1) : n1;
                const struct lanes *a =
                    p->a.at + i * p->a.row + k0 * p->a.column;
                struct lanes *c = p->c.at + i * p->c.row;

                for (int j = n0; j < last; j += TILE_COLUMNS) {
                    int columns = least(TILE_COLUMNS, n1 - j);

                    if (packed)
                        tile_any(p, k0 == 0, rows, columns, k, a,
                                 panel + (ptrdiff_t)(j - n0) * k, columns, 1,
                                 c + j * p->c.column);
                    else
                        tile_any(p, k0 == 0, rows, columns, k, a,
                                 p->b.at + k0 * p->b.row + j * p->b.column,
                                 p->b.row, p->b.column, c + j * p->c.column);
                }
            }
        }
    }
}

void lanes_product(enum lane_mode mode, int m, int n, int k,
                   struct lane_matrix a, struct lane_matrix b,
                   struct lane_matrix c, int lower)
{
    struct product p = {mode, n, k, lower, a, b, c};
    double work = (double)m * n * k;
    int parts = (int)(work / TASK_WORK), rows;

    if (m == 0 || n == 0 || k == 0)
        return;
    if (parts < 2) {
        product_rows(&p, 0, m);
        return;
    }
    parts = parts > 32 ? 32 : parts;
    rows = (m + parts - 1) / parts;
    rows += (TILE_ROWS - rows % TILE_ROWS) % TILE_ROWS;
    for (int begin = 0; begin < m; begin += rows) {
        int end = begin + rows < m ? begin + rows : m;

#pragma omp task firstprivate(begin, end) shared(p)
        product_rows(&p, begin, end);
    }
#pragma omp taskwait
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
#define A(i, j) a.at[(i) * a.row + (j) * a.column]
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

/* With A = [P Q'; Q R] and S = R - Q P^-1 Q':  A^-1 = [P^-1 + X' S^-1 X, -X' S^-1;
   -S^-1 X, S^-1],  X = Q P^-1. */
void lanes_invert(int n, struct lane_matrix a, struct lanes *work,
                  struct lanes *pivot)
{
    int n1 = n / 2 + (n / 2 & 1), n2 = n - n1;
    struct lane_matrix q = {a.at + n1 * a.row, a.row, a.column};
    struct lane_matrix q_t = {q.at, a.column, a.row};
    struct lane_matrix r = {q.at + n1 * a.column, a.row, a.column};
    struct lane_matrix x = {work, n1, 1}, x_t = {work, 1, n1};

    if (n <= INVERT_LEAF) {
        invert_leaf(n, a, pivot);
        return;
    }
    lanes_invert(n1, a, work, pivot);
    lanes_product(LANES_SET, n2, n1, n1, q, a, x, 0);
    lanes_product(LANES_SUBTRACT, n2, n2, n1, x, q_t, r, 1);
    lanes_mirror(n2, r);
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

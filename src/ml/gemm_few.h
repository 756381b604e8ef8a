/* Products with so few columns that a part of a vector holds a row of them:
   part of ml/gemm_body.h, which defines the names that are used here, and

       WIDTH      numbers in that part of a vector
       PART_MULTIPLY_ADD(a, b, c)   as MULTIPLY_ADD
       FEW(x)     x with a suffix of its own

   Weights are [k][WIDTH], filled with zeros.  The chain of sums of an element
   is that of a tile. */

#define PART FEW(part)
#define LOOSE_PART FEW(loose_part)
typedef NUMBER PART __attribute__((vector_size(WIDTH * sizeof(NUMBER))));
typedef NUMBER LOOSE_PART __attribute__((vector_size(WIDTH * sizeof(NUMBER)),
                                         aligned(sizeof(NUMBER)), may_alias));

INLINE void FEW(store)(PART sum, const struct TARGET *t)
{
    NUMBER *y = t->y, one[WIDTH];

    if (t->columns == WIDTH) {
        PART v = sum;

        if (t->bias)
            v += *(const LOOSE_PART *)t->bias;
        if (t->add)
            v += *(const LOOSE_PART *)y;
        *(LOOSE_PART *)y = v;
        return;
    }
    *(LOOSE_PART *)one = sum;
    for (int j = 0; j < t->columns; j++) {
        NUMBER v = one[j];

        if (t->bias)
            v += t->bias[j];
        y[j] = t->add ? v + y[j] : v;
    }
}

/* rows is constant wherever this is inlined. */
INLINE void FEW(tile)(int rows, int k, const NUMBER *x, ptrdiff_t x_row,
                      const NUMBER *w, const struct TARGET *target)
{
    struct TARGET t = *target;
    PART sum[TILE_1];

    for (int i = 0; i < rows; i++)
        sum[i] = (PART){0};
    for (int p = 0; p < k; p++, w += WIDTH) {
        PART v = *(const LOOSE_PART *)w;

        HOLD(v);
        for (int i = 0; i < rows; i++)
            sum[i] = PART_MULTIPLY_ADD(x[i * x_row + p] - (PART){0}, v, sum[i]);
    }
    for (int i = 0; i < rows; i++, t.y += t.row)
        FEW(store)(sum[i], &t);
}

static void FEW(rows)(int m, int k, const NUMBER *x, ptrdiff_t x_row,
                      const NUMBER *w, const struct TARGET *target)
{
    struct TARGET t = *target;
    int i = 0;

    for (; i + TILE_1 <= m; i += TILE_1, t.y += TILE_1 * t.row)
        FEW(tile)(TILE_1, k, x + i * x_row, x_row, w, &t);
    for (; i < m; i++, t.y += t.row)
        FEW(tile)(1, k, x + i * x_row, x_row, w, &t);
}

#undef PART
#undef LOOSE_PART
#undef WIDTH
#undef PART_MULTIPLY_ADD
#undef FEW

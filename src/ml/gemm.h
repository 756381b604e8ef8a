/* Matrix products for networks, in single and double precision.

   The right factor of a forward product is a matrix of weights used for many
   rows: it is packed once, in the order in which the kernel reads it.  Kernels
   are chosen when the program runs by what the processor has; `plain` is the
   reference that the others are tested against, and always there.

   All functions are serial; callers cut rows (or columns) over threads.  The
   value of an element does not depend on the cut. */

#ifndef ADELE_GEMM_H
#define ADELE_GEMM_H

#include <stdbool.h>
#include <stddef.h>

/* BF16: numbers in memory are single; gemm_packed rounds both factors to
   bfloat16 and sums in single. */
enum precision { PRECISION_SINGLE, PRECISION_DOUBLE, PRECISION_BF16 };

struct gemm; /* a kernel: constant, never freed */

/* The kernel of that name ("plain", "avx2", "avx512", "avx512_bf16"); NULL name: the best for
   this processor.  NULL: no such kernel or not on this processor. */
const struct gemm *gemm_select(enum precision precision, const char *name);
/* Whether the processor has multipliers for bfloat16; else they are emulated,
   slower than single precision. */
bool gemm_multiplies_bf16(void);
const char *gemm_name(const struct gemm *kernel);
size_t gemm_number(enum precision precision); /* bytes of a number */

/* Numbers needed for a packed w [k][n]; w(p, j) = w[p*row + j*column]. */
size_t gemm_packed_size(const struct gemm *kernel, int k, int n);
void gemm_pack(const struct gemm *kernel, int k, int n, const void *w,
               ptrdiff_t row, ptrdiff_t column, void *packed);

/* y [m][n] = x [m][k] w [k][n], plus bias [n] (NULL: none), plus y when
   `accumulate`.  x_row, y_row: numbers from row to row; columns are
   contiguous.  x may overlap itself (x_row < k), y may not overlap x. */
void gemm_packed(const struct gemm *kernel, int m, int k, int n, const void *x,
                 ptrdiff_t x_row, const void *packed, const void *bias,
                 int accumulate, void *y, ptrdiff_t y_row);

/* w [k][n] = sum over m rows of x [m][k]^T d [m][n], plus w when
   `accumulate`: the gradient of weights. */
void gemm_outer(const struct gemm *kernel, int m, int k, int n, const void *x,
                ptrdiff_t x_row, const void *d, ptrdiff_t d_row, int accumulate,
                void *w, ptrdiff_t w_row);

/* The same products for x with many zeros, which are left out: with finite
   numbers bit for bit those above, so that callers may choose by the zeros
   that they find.  Whether the kernel has them for a [m][k] x [k][n]; weights
   are packed for them, k*n numbers. */
bool gemm_skips(const struct gemm *kernel, int k, int n);
void gemm_skip_pack(const struct gemm *kernel, int k, int n, const void *w,
                    ptrdiff_t row, ptrdiff_t column, void *packed);
void gemm_skip_packed(const struct gemm *kernel, int m, int k, int n,
                      const void *x, ptrdiff_t x_row, const void *packed,
                      const void *bias, int accumulate, void *y,
                      ptrdiff_t y_row);
void gemm_skip_outer(const struct gemm *kernel, int m, int k, int n,
                     const void *x, ptrdiff_t x_row, const void *d,
                     ptrdiff_t d_row, int accumulate, void *w, ptrdiff_t w_row);

#endif

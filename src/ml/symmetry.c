/* Irreducible representations of a point group by numerical reduction of the
   regular representation.

   The matrix S_xy = a(x^-1 y), a(g) = a(g^-1) generic, commutes with the
   regular representation L_g e_x = e_gx, so its eigenspaces are invariant, and
   irreducible for generic a; with eigenvectors v_i as columns D(g) = V^T L_g V
   [Dixon1970].  Every irrep occurs as often as its dimension; one of each
   character is kept.

   Within an irrep the basis is arbitrary at first.  It is turned to the
   eigenvectors of sum_g c(g) D(g) with a fixed c(g) = c(g^-1), signs set by a
   second sum, so that it does not depend on the eigensolver.  c is chosen so
   that the vector representation gets the axes x, y, z. */

#include "ml/symmetry.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "la/eigen.h"

/* Far above rounding, far below the gaps of the groups of lattices. */
static const double SAME = 1e-8;

enum { ORDER_MAX = 48 };

/* sum_ij R_ij K_ij */
static double contract(double r[3][3], double k[3][3])
{
    double sum = 0;
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 3; j++)
            sum += r[i][j] * k[i][j];
    return sum;
}

/* The element of the group algebra that separates irreps. */
static double separate(double r[3][3])
{
    static double k[3][3] = {
        {1.0, 0.7, 0.4}, {0.7, -0.6, 0.9}, {0.4, 0.9, 0.3}};
    return sin(5 * contract(r, k) + 1);
}

/* The element whose eigenvectors are the axes within an irrep; ascending, so
   that x comes first. */
static double axes(double r[3][3])
{
    static double k[3][3] = {{1, 0, 0}, {0, 2, 0}, {0, 0, 3}};
    double t = contract(r, k);
    return t + 0.3 * sin(5 * t + 1);
}

/* The element that tells the sign of an axis relative to the first one. */
static double signs(double r[3][3])
{
    static double k[3][3] = {{0.2, 1.0, 0.8}, {0.4, 0.1, 0.7}, {0.3, 0.5, 0.6}};
    double t = contract(r, k);
    return t + 0.3 * sin(3 * t + 0.5);
}

static bool same_rotation(double a[3][3], double b[3][3])
{
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 3; j++)
            if (fabs(a[i][j] - b[i][j]) > SAME)
                return false;
    return true;
}

static void multiply(double a[3][3], double b[3][3], double out[3][3])
{
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 3; j++)
            out[i][j] =
                a[i][0] * b[0][j] + a[i][1] * b[1][j] + a[i][2] * b[2][j];
}

static int find_rotation(const struct symmetry *s, double r[3][3])
{
    for (int g = 0; g < s->order; g++)
        if (same_rotation(s->op[g].r, r))
            return g;
    return -1;
}

/* The operations that keep sublattice b, made to fix its site. */
static int collect(struct symmetry *s, const struct lattice *lat, int b)
{
    s->op = mem_zalloc((size_t)lat->nop, sizeof *s->op);
    if (!s->op)
        return -1;
    for (int k = 0; k < lat->nop; k++) {
        if (lat->op[k].to[b] != b)
            continue;
        struct lattice_op op = lat->op[k];
        for (int to = 0; to < lat->shape.nbasis; to++)
            for (int i = 0; i < 3; i++)
                op.shift[to][i] -= lat->op[k].shift[b][i];
        s->op[s->order++] = op;
        if (op.r[0][0] + op.r[1][1] + op.r[2][2] > 3 - SAME) {
            s->op[s->order - 1] = s->op[0];
            s->op[0] = op;
        }
    }
    return 0;
}

static int tabulate(struct symmetry *s)
{
    size_t n = (size_t)s->order;
    s->product = mem_alloc(n * n, sizeof *s->product);
    s->inverse = mem_alloc(n, sizeof *s->inverse);
    if (!s->product || !s->inverse)
        return -1;
    for (int i = 0; i < s->order; i++)
        for (int j = 0; j < s->order; j++) {
            double r[3][3];
            multiply(s->op[i].r, s->op[j].r, r);
            int k = find_rotation(s, r);
            if (k < 0)
                return -1;
            s->product[i * s->order + j] = k;
            if (k == 0)
                s->inverse[i] = j;
        }
    return 0;
}

/* The distance (squared) from the unit vector v to the nearest of its images
   that the group really moves. */
static double freedom(int order, int dim, const double *matrix,
                      const double v[3])
{
    double least = 4;
    for (int g = 1; g < order; g++) {
        const double *m = matrix + g * dim * dim;
        double product = 0, trace = 0;
        for (int i = 0; i < dim; i++) {
            trace += m[i * dim + i];
            for (int j = 0; j < dim; j++)
                product += v[i] * m[i * dim + j] * v[j];
        }
        if (trace < dim - SAME)
            least = fmin(least, 2 - 2 * product);
    }
    return least;
}

/* The first unit vector of a grid with the largest freedom. */
static void find_generic(int order, int dim, const double *matrix,
                         double out[3])
{
    enum { TURN = 480, BAND = 24, BAND_TURN = 48 };
    double best = -1;
    int nphi = dim == 1 ? 1 : dim == 2 ? TURN : BAND_TURN;
    for (int band = 0; band < (dim == 3 ? BAND : 1); band++)
        for (int k = 0; k < nphi; k++) {
            double z = dim == 3 ? 1 - (2 * band + 1.0) / BAND : 0;
            double phi = 2 * M_PI * k / nphi, rho = sqrt(1 - z * z);
            double v[3] = {rho * cos(phi), rho * sin(phi), z};
            double f = freedom(order, dim, matrix, v);
            if (f > best + SAME) {
                best = f;
                memcpy(out, v, sizeof v);
            }
        }
}

static int find_sector(struct symmetry *s)
{
    int d = s->dim;
    double *m = mem_alloc((size_t)(s->order * d * d), sizeof *m);
    if (!m)
        return -1;
    for (int g = 0; g < s->order; g++)
        for (int i = 0; i < d; i++)
            for (int j = 0; j < d; j++)
                m[(g * d + i) * d + j] = s->op[g].r[i][j];
    find_generic(s->order, d, m, s->generic);
    mem_free(m);
    return 0;
}

/* D(g) = V^T L_g V for the d eigenvectors in rows of v. */
static void restrict_to(const struct symmetry *s, int d, const double *v,
                        double *matrix)
{
    int n = s->order;
    for (int g = 0; g < n; g++)
        for (int i = 0; i < d; i++)
            for (int j = 0; j < d; j++) {
                double sum = 0;
                for (int x = 0; x < n; x++)
                    sum += v[i * n + s->product[g * n + x]] * v[j * n + x];
                matrix[(g * d + i) * d + j] = sum;
            }
}

static double trace(const double *m, int d)
{
    double sum = 0;
    for (int i = 0; i < d; i++)
        sum += m[i * (d + 1)];
    return sum;
}

/* The mean over the group of the product of two characters. */
static double overlap(const struct symmetry *s, int da, const double *a, int db,
                      const double *b)
{
    double sum = 0;
    for (int g = 0; g < s->order; g++)
        sum += trace(a + g * da * da, da) * trace(b + g * db * db, db);
    return sum / s->order;
}

/* sum_g c(g) D(g) */
static void element(const struct symmetry *s, int d, const double *matrix,
                    double (*c)(double r[3][3]), double *out)
{
    memset(out, 0, (size_t)(d * d) * sizeof *out);
    for (int g = 0; g < s->order; g++)
        for (int k = 0; k < d * d; k++)
            out[k] += c(s->op[g].r) * matrix[g * d * d + k];
}

/* The smallest gap of the ascending eigenvalues. */
static double gap(const struct eigen *e)
{
    double least = INFINITY;
    for (int64_t k = 1; k < e->n; k++)
        least = fmin(least, e->value[k] - e->value[k - 1]);
    return least;
}

/* matrix <- U matrix U^T, rows of U the new basis. */
static void turn_basis(int order, int d, const double *u, double *matrix)
{
    for (int g = 0; g < order; g++) {
        double *m = matrix + g * d * d, half[9] = {0}, full[9] = {0};
        for (int i = 0; i < d; i++)
            for (int j = 0; j < d; j++)
                for (int k = 0; k < d; k++)
                    half[i * d + j] += u[i * d + k] * m[k * d + j];
        for (int i = 0; i < d; i++)
            for (int j = 0; j < d; j++)
                for (int k = 0; k < d; k++)
                    full[i * d + j] += half[i * d + k] * u[j * d + k];
        memcpy(m, full, (size_t)(d * d) * sizeof *m);
    }
}

/* The eigenvectors of an element, in rows of e->matrix; false when they are
   not unique. */
static bool find_axes(const struct symmetry *s, int d, const double *matrix,
                      double (*c)(double r[3][3]), struct eigen *e)
{
    element(s, d, matrix, c, e->matrix);
    return eigen_solve(e, true, 1) == 0 && gap(e) > SAME;
}

/* The axes and signs of the head of this file.  0, or -1: they do not tell
   the axes of this irrep apart. */
static int fix_basis(const struct symmetry *s, int d, double *matrix)
{
    struct eigen e = {0};
    double sum[9];
    int status = -1;
    if (d == 1)
        return 0;
    if (eigen_reserve(&e, d, true))
        return -1;
    bool found = find_axes(s, d, matrix, axes, &e) ||
                 find_axes(s, d, matrix, separate, &e);
    if (found) {
        turn_basis(s->order, d, e.matrix, matrix);
        element(s, d, matrix, signs, sum);
        status = 0;
        for (int i = 0; i < d * d; i++)
            e.matrix[i] = i % (d + 1) == 0;
        for (int j = 1; j < d; j++) {
            if (fabs(sum[j]) < SAME)
                status = -1;
            if (sum[j] < 0)
                e.matrix[j * (d + 1)] = -1;
        }
        turn_basis(s->order, d, e.matrix, matrix);
    }
    eigen_free(&e);
    return status;
}

/* Takes the irrep of eigenvectors v [d][order] unless it is there already. */
static int keep_irrep(struct symmetry *s, int d, const double *v,
                      const char **why)
{
    double *m = mem_alloc((size_t)(s->order * d * d), sizeof *m);
    if (!m)
        return -1;
    restrict_to(s, d, v, m);
    for (int k = 0; k < s->nirrep; k++)
        if (overlap(s, d, m, s->irrep[k].dim, s->irrep[k].matrix) > 0.5) {
            mem_free(m);
            return 0;
        }
    if (d > SYMMETRY_DIM_MAX || fabs(overlap(s, d, m, d, m) - 1) > SAME ||
        fix_basis(s, d, m)) {
        *why = "the point group of a site has irreducible representations of "
               "complex type (rotations without mirrors)";
        mem_free(m);
        return -1;
    }
    struct symmetry_irrep *irrep = &s->irrep[s->nirrep++];
    irrep->dim = d;
    irrep->matrix = m;
    find_generic(s->order, d, m, irrep->generic);
    return 0;
}

/* Trivial first, then by dimension, then by the character, larger first, in
   the order of the operations. */
static int order_of(const struct symmetry *s, const struct symmetry_irrep *a,
                    const struct symmetry_irrep *b)
{
    if (a->dim != b->dim)
        return a->dim - b->dim;
    for (int g = 0; g < s->order; g++) {
        double gapc = trace(a->matrix + g * a->dim * a->dim, a->dim) -
                      trace(b->matrix + g * b->dim * b->dim, b->dim);
        if (fabs(gapc) > SAME)
            return gapc > 0 ? -1 : 1;
    }
    return 0;
}

static void sort_irreps(struct symmetry *s)
{
    for (int i = 1; i < s->nirrep; i++)
        for (int k = i; k > 0; k--) {
            struct symmetry_irrep *a = &s->irrep[k - 1], hold = a[0];
            if (order_of(s, &a[0], &a[1]) <= 0)
                break;
            a[0] = a[1];
            a[1] = hold;
        }
}

/* Rounds matrices of one-dimensional irreps, which are signs. */
static void round_signs(struct symmetry *s)
{
    for (int k = 0; k < s->nirrep; k++)
        for (int g = 0; g < s->order && s->irrep[k].dim == 1; g++)
            s->irrep[k].matrix[g] = s->irrep[k].matrix[g] > 0 ? 1 : -1;
}

static int find_irreps(struct symmetry *s, const char **why)
{
    int n = s->order, status = -1, total = 0;
    struct eigen e = {0};
    s->irrep = mem_zalloc((size_t)n, sizeof *s->irrep);
    if (!s->irrep || eigen_reserve(&e, n, true))
        return -1;
    for (int x = 0; x < n; x++)
        for (int y = 0; y < n; y++)
            e.matrix[x * n + y] =
                separate(s->op[s->product[s->inverse[x] * n + y]].r);
    if (eigen_solve(&e, true, 1))
        goto out;
    for (int k = 0, d = 1; k < n; k += d) {
        for (d = 1; k + d < n && e.value[k + d] - e.value[k] < SAME; d++)
            continue;
        if (keep_irrep(s, d, e.matrix + k * n, why))
            goto out;
    }
    for (int k = 0; k < s->nirrep; k++)
        total += s->irrep[k].dim * s->irrep[k].dim;
    if (total != n)
        goto out;
    round_signs(s);
    sort_irreps(s);
    status = 0;
out:
    eigen_free(&e);
    return status;
}

int symmetry_init(struct symmetry *s, const struct lattice *lat, int b,
                  const char **why)
{
    *s = (struct symmetry){.dim = lat->shape.dim};
    *why = "not enough memory for the point group";
    if (!collect(s, lat, b) && s->order <= ORDER_MAX && !tabulate(s) &&
        !find_sector(s) && !find_irreps(s, why))
        return 0;
    symmetry_fini(s);
    return -1;
}

void symmetry_fini(struct symmetry *s)
{
    for (int k = 0; k < s->nirrep; k++)
        mem_free(s->irrep[k].matrix);
    mem_free(s->irrep);
    mem_free(s->op);
    mem_free(s->product);
    mem_free(s->inverse);
    *s = (struct symmetry){0};
}

/* out [n][n] = P_i0 = dim/order sum_g D_i0(g) T(g). */
static void projector(const struct symmetry *s, const struct symmetry_irrep *r,
                      int i, int n, const double *rep, double *out)
{
    int d = r->dim;
    memset(out, 0, (size_t)n * (size_t)n * sizeof *out);
    for (int g = 0; g < s->order; g++) {
        double weight = r->matrix[(g * d + i) * d] * d / s->order;
        for (int k = 0; k < n * n && weight != 0; k++)
            out[k] += weight * rep[(size_t)g * (size_t)(n * n) + (size_t)k];
    }
}

static double dot(const double *a, const double *b, int n)
{
    double sum = 0;
    for (int i = 0; i < n; i++)
        sum += a[i] * b[i];
    return sum;
}

/* Orthonormal rows that span the space that the projector p [n][n]
   (overwritten) keeps: at each turn the longest of its columns, of equals the
   first, is split off.  Returns how many. */
static int span(int n, double *p, double *rows)
{
    for (int count = 0;; count++) {
        int pick = -1;
        double best = SAME;
        for (int c = 0; c < n; c++)
            if (p[c * n + c] > best + SAME) {
                best = p[c * n + c];
                pick = c;
            }
        if (pick < 0)
            return count;
        double *v = rows + count * n, norm = sqrt(best);
        for (int i = 0; i < n; i++)
            v[i] = p[i * n + pick] / norm;
        for (int i = 0; i < n; i++)
            for (int j = 0; j < n; j++)
                p[i * n + j] -= v[i] * v[j];
    }
}

/* Fills the copies of one irrep, `left` rows at most; returns the rows filled
   or -1. */
static int reduce_irrep(const struct symmetry *s, int k, int n, int left,
                        const double *rep, double *p, double *rows,
                        double *basis, int *irrep, int *component)
{
    const struct symmetry_irrep *r = &s->irrep[k];
    projector(s, r, 0, n, rep, p);
    int copies = span(n, p, rows);
    if (copies * r->dim > left)
        return -1;
    for (int i = 0; i < r->dim; i++) {
        projector(s, r, i, n, rep, p);
        for (int c = 0; c < copies; c++) {
            int at = c * r->dim + i;
            for (int x = 0; x < n; x++)
                basis[at * n + x] = dot(p + x * n, rows + c * n, n);
            irrep[at] = k;
            component[at] = i;
        }
    }
    return copies * r->dim;
}

int symmetry_reduce(const struct symmetry *s, int n, const double *rep,
                    double *basis, int *irrep, int *component)
{
    size_t square = (size_t)n * (size_t)n;
    double *p = mem_alloc(square, sizeof *p);
    double *rows = mem_alloc(square, sizeof *rows);
    int done = 0;
    for (int k = 0; p && rows && k < s->nirrep; k++) {
        int more =
            reduce_irrep(s, k, n, n - done, rep, p, rows, basis + done * n,
                         irrep + done, component + done);
        if (more < 0)
            break;
        done += more;
    }
    mem_free(p);
    mem_free(rows);
    return done == n ? 0 : -1;
}

/* Body of the cavity method in one precision: see elec/cavity_parts.h.

   The file that includes it defines NUMBER, BEYOND (the energy of sites that
   are not there: it uncouples them, and its square does not overflow) and
   KERNEL, the name of its table.  All arithmetic goes by vectors of
   neighbouring cells; a lane does not depend on the others, so bits do not
   depend on how the lattice is cut. */

#include <string.h>

enum { LANES = CAVITY_VECTOR / sizeof(NUMBER) };
typedef NUMBER vec __attribute__((vector_size(CAVITY_VECTOR)));
typedef NUMBER loose __attribute__((vector_size(CAVITY_VECTOR),
                                    aligned(sizeof(NUMBER)), may_alias));
#define INLINE static inline __attribute__((always_inline))

INLINE vec get(const NUMBER *p)
{
    return *(const loose *)p;
}

INLINE void put(NUMBER *p, vec v)
{
    *(loose *)p = v;
}

INLINE vec same(NUMBER x)
{
    return x - (vec){0};
}

struct number {
    vec re, im;
};

/* scale/(re + i im). */
INLINE struct number reciprocal(vec re, vec im, vec scale)
{
    vec inverse = scale / (re * re + im * im);
    return (struct number){re * inverse, -im * inverse};
}

static int clamp(int v, int low, int high)
{
    return v < low ? low : v > high ? high : v;
}

/* Whether the cell is there, along one axis. */
static bool is_there(const struct lattice *lat, int axis, int cell)
{
    int whole = cell + lat->lo[axis];
    return lat->periodic[axis] || (whole >= 0 && whole < lat->n[axis]);
}

/* One row of the box; the border of the field serves the margin.  The last
   box may be short of cells: any value does there. */
static void load_row(const struct cavity_task *t, const struct field *q, int b,
                     const int cell[3], NUMBER scale, NUMBER shift, NUMBER *to)
{
    const struct lattice *lat = q->lat;
    const double *from = field_read(q, 0, b);
    int width = t->cut->width[0];
    for (int i = 1; i < 3; i++)
        from += clamp(cell[i], -q->halo[i], lat->local[i] + q->halo[i] - 1) *
                q->stride[i];
    from += cell[0];
    int n = lat->local[0] + q->halo[0] - cell[0];
    n = n < width ? n : width;
    for (int x = 0; x < n; x++)
        to[x] = shift + scale * (NUMBER)from[x];
    for (int x = n; x < width; x++)
        to[x] = to[n - 1];
    bool there = is_there(lat, 1, cell[1]) && is_there(lat, 2, cell[2]);
    if (there && lat->periodic[0])
        return;
    for (int x = 0; x < width; x++)
        if (!there || !is_there(lat, 0, cell[0] + x))
            to[x] = BEYOND;
}

static void load(const struct cavity_task *t, const struct field *q,
                 double scale, double shift)
{
    const struct cavity_cut *cut = t->cut;
    const int *halo = t->c->halo;
    for (int b = 0; b < t->c->nbasis; b++)
        for (int z = 0; z < cut->width[2]; z++)
            for (int y = 0; y < cut->width[1]; y++) {
                const int cell[3] = {t->first[0] - halo[0],
                                     t->first[1] + y - halo[1],
                                     t->first[2] + z - halo[2]};
                load_row(t, q, b, cell, (NUMBER)scale, (NUMBER)shift,
                         (NUMBER *)t->s->energy[b] + z * cut->stride[2] +
                             y * cut->stride[1]);
            }
}

/* The cells of a box that still mean something after k iterations, by planes:
   within a plane from the first such row to the last.  What overruns a plane
   goes to cells that mean nothing, or are still to come. */
#define FOR_CELLS(cut, halo, k, x)                                             \
    for (int z_ = (halo)[2] ? (k) : 0, y_ = (halo)[1] ? (k) : 0;               \
         z_ < (cut)->width[2] - ((halo)[2] ? (k) : 0); z_++)                   \
        for (ptrdiff_t                                                         \
                 x = z_ * (cut)->stride[2] + y_ * (cut)->stride[1],            \
                 end_ = x + ((cut)->width[1] - 2 * y_) * (cut)->stride[1];     \
             x < end_; x += LANES)

/* The core by vectors: cell x of the box is number `at` of the core. */
#define FOR_CORE(cut, halo, x, at)                                             \
    for (int z_ = 0; z_ < (cut)->side[2]; z_++)                                \
        for (int y_ = 0; y_ < (cut)->side[1]; y_++)                            \
            for (ptrdiff_t at = (z_ * (cut)->side[1] + y_) * (cut)->row,       \
                           x = (z_ + (halo)[2]) * (cut)->stride[2] +           \
                               (y_ + (halo)[1]) * (cut)->stride[1] +           \
                               (halo)[0],                                      \
                           end_ = at + (cut)->row;                             \
                 at < end_; at += LANES, x += LANES)

/* A pole, with where things stand. */
struct pole {
    const struct cavity_task *t;
    vec t2, omega, weight;
    bool fresh; /* the first one: sums start here */
};

static NUMBER *column(const struct pole *p, int k, int b)
{
    return (NUMBER *)p->t->out + (k * p->t->c->nbasis + b) * p->t->cut->core;
}

INLINE void add(const struct pole *p, NUMBER *to, vec v)
{
    put(to, p->fresh ? v : get(to) + v);
}

static void start(const struct pole *p)
{
    const struct cavity_task *t = p->t;
    for (int b = 0; b < t->c->nbasis; b++) {
        const NUMBER *energy = t->s->energy[b];
        NUMBER *re = t->s->bare[0][b], *im = t->s->bare[1][b];
        for (ptrdiff_t x = 0; x < t->cut->cells; x += LANES) {
            struct number g = reciprocal(-get(energy + x), p->omega, same(1));
            put(re + x, g.re);
            put(im + x, g.im);
        }
        FOR_CORE(t->cut, t->c->halo, x, at)
        add(p, column(p, 0, b) + at, p->weight * get(re + x));
    }
}

/* G_l\i of the neighbour behind tap j, after k iterations. */
INLINE const NUMBER *message(const struct cavity_task *t, int k, int part,
                             int b, int j)
{
    int to = t->c->tap[b][j].to, back = t->c->tap[b][j].opposite;
    const NUMBER *p =
        k ? t->s->message[k & 1][part][to][back] : t->s->bare[part][to];
    return p + cavity_offset(t->cut, t->c->tap[b][j].cell);
}

/* The next messages, number k.  The number of taps is a constant where this is
   inlined. */
INLINE void iterate(int ntap, const struct pole *p, int b, int k)
{
    const struct cavity_task *t = p->t;
    const NUMBER *energy = t->s->energy[b];
    const NUMBER *from[2][CAVITY_TAPS];
    NUMBER *to[2][CAVITY_TAPS];
    for (int part = 0; part < 2; part++)
        for (int j = 0; j < ntap; j++) {
            from[part][j] = message(t, k - 1, part, b, j);
            to[part][j] = t->s->message[k & 1][part][b][j];
        }
    FOR_CELLS(t->cut, t->c->halo, k, x)
    {
        vec re = -get(energy + x), im = p->omega;
        for (int j = 0; j < ntap; j++) {
            re -= p->t2 * get(from[0][j] + x);
            im -= p->t2 * get(from[1][j] + x);
        }
        for (int j = 0; j < ntap; j++) {
            struct number g =
                reciprocal(re + p->t2 * get(from[0][j] + x),
                           im + p->t2 * get(from[1][j] + x), same(1));
            put(to[0][j] + x, g.re);
            put(to[1][j] + x, g.im);
        }
    }
}

static void iterate_any(const struct pole *p, int b, int k)
{
#define WITH(n)                                                                \
    case n:                                                                    \
        iterate(n, p, b, k);                                                   \
        break
    switch (p->t->c->ntap[b]) {
        WITH(2);
        WITH(3);
        WITH(4);
        WITH(6);
    default:
        iterate(p->t->c->ntap[b], p, b, k);
    }
#undef WITH
}

/* Tree densities of messages k into columns k + 1 .. last, and with them, for
   the last messages, the stiffness -Re G^2. */
INLINE void tree(int ntap, const struct pole *p, int b, int k, int last)
{
    const struct cavity_task *t = p->t;
    const NUMBER *energy = t->s->energy[b];
    const NUMBER *from[2][CAVITY_TAPS];
    int columns = cavity_columns(t->c);
    bool stiff = last == t->c->iterations + 1;
    for (int part = 0; part < 2; part++)
        for (int j = 0; j < ntap; j++)
            from[part][j] = message(t, k, part, b, j);
    FOR_CORE(t->cut, t->c->halo, x, at)
    {
        vec re = -get(energy + x), im = p->omega;
        for (int j = 0; j < ntap; j++) {
            re -= p->t2 * get(from[0][j] + x);
            im -= p->t2 * get(from[1][j] + x);
        }
        struct number g = reciprocal(re, im, same(1));
        for (int i = k + 1; i <= last; i++)
            add(p, column(p, i, b) + at, p->weight * g.re);
        if (stiff)
            add(p, column(p, columns - 1, b) + at,
                p->weight * (g.im * g.im - g.re * g.re));
    }
}

static void tree_any(const struct pole *p, int b, int k, int last)
{
#define WITH(n)                                                                \
    case n:                                                                    \
        tree(n, p, b, k, last);                                                \
        break
    switch (p->t->c->ntap[b]) {
        WITH(2);
        WITH(3);
        WITH(4);
        WITH(6);
    default:
        tree(p->t->c->ntap[b], p, b, k, last);
    }
#undef WITH
}

/* What makes a diagonal entry of the cluster. */
struct entry {
    const NUMBER *energy;
    int n;
    const NUMBER *re[CAVITY_TAPS], *im[CAVITY_TAPS];
};

static void entries(const struct cavity_task *t, int last,
                    const struct cavity_cluster *k, struct entry *e)
{
    for (int i = 0; i < k->nsite; i++, e++) {
        int b = k->to[i];
        ptrdiff_t away = cavity_offset(t->cut, k->cell[i]);
        e->energy = (const NUMBER *)t->s->energy[b] + away;
        e->n = 0;
        for (int j = 0; j < t->c->ntap[b]; j++)
            if (!(k->inside[i] >> j & 1)) {
                e->re[e->n] = message(t, last, 0, b, j) + away;
                e->im[e->n++] = message(t, last, 1, b, j) + away;
            }
    }
}

/* n is a constant where this is inlined. */
INLINE void eliminate(int n, const struct cavity_step *step, vec t2,
                      struct number *m)
{
    const int *source = step->source, *target = step->target;
    vec pivot_re = m[step->pivot].re, pivot_im = m[step->pivot].im;
    if (step->plain) {
        struct number r = reciprocal(pivot_re, pivot_im, t2);
        for (int i = 0; i < n * (n + 1) / 2; i++) {
            m[target[i]].re = m[source[i]].re - r.re;
            m[target[i]].im = m[source[i]].im - r.im;
        }
        return;
    }
    /* Not copied as pairs, which would go by memory. */
    vec re[CAVITY_SITES], im[CAVITY_SITES];
    struct number r = reciprocal(pivot_re, pivot_im, same(1));
    for (int i = 0; i < n; i++) {
        re[i] = m[step->slot[i]].re;
        im[i] = m[step->slot[i]].im;
    }
    for (int i = 0; i < n; i++) {
        vec f_re = re[i] * r.re - im[i] * r.im;
        vec f_im = re[i] * r.im + im[i] * r.re;
        for (int j = 0; j <= i; j++, source++, target++) {
            const struct number *from = &m[*source];
            struct number *to = &m[*target];
            to->re = from->re - f_re * re[j] + f_im * im[j];
            to->im = from->im - f_re * im[j] - f_im * re[j];
        }
    }
}

/* Vectors whose matrices are worked on in turn, so that the divisions of one
   wait behind the products of the other. */
enum { TURNS = 3 };

static void eliminate_any(const struct cavity_step *step, vec t2,
                          struct number m[TURNS][CAVITY_SLOTS])
{
#define WITH(n)                                                                \
    case n:                                                                    \
        for (int k = 0; k < TURNS; k++)                                        \
            eliminate(n, step, t2, m[k]);                                      \
        break
    switch (step->n) {
        WITH(1);
        WITH(2);
        WITH(3);
        WITH(4);
        WITH(5);
        WITH(6);
        WITH(7);
        WITH(8);
    default:
        for (int k = 0; k < TURNS; k++)
            eliminate(step->n, step, t2, m[k]);
    }
#undef WITH
}

/* The diagonal of the cluster around cell x of the box. */
INLINE void fill(const struct pole *p, int nsite, const struct entry *e,
                 ptrdiff_t x, struct number *diagonal)
{
    for (int i = 0; i < nsite; i++, e++) {
        vec re = {0}, im = {0};
        for (int j = 0; j < e->n; j++) {
            re += get(e->re[j] + x);
            im += get(e->im[j] + x);
        }
        diagonal[i].re = -get(e->energy + x) - p->t2 * re;
        diagonal[i].im = p->omega - p->t2 * im;
    }
}

/* The column of the cluster, from the messages `last`. */
static void cluster(const struct pole *p, int b, int level, int last)
{
    const struct cavity_task *t = p->t;
    const struct cavity_cluster *k = &t->c->cluster[level][b];
    NUMBER *out = column(p, t->c->iterations + 2, b), *to[TURNS];
    struct entry entry[CAVITY_SITES];
    struct number m[TURNS][CAVITY_SLOTS];
    int n = 0;
    entries(t, last, k, entry);
    for (int i = 0; i < TURNS; i++) {
        m[i][CAVITY_ZERO] = (struct number){{0}, {0}};
        m[i][CAVITY_HOP] = (struct number){same((NUMBER)t->c->hopping), {0}};
        for (int j = 0; j < k->nsite; j++)
            m[i][CAVITY_DIAGONAL + j] = (struct number){same(1), {0}};
    }
    FOR_CORE(t->cut, t->c->halo, x, at)
    {
        fill(p, k->nsite, entry, x, &m[n][CAVITY_DIAGONAL]);
        to[n++] = out + at;
        if (n < TURNS && at + LANES < t->cut->core)
            continue;
        for (int i = 0; i < k->nsite - 1; i++)
            eliminate_any(&k->step[i], p->t2, m);
        while (n > 0) {
            const struct number *g = &m[--n][CAVITY_DIAGONAL];
            add(p, to[n], reciprocal(g->re, g->im, p->weight).re);
        }
    }
}

static void one_pole(const struct pole *p, int level, int last)
{
    const struct cavity_task *t = p->t;
    int all = t->c->iterations, nb = t->c->nbasis;
    start(p);
    for (int k = 0; k <= last; k++) {
        for (int b = 0; k > 0 && b < nb; b++)
            iterate_any(p, b, k);
        for (int b = 0; b < nb; b++)
            tree_any(p, b, k, k < last ? k + 1 : all + 1);
    }
    for (int b = 0; b < nb; b++)
        cluster(p, b, level, last);
}

static void poles(const struct cavity_task *t)
{
    const struct cavity_plan *plan = t->plan;
    NUMBER t2 = (NUMBER)(t->c->hopping * t->c->hopping);
    for (int k = t->begin; k < t->end; k++) {
        struct pole p = {t, same(t2), same((NUMBER)plan->omega[k]),
                         same((NUMBER)plan->weight[k]), k == t->begin};
        one_pole(&p, plan->level[k], plan->iterations[k]);
    }
}

/* One row of the core, sublattice b: n sites from site number `site`. */
static void collect_row(const struct cavity_task *t, const double *q, int n,
                        const struct cavity_electrons *e, ptrdiff_t at,
                        void *const *piece, int npiece, int columns,
                        double *out, ptrdiff_t row)
{
    enum { PIECE = 64 };
    int nb = t->c->nbasis, all = cavity_columns(t->c);
    double linear = e->poles->linear / e->temp, sum[PIECE];
    for (int begin = 0; begin < n; begin += PIECE)
        for (int k = 0; k < columns; k++) {
            int m = n - begin < PIECE ? n - begin : PIECE;
            double scale = k == all - 1 ? 0 : -linear * e->scale;
            double shift = k == all - 1 ? linear : -linear * e->shift;
            ptrdiff_t from = k * nb * t->cut->core + at + begin;
            for (int x = 0; x < m; x++)
                sum[x] = shift + scale * q[begin + x];
            for (int i = 0; i < npiece; i++) {
                const NUMBER *part = (const NUMBER *)piece[i] + from;
                for (int x = 0; x < m; x++)
                    sum[x] += (double)part[x];
            }
            for (int x = 0; x < m; x++)
                out[(begin + x) * row + k] = sum[x];
        }
}

static void collect(const struct cavity_task *t, const struct field *q,
                    const struct cavity_electrons *e, void *const *piece, int n,
                    int columns, double *out, int row)
{
    const int *local = q->lat->local, *first = t->first;
    int nb = t->c->nbasis, width = local[0] - first[0];
    width = width < t->cut->side[0] ? width : t->cut->side[0];
    for (int z = 0; z < t->cut->side[2] && first[2] + z < local[2]; z++)
        for (int y = 0; y < t->cut->side[1] && first[1] + y < local[1]; y++)
            for (int b = 0; b < nb; b++) {
                int64_t cell =
                    ((int64_t)(first[2] + z) * local[1] + first[1] + y) *
                        local[0] +
                    first[0];
                collect_row(
                    t,
                    field_read(q, 0, b) + (first[2] + z) * q->stride[2] +
                        (first[1] + y) * q->stride[1] + first[0],
                    width, e,
                    b * t->cut->core + (z * t->cut->side[1] + y) * t->cut->row,
                    piece, n, columns, out + (cell * nb + b) * row,
                    (ptrdiff_t)nb * row);
            }
}

const struct cavity_kernel KERNEL = {sizeof(NUMBER), load, poles, collect};

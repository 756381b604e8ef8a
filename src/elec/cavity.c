/* The cavity method: see elec/cavity.h.

   The lattice is cut into boxes with a margin that is wide enough for all
   iterations, so that boxes and poles are independent pieces of work.  In a box
   everything is an array over cells, and a neighbour is a constant offset; in
   the outermost cells of the margin values are meaningless, and each iteration
   the next shell becomes so. */

#include "elec/cavity.h"

#include <math.h>
#include <omp.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum {
    SIDE_1 = 4096, /* cells along an axis of a box, by dimension */
    SIDE_2 = 64,
    SIDE_3 = 16,
    WAVE = 64, /* pieces of work whose results are held at once */
    VECTOR = 4
};

/* Diagonal entry of a site that is not there, in units of energy. */
static const double BEYOND = 1e30;

typedef double vec __attribute__((vector_size(VECTOR * 8), aligned(8)));

/* Clusters. */

static bool at(const int a[3], const int b[3])
{
    return a[0] == b[0] && a[1] == b[1] && a[2] == b[2];
}

static void find_opposites(struct cavity *c)
{
    for (int b = 0; b < c->nbasis; b++)
        for (int t = 0; t < c->ntap[b]; t++) {
            int to = c->tap[b][t].to, minus[3];
            for (int i = 0; i < 3; i++)
                minus[i] = -c->tap[b][t].cell[i];
            for (int o = 0; o < c->ntap[to]; o++)
                if (c->tap[to][o].to == b && at(c->tap[to][o].cell, minus))
                    c->tap[b][t].opposite = o;
        }
}

/* The site itself, then those around it, nearest first. */
static int cluster_sites(struct cavity *c, const struct lattice *lat, int b,
                         double radius)
{
    struct cavity_cluster *k = &c->cluster[b];
    struct stencil around = {0};
    k->nsite = 1;
    k->to[0] = b;
    if (radius <= 0)
        return 0;
    if (lattice_stencil(lat, 0, radius, &around))
        return -1;
    if (around.n[b] >= CAVITY_SITES) {
        stencil_free(&around);
        return -3;
    }
    for (int i = 0; i < around.n[b]; i++, k->nsite++) {
        k->to[k->nsite] = around.site[b][i].to;
        memcpy(k->cell[k->nsite], around.site[b][i].cell, sizeof k->cell[0]);
    }
    stencil_free(&around);
    return 0;
}

/* Which member of the cluster is behind a tap of member i; -1: none. */
static int member(const struct cavity *c, const struct cavity_cluster *k,
                  int i, int tap)
{
    int from = k->to[i], cell[3];
    for (int a = 0; a < 3; a++)
        cell[a] = k->cell[i][a] + c->tap[from][tap].cell[a];
    for (int j = 0; j < k->nsite; j++)
        if (k->to[j] == c->tap[from][tap].to && at(k->cell[j], cell))
            return j;
    return -1;
}

/* Slots of the matrix while sites are taken out: -1 where it is zero. */
struct elimination {
    int slot[CAVITY_SITES][CAVITY_SITES];
    bool gone[CAVITY_SITES];
};

static int degree(const struct elimination *e, int n, int i)
{
    int sum = 0;
    for (int j = 0; j < n; j++)
        sum += j != i && !e->gone[j] && e->slot[i][j] >= 0;
    return sum;
}

/* The site with the fewest couplings, the outermost of these; never the centre. */
static int next_out(const struct elimination *e, int n)
{
    int best = -1, least = 0;
    for (int i = n - 1; i > 0; i--) {
        int d = degree(e, n, i);
        if (!e->gone[i] && (best < 0 || d < least)) {
            best = i;
            least = d;
        }
    }
    return best;
}

static int take_out(struct cavity_cluster *k, struct elimination *e, int out,
                    struct cavity_step *step)
{
    int near[CAVITY_SITES], n = 0, m = 0;
    for (int j = 0; j < k->nsite; j++)
        if (j != out && !e->gone[j] && e->slot[out][j] >= 0)
            near[n++] = j;
    step->pivot = out;
    step->n = n;
    step->slot = mem_alloc((size_t)n, sizeof *step->slot);
    step->target = mem_alloc((size_t)(n * (n + 1) / 2), sizeof *step->target);
    if (!step->slot || !step->target)
        return -1;
    for (int i = 0; i < n; i++) {
        step->slot[i] = e->slot[out][near[i]];
        for (int j = 0; j <= i; j++) {
            int *s = &e->slot[near[i]][near[j]];
            if (*s < 0)
                *s = e->slot[near[j]][near[i]] = k->nslot++;
            step->target[m++] = *s;
        }
    }
    e->gone[out] = true;
    return 0;
}

static int cluster_order(struct cavity *c, int b)
{
    struct cavity_cluster *k = &c->cluster[b];
    struct elimination *e = mem_zalloc(1, sizeof *e);
    int status = e ? 0 : -1;
    k->step = mem_zalloc((size_t)k->nsite, sizeof *k->step);
    if (!e || !k->step)
        goto done;
    for (int i = 0; i < k->nsite; i++)
        for (int j = 0; j < k->nsite; j++)
            e->slot[i][j] = i == j ? i : -1;
    k->nslot = k->nsite;
    for (int i = 0; i < k->nsite; i++)
        for (int t = 0; t < c->ntap[k->to[i]]; t++) {
            int j = member(c, k, i, t);
            if (j < 0)
                continue;
            k->inside[i] |= 1u << t;
            if (e->slot[i][j] < 0)
                e->slot[i][j] = e->slot[j][i] = k->nslot++;
        }
    k->coupled = k->nslot - k->nsite;
    for (int s = 0; !status && s < k->nsite - 1; s++)
        status = take_out(k, e, next_out(e, k->nsite), &k->step[s]);
    if (k->nslot > CAVITY_SLOTS)
        status = -3;
done:
    mem_free(e);
    return k->step ? status : -1;
}

static int most_away(const struct cavity *c)
{
    int most = 0;
    for (int b = 0; b < c->nbasis; b++)
        for (int k = 0; k < c->cluster[b].nsite; k++)
            for (int i = 0; i < 3; i++)
                if (abs(c->cluster[b].cell[k][i]) > most)
                    most = abs(c->cluster[b].cell[k][i]);
    return most;
}

int cavity_init(struct cavity *c, const struct lattice *lat, double hopping,
                int iterations, double radius)
{
    int status = 0;
    *c = (struct cavity){.iterations = iterations, .hopping = hopping,
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
    for (int b = 0; !status && b < c->nbasis; b++)
        status = cluster_sites(c, lat, b, radius);
    for (int b = 0; !status && b < c->nbasis; b++)
        status = cluster_order(c, b);
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
    for (int b = 0; b < LATTICE_BASIS_MAX; b++) {
        struct cavity_cluster *k = &c->cluster[b];
        for (int s = 0; k->step && s < k->nsite; s++) {
            mem_free(k->step[s].slot);
            mem_free(k->step[s].target);
        }
        mem_free(k->step);
    }
    *c = (struct cavity){0};
}

/* Boxes. */

struct cut {
    int side[3], count[3];
    int64_t nbox;
    int width[3];          /* of a box with its margin */
    ptrdiff_t stride[3];   /* x: 1 */
    ptrdiff_t cells;       /* a multiple of VECTOR */
    ptrdiff_t slack;       /* cells before and after that offsets may reach */
};

struct scratch {
    double *block;
    double *energy[LATTICE_BASIS_MAX]; /* [cells] */
    double *inside;                    /* 1, or 0 beyond an open boundary */
    double *re[2][LATTICE_BASIS_MAX][CAVITY_TAPS]; /* G_i\tap, old and new */
    double *im[2][LATTICE_BASIS_MAX][CAVITY_TAPS];
};

static void cut_lattice(const struct cavity *c, const struct lattice *lat,
                        struct cut *cut)
{
    const int most[3] = {SIDE_1, SIDE_2, SIDE_3};
    *cut = (struct cut){.nbox = 1};
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
    cut->cells = (stride + VECTOR - 1) / VECTOR * VECTOR;
    /* x. */
    cut->slack = VECTOR;
    for (int i = 0; i < 3; i++)
        if (c->halo[i] > 0)
            cut->slack += (c->halo[i] - c->iterations) * cut->stride[i];
    cut->slack = (cut->slack + VECTOR - 1) / VECTOR * VECTOR;
}

static int scratch_new(const struct cavity *c, const struct cut *cut,
                       struct scratch *s)
{
    ptrdiff_t length = cut->cells + 2 * cut->slack;
    size_t arrays = 1;
    for (int b = 0; b < c->nbasis; b++)
        arrays += 1 + 4 * (size_t)c->ntap[b];
    *s = (struct scratch){0};
    s->block = mem_alloc(arrays * (size_t)length, sizeof(double));
    if (!s->block)
        return -1;
    memset(s->block, 0, arrays * (size_t)length * sizeof(double));
    double *next = s->block + cut->slack;
    s->inside = next;
    for (int b = 0; b < c->nbasis; b++) {
        s->energy[b] = next += length;
        for (int k = 0; k < 2; k++)
            for (int t = 0; t < c->ntap[b]; t++) {
                s->re[k][b][t] = next += length;
                s->im[k][b][t] = next += length;
            }
    }
    return 0;
}

static int clamp(int v, int low, int high)
{
    return v < low ? low : v > high ? high : v;
}

/* On-site energies of a box; the border of the field serves the margin. */
static void load(const struct cavity *c, const struct field *q,
                 const struct cut *cut, const int first[3], double scale,
                 double shift, struct scratch *s)
{
    const struct lattice *lat = q->lat;
    for (int z = 0; z < cut->width[2]; z++)
        for (int y = 0; y < cut->width[1]; y++)
            for (int x = 0; x < cut->width[0]; x++) {
                const int at_box[3] = {x, y, z};
                ptrdiff_t to = z * cut->stride[2] + y * cut->stride[1] + x;
                ptrdiff_t from = 0;
                bool inside = true;
                for (int i = 0; i < 3; i++) {
                    int cell = first[i] + at_box[i] - c->halo[i];
                    int whole = cell + lat->lo[i];
                    inside = inside && (lat->periodic[i] ||
                                        (whole >= 0 && whole < lat->n[i]));
                    /* The last box may be short of cells: any value does. */
                    from += clamp(cell, -q->halo[i],
                                  lat->local[i] + q->halo[i] - 1) * q->stride[i];
                }
                s->inside[to] = inside;
                for (int b = 0; b < c->nbasis; b++)
                    s->energy[b][to] =
                        shift + scale * field_read(q, 0, b)[from];
            }
}

static inline vec get(const double *p)
{
    vec v;
    memcpy(&v, p, sizeof v);
    return v;
}

static inline void put(double *p, vec v)
{
    memcpy(p, &v, sizeof v);
}

static ptrdiff_t offset(const struct cut *cut, const int cell[3])
{
    return cell[0] * cut->stride[0] + cell[1] * cut->stride[1] +
           cell[2] * cut->stride[2];
}

/* Where G_l\i of the neighbour behind each tap stands. */
struct incoming {
    const double *re[CAVITY_TAPS], *im[CAVITY_TAPS];
};

static struct incoming incoming(const struct cavity *c, const struct cut *cut,
                                const struct scratch *s, int old, int b)
{
    struct incoming in = {{0}, {0}};
    for (int t = 0; t < c->ntap[b]; t++) {
        int to = c->tap[b][t].to, opposite = c->tap[b][t].opposite;
        ptrdiff_t away = offset(cut, c->tap[b][t].cell);
        in.re[t] = s->re[old][to][opposite] + away;
        in.im[t] = s->im[old][to][opposite] + away;
    }
    return in;
}

/* Everything of one piece of work: a box at one pole. */
struct piece {
    const struct cavity *c;
    const struct cut *cut;
    struct scratch *s;
    double omega, weight; /* s_k T, a_k T */
    ptrdiff_t begin, end; /* cells that still mean something */
    double *out;          /* [columns][nbasis][cells] */
};

static double *column(const struct piece *p, int k, int b)
{
    return p->out + (k * p->c->nbasis + b) * p->cut->cells;
}

/* Reciprocal of a + ib times `scale`. */
static inline __attribute__((always_inline)) void
reciprocal(vec a, vec b, vec scale, vec *re, vec *im)
{
    vec inverse = scale / (a * a + b * b);
    *re = a * inverse;
    *im = -b * inverse;
}

/* Site Green's functions of sublattice b with the messages of now, into `re`;
   then the next messages.  The number of taps is a constant where this is
   inlined. */
static inline __attribute__((always_inline)) void
iterate(int ntap, const struct piece *p, const struct incoming *in, int b,
        int old, int next, double *density)
{
    double t2 = p->c->hopping * p->c->hopping;
    const struct scratch *s = p->s;
    for (ptrdiff_t x = p->begin; x < p->end; x += VECTOR) {
        vec re[CAVITY_TAPS], im[CAVITY_TAPS], g_re, g_im;
        vec sum_re = {0}, sum_im = {0}, here = get(s->inside + x);
        vec energy = get(s->energy[b] + x);
        for (int t = 0; t < ntap; t++) {
            sum_re += re[t] = get(in->re[t] + x);
            sum_im += im[t] = get(in->im[t] + x);
        }
        reciprocal(-energy - t2 * sum_re, p->omega - t2 * sum_im,
                   here * p->weight, &g_re, &g_im);
        put(density + x, g_re);
        if (!next)
            continue;
        for (int t = 0; t < ntap; t++) {
            reciprocal(-energy - t2 * (sum_re - re[t]),
                       p->omega - t2 * (sum_im - im[t]), here, &g_re, &g_im);
            put(s->re[!old][b][t] + x, g_re);
            put(s->im[!old][b][t] + x, g_im);
        }
    }
}

static void iterate_any(const struct piece *p, int b, int old, int next,
                        double *density)
{
    struct incoming in = incoming(p->c, p->cut, p->s, old, b);
#define WITH(n) case n: iterate(n, p, &in, b, old, next, density); break
    switch (p->c->ntap[b]) {
        WITH(2);
        WITH(3);
        WITH(4);
        WITH(6);
    default:
        iterate(p->c->ntap[b], p, &in, b, old, next, density);
    }
#undef WITH
}

/* Messages and densities without hopping. */
static void start(const struct piece *p)
{
    for (int b = 0; b < p->c->nbasis; b++) {
        double *density = column(p, 0, b);
        for (ptrdiff_t x = 0; x < p->cut->cells; x += VECTOR) {
            vec re, im, energy = get(p->s->energy[b] + x);
            vec omega = energy * 0 + p->omega;
            reciprocal(-energy, omega, get(p->s->inside + x), &re, &im);
            put(density + x, re * p->weight);
            for (int t = 0; t < p->c->ntap[b]; t++) {
                put(p->s->re[0][b][t] + x, re);
                put(p->s->im[0][b][t] + x, im);
            }
        }
    }
}

struct number {
    vec re, im;
};

/* The diagonal entry of member k: its energy and the messages from outside. */
static inline struct number diagonal(const struct piece *p, int old,
                                     const struct cavity_cluster *cluster,
                                     int k, ptrdiff_t x)
{
    double t2 = p->c->hopping * p->c->hopping;
    int b = cluster->to[k];
    ptrdiff_t here = x + offset(p->cut, cluster->cell[k]);
    struct number m = {-get(p->s->energy[b] + here), {0}};
    m.im = m.re * 0 + p->omega;
    for (int t = 0; t < p->c->ntap[b]; t++) {
        if (cluster->inside[k] >> t & 1)
            continue;
        ptrdiff_t there = here + offset(p->cut, p->c->tap[b][t].cell);
        int to = p->c->tap[b][t].to, opposite = p->c->tap[b][t].opposite;
        m.re -= t2 * get(p->s->re[old][to][opposite] + there);
        m.im -= t2 * get(p->s->im[old][to][opposite] + there);
    }
    return m;
}

static inline void eliminate(const struct cavity_step *step, struct number *m)
{
    struct number r;
    const int *target = step->target;
    reciprocal(m[step->pivot].re, m[step->pivot].im, (vec){1, 1, 1, 1}, &r.re,
               &r.im);
    for (int i = 0; i < step->n; i++) {
        struct number a = m[step->slot[i]];
        struct number f = {a.re * r.re - a.im * r.im,
                           a.re * r.im + a.im * r.re};
        for (int j = 0; j <= i; j++) {
            struct number b = m[step->slot[j]], *to = &m[*target++];
            to->re -= f.re * b.re - f.im * b.im;
            to->im -= f.re * b.im + f.im * b.re;
        }
    }
}

/* The columns of cluster and stiffness, from the last messages.  Members beyond
   an open boundary get a huge diagonal entry, which uncouples them. */
static void clusters(const struct piece *p, int old)
{
    const struct cavity *c = p->c;
    int first = c->iterations + 2;
    for (int b = 0; b < c->nbasis; b++) {
        const struct cavity_cluster *k = &c->cluster[b];
        for (ptrdiff_t x = p->begin; x < p->end; x += VECTOR) {
            struct number m[CAVITY_SLOTS], g;
            vec here = get(p->s->inside + x);
            for (int i = 0; i < k->nsite; i++) {
                m[i] = diagonal(p, old, k, i, x);
                m[i].im += BEYOND * (1 - get(p->s->inside + x +
                                             offset(p->cut, k->cell[i])));
            }
            for (int i = k->nsite; i < k->nslot; i++)
                m[i].re = m[i].im = (vec){0};
            for (int i = k->nsite; i < k->nsite + k->coupled; i++)
                m[i].re += c->hopping;
            for (int i = 0; i < k->nsite - 1; i++)
                eliminate(&k->step[i], m);
            reciprocal(m[0].re, m[0].im, here * p->weight, &g.re, &g.im);
            put(column(p, first, b) + x, g.re);
        }
    }
}

/* The derivative of the tree density: -Re G^2. */
static void stiffness(const struct piece *p, int old)
{
    double t2 = p->c->hopping * p->c->hopping;
    for (int b = 0; b < p->c->nbasis; b++) {
        struct incoming in = incoming(p->c, p->cut, p->s, old, b);
        double *out = column(p, p->c->iterations + 3, b);
        for (ptrdiff_t x = p->begin; x < p->end; x += VECTOR) {
            vec sum_re = {0}, sum_im = {0}, re, im;
            for (int t = 0; t < p->c->ntap[b]; t++) {
                sum_re += get(in.re[t] + x);
                sum_im += get(in.im[t] + x);
            }
            reciprocal(-get(p->s->energy[b] + x) - t2 * sum_re,
                       p->omega - t2 * sum_im, get(p->s->inside + x), &re, &im);
            put(out + x, p->weight * (im * im - re * re));
        }
    }
}

/* Shrinks the range by k shells of the slowest axis. */
static void shrink(struct piece *p, int shells)
{
    const struct cut *cut = p->cut;
    int slow = cut->width[2] > 1 ? 2 : cut->width[1] > 1 ? 1 : 0;
    ptrdiff_t skip = p->c->halo[slow] > 0 ? shells * cut->stride[slow] : 0;
    p->begin = skip / VECTOR * VECTOR;
    p->end = cut->cells - skip / VECTOR * VECTOR;
}

static void work(struct piece *p)
{
    const struct cavity *c = p->c;
    int old = 0;
    start(p);
    for (int k = 0; k <= c->iterations; k++) {
        shrink(p, k);
        for (int b = 0; b < c->nbasis; b++)
            iterate_any(p, b, old, k < c->iterations, column(p, k + 1, b));
        old ^= k < c->iterations;
    }
    clusters(p, old);
    stiffness(p, old);
}

/* Sums over poles, in their order, for the sites of a box. */
static void collect(const struct cavity *c, const struct field *q,
                    const struct cut *cut, const int first[3], double linear,
                    double scale, double shift, int npole,
                    double *const *piece, double *out)
{
    const struct lattice *lat = q->lat;
    int columns = cavity_columns(c);
    for (int z = 0; z < cut->side[2] && first[2] + z < lat->local[2]; z++)
    for (int y = 0; y < cut->side[1] && first[1] + y < lat->local[1]; y++)
    for (int x = 0; x < cut->side[0] && first[0] + x < lat->local[0]; x++)
    for (int b = 0; b < c->nbasis; b++) {
        ptrdiff_t from = (z + c->halo[2]) * cut->stride[2] +
                         (y + c->halo[1]) * cut->stride[1] + x + c->halo[0];
        int64_t site = (((int64_t)(first[2] + z) * lat->local[1] + first[1] +
                         y) * lat->local[0] + first[0] + x) * c->nbasis + b;
        double energy = shift + scale * field_read(q, 0, b)[
            (first[2] + z) * q->stride[2] + (first[1] + y) * q->stride[1] +
            first[0] + x];
        for (int k = 0; k < columns; k++) {
            double sum = k == columns - 1 ? linear : -linear * energy;
            for (int pole = 0; pole < npole; pole++)
                sum += piece[pole][(k * c->nbasis + b) * cut->cells + from];
            out[site * columns + k] = sum;
        }
    }
}

static void box_first(const struct cut *cut, int64_t box, int first[3])
{
    for (int i = 0; i < 3; i++) {
        first[i] = (int)(box % cut->count[i]) * cut->side[i];
        box /= cut->count[i];
    }
}

struct job {
    const struct cavity *c;
    const struct field *q;
    const struct cut *cut;
    const struct poles *poles;
    double scale, shift, temp;
    struct scratch *scratch; /* [nthread] */
    double **piece;          /* [boxes of a wave * poles] */
    double *out;
};

/* Boxes `begin` .. `end`: first box by pole, then their sums. */
static void wave(const struct job *j, int64_t begin, int64_t end, int nthread)
{
    int npole = j->poles->n;
#pragma omp parallel num_threads(nthread)
    {
        struct scratch *s = &j->scratch[omp_get_thread_num()];
        int64_t loaded = -1;
#pragma omp for schedule(dynamic)
        for (int64_t k = 0; k < (end - begin) * npole; k++) {
            int64_t box = begin + k / npole;
            int pole = (int)(k % npole), first[3];
            struct piece p = {
                .c = j->c, .cut = j->cut, .s = s, .out = j->piece[k],
                .omega = j->poles->s[pole] * j->temp,
                .weight = j->poles->a[pole] * j->temp};
            box_first(j->cut, box, first);
            if (loaded != box)
                load(j->c, j->q, j->cut, first, j->scale, j->shift, s);
            loaded = box;
            work(&p);
        }
#pragma omp for schedule(dynamic)
        for (int64_t box = begin; box < end; box++) {
            int first[3];
            box_first(j->cut, box, first);
            collect(j->c, j->q, j->cut, first, j->poles->linear / j->temp,
                    j->scale, j->shift, npole,
                    &j->piece[(box - begin) * npole], j->out);
        }
    }
}

int cavity_densities(const struct cavity *c, const struct field *q,
                     double scale, double shift, double temp,
                     const struct poles *poles, int nthread, double *out)
{
    struct cut cut;
    cut_lattice(c, q->lat, &cut);
    int64_t boxes = WAVE / poles->n > 1 ? WAVE / poles->n : 1;
    boxes = boxes < cut.nbox ? boxes : cut.nbox;
    size_t pieces = (size_t)(boxes * poles->n);
    size_t length = (size_t)(cavity_columns(c) * c->nbasis) * (size_t)cut.cells;
    struct job job = {.c = c, .q = q, .cut = &cut, .poles = poles,
                      .scale = scale, .shift = shift, .temp = temp, .out = out};
    int status = -1;
    job.scratch = mem_zalloc((size_t)nthread, sizeof *job.scratch);
    job.piece = mem_zalloc(pieces, sizeof *job.piece);
    if (!job.scratch || !job.piece)
        goto done;
    for (int k = 0; k < nthread; k++)
        if (scratch_new(c, &cut, &job.scratch[k]))
            goto done;
    for (size_t k = 0; k < pieces; k++)
        if (!(job.piece[k] = mem_alloc(length, sizeof(double))))
            goto done;
    for (int64_t box = 0; box < cut.nbox; box += boxes)
        wave(&job, box, box + boxes < cut.nbox ? box + boxes : cut.nbox,
             nthread);
    status = 0;
done:
    for (int k = 0; job.scratch && k < nthread; k++)
        mem_free(job.scratch[k].block);
    for (size_t k = 0; job.piece && k < pieces; k++)
        mem_free(job.piece[k]);
    mem_free(job.piece);
    mem_free(job.scratch);
    return status;
}

double cavity_bound(const struct cavity *c, const struct field *q,
                    double scale, double shift, double temp)
{
    double most = 0;
    int taps = 0;
    for (int b = 0; b < c->nbasis; b++) {
        const double *at_origin = field_read(q, 0, b);
        taps = c->ntap[b] > taps ? c->ntap[b] : taps;
        for (int64_t r = 0; r < field_nrow(q); r++)
            for (int x = 0; x < q->lat->local[0]; x++)
                most = fmax(most, fabs(shift + scale * at_origin[
                                                   field_row(q, r) + x]));
    }
    return (most + taps * fabs(c->hopping)) / temp;
}

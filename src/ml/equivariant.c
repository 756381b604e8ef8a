/* Symmetry adapted stencils and weights: see ml/equivariant.h.

   With P the free weights of copy e and offsets k, channels c and o, copies b
   (in) and a (out), components j of a vector,

       copies from copies   W(k, cb, oa) = P(a^-1 k, c a^-1 b, o)
       copies from scalars  W(k, c, oa)  = P(a^-1 k, c, o)
       copies from vectors  W(k, uj, oa) = sum_l R(a)_jl P(a^-1 k, ul, o)
       scalars from copies  W(k, cb, o)  = P(b^-1 k, c, o)
       vectors from copies  W(k, cb, vi) = sum_l R(b)_il P(b^-1 k, c, vl)
       depthwise, copies    W(k, ca)     = P(a^-1 k, c)

   Group convolutions: [Cohen2016]. */

#include "ml/equivariant.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"

/* Far above rounding, far below the differences of rotations of a lattice. */
static const double SAME = 1e-8;

static bool same_rotation(const struct lattice_op *op, double r[3][3])
{
    for (int i = 0; i < 9; i++) {
        if (fabs(op->r[i / 3][i % 3] - r[i / 3][i % 3]) > SAME)
            return false;
    }
    return true;
}

/* r = R(a) R(b), or R(a)^T R(b) */
static void multiply(const struct lattice_op *a, const struct lattice_op *b,
                     bool transpose, double r[3][3])
{
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 3; j++) {
            r[i][j] = 0;
            for (int k = 0; k < 3; k++)
                r[i][j] += (transpose ? a->r[k][i] : a->r[i][k]) * b->r[k][j];
        }
}

static bool is_identity(const struct lattice_op *op)
{
    return op->r[0][0] + op->r[1][1] + op->r[2][2] > 3 - SAME;
}

/* The operation made to take the site of sublattice 0 in cell 0 to cell 0. */
static struct lattice_op centred(const struct lattice_op *op, int nbasis)
{
    struct lattice_op out = *op;

    for (int b = 0; b < nbasis; b++)
        for (int i = 0; i < 3; i++)
            out.shift[b][i] -= op->shift[0][i];
    return out;
}

static int collect(struct equivariant *e, bool group)
{
    const struct lattice *lat = e->lat;

    e->op = mem_zalloc((size_t)lat->nop, sizeof *e->op);
    if (!e->op)
        return -1;
    for (int k = 0; k < lat->nop; k++) {
        if (lat->op[k].to[0] != 0 || (!group && !is_identity(&lat->op[k])))
            continue;
        struct lattice_op op = centred(&lat->op[k], lat->shape.nbasis);

        e->op[e->order++] = op;
        if (is_identity(&op)) {
            e->op[e->order - 1] = e->op[0];
            e->op[0] = op;
        }
    }
    e->quotient = mem_alloc((size_t)(e->order * e->order), sizeof *e->quotient);
    return e->quotient ? 0 : -1;
}

static int tabulate(struct equivariant *e)
{
    for (int g = 0; g < e->order; g++)
        for (int h = 0; h < e->order; h++) {
            double r[3][3];
            int k = 0;

            multiply(&e->op[g], &e->op[h], true, r);
            while (k < e->order && !same_rotation(&e->op[k], r))
                k++;
            if (k == e->order)
                return -1;
            e->quotient[g * e->order + h] = k;
        }
    return 0;
}

static bool commutes(const struct equivariant *e, const struct lattice_op *s)
{
    for (int g = 0; g < e->order; g++) {
        double r[3][3];
        struct lattice_op other = {0};

        multiply(s, &e->op[g], false, r);
        multiply(&e->op[g], s, false, other.r);
        if (!same_rotation(&other, r))
            return false;
    }
    return true;
}

/* Frames turn alike wherever they are read from: sections form a group. */
static bool closed(const struct equivariant *e)
{
    int n = e->lat->shape.nbasis;

    for (int b = 0; b < n; b++)
        for (int c = 0; c < n; c++) {
            double r[3][3];

            multiply(&e->section[b], &e->section[c], false, r);
            if (!same_rotation(&e->section[e->section[b].to[c]], r))
                return false;
        }
    return true;
}

/* For each sublattice from b on an operation that takes 0 there, which commutes
   with those of a site when there are copies; all choices are tried. */
static bool choose_sections(struct equivariant *e, int b, bool copies)
{
    const struct lattice *lat = e->lat;

    if (b == lat->shape.nbasis)
        return !copies || closed(e);
    for (int k = 0; k < lat->nop; k++) {
        if (lat->op[k].to[0] != b || (copies && !commutes(e, &lat->op[k])))
            continue;
        e->section[b] = centred(&lat->op[k], lat->shape.nbasis);
        if (choose_sections(e, b + 1, copies))
            return true;
    }
    return false;
}

int equivariant_init(struct equivariant *e, const struct lattice_shape *shape,
                     bool group, bool copies, const char **why)
{
    int n[3] = {2, 2, 2};
    bool periodic[3] = {true, true, true};

    *e = (struct equivariant){0};
    e->lat = lattice_new(shape, n, periodic, why);
    if (!e->lat)
        return -1;
    *why = "not enough memory for the point group";
    if (collect(e, group) || tabulate(e)) {
        equivariant_fini(e);
        return -1;
    }
    *why = "its sublattices are not exchanged by operations that commute with "
           "those of a site";
    e->section[0] = e->op[0];
    if (!choose_sections(e, 1, copies)) {
        equivariant_fini(e);
        return -1;
    }
    return 0;
}

void equivariant_fini(struct equivariant *e)
{
    lattice_free(e->lat);
    mem_free(e->op);
    mem_free(e->quotient);
    *e = (struct equivariant){0};
}

/* The cell and sublattice at that offset from a site, seen from its image. */
static void turn(const struct lattice_op *op, const int cell[3], int to,
                 int out[3], int *image)
{
    for (int i = 0; i < 3; i++) {
        out[i] = op->shift[to][i];
        for (int j = 0; j < 3; j++)
            out[i] += op->m[i][j] * cell[j];
    }
    *image = op->to[to];
}

static int find_site(const struct equivariant_sites *s, const int cell[3],
                     int to)
{
    for (int k = 0; k < s->n; k++) {
        if (s->site[k].to == to &&
            memcmp(s->site[k].cell, cell, sizeof s->site[k].cell) == 0)
            return k;
    }
    return -1;
}

static int follow(const struct equivariant *e, struct equivariant_sites *s)
{
    for (int k = 0; k < s->n; k++)
        s->orbit[k] = -1;
    for (int k = 0; k < s->n; k++) {
        bool found = s->orbit[k] >= 0;

        for (int g = 0; g < e->order; g++) {
            int cell[3], to, image;

            turn(&e->op[g], s->site[k].cell, s->site[k].to, cell, &to);
            image = find_site(s, cell, to);
            if (image < 0)
                return -1;
            s->image[g * s->n + k] = image;
            if (!found)
                s->orbit[image] = s->norbit;
        }
        s->norbit += !found;
    }
    return 0;
}

int equivariant_sites(const struct equivariant *e, double radius,
                      struct equivariant_sites *s)
{
    struct stencil near = {0};
    int status = -1;

    *s = (struct equivariant_sites){0};
    if (radius > 0 && lattice_stencil(e->lat, 0, radius, &near))
        return -1;
    s->n = near.n[0] + 1;
    s->site = mem_zalloc((size_t)s->n, sizeof *s->site);
    s->image = mem_alloc((size_t)(s->n * e->order), sizeof *s->image);
    s->orbit = mem_alloc((size_t)s->n, sizeof *s->orbit);
    if (s->site && s->image && s->orbit) {
        if (near.n[0])
            memcpy(s->site + 1, near.site[0],
                   (size_t)near.n[0] * sizeof *s->site);
        status = follow(e, s);
    }
    stencil_free(&near);
    if (status)
        equivariant_sites_fini(s);
    return status;
}

void equivariant_sites_fini(struct equivariant_sites *s)
{
    mem_free(s->site);
    mem_free(s->image);
    mem_free(s->orbit);
    *s = (struct equivariant_sites){0};
}

int equivariant_stencil(const struct equivariant *e,
                        const struct equivariant_sites *s,
                        enum equivariant_slots slots, struct net_stencil *out)
{
    int nbasis = e->lat->shape.nbasis;

    *out = (struct net_stencil){.nslot = slots == SLOTS_ORBIT  ? s->norbit
                                         : slots == SLOTS_SITE ? s->n
                                                               : s->n * nbasis};
    for (int b = 0; b < nbasis; b++) {
        out->tap[b] = mem_zalloc((size_t)s->n, sizeof *out->tap[b]);
        if (!out->tap[b]) {
            while (b--)
                mem_free(out->tap[b]);
            return -1;
        }
        out->n[b] = s->n;
        for (int k = 0; k < s->n; k++) {
            struct net_tap *tap = &out->tap[b][k];

            turn(&e->section[b], s->site[k].cell, s->site[k].to, tap->cell,
                 &tap->to);
            tap->slot = slots == SLOTS_ORBIT  ? s->orbit[k]
                        : slots == SLOTS_SITE ? k
                                              : b * s->n + k;
            for (int i = 0; i < 3; i++) {
                int reach = tap->cell[i] < 0 ? -tap->cell[i] : tap->cell[i];

                if (reach > out->reach[i])
                    out->reach[i] = reach;
            }
        }
    }
    return 0;
}

/* --- ties ------------------------------------------------------------------
 */

struct tying {
    const struct equivariant *e;
    const struct equivariant_sites *s;
    const struct net_layer *layer;
    enum fibre in, out;
    struct net_tie *tie;
    int64_t at; /* entries so far */
};

/* A channel of a fibre: which, and the copy or axis. */
struct part {
    int channel, inner;
};

static int fibre_size(const struct equivariant *e, enum fibre f)
{
    return f == FIBRE_SCALAR   ? 1
           : f == FIBRE_VECTOR ? e->lat->shape.dim
                               : e->order;
}

static struct part part_of(const struct tying *t, enum fibre f, int channel)
{
    int size = fibre_size(t->e, f);

    return (struct part){channel / size, channel % size};
}

/* Free weights: [site][in of the free copy][out of the free copy]; vectors
   keep their axes, and copies on both sides one copy in. */
static int free_in(const struct tying *t)
{
    int size =
        t->in == FIBRE_COPIES && t->out != FIBRE_COPIES ? t->e->order : 1;

    if (t->layer->kind == NET_DEPTHWISE)
        return 1;
    return t->layer->in / size;
}

static int free_out(const struct tying *t)
{
    return t->layer->out / (t->out == FIBRE_COPIES ? t->e->order : 1);
}

static void entry(struct tying *t, int64_t parameter, double factor)
{
    if (fabs(factor) < SAME)
        return;
    if (fabs(factor - round(factor)) < SAME)
        factor = round(factor);
    t->tie->index[t->at] = (int32_t)parameter;
    t->tie->factor[t->at++] = factor;
}

static int64_t parameter(const struct tying *t, int site, int in, int out)
{
    return ((int64_t)site * free_in(t) + in) * free_out(t) + out;
}

/* The site that operation g takes to k. */
static int before(const struct tying *t, int g, int k)
{
    int inverse = t->e->quotient[g * t->e->order];

    return t->s->image[inverse * t->s->n + k];
}

/* W of a site k seen from sublattice b, channels c (in) and o (out). */
static void tie_weight(struct tying *t, int b, int k, int c, int o)
{
    const struct equivariant *e = t->e;
    struct part in = part_of(t, t->in, c), out = part_of(t, t->out, o);
    int dim = e->lat->shape.dim, g, site;
    double r[3][3];

    if (t->out == FIBRE_COPIES) {
        g = out.inner;
        site = before(t, g, k);
        if (t->in == FIBRE_COPIES)
            c = in.channel * e->order + e->quotient[g * e->order + in.inner];
        if (t->in != FIBRE_VECTOR) {
            entry(t, parameter(t, site, c, out.channel), 1);
            return;
        }
        int to = e->section[b].to[t->s->site[k].to];

        multiply(&e->section[to], &e->op[g], false, r);
        for (int l = 0; l < dim; l++)
            entry(t, parameter(t, site, in.channel * dim + l, out.channel),
                  r[in.inner][l]);
        return;
    }
    g = in.inner;
    site = before(t, g, k);
    if (t->out == FIBRE_SCALAR) {
        entry(t, parameter(t, site, in.channel, o), 1);
        return;
    }
    multiply(&e->section[b], &e->op[g], false, r);
    for (int l = 0; l < dim; l++)
        entry(t, parameter(t, site, in.channel, out.channel * dim + l),
              r[out.inner][l]);
}

static void tie_depthwise(struct tying *t, int k, int c)
{
    struct part at = part_of(t, FIBRE_COPIES, c);

    entry(t, parameter(t, before(t, at.inner, k), 0, at.channel), 1);
}

static void tie_all(struct tying *t, int nslot)
{
    const struct net_layer *layer = t->layer;
    bool deep = layer->kind == NET_DEPTHWISE;
    int64_t w = 0, weights = (int64_t)t->s->n * free_in(t) * free_out(t);

    for (int slot = 0; slot < nslot; slot++)
        for (int c = 0; c < layer->in; c++)
            for (int o = 0; o < (deep ? 1 : layer->out); o++) {
                t->tie->first[w++] = t->at;
                if (deep)
                    tie_depthwise(t, slot % t->s->n, c);
                else
                    tie_weight(t, slot / t->s->n, slot % t->s->n, c, o);
            }
    t->tie->nparam = weights + (layer->bias ? free_out(t) : 0);
    for (int o = 0; o < layer->out && layer->bias; o++) {
        t->tie->first[w++] = t->at;
        entry(t, weights + part_of(t, t->out, o).channel, 1);
    }
    t->tie->first[w] = t->at;
}

struct net_tie *equivariant_tie(const struct equivariant *e,
                                const struct equivariant_sites *s, bool split,
                                const struct net_layer *layer, enum fibre in,
                                enum fibre out)
{
    int nslot = s->n * (split ? e->lat->shape.nbasis : 1);
    bool deep = layer->kind == NET_DEPTHWISE;
    size_t n =
        (size_t)nslot * (size_t)layer->in * (size_t)(deep ? 1 : layer->out) +
        (size_t)layer->out;
    struct tying t = {.e = e,
                      .s = s,
                      .layer = layer,
                      .in = in,
                      .out = out,
                      .tie = mem_zalloc(1, sizeof *t.tie)};

    if (!t.tie)
        return NULL;
    t.tie->first = mem_alloc(n + 1, sizeof *t.tie->first);
    t.tie->index = mem_alloc(n * 3, sizeof *t.tie->index);
    t.tie->factor = mem_alloc(n * 3, sizeof *t.tie->factor);
    if (!t.tie->first || !t.tie->index || !t.tie->factor) {
        net_tie_free(t.tie);
        return NULL;
    }
    tie_all(&t, nslot);
    return t.tie;
}

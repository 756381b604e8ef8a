/* The kernels of the moments for one precision: NUMBER, KERNEL.

   A register holds the same cell of the windows of as many neighbouring sites,
   so that every load of a hopping is one of consecutive cells.  Windows have a
   border of zeros: no loop tests where a window ends. */

#include <stdlib.h>
#include <string.h>

#if defined __AVX512F__
enum { REGISTER = 64 };
#elif defined __AVX__
enum { REGISTER = 32 };
#else
enum { REGISTER = 16 };
#endif
enum { LANES = REGISTER / sizeof(NUMBER) };

typedef NUMBER wide __attribute__((vector_size(REGISTER)));
typedef NUMBER loose
    __attribute__((vector_size(REGISTER), aligned(sizeof(NUMBER))));

/* Hoppings around the sites, at the cell where their bond starts, and 1 inside
   of open boundaries, 0 beyond. */
struct tile {
    int line, origin, radius[2];
    NUMBER hop[2][MOMENTS_TILE], inside[MOMENTS_TILE];
};

struct scene {
    const struct moments *m;
    int dim;
    bool open;
    NUMBER second, centre; /* hopping to second neighbours, on-site energy */
    struct tile tile;
    wide v[MOMENTS_WINDOWS];
};

static inline wide load(const NUMBER *from)
{
    return *(const loose *)from;
}

static void set_scene(struct scene *s, const struct moments *m,
                      const struct field *u)
{
    const struct lattice *lat = u->lat;
    s->m = m;
    s->dim = m->dim;
    s->centre = (NUMBER)(-m->centre / m->width);
    bool thin = lat->n[0] == 1 || (m->dim > 1 && lat->n[1] == 1);
    s->second = thin ? 0 : (NUMBER)(-m->t2 / m->width);
    s->open = false;
    for (int a = 0; a < m->dim; a++)
        s->open = s->open || !lat->periodic[a];
    const struct moments_window *w = &m->window[m->reach];
    s->tile.radius[0] = w->radius[0] + 1;
    s->tile.radius[1] = w->radius[1] + 1;
    s->tile.line = 2 * s->tile.radius[0] + LANES;
    s->tile.origin = s->tile.radius[1] * s->tile.line + s->tile.radius[0];
    memset(s->v, 0, (size_t)m->nwindow * sizeof *s->v);
}

/* The cells j of a row of the tile, as offsets from the first site, that lie on
   the field with its border, the next one along the axis too. */
static void reach_of(const struct field *u, int axis, int at, int radius, int n,
                     int more, int *low, int *high)
{
    *low = -u->halo[axis] - at;
    *high = u->lat->local[axis] + u->halo[axis] - at - more;
    if (*low < -radius)
        *low = -radius;
    if (*high > radius + n)
        *high = radius + n;
}

/* Hoppings base + slope*(difference of u along the axis) over the tile. */
static void fill_axis(const struct scene *s, const struct field *u, int axis,
                      int x, int y, double base, NUMBER *hop)
{
    const struct tile *t = &s->tile;
    const double *from = field_read(u, axis, 0);
    double slope = s->m->alpha / s->m->width;
    ptrdiff_t next = axis ? u->stride[1] : 1;
    int low[2], high[2], rows = 2 * t->radius[1] + 1;
    reach_of(u, 0, x, t->radius[0], LANES, axis == 0, &low[0], &high[0]);
    reach_of(u, 1, y, t->radius[1], 1, axis == 1, &low[1], &high[1]);
    memset(hop, 0, (size_t)(rows * t->line) * sizeof *hop);
    if (u->lat->n[axis] == 1)
        return;
    for (int j = low[1]; j < high[1]; j++) {
        const double *a = from + (y + j) * u->stride[1] + x;
        NUMBER *to = hop + t->origin + j * t->line;
        for (int i = low[0]; i < high[0]; i++)
            to[i] = (NUMBER)(base + slope * (a[i + next] - a[i]));
    }
}

static void fill_inside(struct scene *s, const struct lattice *lat, int x,
                        int y)
{
    struct tile *t = &s->tile;
    for (int j = -t->radius[1]; j <= t->radius[1]; j++) {
        bool row = lat->periodic[1] || (y + j >= 0 && y + j < lat->n[1]);
        NUMBER *to = t->inside + t->origin + j * t->line;
        for (int i = -t->radius[0]; i < t->radius[0] + LANES; i++)
            to[i] =
                row && (lat->periodic[0] || (x + i >= 0 && x + i < lat->n[0]));
    }
}

static void fill_tile(struct scene *s, const struct field *u, int x, int y)
{
    for (int a = 0; a < s->dim; a++)
        fill_axis(s, u, a, x, y, -s->m->t / s->m->width, s->tile.hop[a]);
    if (s->open)
        fill_inside(s, u->lat, x, y);
}

/* (h v)(o) without the constant part: v points at cell o, `at` is its place
   in the tile. */
static inline __attribute__((always_inline)) wide bonds_at(
    int dim, const NUMBER *const hop[2], const wide *v, int line, int at,
    int tile)
{
    wide sum = load(hop[0] + at) * v[1] + load(hop[0] + at - 1) * v[-1];
    if (dim > 1)
        sum +=
            load(hop[1] + at) * v[line] + load(hop[1] + at - tile) * v[-line];
    return sum;
}

/* h v along a row of a window.  What the next cell needs again stays in
   registers: loads are what takes the time. */
struct strip {
    int dim, line;
    const wide *v;        /* the first cell */
    const NUMBER *hop[2]; /* at it */
    wide low[2], mid[2], high[2], bond;
};

static inline __attribute__((always_inline)) struct strip strip_begin(
    const struct scene *s, int dim, const wide *v, int line, int at)
{
    struct strip t = {.dim = dim, .line = line, .v = v};
    t.hop[0] = s->tile.hop[0] + s->tile.origin + at;
    t.hop[1] = s->tile.hop[1] + s->tile.origin + at;
    t.mid[0] = v[-1];
    t.mid[1] = v[0];
    t.bond = load(t.hop[0] - 1);
    if (dim == 1)
        return t;
    t.low[0] = v[-line - 1];
    t.low[1] = v[-line];
    t.high[0] = v[line - 1];
    t.high[1] = v[line];
    return t;
}

/* (h v)(cell i of the row), in turn. */
static inline __attribute__((always_inline)) wide strip_next(
    const struct scene *s, struct strip *t, int i)
{
    const wide *v = t->v + i;
    wide mid = v[1], bond = load(t->hop[0] + i);
    wide sum = bond * mid + t->bond * t->mid[0] + s->centre * t->mid[1];
    t->bond = bond;
    t->mid[0] = t->mid[1];
    t->mid[1] = mid;
    if (t->dim == 1)
        return sum + s->second * (v[2] + v[-2]);
    wide low = v[1 - t->line], high = v[1 + t->line];
    sum += load(t->hop[1] + i) * t->high[1] +
           load(t->hop[1] + i - s->tile.line) * t->low[1] +
           s->second * ((low + t->low[0]) + (high + t->high[0]));
    t->low[0] = t->low[1];
    t->low[1] = low;
    t->high[0] = t->high[1];
    t->high[1] = high;
    return sum;
}

static inline wide *window(const struct moments *m, wide *all, int k)
{
    return all + m->window[k].first + m->window[k].origin;
}

/* Window k + 1 of `to` = factor (h v_k [+ dh w_k]) - v_(k-1). */
static inline __attribute__((always_inline)) void step_up(
    const struct scene *s, int dim, int k, const NUMBER *const change[2],
    const wide *w, wide *v)
{
    const struct moments *m = s->m;
    const struct moments_window *to = &m->window[k + 1];
    int line = m->window[k].line, first = -to->radius[0];
    int before = k ? m->window[k - 1].line : 0;
    const NUMBER *inside = s->tile.inside + s->tile.origin;
    wide *out = window(m, v, k + 1), *in = window(m, v, k);
    const wide *last = k ? window(m, v, k - 1) : NULL;
    const wide *other = w ? w + m->window[k].first + m->window[k].origin : NULL;
    NUMBER factor = k ? 2 : 1;
    for (int y = -to->radius[1]; y <= to->radius[1]; y++) {
        struct strip strip = strip_begin(s, dim, in + y * line + first, line,
                                         y * s->tile.line + first);
        for (int x = first; x <= to->radius[0]; x++) {
            int at = y * s->tile.line + x;
            wide sum = factor * strip_next(s, &strip, x - first);
            if (other)
                sum += factor * bonds_at(dim, change, other + y * line + x,
                                         line, at, s->tile.line);
            if (last)
                sum -= last[y * before + x];
            if (s->open)
                sum *= load(inside + at);
            out[y * to->line + x] = sum;
        }
    }
}

static void fill_windows(struct scene *s)
{
    *window(s->m, s->v, 0) = (wide){0} + 1;
    if (s->open)
        *window(s->m, s->v, 0) *= load(s->tile.inside + s->tile.origin);
    for (int k = 0; k < s->m->reach; k++) {
        if (s->dim > 1)
            step_up(s, 2, k, NULL, NULL, s->v);
        else
            step_up(s, 1, k, NULL, NULL, s->v);
    }
}

/* Sum over window k of a (window k) times b (window j >= k). */
static wide product(const struct moments *m, const wide *a, int k,
                    const wide *b, int j)
{
    const struct moments_window *w = &m->window[k];
    int line = m->window[j].line;
    wide sum = {0}, odd = {0};
    a += w->first + w->origin;
    b += m->window[j].first + m->window[j].origin;
    for (int y = -w->radius[1]; y <= w->radius[1]; y++) {
        const wide *p = a + y * w->line, *q = b + y * line;
        int x = -w->radius[0];
        for (; x < w->radius[0]; x += 2) {
            sum += p[x] * q[x];
            odd += p[x + 1] * q[x + 1];
        }
        sum += p[x] * q[x];
    }
    return sum + odd;
}

static void put(const struct moments *m, int n, wide value, int lanes,
                double *x)
{
    int count = moments_count(m);
    for (int l = 0; l < lanes; l++)
        x[l * count + n - 2] = (double)value[l];
}

static int pieces(struct moments_piece p, int i)
{
    return p.n - i < LANES ? p.n - i : LANES;
}

static void rows(const struct moments *m, const struct field *u,
                 struct moments_piece p, double *x)
{
    struct scene s;
    int count = moments_count(m);
    set_scene(&s, m, u);
    for (int i = 0; i < p.n; i += LANES, x += LANES * count) {
        int n = pieces(p, i);
        fill_tile(&s, u, p.x + i, p.y);
        fill_windows(&s);
        for (int k = 1; k <= m->reach; k++) {
            put(m, 2 * k, 2 * product(m, s.v, k, s.v, k) - 1, n, x);
            if (k < m->reach)
                put(m, 2 * k + 1, 2 * product(m, s.v, k, s.v, k + 1) - s.centre,
                    n, x);
        }
    }
}

static void tangent(const struct moments *m, const struct field *u,
                    const struct field *du, struct moments_piece p, double *dx)
{
    struct scene s;
    wide dv[MOMENTS_WINDOWS];
    NUMBER change[2][MOMENTS_TILE];
    int count = moments_count(m);
    set_scene(&s, m, u);
    memset(dv, 0, (size_t)m->nwindow * sizeof *dv);
    const NUMBER *dhop[2] = {change[0] + s.tile.origin,
                             change[1] + s.tile.origin};
    for (int i = 0; i < p.n; i += LANES, dx += LANES * count) {
        int n = pieces(p, i);
        fill_tile(&s, u, p.x + i, p.y);
        for (int a = 0; a < s.dim; a++)
            fill_axis(&s, du, a, p.x + i, p.y, 0, change[a]);
        fill_windows(&s);
        for (int k = 0; k < m->reach; k++) {
            if (s.dim > 1)
                step_up(&s, 2, k, dhop, s.v, dv);
            else
                step_up(&s, 1, k, dhop, s.v, dv);
        }
        for (int k = 1; k <= m->reach; k++) {
            put(m, 2 * k, 4 * product(m, s.v, k, dv, k), n, dx);
            if (k < m->reach)
                put(m, 2 * k + 1,
                    2 * (product(m, s.v, k, dv, k + 1) +
                         product(m, dv, k, s.v, k + 1)),
                    n, dx);
        }
    }
}

/* Adjoints a_k of v_k, from those of the moments, g [2 reach + 1]. */
static inline __attribute__((always_inline)) void step_down(
    const struct scene *s, int dim, int k, const wide *g, const wide *v,
    wide *a)
{
    const struct moments *m = s->m;
    const struct moments_window *w = &m->window[k];
    const NUMBER *inside = s->tile.inside + s->tile.origin;
    int first = -w->radius[0];
    bool up = k < m->reach, further = k + 1 < m->reach;
    const struct moments_window *w1 = up ? w + 1 : w;
    const struct moments_window *w2 = further ? w + 2 : w;
    wide here = 4 * g[2 * k], above = up ? 2 * g[2 * k + 1] : (wide){0};
    wide below = k > 1 ? 2 * g[2 * k - 1] : (wide){0};
    const wide *v0 = v + w->first + w->origin;
    const wide *v1 = v + w1->first + w1->origin;
    const wide *vb = v + w[-1].first + w[-1].origin;
    const wide *a1 = a + w1->first + w1->origin;
    const wide *a2 = a + w2->first + w2->origin;
    wide *out = a + w->first + w->origin;
    for (int y = -w->radius[1]; y <= w->radius[1]; y++) {
        struct strip strip = strip_begin(s, dim, a1 + y * w1->line + first,
                                         w1->line, y * s->tile.line + first);
        for (int x = first; x <= w->radius[0]; x++) {
            wide sum =
                here * v0[y * w->line + x] + below * vb[y * w[-1].line + x];
            if (up)
                sum += above * v1[y * w1->line + x] +
                       2 * strip_next(s, &strip, x - first);
            if (further)
                sum -= a2[y * w2->line + x];
            if (s->open)
                sum *= load(inside + y * s->tile.line + x);
            out[y * w->line + x] = sum;
        }
    }
}

/* Derivatives by the bonds that start at cell (x, y) of the windows, summed
   over the steps from v_k to v_(k+1) that reach it. */
static inline __attribute__((always_inline)) void bonds_back(
    const struct moments *m, int dim, const wide *v, const wide *a, int x,
    int y, wide sum[2])
{
    int k = 0;
    sum[0] = sum[1] = (wide){0};
    while (abs(x) > m->window[k + 1].radius[0] ||
           abs(y) > m->window[k + 1].radius[1])
        k++;
    for (; k < m->reach; k++) {
        const struct moments_window *w = &m->window[k], *up = w + 1;
        const wide *vo = v + w->first + w->origin + y * w->line + x;
        const wide *ao = a + up->first + up->origin + y * up->line + x;
        NUMBER factor = k ? 2 : 1;
        wide a0 = factor * ao[0], v0 = factor * vo[0];
        sum[0] += a0 * vo[1] + ao[1] * v0;
        if (dim > 1)
            sum[1] += a0 * vo[w->line] + ao[up->line] * v0;
    }
}

/* The same for all bonds, from windows of sites to cells: tile [axis] +=.
   Columns outside, so that a cell is not needed again at once. */
static inline __attribute__((always_inline)) void spread(
    const struct scene *s, int dim, const wide *a, NUMBER (*tile)[MOMENTS_TILE])
{
    const int *most = s->m->window[s->m->reach].radius;
    for (int x = -most[0]; x <= most[0]; x++)
        for (int y = -most[1]; y <= most[1]; y++) {
            int at = s->tile.origin + y * s->tile.line + x;
            wide sum[2];
            bonds_back(s->m, dim, s->v, a, x, y, sum);
            for (int axis = 0; axis < dim; axis++) {
                loose *to = (loose *)(tile[axis] + at);
                *to += sum[axis];
            }
        }
}

/* out += slope*(transpose of the difference along the axis) of the tile. */
static void bonds_to_sites(const struct scene *s, const NUMBER *tile, int axis,
                           int x, int y, struct field *out)
{
    const struct tile *t = &s->tile;
    double *to = out->data + out->origin + axis * out->stride_comp;
    double slope = s->m->alpha / s->m->width;
    ptrdiff_t next = axis ? out->stride[1] : 1;
    int low[2], high[2];
    reach_of(out, 0, x, t->radius[0], LANES, axis == 0, &low[0], &high[0]);
    reach_of(out, 1, y, t->radius[1], 1, axis == 1, &low[1], &high[1]);
    if (out->lat->n[axis] == 1)
        return;
    for (int j = low[1]; j < high[1]; j++) {
        double *a = to + (y + j) * out->stride[1] + x;
        const NUMBER *from = tile + t->origin + j * t->line;
        for (int i = low[0]; i < high[0]; i++)
            a[i] -= slope * (double)from[i];
        for (int i = low[0]; i < high[0]; i++)
            a[i + next] += slope * (double)from[i];
    }
}

static void fetch(const struct moments *m, const double *dx, int lanes, wide *g)
{
    int count = moments_count(m);
    for (int n = 0; n <= 2 * m->reach; n++)
        g[n] = (wide){0};
    for (int l = 0; l < lanes; l++)
        for (int n = 0; n < count; n++)
            g[n + 2][l] = (NUMBER)dx[l * count + n];
}

static void backward(const struct moments *m, const struct field *u,
                     const double *dx, struct moments_piece p,
                     struct field *out)
{
    struct scene s;
    wide a[MOMENTS_WINDOWS], g[2 * MOMENTS_REACH + 1];
    NUMBER tile[2][MOMENTS_TILE];
    set_scene(&s, m, u);
    memset(a, 0, (size_t)m->nwindow * sizeof *a);
    size_t size = (size_t)((2 * s.tile.radius[1] + 1) * s.tile.line);
    for (int i = 0; i < p.n; i += LANES) {
        fill_tile(&s, u, p.x + i, p.y);
        fill_windows(&s);
        fetch(m, dx + (int64_t)i * moments_count(m), pieces(p, i), g);
        for (int axis = 0; axis < s.dim; axis++)
            memset(tile[axis], 0, size * sizeof **tile);
        for (int k = m->reach; k > 0; k--) {
            if (s.dim > 1)
                step_down(&s, 2, k, g, s.v, a);
            else
                step_down(&s, 1, k, g, s.v, a);
        }
        if (s.dim > 1)
            spread(&s, 2, a, tile);
        else
            spread(&s, 1, a, tile);
        for (int axis = 0; axis < s.dim; axis++)
            bonds_to_sites(&s, tile[axis], axis, p.x + i, p.y, out);
    }
}

const struct moments_kernel KERNEL = {rows, tangent, backward};

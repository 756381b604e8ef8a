/* The plane of a picture; see picture_plane.h.

   A site is drawn where it is the nearest of all sites of the infinite
   lattice, so the outline of a picture is that of its outer cells.  Where the
   lattice is tilted and its rows are periodic, what sticks out on one side is
   drawn on the other, which fills a rectangle. */

#include "plug/picture_plane.h"

#include <math.h>
#include <string.h>

enum { CORNER_MAX = 64 };
static const double chain_aspect = 8; /* length to height of a chain's band */

struct polygon {
    double x[CORNER_MAX][2];
    int n;
};

/* The part of the polygon nearer to the origin than to s. */
static void clip(struct polygon *p, const double s[2])
{
    struct polygon out = {.n = 0};
    double half = 0.5 * (s[0] * s[0] + s[1] * s[1]);
    for (int k = 0; k < p->n && out.n + 2 < CORNER_MAX; k++) {
        const double *a = p->x[k], *b = p->x[(k + 1) % p->n];
        double da = half - a[0] * s[0] - a[1] * s[1];
        double db = half - b[0] * s[0] - b[1] * s[1];
        if (da >= 0)
            memcpy(out.x[out.n++], a, sizeof out.x[0]);
        if ((da >= 0) == (db >= 0))
            continue;
        for (int i = 0; i < 2; i++)
            out.x[out.n][i] = a[i] + da / (da - db) * (b[i] - a[i]);
        out.n++;
    }
    *p = out;
}

/* The Voronoi cell of sublattice b about its site. */
static struct polygon voronoi(const struct plane *p, int b)
{
    double size = hypot(p->a[0][0], p->a[0][1]) + hypot(p->a[1][0], p->a[1][1]);
    struct polygon cell = {
        .n = 4,
        .x = {{-size, -size}, {size, -size}, {size, size}, {-size, size}}};
    for (int k = 0; k < p->ncandidate; k++) {
        double s[2] = {p->shift[k][0] - p->basis[b][0],
                       p->shift[k][1] - p->basis[b][1]};
        if (fabs(s[0]) + fabs(s[1]) > 1e-9 * size)
            clip(&cell, s);
    }
    return cell;
}

/* Bounds of the Voronoi cells of all sites: those of the corner cells, along
   wrapped rows one period. */
static void set_bounds(struct plane *p)
{
    for (int i = 0; i < 2; i++) {
        p->lo[i] = INFINITY;
        p->hi[i] = -INFINITY;
    }
    for (int b = 0; b < p->lat->shape.nbasis; b++) {
        struct polygon cell = voronoi(p, b);
        for (int corner = 0; corner < 4 * cell.n; corner++) {
            double u = corner & 1 ? p->n[0] - 1 : 0;
            double v = corner & 2 ? p->n[1] - 1 : 0;
            for (int i = 0; i < 2; i++) {
                double x = u * p->a[0][i] + v * p->a[1][i] + p->basis[b][i] +
                           cell.x[corner / 4][i];
                p->lo[i] = fmin(p->lo[i], x);
                p->hi[i] = fmax(p->hi[i], x);
            }
        }
    }
    if (p->wrapped) {
        p->lo[0] = -0.5 * p->a[0][0];
        p->hi[0] = p->lo[0] + p->n[0] * p->a[0][0];
    }
}

static void set_candidates(struct plane *p)
{
    p->ncandidate = 0;
    for (int v = -PLANE_REACH; v <= PLANE_REACH; v++)
        for (int u = -PLANE_REACH; u <= PLANE_REACH; u++)
            for (int b = 0; b < p->lat->shape.nbasis; b++) {
                int k = p->ncandidate++;
                for (int i = 0; i < 2; i++)
                    p->shift[k][i] =
                        u * p->a[0][i] + v * p->a[1][i] + p->basis[b][i];
                p->reach[k][0] = u;
                p->reach[k][1] = v;
                p->reach[k][2] = b;
            }
}

static double dot(const double x[3], const double y[3])
{
    return x[0] * y[0] + x[1] * y[1] + x[2] * y[2];
}

/* Lattice vectors and sublattices in an orthonormal frame of the plane whose
   first vector is along the first axis. */
static void project(struct plane *p)
{
    const struct lattice_shape *s = &p->lat->shape;
    const double *u = s->a[p->axis[0]], *v = s->a[p->axis[1]];
    double e[2][3], length = sqrt(dot(u, u));
    for (int i = 0; i < 3; i++)
        e[0][i] = u[i] / length;
    double along = dot(v, e[0]);
    for (int i = 0; i < 3; i++)
        e[1][i] = v[i] - along * e[0][i];
    length = sqrt(dot(e[1], e[1]));
    for (int i = 0; i < 3; i++)
        e[1][i] /= length;
    for (int i = 0; i < 2; i++) {
        p->a[0][i] = dot(u, e[i]);
        p->a[1][i] = dot(v, e[i]);
        for (int b = 0; b < s->nbasis; b++)
            p->basis[b][i] = dot(s->basis[b], e[i]);
    }
}

static void init_chain(struct plane *p, int rows)
{
    const struct lattice_shape *s = &p->lat->shape;
    double length = s->a[0][0] * p->n[0];
    p->axis[1] = -1;
    p->n[1] = rows > 0 ? rows : 1;
    p->a[0][0] = s->a[0][0];
    p->a[1][1] = (rows > 0 ? 0.75 : 1 / chain_aspect) * length / p->n[1];
    for (int b = 0; b < s->nbasis; b++)
        p->basis[b][0] = s->basis[b][0];
    p->rectangular = true;
}

void plane_init(struct plane *p, const struct lattice *lat, int axis,
                int64_t cell, int rows)
{
    memset(p, 0, sizeof *p);
    p->lat = lat;
    p->normal = lat->shape.dim == 3 ? axis : -1;
    p->cell = cell;
    p->axis[0] = p->normal == 0 ? 1 : 0;
    p->axis[1] = p->normal == 2 || lat->shape.dim < 3 ? 1 : 2;
    p->n[0] = lat->n[p->axis[0]];
    if (lat->shape.dim == 1) {
        init_chain(p, rows);
    } else {
        p->n[1] = lat->n[p->axis[1]];
        project(p);
        p->wrapped = p->a[1][0] != 0 && lat->periodic[p->axis[0]];
        p->rectangular = lat->shape.nbasis == 1 && p->a[1][0] == 0;
    }
    double det = p->a[0][0] * p->a[1][1] - p->a[0][1] * p->a[1][0];
    p->inverse[0][0] = p->a[1][1] / det;
    p->inverse[0][1] = -p->a[1][0] / det;
    p->inverse[1][0] = -p->a[0][1] / det;
    p->inverse[1][1] = p->a[0][0] / det;
    set_candidates(p);
    set_bounds(p);
}

int64_t plane_site(const struct plane *p, double x, double y)
{
    double u = floor(p->inverse[0][0] * x + p->inverse[0][1] * y);
    double v = floor(p->inverse[1][0] * x + p->inverse[1][1] * y);
    double best = INFINITY;
    int nearest = 0;
    x -= u * p->a[0][0] + v * p->a[1][0];
    y -= u * p->a[0][1] + v * p->a[1][1];
    for (int k = 0; k < p->ncandidate; k++) {
        double dx = p->shift[k][0] - x, dy = p->shift[k][1] - y;
        double d = dx * dx + dy * dy;
        nearest = d < best ? k : nearest;
        best = d < best ? d : best;
    }
    int at[2] = {(int)u + p->reach[nearest][0], (int)v + p->reach[nearest][1]};
    if (p->wrapped)
        at[0] = (at[0] % p->n[0] + p->n[0]) % p->n[0];
    if (at[0] < 0 || at[0] >= p->n[0] || at[1] < 0 || at[1] >= p->n[1])
        return -1;
    int cell[3] = {0, 0, 0};
    cell[p->axis[0]] = at[0];
    if (p->axis[1] >= 0)
        cell[p->axis[1]] = at[1];
    if (p->normal >= 0)
        cell[p->normal] = (int)p->cell;
    int64_t site = lattice_site(p->lat, cell, p->reach[nearest][2]);
    return p->axis[1] < 0 ? at[1] * p->lat->nsite + site : site;
}

/* Parity plots: see plug/parity.h. */

#include "plug/parity.h"

#include <math.h>
#include <string.h>

#include "base/canvas.h"
#include "base/colormap.h"
#include "base/file.h"
#include "base/mem.h"

enum { LEFT = 90, TOP = 30, RIGHT = 24, BOTTOM = 70, SCALE = 3 };
static const double letters = 17; /* pixels */

int parity_init(struct adele *ctx, struct parity *p, double lo, double hi,
                int64_t total)
{
    double margin = hi > lo ? 0.03 * (hi - lo) : 0.5;
    int64_t kept;

    *p = (struct parity){.lo = lo - margin, .hi = hi + margin};
    p->stride = total / PARITY_POINTS + 1;
    kept = total / p->stride + 1;
    p->point = mem_alloc((size_t)kept, 2 * sizeof *p->point);
    p->count = mem_zalloc((size_t)PARITY_GRID * PARITY_GRID, sizeof *p->count);
    if (p->point && p->count)
        return 0;
    return err_memory(ctx, "a parity plot", 16.0 * (double)kept);
}

void parity_fini(struct parity *p)
{
    mem_free(p->point);
    mem_free(p->count);
    *p = (struct parity){0};
}

/* The grid line of a value; what lies outside goes to the edge. */
static int grid_of(const struct parity *p, double value)
{
    double at = (value - p->lo) / (p->hi - p->lo) * PARITY_GRID;

    return at >= PARITY_GRID ? PARITY_GRID - 1 : at > 0 ? (int)at : 0;
}

void parity_add(struct parity *p, const double *exact, const double *predicted,
                int64_t n)
{
    for (int64_t i = 0; i < n; i++) {
        int x = grid_of(p, exact[i]), y = grid_of(p, predicted[i]);

        p->count[y * PARITY_GRID + x]++;
        if (p->seen++ % p->stride)
            continue;
        p->point[2 * p->npoint] = exact[i];
        p->point[2 * p->npoint + 1] = predicted[i];
        p->npoint++;
    }
}

int parity_csv(struct adele *ctx, const struct parity *p, const char *path)
{
    int error;
    struct file *f = file_open(path, FILE_ATOMIC, &error);

    if (f) {
        file_printf(f, "exact,predicted\n");
        for (int64_t k = 0; k < p->npoint; k++)
            file_printf(f, "%.9g,%.9g\n", p->point[2 * k], p->point[2 * k + 1]);
        error = file_close(f);
    }
    return error ? err_run(ctx, "cannot write '%s': %s", path, strerror(error))
                 : 0;
}

/* 1, 2 or 5 times a power of ten: about five ticks on the axis. */
static double tick_step(double span)
{
    double rough = span / 5, power = pow(10, floor(log10(rough)));
    double rest = rough / power;

    return power * (rest < 1.5 ? 1 : rest < 3.5 ? 2 : rest < 7.5 ? 5 : 10);
}

static void draw_ticks(const struct parity *p, struct canvas *c)
{
    const struct rgb black = {0, 0, 0};
    double side = PARITY_GRID * SCALE, span = p->hi - p->lo;
    double step = tick_step(span);

    for (double k = ceil(p->lo / step); k * step <= p->hi; k++) {
        double at = (k * step - p->lo) / span * side, y = TOP + side - at;
        char label[32];

        snprintf(label, sizeof label, "%.4g",
                 fabs(k * step) < 1e-9 * span ? 0.0 : k * step);
        canvas_box(c, LEFT + at - 0.75, TOP + side, LEFT + at + 0.75,
                   TOP + side + 6, black);
        canvas_text(c, LEFT + at, TOP + side + 8 + letters, letters, 0.5, label,
                    black);
        canvas_box(c, LEFT - 6, y - 0.75, LEFT, y + 0.75, black);
        canvas_text(c, LEFT - 10, y + 0.35 * letters, letters, 1, label, black);
    }
}

/* Colour by the logarithm of the count; white where there is none. */
static void draw_counts(const struct parity *p, const struct colormap *map,
                        struct canvas *c)
{
    int64_t most = 1;

    for (int k = 0; k < PARITY_GRID * PARITY_GRID; k++)
        most = p->count[k] > most ? p->count[k] : most;
    for (int y = 0; y < PARITY_GRID; y++) {
        for (int x = 0; x < PARITY_GRID; x++) {
            int64_t n = p->count[y * PARITY_GRID + x];
            double t = log1p((double)n) / log1p((double)most);
            double px = LEFT + x * SCALE;
            double py = TOP + (PARITY_GRID - 1 - y) * SCALE;

            if (n)
                canvas_box(c, px, py, px + SCALE, py + SCALE,
                           colormap_at(map, t));
        }
    }
}

static void draw_diagonal(struct canvas *c)
{
    const struct rgb gray = {0.5f, 0.5f, 0.5f};

    for (int k = 0; k < PARITY_GRID * SCALE; k++)
        canvas_blend(c, LEFT + k, TOP + PARITY_GRID * SCALE - 1 - k, gray, 0.6);
}

static int write_bytes(struct adele *ctx, const char *path,
                       const unsigned char *bytes, size_t n)
{
    int error;
    struct file *f = file_open(path, FILE_ATOMIC, &error);

    if (f) {
        file_write(f, bytes, n);
        error = file_close(f);
    }
    return error ? err_run(ctx, "cannot write '%s': %s", path, strerror(error))
                 : 0;
}

int parity_png(struct adele *ctx, const struct parity *p, const char *quantity,
               const char *path)
{
    const struct rgb black = {0, 0, 0};
    double side = PARITY_GRID * SCALE;
    struct colormap map;
    struct canvas c;
    char label[64];
    unsigned char *png;
    size_t n;
    int status;

    if (canvas_init(&c, LEFT + PARITY_GRID * SCALE + RIGHT,
                    TOP + PARITY_GRID * SCALE + BOTTOM))
        return err_memory(ctx, "a picture", 0);
    colormap_init(&map, "viridis_r");
    draw_diagonal(&c);
    draw_counts(p, &map, &c);
    draw_ticks(p, &c);
    canvas_frame(&c, LEFT - 1, TOP - 1, LEFT + side + 1, TOP + side + 1, 1,
                 black);
    snprintf(label, sizeof label, "exact %s", quantity);
    canvas_text(&c, LEFT + 0.5 * side, TOP + side + 3.2 * letters, letters, 0.5,
                label, black);
    snprintf(label, sizeof label, "predicted %s", quantity);
    canvas_text(&c, LEFT, TOP - 0.5 * letters, letters, 0, label, black);
    png = canvas_png(&c, 0, &n);
    canvas_fini(&c);
    if (!png)
        return err_memory(ctx, "a picture", 0);
    status = write_bytes(ctx, path, png, n);
    mem_free(png);
    return status;
}

/* Pictures; see canvas.h.  The coverage of a stroke at a pixel is taken from
   the distance of the pixel's centre to the nearest point of the glyph. */

#include "base/canvas.h"

#include <math.h>
#include <png.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/mem.h"

enum { SEGMENT_MAX = 160, ARC_STEPS = 28 };
static const double stroke = 0.88; /* width, tenths of the em */

struct segment {
    double x0, y0, x1, y1;
};

int canvas_init(struct canvas *c, int width, int height)
{
    size_t n = (size_t)width * (size_t)height;
    *c = (struct canvas){width, height, mem_alloc(n, sizeof *c->pixel)};
    if (!c->pixel)
        return -1;
    for (size_t k = 0; k < n; k++)
        c->pixel[k] = (struct rgb){1, 1, 1};
    return 0;
}

void canvas_fini(struct canvas *c)
{
    mem_free(c->pixel);
    *c = (struct canvas){0};
}

void canvas_blend(struct canvas *c, int x, int y, struct rgb colour,
                  double coverage)
{
    if (x < 0 || y < 0 || x >= c->width || y >= c->height || !(coverage > 0))
        return;
    struct rgb *p = &c->pixel[(size_t)y * (size_t)c->width + (size_t)x];
    float a = (float)(coverage < 1 ? coverage : 1);
    p->r += a * (colour.r - p->r);
    p->g += a * (colour.g - p->g);
    p->b += a * (colour.b - p->b);
}

/* How much of [k, k+1) lies in [lo, hi). */
static double overlap(int k, double lo, double hi)
{
    double part = fmin(k + 1, hi) - fmax(k, lo);
    return part > 0 ? part : 0;
}

void canvas_box(struct canvas *c, double x0, double y0, double x1, double y1,
                struct rgb colour)
{
    for (int y = (int)floor(y0); y < (int)ceil(y1); y++)
        for (int x = (int)floor(x0); x < (int)ceil(x1); x++)
            canvas_blend(c, x, y, colour,
                         overlap(x, x0, x1) * overlap(y, y0, y1));
}

void canvas_frame(struct canvas *c, double x0, double y0, double x1, double y1,
                  double width, struct rgb colour)
{
    canvas_box(c, x0, y0, x1, y0 + width, colour);
    canvas_box(c, x0, y1 - width, x1, y1, colour);
    canvas_box(c, x0, y0 + width, x0 + width, y1 - width, colour);
    canvas_box(c, x1 - width, y0 + width, x1, y1 - width, colour);
}

/* Text. */

struct pen {
    struct segment *segment; /* [SEGMENT_MAX] */
    int n;
    double x, y;
};

static void pen_line(struct pen *p, double x, double y)
{
    if (p->n < SEGMENT_MAX)
        p->segment[p->n++] = (struct segment){p->x, p->y, x, y};
    p->x = x;
    p->y = y;
}

static void pen_arc(struct pen *p, const double v[6], bool join)
{
    int steps = 2 + (int)(ARC_STEPS * fabs(v[5] - v[4]) / 360);
    for (int k = 0; k <= steps; k++) {
        double a = (v[4] + (v[5] - v[4]) * k / steps) * M_PI / 180;
        double x = v[0] + v[2] * cos(a), y = v[1] + v[3] * sin(a);
        if (k > 0 || join)
            pen_line(p, x, y);
        p->x = x;
        p->y = y;
    }
}

static int glyph_segments(const struct glyph *g, struct segment *out)
{
    struct pen pen = {.segment = out};
    for (const char *s = g->path; *s;) {
        char op = *s++;
        double v[6];
        int n = op == 'a' || op == 'A' ? 6 : 2;
        for (int k = 0; k < n; k++) {
            char *end;
            v[k] = strtod(s, &end);
            s = end;
        }
        s += strspn(s, " ");
        if (n == 6) {
            pen_arc(&pen, v, op == 'a');
        } else if (op == 'L') {
            pen_line(&pen, v[0], v[1]);
        } else {
            pen.x = v[0];
            pen.y = v[1];
        }
    }
    return pen.n;
}

static double distance(const struct segment *s, double x, double y)
{
    double dx = s->x1 - s->x0, dy = s->y1 - s->y0;
    double length2 = dx * dx + dy * dy;
    double t =
        length2 > 0 ? ((x - s->x0) * dx + (y - s->y0) * dy) / length2 : 0;
    t = t < 0 ? 0 : t > 1 ? 1 : t;
    return hypot(x - s->x0 - t * dx, y - s->y0 - t * dy);
}

/* A glyph with its origin at (x, y); unit: pixels a tenth of the em. */
static void draw_glyph(struct canvas *c, const struct glyph *g, double x,
                       double y, double unit, struct rgb colour)
{
    struct segment segment[SEGMENT_MAX];
    int n = glyph_segments(g, segment);
    double half = 0.5 * stroke * unit;
    for (int j = (int)(y - 9 * unit); n && j <= (int)(y + 4 * unit); j++)
        for (int i = (int)(x - unit); i <= (int)(x + (g->advance + 1) * unit);
             i++) {
            double px = (i + 0.5 - x) / unit, py = (y - j - 0.5) / unit;
            double d = 1e9;
            for (int k = 0; k < n; k++)
                d = fmin(d, distance(&segment[k], px, py));
            canvas_blend(c, i, j, colour, half - d * unit + 0.5);
        }
}

double canvas_text_width(double size, const char *text)
{
    double width = 0;
    for (const char *s = text; *s; s++)
        width += glyph_find((unsigned char)*s)->advance;
    return width * size / 10;
}

void canvas_text(struct canvas *c, double x, double y, double size,
                 double align, const char *text, struct rgb colour)
{
    x -= align * canvas_text_width(size, text);
    for (const char *s = text; *s; s++) {
        const struct glyph *g = glyph_find((unsigned char)*s);
        draw_glyph(c, g, x, y, size / 10, colour);
        x += g->advance * size / 10;
    }
}

/* Output. */

static unsigned char byte_of(float v)
{
    float x = 255 * v + 0.5f;
    return (unsigned char)(x < 0 ? 0 : x > 255 ? 255 : x);
}

void canvas_bytes(const struct canvas *c, unsigned char *out)
{
    size_t n = (size_t)c->width * (size_t)c->height;
    for (size_t k = 0; k < n; k++) {
        out[3 * k] = byte_of(c->pixel[k].r);
        out[3 * k + 1] = byte_of(c->pixel[k].g);
        out[3 * k + 2] = byte_of(c->pixel[k].b);
    }
}

static void put32(unsigned char *p, uint32_t v)
{
    p[0] = (unsigned char)(v >> 24);
    p[1] = (unsigned char)(v >> 16);
    p[2] = (unsigned char)(v >> 8);
    p[3] = (unsigned char)v;
}

enum { PHYS_LENGTH = 21, IHDR_END = 33 };

/* The chunk pHYs, dots per metre in both directions. */
static void phys_chunk(unsigned char out[PHYS_LENGTH], double dpi)
{
    uint32_t dots = (uint32_t)lround(dpi / 0.0254);
    put32(out, 9);
    put32(out + 4, 0x70485973); /* "pHYs" */
    put32(out + 8, dots);
    put32(out + 12, dots);
    out[16] = 1;
    put32(out + 17, (uint32_t)crc32(crc32(0, NULL, 0), out + 4, 13));
}

unsigned char *canvas_png(const struct canvas *c, double dpi, size_t *n)
{
    png_image image = {.version = PNG_IMAGE_VERSION,
                       .width = (png_uint_32)c->width,
                       .height = (png_uint_32)c->height,
                       .format = PNG_FORMAT_RGB};
    unsigned char phys[PHYS_LENGTH];
    size_t extra = dpi > 0 ? PHYS_LENGTH : 0;
    unsigned char *bytes = mem_alloc((size_t)c->width * (size_t)c->height, 3);
    png_alloc_size_t length = bytes ? PNG_IMAGE_PNG_SIZE_MAX(image) : 0;
    unsigned char *out = bytes ? mem_alloc(length + PHYS_LENGTH, 1) : NULL;
    if (bytes)
        canvas_bytes(c, bytes);
    bool ok = out && png_image_write_to_memory(&image, out, &length, 0, bytes,
                                               0, NULL);
    mem_free(bytes);
    if (!ok) {
        mem_free(out);
        return NULL;
    }
    if (extra) {
        phys_chunk(phys, dpi);
        memmove(out + IHDR_END + extra, out + IHDR_END, length - IHDR_END);
        memcpy(out + IHDR_END, phys, extra);
    }
    *n = length + extra;
    return out;
}

/* Pictures: a canvas of RGB pixels, anti-aliased text and lines, PNG.

   Pixel (0, 0) is top left; a pixel covers [i, i+1) x [j, j+1); colours are
   sRGB in [0, 1]. */

#ifndef ADELE_CANVAS_H
#define ADELE_CANVAS_H

#include <stdbool.h>
#include <stddef.h>

struct rgb {
    float r, g, b;
};

struct canvas {
    int width, height;
    struct rgb *pixel; /* [height][width] */
};

enum { CANVAS_MAX = 8192 }; /* longest side */

/* White.  0 or -1 (memory). */
int canvas_init(struct canvas *c, int width, int height);
void canvas_fini(struct canvas *c);

/* pixel = pixel + coverage (colour - pixel); outside the canvas nothing. */
void canvas_blend(struct canvas *c, int x, int y, struct rgb colour,
                  double coverage);
/* A filled rectangle with edges between pixels smoothed. */
void canvas_box(struct canvas *c, double x0, double y0, double x1, double y1,
                struct rgb colour);
/* Its outline, `width` wide, drawn inwards from the edge. */
void canvas_frame(struct canvas *c, double x0, double y0, double x1, double y1,
                  double width, struct rgb colour);

/* Text in the program's own stroke font; `size` is the height of the letters'
   em (capitals are 0.7 of it), y the base line, align 0 left, 0.5 centre,
   1 right.  Characters beyond ASCII are drawn as an open box. */
void canvas_text(struct canvas *c, double x, double y, double size,
                 double align, const char *text, struct rgb colour);
double canvas_text_width(double size, const char *text);

/* The PNG file in memory (mem_free) of *n bytes, with its resolution in dots
   per inch when > 0; NULL: memory. */
unsigned char *canvas_png(const struct canvas *c, double dpi, size_t *n);
/* Rows of 8-bit RGB, [height][width][3]. */
void canvas_bytes(const struct canvas *c, unsigned char *out);

/* The strokes of a character, for canvas_text: see glyphs.c. */
struct glyph {
    double advance; /* in units of a tenth of the em */
    const char *path;
};
const struct glyph *glyph_find(unsigned char character);

#endif

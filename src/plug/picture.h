/* Pictures of a per-site value or vector: dump image and dump movie.

   Every point of the plane takes the colour of the nearest site, so that each
   site is drawn as its Voronoi cell: squares, hexagons (triangular lattice),
   triangles (honeycomb); a chain is a band, a cubic lattice is cut along a
   plane of cells.  Lengths are equal along both axes.  A colour bar with limits
   and name stands at the right, or below a wide picture; step and time above.
   Two columns are a vector: its direction is the hue, its length the
   brightness, and a wheel of colours takes the place of the bar. */

#ifndef ADELE_PICTURE_H
#define ADELE_PICTURE_H

#include "base/canvas.h"
#include "plug/dump.h"

enum picture_given {
    PICTURE_GIVEN_CMAP,
    PICTURE_GIVEN_RANGE,
    PICTURE_GIVEN_LABEL,
    PICTURE_GIVEN_TITLE,
    PICTURE_GIVEN_SIZE,
    PICTURE_GIVEN_ZOOM,
    PICTURE_GIVEN_DPI,
    PICTURE_GIVEN_PLANE,
    PICTURE_GIVEN_HISTORY,
    PICTURE_GIVEN_COUNT
};

/* The instance of dump image and dump movie. */
struct picture {
    struct dump dump;
    struct arg_list colour; /* one column, or two of a vector */
    char *label, *title;
    struct arg_list cmap, range_words, plane_words;
    struct arg_numbers size; /* whole picture, pixels */
    double zoom;             /* pixels a length unit; 0: by size */
    double dpi;
    bool given[PICTURE_GIVEN_COUNT];
    /* From the words above. */
    bool fixed, symmetric;
    double lo, hi;
    int axis;        /* normal to the plane drawn, of a 3D lattice */
    int64_t plane;   /* cell along it */
    int64_t history; /* rows of a space-time picture of a chain; 0: one band */
    double *past;    /* [npast][nsite], oldest first */
    int64_t npast;
    int64_t *steps; /* [npast] */
};

/* dump_modify's keywords, and arguments of the dump itself. */
// clang-format off
#define PICTURE_MODIFY                                                        \
    {ARG_LIST, "cmap", AT(struct picture, cmap), .key = true, .min = 1,       \
     .max = 1, .bounded = true,                                               \
     .syntax = "NAME",                                                        \
     .given = AT(struct picture, given[PICTURE_GIVEN_CMAP]),                  \
     .doc = "viridis, magma, cividis, gray, diverging, cyclic, with _r "      \
            "reversed; default diverging for a range around 0, else viridis"},\
    {ARG_LIST, "range", AT(struct picture, range_words), .key = true,         \
     .min = 1, .max = 2, .bounded = true, .syntax = "{LO HI|auto|symmetric}", \
     .given = AT(struct picture, given[PICTURE_GIVEN_RANGE]),                 \
     .doc = "LO HI, auto (of each snapshot, symmetric when signed) or "       \
            "symmetric"},                                                     \
    {ARG_WORD, "label", AT(struct picture, label), .key = true,               \
     .syntax = "TEXT",                                                        \
     .given = AT(struct picture, given[PICTURE_GIVEN_LABEL]),                 \
     .doc = "name at the colour bar; default: the column"},                   \
    {ARG_WORD, "title", AT(struct picture, title), .key = true,               \
     .syntax = "TEXT",                                                        \
     .given = AT(struct picture, given[PICTURE_GIVEN_TITLE]),                 \
     .doc = "text above; default: step and time; none"},                      \
    {ARG_NUMBERS, "size", AT(struct picture, size), .key = true, .count = 2,  \
     .syntax = "W H", .min = 64, .max = CANVAS_MAX, .bounded = true,                           \
     .given = AT(struct picture, given[PICTURE_GIVEN_SIZE]),                  \
     .unit = "pixels", .doc = "width and height of the whole picture"},       \
    {ARG_NUMBER, "zoom", AT(struct picture, zoom), .key = true,               \
     .positive = true, .given = AT(struct picture, given[PICTURE_GIVEN_ZOOM]),\
     .unit = "pixels", .doc = "of a lattice constant, instead of size"},      \
    {ARG_NUMBER, "dpi", AT(struct picture, dpi), .key = true,                 \
     .min = 1, .max = 100000, .bounded = true,                                \
     .given = AT(struct picture, given[PICTURE_GIVEN_DPI]),                   \
     .unit = "1/inch", .doc = "resolution noted in the file; default 300"},   \
    {ARG_LIST, "plane", AT(struct picture, plane_words), .key = true,         \
     .min = 2, .max = 2, .bounded = true, .syntax = "x|y|z N",                \
     .given = AT(struct picture, given[PICTURE_GIVEN_PLANE]),                 \
     .doc = "x, y or z and the cell: what to draw of a cubic lattice"},       \
    {ARG_INT, "history", AT(struct picture, history), .key = true,            \
     .min = 0, .max = 100000, .bounded = true,                                \
     .given = AT(struct picture, given[PICTURE_GIVEN_HISTORY]),               \
     .doc = "chain: the last so many snapshots as rows, time upwards"},       \
    {0}
// clang-format on

extern const struct arg picture_modify[];

int picture_init(struct adele *ctx, void *self);
void picture_fini(struct adele *ctx, void *self);
int picture_modified(struct adele *ctx, struct dump *d);
/* The picture of the present configuration; the canvas is the caller's. */
int picture_make(struct adele *ctx, struct picture *p, struct canvas *out);

/* The same from data, for tests: value [nsite], or [rows][nsite] of a chain, of
   a vector [2][nsite]; nan where nothing is drawn. */
int picture_draw(struct adele *ctx, const struct picture *p,
                 const double *value, int rows, const char *label,
                 const char *title, struct canvas *out);

#endif

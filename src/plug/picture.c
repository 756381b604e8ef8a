/* Pictures of a per-site value; see picture.h.

   The layout is in units of the letters' em, which is 3.6 % of the width: 8
   point when the picture is printed 8 cm wide.  Of a vector a wheel of colours
   stands where the bar of a value stands. */

#include "plug/picture.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "plug/picture_plane.h"
#include "plug/picture_scale.h"

enum { DEFAULT_WIDTH = 1000, DEFAULT_HEIGHT = 1250, SAMPLES = 4 };
static const double em_of_width = 0.036, wide = 0.42, wheel = 4.4;
static const struct rgb ink = {0.13f, 0.13f, 0.13f};

const struct arg picture_modify[] = {PICTURE_MODIFY};

/* Options. */

static int read_range(struct adele *ctx, struct picture *p)
{
    const struct arg_list *w = &p->range_words;
    if (w->n == 1 && !strcmp(w->word[0].text, "auto")) {
        p->fixed = p->symmetric = false;
        return ADELE_OK;
    }
    if (w->n == 1 && !strcmp(w->word[0].text, "symmetric")) {
        p->fixed = false;
        p->symmetric = true;
        return ADELE_OK;
    }
    double lo, hi;
    if (w->n < 2)
        return err_deck(ctx, &w->word[0].where,
                        "range: expected LO HI, auto or symmetric, found '%s'",
                        w->word[0].text);
    int status = arg_number(ctx, &w->word[0], "the lower end of range", &lo);
    if (!status)
        status = arg_number(ctx, &w->word[1], "the upper end of range", &hi);
    if (status)
        return status;
    if (!(lo < hi))
        return err_deck(ctx, &w->word[1].where,
                        "range: the upper end must be above the lower, %g", lo);
    p->fixed = true;
    p->lo = lo;
    p->hi = hi;
    return ADELE_OK;
}

static int read_plane(struct adele *ctx, struct picture *p)
{
    const struct word *w = p->plane_words.word;
    const char *axis = strchr("xyz", w[0].text[0]);
    int64_t cell;
    if (ctx->lat->shape.dim < 3)
        return err_deck(ctx, &w[0].where,
                        "plane: lattice %s has %d dimension%s; only a 3D "
                        "lattice is cut",
                        ctx->lat->shape.name, ctx->lat->shape.dim,
                        ctx->lat->shape.dim > 1 ? "s" : "");
    if (!axis || !*axis || w[0].text[1])
        return err_deck(ctx, &w[0].where,
                        "plane: expected x, y or z, found '%s'", w[0].text);
    int k = *axis - 'x', status;
    if ((status = arg_integer(ctx, &w[1], "the cell of plane", &cell)))
        return status;
    if (cell < 0 || cell >= ctx->lat->n[k])
        return err_deck(ctx, &w[1].where,
                        "plane: expected a cell from 0 to %d along %c, found "
                        "%" PRId64,
                        ctx->lat->n[k] - 1, *axis, cell);
    p->axis = k;
    p->plane = cell;
    return ADELE_OK;
}

static int check_cmap(struct adele *ctx, const struct picture *p)
{
    struct colormap map;
    int n;
    const char *const *names = colormap_names(&n);
    const struct word *w = p->cmap.word;
    if (p->cmap.n == 0 || !colormap_init(&map, w->text))
        return ADELE_OK;
    return err_unknown(ctx, &w->where, "colour map", w->text, names, (size_t)n);
}

int picture_modified(struct adele *ctx, struct dump *d)
{
    struct picture *p = (struct picture *)(void *)d;
    struct picture old = *p;
    int status = check_cmap(ctx, p);
    if (!status && p->range_words.n)
        status = read_range(ctx, p);
    if (!status && p->plane_words.n)
        status = read_plane(ctx, p);
    if (!status && p->history && ctx->lat->shape.dim != 1)
        status = err_deck(ctx, NULL,
                          "history: only a chain is drawn as rows "
                          "in time; lattice %s is not a chain",
                          ctx->lat->shape.name);
    if (!status && p->history && p->colour.n > 1)
        status = err_deck(ctx, NULL,
                          "history: rows in time are drawn of one column, "
                          "found %d",
                          p->colour.n);
    if (!status && p->colour.n > 1 && p->fixed && p->lo < 0)
        status = err_deck(ctx, &p->range_words.word[0].where,
                          "range: the length of a vector is not below 0, "
                          "found %g",
                          p->lo);
    if (status) {
        p->fixed = old.fixed;
        p->symmetric = old.symmetric;
        p->lo = old.lo;
        p->hi = old.hi;
    }
    return status;
}

int picture_init(struct adele *ctx, void *self)
{
    struct picture *p = self;
    p->axis = 2;
    if (p->dpi == 0)
        p->dpi = 300;
    int status = dump_columns(ctx, &p->dump, p->colour.word, p->colour.n);
    return status ? status : picture_modified(ctx, &p->dump);
}

void picture_fini(struct adele *ctx, void *self)
{
    struct picture *p = self;
    mem_free(p->past);
    mem_free(p->steps);
    dump_fini(ctx, self);
}

/* Layout, in pixels. */

struct layout {
    double em, scale; /* pixels a length unit */
    int width, height;
    double x0, y0, x1, y1; /* the plane */
    double bar[4];         /* x0 y0 x1 y1; of a vector the wheel's square */
    bool below;            /* the bar */
    bool vector;
};

struct need {
    double w, h;                     /* of the plane, length units */
    double left, right, top, bottom; /* in em */
};

static struct need make_need(const struct plane *plane, const struct tick *t,
                             int n, const char *label, struct layout *l)
{
    struct need need = {plane->hi[0] - plane->lo[0],
                        plane->hi[1] - plane->lo[1],
                        0.7,
                        0,
                        2.3,
                        0.7};
    double text = canvas_text_width(1, label) - 0.9;
    for (int k = 0; k < n; k++)
        text = fmax(text, canvas_text_width(1, t[k].label) + 0.35);
    l->below = need.h < wide * need.w;
    need.right = l->below ? 0.7 : 0.8 + 0.9 + text + 0.4;
    if (l->vector && !l->below)
        need.right = 0.8 + fmax(wheel, canvas_text_width(1, label)) + 0.4;
    if (l->below)
        need.bottom = l->vector ? 1.6 + wheel : 3.4;
    return need;
}

/* The plane's scale when the picture is `width` wide (and `height` high). */
static double fit(const struct need *n, double em, double width, double height)
{
    double x = (width - (n->left + n->right) * em) / n->w;
    double y = (height - (n->top + n->bottom) * em) / n->h;
    return fmin(x, y);
}

static void choose_size(const struct picture *p, const struct need *n,
                        struct layout *l)
{
    if (p->zoom > 0 && !p->size.n) {
        double plane = p->zoom * fmax(n->w, 0.6 * n->h);
        l->em = fmax(9, em_of_width * plane * 1.25);
        l->scale = p->zoom;
    } else if (p->size.n) {
        l->width = (int)p->size.value[0];
        l->height = (int)p->size.value[1];
        l->em = fmin(em_of_width * l->width, l->height / 9.0);
        l->scale = fmax(fit(n, l->em, l->width, l->height), 1e-6);
        return;
    } else {
        l->em = em_of_width * DEFAULT_WIDTH;
        l->scale = fit(n, l->em, DEFAULT_WIDTH, DEFAULT_HEIGHT);
        if (l->scale > 4)
            l->scale = floor(l->scale); /* cells of whole pixels */
    }
    double width = l->scale * n->w + (n->left + n->right) * l->em;
    double height = l->scale * n->h + (n->top + n->bottom) * l->em;
    double least = n->top + n->bottom + 5; /* em, for the bar */
    l->width = (int)fmin(ceil(width), 1e9);
    l->height =
        (int)fmin(ceil(fmax(height, l->below ? 0 : least * l->em)), 1e9);
}

static void place(const struct need *n, struct layout *l)
{
    double em = l->em;
    double free_x = l->width - (n->left + n->right) * em - l->scale * n->w;
    double free_y = l->height - (n->top + n->bottom) * em - l->scale * n->h;
    l->x0 = floor(n->left * em + 0.5 * fmax(free_x, 0));
    l->y0 = floor(n->top * em + 0.5 * fmax(free_y, 0));
    l->x1 = l->x0 + l->scale * n->w;
    l->y1 = l->y0 + l->scale * n->h;
    if (l->below && l->vector) {
        l->bar[0] = floor(0.5 * (l->x0 + l->x1) - 0.5 * wheel * em);
        l->bar[1] = floor(l->y1 + 0.9 * em);
        l->bar[2] = l->bar[0] + floor(wheel * em);
        l->bar[3] = l->bar[1] + floor(wheel * em);
        return;
    }
    if (l->below) {
        double middle = 0.5 * (l->x0 + l->x1);
        double half = fmin(0.32 * (l->x1 - l->x0), 12 * em);
        l->bar[0] = floor(middle - half);
        l->bar[2] = floor(middle + half);
        l->bar[1] = floor(l->y1 + 0.9 * em);
        l->bar[3] = floor(l->y1 + 1.7 * em);
        return;
    }
    double shrink = fmax(0, 5 * em - (l->y1 - l->y0)) / 2;
    l->bar[0] = floor(l->x1 + 0.8 * em);
    if (l->vector) {
        l->bar[1] = floor(l->y0);
        l->bar[2] = l->bar[0] + floor(wheel * em);
        l->bar[3] = l->bar[1] + floor(wheel * em);
        return;
    }
    l->bar[2] = floor(l->x1 + 1.7 * em);
    l->bar[1] = floor(l->y0 - shrink);
    l->bar[3] = floor(l->y1 + shrink);
}

/* Drawing. */

struct view {
    const struct plane *plane;
    const struct scale *scale;
    const struct layout *layout;
    const double *value, *second; /* second: NULL unless a vector */
};

static int64_t site_at(const struct view *v, double px, double py)
{
    const struct layout *l = v->layout;
    return plane_site(v->plane, v->plane->lo[0] + (px - l->x0) / l->scale,
                      v->plane->lo[1] + (l->y1 - py) / l->scale);
}

static struct rgb sample(const struct view *v, double px, double py)
{
    int64_t site = site_at(v, px, py);
    if (site < 0)
        return (struct rgb){1, 1, 1};
    return v->second
               ? scale_colour_vector(v->scale, v->value[site], v->second[site])
               : scale_colour(v->scale, v->value[site]);
}

/* A pixel within one cell has one colour; others are the mean of samples. */
static struct rgb pixel_colour(const struct view *v, int i, int j)
{
    const double in = 1e-4;
    int64_t a = site_at(v, i + in, j + in), b = site_at(v, i + 1 - in, j + in);
    int64_t c = site_at(v, i + in, j + 1 - in);
    int64_t d = site_at(v, i + 1 - in, j + 1 - in);
    struct rgb mean = {0, 0, 0};
    if (a == b && b == c && c == d)
        return sample(v, i + 0.5, j + 0.5);
    for (int s = 0; s < SAMPLES * SAMPLES; s++) {
        struct rgb one = sample(v, i + (s % SAMPLES + 0.5) / SAMPLES,
                                j + ((int)(s / SAMPLES) + 0.5) / SAMPLES);
        mean.r += one.r / (SAMPLES * SAMPLES);
        mean.g += one.g / (SAMPLES * SAMPLES);
        mean.b += one.b / (SAMPLES * SAMPLES);
    }
    return mean;
}

static void draw_plane(const struct view *v, struct canvas *c)
{
    const struct layout *l = v->layout;
    int x1 = (int)fmin(ceil(l->x1), c->width);
    int y1 = (int)fmin(ceil(l->y1), c->height);
#pragma omp parallel for schedule(dynamic, 8)
    for (int j = (int)l->y0; j < y1; j++)
        for (int i = (int)l->x0; i < x1; i++)
            c->pixel[(size_t)j * (size_t)c->width + (size_t)i] =
                pixel_colour(v, i, j);
}

static void draw_frame(const struct layout *l, struct canvas *c)
{
    double line = fmax(1, round(0.05 * l->em));
    canvas_frame(c, l->x0 - line, l->y0 - line, l->x1 + line, l->y1 + line,
                 line, ink);
}

static void draw_bar(const struct layout *l, const struct scale *s,
                     const struct tick *t, int n, struct canvas *c)
{
    const double *b = l->bar;
    double em = l->em, line = fmax(1, round(0.05 * em));
    double length = l->below ? b[2] - b[0] : b[3] - b[1];
    for (int k = 0; k < (int)length; k++) {
        struct rgb colour = colormap_at(&s->map, (k + 0.5) / length);
        if (l->below)
            canvas_box(c, b[0] + k, b[1], b[0] + k + 1, b[3], colour);
        else
            canvas_box(c, b[0], b[3] - k - 1, b[2], b[3] - k, colour);
    }
    canvas_frame(c, b[0], b[1], b[2], b[3], line, ink);
    for (int k = 0; k < n; k++) {
        double at = t[k].at * (length - line);
        if (l->below) {
            double x = b[0] + at;
            canvas_box(c, x, b[3], x + line, b[3] + 0.18 * em, ink);
            canvas_text(c, x, b[3] + 1.1 * em, em, 0.5, t[k].label, ink);
        } else {
            double y = b[3] - at;
            canvas_box(c, b[2], y - line, b[2] + 0.18 * em, y, ink);
            canvas_text(c, b[2] + 0.35 * em, y + 0.33 * em, em, 0, t[k].label,
                        ink);
        }
    }
}

/* The colours of all directions, the longest at the rim, whose length stands
   beside it. */
static void draw_wheel(const struct layout *l, const struct scale *s,
                       struct canvas *c)
{
    double r = 0.5 * (l->bar[2] - l->bar[0]), em = l->em;
    double x0 = l->bar[0] + r, y0 = l->bar[1] + r;
    char text[32];
    for (int y = (int)l->bar[1]; y < (int)l->bar[3]; y++)
        for (int x = (int)l->bar[0]; x < (int)l->bar[2]; x++) {
            double dx = (x + 0.5 - x0) / r, dy = (y0 - y - 0.5) / r;
            double span = s->hi - s->lo, d = hypot(dx, dy);
            double length = d > 0 ? (s->lo + d * span) / d : 0;
            canvas_blend(c, x, y,
                         scale_colour_vector(s, dx * length, dy * length),
                         fmin(fmax((1 - d) * r + 0.5, 0), 1));
        }
    snprintf(text, sizeof text, "%.3g", s->hi);
    if (l->below)
        canvas_text(c, l->bar[2] + 0.5 * em, y0 + 0.33 * em, em, 0, text, ink);
    else
        canvas_text(c, x0, l->bar[3] + 1.1 * em, em, 0.5, text, ink);
}

static void draw_words(const struct layout *l, const char *label,
                       const char *title, struct canvas *c)
{
    double em = l->em, base = l->y0 - 0.85 * em;
    if (l->below) {
        canvas_text(c, l->x0, base, em, 0, title, ink);
        double middle = 0.5 * (l->bar[1] + l->bar[3]) + 0.33 * em;
        canvas_text(c, l->bar[0] - (l->vector ? 0.5 : 2) * em,
                    l->vector ? middle : l->bar[3] - 0.07 * em, em, 1, label,
                    ink);
        return;
    }
    base = fmin(base, l->bar[1] - 0.85 * em);
    double room = l->x1 + 0.4 * em - l->x0;
    double width = canvas_text_width(em, title);
    double size = width > room ? em * room / width : em;
    canvas_text(c, l->x0, base, size, 0, title, ink);
    canvas_text(c, l->bar[0], base, em, 0, label, ink);
}

static void make_title(const struct adele *ctx, const struct picture *p,
                       const char *title, char *out, size_t n)
{
    char plane[40] = "";
    if (ctx->lat->shape.dim == 3)
        snprintf(plane, sizeof plane, "   %c cell %" PRId64, "xyz"[p->axis],
                 p -> plane);
    if (p->title)
        snprintf(out, n, "%s", strcmp(p->title, "none") ? p->title : "");
    else if (title)
        snprintf(out, n, "%s", title);
    else
        snprintf(out, n, "step %" PRId64 "   time %.6g%s", ctx->step, ctx->time,
                 plane);
}

int picture_draw(struct adele *ctx, const struct picture *p,
                 const double *value, int rows, const char *label,
                 const char *title, struct canvas *out)
{
    struct plane plane;
    struct scale scale;
    struct tick tick[TICK_MAX];
    struct layout l = {.vector = p->colour.n > 1};
    char words[256];
    int64_t nvalue = ctx->lat->nsite * (rows > 0 ? rows : 1);
    const double *second = l.vector ? value + nvalue : NULL;
    label = p->label ? p->label : label;
    make_title(ctx, p, title, words, sizeof words);
    plane_init(&plane, ctx->lat, p->axis, p->plane, rows);
    int status = scale_make(ctx, p, value, second, nvalue, &scale);
    if (status)
        return status;
    int n = scale_ticks(&scale, 0.11, tick);
    struct need need = make_need(&plane, tick, n, label, &l);
    choose_size(p, &need, &l);
    if (l.width > CANVAS_MAX || l.height > CANVAS_MAX)
        return err_run_at(ctx, &p->dump.head.where,
                          "zoom %g makes a picture of %d x %d pixels; no side "
                          "may be longer than %d",
                          p->zoom, l.width, l.height, CANVAS_MAX);
    place(&need, &l);
    if (canvas_init(out, l.width, l.height))
        return err_memory(ctx, "a picture", 12.0 * l.width * l.height);
    struct view view = {&plane, &scale, &l, value, second};
    draw_plane(&view, out);
    if (plane.rectangular || plane.wrapped)
        draw_frame(&l, out);
    if (l.vector)
        draw_wheel(&l, &scale, out);
    else
        draw_bar(&l, &scale, tick, n, out);
    draw_words(&l, label, words, out);
    return ADELE_OK;
}

/* A snapshot joins the rows of a space-time picture; the oldest leaves. */
static int remember(struct adele *ctx, struct picture *p, const double *value)
{
    size_t n = (size_t)ctx->lat->nsite;
    if (p->past && p->npast >= p->history) {
        int64_t drop = p->npast - p->history + 1;
        p->npast -= drop;
        memmove(p->past, p->past + (size_t)drop * n,
                (size_t)p->npast * n * sizeof *p->past);
        memmove(p->steps, p->steps + drop, (size_t)p->npast * sizeof *p->steps);
    }
    double *past = mem_resize(p->past, (size_t)p->npast + 1, n * sizeof *past);
    p->past = past ? past : p->past;
    int64_t *steps = mem_resize(p->steps, (size_t)p->npast + 1, sizeof *steps);
    p->steps = steps ? steps : p->steps;
    if (!past || !steps)
        return err_memory(ctx, "the rows of a picture",
                          (double)(p->npast + 1) * (double)n * 8);
    memcpy(past + (size_t)p->npast * n, value, n * sizeof *past);
    steps[p->npast++] = ctx->step;
    return ADELE_OK;
}

static int draw_history(struct adele *ctx, struct picture *p,
                        const double *value, struct canvas *out)
{
    char title[96];
    int status = remember(ctx, p, value);
    if (status)
        return status;
    snprintf(title, sizeof title, "steps %" PRId64 " to %" PRId64 ", upwards",
             p->steps[0], p->steps[p->npast - 1]);
    return picture_draw(ctx, p, p->past, (int)p->npast, p->dump.column[0].name,
                        title, out);
}

/* Column k where the site is chosen, nan elsewhere; v is room for [nlocal].
 */
static int chosen_values(struct adele *ctx, struct picture *p, int k, double *v,
                         double *out)
{
    int64_t n = ctx->lat->nlocal, *site;
    int64_t chosen = dump_sites(ctx, &p->dump, &site);
    if (chosen < 0)
        return ctx->error.status;
    int status = dump_values(ctx, &p->dump, &p->dump.column[k], v);
    for (int64_t i = 0; i < n; i++)
        out[i] = NAN;
    for (int64_t i = 0; !status && i < chosen; i++)
        out[site[i]] = v[site[i]];
    mem_free(site);
    return status;
}

/* "c_m" of c_m[1] and c_m[2], else both names. */
static void vector_label(const struct picture *p, char *out, size_t size)
{
    const char *a = p->dump.column[0].name, *b = p->dump.column[1].name;
    size_t n = strcspn(a, "[");
    if (a[n] && !strncmp(a, b, n + 1))
        snprintf(out, size, "%.*s", (int)n, a);
    else
        snprintf(out, size, "%s, %s", a, b);
}

int picture_make(struct adele *ctx, struct picture *p, struct canvas *out)
{
    size_t n = (size_t)ctx->lat->nlocal;
    char label[128];
    double *v = mem_alloc(n, 3 * sizeof *v);
    if (!v)
        return err_memory(ctx, "the values of a picture", 24.0 * (double)n);
    int status = ADELE_OK;
    for (int k = 0; !status && k < p->colour.n; k++)
        status = chosen_values(ctx, p, k, v + 2 * n, v + (size_t)k * n);
    snprintf(label, sizeof label, "%s", p->dump.column[0].name);
    if (p->colour.n > 1)
        vector_label(p, label, sizeof label);
    if (!status)
        status = p->history > 0 ? draw_history(ctx, p, v, out)
                                : picture_draw(ctx, p, v, 0, label, NULL, out);
    mem_free(v);
    return status;
}

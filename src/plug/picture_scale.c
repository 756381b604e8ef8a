/* Colours of values: see plug/picture_scale.h. */

#include "plug/picture_scale.h"

#include <math.h>
#include <stdio.h>

static const struct rgb empty = {0.86f, 0.86f, 0.86f}; /* nan, not chosen */

/* The limits of the values, or of the lengths of vectors. */
static void find_limits(const struct picture *p, const double *value,
                        const double *second, int64_t n, struct scale *s)
{
    s->lo = INFINITY;
    s->hi = -INFINITY;
    for (int64_t i = 0; i < n; i++) {
        double v = second ? hypot(value[i], second[i]) : value[i];
        if (!isfinite(v))
            continue;
        s->lo = fmin(s->lo, v);
        s->hi = fmax(s->hi, v);
    }
    if (!(s->lo <= s->hi))
        s->lo = s->hi = 0;
    if (second)
        s->lo = 0;
    else if (p->symmetric || (s->lo < 0 && s->hi > 0)) {
        s->hi = fmax(-s->lo, s->hi);
        s->lo = -s->hi;
    }
    if (s->lo < s->hi)
        return;
    double half = s->lo != 0 ? 0.5 * fabs(s->lo) : 0.5;
    s->lo -= second ? 0 : half;
    s->hi += half;
}

int scale_make(struct adele *ctx, const struct picture *p, const double *value,
               const double *second, int64_t n, struct scale *s)
{
    s->lo = p->lo;
    s->hi = p->hi;
    if (!p->fixed)
        find_limits(p, value, second, n, s);
    const char *name = p->cmap.n                ? p->cmap.word[0].text
                       : second                 ? "cyclic"
                       : s->lo < 0 && s->hi > 0 ? "diverging"
                                                : "viridis";
    if (colormap_init(&s->map, name))
        return err_run(ctx, "unknown colour map '%s'", name);
    return ADELE_OK;
}

struct rgb scale_colour(const struct scale *s, double value)
{
    if (!isfinite(value))
        return empty;
    return colormap_at(&s->map, (value - s->lo) / (s->hi - s->lo));
}

struct rgb scale_colour_vector(const struct scale *s, double x, double y)
{
    if (!isfinite(x) || !isfinite(y))
        return empty;
    double turns = atan2(y, x) / (2 * M_PI);
    double t = (hypot(x, y) - s->lo) / (s->hi - s->lo);
    struct rgb c = colormap_at(&s->map, turns < 0 ? turns + 1 : turns);
    float bright = (float)fmin(fmax(t, 0), 1);
    return (struct rgb){bright * c.r, bright * c.g, bright * c.b};
}

static void tick_label(struct tick *t, double value, double span)
{
    snprintf(t->label, sizeof t->label, "%.3g",
             fabs(value) < 1e-9 * span ? 0.0 : value);
}

int scale_ticks(const struct scale *s, double room, struct tick *t)
{
    double span = s->hi - s->lo, rough = span / 4;
    double power = pow(10, floor(log10(rough)));
    double step = power * (rough / power < 1.5   ? 1
                           : rough / power < 3.5 ? 2
                           : rough / power < 7.5 ? 5
                                                 : 10);
    int n = 0;
    t[n].at = 0;
    tick_label(&t[n++], s->lo, span);
    for (double k = ceil(s->lo / step); k * step < s->hi && n < TICK_MAX - 1;
         k++) {
        double at = (k * step - s->lo) / span;
        if (at < room || at > 1 - room)
            continue;
        t[n].at = at;
        tick_label(&t[n++], k * step, span);
    }
    t[n].at = 1;
    tick_label(&t[n++], s->hi, span);
    return n;
}

/* Colour maps; see colormap.h.

   OKLab [Ottosson2020]: linear RGB -> cone responses l, m, s -> cube roots ->
   L (lightness), a, b; chroma C and hue h are the polar form of (a, b).  A
   colour outside sRGB loses chroma until it fits. */

#include "base/colormap.h"

#include <math.h>
#include <string.h>

struct lab {
    double l, a, b;
};

enum { POINTS = 10 };

static const unsigned viridis[POINTS] = {0x440154, 0x482878, 0x3e4a89, 0x31688e,
                                         0x26828e, 0x1f9e89, 0x35b779, 0x6dcd59,
                                         0xb4de2c, 0xfde725};
static const unsigned magma[POINTS] = {0x000004, 0x180f3e, 0x451077, 0x721f81,
                                       0x9f2f7f, 0xcd4071, 0xf1605d, 0xfd9567,
                                       0xfec98d, 0xfcfdbf};
static const unsigned cividis[POINTS] = {0x00204d, 0x00336f, 0x39486b, 0x575c6d,
                                         0x707173, 0x8a8779, 0xa69d75, 0xc4b56c,
                                         0xe4cf5b, 0xffea46};

static double to_linear(double v)
{
    return v <= 0.04045 ? v / 12.92 : pow((v + 0.055) / 1.055, 2.4);
}

static double from_linear(double v)
{
    return v <= 0.0031308 ? 12.92 * v : 1.055 * pow(v, 1 / 2.4) - 0.055;
}

static struct lab lab_of(unsigned hex)
{
    double r = to_linear((hex >> 16 & 255) / 255.0);
    double g = to_linear((hex >> 8 & 255) / 255.0);
    double b = to_linear((hex & 255) / 255.0);
    double l = cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
    double m = cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
    double s = cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
    return (struct lab){0.2104542553 * l + 0.7936177850 * m - 0.0040720468 * s,
                        1.9779984951 * l - 2.4285922050 * m + 0.4505937099 * s,
                        0.0259040371 * l + 0.7827717662 * m - 0.8086757660 * s};
}

static void linear_of(struct lab c, double out[3])
{
    double l = c.l + 0.3963377774 * c.a + 0.2158037573 * c.b;
    double m = c.l - 0.1055613458 * c.a - 0.0638541728 * c.b;
    double s = c.l - 0.0894841775 * c.a - 1.2914855480 * c.b;
    l = l * l * l;
    m = m * m * m;
    s = s * s * s;
    out[0] = 4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s;
    out[1] = -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s;
    out[2] = -0.0041960863 * l - 0.7034186147 * m + 1.7076147010 * s;
}

static struct rgb rgb_of(struct lab c)
{
    double v[3];
    for (int k = 0; k < 100; k++) {
        linear_of(c, v);
        double lo = fmin(v[0], fmin(v[1], v[2]));
        double hi = fmax(v[0], fmax(v[1], v[2]));
        if (lo >= 0 && hi <= 1)
            break;
        c.a *= 0.97;
        c.b *= 0.97;
    }
    for (int k = 0; k < 3; k++)
        v[k] = from_linear(v[k] < 0 ? 0 : v[k] > 1 ? 1 : v[k]);
    return (struct rgb){(float)v[0], (float)v[1], (float)v[2]};
}

static struct lab polar(double l, double chroma, double degrees)
{
    double h = degrees * M_PI / 180;
    return (struct lab){l, chroma * cos(h), chroma * sin(h)};
}

/* Catmull-Rom through four neighbouring points. */
static double spline(double p, double a, double b, double n, double t)
{
    return a +
           0.5 * t *
               (b - p +
                t * (2 * p - 5 * a + 4 * b - n + t * (3 * (a - b) + n - p)));
}

static struct lab through(const unsigned *hex, double t)
{
    double x = t * (POINTS - 1);
    int k = x < POINTS - 2 ? (int)x : POINTS - 2;
    struct lab a = lab_of(hex[k]), b = lab_of(hex[k + 1]);
    struct lab p =
        k > 0 ? lab_of(hex[k - 1])
              : (struct lab){2 * a.l - b.l, 2 * a.a - b.a, 2 * a.b - b.b};
    struct lab n = k < POINTS - 2 ? lab_of(hex[k + 2])
                                  : (struct lab){2 * b.l - a.l, 2 * b.a - a.a,
                                                 2 * b.b - a.b};
    x -= k;
    return (struct lab){spline(p.l, a.l, b.l, n.l, x),
                        spline(p.a, a.a, b.a, n.a, x),
                        spline(p.b, a.b, b.b, n.b, x)};
}

static struct lab make_viridis(double t)
{
    return through(viridis, t);
}

static struct lab make_magma(double t)
{
    return through(magma, t);
}

static struct lab make_cividis(double t)
{
    return through(cividis, t);
}

static struct lab make_gray(double t)
{
    return polar(0.12 + 0.86 * t, 0, 0);
}

/* Lightness falls linearly from the white middle, chroma rises and levels. */
static struct lab make_diverging(double t)
{
    double s = fabs(2 * t - 1);
    return polar(0.975 - 0.515 * s, 0.28 * s * (1 - 0.5 * s),
                 t < 0.5 ? 257 : 27);
}

static struct lab make_cyclic(double t)
{
    return polar(0.72, 0.115, 20 + 360 * t);
}

static const char *const names[] = {"viridis",   "magma",  "cividis", "gray",
                                    "diverging", "cyclic", NULL};
static struct lab (*const make[])(double) = {make_viridis,   make_magma,
                                             make_cividis,   make_gray,
                                             make_diverging, make_cyclic};
enum { NMAP = sizeof make / sizeof *make };

const char *const *colormap_names(int *n)
{
    *n = NMAP;
    return names;
}

int colormap_init(struct colormap *m, const char *name)
{
    size_t length = strlen(name);
    bool reverse = length > 2 && !strcmp(name + length - 2, "_r");
    length -= reverse ? 2 : 0;
    int which = 0;
    while (which < NMAP &&
           (strncmp(names[which], name, length) || names[which][length]))
        which++;
    if (which == NMAP)
        return -1;
    for (int k = 0; k < COLORMAP_SIZE; k++) {
        double t = (double)k / (COLORMAP_SIZE - 1);
        m->colour[k] = rgb_of(make[which](reverse ? 1 - t : t));
    }
    return 0;
}

struct rgb colormap_at(const struct colormap *m, double t)
{
    double x = t * COLORMAP_SIZE;
    int k = x > 0 ? (x < COLORMAP_SIZE ? (int)x : COLORMAP_SIZE - 1) : 0;
    return m->colour[k];
}

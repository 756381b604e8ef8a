/* Pictures: the site that a point shows, colour maps, files, and kept pictures.

   The kept pictures of tests/pictures are compared pixel by pixel: at most one
   pixel in 500 may differ by more than 8 of 255 (rounding at the edge of a
   cell or letter).  After a wanted change of the look, ADELE_KEEP=1 with this
   program writes them anew; look at them before they are committed. */

#define _GNU_SOURCE /* memmem */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>
#include <png.h>

#include "adele.h"
#include "base/colormap.h"
#include "base/file.h"
#include "base/mem.h"
#include "plug/picture_plane.h"
#include "folder.h"
#include "sim.h"

/* Squared distance of a point of the plane to a site of it or, where rows
   are wrapped, to the nearest of its images. */
static double distance2(const struct plane *p, int64_t site, const double x[2])
{
    int cell[3], b, images = p->wrapped ? 3 : 0;
    double best = INFINITY;
    lattice_cell(p->lat, site, cell, &b);
    for (int k = -images; k <= images; k++) {
        double u = cell[p->axis[0]] + k * p->n[0];
        double v = cell[p->axis[1]];
        double dx = u * p->a[0][0] + v * p->a[1][0] + p->basis[b][0] - x[0];
        double dy = u * p->a[0][1] + v * p->a[1][1] + p->basis[b][1] - x[1];
        best = fmin(best, dx * dx + dy * dy);
    }
    return best;
}

/* The site shown at a point is the nearest of all in the plane; in its own
   cell each site is shown; and every point within the lattice shows one. */
static void test_nearest(void **state)
{
    struct text deck = {0};
    (void)state;
    for (int k = 0; sim_lattice(k, &deck); k++, text_clear(&deck)) {
        struct adele *sim = sim_new("%s", deck.s);
        const struct lattice *lat = sim->lat;
        struct plane p;
        plane_init(&p, lat, 2, lat->n[2] - 1, 0);
        for (int s = 0; s < 300 && lat->shape.dim > 1; s++) {
            double x[2], best = INFINITY;
            for (int i = 0; i < 2; i++)
                x[i] = p.lo[i] + (p.hi[i] - p.lo[i]) * 0.5 *
                                     (1 + sim_random(5, 2 * s + i));
            int64_t shown = plane_site(&p, x[0], x[1]);
            for (int64_t i = 0; i < lat->nsite; i++) {
                int cell[3], b;
                lattice_cell(lat, i, cell, &b);
                if (cell[2] == lat->n[2] - 1 || lat->shape.dim < 3)
                    best = fmin(best, distance2(&p, i, x));
            }
            if (shown >= 0)
                assert_true(distance2(&p, shown, x) <= best + 1e-12);
            else
                /* not nearer than half a bond, (1/sqrt 12)^2 = 0.0833 */
                assert_true(!p.rectangular && best > 0.083);
        }
        for (int64_t i = 0; i < lat->nsite; i++) {
            double r[3];
            int cell[3], b;
            lattice_position(lat, i, r);
            lattice_cell(lat, i, cell, &b);
            if (lat->shape.dim < 3 || cell[2] == lat->n[2] - 1)
                assert_int_equal(plane_site(&p, r[0], r[1]), i);
        }
        sim_free(sim);
    }
    text_free(&deck);
}

/* A cubic lattice shows cells of the plane asked for, whichever it is. */
static void test_planes(void **state)
{
    (void)state;
    struct adele *sim = sim_new("boundary p p p\nlattice cubic 5 4 3");
    for (int axis = 0; axis < 3; axis++)
        for (int c = 0; c < sim->lat->n[axis]; c++) {
            struct plane p;
            plane_init(&p, sim->lat, axis, c, 0);
            int u = axis == 0 ? 1 : 0, v = axis == 2 ? 1 : 2;
            int cell[3];
            cell[axis] = c;
            cell[u] = 2;
            cell[v] = 1;
            assert_int_equal(plane_site(&p, 2.3, 0.6),
                             lattice_site(sim->lat, cell, 0));
            assert_true(plane_site(&p, -0.6, 0) < 0);
        }
    sim_free(sim);
}

/* CIE 1976 lightness. */
static double lightness(struct rgb c)
{
    const float v[3] = {c.r, c.g, c.b};
    const double weight[3] = {0.2126, 0.7152, 0.0722};
    double y = 0;
    for (int k = 0; k < 3; k++)
        y += weight[k] * (v[k] <= 0.04045f ? v[k] / 12.92
                                           : pow((v[k] + 0.055) / 1.055, 2.4));
    return y > 0.008856 ? 116 * cbrt(y) - 16 : 903.3 * y;
}

/* Lightness of a sequential map rises, and about evenly: no tenth of the map
   has more than twice or less than a half of its share.  A diverging map is
   lightest in the middle and falls alike on both sides; a cyclic one closes
   and keeps its lightness. */
static void test_colormaps(void **state)
{
    static const char *const sequential[] = {"viridis", "magma", "cividis",
                                             "gray"};
    struct colormap m;
    (void)state;
    for (int s = 0; s < 4; s++) {
        assert_int_equal(colormap_init(&m, sequential[s]), 0);
        double range =
            lightness(m.colour[COLORMAP_SIZE - 1]) - lightness(m.colour[0]);
        assert_true(range > 70);
        for (int k = 0; k < 10; k++) {
            double part = lightness(colormap_at(&m, (k + 1) / 10.0)) -
                          lightness(colormap_at(&m, k / 10.0));
            assert_true(part > 0.05 * range && part < 0.2 * range);
        }
    }
    assert_int_equal(colormap_init(&m, "diverging"), 0);
    assert_true(lightness(colormap_at(&m, 0.5)) > 95);
    for (int k = 0; k < 10; k++) {
        double cold = lightness(colormap_at(&m, 0.05 * k));
        double hot = lightness(colormap_at(&m, 1 - 0.05 * k));
        assert_true(fabs(cold - hot) < 5);
        assert_true(cold < lightness(colormap_at(&m, 0.05 * (k + 1))));
    }
    assert_int_equal(colormap_init(&m, "cyclic"), 0);
    for (int k = 0; k <= 20; k++)
        assert_true(fabs(lightness(colormap_at(&m, k / 20.0)) -
                         lightness(colormap_at(&m, 0))) < 6);
    assert_true(fabsf(m.colour[0].r - m.colour[COLORMAP_SIZE - 1].r) < 0.02f);
    assert_int_equal(colormap_init(&m, "viridi"), -1);
    struct colormap r;
    assert_int_equal(colormap_init(&m, "magma"), 0);
    assert_int_equal(colormap_init(&r, "magma_r"), 0);
    assert_memory_equal(&m.colour[7], &r.colour[COLORMAP_SIZE - 8],
                        sizeof m.colour[7]);
}

/* Decoding. */

struct decoded {
    unsigned width, height;
    unsigned char *rgb;
};

static struct decoded decode(const char *path)
{
    png_image image = {.version = PNG_IMAGE_VERSION};
    struct decoded d = {0};
    if (!png_image_begin_read_from_file(&image, path))
        fail_msg("%s: %s", path, image.message);
    image.format = PNG_FORMAT_RGB;
    d.rgb = malloc(PNG_IMAGE_SIZE(image));
    assert_non_null(d.rgb);
    assert_true(png_image_finish_read(&image, NULL, d.rgb, 0, NULL) != 0);
    d.width = image.width;
    d.height = image.height;
    return d;
}

static void copy_file(const char *from, const char *to)
{
    size_t n;
    int error;
    char *bytes = file_read_all(from, &n, &error);
    struct file *f = file_open(to, FILE_WRITE, &error);
    assert_true(bytes && f);
    file_write(f, bytes, n);
    assert_int_equal(file_close(f), 0);
    mem_free(bytes);
}

static void compare(const char *name)
{
    char made[512], kept[512];
    snprintf(made, sizeof made, "%s/%s.png", folder, name);
    snprintf(kept, sizeof kept, "tests/pictures/%s.png", name);
    if (getenv("ADELE_KEEP"))
        copy_file(made, kept);
    struct decoded a = decode(made), b = decode(kept);
    assert_int_equal(a.width, b.width);
    assert_int_equal(a.height, b.height);
    size_t differ = 0, n = (size_t)a.width * a.height;
    for (size_t k = 0; k < n; k++)
        for (int c = 0; c < 3; c++)
            if (abs(a.rgb[3 * k + (size_t)c] - b.rgb[3 * k + (size_t)c]) > 8) {
                differ++;
                break;
            }
    if (differ > n / 500)
        fail_msg("%s: %zu of %zu pixels differ", name, differ, n);
    free(a.rgb);
    free(b.rgb);
}

static void test_kept(void **state)
{
    static const struct {
        const char *name, *lattice, *dump, *options;
    } cases[] = {
        {"square", "boundary p f\nlattice square 12 9", "q", ""},
        {"triangular", "boundary p p\nlattice triangular 8 7", "q",
         "cmap magma"},
        {"triangular_open", "boundary f f\nlattice triangular 6 5", "q",
         "range symmetric"},
        {"honeycomb", "boundary p p\nlattice honeycomb 6 5", "q",
         "cmap cyclic range -1 1"},
        {"chain", "boundary p\nlattice chain 24", "q", "label \"q / q0\""},
        {"cubic", "boundary p p p\nlattice cubic 6 5 4", "q", "plane y 2"},
        {"positive", "boundary p p\nlattice square 5 5", "id", "title none"}};
    (void)state;
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        struct adele *sim = sim_new("%s\nmodel holstein g 1.5\n"
                                    "electrons filling 0.5 temp 0.1\n"
                                    "displace all uniform -1 1 4711\n"
                                    "pair_style none\n"
                                    "write_dump all image %s/%s.png %s "
                                    "size 360 280 %s\n",
                                    cases[k].lattice, folder, cases[k].name,
                                    cases[k].dump, cases[k].options);
        compare(cases[k].name);
        sim_free(sim);
    }
}

/* Sites left out by group or threshold, and nan, are gray. */
static void test_left_out(void **state)
{
    char path[512];
    (void)state;
    struct adele *sim = sim_new("lattice square 2 2\nmodel holstein g 1\n"
                                "pair_style none\ngroup two id 1 2\n"
                                "set all q 1\nwrite_dump two image %s/g.png q "
                                "size 200 160 range 0 2 cmap gray title none "
                                "label \"\"",
                                folder);
    snprintf(path, sizeof path, "%s/g.png", folder);
    struct decoded d = decode(path);
    struct colormap m;
    colormap_init(&m, "gray");
    int one = (int)lroundf(255 * colormap_at(&m, 0.5).r);
    size_t middle = 60; /* the plane's columns begin left of here */
    const unsigned char *below = d.rgb + 3 * (130 * 200 + middle);
    const unsigned char *above = d.rgb + 3 * (45 * 200 + middle);
    assert_in_range(below[0], one - 1, one + 1);
    assert_in_range(above[0], 218, 220);
    free(d.rgb);
    sim_free(sim);
}

/* A vector: the hue of each quarter turn at full brightness, half of it at half
   the length, black at none; range 0 HI; wide pictures have the wheel below. */
static void test_vector(void **state)
{
    static const double ux[] = {1, 0, -1, 0, 0.5, 0};
    static const double uy[] = {0, 1, 0, -1, 0, 0};
    static const double turns[] = {0, 0.25, 0.5, 0.75, 0, 0};
    static const float bright[] = {1, 1, 1, 1, 0.5f, 0};
    char path[512];
    (void)state;
    struct adele *sim =
        sim_new("lattice square 6 1\nmodel ssh alpha 1\npair_style none\n");
    struct colormap m;
    colormap_init(&m, "cyclic");
    sim_set(sim, 0, ux);
    sim_set(sim, 1, uy);
    sim_run(sim, "write_dump all image %s/v.png ux uy zoom 100 title none",
            folder);
    snprintf(path, sizeof path, "%s/v.png", folder);
    struct decoded d = decode(path);
    size_t left = 0;
    for (; left < d.width; left++) /* the plane's left edge at that height */
        if (d.rgb[3 * (100 * d.width + left)] < 250)
            break;
    for (size_t k = 0; k < 6; k++) {
        const unsigned char *p =
            d.rgb + 3 * (100 * d.width + left + 50 + 100 * k);
        struct rgb c = colormap_at(&m, turns[k]);
        assert_in_range(p[0] + 2, 255 * bright[k] * c.r,
                        255 * bright[k] * c.r + 4);
        assert_in_range(p[1] + 2, 255 * bright[k] * c.g,
                        255 * bright[k] * c.g + 4);
        assert_in_range(p[2] + 2, 255 * bright[k] * c.b,
                        255 * bright[k] * c.b + 4);
    }
    free(d.rgb);
    assert_false(
        sim_try(sim, "write_dump all image %s/v.png ux uy range -1 1", folder));
    assert_false(
        sim_try(sim, "write_dump all image %s/v.png ux uy ux", folder));
    sim_free(sim);

    static const char *const kept[][2] = {{"vector", "12 9"},
                                          {"vector_wide", "30 6"}};
    for (int k = 0; k < 2; k++) {
        sim = sim_new("lattice square %s\nmodel ssh alpha 1\n"
                      "displace all gaussian 0.2 4711\npair_style none\n"
                      "compute m all cdw\n"
                      "write_dump all image %s/%s.png c_m[1] c_m[2] "
                      "size 360 280 range 0 0.4\n",
                      kept[k][1], folder, kept[k][0]);
        compare(kept[k][0]);
        sim_free(sim);
    }
}

/* Resolution in the file, in dots per metre. */
static void test_resolution(void **state)
{
    char path[512];
    size_t n;
    int error;
    (void)state;
    struct adele *sim = sim_new("lattice square 3 3\nmodel holstein g 1\n"
                                "pair_style none\nwrite_dump all image "
                                "%s/dpi.png q size 300 250 dpi 600",
                                folder);
    snprintf(path, sizeof path, "%s/dpi.png", folder);
    char *bytes = file_read_all(path, &n, &error);
    assert_non_null(bytes);
    struct decoded d = decode(path);
    assert_int_equal(d.width, 300);
    assert_int_equal(d.height, 250);
    const unsigned char *p = memmem(bytes, n, "pHYs", 4);
    assert_non_null(p);
    /* 600/0.0254 = 23622 = 0x5c46 */
    static const unsigned char expected[9] = {0, 0,    0x5c, 0x46, 0,
                                              0, 0x5c, 0x46, 1};
    assert_memory_equal(p + 4, expected, sizeof expected);
    free(d.rgb);
    mem_free(bytes);
    sim_free(sim);
}

/* One row more for each snapshot of a chain, the oldest leaving at last. */
static void test_history(void **state)
{
    (void)state;
    struct adele *sim = sim_new("boundary p\nlattice chain 16\n"
                                "model holstein g 1.5 kappa 0.2\n"
                                "electrons filling 0.5 temp 0.1\n"
                                "displace all wave pi/4 1.0\n"
                                "pair_style elastic\nfix 1 all nve\n"
                                "timestep 0.1\n"
                                "dump d all image 2 %s/history.png q "
                                "size 360 280 history 20\nrun 60",
                                folder);
    compare("history");
    assert_false(sim_try(sim, "dump_modify d history x"));
    sim_free(sim);
}

/* ffmpeg gets each frame's pixels at the size and rate that it is told: here
   a script in its place notes its arguments and counts the bytes. */
static void test_movie(void **state)
{
    static const char script[] = "#!/bin/sh\nfor out; do :; done\n"
                                 "{ echo \"$@\"; wc -c; } >\"$out\"\n";
    char path[512], expected[900];
    size_t n;
    int error;
    (void)state;
    snprintf(path, sizeof path, "%s/ffmpeg", folder);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(script, f);
    fclose(f);
    assert_int_equal(chmod(path, 0755), 0);
    snprintf(expected, sizeof expected, "%s:%s", folder, getenv("PATH"));
    setenv("PATH", expected, 1);
    struct adele *sim =
        sim_new("lattice square 3 3\nmodel holstein g 1\n"
                "pair_style elastic\nfix 1 all nve\n"
                "timestep 0.1\ndump m all movie 1 %s/m.mp4 q "
                "size 200 151 framerate 12\nrun 2\nrun 2\nundump m",
                folder);
    snprintf(path, sizeof path, "%s/m.mp4", folder);
    char *text = file_read_all(path, &n, &error);
    assert_non_null(text);
    snprintf(expected, sizeof expected,
             "-y -loglevel error -f rawvideo -pix_fmt rgb24 -s 200x150 -r 12 "
             "-i - -pix_fmt yuv420p %s\n%d\n",
             path, 5 * 200 * 150 * 3);
    assert_string_equal(text, expected);
    mem_free(text);
    assert_false(sim_try(sim, "write_dump all movie %s/no/m.mp4 q", folder));
    sim_free(sim);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nearest),   cmocka_unit_test(test_planes),
        cmocka_unit_test(test_colormaps), cmocka_unit_test(test_kept),
        cmocka_unit_test(test_left_out),  cmocka_unit_test(test_resolution),
        cmocka_unit_test(test_vector),    cmocka_unit_test(test_history),
        cmocka_unit_test(test_movie)};
    return cmocka_run_group_tests(tests, folder_make, folder_drop);
}

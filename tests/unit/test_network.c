/* Network styles: exact equivariance under the point group and translations,
   oddness, what they build, what they refuse, the examples of their pages. */

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "adele.h"
#include "base/mem.h"
#include "close.h"
#include "net_sample.h"
#include "plug/config.h"
#include "plug/network.h"
#include "plug/registry.h"

extern const struct lattice_style lattice_chain, lattice_square,
    lattice_triangular, lattice_honeycomb, lattice_cubic;

struct scene {
    struct adele *ctx;
    struct network *network;
    struct net_sample s;
    int dim, in_rank, out_rank;
};

static struct network *network_of(struct adele *ctx, const char *text)
{
    struct line *line = line_new("(test)", 1, text);
    struct words words = {0};
    struct where bad;
    const char *why;

    assert_non_null(line);
    assert_int_equal(words_split(line, &words, &bad, &why), 0);
    struct instance *n = instance_new(ctx, "network", &words, NULL, NULL);
    words_free(&words);
    line_release(line);
    return (struct network *)n;
}

static int build(struct scene *s, int nin, int nout)
{
    const struct network_style *style = (const void *)s->network->head.style;

    return style->build(s->ctx, s->network, &s->s.lat->shape, nin, s->in_rank,
                        nout, s->out_rank, &s->s.net);
}

/* Two scalars to two, or a vector to a vector. */
static void scene_make(struct scene *s, const struct net_trial *t, int in_rank,
                       int out_rank, const char *text)
{
    *s = (struct scene){.ctx = adele_new(NULL, NULL),
                        .dim = t->lattice->shape.dim,
                        .in_rank = in_rank,
                        .out_rank = out_rank};
    s->s.lat = net_lattice(t);
    s->s.in = in_rank ? s->dim : 2;
    s->s.out = out_rank ? s->dim : 2;
    s->network = network_of(s->ctx, text);
    if (!s->network || build(s, s->s.in, s->s.out))
        fail_msg("%s: %s", text, adele_error(s->ctx));
    s->s.rows = s->s.lat->nsite;
    s->s.param = mem_alloc((size_t)s->s.net.nparam, sizeof *s->s.param);
    net_initialise(&s->s.net, 3, s->s.param);
    if (strstr(text, "odd") == NULL)
        for (int64_t k = 0; k < s->s.net.nparam; k++)
            s->s.param[k] += 0.1 * net_draw(1, (uint64_t)k);
    s->s.x = net_noise(s->s.rows * s->s.in, 2);
}

static void scene_free(struct scene *s)
{
    net_sample_free(&s->s);
    if (s->network)
        instance_free(s->ctx, &s->network->head);
    adele_free(s->ctx);
}

/* The field moved by a permutation; vectors turn. */
static double *moved(const struct scene *s, const double *f, int channels,
                     int rank, const int64_t *image, const double *r)
{
    double *out = mem_zalloc((size_t)(s->s.rows * channels), sizeof *out);

    for (int64_t i = 0; i < s->s.rows; i++) {
        const double *from = f + i * channels;
        double *to = out + image[i] * channels;

        for (int c = 0; c < channels; c++) {
            if (!rank)
                to[c] = from[c];
            for (int j = 0; rank && j < s->dim; j++)
                to[c] += r[c % s->dim * 3 + j] * from[c - c % s->dim + j];
        }
    }
    return out;
}

/* |y(T x) - T y(x)| relative to the largest |y|; 0 for all where the
   function is equivariant, up to rounding in sums of some hundred terms. */
static double violation(const struct scene *s, struct net_run *r,
                        const double *y, const int64_t *image,
                        const double *turn)
{
    double *x = moved(s, s->s.x, s->s.in, s->in_rank, image, turn);
    double *want = moved(s, y, s->s.out, s->out_rank, image, turn);
    const double *have = net_sample_forward(r, x, s->s.in);
    double size = 0, worst = 0;

    for (int64_t k = 0; k < s->s.rows * s->s.out; k++) {
        size = fmax(size, fabs(want[k]));
        worst = fmax(worst, fabs(have[k] - want[k]));
    }
    assert_true(size > 1e-3);
    mem_free(x);
    mem_free(want);
    return worst / size;
}

static double *forward_copy(const struct scene *s, struct net_run *r)
{
    size_t n = (size_t)(s->s.rows * s->s.out);
    double *y = mem_alloc(n, sizeof *y);

    memcpy(y, net_sample_forward(r, s->s.x, s->s.in), n * sizeof *y);
    return y;
}

static const double unit[9] = {1, 0, 0, 0, 1, 0, 0, 0, 1};

/* The largest violation by operations of the finite lattice; *n: how many. */
static double worst_operation(const struct scene *s, struct net_run *r,
                              const double *y, int *n)
{
    const struct lattice *lat = s->s.lat;
    int64_t *image = mem_alloc((size_t)lat->nsite, sizeof *image);
    double worst = 0;

    *n = 0;
    for (int k = 0; k < lat->nop; k++) {
        if (!lattice_permutation(lat, &lat->op[k], image))
            continue;
        worst = fmax(worst, violation(s, r, y, image, lat->op[k].r[0]));
        ++*n;
    }
    mem_free(image);
    return worst;
}

static double worst_translation(const struct scene *s, struct net_run *r,
                                const double *y)
{
    const struct lattice *lat = s->s.lat;
    int64_t *image = mem_alloc((size_t)lat->nsite, sizeof *image);
    double worst = 0;

    for (int axis = 0; axis < lat->shape.dim; axis++) {
        if (!lat->periodic[axis])
            continue;
        for (int64_t i = 0; i < lat->nsite; i++) {
            int cell[3], step[3] = {0}, b;

            step[axis] = 1;
            lattice_cell(lat, i, cell, &b);
            image[i] = lattice_neighbour(lat, cell, step, b, NULL);
        }
        worst = fmax(worst, violation(s, r, y, image, unit));
    }
    mem_free(image);
    return worst;
}

static const struct net_trial trials[] = {
    {&lattice_chain, {9, 1, 1}, 0, 0},
    {&lattice_chain, {8, 1, 1}, 1, 0},
    {&lattice_square, {6, 6, 1}, 0, 0},
    {&lattice_square, {5, 4, 1}, 1, 0},
    {&lattice_square, {4, 4, 1}, 3, 0},
    {&lattice_square, {2, 2, 1}, 0, 0},
    {&lattice_square, {1, 5, 1}, 0, 0},
    {&lattice_triangular, {6, 6, 1}, 0, 0},
    {&lattice_triangular, {4, 4, 1}, 3, 0},
    {&lattice_honeycomb, {4, 4, 1}, 0, 0},
    {&lattice_honeycomb, {3, 3, 1}, 3, 0},
    {&lattice_cubic, {4, 4, 4}, 0, 0},
    {&lattice_cubic, {3, 3, 2}, 4, 0}};
enum { NTRIAL = sizeof trials / sizeof *trials };

static void check(const struct net_trial *t, int in_rank, int out_rank,
                  const char *text)
{
    struct scene s;
    int n;

    scene_make(&s, t, in_rank, out_rank, text);
    struct net_run *r = net_sample_run(&s.s, 1, PRECISION_DOUBLE, false, 1);
    double *y = forward_copy(&s, r);
    double worst = worst_operation(&s, r, y, &n);

    assert_true(n >= 2);
    if (worst > 1e-12 || worst_translation(&s, r, y) > 1e-12)
        fail_msg("%s on %s %d %d %d, ranks %d %d: %g", text,
                 t->lattice->shape.name, t->n[0], t->n[1], t->n[2], in_rank,
                 out_rank, worst);
    mem_free(y);
    net_run_free(r);
    scene_free(&s);
}

static void test_symmetrised(void **state)
{
    (void)state;
    for (int t = 0; t < NTRIAL; t++) {
        check(&trials[t], 0, 0, "conv channels 8 8 radius 1.1 2.1");
        check(&trials[t], 0, 0,
              "conv channels 8 depth 3 radius 1.8 separable yes residual yes "
              "pointwise 6 final 10 output sigmoid");
        check(&trials[t], 0, 0, "conv channels 5 odd yes residual yes depth 2");
    }
}

/* 48 copies on the cubic lattice. */
static void test_group(void **state)
{
    (void)state;
    for (int t = 0; t < NTRIAL; t++) {
        for (int rank = 0; rank < 4; rank++) {
            /* inversion leaves all sites of 2 x 2: no vector from scalars */
            if (rank == 2 && trials[t].n[0] == 2)
                continue;
            check(&trials[t], rank & 1, rank >> 1,
                  "conv channels 48 48 radius 1.1 equivariance group "
                  "residual yes activation tanh");
        }
        check(&trials[t], 1, 0,
              "conv channels 48 depth 2 radius 1.5 equivariance group "
              "separable yes pointwise 48 final 48");
    }
}

/* With polar axes: what is left of the group holds, what is gone does not. */
static void check_polar(const struct net_trial *t, int rank, const char *text)
{
    struct net_trial whole = *t;
    struct scene s;
    int left, all;

    whole.polar = 0;
    scene_make(&s, t, rank, rank, text);
    struct net_run *r = net_sample_run(&s.s, 1, PRECISION_DOUBLE, false, 1);
    double *y = forward_copy(&s, r);
    struct lattice *own = s.s.lat;

    assert_true(worst_operation(&s, r, y, &left) < 1e-12);
    assert_true(worst_translation(&s, r, y) < 1e-12);
    s.s.lat = net_lattice(&whole);
    assert_true(worst_operation(&s, r, y, &all) > 1e-3);
    assert_true(left >= 1 && all > left);
    lattice_free(s.s.lat);
    s.s.lat = own;
    mem_free(y);
    net_run_free(r);
    scene_free(&s);
}

static void test_polar(void **state)
{
    static const struct net_trial devices[] = {
        {&lattice_chain, {9, 1, 1}, 1, 1},
        {&lattice_square, {7, 6, 1}, 1, 1},
        {&lattice_square, {5, 6, 1}, 0, 2},
        {&lattice_square, {5, 5, 1}, 3, 3},
        {&lattice_triangular, {6, 6, 1}, 0, 1},
        {&lattice_cubic, {4, 4, 5}, 4, 4},
        {&lattice_cubic, {4, 3, 4}, 5, 5}};

    (void)state;
    for (size_t k = 0; k < sizeof devices / sizeof *devices; k++) {
        check_polar(&devices[k], 0, "conv channels 8 8 radius 1.1 2.1");
        check_polar(&devices[k], 0,
                    "conv channels 16 16 radius 1.1 equivariance group");
        check_polar(&devices[k], 1,
                    "conv channels 16 16 radius 1.1 equivariance group");
    }
}

/* Without the group, translations alone hold. */
static void test_none(void **state)
{
    struct scene s;
    int n;

    (void)state;
    for (int t = 0; t < NTRIAL; t++) {
        if (trials[t].open)
            continue;
        scene_make(&s, &trials[t], 0, 0,
                   "conv channels 8 8 radius 1.1 equivariance none");
        struct net_run *r = net_sample_run(&s.s, 1, PRECISION_DOUBLE, false, 1);
        double *y = forward_copy(&s, r);

        assert_true(worst_translation(&s, r, y) < 1e-12);
        if (trials[t].n[0] > 2)
            assert_true(worst_operation(&s, r, y, &n) > 1e-3);
        mem_free(y);
        net_run_free(r);
        scene_free(&s);
    }
}

/* y(-x) = -y(x) to the last bit, 1 - y with a sigmoid to rounding. */
static void test_odd(void **state)
{
    static const char *const texts[] = {
        "conv channels 8 8 odd yes residual yes final 6",
        "conv channels 8 8 odd yes output sigmoid",
        "conv channels 8 16 odd yes equivariance group separable yes"};

    (void)state;
    for (int k = 0; k < 3; k++) {
        struct scene s;

        scene_make(&s, &trials[2], 0, 0, texts[k]);
        struct net_run *r = net_sample_run(&s.s, 1, PRECISION_DOUBLE, false, 1);
        double *y = forward_copy(&s, r);
        const double *z;

        for (int64_t i = 0; i < s.s.rows * s.s.in; i++)
            s.s.x[i] = -s.s.x[i];
        z = net_sample_forward(r, s.s.x, s.s.in);
        for (int64_t i = 0; i < s.s.rows * s.s.out; i++) {
            assert_true(fabs(y[i]) > 1e-9);
            if (k == 1)
                assert_close(z[i], 1 - y[i], 1e-15);
            else
                assert_true(z[i] == -y[i]);
        }
        mem_free(y);
        net_run_free(r);
        scene_free(&s);
    }
}

/* Slots and parameters of a 3 x 3 stencil: three orbits; 9 sites of the group
   convolution whose free weights are those of one copy. */
static void test_counts(void **state)
{
    static const struct {
        const char *text;
        int64_t nparam;
        double work;
        int reach;
    } known[] = {
        {"conv channels 16 16", 2 * 3 * 16 + 16 + 3 * 256 + 16 + 16 * 2 + 2,
         2 * 3 * 16 + 3 * 256 + 32, 2},
        {"conv channels 16 16 equivariance group",
         2 * 9 * 2 + 2 + 9 * 16 * 2 + 2 + 2 * 2 + 2, 2 * 9 * 16 + 9 * 256 + 32,
         2},
        {"conv channels 16 depth 3 separable yes odd yes radius 1.5 2 2.3",
         2 * 3 * 16 + 4 * 16 + 256 + 5 * 16 + 256 + 32,
         2 * 3 * 16 + 4 * 16 + 256 + 5 * 16 + 256 + 32, 5},
        {"conv channels 8 final 4 equivariance none pointwise 5",
         18 * 8 + 8 + 45 + 48 + 36 + 10, 18 * 8 + 40 + 40 + 32 + 8, 1},
        {"mlp",
         2 * 512 + 512 + 512 * 256 + 256 + 256 * 64 + 64 + 64 * 16 + 16 + 32 +
             2,
         2 * 512 + 512 * 256 + 256 * 64 + 64 * 16 + 32, 0}};

    (void)state;
    for (size_t k = 0; k < sizeof known / sizeof *known; k++) {
        struct scene s;

        scene_make(&s, &trials[2], 0, 0, known[k].text);
        assert_int_equal(s.s.net.nparam, known[k].nparam);
        assert_close(net_work(&s.s.net), known[k].work, 0);
        assert_int_equal(s.s.net.reach[0], known[k].reach);
        scene_free(&s);
    }
}

static void test_mlp(void **state)
{
    struct scene s;

    (void)state;
    scene_make(&s, &trials[2], 0, 0,
               "mlp widths 6 6 6 activation tanh residual yes output sigmoid");
    assert_int_equal(s.s.net.nlayer, 4);
    assert_int_equal(s.s.net.layer[0].add, -1);
    assert_int_equal(s.s.net.layer[1].add, 1);
    assert_int_equal(s.s.net.layer[2].add, 2);
    assert_int_equal(s.s.net.layer[3].add, -1);
    assert_int_equal(s.s.net.layer[3].activation, ACTIVATION_SIGMOID);
    assert_true(s.s.net.smooth);
    scene_free(&s);
    scene_make(&s, &trials[2], 0, 0, "mlp widths 6");
    assert_false(s.s.net.smooth);
    scene_free(&s);
}

static void test_refused(void **state)
{
    static const struct {
        const char *text, *message;
        int in_rank, out_rank;
    } known[] = {
        {"conv channels 8 0", "a layer has 1 to 4096 channels, not 0", 0, 0},
        {"conv channels x", "x", 0, 0},
        {"conv channels 8 8 8 depth 2", "3 channels for depth 2", 0, 0},
        {"conv channels 8 8 radius 1 2 3", "3 radii for 2 convolutions", 0, 0},
        {"conv channels 8 radius -1", "a radius must be > 0, not -1", 0, 0},
        {"conv channels 8 radius 40", "more than 1024 sites", 0, 0},
        {"conv channels 8 odd yes activation relu",
         "odd needs an odd activation, tanh, not relu", 0, 0},
        {"conv channels 12 equivariance group",
         "come in 8 copies: not 12 but 16", 0, 0},
        {"conv channels 8 equivariance group final 4", "not 4 but 8", 0, 0},
        {"conv channels 8", "vectors need equivariance group", 1, 0},
        {"conv channels 8 equivariance group output sigmoid",
         "a vector cannot pass output sigmoid", 0, 1},
        {"mlp widths 3", "invariant features", 1, 0},
        {"mlp widths 3 0", "a width must be 1 to 65536, not 0", 0, 0}};

    (void)state;
    for (size_t k = 0; k < sizeof known / sizeof *known; k++) {
        struct scene s = {.ctx = adele_new(NULL, NULL),
                          .in_rank = known[k].in_rank,
                          .out_rank = known[k].out_rank};

        s.s.lat = net_lattice(&trials[2]);
        s.network = network_of(s.ctx, known[k].text);
        if (s.network && !build(&s, 2, 2))
            fail_msg("%s: accepted", known[k].text);
        if (!strstr(adele_error(s.ctx), known[k].message))
            fail_msg("%s: %s", known[k].text, adele_error(s.ctx));
        scene_free(&s);
    }
}

/* Every map {style: ..} of the pages builds on the lattices. */
static void try_example(const char *text)
{
    struct adele *ctx = adele_new(NULL, NULL);
    struct config *c = config_parse(ctx, text, "page");
    const struct config_node *map;
    struct words words = {0};
    struct scene s = {.ctx = ctx};

    if (!c)
        fail_msg("%s: %s", text, adele_error(ctx));
    map = config_find(config_root(c), "network");
    assert_non_null(map);
    assert_int_equal(config_words(ctx, map, NULL, &words), 0);
    s.network = (void *)instance_new(ctx, "network", &words, NULL, NULL);
    s.s.lat = net_lattice(&trials[2]);
    if (!s.network || build(&s, 1, 1))
        fail_msg("%s: %s", text, adele_error(ctx));
    words_free(&words);
    net_fini(&s.s.net);
    instance_free(ctx, &s.network->head);
    config_free(c);
    lattice_free(s.s.lat);
    adele_free(ctx);
}

static int try_page(const char *path)
{
    FILE *f = fopen(path, "r");
    char line[512], text[4096] = "";
    bool inside = false;
    int n = 0;

    if (!f)
        fail_msg("%s cannot be read", path);
    while (fgets(line, sizeof line, f)) {
        if (strcmp(line, "```yaml\n") == 0) {
            inside = true;
            text[0] = '\0';
        } else if (inside && strcmp(line, "```\n") == 0) {
            inside = false;
            try_example(text);
            n++;
        } else if (inside) {
            assert_true(strlen(text) + strlen(line) < sizeof text);
            strcat(text, line);
        }
    }
    fclose(f);
    return n;
}

static void test_pages(void **state)
{
    (void)state;
    assert_true(try_page("doc/network/mlp.md") >= 2);
    assert_true(try_page("doc/network/conv.md") >= 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_symmetrised), cmocka_unit_test(test_group),
        cmocka_unit_test(test_polar),       cmocka_unit_test(test_none),
        cmocka_unit_test(test_odd),         cmocka_unit_test(test_counts),
        cmocka_unit_test(test_mlp),         cmocka_unit_test(test_refused),
        cmocka_unit_test(test_pages)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Density of states a site: row b of the array has the middle of an energy bin
   and the mean over the bin of

       D(e) = 1/N sum_k delta(e - e_k),

   the delta broadened to a gaussian of standard deviation w or a lorentzian of
   half width w, if asked.  Sums of D times the bin width are exact, at most 1.
   Units: energy, 1/energy.

       compute dos all dos -6 6 120 broadening gaussian 0.05 [using ed] */

#include <math.h>

#include "plug/compute.h"
#include "base/parallel.h"
#include "plug/using.h"

enum broadening { NONE, GAUSSIAN, LORENTZ };

struct dos {
    struct compute compute;
    struct using using;
    double lo, hi, width;
    int64_t bins;
    int broadening;
};

static const struct arg width_args[] = {
    {ARG_NUMBER, "WIDTH", AT(struct dos, width), .positive = true,
     .unit = "energy",
     .doc = "standard deviation, or half width at half "
            "maximum of the lorentzian"},
    {0}};

static const struct arg_case broadenings[] = {
    {"none", NULL, "a histogram of the levels"},
    {"gaussian", width_args, "each level a gaussian"},
    {"lorentz", width_args, "each level a lorentzian"},
    {0}};

static const struct arg args[] = {
    {ARG_NUMBER, "lo", AT(struct dos, lo), .unit = "energy",
     .doc = "lower end of the first bin"},
    {ARG_NUMBER, "hi", AT(struct dos, hi), .unit = "energy",
     .doc = "upper end of the last bin"},
    {ARG_INT, "bins", AT(struct dos, bins), .bounded = true, .min = 1,
     .max = 10000000, .doc = "number of bins"},
    {ARG_ONEOF, "broadening", AT(struct dos, broadening), .key = true,
     .def = "none", .cases = broadenings, .doc = "shape of a level"},
    USING_ARG(struct dos, using),
    {0}};

static const struct output outputs[] = {
    {OUT_ARRAY, "[b][1]", "energy", "energy", false, "middle of bin b"},
    {OUT_ARRAY, "[b][2]", "dos", "1/energy", false, "states a site and energy"},
    {0}};

static int dos_init(struct adele *ctx, void *self)
{
    const struct dos *d = self;
    int status = need_model(ctx);
    if (status)
        return status;
    if (d->compute.head.group != 0)
        return err_deck(ctx, NULL,
                        "compute dos: levels belong to the whole "
                        "lattice, use the group `all`");
    if (!(d->hi > d->lo))
        return err_deck(ctx, NULL,
                        "compute dos: expected hi above lo = %g, "
                        "found %g",
                        d->lo, d->hi);
    return 0;
}

static void dos_fini(struct adele *ctx, void *self)
{
    struct dos *d = self;
    (void)ctx;
    using_fini(&d->using);
    outputs_fini(&d->compute.out);
}

static unsigned dos_need(struct adele *ctx, struct compute *c)
{
    (void)ctx;
    return using_need(&((struct dos *)c)->using, NEED_SPECTRUM);
}

/* The weight below x, in widths, of one level at 0. */
static double weight_below(int broadening, double x)
{
    if (broadening == GAUSSIAN)
        return 0.5 * erfc(-x * M_SQRT1_2);
    return 0.5 + atan(x) * M_1_PI;
}

static double states_below(const struct dos *d, const struct pair_result *r,
                           double e)
{
    double sum = 0;
    for (int64_t k = 0; k < r->nlevel; k++)
        sum += weight_below(d->broadening, (e - r->level[k]) / d->width);
    return sum;
}

static double edge(const struct dos *d, int64_t b)
{
    return d->lo + (d->hi - d->lo) * (double)b / (double)d->bins;
}

/* Column 1 gets the number of states below the upper edge of each bin, later
   its differences. */
static void fill_broadened(const struct dos *d, const struct pair_result *r,
                           double *array)
{
    double before = states_below(d, r, d->lo);
#pragma omp parallel for schedule(static) if (d->bins * r->nlevel >=           \
                                              PARALLEL_MIN)
    for (int64_t b = 0; b < d->bins; b++)
        array[2 * b + 1] = states_below(d, r, edge(d, b + 1));
    for (int64_t b = 0; b < d->bins; b++) {
        double below = array[2 * b + 1];
        array[2 * b + 1] = below - before;
        before = below;
    }
}

static void fill_histogram(const struct dos *d, const struct pair_result *r,
                           double *array)
{
    for (int64_t b = 0; b < d->bins; b++)
        array[2 * b + 1] = 0;
    for (int64_t k = 0; k < r->nlevel; k++) {
        double x = (r->level[k] - d->lo) / (d->hi - d->lo);
        if (x < 0 || x >= 1)
            continue;
        int64_t b = (int64_t)(x * (double)d->bins);
        array[2 * (b < d->bins ? b : d->bins - 1) + 1] += 1;
    }
}

static int dos_array(struct adele *ctx, struct compute *c)
{
    struct dos *d = (struct dos *)c;
    const struct pair_result *r;
    int status = outputs_array(ctx, &c->out, d->bins, 2);
    if (!status)
        status = using_require(ctx, &d->using, NEED_SPECTRUM, &r);
    if (status)
        return status;
    double *array = c->out.array;
    if (d->broadening == NONE)
        fill_histogram(d, r, array);
    else
        fill_broadened(d, r, array);
    double bin = (d->hi - d->lo) / (double)d->bins;
    for (int64_t b = 0; b < d->bins; b++) {
        array[2 * b] = d->lo + bin * ((double)b + 0.5);
        array[2 * b + 1] /= (double)r->nlevel * bin;
    }
    return 0;
}

const struct compute_style compute_dos = {
    .style = {STYLE_HEAD(compute, "dos", struct dos),
              .summary = "density of states a site", .args = args,
              .outputs = outputs, .init = dos_init, .fini = dos_fini},
    .need = dos_need,
    .array = dos_array};

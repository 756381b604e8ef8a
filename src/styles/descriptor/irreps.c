/* Irreducible representations of the point group in the neighbourhood of a
   site: invariant features of the displacement within a radius, as many as
   there are numbers in it [Cheng2023, Zhang2022d].  The formulae stand in
   ml/irreps.h.  Features are in units of the displacement.

       descriptor: {style: irreps, cutoff: 3.606, phase: sharp}              */

#include "ml/irreps.h"
#include "plug/args.h"
#include "plug/descriptor.h"

struct description {
    struct descriptor head;
    double cutoff, reference, width;
    int phase, pattern;
    struct irreps irreps;
};

enum pattern { PATTERN_AUTO, PATTERN_STAGGERED, PATTERN_UNIFORM };

/* The order of enum irreps_phase and enum pattern. */
static const char *const phase_names[] = {"sharp", "frame", "smooth", NULL};
static const char *const pattern_names[] = {"auto", "staggered", "uniform",
                                            NULL};

static const struct arg args[] = {
    {ARG_NUMBER, "cutoff", AT(struct description, cutoff), .key = true,
     .required = true, .positive = true, .unit = "length",
     .doc = "radius of the neighbourhood, itself included"},
    {ARG_CHOICE, "phase", AT(struct description, phase), .key = true,
     .choice = phase_names, .def = "sharp",
     .doc = "how the orientation is taken out"},
    {ARG_NUMBER, "reference", AT(struct description, reference), .key = true,
     .nonnegative = true, .def = "0", .unit = "length",
     .doc = "radius of the blocks that tell the orientation; 0: the cutoff"},
    {ARG_CHOICE, "pattern", AT(struct description, pattern), .key = true,
     .choice = pattern_names, .def = "auto",
     .doc = "signs with which the blocks sum; auto: staggered where the "
            "lattice has an order"},
    {ARG_NUMBER, "width", AT(struct description, width), .key = true,
     .positive = true, .def = "0.25", .unit = "displacement",
     .doc = "of smooth: differences of blocks that count as equal"},
    {0}};

static void fini(struct adele *ctx, void *self)
{
    struct description *d = self;
    (void)ctx;
    irreps_fini(&d->irreps);
}

static int setup(struct adele *ctx, struct descriptor *head,
                 const struct lattice_shape *shape, int ncomp, bool vector)
{
    struct description *d = (struct description *)head;
    const struct where *where = &d->head.head.where;
    const char *why = NULL;
    struct irreps_wish wish = {
        .ncomp = ncomp,
        .vector = vector,
        .cutoff = d->cutoff,
        .reference = d->reference > 0 ? d->reference : d->cutoff,
        .staggered = d->pattern == PATTERN_STAGGERED ||
                     (d->pattern == PATTERN_AUTO && shape->ordered),
        .phase = (enum irreps_phase)d->phase,
        .width = d->width};
    if (vector && ncomp != shape->dim)
        return err_deck(ctx, where,
                        "descriptor irreps: a vector on this lattice has %d "
                        "components, the model has %d",
                        shape->dim, ncomp);
    if (wish.staggered && !shape->ordered)
        return err_deck(ctx, where,
                        "descriptor irreps: no staggered pattern exists on the "
                        "%s lattice: use pattern uniform",
                        shape->name);
    irreps_fini(&d->irreps);
    if (irreps_init(&d->irreps, shape, &wish, &why))
        return err_deck(ctx, where,
                        "descriptor irreps with cutoff %g, reference %g on the "
                        "%s lattice: %s",
                        wish.cutoff, wish.reference, shape->name, why);
    head->nfeature = d->irreps.nfeature;
    head->rank = 0;
    head->smooth = d->phase == IRREPS_SMOOTH || d->irreps.caps.n == 0;
    head->radius = d->cutoff;
    if (d->irreps.caps.n > 0 && wish.reference > d->cutoff)
        head->radius = wish.reference;
    for (int i = 0; i < 3; i++)
        head->halo[i] = d->irreps.halo[i];
    return 0;
}

static const struct irreps *irreps_of(const struct descriptor *d)
{
    return &((const struct description *)d)->irreps;
}

static void rows(const struct descriptor *d, const struct field *q,
                 int64_t begin, int64_t end, double *x)
{
    irreps_rows(irreps_of(d), q, begin, end, x);
}

static void tangent(const struct descriptor *d, const struct field *q,
                    const struct field *dq, int64_t begin, int64_t end,
                    double *dx)
{
    irreps_tangent(irreps_of(d), q, dq, begin, end, dx);
}

static int backward(struct adele *ctx, const struct descriptor *d,
                    const struct field *q, const double *dx, double *gradient)
{
    if (irreps_backward(irreps_of(d), q, dx, gradient))
        return err_memory(ctx, "the gradient of descriptor irreps",
                          (double)field_bytes(q));
    return 0;
}

const struct descriptor_style descriptor_irreps = {
    .style = {STYLE_HEAD(descriptor, "irreps", struct description),
              .summary = "the displacement within a radius by irreducible "
                         "representations of the point group",
              .cite = "Cheng2023 Zhang2022d", .args = args, .fini = fini},
    .setup = setup,
    .rows = rows,
    .tangent = tangent,
    .backward = backward};

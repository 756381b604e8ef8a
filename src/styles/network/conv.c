/* Stack of lattice convolutions, exactly equivariant under translations and the
   point group: neighbouring sites share what is computed.

       h_0 = input,  h_(l+1)(i) = f(b + sum over j near i of W(j - i) h_l(j)),

   each followed by site-wise layers when `pointwise` is given, and at the end
   the site-wise `final` layers and the output.  Equivariance [Cohen2016]:

       symmetrised  W depends on the orbit of j - i under the operations that
                    leave site i; channels are scalars
       group        channels are copies, one for each such operation, which
                    permutes them; ties of ml/equivariant.h.  Takes and gives
                    vectors
       none         translations, and the exchange of sublattices, only

   odd: no biases, tanh, so that y(-h_0) = -y(h_0), or 1 - y with output
   sigmoid: the exchange of electrons and holes.

       network: {style: conv, channels: [16, 16, 16], radius: 1.5}           */

#include "base/mem.h"
#include "ml/equivariant.h"
#include "plug/args.h"
#include "plug/network.h"

enum { WIDTH_MAX = 4096, DEPTH_MAX = 64, SITES_MAX = 1024 };
enum { SYMMETRISED, GROUP, NONE };

struct network_conv {
    struct network network;
    struct arg_list channels, radii, pointwise, final;
    int64_t depth;
    int equivariance, activation, output;
    bool residual, separable, odd, activation_given;
    int *width, *inner, *end; /* numbers of channels, pointwise, final */
    double *radius;           /* [radii.n] */
};

static const char *const outputs[] = {"linear", "sigmoid", NULL};
static const char *const equivariances[] = {"symmetrised", "group", "none",
                                            NULL};

static const struct arg args[] = {
    {ARG_LIST, "channels", AT(struct network_conv, channels), .key = true,
     .def = "32 32 32 32 32", .syntax = "C ...", .doc = "of each convolution"},
    {ARG_INT, "depth", AT(struct network_conv, depth), .key = true, .min = 1,
     .max = DEPTH_MAX, .bounded = true,
     .doc = "convolutions, the last ones as wide as the last of channels; "
            "default: as many as channels"},
    {ARG_LIST, "radius", AT(struct network_conv, radii), .key = true,
     .def = "1.5", .syntax = "R ...", .unit = "length",
     .doc = "of the neighbours read, one for all or one for each"},
    {ARG_CHOICE, "equivariance", AT(struct network_conv, equivariance),
     .key = true, .def = "symmetrised", .choice = equivariances,
     .doc = "how the point group is kept"},
    {ARG_CHOICE, "activation", AT(struct network_conv, activation), .key = true,
     .def = "silu", .choice = activation_name,
     .given = AT(struct network_conv, activation_given),
     .doc = "of all layers but the last; with odd: tanh"},
    {ARG_LIST, "pointwise", AT(struct network_conv, pointwise), .key = true,
     .syntax = "W ...", .doc = "site-wise layers after each convolution"},
    {ARG_LIST, "final", AT(struct network_conv, final), .key = true,
     .syntax = "W ...", .doc = "site-wise layers before the output"},
    {ARG_BOOL, "residual", AT(struct network_conv, residual), .key = true,
     .def = "no", .doc = "add the input where it is as wide"},
    {ARG_BOOL, "separable", AT(struct network_conv, separable), .key = true,
     .def = "no",
     .doc = "convolve each channel by itself, then mix them at the site"},
    {ARG_BOOL, "odd", AT(struct network_conv, odd), .key = true, .def = "no",
     .doc = "change the sign of the output with that of the input"},
    {ARG_CHOICE, "output", AT(struct network_conv, output), .key = true,
     .def = "linear", .choice = outputs, .doc = "function of the last layer"},
    {0}};

static int read_widths(struct adele *ctx, const struct arg_list *list,
                       int **width)
{
    *width = mem_alloc((size_t)list->n, sizeof **width);
    if (!*width)
        return err_memory(ctx, "widths", list->n * 4.0);
    for (int k = 0; k < list->n; k++) {
        const struct word *w = &list->word[k];
        int64_t value;

        if (arg_integer(ctx, w, "network conv", &value))
            return ctx->error.status;
        if (value < 1 || value > WIDTH_MAX)
            return err_deck(ctx, &w->where,
                            "network conv: a layer has 1 to %d channels, not "
                            "%s",
                            WIDTH_MAX, w->text);
        (*width)[k] = (int)value;
    }
    return 0;
}

static int read_radii(struct adele *ctx, struct network_conv *n)
{
    const struct arg_list *list = &n->radii;

    n->radius = mem_alloc((size_t)list->n, sizeof *n->radius);
    if (!n->radius)
        return err_memory(ctx, "radii", list->n * 8.0);
    for (int k = 0; k < list->n; k++) {
        const struct word *w = &list->word[k];

        if (arg_number(ctx, w, "network conv", &n->radius[k]))
            return ctx->error.status;
        if (!(n->radius[k] > 0))
            return err_deck(ctx, &w->where,
                            "network conv: a radius must be > 0, not %s",
                            w->text);
    }
    if (list->n != 1 && list->n != n->depth)
        return err_deck(ctx, &list->word[0].where,
                        "network conv: %d radii for %d convolutions; give one "
                        "for all or one for each",
                        list->n, (int)n->depth);
    return 0;
}

static int read_activation(struct adele *ctx, struct network_conv *n)
{
    if (!n->odd)
        return 0;
    if (!n->activation_given)
        n->activation = ACTIVATION_TANH;
    if (n->activation == ACTIVATION_TANH || n->activation == ACTIVATION_LINEAR)
        return 0;
    return err_deck(ctx, &n->network.head.where,
                    "network conv: odd needs an odd activation, tanh, not %s",
                    activation_name[n->activation]);
}

static int init(struct adele *ctx, void *self)
{
    struct network_conv *n = self;

    if (n->depth == 0)
        n->depth = n->channels.n;
    if (n->channels.n > n->depth)
        return err_deck(ctx, &n->channels.word[0].where,
                        "network conv: %d channels for depth %d", n->channels.n,
                        (int)n->depth);
    if (read_widths(ctx, &n->channels, &n->width) ||
        read_widths(ctx, &n->pointwise, &n->inner) ||
        read_widths(ctx, &n->final, &n->end) || read_radii(ctx, n))
        return ctx->error.status;
    return read_activation(ctx, n);
}

static void fini(struct adele *ctx, void *self)
{
    struct network_conv *n = self;

    (void)ctx;
    mem_free(n->width);
    mem_free(n->inner);
    mem_free(n->end);
    mem_free(n->radius);
}

/* --- building ---------------------------------------------------------------
 */

struct builder {
    struct adele *ctx;
    struct network_conv *n;
    struct equivariant *e;
    struct net *net;
    enum fibre hidden, now; /* channels inside, channels so far */
    int width;              /* so far */
};

static int fail_memory(const struct builder *b)
{
    return err_memory(b->ctx, "a network", (double)sizeof(struct net_layer));
}

/* Stencil and ties of the layer on these sites. */
static int bind(struct builder *b, const struct equivariant_sites *s,
                struct net_layer *layer, enum fibre out)
{
    bool vectors = b->now == FIBRE_VECTOR || out == FIBRE_VECTOR;
    bool split = vectors && b->e->lat->shape.nbasis > 1;
    enum equivariant_slots slots = b->hidden == FIBRE_SCALAR ? SLOTS_ORBIT
                                   : split                   ? SLOTS_SPLIT
                                                             : SLOTS_SITE;
    struct net_stencil stencil;

    if (s->n > 1 || split) {
        if (equivariant_stencil(b->e, s, slots, &stencil))
            return -1;
        layer->stencil = net_add_stencil(b->net, &stencil);
        if (layer->stencil < 0)
            return -1;
    }
    if (slots == SLOTS_ORBIT)
        return 0;
    layer->tie = equivariant_tie(b->e, s, split, layer, b->now, out);
    return layer->tie ? 0 : -1;
}

static int append(struct builder *b, double radius, struct net_layer layer,
                  enum fibre out)
{
    struct equivariant_sites s;
    int status;

    layer.stencil = -1;
    layer.in = b->width;
    layer.bias = layer.bias && !b->n->odd && out != FIBRE_VECTOR;
    if (equivariant_sites(b->e, radius, &s))
        return fail_memory(b);
    if (s.n > SITES_MAX) {
        equivariant_sites_fini(&s);
        return err_deck(b->ctx, &b->n->radii.word[0].where,
                        "network conv: a radius of %g holds more than %d "
                        "sites",
                        radius, SITES_MAX);
    }
    status = bind(b, &s, &layer, out);
    equivariant_sites_fini(&s);
    if (status || net_add_layer(b->net, &layer))
        return fail_memory(b);
    b->width = layer.out;
    b->now = out;
    return 0;
}

/* A hidden layer; `add`: the layer whose input is added, or -1. */
static int hidden(struct builder *b, double radius, int out, int add)
{
    struct net_layer layer = {.kind = NET_DENSE,
                              .out = out,
                              .bias = true,
                              .activation = (enum activation)b->n->activation,
                              .add = add};

    return append(b, radius, layer, b->hidden);
}

static int depthwise(struct builder *b, double radius)
{
    struct net_layer layer = {.kind = NET_DEPTHWISE,
                              .out = b->width,
                              .activation = ACTIVATION_LINEAR,
                              .add = -1};

    return append(b, radius, layer, b->hidden);
}

/* A convolution with its site-wise layers; the last of them adds the input of
   the first. */
static int stage(struct builder *b, double radius, int width)
{
    const struct network_conv *n = b->n;
    int first = b->net->nlayer, inner = n->pointwise.n;
    bool separate = n->separable && first > 0;
    int add = n->residual && first > 0 && b->width == width ? first : -1;

    if (separate && depthwise(b, radius))
        return b->ctx->error.status;
    if (hidden(b, separate ? 0 : radius, width, inner ? -1 : add))
        return b->ctx->error.status;
    for (int k = 0; k < inner; k++) {
        if (hidden(b, 0, n->inner[k], -1))
            return b->ctx->error.status;
    }
    return inner ? hidden(b, 0, width, add) : 0;
}

static int stack(struct builder *b, int nout, int out_rank)
{
    const struct network_conv *n = b->n;
    struct net_layer last = {.kind = NET_DENSE,
                             .out = nout,
                             .bias = true,
                             .activation = n->output ? ACTIVATION_SIGMOID
                                                     : ACTIVATION_LINEAR,
                             .add = -1};

    for (int k = 0; k < n->depth; k++) {
        int given = n->channels.n;

        if (stage(b, n->radius[n->radii.n > 1 ? k : 0],
                  n->width[k < given ? k : given - 1]))
            return b->ctx->error.status;
    }
    for (int k = 0; k < n->final.n; k++) {
        if (hidden(b, 0, n->end[k], -1))
            return b->ctx->error.status;
    }
    if (append(b, 0, last, out_rank ? FIBRE_VECTOR : FIBRE_SCALAR))
        return b->ctx->error.status;
    return net_finish(b->net);
}

static int check_copies(struct adele *ctx, const struct arg_list *list,
                        const int *width, int order)
{
    for (int k = 0; k < list->n; k++) {
        if (width[k] % order == 0)
            continue;
        return err_deck(ctx, &list->word[k].where,
                        "network conv: with equivariance group the channels "
                        "come in %d copies: not %d but %d",
                        order, width[k], (width[k] / order + 1) * order);
    }
    return 0;
}

static int check_widths(struct adele *ctx, const struct network_conv *n,
                        int order)
{
    if (check_copies(ctx, &n->channels, n->width, order) ||
        check_copies(ctx, &n->pointwise, n->inner, order))
        return ctx->error.status;
    return check_copies(ctx, &n->final, n->end, order);
}

static int build(struct adele *ctx, struct network *self,
                 const struct lattice_shape *shape, int nin, int in_rank,
                 int nout, int out_rank, struct net *net)
{
    struct network_conv *n = (struct network_conv *)self;
    struct equivariant e;
    bool copies = n->equivariance != SYMMETRISED;
    struct builder b = {.ctx = ctx, .n = n, .e = &e, .net = net, .width = nin};
    const char *why = NULL;
    int status;

    b.hidden = copies ? FIBRE_COPIES : FIBRE_SCALAR;
    b.now = in_rank ? FIBRE_VECTOR : FIBRE_SCALAR;
    if (!copies && (in_rank || out_rank))
        return err_deck(ctx, &self->head.where,
                        "network conv: vectors need equivariance group");
    if (out_rank && n->output)
        return err_deck(ctx, &self->head.where,
                        "network conv: a vector cannot pass output sigmoid");
    if (equivariant_init(&e, shape, n->equivariance != NONE, copies, &why))
        return err_deck(ctx, &self->head.where,
                        "network conv on lattice %s: %s", shape->name, why);
    status = copies ? check_widths(ctx, n, e.order) : 0;
    if (!status)
        status = stack(&b, nout, out_rank);
    equivariant_fini(&e);
    return status;
}

const struct network_style network_conv = {
    .style = {STYLE_HEAD(network, "conv", struct network_conv),
              .summary = "equivariant lattice convolutions",
              .cite = "Cohen2016", .args = args, .init = init, .fini = fini},
    .build = build};

/* Multilayer perceptron on the features of each site: no site sees another
   but through its descriptor, whose symmetry is that of the network.

       h_0 = features,  h_(l+1) = f(W_l h_l + b_l),  y = g(W h + b)

   Features must be invariant (descriptor irreps), the output is a scalar.  The
   default widths are those of the published 45x512x256x64x16x1 network
   [Cheng2023].

       network: {style: mlp, widths: [512, 256, 64, 16], activation: relu}    */

#include "base/mem.h"
#include "plug/args.h"
#include "plug/network.h"

enum { WIDTH_MAX = 65536 };

struct network_mlp {
    struct network network;
    struct arg_list widths;
    int *width;
    int activation, output;
    bool residual;
};

static const char *const outputs[] = {"linear", "sigmoid", NULL};

static const struct arg args[] = {
    {ARG_LIST, "widths", AT(struct network_mlp, widths), .key = true,
     .def = "512 256 64 16", .syntax = "W ...",
     .doc = "channels of the hidden layers"},
    {ARG_CHOICE, "activation", AT(struct network_mlp, activation), .key = true,
     .def = "relu", .choice = activation_name, .doc = "of the hidden layers"},
    {ARG_BOOL, "residual", AT(struct network_mlp, residual), .key = true,
     .def = "no", .doc = "add the input of hidden layers of equal width"},
    {ARG_CHOICE, "output", AT(struct network_mlp, output), .key = true,
     .def = "linear", .choice = outputs, .doc = "function of the last layer"},
    {0}};

static int init(struct adele *ctx, void *self)
{
    struct network_mlp *n = self;

    n->width = mem_alloc((size_t)n->widths.n, sizeof *n->width);
    if (!n->width)
        return err_memory(ctx, "widths", n->widths.n * 4.0);
    for (int k = 0; k < n->widths.n; k++) {
        const struct word *w = &n->widths.word[k];
        int64_t width;

        if (arg_integer(ctx, w, "network mlp", &width))
            return ctx->error.status;
        if (width < 1 || width > WIDTH_MAX)
            return err_deck(ctx, &w->where,
                            "network mlp: a width must be 1 to %d, not %s",
                            WIDTH_MAX, w->text);
        n->width[k] = (int)width;
    }
    return 0;
}

static void fini(struct adele *ctx, void *self)
{
    (void)ctx;
    mem_free(((struct network_mlp *)self)->width);
}

static int build(struct adele *ctx, struct network *self,
                 const struct lattice_shape *shape, int nin, int in_rank,
                 int nout, int out_rank, struct net *net)
{
    struct network_mlp *n = (struct network_mlp *)self;

    (void)shape;
    if (in_rank || out_rank)
        return err_deck(ctx, &self->head.where,
                        "network mlp takes invariant features to scalars; "
                        "vectors need network conv with equivariance group");
    for (int k = 0; k <= n->widths.n; k++) {
        bool last = k == n->widths.n;
        struct net_layer layer = {.kind = NET_DENSE,
                                  .in = k ? n->width[k - 1] : nin,
                                  .out = last ? nout : n->width[k],
                                  .stencil = -1,
                                  .bias = true,
                                  .add = -1};

        layer.activation = (enum activation)n->activation;
        if (last)
            layer.activation =
                n->output ? ACTIVATION_SIGMOID : ACTIVATION_LINEAR;
        else if (n->residual && k && layer.in == layer.out)
            layer.add = k;
        if (net_add_layer(net, &layer))
            return err_memory(ctx, "a network", (double)sizeof layer);
    }
    return net_finish(net);
}

const struct network_style network_mlp = {
    .style = {STYLE_HEAD(network, "mlp", struct network_mlp),
              .summary = "multilayer perceptron on the features of a site",
              .cite = "Cheng2023", .args = args, .init = init, .fini = fini},
    .build = build};

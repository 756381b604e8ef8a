/* Networks put together: layers and stencils appended, offsets of their
   parameters, the start values; ml/net.h.

   The start keeps the mean square of the channels from layer to layer when
   they are gaussian: weights have variance 1/(E[f(z)^2] inputs), z normal,
   where a slot that sums over several sites counts as that many inputs.
   Branches that are added to earlier channels share one unit among them. */

#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "base/rng.h"
#include "ml/net.h"

/* 1/E[f(z)^2] of a standard normal z; 1 where f is a last layer's. */
static const double gain[ACTIVATION_KINDS] = {[ACTIVATION_LINEAR] = 1,
                                              [ACTIVATION_RELU] = 2,
                                              [ACTIVATION_SILU] = 2.811,
                                              [ACTIVATION_TANH] = 2.536,
                                              [ACTIVATION_SIGMOID] = 1};

static void stencil_drop(struct net_stencil *s)
{
    for (int b = 0; b < LATTICE_BASIS_MAX; b++)
        mem_free(s->tap[b]);
    *s = (struct net_stencil){0};
}

void net_tie_free(struct net_tie *tie)
{
    if (!tie)
        return;
    mem_free(tie->first);
    mem_free(tie->index);
    mem_free(tie->factor);
    mem_free(tie);
}

int net_add_stencil(struct net *net, const struct net_stencil *s)
{
    struct net_stencil copy = *s;
    void *grown = mem_resize(net->stencil, (size_t)net->nstencil + 1,
                             sizeof *net->stencil);

    if (!grown) {
        stencil_drop(&copy);
        return -1;
    }
    net->stencil = grown;
    net->stencil[net->nstencil] = copy;
    return net->nstencil++;
}

int net_add_layer(struct net *net, const struct net_layer *layer)
{
    void *grown =
        mem_resize(net->layer, (size_t)net->nlayer + 1, sizeof *net->layer);

    if (!grown) {
        net_tie_free(layer->tie);
        return -1;
    }
    net->layer = grown;
    net->layer[net->nlayer++] = *layer;
    return 0;
}

int net_slots(const struct net *net, const struct net_layer *layer)
{
    return layer->stencil < 0 ? 1 : net->stencil[layer->stencil].nslot;
}

int64_t net_weights(const struct net *net, const struct net_layer *layer)
{
    int64_t slots = net_slots(net, layer);

    if (layer->kind == NET_DEPTHWISE)
        return (slots + layer->bias) * layer->in;
    return (slots * layer->in + layer->bias) * layer->out;
}

int net_finish(struct net *net)
{
    net->nparam = 0;
    net->smooth = true;
    memset(net->reach, 0, sizeof net->reach);
    for (int l = 0; l < net->nlayer; l++) {
        struct net_layer *layer = &net->layer[l];

        layer->first = net->nparam;
        layer->nparam =
            layer->tie ? layer->tie->nparam : net_weights(net, layer);
        net->nparam += layer->nparam;
        net->smooth = net->smooth && activation_smooth(layer->activation);
        for (int i = 0; i < 3 && layer->stencil >= 0; i++)
            net->reach[i] += net->stencil[layer->stencil].reach[i];
    }
    return 0;
}

void net_fini(struct net *net)
{
    for (int l = 0; l < net->nlayer; l++)
        net_tie_free(net->layer[l].tie);
    for (int k = 0; k < net->nstencil; k++)
        stencil_drop(&net->stencil[k]);
    mem_free(net->layer);
    mem_free(net->stencil);
    *net = (struct net){0};
}

double net_work(const struct net *net)
{
    double work = 0;

    for (int l = 0; l < net->nlayer; l++) {
        const struct net_layer *layer = &net->layer[l];
        double columns = layer->kind == NET_DEPTHWISE ? 1 : layer->out;

        work += (double)net_slots(net, layer) * layer->in * columns;
    }
    return work;
}

/* Sites that enter a weighted sum, of sublattice 0. */
static double inputs(const struct net *net, const struct net_layer *layer)
{
    double taps = layer->stencil < 0 ? 1 : net->stencil[layer->stencil].n[0];

    if (taps < 1)
        taps = 1;
    return layer->kind == NET_DEPTHWISE ? taps : taps * layer->in;
}

/* Parameters of a layer that are biases stay zero: those that no weight but
   the bias row uses.  Ties never mix the two. */
static void clear_biases(const struct net *net, const struct net_layer *layer,
                         double *param)
{
    int64_t weights = net_weights(net, layer);
    int64_t bias = layer->bias ? layer->out : 0;

    for (int64_t w = weights - bias; w < weights; w++) {
        if (!layer->tie) {
            param[w] = 0;
            continue;
        }
        for (int64_t e = layer->tie->first[w]; e < layer->tie->first[w + 1];
             e++)
            param[layer->tie->index[e]] = 0;
    }
}

void net_initialise(const struct net *net, uint64_t seed, double *param)
{
    int branches = 0;

    for (int l = 0; l < net->nlayer; l++)
        branches += net->layer[l].add >= 0;
    for (int l = 0; l < net->nlayer; l++) {
        const struct net_layer *layer = &net->layer[l];
        struct rng_key key = {.seed = (uint32_t)(seed ^ seed >> 32),
                              .purpose = RNG_TRAINING,
                              .component = NET_RNG_START,
                              .tick = (uint64_t)l};
        double variance = gain[layer->activation] / inputs(net, layer);

        if (layer->add >= 0)
            variance /= branches;
        rng_normals(key, 0, 1, param + layer->first, layer->nparam);
        for (int64_t k = 0; k < layer->nparam; k++)
            param[layer->first + k] *= sqrt(variance);
        clear_biases(net, layer, param + layer->first);
    }
}

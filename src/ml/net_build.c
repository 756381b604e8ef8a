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

static double common(const struct net *net, int l)
{
    enum activation f = l ? net->layer[l - 1].activation : ACTIVATION_LINEAR;

    return f == ACTIVATION_LINEAR || f == ACTIVATION_TANH ? 0 : 0.5;
}

/* Variance of the weights of a slot, were f the identity. */
static double slot_variance(const struct net *net, int l, int slot)
{
    const struct net_layer *layer = &net->layer[l];
    double n = layer->stencil < 0, rows = net_slots(net, layer);

    if (layer->kind == NET_DENSE)
        rows *= layer->in;
    if (layer->stencil >= 0) {
        const struct net_stencil *s = &net->stencil[layer->stencil];

        for (int k = 0; k < s->n[0]; k++)
            n += s->tap[0][k].slot == slot;
    }
    return n > 1 ? 1 / (rows * (n + common(net, l) * n * (n - 1))) : 1 / rows;
}

/* Each parameter gets the standard deviation of the weights that it makes;
   biases, whose weights come last, keep zero. */
static void deviations(const struct net *net, int l, double factor,
                       double *param)
{
    const struct net_layer *layer = &net->layer[l];
    const struct net_tie *tie = layer->tie;
    int64_t slot = layer->in, w = 0;

    if (layer->kind == NET_DENSE)
        slot *= layer->out;
    for (int s = 0; s < net_slots(net, layer); s++) {
        double deviation = sqrt(factor * slot_variance(net, l, s));

        for (int64_t end = w + slot; w < end; w++) {
            if (!tie)
                param[w] = deviation;
            for (int64_t e = tie ? tie->first[w] : 0;
                 tie && e < tie->first[w + 1]; e++)
                param[tie->index[e]] = deviation;
        }
    }
}

void net_initialise(const struct net *net, uint64_t seed, double *param)
{
    int branches = 0;

    memset(param, 0, (size_t)net->nparam * sizeof *param);
    for (int l = 0; l < net->nlayer; l++)
        branches += net->layer[l].add >= 0;
    for (int l = 0; l < net->nlayer; l++) {
        const struct net_layer *layer = &net->layer[l];
        struct rng_key key = {.seed = (uint32_t)(seed ^ seed >> 32),
                              .purpose = RNG_TRAINING,
                              .component = NET_RNG_START,
                              .tick = (uint64_t)l};
        double factor = gain[layer->activation], *own = param + layer->first;

        if (layer->add >= 0)
            factor /= branches;
        deviations(net, l, factor, own);
        for (int64_t k = 0; k < layer->nparam; k++)
            own[k] *= rng_normal(key, (uint64_t)k);
    }
}

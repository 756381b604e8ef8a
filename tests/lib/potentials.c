/* Small potentials: see potentials.h. */

#include "potentials.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "adele.h"
#include "base/mem.h"
#include "plug/args.h"
#include "plug/samples.h"
#include "sim.h"

struct words words_of(const char *text)
{
    struct line *line = line_new("(test)", 1, text);
    struct words words;
    struct where bad;
    const char *why;
    assert_non_null(line);
    assert_int_equal(words_split(line, &words, &bad, &why), 0);
    line_release(line);
    return words;
}

void potential_belongs(struct adele *sim, struct potential *p)
{
    struct potential_origin *o = &p->origin;
    const struct electrons *e = &sim->electrons;
    const struct arg *a = sim->model->head.style->args;
    int n = 0;
    samples_origin_free(o);
    *o = (struct potential_origin){
        .lattice = mem_strdup(sim->lat->shape.name),
        .model = mem_strdup(sim->model->head.style->name),
        .electrons = e->mode,
        .electrons_value = e->mode == ELECTRONS_FILLING ? e->filling : e->mu,
        .mu_low = -2,
        .mu_high = 2,
        .temp = e->temp};
    for (int axis = 0; axis < 3; axis++) {
        o->periodic[axis] = sim->lat->periodic[axis];
        o->cells[axis][0] = o->cells[axis][1] = sim->lat->n[axis];
    }
    for (; a && a->kind; a++)
        n += a->kind == ARG_NUMBER;
    o->parameter = mem_zalloc((size_t)n, sizeof *o->parameter);
    for (a = sim->model->head.style->args; a && a->kind; a++) {
        if (a->kind != ARG_NUMBER)
            continue;
        const char *at = (const char *)sim->model + a->offset;
        o->parameter[o->nparameter++] = (struct potential_number){
            mem_strdup(a->name), *(const double *)(const void *)at};
    }
}

struct potential *potential_device(struct adele *sim, const char *descriptor,
                                   const char *network,
                                   enum potential_target target,
                                   enum potential_mu mu, const char *polar,
                                   const char *position, uint64_t seed)
{
    struct words d = words_of(descriptor), n = words_of(network);
    struct words at = words_of(position);
    struct potential_geometry g = {.position = *position ? &at : NULL};
    for (; *polar; polar++)
        g.polar[*polar - 'x'] = true;
    struct potential *p = potential_new(sim, &d, &n, target, mu, &g);
    if (!p)
        fail_msg("%s", adele_error(sim));
    words_free(&d);
    words_free(&n);
    words_free(&at);
    net_initialise(&p->net, seed, p->param);
    for (int64_t k = 0; k < p->net.nparam; k++)
        p->param[k] = (double)(float)p->param[k];
    for (int j = 0; j < p->nin; j++) {
        p->in_shift[j] = 0.1 * sim_random(50, j);
        p->in_scale[j] = 1 + 0.3 * sim_random(51, j);
        p->in_low[j] = -3;
        p->in_high[j] = 3;
    }
    for (int j = 0; j < p->nout; j++) {
        p->out_shift[j] = 0.4;
        p->out_scale[j] = 0.2;
    }
    potential_belongs(sim, p);
    return p;
}

struct potential *potential_random(struct adele *sim, const char *descriptor,
                                   const char *network,
                                   enum potential_target target,
                                   enum potential_mu mu, uint64_t seed)
{
    return potential_device(sim, descriptor, network, target, mu, "", "", seed);
}

void potential_write(struct adele *sim, const char *path,
                     const char *descriptor, const char *network,
                     enum potential_target target, enum potential_mu mu,
                     uint64_t seed)
{
    struct potential *p =
        potential_random(sim, descriptor, network, target, mu, seed);
    if (potential_save(sim, p, path))
        fail_msg("%s", adele_error(sim));
    potential_free(sim, p);
}

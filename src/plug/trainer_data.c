/* The data of a training: which samples are learned from, which measure the
   error, what the network shall give for each.  See plug/trainer_state.h. */

#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "base/rng.h"
#include "core/lattice_symmetry.h"
#include "plug/pair.h"
#include "plug/registry.h"
#include "plug/setting.h"
#include "plug/trainer_plan.h"
#include "plug/trainer_state.h"

static int fail_memory(struct adele *ctx, double bytes)
{
    return err_memory(ctx, "the training", bytes);
}

/* Files. */

static int fail_key(struct adele *ctx, const struct trainer *t, const char *key,
                    const char *message)
{
    const struct config_node *root = config_root(t->c.tree);
    const struct config_node *node = config_find(root, key);
    return err_deck(ctx, node ? &node->where : &root->where, "train: %s",
                    message);
}

static int open_files(struct adele *ctx, struct trainer *t)
{
    struct train_config *c = &t->c;
    t->samples = samples_open(ctx, c->data.word, c->data.n);
    if (!t->samples)
        return ctx->error.status;
    if (c->validation.n == 0)
        return 0;
    t->held = samples_open(ctx, c->validation.word, c->validation.n);
    if (!t->held)
        return ctx->error.status;
    for (int k = 0; k < t->held->nfile; k++) {
        for (int j = 0; j < t->samples->nfile; j++) {
            if (!strcmp(t->held->hash[k], t->samples->hash[j]))
                return err_deck(ctx, &c->validation.word[0].where,
                                "train: '%s' is a file to learn from: it "
                                "cannot measure the error",
                                t->held->file[k]);
        }
    }
    return samples_match(ctx, &t->samples->origin, t->samples->file[0],
                         &t->held->origin, t->held->file[0],
                         &c->validation.word[0].where);
}

/* Under leads there is no one chemical potential, forces are no gradient, and
   a network that does not see the bias holds for one. */
static int check_leads(struct adele *ctx, const struct trainer *t)
{
    const struct lead_list *own = &t->samples->origin.leads;
    struct text a = {0}, b = {0};
    int status = 0;
    if (t->c.mu == POTENTIAL_MU_SHIFT)
        return fail_key(ctx, t, "mu",
                        "mu: shift: the data have leads, each with a chemical "
                        "potential; use input, which reads all of them, or "
                        "none for one bias");
    if (t->c.target == TARGET_ENERGY)
        return fail_key(ctx, t, "target",
                        "target: energy: the data have leads, between which "
                        "forces are no gradient; use density or force");
    for (int k = 0; t->c.mu == POTENTIAL_MU_NONE && k < own->n; k++) {
        const struct lead_record *l = &own->item[k];
        if (l->mu[0] != l->mu[1])
            return err_deck(ctx, &t->c.data.word[0].where,
                            "train: mu of lead %s is %.10g to %.10g in the "
                            "data; a network with mu: none holds for one bias, "
                            "use mu: input",
                            l->id, l->mu[0], l->mu[1]);
    }
    if (t->held && t->c.mu == POTENTIAL_MU_NONE &&
        lead_list_differs(own, &t->held->origin.leads, true, true, &a, &b))
        status = err_deck(ctx, &t->c.validation.word[0].where,
                          "train: the data have %s, the validation %s; a "
                          "network with mu: none holds for one bias",
                          a.s ? a.s : "", b.s ? b.s : "");
    text_free(&a);
    text_free(&b);
    return status;
}

/* Without mu a network holds for one kind of electrons. */
static int check_electrons(struct adele *ctx, const struct trainer *t)
{
    if (t->samples->origin.leads.n > 0)
        return check_leads(ctx, t);
    if (t->c.mu != POTENTIAL_MU_NONE)
        return 0;
    if (t->samples->mixed)
        return err_deck(ctx, &t->c.data.word[0].where,
                        "%s; a network with mu: none holds for one of them",
                        t->samples->mixed);
    if (!t->held)
        return 0;
    if (t->held->mixed)
        return err_deck(ctx, &t->c.validation.word[0].where,
                        "%s; a network with mu: none holds for one of them",
                        t->held->mixed);
    return samples_electrons(ctx, &t->samples->origin, t->samples->file[0],
                             &t->held->origin, t->held->file[0],
                             &t->c.validation.word[0].where);
}

/* held[k]: file k measures the error. */
static int split_files(struct adele *ctx, const struct trainer *t, bool *held)
{
    int n = t->samples->nfile;
    double fraction = t->c.has_split ? t->c.split : 0.1;
    if (t->held || (n < 2 && !t->c.has_split))
        return 0;
    if (n < 2)
        return fail_key(ctx, t, "split",
                        "split: needs two data files at least (trajectories "
                        "are held out whole)");
    int64_t *order = mem_alloc((size_t)n, sizeof *order);
    if (!order)
        return fail_memory(ctx, 8.0 * n);
    int wanted = (int)lround(fraction * n);
    wanted = wanted < 1 ? 1 : wanted > n - 1 ? n - 1 : wanted;
    plan_shuffle((uint32_t)t->c.seed, TRAIN_SPLIT, 0, order, n);
    for (int k = 0; k < wanted; k++)
        held[order[k]] = true;
    mem_free(order);
    return 0;
}

/* Places. */

static int find_place(struct adele *ctx, struct trainer *t, struct lattice *lat)
{
    for (int k = 0; k < t->nplace; k++)
        if (!memcmp(t->place[k].lat->n, lat->n, sizeof lat->n))
            return k;
    struct train_place *grown =
        mem_resize(t->place, (size_t)t->nplace + 1, sizeof *grown);
    if (!grown) {
        fail_memory(ctx, sizeof *grown);
        return -1;
    }
    t->place = grown;
    grown[t->nplace] = (struct train_place){.lat = lat, .stale = true};
    struct train_place *at = &grown[t->nplace++];
    at->setting =
        setting_new(ctx, &t->samples->origin, lat, &t->c.data.word[0].where);
    if (!at->setting)
        return -1;
    at->setting->nthread = t->nthread;
    return t->nplace - 1;
}

/* Targets. */

static double *new_block(struct adele *ctx, struct train_items *set, int64_t n)
{
    double *b = mem_alloc((size_t)n, sizeof *b);
    if (!b || list_reserve(&set->block, set->nblock, &set->capacity)) {
        mem_free(b);
        fail_memory(ctx, 8.0 * (double)n);
        return NULL;
    }
    return set->block[set->nblock++] = b;
}

/* Electronic force of densities, [ncomp][nsite], added to out. */
static int add_electronic(struct adele *ctx, struct train_place *at,
                          const double *density, double *out)
{
    struct model *m = at->setting->model;
    const struct model_style *style = (const struct model_style *)m->head.style;
    struct field *f = field_new(at->lat, m->ncomp, &at->setting->clock);
    if (!f)
        return fail_memory(ctx, 8.0 * (double)at->lat->nsite);
    for (int c = 0; c < m->ncomp; c++)
        field_scatter(f, c, out + c * at->lat->nsite);
    int status = style->electronic(at->setting, m, density, NULL, f);
    for (int c = 0; c < m->ncomp; c++)
        field_gather(f, c, out + c * at->lat->nsite);
    field_free(f);
    return status ? setting_error(ctx, at->setting, NULL) : 0;
}

static int get_elastic(struct adele *ctx, struct train_place *at,
                       struct field *q, double *force, double *energy)
{
    struct model *m = at->setting->model;
    const struct model_style *style = (const struct model_style *)m->head.style;
    struct field *f = field_new(at->lat, m->ncomp, &at->setting->clock);
    if (!f)
        return fail_memory(ctx, 8.0 * (double)at->lat->nsite);
    setting_place(at->setting, q);
    if (!at->setting->error.status)
        style->elastic(at->setting, m, f, energy);
    for (int c = 0; c < m->ncomp; c++)
        field_gather(f, c, force + c * at->lat->nsite);
    field_free(f);
    at->setting->state.displacement = NULL;
    return setting_error(ctx, at->setting, NULL);
}

/* The electronic energy of a configuration as the network shall give it: with
   mu: none what pe holds of it, with mu: input Omega, with mu: shift that of
   the displaced configuration, Omega - b.shift (sum of mu - onsite), where b is
   the electronic force of empty sites. */
static int find_energy(struct adele *ctx, struct trainer *t,
                       struct train_item *item, double elastic)
{
    const struct sample *s = item->s;
    struct train_place *at = &t->place[item->place];
    struct model *m = at->setting->model;
    const struct model_style *style = (const struct model_style *)m->head.style;
    int64_t n = at->lat->nsite;
    item->energy = s->energy - elastic;
    if (t->c.mu == POTENTIAL_MU_NONE || s->grid)
        return 0;
    double number = s->density ? 0 : NAN, shift[MODEL_COMPONENT_MAX];
    for (int64_t i = 0; s->density && i < n; i++)
        number += s->density[i];
    if (s->electrons != ELECTRONS_MU)
        item->energy -= s->mu * number;
    if (t->c.mu == POTENTIAL_MU_INPUT)
        return 0;
    if (m->use_bonds || style->mu_shift(at->setting, m, shift))
        return setting_error(ctx, at->setting, NULL);
    double *empty = mem_zalloc((size_t)n * (size_t)(m->ncomp + 2), 8);
    if (!empty)
        return fail_memory(ctx, 16.0 * (double)n);
    double *force = empty + n, *onsite = force + m->ncomp * n, sum = 0;
    int status = add_electronic(ctx, at, empty, force);
    if (s->onsite)
        field_gather(s->onsite, 0, onsite);
    for (int64_t i = 0; i < n; i++)
        sum += s->mu - onsite[i];
    for (int c = 0; !status && c < m->ncomp; c++)
        item->energy -= force[c * n] * shift[c] * sum;
    mem_free(empty);
    return status;
}

static int make_target(struct adele *ctx, struct trainer *t,
                       struct train_items *set, struct train_item *item)
{
    const struct sample *s = item->s;
    struct train_place *at = &t->place[item->place];
    int64_t n = at->lat->nsite, size = n * at->setting->model->ncomp;
    double energy;
    item->energy = NAN;
    if (t->c.target == TARGET_DENSITY) {
        item->target = s->density;
        return 0;
    }
    if (t->c.target == TARGET_FORCE && s->force) {
        item->target = s->force;
        return 0;
    }
    double *target = new_block(ctx, set, size);
    double *elastic = mem_alloc((size_t)size, sizeof *elastic);
    int status = !target || !elastic
                     ? fail_memory(ctx, 8.0 * (double)size)
                     : get_elastic(ctx, at, s->q, elastic, &energy);
    for (int64_t i = 0; !status && i < size; i++)
        target[i] = s->force                      ? s->force[i] - elastic[i]
                    : t->c.target == TARGET_FORCE ? elastic[i]
                                                  : 0;
    mem_free(elastic);
    item->target = target;
    if (!status && !s->force)
        status = add_electronic(ctx, at, s->density, target);
    if (!status && t->c.target == TARGET_ENERGY)
        status = find_energy(ctx, t, item, energy);
    return status;
}

/* Whether a sample can be used; an error when the one of a frame's own mu
   cannot. */
static int usable(struct adele *ctx, const struct trainer *t,
                  const struct samples *from, const struct sample *s, bool *use)
{
    const char *file = from->file[s->file];
    bool bonds = t->place[0].setting->model->use_bonds;
    const struct where *where = &t->c.data.word[0].where;
    *use = s->grid == 0 || (t->c.mu != POTENTIAL_MU_NONE && !bonds);
    if (s->grid)
        return 0;
    if (t->c.target == TARGET_DENSITY && !s->density)
        return err_deck(ctx, where,
                        "train: '%s' has no densities (column n) for target: "
                        "density",
                        file);
    if (!s->force && bonds)
        return err_deck(ctx, where, "train: '%s' has no forces", file);
    if (t->c.mu != POTENTIAL_MU_NONE && !s->lead_mu && !isfinite(s->mu))
        return err_deck(ctx, where,
                        "train: '%s' has no chemical potentials: only mu: none "
                        "can learn from it",
                        file);
    if (t->c.mu == POTENTIAL_MU_NONE && s->onsite)
        return err_deck(ctx, where,
                        "train: '%s' has on-site disorder, which a network "
                        "with mu: none does not see",
                        file);
    return 0;
}

static int add_items(struct adele *ctx, struct trainer *t,
                     const struct samples *from, const bool *skip, bool take,
                     struct train_items *set)
{
    set->item = mem_zalloc((size_t)from->n, sizeof *set->item);
    if (!set->item)
        return fail_memory(ctx, (double)from->n * sizeof *set->item);
    for (int64_t k = 0; k < from->n; k++) {
        const struct sample *s = &from->item[k];
        bool use;
        if (skip && skip[s->file] != take)
            continue;
        int place = find_place(ctx, t, (struct lattice *)s->q->lat);
        if (place < 0 || usable(ctx, t, from, s, &use))
            return ctx->error.status;
        if (!use)
            continue;
        struct train_item *item = &set->item[set->n++];
        *item = (struct train_item){.s = s, .place = place};
        if (make_target(ctx, t, set, item))
            return ctx->error.status;
    }
    return 0;
}

static int make_sets(struct adele *ctx, struct trainer *t)
{
    bool *held = mem_zalloc((size_t)t->samples->nfile, sizeof *held);
    int status = !held ? fail_memory(ctx, 64) : split_files(ctx, t, held);
    if (!status)
        status = add_items(ctx, t, t->samples, held, false, &t->train);
    if (!status)
        status = t->held ? add_items(ctx, t, t->held, NULL, false, &t->valid)
                         : add_items(ctx, t, t->samples, held, true, &t->valid);
    mem_free(held);
    return status;
}

/* Potential, optimiser, and the rooms of each lattice. */

/* Between electrodes an axis has two unlike ends; where groups of sites are
   electrodes nothing tells along which open axis the current flows. */
static void polar_of_leads(const struct adele *setting,
                           const struct potential_origin *o, bool polar[3])
{
    for (int k = 0; k < o->leads.n; k++) {
        const char *place = o->leads.item[k].place;
        bool end = !strcmp(place, "left") || !strcmp(place, "right");
        for (int axis = 0; axis < setting->lat->shape.dim; axis++)
            if (strcmp(place, "all") && (axis == 0 || !end) &&
                !setting->lat->periodic[axis])
                polar[axis] = true;
    }
}

static int make_potential(struct adele *ctx, struct trainer *t)
{
    struct adele *setting = t->place[0].setting;
    struct potential_geometry g = {
        .position = t->c.has_position ? &t->c.position : NULL};
    bool given = false;
    if (potential_polar_read(setting, &t->c.polar, g.polar, &given))
        return setting_error(ctx, setting, NULL);
    g.automatic = !given;
    g.nlead = t->samples->origin.leads.n;
    if (!given)
        polar_of_leads(setting, &t->samples->origin, g.polar);
    t->p = potential_new(setting, &t->c.descriptor, &t->c.network,
                         (enum potential_target)t->c.target,
                         (enum potential_mu)t->c.mu, &g);
    if (!t->p) {
        const struct config_node *mu =
            config_find(config_root(t->c.tree), t->c.mu ? "mu" : "target");
        return setting_error(
            ctx, setting, setting->error.where.line || !mu ? NULL : &mu->where);
    }
    samples_origin_free(&t->p->origin);
    if (samples_origin_copy(&t->samples->origin, &t->p->origin))
        return fail_memory(ctx, 256);
    const struct descriptor_style *style =
        (const struct descriptor_style *)t->p->descriptor->head.style;
    if (t->c.target == TARGET_ENERGY && (!style->tangent || !style->backward))
        return fail_key(ctx, t, "descriptor",
                        "descriptor: this one has no derivatives, which "
                        "target: energy needs");
    t->ncol = t->c.target == TARGET_ENERGY ? t->p->ncomp : t->p->nout;
    t->nparam = t->p->net.nparam;
    t->p->precision = (enum precision)t->c.precision;
    t->has_base = t->p->descriptor->base && t->c.target == TARGET_DENSITY;
    return 0;
}

/* Densities in units of forces: what a change of the density does to the
   force. */
static int find_unit(struct adele *ctx, struct trainer *t)
{
    struct train_place *at = &t->place[0];
    int64_t n = at->lat->nsite;
    t->force_unit = 1;
    if (t->c.target != TARGET_DENSITY)
        return 0;
    double *one = mem_alloc((size_t)n, sizeof *one);
    double *full = mem_zalloc((size_t)n * (size_t)t->p->ncomp, sizeof *full);
    double *empty = mem_zalloc((size_t)n * (size_t)t->p->ncomp, sizeof *full);
    int status =
        !one || !full || !empty ? fail_memory(ctx, 8.0 * (double)n) : 0;
    for (int64_t i = 0; !status && i < n; i++)
        one[i] = 0;
    if (!status)
        status = add_electronic(ctx, at, one, empty);
    for (int64_t i = 0; !status && i < n; i++)
        one[i] = 1;
    if (!status)
        status = add_electronic(ctx, at, one, full);
    if (!status)
        t->force_unit = full[0] - empty[0];
    mem_free(one);
    mem_free(full);
    mem_free(empty);
    return status;
}

static int find_symmetries(struct adele *ctx, const struct trainer *t,
                           struct train_place *at)
{
    int64_t n = at->lat->nsite;
    at->image = mem_alloc((size_t)n * (size_t)at->lat->nop, sizeof *at->image);
    at->turn = mem_alloc((size_t)at->lat->nop, sizeof *at->turn);
    if (!at->image || !at->turn)
        return fail_memory(ctx, 8.0 * (double)n * at->lat->nop);
    for (int k = 0; k < at->lat->nop; k++) {
        if (!lattice_op_keeps(&at->lat->op[k], t->p->shape.polar) ||
            !lattice_permutation(at->lat, &at->lat->op[k],
                                 at->image + at->nop * n))
            continue;
        memcpy(at->turn[at->nop], at->lat->op[k].r, sizeof at->turn[0]);
        at->nop++;
    }
    return 0;
}

static int make_room(struct adele *ctx, struct trainer *t, int place)
{
    struct train_place *at = &t->place[place];
    const struct potential *p = t->p;
    int64_t n = at->lat->nsite, here = 0;
    for (int64_t k = 0; k < t->train.n; k++)
        here += t->train.item[k].place == place;
    at->nimage = (int)(here < t->c.batch ? (here ? here : 1) : t->c.batch);
    size_t rows = (size_t)n * (size_t)at->nimage;
    size_t wide = (size_t)(p->nin > p->nout ? p->nin : p->nout);
    uint64_t *clock = &at->setting->clock;
    at->q = field_new(at->lat, p->ncomp, clock);
    at->v = field_new(at->lat, p->ncomp, clock);
    at->along = field_new(at->lat, p->ncomp, clock);
    at->onsite = field_new(at->lat, 1, clock);
    at->raw = mem_alloc((size_t)n * (size_t)p->descriptor->nfeature, 8);
    at->extra = mem_zalloc((size_t)n * (size_t)potential_extra(p), 8);
    at->gradient = mem_alloc((size_t)n * (size_t)p->ncomp, 8);
    at->slope = mem_alloc((size_t)at->nimage, sizeof *at->slope);
    at->x = mem_alloc(rows * (size_t)p->nin, trainer_number(t));
    at->d = mem_alloc(rows * wide, trainer_number(t));
    at->target = mem_alloc(rows * (size_t)t->ncol, 8);
    at->kept = mem_zalloc((size_t)at->nimage, sizeof *at->kept);
    bool ok = at->q && at->v && at->along && at->onsite && at->raw &&
              at->gradient && at->slope && at->x && at->d && at->target &&
              at->kept && at->extra;
    if (ok)
        potential_extra_fixed(p, at->lat, at->extra);
    for (int k = 0; ok && t->c.target == TARGET_ENERGY && k < at->nimage; k++)
        ok = (at->kept[k] = field_new(at->lat, p->ncomp, clock)) != NULL;
    if (ok && t->c.augment && find_symmetries(ctx, t, at))
        return ctx->error.status;
    if (ok)
        at->run =
            net_run_new(&p->net, at->lat, at->nimage,
                        (enum precision)t->c.precision, true, NULL, t->nthread);
    return ok && at->run ? 0 : fail_memory(ctx, 8.0 * (double)(rows * wide));
}

int trainer_data(struct adele *ctx, struct trainer *t)
{
    if (open_files(ctx, t) || check_electrons(ctx, t) ||
        find_place(ctx, t, t->samples->lattice[0]) < 0 || make_sets(ctx, t) ||
        make_potential(ctx, t) || find_unit(ctx, t))
        return ctx->error.status;
    for (int k = 0; k < t->nplace; k++)
        if (make_room(ctx, t, k))
            return ctx->error.status;
    net_initialise(&t->p->net, (uint64_t)t->c.seed, t->p->param);
    return trainer_scales(ctx, t) || trainer_linear(ctx, t) ||
                   trainer_start(ctx, t) || trainer_keep(ctx, t)
               ? ctx->error.status
               : 0;
}

static void free_items(struct train_items *set)
{
    for (int64_t k = 0; k < set->n; k++)
        mem_free(set->item[k].x);
    for (int k = 0; k < set->nblock; k++)
        mem_free(set->block[k]);
    mem_free(set->block);
    mem_free(set->item);
}

static void free_place(struct train_place *at)
{
    net_run_free(at->run);
    field_free(at->q);
    field_free(at->v);
    field_free(at->along);
    field_free(at->onsite);
    for (int k = 0; at->kept && k < at->nimage; k++)
        field_free(at->kept[k]);
    mem_free(at->kept);
    mem_free(at->raw);
    mem_free(at->extra);
    mem_free(at->gradient);
    mem_free(at->slope);
    mem_free(at->x);
    mem_free(at->d);
    mem_free(at->target);
    mem_free(at->image);
    mem_free(at->turn);
}

void trainer_data_free(struct adele *ctx, struct trainer *t)
{
    for (int k = 0; k < t->nplace; k++)
        free_place(&t->place[k]);
    free_items(&t->train);
    free_items(&t->valid);
    potential_free(t->nplace ? t->place[0].setting : ctx, t->p);
    for (int k = 0; k < t->nplace; k++)
        setting_free(t->place[k].setting);
    mem_free(t->place);
    samples_free(t->samples);
    samples_free(t->held);
    mem_free(t->order);
    mem_free(t->batch);
}

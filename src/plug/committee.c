/* Committees of potentials: see plug/committee.h. */

#include "plug/committee.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "base/parallel.h"
#include "base/sum.h"

int committee_load(struct adele *ctx, struct committee *c,
                   const struct word *file, int n)
{
    c->member = mem_zalloc((size_t)n, sizeof *c->member);
    if (!c->member)
        return err_memory(ctx, "potentials", 0);
    for (int k = 0; k < n; k++) {
        char *path = potential_find(ctx, file[k].text, &file[k].where);

        if (path)
            c->member[k].p = potential_load(ctx, path, &file[k].where);
        mem_free(path);
        if (!c->member[k].p)
            return ctx->error.status;
        c->n++;
    }
    return 0;
}

static void drop_runs(struct committee *c)
{
    for (int k = 0; k < c->n; k++) {
        struct member *m = &c->member[k];

        if (c->mean == m->sites.value)
            c->mean = NULL;
        potential_run_free(m->run);
        mem_free(m->sites.value);
        m->run = NULL;
        m->sites.value = NULL;
    }
    mem_free(c->mean);
    mem_free(c->last);
    mem_free(c->scratch);
    field_free(c->elastic);
    c->mean = c->last = c->scratch = NULL;
    c->elastic = NULL;
    c->lat = NULL;
}

void committee_fini(struct adele *ctx, struct committee *c)
{
    drop_runs(c);
    for (int k = 0; k < c->n; k++)
        potential_free(ctx, c->member[k].p);
    mem_free(c->member);
    *c = (struct committee){0};
}

static void describe_member(struct committee *c, const struct potential *p)
{
    c->density = c->density && potential_gives_density(p, &c->map);
    c->energy = c->energy && p->target == TARGET_ENERGY;
    c->mu_aware = c->mu_aware || p->mu != POTENTIAL_MU_NONE;
    c->smooth = c->smooth && p->descriptor->smooth && p->net.smooth;
    for (int axis = 0; axis < 3; axis++) {
        int reach = p->descriptor->halo[axis] + p->net.reach[axis];

        if (reach > c->reach[axis])
            c->reach[axis] = reach;
    }
}

int committee_describe(struct adele *ctx, struct committee *c)
{
    int status = density_map_find(ctx, &c->map);

    if (status)
        return status;
    c->density = c->energy = c->smooth = true;
    c->mu_aware = false;
    memset(c->reach, 0, sizeof c->reach);
    for (int k = 0; k < c->n; k++)
        describe_member(c, c->member[k].p);
    for (int k = 0; k < c->n; k++) {
        if (potential_gives_density(c->member[k].p, &c->map) != c->density)
            return err_deck(ctx, NULL,
                            "a committee needs potentials of one target: of "
                            "these, some give densities, others forces");
    }
    return 0;
}

static bool reads_elastic(const struct committee *c)
{
    for (int k = 0; k < c->n; k++) {
        if (c->member[k].p->target == TARGET_FORCE)
            return true;
    }
    return false;
}

static int no_memory(struct adele *ctx, const struct committee *c)
{
    return err_memory(ctx, "learned forces", 8.0 * (double)c->length);
}

static int make_member(struct adele *ctx, struct committee *c, struct member *m,
                       enum precision precision)
{
    m->run = potential_run_new(ctx, m->p, ctx->lat, precision,
                               m->p->target == TARGET_ENERGY);
    if (!m->run)
        return ctx->error.status;
    m->sites.value = mem_alloc((size_t)c->length, sizeof *m->sites.value);
    return m->sites.value ? 0 : no_memory(ctx, c);
}

int committee_prepare(struct adele *ctx, struct committee *c,
                      enum precision precision)
{
    size_t nsite = (size_t)ctx->lat->nlocal;

    if (c->lat == ctx->lat)
        return 0;
    drop_runs(c);
    c->length = potential_sites_length(ctx, c->member[0].p, &c->map);
    for (int k = 0; k < c->n; k++) {
        if (make_member(ctx, c, &c->member[k], precision))
            return ctx->error.status;
    }
    c->mean = c->n > 1 ? mem_alloc((size_t)c->length, sizeof *c->mean)
                       : c->member[0].sites.value;
    c->scratch = mem_alloc(c->energy ? nsite : 0, sizeof *c->scratch);
    c->last = mem_alloc(c->density && c->mu_aware ? nsite : 0, sizeof *c->last);
    if (reads_elastic(c))
        c->elastic = field_new(ctx->lat, ctx->model->ncomp, &c->clock);
    if (!c->mean || !c->scratch || !c->last ||
        (reads_elastic(c) && !c->elastic))
        return no_memory(ctx, c);
    c->lat = ctx->lat;
    return 0;
}

int committee_begin(struct adele *ctx, struct committee *c)
{
    const struct model_style *style =
        (const struct model_style *)ctx->model->head.style;

    if (!c->elastic)
        return 0;
    return style->elastic(ctx, ctx->model, c->elastic, NULL);
}

/* The mean of the members, site by site in their order. */
static void average(struct committee *c)
{
    double scale = 1.0 / c->n;

    if (c->n == 1)
        return;
#pragma omp parallel for schedule(static) if (c->length >= PARALLEL_MIN)
    for (int64_t i = 0; i < c->length; i++) {
        double sum = 0;

        for (int k = 0; k < c->n; k++)
            sum += c->member[k].sites.value[i];
        c->mean[i] = scale * sum;
    }
}

int committee_pass(struct adele *ctx, struct committee *c, double mu)
{
    if (c->density && c->mu_aware)
        memcpy(c->last, c->mean, (size_t)c->length * sizeof *c->last);
    c->last_mu = c->mu;
    c->last_number = c->number;
    c->outside = 0;
    c->energy_sum = 0;
    for (int k = 0; k < c->n; k++) {
        struct member *m = &c->member[k];
        int status = potential_sites(ctx, m->run, m->p, &c->map, mu, c->elastic,
                                     c->scratch, &m->sites);

        if (status)
            return status;
        c->energy_sum += m->sites.energy / c->n;
        if (m->sites.outside > c->outside)
            c->outside = m->sites.outside;
    }
    average(c);
    c->mu = mu;
    c->number = c->density ? sum_array(c->mean, c->length) : NAN;
    return 0;
}

void committee_interpolate(struct committee *c, double number)
{
    double w = (number - c->number) / (c->number - c->last_number);

#pragma omp parallel for simd schedule(static) if (c->length >= PARALLEL_MIN)
    for (int64_t i = 0; i < c->length; i++)
        c->mean[i] += w * (c->mean[i] - c->last[i]);
    c->mu += w * (c->mu - c->last_mu);
    c->number = sum_array(c->mean, c->length);
}

/* Variance of one entry of the members' values. */
static double variance(const struct committee *c, int64_t i)
{
    double sum = 0;

    for (int k = 0; k < c->n; k++) {
        double d = c->member[k].sites.value[i] - c->mean[i];

        sum += d * d;
    }
    return sum / (c->n - 1);
}

void committee_deviation(const struct committee *c, double *deviation)
{
    int64_t n = c->lat->nlocal;
    double unit = c->density && c->map.linear ? fabs(c->map.slope) : 1;

#pragma omp parallel for schedule(static) if (n >= PARALLEL_MIN)
    for (int64_t i = 0; i < n; i++) {
        double sum = 0;

        for (int64_t k = i; k < c->length; k += n)
            sum += variance(c, k);
        deviation[i] = unit * sqrt(sum);
    }
}

static void difference(const struct committee *a, const struct committee *b,
                       struct committee_difference *out)
{
    double unit = a->density && a->map.linear ? fabs(a->map.slope) : 1;
    double n = (double)a->length, mean = 0, square = 0, size = 0;

    *out =
        (struct committee_difference){.density = a->density && !a->map.linear};
    for (int64_t i = 0; i < a->length; i++)
        mean += b->mean[i] / n;
    for (int64_t i = 0; i < a->length; i++) {
        double d = fabs(a->mean[i] - b->mean[i]), v = b->mean[i] - mean;

        square += d * d / n;
        size += v * v / n;
        out->most = fmax(out->most, unit * d);
    }
    out->rms = unit * sqrt(square);
    out->size = unit * sqrt(size);
}

int committee_compare(struct adele *ctx, const struct committee *c,
                      enum precision precision,
                      struct committee_difference *out)
{
    struct committee other = {
        .n = c->n,
        .map = c->map,
        .density = c->density,
        .energy = c->energy,
        .mu_aware = c->mu_aware,
        .member = mem_zalloc((size_t)c->n, sizeof *other.member),
    };
    int status;

    if (!other.member)
        return no_memory(ctx, c);
    for (int k = 0; k < c->n; k++)
        other.member[k].p = c->member[k].p; /* borrowed */
    status = committee_prepare(ctx, &other, precision);
    if (!status)
        status = committee_begin(ctx, &other);
    if (!status)
        status = committee_pass(ctx, &other, c->mu);
    if (!status)
        difference(c, &other, out);
    drop_runs(&other);
    mem_free(other.member);
    return status;
}

void committee_add_force(const struct committee *c, struct field *force)
{
    int64_t n = c->lat->nlocal, row = c->lat->local[0];
    int nb = c->lat->shape.nbasis;

    for (int comp = 0; comp < force->ncomp; comp++) {
        for (int b = 0; b < nb; b++) {
            double *f = field_write(force, comp, b);

            for (int64_t r = 0; r < field_nrow(force); r++) {
                const double *from = c->mean + comp * n + r * row * nb + b;
                double *to = f + field_row(force, r);

                for (int64_t x = 0; x < row; x++)
                    to[x] += from[x * nb];
            }
        }
    }
}

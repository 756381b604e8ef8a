/* Settings: see plug/setting.h. */

#include "plug/setting.h"

#include "base/mem.h"
#include "plug/registry.h"

int setting_error(struct adele *ctx, struct adele *s, const struct where *where)
{
    int status = s->error.status;
    const struct where *at = where ? where : &s->error.where;
    const char *message = s->error.message;

    if (!status)
        return 0;
    if (status == ADELE_ERUN)
        err_run_at(ctx, at, "%s", message ? message : "out of memory");
    else
        err_deck(ctx, at, "%s", message ? message : "out of memory");
    error_clear(s);
    return ctx->error.status;
}

void setting_free(struct adele *s)
{
    if (!s)
        return;
    if (s->model)
        instance_free(s, &s->model->head);
    leads_free(s);
    groups_fini(&s->groups);
    error_clear(s);
    mem_free(s);
}

/* "holstein t 1 g 3.5 .." as words. */
static int make_model(struct adele *s, const struct potential_origin *origin)
{
    struct text t = {0};
    struct line *line = NULL;
    struct words words;
    struct where bad;
    const char *why;
    int status;

    text_add(&t, origin->model);
    for (int k = 0; k < origin->nparameter; k++)
        text_addf(&t, " %s %.17g", origin->parameter[k].name,
                  origin->parameter[k].value);
    if (!t.failed)
        line = line_new("(model)", 1, t.s);
    text_free(&t);
    if (!line || words_split(line, &words, &bad, &why)) {
        line_release(line);
        return err_memory(s, "a model", 0);
    }
    line_release(line);
    s->model = (struct model *)instance_new(s, "model", &words, NULL, NULL);
    status = s->model ? 0 : s->error.status;
    words_free(&words);
    return status;
}

static int fill(struct adele *s, const struct potential_origin *origin)
{
    const struct model_style *style;

    if (groups_init(&s->groups, s->lat->nlocal))
        return err_memory(s, "groups", 0);
    if (make_model(s, origin))
        return s->error.status;
    style = (const struct model_style *)s->model->head.style;
    s->electrons = (struct electrons){.mode = origin->electrons,
                                      .filling = origin->electrons_value,
                                      .mu = origin->electrons_value,
                                      .temp = origin->temp};
    if (lead_list_place(s, &origin->leads))
        return err_memory(s, "leads", 64);
    s->parameter_tag = ++s->clock;
    return style->setup ? style->setup(s, s->model) : 0;
}

struct adele *setting_new(struct adele *ctx,
                          const struct potential_origin *origin,
                          struct lattice *lat, const struct where *where)
{
    struct adele *s = mem_zalloc(1, sizeof *s);

    if (!s) {
        err_memory(ctx, "a simulation", sizeof *s);
        return NULL;
    }
    s->lat = lat;
    s->nthread = ctx->nthread;
    for (int axis = 0; axis < 3; axis++)
        s->boundary_periodic[axis] = lat->periodic[axis];
    timers_reset(&s->timers);
    if (fill(s, origin)) {
        setting_error(ctx, s, where);
        setting_free(s);
        return NULL;
    }
    return s;
}

void setting_leads(struct adele *s, const double *mu)
{
    for (int k = 0; mu && k < s->leads.n; k++)
        s->leads.item[k]->now.mu = mu[k];
}

int setting_place(struct adele *s, struct field *q)
{
    if (field_widen(q, s->model->halo))
        return err_memory(s, "displacements with a border",
                          (double)field_bytes(q));
    s->state.displacement = q;
    return 0;
}

/* Models by the names of their components and parameters: see plug/model.h. */

#include "plug/model.h"

#include <string.h>

#include "core/context.h"
#include "plug/args.h"

int model_component(const struct model *m, const char *name, int *which)
{
    for (int c = 0; c < m->ncomp; c++) {
        const char *names[3] = {m->component[c].displacement,
                                m->component[c].velocity,
                                m->component[c].force};
        for (int w = 0; w < 3; w++) {
            if (strcmp(names[w], name) != 0)
                continue;
            *which = w;
            return c;
        }
    }
    return -1;
}

double *model_parameter(struct model *m, const char *name)
{
    const struct arg *a = m->head.style->args;
    for (; a && a->kind != ARG_END; a++) {
        if (a->kind == ARG_NUMBER && a->key && strcmp(a->name, name) == 0)
            return (double *)((char *)m + a->offset);
    }
    return NULL;
}

double model_force_scale(const struct adele *ctx)
{
    const struct model_style *style =
        (const struct model_style *)ctx->model->head.style;

    return style->force_scale ? style->force_scale(ctx, ctx->model) : 1;
}

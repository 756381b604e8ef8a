/* A value spread over the sites; see plug/value.h. */

#include <string.h>

#include "core/sites.h"
#include "plug/style.h"
#include "plug/value.h"

static int spread(struct adele *ctx, const struct value *v, double *out)
{
    int64_t n = ctx->lat->nlocal;
    if (v->is_reference && reference_shapes(ctx, &v->ref) & OUT_SITE) {
        const double *site;
        int status = reference_site(ctx, &v->ref, &site);
        if (!status)
            memcpy(out, site, (size_t)n * sizeof *out);
        return status;
    }
    double number;
    int status = value_get(ctx, v, &number);
    for (int64_t i = 0; !status && i < n; i++)
        out[i] = number;
    return status;
}

int value_sites(struct adele *ctx, const struct value *v, double *out)
{
    int status = spread(ctx, v, out);
    if (status)
        return status;
    int64_t bad = sites_not_finite(out, ctx->lat->nlocal);
    if (bad < 0)
        return 0;
    return err_deck(ctx, v->is_reference ? &v->ref.where : NULL,
                    "%s is not a finite number at site %lld",
                    v->is_reference ? v->ref.name : "the value",
                    (long long)bad + 1);
}
